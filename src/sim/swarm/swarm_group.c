/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a swarm does to redundancy groups: members die (of all kinds of death), freeze, are split from each other, their clocks are apart and step.
 * When the faults end all of them are there again, and soon each group must be quiet (groupcheck.c).
 */
#include "sim/group.h"
#include "sim/swarm/swarm_i.h"

enum { APART_MS = 10000, STEP_RARE = 8, HOUR_S = 3600, PAUSE_MS_SPREAD = 3000, DOWN_MS = 5000, FROZEN_MS = 4000, SPLIT_MS = 6000 };
static const int64_t QUIET_WITHIN_NS = 20 * NS_PER_S;

static const char *member(struct prng *p, const struct group *g) { return g->member[swarm_draw(p, g->n_member)].node->name; }

/* By up to ten seconds; now and then by an hour. */
static void step_clock(struct script *sc, struct prng *p, const char *node, int64_t at, bool may_leap)
{
	long ms = (long)swarm_draw(p, 2 * APART_MS) - APART_MS;
	if (may_leap && !swarm_draw(p, STEP_RARE))
		ms += swarm_draw(p, 2) ? HOUR_S * 1000L : -HOUR_S * 1000L;
	swarm_at(sc, at, "clock %s %c%ldms", node, ms < 0 ? '-' : '+', ms < 0 ? -ms : ms);
}

/* Some members, perhaps with the world, on the other side. */
static void split(struct script *sc, struct prng *p, const struct group *g, int64_t at)
{
	const struct link *l = g->member[0].nic->link;
	char side[128] = "";
	for (uint32_t i = 0; i < g->n_member; i++)
		if (swarm_draw(p, 2)) {
			size_t n = strlen(side);
			snprintf(side + n, sizeof side - n, "%s%s", n ? "," : "", g->member[i].node->name);
		}
	if (!l || !*side || sc->swarm.is_unsplit)
		return;
	swarm_at(sc, at, "split %s %s", l->name, side);
	swarm_at(sc, at + (int64_t)swarm_draw(p, SPLIT_MS) * NS_PER_MS, "heal %s", l->name);
}

static void one_fault(struct script *sc, struct prng *p, const struct group *g, int64_t at)
{
	static const char *const death[] = {"kill", "power-off", "stop"};
	const char *m = member(p, g);
	switch (swarm_draw(p, 8)) {
	case 0: case 1: case 2: case 3:
		swarm_at(sc, at, "%s %s", death[swarm_draw(p, 3)], m);
		swarm_at(sc, at + (int64_t)swarm_draw(p, DOWN_MS) * NS_PER_MS, "start %s", m);
		break;
	case 4:
		swarm_at(sc, at, "freeze %s", m);
		swarm_at(sc, at + (int64_t)swarm_draw(p, FROZEN_MS) * NS_PER_MS, "thaw %s", m);
		break;
	case 5:
		split(sc, p, g, at);
		break;
	case 6:
		step_clock(sc, p, m, at, !sc->swarm.is_unsplit);
		break;
	default:
		swarm_at(sc, at, "maybe ctl %s group hand-over", m);
		break;
	}
}

static void end_faults(struct script *sc, const struct group *g, int64_t at)
{
	for (uint32_t i = 0; i < g->n_member; i++) {
		swarm_at(sc, at, "thaw %s", g->member[i].node->name);
		swarm_at(sc, at, "start %s", g->member[i].node->name);
		if (g->member[i].nic->link)
			swarm_at(sc, at, "heal %s", g->member[i].nic->link->name);
	}
	swarm_at(sc, at + NS_PER_S, "quiet %s within %lldms", g->name, (long long)(QUIET_WITHIN_NS / NS_PER_MS));
}

static void plan_group(struct script *sc, struct prng *p, const struct group *g)
{
	const struct swarm_conf *c = &sc->swarm;
	for (uint32_t i = 0; i < g->n_member; i++)
		step_clock(sc, p, g->member[i].node->name, c->from_ns, false);
	for (int64_t at = c->from_ns; at < c->to_ns; at += (100 + (int64_t)swarm_draw(p, PAUSE_MS_SPREAD)) * NS_PER_MS)
		one_fault(sc, p, g, at);
	/* What was begun has ended by then. */
	end_faults(sc, g, c->to_ns + SPLIT_MS * NS_PER_MS);
}

void swarm_plan_groups(struct script *sc, struct prng *p)
{
	for (uint32_t i = 0; i < sc->swarm.groups.n; i++) {
		const struct group *g = group_find(&sc->sim, sc->swarm.groups.name[i]);
		if (g)
			plan_group(sc, p, g);
		else
			script_fail(sc, "swarm group: there is no group %s", sc->swarm.groups.name[i]);
	}
}
