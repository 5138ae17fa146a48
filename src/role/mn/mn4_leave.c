/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leaving a site in IPv4 (H-16 to H-19): leave.c's counterpart. Once the new place is confirmed, the agent that was left is de-registered and
 * asked to send on for a while what still comes: to the new site's agent, which confirms that the mobile is there, else to the
 * home address, in a tunnel. The request goes from the home address as any packet of the mobile does, and the agent answers
 * it itself; the home agent, to which it was a foreign agent, hears nothing.
 */
#include "role/mn/state.h"

bool mn4_leave_is_pending(const struct mn4_mma *m) { return reg4_is_pending(&m->leave); }

static void arm(struct mn4_mma *m) { mn_arm(m->mn, &m->t_leave, MN_T4_LEAVE, reg4_expiry(&m->leave)); }

static bool is_heard(const struct mn4_mma *m)
{
	const struct mn *mn = m->mn;
	for (uint32_t i = 0; i < mn->n_iface; i++) {
		const struct mn_if *ifc = &mn->iface[i];
		if (ifc->is_up && ifc->v4.is_member && addr6_eq(&ifc->v4.source, &m->addr))
			return true;
	}
	return false;
}

/* What is asked for as things stand; false for nothing. */
static bool forward(const struct mn4_mma *m, struct rc_forward *f)
{
	const struct mn *mn = m->mn;
	const struct mn4 *v = &mn->v4;
	*f = (struct rc_forward){.time_s = (uint16_t)span_to_s(mn->conf.forward), .flags = is_heard(m) ? 0 : RC_FORWARD_GONE};
	if (!f->time_s)
		return false;
	f->to = v->at.place == MOVE4_SITE ? v->at.mma->addr : v->home_address;
	if (v->at.place == MOVE4_SITE)
		f->agent = v->at.mma->addr;
	if ((f->flags & RC_FORWARD_GONE) && mn->env.last_seq)
		f->has_seq = mn->env.last_seq(mn->env.ctx, &m->group, &m->addr, &f->last_seq);
	return true;
}

static void send(struct mn4_mma *m, const struct reg4_req *req)
{
	struct rc4 rc = {0};
	rc.has_forward = forward(m, &rc.forward);
	mn4_msg_send_leave(m, req, rc.has_forward ? &rc : NULL);
}

static void leave(struct mn4_mma *m, struct now now)
{
	struct mn *mn = m->mn;
	struct mn4 *v = &mn->v4;
	struct reg4_req req;
	struct rc_forward f;
	if (forward(m, &f) && addr6_is_none(&f.agent))
		mn4_path_forwarded(mn, &m->addr, mono_add(now.mono, span_ns(mn->conf.forward.ns + mn->conf.drain.ns + NS_PER_S)));
	reg4_init(&m->leave, NULL, now);
	m->leave.stamper = v->reg.stamper; /* later than all that came through it */
	m->leave.held_until = m->bound_until;
	if (reg4_start(&m->leave, 0, mn->env.rng, now, &req) == REG4_SEND)
		send(m, &req);
	arm(m);
}

static bool is_confirmed(const struct mn *mn)
{
	enum mn_state s = mn->v4.state;
	return s == MN_SITE || s == MN_PLAIN || s == MN_HOME || mn4_reg_is_bound(mn);
}

void mn4_leave_all(struct mn *mn, struct now now)
{
	struct mn4 *v = &mn->v4;
	for (uint32_t i = 0; i < mn->conf.n_mma; i++) {
		struct mn4_mma *m = &v->mma[i];
		bool is_here = v->at.place == MOVE4_SITE && v->at.mma == m;
		if (m->key && (m->is_bound || m->is_asked) && !is_here && !mn4_leave_is_pending(m))
			leave(m, now);
	}
	mn4_link_drain_others(mn, now);
	mn4_path_retire(mn, now);
}

void mn4_leave_unneeded(struct mn *mn)
{
	struct mn4_mma *m = mn->v4.at.mma;
	if (!m || !mn4_leave_is_pending(m))
		return;
	reg4_stop(&m->leave);
	arm(m);
}

static void on_left(struct mn4_mma *m, struct now now)
{
	struct mn *mn = m->mn;
	m->is_bound = m->is_asked = false;
	m->bound_until = (mono_t){0};
	if (mn->v4.prev == m)
		mn->v4.prev = NULL;
	arm(m);
	mn4_store_put(mn, now);
	if (!is_confirmed(mn))
		return; /* the confirmation of the new place will do it */
	mn4_link_drain_others(mn, now);
	mn4_path_retire(mn, now);
}

void mn4_leave_on_tick(struct mn4_mma *m, struct now now)
{
	struct reg4_req req;
	enum reg4_event ev;
	do {
		ev = reg4_tick(&m->leave, m->mn->env.rng, now, &req);
		if (ev == REG4_SEND)
			send(m, &req);
		if (ev == REG4_EXPIRED)
			on_left(m, now);
	} while (ev != REG4_NOTHING);
	arm(m);
}

static void on_answer(struct mn4_mma *m, const struct mip4_packet *p, struct now now)
{
	struct mn *mn = m->mn;
	struct rc4 rc;
	bool has_word = rc4_parse(&p->m.ext, &rc) == W_OK && rc.has_forward && mip4_is_covered(&p->m.ext, rc.off[RC4_FORWARD], MIP4_MF);
	if (has_word && rc.forward.time_s) {
		mn4_say(mn, EV_INFO, "mn-forwarding", "mn: agent %s sends on to %s for %u s%s", ADDR46_STR(&m->addr), ADDR46_STR(&rc.forward.to),
			rc.forward.time_s, rc.forward.flags & RC_FORWARD_WAITS ? " once the other agent confirms" : "");
	} else if (has_word) {
		mn4_say(mn, EV_NOTICE, "mn-forwarding", "mn: agent %s sends nothing on", ADDR46_STR(&m->addr));
	}
	mn4_say(mn, EV_INFO, "mn-deregistered", "mn: de-registered at %s", ADDR46_STR(&m->addr));
	on_left(m, now);
}

/* True: it was the answer of an agent that is being left. */
bool mn4_leave_rx(struct mn *mn, const struct mip4_packet *p, struct now now)
{
	struct mn4_mma *m = mn4_mma_find(mn, &p->src);
	if (!m || !reg4_is_answer(&m->leave, p->m.reply.id))
		return false;
	if (!sa4_verify(m->key, mn->env.crypto, p->msg, &p->m.ext.auth[MIP4_MF])) {
		reason_count(&mn->env, p->m.ext.auth[MIP4_MF].n ? R_AUTH_BAD : R_AUTH_MISSING);
		return true;
	}
	struct reg4_reply a = {.code = p->m.reply.code, .lifetime_s = p->m.reply.lifetime_s, .id = p->m.reply.id};
	struct reg4_req req;
	switch (reg4_on_reply(&m->leave, &a, mn->env.rng, now, &req)) {
	case REG4_DEREGISTERED: on_answer(m, p, now); break;
	case REG4_SEND: send(m, &req); break;
	case REG4_REFUSED: /* it holds nothing of ours, or will not let it go: there is no more to be done */
		reason_count(&mn->env, R_REPLY_REFUSED);
		reg4_stop(&m->leave);
		on_left(m, now);
		break;
	case REG4_NOTHING:
	case REG4_ACCEPTED:
	case REG4_EXPIRED:
	case REG4_UNEXPECTED: break;
	}
	arm(m);
	return true;
}
