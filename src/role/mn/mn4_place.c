/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the mobile is in IPv4, and what a move asks for (H-7, H-8, H-11; RFC 5944 3.6): place.c's counterpart. The state is derived from the
 * link in use and the registration. A move inside a site changes the uplink and nothing else; any other is one registration, through whoever
 * serves the new link. What served the old one is given up when that is accepted.
 */
#include <string.h>

#include "role/mn/state.h"

static enum mn_state state_of(const struct mn *mn)
{
	const struct mn4 *v = &mn->v4;
	if (!v->active || !v->has_place)
		return MN_NOWHERE;
	bool is_bound = mn4_reg_is_bound(mn);
	switch (v->at.place) {
	case MOVE4_HOME: return v->reg.ask_s == 0 && !reg4_is_pending(&v->reg) ? MN_HOME : MN_RETURNING;
	case MOVE4_SITE: return is_bound ? MN_SITE : MN_JOINING;
	case MOVE4_AGENT:
	case MOVE4_COLOCATED: return is_bound ? MN_PLAIN : MN_REGISTERING;
	}
	return MN_NOWHERE;
}

void mn4_place_settle(struct mn *mn, const char *event, const char *reason, struct now now)
{
	struct mn4 *v = &mn->v4;
	enum mn_state next = state_of(mn);
	if (next == v->state)
		return;
	enum event_sev sev = next == MN_NOWHERE || v->state == MN_NOWHERE ? EV_INFO : EV_NOTICE;
	mn4_say(mn, sev, "mn-state", "mn %s: IPv4: %s -> %s (%s): %s", v->active ? v->active->name : "-", mn_state_str(v->state),
		mn_state_str(next), event, reason);
	v->state = next;
	v->since = now.mono;
}

/* --- another place -------------------------------------------------------------------------------------------- */

static void be_patient(struct mn *mn, span_t wait, struct now now)
{
	mn_arm(mn, &mn->v4.t_joining, MN_T4_JOINING, mono_add(now.mono, wait));
}

static void enter_site(struct mn *mn, struct now now)
{
	struct mn4 *v = &mn->v4;
	struct mn4_mma *m = v->at.mma;
	const struct mn4_agent *a = v->active->v4.agent;
	if (!m->has_group) {
		mn_group_identity(mn);
		m->group = mn4_group_of(mn, a ? &a->adv.mma.group : &(struct prefix6){0}, v->group_try);
		m->has_group = true;
	}
	mn4_member_join(v->active, &m->group, &m->addr, now);
	mn4_path_listen(mn, &m->group);
	mn4_path_tunnel(mn, &m->group, &m->addr, DP_ENCAP_GRE);
	mn4_path_nest(mn);
	mn4_reg_ask(mn, (uint32_t)span_to_s(mn->conf.lifetime), now);
	be_patient(mn, span_s(MN_JOIN_PATIENCE_S), now);
}

static enum dp_encap encap_of(const struct mn4 *v)
{
	switch ((enum mn_encap4)v->want.encap) {
	case MN_ENCAP_IPIP: return DP_ENCAP_IPIP;
	case MN_ENCAP_GRE: return DP_ENCAP_GRE_PLAIN;
	case MN_ENCAP_MINIMAL: return DP_ENCAP_MINIMAL;
	}
	return DP_ENCAP_IPIP;
}

static void enter_plain(struct mn *mn, struct now now)
{
	struct mn4 *v = &mn->v4;
	mn4_member_leave(v->active);
	if (v->at.is_colocated) {
		mn4_path_listen(mn, &v->at.coa);
		if (mn4_knows_agent(v))
			mn4_path_tunnel(mn, &v->at.coa, &v->ha, encap_of(v));
	} else {
		mn4_path_nest(mn);
	}
	mn4_reg_ask(mn, (uint32_t)span_to_s(mn->conf.lifetime), now);
}

/* What the agent of a foreign agent's link can do is told in its advertisement (RFC 5944 2.1.1, RFC 3024 3.1). */
static void want(struct mn *mn)
{
	struct mn4 *v = &mn->v4;
	const struct mn4_conf *c = &mn->conf.v4;
	const struct mn4_agent *a = v->active->v4.agent;
	uint16_t flags = a && a->adv.is_agent ? a->adv.flags : 0;
	bool by_agent = v->at.place == MOVE4_AGENT && !v->at.is_colocated;
	v->want.encap = v->at.place == MOVE4_SITE ? MN_ENCAP_IPIP : c->encapsulation;
	if (by_agent && ((v->want.encap == MN_ENCAP_GRE && !(flags & ADV4_G)) || (v->want.encap == MN_ENCAP_MINIMAL && !(flags & ADV4_M))))
		v->want.encap = MN_ENCAP_IPIP;
	v->want.reverse = v->at.place == MOVE4_SITE || (c->reverse_tunnel != MN_REVERSE_OFF &&
			  (!by_agent || (flags & ADV4_T) || c->reverse_tunnel == MN_REVERSE_REQUIRED));
	v->want.encapsulating = by_agent && v->want.reverse && c->delivery == MN_DELIVERY_ENCAPSULATING;
	v->want.simultaneous = c->simultaneous;
	v->want.network = c->n_network > 0;
	v->want.udp = c->udp_tunnel != MN_UDP_OFF && v->at.is_colocated && (v->at.place == MOVE4_COLOCATED || (flags & ADV4_U));
}

/* RFC 5944 4.6: ARP for the home address stops before the request leaves; what still comes is heard, and what the mobile sends goes
 * by the home link while that is up. */
static void leave_home_link(struct mn *mn)
{
	struct mn4 *v = &mn->v4;
	mn4_path_roam0(mn);
	if (v->home_if && v->home_if != v->active && v->home_if->is_up)
		mn4_path_uplink_home(mn, v->home_if);
	mn4_path_roam0_default(mn);
	mn4_path_home_del(mn);
}

static void enter(struct mn *mn, const struct mn4_spot *s, struct now now)
{
	struct mn4 *v = &mn->v4;
	if (v->has_place && v->at.place == MOVE4_SITE && v->at.mma->is_bound)
		v->prev = v->at.mma;
	v->at = *s;
	v->has_place = true;
	v->n.registrations++;
	mn_arm(mn, &v->t_joining, MN_T4_JOINING, MONO_NEVER);
	mn_arm(mn, &v->t_retry, MN_T4_RETRY, MONO_NEVER);
	mn4_udp_off(mn);
	want(mn);
	if (s->place != MOVE4_HOME)
		leave_home_link(mn);
	switch (s->place) {
	case MOVE4_HOME: mn4_home_enter(mn, now); break;
	case MOVE4_SITE: mn4_leave_unneeded(mn); enter_site(mn, now); break;
	case MOVE4_AGENT:
	case MOVE4_COLOCATED: enter_plain(mn, now); break;
	}
}

/* --- the same place ------------------------------------------------------------------------------------------- */

static void stay(struct mn *mn, const struct mn4_spot *s, bool is_intra, struct now now)
{
	struct mn4 *v = &mn->v4;
	struct lladdr router = lladdr_is_zero(&s->router) ? v->at.router : s->router;
	v->at = *s;
	v->at.router = router;
	if (s->place == MOVE4_HOME) {
		mn4_path_home(mn, v->active);
		if (state_of(mn) == MN_HOME)
			mn4_path_roam0_del(mn);
	} else {
		mn4_path_uplink(mn);
	}
	if (s->place != MOVE4_SITE)
		mn4_member_leave(v->active);
	else if (!v->active->v4.is_member)
		mn4_member_join(v->active, &s->mma->group, &s->mma->addr, now);
	v->n.intra_site += is_intra;
	mn4_reg_again(mn, now);
	enum mn_state st = state_of(mn);
	if (st == MN_SITE || st == MN_PLAIN)
		mn4_path_roam0_default(mn);
	if (st == MN_SITE || st == MN_PLAIN || st == MN_HOME)
		mn4_leave_all(mn, now);
	if (st == MN_JOINING && !timer_is_set(&v->t_joining))
		be_patient(mn, span_s(MN_JOIN_PATIENCE_S), now);
}

/* A foreign agent delivers to the link-layer address of the interface that asked: by another interface it is another place. */
static bool is_same_place(const struct mn4 *v, const struct mn_if *ifc, const struct mn4_spot *s)
{
	if (!v->has_place || v->at.place != s->place)
		return false;
	switch (s->place) {
	case MOVE4_HOME: return true;
	case MOVE4_SITE: return v->at.mma == s->mma;
	case MOVE4_AGENT:
		return v->used.iface == ifc && addr6_eq(&v->at.agent, &s->agent) && addr6_eq(&v->at.coa, &s->coa) &&
		       v->at.is_colocated == s->is_colocated;
	case MOVE4_COLOCATED: return v->used.iface == ifc && addr6_eq(&v->at.coa, &s->coa);
	}
	return false;
}

static const char *reason_of(const struct mn4_spot *s, bool is_same)
{
	if (is_same)
		return s->place == MOVE4_SITE ? "another subnet of the site" : "the same place again";
	switch (s->place) {
	case MOVE4_HOME: return "the home link is advertised";
	case MOVE4_SITE: return "the site's agent is advertised";
	case MOVE4_AGENT: return "a foreign agent is advertised";
	case MOVE4_COLOCATED: return "the host has an address here";
	}
	return "?";
}

static void note_moved(struct mn *mn, const struct mn4_spot *s, struct now now)
{
	if (!lladdr_is_zero(&s->router) && (!mn->active || !mn->active->router))
		mn_choice_moved(mn, &s->router, now); /* else IPv6 has counted it, or will */
	else
		mn->handover_at = now.mono;
}

void mn4_place_use(struct mn *mn, struct mn_if *ifc, const char *event, struct now now)
{
	struct mn4 *v = &mn->v4;
	struct mn4_spot s;
	if (!mn4_spot_of(mn, ifc, now, &s))
		return; /* nothing here (yet) */
	bool is_same = is_same_place(v, ifc, &s);
	bool is_same_link = v->used.iface == ifc && lladdr_eq(&v->used.router, &s.router);
	if (is_same && is_same_link && v->active == ifc)
		return; /* an agent's usual advertisement */
	bool is_roamed = v->active == ifc && is_same && !is_same_link && ifc->v4.is_member;
	bool is_intra = is_same && s.place == MOVE4_SITE && !is_same_link;
	v->active = ifc;
	if (v->chosen == ifc)
		v->chosen = NULL;
	mn_arm(mn, &ifc->v4.t_drain, MN_T4_DRAIN, MONO_NEVER);
	v->used.iface = ifc;
	v->used.router = s.router;
	if (is_same)
		stay(mn, &s, is_intra, now);
	else
		enter(mn, &s, now);
	if (is_roamed)
		mn4_member_join(ifc, &ifc->v4.group, &ifc->v4.source, now);
	mn4_member_hold(ifc);
	if (!is_same_link)
		note_moved(mn, &s, now);
	if (is_intra)
		mn4_say(mn, EV_INFO, "mn-handover", "mn %s: IPv4: intra-site handover to %s (%s)", ifc->name, LLADDR_STR(&s.router), event);
	mn4_place_settle(mn, event, reason_of(&s, is_same), now);
	if (is_same && s.place == MOVE4_HOME && !is_same_link)
		mn4_home_announce(mn, now); /* the neighbours know the address by the other interface */
}

void mn4_place_again(struct mn *mn, const char *event, struct now now)
{
	struct mn4 *v = &mn->v4;
	if (!v->active || !v->has_place)
		return;
	struct mn4_spot s = v->at;
	enter(mn, &s, now);
	mn4_member_hold(v->active);
	mn4_place_settle(mn, event, "registering anew", now);
}

/* --- what the registration brings ------------------------------------------------------------------------------ */

void mn4_place_on_registered(struct mn *mn, struct now now)
{
	struct mn4 *v = &mn->v4;
	mn_arm(mn, &v->t_joining, MN_T4_JOINING, MONO_NEVER);
	if (!v->active)
		return;
	if (v->at.place == MOVE4_COLOCATED || (v->at.place == MOVE4_AGENT && v->at.is_colocated))
		mn4_path_tunnel(mn, &v->at.coa, &v->ha, v->got.encap);
	mn4_path_nest(mn); /* whose ends were perhaps not known before */
	mn4_path_roam0(mn);
	mn4_path_uplink(mn);
	mn4_path_roam0_default(mn);
	mn4_leave_all(mn, now);
	mn4_place_settle(mn, "registration reply", "registered with the home agent", now);
}

void mn4_place_on_home(struct mn *mn, struct now now)
{
	struct mn4 *v = &mn->v4;
	if (v->at.place != MOVE4_HOME || !v->active)
		return;
	mn4_path_roam0_del(mn);
	mn4_path_uplink_del(mn);
	mn4_place_settle(mn, "home link", "an ordinary host", now);
	mn4_leave_all(mn, now);
}

static void refuse(struct mn *mn, const struct addr6 *agent, mono_t *until, const char *reason, struct now now)
{
	*until = mono_add(now.mono, span_s(MN4_REFUSED_S));
	mn4_say(mn, EV_WARNING, "mn-refused", "mn: agent %s is not used for %d s: %s", ADDR46_STR(agent), MN4_REFUSED_S, reason);
}

bool mn4_place_refuse_agent(struct mn *mn, const char *reason, struct now now)
{
	struct mn4 *v = &mn->v4;
	struct mn_if *ifc = v->active;
	struct mn4_agent *a = ifc ? ifc->v4.agent : NULL;
	if (!a || (v->at.place != MOVE4_AGENT && v->at.place != MOVE4_SITE))
		return false;
	if (v->at.place == MOVE4_SITE) {
		refuse(mn, &v->at.agent, &v->at.mma->refused_until, reason, now);
	} else {
		refuse(mn, &v->at.agent, &a->refused_until, reason, now);
	}
	struct mn4_agent *other = mn4_agent_other(ifc, now);
	struct mn4_spot s;
	if (other && v->at.place == MOVE4_AGENT)
		ifc->v4.agent = other;
	if (!mn4_spot_of(mn, ifc, now, &s) || is_same_place(v, ifc, &s))
		return false;
	mn4_place_use(mn, ifc, "refused", now);
	return true;
}

void mn4_place_on_group_taken(struct mn *mn, const struct addr6 *group, struct now now)
{
	struct mn4 *v = &mn->v4;
	struct mn4_mma *m = v->at.mma;
	reason_count(&mn->env, R_MMA_GROUP_TAKEN);
	for (uint32_t i = 0; i < mn->n_iface; i++)
		mn4_member_leave(&mn->iface[i]);
	m->group = *group;
	m->has_group = true;
	mn4_say(mn, EV_NOTICE, "mn-group", "mn: the agent allocated group %s", ADDR46_STR(group));
	if (!v->active)
		return;
	enter_site(mn, now);
	mn4_member_hold(v->active);
}

/* The site's agent does not answer: the link is a foreign one like any other. */
void mn4_place_on_joining(struct mn *mn, struct now now)
{
	struct mn4 *v = &mn->v4;
	if (v->state != MN_JOINING)
		return;
	if (!mn4_place_refuse_agent(mn, "it does not answer", now))
		be_patient(mn, span_s(MN4_REFUSED_S), now); /* nothing else here: it is tried on */
}

void mn4_place_on_hint(struct mn *mn, struct now now)
{
	struct mn4 *v = &mn->v4;
	mono_t soon = mono_add(now.mono, span_s(MN_HINT_PATIENCE_S));
	if (v->state == MN_JOINING && timer_is_set(&v->t_joining) && mono_before(soon, v->t_joining.when))
		mn_arm(mn, &v->t_joining, MN_T4_JOINING, soon);
}
