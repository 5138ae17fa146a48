/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Route optimisation: what to do when. Packets are ro_msg.c's.
 *
 * An entry lives from the first wish until nothing about its correspondent node is worth knowing: no binding there, no
 * failure to remember. One timer each, for whatever comes first.
 *
 * A procedure is begun only through start(), where the limits are; what was bound before (a refresh, a move, a list taken
 * over) waits there for its turn, what is merely wished for is refused and wished for again by the next packet.
 *
 * Left out: care-of tokens for several home addresses of one mobile, alternate care-of addresses.
 */
#include "core/ro_i.h"

#include "base/err.h"

enum {
	FRESH_S = RO_TOKEN_S - 15,     /* a token must still count when the update arrives */
	QUICK_MAX = 3,
	REFUSED_HOLDS = 4,             /* a refusal is held off like so many doublings */
	RETRY_MS = 100,                /* a start that found no room */
	SETTLE_S = 3,                  /* packets to the old place are under way so long after a binding went */
	AGAIN_S = 10,                  /* between two doubts about one binding */
	IDLE_S = 30,
	LIFETIME_MIN_S = 8,
};

const struct ro_conf ro_conf_default = {
	.entries = 65536, .per_mobile = 32, .starts = 200, .lifetime_s = RO_LIFETIME_MAX_S, .hold = {60 * NS_PER_S},
};

#define say(ro, e, sev, code, ...) fx_event((ro)->env->fx, (ro)->role, sev, code, &(e)->key.hoa, __VA_ARGS__)

/* --- entries ---------------------------------------------------------------------------------------------- */

void ro_init(struct ro *ro, const struct engine_env *env, enum role_id role, const struct ro_conf *conf, const struct ro_ops *ops)
{
	*ro = (struct ro){.env = env, .role = role};
	if (ops)
		ro->ops = *ops;
	ro_reconf(ro, conf ? conf : &ro_conf_default);
	table_init(&ro->mobiles, env->mem, env->rng, offsetof(struct ro_mobile, hoa), sizeof(struct addr6));
	table_init(&ro->by_coa, env->mem, env->rng, offsetof(struct ro_mobile, coa), sizeof(struct addr6));
	table_init(&ro->entries, env->mem, env->rng, offsetof(struct ro_entry, key), sizeof(struct ro_key));
	timers_init(&ro->timers, env->mem);
	rate_init(&ro->starts, env->rng);
}

void ro_reconf(struct ro *ro, const struct ro_conf *conf)
{
	ro->conf = *conf;
	if (ro->conf.per_mobile > RO_PEERS_MAX)
		ro->conf.per_mobile = RO_PEERS_MAX;
	if (ro->conf.lifetime_s > RO_LIFETIME_MAX_S)
		ro->conf.lifetime_s = RO_LIFETIME_MAX_S;
}

void ro_fini(struct ro *ro)
{
	uint64_t it = 0;
	timers_fini(&ro->timers); /* first: it touches the timers in the entries */
	for (struct ro_entry *e; (e = table_next(&ro->entries, &it));)
		mem_put(ro->env->mem, e);
	it = 0;
	for (struct ro_mobile *mo; (mo = table_next(&ro->mobiles, &it));)
		mem_put(ro->env->mem, mo);
	table_fini(&ro->entries);
	table_fini(&ro->by_coa);
	table_fini(&ro->mobiles);
}

struct ro_mobile *ro_mobile_find(const struct ro *ro, const struct addr6 *hoa) { return table_find(&ro->mobiles, hoa); }

struct ro_entry *ro_entry_find(const struct ro *ro, const struct addr6 *hoa, const struct addr6 *cn)
{
	const struct ro_key key = {*hoa, *cn};
	return table_find(&ro->entries, &key);
}

const struct ro_path *ro_path(const struct ro *ro, const struct addr6 *hoa)
{
	const struct ro_mobile *mo = ro_mobile_find(ro, hoa);
	return mo ? &mo->path : NULL;
}

/* What the datapath shall do: the optimised route while the binding counts, home tests handed up while they are
 * expected, else nothing. */
static void put_dp(struct ro *ro, struct ro_entry *e, struct now now)
{
	struct dp_op op = {.table = DP_RO_OUT, .ro_out = {.home_address = e->key.hoa, .cn = e->key.cn, .coa = e->mobile->path.coa}};
	bool is_asking = e->phase == RO_TEST || e->phase == RO_UPDATE;
	if (ro_is_optimised(e)) {
		op.ro_out.expires = e->bound_until;
	} else if (is_asking && !ro_is_home(e->mobile)) {
		op.ro_out.is_testing = true;
		op.ro_out.expires = mono_add(now.mono, span_s(64)); /* longer than all retransmissions */
	} else {
		if (e->has_dp)
			fx_dp_del(ro->env->fx, ro->role, &op);
		e->has_dp = false;
		return;
	}
	e->has_dp = true;
	fx_dp_put(ro->env->fx, ro->role, &op);
}

static void arm(struct ro *ro, struct ro_entry *e)
{
	mono_t t = mono_min(e->start_at, e->update_at);
	for (int i = 0; i < RO_MSG_N; i++)
		t = mono_min(t, e->out[i].due);
	if (e->is_bound)
		t = mono_min(t, e->bound_until);
	if (e->is_bound && e->phase == RO_REST) /* else it is being asked already: the answer sets another time */
		t = mono_min(t, e->refresh_at);
	if (e->phase == RO_HOLD)
		t = mono_min(t, e->hold_until);
	if (e->phase == RO_REST && !e->is_bound && mono_is_never(e->start_at))
		t = mono_min(t, mono_max(e->may_hold_until, e->keep_until));
	(void)timer_set(&ro->timers, &e->timer, t); /* reserved when the entry was added */
}

static void unlink_entry(struct ro_entry *e)
{
	struct ro_entry **at = &e->mobile->first;
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	e->mobile->n_entry--;
}

static void forget(struct ro *ro, struct ro_entry *e, struct now now)
{
	e->is_bound = false;
	e->phase = RO_REST;
	put_dp(ro, e, now);
	ro_unstore(ro, e);
	timer_clear(&ro->timers, &e->timer);
	(void)table_del(&ro->entries, &e->key);
	unlink_entry(e);
	mem_put(ro->env->mem, e);
}

/* The number to go on from is random (11.7.2); a list taken over brings its own. */
static struct ro_entry *add(struct ro *ro, struct ro_mobile *mo, const struct addr6 *cn)
{
	if (timers_reserve(&ro->timers, table_count(&ro->entries) + 1) != ERR_OK)
		return NULL;
	struct ro_entry *e = mem_zget(ro->env->mem, sizeof *e);
	if (!e)
		return NULL;
	e->key = (struct ro_key){mo->hoa, *cn};
	e->mobile = mo;
	e->seq = (uint16_t)rng_u32(ro->env->rng);
	e->start_at = e->refresh_at = e->update_at = MONO_NEVER;
	for (int i = 0; i < RO_MSG_N; i++)
		e->out[i].due = MONO_NEVER;
	if (table_add(&ro->entries, e) != ERR_OK) {
		mem_put(ro->env->mem, e);
		return NULL;
	}
	e->next = mo->first;
	mo->first = e;
	mo->n_entry++;
	return e;
}

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

static void stop_asking(struct ro_entry *e)
{
	for (int i = 0; i < RO_MSG_N; i++)
		stop_msg(&e->out[i]);
	e->start_at = e->update_at = MONO_NEVER;
}

/* --- the procedure -------------------------------------------------------------------------------------------- */

static bool is_fresh(const struct ro_token *t, mono_t now)
{
	return t->is_held && mono_before(now, mono_add(t->asked_at, span_s(FRESH_S)));
}

/* What a binding begun now may last, in the unit of 4 s; 0: too little to begin with. */
static uint32_t lifetime_of(const struct ro *ro, const struct ro_entry *e, mono_t now)
{
	int64_t left_s = mono_is_never(e->mobile->path.until) ? INT32_MAX : span_to_s(mono_sub(e->mobile->path.until, now));
	if (left_s < LIFETIME_MIN_S)
		return 0;
	return (left_s < ro->conf.lifetime_s ? (uint32_t)left_s : ro->conf.lifetime_s) & ~3u;
}

static void update(struct ro *ro, struct ro_entry *e, struct now now)
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
	return is_fresh(&e->home, now) && (e->is_ending || is_fresh(&e->coa, now));
}

/* Goes on as far as what is there allows: tests for the tokens that are missing, then the update (11.6.1: what is fresh is
 * used again, and both tests leave together). */
static void proceed(struct ro *ro, struct ro_entry *e, struct now now)
{
	bool is_registered = e->mobile->path.is_registered;
	if (is_registered && has_tokens(e, now.mono)) {
		if (mono_before(now.mono, e->quiet_until))
			e->update_at = e->quiet_until;
		else
			update(ro, e, now);
		arm(ro, e);
		return;
	}
	if (is_registered && !is_fresh(&e->home, now.mono) && !e->out[RO_HOTI].tries)
		begin_msg(ro, e, RO_HOTI, now);
	if (!e->is_ending && !is_fresh(&e->coa, now.mono) && !e->out[RO_COTI].tries)
		begin_msg(ro, e, RO_COTI, now);
	arm(ro, e);
}

/* Begin now, or in its turn. False: it may not yet, or there is no sense in it. */
static bool start(struct ro *ro, struct ro_entry *e, struct now now)
{
	e->is_ending = ro_is_home(e->mobile) || e->mobile->path.is_leaving;
	if (!e->is_ending && !lifetime_of(ro, e, now.mono))
		return false;
	if (!rate_take(&ro->starts, rate_key(&ro->starts, NULL, 0), ro->conf.starts, ro->conf.starts, now.mono))
		return false;
	ro->n.started++;
	stop_asking(e);
	e->phase = RO_TEST;
	put_dp(ro, e, now); /* before the test: its answer shall be handed up */
	proceed(ro, e, now);
	return true;
}

static void start_in_turn(struct ro *ro, struct ro_entry *e, struct now now)
{
	if (start(ro, e, now))
		return;
	stop_asking(e);
	e->phase = RO_REST;
	e->start_at = mono_add(now.mono, span_ms(RETRY_MS));
	put_dp(ro, e, now);
	arm(ro, e);
}

static void unbind(struct ro *ro, struct ro_entry *e, const char *why, struct now now)
{
	if (e->is_bound)
		say(ro, e, EV_INFO, "ro-gone", "%s: packets to and from %s go through the home agent: %s", ADDR6_STR(&e->key.hoa),
		    ADDR6_STR(&e->key.cn), why);
	e->is_bound = false;
	e->refresh_at = MONO_NEVER;
	put_dp(ro, e, now);
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
	stop_asking(e);
	e->phase = RO_HOLD;
	e->hold_until = mono_add(now.mono, d);
	e->keep_until = mono_add(e->hold_until, d);
	say(ro, e, EV_NOTICE, "ro-held", "%s: no route optimisation with %s for %lld s: %s", ADDR6_STR(&e->key.hoa), ADDR6_STR(&e->key.cn),
	    (long long)span_to_s(d), why);
	unbind(ro, e, why, now);
	arm(ro, e);
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
		start_in_turn(ro, e, now);
}

/* --- answers (ro_msg.c found them to be ours) ------------------------------------------------------------------- */

void ro_on_token(struct ro *ro, struct ro_entry *e, struct now now) { proceed(ro, e, now); }

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
	stop_asking(e);
	unbind(ro, e, "de-registered", now);
	e->n_fail = e->n_quick = 0;
	e->may_hold_until = now.mono;
	ro_unstore(ro, e);
	e->phase = RO_HOLD;
	e->hold_until = e->keep_until = mono_add(now.mono, span_s(SETTLE_S));
	say(ro, e, EV_INFO, "ro-deregistered", "%s: %s holds no binding any more", ADDR6_STR(&e->key.hoa), ADDR6_STR(&e->key.cn));
	put_dp(ro, e, now);
	arm(ro, e);
}

void ro_on_accepted(struct ro *ro, struct ro_entry *e, uint32_t lifetime_s, struct now now)
{
	if (e->is_ending) {
		ended(ro, e, now);
		return;
	}
	if (lifetime_s > e->asked_s)
		lifetime_s = e->asked_s;
	if (lifetime_s < LIFETIME_MIN_S) {
		hold_long(ro, e, "it grants no lifetime", now);
		return;
	}
	bool is_new = !ro_is_optimised(e);
	stop_asking(e);
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
	put_dp(ro, e, now);
	ro_store(ro, e, now);
	say(ro, e, is_new ? EV_INFO : EV_DEBUG, is_new ? "ro-bound" : "ro-refreshed", "%s: %s accepts care-of address %s for %u s",
	    ADDR6_STR(&e->key.hoa), ADDR6_STR(&e->key.cn), ADDR6_STR(&e->bound_coa), lifetime_s);
	arm(ro, e);
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
		arm(ro, e);
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
	if (e->phase != RO_REST || !ro_is_optimised(e) || mono_before(now.mono, mono_add(e->bound_at, span_s(AGAIN_S)))) {
		reason_count(ro->env, R_RO_UNEXPECTED);
		return;
	}
	e->refresh_at = MONO_NEVER;
	start_in_turn(ro, e, now);
}

/* RFC 6275 11.3.6, status 1: what we send is thrown away there. By the home agent at once; and its tokens are of no use, for it has
 * most probably restarted. Anyone on the path can say this, so one binding is doubted only every now and then. */
void ro_on_unknown(struct ro *ro, struct ro_entry *e, struct now now)
{
	if (!e->is_bound)
		return;
	bool is_soon = mono_before(now.mono, mono_add(e->bound_at, span_s(AGAIN_S)));
	unbind(ro, e, "it knows of no binding", now);
	if (e->phase != RO_REST)
		return; /* asked already */
	e->home.is_held = e->coa.is_held = false;
	e->may_hold_until = now.mono;
	if (is_soon)
		hold(ro, e, "it forgets bindings", now);
	else
		start_in_turn(ro, e, now);
}

void ro_on_incapable(struct ro *ro, struct ro_entry *e, const char *why, struct now now) { hold_long(ro, e, why, now); }
void ro_on_unreachable(struct ro *ro, struct ro_entry *e, struct now now) { hold(ro, e, "unreachable", now); }

/* --- time ------------------------------------------------------------------------------------------------------ */

static bool is_used(const struct ro *ro, const struct ro_entry *e, mono_t since)
{
	const struct engine_env *env = ro->env;
	return !env->ro_used || mono_before(since, env->ro_used(env->ctx, &e->key.hoa, &e->key.cn));
}

/* Nobody used it, or the registration that limits it has not been refreshed itself: a little later then. */
static void refresh(struct ro *ro, struct ro_entry *e, struct now now)
{
	mono_t until = mono_add(now.mono, span_s(lifetime_of(ro, e, now.mono)));
	int64_t left_ns = mono_sub(e->bound_until, now.mono).ns;
	bool is_longer = mono_before(mono_add(e->bound_until, span_s(LIFETIME_MIN_S)), until);
	if (is_longer && is_used(ro, e, e->bound_at)) {
		e->refresh_at = MONO_NEVER;
		start_in_turn(ro, e, now);
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
		start_in_turn(ro, e, now);
}

static void on_time(struct ro *ro, struct ro_entry *e, struct now now)
{
	if (e->is_bound && mono_reached(e->bound_until, now.mono))
		unbind(ro, e, "not used, not refreshed", now);
	for (int i = 0; i < RO_MSG_N; i++)
		if (mono_reached(e->out[i].due, now.mono))
			on_due(ro, e, (enum ro_msg)i, now);
	if (e->phase == RO_HOLD && mono_reached(e->hold_until, now.mono))
		on_hold_end(ro, e, now);
	if (mono_reached(e->update_at, now.mono)) {
		e->update_at = MONO_NEVER;
		proceed(ro, e, now);
	}
	if (mono_reached(e->start_at, now.mono)) {
		e->start_at = MONO_NEVER;
		start_in_turn(ro, e, now);
	}
	if (e->phase == RO_REST && e->is_bound && mono_reached(e->refresh_at, now.mono))
		refresh(ro, e, now);
	bool is_idle = e->phase == RO_REST && !e->is_bound && mono_is_never(e->start_at);
	if (is_idle && !ro_may_hold(e, now.mono) && mono_reached(e->keep_until, now.mono))
		forget(ro, e, now);
	else
		arm(ro, e);
}

void ro_tick(struct ro *ro, struct now now)
{
	struct timer *t;
	while ((t = timers_pop(&ro->timers, now.mono)))
		on_time(ro, container_of(t, struct ro_entry, timer), now);
}

mono_t ro_expiry(const struct ro *ro) { return timers_next(&ro->timers); }

/* --- the owner's calls -------------------------------------------------------------------------------------------- */

/* The last word to one whose home token is at hand (5.2.5: a de-registration needs no other). */
static void farewell(struct ro *ro, struct ro_entry *e, struct now now)
{
	if (!ro_may_hold(e, now.mono) || !is_fresh(&e->home, now.mono))
		return;
	e->is_ending = e->is_last = true;
	update(ro, e, now);
}

/* Room for another of this mobile: of those that are idle, the one not wished for longest. One that holds a binding must be able to be told. */
static void evict(struct ro *ro, struct ro_mobile *mo, struct now now)
{
	struct ro_entry *oldest = NULL;
	for (struct ro_entry *e = mo->first; e; e = e->next) {
		bool is_free = (e->phase == RO_REST || e->phase == RO_HOLD) && !ro_may_hold(e, now.mono);
		bool is_idle = e->phase == RO_REST && e->is_bound && is_fresh(&e->home, now.mono) &&
			       !is_used(ro, e, mono_add(now.mono, span_s(-IDLE_S)));
		if ((is_free || is_idle) && (!oldest || mono_before(e->wanted_at, oldest->wanted_at)))
			oldest = e;
	}
	if (!oldest)
		return;
	farewell(ro, oldest, now);
	forget(ro, oldest, now);
}

/* An entry that exists, or a new one within the limits. */
static struct ro_entry *admit(struct ro *ro, struct ro_mobile *mo, const struct addr6 *cn, struct now now)
{
	struct ro_entry *e = ro_entry_find(ro, &mo->hoa, cn);
	if (e)
		return e;
	if (!addr6_is_routable(cn) || addr6_eq(cn, &mo->hoa) || addr6_eq(cn, &mo->path.coa) || addr6_eq(cn, &mo->path.ha))
		return NULL;
	if (mo->n_entry >= ro->conf.per_mobile)
		evict(ro, mo, now);
	if (mo->n_entry < ro->conf.per_mobile && table_count(&ro->entries) < ro->conf.entries)
		e = add(ro, mo, cn);
	if (!e) {
		ro->n.limited++;
		reason_count(ro->env, R_RO_LIMIT);
	}
	return e;
}

/* For a wish: begun now or not at all. */
static void start_or_forget(struct ro *ro, struct ro_entry *e, struct now now)
{
	if (start(ro, e, now))
		return;
	reason_count(ro->env, R_RO_LIMIT);
	ro->n.limited++;
	if (!ro_may_hold(e, now.mono) && mono_reached(e->keep_until, now.mono))
		forget(ro, e, now);
	else
		arm(ro, e);
}

/* Packets by the detour although it acknowledged the binding, and not just now: it may have lost it. */
static bool is_doubtful(const struct ro_entry *e, struct now now)
{
	return mono_reached(mono_add(e->bound_at, span_s(AGAIN_S)), now.mono);
}

void ro_want(struct ro *ro, const struct addr6 *hoa, const struct addr6 *cn, struct now now)
{
	struct ro_mobile *mo = ro_mobile_find(ro, hoa);
	if (!mo || ro_is_home(mo) || mo->path.is_leaving || !mo->path.is_registered)
		return;
	struct ro_entry *e = admit(ro, mo, cn, now);
	if (!e)
		return;
	e->wanted_at = now.mono;
	if (e->phase == RO_REST && mono_is_never(e->start_at) && (!ro_is_optimised(e) || is_doubtful(e, now)))
		start_or_forget(ro, e, now);
}

void ro_home(struct ro *ro, const struct addr6 *hoa, const struct addr6 *cn, struct now now)
{
	struct ro_mobile *mo = ro_mobile_find(ro, hoa);
	if (!mo || !ro_is_home(mo) || !mo->path.is_registered)
		return;
	struct ro_entry *e = admit(ro, mo, cn, now);
	if (!e)
		return;
	e->wanted_at = now.mono;
	if (e->phase == RO_REST && mono_is_never(e->start_at))
		start_or_forget(ro, e, now);
}

static int set_path(struct ro *ro, struct ro_mobile *mo, const struct ro_path *path)
{
	if (!addr6_eq(&mo->coa, &path->coa)) {
		if (table_find(&ro->by_coa, &mo->coa) == mo)
			(void)table_del(&ro->by_coa, &mo->coa);
		mo->coa = path->coa;
		int err = table_add(&ro->by_coa, mo);
		if (err != ERR_OK && err != ERR_EXISTS)
			return err;
	}
	mo->path = *path;
	return ERR_OK;
}

int ro_mobile_add(struct ro *ro, const struct addr6 *hoa, const struct ro_path *path)
{
	struct ro_mobile *mo = mem_zget(ro->env->mem, sizeof *mo);
	if (!mo)
		return ERR_NOMEM;
	mo->hoa = *hoa;
	int err = set_path(ro, mo, path);
	if (!err)
		err = table_add(&ro->mobiles, mo);
	if (err) {
		if (table_find(&ro->by_coa, &mo->coa) == mo)
			(void)table_del(&ro->by_coa, &mo->coa);
		mem_put(ro->env->mem, mo);
	}
	return err;
}

/* From another place: what was asked from the old one is void, and so is its token. Who may hold a binding hears of the new one. */
static void replace(struct ro *ro, struct ro_entry *e, struct now now)
{
	bool is_asking = e->phase == RO_TEST || e->phase == RO_UPDATE;
	bool is_ending = ro_is_home(e->mobile) || e->mobile->path.is_leaving;
	if (e->is_bound)
		e->quiet_until = mono_add(now.mono, e->mobile->path.in_flight);
	e->coa.is_held = false;
	e->n_quick = 0;
	stop_asking(e);
	if (e->phase != RO_HOLD)
		e->phase = RO_REST;
	unbind(ro, e, "the mobile has moved", now);
	if (e->phase == RO_HOLD)
		arm(ro, e);
	else if (ro_may_hold(e, now.mono) || (is_asking && !is_ending))
		start_in_turn(ro, e, now);
	else
		forget(ro, e, now);
}

static bool is_other_place(const struct ro_path *a, const struct ro_path *b)
{
	return !addr6_eq(&a->coa, &b->coa) || !addr6_eq(&a->ha, &b->ha) || a->is_leaving != b->is_leaving;
}

int ro_move(struct ro *ro, const struct addr6 *hoa, const struct ro_path *path, struct now now)
{
	struct ro_mobile *mo = ro_mobile_find(ro, hoa);
	if (!mo)
		return ro_mobile_add(ro, hoa, path);
	bool is_other = is_other_place(&mo->path, path), was_registered = mo->path.is_registered;
	int err = set_path(ro, mo, path);
	for (struct ro_entry *e = mo->first, *next; e && !err; e = next) {
		next = e->next;
		if (is_other)
			replace(ro, e, now);
		else if (!was_registered && path->is_registered && e->phase == RO_TEST)
			proceed(ro, e, now);
		else if (e->is_bound && e->phase == RO_REST && mono_before(mono_add(path->until, span_s(LIFETIME_MIN_S)), e->bound_until))
			start_in_turn(ro, e, now); /* the home address ends sooner than was thought (RFC 6275 11.4.2) */
	}
	return err;
}

void ro_drop(struct ro *ro, const struct addr6 *hoa, bool is_farewell, struct now now)
{
	struct ro_mobile *mo = ro_mobile_find(ro, hoa);
	if (!mo)
		return;
	while (mo->first) {
		if (is_farewell)
			farewell(ro, mo->first, now);
		forget(ro, mo->first, now);
	}
	if (table_find(&ro->by_coa, &mo->coa) == mo)
		(void)table_del(&ro->by_coa, &mo->coa);
	(void)table_del(&ro->mobiles, hoa);
	mem_put(ro->env->mem, mo);
}

uint32_t ro_export(const struct ro *ro, const struct addr6 *hoa, struct ro_peer *list, uint32_t max, struct now now)
{
	const struct ro_mobile *mo = ro_mobile_find(ro, hoa);
	uint32_t n = 0;
	for (const struct ro_entry *e = mo ? mo->first : NULL; e && n < max; e = e->next) {
		if (!ro_may_hold(e, now.mono))
			continue;
		int64_t left_s = span_to_s(mono_sub(e->may_hold_until, now.mono)) + 1;
		list[n++] = (struct ro_peer){.cn = e->key.cn, .seq = e->seq, .left_s = (uint32_t)left_s};
	}
	return n;
}

void ro_import(struct ro *ro, const struct addr6 *hoa, const struct ro_peer *list, uint32_t n, struct now now)
{
	struct ro_mobile *mo = ro_mobile_find(ro, hoa);
	for (uint32_t i = 0; mo && i < n; i++) {
		bool is_known = ro_entry_find(ro, hoa, &list[i].cn) != NULL;
		struct ro_entry *e = admit(ro, mo, &list[i].cn, now);
		if (!e || (e->phase == RO_HOLD && !e->n_fail))
			continue; /* the list is older than the end that it has acknowledged just now */
		uint32_t left_s = list[i].left_s < RO_LIFETIME_MAX_S ? list[i].left_s : RO_LIFETIME_MAX_S;
		e->may_hold_until = mono_max(e->may_hold_until, mono_add(now.mono, span_s(left_s)));
		e->wanted_at = now.mono;
		if (!e->has_sent)
			e->seq = list[i].seq;
		if (!is_known)
			start_in_turn(ro, e, now); /* else a packet was quicker than the list */
	}
}

int ro_entry_restore(struct ro *ro, struct ro_mobile *mo, const struct addr6 *cn, const struct ro_record *rec)
{
	struct ro_entry *e = add(ro, mo, cn);
	if (!e)
		return ERR_NOMEM;
	e->is_stored = e->has_sent = e->has_dp = true; /* what the run before put may be there */
	e->is_bound = true;
	e->seq = rec->seq;
	e->bound_coa = rec->coa;
	e->bound_until = rec->bound_until;
	e->may_hold_until = mono_max(rec->may_hold_until, rec->bound_until);
	return ERR_OK;
}

/* A third of what is left before the end: the time at which it was acknowledged is not known any more. */
static void resume(struct ro *ro, struct ro_entry *e, struct now now)
{
	int64_t left_ns = mono_sub(e->bound_until, now.mono).ns;
	e->bound_at = now.mono;
	e->refresh_at = left_ns > 0 && e->is_bound ? mono_add(now.mono, span_ns(left_ns / 3 * 2)) : MONO_NEVER;
	put_dp(ro, e, now);
	arm(ro, e);
}

static struct ro_mobile *pathless(const struct ro *ro)
{
	uint64_t it = 0;
	for (struct ro_mobile *mo; (mo = table_next(&ro->mobiles, &it));)
		if (mo->path.until.ns == 0)
			return mo;
	return NULL;
}

void ro_restored(struct ro *ro, bool is_all_known, struct now now)
{
	uint64_t it = 0;
	for (struct ro_mobile *mo; is_all_known && (mo = pathless(ro));)
		ro_drop(ro, &mo->hoa, false, now);
	for (struct ro_entry *e; (e = table_next(&ro->entries, &it));)
		if (e->phase == RO_REST && mono_is_never(e->start_at))
			resume(ro, e, now);
}

void ro_withdraw(struct ro *ro)
{
	uint64_t it = 0;
	for (struct ro_entry *e; (e = table_next(&ro->entries, &it));) {
		struct dp_op op = {.table = DP_RO_OUT, .ro_out = {.home_address = e->key.hoa, .cn = e->key.cn}};
		if (e->has_dp)
			fx_dp_del(ro->env->fx, ro->role, &op);
		e->has_dp = false;
	}
}

/* --- the operator --------------------------------------------------------------------------------------------------- */

static const char *state_str(const struct ro_entry *e)
{
	switch (e->phase) {
	case RO_REST: return ro_is_optimised(e) ? "bound" : "idle";
	case RO_TEST: return ro_is_optimised(e) ? "bound, testing" : "testing";
	case RO_UPDATE: return e->is_ending ? "ending" : ro_is_optimised(e) ? "bound, updating" : "updating";
	case RO_HOLD: return "held";
	}
	return "?";
}

static void show_entry(const struct ro_entry *e, struct show *out, struct now now)
{
	show_begin(out, "correspondent");
	show_addr6(out, "home_address", &e->key.hoa);
	show_addr6(out, "correspondent", &e->key.cn);
	show_str(out, "state", state_str(e));
	show_addr6(out, "coa", e->is_bound ? &e->bound_coa : &e->mobile->path.coa);
	show_u64(out, "seq", e->seq);
	if (e->is_bound) {
		show_until(out, "expires_s", e->bound_until, now.mono);
		show_until(out, "refresh_s", e->refresh_at, now.mono);
	}
	if (e->phase == RO_HOLD)
		show_until(out, "held_s", e->hold_until, now.mono);
	show_u64(out, "failures", e->n_fail);
	show_end(out);
}

void ro_show(const struct ro *ro, const struct addr6 *hoa, struct show *out, struct now now)
{
	uint64_t it = 0;
	for (const struct ro_entry *e; (e = table_next(&ro->entries, &it));)
		if (!hoa || addr6_eq(hoa, &e->key.hoa))
			show_entry(e, out, now);
}
