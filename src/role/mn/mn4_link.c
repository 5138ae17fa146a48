/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What link.c does for both families, in its part for IPv4: new and lost links, and the addresses that the host has by itself
 * (DHCP, or configured), which can be care-of addresses.
 */
#include <string.h>

#include "role/mn/state.h"

/* The socket's membership and the timers of what was there; addresses stay until the host takes them away. */
void mn4_link_on_new(struct mn_if *ifc, struct now now)
{
	struct mn *mn = ifc->mn;
	if (!mn_has4(mn))
		return;
	mn4_agent_forget(ifc);
	mn_arm(mn, &ifc->v4.t_patience, MN_T4_PATIENCE, mono_add(now.mono, span_ms(MN4_AGENT_PATIENCE_MS)));
}

void mn4_link_on_down(struct mn_if *ifc, struct now now)
{
	struct mn *mn = ifc->mn;
	(void)now;
	if (!mn_has4(mn))
		return;
	mn4_agent_forget(ifc);
	mn_arm(mn, &ifc->v4.t_report, MN_T4_REPORT, MONO_NEVER);
	mn_arm(mn, &ifc->v4.t_solicit, MN_T4_SOLICIT, MONO_NEVER);
	mn_arm(mn, &ifc->v4.t_patience, MN_T4_PATIENCE, MONO_NEVER);
}

/* On a link without carrier the kernel would go on resolving for what the host sends from the home address, and would do so by broadcast on the
 * next link, whatever that is (RFC 5944 4.6): the address goes with the carrier, and so does the way by a home link that was left before the new
 * place was confirmed. */
void mn4_link_on_no_carrier(struct mn_if *ifc)
{
	struct mn *mn = ifc->mn;
	struct mn4 *v = &mn->v4;
	if (!mn_has4(mn) || !mn4_knows_home(v))
		return;
	if (v->is_uplink_home && v->uplink_if == ifc)
		mn4_path_uplink_del(mn);
	if (v->home_if != ifc && !v->is_home_unknown)
		return;
	mn4_path_roam0(mn);
	mn4_path_home_leave(mn, ifc);
	mn4_path_roam0_default(mn);
}

/* H-11: the report is the first thing on a link that may be another of the site. */
void mn4_link_on_chosen(struct mn_if *ifc, struct now now)
{
	const struct mn4 *v = &ifc->mn->v4;
	if (v->has_place && v->at.place == MOVE4_SITE && v->active != ifc && v->at.mma->has_group)
		mn4_member_join(ifc, &v->at.mma->group, &v->at.mma->addr, now);
}

bool mn4_link_is_known(const struct mn_if *ifc, struct now now)
{
	struct mn4_spot ignored;
	return ifc->is_up && mn4_spot_of(ifc->mn, ifc, now, &ignored);
}

/* Nobody advertises: then an address of the host's own will do. */
void mn4_link_on_patience(struct mn_if *ifc, struct now now)
{
	struct mn *mn = ifc->mn;
	if (!ifc->is_up || !mn4_link_is_known(ifc, now))
		return;
	if (mn->v4.chosen == ifc || mn->v4.active == ifc)
		mn4_place_use(mn, ifc, "no advertisement", now);
	else if (!mn->v4.active && !mn->v4.chosen)
		mn_link_choose(mn, ifc, "no advertisement", now);
}

/* Of the home prefix none can be a care-of address. */
const struct mn4_local *mn4_link_local(const struct mn_if *ifc)
{
	for (uint32_t i = 0; i < ifc->v4.n_local; i++)
		if (!prefix6_contains(&ifc->mn->conf.v4.home_prefix, &ifc->v4.local[i].addr))
			return &ifc->v4.local[i];
	return NULL;
}

static struct mn4_local *find(struct mn_if *ifc, const struct addr6 *addr)
{
	for (uint32_t i = 0; i < ifc->v4.n_local; i++)
		if (addr6_eq(&ifc->v4.local[i].addr, addr))
			return &ifc->v4.local[i];
	return NULL;
}

static void remember(struct mn_if *ifc, const struct local_event *ev)
{
	struct mn4_local *l = find(ifc, &ev->addr);
	if (!l && ifc->v4.n_local < MN4_LOCAL_MAX)
		l = &ifc->v4.local[ifc->v4.n_local++];
	if (l)
		*l = (struct mn4_local){.addr = ev->addr, .len_bits = ev->plen_bits};
}

static void forget(struct mn_if *ifc, const struct local_event *ev)
{
	struct mn4_local *l = find(ifc, &ev->addr);
	if (!l)
		return;
	ifc->v4.n_local--;
	memmove(l, l + 1, (size_t)(&ifc->v4.local[ifc->v4.n_local] - l) * sizeof *l);
}

void mn4_on_local(struct mn *mn, const struct local_event *ev, struct now now)
{
	struct mn_if *ifc = mn_if_find(mn, ev->ifindex);
	bool is_ours = addr6_eq(&ev->addr, &mn->v4.home_address);
	if (!ifc || is_ours || !addr6_is_v4unicast(&ev->addr))
		return;
	if (ev->is_gone)
		forget(ifc, ev);
	else
		remember(ifc, ev);
	if (!ifc->is_up)
		return;
	if (ev->is_gone && mn->v4.active == ifc && !mn4_link_is_known(ifc, now))
		mn_link_fall_back(ifc, MN_FAMILY_4, "address gone", now);
	else
		mn4_link_on_patience(ifc, now);
}

static void drain(struct mn_if *ifc, bool is_steered, struct now now)
{
	struct mn *mn = ifc->mn;
	bool is_waiting = false;
	for (uint32_t i = 0; i < mn->conf.n_mma && ifc->v4.is_member; i++)
		is_waiting |= addr6_eq(&mn->v4.mma[i].addr, &ifc->v4.source) && mn4_leave_is_pending(&mn->v4.mma[i]);
	mono_t when = mono_add(now.mono, is_waiting ? span_s(MN_LEAVE_PATIENCE_S) : mn->conf.drain);
	if (!ifc->v4.is_member && !(is_steered && ifc->is_up))
		return;
	if (!timer_is_set(&ifc->v4.t_drain) || mono_before(when, ifc->v4.t_drain.when))
		mn_arm(mn, &ifc->v4.t_drain, MN_T4_DRAIN, when);
}

void mn4_link_drain_others(struct mn *mn, struct now now)
{
	bool is_steered = mn_choice_has_signal(mn, now);
	for (uint32_t i = 0; i < mn->n_iface; i++)
		if (&mn->iface[i] != mn->v4.active && &mn->iface[i] != mn->v4.chosen)
			drain(&mn->iface[i], is_steered, now);
}
