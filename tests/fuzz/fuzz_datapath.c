/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programs, natively, and the slow path behind them, with the entries of the test bench (tests/datapath/dpk.h). The first byte
 * and a bit of the third pick one of its packets, the second cuts it, the third says whether IPv4's checksum is made right, each three that
 * follow change one byte; from 0xf0 on the rest is a frame as it is.
 */
#include "../datapath/dpk.h"
#include "datapath/slow.h"
#include "fuzz.h"

enum { GROWTH_MAX = 128, FRAME_MAX = 4096 };

static struct dpn *dpn;
static struct slow *slow;

static void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	if (n)
		return realloc(old, n);
	free(old);
	return NULL;
}
static const struct mem_ops mem = {.resize = resize};

static void put(void *ctx, const struct dp_op *op)
{
	if (dpn_apply(ctx, true, op, 1))
		abort();
}

static int find(void *ctx, struct dp_op *op) { return dpn_find(ctx, op); }

static bool source(void *ctx, uint32_t ifindex, const struct addr6 *dst, struct addr6 *out)
{
	(void)ctx, (void)ifindex, (void)dst;
	*out = bench_addr("2001:db8:2::1");
	return true;
}

/* What leaves is an IP packet as long as it says. */
static void emit(void *ctx, const struct slow_out *o)
{
	(void)ctx;
	if (o->kind == SLOW_PMTU)
		return;
	bool is4 = o->len_oct && o->bytes[0] >> 4 == 4;
	size_t least = is4 ? 20 : 40;
	const uint8_t *len = o->bytes + (is4 ? 2 : 4);
	if (o->len_oct < least || (size_t)(len[0] << 8 | len[1]) + (is4 ? 0 : 40) != o->len_oct || (is4 && pk_sum(o->bytes, 20) && o->bytes[0] == 0x45))
		abort();
}

static void begin(void)
{
	struct dpn_conf conf = {.mem = &mem, .roam0_ifindex = IF_ROAM0, .route = bench_route, .punt_rate_pps = UINT32_MAX};
	struct slow_conf sc = {.mem = &mem, .source = source, .find = find, .icmp_rate_pps = 1000000, .emit = emit};
	const mono_t now = {10 * NS_PER_S};
	if (dpn_new(&dpn, &conf))
		abort();
	sc.ctx = dpn;
	if (slow_new(&slow, &sc))
		abort();
	bench_entries(now, put, dpn);
	bench_entries_more(now, put, dpn);
	bench_entries4(now, put, dpn);
	bench_entries_cast(now, put, dpn);
}

static void run(uint32_t ifindex, enum dpn_dir dir, const uint8_t *bytes, size_t n)
{
	static mono_t now = {20 * NS_PER_S};
	const struct dpn_out *out;
	now = mono_add(now, span_ms(1));
	uint32_t n_out = dpn_input(dpn, ifindex, dir, bytes, n, now, &out);
	if (n_out < 1)
		abort();
	for (uint32_t i = 0; i < n_out; i++) {
		if (out[i].len_oct > n + GROWTH_MAX)
			abort();
		if (out[i].verdict == DPN_PUNT) {
			struct dp_punted p = out[i].punt;
			uint8_t *copy = fuzz_copy(p.pkt, p.len_oct);
			p.pkt = copy;
			slow_punt(slow, &p, now);
			free(copy);
		}
		if (out[i].verdict == DPN_PASS)
			slow_raw(slow, ifindex, out[i].bytes, out[i].len_oct, now);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!dpn)
		begin();
	if (n < 3 || n > FRAME_MAX)
		return 0;
	if (data[0] >= 0xf0) {
		run(IF_UP + data[1] % 8, (enum dpn_dir)(data[1] / 8 % 3), data + 2, n - 2);
		return 0;
	}
	const struct dpcase *c = dpcase_at((unsigned)(data[0] | (data[2] & 1) << 8) % dpcase_n());
	struct pk p = {.n = 0};
	c->build(&p);
	for (size_t i = 3; i + 3 <= n; i += 3)
		p.b[(size_t)(data[i] << 8 | data[i + 1]) % p.n] ^= data[i + 2];
	p.n -= data[1] & 0x80 ? (data[1] & 0x7f) % p.n : 0;
	if (p.n > 14 && p.b[12] == 8 && !(data[2] & 2))
		pk_fix4(p.b + 14, p.n - 14); /* or else few would go further than the header */
	run(c->ifindex ? c->ifindex : IF_UP, c->dir, p.b, p.n);
	return 0;
}
