/* SPDX-License-Identifier: BSD-2-Clause */
/* A mobile node of both families: one decision of the link, both memberships at once, and a link is let go when neither needs it (H-7, H-11). And
 * one of IPv4 alone does nothing in IPv6. */
#include "../kit/mn4_bench.h"
#include "../kit/mn6_bench.h"

static void with_home_prefix(struct bench *b) { assert_true(prefix46_parse(&b->conf.home_prefix, "2001:db8:1::/64")); }

/* Answers the binding update that waits; false when there is none. */
static bool accept6(struct bench *b)
{
	struct bu bu;
	struct addr6 acoa = ACOA_A;
	size_t n = bench_n_mh(b);
	if (n == 0)
		return false;
	assert_true(bench_bu(b, n - 1, &bu));
	bench_clear(b);
	bench_accept(b, &bu, bench_key_of(&bu.p.dst) == K_A ? &acoa : NULL);
	return true;
}

static void accept4(struct bench *b)
{
	struct req r;
	bench_last_req(b, &r);
	bench_accept4(b, &r);
}

/* Both registered in site A by w0. */
static void to_site(struct bench *b)
{
	bench_link(b, W0, true);
	bench_hear(b, W0, L_A1);
	accept4(b);
	bench_clear(b);
	bench_ra(b, W0, L_A1);
	assert_true(accept6(b)); /* the agent */
	assert_true(accept6(b)); /* the home agent */
	bench_run(b, span_ms(2500));
	bench_clear(b);
}

static bool is_mld(const struct sent *s) { return s->pkt[0] >> 4 == 6 && s->pkt[6] == 0 && s->len < 200; }

/* H-11: one handover moves both; both reports are on the new link before anything else is. */
static void reports_of_both_at_once(void **state)
{
	struct bench *b = *state;
	struct igmp_packet p;
	struct sent first = {0}, second = {0};
	to_site(b);
	bench_link(b, W1, true);
	assert_true(bench_sent(b, 0, &first));
	assert_true(bench_sent(b, first.pos + 1, &second));
	assert_true(is_mld(&first));
	assert_int_equal(igmp_packet_parse(second.pkt, second.len, &p), W_OK);
	assert_int_equal(first.fx->send.ifindex, W1);
	assert_int_equal(second.fx->send.ifindex, W1);
	bench_clear(b);
	bench_hear(b, W1, L_A2);
	bench_ra(b, W1, L_A2);
	assert_int_equal(kit_dp(&b->k, FX_DP_PUT, DP_UPLINK_OUT, 0)->uplink_out.ifindex, W1);
	assert_int_equal(kit_dp(&b->k, FX_DP_PUT, DP_UPLINK_OUT, 1)->uplink_out.ifindex, W1);
	assert_int_equal(bench_n_req(b), 0);
	assert_false(accept6(b)); /* no message to anybody */
}

static int n_detached(const struct bench *b, uint32_t ifindex)
{
	int n = 0;
	for (size_t i = 0; kit_fx(&b->k, FX_ATTACH, i); i++)
		n += kit_fx(&b->k, FX_ATTACH, i)->attach.ifindex == ifindex && lladdr_is_zero(&kit_fx(&b->k, FX_ATTACH, i)->attach.router);
	return n;
}

/* IPv4 is registered by the new link while IPv6 still waits for the home agent: the old link is not let go. */
static void link_is_kept_for_the_other_family(void **state)
{
	struct bench *b = *state;
	bench_link(b, W1, false);
	bench_link(b, W0, true);
	bench_hear(b, W0, L_HOME);
	bench_ra(b, W0, L_HOME);
	bench_signal(b, W0, L_HOME, -80, true);
	bench_signal(b, W1, L_A1, -50, false);
	bench_run(b, span_ms(1500));
	bench_signal(b, W0, L_HOME, -80, true);
	bench_signal(b, W1, L_A1, -50, false);
	assert_int_equal(kit_fx(&b->k, FX_ATTACH, 0)->attach.ifindex, W1);
	bench_clear(b);
	bench_link(b, W1, true);
	bench_signal(b, W1, L_A1, -50, true);
	bench_ra(b, W1, L_A1);
	assert_true(accept6(b)); /* the agent of the site; the home agent probes for the address */
	bench_hear(b, W1, L_A1);
	accept4(b);
	bench_clear(b);
	for (int i = 0; i < 9; i++) {
		bench_signal(b, W0, L_HOME, -80, true);
		bench_signal(b, W1, L_A1, -50, true);
		bench_run(b, span_ms(100));
	}
	assert_int_equal(n_detached(b, W0), 0);
	bench_run(b, span_s(2)); /* its repetition */
	bench_signal(b, W1, L_A1, -50, true);
	assert_true(accept6(b));
	bench_run(b, span_ms(300));
	assert_int_equal(n_detached(b, W0), 1);
}

/* No family gets in the other's way: an advertisement of one alone moves that one. */
static void one_family_alone(void **state)
{
	struct bench *b = *state;
	struct req r;
	bench_link(b, W0, true);
	bench_clear(b);
	bench_hear(b, W0, L_FA1);
	assert_true(bench_req(b, 0, &r));
	assert_false(accept6(b));
	bench_accept4(b, &r);
	bench_state(b, "away-plain");
	bench_run(b, span_s(30)); /* IPv6 goes on asking for routers; IPv4 loses its agent */
	bench_clear(b);
	bench_link(b, W0, false);
	bench_state(b, "nowhere");
}

/* The link's MTU changes under a mobile that is there: both uplinks learn it. */
static void mtu_of_the_link(void **state)
{
	struct bench *b = *state;
	struct link_event ev = {.ifindex = W0, .name = "w0", .is_up = true, .lladdr = station_ll(W0), .mtu_oct = 1300};
	to_site(b);
	mn_role.link(b->mn, &ev, b->k.now);
	for (size_t i = 0; i < 2; i++) {
		const struct dp_op *op = kit_dp(&b->k, FX_DP_PUT, DP_UPLINK_OUT, i);
		assert_non_null(op);
		assert_int_equal(op->uplink_out.mtu_oct, 1300);
	}
	assert_int_equal(bench_n_req(b), 0);
}

/* One of IPv4 alone: not a packet, address or route of IPv6, wherever it goes. */
static void nothing_of_ipv6(void **state)
{
	struct bench *b = *state;
	static const enum bench_link way[] = {L_HOME, L_FA1, L_A1, L_B1, L_HOME};
	for (size_t i = 0; i < sizeof way / sizeof *way; i++) {
		bench_link(b, W0, true);
		bench_hear(b, W0, way[i]);
		struct req r;
		if (bench_n_req(b) && bench_req(b, bench_n_req(b) - 1, &r))
			bench_accept4(b, &r);
		bench_run(b, span_s(3));
		for (uint32_t n = 0; n < b->k.fx.n; n++) {
			const struct effect *e = &b->k.fx.fx[n];
			if (e->kind == FX_SEND && !e->send.is_arp)
				assert_int_equal(effq_bytes(&b->k.fx, e->send.off)[0] >> 4, 4);
			if (e->kind == FX_ADDR_ADD || e->kind == FX_ADDR_DEL)
				assert_true(addr6_is_v4mapped(&e->addr.addr));
			if (e->kind == FX_ROUTE_PUT || e->kind == FX_ROUTE_DEL)
				assert_true(addr6_is_v4mapped(&e->route.dst.addr));
			if (e->kind == FX_JOIN)
				assert_true(addr6_is_v4mapped(&e->group.group));
		}
		bench_link(b, W0, false);
		bench_clear(b);
	}
	uint8_t ra[64] = {0x60};
	assert_false(bench_offer(b, W0, DP_PUNT_RA, link_ll(L_A1), ra, sizeof ra));
}

/* A key that only IPv4 may use is refused to IPv6, with the way out. */
static void md5_is_for_ipv4_alone(void **state)
{
	struct bench *b = *state;
	const char *remedy = NULL;
	struct mn_conf conf = b->conf;
	void *mn = calloc(1, mn_role.size_oct);
	b->k.key[K_HOME].alg = MAC_HMAC_MD5;
	assert_int_equal(mn_role.init(mn, &b->k.env, &conf, b->k.now, &remedy), 0);
	mn_role.fini(mn);
	bench_conf(&conf, &(struct bench_want){BOTH, 2});
	assert_int_equal(mn_role.init(mn, &b->k.env, &conf, b->k.now, &remedy), ERR_INVAL);
	assert_non_null(strstr(remedy, "key-v4"));
	conf = b->conf;
	conf.v4.home_prefix.len_bits = 0;
	conf.v4.home_address = addr6_any;
	assert_int_equal(mn_role.init(mn, &b->k.env, &conf, b->k.now, &remedy), ERR_INVAL);
	b->k.key[K_HOME].alg = MAC_HMAC_SHA256;
	free(mn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH_TEST(reports_of_both_at_once, BOTH, 2, with_home_prefix),
		BENCH_TEST(link_is_kept_for_the_other_family, BOTH, 2, with_home_prefix),
		BENCH_TEST(mtu_of_the_link, BOTH, 2, with_home_prefix),
		BENCH_TEST(one_family_alone, BOTH, 2, with_home_prefix),
		BENCH_TEST(nothing_of_ipv6, V4, 2),
		BENCH_TEST(md5_is_for_ipv4_alone, V4, 2),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
