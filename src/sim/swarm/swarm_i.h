/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Inside the swarm: what swarm.c and swarm_group.c share. */
#include "base/prng.h"
#include "sim/swarm/swarm.h"

static inline uint32_t swarm_draw(struct prng *p, uint32_t bound) { return (uint32_t)(prng_u64(p) % bound); }
/* A command of the timeline. */
void swarm_at(struct script *sc, int64_t at_ns, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* "a,b" */
bool swarm_list_of(struct swarm_list *l, char *text);
bool swarm_guest_line(struct swarm_conf *c, const struct words *w);
bool swarm_record_line(struct swarm_conf *c, const struct words *w);
void swarm_plan_cast(struct script *sc, struct prng *p);
void swarm_plan_groups(struct script *sc, struct prng *p);
