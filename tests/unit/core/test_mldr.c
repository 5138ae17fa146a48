/* SPDX-License-Identifier: BSD-2-Clause */
/* The router's side of MLD and IGMP: RFC 3810 6 and 7, RFC 3376 6 as far as source-specific groups need it, and what forged messages can
 * and cannot do; one machine, and each test runs for both families unless it is of MLD alone. Serves H-1, H-7, H-11, H-23. */
#include "../kit/mldr_kit.h"

/* --- memberships ----------------------------------------------------------------------------------------- */

static void first_join_and_last_leave_are_told_at_once(void **state)
{
	(void)state;
	say(IF1, STATION_A, MLD_ALLOW, G1, MMA);
	assert_string_equal(t.log, "+11 ");
	say(IF1, STATION_A, MLD_IS_IN, G1, MMA);
	say(IF1, STATION_B, MLD_ALLOW, G1, MMA);
	say(IF1, STATION_A, MLD_BLOCK, G1, MMA);
	assert_string_equal(t.log, "+11 ");
	say(IF1, STATION_B, MLD_BLOCK, G1, MMA);
	assert_string_equal(t.log, "+11 -11 ");
	assert_false(listens(G1));
	assert_int_equal(rig_count(&t.rig, FX_SEND), 0); /* nobody had to be asked */
}

static void change_to_include_replaces(void **state)
{
	(void)state;
	say(IF1, STATION_A, MLD_TO_IN, G1, MMA);
	say(IF1, STATION_B, MLD_TO_IN, G1, MMA);
	assert_string_equal(t.log, "+11 ");
	say(IF1, STATION_A, MLD_TO_IN, G1, NULL);
	assert_string_equal(t.log, "+11 ");
	say(IF1, STATION_B, MLD_TO_IN, G1, NULL);
	assert_string_equal(t.log, "+11 -11 ");
	assert_int_equal(rig_count(&t.rig, FX_SEND), 0);
}

static void links_are_apart(void **state)
{
	(void)state;
	struct mldr_link_conf c = conf();
	uint32_t oif[MLDR_LINK_MAX];
	link_up(IF2, OURS, &c);
	say(IF1, STATION_A, MLD_ALLOW, G1, MMA);
	say(IF2, STATION_B, MLD_ALLOW, G1, MMA);
	struct addr6 g = rig_addr(G1), s = rig_addr(MMA);
	const struct mldr_channel *ch = mldr_find(&t.m, &g, &s);
	assert_int_equal(mldr_oifs(&t.m, ch, oif), 2);
	say(IF2, STATION_A, MLD_BLOCK, G1, MMA); /* the same station, but there it is a stranger */
	assert_string_equal(t.log, "+11 +12 ");
	mldr_link_down(&t.m, IF1, t.rig.now);
	assert_string_equal(t.log, "+11 +12 -11 ");
	assert_int_equal(mldr_oifs(&t.m, ch, oif), 1);
	assert_int_equal(oif[0], IF2);
}

static void silence_ends_a_membership(void **state)
{
	(void)state;
	say(IF1, STATION_A, MLD_ALLOW, G1, MMA);
	run(span_ms(61999)); /* RFC 3810 9.4, RFC 3376 8.4: 2 x 30 s + 2 s */
	assert_true(listens(G1));
	say(IF1, STATION_A, MLD_IS_IN, G1, MMA);
	run(span_ms(61999));
	assert_true(listens(G1));
	run(span_ms(1));
	assert_string_equal(t.log, "+11 -11 ");
}

/* --- what is not served ----------------------------------------------------------------------------------- */

/* RFC 4604 2.2: exclude mode and MLDv1 mean nothing in the source-specific range. */
static void any_source_is_ignored(void **state)
{
	(void)state;
	uint8_t buf[256];
	struct addr6 src = rig_addr(t.f->a), g = rig_addr(G1);
	say(IF1, STATION_A, MLD_TO_EX, G1, NULL);
	say(IF1, STATION_A, MLD_IS_EX, G1, MMA);
	size_t n = mld1_packet_build(buf, sizeof buf, &src, MLD1_REPORT, &g);
	assert_true(rx(IF1, MAC_A, buf, n));
	n = mld1_packet_build(buf, sizeof buf, &src, MLD1_DONE, &g);
	assert_true(rx(IF1, MAC_A, buf, n));
	assert_int_equal(t.rig.count.n[R_MLD_NOT_SSM], 4);
	assert_string_equal(t.log, "");
}

static void other_sources_and_groups_are_refused(void **state)
{
	(void)state;
	struct mldr_link_conf c = conf();
	c.admit[0] = rig_prefix(t.f->admit);
	c.n_admit = 1;
	link_up(IF1, OURS, &c);
	say(IF1, STATION_A, MLD_ALLOW, G1, t.f->forged_source);
	say(IF1, STATION_A, MLD_ALLOW, t.f->not_admitted, MMA);
	assert_int_equal(t.rig.count.n[R_MLD_NOT_ADMITTED], 2);
	say(IF1, STATION_A, MLD_ALLOW, t.f->any_source, MMA); /* no business of ours */
	say(IF1, STATION_A, MLD_TO_EX, t.f->of_the_link, NULL);
	assert_int_equal(t.rig.count.n[R_MLD_NOT_ADMITTED], 2);
	assert_int_equal(t.rig.count.n[R_MLD_NOT_SSM], 0);
	assert_string_equal(t.log, "");
	assert_int_equal(table_count(&t.m.stations), 0);
}

static void limits_hold(void **state)
{
	(void)state;
	char group[32];
	for (int i = 0; i < 6; i++) {
		snprintf(group, sizeof group, "%s%d", t.f->group_stem, i + 1);
		say(IF1, STATION_A, MLD_ALLOW, group, MMA);
	}
	assert_int_equal(t.rig.count.n[R_MLD_LIMIT], 2); /* 4 a station */
	for (int i = 0; i < 3; i++) {
		snprintf(group, sizeof group, "%s%d", t.f->group_stem, i + 1);
		say(IF1, STATION_B, MLD_ALLOW, group, MMA);
	}
	assert_int_equal(t.rig.count.n[R_MLD_LIMIT], 3); /* 6 on the link */
	assert_int_equal(table_count(&t.m.listeners), 6);
}

static void reports_are_limited_by_station(void **state)
{
	(void)state;
	struct mldr_link_conf c = conf();
	c.report_rate = 10;
	c.report_burst = 5;
	link_up(IF1, OURS, &c);
	for (int i = 0; i < 10; i++)
		say(IF1, STATION_A, i % 2 ? MLD_BLOCK : MLD_ALLOW, G1, MMA);
	assert_int_equal(t.rig.count.n[R_LIMIT_RATE], 5);
	say(IF1, STATION_B, MLD_ALLOW, G2, MMA); /* others do not suffer */
	assert_true(listens(G2));
	run(span_ms(100));
	say(IF1, STATION_A, MLD_BLOCK, G1, MMA);
	assert_int_equal(t.rig.count.n[R_LIMIT_RATE], 5);
	assert_false(listens(G1));
}

static void malformed_is_counted(void **state)
{
	(void)state;
	uint8_t buf[256];
	struct addr6 src = rig_addr(t.f->a), g = rig_addr(G1), s = rig_addr(MMA), global = rig_addr("2001:db8::1");
	size_t n = mld2_state_packet_build(buf, sizeof buf, &src, MLD_ALLOW, &g, &s);
	uint64_t *bad = &t.rig.count.n[R_MLD_INVALID];
	buf[7] = 64; /* came from elsewhere */
	assert_true(rx(IF1, MAC_A, buf, n));
	assert_int_equal(*bad, 1);
	buf[7] = 1;
	buf[n - 1] ^= 1; /* checksum */
	assert_true(rx(IF1, MAC_A, buf, n));
	assert_int_equal(*bad, 2);
	n = mld2_state_packet_build(buf, sizeof buf, &addr6_any, MLD_ALLOW, &g, &s); /* RFC 3810 5.2.13 */
	assert_true(rx(IF1, MAC_A, buf, n));
	n = mld2_state_packet_build(buf, sizeof buf, &global, MLD_ALLOW, &g, &s);
	assert_true(rx(IF1, MAC_A, buf, n));
	assert_int_equal(*bad, 4);
	say(IF1, STATION_A, (enum mld_rec_type)9, G1, MMA);
	assert_int_equal(*bad, 5);
	assert_string_equal(t.log, "");
	assert_false(rx(IF2, MAC_A, buf, n)); /* no link of ours */
}

/* --- strangers ------------------------------------------------------------------------------------------- */

static void a_forged_leave_is_answered_with_a_query(void **state)
{
	(void)state;
	say(IF1, STATION_A, MLD_ALLOW, G1, MMA);
	say(IF1, t.f->a, "02:00:00:00:00:66", MLD_BLOCK, G1, MMA); /* right address, wrong card */
	assert_int_equal(t.rig.count.n[R_MLD_NOT_TRACKED], 1);
	assert_string_equal(t.log, "+11 ");
	assert_int_equal(rig_count(&t.rig, FX_SEND), 1);
	struct asked p = asked(0);
	struct addr6 g = rig_addr(G1), s = rig_addr(MMA), ours = rig_addr(OURS);
	assert_true(addr6_eq(&p.q.group, &g) && addr6_eq(&p.dst, &g) && addr6_eq(&p.src, &ours));
	assert_int_equal(p.q.tail.source.n, 1);
	struct addr6 source = mcast_source(&p.q.tail.source, 0);
	assert_true(addr6_eq(&source, &s));
	assert_int_equal(p.q.max_response_ms, 1000);
	assert_false(p.q.tail.is_suppress);
	say(IF1, STATION_B, MLD_BLOCK, G1, MMA); /* a second one asks nothing new */
	assert_int_equal(rig_count(&t.rig, FX_SEND), 1);
	say(IF1, STATION_A, MLD_IS_IN, G1, MMA);
	run(span_s(7)); /* longer than the questions, shorter than until the next general one */
	assert_string_equal(t.log, "+11 "); /* the real one answered */
	assert_int_equal(rig_count(&t.rig, FX_SEND), 2);
	assert_true(asked(1).q.tail.is_suppress);
}

static void who_does_not_answer_a_query_is_gone(void **state)
{
	(void)state;
	say(IF1, STATION_A, MLD_ALLOW, G1, MMA);
	say(IF1, STATION_B, MLD_BLOCK, G1, MMA);
	run(span_ms(2999));
	assert_string_equal(t.log, "+11 ");
	run(span_ms(1));
	assert_string_equal(t.log, "+11 -11 ");
	run(span_s(20));
	assert_int_equal(rig_count(&t.rig, FX_SEND), 3); /* two questions, one general query */
}

static void repeated_leaves_are_nothing_new(void **state)
{
	(void)state;
	say(IF1, STATION_A, MLD_ALLOW, G1, MMA);
	for (int i = 0; i < 3; i++)
		say(IF1, STATION_A, MLD_BLOCK, G1, MMA);
	assert_int_equal(t.rig.count.n[R_MLD_NOT_TRACKED], 0);
	assert_int_equal(rig_count(&t.rig, FX_SEND), 0);
	assert_string_equal(t.log, "+11 -11 ");
}

/* --- querier ---------------------------------------------------------------------------------------------- */

static void startup_queries_come_quicker(void **state)
{
	(void)state;
	struct mldr_link_conf c = conf();
	link_up(IF2, OURS, &c);
	struct asked p = asked(0);
	struct addr6 all = rig_addr(t.f->all_nodes);
	assert_true(addr6_is_none(&p.q.group) && addr6_eq(&p.dst, &all));
	assert_int_equal(p.q.tail.robustness, 2);
	assert_int_equal(p.q.tail.interval_s, 30);
	assert_int_equal(p.q.max_response_ms, 2000);
	mldr_link_down(&t.m, IF1, t.rig.now);
	rig_clear(&t.rig);
	run(span_ms(7499));
	assert_int_equal(rig_count(&t.rig, FX_SEND), 0);
	run(span_ms(1)); /* RFC 3810 9.6, RFC 3376 8.6: a quarter, robustness times */
	assert_int_equal(rig_count(&t.rig, FX_SEND), 1);
	run(span_ms(29999));
	assert_int_equal(rig_count(&t.rig, FX_SEND), 1);
	run(span_ms(1));
	assert_int_equal(rig_count(&t.rig, FX_SEND), 2);
}

/* RFC 3810 7.6.2, RFC 3376 6.6.2. An older version never wins, nor does 0.0.0.0 (a switch that asks in nobody's name). */
static void the_lower_address_is_querier(void **state)
{
	(void)state;
	struct mldr_link_conf c = conf();
	c.is_sole = false;
	link_up(IF1, OURS, &c);
	for (size_t i = 0; i < 4 && t.f->weak[i].from; i++) {
		hear_query(t.f->weak[i].from, t.f->weak[i].version);
		rig_clear(&t.rig);
		run(span_s(30));
		assert_true(rig_count(&t.rig, FX_SEND) > 0);
	}
	hear_query(t.f->strong, t.f->newest);
	rig_clear(&t.rig);
	say(IF1, STATION_A, MLD_ALLOW, G1, MMA);
	run(span_ms(300999)); /* RFC 3810 9.5, RFC 3376 8.5: its robustness 3 x its interval 100 s + half of 2 s */
	assert_int_equal(rig_count(&t.rig, FX_SEND), 0);
	assert_true(listens(G1)); /* its intervals hold: 3 x 100 s + 2 s */
	run(span_ms(1));
	assert_int_equal(rig_count(&t.rig, FX_SEND), 1);
}

static void a_forged_query_silences_nobody_where_we_are_alone(void **state)
{
	(void)state;
	hear_query(t.f->strong, t.f->newest);
	assert_int_equal(t.rig.count.n[R_MLD_FOREIGN_QUERY], 1);
	run(span_s(60));
	assert_true(rig_count(&t.rig, FX_SEND) >= 2);
}

/* --- bounds ------------------------------------------------------------------------------------------------ */

static void a_32nd_link_is_refused(void **state)
{
	(void)state;
	struct mldr_link_conf c = conf();
	struct addr6 src = rig_addr(OURS);
	for (uint32_t i = 1; i < MLDR_LINK_MAX; i++)
		link_up(100 + i, OURS, &c);
	assert_int_equal(mldr_link_up(&t.m, 200, &src, &c, t.rig.now), ERR_FULL);
	mldr_link_down(&t.m, IF1, t.rig.now);
	assert_int_equal(mldr_link_up(&t.m, 200, &src, &c, t.rig.now), ERR_OK);
}

static void without_memory_a_join_changes_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++) {
		t.rig.fail_in = i;
		say(IF1, STATION_A, MLD_ALLOW, G1, MMA);
		bool is_done = t.rig.fail_in >= 0;
		t.rig.fail_in = -1;
		assert_int_equal(listens(G1), is_done);
		assert_int_equal(table_count(&t.m.stations), is_done);
		if (is_done)
			return;
	}
	fail_msg("a join takes more than 12 allocations");
}

/* Against a plain model. */
static void random_reports_agree_with_a_model(void **state)
{
	(void)state;
	static struct model m;
	struct mldr_link_conf c = conf();
	c.max_per_station = c.max_per_link = 1000;
	for (uint32_t i = 0; i < LINKS; i++)
		link_up(IF1 + i, OURS, &c);
	memset(&m, 0, sizeof m);
	for (int step = 0; step < 20000; step++) {
		uint32_t l = rng_below(&t.rig.rng, LINKS), s = rng_below(&t.rig.rng, STATIONS), g = rng_below(&t.rig.rng, GROUPS);
		char addr[16], mac[24], group[16];
		bool is_join = rng_below(&t.rig.rng, 2);
		snprintf(addr, sizeof addr, "%s%u", t.f->station_stem, s);
		snprintf(mac, sizeof mac, "02:00:00:00:01:%02x", s);
		snprintf(group, sizeof group, "%s%u", t.f->group_stem, g + 1);
		say(IF1 + l, addr, mac, is_join ? MLD_ALLOW : MLD_BLOCK, group, MMA);
		m.is_in[l][s][g] = is_join;
		t.log[0] = '\0';
		rig_clear(&t.rig);
		assert_as_in(&m, g, group);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MLDR_BOTH(first_join_and_last_leave_are_told_at_once), MLDR_BOTH(change_to_include_replaces), MLDR_BOTH(links_are_apart),
		MLDR_BOTH(silence_ends_a_membership), MLDR_V6(any_source_is_ignored), MLDR_BOTH(other_sources_and_groups_are_refused),
		MLDR_BOTH(limits_hold), MLDR_BOTH(reports_are_limited_by_station), MLDR_V6(malformed_is_counted),
		MLDR_BOTH(a_forged_leave_is_answered_with_a_query), MLDR_BOTH(who_does_not_answer_a_query_is_gone),
		MLDR_BOTH(repeated_leaves_are_nothing_new), MLDR_BOTH(startup_queries_come_quicker), MLDR_BOTH(the_lower_address_is_querier),
		MLDR_BOTH(a_forged_query_silences_nobody_where_we_are_alone), MLDR_BOTH(a_32nd_link_is_refused),
		MLDR_BOTH(without_memory_a_join_changes_nothing), MLDR_BOTH(random_reports_agree_with_a_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
