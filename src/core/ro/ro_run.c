/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Route optimisation: one entry's procedure, from the tests to the update, through its answers and its time.
 *
 * It is begun only through ro_start(), where the limits are; what was bound before (a refresh, a move, a list taken over) waits there for
 * its turn, what is merely wished for is refused and wished for again by the next packet.
 */
#include "core/ro/ro_i.h"

enum {
	QUICK_MAX = 3,
	REFUSED_HOLDS = 4,             /* a refusal is held off like so many doublings */
	RETRY_MS = 100,                /* a start that found no room */
	SETTLE_S = 3,                  /* packets to the old place are under way so long after a binding went */
};

#define say(ro, e, sev, code, ...) fx_event((ro)->env->fx, (ro)->role, sev, code, &(e)->key.hoa, __VA_ARGS__)

/* --- one message, its retransmissions and its rate (11.8) --------------------------------------------------- */

static mono_t rate_free_at(const struct ro_out *o)
{
	return o->n_sent < RO_RATE ? (mono_t){INT64_MIN} : mono_add(o->sent[o->n_sent % RO_RATE], span_s(1));
}

static void transmit(struct ro *ro, struct ro_entry *e, enum ro_msg which, struct now now)
{
	struct ro_out *o = &e->out[which];
	mono_t free_at = rate_free_at(o);
	if (!mono_reached(free_at, now.mono)) {
		o->due = free_at;
		return;
	}
	o->sent[o->n_sent++ % RO_RATE] = now.mono;
	o->tries++;
	o->due = mono_add(now.mono, o->backoff);
	o->backoff = span_ns(o->backoff.ns * 2);
	ro_msg_send(ro, e, which, now);
}

static void begin_msg(struct ro *ro, struct ro_entry *e, enum ro_msg which, struct now now)
{
	e->out[which].tries = 0;
	e->out[which].backoff = span_s(1); /* INITIAL_BINDACK_TIMEOUT; four of them end before MAX_BINDACK_TIMEOUT */
	transmit(ro, e, which, now);
}

static void stop_msg(struct ro_out *o)
{
	o->due = MONO_NEVER;
	o->tries = 0;
}

void ro_stop_asking(struct ro_entry *e)
{
	for (int i = 0; i < RO_MSG_N; i++)
		stop_msg(&e->out[i]);
	e->start_at = e->update_at = MONO_NEVER;
}

/* --- the procedure -------------------------------------------------------------------------------------------- */

bool ro_is_fresh(const struct ro_token *t, mono_t now)
{
	return t->is_held && mono_before(now, mono_add(t->asked_at, span_s(RO_FRESH_S)));
}

/* What a binding begun now may last, in the unit of 4 s; 0: too little to begin with. */
static uint32_t lifetime_of(const struct ro *ro, const struct ro_entry *e, mono_t now)
{
	int64_t left_s = mono_is_never(e->mobile->path.until) ? INT32_MAX : span_to_s(mono_sub(e->mobile->path.until, now));
	if (left_s < RO_LIFETIME_MIN_S)
		return 0;
	return (left_s < ro->conf.lifetime_s ? (uint32_t)left_s : ro->conf.lifetime_s) & ~3u;
}

void ro_update(struct ro *ro, struct ro_entry *e, struct now now)
{
	uint32_t lifetime_s = e->is_ending ? 0 : lifetime_of(ro, e, now.mono);
	rr_kbm(ro->env->crypto, e->home.token, e->is_ending ? NULL : &e->coa.token, &e->kbm);
	e->phase = RO_UPDATE;
	stop_msg(&e->out[RO_HOTI]);
	stop_msg(&e->out[RO_COTI]);
	e->n_open = 0;
	e->held_before = e->may_hold_until;
	e->asked_coa = e->mobile->path.coa;
	e->asked_s = lifetime_s;
	e->asked_at = now.mono;
	/* From now on it may hold this one, whether its answer arrives or not. */
	e->may_hold_until = mono_max(e->may_hold_until, mono_add(now.mono, span_s(lifetime_s)));
	begin_msg(ro, e, RO_BU, now);
}

static bool has_tokens(const struct ro_entry *e, mono_t now)
{
	return ro_is_fresh(&e->home, now) && (e->is_ending || ro_is_fresh(&e->coa, now));
}

/* Goes on as far as what is there allows: tests for the tokens that are missing, then the update (11.6.1: what is fresh is
 * used again, and both tests leave together). */
void ro_proceed(struct ro *ro, struct ro_entry *e, struct now now)
{
	bool is_registered = e->mobile->path.is_registered;
	if (is_registered && has_tokens(e, now.mono)) {
		if (mono_before(now.mono, e->quiet_until))
			e->update_at = e->quiet_until;
		else
			ro_update(ro, e, now);
		ro_arm(ro, e);
		return;
	}
	if (is_registered && !ro_is_fresh(&e->home, now.mono) && !e->out[RO_HOTI].tries)
		begin_msg(ro, e, RO_HOTI, now);
	if (!e->is_ending && !ro_is_fresh(&e->coa, now.mono) && !e->out[RO_COTI].tries)
		begin_msg(ro, e, RO_COTI, now);
	ro_arm(ro, e);
}

/* Begin now, or in its turn. False: it may not yet, or there is no sense in it. */
bool ro_start(struct ro *ro, struct ro_entry *e, struct now now)
{
	e->is_ending = ro_is_home(e->mobile) || e->mobile->path.is_leaving;
	if (!e->is_ending && !lifetime_of(ro, e, now.mono))
		return false;
	if (!rate_take(&ro->starts, rate_key(&ro->starts, NULL, 0), ro->conf.starts, ro->conf.starts, now.mono))
		return false;
	ro->n.started++;
	ro_stop_asking(e);
	e->phase = RO_TEST;
	ro_put_dp(ro, e, now); /* before the test: its answer shall be handed up */
	ro_proceed(ro, e, now);
	return true;
}

void ro_start_in_turn(struct ro *ro, struct ro_entry *e, struct now now)
{
	if (ro_start(ro, e, now))
		return;
	ro_stop_asking(e);
	e->phase = RO_REST;
	e->start_at = mono_add(now.mono, span_ms(RETRY_MS));
	ro_put_dp(ro, e, now);
	ro_arm(ro, e);
}

void ro_unbind(struct ro *ro, struct ro_entry *e, const char *why, struct now now)
{
	if (e->is_bound)
		say(ro, e, EV_INFO, "ro-gone", "%s: packets to and from %s go through the home agent: %s", ADDR6_STR(&e->key.hoa),
		    ADDR6_STR(&e->key.cn), why);
	e->is_bound = false;
	e->refresh_at = MONO_NEVER;
	ro_put_dp(ro, e, now);
}

/* Leave it alone: hold, doubled for each failure in a row. Packets go through the home agent (5.2.9). */
static void hold(struct ro *ro, struct ro_entry *e, const char *why, struct now now)
{
	uint32_t doublings = e->n_fail < REFUSED_HOLDS ? e->n_fail : REFUSED_HOLDS;
	span_t d = span_ns(ro->conf.hold.ns << doublings);
	e->n_fail++;
	e->n_quick = 0;
	ro->n.failed++;
	reason_count(ro->env, R_RO_FAILED);
	ro_stop_asking(e);
	e->phase = RO_HOLD;
	e->hold_until = mono_add(now.mono, d);
	e->keep_until = mono_add(e->hold_until, d);
	say(ro, e, EV_NOTICE, "ro-held", "%s: no route optimisation with %s for %lld s: %s", ADDR6_STR(&e->key.hoa), ADDR6_STR(&e->key.cn),
	    (long long)span_to_s(d), why);
	ro_unbind(ro, e, why, now);
	ro_arm(ro, e);
}

static void hold_long(struct ro *ro, struct ro_entry *e, const char *why, struct now now)
{
	e->n_fail = e->n_fail < REFUSED_HOLDS ? REFUSED_HOLDS : e->n_fail;
	ro->n.refused++;
	hold(ro, e, why, now);
}

/* Tokens or binding are not what we thought: from the start, a few times in a row. */
static void restart(struct ro *ro, struct ro_entry *e, const char *why, struct now now)
{
	ro->n.restarted++;
	if (e->n_quick++ >= QUICK_MAX)
		hold(ro, e, why, now);
	else
		ro_start_in_turn(ro, e, now);
}

/* --- answers (ro_msg.c found them to be ours) ------------------------------------------------------------------- */

void ro_on_token(struct ro *ro, struct ro_entry *e, struct now now) { ro_proceed(ro, e, now); }

/* Well before the end, so that all retransmissions fit in: an eighth of the lifetime, 20 to 45 s, at most half. Not all at once. */
static mono_t refresh_time(const struct ro *ro, const struct ro_entry *e, uint32_t lifetime_s)
{
	int64_t before_s = lifetime_s / 8;
	before_s = before_s < 20 ? 20 : before_s > 45 ? 45 : before_s;
	before_s = before_s > lifetime_s / 2 ? lifetime_s / 2 : before_s;
	before_s += rng_below(ro->env->rng, (uint32_t)before_s / 4 + 1);
	return mono_add(e->asked_at, span_ms(1000 * (lifetime_s - before_s)));
}

/* The binding is gone at the correspondent node. What is still on its way shall not make us ask again. */
static void ended(struct ro *ro, struct ro_entry *e, struct now now)
{
	ro_stop_asking(e);
	ro_unbind(ro, e, "de-registered", now);
	e->n_fail = e->n_quick = 0;
	e->may_hold_until = now.mono;
	ro_unstore(ro, e);
	e->phase = RO_HOLD;
	e->hold_until = e->keep_until = mono_add(now.mono, span_s(SETTLE_S));
	say(ro, e, EV_INFO, "ro-deregistered", "%s: %s holds no binding any more", ADDR6_STR(&e->key.hoa), ADDR6_STR(&e->key.cn));
	ro_put_dp(ro, e, now);
	ro_arm(ro, e);
}

void ro_on_accepted(struct ro *ro, struct ro_entry *e, uint32_t lifetime_s, struct now now)
{
	if (e->is_ending) {
		ended(ro, e, now);
		return;
	}
	if (lifetime_s > e->asked_s)
		lifetime_s = e->asked_s;
	if (lifetime_s < RO_LIFETIME_MIN_S) {
		hold_long(ro, e, "it grants no lifetime", now);
		return;
	}
	bool is_new = !ro_is_optimised(e);
	ro_stop_asking(e);
	e->phase = RO_REST;
	e->n_fail = e->n_quick = 0;
	e->is_bound = true;
	e->bound_coa = e->asked_coa;
	e->bound_at = now.mono;
	e->bound_until = mono_add(e->asked_at, span_s(lifetime_s));
	e->may_hold_until = mono_add(now.mono, span_s(lifetime_s)); /* it counts from the arrival of any of the updates */
	e->refresh_at = refresh_time(ro, e, lifetime_s);
	e->keep_until = e->may_hold_until;
	ro->n.bound += is_new;
	ro_put_dp(ro, e, now);
	ro_store(ro, e, now);
	say(ro, e, is_new ? EV_INFO : EV_DEBUG, is_new ? "ro-bound" : "ro-refreshed", "%s: %s accepts care-of address %s for %u s",
	    ADDR6_STR(&e->key.hoa), ADDR6_STR(&e->key.cn), ADDR6_STR(&e->bound_coa), lifetime_s);
	ro_arm(ro, e);
}

void ro_on_refused(struct ro *ro, struct ro_entry *e, uint8_t status, uint16_t seq, struct now now)
{
	reason_count(ro->env, R_BA_REFUSED);
	e->may_hold_until = e->held_before;
	switch (status) {
	case BA_SEQ_OUT_OF_WINDOW:
		e->seq = seq;
		e->n_open = 0;
		if (e->n_quick++ < QUICK_MAX)
			transmit(ro, e, RO_BU, now); /* else the back-off goes on */
		ro_arm(ro, e);
		break;
	case BA_HOME_NONCE_EXPIRED:
	case BA_COA_NONCE_EXPIRED:
	case BA_NONCES_EXPIRED:
		if (status != BA_COA_NONCE_EXPIRED)
			e->home.is_held = false;
		if (status != BA_HOME_NONCE_EXPIRED)
			e->coa.is_held = false;
		restart(ro, e, ba_status_str(status), now);
		break;
	case BA_REASON_UNSPECIFIED:
	case BA_NO_RESOURCES:
		hold(ro, e, ba_status_str(status), now);
		break;
	default:
		hold_long(ro, e, ba_status_str(status), now);
		break;
	}
}

/* RFC 6275 11.7.4: a request from one who holds a binding says that it uses it. */
void ro_on_refresh(struct ro *ro, struct ro_entry *e, struct now now)
{
	if (e->phase != RO_REST || !ro_is_optimised(e) || mono_before(now.mono, mono_add(e->bound_at, span_s(RO_AGAIN_S)))) {
		reason_count(ro->env, R_RO_UNEXPECTED);
		return;
	}
	e->refresh_at = MONO_NEVER;
	ro_start_in_turn(ro, e, now);
}

/* RFC 6275 11.3.6, status 1: what we send is thrown away there. By the home agent at once; and its tokens are of no use, for it has
 * most probably restarted. Anyone on the path can say this, so one binding is doubted only every now and then. */
void ro_on_unknown(struct ro *ro, struct ro_entry *e, struct now now)
{
	if (!e->is_bound)
		return;
	bool is_soon = mono_before(now.mono, mono_add(e->bound_at, span_s(RO_AGAIN_S)));
	ro_unbind(ro, e, "it knows of no binding", now);
	if (e->phase != RO_REST)
		return; /* asked already */
	e->home.is_held = e->coa.is_held = false;
	e->may_hold_until = now.mono;
	if (is_soon)
		hold(ro, e, "it forgets bindings", now);
	else
		ro_start_in_turn(ro, e, now);
}

void ro_on_incapable(struct ro *ro, struct ro_entry *e, const char *why, struct now now) { hold_long(ro, e, why, now); }
void ro_on_unreachable(struct ro *ro, struct ro_entry *e, struct now now) { hold(ro, e, "unreachable", now); }

/* --- time ------------------------------------------------------------------------------------------------------ */

bool ro_is_used(const struct ro *ro, const struct ro_entry *e, mono_t since)
{
	const struct engine_env *env = ro->env;
	return !env->ro_used || mono_before(since, env->ro_used(env->ctx, &e->key.hoa, &e->key.cn));
}

/* Nobody used it, or the registration that limits it has not been refreshed itself: a little later then. */
static void refresh(struct ro *ro, struct ro_entry *e, struct now now)
{
	mono_t until = mono_add(now.mono, span_s(lifetime_of(ro, e, now.mono)));
	int64_t left_ns = mono_sub(e->bound_until, now.mono).ns;
	bool is_longer = mono_before(mono_add(e->bound_until, span_s(RO_LIFETIME_MIN_S)), until);
	if (is_longer && ro_is_used(ro, e, e->bound_at)) {
		e->refresh_at = MONO_NEVER;
		ro_start_in_turn(ro, e, now);
	} else {
		e->refresh_at = left_ns > 4 * NS_PER_S ? mono_add(now.mono, span_ns(left_ns / 2)) : MONO_NEVER;
	}
}

static void on_due(struct ro *ro, struct ro_entry *e, enum ro_msg which, struct now now)
{
	if (e->out[which].tries > RO_FAILURES)
		hold(ro, e, "no answer", now);
	else if (which == RO_BU && !has_tokens(e, now.mono))
		restart(ro, e, "tokens have become old", now);
	else
		transmit(ro, e, which, now);
}

/* The hold is over. Who may still hold a binding that we do not use is asked again, others when a packet asks for it. */
static void on_hold_end(struct ro *ro, struct ro_entry *e, struct now now)
{
	e->phase = RO_REST;
	if (ro_may_hold(e, now.mono))
		ro_start_in_turn(ro, e, now);
}

static void on_time(struct ro *ro, struct ro_entry *e, struct now now)
{
	if (e->is_bound && mono_reached(e->bound_until, now.mono))
		ro_unbind(ro, e, "not used, not refreshed", now);
	for (int i = 0; i < RO_MSG_N; i++)
		if (mono_reached(e->out[i].due, now.mono))
			on_due(ro, e, (enum ro_msg)i, now);
	if (e->phase == RO_HOLD && mono_reached(e->hold_until, now.mono))
		on_hold_end(ro, e, now);
	if (mono_reached(e->update_at, now.mono)) {
		e->update_at = MONO_NEVER;
		ro_proceed(ro, e, now);
	}
	if (mono_reached(e->start_at, now.mono)) {
		e->start_at = MONO_NEVER;
		ro_start_in_turn(ro, e, now);
	}
	if (e->phase == RO_REST && e->is_bound && mono_reached(e->refresh_at, now.mono))
		refresh(ro, e, now);
	bool is_idle = e->phase == RO_REST && !e->is_bound && mono_is_never(e->start_at);
	if (is_idle && !ro_may_hold(e, now.mono) && mono_reached(e->keep_until, now.mono))
		ro_forget(ro, e, now);
	else
		ro_arm(ro, e);
}

void ro_tick(struct ro *ro, struct now now)
{
	struct timer *t;
	while ((t = timers_pop(&ro->timers, now.mono)))
		on_time(ro, container_of(t, struct ro_entry, timer), now);
}

mono_t ro_expiry(const struct ro *ro) { return timers_next(&ro->timers); }
