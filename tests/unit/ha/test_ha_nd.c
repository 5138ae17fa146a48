/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Home agent on a physical home link: duplicate detection, proxy neighbour discovery, defence (RFC 6275
 * 10.3.1, 10.4.1). Requirements H-2, H-20, H-21.
 */
#include "../kit/ha_kit.h"
#include "wire/nd/nd.h"

static struct bench b;
static const struct lladdr other_ll = {{2, 0, 0, 0, 0, 0x33}};
static const struct addr6 host = {{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 0x33}}, mn_ll_addr = {{0xfe, 0x80, [14] = 1}};

static int setup(void **state)
{
	*state = &b;
	bench_init(&b, true);
	bench_start_up(&b);
	return 0;
}

/* The nth discovery message sent on the home link. */
static bool nd_sent(size_t nth, struct nd_packet *p)
{
	const struct effect *fx;
	for (size_t i = 0; (fx = kit_fx(&b.k, FX_SEND, i)); i++) {
		if (nd_packet_parse(effq_bytes(&b.k.fx, fx->send.off), fx->send.len_oct, p) != W_OK)
			continue;
		assert_int_equal(fx->send.ifindex, T_HOME_IF);
		if (nth-- == 0)
			return true;
	}
	return false;
}

static bool has_na_about(const struct addr6 *target)
{
	struct nd_packet p;
	for (size_t i = 0; nd_sent(i, &p); i++)
		if (p.type == IC6_NA && addr6_eq(&p.na.target, target))
			return true;
	return false;
}

static void hear_ns(const struct addr6 *src, const struct addr6 *dst, const struct addr6 *target)
{
	uint8_t pkt[128];
	struct nd_ns ns = {.target = *target, .has_slla = !addr6_is_any(src), .slla = other_ll};
	size_t n = ns_packet_build(pkt, sizeof pkt, src, dst, &ns);
	struct rx rx = {T_HOME_IF, DP_PUNT_ND, other_ll, pkt, n};
	kit_clear(&b.k);
	assert_true(ha_role.rx(b.ha, &rx, b.k.now));
}

static void hear_na(const struct addr6 *src, const struct addr6 *target)
{
	uint8_t pkt[128];
	struct nd_na na = {.target = *target, .is_override = true, .has_tlla = true, .tlla = other_ll};
	size_t n = na_packet_build(pkt, sizeof pkt, src, &addr6_allnodes, &na);
	struct rx rx = {T_HOME_IF, DP_PUNT_ND, other_ll, pkt, n};
	kit_clear(&b.k);
	assert_true(ha_role.rx(b.ha, &rx, b.k.now));
}

/* Registered and acknowledged. */
static void away(uint16_t flags)
{
	assert_int_equal(bench_send(&b, (struct update){.flags = flags}), -1);
	bench_wait(&b, span_ms(1010));
	assert_true(b.answer_fx != NULL);
}

static const struct effect *ba_among(void)
{
	const struct effect *fx;
	struct mh_packet p;
	for (size_t i = 0; (fx = kit_fx(&b.k, FX_SEND, i)); i++)
		if (mh_packet_parse(effq_bytes(&b.k.fx, fx->send.off), fx->send.len_oct, &p) == W_OK)
			return fx;
	return NULL;
}

static int ba_status(void)
{
	struct mh_packet p;
	const struct effect *fx = ba_among();
	if (!fx)
		return -1;
	(void)mh_packet_parse(effq_bytes(&b.k.fx, fx->send.off), fx->send.len_oct, &p);
	return p.mh.ba.status;
}

static void probes_before_it_acknowledges(void **state)
{
	(void)state;
	struct nd_packet p;
	struct addr6 group = addr6_solicited_node(&t_hoa);
	assert_int_equal(bench_send(&b, (struct update){0}), -1);
	assert_null(kit_fx(&b.k, FX_STORE_PUT, 0));
	assert_null(kit_dp(&b.k, FX_DP_PUT, DP_HOME, 0));
	assert_true(nd_sent(0, &p));
	assert_int_equal(p.type, IC6_NS);
	assert_true(addr6_is_any(&p.src));
	assert_true(addr6_eq(&p.dst, &group));
	assert_true(addr6_eq(&p.ns.target, &t_hoa));
	assert_false(nd_sent(1, &p));
	assert_int_equal(kit_dp(&b.k, FX_DP_PUT, DP_LOCAL, 0)->local.flags, 0); /* answers to it are handed up */
	assert_true(addr6_eq(&kit_fx(&b.k, FX_JOIN, 0)->group.group, &group));
	bench_wait(&b, span_ms(990));
	assert_int_equal(ba_status(), -1);
	bench_wait(&b, span_ms(20));
	assert_int_equal(ba_status(), BA_ACCEPTED);
	assert_non_null(kit_dp(&b.k, FX_DP_PUT, DP_HOME, 0));
	assert_true(addr6_eq(&kit_dp(&b.k, FX_DP_DEL, DP_LOCAL, 0)->local.addr, &t_hoa));
	assert_int_equal(kit_n_fx(&b.k, FX_JOIN), 0); /* it is open already */
}

static void announces_itself_three_times(void **state)
{
	(void)state;
	struct nd_packet p;
	away(0);
	assert_true(nd_sent(0, &p));
	assert_int_equal(p.type, IC6_NA);
	assert_true(addr6_eq(&p.src, &t_ha));
	assert_true(addr6_eq(&p.dst, &addr6_allnodes));
	assert_true(p.na.is_override && !p.na.is_solicited && !p.na.is_router && p.na.has_tlla);
	assert_true(lladdr_eq(&p.na.tlla, &t_home_ll));
	assert_false(nd_sent(1, &p));
	assert_non_null(kit_fx(&b.k, FX_ROUTE_PUT, 0));
	bench_wait(&b, span_s(5));
	assert_true(nd_sent(1, &p));
	assert_false(nd_sent(2, &p));
}

static void an_update_sent_again_meanwhile_is_answered_once(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){0}), -1);
	kit_advance(&b.k, span_ms(500));
	assert_int_equal(bench_send(&b, (struct update){.alt = &t_alt}), -1);
	assert_int_equal(b.k.fx.n, 0); /* no second probe */
	bench_wait(&b, span_ms(600));
	assert_int_equal(ba_status(), BA_ACCEPTED);
	assert_true(b.has_answer || ba_among());
	assert_true(addr6_eq(&kit_dp(&b.k, FX_DP_PUT, DP_HOME, 0)->home.coa, &t_alt)); /* the newest */
	bench_wait(&b, span_s(5));
	assert_int_equal(ba_status(), -1);
}

static void an_address_in_use_is_refused(void **state)
{
	(void)state;
	for (int by_probe = 0; by_probe < 2; by_probe++) {
		assert_int_equal(bench_send(&b, (struct update){0}), -1);
		struct addr6 group = addr6_solicited_node(&t_hoa);
		if (by_probe)
			hear_ns(&addr6_any, &group, &t_hoa);
		else
			hear_na(&t_hoa, &t_hoa);
		assert_int_equal(ba_status(), BA_DAD_FAILED);
		assert_int_equal(b.k.count.n[R_BU_DAD_FAILED], 1 + by_probe);
		assert_null(kit_dp(&b.k, FX_DP_PUT, DP_HOME, 0));
		assert_non_null(kit_fx(&b.k, FX_LEAVE, 0));
		bench_wait(&b, span_ms(5000));
		assert_int_equal(ba_status(), -1);
	}
	away(0); /* the other is gone */
	assert_int_equal(ba_status(), BA_ACCEPTED);
}

static void a_question_about_the_address_is_no_duplicate(void **state)
{
	(void)state;
	struct addr6 group = addr6_solicited_node(&t_hoa);
	assert_int_equal(bench_send(&b, (struct update){0}), -1);
	hear_ns(&host, &group, &t_hoa);
	assert_int_equal(b.k.fx.n, 0); /* not ours yet */
	bench_wait(&b, span_ms(1010));
	assert_int_equal(ba_status(), BA_ACCEPTED);
}

static void refreshes_are_not_probed_again(void **state)
{
	(void)state;
	away(0);
	assert_int_equal(bench_send(&b, (struct update){.alt = &t_alt}), BA_ACCEPTED);
	assert_null(kit_fx(&b.k, FX_JOIN, 0));
}

static void solicitations_are_answered_multicast_and_unicast(void **state)
{
	(void)state;
	struct addr6 group = addr6_solicited_node(&t_hoa);
	const struct addr6 *dst[] = {&group, &t_hoa}; /* unicast: neighbour unreachability detection */
	away(0);
	for (int i = 0; i < 2; i++) {
		struct nd_packet p;
		hear_ns(&host, dst[i], &t_hoa);
		assert_true(nd_sent(0, &p));
		assert_int_equal(p.type, IC6_NA);
		assert_true(addr6_eq(&p.dst, &host));
		assert_true(p.na.is_solicited && p.na.is_override && !p.na.is_router);
		assert_true(lladdr_eq(&p.na.tlla, &t_home_ll));
		const struct effect *fx = kit_fx(&b.k, FX_SEND, 0);
		assert_true(fx->send.has_lladdr && lladdr_eq(&fx->send.lladdr, &other_ll));
	}
	hear_ns(&host, &group, &host);
	assert_int_equal(b.k.fx.n, 0); /* not one of ours */
}

static void the_address_is_defended(void **state)
{
	(void)state;
	struct nd_packet p;
	struct addr6 group = addr6_solicited_node(&t_hoa);
	away(0);
	hear_ns(&addr6_any, &group, &t_hoa); /* another's duplicate detection */
	assert_true(nd_sent(0, &p));
	assert_true(addr6_eq(&p.dst, &addr6_allnodes));
	assert_false(p.na.is_solicited);
	hear_na(&host, &t_hoa); /* another claims it */
	assert_true(has_na_about(&t_hoa));
	assert_string_equal(kit_fx(&b.k, FX_EVENT, 0)->event.code, "address-conflict");
	hear_na(&host, &t_hoa); /* again at once: no war */
	assert_int_equal(b.k.fx.n, 0);
	assert_int_equal(b.k.count.n[R_ND_CONFLICT], 2);
}

static void the_link_local_address_goes_with_it(void **state)
{
	(void)state;
	struct nd_packet p;
	assert_int_equal(bench_send(&b, (struct update){.flags = BU_A | BU_H | BU_L}), -1);
	assert_true(nd_sent(1, &p));
	assert_true(addr6_eq(&p.ns.target, &mn_ll_addr));
	hear_na(&mn_ll_addr, &mn_ll_addr);
	assert_int_equal(ba_status(), BA_DAD_FAILED); /* or of an associated link-local address */

	away(BU_A | BU_H | BU_L);
	assert_true(has_na_about(&t_hoa));
	assert_true(has_na_about(&mn_ll_addr));
	hear_ns(&host, &mn_ll_addr, &mn_ll_addr);
	assert_true(has_na_about(&mn_ll_addr));
	assert_int_equal(bench_send(&b, (struct update){.is_zero_lifetime = true}), BA_ACCEPTED);
	hear_ns(&host, &mn_ll_addr, &mn_ll_addr);
	assert_int_equal(b.k.fx.n, 0);
	/* Without L it is nobody's. */
	away(0);
	hear_ns(&host, &mn_ll_addr, &mn_ll_addr);
	assert_int_equal(b.k.fx.n, 0);
}

static void coming_home_ends_the_proxy_at_once(void **state)
{
	(void)state;
	struct addr6 group = addr6_solicited_node(&t_hoa);
	away(0);
	assert_int_equal(bench_send(&b, (struct update){.is_from_home = true}), BA_ACCEPTED);
	/* Nobody resolves the mobile's address while we defended it: to its link-layer address. */
	assert_int_equal(b.answer_fx->send.ifindex, T_HOME_IF);
	assert_true(b.answer_fx->send.has_lladdr && lladdr_eq(&b.answer_fx->send.lladdr, &t_mn_ll));
	assert_non_null(kit_fx(&b.k, FX_ROUTE_DEL, 0));
	assert_non_null(kit_fx(&b.k, FX_LEAVE, 0));
	hear_ns(&host, &group, &t_hoa);
	assert_int_equal(b.k.fx.n, 0);
	bench_wait(&b, span_s(5));
	assert_false(has_na_about(&t_hoa)); /* no late announcement either */
}

static void de_registration_while_probing_calls_it_off(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){0}), -1);
	assert_int_equal(bench_send(&b, (struct update){.is_from_home = true}), BA_NOT_HOME_AGENT);
	assert_non_null(kit_fx(&b.k, FX_LEAVE, 0));
	bench_wait(&b, span_s(5));
	assert_null(kit_dp(&b.k, FX_DP_PUT, DP_HOME, 0));
	assert_int_equal(ba_status(), -1);
}

static void a_home_link_that_comes_up_late_is_served(void **state)
{
	(void)state;
	bench_link(&b, T_HOME_IF, "home0", false, false);
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED); /* nobody there who could object */
	assert_false(has_na_about(&t_hoa));
	kit_clear(&b.k);
	bench_link(&b, T_HOME_IF, "home0", true, false);
	assert_true(has_na_about(&t_hoa));
	assert_non_null(kit_fx(&b.k, FX_JOIN, 0));
	/* Carrier lost and found: said again, not joined again. */
	bench_link(&b, T_HOME_IF, "home0", false, false);
	kit_clear(&b.k);
	bench_link(&b, T_HOME_IF, "home0", true, false);
	assert_true(has_na_about(&t_hoa));
	assert_null(kit_fx(&b.k, FX_JOIN, 0));
	/* Replaced by another: everything anew. */
	bench_link(&b, T_HOME_IF, "home0", false, true);
	kit_clear(&b.k);
	bench_link(&b, 7, "home0", true, false);
	assert_int_equal(kit_fx(&b.k, FX_JOIN, 0)->group.ifindex, 7);
}

static void broken_discovery_is_counted(void **state)
{
	(void)state;
	uint8_t pkt[128];
	struct addr6 group = addr6_solicited_node(&t_hoa);
	struct nd_ns ns = {.target = t_hoa, .has_slla = true, .slla = other_ll};
	size_t n = ns_packet_build(pkt, sizeof pkt, &host, &group, &ns);
	away(0);
	pkt[7] = 254; /* hop limit: not from this link */
	struct rx rx = {T_HOME_IF, DP_PUNT_ND, other_ll, pkt, n};
	kit_clear(&b.k);
	assert_true(ha_role.rx(b.ha, &rx, b.k.now));
	assert_int_equal(b.k.fx.n, 0);
	assert_int_equal(b.k.count.n[R_ND_INVALID], 1);
	rx.ifindex = T_UP_IF;
	assert_false(ha_role.rx(b.ha, &rx, b.k.now)); /* another link is not ours */
}

static void want_of_memory_refuses_and_leaks_nothing(void **state)
{
	(void)state;
	int refused = 0;
	away(0); /* so that there is room for the answer itself */
	for (long budget = 0; budget < 12; budget++) {
		struct addr6 many = t_hoa;
		many.b[7] = 1;
		many.b[15] = (uint8_t)budget;
		b.k.heap.left = budget;
		int status = bench_send(&b, (struct update){.hoa = &many});
		b.k.heap.left = -1;
		assert_true(status == -1 || status == BA_NO_RESOURCES);
		refused += status == BA_NO_RESOURCES;
	}
	assert_true(refused > 0);
	bench_wait(&b, span_s(30));
}

static void stop_gives_the_link_back(void **state)
{
	(void)state;
	away(0);
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	kit_clear(&b.k);
	ha_role.stop(b.ha, b.k.now);
	assert_non_null(kit_fx(&b.k, FX_LEAVE, 0));
	assert_non_null(kit_fx(&b.k, FX_ROUTE_DEL, 0));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_IF, 1));
}

/* Two home links: each has its own bindings, solicitations and other home agents. */
enum { T_HOME2_IF = 7 };
static const struct addr6 second_hoa = {{0x20, 1, 0xd, 0xb8, 0, 7, [14] = 2, [15] = 0}};
static void setup_two_links(void)
{
	bench_fini(&b);
	bench_init(&b, true);
	b.conf->n_link = 1;
	strcpy(b.conf->link[0].name, "home7");
	b.conf->link[0].n_prefix = 1;
	assert_true(prefix6_parse(&b.conf->link[0].prefix[0], "2001:db8:7::/64"));
	b.conf->mobile[b.conf->n_mobile++] = (struct ha_mobile_conf){.home = {second_hoa, 128}, .key = "many"};
	bench_start(&b);
	bench_link(&b, T_UP_IF, "core0", true, false);
	bench_link(&b, T_HOME_IF, "home0", true, false);
	bench_link(&b, T_HOME2_IF, "home7", true, false);
}

static size_t n_sent_on(uint32_t ifindex)
{
	const struct effect *fx;
	size_t n = 0;
	for (size_t i = 0; (fx = kit_fx(&b.k, FX_SEND, i)); i++)
		n += fx->send.ifindex == ifindex;
	return n;
}

static void each_home_link_has_its_own(void **state)
{
	(void)state;
	setup_two_links();
	assert_int_equal(bench_send(&b, (struct update){.hoa = &second_hoa}), -1); /* being checked */
	assert_int_equal(n_sent_on(T_HOME2_IF), 1);
	assert_int_equal(n_sent_on(T_HOME_IF), 0);
	bench_wait(&b, span_s(2));
	assert_int_equal(b.ba.mh.ba.status, BA_ACCEPTED);
	assert_true(n_sent_on(T_HOME2_IF) >= 1);
	assert_int_equal(n_sent_on(T_HOME_IF), 0);
	uint8_t pkt[128];
	struct nd_ns ns = {.target = second_hoa};
	struct addr6 group = addr6_solicited_node(&second_hoa), src = {{0x20, 1, 0xd, 0xb8, 0, 7, [15] = 0x33}};
	size_t n = ns_packet_build(pkt, sizeof pkt, &src, &group, &ns);
	kit_clear(&b.k);
	assert_true(bench_rx(&b, pkt, n, DP_PUNT_ND, T_HOME_IF)); /* not that link's */
	assert_int_equal(n_sent_on(T_HOME_IF) + n_sent_on(T_HOME2_IF), 0);
	assert_true(bench_rx(&b, pkt, n, DP_PUNT_ND, T_HOME2_IF));
	assert_int_equal(n_sent_on(T_HOME2_IF), 1);
	const char *remedy = NULL;
	struct ha_conf *c = malloc(sizeof *c);
	*c = *b.conf; /* its prefix goes */
	c->link[0].prefix[0].addr.b[5] = 8;
	c->n_mobile--;
	assert_int_equal(ha_role.reconf(b.ha, c, b.k.now, &remedy), ERR_OK);
	free(c);
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
	bench_wait(&b, span_s(5));
}

static void a_prefix_that_goes_calls_a_check_off(void **state)
{
	(void)state;
	setup_two_links();
	assert_int_equal(bench_send(&b, (struct update){.hoa = &second_hoa}), -1);
	const char *remedy = NULL;
	struct ha_conf *c = malloc(sizeof *c);
	*c = *b.conf;
	c->n_link = 1;
	c->link[0].prefix[0].addr.b[5] = 8;
	c->n_mobile--;
	assert_int_equal(ha_role.reconf(b.ha, c, b.k.now, &remedy), ERR_OK);
	free(c);
	bench_wait(&b, span_s(5));
	assert_false(b.has_answer);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, bench_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_home_link_has_its_own), T(a_prefix_that_goes_calls_a_check_off), T(probes_before_it_acknowledges), T(announces_itself_three_times), T(an_update_sent_again_meanwhile_is_answered_once),
		T(an_address_in_use_is_refused), T(a_question_about_the_address_is_no_duplicate), T(refreshes_are_not_probed_again),
		T(solicitations_are_answered_multicast_and_unicast), T(the_address_is_defended), T(the_link_local_address_goes_with_it),
		T(coming_home_ends_the_proxy_at_once), T(de_registration_while_probing_calls_it_off),
		T(a_home_link_that_comes_up_late_is_served), T(broken_discovery_is_counted), T(want_of_memory_refuses_and_leaks_nothing),
		T(stop_gives_the_link_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
