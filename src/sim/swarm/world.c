/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/swarm/world.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"
#include "sim/swarm/world_i.h"

enum { ATTACKS = 12, FAULTS_FROM_S = 4, SETTLE_S = 40 };

uint32_t world_draw(struct prng *p, uint32_t bound) { return (uint32_t)(prng_u64(p) % bound); }
bool world_percent(struct prng *p, uint32_t percent) { return world_draw(p, 100) < percent; }
uint32_t world_between(struct prng *p, uint32_t low, uint32_t high) { return low + world_draw(p, high - low + 1); }

static uint32_t draw(struct world *w, uint32_t bound) { return world_draw(&w->rng, bound); }
static bool percent(struct world *w, uint32_t p) { return world_percent(&w->rng, p); }
static uint32_t between(struct world *w, uint32_t low, uint32_t high) { return world_between(&w->rng, low, high); }
#define say world_say

void world_say(struct world *w, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vfprintf(w->out, fmt, ap);
	va_end(ap);
	fputc('\n', w->out);
}

void world_more(char *list, size_t size, const char *fmt, ...)
{
	size_t n = strlen(list);
	va_list ap;
	if (n && n + 1 < size)
		list[n++] = ',';
	va_start(ap, fmt);
	vsnprintf(list + n, size - n, fmt, ap);
	va_end(ap);
}

/* Half of the worlds have IPv6 alone, a quarter IPv4, a quarter both; there a mobile may still have only one. */
static void choose_families(struct world *w, enum world_families asked)
{
	static const uint32_t of_world[] = {WORLD_SIX, WORLD_SIX, WORLD_FOUR, WORLD_SIX | WORLD_FOUR};
	static const uint32_t of_mobile[] = {WORLD_SIX, WORLD_FOUR, WORLD_SIX | WORLD_FOUR, WORLD_SIX | WORLD_FOUR, WORLD_SIX | WORLD_FOUR};
	uint32_t drawn = of_world[world_draw(&w->rng4, 4)];
	w->families = asked == WORLD_IPV6 ? WORLD_SIX : asked == WORLD_IPV4 ? WORLD_FOUR : asked == WORLD_DUAL ? WORLD_SIX | WORLD_FOUR : drawn;
	for (uint32_t i = 0; i < w->n_mobile; i++) {
		w->mobile_families[i] = of_mobile[world_draw(&w->rng4, 5)] & w->families;
		if (!w->mobile_families[i])
			w->mobile_families[i] = w->families;
	}
	w->has_agent_keys = world_percent(&w->rng4, 40);
	w->has_few_groups = world_percent(&w->rng4, 30);
	bool has_plain = false;
	for (uint32_t i = 0; i < w->n_mobile; i++)
		has_plain |= w->has_plain_mobile[i];
	for (uint32_t i = 0; i < w->n_site; i++) {
		struct site *s = &w->site[i];
		s->has_leases = (s->has_mma && has_plain) || world_percent(&w->rng4, 40); /* a mobile without use for the MMA finds nothing else */
		s->has_nat = s->has_leases && !s->has_mma && s->number > 1 && world_percent(&w->rng4, 50);
	}
}

static void choose(struct world *w, enum world_families asked)
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
	choose_families(w, asked);
}

static void one_site(struct world *w, const struct site *s)
{
	world_site_head(w, s);
	if (s->has_proxy)
		world_site_proxy(w, s);
	for (uint32_t j = 1; j <= s->n_ar; j++) {
		world_access_link(w, s, j);
		world_access_router(w, s, j);
	}
	if (s->has_proxy)
		world_proxy(w, s);
	if (s->has_mma)
		world_site_agent(w, s);
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

static uint32_t size_of(struct world *w) { return percent(w, 10) ? between(w, 300, 1200) : between(w, 32, 200); }

static void flows(struct world *w, uint32_t i, bool is_four)
{
	uint32_t cn = between(w, 1, w->n_cn), down = size_of(w), up = size_of(w);
	if (is_four) {
		say(w, "flow d4-%u cn%u 10.%u.0.2 -> mn%u 10.1.0.%u pps 20 size %u from 2s", i, cn, 192 + cn, i, 100 + i, down);
		say(w, "flow u4-%u mn%u 10.1.0.%u -> cn%u 10.%u.0.2 pps 20 size %u from 2s", i, i, 100 + i, cn, 192 + cn, up);
		return;
	}
	say(w, "flow down%u cn%u 2001:db8:c%u::2 -> mn%u 2001:db8:1::%u pps 20 size %u from 2s", i, cn, cn, i, 100 + i, down);
	say(w, "flow up%u mn%u 2001:db8:1::%u -> cn%u 2001:db8:c%u::2 pps 20 size %u from 2s", i, i, 100 + i, cn, cn, up);
}

static void traffic(struct world *w)
{
	for (uint32_t i = 0; i < w->n_mobile; i++) {
		if (w->mobile_families[i] & WORLD_SIX)
			flows(w, i, false);
		if (w->mobile_families[i] & WORLD_FOUR)
			flows(w, i, true);
	}
	if (w->n_mobile < 2)
		return;
	uint32_t both = w->mobile_families[0] & w->mobile_families[1];
	if (both & WORLD_SIX)
		say(w, "flow across mn0 2001:db8:1::100 -> mn1 2001:db8:1::101 pps 20 size %u from 2s", size_of(w));
	if (both & WORLD_FOUR)
		say(w, "flow across4 mn0 10.1.0.100 -> mn1 10.1.0.101 pps 20 size %u from 2s", size_of(w));
}

static const char *const forgeries[] = {"", " unsigned", " lifetime 0", " unsigned lifetime 0"};

static void attack_six(struct world *w, uint32_t at_ms)
{
	uint32_t m = draw(w, w->n_mobile), k = 1 + draw(w, w->n_site);
	char agent[32];
	snprintf(agent, sizeof agent, "%s", world_ha(w));
	if (w->site[k - 1].has_mma && percent(w, 50))
		snprintf(agent, sizeof agent, "2001:db8:%u:e::1", k);
	switch (draw(w, 7)) {
	case 0:
		say(w, "at %ums forge 2001:db8:1::%u 2001:db8:e::2 to %s by eve%s", at_ms, 100 + m, agent, forgeries[draw(w, 4)]);
		break;
	case 1:
		say(w, "at %ums forge 2001:db8:1::%u 2001:db8:e::2 to %s by eve group ff35::bad%s", at_ms, 100 + m, agent, forgeries[draw(w, 4)]);
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

static void attack_four(struct world *w, uint32_t at_ms)
{
	uint32_t m = 100 + draw(w, w->n_mobile), k = 1 + draw(w, w->n_site);
	const char *which = percent(w, 50) ? "first" : "last", *tampered = percent(w, 30) ? " tampered" : "", *how = forgeries[draw(w, 4)];
	char agent[32];
	snprintf(agent, sizeof agent, "%s", world_ha4(w));
	if (w->site[k - 1].has_mma && percent(w, 50))
		snprintf(agent, sizeof agent, "10.%u.14.1", k);
	switch (draw(w, 9)) {
	case 0:
		say(w, "at %ums forge 10.1.0.%u 10.14.0.2 to %s by eve%s", at_ms, m, agent, how);
		break;
	case 1:
		say(w, "at %ums forge 10.1.0.%u %s to %s by bob group 232.128.66.6%s", at_ms, m, agent, agent, how);
		break;
	case 2:
		say(w, "at %ums maybe replay %s rreq to %s by eve%s", at_ms, which, agent, tampered);
		break;
	case 3:
		say(w, "at %ums maybe replay %s rrep to %s by eve%s", at_ms, which, agent, tampered);
		break;
	case 4: /* somebody in the site guesses */
		say(w, "at %ums inject bob 10.2.17.173 10.2.14.1 10.1.0.%u 10.193.0.2 gre 7", at_ms, m);
		break;
	case 5:
		say(w, "at %ums inject eve 10.14.0.2 %s 10.1.0.%u 10.193.0.2%s", at_ms, agent, m, percent(w, 50) ? " gre 7" : "");
		break;
	case 6: /* frames go where the request came from, whatever is claimed */
		say(w, "at %ums arp bob.eth0 request 10.1.0.%u 10.1.0.%u", at_ms, m, m);
		break;
	case 7: /* Where there is a foreign agent: as if the mobile were here. As it was it would do, if it had been lost behind the agent: RFC 5944 has
		         * no remedy but a challenge (RFC 4721) */
		say(w, "at %ums maybe replay %s rreq to 10.2.17.1 by bob tampered", at_ms, which);
		break;
	case 8:
		say(w, "at %ums forge 10.1.0.%u 10.2.17.1 to 10.2.17.1 by bob%s", at_ms, m, how);
		break;
	}
}

/* Eve, in the backbone, and Bob, in a site: they know all addresses and hear all messages, but have no key. */
static void attack(struct world *w)
{
	say(w, "node bob\nnic bob.eth0 c2-1 2001:db8:2:11::bad/64 10.2.17.173/24\nroute bob ::/0 via 2001:db8:2:11::1 dev eth0");
	say(w, "route bob 0.0.0.0/0 via 10.2.17.1 dev eth0");
	for (uint32_t i = 0; i < ATTACKS; i++) {
		uint32_t at_ms = between(w, 5000, w->faults_to_s * 1000);
		if (!world_six(w) || (world_four(w) && world_percent(&w->rng4, 50)))
			attack_four(w, at_ms);
		else
			attack_six(w, at_ms);
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

char *world_text(uint64_t seed, enum world_families families)
{
	struct world *w = sim_alloc(sizeof *w);
	char *text = NULL;
	size_t len;
	char cell[16];
	w->out = open_memstream(&text, &len);
	prng_seed(&w->rng, seed * 0x9e3779b97f4a7c15u + 1);
	prng_seed(&w->rng4, seed * 0x9e3779b97f4a7c15u + 4);
	choose(w, families);
	world_backbone(w);
	world_home_link(w);
	world_home_agent(w);
	for (uint32_t i = 0; i < w->n_site; i++)
		one_site(w, &w->site[i]);
	for (uint32_t i = 0; i < w->n_mobile; i++)
		world_mobile(w, i, any_cell(w, cell));
	traffic(w);
	attack(w);
	shake(w);
	fclose(w->out);
	free(w);
	return text;
}
