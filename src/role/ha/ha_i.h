/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The home agent's inside; only files of role/ha include it. */
#include "core/auth/pair.h"
#include "core/auth/sa.h"
#include "core/binding.h"
#include "core/engine.h"
#include "core/motion/dad.h"
#include "core/rate.h"
#include "role/ha/ha.h"
#include "wire/mip6/ha_icmp.h"
#include "wire/mip6/mh_packet.h"

/* RFC 6275 12: a de-registered binding's sequence number counts this long. */
#define MAX_DELETE_BCE_TIMEOUT_S 10
enum { HA_RECORD_MAX_OCT = 256, HA_POP_MAX = 4096, HA_ANNOUNCEMENTS = 3, HA_PEER_MAX = 128, HA_PEER_ADDR_MAX = 4, HA_OWN_MAX = 16, HA_CLOCKS_APART_S = 10 };

struct ha_mobile {
	struct addr6 hoa;              /* key of by_hoa, when /128 */
	struct prefix6 home;
	const struct sa_key *key, *aaa;/* aaa: of MN-AAA authentication, or NULL */
	uint32_t conf;                 /* index in the configuration's list */
	char nai[HA_NAI_LEN];          /* key of by_nai, of single ones of IPv4; "": none */
};

struct ha_mobiles {
	struct ha_mobile *list;        /* prefixes first, longest first; then single ones */
	uint32_t n, n_prefix;
	bool has_network;              /* some are mobile routers */
	struct table by_hoa;           /* the single ones */
	struct table by_nai;
};

enum ha_flags {                        /* struct binding's flags */
	HA_LINK_LOCAL = 1,             /* L: the link-local address is defended too */
	HA_INTERCEPTED = 2,            /* we answer for it on the home link */
	HA_REVIVED = 4,                /* from the store; the datapath is still to be told */
	HA_JOINED = 8,                 /* its solicited-node group is open on the home link */
	HA_ROUTER = 16,                /* R: a mobile router (RFC 3963) */
	HA_LINGERS = 32,               /* GONE: the datapath takes what comes from its last care-of address, for a moment. In records too */
	HA_MORE = 64,                  /* IPv4: the datapath has further care-of addresses */
};

struct ha_link {
	char name[16];
	uint32_t ifindex;
	bool is_up, is_put;            /* is_put: the datapath has it */
	struct lladdr lladdr;
};

/* A binding update on its way through the checks, and what its answer needs. */
struct ha_bu {
	struct addr6 hoa, coa, src;
	struct addr6 to;               /* the address of ours that it came to */
	uint16_t seq;
	uint16_t flags;                /* enum bu_flags */
	uint32_t lifetime_s;
	bool has_hao, is_dereg;
	bool has_auth;                 /* answers are signed when the key is known */
	bool has_stamp;
	enum replay verdict;           /* valid once checked; else REPLAY_OUTSIDE */
	uint64_t stamp;
	const struct sa_key *key;      /* of the mobile, NULL: unknown */
	struct binding *b;             /* of the mobile, or NULL */
	struct prefix6 net[HA_NET_MAX];/* mobile network prefixes that it names */
	uint32_t n_net;
	bool is_direct;                /* the mobile is on the home link: answer to its link-layer address */
	struct lladdr lladdr;
};

/* An address of a registration that is being checked for duplicates, or announced after it. */
struct ha_check {
	struct addr6 hoa;              /* key */
	struct timer timer;
	uint8_t announcements_left;    /* 0: still checking */
	bool is_return;                /* IPv4: it is announced that the mobile itself is there again, at lladdr */
	struct lladdr lladdr;
	bool has_ll;
	struct dad dad, dad_ll;
	struct ha_bu bu;               /* the newest update; bu.b is not used */
};

/* Another home agent of the home link (RFC 6275 10.1). */
struct ha_peer_addr { struct addr6 addr; mono_t until; };
struct ha_peer {
	const struct ha_link *link;
	struct addr6 lladdr;           /* link-local */
	mono_t until;
	uint16_t preference;
	bool takes_routers;            /* mobile routers, RFC 3963 7.3 */
	struct ha_peer_addr addr[HA_PEER_ADDR_MAX];
};

/* A prefix of the home link that another home agent advertises (10.6.1). */
struct ha_learned { const struct ha_link *link; struct prefix6 prefix; struct nd_prefix adv; mono_t heard; };

/* A mobile prefix advertisement to be sent, or to be acknowledged (10.6.2). */
struct ha_adv {
	struct addr6 hoa;              /* key */
	struct timer timer;            /* not set: given up until the mobile registers again */
	uint16_t id;
	uint8_t tries;                 /* 0: not yet sent */
};

/* The prefixes of a bound mobile router. */
struct ha_router {
	struct addr6 hoa;              /* key */
	struct prefix6 net[HA_NET_MAX];
	uint32_t n_net;
	bool lingers;                  /* it came home: nothing is forwarded to it, but what is on its way from it is taken for a moment */
};

/* All home addresses are announced again. */
struct ha_rounds {
	struct addr6 *hoa;             /* those bound when it began */
	uint32_t n, at;
	uint8_t left;                  /* rounds */
	mono_t began, next;            /* of this round; MONO_NEVER: none is under way */
};

struct ha4;
struct ha4_list { struct ha4 *first; uint32_t n; };

struct ha {
	struct engine_env env;
	struct ha_conf conf;
	struct ha_link home[HA_LINK_MAX], uplink[HA_UPLINK_MAX];
	uint32_t n_home;
	struct ha_mobiles mobiles;
	struct pair mma[HA_MMA_MAX];   /* of conf.mma */
	struct bindings bindings;
	struct table checks;           /* struct ha_check by hoa */
	struct timers check_timers;
	struct ha_peer peer[HA_PEER_MAX];
	struct ha_learned learned[HA_PREFIX_MAX];
	struct table advs;             /* struct ha_adv by hoa */
	struct timers adv_timers;
	mono_t sweep_at;
	uint32_t sweep_slice;
	mono_t news_until;             /* mobiles are being told of a change of prefixes */
	bool has_group, is_standby;    /* of a redundancy group, where another member serves */
	struct addr6 own[HA_OWN_MAX];  /* addresses of this host beside the group's */
	uint32_t n_own;
	struct ha_rounds rounds;
	struct table routers;          /* struct ha_router by hoa */
	struct rate rate;
	uint32_t n_active;
	struct ha4_list listeners;     /* struct ha4 of mobiles that want broadcasts */
	struct table leases;           /* struct ha4_lease by nai */
	struct table revocations;      /* struct ha4_revocation by home address and to whom */
	struct timers revocation_timers;
	uint16_t cast_id;
	const struct sa_key *fa_key[HA_FA_MAX]; /* of conf.v4.fa */
	uint64_t n_lent;
	struct ha_cast *cast;          /* mobiles that the network moves (ha_cast.c); NULL: none */
	uint64_t n_registered, n_deregistered, n_expired, n_refused, n_taken;
};

/* Of Mobile IPv4: it is a struct ha4 (ha4_i.h). */
static inline bool ha_is_v4(const struct binding *b) { return addr6_is_v4mapped(&b->hoa); }
static inline bool ha_is_active(const struct binding *b) { return b && b->state == BINDING_ACTIVE; }
/* The home link of an address; NULL: its prefix is virtual, or not ours. */
const struct ha_link *ha_link_of(const struct ha *h, const struct addr6 *a);
/* The home link with this interface, or NULL. */
const struct ha_link *ha_link_at(const struct ha *h, uint32_t ifindex);
/* Is this an address of a prefix that we serve? */
bool ha_serves(const struct ha *h, const struct addr6 *a);

/* ha_mobile.c: who may register. Resolves keys; 0, or ERR_* with a remedy and nothing to release. */
int ha_mobiles_load(struct ha_mobiles *ms, const struct engine_env *env, const struct ha_conf *conf, const char **remedy);
void ha_mobiles_free(struct ha_mobiles *ms, const struct engine_env *env);
const struct ha_mobile *ha_mobile_find(const struct ha *h, const struct addr6 *hoa);
const struct sa_key *ha_mobile_key(const struct ha *h, const struct addr6 *hoa);
struct ha_mobile *ha_mobile_by_nai(const struct ha *h, const uint8_t *nai, size_t len_oct);

/* ha_conf.c */
const char *ha_conf_check(const struct ha_conf *c);
bool ha_conf_serves(const struct ha_conf *c, const struct addr6 *a);
/* A copy in which home_prefix has the prefixes of all links, and prefix_link says whose each is. */
void ha_conf_take(struct ha_conf *to, const struct ha_conf *from);
extern const struct conf_block ha_conf_block;

/* ha_bu.c: Mobility Headers. true: it was for us. */
bool ha_rx_mh(struct ha *h, const struct rx *rx, struct now now);
/* A packet with a Home Address option that no binding backs (RFC 6275 9.3.1). */
bool ha_rx_hao(struct ha *h, const struct rx *rx, struct now now);

/* ha_answer.c. Refusals and errors are limited per source; those that are too many are counted and not sent. */
void ha_accept(struct ha *h, const struct ha_bu *bu, uint32_t lifetime_s, struct now now);
void ha_refuse(struct ha *h, const struct ha_bu *bu, enum ba_status status, struct now now);
void ha_binding_error(struct ha *h, const struct addr6 *to, enum be_status status, const struct addr6 *hoa, struct now now);
void ha_param_problem(struct ha *h, const struct rx *rx, const struct addr6 *to, uint32_t pointer, struct now now);
/* May another answer that anyone can ask for go to this address? Counts when not. */
bool ha_may_answer(struct ha *h, const struct addr6 *to, struct now now);
void ha_refresh_request(struct ha *h, const struct binding *b);

/* ha_bind.c: the life of a binding. */
void ha_register(struct ha *h, struct ha_bu *bu, struct now now);
void ha_deregister(struct ha *h, struct ha_bu *bu, struct now now);
/* Duplicate detection is over. */
void ha_grant(struct ha *h, struct binding *b, const struct ha_bu *bu, struct now now);
void ha_deny(struct ha *h, struct binding *b, const struct ha_bu *bu, struct now now);
/* Nothing is forwarded for it any more. */
void ha_unbind(struct ha *h, const struct binding *b);
enum ha_end {
	HA_END_BY_MOBILE,              /* packets are still on their way from where it was: they are taken for a moment */
	HA_END_BY_US,                  /* operator, configuration; or its foreign agent */
	HA_END_LAPSE,                  /* its lifetime: it ends so on every member of a group */
};
/* Ends an active binding; why is for the operator. */
void ha_end(struct ha *h, struct binding *b, enum ha_end how, const char *code, const char *why, struct now now);
/* The same without record and event; of any binding. */
void ha_cut(struct ha *h, struct binding *b, enum ha_end how, struct now now);
/* Ends it whether it is active or still checked. */
void ha_drop(struct ha *h, struct binding *b, const char *why, struct now now);
/* GONE from now on, remembered for as long as a replay could be believed. */
void ha_enter_gone(struct ha *h, struct binding *b, enum fx_change_how how, struct now now);
/* Its sequence number counts for good, for there is nothing else against replays. */
bool ha_is_kept_forever(const struct ha *h, const struct binding *b);
/* How long, where timestamps are required. */
span_t ha_gone_span(const struct ha *h);
/* One that is GONE is remembered from now on for that long. */
void ha_keep_gone(struct ha *h, struct binding *b, struct now now);
/* ACTIVE from now on. b->lifetime is set. */
void ha_enter_active(struct ha *h, struct binding *b, mono_t expires);
/* The lifetime granted. */
span_t ha_life_of(const struct binding *b);
/* Tells the datapath. prev: the care-of address until now, when it is another one; NULL: none. */
void ha_put_home(struct ha *h, struct binding *b, const struct addr6 *prev, struct now now);
/* A binding from the store: left is what remains of its lifetime, which a clock set back cannot stretch. */
void ha_revive(struct ha *h, struct binding *b, enum binding_state state, uint8_t flags, span_t left, struct now now);
/* No binding outlives its prefix (10.3.1), whose lifetime was cut. */
void ha_cap(struct ha *h, struct binding *b, struct now now);
void ha_binding_timers(struct ha *h, struct now now);

/* ha_store.c: bindings on stable storage, version 1. How: as everything but an active binding, which is always a put. */
void ha_store_put(struct ha *h, const struct binding *b, enum fx_change_how how, struct now now);
void ha_store_del(struct ha *h, const struct binding *b);
int ha_restore(void *self, const struct store_rec *rec, struct now now);
bool ha_record(const void *self, struct store_rec *rec, uint8_t *buf, size_t cap_oct, struct fx_change *change, struct now now);
int ha_take(struct ha *h, const struct store_rec *rec, const struct fx_change *change, struct now now);

/* ha_group.c: a member of a redundancy group (rg/sync.h). */
int ha_replica(void *self, const struct store_rec *rec, const struct fx_change *change, struct now now);
void ha_active(void *self, bool is_active, struct now now);
void ha_local(void *self, const struct local_event *ev, struct now now);
/* An address of this member alone, at which it takes registrations whether it serves or not. */
bool ha_is_own(const struct ha *h, const struct addr6 *a);
void ha_own_end(struct ha *h);
/* What was known of a binding before another member's word. */
struct ha_before { bool is_active, has_ll; struct addr6 at; };
/* The entry to be filled; its own check is called off. NULL: no room. */
struct binding *ha_take_begin(struct ha *h, const struct addr6 *hoa, struct ha_before *before);
/* Filled, and ACTIVE: datapath, networks and home link follow. */
struct ha_nets { uint32_t n; const struct prefix6 *net; };
void ha_take_active(struct ha *h, struct binding *b, const struct ha_before *before, const struct ha_nets *nets, struct now now);
void ha_take_gone(struct ha *h, struct binding *b, bool lingers, struct now now);
/* How far a timestamp may be from our clock. */
span_t ha_stamp_window(const struct ha *h);
/* As replay_answer, but never behind a clock that the mobile cannot go back from. b: NULL for none. */
uint64_t ha_replay_answer(const struct ha *h, uint64_t got, enum replay verdict, const struct binding *b, struct now now);
/* As replay_check; in a group, where the clock that a timestamp was taken for fresh by may be another member's. */
enum replay ha_replay_check(const struct ha *h, uint64_t got, const struct binding *b, struct now now);

/* ha_nd.c: the home link (RFC 6275 10.4.1). */
void ha_intercept(struct ha *h, struct binding *b, struct now now);
/* As another member has it: says nothing now; from the timers, when we serve. had_ll: its L flag until now. */
void ha_intercept_taken(struct ha *h, struct binding *b, bool had_ll, struct now now);
/* The L flag of a binding is another one. */
void ha_intercept_ll(struct ha *h, const struct binding *b);
void ha_intercept_end(struct ha *h, struct binding *b);
/* All stations are told, a few times, that the mobile itself has its home address again (IPv4). */
void ha_announce_return(struct ha *h, const struct addr6 *hoa, const struct lladdr *at, struct now now);
void ha_home_link_up(struct ha *h, const struct ha_link *l, struct now now);
void ha_home_link_gone(struct ha *h, const struct ha_link *l);
bool ha_rx_nd(struct ha *h, const struct rx *rx, struct now now);
/* Checks an address on the home link before ha_grant. 0 or ERR_NOMEM. */
int ha_check_start(struct ha *h, const struct binding *b, const struct ha_bu *bu, struct now now);
/* A check in progress, or NULL. */
struct ha_check *ha_check_find(const struct ha *h, const struct addr6 *hoa);
void ha_check_cancel(struct ha *h, const struct addr6 *hoa);
void ha_check_timers(struct ha *h, struct now now);

/* ha_announce.c: all stations of a home link are told that home addresses are here. */
void ha_send_na(struct ha *h, const struct binding *b, const struct addr6 *target, const struct addr6 *dst, const struct lladdr *to);
void ha_announce(struct ha *h, const struct binding *b);
/* Of all bindings, some at a time and a few times over. */
void ha_announce_all(struct ha *h, struct now now);
void ha_announce_stop(struct ha *h);
void ha_announce_timers(struct ha *h, struct now now);
struct addr6 ha_linklocal_of(const struct addr6 *hoa);
bool ha_is_link_up(const struct ha *h, const struct binding *b);

/* ha_disc.c: home agent discovery (RFC 6275 10.5). */
struct addr6 ha_anycast(const struct prefix6 *p);
bool ha_rx_icmp(struct ha *h, const struct rx *rx, struct now now);
bool ha_rx_ra(struct ha *h, const struct rx *rx, struct now now);
void ha_agents_show(const struct ha *h, struct show *out, struct now now);

/* ha_prefix.c: mobile prefixes (RFC 6275 10.6). */
void ha_prefix_init(struct ha *h, struct now now);
void ha_prefix_reconf(struct ha *h, struct now now);
void ha_prefix_fini(struct ha *h);
void ha_prefix_timers(struct ha *h, struct now now);
mono_t ha_prefix_expiry(const struct ha *h);
void ha_prefix_learn(struct ha *h, const struct ha_link *l, const struct nd_ra *ra, struct now now);
void ha_prefix_solicited(struct ha *h, const struct ha_icmp_packet *p, struct now now);
/* The list is another one: all mobiles are told, in good time. */
void ha_prefix_changed(struct ha *h, struct now now);
/* We serve from now on: what the member that did so may not have told is told. */
void ha_prefix_active(struct ha *h, struct now now);
void ha_prefix_binding_gone(struct ha *h, const struct addr6 *hoa);
void ha_prefix_binding_refreshed(struct ha *h, const struct addr6 *hoa, struct now now);

/* ha_net.c: mobile routers (RFC 3963). */
bool ha_takes_routers(const struct ha *h);
const char *ha_net_conf_check(const struct ha_conf *c);
/* BA_ACCEPTED, or why the update cannot be. */
enum ba_status ha_net_check(const struct ha *h, const struct ha_bu *bu);
/* Forward what an update that passed the check asks for. False: no memory. */
bool ha_net_grant(struct ha *h, const struct ha_bu *bu);
bool ha_net_set(struct ha *h, const struct addr6 *hoa, const struct prefix6 *net, uint32_t n);
struct ha_router *ha_net_find(const struct ha *h, const struct addr6 *hoa);
/* The networks of a family in a mobile's block. */
uint32_t ha_net_of_family(const struct ha_mobile_conf *m, bool is_v4, struct prefix6 out[static HA_NET_MAX]);
/* After a restart: tell datapath and host what they may have lost. */
void ha_net_again(struct ha *h, const struct addr6 *hoa);
void ha_net_end(struct ha *h, const struct addr6 *hoa);
/* As HA_LINGERS of its binding: until ha_net_end. */
void ha_net_linger(struct ha *h, const struct addr6 *hoa);
/* May another member's record name it? */
bool ha_net_is_takeable(const struct ha *h, const struct prefix6 *p, bool is_v4);
bool ha_net_is_still_authorised(const struct ha *h, const struct addr6 *hoa);
void ha_net_fini(struct ha *h);
/* Where the networks are while their routers are at home, on this link; NULL: those of virtual home prefixes. */
void ha_net_home_routes(struct ha *h, const struct ha_link *l, enum effect_kind kind);

/* ha_show.c */
void ha_show(const void *self, const char *what, struct show *out, struct now now);
int ha_ctl(void *self, const struct ctl_cmd *cmd, struct now now, const char **msg);

/* ha_cast.c: mobiles that the network moves. All do nothing without them. init: what it began is fini's, also when it fails. */
const char *ha_cast_conf_check(const struct ha_conf *c);
int ha_cast_init(struct ha *h, struct now now, const char **remedy);
void ha_cast_fini(struct ha *h);
void ha_cast_stop(struct ha *h);
bool ha_cast_rx(struct ha *h, const struct rx *rx, struct now now);
void ha_cast_link(struct ha *h, const struct link_event *ev, struct now now);
void ha_cast_tick(struct ha *h, struct now now);
mono_t ha_cast_expiry(const struct ha *h);
void ha_cast_active(struct ha *h, bool is_active, struct now now);
uint16_t ha_cast_port(const struct ha *h);
void ha_cast_mroute(struct ha *h, const struct mroute_event *ev);
bool ha_cast_follows(const struct ha *h);
void ha_cast_show(const struct ha *h, const char *what, struct show *out, struct now now);
int ha_cast_ctl(struct ha *h, const struct ctl_cmd *cmd, struct now now, const char **msg);

/* ha_key: keys of mobiles for MMAs. */
const char *ha_key_load(struct ha *h, const struct ha_conf *next);
void ha_key_rx(struct ha *h, const struct mh_packet *p, struct now now);
