/* SPDX-License-Identifier: BSD-2-Clause */
/* Interfaces of the mobile: links that come and go, and which of them is to be used. */
#include <string.h>

#include "role/mn/state.h"

void mn_link_solicit(struct mn_if *ifc, struct now now)
{
	struct mn *mn = ifc->mn;
	struct nd_rs rs = {.has_slla = true, .slla = ifc->lladdr};
	uint8_t buf[128];
	size_t n = rs_packet_build(buf, sizeof buf, &ifc->ll, &addr6_allrouters, &rs);
	if (n)
		fx_send(mn_fx(mn), ROLE_MN, ifc->ifindex, NULL, buf, n);
	mn->n.solicits++;
	ifc->solicits++;
	mn_arm(mn, &ifc->t_solicit, MN_T_SOLICIT, mono_add(now.mono, ifc->solicit_wait));
	int64_t next = ifc->solicit_wait.ns * 2;
	ifc->solicit_wait = span_ns(next < 4 * NS_PER_S ? next : 4 * NS_PER_S);
}

static void solicit_anew(struct mn_if *ifc, struct now now)
{
	ifc->solicits = 0;
	ifc->solicit_wait = ifc->mn->conf.solicit_interval;
	mn_link_solicit(ifc, now);
}

static bool is_known(const struct mn_if *ifc, struct now now)
{
	return ifc->router || (mn_has4(ifc->mn) && mn4_link_is_known(ifc, now));
}

/* The best of the other links: one whose router is known, the strongest of these. */
static struct mn_if *best_other(struct mn *mn, const struct mn_if *not_this, struct now now)
{
	struct mn_if *best = NULL;
	int32_t best_mean = INT32_MIN;
	for (uint32_t i = 0; i < mn->n_iface; i++) {
		struct mn_if *ifc = &mn->iface[i];
		if (ifc == not_this || !ifc->is_up)
			continue;
		int32_t mean = INT32_MIN;
		const struct lladdr *cell = mn_choice_cell_of(ifc);
		if (cell && !mn_choice_mean(mn, cell, now, &mean))
			mean = INT32_MIN;
		bool is_better = best && is_known(ifc, now) && !is_known(best, now);
		if (!best || is_better || (is_known(ifc, now) == is_known(best, now) && mean > best_mean)) {
			best = ifc;
			best_mean = mean;
		}
	}
	return best;
}

static void choose6(struct mn *mn, struct mn_if *ifc)
{
	mn->chosen = ifc;
	mn_arm(mn, &ifc->t_drain, MN_T_DRAIN, MONO_NEVER);
}

static void choose4(struct mn *mn, struct mn_if *ifc)
{
	mn->v4.chosen = ifc;
	mn_arm(mn, &ifc->v4.t_drain, MN_T4_DRAIN, MONO_NEVER);
}

/* Both reports leave before anything else. */
static void choose(struct mn *mn, struct mn_if *ifc, enum mn_families who, const char *why, struct now now)
{
	bool is_6 = mn_has6(mn) && (who & MN_FAMILY_6), is_4 = mn_has4(mn) && (who & MN_FAMILY_4);
	if (is_6)
		choose6(mn, ifc);
	if (is_4)
		choose4(mn, ifc);
	if (is_6 && mn->has_place && mn->place == MOVE_SITE && mn->active != ifc)
		mn_member_join(ifc, &mn->group, &mn->mma->addr, now);
	if (is_4)
		mn4_link_on_chosen(ifc, now);
	if (is_6 && ifc->router)
		mn_place_use(mn, ifc, why, now);
	if (is_4)
		mn4_place_use(mn, ifc, why, now);
}

void mn_link_choose(struct mn *mn, struct mn_if *ifc, const char *why, struct now now) { choose(mn, ifc, MN_FAMILIES, why, now); }

void mn_link_hold(struct mn_if *ifc)
{
	mn_member_hold(ifc);
	mn4_member_hold(ifc);
}

/* Until its new place is confirmed a family goes on by the old link. */
static bool is_settled(enum mn_state s) { return s != MN_RETURNING && s != MN_JOINING && s != MN_REGISTERING; }

void mn_link_release(struct mn_if *ifc, struct now now)
{
	static const struct lladdr nowhere;
	struct mn *mn = ifc->mn;
	if (!is_settled(mn->state) || !is_settled(mn->v4.state))
		return; /* the other family will see to it */
	if (!mn_is_wanted(mn, ifc) && ifc->is_up && mn_choice_has_signal(mn, now))
		fx_attach(mn_fx(mn), ROLE_MN, ifc->ifindex, &nowhere);
}

/* What was using the link, or was to. */
static enum mn_families let_go(struct mn *mn, const struct mn_if *lost, enum mn_families who)
{
	enum mn_families used = 0;
	if (who & MN_FAMILY_6) {
		used |= mn->active == lost ? MN_FAMILY_6 : 0;
		mn->chosen = mn->chosen == lost ? NULL : mn->chosen;
		mn->active = mn->active == lost ? NULL : mn->active;
	}
	if (who & MN_FAMILY_4) {
		used |= mn->v4.active == lost ? MN_FAMILY_4 : 0;
		mn->v4.chosen = mn->v4.chosen == lost ? NULL : mn->v4.chosen;
		mn->v4.active = mn->v4.active == lost ? NULL : mn->v4.active;
	}
	return used;
}

/* Another link, or none. */
void mn_link_fall_back(struct mn_if *lost, enum mn_families who, const char *event, struct now now)
{
	struct mn *mn = lost->mn;
	enum mn_families used = let_go(mn, lost, who);
	if (!used)
		return;
	mn->lost_at = now.mono;
	mn->n.lost_links++;
	struct mn_if *chosen = (used & MN_FAMILY_6) && mn->chosen ? mn->chosen : (used & MN_FAMILY_4) ? mn->v4.chosen : NULL;
	struct mn_if *other = chosen ? chosen : best_other(mn, lost, now);
	if (other && !chosen)
		choose(mn, other, used, event, now);
	if (other)
		mn_link_hold(other);
	if ((used & MN_FAMILY_6) && !mn->active)
		mn_place_lost(mn, event, now);
	if ((used & MN_FAMILY_4) && !mn->v4.active)
		mn4_place_settle(mn, event, "no other link is up", now);
}

static void forget_router(struct mn_if *ifc)
{
	mn_router_forget(ifc->mn, ifc);
	ifc->router = NULL;
	ifc->is_suspect = false;
	mn_arm(ifc->mn, &ifc->t_silence, MN_T_SILENCE, MONO_NEVER);
}

static bool is_asked_for(const struct mn *mn, const struct mn_if *ifc)
{
	return mn->is_attaching && mn->attach_if == ifc;
}

/* A new link below: nothing that was known of the old one holds. Whoever brought it up meant it, unless
 * signals are measured and nobody here asked for it: then the policy decides. */
static void on_new_link(struct mn_if *ifc, const char *event, struct now now)
{
	struct mn *mn = ifc->mn;
	bool is_taken = !mn_in_use(mn) || mn_is_in_use(mn, ifc) || is_asked_for(mn, ifc) || !mn_choice_has_signal(mn, now);
	if (mn->active == ifc)
		mn->active = NULL;
	if (mn->v4.active == ifc)
		mn->v4.active = NULL;
	forget_router(ifc);
	mn4_link_on_new(ifc, now);
	ifc->coa_try = 0;
	if (is_asked_for(mn, ifc)) {
		mn->is_attaching = false;
		mn_arm(mn, &mn->t_attach, MN_T_ATTACH, MONO_NEVER);
	}
	if (is_taken)
		mn_link_choose(mn, ifc, event, now);
	if (mn_has6(mn))
		solicit_anew(ifc, now);
	if (mn_has4(mn))
		mn4_agent_solicit_anew(ifc, now);
	if (is_taken) {
		mn_link_hold(ifc);
	} else {
		mn_member_leave(ifc);
		mn4_member_leave(ifc);
	}
	mn_say(mn, EV_INFO, "mn-link-up", "mn %s: link up%s", ifc->name, is_taken ? "" : ", kept idle");
}

static void on_link_down(struct mn_if *ifc, const char *event, struct now now)
{
	struct mn *mn = ifc->mn;
	forget_router(ifc);
	ifc->has_cell = false;
	mn_arm(mn, &ifc->t_report, MN_T_REPORT, MONO_NEVER);
	mn_arm(mn, &ifc->t_solicit, MN_T_SOLICIT, MONO_NEVER);
	mn4_link_on_down(ifc, now);
	/* t_drain goes on: the membership that it ends is the socket's, with or without a link. */
	mn_link_fall_back(ifc, MN_FAMILIES, event, now);
	if (mn->uplink_if == ifc && mn->active != ifc)
		mn_path_uplink_soon(mn); /* the old link is gone before the new place is confirmed */
	mn_say(mn, EV_INFO, "mn-link-down", "mn %s: %s", ifc->name, event);
}

static struct mn_if *by_name(struct mn *mn, const char *name)
{
	for (uint32_t i = 0; i < mn->n_iface; i++)
		if (strcmp(mn->iface[i].name, name) == 0)
			return &mn->iface[i];
	return NULL;
}

static void on_gone(struct mn_if *ifc, struct now now)
{
	bool was_up = ifc->is_up;
	ifc->is_up = false;
	mn4_link_on_no_carrier(ifc);
	if (was_up)
		on_link_down(ifc, "interface gone", now);
	ifc->is_member = ifc->is_held = ifc->v4.is_member = ifc->v4.is_held = false; /* went with the interface */
	ifc->v4.n_local = 0;
	mn_path_iface_gone(ifc);
	ifc->ifindex = 0;
}

static void learn(struct mn_if *ifc, const struct link_event *ev)
{
	struct mn *mn = ifc->mn;
	bool is_new = ifc->ifindex != ev->ifindex || !lladdr_eq(&ifc->lladdr, &ev->lladdr) || ifc->mtu_oct != ev->mtu_oct;
	bool is_changed = is_new && ifc->is_up && ifc->ifindex == ev->ifindex;
	ifc->ifindex = ev->ifindex;
	ifc->lladdr = ev->lladdr;
	ifc->ll = addr6_linklocal(&ev->lladdr);
	ifc->mtu_oct = ev->mtu_oct;
	if (is_new || !ifc->has_dp)
		mn_path_iface(ifc);
	if (is_changed && mn->has_uplink && mn->active == ifc)
		mn_path_uplink(mn); /* it has MTU and address of the link in it */
	if (is_changed && mn->v4.has_uplink && mn->v4.active == ifc)
		mn4_path_uplink(mn);
	if (mn_has6(mn) && ifc == &mn->iface[0])
		mn_group_identity(ifc->mn);
}

void mn_link_on_event(struct mn *mn, const struct link_event *ev, struct now now)
{
	struct mn_if *ifc = by_name(mn, ev->name);
	if (!ifc)
		return;
	if (ev->is_gone) {
		if (ifc->ifindex)
			on_gone(ifc, now);
		return;
	}
	if (ifc->ifindex && ifc->ifindex != ev->ifindex)
		on_gone(ifc, now);
	bool was_up = ifc->is_up;
	learn(ifc, ev);
	ifc->is_up = ev->is_up;
	if (!ev->is_up)
		mn4_link_on_no_carrier(ifc);
	if (ev->is_up && !was_up)
		on_new_link(ifc, "link up", now);
	if (!ev->is_up && was_up)
		on_link_down(ifc, "link down", now);
}

void mn_link_on_roam(struct mn_if *ifc, struct now now) { on_new_link(ifc, "radio moved", now); }

void mn_link_on_silence(struct mn_if *ifc, struct now now)
{
	if (!ifc->router || !ifc->is_up)
		return;
	ifc->is_suspect = true;
	solicit_anew(ifc, now);
}

void mn_link_on_solicit(struct mn_if *ifc, struct now now)
{
	if (!ifc->is_up || (ifc->router && !ifc->is_suspect))
		return;
	if (ifc->is_suspect && ifc->solicits >= MN_SOLICIT_LOST) {
		forget_router(ifc);
		mn_link_fall_back(ifc, MN_FAMILY_6, "router silent", now);
		if (!ifc->mn->active && !ifc->mn->chosen)
			ifc->mn->chosen = ifc;
	}
	mn_link_solicit(ifc, now);
}
