/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Inside the mobility management agent: its state, and what its files give each other. */
#include "core/auth/pair.h"
#include "core/auth/sa.h"
#include "core/binding.h"
#include "core/engine.h"
#include "core/listen/mldr.h"
#include "core/mroute.h"
#include "core/rate.h"
#include "core/ro/ro.h"
#include "core/visitor/visitor.h"
#include "role/mma/mma.h"
#include "wire/mip4/rc4.h"

/* A mobile's registration here. b.coa is the address that we assigned: in IPv6 the care-of address, in IPv4 the outer source of its uplink
 * (none without a pool), for there the care-of address is ours (mma_coa). A binding that is BINDING_GONE keeps it, out of others' hands, until
 * its rest is over; and a group that is reserved for a mobile whose registration is under way. */
enum {                                 /* b.flags */
	MMA_UPLINK_BOUND = 1,          /* uplink from `onlink` only */
	MMA_ROUTE_OPT = 2,             /* the mobile lets us register with correspondent nodes */
	MMA_REVERSE = 4,               /* IPv4: uplink goes to the home agent in a tunnel; else by the routing table */
};
struct mma_binding {
	struct binding b;
	struct addr6 onlink;           /* where the last update came from */
	struct addr6 group;            /* none: it has none, and is not in by_group */
	mono_t rest_until;             /* gone: b.due is this or, if that is sooner, the end of the group's reservation */
	struct addr6 ha;
	bool is_expected;              /* gone: its home agent is being asked, and DP_COA has it already */
	uint8_t encap;                 /* IPv4: enum dp_encap of the reverse tunnel */
	uint16_t udp_port;             /* of the home agent, with DP_ENCAP_UDP */
	struct addr6 prev;             /* previous agent, whose tunnels are taken until prev_until; :: none */
	mono_t prev_until;
	mono_t taken_at;               /* when b.stamp came */
	mono_t key_since;              /* when gre_key_prev was retired */
	uint32_t gre_key, gre_key_prev;
	uint32_t seq_start;            /* what its GRE sequence numbers count from, here or (standing by) at the member that serves */
	uint32_t taken;                /* transaction of the previous agent's forwarding that was taken on; 0: none */
};

/* What comes for a mobile that left, and where it goes. Keyed by home address; b.coa is ours, b.due when there is something to do. The
 * resting struct mma_binding stands beside it and keeps the address. */
enum mma_forward_state {
	FORWARD_CONFIRMED,             /* the new agent has told us of the mobile, which has not asked yet (its binding is active) */
	FORWARD_ASKING,                /* the mobile asked, the agent is asked: packets go on to the group */
	FORWARD_LISTENED,              /* confirmed, but the mobile still listens to its group: likewise */
	FORWARD_ON,
};
struct mma_forward {
	struct binding b;              /* b.state: enum mma_forward_state */
	struct addr6 to, agent;        /* agent ::: `to` is the home address */
	struct addr6 group;
	mono_t until;                  /* of what comes through the home agent */
	mono_t peers_until;            /* of what comes from correspondent nodes that hold a binding */
	mono_t resend;                 /* of what the agent has not answered; MONO_NEVER: it has */
	span_t backoff;
	uint32_t transaction, last_seq;
	bool is_gone, has_seq, is_ring_sent, is_narrowed;
	struct rc_peers *peers;        /* to tell the agent, until it has answered; NULL: none */
};

/* Another site's agent, or a home agent that lends us keys. */
struct mma_peer {
	struct pair pair;
	const struct mma_peer_conf *conf;
};

struct mma_mobile {
	struct addr6 hoa;              /* key, of those with a /128 */
	const struct mma_mobile_conf *conf;
	const struct sa_key *key;
};

struct mma_link {
	const char *name;
	bool is_downstream;
	uint32_t ifindex;              /* 0 while absent */
	bool is_up;
	struct lladdr lladdr;
};

struct mma {
	const struct engine_env *env;
	struct mma_conf conf;
	struct mma_mobile mobile[MMA_MOBILE_CONF_MAX];
	struct table mobiles;          /* of those with a /128, by home address; the others are searched in turn */
	struct bindings bindings;
	struct table by_coa, by_group;
	struct bindings forwards, lent;
	uint32_t n_to_group;           /* forwards in state FORWARD_ASKING or FORWARD_LISTENED */
	struct mma_peer peer[MMA_PEER_MAX];
	struct mldr mldr;
	struct ro ro;
	struct rate refusals, peer_rate;
	struct mma_link link[MMA_LINK_MAX + MMA_UPSTREAM_MAX];
	uint32_t n_link;
	uint32_t n_active;
	uint64_t n_accepted, n_refused, n_forwarded, n_taken_over;
	bool is_grouped, is_standby;   /* in a redundancy group, which another member serves for now */
	uint32_t inject_ifindex;       /* MMA_PIM: of the source interface; else 0 */
	struct mroutes mroutes;        /* MMA_PIM: what is behind it */
	/* IPv4: the relay to home agents, answers that nobody listens to yet, and what is being answered just now. */
	struct visitors visitors;
	struct visitor_conf visitor_conf;
	struct visitor_ops visitor_ops;
	struct mma_held *held;
	uint32_t n_held;
	const struct mma_asked *asked; /* NULL: nothing, or what the relay remembers */
	struct rc4_values values;      /* of the answer that is being built */
	struct now at;                 /* of the event that is being dealt with */
};

extern const struct conf_block mma_conf_block;
/* Which families it serves. */
static inline bool mma_has_v6(const struct mma_conf *c) { return !addr6_is_none(&c->address); }
static inline bool mma_has_v4(const struct mma_conf *c) { return !addr6_is_none(&c->address_v4); }
/* The service address of the mobile's family. */
static inline const struct addr6 *mma_self(const struct mma_conf *c, const struct addr6 *hoa)
{
	return addr6_is_v4mapped(hoa) ? &c->address_v4 : &c->address;
}
/* NULL, or what to mend. */
const char *mma_conf_check(const struct mma_conf *c);

/* reg.c: what mobiles say. True: it was for us. */
bool mma_reg_rx(struct mma *m, const struct rx *rx, struct now now);

struct mma_record;
/* bind.c: what is registered. */
struct mma_grant {
	struct addr6 hoa, onlink, group, ha, prev;
	const struct sa_key *key;
	uint64_t stamp;
	uint16_t seq;
	uint32_t lifetime_s;
	uint8_t flags, encap;
	uint16_t udp_port;
};
/* Where the mobile's home agent sends to. */
static inline const struct addr6 *mma_coa(const struct mma *m, const struct mma_binding *mb)
{
	return addr6_is_v4mapped(&mb->b.hoa) ? &m->conf.address_v4 : &mb->b.coa;
}
/* What DP_COA knows it by. */
static inline const struct addr6 *mma_dp_coa(const struct mma_binding *mb)
{
	return addr6_is_v4mapped(&mb->b.hoa) ? &mb->b.hoa : &mb->b.coa;
}
/* Keep a group for a mobile while its registration is under way, or until it asks with that group. No other mobile gets it. 0, ERR_FULL, ERR_NOMEM. */
int mma_bind_reserve(struct mma *m, const struct addr6 *hoa, const struct addr6 *group, enum reason *why, struct now now);
/* The home agent is being asked: what it tunnels for the mobile is delivered already, for packets may be right behind its answer. */
void mma_bind_expect(struct mma *m, const struct addr6 *hoa, const struct addr6 *ha, const struct addr6 *prev, struct now now);
/* It refused. */
void mma_bind_unexpect(struct mma *m, const struct addr6 *hoa);
/* Its home agent says that it is elsewhere: nothing is taken from it any more; what still comes for it is delivered for a moment, until it asks
 * for forwarding. */
void mma_bind_fade(struct mma *m, struct mma_binding *mb, struct now now);
/* Enter or refresh. 0, ERR_FULL (bindings or pool; *why says), ERR_NOMEM: nothing has changed then. */
int mma_bind_grant(struct mma *m, const struct mma_grant *g, struct mma_binding **out, enum reason *why, struct now now);
/* End an active binding; its address begins to rest. f: packets that still come are forwarded (forward.c), and the caller writes the record once it
 * is known how; NULL: dropped. */
void mma_bind_release(struct mma *m, struct mma_binding *mb, const struct mma_forward *f, const char *cause, struct now now);
/* The previous agent's packets are taken until then. */
void mma_bind_prev_until(struct mma *m, struct mma_binding *mb, mono_t until, struct now now);
/* The care-of address of a mobile that left, as f says; how: fx_dp_put or fx_dp_del. */
void mma_bind_push_forward(struct mma *m, const struct mma_binding *mb, const struct mma_forward *f,
			   void (*how)(struct effq *, enum role_id, const struct dp_op *));
void mma_bind_tick(struct mma *m, struct now now);
/* A stored record. 0, ERR_INVAL, ERR_FULL, ERR_NOMEM. */
int mma_bind_restore(struct mma *m, const struct store_rec *rec, struct now now);
/* mb becomes what rec says, datapath aside; whatever it was before has been taken back. 0, or ERR_NOMEM: there is no entry any more. */
int mma_bind_enter(struct mma *m, struct mma_binding *mb, const struct mma_record *rec, struct now now);
/* Has it a group and an address? */
bool mma_bind_is_served(const struct mma_binding *mb);
/* Into the datapath, and out of it with all that is forwarded or expected for it. */
void mma_bind_push(struct mma *m, const struct mma_binding *mb);
void mma_bind_push_uplink(struct mma *m, const struct mma_binding *mb, void (*how)(struct effq *, enum role_id, const struct dp_op *));
void mma_bind_withdraw(struct mma *m, const struct mma_binding *mb);
/* Its group, its address; nobody has it. 0 or ERR_NOMEM: it has none then. */
int mma_bind_set_group(struct mma *m, struct mma_binding *mb, const struct addr6 *group);
int mma_bind_set_coa(struct mma *m, struct mma_binding *mb, const struct addr6 *coa);
void mma_bind_leave_group(struct mma *m, struct mma_binding *mb);
void mma_bind_leave_coa(struct mma *m, struct mma_binding *mb);
/* All bindings into the datapath again: what they say has changed. */
void mma_bind_push_all(struct mma *m);
/* Put the restored bindings in the datapath. */
void mma_bind_restored(struct mma *m, struct now now);
/* Take all bindings out of the datapath; records stay. */
void mma_bind_withdraw_all(struct mma *m);

/* record.c: a binding as it is stored, and told to the other members of a redundancy group. */
struct mma_record {
	struct mma_binding mb;         /* b.due: the end of its lifetime or of its rest */
	struct mma_forward forward;    /* b.state FORWARD_ON: there is one */
	struct rd relay;               /* the relay's part */
};
void mma_record_put(struct mma *m, const struct mma_binding *mb, struct now now);
/* It ended by its lifetime, as on every member. */
void mma_record_lapse(struct mma *m, const struct mma_binding *mb, struct now now);
/* role_ops.record */
bool mma_record_of(const struct mma *m, struct store_rec *rec, uint8_t *buf, size_t cap_oct, struct fx_change *change, struct now now);
/* Is something still forwarded? */
bool mma_record_forwards(const struct mma_record *rec, struct now now);
/* is_of_now: the record has just been written, by whatever clock; else by our own, long ago perhaps. */
bool mma_record_read(struct mma_record *rec, const struct store_rec *in, bool is_of_now, struct now now);

/* member.c: the agent in a redundancy group. */
enum { MMA_SEQ_LEAP = 1 << 28 };  /* above all that another member, or a lost datapath, can have sent since the last record */
/* The first GRE sequence number that our datapath uses, and what a record says of it. */
uint32_t mma_member_start(const struct mma *m, const struct mma_binding *mb);
uint32_t mma_member_seq(const struct mma *m, const struct mma_binding *mb);
/* How far a mobile's timestamp may be off. */
span_t mma_member_window(const struct mma *m);
/* replay_check and replay_answer; in a group members' clocks may be apart, and a mobile's last timestamp tells its own. mb: its entry, or NULL. */
enum replay mma_member_replay(const struct mma *m, uint64_t got, const struct mma_binding *mb, struct now now);
uint64_t mma_member_answer(const struct mma *m, uint64_t got, enum replay verdict, const struct mma_binding *mb, struct now now);
/* The address and the group that rec names, unless another mobile has them and keeps them. 0 or ERR_NOMEM. */
int mma_member_settle(struct mma *m, struct mma_binding *mb, const struct mma_binding *rec);
/* role_ops.replica and role_ops.active */
int mma_member_replica(struct mma *m, const struct store_rec *rec, const struct fx_change *change, struct now now);
void mma_member_active(struct mma *m, bool is_active, struct now now);
/* mma.c: the service addresses on their interface. */
void mma_push_addresses(struct mma *m, enum effect_kind add_or_del);

/* The mobile's block and key, or NULL. */
const struct mma_mobile *mma_mobile_find(const struct mma *m, const struct addr6 *hoa);

/* net.c: mobile routers. */
const char *mma_net_conf_check(const struct mma_conf *c);
/* The configured networks; how: fx_dp_put or fx_dp_del. */
void mma_net_push(struct mma *m, void (*how)(struct effq *, enum role_id, const struct dp_op *));
bool mma_net_allows(const struct mma_mobile *mobile, const struct prefix6 *p);

/* forward.c: handing a mobile over to its next agent (H-16 to H-18), and taking it over from its previous one. */
void mma_forward_init(struct mma *m);
void mma_forward_fini(struct mma *m);
struct mma_forward *mma_forward_find(const struct mma *m, const struct addr6 *hoa);
/* A de-registration: forward as rq says, or drop. Ends mb if it is active, and fills in the answer what becomes of it. */
void mma_forward_request(struct mma *m, struct mma_binding *mb, const struct rc_forward *rq, struct rc_opts *answer, struct now now);
/* The mobile registered, and was not registered before: nothing is forwarded any more. */
void mma_forward_registered(struct mma *m, const struct mma_binding *mb, struct now now);
/* Its previous agent hears of it at once. */
void mma_forward_confirm(struct mma *m, const struct mma_binding *mb, struct now now);
/* A group lost its last listener. */
void mma_forward_unlistened(struct mma *m, const struct addr6 *group, struct now now);
/* The group has become holder's: what came for those that had it before, and still went to it, goes there no longer. */
void mma_forward_yield(struct mma *m, const struct mma_binding *holder);
/* An authenticated message of another agent. */
void mma_forward_rx(struct mma *m, struct mma_peer *peer, const struct mh_packet *p, struct now now);
void mma_forward_tick(struct mma *m, struct now now);
/* From the store, after its binding. 0, ERR_FULL, ERR_NOMEM. */
int mma_forward_restore(struct mma *m, const struct mma_binding *mb, const struct mma_forward *rec);
void mma_forward_end(struct mma *m, struct mma_forward *f);
/* The operator's wish; false: nothing was forwarded. */
bool mma_forward_drop(struct mma *m, const struct mma_binding *mb, struct now now);

/* peer.c: other agents, and messages to and from them. */
const char *mma_peer_check(const struct mma *m, const struct mma_conf *c);
void mma_peer_load(struct mma *m);
struct mma_peer *mma_peer_find(struct mma *m, const struct addr6 *address);
struct mma_peer *mma_peer_find_home_agent(struct mma *m, const struct addr6 *address);
void mma_peer_rx(struct mma *m, const struct mh_packet *p, struct now now);
void mma_peer_send(struct mma *m, struct mma_peer *peer, const struct mh_peer *msg, const struct rc_peers *list, struct now now);

/* key.c: keys that home agents lend us. */
void mma_key_init(struct mma *m);
void mma_key_fini(struct mma *m);
/* The mobile as if it had a block, or NULL. */
const struct mma_mobile *mma_key_find(const struct mma *m, const struct addr6 *hoa);
/* True: this home agent may know; if the rate allows it was asked. */
bool mma_key_ask(struct mma *m, const struct addr6 *hoa, const struct addr6 *home_agent, struct now now);
void mma_key_rx(struct mma *m, struct mma_peer *ha, const struct mh_packet *p, struct now now);
void mma_key_tick(struct mma *m, struct now now);

/* ro.c: route optimisation (H-15). */
void mma_ro_init(struct mma *m);
void mma_ro_reconf(struct mma *m);
/* A mobile registered, or refreshed, or came from the store: mb says whether it may be optimised (MMA_ROUTE_OPT). */
void mma_ro_bound(struct mma *m, const struct mma_binding *mb, struct now now);
/* It left. is_handed_on: its correspondent nodes were exported before, and somebody else tells them; else they are told. */
void mma_ro_released(struct mma *m, const struct mma_binding *mb, bool is_handed_on, struct now now);
/* Correspondent nodes that hold a binding for the mobile's care-of address here. */
void mma_ro_export(const struct mma *m, const struct addr6 *hoa, struct rc_peers *list, struct now now);
/* What its previous agent knew: they are to be told of the new care-of address. */
void mma_ro_import(struct mma *m, const struct mma_binding *mb, const struct rc_peers *list, struct now now);

/* A packet by a detour, or an answer of a correspondent node. */
bool mma_ro_rx(struct mma *m, const struct rx *rx, struct now now);

/* pool.c: an address that nobody has or lately had, of the care-of addresses or, for an IPv4 mobile, of the site's. False: there is none. */
bool mma_pool_draw(const struct mma *m, bool is_v4, struct addr6 *addr);
/* An IPv4 group that nobody has. */
bool mma_pool_draw_group(const struct mma *m, struct addr6 *group);

/* reg4.c: what mobiles say in Mobile IPv4; relay.c: what home agents make of it. */
struct mma_asked {
	struct addr6 group;            /* that a request names, before any of it is believed */
	bool has_group;
	bool is_farewell;              /* a forwarding request: answered to the home address, with forward in it unless NULL */
	const struct rc_forward *forward;
};
bool mma_reg4_rx(struct mma *m, const struct rx *rx, struct now now);
int mma_relay_init(struct mma *m);
void mma_relay_conf(struct mma *m);
/* An ended registration is forgotten without a word to its home agent. */
void mma_relay_forget(struct mma *m, const struct addr6 *hoa);
/* What the operator ended: the home agent is told if that was agreed upon. False: there was none. */
bool mma_relay_revoke(struct mma *m, const struct addr6 *hoa, struct now now);
/* Tells a mobile (again) that its home agent has ended its registration. */
void mma_relay_tell(struct mma *m, const struct mma_binding *mb, struct now now);
/* The relay's part of a binding's record. Entries of the relay are made by mma_relay_restore. */
void mma_relay_write(const struct mma *m, const struct mma_binding *mb, struct wr *w);
void mma_relay_restore(struct mma *m, struct mma_binding *mb, struct rd *r, struct now now);

/* answer4.c: answers through the group. */
void mma_answer_send(struct mma *m, const struct addr6 *group, const void *pkt, size_t len_oct, struct now now);
/* Somebody listens now. */
void mma_answer_listened(struct mma *m, const struct addr6 *group);
void mma_answer_tick(struct mma *m, struct now now);
mono_t mma_answer_expiry(const struct mma *m);
void mma_answer_fini(struct mma *m);

/* show.c */
void mma_show(const void *self, const char *what, struct show *out, struct now now);
