/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The home agent of Mobile IPv4 on its home link: proxy and gratuitous ARP (RFC 5944 4.6), the mobile's return (3.8.3.1), broadcasts
 * (4.3). Requirement: H-7.
 */
#include "../kit/ha4_kit.h"
#include "wire/gre/gre.h"

#define SEND(...) bench_send(&b, (struct request){__VA_ARGS__})
#define ACCEPTED MIP4_ACCEPTED

static const struct lladdr t_host_ll = {{2, 0, 0, 0, 0, 7}};
static const struct addr6 t_host = V4(10, 1, 0, 7), t_everybody = V4(255, 255, 255, 255);

static size_t n_arp(const struct bench *b)
{
	struct arp a;
	const struct effect *fx = NULL;
	size_t n = 0;
	while (bench_arp(b, n, &a, &fx))
		n++;
	return n;
}

static bool hear_arp(struct bench *b, const struct arp *a, uint32_t ifindex)
{
	uint8_t buf[ARP_OCT];
	struct rx rx = {.ifindex = ifindex, .why = DP_PUNT_ARP, .lladdr_src = a->sender_ll, .pkt = buf, .len_oct = arp_build(buf, sizeof buf, a)};
	kit_clear(&b->k);
	return ha_role.rx(b->ha, &rx, b->k.now);
}

/* Both forms of an announcement that says where the home address is, by broadcast on the home link. */
static void is_announced(const struct bench *b, size_t from, const struct lladdr *at)
{
	struct arp a;
	const struct effect *fx = NULL;
	for (size_t i = 0; i < 2; i++) {
		assert_true(bench_arp(b, from + i, &a, &fx));
		assert_int_equal(a.op, i == 0 ? ARP_REQUEST : ARP_REPLY);
		assert_true(arp_is_gratuitous(&a) && addr6_eq(&a.sender, &t_hoa));
		assert_true(lladdr_eq(&a.sender_ll, at));
		assert_true(fx->send.has_lladdr && lladdr_eq(&fx->send.lladdr, &t_all_ll));
		assert_int_equal(fx->send.ifindex, T_HOME_IF);
	}
}

/* 4.6: when it leaves, a few times; not when it moves on, nor for a request that is refused. */
static void leaving_is_announced(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, true);
	bench_start(&b);
	assert_int_equal(SEND(.has_bad_auth = true), MIP4_HA_MN_AUTH);
	assert_int_equal(n_arp(&b), 0);
	assert_int_equal(SEND(0), ACCEPTED);
	assert_int_equal(n_arp(&b), 2);
	is_announced(&b, 0, &t_home_ll);
	bench_wait(&b, span_ms(2500));
	assert_int_equal(n_arp(&b), 4);
	is_announced(&b, 2, &t_home_ll);
	assert_int_equal(SEND(.coa = &t_coa2), ACCEPTED);
	assert_int_equal(n_arp(&b), 0);
	bench_fini(&b);
}

static void requests_are_answered_for_it(void **state)
{
	(void)state;
	struct bench b;
	struct arp ask = arp_request(&t_host_ll, &t_host, &t_hoa), a;
	const struct arp probe = arp_probe(&t_host_ll, &t_hoa);
	const struct effect *fx = NULL;
	bench_init(&b, true);
	bench_start(&b);
	assert_true(hear_arp(&b, &ask, T_HOME_IF));
	assert_int_equal(n_arp(&b), 0); /* at home: its own affair */
	assert_int_equal(SEND(0), ACCEPTED);
	assert_true(hear_arp(&b, &ask, T_HOME_IF));
	assert_int_equal(n_arp(&b), 1);
	assert_true(bench_arp(&b, 0, &a, &fx));
	assert_int_equal(a.op, ARP_REPLY);
	assert_true(addr6_eq(&a.sender, &t_hoa) && lladdr_eq(&a.sender_ll, &t_home_ll));
	assert_true(addr6_eq(&a.target, &t_host) && lladdr_eq(&a.target_ll, &t_host_ll));
	assert_true(lladdr_eq(&fx->send.lladdr, &t_host_ll));
	assert_true(hear_arp(&b, &probe, T_HOME_IF)); /* someone about to take it (RFC 5227) */
	assert_int_equal(n_arp(&b), 1);
	assert_false(hear_arp(&b, &ask, T_UP_IF)); /* another link's */
	/* A refused return changes nothing. */
	assert_int_equal(SEND(.is_dereg = true, .is_from_home = true, .has_bad_auth = true), MIP4_HA_MN_AUTH);
	assert_true(hear_arp(&b, &ask, T_HOME_IF));
	assert_int_equal(n_arp(&b), 1);
	assert_int_equal(SEND(.is_dereg = true, .is_from_home = true), ACCEPTED);
	assert_true(hear_arp(&b, &ask, T_HOME_IF));
	assert_int_equal(n_arp(&b), 0);
	ask.op = 7; /* no such operation */
	assert_true(hear_arp(&b, &ask, T_HOME_IF));
	assert_int_equal(b.k.count.n[R_ARP_INVALID], 1);
	bench_fini(&b);
}

/* The mobile claims its address before it de-registers (4.6): the request decides. */
static void a_claim_is_counted_and_not_fought(void **state)
{
	(void)state;
	struct bench b;
	const struct arp claim = arp_gratuitous(&t_mn_ll, &t_hoa, ARP_REQUEST);
	bench_init(&b, true);
	bench_start(&b);
	assert_int_equal(SEND(0), ACCEPTED);
	assert_true(hear_arp(&b, &claim, T_HOME_IF));
	assert_int_equal(n_arp(&b), 0);
	assert_int_equal(b.k.count.n[R_ARP_CLAIM], 1);
	const struct arp own = arp_gratuitous(&t_home_ll, &t_hoa, ARP_REQUEST);
	assert_true(hear_arp(&b, &own, T_HOME_IF));
	assert_int_equal(b.k.count.n[R_ARP_CLAIM], 1);
	bench_fini(&b);
}

static void the_return_is_announced_and_answered_on_the_link(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, true);
	bench_start(&b);
	assert_int_equal(SEND(0), ACCEPTED);
	/* Refused: straight to the mobile all the same, whatever the binding says (3.8.3.1). */
	assert_int_equal(SEND(.is_dereg = true, .is_from_home = true, .flags = 1), MIP4_HA_POOR_REQUEST);
	assert_true(b.answer_fx->send.ifindex == T_HOME_IF && b.answer_fx->send.has_lladdr && lladdr_eq(&b.answer_fx->send.lladdr, &t_mn_ll));
	assert_int_equal(SEND(.is_dereg = true, .is_from_home = true), ACCEPTED);
	assert_true(b.answer_fx->send.ifindex == T_HOME_IF && lladdr_eq(&b.answer_fx->send.lladdr, &t_mn_ll));
	assert_true(addr6_eq(&b.re.dst, &t_hoa));
	is_announced(&b, 0, &t_mn_ll);
	assert_non_null(kit_fx(&b.k, FX_NEIGH, 0));
	bench_wait(&b, span_s(3));
	assert_int_equal(n_arp(&b), 4);
	is_announced(&b, 2, &t_mn_ll);
	/* And from abroad: no longer ours, but nobody knows where it is. */
	assert_int_equal(SEND(0), ACCEPTED);
	assert_int_equal(SEND(.is_dereg = true, .src = &t_coa), ACCEPTED);
	assert_int_equal(n_arp(&b), 0);
	bench_wait(&b, span_s(3));
	assert_int_equal(n_arp(&b), 0);
	bench_fini(&b);
}

/* Away and back within the three seconds of either announcement: the last word is the right one. */
static void quick_changes_end_with_the_last(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, true);
	bench_start(&b);
	assert_int_equal(SEND(0), ACCEPTED);
	assert_int_equal(SEND(.is_dereg = true, .is_from_home = true), ACCEPTED);
	bench_wait(&b, span_ms(1500));
	is_announced(&b, 0, &t_mn_ll);
	assert_int_equal(SEND(0), ACCEPTED);
	bench_wait(&b, span_ms(2500));
	assert_int_equal(n_arp(&b), 4);
	is_announced(&b, 0, &t_home_ll);
	is_announced(&b, 2, &t_home_ll);
	bench_fini(&b);
}

static void a_link_that_comes_up_later(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, true);
	bench_start(&b);
	bench_link(&b, T_HOME_IF, "home0", false, false);
	assert_int_equal(SEND(0), ACCEPTED);
	assert_int_equal(n_arp(&b), 0);
	kit_clear(&b.k);
	bench_link(&b, T_HOME_IF, "home0", true, false);
	is_announced(&b, 0, &t_home_ll);
	const struct dp_op *op = kit_dp(&b.k, FX_DP_PUT, DP_IF, 0);
	assert_int_equal(op->iface.flags, DP_IF_HOME | DP_IF_BROADCAST);
	bench_fini(&b);
}

/* A mobile that has no address and stands on the home link is answered by its link-layer address. */
static void without_an_address_at_home(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, true);
	bench_start(&b);
	struct request u = {.nai = "mn1@home", .src = &t_zero};
	b.sent_oct = bench_request(&b, &u, b.sent, sizeof b.sent);
	assert_int_equal(bench_send_raw(&b, b.sent, b.sent_oct, T_HOME_IF), ACCEPTED);
	assert_true(addr6_eq(&b.re.dst, &t_everybody) && lladdr_eq(&b.answer_fx->send.lladdr, &t_mn_ll));
	assert_true(addr6_eq(&b.re.m.reply.hoa, &t_hoa));
	bench_fini(&b);
}

/* --- broadcasts ---------------------------------------------------------------------------------------------- */

static size_t cast(uint8_t *pkt, size_t cap, const struct addr6 *dst, uint16_t port, size_t data_oct)
{
	struct wr w = wr_of(pkt, cap);
	struct ip4_path ip = {.src = t_host, .dst = *dst, .ttl = 1};
	struct udp4_build u = udp4_begin(&w, &ip, port, port);
	wr_zero(&w, data_oct);
	return udp4_finish(&w, &u);
}

static void hear_cast(struct bench *b, const uint8_t *pkt, size_t n, uint32_t ifindex)
{
	struct rx rx = {.ifindex = ifindex, .why = DP_PUNT_BROADCAST, .lladdr_src = t_host_ll, .pkt = pkt, .len_oct = n};
	kit_clear(&b->k);
	(void)ha_role.rx(b->ha, &rx, b->k.now);
}

/* The nth packet sent: a tunnel of this protocol to dst. Gives what is inside its IP header. */
static const uint8_t *tunnel(const struct bench *b, size_t nth, const struct addr6 *dst, uint8_t proto, size_t *len_oct)
{
	const struct effect *fx = kit_fx(&b->k, FX_SEND, nth);
	struct ip4_walk ip;
	assert_non_null(fx);
	assert_int_equal(ip4_walk(effq_bytes(&b->k.fx, fx->send.off), fx->send.len_oct, &ip), W_OK);
	assert_true(addr6_eq(&ip.src, &t_ha) && addr6_eq(&ip.dst, dst));
	assert_int_equal(ip.ip.proto, proto);
	assert_false(ip.ip.is_dont_fragment);
	*len_oct = ip.len_oct;
	return effq_bytes(&b->k.fx, fx->send.off) + ip.off;
}

static void broadcasts_go_to_those_who_asked(void **state)
{
	(void)state;
	struct bench b;
	const struct addr6 second = V4(10, 1, 0, 101);
	uint8_t pkt[1600];
	size_t n = cast(pkt, sizeof pkt, &t_cast, 137, 60), len;
	bench_init(&b, true);
	(void)bench_mobile(&b, &second, 128, "mn1");
	bench_start(&b);
	assert_int_equal(SEND(0), ACCEPTED);
	hear_cast(&b, pkt, n, T_HOME_IF);
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 0); /* MUST NOT: it did not ask */
	assert_int_equal(SEND(.flags = MIP4_D | MIP4_B), ACCEPTED);
	assert_int_equal(SEND(.hoa = &second, .coa = &t_coa2), ACCEPTED);
	hear_cast(&b, pkt, n, T_HOME_IF);
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 1);
	assert_memory_equal(tunnel(&b, 0, &t_coa, NH_IPV4, &len), pkt, n); /* co-located: as it is */
	hear_cast(&b, pkt, cast(pkt, sizeof pkt, &t_everybody, 67, 60), T_HOME_IF);
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 1);
	hear_cast(&b, pkt, cast(pkt, sizeof pkt, &t_everybody, MIP4_PORT, 60), T_HOME_IF);
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 0); /* signalling of this link */
	hear_cast(&b, pkt, cast(pkt, sizeof pkt, &t_hoa, 137, 60), T_HOME_IF);
	hear_cast(&b, pkt, n, T_UP_IF);
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 0);
	assert_int_equal(SEND(.is_dereg = true), ACCEPTED);
	hear_cast(&b, pkt, cast(pkt, sizeof pkt, &t_cast, 137, 60), T_HOME_IF);
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 0);
	bench_fini(&b);
}

/* Behind a foreign agent: in a packet to the home address first (4.3). */
static void broadcasts_by_way_of_a_foreign_agent_are_nested(void **state)
{
	(void)state;
	struct bench b;
	uint8_t pkt[1600];
	size_t n = cast(pkt, sizeof pkt, &t_cast, 137, 60), len;
	struct ip4_walk inner;
	bench_init(&b, true);
	bench_start(&b);
	assert_int_equal(SEND(.flags = MIP4_B, .coa = &t_fa, .has_fh = true), ACCEPTED);
	hear_cast(&b, pkt, n, T_HOME_IF);
	const uint8_t *p = tunnel(&b, 0, &t_fa, NH_IPV4, &len);
	assert_int_equal(ip4_walk(p, len, &inner), W_OK);
	assert_true(addr6_eq(&inner.src, &t_ha) && addr6_eq(&inner.dst, &t_hoa) && inner.ip.proto == NH_IPV4);
	assert_int_equal(inner.len_oct, n);
	assert_memory_equal(p + inner.off, pkt, n);
	bench_fini(&b);
}

static void broadcasts_in_each_encapsulation(void **state)
{
	(void)state;
	struct bench b;
	uint8_t pkt[4000], back[1600];
	size_t n = cast(pkt, sizeof pkt, &t_cast, 137, 60), len;
	struct gre g;
	bench_init(&b, true);
	bench_start(&b);
	assert_int_equal(SEND(.flags = MIP4_D | MIP4_B | MIP4_G), ACCEPTED);
	hear_cast(&b, pkt, n, T_HOME_IF);
	const uint8_t *p = tunnel(&b, 0, &t_coa, NH_GRE, &len);
	struct rd r = rd_of(p, len);
	assert_int_equal(gre_parse(&r, &g), W_OK);
	assert_true(g.proto == GRE_PROTO_IPV4 && !g.has_key && !g.has_seq && rd_left(&r) == n && memcmp(r.p, pkt, n) == 0);
	assert_int_equal(SEND(.flags = MIP4_D | MIP4_B | MIP4_M), ACCEPTED);
	hear_cast(&b, pkt, n, T_HOME_IF);
	(void)kit_fx(&b.k, FX_SEND, 0);
	assert_int_equal(effq_bytes(&b.k.fx, kit_fx(&b.k, FX_SEND, 0)->send.off)[9], PROTO_MINENC);
	/* From behind a translator. */
	const struct mip4_exts udp = {.has_udp_request = true};
	assert_int_equal(SEND(.flags = MIP4_D | MIP4_B, .src = &t_nobody, .sport = 40000, .ext = udp), ACCEPTED);
	hear_cast(&b, pkt, n, T_HOME_IF);
	p = tunnel(&b, 0, &t_nobody, NH_UDP, &len);
	assert_int_equal(p[0] << 8 | p[1], MIP4_PORT);
	assert_int_equal(p[2] << 8 | p[3], 40000);
	assert_true(p[8] == MIP4_DATA && p[9] == NH_IPV4 && memcmp(p + 12, pkt, n) == 0);
	memset(back, 0, sizeof back);
	/* As long as the link carries: in fragments, if need be; more than a buffer: counted. */
	hear_cast(&b, pkt, cast(pkt, sizeof pkt, &t_cast, 137, 1472), T_HOME_IF);
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 1);
	hear_cast(&b, pkt, cast(pkt, sizeof pkt, &t_cast, 137, 3000), T_HOME_IF);
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 0);
	assert_int_equal(b.k.count.n[R_CAST_TOO_LONG], 1);
	bench_fini(&b);
}

static void broadcasts_switched_off(void **state)
{
	(void)state;
	struct bench b;
	uint8_t pkt[200];
	size_t n = cast(pkt, sizeof pkt, &t_cast, 137, 60);
	bench_init(&b, true);
	b.conf->v4.has_broadcast = false;
	bench_start(&b);
	assert_int_equal(SEND(.flags = MIP4_D | MIP4_B), ACCEPTED); /* 3.8.2: the bit is ignored, not refused */
	hear_cast(&b, pkt, n, T_HOME_IF);
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 0);
	bench_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaving_is_announced),
		cmocka_unit_test(requests_are_answered_for_it),
		cmocka_unit_test(a_claim_is_counted_and_not_fought),
		cmocka_unit_test(the_return_is_announced_and_answered_on_the_link),
		cmocka_unit_test(quick_changes_end_with_the_last),
		cmocka_unit_test(a_link_that_comes_up_later),
		cmocka_unit_test(without_an_address_at_home),
		cmocka_unit_test(broadcasts_go_to_those_who_asked),
		cmocka_unit_test(broadcasts_by_way_of_a_foreign_agent_are_nested),
		cmocka_unit_test(broadcasts_in_each_encapsulation),
		cmocka_unit_test(broadcasts_switched_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
