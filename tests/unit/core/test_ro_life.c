/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a binding with a correspondent node (RFC 6275 11.7.2, 11.7.3; H-15, H-16, H-17): refreshed while it is used, doubted,
 * made again, moved with the mobile, ended at home and by who leaves. How it comes up is in test_ro.c. */
#include "../kit/ro_kit.h"

/* --- going on --------------------------------------------------------------------------------------------------------------- */

static void a_used_binding_is_refreshed_with_new_tokens_before_it_ends(void **state)
{
	(void)state;
	bind();
	run(span_s(340));
	assert_int_equal(rig.fx.n, 0);
	run(span_s(40));
	assert_int_equal(n_sent(MH_HOTI) > 0 && n_sent(MH_COTI) > 0, true);
	assert_int_not_equal(route(), 0); /* and goes on meanwhile */
	assert_int_not_equal(route(), 1);
	ro_want(&ro, &hoa, &cn, rig.now);
	assert_true(ro_expiry(&ro).ns < INT64_MAX);
}

static void a_refresh_is_acknowledged_without_a_gap(void **state)
{
	(void)state;
	bind();
	mono_t end = mono_add(rig.now.mono, span_s(420));
	while (!rig_count(&rig, FX_SEND))
		run(span_ms(500));
	assert_true(mono_before(rig.now.mono, end));
	assert_int_equal(route(), 2);
	answer_hoti();
	answer_coti();
	answer_bu();
	assert_int_equal(route(), 2);
	assert_true(mono_before(end, entry()->expires));
	assert_int_equal(ro.n.bound, 1);
}

static void an_unused_binding_ends_and_packets_go_through_the_home_agent_in_time(void **state)
{
	(void)state;
	bind();
	is_used = false;
	run(span_s(419));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	assert_true(n_asked > 0);
	run(span_s(2));
	assert_int_equal(route(), 0);
	run(span_s(60));
	assert_int_equal(table_count(&ro.entries), 0);
	rig_clear(&rig);
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 2);
}

static void use_after_the_first_look_still_refreshes(void **state)
{
	(void)state;
	bind();
	is_used = false;
	run(span_s(390));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	is_used = true;
	run(span_s(25));
	assert_true(rig_count(&rig, FX_SEND) >= 2);
}

static void give_brr(const struct addr6 *src)
{
	uint8_t buf[256];
	struct mh m = {.type = MH_BRR};
	struct mh_built built;
	size_t n = mh_packet_build(buf, sizeof buf, &(struct mh_path){.src = *src, .dst = path.coa, .rh2 = &hoa}, &m, &built);
	mh_packet_finish(&built, buf);
	give(buf, n);
}

static void a_refresh_request_starts_a_test_only_for_who_holds_a_binding(void **state)
{
	(void)state;
	struct addr6 other = rig_addr("2001:db8:9::bad");
	give_brr(&cn);
	bind();
	give_brr(&cn); /* just bound */
	give_brr(&other);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	run(span_s(250));
	give_brr(&cn);
	assert_int_equal(n_sent(MH_HOTI), 1);
	assert_int_equal(n_sent(MH_COTI), 1);
	give_brr(&cn);
	assert_int_equal(n_sent(MH_HOTI), 1);
}

static void a_lost_binding_is_made_again_meanwhile_through_the_home_agent(void **state)
{
	(void)state;
	bind();
	run(span_s(50));
	give_be(BE_UNKNOWN_BINDING);
	assert_int_equal(route(), 1); /* not optimised any more */
	assert_int_equal(n_sent(MH_HOTI), 1); /* its nonces are void too */
	assert_int_equal(n_sent(MH_COTI), 1);
	give_be(BE_UNKNOWN_BINDING);
	assert_int_equal(rig_count(&rig, FX_SEND), 2);
	answer_hoti();
	answer_coti();
	answer_bu();
	assert_int_equal(route(), 2);
	rig_clear(&rig);
	give_be(BE_UNKNOWN_BINDING); /* again, at once: that is no way to go on */
	assert_int_equal(route(), 0);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	assert_int_equal(count(R_BE_RECEIVED), 3);
}

static void packets_by_the_detour_make_an_old_binding_doubtful(void **state)
{
	(void)state;
	bind();
	want(); /* they were under way */
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	run(span_s(11));
	want();
	assert_int_equal(n_sent(MH_BU), 1); /* the tokens are fresh */
	answer_bu();
	rig_clear(&rig);
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

/* --- moving ------------------------------------------------------------------------------------------------------------------- */

static void after_a_move_the_home_token_serves_again(void **state)
{
	(void)state;
	bind();
	run(span_s(20));
	path.coa = rig_addr(COA2);
	path.is_registered = false;
	ro_move(&ro, &hoa, &path, rig.now);
	assert_int_equal(route(), 1); /* through the home agent until it knows */
	assert_int_equal(n_sent(MH_HOTI), 0);
	assert_int_equal(n_sent(MH_COTI), 1);
	answer_coti();
	assert_int_equal(n_sent(MH_BU), 0); /* not before the home agent */
	path.is_registered = true;
	ro_move(&ro, &hoa, &path, rig.now);
	struct mh_packet bu = sent(MH_BU);
	assert_true(addr6_eq(&bu.src, &path.coa));
	assert_int_equal(bu.mh.bu.seq, (uint16_t)(peer.seq + 1));
	answer_bu();
	assert_int_equal(route(), 2);
	assert_true(addr6_eq(&entry()->coa, &path.coa));
}

static void after_a_late_move_both_tests_are_done(void **state)
{
	(void)state;
	bind();
	run(span_s(200));
	path.coa = rig_addr(COA2);
	ro_move(&ro, &hoa, &path, rig.now);
	assert_int_equal(n_sent(MH_HOTI), 1);
	assert_int_equal(n_sent(MH_COTI), 1);
}

static void an_answer_for_the_old_place_does_not_count(void **state)
{
	(void)state;
	test_both();
	struct mh_packet bu = sent(MH_BU);
	struct rr_kbm k = key_of(&bu);
	rig_clear(&rig);
	path.coa = rig_addr(COA2);
	ro_move(&ro, &hoa, &path, rig.now);
	uint64_t cookie = sent(MH_COTI).mh.test.cookie;
	give_ba(&bu, BA_ACCEPTED, bu.mh.bu.seq, 420, &k);
	assert_int_equal(route(), 1);
	give_test(MH_COT, &cn, &coa, cookie, 1, 2); /* to the old address */
	assert_int_equal(n_sent(MH_BU), 0);
	answer_coti();
	answer_bu();
	assert_true(addr6_eq(&peer.coa, &path.coa));
}

static void at_home_bindings_are_ended_with_a_home_test_alone(void **state)
{
	(void)state;
	struct mh_packet p;
	bool is_tunnelled = true;
	bind();
	run(span_s(300)); /* no fresh token */
	at_home();
	assert_int_equal(route(), 0);
	assert_true(find(MH_HOTI, 0, &p, &is_tunnelled));
	assert_true(!is_tunnelled && addr6_eq(&p.src, &hoa));
	assert_int_equal(n_sent(MH_COTI), 0);
	answer_hoti();
	p = sent(MH_BU);
	assert_true(addr6_eq(&p.src, &hoa) && !p.has_hao);
	assert_int_equal(p.mh.bu.lifetime_s, 0);
	assert_int_equal(p.mh.opt.nonce_coa, 0);
	answer_bu();
	assert_false(peer.has_binding);
	rig_clear(&rig);
	ro_home(&ro, &hoa, &cn, rig.now); /* by packets still under way */
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	run(span_s(4));
	assert_int_equal(table_count(&ro.entries), 0);
}

static void at_home_a_packet_by_the_old_agent_ends_a_binding_not_known_of(void **state)
{
	(void)state;
	at_home();
	want(); /* has no meaning here */
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	ro_home(&ro, &hoa, &cn, rig.now);
	answer_hoti();
	answer_status(BA_SEQ_OUT_OF_WINDOW, 9000);
	assert_int_equal(sent(MH_BU).mh.bu.seq, 9001);
	answer_bu();
	assert_int_equal(table_count(&ro.entries), 1);
}

static void data_under_way_arrives_before_the_binding_ends(void **state)
{
	(void)state;
	bind();
	path = (struct ro_path){.coa = hoa, .until = MONO_NEVER, .is_registered = true, .in_flight = span_ms(100)};
	ro_move(&ro, &hoa, &path, rig.now);
	assert_int_equal(route(), 0);
	run(span_ms(99));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	run(span_ms(1));
	assert_int_equal(sent(MH_BU).mh.bu.lifetime_s, 0);
	answer_bu();
	assert_false(peer.has_binding);
}

static void leaving_bindings_to_another_ends_them(void **state)
{
	(void)state;
	bind();
	path.is_leaving = true;
	path.coa = rig_addr(COA2);
	ro_move(&ro, &hoa, &path, rig.now);
	struct mh_packet p = sent(MH_BU); /* the home token is fresh: nothing else is needed */
	assert_int_equal(p.mh.bu.lifetime_s, 0);
	assert_true(p.has_hao && addr6_eq(&p.src, &path.coa));
	answer_bu();
	assert_false(peer.has_binding);
	run(span_s(10));
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

static void a_dropped_mobile_says_farewell_where_it_can(void **state)
{
	(void)state;
	bind();
	ro_drop(&ro, &hoa, true, rig.now);
	struct mh_packet p = sent(MH_BU);
	assert_int_equal(p.mh.bu.lifetime_s, 0);
	assert_int_equal(p.mh.bu.flags, 0);
	struct rr_kbm k = key_of(&p);
	assert_true(rr_verify(&k, &crypto_openssl, &p.src, &cn, &p));
	assert_int_equal(route(), 0);
	assert_null(ro_path(&ro, &hoa));
	assert_true(mono_is_never(ro_expiry(&ro)));
}

static void a_dropped_mobile_is_silent_when_told_so(void **state)
{
	(void)state;
	bind();
	ro_drop(&ro, &hoa, false, rig.now);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	assert_int_equal(route(), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_used_binding_is_refreshed_with_new_tokens_before_it_ends),
		T(a_refresh_is_acknowledged_without_a_gap),
		T(an_unused_binding_ends_and_packets_go_through_the_home_agent_in_time),
		T(use_after_the_first_look_still_refreshes),
		T(a_refresh_request_starts_a_test_only_for_who_holds_a_binding),
		T(a_lost_binding_is_made_again_meanwhile_through_the_home_agent),
		T(packets_by_the_detour_make_an_old_binding_doubtful),
		T(after_a_move_the_home_token_serves_again),
		T(after_a_late_move_both_tests_are_done),
		T(an_answer_for_the_old_place_does_not_count),
		T(at_home_bindings_are_ended_with_a_home_test_alone),
		T(at_home_a_packet_by_the_old_agent_ends_a_binding_not_known_of),
		T(data_under_way_arrives_before_the_binding_ends),
		T(leaving_bindings_to_another_ends_them),
		T(a_dropped_mobile_says_farewell_where_it_can),
		T(a_dropped_mobile_is_silent_when_told_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
