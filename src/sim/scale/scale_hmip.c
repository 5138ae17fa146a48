/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hierarchical Mobile IPv6 (RFC 5380) as far as its messages go, on the same movement: each site is one MAP domain.
 *
 *   another cell of the domain    local binding update to the MAP with the new on-link address (section 6.1), and its answer
 *   another domain                local binding update to the new MAP, its answer; then binding update to the home agent with the new
 *                                 regional address (6.1), and its answer; the old MAP's binding runs out by itself
 *   time                          both are refreshed as core/reg refreshes ours, with the same lifetime
 *
 * Left out, in its favour: duplicate detection at the MAP, fast handover (RFC 5568) and the update to the old MAP that 5.2 allows.
 * Router discovery is left out of this model.
 */
#include "sim/scale/scale_i.h"

struct hmip { struct reg map, ha; int64_t tick_at_ns; };

static const int64_t LOCAL_NS = 2400000, HOME_NS = 44 * NS_PER_MS; /* round trips */

struct answer { struct reg_ba ba; bool is_ha; };

static void arm(struct scale *c, struct mobile *m);

static struct addr6 name_of(uint32_t number)
{
	return (struct addr6){{0x20, 1, 0xd, 0xb8, (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}};
}

static void on_answer(struct sim *s, void *obj, void *arg, uint64_t index)
{
	struct scale *c = obj;
	struct mobile *m = &c->mobile[index];
	struct answer *a = arg;
	struct reg_bu bu;
	(void)s;
	uint32_t cell = m->cell[m->radio];
	load_count(c, AT_LINK, cell, K_ACK);
	reg_on_ba(a->is_ha ? &m->hmip->ha : &m->hmip->map, &a->ba, scale_now(c), &bu);
	arm(c, m);
}

/* An update leaves; its answer comes after a round trip. */
static void send(struct scale *c, struct mobile *m, bool is_ha, const struct reg_bu *bu, enum scale_kind kind)
{
	uint32_t cell = m->cell[m->radio];
	struct answer *a = sim_alloc(sizeof *a);
	*a = (struct answer){{.seq = bu->seq, .lifetime_s = bu->lifetime_s, .has_stamp = true, .stamp = bu->stamp}, is_ha};
	load_count(c, AT_LINK, cell, kind);
	load_count(c, is_ha ? AT_HA : AT_AGENT, is_ha ? 0 : site_of_cell(c, cell), kind);
	load_count(c, is_ha ? AT_HA : AT_AGENT, is_ha ? 0 : site_of_cell(c, cell), K_ACK);
	if (kind == K_UPDATE && load_is_measured(c))
		c->n_caused[m->was_other_site][is_ha ? AT_HA : AT_AGENT]++;
	sim_in(&c->sim, is_ha ? HOME_NS : LOCAL_NS, on_answer, c, a, m->host.index);
}

static void ask(struct scale *c, struct mobile *m, bool is_ha, uint32_t care_of)
{
	struct reg_bu bu;
	struct addr6 coa = name_of(care_of);
	if (reg_start(is_ha ? &m->hmip->ha : &m->hmip->map, &coa, c->conf.lifetime_s, scale_now(c), &bu) == REG_SEND)
		send(c, m, is_ha, &bu, K_UPDATE);
	arm(c, m);
}

static void on_tick(struct sim *s, void *obj, void *arg, uint64_t index)
{
	struct scale *c = obj;
	struct mobile *m = &c->mobile[index];
	struct reg_bu bu;
	(void)s;
	(void)arg;
	if (c->sim.t_ns != m->hmip->tick_at_ns)
		return;
	m->hmip->tick_at_ns = INT64_MAX;
	while (reg_tick(&m->hmip->map, scale_now(c), &bu) == REG_SEND)
		send(c, m, false, &bu, K_REFRESH);
	while (reg_tick(&m->hmip->ha, scale_now(c), &bu) == REG_SEND)
		send(c, m, true, &bu, K_REFRESH);
	arm(c, m);
}

static void arm(struct scale *c, struct mobile *m)
{
	mono_t when = mono_min(reg_expiry(&m->hmip->map), reg_expiry(&m->hmip->ha));
	if (mono_is_never(when))
		return;
	int64_t at = when.ns - NS_PER_S;
	if (at < c->sim.t_ns)
		at = c->sim.t_ns;
	if (at == m->hmip->tick_at_ns)
		return;
	m->hmip->tick_at_ns = at;
	sim_at(&c->sim, at, on_tick, c, NULL, m->host.index);
}

void hmip_start(struct scale *c, struct mobile *m)
{
	struct reg_conf conf = reg_conf_default;
	uint32_t cell = m->cell[0];
	m->hmip = sim_alloc(sizeof *m->hmip);
	m->hmip->tick_at_ns = INT64_MAX;
	reg_init(&m->hmip->map, &conf, 1);
	reg_init(&m->hmip->ha, &conf, 1);
	ask(c, m, false, cell);
	ask(c, m, true, site_of_cell(c, cell));
}

void hmip_moved(struct scale *c, struct mobile *m, uint32_t from, uint32_t to)
{
	ask(c, m, false, to);
	if (site_of_cell(c, from) != site_of_cell(c, to))
		ask(c, m, true, site_of_cell(c, to));
}
