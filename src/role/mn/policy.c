/* SPDX-License-Identifier: BSD-2-Clause */
#include "role/mn/policy.h"

const char *policy_why_str(enum policy_why w)
{
	switch (w) {
	case POLICY_STRONG: return "present router is above the threshold";
	case POLICY_TOO_SOON: return "last handover is too recent";
	case POLICY_NO_BETTER: return "no router is better by the margin";
	case POLICY_NO_SIGNAL: return "no signal of the present router is known";
	case POLICY_BETTER: return "better router";
	case POLICY_LOST: return "present router is lost";
	}
	return "?";
}

static int32_t clamp(int32_t v, int32_t lo, int32_t hi) { return v < lo ? lo : v > hi ? hi : v; }

/* log2(v / 1024) in thousandths of the range 0 to 10, linear between powers of two. */
static int32_t bandwidth_permille(int32_t kbps)
{
	if (kbps < 1024)
		return 0;
	if (kbps >= 1 << 20)
		return 1000;
	int32_t e = 31 - __builtin_clz((uint32_t)kbps);
	int32_t part = (int32_t)(((int64_t)(kbps - (1 << e)) * 100) >> e);
	return (e - 10) * 100 + part;
}

/* 0 to 1000, more is better. */
static int32_t merit_permille(enum policy_factor f, int32_t v)
{
	switch (f) {
	case FACTOR_BANDWIDTH: return bandwidth_permille(v);
	case FACTOR_LOAD: return 1000 - clamp(v, 0, 1000);
	case FACTOR_DELAY: return 1000 - clamp(v, 0, 100) * 10;
	case FACTOR_COST: return 1000 - clamp(v, 0, 100) * 10;
	case FACTOR_LOCATION:
	case FACTOR_SERVICES: return clamp(v, 0, 100) * 10;
	case FACTOR_N: break;
	}
	return 0;
}

int32_t policy_gain(const struct policy *p, const struct policy_cand *a, const struct policy_cand *b)
{
	int32_t gain = b->mean_cdbm - a->mean_cdbm;
	for (int f = 0; f < FACTOR_N; f++) {
		if (a->factor[f] < 0 || b->factor[f] < 0)
			continue;
		int32_t diff = merit_permille((enum policy_factor)f, b->factor[f]) -
			       merit_permille((enum policy_factor)f, a->factor[f]);
		gain += diff * (int32_t)p->weight_db[f] / 10;
	}
	return gain;
}

static int best_of(const struct policy *p, const struct policy_cand *cand, size_t n, int not_this)
{
	int best = -1;
	for (size_t i = 0; i < n; i++) {
		if ((int)i == not_this || !cand[i].has_signal)
			continue;
		if (best < 0 || policy_gain(p, &cand[best], &cand[i]) > 0)
			best = (int)i;
	}
	return best;
}

static struct policy_choice stay(enum policy_why why) { return (struct policy_choice){-1, why, 0}; }

struct policy_choice policy_choose(const struct policy *p, const struct policy_cand *cand, size_t n, int current,
				   span_t stayed)
{
	int best = best_of(p, cand, n, current);
	if (current < 0)
		return best < 0 ? stay(POLICY_NO_BETTER) : (struct policy_choice){best, POLICY_LOST, 0};
	const struct policy_cand *here = &cand[current];
	if (!here->has_signal)
		return stay(POLICY_NO_SIGNAL);
	if (p->threshold_cdbm && here->mean_cdbm >= p->threshold_cdbm)
		return stay(POLICY_STRONG);
	if (stayed.ns < p->min_stay.ns && here->mean_cdbm >= p->floor_cdbm)
		return stay(POLICY_TOO_SOON);
	int32_t gain = best < 0 ? 0 : policy_gain(p, here, &cand[best]);
	if (best < 0 || gain < p->hysteresis_cdb || gain <= 0)
		return stay(POLICY_NO_BETTER);
	return (struct policy_choice){best, POLICY_BETTER, gain};
}
