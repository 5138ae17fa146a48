/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions, answers and changes. The managers' side of the client is mmc_link.c, its memory mmc_cache.c. */
#include "core/manager/mmc_i.h"

const char *mmc_result_str(enum mmc_result r)
{
	switch (r) {
	case MMC_FOUND: return "found";
	case MMC_WAIT: return "asked";
	case MMC_UNKNOWN: return "unknown";
	case MMC_REFUSED: return "refused";
	case MMC_SILENT: return "no answer";
	case MMC_LIMIT: return "limit";
	}
	return "unknown";
}

struct mmc *mmc_new(const struct engine_env *env, enum role_id role, const struct mmc_conf *conf, const struct mmc_ops *ops, struct now now,
		    const char **remedy)
{
	const struct sa_key *key = conf->n_manager ? env->key(env->ctx, conf->key) : NULL;
	struct mmc *m = NULL;

	*remedy = mmc_conf_check(conf);
	if (!*remedy && conf->n_manager && !key)
		*remedy = "manager-key names a key that is not configured: add a key block of that name";
	if (*remedy || !(m = mem_zget(env->mem, sizeof *m)))
		return NULL;
	m->env = *env;
	m->role = role;
	m->conf = *conf;
	m->ops = *ops;
	m->key = key;
	table_init(&m->entries, env->mem, env->rng, offsetof(struct mmc_entry, key), MMC_KEY_OCT);
	table_init(&m->waiting, env->mem, env->rng, offsetof(struct mmc_entry, transaction), sizeof(uint32_t));
	timers_init(&m->timers, env->mem);
	rate_init(&m->rate, env->rng);
	mmc_link_init(m, now);
	return m;
}

void mmc_free(struct mmc *m)
{
	uint64_t it = 0;
	struct mmc_entry *e;

	if (!m)
		return;
	timers_fini(&m->timers); /* it writes into those that are armed */
	while ((e = table_next(&m->entries, &it)) != NULL) {
		mem_put(m->env.mem, e->rec);
		mem_put(m->env.mem, e);
	}
	table_fini(&m->entries);
	table_fini(&m->waiting);
	mem_put(m->env.mem, m);
}

uint16_t mmc_port(const struct mmc *m) { return m && m->conf.n_manager ? MM_PORT : 0; }

/* --- asking ---------------------------------------------------------------------------------------------- */

/* The first time the manager in use; then the others in turn, those first that are open. */
static uint32_t next_manager(const struct mmc *m, const struct mmc_entry *e)
{
	if (e->tries == 0)
		return m->current;
	for (uint32_t i = 1; i <= m->conf.n_manager; i++) {
		const uint32_t which = (e->manager + i) % m->conf.n_manager;
		if (m->manager[which].is_open)
			return which;
	}
	return (e->manager + 1) % m->conf.n_manager;
}

void mmc_question_send(struct mmc *m, struct mmc_entry *e, struct now now)
{
	uint8_t buf[MM_DATAGRAM_MAX];
	const int64_t wait = m->conf.retry.ns << (e->tries < 10 ? e->tries : 10);

	e->manager = (uint8_t)next_manager(m, e);
	e->tries += e->tries < UINT8_MAX;
	struct mmc_manager *g = &m->manager[e->manager];
	struct wr w = mmc_begin(m, g, MM_QUERY, buf);
	mm_put(&w, &(struct mm_item){.type = MMF_QUERY, .query = {e->transaction, MM_SUBSCRIBE}});
	if (e->q.device.kind == DEVICE_NONE)
		mm_put(&w, &(struct mm_item){.type = MMF_ADDRESS, .address = e->q.address});
	else
		mm_put(&w, &(struct mm_item){.type = MMF_DEVICE, .device = e->q.device});
	mmc_end(m, g, &w);
	const mono_t next = mono_add(now.mono, span_ns(wait < m->conf.retry_max.ns ? wait : m->conf.retry_max.ns));
	(void)timer_set(&m->timers, &e->again, mono_min(next, mono_add(e->asked, m->conf.give_up)));
}

/* is_refresh: what we have is asked again, which leaves half of the rate to what the owner waits for. */
static bool begin(struct mmc *m, struct mmc_entry *e, bool is_refresh, struct now now)
{
	const uint32_t per_s = is_refresh ? (m->conf.rate + 1) / 2 : m->conf.rate;
	const uint8_t kind = is_refresh;

	if (!rate_take(&m->rate, rate_key(&m->rate, &kind, 1), per_s, per_s, now.mono) || !mmc_entry_wait(m, e)) {
		m->n_limited++;
		return false;
	}
	e->tries = 0;
	e->asked = now.mono;
	m->n_questions++;
	m->n_refreshed += is_refresh;
	mmc_question_send(m, e, now);
	return true;
}

static const struct mm_record *lend(struct mmc *m, const struct mmc_entry *e)
{
	if (!e->rec)
		return NULL;
	m->lent = *e->rec;
	return &m->lent;
}

enum mmc_result mmc_ask(struct mmc *m, const struct mmc_question *q, const struct mm_record **rec, struct now now)
{
	*rec = NULL;
	if (!m->conf.n_manager)
		return MMC_UNKNOWN;
	struct mmc_entry *e = mmc_entry_find(m, q);
	if (e && e->status != MMC_WAIT) {
		m->n_hits++;
		mmc_entry_idle(m, e);
		*rec = lend(m, e);
		return (enum mmc_result)e->status;
	}
	if (e && e->transaction)
		return MMC_WAIT;
	if (!e && !(e = mmc_entry_new(m, q)))
		return MMC_LIMIT;
	if (begin(m, e, false, now))
		return MMC_WAIT;
	mmc_entry_free(m, e);
	return MMC_LIMIT;
}

const struct mm_record *mmc_find(const struct mmc *m, const struct mmc_question *q)
{
	const struct mmc_entry *e = m->conf.n_manager ? mmc_entry_find(m, q) : NULL;
	return e ? e->rec : NULL;
}

bool mmc_hold(struct mmc *m, const struct mmc_question *q, struct now now)
{
	struct mmc_entry *e = m->conf.n_manager ? mmc_entry_find(m, q) : NULL;

	if (!e || !e->rec)
		return false;
	if (e->is_held)
		return true;
	e->is_held = true;
	m->n_held++;
	mmc_entry_busy(m, e);
	if (timer_is_set(&e->life))
		(void)mmc_entry_arm(m, e, now);
	return true;
}

void mmc_release(struct mmc *m, const struct mmc_question *q, struct now now)
{
	struct mmc_entry *e = m->conf.n_manager ? mmc_entry_find(m, q) : NULL;

	if (!e || !e->is_held)
		return;
	e->is_held = false;
	m->n_held--;
	if (timer_is_set(&e->life))
		(void)mmc_entry_arm(m, e, now);
	mmc_entry_idle(m, e);
}

/* --- what managers say ------------------------------------------------------------------------------------- */

struct told {                          /* of an answer or a change */
	struct mmc_question about;     /* of a change */
	struct mm_answer answer;
	struct mm_record rec;
	bool has_about, has_answer, has_record, has_device;
};

/* In front of the answer stands what it is about, behind it the record with its device. */
static void told_read(struct rd fields, struct told *t)
{
	struct mm_item f;
	enum wire_err err;

	memset(t, 0, sizeof *t);
	while (mm_next(&fields, &f, &err)) {
		if (f.type == MMF_ADDRESS && !t->has_answer) {
			t->about = mmc_by_address(&f.address);
			t->has_about = true;
		} else if (f.type == MMF_DEVICE && !t->has_answer) {
			t->about = mmc_by_device(&f.device);
			t->has_about = true;
		} else if (f.type == MMF_ANSWER) {
			t->answer = f.answer;
			t->has_answer = true;
		} else if (f.type == MMF_RECORD && !t->has_record) {
			t->rec = f.record;
			t->has_record = true;
		} else if (f.type == MMF_DEVICE && t->has_record) {
			t->rec.device = f.device;
			t->has_device = true;
		}
	}
}

static enum mmc_result result_of(const struct told *t)
{
	switch ((enum mm_status)t->answer.status) {
	case MM_FOUND: return t->has_record && t->has_device ? MMC_FOUND : MMC_UNKNOWN;
	case MM_DENIED: return MMC_REFUSED;
	case MM_NOT_FOUND:
	case MM_BUSY:
	case MM_STATUS_N: break;
	}
	return MMC_UNKNOWN;
}

static span_t life_of(const struct mmc *m, const struct told *t, enum mmc_result r)
{
	const span_t longest = r == MMC_FOUND ? m->conf.lifetime_max : m->conf.negative, said = span_s(t->answer.lifetime_s);
	return said.ns > 0 && said.ns < longest.ns ? said : longest;
}

static bool is_same_record(const struct mm_record *a, const struct mm_record *b)
{
	struct mm_record x = *a;
	x.version = b->version;
	return device_eq(&a->device, &b->device) && memcmp((const uint8_t *)&x + sizeof x.device, (const uint8_t *)b + sizeof b->device, sizeof x - sizeof x.device) == 0;
}

/* The owner hears of it once: as the answer that it waits for, or as a change of what it holds. is_told: who says so will tell of the next change too. */
static void learn(struct mmc *m, struct mmc_entry *e, const struct told *t, bool is_awaited, bool is_told, struct now now)
{
	const enum mmc_result r = result_of(t);
	const struct mm_record *rec = r == MMC_FOUND ? &t->rec : NULL;
	const bool was_held = e->is_held, differs = !rec || !e->rec || !is_same_record(e->rec, rec);

	if (!mmc_entry_learn(m, e, r, rec, life_of(m, t, r), now))
		return;
	e->is_untold = !is_told;
	if (e->is_untold && e->is_held)
		(void)mmc_entry_arm(m, e, now);
	m->lent_q = e->q;
	rec = lend(m, e);
	if (is_awaited)
		m->ops.answer(m->ops.ctx, &m->lent_q, r, rec, now);
	else if (was_held && differs)
		m->ops.changed(m->ops.ctx, &m->lent_q, rec, now);
}

void mmc_on_answer(struct mmc *m, uint32_t which, struct rd fields, struct now now)
{
	struct told t;

	told_read(fields, &t);
	struct mmc_entry *e = t.has_answer ? table_find(&m->waiting, &t.answer.transaction) : NULL;
	if (!e || t.answer.status == MM_BUSY)
		return; /* answered before; or try another at the next turn */
	if (which != m->current) {
		m->current = which;
		mmc_on_open(m, which, true, now);
	}
	const bool is_awaited = e->status == MMC_WAIT;
	mmc_entry_done(m, e);
	learn(m, e, &t, is_awaited, true, now);
}

/* Another manager than the one in use has us on its list from before; one that does not trust our epoch does not hear us acknowledge, and takes us off. */
void mmc_on_change(struct mmc *m, uint32_t which, struct rd fields, struct now now)
{
	struct told t;

	told_read(fields, &t);
	struct mmc_entry *e = t.has_about && t.has_answer ? mmc_entry_find(m, &t.about) : NULL;
	if (!e || (e->rec && t.has_record && t.rec.version < e->rec->version))
		return; /* overtaken on its way */
	const bool is_awaited = e->status == MMC_WAIT;
	mmc_entry_done(m, e); /* an answer that is still on its way is older */
	learn(m, e, &t, is_awaited, which == m->current && m->manager[which].is_open, now);
}

/* --- who serves --------------------------------------------------------------------------------------------- */

void mmc_serve(struct mmc *m, const struct mmc_question *q, const struct mm_serving *s)
{
	uint8_t buf[MM_DATAGRAM_MAX];

	if (!m->conf.n_manager || q->device.kind == DEVICE_NONE)
		return;
	struct mmc_manager *g = &m->manager[m->current];
	struct wr w = mmc_begin(m, g, MM_TELL, buf);
	mm_put(&w, &(struct mm_item){.type = MMF_DEVICE, .device = q->device});
	mm_put(&w, &(struct mm_item){.type = MMF_SERVING, .serving = *s});
	mmc_end(m, g, &w);
}

void mmc_on_served(struct mmc *m, struct rd fields, struct now now)
{
	struct mm_item f;
	enum wire_err err;
	struct mm_serving serving;
	bool has_device = false, has_serving = false;

	while (mm_next(&fields, &f, &err)) {
		if (f.type == MMF_DEVICE) {
			m->lent_q = mmc_by_device(&f.device);
			has_device = true;
		} else if (f.type == MMF_SERVING) {
			serving = f.serving;
			has_serving = true;
		}
	}
	const struct mmc_entry *e = has_device ? mmc_entry_find(m, &m->lent_q) : NULL;
	if (e && e->is_held && has_serving && m->ops.served)
		m->ops.served(m->ops.ctx, &m->lent_q, &serving, now);
}

/* --- managers come and go ------------------------------------------------------------------------------------ */

static bool is_any_open(const struct mmc *m)
{
	for (uint32_t i = 0; i < m->conf.n_manager; i++)
		if (m->manager[i].is_open)
			return true;
	return false;
}

/* Where nobody has us on his list, what is held is asked again soon, spread over the time that the rate allows; the rest once it is held. */
static void ask_held_again(struct mmc *m, struct now now)
{
	const uint32_t over_ms = m->n_held * 2000 / (m->conf.rate + 1) + 100;
	uint64_t it = 0;
	struct mmc_entry *e;

	while ((e = table_next(&m->entries, &it)) != NULL) {
		e->is_untold = true;
		if (e->is_held && !e->transaction)
			(void)timer_set(&m->timers, &e->life, mono_add(now.mono, span_ms(rng_below(m->env.rng, over_ms))));
	}
}

/* A manager trusts us now: what waits is asked of it at once. */
void mmc_on_open(struct mmc *m, uint32_t which, bool is_new_epoch, struct now now)
{
	uint64_t it = 0;
	struct mmc_entry *e;

	if (!m->manager[m->current].is_open)
		m->current = which;
	if (which != m->current)
		return;
	while ((e = table_next(&m->waiting, &it)) != NULL)
		(void)timer_set(&m->timers, &e->again, now.mono);
	if (is_new_epoch)
		ask_held_again(m, now);
}

void mmc_on_closed(struct mmc *m, uint32_t which, struct now now)
{
	fx_event(m->env.fx, m->role, EV_WARNING, "manager-lost", &addr6_any, "mobility manager %s: open -> silent: its welcomes stay away",
		 ADDR46_STR(&m->manager[which].addr));
	if (which != m->current)
		return;
	for (uint32_t i = 0; i < m->conf.n_manager; i++)
		if (m->manager[i].is_open) {
			m->current = i;
			ask_held_again(m, now);
			return;
		}
}

/* --- time ------------------------------------------------------------------------------------------------ */

static void give_up(struct mmc *m, struct mmc_entry *e, struct now now)
{
	const bool is_awaited = e->status == MMC_WAIT;

	mmc_entry_done(m, e);
	m->n_silent++;
	if (!is_awaited) { /* what we have stays good; ask again later */
		mmc_entry_idle(m, e);
		(void)timer_set(&m->timers, &e->life, mono_add(now.mono, m->conf.give_up));
		return;
	}
	m->lent_q = e->q;
	mmc_entry_free(m, e);
	m->ops.answer(m->ops.ctx, &m->lent_q, MMC_SILENT, NULL, now);
}

static void on_again(struct mmc *m, struct mmc_entry *e, struct now now)
{
	if (!e->transaction)
		return;
	if (mono_reached(mono_add(e->asked, m->conf.give_up), now.mono)) {
		give_up(m, e, now);
		return;
	}
	m->manager[e->manager].n_timeouts++;
	mmc_question_send(m, e, now);
}

static void on_life(struct mmc *m, struct mmc_entry *e, struct now now)
{
	if (!e->is_held) {
		if (!e->transaction)
			mmc_entry_free(m, e);
		return;
	}
	if (e->transaction)
		return;
	if (!is_any_open(m) || !begin(m, e, true, now))
		(void)timer_set(&m->timers, &e->life, mono_add(now.mono, span_ms(200 + rng_below(m->env.rng, 800))));
}

bool mmc_rx(struct mmc *m, const struct rx *rx, struct now now)
{
	struct mmsig_packet p;
	return m && m->conf.n_manager && mmsig_packet_parse(rx, &p) && mmc_link_rx(m, &p, now);
}

void mmc_tick(struct mmc *m, struct now now)
{
	struct timer *t;

	mmc_link_tick(m, now);
	while ((t = timers_pop(&m->timers, now.mono)) != NULL) {
		if (t->kind == MMC_T_AGAIN)
			on_again(m, container_of(t, struct mmc_entry, again), now);
		else
			on_life(m, container_of(t, struct mmc_entry, life), now);
	}
}

mono_t mmc_expiry(const struct mmc *m) { return mono_min(mmc_link_expiry(m), timers_next(&m->timers)); }

void mmc_show(const struct mmc *m, const char *what, struct show *out, struct now now)
{
	if (!m->conf.n_manager || strcmp(what, "managers") != 0)
		return;
	for (uint32_t i = 0; i < m->conf.n_manager; i++) {
		const struct mmc_manager *g = &m->manager[i];
		show_begin(out, "manager");
		show_str(out, "role", role_str(m->role));
		show_addr6(out, "address", &g->addr);
		show_str(out, "state", g->is_open ? "open" : g->is_trusted ? "silent" : "unproven");
		show_flag(out, "in-use", i == m->current);
		show_u64(out, "sent", g->n_tx);
		show_u64(out, "received", g->n_rx);
		show_u64(out, "answers", g->n_answers);
		show_u64(out, "changes", g->n_changes);
		show_u64(out, "timeouts", g->n_timeouts);
		show_real(out, "heard-ago", (double)(now.mono.ns - g->heard.ns) / 1e9);
		show_end(out);
	}
	show_begin(out, "manager-cache");
	show_str(out, "role", role_str(m->role));
	show_u64(out, "entries", table_count(&m->entries));
	show_u64(out, "held", m->n_held);
	show_u64(out, "waiting", m->n_waiting);
	show_u64(out, "questions", m->n_questions);
	show_u64(out, "hits", m->n_hits);
	show_u64(out, "refreshed", m->n_refreshed);
	show_u64(out, "unanswered", m->n_silent);
	show_u64(out, "limited", m->n_limited);
	show_u64(out, "evicted", m->n_evicted);
	show_end(out);
}
