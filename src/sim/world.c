/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses: site K is 2001:db8:K::/48, the home site is 1. In it :1J::/64 are access links, :fJ::/64 wires, :ff::/64 the
 * agent's care-of addresses, :e::1 its service address. Correspondent node I is 2001:db8:cI::2.
 *
 *   cnI --- core --- ha ---- home (only when the home prefix has a link)
 *             |       \----- agent or router of site 1 --- [proxy] --- access routers --- cells
 *             |------------- agent or router of site K --- ...
 */
#include "sim/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "sim/sim.h"

enum { SITES_MAX = 4, AR_MAX = 4, MOBILES_MAX = 5, CN_MAX = 2, ATTACKS = 12, FAULTS_FROM_S = 4, SETTLE_S = 40 };

struct site { uint32_t number, n_ar; bool has_mma, has_proxy; };

struct world {
	FILE *out;
	struct prng rng;
	struct site site[SITES_MAX];
	uint32_t n_site, n_mobile, n_cn, lifetime_s, faults_to_s;
	bool has_home_link, has_plain_mobile[MOBILES_MAX], has_two_radios[MOBILES_MAX], has_peers, has_ro, is_cn[CN_MAX + 1];
	char cells[256], links[512], restarts[512];
};

static uint32_t draw(struct world *w, uint32_t bound) { return (uint32_t)(prng_u64(&w->rng) % bound); }
static bool percent(struct world *w, uint32_t p) { return draw(w, 100) < p; }
static uint32_t between(struct world *w, uint32_t low, uint32_t high) { return low + draw(w, high - low + 1); }

static void say(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct world *w, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vfprintf(w->out, fmt, ap);
	va_end(ap);
	fputc('\n', w->out);
}

/* One more name in a list with commas. */
static void more(char *list, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void more(char *list, size_t size, const char *fmt, ...)
{
	size_t n = strlen(list);
	va_list ap;
	if (n && n + 1 < size)
		list[n++] = ',';
	va_start(ap, fmt);
	vsnprintf(list + n, size - n, fmt, ap);
	va_end(ap);
}
#define MORE(list, ...) more(list, sizeof(list), __VA_ARGS__)

static void choose(struct world *w)
{
	w->n_site = between(w, 2, SITES_MAX);
	w->n_mobile = between(w, 1, MOBILES_MAX);
	w->faults_to_s = w->n_mobile == 1 ? 150 : w->n_mobile == 2 ? 60 : 46; /* for enough handovers */
	w->n_cn = between(w, 1, CN_MAX);
	w->has_ro = percent(w, 60);
	/* A correspondent node is not told of what is left when a refresh is due: eight seconds at least. */
	w->lifetime_s = w->has_ro ? between(w, 15, 20) * 4 : between(w, 3, 10) * 4;
	w->has_home_link = percent(w, 85);
	w->has_peers = percent(w, 80);
	for (uint32_t i = 1; i <= CN_MAX; i++)
		w->is_cn[i] = percent(w, 70);
	for (uint32_t i = 0; i < w->n_site; i++) {
		struct site *s = &w->site[i];
		s->number = i + 1;
		s->n_ar = i == 1 ? between(w, 2, AR_MAX) : i ? between(w, 1, AR_MAX) : draw(w, AR_MAX);
		s->has_mma = s->n_ar && percent(w, 75);
		s->has_proxy = s->has_mma && percent(w, 20);
	}
	for (uint32_t i = 0; i < w->n_mobile; i++) {
		w->has_two_radios[i] = percent(w, 60);
		w->has_plain_mobile[i] = percent(w, 15);
	}
}

static void wire(struct world *w, const char *name, uint32_t site, uint32_t delay_us)
{
	if (site)
		say(w, "link %s site s%u delay %uus", name, site, delay_us);
	else
		say(w, "link %s delay %uus", name, delay_us);
	MORE(w->links, "%s", name);
}

static void backbone(struct world *w)
{
	say(w, "node core router\nlink l-eve delay 1ms\nnode eve\nnic eve.eth0 l-eve 2001:db8:e::2/64");
	say(w, "route eve ::/0 via 2001:db8:e::1 dev eth0\nnic core.eve l-eve 2001:db8:e::1/64");
	for (uint32_t i = 1; i <= w->n_cn; i++) {
		char name[16];
		snprintf(name, sizeof name, "l-cn%u", i);
		wire(w, name, 0, between(w, 1, 20) * 1000);
		say(w, "node cn%u\nnic cn%u.eth0 %s 2001:db8:c%u::2/64\nroute cn%u ::/0 via 2001:db8:c%u::1 dev eth0", i, i, name, i, i, i);
		say(w, "nic core.cn%u %s 2001:db8:c%u::1/64", i, name, i);
		if (!w->is_cn[i])
			continue;
		say(w, "role cn%u cn {\n\tinterface = {\"eth0\"}\n}", i);
		MORE(w->restarts, "cn%u", i);
	}
}

/* The home agent stands between the backbone and the rest of its site. */
static void home_agent(struct world *w)
{
	wire(w, "l-ha", 0, between(w, 1, 10) * 500);
	wire(w, "l-hm", 1, 50);
	say(w, "node ha router site s1\nnic core.ha0 l-ha 2001:db8:f:1::1/64\nroute core 2001:db8:1::/48 via 2001:db8:f:1::2 dev ha0");
	say(w, "nic ha.core0 l-ha 2001:db8:f:1::2/64%s", w->has_home_link ? "" : " 2001:db8:1:a::1/128");
	if (w->has_home_link) {
		wire(w, "home", 1, 50);
		say(w, "nic ha.home0 home 2001:db8:1::1/64");
		MORE(w->cells, "home");
	}
	say(w, "nic ha.hm0 l-hm 2001:db8:1:f0::1/64\nroute ha ::/0 via 2001:db8:f:1::1 dev core0");
	say(w, "route ha 2001:db8:1::/48 via 2001:db8:1:f0::2 dev hm0\nroute ha 2001:db8:1::/64 dev none metric 4096");
	MORE(w->restarts, "ha");
	say(w, "role ha ha {\n\taddress = \"%s\"  home-prefix = {\"2001:db8:1::/64\"}  uplink = {\"core0\", \"hm0\"}  lifetime = %u",
	    w->has_home_link ? "2001:db8:1::1" : "2001:db8:1:a::1", w->lifetime_s);
	if (w->has_home_link)
		say(w, "\thome-link = \"home0\"  duplicate-detection-time = %u", between(w, 1, 4) * 250);
	for (uint32_t i = 0; i < w->n_mobile; i++)
		say(w, "\tmobile \"2001:db8:1::%u\" { key = \"m%u\" }", 100 + i, i);
	say(w, "}");
	if (w->has_home_link)
		say(w, "role ha ar {\n\tsite = \"s1\"  home-site = true\n\tinterface \"home0\" { prefix = {\"2001:db8:1::/64\"}  "
		    "router-address = \"2001:db8:1::1\"  home-link = true  map = false  ra-interval = %u }\n}", between(w, 3, 20) * 100);
}

/* The agent of a site, or a plain router in its place: node rK, interface up0 to the backbone, d1... down. */
static void site_head(struct world *w, const struct site *s)
{
	uint32_t k = s->number;
	char name[16];
	say(w, "node r%u router site s%u", k, k);
	if (k == 1) {
		say(w, "nic r1.up0 l-hm 2001:db8:1:f0::2/64\nroute r1 ::/0 via 2001:db8:1:f0::1 dev up0");
	} else {
		snprintf(name, sizeof name, "l-s%u", k);
		wire(w, name, 0, between(w, 1, 25) * 1000);
		say(w, "nic core.s%u %s 2001:db8:f:%u::1/64\nroute core 2001:db8:%u::/48 via 2001:db8:f:%u::2 dev s%u", k, name, k, k, k, k);
		say(w, "nic r%u.up0 %s 2001:db8:f:%u::2/64\nroute r%u ::/0 via 2001:db8:f:%u::1 dev up0", k, name, k, k, k);
	}
	/* These are roam0's while roamd runs; otherwise they must not follow the default route back. */
	say(w, "route r%u 2001:db8:%u:ff::/64 dev none metric 4096\nroute r%u 2001:db8:%u:e::/64 dev none metric 4096", k, k, k, k);
}

static void site_agent(struct world *w, const struct site *s)
{
	uint32_t k = s->number, n_down = s->has_proxy ? 1 : s->n_ar;
	MORE(w->restarts, "r%u", k);
	say(w, "role r%u mma {\n\taddress = \"2001:db8:%u:e::1\"  site = \"s%u\"  upstream = {\"up0\"}  lifetime = %u  query-interval = 10",
	    k, k, k, w->lifetime_s);
	say(w, "\tcoa-prefix = \"2001:db8:%u:ff::/64\"  access-prefix = {\"2001:db8:%u:10::/60\"}", k, k);
	fprintf(w->out, "\tdownstream = {");
	for (uint32_t j = 1; j <= n_down; j++)
		fprintf(w->out, "%s\"d%u\"", j > 1 ? ", " : "", j);
	say(w, "}");
	for (uint32_t i = 0; i < w->n_mobile; i++)
		if (!w->has_plain_mobile[i])
			say(w, "\tmobile \"2001:db8:1::%u\" { key = \"m%u-s%u\" }", 100 + i, i, k);
	for (const struct site *p = w->site; p < w->site + w->n_site; p++)
		if (w->has_peers && p->has_mma && p != s)
			say(w, "\tpeer \"2001:db8:%u:e::1\" { key = \"agents\" }", p->number);
	say(w, "}");
	if (w->has_peers) /* one key for all pairs: each still signs with both addresses */
		say(w, "key r%u agents hmac-sha256 2000 agents-of-all-sites", k);
}

/* A proxy between the agent and the access routers: one branch, and below it all of them. */
static void site_proxy(struct world *w, const struct site *s)
{
	uint32_t k = s->number;
	char name[16];
	snprintf(name, sizeof name, "p%u", k);
	wire(w, name, k, 50);
	say(w, "nic r%u.d1 %s 2001:db8:%u:fe::1/64\nnode x%u router site s%u\nnic x%u.up0 %s 2001:db8:%u:fe::2/64", k, name, k, k, k, k, name, k);
	say(w, "route x%u ::/0 via 2001:db8:%u:fe::1 dev up0\nroute r%u 2001:db8:%u:10::/60 via 2001:db8:%u:fe::2 dev d1", k, k, k, k, k);
	for (uint32_t j = 1; j <= s->n_ar; j++)
		say(w, "route r%u 2001:db8:%u:f%u::/64 via 2001:db8:%u:fe::2 dev d1", k, k, j, k);
	MORE(w->restarts, "x%u", k);
}

static void proxy_role(struct world *w, const struct site *s)
{
	uint32_t k = s->number;
	say(w, "role x%u ar {\n\tupstream = \"up0\"  mma = \"2001:db8:%u:e::1\"  site = \"s%u\"  query-interval = 10", k, k, k);
	for (uint32_t j = 1; j <= s->n_ar; j++)
		say(w, "\tinterface \"d%u\" { filter = false  map = false  router-lifetime = 0 }", j);
	say(w, "}");
}

static void access_router(struct world *w, const struct site *s, uint32_t j)
{
	uint32_t k = s->number;
	char name[16];
	snprintf(name, sizeof name, "d%u-%u", k, j);
	wire(w, name, k, between(w, 1, 10) * 50);
	snprintf(name, sizeof name, "c%u-%u", k, j);
	wire(w, name, k, between(w, 1, 10) * 100);
	MORE(w->cells, "%s", name);
	const char *head = s->has_proxy ? "x" : "r";
	say(w, "nic %s%u.d%u d%u-%u 2001:db8:%u:f%u::1/64", head, k, j, k, j, k, j);
	say(w, "route %s%u 2001:db8:%u:1%u::/64 via 2001:db8:%u:f%u::2 dev d%u", head, k, k, j, k, j, j);
	say(w, "node a%u-%u router site s%u\nnic a%u-%u.up0 d%u-%u 2001:db8:%u:f%u::2/64", k, j, k, k, j, k, j, k, j);
	say(w, "nic a%u-%u.acc0 %s 2001:db8:%u:1%u::1/64\nroute a%u-%u ::/0 via 2001:db8:%u:f%u::1 dev up0", k, j, name, k, j, k, j, k, j);
	say(w, "role a%u-%u ar {\n\tsite = \"s%u\"%s  query-interval = 10", k, j, k, k == 1 ? "  home-site = true" : "");
	if (s->has_mma)
		say(w, "\tupstream = \"up0\"  mma = \"2001:db8:%u:e::1\"", k);
	say(w, "\tinterface \"acc0\" { prefix = {\"2001:db8:%u:1%u::/64\"}  router-address = \"2001:db8:%u:1%u::1\"  map = %s  "
	    "ra-interval = %u }\n}", k, j, k, j, s->has_mma ? "true" : "false", between(w, 3, 20) * 100);
	MORE(w->restarts, "a%u-%u", k, j);
}

static void one_site(struct world *w, const struct site *s)
{
	site_head(w, s);
	if (s->has_proxy)
		site_proxy(w, s);
	for (uint32_t j = 1; j <= s->n_ar; j++)
		access_router(w, s, j);
	if (s->has_proxy)
		proxy_role(w, s);
	if (s->has_mma)
		site_agent(w, s);
}

static const char *any_cell(struct world *w, char name[static 16])
{
	uint32_t n = 1, pick;
	for (const char *p = w->cells; *p; p++)
		n += *p == ',';
	const char *p = w->cells;
	for (pick = draw(w, n); pick; pick--)
		p = strchr(p, ',') + 1;
	snprintf(name, 16, "%.*s", (int)strcspn(p, ","), p);
	return name;
}

static void mobile(struct world *w, uint32_t i)
{
	static const char *const dad[] = {"none", "optimistic"}, *const ro[] = {"off", "agent", "own", "auto"};
	char cell[16];
	say(w, "node mn%u attach-delay %ums\nnic mn%u.w0 %s", i, draw(w, 20), i, any_cell(w, cell));
	if (w->has_two_radios[i])
		say(w, "nic mn%u.w1 -", i);
	say(w, "key ha,mn%u m%u hmac-sha%s %u secret-of-m%u-at-home", i, i, percent(w, 50) ? "1" : "256", 300 + i, i);
	say(w, "role mn%u mn {\n\thome-address = \"2001:db8:1::%u\"  home-prefix = \"2001:db8:1::/64\"  home-agent = \"%s\"", i, 100 + i,
	    w->has_home_link ? "2001:db8:1::1" : "2001:db8:1:a::1");
	say(w, "\tkey = \"m%u\"  lifetime = %u  use-mma = %s  dad = %s  privacy = %s  drain = %u", i, w->lifetime_s,
	    w->has_plain_mobile[i] ? "false" : "true", dad[percent(w, 30)], percent(w, 20) ? "true" : "false", w->has_ro ? between(w, 6, 10) * 50 : between(w, 1, 8) * 50);
	say(w, "\troute-optimisation = %s", w->has_ro ? ro[draw(w, 4)] : "off");
	say(w, "\tinterface \"w0\" {}%s", w->has_two_radios[i] ? "  interface \"w1\" {}" : "");
	for (uint32_t k = 0; k < w->n_site; k++)
		if (w->site[k].has_mma && !w->has_plain_mobile[i])
			say(w, "\tmma \"2001:db8:%u:e::1\" { key = \"m%u-s%u\" }", w->site[k].number, i, w->site[k].number);
	say(w, "}");
	for (uint32_t k = 0; k < w->n_site; k++)
		if (w->site[k].has_mma && !w->has_plain_mobile[i])
			say(w, "key r%u,mn%u m%u-s%u hmac-sha256 %u secret-of-m%u-in-s%u", w->site[k].number, i, i, w->site[k].number,
			    400 + i * 10 + w->site[k].number, i, w->site[k].number);
	MORE(w->restarts, "mn%u", i);
}

static uint32_t size_of(struct world *w) { return percent(w, 10) ? between(w, 300, 1200) : between(w, 32, 200); }

static void traffic(struct world *w)
{
	for (uint32_t i = 0; i < w->n_mobile; i++) {
		uint32_t cn = between(w, 1, w->n_cn);
		say(w, "flow down%u cn%u 2001:db8:c%u::2 -> mn%u 2001:db8:1::%u pps 20 size %u from 2s", i, cn, cn, i, 100 + i, size_of(w));
		say(w, "flow up%u mn%u 2001:db8:1::%u -> cn%u 2001:db8:c%u::2 pps 20 size %u from 2s", i, i, 100 + i, cn, cn, size_of(w));
	}
	if (w->n_mobile > 1)
		say(w, "flow across mn0 2001:db8:1::100 -> mn1 2001:db8:1::101 pps 20 size %u from 2s", size_of(w));
}

/* Eve, in the backbone, and Bob, in a site: they know all addresses and hear all messages, but have no key. */
static void attack(struct world *w)
{
	static const char *const what[] = {"", " unsigned", " lifetime 0", " unsigned lifetime 0"};
	say(w, "node bob\nnic bob.eth0 c2-1 2001:db8:2:11::bad/64\nroute bob ::/0 via 2001:db8:2:11::1 dev eth0");
	for (uint32_t i = 0; i < ATTACKS; i++) {
		uint32_t at_ms = between(w, 5000, w->faults_to_s * 1000), m = draw(w, w->n_mobile), k = 1 + draw(w, w->n_site);
		char agent[32];
		snprintf(agent, sizeof agent, "%s", w->has_home_link ? "2001:db8:1::1" : "2001:db8:1:a::1");
		if (w->site[k - 1].has_mma && percent(w, 50))
			snprintf(agent, sizeof agent, "2001:db8:%u:e::1", k);
		switch (draw(w, 7)) {
		case 0:
			say(w, "at %ums forge 2001:db8:1::%u 2001:db8:e::2 to %s by eve%s", at_ms, 100 + m, agent, what[draw(w, 4)]);
			break;
		case 1:
			say(w, "at %ums forge 2001:db8:1::%u 2001:db8:e::2 to %s by eve group ff35::bad%s", at_ms, 100 + m, agent, what[draw(w, 4)]);
			break;
		case 2:
			say(w, "at %ums maybe replay %s bu to %s by eve%s", at_ms, percent(w, 50) ? "first" : "last", agent,
			    percent(w, 30) ? " tampered" : "");
			break;
		case 3:
			say(w, "at %ums forge 2001:db8:1::%u 2001:db8:e::2 to 2001:db8:c%u::2 by eve peer", at_ms, 100 + m, between(w, 1, w->n_cn));
			break;
		case 4: /* somebody in the site guesses */
			say(w, "at %ums inject bob 2001:db8:2:11::bad 2001:db8:2:e::1 2001:db8:1::%u 2001:db8:c1::2 gre 7", at_ms, 100 + m);
			break;
		case 5:
			say(w, "at %ums forge 2001:db8:1::%u 2001:db8:2:11::bad to 2001:db8:2:e::1 by bob group ff35::bad", at_ms, 100 + m);
			break;
		case 6:
			say(w, "at %ums inject eve 2001:db8:e::2 %s 2001:db8:1::%u 2001:db8:c1::2%s", at_ms, agent, 100 + m, percent(w, 50) ? " gre 7" : "");
			break;
		}
	}
}

static void shake(struct world *w)
{
	for (uint32_t i = 0; i < w->n_mobile; i++)
		say(w, "swarm mobile mn%u %s %s", i, w->has_two_radios[i] ? "w0,w1" : "w0", w->cells);
	if (w->n_mobile > 1 && percent(w, 25))
		say(w, "swarm gone mn%u", w->n_mobile - 1);
	say(w, "swarm restart %s\nswarm link %s", w->restarts, w->links);
	/* What a correspondent node was told last may have been told by somebody who was switched off since: it ends by itself. */
	uint32_t settle_s = w->has_ro ? w->lifetime_s + 12 : SETTLE_S;
	say(w, "swarm faults %us %us\nswarm settle %us\nswarm handovers 20", FAULTS_FROM_S, w->faults_to_s, settle_s);
	say(w, "swarm remains %us\nswarm coda", w->lifetime_s > 24 ? w->lifetime_s : 24); /* 24 s: a membership that nobody repeats */
}

char *world_text(uint64_t seed)
{
	struct world *w = sim_alloc(sizeof *w);
	char *text = NULL;
	size_t len;
	w->out = open_memstream(&text, &len);
	prng_seed(&w->rng, seed * 0x9e3779b97f4a7c15u + 1);
	choose(w);
	backbone(w);
	home_agent(w);
	for (uint32_t i = 0; i < w->n_site; i++)
		one_site(w, &w->site[i]);
	for (uint32_t i = 0; i < w->n_mobile; i++)
		mobile(w, i);
	traffic(w);
	attack(w);
	shake(w);
	fclose(w->out);
	free(w);
	return text;
}
