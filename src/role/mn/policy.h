/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Which router the mobile should use (H-9), as a pure function.
 *
 * The mobile asks for a handover when the average signal of its present router falls below a threshold,
 * and then to the best one: the one whose average exceeds the present one's by a margin (hysteresis).
 * Bandwidth, congestion, delay, location, cost and services weigh in: each factor is brought to the range
 * 0 to 1, and its weight says how many dB the whole range is worth. A factor that is not known of both
 * routers does not count. A threshold of 0 dBm is never reached: then the best router always wins.
 *
 * Units: 1/100 dB and 1/100 dBm ("centi").
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

enum policy_factor {
	FACTOR_BANDWIDTH,   /* kbit/s: 1 Mbit/s is 0, 1 Gbit/s is 1, logarithmic between */
	FACTOR_LOAD,        /* permille, less is better */
	FACTOR_DELAY,       /* ms, less is better; 100 ms and more is 0 */
	FACTOR_COST,        /* 0 to 100, less is better */
	FACTOR_LOCATION,    /* 0 to 100, more is better (configured for the router) */
	FACTOR_SERVICES,    /* 0 to 100, more is better (configured for the router) */
	FACTOR_N
};

struct policy {
	int32_t threshold_cdbm;      /* below this the mobile looks for something better */
	int32_t floor_cdbm;          /* below this min_stay does not hold it back */
	int32_t hysteresis_cdb;
	span_t min_stay;             /* after a handover, before the next */
	uint32_t weight_db[FACTOR_N];
};

struct policy_cand {
	bool has_signal;
	int32_t mean_cdbm;
	int32_t factor[FACTOR_N];    /* -1: not known */
};

enum policy_why { POLICY_STRONG, POLICY_TOO_SOON, POLICY_NO_BETTER, POLICY_NO_SIGNAL, POLICY_BETTER, POLICY_LOST };
const char *policy_why_str(enum policy_why w);

struct policy_choice {
	int index;                   /* of the router to move to, or -1 to stay */
	enum policy_why why;
	int32_t gain_cdb;            /* over the present one; 0 when lost */
};

/* How much better b is than a. */
int32_t policy_gain(const struct policy *p, const struct policy_cand *a, const struct policy_cand *b);

/* current: index of the present router, -1 when there is none (lost). stayed: since the last handover. */
struct policy_choice policy_choose(const struct policy *p, const struct policy_cand *cand, size_t n, int current,
				   span_t stayed);
