/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile node registers in IPv4: RFC 5944 3.6, RFC 2794, RFC 3024 4.1, H-7. */
#include <stdio.h>

#include "../kit/mn4_bench.h"

/* H-7, 3.6.1: through a foreign agent: its care-of address, the home address as source, straight to its link-layer address. */
static void through_a_foreign_agent(void **state)
{
	struct bench *b = *state;
	struct req r;
	struct sent sol;

	assert_int_equal(kit_fx(&b->k, FX_ADDR_ADD, 0)->addr.ifindex, IFINDEX_ROAM0); /* before any link */
	bench_clear(b);
	bench_link(b, W0, true);
	assert_true(bench_sol(b, 0, &sol));
	assert_int_equal(bench_n_req(b), 0);
	bench_clear(b);

	bench_hear(b, W0, L_FA1);
	assert_true(bench_req(b, 0, &r));
	assert_int_equal(bench_n_req(b), 1);
	assert_addr(&r.p.src, HOA4);
	assert_addr(&r.p.dst, FA1);
	assert_int_equal(r.p.ttl, 255); /* RFC 3024 4.1.1 */
	assert_addr(&r.p.m.request.hoa, HOA4);
	assert_addr(&r.p.m.request.ha, HA4);
	assert_addr(&r.p.m.request.coa, FA1);
	assert_int_equal(r.p.m.request.flags, MIP4_T);
	assert_int_equal(r.p.m.request.lifetime_s, 600);
	assert_false(r.p.m.ext.has_revocation); /* RFC 3543 3.2: not through an agent */
	assert_false(r.p.m.ext.has_udp_request); /* RFC 3519 4.4 */
	struct lladdr ll = link_ll(L_FA1);
	assert_true(r.s.fx->send.has_lladdr);
	assert_true(lladdr_eq(&r.s.fx->send.lladdr, &ll));
	assert_int_equal(r.s.fx->send.ifindex, W0);
	assert_null(bench_uplink(b, 0));
	bench_state(b, "registering");

	bench_accept4(b, &r);
	bench_state(b, "away-plain");
	bench_shows(b, "mobiles", "mobile", "care-of", "foreign-agent");
	const struct dp_uplink_out *up = bench_uplink(b, 0);
	assert_non_null(up);
	assert_int_equal(up->encap, DP_ENCAP_NONE);
	assert_addr(&up->inner_src, HOA4);
	assert_true(lladdr_eq(&up->next_hop, &ll));
	assert_int_equal(kit_counted(&b->k), 0);
}

/* 3.6.1.1, 3.6.1.2: with an address that the host got: D, the care-of address as source, to the home agent itself. */
static void with_an_address_of_its_own(void **state)
{
	struct bench *b = *state;
	struct req r;

	bench_link(b, W0, true);
	bench_local(b, W0, OWN, false);
	assert_int_equal(bench_n_req(b), 0); /* an agent may yet be heard (2.4) */
	bench_run(b, span_ms(1100));
	assert_true(bench_req(b, 0, &r));
	assert_addr(&r.p.src, OWN);
	assert_addr(&r.p.dst, HA4);
	assert_addr(&r.p.m.request.coa, OWN);
	assert_int_equal(r.p.m.request.flags, MIP4_D | MIP4_T);
	assert_false(r.s.fx->send.has_lladdr); /* the kernel knows the router */
	assert_true(r.p.m.ext.has_udp_request);
	assert_true(r.p.m.ext.has_revocation);
	const struct dp_downlink_in *down = &kit_dp(&b->k, FX_DP_PUT, DP_DOWNLINK_IN, 0)->downlink_in;
	assert_addr(&down->dst, OWN);
	assert_addr(&down->src, HA4);
	assert_addr(&down->home_address, HOA4);
	assert_int_equal(down->encap, DP_ENCAP_IPIP);

	bench_accept4(b, &r);
	bench_state(b, "away-plain");
	bench_shows(b, "mobiles", "mobile", "care-of", "co-located");
	const struct dp_uplink_out *up = bench_uplink(b, 0);
	assert_non_null(up);
	assert_int_equal(up->encap, DP_ENCAP_IPIP);
	assert_addr(&up->src, OWN);
	assert_addr(&up->dst, HA4);
	struct lladdr ll = link_ll(L_P1); /* who brought the reply */
	assert_true(lladdr_eq(&up->next_hop, &ll));
	assert_int_equal(kit_counted(&b->k), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH_TEST(through_a_foreign_agent, V4, 1),
		BENCH_TEST(with_an_address_of_its_own, V4, 1),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
