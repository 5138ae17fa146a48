/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/scale/scale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "sim/script/conf.h"
#include "sim/net/kern.h"
#include "sim/net/pkt.h"
#include "role/mn/mn.h"
#include "sim/proc.h"

enum { UPSTREAM = 1, FIRST_DOWN = 2 };

/* One way each: over the air, over a wire of the site, over the backbone. */
static const int64_t AIR_NS = NS_PER_MS, WIRE_NS = NS_PER_MS / 5, BACKBONE_NS = 20 * NS_PER_MS, OVERLAP_NS = NS_PER_S / 2;

const char *const scale_protocol_name[SCALE_PROTOCOL_N] = {"roamcast", "mipv6", "hmipv6"};

/* A packet under way. */
struct flight { uint32_t to, ifindex; enum dp_punt why; struct lladdr from; size_t len; uint8_t bytes[]; };

/* --- addresses: whose is it? ------------------------------------------------------------------------------------- */

static struct addr6 addr_of(uint16_t w2, uint16_t w3, uint32_t low)
{
	struct addr6 a = {{0x20, 0x01, 0x0d, 0xb8}};
	put16(a.b + 4, w2);
	put16(a.b + 6, w3);
	put32(a.b + 12, low);
	return a;
}

enum { HOME_W2 = 7, SITE_W2 = 0x100, CELL_W3 = 0x1000, AGENT_W3 = 0xe };

static struct addr6 home_agent(void) { return addr_of(HOME_W2, 0xa, 1); }
static struct addr6 home_address(uint32_t mobile) { return addr_of(HOME_W2, 0, mobile + 1); }
static struct addr6 agent_address(uint32_t site) { return addr_of((uint16_t)(SITE_W2 + site), AGENT_W3, 1); }

/* The number of a mobile and its radio are in the link-layer address, and so in every address made of it. */
static struct lladdr mobile_lladdr(uint32_t mobile, uint32_t radio)
{
	struct lladdr l = {{2, (uint8_t)radio}};
	put32(l.b + 2, mobile);
	return l;
}
static struct lladdr router_lladdr(uint32_t cell)
{
	struct lladdr l = {{6}};
	put32(l.b + 2, cell);
	return l;
}
static bool is_mobile(const struct lladdr *l, uint32_t *mobile, uint32_t *radio)
{
	*mobile = get32(l->b + 2);
	*radio = l->b[1];
	return l->b[0] == 2;
}

/* --- engines ----------------------------------------------------------------------------------------------------- */

static void drain(struct scale *c, struct host *h);

static void on_tick(struct sim *s, void *obj, void *arg, uint64_t at)
{
	struct host *h = obj;
	struct scale *c = (struct scale *)((char *)s - offsetof(struct scale, sim));
	(void)arg;
	if ((int64_t)at != h->tick_at_ns)
		return;
	h->tick_at_ns = INT64_MAX;
	h->ops->tick(h->self, scale_now(c));
	drain(c, h);
}

static void arm(struct scale *c, struct host *h)
{
	mono_t when = h->ops->expiry(h->self);
	if (mono_is_never(when))
		return;
	int64_t at = when.ns - NS_PER_S;
	if (at < c->sim.t_ns)
		at = c->sim.t_ns;
	if (at >= h->tick_at_ns)
		return;
	h->tick_at_ns = at;
	sim_at(&c->sim, at, on_tick, h, NULL, (uint64_t)at);
}

static void start(struct scale *c, struct host *h, const struct role_ops *ops, uint32_t index, void *conf)
{
	const char *remedy = "";
	*h = (struct host){.ops = ops, .self = sim_alloc(ops->size_oct), .conf = conf, .index = index, .tick_at_ns = INT64_MAX};
	if (ops->init(h->self, &c->env, conf, scale_now(c), &remedy) != ERR_OK) {
		fprintf(stderr, "roamsim: %s does not start: %s\n", ops->name, remedy);
		exit(3);
	}
	if (ops->restored)
		ops->restored(h->self, scale_now(c));
	drain(c, h);
}

static void *conf_of(const struct role_ops *ops, const char *text)
{
	char err[CONF_ERR_LEN];
	void *conf = sim_alloc(ops->conf->struct_size);
	if (!conf_fill(ops->conf, text, conf, err)) {
		fprintf(stderr, "roamsim: %s: %s\n", ops->name, err);
		exit(3);
	}
	return conf;
}

static void link_event(struct scale *c, struct host *h, uint32_t ifindex, const char *name, const struct lladdr *l, bool is_up)
{
	struct link_event ev = {.ifindex = ifindex, .is_up = is_up, .lladdr = *l, .mtu_oct = 1500};
	snprintf(ev.name, sizeof ev.name, "%s", name);
	h->ops->link(h->self, &ev, scale_now(c));
	drain(c, h);
}

static void give(struct scale *c, struct host *h, const struct flight *f, uint32_t ifindex)
{
	struct rx rx = {ifindex, f->why, f->from, f->bytes, f->len};
	c->n_calls++;
	h->ops->rx(h->self, &rx, scale_now(c));
	drain(c, h);
}

/* --- the network -------------------------------------------------------------------------------------------------- */

static struct flight *flight_new(uint32_t to, uint32_t ifindex, enum dp_punt why, const struct lladdr *from, const uint8_t *p, size_t len)
{
	struct flight *f = sim_alloc(sizeof *f + len);
	*f = (struct flight){.to = to, .ifindex = ifindex, .why = why, .len = len};
	if (from)
		f->from = *from;
	memcpy(f->bytes, p, len);
	return f;
}

static void at_ha(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	struct scale *c = obj;
	const struct flight *f = arg;
	(void)s;
	(void)tag;
	load_packet(c, AT_HA, 0, f->bytes, f->len);
	give(c, &c->ha, f, UPSTREAM);
}

static void at_agent(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	struct scale *c = obj;
	const struct flight *f = arg;
	(void)s;
	(void)tag;
	load_packet(c, AT_AGENT, f->to, f->bytes, f->len);
	give(c, &c->agent[f->to], f, f->ifindex);
}

static void at_router(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	struct scale *c = obj;
	const struct flight *f = arg;
	(void)s;
	(void)tag;
	give(c, &c->router[f->to], f, f->ifindex);
}

static bool is_there(const struct scale *c, uint32_t mobile, uint32_t radio, uint32_t cell)
{
	return mobile < c->conf.mobiles && radio < SCALE_RADIOS && c->mobile[mobile].cell[radio] == cell;
}

static void at_mobile(struct sim *s, void *obj, void *arg, uint64_t cell)
{
	struct scale *c = obj;
	const struct flight *f = arg;
	uint32_t mobile = f->to / SCALE_RADIOS, radio = f->to % SCALE_RADIOS;
	(void)s;
	if (is_there(c, mobile, radio, (uint32_t)cell) && c->mobile[mobile].host.self)
		give(c, &c->mobile[mobile].host, f, radio + 1);
}

/* The kernel of a mobile: its own reports of a change, once more within a second, and its answer to queries. */
struct kernel_report { uint32_t mobile, radio, again; bool is_answer; struct fx_group g; };

static void to_router(struct scale *c, uint32_t cell, const struct lladdr *from, enum dp_punt why, const uint8_t *p, size_t len);

static bool is_joined(const struct scale *c, const struct kernel_report *k)
{
	const struct fx_group *g = &c->mobile[k->mobile].joined[k->radio];
	return g->ifindex && addr6_eq(&g->group, &k->g.group) && addr6_eq(&g->source, &k->g.source);
}

static void on_kernel(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	struct scale *c = obj;
	struct kernel_report *k = arg;
	uint8_t p[KERN_REPORT_LEN];
	uint32_t cell = c->mobile[k->mobile].cell[k->radio];
	struct lladdr l = mobile_lladdr(k->mobile, k->radio);
	struct addr6 src = addr6_linklocal(&l);
	bool is_member = is_joined(c, k);
	(void)s;
	(void)tag;
	if (cell != NO_CELL && (is_member || !k->is_answer)) {
		kern_report_build(p, &src, &k->g, !is_member ? REC_BLOCK : k->is_answer ? REC_IS_INCLUDE : REC_ALLOW);
		load_packet(c, AT_LINK, cell, p, sizeof p);
		to_router(c, cell, &l, DP_PUNT_MLD, p, sizeof p);
	}
	if (!k->again)
		return;
	struct kernel_report *more = sim_alloc(sizeof *more);
	*more = *k;
	more->again--;
	sim_in(&c->sim, (int64_t)(prng_u64(&c->net_rng) % (uint64_t)NS_PER_S), on_kernel, c, more, 0);
}

static void kernel_changes(struct scale *c, uint32_t mobile, const struct fx_group *g, bool is_join)
{
	struct kernel_report *k = sim_alloc(sizeof *k);
	*k = (struct kernel_report){.mobile = mobile, .radio = g->ifindex - 1, .again = 1, .g = *g};
	struct fx_group *have = &c->mobile[mobile].joined[k->radio];
	if (is_join)
		*have = *g;
	else if (is_joined(c, k))
		*have = (struct fx_group){0};
	sim_in(&c->sim, KERN_LATE_NS + (int64_t)(prng_u64(&c->net_rng) % (uint64_t)KERN_LATE_SPREAD_NS), on_kernel, c, k, 0);
}

/* To all in the cell: one packet on the air. */
static void at_all(struct sim *s, void *obj, void *arg, uint64_t cell_number)
{
	struct scale *c = obj;
	struct cell *cell = &c->cell[cell_number];
	const struct flight *f = arg;
	(void)s;
	for (uint32_t i = 0; i < cell->n; i++) {
		struct mobile *m = &c->mobile[cell->member[i] / SCALE_RADIOS];
		if (m->host.self)
			give(c, &m->host, f, cell->member[i] % SCALE_RADIOS + 1);
	}
}

static void to_router(struct scale *c, uint32_t cell, const struct lladdr *from, enum dp_punt why, const uint8_t *p, size_t len)
{
	sim_in(&c->sim, AIR_NS, at_router, c, flight_new(cell / c->conf.cells, FIRST_DOWN + cell % c->conf.cells, why, from, p, len), 0);
}

/* By its destination address, from a place that is so far from the site's agent. */
static void route(struct scale *c, const uint8_t *p, size_t len, int64_t delay_ns)
{
	struct addr6 dst = ip6_dst(p), ha = home_agent();
	uint32_t w2 = get16(dst.b + 4), w3 = get16(dst.b + 6), site = w2 - SITE_W2, mobile, radio;
	struct lladdr l = {{dst.b[8] ^ 2, dst.b[9], dst.b[10], dst.b[13], dst.b[14], dst.b[15]}};
	if (addr6_eq(&dst, &ha)) {
		sim_in(&c->sim, delay_ns + BACKBONE_NS, at_ha, c, flight_new(0, 0, DP_PUNT_MH, NULL, p, len), 0);
	} else if (w2 >= SITE_W2 && site < c->conf.sites && w3 == AGENT_W3) {
		sim_in(&c->sim, delay_ns + WIRE_NS, at_agent, c, flight_new(site, UPSTREAM, DP_PUNT_MH, NULL, p, len), 0);
	} else if (w2 >= SITE_W2 && site < c->conf.sites && w3 >= CELL_W3 && is_mobile(&l, &mobile, &radio)) {
		uint32_t cell = site * c->conf.routers * c->conf.cells + w3 - CELL_W3;
		if (is_there(c, mobile, radio, cell))
			load_packet(c, AT_LINK, cell, p, len);
		else
			c->n_undelivered++;
		struct lladdr from = router_lladdr(cell);
		sim_in(&c->sim, delay_ns + WIRE_NS + AIR_NS, at_mobile, c,
		       flight_new(mobile * SCALE_RADIOS + radio, 0, DP_PUNT_MH, &from, p, len), cell);
	} else {
		c->n_undelivered++;
	}
}

static void from_mobile(struct scale *c, uint32_t mobile, const struct fx_send *s, const uint8_t *p)
{
	struct addr6 dst = ip6_dst(p);
	uint32_t radio = s->ifindex - 1, cell = radio < SCALE_RADIOS ? c->mobile[mobile].cell[radio] : NO_CELL;
	struct lladdr from = mobile_lladdr(mobile, radio);
	if (cell == NO_CELL)
		return;
	load_packet(c, AT_LINK, cell, p, s->len_oct);
	if (!addr6_is_multicast(&dst))
		route(c, p, s->len_oct, AIR_NS);
	else
		to_router(c, cell, &from, dst.b[15] == 2 ? DP_PUNT_RS : DP_PUNT_MLD, p, s->len_oct);
}

/* The kernel of each mobile that listens: its answer goes out when its time has come, beside the engine's own. */
static void kernels_answer(struct scale *c, uint32_t cell, const uint8_t *p, size_t len)
{
	size_t off;
	if (ip6_upper(p, len, &off) != PROTO_ICMP6 || off + 24 > len || p[off] != ICMP_MLD_QUERY || p[off + 8] == 0xff)
		return;
	int64_t within_ns = (1 + get16(p + off + 4)) * NS_PER_MS;
	for (uint32_t i = 0; i < c->cell[cell].n; i++) {
		uint32_t mobile = c->cell[cell].member[i] / SCALE_RADIOS, radio = c->cell[cell].member[i] % SCALE_RADIOS;
		const struct fx_group *g = &c->mobile[mobile].joined[radio];
		if (!g->ifindex)
			continue;
		struct kernel_report *k = sim_alloc(sizeof *k);
		*k = (struct kernel_report){.mobile = mobile, .radio = radio, .is_answer = true, .g = *g};
		sim_in(&c->sim, AIR_NS + (int64_t)(prng_u64(&c->net_rng) % (uint64_t)within_ns), on_kernel, c, k, 1);
	}
}

static void from_router(struct scale *c, uint32_t router, const struct fx_send *s, const uint8_t *p)
{
	uint32_t site = router / c->conf.routers, mobile, radio;
	if (s->ifindex == UPSTREAM) {
		sim_in(&c->sim, WIRE_NS, at_agent, c,
		       flight_new(site, FIRST_DOWN + router % c->conf.routers, DP_PUNT_MLD, NULL, p, s->len_oct), 0);
		return;
	}
	uint32_t cell = router * c->conf.cells + s->ifindex - FIRST_DOWN;
	struct lladdr from = router_lladdr(cell);
	size_t off;
	bool is_ra = ip6_upper(p, s->len_oct, &off) == PROTO_ICMP6 && p[off] == ICMP_RA;
	enum dp_punt why = is_ra ? DP_PUNT_RA : DP_PUNT_MLD;
	load_packet(c, AT_LINK, cell, p, s->len_oct);
	if (s->has_lladdr && is_mobile(&s->lladdr, &mobile, &radio)) {
		sim_in(&c->sim, AIR_NS, at_mobile, c, flight_new(mobile * SCALE_RADIOS + radio, 0, why, &from, p, s->len_oct), cell);
		return;
	}
	sim_in(&c->sim, AIR_NS, at_all, c, flight_new(0, 0, why, &from, p, s->len_oct), cell);
	if (!is_ra && c->conf.protocol == SCALE_ROAMCAST)
		kernels_answer(c, cell, p, s->len_oct);
}

static void from_agent(struct scale *c, uint32_t site, const struct fx_send *s, const uint8_t *p)
{
	load_packet(c, AT_AGENT, site, p, s->len_oct);
	if (s->ifindex >= FIRST_DOWN) {
		struct lladdr none = {{0}};
		sim_in(&c->sim, WIRE_NS, at_router, c,
		       flight_new(site * c->conf.routers + s->ifindex - FIRST_DOWN, UPSTREAM, DP_PUNT_MLD, &none, p, s->len_oct), 0);
		return;
	}
	struct addr6 dst = ip6_dst(p);
	bool is_here = get16(dst.b + 4) == SITE_W2 + site;
	route(c, p, s->len_oct, is_here ? 0 : 2 * BACKBONE_NS);
}

static void carry_out(struct scale *c, struct host *h, const struct effect *e)
{
	bool is_mn = e->role == ROLE_MN;
	if (e->kind == FX_SEND) {
		const uint8_t *p = effq_bytes(&c->fx, e->send.off);
		if (is_mn) {
			from_mobile(c, h->index, &e->send, p);
		} else if (e->role == ROLE_AR) {
			from_router(c, h->index, &e->send, p);
		} else if (e->role == ROLE_MMA) {
			from_agent(c, h->index, &e->send, p);
		} else {
			load_packet(c, AT_HA, 0, p, e->send.len_oct);
			route(c, p, e->send.len_oct, BACKBONE_NS);
		}
	} else if (is_mn && (e->kind == FX_JOIN || e->kind == FX_LEAVE) && (e->group.group.b[1] & 0xf) > 2) {
		kernel_changes(c, h->index, &e->group, e->kind == FX_JOIN);
	}
}

static void drain(struct scale *c, struct host *h)
{
	for (const struct effect *e; (e = effq_next(&c->fx));)
		carry_out(c, h, e);
	effq_reset(&c->fx);
	arm(c, h);
}

/* --- movement ------------------------------------------------------------------------------------------------------ */

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

static void say_move(struct scale *c, int64_t at_ns, const char *what, uint32_t mobile, uint32_t radio, uint32_t cell)
{
	if (!c->scenario)
		return;
	fprintf(c->scenario, "at %lldus %s mn%u.w%u", (long long)(at_ns / 1000), what, mobile, radio);
	if (cell == NO_CELL)
		fprintf(c->scenario, "\n");
	else
		fprintf(c->scenario, " c%u\n", cell);
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
		link_event(c, &m->host, radio + 1, name, &l, false);
	}
	m->cell[radio] = cell;
	say_move(c, c->sim.t_ns, cell == NO_CELL ? "detach" : "attach", mobile, radio, cell);
	if (cell == NO_CELL)
		return;
	cell_add(&c->cell[cell], mobile * SCALE_RADIOS + radio);
	if (m->host.self)
		link_event(c, &m->host, radio + 1, name, &l, true);
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

/* --- the world ----------------------------------------------------------------------------------------------------- */

static uint32_t no_ifindex(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return 0;
}

static const struct sa_key *one_key(void *ctx, const char *name)
{
	(void)name;
	return &((struct scale *)ctx)->key;
}

static void make_ha(struct scale *c)
{
	char text[512];
	static const struct lladdr l = {{4}};
	snprintf(text, sizeof text, "{ address = \"2001:db8:7:a::1\" home-prefix = {\"2001:db8:7::/64\"} uplink = {\"core0\"} lifetime = %u "
		 "mobile \"2001:db8:7::/64\" { key = \"k\" } }", c->conf.lifetime_s);
	start(c, &c->ha, &ha_role, 0, conf_of(&ha_role, text));
	link_event(c, &c->ha, UPSTREAM, "core0", &l, true);
}

static void make_agent(struct scale *c, uint32_t site)
{
	char *text = NULL, name[16];
	size_t len;
	struct lladdr l = {{8, 0, 0, (uint8_t)site}};
	FILE *f = open_memstream(&text, &len);
	fprintf(f, "{ address = \"2001:db8:%x:e::1\" site = \"s%u\" upstream = {\"core0\"} coa-prefix = \"2001:db8:%x:ff::/64\" lifetime = %u "
		"access-prefix = {\"2001:db8:%x:1000::/52\"} mobile \"2001:db8:7::/64\" { key = \"k\" } downstream = {", SITE_W2 + site, site,
		SITE_W2 + site, c->conf.lifetime_s, SITE_W2 + site);
	for (uint32_t i = 0; i < c->conf.routers; i++)
		fprintf(f, "%s\"d%u\"", i ? ", " : "", i);
	fprintf(f, "}\n");
	for (uint32_t i = 0; i < c->conf.sites; i++)
		if (i != site)
			fprintf(f, "peer \"2001:db8:%x:e::1\" { key = \"k\" }\n", SITE_W2 + i);
	fprintf(f, "}\n");
	fclose(f);
	start(c, &c->agent[site], &mma_role, site, conf_of(&mma_role, text));
	free(text);
	link_event(c, &c->agent[site], UPSTREAM, "core0", &l, true);
	for (uint32_t i = 0; i < c->conf.routers; i++) {
		snprintf(name, sizeof name, "d%u", i);
		l.b[5] = (uint8_t)(i + 1);
		link_event(c, &c->agent[site], FIRST_DOWN + i, name, &l, true);
	}
}

static void make_router(struct scale *c, uint32_t router)
{
	uint32_t site = router / c->conf.routers, first = router * c->conf.cells;
	char *text = NULL, name[16];
	size_t len;
	struct lladdr up = {{10, 0, 0, 0, (uint8_t)(router >> 8), (uint8_t)router}};
	FILE *f = open_memstream(&text, &len);
	bool has_agent = c->conf.protocol == SCALE_ROAMCAST;
	fprintf(f, "{ site = \"s%u\" %s mma = \"2001:db8:%x:e::1\"\n", site, has_agent ? "upstream = \"up0\"" : "", SITE_W2 + site);
	for (uint32_t i = 0; i < c->conf.cells; i++) {
		uint32_t w3 = CELL_W3 + (first + i) % (c->conf.routers * c->conf.cells);
		fprintf(f, "interface \"acc%u\" { prefix = {\"2001:db8:%x:%x::/64\"} router-address = \"2001:db8:%x:%x::1\" map = %s ra-interval = 30000 }\n",
			i, SITE_W2 + site, w3, SITE_W2 + site, w3, has_agent ? "true" : "false");
	}
	fprintf(f, "}\n");
	fclose(f);
	start(c, &c->router[router], &ar_role, router, conf_of(&ar_role, text));
	free(text);
	link_event(c, &c->router[router], UPSTREAM, "up0", &up, true);
	for (uint32_t i = 0; i < c->conf.cells; i++) {
		struct lladdr l = router_lladdr(first + i);
		snprintf(name, sizeof name, "acc%u", i);
		link_event(c, &c->router[router], FIRST_DOWN + i, name, &l, true);
	}
}

/* What all mobiles have in common is read once. A mobile knows at most 16 agents: the two sites beside its own and back
 * again are what it visits, but over an hour it may drift further; beyond its 16 it would be a plain mobile. Its list is
 * those around the site where it starts. */
static void on_power(struct sim *s, void *obj, void *arg, uint64_t index)
{
	struct scale *c = obj;
	struct mobile *m = &c->mobile[index];
	uint32_t cell = m->cell[0], site = site_of_cell(c, cell);
	(void)s;
	(void)arg;
	if (c->conf.protocol == SCALE_HMIPV6) {
		hmip_start(c, m);
		return;
	}
	say_move(c, c->sim.t_ns, "attach", (uint32_t)index, 0, cell);
	char text[256];
	snprintf(text, sizeof text, "{ home-address = \"2001:db8:7::1\" home-agent = \"2001:db8:7:a::1\" key = \"k\" lifetime = %u use-mma = %s "
		 "interface \"w0\" {} interface \"w1\" {} }", c->conf.lifetime_s,
		 c->conf.protocol == SCALE_ROAMCAST ? "true" : "false");
	struct mn_conf *conf = conf_of(&mn_role, text);
	conf->home_address = home_address((uint32_t)index);
	for (uint32_t i = 0; i < c->conf.sites && i < MN_SITE_MAX; i++) {
		conf->mma[i].addr = agent_address((site + c->conf.sites + (i + 1) / 2 * (i % 2 ? 1 : c->conf.sites - 1)) % c->conf.sites);
		snprintf(conf->mma[i].key, sizeof conf->mma[i].key, "k");
		conf->n_mma++;
	}
	start(c, &m->host, &mn_role, (uint32_t)index, conf);
	free(conf); /* the engine has a copy */
	m->host.conf = NULL;
	for (uint32_t r = 0; r < SCALE_RADIOS; r++) {
		struct lladdr l = mobile_lladdr((uint32_t)index, r);
		link_event(c, &m->host, r + 1, r ? "w1" : "w0", &l, r == 0);
	}
}

static void make_mobile(struct scale *c, uint32_t i)
{
	struct mobile *m = &c->mobile[i];
	int64_t at = (int64_t)(prng_u64(&c->move_rng) % (uint64_t)(c->conf.warm_s * 500 + 1)) * NS_PER_MS;
	m->host.index = i;
	m->cell[0] = (uint32_t)(prng_u64(&c->move_rng) % c->n_cells);
	m->cell[1] = NO_CELL;
	cell_add(&c->cell[m->cell[0]], i * SCALE_RADIOS);
	sim_at(&c->sim, at, on_power, c, NULL, i);
	sim_at(&c->sim, at + (int64_t)(-log(unit(c)) * c->conf.stay_s * 1e9) + NS_PER_S, on_move, c, NULL, i);
}

static void make_world(struct scale *c)
{
	c->n_routers = c->conf.sites * c->conf.routers;
	c->n_cells = c->n_routers * c->conf.cells;
	c->cell = sim_alloc(c->n_cells * sizeof *c->cell);
	c->agent = sim_alloc(c->conf.sites * sizeof *c->agent);
	c->router = sim_alloc(c->n_routers * sizeof *c->router);
	c->mobile = sim_alloc(c->conf.mobiles * sizeof *c->mobile);
	load_init(c);
	if (c->conf.protocol != SCALE_HMIPV6) {
		make_ha(c);
		for (uint32_t i = 0; i < c->n_routers; i++)
			make_router(c, i);
	}
	for (uint32_t i = 0; i < c->conf.sites && c->conf.protocol == SCALE_ROAMCAST; i++)
		make_agent(c, i);
	for (uint32_t i = 0; i < c->conf.mobiles; i++)
		make_mobile(c, i);
}

static void host_free(struct host *h)
{
	if (h->self)
		h->ops->fini(h->self);
	free(h->self);
	free(h->conf);
}

static void free_world(struct scale *c)
{
	host_free(&c->ha);
	for (uint32_t i = 0; i < c->conf.sites; i++)
		host_free(&c->agent[i]);
	for (uint32_t i = 0; i < c->n_routers; i++)
		host_free(&c->router[i]);
	for (uint32_t i = 0; i < c->conf.mobiles; i++) {
		host_free(&c->mobile[i].host);
		free(c->mobile[i].hmip);
	}
	for (uint32_t i = 0; i < c->n_cells; i++)
		free(c->cell[i].member);
	load_fini(c);
	free(c->cell);
	free(c->agent);
	free(c->router);
	free(c->mobile);
}

static double wall(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int simulate(const struct scale_conf *conf)
{
	static struct scale c;
	double began = wall();
	c.conf = *conf;
	sim_init(&c.sim, conf->seed);
	prng_seed(&c.move_rng, conf->seed); /* the same for every protocol: so is the movement */
	prng_seed(&c.net_rng, conf->seed + 1);
	prng_seed(&c.key_rng, conf->seed + 2);
	c.rng = prng_rng(&c.key_rng);
	effq_init(&c.fx, &sim_mem);
	c.env = (struct engine_env){.mem = &sim_mem, .rng = &c.rng, .crypto = proc_crypto(), .fx = &c.fx, .count = &c.count,
				    .ifindex = no_ifindex, .key = one_key, .ctx = &c};
	if (sa_key_init(&c.key, proc_crypto(), "k", 256, MAC_HMAC_SHA256, "a key for all of them", 21) != ERR_OK)
		return 3;
	if (conf->scenario)
		scenario_begin(&c);
	make_world(&c);
	sim_run(&c.sim, (int64_t)(conf->warm_s + conf->seconds) * NS_PER_S);
	load_write(&c, wall() - began);
	if (conf->scenario)
		scenario_end(&c);
	sim_fini(&c.sim);
	free_world(&c);
	effq_fini(&c.fx);
	sa_key_fini(&c.key, proc_crypto());
	return c.n_undelivered > c.n_handovers[0] / 10 ? 1 : 0;
}

static int usage(void)
{
	fputs("usage: roamsim scale [--protocol roamcast|mipv6|hmipv6] [--mobiles N] [--sites N] [--routers N] [--cells N]\n"
	      "                     [--stay SECONDS] [--other-site PERCENT] [--lifetime S] [--warm S] [--seconds S] [--seed N]\n"
	      "                     [--json FILE] [--scenario FILE]\n", stderr);
	return 3;
}

int scale_main(int argc, char **argv)
{
	struct scale_conf o = {.mobiles = 100000, .sites = 20, .routers = 10, .cells = 5, .warm_s = 600, .seconds = 3600, .stay_s = 60,
			       .other_site_percent = 5, .lifetime_s = 600, .seed = 1};
	const struct { const char *name; uint32_t *to; } numbers[] = {
		{"--mobiles", &o.mobiles}, {"--sites", &o.sites}, {"--routers", &o.routers}, {"--cells", &o.cells}, {"--warm", &o.warm_s},
		{"--seconds", &o.seconds}, {"--other-site", &o.other_site_percent}, {"--lifetime", &o.lifetime_s},
	};
	for (int i = 2; i + 1 < argc; i += 2) {
		const char *a = argv[i], *v = argv[i + 1];
		bool is_known = strcmp(a, "--json") == 0 || strcmp(a, "--scenario") == 0 || strcmp(a, "--seed") == 0 || strcmp(a, "--stay") == 0;
		if (strcmp(a, "--json") == 0)
			o.json = v;
		else if (strcmp(a, "--scenario") == 0)
			o.scenario = v;
		else if (strcmp(a, "--seed") == 0)
			o.seed = strtoull(v, NULL, 0);
		else if (strcmp(a, "--stay") == 0)
			o.stay_s = strtod(v, NULL);
		for (uint32_t p = 0; strcmp(a, "--protocol") == 0 && p < SCALE_PROTOCOL_N; p++)
			if (strcmp(v, scale_protocol_name[p]) == 0) {
				o.protocol = (enum scale_protocol)p;
				is_known = true;
			}
		for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++)
			if (strcmp(a, numbers[n].name) == 0) {
				*numbers[n].to = (uint32_t)strtoul(v, NULL, 10);
				is_known = true;
			}
		if (!is_known)
			return usage();
	}
	bool is_sane = o.mobiles && o.sites && o.sites < 256 && o.routers && o.routers <= 30 && o.cells && o.cells <= 30 && o.stay_s > 1 &&
		       o.routers * o.cells > 1;
	return argc % 2 == 0 && is_sane ? simulate(&o) : usage();
}
