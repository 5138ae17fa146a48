/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Coming home (H-17, H-21; RFC 6275 11.5.5).
 *
 * The home agent defends the home address until it has the de-registration. So that leaves first, and only then is the address put on the
 * home link, without duplicate detection; from then on the kernel answers for it. It leaves to the home agent's
 * link-layer address, which a router's advertisement tells. Where another router than the home agent advertises, the home agent
 * is asked for its link-layer address in the one way that does not clash with its defence: a solicitation from :: for the home
 * address itself, which it answers to all nodes.
 * When nobody has a binding the address is checked for duplicates like any other, where `dad` says so.
 * After the acknowledgement the neighbours are told, three times, also of the link-local address where it was bound (L).
 */
#include "role/mn/state.h"

enum { ASK_MS = 1000 }; /* RETRANS_TIMER */

/* Has this router the home agent's address? It says so with the R flag of its prefix (RFC 6275 7.2). */
static bool is_home_agent(const struct mn *mn, const struct mn_router *r, bool *names_any)
{
	for (uint32_t i = 0; i < r->ra.n_prefix; i++) {
		const struct nd_prefix *p = &r->ra.prefix[i];
		if (!p->is_router_addr)
			continue;
		*names_any = true;
		if (addr6_eq(&p->addr, &mn->peer[0].addr))
			return true;
	}
	return false;
}

/* Of the home agent on the active link: told by an advertisement, or by its answer; else of the router, which is as good where it does
 * not say that it is another one. False: it must be asked for. */
static bool home_agent_ll(const struct mn *mn, struct lladdr *ll)
{
	const struct mn_if *ifc = mn->active;
	bool names_any = false;
	*ll = ifc->router->lladdr;
	if (is_home_agent(mn, ifc->router, &names_any))
		return true;
	for (uint32_t i = 0; i < MN_ROUTER_MAX; i++) {
		const struct mn_router *r = &mn->router[i];
		bool ignored;
		if (!r->is_used || r->ifindex != ifc->ifindex || !is_home_agent(mn, r, &ignored))
			continue;
		*ll = r->lladdr;
		return true;
	}
	if (mn->home.has_ll && mn->home.ifc == ifc) {
		*ll = mn->home.ll;
		return true;
	}
	return !names_any;
}

struct lladdr mn_home_agent_ll(const struct mn *mn)
{
	struct lladdr ll;
	(void)home_agent_ll(mn, &ll);
	return ll;
}

static void deregister(struct mn *mn, struct now now)
{
	mn_arm(mn, &mn->home.t_ask, MN_T_HOME, MONO_NEVER);
	mn_bul_ask(mn_ha(mn), &mn->conf.home_address, 0, now);
	mn_path_home(mn, mn->active);
}

/* From :: to the home address's solicited-node group, about the home address. */
static void ask(struct mn *mn, struct now now)
{
	struct nd_ns ns = {.target = mn->conf.home_address};
	struct addr6 dst = addr6_solicited_node(&ns.target);
	uint8_t buf[128];
	size_t n = ns_packet_build(buf, sizeof buf, &addr6_any, &dst, &ns);
	if (n)
		fx_send(mn_fx(mn), ROLE_MN, mn->active->ifindex, NULL, buf, n);
	mn->home.ifc = mn->active;
	mn_arm(mn, &mn->home.t_ask, MN_T_HOME, mono_add(now.mono, span_ms(ASK_MS)));
}

void mn_home_enter(struct mn *mn, struct now now)
{
	struct lladdr ll;
	if (mn->active->is_member)
		mn_member_leave(mn->active);
	mn->home.has_ll = false;
	mn->home.is_checked = !mn_bul_may_hold(mn_ha(mn)) && mn->conf.dad == MN_DAD_OPTIMISTIC;
	if (!mn_bul_may_hold(mn_ha(mn))) {
		mn_path_home(mn, mn->active);
		mn_place_on_home(mn, now);
		if (!mn_agent_is_known(mn))
			mn_agent_discover(mn, now); /* for when it leaves */
	} else if (home_agent_ll(mn, &ll)) {
		deregister(mn, now);
	} else {
		ask(mn, now);
	}
}

static bool is_asking(const struct mn *mn)
{
	return timer_is_set(&mn->home.t_ask) && mn->place == MOVE_HOME && mn->active && mn->active == mn->home.ifc;
}

/* No answer: by the router, which knows the way. */
void mn_home_on_timer(struct mn *mn, struct now now)
{
	if (mn->place == MOVE_HOME && mn->active && mn->active == mn->home.ifc && mn->active->router)
		deregister(mn, now);
}

bool mn_home_rx_na(struct mn_if *ifc, const struct rx *rx, struct now now)
{
	struct mn *mn = ifc->mn;
	struct nd_packet p;
	if (!is_asking(mn) || mn->active != ifc || nd_packet_parse(rx->pkt, rx->len_oct, &p) != W_OK || p.type != IC6_NA ||
	    !addr6_eq(&p.na.target, &mn->conf.home_address) || !p.na.has_tlla || p.na.is_solicited)
		return false;
	mn->home.has_ll = true;
	mn->home.ll = p.na.tlla;
	deregister(mn, now);
	return true;
}

static void announce(struct mn *mn, const struct addr6 *target)
{
	const struct mn_if *ifc = mn->home_if;
	struct nd_na na = {.target = *target, .is_override = true, .has_tlla = true, .tlla = ifc->lladdr};
	uint8_t buf[128];
	size_t n = na_packet_build(buf, sizeof buf, target, &addr6_allnodes, &na);
	if (n)
		fx_send(mn_fx(mn), ROLE_MN, ifc->ifindex, NULL, buf, n);
}

void mn_home_on_announce(struct mn *mn, struct now now)
{
	if (mn->state != MN_HOME || !mn->home_if || !mn->announces_left)
		return;
	announce(mn, &mn->conf.home_address);
	if (mn_home_is_ll_bound(mn, mn->home_if))
		announce(mn, &mn->home_if->ll);
	mn_arm(mn, &mn->t_announce, MN_T_ANNOUNCE, --mn->announces_left ? mono_add(now.mono, span_s(1)) : MONO_NEVER);
}

/* Whoever has the home address by another link-layer address learns ours (RFC 4861 7.2.6). */
void mn_home_announce(struct mn *mn, struct now now)
{
	mn->announces_left = MN_ANNOUNCE;
	mn_home_on_announce(mn, now);
}

bool mn_home_is_ll_bound(const struct mn *mn, const struct mn_if *ifc)
{
	return memcmp(&ifc->ll.b[8], &mn->conf.home_address.b[8], 8) == 0;
}
