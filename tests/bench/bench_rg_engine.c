/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What keeping a table on two members costs, engines and hashes alone: bench_rg_engine [RECORDS]
 *
 * Two members in one process, on one core, with a network that takes no time. First one of them puts records while the other applies and
 * acknowledges them; the time is told for each member apart. Then a third, empty one starts and is sent the whole table.
 * Records are as large as a home agent's. Prints a line of JSON.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/prng.h"
#include "core/auth/sa.h"
#include "plat/crypto_openssl.h"
#include "rg/rg.h"
#include "wire/ip/udp6.h"

enum { MEMBERS = 3, KEY_OCT = 16, VALUE_OCT = 40, BATCH = 32 };

struct member {
	struct rg *g;
	struct effq fx;
	struct addr6 self;
	double busy_s;
	bool is_ready;
	uint64_t n_applied;
};
static struct member m[MEMBERS];
static struct now now = {{1000 * NS_PER_S}, {1800000000 * NS_PER_S}};
static struct counters count;
static struct sa_key key;
static const struct addr6 group = {{0xff, 2, [15] = 0x14}};
static uint32_t n_up = 2;

static void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	if (n)
		return realloc(old, n);
	free(old);
	return NULL;
}
static const struct mem_ops mem = {resize, NULL};

static double clock_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void apply(void *ctx, const struct rg_rec *r, struct now at)
{
	struct member *x = ctx;
	(void)r, (void)at;
	x->n_applied++;
}
static bool value(void *ctx, struct rg_rec *r, uint8_t *buf, struct now at)
{
	(void)ctx;
	memset(buf, 7, VALUE_OCT);
	r->value_oct = VALUE_OCT;
	r->expires = mono_add(at.mono, span_s(420));
	return true;
}
static void ready(void *ctx, struct now at)
{
	struct member *x = ctx;
	(void)at;
	x->is_ready = true;
}
static void nothing(void *ctx, struct now at) { (void)ctx, (void)at; }

static void give(struct member *to, const uint8_t *pkt, size_t n)
{
	struct udp6_packet u;
	if (udp6_packet_parse(pkt, n, &u) != W_OK)
		abort();
	const double t = clock_s();
	rg_rx(to->g, &u.src, u.data, u.data_len_oct, now);
	to->busy_s += clock_s() - t;
}

/* Carries what was pushed until nothing is left. Flushes as a driver does, once for all that has come. */
static void carry(void)
{
	for (bool again = true; again;) {
		again = false;
		for (uint32_t i = 0; i < n_up; i++) {
			const struct effect *e;
			double t = clock_s();
			rg_flush(m[i].g, now);
			m[i].busy_s += clock_s() - t;
			while ((e = effq_next(&m[i].fx)) != NULL) {
				struct addr6 dst;
				if (e->kind != FX_SEND)
					continue;
				again = true;
				memcpy(&dst, effq_bytes(&m[i].fx, e->send.off) + 24, sizeof dst);
				for (uint32_t k = 0; k < n_up; k++)
					if (k != i && (addr6_eq(&dst, &group) || addr6_eq(&dst, &m[k].self)))
						give(&m[k], effq_bytes(&m[i].fx, e->send.off), e->send.len_oct);
			}
			effq_reset(&m[i].fx);
		}
	}
}

static void pass(int64_t ms)
{
	now.mono.ns += ms * NS_PER_MS;
	now.wall.ns += ms * NS_PER_MS;
	for (uint32_t i = 0; i < n_up; i++)
		rg_tick(m[i].g, now);
	carry();
}

static void boot(uint32_t i)
{
	static struct prng prng;
	static struct rng rng;
	struct rg_conf c = rg_conf_default;
	const struct rg_ops ops = {apply, value, ready, nothing, NULL, &m[i]};

	if (i == 0) {
		prng_seed(&prng, 1);
		rng = prng_rng(&prng);
	}
	c.role = ROLE_HA;
	c.id = i + 1;
	c.self = m[i].self = (struct addr6){{0x20, 1, [15] = (uint8_t)(i + 1)}};
	c.group = group;
	c.n_key = 1;
	c.key[0].id = 1;
	c.key[0].key = &key;
	effq_init(&m[i].fx, &mem);
	const struct engine_env env = {.mem = &mem, .rng = &rng, .crypto = &crypto_openssl, .fx = &m[i].fx, .count = &count};
	m[i].g = rg_new(&env, &c, &ops, 1, now);
	if (!m[i].g)
		abort();
	rg_start(m[i].g, now);
}

static void put(uint32_t i)
{
	static const uint8_t bytes[VALUE_OCT];
	struct rg_rec r = {.table = 1, .key_oct = KEY_OCT, .key = {0x20, 1, 0xd, 0xb8}, .expires = mono_add(now.mono, span_s(420)), .value = bytes, .value_oct = VALUE_OCT};
	memcpy(r.key + 12, &i, sizeof i);
	(void)rg_put(m[0].g, RG_PUT, &r, 0, now);
}

static uint64_t heap_oct(void)
{
	struct mallinfo2 i = mallinfo2();
	return i.uordblks + i.hblkhd;
}

static double fill(uint32_t n)
{
	m[0].busy_s = m[1].busy_s = 0;
	for (uint32_t i = 0; i < n;) {
		const double t = clock_s();
		for (uint32_t k = 0; k < BATCH && i < n; k++)
			put(i++);
		m[0].busy_s += clock_s() - t;
		carry();
		if (i % 4096 == 0)
			pass(1);
	}
	return m[0].busy_s;
}

int main(int argc, char **argv)
{
	const uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;

	if (sa_key_init(&key, &crypto_openssl, "g", 256, MAC_HMAC_SHA256, "0123456789abcdef", 16))
		return 1;
	boot(0);
	boot(1);
	for (int i = 0; i < 1000 && !(m[0].is_ready && m[1].is_ready && rg_live(m[0].g) == 1); i++)
		pass(10);
	const uint64_t before = heap_oct();
	const double active_s = fill(n), standby_s = m[1].busy_s;
	const double octets = (double)(heap_oct() - before) / 2 / n;
	if (m[1].n_applied != n || rg_committed(m[0].g) != n) {
		fprintf(stderr, "bench_rg_engine: %llu of %u records arrived\n", (unsigned long long)m[1].n_applied, n);
		return 1;
	}
	boot(2);
	n_up = 3;
	for (uint32_t i = 0; i < MEMBERS; i++)
		m[i].busy_s = 0;
	const double start = clock_s();
	for (int i = 0; i < 10000 && !m[2].is_ready; i++)
		pass(10);
	const double bulk_s = clock_s() - start;
	printf("{\"records\": %u, \"put_ns\": %.0f, \"apply_ns\": %.0f, \"octets_per_record\": %.0f, \"bulk_records\": %llu, \"bulk_one_core_s\": %.2f, "
	       "\"bulk_receiver_s\": %.2f, \"bulk_sender_s\": %.2f}\n", n, active_s / n * 1e9, standby_s / n * 1e9, octets, (unsigned long long)m[2].n_applied,
	       bulk_s, m[2].busy_s, m[0].busy_s);
	const bool is_whole = m[2].n_applied == n;
	for (uint32_t i = 0; i < MEMBERS; i++) {
		rg_free(m[i].g);
		effq_fini(&m[i].fx);
	}
	sa_key_fini(&key, &crypto_openssl);
	return !is_whole;
}
