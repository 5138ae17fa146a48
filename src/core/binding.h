/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A table of bindings, keyed by home address: the receiver's side of registrations,
 * shared by home agent and MMA.
 *
 * struct binding is the part that all have; a role embeds it as the first member of an entry of its own.
 * Entries come from slabs, never move, and cost no allocation of their own. Each has one
 * deadline, `due`; the timer behind it is moved only when the deadline comes nearer, so that a
 * refresh costs nothing in the heap and a million bindings stay cheap.
 *
 * After its lifetime a binding is kept for a while as replay state (RFC 6275 10.3.2): what that means is
 * the owner's, through `state`.
 */
#include "base/addr.h"
#include "base/table.h"
#include "base/timer.h"
#include "core/auth/replay.h"

enum binding_state {
	BINDING_NEW,       /* entry exists, nothing granted yet (duplicate detection runs) */
	BINDING_ACTIVE,
	BINDING_GONE,      /* expired or de-registered: only seq and stamp count */
};

struct binding {
	struct addr6 hoa;        /* key; never changes */
	struct addr6 coa;
	mono_t expires;          /* end of the granted lifetime */
	mono_t due;              /* set with binding_due */
	uint64_t stamp;          /* of the last accepted update */
	struct timer timer;      /* private: when <= due */
	uint16_t seq;            /* of the last accepted update */
	uint16_t lifetime;       /* granted, units of 4 s */
	uint8_t state;           /* enum binding_state */
	uint8_t flags;           /* the owner's */
};

struct bindings {
	struct table by_hoa;
	struct timers timers;
	void *chunks, *free;
	uint32_t entry_oct, max;
	const struct mem_ops *mem;
};

/* entry_oct: size of the owner's entry, struct binding first. max: entries at most. */
void bindings_init(struct bindings *bs, const struct mem_ops *mem, const struct rng *rng, size_t entry_oct,
		   uint32_t max);
void bindings_fini(struct bindings *bs);

void *binding_find(const struct bindings *bs, const struct addr6 *hoa);
/* A zeroed entry for a home address that has none; NULL when max is reached or memory is out. Its deadline can
 * be set without failure from now on. */
void *binding_add(struct bindings *bs, const struct addr6 *hoa);
void binding_del(struct bindings *bs, struct binding *b);
static inline uint32_t bindings_count(const struct bindings *bs) { return table_count(&bs->by_hoa); }

/* Set the deadline; MONO_NEVER for none. */
void binding_due(struct bindings *bs, struct binding *b, mono_t when);
/* One whose deadline has come (it has none then), or NULL. */
void *bindings_pop(struct bindings *bs, mono_t now);
/* No deadline is before this; may be early, never late. */
static inline mono_t bindings_expiry(const struct bindings *bs) { return timers_next(&bs->timers); }

/* Visits every entry once; start with *it = 0. The table must not change meanwhile. */
static inline void *bindings_next(const struct bindings *bs, uint64_t *it) { return table_next(&bs->by_hoa, it); }
