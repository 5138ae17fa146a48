/* SPDX-License-Identifier: BSD-2-Clause */
/* The world: one home agent, sites with their agents and access routers, and mobiles that are switched on one after the other. */
#include <stdlib.h>

#include "role/mn/mn.h"
#include "sim/scale/scale_i.h"
#include "sim/script/conf.h"

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

static void make_ha(struct scale *c)
{
	char text[512];
	static const struct lladdr l = {{4}};
	snprintf(text, sizeof text, "{ address = \"2001:db8:7:a::1\" home-prefix = {\"2001:db8:7::/64\"} uplink = {\"core0\"} lifetime = %u "
		 "mobile \"2001:db8:7::/64\" { key = \"k\" } }", c->conf.lifetime_s);
	host_start(c, &c->ha, &ha_role, 0, conf_of(&ha_role, text));
	host_link(c, &c->ha, UPSTREAM, "core0", &l, true);
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
	host_start(c, &c->agent[site], &mma_role, site, conf_of(&mma_role, text));
	free(text);
	host_link(c, &c->agent[site], UPSTREAM, "core0", &l, true);
	for (uint32_t i = 0; i < c->conf.routers; i++) {
		snprintf(name, sizeof name, "d%u", i);
		l.b[5] = (uint8_t)(i + 1);
		host_link(c, &c->agent[site], FIRST_DOWN + i, name, &l, true);
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
	host_start(c, &c->router[router], &ar_role, router, conf_of(&ar_role, text));
	free(text);
	host_link(c, &c->router[router], UPSTREAM, "up0", &up, true);
	for (uint32_t i = 0; i < c->conf.cells; i++) {
		struct lladdr l = router_lladdr(first + i);
		snprintf(name, sizeof name, "acc%u", i);
		host_link(c, &c->router[router], FIRST_DOWN + i, name, &l, true);
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
	scenario_move(c, (uint32_t)index, 0, cell);
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
	host_start(c, &m->host, &mn_role, (uint32_t)index, conf);
	free(conf); /* the engine has a copy */
	m->host.conf = NULL;
	for (uint32_t r = 0; r < SCALE_RADIOS; r++) {
		struct lladdr l = mobile_lladdr((uint32_t)index, r);
		host_link(c, &m->host, r + 1, r ? "w1" : "w0", &l, r == 0);
	}
}

static void make_mobile(struct scale *c, uint32_t i)
{
	int64_t at = (int64_t)(prng_u64(&c->move_rng) % (uint64_t)(c->conf.warm_s * 500 + 1)) * NS_PER_MS;
	c->mobile[i].host.index = i;
	move_place(c, i);
	sim_at(&c->sim, at, on_power, c, NULL, i);
	move_begin(c, i, at);
}

void scale_world_make(struct scale *c)
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

void scale_world_free(struct scale *c)
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
