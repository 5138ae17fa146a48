/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/swarm/world_i.h"

static void wire(struct world *w, const char *name, uint32_t site, uint32_t delay_us)
{
	if (site)
		world_say(w, "link %s site s%u delay %uus", name, site, delay_us);
	else
		world_say(w, "link %s delay %uus", name, delay_us);
	MORE(w->links, "%s", name);
}

/* Both families' default routes. */
static void default_route(struct world *w, const char *node, const char *six, const char *four, const char *dev)
{
	world_say(w, "route %s ::/0 via %s dev %s\nroute %s 0.0.0.0/0 via %s dev %s", node, six, dev, node, four, dev);
}

void world_backbone(struct world *w)
{
	world_say(w, "node core router\nlink l-eve delay 1ms\nnode eve\nnic eve.eth0 l-eve 2001:db8:e::2/64 10.14.0.2/24");
	default_route(w, "eve", "2001:db8:e::1", "10.14.0.1", "eth0");
	world_say(w, "nic core.eve l-eve 2001:db8:e::1/64 10.14.0.1/24");
	for (uint32_t i = 1; i <= w->n_cn; i++) {
		char name[16], node[16], six[48], four[24];
		snprintf(name, sizeof name, "l-cn%u", i);
		snprintf(node, sizeof node, "cn%u", i);
		snprintf(six, sizeof six, "2001:db8:c%u::1", i);
		snprintf(four, sizeof four, "10.%u.0.1", 192 + i);
		wire(w, name, 0, world_between(&w->rng, 1, 20) * 1000);
		world_say(w, "node cn%u\nnic cn%u.eth0 %s 2001:db8:c%u::2/64 10.%u.0.2/24", i, i, name, i, 192 + i);
		default_route(w, node, six, four, "eth0");
		world_say(w, "nic core.cn%u %s %s/64 %s/24", i, name, six, four);
		world_correspondent(w, i);
	}
}

/* The home agent stands between the backbone and the rest of its site. */
void world_home_link(struct world *w)
{
	wire(w, "l-ha", 0, world_between(&w->rng, 1, 10) * 500);
	wire(w, "l-hm", 1, 50);
	world_say(w, "node ha router site s1\nnic core.ha0 l-ha 2001:db8:f:1::1/64 10.15.1.1/24\nroute core 2001:db8:1::/48 via 2001:db8:f:1::2 dev ha0");
	world_say(w, "route core 10.1.0.0/16 via 10.15.1.2 dev ha0");
	world_say(w, "nic ha.core0 l-ha 2001:db8:f:1::2/64 10.15.1.2/24%s", w->has_home_link ? "" : " 2001:db8:1:a::1/128 10.1.10.1/32");
	if (w->has_home_link) {
		wire(w, "home", 1, 50);
		world_say(w, "nic ha.home0 home 2001:db8:1::1/64 10.1.0.1/24");
		MORE(w->cells, "home");
	}
	world_say(w, "nic ha.hm0 l-hm 2001:db8:1:f0::1/64 10.1.240.1/24");
	default_route(w, "ha", "2001:db8:f:1::1", "10.15.1.1", "core0");
	world_say(w, "route ha 2001:db8:1::/48 via 2001:db8:1:f0::2 dev hm0\nroute ha 2001:db8:1::/64 dev none metric 4096");
	world_say(w, "route ha 10.1.0.0/16 via 10.1.240.2 dev hm0\nroute ha 10.1.0.0/24 dev none metric 4096");
	MORE(w->restarts, "ha");
}

/* The agent of a site, or a plain router in its place: node rK, interface up0 to the backbone, d1... down. */
void world_site_head(struct world *w, const struct site *s)
{
	uint32_t k = s->number;
	char name[16], node[16], six[48], four[24];
	snprintf(node, sizeof node, "r%u", k);
	world_say(w, "node r%u router site s%u", k, k);
	if (k == 1) {
		world_say(w, "nic r1.up0 l-hm 2001:db8:1:f0::2/64 10.1.240.2/24");
		default_route(w, "r1", "2001:db8:1:f0::1", "10.1.240.1", "up0");
	} else {
		snprintf(name, sizeof name, "l-s%u", k);
		snprintf(six, sizeof six, "2001:db8:f:%u::1", k);
		snprintf(four, sizeof four, "10.15.%u.1", k);
		wire(w, name, 0, world_between(&w->rng, 1, 25) * 1000);
		world_say(w, "nic core.s%u %s %s/64 %s/24\nroute core 2001:db8:%u::/48 via 2001:db8:f:%u::2 dev s%u", k, name, six, four, k, k, k);
		world_say(w, "route core 10.%u.0.0/16 via 10.15.%u.2 dev s%u\nnic r%u.up0 %s 2001:db8:f:%u::2/64 10.15.%u.2/24", k, k, k, k, name, k, k);
		default_route(w, node, six, four, "up0");
	}
	/* These are roam0's while roamd runs; otherwise they must not follow the default route back. */
	world_say(w, "route r%u 2001:db8:%u:ff::/64 dev none metric 4096\nroute r%u 2001:db8:%u:e::/64 dev none metric 4096", k, k, k, k);
	world_say(w, "route r%u 10.%u.14.1/32 dev none metric 4096", k, k);
	if (s->has_nat && world_four(w))
		world_say(w, "nat r%u.up0", k);
}

/* A proxy between the agent and the access routers: one branch, and below it all of them. */
void world_site_proxy(struct world *w, const struct site *s)
{
	uint32_t k = s->number;
	char name[16], node[16], six[48], four[24];
	snprintf(name, sizeof name, "p%u", k);
	snprintf(node, sizeof node, "x%u", k);
	snprintf(six, sizeof six, "2001:db8:%u:fe::1", k);
	snprintf(four, sizeof four, "10.%u.254.1", k);
	wire(w, name, k, 50);
	world_say(w, "nic r%u.d1 %s %s/64 %s/24\nnode x%u router site s%u\nnic x%u.up0 %s 2001:db8:%u:fe::2/64 10.%u.254.2/24", k, name, six, four, k, k, k,
		  name, k, k);
	default_route(w, node, six, four, "up0");
	world_say(w, "route r%u 2001:db8:%u:10::/60 via 2001:db8:%u:fe::2 dev d1\nroute r%u 10.%u.16.0/20 via 10.%u.254.2 dev d1", k, k, k, k, k, k);
	for (uint32_t j = 1; j <= s->n_ar; j++)
		world_say(w, "route r%u 2001:db8:%u:f%u::/64 via 2001:db8:%u:fe::2 dev d1\nroute r%u 10.%u.%u.0/24 via 10.%u.254.2 dev d1", k, k, j, k, k, k,
			  240 + j, k);
	MORE(w->restarts, "x%u", k);
}

void world_access_link(struct world *w, const struct site *s, uint32_t j)
{
	uint32_t k = s->number, wire4 = 240 + j, link4 = 16 + j;
	const char *head = s->has_proxy ? "x" : "r";
	char name[16], node[16], six[48], four[24];
	snprintf(name, sizeof name, "d%u-%u", k, j);
	snprintf(node, sizeof node, "a%u-%u", k, j);
	snprintf(six, sizeof six, "2001:db8:%u:f%u::1", k, j);
	snprintf(four, sizeof four, "10.%u.%u.1", k, wire4);
	wire(w, name, k, world_between(&w->rng, 1, 10) * 50);
	snprintf(name, sizeof name, "c%u-%u", k, j);
	wire(w, name, k, world_between(&w->rng, 1, 10) * 100);
	MORE(w->cells, "%s", name);
	if (s->has_leases && world_four(w))
		world_say(w, "at 0s set %s lease 10.%u.%u.1/24", name, k, link4);
	world_say(w, "nic %s%u.d%u d%u-%u %s/64 %s/24", head, k, j, k, j, six, four);
	world_say(w, "route %s%u 2001:db8:%u:1%u::/64 via 2001:db8:%u:f%u::2 dev d%u", head, k, k, j, k, j, j);
	world_say(w, "route %s%u 10.%u.%u.0/24 via 10.%u.%u.2 dev d%u", head, k, k, link4, k, wire4, j);
	world_say(w, "node a%u-%u router site s%u\nnic a%u-%u.up0 d%u-%u 2001:db8:%u:f%u::2/64 10.%u.%u.2/24", k, j, k, k, j, k, j, k, j, k, wire4);
	world_say(w, "nic a%u-%u.acc0 %s 2001:db8:%u:1%u::1/64 10.%u.%u.1/24", k, j, name, k, j, k, link4);
	default_route(w, node, six, four, "up0");
}
