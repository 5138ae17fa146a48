/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile node moves: H-8, H-10 to H-12, H-14, H-16, H-20 to H-22, as exchanges with routers and agents. */
#include <stdio.h>

#include "../kit/mn6_bench.h"

static void assert_ll(const struct lladdr *got, enum bench_link r)
{
	struct lladdr want = link_ll(r);
	assert_true(lladdr_eq(got, &want));
}

static void assert_report_is_first(const struct bench *b)
{
	struct report r = {0};
	assert_true(bench_report(b, 0, &r));
	assert_ptr_equal(r.s.fx, bench_first(b));
}

/* H-10, figures 4 and 10: group and home address to the agent, its care-of address to the home agent, in this order. */
static void first_registration(void **state)
{
	struct bench *b = *state;
	struct bu bu;
	struct sent rs;

	/* Before any link: sockets can have the home address. */
	assert_int_equal(kit_fx(&b->k, FX_ADDR_ADD, 0)->addr.ifindex, IFINDEX_ROAM0);
	bench_clear(b);
	bench_link(b, W0, true);
	assert_int_equal(kit_dp(&b->k, FX_DP_PUT, DP_IF, 0)->iface.flags, DP_IF_MOBILE);
	assert_true(bench_rs(b, &rs));
	assert_int_equal(bench_n_reports(b), 0); /* nothing to join yet */
	bench_clear(b);

	bench_ra(b, W0, L_A1);
	assert_report(b, 0, MLD_ALLOW, W0, GROUP, MMA_A);
	assert_int_equal(kit_n_fx(&b->k, FX_JOIN), 1);
	const struct fx_addr *a = &kit_fx(&b->k, FX_ADDR_ADD, 0)->addr;
	assert_addr(&a->addr, COA_A1);
	assert_int_equal(a->flags, ADDR_NODAD);
	const struct dp_downlink_in *down = &kit_dp(&b->k, FX_DP_PUT, DP_DOWNLINK_IN, 0)->downlink_in;
	assert_addr(&down->dst, GROUP);
	assert_addr(&down->src, MMA_A);
	assert_int_equal(down->encap, DP_ENCAP_GRE);
	assert_true(bench_bu(b, 0, &bu));
	assert_false(bench_bu(b, 1, &(struct bu){0})); /* the agent first, alone */
	assert_addr(&bu.p.dst, MMA_A);
	assert_addr(&bu.p.src, COA_A1);
	assert_addr(&bu.p.hao, HOA);
	assert_int_equal(bu.p.mh.bu.flags, BU_A | BU_M);
	assert_int_equal(bu.p.mh.bu.lifetime_s, 600);
	assert_addr(&bu.p.mh.opt.rc.mcoa.group, GROUP);
	assert_addr(&bu.p.mh.opt.rc.mcoa.source, MMA_A);
	assert_addr(&bu.p.mh.opt.rc.reg.ha, HA);
	assert_ll(&bu.s.fx->send.lladdr, L_A1);
	assert_true(bench_pos(b, FX_STORE_PUT, 0) < (int)bu.s.pos);
	bench_state(b, "joining");
	uint64_t stamp = bu.p.mh.opt.mesg_id;

	bench_clear(b);
	bench_run(b, span_ms(10));
	struct addr6 acoa = ACOA_A;
	bench_accept(b, &bu, &acoa);
	bench_state(b, "registering");
	assert_true(bench_bu(b, 0, &bu));
	assert_addr(&bu.p.dst, HA);
	assert_addr(&bu.p.src, COA_A1);
	assert_int_equal(bu.p.mh.bu.flags, BU_A | BU_H);
	assert_addr(&bu.p.mh.opt.alt_coa, ACOA_A);
	assert_true(bu.p.mh.bu.lifetime_s <= 600);

	bench_clear(b);
	bench_accept(b, &bu, NULL);
	bench_state(b, "away-site");
	struct addr6 hoa = HOA;
	const struct dp_uplink_out *up = bench_uplink(b, 0);
	assert_addr(&up->inner_src, HOA);
	assert_addr(&up->src, COA_A1);
	assert_addr(&up->dst, MMA_A);
	assert_int_equal(up->encap, DP_ENCAP_GRE);
	assert_int_equal(up->gre_key, sa_uplink_key(&b->k.key[1], &crypto_openssl, &hoa, stamp));
	assert_ll(&up->next_hop, L_A1);
	bench_clear(b);
	bench_run(b, span_s(1));
	assert_int_equal(bench_n_reports(b), 2); /* the repetitions */
	assert_int_equal(bench_n_mh(b), 0);
}

/* H-11 over one interface. The first thing on the new link is the report; no message to anybody. */
static void intra_site_break_before_make(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	bench_link(b, W0, false);
	bench_state(b, "nowhere");
	bench_run(b, span_ms(20));
	bench_clear(b);

	bench_link(b, W0, true);
	assert_report_is_first(b);
	assert_report(b, 0, MLD_ALLOW, W0, GROUP, MMA_A);
	struct sent rs;
	assert_true(bench_rs(b, &rs));
	bench_ra(b, W0, L_A2);
	const struct dp_uplink_out *up = bench_uplink(b, 0);
	assert_addr(&up->src, COA_A2);
	assert_addr(&up->dst, MMA_A);
	assert_ll(&up->next_hop, L_A2);
	assert_addr(&kit_fx(&b->k, FX_ADDR_ADD, 0)->addr.addr, COA_A2);
	bench_state(b, "away-site");
	bench_run(b, span_s(1));
	assert_int_equal(bench_n_reports(b), 3);
	assert_report(b, 2, MLD_ALLOW, W0, GROUP, MMA_A);
	assert_addr(&kit_fx(&b->k, FX_ADDR_DEL, 0)->addr.addr, COA_A1);
	assert_int_equal(kit_n_fx(&b->k, FX_LEAVE), 0);
	assert_null(kit_dp(&b->k, FX_DP_DEL, DP_DOWNLINK_IN, 0));
	assert_int_equal(bench_n_mh(b), 0);
	bench_shows(b, "status", "mobile-node", "intra-site", "1");
}

/* H-11: whatever the number of handovers. */
static void a_thousand_handovers_and_no_message(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	for (int i = 0; i < 1000; i++) {
		bench_link(b, W0, false);
		bench_run(b, span_ms(20));
		bench_link(b, W0, true);
		bench_run(b, span_ms(2));
		bench_ra(b, W0, i % 2 ? L_A1 : L_A2);
		bench_run(b, span_ms(278));
		bench_state(b, "away-site");
		assert_int_equal(bench_n_mh(b), 0);
		bench_clear(b);
	}
	bench_shows(b, "status", "mobile-node", "handovers", "1000");
	bench_shows(b, "status", "mobile-node", "registrations", "1");
}

/* H-12: over two interfaces the old link goes on receiving until the new one carries everything, and a while longer. */
static void intra_site_make_before_break(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	bench_link(b, W1, true);
	struct report r;
	assert_true(bench_report(b, 0, &r));
	assert_int_equal(r.s.fx->send.ifindex, W1);
	assert_report(b, 0, MLD_ALLOW, W1, GROUP, MMA_A);
	assert_null(bench_uplink(b, 0)); /* still by the old link */
	bench_state(b, "away-site");
	bench_run(b, span_ms(5));
	bench_ra(b, W1, L_A2);
	assert_int_equal(bench_uplink(b, 0)->ifindex, W1);
	assert_int_equal(kit_n_fx(&b->k, FX_LEAVE), 0);
	assert_int_equal(kit_fx(&b->k, FX_JOIN, 0)->group.ifindex, W1);

	bench_run(b, span_ms(199));
	assert_int_equal(kit_n_fx(&b->k, FX_LEAVE), 0);
	bench_clear(b);
	bench_run(b, span_ms(1));
	assert_report(b, 0, MLD_BLOCK, W0, GROUP, MMA_A);
	assert_int_equal(kit_fx(&b->k, FX_LEAVE, 0)->group.ifindex, W0);
	assert_addr(&kit_fx(&b->k, FX_ADDR_DEL, 0)->addr.addr, COA_A1);
	assert_int_equal(bench_n_mh(b), 0);

	/* The new link fails: the old one, still attached, is joined and used at once. */
	bench_clear(b);
	bench_link(b, W1, false);
	assert_report_is_first(b);
	assert_report(b, 0, MLD_ALLOW, W0, GROUP, MMA_A);
	assert_int_equal(bench_uplink(b, 0)->ifindex, W0);
	bench_state(b, "away-site");
	assert_int_equal(bench_n_mh(b), 0);
}

/* A link that comes and goes before its router is heard changes nothing. */
static void a_link_that_fails_before_use(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	bench_link(b, W1, true);
	bench_run(b, span_ms(50));
	bench_link(b, W1, false);
	bench_run(b, span_s(1));
	assert_null(bench_uplink(b, 0));
	assert_int_equal(kit_n_fx(&b->k, FX_LEAVE), 0);
	bench_shows(b, "mobiles", "mobile", "interface", "w0");
}

/* RFC 6275 11.7.1: each move is a registration; what was sent to the old address still gets through. */
static void plain_moves(void **state)
{
	struct bench *b = *state;
	struct bu bu;
	bench_to_plain(b);
	assert_int_equal(bench_n_reports(b), 0);
	bench_link(b, W0, false);
	bench_run(b, span_ms(20));
	bench_link(b, W0, true);
	assert_int_equal(bench_n_reports(b), 0);
	bench_clear(b);
	bench_ra(b, W0, L_P2);
	assert_true(bench_bu(b, 0, &bu));
	assert_addr(&bu.p.dst, HA);
	assert_addr(&bu.p.src, COA_P2);
	assert_addr(&bu.p.mh.opt.alt_coa, COA_P2);
	assert_int_equal(bu.p.mh.bu.flags, BU_A | BU_H);
	assert_false(bu.p.mh.opt.rc.has_mcoa);
	const struct dp_uplink_out *up = bench_uplink(b, 0);
	assert_int_equal(up->encap, DP_ENCAP_IPIP);
	assert_addr(&up->dst, HA);
	assert_addr(&up->src, COA_P2);
	assert_addr(&kit_dp(&b->k, FX_DP_PUT, DP_DOWNLINK_IN, 0)->downlink_in.dst, COA_P2);
	bench_state(b, "registering");
	bench_clear(b);
	bench_run(b, span_ms(500));
	assert_null(kit_dp(&b->k, FX_DP_DEL, DP_DOWNLINK_IN, 0)); /* not confirmed: the old one stays */
	bench_accept(b, &bu, NULL);
	bench_state(b, "away-plain");
	bench_run(b, span_ms(200));
	assert_addr(&kit_dp(&b->k, FX_DP_DEL, DP_DOWNLINK_IN, 0)->downlink_in.dst, COA_P1);
	bench_shows(b, "status", "mobile-node", "intra-site", "0");
}

/* H-16, figure 6: the new agent, the join, the home agent, then the old agent, in this order. */
static void inter_site(void **state)
{
	struct bench *b = *state;
	struct bu bu;
	struct addr6 acoa = ACOA_B;
	bench_to_site_a(b);
	bench_link(b, W1, true);
	bench_clear(b);
	bench_ra(b, W1, L_B1);
	assert_report(b, 0, MLD_BLOCK, W1, GROUP, MMA_A); /* reported on suspicion */
	assert_report(b, 1, MLD_ALLOW, W1, GROUP, MMA_B);
	assert_true(bench_bu(b, 0, &bu));
	assert_addr(&bu.p.dst, MMA_B);
	assert_addr(&bu.p.mh.opt.rc.mcoa.group, GROUP); /* H-4: never changes */
	assert_addr(&bu.p.mh.opt.rc.mcoa.source, MMA_B);
	assert_addr(&bu.p.mh.opt.rc.reg.prev_mma, MMA_A);
	assert_addr(&bu.p.mh.opt.rc.reg.prev_coa, ACOA_A);
	bench_clear(b);
	bench_run(b, span_ms(300));
	assert_int_equal(kit_n_fx(&b->k, FX_LEAVE), 0); /* the old link still receives */

	bench_clear(b);
	bench_accept(b, &bu, &acoa);
	assert_true(bench_bu(b, 0, &bu));
	assert_int_equal(bench_n_mh(b), 1);
	assert_addr(&bu.p.dst, HA);
	assert_addr(&bu.p.mh.opt.alt_coa, ACOA_B);
	assert_null(bench_uplink(b, 0)); /* by the old link, as long as the home agent has not confirmed */

	bench_clear(b);
	bench_accept(b, &bu, NULL);
	bench_state(b, "away-site");
	assert_addr(&bench_uplink(b, 0)->dst, MMA_B);
	assert_true(bench_bu(b, 0, &bu));
	assert_addr(&bu.p.dst, MMA_A);
	assert_int_equal(bu.p.mh.bu.lifetime_s, 0);
	bench_run(b, span_ms(300));
	assert_int_equal(kit_n_fx(&b->k, FX_LEAVE), 0); /* until the old agent has answered it may send there */
	bench_clear(b);
	bench_accept(b, &bu, NULL);
	bench_run(b, span_ms(200));
	assert_int_equal(kit_fx(&b->k, FX_LEAVE, 0)->group.ifindex, W0);
	assert_addr(&kit_dp(&b->k, FX_DP_DEL, DP_DOWNLINK_IN, 0)->downlink_in.src, MMA_A);
	bench_run(b, span_s(2));
	assert_int_equal(bench_n_mh(b), 0);
	bench_shows(b, "mobiles", "mobile", "mma", "2001:db8:3::1");
}

/* H-21: nothing but an address and a route. */
static void at_home_an_ordinary_host(void **state)
{
	struct bench *b = *state;
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra(b, W0, L_HOME);
	bench_state(b, "home");
	const struct fx_addr *a = &kit_fx(&b->k, FX_ADDR_ADD, 0)->addr;
	assert_int_equal(a->ifindex, W0);
	assert_int_equal(a->plen_bits, 64);
	assert_int_equal(kit_fx(&b->k, FX_ADDR_DEL, 0)->addr.ifindex, IFINDEX_ROAM0);
	assert_true(bench_pos(b, FX_ADDR_ADD, 0) < bench_pos(b, FX_ADDR_DEL, 0)); /* never gone */
	const struct fx_route *r = &kit_fx(&b->k, FX_ROUTE_PUT, 0)->route;
	struct lladdr ll = link_ll(L_HOME);
	assert_addr(&r->via, addr6_linklocal(&ll));
	assert_int_equal(kit_fx(&b->k, FX_ROUTE_DEL, 0)->route.ifindex, IFINDEX_ROAM0);
	assert_int_equal(bench_n_mh(b), 0);
	assert_int_equal(bench_n_reports(b), 0);
	assert_null(kit_dp(&b->k, FX_DP_PUT, DP_UPLINK_OUT, 0));
}

/* Figure 7 without forwarding; RFC 6275 11.5.5. */
static void return_home(void **state)
{
	struct bench *b = *state;
	struct bu bu;
	struct sent s = {0};
	struct nd_packet p;
	bench_to_site_a(b);
	bench_link(b, W1, true);
	bench_clear(b);
	bench_ra(b, W1, L_HOME);
	bench_state(b, "returning");
	assert_true(bench_bu(b, 0, &bu));
	assert_int_equal(bench_n_mh(b), 1);
	assert_addr(&bu.p.dst, HA);
	assert_addr(&bu.p.src, HOA); /* source is the home address, no Home Address option */
	assert_false(bu.p.has_hao);
	assert_int_equal(bu.p.mh.bu.lifetime_s, 0);
	assert_int_equal(bu.p.mh.bu.flags, BU_A | BU_H);
	/* Only after the update may the address be used there, and without duplicate detection. */
	assert_true(bench_pos(b, FX_ADDR_ADD, 0) > (int)bu.s.pos);
	assert_int_equal(kit_fx(&b->k, FX_ADDR_ADD, 0)->addr.ifindex, W1);
	assert_int_equal(kit_fx(&b->k, FX_ADDR_ADD, 0)->addr.flags, ADDR_NODAD | ADDR_HOME);
	assert_null(kit_fx(&b->k, FX_ADDR_DEL, 0));
	assert_int_equal(kit_n_fx(&b->k, FX_LEAVE), 1); /* the home link, joined on suspicion */

	bench_clear(b);
	bench_run(b, span_ms(300));
	assert_int_equal(kit_n_fx(&b->k, FX_LEAVE), 0); /* packets still come by the old link */
	bench_clear(b);
	bench_accept(b, &bu, NULL);
	bench_state(b, "home");
	assert_int_equal(kit_fx(&b->k, FX_ADDR_DEL, 0)->addr.ifindex, IFINDEX_ROAM0);
	assert_non_null(kit_dp(&b->k, FX_DP_DEL, DP_UPLINK_OUT, 0));
	assert_true(bench_sent(b, 0, &s));
	assert_int_equal(nd_packet_parse(s.pkt, s.len, &p), W_OK);
	assert_int_equal(p.type, IC6_NA);
	assert_addr(&p.na.target, HOA);
	assert_addr(&p.dst, addr6_allnodes);
	assert_true(p.na.is_override && !p.na.is_solicited && p.na.has_tlla);
	assert_true(bench_bu(b, 0, &bu)); /* and the agent of the site left */
	assert_addr(&bu.p.dst, MMA_A);
	assert_int_equal(bu.p.mh.bu.lifetime_s, 0);
	bench_clear(b);
	bench_accept(b, &bu, NULL);
	bench_run(b, span_ms(2500));
	assert_int_equal(kit_fx(&b->k, FX_LEAVE, 0)->group.ifindex, W0);
	assert_non_null(kit_dp(&b->k, FX_DP_DEL, DP_DOWNLINK_IN, 0));
	assert_int_equal(bench_n_mh(b), 0);
}

/* H-14 with the old link up: silent there from the update on, but hears packets and sends by it until the answer. */
static void leave_home_make_before_break(void **state)
{
	struct bench *b = *state;
	struct bu bu;
	struct addr6 acoa = ACOA_A;
	bench_to_home(b);
	bench_link(b, W1, true);
	bench_clear(b);
	bench_ra(b, W1, L_A1);
	assert_true(bench_bu(b, 0, &bu));
	assert_int_equal(kit_fx(&b->k, FX_ADDR_ADD, 0)->addr.ifindex, IFINDEX_ROAM0);
	assert_int_equal(kit_fx(&b->k, FX_ADDR_DEL, 0)->addr.ifindex, W0);
	assert_true(bench_pos(b, FX_ADDR_ADD, 0) < bench_pos(b, FX_ADDR_DEL, 0));
	assert_true(bench_pos(b, FX_ADDR_DEL, 0) < (int)bu.s.pos);
	assert_int_equal(kit_n_fx(&b->k, FX_ROUTE_DEL), 0);
	assert_int_equal(kit_n_fx(&b->k, FX_ROUTE_PUT), 0);
	bench_clear(b);
	bench_accept(b, &bu, &acoa);
	assert_true(bench_bu(b, 0, &bu));
	assert_null(bench_uplink(b, 0));
	bench_clear(b);
	bench_accept(b, &bu, NULL);
	assert_non_null(bench_uplink(b, 0));
	assert_int_equal(kit_fx(&b->k, FX_ROUTE_PUT, 0)->route.ifindex, IFINDEX_ROAM0);
	assert_int_equal(kit_fx(&b->k, FX_ROUTE_DEL, 0)->route.ifindex, W0);
	assert_true(bench_pos(b, FX_ROUTE_PUT, 0) < bench_pos(b, FX_ROUTE_DEL, 0));
	bench_state(b, "away-site");
}

static void leave_home_break_before_make(void **state)
{
	struct bench *b = *state;
	bench_to_home(b);
	bench_link(b, W0, false);
	assert_int_equal(kit_n_fx(&b->k, FX_ADDR_DEL), 0); /* it may be the cable */
	bench_run(b, span_ms(20));
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra(b, W0, L_A1);
	assert_int_equal(kit_fx(&b->k, FX_ADDR_ADD, 0)->addr.ifindex, IFINDEX_ROAM0);
	assert_int_equal(kit_fx(&b->k, FX_ADDR_DEL, 0)->addr.ifindex, W0);
	assert_int_equal(kit_fx(&b->k, FX_ROUTE_PUT, 0)->route.ifindex, IFINDEX_ROAM0);
	assert_int_equal(kit_fx(&b->k, FX_ROUTE_DEL, 0)->route.ifindex, W0);
	bench_state(b, "joining");
}

static void the_cable_of_the_home_link(void **state)
{
	struct bench *b = *state;
	bench_to_home(b);
	bench_link(b, W0, false);
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra(b, W0, L_HOME);
	bench_state(b, "home");
	assert_int_equal(bench_n_mh(b), 0);
	assert_int_equal(kit_n_fx(&b->k, FX_ADDR_DEL), 0);
}

/* H-8: the home prefix takes precedence over the agent's address. */
static void home_prefix_takes_precedence(void **state)
{
	struct bench *b = *state;
	struct nd_ra ra = bench_adv(L_A1);
	ra.prefix[1] = bench_adv(L_HOME).prefix[0];
	ra.n_prefix = 2;
	bench_link(b, W0, true);
	bench_ra_of(b, W0, L_A1, &ra);
	bench_state(b, "home");
	/* also against a router of the same link that was there first */
	bench_again(b);
	bench_to_site_a(b);
	bench_ra(b, W0, L_HOME);
	bench_state(b, "returning");
}

/* A MAP option without our marker is another protocol's (RFC 5380). */
static void a_foreign_map_option_is_not_used(void **state)
{
	struct bench *b = *state;
	struct bu bu;
	struct nd_ra ra = bench_adv(L_A1);
	ra.has_site = false;
	bench_link(b, W0, true);
	bench_ra_of(b, W0, L_A1, &ra);
	assert_true(bench_bu(b, 0, &bu));
	assert_addr(&bu.p.dst, HA);
}

/* Figure 8 to the plain: the agent that was left is told, after the home agent. */
static void from_a_site_to_a_plain_link(void **state)
{
	struct bench *b = *state;
	struct bu bu;
	bench_to_site_a(b);
	bench_link(b, W0, false);
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra(b, W0, L_P1);
	assert_report(b, 0, MLD_BLOCK, W0, GROUP, MMA_A);
	assert_true(bench_bu(b, 0, &bu));
	assert_int_equal(bench_n_mh(b), 1);
	assert_addr(&bu.p.dst, HA);
	bench_clear(b);
	bench_accept(b, &bu, NULL);
	bench_state(b, "away-plain");
	assert_true(bench_bu(b, 0, &bu));
	assert_addr(&bu.p.dst, MMA_A);
	assert_int_equal(bu.p.mh.bu.lifetime_s, 0);
}

static void queries_are_answered_at_once(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	struct addr6 group = GROUP, other = A("ff35::ff:fe00:99"), source = MMA_A;
	struct lladdr ll = link_ll(L_A1);
	struct addr6 src = addr6_linklocal(&ll);
	struct mld_query q = {.version = 2, .max_response_ms = 10000, .robustness = 2, .interval_s = 125};
	uint8_t buf[256];
	size_t n = mld_query_packet_build(buf, sizeof buf, &src, &q);
	bench_rx(b, W0, DP_PUNT_MLD, ll, buf, n);
	assert_report(b, 0, MLD_IS_IN, W0, GROUP, MMA_A);
	bench_clear(b);
	q.group = other;
	n = mld_query_packet_build(buf, sizeof buf, &src, &q);
	bench_rx(b, W0, DP_PUNT_MLD, ll, buf, n);
	assert_int_equal(bench_n_reports(b), 0);
	q.group = group;
	q.source = &source;
	q.n_source = 1;
	n = mld_query_packet_build(buf, sizeof buf, &src, &q);
	bench_rx(b, W0, DP_PUNT_MLD, ll, buf, n);
	assert_report(b, 0, MLD_IS_IN, W0, GROUP, MMA_A);
	bench_clear(b);
	q = (struct mld_query){.version = 1, .max_response_ms = 10000};
	n = mld_query_packet_build(buf, sizeof buf, &src, &q);
	bench_rx(b, W0, DP_PUNT_MLD, ll, buf, n);
	struct sent s = {0};
	struct mld_packet p;
	assert_true(bench_sent(b, 0, &s)); /* an old querier gets an old report */
	assert_int_equal(mld_packet_parse(s.pkt, s.len, &p), W_OK);
	assert_int_equal(p.kind, MLD1_REPORT);
	assert_addr(&p.group, GROUP);
	bench_clear(b);
	buf[n - 1] ^= 1;
	bench_rx(b, W0, DP_PUNT_MLD, ll, buf, n);
	assert_int_equal(b->k.count.n[R_MLD_INVALID], 1);
	assert_int_equal(bench_n_reports(b), 0);
}

/* RFC 4862 5.4: the kernel found the address elsewhere. */
static void a_duplicate_care_of_address(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	struct addr_event ev = {.ifindex = W0, .addr = COA_A1, .is_duplicate = true};
	mn_role.addr(b->mn, &ev, b->k.now);
	assert_false(addr6_eq(&bench_uplink(b, 0)->src, &ev.addr));
	assert_int_equal(bench_n_mh(b), 0);
	bench_state(b, "away-site");
}

/* RFC 6275 11.5.1: three intervals of silence, then it is asked, then given up. */
static void a_silent_router(void **state)
{
	struct bench *b = *state;
	struct sent rs;
	bench_to_site_a(b); /* heard 1 s ago */
	bench_run(b, span_ms(1990));
	assert_false(bench_rs(b, &rs));
	bench_run(b, span_ms(20));
	assert_true(bench_rs(b, &rs));
	bench_state(b, "away-site");
	bench_ra(b, W0, L_A1);
	bench_run(b, span_ms(2900));
	bench_state(b, "away-site");
	bench_run(b, span_s(1));
	bench_state(b, "nowhere");
	bench_clear(b);
	bench_ra(b, W0, L_A1); /* back again: the same link, no message */
	bench_state(b, "away-site");
	assert_int_equal(bench_n_mh(b), 0);
	/* a router that withdraws is silent at once, and asked once */
	bench_clear(b);
	struct nd_ra ra = bench_adv(L_A1);
	ra.lifetime_s = 0;
	bench_ra_of(b, W0, L_A1, &ra);
	bench_ra_of(b, W0, L_A1, &ra);
	assert_int_equal(kit_n_fx(&b->k, FX_SEND), 1);
	assert_true(bench_rs(b, &rs));
}

static void solicits_until_heard(void **state)
{
	struct bench *b = *state;
	bench_clear(b);
	bench_link(b, W0, true);
	bench_run(b, span_ms(701)); /* 0, 100, 300, 700 */
	assert_int_equal(kit_n_fx(&b->k, FX_SEND), 4);
	bench_run(b, span_s(60));
	assert_true(kit_n_fx(&b->k, FX_SEND) >= 17 && kit_n_fx(&b->k, FX_SEND) <= 21);
}

static void garbage_changes_nothing(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	uint8_t buf[512];
	struct nd_ra ra = bench_adv(L_B1);
	struct lladdr ll = link_ll(L_B1);
	struct addr6 src = addr6_linklocal(&ll), global = A("2001:db8::1");
	size_t n = ra_packet_build(buf, sizeof buf, &src, &addr6_allnodes, &ra);
	for (size_t len = 1; len < n; len++)
		bench_rx(b, W0, DP_PUNT_RA, ll, buf, len);
	assert_int_equal(b->k.count.n[R_ND_INVALID], n - 1);
	n = ra_packet_build(buf, sizeof buf, &global, &addr6_allnodes, &ra);
	bench_rx(b, W0, DP_PUNT_RA, ll, buf, n);
	assert_int_equal(kit_n_fx(&b->k, FX_SEND), 0);
	bench_state(b, "away-site");
}

/* Many routers, one after the other: the list is bounded. */
static void a_crowd_of_routers(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	for (unsigned i = 0; i < 300; i++) {
		struct nd_ra ra = bench_adv(L_B1);
		struct lladdr ll = {{2, 9, 9, 9, (uint8_t)(i >> 8), (uint8_t)i}};
		struct addr6 src = addr6_linklocal(&ll);
		uint8_t buf[512];
		size_t n = ra_packet_build(buf, sizeof buf, &src, &addr6_allnodes, &ra);
		bench_rx(b, W0, DP_PUNT_RA, ll, buf, n);
		bench_ra(b, W0, L_A1);
	}
	bench_state(b, "away-site");
	assert_int_equal(bench_n_mh(b), 0);
}

static void stop_takes_everything_back(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	mn_role.stop(b->mn, b->k.now);
	assert_report(b, 0, MLD_BLOCK, W0, GROUP, MMA_A);
	assert_int_equal(kit_n_fx(&b->k, FX_LEAVE), 1);
	assert_int_equal(kit_n_fx(&b->k, FX_ADDR_DEL), 2);
	assert_int_equal(kit_n_fx(&b->k, FX_ROUTE_DEL), 1);
	for (int t = DP_IF; t < DP_TABLE_N; t++)
		if (t == DP_IF || t == DP_LOCAL || t == DP_DOWNLINK_IN || t == DP_UPLINK_OUT)
			assert_non_null(kit_dp(&b->k, FX_DP_DEL, (enum dp_table)t, 0));
	assert_non_null(kit_fx(&b->k, FX_STORE_PUT, 0));
}

#define T1(f) BENCH_TEST(f, V6, 1)
#define T2(f) BENCH_TEST(f, V6, 2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T1(first_registration), T1(intra_site_break_before_make), T1(a_thousand_handovers_and_no_message),
		T2(intra_site_make_before_break), T2(a_link_that_fails_before_use), T1(plain_moves), T2(inter_site),
		T1(at_home_an_ordinary_host), T2(return_home), T2(leave_home_make_before_break),
		T1(leave_home_break_before_make), T1(the_cable_of_the_home_link), T1(home_prefix_takes_precedence),
		T1(a_foreign_map_option_is_not_used), T1(from_a_site_to_a_plain_link), T1(queries_are_answered_at_once),
		T1(a_duplicate_care_of_address), T1(a_silent_router), T1(solicits_until_heard), T1(garbage_changes_nothing),
		T1(a_crowd_of_routers), T1(stop_takes_everything_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
