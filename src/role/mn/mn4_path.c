/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the host and its datapath are told of Mobile IPv4: addresses, routes, tunnels. Nothing here decides.
 *
 * Away, the home address is a /32 on roam0 with a default route through it; at home it lies on the home link with its prefix, put there before
 * it is taken from roam0, so that no socket sees it gone. With its last address the kernel takes all routes from an interface: so what the
 * mobile sends goes through roam0 before the address leaves the home link, and there to the home link's router until another place is
 * confirmed. The host's DHCP client may have a default route of any metric on the visited link, and needs it to reach its server: ours are two
 * halves beside the whole, which win without taking its away.
 */
#include <string.h>

#include "role/mn/state.h"

enum { MAPPED_BITS = 96, HOST_BITS = 128 };

static const struct addr4 zero4;

static void listen_put(struct mn *mn, bool is_put, const struct addr6 *a)
{
	struct dp_op op = {.table = DP_LOCAL, .local = {.addr = *a, .flags = DP_LOCAL_MH}};
	if (is_put)
		fx_dp_put(mn_fx(mn), ROLE_MN, &op);
	else
		fx_dp_del(mn_fx(mn), ROLE_MN, &op);
}

static void listen_del(struct mn *mn, struct mn4_listen *l)
{
	l->is_used = false;
	listen_put(mn, false, &l->addr);
}

/* A free slot, else that of what goes first anyway. */
static struct mn4_listen *listen_slot(struct mn *mn)
{
	struct mn4_listen *first = &mn->v4.listen[0];
	for (uint32_t i = 0; i < MN4_LISTEN_MAX; i++) {
		struct mn4_listen *l = &mn->v4.listen[i];
		if (!l->is_used)
			return l;
		if (mono_before(l->until, first->until))
			first = l;
	}
	listen_del(mn, first);
	return first;
}

void mn4_path_listen(struct mn *mn, const struct addr6 *addr)
{
	for (uint32_t i = 0; i < MN4_LISTEN_MAX; i++) {
		struct mn4_listen *l = &mn->v4.listen[i];
		if (l->is_used && addr6_eq(&l->addr, addr)) {
			l->until = MONO_NEVER;
			return;
		}
	}
	struct mn4_listen *l = listen_slot(mn);
	*l = (struct mn4_listen){.is_used = true, .addr = *addr, .until = MONO_NEVER};
	listen_put(mn, true, addr);
}

static void tunnel_del(struct mn *mn, struct mn4_tunnel *t)
{
	struct dp_op op = {.table = DP_DOWNLINK_IN, .downlink_in = {.dst = t->dst, .src = t->src}};
	t->is_used = false;
	fx_dp_del(mn_fx(mn), ROLE_MN, &op);
}

static struct mn4_tunnel *tunnel_slot(struct mn *mn)
{
	struct mn4_tunnel *first = &mn->v4.tunnel[0];
	for (uint32_t i = 0; i < MN4_TUNNEL_MAX; i++) {
		struct mn4_tunnel *t = &mn->v4.tunnel[i];
		if (!t->is_used)
			return t;
		if (mono_before(t->until, first->until))
			first = t;
	}
	tunnel_del(mn, first);
	return first;
}

static struct mn4_tunnel *tunnel_find(struct mn *mn, const struct addr6 *dst, const struct addr6 *src)
{
	for (uint32_t i = 0; i < MN4_TUNNEL_MAX; i++) {
		struct mn4_tunnel *t = &mn->v4.tunnel[i];
		if (t->is_used && addr6_eq(&t->dst, dst) && addr6_eq(&t->src, src))
			return t;
	}
	return NULL;
}

static struct addr6 broadcast_of(const struct mn *mn)
{
	static const struct addr6 ones = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	return mn->conf.v4.broadcast ? prefix6_join(&mn->conf.v4.home_prefix, &ones) : addr6_any;
}

void mn4_path_tunnel(struct mn *mn, const struct addr6 *dst, const struct addr6 *src, enum dp_encap encap)
{
	struct mn4_tunnel *t = tunnel_find(mn, dst, src);
	if (t && t->encap == encap) {
		t->until = MONO_NEVER;
		return;
	}
	if (!t)
		t = tunnel_slot(mn);
	*t = (struct mn4_tunnel){.is_used = true, .dst = *dst, .src = *src, .encap = encap, .until = MONO_NEVER};
	struct dp_op op = {.table = DP_DOWNLINK_IN,
			   .downlink_in = {.dst = *dst, .src = *src, .home_address = mn->v4.home_address, .broadcast = broadcast_of(mn),
					   .encap = encap}};
	fx_dp_put(mn_fx(mn), ROLE_MN, &op);
}

bool mn4_path_is_nested(const struct mn *mn) { return mn->conf.v4.n_network && !mn->v4.at.is_colocated && mn->v4.at.place != MOVE4_HOME; }

void mn4_path_nest(struct mn *mn)
{
	const struct mn4 *v = &mn->v4;
	bool has_broadcasts = mn->conf.v4.broadcast && v->at.place != MOVE4_HOME && !v->at.is_colocated;
	if ((has_broadcasts || mn4_path_is_nested(mn)) && mn4_knows_home(v) && mn4_knows_agent(v))
		mn4_path_tunnel(mn, &v->home_address, &v->ha, DP_ENCAP_IPIP);
}

/* --- uplink ------------------------------------------------------------------------------------------------- */

static void fill_site(const struct mn *mn, struct dp_uplink_out *u)
{
	const struct mn4_mma *m = mn->v4.at.mma;
	const struct mn4_local *l = mn4_link_local(mn->v4.active);
	u->src = !addr6_is_none(&m->site_address) ? m->site_address : l ? l->addr : mn->v4.home_address;
	u->dst = m->addr;
	u->encap = DP_ENCAP_GRE;
	u->gre_key = m->uplink_key;
}

/* Without a reverse tunnel a packet goes as it is, by the agent or router; also to an agent that tunnels on (direct delivery, RFC 3024 5.1). */
static void fill_plain(const struct mn *mn, struct dp_uplink_out *u)
{
	const struct mn4 *v = &mn->v4;
	u->encap = DP_ENCAP_NONE;
	if (v->at.is_colocated && v->got.reverse) {
		u->src = v->at.coa;
		u->dst = v->ha;
		u->encap = v->got.encap;
		u->udp_port = MIP4_PORT;
	} else if (v->got.encapsulating) {
		u->src = v->home_address;
		u->dst = v->got.replier;
		u->encap = DP_ENCAP_IPIP;
	}
}

static void put_uplink(struct mn *mn, const struct dp_op *op, const struct mn_if *ifc, bool is_home)
{
	mn->v4.has_uplink = true;
	mn->v4.is_uplink_home = is_home;
	mn->v4.uplink_if = ifc;
	fx_dp_put(mn_fx(mn), ROLE_MN, op);
}

void mn4_path_uplink(struct mn *mn)
{
	struct mn4 *v = &mn->v4;
	const struct mn_if *ifc = v->active;
	if (!ifc || v->at.place == MOVE4_HOME || !mn4_reg_is_bound(mn) || lladdr_is_zero(&v->at.router))
		return;
	struct dp_op op = {.table = DP_UPLINK_OUT,
			   .uplink_out = {.inner_src = v->home_address, .ifindex = ifc->ifindex, .next_hop = v->at.router,
					  .lladdr = ifc->lladdr, .mtu_oct = ifc->mtu_oct}};
	if (v->at.place == MOVE4_SITE)
		fill_site(mn, &op.uplink_out);
	else
		fill_plain(mn, &op.uplink_out);
	if (mn4_path_is_nested(mn))
		op.uplink_out.nest = v->ha;
	put_uplink(mn, &op, ifc, false);
}

void mn4_path_uplink_home(struct mn *mn, const struct mn_if *ifc)
{
	const struct mn4_agent *a = ifc->v4.agent;
	struct dp_op op = {.table = DP_UPLINK_OUT,
			   .uplink_out = {.inner_src = mn->v4.home_address, .ifindex = ifc->ifindex, .lladdr = ifc->lladdr, .mtu_oct = ifc->mtu_oct,
					  .encap = DP_ENCAP_NONE}};
	if (!a || !a->is_home || lladdr_is_zero(&a->lladdr))
		return;
	op.uplink_out.next_hop = a->lladdr;
	put_uplink(mn, &op, ifc, true);
}

void mn4_path_uplink_del(struct mn *mn)
{
	struct dp_op op = {.table = DP_UPLINK_OUT, .uplink_out = {.inner_src = mn->v4.home_address}};
	if (mn->v4.has_uplink)
		fx_dp_del(mn_fx(mn), ROLE_MN, &op);
	mn->v4.has_uplink = mn->v4.is_uplink_home = false;
}

void mn4_path_networks(struct mn *mn, bool is_put)
{
	for (uint32_t i = 0; i < mn->conf.v4.n_network; i++) {
		struct dp_op op = {.table = DP_NET, .net = {.prefix = mn->conf.v4.network[i], .home_address = mn->v4.home_address}};
		if (is_put)
			fx_dp_put(mn_fx(mn), ROLE_MN, &op);
		else
			fx_dp_del(mn_fx(mn), ROLE_MN, &op);
	}
}

/* --- the home address --------------------------------------------------------------------------------------- */

static struct fx_addr roam0_addr(const struct mn *mn)
{
	return (struct fx_addr){.ifindex = IFINDEX_ROAM0, .addr = mn->v4.home_address, .plen_bits = HOST_BITS, .flags = ADDR_NODAD | ADDR_HOME,
				.broadcast = broadcast_of(mn)};
}

static struct fx_addr home_addr(const struct mn *mn, const struct mn_if *ifc)
{
	return (struct fx_addr){.ifindex = ifc->ifindex, .addr = mn->v4.home_address, .plen_bits = mn->conf.v4.home_prefix.len_bits,
				.flags = ADDR_NODAD | ADDR_HOME};
}

static struct prefix6 everywhere(void) { return (struct prefix6){addr6_from_v4(zero4), MAPPED_BITS}; }

/* The whole and its halves. */
static void roam0_routes(struct mn *mn, enum effect_kind kind)
{
	struct fx_route r = {.ifindex = IFINDEX_ROAM0, .src = mn->v4.home_address, .metric = MN_METRIC_ROAM0};
	const struct prefix6 dst[] = {everywhere(), {addr6_from_v4(zero4), MAPPED_BITS + 1},
				      {addr6_from_v4((struct addr4){{128, 0, 0, 0}}), MAPPED_BITS + 1}};
	for (size_t i = 0; i < sizeof dst / sizeof *dst; i++) {
		r.dst = dst[i];
		fx_route(mn_fx(mn), ROLE_MN, kind, &r);
	}
}

static void home_route_del(struct mn *mn)
{
	if (mn->v4.has_home_route)
		fx_route(mn_fx(mn), ROLE_MN, FX_ROUTE_DEL, &mn->v4.home_route);
	mn->v4.has_home_route = false;
}

void mn4_path_roam0(struct mn *mn)
{
	struct fx_addr a = roam0_addr(mn);
	if (!mn4_knows_home(&mn->v4))
		return;
	if (!mn->v4.is_on_roam0)
		fx_addr(mn_fx(mn), ROLE_MN, FX_ADDR_ADD, &a);
	mn->v4.is_on_roam0 = true;
}

void mn4_path_roam0_default(struct mn *mn)
{
	if (!mn->v4.is_on_roam0)
		return;
	if (!mn->v4.is_roam0_default)
		roam0_routes(mn, FX_ROUTE_PUT);
	mn->v4.is_roam0_default = true;
	home_route_del(mn);
}

static void roam0_default_del(struct mn *mn)
{
	if (mn->v4.is_roam0_default)
		roam0_routes(mn, FX_ROUTE_DEL);
	mn->v4.is_roam0_default = false;
}

void mn4_path_roam0_del(struct mn *mn)
{
	struct fx_addr a = roam0_addr(mn);
	roam0_default_del(mn);
	if (mn->v4.is_on_roam0)
		fx_addr(mn_fx(mn), ROLE_MN, FX_ADDR_DEL, &a);
	mn->v4.is_on_roam0 = false;
}

static void home_addr_del(struct mn *mn, const struct mn_if *ifc)
{
	struct fx_addr a = home_addr(mn, ifc);
	fx_addr(mn_fx(mn), ROLE_MN, FX_ADDR_DEL, &a);
}

/* The router that the home link's advertisement prefers (RFC 1256 4.1); the home agent itself when it names none. */
static struct addr6 home_router(const struct mn_if *ifc)
{
	const struct adv4 *a = &ifc->v4.agent->adv;
	const struct adv4_router *best = NULL;
	for (uint32_t i = 0; i < a->n_router; i++)
		if (a->router[i].preference != INT32_MIN && (!best || a->router[i].preference > best->preference))
			best = &a->router[i];
	return best ? best->addr : ifc->v4.agent->addr;
}

/* The route by the new interface or router replaces the old one, before the address, and all else, leaves the old interface. */
void mn4_path_home(struct mn *mn, struct mn_if *ifc)
{
	struct mn4 *v = &mn->v4;
	const struct mn_if *old = v->home_if;
	struct fx_addr a = home_addr(mn, ifc);
	struct fx_route r = {.dst = everywhere(), .ifindex = ifc->ifindex, .via = home_router(ifc), .src = v->home_address,
			     .metric = MN_METRIC_HOME};
	if (old != ifc)
		fx_addr(mn_fx(mn), ROLE_MN, FX_ADDR_ADD, &a);
	if (!v->has_home_route || v->home_route.ifindex != r.ifindex || !addr6_eq(&v->home_route.via, &r.via)) {
		v->home_route = r;
		v->has_home_route = true;
		fx_route(mn_fx(mn), ROLE_MN, FX_ROUTE_PUT, &r);
	}
	v->home_if = ifc;
	v->is_home_unknown = false;
	if (old && old != ifc)
		home_addr_del(mn, old);
	roam0_default_del(mn);
}

/* From this link alone. */
void mn4_path_home_leave(struct mn *mn, struct mn_if *ifc)
{
	home_addr_del(mn, ifc);
	if (mn->v4.home_if == ifc)
		mn->v4.home_if = NULL;
}

/* A run before this one may have left it anywhere. */
void mn4_path_home_del(struct mn *mn)
{
	struct mn4 *v = &mn->v4;
	if (v->home_if)
		home_addr_del(mn, v->home_if);
	for (uint32_t i = 0; i < mn->n_iface && v->is_home_unknown; i++)
		if (mn->iface[i].ifindex && &mn->iface[i] != v->home_if)
			home_addr_del(mn, &mn->iface[i]);
	v->home_if = NULL;
	v->is_home_unknown = false;
}

/* --- what is no longer needed --------------------------------------------------------------------------------- */

static bool is_listen_wanted(const struct mn *mn, const struct mn4_listen *l)
{
	const struct mn4 *v = &mn->v4;
	if (addr6_eq(&l->addr, &v->home_address) || !v->has_place)
		return true;
	if (v->at.place == MOVE4_SITE)
		return addr6_eq(&l->addr, &v->at.mma->group);
	return v->at.is_colocated && addr6_eq(&l->addr, &v->at.coa);
}

static bool is_tunnel_wanted(const struct mn *mn, const struct mn4_tunnel *t)
{
	const struct mn4 *v = &mn->v4;
	for (uint32_t i = 0; i < mn->conf.n_mma; i++)
		if (addr6_eq(&t->src, &v->mma[i].addr) && mn4_leave_is_pending(&v->mma[i]))
			return true;
	switch (v->at.place) {
	case MOVE4_HOME: return false;
	case MOVE4_SITE:
		if ((mn->conf.v4.broadcast || mn4_path_is_nested(mn)) && addr6_eq(&t->dst, &v->home_address) && addr6_eq(&t->src, &v->ha))
			return true;
		return addr6_eq(&t->dst, &v->at.mma->group) && addr6_eq(&t->src, &v->at.mma->addr);
	case MOVE4_AGENT:
	case MOVE4_COLOCATED: return addr6_eq(&t->dst, v->at.is_colocated ? &v->at.coa : &v->home_address) && addr6_eq(&t->src, &v->ha);
	}
	return false;
}

static void arm_retire(struct mn *mn)
{
	mono_t next = MONO_NEVER;
	for (uint32_t i = 0; i < MN4_LISTEN_MAX; i++)
		if (mn->v4.listen[i].is_used)
			next = mono_min(next, mn->v4.listen[i].until);
	for (uint32_t i = 0; i < MN4_TUNNEL_MAX; i++)
		if (mn->v4.tunnel[i].is_used)
			next = mono_min(next, mn->v4.tunnel[i].until);
	mn_arm(mn, &mn->v4.t_retire, MN_T4_RETIRE, next);
}

void mn4_path_forwarded(struct mn *mn, const struct addr6 *agent, mono_t until)
{
	mn4_path_tunnel(mn, &mn->v4.home_address, agent, DP_ENCAP_IPIP);
	struct mn4_tunnel *t = tunnel_find(mn, &mn->v4.home_address, agent);
	if (t)
		t->until = until;
	arm_retire(mn);
}

void mn4_path_retire(struct mn *mn, struct now now)
{
	mono_t until = mono_add(now.mono, mn->conf.drain);
	for (uint32_t i = 0; i < MN4_LISTEN_MAX; i++) {
		struct mn4_listen *l = &mn->v4.listen[i];
		if (l->is_used && mono_is_never(l->until) && !is_listen_wanted(mn, l))
			l->until = until;
	}
	for (uint32_t i = 0; i < MN4_TUNNEL_MAX; i++) {
		struct mn4_tunnel *t = &mn->v4.tunnel[i];
		if (t->is_used && mono_is_never(t->until) && !is_tunnel_wanted(mn, t))
			t->until = until;
	}
	arm_retire(mn);
}

void mn4_path_on_retire(struct mn *mn, struct now now)
{
	for (uint32_t i = 0; i < MN4_LISTEN_MAX; i++)
		if (mn->v4.listen[i].is_used && mono_reached(mn->v4.listen[i].until, now.mono))
			listen_del(mn, &mn->v4.listen[i]);
	for (uint32_t i = 0; i < MN4_TUNNEL_MAX; i++)
		if (mn->v4.tunnel[i].is_used && mono_reached(mn->v4.tunnel[i].until, now.mono))
			tunnel_del(mn, &mn->v4.tunnel[i]);
	arm_retire(mn);
}

void mn4_path_stop(struct mn *mn)
{
	for (uint32_t i = 0; i < MN4_LISTEN_MAX; i++)
		if (mn->v4.listen[i].is_used)
			listen_del(mn, &mn->v4.listen[i]);
	for (uint32_t i = 0; i < MN4_TUNNEL_MAX; i++)
		if (mn->v4.tunnel[i].is_used)
			tunnel_del(mn, &mn->v4.tunnel[i]);
	mn4_path_uplink_del(mn);
	mn4_path_roam0_del(mn);
	home_route_del(mn);
	mn4_path_home_del(mn);
	mn4_path_networks(mn, false);
}
