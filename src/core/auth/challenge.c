/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/auth/challenge.h"

#include <string.h>

void challenge_init(struct challenge *c, const struct rng *rng, uint32_t window)
{
	memset(c, 0, sizeof *c);
	c->rng = rng;
	c->window = window < CHALLENGE_WINDOW_MAX ? window : CHALLENGE_WINDOW_MAX;
}

const uint8_t *challenge_advertise(struct challenge *c)
{
	uint8_t *value = c->value[c->window ? c->n++ % c->window : 0];
	c->rng->fill(c->rng->ctx, value, CHALLENGE_OCT);
	return value;
}

static const struct challenge_note *find(const struct challenge_note *ring, uint32_t size, uint32_t n, uint64_t who, const void *value)
{
	uint32_t have = n < size ? n : size;
	for (uint32_t i = 1; i <= have; i++) { /* the newest first */
		const struct challenge_note *one = &ring[(n - i) % size];
		if (one->who == who && (!value || memcmp(one->value, value, CHALLENGE_OCT) == 0))
			return one;
	}
	return NULL;
}

static bool is_used(const struct challenge *c, uint64_t who, const void *value)
{
	return find(c->used, CHALLENGE_USED, c->n_used, who, value);
}

static bool is_advertised(const struct challenge *c, const void *value)
{
	uint32_t have = c->n < c->window ? c->n : c->window;
	for (uint32_t i = 0; i < have; i++)
		if (memcmp(c->value[i], value, CHALLENGE_OCT) == 0)
			return true;
	return false;
}

/* Only the last one counts that this mobile was handed. */
static bool is_offered(const struct challenge *c, uint64_t who, const void *value)
{
	const struct challenge_note *last = find(c->offered, CHALLENGE_OFFERED, c->n_offered, who, NULL);
	return last && memcmp(last->value, value, CHALLENGE_OCT) == 0;
}

const uint8_t *challenge_offer(struct challenge *c, uint64_t station)
{
	const uint8_t *newest = c->n ? c->value[(c->n - 1) % c->window] : NULL;
	if (newest && !is_used(c, station, newest))
		return newest;
	const struct challenge_note *last = find(c->offered, CHALLENGE_OFFERED, c->n_offered, station, NULL);
	if (last && !is_used(c, station, last->value))
		return last->value;
	struct challenge_note *one = &c->offered[c->n_offered++ % CHALLENGE_OFFERED];
	one->who = station;
	c->rng->fill(c->rng->ctx, one->value, CHALLENGE_OCT);
	return one->value;
}

enum challenge_verdict challenge_check(const struct challenge *c, uint64_t mobile, uint64_t station, const void *value, size_t len_oct)
{
	if (len_oct != CHALLENGE_OCT || (!is_advertised(c, value) && !is_offered(c, station, value)))
		return CHALLENGE_UNKNOWN;
	return is_used(c, mobile, value) ? CHALLENGE_STALE : CHALLENGE_OK;
}

static void note_use(struct challenge *c, uint64_t who, const void *value)
{
	struct challenge_note *one = &c->used[c->n_used++ % CHALLENGE_USED];
	one->who = who;
	memcpy(one->value, value, CHALLENGE_OCT);
}

void challenge_use(struct challenge *c, uint64_t mobile, uint64_t station, const void *value)
{
	note_use(c, mobile, value);
	note_use(c, station, value);
}
