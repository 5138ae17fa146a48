/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the mobile is, and what a move asks for (H-8, H-10, H-11, H-14, H-16; RFC 6275 11.5).
 *
 * The state is not kept but derived, from the link in use and the binding update list, and told to the operator when it
 * changed. A move inside a site changes the uplink and nothing else. Any other move goes: the agent of the site first, then
 * the home agent, then the agents of sites that were left. Old links, addresses and tunnels are
 * given up only when the new place is confirmed.
 */
#include <string.h>

#include "role/mn/state.h"
#include "wire/nd/nd.h"

const char *mn_state_str(enum mn_state s)
{
	switch (s) {
	case MN_NOWHERE: return "nowhere";
	case MN_HOME: return "home";
	case MN_RETURNING: return "returning";
	case MN_JOINING: return "joining";
	case MN_REGISTERING: return "registering";
	case MN_SITE: return "away-site";
	case MN_PLAIN: return "away-plain";
	}
	return "?";
}

static bool is_registered_at(const struct mn_peer *ha, const struct addr6 *coa)
{
	return reg_is_bound(&ha->reg) && !ha->is_uncertain && addr6_eq(&ha->reg.bound_coa, coa);
}

enum mn_state mn_place_state(const struct mn *mn)
{
	const struct mn_peer *ha = &mn->peer[0];
	if (!mn->active || !mn->has_place)
		return MN_NOWHERE;
	switch (mn->place) {
	case MOVE_HOME:
		return ha->reg.state == REG_IDLE || ha->reg.state == REG_STOPPED ? MN_HOME : MN_RETURNING;
	case MOVE_SITE:
		if (!reg_is_bound(&mn->mma->reg) || !mn->mma->has_acoa)
			return MN_JOINING;
		return is_registered_at(ha, &mn->mma->acoa) ? MN_SITE : MN_REGISTERING;
	case MOVE_PLAIN:
		return is_registered_at(ha, &mn->active->coa) ? MN_PLAIN : MN_REGISTERING;
	}
	return MN_NOWHERE;
}

void mn_place_settle(struct mn *mn, const char *event, const char *reason, struct now now)
{
	enum mn_state next = mn_place_state(mn);
	if (next == mn->state)
		return;
	enum event_sev sev = next == MN_NOWHERE || mn->state == MN_NOWHERE ? EV_INFO : EV_NOTICE;
	mn_say(mn, sev, "mn-state", "mn %s: %s -> %s (%s): %s", mn->active ? mn->active->name : "-", mn_state_str(mn->state),
	       mn_state_str(next), event, reason);
	mn->state = next;
	mn->since = now.mono;
}

/* An agent that does not answer for so long is done without. */
static void be_patient(struct mn *mn, struct now now)
{
	mn_arm(mn, &mn->t_joining, MN_T_JOINING, mono_add(now.mono, span_s(MN_JOIN_PATIENCE_S)));
}

static void enter_site(struct mn *mn, struct mn_peer *mma, struct now now)
{
	mn->mma = mma;
	mn_group_identity(mn);
	mn_member_join(mn->active, &mn->group, &mma->addr, now);
	mn_path_coa(mn->active);
	mn_path_tunnel(mn, &mn->group, &mma->addr, DP_ENCAP_GRE);
	mn_path_direct(mn);
	mma->has_acoa = false;
	mn_bul_hush(mn_ha(mn));
	if (!mn_agent_is_known(mn)) { /* the site's agent wants to know who it is */
		mn_agent_discover(mn, now);
		return;
	}
	mn_bul_ask(mma, &mma->addr, (uint32_t)span_to_s(mn->conf.lifetime), now);
	be_patient(mn, now);
}

static void enter_plain(struct mn *mn, struct now now)
{
	struct mn_if *ifc = mn->active;
	if (ifc->is_member)
		mn_member_leave(ifc);
	mn_path_coa(ifc);
	if (!mn_agent_is_known(mn)) {
		mn_agent_discover(mn, now);
		return;
	}
	mn_path_tunnel(mn, &ifc->coa, &mn_ha(mn)->addr, DP_ENCAP_IPIP);
	mn_path_direct(mn);
	mn_bul_ask(mn_ha(mn), &ifc->coa, (uint32_t)span_to_s(mn->conf.lifetime), now);
	mn_path_uplink_soon(mn); /* packets behind the update find it done */
}

/* Away from home: the home address goes to roam0 before it leaves the home link. There the mobile is silent from now on
 * (RFC 6275 10.3.1: the home agent probes for the address) but hears packets until the acknowledgement. */
static void leave_home_link(struct mn *mn)
{
	bool is_link_kept = mn->home_if && mn->home_if != mn->active && mn->home_if->is_up;
	mn_path_roam0(mn);
	mn_path_home_del(mn);
	if (!is_link_kept)
		mn_path_roam0_default(mn);
}

static void enter(struct mn *mn, const struct move_link *link, struct now now)
{
	if (mn->mma && reg_is_bound(&mn->mma->reg) && mn->mma->has_acoa)
		mn->prev = mn->mma;
	mn->place = move_place_of(link);
	mn->has_place = true;
	mn->n.registrations++;
	mn_ro_on_moved(mn, now);
	mn_arm(mn, &mn->t_joining, MN_T_JOINING, MONO_NEVER);
	if (mn->place != MOVE_SITE)
		mn->mma = NULL;
	if (mn->place != MOVE_HOME)
		leave_home_link(mn);
	switch (mn->place) {
	case MOVE_HOME: mn_home_enter(mn, now); break;
	case MOVE_SITE: enter_site(mn, mn_bul_find(mn, &link->mma), now); break;
	case MOVE_PLAIN: enter_plain(mn, now); break;
	}
	mn_bul_hold_others(mn);
}

/* The same site by another link: the uplink goes on from here. No message to anybody, except what was unanswered. */
static void stay(struct mn *mn, enum move_kind kind, struct now now)
{
	if (mn->place != MOVE_SITE && mn->active->is_member)
		mn_member_leave(mn->active); /* it was in a site with this interface, and is back by another */
	if (mn->place == MOVE_HOME) {
		mn_path_home(mn, mn->active);
	} else {
		mn_path_uplink(mn);
		mn_path_coa(mn->active);
		mn_path_direct(mn);
	}
	mn_ro_on_stayed(mn, now);
	if (mn->place == MOVE_SITE && !mn->active->is_member)
		mn_member_join(mn->active, &mn->group, &mn->mma->addr, now);
	if (kind == MOVE_INTRA_SITE)
		mn->n.intra_site++;
	mn_bul_again(mn, now);
	enum mn_state s = mn_place_state(mn);
	if (s == MN_SITE || s == MN_PLAIN)
		mn_path_roam0_default(mn); /* the home agent's answer may have come while no link was in use */
	if (s == MN_SITE || s == MN_PLAIN || s == MN_HOME)
		mn_leave_all(mn, now);
	if (!mn_agent_is_known(mn) && mn->place != MOVE_HOME)
		mn_agent_discover(mn, now);
	else if (s == MN_JOINING && !timer_is_set(&mn->t_joining))
		be_patient(mn, now);
}

static bool is_same_link(const struct mn *mn, const struct mn_if *ifc)
{
	return mn->used.iface == ifc && lladdr_eq(&mn->used.router, &ifc->router->lladdr) &&
	       (mn->place == MOVE_HOME || addr6_eq(&mn->used.coa, &ifc->coa));
}

static const char *reason_of(enum move_kind kind, const struct move_link *link)
{
	switch (kind) {
	case MOVE_NONE: return "the same link again";
	case MOVE_INTRA_SITE: return "another subnet of the site";
	case MOVE_REGISTER: break;
	}
	switch (move_place_of(link)) {
	case MOVE_HOME: return "the home prefix is advertised";
	case MOVE_SITE: return "the site's agent is advertised";
	case MOVE_PLAIN: return "no agent to use is advertised";
	}
	return "?";
}

void mn_place_use(struct mn *mn, struct mn_if *ifc, const char *event, struct now now)
{
	struct move_link link = mn_router_link(mn, ifc->router, now);
	if (!link.has_home_prefix && !mn_router_coa(ifc))
		return; /* no address can be had here (yet) */
	bool is_same = is_same_link(mn, ifc);
	static const struct addr6 none;
	enum move_kind kind = !mn->has_place ? MOVE_REGISTER
		: move_kind_of(mn->place, mn->mma ? &mn->mma->addr : &none, &link, is_same);
	if (kind == MOVE_NONE && is_same && mn->active == ifc)
		return; /* a router's usual advertisement */
	/* Another router without a break: the radio moved and did not say so. Nobody there knows of our membership. */
	bool is_roamed = mn->active == ifc && !is_same && kind != MOVE_REGISTER && ifc->is_member;
	mn->active = ifc;
	if (mn->chosen == ifc)
		mn->chosen = NULL;
	mn->used.iface = ifc;
	mn->used.router = ifc->router->lladdr;
	mn->used.coa = ifc->coa;
	mn_arm(mn, &ifc->t_drain, MN_T_DRAIN, MONO_NEVER);
	if (kind == MOVE_REGISTER)
		enter(mn, &link, now);
	else
		stay(mn, kind, now);
	if (is_roamed)
		mn_member_join(ifc, &ifc->group, &ifc->source, now);
	mn_member_hold(ifc);
	if (!is_same)
		mn_choice_moved(mn, &ifc->router->lladdr, now);
	if (kind == MOVE_INTRA_SITE)
		mn_say(mn, EV_INFO, "mn-handover", "mn %s: intra-site handover to %s (%s)", ifc->name,
		       LLADDR_STR(&ifc->router->lladdr), event);
	mn_place_settle(mn, event, reason_of(kind, &link), now);
	if (kind == MOVE_NONE && !is_same)
		mn_home_announce(mn, now); /* the neighbours know the address by the other interface */
}

void mn_place_again(struct mn *mn, bool is_new_agent, struct now now)
{
	if (!mn->active || !mn->active->router || !mn->has_place || mn->place == MOVE_HOME)
		return;
	if (is_new_agent) { /* the site's agent must know it too */
		struct move_link link = mn_router_link(mn, mn->active->router, now);
		enter(mn, &link, now);
		mn_member_hold(mn->active);
		mn_place_settle(mn, "discovery", "another home agent", now);
		return;
	}
	struct mn_peer *ha = mn_ha(mn);
	if (ha->reg.ask_s)
		mn_bul_ask(ha, &ha->reg.coa, ha->reg.ask_s, now);
}

void mn_place_lost(struct mn *mn, const char *event, struct now now)
{
	mn_place_settle(mn, event, "no other link is up", now);
}

void mn_place_on_joined(struct mn *mn, struct mn_peer *p, struct now now)
{
	if (mn->place != MOVE_SITE || p != mn->mma)
		return; /* left meanwhile: leave_sites() sees to it */
	mn_arm(mn, &mn->t_joining, MN_T_JOINING, MONO_NEVER);
	struct mn_peer *ha = mn_ha(mn);
	bool is_refresh = is_registered_at(ha, &p->acoa);
	mn_bul_ask(ha, &p->acoa, p->reg.lifetime_s, now);
	mn_leave_unheard(mn, now);
	if (is_refresh)
		mn_path_uplink(mn);
	else
		mn_path_uplink_soon(mn);
	mn_place_settle(mn, "binding acknowledgement", "the agent assigned a care-of address", now);
}

void mn_place_on_registered(struct mn *mn, struct now now)
{
	enum mn_state s = mn_place_state(mn);
	if (s != MN_SITE && s != MN_PLAIN)
		return; /* answers an update of the place before */
	mn_path_uplink(mn);
	mn_path_roam0_default(mn);
	mn_leave_all(mn, now);
	mn_place_settle(mn, "binding acknowledgement", "registered with the home agent", now);
	mn_ro_on_registered(mn, now);
}

/* The home agent has let go of the address, or never had it. */
void mn_place_on_home(struct mn *mn, struct now now)
{
	if (mn->place != MOVE_HOME || !mn->active)
		return;
	mn_path_roam0_del(mn);
	mn_path_uplink_del(mn);
	mn_place_settle(mn, "home link", "an ordinary host", now);
	mn_home_announce(mn, now);
	mn_leave_all(mn, now);
	mn_ro_on_home(mn, now);
}

/* A site whose agent does not take us is a foreign link like any other, for a while. */
void mn_place_on_refused(struct mn *mn, struct mn_peer *p, const char *reason, struct now now)
{
	p->refused_until = mono_add(now.mono, span_s(MN_REFUSED_S));
	mn_say(mn, EV_WARNING, "mn-refused", "mn: agent %s is not used for %d s: %s", ADDR6_STR(&p->addr), MN_REFUSED_S, reason);
	if (mn->place != MOVE_SITE || p != mn->mma)
		return;
	mn_arm(mn, &mn->t_joining, MN_T_JOINING, MONO_NEVER);
	if (mn->active && mn->active->router)
		mn_place_use(mn, mn->active, "refused", now);
}

void mn_place_on_group_taken(struct mn *mn, struct now now)
{
	reason_count(&mn->env, R_MMA_GROUP_TAKEN);
	mn->group = mn_group_of(mn, ++mn->group_try);
	mn_say(mn, EV_NOTICE, "mn-group", "mn: another mobile holds our group, offering %s", ADDR6_STR(&mn->group));
	for (uint32_t i = 0; i < mn->n_iface; i++)
		if (&mn->iface[i] != mn->active)
			mn_member_leave(&mn->iface[i]);
	if (!mn->active)
		return;
	enter_site(mn, mn->mma, now);
	mn_member_hold(mn->active);
}

void mn_place_on_hint(struct mn *mn, const struct mn_peer *p, uint8_t status, struct now now)
{
	if (status < 128 || mn->state != MN_JOINING || p != mn->mma)
		return;
	mono_t soon = mono_add(now.mono, span_s(MN_HINT_PATIENCE_S));
	if (timer_is_set(&mn->t_joining) && mono_before(soon, mn->t_joining.when))
		mn_arm(mn, &mn->t_joining, MN_T_JOINING, soon);
}
