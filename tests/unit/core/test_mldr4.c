/* SPDX-License-Identifier: BSD-2-Clause */
/* The router's side of IGMP: the same machine as for MLD (test_mldr.c), so here is what RFC 3376 and IPv4 have of their own, and both
 * families on one link. Serves H-7 with H-1, H-11, H-23. */
#include "../kit/rig.h"

#include "base/err.h"
#include "core/listen/mldr.h"
#include "wire/igmp/igmp.h"

enum { IF1 = 11, IF2 = 12 };
#define MAC_A "02:00:00:00:00:0a"
#define MAC_B "02:00:00:00:00:0b"
#define STATION_A "10.2.1.10", MAC_A
#define STATION_B "10.2.1.11", MAC_B
#define NAMELESS "0.0.0.0", MAC_A
static const char G1[] = "232.128.0.1", G2[] = "232.128.0.2", MMA[] = "198.51.100.1", OURS[] = "10.2.1.5";
static const char G6[] = "ff35::1:2:3:4", MMA6[] = "2001:db8:2::1";

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
	if (ifindex)
		snprintf(t.log + n, sizeof t.log - n, "%c%u ", is_first ? '+' : '-', ifindex);
}

static struct mldr_link_conf conf(void)
{
	return (struct mldr_link_conf){
		.name = "acc", .source = {rig_addr(MMA), rig_addr(MMA6)}, .n_source = 2, .is_sole = true, .robustness = 2,
		.query_interval = span_s(30), .response_interval = span_s(2), .last_listener_interval = span_s(1),
		.max_per_station = 4, .max_per_link = 6};
}

static void link_up(uint32_t ifindex, const char *from, const struct mldr_link_conf *c)
{
	struct addr6 src = rig_addr(from);
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
	link_up(IF1, OURS, &c);
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
	struct addr6 src = rig_addr(addr), s = source ? rig_addr(source) : addr6_any;
	struct addr4 s4 = addr6_to_v4(&s);
	struct igmp_rec rec = {.type = (uint8_t)type, .group = rig_addr(group), .source = &s4, .n_source = source != NULL};
	size_t n = igmp3_report_packet_build(buf, sizeof buf, &src, &rec, 1);
	assert_true(n > 0);
	assert_true(rx(ifindex, lladdr, buf, n));
}

static void say6(uint32_t ifindex, const char *addr, const char *lladdr, enum mld_rec_type type)
{
	uint8_t buf[256];
	struct addr6 src = rig_addr(addr), g = rig_addr(G6), s = rig_addr(MMA6);
	size_t n = mld2_state_packet_build(buf, sizeof buf, &src, type, &g, &s);
	assert_true(rx(ifindex, lladdr, buf, n));
}

static void hear_query(const char *from, uint8_t version)
{
	uint8_t buf[256];
	struct addr6 src = rig_addr(from);
	struct igmp_query q = {.version = version, .max_response_ms = 10000, .robustness = 3, .interval_s = 100};
	size_t n = igmp_query_packet_build(buf, sizeof buf, &src, &q);
	assert_true(rx(IF1, "02:00:00:00:00:99", buf, n));
}

static struct igmp_packet sent(uint32_t nth)
{
	struct igmp_packet p;
	size_t n;
	const uint8_t *b = rig_sent(&t.rig, nth, &n);
	assert_int_equal(igmp_packet_parse(b, n, &p), W_OK);
	return p;
}

static bool listens(const char *group)
{
	struct addr6 g = rig_addr(group), s = rig_addr(MMA);
	return mldr_find(&t.m, &g, &s) != NULL;
}

static void first_join_and_last_leave_are_told_at_once(void **state)
{
	(void)state;
	say(IF1, STATION_A, MLD_ALLOW, G1, MMA);
	assert_string_equal(t.log, "+11 ");
	say(IF1, STATION_B, MLD_ALLOW, G1, MMA);
	say(IF1, STATION_A, MLD_BLOCK, G1, MMA);
	assert_string_equal(t.log, "+11 ");
	say(IF1, STATION_B, MLD_TO_IN, G1, NULL);
	assert_string_equal(t.log, "+11 -11 ");
	assert_int_equal(rig_count(&t.rig, FX_SEND), 0);
}

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
	link_up(IF1, "fe80::5", &c);
	say(IF1, STATION_A, MLD_ALLOW, G2, MMA);
	assert_int_equal(t.rig.count.n[R_MLD_NOT_ADMITTED], 1);
	say(IF1, STATION_A, MLD_ALLOW, G1, MMA);
	say6(IF1, "fe80::a", MAC_A, MLD_ALLOW); /* of IPv6 nothing was said */
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

static void a_forged_leave_is_answered_with_a_query(void **state)
{
	(void)state;
	say(IF1, STATION_A, MLD_ALLOW, G1, MMA);
	say(IF1, "10.2.1.10", "02:00:00:00:00:66", MLD_BLOCK, G1, MMA); /* right address, wrong card */
	assert_int_equal(t.rig.count.n[R_MLD_NOT_TRACKED], 1);
	struct igmp_packet p = sent(0);
	struct addr6 g = rig_addr(G1), s = rig_addr(MMA), ours = rig_addr(OURS);
	assert_true(p.kind == IGMP_QUERY && p.query.version == 3 && addr6_eq(&p.dst, &g) && addr6_eq(&p.src, &ours));
	assert_int_equal(p.query.n_source, 1);
	struct addr6 asked = igmp_source(p.query.source, 0);
	assert_true(addr6_eq(&asked, &s) && addr6_eq(&p.query.group, &g));
	assert_int_equal(p.query.max_response_ms, 1000);
	say(IF1, STATION_A, MLD_IS_IN, G1, MMA);
	run(span_s(7));
	assert_string_equal(t.log, "+11 "); /* the real one answered */
	say(IF1, STATION_B, MLD_BLOCK, G1, MMA);
	run(span_ms(3000));
	assert_string_equal(t.log, "+11 -11 "); /* it did not */
}

static void queries_go_to_all_hosts_and_count_tenths(void **state)
{
	(void)state;
	struct mldr_link_conf c = conf();
	c.response_interval = span_ms(40); /* IGMP cannot say so little */
	link_up(IF2, OURS, &c);
	struct igmp_packet p = sent(0);
	assert_string_equal(ADDR46_STR(&p.dst), "224.0.0.1");
	assert_true(p.query.max_response_ms == 100 && p.query.interval_s == 30 && p.query.robustness == 2 && addr6_is_none(&p.query.group));
}

/* RFC 3376 6.6.2, and 0.0.0.0 never wins (a switch that asks in nobody's name). */
static void the_lower_address_is_querier(void **state)
{
	(void)state;
	struct mldr_link_conf c = conf();
	c.is_sole = false;
	link_up(IF1, OURS, &c);
	static const struct { const char *from; uint8_t version; } weak[] = {{"10.2.1.9", 3}, {"0.0.0.0", 3}, {"10.2.1.1", 2}, {"10.2.1.1", 1}};
	for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
		hear_query(weak[i].from, weak[i].version);
		rig_clear(&t.rig);
		run(span_s(30));
		assert_true(rig_count(&t.rig, FX_SEND) > 0);
	}
	hear_query("10.2.1.1", 3);
	rig_clear(&t.rig);
	say(IF1, STATION_A, MLD_ALLOW, G1, MMA);
	run(span_ms(300999)); /* 8.5: its robustness 3 x its interval 100 s + half of 2 s */
	assert_int_equal(rig_count(&t.rig, FX_SEND), 0);
	assert_true(listens(G1));
	run(span_ms(1));
	assert_int_equal(rig_count(&t.rig, FX_SEND), 1);
}

static void a_forged_query_silences_nobody_where_we_are_alone(void **state)
{
	(void)state;
	hear_query("10.2.1.1", 3);
	assert_int_equal(t.rig.count.n[R_MLD_FOREIGN_QUERY], 1);
	run(span_s(60));
	assert_true(rig_count(&t.rig, FX_SEND) >= 2);
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
	link_up(IF1, "fe80::5", &c);
	link_up(IF1, OURS, &c);
	say(IF1, STATION_A, MLD_ALLOW, G1, MMA);
	say6(IF1, "fe80::a", MAC_A, MLD_ALLOW);
	say(IF2, STATION_B, MLD_ALLOW, G1, MMA);
	assert_string_equal(t.log, "+11 +11 +12 ");
	assert_int_equal(mldr_oifs(&t.m, mldr_find(&t.m, &g6, &s6), oif), 1);
	assert_int_equal(oif[0], IF1);
	assert_int_equal(mldr_oifs(&t.m, mldr_find(&t.m, &g4, &s4), oif), 2);
	hear_query("10.2.1.1", 3); /* of IPv4 alone */
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
		link_up(100 + i, "fe80::5", &c);
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
	enum { STATIONS = 5, GROUPS = 4, LINKS = 3 };
	static bool model[LINKS][STATIONS][GROUPS];
	struct mldr_link_conf c = conf();
	c.max_per_station = c.max_per_link = 1000;
	for (uint32_t i = 0; i < LINKS; i++) {
		link_up(IF1 + i, OURS, &c);
		link_up(IF1 + i, "fe80::5", &c);
	}
	memset(model, 0, sizeof model);
	for (int step = 0; step < 20000; step++) {
		uint32_t l = rng_below(&t.rig.rng, LINKS), s = rng_below(&t.rig.rng, STATIONS), g = rng_below(&t.rig.rng, GROUPS);
		char addr[16], mac[24], group[16];
		bool is_join = rng_below(&t.rig.rng, 2), is_nameless = is_join && !model[l][s][g] && rng_below(&t.rig.rng, 2);
		snprintf(addr, sizeof addr, is_nameless ? "0.0.0.0" : "10.2.1.%u", 20 + s);
		snprintf(mac, sizeof mac, "02:00:00:00:01:%02x", s);
		snprintf(group, sizeof group, "232.1.2.%u", g + 1);
		say(IF1 + l, addr, mac, is_join ? MLD_ALLOW : MLD_BLOCK, group, MMA);
		say6(IF1 + l, "fe80::77", mac, is_join ? MLD_ALLOW : MLD_BLOCK);
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
		T(first_join_and_last_leave_are_told_at_once), T(a_station_without_an_address_is_tracked),
		T(a_station_that_gets_its_address_stays_the_same), T(a_full_link_keeps_the_nameless_membership), T(any_source_and_other_ranges),
		T(admitted_groups_are_those_of_the_family), T(malformed_is_counted), T(a_forged_leave_is_answered_with_a_query),
		T(queries_go_to_all_hosts_and_count_tenths), T(the_lower_address_is_querier), T(a_forged_query_silences_nobody_where_we_are_alone),
		T(both_families_share_a_link), T(each_family_has_room_for_all_links), T(without_memory_a_new_name_changes_nothing),
		T(random_reports_agree_with_a_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
