/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the store tells that managers share: records, in the order in which they changed. A copy stays with each manager
 * (STORE_DEVICE_COPY), from which it answers after a restart without the store.
 */
#include "role/mm/mm_i.h"

#include <stdio.h>

static void copy_put(struct mm *m, const struct mm_device *d)
{
	uint8_t buf[MM_VALUE_MAX];
	const size_t n = mm_value_build(d, buf, sizeof buf);

	fx_store_put(m->env->fx, ROLE_MM, STORE_DEVICE_COPY, d->ids->key, sizeof d->ids->key, buf, n);
}

static void forget(struct mm *m, struct mm_device *d, struct now now)
{
	struct mm_draft before;

	mm_device_draft(d, &before);
	fx_store_del(m->env->fx, ROLE_MM, STORE_DEVICE_COPY, d->ids->key, sizeof d->ids->key);
	mm_device_free(m, d);
	mm_touch(m, &before, now);
	mm_tell(m, EV_DEBUG, MM_REMOVE, &before.id[0], &before.rec, "the managers' store");
}

static void forget_stale(struct mm *m, struct mm_device *d, const struct mm_device *but, struct now now)
{
	if (d && d != but && d->is_stale)
		forget(m, d, now);
}

/* While the store is read anew, what was known before may stand in the way of what is. */
static void make_room(struct mm *m, const struct mm_draft *draft, const struct mm_device *old, struct now now)
{
	const struct mm_record *r = &draft->rec;

	for (uint32_t i = 0; i < draft->n_id; i++)
		forget_stale(m, mm_device_by_id(m, &draft->id[i]), old, now);
	forget_stale(m, mm_device_by_home(m, &r->home6), old, now);
	forget_stale(m, mm_device_by_home(m, &r->home4), old, now);
	forget_stale(m, addr6_is_none(&r->group6) ? NULL : table_find(&m->group6, &r->group6), old, now);
	forget_stale(m, addr6_is_none(&r->group4) ? NULL : table_find(&m->group4, &r->group4), old, now);
}

static bool is_known(const struct mm_device *d, const struct shared_event *ev)
{
	uint8_t buf[MM_VALUE_MAX];

	return d && mm_value_build(d, buf, sizeof buf) == ev->val_len_oct && memcmp(buf, ev->val, ev->val_len_oct) == 0;
}

static void take(struct mm *m, struct mm_device *old, const struct shared_event *ev, struct now now)
{
	struct mm_draft before = {.n_id = 0}, draft;
	struct mm_device *d = old;
	const char *wrong = "this version cannot read it";

	if (!is_known(old, ev)) {
		if (old)
			mm_device_draft(old, &before);
		if (mm_value_parse(ev->val, ev->val_len_oct, &draft)) {
			make_room(m, &draft, old, now);
			wrong = mm_device_put(m, old, &draft, now, &d);
		}
		if (wrong) {
			fx_event(m->env->fx, ROLE_MM, EV_ERROR, "device-refused", &addr6_any, "%.*s of the managers' store: %s",
				 (int)ev->key_len_oct, ev->key, wrong);
			return;
		}
		copy_put(m, d);
		mm_touch(m, &before, now);
		mm_touch(m, &draft, now);
		if (!old && !m->shared.is_begun)
			mm_tell(m, EV_DEBUG, MM_ADD, &draft.id[0], &draft.rec, "the managers' store");
	}
	d->is_stale = false;
	d->rev = ev->rev;
}

static void on_record(struct mm *m, const struct shared_event *ev, struct now now)
{
	const size_t skip = sizeof SHARED_RECORDS - 1;
	char name[SHARED_KEY_OCT];
	struct device_id id;

	if (ev->key_len_oct <= skip || ev->key_len_oct >= sizeof name)
		return;
	memcpy(name, ev->key + skip, ev->key_len_oct - skip);
	name[ev->key_len_oct - skip] = '\0';
	if (!device_parse(&id, name, NULL))
		return;
	uint8_t key[DEVICE_KEY_OCT];
	device_key(&id, m->env->crypto, key);
	struct mm_device *old = mm_device_by_key(m, key);
	m->shared.n_records++;
	if (ev->val)
		take(m, old, ev, now);
	else if (old)
		forget(m, old, now);
}

static void on_begin(struct mm *m)
{
	m->shared.is_begun = true;
	for (uint32_t i = 0; i < m->n_devices; i++)
		m->list[i]->is_stale = true;
}

static void on_synced(struct mm *m, uint64_t rev, struct now now)
{
	struct mm_shared *s = &m->shared;

	s->rev = rev;
	for (uint32_t i = m->n_devices; s->is_begun && i-- > 0;) /* the last takes the place of one that goes */
		if (m->list[i]->is_stale)
			forget(m, m->list[i], now);
	if (s->is_begun)
		fx_event(m->env->fx, ROLE_MM, EV_NOTICE, "store-read", &addr6_any, "managers' store: read -> followed: %u devices at revision %llu",
			 m->n_devices, (unsigned long long)rev);
	s->is_synced |= s->is_begun;
	s->is_begun = false;
	mm_shared_seen(m, rev, now);
}

static void on_up(struct mm *m, bool is_up, const char *why)
{
	if (m->shared.is_up != is_up || !is_up)
		fx_event(m->env->fx, ROLE_MM, is_up ? EV_NOTICE : EV_WARNING, is_up ? "store-up" : "store-down", &addr6_any,
			 is_up ? "managers' store: down -> up" : "managers' store: -> down: %s: questions are answered from what is known", why);
	m->shared.is_up = is_up;
	if (!is_up)
		snprintf(m->shared.why, sizeof m->shared.why, "%s", why);
}

void mm_shared_event(void *self, const struct shared_event *ev, struct now now)
{
	struct mm *m = self;

	switch (ev->what) {
	case SHARED_BEGIN: on_begin(m); break;
	case SHARED_RECORD: on_record(m, ev, now); break;
	case SHARED_SYNCED: on_synced(m, ev->rev, now); break;
	case SHARED_DONE: mm_shared_done(m, ev, now); break;
	case SHARED_UP: on_up(m, true, NULL); break;
	case SHARED_DOWN: on_up(m, false, ev->why); break;
	}
}
