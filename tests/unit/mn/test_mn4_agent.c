/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile node discovers agents and detects that it moved, in IPv4: RFC 5944 2.4, RFC 4721 3.1, RFC 3543 4.1, RFC 3519 4.4; H-8. */
#include <stdio.h>

#include "../kit/mn4_bench.h"

static void with_aaa(struct bench *b) { strcpy(b->conf.v4.aaa_key, "fa"); }
/* 2.4: three at one a second, then doubled up to a minute and more; around the nominal times, never sooner. */
static void solicitations_back_off(void **state)
{
	struct bench *b = *state;
	static const int nominal_s[] = {1, 1, 2, 4, 8, 16, 32, 64, 64};
	int64_t last = b->k.now.mono.ns;
	bool is_spread = false;
	bench_link(b, W0, true);
	assert_int_equal(bench_n_sol(b), 1);
	for (size_t i = 0; i < sizeof nominal_s / sizeof *nominal_s; i++) {
		bench_clear(b);
		while (!bench_n_sol(b))
			bench_run(b, span_ms(10));
		int64_t waited_ms = (b->k.now.mono.ns - last) / NS_PER_MS, nominal_ms = nominal_s[i] * 1000;
		assert_true(waited_ms >= nominal_ms && waited_ms <= nominal_ms * 11 / 10 + 20);
		is_spread |= waited_ms > nominal_ms + 20;
		last = b->k.now.mono.ns;
	}
	assert_true(is_spread);
	bench_link(b, W0, false); /* a new link is a positive indication */
	bench_clear(b);
	bench_link(b, W0, true);
	bench_run(b, span_ms(1150));
	assert_int_equal(bench_n_sol(b), 2);
}

/* To all routers (RFC 1256 3), TTL 1; while an agent is heard there are none. */
static void solicitation_as_a_packet(void **state)
{
	struct bench *b = *state;
	struct sent s = {0};
	struct adv4_packet p;
	bench_link(b, W0, true);
	assert_true(bench_sol(b, 0, &s));
	assert_int_equal(adv4_packet_parse(s.pkt, s.len, &p), W_OK);
	assert_addr(&p.dst, A("224.0.0.2"));
	assert_addr(&p.src, HOA4);
	assert_int_equal(p.ttl, 1);
	bench_hear(b, W0, L_FA1);
	bench_clear(b);
	for (int i = 0; i < 20; i++) {
		bench_run(b, span_s(3));
		bench_hear(b, W0, L_FA1);
	}
	assert_int_equal(bench_n_sol(b), 0);
}

/* 2.4.2.1: asked before its lifetime ends, lost when it ends; with another one known, that one is registered with at once. */
static void lifetime_rule(void **state)
{
	struct bench *b = *state;
	struct req r;
	bench_to(b, W0, L_FA1);
	bench_hear(b, W0, L_FA1);
	struct adv4 other = bench_adv4(b, L_FA2);
	other.has_prefix_len = false;
	other.lifetime_s = 30;
	bench_adv4_of(b, W0, L_FA2, &other);
	assert_int_equal(bench_n_req(b), 0); /* 3.6: the present one is still heard */
	bench_clear(b);
	bench_run(b, span_ms(8900));
	assert_int_equal(bench_n_req(b), 0);
	bench_run(b, span_ms(200));
	assert_true(bench_req(b, 0, &r));
	assert_addr(&r.p.m.request.coa, FA2);
	bench_accept4(b, &r);
	bench_state(b, "away-plain");
}

static void lifetime_rule_alone(void **state)
{
	struct bench *b = *state;
	struct req r;
	bench_to(b, W0, L_FA1);
	bench_hear(b, W0, L_FA1);
	bench_run(b, span_ms(9100));
	bench_state(b, "nowhere");
	assert_true(bench_n_sol(b) >= 1);
	assert_int_equal(bench_n_req(b), 0);
	bench_clear(b);
	bench_hear(b, W0, L_FA1); /* it is back: the binding is what it was */
	bench_state(b, "away-plain");
	assert_int_equal(bench_n_req(b), 0);
	bench_run(b, span_ms(9100));
	bench_hear(b, W0, L_FA2);
	assert_true(bench_req(b, 0, &r));
	assert_addr(&r.p.m.request.coa, FA2);
}

/* 2.4.2.2: another prefix is another link, but only where both tell their lengths. */
static void prefix_rule(void **state)
{
	struct bench *b = *state;
	struct req r;
	bench_to(b, W0, L_FA1);
	bench_hear(b, W0, L_FA1);
	struct adv4 a = bench_adv4(b, L_FA2);
	a.has_prefix_len = false;
	bench_adv4_of(b, W0, L_FA2, &a);
	assert_int_equal(bench_n_req(b), 0);
	bench_hear(b, W0, L_FA2);
	assert_true(bench_req(b, 0, &r));
	assert_addr(&r.p.m.request.coa, FA2);
	bench_accept4(b, &r);
	bench_clear(b);
	bench_run(b, span_s(2));
	bench_hear(b, W0, L_FA1); /* both are here after all: the rule says nothing on this link */
	bench_hear(b, W0, L_FA2);
	bench_hear(b, W0, L_FA1);
	assert_int_equal(bench_n_req(b), 0);
}

/* The same with a co-located address, whose prefix the host knows. */
static void prefix_rule_co_located(void **state)
{
	struct bench *b = *state;
	struct req r;
	bench_link(b, W0, true);
	bench_local(b, W0, OWN, false);
	bench_run(b, span_ms(1100));
	assert_true(bench_req(b, 0, &r));
	bench_accept4(b, &r);
	bench_clear(b);
	struct adv4 a = bench_adv4(b, L_P1);
	bench_adv4_of(b, W0, L_P1, &a); /* the router of its own link: no agent */
	assert_int_equal(bench_n_req(b), 0);
	bench_state(b, "away-plain");
	bench_hear(b, W0, L_FA1); /* another subnet, and an agent on it */
	assert_true(bench_req(b, 0, &r));
	assert_addr(&r.p.m.request.coa, FA1);
}

/* 2.4.4: an agent that began anew is registered with again, one whose counter rolled over is not. */
static void restart_and_rollover(void **state)
{
	struct bench *b = *state;
	struct req r;
	b->seq[L_FA1] = 65535;
	bench_to(b, W0, L_FA1);
	struct adv4 a = bench_adv4(b, L_FA1);
	assert_int_equal(a.seq, 256);
	bench_adv4_of(b, W0, L_FA1, &a);
	assert_int_equal(bench_n_req(b), 0);
	b->seq[L_FA1] = 3;
	bench_hear(b, W0, L_FA1);
	assert_true(bench_req(b, 0, &r));
	assert_addr(&r.p.m.request.coa, FA1);
	assert_int_equal(b->k.count.n[R_AGENT_RESTARTED], 1);
	bench_state(b, "away-plain"); /* until it is refused the binding is what it was */
	bench_accept4(b, &r);
	bench_clear(b);
	bench_hear(b, W0, L_FA1);
	assert_int_equal(bench_n_req(b), 0);
}

/* RFC 3543 4.1: number 0 with B: the binding is revoked, and the mobile wanted elsewhere. */
static void revoked_by_advertisement(void **state)
{
	struct bench *b = *state;
	struct req r;
	b->seq[L_FA1] = 700;
	bench_to(b, W0, L_FA1);
	struct adv4 other = bench_adv4(b, L_FA2);
	other.has_prefix_len = false;
	bench_adv4_of(b, W0, L_FA2, &other);
	b->seq[L_FA1] = 0;
	struct adv4 a = bench_adv4(b, L_FA1);
	a.flags |= ADV4_B;
	bench_adv4_of(b, W0, L_FA1, &a);
	assert_true(bench_req(b, 0, &r));
	assert_addr(&r.p.m.request.coa, FA2);
}

/* 2.1.1: a busy agent takes nobody new. */
static void busy(void **state)
{
	struct bench *b = *state;
	bench_link(b, W0, true);
	struct adv4 a = bench_adv4(b, L_FA1);
	a.flags |= ADV4_B;
	bench_adv4_of(b, W0, L_FA1, &a);
	assert_int_equal(bench_n_req(b), 0);
	bench_hear(b, W0, L_FA1);
	assert_int_equal(bench_n_req(b), 1);
}

/* 2.4.1: where registration is required, it goes through the agent even with an address of the mobile's own (3.6.1.1: source). */
static void required(void **state)
{
	struct bench *b = *state;
	struct req r;
	struct adv4 a = bench_adv4(b, L_FA1);
	a.flags |= ADV4_R;
	bench_link(b, W0, true);
	bench_adv4_of(b, W0, L_FA1, &a);
	assert_int_equal(bench_n_req(b), 0); /* no address yet */
	bench_local(b, W0, A("10.3.1.77"), false);
	assert_true(bench_req(b, 0, &r));
	assert_addr(&r.p.src, A("10.3.1.77"));
	assert_addr(&r.p.dst, FA1);
	assert_addr(&r.p.m.request.coa, A("10.3.1.77"));
	assert_true(r.p.m.request.flags & MIP4_D);
	assert_false(r.p.m.ext.has_udp_request); /* RFC 3519 4.4: no U */
	assert_false(r.p.m.ext.has_revocation);  /* RFC 3543: not a direct one */
	bench_accept4(b, &r);
	assert_addr(&bench_uplink(b, 0)->dst, HA4);
}

static void required_behind_a_nat(void **state)
{
	struct bench *b = *state;
	struct req r;
	struct adv4 a = bench_adv4(b, L_FA1);
	a.flags |= ADV4_R | ADV4_U;
	bench_link(b, W0, true);
	bench_local(b, W0, A("10.3.1.77"), false);
	bench_clear(b);
	bench_adv4_of(b, W0, L_FA1, &a);
	assert_true(bench_req(b, 0, &r));
	assert_true(r.p.m.ext.has_udp_request);
	assert_true(r.p.m.ext.udp_request.is_r);
	struct mip4_exts x = {.has_udp_reply = true};
	bench_clear(b);
	bench_reply_from(b, &r, &(struct answer4){.code = 0, .front = &x}, link_ll(L_FA1));
	struct sent s = {0};
	struct udp4_packet u;
	bool is_kept = false; /* RFC 3519 4.4: a keepalive at once */
	for (uint32_t at = 0; bench_sent(b, at, &s); at = s.pos + 1)
		is_kept |= udp4_packet_parse(s.pkt, s.len, &u) == W_OK && u.data_len_oct > 4 && u.data[0] == MIP4_DATA;
	assert_true(is_kept);
}

/* An address of the home prefix is no care-of address, whatever link it is on. */
static void never_of_the_home_prefix(void **state)
{
	struct bench *b = *state;
	bench_link(b, W0, true);
	bench_local(b, W0, A("10.1.0.200"), false);
	bench_run(b, span_s(5));
	assert_int_equal(bench_n_req(b), 0);
	bench_local(b, W0, OWN, false);
	assert_int_equal(bench_n_req(b), 1);
}

/* The address goes: so does the place. */
static void address_is_taken_away(void **state)
{
	struct bench *b = *state;
	struct req r;
	bench_link(b, W0, true);
	bench_local(b, W0, OWN, false);
	bench_run(b, span_ms(10));
	assert_true(bench_req(b, 0, &r));
	bench_accept4(b, &r);
	bench_clear(b);
	bench_local(b, W0, OWN, true);
	bench_state(b, "nowhere");
	bench_local(b, W0, A("10.9.1.51"), false);
	assert_true(bench_req(b, 0, &r));
	assert_addr(&r.p.m.request.coa, A("10.9.1.51"));
}

/* RFC 4721 3.1: the challenge stands behind the mobile-home authenticator and is covered by another; each is used once. */
static void challenge_is_copied(void **state)
{
	struct bench *b = *state;
	struct req r;
	struct adv4 a = bench_adv4(b, L_FA1);
	a.has_challenge = true;
	a.challenge_oct = 8;
	memcpy(a.challenge, "abcdefgh", 8);
	bench_link(b, W0, true);
	bench_adv4_of(b, W0, L_FA1, &a);
	assert_true(bench_req(b, 0, &r));
	assert_true(r.p.m.ext.has_challenge);
	assert_memory_equal(r.p.m.ext.challenge.p, "abcdefgh", 8);
	assert_true(r.p.m.ext.challenge.off > r.p.m.ext.auth[MIP4_MH].off);
	enum mip4_auth_kind kind = r.p.m.ext.auth[MIP4_MF].n ? MIP4_MF : MIP4_AAA;
	assert_true(mip4_is_covered(&r.p.m.ext, r.p.m.ext.challenge.off, kind));
	assert_true(sa4_verify(&b->k.key[K_FA], &crypto_openssl, r.p.msg, &r.p.m.ext.auth[kind]));
	bench_clear(b);
	bench_run(b, span_ms(1100));
	assert_true(bench_req(b, 0, &r));
	assert_false(r.p.m.ext.has_challenge);
	bench_clear(b);
	struct answer4 no = {.code = MIP4_FA_MISSING_CHALLENGE, .no_mh = true};
	bench_reply_from(b, &r, &no, link_ll(L_FA1));
	assert_int_equal(bench_n_req(b), 0);
	assert_int_equal(bench_n_sol(b), 1); /* a challenge is asked for */
	a = bench_adv4(b, L_FA1);
	a.has_challenge = true;
	a.challenge_oct = 4;
	memcpy(a.challenge, "next", 4);
	bench_adv4_of(b, W0, L_FA1, &a);
	assert_true(bench_req(b, 0, &r));
	assert_true(r.p.m.ext.has_challenge);
	assert_memory_equal(r.p.m.ext.challenge.p, "next", 4);
	bench_clear(b);
	struct mip4_exts x = {.has_challenge = true, .challenge = {.p = (const uint8_t *)"third", .len_oct = 5}};
	struct answer4 stale = {.code = MIP4_FA_STALE_CHALLENGE, .no_mh = true, .behind = &x};
	bench_reply_from(b, &r, &stale, link_ll(L_FA1));
	assert_true(bench_req(b, 0, &r));
	assert_memory_equal(r.p.m.ext.challenge.p, "third", 5);
	bench_accept4(b, &r);
	bench_state(b, "away-plain");
}

/* Nothing covers it: then it is worth nothing, and is left out (RFC 4721 3.2). */
static void challenge_without_a_key(void **state)
{
	struct bench *b = *state;
	struct req r;
	struct adv4 a = bench_adv4(b, L_FA1);
	a.has_challenge = true;
	a.challenge_oct = 8;
	bench_link(b, W0, true);
	bench_adv4_of(b, W0, L_FA1, &a);
	assert_true(bench_req(b, 0, &r));
	assert_false(r.p.m.ext.has_challenge);
}

/* What cannot be read, is cut short or comes from nowhere is counted, and changes nothing. */
static void bad_advertisements(void **state)
{
	struct bench *b = *state;
	uint8_t buf[512];
	struct adv4 a = bench_adv4(b, L_FA1);
	struct addr6 src = FA1;
	size_t n = adv4_packet_build(buf, sizeof buf, &src, &adv4_allnodes, &a);
	bench_link(b, W0, true);
	bench_clear(b);
	for (size_t cut = 1; cut < n; cut++)
		bench_rx(b, W0, DP_PUNT_ADV4, link_ll(L_FA1), buf, cut);
	assert_int_equal(b->k.count.n[R_ADV_INVALID], n - 1);
	bench_rx(b, W0, DP_PUNT_ADV4, (struct lladdr){{0}}, buf, n);
	buf[30] ^= 0x10;
	bench_rx(b, W0, DP_PUNT_ADV4, link_ll(L_FA1), buf, n);
	assert_int_equal(b->k.count.n[R_ADV_INVALID], n + 1);
	assert_int_equal(bench_n_req(b), 0);
	bench_state(b, "nowhere");
}

/* 3.6.1.2: not longer than the agent offers. 2.4: a reserved bit is ignored. */
static void lifetime_of_the_agent(void **state)
{
	struct bench *b = *state;
	struct req r;
	struct adv4 a = bench_adv4(b, L_FA1);
	a.reg_lifetime_s = 90;
	a.flags |= 0x0010;
	bench_link(b, W0, true);
	bench_adv4_of(b, W0, L_FA1, &a);
	assert_true(bench_req(b, 0, &r));
	assert_int_equal(r.p.m.request.lifetime_s, 90);
}

/* An agent that withdraws (lifetime 0) is left at once. */
static void withdrawn(void **state)
{
	struct bench *b = *state;
	bench_to(b, W0, L_FA1);
	struct adv4 a = bench_adv4(b, L_FA1);
	a.lifetime_s = 0;
	bench_adv4_of(b, W0, L_FA1, &a);
	bench_state(b, "nowhere");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BENCH_TEST(solicitations_back_off, V4, 1),
		BENCH_TEST(solicitation_as_a_packet, V4, 1),
		BENCH_TEST(lifetime_rule, V4, 1),
		BENCH_TEST(lifetime_rule_alone, V4, 1),
		BENCH_TEST(prefix_rule, V4, 1),
		BENCH_TEST(prefix_rule_co_located, V4, 1),
		BENCH_TEST(restart_and_rollover, V4, 1),
		BENCH_TEST(revoked_by_advertisement, V4, 1),
		BENCH_TEST(busy, V4, 1),
		BENCH_TEST(required, V4, 1, bench_with_own),
		BENCH_TEST(required_behind_a_nat, V4, 1, bench_with_own),
		BENCH_TEST(never_of_the_home_prefix, V4, 1),
		BENCH_TEST(address_is_taken_away, V4, 1, bench_with_own),
		BENCH_TEST(challenge_is_copied, V4, 1, bench_with_fa_key),
		BENCH_TEST(challenge_is_copied, V4, 1, with_aaa),
		BENCH_TEST(challenge_without_a_key, V4, 1),
		BENCH_TEST(bad_advertisements, V4, 1),
		BENCH_TEST(lifetime_of_the_agent, V4, 1),
		BENCH_TEST(withdrawn, V4, 1),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
