/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets' ways in the abstract network: what an engine sends goes to whom its destination address belongs, or to the other
 * end of its link, after a fixed delay.
 */
#include "sim/net/pkt.h"
#include "sim/scale/scale_i.h"

/* One way each: over a wire of the site, over the backbone. Over the air: SCALE_AIR_NS. */
static const int64_t WIRE_NS = NS_PER_MS / 5, BACKBONE_NS = 20 * NS_PER_MS;

/* A packet under way. */
struct flight { uint32_t to, ifindex; enum dp_punt why; struct lladdr from; size_t len; uint8_t bytes[]; };

static struct flight *flight_new(uint32_t to, uint32_t ifindex, enum dp_punt why, const struct lladdr *from, const uint8_t *p, size_t len)
{
	struct flight *f = sim_alloc(sizeof *f + len);
	*f = (struct flight){.to = to, .ifindex = ifindex, .why = why, .len = len};
	if (from)
		f->from = *from;
	memcpy(f->bytes, p, len);
	return f;
}

static void give(struct scale *c, struct host *h, const struct flight *f, uint32_t ifindex)
{
	struct rx rx = {ifindex, f->why, f->from, f->bytes, f->len};
	host_rx(c, h, &rx);
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

void ways_to_router(struct scale *c, uint32_t cell, const struct lladdr *from, enum dp_punt why, const uint8_t *p, size_t len)
{
	sim_in(&c->sim, SCALE_AIR_NS, at_router, c, flight_new(cell / c->conf.cells, FIRST_DOWN + cell % c->conf.cells, why, from, p, len), 0);
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
		sim_in(&c->sim, delay_ns + WIRE_NS + SCALE_AIR_NS, at_mobile, c,
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
		route(c, p, s->len_oct, SCALE_AIR_NS);
	else
		ways_to_router(c, cell, &from, dst.b[15] == 2 ? DP_PUNT_RS : DP_PUNT_MLD, p, s->len_oct);
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
		sim_in(&c->sim, SCALE_AIR_NS, at_mobile, c, flight_new(mobile * SCALE_RADIOS + radio, 0, why, &from, p, s->len_oct), cell);
		return;
	}
	sim_in(&c->sim, SCALE_AIR_NS, at_all, c, flight_new(0, 0, why, &from, p, s->len_oct), cell);
	if (!is_ra && c->conf.protocol == SCALE_ROAMCAST)
		kernel_answers(c, cell, p, s->len_oct);
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

void ways_carry_out(struct scale *c, struct host *h, const struct effect *e)
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
