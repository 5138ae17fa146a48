/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pool of care-of addresses. Addresses are drawn at random, so that nobody guesses who has which; in a pool
 * so small that drawing keeps meeting taken ones, all are tried in turn from a random one on. What is taken is
 * what by_coa holds: active bindings, and released ones at rest.
 */
#include "role/mma/mma_i.h"

enum { DRAWS = 32, SCAN_MAX_BITS = 16 };

/* Not the subnet-router anycast address (RFC 4291 2.6.1). */
static bool is_free(const struct mma *m, const struct addr6 *a)
{
	return !addr6_eq(a, &m->conf.coa_prefix.addr) && !table_find(&m->by_coa, a);
}

/* The address of this number in a pool of at most 2^16. */
static struct addr6 nth(const struct mma *m, uint32_t n)
{
	struct addr6 id = {.b = {[14] = (uint8_t)(n >> 8), [15] = (uint8_t)n}};
	return prefix6_join(&m->conf.coa_prefix, &id);
}

static bool scan(const struct mma *m, uint32_t size, struct addr6 *coa)
{
	uint32_t from = rng_below(m->env->rng, size);
	for (uint32_t i = 0; i < size; i++) {
		*coa = nth(m, (from + i) % size);
		if (is_free(m, coa))
			return true;
	}
	return false;
}

bool mma_pool_draw(const struct mma *m, struct addr6 *coa)
{
	uint32_t bits = 128u - m->conf.coa_prefix.len_bits;
	for (int i = 0; i < DRAWS; i++) {
		struct addr6 id;
		m->env->rng->fill(m->env->rng->ctx, &id, sizeof id);
		*coa = prefix6_join(&m->conf.coa_prefix, &id);
		if (is_free(m, coa))
			return true;
	}
	return bits <= SCAN_MAX_BITS && scan(m, 1u << bits, coa);
}
