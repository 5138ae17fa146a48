/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every packet that we build, against the same packet made by another implementation (tests/golden/make-golden), and every
 * truncation of it. Requirements: H-6, H-8, H-10 (the bytes they travel in).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wire/ip/csum.h"
#include "wire/mip6/ha_icmp.h"
#include "wire/mip6/mh_packet.h"
#include "wire/mld/mld.h"
#include "wire/nd/nd.h"
#include "../kit/golden.h"
#include "../kit/wire_samples.h"

static void built_bytes_are_the_other_implementations(void **state)
{
	(void)state;
	for (size_t i = 0; i < wire_samples_n; i++)
		golden_compare(&wire_samples[i]);
}

static void a_short_buffer_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < wire_samples_n; i++)
		golden_short(&wire_samples[i]);
}

struct verdict { enum wire_err mh, ha, nd, mld; };

static struct verdict parse_all(const void *pkt, size_t n)
{
	struct mh_packet mh;
	struct ha_icmp_packet ha;
	struct nd_packet nd;
	struct mld_packet mld;
	return (struct verdict){mh_packet_parse(pkt, n, &mh), ha_icmp_packet_parse(pkt, n, &ha), nd_packet_parse(pkt, n, &nd),
				mld_packet_parse(pkt, n, &mld)};
}

static bool any_ok(struct verdict v) { return v.mh == W_OK || v.ha == W_OK || v.nd == W_OK || v.mld == W_OK; }

static bool is_signalling(const uint8_t *pkt, size_t n)
{
	struct ip6_walk ip;
	assert_int_equal(ip6_walk(pkt, n, &ip), W_OK);
	return ip.proto == NH_MH || (ip.proto == NH_ICMP6 && pkt[ip.off] >= 128);
}

static void exactly_one_parser_takes_each(void **state)
{
	(void)state;
	for (size_t i = 0; i < wire_samples_n; i++) {
		uint8_t pkt[SAMPLE_CAP_OCT];
		size_t n = wire_samples[i].build(pkt, sizeof pkt);
		struct verdict v = parse_all(pkt, n);
		int takers = (v.mh == W_OK) + (v.ha == W_OK) + (v.nd == W_OK) + (v.mld == W_OK);
		if (takers != is_signalling(pkt, n))
			fail_msg("%s: %d parsers (mh %s, ha %s, nd %s, mld %s)", wire_samples[i].name, takers, wire_err_str(v.mh),
				 wire_err_str(v.ha), wire_err_str(v.nd), wire_err_str(v.mld));
	}
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < wire_samples_n; i++) {
		uint8_t pkt[SAMPLE_CAP_OCT];
		size_t n = wire_samples[i].build(pkt, sizeof pkt);
		for (size_t cut = 0; cut < n; cut++) {
			uint8_t *tight = malloc(cut + 1); /* its own block, so that a read past the cut is seen */
			memcpy(tight, pkt, cut);
			if (any_ok(parse_all(tight, cut)))
				fail_msg("%s cut to %zu bytes is taken", wire_samples[i].name, cut);
			free(tight);
		}
	}
}

/* The same with the payload length corrected, so that the cut is met by the innermost parser. What is still a message by
 * itself (options gone at a boundary) would need a new checksum, so it is refused all the same. */
static void every_consistent_truncation_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < wire_samples_n; i++) {
		uint8_t pkt[SAMPLE_CAP_OCT];
		size_t n = wire_samples[i].build(pkt, sizeof pkt);
		for (size_t cut = IP6_HEAD_OCT; cut < n; cut++) {
			uint8_t *tight = malloc(cut);
			memcpy(tight, pkt, cut);
			tight[4] = (uint8_t)((cut - IP6_HEAD_OCT) >> 8);
			tight[5] = (uint8_t)(cut - IP6_HEAD_OCT);
			if (any_ok(parse_all(tight, cut)))
				fail_msg("%s cut consistently to %zu bytes is taken", wire_samples[i].name, cut);
			free(tight);
		}
	}
}

/* And with the checksum made right again: ICMPv6 bodies cut anywhere. Whole options may go; half ones may not. */
static void a_cut_body_with_right_checksum_reads_nothing_past_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < wire_samples_n; i++) {
		uint8_t pkt[SAMPLE_CAP_OCT];
		struct ip6_walk ip;
		size_t n = wire_samples[i].build(pkt, sizeof pkt);
		assert_int_equal(ip6_walk(pkt, n, &ip), W_OK);
		if (ip.proto != NH_ICMP6)
			continue;
		for (size_t cut = ip.off + 4; cut < n; cut++) {
			uint8_t *tight = malloc(cut);
			memcpy(tight, pkt, cut);
			tight[4] = (uint8_t)((cut - IP6_HEAD_OCT) >> 8);
			tight[5] = (uint8_t)(cut - IP6_HEAD_OCT);
			tight[ip.off + 2] = tight[ip.off + 3] = 0;
			uint16_t sum = ip6_csum(ip6_walk_src(&ip), ip6_walk_dst(&ip), NH_ICMP6, tight + ip.off, cut - ip.off);
			tight[ip.off + 2] = (uint8_t)(sum >> 8);
			tight[ip.off + 3] = (uint8_t)sum;
			struct verdict v = parse_all(tight, cut);
			if (any_ok(v) && (cut - ip.off) % 8)
				fail_msg("%s: body cut to %zu bytes is taken", wire_samples[i].name, cut - ip.off);
			free(tight);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_bytes_are_the_other_implementations),
		cmocka_unit_test(a_short_buffer_is_refused),
		cmocka_unit_test(exactly_one_parser_takes_each),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(every_consistent_truncation_is_refused),
		cmocka_unit_test(a_cut_body_with_right_checksum_reads_nothing_past_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
