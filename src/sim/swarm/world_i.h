/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Parts of a random world: world.c draws what there is and what befalls it, world_net.c has the network, world_roles.c who plays what.
 *
 * Addresses: site K is 2001:db8:K::/48 and 10.K.0.0/16, the home site is 1. In it :1J::/64 and 10.K.(16+J).0/24 are access links, :fJ::/64 and
 * 10.K.(240+J).0/24 wires, :ff::/64 the agent's care-of addresses, 10.K.255.0/24 its site addresses, :e::1 and 10.K.14.1 its service
 * addresses. Correspondent node I is 2001:db8:cI::2, 10.(192+I).0.2. The network has addresses of both families whoever uses them.
 *
 *   cnI --- core --- ha ---- home (only when the home prefix has a link)
 *             |       \----- agent or router of site 1 --- [proxy] --- access routers --- cells
 *             |------------- agent or router of site K --- ...
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/prng.h"

enum { SITES_MAX = 4, AR_MAX = 4, MOBILES_MAX = 5, CN_MAX = 2 };
enum { WORLD_SIX = 1, WORLD_FOUR = 2 };

/* What an IPv4 mobile finds in a site without an MMA: foreign agents, or leased addresses, perhaps behind a translator. With one: perhaps
 * leased addresses beside it. */
struct site { uint32_t number, n_ar; bool has_mma, has_proxy, has_leases, has_nat; };

struct world {
	FILE *out;
	struct prng rng, rng4;       /* rng4: what only IPv4 asks, so that a world of IPv6 is the same without */
	uint32_t families;           /* WORLD_SIX, WORLD_FOUR */
	struct site site[SITES_MAX];
	uint32_t n_site, n_mobile, n_cn, lifetime_s, faults_to_s;
	uint32_t mobile_families[MOBILES_MAX];
	bool has_home_link, has_plain_mobile[MOBILES_MAX], has_two_radios[MOBILES_MAX], has_peers, has_ro, is_cn[CN_MAX + 1];
	bool has_agent_keys;         /* home agent and IPv4 agents of sites */
	bool has_few_groups;         /* of IPv4: mobiles offer the same one */
	char cells[256], links[512], restarts[512];
};

uint32_t world_draw(struct prng *p, uint32_t bound);
bool world_percent(struct prng *p, uint32_t percent);
uint32_t world_between(struct prng *p, uint32_t low, uint32_t high);

static inline bool world_six(const struct world *w) { return w->families & WORLD_SIX; }
static inline bool world_four(const struct world *w) { return w->families & WORLD_FOUR; }
const char *world_ha(const struct world *w);   /* the home agent's addresses */
const char *world_ha4(const struct world *w);

/* A line of the scenario. */
void world_say(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* One more name in a list with commas. */
void world_more(char *list, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
#define MORE(list, ...) world_more(list, sizeof(list), __VA_ARGS__)

/* world_net.c, in this order. */
void world_backbone(struct world *w);
void world_home_link(struct world *w);
void world_site_head(struct world *w, const struct site *s);
void world_site_proxy(struct world *w, const struct site *s);
void world_access_link(struct world *w, const struct site *s, uint32_t j);

/* world_roles.c */
void world_correspondent(struct world *w, uint32_t i);
void world_home_agent(struct world *w);
void world_site_agent(struct world *w, const struct site *s);
void world_proxy(struct world *w, const struct site *s);
void world_access_router(struct world *w, const struct site *s, uint32_t j);
void world_mobile(struct world *w, uint32_t i, const char *cell);
