/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/swarm/world_i.h"

const char *world_ha(const struct world *w) { return w->has_home_link ? "2001:db8:1::1" : "2001:db8:1:a::1"; }
const char *world_ha4(const struct world *w) { return w->has_home_link ? "10.1.0.1" : "10.1.10.1"; }

/* "{six, four}": those of the world's families. */
static const char *list(const struct world *w, char buf[static 160], const char *six, const char *four)
{
	snprintf(buf, 160, "{%s%s%s%s%s%s%s}", world_six(w) ? "\"" : "", world_six(w) ? six : "", world_six(w) ? "\"" : "",
		 world_six(w) && world_four(w) ? ", " : "", world_four(w) ? "\"" : "", world_four(w) ? four : "", world_four(w) ? "\"" : "");
	return buf;
}

static bool has(const struct world *w, uint32_t mobile, uint32_t family) { return w->mobile_families[mobile] & family; }

/* The blocks of a mobile in an agent's block, a home address each. */
static void mobile_blocks(struct world *w, uint32_t i, const char *key)
{
	if (has(w, i, WORLD_SIX))
		world_say(w, "\tmobile \"2001:db8:1::%u\" { key = \"%s\" }", 100 + i, key);
	if (has(w, i, WORLD_FOUR))
		world_say(w, "\tmobile \"10.1.0.%u\" { key = \"%s\" }", 100 + i, key);
}

void world_correspondent(struct world *w, uint32_t i)
{
	if (!w->is_cn[i] || !world_six(w))
		return;
	world_say(w, "role cn%u cn {\n\tinterface = {\"eth0\"}\n}", i);
	MORE(w->restarts, "cn%u", i);
}

static void home_router(struct world *w)
{
	char prefix[160];
	world_say(w, "role ha ar {\n\tsite = \"s1\"  home-site = true");
	world_say(w, "\tinterface \"home0\" { prefix = %s", list(w, prefix, "2001:db8:1::/64", "10.1.0.0/24"));
	if (world_six(w))
		world_say(w, "\t\trouter-address = \"2001:db8:1::1\"");
	if (world_four(w))
		world_say(w, "\t\trouter-address-v4 = \"10.1.0.1\"");
	world_say(w, "\t\thome-link = true  map = false  ra-interval = %u }\n}", world_between(&w->rng, 3, 20) * 100);
}

void world_home_agent(struct world *w)
{
	char prefix[160], key[16];
	world_say(w, "role ha ha {\n\thome-prefix = %s  uplink = {\"core0\", \"hm0\"}  lifetime = %u", list(w, prefix, "2001:db8:1::/64", "10.1.0.0/24"),
		  w->lifetime_s);
	if (world_six(w))
		world_say(w, "\taddress = \"%s\"", world_ha(w));
	if (world_four(w))
		world_say(w, "\taddress-v4 = \"%s\"", world_ha4(w));
	if (w->has_home_link)
		world_say(w, "\thome-link = \"home0\"  duplicate-detection-time = %u", world_between(&w->rng, 1, 4) * 250);
	for (uint32_t i = 0; i < w->n_mobile; i++) {
		snprintf(key, sizeof key, "m%u", i);
		mobile_blocks(w, i, key);
	}
	for (const struct site *s = w->site; s < w->site + w->n_site && w->has_agent_keys && world_four(w); s++)
		if (s->has_mma)
			world_say(w, "\tforeign-agent \"10.%u.14.1\" { key = \"fa%u\" }", s->number, s->number);
	world_say(w, "}");
	if (w->has_home_link)
		home_router(w);
}

static const char *few_groups(const struct world *w) { return w->has_few_groups ? "  group-prefix-v4 = \"232.128.0.0/29\"" : ""; }

static void agent_addresses(struct world *w, uint32_t k)
{
	char prefix[160], six[48], four[24];
	if (world_six(w))
		world_say(w, "\taddress = \"2001:db8:%u:e::1\"  coa-prefix = \"2001:db8:%u:ff::/64\"", k, k);
	if (world_four(w))
		world_say(w, "\taddress-v4 = \"10.%u.14.1\"  site-address-pool = \"10.%u.255.0/24\"%s", k, k, few_groups(w));
	snprintf(six, sizeof six, "2001:db8:%u:10::/60", k);
	snprintf(four, sizeof four, "10.%u.16.0/20", k);
	world_say(w, "\taccess-prefix = %s", list(w, prefix, six, four));
}

static void agent_peers(struct world *w, const struct site *s)
{
	for (const struct site *p = w->site; p < w->site + w->n_site; p++) {
		if (!w->has_peers || !p->has_mma || p == s)
			continue;
		if (world_six(w))
			world_say(w, "\tpeer \"2001:db8:%u:e::1\" { key = \"agents\" }", p->number);
		if (world_four(w))
			world_say(w, "\tpeer \"10.%u.14.1\" { key = \"agents\" }", p->number);
	}
	if (w->has_agent_keys && world_four(w))
		world_say(w, "\thome-agent \"%s\" { key = \"fa%u\" }", world_ha4(w), s->number);
}

void world_site_agent(struct world *w, const struct site *s)
{
	uint32_t k = s->number, n_down = s->has_proxy ? 1 : s->n_ar;
	char key[24];
	MORE(w->restarts, "r%u", k);
	world_say(w, "role r%u mma {\n\tsite = \"s%u\"  upstream = {\"up0\"}  lifetime = %u  query-interval = 10", k, k, w->lifetime_s);
	agent_addresses(w, k);
	fprintf(w->out, "\tdownstream = {");
	for (uint32_t j = 1; j <= n_down; j++)
		fprintf(w->out, "%s\"d%u\"", j > 1 ? ", " : "", j);
	world_say(w, "}");
	for (uint32_t i = 0; i < w->n_mobile; i++) {
		snprintf(key, sizeof key, "m%u-s%u", i, k);
		if (!w->has_plain_mobile[i])
			mobile_blocks(w, i, key);
	}
	agent_peers(w, s);
	world_say(w, "}");
	if (w->has_peers) /* one key for all pairs: each still signs with both addresses */
		world_say(w, "key r%u agents hmac-sha256 2000 agents-of-all-sites", k);
	if (w->has_agent_keys && world_four(w))
		world_say(w, "key r%u,ha fa%u hmac-sha256 %u foreign-and-home-%u", k, k, 2100 + k, k);
}

void world_proxy(struct world *w, const struct site *s)
{
	uint32_t k = s->number;
	world_say(w, "role x%u ar {\n\tupstream = \"up0\"  site = \"s%u\"  query-interval = 10", k, k);
	if (world_six(w))
		world_say(w, "\tmma = \"2001:db8:%u:e::1\"", k);
	if (world_four(w))
		world_say(w, "\tmma-v4 = \"10.%u.14.1\"", k);
	for (uint32_t j = 1; j <= s->n_ar; j++) {
		fprintf(w->out, "\tinterface \"d%u\" { filter = false  map = false  router-lifetime = 0", j);
		if (world_four(w))
			fprintf(w->out, "  router-address-v4 = \"10.%u.%u.1\"  agent-advertisements = false", k, 240 + j);
		world_say(w, " }");
	}
	world_say(w, "}");
}

static void foreign_agent(struct world *w, const struct site *s, uint32_t j)
{
	uint32_t k = s->number;
	world_say(w, "role a%u-%u fa {\n\taddress-v4 = {\"10.%u.%u.1\"}  upstream = {\"up0\"}", k, j, k, 16 + j);
	world_say(w, "\tinterface \"acc0\" { prefix = {\"10.%u.%u.0/24\"}  ra-interval = %u }\n}", k, 16 + j, world_between(&w->rng4, 3, 20) * 100);
}

/* With an agent in the site one advertiser speaks for both families; without, each family has its own or (leases) none. */
void world_access_router(struct world *w, const struct site *s, uint32_t j)
{
	uint32_t k = s->number, interval_ms = world_between(&w->rng, 3, 20) * 100;
	bool has_four = world_four(w) && s->has_mma, is_ar = world_six(w) || has_four;
	char prefix[160], six[48], four[64];
	if (is_ar || (world_four(w) && !s->has_leases))
		MORE(w->restarts, "a%u-%u", k, j);
	if (world_four(w) && !s->has_mma && !s->has_leases)
		foreign_agent(w, s, j);
	if (!is_ar)
		return;
	world_say(w, "role a%u-%u ar {\n\tsite = \"s%u\"%s  query-interval = 10", k, j, k, k == 1 ? "  home-site = true" : "");
	if (s->has_mma)
		world_say(w, "\tupstream = \"up0\"");
	if (s->has_mma && world_six(w))
		world_say(w, "\tmma = \"2001:db8:%u:e::1\"", k);
	if (has_four)
		world_say(w, "\tmma-v4 = \"10.%u.14.1\"%s", k, few_groups(w));
	snprintf(six, sizeof six, "2001:db8:%u:1%u::/64", k, j);
	snprintf(four, sizeof four, "10.%u.%u.0/24\", \"10.%u.255.0/24", k, 16 + j, k);
	if (has_four)
		list(w, prefix, six, four);
	else
		snprintf(prefix, sizeof prefix, "{\"%s\"}", six);
	world_say(w, "\tinterface \"acc0\" { prefix = %s", prefix);
	if (world_six(w))
		world_say(w, "\t\trouter-address = \"2001:db8:%u:1%u::1\"", k, j);
	if (has_four)
		world_say(w, "\t\trouter-address-v4 = \"10.%u.%u.1\"", k, 16 + j);
	world_say(w, "\t\tmap = %s  ra-interval = %u }\n}", s->has_mma ? "true" : "false", interval_ms);
}

static void mobile_keys(struct world *w, uint32_t i)
{
	for (uint32_t k = 0; k < w->n_site; k++)
		if (w->site[k].has_mma && !w->has_plain_mobile[i])
			world_say(w, "key r%u,mn%u m%u-s%u hmac-sha256 %u secret-of-m%u-in-s%u", w->site[k].number, i, i, w->site[k].number,
				  400 + i * 10 + w->site[k].number, i, w->site[k].number);
}

static void mobile_six(struct world *w, uint32_t i)
{
	static const char *const dad[] = {"none", "optimistic"}, *const ro[] = {"off", "agent", "own", "auto"};
	const char *d = dad[world_percent(&w->rng, 30)];
	const char *privacy = world_percent(&w->rng, 20) ? "true" : "false";
	if (has(w, i, WORLD_SIX))
		world_say(w, "\thome-address = \"2001:db8:1::%u\"  home-prefix = \"2001:db8:1::/64\"  home-agent = \"%s\"", 100 + i, world_ha(w));
	world_say(w, "\tkey = \"m%u\"  lifetime = %u  use-mma = %s  dad = %s  privacy = %s  drain = %u", i, w->lifetime_s,
		  w->has_plain_mobile[i] ? "false" : "true", d, privacy, w->has_ro ? world_between(&w->rng, 6, 10) * 50 : world_between(&w->rng, 1, 8) * 50);
	world_say(w, "\troute-optimisation = %s", w->has_ro ? ro[world_draw(&w->rng, 4)] : "off");
}

static void mobile_four(struct world *w, uint32_t i)
{
	static const char *const encap[] = {"ipip", "gre", "minimal"};
	const char *e = encap[world_draw(&w->rng4, 3)];
	bool is_reverse = world_percent(&w->rng4, 50), has_several = w->has_plain_mobile[i] && world_percent(&w->rng4, 20);
	if (!has(w, i, WORLD_FOUR))
		return;
	world_say(w, "\thome-address-v4 = \"10.1.0.%u\"  home-prefix-v4 = \"10.1.0.0/24\"  home-agent-v4 = \"%s\"", 100 + i, world_ha4(w));
	world_say(w, "\tencapsulation = %s  reverse-tunnel = %s  simultaneous = %s", e, is_reverse ? "required" : "optional", has_several ? "true" : "false");
}

void world_mobile(struct world *w, uint32_t i, const char *cell)
{
	bool is_both = has(w, i, WORLD_SIX) && has(w, i, WORLD_FOUR);
	world_say(w, "node mn%u attach-delay %ums\nnic mn%u.w0 %s dhcp", i, world_draw(&w->rng, 20), i, cell);
	if (w->has_two_radios[i])
		world_say(w, "nic mn%u.w1 - dhcp", i);
	world_say(w, "key ha,mn%u m%u hmac-sha%s %u secret-of-m%u-at-home", i, i, world_percent(&w->rng, 50) ? "1" : "256", 300 + i, i);
	world_say(w, "role mn%u mn {", i);
	mobile_six(w, i);
	mobile_four(w, i);
	world_say(w, "\tinterface \"w0\" {}%s", w->has_two_radios[i] ? "  interface \"w1\" {}" : "");
	for (uint32_t k = 0; k < w->n_site; k++) {
		uint32_t s = w->site[k].number;
		if (!w->site[k].has_mma || w->has_plain_mobile[i])
			continue;
		if (is_both)
			world_say(w, "\tmma \"2001:db8:%u:e::1\" { address-v4 = \"10.%u.14.1\"  key = \"m%u-s%u\" }", s, s, i, s);
		else if (has(w, i, WORLD_SIX))
			world_say(w, "\tmma \"2001:db8:%u:e::1\" { key = \"m%u-s%u\" }", s, i, s);
		else
			world_say(w, "\tmma \"10.%u.14.1\" { key = \"m%u-s%u\" }", s, i, s);
	}
	world_say(w, "}");
	mobile_keys(w, i);
	MORE(w->restarts, "mn%u", i);
}
