/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile node and its home agents: discovery (RFC 6275 11.4.1), prefixes of the home link (11.4.2, 11.4.3), what is told
 * without authentication (11.3.6, 11.7.4). */
#include "../kit/mn6_bench.h"
#include "wire/mip6/ha_icmp.h"

#define HA2 A("2001:db8:1::2")
#define ANYCAST A("2001:db8:1::fdff:ffff:ffff:fffe")

static void undiscovered(struct bench *b) { b->conf.home_agent = addr6_any; }

/* The nth message of types 144 to 147. */
static bool icmp(const struct bench *b, size_t nth, struct ha_icmp_packet *p)
{
	struct sent s;
	for (uint32_t at = 0; bench_sent(b, at, &s); at = s.pos + 1)
		if (ha_icmp_packet_parse(s.pkt, s.len, p) == W_OK && nth-- == 0)
			return true;
	return false;
}

static size_t n_icmp(const struct bench *b)
{
	struct ha_icmp_packet p;
	size_t n = 0;
	while (icmp(b, n, &p))
		n++;
	return n;
}

static struct ha_icmp_packet only_icmp(const struct bench *b)
{
	struct ha_icmp_packet p = {0};
	assert_int_equal(n_icmp(b), 1);
	assert_true(icmp(b, 0, &p));
	return p;
}

static void reply(struct bench *b, const struct ha_icmp_packet *to, const struct addr6 *list, uint32_t n)
{
	struct ha_icmp msg = {.type = IC6_HA_REPLY, .id = to->msg.id, .n_agent = n};
	struct addr6 src = HA;
	uint8_t buf[1280];
	if (n)
		memcpy(msg.agent, list, n * sizeof *list);
	size_t len = ha_icmp_packet_build(buf, sizeof buf, &src, &to->src, NULL, NULL, &msg);
	bench_clear(b);
	bench_rx(b, W0, DP_PUNT_ICMP_HA, link_ll(L_P1), buf, len);
}

/* --- discovery --------------------------------------------------------------------------------------------- */

static void discovered_away(void **state)
{
	struct bench *b = *state;
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra(b, W0, L_P1);
	struct ha_icmp_packet rq = only_icmp(b);
	assert_int_equal(rq.msg.type, IC6_HA_REQUEST);
	assert_addr(&rq.src, COA_P1);
	assert_addr(&rq.dst, ANYCAST);
	assert_int_equal(bench_n_mh(b), 0);
	bench_state(b, "registering");
	struct addr6 list[] = {HA, HA2};
	reply(b, &rq, list, 2);
	struct bu bu = bench_only_bu(b);
	assert_addr(&bu.p.dst, HA);
	bench_accept_next(b, &bu, NULL);
	bench_state(b, "away-plain");
	bench_shows(b, "mobiles", "mobile", "home-agent", "2001:db8:1::1");
	bench_run(b, span_s(100));
	assert_int_equal(n_icmp(b), 0);
}

/* The agent of a site is told the home agent, so it must be known first. */
static void discovered_in_a_site(void **state)
{
	struct bench *b = *state;
	struct addr6 list[] = {HA2}, acoa = ACOA_A;
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra(b, W0, L_A1);
	struct ha_icmp_packet rq = only_icmp(b);
	assert_int_equal(bench_n_mh(b), 0);
	bench_run(b, span_ms(500));
	reply(b, &rq, list, 1);
	struct bu bu = bench_only_bu(b);
	assert_addr(&bu.p.dst, MMA_A);
	assert_addr(&bu.p.mh.opt.rc.reg.ha, HA2);
	bench_accept_next(b, &bu, &acoa);
	bu = bench_only_bu(b);
	assert_addr(&bu.p.dst, HA2);
	bench_accept_next(b, &bu, NULL);
	bench_state(b, "away-site");
}

/* Known when it leaves, and an empty list means whoever sent it. */
static void discovered_at_home(void **state)
{
	struct bench *b = *state;
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra(b, W0, L_HOME);
	bench_state(b, "home");
	struct ha_icmp_packet rq = only_icmp(b);
	assert_addr(&rq.src, HOA);
	reply(b, &rq, NULL, 0);
	assert_int_equal(bench_n_mh(b), 0);
	bench_shows(b, "mobiles", "mobile", "home-agent", "2001:db8:1::1");
}

/* 3 s, doubled each time, four repetitions; then a pause. */
static void nobody_answers(void **state)
{
	struct bench *b = *state;
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra_quiet(b, W0, L_P1);
	struct ha_icmp_packet first = only_icmp(b), p;
	static const int after_s[] = {3, 6, 12, 24};
	for (size_t i = 0; i < 4; i++) {
		bench_run(b, span_ms(after_s[i] * 1000 - 10));
		assert_int_equal(n_icmp(b), 1 + i);
		bench_run(b, span_ms(10));
		assert_int_equal(n_icmp(b), 2 + i);
		assert_true(icmp(b, 1 + i, &p));
		assert_int_equal(p.msg.id, first.msg.id);
	}
	bench_clear(b);
	bench_run(b, span_s(48 + 59));
	assert_int_equal(n_icmp(b), 0);
	bench_run(b, span_s(1));
	assert_int_equal(n_icmp(b), 1);
	assert_int_equal(bench_n_mh(b), 0);
}

static void the_next_one_is_tried(void **state)
{
	struct bench *b = *state;
	struct addr6 list[] = {HA, HA2};
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra_quiet(b, W0, L_P1);
	struct ha_icmp_packet rq = only_icmp(b);
	reply(b, &rq, list, 2);
	bench_run(b, span_ms(10400)); /* at 0, 1.5 and 4.5 s */
	assert_int_equal(bench_n_mh(b), 3);
	bench_clear(b);
	bench_run(b, span_ms(200));
	struct bu bu = {0};
	assert_true(bench_bu(b, 0, &bu));
	assert_addr(&bu.p.dst, HA2);
	/* which refuses: the home link is asked anew, and names another one */
	struct answer a = {.status = BA_NOT_HOME_AGENT};
	bench_clear(b);
	bench_ba(b, &bu, &a);
	rq = only_icmp(b);
	reply(b, &rq, list, 1);
	bu = bench_only_bu(b);
	assert_addr(&bu.p.dst, HA);
	bench_accept_next(b, &bu, NULL);
	bench_state(b, "away-plain");
	/* and when that one falls silent, it is first asked again (RFC 6275 11.4.1), then the home link */
	bench_run(b, span_s(479));
	bench_clear(b);
	bench_run(b, span_s(5));
	assert_true(bench_n_mh(b) >= 2);
	assert_int_equal(n_icmp(b), 0);
	bench_run(b, span_s(5));
	assert_int_equal(n_icmp(b), 1);
}

static void replies_that_are_not_answers(void **state)
{
	struct bench *b = *state;
	struct addr6 list[] = {HA2};
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra(b, W0, L_P1);
	struct ha_icmp_packet rq = only_icmp(b), other = rq;
	other.msg.id ^= 1;
	reply(b, &other, list, 1);
	assert_int_equal(b->k.count.n[R_HA_REPLY_UNEXPECTED], 1);
	assert_int_equal(bench_n_mh(b), 0);
	struct ha_icmp msg = {.type = IC6_HA_REPLY, .id = rq.msg.id, .n_agent = 1, .agent = {HA2}};
	struct addr6 src = HA, elsewhere = A("2001:db8:66::1");
	uint8_t buf[1280];
	struct rx rx = {.ifindex = W0, .why = DP_PUNT_ICMP_HA, .pkt = buf};
	rx.len_oct = ha_icmp_packet_build(buf, sizeof buf, &src, &elsewhere, NULL, NULL, &msg);
	assert_false(mn_role.rx(b->mn, &rx, b->k.now));
	rx.len_oct = ha_icmp_packet_build(buf, sizeof buf, &src, &rq.src, NULL, NULL, &msg);
	size_t n = rx.len_oct;
	for (rx.len_oct = 0; rx.len_oct < n; rx.len_oct++)
		(void)mn_role.rx(b->mn, &rx, b->k.now);
	assert_int_equal(bench_n_mh(b), 0);
	rx.len_oct = n;
	assert_true(mn_role.rx(b->mn, &rx, b->k.now));
	assert_int_equal(bench_n_mh(b), 1);
	bench_clear(b);
	assert_true(mn_role.rx(b->mn, &rx, b->k.now)); /* once only */
	assert_int_equal(bench_n_mh(b), 0);
	assert_int_equal(b->k.count.n[R_HA_REPLY_UNEXPECTED], 2);
}

/* On the move the question is asked again from the new link. */
static void discovery_moves_along(void **state)
{
	struct bench *b = *state;
	bench_link(b, W0, true);
	bench_ra(b, W0, L_A1);
	bench_link(b, W0, false);
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra_quiet(b, W0, L_A2);
	struct ha_icmp_packet rq = only_icmp(b);
	assert_addr(&rq.src, COA_A2);
	bench_state(b, "joining");
	bench_run(b, span_s(7));
	bench_state(b, "joining"); /* the agent is not to blame */
}

/* --- prefixes of the home link ------------------------------------------------------------------------------- */

static size_t advert_build(uint8_t buf[static 1280], const struct ha_icmp_packet *to, struct addr6 src, bool has_rh2, uint16_t id,
			   uint32_t valid_s, uint32_t preferred_s)
{
	struct ha_icmp msg = {.type = IC6_MPA, .id = id, .n_prefix = 1};
	struct addr6 hoa = HOA;
	msg.prefix[0] = (struct nd_prefix){.addr = A("2001:db8:1::"), .len_bits = 64, .is_onlink = true, .is_auto = true,
					   .valid_s = valid_s, .preferred_s = preferred_s};
	return ha_icmp_packet_build(buf, 1280, &src, &to->src, NULL, has_rh2 ? &hoa : NULL, &msg);
}

static void advert(struct bench *b, const struct ha_icmp_packet *to, struct addr6 src, bool has_rh2, uint16_t id, uint32_t valid_s,
		   uint32_t preferred_s)
{
	uint8_t buf[1280];
	size_t n = advert_build(buf, to, src, has_rh2, id, valid_s, preferred_s);
	bench_clear(b);
	bench_rx(b, W0, DP_PUNT_ICMP_HA, link_ll(L_P1), buf, n);
}

/* Status 1: accepted, but ask for the prefixes. */
static struct ha_icmp_packet told_to_ask(struct bench *b)
{
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra_quiet(b, W0, L_P1);
	struct bu bu = bench_only_bu(b);
	struct answer a = {.status = BA_ACCEPTED_PREFIX_DISCOVERY, .lifetime_s = 600};
	bench_clear(b);
	bench_ba(b, &bu, &a);
	bench_state(b, "away-plain");
	struct ha_icmp_packet p = only_icmp(b);
	assert_int_equal(p.msg.type, IC6_MPS);
	assert_addr(&p.dst, HA);
	assert_addr(&p.src, COA_P1);
	assert_true(p.has_hao);
	assert_addr(&p.peer, HOA);
	return p;
}

static bool has_event(const struct bench *b, const char *code)
{
	const struct effect *e;
	for (size_t i = 0; (e = kit_fx(&b->k, FX_EVENT, i)); i++)
		if (strcmp(e->event.code, code) == 0)
			return true;
	return false;
}

static void a_solicited_advertisement(void **state)
{
	struct bench *b = *state;
	struct ha_icmp_packet p = told_to_ask(b);
	advert(b, &p, HA, true, p.msg.id, 3600, 1800);
	assert_int_equal(kit_counted(&b->k), 0);
	assert_false(has_event(b, "mn-home-prefix"));
	bench_clear(b);
	bench_run(b, span_s(470));
	assert_int_equal(n_icmp(b), 0);
	advert(b, &p, HA, true, p.msg.id, 3600, 1800); /* the same once more is unsolicited, and asks for another */
	assert_int_equal(b->k.count.n[R_MPA_UNSOLICITED], 1);
	struct ha_icmp_packet again = only_icmp(b);
	assert_int_not_equal(again.msg.id, p.msg.id);
}

static void advertisements_to_be_discarded(void **state)
{
	struct bench *b = *state;
	struct ha_icmp_packet p = told_to_ask(b);
	advert(b, &p, HA2, true, p.msg.id, 0, 0);                      /* another home agent */
	advert(b, &p, HA, false, p.msg.id, 0, 0);                      /* no type 2 routing header */
	assert_int_equal(b->k.count.n[R_MPA_INVALID], 2);
	advert(b, &p, HA, true, (uint16_t)(p.msg.id + 1), 0, 0);       /* not our number */
	assert_int_equal(b->k.count.n[R_MPA_UNSOLICITED], 1);
	assert_int_equal(n_icmp(b), 0);                                /* one question is enough */
	uint8_t buf[1280];
	size_t n = advert_build(buf, &p, HA, true, p.msg.id, 0, 0);
	struct rx rx = {.ifindex = W0, .why = DP_PUNT_ICMP_HA, .pkt = buf};
	for (rx.len_oct = 0; rx.len_oct < n; rx.len_oct++)
		(void)mn_role.rx(b->mn, &rx, b->k.now);
	buf[n - 1] ^= 1;
	rx.len_oct = n;
	assert_true(mn_role.rx(b->mn, &rx, b->k.now));
	assert_true(b->k.count.n[R_MSG_CHECKSUM] > 0);
	assert_false(has_event(b, "mn-home-prefix"));
	bench_state(b, "away-plain");
}

/* In a site the home agent has the agent's care-of address, from which the mobile cannot ask: it does so on the next link without one. */
static void in_a_site_prefixes_wait(void **state)
{
	struct bench *b = *state;
	struct addr6 acoa = ACOA_A;
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra(b, W0, L_A1);
	struct bu bu = bench_only_bu(b);
	bench_accept_next(b, &bu, &acoa);
	bu = bench_only_bu(b);
	struct answer a = {.status = BA_ACCEPTED_PREFIX_DISCOVERY, .lifetime_s = 600};
	bench_clear(b);
	bench_ba(b, &bu, &a);
	bench_state(b, "away-site");
	assert_int_equal(n_icmp(b), 0);
	bench_link(b, W0, false);
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra(b, W0, L_P1);
	assert_true(bench_bu(b, 0, &bu));
	bench_accept_next(b, &bu, NULL);
	assert_int_equal(n_icmp(b), 1);
}

/* INITIAL_SOLICIT_TIMER is 3 s; doubled. */
static void solicitations_are_repeated(void **state)
{
	struct bench *b = *state;
	struct ha_icmp_packet p = told_to_ask(b), q;
	bench_run(b, span_ms(2990));
	assert_int_equal(n_icmp(b), 1);
	bench_run(b, span_ms(20));
	assert_int_equal(n_icmp(b), 2);
	bench_run(b, span_s(6));
	assert_int_equal(n_icmp(b), 3);
	assert_true(icmp(b, 2, &q));
	assert_int_equal(q.msg.id, p.msg.id);
	bench_run(b, span_s(300));
	assert_int_equal(n_icmp(b), 6);
	assert_true(has_event(b, "mn-no-prefixes"));
}

/* The home prefix ends: the binding is made to end with it, it is asked about before, and the operator hears of it. */
static void the_home_prefix_ends(void **state)
{
	struct bench *b = *state;
	struct ha_icmp_packet p = told_to_ask(b);
	advert(b, &p, HA, true, p.msg.id, 500, 0);
	assert_true(has_event(b, "mn-home-prefix"));
	struct bu bu = bench_only_bu(b);
	assert_int_equal(bu.p.mh.bu.lifetime_s, 500);
	bench_accept_next(b, &bu, NULL);
	bench_clear(b);
	bench_run(b, span_ms(399900));
	assert_int_equal(n_icmp(b), 0);
	bench_clear(b);
	bench_run(b, span_ms(200)); /* a fifth is left */
	p = only_icmp(b);
	advert(b, &p, HA, true, p.msg.id, 60, 0);
	for (size_t i = 0; bench_bu(b, i, &bu); i++)
		assert_true(bu.p.mh.bu.lifetime_s <= 60);
	assert_true(bench_n_mh(b) > 0);
}

/* Longer again: nothing is said to anybody before the usual refresh. */
static void the_home_prefix_lives_on(void **state)
{
	struct bench *b = *state;
	struct ha_icmp_packet p = told_to_ask(b);
	advert(b, &p, HA, true, p.msg.id, 7200, 3600);
	assert_int_equal(bench_n_mh(b), 0);
}

/* --- what is told without authentication -------------------------------------------------------------------- */

static void brr(struct bench *b, struct addr6 src, struct addr6 dst)
{
	struct mh m = {.type = MH_BRR};
	struct mh_built built;
	uint8_t buf[1280];
	struct mh_path path = {.src = src, .dst = dst};
	size_t n = mh_packet_build(buf, sizeof buf, &path, &m, &built);
	mh_packet_finish(&built, buf);
	bench_clear(b);
	struct rx rx = {.ifindex = W0, .why = DP_PUNT_MH, .pkt = buf, .len_oct = n};
	assert_true(mn_role.rx(b->mn, &rx, b->k.now));
}

static void be(struct bench *b, struct addr6 src, struct addr6 dst, enum be_status status, struct addr6 hoa)
{
	uint8_t buf[1280];
	size_t n = be_packet_build(buf, sizeof buf, &src, &dst, status, &hoa);
	bench_clear(b);
	struct rx rx = {.ifindex = W0, .why = DP_PUNT_MH, .pkt = buf, .len_oct = n};
	assert_true(mn_role.rx(b->mn, &rx, b->k.now));
}

static void refresh_requests(void **state)
{
	struct bench *b = *state;
	bench_to_plain(b);
	brr(b, A("2001:db8:66::1"), COA_P1); /* a stranger: RFC 6275 11.7.4 */
	assert_int_equal(bench_n_mh(b), 0);
	brr(b, HA, COA_P1);
	struct bu bu = bench_only_bu(b);
	assert_addr(&bu.p.dst, HA);
	assert_int_equal(bu.p.mh.bu.lifetime_s, 600);
	brr(b, HA, COA_P1);
	assert_int_equal(bench_n_mh(b), 0);
	assert_int_equal(b->k.count.n[R_LIMIT_RATE], 1);
	bench_accept_next(b, &bu, NULL);
	bench_state(b, "away-plain");
	for (int i = 0; i < 150; i++) { /* a flood of forgeries costs an update a second */
		brr(b, HA, COA_P1);
		bench_run(b, span_ms(10));
	}
	assert_int_equal(b->k.count.n[R_BRR_RECEIVED], 153);
	bench_shows(b, "bindings", "binding-update", "updates", "3");
}

static void binding_errors(void **state)
{
	struct bench *b = *state;
	bench_to_plain(b);
	be(b, A("2001:db8:66::1"), COA_P1, BE_UNKNOWN_BINDING, HOA);
	assert_int_equal(bench_n_mh(b), 0);
	be(b, HA, COA_P1, BE_UNKNOWN_BINDING, A("2001:db8:1::999"));
	assert_int_equal(bench_n_mh(b), 0);
	be(b, HA, COA_P1, BE_UNKNOWN_TYPE, HOA);
	assert_int_equal(bench_n_mh(b), 0);
	bench_state(b, "away-plain");
	be(b, HA, COA_P1, BE_UNKNOWN_BINDING, HOA); /* the home agent has lost it */
	struct bu bu = bench_only_bu(b);
	assert_addr(&bu.p.dst, HA);
	assert_int_equal(b->k.count.n[R_BE_RECEIVED], 4);
}

/* RFC 6275 11.3.5: an error that quotes the update. */
static bool error_about(struct bench *b, const struct bu *bu, uint8_t type, uint8_t code, int flip)
{
	uint8_t quoted[1280], buf[1400];
	struct addr6 router = A("2001:db8:77::1");
	memcpy(quoted, bu->s.pkt, bu->s.len);
	if (flip >= 0)
		quoted[flip] ^= 1;
	size_t n = icmp6_error_build(buf, sizeof buf, &router, type, code, 6, quoted, bu->s.len);
	struct rx rx = {.ifindex = W0, .why = DP_PUNT_ICMP_ERR, .pkt = buf, .len_oct = n};
	assert_true(n > 0);
	bench_clear(b);
	return mn_role.rx(b->mn, &rx, b->k.now);
}

static void a_home_agent_that_is_none(void **state)
{
	struct bench *b = *state;
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra_quiet(b, W0, L_P1);
	struct bu bu = bench_only_bu(b), copy = bu;
	uint8_t pkt[1280];
	memcpy(pkt, bu.s.pkt, bu.s.len);
	copy.s.pkt = pkt;
	size_t mh_off = (size_t)(bu.p.head - bu.s.pkt);
	assert_false(error_about(b, &copy, IC6_PARAM_PROBLEM, 1, (int)mh_off + 7)); /* another sequence number */
	assert_false(error_about(b, &copy, IC6_PARAM_PROBLEM, 1, 39));              /* to somebody else */
	assert_false(error_about(b, &copy, IC6_PARAM_PROBLEM, 2, -1));
	assert_int_equal(b->k.count.n[R_ICMP_ABOUT_UPDATE], 0);
	assert_true(error_about(b, &copy, IC6_PARAM_PROBLEM, 1, -1));
	bench_run(b, span_s(59));
	assert_int_equal(bench_n_mh(b), 0);
	bench_run(b, span_s(2)); /* after a while it may have learnt */
	assert_int_equal(bench_n_mh(b), 1);
}

static void an_agent_that_is_unreachable(void **state)
{
	struct bench *b = *state;
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra(b, W0, L_A1);
	struct bu bu = bench_only_bu(b), copy = bu;
	uint8_t pkt[1280];
	memcpy(pkt, bu.s.pkt, bu.s.len);
	copy.s.pkt = pkt;
	assert_true(error_about(b, &copy, IC6_UNREACHABLE, 0, -1));
	bench_state(b, "joining"); /* a forgery could say so: the wait is shorter, that is all */
	bench_run(b, span_ms(1100));
	bench_state(b, "registering");
}

/* At home nothing is registered, and nobody makes it so. */
static void at_home_nothing_is_refreshed(void **state)
{
	struct bench *b = *state;
	bench_to_home(b);
	brr(b, HA, HOA);
	be(b, HA, HOA, BE_UNKNOWN_BINDING, HOA);
	assert_int_equal(bench_n_mh(b), 0);
	bench_state(b, "home");
}

#define T(f) BENCH_TEST(f, V6, 1)
#define D(f) BENCH_TEST(f, V6, 1, undiscovered)

int main(void)
{
	const struct CMUnitTest tests[] = {
		D(discovered_away), D(discovered_in_a_site), D(discovered_at_home), D(nobody_answers), D(the_next_one_is_tried),
		D(replies_that_are_not_answers), D(discovery_moves_along),
		T(a_solicited_advertisement), T(advertisements_to_be_discarded), T(solicitations_are_repeated), T(in_a_site_prefixes_wait), T(the_home_prefix_ends), T(the_home_prefix_lives_on),
		T(refresh_requests), T(binding_errors), T(a_home_agent_that_is_none), T(an_agent_that_is_unreachable), T(at_home_nothing_is_refreshed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
