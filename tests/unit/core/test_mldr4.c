/* SPDX-License-Identifier: BSD-2-Clause */
/* The router's side of IGMP: what RFC 3376 and IPv4 have of their own, and both families on one link (what they have in common is in
 * test_mldr.c). Serves H-7 with H-1, H-11, H-23. */
#include "../kit/mldr_kit.h"

#define NAMELESS "0.0.0.0", MAC_A
#define G6 v6.group[0]
#define MMA6 v6.source

static void say6(uint32_t ifindex, const char *addr, const char *lladdr, enum mld_rec_type type) { say(ifindex, addr, lladdr, type, G6, MMA6); }

/* RFC 3376 4.2.13: reports from 0.0.0.0 count. */
static void a_station_without_an_address_is_tracked(void **state)
{
	(void)state;
	say(IF1, NAMELESS, MLD_ALLOW, G1, MMA);
	assert_string_equal(t.log, "+11 ");
	say(IF1, "0.0.0.0", MAC_B, MLD_BLOCK, G1, MMA); /* another one without */
	assert_int_equal(t.rig.count.n[R_MLD_NOT_TRACKED], 1);
	say(IF1, NAMELESS, MLD_BLOCK, G1, MMA);
	assert_string_equal(t.log, "+11 -11 ");
}

static void a_station_that_gets_its_address_stays_the_same(void **state)
{
	(void)state;
	say(IF1, NAMELESS, MLD_ALLOW, G1, MMA);
	say(IF1, STATION_A, MLD_IS_IN, G1, MMA);
	assert_string_equal(t.log, "+11 ");
	assert_int_equal(table_count(&t.m.listeners), 1);
	assert_int_equal(table_count(&t.m.stations), 1);
	say(IF1, STATION_A, MLD_BLOCK, G1, MMA);
	assert_string_equal(t.log, "+11 -11 ");
	say(IF1, NAMELESS, MLD_ALLOW, G1, MMA); /* joins without, leaves with */
	say(IF1, STATION_A, MLD_BLOCK, G1, MMA);
	assert_string_equal(t.log, "+11 -11 +11 -11 ");
	assert_int_equal(t.rig.count.n[R_MLD_NOT_TRACKED], 0);
}

static void a_full_link_keeps_the_nameless_membership(void **state)
{
	(void)state;
	struct mldr_link_conf c = conf();
	c.max_per_link = 1;
	link_up(IF1, OURS, &c);
	say(IF1, NAMELESS, MLD_ALLOW, G1, MMA);
	run(span_s(40));
	say(IF1, STATION_A, MLD_IS_IN, G1, MMA);
	run(span_s(40)); /* refreshed: 62 s from the second report on */
	assert_true(listens(G1));
	say(IF1, STATION_A, MLD_BLOCK, G1, MMA);
	assert_false(listens(G1));
}

/* RFC 4604 2.2; 232/8 is the source-specific range, anything else no business of ours. */
static void any_source_and_other_ranges(void **state)
{
	(void)state;
	uint8_t buf[256];
	struct addr6 src = rig_addr("10.2.1.10"), g = rig_addr(G1), other = rig_addr("239.1.2.3");
	say(IF1, STATION_A, MLD_TO_EX, G1, NULL);
	for (int i = 0; i < 3; i++) {
		static const enum igmp_kind kinds[] = {IGMP1_REPORT, IGMP2_REPORT, IGMP2_LEAVE};
		assert_true(rx(IF1, MAC_A, buf, igmp2_packet_build(buf, sizeof buf, &src, kinds[i], &g)));
		assert_true(rx(IF1, MAC_A, buf, igmp2_packet_build(buf, sizeof buf, &src, kinds[i], &other)));
	}
	assert_int_equal(t.rig.count.n[R_MLD_NOT_SSM], 4);
	say(IF1, STATION_A, MLD_TO_EX, "224.0.0.251", NULL);
	say(IF1, STATION_A, MLD_ALLOW, "239.1.2.3", MMA);
	assert_int_equal(t.rig.count.n[R_MLD_NOT_SSM] + t.rig.count.n[R_MLD_NOT_ADMITTED], 4);
	say(IF1, STATION_A, MLD_ALLOW, G1, "198.51.100.66");
	assert_int_equal(t.rig.count.n[R_MLD_NOT_ADMITTED], 1);
	assert_string_equal(t.log, "");
	assert_int_equal(table_count(&t.m.stations), 0);
}

static void admitted_groups_are_those_of_the_family(void **state)
{
	(void)state;
	struct mldr_link_conf c = conf();
	c.admit[0] = rig_prefix("232.128.0.0/31");
	c.n_admit = 1;
	link_up(IF1, OURS, &c);
	link_up(IF1, v6.ours, &c);
	say(IF1, STATION_A, MLD_ALLOW, G2, MMA);
	assert_int_equal(t.rig.count.n[R_MLD_NOT_ADMITTED], 1);
	say(IF1, STATION_A, MLD_ALLOW, G1, MMA);
	say6(IF1, v6.a, MAC_A, MLD_ALLOW); /* of IPv6 nothing was said */
	assert_string_equal(t.log, "+11 +11 ");
}

static void malformed_is_counted(void **state)
{
	(void)state;
	uint8_t buf[256];
	struct addr6 src = rig_addr("10.2.1.10"), g = rig_addr(G1), s = rig_addr(MMA);
	size_t n = igmp3_state_packet_build(buf, sizeof buf, &src, MLD_ALLOW, &g, &s);
	for (size_t i = 0; i < n; i++) { /* each truncation, and each byte wrong: never a listener, never lost without a count */
		(void)rx(IF1, MAC_A, buf, i);
		buf[i] ^= 0x40;
		(void)rx(IF1, MAC_A, buf, n);
		buf[i] ^= 0x40;
	}
	assert_string_equal(t.log, "");
	assert_true(t.rig.count.n[R_MLD_INVALID] > 0);
	assert_false(rx(IF2, MAC_A, buf, n)); /* no link of ours */
	assert_true(rx(IF1, MAC_A, buf, n));
	assert_string_equal(t.log, "+11 ");
}

static void queries_go_to_all_hosts_and_count_tenths(void **state)
{
	(void)state;
	struct mldr_link_conf c = conf();
	c.response_interval = span_ms(40); /* IGMP cannot say so little */
	link_up(IF2, OURS, &c);
	struct asked p = asked(0);
	assert_string_equal(ADDR46_STR(&p.dst), "224.0.0.1");
	assert_true(p.q.max_response_ms == 100 && p.q.tail.interval_s == 30 && p.q.tail.robustness == 2 && addr6_is_none(&p.q.group));
}

/* One link, two families: each has its querier and its listeners; the link takes both along. */
static void both_families_share_a_link(void **state)
{
	(void)state;
	struct mldr_link_conf c = conf();
	struct addr6 g6 = rig_addr(G6), s6 = rig_addr(MMA6), g4 = rig_addr(G1), s4 = rig_addr(MMA);
	uint32_t oif[MLDR_LINK_MAX];
	c.is_sole = false;
	link_up(IF2, OURS, &c); /* the indices of the two families differ */
	link_up(IF1, v6.ours, &c);
	link_up(IF1, OURS, &c);
	say(IF1, STATION_A, MLD_ALLOW, G1, MMA);
	say6(IF1, v6.a, MAC_A, MLD_ALLOW);
	say(IF2, STATION_B, MLD_ALLOW, G1, MMA);
	assert_string_equal(t.log, "+11 +11 +12 ");
	assert_int_equal(mldr_oifs(&t.m, mldr_find(&t.m, &g6, &s6), oif), 1);
	assert_int_equal(oif[0], IF1);
	assert_int_equal(mldr_oifs(&t.m, mldr_find(&t.m, &g4, &s4), oif), 2);
	hear_query(t.f->strong, t.f->newest); /* of IPv4 alone */
	rig_clear(&t.rig);
	run(span_s(35));
	uint32_t n6 = 0, n4 = 0;
	for (uint32_t i = 0; i < rig_count(&t.rig, FX_SEND); i++) {
		size_t n;
		const struct effect *e = rig_effect(&t.rig, FX_SEND, i);
		if (e->send.ifindex == IF1)
			++*(rig_sent(&t.rig, i, &n)[0] >> 4 == 4 ? &n4 : &n6);
	}
	assert_true(n6 > 0);
	assert_int_equal(n4, 0);
	mldr_link_down(&t.m, IF1, t.rig.now);
	assert_false(mldr_find(&t.m, &g6, &s6));
	assert_int_equal(mldr_oifs(&t.m, mldr_find(&t.m, &g4, &s4), oif), 1);
	assert_int_equal(oif[0], IF2);
}

static void each_family_has_room_for_all_links(void **state)
{
	(void)state;
	struct mldr_link_conf c = conf();
	struct addr6 src = rig_addr(OURS);
	for (uint32_t i = 0; i < MLDR_LINK_MAX; i++) {
		link_up(100 + i, v6.ours, &c);
		if (i)
			link_up(100 + i, OURS, &c);
	}
	assert_int_equal(mldr_link_up(&t.m, 200, &src, &c, t.rig.now), ERR_FULL);
}

static void without_memory_a_new_name_changes_nothing(void **state)
{
	(void)state;
	say(IF1, NAMELESS, MLD_ALLOW, G1, MMA);
	for (int i = 0; i < 12; i++) {
		t.rig.fail_in = i;
		say(IF1, STATION_A, MLD_IS_IN, G1, MMA);
		bool is_done = t.rig.fail_in >= 0;
		t.rig.fail_in = -1;
		assert_true(listens(G1));
		assert_string_equal(t.log, "+11 ");
		assert_int_equal(table_count(&t.m.listeners), 1);
		if (is_done)
			return;
	}
	fail_msg("a report takes more than 12 allocations");
}

/* Against a plain model: stations by link-layer address, which speak with their address or without; both families at once. */
static void random_reports_agree_with_a_model(void **state)
{
	(void)state;
	static struct model m;
	struct mldr_link_conf c = conf();
	c.max_per_station = c.max_per_link = 1000;
	for (uint32_t i = 0; i < LINKS; i++) {
		link_up(IF1 + i, OURS, &c);
		link_up(IF1 + i, v6.ours, &c);
	}
	memset(&m, 0, sizeof m);
	for (int step = 0; step < 20000; step++) {
		uint32_t l = rng_below(&t.rig.rng, LINKS), s = rng_below(&t.rig.rng, STATIONS), g = rng_below(&t.rig.rng, GROUPS);
		char addr[16], mac[24], group[16];
		bool is_join = rng_below(&t.rig.rng, 2), is_nameless = is_join && !m.is_in[l][s][g] && rng_below(&t.rig.rng, 2);
		if (is_nameless)
			snprintf(addr, sizeof addr, "0.0.0.0");
		else
			snprintf(addr, sizeof addr, "%s%u", t.f->station_stem, s);
		snprintf(mac, sizeof mac, "02:00:00:00:01:%02x", s);
		snprintf(group, sizeof group, "%s%u", t.f->group_stem, g + 1);
		say(IF1 + l, addr, mac, is_join ? MLD_ALLOW : MLD_BLOCK, group, MMA);
		say6(IF1 + l, "fe80::77", mac, is_join ? MLD_ALLOW : MLD_BLOCK);
		m.is_in[l][s][g] = is_join;
		t.log[0] = '\0';
		rig_clear(&t.rig);
		assert_as_in(&m, g, group);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MLDR_V4(a_station_without_an_address_is_tracked), MLDR_V4(a_station_that_gets_its_address_stays_the_same),
		MLDR_V4(a_full_link_keeps_the_nameless_membership), MLDR_V4(any_source_and_other_ranges),
		MLDR_V4(admitted_groups_are_those_of_the_family), MLDR_V4(malformed_is_counted), MLDR_V4(queries_go_to_all_hosts_and_count_tenths),
		MLDR_V4(both_families_share_a_link), MLDR_V4(each_family_has_room_for_all_links),
		MLDR_V4(without_memory_a_new_name_changes_nothing), MLDR_V4(random_reports_agree_with_a_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
