/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Protection against replayed binding updates: 16-bit sequence numbers (RFC 6275 9.5.1) and
 * timestamps (RFC 4285 6).
 *
 * A timestamp is NTP's 64-bit format as the message carries it (wire/mip6/mh.h); 0 stands for none.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

#define REPLAY_WINDOW_DEFAULT_MS 7000  /* RFC 4285 6: default 7 s, SHOULD be more than 3 s */
#define REPLAY_WINDOW_MIN_MS 3001

/* Is seq after last, modulo 2^16? The 32768 values up to last count as old, last included. */
static inline bool seq_is_newer(uint16_t seq, uint16_t last)
{
	uint16_t ahead = (uint16_t)(seq - last);
	return ahead >= 1 && ahead <= 32767;
}

enum replay {
	REPLAY_FRESH,
	REPLAY_OUTSIDE,  /* too far from our clock: answer 144 */
	REPLAY_NOT_NEWER /* at or before the last one accepted: answer 144 */
};

/* last: of the last update accepted from this mobile; 0 for none. */
enum replay replay_check(uint64_t got, uint64_t last, wall_t now, span_t window);

/* The timestamp of an answer: the update's when it was valid, else its low half under our own seconds. */
uint64_t replay_answer(uint64_t got, enum replay verdict, wall_t now);

/* The sender's clock: each stamp is later than all before, and a peer's answer (status 144) shifts it. */
struct stamper {
	uint64_t last;
	int64_t offset_ns;
};
uint64_t stamper_next(struct stamper *s, wall_t now);
/* The answer to a refused stamp holds the peer's seconds above our fraction. */
void stamper_adjust(struct stamper *s, uint64_t sent, uint64_t answer);
