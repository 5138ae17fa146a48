/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is told of changes. An agent that asked is on the list of what it asked about, known or not, for somewhat longer than its
 * answer lives; asking again keeps it there. What is told is what a question would be answered now, and is told again until it is
 * acknowledged. Whoever never acknowledges is taken off, and is asked for a proof of his epoch the next time: by that he knows that he is on no
 * list, however short the interruption was, and asks again for what he holds (core/manager/mmc.c).
 */
#include "role/mm/mm_i.h"

void mm_push_init(struct mm *m)
{
	table_init(&m->subjects, m->env->mem, m->env->rng, offsetof(struct mm_subject, key), MM_SUBJECT_OCT);
	table_init(&m->pushes, m->env->mem, m->env->rng, offsetof(struct mm_sub, ack_key), sizeof((struct mm_sub *)0)->ack_key);
	timers_init(&m->timers, m->env->mem);
}

static void subject_key(const struct mm *m, const struct device_id *id, const struct addr6 *home, uint8_t out[static MM_SUBJECT_OCT])
{
	memset(out, 0, MM_SUBJECT_OCT);
	if (id)
		device_key(id, m->env->crypto, out);
	else
		memcpy(out + 1, home, sizeof *home);
}

static struct mm_subject *subject_take(struct mm *m, const struct device_id *id, const struct addr6 *home)
{
	const uint8_t len_oct = id ? id->len_oct : sizeof *home;
	uint8_t key[MM_SUBJECT_OCT];

	subject_key(m, id, home, key);
	struct mm_subject *s = table_find(&m->subjects, key);
	if (s)
		return s;
	s = mem_get(m->env->mem, sizeof *s + len_oct);
	if (!s)
		return NULL;
	*s = (struct mm_subject){.kind = id ? id->kind : (uint8_t)DEVICE_NONE, .len_oct = len_oct};
	memcpy(s->key, key, sizeof key);
	memcpy(s->b, id ? (const void *)id->b : home, len_oct);
	if (table_add(&m->subjects, s) == ERR_OK)
		return s;
	mem_put(m->env->mem, s);
	return NULL;
}

static void waits_no_more(struct mm *m, struct mm_sub *u)
{
	if (u->is_waiting)
		(void)table_del(&m->pushes, u->ack_key);
	u->is_waiting = false;
	timer_clear(&m->timers, &u->push);
}

static void sub_free(struct mm *m, struct mm_sub *u)
{
	struct mm_subject *s = u->subject;
	struct mm_sub **at = &s->subs;

	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	waits_no_more(m, u);
	timer_clear(&m->timers, &u->expire);
	u->agent->n_subs--;
	m->n_subs--;
	mem_put(m->env->mem, u);
	if (s->subs)
		return;
	(void)table_del(&m->subjects, s->key);
	mem_put(m->env->mem, s);
}

static struct mm_sub *sub_new(struct mm *m, struct mm_agent *a, struct mm_subject *s)
{
	struct mm_sub *u = m->n_subs < m->conf.subscriptions_max ? mem_zget(m->env->mem, sizeof *u) : NULL;

	if (!u)
		return NULL;
	if (timers_reserve(&m->timers, m->timers.n + 2)) {
		mem_put(m->env->mem, u);
		return NULL;
	}
	u->subject = s;
	u->agent = a;
	u->expire.kind = MM_T_EXPIRE;
	u->push.kind = MM_T_PUSH;
	u->next = s->subs;
	s->subs = u;
	a->n_subs++;
	m->n_subs++;
	return u;
}

bool mm_subscribe(struct mm *m, struct mm_agent *a, const struct device_id *id, const struct addr6 *home, span_t life, struct now now)
{
	struct mm_subject *s = subject_take(m, id, home);
	struct mm_sub *u = s ? s->subs : NULL;

	while (u && u->agent != a)
		u = u->next;
	if (s && !u)
		u = sub_new(m, a, s);
	if (s && !s->subs) {
		(void)table_del(&m->subjects, s->key);
		mem_put(m->env->mem, s);
	}
	if (!u)
		return false;
	waits_no_more(m, u); /* the answer says it */
	return timer_set(&m->timers, &u->expire, mono_add(now.mono, span_ns(life.ns / 4 * 5))) == ERR_OK;
}

struct mm_sub *mm_subs_of(const struct mm *m, const struct device_id *id, const struct addr6 *home)
{
	uint8_t key[MM_SUBJECT_OCT];

	subject_key(m, id, home, key);
	const struct mm_subject *s = table_find(&m->subjects, key);
	return s ? s->subs : NULL;
}

static void touch_one(struct mm *m, const struct device_id *id, const struct addr6 *home, struct now now)
{
	for (struct mm_sub *u = mm_subs_of(m, id, home); u; u = u->next) {
		waits_no_more(m, u);
		u->tries = 0;
		(void)timer_set(&m->timers, &u->push, now.mono);
	}
}

void mm_touch(struct mm *m, const struct mm_draft *about, struct now now)
{
	for (uint32_t i = 0; i < about->n_id && m->n_subs; i++)
		touch_one(m, &about->id[i], NULL, now);
	if (!addr6_is_none(&about->rec.home6) && m->n_subs)
		touch_one(m, NULL, &about->rec.home6, now);
	if (!addr6_is_none(&about->rec.home4) && m->n_subs)
		touch_one(m, NULL, &about->rec.home4, now);
	mm_rest_begin(m, about, now);
}

static void ack_key(const struct mm_agent *a, uint64_t seq, uint8_t out[static 12])
{
	memcpy(out, &a->conf.id, sizeof a->conf.id);
	memcpy(out + sizeof a->conf.id, &seq, sizeof seq);
}

static void push_send(struct mm *m, struct mm_sub *u, struct now now)
{
	const struct mm_subject *s = u->subject;
	uint8_t buf[MM_DATAGRAM_MAX];
	struct mm_answer ans;
	struct device_id id = {.kind = s->kind, .len_oct = s->len_oct};
	struct addr6 home = addr6_any;
	struct wr w = mm_begin(m, u->agent, MM_CHANGE, buf);

	memcpy(s->kind == DEVICE_NONE ? home.b : id.b, s->b, s->len_oct);
	const struct mm_device *d = mm_lookup(m, u->agent, s->kind == DEVICE_NONE ? NULL : &id, &home, &ans);
	if (s->kind == DEVICE_NONE)
		mm_put(&w, &(struct mm_item){.type = MMF_ADDRESS, .address = home});
	else
		mm_put(&w, &(struct mm_item){.type = MMF_DEVICE, .device = id});
	mm_put_answer(&w, &ans, d);
	waits_no_more(m, u);
	ack_key(u->agent, u->agent->seq, u->ack_key);
	u->is_waiting = table_add(&m->pushes, u) == ERR_OK;
	mm_end(m, u->agent, &w);
	u->agent->n_pushed++;
	m->n_changes++;
	(void)timer_set(&m->timers, &u->push, mono_add(now.mono, span_ns(m->conf.push_again.ns << u->tries)));
	if (u->tries++ == 0)
		(void)timer_set(&m->timers, &u->expire, mono_add(now.mono, span_s((int64_t)ans.lifetime_s * 5 / 4 + 1)));
}

void mm_on_ack(struct mm *m, struct mm_agent *a, uint64_t seq)
{
	uint8_t key[12];

	ack_key(a, seq, key);
	struct mm_sub *u = table_find(&m->pushes, key);
	if (!u)
		return;
	a->n_acked++;
	waits_no_more(m, u);
}

void mm_push_tick(struct mm *m, struct now now)
{
	struct timer *t;

	while ((t = timers_pop(&m->timers, now.mono)) != NULL) {
		struct mm_sub *u = t->kind == MM_T_PUSH ? container_of(t, struct mm_sub, push) : container_of(t, struct mm_sub, expire);
		if (t->kind == MM_T_PUSH && u->tries < MM_PUSH_TRIES && u->agent->is_trusted) {
			push_send(m, u, now);
			continue;
		}
		const bool is_lost = t->kind == MM_T_PUSH || u->is_waiting; /* the list may end while a change waits for its acknowledgement */
		u->agent->n_lost += is_lost;
		u->agent->is_trusted &= !is_lost;
		sub_free(m, u);
	}
}

void mm_push_fini(struct mm *m)
{
	uint64_t it = 0;
	struct mm_subject *s;

	timers_fini(&m->timers); /* it writes into those that are armed */
	while ((s = table_next(&m->subjects, &it)) != NULL) {
		while (s->subs) {
			struct mm_sub *u = s->subs;
			s->subs = u->next;
			mem_put(m->env->mem, u);
		}
		mem_put(m->env->mem, s);
	}
	table_fini(&m->subjects);
	table_fini(&m->pushes);
}
