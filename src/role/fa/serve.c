/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policy `serving`: which of several agents delivers, and from which packet on (D-10).
 *
 * A radio that is attached says so to its agent alone. So the agent tells the others, through the manager, that it serves; whoever did so far
 * stops, and tells how far it came; the new one sends what its ring holds beyond that. It waits for the answer a moment only. What is not
 * answered, or lost, costs doubles: then the ring's last interval is sent.
 *
 *	old agent        manager        new agent
 *	    |-- ends, up to n ->|------------->|   its radio let the mobile go; or:
 *	    |                   |<-- I serve --|   a radio is attached here
 *	    |<------------------|------------->|   its own word, come back: all hear it in the manager's order
 *	    |-- ends, up to n ->|------------->|   the ring from n + 1 on, then what comes
 *
 * Delivered is what went out while the radio was surely attached. The radio's word that a mobile has gone comes late, and what went out
 * meanwhile is lost. So we look at the datapath's number at each word that it is attached, and the number counts once a later word says
 * that it was attached after we looked.
 *
 * Two that claim at once: the later one in the manager's order serves. Whoever has claimed and not yet heard it from the manager does not listen to
 * other claims, for they are older. If the later one lets go, nobody else claims, and our radio goes on saying that it is attached, we serve again.
 */
#include "role/fa/fa_i.h"

enum { TRIES = 4, TOLD_MS = 1000, LATE_MS = 10, RESUME_MS = 300 };

static const struct serve_mark nothing;

bool fa_serve_is_here(const struct guest *g) { return g->at->is_serving && !g->serve.is_elsewhere && !g->serve.is_waiting; }

static uint32_t slot_of(const struct addr6 *group) { return addr6_is_v4mapped(group); }

/* What was told is old soon: a source may begin its numbers anew. */
static bool is_told(const struct serve *v, struct now now)
{
	return v->told_at.ns && mono_before(now.mono, mono_add(v->told_at, span_ms(TOLD_MS)));
}

bool fa_serve_after(const struct guest *g, const struct addr6 *group, struct now now, uint32_t *seq)
{
	const struct serve *v = &g->serve;
	const uint32_t i = slot_of(group);
	*seq = v->told.seq[i];
	return is_told(v, now) && v->told.has[i];
}

/* --- what we say ------------------------------------------------------------------------------------------ */

static void say(struct fa *fa, const struct guest *g, bool serves, const struct serve_mark *m)
{
	const struct mmc_question q = fa_hear_question(g->at);
	const uint8_t flags = (uint8_t)((serves ? MM_SERVES : 0) | (m->has[0] ? MM_HAS_SEQ6 : 0) | (m->has[1] ? MM_HAS_SEQ4 : 0));
	mmc_serve(fa->mmc, &q, &(struct mm_serving){.flags = flags, .seq6 = m->seq[0], .seq4 = m->seq[1]});
}

static void claim(struct fa *fa, struct guest *g, struct now now)
{
	struct serve *v = &g->serve;
	const int64_t again = fa->conf.guests.wait.ns << v->tries;
	say(fa, g, true, &nothing);
	v->is_claiming = ++v->tries < TRIES && again;
	if (v->is_waiting || v->is_claiming)
		(void)timer_set(&fa->timers, &v->timer, mono_add(now.mono, span_ns(again))); /* reserved with its station: cannot fail */
}

/* We delivered up to what is sure. */
static void tell(struct fa *fa, struct guest *g, struct now now)
{
	struct serve *v = &g->serve;
	v->told = v->sure;
	v->told_at = now.mono;
	v->is_own = true;
	say(fa, g, false, &v->told);
}

/* --- the radio -------------------------------------------------------------------------------------------- */

static void look(struct fa *fa, struct guest *g, struct now now)
{
	struct serve *v = &g->serve;
	v->look = nothing;
	for (uint32_t i = 0; i < g->n_channel && fa->env->last_seq; i++) {
		const struct guest_channel *c = &g->channel[i];
		const uint32_t k = slot_of(&c->group);
		v->look.has[k] = fa->env->last_seq(fa->env->ctx, &c->group, &c->source, &v->look.seq[k]);
	}
	v->looked = now.mono;
}

/* What of it was told us, or was not delivered since, stays as it was. */
static void make_sure(struct serve *v)
{
	for (uint32_t i = 0; i < GUEST_CHANNEL_MAX; i++) {
		const bool is_behind = v->sure.has[i] && (int32_t)(v->look.seq[i] - v->sure.seq[i]) <= 0;
		if (!v->look.has[i] || is_behind)
			continue;
		v->sure.has[i] = true;
		v->sure.seq[i] = v->look.seq[i];
	}
	v->looked.ns = 0;
}

void fa_serve_attached(struct fa *fa, struct guest *g, mono_t when, struct now now)
{
	struct serve *v = &g->serve;
	if (g->rec.policy != MM_SERVING || !g->is_delivering)
		return;
	const mono_t then = when.ns ? mono_min(when, now.mono) : mono_add(now.mono, span_ms(-LATE_MS));
	if (v->looked.ns && mono_reached(v->looked, then))
		make_sure(v);
	if (!v->looked.ns)
		look(fa, g, now);
}

void fa_serve_begin(struct fa *fa, struct guest *g, bool has_kept, struct now now)
{
	struct serve *v = &g->serve;
	if (g->rec.policy != MM_SERVING)
		return;
	const bool is_known = is_told(v, now);
	v->is_elsewhere = false;
	v->is_waiting = has_kept && !is_known && fa->conf.guests.wait.ns;
	v->sure = is_known ? v->told : nothing;
	v->looked.ns = 0;
	v->tries = 0;
	claim(fa, g, now);
}

void fa_serve_end(struct fa *fa, struct guest *g, struct now now)
{
	struct serve *v = &g->serve;
	if (g->rec.policy != MM_SERVING)
		return;
	timer_clear(&fa->timers, &v->timer);
	v->is_claiming = false;
	if (g->is_delivering)
		tell(fa, g, now);
	v->is_waiting = v->is_elsewhere = false;
}

/* --- what others say -------------------------------------------------------------------------------------- */

/* The wait is over, with an answer or without one. */
static void wait_ends(struct fa *fa, struct guest *g, struct now now)
{
	struct serve *v = &g->serve;
	v->is_waiting = false;
	v->sure = is_told(v, now) ? v->told : nothing;
	fa_guest_settle(fa, g, now);
}

static void on_claim(struct fa *fa, struct guest *g, struct now now)
{
	struct serve *v = &g->serve;
	if (g->at->is_serving && v->is_claiming)
		return;
	if (v->is_own && is_told(v, now))
		say(fa, g, false, &v->told); /* once more: it may be lost */
	v->told_at.ns = 0;
	timer_clear(&fa->timers, &v->timer);
	if (!g->at->is_serving || v->is_elsewhere)
		return;
	v->is_elsewhere = true;
	v->is_waiting = false;
	if (g->is_delivering)
		tell(fa, g, now);
	fx_event(fa->env->fx, ROLE_FA, EV_INFO, "guest-served-elsewhere", fa_guest_name(g), "fa %s: delivers -> keeps: another agent serves it",
		 ADDR46_STR(fa_guest_name(g)));
	fa_guest_settle(fa, g, now);
}

static void on_end(struct fa *fa, struct guest *g, const struct mm_serving *said, struct now now)
{
	struct serve *v = &g->serve;
	v->told = (struct serve_mark){{said->flags & MM_HAS_SEQ6, said->flags & MM_HAS_SEQ4}, {said->seq6, said->seq4}};
	v->told_at = now.mono;
	v->is_own = false;
	if (v->is_elsewhere)
		(void)timer_set(&fa->timers, &v->timer, mono_add(now.mono, span_ms(RESUME_MS)));
	else if (v->is_waiting)
		wait_ends(fa, g, now);
}

void fa_serve_told(struct fa *fa, struct guest *g, const struct mm_serving *said, struct now now)
{
	struct serve *v = &g->serve;
	if (g->rec.policy != MM_SERVING)
		return;
	if (said->agent == fa->conf.guests.mmc.id)
		v->is_claiming &= !(said->flags & MM_SERVES);
	else if (said->flags & MM_SERVES)
		on_claim(fa, g, now);
	else
		on_end(fa, g, said, now);
}

void fa_serve_due(struct fa *fa, struct timer *t, struct now now)
{
	struct guest *g = container_of(t, struct guest, serve.timer);
	struct serve *v = &g->serve;
	if (v->is_elsewhere) {
		fa_serve_begin(fa, g, true, now);
		fa_guest_settle(fa, g, now);
		return;
	}
	if (v->is_waiting)
		wait_ends(fa, g, now);
	if (v->is_claiming)
		claim(fa, g, now);
}
