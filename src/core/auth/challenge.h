/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A foreign agent's challenges (RFC 4721 3.2): random values that it advertises or hands to one mobile, each of which a mobile
 * may use once.
 *
 * Advertised ones are good for every mobile as long as they are among the last CHALLENGE_WINDOW; those in an answer or in an
 * advertisement for one mobile alone are good for that mobile, until it gets another. Who used what is kept in rings of fixed size, so that
 * nobody can fill memory: a ring that has gone round forgets the oldest, whose value has left the window long ago unless
 * mobiles register faster than the ring is long.
 *
 * A mobile is a hash of its home address and NAI, which its authenticators cover: whoever replays a request from another
 * link-layer address is still that mobile. A station is a hash of a link-layer address, all that is known of who solicits.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

enum { CHALLENGE_OCT = 16, CHALLENGE_WINDOW_MAX = 16, CHALLENGE_WINDOW_DEFAULT = 2, CHALLENGE_OFFERED = 512, CHALLENGE_USED = 2048 };

struct challenge_note { uint64_t who; uint8_t value[CHALLENGE_OCT]; };

struct challenge {
	const struct rng *rng;
	uint32_t window;               /* how many advertised ones count; 0: no challenges are in use */
	uint8_t value[CHALLENGE_WINDOW_MAX][CHALLENGE_OCT];
	uint32_t n;                    /* advertised since the start; the newest is value[(n - 1) % window] */
	struct challenge_note offered[CHALLENGE_OFFERED], used[CHALLENGE_USED];
	uint32_t n_offered, n_used;
};

enum challenge_verdict { CHALLENGE_OK, CHALLENGE_UNKNOWN, CHALLENGE_STALE };

/* window: CHALLENGE_WINDOW, at most CHALLENGE_WINDOW_MAX. */
void challenge_init(struct challenge *c, const struct rng *rng, uint32_t window);
/* A new value for the next advertisement to all; CHALLENGE_OCT bytes. */
const uint8_t *challenge_advertise(struct challenge *c);
/* A value for this station alone: the newest advertised one unless it has used that, else a new one. */
const uint8_t *challenge_offer(struct challenge *c, uint64_t station);
/* May this mobile use it, that speaks from this station? STALE: the mobile has done so. */
enum challenge_verdict challenge_check(const struct challenge *c, uint64_t mobile, uint64_t station, const void *value, size_t len_oct);
void challenge_use(struct challenge *c, uint64_t mobile, uint64_t station, const void *value);
