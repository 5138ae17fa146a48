/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile node leaves home and comes back, in IPv4: RFC 5944 2.4.3, 4.6; H-14, H-17, H-20 to H-22. And what a restart knows. */
#include <stdio.h>

#include "../kit/mn4_bench.h"

static bool is_home_addr(const struct effect *e, uint32_t ifindex, uint8_t bits)
{
	struct addr6 hoa = HOA4;
	return e && addr6_eq(&e->addr.addr, &hoa) && e->addr.ifindex == ifindex && e->addr.plen_bits == bits && (e->addr.flags & ADDR_HOME);
}

/* H-21: an ordinary host: the address with its prefix, a default route, and not a message to anybody. */
static void at_home_from_the_start(void **state)
{
	struct bench *b = *state;
	struct arp a;
	struct sent s = {0};
	bench_link(b, W0, true);
	bench_clear(b);
	bench_hear(b, W0, L_HOME);
	bench_state(b, "home");
	assert_int_equal(bench_n_req(b), 0);
	assert_true(is_home_addr(kit_fx(&b->k, FX_ADDR_ADD, 0), W0, 120));
	assert_true(is_home_addr(kit_fx(&b->k, FX_ADDR_DEL, 0), IFINDEX_ROAM0, 128));
	assert_true(bench_pos(b, FX_ADDR_ADD, 0) < bench_pos(b, FX_ADDR_DEL, 0)); /* no socket sees it gone */
	const struct fx_route *r = &kit_fx(&b->k, FX_ROUTE_PUT, 0)->route;
	assert_int_equal(r->dst.len_bits, 96);
	assert_addr(&r->via, HA4);
	assert_true(bench_arp(b, 0, &a, &s));
	assert_int_equal(kit_counted(&b->k), 0);
}

/* 4.6: the steps, in their order. */
static void coming_home(void **state)
{
	struct bench *b = *state;
	struct req r;
	struct arp a;
	struct sent s = {0};
	bench_to(b, W0, L_FA1);
	bench_link(b, W0, false);
	bench_link(b, W0, true);
	bench_clear(b);
	bench_hear(b, W0, L_HOME);
	bench_state(b, "returning");
	assert_true(is_home_addr(kit_fx(&b->k, FX_ADDR_ADD, 0), W0, 120)); /* ARP is answered again */
	assert_true(bench_arp(b, 0, &a, &s));
	assert_true(arp_is_gratuitous(&a));
	assert_addr(&a.sender, HOA4);
	struct lladdr me = station_ll(W0), all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	assert_true(lladdr_eq(&a.sender_ll, &me));
	assert_true(lladdr_eq(&s.fx->send.lladdr, &all));
	assert_true(bench_req(b, 0, &r));
	assert_true(bench_pos(b, FX_ADDR_ADD, 0) < (int)s.pos && s.pos < r.s.pos);
	assert_int_equal(r.p.m.request.lifetime_s, 0);
	assert_addr(&r.p.m.request.coa, HOA4); /* all of them (3.6.1.2) */
	assert_addr(&r.p.src, HOA4);
	assert_addr(&r.p.dst, HA4);
	assert_int_equal(r.p.m.request.flags, 0);
	assert_null(kit_fx(&b->k, FX_ADDR_DEL, 0)); /* from roam0 only when it is confirmed */
	bench_accept4(b, &r);
	bench_state(b, "home");
	assert_true(is_home_addr(kit_fx(&b->k, FX_ADDR_DEL, 0), IFINDEX_ROAM0, 128));
	assert_non_null(kit_dp(&b->k, FX_DP_DEL, DP_UPLINK_OUT, 0));
	bench_clear(b);
	bench_run(b, span_s(5));
	assert_true(bench_arp(b, 1, &a, &s)); /* repeated, beside the registration */
	assert_false(bench_arp(b, 2, &a, &s));
}

/* The home agent does not answer: asked again; it refuses: the mobile is home all the same, and says so. */
static void coming_home_without_an_answer(void **state)
{
	struct bench *b = *state;
	struct req r;
	bench_to(b, W0, L_FA1);
	bench_link(b, W0, false);
	bench_link(b, W0, true);
	bench_hear(b, W0, L_HOME);
	bench_clear(b);
	bench_run(b, span_ms(3500));
	assert_int_equal(bench_n_req(b), 2);
	assert_true(bench_req(b, 1, &r));
	bench_refuse(b, &r, MIP4_HA_PROHIBITED);
	bench_state(b, "home");
	bench_clear(b);
	for (int i = 0; i < 21; i++) { /* the operator may have mended it */
		bench_run(b, span_s(3));
		bench_hear(b, W0, L_HOME);
	}
	assert_true(bench_req(b, 0, &r));
	assert_int_equal(r.p.m.request.lifetime_s, 0);
}

/* 4.6 the other way: ARP ends before the request leaves; with the home link still up, what is sent goes by it until the new place is confirmed. */
static void leaving_home(void **state)
{
	struct bench *b = *state;
	struct req r;
	bench_to(b, W0, L_HOME);
	bench_link(b, W1, true);
	bench_clear(b);
	bench_hear(b, W1, L_FA1);
	assert_true(bench_req(b, 0, &r));
	assert_true(is_home_addr(kit_fx(&b->k, FX_ADDR_ADD, 0), IFINDEX_ROAM0, 128));
	assert_true(is_home_addr(kit_fx(&b->k, FX_ADDR_DEL, 0), W0, 120));
	assert_true(bench_pos(b, FX_ADDR_ADD, 0) < bench_pos(b, FX_ADDR_DEL, 0) && bench_pos(b, FX_ADDR_DEL, 0) < (int)r.s.pos);
	const struct effect *up = kit_fx(&b->k, FX_DP_PUT, 0);
	const struct lladdr home_router = link_ll(L_HOME);
	assert_int_equal(up->dp.table, DP_UPLINK_OUT);
	assert_int_equal(up->dp.uplink_out.ifindex, W0);
	assert_int_equal(up->dp.uplink_out.encap, DP_ENCAP_NONE);
	assert_true(memcmp(&up->dp.uplink_out.next_hop, &home_router, sizeof home_router) == 0);
	assert_int_equal(kit_n_fx(&b->k, FX_ROUTE_PUT), 3);
	for (size_t i = 0; i < 3; i++) { /* at no time is there no way: the kernel drops the interface's with the address */
		assert_int_equal(kit_fx(&b->k, FX_ROUTE_PUT, i)->route.ifindex, IFINDEX_ROAM0);
		assert_true(bench_pos(b, FX_DP_PUT, 0) < bench_pos(b, FX_ROUTE_PUT, i));
		assert_true(bench_pos(b, FX_ROUTE_PUT, i) < bench_pos(b, FX_ADDR_DEL, 0));
	}
	bench_clear(b);
	bench_reply_from(b, &r, &(struct answer4){.code = 0}, link_ll(L_FA1));
	bench_state(b, "away-plain");
	assert_int_equal(kit_fx(&b->k, FX_DP_PUT, 0)->dp.uplink_out.ifindex, W1);
	assert_int_equal(kit_n_fx(&b->k, FX_DP_DEL), 0);
}

/* Before the new place is confirmed the home link goes: nothing is sent on what comes up there next. */
static void home_link_goes_down_while_leaving(void **state)
{
	struct bench *b = *state;
	bench_to(b, W0, L_HOME);
	bench_link(b, W1, true);
	bench_hear(b, W1, L_FA1);
	bench_clear(b);
	bench_link(b, W0, false);
	assert_int_equal(kit_n_fx(&b->k, FX_DP_DEL), 1);
	assert_int_equal(kit_fx(&b->k, FX_DP_DEL, 0)->dp.table, DP_UPLINK_OUT);
}

/* The carrier goes: the address does not stay on a link that may come up elsewhere. */
static void home_link_goes_down(void **state)
{
	struct bench *b = *state;
	bench_to(b, W0, L_HOME);
	bench_link(b, W0, false);
	bench_state(b, "nowhere");
	assert_true(is_home_addr(kit_fx(&b->k, FX_ADDR_ADD, 0), IFINDEX_ROAM0, 128));
	assert_true(is_home_addr(kit_fx(&b->k, FX_ADDR_DEL, 0), W0, 120));
	assert_true(kit_n_fx(&b->k, FX_ROUTE_DEL) >= 1);
	bench_clear(b);
	bench_link(b, W0, true);
	bench_hear(b, W0, L_HOME);
	bench_state(b, "home");
	assert_true(is_home_addr(kit_fx(&b->k, FX_ADDR_ADD, 0), W0, 120));
	assert_true(is_home_addr(kit_fx(&b->k, FX_ADDR_DEL, 0), IFINDEX_ROAM0, 128));
	assert_int_equal(kit_fx(&b->k, FX_ROUTE_PUT, 0)->route.ifindex, W0);
	assert_int_equal(bench_n_req(b), 0);
}

static void send_arp_request(struct bench *b, struct lladdr from, struct addr6 sender, struct lladdr target_ll)
{
	struct arp q = arp_request(&from, &sender, &(struct addr6){{0}});
	q.target = HOA4;
	q.target_ll = target_ll;
	uint8_t buf[ARP_OCT];
	size_t n = arp_build(buf, sizeof buf, &q);
	(void)bench_offer(b, W0, DP_PUNT_ARP, from, buf, n);
}

/* 4.6: away, only the agent's unicast request is answered, and by unicast. */
static void arp_away_from_home(void **state)
{
	struct bench *b = *state;
	struct arp a;
	struct sent s = {0};
	struct lladdr none = {{0}}, me = station_ll(W0);
	bench_to(b, W0, L_FA1);
	send_arp_request(b, link_ll(L_FA1), FA1, none);         /* by broadcast */
	send_arp_request(b, link_ll(L_P1), A("10.3.1.9"), me); /* another station */
	assert_false(bench_arp(b, 0, &a, &s));
	send_arp_request(b, link_ll(L_FA1), FA1, me);
	assert_true(bench_arp(b, 0, &a, &s));
	assert_int_equal(a.op, ARP_REPLY);
	assert_addr(&a.sender, HOA4);
	struct lladdr fa = link_ll(L_FA1);
	assert_true(lladdr_eq(&s.fx->send.lladdr, &fa));
	assert_false(bench_arp(b, 1, &a, &s));
	uint8_t junk[ARP_OCT] = {0};
	(void)bench_offer(b, W0, DP_PUNT_ARP, fa, junk, sizeof junk);
	assert_int_equal(b->k.count.n[R_ARP_INVALID], 1);
}

/* H-17: from a site home: the agent is asked to send on to the home address. */
static void home_from_a_site(void **state)
{
	struct bench *b = *state;
	struct req r, bye;
	struct addr6 hoa = HOA4;
	bench_to(b, W0, L_A1);
	bench_link(b, W1, true);
	bench_clear(b);
	bench_hear(b, W1, L_HOME);
	assert_true(bench_req(b, 0, &r));
	bench_accept4(b, &r);
	bench_state(b, "home");
	assert_true(bench_req(b, 1, &bye));
	assert_addr(&bye.p.dst, MMA4_A);
	assert_true(bye.rc.has_forward);
	assert_addr(&bye.rc.forward.to, HOA4);
	assert_true(addr6_is_none(&bye.rc.forward.agent));
	bool is_open = false; /* what it forwards is a tunnel to the home address */
	for (size_t i = 0; kit_dp(&b->k, FX_DP_PUT, DP_DOWNLINK_IN, i); i++) {
		const struct dp_downlink_in *d = &kit_dp(&b->k, FX_DP_PUT, DP_DOWNLINK_IN, i)->downlink_in;
		is_open |= addr6_eq(&d->dst, &hoa) && d->encap == DP_ENCAP_IPIP;
	}
	assert_true(is_open);
	bench_clear(b);
	struct rc4 rc = {.has_forward = true, .forward = bye.rc.forward};
	bench_reply_from(b, &bye, &(struct answer4){.code = 0, .no_mh = true, .rc = &rc, .src = MMA4_A}, link_ll(L_HOME));
	bench_run(b, span_s(9)); /* it goes on for the time that was granted */
	assert_null(kit_dp(&b->k, FX_DP_DEL, DP_DOWNLINK_IN, 1));
	bench_run(b, span_s(5));
	assert_non_null(kit_dp(&b->k, FX_DP_DEL, DP_DOWNLINK_IN, 1)); /* of the group, and of the forwarding */
}

/* --- restart ----------------------------------------------------------------------------------------------------- */

static int revive(struct bench *b, const struct kept *k)
{
	bench_restart(b);
	int err = bench_restore(b, k);
	mn_role.restored(b->mn, b->k.now);
	return err;
}

/* Killed while it waited for an agent's answer: that may hold a binding, and is left once another place is confirmed; no identification
 * is used twice; at home the home agent is told. */
static void restart(void **state)
{
	struct bench *b = *state;
	struct req before, r;
	struct kept k;
	bench_link(b, W0, true);
	bench_hear(b, W0, L_A1);
	assert_true(bench_req(b, 0, &before));
	bench_keep(b, STORE_MN4, &k);
	b->k.now.wall.ns -= NS_PER_S / 2; /* a clock that was set back a little */
	assert_int_equal(revive(b, &k), 0);
	bench_link(b, W0, true);
	bench_hear(b, W0, L_HOME);
	bench_state(b, "returning");
	assert_true(bench_req(b, 0, &r));
	assert_true((int64_t)(r.p.m.request.id - before.p.m.request.id) > 0);
	bench_clear(b);
	bench_reply_from(b, &r, &(struct answer4){.code = 0}, link_ll(L_HOME));
	bench_state(b, "home");
	assert_true(bench_req(b, 0, &r));
	assert_addr(&r.p.dst, MMA4_A);
	assert_int_equal(r.p.m.request.lifetime_s, 0);
	for (size_t cut = 0; cut < k.val_len; cut++) { /* a record that was cut short is none */
		struct kept half = k;
		half.val_len = cut;
		(void)revive(b, &half);
	}
	struct kept other = k;
	other.key[15] ^= 1;
	assert_int_equal(revive(b, &other), ERR_NOTFOUND);
}

/* Killed at home: the address lies on a link that is down when the daemon comes back. */
static void restart_away_from_home(void **state)
{
	struct bench *b = *state;
	struct kept k;
	bench_to(b, W0, L_FA1);
	bench_link(b, W0, false);
	bench_link(b, W0, true);
	bench_hear(b, W0, L_HOME);
	struct req r;
	bench_last_req(b, &r);
	bench_accept4(b, &r);
	bench_keep(b, STORE_MN4, &k);
	assert_int_equal(revive(b, &k), 0);
	assert_null(kit_fx(&b->k, FX_ADDR_ADD, 0)); /* until the link speaks */
	bench_link(b, W0, false);
	assert_true(is_home_addr(kit_fx(&b->k, FX_ADDR_ADD, 0), IFINDEX_ROAM0, 128));
	assert_true(is_home_addr(kit_fx(&b->k, FX_ADDR_DEL, 0), W0, 120));
}

/* A clean stop takes everything back. */
static void stop(void **state)
{
	struct bench *b = *state;
	bench_to(b, W0, L_A1);
	mn_role.stop(b->mn, b->k.now);
	assert_true(is_home_addr(kit_fx(&b->k, FX_ADDR_DEL, 0), IFINDEX_ROAM0, 128));
	assert_int_equal(kit_n_fx(&b->k, FX_LEAVE), 1);
	assert_non_null(kit_dp(&b->k, FX_DP_DEL, DP_UPLINK_OUT, 0));
	assert_non_null(kit_dp(&b->k, FX_DP_DEL, DP_DOWNLINK_IN, 0));
	assert_non_null(kit_dp(&b->k, FX_DP_DEL, DP_LOCAL, 1));
	assert_non_null(kit_dp(&b->k, FX_DP_DEL, DP_IF, 0));
	assert_int_equal(kit_n_fx(&b->k, FX_ROUTE_DEL), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH_TEST(at_home_from_the_start, V4, 1),
		BENCH_TEST(coming_home, V4, 1),
		BENCH_TEST(coming_home_without_an_answer, V4, 1),
		BENCH_TEST(leaving_home, V4, 2),
		BENCH_TEST(home_link_goes_down_while_leaving, V4, 2),
		BENCH_TEST(home_link_goes_down, V4, 1),
		BENCH_TEST(arp_away_from_home, V4, 1),
		BENCH_TEST(home_from_a_site, V4, 2),
		BENCH_TEST(restart, V4, 1),
		BENCH_TEST(restart_away_from_home, V4, 1),
		BENCH_TEST(stop, V4, 1),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
