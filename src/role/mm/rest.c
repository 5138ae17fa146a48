/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Groups that a device has had rest before another gets them. An agent that has not heard of the change yet, or cannot, goes on sending to the group
 * or delivering from it; what is inside a tunnel has an address that tells whose it is, but voice (D-11) has none: it would be heard by another.
 *
 * Only groups that the manager chooses rest; what an operator names is his. Which ones rest is remembered through a restart (STORE_MM_REST, key group),
 * by this manager for itself: others see the device go as well. The device that had it may have it again at once.
 */
#include "role/mm/mm_i.h"

enum { VALUE_OCT = 8 + DEVICE_KEY_OCT };

struct mm_rest {
	struct addr6 group;            /* key of mm.resting */
	uint8_t owner[DEVICE_KEY_OCT];
	bool is_stored;
	wall_t until;
	struct timer timer;
};

void mm_rest_init(struct mm *m)
{
	table_init(&m->resting, m->env->mem, m->env->rng, offsetof(struct mm_rest, group), sizeof(struct addr6));
	timers_init(&m->rests, m->env->mem);
}

void mm_rest_fini(struct mm *m)
{
	struct mm_rest *r;

	timers_fini(&m->rests);
	for (uint64_t it = 0; (r = table_next(&m->resting, &it)) != NULL;)
		mem_put(m->env->mem, r);
	table_fini(&m->resting);
}

bool mm_rests(const struct mm *m, const struct addr6 *group, const struct device_id *id)
{
	const struct mm_rest *r = table_find(&m->resting, group);
	uint8_t key[DEVICE_KEY_OCT];

	if (!r)
		return false;
	device_key(id, m->env->crypto, key);
	return memcmp(key, r->owner, sizeof key) != 0;
}

static struct mm_rest *rest_of(struct mm *m, const struct addr6 *group)
{
	struct mm_rest *r = table_find(&m->resting, group);

	if (r)
		return r;
	r = timers_reserve(&m->rests, table_count(&m->resting) + 1) == ERR_OK ? mem_zget(m->env->mem, sizeof *r) : NULL;
	if (!r)
		return NULL;
	r->group = *group;
	if (table_add(&m->resting, r) == ERR_OK)
		return r;
	mem_put(m->env->mem, r);
	return NULL;
}

static void begin(struct mm *m, const struct table *taken, const struct addr6 *group, const struct device_id *id, struct now now)
{
	struct mm_rest *r = addr6_is_none(group) || !m->conf.rest.ns || table_find(taken, group) ? NULL : rest_of(m, group);

	if (!r)
		return;
	device_key(id, m->env->crypto, r->owner);
	r->until = wall_add(now.wall, m->conf.rest);
	r->is_stored = false;
	(void)timer_set(&m->rests, &r->timer, now.mono); /* it is written then: a standby member must not write when it hears of it */
}

void mm_rest_begin(struct mm *m, const struct mm_draft *before, struct now now)
{
	if (!before->n_id)
		return;
	begin(m, &m->group6, &before->rec.group6, &before->id[0], now);
	begin(m, &m->group4, &before->rec.group4, &before->id[0], now);
}

static void end(struct mm *m, struct mm_rest *r)
{
	fx_store_del(m->env->fx, ROLE_MM, STORE_MM_REST, r->group.b, sizeof r->group);
	timer_clear(&m->rests, &r->timer);
	(void)table_del(&m->resting, &r->group);
	mem_put(m->env->mem, r);
}

static void store(struct mm *m, struct mm_rest *r, struct now now)
{
	uint8_t buf[VALUE_OCT];
	struct wr w = wr_of(buf, sizeof buf);

	wr_u64(&w, (uint64_t)r->until.ns);
	wr_bytes(&w, r->owner, sizeof r->owner);
	fx_store_put(m->env->fx, ROLE_MM, STORE_MM_REST, r->group.b, sizeof r->group, buf, sizeof buf);
	r->is_stored = true;
	(void)timer_set(&m->rests, &r->timer, mono_add(now.mono, span_ns(r->until.ns - now.wall.ns)));
}

void mm_rest_tick(struct mm *m, struct now now)
{
	struct timer *t;

	while ((t = timers_pop(&m->rests, now.mono)) != NULL) {
		struct mm_rest *r = container_of(t, struct mm_rest, timer);
		if (r->is_stored || now.wall.ns >= r->until.ns)
			end(m, r);
		else
			store(m, r, now);
	}
}

/* A clock that was set must not make a group rest for longer than it may. */
void mm_rest_restore(struct mm *m, const struct store_rec *rec, struct now now)
{
	struct rd r = rd_of(rec->val, rec->val_len_oct);
	struct addr6 group;
	wall_t until;

	if (rec->key_len_oct != sizeof group || rec->val_len_oct != VALUE_OCT)
		return;
	memcpy(&group, rec->key, sizeof group);
	until.ns = (int64_t)rd_u64(&r);
	if (until.ns - now.wall.ns > m->conf.rest.ns)
		until = wall_add(now.wall, m->conf.rest);
	struct mm_rest *rest = until.ns > now.wall.ns ? rest_of(m, &group) : NULL;
	if (!rest) {
		fx_store_del(m->env->fx, ROLE_MM, STORE_MM_REST, rec->key, rec->key_len_oct);
		return;
	}
	memcpy(rest->owner, rec->val + VALUE_OCT - DEVICE_KEY_OCT, DEVICE_KEY_OCT);
	rest->until = until;
	rest->is_stored = true;
	(void)timer_set(&m->rests, &rest->timer, mono_add(now.mono, span_ns(until.ns - now.wall.ns)));
}
