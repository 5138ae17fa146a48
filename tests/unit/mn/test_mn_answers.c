/* SPDX-License-Identifier: BSD-2-Clause */
/* What a mobile makes of binding acknowledgements from its home agent, status by status and field by field (RFC 6275 11.7.3, 9.2),
 * and what it asks for (11.7.1). */
#include "../kit/mn6_bench.h"
#include "wire/ip/csum.h"

/* On a link without an agent, the first update to the home agent is out. */
static struct bu registering(struct bench *b)
{
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra_quiet(b, W0, L_P1);
	return bench_only_bu(b);
}

/* MN-2-2-1-1-001, -033: below 128 it is accepted. */
static void every_status_below_128_accepts(void **state)
{
	struct bench *b = *state;
	for (int status = 0; status < 128; status++) {
		struct bu bu = registering(b);
		struct answer a = {.status = (uint8_t)status, .lifetime_s = 600};
		bench_ba(b, &bu, &a);
		bench_state(b, "away-plain");
		bench_again(b);
	}
}

/* 128 and above refuse: nothing more is sent for a while, except where the status says that trying again helps (130, 134), or how (135, 144). */
static void every_status_from_128_refuses(void **state)
{
	struct bench *b = *state;
	for (int status = 128; status < 256; status++) {
		struct bu bu = registering(b);
		struct answer a = {.status = (uint8_t)status, .lifetime_s = 600};
		if (status == BA_SEQ_OUT_OF_WINDOW || status == BA_ID_MISMATCH)
			goto next;
		bench_clear(b);
		bench_ba(b, &bu, &a);
		bench_state(b, "registering");
		assert_int_equal(b->k.count.n[R_BA_REFUSED], 1);
		assert_int_equal(bench_n_mh(b), 0);
		bench_run(b, span_s(50));
		bool goes_on = status == BA_NO_RESOURCES || status == BA_DAD_FAILED;
		assert_int_equal(bench_n_mh(b) > 0, goes_on);
	next:
		bench_again(b);
	}
}

/* MN-2-2-1-1-016: 65535 is followed by 0. */
static void the_number_after_65535(void **state)
{
	struct bench *b = *state;
	struct bu bu = registering(b);
	struct answer a = {.status = BA_SEQ_OUT_OF_WINDOW, .has_seq = true, .seq = 65535};
	bench_clear(b);
	bench_ba(b, &bu, &a);
	assert_true(bench_bu(b, 0, &bu));
	assert_int_equal(bu.p.mh.bu.seq, 0);
}

/* MN-2-2-1-1-017: an answer to a number that was not sent is none. */
static void another_number_is_no_answer(void **state)
{
	struct bench *b = *state;
	struct bu bu = registering(b);
	struct answer a = {.lifetime_s = 600, .has_seq = true, .seq = (uint16_t)(bu.p.mh.bu.seq + 1)};
	bench_ba(b, &bu, &a);
	bench_state(b, "registering");
}

/* MN-2-2-1-1-020: a shorter lifetime counts, from the time of sending. MN-2-2-1-1-026: and the advice to refresh. */
static void a_shorter_lifetime_counts(void **state)
{
	struct bench *b = *state;
	struct bu bu = registering(b);
	struct answer a = {.lifetime_s = 100};
	bench_run(b, span_s(1));
	bench_ba(b, &bu, &a);
	bench_clear(b);
	bench_run(b, span_ms(78900));
	assert_int_equal(bench_n_mh(b), 0);
	bench_run(b, span_ms(200)); /* four fifths of 100 s after the first update */
	assert_int_equal(bench_n_mh(b), 1);
}

/* MN-2-2-1-1-038: unsigned, or signed by another. */
static void an_answer_must_be_authentic(void **state)
{
	struct bench *b = *state;
	struct bu bu = registering(b);
	struct answer a = {.lifetime_s = 600, .is_unsigned = true};
	bench_ba(b, &bu, &a);
	a = (struct answer){.lifetime_s = 600, .has_bad_mac = true};
	bench_ba(b, &bu, &a);
	a = (struct answer){.status = BA_SEQ_OUT_OF_WINDOW, .has_seq = true, .seq = 4711, .has_bad_mac = true};
	bench_ba(b, &bu, &a);
	bench_state(b, "registering");
	assert_int_equal(b->k.count.n[R_AUTH_BAD], 2);
	bench_clear(b);
	bench_run(b, span_ms(1500));
	struct bu next = {0};
	assert_true(bench_bu(b, 0, &next));
	assert_int_equal(next.p.mh.bu.seq, (uint16_t)(bu.p.mh.bu.seq + 1));
}

/* A byte of the Mobility Header changed, the checksum made right again. */
static void changed(struct bench *b, const struct bu *bu, size_t at, uint8_t to, bool is_mended)
{
	struct answer a = {.lifetime_s = 600};
	struct addr6 ha = HA, hoa = HOA;
	uint8_t buf[1280];
	size_t n = bench_ba_build(b, bu, &a, buf), mh = 40 + 24; /* behind the routing header */
	buf[mh + at] = to;
	if (is_mended) {
		buf[mh + 4] = buf[mh + 5] = 0;
		uint16_t sum = ip6_csum(&ha, &hoa, NH_MH, buf + mh, n - mh);
		buf[mh + 4] = (uint8_t)(sum >> 8);
		buf[mh + 5] = (uint8_t)sum;
	}
	struct rx rx = {.ifindex = W0, .why = DP_PUNT_MH, .pkt = buf, .len_oct = n};
	(void)mn_role.rx(b->mn, &rx, b->k.now);
	bench_state(b, "registering");
}

/* MN-6-2-1-1-001 to -004. */
static void malformed_answers_are_ignored(void **state)
{
	struct bench *b = *state;
	struct bu bu = registering(b);
	changed(b, &bu, 0, NH_UDP, true);
	assert_int_equal(b->k.count.n[R_MSG_PAYLOAD_PROTO], 1);
	changed(b, &bu, 1, 0, true);
	changed(b, &bu, 1, 200, true);
	assert_true(b->k.count.n[R_MSG_TRUNCATED] + b->k.count.n[R_MSG_MALFORMED] >= 2);
	changed(b, &bu, 2, 200, true);
	assert_int_equal(b->k.count.n[R_MSG_TYPE_UNKNOWN], 1);
	changed(b, &bu, 6, 200, false);
	assert_int_equal(b->k.count.n[R_MSG_CHECKSUM], 1);
	assert_int_equal(b->k.count.n[R_AUTH_BAD], 0);
	bench_accept(b, &bu, NULL); /* and the right one still counts */
	bench_state(b, "away-plain");
}

/* MN-2-1-1-1-001, -002, -004: A and H, never K; L when the identifiers agree; lifetime not zero; the care-of address in the option. */
static void what_an_update_says(void **state)
{
	struct bench *b = *state;
	struct bu bu = registering(b);
	assert_int_equal(bu.p.mh.bu.flags, BU_A | BU_H);
	assert_true(bu.p.has_hao && bu.p.mh.opt.has_alt_coa && bu.p.mh.bu.lifetime_s == 600);
	assert_addr(&bu.p.hao, HOA);
	assert_addr(&bu.p.mh.opt.alt_coa, COA_P1);
	bench_again(b);
	b->conf.home_address = A("2001:db8:1::ff:fe00:1");
	bench_restart(b);
	mn_role.restored(b->mn, b->k.now);
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra(b, W0, L_P1);
	struct sent s;
	struct mh_packet p = {0};
	for (uint32_t at = 0; bench_sent(b, at, &s); at = s.pos + 1)
		if (mh_packet_parse(s.pkt, s.len, &p) == W_OK)
			break;
	assert_int_equal(p.mh.bu.flags, BU_A | BU_H | BU_L);
}

/* MN-2-1-1-1-006: no binding outlives the care-of address's prefix. */
static void no_longer_than_the_prefix_here(void **state)
{
	struct bench *b = *state;
	struct nd_ra ra = bench_adv_quiet(L_P1);
	struct bu bu = {0};
	ra.prefix[0].valid_s = ra.prefix[0].preferred_s = 120;
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra_of(b, W0, L_P1, &ra);
	assert_true(bench_bu(b, 0, &bu));
	assert_int_equal(bu.p.mh.bu.lifetime_s, 120);
	bench_again(b);
	ra.prefix[0].valid_s = ra.prefix[0].preferred_s = UINT32_MAX;
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra_of(b, W0, L_P1, &ra);
	assert_true(bench_bu(b, 0, &bu));
	assert_int_equal(bu.p.mh.bu.lifetime_s, 600);
}

/* MN-2-1-1-1-013, MN-2-1-2-1-006: 1.5 s before the first binding, 1 s later; doubled up to 32 s. */
static void how_often_it_asks(void **state)
{
	struct bench *b = *state;
	struct bu bu = registering(b);
	static const int first_ms[] = {1500, 3000, 6000, 12000, 24000, 32000, 32000};
	for (size_t i = 0; i < sizeof first_ms / sizeof *first_ms; i++) {
		bench_clear(b);
		bench_run(b, span_ms(first_ms[i] - 1));
		assert_int_equal(bench_n_mh(b), 0);
		bench_run(b, span_ms(1));
		assert_true(bench_bu(b, 0, &bu));
	}
	bench_accept(b, &bu, NULL);
	bench_run(b, span_s(480)); /* the refresh */
	static const int later_ms[] = {1000, 2000, 4000};
	for (size_t i = 0; i < sizeof later_ms / sizeof *later_ms; i++) {
		bench_clear(b);
		bench_run(b, span_ms(later_ms[i] - 1));
		assert_int_equal(bench_n_mh(b), 0);
		bench_run(b, span_ms(1));
		assert_int_equal(bench_n_mh(b), 1);
	}
}

#define T(f) BENCH_TEST(f, V6, 1)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_status_below_128_accepts), T(every_status_from_128_refuses), T(the_number_after_65535), T(another_number_is_no_answer),
		T(a_shorter_lifetime_counts), T(an_answer_must_be_authentic), T(malformed_answers_are_ignored), T(what_an_update_says),
		T(no_longer_than_the_prefix_here), T(how_often_it_asks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
