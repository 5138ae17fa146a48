/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The home agent's Mobile IPv4 side (RFC 5944 3.8); only files of role/ha include it. */
#include "core/auth/sa4.h"
#include "role/ha/ha_i.h"
#include "wire/mip4/mip4_packet.h"

/* A care-of address of a mobile: one mobility binding of RFC 5944. */
struct ha4_to {
	struct addr6 coa;              /* as the mobile names it */
	struct addr6 at;               /* where the tunnel ends: coa, or the address that its translator shows */
	struct addr6 from;             /* source of the last accepted request: revocations go there */
	mono_t expires;
	uint64_t id;                   /* identification of the request that was accepted last */
	uint32_t peer_stamp;           /* RFC 3543 3.5: timestamp of the foreign agent in that request */
	uint16_t lifetime_s, udp_port;
	uint8_t flags;                 /* enum mip4_flags */
	uint8_t encap;                 /* enum dp_encap */
	bool has_revocation, wants_inform; /* negotiated (RFC 3543 4.2.1) */
};
struct ha4_more { uint32_t n; struct ha4_to to[HA_TO_MAX - 1]; };

/* An entry of the binding table whose home address is one of IPv4. b.coa and b.lifetime (here in seconds) are those of to, b.expires is
 * the end of the last of its care-of addresses, b.stamp the identification accepted last. */
struct ha4 {
	struct binding b;              /* first member */
	struct ha4_to to;              /* the newest one */
	struct ha4_more *more;         /* simultaneous ones, or NULL */
	struct ha4 *next, *prev;       /* in ha.listeners */
	uint32_t nonce, nonce_kept;    /* RFC 5944 5.7.2: sent in the last reply; in the last that accepted, and not yet used */
	uint32_t own_stamp, revoked_stamp; /* RFC 3543 3.5: sent last for this mobile; of the last revocation taken */
	bool is_listener, has_nonce;
};

/* A home address given to a mobile that is known by its NAI. */
struct ha4_lease { char nai[HA_NAI_LEN]; /* key */ struct addr6 hoa; };

/* A revocation that is not yet acknowledged. */
struct ha4_revocation_key { struct addr6 hoa, to; };
struct ha4_revocation {
	struct ha4_revocation_key key;
	struct timer timer;
	struct addr6 coa;
	const struct sa_key *fa_key;   /* NULL when direct */
	uint8_t tries;
	bool is_direct;                /* to a co-located mobile: mobile-home authentication */
	bool inform;
	uint32_t stamp;                /* sent last */
	mono_t until;                  /* the binding would have ended by itself */
};

/* A registration request on its way through the checks, and what its answer needs. */
struct ha4_rq {
	const struct rx *rx;
	const struct mip4_packet *p;
	const struct mip4_request *q;
	enum wire_err err;             /* of the parser: a poorly formed request can still be answered */
	struct addr6 hoa;              /* of the mobile, also where the request has none */
	const struct ha_mobile *mobile;
	const struct sa_key *fa_key;   /* of the foreign agent that relayed it, or NULL */
	struct ha4 *b;                 /* of the mobile, or NULL */
	enum replay verdict;           /* timestamps */
	struct now now;
	bool is_authentic;
	bool is_owner;                 /* hoa is this mobile's */
	bool is_dereg, is_all;         /* lifetime zero; of all care-of addresses */
	bool is_nat, has_udp;          /* has_udp: a UDP tunnel is granted */
	uint8_t encap;                 /* enum dp_encap granted */
	bool has_nonce;                /* nonce is drawn for the answer */
	uint32_t nonce;
	uint8_t net_code[MIP4_NET_MAX];/* enum mip4_net_code */
};

static inline struct ha4 *ha4_of(struct binding *b) { return (struct ha4 *)b; }
static inline const struct ha4 *ha4_of_const(const struct binding *b) { return (const struct ha4 *)b; }
static inline bool ha4_is_on(const struct ha *h) { return !addr6_is_none(&h->conf.v4.address); }
static inline uint32_t ha4_n_to(const struct ha4 *b) { return 1 + (b->more ? b->more->n : 0); }
/* The ith care-of address of an active binding, from the newest. */
static inline struct ha4_to *ha4_to_at(struct ha4 *b, uint32_t i) { return i == 0 ? &b->to : &b->more->to[i - 1]; }

void ha4_init(struct ha *h);
void ha4_advise(const void *self, advise_fn say, void *ctx);
void ha4_fini(struct ha *h);
/* Are the keys of a configuration's foreign agents there? NULL, or what to mend. Load takes those of h->conf. */
const char *ha4_keys_check(const struct ha *h, const struct ha_conf *c);
void ha4_keys_load(struct ha *h);
/* What foreign agent and we share, or NULL. */
const struct sa_key *ha4_fa_key(const struct ha *h, const struct addr6 *a);

/* ha4_req.c: UDP to port 434. true: it was for us. */
bool ha4_rx(struct ha *h, const struct rx *rx, struct now now);

/* ha4_reply.c. lifetime_s: granted, or 0. Refusals are limited per source. */
/* The nonce of the answer, with replay-v4 = "nonce": before the record is put, which has it. */
void ha4_draw_nonce(struct ha *h, struct ha4_rq *rq, bool is_accepted, struct now now);
void ha4_accept(struct ha *h, struct ha4_rq *rq, uint16_t lifetime_s, struct now now);
void ha4_refuse(struct ha *h, struct ha4_rq *rq, uint8_t code, struct now now);

/* ha4_bind.c: what a valid request does. */
void ha4_register(struct ha *h, struct ha4_rq *rq, struct now now);
void ha4_deregister(struct ha *h, struct ha4_rq *rq, struct now now);
/* One of its care-of addresses ends; at the last one the binding does. */
void ha4_end_one(struct ha *h, struct ha4 *b, uint32_t i, const char *code, const char *why, struct now now);
/* The entry of a mobile, also when it has no binding: for what has to be remembered. NULL: no room. */
struct ha4 *ha4_remember(struct ha *h, const struct addr6 *hoa, struct now now);
/* Tells the datapath. prev: the place until now, or NULL. */
void ha4_put(struct ha *h, struct ha4 *b, const struct addr6 *prev, struct now now);
void ha4_unput_more(struct ha *h, const struct binding *b);
/* A binding ends: what belongs to it beside the table's entry. */
void ha4_clear(struct ha *h, struct ha4 *b);
/* Has one of its care-of addresses this flag of enum mip4_flags? */
bool ha4_has_flag(struct ha4 *b, uint8_t flag);
/* Ends what is over; sets the next deadline. */
void ha4_on_due(struct ha *h, struct ha4 *b, struct now now);
void ha4_set_due(struct ha *h, struct ha4 *b);

/* ha4_store.c: version 2 of the record, and addresses given away. */
enum { HA4_STORE_VERSION = 2 };
size_t ha4_store_build(const struct ha *h, const struct ha4 *b, uint8_t *val, size_t cap_oct, struct now now);
int ha4_restore(struct ha *h, const struct store_rec *rec, struct now now);
void ha4_store_lease(struct ha *h, const struct ha4_lease *l);
int ha4_restore_lease(struct ha *h, const struct store_rec *rec);
/* For ha_record and ha_replica. */
bool ha4_record_lease(const struct ha *h, struct store_rec *rec, uint8_t *buf, size_t cap_oct, struct fx_change *change);
int ha4_take(struct ha *h, const struct store_rec *rec, const struct fx_change *change, struct now now);
int ha4_take_lease(struct ha *h, const struct store_rec *rec, const struct fx_change *change);
/* All records are there. */
void ha4_restored(struct ha *h, struct now now);

/* ha4_pool.c: home addresses for mobiles known by their NAI (RFC 2794). */
bool ha4_pool_take(struct ha *h, const char nai[static HA_NAI_LEN]);
int ha4_pool_add(struct ha *h, const char nai[static HA_NAI_LEN], const struct addr6 *hoa);
/* Another member has given this one away. */
int ha4_pool_put(struct ha *h, const struct ha4_lease *l);
/* The mobiles of a new configuration get what they had. */
void ha4_pool_apply(struct ha *h);
void ha4_pool_fini(struct ha *h);
/* Neither the network's own address nor its broadcast address, nor ours: one that a mobile can have. */
bool ha4_is_host_address(const struct ha *h, const struct addr6 *a);
/* The subnet-directed broadcast address of an IPv4 prefix. */
struct addr6 ha4_broadcast_of(const struct prefix6 *p);
bool ha4_is_broadcast(const struct ha *h, const struct addr6 *a);

/* ha4_net.c: mobile networks (RFC 5177). 0, or the code to refuse with; fills net_code. */
uint8_t ha4_net_check(const struct ha *h, struct ha4_rq *rq);
/* Forward what the check left. */
void ha4_net_grant(struct ha *h, struct ha4_rq *rq);

/* ha4_arp.c: the home link (RFC 5944 4.6). */
bool ha4_rx_arp(struct ha *h, const struct rx *rx, struct now now);
void ha4_announce(struct ha *h, const struct addr6 *hoa, const struct lladdr *at);

/* ha4_cast.c: broadcasts of the home link (RFC 5944 4.3). */
bool ha4_rx_broadcast(struct ha *h, const struct rx *rx, struct now now);
void ha4_listen(struct ha *h, struct ha4 *b, bool is_on);

/* ha4_revoke.c: RFC 3543. What is revoked is said by the next ha4_revocation_timers: behind the binding's record, which has its stamp. */
void ha4_revoke(struct ha *h, struct ha4 *b, const struct ha4_to *to, bool inform, struct now now);
/* All of its care-of addresses, for we end them. */
void ha4_revoke_all(struct ha *h, struct ha4 *b, struct now now);
/* It is registered there again: nothing is left to revoke. */
void ha4_revoke_cancel(struct ha *h, const struct addr6 *hoa, const struct addr6 *from);
void ha4_rx_revoke(struct ha *h, const struct mip4_packet *p, struct now now);
void ha4_rx_revoke_ack(struct ha *h, const struct mip4_packet *p, struct now now);
void ha4_revocation_timers(struct ha *h, struct now now);
/* The same from the tick: a member of a group that stands by does not insist. */
void ha4_revocation_tick(struct ha *h, struct now now);
/* The keys of a new configuration. */
void ha4_revocation_keys(struct ha *h);
void ha4_revocation_fini(struct ha *h);
uint32_t ha4_stamp(uint32_t last, struct now now);

/* ha4_show.c */
void ha4_show_binding(const struct ha *h, const struct ha4 *b, struct show *out, struct now now);
