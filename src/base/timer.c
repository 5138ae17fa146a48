/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/timer.h"

#include "base/err.h"

void timers_init(struct timers *ts, const struct mem_ops *mem)
{
	*ts = (struct timers){.mem = mem};
}

void timers_fini(struct timers *ts)
{
	for (uint32_t i = 0; i < ts->n; i++)
		ts->heap[i]->slot = 0;
	mem_put(ts->mem, ts->heap);
	*ts = (struct timers){.mem = ts->mem};
}

static void place(struct timers *ts, uint32_t i, struct timer *t)
{
	ts->heap[i] = t;
	t->slot = i + 1;
}

static void sift_up(struct timers *ts, uint32_t i, struct timer *t)
{
	while (i > 0) {
		uint32_t parent = (i - 1) / 2;
		if (!mono_before(t->when, ts->heap[parent]->when))
			break;
		place(ts, i, ts->heap[parent]);
		i = parent;
	}
	place(ts, i, t);
}

static void sift_down(struct timers *ts, uint32_t i, struct timer *t)
{
	for (;;) {
		uint32_t child = 2 * i + 1;
		if (child >= ts->n)
			break;
		if (child + 1 < ts->n && mono_before(ts->heap[child + 1]->when, ts->heap[child]->when))
			child++;
		if (!mono_before(ts->heap[child]->when, t->when))
			break;
		place(ts, i, ts->heap[child]);
		i = child;
	}
	place(ts, i, t);
}

int timers_reserve(struct timers *ts, uint32_t n)
{
	if (n <= ts->cap)
		return ERR_OK;
	uint32_t cap = ts->cap ? ts->cap : 16;
	while (cap < n)
		cap *= 2;
	struct timer **heap = ts->mem->resize(ts->mem->ctx, ts->heap, cap * sizeof *heap);
	if (!heap)
		return ERR_NOMEM;
	ts->heap = heap;
	ts->cap = cap;
	return ERR_OK;
}

int timer_set(struct timers *ts, struct timer *t, mono_t when)
{
	if (mono_is_never(when)) {
		timer_clear(ts, t);
		return ERR_OK;
	}
	if (!t->slot) {
		int err = timers_reserve(ts, ts->n + 1);
		if (err)
			return err;
		t->when = when;
		sift_up(ts, ts->n++, t);
		return ERR_OK;
	}
	bool earlier = mono_before(when, t->when);
	t->when = when;
	if (earlier)
		sift_up(ts, t->slot - 1, t);
	else
		sift_down(ts, t->slot - 1, t);
	return ERR_OK;
}

void timer_clear(struct timers *ts, struct timer *t)
{
	if (!t->slot)
		return;
	uint32_t i = t->slot - 1;
	struct timer *last = ts->heap[--ts->n];
	t->slot = 0;
	if (last == t)
		return;
	if (i > 0 && mono_before(last->when, ts->heap[(i - 1) / 2]->when))
		sift_up(ts, i, last);
	else
		sift_down(ts, i, last);
}

mono_t timers_next(const struct timers *ts)
{
	return ts->n ? ts->heap[0]->when : MONO_NEVER;
}

struct timer *timers_pop(struct timers *ts, mono_t now)
{
	if (ts->n == 0 || !mono_reached(ts->heap[0]->when, now))
		return NULL;
	struct timer *t = ts->heap[0];
	timer_clear(ts, t);
	return t;
}
