/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same small world for the full simulator, with kernels, datapaths and neighbour discovery, and the same movement: what
 * was counted here must come out there. That is how the abstract network is calibrated.
 */
#include <stdlib.h>

#include "sim/scale/scale_i.h"

static void head(FILE *f, const struct scale_conf *o)
{
	fprintf(f, "link l-ha delay 10ms\nnode core router\nnode ha router\nnic core.ha0 l-ha 2001:db8:f:ffff::1/64\n"
		"nic ha.core0 l-ha 2001:db8:f:ffff::2/64 2001:db8:7:a::1/128\nroute ha ::/0 via 2001:db8:f:ffff::1 dev core0\n"
		"route core 2001:db8:7::/48 via 2001:db8:f:ffff::2 dev ha0\nroute ha 2001:db8:7::/64 dev none metric 4096\n");
	fprintf(f, "role ha ha {\n\taddress = \"2001:db8:7:a::1\"  home-prefix = {\"2001:db8:7::/64\"}  uplink = {\"core0\"}  lifetime = %u\n"
		"\tmobile \"2001:db8:7::/64\" { key = \"k\" }\n}\n", o->lifetime_s);
}

static void one_site(FILE *f, const struct scale_conf *o, uint32_t s)
{
	uint32_t w2 = 0x100 + s;
	fprintf(f, "link l%u delay 10ms\nnode r%u router site s%u\nnic core.s%u l%u 2001:db8:f:%u::1/64\nnic r%u.core0 l%u 2001:db8:f:%u::2/64\n"
		"route core 2001:db8:%x::/48 via 2001:db8:f:%u::2 dev s%u\nroute r%u ::/0 via 2001:db8:f:%u::1 dev core0\n"
		"route r%u 2001:db8:%x:ff::/64 dev none metric 4096\n", s, s, s, s, s, s, s, s, s, w2, s, s, s, s, s, w2);
	fprintf(f, "role r%u mma {\n\taddress = \"2001:db8:%x:e::1\"  site = \"s%u\"  upstream = {\"core0\"}  coa-prefix = \"2001:db8:%x:ff::/64\"\n"
		"\taccess-prefix = {\"2001:db8:%x:1000::/52\"}  lifetime = %u  mobile \"2001:db8:7::/64\" { key = \"k\" }\n\tdownstream = {", s, w2, s,
		w2, w2, o->lifetime_s);
	for (uint32_t i = 0; i < o->routers; i++)
		fprintf(f, "%s\"d%u\"", i ? ", " : "", i);
	fprintf(f, "}\n");
	for (uint32_t i = 0; i < o->sites; i++)
		if (i != s)
			fprintf(f, "\tpeer \"2001:db8:%x:e::1\" { key = \"k\" }\n", 0x100 + i);
	fprintf(f, "}\n");
}

static void one_router(FILE *f, const struct scale_conf *o, uint32_t s, uint32_t j)
{
	uint32_t w2 = 0x100 + s, a = s * o->routers + j;
	fprintf(f, "link d%u site s%u delay 200us\nnode a%u router site s%u\nnic r%u.d%u d%u 2001:db8:%x:f%u::1/64\nnic a%u.up0 d%u 2001:db8:%x:f%u::2/64\n"
		"route a%u ::/0 via 2001:db8:%x:f%u::1 dev up0\n", a, s, a, s, s, j, a, w2, j, a, a, w2, j, a, w2, j);
	for (uint32_t i = 0; i < o->cells; i++) {
		uint32_t cell = a * o->cells + i, w3 = 0x1000 + j * o->cells + i;
		fprintf(f, "link c%u site s%u delay 1ms\nnic a%u.acc%u c%u 2001:db8:%x:%x::1/64\nroute r%u 2001:db8:%x:%x::/64 via 2001:db8:%x:f%u::2 dev d%u\n",
			cell, s, a, i, cell, w2, w3, s, w2, w3, w2, j, j);
	}
	fprintf(f, "role a%u ar {\n\tsite = \"s%u\"  upstream = \"up0\"  mma = \"2001:db8:%x:e::1\"\n", a, s, w2);
	for (uint32_t i = 0; i < o->cells; i++)
		fprintf(f, "\tinterface \"acc%u\" { prefix = {\"2001:db8:%x:%x::/64\"}  router-address = \"2001:db8:%x:%x::1\"  ra-interval = 30000 }\n", i,
			w2, 0x1000 + j * o->cells + i, w2, 0x1000 + j * o->cells + i);
	fprintf(f, "}\n");
}

void scenario_begin(struct scale *c)
{
	const struct scale_conf *o = &c->conf;
	FILE *f = c->scenario = fopen(o->scenario, "w");
	if (!f) {
		perror(o->scenario);
		exit(3);
	}
	fprintf(f, "# Written by roamsim scale: the full simulator must count what it counted.\n");
	head(f, o);
	for (uint32_t s = 0; s < o->sites; s++) {
		one_site(f, o, s);
		for (uint32_t j = 0; j < o->routers; j++)
			one_router(f, o, s, j);
		fprintf(f, "key r%u k hmac-sha256 256 a-key-for-all\n", s);
	}
	fprintf(f, "key ha k hmac-sha256 256 a-key-for-all\n");
	for (uint32_t i = 0; i < o->mobiles; i++) {
		fprintf(f, "node mn%u\nnic mn%u.w0 -\nnic mn%u.w1 -\nkey mn%u k hmac-sha256 256 a-key-for-all\n", i, i, i, i);
		fprintf(f, "role mn%u mn {\n\thome-address = \"2001:db8:7::%x\"  home-agent = \"2001:db8:7:a::1\"  key = \"k\"  lifetime = %u\n"
			"\tinterface \"w0\" {}  interface \"w1\" {}  use-mma = %s\n", i, i + 1, o->lifetime_s,
			o->protocol == SCALE_ROAMCAST ? "true" : "false");
		for (uint32_t s = 0; s < o->sites; s++)
			fprintf(f, "\tmma \"2001:db8:%x:e::1\" { key = \"k\" }\n", 0x100 + s);
		fprintf(f, "}\n");
	}
}

void scenario_move(const struct scale *c, uint32_t mobile, uint32_t radio, uint32_t cell)
{
	if (!c->scenario)
		return;
	fprintf(c->scenario, "at %lldus %s mn%u.w%u", (long long)(c->sim.t_ns / 1000), cell == NO_CELL ? "detach" : "attach", mobile, radio);
	if (cell == NO_CELL)
		fprintf(c->scenario, "\n");
	else
		fprintf(c->scenario, " c%u\n", cell);
}

/* Registrations must agree to the message; membership reports, which kernels delay and repeat at random, to two in a hundred. */
static void exactly(FILE *f, const char *what, uint64_t n) { fprintf(f, "expect said %s == %llu\n", what, (unsigned long long)n); }

static void about(FILE *f, const char *what, uint64_t n)
{
	fprintf(f, "expect said %s >= %llu\nexpect said %s <= %llu\n", what, (unsigned long long)(n - n / 50), what,
		(unsigned long long)(n + n / 50));
}

void scenario_end(struct scale *c)
{
	struct load agents = {0}, links = {0};
	char what[64];
	for (uint32_t k = 0; k < SCALE_KIND_N; k++) {
		for (uint32_t i = 0; i < c->conf.sites; i++)
			agents.n[k] += c->at_agent[i].n[k];
		for (uint32_t i = 0; i < c->n_cells; i++)
			links.n[k] += c->cell[i].load.n[k];
	}
	fprintf(c->scenario, "end %us\n", c->conf.warm_s + c->conf.seconds);
	exactly(c->scenario, "*>ha:bu", c->at_ha.n[K_UPDATE] + c->at_ha.n[K_REFRESH]);
	for (uint32_t i = 0; i < c->conf.sites && c->conf.protocol == SCALE_ROAMCAST; i++) {
		snprintf(what, sizeof what, "*>r%u:bu *>r%u:dereg", i, i);
		exactly(c->scenario, what, c->at_agent[i].n[K_UPDATE] + c->at_agent[i].n[K_REFRESH]);
	}
	exactly(c->scenario, "*>*:peer", agents.n[K_PEER] / 2); /* sender and receiver are both agents */
	about(c->scenario, "*>*:join", links.n[K_JOIN]);
	about(c->scenario, "*>*:leave", links.n[K_LEAVE]);
	fclose(c->scenario);
	c->scenario = NULL;
}
