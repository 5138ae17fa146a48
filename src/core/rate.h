/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Limits per source, in constant memory. What costs something and can be asked for by anyone
 * (an answer, a report upstream) passes here first.
 *
 * Each source hashes, with a secret, to one of two slots; a slot holds the time at which its source will have
 * its whole burst again (the virtual scheduling form of a leaky bucket). A source that finds both slots taken by others
 * evicts the one that has been idle longer: many invented sources can therefore win fresh bursts, so what
 * must hold against them has a limit of its own, with a constant key (rate_key(r, NULL, 0)).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/time.h"

enum { RATE_SLOTS = 256 };

struct rate {
	struct { uint64_t key; int64_t full_ns; } slot[RATE_SLOTS];
	uint64_t secret;
};

void rate_init(struct rate *r, const struct rng *rng);
uint64_t rate_key(const struct rate *r, const void *source, size_t len_oct);
/* May this source act now? per_s events a second in the long run, burst at once; per_s 0: no limit. */
bool rate_take(struct rate *r, uint64_t key, uint32_t per_s, uint32_t burst, mono_t now);
