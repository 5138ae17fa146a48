/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Two clocks that cannot be mixed up by accident.
 *
 * Timers run on the monotonic clock. Replay timestamps, versions and stored
 * expiries are wall time. Both are one-field structs, so the compiler refuses
 * to subtract one from the other. Every engine entry point takes a struct now
 * with both; no engine asks the system what time it is.
 */
#include <stdbool.h>
#include <stdint.h>

typedef struct { int64_t ns; } mono_t; /* since boot */
typedef struct { int64_t ns; } wall_t; /* since 1970-01-01T00:00:00Z */
typedef struct { int64_t ns; } span_t; /* a length of time */

struct now {
	mono_t mono;
	wall_t wall;
};

#define NS_PER_US 1000LL
#define NS_PER_MS 1000000LL
#define NS_PER_S  1000000000LL

#define MONO_NEVER ((mono_t){INT64_MAX})

static inline span_t span_ns(int64_t n) { return (span_t){n}; }
static inline span_t span_ms(int64_t n) { return (span_t){n * NS_PER_MS}; }
static inline span_t span_s(int64_t n) { return (span_t){n * NS_PER_S}; }

static inline bool mono_is_never(mono_t t) { return t.ns == INT64_MAX; }
static inline bool mono_before(mono_t a, mono_t b) { return a.ns < b.ns; }
static inline bool mono_reached(mono_t when, mono_t now) { return when.ns <= now.ns; }
static inline mono_t mono_min(mono_t a, mono_t b) { return a.ns < b.ns ? a : b; }
static inline mono_t mono_max(mono_t a, mono_t b) { return a.ns > b.ns ? a : b; }

/* Saturates at MONO_NEVER. */
static inline mono_t mono_add(mono_t t, span_t d)
{
	int64_t sum;
	if (mono_is_never(t) || __builtin_add_overflow(t.ns, d.ns, &sum))
		return MONO_NEVER;
	return (mono_t){sum};
}
static inline span_t mono_sub(mono_t a, mono_t b) { return (span_t){a.ns - b.ns}; }
static inline wall_t wall_add(wall_t t, span_t d) { return (wall_t){t.ns + d.ns}; }
static inline span_t wall_sub(wall_t a, wall_t b) { return (span_t){a.ns - b.ns}; }
static inline int64_t span_to_ms(span_t d) { return d.ns / NS_PER_MS; }
static inline int64_t span_to_s(span_t d) { return d.ns / NS_PER_S; }
