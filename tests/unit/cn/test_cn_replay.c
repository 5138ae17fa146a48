/* SPDX-License-Identifier: BSD-2-Clause */
/* Correspondent node: old, forged and damaged updates (RFC 6275 9.5.1, 9.5.3). No update that was accepted is ever accepted again. H-15. */
#include "../kit/cn_kit.h"

/* --- memory against replays -------------------------------------------------------------------------------- */

/* An update that was accepted once is not accepted again after the binding has ended, as long as its nonces count; whatever ended it. */
static void an_old_update_does_not_bring_a_binding_back(void **state)
{
	(void)state;
	enum { BY_REMOVAL, BY_TIME, BY_OPERATOR, WAYS };
	for (int way = 0; way < WAYS; way++) {
		uint8_t old[512];
		struct rr_kbm k;
		struct addr6 coa;
		m.hoa.b[15]++;
		mobile_test(&m);
		struct bu u = {.seq = 100, .lifetime_s = 20};
		size_t n = mobile_build(&m, &u, old, sizeof old, &k, &coa);
		assert_int_equal(mobile_send(&m, old, n).p.mh.ba.status, BA_ACCEPTED);
		assert_non_null(mobile_entered(&m));
		if (way == BY_REMOVAL)
			assert_int_equal(mobile_update(&m, (struct bu){.seq = 101}), BA_ACCEPTED);
		else if (way == BY_TIME)
			mobile_wait(&m, 21);
		else {
			const char *argv[] = {"drop", ADDR6_STR(&m.hoa)}, *msg;
			assert_int_equal(m.rig.ops->ctl(m.rig.self, &(struct ctl_cmd){2, argv}, m.rig.now, &msg), ERR_OK);
		}
		assert_int_equal(mobile_bound(&m, NULL), 0);
		enum reason why = way == BY_REMOVAL ? R_RR_NONCES_USED : R_BU_REPLAYED;
		uint64_t before = m.rig.count.n[why];
		struct answer a = mobile_send(&m, old, n);
		assert_int_equal(a.p.mh.ba.status, way == BY_REMOVAL ? BA_NONCES_EXPIRED : BA_SEQ_OUT_OF_WINDOW);
		assert_int_equal(a.p.mh.ba.seq, 100);
		assert_null(mobile_entered(&m));
		assert_int_equal(m.rig.count.n[why], before + 1);
		mobile_wait(&m, 200);
		assert_false(mobile_send(&m, old, n).p.mh.ba.status == BA_ACCEPTED);
		mobile_wait(&m, 45); /* the nonces are gone: 138, and nothing is remembered */
		assert_int_equal(mobile_send(&m, old, n).p.mh.ba.status, BA_NONCES_EXPIRED);
		assert_true(mono_is_never(m.rig.ops->expiry(m.rig.self)));
	}
}

/* A mobile that begins anew with a low number is no replay: number outside the range, or newer nonce. */
static void a_mobile_that_begins_anew_is_let_in(void **state)
{
	(void)state;
	uint16_t seq;
	mobile_test(&m);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 100, .lifetime_s = 400}), BA_ACCEPTED);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 110, .lifetime_s = 8}), BA_ACCEPTED);
	mobile_wait(&m, 9);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 5, .lifetime_s = 8}), BA_ACCEPTED); /* outside 100 to 110 */
	mobile_wait(&m, 9);
	assert_int_equal(mobile_update_seq(&m, (struct bu){.seq = 105, .lifetime_s = 400}, &seq, NULL), BA_SEQ_OUT_OF_WINDOW);
	assert_int_equal(seq, 110);
	mobile_wait(&m, 31);
	mobile_test(&m); /* newer nonces */
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 105, .lifetime_s = 400}), BA_ACCEPTED);
}

/* 9.5.3: after a removal the same nonces make no binding, whatever the number; fresh tests do, at once. One newer token is enough. */
static void after_a_removal_the_nonces_are_used_up(void **state)
{
	(void)state;
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 2}), BA_ACCEPTED);
	assert_int_equal(REGISTER(.seq = 3), BA_NONCES_EXPIRED);
	assert_int_equal(mobile_bound(&m, NULL), 0);
	mobile_test_coa(&m);
	assert_int_equal(REGISTER(.seq = 3), BA_ACCEPTED);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 4}), BA_ACCEPTED);
	mobile_test(&m);
	assert_int_equal(REGISTER(.seq = 0), BA_ACCEPTED);
}

/* Life 1 ends at number 101; life 2 begins at 5 with newer nonces: then 100 is greater than 5, but of life 1. */
static void an_update_of_a_life_before_does_not_pass_for_a_later_one(void **state)
{
	(void)state;
	uint8_t old[512], gone[512];
	struct rr_kbm k;
	struct addr6 coa;
	mobile_test(&m);
	struct bu u = {.seq = 100, .lifetime_s = 400}, end = {.seq = 101};
	size_t n = mobile_build(&m, &u, old, sizeof old, &k, &coa), n_gone = mobile_build(&m, &end, gone, sizeof gone, &k, &coa);
	assert_int_equal(mobile_send(&m, old, n).p.mh.ba.status, BA_ACCEPTED);
	assert_int_equal(mobile_send(&m, gone, n_gone).p.mh.ba.status, BA_ACCEPTED);
	mobile_wait(&m, 31);
	m.coa = rig_addr(COA2);
	mobile_test(&m);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 5, .lifetime_s = 400}), BA_ACCEPTED);
	assert_int_equal(mobile_send(&m, old, n).p.mh.ba.status, BA_NONCES_EXPIRED);
	assert_int_equal(mobile_send(&m, gone, n_gone).p.mh.ba.status, BA_SEQ_OUT_OF_WINDOW);
	assert_int_equal(mobile_bound(&m, HOA), 1);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 6, .lifetime_s = 400}), BA_ACCEPTED);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 120, .lifetime_s = 400}), BA_ACCEPTED);
}

/* A removal whose answer was lost is sent again with the same number: there is nothing to protect. */
static void a_removal_may_be_repeated(void **state)
{
	(void)state;
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 2}), BA_ACCEPTED);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 2}), BA_ACCEPTED);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 3}), BA_ACCEPTED);
}

/* After a sudden end the datapath goes on with a binding that this daemon does not know: a removal ends it there too. */
static void a_removal_reaches_what_a_daemon_before_left(void **state)
{
	(void)state;
	mobile_test_home(&m);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 2, .src = HOA, .has_no_hao = true}), BA_ACCEPTED);
	const struct dp_op *op = rig_dp(&m.rig, FX_DP_DEL, DP_CN, 0);
	assert_true(addr6_eq(&op->cn.home_address, &m.hoa) && addr6_eq(&op->cn.self, &m.self));
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 3, .src = HOA, .has_no_hao = true, .is_auth_wrong = true}), NOTHING);
	assert_false(mobile_removed(&m));
}

/* Random lives: no update that was accepted is ever accepted again. */
static void no_update_is_accepted_twice(void **state)
{
	(void)state;
	enum { OLD_MAX = 400, ROUNDS = 3000 };
	static struct { uint8_t pkt[256]; size_t n; bool is_delete; } old[OLD_MAX];
	struct prng p;
	unsigned n_old = 0, n_bound = 0;
	prng_seed(&p, 11);
	m.conf.test_rate = m.conf.refusal_rate = 100000;
	m.conf.total_rate = 1000000;
	mobile_start(&m);
	mobile_test(&m);
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t r = prng_u64(&p);
		struct rr_kbm k;
		struct addr6 coa;
		if (r % 8 == 0)
			mobile_wait(&m, (int64_t)(r >> 8) % 40);
		if (r % 5 == 0)
			mobile_test_home(&m);
		if (r % 5 == 1)
			mobile_test_coa(&m);
		if (n_old && r % 3 == 0) { /* replay: a removal may be acknowledged again, but changes nothing */
			unsigned at = (unsigned)(r >> 16) % n_old;
			unsigned before = mobile_bound(&m, NULL);
			struct answer a = mobile_send(&m, old[at].pkt, old[at].n);
			if (!old[at].is_delete)
				assert_true(a.is_there && a.p.mh.ba.status != BA_ACCEPTED);
			assert_int_equal(mobile_bound(&m, NULL), before);
			assert_null(mobile_entered(&m));
			continue;
		}
		struct bu u = {.seq = (uint16_t)(r >> 20) % 64, .lifetime_s = r >> 40 & 1 ? 4 + (uint32_t)(r >> 44) % 100 : 0};
		unsigned at = n_old < OLD_MAX ? n_old : (unsigned)(r >> 50) % OLD_MAX;
		size_t n = mobile_build(&m, &u, old[at].pkt, sizeof old[at].pkt, &k, &coa);
		unsigned before = mobile_bound(&m, NULL);
		struct answer a = mobile_send(&m, old[at].pkt, n);
		old[at].n = n;
		old[at].is_delete = u.lifetime_s == 0;
		if (a.is_there && a.p.mh.ba.status == BA_ACCEPTED && (u.lifetime_s || before)) {
			n_bound += u.lifetime_s != 0;
			n_old += at == n_old;
		} else if (at < n_old)
			old[at] = old[--n_old]; /* that one was not accepted */
	}
	print_message("%u bindings made, %u updates to replay\n", n_bound, n_old);
	assert_true(n_bound > 100);
}

/* --- forgery ----------------------------------------------------------------------------------------------- */

/* Whatever is not authentic allocates nothing and changes nothing. */
static void forged_updates_leave_no_trace(void **state)
{
	(void)state;
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	int64_t live = m.rig.n_live;
	for (uint16_t i = 0; i < 50; i++) {
		m.hoa.b[15] = (uint8_t)i;
		assert_int_equal(REGISTER(.seq = (uint16_t)(i + 2), .is_auth_wrong = i & 1, .home_token_xor = !(i & 1)), NOTHING);
		assert_null(mobile_entered(&m));
		assert_false(mobile_removed(&m));
	}
	assert_int_equal(m.rig.n_live, live);
	assert_int_equal(m.rig.count.n[R_AUTH_BAD], 50);
}

/* Every truncation and every changed byte of a good update: no crash, and no binding but by the good one. */
static void damaged_updates_do_nothing(void **state)
{
	(void)state;
	uint8_t good[512], bad[512];
	struct rr_kbm k;
	struct addr6 coa;
	struct bu u = {.seq = 1, .lifetime_s = 400};
	mobile_test(&m);
	size_t n = mobile_build(&m, &u, good, sizeof good, &k, &coa);
	for (size_t i = 0; i < n; i++) {
		(void)mobile_send(&m, good, i);
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(bad, good, n);
			bad[i] ^= (uint8_t)(1 << bit);
			(void)mobile_send(&m, bad, n);
		}
	}
	assert_int_equal(mobile_bound(&m, HOA), 1); /* flow label, traffic class, hop limit are not the message's */
	assert_int_equal(mobile_bound(&m, NULL), 1);
}

static void refusals_are_limited(void **state)
{
	(void)state;
	unsigned n = 0;
	m.conf.refusal_rate = 5;
	mobile_start(&m);
	mobile_test(&m);
	for (int i = 0; i < 40; i++)
		n += REGISTER(.home_index_off = 50) == BA_HOME_NONCE_EXPIRED;
	assert_int_equal(n, 5);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_old_update_does_not_bring_a_binding_back), T(a_mobile_that_begins_anew_is_let_in), T(after_a_removal_the_nonces_are_used_up),
		T(an_update_of_a_life_before_does_not_pass_for_a_later_one), T(a_removal_may_be_repeated),
		T(a_removal_reaches_what_a_daemon_before_left), T(no_update_is_accepted_twice), T(forged_updates_leave_no_trace),
		T(damaged_updates_do_nothing), T(refusals_are_limited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
