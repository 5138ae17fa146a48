/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobile routers at the home agent: RFC 3963 6 and 7. */
#include "../kit/ha_kit.h"
#include "../kit/plain.h"

static struct bench b;
#define NET1 "2001:db8:50::/64"
#define NET2 "2001:db8:51::/60"
#define PART2 "2001:db8:51:3::/64"
#define FOREIGN "2001:db8:99::/64"
enum { ROUTER = BU_A | BU_H | BU_R };

static int setup_with(bool has_home_link)
{
	bench_init(&b, has_home_link);
	b.conf->has_dad = false;
	b.conf->mobile[0].n_network = 2;
	b.conf->mobile[0].network[0] = plain_prefix(NET1);
	b.conf->mobile[0].network[1] = plain_prefix(NET2);
	bench_start_up(&b);
	return 0;
}

static int setup(void **state)
{
	*state = &b;
	return setup_with(true);
}

static int setup_virtual(void **state)
{
	*state = &b;
	return setup_with(false);
}

/* Is this prefix put, or taken away (how), by datapath and route alike? */
static bool does(enum effect_kind how, const char *text)
{
	struct prefix6 p = plain_prefix(text);
	const struct dp_op *op;
	const struct effect *fx;
	bool has_dp = false, has_route = false;

	for (size_t i = 0; (op = kit_dp(&b.k, how, DP_NET, i)); i++)
		has_dp |= prefix6_eq(&op->net.prefix, &p) && addr6_eq(&op->net.home_address, &t_hoa);
	for (size_t i = 0; (fx = kit_fx(&b.k, how == FX_DP_PUT ? FX_ROUTE_PUT : FX_ROUTE_DEL, i)); i++)
		has_route |= prefix6_eq(&fx->route.dst, &p) && fx->route.ifindex == IFINDEX_ROAM0;
	assert_int_equal(has_dp, has_route);
	return has_dp;
}

static void implicit_mode_forwards_what_is_configured(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){.flags = ROUTER}), BA_ACCEPTED);
	assert_true(b.ba.mh.ba.flags & BA_R);
	assert_true(does(FX_DP_PUT, NET1) && does(FX_DP_PUT, NET2));
	assert_int_equal(bench_send(&b, (struct update){.flags = ROUTER}), BA_ACCEPTED);
	assert_false(does(FX_DP_PUT, NET1)); /* a refresh changes nothing */
	assert_int_equal(bench_send(&b, (struct update){.is_zero_lifetime = true}), BA_ACCEPTED);
	assert_true(does(FX_DP_DEL, NET1) && does(FX_DP_DEL, NET2));
	assert_false(b.ba.mh.ba.flags & BA_R); /* only where the update had it */
}

static void explicit_mode_forwards_what_is_named(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){.flags = ROUTER, .net = {NET1, PART2}}), BA_ACCEPTED);
	assert_true(does(FX_DP_PUT, NET1) && does(FX_DP_PUT, PART2) && !does(FX_DP_PUT, NET2));
	assert_int_equal(bench_send(&b, (struct update){.flags = ROUTER, .net = {PART2}}), BA_ACCEPTED);
	assert_true(does(FX_DP_DEL, NET1) && !does(FX_DP_DEL, PART2) && !does(FX_DP_PUT, PART2));
	bench_wait(&b, span_s(500));
	assert_true(does(FX_DP_DEL, PART2));
}

static void refusals(void **state)
{
	(void)state;
	struct addr6 many = t_hoa;
	many.b[7] = 1; /* of the second block, which has no network */
	struct { struct update u; int status; enum reason why; } t[] = {
		{{.flags = ROUTER, .net = {NET1, FOREIGN}}, BA_NOT_AUTHORISED_PREFIX, R_NET_NOT_AUTHORISED},
		{{.flags = ROUTER, .net = {"2001:db8:51::/48"}}, BA_NOT_AUTHORISED_PREFIX, R_NET_NOT_AUTHORISED},
		{{.flags = ROUTER, .net = {NET1, "fe80::/64"}}, BA_INVALID_PREFIX, R_NET_INVALID},
		{{.flags = ROUTER, .net = {"ff05::/16"}}, BA_INVALID_PREFIX, R_NET_INVALID},
		{{.flags = ROUTER, .net = {"::/0"}}, BA_INVALID_PREFIX, R_NET_INVALID},
		{{.flags = ROUTER, .net = {"2001:db8:1::/64"}}, BA_INVALID_PREFIX, R_NET_INVALID}, /* we are in it */
		{{.flags = ROUTER, .hoa = &many}, BA_FORWARDING_FAILED, R_NET_NOT_KNOWN},
		{{.flags = ROUTER, .hoa = &many, .net = {NET1}}, BA_NOT_AUTHORISED_PREFIX, R_NET_NOT_AUTHORISED},
		{{.flags = BU_A | BU_R}, BA_MR_NOT_PERMITTED, R_NET_NOT_PERMITTED},
	};
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		uint64_t was = b.k.count.n[t[i].why];
		assert_int_equal(bench_send(&b, t[i].u), t[i].status);
		assert_int_equal(b.k.count.n[t[i].why], was + 1);
		assert_null(kit_fx(&b.k, FX_DP_PUT, 0));
		assert_null(kit_fx(&b.k, FX_ROUTE_PUT, 0));
		assert_false(b.ba.mh.ba.flags & BA_R);
	}
}

static void a_binding_stays_host_or_router(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	assert_int_equal(bench_send(&b, (struct update){.flags = ROUTER}), BA_REG_TYPE_CHANGE);
	assert_int_equal(bench_send(&b, (struct update){.flags = ROUTER, .is_zero_lifetime = true, .net = {FOREIGN}}), BA_ACCEPTED);
	assert_int_equal(bench_send(&b, (struct update){.flags = ROUTER}), BA_ACCEPTED);
	assert_int_equal(bench_send(&b, (struct update){0}), BA_REG_TYPE_CHANGE);
}

static void routers_are_not_taken_where_none_is_configured(void **state)
{
	(void)state;
	const char *remedy = NULL;
	assert_int_equal(bench_send(&b, (struct update){.flags = ROUTER}), BA_ACCEPTED);
	struct ha_conf *c = malloc(sizeof *c);
	*c = *b.conf;
	c->mobile[0].n_network = 0;
	kit_clear(&b.k);
	assert_int_equal(ha_role.reconf(b.ha, c, b.k.now, &remedy), ERR_OK);
	free(c);
	assert_true(does(FX_DP_DEL, NET1)); /* the binding went with its networks */
	assert_int_equal(bench_send(&b, (struct update){.flags = ROUTER}), BA_MR_NOT_PERMITTED);
}

static void at_home_the_network_is_behind_its_router(void **state)
{
	(void)state;
	struct prefix6 net1 = plain_prefix(NET1);
	const struct effect *fx = kit_fx(&b.k, FX_ROUTE_PUT, 0); /* since the link came up */
	assert_true(prefix6_eq(&fx->route.dst, &net1) && addr6_eq(&fx->route.via, &t_hoa));
	assert_int_equal(fx->route.ifindex, T_HOME_IF);
	uint32_t at_home = fx->route.metric;
	assert_int_equal(bench_send(&b, (struct update){.flags = ROUTER}), BA_ACCEPTED);
	for (size_t i = 0; (fx = kit_fx(&b.k, FX_ROUTE_PUT, i)); i++)
		if (prefix6_eq(&fx->route.dst, &net1))
			assert_true(fx->route.metric < at_home);
}

static void on_a_virtual_home_link_the_route_stays(void **state)
{
	(void)state;
	struct prefix6 net1 = plain_prefix(NET1);
	size_t n = 0;
	const struct effect *fx;
	for (size_t i = 0; (fx = kit_fx(&b.k, FX_ROUTE_PUT, i)); i++)
		n += prefix6_eq(&fx->route.dst, &net1) && fx->route.ifindex == IFINDEX_ROAM0;
	assert_int_equal(n, 1);
}

static void it_is_announced_as_a_router(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){.flags = ROUTER}), BA_ACCEPTED);
	size_t n = 0;
	const struct effect *fx;
	for (size_t i = 0; (fx = kit_fx(&b.k, FX_SEND, i)); i++) {
		const uint8_t *p = effq_bytes(&b.k.fx, fx->send.off);
		if (p[6] == 58 && p[40] == 136)
			n += p[44] == 0xa0; /* R and O */
	}
	assert_int_equal(n, 1);
}

static void networks_survive_a_restart(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){.flags = ROUTER, .net = {PART2}}), BA_ACCEPTED);
	const struct effect *fx = kit_fx(&b.k, FX_STORE_PUT, 0);
	uint8_t val[256];
	memcpy(val, effq_bytes(&b.k.fx, fx->store.off) + fx->store.key_len_oct, fx->store.val_len_oct);
	struct store_rec rec = {.table = STORE_BINDING_HA, .key = t_hoa.b, .key_len_oct = 16, .val = val, .val_len_oct = fx->store.val_len_oct};
	ha_role.fini(b.ha);
	kit_clear(&b.k);
	bench_start(&b);
	kit_clear(&b.k);
	assert_int_equal(ha_role.restore(b.ha, &rec, b.k.now), ERR_OK);
	assert_true(does(FX_DP_PUT, PART2));
	assert_int_equal(bench_send(&b, (struct update){.flags = ROUTER, .net = {PART2}}), BA_ACCEPTED);
	for (rec.val_len_oct = 41; rec.val_len_oct < 57; rec.val_len_oct++) {
		ha_role.fini(b.ha);
		bench_start(&b);
		assert_int_equal(ha_role.restore(b.ha, &rec, b.k.now), ERR_INVAL);
	}
}

static void out_of_memory_refuses(void **state)
{
	(void)state;
	assert_int_equal(bench_send(&b, (struct update){0}), BA_ACCEPTED);
	assert_int_equal(bench_send(&b, (struct update){.is_zero_lifetime = true}), BA_ACCEPTED);
	b.k.heap.left = 0;
	assert_int_equal(bench_send(&b, (struct update){.flags = ROUTER}), BA_NO_RESOURCES);
	assert_null(kit_fx(&b.k, FX_DP_PUT, 0));
	b.k.heap.left = -1;
	assert_int_equal(bench_send(&b, (struct update){.flags = ROUTER}), BA_ACCEPTED);
}

static void configuration_is_checked(void **state)
{
	(void)state;
	struct { const char *first, *second; bool is_prefix; } t[] = {
		{NET1, "2001:db8:50::/56", false}, {"2001:db8:1::/48", NULL, false}, {NET1, NULL, true},
	};
	struct ha_conf *c = malloc(sizeof *c);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		const char *remedy = NULL;
		*c = *b.conf;
		c->mobile[0].n_network = c->mobile[1].n_network = 0;
		struct ha_mobile_conf *m = &c->mobile[t[i].is_prefix ? 1 : 0];
		m->n_network = 1;
		m->network[0] = plain_prefix(t[i].first);
		if (t[i].second) {
			c->mobile[2] = c->mobile[0];
			c->mobile[2].home.addr.b[15] = 9;
			c->mobile[2].network[0] = plain_prefix(t[i].second);
			c->n_mobile = 3;
		}
		assert_int_equal(ha_role.reconf(b.ha, c, b.k.now, &remedy), ERR_INVAL);
		assert_non_null(remedy);
	}
	free(c);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, bench_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(implicit_mode_forwards_what_is_configured), T(explicit_mode_forwards_what_is_named), T(refusals),
		T(a_binding_stays_host_or_router), T(routers_are_not_taken_where_none_is_configured),
		T(at_home_the_network_is_behind_its_router),
		cmocka_unit_test_setup_teardown(on_a_virtual_home_link_the_route_stays, setup_virtual, bench_teardown),
		T(it_is_announced_as_a_router), T(networks_survive_a_restart), T(out_of_memory_refuses), T(configuration_is_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
