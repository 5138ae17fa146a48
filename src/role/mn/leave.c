/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leaving a site (H-16 to H-19; figures 6 to 9): its agent is de-registered, and asked to send on for a while what still
 * comes to the care-of address that it assigned.
 *
 * Where to: the care-of address at the new agent, which that agent confirms; else the home address, by tunnel. The latter
 * only once the home agent does not send to the old agent any more, or the packets would go round between the two.
 * When: an agent that no link hears any more is asked as soon as it can be told where to (break before make); it
 * then sends on, too, what it kept, from the sequence number on that we heard last. One that an old link still hears goes on delivering
 * there until the home agent has confirmed the new place (make before break), and that link is given up only when the
 * agent has answered and what is on the way has had its time.
 */
#include "role/mn/state.h"

bool mn_leave_is_heard(const struct mn_peer *p)
{
	const struct mn *mn = p->mn;
	for (uint32_t i = 0; i < mn->n_iface; i++) {
		const struct mn_if *ifc = &mn->iface[i];
		if (ifc->is_up && ifc->is_member && addr6_eq(&ifc->source, &p->addr))
			return true;
	}
	return false;
}

static bool is_leaving(const struct mn_peer *p) { return p->reg.state != REG_IDLE && !p->reg.ask_s; }

bool mn_leave_is_pending(const struct mn *mn, const struct addr6 *agent)
{
	for (uint32_t i = 1; i < mn->n_peer; i++)
		if (addr6_eq(&mn->peer[i].addr, agent))
			return is_leaving(&mn->peer[i]);
	return false;
}

static bool is_here(const struct mn_peer *p) { return p->mn->place == MOVE_SITE && p == p->mn->mma; }

static bool is_to_be_left(const struct mn_peer *p) { return !is_here(p) && !is_leaving(p) && mn_bul_may_hold(p); }

/* The home agent knows the new place, and there is no agent there. */
static bool is_confirmed(const struct mn *mn)
{
	enum mn_state s = mn_place_state(mn);
	return s == MN_HOME || s == MN_PLAIN;
}

bool mn_leave_forward(const struct mn_peer *p, struct rc_forward *f)
{
	const struct mn *mn = p->mn;
	const struct mn_peer *here = mn->place == MOVE_SITE ? mn->mma : NULL;
	*f = (struct rc_forward){.time_s = (uint16_t)span_to_s(mn->conf.forward), .flags = mn_leave_is_heard(p) ? 0 : RC_FORWARD_GONE};
	if (!f->time_s || !p->has_acoa || p == here)
		return false;
	if (here && reg_is_bound(&here->reg) && here->has_acoa) {
		f->to = here->acoa;
		f->agent = here->addr;
	} else if (is_confirmed(mn)) {
		f->to = mn->conf.home_address;
	} else {
		return false;
	}
	if ((f->flags & RC_FORWARD_GONE) && mn->env.last_seq)
		f->has_seq = mn->env.last_seq(mn->env.ctx, &p->group, &p->addr, &f->last_seq);
	return true;
}

static void leave(struct mn_peer *p, struct now now)
{
	struct mn *mn = p->mn;
	struct rc_forward f;
	span_t end = span_ns(mn->conf.forward.ns + mn->conf.drain.ns + NS_PER_S);
	if (mn_leave_forward(p, &f) && addr6_is_any(&f.agent))
		mn_path_forwarded(mn, &p->addr, mono_add(now.mono, end));
	mn_bul_ask(p, &p->addr, 0, now);
}

void mn_leave_unheard(struct mn *mn, struct now now)
{
	for (uint32_t i = 1; i < mn->n_peer; i++)
		if (is_to_be_left(&mn->peer[i]) && !mn_leave_is_heard(&mn->peer[i]))
			leave(&mn->peer[i], now);
}

/* Membership, and where we steer the radio the attachment too. */
static void drain(struct mn_if *ifc, bool is_steered, struct now now)
{
	struct mn *mn = ifc->mn;
	bool is_waiting = ifc->is_member && mn_leave_is_pending(mn, &ifc->source);
	mono_t when = mono_add(now.mono, is_waiting ? span_s(MN_LEAVE_PATIENCE_S) : mn->conf.drain);
	if (!ifc->is_member && !(is_steered && ifc->is_up))
		return;
	if (!timer_is_set(&ifc->t_drain) || mono_before(when, ifc->t_drain.when))
		mn_arm(mn, &ifc->t_drain, MN_T_DRAIN, when);
}

static void drain_others(struct mn *mn, struct now now)
{
	bool is_steered = mn_choice_has_signal(mn, now);
	for (uint32_t i = 0; i < mn->n_iface; i++)
		if (&mn->iface[i] != mn->active && &mn->iface[i] != mn->chosen)
			drain(&mn->iface[i], is_steered, now);
}

void mn_leave_all(struct mn *mn, struct now now)
{
	for (uint32_t i = 1; i < mn->n_peer; i++)
		if (is_to_be_left(&mn->peer[i]))
			leave(&mn->peer[i], now);
	drain_others(mn, now);
	mn_path_retire(mn, now);
}

void mn_leave_on_left(struct mn_peer *p, struct now now)
{
	struct mn *mn = p->mn;
	if (mn->prev == p)
		mn->prev = NULL;
	if (!is_confirmed(mn) && mn_place_state(mn) != MN_SITE)
		return; /* the new place is not confirmed: that will do it */
	drain_others(mn, now);
	mn_path_retire(mn, now);
}
