/* SPDX-License-Identifier: BSD-2-Clause */
/* Foreign agent: which of the agents that have a mobile for a guest delivers, and from which packet on (D-10). */
#include "../kit/guest_kit.h"

static void only_the_serving_agent_delivers(void **state)
{
	(void)state;
	manager.rec.policy = MM_SERVING;
	start();
	hear(-60);
	assert_false(guest_put(0)->is_serving);
	rig_clear(&rig);
	hear_attached(-60, true);
	assert_true(guest_put(0)->is_serving);
	assert_int_equal(rig_count(&rig, FX_KEEP_SEND), 2);
	const struct fx_keep *k = &rig_effect(&rig, FX_KEEP_SEND, 0)->keep;
	assert_true(addr6_eq(&k->coa, &manager.rec.group6) && addr6_eq(&k->src, &manager.rec.source6) && k->window.ns == span_ms(200).ns);
	for (uint32_t i = 0; rig.fx.fx[i].kind != FX_KEEP_SEND; i++) /* what was kept, then the entry */
		assert_false(rig.fx.fx[i].kind == FX_DP_PUT && rig.fx.fx[i].dp.table == DP_GUEST);
	rig_clear(&rig);
	hear_attached(-60, false);
	assert_false(guest_put(0)->is_serving);
	assert_int_equal(rig_count(&rig, FX_KEEP_SEND), 0);
	assert_int_equal(guests(), 1); /* still near: its packets are kept */
}

/* --- who delivers, among several agents -------------------------------------------------------------------- */

enum { WE = 7, OTHERS = 8 };
static struct { bool has; uint32_t six, four; } delivered; /* the datapath's numbers */

static bool last_seq(void *ctx, const struct addr6 *group, const struct addr6 *source, uint32_t *seq)
{
	(void)ctx, (void)source;
	*seq = addr6_is_v4mapped(group) ? delivered.four : delivered.six;
	return delivered.has;
}

static void start_serving(void)
{
	manager.rec.policy = MM_SERVING;
	conf.guests.wait = span_ms(20);
	conf.guests.mmc.id = WE;
	conf.guests.silence = span_s(60);
	conf.guests.dwell = span_s(60);
	start();
	rig.env.last_seq = last_seq;
	delivered.has = false;
	hear(-60);
	rig_clear(&rig);
}

static void told(uint32_t agent, uint8_t flags, uint32_t six, uint32_t four)
{
	const struct mm_serving s = {agent, flags, six, four};
	manager.ops.served(manager.ops.ctx, &manager.last, &s, rig.now);
}

static void attached_at(int64_t ago_ms)
{
	struct station_event ev = {.ifindex = ACC0, .station = rig_lladdr(MOBILE), .dbm = -60, .is_serving = true, .when = mono_add(rig.now.mono, span_ms(-ago_ms))};
	rig.ops->station(rig.self, &ev, rig.now);
}

static const struct fx_keep *kept(uint32_t nth) { const struct effect *e = rig_effect(&rig, FX_KEEP_SEND, nth); return e ? &e->keep : NULL; }
static bool is_delivering(void)
{
	uint32_t n = 0;
	while (guest_put(n))
		n++;
	return n && guest_put(n - 1)->is_serving;
}

static void what_the_agent_before_delivered_is_left_out(void **state)
{
	(void)state;
	start_serving();
	told(OTHERS, MM_HAS_SEQ6, 41, 99);
	attached_at(0);
	assert_true(manager.n_said == 1 && manager.said.flags == MM_SERVES);
	assert_true(is_delivering()); /* nobody has to be waited for */
	assert_true(kept(0)->has_seq && kept(0)->after_seq == 41 && !kept(1)->has_seq);

	/* What was told a second ago may be of other numbers. */
	hear_attached(-60, false);
	told(OTHERS, MM_HAS_SEQ6, 50, 0);
	rig_run(&rig, span_ms(1000));
	rig_clear(&rig);
	attached_at(0);
	assert_false(is_delivering());
	rig_run(&rig, span_ms(20));
	assert_true(is_delivering() && !kept(0)->has_seq);
}

static void the_agent_before_is_waited_for(void **state)
{
	(void)state;
	start_serving();
	attached_at(0);
	assert_false(is_delivering());
	told(WE, MM_SERVES, 0, 0);
	assert_false(is_delivering());
	rig_run(&rig, span_ms(5));
	told(OTHERS, MM_HAS_SEQ6 | MM_HAS_SEQ4, 0xfffffffe, 7);
	assert_true(is_delivering());
	assert_true(kept(0)->after_seq == 0xfffffffe && kept(1)->has_seq && kept(1)->after_seq == 7);
	rig_clear(&rig);
	rig_run(&rig, span_s(1));
	assert_int_equal(rig_count(&rig, FX_KEEP_SEND), 0);
	assert_int_equal(manager.n_said, 1); /* heard by all, so not said again */
}

static void but_not_for_long(void **state)
{
	(void)state;
	start_serving();
	attached_at(0);
	rig_run(&rig, span_ms(19));
	assert_false(is_delivering());
	rig_run(&rig, span_ms(1));
	assert_true(is_delivering() && !kept(0)->has_seq);
	rig_run(&rig, span_s(1));
	assert_int_equal(manager.n_said, 4); /* nobody has said that it was heard */
}

/* Whatever went out since the radio was surely attached may be lost. */
static void we_tell_what_is_surely_delivered(void **state)
{
	(void)state;
	start_serving();
	told(OTHERS, MM_HAS_SEQ6 | MM_HAS_SEQ4, 10, 5);
	delivered.has = true;
	delivered.six = 12;
	attached_at(0); /* looked at: 12, and 0 of the other group: behind what was told */
	rig_run(&rig, span_ms(20));
	delivered.six = 14;
	attached_at(1); /* 12 is sure; 14 is looked at */
	rig_run(&rig, span_ms(20));
	delivered.six = 17;
	attached_at(25); /* an old word proves nothing */
	hear_attached(-60, false);
	assert_true(manager.said.flags == (MM_HAS_SEQ6 | MM_HAS_SEQ4) && manager.said.seq6 == 12 && manager.said.seq4 == 5);

	/* When it was attached last is as good as a word that it is. */
	attached_at(0);
	rig_run(&rig, span_ms(20));
	delivered.six = 21;
	attached_at(0); /* 17 is sure; 21 is looked at */
	rig_run(&rig, span_ms(20));
	delivered.six = 25;
	const struct station_event left = {.ifindex = ACC0, .station = rig_lladdr(MOBILE), .dbm = -60, .when = mono_add(rig.now.mono, span_ms(-2))};
	rig.ops->station(rig.self, &left, rig.now);
	assert_true(manager.said.seq6 == 21 && !is_delivering());

	/* Once more, for whoever claims; then no more. */
	uint32_t n = manager.n_said;
	told(OTHERS, MM_SERVES, 0, 0);
	assert_true(manager.n_said == n + 1 && manager.said.seq6 == 21);
	told(OTHERS, MM_SERVES, 0, 0);
	assert_int_equal(manager.n_said, n + 1);
}

static void a_guest_that_goes_is_told_of(void **state)
{
	(void)state;
	start_serving();
	attached_at(0);
	rig_run(&rig, span_ms(20));
	uint32_t n = manager.n_said;
	lose();
	assert_true(manager.n_said == n + 1 && !(manager.said.flags & MM_SERVES));
	assert_int_equal(guests(), 0);
}

static void one_delivers_where_two_radios_say_so(void **state)
{
	(void)state;
	start_serving();
	attached_at(0);
	told(OTHERS, MM_SERVES, 0, 0); /* before ours, in the manager's order */
	rig_run(&rig, span_ms(25));
	assert_true(is_delivering());
	told(WE, MM_SERVES, 0, 0);
	rig_clear(&rig);
	told(OTHERS, MM_SERVES, 0, 0); /* behind it */
	assert_true(rig_count(&rig, FX_DP_PUT) && !is_delivering());
	assert_false(manager.said.flags & MM_SERVES);
	attached_at(0); /* our radio says so still */
	rig_run(&rig, span_s(5));
	assert_false(is_delivering());

	/* The other lets go and a third claims; then that one lets go, and nobody claims. */
	told(OTHERS, MM_HAS_SEQ6, 77, 0);
	rig_run(&rig, span_ms(100));
	told(OTHERS + 1, MM_SERVES, 0, 0);
	rig_run(&rig, span_s(5));
	assert_false(is_delivering());
	told(OTHERS + 1, MM_HAS_SEQ6, 80, 0);
	rig_clear(&rig);
	rig_run(&rig, span_ms(299));
	assert_false(is_delivering());
	rig_run(&rig, span_ms(1));
	assert_true(is_delivering() && kept(0)->after_seq == 80);
	assert_true(manager.said.flags & MM_SERVES);
}

static void policy_all_says_nothing(void **state)
{
	(void)state;
	start();
	attached_at(0);
	told(OTHERS, MM_SERVES, 0, 0);
	hear_attached(-60, false);
	lose();
	assert_int_equal(manager.n_said, 0);
	assert_int_equal(rig_count(&rig, FX_KEEP_SEND), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_the_serving_agent_delivers),
		TEST(what_the_agent_before_delivered_is_left_out),
		TEST(the_agent_before_is_waited_for),
		TEST(but_not_for_long),
		TEST(we_tell_what_is_surely_delivered),
		TEST(a_guest_that_goes_is_told_of),
		TEST(one_delivers_where_two_radios_say_so),
		TEST(policy_all_says_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
