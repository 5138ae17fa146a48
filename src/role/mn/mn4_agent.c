/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Agent discovery and movement detection of Mobile IPv4 (RFC 5944 2.4): solicitations and their rate, the agents and routers that are
 * heard, and which of a link's is in use.
 *
 * One agent of a link is in use, and advertisements of others change nothing while it is heard (3.6), except: the home link's take
 * precedence (H-8), the radio may say that it is attached to another one, and rule 2 (2.4.2.2) may tell that the link is another subnet. Two agents
 * of different subnets that are both heard on one link would make rule 2 swing between them: once the former is heard again, the
 * rule is off on that link. Rule 1 (2.4.2.1) loses an agent when its lifetime ends; it is asked before.
 */
#include <string.h>

#include "role/mn/state.h"

static struct mn4_agent *find(struct mn *mn, uint32_t ifindex, const struct lladdr *ll)
{
	for (uint32_t i = 0; i < MN4_AGENT_MAX; i++) {
		struct mn4_agent *a = &mn->v4.agent[i];
		if (a->is_used && a->ifindex == ifindex && lladdr_eq(&a->lladdr, ll))
			return a;
	}
	return NULL;
}

static bool is_in_use(const struct mn *mn, const struct mn4_agent *a)
{
	for (uint32_t i = 0; i < mn->n_iface; i++)
		if (mn->iface[i].v4.agent == a)
			return true;
	return false;
}

/* A free slot, else that of the one heard longest ago that no link uses. */
static struct mn4_agent *slot(struct mn *mn)
{
	struct mn4_agent *oldest = NULL;
	for (uint32_t i = 0; i < MN4_AGENT_MAX; i++) {
		struct mn4_agent *a = &mn->v4.agent[i];
		if (!a->is_used)
			return a;
		if (!is_in_use(mn, a) && (!oldest || mono_before(a->heard, oldest->heard)))
			oldest = a;
	}
	return oldest;
}

void mn4_agent_forget(struct mn_if *ifc)
{
	struct mn *mn = ifc->mn;
	for (uint32_t i = 0; i < MN4_AGENT_MAX; i++)
		if (mn->v4.agent[i].ifindex == ifc->ifindex)
			mn->v4.agent[i].is_used = false;
	ifc->v4.agent = NULL;
	ifc->v4.is_suspect = ifc->v4.is_shared = false;
	mn_arm(mn, &ifc->v4.t_silence, MN_T4_SILENCE, MONO_NEVER);
}

struct mn4_mma *mn4_mma_find(struct mn *mn, const struct addr6 *addr)
{
	for (uint32_t i = 0; i < mn->conf.n_mma && !addr6_is_none(addr); i++)
		if (mn->v4.mma[i].key && addr6_eq(&mn->v4.mma[i].addr, addr))
			return &mn->v4.mma[i];
	return NULL;
}

bool mn4_agent_is_usable(const struct mn4_agent *a, struct now now)
{
	return a->is_used && mono_before(now.mono, a->lost_at) && !mono_before(now.mono, a->refused_until);
}

/* Home, a site of ours, a foreign agent, a mere router: in this order. */
static int rank(struct mn *mn, const struct mn4_agent *a, struct now now)
{
	const struct mn4_mma *m = a->adv.has_mma ? mn4_mma_find(mn, &a->adv.mma.addr) : NULL;
	if (a->is_home)
		return 3;
	if (m && mn->conf.use_mma && !mono_before(now.mono, m->refused_until))
		return 2;
	return a->adv.is_agent && (a->adv.flags & ADV4_F) && !(a->adv.flags & ADV4_B);
}

struct mn4_agent *mn4_agent_other(const struct mn_if *ifc, struct now now)
{
	struct mn *mn = ifc->mn;
	struct mn4_agent *best = NULL;
	for (uint32_t i = 0; i < MN4_AGENT_MAX; i++) {
		struct mn4_agent *a = &mn->v4.agent[i];
		if (a->ifindex != ifc->ifindex || a == ifc->v4.agent || !mn4_agent_is_usable(a, now))
			continue;
		if (!best || rank(mn, a, now) > rank(mn, best, now))
			best = a;
	}
	return best;
}

/* --- solicitations --------------------------------------------------------------------------------------- */

/* RFC 1256 asks for randomness: up to a tenth more, never less. */
static mono_t spread(const struct mn *mn, mono_t from, span_t wait)
{
	return mono_add(from, span_ns(wait.ns + rng_below(mn->env.rng, (uint32_t)(wait.ns / NS_PER_MS / 10)) * NS_PER_MS));
}

/* Without an address yet the source is 0.0.0.0 (RFC 1256 3); the home address is no neighbour's on this link, but the agent answers to it. */
static struct addr6 source(const struct mn_if *ifc)
{
	const struct mn4_local *l = mn4_link_local(ifc);
	return l ? l->addr : ifc->mn->v4.home_address;
}

void mn4_agent_solicit(struct mn_if *ifc, struct now now)
{
	struct mn *mn = ifc->mn;
	struct mn4_if *v = &ifc->v4;
	struct addr6 src = source(ifc);
	uint8_t buf[64];
	size_t n = sol4_packet_build(buf, sizeof buf, &src, &adv4_allrouters);
	if (n)
		fx_send(mn_fx(mn), ROLE_MN, ifc->ifindex, NULL, buf, n);
	mn->v4.n.solicits++;
	int64_t next = v->solicit_wait.ns * 2, max = span_s(MN4_SOLICIT_MAX_S).ns;
	if (++v->solicits >= MN4_SOLICIT_FAST)
		v->solicit_wait = span_ns(next < max ? next : max);
	mn_arm(mn, &v->t_solicit, MN_T4_SOLICIT, spread(mn, now.mono, v->solicit_wait));
}

static void start(struct mn_if *ifc, struct now now)
{
	ifc->v4.solicits = 0;
	ifc->v4.solicit_wait = span_s(1);
	mn4_agent_solicit(ifc, now);
}

void mn4_agent_solicit_anew(struct mn_if *ifc, struct now now) { start(ifc, now); }

void mn4_agent_on_solicit(struct mn_if *ifc, struct now now)
{
	if (ifc->is_up && (!ifc->v4.agent || ifc->v4.is_suspect))
		mn4_agent_solicit(ifc, now);
}

/* --- silence (rule 1) ------------------------------------------------------------------------------------- */

static void arm_silence(struct mn_if *ifc, mono_t when) { mn_arm(ifc->mn, &ifc->v4.t_silence, MN_T4_SILENCE, when); }

static void use(struct mn_if *ifc, struct mn4_agent *a, const char *event, struct now now);

static void on_lost(struct mn_if *ifc, struct now now)
{
	struct mn *mn = ifc->mn;
	struct mn4_agent *other = mn4_agent_other(ifc, now);
	mn4_say(mn, EV_NOTICE, "mn-agent-lost", "mn %s: agent %s is silent", ifc->name, ADDR46_STR(&ifc->v4.agent->addr));
	ifc->v4.agent->is_used = false;
	ifc->v4.agent = NULL;
	ifc->v4.is_suspect = false;
	if (other) {
		use(ifc, other, "agent silent", now);
		return;
	}
	if (mn4_link_is_known(ifc, now)) /* a co-located address will do */
		mn4_place_use(mn, ifc, "agent silent", now);
	else
		mn_link_fall_back(ifc, MN_FAMILY_4, "agent silent", now);
	if (!mn->v4.active && !mn->v4.chosen)
		mn->v4.chosen = ifc;
	if (!timer_is_set(&ifc->v4.t_solicit))
		start(ifc, now);
}

void mn4_agent_on_silence(struct mn_if *ifc, struct now now)
{
	struct mn4_agent *a = ifc->v4.agent;
	if (!a || !ifc->is_up)
		return;
	if (mono_reached(a->lost_at, now.mono)) {
		on_lost(ifc, now);
		return;
	}
	ifc->v4.is_suspect = true;
	arm_silence(ifc, a->lost_at);
	start(ifc, now);
}

/* --- advertisements ---------------------------------------------------------------------------------------- */

static struct prefix6 local_prefix(const struct mn4_local *l)
{
	struct prefix6 p = {l->addr, l->len_bits};
	p.addr = prefix6_join(&p, &(struct addr6){{0}});
	return p;
}

/* Rule 2. From a co-located address it needs that one's prefix. */
static bool is_other_subnet(const struct mn *mn, const struct mn_if *ifc, const struct mn4_agent *a)
{
	const struct mn4_local *l = mn4_link_local(ifc);
	bool is_colocated = mn->v4.active == ifc && mn->v4.has_place && mn->v4.at.is_colocated;
	if (ifc->v4.is_shared)
		return false;
	if (is_colocated && l) {
		struct prefix6 p = local_prefix(l);
		return move4_subnet_of(&p, &a->adv) == MOVE4_OTHER;
	}
	return ifc->v4.agent && move4_subnet(&ifc->v4.agent->adv, &a->adv) == MOVE4_OTHER;
}

static bool is_refused(const struct mn4_agent *a, struct now now) { return !mn4_agent_is_usable(a, now); }

/* Should a be the agent of its link now? */
static bool is_to_be_used(struct mn_if *ifc, struct mn4_agent *a, struct now now)
{
	struct mn *mn = ifc->mn;
	const struct mn4_agent *cur = ifc->v4.agent;
	if (!cur || cur == a || ifc->v4.is_suspect || is_refused(cur, now))
		return true;
	if (ifc->has_cell && lladdr_eq(&ifc->cell, &a->lladdr) && !lladdr_eq(&ifc->cell, &cur->lladdr))
		return true;
	if (a->is_home != cur->is_home)
		return a->is_home;
	if (mn->v4.at.place != MOVE4_AGENT && rank(mn, a, now) > rank(mn, cur, now))
		return true; /* not registered with an agent here */
	return is_other_subnet(mn, ifc, a);
}

/* The former agent of the link, where rule 2 said that it was left, is heard again. */
static void note_shared(struct mn_if *ifc, const struct mn4_agent *a)
{
	ifc->v4.is_shared |= a->was_left && ifc->v4.agent && ifc->v4.agent != a;
}

static void take_challenge(struct mn4_agent *a)
{
	if (!a->adv.has_challenge)
		return;
	a->has_challenge = true;
	a->challenge_oct = a->adv.challenge_oct;
	memcpy(a->challenge, a->adv.challenge, sizeof a->challenge);
}

static struct mn4_agent *learn(struct mn_if *ifc, const struct lladdr *ll, const struct adv4_packet *p, struct now now)
{
	struct mn *mn = ifc->mn;
	struct mn4_agent *a = find(mn, ifc->ifindex, ll);
	if (!a) {
		a = slot(mn);
		if (!a)
			return NULL;
		*a = (struct mn4_agent){.is_used = true, .ifindex = ifc->ifindex, .lladdr = *ll};
	}
	if (a->adv.n_coa != p->adv.n_coa)
		a->coa_try = 0;
	a->addr = p->src;
	a->adv = p->adv;
	a->is_home = move4_is_home(p, &mn->v4.ha, &mn->conf.v4.home_prefix);
	a->heard = now.mono;
	a->lost_at = move4_lost_at(now.mono, &p->adv);
	take_challenge(a);
	return a;
}

static void use(struct mn_if *ifc, struct mn4_agent *a, const char *event, struct now now)
{
	struct mn *mn = ifc->mn;
	if (ifc->v4.agent && ifc->v4.agent != a)
		ifc->v4.agent->was_left = true;
	ifc->v4.agent = a;
	ifc->v4.is_suspect = false;
	mn_arm(mn, &ifc->v4.t_solicit, MN_T4_SOLICIT, MONO_NEVER);
	mn_arm(mn, &ifc->v4.t_patience, MN_T4_PATIENCE, MONO_NEVER);
	arm_silence(ifc, move4_overdue(a->heard, &a->adv, mn->conf.missed_advertisements));
	if (mn->v4.chosen == ifc || mn->v4.active == ifc)
		mn4_place_use(mn, ifc, event, now);
	else if (!mn->v4.active && !mn->v4.chosen)
		mn_link_choose(mn, ifc, event, now);
}

/* It began anew, or says so to those whose binding it ended (2.4.4; RFC 3543 4.1): while busy it wants them elsewhere. */
static void on_restart(struct mn_if *ifc, struct mn4_agent *a, struct now now)
{
	struct mn *mn = ifc->mn;
	bool is_ours = mn->v4.has_place && mn->v4.active == ifc && ifc->v4.agent == a &&
		       (mn->v4.at.place == MOVE4_AGENT || mn->v4.at.place == MOVE4_SITE);
	if (!is_ours)
		return;
	reason_count(&mn->env, R_AGENT_RESTARTED);
	mn4_say(mn, EV_NOTICE, "mn-agent-restarted", "mn %s: agent %s began anew: registering again", ifc->name, ADDR46_STR(&a->addr));
	if ((a->adv.flags & ADV4_B) && mn->v4.at.place == MOVE4_AGENT && mn4_place_refuse_agent(mn, "it is busy", now))
		return;
	mn4_reg_refresh(mn, now);
}

static void on_withdrawn(struct mn_if *ifc, struct mn4_agent *a, struct now now)
{
	if (!a)
		return;
	a->lost_at = now.mono;
	if (ifc->v4.agent == a)
		on_lost(ifc, now);
	else
		a->is_used = false;
}

/* A refusal asked for one, and there was none left (RFC 4721 3.1). */
static bool is_challenge_awaited(const struct mn_if *ifc, const struct mn4_agent *a)
{
	const struct mn4 *v = &ifc->mn->v4;
	return v->active == ifc && ifc->v4.agent == a && v->has_place && v->at.place == MOVE4_AGENT && a->has_challenge &&
	       v->reg.act == REG4_CHALLENGE && !v->reg.is_open && reg4_is_pending(&v->reg);
}

void mn4_agent_on_adv(struct mn_if *ifc, const struct rx *rx, struct now now)
{
	struct mn *mn = ifc->mn;
	struct adv4_packet p;
	enum wire_err err = adv4_packet_parse(rx->pkt, rx->len_oct, &p);
	if (err == W_OK && p.type != IC4_ROUTER_ADV)
		return;
	if (err != W_OK || !ifc->is_up || lladdr_is_zero(&rx->lladdr_src) || addr6_is_none(&p.src)) {
		reason_count(&mn->env, R_ADV_INVALID);
		return;
	}
	struct mn4_agent *a = find(mn, ifc->ifindex, &rx->lladdr_src);
	if (!p.adv.lifetime_s) {
		on_withdrawn(ifc, a, now);
		return;
	}
	bool is_restart = a && move4_is_restart(&a->adv, &p.adv);
	a = learn(ifc, &rx->lladdr_src, &p, now);
	if (!a)
		return;
	mn_choice_on_adv(ifc, &a->lladdr, now);
	note_shared(ifc, a);
	if (is_to_be_used(ifc, a, now))
		use(ifc, a, "advertisement", now);
	if (is_restart)
		on_restart(ifc, a, now);
	else if (is_challenge_awaited(ifc, a))
		mn4_reg_mended(mn, now);
}
