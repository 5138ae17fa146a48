/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a link offers to Mobile IPv4, and which of it the mobile takes: the home link before anything else (H-8), then the
 * agent of a site of ours, then a foreign agent or an address of the host's own, as `care-of` says. An agent that demands registration
 * (R, RFC 5944 2.4.1) is registered through even with an address of the host's own.
 */
#include "role/mn/state.h"

static bool is_foreign_agent(const struct mn *mn, const struct mn_if *ifc, const struct mn4_agent *a, bool has_refused)
{
	if (!a->adv.is_agent || !(a->adv.flags & ADV4_F) || !a->adv.n_coa || has_refused)
		return false;
	bool is_ours = mn->v4.has_place && mn->v4.active == ifc && mn->v4.at.place == MOVE4_AGENT && addr6_eq(&mn->v4.at.agent, &a->addr);
	return is_ours || !(a->adv.flags & ADV4_B); /* busy: no new ones */
}

static struct mn4_mma *site_of(struct mn *mn, const struct mn4_agent *a)
{
	return mn->conf.use_mma && a->adv.has_mma && a->adv.mma.valid_s ? mn4_mma_find(mn, &a->adv.mma.addr) : NULL;
}

static bool by_site(struct mn4_mma *m, const struct mn4_agent *a, struct mn4_spot *s)
{
	*s = (struct mn4_spot){.place = MOVE4_SITE, .agent = m->addr, .coa = m->addr, .mma = m, .router = a->lladdr};
	return true;
}

static bool by_agent(const struct mn4_agent *a, const struct mn4_local *own, struct mn4_spot *s)
{
	*s = (struct mn4_spot){.place = MOVE4_AGENT, .agent = a->addr, .router = a->lladdr, .is_colocated = own != NULL};
	s->coa = own ? own->addr : a->adv.coa[a->coa_try % a->adv.n_coa];
	return true;
}

static bool by_own(const struct mn4_agent *a, const struct mn4_local *l, struct mn4_spot *s)
{
	*s = (struct mn4_spot){.place = MOVE4_COLOCATED, .coa = l->addr, .is_colocated = true};
	if (a)
		s->router = a->lladdr;
	return true;
}

/* With an agent that refused, or without. */
static bool away(struct mn *mn, const struct mn_if *ifc, bool may_refuse, struct now now, struct mn4_spot *s)
{
	const struct mn4_agent *a = ifc->v4.agent;
	const struct mn4_local *l = mn4_link_local(ifc);
	struct mn4_mma *m = a ? site_of(mn, a) : NULL;
	if (m && (may_refuse || !mono_before(now.mono, m->refused_until)))
		return by_site(m, a, s);
	bool has_agent = a && is_foreign_agent(mn, ifc, a, !may_refuse && mono_before(now.mono, a->refused_until));
	bool is_required = has_agent && (a->adv.flags & ADV4_R);
	switch ((enum mn_care_of)mn->conf.v4.care_of) {
	case MN_COA_AUTO:
		if (has_agent)
			return by_agent(a, NULL, s);
		return l && !timer_is_set(&ifc->v4.t_patience) && by_own(a, l, s);
	case MN_COA_FOREIGN_AGENT:
		return has_agent && by_agent(a, NULL, s);
	case MN_COA_CO_LOCATED:
		if (l && is_required)
			return by_agent(a, l, s);
		return l && by_own(a, l, s);
	}
	return false;
}

/* An agent that refused is better than nothing: it is tried on. */
bool mn4_spot_of(struct mn *mn, const struct mn_if *ifc, struct now now, struct mn4_spot *s)
{
	const struct mn4_agent *a = ifc->v4.agent;
	if (a && a->is_home && mn4_knows_home(&mn->v4)) {
		*s = (struct mn4_spot){.place = MOVE4_HOME, .coa = mn->v4.home_address, .router = a->lladdr};
		return true;
	}
	return away(mn, ifc, false, now, s) || away(mn, ifc, true, now, s);
}
