/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Inside route optimisation: its entries, and what its files give each other. */
#include "core/ro/ro.h"
#include "core/ro/rr.h"

enum {
	RO_FRESH_S = RO_TOKEN_S - 15,  /* a token must still count when the update arrives */
	RO_AGAIN_S = 10,               /* between two doubts about one binding */
	RO_LIFETIME_MIN_S = 8,         /* less is not worth a binding */
};

enum ro_msg { RO_HOTI, RO_COTI, RO_BU, RO_MSG_N };

enum ro_phase {
	RO_REST,         /* nothing is asked; bound or not */
	RO_TEST,         /* tokens are fetched */
	RO_UPDATE,       /* an update awaits its answer */
	RO_HOLD,         /* left alone until `hold_until` */
};

/* Messages of one type to one correspondent node: their back-off, and when the last ones left (11.8). */
struct ro_out {
	mono_t due;      /* when to send again, or to give up; never: none is under way */
	span_t backoff;
	uint32_t tries;
	mono_t sent[RO_RATE]; /* oldest at n_sent % RO_RATE */
	uint32_t n_sent;
};

struct ro_token {
	bool is_held;
	uint16_t nonce;
	uint64_t token, cookie;
	mono_t asked_at; /* the answered test left then: no nonce can be older */
};

struct ro_key { struct addr6 hoa, cn; };

struct ro_entry {
	struct ro_key key;
	struct ro_mobile *mobile;
	struct ro_entry *next;         /* of the same mobile */
	struct timer timer;
	enum ro_phase phase;
	bool is_ending;                /* the update says lifetime 0 */
	bool is_last;                  /* and nobody will hear the answer */
	bool is_bound;                 /* acknowledged, and good for data as long as bound_coa is the path's */
	bool is_stored;
	bool has_dp, has_sent;         /* has_sent: an update, so that `seq` is more than a guess */
	struct ro_out out[RO_MSG_N];
	struct ro_token home, coa;     /* coa: for the path's care-of address */

	struct rr_kbm kbm;             /* of the last n_open updates; the last one had number seq */
	uint16_t seq, n_open;
	struct addr6 asked_coa;
	uint32_t asked_s;
	mono_t asked_at;               /* the first of them left: the binding is counted from here, never later than there */

	struct addr6 bound_coa;
	mono_t bound_at, bound_until, refresh_at;
	mono_t held_before;            /* may_hold_until before the present update */
	mono_t may_hold_until;         /* it may hold a binding of ours so long, acknowledged or not, to whatever address */
	mono_t start_at;               /* a start that waits for its turn */
	mono_t quiet_until;            /* data sent by the binding of before is under way */
	mono_t update_at;              /* the update waits for that */
	mono_t hold_until, keep_until; /* keep: remembers failures */
	mono_t wanted_at;
	uint32_t n_fail;               /* in a row */
	uint32_t n_quick;              /* answers met with an update or a new test at once, since the last good one */
};

struct ro_mobile {
	struct addr6 hoa;              /* key */
	struct addr6 coa;              /* key of by_coa: path.coa */
	struct ro_path path;
	struct ro_entry *first;
	uint32_t n_entry;
};

static inline bool ro_is_home(const struct ro_mobile *mo) { return addr6_eq(&mo->path.coa, &mo->hoa); }
static inline bool ro_may_hold(const struct ro_entry *e, mono_t now) { return mono_before(now, e->may_hold_until); }
static inline bool ro_is_optimised(const struct ro_entry *e) { return e->is_bound && addr6_eq(&e->bound_coa, &e->mobile->path.coa); }

/* ro_msg.c. Send one message of this type; the caller has seen to time and rate. */
void ro_msg_send(struct ro *ro, struct ro_entry *e, enum ro_msg which, struct now now);

/* ro_store.c */
void ro_store(struct ro *ro, struct ro_entry *e, struct now now);
void ro_unstore(struct ro *ro, struct ro_entry *e);

/* ro.c */
int ro_mobile_add(struct ro *ro, const struct addr6 *hoa, const struct ro_path *path);
struct ro_mobile *ro_mobile_find(const struct ro *ro, const struct addr6 *hoa);
struct ro_entry *ro_entry_find(const struct ro *ro, const struct addr6 *hoa, const struct addr6 *cn);

/* ro_entry.c */
struct ro_entry *ro_entry_add(struct ro *ro, struct ro_mobile *mo, const struct addr6 *cn); /* NULL: no memory */
void ro_forget(struct ro *ro, struct ro_entry *e, struct now now);
void ro_arm(struct ro *ro, struct ro_entry *e);                 /* after any change of its times */
void ro_put_dp(struct ro *ro, struct ro_entry *e, struct now now); /* after any change of its phase or binding */

/* ro_run.c */
bool ro_start(struct ro *ro, struct ro_entry *e, struct now now);
void ro_start_in_turn(struct ro *ro, struct ro_entry *e, struct now now);
void ro_proceed(struct ro *ro, struct ro_entry *e, struct now now);
void ro_update(struct ro *ro, struct ro_entry *e, struct now now);
void ro_unbind(struct ro *ro, struct ro_entry *e, const char *why, struct now now);
void ro_stop_asking(struct ro_entry *e);
bool ro_is_fresh(const struct ro_token *t, mono_t now);
bool ro_is_used(const struct ro *ro, const struct ro_entry *e, mono_t since);
/* What ro_msg.c found to be an answer. */
void ro_on_token(struct ro *ro, struct ro_entry *e, struct now now);
void ro_on_accepted(struct ro *ro, struct ro_entry *e, uint32_t lifetime_s, struct now now);
void ro_on_refused(struct ro *ro, struct ro_entry *e, uint8_t status, uint16_t seq, struct now now);
void ro_on_refresh(struct ro *ro, struct ro_entry *e, struct now now);   /* BRR */
void ro_on_unknown(struct ro *ro, struct ro_entry *e, struct now now);   /* BE, status 1 */
void ro_on_incapable(struct ro *ro, struct ro_entry *e, const char *why, struct now now);
void ro_on_unreachable(struct ro *ro, struct ro_entry *e, struct now now);
