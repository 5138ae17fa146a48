// SPDX-License-Identifier: BSD-2-Clause
/* The forwarding logic, natively: each case of tests/datapath (cases*.c), rates, windows, path MTU. H-2, H-3, H-10, H-12, H-23. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../kit/dpn_kit.h"
#include "base/err.h"

static const mono_t t0 = {10 * NS_PER_S};

static int setup(void **state)
{
	struct dpn *d = dpn_bench(t0, bench_route);
	bench_entries_more(t0, dpn_put, d);
	bench_entries_cast(t0, dpn_put, d);
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
	dpn_put(d, &op);
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

/* The other interface's processor may have looked at its clock a tick earlier and come to the table later. */
static void test_a_tick_behind_is_a_duplicate_all_the_same(void **state)
{
	static const char *const names[][2] = {{"mobile receives", "the same over another interface"},
		{"IPv4: mobile receives", "IPv4: the same over another interface"}};
	struct pk p;
	uint32_t n;
	for (int k = 0; k < 2; k++) {
		assert_int_equal(give(*state, named(names[k][0]), &p, mono_add(t0, span_ms(4)), &n)->verdict, DPN_LOCAL);
		assert_int_equal(give(*state, named(names[k][1]), &p, t0, &n)->drop, DP_DROP_DUPLICATE);
	}
}

/* A packet of a TCP stream under GRE number n: is it delivered? */
static bool stream_at(struct dpn *d, uint32_t ifindex, uint32_t n, uint32_t from, size_t octets, mono_t now)
{
	const struct dpn_out *out;
	struct pk p;
	pk_eth_group(&p, ifindex, "ff35::77");
	pk_ip(&p, "2001:db8:5::1", "ff35::77", 47, 60, 0);
	pk_gre(&p, 0x1000, n);
	pk_ip(&p, "2001:db8:c::2", "2001:db8:8::1", 6, 60, 0);
	pk_tcp(&p, 16, from, 0, octets);
	pk_end(&p);
	dpn_input(d, ifindex, DPN_INGRESS, p.b, p.n, now, &out);
	return out->verdict == DPN_LOCAL;
}
static bool stream(struct dpn *d, uint32_t ifindex, uint32_t n, uint32_t from, size_t octets) { return stream_at(d, ifindex, n, from, octets, t0); }

/* Segments of one offloaded packet share its number. The stream's numbers may wrap. */
static void test_tcp_segments_are_told_apart(void **state)
{
	for (uint32_t i = 0, from = 0xfffffc00; i < 3; i++, from += 1000) {
		assert_true(stream(*state, IF_MOB, 5, from, 1000));
		assert_false(stream(*state, IF_MOB2, 5, from, 1000));
	}
	assert_true(stream_at(*state, IF_MOB, 9, 7000, 100, mono_add(t0, span_ms(4))));
	assert_false(stream(*state, IF_MOB2, 9, 7000, 100)); /* a tick behind */
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
	assert_int_equal(pkt[pkt[0] >> 4 == 4 ? 8 : 7], 60); /* as it came, no hop less */
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
	dpn_put(*state, &op);
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

/* ---- IPv4 (H-7) ---- */

/* Each binding its copy in its own form; one that is over none. */
static void test_simultaneous_bindings_get_copies(void **state)
{
	static const struct { uint8_t proto, coa; size_t more; } want[] = {{47, 6, 24}, {17, 7, 32}, {4, 5, 20}};
	struct pk p;
	uint32_t n;
	const struct dpn_out *out = give(*state, named("IPv4: simultaneous bindings"), &p, t0, &n);
	assert_int_equal(n, 3);
	for (uint32_t i = 0; i < 3; i++) {
		const uint8_t *ip = out[i].bytes + 14, *inner = ip + want[i].more;
		assert_int_equal(out[i].verdict, DPN_SEND);
		assert_int_equal(out[i].len_oct, p.n + want[i].more);
		assert_int_equal(ip[9], want[i].proto);
		assert_int_equal(ip[19], want[i].coa);
		assert_int_equal(pk_sum(ip, 20), 0);
		assert_int_equal(pk_sum(inner, 20), 0);
		assert_int_equal(inner[8], 59); /* one hop, however many copies */
		assert_memory_equal(inner + 12, p.b + 26, p.n - 26);
	}
	assert_int_equal(out[1].bytes[14 + 22] << 8 | out[1].bytes[14 + 23], 50000);
}

static bool route_is_slow(void *ctx, const struct addr6 *dst, struct dpn_way *way)
{
	bench_route(ctx, dst, way);
	return dst->b[15] == 5; /* only the first care-of address's neighbour is resolved */
}

/* What cannot go at once is sent by the slow path: as it came, also behind a copy that changed it. */
static void test_a_copy_that_must_wait_is_handed_up(void **state)
{
	struct dpn *d = dpn_bench(t0, route_is_slow);
	struct pk p;
	uint32_t n;
	(void)state;
	const struct dpn_out *out = give(d, named("IPv4: simultaneous bindings"), &p, t0, &n);
	assert_int_equal(n, 3);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(out[i].punt.slow.why, DP_SLOW_COPY);
		assert_int_equal(out[i].punt.slow.dst.b[15], 6 + i);
		assert_int_equal(out[i].punt.slow.udp_port, i ? 50000 : 0);
		assert_memory_equal(out[i].punt.pkt, p.b + 14, p.n - 14);
	}
	assert_int_equal(out[2].verdict, DPN_SEND);
	dpn_free(d);
}

static void test_ring_keeps_ipv4(void **state)
{
	struct addr6 hoa = bench_addr4("10.9.0.60");
	struct kept k = {0};
	struct pk p;
	uint32_t n;
	for (int i = 0; i < 3; i++)
		give(*state, named("IPv4: kept"), &p, t0, &n);
	dpn_keep_each(*state, &hoa, on_kept, &k);
	assert_int_equal(k.n, 3);
	assert_int_equal(k.seq[2], 9);
	assert_int_equal(k.len_oct, 20 + 8 + 64);
}

static void test_last_sequence_of_ipv4_is_known(void **state)
{
	struct dp_op op = {.table = DP_DOWNLINK_IN, .downlink_in = {.dst = bench_addr4("232.128.0.77"), .src = bench_addr4("10.5.0.1")}};
	struct pk p;
	uint32_t n;
	give(*state, named("IPv4: the next over the other"), &p, t0, &n);
	give(*state, named("IPv4: mobile receives"), &p, t0, &n);
	assert_int_equal(dpn_find(*state, &op), 0);
	assert_true(op.downlink_in.has_seq);
	assert_int_equal(op.downlink_in.last_seq, 101);
}

/* As stream(), over IPv4. */
static bool stream4(struct dpn *d, uint32_t ifindex, uint32_t n, uint32_t from, size_t octets)
{
	const struct dpn_out *out;
	struct pk p;
	pk_eth4_to(&p, ifindex, "232.128.0.77");
	pk_ip4(&p, "10.5.0.1", "232.128.0.77", 47, 60, 0, 0);
	pk_gre4(&p, 0x1000, n);
	pk_ip4(&p, "10.0.12.2", "10.7.0.1", 6, 60, 0, 0x4000);
	pk_tcp(&p, 16, from, 0, octets);
	pk_end(&p);
	dpn_input(d, ifindex, DPN_INGRESS, p.b, p.n, t0, &out);
	return out->verdict == DPN_LOCAL;
}

static void test_tcp_segments_of_ipv4_are_told_apart(void **state)
{
	assert_true(stream4(*state, IF_MOB, 5, 1000, 3000));
	for (uint32_t from = 1000; from < 4000; from += 1000)
		assert_false(stream4(*state, IF_MOB2, 5, from, 1000));
	for (uint32_t from = 1000; from < 4000; from += 1000)
		assert_true(stream4(*state, IF_MOB, 6, from, 1000));
	assert_false(stream4(*state, IF_MOB2, 6, 1000, 3000));
	assert_true(stream4(*state, IF_MOB2, 7, 1000, 3000));
}

static void test_path_mtu_of_ipv4_is_heeded(void **state)
{
	const struct dpcase *c = named("IPv4: just fits the tunnel");
	struct addr6 coa = bench_addr4("10.3.0.5");
	struct pk p;
	uint32_t n;
	assert_int_equal(dpn_pmtu_put(*state, &coa, 1000, mono_add(t0, span_s(600))), 0);
	const struct dpn_out *out = give(*state, c, &p, t0, &n);
	assert_int_equal(out->punt.slow.mtu_oct, 1000);
	assert_int_equal(give(*state, c, &p, mono_add(t0, span_s(601)), &n)->verdict, DPN_SEND);
	assert_int_equal(dpn_pmtu_put(*state, &coa, 68, mono_add(t0, span_s(700))), 0);
	assert_int_equal(give(*state, c, &p, t0, &n)->punt.slow.mtu_oct, 552); /* nobody is believed less */
}

/* A routing daemon knows the tree: into the host's own forwarding. */
static void test_group_into_the_hosts_own_forwarding(void **state)
{
	struct dp_op op = {.table = DP_COA, .coa.coa = bench_addr4("10.9.0.50")};
	const struct dpcase *c = named("IPv4: nobody listens");
	struct pk p;
	uint32_t n;
	assert_int_equal(dpn_find(*state, &op), 0);
	op.coa.inject_if = IF_DOWN;
	dpn_put(*state, &op);
	const struct dpn_out *out = give(*state, c, &p, t0, &n);
	assert_int_equal(out->verdict, DPN_LOCAL);
	assert_int_equal(out->bytes[9], 47);
	assert_int_equal(out->len_oct, p.n - 14 + 8);
}

/* One output after the other: is the first of them the copy that is only to be counted, and does the packet go out of both links? */
static void goes_direct(struct dpn *d, const struct dpcase *c, mono_t now, bool is_told)
{
	struct pk p;
	uint32_t n;
	const struct dpn_out *out = give(d, c, &p, now, &n);
	assert_int_equal(n, is_told ? 3 : 2);
	if (is_told) {
		assert_int_equal(out[0].verdict, DPN_LOCAL);
		assert_true(dphost_has_no_hop_left(out[0].bytes));
		assert_int_equal(out[0].len_oct, out[2].len_oct - 14);
		assert_false(dphost_has_no_hop_left(out[1].bytes + 14));
	}
	assert_int_equal(out[n - 2].ifindex, IF_DOWN);
	check(c, &p, out, n);
}

static void goes_to_the_host(struct dpn *d, const struct dpcase *c, mono_t now)
{
	struct pk p;
	uint32_t n;
	const struct dpn_out *out = give(d, c, &p, now, &n);
	assert_int_equal(n, 1);
	assert_int_equal(out->verdict, DPN_LOCAL);
	assert_false(dphost_has_no_hop_left(out->bytes));
}

/* A routing daemon knows the tree and somebody follows what it does: from here, to the links; the kernel sees one in a second, which goes nowhere.
 * Whoever follows must go on saying so, and must have said it since he began. */
static void test_group_that_is_followed_goes_direct(void **state)
{
	struct dp_op op;
	const char *name;
	for (unsigned i = 0; (name = dphost_at(i, &op)); i++) {
		const struct dpcase *c = named(name);
		assert_int_equal(dpn_find(*state, &op), 0);
		dphost_enter(&op, IF_ACC);
		dpn_put(*state, &op);
		struct dp_op links = dphost_links(&op);
		assert_int_equal(dpn_find(*state, &links), 0);
		dpn_put(*state, &links);
		dpn_follow(*state, t0, false);
		goes_to_the_host(*state, c, t0);
		dpn_follow(*state, mono_add(t0, span_s(3)), false);
		goes_direct(*state, c, t0, true);
		goes_direct(*state, c, mono_add(t0, span_ms(999)), false);
		goes_direct(*state, c, mono_add(t0, span_ms(1000)), true);
		goes_to_the_host(*state, c, mono_add(t0, span_s(3)));
		dpn_follow(*state, mono_add(t0, span_s(3)), true);
		goes_to_the_host(*state, c, t0);
		dpn_put(*state, &links);
		goes_direct(*state, c, t0, true);
		assert_int_equal(dpn_apply(*state, false, &links, 1), 0);
		goes_to_the_host(*state, c, t0);
		dpn_put(*state, &links);
	}
	assert_int_equal(dpn_counters(*state)[DP_COUNT_MFC_TOLD], 3 * 6);
}

/* Two packets that may be fragmented on their way must not be put together as one. */
static void test_identifications_differ(void **state)
{
	const struct dpcase *c = named("IPv4: what may be fragmented still may be");
	struct pk p;
	uint32_t n;
	uint8_t first = give(*state, c, &p, t0, &n)->bytes[14 + 5];
	assert_int_equal(give(*state, c, &p, t0, &n)->bytes[14 + 5], first + 1);
}

/* What deletes names the key alone. */
static void test_a_key_deletes(void **state)
{
	struct dp_op ops[] = {{.table = DP_HOME, .home.home_address = bench_addr4("10.1.0.100")},
		{.table = DP_HOME_MORE, .home_more.home_address = bench_addr4("10.1.0.104")},
		{.table = DP_VISIT, .visit.home_address = bench_addr4("10.8.0.1")}, {.table = DP_UPLINK_IN, .uplink_in.inner_src = bench_addr4("10.9.0.30")},
		{.table = DP_DOWNLINK_IN, .downlink_in = {.dst = bench_addr4("10.5.1.100"), .src = bench_addr4("10.7.0.253")}},
		{.table = DP_UPLINK_OUT, .uplink_out.inner_src = bench_addr4("10.7.0.5")}};
	assert_int_equal(dpn_apply(*state, true, &ops[0], 1), ERR_INVAL); /* GRE, which is 0, is no form of a home agent's tunnel */
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
		assert_int_equal(dpn_apply(*state, false, &ops[i], 1), 0);
		assert_int_equal(dpn_find(*state, &ops[i]), ERR_NOTFOUND);
	}
}

/* Entries come out as they went in. */
static void test_entries_of_ipv4_are_found(void **state)
{
	struct dp_op visit = {.table = DP_VISIT, .visit.home_address = bench_addr4("10.8.0.5")}, more = {.table = DP_HOME_MORE,
		.home_more.home_address = bench_addr4("10.1.0.104")}, home = {.table = DP_HOME, .home.home_address = bench_addr4("10.1.0.103")};
	assert_int_equal(dpn_find(*state, &visit), 0);
	assert_int_equal(visit.visit.encap, DP_ENCAP_UDP);
	assert_int_equal(visit.visit.udp_port, 434);
	assert_int_equal(visit.visit.ifindex, IF_ACC);
	assert_int_equal(visit.visit.up, DP_VISIT_REVERSE);
	assert_int_equal(dpn_find(*state, &more), 0);
	assert_int_equal(more.home_more.n, 3);
	assert_int_equal(more.home_more.to[1].udp_port, 50000);
	assert_int_equal(dpn_find(*state, &home), 0);
	assert_true(home.home.is_reverse);
	assert_int_equal(home.home.udp_port, 40000);
	dpn_put(*state, &home);
	dpn_put(*state, &visit);
	dpn_put(*state, &more);
}

/* An access router of IPv6 and a foreign agent filter one link, each its family; what one withdraws the other keeps. */
static void test_two_filter_a_link(void **state)
{
	struct dp_op four = {.table = DP_IF, .iface = {.ifindex = IF_ACC, .flags = DP_IF_ACCESS | DP_IF_FILTER, .mtu_oct = 1500, .n_prefix = 1}};
	struct pk p;
	uint32_t n;
	assert_true(prefix46_parse(&four.iface.prefix[0], "10.2.18.0/24"));
	assert_int_equal(dpn_apply(*state, true, &four, 5), 0);
	assert_int_equal(give(*state, named("access link, own prefix"), &p, t0, &n)->verdict, DPN_PASS);
	assert_int_equal(give(*state, named("access link, foreign prefix"), &p, t0, &n)->drop, DP_DROP_FILTER_PREFIX);
	assert_int_equal(give(*state, named("IPv4: access link, foreign prefix"), &p, t0, &n)->verdict, DPN_PASS);
	assert_int_equal(give(*state, named("IPv4: access link, the agent's address"), &p, t0, &n)->drop, DP_DROP_FILTER_AGENT);
}

/* A router of IPv4 alone lets IPv6 pass, and the other way round. */
static void test_a_family_that_nobody_filters_passes(void **state)
{
	struct dp_op op = {.table = DP_IF, .iface = {.ifindex = IF_ACC, .flags = DP_IF_ACCESS | DP_IF_FILTER, .mtu_oct = 1500, .n_prefix = 1}};
	struct pk p;
	uint32_t n;
	assert_true(prefix46_parse(&op.iface.prefix[0], "10.2.17.0/24"));
	assert_int_equal(dpn_apply(*state, true, &op, 1), 0);
	assert_int_equal(give(*state, named("access link, foreign prefix"), &p, t0, &n)->verdict, DPN_PASS);
	assert_int_equal(give(*state, named("IPv4: access link, foreign prefix"), &p, t0, &n)->drop, DP_DROP_FILTER_PREFIX);
	assert_true(prefix46_parse(&op.iface.prefix[0], "2001:db8:2:11::/64"));
	assert_int_equal(dpn_apply(*state, true, &op, 1), 0);
	assert_int_equal(give(*state, named("access link, foreign prefix"), &p, t0, &n)->drop, DP_DROP_FILTER_PREFIX);
	assert_int_equal(give(*state, named("IPv4: access link, foreign prefix"), &p, t0, &n)->verdict, DPN_PASS);
}

/* A link with the gateway of mobiles that the network moves: every solicitation and request there is handed up. */
static void test_gateway_hears_every_question(void **state)
{
	struct dp_op op = {.table = DP_IF, .iface = {.ifindex = IF_ACC, .flags = DP_IF_ACCESS | DP_IF_GATE, .lladdr = bench_mac(IF_ACC), .mtu_oct = BENCH_MTU}};
	const uint8_t body[20] = {0, 0, 0, 0, 0xfe, 0x80, [19] = 1};
	const struct dpn_out *out;
	struct pk p;
	dpn_put(*state, &op);
	pk_eth_group(&p, IF_ACC, "ff02::1:ff00:1");
	pk_ip(&p, "fe80::99", "ff02::1:ff00:1", 58, 255, 0);
	pk_icmp(&p, 135, body, sizeof body);
	pk_end(&p);
	assert_int_equal(dpn_input(*state, IF_ACC, DPN_INGRESS, p.b, p.n, t0, &out), 2);
	assert_int_equal(out[0].punt.why, DP_PUNT_ND);
	assert_int_equal(out[1].verdict, DPN_PASS);
	pk_arp(&p, IF_ACC, 1, "10.77.0.9", "10.77.0.1");
	assert_int_equal(dpn_input(*state, IF_ACC, DPN_INGRESS, p.b, p.n, t0, &out), 2);
	assert_int_equal(out[0].punt.why, DP_PUNT_ARP);
}

/* What is not delivered now lies in the ring by its number; what is, is noted as the last. */
static void test_guest_has_a_ring_and_a_last_number(void **state)
{
	struct addr6 group = bench_addr("ff35::c2");
	struct dp_op op = {.table = DP_GUEST, .guest = {.group = bench_addr("ff35::c1"), .source = bench_addr("2001:db8:5d::1")}};
	struct kept k = {0};
	struct pk p;
	uint32_t n;
	assert_int_equal(dpn_find(*state, &op), 0);
	assert_false(op.guest.has_seq);
	give(*state, named("cast: kept for a guest"), &p, t0, &n);
	give(*state, named("cast: voice kept"), &p, t0, &n);
	dpn_keep_each(*state, &group, on_kept, &k);
	assert_int_equal(k.n, 2);
	assert_int_equal(k.seq[0], 113);
	give(*state, named("cast: guest gets IPv6 out of IPv6"), &p, t0, &n);
	assert_int_equal(dpn_find(*state, &op), 0);
	assert_true(op.guest.has_seq && op.guest.last_seq == 100 && op.guest.n_home == 2 && op.guest.is_serving);
	dpn_put(*state, &op); /* put again: the number stays */
	op.guest.has_seq = false;
	dpn_put(*state, &op);
	assert_int_equal(dpn_find(*state, &op), 0);
	assert_true(op.guest.has_seq && op.guest.last_seq == 100);
}

/* The rate of questions is the destination's. */
static void test_questions_are_limited_by_whom_they_are_about(void **state)
{
	const struct dpn_out *out;
	struct pk p;
	uint32_t n, punts = 0;
	for (uint32_t i = 0; i < 500; i++) {
		out = give(*state, named("cast: IPv6 home address that is not known yet"), &p, t0, &n);
		punts += out[0].verdict == DPN_PUNT;
		assert_true(out[0].verdict == DPN_PUNT || out[0].verdict == DPN_PASS);
	}
	assert_int_equal(punts, 200);
	out = give(*state, named("cast: IPv4 home address that is not known yet"), &p, t0, &n);
	assert_int_equal(out[0].verdict, DPN_PUNT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_cases), T(test_every_drop_is_provoked), T(test_copies_to_both_links), T(test_sequence_rises_through_refreshes),
		T(test_window_ends), T(test_a_tick_behind_is_a_duplicate_all_the_same), T(test_tcp_segments_are_told_apart), T(test_whole_on_one_path_pieces_on_the_other),
		T(test_a_lost_piece_is_taken_from_the_other), T(test_punts_are_limited), T(test_path_mtu_is_heeded),
		T(test_owners_share_an_interface), T(test_ring_keeps_what_was_sent), T(test_last_sequence_is_known), T(test_use_of_a_route_is_known),
		T(test_routes_are_asked_for_slowly), T(test_simultaneous_bindings_get_copies), T(test_a_copy_that_must_wait_is_handed_up),
		T(test_ring_keeps_ipv4), T(test_last_sequence_of_ipv4_is_known), T(test_tcp_segments_of_ipv4_are_told_apart),
		T(test_path_mtu_of_ipv4_is_heeded), T(test_group_into_the_hosts_own_forwarding), T(test_group_that_is_followed_goes_direct), T(test_identifications_differ), T(test_a_key_deletes),
		T(test_entries_of_ipv4_are_found), T(test_two_filter_a_link), T(test_a_family_that_nobody_filters_passes),
		T(test_gateway_hears_every_question), T(test_guest_has_a_ring_and_a_last_number), T(test_questions_are_limited_by_whom_they_are_about),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
