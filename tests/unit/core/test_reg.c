/* SPDX-License-Identifier: BSD-2-Clause */
/* Registration from the mobile's side: RFC 6275 11.7.3 and 11.8. Requirements H-10, H-20. */
#include "../kit/kit.h"
#include "core/reg/reg.h"
#include "wire/mip6/mh.h"

static const struct addr6 coa1 = {{0x20, 1, 0xd, 0xb8, 2, [15] = 1}}, coa2 = {{0x20, 1, 0xd, 0xb8, 3, [15] = 1}};

struct bench { struct reg r; struct now now; struct reg_bu bu; };

static void setup(struct bench *b)
{
	reg_init(&b->r, NULL, 100);
	b->now = (struct now){{50 * NS_PER_S}, {1800000000 * NS_PER_S}};
}

static void advance(struct bench *b, int64_t ms)
{
	b->now.mono.ns += ms * NS_PER_MS;
	b->now.wall.ns += ms * NS_PER_MS;
}

static struct reg_ba answer(const struct reg_bu *bu, uint8_t status)
{
	return (struct reg_ba){.status = status, .seq = bu->seq, .lifetime_s = bu->lifetime_s, .has_stamp = true, .stamp = bu->stamp};
}

static enum reg_event give(struct bench *b, struct reg_ba ba) { return reg_on_ba(&b->r, &ba, b->now, &b->bu); }

static void bind(struct bench *b)
{
	setup(b);
	assert_int_equal(reg_start(&b->r, &coa1, 420, b->now, &b->bu), REG_SEND);
	assert_int_equal(give(b, answer(&b->bu, 0)), REG_ACCEPTED);
	assert_true(reg_is_bound(&b->r));
}

static void retransmits_with_back_off(void **state)
{
	(void)state;
	struct bench b;
	setup(&b);
	assert_int_equal(reg_start(&b.r, &coa1, 420, b.now, &b.bu), REG_SEND);
	assert_int_equal(b.bu.seq, 101);
	assert_int_equal(b.bu.lifetime_s, 420);
	assert_true(b.bu.is_first);
	/* InitialBindackTimeoutFirstReg, doubled each time to MAX_BINDACK_TIMEOUT, then at that pace. */
	static const int64_t wait_ms[] = {1500, 3000, 6000, 12000, 24000, 32000, 32000, 32000};
	uint64_t stamp = b.bu.stamp;
	for (size_t i = 0; i < sizeof wait_ms / sizeof *wait_ms; i++) {
		assert_int_equal(reg_expiry(&b.r).ns, b.now.mono.ns + wait_ms[i] * NS_PER_MS);
		advance(&b, wait_ms[i] - 1);
		assert_int_equal(reg_tick(&b.r, b.now, &b.bu), REG_NOTHING);
		advance(&b, 1);
		assert_int_equal(reg_tick(&b.r, b.now, &b.bu), REG_SEND);
		assert_int_equal(b.bu.seq, 102 + i); /* a retransmission has a number of its own */
		assert_true(b.bu.stamp > stamp);
		stamp = b.bu.stamp;
	}
}

/* H-11: an answer that comes while there is no link leaves nothing to be asked again. */
static void an_update_that_could_not_leave_awaits_no_answer(void **state)
{
	(void)state;
	struct bench b;
	setup(&b);
	assert_int_equal(reg_start(&b.r, &coa1, 420, b.now, &b.bu), REG_SEND);
	struct reg_bu first = b.bu;
	advance(&b, 1500);
	assert_int_equal(reg_tick(&b.r, b.now, &b.bu), REG_SEND);
	reg_unsent(&b.r);
	assert_int_equal(reg_expiry(&b.r).ns, b.now.mono.ns + 3 * NS_PER_S);
	assert_int_equal(give(&b, answer(&first, 0)), REG_ACCEPTED);
	assert_true(mono_is_never(b.r.resend_at));
	assert_int_equal(b.r.seq, first.seq);
}

static void refreshes_before_the_end(void **state)
{
	(void)state;
	struct bench b;
	bind(&b);
	assert_int_equal(reg_expiry(&b.r).ns, b.now.mono.ns + 336 * NS_PER_S); /* four fifths of 420 */
	advance(&b, 336000);
	assert_int_equal(reg_tick(&b.r, b.now, &b.bu), REG_SEND);
	assert_false(b.bu.is_first);
	assert_true(addr6_eq(&b.bu.coa, &coa1));
	advance(&b, 1000); /* INITIAL_BINDACK_TIMEOUT: a binding is there */
	assert_int_equal(reg_tick(&b.r, b.now, &b.bu), REG_SEND);
	assert_int_equal(give(&b, answer(&b.bu, 0)), REG_ACCEPTED);
	assert_int_equal(b.r.expires.ns, b.now.mono.ns + 420 * NS_PER_S);
}

static void follows_a_shorter_lifetime_and_advice(void **state)
{
	(void)state;
	struct bench b;
	setup(&b);
	(void)reg_start(&b.r, &coa1, 420, b.now, &b.bu);
	mono_t sent = b.now.mono;
	advance(&b, 500); /* counted from sending, not from the answer */
	struct reg_ba ba = answer(&b.bu, 1);
	ba.lifetime_s = 100;
	ba.has_refresh_advice = true;
	ba.refresh_advice_s = 40;
	assert_int_equal(give(&b, ba), REG_ACCEPTED);
	assert_true(b.r.is_deprecated);
	assert_int_equal(b.r.lifetime_s, 100);
	assert_int_equal(b.r.expires.ns, sent.ns + 100 * NS_PER_S);
	assert_int_equal(reg_expiry(&b.r).ns, sent.ns + 40 * NS_PER_S);
	/* Advice that is not below the lifetime is none; nobody grants more than was asked. */
	bind(&b);
	(void)reg_refresh(&b.r, b.now, &b.bu);
	ba = answer(&b.bu, 0);
	ba.lifetime_s = 100000;
	ba.has_refresh_advice = true;
	ba.refresh_advice_s = 100000;
	assert_int_equal(give(&b, ba), REG_ACCEPTED);
	assert_int_equal(b.r.lifetime_s, 420);
	assert_int_equal(reg_expiry(&b.r).ns, b.now.mono.ns + 336 * NS_PER_S);
}

static void lifetime_ends_without_an_answer(void **state)
{
	(void)state;
	struct bench b;
	int sent = 0;
	bind(&b);
	for (enum reg_event e = REG_NOTHING; e != REG_EXPIRED; sent += e == REG_SEND) {
		b.now.mono = reg_expiry(&b.r);
		e = reg_tick(&b.r, b.now, &b.bu);
		assert_true(e == REG_SEND || e == REG_EXPIRED);
	}
	assert_in_range(sent, 5, 8);
	assert_int_equal(b.r.state, REG_WAIT); /* and goes on asking */
	b.now.mono = reg_expiry(&b.r);
	assert_int_equal(reg_tick(&b.r, b.now, &b.bu), REG_SEND);
	assert_true(b.bu.is_first);
	assert_int_equal(give(&b, answer(&b.bu, 0)), REG_ACCEPTED);
}

static void only_matching_answers_count(void **state)
{
	(void)state;
	struct bench b;
	setup(&b);
	(void)reg_start(&b.r, &coa1, 420, b.now, &b.bu);
	struct reg_bu first = b.bu;
	struct reg_ba bad = answer(&first, 0);
	bad.seq++;
	assert_int_equal(give(&b, bad), REG_UNEXPECTED);
	bad = answer(&first, 0);
	bad.stamp++;
	assert_int_equal(give(&b, bad), REG_UNEXPECTED);
	bad = answer(&first, BA_SEQ_OUT_OF_WINDOW);
	bad.stamp++;
	assert_int_equal(give(&b, bad), REG_UNEXPECTED);
	assert_int_equal(b.r.state, REG_WAIT);
	/* Sent twice; the answer to the first counts, so does that to the second, each once. */
	advance(&b, 1500);
	assert_int_equal(reg_tick(&b.r, b.now, &b.bu), REG_SEND);
	struct reg_bu second = b.bu;
	assert_int_equal(give(&b, answer(&first, 0)), REG_ACCEPTED);
	assert_int_equal(b.r.stamp, first.stamp);
	assert_int_equal(give(&b, answer(&first, 0)), REG_UNEXPECTED);
	assert_int_equal(give(&b, answer(&second, 0)), REG_ACCEPTED);
	assert_int_equal(b.r.stamp, second.stamp); /* the peer's newest: the uplink key derives from it */
	assert_int_equal(give(&b, answer(&second, 0)), REG_UNEXPECTED);
}

static void an_answer_to_an_older_request_is_ignored(void **state)
{
	(void)state;
	struct bench b;
	setup(&b);
	(void)reg_start(&b.r, &coa1, 420, b.now, &b.bu);
	struct reg_bu old = b.bu;
	assert_int_equal(reg_start(&b.r, &coa2, 420, b.now, &b.bu), REG_SEND);
	assert_int_equal(give(&b, answer(&old, 0)), REG_NOTHING);
	assert_int_equal(b.r.state, REG_WAIT);
	assert_int_equal(give(&b, answer(&b.bu, 0)), REG_ACCEPTED);
	assert_true(addr6_eq(&b.r.bound_coa, &coa2));
}

static void three_updates_a_second_at_most(void **state)
{
	(void)state;
	struct bench b;
	setup(&b);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(reg_start(&b.r, &coa1, 420, b.now, &b.bu), REG_SEND);
		advance(&b, 10);
	}
	assert_int_equal(reg_start(&b.r, &coa2, 420, b.now, &b.bu), REG_NOTHING);
	assert_int_equal(reg_expiry(&b.r).ns, b.now.mono.ns + 970 * NS_PER_MS);
	advance(&b, 970);
	assert_int_equal(reg_tick(&b.r, b.now, &b.bu), REG_SEND);
	assert_true(addr6_eq(&b.bu.coa, &coa2));
}

static void a_sequence_number_out_of_window_is_mended_at_once(void **state)
{
	(void)state;
	struct bench b;
	setup(&b);
	(void)reg_start(&b.r, &coa1, 420, b.now, &b.bu);
	struct reg_ba ba = answer(&b.bu, BA_SEQ_OUT_OF_WINDOW);
	ba.seq = 5000; /* the peer's last one */
	assert_int_equal(give(&b, ba), REG_SEND);
	assert_int_equal(b.bu.seq, 5001);
	assert_int_equal(give(&b, answer(&b.bu, 0)), REG_ACCEPTED);
}

static void a_refused_timestamp_sets_the_clock(void **state)
{
	(void)state;
	struct bench b;
	setup(&b);
	(void)reg_start(&b.r, &coa1, 420, b.now, &b.bu);
	wall_t peer = wall_add(b.now.wall, span_s(-900));
	struct reg_ba ba = answer(&b.bu, BA_ID_MISMATCH);
	ba.stamp = replay_answer(b.bu.stamp, REPLAY_OUTSIDE, peer);
	assert_int_equal(give(&b, ba), REG_SEND);
	assert_int_equal(replay_check(b.bu.stamp, 0, peer, span_s(2)), REPLAY_FRESH);
	assert_int_equal(give(&b, answer(&b.bu, 0)), REG_ACCEPTED);
}

static void a_peer_that_is_never_content_is_not_flooded(void **state)
{
	(void)state;
	struct bench b;
	int sent = 1;
	setup(&b);
	(void)reg_start(&b.r, &coa1, 420, b.now, &b.bu);
	enum reg_event e;
	do {
		struct reg_ba ba = answer(&b.bu, BA_SEQ_OUT_OF_WINDOW);
		advance(&b, 400);
		e = give(&b, ba);
		sent += e == REG_SEND;
	} while (e == REG_SEND);
	assert_int_equal(e, REG_REFUSED);
	assert_int_equal(sent, 4);
	assert_false(mono_is_never(reg_expiry(&b.r))); /* back-off goes on */
}

static void refusals_for_good_stop_it(void **state)
{
	(void)state;
	static const uint8_t for_good[] = {BA_PROHIBITED, BA_NOT_HOME_SUBNET, BA_AUTH_FAIL, BA_MESG_ID_REQUIRED, BA_INVALID_COA};
	for (size_t i = 0; i < sizeof for_good; i++) {
		struct bench b;
		setup(&b);
		(void)reg_start(&b.r, &coa1, 420, b.now, &b.bu);
		assert_int_equal(give(&b, answer(&b.bu, for_good[i])), REG_REFUSED);
		assert_int_equal(b.r.state, REG_STOPPED);
		assert_int_equal(b.r.status, for_good[i]);
		assert_true(mono_is_never(reg_expiry(&b.r)));
		advance(&b, 1000);
		assert_int_equal(reg_start(&b.r, &coa1, 420, b.now, &b.bu), REG_SEND);
	}
	static const uint8_t passing[] = {BA_NO_RESOURCES, BA_DAD_FAILED};
	for (size_t i = 0; i < sizeof passing; i++) {
		struct bench b;
		setup(&b);
		(void)reg_start(&b.r, &coa1, 420, b.now, &b.bu);
		assert_int_equal(give(&b, answer(&b.bu, passing[i])), REG_REFUSED);
		assert_int_equal(b.r.state, REG_WAIT);
		b.now.mono = reg_expiry(&b.r);
		assert_int_equal(reg_tick(&b.r, b.now, &b.bu), REG_SEND);
	}
}

static void de_registration_ends_confirmed_or_by_itself(void **state)
{
	(void)state;
	struct bench b;
	bind(&b);
	assert_int_equal(reg_start(&b.r, &coa2, 0, b.now, &b.bu), REG_SEND);
	assert_int_equal(b.bu.lifetime_s, 0);
	assert_int_equal(give(&b, answer(&b.bu, 0)), REG_DEREGISTERED);
	assert_int_equal(b.r.state, REG_IDLE);
	assert_true(mono_is_never(reg_expiry(&b.r)));

	bind(&b);
	(void)reg_start(&b.r, &coa2, 0, b.now, &b.bu);
	assert_int_equal(give(&b, answer(&b.bu, BA_NOT_HOME_AGENT)), REG_DEREGISTERED);

	bind(&b); /* never answered: over when the peer's binding is */
	mono_t end = b.r.expires;
	enum reg_event e = reg_start(&b.r, &coa2, 0, b.now, &b.bu);
	while (e == REG_SEND) {
		b.now.mono = reg_expiry(&b.r);
		e = reg_tick(&b.r, b.now, &b.bu);
	}
	assert_int_equal(e, REG_DEREGISTERED);
	assert_int_equal(b.now.mono.ns, end.ns);

	setup(&b); /* nothing known to be there: a few attempts */
	int sent = 0;
	for (e = reg_start(&b.r, &coa2, 0, b.now, &b.bu); e == REG_SEND; sent++) {
		b.now.mono = reg_expiry(&b.r);
		e = reg_tick(&b.r, b.now, &b.bu);
	}
	assert_int_equal(e, REG_EXPIRED);
	assert_int_equal(b.r.state, REG_IDLE);
	assert_int_equal(sent, 5);
}

static void a_refresh_request_is_followed_only_when_registered(void **state)
{
	(void)state;
	struct bench b;
	setup(&b);
	assert_int_equal(reg_refresh(&b.r, b.now, &b.bu), REG_NOTHING);
	bind(&b);
	assert_int_equal(reg_refresh(&b.r, b.now, &b.bu), REG_SEND);
	reg_stop(&b.r);
	assert_int_equal(give(&b, answer(&b.bu, 0)), REG_UNEXPECTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(retransmits_with_back_off), cmocka_unit_test(refreshes_before_the_end),
		cmocka_unit_test(follows_a_shorter_lifetime_and_advice), cmocka_unit_test(lifetime_ends_without_an_answer),
		cmocka_unit_test(only_matching_answers_count), cmocka_unit_test(an_answer_to_an_older_request_is_ignored),
		cmocka_unit_test(three_updates_a_second_at_most),
		cmocka_unit_test(a_sequence_number_out_of_window_is_mended_at_once),
		cmocka_unit_test(a_refused_timestamp_sets_the_clock), cmocka_unit_test(a_peer_that_is_never_content_is_not_flooded),
		cmocka_unit_test(refusals_for_good_stop_it), cmocka_unit_test(de_registration_ends_confirmed_or_by_itself),
		cmocka_unit_test(an_update_that_could_not_leave_awaits_no_answer),
		cmocka_unit_test(a_refresh_request_is_followed_only_when_registered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
