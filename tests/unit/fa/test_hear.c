/* SPDX-License-Identifier: BSD-2-Clause */
/* Foreign agent: mobiles that the network moves, and when one is a guest. Signal, thresholds and identity (D-5 to D-7), groups (D-9), links. */
#include "../kit/guest_kit.h"

#include "wire/mcast/mcast.h"

#define NAI "nai:anna@example.org"

/* Records of this type in the reports of this family sent since the last look. */
static uint32_t reported(uint8_t type, bool is_v4)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < rig_count(&rig, FX_SEND); i++) {
		struct mcast_packet p;
		size_t len = 0;
		const uint8_t *pkt = rig_sent(&rig, i, &len);
		if (rig_effect(&rig, FX_SEND, i)->send.is_arp || mcast_packet_parse(pkt, len, &p) != W_OK || p.is_v4 != is_v4)
			continue;
		struct rd it = p.recs;
		for (struct mcast_rec rec; mcast_next(&p, &it, &rec);)
			n += rec.type == type;
	}
	return n;
}

/* --- signal ----------------------------------------------------------------------------------------------- */

static void a_strong_station_becomes_a_guest(void **state)
{
	(void)state;
	start();
	hear(-75);
	assert_int_equal(manager.n_asked, 0);
	hear(-60); /* the mean is -67.5 */
	assert_int_equal(manager.n_asked, 1);
	assert_int_equal(manager.last.device.kind, DEVICE_EUI48);
	assert_int_equal(guests(), 1);
	assert_int_equal(manager.n_held, 1);
	assert_int_equal(reported(MLD_ALLOW, false), 1);
	assert_int_equal(reported(MLD_ALLOW, true), 1);

	const struct dp_guest *six = guest_put(0), *four = guest_put(1);
	struct lladdr mobile = rig_lladdr(MOBILE), gate = rig_lladdr(GATE);
	assert_true(addr6_eq(&six->group, &manager.rec.group6) && addr6_eq(&six->source, &manager.rec.source6));
	assert_true(addr6_eq(&four->group, &manager.rec.group4) && addr6_eq(&four->source, &manager.rec.source4));
	assert_true(six->n_home == 2 && six->is_serving && six->ifindex == ACC0 && six->in_if == UP);
	assert_true(lladdr_eq(&six->lladdr, &mobile) && lladdr_eq(&six->from, &gate));
	const struct dp_visit *v6 = &rig_dp(&rig, FX_DP_PUT, DP_VISIT, 0)->visit, *v4 = &rig_dp(&rig, FX_DP_PUT, DP_VISIT, 1)->visit;
	assert_true(addr6_eq(&v6->home_address, &manager.rec.home6) && addr6_eq(&v6->ha, &manager.rec.source6) && v6->up == DP_VISIT_REVERSE);
	assert_true(addr6_eq(&v4->home_address, &manager.rec.home4) && addr6_eq(&v4->coa, &conf.coa[0]) && v4->up == DP_VISIT_REVERSE);
}

/* The end of a reverse tunnel is the source of the group: without one of the family its packets go as they are. That is told. */
static void no_tunnel_of_the_family_is_told(void **state)
{
	(void)state;
	manager.rec.source4 = manager.rec.group4 = addr6_any;
	start();
	hear(-50);
	assert_int_equal(rig_dp(&rig, FX_DP_PUT, DP_VISIT, 0)->visit.up, DP_VISIT_REVERSE);
	assert_int_equal(rig_dp(&rig, FX_DP_PUT, DP_VISIT, 1)->visit.up, DP_VISIT_ROUTE);
	uint32_t n = 0;
	for (uint32_t i = 0; i < rig_count(&rig, FX_EVENT); i++)
		n += strcmp(rig_effect(&rig, FX_EVENT, i)->event.code, "guest-uplink-bare") == 0;
	assert_int_equal(n, 1);
}

/* The entry stands before the report: packets may come right behind it. */
static void the_entry_comes_before_the_report(void **state)
{
	(void)state;
	start();
	hear(-50);
	for (uint32_t i = 0; i < rig.fx.n; i++) {
		assert_int_not_equal(rig.fx.fx[i].kind, FX_SEND);
		if (rig.fx.fx[i].kind == FX_DP_PUT && rig.fx.fx[i].dp.table == DP_GUEST)
			return;
	}
	assert_true(false);
}

static void between_the_thresholds_nothing_changes(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 10; i++) {
		hear(-75);
		rig_run(&rig, span_ms(100));
	}
	assert_int_equal(guests(), 0);
	for (int i = 0; i < 10; i++) {
		hear(-60);
		rig_run(&rig, span_ms(100));
	}
	assert_int_equal(guests(), 1);
	for (int i = 0; i < 10; i++) {
		hear(-75);
		rig_run(&rig, span_ms(100));
	}
	assert_int_equal(guests(), 1);
	rig_clear(&rig);
	hear(-85);
	hear(-85);
	assert_int_equal(guests(), 0);
	assert_int_equal(reported(MLD_BLOCK, false), 1);
	assert_int_equal(reported(MLD_BLOCK, true), 1);
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_GUEST, 1));
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_VISIT, 1));
	assert_int_equal(manager.n_released, 1);
}

static void a_weak_guest_stays_for_the_least_time(void **state)
{
	(void)state;
	start();
	hear(-60);
	rig_run(&rig, span_ms(100));
	hear(-90);
	hear(-90);
	assert_int_equal(guests(), 1);
	rig_run(&rig, span_ms(399));
	assert_int_equal(guests(), 1);
	rig_run(&rig, span_ms(1)); /* without another word from the radio */
	assert_int_equal(guests(), 0);
}

static void silence_and_loss_end_it(void **state)
{
	(void)state;
	start();
	hear(-60);
	rig_run(&rig, span_ms(1999));
	assert_int_equal(guests(), 1);
	rig_run(&rig, span_ms(1));
	assert_int_equal(guests(), 0);
	assert_int_equal(table_count(&((struct fa *)rig.self)->stations), 0);
	hear(-60);
	assert_int_equal(guests(), 1);
	lose(); /* at once, the least time or not */
	assert_int_equal(guests(), 0);
}

static void an_attached_station_is_near(void **state)
{
	(void)state;
	start();
	hear_attached(-89, true);
	assert_int_equal(guests(), 1);
	rig_run(&rig, span_s(1));
	hear_attached(-95, true);
	hear_attached(-95, true);
	assert_int_equal(guests(), 1);
	hear_attached(-95, false);
	assert_int_equal(guests(), 0);
}

static void stations_are_bounded(void **state)
{
	(void)state;
	start();
	manager.result = MMC_UNKNOWN;
	for (int i = 0; i < 10; i++) {
		char text[LLADDR_STRLEN];
		snprintf(text, sizeof text, "02:00:00:00:02:%02x", i);
		hear_on(ACC0, text, -60, false, "");
	}
	assert_int_equal(table_count(&((struct fa *)rig.self)->stations), 3);
	assert_int_equal(rig.count.n[R_STATION_FULL], 7);
	hear_on(ACC0, "01:00:5e:00:00:01", -60, false, ""); /* a group is no station */
	assert_int_equal(rig.count.n[R_STATION_FULL], 7);
}

/* --- identity --------------------------------------------------------------------------------------------- */

static void a_link_layer_address_alone_is_not_enough(void **state)
{
	(void)state;
	manager.rec.flags = 0;
	start();
	hear(-60);
	assert_int_equal(guests(), 0);
	assert_int_equal(rig.count.n[R_STATION_UNPROVEN], 1);
	hear_on(ACC0, MOBILE, -60, false, NAI);
	assert_int_equal(manager.last.device.kind, DEVICE_NAI);
	assert_int_equal(guests(), 1);
	hear(-60); /* a radio that tells no identity has not forgotten it */
	assert_int_equal(guests(), 1);
	hear_on(ACC0, MOBILE, -60, false, "nai:bert@example.org"); /* another one has this address now */
	assert_int_equal(manager.n_asked, 3);
	hear_on(ACC0, MOBILE, -60, false, "nai:");
	assert_int_equal(rig.count.n[R_STATION_IDENTITY], 1);
}

static void the_configuration_may_trust_it(void **state)
{
	(void)state;
	manager.rec.flags = 0;
	conf.guests.trusts_lladdr = true;
	start();
	hear(-60);
	assert_int_equal(guests(), 1);
}

static void a_stranger_is_asked_about_again(void **state)
{
	(void)state;
	manager.result = MMC_UNKNOWN;
	start();
	for (int i = 0; i < 49; i++) {
		hear(-60);
		rig_run(&rig, span_ms(100));
	}
	assert_int_equal(manager.n_asked, 1);
	manager.result = MMC_FOUND;
	for (int i = 0; i < 3; i++) {
		hear(-60);
		rig_run(&rig, span_ms(100));
	}
	assert_int_equal(manager.n_asked, 2);
	assert_int_equal(guests(), 1);
}

static void the_answer_may_take_its_time(void **state)
{
	(void)state;
	manager.result = MMC_WAIT;
	start();
	hear(-60);
	assert_int_equal(guests(), 0);
	manager.ops.answer(manager.ops.ctx, &manager.last, MMC_FOUND, &manager.rec, rig.now);
	assert_int_equal(guests(), 1);

	hear_on(ACC1, OTHER, -60, false, "");
	hear_on(ACC1, OTHER, -90, false, ""); /* gone before the answer came */
	hear_on(ACC1, OTHER, -90, false, "");
	manager.rec.group6 = rig_addr("ff38::1:8");
	manager.ops.answer(manager.ops.ctx, &manager.last, MMC_FOUND, &manager.rec, rig.now);
	assert_int_equal(guests(), 1);
}

static void a_changed_record_counts_at_once(void **state)
{
	(void)state;
	start();
	hear(-60);
	struct addr6 was = manager.rec.group6;
	manager.rec.group6 = rig_addr("ff38::1:9");
	rig_clear(&rig);
	manager.ops.changed(manager.ops.ctx, &manager.last, &manager.rec, rig.now);
	assert_int_equal(guests(), 1);
	assert_true(addr6_eq(&rig_dp(&rig, FX_DP_DEL, DP_GUEST, 0)->guest.group, &was));
	assert_true(addr6_eq(&guest_put(0)->group, &manager.rec.group6));
	manager.ops.changed(manager.ops.ctx, &manager.last, NULL, rig.now);
	assert_int_equal(guests(), 0);
}

/* --- links ------------------------------------------------------------------------------------------------ */

static void a_mobile_heard_on_two_links_is_one_guest(void **state)
{
	(void)state;
	start();
	hear(-60);
	rig_clear(&rig);
	hear_on(ACC1, OTHER, -60, false, "");
	assert_int_equal(guests(), 1);
	assert_int_equal(guest_put(0)->ifindex, ACC1);
	assert_int_equal(reported(MLD_ALLOW, false), 0);
	rig_clear(&rig);
	const struct station_event gone = {.ifindex = ACC1, .station = rig_lladdr(OTHER), .is_gone = true};
	rig.ops->station(rig.self, &gone, rig.now);
	assert_int_equal(guests(), 1);
	assert_int_equal(guest_put(0)->ifindex, ACC0);
	lose();
	assert_int_equal(guests(), 0);
}

static void entries_are_put_again_before_they_end(void **state)
{
	(void)state;
	start();
	hear(-60);
	mono_t ends = guest_put(0)->expires;
	rig_clear(&rig);
	for (int i = 0; i < 25; i++) {
		hear(-60);
		rig_run(&rig, span_s(1));
	}
	assert_true(mono_before(ends, guest_put(0)->expires));
	assert_true(mono_before(rig.now.mono, ends));
}

static void links_that_go_take_their_guests_along(void **state)
{
	(void)state;
	start();
	hear(-60);
	rig_link(&rig, ACC0, "acc0", "02:00:00:00:00:03", false);
	assert_int_equal(guests(), 0);
	rig_link(&rig, ACC0, "acc0", "02:00:00:00:00:03", true);
	hear(-60);
	rig_clear(&rig);
	rig.ops->stop(rig.self, rig.now);
	assert_int_equal(guests(), 0);
	assert_int_equal(reported(MLD_BLOCK, false), 1);
}

static void another_upstream_link_is_told(void **state)
{
	(void)state;
	start();
	hear(-60);
	rig_clear(&rig);
	rig_link(&rig, UP, "up0", "02:00:00:00:00:02", false);
	rig_link(&rig, UP + 7, "up0", "02:00:00:00:00:02", true);
	assert_int_equal(reported(MLD_ALLOW, false), 1);
	assert_int_equal(guest_put(rig_count(&rig, FX_DP_PUT) ? 2 : 0)->in_if, UP + 7);
}

/* --- configuration ---------------------------------------------------------------------------------------- */

static void mistakes_are_named(void **state)
{
	(void)state;
	assert_null(fa_conf_check(&conf));
	conf.guests.leave_dbm = 70;
	assert_non_null(strstr(fa_conf_check(&conf), "signal-leave"));
	conf.guests.leave_dbm = 80;
	conf.guests.mmc.n_manager = 0;
	assert_non_null(strstr(fa_conf_check(&conf), "manager"));
	conf.guests.mmc.n_manager = 1;
	conf.n_coa = 0; /* guests alone need none */
	assert_null(fa_conf_check(&conf));
	conf.guests.is_on = false;
	assert_non_null(strstr(fa_conf_check(&conf), "address-v4"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_strong_station_becomes_a_guest),
		TEST(no_tunnel_of_the_family_is_told),
		TEST(the_entry_comes_before_the_report),
		TEST(between_the_thresholds_nothing_changes),
		TEST(a_weak_guest_stays_for_the_least_time),
		TEST(silence_and_loss_end_it),
		TEST(an_attached_station_is_near),
		TEST(stations_are_bounded),
		TEST(a_link_layer_address_alone_is_not_enough),
		TEST(the_configuration_may_trust_it),
		TEST(a_stranger_is_asked_about_again),
		TEST(the_answer_may_take_its_time),
		TEST(a_changed_record_counts_at_once),
		TEST(a_mobile_heard_on_two_links_is_one_guest),
		TEST(entries_are_put_again_before_they_end),
		TEST(links_that_go_take_their_guests_along),
		TEST(another_upstream_link_is_told),
		TEST(mistakes_are_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
