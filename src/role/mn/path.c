/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the host and its datapath are told: addresses, routes, tunnels. Nothing here decides.
 *
 * Away, the home address is a /128 on roam0 with a default route through it. The care-of address is a /128 too: no
 * route of the visited link may draw packets of the home address past the tunnel. At home, the home
 * address lies on the home link with its prefix, put there before it is taken from roam0, so that no socket sees it gone.
 */
#include <string.h>

#include "role/mn/state.h"

static const struct prefix6 everywhere; /* ::/0 */

void mn_path_iface(struct mn_if *ifc)
{
	struct dp_op op = {.table = DP_IF, .iface = {.ifindex = ifc->ifindex, .flags = DP_IF_MOBILE, .lladdr = ifc->lladdr,
						     .mtu_oct = ifc->mtu_oct}};
	ifc->has_dp = true;
	fx_dp_put(mn_fx(ifc->mn), ROLE_MN, &op);
}

void mn_path_iface_gone(struct mn_if *ifc)
{
	struct dp_op op = {.table = DP_IF, .iface = {.ifindex = ifc->ifindex}};
	if (ifc->has_dp)
		fx_dp_del(mn_fx(ifc->mn), ROLE_MN, &op);
	ifc->has_dp = false;
	struct mn *mn = ifc->mn;
	for (uint32_t i = 0; i < MN_COA_MAX; i++)
		if (mn->coa[i].ifindex == ifc->ifindex)
			mn->coa[i].is_used = false;
	if (mn->home_if == ifc)
		mn->home_if = NULL;
	if (mn->v4.home_if == ifc)
		mn->v4.home_if = NULL;
}

static void local(struct mn *mn, bool is_put, const struct addr6 *a)
{
	struct dp_op op = {.table = DP_LOCAL, .local = {.addr = *a, .flags = DP_LOCAL_MH}};
	if (is_put)
		fx_dp_put(mn_fx(mn), ROLE_MN, &op);
	else
		fx_dp_del(mn_fx(mn), ROLE_MN, &op);
}

static void coa_del(struct mn *mn, struct mn_coa *c)
{
	struct fx_addr a = {.ifindex = c->ifindex, .addr = c->addr, .plen_bits = 128};
	c->is_used = false;
	local(mn, false, &c->addr);
	fx_addr(mn_fx(mn), ROLE_MN, FX_ADDR_DEL, &a);
}

/* A free slot, else that of the address that goes first anyway. */
static struct mn_coa *coa_slot(struct mn *mn)
{
	struct mn_coa *first = &mn->coa[0];
	for (uint32_t i = 0; i < MN_COA_MAX; i++) {
		if (!mn->coa[i].is_used)
			return &mn->coa[i];
		if (mono_before(mn->coa[i].until, first->until))
			first = &mn->coa[i];
	}
	coa_del(mn, first);
	return first;
}

void mn_path_coa(struct mn_if *ifc)
{
	struct mn *mn = ifc->mn;
	for (uint32_t i = 0; i < MN_COA_MAX; i++) {
		struct mn_coa *c = &mn->coa[i];
		if (c->is_used && c->ifindex == ifc->ifindex && addr6_eq(&c->addr, &ifc->coa)) {
			c->until = MONO_NEVER;
			return;
		}
	}
	struct mn_coa *c = coa_slot(mn);
	*c = (struct mn_coa){.is_used = true, .ifindex = ifc->ifindex, .addr = ifc->coa, .until = MONO_NEVER};
	struct fx_addr a = {.ifindex = ifc->ifindex, .addr = ifc->coa, .plen_bits = 128,
			    .flags = mn->conf.dad == MN_DAD_OPTIMISTIC ? ADDR_OPTIMISTIC : ADDR_NODAD};
	local(mn, true, &ifc->coa);
	fx_addr(mn_fx(mn), ROLE_MN, FX_ADDR_ADD, &a);
}

static void tunnel_del(struct mn *mn, struct mn_tunnel *t)
{
	struct dp_op op = {.table = DP_DOWNLINK_IN, .downlink_in = {.dst = t->dst, .src = t->src}};
	t->is_used = false;
	fx_dp_del(mn_fx(mn), ROLE_MN, &op);
}

static struct mn_tunnel *tunnel_slot(struct mn *mn)
{
	struct mn_tunnel *first = &mn->tunnel[0];
	for (uint32_t i = 0; i < MN_TUNNEL_MAX; i++) {
		if (!mn->tunnel[i].is_used)
			return &mn->tunnel[i];
		if (mono_before(mn->tunnel[i].until, first->until))
			first = &mn->tunnel[i];
	}
	tunnel_del(mn, first);
	return first;
}

/* Senders of what comes by a detour: those the mobile acts for; at home, those that an agent was left for. */
static bool wants_ro(const struct mn *mn, const struct addr6 *dst)
{
	return mn_ro_is_ours(mn) || (mn->conf.route_optimisation != MN_RO_OFF && addr6_eq(dst, &mn->conf.home_address));
}

/* Correspondent nodes' and, on a link without an agent, the home agent's own packets (RFC 6275 10.4.2). */
void mn_path_direct(struct mn *mn)
{
	if ((mn_ro_is_ours(mn) || mn->place == MOVE_PLAIN) && mn->active)
		mn_path_tunnel(mn, &mn->active->coa, &addr6_any, DP_ENCAP_RH2);
}

void mn_path_tunnel(struct mn *mn, const struct addr6 *dst, const struct addr6 *src, enum dp_encap encap)
{
	for (uint32_t i = 0; i < MN_TUNNEL_MAX; i++) {
		struct mn_tunnel *t = &mn->tunnel[i];
		if (t->is_used && addr6_eq(&t->dst, dst) && addr6_eq(&t->src, src)) {
			t->until = MONO_NEVER;
			return;
		}
	}
	struct mn_tunnel *t = tunnel_slot(mn);
	*t = (struct mn_tunnel){.is_used = true, .dst = *dst, .src = *src, .encap = encap, .until = MONO_NEVER};
	struct dp_op op = {.table = DP_DOWNLINK_IN,
			   .downlink_in = {.dst = *dst, .src = *src, .home_address = mn->conf.home_address, .encap = encap,
					   .wants_ro = encap != DP_ENCAP_RH2 && wants_ro(mn, dst)}};
	fx_dp_put(mn_fx(mn), ROLE_MN, &op);
}

static void arm_retire(struct mn *mn)
{
	mono_t next = MONO_NEVER;
	for (uint32_t i = 0; i < MN_COA_MAX; i++)
		if (mn->coa[i].is_used)
			next = mono_min(next, mn->coa[i].until);
	for (uint32_t i = 0; i < MN_TUNNEL_MAX; i++)
		if (mn->tunnel[i].is_used)
			next = mono_min(next, mn->tunnel[i].until);
	mn_arm(mn, &mn->t_retire, MN_T_RETIRE, next);
}

void mn_path_forwarded(struct mn *mn, const struct addr6 *agent, mono_t until)
{
	mn_path_tunnel(mn, &mn->conf.home_address, agent, DP_ENCAP_IPIP);
	for (uint32_t i = 0; i < MN_TUNNEL_MAX; i++) {
		struct mn_tunnel *t = &mn->tunnel[i];
		if (t->is_used && addr6_eq(&t->dst, &mn->conf.home_address) && addr6_eq(&t->src, agent))
			t->until = until;
	}
	arm_retire(mn);
}

void mn_path_uplink(struct mn *mn)
{
	const struct mn_if *ifc = mn->active;
	bool is_site = mn->place == MOVE_SITE;
	if (!ifc || !ifc->router || mn->place == MOVE_HOME)
		return;
	if (is_site && (!reg_is_bound(&mn->mma->reg) || !mn->mma->has_acoa))
		return;
	uint32_t mtu = ifc->router->ra.has_mtu && ifc->router->ra.mtu_oct < ifc->mtu_oct ? ifc->router->ra.mtu_oct : ifc->mtu_oct;
	struct dp_op op = {
		.table = DP_UPLINK_OUT,
		.uplink_out = {
			.inner_src = mn->conf.home_address, .ifindex = ifc->ifindex, .next_hop = ifc->router->lladdr,
			.lladdr = ifc->lladdr, .src = ifc->coa, .dst = is_site ? mn->mma->addr : mn_ha(mn)->addr,
			.encap = is_site ? DP_ENCAP_GRE : DP_ENCAP_IPIP, .gre_key = is_site ? mn->mma->uplink_key : 0,
			.mtu_oct = mtu,
		},
	};
	if (mn->conf.uplink == MN_UPLINK_LITERAL) {
		_Static_assert((int)MN_DIRECT_MAX <= (int)DP_DIRECT_MAX, "all fit");
		memcpy(op.uplink_out.direct, mn->conf.direct, sizeof mn->conf.direct);
		op.uplink_out.n_direct = mn->conf.n_direct;
	}
	mn->has_uplink = true;
	mn->uplink_if = ifc;
	fx_dp_put(mn_fx(mn), ROLE_MN, &op);
}

void mn_path_uplink_soon(struct mn *mn)
{
	const struct mn_if *old = mn->has_uplink ? mn->uplink_if : NULL;
	if (!mn->is_roam0_default || (old && old != mn->active && old->is_up && old->router))
		return;
	mn_path_uplink(mn);
}

void mn_path_uplink_del(struct mn *mn)
{
	struct dp_op op = {.table = DP_UPLINK_OUT, .uplink_out = {.inner_src = mn->conf.home_address}};
	if (mn->has_uplink)
		fx_dp_del(mn_fx(mn), ROLE_MN, &op);
	mn->has_uplink = false;
}

static struct fx_addr roam0_addr(const struct mn *mn)
{
	return (struct fx_addr){.ifindex = IFINDEX_ROAM0, .addr = mn->conf.home_address, .plen_bits = 128,
				.flags = ADDR_NODAD | ADDR_HOME};
}

static struct fx_addr home_addr(const struct mn *mn, const struct mn_if *ifc)
{
	return (struct fx_addr){.ifindex = ifc->ifindex, .addr = mn->conf.home_address,
				.plen_bits = mn->conf.home_prefix.len_bits,
				.flags = (mn->home.is_checked ? ADDR_OPTIMISTIC : ADDR_NODAD) | ADDR_HOME};
}

static struct fx_route roam0_route(const struct mn *mn)
{
	return (struct fx_route){.dst = everywhere, .ifindex = IFINDEX_ROAM0, .src = mn->conf.home_address,
				 .metric = MN_METRIC_ROAM0};
}

static void home_route_del(struct mn *mn)
{
	if (mn->has_home_route)
		fx_route(mn_fx(mn), ROLE_MN, FX_ROUTE_DEL, &mn->home_route);
	mn->has_home_route = false;
}

void mn_path_roam0(struct mn *mn)
{
	struct fx_addr a = roam0_addr(mn);
	if (!mn->is_on_roam0)
		fx_addr(mn_fx(mn), ROLE_MN, FX_ADDR_ADD, &a);
	mn->is_on_roam0 = true;
}

void mn_path_roam0_default(struct mn *mn)
{
	struct fx_route r = roam0_route(mn);
	if (!mn->is_roam0_default)
		fx_route(mn_fx(mn), ROLE_MN, FX_ROUTE_PUT, &r);
	mn->is_roam0_default = true;
	home_route_del(mn);
}

static void roam0_default_del(struct mn *mn)
{
	struct fx_route r = roam0_route(mn);
	if (mn->is_roam0_default)
		fx_route(mn_fx(mn), ROLE_MN, FX_ROUTE_DEL, &r);
	mn->is_roam0_default = false;
}

void mn_path_roam0_del(struct mn *mn)
{
	struct fx_addr a = roam0_addr(mn);
	roam0_default_del(mn);
	if (mn->is_on_roam0)
		fx_addr(mn_fx(mn), ROLE_MN, FX_ADDR_DEL, &a);
	mn->is_on_roam0 = false;
}

static void home_addr_del(struct mn *mn, const struct mn_if *ifc)
{
	struct fx_addr a = home_addr(mn, ifc);
	fx_addr(mn_fx(mn), ROLE_MN, FX_ADDR_DEL, &a);
}

void mn_path_home(struct mn *mn, struct mn_if *ifc)
{
	const struct mn_if *old = mn->home_if;
	struct fx_addr a = home_addr(mn, ifc);
	if (old != ifc)
		fx_addr(mn_fx(mn), ROLE_MN, FX_ADDR_ADD, &a);
	mn->home_if = ifc;
	mn->is_home_unknown = false;
	if (old && old != ifc)
		home_addr_del(mn, old);
	struct fx_route r = {.dst = everywhere, .ifindex = ifc->ifindex, .via = ifc->router->addr,
			     .src = mn->conf.home_address, .metric = MN_METRIC_HOME};
	bool is_there = mn->has_home_route && mn->home_route.ifindex == r.ifindex && addr6_eq(&mn->home_route.via, &r.via);
	if (!is_there) { /* it replaces one by another router or interface: there is always one */
		mn->home_route = r;
		mn->has_home_route = true;
		fx_route(mn_fx(mn), ROLE_MN, FX_ROUTE_PUT, &r);
	}
	roam0_default_del(mn);
}

/* A run before this one may have left it anywhere. */
void mn_path_home_del(struct mn *mn)
{
	if (mn->home_if)
		home_addr_del(mn, mn->home_if);
	for (uint32_t i = 0; i < mn->n_iface && mn->is_home_unknown; i++)
		if (mn->iface[i].ifindex && &mn->iface[i] != mn->home_if)
			home_addr_del(mn, &mn->iface[i]);
	mn->home_if = NULL;
	mn->is_home_unknown = false;
}

bool mn_path_is_ours(const struct mn *mn, const struct addr6 *dst)
{
	if (addr6_eq(dst, &mn->conf.home_address))
		return true;
	for (uint32_t i = 0; i < MN_COA_MAX; i++)
		if (mn->coa[i].is_used && addr6_eq(&mn->coa[i].addr, dst))
			return true;
	return false;
}

void mn_path_listen(struct mn *mn) { local(mn, true, &mn->conf.home_address); }

/* --- what is no longer needed ------------------------------------------------------------------------------ */

static bool is_coa_wanted(const struct mn *mn, const struct mn_coa *c)
{
	const struct mn_if *ifc = mn->active;
	return ifc && mn->place != MOVE_HOME && ifc->ifindex == c->ifindex && addr6_eq(&ifc->coa, &c->addr);
}

static bool is_tunnel_wanted(const struct mn *mn, const struct mn_tunnel *t)
{
	if (mn_leave_is_pending(mn, &t->src))
		return true;
	switch (mn->place) {
	case MOVE_HOME:
		return false;
	case MOVE_SITE:
		if (t->encap == DP_ENCAP_RH2)
			return mn_ro_is_ours(mn) && mn->active && addr6_eq(&t->dst, &mn->active->coa);
		return addr6_eq(&t->dst, &mn->group) && addr6_eq(&t->src, &mn->mma->addr);
	case MOVE_PLAIN:
		return mn->active && addr6_eq(&t->dst, &mn->active->coa);
	}
	return false;
}

void mn_path_retire(struct mn *mn, struct now now)
{
	mono_t until = mono_add(now.mono, mn->conf.drain);
	for (uint32_t i = 0; i < MN_COA_MAX; i++) {
		struct mn_coa *c = &mn->coa[i];
		if (c->is_used && mono_is_never(c->until) && !is_coa_wanted(mn, c))
			c->until = until;
	}
	for (uint32_t i = 0; i < MN_TUNNEL_MAX; i++) {
		struct mn_tunnel *t = &mn->tunnel[i];
		if (t->is_used && mono_is_never(t->until) && !is_tunnel_wanted(mn, t))
			t->until = until;
	}
	arm_retire(mn);
}

void mn_path_on_retire(struct mn *mn, struct now now)
{
	for (uint32_t i = 0; i < MN_COA_MAX; i++)
		if (mn->coa[i].is_used && mono_reached(mn->coa[i].until, now.mono))
			coa_del(mn, &mn->coa[i]);
	for (uint32_t i = 0; i < MN_TUNNEL_MAX; i++)
		if (mn->tunnel[i].is_used && mono_reached(mn->tunnel[i].until, now.mono))
			tunnel_del(mn, &mn->tunnel[i]);
	arm_retire(mn);
}

void mn_path_stop(struct mn *mn)
{
	for (uint32_t i = 0; i < MN_COA_MAX; i++)
		if (mn->coa[i].is_used)
			coa_del(mn, &mn->coa[i]);
	for (uint32_t i = 0; i < MN_TUNNEL_MAX; i++)
		if (mn->tunnel[i].is_used)
			tunnel_del(mn, &mn->tunnel[i]);
	mn_path_uplink_del(mn);
	mn_path_roam0_del(mn);
	home_route_del(mn);
	mn_path_home_del(mn);
	local(mn, false, &mn->conf.home_address);
}
