/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/motion/signal.h"

#include <string.h>

void signal_clear(struct signal_avg *s) { memset(s, 0, sizeof *s); }

void signal_add(struct signal_avg *s, int32_t dbm, mono_t at)
{
	s->sample[s->pos].at = at;
	s->sample[s->pos].dbm = dbm;
	s->pos = (s->pos + 1) % SIGNAL_WINDOW_MAX;
	if (s->n < SIGNAL_WINDOW_MAX)
		s->n++;
}

/* Index of the i-th newest sample, 0 being the newest. */
static uint32_t newest(const struct signal_avg *s, uint32_t i)
{
	return (s->pos + SIGNAL_WINDOW_MAX - 1 - i) % SIGNAL_WINDOW_MAX;
}

static bool is_fresh(mono_t at, span_t max_age, mono_t now) { return !mono_before(mono_add(at, max_age), now); }

bool signal_last(const struct signal_avg *s, span_t max_age, mono_t now, int32_t *dbm)
{
	if (!s->n || !is_fresh(s->sample[newest(s, 0)].at, max_age, now))
		return false;
	*dbm = s->sample[newest(s, 0)].dbm;
	return true;
}

bool signal_mean(const struct signal_avg *s, uint32_t window, span_t max_age, mono_t now, int32_t *centi_dbm)
{
	int64_t sum = 0;
	int64_t n = 0;
	for (uint32_t i = 0; i < s->n && n < (int64_t)window; i++) {
		uint32_t k = newest(s, i);
		if (!is_fresh(s->sample[k].at, max_age, now))
			break;
		sum += s->sample[k].dbm;
		n++;
	}
	if (!n)
		return false;
	int64_t scaled = sum * 100;
	*centi_dbm = (int32_t)((scaled + (scaled < 0 ? -n / 2 : n / 2)) / n);
	return true;
}
