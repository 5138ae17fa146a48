/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the initiator of route optimisation (H-15, H-16, H-17): lists of bindings from agent to agent, records over a restart, and
 * how many there may be. */
#include "../kit/ro_kit.h"

/* --- lists ----------------------------------------------------------------------------------------------------------------------- */

static void a_list_goes_on_from_its_numbers(void **state)
{
	(void)state;
	struct ro_peer list[RO_PEERS_MAX];
	bind();
	run(span_s(100));
	assert_int_equal(ro_export(&ro, &hoa, list, RO_PEERS_MAX, rig.now), 1);
	assert_true(addr6_eq(&list[0].cn, &cn));
	assert_int_equal(list[0].seq, peer.seq);
	assert_in_range(list[0].left_s, 319, 321);
	ro_drop(&ro, &hoa, false, rig.now);
	rig_clear(&rig);

	path.coa = rig_addr(COA2); /* another agent */
	ro_move(&ro, &hoa, &path, rig.now);
	ro_import(&ro, &hoa, list, 1, rig.now);
	answer_hoti();
	answer_coti();
	assert_int_equal(sent(MH_BU).mh.bu.seq, (uint16_t)(peer.seq + 1));
	answer_bu();
	assert_int_equal(route(), 2);
	ro_import(&ro, &hoa, list, 1, rig.now); /* the same list once more */
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

static void a_list_that_comes_during_the_tests_gives_the_number(void **state)
{
	(void)state;
	struct ro_peer list[1] = {{cn, 500, 300}};
	want();
	ro_import(&ro, &hoa, list, 1, rig.now);
	assert_int_equal(rig_count(&rig, FX_SEND), 2);
	answer_hoti();
	answer_coti();
	assert_int_equal(sent(MH_BU).mh.bu.seq, 501);
	list[0].seq = 7;
	ro_import(&ro, &hoa, list, 1, rig.now);
	rig_clear(&rig);
	run(span_s(1));
	assert_int_equal(sent(MH_BU).mh.bu.seq, 502);
}

/* A packet by the old agent was quicker than its list. */
static void a_late_list_does_not_end_a_binding_twice(void **state)
{
	(void)state;
	struct ro_peer list[1] = {{cn, 5, 300}};
	at_home();
	ro_home(&ro, &hoa, &cn, rig.now);
	answer_hoti();
	answer_bu();
	ro_import(&ro, &hoa, list, 1, rig.now);
	rig_clear(&rig);
	run(span_s(10));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	assert_int_equal(table_count(&ro.entries), 0);
}

static void a_list_that_does_not_answer_stays_a_list(void **state)
{
	(void)state;
	struct ro_peer list[1] = {{cn, 5, 300}}, out[2];
	ro_import(&ro, &hoa, list, 1, rig.now);
	run(span_s(20));
	assert_int_equal(ro_export(&ro, &hoa, out, 2, rig.now), 1);
	assert_int_equal(out[0].seq, 5);
	rig_clear(&rig);
	run(span_s(60));
	assert_int_equal(n_sent(MH_HOTI) > 0, true); /* asked again by itself */
	run(span_s(300));
	assert_int_equal(ro_export(&ro, &hoa, out, 2, rig.now), 0);
}

static void a_long_list_takes_its_turn(void **state)
{
	(void)state;
	struct ro_conf c = ro_conf_default;
	struct ro_peer list[20];
	c.starts = 5;
	ro_reconf(&ro, &c);
	for (uint32_t i = 0; i < 20; i++) {
		list[i] = (struct ro_peer){cn, (uint16_t)i, 300};
		list[i].cn.b[15] = (uint8_t)(0x20 + i);
	}
	ro_import(&ro, &hoa, list, 20, rig.now);
	assert_int_equal(n_sent(MH_COTI), 5);
	run(span_ms(900));
	assert_in_range(n_sent(MH_COTI), 8, 10);
	assert_int_equal(table_count(&ro.entries), 20);
}

/* --- restarts -------------------------------------------------------------------------------------------------------------------- */

/* The records in the queue of effects, given to an initiator that knows nothing. */
static void restart_with(const struct ro_path *p, span_t later)
{
	struct { uint8_t key[32], val[64]; size_t val_len; } rec[4];
	uint32_t n = 0;
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(&rig, FX_STORE_PUT, i)); i++, n++) {
		assert_true(n < 4 && e->store.table == STORE_RO_MMA && e->store.key_len_oct == 32);
		memcpy(rec[n].key, effq_bytes(&rig.fx, e->store.off), 32);
		rec[n].val_len = e->store.val_len_oct;
		memcpy(rec[n].val, effq_bytes(&rig.fx, e->store.off + 32), rec[n].val_len);
	}
	ro_fini(&ro);
	rig_clear(&rig);
	rig.now.mono = mono_add(rig.now.mono, later);
	rig.now.wall = wall_add(rig.now.wall, later);
	ro_init(&ro, &rig.env, ROLE_MMA, NULL, NULL);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(ro_restore(&ro, &(struct store_rec){STORE_RO_MMA, rec[i].key, rec[i].val, 32, rec[i].val_len}, rig.now), ERR_OK);
	if (p)
		ro_move(&ro, &hoa, p, rig.now);
	ro_restored(&ro, true, rig.now);
}

static void a_restart_goes_on_with_what_was_bound(void **state)
{
	(void)state;
	struct ro_peer list[4];
	test_both();
	answer_bu();
	struct ro_path here = {.coa = coa, .ha = ha, .until = mono_add(rig.now.mono, span_s(3600))};
	restart_with(&here, span_s(120));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	assert_int_equal(route(), 2);
	assert_true(addr6_eq(&entry()->coa, &coa));
	assert_in_range(mono_sub(entry()->expires, rig.now.mono).ns, span_s(299).ns, span_s(300).ns);
	assert_int_equal(ro_export(&ro, &hoa, list, 4, rig.now), 1);
	assert_int_equal(list[0].seq, peer.seq);
	rig_clear(&rig);
	ro_move(&ro, &hoa, &path, rig.now); /* the home agent's packets say that it is registered */
	while (!rig_count(&rig, FX_SEND))
		run(span_s(1));
	answer_hoti();
	answer_coti();
	assert_int_equal(sent(MH_BU).mh.bu.seq, (uint16_t)(peer.seq + 1));
	answer_bu();
	assert_int_equal(route(), 2);
}

static void a_restart_without_the_mobile_leaves_nothing(void **state)
{
	(void)state;
	test_both();
	answer_bu();
	restart_with(NULL, span_s(1));
	assert_int_equal(route(), 0);
	assert_int_equal(rig_count(&rig, FX_STORE_DEL), 1);
	assert_int_equal(table_count(&ro.entries), 0);
}

static void a_restart_elsewhere_tells_who_was_bound(void **state)
{
	(void)state;
	test_both();
	answer_bu();
	path.coa = rig_addr(COA2);
	restart_with(&path, span_s(1));
	assert_int_equal(route(), 1);
	assert_int_equal(n_sent(MH_HOTI), 1);
	assert_int_equal(n_sent(MH_COTI), 1);
}

static void records_end_with_their_bindings(void **state)
{
	(void)state;
	bind();
	at_home(); /* the home token is fresh */
	answer_bu();
	assert_int_equal(rig_count(&rig, FX_STORE_DEL), 1);
}

static void damaged_records_are_refused(void **state)
{
	(void)state;
	uint8_t key[32], val[64];
	for (int i = 0; i < 2000; i++) {
		rig.rng.fill(rig.rng.ctx, key, sizeof key);
		rig.rng.fill(rig.rng.ctx, val, sizeof val);
		val[0] = i & 1;
		struct store_rec r = {STORE_RO_MMA, key, val, (size_t)(i % 33), (size_t)(i % 65)};
		int err = ro_restore(&ro, &r, rig.now);
		assert_true(err != ERR_OK || (r.key_len_oct == 32 && r.val_len_oct >= 51 && val[0] == 1));
	}
	assert_int_equal(ro_restore(&ro, &(struct store_rec){STORE_MN, key, val, 32, 64}, rig.now), ERR_NOTFOUND);
	ro_restored(&ro, true, rig.now);
	assert_int_equal(table_count(&ro.entries), 0);
}

/* --- limits ------------------------------------------------------------------------------------------------------------------------ */

static void limits_hold(void **state)
{
	(void)state;
	struct ro_conf c = ro_conf_default;
	struct addr6 a = cn;
	c.per_mobile = 4;
	c.starts = 1000;
	ro_reconf(&ro, &c);
	for (uint8_t i = 0; i < 10; i++) {
		a.b[15] = (uint8_t)(0x20 + i);
		ro_want(&ro, &hoa, &a, rig.now);
	}
	assert_int_equal(table_count(&ro.entries), 4);
	assert_int_equal(count(R_RO_LIMIT), 6);
	run(span_s(16)); /* they fail, and make room */
	a.b[15] = 0x50;
	ro_want(&ro, &hoa, &a, rig.now);
	assert_int_equal(table_count(&ro.entries), 4);
	assert_int_equal(count(R_RO_LIMIT), 6);
	c.entries = 4;
	ro_reconf(&ro, &c);
	struct addr6 second = rig_addr("2001:db8:1::200");
	struct ro_path p2 = path;
	p2.coa = rig_addr("2001:db8:2:ff::8");
	ro_move(&ro, &second, &p2, rig.now);
	ro_want(&ro, &second, &a, rig.now);
	assert_int_equal(count(R_RO_LIMIT), 7);
}

static void too_many_starts_a_second_leave_nothing_behind(void **state)
{
	(void)state;
	struct ro_conf c = ro_conf_default;
	struct addr6 a = cn;
	c.starts = 3;
	ro_reconf(&ro, &c);
	for (uint8_t i = 0; i < 10; i++) {
		a.b[15] = (uint8_t)(0x20 + i);
		ro_want(&ro, &hoa, &a, rig.now);
	}
	assert_int_equal(table_count(&ro.entries), 3);
	assert_int_equal(rig_count(&rig, FX_SEND), 6);
}

static void nonsense_is_not_begun_with(void **state)
{
	(void)state;
	static const char *const no[] = {HOA, HA, COA, "fe80::1", "ff02::1", "::", "::1"};
	for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
		struct addr6 a = rig_addr(no[i]);
		ro_want(&ro, &hoa, &a, rig.now);
	}
	struct addr6 unknown = rig_addr("2001:db8:1::999");
	ro_want(&ro, &unknown, &cn, rig.now);
	assert_int_equal(rig.fx.n, 0);
}

static void an_idle_binding_makes_room(void **state)
{
	(void)state;
	struct ro_conf c = ro_conf_default;
	struct addr6 a = rig_addr("2001:db8:9::20");
	c.per_mobile = 1;
	ro_reconf(&ro, &c);
	bind();
	ro_want(&ro, &hoa, &a, rig.now);
	assert_int_equal(n_sent(MH_COTI), 0);
	is_used = false;
	ro_want(&ro, &hoa, &a, rig.now);
	assert_int_equal(n_sent(MH_COTI), 1);
	assert_int_equal(sent(MH_BU).mh.bu.lifetime_s, 0);
}

static void without_memory_nothing_is_begun(void **state)
{
	(void)state;
	struct addr6 second = rig_addr("2001:db8:1::200");
	for (int i = 0; i < 6; i++) {
		rig.fail_in = i;
		(void)ro_move(&ro, &second, &path, rig.now);
		rig.fail_in = i;
		ro_want(&ro, &hoa, &cn, rig.now);
		rig.fail_in = -1;
		ro_drop(&ro, &second, false, rig.now);
		ro_drop(&ro, &hoa, false, rig.now);
		ro_move(&ro, &hoa, &path, rig.now);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_list_goes_on_from_its_numbers),
		T(a_list_that_comes_during_the_tests_gives_the_number),
		T(a_late_list_does_not_end_a_binding_twice),
		T(a_list_that_does_not_answer_stays_a_list),
		T(a_long_list_takes_its_turn),
		T(a_restart_goes_on_with_what_was_bound),
		T(a_restart_without_the_mobile_leaves_nothing),
		T(a_restart_elsewhere_tells_who_was_bound),
		T(records_end_with_their_bindings),
		T(damaged_records_are_refused),
		T(limits_hold),
		T(too_many_starts_a_second_leave_nothing_behind),
		T(nonsense_is_not_begun_with),
		T(an_idle_binding_makes_room),
		T(without_memory_nothing_is_begun),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
