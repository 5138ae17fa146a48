/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A bench for an engine: memory that is counted and can run out, seeded randomness, keys, a clock that
 * stands still until told otherwise, and the effects of the last call.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/prng.h"
#include "core/engine.h"
#include "core/auth/sa.h"
#include "effects.h"
#include "plat/crypto_openssl.h"

enum { KIT_KEYS = 4, KIT_LINKS = 4 };

struct kit_mem { long blocks; long left; /* allocations until memory is out; -1: never */ };

static inline void *kit_resize(void *ctx, void *old, size_t n)
{
	struct kit_mem *m = ctx;
	if (n == 0) {
		m->blocks -= old != NULL;
		free(old);
		return NULL;
	}
	if (m->left == 0)
		return NULL;
	m->left -= m->left > 0;
	m->blocks += old == NULL;
	return realloc(old, n);
}

struct kit {
	struct kit_mem heap;
	struct mem_ops mem;
	struct prng prng;
	struct rng rng;
	struct effq fx;
	struct counters count;
	struct engine_env env;
	struct now now;
	struct sa_key key[KIT_KEYS];
	size_t n_key;
	const char *link[KIT_LINKS]; /* names; the ifindex is the place, from 1 */
	size_t n_link;
};

static inline uint32_t kit_ifindex(void *ctx, const char *name)
{
	const struct kit *k = ctx;
	for (size_t i = 0; i < k->n_link; i++)
		if (strcmp(k->link[i], name) == 0)
			return (uint32_t)i + 1;
	return 0;
}

static inline const struct sa_key *kit_key(void *ctx, const char *name)
{
	const struct kit *k = ctx;
	for (size_t i = 0; i < k->n_key; i++)
		if (strcmp(k->key[i].name, name) == 0)
			return &k->key[i];
	return NULL;
}

/* k must not move afterwards. */
static inline void kit_init(struct kit *k)
{
	memset(k, 0, sizeof *k);
	k->heap.left = -1;
	k->mem = (struct mem_ops){kit_resize, &k->heap};
	prng_seed(&k->prng, 1);
	k->rng = prng_rng(&k->prng);
	effq_init(&k->fx, &k->mem);
	k->now = (struct now){{1000 * NS_PER_S}, {1800000000 * NS_PER_S}};
	k->env = (struct engine_env){.mem = &k->mem, .rng = &k->rng, .crypto = &crypto_openssl, .fx = &k->fx,
				     .count = &k->count, .ifindex = kit_ifindex, .key = kit_key, .ctx = k};
}

/* Everything allocated must have been given back. */
static inline void kit_fini(struct kit *k)
{
	for (size_t i = 0; i < k->n_key; i++)
		sa_key_fini(&k->key[i], &crypto_openssl);
	effq_fini(&k->fx);
	assert_int_equal(k->heap.blocks, 0);
}

static inline const struct sa_key *kit_add_key(struct kit *k, const char *name, uint32_t spi, enum mac_alg alg, const char *raw)
{
	struct sa_key *s = &k->key[k->n_key++];
	assert_int_equal(sa_key_init(s, &crypto_openssl, name, spi, alg, raw, strlen(raw)), ERR_OK);
	return s;
}

static inline void kit_advance(struct kit *k, span_t d)
{
	k->now.mono.ns += d.ns;
	k->now.wall.ns += d.ns;
}

static inline const struct effect *kit_fx(const struct kit *k, enum effect_kind kind, size_t nth) { return effects_nth(&k->fx, kind, nth); }
static inline const struct dp_op *kit_dp(const struct kit *k, enum effect_kind kind, enum dp_table table, size_t nth)
{
	return effects_dp(&k->fx, kind, table, nth);
}
static inline size_t kit_n_fx(const struct kit *k, enum effect_kind kind) { return effects_count(&k->fx, kind); }
static inline void kit_clear(struct kit *k) { effq_reset(&k->fx); }

/* The sum of all counters: what a test compares when nothing may be counted. */
static inline uint64_t kit_counted(const struct kit *k)
{
	uint64_t n = 0;
	for (int i = 0; i < REASON_N; i++)
		n += k->count.n[i];
	return n;
}
