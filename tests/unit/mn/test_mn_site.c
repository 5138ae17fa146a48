/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile node between sites, home, and links without an agent: who is told what, in which order, and what becomes of
 * packets that still come to the old place (H-16 to H-20, H-22; figures 6 to 10). */
#include "../kit/mn6_bench.h"

static bool last_seq(void *ctx, const struct addr6 *group, const struct addr6 *source, uint32_t *seq)
{
	(void)ctx;
	struct addr6 g = GROUP, mma = MMA_A;
	*seq = 4711;
	return addr6_eq(group, &g) && addr6_eq(source, &mma);
}

static void with_last_seq(struct bench *b) { b->k.env.last_seq = last_seq; }

static void assert_dereg(const struct bu *bu, struct addr6 agent)
{
	assert_addr(&bu->p.dst, agent);
	assert_int_equal(bu->p.mh.bu.lifetime_s, 0);
}

static void assert_forward(const struct bu *bu, struct addr6 to, struct addr6 agent, uint8_t flags)
{
	const struct rc_forward *f = &bu->p.mh.opt.rc.forward;
	assert_true(bu->p.mh.opt.rc.has_forward);
	assert_int_equal(f->time_s, 10);
	assert_int_equal(f->flags, flags);
	assert_int_equal(f->has_seq, flags == RC_FORWARD_GONE);
	assert_int_equal(f->last_seq, flags == RC_FORWARD_GONE ? 4711 : 0);
	assert_addr(&f->to, to);
	assert_addr(&f->agent, agent);
}

static bool has_left(const struct bench *b, uint32_t ifindex)
{
	for (size_t i = 0; kit_fx(&b->k, FX_LEAVE, i); i++)
		if (kit_fx(&b->k, FX_LEAVE, i)->group.ifindex == ifindex)
			return true;
	return false;
}

static bool has_tunnel(const struct bench *b, enum effect_kind kind, struct addr6 dst, struct addr6 src)
{
	const struct dp_op *op;
	for (size_t i = 0; (op = kit_dp(&b->k, kind, DP_DOWNLINK_IN, i)); i++)
		if (addr6_eq(&op->downlink_in.dst, &dst) && addr6_eq(&op->downlink_in.src, &src))
			return true;
	return false;
}

static void cut(struct bench *b, uint32_t ifindex)
{
	bench_link(b, ifindex, false);
	bench_run(b, span_ms(20));
	bench_clear(b);
	bench_link(b, ifindex, true);
}

/* H-16, H-18, H-19, figures 6, 8 and 9 over one interface. Join and registration leave together; after the answer the home update and
 * the de-registration do, with the place to send on to and what was heard last. */
static void between_sites_break_before_make(void **state)
{
	struct bench *b = *state;
	struct addr6 acoa = ACOA_B;
	bench_to_site_a(b);
	cut(b, W0);
	bench_clear(b);
	bench_ra(b, W0, L_B1);
	struct bu bu = bench_only_bu(b);
	struct report r;
	assert_true(bench_report(b, 1, &r)); /* the first: the old group, reported before the router was known, is taken back */
	assert_int_equal(r.type, MLD_ALLOW);
	assert_addr(&bu.p.dst, MMA_B);
	assert_addr(&bu.p.mh.opt.rc.reg.prev_mma, MMA_A);
	assert_addr(&bu.p.mh.opt.rc.reg.prev_coa, ACOA_A);

	bench_accept_next(b, &bu, &acoa);
	struct bu home = bench_nth_bu(b, 0), old = bench_nth_bu(b, 1);
	assert_int_equal(bench_n_mh(b), 2);
	assert_addr(&home.p.dst, HA);
	assert_addr(&home.p.mh.opt.alt_coa, ACOA_B);
	assert_dereg(&old, MMA_A);
	assert_forward(&old, ACOA_B, MMA_B, RC_FORWARD_GONE);
	assert_addr(&old.p.hao, HOA); /* from outside the site, by the new on-link address */

	bench_accept_next(b, &old, NULL);
	assert_int_equal(bench_n_mh(b), 0);
	bench_accept_next(b, &home, NULL);
	assert_int_equal(bench_n_mh(b), 0); /* it was told already */
	bench_state(b, "away-site");
	bench_run(b, span_s(1));
	assert_true(has_tunnel(b, FX_DP_DEL, GROUP, MMA_A));
	assert_false(has_tunnel(b, FX_DP_DEL, GROUP, MMA_B));
}

/* The same with both links up: nothing is given up before the home agent and the old agent have answered. */
static void between_sites_make_before_break(void **state)
{
	struct bench *b = *state;
	struct addr6 acoa = ACOA_B;
	bench_to_site_a(b);
	bench_link(b, W1, true);
	bench_clear(b);
	bench_ra(b, W1, L_B1);
	assert_null(kit_dp(&b->k, FX_DP_PUT, DP_UPLINK_OUT, 0)); /* goes on through the old agent */
	struct bu bu = bench_only_bu(b);
	bench_accept_next(b, &bu, &acoa);
	struct bu home = bench_only_bu(b);
	assert_addr(&home.p.dst, HA);
	assert_null(kit_dp(&b->k, FX_DP_PUT, DP_UPLINK_OUT, 0)); /* the home agent takes the new way when it has the update */
	bench_accept_next(b, &home, NULL);
	assert_addr(&kit_dp(&b->k, FX_DP_PUT, DP_UPLINK_OUT, 0)->uplink_out.dst, MMA_B);
	struct bu old = bench_only_bu(b);
	assert_dereg(&old, MMA_A);
	assert_forward(&old, ACOA_B, MMA_B, 0);
	bench_run(b, span_ms(900));
	assert_false(has_left(b, W0)); /* the answer is lost */
	bench_clear(b);
	bench_run(b, span_ms(200));
	old = bench_only_bu(b);
	assert_forward(&old, ACOA_B, MMA_B, 0);
	assert_false(has_left(b, W0));
	bench_accept_next(b, &old, NULL);
	bench_run(b, span_ms(199));
	assert_false(has_left(b, W0)); /* what is on the way */
	assert_false(has_tunnel(b, FX_DP_DEL, GROUP, MMA_A));
	bench_run(b, span_ms(2));
	assert_true(has_left(b, W0));
	assert_true(has_tunnel(b, FX_DP_DEL, GROUP, MMA_A));
	bench_run(b, span_s(60));
	assert_int_equal(bench_n_mh(b), 0);
}

/* The old link goes before the home agent has answered: the new way at once, whatever the home agent knows. */
static void the_old_link_goes_too_soon(void **state)
{
	struct bench *b = *state;
	struct addr6 acoa = ACOA_B;
	bench_to_site_a(b);
	bench_link(b, W1, true);
	bench_clear(b);
	bench_ra(b, W1, L_B1);
	struct bu bu = bench_only_bu(b);
	bench_accept_next(b, &bu, &acoa);
	bu = bench_only_bu(b);
	bench_clear(b);
	bench_link(b, W0, false);
	const struct dp_uplink_out *up = &kit_dp(&b->k, FX_DP_PUT, DP_UPLINK_OUT, 0)->uplink_out;
	assert_addr(&up->dst, MMA_B);
	assert_int_equal(up->ifindex, W1);
	bench_accept_next(b, &bu, NULL);
	bench_state(b, "away-site");
}

/* The old agent is dead: the old link is not kept for ever, and it is asked until its binding is over. */
static void an_old_agent_that_is_dead(void **state)
{
	struct bench *b = *state;
	struct addr6 acoa = ACOA_B;
	bench_to_site_a(b);
	bench_link(b, W1, true);
	bench_clear(b);
	bench_ra(b, W1, L_B1);
	struct bu bu = bench_only_bu(b);
	bench_accept_next(b, &bu, &acoa);
	bu = bench_only_bu(b);
	bench_accept_next(b, &bu, NULL);
	bench_run(b, span_ms(2900));
	assert_false(has_left(b, W0));
	bench_run(b, span_ms(200));
	assert_true(has_left(b, W0));
	bench_ra_quiet(b, W1, L_B1);
	bench_run(b, span_s(470));
	bench_clear(b);
	bench_run(b, span_s(150)); /* its binding is over */
	assert_true(has_tunnel(b, FX_DP_DEL, GROUP, MMA_A));
	bench_clear(b);
	bench_run(b, span_s(100));
	struct addr6 mma = MMA_A;
	for (size_t i = 0; bench_bu(b, i, &bu); i++)
		assert_false(addr6_eq(&bu.p.dst, &mma));
}

/* Figure 7: home first, then the agent, which goes on delivering; by tunnel to the home address. */
static void return_home_make_before_break(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	bench_link(b, W1, true);
	bench_clear(b);
	bench_ra(b, W1, L_HOME);
	struct bu home = bench_only_bu(b);
	assert_addr(&home.p.dst, HA);
	assert_false(has_left(b, W0));
	bench_accept_next(b, &home, NULL);
	bench_state(b, "home");
	struct bu old = bench_only_bu(b);
	assert_dereg(&old, MMA_A);
	assert_false(old.p.has_hao);
	assert_addr(&old.p.src, HOA);
	assert_forward(&old, HOA, addr6_any, 0);
	assert_true(has_tunnel(b, FX_DP_PUT, HOA, MMA_A));
	const struct effect *put = NULL;
	for (size_t i = 0; (put = kit_fx(&b->k, FX_DP_PUT, i)); i++)
		if (put->dp.table == DP_DOWNLINK_IN && addr6_eq(&put->dp.downlink_in.dst, &put->dp.downlink_in.home_address))
			break;
	assert_int_equal(put->dp.downlink_in.encap, DP_ENCAP_IPIP);
	assert_true((int)(put - b->k.fx.fx) < (int)old.s.pos); /* before it can come */
	bench_run(b, span_ms(500));
	assert_false(has_left(b, W0));
	bench_accept_next(b, &old, NULL);
	bench_run(b, span_ms(201));
	assert_true(has_left(b, W0));
	assert_false(has_tunnel(b, FX_DP_DEL, HOA, MMA_A));
	bench_run(b, span_s(12)); /* the time, the drain, and a second for what is on the way */
	assert_true(has_tunnel(b, FX_DP_DEL, HOA, MMA_A));
	assert_int_equal(bench_n_mh(b), 0);
}

/* The agent must not be told to tunnel home while the home agent still sends to it: they would play ball. */
static void return_home_break_before_make(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	cut(b, W0);
	bench_clear(b);
	bench_ra(b, W0, L_HOME);
	struct bu home = bench_only_bu(b);
	assert_addr(&home.p.dst, HA);
	bench_run(b, span_ms(900));
	assert_int_equal(bench_n_mh(b), 1);
	bench_accept_next(b, &home, NULL);
	struct bu old = bench_only_bu(b);
	assert_dereg(&old, MMA_A);
	assert_forward(&old, HOA, addr6_any, RC_FORWARD_GONE);
}

/* On a link without an agent nobody can confirm the address: what the old agent still gets goes by the home agent. */
static void from_a_site_to_a_plain_link(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	cut(b, W0);
	bench_clear(b);
	bench_ra(b, W0, L_P1);
	struct bu home = bench_only_bu(b);
	assert_addr(&home.p.dst, HA);
	assert_addr(&home.p.mh.opt.alt_coa, COA_P1);
	bench_accept_next(b, &home, NULL);
	bench_state(b, "away-plain");
	struct bu old = bench_only_bu(b);
	assert_dereg(&old, MMA_A);
	assert_forward(&old, HOA, addr6_any, RC_FORWARD_GONE);
	assert_true(has_tunnel(b, FX_DP_PUT, HOA, MMA_A));
}

static void from_a_plain_link_to_a_site(void **state)
{
	struct bench *b = *state;
	struct addr6 acoa = ACOA_A;
	bench_to_plain(b);
	cut(b, W0);
	bench_clear(b);
	bench_ra(b, W0, L_A1);
	struct bu bu = bench_only_bu(b);
	assert_addr(&bu.p.dst, MMA_A);
	assert_true(addr6_is_any(&bu.p.mh.opt.rc.reg.prev_mma));
	bench_accept_next(b, &bu, &acoa);
	bu = bench_only_bu(b);
	assert_addr(&bu.p.mh.opt.alt_coa, ACOA_A);
	bench_accept_next(b, &bu, NULL);
	bench_state(b, "away-site");
	assert_int_equal(bench_n_mh(b), 0);
	bench_run(b, span_s(1));
	assert_true(has_tunnel(b, FX_DP_DEL, COA_P1, HA));
}

/* A new agent that refuses: the old one is told when the home agent knows the plain address. */
static void the_new_agent_refuses(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	cut(b, W0);
	bench_clear(b);
	bench_ra(b, W0, L_B1);
	struct bu bu = bench_only_bu(b);
	struct answer a = {.status = BA_NO_RESOURCES};
	bench_clear(b);
	bench_ba(b, &bu, &a);
	struct bu home = bench_only_bu(b);
	assert_addr(&home.p.dst, HA);
	bench_accept_next(b, &home, NULL);
	bench_state(b, "away-plain");
	bu = bench_only_bu(b);
	assert_dereg(&bu, MMA_A);
	assert_forward(&bu, HOA, addr6_any, RC_FORWARD_GONE);
	bench_accept_next(b, &bu, NULL);
	bench_run(b, span_s(50));
	assert_int_equal(bench_n_mh(b), 0);
}

/* On to a third place before the second agent answered: the first is still the one before; both are left. */
static void through_a_site_that_does_not_answer(void **state)
{
	struct bench *b = *state;
	struct addr6 acoa = ACOA_A;
	bench_to_site_a(b);
	cut(b, W0);
	bench_clear(b);
	bench_ra(b, W0, L_B1);
	bench_only_bu(b);
	cut(b, W0);
	bench_clear(b);
	bench_ra(b, W0, L_A2);
	struct bu bu = bench_only_bu(b);
	assert_addr(&bu.p.dst, MMA_A);
	assert_true(addr6_is_any(&bu.p.mh.opt.rc.reg.prev_mma));
	bench_accept_next(b, &bu, &acoa);
	struct bu one = bench_nth_bu(b, 0), two = bench_nth_bu(b, 1);
	assert_addr(&one.p.dst, HA);
	assert_dereg(&two, MMA_B); /* it may have heard us */
	assert_false(two.p.mh.opt.rc.has_forward);
	bench_accept_next(b, &one, NULL);
	bench_state(b, "away-site");
	struct answer none = {.status = BA_NOT_HOME_AGENT};
	bench_clear(b);
	bench_ba(b, &two, &none);
	bench_run(b, span_s(60));
	assert_int_equal(bench_n_mh(b), 0);
}

/* forward = 0: nothing is asked for. */
static void without_forwarding(void **state)
{
	struct bench *b = *state;
	struct addr6 acoa = ACOA_B;
	const char *remedy;
	b->conf.forward = span_s(0);
	assert_int_equal(mn_role.reconf(b->mn, &b->conf, b->k.now, &remedy), 0);
	bench_to_site_a(b);
	cut(b, W0);
	bench_clear(b);
	bench_ra(b, W0, L_B1);
	struct bu bu = bench_only_bu(b);
	bench_accept_next(b, &bu, &acoa);
	bu = bench_nth_bu(b, 1);
	assert_dereg(&bu, MMA_A);
	assert_false(bu.p.mh.opt.rc.has_forward);
}

/* H-15: the agent is allowed to, or not. */
static void route_optimisation_is_allowed(void **state)
{
	static const struct { uint32_t conf; uint8_t flag; } row[] = {
		{MN_RO_OFF, 0}, {MN_RO_AGENT, RC_REG_ROUTE_OPT}, {MN_RO_OWN, 0}, {MN_RO_AUTO, RC_REG_ROUTE_OPT},
	};
	struct bench *b = *state;
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		bench_again(b);
		const char *remedy;
		b->conf.route_optimisation = row[i].conf;
		assert_int_equal(mn_role.reconf(b->mn, &b->conf, b->k.now, &remedy), 0);
		bench_link(b, W0, true);
		bench_ra(b, W0, L_A1);
		struct bu bu = bench_only_bu(b);
		assert_int_equal(bu.p.mh.opt.rc.reg.flags, row[i].flag);
	}
}

/* H-13 to the letter: to hosts that trust us, from the on-link address itself; which is there at every attachment. */
static void the_uplink_to_the_letter(void **state)
{
	struct bench *b = *state;
	const char *remedy;
	b->conf.uplink = MN_UPLINK_LITERAL;
	b->conf.n_direct = 1;
	assert_true(prefix6_parse(&b->conf.direct[0], "2001:db8:77::/48"));
	assert_int_equal(mn_role.reconf(b->mn, &b->conf, b->k.now, &remedy), 0);
	bench_clear(b);
	bench_link(b, W0, true);
	bench_ra(b, W0, L_P1);
	assert_addr(&kit_fx(&b->k, FX_ADDR_ADD, 0)->addr.addr, COA_P1);
	struct bu bu = bench_only_bu(b);
	bench_accept_next(b, &bu, NULL);
	const struct dp_uplink_out *up = &kit_dp(&b->k, FX_DP_PUT, DP_UPLINK_OUT, 0)->uplink_out;
	assert_int_equal(up->n_direct, 1);
	assert_true(prefix6_eq(&up->direct[0], &b->conf.direct[0]));
	assert_addr(&up->src, COA_P1);
	bench_clear(b);
	b->conf.uplink = MN_UPLINK_TUNNEL;
	assert_int_equal(mn_role.reconf(b->mn, &b->conf, b->k.now, &remedy), 0);
	assert_int_equal(kit_dp(&b->k, FX_DP_PUT, DP_UPLINK_OUT, 0)->uplink_out.n_direct, 0);
}

/* A stop takes the bindings back where it is told to: from where the mobile is, before its addresses go. */
static void a_stop_that_de_registers(void **state)
{
	struct bench *b = *state;
	const char *remedy;
	b->conf.deregister_on_stop = true;
	assert_int_equal(mn_role.reconf(b->mn, &b->conf, b->k.now, &remedy), 0);
	bench_to_site_a(b);
	mn_role.stop(b->mn, b->k.now);
	struct bu home = bench_nth_bu(b, 0), agent = bench_nth_bu(b, 1);
	assert_int_equal(bench_n_mh(b), 2);
	assert_dereg(&home, HA);
	assert_dereg(&agent, MMA_A);
	assert_addr(&home.p.hao, HOA);
	assert_false(agent.p.mh.opt.rc.has_forward);
	assert_true((int)agent.s.pos < bench_pos(b, FX_ADDR_DEL, 0));
}

static void a_stop_that_does_not(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	mn_role.stop(b->mn, b->k.now);
	assert_int_equal(bench_n_mh(b), 0);
}

#define T(f) BENCH_TEST(f, V6, 2, with_last_seq)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(between_sites_break_before_make), T(between_sites_make_before_break), T(the_old_link_goes_too_soon),
		T(an_old_agent_that_is_dead),
		T(return_home_make_before_break), T(return_home_break_before_make), T(from_a_site_to_a_plain_link),
		T(from_a_plain_link_to_a_site), T(the_new_agent_refuses), T(through_a_site_that_does_not_answer),
		T(without_forwarding), T(route_optimisation_is_allowed), T(the_uplink_to_the_letter), T(a_stop_that_de_registers),
		T(a_stop_that_does_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
