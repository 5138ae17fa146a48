/* SPDX-License-Identifier: BSD-2-Clause */
/* Access router: advertisements (H-8), and the proxy that turns a join into a forwarding entry and one report
 * upstream (H-1, H-11, H-12, H-23). */
#include "../kit/ar_kit.h"

#include "wire/nd/nd.h"

#define MN_LL "fe80::100"
#define GROUP "ff35::200:ff:fe00:100"
#define SERVICE "2001:db8:2::1"

static void make_conf(void)
{
	conf = (struct ar_conf){
		.upstream = "up0", .mma = rig_addr(SERVICE), .site = "foreign", .map_lifetime = span_s(1800), .robustness = 2,
		.query_interval = span_s(30), .query_response = span_s(2), .last_listener_interval = span_s(1)};
	(void)add_if("acc0", "2001:db8:2:11::/64");
	(void)add_if("acc1", "2001:db8:2:12::/64");
}

static void report(uint32_t ifindex, enum mld_rec_type type) { report_of(ifindex, MN_LL, type, GROUP, SERVICE); }

static void solicit(const char *from, const char *mac)
{
	uint8_t buf[128];
	struct addr6 src = rig_addr(from);
	struct nd_rs rs = {.has_slla = !addr6_is_any(&src), .slla = rig_lladdr("02:00:00:00:66:66")};
	size_t n = rs_packet_build(buf, sizeof buf, &src, &addr6_allrouters, &rs);
	assert_true(rig_rx(&rig, ACC0, mac, buf, n));
}

static struct nd_packet advertised(uint32_t nth, const struct effect **e)
{
	struct nd_packet p;
	for (uint32_t i = 0; (*e = rig_effect(&rig, FX_SEND, i)); i++)
		if (nd_packet_parse(effq_bytes(&rig.fx, (*e)->send.off), (*e)->send.len_oct, &p) == W_OK && p.type == IC6_RA && nth-- == 0)
			return p;
	fail_msg("no such advertisement");
	return p;
}

static uint32_t count_ra(void)
{
	uint32_t n = 0;
	struct nd_packet p;
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(&rig, FX_SEND, i)); i++)
		n += nd_packet_parse(effq_bytes(&rig.fx, e->send.off), e->send.len_oct, &p) == W_OK && p.type == IC6_RA;
	return n;
}

/* --- advertisements ---------------------------------------------------------------------------------------- */

static void a_solicitation_is_answered_at_once_by_unicast(void **state)
{
	(void)state;
	const struct effect *e;
	solicit(MN_LL, MN_MAC);
	struct nd_packet p = advertised(0, &e);
	struct lladdr mac = rig_lladdr(MN_MAC);
	struct addr6 mn = rig_addr(MN_LL), mma = rig_addr(SERVICE);
	struct prefix6 prefix = rig_prefix("2001:db8:2:11::/64");
	assert_int_equal(e->send.ifindex, ACC0);
	assert_true(e->send.has_lladdr && lladdr_eq(&e->send.lladdr, &mac)); /* the frame's source, not what the option says */
	assert_true(addr6_eq(&p.dst, &mn));
	assert_int_equal(p.ra.lifetime_s, 1800);
	assert_int_equal(p.ra.adv_interval_ms, 1000);
	assert_true(p.ra.has_slla);
	assert_int_equal(p.ra.n_prefix, 1);
	assert_true(addr6_eq(&p.ra.prefix[0].addr, &prefix.addr) && p.ra.prefix[0].is_auto && !p.ra.prefix[0].is_router_addr);
	assert_true(p.ra.has_map && addr6_eq(&p.ra.map.addr, &mma)); /* H-8 */
	assert_true(p.ra.has_site);
	assert_string_equal(p.ra.site.name, "foreign");
	assert_false(p.ra.is_home_agent || p.ra.has_ha_info);
}

/* From the unspecified address there is no unicast destination, but there is a station. */
static void a_nameless_solicitation_gets_all_nodes_in_a_unicast_frame(void **state)
{
	(void)state;
	const struct effect *e;
	solicit("::", MN_MAC);
	struct nd_packet p = advertised(0, &e);
	assert_true(addr6_eq(&p.dst, &addr6_allnodes) && e->send.has_lladdr);
}

/* RFC 4861 6.2.6, where several routers share the link. */
static void a_delayed_answer_goes_to_all(void **state)
{
	(void)state;
	const struct effect *e;
	conf.n_interface = 1;
	conf.interface[0].ra_interval = span_s(60);
	conf.interface[0].solicited_delay = span_ms(500);
	start();
	rig_run(&rig, span_s(50)); /* the first ones come quicker */
	rig_clear(&rig);
	rig_run(&rig, span_s(4));
	uint32_t before = count_ra();
	solicit(MN_LL, MN_MAC);
	assert_int_equal(count_ra(), before);
	rig_run(&rig, span_s(3));
	assert_int_equal(count_ra(), before + 1);
	struct nd_packet p = advertised(before, &e);
	assert_true(addr6_eq(&p.dst, &addr6_allnodes) && !e->send.has_lladdr);
	solicit(MN_LL, MN_MAC); /* just after one: the least interval holds */
	rig_run(&rig, span_ms(1));
	assert_int_equal(count_ra(), before + 1);
}

static void answers_are_limited_by_station_and_link(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++)
		solicit(MN_LL, MN_MAC);
	assert_int_equal(count_ra(), 20);
	assert_int_equal(rig.count.n[R_LIMIT_RATE], 30);
	solicit("fe80::200", "02:00:00:00:02:00");
	assert_int_equal(count_ra(), 21);
	for (int i = 0; i < 2000; i++) { /* each from a station of its own */
		char mac[LLADDR_STRLEN];
		snprintf(mac, sizeof mac, "02:00:00:01:%02x:%02x", (unsigned)i >> 8, (unsigned)i & 255);
		solicit(MN_LL, mac);
	}
	assert_true(count_ra() <= 20 * 50 + 1);
}

static void periodic_advertisements_keep_their_interval(void **state)
{
	(void)state;
	conf.n_interface = 1;
	conf.interface[0].ra_interval = span_ms(70); /* RFC 6275 7.5 */
	conf.interface[0].ra_interval_min = span_ms(30);
	start();
	rig_clear(&rig);
	rig_run(&rig, span_s(10));
	assert_in_range(count_ra(), 10000 / 70, 10000 / 30);
	assert_in_range(count_ra(), 180, 220); /* mean 50 ms */
}

static void a_home_link_says_so(void **state)
{
	(void)state;
	const struct effect *e;
	conf.n_interface = 1;
	conf.upstream[0] = '\0';
	conf.interface[0].is_home = true;
	conf.interface[0].router_address = rig_addr("2001:db8:2:11::1");
	conf.interface[0].mtu_oct = 1400;
	start();
	struct nd_packet p = advertised(0, &e);
	assert_true(p.ra.is_home_agent && p.ra.has_ha_info);
	assert_int_equal(p.ra.ha_lifetime_s, 1800);
	assert_true(p.ra.prefix[0].is_router_addr && addr6_eq(&p.ra.prefix[0].addr, &conf.interface[0].router_address));
	assert_int_equal(p.ra.mtu_oct, 1400);
	const struct dp_op *op = rig_dp(&rig, FX_DP_PUT, DP_IF, 0);
	assert_int_equal(op->iface.flags, DP_IF_HOME);
}

static void malformed_solicitations_are_counted(void **state)
{
	(void)state;
	uint8_t buf[128];
	struct addr6 src = rig_addr(MN_LL);
	struct nd_rs rs = {.has_slla = false};
	size_t n = rs_packet_build(buf, sizeof buf, &src, &addr6_allrouters, &rs);
	buf[7] = 254; /* forwarded: from off the link */
	assert_true(rig_rx(&rig, ACC0, MN_MAC, buf, n));
	assert_int_equal(rig.count.n[R_ND_INVALID], 1);
	assert_int_equal(count_ra(), 0);
}

static void a_stopping_router_says_farewell(void **state)
{
	(void)state;
	const struct effect *e;
	report(ACC0, MLD_ALLOW);
	rig_clear(&rig);
	ar_role.stop(rig.self, rig.now);
	assert_int_equal(advertised(0, &e).ra.lifetime_s, 0); /* RFC 4861 6.2.5 */
	assert_int_equal(count_ra(), 2);
	assert_string_equal(reported(false, NULL), "B");
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_MFC, 0));
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_IF, 2));
}

/* --- proxy --------------------------------------------------------------------------------------------------- */

static void a_join_goes_upstream_at_once_and_again(void **state)
{
	(void)state;
	report(ACC0, MLD_ALLOW);
	const struct dp_op *op = rig_dp(&rig, FX_DP_PUT, DP_MFC, 0);
	struct addr6 g = rig_addr(GROUP), s = rig_addr(SERVICE);
	assert_non_null(op);
	assert_true(addr6_eq(&op->mfc.group, &g) && addr6_eq(&op->mfc.source, &s));
	assert_int_equal(op->mfc.iif, UP);
	assert_int_equal(op->mfc.n_oif, 1);
	assert_int_equal(op->mfc.oif[0], ACC0);
	assert_string_equal(reported(false, NULL), "A");
	assert_int_equal(rig_count(&rig, FX_JOIN), 0); /* the kernel would withdraw it when the daemon dies */
	rig_run(&rig, span_ms(19));
	assert_string_equal(reported(false, NULL), "A");
	rig_run(&rig, span_ms(1));
	assert_string_equal(reported(false, NULL), "AA");
	rig_run(&rig, span_ms(1000));
	assert_string_equal(reported(false, NULL), "AAA");
}

static void a_move_between_our_links_is_no_matter_upstream(void **state)
{
	(void)state;
	report(ACC0, MLD_ALLOW);
	rig_run(&rig, span_ms(100));
	rig_clear(&rig);
	report(ACC1, MLD_ALLOW); /* H-12: both for a while */
	assert_int_equal(rig_dp(&rig, FX_DP_PUT, DP_MFC, 0)->mfc.n_oif, 2);
	report(ACC0, MLD_BLOCK);
	assert_int_equal(rig_dp(&rig, FX_DP_PUT, DP_MFC, 1)->mfc.n_oif, 1);
	assert_int_equal(rig_dp(&rig, FX_DP_PUT, DP_MFC, 1)->mfc.oif[0], ACC1);
	assert_string_equal(reported(false, NULL), "");
	report(ACC1, MLD_BLOCK);
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_MFC, 0));
	assert_string_equal(reported(false, NULL), "B");
}

static void a_leave_overtakes_the_repeated_join(void **state)
{
	(void)state;
	report(ACC0, MLD_ALLOW);
	rig_run(&rig, span_ms(25));
	report(ACC0, MLD_BLOCK);
	rig_run(&rig, span_s(1));
	assert_string_equal(reported(false, NULL), "AABBB");
}

static void hear_query(const char *group, bool has_source)
{
	uint8_t buf[128];
	struct addr6 src = rig_addr("fe80::ffff"), s = rig_addr(SERVICE);
	struct mld_query q = {.version = 2, .max_response_ms = 1000, .group = rig_addr(group), .robustness = 2, .interval_s = 30,
			      .source = &s, .n_source = has_source};
	size_t n = mld_query_packet_build(buf, sizeof buf, &src, &q);
	assert_true(rig_rx(&rig, UP, "02:00:00:00:00:ff", buf, n));
}

static void queries_from_upstream_are_answered_in_time(void **state)
{
	(void)state;
	report(ACC0, MLD_ALLOW);
	rig_run(&rig, span_s(2));
	rig_clear(&rig);
	hear_query("::", false);
	hear_query("::", false); /* one answer for both */
	rig_run(&rig, span_s(1));
	assert_string_equal(reported(false, NULL), "i");
	hear_query(GROUP, true);
	rig_run(&rig, span_s(1));
	assert_string_equal(reported(false, NULL), "ii");
	hear_query(GROUP, false);
	rig_run(&rig, span_s(1));
	assert_string_equal(reported(false, NULL), "iii");
	hear_query("ff35::dead", true); /* nobody here wants that */
	rig_run(&rig, span_s(1));
	assert_string_equal(reported(false, NULL), "iii");
}

static void a_new_upstream_link_learns_all(void **state)
{
	(void)state;
	report(ACC0, MLD_ALLOW);
	rig_run(&rig, span_s(1));
	rig_link(&rig, UP, "up0", "02:00:00:00:00:02", false);
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_MFC, 0));
	rig_clear(&rig);
	report(ACC1, MLD_ALLOW);
	assert_string_equal(reported(false, NULL), "");
	rig_link(&rig, UP, "up0", "02:00:00:00:00:02", true);
	assert_string_equal(reported(false, NULL), "A");
	assert_int_equal(rig_dp(&rig, FX_DP_PUT, DP_MFC, 0)->mfc.n_oif, 2);
}

/* After a restart the datapath still forwards to links whose listeners have not answered yet. */
static void a_restarted_router_takes_no_link_away_at_first(void **state)
{
	(void)state;
	report(ACC0, MLD_ALLOW);
	assert_true(rig_dp(&rig, FX_DP_PUT, DP_MFC, 0)->mfc.is_merge);
	rig_clear(&rig);
	rig_run(&rig, span_s(3)); /* query-response and one second */
	const struct dp_op *op = rig_dp(&rig, FX_DP_PUT, DP_MFC, 0);
	assert_false(op->mfc.is_merge);
	assert_int_equal(op->mfc.n_oif, 1);
	assert_null(rig_dp(&rig, FX_DP_PUT, DP_MFC, 1));
}

static void a_lost_access_link_takes_its_listeners(void **state)
{
	(void)state;
	report(ACC0, MLD_ALLOW);
	rig_link(&rig, ACC0, "acc0", "02:00:00:00:00:03", false);
	assert_string_equal(reported(false, NULL), "AB");
	rig_clear(&rig);
	rig_run(&rig, span_s(5));
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(&rig, FX_SEND, i)); i++)
		assert_int_not_equal(e->send.ifindex, ACC0); /* nothing is sent there */
}

/* H-23 and the filter: what the datapath is told of each link. */
static void links_are_declared_to_the_datapath(void **state)
{
	(void)state;
	start();
	const struct dp_op *up = rig_dp(&rig, FX_DP_PUT, DP_IF, 0), *acc = rig_dp(&rig, FX_DP_PUT, DP_IF, 1);
	struct addr6 mma = rig_addr(SERVICE);
	assert_int_equal(up->iface.flags, DP_IF_UPSTREAM);
	assert_int_equal(acc->iface.flags, DP_IF_ACCESS | DP_IF_FILTER);
	assert_int_equal(acc->iface.n_prefix, 1);
	assert_true(addr6_eq(&acc->iface.mma, &mma));
}

static void a_membership_of_another_agents_group_is_not_forwarded(void **state)
{
	(void)state;
	report_of(ACC0, MN_LL, MLD_ALLOW, GROUP, "2001:db8:3::1");
	assert_int_equal(rig.count.n[R_MLD_NOT_ADMITTED], 1);
	assert_null(rig_dp(&rig, FX_DP_PUT, DP_MFC, 0));
	assert_string_equal(reported(false, NULL), "");
}

static void many_groups_share_report_packets(void **state)
{
	(void)state;
	conf.interface[0].max_per_station = 1000;
	conf.interface[0].report_rate = 0;
	start();
	for (uint32_t i = 0; i < 100; i++) {
		char group[20];
		snprintf(group, sizeof group, "ff35::1:%x", i);
		report_of(ACC0, MN_LL, MLD_ALLOW, group, SERVICE);
	}
	rig_run(&rig, span_s(1));
	rig_clear(&rig);
	hear_query("::", false);
	rig_run(&rig, span_ms(1000));
	uint32_t packets = 0, records = (uint32_t)strlen(reported(false, NULL));
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(&rig, FX_SEND, i)); i++)
		packets += e->send.ifindex == UP;
	assert_int_equal(records, 100);
	assert_int_equal(packets, 4);
}

/* --- configuration --------------------------------------------------------------------------------------------- */

static void wrong_configurations_are_refused_with_a_remedy(void **state)
{
	(void)state;
	conf.mma = addr6_any;
	assert_int_equal(rig_start(&rig, &ar_role, &conf), ERR_INVAL);
	make_conf();
	conf.n_interface = 0;
	assert_int_equal(rig_start(&rig, &ar_role, &conf), ERR_INVAL);
	make_conf();
	memcpy(conf.upstream, "acc0", 5);
	assert_int_equal(rig_start(&rig, &ar_role, &conf), ERR_INVAL);
	make_conf();
	conf.query_response = span_s(30);
	assert_int_equal(rig_start(&rig, &ar_role, &conf), ERR_INVAL);
}

static void new_configuration_keeps_listeners(void **state)
{
	(void)state;
	const char *remedy;
	const struct effect *e;
	report(ACC0, MLD_ALLOW);
	rig_clear(&rig);
	conf.interface[0].router_lifetime = span_s(77);
	assert_int_equal(ar_role.reconf(rig.self, &conf, rig.now, &remedy), ERR_OK);
	assert_int_equal(advertised(0, &e).ra.lifetime_s, 77);
	assert_null(rig_dp(&rig, FX_DP_DEL, DP_MFC, 0));
	conf.n_interface = 1;
	assert_int_equal(ar_role.reconf(rig.self, &conf, rig.now, &remedy), ERR_NOTSUP);
	assert_non_null(remedy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_solicitation_is_answered_at_once_by_unicast), T(a_nameless_solicitation_gets_all_nodes_in_a_unicast_frame),
		T_IDLE(a_delayed_answer_goes_to_all), T(answers_are_limited_by_station_and_link), T_IDLE(periodic_advertisements_keep_their_interval),
		T_IDLE(a_home_link_says_so), T(malformed_solicitations_are_counted), T(a_stopping_router_says_farewell),
		T(a_join_goes_upstream_at_once_and_again), T(a_move_between_our_links_is_no_matter_upstream),
		T(a_leave_overtakes_the_repeated_join), T(queries_from_upstream_are_answered_in_time),
		T(a_new_upstream_link_learns_all), T(a_restarted_router_takes_no_link_away_at_first), T(a_lost_access_link_takes_its_listeners),
		T_IDLE(links_are_declared_to_the_datapath), T(a_membership_of_another_agents_group_is_not_forwarded),
		T_IDLE(many_groups_share_report_packets), T_IDLE(wrong_configurations_are_refused_with_a_remedy),
		T(new_configuration_keeps_listeners),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
