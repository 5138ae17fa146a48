/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile node in sites with an agent, in IPv4: H-7, H-8, H-10 to H-12, H-16, H-19, H-22 as exchanges with routers and agents. */
#include <stdio.h>

#include "../kit/mn4_bench.h"

static struct addr6 group_of(struct bench *b)
{
	struct report r;
	assert_true(bench_report(b, 0, &r));
	return r.group;
}

/* H-7, H-10: the report and the request leave at once and together; the answer comes through the group and brings uplink and membership. */
static void first_registration(void **state)
{
	struct bench *b = *state;
	struct req r;

	bench_link(b, W0, true);
	bench_clear(b);
	bench_hear(b, W0, L_A1);
	struct addr6 group = group_of(b);
	struct prefix6 range;
	assert_true(prefix46_parse(&range, "232.128.0.0/9"));
	assert_true(prefix6_contains(&range, &group));
	assert_report(b, 0, MLD_ALLOW, W0, group, MMA4_A);
	assert_true(bench_req(b, 0, &r));
	assert_addr(&r.p.src, HOA4);
	assert_addr(&r.p.dst, MMA4_A);
	assert_addr(&r.p.m.request.coa, MMA4_A);
	assert_int_equal(r.p.m.request.flags, MIP4_T);
	assert_true(r.rc.has_group_request);
	assert_addr(&r.rc.group_request.group, group);
	assert_true(addr6_is_none(&r.rc.group_request.prev));
	assert_true(r.rc.off[RC4_GROUP_REQUEST] > r.p.m.ext.auth[MIP4_MH].off); /* the home agent never sees it */
	assert_true(mip4_is_covered(&r.p.m.ext, r.rc.off[RC4_GROUP_REQUEST], MIP4_MF));
	assert_true(sa4_verify(&b->k.key[K_A], &crypto_openssl, r.p.msg, &r.p.m.ext.auth[MIP4_MF]));
	struct lladdr ll = link_ll(L_A1);
	assert_true(lladdr_eq(&r.s.fx->send.lladdr, &ll));
	const struct dp_downlink_in *down = &kit_dp(&b->k, FX_DP_PUT, DP_DOWNLINK_IN, 0)->downlink_in;
	assert_addr(&down->dst, group);
	assert_addr(&down->src, MMA4_A);
	assert_int_equal(down->encap, DP_ENCAP_GRE);
	const struct dp_local *listen = &kit_dp(&b->k, FX_DP_PUT, DP_LOCAL, 0)->local;
	assert_addr(&listen->addr, group);
	assert_int_equal(listen->flags, DP_LOCAL_MH);
	assert_null(bench_uplink(b, 0));
	assert_int_equal(kit_n_fx(&b->k, FX_JOIN), 1);
	bench_state(b, "joining");

	bench_accept4(b, &r);
	bench_state(b, "away-site");
	const struct dp_uplink_out *up = bench_uplink(b, 0);
	assert_non_null(up);
	assert_int_equal(up->encap, DP_ENCAP_GRE);
	assert_addr(&up->src, A("10.2.255.7"));
	assert_addr(&up->dst, MMA4_A);
	assert_true(lladdr_eq(&up->next_hop, &ll));
	struct addr6 hoa = HOA4;
	assert_int_equal(up->gre_key, sa_uplink_key(&b->k.key[K_A], &crypto_openssl, &hoa, r.p.m.request.id));
	bench_run(b, span_s(1));
	assert_int_equal(bench_n_reports(b), 3); /* repeated */
	assert_int_equal(kit_counted(&b->k), 0);
}

/* H-11, make before break: the report is the first thing on the new link, and no message goes to anybody. */
static void intra_site_make_before_break(void **state)
{
	struct bench *b = *state;
	bench_to(b, W0, L_A1);
	bench_shows(b, "mobiles", "mobile", "intra-site", "0");
	bench_link(b, W1, true);
	struct report r;
	struct sent sol;
	assert_true(bench_report(b, 0, &r));
	assert_int_equal(r.s.fx->send.ifindex, W1);
	assert_int_equal(kit_dp(&b->k, FX_DP_PUT, DP_IF, 0)->iface.ifindex, W1);
	assert_ptr_equal(bench_first(b)->kind == FX_DP_PUT ? (const void *)1 : NULL, (const void *)1); /* the interface itself */
	assert_true(bench_sol(b, 0, &sol));
	assert_true(r.s.pos < sol.pos);
	assert_null(bench_uplink(b, 0)); /* by the old link until the router is known */
	bench_clear(b);
	bench_hear(b, W1, L_A2);
	const struct dp_uplink_out *up = bench_uplink(b, 0);
	assert_non_null(up);
	assert_int_equal(up->ifindex, W1);
	struct lladdr ll = link_ll(L_A2);
	assert_true(lladdr_eq(&up->next_hop, &ll));
	bench_state(b, "away-site");
	bench_shows(b, "mobiles", "mobile", "intra-site", "1");
	bench_clear(b);
	bench_run(b, span_s(1));
	assert_report(b, 2, MLD_BLOCK, W0, r.group, MMA4_A); /* behind two repetitions on the new link: the old one is drained */
	assert_int_equal(bench_n_req(b), 0);
	assert_int_equal(kit_counted(&b->k), 0);
}

/* The same with one interface: the carrier goes and comes. */
static void intra_site_break_before_make(void **state)
{
	struct bench *b = *state;
	bench_to(b, W0, L_A1);
	bench_link(b, W0, false);
	bench_state(b, "nowhere");
	bench_clear(b);
	bench_link(b, W0, true);
	struct report r;
	assert_true(bench_report(b, 0, &r));
	assert_ptr_equal(r.s.fx, bench_first(b));
	bench_hear(b, W0, L_A2);
	const struct dp_uplink_out *up = bench_uplink(b, 0);
	struct lladdr ll = link_ll(L_A2);
	assert_non_null(up);
	assert_true(lladdr_eq(&up->next_hop, &ll));
	bench_state(b, "away-site");
	bench_run(b, span_s(1));
	assert_int_equal(bench_n_req(b), 0);
	assert_int_equal(bench_n_sol(b), 1);
}

/* H-16: another site by another link. The new agent hears of the old one, the old one of the new one when the home agent has accepted. */
static void inter_site_make_before_break(void **state)
{
	struct bench *b = *state;
	struct req r, bye;
	bench_to(b, W0, L_A1);
	bench_link(b, W1, true);
	bench_clear(b);
	bench_hear(b, W1, L_B1);
	assert_true(bench_req(b, 0, &r));
	assert_int_equal(bench_n_req(b), 1);
	assert_addr(&r.p.dst, MMA4_B);
	assert_addr(&r.rc.group_request.prev, MMA4_A);
	assert_true(sa4_verify(&b->k.key[K_B], &crypto_openssl, r.p.msg, &r.p.m.ext.auth[MIP4_MF]));
	assert_null(bench_uplink(b, 0)); /* the old one serves until then */
	bench_accept4(b, &r);
	bench_state(b, "away-site");
	assert_addr(&bench_uplink(b, 0)->dst, MMA4_B);
	assert_true(bench_req(b, 1, &bye));
	assert_addr(&bye.p.dst, MMA4_A);
	assert_addr(&bye.p.src, HOA4);
	assert_int_equal(bye.s.fx->send.ifindex, 0); /* as any packet of the mobile: through the new uplink */
	assert_int_equal(bye.p.m.request.lifetime_s, 0);
	assert_addr(&bye.p.m.request.coa, MMA4_A);
	assert_true(bye.rc.has_forward);
	assert_addr(&bye.rc.forward.to, MMA4_B);
	assert_addr(&bye.rc.forward.agent, MMA4_B);
	assert_int_equal(bye.rc.forward.time_s, 10);
	assert_int_equal(bye.rc.forward.flags, 0); /* the old link is still heard */
	assert_true(mip4_is_covered(&bye.p.m.ext, bye.rc.off[RC4_FORWARD], MIP4_MF));
	assert_true(sa4_verify(&b->k.key[K_A], &crypto_openssl, bye.p.msg, &bye.p.m.ext.auth[MIP4_MF]));
	assert_true((int64_t)(bye.p.m.request.id - r.p.m.request.id) > 0);
	bench_clear(b);
	bench_run(b, span_ms(900));
	assert_int_equal(bench_n_req(b), 0);
	assert_int_equal(kit_fx(&b->k, FX_LEAVE, 0) != NULL, false); /* it waits for the agent's word */
	struct rc4 rc = {.has_forward = true, .forward = bye.rc.forward};
	bench_reply(b, &bye, &(struct answer4){.code = 0, .no_mh = true, .rc = &rc, .src = MMA4_A});
	bench_run(b, span_ms(300));
	assert_int_equal(kit_fx(&b->k, FX_LEAVE, 0)->group.ifindex, W0);
	bench_run(b, span_s(60));
	assert_int_equal(bench_n_req(b), 0);
	assert_int_equal(kit_counted(&b->k), 0);
}

/* The old agent does not answer: it is asked again, at the back-off. A forged answer changes nothing. */
static void leaving_is_repeated(void **state)
{
	struct bench *b = *state;
	struct req r, bye;
	bench_to(b, W0, L_A1);
	bench_link(b, W0, false);
	bench_link(b, W0, true);
	bench_clear(b);
	bench_hear(b, W0, L_B1);
	assert_true(bench_req(b, 0, &r));
	bench_accept4(b, &r);
	bench_clear(b);
	bench_run(b, span_s(4));
	assert_int_equal(bench_n_req(b), 2);
	assert_true(bench_req(b, 1, &bye));
	assert_int_equal(bye.rc.forward.flags, RC_FORWARD_GONE);
	bench_reply(b, &bye, &(struct answer4){.code = 0, .no_mh = true, .bad_mf = true, .src = MMA4_A});
	assert_int_equal(b->k.count.n[R_AUTH_BAD], 1);
	bench_reply(b, &bye, &(struct answer4){.code = 0, .no_mh = true, .no_mf = true, .src = MMA4_A});
	assert_int_equal(b->k.count.n[R_AUTH_MISSING], 1);
	bench_clear(b);
	bench_run(b, span_s(5));
	assert_int_equal(bench_n_req(b), 1);
	assert_true(bench_req(b, 0, &bye));
	bench_reply(b, &bye, &(struct answer4){.code = 0, .no_mh = true, .src = MMA4_A});
	bench_clear(b);
	bench_run(b, span_s(100));
	assert_int_equal(bench_n_req(b), 0);
}

/* The candidate is another mobile's: the agent names a free one, which is joined and asked for. */
static void group_is_taken(void **state)
{
	struct bench *b = *state;
	struct req r;
	bench_link(b, W0, true);
	bench_clear(b);
	bench_hear(b, W0, L_A1);
	struct addr6 first = group_of(b), other = A("232.128.9.9");
	assert_true(bench_req(b, 0, &r));
	struct rc4 rc = {.has_group_answer = true, .group_answer = {.status = RC4_GROUP_TAKEN, .group = other}};
	bench_clear(b);
	bench_reply(b, &r, &(struct answer4){.code = MIP4_FA_UNSPECIFIED, .no_mh = true, .rc = &rc, .src = MMA4_A});
	assert_report(b, 0, MLD_BLOCK, W0, first, MMA4_A);
	assert_report(b, 1, MLD_ALLOW, W0, other, MMA4_A);
	assert_true(bench_req(b, 0, &r));
	assert_addr(&r.rc.group_request.group, other);
	assert_int_equal(b->k.count.n[R_MMA_GROUP_TAKEN], 1);
	bench_accept4(b, &r);
	bench_state(b, "away-site");
}

/* An agent that has no key for the mobile cannot say so authentically: the wait is cut short, and the link is one without an agent. */
static void refused_by_the_agent(void **state)
{
	struct bench *b = *state;
	struct req r;
	bench_link(b, W0, true);
	bench_local(b, W0, A("10.2.16.77"), false);
	bench_hear(b, W0, L_A1);
	assert_true(bench_req(b, 0, &r));
	bench_reply(b, &r, &(struct answer4){.code = MIP4_FA_MN_AUTH, .no_mh = true, .no_mf = true, .src = MMA4_A});
	bench_state(b, "joining"); /* a word without authentication */
	bench_clear(b);
	bench_run(b, span_ms(1001));
	bench_last_req(b, &r);
	assert_addr(&r.p.dst, HA4);
	assert_addr(&r.p.m.request.coa, A("10.2.16.77"));
	bench_accept4(b, &r);
	bench_state(b, "away-plain");
}

/* H-8: the home link takes precedence over the site's agent. */
static void home_takes_precedence(void **state)
{
	struct bench *b = *state;
	bench_link(b, W0, true);
	struct adv4 a = bench_adv4(b, L_HOME);
	a.has_mma = true;
	a.mma = bench_adv4(b, L_A1).mma;
	bench_adv4_of(b, W0, L_HOME, &a);
	bench_state(b, "home");
	assert_int_equal(bench_n_req(b), 0);
	assert_int_equal(bench_n_reports(b), 0);
}

/* RFC 3376 5.2: a query is answered for the group, by the version that asked. */
static void queries_are_answered(void **state)
{
	struct bench *b = *state;
	struct report r;
	bench_to(b, W0, L_A1);
	uint8_t buf[64];
	struct addr6 src = A("10.2.16.1");
	struct igmp_query q = {.version = 3, .max_response_ms = 1000, .robustness = 2, .interval_s = 125};
	size_t n = igmp_query_packet_build(buf, sizeof buf, &src, &q);
	bench_rx(b, W0, DP_PUNT_IGMP, link_ll(L_A1), buf, n);
	assert_true(bench_report(b, 0, &r));
	assert_int_equal(r.type, MLD_IS_IN);
	struct addr6 group = r.group;
	bench_clear(b);
	q.group = A("232.1.1.1");
	n = igmp_query_packet_build(buf, sizeof buf, &src, &q);
	bench_rx(b, W0, DP_PUNT_IGMP, link_ll(L_A1), buf, n);
	assert_int_equal(bench_n_reports(b), 0); /* not ours */
	q.version = 2;
	q.group = group;
	n = igmp_query_packet_build(buf, sizeof buf, &src, &q);
	bench_rx(b, W0, DP_PUNT_IGMP, link_ll(L_A1), buf, n);
	struct igmp_packet p;
	struct sent s = {0};
	assert_true(bench_sent(b, 0, &s));
	assert_int_equal(igmp_packet_parse(s.pkt, s.len, &p), W_OK);
	assert_int_equal(p.kind, IGMP2_REPORT);
	assert_addr(&p.group, group);
	buf[23] ^= 1;
	bench_rx(b, W0, DP_PUNT_IGMP, link_ll(L_A1), buf, n);
	assert_int_equal(b->k.count.n[R_IGMP_INVALID], 1);
}

/* The membership at the home agent is refreshed through the site's agent, with the same group. */
static void refresh(void **state)
{
	struct bench *b = *state;
	struct req r;
	bench_to(b, W0, L_A1);
	for (int i = 0; i < 160; i++) { /* the router goes on advertising */
		bench_run(b, span_s(3));
		bench_hear(b, W0, L_A1);
		if (bench_req(b, 0, &r))
			break;
	}
	bench_last_req(b, &r);
	assert_true(r.rc.has_group_request);
	bench_accept4(b, &r);
	bench_state(b, "away-site");
	assert_non_null(bench_uplink(b, 0)); /* with the new key */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH_TEST(first_registration, V4, 1),
		BENCH_TEST(intra_site_make_before_break, V4, 2),
		BENCH_TEST(intra_site_break_before_make, V4, 1),
		BENCH_TEST(inter_site_make_before_break, V4, 2),
		BENCH_TEST(leaving_is_repeated, V4, 1),
		BENCH_TEST(group_is_taken, V4, 1),
		BENCH_TEST(refused_by_the_agent, V4, 1),
		BENCH_TEST(home_takes_precedence, V4, 1),
		BENCH_TEST(queries_are_answered, V4, 1),
		BENCH_TEST(refresh, V4, 1),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
