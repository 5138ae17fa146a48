/* SPDX-License-Identifier: BSD-2-Clause */
/* One registration of Mobile IPv4 (core/reg/reg4.h) and the rules of movement detection (core/motion/move4.h): RFC 5944 2.4, 3.4, 3.6.2.2, 3.6.3, 5.7. */
#include "../kit/kit.h"

#include "core/motion/move4.h"
#include "core/reg/reg4.h"
#include "wire/mip6/mh.h"

static struct kit k;
static struct reg4 r;
static struct reg4_req req;

static int setup(void **state)
{
	(void)state;
	kit_init(&k);
	reg4_init(&r, NULL, k.now);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kit_fini(&k);
	return 0;
}

static enum reg4_event start(uint16_t lifetime_s) { return reg4_start(&r, lifetime_s, &k.rng, k.now, &req); }
static enum reg4_event tick(void) { return reg4_tick(&r, &k.rng, k.now, &req); }
static enum reg4_event answer(uint8_t code, uint16_t lifetime_s)
{
	struct reg4_reply a = {.code = code, .lifetime_s = lifetime_s, .id = r.id};
	return reg4_on_reply(&r, &a, &k.rng, k.now, &req);
}

/* Runs to the next event of the registration; how long that took, in ms. */
static int64_t next(enum reg4_event *ev)
{
	mono_t from = k.now.mono, at = reg4_expiry(&r);
	assert_false(mono_is_never(at));
	if (mono_before(k.now.mono, at))
		kit_advance(&k, mono_sub(at, k.now.mono));
	*ev = tick();
	return span_to_ms(mono_sub(k.now.mono, from));
}

/* 3.6.3: 1 s, twice as long each time, no later than the lifetime asked for. */
static void back_off(void **state)
{
	(void)state;
	static const int64_t ms[] = {1000, 2000, 4000, 8000, 12000, 12000};
	enum reg4_event ev;
	assert_int_equal(start(12), REG4_SEND);
	for (size_t i = 0; i < sizeof ms / sizeof *ms; i++) {
		assert_int_equal(next(&ev), ms[i]);
		assert_int_equal(ev, REG4_SEND);
	}
}

/* 2.4.2, 3.6: on average one a second, however often the mobile moves. */
static void rate(void **state)
{
	(void)state;
	int sent = 0;
	for (int i = 0; i < 1000; i++) {
		sent += start(600) == REG4_SEND;
		kit_advance(&k, span_ms(10));
	}
	assert_true(sent >= 10 && sent <= 10 + REG4_BURST);
	sent = 0;
	start(600);
	assert_false(mono_is_never(reg4_expiry(&r))); /* what was held back leaves when it may */
}

/* 5.7, 5.7.1: NTP's format, ever greater, and no two low halves alike, also a whole second later. */
static void identifications(void **state)
{
	(void)state;
	uint64_t last = 0;
	for (int i = 0; i < 200; i++) {
		if (start(600) == REG4_SEND) {
			assert_true(!last || (int64_t)(req.id - last) > 0);
			assert_true((uint32_t)req.id != (uint32_t)last);
			int64_t off_ns = wall_sub(mh_wall_of_ntp(req.id, k.now.wall), k.now.wall).ns;
			assert_true(off_ns < NS_PER_MS && off_ns > -NS_PER_MS);
			last = req.id;
		}
		kit_advance(&k, span_s(1));
	}
	k.now.wall.ns -= 5 * NS_PER_S; /* the clock was set back */
	kit_advance(&k, span_s(1));
	assert_int_equal(start(600), REG4_SEND);
	assert_true((int64_t)(req.id - last) > 0);
}

/* 3.4, 3.6.2.2: the shorter of both lifetimes, from when the request was sent; renewal at four fifths. */
static void lifetimes(void **state)
{
	(void)state;
	enum reg4_event ev;
	start(100);
	kit_advance(&k, span_ms(500));
	assert_int_equal(answer(0, 200), REG4_ACCEPTED);
	assert_int_equal(r.lifetime_s, 100);
	assert_int_equal(next(&ev), 79500);
	assert_int_equal(ev, REG4_SEND);
	assert_int_equal(answer(0, 50), REG4_ACCEPTED);
	assert_int_equal(r.lifetime_s, 50);
	assert_int_equal(next(&ev), 40000);
	for (int i = 0; i < 8 && ev != REG4_EXPIRED; i++)
		(void)next(&ev);
	assert_int_equal(ev, REG4_EXPIRED);
	assert_int_equal(r.state, REG4_WAIT);
	assert_true(reg4_is_pending(&r)); /* it goes on trying */
	start(MIP4_LIFETIME_INFINITE);
	assert_int_equal(answer(0, MIP4_LIFETIME_INFINITE), REG4_ACCEPTED);
	assert_true(mono_is_never(reg4_expiry(&r)));
	assert_true(reg4_may_hold(&r, (struct now){{INT64_MAX - 1}, {0}}));
}

/* Accepted for no time is accepted for nothing. 3.4: a refusal's lifetime counts in no code but 69. */
static void odd_lifetimes(void **state)
{
	(void)state;
	start(100);
	assert_int_equal(answer(0, 0), REG4_REFUSED);
	assert_int_equal(r.state, REG4_WAIT);
	kit_advance(&k, span_s(5));
	tick();
	assert_int_equal(answer(MIP4_HA_NO_RESOURCES, 7), REG4_REFUSED);
	assert_int_equal(r.ask_s, 100);
	kit_advance(&k, span_s(5));
	tick();
	assert_int_equal(answer(MIP4_FA_LIFETIME, 60), REG4_SEND);
	assert_int_equal(req.lifetime_s, 60);
	assert_int_equal(answer(MIP4_FA_LIFETIME, 90), REG4_REFUSED); /* no sense in it */
	assert_int_equal(r.ask_s, 60);
}

/* 3.6.2.1: only the last request can be answered, and once. */
static void what_is_an_answer(void **state)
{
	(void)state;
	start(100);
	uint64_t first = req.id;
	kit_advance(&k, span_s(1));
	assert_int_equal(tick(), REG4_SEND);
	struct reg4_reply late = {.code = 0, .lifetime_s = 100, .id = first};
	assert_int_equal(reg4_on_reply(&r, &late, &k.rng, k.now, &req), REG4_UNEXPECTED);
	assert_int_equal(answer(0, 100), REG4_ACCEPTED);
	assert_int_equal(answer(0, 100), REG4_UNEXPECTED);
	assert_true(r.bound_id == r.id);
}

/* A home agent that refuses each identification does not get a storm: a few at once, then the back-off. */
static void quick_answers_are_limited(void **state)
{
	(void)state;
	int sent = 0;
	start(100);
	for (int i = 0; i < 100; i++) {
		if (r.is_open)
			sent += answer(MIP4_HA_ID_MISMATCH, 0) == REG4_SEND;
		kit_advance(&k, span_ms(100));
		if (mono_reached(reg4_expiry(&r), k.now.mono))
			sent += tick() == REG4_SEND;
	}
	assert_true(sent >= REG4_QUICK_MAX && sent <= 13);
}

/* De-registration: asked until confirmed, given up when nothing can be left. */
static void de_registration(void **state)
{
	(void)state;
	enum reg4_event ev = REG4_NOTHING;
	start(30);
	assert_true(reg4_may_hold(&r, k.now));
	kit_advance(&k, span_s(3));
	assert_int_equal(start(0), REG4_SEND);
	assert_int_equal(answer(0, 0), REG4_DEREGISTERED);
	assert_int_equal(r.state, REG4_IDLE);
	assert_false(reg4_may_hold(&r, k.now));
	kit_advance(&k, span_s(3));
	start(30);
	kit_advance(&k, span_s(3));
	start(0);
	while (ev != REG4_EXPIRED)
		(void)next(&ev);
	assert_int_equal(r.state, REG4_IDLE);
	assert_true(mono_is_never(reg4_expiry(&r)));
}

/* Which code asks for what: spot checks of the table, and that each kind of refusal is somebody's. */
static void acts(void **state)
{
	(void)state;
	assert_int_equal(reg4_act_of(0), REG4_ACCEPT);
	assert_int_equal(reg4_act_of(1), REG4_ACCEPT);
	assert_int_equal(reg4_act_of(MIP4_FA_PROHIBITED), REG4_AGENT);
	assert_int_equal(reg4_act_of(MIP4_FA_POOR_REQUEST), REG4_AGENT);
	assert_int_equal(reg4_act_of(MIP4_FA_TIMEOUT), REG4_LATER);
	assert_int_equal(reg4_act_of(MIP4_HA_MN_AUTH), REG4_FINAL);
	assert_int_equal(reg4_act_of(MIP4_HA_POOR_REQUEST), REG4_FINAL);
	assert_int_equal(reg4_act_of(MIP4_HA_ID_MISMATCH), REG4_ID);
	assert_int_equal(reg4_act_of(MIP4_FA_INVALID_HA), REG4_AGENT);
	assert_int_equal(reg4_act_of(255), REG4_AGENT);
	for (int code = 0; code < 256; code++)
		assert_int_equal(reg4_is_from_home((uint8_t)code), code < 64 || (code >= 128 && code < 192));
}

/* --- movement ----------------------------------------------------------------------------------------------------- */

static struct adv4 adv(const char *router, uint8_t len_bits)
{
	struct adv4 a = {.lifetime_s = 9, .n_router = 1, .has_prefix_len = len_bits != 0};
	assert_true(addr46_parse(&a.router[0].addr, router));
	a.router[0].len_bits = len_bits;
	return a;
}

static void rule_1(void **state)
{
	(void)state;
	struct adv4 a = adv("10.3.1.1", 24);
	mono_t t = {NS_PER_S};
	assert_int_equal(move4_lost_at(t, &a).ns, 10 * NS_PER_S);
	assert_int_equal(move4_overdue(t, &a, 2).ns, 7 * NS_PER_S);
	assert_int_equal(move4_overdue(t, &a, 9).ns, 10 * NS_PER_S);
}

static void rule_2(void **state)
{
	(void)state;
	struct adv4 a = adv("10.3.1.1", 24), same = adv("10.3.1.2", 24), other = adv("10.3.2.1", 24), wider = adv("10.3.1.1", 16), silent = adv("10.3.2.1", 0);
	assert_int_equal(move4_subnet(&a, &same), MOVE4_SAME);
	assert_int_equal(move4_subnet(&a, &other), MOVE4_OTHER);
	assert_int_equal(move4_subnet(&a, &wider), MOVE4_OTHER);
	assert_int_equal(move4_subnet(&a, &silent), MOVE4_UNKNOWN);
	assert_int_equal(move4_subnet(&silent, &a), MOVE4_UNKNOWN);
	struct prefix6 own;
	assert_true(prefix46_parse(&own, "10.3.1.0/24"));
	assert_int_equal(move4_subnet_of(&own, &same), MOVE4_SAME);
	assert_int_equal(move4_subnet_of(&own, &other), MOVE4_OTHER);
	own.len_bits = 0;
	assert_int_equal(move4_subnet_of(&own, &other), MOVE4_UNKNOWN);
}

static void home(void **state)
{
	(void)state;
	struct prefix6 prefix;
	struct addr6 ha, none = addr6_any;
	assert_true(prefix46_parse(&prefix, "10.1.0.0/24"));
	assert_true(addr46_parse(&ha, "10.1.0.1"));
	struct adv4_packet p = {.adv = adv("10.1.0.1", 24)};
	assert_true(addr46_parse(&p.src, "10.1.0.1"));
	assert_true(move4_is_home(&p, &ha, &prefix)); /* a router of the home prefix */
	assert_true(move4_is_home(&p, &none, &prefix));
	p.adv.router[0].len_bits = 16;
	assert_false(move4_is_home(&p, &ha, &prefix)); /* another prefix */
	p.adv.is_agent = true;
	p.adv.flags = ADV4_H;
	assert_true(move4_is_home(&p, &ha, &prefix)); /* 2.4.3: the home agent itself */
	p.adv = adv("10.1.0.1", 0);
	assert_false(move4_is_home(&p, &ha, &prefix)); /* a plain router that does not say */
	p.adv.is_agent = true;
	p.adv.flags = ADV4_F;
	assert_false(move4_is_home(&p, &none, &prefix));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(back_off, setup, teardown),
		cmocka_unit_test_setup_teardown(rate, setup, teardown),
		cmocka_unit_test_setup_teardown(identifications, setup, teardown),
		cmocka_unit_test_setup_teardown(lifetimes, setup, teardown),
		cmocka_unit_test_setup_teardown(odd_lifetimes, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_an_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(quick_answers_are_limited, setup, teardown),
		cmocka_unit_test_setup_teardown(de_registration, setup, teardown),
		cmocka_unit_test_setup_teardown(acts, setup, teardown),
		cmocka_unit_test_setup_teardown(rule_1, setup, teardown),
		cmocka_unit_test_setup_teardown(rule_2, setup, teardown),
		cmocka_unit_test_setup_teardown(home, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
