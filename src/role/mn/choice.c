/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals of cells, and what follows from them: keeps the averages that the policy is asked with (H-9), carries its
 * decision out, and counts ping-pongs. With an idle interface the better router is attached there first (make before
 * break); with one, the radio is asked to move (break before make).
 */
#include <string.h>

#include "base/err.h"
#include "role/mn/state.h"

static struct mn_cell *find(struct mn *mn, const struct lladdr *ll)
{
	for (uint32_t i = 0; i < MN_CELL_MAX; i++)
		if (mn->cell[i].is_used && lladdr_eq(&mn->cell[i].lladdr, ll))
			return &mn->cell[i];
	return NULL;
}

/* The cell's entry, or a new one in the place of the one heard longest ago. */
static struct mn_cell *get(struct mn *mn, const struct lladdr *ll)
{
	struct mn_cell *c = find(mn, ll);
	if (c)
		return c;
	c = &mn->cell[0];
	for (uint32_t i = 0; i < MN_CELL_MAX && c->is_used; i++)
		if (!mn->cell[i].is_used || mono_before(mn->cell[i].heard, c->heard))
			c = &mn->cell[i];
	memset(c, 0, sizeof *c);
	c->is_used = true;
	c->lladdr = *ll;
	for (int f = 0; f < FACTOR_N; f++)
		c->factor[f] = -1;
	for (uint32_t i = 0; i < mn->conf.n_prefer; i++) {
		if (!lladdr_eq(&mn->conf.prefer[i].router, ll))
			continue;
		c->factor[FACTOR_LOCATION] = (int32_t)mn->conf.prefer[i].location;
		c->factor[FACTOR_SERVICES] = (int32_t)mn->conf.prefer[i].services;
	}
	return c;
}

/* The radio's word, else the router itself stands for the cell. */
const struct lladdr *mn_choice_cell_of(const struct mn_if *ifc)
{
	if (ifc->has_cell)
		return &ifc->cell;
	if (ifc->router)
		return &ifc->router->lladdr;
	return ifc->v4.agent ? &ifc->v4.agent->lladdr : NULL;
}

bool mn_choice_mean(const struct mn *mn, const struct lladdr *ll, struct now now, int32_t *centi_dbm)
{
	for (uint32_t i = 0; i < MN_CELL_MAX; i++) {
		const struct mn_cell *c = &mn->cell[i];
		if (c->is_used && lladdr_eq(&c->lladdr, ll))
			return signal_mean(&c->signal, mn->conf.signal_window, mn->conf.signal_age, now.mono, centi_dbm);
	}
	return false;
}

bool mn_choice_has_signal(const struct mn *mn, struct now now)
{
	int32_t mean;
	for (uint32_t i = 0; i < MN_CELL_MAX; i++)
		if (mn->cell[i].is_used && mn_choice_mean(mn, &mn->cell[i].lladdr, now, &mean))
			return true;
	return false;
}

/* H-9's average runs over advertisements: one that arrives counts as a sample of the radio's latest figure. */
void mn_choice_on_adv(struct mn_if *ifc, const struct lladdr *router, struct now now)
{
	struct mn_cell *c = find(ifc->mn, ifc->has_cell ? &ifc->cell : router);
	int32_t dbm;
	if (c && signal_last(&c->signal, ifc->mn->conf.signal_age, now.mono, &dbm))
		signal_add(&c->signal, dbm, now.mono);
}

bool mn_choice_attach(struct mn *mn, struct mn_if *ifc, const struct lladdr *router, struct now now)
{
	if (!ifc->ifindex)
		return false;
	mn->is_attaching = true;
	mn->attach_if = ifc;
	fx_attach(mn_fx(mn), ROLE_MN, ifc->ifindex, router);
	mn_arm(mn, &mn->t_attach, MN_T_ATTACH, mono_add(now.mono, span_s(MN_ATTACH_PATIENCE_S)));
	return true;
}

static bool is_at(const struct mn_if *ifc, const struct lladdr *ll)
{
	const struct lladdr *cell = mn_choice_cell_of(ifc);
	return ifc->is_up && cell && lladdr_eq(cell, ll);
}

/* The interface to move to another cell: an idle one, or where there is no other the present one. NULL while the
 * other one still drains: next time. */
static struct mn_if *to_be_moved(struct mn *mn)
{
	bool is_draining = false;
	for (uint32_t i = 0; i < mn->n_iface; i++) {
		struct mn_if *ifc = &mn->iface[i];
		if (!ifc->ifindex || mn_is_in_use(mn, ifc))
			continue;
		if (!timer_is_set(&ifc->t_drain) && !timer_is_set(&ifc->v4.t_drain))
			return ifc;
		is_draining = true;
	}
	return is_draining ? NULL : mn_in_use(mn);
}

static void ask_for(struct mn *mn, const struct lladdr *ll, const char *why, struct now now)
{
	for (uint32_t i = 0; i < mn->n_iface; i++) {
		struct mn_if *ifc = &mn->iface[i];
		if (ifc == mn_in_use(mn) || !is_at(ifc, ll))
			continue;
		mn_link_choose(mn, ifc, why, now);
		mn_link_hold(ifc);
		return;
	}
	struct mn_if *ifc = to_be_moved(mn);
	if (ifc)
		mn_choice_attach(mn, ifc, ll, now);
}

static size_t candidates(struct mn *mn, struct policy_cand *cand, const struct mn_cell **cell, int *current, struct now now)
{
	const struct mn_if *in_use = mn_in_use(mn);
	const struct lladdr *here = in_use ? mn_choice_cell_of(in_use) : NULL;
	size_t n = 0;
	*current = -1;
	for (uint32_t i = 0; i < MN_CELL_MAX; i++) {
		const struct mn_cell *c = &mn->cell[i];
		if (!c->is_used)
			continue;
		bool is_here = here && lladdr_eq(here, &c->lladdr);
		cand[n].has_signal = mn_choice_mean(mn, &c->lladdr, now, &cand[n].mean_cdbm);
		memcpy(cand[n].factor, c->factor, sizeof c->factor);
		if (is_here)
			*current = (int)n;
		if (is_here || cand[n].has_signal)
			cell[n++] = c;
	}
	return n;
}

/* A link was chosen, and neither family can use it yet. What only one of them finds there is waited for no longer. */
static bool is_choosing(const struct mn *mn)
{
	return (mn->chosen && mn->chosen != mn->v4.active) || (mn->v4.chosen && mn->v4.chosen != mn->active);
}

static void evaluate(struct mn *mn, struct now now)
{
	if (mn->is_attaching || is_choosing(mn))
		return;
	if (!mn_in_use(mn) && mono_before(now.mono, mono_add(mn->lost_at, span_s(MN_LOST_PATIENCE_S))))
		return; /* a link that comes back by itself is quicker than any other */
	struct policy_cand cand[MN_CELL_MAX];
	const struct mn_cell *cell[MN_CELL_MAX];
	int current;
	size_t n = candidates(mn, cand, cell, &current, now);
	if (mn_in_use(mn) && current < 0)
		return; /* nothing is known of the present one */
	struct policy_choice c = policy_choose(&mn->policy, cand, n, current, mono_sub(now.mono, mn->handover_at));
	if (c.index < 0)
		return;
	mn_say(mn, EV_INFO, "mn-policy", "mn: %s: %s (%d.%02d dB)", policy_why_str(c.why), LLADDR_STR(&cell[c.index]->lladdr),
	       c.gain_cdb / 100, c.gain_cdb % 100);
	ask_for(mn, &cell[c.index]->lladdr, policy_why_str(c.why), now);
}

void mn_choice_on_signal(struct mn *mn, const struct signal_event *ev, struct now now)
{
	struct mn_if *ifc = mn_if_find(mn, ev->ifindex);
	if (!ifc)
		return;
	struct mn_cell *c = get(mn, &ev->router);
	c->heard = now.mono;
	signal_add(&c->signal, ev->dbm, now.mono);
	const int32_t factor[] = {ev->bandwidth_kbps, ev->load_permille, ev->delay_ms, ev->cost};
	for (int f = FACTOR_BANDWIDTH; f <= FACTOR_COST; f++)
		if (factor[f] >= 0)
			c->factor[f] = factor[f];
	if (ev->is_attached) {
		bool has_moved = ifc->has_cell && !lladdr_eq(&ifc->cell, &ev->router) && ifc->is_up;
		ifc->has_cell = true;
		ifc->cell = ev->router;
		if (has_moved)
			mn_link_on_roam(ifc, now);
	}
	evaluate(mn, now);
}

/* Called when another router is in use. */
void mn_choice_moved(struct mn *mn, const struct lladdr *router, struct now now)
{
	mn->handover_at = now.mono;
	if (mn->has_last_router && lladdr_eq(&mn->last_router, router))
		return;
	if (mn->has_last_router) {
		mn->n.handovers++;
		if (lladdr_eq(&mn->before_last, router) &&
		    mono_before(now.mono, mono_add(mn->left_before_last, mn->conf.ping_pong)))
			mn->n.ping_pongs++;
		mn->before_last = mn->last_router;
		mn->left_before_last = now.mono;
	}
	mn->has_last_router = true;
	mn->last_router = *router;
}

static struct mn_if *by_name(struct mn *mn, const char *name)
{
	for (uint32_t i = 0; i < mn->n_iface; i++)
		if (strcmp(mn->iface[i].name, name) == 0)
			return &mn->iface[i];
	return NULL;
}

/* handover IF [ROUTER] */
int mn_choice_ctl(struct mn *mn, const struct ctl_cmd *cmd, struct now now, const char **msg)
{
	if (cmd->argc < 1 || strcmp(cmd->argv[0], "handover") != 0)
		return ERR_NOTFOUND;
	struct mn_if *ifc = cmd->argc >= 2 ? by_name(mn, cmd->argv[1]) : NULL;
	if (!ifc || cmd->argc > 3) {
		*msg = "give an interface of the mobile node, and if wanted a router: handover w0 [02:00:00:00:00:01]";
		return ERR_INVAL;
	}
	struct lladdr ll;
	if (cmd->argc == 3 && !lladdr_parse(&ll, cmd->argv[2])) {
		*msg = "the router is named by its link-layer address, as in 02:00:00:00:00:01";
		return ERR_INVAL;
	}
	if (cmd->argc == 3 && !is_at(ifc, &ll)) {
		if (mn_choice_attach(mn, ifc, &ll, now))
			return 0;
		*msg = "the interface is not there";
		return ERR_INVAL;
	}
	if (!ifc->is_up) {
		*msg = "the link of this interface is down: name a router to attach it to";
		return ERR_INVAL;
	}
	mn_link_choose(mn, ifc, "operator", now);
	mn_link_hold(ifc);
	return 0;
}
