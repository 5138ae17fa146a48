/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobility management agent, registration (H-10): what is acknowledged, what reaches the datapath (H-1, H-2, H-13), and how a binding ends. */
#include "../kit/mma_reg_kit.h"

/* --- registration -------------------------------------------------------------------------------------------- */

static void a_registration_is_acknowledged_with_a_care_of_address(void **state)
{
	(void)state;
	struct update u = update(HOA);
	struct addr6 service = rig_addr(SERVICE);
	say(&u);
	assert_int_equal(rig_count(&rig, FX_SEND), 1);
	struct mh_packet p = answer(0);
	struct addr6 coa = assigned(&p);
	assert_true(addr6_eq(&p.src, &service) && addr6_eq(&p.dst, &u.src));
	assert_true(p.has_rh2 && addr6_eq(&p.rh2, &u.hoa));
	assert_true(prefix6_contains(&conf.coa_prefix, &coa));
	assert_int_equal(p.mh.ba.seq, u.mh.bu.seq);
	assert_int_equal(p.mh.ba.lifetime_s, 400);
	assert_int_equal(p.mh.opt.rc.acoa.lifetime_s, 400);
	assert_int_equal(p.mh.opt.rc.acoa.n_prefix, 1);
	assert_true(prefix6_eq(&p.mh.opt.rc.acoa.prefix[0], &conf.access_prefix[0]));
	assert_true(sa_verify(&rig.key[0], &crypto_openssl, &u.src, &u.hoa, &p));
	assert_true(p.mh.opt.has_mesg_id && p.mh.opt.mesg_id == u.stamp);
	assert_int_equal(rig_effect(&rig, FX_SEND, 0)->send.ifindex, 0);
	assert_int_equal(rig_effect(&rig, FX_STORE_PUT, 0)->store.table, STORE_BINDING_MMA);
}

static void the_datapath_learns_both_directions(void **state)
{
	(void)state;
	struct update u = update(HOA);
	u.mh.opt.rc.reg.prev_mma = rig_addr("2001:db8:3::1");
	mono_t from = rig.now.mono;
	say(&u);
	struct mh_packet p = answer(0);
	struct addr6 coa = assigned(&p), service = rig_addr(SERVICE), ha = rig_addr(HA), group = rig_addr(GROUP);
	const struct dp_coa *c = &rig_dp(&rig, FX_DP_PUT, DP_COA, 0)->coa;
	assert_true(addr6_eq(&c->coa, &coa) && addr6_eq(&c->home_address, &u.hoa) && addr6_eq(&c->group, &group));
	assert_true(addr6_eq(&c->source, &service) && addr6_eq(&c->ha, &ha));
	assert_true(addr6_eq(&c->prev, &u.mh.opt.rc.reg.prev_mma));
	assert_int_equal(c->prev_until.ns - from.ns, 60 * NS_PER_S);
	assert_int_equal(c->expires.ns - from.ns, 400 * NS_PER_S);
	uint32_t key = sa_uplink_key(&rig.key[0], &crypto_openssl, &u.hoa, u.stamp);
	for (uint32_t i = 0; i < 2; i++) { /* the home address and the assigned one as inner source */
		const struct dp_uplink_in *in = &rig_dp(&rig, FX_DP_PUT, DP_UPLINK_IN, i)->uplink_in;
		assert_true(addr6_eq(&in->inner_src, i ? &coa : &u.hoa));
		assert_true(addr6_eq(&in->coa, &coa) && addr6_eq(&in->ha, &ha));
		assert_int_equal(in->gre_key, key);
		assert_int_equal(in->gre_key_prev, key);
		assert_true(addr6_is_any(&in->bound));
	}
}

static void a_refresh_keeps_the_address_and_the_old_key_for_a_while(void **state)
{
	(void)state;
	struct addr6 coa = register_mobile(HOA);
	uint32_t key1, key2;
	rig_run(&rig, span_s(100));
	struct update u = update(HOA);
	say(&u);
	struct mh_packet p = answer(0);
	struct addr6 again = assigned(&p);
	assert_true(addr6_eq(&again, &coa));
	const struct dp_uplink_in *in = &rig_dp(&rig, FX_DP_PUT, DP_UPLINK_IN, 0)->uplink_in;
	key1 = in->gre_key;
	uint32_t first = in->gre_key_prev;
	assert_int_not_equal(key1, first);
	rig_clear(&rig);
	rig_run(&rig, span_ms(1000)); /* sent again, its acknowledgement lost: the mobile still uses the first key */
	u = update(HOA);
	say(&u);
	in = &rig_dp(&rig, FX_DP_PUT, DP_UPLINK_IN, 0)->uplink_in;
	key2 = in->gre_key;
	assert_int_not_equal(key2, key1);
	assert_int_equal(in->gre_key_prev, first);
	assert_int_equal(mma()->n_active, 1);
}

static void the_uplink_can_be_bound_to_an_address(void **state)
{
	(void)state;
	struct update u = update(HOA);
	u.mh.opt.rc.reg.flags = RC_REG_UPLINK_BOUND;
	say(&u);
	assert_true(addr6_eq(&rig_dp(&rig, FX_DP_PUT, DP_UPLINK_IN, 1)->uplink_in.bound, &u.src));
}

static void lifetime_is_limited(void **state)
{
	(void)state;
	struct update u = update(HOA);
	u.mh.bu.lifetime_s = 100000;
	say(&u);
	assert_int_equal(answer(0).mh.ba.lifetime_s, 600);
}

static void mobiles_have_addresses_of_their_own(void **state)
{
	(void)state;
	struct addr6 a = register_mobile(HOA), b = register_mobile(HOA2); /* the second by its prefix's key */
	assert_false(addr6_eq(&a, &b));
	assert_int_equal(mma()->n_active, 2);
}

static void a_mobile_may_change_its_group(void **state)
{
	(void)state;
	struct addr6 coa = register_mobile(HOA);
	struct update u = update(HOA);
	u.mh.opt.rc.mcoa.group = rig_addr("ff35::77");
	say(&u);
	struct mh_packet p = answer(0);
	struct addr6 same = assigned(&p);
	assert_true(addr6_eq(&same, &coa));
	u = update(HOA2);
	u.mh.opt.rc.mcoa.group = rig_addr(GROUP); /* free again */
	rig_clear(&rig);
	say(&u);
	assert_int_equal(answer(0).mh.ba.status, BA_ACCEPTED);
}

/* --- ends ----------------------------------------------------------------------------------------------------- */

static void deregister(bool from_home)
{
	struct update u = update(HOA);
	u.mh.bu.lifetime_s = 0;
	u.mh.opt.rc.has_mcoa = u.mh.opt.rc.has_reg = false;
	if (from_home) {
		u.has_hao = false;
		u.src = u.hoa;
	}
	rig_clear(&rig);
	say(&u);
	struct mh_packet p = answer(0);
	assert_int_equal(p.mh.ba.status, BA_ACCEPTED);
	assert_int_equal(p.mh.ba.lifetime_s, 0);
	assert_int_equal(p.has_rh2, !from_home);
}

static void a_released_address_rests(void **state)
{
	(void)state;
	conf.coa_prefix = rig_prefix("2001:db8:2:ff::/126");
	start();
	struct addr6 coa = register_mobile(HOA);
	deregister(false);
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_COA, 0));
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_UPLINK_IN, 1));
	assert_int_equal(mma()->n_active, 0);
	deregister(true); /* again, the answer was lost: acknowledged again */
	register_mobile(HOA2);
	struct update u = update("2001:db8:1::300");
	u.mh.opt.rc.mcoa.group = rig_addr("ff35::300");
	say(&u);
	u = update("2001:db8:1::400"); /* two in use, one rests: nobody else gets it */
	u.mh.opt.rc.mcoa.group = rig_addr("ff35::400");
	expect_refusal(&u, R_MMA_POOL_EMPTY, BA_NO_RESOURCES);
	struct addr6 again = register_mobile(HOA); /* but it does itself */
	assert_true(addr6_eq(&again, &coa));
	deregister(false);
	rig_run(&rig, span_s(601));
	assert_int_equal(rig_count(&rig, FX_STORE_DEL), 1);
	rig_run(&rig, span_s(400)); /* the others' lifetime, and their rest */
	assert_int_equal(rig_count(&rig, FX_STORE_DEL), 3);
}

static void deregistration_without_a_binding_is_refused(void **state)
{
	(void)state;
	struct update u = update(HOA);
	u.mh.bu.lifetime_s = 0;
	expect_refusal(&u, R_BU_NO_BINDING, BA_NOT_HOME_AGENT);
}

static void lifetime_ends_a_binding(void **state)
{
	(void)state;
	register_mobile(HOA);
	rig_run(&rig, span_s(399));
	assert_int_equal(mma()->n_active, 1);
	rig_run(&rig, span_s(1));
	assert_int_equal(mma()->n_active, 0);
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_COA, 0));
	struct update u = update(HOA2);
	u.mh.opt.rc.mcoa.group = rig_addr(GROUP); /* the group is free at once */
	say(&u);
	assert_int_equal(mma()->n_active, 1);
}

static void the_operator_can_drop_a_binding(void **state)
{
	(void)state;
	const char *msg = NULL;
	const struct ctl_cmd drop = {2, (const char *const[]){"drop", HOA}}, other = {1, (const char *const[]){"handover"}};
	assert_int_equal(mma_role.ctl(rig.self, &drop, rig.now, &msg), ERR_NOTFOUND);
	register_mobile(HOA);
	assert_int_equal(mma_role.ctl(rig.self, &other, rig.now, &msg), ERR_NOTFOUND);
	assert_int_equal(mma_role.ctl(rig.self, &drop, rig.now, &msg), ERR_OK);
	assert_int_equal(mma()->n_active, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define T_IDLE(f) cmocka_unit_test_setup_teardown(f, setup_idle, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_registration_is_acknowledged_with_a_care_of_address), T(the_datapath_learns_both_directions),
		T(a_refresh_keeps_the_address_and_the_old_key_for_a_while), T(the_uplink_can_be_bound_to_an_address), T(lifetime_is_limited),
		T(mobiles_have_addresses_of_their_own), T(a_mobile_may_change_its_group), T_IDLE(a_released_address_rests),
		T(deregistration_without_a_binding_is_refused), T(lifetime_ends_a_binding), T(the_operator_can_drop_a_binding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
