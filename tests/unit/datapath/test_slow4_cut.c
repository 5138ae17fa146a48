// SPDX-License-Identifier: BSD-2-Clause
/* The slow path of IPv4: what does not fit is cut, or its source is told; what fits goes whole (RFC 2003 3 and 5, RFC 2004, RFC 3519 4.8). H-7. */
#include "../kit/slow4_kit.h"

/* Adds a fragment to a body; gives whether it was the last. */
static bool gather(const struct pkt *p, uint8_t *body, size_t *have)
{
	struct ip4_head h;
	struct rd r = rd_of(p->b, p->n);
	assert_int_equal(ip4_head_parse(&r, &h), W_OK);
	assert_int_equal(h.id, 0x4321);
	assert_int_equal(h.tos, 0xb9);
	assert_int_equal(h.frag_off_oct, *have);
	assert_false(h.is_dont_fragment);
	memcpy(body + *have, r.p, rd_left(&r));
	*have += rd_left(&r);
	return !h.has_more;
}

/* RFC 2003 5.1: the MTU that the source hears is the tunnel's less the tunnel's header. */
static void with_df_the_source_is_told(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1500, true);
	for (int i = 0; i < FORMS_N; i++) {
		struct dp_punted d = punted(&p, forms[i].encap, 1490);
		d.slow.has_key = true;
		slow_punt(b->slow, &d, t0);
		assert_int_equal(b->n, 1);
		assert_int_equal(expect_error(b, SLOW_ROUTE, IC4_UNREACHABLE, IC4_TOO_BIG, &p), 1490 - forms[i].over_oct);
		b->n = 0;
		d.slow.is_local = true;
		slow_punt(b->slow, &d, t0);
		expect_error(b, SLOW_ROUTE, IC4_UNREACHABLE, IC4_TOO_BIG, &p);
		b->n = 0;
	}
}

/* A datagram of which only the beginning was handed up. */
static void what_was_cut_short_can_be_refused(void **state)
{
	struct bench *b = *state;
	struct pkt p = inner(3000, true);
	struct dp_punted d = punted(&p, DP_ENCAP_IPIP, 1500);
	d.len_oct = DP_PUNT_SNAP;
	slow_punt(b->slow, &d, t0);
	assert_int_equal(expect_error(b, SLOW_ROUTE, IC4_UNREACHABLE, IC4_TOO_BIG, &p), 1480);
	p = inner(3000, false);
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 1);
}

/* Each part is a packet of the tunnel; together they are the packet, one hop older. */
static void without_df_the_packet_is_cut(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1500, false);
	for (int i = 0; i < FORMS_N; i++) {
		uint8_t body[PKT_MAX];
		size_t have = 0;
		bool is_last = false;
		struct dp_punted d = punted(&p, forms[i].encap, 700);
		d.slow.has_key = true;
		if (forms[i].encap == DP_ENCAP_NONE)
			d.slow.ifindex = IF_ACC;
		slow_punt(b->slow, &d, t0);
		assert_int_equal(b->n, 3);
		for (uint32_t k = 0; k < b->n; k++) {
			assert_true(b->bytes[k].n <= 700);
			assert_int_equal(b->out[k].kind, forms[i].encap == DP_ENCAP_NONE ? SLOW_LINK : SLOW_ROUTE);
			const bool is_bare = forms[i].encap == DP_ENCAP_NONE;
			/* RFC 2004 1: a fragment cannot travel in it. */
			const enum dp_encap as = forms[i].encap == DP_ENCAP_MINIMAL ? DP_ENCAP_IPIP : forms[i].encap;
			const struct ip4_head h = out_head(b, k, is_bare ? cn : ha, is_bare ? hoa : coa);
			assert_int_equal(h.tos, 0xb9);
			assert_false(h.is_dont_fragment);
			const struct pkt part = unwrapped(b, k, as, is_bare ? cn : ha, is_bare ? hoa : coa);
			assert_int_equal(part.b[8], 59);
			assert_false(is_last);
			is_last = gather(&part, body, &have);
		}
		assert_true(is_last);
		assert_int_equal(have, p.n - 20);
		assert_memory_equal(body, p.b + 20, have);
		b->n = 0;
	}
}

/* A part of a datagram that was cut before keeps its place, and does not become the last one. */
static void fragments_are_cut_further(void **state)
{
	struct bench *b = *state;
	uint8_t body[1000] = {7};
	struct ip4_head h = head(cn, hoa, NH_UDP, false);
	h.frag_off_oct = 1480;
	h.has_more = true;
	struct pkt p = packet(h, body, 800);
	struct dp_punted d = punted(&p, DP_ENCAP_MINIMAL, 600);
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 2);
	for (uint32_t i = 0; i < 2; i++) {
		const struct pkt part = unwrapped(b, i, DP_ENCAP_IPIP, ha, coa);
		struct rd r = rd_of(part.b, part.n);
		assert_int_equal(ip4_head_parse(&r, &h), W_OK);
		assert_int_equal(h.frag_off_oct, i ? 1480 + 560 : 1480);
		assert_true(h.has_more);
	}
	/* One that only just does not fit as IP-in-IP is cut too. */
	b->n = 0;
	d.slow.mtu_oct = 830;
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 2);
	assert_true(b->bytes[0].n <= 830);
}

/* RFC 791 3.1: of the options only those that say so are in every fragment. */
static void options_go_where_they_belong(void **state)
{
	struct bench *b = *state;
	static const uint8_t opt[12] = {7, 7, 4, 0, 0, 0, 0, 1, 148, 4, 0, 0}; /* record route (not copied), nothing, router alert (copied) */
	struct pkt p = inner(1000, false), o;
	memcpy(o.b, p.b, 20);
	memcpy(o.b + 20, opt, sizeof opt);
	memcpy(o.b + 32, p.b + 20, 980);
	o.b[0] = 0x48;
	struct wr w = wr_of(o.b, sizeof o.b);
	(void)wr_room(&w, 1012);
	o.n = ip4_finish(&w, 0);
	struct dp_punted d = punted(&o, DP_ENCAP_IPIP, 600);
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 2);
	struct pkt part = unwrapped(b, 0, DP_ENCAP_IPIP, ha, coa);
	assert_int_equal(part.b[0], 0x48);
	assert_memory_equal(part.b + 20, opt, sizeof opt);
	const size_t first = part.n - 32;
	part = unwrapped(b, 1, DP_ENCAP_IPIP, ha, coa);
	assert_int_equal(part.b[0], 0x46);
	assert_memory_equal(part.b + 20, opt + 8, 4);
	assert_int_equal(part.n - 24, 980 - first);
	assert_memory_equal(part.b + 24, o.b + 32 + first, 980 - first);
}

/* A group's packet has one number: the tunnel packet is cut, and the mobile puts it together. */
static void a_groups_packet_is_cut_outside(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1500, false);
	struct dp_punted d = punted(&p, DP_ENCAP_GRE, 1400);
	d.slow.has_seq = true;
	d.slow.seq = 77;
	d.slow.dst = A(group);
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 2);
	struct bench mobile = {.n = 0};
	mobile.down = (struct dp_downlink_in){.dst = A(group), .src = A(ha), .home_address = A(hoa), .encap = DP_ENCAP_GRE};
	const struct slow_conf conf = {.mem = &mem, .source = source, .find = find, .emit = emit, .ctx = &mobile};
	assert_int_equal(slow_new(&mobile.slow, &conf), 0);
	for (int path = 0; path < 2; path++) { /* each link brings all of it */
		for (uint32_t i = 0; i < 2; i++) {
			assert_int_equal(b->out[i].kind, SLOW_GROUP);
			assert_true(b->bytes[i].n <= 1400);
			const struct ip4_head h = out_head(b, i, ha, group);
			assert_int_equal(h.proto, NH_GRE);
			assert_int_equal(h.has_more, i == 0);
			struct dp_punted f = {.ifindex = IF_UP, .why = DP_PUNT_SLOW, .pkt = b->bytes[i].b, .len_oct = b->bytes[i].n,
					      .slow = {.why = DP_SLOW_FRAGMENT}};
			slow_punt(mobile.slow, &f, t0);
		}
	}
	assert_int_equal(mobile.n, 1);
	assert_int_equal(mobile.out[0].kind, SLOW_LOCAL);
	assert_int_equal(mobile.bytes[0].n, 1500);
	assert_int_equal(mobile.bytes[0].b[8], 59);
	assert_memory_equal(mobile.bytes[0].b + 12, p.b + 12, 1488);
	slow_free(mobile.slow);
}

/* What fits goes whole: a copy for one of several bindings. */
static void a_copy_is_sent(void **state)
{
	struct bench *b = *state;
	const struct pkt p = inner(1000, true);
	for (int i = 0; i < 4; i++) {
		struct dp_punted d = punted(&p, forms[i].encap, 1500);
		d.slow.why = DP_SLOW_COPY;
		d.slow.is_local = i == 0;
		slow_punt(b->slow, &d, t0);
		assert_int_equal(b->n, 1);
		const struct ip4_head h = out_head(b, 0, ha, coa);
		assert_true(h.is_dont_fragment); /* RFC 2003 3.1 */
		const struct pkt got = unwrapped(b, 0, forms[i].encap, ha, coa);
		assert_int_equal(got.n, p.n);
		assert_int_equal(got.b[8], i == 0 ? 60 : 59);
		assert_memory_equal(got.b + 12, p.b + 12, p.n - 12);
		b->n = 0;
	}
}

/* The checksum that a card was to compute is computed. */
static void a_begun_checksum_is_finished(void **state)
{
	struct bench *b = *state;
	struct pkt p = inner(1000, true), begun = p;
	const uint8_t tail[4] = {0, NH_UDP, 980 >> 8, 980 & 255};
	const uint16_t sum = (uint16_t)~csum_fold(csum_add(csum_add(0, p.b + 12, 8), tail, 4));
	begun.b[26] = (uint8_t)(sum >> 8);
	begun.b[27] = (uint8_t)sum;
	struct dp_punted d = punted(&begun, DP_ENCAP_IPIP, 1500);
	d.slow.is_local = true;
	slow_punt(b->slow, &d, t0);
	const struct pkt got = unwrapped(b, 0, DP_ENCAP_IPIP, ha, coa);
	assert_memory_equal(got.b, p.b, p.n);
}

/* RFC 5177 7: what the source hears is less by both headers, and what is cut is in both tunnels. */
static void a_tunnel_in_the_tunnel_is_made_too(void **state)
{
	struct bench *b = *state;
	for (int i = 0; i < 4; i++) {
		const enum dp_encap as = forms[i].encap == DP_ENCAP_MINIMAL ? DP_ENCAP_IPIP : forms[i].encap;
		const uint32_t over = as == DP_ENCAP_IPIP ? 40 : forms[i].over_oct + 20;
		struct pkt p = inner(1500, true);
		struct dp_punted d = punted(&p, forms[i].encap, 1490);
		d.slow.nest_src = A4(ha);
		d.slow.nest_dst = A4("10.77.0.1");
		slow_punt(b->slow, &d, t0);
		assert_int_equal(expect_error(b, SLOW_ROUTE, IC4_UNREACHABLE, IC4_TOO_BIG, &p), 1490 - over);
		b->n = 0;
		p = inner(1500, false);
		slow_punt(b->slow, &d, t0);
		assert_int_equal(b->n, 2);
		for (uint32_t k = 0; k < b->n; k++) {
			const struct pkt nest = unwrapped(b, k, as, ha, coa);
			struct rd r = rd_of(nest.b, nest.n);
			struct ip4_head h;
			assert_int_equal(ip4_head_parse(&r, &h), W_OK);
			assert_int_equal(h.proto, NH_IPV4);
			assert_int_equal(h.total_len_oct, nest.n);
			const struct addr4 src = A4(ha), dst = A4("10.77.0.1");
			assert_memory_equal(&h.src, &src, 4);
			assert_memory_equal(&h.dst, &dst, 4);
		}
		b->n = 0;
	}
}

static void a_router_cuts_or_tells_the_agent(void **state)
{
	struct bench *b = *state;
	struct pkt p = inner_of(coa, group, 1500, false);
	struct dp_punted d = punted(&p, DP_ENCAP_NONE, 1400);
	d.slow.why = DP_SLOW_FORWARD;
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 2);
	uint8_t body[PKT_MAX];
	size_t have = 0;
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(b->out[i].kind, SLOW_GROUP);
		assert_int_equal(b->bytes[i].b[8], 59);
		assert_int_equal(gather(&b->bytes[i], body, &have), i == 1);
	}
	assert_memory_equal(body, p.b + 20, have);
	p = inner_of(coa, group, 1500, true);
	slow_punt(b->slow, &d, t0);
	assert_int_equal(b->n, 3);
	assert_int_equal(expect_error_to(b, coa, SLOW_ROUTE, IC4_UNREACHABLE, IC4_TOO_BIG, &p), 1400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(with_df_the_source_is_told), TEST(what_was_cut_short_can_be_refused), TEST(without_df_the_packet_is_cut),
		TEST(fragments_are_cut_further), TEST(options_go_where_they_belong), TEST(a_groups_packet_is_cut_outside), TEST(a_copy_is_sent),
		TEST(a_begun_checksum_is_finished), TEST(a_tunnel_in_the_tunnel_is_made_too), TEST(a_router_cuts_or_tells_the_agent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
