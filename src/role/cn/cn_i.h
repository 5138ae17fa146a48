/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Inside the correspondent node: its state, and what its files give each other. */
#include "base/table.h"
#include "base/timer.h"
#include "core/engine.h"
#include "core/rate.h"
#include "core/ro/rr.h"
#include "role/cn/cn.h"

enum { CN_LOCAL_MAX = 64 };

/* An address of this host, on an interface that the configuration admits. */
struct cn_local { struct addr6 addr; uint32_t ifindex; };

struct cn_link { uint32_t ifindex; };

struct cn_key { struct addr6 hoa, self; };

/*
 * What may not come again of bindings that have ended, as long as its nonces count (RFC 6275 5.2.8, 9.5.3): an update that was
 * accepted once has a number from lo to hi (modulo 2^16) and no newer nonce than these.
 */
struct cn_past {
	mono_t until;                  /* those nonces count until then; 0: nothing is remembered */
	bool is_removed;               /* by the mobile: then those nonces make no binding again, whatever the number */
	uint16_t lo, hi;
	uint16_t nonce_home, nonce_coa;
};

struct cn_site { uint8_t prefix[8]; uint32_t n; }; /* bindings that have their care-of address in this /64 */

struct cn_binding {
	struct cn_key key;             /* never changes */
	struct addr6 coa;
	bool is_active;                /* else it is only remembered */
	mono_t expires;
	uint32_t lifetime_s;
	uint16_t first_seq, seq;       /* accepted in this life: first and last */
	uint16_t nonce_home, nonce_coa;/* the newest used in this life */
	mono_t nonce_end;              /* the newest home nonce of this life counts until then */
	struct cn_past past;
	struct timer timer;            /* refresh request, end of life, end of memory */
	uint32_t n_asked;              /* times at which a refresh was or was not asked for, in this lifetime */
	uint32_t n_unreachable;        /* ICMP errors in a row, and since when */
	mono_t unreachable_since;
	struct cn_site *site;          /* NULL when not active */
	struct cn_binding *older, *newer; /* by last update, the active ones */
};

struct cn_cache {
	struct table by_key;           /* all */
	struct table sites;
	struct timers timers;
	struct cn_binding *oldest, *newest;
	uint32_t n_active;
	const struct mem_ops *mem;
};

struct cn {
	const struct engine_env *env;
	struct cn_conf conf;
	struct rr_nonces nonces;
	struct cn_cache cache;
	struct cn_local local[CN_LOCAL_MAX];
	uint32_t n_local;
	struct cn_link link[CN_LOCAL_MAX];
	uint32_t n_link;
	struct rate tests, refusals;
	uint64_t n_tests, n_accepted, n_refused, n_evicted;
};

extern const struct conf_block cn_conf_block;

bool cn_is_local(const struct cn *cn, const struct addr6 *a);

/* rr.c: Home Test Init and Care-of Test Init. */
void cn_rr_rx(struct cn *cn, const struct mh_packet *p, struct now now);

/* bu.c: Binding Updates. */
void cn_bu_rx(struct cn *cn, const struct mh_packet *p, struct now now);

/* cache.c: the binding cache. */
struct cn_grant { struct addr6 coa; uint16_t seq, nonce_home, nonce_coa; uint32_t lifetime_s; };
void cn_cache_init(struct cn_cache *c, const struct engine_env *env);
/* Memory only. */
void cn_cache_fini(struct cn_cache *c);
/* Active or remembered, or NULL. */
struct cn_binding *cn_cache_find(const struct cn_cache *c, const struct addr6 *hoa, const struct addr6 *self);
struct cn_binding *cn_cache_next(const struct cn_cache *c, uint64_t *it);
/* Is an update of a life that has ended? CN_OLD_SEQ: one with this number may have been accepted then; CN_OLD_NONCES: the
 * mobile ended that life, and may not use its nonces again. */
enum cn_old { CN_NOT_OLD, CN_OLD_SEQ, CN_OLD_NONCES };
enum cn_old cn_cache_is_old(const struct cn_binding *b, const struct cn_grant *g, bool is_delete, mono_t now);
/* Enter or refresh. ERR_FULL, ERR_NOMEM: nothing has changed. */
int cn_cache_bind(struct cn *cn, const struct cn_key *key, const struct cn_grant *g, struct now now);
/* The mobile ended it: g is the update that said so. */
void cn_cache_unbind(struct cn *cn, struct cn_binding *b, const struct cn_grant *g, struct now now);
/* No binding is known, but the datapath may have one yet of the daemon before this one. */
void cn_cache_purge(struct cn *cn, const struct cn_key *key);
/* We end it. b may be gone afterwards. */
void cn_cache_end(struct cn *cn, struct cn_binding *b, const char *cause, struct now now);
/* All of an address of ours that is gone; NULL: all. */
void cn_cache_end_all(struct cn *cn, const struct addr6 *self, const char *cause, struct now now);
void cn_cache_tick(struct cn *cn, struct now now);
static inline mono_t cn_cache_expiry(const struct cn_cache *c) { return timers_next(&c->timers); }

/* error.c: what we tell of packets that we do not take, and what we are told of ours. */
bool cn_may_refuse(struct cn *cn, const struct addr6 *to, struct now now);
void cn_error_rx_mh(struct cn *cn, const struct rx *rx, const struct mh_packet *p, enum wire_err err, struct now now);
bool cn_error_rx_hao(struct cn *cn, const struct rx *rx, struct now now);
bool cn_error_rx_icmp(struct cn *cn, const struct rx *rx, struct now now);

/* show.c */
void cn_show(const void *self, const char *what, struct show *out, struct now now);
