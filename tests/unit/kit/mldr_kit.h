/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The router's side of membership (core/listen/mldr.h) on a bench. Each family is a row of data: what both must do is written once, with
 * the names below, and run for each (MLDR_BOTH); the name of the row says for which.
 */
#include "rig.h"

#include "base/err.h"
#include "core/listen/mldr.h"
#include "wire/igmp/igmp.h"
#include "wire/mcast/mcast.h"

enum { IF1 = 11, IF2 = 12 };
enum { STATIONS = 5, GROUPS = 6, LINKS = 3 }; /* of the model */

static struct family {
	const char *group[2], *source, *ours, *all_nodes;
	const char *a, *b;                           /* stations */
	const char *station_stem, *group_stem;       /* a number behind them: another one */
	const char *admit, *not_admitted, *forged_source;
	const char *any_source, *of_the_link;        /* groups that are no business of ours */
	struct { const char *from; uint8_t version; } weak[4]; /* who does not become querier, */
	const char *strong;                          /* and who does */
	uint8_t newest;
} v6 = {
	.group = {"ff35::1:2:3:4", "ff35::5"}, .source = "2001:db8:2::1", .ours = "fe80::5", .all_nodes = "ff02::1",
	.a = "fe80::a", .b = "fe80::b", .station_stem = "fe80::1", .group_stem = "ff35::",
	.admit = "ff35::/64", .not_admitted = "ff35:0:0:9::1", .forged_source = "2001:db8:66::1",
	.any_source = "ff05::1", .of_the_link = "ff02::1:ff00:1",
	.weak = {{"fe80::9", 2}, {"fe80::1", 1}}, .strong = "fe80::1", .newest = 2,
}, v4 = {
	.group = {"232.128.0.1", "232.128.0.2"}, .source = "198.51.100.1", .ours = "10.2.1.5", .all_nodes = "224.0.0.1",
	.a = "10.2.1.10", .b = "10.2.1.11", .station_stem = "10.2.1.2", .group_stem = "232.1.2.",
	.admit = "232.128.0.0/16", .not_admitted = "232.129.0.1", .forged_source = "198.51.100.66",
	.any_source = "239.1.2.3", .of_the_link = "224.0.0.251",
	.weak = {{"10.2.1.9", 3}, {"0.0.0.0", 3}, {"10.2.1.1", 2}, {"10.2.1.1", 1}}, .strong = "10.2.1.1", .newest = 3,
};

static struct {
	struct rig rig;
	struct mldr m;
	const struct family *f;
	char log[4096]; /* "+11 -12 ": first listener on 11, last gone on 12 */
} t;

#define MAC_A "02:00:00:00:00:0a"
#define MAC_B "02:00:00:00:00:0b"
#define STATION_A t.f->a, MAC_A
#define STATION_B t.f->b, MAC_B
#define G1 t.f->group[0]
#define G2 t.f->group[1]
#define MMA t.f->source
#define OURS t.f->ours

static inline void on_change(void *ctx, const struct mldr_channel *ch, uint32_t ifindex, bool is_first, struct now now)
{
	size_t n = strlen(t.log);
	(void)ctx;
	(void)ch;
	(void)now;
	if (ifindex) /* 0: told again, when the first answers are in */
		snprintf(t.log + n, sizeof t.log - n, "%c%u ", is_first ? '+' : '-', ifindex);
}

static inline struct mldr_link_conf conf(void)
{
	return (struct mldr_link_conf){
		.name = "acc", .source = {rig_addr(v6.source), rig_addr(v4.source)}, .n_source = 2, .is_sole = true, .robustness = 2,
		.query_interval = span_s(30), .response_interval = span_s(2), .last_listener_interval = span_s(1),
		.max_per_station = 4, .max_per_link = 6};
}

static inline void link_up(uint32_t ifindex, const char *from, const struct mldr_link_conf *c)
{
	struct addr6 src = rig_addr(from);
	assert_int_equal(mldr_link_up(&t.m, ifindex, &src, c, t.rig.now), ERR_OK);
}

static inline int setup(void **state)
{
	memset(&t, 0, sizeof t);
	t.f = *state;
	rig_init(&t.rig, 1);
	mldr_init(&t.m, &t.rig.env, ROLE_AR);
	t.m.change = on_change;
	struct mldr_link_conf c = conf();
	link_up(IF1, OURS, &c);
	rig_clear(&t.rig);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	mldr_fini(&t.m);
	rig_fini(&t.rig);
	return 0;
}

/* Rows for cmocka. */
#define MLDR_V6(f) {#f, f, setup, teardown, &v6}
#define MLDR_V4(f) {#f, f, setup, teardown, &v4}
#define MLDR_BOTH(f) {#f " (IPv6)", f, setup, teardown, &v6}, {#f " (IPv4)", f, setup, teardown, &v4}

/* rig_run drives roles; this is none. */
static inline void run(span_t d)
{
	mono_t end = mono_add(t.rig.now.mono, d);
	for (mono_t next; mono_reached(next = mldr_expiry(&t.m), end);) {
		t.rig.now.mono = mono_max(next, t.rig.now.mono);
		mldr_tick(&t.m, t.rig.now);
	}
	t.rig.now.mono = end;
}

static inline bool rx(uint32_t ifindex, const char *lladdr, const void *pkt, size_t n)
{
	const struct rx p = {.ifindex = ifindex, .lladdr_src = rig_lladdr(lladdr), .pkt = pkt, .len_oct = n};
	return mldr_rx(&t.m, &p, t.rig.now);
}

/* A report of MLDv2 or IGMPv3: the group's family. */
static inline void say(uint32_t ifindex, const char *addr, const char *lladdr, enum mld_rec_type type, const char *group, const char *source)
{
	uint8_t buf[256];
	struct addr6 src = rig_addr(addr), g = rig_addr(group), s = source ? rig_addr(source) : addr6_any;
	struct addr4 s4 = addr6_to_v4(&s);
	struct mld_rec rec6 = {.type = (uint8_t)type, .group = g, .source = &s, .n_source = source != NULL};
	struct igmp_rec rec4 = {.type = (uint8_t)type, .group = g, .source = &s4, .n_source = source != NULL};
	size_t n = addr6_is_v4mapped(&g) ? igmp3_report_packet_build(buf, sizeof buf, &src, &rec4, 1)
					 : mld2_report_packet_build(buf, sizeof buf, &src, &rec6, 1);
	assert_true(n > 0);
	assert_true(rx(ifindex, lladdr, buf, n));
}

static inline void hear_query(const char *from, uint8_t version)
{
	uint8_t buf[256];
	struct addr6 src = rig_addr(from);
	struct mld_query q6 = {.version = version, .max_response_ms = 10000, .robustness = 3, .interval_s = 100};
	struct igmp_query q4 = {.version = version, .max_response_ms = 10000, .robustness = 3, .interval_s = 100};
	size_t n = addr6_is_v4mapped(&src) ? igmp_query_packet_build(buf, sizeof buf, &src, &q4)
					   : mld_query_packet_build(buf, sizeof buf, &src, &q6);
	assert_true(rx(IF1, "02:00:00:00:00:99", buf, n));
}

/* The nth query that was sent, of the newest version. */
struct asked { struct addr6 src, dst; struct mcast_query q; };
static inline struct asked asked(uint32_t nth)
{
	struct mcast_packet p;
	struct mld_packet p6;
	struct igmp_packet p4;
	size_t n;
	const uint8_t *b = rig_sent(&t.rig, nth, &n);
	assert_int_equal(mcast_packet_parse(b, n, &p), W_OK);
	assert_int_equal(p.kind, MCAST_QUERY);
	assert_true(p.query.is_newest);
	assert_int_equal(p.is_v4 ? igmp_packet_parse(b, n, &p4) : mld_packet_parse(b, n, &p6), W_OK);
	return (struct asked){p.src, p.is_v4 ? p4.dst : p6.dst, p.query};
}

static inline bool listens(const char *group)
{
	struct addr6 g = rig_addr(group), s = rig_addr(MMA);
	return mldr_find(&t.m, &g, &s) != NULL;
}

/* A plain model: who listens to what, station by station. */
struct model { bool is_in[LINKS][STATIONS][GROUPS]; };
static inline void assert_as_in(const struct model *m, uint32_t group, const char *text)
{
	uint32_t want = 0, got = 0, oif[MLDR_LINK_MAX];
	for (uint32_t i = 0; i < LINKS; i++) {
		bool any = false;
		for (uint32_t k = 0; k < STATIONS; k++)
			any |= m->is_in[i][k][group];
		want |= (uint32_t)any << i;
	}
	struct addr6 g = rig_addr(text), s = rig_addr(MMA);
	const struct mldr_channel *ch = mldr_find(&t.m, &g, &s);
	for (uint32_t i = 0, n = ch ? mldr_oifs(&t.m, ch, oif) : 0; i < n; i++)
		got |= 1u << (oif[i] - IF1);
	assert_int_equal(got, want);
}
