/* SPDX-License-Identifier: BSD-2-Clause */
/* The initiator of route optimisation (RFC 6275 11.6, 11.7.2, 11.7.3, 11.8; H-15, H-16): how a binding comes up with a correspondent node,
 * as exchanges of packets: order, loss, forgery, every answer. What becomes of it is in test_ro_life.c. */
#include "../kit/ro_kit.h"
#include "wire/ip/icmp6.h"

/* --- coming up ---------------------------------------------------------------------------------------------------- */

static void both_tests_leave_at_once_the_home_test_through_the_home_agent(void **state)
{
	(void)state;
	struct mh_packet p;
	bool is_tunnelled = false;
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 2);
	assert_true(find(MH_HOTI, 0, &p, &is_tunnelled));
	assert_true(is_tunnelled && addr6_eq(&p.src, &hoa) && addr6_eq(&p.dst, &cn) && !p.has_hao);
	uint64_t cookie = p.mh.test.cookie;
	assert_true(find(MH_COTI, 0, &p, &is_tunnelled));
	assert_true(!is_tunnelled && addr6_eq(&p.src, &coa) && addr6_eq(&p.dst, &cn) && !p.has_hao);
	assert_true(cookie != p.mh.test.cookie);
	assert_int_equal(route(), 1);
	assert_int_equal(rig.fx.fx[0].kind, FX_DP_PUT); /* the answer shall find it */
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 2);
}

static void an_update_follows_both_tests_in_either_order(void **state)
{
	bool is_home_first = *state == NULL;
	want();
	assert_true(is_home_first ? answer_hoti() : answer_coti());
	assert_int_equal(n_sent(MH_BU), 0);
	assert_true(is_home_first ? answer_coti() : answer_hoti());
	struct mh_packet p = sent(MH_BU);
	assert_true(addr6_eq(&p.src, &coa) && addr6_eq(&p.dst, &cn) && p.has_hao && addr6_eq(&p.hao, &hoa));
	assert_int_equal(p.mh.bu.flags, BU_A);
	assert_int_equal(p.mh.bu.lifetime_s, 420);
	assert_true(p.mh.opt.has_nonce && p.mh.opt.has_bind_auth && !p.mh.opt.has_alt_coa);
	assert_int_equal(route(), 1);
	answer_bu();
	assert_int_equal(route(), 2);
	assert_true(addr6_eq(&entry()->coa, &coa));
	assert_int_equal(mono_sub(entry()->expires, rig.now.mono).ns, span_s(420).ns);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

static void the_other_order(void **state)
{
	(void)state;
	static int other;
	void *p = &other;
	an_update_follows_both_tests_in_either_order(&p);
}

static void a_binding_never_outlasts_the_registration(void **state)
{
	(void)state;
	path.until = mono_add(rig.now.mono, span_s(101));
	ro_move(&ro, &hoa, &path, rig.now);
	test_both();
	assert_int_equal(sent(MH_BU).mh.bu.lifetime_s, 100);
}

static void a_shorter_grant_counts(void **state)
{
	(void)state;
	peer.grant_s = 60;
	test_both();
	mono_t asked = rig.now.mono;
	answer_bu();
	assert_true(mono_reached(entry()->expires, mono_add(asked, span_s(60))));
}

/* RFC 6275 11.4.2: a registration that ends sooner than before shortens what correspondent nodes hold. */
static void a_shortened_registration_shortens_bindings(void **state)
{
	(void)state;
	ro_move(&ro, &hoa, &path, rig.now);
	test_both();
	answer_bu();
	assert_int_equal(route(), 2);
	rig_clear(&rig);
	path.until = mono_add(rig.now.mono, span_s(41));
	ro_move(&ro, &hoa, &path, rig.now); /* the tokens are fresh still */
	assert_int_equal(sent(MH_BU).mh.bu.lifetime_s, 40);
	assert_int_equal(route(), 2); /* and is used meanwhile */
	answer_bu();
	rig_clear(&rig);
	ro_move(&ro, &hoa, &path, rig.now);
	assert_int_equal(rig.fx.n, 0); /* once */
}

static void nothing_is_asked_until_the_home_agent_has_accepted(void **state)
{
	(void)state;
	path.is_registered = false;
	ro_move(&ro, &hoa, &path, rig.now);
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

/* --- loss ------------------------------------------------------------------------------------------------------------ */

static void what_is_not_answered_is_sent_again_with_new_cookies_and_given_up(void **state)
{
	(void)state;
	static const int at_s[] = {1, 2, 4};
	struct mh_packet first, again;
	want();
	first = sent(MH_HOTI);
	for (int i = 0; i < 3; i++) {
		rig_clear(&rig);
		run(span_ms(at_s[i] * 1000 - 1));
		assert_int_equal(rig_count(&rig, FX_SEND), 0);
		run(span_ms(1));
		assert_int_equal(n_sent(MH_HOTI), 1);
		assert_int_equal(n_sent(MH_COTI), 1);
		again = sent(MH_HOTI);
		assert_true(again.mh.test.cookie != first.mh.test.cookie);
	}
	rig_clear(&rig);
	run(span_s(8));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	assert_int_equal(route(), 0);
	assert_int_equal(count(R_RO_FAILED), 1);
	want(); /* held off */
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	run(span_s(60));
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 2);
	rig_clear(&rig);
	run(span_s(16 + 61)); /* the second hold is twice as long */
	want();
	assert_int_equal(n_sent(MH_HOTI), 3);
}

static void only_the_missing_test_is_sent_again(void **state)
{
	(void)state;
	want();
	answer_coti();
	rig_clear(&rig);
	run(span_s(1));
	assert_int_equal(n_sent(MH_HOTI), 1);
	assert_int_equal(n_sent(MH_COTI), 0);
	answer_hoti();
	assert_int_equal(n_sent(MH_BU), 1);
}

static void an_update_is_sent_again_with_another_number(void **state)
{
	(void)state;
	test_both();
	uint16_t seq = sent(MH_BU).mh.bu.seq;
	struct mh_packet first = sent(MH_BU);
	rig_clear(&rig);
	run(span_s(1));
	assert_int_equal(sent(MH_BU).mh.bu.seq, (uint16_t)(seq + 1));
	/* The answer to the first one counts too. */
	struct rr_kbm k = key_of(&first);
	give_ba(&first, BA_ACCEPTED, seq, 420, &k);
	assert_int_equal(route(), 2);
	assert_true(mono_before(entry()->expires, mono_add(rig.now.mono, span_s(420)))); /* counted from the first */
	rig_clear(&rig);
	run(span_s(30));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

static void an_update_without_answer_leaves_the_way_through_the_home_agent(void **state)
{
	(void)state;
	struct ro_peer list[4];
	test_both();
	rig_clear(&rig);
	run(span_s(15));
	assert_int_equal(n_sent(MH_BU), 3);
	assert_int_equal(route(), 0);
	assert_int_equal(ro_export(&ro, &hoa, list, 4, rig.now), 1); /* it may hold the binding all the same */
}

/* --- forgery, late and double answers ----------------------------------------------------------------------------------- */

static void tests_that_were_not_asked_for_change_nothing(void **state)
{
	(void)state;
	struct addr6 other = rig_addr("2001:db8:9::bad");
	assert_false(give_test(MH_HOT, &cn, &hoa, 1, 2, 3)); /* nobody knows this node */
	want();
	uint64_t home = sent(MH_HOTI).mh.test.cookie, care = sent(MH_COTI).mh.test.cookie;
	give_test(MH_HOT, &cn, &hoa, home + 1, 5, 6);
	give_test(MH_COT, &cn, &coa, care + 1, 5, 6);
	assert_int_equal(count(R_RO_COOKIE), 2);
	give_test(MH_HOT, &other, &hoa, home, 5, 6);     /* from elsewhere */
	give_test(MH_COT, &other, &coa, care, 5, 6);
	give_test(MH_HOT, &cn, &coa, home, 5, 6);        /* to elsewhere */
	give_test(MH_COT, &cn, &hoa, care, 5, 6);
	give_test(MH_HOT, &cn, &hoa, care, 5, 6);        /* each other's cookies */
	give_test(MH_COT, &cn, &coa, home, 5, 6);
	assert_int_equal(n_sent(MH_BU), 0);
	assert_int_equal(ro.n.bound, 0);
	assert_true(answer_hoti());
	assert_true(answer_coti());
	answer_bu();
	assert_int_equal(route(), 2);
}

static void a_late_or_double_test_changes_nothing(void **state)
{
	(void)state;
	want();
	uint64_t old = sent(MH_HOTI).mh.test.cookie;
	rig_clear(&rig);
	run(span_s(1));
	give_test(MH_HOT, &cn, &hoa, old, 5, 6);
	assert_int_equal(count(R_RO_COOKIE), 1);
	uint64_t cookie = sent(MH_HOTI).mh.test.cookie;
	answer_hoti();
	give_test(MH_HOT, &cn, &hoa, cookie, 5, 6); /* the same once more, with another token */
	assert_int_equal(count(R_RO_UNEXPECTED), 1);
	answer_coti();
	answer_bu(); /* verifies with the first token */
	give_test(MH_HOT, &cn, &hoa, cookie, 5, 6);
	assert_int_equal(count(R_RO_UNEXPECTED), 2);
	assert_int_equal(route(), 2);
}

static void an_acknowledgement_must_be_authentic_and_answer_something(void **state)
{
	(void)state;
	test_both();
	struct mh_packet bu = sent(MH_BU);
	struct rr_kbm good = key_of(&bu), bad = good;
	bad.b[3] ^= 1;
	rig_clear(&rig);
	give_ba(&bu, BA_ACCEPTED, bu.mh.bu.seq, 420, &bad);
	assert_int_equal(count(R_AUTH_BAD), 1);
	give_ba(&bu, BA_ACCEPTED, bu.mh.bu.seq, 420, NULL);
	assert_int_equal(count(R_AUTH_MISSING), 1);
	give_ba(&bu, BA_PROHIBITED, bu.mh.bu.seq, 0, NULL);
	assert_int_equal(count(R_AUTH_MISSING), 2);
	give_ba(&bu, BA_ACCEPTED, (uint16_t)(bu.mh.bu.seq + 1), 420, &good);
	give_ba(&bu, BA_ACCEPTED, (uint16_t)(bu.mh.bu.seq - 1), 420, &good);
	give_ba(&bu, BA_NONCES_EXPIRED, (uint16_t)(bu.mh.bu.seq - 1), 0, NULL);
	assert_int_equal(count(R_BA_UNEXPECTED), 3);
	give_ba(&bu, BA_SEQ_OUT_OF_WINDOW, 77, 0, &bad);
	assert_int_equal(rig.fx.n, 0);
	give_ba(&bu, BA_ACCEPTED, bu.mh.bu.seq, 420, &good);
	assert_int_equal(route(), 2);
	give_ba(&bu, BA_PROHIBITED, bu.mh.bu.seq, 0, &good); /* replayed or late */
	assert_int_equal(route(), 2);
}

static void garbage_changes_nothing(void **state)
{
	(void)state;
	uint8_t buf[200];
	bind();
	for (int i = 0; i < 20000; i++) {
		rig.rng.fill(rig.rng.ctx, buf, sizeof buf);
		buf[0] = 0x60;
		buf[6] = i & 1 ? NH_MH : NH_ICMP6;
		memcpy(buf + 8, &cn, 16);
		memcpy(buf + 24, &coa, 16);
		const struct rx rx = {.why = i & 1 ? DP_PUNT_MH : DP_PUNT_ICMP_ERR, .pkt = buf, .len_oct = (size_t)(i % 200)};
		ro_rx(&ro, &rx, rig.now);
	}
	assert_int_equal(rig.fx.n, 0);
}

/* --- refusals ------------------------------------------------------------------------------------------------------------ */

static void another_number_is_taken_at_once_but_not_for_ever(void **state)
{
	(void)state;
	test_both();
	answer_status(BA_SEQ_OUT_OF_WINDOW, 30000);
	assert_int_equal(sent(MH_BU).mh.bu.seq, 30001);
	answer_status(BA_SEQ_OUT_OF_WINDOW, 40000);
	assert_int_equal(sent(MH_BU).mh.bu.seq, 40001);
	answer_status(BA_SEQ_OUT_OF_WINDOW, 50000); /* the fourth within a second: not more than three (11.8) */
	assert_int_equal(n_sent(MH_BU), 0);
	run(span_s(1));
	assert_int_equal(sent(MH_BU).mh.bu.seq, 50001);
	answer_bu();
	assert_int_equal(route(), 2);
}

static void expired_nonces_are_fetched_anew(void **state)
{
	(void)state;
	test_both();
	uint16_t seq = sent(MH_BU).mh.bu.seq;
	answer_status(BA_HOME_NONCE_EXPIRED, seq);
	assert_int_equal(n_sent(MH_HOTI), 1);
	assert_int_equal(n_sent(MH_COTI), 0);
	answer_hoti();
	answer_status(BA_COA_NONCE_EXPIRED, (uint16_t)(seq + 1));
	assert_int_equal(n_sent(MH_HOTI), 0);
	assert_int_equal(n_sent(MH_COTI), 1);
	answer_coti();
	answer_status(BA_NONCES_EXPIRED, (uint16_t)(seq + 2));
	assert_int_equal(n_sent(MH_HOTI), 1);
	assert_int_equal(n_sent(MH_COTI), 1);
	answer_hoti();
	answer_coti();
	run(span_s(1));
	answer_status(BA_NONCES_EXPIRED, (uint16_t)(seq + 3));
	assert_int_equal(rig_count(&rig, FX_SEND), 0); /* enough */
	assert_int_equal(count(R_RO_FAILED), 1);
}

static void a_refusal_is_respected_for_long(void **state)
{
	(void)state;
	struct ro_peer list[4];
	test_both();
	answer_status(BA_PROHIBITED, sent(MH_BU).mh.bu.seq);
	assert_int_equal(route(), 0);
	assert_int_equal(ro_export(&ro, &hoa, list, 4, rig.now), 0);
	for (int i = 0; i < 15; i++) {
		run(span_s(60));
		want();
	}
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	run(span_s(61));
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 2);
}

static void a_node_without_mobile_ipv6_is_left_alone(void **state)
{
	(void)state;
	want();
	rig_clear(&rig);
	give_be(BE_UNKNOWN_TYPE);
	assert_int_equal(route(), 0);
	run(span_s(600));
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

static bool give_icmp(const struct addr6 *src, uint8_t type, uint8_t code, const uint8_t *about, size_t n)
{
	uint8_t buf[1280];
	size_t len = icmp6_error_build(buf, sizeof buf, src, type, code, 6, about, n);
	assert_true(len > 0);
	const struct rx rx = {.why = DP_PUNT_ICMP_ERR, .pkt = buf, .len_oct = len};
	return ro_rx(&ro, &rx, rig.now);
}

static void parameter_problem_about_our_test_stops_it_a_forged_one_does_not(void **state)
{
	(void)state;
	size_t n = 0;
	uint8_t coti[128], forged[128];
	want();
	for (uint32_t i = 0; i < 2; i++) {
		const uint8_t *p = rig_sent(&rig, i, &n);
		if (p[6] == NH_MH)
			memcpy(coti, p, n);
	}
	n = 56;
	memcpy(forged, coti, n);
	forged[50] ^= 1; /* the cookie */
	rig_clear(&rig);
	assert_true(give_icmp(&cn, IC6_PARAM_PROBLEM, 1, forged, n));
	assert_true(give_icmp(&ha, IC6_PARAM_PROBLEM, 1, coti, n)); /* not the node itself */
	assert_true(give_icmp(&cn, IC6_PARAM_PROBLEM, 2, coti, n));
	assert_int_equal(rig.fx.n, 0);
	assert_true(give_icmp(&cn, IC6_PARAM_PROBLEM, 1, coti, n));
	assert_int_equal(route(), 0);
	assert_int_equal(ro.n.refused, 1);
}

static void unreachable_ends_the_attempt(void **state)
{
	(void)state;
	size_t n;
	uint8_t coti[128];
	want();
	const uint8_t *p = rig_sent(&rig, 1, &n);
	memcpy(coti, p, n);
	rig_clear(&rig);
	assert_true(give_icmp(&ha, IC6_UNREACHABLE, 0, coti, n));
	assert_int_equal(route(), 0);
	assert_int_equal(ro.n.failed, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(both_tests_leave_at_once_the_home_test_through_the_home_agent),
		T(an_update_follows_both_tests_in_either_order),
		T(the_other_order),
		T(a_binding_never_outlasts_the_registration),
		T(a_shorter_grant_counts),
		T(a_shortened_registration_shortens_bindings),
		T(nothing_is_asked_until_the_home_agent_has_accepted),
		T(what_is_not_answered_is_sent_again_with_new_cookies_and_given_up),
		T(only_the_missing_test_is_sent_again),
		T(an_update_is_sent_again_with_another_number),
		T(an_update_without_answer_leaves_the_way_through_the_home_agent),
		T(tests_that_were_not_asked_for_change_nothing),
		T(a_late_or_double_test_changes_nothing),
		T(an_acknowledgement_must_be_authentic_and_answer_something),
		T(garbage_changes_nothing),
		T(another_number_is_taken_at_once_but_not_for_ever),
		T(expired_nonces_are_fetched_anew),
		T(a_refusal_is_respected_for_long),
		T(a_node_without_mobile_ipv6_is_left_alone),
		T(parameter_problem_about_our_test_stops_it_a_forged_one_does_not),
		T(unreachable_ends_the_attempt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
