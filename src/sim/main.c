/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * roamsim: the engines of roamd in a world of their own, with a clock of its own.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/scale/scale.h"
#include "sim/script/script.h"
#include "sim/swarm/swarm.h"
#include "sim/swarm/world.h"

enum { EXIT_EXPECTATION = 1, EXIT_BREACH = 2, EXIT_SCRIPT = 3 };

struct options {
	const char *path;
	uint64_t seed, seeds, jobs;
	const char *define[32];
	uint32_t n_define;
	bool has_trace, has_frames, is_quiet;
	enum world_families families;
};

static int usage(void)
{
	fputs("usage: roamsim run FILE [--seed N] [--define NAME=VALUE] [--trace] [--frames] [--quiet]\n"
	      "       roamsim swarm [FILE] [--seeds N] [--seed FIRST] [--jobs N] [--families ipv6|ipv4|dual|mixed] [--trace] [--frames]\n"
	      "       roamsim world [--seed N] [--families ipv6|ipv4|dual|mixed]\n"
	      "exit: 0 all well, 1 an expectation failed, 2 an invariant was breached, 3 the scenario is wrong\n", stderr);
	return EXIT_SCRIPT;
}

static bool families_of(const char *word, enum world_families *f)
{
	static const char *const names[] = {"mixed", "ipv6", "ipv4", "dual"};
	for (uint32_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], word) == 0) {
			*f = (enum world_families)i;
			return true;
		}
	return false;
}

static bool parse(int argc, char **argv, struct options *o)
{
	*o = (struct options){.seed = 1, .seeds = 50, .jobs = 1};
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
		else if (strcmp(a, "--jobs") == 0)
			o->jobs = strtoull(argv[++i], NULL, 0);
		else if (strcmp(a, "--families") == 0 && families_of(v, &o->families))
			i++;
		else if (strcmp(a, "--define") == 0 && o->n_define < 32)
			o->define[o->n_define++] = argv[++i];
		else
			return false;
	}
	return o->jobs > 0;
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

/* What the processes of a swarm have done, in memory that they share. */
struct sums { _Atomic uint64_t seeds, bad, handovers, intra, frames, sim_s, is_wrong; };

static bool load(struct script *sc, const struct options *o, uint64_t seed)
{
	if (o->path)
		return script_load(sc, o->path);
	static char name[32]; /* messages name it long after */
	char *text = world_text(seed, o->families);
	snprintf(name, sizeof name, "world %llu", (unsigned long long)seed);
	bool ok = script_load_text(sc, text, name);
	free(text);
	return ok;
}

static void one_seed(const struct options *o, uint64_t seed, struct sums *sums)
{
	struct script sc;
	script_init(&sc, seed);
	trace_to(&sc, o);
	define_all(&sc, o);
	bool ok = load(&sc, o, seed) && swarm_run(&sc);
	if (!ok || sc.n_failed || sc.watch.n_violations) {
		sums->bad++;
		judge(&sc, seed);
		fflush(stdout);
	}
	sums->seeds++;
	sums->handovers += sc.watch.n_handovers;
	sums->intra += sc.watch.n_intra;
	sums->frames += sc.watch.n_frames;
	sums->sim_s += (uint64_t)(sc.sim.t_ns / NS_PER_S);
	sums->is_wrong |= *sc.err != 0;
	script_fini(&sc);
}

static void some_seeds(const struct options *o, uint64_t first, struct sums *sums)
{
	for (uint64_t i = first; i < o->seeds; i += o->jobs)
		one_seed(o, o->seed + i, sums);
}

/* Each process takes every n-th seed; a seed is the same whoever runs it. */
static int swarm(const struct options *o)
{
	struct sums *sums = mmap(NULL, sizeof *sums, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sums == MAP_FAILED)
		return EXIT_SCRIPT;
	for (uint64_t j = 1; j < o->jobs; j++)
		if (fork() == 0) {
			some_seeds(o, j, sums);
			exit(0);
		}
	some_seeds(o, 0, sums);
	for (int status; wait(&status) > 0;)
		if (WIFSIGNALED(status))
			printf("a process ended with signal %d\n", WTERMSIG(status));
	if (sums->seeds < o->seeds) { /* a process died: its seeds have not been seen */
		printf("%llu seeds were not run\n", (unsigned long long)(o->seeds - sums->seeds));
		sums->bad += o->seeds - sums->seeds;
	}
	printf("%llu seeds, %llu failed; %llu handovers, %llu of them inside a site; %llu s simulated, %llu frames\n",
	       (unsigned long long)sums->seeds, (unsigned long long)sums->bad, (unsigned long long)sums->handovers,
	       (unsigned long long)sums->intra, (unsigned long long)sums->sim_s, (unsigned long long)sums->frames);
	return sums->is_wrong ? EXIT_SCRIPT : sums->bad ? EXIT_EXPECTATION : 0;
}

static int world(const struct options *o)
{
	char *text = world_text(o->seed, o->families);
	fputs(text, stdout);
	free(text);
	return 0;
}

int main(int argc, char **argv)
{
	struct options o;
	if (argc > 1 && strcmp(argv[1], "scale") == 0)
		return scale_main(argc, argv);
	if (argc < 2 || !parse(argc, argv, &o))
		return usage();
	if (strcmp(argv[1], "run") == 0 && o.path)
		return run(&o);
	return strcmp(argv[1], "swarm") == 0 ? swarm(&o) : strcmp(argv[1], "world") == 0 ? world(&o) : usage();
}
