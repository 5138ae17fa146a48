/* SPDX-License-Identifier: BSD-2-Clause */
/* What the client remembers: entries by question, in bounded number. */
#include "core/manager/mmc_i.h"

void mmc_key_of(const struct mmc *m, const struct mmc_question *q, uint8_t out[static MMC_KEY_OCT])
{
	memset(out, 0, MMC_KEY_OCT);
	if (q->device.kind == DEVICE_NONE)
		memcpy(out + 1, &q->address, sizeof q->address);
	else
		device_key(&q->device, m->env.crypto, out);
}

static bool is_same(const struct mmc_question *a, const struct mmc_question *b)
{
	return a->device.kind == DEVICE_NONE ? addr6_eq(&a->address, &b->address) : device_eq(&a->device, &b->device);
}

struct mmc_entry *mmc_entry_find(const struct mmc *m, const struct mmc_question *q)
{
	uint8_t key[MMC_KEY_OCT];

	mmc_key_of(m, q, key);
	struct mmc_entry *e = table_find(&m->entries, key);
	return e && is_same(&e->q, q) ? e : NULL;
}

void mmc_entry_busy(struct mmc *m, struct mmc_entry *e)
{
	if (!e->is_idle)
		return;
	*(e->older ? &e->older->newer : &m->oldest) = e->newer;
	*(e->newer ? &e->newer->older : &m->newest) = e->older;
	e->older = e->newer = NULL;
	e->is_idle = false;
}

void mmc_entry_idle(struct mmc *m, struct mmc_entry *e)
{
	mmc_entry_busy(m, e);
	if (e->is_held || e->transaction)
		return;
	e->older = m->newest;
	*(m->newest ? &m->newest->newer : &m->oldest) = e;
	m->newest = e;
	e->is_idle = true;
}

void mmc_entry_free(struct mmc *m, struct mmc_entry *e)
{
	mmc_entry_done(m, e);
	mmc_entry_busy(m, e);
	m->n_held -= e->is_held;
	timer_clear(&m->timers, &e->again);
	timer_clear(&m->timers, &e->life);
	(void)table_del(&m->entries, e->key);
	mem_put(m->env.mem, e->rec);
	mem_put(m->env.mem, e);
}

struct mmc_entry *mmc_entry_new(struct mmc *m, const struct mmc_question *q)
{
	uint8_t key[MMC_KEY_OCT];
	mmc_key_of(m, q, key);
	struct mmc_entry *same = table_find(&m->entries, key); /* of another identifier with the same hash */

	if (same && (same->is_held || same->transaction))
		return NULL;
	if (same)
		mmc_entry_free(m, same);
	if (table_count(&m->entries) >= m->conf.cache_max) {
		if (!m->oldest)
			return NULL;
		m->n_evicted++;
		mmc_entry_free(m, m->oldest);
	}
	struct mmc_entry *e = mem_zget(m->env.mem, sizeof *e);
	if (!e)
		return NULL;
	memcpy(e->key, key, sizeof key);
	e->q = *q;
	e->status = MMC_WAIT;
	e->again.kind = MMC_T_AGAIN;
	e->life.kind = MMC_T_LIFE;
	if (timers_reserve(&m->timers, m->timers.n + 2) || table_add(&m->entries, e)) {
		mem_put(m->env.mem, e);
		return NULL;
	}
	return e;
}

bool mmc_entry_wait(struct mmc *m, struct mmc_entry *e)
{
	do
		e->transaction = rng_u32(m->env.rng);
	while (e->transaction == 0 || table_find(&m->waiting, &e->transaction));
	if (table_add(&m->waiting, e)) {
		e->transaction = 0;
		return false;
	}
	m->n_waiting++;
	mmc_entry_busy(m, e);
	return true;
}

void mmc_entry_done(struct mmc *m, struct mmc_entry *e)
{
	if (!e->transaction)
		return;
	(void)table_del(&m->waiting, &e->transaction);
	e->transaction = 0;
	e->tries = 0;
	m->n_waiting--;
	timer_clear(&m->timers, &e->again);
}

/* What is held is asked again before its time is over. */
bool mmc_entry_arm(struct mmc *m, struct mmc_entry *e, struct now now)
{
	const mono_t soon = e->is_untold ? now.mono : mono_add(now.mono, span_ns(mono_sub(e->ends, now.mono).ns / 10 * 8));
	return timer_set(&m->timers, &e->life, e->is_held ? soon : e->ends) == ERR_OK;
}

bool mmc_entry_learn(struct mmc *m, struct mmc_entry *e, enum mmc_result r, const struct mm_record *rec, span_t life, struct now now)
{
	if (rec && !e->rec && !(e->rec = mem_get(m->env.mem, sizeof *e->rec)))
		return false;
	if (rec)
		*e->rec = *rec;
	else {
		mem_put(m->env.mem, e->rec);
		e->rec = NULL;
		m->n_held -= e->is_held;
		e->is_held = false;
	}
	e->status = (uint8_t)r;
	e->is_untold = false;
	e->ends = mono_add(now.mono, life);
	mmc_entry_idle(m, e);
	return mmc_entry_arm(m, e, now);
}
