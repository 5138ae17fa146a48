/* SPDX-License-Identifier: BSD-2-Clause */
/* The router's side of MLD: RFC 3810 6 and 7 as far as source-specific groups need it, and what forged
 * messages can and cannot do. Serves H-1, H-11, H-23. */
#include "../kit/rig.h"

#include "base/err.h"
#include "core/listen/mldr.h"
#include "wire/mld/mld.h"

enum { IF1 = 11, IF2 = 12 };
#define STATION_A "fe80::a", "02:00:00:00:00:0a"
#define STATION_B "fe80::b", "02:00:00:00:00:0b"
static const char G1[] = "ff35::1:2:3:4", G2[] = "ff35::5", MMA[] = "2001:db8:2::1";

static struct {
	struct rig rig;
	struct mldr m;
	char log[4096]; /* "+11 -12 ": first listener on 11, last gone on 12 */
} t;

static void on_change(void *ctx, const struct mldr_channel *ch, uint32_t ifindex, bool is_first, struct now now)
{
	size_t n = strlen(t.log);
	(void)ctx;
	(void)ch;
	(void)now;
	if (ifindex) /* 0: told again, when the first answers are in */
		snprintf(t.log + n, sizeof t.log - n, "%c%u ", is_first ? '+' : '-', ifindex);
}

static struct mldr_link_conf conf(void)
{
	return (struct mldr_link_conf){
		.name = "acc", .source = {rig_addr(MMA)}, .n_source = 1, .is_sole = true, .robustness = 2,
		.query_interval = span_s(30), .response_interval = span_s(2), .last_listener_interval = span_s(1),
		.max_per_station = 4, .max_per_link = 6};
}

static void link_up(uint32_t ifindex, const struct mldr_link_conf *c)
{
	struct addr6 src = rig_addr("fe80::5");
	assert_int_equal(mldr_link_up(&t.m, ifindex, &src, c, t.rig.now), ERR_OK);
}

static int setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof t);
	rig_init(&t.rig, 1);
	mldr_init(&t.m, &t.rig.env, ROLE_AR);
	t.m.change = on_change;
	struct mldr_link_conf c = conf();
	link_up(IF1, &c);
	rig_clear(&t.rig);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mldr_fini(&t.m);
	rig_fini(&t.rig);
	return 0;
}

static void run(span_t d)
{
	mono_t end = mono_add(t.rig.now.mono, d);
	for (mono_t next; mono_reached(next = mldr_expiry(&t.m), end);) {
		t.rig.now.mono = mono_max(next, t.rig.now.mono);
		mldr_tick(&t.m, t.rig.now);
	}
	t.rig.now.mono = end;
}

static bool rx(uint32_t ifindex, const char *lladdr, const void *pkt, size_t n)
{
	const struct rx p = {.ifindex = ifindex, .lladdr_src = rig_lladdr(lladdr), .pkt = pkt, .len_oct = n};
	return mldr_rx(&t.m, &p, t.rig.now);
}

static void say(uint32_t ifindex, const char *addr, const char *lladdr, enum mld_rec_type type, const char *group, const char *source)
{
	uint8_t buf[256];
	struct addr6 src = rig_addr(addr), g = rig_addr(group), s = source ? rig_addr(source) : addr6_any;
	struct mld_rec rec = {.type = (uint8_t)type, .group = g, .source = &s, .n_source = source != NULL};
	size_t n = mld2_report_packet_build(buf, sizeof buf, &src, &rec, 1);
	assert_true(n > 0);
	assert_true(rx(ifindex, lladdr, buf, n));
}

static void hear_query(uint32_t ifindex, const char *from)
{
	uint8_t buf[256];
	struct addr6 src = rig_addr(from);
	struct mld_query q = {.version = 2, .max_response_ms = 10000, .robustness = 3, .interval_s = 100};
	size_t n = mld_query_packet_build(buf, sizeof buf, &src, &q);
	assert_true(rx(ifindex, "02:00:00:00:00:99", buf, n));
}

static struct mld_packet sent(uint32_t nth)
{
	struct mld_packet p;
	size_t n;
	const uint8_t *b = rig_sent(&t.rig, nth, &n);
	assert_int_equal(mld_packet_parse(b, n, &p), W_OK);
	return p;
}

static bool listens(const char *group)
{
	struct addr6 g = rig_addr(group), s = rig_addr(MMA);
	return mldr_find(&t.m, &g, &s) != NULL;
}

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
	assert_string_equal(t.log, "+11 ");
	say(IF1, STATION_A, MLD_TO_IN, G1, NULL);
	assert_string_equal(t.log, "+11 -11 ");
}

static void links_are_apart(void **state)
{
	(void)state;
	struct mldr_link_conf c = conf();
	uint32_t oif[MLDR_LINK_MAX];
	link_up(IF2, &c);
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
	run(span_ms(61999)); /* RFC 3810 9.4: 2 x 30 s + 2 s */
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
	struct addr6 src = rig_addr("fe80::a"), g = rig_addr(G1);
	say(IF1, STATION_A, MLD_TO_EX, G1, NULL);
	say(IF1, STATION_A, MLD_IS_EX, G1, MMA);
	size_t n = mld1_packet_build(buf, sizeof buf, &src, MLD1_REPORT, &g);
	assert_true(rx(IF1, "02:00:00:00:00:0a", buf, n));
	n = mld1_packet_build(buf, sizeof buf, &src, MLD1_DONE, &g);
	assert_true(rx(IF1, "02:00:00:00:00:0a", buf, n));
	assert_int_equal(t.rig.count.n[R_MLD_NOT_SSM], 4);
	assert_string_equal(t.log, "");
}

static void other_sources_and_groups_are_refused(void **state)
{
	(void)state;
	struct mldr_link_conf c = conf();
	c.admit[0] = rig_prefix("ff35::/64");
	c.n_admit = 1;
	link_up(IF1, &c);
	say(IF1, STATION_A, MLD_ALLOW, G1, "2001:db8:66::1"); /* forged source */
	say(IF1, STATION_A, MLD_ALLOW, "ff35:0:0:9::1", MMA);
	assert_int_equal(t.rig.count.n[R_MLD_NOT_ADMITTED], 2);
	say(IF1, STATION_A, MLD_ALLOW, "ff05::1", MMA); /* any-source and link scope are no business of ours */
	say(IF1, STATION_A, MLD_TO_EX, "ff02::1:ff00:1", NULL);
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
		snprintf(group, sizeof group, "ff35::%x", i + 1);
		say(IF1, STATION_A, MLD_ALLOW, group, MMA);
	}
	assert_int_equal(t.rig.count.n[R_MLD_LIMIT], 2); /* 4 a station */
	for (int i = 0; i < 3; i++) {
		snprintf(group, sizeof group, "ff35::%x", i + 1);
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
	link_up(IF1, &c);
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
	struct addr6 src = rig_addr("fe80::a"), g = rig_addr(G1), s = rig_addr(MMA), global = rig_addr("2001:db8::1");
	size_t n = mld2_state_packet_build(buf, sizeof buf, &src, MLD_ALLOW, &g, &s);
	uint64_t *bad = &t.rig.count.n[R_MLD_INVALID];
	buf[7] = 64; /* came from elsewhere */
	assert_true(rx(IF1, "02:00:00:00:00:0a", buf, n));
	assert_int_equal(*bad, 1);
	buf[7] = 1;
	buf[n - 1] ^= 1; /* checksum */
	assert_true(rx(IF1, "02:00:00:00:00:0a", buf, n));
	assert_int_equal(*bad, 2);
	n = mld2_state_packet_build(buf, sizeof buf, &addr6_any, MLD_ALLOW, &g, &s); /* RFC 3810 5.2.13 */
	assert_true(rx(IF1, "02:00:00:00:00:0a", buf, n));
	n = mld2_state_packet_build(buf, sizeof buf, &global, MLD_ALLOW, &g, &s);
	assert_true(rx(IF1, "02:00:00:00:00:0a", buf, n));
	assert_int_equal(*bad, 4);
	say(IF1, STATION_A, (enum mld_rec_type)9, G1, MMA);
	assert_int_equal(*bad, 5);
	assert_string_equal(t.log, "");
	assert_false(rx(IF2, "02:00:00:00:00:0a", buf, n)); /* no link of ours */
}

/* --- strangers ------------------------------------------------------------------------------------------- */

static void a_forged_leave_is_answered_with_a_query(void **state)
{
	(void)state;
	say(IF1, STATION_A, MLD_ALLOW, G1, MMA);
	say(IF1, "fe80::a", "02:00:00:00:00:66", MLD_BLOCK, G1, MMA); /* right address, wrong card */
	assert_int_equal(t.rig.count.n[R_MLD_NOT_TRACKED], 1);
	assert_string_equal(t.log, "+11 ");
	assert_int_equal(rig_count(&t.rig, FX_SEND), 1);
	struct mld_packet p = sent(0);
	struct addr6 g = rig_addr(G1), s = rig_addr(MMA);
	assert_int_equal(p.kind, MLD_QUERY);
	assert_true(addr6_eq(&p.query.group, &g) && addr6_eq(&p.dst, &g));
	assert_int_equal(p.query.n_source, 1);
	assert_true(addr6_eq(p.query.source, &s));
	assert_int_equal(p.query.max_response_ms, 1000);
	assert_false(p.query.is_suppress);
	say(IF1, STATION_B, MLD_BLOCK, G1, MMA); /* a second one asks nothing new */
	assert_int_equal(rig_count(&t.rig, FX_SEND), 1);
	say(IF1, STATION_A, MLD_IS_IN, G1, MMA);
	run(span_s(7)); /* longer than the questions, shorter than until the next general one */
	assert_string_equal(t.log, "+11 "); /* the real one answered */
	assert_int_equal(rig_count(&t.rig, FX_SEND), 2);
	assert_true(sent(1).query.is_suppress);
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
	link_up(IF2, &c);
	struct mld_packet p = sent(0);
	assert_int_equal(p.kind, MLD_QUERY);
	assert_true(addr6_is_any(&p.query.group) && addr6_eq(&p.dst, &addr6_allnodes));
	assert_int_equal(p.query.robustness, 2);
	assert_int_equal(p.query.interval_s, 30);
	assert_int_equal(p.query.max_response_ms, 2000);
	mldr_link_down(&t.m, IF1, t.rig.now);
	rig_clear(&t.rig);
	run(span_ms(7499));
	assert_int_equal(rig_count(&t.rig, FX_SEND), 0);
	run(span_ms(1)); /* RFC 3810 9.6: a quarter, robustness times */
	assert_int_equal(rig_count(&t.rig, FX_SEND), 1);
	run(span_ms(29999));
	assert_int_equal(rig_count(&t.rig, FX_SEND), 1);
	run(span_ms(1));
	assert_int_equal(rig_count(&t.rig, FX_SEND), 2);
}

/* RFC 3810 7.6.2 */
static void the_lower_address_is_querier(void **state)
{
	(void)state;
	struct mldr_link_conf c = conf();
	c.is_sole = false;
	link_up(IF1, &c);
	hear_query(IF1, "fe80::9"); /* higher than ours, fe80::5 */
	rig_clear(&t.rig);
	run(span_s(30));
	assert_true(rig_count(&t.rig, FX_SEND) > 0);
	hear_query(IF1, "fe80::1");
	rig_clear(&t.rig);
	say(IF1, STATION_A, MLD_ALLOW, G1, MMA);
	run(span_ms(300999)); /* 9.5: its robustness 3 x its interval 100 s + half of 2 s */
	assert_int_equal(rig_count(&t.rig, FX_SEND), 0);
	assert_true(listens(G1)); /* its intervals hold: 3 x 100 s + 2 s */
	run(span_ms(1));
	assert_int_equal(rig_count(&t.rig, FX_SEND), 1);
}

static void a_forged_query_silences_nobody_where_we_are_alone(void **state)
{
	(void)state;
	hear_query(IF1, "fe80::1");
	assert_int_equal(t.rig.count.n[R_MLD_FOREIGN_QUERY], 1);
	run(span_s(60));
	assert_true(rig_count(&t.rig, FX_SEND) >= 2);
}

/* --- bounds ------------------------------------------------------------------------------------------------ */

static void a_32nd_link_is_refused(void **state)
{
	(void)state;
	struct mldr_link_conf c = conf();
	struct addr6 src = rig_addr("fe80::5");
	for (uint32_t i = 1; i < MLDR_LINK_MAX; i++)
		link_up(100 + i, &c);
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

/* Against a plain model: who listens to what, station by station. */
static void random_reports_agree_with_a_model(void **state)
{
	(void)state;
	enum { STATIONS = 5, GROUPS = 6, LINKS = 3 };
	static bool model[LINKS][STATIONS][GROUPS];
	struct mldr_link_conf c = conf();
	c.max_per_station = c.max_per_link = 1000;
	for (uint32_t i = 0; i < LINKS; i++)
		link_up(IF1 + i, &c);
	memset(model, 0, sizeof model);
	for (int step = 0; step < 20000; step++) {
		uint32_t l = rng_below(&t.rig.rng, LINKS), s = rng_below(&t.rig.rng, STATIONS), g = rng_below(&t.rig.rng, GROUPS);
		char addr[16], mac[24], group[16];
		bool is_join = rng_below(&t.rig.rng, 2);
		snprintf(addr, sizeof addr, "fe80::1%x", s);
		snprintf(mac, sizeof mac, "02:00:00:00:01:%02x", s);
		snprintf(group, sizeof group, "ff35::%x", g + 1);
		say(IF1 + l, addr, mac, is_join ? MLD_ALLOW : MLD_BLOCK, group, MMA);
		model[l][s][g] = is_join;
		t.log[0] = '\0';
		rig_clear(&t.rig);
		uint32_t want = 0, got = 0, oif[MLDR_LINK_MAX];
		for (uint32_t i = 0; i < LINKS; i++) {
			bool any = false;
			for (uint32_t k = 0; k < STATIONS; k++)
				any |= model[i][k][g];
			want |= (uint32_t)any << i;
		}
		struct addr6 ga = rig_addr(group), sa = rig_addr(MMA);
		const struct mldr_channel *ch = mldr_find(&t.m, &ga, &sa);
		for (uint32_t i = 0, n = ch ? mldr_oifs(&t.m, ch, oif) : 0; i < n; i++)
			got |= 1u << (oif[i] - IF1);
		assert_int_equal(got, want);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(first_join_and_last_leave_are_told_at_once), T(change_to_include_replaces), T(links_are_apart),
		T(silence_ends_a_membership), T(any_source_is_ignored), T(other_sources_and_groups_are_refused), T(limits_hold),
		T(reports_are_limited_by_station), T(malformed_is_counted), T(a_forged_leave_is_answered_with_a_query),
		T(who_does_not_answer_a_query_is_gone), T(repeated_leaves_are_nothing_new), T(startup_queries_come_quicker),
		T(the_lower_address_is_querier), T(a_forged_query_silences_nobody_where_we_are_alone), T(a_32nd_link_is_refused),
		T(without_memory_a_join_changes_nothing), T(random_reports_agree_with_a_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
