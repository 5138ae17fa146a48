/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pools: care-of addresses, the IPv4 site's addresses, and IPv4 groups. Addresses are drawn at random, so that nobody guesses who has which; in a pool
 * so small that drawing keeps meeting taken ones, all are tried in turn from a random one on. What is taken is
 * what by_coa holds (active bindings, and released ones at rest), and by_group.
 */
#include "role/mma/mma_i.h"

enum { DRAWS = 32, SCAN_MAX_BITS = 16 };

struct pool { const struct prefix6 *prefix; const struct table *taken; };

/* Neither the first (RFC 4291 2.6.1: subnet-router anycast; a network's own address) nor, in IPv4, the last one, a broadcast. */
static bool is_free(const struct pool *p, const struct addr6 *a)
{
	static const struct addr6 ones = {{[0 ... 15] = 0xff}};
	struct addr6 last = prefix6_join(p->prefix, &ones);
	bool is_last = addr6_is_v4mapped(a) && addr6_eq(a, &last);
	return !addr6_eq(a, &p->prefix->addr) && !is_last && !table_find(p->taken, a);
}

/* The address of this number in a pool of at most 2^16. */
static struct addr6 nth(const struct pool *p, uint32_t n)
{
	struct addr6 id = {.b = {[14] = (uint8_t)(n >> 8), [15] = (uint8_t)n}};
	return prefix6_join(p->prefix, &id);
}

static bool scan(const struct mma *m, const struct pool *p, uint32_t size, struct addr6 *found)
{
	uint32_t from = rng_below(m->env->rng, size);
	for (uint32_t i = 0; i < size; i++) {
		*found = nth(p, (from + i) % size);
		if (is_free(p, found))
			return true;
	}
	return false;
}

static bool draw(const struct mma *m, const struct pool *p, struct addr6 *found)
{
	uint32_t bits = 128u - p->prefix->len_bits;
	for (int i = 0; i < DRAWS; i++) {
		struct addr6 id;
		m->env->rng->fill(m->env->rng->ctx, &id, sizeof id);
		*found = prefix6_join(p->prefix, &id);
		if (is_free(p, found))
			return true;
	}
	return bits <= SCAN_MAX_BITS && scan(m, p, 1u << bits, found);
}

bool mma_pool_draw(const struct mma *m, bool is_v4, struct addr6 *addr)
{
	return draw(m, &(struct pool){is_v4 ? &m->conf.site_pool : &m->conf.coa_prefix, &m->by_coa}, addr);
}

bool mma_pool_draw_group(const struct mma *m, struct addr6 *group)
{
	return draw(m, &(struct pool){&m->conf.group_prefix_v4, &m->by_group}, group);
}
