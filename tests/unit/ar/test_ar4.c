/* SPDX-License-Identifier: BSD-2-Clause */
/* Access router in IPv4: router advertisements with the MMA's address (H-8), and the proxy that turns an IGMP join into a forwarding entry and
 * one report upstream (H-1, H-11, H-12, H-23), alone and beside IPv6. H-7. */
#include "../kit/ar_kit.h"

#include "wire/igmp/igmp.h"
#include "wire/nd/nd.h"

#define MN "10.2.1.50"
#define NOBODY "0.0.0.0"
#define GROUP "232.128.1.1"
#define SERVICE "198.51.100.1"
#define SERVICE6 "2001:db8:2::1"
#define GROUP6 "ff35::200:ff:fe00:100"

static void add_if4(const char *name, const char *address, const char *prefix)
{
	struct ar_if_conf *c = add_if(name, prefix);
	c->has_agent_adv = true;
	c->registration_lifetime = span_s(600);
	c->router_address_v4 = rig_addr(address);
	c->prefix[c->n_prefix++] = rig_prefix("10.2.16.0/24");
}

static void make_conf(void)
{
	conf = (struct ar_conf){
		.upstream = "up0", .mma_v4 = rig_addr(SERVICE), .group_prefix_v4 = rig_prefix("232.128.0.0/9"), .site = "foreign", .map_lifetime = span_s(1800),
		.robustness = 2, .query_interval = span_s(30), .query_response = span_s(2), .last_listener_interval = span_s(1)};
	add_if4("acc0", "10.2.1.1", "10.2.1.0/24");
	add_if4("acc1", "10.2.2.1", "10.2.2.0/24");
}

static void report(uint32_t ifindex, const char *from, enum mld_rec_type type) { report_of(ifindex, from, type, GROUP, SERVICE); }
static void report6(uint32_t ifindex, enum mld_rec_type type) { report_of(ifindex, "fe80::100", type, GROUP6, SERVICE6); }

static bool is_adv(const struct effect *e, struct adv4_packet *p)
{
	return adv4_packet_parse(effq_bytes(&rig.fx, e->send.off), e->send.len_oct, p) == W_OK && p->type == IC4_ROUTER_ADV;
}

static uint32_t count_adv(void)
{
	struct adv4_packet p;
	uint32_t n = 0;
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(&rig, FX_SEND, i)); i++)
		n += is_adv(e, &p);
	return n;
}

static struct adv4_packet advertised(uint32_t nth, const struct effect **e)
{
	struct adv4_packet p;
	for (uint32_t i = 0; (*e = rig_effect(&rig, FX_SEND, i)); i++)
		if (is_adv(*e, &p) && nth-- == 0)
			return p;
	fail_msg("no such advertisement");
	return p;
}

static bool solicit(uint32_t ifindex, const char *from)
{
	uint8_t buf[64];
	struct addr6 src = rig_addr(from);
	return rig_rx(&rig, ifindex, MN_MAC, buf, sol4_packet_build(buf, sizeof buf, &src, &adv4_allrouters));
}

/* --- advertisements --------------------------------------------------------------------------------------------- */

static void a_link_of_ipv4_alone_gets_no_ipv6(void **state)
{
	(void)state;
	struct nd_packet nd;
	struct mld_packet mld;
	const struct effect *e;
	start();
	rig_run(&rig, span_s(5));
	for (uint32_t i = 0; (e = rig_effect(&rig, FX_SEND, i)); i++) {
		const uint8_t *b = effq_bytes(&rig.fx, e->send.off);
		assert_true(nd_packet_parse(b, e->send.len_oct, &nd) != W_OK && mld_packet_parse(b, e->send.len_oct, &mld) != W_OK);
	}
	assert_int_equal(rig_count(&rig, FX_ADDR_ADD), 0);
	assert_true(count_adv() > 4);
}

static void advertisements_name_router_site_and_groups(void **state)
{
	(void)state;
	const struct effect *e;
	start();
	struct adv4_packet p = advertised(0, &e);
	assert_int_equal(e->send.ifindex, ACC0);
	assert_true(p.ttl == 1 && !p.adv.is_agent); /* no agent: a plain mobile takes it for a router */
	assert_string_equal(ADDR46_STR(&p.src), "10.2.1.1");
	assert_string_equal(ADDR46_STR(&p.dst), "224.0.0.1");
	assert_int_equal(p.adv.n_router, 1);
	assert_string_equal(ADDR46_STR(&p.adv.router[0].addr), "10.2.1.1");
	assert_true(p.adv.has_prefix_len && p.adv.router[0].len_bits == 24 && p.adv.lifetime_s == 3);
	assert_true(p.adv.has_mma && !(p.adv.mma.flags & ADV4_MMA_HOME)); /* H-8 */
	assert_string_equal(ADDR46_STR(&p.adv.mma.addr), SERVICE);
	assert_string_equal(PREFIX46_STR(&p.adv.mma.group), "232.128.0.0/9");
	assert_string_equal(p.adv.mma.site, "foreign");
}

static void a_solicitation_is_answered_at_once_by_unicast(void **state)
{
	(void)state;
	const struct effect *e;
	struct lladdr mac = rig_lladdr(MN_MAC);
	assert_true(solicit(ACC1, MN));
	struct adv4_packet p = advertised(0, &e);
	assert_true(e->send.ifindex == ACC1 && e->send.has_lladdr && lladdr_eq(&e->send.lladdr, &mac));
	assert_string_equal(ADDR46_STR(&p.dst), MN);
	assert_true(solicit(ACC1, NOBODY)); /* a mobile without an address */
	p = advertised(1, &e);
	assert_true(e->send.has_lladdr && lladdr_eq(&e->send.lladdr, &mac));
	for (int i = 0; i < 50; i++)
		(void)solicit(ACC1, MN);
	assert_int_equal(count_adv(), 20); /* a limit a station */
	assert_true(rig.count.n[R_LIMIT_RATE] > 0);
}

static void a_home_link_has_the_home_agent_and_no_multicast(void **state)
{
	(void)state;
	const struct effect *e;
	conf.interface[0].is_home = true;
	conf.is_home_site = true;
	start();
	struct adv4_packet p = advertised(0, &e);
	assert_int_equal(e->send.ifindex, ACC0);
	assert_true(p.adv.is_agent && p.adv.flags == ADV4_H && p.adv.reg_lifetime_s == 600 && !p.adv.n_coa && p.adv.seq == 0);
	assert_true(p.adv.mma.flags & ADV4_MMA_HOME);
	(void)advertised(1, &e);
	assert_int_equal(e->send.ifindex, ACC1);
	rig_clear(&rig);
	rig_run(&rig, span_s(5));
	p = advertised(0, &e); /* the sequence goes on (RFC 5944 2.3.2) */
	assert_true(p.adv.seq == 1 || e->send.ifindex == ACC1);
	for (uint32_t i = 0; (e = rig_effect(&rig, FX_SEND, i)); i++) {
		struct igmp_packet q;
		assert_true(e->send.ifindex != ACC0 || igmp_packet_parse(effq_bytes(&rig.fx, e->send.off), e->send.len_oct, &q) != W_OK);
	}
}

static void another_agent_may_advertise_instead(void **state)
{
	(void)state;
	conf.interface[0].has_agent_adv = conf.interface[1].has_agent_adv = false;
	start();
	rig_run(&rig, span_s(5));
	assert_int_equal(count_adv(), 0);
	report(ACC0, MN, MLD_ALLOW);
	assert_non_null(rig_dp(&rig, FX_DP_PUT, DP_MFC, 0)); /* the groups are still ours */
}

static void a_stopping_router_says_farewell(void **state)
{
	(void)state;
	const struct effect *e;
	report(ACC0, MN, MLD_ALLOW);
	rig_clear(&rig);
	ar_role.stop(rig.self, rig.now);
	assert_int_equal(count_adv(), 2);
	assert_int_equal(advertised(0, &e).adv.lifetime_s, 0);
	assert_string_equal(reported(true, NULL), "B");
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_MFC, 0));
}

/* --- proxy -------------------------------------------------------------------------------------------------------- */

static void local(const char *addr, bool is_gone)
{
	const struct local_event ev = {.ifindex = UP, .addr = rig_addr(addr), .is_gone = is_gone};
	ar_role.local(rig.self, &ev, rig.now);
}

static void a_join_goes_upstream_at_once_and_again(void **state)
{
	(void)state;
	struct addr6 g = rig_addr(GROUP), s = rig_addr(SERVICE);
	report(ACC0, NOBODY, MLD_ALLOW);
	const struct dp_op *op = rig_dp(&rig, FX_DP_PUT, DP_MFC, 0);
	assert_non_null(op);
	assert_true(addr6_eq(&op->mfc.group, &g) && addr6_eq(&op->mfc.source, &s) && op->mfc.iif == UP && op->mfc.n_oif == 1 && op->mfc.oif[0] == ACC0);
	assert_string_equal(reported(true, NOBODY), "A"); /* RFC 3376 4.2.13: we have no address there */
	local("fe80::1", false);
	local("10.9.0.2", false);
	rig_clear(&rig);
	rig_run(&rig, span_ms(45));
	assert_string_equal(reported(true, "10.9.0.2"), "AA");
	rig_clear(&rig);
	local("10.9.0.2", true);
	report(ACC0, MN, MLD_BLOCK); /* it has an address now, and is the same station */
	assert_string_equal(reported(true, NOBODY), "B");
	assert_non_null(rig_dp(&rig, FX_DP_DEL, DP_MFC, 0));
	rig_run(&rig, span_ms(45));
	assert_string_equal(reported(true, NOBODY), "BBB");
}

static void a_move_between_our_links_is_no_matter_upstream(void **state)
{
	(void)state;
	report(ACC0, MN, MLD_ALLOW);
	rig_run(&rig, span_s(1));
	rig_clear(&rig);
	report(ACC1, MN, MLD_ALLOW);
	const struct dp_op *op = rig_dp(&rig, FX_DP_PUT, DP_MFC, 0);
	assert_int_equal(op->mfc.n_oif, 2); /* H-12: through both for a while */
	report(ACC0, MN, MLD_BLOCK);
	op = rig_dp(&rig, FX_DP_PUT, DP_MFC, 1);
	assert_true(op->mfc.n_oif == 1 && op->mfc.oif[0] == ACC1);
	assert_string_equal(reported(true, NULL), "");
}

static void hear_query(uint8_t version, const char *group)
{
	uint8_t buf[128];
	struct addr6 src = rig_addr("10.9.0.1");
	struct igmp_query q = {.version = version, .max_response_ms = 1000, .robustness = 2, .interval_s = 125};
	if (group)
		q.group = rig_addr(group);
	assert_true(rig_rx(&rig, UP, "02:00:00:00:99:99", buf, igmp_query_packet_build(buf, sizeof buf, &src, &q)));
}

static void queries_from_upstream_are_answered_in_time(void **state)
{
	(void)state;
	report(ACC0, MN, MLD_ALLOW);
	rig_run(&rig, span_s(1));
	rig_clear(&rig);
	hear_query(3, NULL);
	hear_query(3, NULL);
	rig_run(&rig, span_s(1));
	assert_string_equal(reported(true, NULL), "i");
	hear_query(3, GROUP);
	rig_run(&rig, span_s(1));
	assert_string_equal(reported(true, NULL), "ii");
	hear_query(3, "232.128.9.9");
	hear_query(2, NULL); /* RFC 4604: it means nothing to source-specific groups */
	rig_run(&rig, span_s(2));
	assert_string_equal(reported(true, NULL), "ii");
	assert_int_equal(rig.count.n[R_MLD_NOT_SSM], 1);
}

static void links_are_declared_to_the_datapath(void **state)
{
	(void)state;
	struct addr6 mma = rig_addr(SERVICE);
	start();
	const struct dp_op *op = rig_dp(&rig, FX_DP_PUT, DP_IF, 1);
	assert_int_equal(op->iface.ifindex, ACC0);
	assert_int_equal(op->iface.flags, DP_IF_ACCESS | DP_IF_FILTER);
	assert_true(addr6_eq(&op->iface.mma4, &mma) && addr6_is_any(&op->iface.mma) && op->iface.n_prefix == 2);
}

static void a_membership_of_another_agents_group_is_not_forwarded(void **state)
{
	(void)state;
	report_of(ACC0, MN, MLD_ALLOW, GROUP, "203.0.113.66");
	assert_null(rig_dp(&rig, FX_DP_PUT, DP_MFC, 0));
	assert_int_equal(rig.count.n[R_MLD_NOT_ADMITTED], 1);
}

/* --- both families ------------------------------------------------------------------------------------------------ */

static void both_families_are_served_at_once(void **state)
{
	(void)state;
	const struct effect *e;
	conf.mma = rig_addr(SERVICE6);
	conf.interface[0].prefix[conf.interface[0].n_prefix++] = rig_prefix("2001:db8:2:11::/64");
	start();
	uint32_t n_ra = 0;
	for (uint32_t i = 0; (e = rig_effect(&rig, FX_SEND, i)); i++) {
		struct nd_packet nd;
		if (nd_packet_parse(effq_bytes(&rig.fx, e->send.off), e->send.len_oct, &nd) != W_OK || nd.type != IC6_RA)
			continue;
		n_ra++;
		assert_int_equal(nd.ra.n_prefix, e->send.ifindex == ACC0); /* no IPv4 prefix in it */
	}
	assert_int_equal(n_ra, 2);
	assert_int_equal(count_adv(), 2);
	rig_clear(&rig);
	report(ACC0, MN, MLD_ALLOW);
	report6(ACC0, MLD_ALLOW);
	assert_string_equal(reported(true, NULL), "A");
	assert_string_equal(reported(false, NULL), "A");
	rig_run(&rig, span_s(1));
	rig_clear(&rig);
	hear_query(3, NULL); /* of IPv4: IPv6's listeners are not told of */
	rig_run(&rig, span_s(1));
	assert_string_equal(reported(true, NULL), "i");
	assert_string_equal(reported(false, NULL), "");
	rig_clear(&rig);
	rig_link(&rig, ACC0, "acc0", "02:00:00:00:00:03", false);
	assert_string_equal(reported(true, NULL), "B");
	assert_string_equal(reported(false, NULL), "B");
}

/* FRR's pimd takes no report from 0.0.0.0: end to end no group was joined. */
static void reports_are_repeated_for_a_routing_daemon(void **state)
{
	(void)state;
	struct igmp_packet p;
	struct igmp_rec rec;
	size_t n;
	memset(conf.upstream, 0, sizeof conf.upstream);
	conf.interface[0].has_vouch = true;
	start();
	rig_clear(&rig);
	report(ACC0, NOBODY, MLD_ALLOW);
	const struct effect *e = rig_effect(&rig, FX_SEND, 0);
	assert_true(e && e->send.is_from_host && e->send.ifindex == ACC0 && !rig_effect(&rig, FX_SEND, 1));
	const uint8_t *b = rig_sent(&rig, 0, &n);
	assert_int_equal(igmp_packet_parse(b, n, &p), W_OK);
	assert_string_equal(ADDR46_STR(&p.src), "10.2.1.1");
	assert_true(igmp_rec_next(&(struct rd){p.recs.p, p.recs.end, false}, &rec) && rec.type == MLD_ALLOW && rec.n_source == 1);
	assert_null(rig_dp(&rig, FX_DP_PUT, DP_MFC, 0)); /* forwarding is the daemon's */
	rig_clear(&rig);
	rig_run(&rig, span_s(30));
	uint32_t again = 0;
	for (uint32_t i = 0; (e = rig_effect(&rig, FX_SEND, i)); i++)
		again += e->send.is_from_host;
	assert_int_equal(again, 1);
	rig_clear(&rig);
	report(ACC0, NOBODY, MLD_BLOCK);
	b = rig_sent(&rig, 0, &n);
	assert_int_equal(igmp_packet_parse(b, n, &p), W_OK);
	assert_true(igmp_rec_next(&(struct rd){p.recs.p, p.recs.end, false}, &rec) && rec.type == MLD_BLOCK);
	assert_false(rig_rx(&rig, ACC1, MN_MAC, b, n)); /* the other link is not asked for it */
}

static void other_messages_are_left_alone(void **state)
{
	(void)state;
	uint8_t arp[28] = {0, 1, 8, 0, 6, 4, 0, 1};
	assert_false(rig_rx(&rig, ACC0, MN_MAC, arp, sizeof arp));
	assert_false(rig_rx(&rig, ACC0, MN_MAC, arp, 0));
	uint8_t buf[64];
	struct addr6 src = rig_addr(MN);
	size_t n = sol4_packet_build(buf, sizeof buf, &src, &adv4_allrouters);
	buf[n - 1] ^= 1;
	(void)rig_rx(&rig, ACC0, MN_MAC, buf, n);
	assert_int_equal(count_adv(), 0);
}

static void wrong_configurations_are_refused_with_a_remedy(void **state)
{
	(void)state;
	assert_null(ar_conf_check(&conf));
	conf.mma_v4 = addr6_any;
	assert_string_equal(ar_conf_check(&conf), "with an upstream interface the address of the MMA (mma, mma-v4) must be given");
	conf.mma_v4 = rig_addr("232.1.1.1");
	assert_non_null(strstr(ar_conf_check(&conf), "unicast"));
	make_conf();
	conf.group_prefix_v4 = rig_prefix("10.0.0.0/8");
	assert_non_null(strstr(ar_conf_check(&conf), "group-prefix-v4"));
	make_conf();
	start();
	const char *remedy;
	conf.interface[0].router_address_v4 = rig_addr("10.2.1.2");
	assert_int_equal(ar_role.reconf(rig.self, &conf, rig.now, &remedy), ERR_NOTSUP);
	make_conf();
	conf.mma_v4 = rig_addr("198.51.100.2");
	assert_int_equal(ar_role.reconf(rig.self, &conf, rig.now, &remedy), ERR_NOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T_IDLE(a_link_of_ipv4_alone_gets_no_ipv6), T_IDLE(advertisements_name_router_site_and_groups),
		T(a_solicitation_is_answered_at_once_by_unicast), T_IDLE(a_home_link_has_the_home_agent_and_no_multicast),
		T_IDLE(another_agent_may_advertise_instead), T(a_stopping_router_says_farewell),
		T(a_join_goes_upstream_at_once_and_again), T(a_move_between_our_links_is_no_matter_upstream),
		T(queries_from_upstream_are_answered_in_time), T_IDLE(links_are_declared_to_the_datapath),
		T(a_membership_of_another_agents_group_is_not_forwarded), T_IDLE(both_families_are_served_at_once),
		T(other_messages_are_left_alone), T_IDLE(reports_are_repeated_for_a_routing_daemon),
		T_IDLE(wrong_configurations_are_refused_with_a_remedy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
