/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The simulated world: virtual time, one queue of events, one trace.
 *
 * Everything that happens is an event with a time and an order number; ties run in the order they were
 * made, and randomness comes from generators seeded by the run's seed, so a seed replays exactly.
 * The trace hash is taken over every frame on every link and everything that the engines say;
 * two runs with one hash did the same.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/prng.h"
#include "base/time.h"

struct sim;
struct node;
struct link;
struct watch;
struct group;

/* obj outlives the event; arg is heap memory that the queue frees after the call (or at the end). */
typedef void (*sim_fn)(struct sim *s, void *obj, void *arg, uint64_t tag);

struct sim_event {
	int64_t at_ns;
	uint64_t order;
	sim_fn fn;
	void *obj, *arg;
	uint64_t tag;
};

struct sim {
	int64_t t_ns;              /* now, since the start of the run */
	uint64_t order, n_events;
	struct sim_event *heap;
	uint32_t n, cap;
	uint64_t seed, hash;
	struct prng net_rng;       /* loss, delay: one stream for all links */
	FILE *trace;               /* NULL: only the hash is kept */
	bool trace_frames;         /* a line a frame too */
	struct node *nodes;        /* in order of creation */
	struct link *links;
	uint32_t n_nodes;
	struct watch *watch;
	struct group *groups;      /* redundancy groups */
};

void sim_init(struct sim *s, uint64_t seed);
/* Frees the events that never ran; nodes and links have owners of their own. */
void sim_fini(struct sim *s);

/* at_ns in the past means now. */
void sim_at(struct sim *s, int64_t at_ns, sim_fn fn, void *obj, void *arg, uint64_t tag);
static inline void sim_in(struct sim *s, int64_t delay_ns, sim_fn fn, void *obj, void *arg, uint64_t tag)
{
	sim_at(s, s->t_ns + delay_ns, fn, obj, arg, tag);
}
/* Runs all events up to and including until_ns; the clock then stands there. */
void sim_run(struct sim *s, int64_t until_ns);

/* True once in a million times ppm. Draws only when ppm > 0, so that a quiet link costs no randomness. */
bool sim_chance(struct sim *s, uint32_t ppm);
/* 0 <= result < bound. */
int64_t sim_below(struct sim *s, int64_t bound);

/* A line of the trace: into the hash, and to the trace file when there is one. */
void sim_trace(struct sim *s, const char *who, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A line about a packet on a link: not hashed here, the frame itself was. */
void sim_trace_frame(struct sim *s, const char *who, const char *link, const uint8_t *packet, size_t len);
void sim_hash(struct sim *s, const void *p, size_t n);

/* A generator of its own for each named thing, so that adding one does not shift the others' draws. */
uint64_t sim_subseed(const struct sim *s, const char *name);

/* Memory for the simulator itself: it has no way on without it, so it ends the program. */
void *sim_alloc(size_t n);
extern const struct mem_ops sim_mem;
