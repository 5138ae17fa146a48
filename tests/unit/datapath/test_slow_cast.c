/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slow path of mobiles that the network moves, behind the natively built datapath with the entries of the test bench (tests/datapath/cases_cast.c):
 * what does not fit a group, and tunnel packets in fragments. D-8, D-9.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../kit/dpn_kit.h"
#include "datapath/slow.h"

enum { OUT_MAX = 8, UDP = 17, GRE = 47, SEQ = 0x1000 };

struct bench {
	struct dpn *dpn;
	struct slow *slow;
	struct slow_out out[OUT_MAX];
	uint8_t bytes[OUT_MAX][4096];
	uint32_t n;
};

static const mono_t t0 = {100 * NS_PER_S};

static bool source(void *ctx, uint32_t ifindex, const struct addr6 *dst, struct addr6 *out)
{
	(void)ctx, (void)ifindex;
	*out = addr6_is_v4mapped(dst) ? A4("10.1.0.1") : A("2001:db8:1::1");
	return true;
}

static int find(void *ctx, struct dp_op *op) { return dpn_find(((struct bench *)ctx)->dpn, op); }

static void emit(void *ctx, const struct slow_out *o)
{
	struct bench *b = ctx;
	assert_true(b->n < OUT_MAX && o->len_oct <= sizeof b->bytes[0]);
	b->out[b->n] = *o;
	memcpy(b->bytes[b->n++], o->bytes, o->len_oct);
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof *b);
	const struct slow_conf sc = {.mem = &plain_heap, .source = source, .find = find, .emit = emit, .ctx = b};
	assert_non_null(b);
	b->dpn = dpn_bench(t0, bench_route);
	assert_int_equal(slow_new(&b->slow, &sc), 0);
	bench_entries_cast(t0, dpn_put, b->dpn);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	slow_free(b->slow);
	dpn_free(b->dpn);
	free(b);
	return 0;
}

/* A frame through the programs, what they hand up through the slow path. */
static void give(struct bench *b, const struct pk *p)
{
	const struct dpn_out *out;
	uint32_t n = dpn_input(b->dpn, IF_UP, DPN_INGRESS, p->b, p->n, t0, &out);
	for (uint32_t i = 0; i < n; i++)
		if (out[i].verdict == DPN_PUNT)
			slow_punt(b->slow, &out[i].punt, t0);
}

static void udp4(struct pk *p, const char *dst, size_t payload_oct, uint16_t frag)
{
	pk_eth4(p, IF_UP);
	pk_ip4(p, "10.5.0.2", dst, UDP, 60, 0, frag);
	pk_udp(p, payload_oct);
	pk_end(p);
}

/* IPv4 that may be cut goes to the group of IPv6 in pieces, each with a number of its own. */
static void test_ipv4_is_cut_for_a_group_of_ipv6(void **state)
{
	struct bench *b = *state;
	const struct addr6 group = A("ff35::a10");
	struct pk p;
	size_t total = 0;
	udp4(&p, "10.1.3.10", 1472, 0);
	give(b, &p);
	assert_int_equal(b->n, 2);
	for (uint32_t i = 0; i < 2; i++) {
		const uint8_t *o = b->bytes[i], *in = o + 48;
		assert_int_equal(b->out[i].kind, SLOW_GROUP);
		assert_true(b->out[i].len_oct <= 1500);
		assert_memory_equal(o + 24, &group, 16);
		assert_int_equal(o[6], GRE);
		assert_int_equal(in[0], 0x45);
		assert_int_equal(pk_sum(in, 20), 0);
		assert_int_equal(in[8], 59);
		total += b->out[i].len_oct - 48 - 20;
	}
	assert_int_equal(total, 1480);
	assert_memory_not_equal(b->bytes[0] + 44, b->bytes[1] + 44, 4);
}

static void test_who_may_not_be_cut_is_told(void **state)
{
	struct bench *b = *state;
	struct pk p;
	udp4(&p, "10.1.3.10", 1472, 0x4000);
	give(b, &p);
	assert_int_equal(b->n, 1);
	const uint8_t *icmp = b->bytes[0] + 20;
	assert_true(b->out[0].kind == SLOW_ROUTE && icmp[0] == 3 && icmp[1] == 4);
	assert_int_equal(icmp[6] << 8 | icmp[7], 1500 - 48);
	b->n = 0;
	pk_eth(&p, IF_UP);
	pk_ip(&p, "2001:db8:c::2", "2001:db8:a::20", UDP, 60, 0);
	pk_udp(&p, 1452);
	pk_end(&p);
	give(b, &p);
	assert_int_equal(b->n, 1);
	icmp = b->bytes[0] + 40;
	assert_int_equal(icmp[0], 2);
	assert_int_equal(icmp[6] << 8 | icmp[7], 1500 - 28);
}

/* The two halves of an IPv4 tunnel packet to a guest's group. */
static void halves(struct bench *b, const char *inner_dst, uint32_t seq)
{
	struct pk whole, part;
	pk_eth4_to(&whole, IF_UP, "232.128.9.1");
	pk_ip4(&whole, "10.13.9.1", "232.128.9.1", GRE, 60, 0, 0);
	pk_gre4(&whole, SEQ, seq);
	pk_ip4(&whole, "10.5.0.2", inner_dst, UDP, 60, 0, 0);
	pk_udp(&whole, 200);
	pk_end(&whole);
	for (int i = 0; i < 2; i++) {
		const size_t from = i ? 34 + 120 : 34, n = i ? whole.n - from : 120;
		pk_eth4_to(&part, IF_UP, "232.128.9.1");
		pk_ip4(&part, "10.13.9.1", "232.128.9.1", GRE, 60, 0, i ? 120 / 8 : 0x2000);
		part.b[part.ip[0] + 5] = (uint8_t)seq; /* identification */
		pk_bytes(&part, whole.b + from, n);
		pk_end(&part);
		give(b, &part);
	}
}

static void test_fragments_reach_the_guest(void **state)
{
	struct bench *b = *state;
	const struct lladdr to = bench_peer(IF_ACC);
	halves(b, "10.13.0.10", 7);
	assert_int_equal(b->n, 1);
	assert_true(b->out[0].kind == SLOW_LINK && b->out[0].ifindex == IF_ACC && lladdr_eq(&b->out[0].lladdr, &to));
	assert_int_equal(b->out[0].len_oct, 20 + 8 + 200);
	assert_int_equal(b->bytes[0][19], 10);
	halves(b, "10.13.0.11", 8); /* somebody else's */
	assert_int_equal(b->n, 1);
}

static void reverse(struct bench *b, const char *from, const char *home)
{
	struct pk p;
	pk_eth4(&p, IF_UP);
	pk_ip4(&p, from, "10.1.0.1", 4, 60, 0, 0);
	pk_ip4(&p, home, "10.5.0.2", UDP, 60, 0, 0);
	pk_udp(&p, 64);
	pk_end(&p);
	slow_raw(b->slow, IF_UP, p.b + 14, p.n - 14, t0);
}

static void test_a_reassembled_reverse_tunnel(void **state)
{
	struct bench *b = *state;
	reverse(b, "10.4.5.5", "10.1.3.20");
	reverse(b, "10.4.5.5", "10.1.3.98");
	assert_int_equal(b->n, 0); /* an agent that may not */
	reverse(b, "10.4.4.5", "10.1.3.20");
	assert_int_equal(b->n, 1);
	assert_int_equal(b->out[0].kind, SLOW_LOCAL);
	reverse(b, "10.4.4.5", "10.1.3.98"); /* nobody asked for it yet */
	assert_int_equal(b->n, 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_ipv4_is_cut_for_a_group_of_ipv6), T(test_who_may_not_be_cut_is_told), T(test_fragments_reach_the_guest),
		T(test_a_reassembled_reverse_tunnel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
