/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a mobility manager costs, engine, hashes and store alone, on one core: bench_mm_engine DIR [DEVICES]
 *
 * Devices are imported in batches of 256 through the operator's words, each with two groups that are made for it, each batch one commit of the
 * store in DIR; then the memory that is in use is told. Questions by identifier come as signed datagrams, with subscriptions, and are
 * answered with signed ones. At last everything is read back from the store, as after a restart. Prints a line of JSON.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/prng.h"
#include "core/manager/device.h"
#include "core/manager/mmsig.h"
#include "plat/crypto_openssl.h"
#include "role/mm/mm.h"
#include "store/store.h"
#include "wire/ip/udp6.h"

enum { BATCH = 256, QUESTIONS = 400000, ROUND = 20000, AGENT = 1 };

static struct now now = {{1000 * NS_PER_S}, {1800000000 * NS_PER_S}};
static struct effq fx;
static struct counters count;
static struct sa_key key;
static struct prng prng;
static struct rng rng;
static struct engine_env env;
static struct store *store;
static const struct addr6 manager = {{0x20, 1, 0xd, 0xb8, [15] = 1}}, agent = {{0x20, 1, 0xd, 0xb8, [15] = 2}};
static uint64_t seq;

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

static void die(const char *why)
{
	fprintf(stderr, "bench_mm_engine: %s\n", why);
	exit(1);
}

static const struct sa_key *find_key(void *ctx, const char *name)
{
	(void)ctx, (void)name;
	return &key;
}

static void *start(void)
{
	static struct mm_conf c = {.id = 1, .devices_max = 10000000, .subscriptions_max = 262144, .lifetime = {600 * NS_PER_S}, .negative = {10 * NS_PER_S},
				   .push_again = {200 * NS_PER_MS}, .n_agent = 1, .n_source = 2};
	const char *remedy = "";
	void *mm = calloc(1, mm_role.size_oct);

	c.agent[0] = (struct mm_agent_conf){.id = AGENT, .key = "k"};
	if (!prefix46_parse(&c.group_prefix, "ff38::/64") || !prefix46_parse(&c.group_prefix4, "232.128.0.0/9") || !addr46_parse(&c.source[0], "2001:db8::ffff") ||
	    !addr46_parse(&c.source[1], "192.0.2.254") || mm_role.init(mm, &env, &c, now, &remedy))
		die(remedy);
	return mm;
}

static void commit(void)
{
	const struct effect *e;

	while ((e = effq_next(&fx)) != NULL) {
		const uint8_t *k = effq_bytes(&fx, e->store.off);
		if (e->kind == FX_STORE_PUT && store_put(store, e->store.table, k, e->store.key_len_oct, k + e->store.key_len_oct, e->store.val_len_oct))
			die("store");
	}
	if (store_commit(store))
		die("commit");
	effq_reset(&fx);
}

static void import(void *mm, uint32_t devices)
{
	static char text[BATCH * 120];
	const char *argv[] = {"device", "put", text}, *msg = "";
	size_t n = 0;

	for (uint32_t i = 0; i < devices; i++) {
		n += (size_t)snprintf(text + n, sizeof text - n,
				      "imsi:310150%09u eui48:02:00:%02x:%02x:%02x:01 home=10.%u.%u.%u/8 home=2001:db8:1::%x:%x/64\n", i, i >> 16 & 255, i >> 8 & 255,
				      i & 255, i >> 16 & 255, i >> 8 & 255, i & 255, 1 + (i >> 16), i & 0xffff);
		if ((i + 1) % BATCH && i + 1 < devices)
			continue;
		if (mm_role.ctl(mm, &(struct ctl_cmd){3, argv}, now, &msg))
			die(msg);
		commit();
		n = 0;
	}
}

struct question { uint8_t pkt[160]; size_t len_oct; };

/* A datagram of the agent, in a packet; its UDP checksum is right. */
static void build(struct question *q, uint8_t type, uint64_t epoch, const struct mm_item *a, const struct mm_item *b)
{
	uint8_t data[120], mac[32];
	struct wr w = wr_of(data, sizeof data), p = wr_of(q->pkt, sizeof q->pkt);

	grp_head_build(&w, &(struct grp_head){.type = type, .from = AGENT, .epoch = epoch, .seq = ++seq});
	mm_put(&w, a);
	if (b)
		mm_put(&w, b);
	const struct iov_in in[] = {{"mm", 2}, {&agent, 16}, {&manager, 16}, {data, wr_len(&w)}};
	(void)crypto_openssl.mac(crypto_openssl.ctx, key.derive, in, 4, mac);
	wr_bytes(&w, mac, GRP_MAC_OCT);
	udp6_begin(&p, &agent, &manager, 64, MM_PORT, MM_PORT);
	wr_bytes(&p, data, wr_len(&w));
	q->len_oct = udp6_finish(&p);
}

/* The nth field of this kind in the last packet that the manager sent. */
static bool sent_field(uint16_t type, struct mm_item *out)
{
	struct mmsig_packet p;
	enum wire_err err;
	struct grp_head h;

	for (uint32_t i = fx.n; i-- > 0;) {
		if (fx.fx[i].kind != FX_SEND)
			continue;
		const struct rx rx = {.pkt = effq_bytes(&fx, fx.fx[i].send.off), .len_oct = fx.fx[i].send.len_oct};
		if (!mmsig_packet_parse(&rx, &p))
			return false;
		struct rd r = rd_of(p.data, p.len_oct);
		if (mm_head_parse(&r, &h))
			return false;
		while (mm_next(&r, out, &err))
			if (out->type == type)
				return true;
		return false;
	}
	return false;
}

static void give(void *mm, const struct question *q) { (void)mm_role.rx(mm, &(struct rx){.pkt = q->pkt, .len_oct = q->len_oct}, now); }

static void prove(void *mm)
{
	struct mm_item hello = {.type = MMF_CHALLENGE}, f;
	struct question q;

	build(&q, MM_HELLO, 7, &hello, NULL);
	give(mm, &q);
	if (!sent_field(MMF_CHALLENGE, &f))
		die("no challenge");
	f.type = MMF_ECHO;
	build(&q, MM_HELLO, 7, &f, NULL);
	give(mm, &q);
	effq_reset(&fx);
}

static double ask(void *mm, uint32_t devices, uint32_t n)
{
	static struct question q[ROUND];
	double busy_s = 0;
	uint32_t sent = 0;

	for (uint32_t done = 0; done < n; done += ROUND) {
		for (uint32_t i = 0; i < ROUND; i++) {
			struct mm_item what = {.type = MMF_DEVICE}, query = {.type = MMF_QUERY, .query = {done + i + 1, MM_SUBSCRIBE}};
			char text[40];
			snprintf(text, sizeof text, "imsi:310150%09u", (uint32_t)(prng_u64(&prng) % devices));
			if (!device_parse(&what.device, text, NULL))
				die("identifier");
			build(&q[i], MM_QUERY, 7, &query, &what);
		}
		const double begin = clock_s();
		for (uint32_t i = 0; i < ROUND; i++) {
			give(mm, &q[i]);
			if (i % BATCH == BATCH - 1) {
				sent += fx.n;
				effq_reset(&fx);
			}
		}
		busy_s += clock_s() - begin;
		sent += fx.n;
		effq_reset(&fx);
	}
	if (sent != n)
		die("not every question was answered");
	return n / busy_s;
}

struct reading { void *mm; uint32_t n; };

static bool restore(void *ctx, enum store_table table, const uint8_t *k, size_t k_oct, const uint8_t *v, size_t v_oct)
{
	struct reading *r = ctx;
	r->n += mm_role.restore(r->mm, &(struct store_rec){table, k, v, k_oct, v_oct}, now) == 0;
	return true;
}

int main(int argc, char **argv)
{
	const uint32_t devices = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1000000;
	const char *remedy = "usage: bench_mm_engine DIR [DEVICES]";

	if (argc < 2 || store_open(&store, argv[1], STORE_SYNC_NORMAL, &remedy))
		die(remedy);
	if (sa_key_init(&key, &crypto_openssl, "k", 256, MAC_HMAC_SHA256, "0123456789abcdef", 16))
		die("key");
	prng_seed(&prng, 1);
	rng = prng_rng(&prng);
	effq_init(&fx, &mem);
	env = (struct engine_env){.mem = &mem, .rng = &rng, .crypto = &crypto_openssl, .fx = &fx, .count = &count, .key = find_key};
	void *mm = start();
	const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
	double begin = clock_s();
	import(mm, devices);
	const double imported_s = clock_s() - begin;
	const size_t held = mallinfo2().uordblks + mallinfo2().hblkhd - before;
	prove(mm);
	const double asked_per_s = ask(mm, devices, QUESTIONS);
	mm_role.fini(mm);
	begin = clock_s();
	while (store_fold(store, 100000) == 1)
		;
	const double folded_s = clock_s() - begin;
	struct reading r = {start(), 0};
	begin = clock_s();
	if (store_each(store, restore, &r) || r.n != devices)
		die("not every device came back");
	printf("{\"devices\": %u, \"import_s\": %.2f, \"allocations_per_s\": %.0f, \"bytes_per_device\": %.0f, \"requests_per_s\": %.0f, \"fold_s\": %.2f, \"restart_s\": %.2f}\n",
	       devices, imported_s, devices / imported_s, (double)held / devices, asked_per_s, folded_s, clock_s() - begin);
	store_close(store);
	return 0;
}
