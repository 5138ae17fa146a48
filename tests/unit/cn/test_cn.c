/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Correspondent node: the addresses that it listens at, the tests that it answers, errors from it and to it (RFC 6275 9.3, 9.4), other
 * roles beside it. Requirements H-13 and H-15. Bindings are in test_cn_life.c and test_cn_replay.c; what public conformance suites ask
 * for is in test_cn_cases.c.
 */
#include "../kit/cn_kit.h"
#include "wire/ip/icmp6.h"

/* --- beginning --------------------------------------------------------------------------------------------- */

static void addresses_of_chosen_links_are_listened_at(void **state)
{
	(void)state;
	m.conf.n_interface = 1;
	memcpy(m.conf.interface[0], "eth1", 5);
	extern const struct role_ops cn_role;
	rig_clear(&m.rig);
	assert_int_equal(rig_start(&m.rig, &cn_role, &m.conf), ERR_OK);
	rig_link(&m.rig, CN_IF, "eth0", "02:00:00:00:00:01", true);
	mobile_local(&m, SELF, false);
	assert_null(rig_dp(&m.rig, FX_DP_PUT, DP_IF, 0));
	assert_null(rig_dp(&m.rig, FX_DP_PUT, DP_LOCAL, 0));
	rig_link(&m.rig, 9, "eth1", "02:00:00:00:00:09", true);
	const struct dp_op *op = rig_dp(&m.rig, FX_DP_PUT, DP_IF, 0);
	assert_int_equal(op->iface.ifindex, 9);
	assert_int_equal(op->iface.flags, 0);
	const struct local_event ev = {.ifindex = 9, .addr = m.self}, ll = {.ifindex = 9, .addr = rig_addr("fe80::1")};
	cn_role.local(m.rig.self, &ev, m.rig.now);
	cn_role.local(m.rig.self, &ll, m.rig.now);
	assert_int_equal(rig_dp(&m.rig, FX_DP_PUT, DP_LOCAL, 0)->local.flags, DP_LOCAL_MH);
	assert_null(rig_dp(&m.rig, FX_DP_PUT, DP_LOCAL, 1)); /* link-local: no */
}

/* A tunnel or loopback: named, the operator is told. */
static void links_without_addresses_are_left_alone(void **state)
{
	(void)state;
	rig_clear(&m.rig);
	rig_link(&m.rig, 1, "lo", "00:00:00:00:00:00", true);
	rig_link(&m.rig, 7, "wg0", "00:00:00:00:00:00", true);
	const struct local_event ev = {.ifindex = 7, .addr = rig_addr("2001:db8:77::1")};
	m.rig.ops->local(m.rig.self, &ev, m.rig.now);
	assert_int_equal(m.rig.fx.n, 0);
	const struct local_event on_lo = {1, rig_addr("2001:db8:77::2"), false}, loopback = {1, rig_addr("::1"), false};
	m.rig.ops->local(m.rig.self, &loopback, m.rig.now);
	m.rig.ops->local(m.rig.self, &on_lo, m.rig.now);
	assert_int_equal(m.rig.fx.n, 1);
	assert_true(addr6_eq(&rig_dp(&m.rig, FX_DP_PUT, DP_LOCAL, 0)->local.addr, &on_lo.addr)); /* it is reached through other links */
	m.conf.n_interface = 1;
	memcpy(m.conf.interface[0], "wg0", 4);
	mobile_start(&m);
	rig_clear(&m.rig);
	rig_link(&m.rig, 7, "wg0", "00:00:00:00:00:00", true);
	assert_int_equal(m.rig.fx.n, 1);
	assert_string_equal(rig_effect(&m.rig, FX_EVENT, 0)->event.code, "interface-left-out");
}

static void an_address_that_goes_takes_its_bindings_along(void **state)
{
	(void)state;
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	rig_clear(&m.rig);
	mobile_local(&m, SELF, true);
	assert_true(mobile_removed(&m));
	assert_non_null(rig_dp(&m.rig, FX_DP_DEL, DP_LOCAL, 0));
	assert_int_equal(mobile_bound(&m, NULL), 0);
	assert_false(mobile_ask(&m, MH_HOTI, &m.hoa, NULL).is_there);
}

/* An address on two interfaces is there until both have lost it. */
static void an_address_twice_goes_once(void **state)
{
	(void)state;
	rig_link(&m.rig, 5, "eth5", "02:00:00:00:00:05", true);
	const struct local_event there = {5, m.self, false}, gone = {5, m.self, true};
	m.rig.ops->local(m.rig.self, &there, m.rig.now);
	rig_clear(&m.rig);
	m.rig.ops->local(m.rig.self, &gone, m.rig.now);
	assert_null(rig_dp(&m.rig, FX_DP_DEL, DP_LOCAL, 0));
	assert_true(mobile_ask(&m, MH_HOTI, &m.hoa, NULL).is_there);
}

static void a_link_that_goes_takes_its_addresses_along(void **state)
{
	(void)state;
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	rig_clear(&m.rig);
	const struct link_event ev = {.ifindex = CN_IF, .name = "eth0", .is_gone = true};
	m.rig.ops->link(m.rig.self, &ev, m.rig.now);
	assert_true(mobile_removed(&m));
	assert_non_null(rig_dp(&m.rig, FX_DP_DEL, DP_IF, 0));
}

/* H-13 literally: two prefixes, given to the datapath and taken back. */
static void trust_is_told_to_the_datapath(void **state)
{
	(void)state;
	const char *remedy = NULL;
	m.conf.n_trust = 1;
	m.conf.trust[0] = (struct cn_trust_conf){rig_prefix("2001:db8:1::/64"), rig_prefix("2001:db8:2::/64")};
	rig_clear(&m.rig);
	assert_int_equal(m.rig.ops->reconf(m.rig.self, &m.conf, m.rig.now, &remedy), ERR_OK);
	const struct dp_op *op = rig_dp(&m.rig, FX_DP_PUT, DP_CN_TRUST, 0);
	assert_true(prefix6_eq(&op->cn_trust.home, &m.conf.trust[0].home) && prefix6_eq(&op->cn_trust.coa, &m.conf.trust[0].coa));
	rig_clear(&m.rig);
	m.rig.ops->stop(m.rig.self, m.rig.now);
	assert_non_null(rig_dp(&m.rig, FX_DP_DEL, DP_CN_TRUST, 0));
	assert_non_null(rig_dp(&m.rig, FX_DP_DEL, DP_LOCAL, 0));
}

static void other_interfaces_need_a_restart(void **state)
{
	(void)state;
	const char *remedy = NULL;
	m.conf.n_interface = 1;
	assert_int_equal(m.rig.ops->reconf(m.rig.self, &m.conf, m.rig.now, &remedy), ERR_NOTSUP);
	assert_non_null(remedy);
}

/* --- tests ------------------------------------------------------------------------------------------------- */

static void tests_are_answered_from_no_memory(void **state)
{
	(void)state;
	(void)mobile_ask(&m, MH_HOTI, &m.hoa, NULL); /* the queue of effects has its room */
	int64_t live = m.rig.n_live;
	struct answer a = mobile_ask(&m, MH_HOTI, &m.hoa, NULL), b = mobile_ask(&m, MH_COTI, &m.coa, NULL);
	assert_int_equal(a.p.mh.type, MH_HOT);
	assert_int_equal(b.p.mh.type, MH_COT);
	assert_true(addr6_eq(&a.p.dst, &m.hoa) && addr6_eq(&b.p.dst, &m.coa) && addr6_eq(&a.p.src, &m.self));
	assert_true(a.p.mh.test.cookie == 0x1122334455667788);
	assert_false(a.p.has_rh2 || b.p.has_rh2);
	assert_true(a.p.mh.test.token != b.p.mh.test.token);
	assert_int_equal(m.rig.n_live, live);
	assert_true(mobile_ask(&m, MH_HOTI, &m.hoa, NULL).p.mh.test.token == a.p.mh.test.token);
}

static void tests_are_limited_by_source_and_in_all(void **state)
{
	(void)state;
	unsigned n = 0;
	for (int i = 0; i < 30; i++)
		n += mobile_ask(&m, MH_COTI, &m.coa, NULL).is_there;
	assert_int_equal(n, m.conf.test_rate);
	assert_int_equal(m.rig.count.n[R_LIMIT_RATE], 30 - n);
	struct addr6 other = rig_addr(COA2);
	assert_true(mobile_ask(&m, MH_COTI, &other, NULL).is_there);
	for (uint32_t i = n = 0; i < 5000; i++) { /* invented sources */
		other.b[15] = (uint8_t)i, other.b[14] = (uint8_t)(i >> 8);
		n += mobile_ask(&m, MH_COTI, &other, NULL).is_there;
	}
	assert_true(n <= m.conf.total_rate);
}

static void requests_from_impossible_sources_are_ignored(void **state)
{
	(void)state;
	static const char *const sources[] = {"::", "::1", "fe80::1", "ff02::1", "ff0e::5", SELF};
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		struct addr6 src = rig_addr(sources[i]);
		assert_false(mobile_ask(&m, MH_HOTI, &src, NULL).is_there);
		assert_false(mobile_ask(&m, MH_COTI, &src, NULL).is_there);
	}
}

/* --- errors ------------------------------------------------------------------------------------------------ */

static bool hand_up(enum dp_punt why, const uint8_t *pkt, size_t n)
{
	const struct rx rx = {.ifindex = CN_IF, .why = why, .pkt = pkt, .len_oct = n};
	rig_clear(&m.rig);
	return m.rig.ops->rx(m.rig.self, &rx, m.rig.now);
}

/* An echo request with a Home Address option. */
static size_t with_hao(uint8_t *buf, size_t cap, const struct addr6 *src, const struct addr6 *hao)
{
	struct wr w = wr_of(buf, cap);
	ip6_head_build(&w, &(struct ip6_head){.next = NH_DSTOPTS, .hop_limit = 64, .src = *src, .dst = m.self});
	ip6_hao_build(&w, NH_ICMP6, hao);
	wr_u32(&w, 128u << 24);
	wr_u32(&w, 1);
	ip6_head_finish(&w);
	return wr_len(&w);
}

static struct answer binding_error(void)
{
	struct answer a = {0};
	size_t len;
	if (rig_count(&m.rig, FX_SEND)) {
		const uint8_t *p = rig_sent(&m.rig, 0, &len);
		a.is_there = mh_packet_parse(p, len, &a.p) == W_OK && a.p.mh.type == MH_BE;
	}
	return a;
}

static void an_unbacked_home_address_option_is_answered(void **state)
{
	(void)state;
	uint8_t buf[128];
	size_t n = with_hao(buf, sizeof buf, &m.coa, &m.hoa);
	assert_true(hand_up(DP_PUNT_HAO, buf, n));
	struct answer a = binding_error();
	assert_true(a.is_there);
	assert_int_equal(a.p.mh.be.status, BE_UNKNOWN_BINDING);
	assert_true(addr6_eq(&a.p.mh.be.home_address, &m.hoa) && addr6_eq(&a.p.dst, &m.coa) && addr6_eq(&a.p.src, &m.self));
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	assert_true(hand_up(DP_PUNT_HAO, buf, n)); /* bound while it was on its way */
	assert_false(binding_error().is_there);
}

static void no_binding_error_to_what_is_no_host(void **state)
{
	(void)state;
	static const char *const sources[] = {"::", "fe80::1", "ff02::1", "::1"};
	uint8_t buf[128];
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		struct addr6 src = rig_addr(sources[i]);
		(void)hand_up(DP_PUNT_HAO, buf, with_hao(buf, sizeof buf, &src, &m.hoa));
		assert_int_equal(rig_count(&m.rig, FX_SEND), 0);
	}
	struct addr6 group = rig_addr("ff0e::5");
	(void)hand_up(DP_PUNT_HAO, buf, with_hao(buf, sizeof buf, &m.coa, &group));
	assert_int_equal(rig_count(&m.rig, FX_SEND), 0);
}

static void binding_errors_are_limited(void **state)
{
	(void)state;
	uint8_t buf[128];
	unsigned sent = 0;
	m.conf.refusal_rate = 3;
	mobile_start(&m);
	size_t n = with_hao(buf, sizeof buf, &m.coa, &m.hoa);
	for (int i = 0; i < 20; i++) {
		(void)hand_up(DP_PUNT_HAO, buf, n);
		sent += binding_error().is_there;
	}
	assert_int_equal(sent, 3);
}

/* Destination Unreachable from a router, about a packet of ours with the routing header; cut_oct of it quoted. */
static size_t unreachable(uint8_t *buf, size_t cap, const struct addr6 *coa, size_t cut_oct)
{
	uint8_t about[256];
	struct addr6 router = rig_addr("2001:db8:ffff::1");
	struct wr a = wr_of(about, sizeof about), w = wr_of(buf, cap);
	ip6_head_build(&a, &(struct ip6_head){.next = NH_ROUTING, .hop_limit = 60, .src = m.self, .dst = *coa});
	ip6_rh2_build(&a, 17, &m.hoa);
	wr_zero(&a, 100);
	ip6_head_finish(&a);
	struct icmp6_build b = icmp6_begin(&w, &router, &m.self, 64, IC6_UNREACHABLE, 0);
	wr_u32(&w, 0);
	wr_bytes(&w, about, wr_len(&a) < cut_oct ? wr_len(&a) : cut_oct);
	return icmp6_finish(&w, &b);
}

/* 9.3.4: persistent errors end a binding; a few at once, or many over a long time, do not. */
static void a_binding_whose_care_of_address_stays_unreachable_ends(void **state)
{
	(void)state;
	uint8_t buf[512];
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	size_t n = unreachable(buf, sizeof buf, &m.coa, 72);
	for (int i = 0; i < 50; i++)
		assert_true(hand_up(DP_PUNT_ICMP_ERR, buf, n));
	assert_int_equal(mobile_bound(&m, HOA), 1); /* a burst */
	mobile_wait(&m, 60);
	for (int i = 0; i < 4; i++) {
		assert_true(hand_up(DP_PUNT_ICMP_ERR, buf, n));
		mobile_wait(&m, 1);
	}
	assert_int_equal(mobile_bound(&m, HOA), 1);
	assert_true(hand_up(DP_PUNT_ICMP_ERR, buf, n));
	assert_true(mobile_removed(&m));
	assert_int_equal(mobile_bound(&m, HOA), 0);
	assert_false(hand_up(DP_PUNT_ICMP_ERR, buf, n));
}

static void errors_about_other_packets_are_nothing_to_us(void **state)
{
	(void)state;
	uint8_t buf[512];
	struct addr6 other = rig_addr(COA2);
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	size_t n = unreachable(buf, sizeof buf, &other, 200);
	assert_false(hand_up(DP_PUNT_ICMP_ERR, buf, n));
	n = unreachable(buf, sizeof buf, &m.coa, 200);
	for (size_t cut = 0; cut < n; cut++)
		assert_false(hand_up(DP_PUNT_ICMP_ERR, buf, cut));
	for (size_t cut = 0; cut < 72; cut++) {
		n = unreachable(buf, sizeof buf, &m.coa, cut);
		(void)hand_up(DP_PUNT_ICMP_ERR, buf, n);
	}
	assert_int_equal(mobile_bound(&m, HOA), 1);
}

/* --- beside other roles ------------------------------------------------------------------------------------ */

static void updates_for_agents_are_left_to_them(void **state)
{
	(void)state;
	uint8_t buf[512];
	struct rr_kbm k;
	struct addr6 coa;
	m.rig.env.roles = 1u << ROLE_CN | 1u << ROLE_HA | 1u << ROLE_MMA;
	static const uint16_t flags[] = {BU_H, BU_M, BU_H | BU_M};
	for (size_t i = 0; i < 3; i++) {
		struct bu u = {.seq = 1, .lifetime_s = 400, .flags = flags[i], .has_no_nonces = true, .has_no_auth = true};
		size_t n = mobile_build(&m, &u, buf, sizeof buf, &k, &coa);
		assert_false(hand_up(DP_PUNT_MH, buf, n));
		assert_int_equal(m.rig.fx.n, 0);
	}
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
}

static void answers_and_others_addresses_are_left_alone(void **state)
{
	(void)state;
	static const uint8_t types[] = {MH_BRR, MH_HOT, MH_COT, MH_BA, MH_BE};
	for (size_t i = 0; i < sizeof types; i++) {
		struct mh mh = {.type = types[i]};
		struct mh_built b;
		uint8_t buf[256];
		size_t n = mh_packet_build(buf, sizeof buf, &(struct mh_path){.src = m.coa, .dst = m.self}, &mh, &b);
		mh_packet_finish(&b, buf);
		assert_false(hand_up(DP_PUNT_MH, buf, n));
		assert_int_equal(m.rig.fx.n, 0);
	}
	struct addr6 mine = m.self;
	m.self = rig_addr("2001:db8:c::2");
	assert_false(mobile_ask(&m, MH_HOTI, &m.hoa, NULL).is_there);
	m.self = mine;
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(addresses_of_chosen_links_are_listened_at), T(links_without_addresses_are_left_alone),
		T(an_address_that_goes_takes_its_bindings_along), T(an_address_twice_goes_once), T(a_link_that_goes_takes_its_addresses_along),
		T(trust_is_told_to_the_datapath), T(other_interfaces_need_a_restart), T(tests_are_answered_from_no_memory),
		T(tests_are_limited_by_source_and_in_all), T(requests_from_impossible_sources_are_ignored),
		T(an_unbacked_home_address_option_is_answered), T(no_binding_error_to_what_is_no_host), T(binding_errors_are_limited),
		T(a_binding_whose_care_of_address_stays_unreachable_ends), T(errors_about_other_packets_are_nothing_to_us),
		T(updates_for_agents_are_left_to_them), T(answers_and_others_addresses_are_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
