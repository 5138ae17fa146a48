/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * roamsim: the engines of roamd in a world of their own, with a clock of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/script.h"
#include "sim/swarm.h"

enum { EXIT_EXPECTATION = 1, EXIT_BREACH = 2, EXIT_SCRIPT = 3 };

struct options {
	const char *path;
	uint64_t seed, seeds;
	const char *define[32];
	uint32_t n_define;
	bool has_trace, has_frames, is_quiet;
};

static int usage(void)
{
	fputs("usage: roamsim run FILE [--seed N] [--define NAME=VALUE] [--trace] [--frames] [--quiet]\n"
	      "       roamsim swarm FILE [--seeds N] [--seed FIRST] [--trace] [--frames]\n"
	      "exit: 0 all well, 1 an expectation failed, 2 an invariant was breached, 3 the scenario is wrong\n", stderr);
	return EXIT_SCRIPT;
}

static bool parse(int argc, char **argv, struct options *o)
{
	*o = (struct options){.seed = 1, .seeds = 50};
	for (int i = 2; i < argc; i++) {
		const char *a = argv[i], *v = i + 1 < argc ? argv[i + 1] : NULL;
		if (strcmp(a, "--trace") == 0)
			o->has_trace = true;
		else if (strcmp(a, "--frames") == 0)
			o->has_trace = o->has_frames = true;
		else if (strcmp(a, "--quiet") == 0)
			o->is_quiet = true;
		else if (a[0] != '-' && !o->path)
			o->path = a;
		else if (!v)
			return false;
		else if (strcmp(a, "--seed") == 0)
			o->seed = strtoull(argv[++i], NULL, 0);
		else if (strcmp(a, "--seeds") == 0)
			o->seeds = strtoull(argv[++i], NULL, 0);
		else if (strcmp(a, "--define") == 0 && o->n_define < 32)
			o->define[o->n_define++] = argv[++i];
		else
			return false;
	}
	return o->path != NULL;
}

static void define_all(struct script *sc, const struct options *o)
{
	char name[64];
	for (uint32_t i = 0; i < o->n_define; i++) {
		const char *eq = strchr(o->define[i], '=');
		if (!eq)
			continue;
		snprintf(name, sizeof name, "%.*s", (int)(eq - o->define[i]), o->define[i]);
		script_define(sc, name, eq + 1);
	}
}

static void trace_to(struct script *sc, const struct options *o)
{
	sc->sim.trace = o->has_trace ? stdout : NULL;
	sc->sim.trace_frames = o->has_frames;
	sc->is_quiet = o->is_quiet;
}

static int judge(const struct script *sc, uint64_t seed)
{
	if (*sc->err) {
		fprintf(stderr, "%s\n", sc->err);
		return EXIT_SCRIPT;
	}
	if (sc->watch.n_violations)
		printf("%llu breaches, the first at %s\n", (unsigned long long)sc->watch.n_violations, sc->watch.first_violation);
	printf("seed %llu hash %016llx events %llu frames %llu expectations %u failed %u\n", (unsigned long long)seed,
	       (unsigned long long)sc->sim.hash, (unsigned long long)sc->sim.n_events, (unsigned long long)sc->watch.n_frames,
	       sc->n_expected, sc->n_failed);
	return sc->watch.n_violations ? EXIT_BREACH : sc->n_failed ? EXIT_EXPECTATION : 0;
}

static int run(const struct options *o)
{
	struct script sc;
	script_init(&sc, o->seed);
	trace_to(&sc, o);
	define_all(&sc, o);
	if (script_load(&sc, o->path))
		script_run(&sc);
	int code = judge(&sc, o->seed);
	script_fini(&sc);
	return code;
}

static int swarm(const struct options *o)
{
	uint64_t bad = 0;
	for (uint64_t seed = o->seed; seed < o->seed + o->seeds; seed++) {
		struct script sc;
		script_init(&sc, seed);
		trace_to(&sc, o);
		define_all(&sc, o);
		bool ok = script_load(&sc, o->path) && swarm_plan(&sc) && script_run(&sc);
		if (!ok || sc.n_failed || sc.watch.n_violations) {
			bad++;
			judge(&sc, seed);
		}
		bool is_wrong = *sc.err;
		script_fini(&sc);
		if (is_wrong)
			return EXIT_SCRIPT;
	}
	printf("%llu seeds, %llu failed\n", (unsigned long long)o->seeds, (unsigned long long)bad);
	return bad ? EXIT_EXPECTATION : 0;
}

int main(int argc, char **argv)
{
	struct options o;
	if (argc < 3 || !parse(argc, argv, &o))
		return usage();
	if (strcmp(argv[1], "run") == 0)
		return run(&o);
	return strcmp(argv[1], "swarm") == 0 ? swarm(&o) : usage();
}
