/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is near (D-5 to D-7): stations that the radios of our links hear, by their link-layer addresses.
 *
 * The average of a station's signal (core/motion/signal) rises over one threshold: the manager is asked who it is, and it becomes a guest. It falls
 * below a lower one, and the guest has been here for the least time: it withdraws. So does one that the radio has lost, or of which nothing
 * is heard. A station whose radio is attached here is near whatever its signal is, for nobody else can reach it.
 *
 * Who a station is: its session's identity if the radio knows one; its link-layer address alone, which anybody can take on, only
 * where its record or the configuration says that this will do.
 */
#include "base/err.h"
#include "role/fa/fa_i.h"

enum { CENTI = 100 };

const char *station_state_str(enum station_state s)
{
	switch (s) {
	case STATION_FAR: return "far";
	case STATION_ASKING: return "asking";
	case STATION_STRANGER: return "stranger";
	case STATION_GUEST: return "guest";
	}
	return "?";
}

struct station *fa_hear_find(const struct fa *fa, uint32_t ifindex, const struct lladdr *lladdr)
{
	const struct station_key key = {.ifindex = ifindex, .lladdr = *lladdr};
	return table_find(&fa->stations, &key);
}

static struct station *station_new(struct fa *fa, const struct station_event *ev, struct now now)
{
	uint32_t n = table_count(&fa->stations);
	if (n >= fa->conf.guests.stations_max) {
		reason_count(fa->env, R_STATION_FULL);
		return NULL;
	}
	if (timers_reserve(&fa->timers, FA_IF_MAX + 3 * (n + 1)) != ERR_OK) /* of the station, and two of the guest that it may be */
		return NULL;
	struct station *s = mem_zget(fa->env->mem, sizeof *s);
	if (!s)
		return NULL;
	s->key = (struct station_key){.ifindex = ev->ifindex, .lladdr = ev->station};
	s->timer.kind = FA_T_STATION;
	s->since = now.mono;
	if (table_add(&fa->stations, s) == ERR_OK)
		return s;
	mem_put(fa->env->mem, s);
	return NULL;
}

/* --- who it is ------------------------------------------------------------------------------------------- */

struct mmc_question fa_hear_question(const struct station *s)
{
	return s->identity.kind != DEVICE_NONE ? mmc_by_device(&s->identity) : mmc_by_lladdr(&s->key.lladdr);
}

static bool asks(const struct station *s, const struct mmc_question *q)
{
	struct mmc_question mine = fa_hear_question(s);
	return device_eq(&mine.device, &q->device);
}

/* Nobody else needs the record. */
static void release(struct fa *fa, const struct station *s, struct now now)
{
	const struct mmc_question q = fa_hear_question(s);
	uint64_t it = 0;
	for (const struct station *o; (o = table_next(&fa->stations, &it));)
		if (o != s && o->state == STATION_GUEST && asks(o, &q))
			return;
	mmc_release(fa->mmc, &q, now);
}

static void enter(struct fa *fa, struct station *s, enum station_state state, const char *why, struct now now)
{
	if (s->state == state)
		return;
	enum station_state was = s->state;
	s->state = state;
	s->since = now.mono;
	if (was == STATION_GUEST) {
		fa_guest_leave(fa, s, why, now);
		release(fa, s, now);
	}
	fx_event(fa->env->fx, ROLE_FA, EV_DEBUG, "station", NULL, "fa %s: %s -> %s (%s)", LLADDR_STR(&s->key.lladdr), station_state_str(was),
		 station_state_str(state), why);
}

static bool is_proven(const struct fa *fa, const struct station *s, const struct mm_record *rec)
{
	return s->identity.kind != DEVICE_NONE || fa->conf.guests.trusts_lladdr || (rec->flags & MM_LLADDR_ENOUGH);
}

static void known(struct fa *fa, struct station *s, const struct mm_record *rec, struct now now)
{
	const struct mmc_question q = fa_hear_question(s);
	const struct mm_record mine = *rec; /* the client may be called meanwhile */
	if (!is_proven(fa, s, rec)) {
		reason_count(fa->env, R_STATION_UNPROVEN);
		enter(fa, s, STATION_STRANGER, "a link-layer address alone is not enough", now);
		return;
	}
	s->guest = fa_guest_arrive(fa, s, &mine, now);
	if (!s->guest) {
		enter(fa, s, STATION_STRANGER, "its record has no home address and group that go together, or there is no memory", now);
		return;
	}
	enter(fa, s, STATION_GUEST, "known", now);
	(void)mmc_hold(fa->mmc, &q, now);
}

static void ask(struct fa *fa, struct station *s, struct now now)
{
	const struct mmc_question q = fa_hear_question(s);
	const struct mm_record *rec = NULL;
	enum mmc_result r = mmc_ask(fa->mmc, &q, &rec, now);
	if (r == MMC_FOUND)
		known(fa, s, rec, now);
	else
		enter(fa, s, r == MMC_WAIT ? STATION_ASKING : STATION_STRANGER, r == MMC_WAIT ? "near" : mmc_result_str(r), now);
}

/* --- signal ---------------------------------------------------------------------------------------------- */

/* In hundredths of a dBm; false: nothing heard lately. */
static bool mean_of(const struct fa *fa, const struct station *s, struct now now, int32_t *cdbm)
{
	const struct guests_conf *c = &fa->conf.guests;
	return signal_mean(&s->signal, c->window, c->age, now.mono, cdbm);
}

static bool is_near(const struct fa *fa, const struct station *s, uint32_t threshold_dbm, struct now now)
{
	int32_t cdbm;
	return s->is_serving || (mean_of(fa, s, now, &cdbm) && cdbm >= -CENTI * (int32_t)threshold_dbm);
}

static void decide(struct fa *fa, struct station *s, struct now now)
{
	const struct guests_conf *c = &fa->conf.guests;
	bool is_weak = !is_near(fa, s, c->leave_dbm, now);
	switch (s->state) {
	case STATION_FAR:
		if (is_near(fa, s, c->join_dbm, now))
			ask(fa, s, now);
		return;
	case STATION_STRANGER:
		if (is_weak)
			enter(fa, s, STATION_FAR, "weak", now);
		else if (mono_reached(mono_add(s->since, c->again), now.mono)) {
			s->since = now.mono;
			ask(fa, s, now);
		}
		return;
	case STATION_ASKING:
		if (is_weak)
			enter(fa, s, STATION_FAR, "weak", now);
		return;
	case STATION_GUEST:
		if (is_weak && mono_reached(mono_add(s->since, c->dwell), now.mono))
			enter(fa, s, STATION_FAR, "weak", now);
		return;
	}
}

/* When something has to be done about it though nothing is heard. */
static void arm(struct fa *fa, struct station *s, struct now now)
{
	const struct guests_conf *c = &fa->conf.guests;
	mono_t when = mono_add(s->heard, c->silence), dwelt = mono_add(s->since, c->dwell);
	if (s->state == STATION_GUEST && mono_before(now.mono, dwelt))
		when = mono_min(when, dwelt);
	(void)timer_set(&fa->timers, &s->timer, when); /* reserved: cannot fail */
}

static void forget(struct fa *fa, struct station *s, const char *why, struct now now)
{
	enter(fa, s, STATION_FAR, why, now);
	timer_clear(&fa->timers, &s->timer);
	(void)table_del(&fa->stations, &s->key);
	mem_put(fa->env->mem, s);
}

void fa_hear_due(struct fa *fa, struct timer *t, struct now now)
{
	struct station *s = container_of(t, struct station, timer);
	if (mono_reached(mono_add(s->heard, fa->conf.guests.silence), now.mono)) {
		forget(fa, s, "silent", now);
		return;
	}
	decide(fa, s, now);
	arm(fa, s, now);
}

/* Another identity is another mobile, which has the radio now. A radio that tells none has not forgotten it. */
static bool identify(struct fa *fa, struct station *s, const struct station_event *ev, struct now now)
{
	struct device_id id;
	if (!ev->identity[0])
		return true;
	if (!device_parse(&id, ev->identity, NULL)) {
		reason_count(fa->env, R_STATION_IDENTITY);
		return false;
	}
	if (device_eq(&id, &s->identity))
		return true;
	enter(fa, s, STATION_FAR, "another identity", now);
	s->identity = id;
	return true;
}

static bool is_station(const struct lladdr *a) { return !(a->b[0] & 1) && !lladdr_is_zero(a); }

void fa_hear_station(void *self, const struct station_event *ev, struct now now)
{
	struct fa *fa = self;
	const struct fa_if *f = fa_if_at(fa, ev->ifindex);
	if (!fa->conf.guests.is_on || !f || !is_station(&ev->station) || lladdr_eq(&ev->station, &f->lladdr))
		return;
	struct station *s = fa_hear_find(fa, ev->ifindex, &ev->station);
	if (ev->is_gone) {
		if (s)
			forget(fa, s, "lost", now);
		return;
	}
	if (!s)
		s = station_new(fa, ev, now);
	if (!s || !identify(fa, s, ev, now))
		return;
	signal_add(&s->signal, ev->dbm, now.mono);
	s->heard = now.mono;
	bool is_other = s->is_serving != ev->is_serving;
	if (is_other && !ev->is_serving && ev->when.ns && s->guest && s->guest->at == s)
		fa_serve_attached(fa, s->guest, ev->when, now);
	s->is_serving = ev->is_serving;
	if (is_other && s->state == STATION_GUEST)
		fa_guest_serving(fa, s, now);
	decide(fa, s, now);
	if (s->is_serving && s->guest && s->guest->at == s)
		fa_serve_attached(fa, s->guest, ev->when, now);
	arm(fa, s, now);
}

void fa_hear_forget(struct fa *fa, uint32_t ifindex, struct now now)
{
	uint64_t it = 0;
	for (struct station *s; (s = table_next(&fa->stations, &it));) {
		if (ifindex && s->key.ifindex != ifindex)
			continue;
		forget(fa, s, "its link is gone", now);
		it = 0;
	}
}

/* --- the manager's word ---------------------------------------------------------------------------------- */

static void on_answer(void *ctx, const struct mmc_question *q, enum mmc_result r, const struct mm_record *rec, struct now now)
{
	struct fa *fa = ctx;
	const struct mm_record mine = rec ? *rec : (struct mm_record){0};
	uint64_t it = 0;
	for (struct station *s; (s = table_next(&fa->stations, &it));) {
		if (s->state != STATION_ASKING || !asks(s, q))
			continue;
		if (rec)
			known(fa, s, &mine, now);
		else
			enter(fa, s, STATION_STRANGER, mmc_result_str(r), now);
		arm(fa, s, now);
	}
}

/* Another record: as if it had come anew; what is the same stays as it is in the datapath. */
static void on_changed(void *ctx, const struct mmc_question *q, const struct mm_record *rec, struct now now)
{
	struct fa *fa = ctx;
	const struct mm_record mine = rec ? *rec : (struct mm_record){0};
	uint64_t it = 0;
	for (struct station *s; (s = table_next(&fa->stations, &it));) {
		if (s->state != STATION_GUEST || !asks(s, q))
			continue;
		enter(fa, s, STATION_STRANGER, rec ? "its record has changed" : "its record is gone", now);
		if (rec)
			known(fa, s, &mine, now);
		arm(fa, s, now);
	}
}

/* What another agent says of a mobile that we hear too, or the manager's echo of what we said. */
static void on_served(void *ctx, const struct mmc_question *q, const struct mm_serving *said, struct now now)
{
	struct fa *fa = ctx;
	uint64_t it = 0;
	for (struct station *s; (s = table_next(&fa->stations, &it));)
		if (s->state == STATION_GUEST && s->guest && s->guest->at == s && asks(s, q)) {
			fa_serve_told(fa, s->guest, said, now);
			return;
		}
}

/* --- life ------------------------------------------------------------------------------------------------ */

int fa_hear_init(struct fa *fa, struct now now, const char **remedy)
{
	const struct station *s = NULL;
	const struct guest *g = NULL;
	const struct mmc_ops ops = {.answer = on_answer, .changed = on_changed, .served = on_served, .ctx = fa};
	table_init(&fa->stations, fa->env->mem, fa->env->rng, offsetof(struct station, key), sizeof s->key);
	table_init(&fa->guests, fa->env->mem, fa->env->rng, offsetof(struct guest, key), sizeof g->key);
	if (listen_init(&fa->listen, fa->env, ROLE_FA) != ERR_OK)
		return ERR_NOMEM;
	if (!fa->conf.guests.is_on)
		return ERR_OK;
	fa->mmc = mmc_new(fa->env, ROLE_FA, &fa->conf.guests.mmc, &ops, now, remedy);
	return fa->mmc ? ERR_OK : *remedy ? ERR_INVAL : ERR_NOMEM;
}

void fa_hear_fini(struct fa *fa)
{
	uint64_t it = 0;
	for (struct station *s; (s = table_next(&fa->stations, &it));)
		mem_put(fa->env->mem, s);
	it = 0;
	for (struct guest *g; (g = table_next(&fa->guests, &it));)
		mem_put(fa->env->mem, g);
	table_fini(&fa->stations);
	table_fini(&fa->guests);
	listen_fini(&fa->listen);
	mmc_free(fa->mmc);
}
