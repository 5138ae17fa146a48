/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile as a router: RFC 3963 5. */
#include "../kit/mn6_bench.h"

#define NET "2001:db8:50::/64"

static void link_lan(struct bench *b, bool is_up)
{
	struct link_event ev = {.ifindex = 9, .name = "lan0", .is_up = is_up, .mtu_oct = 1500};
	mn_role.link(b->mn, &ev, b->k.now);
}

static void with_network(struct bench *b)
{
	b->conf.n_network = 1;
	b->conf.network[0] = plain_prefix(NET);
	b->conf.network_mode = MN_NET_EXPLICIT;
	strcpy(b->conf.network_interface, "lan0");
}

static void with_implicit_network(struct bench *b)
{
	with_network(b);
	b->conf.network_mode = MN_NET_IMPLICIT;
}

static void assert_names(const struct bu *bu, bool is_router, uint32_t n)
{
	struct prefix6 p = plain_prefix(NET);
	assert_int_equal(!!(bu->p.mh.bu.flags & BU_R), is_router);
	assert_int_equal(bu->p.mh.opt.n_prefix, n);
	if (n)
		assert_true(prefix6_eq(&bu->p.mh.opt.prefix[0], &p));
}

static struct bu refused(struct bench *b, const struct bu *bu, uint8_t status)
{
	struct answer a = {.status = status};
	bench_ba(b, bu, &a);
	return bench_next_bu(b); /* at once */
}

static void the_host_and_the_datapath_know_the_network(void **state)
{
	struct bench *b = *state;
	struct prefix6 p = plain_prefix(NET);
	const struct dp_op *op = kit_dp(&b->k, FX_DP_PUT, DP_NET, 0);
	assert_true(prefix6_eq(&op->net.prefix, &p));
	assert_addr(&op->net.home_address, HOA);
	bench_clear(b);
	link_lan(b, true);
	const struct effect *fx = kit_fx(&b->k, FX_ROUTE_PUT, 0);
	assert_true(prefix6_eq(&fx->route.dst, &p));
	assert_int_equal(fx->route.ifindex, 9);
	mn_role.stop(b->mn, b->k.now);
	assert_non_null(kit_dp(&b->k, FX_DP_DEL, DP_NET, 0));
}

static void explicit_mode_names_it_everywhere(void **state)
{
	struct bench *b = *state;
	struct addr6 acoa = ACOA_A;
	struct bu bu = bench_first_bu(b, L_A1);
	assert_names(&bu, true, 1); /* the site's agent */
	bench_accept(b, &bu, &acoa);
	assert_true(bench_bu(b, 0, &bu));
	bench_clear(b);
	assert_addr(&bu.p.dst, HA);
	assert_names(&bu, true, 1);
	bench_ba(b, &bu, &(struct answer){.lifetime_s = 600, .flags = BA_R});
	bench_state(b, "away-site");
	bench_run(b, span_s(1));
	bench_clear(b);
	bench_ra(b, W0, L_A2);
	assert_int_equal(bench_n_mh(b), 0); /* H-11 holds for the network too */
	bench_ra(b, W0, L_HOME);
	assert_true(bench_bu(b, 0, &bu));
	assert_int_equal(bu.p.mh.bu.lifetime_s, 0);
	assert_names(&bu, false, 0); /* 5.8 */
}

static void implicit_mode_names_it_to_the_sites_agent_only(void **state)
{
	struct bench *b = *state;
	struct addr6 acoa = ACOA_A;
	struct bu bu = bench_first_bu(b, L_A1);
	assert_names(&bu, true, 1);
	bench_accept(b, &bu, &acoa);
	assert_true(bench_bu(b, 0, &bu));
	assert_names(&bu, true, 0);
}

static void the_other_mode_is_tried_then_it_is_a_host(void **state)
{
	struct bench *b = *state;
	struct bu bu = bench_first_bu(b, L_P1);
	assert_names(&bu, true, 1);
	bu = refused(b, &bu, BA_NOT_AUTHORISED_PREFIX);
	assert_names(&bu, true, 0);
	bu = refused(b, &bu, BA_FORWARDING_FAILED);
	assert_names(&bu, false, 0);
	bench_accept(b, &bu, NULL);
	bench_state(b, "away-plain");
	bench_run(b, span_s(590)); /* refreshes meanwhile as the host that it is there */
	for (uint32_t i = 0; bench_bu(b, i, &bu); i++)
		assert_names(&bu, false, 0);
}

static void implicit_mode_gives_way_to_explicit_mode(void **state)
{
	struct bench *b = *state;
	struct bu bu = bench_first_bu(b, L_P1);
	assert_names(&bu, true, 0);
	bu = refused(b, &bu, BA_FORWARDING_FAILED);
	assert_names(&bu, true, 1);
}

static void not_permitted_it_is_a_host_at_once(void **state)
{
	struct bench *b = *state;
	struct bu bu = bench_first_bu(b, L_P1);
	bu = refused(b, &bu, BA_MR_NOT_PERMITTED);
	assert_names(&bu, false, 0);
}

static void an_agent_that_knows_no_routers_is_told_of(void **state)
{
	struct bench *b = *state;
	struct bu bu = bench_first_bu(b, L_P1);
	bench_accept(b, &bu, NULL); /* without R */
	bool is_said = false;
	const struct effect *fx;
	for (size_t i = 0; (fx = kit_fx(&b->k, FX_EVENT, i)); i++)
		is_said |= strcmp(fx->event.code, "mn-network") == 0;
	assert_true(is_said);
}

static void wrong_configurations_are_refused(void **state)
{
	struct bench *b = *state;
	const char *remedy = NULL;
	struct mn_conf c = b->conf;
	void *mn = calloc(1, mn_role.size_oct);
	strcpy(c.network_interface, "w0");
	assert_int_equal(mn_role.init(mn, &b->k.env, &c, b->k.now, &remedy), ERR_INVAL);
	c = b->conf;
	assert_true(prefix6_parse(&c.network[0], "2001:db8:1::/64")); /* the home agent's */
	assert_int_equal(mn_role.init(mn, &b->k.env, &c, b->k.now, &remedy), ERR_INVAL);
	free(mn);
}

#define T(f) BENCH_TEST(f, V6, 2, with_network)
#define T_IMPLICIT(f) BENCH_TEST(f, V6, 2, with_implicit_network)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_host_and_the_datapath_know_the_network), T(explicit_mode_names_it_everywhere),
		T_IMPLICIT(implicit_mode_names_it_to_the_sites_agent_only), T(the_other_mode_is_tried_then_it_is_a_host),
		T_IMPLICIT(implicit_mode_gives_way_to_explicit_mode), T(not_permitted_it_is_a_host_at_once),
		T(an_agent_that_knows_no_routers_is_told_of), T(wrong_configurations_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
