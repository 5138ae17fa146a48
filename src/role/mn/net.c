/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mobile router (RFC 3963): a network behind the mobile moves with it and keeps its addresses.
 *
 * Updates carry R, and in explicit mode the prefixes; an agent of a site is always told them, for it checks what
 * comes and goes. The datapath takes an address of a prefix for the home address; the host does the rest: it
 * forwards between the network's interface and roam0, or the home link. Advertisements on the network are role ar's.
 *
 * A home agent that refuses one mode is asked in the other; one that refuses both is asked again after a while, and
 * until then registers the mobile as a host, so that the router itself stays reachable (RFC 3963 5.4).
 */
#include <string.h>

#include "role/mn/state.h"

enum { MN_NET_REFUSED_S = 600 };

bool mn_net_is_router(const struct mn *mn) { return mn->conf.n_network > 0; }

const char *mn_net_check(const struct mn_conf *c)
{
	for (uint32_t i = 0; i < c->n_network; i++) {
		if (!addr6_is_routable(&c->network[i].addr) || prefix6_contains(&c->network[i], &c->home_agent))
			return "network must name unicast prefixes of global scope, without the home agent's address";
		for (uint32_t k = 0; k < c->n_iface; k++)
			if (strcmp(c->iface[k].name, c->network_interface) == 0)
				return "network-interface cannot be one by which the mobile moves";
	}
	return NULL;
}

/* Addresses of the prefixes count as the home address from now on. */
void mn_net_start(struct mn *mn)
{
	for (uint32_t i = 0; i < mn->conf.n_network; i++) {
		struct dp_op op = {.table = DP_NET, .net = {.prefix = mn->conf.network[i], .home_address = mn->conf.home_address}};
		fx_dp_put(mn_fx(mn), ROLE_MN, &op);
	}
}

static void route(struct mn *mn, enum effect_kind kind)
{
	for (uint32_t i = 0; i < mn->conf.n_network; i++) {
		struct fx_route r = {.dst = mn->conf.network[i], .ifindex = mn->net.ifindex, .metric = MN_METRIC_HOME};
		fx_route(mn_fx(mn), ROLE_MN, kind, &r);
	}
	for (uint32_t i = 0; i < mn->conf.v4.n_network; i++) {
		struct fx_route r = {.dst = mn->conf.v4.network[i], .ifindex = mn->net.ifindex, .metric = MN_METRIC_HOME};
		fx_route(mn_fx(mn), ROLE_MN, kind, &r);
	}
}

void mn_net_on_link(struct mn *mn, const struct link_event *ev)
{
	if (!*mn->conf.network_interface || strncmp(ev->name, mn->conf.network_interface, sizeof ev->name) != 0)
		return;
	mn->net.ifindex = ev->is_gone || !ev->is_up ? 0 : ev->ifindex;
	if (mn->net.ifindex)
		route(mn, FX_ROUTE_PUT);
}

void mn_net_stop(struct mn *mn)
{
	for (uint32_t i = 0; i < mn->conf.n_network; i++) {
		struct dp_op op = {.table = DP_NET, .net = {.prefix = mn->conf.network[i]}};
		fx_dp_del(mn_fx(mn), ROLE_MN, &op);
	}
}

void mn_net_routes_del(struct mn *mn)
{
	if (mn->net.ifindex)
		route(mn, FX_ROUTE_DEL);
}

static bool is_explicit(const struct mn *mn) { return (mn->conf.network_mode == MN_NET_EXPLICIT) != mn->net.is_other_mode; }

/* De-registrations name no prefix (RFC 3963 5.8). */
void mn_net_fill(struct mn *mn, bool is_mma, struct mh *m, struct now now)
{
	if (!mn_net_is_router(mn) || m->bu.lifetime_s == 0)
		return;
	if (!is_mma && !mono_reached(mn->net.refused_until, now.mono))
		return;
	m->bu.flags |= BU_R;
	if (!is_mma && !is_explicit(mn))
		return;
	_Static_assert(sizeof m->opt.prefix == sizeof mn->conf.network, "all networks fit into an update");
	memcpy(m->opt.prefix, mn->conf.network, sizeof m->opt.prefix);
	m->opt.n_prefix = mn->conf.n_network;
}

void mn_net_on_accepted(struct mn *mn, bool is_served, struct now now)
{
	if (!mn_net_is_router(mn) || is_served || !mono_reached(mn->net.refused_until, now.mono))
		return;
	mn->net.refused_until = mono_add(now.mono, span_s(MN_NET_REFUSED_S));
	mn_say(mn, EV_ERROR, "mn-network", "mn: the home agent does not serve mobile routers: the network is not reachable");
}

static void again(struct mn_peer *p, struct now now)
{
	struct addr6 coa = p->reg.coa;
	mn_bul_ask(p, &coa, p->reg.ask_s, now);
}

bool mn_net_on_refused(struct mn_peer *p, struct now now)
{
	struct mn *mn = p->mn;
	uint8_t status = p->reg.status;
	bool is_ours = status >= BA_MR_NOT_PERMITTED && status <= BA_FORWARDING_FAILED;

	if (!mn_net_is_router(mn) || !is_ours || !mono_reached(mn->net.refused_until, now.mono))
		return false;
	bool helps = is_explicit(mn) ? status == BA_INVALID_PREFIX || status == BA_NOT_AUTHORISED_PREFIX : status == BA_FORWARDING_FAILED;
	if (helps && !mn->net.is_other_mode) {
		mn->net.is_other_mode = true;
		mn_say(mn, EV_WARNING, "mn-network", "mn: %s: trying %s mode", ba_status_str(status), is_explicit(mn) ? "explicit" : "implicit");
		again(p, now);
		return true;
	}
	mn->net.is_other_mode = false;
	if (mn_agent_next(mn, now))
		return true;
	mn->net.refused_until = mono_add(now.mono, span_s(MN_NET_REFUSED_S));
	mn_say(mn, EV_ERROR, "mn-network", "mn: %s: the network is not reachable, the mobile registers as a host", ba_status_str(status));
	again(p, now);
	return true;
}
