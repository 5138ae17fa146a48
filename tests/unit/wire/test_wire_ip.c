/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6's extension headers, IPv4, GRE, ICMPv6 errors. H-2, H-3 (the tunnels' headers), H-13 (Home Address option). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/gre/gre.h"
#include "wire/ip/icmp6.h"
#include "wire/ip/ip4.h"
#include "../kit/wire_samples.h"

static uint8_t pkt[SAMPLE_CAP_OCT];

/* An IPv6 packet whose payload is these bytes. */
static enum wire_err walk(uint8_t next, const void *bytes, size_t n, struct ip6_walk *out)
{
	struct wr w = wr_of(pkt, sizeof pkt);
	ip6_head_build(&w, &(struct ip6_head){.next = next, .hop_limit = 9, .src = A6("2001:db8::1"), .dst = A6("2001:db8::2")});
	wr_bytes(&w, bytes, n);
	ip6_head_finish(&w);
	return ip6_walk(pkt, wr_len(&w), out);
}
#define WALK(next, out, ...) walk(next, (uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}), out)
#define ADDR 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x99

static void home_address_and_routing_header_are_found(void **state)
{
	(void)state;
	struct ip6_walk ip;
	assert_int_equal(WALK(NH_ROUTING, &ip, NH_DSTOPTS, 2, 2, 1, 0, 0, 0, 0, ADDR, NH_NONE, 2, 1, 2, 0, 0, 0xc9, 16, ADDR), W_OK);
	assert_true(ip.has_rh2 && ip.has_hao && ip.rh2_left == 1);
	assert_int_equal(ip.rh2_off, 40);
	assert_int_equal(ip.hao_off, 40 + 24 + 6);
	assert_int_equal(ip.off, 88);
	assert_int_equal(ip.proto, NH_NONE);
	assert_string_equal(ADDR6_STR(ip6_walk_src(&ip)), "2001:db8::99");
	assert_string_equal(ADDR6_STR(ip6_walk_dst(&ip)), "2001:db8::99");
	/* Already processed by this node: the destination is the home address, the header holds the care-of address. */
	assert_int_equal(WALK(NH_ROUTING, &ip, NH_NONE, 2, 2, 0, 0, 0, 0, 0, ADDR), W_OK);
	assert_string_equal(ADDR6_STR(ip6_walk_dst(&ip)), "2001:db8::2");
}

static void bad_headers_name_the_byte(void **state)
{
	(void)state;
	struct ip6_walk ip;
	assert_int_equal(WALK(NH_ROUTING, &ip, NH_NONE, 2, 2, 2, 0, 0, 0, 0, ADDR), W_ROUTING); /* two segments left */
	assert_int_equal(ip.bad_off, 43);
	assert_int_equal(WALK(NH_ROUTING, &ip, NH_NONE, 2, 0, 1, 0, 0, 0, 0, ADDR), W_ROUTING); /* type 0: forbidden */
	assert_int_equal(ip.bad_off, 42);
	assert_int_equal(WALK(NH_ROUTING, &ip, NH_NONE, 2, 0, 0, 0, 0, 0, 0, ADDR), W_OK);
	assert_int_equal(WALK(NH_ROUTING, &ip, NH_NONE, 0, 2, 1, 0, 0, 0, 0), W_ROUTING);       /* too short for an address */
	assert_int_equal(ip.bad_off, 41);
	assert_int_equal(WALK(NH_ROUTING, &ip, NH_NONE, 2, 2, 1, 0, 0, 0, 0, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), W_VALUE);
	assert_int_equal(ip.bad_off, 48);
	assert_int_equal(WALK(NH_DSTOPTS, &ip, NH_NONE, 2, 1, 2, 0, 0, 0xc9, 15, ADDR), W_LENGTH);
	assert_int_equal(WALK(NH_DSTOPTS, &ip, NH_NONE, 4, 1, 2, 0, 0, 0xc9, 16, ADDR, 0xc9, 16, ADDR), W_LENGTH);
	assert_int_equal(WALK(NH_DSTOPTS, &ip, NH_NONE, 4, 0xc9, 16, ADDR, 0xc9, 16, ADDR, 0, 0), W_OPTION_ORDER);
	assert_int_equal(WALK(NH_DSTOPTS, &ip, NH_HOPOPTS, 0, 0, 0, 0, 0, 0, 0, NH_NONE, 0, 0, 0, 0, 0, 0, 0), W_OPTION_ORDER);
	assert_int_equal(WALK(NH_DSTOPTS, &ip, NH_NONE, 0, 1, 9, 0, 0, 0, 0), W_LENGTH); /* option runs past its header */
	assert_int_equal(WALK(NH_DSTOPTS, &ip, NH_NONE), W_TRUNCATED);
	assert_int_equal(WALK(NH_DSTOPTS, &ip, NH_NONE, 1, 0, 0, 0, 0, 0, 0), W_TRUNCATED);
}

/* RFC 8200 4.2: the two highest bits say what a node does that does not know the option. */
static void unknown_options_act_by_their_bits(void **state)
{
	(void)state;
	struct ip6_walk ip;
	assert_int_equal(WALK(NH_DSTOPTS, &ip, NH_NONE, 0, 0x1e, 2, 0, 0, 0, 0), W_OK);
	for (uint8_t action = 1; action <= 3; action++) {
		assert_int_equal(WALK(NH_DSTOPTS, &ip, NH_NONE, 0, 0, 0, (uint8_t)(action << 6 | 0x1e), 2, 0, 0), W_OPTION);
		assert_int_equal(ip.bad_action, action);
		assert_int_equal(ip.bad_off, 44);
	}
	/* A Home Address option counts among destination options only. */
	assert_int_equal(WALK(NH_HOPOPTS, &ip, NH_NONE, 2, 1, 2, 0, 0, 0xc9, 16, ADDR), W_OPTION);
	assert_false(ip.has_hao);
}

static void fragments_end_the_walk_unless_whole(void **state)
{
	(void)state;
	struct ip6_walk ip;
	assert_int_equal(WALK(NH_FRAGMENT, &ip, NH_ICMP6, 0, 0, 1, 0, 0, 0, 5, 1, 2, 3, 4), W_OK);
	assert_int_equal(ip.proto, NH_FRAGMENT);
	assert_int_equal(WALK(NH_FRAGMENT, &ip, NH_ICMP6, 0, 0, 0, 0, 0, 0, 5, 1, 2, 3, 4), W_OK);
	assert_int_equal(ip.proto, NH_ICMP6);
	assert_int_equal(ip.len_oct, 4);
	struct icmp6_packet p;
	(void)WALK(NH_FRAGMENT, &ip, NH_ICMP6, 0, 0, 8, 0, 0, 0, 5, 1, 2, 3, 4);
	assert_int_equal(icmp6_packet_parse(pkt, 52, &p), W_FRAGMENT);
}

static void bytes_behind_the_payload_are_no_part(void **state)
{
	(void)state;
	struct ip6_walk ip;
	(void)WALK(NH_NONE, &ip, 1, 2, 3, 4);
	assert_int_equal(ip6_walk(pkt, 60, &ip), W_OK);
	assert_int_equal(ip.len_oct, 4);
	pkt[0] = 0x45;
	assert_int_equal(ip6_walk(pkt, 60, &ip), W_VERSION);
}

static void ip4_headers_round_trip(void **state)
{
	(void)state;
	struct ip4_head h = {.head_len_oct = 20, .tos = 0xb8, .total_len_oct = 1200, .id = 0xabcd, .has_more = true, .frag_off_oct = 1480, .ttl = 3,
			     .proto = NH_GRE, .src = {{192, 0, 2, 1}}, .dst = {{198, 51, 100, 9}}}, back;
	struct wr w = wr_of(pkt, sizeof pkt);
	ip4_head_build(&w, &h);
	struct rd r = rd_of(pkt, 20);
	assert_int_equal(ip4_head_parse(&r, &back), W_OK);
	assert_memory_equal(&h, &back, sizeof h);
	pkt[8]++;
	r = rd_of(pkt, 20);
	assert_int_equal(ip4_head_parse(&r, &back), W_CHECKSUM);
	for (size_t cut = 0; cut < 20; cut++) {
		r = rd_of(pkt, cut);
		assert_int_equal(ip4_head_parse(&r, &back), W_TRUNCATED);
	}
	pkt[0] = 0x44;
	r = rd_of(pkt, 20);
	assert_int_equal(ip4_head_parse(&r, &back), W_LENGTH);
	pkt[0] = 0x46; /* options announced, not there */
	r = rd_of(pkt, 20);
	assert_int_equal(ip4_head_parse(&r, &back), W_TRUNCATED);
	pkt[0] = 0x65;
	r = rd_of(pkt, 20);
	assert_int_equal(ip4_head_parse(&r, &back), W_VERSION);
}

static void gre_headers_round_trip(void **state)
{
	(void)state;
	for (int bits = 0; bits < 4; bits++) {
		struct gre g = {.proto = GRE_PROTO_IPV6, .has_key = bits & 1, .has_seq = bits & 2}, back;
		g.key = g.has_key ? 0xcafe0001 : 0;
		g.seq = g.has_seq ? 0xffffffff : 0;
		struct wr w = wr_of(pkt, sizeof pkt);
		gre_build(&w, &g);
		assert_int_equal(wr_len(&w), gre_len_oct(&g));
		struct rd r = rd_of(pkt, wr_len(&w));
		assert_int_equal(gre_parse(&r, &back), W_OK);
		assert_int_equal(rd_left(&r), 0);
		assert_true(back.proto == g.proto && back.has_key == g.has_key && back.key == g.key && back.has_seq == g.has_seq && back.seq == g.seq);
		for (size_t cut = 0; cut < wr_len(&w); cut++) {
			r = rd_of(pkt, cut);
			assert_int_equal(gre_parse(&r, &back), W_TRUNCATED);
		}
	}
}

static void gre_refuses_what_it_cannot_read(void **state)
{
	(void)state;
	struct gre g;
	static const struct { uint8_t head[4]; enum wire_err want; } cases[] = {
		{{0x00, 0x01, 0x86, 0xdd}, W_VERSION},  /* version 1 is PPTP's */
		{{0x40, 0x00, 0x86, 0xdd}, W_VERSION},  /* source routing, RFC 1701 */
		{{0x08, 0x00, 0x86, 0xdd}, W_VERSION},
		{{0x04, 0x00, 0x86, 0xdd}, W_VERSION},
		{{0x03, 0xf8, 0x86, 0xdd}, W_OK},       /* reserved bits that a receiver ignores */
		{{0x80, 0x00, 0x86, 0xdd}, W_TRUNCATED},/* checksum announced */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rd r = rd_of(cases[i].head, 4);
		assert_int_equal(gre_parse(&r, &g), cases[i].want);
	}
	static const uint8_t with_sum[] = {0x80, 0, 0x86, 0xdd, 0xf9, 0x21, 0, 0}, wrong_sum[] = {0x80, 0, 0x86, 0xdd, 0xf9, 0x22, 0, 0};
	struct rd r = rd_of(with_sum, sizeof with_sum);
	assert_int_equal(gre_parse(&r, &g), W_OK);
	r = rd_of(wrong_sum, sizeof wrong_sum);
	assert_int_equal(gre_parse(&r, &g), W_CHECKSUM);
}

static void errors_are_not_sent_about_errors(void **state)
{
	(void)state;
	struct ip6_walk ip;
	(void)WALK(NH_ICMP6, &ip, IC6_TOO_BIG, 0, 0, 0);
	assert_false(icmp6_error_is_allowed(pkt, 44, IC6_TIME_EXCEEDED, 0));
	(void)WALK(NH_ICMP6, &ip, IC6_ECHO_REQUEST, 0, 0, 0);
	assert_true(icmp6_error_is_allowed(pkt, 44, IC6_TIME_EXCEEDED, 0));
	memset(pkt + 24, 0xff, 16); /* to a multicast group: too big only */
	assert_false(icmp6_error_is_allowed(pkt, 44, IC6_TIME_EXCEEDED, 0));
	assert_true(icmp6_error_is_allowed(pkt, 44, IC6_TOO_BIG, 0));
	assert_false(icmp6_error_is_allowed(pkt, 44, IC6_PARAM_PROBLEM, 0));
	assert_true(icmp6_error_is_allowed(pkt, 44, IC6_PARAM_PROBLEM, 2));
	memset(pkt + 8, 0, 16); /* from :: */
	assert_false(icmp6_error_is_allowed(pkt, 44, IC6_TOO_BIG, 0));
	assert_false(icmp6_error_is_allowed(pkt, 30, IC6_TOO_BIG, 0));
}

static void errors_quote_what_fits(void **state)
{
	(void)state;
	static uint8_t about[4000], out[2000];
	struct wr w = wr_of(about, sizeof about);
	ip6_head_build(&w, &(struct ip6_head){.next = NH_UDP, .src = A6("2001:db8::1"), .dst = A6("2001:db8::2")});
	struct addr6 self = A6("2001:db8::9");
	struct icmp6_packet p;
	size_t n = icmp6_error_build(out, sizeof out, &self, IC6_TOO_BIG, 0, 1280, about, sizeof about);
	assert_int_equal(n, 1280);
	assert_int_equal(icmp6_packet_parse(out, n, &p), W_OK);
	assert_string_equal(ADDR6_STR(&p.ip.ip.dst), "2001:db8::1");
	assert_int_equal(icmp6_error_build(out, 1279, &self, IC6_TOO_BIG, 0, 1280, about, sizeof about), 0);
	assert_int_equal(icmp6_error_build(out, sizeof out, &self, IC6_TOO_BIG, 0, 1280, about, 39), 0);
	assert_string_equal(wire_err_str(W_CHECKSUM), "checksum does not match");
	assert_string_equal(wire_err_str((enum wire_err)-1), "unknown wire error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(home_address_and_routing_header_are_found),
		cmocka_unit_test(bad_headers_name_the_byte),
		cmocka_unit_test(unknown_options_act_by_their_bits),
		cmocka_unit_test(fragments_end_the_walk_unless_whole),
		cmocka_unit_test(bytes_behind_the_payload_are_no_part),
		cmocka_unit_test(ip4_headers_round_trip),
		cmocka_unit_test(gre_headers_round_trip),
		cmocka_unit_test(gre_refuses_what_it_cannot_read),
		cmocka_unit_test(errors_are_not_sent_about_errors),
		cmocka_unit_test(errors_quote_what_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
