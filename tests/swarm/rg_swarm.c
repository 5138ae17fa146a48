/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A redundancy group shaken at random: rg_swarm [--seeds N] [--seed FIRST] [--commit one|async|all] [--jobs N] [--show]
 *
 * A seed is a run: two, three or five members; for half a minute of virtual time machines die (sometimes with their disks), freeze and
 * come back, the network divides, loses, doubles and reorders, clocks are up to ten seconds apart and step by up to an hour, while mobiles
 * register, refresh and leave. Then the faults stop. In the end all members hold the same, what a mobile was told is so, and nothing
 * deleted lives; and no mobile was told before as many members had its registration as the commit mode promises (`async` promises none: it is
 * counted, and what a disk that was lost alone had is not asked for).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/auth/sa.h"
#include "plat/crypto_openssl.h"
#include "rg_world.h"

struct totals { uint64_t n_told, n_sent, n_kill, n_wipe, n_split, n_freeze, n_step, n_unshared, n_fault; };

static uint32_t below(struct world *w, uint32_t n) { return rng_below(&w->rng, n); }

static void one_fault(struct world *w, struct totals *t)
{
	const uint32_t m = 1 + below(w, w->n);
	switch (below(w, 12)) {
	case 0: case 1:
		t->n_kill += w->member[m].is_up;
		world_kill(w, m);
		break;
	case 2: case 3: case 4:
		if (!w->member[m].is_up)
			world_boot(w, m);
		break;
	case 5:
		if (below(w, 3) == 0 && world_up(w) > 1) {
			t->n_wipe++;
			world_wipe(w, m);
		}
		break;
	case 6:
		t->n_freeze++;
		world_freeze(w, m, !w->member[m].is_frozen);
		break;
	case 7:
		t->n_split++;
		for (uint32_t i = 1; i <= w->n; i++)
			w->side[i] = (uint8_t)below(w, 2);
		break;
	case 8: case 9:
		memset(w->side, 0, sizeof w->side);
		break;
	case 10:
		w->loss_permille = below(w, 2) ? below(w, 300) : 0;
		w->dup_permille = below(w, 200);
		w->jitter_ns = below(w, 2) ? below(w, 20000000) : 0;
		break;
	default:
		t->n_step++;
		w->member[m].skew_ns += ((int64_t)below(w, 7200) - 3600) * NS_PER_S;
		break;
	}
}

static void some_traffic(struct world *w)
{
	for (uint32_t n = below(w, 20); n; n--)
		(void)world_register(w, 1 + below(w, w->n), below(w, w->n_mobiles), below(w, 6) == 0);
}

static void heal(struct world *w)
{
	memset(w->side, 0, sizeof w->side);
	w->loss_permille = w->dup_permille = 0;
	w->jitter_ns = 0;
	for (uint32_t i = 1; i <= w->n; i++) {
		world_freeze(w, i, false);
		if (!w->member[i].is_up)
			world_boot(w, i);
	}
}

static bool is_quiet(const struct world *w) { return world_all_ready(w) && world_is_equal(w); }

/* 0: all well. */
static int run_seed(uint64_t seed, enum rg_commit commit, struct sa_key *key, struct totals *t, bool is_shown)
{
	static const uint32_t sizes[] = {2, 3, 5};
	struct world *w = calloc(1, sizeof *w);
	char text[160];
	int bad = 0;

	world_init(w, 2, seed, key);
	w->n = sizes[below(w, 3)];
	w->n_mobiles = 20 + below(w, W_MOBILES - 20);
	w->commit = commit;
	w->lifetime_ns = (5 + (int64_t)below(w, 120)) * NS_PER_S;
	for (uint32_t i = 1; i <= w->n; i++) {
		w->member[i].skew_ns = ((int64_t)below(w, 20000) - 10000) * NS_PER_MS;
		world_boot(w, i);
	}
	for (uint32_t round = 0; round < 300; round++) {
		some_traffic(w);
		if (below(w, 5) == 0)
			one_fault(w, t);
		world_run(w, below(w, 200) * NS_PER_MS, NULL);
	}
	heal(w);
	const bool is_converged = world_run(w, 120 * NS_PER_S, is_quiet);
	const char *fault = is_converged ? world_fault(w, text) : "tables have not become equal within two minutes";
	if (!fault && w->n_unshared && commit != RG_COMMIT_ASYNC)
		fault = "a mobile was told before enough members had its registration";
	t->n_unshared += w->n_unshared;
	if (fault) {
		printf("seed %llu: %s\n", (unsigned long long)seed, fault);
		bad = 1;
	}
	if (is_shown)
		printf("seed %llu: %u members, %u mobiles, %llu told, %llu datagrams%s\n", (unsigned long long)seed, w->n, w->n_mobiles,
		       (unsigned long long)w->n_told, (unsigned long long)w->n_sent, fault ? ": FAULT" : "");
	t->n_told += w->n_told;
	t->n_sent += w->n_sent;
	t->n_fault += (uint64_t)bad;
	world_fini(w);
	free(w);
	return bad;
}

static void run_job(uint64_t first, uint64_t n, uint32_t step, enum rg_commit commit, struct totals *t, bool is_shown)
{
	struct sa_key key;

	if (sa_key_init(&key, &crypto_openssl, "group", 256, MAC_HMAC_SHA256, "a key of the group's own", 24))
		exit(2);
	for (uint64_t i = 0; i < n; i += step)
		(void)run_seed(first + i, commit, &key, t, is_shown);
	sa_key_fini(&key, &crypto_openssl);
}

static void add(struct totals *a, const struct totals *b)
{
	uint64_t *x = (uint64_t *)a;
	const uint64_t *y = (const uint64_t *)b;
	for (size_t i = 0; i < sizeof *a / sizeof *x; i++)
		x[i] += y[i];
}

static struct totals run_jobs(uint64_t first, uint64_t n, uint32_t jobs, enum rg_commit commit, bool is_shown)
{
	struct totals all = {0}, t;
	int fd[64];

	for (uint32_t j = 0; j < jobs; j++) {
		int p[2];
		if (pipe(p))
			exit(2);
		fflush(stdout);
		if (fork() == 0) {
			t = (struct totals){0};
			run_job(first + j, n > j ? n - j : 0, jobs, commit, &t, is_shown);
			fflush(stdout);
			_exit(write(p[1], &t, sizeof t) == (ssize_t)sizeof t ? 0 : 2);
		}
		close(p[1]);
		fd[j] = p[0];
	}
	for (uint32_t j = 0; j < jobs; j++) {
		if (read(fd[j], &t, sizeof t) != (ssize_t)sizeof t)
			all.n_fault++; /* it died */
		else
			add(&all, &t);
		close(fd[j]);
	}
	while (wait(NULL) > 0)
		;
	return all;
}

int main(int argc, char **argv)
{
	uint64_t first = 1, n = 100;
	uint32_t jobs = 1;
	enum rg_commit commit = RG_COMMIT_ONE;
	bool is_shown = false;

	for (int i = 1; i < argc; i++) {
		const char *v = i + 1 < argc ? argv[i + 1] : "";
		if (!strcmp(argv[i], "--show")) {
			is_shown = true;
			continue;
		}
		if (!strcmp(argv[i], "--seeds"))
			n = strtoull(v, NULL, 10);
		else if (!strcmp(argv[i], "--seed"))
			first = strtoull(v, NULL, 10);
		else if (!strcmp(argv[i], "--jobs"))
			jobs = (uint32_t)strtoul(v, NULL, 10);
		else if (!strcmp(argv[i], "--commit") && (!strcmp(v, "one") || !strcmp(v, "async") || !strcmp(v, "all")))
			commit = v[0] == 'o' ? RG_COMMIT_ONE : v[1] == 's' ? RG_COMMIT_ASYNC : RG_COMMIT_ALL;
		else {
			fprintf(stderr, "usage: rg_swarm [--seeds N] [--seed FIRST] [--commit one|async|all] [--jobs N] [--show]\n");
			return 2;
		}
		i++;
	}
	if (jobs < 1 || jobs > 64)
		jobs = 1;
	const struct totals t = run_jobs(first, n, jobs, commit, is_shown);
	printf("%llu seeds: %llu acknowledged, %llu datagrams, %llu kills, %llu disks lost, %llu splits, %llu freezes, %llu clock steps; %llu acknowledged "
	       "while no other member had it (async only), %llu failed\n",
	       (unsigned long long)n, (unsigned long long)t.n_told, (unsigned long long)t.n_sent, (unsigned long long)t.n_kill, (unsigned long long)t.n_wipe,
	       (unsigned long long)t.n_split, (unsigned long long)t.n_freeze, (unsigned long long)t.n_step, (unsigned long long)t.n_unshared,
	       (unsigned long long)t.n_fault);
	return t.n_fault ? 1 : 0;
}
