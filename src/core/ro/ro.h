/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Route optimisation as its initiator runs it (RFC 6275 5.2, 11.6, 11.7.2, 11.7.3, 11.8): return
 * routability with a correspondent node, then a binding update to it. A mobile does it for itself, an MMA for the
 * mobiles that allow it; both own one struct ro.
 *
 * A mobile has a path (which care-of address, through which home agent, until when); each (home address,
 * correspondent node) is an entry. What an entry does:
 *
 *	rest --want--> test --both tokens--> update --acknowledged--> rest, bound
 *	                |                      |                        | refresh before the end, while it is used
 *	                +---- no answer -------+--> hold: the correspondent node is left alone for a while
 *
 * Packets go through the home agent until the acknowledgement has come and again as soon as a binding cannot be
 * relied upon, so nothing is lost by trying. It emits effects itself: packets (through ops->send), DP_RO_OUT, events.
 *
 * At home (path.coa is the home address) an entry only ever ends its binding: home test, update with lifetime 0.
 */
#include "base/table.h"
#include "base/timer.h"
#include "core/engine.h"
#include "core/rate.h"

enum {
	RO_LIFETIME_MAX_S = 420,       /* MAX_RR_BINDING_LIFETIME */
	RO_TOKEN_S = 210,              /* MAX_TOKEN_LIFETIME */
	RO_FAILURES = 3,               /* MAX_RO_FAILURE: retransmissions of one message */
	RO_RATE = 3,                   /* MAX_UPDATE_RATE: messages of a type to a correspondent node in a second */
	RO_PEERS_MAX = 64,             /* entries of one mobile at most */
};

/* A correspondent node that holds, or may hold, a binding: handed from agent to agent, or to the mobile. */
struct ro_peer {
	struct addr6 cn;
	uint16_t seq;                  /* of the last update sent to it */
	uint32_t left_s;               /* until its binding ends by itself; not 0 */
};

struct ro_path {
	struct addr6 coa;              /* what correspondent nodes are told; the home address: the mobile is at home */
	struct addr6 ha;               /* home tests are tunnelled to it from coa; :: they are sent as they are (at home, or
	                                * where ordinary packets of the mobile are tunnelled anyway) */
	mono_t until;                  /* no binding outlasts it: the registration at home, or with the MMA */
	bool is_registered;            /* the home agent is known to have accepted coa; until then only care-of tests leave */
	span_t in_flight;              /* what was sent by the old care-of address before a move may be under way so long: a binding is
	                                * neither changed nor ended before, or the correspondent node would throw that away */
	bool is_leaving;               /* bindings are only ended from now on, none is begun (somebody else is to act) */
};

struct ro_conf {
	uint32_t entries;              /* of all mobiles at most */
	uint32_t per_mobile;           /* at most RO_PEERS_MAX */
	uint32_t starts;               /* procedures begun, a second */
	uint32_t lifetime_s;           /* to ask for, at most RO_LIFETIME_MAX_S */
	span_t hold;                   /* after a failure; doubled for each further one, up to 16 times; after a refusal 16 times */
};
extern const struct ro_conf ro_conf_default;

/* Whether a route is used env->ro_used tells; what is not used is not refreshed, unless the correspondent node asks. */
struct ro_ops {
	/* Send a packet of this mobile. NULL: the routing table knows where to. */
	void (*send)(void *ctx, const struct addr6 *hoa, const void *pkt, size_t len_oct);
	void *ctx;
};

struct ro {
	const struct engine_env *env;
	enum role_id role;
	struct ro_conf conf;
	struct ro_ops ops;
	struct table mobiles, by_coa, entries;
	struct timers timers;
	struct rate starts;
	struct { uint64_t started, bound, failed, refused, restarted, limited; } n;
};

/* env must outlive ro. conf and ops are copied; conf NULL: the default; ops NULL: none. */
void ro_init(struct ro *ro, const struct engine_env *env, enum role_id role, const struct ro_conf *conf, const struct ro_ops *ops);
/* Forgets everything, says nothing to anybody. */
void ro_fini(struct ro *ro);
/* Limits of a new configuration: for what begins from now on. */
void ro_reconf(struct ro *ro, const struct ro_conf *conf);

/* Where the mobile is, at first and after each change; also when only `until` or is_registered changed. Another care-of
 * address: correspondent nodes that hold a binding are updated, with a new care-of test and a home token that is
 * still fresh; until they have acknowledged, packets to them go through the home agent. ERR_NOMEM: as before. */
int ro_move(struct ro *ro, const struct addr6 *hoa, const struct ro_path *path, struct now now);
/* The path in use, or NULL. */
const struct ro_path *ro_path(const struct ro *ro, const struct addr6 *hoa);

/* Data came from cn by a detour: begin, unless it is under way, held off or beyond the limits. Away only. */
void ro_want(struct ro *ro, const struct addr6 *hoa, const struct addr6 *cn, struct now now);
/* At home: cn shall forget the mobile (RFC 6275 11.5.5). Also when nothing is known of a binding there. */
void ro_home(struct ro *ro, const struct addr6 *hoa, const struct addr6 *cn, struct now now);

/* The mobile and its entries are forgotten. is_farewell: those for which a fresh home token is at hand are told so (one
 * update with lifetime 0 each; its answer is not waited for). */
void ro_drop(struct ro *ro, const struct addr6 *hoa, bool is_farewell, struct now now);

/* Correspondent nodes that may hold a binding; gives their number. Nothing changes. */
uint32_t ro_export(const struct ro *ro, const struct addr6 *hoa, struct ro_peer *list, uint32_t max, struct now now);
/* They hold a binding of before: each is updated to the path (away) or de-registered (at home). ro_move comes first. */
void ro_import(struct ro *ro, const struct addr6 *hoa, const struct ro_peer *list, uint32_t n, struct now now);

/* A packet that DP_PUNT_RO brought, perhaps cut short: who sends by which detour (11.7.2). False: it gives no reason to ask
 * anybody anything (signalling; a correspondent node that is a mobile itself). */
struct ro_detour {
	struct addr6 from, to;         /* the tunnel */
	struct addr6 cn, hoa;
};
bool ro_detour_parse(const struct rx *rx, struct ro_detour *out);

/* A Mobility Header (HoT, CoT, BA, BRR, BE) or an ICMPv6 error. True: it was ours, whatever became of it. */
bool ro_rx(struct ro *ro, const struct rx *rx, struct now now);
void ro_tick(struct ro *ro, struct now now);
mono_t ro_expiry(const struct ro *ro);

/* A stored record, at start; ERR_NOTFOUND: not of ours. */
int ro_restore(struct ro *ro, const struct store_rec *rec, struct now now);
/* All were given. is_all_known: ro_move has been called for each mobile that is there, others are forgotten. */
void ro_restored(struct ro *ro, bool is_all_known, struct now now);
/* Take what is in the datapath out of it (a clean stop); records stay. */
void ro_withdraw(struct ro *ro);
/* A record for each correspondent node of each mobile, or of one (hoa not NULL). */
void ro_show(const struct ro *ro, const struct addr6 *hoa, struct show *out, struct now now);
