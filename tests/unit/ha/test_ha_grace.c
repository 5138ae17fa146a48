/* SPDX-License-Identifier: BSD-2-Clause */
/* Reverse tunnels from the care-of address before are taken for a moment: what was on its way when the mobile moved or came home
 * is not lost (H-16, H-17). */
#include "../kit/ha_kit.h"

static struct bench b;

static int setup_with(span_t grace)
{
	bench_init(&b, true);
	b.conf->has_dad = false;
	b.conf->reverse_grace = grace;
	bench_start_up(&b);
	return 0;
}
static int setup(void **state) { *state = &b; return setup_with(span_s(1)); }
static int setup_none(void **state) { *state = &b; return setup_with(span_s(0)); }

static const struct dp_home *put(size_t nth)
{
	const struct dp_op *op = kit_dp(&b.k, FX_DP_PUT, DP_HOME, nth);
	return op ? &op->home : NULL;
}

static void after_a_move(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	assert_true(addr6_is_any(&put(0)->prev));
	assert_int_equal(bench_send(&b, (struct update){.alt = &t_alt}), BA_ACCEPTED);
	assert_true(addr6_eq(&put(0)->coa, &t_alt) && addr6_eq(&put(0)->prev, &t_coa));
	assert_int_equal(put(0)->prev_until.ns, b.k.now.mono.ns + NS_PER_S);
	assert_int_equal(bench_send(&b, (struct update){.alt = &t_alt}), BA_ACCEPTED); /* a refresh is no move */
	assert_true(addr6_is_any(&put(0)->prev));
}

static void after_coming_home(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	assert_int_equal(bench_send(&b, (struct update){.is_from_home = true}), BA_ACCEPTED);
	assert_true(mono_reached(put(0)->expires, b.k.now.mono)); /* the binding itself is over */
	const struct fx_neigh *neigh = &kit_fx(&b.k, FX_NEIGH, 0)->neigh; /* and this host knows where the address is now */
	assert_int_equal(neigh->ifindex, T_HOME_IF);
	assert_true(addr6_eq(&neigh->addr, &t_hoa) && lladdr_eq(&neigh->lladdr, &t_mn_ll));
	assert_true(addr6_eq(&put(0)->prev, &t_coa));
	bench_wait(&b, span_ms(999));
	assert_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	bench_wait(&b, span_ms(1));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	bench_wait(&b, span_s(60)); /* and is forgotten in its time, with nothing left to take out */
	assert_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	assert_non_null(kit_fx(&b.k, FX_STORE_DEL, 0));
}

static void away_again_meanwhile(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	assert_int_equal(bench_send(&b, (struct update){.is_from_home = true}), BA_ACCEPTED);
	assert_int_equal(bench_send(&b, (struct update){.alt = &t_alt}), BA_ACCEPTED);
	assert_true(addr6_eq(&put(0)->coa, &t_alt));
	bench_wait(&b, span_s(10));
	assert_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
}

static void a_stop_takes_it_out(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	assert_int_equal(bench_send(&b, (struct update){.is_from_home = true}), BA_ACCEPTED);
	kit_clear(&b.k);
	ha_role.stop(b.ha, b.k.now);
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
}

/* RFC 6275 10.4.5 to the letter. */
static void none_where_told_so(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	assert_int_equal(bench_send(&b, (struct update){.alt = &t_alt}), BA_ACCEPTED);
	assert_true(addr6_is_any(&put(0)->prev));
	assert_int_equal(bench_send(&b, (struct update){.is_from_home = true}), BA_ACCEPTED);
	assert_null(put(0));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, bench_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(after_a_move), T(after_coming_home), T(away_again_meanwhile), T(a_stop_takes_it_out),
		cmocka_unit_test_setup_teardown(none_where_told_so, setup_none, bench_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
