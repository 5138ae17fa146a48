/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobility management agent: what it refuses to register, whose group is whose (H-3, H-4), and the ends of its room. Each refusal is counted
 * and changes nothing. */
#include "../kit/mma_reg_kit.h"

static void who_it_is_must_be_proven(void **state)
{
	(void)state;
	struct update u = update("2001:db8:9::1");
	expect_refusal(&u, R_BU_UNKNOWN_MOBILE, BA_PROHIBITED);
	assert_false(answer(0).mh.opt.has_auth);
	u = update(HOA);
	u.key = NULL;
	expect_refusal(&u, R_AUTH_MISSING, 0);
	u = update(HOA);
	u.spi = 257;
	expect_refusal(&u, R_AUTH_SPI_UNKNOWN, BA_PROHIBITED);
	u = update(HOA);
	u.key = &rig.key[1];
	expect_refusal(&u, R_AUTH_BAD, BA_AUTH_FAIL);
	struct mh_packet p = answer(0);
	assert_true(sa_verify(&rig.key[0], &crypto_openssl, &u.src, &u.hoa, &p));
}

static void replays_are_refused(void **state)
{
	(void)state;
	struct update u = update(HOA), old = u;
	u.stamp = 0;
	expect_refusal(&u, R_REPLAY_MISSING, BA_MESG_ID_REQUIRED);
	u = update(HOA);
	u.stamp = mh_ntp_of_wall(wall_add(rig.now.wall, span_ms(7100)));
	expect_refusal(&u, R_REPLAY_TIME, BA_ID_MISMATCH);
	wall_t told = mh_wall_of_ntp(answer(0).mh.opt.mesg_id, rig.now.wall); /* our seconds, for the mobile to follow */
	assert_true(llabs(wall_sub(told, rig.now.wall).ns) < NS_PER_S);
	register_mobile(HOA);
	uint16_t accepted = next_seq;
	u = old;
	u.mh.bu.seq = ++next_seq;
	expect_refusal(&u, R_REPLAY_OLD, BA_ID_MISMATCH);
	u = update(HOA);
	u.mh.bu.seq = accepted;
	expect_refusal(&u, R_BU_SEQ_OLD, BA_SEQ_OUT_OF_WINDOW);
	assert_int_equal(answer(0).mh.ba.seq, accepted);
}

static void form_must_be_right(void **state)
{
	(void)state;
	struct update u = update(HOA);
	u.has_hao = false;
	u.src = u.hoa;
	expect_refusal(&u, R_BU_NO_HOME_ADDRESS, 0);
	u = update(HOA);
	u.src = rig_addr("fe80::1");
	expect_refusal(&u, R_BU_COA_INVALID, 0);
	u = update(HOA);
	u.mh.opt.has_alt_coa = true;
	u.mh.opt.alt_coa = rig_addr("2001:db8:2:12::1");
	expect_refusal(&u, R_BU_ALT_COA, BA_INVALID_COA);
	u = update(HOA);
	u.mh.opt.rc.has_mcoa = false; /* an RFC 5380 mobile */
	expect_refusal(&u, R_MMA_NOT_OUR_OPTION, BA_PROHIBITED);
	u = update(HOA);
	u.src = rig_addr("2001:db8:7::1");
	expect_refusal(&u, R_MMA_NOT_ON_SITE, BA_PROHIBITED);
}

static void the_group_must_be_the_mobiles_own(void **state)
{
	(void)state;
	struct update u = update(HOA);
	u.mh.opt.rc.mcoa.group = rig_addr("ff35:0:0:1::1");
	expect_refusal(&u, R_MMA_GROUP_FOREIGN, BA_PROHIBITED);
	u = update(HOA);
	u.mh.opt.rc.mcoa.source = rig_addr("2001:db8:3::1");
	expect_refusal(&u, R_MMA_GROUP_FOREIGN, BA_PROHIBITED);
	register_mobile(HOA);
	u = update(HOA2);
	u.mh.opt.rc.mcoa.group = rig_addr(GROUP);
	expect_refusal(&u, R_MMA_GROUP_TAKEN, BA_GROUP_TAKEN);
	register_mobile(HOA2); /* with the next one */
	u = update(HOA);
	u.mh.opt.rc.mcoa.group = rig_addr(GROUP2);
	expect_refusal(&u, R_MMA_GROUP_TAKEN, BA_GROUP_TAKEN);
}

static void the_home_agent_must_be_named_and_allowed(void **state)
{
	(void)state;
	conf.mobile[0].home_agent = rig_addr(HA);
	start();
	struct update u = update(HOA);
	u.mh.opt.rc.has_reg = false;
	expect_refusal(&u, R_MMA_HOME_AGENT, BA_PROHIBITED);
	u = update(HOA);
	u.mh.opt.rc.reg.ha = rig_addr("2001:db8:bad::1");
	expect_refusal(&u, R_MMA_HOME_AGENT, BA_PROHIBITED);
	register_mobile(HOA);
}

static void pool_and_table_have_ends(void **state)
{
	(void)state;
	conf.coa_prefix = rig_prefix("2001:db8:2:ff::/126"); /* three addresses */
	conf.bindings_max = 4;
	start();
	struct update u;
	for (int i = 0; i < 3; i++) {
		u = update(HOA2);
		u.hoa.b[15] = (uint8_t)i;
		u.mh.opt.rc.mcoa.group.b[15] = (uint8_t)i;
		rig_clear(&rig);
		say(&u);
		assert_int_equal(answer(0).mh.ba.status, BA_ACCEPTED);
	}
	u = update(HOA);
	expect_refusal(&u, R_MMA_POOL_EMPTY, BA_NO_RESOURCES);
}

static void the_table_is_bounded(void **state)
{
	(void)state;
	conf.bindings_max = 1;
	start();
	register_mobile(HOA);
	struct update u = update(HOA2);
	expect_refusal(&u, R_LIMIT_BINDINGS, BA_NO_RESOURCES);
}

static void refusals_are_limited_by_source(void **state)
{
	(void)state;
	uint8_t buf[1280];
	for (int i = 0; i < 50; i++) {
		struct update u = update(HOA);
		u.key = &rig.key[1];
		size_t n = build(&u, buf);
		assert_true(rig_rx(&rig, D1, "02:00:00:00:11:01", buf, n));
	}
	assert_int_equal(rig_count(&rig, FX_SEND), 10);
	assert_int_equal(rig.count.n[R_LIMIT_RATE], 40);
	assert_int_equal(rig.count.n[R_AUTH_BAD], 50);
	register_mobile(HOA); /* the true one is not kept out, even from that address */
}

static void broken_messages_change_nothing(void **state)
{
	(void)state;
	uint8_t buf[1280], cut[1280];
	struct update u = update(HOA);
	size_t n = build(&u, buf);
	for (size_t len = 0; len < n; len++) {
		struct rx rx = {.ifindex = D1, .pkt = memcpy(cut, buf, n), .len_oct = len};
		mma_role.rx(rig.self, &rx, rig.now);
	}
	for (size_t i = 0; i < n * 8; i++) { /* each bit turned over */
		memcpy(cut, buf, n);
		cut[i / 8] ^= (uint8_t)(1 << i % 8);
		struct rx rx = {.ifindex = D1, .pkt = cut, .len_oct = n};
		mma_role.rx(rig.self, &rx, rig.now);
		/* Traffic class, flow label, hop limit and padding are covered by nothing, and matter to nobody. */
		if (mma()->n_active) {
			assert_true(i / 8 < 4 || i / 8 == 7 || (i / 8 >= 42 && i / 8 < 46));
			assert_int_equal(mma_role.ctl(rig.self, &(struct ctl_cmd){2, (const char *const[]){"drop", HOA}}, rig.now,
						      &(const char *){NULL}), ERR_OK);
			rig_run(&rig, span_ms(1));
			u = update(HOA);
			n = build(&u, buf);
		}
	}
	assert_int_equal(bindings_count(&mma()->bindings), 1);
}

static void other_peoples_messages_are_left_to_others(void **state)
{
	(void)state;
	uint8_t buf[1280];
	struct update u = update(HOA);
	u.mh.bu.flags = BU_A | BU_H;
	size_t n = build(&u, buf);
	assert_false(rig_rx(&rig, D1, "02:00:00:00:11:01", buf, n));
	u = update(HOA);
	n = build(&u, buf);
	conf.address = rig_addr("2001:db8:2::2");
	start(); /* another agent */
	assert_false(rig_rx(&rig, D1, "02:00:00:00:11:01", buf, n));
	assert_int_equal(mma()->n_active, 0);
}

static void without_memory_a_registration_changes_nothing(void **state)
{
	(void)state;
	uint8_t buf[1280];
	for (int i = 0; i < 30; i++) {
		struct update u = update(HOA);
		size_t n = build(&u, buf);
		rig_clear(&rig);
		rig.fail_in = i;
		rig_rx(&rig, D1, "02:00:00:00:11:01", buf, n);
		bool is_done = rig.fail_in >= 0;
		rig.fail_in = -1;
		rig_run(&rig, span_ms(10));
		if (mma()->n_active) { /* what failed was an effect's room: the mobile asks again */
			assert_true(is_done || rig.fx.lost);
			return;
		}
		assert_false(is_done);
		assert_int_equal(bindings_count(&mma()->bindings), 0);
	}
	fail_msg("never registered");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define T_IDLE(f) cmocka_unit_test_setup_teardown(f, setup_idle, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(who_it_is_must_be_proven), T(replays_are_refused), T(form_must_be_right), T(the_group_must_be_the_mobiles_own),
		T_IDLE(the_home_agent_must_be_named_and_allowed), T_IDLE(pool_and_table_have_ends), T_IDLE(the_table_is_bounded),
		T(refusals_are_limited_by_source), T(broken_messages_change_nothing), T(other_peoples_messages_are_left_to_others),
		T(without_memory_a_registration_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
