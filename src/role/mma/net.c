/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mobile routers (RFC 3963) at a site's agent: their networks are configured in their blocks, no two have the same, and the
 * datapath takes the addresses of a network for the home address of its router, registered or not. So there is nothing
 * to remember for each registration: an update that names other prefixes, or a router that has none here, is refused,
 * and the mobile goes on without us.
 */
#include "role/mma/mma_i.h"

static bool is_within(const struct prefix6 *inner, const struct prefix6 *outer)
{
	return inner->len_bits >= outer->len_bits && prefix6_contains(outer, &inner->addr);
}

static bool overlaps(const struct mma_mobile_conf *a, const struct mma_mobile_conf *b)
{
	for (uint32_t i = 0; i < a->n_network; i++)
		for (uint32_t k = 0; k < b->n_network; k++)
			if (is_within(&a->network[i], &b->network[k]) || is_within(&b->network[k], &a->network[i]))
				return true;
	return false;
}

const char *mma_net_conf_check(const struct mma_conf *c)
{
	for (uint32_t i = 0; i < c->n_mobile; i++) {
		const struct mma_mobile_conf *m = &c->mobile[i];
		if (m->n_network && m->home.len_bits != 128)
			return "network needs a mobile block of its own: a home address, not a prefix";
		for (uint32_t k = i + 1; k < c->n_mobile && m->n_network; k++)
			if (overlaps(m, &c->mobile[k]))
				return "two mobiles have networks that overlap";
	}
	return NULL;
}

void mma_net_push(struct mma *m, void (*how)(struct effq *, enum role_id, const struct dp_op *))
{
	for (uint32_t i = 0; i < m->conf.n_mobile; i++) {
		const struct mma_mobile_conf *c = &m->conf.mobile[i];
		for (uint32_t k = 0; k < c->n_network; k++) {
			struct dp_op op = {.table = DP_NET, .net = {.prefix = c->network[k], .home_address = c->home.addr}};
			how(m->env->fx, ROLE_MMA, &op);
		}
	}
}

bool mma_net_allows(const struct mma_mobile *mobile, const struct prefix6 *p)
{
	for (uint32_t i = 0; i < mobile->conf->n_network; i++)
		if (is_within(p, &mobile->conf->network[i]))
			return true;
	return false;
}
