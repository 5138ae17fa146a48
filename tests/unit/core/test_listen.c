/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's side of membership (RFC 3810 6, RFC 3376 5): reports at once and again, answers to queries, many groups. D-5, D-7. */
#include "../kit/rig.h"

#include "base/err.h"
#include "core/listen/listen.h"
#include "wire/mcast/mcast.h"

enum { UP = 2 };
#define ROUTER "fe80::1"
#define SOURCE "2001:db8:1::1"
#define SOURCE4 "10.1.0.1"

static struct rig rig;
static struct listen l;
static struct addr6 source, source4;

static struct addr6 group(uint32_t i)
{
	struct addr6 g = rig_addr("ff35::1:0");
	g.b[14] = (uint8_t)(i >> 8);
	g.b[15] = (uint8_t)i;
	return g;
}

static int setup(void **state)
{
	struct lladdr ours = rig_lladdr("02:00:00:00:00:02");
	(void)state;
	rig_init(&rig, 7);
	source = rig_addr(SOURCE);
	source4 = rig_addr(SOURCE4);
	assert_int_equal(listen_init(&l, &rig.env, ROLE_FA), ERR_OK);
	listen_link(&l, UP, &ours, rig.now);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	listen_fini(&l);
	rig_fini(&rig);
	return 0;
}

/* rig_run drives roles; this is none. */
static void run(span_t d)
{
	mono_t end = mono_add(rig.now.mono, d);
	for (mono_t next; mono_reached(next = listen_expiry(&l), end);) {
		rig.now.mono = mono_max(rig.now.mono, next);
		listen_tick(&l, rig.now);
	}
	rig.now.mono = end;
}

static struct mcast_packet report_at(uint32_t nth)
{
	struct mcast_packet p;
	size_t n = 0;
	const uint8_t *pkt = rig_sent(&rig, nth, &n);
	assert_int_equal(mcast_packet_parse(pkt, n, &p), W_OK);
	assert_int_equal(p.kind, MCAST_REPORT);
	return p;
}

/* All records of all reports since the last look: how many of this type. */
static uint32_t records(uint8_t type)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < rig_count(&rig, FX_SEND); i++) {
		struct mcast_packet p = report_at(i);
		struct rd it = p.recs;
		for (struct mcast_rec rec; mcast_next(&p, &it, &rec);)
			n += rec.type == type && rec.source.n == 1;
	}
	rig_clear(&rig);
	return n;
}

static void a_membership_is_told_at_once_and_again(void **state)
{
	struct addr6 g = group(1), ours = rig_addr("fe80::ff:fe00:2");
	(void)state;
	assert_int_equal(listen_join(&l, &g, &source, rig.now), ERR_OK);
	struct mcast_packet p = report_at(0);
	assert_true(addr6_eq(&p.src, &ours) && !p.is_v4);
	assert_int_equal(rig_effect(&rig, FX_SEND, 0)->send.ifindex, UP);
	assert_int_equal(records(MLD_ALLOW), 1);
	run(span_ms(19));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	run(span_ms(21));
	assert_int_equal(records(MLD_ALLOW), 2);
	run(span_s(60));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	assert_int_equal(rig_count(&rig, FX_JOIN), 0); /* no socket's membership, so no limit of the host's */

	listen_leave(&l, &g, &source, rig.now);
	assert_int_equal(listen_count(&l), 0);
	run(span_s(1));
	assert_int_equal(records(MLD_BLOCK), 3);
	assert_true(mono_is_never(listen_expiry(&l)));
}

static void who_comes_back_before_the_leave_is_all_said_stays(void **state)
{
	struct addr6 g = group(1);
	(void)state;
	listen_join(&l, &g, &source, rig.now);
	listen_join(&l, &g, &source, rig.now);
	run(span_s(1));
	rig_clear(&rig);
	listen_leave(&l, &g, &source, rig.now);
	assert_int_equal(rig_count(&rig, FX_SEND), 0); /* another uses it */
	listen_leave(&l, &g, &source, rig.now);
	listen_join(&l, &g, &source, rig.now);
	run(span_s(1));
	assert_int_equal(listen_count(&l), 1);
	size_t n = 0;
	struct mcast_packet p = report_at(rig_count(&rig, FX_SEND) - 1);
	struct rd it = p.recs;
	struct mcast_rec rec;
	(void)n;
	assert_true(mcast_next(&p, &it, &rec) && rec.type == MLD_ALLOW);
}

static void query(const struct addr6 *group_asked, const struct addr6 *source_asked, bool is_v4)
{
	uint8_t buf[128];
	struct addr6 src = rig_addr(is_v4 ? "10.2.0.1" : ROUTER);
	const struct mcast_ask q = {.group = *group_asked, .source = *source_asked, .max_response_ms = 1000, .interval_s = 125, .robustness = 2};
	size_t n = mcast_query_packet_build(buf, sizeof buf, &src, &q);
	const struct rx rx = {.ifindex = UP, .pkt = buf, .len_oct = n};
	assert_true(n && listen_rx(&l, &rx, rig.now));
}

static void queries_are_answered(void **state)
{
	struct addr6 a = group(1), b = group(2), g4 = rig_addr("232.128.0.7");
	(void)state;
	listen_join(&l, &a, &source, rig.now);
	listen_join(&l, &b, &source, rig.now);
	listen_join(&l, &g4, &source4, rig.now);
	run(span_s(1));
	rig_clear(&rig);
	query(&addr6_any, &addr6_any, false);
	run(span_s(1));
	assert_int_equal(records(MLD_IS_IN), 2);
	query(&addr6_any, &addr6_any, true);
	run(span_s(1));
	assert_int_equal(records(MLD_IS_IN), 1);
	query(&b, &addr6_any, false);
	run(span_s(1));
	assert_int_equal(records(MLD_IS_IN), 1);
	query(&b, &source, false);
	run(span_s(1));
	assert_int_equal(records(MLD_IS_IN), 1);
	query(&b, &source4, false); /* not our source */
	run(span_s(1));
	assert_int_equal(records(MLD_IS_IN), 0);
}

/* net.ipv4.igmp_max_memberships is 20, net.ipv4.igmp_max_msf 10. */
static void a_thousand_groups_are_no_matter(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		struct addr6 g = i & 1 ? group(i) : rig_addr("232.128.0.0");
		g.b[14] = (uint8_t)(i >> 8);
		g.b[15] = (uint8_t)i;
		assert_int_equal(listen_join(&l, &g, i & 1 ? &source : &source4, rig.now), ERR_OK);
	}
	run(span_s(1));
	rig_clear(&rig);
	assert_int_equal(listen_count(&l), 1000);
	query(&addr6_any, &addr6_any, false);
	query(&addr6_any, &addr6_any, true);
	run(span_s(1));
	assert_true(rig_count(&rig, FX_SEND) <= 34); /* many to a packet */
	assert_int_equal(records(MLD_IS_IN), 1000);
}

static void another_link_is_told_everything(void **state)
{
	struct addr6 a = group(1), b = group(2);
	struct lladdr ours = rig_lladdr("02:00:00:00:00:09");
	(void)state;
	listen_join(&l, &a, &source, rig.now);
	listen_link(&l, 0, &ours, rig.now);
	rig_clear(&rig);
	listen_join(&l, &b, &source, rig.now);
	listen_leave(&l, &a, &source, rig.now);
	run(span_s(1));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	listen_link(&l, 5, &ours, rig.now);
	assert_int_equal(rig_effect(&rig, FX_SEND, 0)->send.ifindex, 5);
	assert_int_equal(records(MLD_ALLOW), 1);
}

static void memory_that_is_not_there_is_an_error_and_no_more(void **state)
{
	struct addr6 g = group(1);
	(void)state;
	for (rig.fail_in = 0; rig.fail_in < 3;) {
		int64_t at = rig.fail_in;
		int rc = listen_join(&l, &g, &source, rig.now);
		assert_int_equal(listen_count(&l), rc == ERR_OK);
		listen_leave(&l, &g, &source, rig.now);
		rig.fail_in = at + 1;
	}
	rig.fail_in = -1;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_membership_is_told_at_once_and_again),
		TEST(who_comes_back_before_the_leave_is_all_said_stays),
		TEST(queries_are_answered),
		TEST(a_thousand_groups_are_no_matter),
		TEST(another_link_is_told_everything),
		TEST(memory_that_is_not_there_is_an_error_and_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
