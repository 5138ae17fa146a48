/* SPDX-License-Identifier: BSD-2-Clause */
/* The run: what it is told, its generators and keys, the world for so long, and what comes out. */
#include "sim/scale/scale.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "sim/proc.h"
#include "sim/scale/scale_i.h"

const char *const scale_protocol_name[SCALE_PROTOCOL_N] = {"roamcast", "mipv6", "hmipv6"};

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
	scale_world_make(&c);
	sim_run(&c.sim, (int64_t)(conf->warm_s + conf->seconds) * NS_PER_S);
	load_write(&c, wall() - began);
	if (conf->scenario)
		scenario_end(&c);
	sim_fini(&c.sim);
	scale_world_free(&c);
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
