/* SPDX-License-Identifier: BSD-2-Clause */
#include "plat/plat.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

struct now plat_now(void)
{
	return (struct now){{clock_ns(CLOCK_MONOTONIC)}, {clock_ns(CLOCK_REALTIME)}};
}

static void *resize(void *ctx, void *old, size_t len_oct)
{
	(void)ctx;
	if (len_oct)
		return realloc(old, len_oct);
	free(old);
	return NULL;
}

const struct mem_ops plat_mem = {.resize = resize};

/* getrandom() costs a system call: draw 256 bytes at a time, hand each out once. */
static void fill(void *ctx, void *dst, size_t len_oct)
{
	static uint8_t pool[256];
	static size_t left;
	uint8_t *out = dst;

	(void)ctx;
	while (len_oct) {
		if (!left) {
			if (getrandom(pool, sizeof pool, 0) != (ssize_t)sizeof pool)
				abort(); /* cannot happen for 256 bytes once the pool is initialised */
			left = sizeof pool;
		}
		size_t n = len_oct < left ? len_oct : left;
		memcpy(out, pool + sizeof pool - left, n);
		memset(pool + sizeof pool - left, 0, n);
		left -= n;
		out += n;
		len_oct -= n;
	}
}

const struct rng plat_rng = {.fill = fill};
