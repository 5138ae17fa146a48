/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mobile routers (RFC 3963): a binding with R moves whole prefixes with the home address.
 *
 * Which prefixes a mobile router may have is configured in its block, the Prefix Table of 6.1.2: no two mobiles can
 * have the same, so a claim is checked against the claimant's own entry alone. An update that names prefixes
 * (explicit mode) gets those, all or none; one that names none (implicit mode) gets all that are configured.
 * What is granted is kept beside the binding, in `routers`, for most bindings have none.
 *
 * While bound, the datapath tunnels for the prefix as for the home address, and a route draws the host's own and the
 * forwarded packets to roam0. At home the prefix is behind the mobile router's home address on the home link: a less
 * preferred route says so for as long as the link is up. On a virtual home link, where nobody is ever at home, that route
 * leads to roam0 too, so that packets do not go round in circles.
 *
 * Left out: routing protocols through the tunnel (section 8).
 */
#include "base/err.h"
#include "role/ha/ha_i.h"

enum { METRIC_BOUND = 128, METRIC_AT_HOME = 1024 };

bool ha_takes_routers(const struct ha *h) { return h->mobiles.has_network; }

static bool is_usable(const struct ha *h, const struct prefix6 *p)
{
	static const struct addr6 zero;
	struct addr6 head = prefix6_join(p, &zero);

	return p->len_bits > 0 && p->len_bits <= 128 && addr6_eq(&head, &p->addr) && addr6_is_routable(&p->addr) &&
	       !prefix6_contains(p, &h->conf.address);
}

bool ha_net_is_takeable(const struct ha *h, const struct prefix6 *p, bool is_v4)
{
	static const struct addr6 zero;
	struct addr6 head = prefix6_join(p, &zero);

	return p->len_bits > (is_v4 ? 96 : 0) && p->len_bits <= 128 && addr6_is_v4mapped(&p->addr) == is_v4 && addr6_eq(&head, &p->addr) &&
	       !prefix6_contains(p, &h->conf.address) && !prefix6_contains(p, &h->conf.v4.address);
}

static bool is_within(const struct prefix6 *inner, const struct prefix6 *outer)
{
	return inner->len_bits >= outer->len_bits && prefix6_contains(outer, &inner->addr);
}

const char *ha_net_conf_check(const struct ha_conf *c)
{
	for (uint32_t i = 0; i < c->n_mobile; i++) {
		const struct ha_mobile_conf *m = &c->mobile[i];
		if (m->n_network && m->home.len_bits != 128)
			return "network needs a mobile block of its own: a home address, not a prefix";
		for (uint32_t j = 0; j < m->n_network; j++)
			if (prefix6_contains(&m->network[j], &c->address) || prefix6_contains(&m->network[j], &c->v4.address))
				return "a mobile network cannot contain the home agent's address";
	}
	for (uint32_t i = 0; i < c->n_mobile; i++)
		for (uint32_t k = 0; k < c->mobile[i].n_network; k++)
			for (uint32_t j = i + 1; j < c->n_mobile; j++)
				for (uint32_t l = 0; l < c->mobile[j].n_network; l++)
					if (is_within(&c->mobile[i].network[k], &c->mobile[j].network[l]) ||
					    is_within(&c->mobile[j].network[l], &c->mobile[i].network[k]))
						return "two mobiles have networks that overlap";
	return NULL;
}

static const struct ha_mobile_conf *networks_of(const struct ha *h, const struct addr6 *hoa)
{
	const struct ha_mobile *m = ha_mobile_find(h, hoa);
	return m ? &h->conf.mobile[m->conf] : NULL;
}

uint32_t ha_net_of_family(const struct ha_mobile_conf *m, bool is_v4, struct prefix6 out[static HA_NET_MAX])
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n_network; i++)
		if (addr6_is_v4mapped(&m->network[i].addr) == is_v4)
			out[n++] = m->network[i];
	return n;
}

static bool is_authorised(const struct ha_mobile_conf *m, const struct prefix6 *p)
{
	for (uint32_t i = 0; m && i < m->n_network; i++)
		if (is_within(p, &m->network[i]))
			return true;
	return false;
}

enum ba_status ha_net_check(const struct ha *h, const struct ha_bu *bu)
{
	const struct ha_mobile_conf *m = networks_of(h, &bu->hoa);

	if (!(bu->flags & BU_R) || bu->is_dereg)
		return BA_ACCEPTED;
	if (!ha_takes_routers(h))
		return BA_MR_NOT_PERMITTED;
	if (bu->n_net == 0)
		return m && m->n_network ? BA_ACCEPTED : BA_FORWARDING_FAILED;
	for (uint32_t i = 0; i < bu->n_net; i++)
		if (!is_usable(h, &bu->net[i]))
			return BA_INVALID_PREFIX;
	for (uint32_t i = 0; i < bu->n_net; i++)
		if (!is_authorised(m, &bu->net[i]))
			return BA_NOT_AUTHORISED_PREFIX;
	return BA_ACCEPTED;
}

/* --- forwarding ------------------------------------------------------------------------------------------ */

static void route(struct ha *h, const struct prefix6 *net, enum effect_kind kind)
{
	struct fx_route r = {.dst = *net, .ifindex = IFINDEX_ROAM0, .metric = METRIC_BOUND};
	fx_route(h->env.fx, ROLE_HA, kind, &r);
}

static void forward(struct ha *h, const struct ha_router *r, const struct prefix6 *net, bool is_on)
{
	struct dp_op op = {.table = DP_NET, .net = {.prefix = *net, .home_address = r->hoa}};

	if (is_on) {
		fx_dp_put(h->env.fx, ROLE_HA, &op);
		route(h, net, FX_ROUTE_PUT);
	} else {
		route(h, net, FX_ROUTE_DEL);
		fx_dp_del(h->env.fx, ROLE_HA, &op);
	}
}

static bool has(const struct prefix6 *list, uint32_t n, const struct prefix6 *p)
{
	for (uint32_t i = 0; i < n; i++)
		if (prefix6_eq(&list[i], p))
			return true;
	return false;
}

static struct ha_router *router_new(struct ha *h, const struct addr6 *hoa)
{
	struct ha_router *r = mem_zget(h->env.mem, sizeof *r);
	if (!r)
		return NULL;
	r->hoa = *hoa;
	if (table_add(&h->routers, r) == ERR_OK)
		return r;
	mem_put(h->env.mem, r);
	return NULL;
}

struct ha_router *ha_net_find(const struct ha *h, const struct addr6 *hoa) { return table_find(&h->routers, hoa); }

/* Prefixes that are not asked for again are forwarded no more (6.2). */
bool ha_net_set(struct ha *h, const struct addr6 *hoa, const struct prefix6 *net, uint32_t n)
{
	struct ha_router *r = ha_net_find(h, hoa);
	if (!r && !(r = router_new(h, hoa)))
		return false;
	struct ha_router was = *r;
	r->lingers = false;
	r->n_net = n < HA_NET_MAX ? n : HA_NET_MAX;
	memcpy(r->net, net, r->n_net * sizeof *net);
	for (uint32_t i = 0; i < was.n_net; i++)
		if (!has(r->net, r->n_net, &was.net[i]))
			forward(h, r, &was.net[i], false);
	for (uint32_t i = 0; i < r->n_net; i++)
		if (was.lingers || !has(was.net, was.n_net, &r->net[i]))
			forward(h, r, &r->net[i], true);
	return true;
}

bool ha_net_grant(struct ha *h, const struct ha_bu *bu)
{
	const struct ha_mobile_conf *m = networks_of(h, &bu->hoa);

	if (!(bu->flags & BU_R))
		return true;
	if (bu->n_net)
		return ha_net_set(h, &bu->hoa, bu->net, bu->n_net);
	struct prefix6 net[HA_NET_MAX];
	return m && ha_net_set(h, &bu->hoa, net, ha_net_of_family(m, false, net));
}

void ha_net_again(struct ha *h, const struct addr6 *hoa)
{
	const struct ha_router *r = ha_net_find(h, hoa);
	for (uint32_t i = 0; r && i < r->n_net; i++)
		forward(h, r, &r->net[i], true);
}

void ha_net_linger(struct ha *h, const struct addr6 *hoa)
{
	struct ha_router *r = ha_net_find(h, hoa);
	for (uint32_t i = 0; r && i < r->n_net; i++)
		route(h, &r->net[i], FX_ROUTE_DEL);
	if (r)
		r->lingers = true;
}

void ha_net_end(struct ha *h, const struct addr6 *hoa)
{
	struct ha_router *r = ha_net_find(h, hoa);
	if (!r)
		return;
	for (uint32_t i = 0; i < r->n_net; i++)
		forward(h, r, &r->net[i], false);
	(void)table_del(&h->routers, hoa);
	mem_put(h->env.mem, r);
}

bool ha_net_is_still_authorised(const struct ha *h, const struct addr6 *hoa)
{
	const struct ha_router *r = ha_net_find(h, hoa);
	for (uint32_t i = 0; r && i < r->n_net; i++)
		if (!is_authorised(networks_of(h, hoa), &r->net[i]))
			return false;
	return true;
}

void ha_net_fini(struct ha *h)
{
	struct ha_router *r;
	for (uint64_t it = 0; (r = table_next(&h->routers, &it));)
		mem_put(h->env.mem, r);
	table_fini(&h->routers);
}

void ha_net_home_routes(struct ha *h, const struct ha_link *l, enum effect_kind kind)
{
	for (uint32_t i = 0; i < h->conf.n_mobile; i++) {
		const struct ha_mobile_conf *m = &h->conf.mobile[i];
		for (uint32_t j = 0; j < m->n_network; j++) {
			const struct addr6 *home = addr6_is_v4mapped(&m->network[j].addr) && !addr6_is_none(&m->home_v4) ? &m->home_v4 : &m->home.addr;
			struct fx_route r = {.dst = m->network[j], .ifindex = IFINDEX_ROAM0, .metric = METRIC_AT_HOME};
			if (ha_link_of(h, home) != l)
				continue;
			if (l) {
				r.ifindex = l->ifindex;
				r.via = *home;
			}
			fx_route(h->env.fx, ROLE_HA, kind, &r);
		}
	}
}
