/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbour discovery and multicast listener discovery: fields, and the checks that RFC 4861 and RFC 3810 demand. H-8, H-11. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/mld/mld.h"
#include "wire/nd/nd.h"
#include "../kit/golden.h"
#include "../kit/wire_samples.h"

static uint8_t pkt[SAMPLE_CAP_OCT];
static size_t len;

static void sample(const char *name) { len = sample_named(wire_samples, wire_samples_n, name, pkt); }

/* After a change of some bytes: the checksum made right again. */
static void mend(void)
{
	struct ip6_walk ip;
	pkt[4] = (uint8_t)((len - 40) >> 8);
	pkt[5] = (uint8_t)(len - 40);
	(void)ip6_walk(pkt, len, &ip);
	pkt[ip.off + 2] = pkt[ip.off + 3] = 0;
	uint16_t sum = ip6_csum(&ip.ip.src, &ip.ip.dst, NH_ICMP6, pkt + ip.off, ip.len_oct);
	pkt[ip.off + 2] = (uint8_t)(sum >> 8);
	pkt[ip.off + 3] = (uint8_t)sum;
}

static enum wire_err nd(struct nd_packet *p)
{
	mend();
	return nd_packet_parse(pkt, len, p);
}
static enum wire_err mld(struct mld_packet *p)
{
	mend();
	return mld_packet_parse(pkt, len, p);
}
static void put(size_t off, const char *addr) { memcpy(pkt + off, &(struct addr6[]){A6(addr)}[0], 16); }
enum { SRC = 8, DST = 24, HOP = 7, BODY = 40 };

static void an_advertisement_carries_everything(void **state)
{
	(void)state;
	struct nd_packet p;
	sample("ra");
	assert_int_equal(nd_packet_parse(pkt, len, &p), W_OK);
	const struct nd_ra *ra = &p.ra;
	assert_int_equal(p.type, IC6_RA);
	assert_true(ra->hop_limit == 64 && ra->is_home_agent && !ra->is_managed && ra->lifetime_s == 9 && ra->reachable_ms == 30000);
	assert_true(ra->has_slla && ra->has_mtu && ra->mtu_oct == 1500 && ra->n_prefix == 2);
	assert_true(ra->prefix[0].is_router_addr && ra->prefix[0].is_auto && ra->prefix[0].preferred_s == 14400);
	assert_true(!ra->prefix[1].is_router_addr && !ra->prefix[1].is_auto && ra->prefix[1].is_onlink);
	assert_true(ra->has_adv_interval && ra->adv_interval_ms == 3000);
	assert_true(ra->has_ha_info && ra->ha_takes_routers && ra->ha_preference == 10 && ra->ha_lifetime_s == 1800);
	assert_true(ra->has_map && ra->map.distance == 2 && ra->map.preference == 9 && ra->map.valid_s == 3600);
	assert_string_equal(ADDR6_STR(&ra->map.addr), "2001:db8:2::1");
	assert_true(ra->has_site && ra->site.flags == ND_SITE_HOME);
	assert_string_equal(ra->site.name, "foreign");
}

static void every_length_of_site_name_survives(void **state)
{
	(void)state;
	struct nd_ra ra = {.has_site = true};
	struct addr6 src = A6("fe80::1");
	for (size_t n = 0; n < ND_SITE_MAX; n++) {
		struct nd_packet p;
		memset(ra.site.name, 'x', n);
		ra.site.name[n] = 0;
		len = ra_packet_build(pkt, sizeof pkt, &src, &addr6_allnodes, &ra);
		assert_int_equal(nd_packet_parse(pkt, len, &p), W_OK);
		assert_true(p.ra.has_site);
		assert_string_equal(p.ra.site.name, ra.site.name);
	}
	/* 253 of another enterprise, and a later version of ours, are not ours. */
	struct nd_packet p;
	pkt[BODY + 16 + 7] ^= 1;
	assert_int_equal(nd(&p), W_OK);
	assert_false(p.ra.has_site);
	pkt[BODY + 16 + 7] ^= 1;
	pkt[BODY + 16 + 2] = 2;
	assert_int_equal(nd(&p), W_OK);
	assert_false(p.ra.has_site);
	pkt[BODY + 16 + 2] = 1;
	pkt[len - 1] = 'x'; /* the option is full: 64 characters have no room for their end */
	assert_int_equal(nd(&p), W_OK);
	assert_false(p.ra.has_site);
}

static void rfc4861_checks_refuse(void **state)
{
	(void)state;
	struct nd_packet p;
	sample("ra"), pkt[HOP] = 254;
	assert_int_equal(nd(&p), W_HOP_LIMIT);
	sample("ra"), pkt[BODY + 1] = 1;
	assert_int_equal(nd(&p), W_CODE);
	sample("ra"), put(SRC, "2001:db8::1");
	assert_int_equal(nd(&p), W_SOURCE);
	sample("ra"), pkt[BODY + 17] = 0; /* an option of length zero */
	assert_int_equal(nd(&p), W_LENGTH);
	sample("ra"), pkt[BODY + 2] ^= 1;
	assert_int_equal(nd_packet_parse(pkt, len, &p), W_CHECKSUM);
	sample("rs"), put(SRC, "::");
	assert_int_equal(nd(&p), W_SOURCE);
	sample("ns"), put(BODY + 8, "ff02::1");
	assert_int_equal(nd(&p), W_VALUE);
	sample("ns"), put(SRC, "::");
	assert_int_equal(nd(&p), W_SOURCE);
	sample("ns_dad"), put(DST, "ff02::1");
	assert_int_equal(nd(&p), W_DESTINATION);
	sample("na_solicited"), put(DST, "ff02::1");
	assert_int_equal(nd(&p), W_VALUE);
	sample("na"), put(BODY + 8, "ff02::1");
	assert_int_equal(nd(&p), W_VALUE);
	sample("na"), pkt[BODY + 25] = 2, len += 8, memset(pkt + len - 8, 0, 8); /* a link-layer address of 14 bytes */
	assert_int_equal(nd(&p), W_LENGTH);
	sample("mld2_query");
	assert_int_equal(nd_packet_parse(pkt, len, &p), W_TYPE);
	sample("bu_plain");
	assert_int_equal(nd_packet_parse(pkt, len, &p), W_PROTO);
	sample("rs"), pkt[BODY + 8] = 77; /* an option nobody knows */
	assert_int_equal(nd(&p), W_OK);
	assert_false(p.rs.has_slla);
}

static void neighbour_messages_round_trip(void **state)
{
	(void)state;
	struct nd_packet p;
	sample("rs");
	assert_int_equal(nd_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.type == IC6_RS && p.rs.has_slla && p.rs.slla.b[5] == 1);
	sample("ns");
	assert_int_equal(nd_packet_parse(pkt, len, &p), W_OK);
	assert_string_equal(ADDR6_STR(&p.ns.target), "2001:db8:1::1");
	sample("na");
	assert_int_equal(nd_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.na.is_router && p.na.is_override && !p.na.is_solicited && p.na.has_tlla && p.na.tlla.b[5] == 0xaa);
}

static void reports_yield_their_records(void **state)
{
	(void)state;
	struct mld_packet p;
	struct mld_rec rec;
	sample("mld2_report");
	assert_int_equal(mld_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.kind == MLD2_REPORT && p.n_rec == 2);
	struct rd it = p.recs;
	assert_true(mld_rec_next(&it, &rec));
	assert_true(rec.type == MLD_IS_IN && rec.n_source == 2);
	assert_string_equal(ADDR6_STR(&rec.group), "ff35::200:5eff:fe00:5301");
	assert_string_equal(ADDR6_STR(&rec.source[1]), "2001:db8:3::1");
	assert_true(mld_rec_next(&it, &rec));
	assert_true(rec.type == MLD_TO_EX && rec.n_source == 0);
	assert_false(mld_rec_next(&it, &rec));
}

static void queries_and_version_1_round_trip(void **state)
{
	(void)state;
	struct mld_packet p;
	sample("mld2_query_source");
	assert_int_equal(mld_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.query.version == 2 && p.query.is_suppress && p.query.robustness == 3 && p.query.interval_s == 240);
	assert_true(p.query.max_response_ms == 40000 && p.query.n_source == 1);
	assert_string_equal(ADDR6_STR(p.query.source), "2001:db8:2::1");
	sample("mld1_query");
	assert_int_equal(mld_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.query.version == 1 && p.query.max_response_ms == 10000 && addr6_is_any(&p.query.group));
	sample("mld1_done");
	assert_int_equal(mld_packet_parse(pkt, len, &p), W_OK);
	assert_true(p.kind == MLD1_DONE);
	assert_string_equal(ADDR6_STR(&p.group), "ff05::77");
}

static void rfc3810_checks_refuse(void **state)
{
	(void)state;
	struct mld_packet p;
	sample("mld2_allow"), pkt[HOP] = 2;
	assert_int_equal(mld(&p), W_HOP_LIMIT);
	sample("mld2_allow"), put(SRC, "::");
	assert_int_equal(mld(&p), W_SOURCE);
	sample("mld2_allow"), put(SRC, "2001:db8::1");
	assert_int_equal(mld(&p), W_SOURCE);
	sample("mld2_allow"), pkt[42] = 1, pkt[43] = 4, memset(pkt + 44, 0, 4); /* PadN instead of the router alert */
	assert_int_equal(mld(&p), W_OPTION);
	sample("mld2_allow"), pkt[48 + 7] = 2; /* one record more than there are */
	assert_int_equal(mld(&p), W_TRUNCATED);
	sample("mld2_allow"), pkt[48 + 8 + 3] = 2; /* one source more */
	assert_int_equal(mld(&p), W_TRUNCATED);
	sample("mld2_allow"), pkt[48 + 8 + 1] = 1; /* auxiliary data that are not there */
	assert_int_equal(mld(&p), W_TRUNCATED);
	sample("mld2_allow"), pkt[48 + 8 + 4] = 0x20; /* a unicast group */
	assert_int_equal(mld(&p), W_VALUE);
	sample("mld2_query"), len -= 2; /* neither version's length */
	assert_int_equal(mld(&p), W_LENGTH);
	sample("mld1_query"), len -= 4;
	assert_int_equal(mld(&p), W_TRUNCATED);
	sample("ra");
	assert_int_equal(mld_packet_parse(pkt, len, &p), W_TYPE);
}

static void codes_are_exact_or_just_below(void **state)
{
	(void)state;
	for (uint32_t code = 0; code <= 0xffff; code++)
		assert_int_equal(mld_response_code(mld_response_ms((uint16_t)code)), code);
	for (uint32_t code = 0; code <= 0xff; code++)
		assert_int_equal(mld_qqic(mld_qqi_s((uint8_t)code)), code);
	uint32_t last = 0;
	for (uint32_t s = 0; s < 40000; s++) {
		uint32_t told = mld_qqi_s(mld_qqic(s));
		assert_true(told <= s && told >= last);
		last = told;
	}
	assert_int_equal(mld_response_ms(mld_response_code(UINT32_MAX)), 8387584); /* the greatest that there is */
	assert_int_equal(mld_qqi_s(mld_qqic(UINT32_MAX)), 31744);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_advertisement_carries_everything),
		cmocka_unit_test(every_length_of_site_name_survives),
		cmocka_unit_test(rfc4861_checks_refuse),
		cmocka_unit_test(neighbour_messages_round_trip),
		cmocka_unit_test(reports_yield_their_records),
		cmocka_unit_test(queries_and_version_1_round_trip),
		cmocka_unit_test(rfc3810_checks_refuse),
		cmocka_unit_test(codes_are_exact_or_just_below),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
