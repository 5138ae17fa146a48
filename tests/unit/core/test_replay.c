/* SPDX-License-Identifier: BSD-2-Clause */
/* Sequence numbers (RFC 6275 9.5.1) and timestamps (RFC 4285 6). */
#include "../kit/kit.h"
#include "core/auth/replay.h"
#include "wire/mip6/mh.h"

static void sequence_numbers_wrap(void **state)
{
	(void)state;
	/* The RFC's own example: after 15, 0 to 15 and 32783 to 65535 are old. */
	for (uint32_t s = 0; s < 65536; s++)
		assert_int_equal(seq_is_newer((uint16_t)s, 15), s > 15 && s < 32783);
	assert_true(seq_is_newer(0, 65535));
	assert_false(seq_is_newer(65535, 0));
	assert_false(seq_is_newer(0, 0));
}

static const wall_t t0 = {1800000000 * NS_PER_S};
static uint64_t at(int64_t ms) { return mh_ntp_of_wall(wall_add(t0, span_ms(ms))); }

static void timestamps_have_a_window_and_an_order(void **state)
{
	(void)state;
	span_t w = span_ms(REPLAY_WINDOW_DEFAULT_MS);
	assert_int_equal(replay_check(at(0), 0, t0, w), REPLAY_FRESH);
	assert_int_equal(replay_check(at(6990), 0, t0, w), REPLAY_FRESH);
	assert_int_equal(replay_check(at(-6990), 0, t0, w), REPLAY_FRESH);
	assert_int_equal(replay_check(at(7010), 0, t0, w), REPLAY_OUTSIDE);
	assert_int_equal(replay_check(at(-7010), 0, t0, w), REPLAY_OUTSIDE);
	assert_int_equal(replay_check(0, 0, t0, w), REPLAY_OUTSIDE);
	assert_int_equal(replay_check(at(0), at(0), t0, w), REPLAY_NOT_NEWER);
	assert_int_equal(replay_check(at(0), at(1), t0, w), REPLAY_NOT_NEWER);
	assert_int_equal(replay_check(at(1), at(0), t0, w), REPLAY_FRESH);
	assert_int_equal(replay_check(at(0) + 1, at(0), t0, w), REPLAY_FRESH);
}

static void the_era_of_2036_is_no_special_moment(void **state)
{
	(void)state;
	span_t w = span_ms(REPLAY_WINDOW_DEFAULT_MS);
	wall_t wrap = {2085978496LL * NS_PER_S}; /* 2036-02-07T06:28:16Z: NTP's seconds are zero again */
	uint64_t before = mh_ntp_of_wall(wall_add(wrap, span_ms(-1000))), after = mh_ntp_of_wall(wall_add(wrap, span_ms(1000)));
	assert_true(after < before);
	assert_int_equal(replay_check(after, before, wrap, w), REPLAY_FRESH);
	assert_int_equal(replay_check(before, after, wrap, w), REPLAY_NOT_NEWER);
	assert_int_equal(replay_check(before, 0, wall_add(wrap, span_s(8)), w), REPLAY_OUTSIDE);
}

static void an_answer_tells_the_time(void **state)
{
	(void)state;
	uint64_t theirs = at(-60000) | 0x1234;
	assert_int_equal(replay_answer(theirs, REPLAY_FRESH, t0), theirs);
	uint64_t got = replay_answer(theirs, REPLAY_OUTSIDE, t0);
	assert_int_equal(got >> 32, at(0) >> 32);
	assert_int_equal((uint32_t)got, (uint32_t)theirs);
}

static void a_stamper_never_repeats_and_learns(void **state)
{
	(void)state;
	struct stamper s = {0};
	uint64_t last = 0;
	/* A clock that stands still, then steps back. */
	for (int i = 0; i < 100; i++) {
		uint64_t t = stamper_next(&s, wall_add(t0, span_ms(i < 50 ? 0 : -5000)));
		assert_true(t > last);
		last = t;
	}
	/* A peer an hour ahead refuses: the next stamp is within its second. */
	wall_t peer = wall_add(t0, span_s(3600));
	uint64_t sent = stamper_next(&s, t0);
	stamper_adjust(&s, sent, replay_answer(sent, REPLAY_OUTSIDE, peer));
	assert_int_equal(replay_check(stamper_next(&s, t0), 0, peer, span_ms(1100)), REPLAY_FRESH);
	/* And an hour behind. */
	peer = wall_add(t0, span_s(-3600));
	sent = stamper_next(&s, t0);
	stamper_adjust(&s, sent, replay_answer(sent, REPLAY_OUTSIDE, peer));
	assert_int_equal(replay_check(stamper_next(&s, t0), 0, peer, span_ms(1100)), REPLAY_FRESH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequence_numbers_wrap), cmocka_unit_test(timestamps_have_a_window_and_an_order),
		cmocka_unit_test(the_era_of_2036_is_no_special_moment), cmocka_unit_test(an_answer_tells_the_time),
		cmocka_unit_test(a_stamper_never_repeats_and_learns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
