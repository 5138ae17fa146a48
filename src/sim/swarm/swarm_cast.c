/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a swarm does with mobiles that the network moves: they go from cell to cell, with overlap and without, vanish with and without their radio's
 * knowing, are heard badly; and operators change their records. In the end each stands in one cell, and the last of its lines counts.
 */
#include "sim/swarm/swarm_i.h"

enum { STAY_MS_MIN = 100, STAY_MS_SPREAD = 4000, OVERLAP_MS_MIN = 150, OVERLAP_MS_SPREAD = 600, GAP_MS_SPREAD = 200, AWAY_MS_SPREAD = 8000,
       CHANGE_MS_SPREAD = 5000, WEAK_DBM = 82 };
static const int64_t LAST_WORD_NS = 8 * NS_PER_S; /* whoever died is there again */

/* "swarm guest NODE.IF BASE.IF,BASE.IF" */
bool swarm_guest_line(struct swarm_conf *c, const struct words *w)
{
	struct swarm_guest *g = &c->guest[c->n_guest];
	if (w->n != 4 || c->n_guest == SWARM_GUESTS_MAX)
		return false;
	c->n_guest++;
	snprintf(g->nic, sizeof g->nic, "%s", w->w[2]);
	return swarm_list_of(&g->cells, w->w[3]) && g->cells.n > 1;
}

/* "swarm record all|one NODE,NODE WORDS | WORDS": of a manager's `device`. */
bool swarm_record_line(struct swarm_conf *c, const struct words *w)
{
	struct swarm_record *r = &c->record[c->n_record];
	size_t at = 0;
	if (w->n < 6 || c->n_record == SWARM_RECORDS_MAX || (strcmp(w->w[2], "all") != 0 && strcmp(w->w[2], "one") != 0))
		return false;
	c->n_record++;
	r->is_all = strcmp(w->w[2], "all") == 0;
	r->n_line = 1;
	for (uint32_t i = 4; i < w->n; i++) {
		const bool is_next = strcmp(w->w[i], "|") == 0;
		if (is_next && (r->n_line == SWARM_LINES_MAX))
			return false;
		at = is_next ? 0 : at;
		r->n_line += is_next;
		char *line = r->line[r->n_line - 1];
		if (!is_next)
			at += (size_t)snprintf(line + at, sizeof r->line[0] - at, "%s%s", at ? " " : "", w->w[i]);
		if (at >= sizeof r->line[0])
			return false;
	}
	return swarm_list_of(&r->managers, w->w[3]);
}

static void overlap(struct script *sc, struct prng *p, const char *nic, const char *from, const char *to, int64_t at)
{
	const int64_t both_ns = (OVERLAP_MS_MIN + (int64_t)swarm_draw(p, OVERLAP_MS_SPREAD)) * NS_PER_MS;
	swarm_at(sc, at, "air %s %s:-70* %s:-72", nic, from, to);
	swarm_at(sc, at + both_ns, "air %s %s%s", nic, to, swarm_draw(p, 4) ? "*" : "");
}

/* Both agents hear it, and for a while its radio is attached to neither. */
static void change_over(struct script *sc, struct prng *p, const char *nic, const char *from, const char *to, int64_t at)
{
	const int64_t gap_ns = (int64_t)swarm_draw(p, GAP_MS_SPREAD) * NS_PER_MS;
	swarm_at(sc, at, "air %s %s:-70 %s:-72", nic, from, to);
	swarm_at(sc, at + gap_ns, "air %s %s:-75 %s:-70*", nic, from, to);
}

static void vanish(struct script *sc, struct prng *p, const char *nic, const char *to, int64_t at, uint32_t for_ms)
{
	swarm_at(sc, at, "air %s - %s", nic, swarm_draw(p, 2) ? "silent" : "");
	swarm_at(sc, at + (int64_t)swarm_draw(p, for_ms) * NS_PER_MS, "air %s %s*", nic, to);
}

static void one_move(struct script *sc, struct prng *p, const struct swarm_guest *g, uint32_t *here, int64_t at)
{
	const char *from = g->cells.name[*here];
	*here = (*here + 1 + swarm_draw(p, g->cells.n - 1)) % g->cells.n;
	const char *to = g->cells.name[*here];
	switch (swarm_draw(p, 8)) {
	case 0: case 1: case 2:
		overlap(sc, p, g->nic, from, to, at);
		break;
	case 3: case 4:
		change_over(sc, p, g->nic, from, to, at);
		break;
	case 5:
		vanish(sc, p, g->nic, to, at, GAP_MS_SPREAD);
		break;
	case 6:
		vanish(sc, p, g->nic, to, at, AWAY_MS_SPREAD);
		break;
	default:
		swarm_at(sc, at, "air %s %s:-%u %s:-%u", g->nic, from, WEAK_DBM + swarm_draw(p, 6), to, WEAK_DBM - swarm_draw(p, 6));
		break;
	}
}

static void plan_guest(struct script *sc, struct prng *p, const struct swarm_guest *g)
{
	const struct swarm_conf *c = &sc->swarm;
	uint32_t here = 0;
	for (int64_t at = c->from_ns; at < c->to_ns; at += (STAY_MS_MIN + (int64_t)swarm_draw(p, STAY_MS_SPREAD)) * NS_PER_MS)
		one_move(sc, p, g, &here, at);
	swarm_at(sc, c->to_ns + AWAY_MS_SPREAD * NS_PER_MS, "air %s %s*", g->nic, g->cells.name[swarm_draw(p, g->cells.n)]);
}

static void say(struct script *sc, struct prng *p, const struct swarm_record *r, uint32_t line, int64_t at)
{
	const uint32_t one = swarm_draw(p, r->managers.n);
	for (uint32_t i = 0; i < r->managers.n; i++)
		if (r->is_all || i == one)
			swarm_at(sc, at, "maybe ctl %s device %s", r->managers.name[i], r->line[line]);
}

static void plan_record(struct script *sc, struct prng *p, const struct swarm_record *r)
{
	const struct swarm_conf *c = &sc->swarm;
	for (int64_t at = c->from_ns; (at += (1 + (int64_t)swarm_draw(p, CHANGE_MS_SPREAD)) * NS_PER_MS) < c->to_ns;)
		say(sc, p, r, swarm_draw(p, r->n_line), at);
	say(sc, p, r, r->n_line - 1, c->to_ns + LAST_WORD_NS);
}

void swarm_plan_cast(struct script *sc, struct prng *p)
{
	for (uint32_t i = 0; i < sc->swarm.n_guest; i++)
		plan_guest(sc, p, &sc->swarm.guest[i]);
	for (uint32_t i = 0; i < sc->swarm.n_record; i++)
		plan_record(sc, p, &sc->swarm.record[i]);
}
