/* SPDX-License-Identifier: BSD-2-Clause */
/* What passes where: counted by kind over the measured time, and by second. */
#include <stdlib.h>
#include <string.h>

#include "sim/net/pkt.h"
#include "sim/scale/scale_i.h"
#include "wire/mip6/mh_packet.h"

const char *const scale_kind_name[SCALE_KIND_N] = {"update", "refresh", "ack", "peer", "join", "leave", "answer", "query", "router", "other"};

static void init_one(const struct scale *c, struct load *l) { l->per_s = sim_alloc(c->conf.seconds * sizeof *l->per_s); }

void load_init(struct scale *c)
{
	c->at_agent = sim_alloc(c->conf.sites * sizeof *c->at_agent);
	init_one(c, &c->at_ha);
	for (uint32_t i = 0; i < c->conf.sites; i++)
		init_one(c, &c->at_agent[i]);
	for (uint32_t i = 0; i < c->n_cells; i++)
		init_one(c, &c->cell[i].load);
}

void load_fini(struct scale *c)
{
	free(c->at_ha.per_s);
	for (uint32_t i = 0; i < c->conf.sites; i++)
		free(c->at_agent[i].per_s);
	for (uint32_t i = 0; i < c->n_cells; i++)
		free(c->cell[i].load.per_s);
	free(c->at_agent);
}

bool load_is_measured(const struct scale *c)
{
	return c->sim.t_ns >= c->conf.warm_s * NS_PER_S && c->sim.t_ns < (int64_t)(c->conf.warm_s + c->conf.seconds) * NS_PER_S;
}

void load_count(struct scale *c, enum scale_place at, uint32_t index, enum scale_kind k)
{
	struct load *l = at == AT_HA ? &c->at_ha : at == AT_AGENT ? &c->at_agent[index] : &c->cell[index].load;
	if (!load_is_measured(c))
		return;
	l->n[k]++;
	if (k != K_ROUTER) /* the model of RFC 5380 has none: not part of the load that is compared */
		l->per_s[c->sim.t_ns / NS_PER_S - c->conf.warm_s]++;
}

/* Counted once, where the mobile sends it: what it asks for anew, and what only prolongs. */
static enum scale_kind kind_of_update(struct scale *c, enum scale_place at, const struct mh_packet *m)
{
	uint32_t mobile = get32(m->peer.b + 12) - 1;
	if (mobile >= c->conf.mobiles)
		return K_OTHER;
	struct mobile *mo = &c->mobile[mobile];
	bool is_agent = m->mh.opt.rc.has_mcoa;
	struct addr6 *told = is_agent ? &mo->told_agent : &mo->told_ha, asks = is_agent ? m->self : *mh_packet_coa(m);
	bool is_refresh = m->mh.bu.lifetime_s && addr6_eq(told, &asks);
	if (at != AT_LINK) /* it has left the mobile: as it was called there */
		return m->mh.bu.lifetime_s && mo->moved_ns + NS_PER_S < c->sim.t_ns ? K_REFRESH : K_UPDATE;
	if (m->mh.bu.lifetime_s)
		*told = asks;
	if (!is_refresh && load_is_measured(c))
		c->n_caused[mo->was_other_site][is_agent ? AT_AGENT : AT_HA]++;
	return is_refresh ? K_REFRESH : K_UPDATE;
}

static enum scale_kind kind_of_report(const uint8_t *icmp, size_t len)
{
	uint8_t type = len > 8 ? icmp[8] : 0;
	return type == 5 ? K_JOIN : type == 6 ? K_LEAVE : K_ANSWER;
}

static enum scale_kind kind_of(struct scale *c, enum scale_place at, const uint8_t *p, size_t len)
{
	struct mh_packet m;
	size_t off;
	int upper = ip6_upper(p, len, &off);
	if (upper == PROTO_ICMP6 && off < len)
		return p[off] == ICMP_MLD2_REPORT ? kind_of_report(p + off, len - off)
			: p[off] == ICMP_MLD_QUERY ? K_QUERY : p[off] == ICMP_RS || p[off] == ICMP_RA ? K_ROUTER : K_OTHER;
	if (upper != PROTO_MH || mh_packet_parse(p, len, &m) == W_PROTO)
		return K_OTHER;
	return m.mh.type == MH_BU ? kind_of_update(c, at, &m) : m.mh.type == MH_BA ? K_ACK : K_PEER;
}

void load_packet(struct scale *c, enum scale_place at, uint32_t index, const uint8_t *p, size_t len)
{
	load_count(c, at, index, kind_of(c, at, p, len));
}

static int by_value(const void *a, const void *b) { return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b; }

static uint64_t sum(const struct load *l)
{
	uint64_t n = 0;
	for (uint32_t k = 0; k < SCALE_KIND_N; k++)
		n += k == K_ROUTER ? 0 : l->n[k];
	return n;
}

/* One place: totals by kind, messages a second (mean, 99th percentile, most), and the mean of each minute. */
static void write_load(FILE *f, const struct scale *c, const char *name, const struct load *l, double share)
{
	uint16_t *sorted = sim_alloc(c->conf.seconds * sizeof *sorted);
	memcpy(sorted, l->per_s, c->conf.seconds * sizeof *sorted);
	qsort(sorted, c->conf.seconds, sizeof *sorted, by_value);
	fprintf(f, "  \"%s\": {\"per_s\": {\"mean\": %.3f, \"p99\": %u, \"max\": %u}, \"total\": {", name,
		(double)sum(l) * share / c->conf.seconds, sorted[(uint64_t)c->conf.seconds * 99 / 100], sorted[c->conf.seconds - 1]);
	for (uint32_t k = 0; k < SCALE_KIND_N; k++)
		fprintf(f, "%s\"%s\": %llu", k ? ", " : "", scale_kind_name[k], (unsigned long long)l->n[k]);
	fprintf(f, "}, \"minutes\": [");
	for (uint32_t m = 0; m < c->conf.seconds / 60; m++) {
		uint64_t n = 0;
		for (uint32_t s = 0; s < 60; s++)
			n += l->per_s[m * 60 + s];
		fprintf(f, "%s%.2f", m ? ", " : "", (double)n / 60);
	}
	fprintf(f, "]},\n");
	free(sorted);
}

static struct load add_up(const struct load *first, size_t stride, uint32_t n, const struct load **busiest)
{
	struct load all = {.per_s = first->per_s};
	*busiest = first;
	for (uint32_t i = 0; i < n; i++) {
		const struct load *l = (const struct load *)((const char *)first + i * stride);
		for (uint32_t k = 0; k < SCALE_KIND_N; k++)
			all.n[k] += l->n[k];
		if (sum(l) > sum(*busiest))
			*busiest = l;
	}
	return all;
}

static void write_totals(FILE *f, const char *name, const struct load *l)
{
	fprintf(f, "  \"%s\": {", name);
	for (uint32_t k = 0; k < SCALE_KIND_N; k++)
		fprintf(f, "%s\"%s\": %llu", k ? ", " : "", scale_kind_name[k], (unsigned long long)l->n[k]);
	fprintf(f, "},\n");
}

void load_write(const struct scale *c, double cpu_s)
{
	const struct scale_conf *o = &c->conf;
	const struct load *agent, *link;
	struct load agents = add_up(c->at_agent, sizeof *c->at_agent, o->sites, &agent);
	struct load links = add_up(&c->cell[0].load, sizeof c->cell[0], c->n_cells, &link);
	FILE *f = o->json ? fopen(o->json, "w") : stdout;
	if (!f) {
		perror(o->json);
		return;
	}
	fprintf(f, "{\n  \"protocol\": \"%s\", \"mobiles\": %u, \"sites\": %u, \"routers\": %u, \"cells\": %u, \"seconds\": %u, \"warm_s\": %u,\n",
		scale_protocol_name[o->protocol], o->mobiles, o->sites, c->n_routers, c->n_cells, o->seconds, o->warm_s);
	fprintf(f, "  \"stay_s\": %.1f, \"other_site_percent\": %u, \"lifetime_s\": %u, \"seed\": %llu,\n", o->stay_s, o->other_site_percent,
		o->lifetime_s, (unsigned long long)o->seed);
	fprintf(f, "  \"handovers\": {\"same_site\": %llu, \"other_site\": %llu},\n", (unsigned long long)c->n_handovers[0],
		(unsigned long long)c->n_handovers[1]);
	fprintf(f, "  \"updates_caused\": {\"same_site\": {\"ha\": %llu, \"agent\": %llu}, \"other_site\": {\"ha\": %llu, \"agent\": %llu}},\n",
		(unsigned long long)c->n_caused[0][AT_HA], (unsigned long long)c->n_caused[0][AT_AGENT],
		(unsigned long long)c->n_caused[1][AT_HA], (unsigned long long)c->n_caused[1][AT_AGENT]);
	write_load(f, c, "ha", &c->at_ha, 1);
	write_load(f, c, "busiest_agent", agent, 1);
	write_load(f, c, "busiest_link", link, 1);
	write_totals(f, "agents", &agents);
	write_totals(f, "links", &links);
	fprintf(f, "  \"cpu_s\": %.1f, \"events\": %llu, \"undelivered\": %llu\n}\n", cpu_s, (unsigned long long)c->sim.n_events,
		(unsigned long long)c->n_undelivered);
	if (f != stdout)
		fclose(f);
}
