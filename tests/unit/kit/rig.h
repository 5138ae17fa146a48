/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A bench for engines in unit tests: memory that is counted and can be made to fail, a seeded generator,
 * the daemon's keyed hashes, a clock that the test moves, and the queue of effects, which grows until the
 * test clears it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/prng.h"
#include "core/engine.h"
#include "core/auth/sa.h"

enum { RIG_KEYS = 4 };

struct rig {
	struct mem_ops mem;
	int64_t n_live;               /* allocations not yet freed */
	int64_t fail_in;              /* this many allocations from now one fails; negative: none */
	struct prng prng;
	struct rng rng;
	struct effq fx;
	struct counters count;
	struct engine_env env;
	struct sa_key key[RIG_KEYS];
	uint32_t n_key;
	struct now now;               /* starts at mono 1000 s, wall 2026-01-01 */
	const struct role_ops *ops;
	void *self;
};

void rig_init(struct rig *r, uint64_t seed);
/* Ends the engine if one runs; fails the test when memory is left over. */
void rig_fini(struct rig *r);
const struct sa_key *rig_add_key(struct rig *r, const char *name, uint32_t spi, const char *raw);
/* Start an engine, in place of the one that runs; gives what its init gave. */
int rig_start(struct rig *r, const struct role_ops *ops, const void *conf);
void rig_link(struct rig *r, uint32_t ifindex, const char *name, const char *lladdr, bool is_up);
bool rig_rx(struct rig *r, uint32_t ifindex, const char *lladdr, const void *pkt, size_t len_oct);
/* Let time pass; the engine's tick is called at each of its expiries. */
void rig_run(struct rig *r, span_t d);

/* The nth effect of this kind in the queue, or NULL. */
const struct effect *rig_effect(const struct rig *r, enum effect_kind kind, uint32_t nth);
uint32_t rig_count(const struct rig *r, enum effect_kind kind);
/* Datapath entries put or deleted in this table. */
const struct dp_op *rig_dp(const struct rig *r, enum effect_kind put_or_del, enum dp_table table, uint32_t nth);
/* The nth packet sent. */
const uint8_t *rig_sent(const struct rig *r, uint32_t nth, size_t *len_oct);
void rig_clear(struct rig *r);

struct addr6 rig_addr(const char *text);
struct prefix6 rig_prefix(const char *text);
struct lladdr rig_lladdr(const char *text);
