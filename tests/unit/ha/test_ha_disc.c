/* SPDX-License-Identifier: BSD-2-Clause */
/* Home agent discovery, mobile prefixes, prefix lifetimes: RFC 6275 10.3.1, 10.5, 10.6. */
#include "../kit/ha_kit.h"
#include "../kit/plain.h"
#include "wire/mip6/ha_icmp.h"

static struct bench b;
static struct ha_icmp_packet got;
static const struct addr6 router_a = {{0xfe, 0x80, [15] = 0xa}}, router_b = {{0xfe, 0x80, [15] = 0xb}},
			  agent_a = {{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 0xa}}, agent_b = {{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 0xb}};

static int setup(void **state)
{
	*state = &b;
	bench_init(&b, true);
	b.conf->has_dad = false;
	b.conf->preference = 10;
	bench_start_up(&b);
	return 0;
}

/* Sends a message; true when it was answered by one of the same family, which is then in got. */
static bool wants_router;
static bool ask(uint8_t type, uint16_t id, const struct addr6 *dst, const struct addr6 *hao)
{
	uint8_t pkt[512];
	struct ha_icmp m = {.type = type, .id = id, .is_mobile_router = wants_router};
	size_t n = ha_icmp_packet_build(pkt, sizeof pkt, &t_coa, dst, hao, NULL, &m);

	kit_clear(&b.k);
	assert_true(bench_rx(&b, pkt, n, DP_PUNT_ICMP_HA, T_UP_IF));
	const struct effect *fx = kit_fx(&b.k, FX_SEND, 0);
	return fx && ha_icmp_packet_parse(effq_bytes(&b.k.fx, fx->send.off), fx->send.len_oct, &got) == W_OK;
}

static bool says_router;
static void hear_ra(const struct addr6 *router, const struct addr6 *agent, bool is_agent, int preference, uint16_t lifetime_s)
{
	uint8_t pkt[512];
	struct nd_ra ra = {.is_home_agent = is_agent, .lifetime_s = lifetime_s, .has_ha_info = preference >= 0,
			   .ha_takes_routers = says_router, .ha_preference = (uint16_t)preference, .ha_lifetime_s = lifetime_s, .n_prefix = 1,
			   .prefix = {{.addr = *agent, .len_bits = 64, .is_router_addr = true, .valid_s = 1000, .preferred_s = 1000}}};
	size_t n = ra_packet_build(pkt, sizeof pkt, router, &addr6_allnodes, &ra);
	assert_true(bench_rx(&b, pkt, n, DP_PUNT_RA, T_HOME_IF));
}

static void its_anycast_addresses_are_punted(void **state)
{
	(void)state;
	struct addr6 first = plain_addr("2001:db8:1:0:fdff:ffff:ffff:fffe"), second = plain_addr("2001:db8:1:1:fdff:ffff:ffff:fffe");
	assert_true(addr6_eq(&kit_dp(&b.k, FX_DP_PUT, DP_LOCAL, 1)->local.addr, &first));
	assert_true(addr6_eq(&kit_dp(&b.k, FX_DP_PUT, DP_LOCAL, 2)->local.addr, &second));
}

static void discovery_names_us(void **state)
{
	(void)state;
	struct addr6 any = plain_addr("2001:db8:1:1:fdff:ffff:ffff:fffe"), other = plain_addr("2001:db8:9:0:fdff:ffff:ffff:fffe");
	assert_true(ask(IC6_HA_REQUEST, 77, &any, NULL));
	assert_int_equal(got.msg.type, IC6_HA_REPLY);
	assert_int_equal(got.msg.id, 77);
	assert_int_equal(got.msg.n_agent, 1);
	assert_true(addr6_eq(&got.msg.agent[0], &t_ha));
	assert_true(addr6_eq(&got.src, &t_ha)); /* unicast, never the anycast address */
	assert_true(addr6_eq(&got.dst, &t_coa));
	uint8_t pkt[512];
	struct ha_icmp m = {.type = IC6_HA_REQUEST};
	size_t n = ha_icmp_packet_build(pkt, sizeof pkt, &t_coa, &other, NULL, NULL, &m);
	assert_false(bench_rx(&b, pkt, n, DP_PUNT_ICMP_HA, T_UP_IF));
}

static void others_are_ranked_by_preference(void **state)
{
	(void)state;
	hear_ra(&router_a, &agent_a, true, 20, 1800);
	hear_ra(&router_b, &agent_b, true, -1, 1800); /* no information option: preference 0 */
	assert_true(ask(IC6_HA_REQUEST, 1, &t_ha, NULL));
	assert_int_equal(got.msg.n_agent, 3);
	assert_true(addr6_eq(&got.msg.agent[0], &agent_a));
	assert_true(addr6_eq(&got.msg.agent[1], &t_ha));
	assert_true(addr6_eq(&got.msg.agent[2], &agent_b));
	hear_ra(&router_b, &agent_b, true, 30, 1800); /* changed */
	assert_true(ask(IC6_HA_REQUEST, 1, &t_ha, NULL));
	assert_true(addr6_eq(&got.msg.agent[0], &agent_b));
	hear_ra(&router_b, &agent_b, true, 20, 1800); /* equal: either first, in the long run */
	int b_first = 0;
	for (int i = 0; i < 100; i++) {
		assert_true(ask(IC6_HA_REQUEST, 1, &t_ha, NULL));
		b_first += addr6_eq(&got.msg.agent[0], &agent_b);
	}
	assert_in_range(b_first, 20, 80);
}

static void others_leave_the_list(void **state)
{
	(void)state;
	hear_ra(&router_a, &agent_a, true, 20, 100);
	hear_ra(&router_b, &agent_b, true, -1, 200); /* the router lifetime counts */
	kit_advance(&b.k, span_s(101));
	assert_true(ask(IC6_HA_REQUEST, 1, &t_ha, NULL));
	assert_int_equal(got.msg.n_agent, 2);
	hear_ra(&router_b, &agent_b, false, -1, 200); /* no home agent any more */
	assert_true(ask(IC6_HA_REQUEST, 1, &t_ha, NULL));
	assert_int_equal(got.msg.n_agent, 1);
	hear_ra(&router_a, &agent_a, true, 20, 100);
	hear_ra(&router_a, &agent_a, true, 20, 0);
	assert_true(ask(IC6_HA_REQUEST, 1, &t_ha, NULL));
	assert_int_equal(got.msg.n_agent, 1);
}

static void a_crowd_of_agents_keeps_to_one_packet(void **state)
{
	(void)state;
	for (uint8_t i = 1; i <= 200; i++) {
		struct addr6 ll = router_a, addr = agent_a;
		ll.b[14] = addr.b[14] = i;
		hear_ra(&ll, &addr, true, i, 1800);
	}
	assert_true(ask(IC6_HA_REQUEST, 1, &t_ha, NULL));
	assert_int_equal(got.msg.n_agent, HA_REPLY_MAX);
	const struct effect *fx = kit_fx(&b.k, FX_SEND, 0);
	assert_int_equal(fx->send.len_oct, 1280);
	for (uint8_t i = 0; i < HA_REPLY_MAX; i++)
		assert_int_equal(got.msg.agent[i].b[14], 200 - i); /* the most preferred of all */
}

static void all_addresses_of_an_agent_are_told(void **state)
{
	(void)state;
	struct addr6 second = agent_a;
	second.b[7] = 2;
	hear_ra(&router_a, &agent_a, true, 20, 1800);
	hear_ra(&router_a, &second, true, 20, 1800); /* the rest of its prefixes, in a second advertisement */
	assert_true(ask(IC6_HA_REQUEST, 1, &t_ha, NULL));
	assert_int_equal(got.msg.n_agent, 3);
	kit_advance(&b.k, span_s(1001)); /* the prefixes have ended, the agent has not */
	assert_true(ask(IC6_HA_REQUEST, 1, &t_ha, NULL));
	assert_int_equal(got.msg.n_agent, 1);
}

/* RFC 6275 8.4: a list for each link. */
static void each_link_has_a_list_of_its_own(void **state)
{
	(void)state;
	bench_fini(&b);
	bench_init(&b, true);
	b.conf->n_link = 1;
	strcpy(b.conf->link[0].name, "home7");
	b.conf->link[0].n_prefix = 1;
	assert_true(prefix6_parse(&b.conf->link[0].prefix[0], "2001:db8:7::/64"));
	bench_start(&b);
	bench_link(&b, T_UP_IF, "core0", true, false);
	bench_link(&b, T_HOME_IF, "home0", true, false);
	bench_link(&b, 7, "home7", true, false);
	struct addr6 any = plain_addr("2001:db8:7:0:fdff:ffff:ffff:fffe");
	hear_ra(&router_a, &agent_a, true, 20, 1800); /* on home0 */
	assert_true(ask(IC6_HA_REQUEST, 1, &any, NULL));
	assert_int_equal(got.msg.n_agent, 1);
	assert_true(ask(IC6_HA_REQUEST, 1, &t_ha, NULL));
	assert_int_equal(got.msg.n_agent, 2);
}

/* RFC 3963 7 */
static void mobile_routers_get_those_that_take_them(void **state)
{
	(void)state;
	hear_ra(&router_a, &agent_a, true, 20, 1800);
	wants_router = true;
	assert_true(ask(IC6_HA_REQUEST, 1, &t_ha, NULL));
	assert_false(got.msg.is_mobile_router); /* nobody does: those that there are */
	assert_int_equal(got.msg.n_agent, 2);
	says_router = true;
	hear_ra(&router_b, &agent_b, true, 5, 1800);
	assert_true(ask(IC6_HA_REQUEST, 1, &t_ha, NULL));
	says_router = wants_router = false;
	assert_true(got.msg.is_mobile_router);
	assert_int_equal(got.msg.n_agent, 1);
	assert_true(addr6_eq(&got.msg.agent[0], &agent_b));
}

/* The mobile prefix advertisement that was sent last, into got; how many there were. */
static size_t advertised(void)
{
	size_t n = 0;
	const struct effect *fx;
	struct ha_icmp_packet p;
	for (size_t i = 0; (fx = kit_fx(&b.k, FX_SEND, i)); i++)
		if (ha_icmp_packet_parse(effq_bytes(&b.k.fx, fx->send.off), fx->send.len_oct, &p) == W_OK && p.msg.type == IC6_MPA) {
			got = p;
			n++;
		}
	return n;
}

static void change_prefix(int64_t valid_s)
{
	const char *remedy = NULL;
	struct ha_conf *c = malloc(sizeof *c);
	*c = *b.conf;
	c->mpa_min = span_s(20);
	c->mpa_max = span_s(100);
	c->prefix_valid = span_s(valid_s);
	assert_int_equal(ha_role.reconf(b.ha, c, b.k.now, &remedy), ERR_OK);
	free(c);
}

static void changed_prefixes_are_told_until_acknowledged(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){.lifetime_s = 600}), BA_ACCEPTED);
	change_prefix(50000);
	bench_wait(&b, span_s(19));
	assert_int_equal(advertised(), 0); /* not before MinMobPfxAdvInterval */
	bench_wait(&b, span_ms(81000 + 1)); /* not after the maximum */
	assert_in_range(advertised(), 1, 4);
	assert_true(addr6_eq(&got.dst, &t_coa) && got.has_rh2 && addr6_eq(&got.self, &t_hoa) && addr6_eq(&got.src, &t_ha));
	assert_int_equal(got.msg.prefix[0].valid_s, 50000);
	assert_true(ask(IC6_MPS, got.msg.id, &t_ha, &t_hoa));
	bench_wait(&b, span_ms(1000));
	assert_int_equal(advertised(), 0);
}

static void advertisements_are_repeated_with_doubled_waits(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){.lifetime_s = 600}), BA_ACCEPTED);
	change_prefix(50000);
	bench_wait(&b, span_s(19));
	mono_t at[8];
	size_t n = 0;
	for (int i = 0; i < 1400 && n < 8; i++) { /* 140 s: the periodic one comes at 100 s at the earliest */
		bench_wait(&b, span_ms(100));
		for (size_t k = advertised(); k > 0 && n < 8; k--)
			at[n++] = b.k.now.mono;
	}
	assert_true(n >= 4);
	static const int64_t wait_s[] = {3, 6, 12};
	for (size_t i = 0; i < 3; i++)
		assert_in_range(span_to_ms(mono_sub(at[i + 1], at[i])), wait_s[i] * 1000 - 200, wait_s[i] * 1000 + 200);
}

static void nobody_is_told_after_the_binding(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){.lifetime_s = 600}), BA_ACCEPTED);
	change_prefix(50000);
	assert_int_equal(bench_send(&b, (struct update){.is_zero_lifetime = true}), BA_ACCEPTED);
	bench_wait(&b, span_s(130));
	assert_int_equal(advertised(), 0);
}

static void mobiles_are_told_once_in_the_interval(void **state)
{
	(void)state;
	change_prefix(86400);
	assert_int_equal(bench_send(&b, (struct update){.lifetime_s = 600}), BA_ACCEPTED);
	size_t n = 0;
	for (int i = 0; i < 110; i++) {
		bench_wait(&b, span_s(1));
		if (advertised()) {
			n++;
			assert_true(ask(IC6_MPS, got.msg.id, &t_ha, &t_hoa));
		}
	}
	assert_in_range(n, 1, 2);
}

static void prefixes_of_other_agents_are_told(void **state)
{
	(void)state;
	struct addr6 other = {{0x20, 1, 0xd, 0xb8, 0, 0xee, [15] = 0xa}};
	assert_int_equal(bench_send(&b, (struct update){.lifetime_s = 600}), BA_ACCEPTED);
	change_prefix(86400);
	hear_ra(&router_a, &other, false, 1, 1800); /* not a home agent */
	assert_true(ask(IC6_MPS, 5, &t_ha, &t_hoa));
	assert_int_equal(got.msg.n_prefix, 2);
	hear_ra(&router_a, &other, true, 1, 1800);
	kit_advance(&b.k, span_s(10));
	bench_wait(&b, span_s(100));
	assert_in_range(advertised(), 1, 4);
	assert_int_equal(got.msg.n_prefix, 3);
	assert_in_range(got.msg.prefix[2].valid_s, 880, 980); /* what is left of 1000 */
	hear_ra(&router_a, &other, true, 1, 1800); /* the same again is no change */
	assert_true(ask(IC6_MPS, 5, &t_ha, &t_hoa));
}

static void a_cut_prefix_cuts_bindings(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){.lifetime_s = 600}), BA_ACCEPTED);
	kit_clear(&b.k);
	struct ha_conf *c = malloc(sizeof *c);
	const char *remedy = NULL;
	*c = *b.conf;
	c->prefix_valid = c->prefix_preferred = span_s(100);
	assert_int_equal(ha_role.reconf(b.ha, c, b.k.now, &remedy), ERR_OK);
	free(c);
	assert_int_equal(kit_dp(&b.k, FX_DP_PUT, DP_HOME, 0)->home.expires.ns, mono_add(b.k.now.mono, span_s(100)).ns);
	bench_wait(&b, span_s(101));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0));
}

static void home_prefixes_come_and_go(void **state)
{
	(void)state;
	struct ha_conf *c = malloc(sizeof *c);
	const char *remedy = NULL;
	struct addr6 first = plain_addr("2001:db8:1:0:fdff:ffff:ffff:fffe"), third = plain_addr("2001:db8:3:0:fdff:ffff:ffff:fffe");
	*c = *b.conf;
	assert_int_equal(bench_send(&b, (struct update){.lifetime_s = 600}), BA_ACCEPTED);
	kit_clear(&b.k);
	assert_true(prefix6_parse(&c->home_prefix[0], "2001:db8:3::/64"));
	c->mobile[0] = c->mobile[1];
	c->n_mobile = 1;
	assert_int_equal(ha_role.reconf(b.ha, c, b.k.now, &remedy), ERR_OK);
	free(c);
	assert_true(addr6_eq(&kit_dp(&b.k, FX_DP_DEL, DP_LOCAL, 0)->local.addr, &first));
	assert_true(addr6_eq(&kit_dp(&b.k, FX_DP_PUT, DP_LOCAL, 0)->local.addr, &third));
	assert_non_null(kit_dp(&b.k, FX_DP_DEL, DP_HOME, 0)); /* a binding ends with its prefix */
}

static void prefixes_are_told_to_registered_mobiles(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	assert_true(ask(IC6_MPS, 5, &t_ha, &t_hoa));
	assert_int_equal(got.msg.type, IC6_MPA);
	assert_int_equal(got.msg.id, 5);
	assert_true(got.has_rh2);
	assert_true(addr6_eq(&got.self, &t_hoa));
	assert_int_equal(got.msg.n_prefix, 2);
	assert_true(got.msg.prefix[0].is_router_addr);
	assert_true(addr6_eq(&got.msg.prefix[0].addr, &t_ha));
	assert_int_equal(got.msg.prefix[0].valid_s, 86400);
	assert_int_equal(got.msg.prefix[0].preferred_s, 3600);
	assert_false(got.msg.prefix[1].is_router_addr);
}

static void prefixes_are_not_told_to_strangers(void **state)
{
	(void)state;
	assert_false(ask(IC6_MPS, 5, &t_ha, &t_hoa)); /* no binding: a binding error */
	bench_read_answer(&b);
	assert_int_equal(b.ba.mh.type, MH_BE);
	assert_int_equal(b.ba.mh.be.status, BE_UNKNOWN_BINDING);
	assert_int_equal(b.k.count.n[R_HAO_UNKNOWN], 1);
	assert_int_equal(bench_send(&b, (struct update){.alt = &t_alt}), BA_ACCEPTED);
	assert_false(ask(IC6_MPS, 5, &t_ha, &t_hoa)); /* from elsewhere than the care-of address */
	assert_false(ask(IC6_MPS, 5, &t_ha, NULL));
	assert_int_equal(b.k.fx.n, 0);
}

static void broken_messages_are_counted(void **state)
{
	(void)state;
	uint8_t pkt[512];
	struct ha_icmp m = {.type = IC6_HA_REQUEST};
	size_t n = ha_icmp_packet_build(pkt, sizeof pkt, &t_coa, &t_ha, NULL, NULL, &m);
	kit_clear(&b.k);
	pkt[44] ^= 1; /* identifier: the checksum is wrong then */
	assert_true(bench_rx(&b, pkt, n, DP_PUNT_ICMP_HA, T_UP_IF));
	assert_int_equal(b.k.count.n[R_MSG_CHECKSUM], 1);
	assert_int_equal(b.k.fx.n, 0);
	assert_false(ask(IC6_HA_REPLY, 1, &t_ha, NULL)); /* nothing that we ask for */
	assert_int_equal(b.k.count.n[R_MSG_NOT_HERE], 1);
}

static void bindings_end_with_their_prefix(void **state)
{
	(void)state;
	struct ha_conf c = *b.conf;
	const char *remedy = NULL;
	static const struct { int64_t valid_s, preferred_s; uint32_t granted_s; int status; } t[] = {
		{1000, 1000, 400, BA_ACCEPTED}, {1000, 396, 400, BA_ACCEPTED_PREFIX_DISCOVERY}, {1000, 400, 400, BA_ACCEPTED},
		{1000, 403, 400, BA_ACCEPTED}, {400, 400, 400, BA_ACCEPTED_PREFIX_DISCOVERY}, {200, 200, 200, BA_ACCEPTED_PREFIX_DISCOVERY},
	};
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		c.prefix_valid = span_s(t[i].valid_s);
		c.prefix_preferred = span_s(t[i].preferred_s);
		assert_int_equal(ha_role.reconf(b.ha, &c, b.k.now, &remedy), ERR_OK);
		assert_int_equal(bench_send(&b, (struct update){.lifetime_s = 400}), t[i].status);
		assert_int_equal(b.ba.mh.ba.lifetime_s, t[i].granted_s);
	}
	assert_int_equal(bench_send(&b, (struct update){.is_zero_lifetime = true}), BA_ACCEPTED);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, bench_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(its_anycast_addresses_are_punted), T(discovery_names_us), T(others_are_ranked_by_preference), T(others_leave_the_list),
		T(a_crowd_of_agents_keeps_to_one_packet), T(prefixes_are_told_to_registered_mobiles),
		T(all_addresses_of_an_agent_are_told), T(each_link_has_a_list_of_its_own), T(mobile_routers_get_those_that_take_them),
		T(changed_prefixes_are_told_until_acknowledged), T(advertisements_are_repeated_with_doubled_waits),
		T(nobody_is_told_after_the_binding), T(mobiles_are_told_once_in_the_interval), T(prefixes_of_other_agents_are_told),
		T(a_cut_prefix_cuts_bindings), T(home_prefixes_come_and_go), T(prefixes_are_not_told_to_strangers), T(broken_messages_are_counted), T(bindings_end_with_their_prefix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
