/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every IPv4 packet and ARP message that we build, against the same made by another implementation (tests/golden/make-golden4), and every
 * truncation of it. Requirement: H-7 (the bytes it travels in).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wire/arp/arp.h"
#include "wire/igmp/igmp.h"
#include "wire/ip/csum.h"
#include "wire/ip/ip6.h"
#include "wire/mip4/adv4.h"
#include "wire/mip4/mip4_packet.h"
#include "../kit/golden.h"
#include "../kit/wire4_samples.h"

static void built_bytes_are_the_other_implementations(void **state)
{
	(void)state;
	for (size_t i = 0; i < wire4_samples_n; i++)
		golden_compare(&wire4_samples[i]);
	for (size_t i = 0; i < arp_samples_n; i++)
		golden_compare(&arp_samples[i]);
}

static void a_short_buffer_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < wire4_samples_n; i++)
		golden_short(&wire4_samples[i]);
	for (size_t i = 0; i < arp_samples_n; i++)
		golden_short(&arp_samples[i]);
}

/* How many of the parsers take it. */
static int takers(const void *pkt, size_t n)
{
	struct mip4_packet mip;
	struct adv4_packet adv;
	struct igmp_packet igmp;
	return (mip4_packet_parse(pkt, n, &mip) == W_OK) + (adv4_packet_parse(pkt, n, &adv) == W_OK) + (igmp_packet_parse(pkt, n, &igmp) == W_OK);
}

static bool is_signalling(const uint8_t *pkt, size_t n)
{
	struct ip4_walk ip;
	assert_int_equal(ip4_walk(pkt, n, &ip), W_OK);
	return ip.ip.proto == NH_UDP || ip.ip.proto == PROTO_IGMP || (ip.ip.proto == PROTO_ICMP4 && pkt[ip.off] != IC4_UNREACHABLE);
}

static void exactly_one_parser_takes_each(void **state)
{
	(void)state;
	for (size_t i = 0; i < wire4_samples_n; i++) {
		uint8_t pkt[SAMPLE_CAP_OCT];
		size_t n = wire4_samples[i].build(pkt, sizeof pkt);
		if (takers(pkt, n) != is_signalling(pkt, n))
			fail_msg("%s: %d parsers", wire4_samples[i].name, takers(pkt, n));
	}
}

/* The IP header made to say that the packet ends at cut, its checksum right. */
static void shorten(uint8_t *pkt, size_t cut)
{
	pkt[2] = (uint8_t)(cut >> 8);
	pkt[3] = (uint8_t)cut;
	pkt[10] = pkt[11] = 0;
	uint16_t sum = csum_fold(csum_add(0, pkt, (pkt[0] & 15u) * 4));
	pkt[10] = (uint8_t)(sum >> 8);
	pkt[11] = (uint8_t)sum;
}

/* Plain; with the IP header corrected; and with UDP's length and all checksums as well. Whole extensions may go in the last one,
 * half ones may not; the block is as long as the bytes, so that reading past them is seen. */
static void every_truncation_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < wire4_samples_n; i++) {
		uint8_t pkt[SAMPLE_CAP_OCT];
		size_t n = wire4_samples[i].build(pkt, sizeof pkt);
		for (size_t cut = 0; cut < n; cut++) {
			uint8_t *tight = malloc(cut + 1);
			memcpy(tight, pkt, cut);
			if (takers(tight, cut))
				fail_msg("%s cut to %zu bytes is taken", wire4_samples[i].name, cut);
			if (cut >= 24) {
				shorten(tight, cut);
				if (takers(tight, cut))
					fail_msg("%s cut consistently to %zu bytes is taken", wire4_samples[i].name, cut);
			}
			free(tight);
		}
	}
}

static bool boundary(const struct mip4 *m, const uint8_t *msg, size_t cut)
{
	size_t at = m->type == MIP4_REQUEST || m->type == MIP4_REVOKE ? 24 : m->type == MIP4_REPLY ? 20 : m->type == MIP4_DATA ? 4 : 12;
	if (m->type == MIP4_REVOKE)
		at = 20;
	if (m->type == MIP4_DATA)
		return cut >= at;
	while (at < cut)
		at += msg[at] == 36 || msg[at] == 38 ? 4u + (size_t)(msg[at + 2] << 8 | msg[at + 3]) : 2u + msg[at + 1];
	return at == cut;
}

static void a_message_ends_only_between_extensions(void **state)
{
	(void)state;
	unsigned taken = 0;
	for (size_t i = 0; i < wire4_samples_n; i++) {
		uint8_t pkt[SAMPLE_CAP_OCT];
		struct mip4_packet p;
		struct mip4 m;
		size_t n = wire4_samples[i].build(pkt, sizeof pkt);
		if (mip4_packet_parse(pkt, n, &p))
			continue;
		size_t whole = n - (size_t)(p.msg - pkt);
		for (size_t cut = 0; cut <= whole; cut++) {
			uint8_t *tight = malloc(cut + 1);
			memcpy(tight, p.msg, cut);
			struct rd r = rd_of(tight, cut);
			enum wire_err e = mip4_parse(&r, &m);
			if ((e == W_OK) != boundary(&p.m, p.msg, cut))
				fail_msg("%s: message cut to %zu: %s", wire4_samples[i].name, cut, wire_err_str(e));
			taken += e == W_OK;
			free(tight);
		}
	}
	assert_true(taken > 30);
}

static void an_agents_advertisement_cut_anywhere_reads_nothing_past_it(void **state)
{
	(void)state;
	uint8_t pkt[SAMPLE_CAP_OCT];
	for (size_t i = 0; i < wire4_samples_n; i++) {
		struct ip4_walk ip;
		size_t n = wire4_samples[i].build(pkt, sizeof pkt);
		assert_int_equal(ip4_walk(pkt, n, &ip), W_OK);
		if (ip.ip.proto != PROTO_ICMP4 && ip.ip.proto != PROTO_IGMP)
			continue;
		for (size_t cut = ip.off; cut < n; cut++) {
			uint8_t *tight = malloc(cut);
			memcpy(tight, pkt, cut);
			shorten(tight, cut);
			if (cut >= ip.off + 4) {
				tight[ip.off + 2] = tight[ip.off + 3] = 0;
				uint16_t sum = csum_fold(csum_add(0, tight + ip.off, cut - ip.off));
				tight[ip.off + 2] = (uint8_t)(sum >> 8);
				tight[ip.off + 3] = (uint8_t)sum;
			}
			if (takers(tight, cut) && cut < ip.off + 8u)
				fail_msg("%s cut to %zu is taken", wire4_samples[i].name, cut);
			free(tight);
		}
	}
}

static void every_truncation_of_arp_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < arp_samples_n; i++) {
		uint8_t pkt[64];
		struct arp a;
		size_t n = arp_samples[i].build(pkt, sizeof pkt);
		assert_int_equal(arp_parse(pkt, n, &a), W_OK);
		for (size_t cut = 0; cut < n; cut++) {
			uint8_t *tight = malloc(cut + 1);
			memcpy(tight, pkt, cut);
			assert_int_equal(arp_parse(tight, cut, &a), W_TRUNCATED);
			free(tight);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_bytes_are_the_other_implementations), cmocka_unit_test(a_short_buffer_is_refused),
		cmocka_unit_test(exactly_one_parser_takes_each),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_message_ends_only_between_extensions),
		cmocka_unit_test(an_agents_advertisement_cut_anywhere_reads_nothing_past_it),
		cmocka_unit_test(every_truncation_of_arp_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
