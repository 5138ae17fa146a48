/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The average signal of one router (H-9): a window over the last samples that are not too
 * old. An arithmetic mean of the window and not an exponential one, because an operator can check it
 * by hand and because a cell that was not heard for the window's age has no average at all.
 *
 * Signals are in dBm on the way in and in hundredths of a dBm on the way out.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

enum { SIGNAL_WINDOW_MAX = 32 };

struct signal_avg {
	struct { mono_t at; int32_t dbm; } sample[SIGNAL_WINDOW_MAX];
	uint32_t n, pos;          /* filled; where the next one goes */
};

void signal_clear(struct signal_avg *s);
void signal_add(struct signal_avg *s, int32_t dbm, mono_t at);
/* The newest sample, if it is not older than max_age: what an advertisement that arrives now is counted
 * with. False when there is none. */
bool signal_last(const struct signal_avg *s, span_t max_age, mono_t now, int32_t *dbm);
/* Mean of at most `window` newest samples not older than max_age, in 1/100 dBm, rounded to
 * nearest. False when there is none. */
bool signal_mean(const struct signal_avg *s, uint32_t window, span_t max_age, mono_t now, int32_t *centi_dbm);
