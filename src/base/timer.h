/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Timers of an engine: an intrusive binary heap. The owner embeds struct timer,
 * arms it with timer_set, and in its tick calls timers_pop until it gives NULL.
 * Nothing here reads a clock; the next expiry is timers_next.
 */
#include "base/mem.h"
#include "base/time.h"

struct timer {
	mono_t when;
	uint32_t slot;   /* 1 + index in the heap, 0 when not armed */
	uint16_t kind;   /* the owner's: which timer of the object this is */
};

struct timers {
	struct timer **heap;
	uint32_t n, cap;
	const struct mem_ops *mem;
};

void timers_init(struct timers *ts, const struct mem_ops *mem);
void timers_fini(struct timers *ts);

/* Arm or re-arm. Returns 0 or ERR_NOMEM (then the timer is as it was).
 * timers_reserve beforehand makes it infallible. MONO_NEVER disarms. */
int timer_set(struct timers *ts, struct timer *t, mono_t when);
void timer_clear(struct timers *ts, struct timer *t);
int timers_reserve(struct timers *ts, uint32_t n);
static inline bool timer_is_set(const struct timer *t) { return t->slot != 0; }

mono_t timers_next(const struct timers *ts);                  /* MONO_NEVER when empty */
struct timer *timers_pop(struct timers *ts, mono_t now);      /* one that is due, disarmed; or NULL */

#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
