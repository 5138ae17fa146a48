// SPDX-License-Identifier: BSD-2-Clause
/* The forwarding logic, natively: each case of tests/datapath/cases.c and cases4.c, rates, windows, path MTU. H-2, H-3, H-10, H-12, H-23. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../datapath/dpk.h"

static void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	if (n)
		return realloc(old, n);
	free(old);
	return NULL;
}
static const struct mem_ops mem = {.resize = resize};
static const mono_t t0 = {10 * NS_PER_S};

static void put(void *ctx, const struct dp_op *op) { assert_int_equal(dpn_apply(ctx, true, op, 1), 0); }

static int setup(void **state)
{
	struct dpn_conf conf = {.mem = &mem, .roam0_ifindex = IF_ROAM0, .route = bench_route};
	struct dpn *d;
	assert_int_equal(dpn_new(&d, &conf), 0);
	bench_entries(t0, put, d);
	bench_entries_more(t0, put, d);
	bench_entries4(t0, put, d);
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	dpn_free(*state);
	return 0;
}

static const struct dpn_out *give(struct dpn *d, const struct dpcase *c, struct pk *p, mono_t now, uint32_t *n)
{
	const struct dpn_out *out;
	c->build(p);
	*n = dpn_input(d, c->ifindex, c->dir, p->b, p->n, now, &out);
	assert_true(*n >= 1);
	return out;
}

static void check(const struct dpcase *c, const struct pk *p, const struct dpn_out *out, uint32_t n)
{
	const struct dpn_out *last = &out[n - 1];
	size_t in_oct = c->verdict == DPN_PASS && c->dir == DPN_INGRESS ? p->n - 14 : p->n;
	bool is_punted = c->punt == DP_PUNT_NONE;
	if (last->verdict != c->verdict || last->drop != c->drop)
		fail_msg("%s: verdict %d drop %s", c->name, last->verdict, dp_drop_name(last->drop));
	for (uint32_t i = 0; i < n; i++)
		is_punted |= out[i].verdict == DPN_PUNT && out[i].punt.why == c->punt && out[i].punt.slow.why == c->slow;
	if (!is_punted)
		fail_msg("%s: not punted as %d", c->name, c->punt);
	if (c->verdict == DPN_SEND && last->ifindex != c->out_if)
		fail_msg("%s: out of %u", c->name, last->ifindex);
	if ((c->verdict == DPN_SEND || c->verdict == DPN_LOCAL || c->verdict == DPN_PASS) && last->len_oct != in_oct + (size_t)c->diff)
		fail_msg("%s: %zu in, %zu out", c->name, in_oct, last->len_oct);
	if (c->check)
		c->check(p, last->bytes, last->len_oct);
}

static void test_cases(void **state)
{
	for (unsigned i = 0; i < dpcase_n(); i++) {
		struct pk p;
		uint32_t n;
		const struct dpn_out *out = give(*state, dpcase_at(i), &p, t0, &n);
		check(dpcase_at(i), &p, out, n);
	}
}

static const struct dpcase *named(const char *name)
{
	for (unsigned i = 0; i < dpcase_n(); i++)
		if (!strcmp(dpcase_at(i)->name, name))
			return dpcase_at(i);
	fail_msg("no case %s", name);
	return NULL;
}

/* Every drop has its case; the exceptions need a kernel, or want of memory. */
static void test_every_drop_is_provoked(void **state)
{
	uint64_t seen = 1ull << DP_DROP_NONE | 1ull << DP_DROP_NO_ROOM | 1ull << DP_DROP_PUNT_FULL |
		1ull << DP_DROP_PUNT_RATE;
	(void)state;
	for (unsigned i = 0; i < dpcase_n(); i++)
		seen |= 1ull << dpcase_at(i)->drop;
	for (unsigned d = 0; d < DP_DROP_N; d++)
		if (!(seen >> d & 1))
			fail_msg("nothing provokes %s", dp_drop_name(d));
}

static void test_copies_to_both_links(void **state)
{
	struct pk p;
	uint32_t n;
	const struct dpn_out *out = give(*state, named("agent passes on to two links"), &p, t0, &n);
	assert_int_equal(n, 2);
	assert_int_equal(out[0].ifindex, IF_DOWN);
	assert_int_equal(out[0].bytes[11], IF_DOWN);
	assert_memory_equal(out[0].bytes + 12, out[1].bytes + 12, out[0].len_oct - 12);
}

static uint32_t seq_of(struct dpn *d)
{
	struct pk p;
	uint32_t n;
	const struct dpn_out *out = give(d, named("agent passes on to two links"), &p, t0, &n);
	const uint8_t *s = out[0].bytes + 58;
	return (uint32_t)s[0] << 24 | (uint32_t)s[1] << 16 | (uint32_t)s[2] << 8 | s[3];
}

static void put_coa_again(struct dpn *d)
{
	struct dp_op op = {.table = DP_COA, .coa.coa = bench_addr("2001:db8:2:ff::1")};
	assert_int_equal(dpn_find(d, &op), 0);
	op.coa.seq_start = 7;
	put(d, &op);
}

static void test_sequence_rises_through_refreshes(void **state)
{
	uint32_t first = seq_of(*state);
	assert_int_equal(first, 7);
	assert_int_equal(seq_of(*state), 8);
	put_coa_again(*state);
	assert_true(seq_of(*state) > 8);
}

static void test_window_ends(void **state)
{
	struct pk p;
	uint32_t n;
	const struct dpcase *first = named("mobile receives"), *other = named("the same over another interface");
	assert_int_equal(give(*state, first, &p, t0, &n)->verdict, DPN_LOCAL);
	assert_int_equal(give(*state, other, &p, mono_add(t0, span_ms(190)), &n)->verdict, DPN_DROP);
	assert_int_equal(give(*state, other, &p, mono_add(t0, span_ms(220)), &n)->verdict, DPN_LOCAL);
}

/* A packet of a TCP stream under GRE number n: is it delivered? */
static bool stream(struct dpn *d, uint32_t ifindex, uint32_t n, uint32_t from, size_t octets)
{
	const struct dpn_out *out;
	struct pk p;
	pk_eth_group(&p, ifindex, "ff35::77");
	pk_ip(&p, "2001:db8:5::1", "ff35::77", 47, 60, 0);
	pk_gre(&p, 0x1000, n);
	pk_ip(&p, "2001:db8:c::2", "2001:db8:8::1", 6, 60, 0);
	pk_tcp(&p, 16, from, 0, octets);
	pk_end(&p);
	dpn_input(d, ifindex, DPN_INGRESS, p.b, p.n, t0, &out);
	return out->verdict == DPN_LOCAL;
}

/* Segments of one offloaded packet share its number. The stream's numbers may wrap. */
static void test_tcp_segments_are_told_apart(void **state)
{
	for (uint32_t i = 0, from = 0xfffffc00; i < 3; i++, from += 1000) {
		assert_true(stream(*state, IF_MOB, 5, from, 1000));
		assert_false(stream(*state, IF_MOB2, 5, from, 1000));
	}
	assert_true(stream(*state, IF_MOB, 5, 7000, 0));
	assert_false(stream(*state, IF_MOB2, 5, 7000, 0));
	assert_true(stream(*state, IF_MOB2, 6, 7000, 0));
}

static void test_whole_on_one_path_pieces_on_the_other(void **state)
{
	assert_true(stream(*state, IF_MOB, 5, 1000, 3000));
	for (uint32_t from = 1000; from < 4000; from += 1000)
		assert_false(stream(*state, IF_MOB2, 5, from, 1000));
	for (uint32_t from = 1000; from < 4000; from += 1000)
		assert_true(stream(*state, IF_MOB, 6, from, 1000));
	assert_false(stream(*state, IF_MOB2, 6, 1000, 3000));
}

/* What one path lost in the middle the other one may bring. */
static void test_a_lost_piece_is_taken_from_the_other(void **state)
{
	assert_true(stream(*state, IF_MOB, 5, 1000, 1000));
	assert_true(stream(*state, IF_MOB, 5, 3000, 1000));
	assert_false(stream(*state, IF_MOB2, 5, 1000, 1000));
	assert_true(stream(*state, IF_MOB2, 5, 2000, 1000));
	assert_false(stream(*state, IF_MOB2, 5, 3000, 1000));
	assert_true(stream(*state, IF_MOB2, 7, 1000, 3000));
	assert_true(stream(*state, IF_MOB, 7, 1000, 3001));
}

static void test_punts_are_limited(void **state)
{
	const struct dpcase *c = named("message to the home agent");
	uint32_t n, admitted = 0;
	struct pk p;
	for (int i = 0; i < 300; i++)
		admitted += give(*state, c, &p, t0, &n)->verdict == DPN_PUNT;
	assert_int_equal(admitted, 200);
	assert_int_equal(give(*state, c, &p, mono_add(t0, span_ms(1)), &n)->drop, DP_DROP_PUNT_RATE);
	assert_int_equal(give(*state, c, &p, mono_add(t0, span_ms(11)), &n)->verdict, DPN_PUNT);
}

struct kept { uint32_t n, seq[4]; size_t len_oct; };

static void on_kept(void *ctx, uint32_t seq, mono_t when, const uint8_t *pkt, size_t len_oct)
{
	struct kept *k = ctx;
	assert_true(k->n < 4);
	assert_int_equal(when.ns, t0.ns);
	assert_int_equal(pkt[7], 60); /* as it came, no hop less */
	k->seq[k->n++] = seq;
	k->len_oct = len_oct;
}

/* What went to the group is there in order, for this care-of address only. */
static void test_ring_keeps_what_was_sent(void **state)
{
	const struct dpcase *c = named("a route to optimise");
	struct addr6 coa = bench_addr("2001:db8:2:ff::5"), other = bench_addr("2001:db8:2:ff::1");
	struct kept k = {0};
	struct pk p;
	uint32_t n;
	for (int i = 0; i < 3; i++) {
		give(*state, c, &p, t0, &n);
		give(*state, named("agent passes on to two links"), &p, t0, &n);
	}
	dpn_keep_each(*state, &coa, on_kept, &k);
	assert_int_equal(k.n, 3);
	assert_int_equal(k.seq[0], 7);
	assert_int_equal(k.seq[2], 9);
	assert_int_equal(k.len_oct, 40 + 8 + 64);
	dpn_keep_each(*state, &other, on_kept, &k);
	assert_int_equal(k.n, 3);
}

static void test_last_sequence_is_known(void **state)
{
	struct dp_op op = {.table = DP_DOWNLINK_IN, .downlink_in = {.dst = bench_addr("ff35::77"), .src = bench_addr("2001:db8:5::1")}};
	struct pk p;
	uint32_t n;
	assert_int_equal(dpn_find(*state, &op), 0);
	assert_false(op.downlink_in.has_seq);
	give(*state, named("the next over the other"), &p, t0, &n);
	give(*state, named("mobile receives"), &p, t0, &n);
	assert_int_equal(dpn_find(*state, &op), 0);
	assert_true(op.downlink_in.has_seq);
	assert_int_equal(op.downlink_in.last_seq, 101); /* 100 came later, over a slower path */
	put(*state, &op);
	op.downlink_in.has_seq = false;
	assert_int_equal(dpn_find(*state, &op), 0);
	assert_true(op.downlink_in.has_seq);
}

/* Whether a route is used decides whether its binding is refreshed. */
static void test_use_of_a_route_is_known(void **state)
{
	struct dp_op up = {.table = DP_RO_OUT, .ro_out = {.home_address = bench_addr("2001:db8:9::600"), .cn = bench_addr("2001:db8:c::2")}};
	struct pk p;
	uint32_t n;
	assert_int_equal(dpn_find(*state, &up), 0);
	assert_int_equal(up.ro_out.used.ns, 0);
	give(*state, named("uplink goes home while the route is tested"), &p, t0, &n);
	give(*state, named("the mobile's message goes home"), &p, t0, &n);
	assert_int_equal(dpn_find(*state, &up), 0);
	assert_int_equal(up.ro_out.used.ns, 0);
	give(*state, named("uplink goes directly"), &p, t0, &n);
	assert_int_equal(dpn_find(*state, &up), 0);
	assert_int_equal(up.ro_out.used.ns, t0.ns);
}

/* A pair of addresses once a second, whatever its rate. */
static void test_routes_are_asked_for_slowly(void **state)
{
	const struct dpcase *c = named("a route to optimise");
	struct pk p;
	uint32_t n, asked = 0;
	for (int ms = 0; ms < 2500; ms += 10) {
		give(*state, c, &p, mono_add(t0, span_ms(ms)), &n);
		asked += n == 2;
	}
	assert_int_equal(asked, 3);
}

static void test_path_mtu_is_heeded(void **state)
{
	const struct dpcase *c = named("just fits the tunnel");
	struct addr6 coa = bench_addr("2001:db8:3::5");
	struct pk p;
	uint32_t n;
	assert_int_equal(dpn_pmtu_put(*state, &coa, 1400, mono_add(t0, span_s(600))), 0);
	const struct dpn_out *out = give(*state, c, &p, t0, &n);
	assert_int_equal(out->verdict, DPN_PUNT);
	assert_int_equal(out->punt.slow.mtu_oct, 1400);
	assert_int_equal(give(*state, c, &p, mono_add(t0, span_s(601)), &n)->verdict, DPN_SEND);
}

static void test_owners_share_an_interface(void **state)
{
	struct dp_op op = {.table = DP_IF, .iface = {.ifindex = IF_UP, .flags = DP_IF_ACCESS, .mtu_oct = 1500}};
	const struct dpcase *c = named("router solicitation elsewhere");
	struct pk p;
	uint32_t n;
	assert_int_equal(dpn_apply(*state, true, &op, 2), 0);
	assert_int_equal(give(*state, c, &p, t0, &n)->verdict, DPN_PUNT);
	assert_int_equal(dpn_apply(*state, false, &op, 2), 0);
	give(*state, c, &p, t0, &n);
	assert_int_equal(n, 1);
	assert_int_equal(dpn_apply(*state, false, &op, 1), 0);
	assert_int_equal(give(*state, named("home agent tunnels"), &p, t0, &n)->verdict, DPN_PASS);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_cases), T(test_every_drop_is_provoked), T(test_copies_to_both_links), T(test_sequence_rises_through_refreshes),
		T(test_window_ends), T(test_tcp_segments_are_told_apart), T(test_whole_on_one_path_pieces_on_the_other),
		T(test_a_lost_piece_is_taken_from_the_other), T(test_punts_are_limited), T(test_path_mtu_is_heeded),
		T(test_owners_share_an_interface), T(test_ring_keeps_what_was_sent), T(test_last_sequence_is_known), T(test_use_of_a_route_is_known),
		T(test_routes_are_asked_for_slowly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
