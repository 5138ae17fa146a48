/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Memory and randomness as parameters. An engine allocates only through the
 * mem_ops it was given and draws only from the rng it was given, so the simulator
 * can bound the one and seed the other.
 */
#include <stddef.h>
#include <stdint.h>

/* Bytes that are read during a call and not kept. */
struct iov_in { const void *p; size_t len_oct; };

struct mem_ops {
	void *(*resize)(void *ctx, void *old, size_t len_oct); /* realloc semantics; NULL on failure; len 0 frees */
	void *ctx;
};

static inline void *mem_get(const struct mem_ops *m, size_t n) { return m->resize(m->ctx, NULL, n); }
static inline void mem_put(const struct mem_ops *m, void *p)
{
	if (p)
		(void)m->resize(m->ctx, p, 0);
}
/* Zeroed. */
static inline void *mem_zget(const struct mem_ops *m, size_t n)
{
	void *p = mem_get(m, n);
	if (p)
		__builtin_memset(p, 0, n);
	return p;
}

struct rng {
	void (*fill)(void *ctx, void *dst, size_t len_oct);
	void *ctx;
};

static inline uint32_t rng_u32(const struct rng *r)
{
	uint32_t v;
	r->fill(r->ctx, &v, sizeof v);
	return v;
}
/* Uniform enough for jitter: 0 <= result < bound; 0 when bound is 0. */
static inline uint32_t rng_below(const struct rng *r, uint32_t bound)
{
	return bound ? (uint32_t)(((uint64_t)rng_u32(r) * bound) >> 32) : 0;
}
