/* SPDX-License-Identifier: BSD-2-Clause */
/* A mobile node of both families: one decision of the link, both memberships at once, and a link is let go when neither needs it (H-7, H-11). And
 * one of IPv4 alone does nothing in IPv6. */
#include <stdio.h>

#include "../kit/mn4_bench.h"
#include "wire/mip6/mh_packet.h"
#include "wire/nd/nd.h"

#define HOA6 A("2001:db8:1::100")
#define MMA6 A("2001:db8:2::1")
#define ACOA6 A("2001:db8:2:ff::5")

static void both(struct mn_conf *c)
{
	c->home_address = HOA6;
	c->home_agent = A("2001:db8:1::1");
	c->mma[0].addr = MMA6;
	assert_true(prefix46_parse(&c->home_prefix, "2001:db8:1::/64"));
	assert_true(prefix46_parse(&c->group_prefix, "ff35::/64"));
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof *b);
	bench_init(b, 2, both);
	*state = b;
	return 0;
}

static int setup4(void **state)
{
	struct bench *b = calloc(1, sizeof *b);
	bench_init(b, 2, NULL);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	bench_fini(*state);
	free(*state);
	return 0;
}

static void hear6(struct bench *b, uint32_t ifindex, enum bench_link l, const char *prefix)
{
	struct lladdr ll = link_ll(l);
	struct nd_ra ra = {.hop_limit = 64, .lifetime_s = 30, .has_slla = true, .slla = ll, .n_prefix = 1, .has_adv_interval = true,
			   .adv_interval_ms = 1000, .has_map = l != L_HOME, .has_site = l != L_HOME,
			   .map = {.distance = 1, .preference = 15, .valid_s = 60, .addr = MMA6}};
	ra.prefix[0] = (struct nd_prefix){.addr = A(prefix), .len_bits = 64, .is_onlink = true, .is_auto = true, .valid_s = 3600, .preferred_s = 3600};
	strcpy(ra.site.name, "a");
	uint8_t buf[512];
	struct addr6 src = addr6_linklocal(&ll);
	size_t n = ra_packet_build(buf, sizeof buf, &src, &addr6_allnodes, &ra);
	assert_true(bench_rx(b, ifindex, DP_PUNT_RA, ll, buf, n));
}

static bool is_bu(const struct sent *s, struct mh_packet *p)
{
	return s->pkt[0] >> 4 == 6 && mh_packet_parse(s->pkt, s->len, p) == W_OK && p->mh.type == MH_BU;
}

/* Answers the binding update that waits; false when there is none. */
static bool accept6(struct bench *b)
{
	struct sent s, found = {0};
	struct mh_packet p = {0}, last = {0};
	for (uint32_t at = 0; bench_sent(b, at, &s); at = s.pos + 1)
		if (!s.fx->send.is_arp && is_bu(&s, &p)) {
			last = p;
			found = s;
		}
	if (!found.fx)
		return false;
	struct addr6 hoa = HOA6, mma = MMA6;
	bool is_mma = addr6_eq(&last.dst, &mma);
	const struct sa_key *k = &b->k.key[is_mma ? K_A : K_HOME];
	struct mh m = {.type = MH_BA, .ba = {.seq = last.mh.bu.seq, .lifetime_s = last.mh.bu.lifetime_s}};
	m.opt.has_auth = m.opt.has_mesg_id = true;
	m.opt.auth.spi = k->spi;
	m.opt.mesg_id = last.mh.opt.mesg_id;
	if (is_mma) {
		m.opt.rc.has_acoa = true;
		m.opt.rc.acoa = (struct rc_acoa){.coa = ACOA6, .lifetime_s = 600};
	}
	uint8_t buf[1280];
	struct mh_built built;
	size_t n = ba_packet_build(buf, sizeof buf, &last.dst, &last.src, last.has_hao ? &hoa : NULL, &m, &built);
	sa_sign(k, &crypto_openssl, mh_packet_coa(&last), &hoa, &built, buf);
	uint32_t ifindex = found.fx->send.ifindex;
	struct lladdr from = found.fx->send.lladdr;
	bench_clear(b);
	return bench_rx(b, ifindex, DP_PUNT_MH, from, buf, n);
}

static void accept4(struct bench *b)
{
	struct req r;
	assert_true(bench_req(b, bench_n_req(b) - 1, &r));
	bench_accept(b, &r);
}

/* Both registered in site A by w0. */
static void to_site(struct bench *b)
{
	bench_link(b, W0, true);
	bench_hear(b, W0, L_A1);
	accept4(b);
	bench_clear(b);
	hear6(b, W0, L_A1, "2001:db8:2:11::");
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
	hear6(b, W1, L_A2, "2001:db8:2:12::");
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
	hear6(b, W0, L_HOME, "2001:db8:1::");
	bench_signal(b, W0, L_HOME, -80, true);
	bench_signal(b, W1, L_A1, -50, false);
	bench_run(b, span_ms(1500));
	bench_signal(b, W0, L_HOME, -80, true);
	bench_signal(b, W1, L_A1, -50, false);
	assert_int_equal(kit_fx(&b->k, FX_ATTACH, 0)->attach.ifindex, W1);
	bench_clear(b);
	bench_link(b, W1, true);
	bench_signal(b, W1, L_A1, -50, true);
	hear6(b, W1, L_A1, "2001:db8:2:11::");
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
	bench_accept(b, &r);
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
			bench_accept(b, &r);
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
	assert_false(bench_rx(b, W0, DP_PUNT_RA, link_ll(L_A1), ra, sizeof ra));
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
	both(&conf);
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
		cmocka_unit_test_setup_teardown(reports_of_both_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(link_is_kept_for_the_other_family, setup, teardown),
		cmocka_unit_test_setup_teardown(mtu_of_the_link, setup, teardown),
		cmocka_unit_test_setup_teardown(one_family_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_of_ipv6, setup4, teardown),
		cmocka_unit_test_setup_teardown(md5_is_for_ipv4_alone, setup4, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
