/* SPDX-License-Identifier: BSD-2-Clause */
/* H-9 in the engine: signals, the request for a handover, and the operator's word. */
#include "../kit/mn6_bench.h"

/* Samples of two routers for a while, from w0. */
static void hear(struct bench *b, int dbm_a1, int dbm_a2, int n)
{
	for (int i = 0; i < n; i++) {
		bench_signal(b, W0, L_A1, dbm_a1, false);
		bench_signal(b, W0, L_A2, dbm_a2, false);
		bench_run(b, span_ms(100));
	}
}

static void assert_attach(const struct bench *b, uint32_t ifindex, enum bench_link r)
{
	struct lladdr ll = link_ll(r);
	assert_int_equal(kit_n_fx(&b->k, FX_ATTACH), 1);
	assert_int_equal(kit_fx(&b->k, FX_ATTACH, 0)->attach.ifindex, ifindex);
	assert_true(lladdr_eq(&kit_fx(&b->k, FX_ATTACH, 0)->attach.router, &ll));
}

static void an_idle_interface_is_attached_first(void **state)
{
	struct bench *b = *state;
	struct report r;
	bench_to_site_a(b);
	bench_link(b, W1, false); /* it is there, and idle */
	hear(b, -60, -50, 10);
	assert_int_equal(kit_n_fx(&b->k, FX_ATTACH), 0); /* above the threshold */
	hear(b, -80, -60, 10);
	assert_attach(b, W1, L_A2); /* once */
	bench_clear(b);
	bench_link(b, W1, true);
	assert_true(bench_report(b, 0, &r));
	assert_int_equal(r.s.fx->send.ifindex, W1);
	bench_ra(b, W1, L_A2);
	bench_shows(b, "mobiles", "mobile", "interface", "w1");
	bench_shows(b, "status", "mobile-node", "handovers", "1");
	assert_int_equal(bench_n_mh(b), 0);
}

static void the_only_interface_is_moved(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	hear(b, -80, -60, 10);
	assert_attach(b, W0, L_A2);
}

/* The radio did not answer: asked again after a while. */
static void a_deaf_radio(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	for (int i = 0; i < 10; i++) {
		bench_ra(b, W0, L_A1);
		hear(b, -80, -60, 5);
	}
	assert_int_equal(kit_n_fx(&b->k, FX_ATTACH), 3); /* at 0, 2 and 4 s */
}

/* Somebody brings up a link while signals are measured: the policy decides, not the event. */
static void a_link_nobody_asked_for_stays_idle(void **state)
{
	struct bench *b = *state;
	struct report r;
	bench_to_site_a(b);
	hear(b, -50, -60, 5);
	bench_clear(b);
	bench_link(b, W1, true);
	assert_false(bench_report(b, 0, &r));
	bench_ra(b, W1, L_A2);
	bench_shows(b, "mobiles", "mobile", "interface", "w0");
	assert_null(kit_dp(&b->k, FX_DP_PUT, DP_UPLINK_OUT, 0));
	/* the present one fades: no attachment is needed, that link is there */
	bench_clear(b);
	hear(b, -80, -60, 8);
	assert_true(bench_report(b, 0, &r));
	assert_int_equal(r.s.fx->send.ifindex, W1);
	bench_shows(b, "mobiles", "mobile", "interface", "w1");
	/* the radio is asked for one thing: to release the old one */
	bench_run(b, span_s(1));
	assert_int_equal(kit_n_fx(&b->k, FX_ATTACH), 1);
	assert_int_equal(kit_fx(&b->k, FX_ATTACH, 0)->attach.ifindex, W0);
	assert_true(lladdr_is_zero(&kit_fx(&b->k, FX_ATTACH, 0)->attach.router));
}

/* Carrier never goes: the radio's word is the only sign. */
static void a_radio_that_roams_by_itself(void **state)
{
	struct bench *b = *state;
	struct report r;
	bench_to_site_a(b);
	bench_signal(b, W0, L_A1, -60, true);
	assert_false(bench_report(b, 0, &r));
	bench_clear(b);
	bench_signal(b, W0, L_A2, -55, true);
	assert_int_equal(b->k.fx.fx[0].kind, FX_SEND);
	assert_true(bench_report(b, 0, &r));
	bench_ra(b, W0, L_A2);
	bench_state(b, "away-site");
	assert_int_equal(bench_n_mh(b), 0);
	bench_shows(b, "status", "mobile-node", "intra-site", "1");
}

static void ping_pongs_are_counted(void **state)
{
	struct bench *b = *state;
	static const enum bench_link way[] = {L_A2, L_A1, L_A2, L_A1};
	bench_to_site_a(b);
	for (int i = 0; i < 4; i++) {
		bench_link(b, W0, false);
		bench_link(b, W0, true);
		bench_ra(b, W0, way[i]);
		bench_run(b, i == 2 ? span_s(2) : span_s(1));
		if (i == 2)
			for (int s = 0; s < 4; s++) {
				bench_ra(b, W0, way[i]);
				bench_run(b, span_s(1));
			}
	}
	/* back to A1 after 1 s, back to A2 after 1 s, back to A1 after 6 s */
	bench_shows(b, "status", "mobile-node", "ping-pongs", "2");
	bench_shows(b, "status", "mobile-node", "handovers", "4");
}

/* H-9: "over its advertisements": one without a new measurement counts the last one again. */
static void advertisements_are_samples(void **state)
{
	struct bench *b = *state;
	b->conf.min_stay = span_ms(0);
	bench_to_site_a(b);
	hear(b, -60, -66, 1);
	bench_signal(b, W0, L_A1, -79, false); /* mean -69.5 */
	assert_int_equal(kit_n_fx(&b->k, FX_ATTACH), 0);
	bench_ra(b, W0, L_A1); /* mean -72.7 */
	bench_signal(b, W0, L_A2, -66, false);
	assert_attach(b, W0, L_A2);
}

static int order(struct bench *b, const char *a, const char *c, const char *d)
{
	const char *argv[] = {a, c, d};
	struct ctl_cmd cmd = {d ? 3 : c ? 2 : 1, argv};
	const char *msg = NULL;
	return mn_role.ctl(b->mn, &cmd, b->k.now, &msg);
}

static void the_operator_decides(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	hear(b, -50, -60, 3);
	bench_link(b, W1, true);
	bench_ra(b, W1, L_A2);
	bench_shows(b, "mobiles", "mobile", "interface", "w0");
	assert_int_equal(order(b, "handover", "w1", NULL), 0);
	bench_shows(b, "mobiles", "mobile", "interface", "w1");
	bench_clear(b);
	assert_int_equal(order(b, "handover", "w0", "02:00:00:00:aa:02"), 0);
	assert_attach(b, W0, L_A2);
	assert_int_equal(order(b, "handover", "w7", NULL), ERR_INVAL);
	assert_int_equal(order(b, "handover", "w0", "nonsense"), ERR_INVAL);
	assert_int_equal(order(b, "handover", NULL, NULL), ERR_INVAL);
	assert_int_equal(order(b, "drop", "w0", NULL), ERR_NOTFOUND);
	bench_link(b, W0, false);
	assert_int_equal(order(b, "handover", "w0", NULL), ERR_INVAL);
}

/* More cells than the table holds. */
static void a_crowd_of_cells(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	for (unsigned i = 0; i < 1000; i++) {
		struct signal_event ev = {.ifindex = W0, .router = {{2, 7, 7, 7, (uint8_t)(i >> 8), (uint8_t)i}}, .dbm = -90};
		mn_role.signal(b->mn, &ev, b->k.now);
		bench_run(b, span_ms(1));
	}
	hear(b, -80, -60, 5);
	assert_attach(b, W0, L_A2);
}

#define T1(f) BENCH_TEST(f, V6, 1)
#define T2(f) BENCH_TEST(f, V6, 2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T2(an_idle_interface_is_attached_first), T1(the_only_interface_is_moved), T1(a_deaf_radio),
		T2(a_link_nobody_asked_for_stays_idle), T1(a_radio_that_roams_by_itself), T1(ping_pongs_are_counted),
		T1(advertisements_are_samples), T2(the_operator_decides), T1(a_crowd_of_cells),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
