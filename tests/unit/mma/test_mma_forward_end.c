/* SPDX-License-Identifier: BSD-2-Clause */
/* Forwarding for a mobile that left its site: how long it lasts, what ends it and what does not. How it begins is tested in test_mma_forward.c. */
#include "../kit/mma_peer_kit.h"

static void a_time_of_more_than_a_minute_is_cut(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 3000);
	mono_t from = here.now.mono;
	struct mh_packet p = say(&here, &u);
	assert_int_equal(p.mh.opt.rc.forward.time_s, 60);
	assert_int_equal(last_coa(&here)->expires.ns - from.ns, 60 * NS_PER_S);
}

static void a_mobile_that_comes_back_ends_it(void **state)
{
	(void)state;
	struct mh_packet p;
	struct addr6 coa = register_mobile(&here, NULL);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 30);
	say(&here, &u);
	rig_run(&here, span_s(1));
	struct addr6 again = register_mobile(&here, THERE);
	assert_true(addr6_eq(&again, &coa));
	assert_true(addr6_is_any(&last_coa(&here)->forward));
	assert_addr(&last_coa(&here)->prev, THERE);
	assert_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	assert_true(heard_from(&here, PEER_CONFIRM, &p));
	assert_int_equal(bindings_count(&mma(&here)->forwards), 0);
	rig_clear(&here);
	rig_run(&here, span_s(60));
	assert_int_equal(mma(&here)->n_active, 1);
	assert_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
}

/* The address is nobody's else as long as something is sent to it. */
static void the_address_rests_until_the_last_binding_of_it_ends(void **state)
{
	(void)state;
	struct addr6 coa = register_mobile(&here, NULL), hoa = A(HOA);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 60);
	say(&here, &u);
	rig_run(&here, span_s(59)); /* conf.rest is 20 s */
	assert_non_null(table_find(&mma(&here)->by_coa, &coa));
	rig_run(&here, span_s(2));
	assert_null(binding_find(&mma(&here)->bindings, &hoa));
}

/* After the time asked for: correspondent nodes that still hold a binding, and nobody else. */
static void a_correspondent_nodes_binding_outlasts_the_time(void **state)
{
	(void)state;
	struct addr6 hoa = A(HOA);
	register_mobile(&here, NULL);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 10);
	say(&here, &u);
	struct mma_forward *f = mma_forward_find(mma(&here), &hoa);
	f->peers_until = mono_add(here.now.mono, span_s(40)); /* as if one had been exported */
	rig_clear(&here);
	rig_run(&here, span_s(11));
	assert_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	const struct dp_coa *c = last_coa(&here);
	assert_true(addr6_is_any(&c->ha) && addr6_is_any(&c->prev));
	assert_addr(&c->forward, THERE_COA);
	assert_int_equal(c->expires.ns, f->peers_until.ns);
	rig_run(&here, span_s(30));
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
}

static void forwarding_is_repeated_until_it_is_acknowledged(void **state)
{
	(void)state;
	struct mh_packet p;
	register_mobile(&here, NULL);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 60);
	say(&here, &u);
	rig_clear(&here);
	rig_run(&here, span_ms(600));
	assert_true(heard_from(&here, PEER_FORWARDING, &p));
	struct agent_says s = agent_says(PEER_FORWARDING_ACK, &p.mh.peer.coa, p.mh.peer.transaction);
	hear(&s);
	rig_run(&here, span_s(50));
	assert_false(heard_from(&here, PEER_FORWARDING, &p));
	assert_int_equal(bindings_count(&mma(&here)->forwards), 1);
}

static void an_acknowledgement_that_says_no_ends_it(void **state)
{
	(void)state;
	struct mh_packet p;
	register_mobile(&here, NULL);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 60);
	say(&here, &u);
	assert_true(heard_from(&here, PEER_FORWARDING, &p));
	struct agent_says s = agent_says(PEER_FORWARDING_ACK, &p.mh.peer.coa, p.mh.peer.transaction);
	s.msg.status = PEER_NOT_HERE;
	hear(&s);
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	assert_int_equal(bindings_count(&mma(&here)->forwards), 0);
}

static void forwarding_survives_a_restart(void **state)
{
	(void)state;
	uint8_t rec[1024];
	struct addr6 coa = register_mobile(&here, NULL);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 60);
	say(&here, &u);
	const struct effect *e, *last = NULL;
	for (uint32_t i = 0; (e = rig_effect(&here, FX_STORE_PUT, i)); i++)
		last = e;
	memcpy(rec, effq_bytes(&here.fx, last->store.off), last->store.key_len_oct + last->store.val_len_oct);
	const struct store_rec r = {STORE_BINDING_MMA, rec, rec + last->store.key_len_oct, last->store.key_len_oct, last->store.val_len_oct};
	here.now.wall = wall_add(here.now.wall, span_s(20));
	here.now.mono.ns = 7 * NS_PER_S;
	start(&here, HERE, THERE, "2");
	assert_int_equal(mma_role.restore(here.self, &r, here.now), ERR_OK);
	mma_role.restored(here.self, here.now);
	const struct dp_coa *c = last_coa(&here);
	assert_true(addr6_eq(&c->coa, &coa));
	assert_addr(&c->forward, THERE_COA);
	assert_in_range((c->forward_until.ns - here.now.mono.ns) / NS_PER_MS, 39900, 40000);
	rig_clear(&here);
	rig_run(&here, span_s(41));
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	struct store_rec cut = r;
	cut.val_len_oct -= 3;
	assert_int_equal(mma_role.restore(here.self, &cut, here.now), ERR_INVAL);
}

static void stop_takes_forwarding_back(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 60);
	say(&here, &u);
	rig_clear(&here);
	mma_role.stop(here.self, here.now);
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
}

static void the_operator_can_end_it(void **state)
{
	(void)state;
	const char *msg = NULL;
	const struct ctl_cmd drop = {2, (const char *const[]){"drop", HOA}};
	register_mobile(&here, NULL);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 60);
	say(&here, &u);
	assert_int_equal(mma_role.ctl(here.self, &drop, here.now, &msg), ERR_OK);
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	assert_int_equal(mma_role.ctl(here.self, &drop, here.now, &msg), ERR_NOTFOUND);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_time_of_more_than_a_minute_is_cut), T(a_mobile_that_comes_back_ends_it),
		T(the_address_rests_until_the_last_binding_of_it_ends), T(a_correspondent_nodes_binding_outlasts_the_time),
		T(forwarding_is_repeated_until_it_is_acknowledged), T(an_acknowledgement_that_says_no_ends_it), T(forwarding_survives_a_restart),
		T(stop_takes_forwarding_back), T(the_operator_can_end_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
