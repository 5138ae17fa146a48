/* SPDX-License-Identifier: BSD-2-Clause */
/* Coming home with care (H-17, H-21; RFC 6275 11.5.5): whose link-layer address the update goes to, what is said from which
 * address while the home agent defends ours, and whom it is told afterwards. */
#include "../kit/mn6_bench.h"

static const struct lladdr ha_ll = {{2, 0, 0, 0, 0xbb, 1}};

static struct nd_ra home_adv(struct addr6 router)
{
	struct nd_ra ra = bench_adv_quiet(L_HOME);
	ra.prefix[0].addr = router;
	ra.prefix[0].is_router_addr = true;
	return ra;
}

static void to_plain_and_back(struct bench *b, struct addr6 router)
{
	bench_to_plain(b);
	bench_link(b, W0, false);
	bench_link(b, W0, true);
	struct nd_ra ra = home_adv(router);
	bench_clear(b);
	bench_ra_of(b, W0, L_HOME, &ra);
	bench_state(b, "returning");
}

static bool is_on_home_link(const struct bench *b)
{
	const struct effect *e;
	struct addr6 hoa = HOA;
	for (size_t i = 0; (e = kit_fx(&b->k, FX_ADDR_ADD, i)); i++)
		if (e->addr.ifindex == W0 && addr6_eq(&e->addr.addr, &hoa))
			return true;
	return false;
}

static struct bu dereg(struct bench *b)
{
	struct bu bu = bench_only_bu(b);
	assert_addr(&bu.p.dst, HA);
	assert_addr(&bu.p.src, HOA);
	assert_int_equal(bu.p.mh.bu.lifetime_s, 0);
	return bu;
}

static void na(struct bench *b, struct addr6 target, bool is_solicited)
{
	struct nd_na na = {.target = target, .is_solicited = is_solicited, .is_override = true, .has_tlla = true, .tlla = ha_ll};
	struct addr6 src = HA;
	uint8_t buf[256];
	struct rx rx = {.ifindex = W0, .why = DP_PUNT_ND, .lladdr_src = ha_ll, .pkt = buf};
	rx.len_oct = na_packet_build(buf, sizeof buf, &src, &addr6_allnodes, &na);
	(void)mn_role.rx(b->mn, &rx, b->k.now);
}

/* The router is the home agent, and says so. */
static void the_router_is_the_home_agent(void **state)
{
	struct bench *b = *state;
	to_plain_and_back(b, HA);
	struct bu bu = dereg(b);
	assert_true(lladdr_eq(&bu.s.fx->send.lladdr, &(struct lladdr){{2, 0, 0, 0, 0xaa, L_HOME}}));
	assert_true(is_on_home_link(b));
}

/* It says that it is another one: the home agent is asked for its link-layer address, from :: about our own address. */
static void another_router_advertises(void **state)
{
	struct bench *b = *state;
	struct nd_packet p;
	struct sent s;
	to_plain_and_back(b, A("2001:db8:1::9"));
	assert_int_equal(bench_n_mh(b), 0);
	assert_false(is_on_home_link(b)); /* not before the home agent is told */
	assert_true(bench_nd(b, IC6_NS, 0, &p, &s));
	assert_true(addr6_is_any(&p.src));
	assert_addr(&p.ns.target, HOA);
	assert_addr(&p.dst, addr6_solicited_node(&p.ns.target));
	assert_false(p.ns.has_slla);
	bench_clear(b);
	na(b, A("2001:db8:1::66"), false);
	na(b, HOA, true);
	assert_int_equal(bench_n_mh(b), 0);
	na(b, HOA, false);
	struct bu bu = dereg(b);
	assert_memory_equal(&bu.s.fx->send.lladdr, &ha_ll, 6);
	assert_true(is_on_home_link(b));
	assert_true(bench_pos(b, FX_ADDR_ADD, 0) > (int)bu.s.pos);
	bench_clear(b);
	na(b, HOA, false); /* once only */
	assert_int_equal(bench_n_mh(b), 0);
}

/* Nobody answers: by the router. */
static void no_answer_about_the_home_agent(void **state)
{
	struct bench *b = *state;
	to_plain_and_back(b, A("2001:db8:1::9"));
	bench_clear(b);
	bench_run(b, span_ms(999));
	assert_int_equal(bench_n_mh(b), 0);
	bench_run(b, span_ms(2));
	struct bu bu = dereg(b);
	assert_true(lladdr_eq(&bu.s.fx->send.lladdr, &(struct lladdr){{2, 0, 0, 0, 0xaa, L_HOME}}));
}

/* The home agent advertises too, and was heard: no question. */
static void the_home_agent_is_heard_as_well(void **state)
{
	struct bench *b = *state;
	bench_to_plain(b);
	bench_link(b, W0, false);
	bench_link(b, W0, true);
	struct nd_ra other = home_adv(A("2001:db8:1::9")), agent = home_adv(HA);
	struct addr6 src = addr6_linklocal(&ha_ll);
	agent.prefix[0].len_bits = 48; /* not what makes it the home link */
	uint8_t buf[512];
	size_t n = ra_packet_build(buf, sizeof buf, &src, &addr6_allnodes, &agent);
	bench_rx(b, W0, DP_PUNT_RA, ha_ll, buf, n);
	bench_clear(b);
	bench_ra_of(b, W0, L_HOME, &other);
	struct bu bu = dereg(b);
	assert_memory_equal(&bu.s.fx->send.lladdr, &ha_ll, 6);
}

/* Away again before the answer: nothing is done at home any more. */
static void away_again_while_asking(void **state)
{
	struct bench *b = *state;
	to_plain_and_back(b, A("2001:db8:1::9"));
	bench_link(b, W0, false);
	bench_link(b, W0, true);
	bench_ra(b, W0, L_P2);
	bench_clear(b);
	na(b, HOA, false);
	assert_int_equal(bench_n_mh(b), 0);
	bench_run(b, span_ms(1100));
	struct bu bu;
	for (size_t i = 0; bench_bu(b, i, &bu); i++)
		assert_int_not_equal(bu.p.mh.bu.lifetime_s, 0);
	assert_false(is_on_home_link(b));
}

/* L was set: neighbours learn the link-local address too; to all nodes, unsolicited, overriding, three times. */
static void neighbours_are_told(void **state)
{
	struct bench *b = *state;
	struct nd_packet p;
	struct sent s;
	b->conf.home_address = A("2001:db8:1::ff:fe00:1"); /* of w0's identifier */
	bench_restart(b);
	mn_role.restored(b->mn, b->k.now);
	bench_clear(b);
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra(b, W0, L_HOME);
	bench_state(b, "home");
	assert_true(bench_nd(b, IC6_NA, 0, &p, &s));
	assert_addr(&p.na.target, A("2001:db8:1::ff:fe00:1"));
	assert_true(bench_nd(b, IC6_NA, 1, &p, &s));
	assert_addr(&p.na.target, A("fe80::ff:fe00:1"));
	assert_addr(&p.dst, addr6_allnodes);
	assert_true(p.na.is_override && !p.na.is_solicited && p.na.has_tlla);
	bench_run(b, span_s(10));
	assert_true(bench_nd(b, IC6_NA, 5, &p, &s));
	assert_false(bench_nd(b, IC6_NA, 6, &p, &s));
}

/* No binding anywhere: duplicate detection as for any address, where it is wanted; with one never. */
static void duplicate_detection_at_home(void **state)
{
	struct bench *b = *state;
	const char *remedy;
	b->conf.dad = MN_DAD_OPTIMISTIC;
	assert_int_equal(mn_role.reconf(b->mn, &b->conf, b->k.now, &remedy), 0);
	bench_link(b, W0, true);
	bench_clear(b);
	bench_ra(b, W0, L_HOME);
	assert_int_equal(kit_fx(&b->k, FX_ADDR_ADD, 0)->addr.flags, ADDR_OPTIMISTIC | ADDR_HOME);
	struct addr_event ev = {.ifindex = W0, .addr = HOA, .is_duplicate = true};
	bench_clear(b);
	mn_role.addr(b->mn, &ev, b->k.now);
	assert_string_equal(kit_fx(&b->k, FX_EVENT, 0)->event.code, "mn-duplicate");
	bench_again(b);
	b->conf.dad = MN_DAD_OPTIMISTIC;
	assert_int_equal(mn_role.reconf(b->mn, &b->conf, b->k.now, &remedy), 0);
	to_plain_and_back(b, HA);
	for (size_t i = 0; kit_fx(&b->k, FX_ADDR_ADD, i); i++)
		assert_true(kit_fx(&b->k, FX_ADDR_ADD, i)->addr.flags & ADDR_NODAD);
}

#define T(f) BENCH_TEST(f, V6, 1)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_router_is_the_home_agent), T(another_router_advertises), T(no_answer_about_the_home_agent),
		T(the_home_agent_is_heard_as_well), T(away_again_while_asking), T(neighbours_are_told), T(duplicate_detection_at_home),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
