/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies to the mobile node's registration requests: RFC 5944 3.6.2 and 3.6.3, 5.7; RFC 3024 4.1.2, RFC 3519, RFC 3543 4.2.2.3, RFC 5177 5.1,
 * RFC 2794. Which codes it answers with what change, and which with patience; and what it does not believe.
 */
#include <stdio.h>

#include "core/reg/reg4.h"
#include "../kit/mn4_bench.h"

/* At a foreign agent that can do everything, its first request sent. */
static void first(struct bench *b, struct req *r)
{
	struct adv4 a = bench_adv4(b, L_FA1);
	a.flags |= ADV4_G | ADV4_M;
	bench_link(b, W0, true);
	bench_clear(b);
	bench_adv4_of(b, W0, L_FA1, &a);
	assert_true(bench_req(b, 0, r));
}

/* The request that follows a refusal at once. */
static void mended(struct bench *b, struct req *r, const struct answer4 *a)
{
	uint64_t before = r->p.m.request.id;
	bench_reply_from(b, r, a, link_ll(L_FA1));
	if (!bench_n_req(b))
		bench_run(b, span_s(1)); /* 2.4.2: on average one a second */
	size_t n = bench_n_req(b);
	assert_true(bench_req(b, n - 1, r));
	assert_true(r->p.m.request.id != before);
	bench_clear(b);
}

static void refuse(struct bench *b, struct req *r, uint8_t code)
{
	struct answer4 a = {.code = code, .no_mh = !reg4_is_from_home(code)};
	bench_clear(b);
	mended(b, r, &a);
}

/* --- 3.6.2.1: what is believed ------------------------------------------------------------------------------------ */

static void what_is_not_believed(void **state)
{
	struct bench *b = *state;
	struct req r;
	uint8_t buf[1300];
	first(b, &r);
	bench_reply(b, &r, &(struct answer4){.code = 0, .no_mh = true});
	assert_int_equal(b->k.count.n[R_AUTH_MISSING], 1);
	bench_reply(b, &r, &(struct answer4){.code = 0, .bad_mh = true});
	assert_int_equal(b->k.count.n[R_AUTH_BAD], 1);
	bench_reply(b, &r, &(struct answer4){.code = MIP4_HA_PROHIBITED, .no_mh = true});
	assert_int_equal(b->k.count.n[R_AUTH_MISSING], 2);
	bench_reply(b, &r, &(struct answer4){.code = 0, .id = r.p.m.request.id ^ 1});
	assert_int_equal(b->k.count.n[R_REPLY_UNEXPECTED], 1);
	bench_reply(b, &r, &(struct answer4){.code = 0, .hoa = A("10.1.0.7")});
	assert_int_equal(b->k.count.n[R_MSG_NOT_FOR_US], 1);
	struct answer4 good = {.code = 0};
	size_t n = bench_reply_build(b, &r, &good, buf);
	for (size_t cut = 1; cut < n; cut++)
		(void)bench_offer(b, W0, DP_PUNT_MIP4, link_ll(L_FA1), buf, cut);
	buf[26] ^= 0xff; /* UDP's checksum */
	(void)bench_offer(b, W0, DP_PUNT_MIP4, link_ll(L_FA1), buf, n);
	assert_int_equal(b->k.count.n[R_MSG_CHECKSUM], 1);
	bench_state(b, "registering");
	assert_null(bench_uplink(b, 0));
	bench_reply(b, &r, &good);
	bench_state(b, "away-plain");
	uint64_t counted = kit_counted(&b->k);
	bench_reply(b, &r, &good); /* once more: nothing waits for it */
	assert_int_equal(kit_counted(&b->k), counted + 1);
}

/* 3.6.2.1 a: a key that is shared with the agent must show in each reply. */
static void shared_with_the_agent(void **state)
{
	struct bench *b = *state;
	struct req r;
	first(b, &r);
	assert_true(r.p.m.ext.auth[MIP4_MF].n == 1);
	bench_reply(b, &r, &(struct answer4){.code = 0, .no_mf = true});
	assert_int_equal(b->k.count.n[R_AUTH_MISSING], 1);
	bench_reply(b, &r, &(struct answer4){.code = 0, .bad_mf = true});
	assert_int_equal(b->k.count.n[R_AUTH_BAD], 1);
	bench_state(b, "registering");
	bench_accept4(b, &r);
	bench_state(b, "away-plain");
}

/* --- 3.6.3: retransmission ---------------------------------------------------------------------------------------- */

static void retransmission(void **state)
{
	struct bench *b = *state;
	struct req r, before;
	static const int wait_s[] = {1, 2, 4};
	first(b, &before);
	for (size_t i = 0; i < sizeof wait_s / sizeof *wait_s; i++) {
		bench_clear(b);
		bench_run(b, span_ms(wait_s[i] * 1000 - 30));
		assert_int_equal(bench_n_req(b), 0);
		if (i % 2)
			bench_hear(b, W0, L_FA1); /* the agent is alive */
		bench_run(b, span_ms(40));
		assert_true(bench_req(b, 0, &r));
		assert_true((int64_t)(r.p.m.request.id - before.p.m.request.id) > 0); /* 5.7.1 */
		assert_true((uint32_t)r.p.m.request.id != (uint32_t)before.p.m.request.id);
		before = r;
	}
}

static void with_nonces(struct bench *b) { b->conf.v4.replay = MN_REPLAY_NONCE; }

/* 5.7.2, 3.6.3: the unanswered request goes out unchanged; the next one bears the home agent's nonce. */
static void nonces(void **state)
{
	struct bench *b = *state;
	struct req r, again;
	first(b, &r);
	bench_clear(b);
	bench_run(b, span_ms(1010));
	assert_true(bench_req(b, 0, &again));
	assert_int_equal(again.p.m.request.id, r.p.m.request.id);
	bench_clear(b);
	struct answer4 no = {.code = MIP4_HA_ID_MISMATCH, .id = 0x1234567800000000ull | (uint32_t)again.p.m.request.id};
	mended(b, &again, &no);
	assert_int_equal(again.p.m.request.id >> 32, 0x12345678);
	struct answer4 yes = {.code = 0, .id = 0x9abcdef000000000ull | (uint32_t)again.p.m.request.id};
	bench_reply_from(b, &again, &yes, link_ll(L_FA1));
	bench_state(b, "away-plain");
	b->seq[L_FA1] = 700;
	bench_hear(b, W0, L_FA1);
	b->seq[L_FA1] = 0;
	bench_clear(b);
	bench_hear(b, W0, L_FA1); /* it began anew: another registration */
	uint32_t before = (uint32_t)again.p.m.request.id;
	assert_true(bench_req(b, 0, &again));
	assert_int_equal(again.p.m.request.id >> 32, 0x9abcdef0);
	assert_true((uint32_t)again.p.m.request.id != before);
}

/* 3.6.2.3, 5.7.1: the home agent's clock is two hours ahead. */
static void clock_of_the_home_agent(void **state)
{
	struct bench *b = *state;
	struct req r;
	first(b, &r);
	uint64_t id = r.p.m.request.id;
	struct answer4 no = {.code = MIP4_HA_ID_MISMATCH, .id = id + (7200ull << 32)};
	mended(b, &r, &no);
	int64_t ahead_s = (int64_t)(r.p.m.request.id - id) >> 32;
	assert_true(ahead_s >= 7199 && ahead_s <= 7201);
	bench_accept4(b, &r);
	bench_state(b, "away-plain");
}

/* 3.6.2.2: the time counts from the request; renewal comes before the end. */
static void renewal(void **state)
{
	struct bench *b = *state;
	struct req r;
	first(b, &r);
	bench_run(b, span_ms(900));
	struct answer4 a = {.code = 0, .has_lifetime = true, .lifetime_s = 20};
	bench_reply(b, &r, &a);
	for (int i = 0; i < 5; i++) {
		bench_clear(b);
		bench_run(b, span_s(3));
		bench_hear(b, W0, L_FA1);
		assert_int_equal(bench_n_req(b), 0);
	}
	bench_run(b, span_ms(110)); /* 16 s after the request */
	assert_true(bench_req(b, 0, &r));
	bench_state(b, "away-plain");
	for (int i = 0; i < 4; i++) {
		bench_run(b, span_s(1));
		bench_hear(b, W0, L_FA1);
	}
	bench_state(b, "registering"); /* its end has come without an answer */
}

/* --- 3.6.2.3 and others: what is changed -------------------------------------------------------------------------- */

static void shorter_lifetime(void **state)
{
	struct bench *b = *state;
	struct req r;
	first(b, &r);
	mended(b, &r, &(struct answer4){.code = MIP4_FA_LIFETIME, .no_mh = true, .has_lifetime = true, .lifetime_s = 45});
	assert_int_equal(r.p.m.request.lifetime_s, 45);
}

static void wants_gre(struct bench *b)
{
	b->conf.v4.encapsulation = MN_ENCAP_GRE;
	b->conf.v4.delivery = MN_DELIVERY_ENCAPSULATING;
	b->conf.v4.simultaneous = true;
}

static void less_is_asked_for(void **state)
{
	struct bench *b = *state;
	struct req r;
	first(b, &r);
	assert_int_equal(r.p.m.request.flags, MIP4_S | MIP4_G | MIP4_T);
	assert_true(r.p.m.ext.has_delivery);
	assert_true(r.p.m.ext.delivery_off > r.p.m.ext.auth[MIP4_MH].off); /* RFC 3024 3.3 */
	refuse(b, &r, MIP4_FA_ENCAP);
	assert_int_equal(r.p.m.request.flags, MIP4_S | MIP4_T);
	refuse(b, &r, MIP4_FA_DELIVERY);
	assert_false(r.p.m.ext.has_delivery);
	refuse(b, &r, MIP4_HA_TOO_MANY);
	assert_int_equal(r.p.m.request.flags, MIP4_T);
	refuse(b, &r, MIP4_HA_NO_REVERSE);
	assert_int_equal(r.p.m.request.flags, 0);
	bench_accept4(b, &r);
	bench_state(b, "away-plain");
}

/* What an agent does not advertise is not asked of it (3.6.1.2). */
static void not_what_the_agent_cannot(void **state)
{
	struct bench *b = *state;
	struct req r;
	bench_link(b, W0, true);
	bench_hear(b, W0, L_FA1);
	assert_true(bench_req(b, 0, &r));
	assert_int_equal(r.p.m.request.flags, MIP4_S | MIP4_T);
}

/* RFC 3024 5.2: to whom the reply came from. */
static void encapsulating_delivery(void **state)
{
	struct bench *b = *state;
	struct req r;
	first(b, &r);
	bench_accept4(b, &r);
	const struct dp_uplink_out *up = bench_uplink(b, 0);
	assert_int_equal(up->encap, DP_ENCAP_IPIP);
	assert_addr(&up->src, HOA4);
	assert_addr(&up->dst, FA1);
}

static void wants_reverse(struct bench *b) { b->conf.v4.reverse_tunnel = MN_REVERSE_REQUIRED; }
static void wants_no_reverse(struct bench *b) { b->conf.v4.reverse_tunnel = MN_REVERSE_OFF; }

static void reverse_tunnel_required_here(void **state)
{
	struct bench *b = *state;
	struct req r;
	first(b, &r);
	bench_clear(b);
	bench_reply_from(b, &r, &(struct answer4){.code = MIP4_FA_NO_REVERSE, .no_mh = true}, link_ll(L_FA1));
	assert_int_equal(bench_n_req(b), 0); /* never without */
	bench_run(b, span_s(40));
	for (size_t i = 0; bench_req(b, i, &r); i++)
		assert_true(r.p.m.request.flags & MIP4_T);
}

static void reverse_tunnel_required_there(void **state)
{
	struct bench *b = *state;
	struct req r;
	first(b, &r);
	assert_int_equal(r.p.m.request.flags, 0);
	assert_int_equal(r.p.ttl, 64);
	bench_clear(b);
	bench_reply_from(b, &r, &(struct answer4){.code = MIP4_FA_REVERSE_MANDATORY, .no_mh = true}, link_ll(L_FA1));
	assert_int_equal(bench_n_req(b), 0); /* the operator said off */
	b->want.change = NULL;
	bench_again(b);
	struct adv4 a = bench_adv4(b, L_FA1);
	a.flags &= (uint16_t)~ADV4_T;
	bench_link(b, W0, true);
	bench_adv4_of(b, W0, L_FA1, &a);
	assert_true(bench_req(b, 0, &r));
	assert_int_equal(r.p.m.request.flags, 0); /* RFC 3024 3.1: the agent does not offer it */
	refuse(b, &r, MIP4_HA_REVERSE_MANDATORY);
	assert_int_equal(r.p.m.request.flags, MIP4_T);
}

/* 2.4: the next of several care-of addresses. */
static void another_care_of_address(void **state)
{
	struct bench *b = *state;
	struct req r;
	struct adv4 a = bench_adv4(b, L_FA1);
	a.n_coa = 2;
	a.coa[1] = A("10.3.1.2");
	bench_link(b, W0, true);
	bench_adv4_of(b, W0, L_FA1, &a);
	assert_true(bench_req(b, 0, &r));
	refuse(b, &r, MIP4_FA_COA);
	assert_addr(&r.p.m.request.coa, A("10.3.1.2"));
}

/* Refused by one agent, taken by another one of the link. */
static void another_agent(void **state)
{
	struct bench *b = *state;
	struct req r;
	first(b, &r);
	struct adv4 a = bench_adv4(b, L_FA2);
	a.has_prefix_len = false;
	bench_adv4_of(b, W0, L_FA2, &a);
	refuse(b, &r, MIP4_FA_NO_RESOURCES);
	assert_addr(&r.p.dst, FA2);
	bench_accept4(b, &r);
	bench_state(b, "away-plain");
	bench_clear(b);
	bench_hear(b, W0, L_FA1);
	assert_int_equal(bench_n_req(b), 0);
}

/* 2.4: none of the link answers: after three requests an address of the host's own will do. */
static void silent_agent(void **state)
{
	struct bench *b = *state;
	struct req r;
	first(b, &r);
	bench_local(b, W0, A("10.3.1.77"), false);
	bench_clear(b);
	for (int i = 0; i < 8; i++) {
		bench_run(b, span_s(1));
		bench_hear(b, W0, L_FA1);
	}
	bench_last_req(b, &r);
	assert_addr(&r.p.m.request.coa, A("10.3.1.77"));
	assert_addr(&r.p.dst, HA4);
}

static void networks(struct bench *b)
{
	assert_true(prefix46_parse(&b->conf.v4.network[0], "10.77.1.0/24"));
	assert_true(prefix46_parse(&b->conf.v4.network[1], "10.77.2.0/24"));
	b->conf.v4.n_network = 2;
}

/* RFC 5177: explicit mode; those that the home agent names are asked for no more, and none after 148. */
static void mobile_networks(void **state)
{
	struct bench *b = *state;
	struct req r;
	first(b, &r);
	assert_int_equal(r.p.m.ext.n_net, 2);
	assert_int_equal(r.p.m.ext.net[0].sub, MIP4_NET_REQUEST);
	assert_addr(&r.p.m.ext.net[0].addr, A("10.77.1.0"));
	assert_int_equal(r.p.m.ext.net[0].len_bits, 24);
	assert_true(mip4_is_covered(&r.p.m.ext, r.p.m.ext.net[0].off, MIP4_MH));
	struct mip4_exts x = {.n_net = 1, .net = {{MIP4_NET_EXPLICIT, MIP4_NET_UNAUTHORISED, 24, A("10.77.2.0")}}};
	mended(b, &r, &(struct answer4){.code = MIP4_HA_NET_ERROR, .front = &x});
	assert_int_equal(r.p.m.ext.n_net, 1);
	assert_addr(&r.p.m.ext.net[0].addr, A("10.77.1.0"));
	refuse(b, &r, MIP4_HA_NET_DISALLOWED);
	assert_int_equal(r.p.m.ext.n_net, 0);
	assert_true(r.p.m.request.flags & MIP4_T);
	bench_accept4(b, &r);
	bench_state(b, "away-plain");
}

/* Every code leaves the mobile with something to do, and none of them with a binding. */
static void every_code(void **state)
{
	struct bench *b = *state;
	for (int code = 64; code < 256; code++) {
		struct req r;
		first(b, &r);
		bench_refuse(b, &r, (uint8_t)code);
		assert_null(bench_uplink(b, 0));
		assert_int_equal(b->k.count.n[R_AUTH_MISSING] + b->k.count.n[R_AUTH_BAD], 0);
		bench_clear(b);
		for (int i = 0; i < 40; i++) {
			bench_run(b, span_s(2));
			bench_hear(b, W0, L_FA1);
		}
		size_t n = bench_n_req(b);
		assert_true(n >= 1 && n < 30); /* asked again, at a bearable rate */
		assert_true(bench_req(b, n - 1, &r));
		bench_accept4(b, &r);
		bench_state(b, "away-plain");
		bench_again(b);
	}
}

/* --- who the mobile is, and who its home agent ----------------------------------------------------------------------- */

static void nai_alone(struct bench *b)
{
	b->conf.v4.home_address = addr6_any;
	strcpy(b->conf.v4.nai, "mn1@example.org");
}

/* RFC 2794, 3.6: no home address yet: 0.0.0.0 asks, the reply assigns. */
static void assigned_home_address(void **state)
{
	struct bench *b = *state;
	struct req r;
	assert_null(kit_fx(&b->k, FX_ADDR_ADD, 0));
	assert_addr(&kit_dp(&b->k, FX_DP_PUT, DP_LOCAL, 0)->local.addr, A("0.0.0.0"));
	first(b, &r);
	assert_addr(&r.p.src, A("0.0.0.0"));
	assert_addr(&r.p.m.request.hoa, A("0.0.0.0"));
	assert_true(r.p.m.ext.has_nai);
	assert_memory_equal(r.p.m.ext.nai.p, "mn1@example.org", 15);
	bench_reply(b, &r, &(struct answer4){.code = 0, .hoa = A("0.0.0.0"), .dst = A("255.255.255.255")});
	assert_int_equal(b->k.count.n[R_REPLY_NO_HOME_ADDRESS], 1);
	assert_null(bench_uplink(b, 0));
	bench_clear(b);
	bench_run(b, span_s(500)); /* it is asked again in the end */
	bench_again(b);
	first(b, &r);
	bench_reply(b, &r, &(struct answer4){.code = 0, .hoa = A("10.1.0.142"), .dst = A("10.1.0.142")});
	bench_state(b, "away-plain");
	bench_shows(b, "mobiles", "mobile", "home-address", "10.1.0.142");
	const struct fx_addr *a = &kit_fx(&b->k, FX_ADDR_ADD, 0)->addr;
	assert_addr(&a->addr, A("10.1.0.142"));
	assert_int_equal(a->ifindex, IFINDEX_ROAM0);
	assert_addr(&bench_uplink(b, 0)->inner_src, A("10.1.0.142"));
}

static void no_home_agent(struct bench *b)
{
	b->conf.v4.home_agent = addr6_any;
	b->conf.v4.care_of = MN_COA_CO_LOCATED;
}

/* 3.6.1.1, 3.6.2.3: asked by the home network's broadcast address, each home agent refuses and names itself. */
static void dynamic_home_agent(void **state)
{
	struct bench *b = *state;
	struct req r;
	bench_link(b, W0, true);
	bench_local(b, W0, OWN, false);
	assert_true(bench_req(b, 0, &r));
	assert_addr(&r.p.dst, A("10.1.0.255"));
	assert_addr(&r.p.m.request.ha, A("10.1.0.255"));
	bench_clear(b);
	struct answer4 no = {.code = MIP4_HA_UNKNOWN_HA, .ha = HA4, .src = HA4};
	bench_reply_from(b, &r, &no, link_ll(L_P1));
	assert_true(bench_req(b, 0, &r));
	assert_addr(&r.p.dst, HA4);
	assert_addr(&r.p.m.request.ha, HA4);
	assert_addr(&kit_dp(&b->k, FX_DP_PUT, DP_DOWNLINK_IN, 0)->downlink_in.src, HA4);
	bench_accept4(b, &r);
	bench_state(b, "away-plain");
}

static void no_home_agent_by_agents(struct bench *b) { b->conf.v4.home_agent = addr6_any; }

/* By way of a foreign agent that address stands in the request alone, and is no destination. */
static void dynamic_home_agent_by_an_agent(void **state)
{
	struct bench *b = *state;
	struct req r;
	first(b, &r);
	assert_addr(&r.p.dst, FA1);
	assert_addr(&r.p.m.request.ha, A("10.1.0.255"));
	mended(b, &r, &(struct answer4){.code = MIP4_HA_UNKNOWN_HA, .ha = HA4});
	assert_addr(&r.p.dst, FA1);
	assert_addr(&r.p.m.request.ha, HA4);
}

static void wants_broadcasts(struct bench *b) { b->conf.v4.broadcast = true; }

/* 3.6.1.2, 4.3: through an agent they come in a tunnel to the home address, which the mobile opens. */
static void broadcasts(void **state)
{
	struct bench *b = *state;
	struct req r;
	first(b, &r);
	assert_true(r.p.m.request.flags & MIP4_B);
	const struct dp_downlink_in *d = &kit_dp(&b->k, FX_DP_PUT, DP_DOWNLINK_IN, 0)->downlink_in;
	assert_addr(&d->dst, HOA4);
	assert_addr(&d->src, HA4);
	assert_int_equal(d->encap, DP_ENCAP_IPIP);
	assert_addr(&d->broadcast, A("10.1.0.255"));
}

/* A home agent that was configured is not exchanged by a refusal. */
static void configured_home_agent(void **state)
{
	struct bench *b = *state;
	struct req r;
	first(b, &r);
	bench_reply(b, &r, &(struct answer4){.code = MIP4_HA_UNKNOWN_HA, .ha = A("10.66.6.6")});
	bench_run(b, span_s(90));
	for (size_t i = 0; bench_req(b, i, &r); i++)
		assert_addr(&r.p.m.request.ha, HA4);
}

/* --- tunnels in UDP ------------------------------------------------------------------------------------------------- */

static void at_own(struct bench *b, struct req *r)
{
	bench_link(b, W0, true);
	bench_clear(b);
	bench_local(b, W0, OWN, false);
	assert_true(bench_req(b, 0, r));
}

static bool is_echo(const struct sent *s, const struct addr6 *src)
{
	struct udp4_packet u;
	return !s->fx->send.is_arp && udp4_packet_parse(s->pkt, s->len, &u) == W_OK && u.data_len_oct > 24 && u.data[0] == MIP4_DATA &&
	       addr6_eq(&u.src, src);
}

static size_t n_echoes(const struct bench *b, struct sent *last)
{
	struct sent s;
	struct addr6 own = OWN;
	size_t n = 0;
	for (uint32_t at = 0; bench_sent(b, at, &s); at = s.pos + 1)
		if (is_echo(&s, &own)) {
			n++;
			*last = s;
		}
	return n;
}

/* The home agent's answer, as the datapath hands it up out of the tunnel. */
static void answer_echo(struct bench *b, const struct sent *s)
{
	struct udp4_packet u;
	assert_int_equal(udp4_packet_parse(s->pkt, s->len, &u), W_OK);
	struct icmp4_packet p;
	assert_int_equal(icmp4_packet_parse(u.data + 4, u.data_len_oct - 4, &p), W_OK);
	assert_int_equal(p.type, IC4_ECHO_REQUEST);
	assert_addr(&p.ip.src, HOA4);
	assert_addr(&p.ip.dst, HA4);
	uint8_t buf[128];
	struct wr w = wr_of(buf, sizeof buf);
	struct ip4_path path = {.src = HA4, .dst = HOA4, .ttl = 64};
	struct icmp4_build e = icmp4_begin(&w, &path, IC4_ECHO_REPLY, 0);
	wr_bytes(&w, p.body, p.body_len_oct);
	bench_rx(b, W0, DP_PUNT_MIP4, link_ll(L_P1), buf, icmp4_finish(&w, &e));
}

/* RFC 3519 4.4, 4.9, 4.10. */
static void udp_tunnel(void **state)
{
	struct bench *b = *state;
	struct req r;
	struct sent s = {0};
	at_own(b, &r);
	assert_true(mip4_is_covered(&r.p.m.ext, r.p.m.ext.udp_request.off, MIP4_MH));
	assert_int_equal(r.p.m.ext.udp_request.encap, 0);
	struct mip4_exts x = {.has_udp_reply = true, .udp_reply = {.keepalive_s = 40}};
	bench_reply_from(b, &r, &(struct answer4){.code = 0, .front = &x}, link_ll(L_P1));
	bench_shows(b, "mobiles", "mobile", "udp-tunnel", "true");
	const struct dp_uplink_out *up = bench_uplink(b, 0);
	assert_int_equal(up->encap, DP_ENCAP_UDP);
	assert_int_equal(up->udp_port, 434);
	const struct dp_op *down = kit_dp(&b->k, FX_DP_PUT, DP_DOWNLINK_IN, 1);
	assert_non_null(down);
	assert_int_equal(down->downlink_in.encap, DP_ENCAP_UDP);
	bench_clear(b);
	bench_run(b, span_s(39));
	assert_int_equal(n_echoes(b, &s), 0);
	bench_run(b, span_ms(1500));
	assert_int_equal(n_echoes(b, &s), 1);
	answer_echo(b, &s);
	bench_clear(b);
	bench_run(b, span_s(39));
	assert_int_equal(n_echoes(b, &s), 0);
	bench_run(b, span_s(5)); /* three echoes and no answer: the mapping is lost */
	assert_int_equal(n_echoes(b, &s), 3);
	assert_int_equal(b->k.count.n[R_NAT_MAPPING_LOST], 1);
	assert_true(bench_req(b, 0, &r));
}

/* No word about it, or a refusing one: no tunnel in UDP (4.4). */
static void no_udp_tunnel(void **state)
{
	struct bench *b = *state;
	for (int i = 0; i < 2; i++) {
		struct req r;
		struct sent s = {0};
		struct mip4_exts x = {.has_udp_reply = i == 1, .udp_reply = {.code = 64}};
		at_own(b, &r);
		bench_reply_from(b, &r, &(struct answer4){.code = 0, .front = &x}, link_ll(L_P1));
		assert_int_equal(bench_uplink(b, 0)->encap, DP_ENCAP_IPIP);
		bench_clear(b);
		bench_run(b, span_s(300));
		assert_int_equal(n_echoes(b, &s), 0);
		bench_again(b);
	}
}

/* --- revocation (RFC 3543 4.2.2.3) ------------------------------------------------------------------------------------ */

enum { GOOD, UNSIGNED, OTHER_KEY, OTHER_COA };

static size_t revoke_build(struct bench *b, uint32_t id, int how, uint8_t buf[static 256])
{
	struct mip4 m = {.type = MIP4_REVOKE,
			 .revoke = {.is_ha = true, .inform = true, .hoa = HOA4, .home = HA4, .foreign = how == OTHER_COA ? A("10.9.1.51") : OWN, .id = id}};
	struct mip4_path path = {.src = HA4, .dst = OWN};
	struct mip4_built built;
	const struct sa_key *k = &b->k.key[how == OTHER_KEY ? K_A : K_HOME];
	if (how != UNSIGNED)
		m.ext.auth[MIP4_MH] = sa4_auth(k);
	size_t n = mip4_packet_build(buf, 256, &path, &m, &built);
	if (how != UNSIGNED)
		sa4_sign(k, &crypto_openssl, buf + built.msg_off, &m.ext.auth[MIP4_MH]);
	mip4_packet_finish(&built, buf);
	return n;
}

static size_t n_acks(const struct bench *b)
{
	struct sent s;
	struct mip4_packet p;
	size_t n = 0;
	for (uint32_t at = 0; bench_sent(b, at, &s); at = s.pos + 1)
		n += mip4_packet_parse(s.pkt, s.len, &p) == W_OK && p.m.type == MIP4_REVOKE_ACK &&
		     sa4_verify(&b->k.key[K_HOME], &crypto_openssl, p.msg, &p.m.ext.auth[MIP4_MH]);
	return n;
}

static void revocation(void **state)
{
	struct bench *b = *state;
	struct req r;
	uint8_t buf[256];
	at_own(b, &r);
	bench_reply_from(b, &r, &(struct answer4){.code = 0}, link_ll(L_P1));
	bench_clear(b);
	for (int how = UNSIGNED; how <= OTHER_COA; how++) {
		size_t n = revoke_build(b, 1000, how, buf);
		(void)bench_offer(b, W0, DP_PUNT_MIP4, link_ll(L_P1), buf, n);
	}
	bench_state(b, "away-plain");
	assert_int_equal(kit_counted(&b->k), 3);
	assert_int_equal(n_acks(b), 0);
	size_t n = revoke_build(b, 1000, GOOD, buf);
	(void)bench_offer(b, W0, DP_PUNT_MIP4, link_ll(L_P1), buf, n);
	bench_state(b, "registering");
	assert_int_equal(n_acks(b), 1);
	assert_non_null(kit_dp(&b->k, FX_DP_DEL, DP_UPLINK_OUT, 0));
	(void)bench_offer(b, W0, DP_PUNT_MIP4, link_ll(L_P1), buf, n); /* our acknowledgement was lost */
	assert_int_equal(n_acks(b), 2);
	n = revoke_build(b, 999, GOOD, buf);
	(void)bench_offer(b, W0, DP_PUNT_MIP4, link_ll(L_P1), buf, n);
	assert_int_equal(n_acks(b), 2);
	assert_int_equal(b->k.count.n[R_REPLAY_OLD], 1);
	assert_int_equal(bench_n_req(b), 0);
	bench_run(b, span_s(61)); /* it may have been a mistake */
	assert_true(bench_n_req(b) >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH_TEST(what_is_not_believed, V4, 1),
		BENCH_TEST(shared_with_the_agent, V4, 1, bench_with_fa_key),
		BENCH_TEST(retransmission, V4, 1),
		BENCH_TEST(nonces, V4, 1, with_nonces),
		BENCH_TEST(clock_of_the_home_agent, V4, 1),
		BENCH_TEST(renewal, V4, 1),
		BENCH_TEST(shorter_lifetime, V4, 1),
		BENCH_TEST(less_is_asked_for, V4, 1, wants_gre),
		BENCH_TEST(not_what_the_agent_cannot, V4, 1, wants_gre),
		BENCH_TEST(encapsulating_delivery, V4, 1, wants_gre),
		BENCH_TEST(reverse_tunnel_required_here, V4, 1, wants_reverse),
		BENCH_TEST(reverse_tunnel_required_there, V4, 1, wants_no_reverse),
		BENCH_TEST(another_care_of_address, V4, 1),
		BENCH_TEST(another_agent, V4, 1),
		BENCH_TEST(silent_agent, V4, 1),
		BENCH_TEST(mobile_networks, V4, 1, networks),
		BENCH_TEST(every_code, V4, 1),
		BENCH_TEST(assigned_home_address, V4, 1, nai_alone),
		BENCH_TEST(dynamic_home_agent, V4, 1, no_home_agent),
		BENCH_TEST(dynamic_home_agent_by_an_agent, V4, 1, no_home_agent_by_agents),
		BENCH_TEST(broadcasts, V4, 1, wants_broadcasts),
		BENCH_TEST(configured_home_agent, V4, 1),
		BENCH_TEST(udp_tunnel, V4, 1, bench_with_own),
		BENCH_TEST(no_udp_tunnel, V4, 1, bench_with_own),
		BENCH_TEST(revocation, V4, 1, bench_with_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
