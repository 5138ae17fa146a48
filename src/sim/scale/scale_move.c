/* SPDX-License-Identifier: BSD-2-Clause */
/* How mobiles move: from cell to cell by chance, each radio in turn, the old one on for half a second more. */
#include <math.h>
#include <stdlib.h>

#include "sim/scale/scale_i.h"

static const int64_t OVERLAP_NS = NS_PER_S / 2;

static void cell_add(struct cell *cell, uint32_t who)
{
	if (cell->n == cell->cap) {
		cell->cap = cell->cap ? cell->cap * 2 : 64;
		cell->member = realloc(cell->member, cell->cap * sizeof *cell->member);
		if (!cell->member)
			exit(3);
	}
	cell->member[cell->n++] = who;
}

static void cell_del(struct cell *cell, uint32_t who)
{
	for (uint32_t i = 0; i < cell->n; i++)
		if (cell->member[i] == who) {
			cell->member[i] = cell->member[--cell->n];
			return;
		}
}

static void attach(struct scale *c, uint32_t mobile, uint32_t radio, uint32_t cell)
{
	struct mobile *m = &c->mobile[mobile];
	struct lladdr l = mobile_lladdr(mobile, radio);
	const char *name = radio ? "w1" : "w0";
	uint32_t was = m->cell[radio];
	if (was != NO_CELL)
		cell_del(&c->cell[was], mobile * SCALE_RADIOS + radio);
	if (m->host.self && was != NO_CELL) {
		m->cell[radio] = NO_CELL;
		host_link(c, &m->host, radio + 1, name, &l, false);
	}
	m->cell[radio] = cell;
	scenario_move(c, mobile, radio, cell);
	if (cell == NO_CELL)
		return;
	cell_add(&c->cell[cell], mobile * SCALE_RADIOS + radio);
	if (m->host.self)
		host_link(c, &m->host, radio + 1, name, &l, true);
}

static void on_old_off(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	struct scale *c = obj;
	(void)s;
	(void)arg;
	attach(c, (uint32_t)(tag / SCALE_RADIOS), (uint32_t)(tag % SCALE_RADIOS), NO_CELL);
}

static double unit(struct scale *c) { return (double)((prng_u64(&c->move_rng) >> 11) + 1) / 9007199254740993.0; }

static uint32_t other_cell(struct scale *c, uint32_t from)
{
	uint32_t per_site = c->conf.routers * c->conf.cells, site = site_of_cell(c, from), cell;
	bool is_other = c->conf.sites > 1 && prng_u64(&c->move_rng) % 100 < c->conf.other_site_percent;
	if (is_other)
		site = (site + (prng_u64(&c->move_rng) % 2 ? 1 : c->conf.sites - 1)) % c->conf.sites; /* to a neighbour */
	do
		cell = site * per_site + (uint32_t)(prng_u64(&c->move_rng) % per_site);
	while (cell == from);
	return cell;
}

static void on_move(struct sim *s, void *obj, void *arg, uint64_t mobile)
{
	struct scale *c = obj;
	struct mobile *m = &c->mobile[mobile];
	uint32_t old = m->radio, from = m->cell[old], to = other_cell(c, from);
	(void)s;
	(void)arg;
	m->was_other_site = site_of_cell(c, from) != site_of_cell(c, to);
	m->moved_ns = c->sim.t_ns;
	if (load_is_measured(c))
		c->n_handovers[m->was_other_site]++;
	m->radio = (uint8_t)(1 - old);
	attach(c, (uint32_t)mobile, m->radio, to);
	if (m->hmip)
		hmip_moved(c, m, from, to);
	sim_in(&c->sim, OVERLAP_NS, on_old_off, c, NULL, mobile * SCALE_RADIOS + old);
	int64_t stay_ns = (int64_t)(-log(unit(c)) * (c->conf.stay_s - 1) * 1e9) + NS_PER_S;
	sim_in(&c->sim, stay_ns, on_move, c, NULL, mobile);
}

void move_place(struct scale *c, uint32_t mobile)
{
	struct mobile *m = &c->mobile[mobile];
	m->cell[0] = (uint32_t)(prng_u64(&c->move_rng) % c->n_cells);
	m->cell[1] = NO_CELL;
	cell_add(&c->cell[m->cell[0]], mobile * SCALE_RADIOS);
}

void move_begin(struct scale *c, uint32_t mobile, int64_t on_ns)
{
	sim_at(&c->sim, on_ns + (int64_t)(-log(unit(c)) * c->conf.stay_s * 1e9) + NS_PER_S, on_move, c, NULL, mobile);
}
