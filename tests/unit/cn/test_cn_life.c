/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Correspondent node: the life of a binding, from the first update to its end (RFC 6275 9.5, 9.6), and how many there may be. Requirements
 * H-15 (a correspondent node accepts the MMA's update) and H-17 (it is told of the home address).
 */
#include "../kit/cn_kit.h"

/* --- life of a binding ------------------------------------------------------------------------------------- */

static void a_binding_is_made_moved_and_removed(void **state)
{
	(void)state;
	uint32_t lifetime_s;
	mobile_test(&m);
	assert_int_equal(mobile_update_seq(&m, (struct bu){.seq = 10, .lifetime_s = 100}, NULL, &lifetime_s), BA_ACCEPTED);
	assert_int_equal(lifetime_s, 100);
	const struct dp_cn *e = mobile_entered(&m);
	assert_true(addr6_eq(&e->home_address, &m.hoa) && addr6_eq(&e->self, &m.self) && addr6_eq(&e->coa, &m.coa));
	assert_int_equal(e->expires.ns, m.rig.now.mono.ns + 100 * NS_PER_S);
	m.coa = rig_addr(COA2);
	mobile_test_coa(&m);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 11, .lifetime_s = 100}), BA_ACCEPTED);
	assert_true(addr6_eq(&mobile_entered(&m)->coa, &m.coa));
	assert_int_equal(mobile_bound(&m, HOA), 1);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 12}), BA_ACCEPTED);
	assert_true(mobile_removed(&m));
	assert_int_equal(mobile_bound(&m, HOA), 0);
}

/* H-17: from home, with the home token alone, no Home Address option and no routing header. */
static void a_mobile_at_home_removes_its_binding(void **state)
{
	(void)state;
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 2, .src = HOA, .has_no_hao = true, .coa_index_off = 99}), BA_ACCEPTED);
	assert_true(mobile_removed(&m));
}

static void a_binding_ends_with_its_lifetime(void **state)
{
	(void)state;
	mobile_test(&m);
	assert_int_equal(REGISTER(.lifetime_s = 40), BA_ACCEPTED);
	mobile_wait(&m, 39);
	assert_int_equal(mobile_bound(&m, HOA), 1);
	assert_false(mobile_removed(&m));
	mobile_wait(&m, 2);
	assert_true(mobile_removed(&m));
	assert_int_equal(mobile_bound(&m, HOA), 0);
	mobile_wait(&m, 300); /* and is forgotten with its nonces */
	assert_true(mono_is_never(m.rig.ops->expiry(m.rig.self)));
}

/* 9.5.5: to the home address, at most twice, and not after an update. */
static void a_refresh_is_asked_for_before_the_end(void **state)
{
	(void)state;
	size_t len;
	struct mh_packet p;
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	mobile_wait(&m, 369);
	assert_int_equal(rig_count(&m.rig, FX_SEND), 0);
	mobile_wait(&m, 2);
	assert_int_equal(rig_count(&m.rig, FX_SEND), 1);
	const uint8_t *pkt = rig_sent(&m.rig, 0, &len);
	assert_int_equal(mh_packet_parse(pkt, len, &p), W_OK);
	assert_int_equal(p.mh.type, MH_BRR);
	assert_true(addr6_eq(&p.dst, &m.hoa) && addr6_eq(&p.src, &m.self) && !p.has_rh2);
	mobile_test(&m);
	assert_int_equal(REGISTER(.seq = 2), BA_ACCEPTED);
	mobile_wait(&m, 300);
	assert_int_equal(rig_count(&m.rig, FX_SEND), 0); /* the update stopped it */
	mobile_wait(&m, 99);
	assert_int_equal(rig_count(&m.rig, FX_SEND), 2);
	mobile_wait(&m, 2);
	assert_true(mobile_removed(&m));
}

static mono_t last_used;
static mono_t used(void *ctx, const struct addr6 *hoa, const struct addr6 *self)
{
	(void)ctx;
	assert_true(addr6_eq(hoa, &m.hoa) && addr6_eq(self, &m.self));
	return last_used;
}

/* Only while our packets take the binding: a mobile that is not spoken to is left alone. */
static void no_refresh_of_what_is_not_used(void **state)
{
	(void)state;
	m.rig.env.cn_used = used;
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	mobile_wait(&m, 399);
	assert_int_equal(rig_count(&m.rig, FX_SEND), 0);
	mobile_wait(&m, 2);
	assert_true(mobile_removed(&m));
	mobile_wait(&m, 300);
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	last_used = mono_add(m.rig.now.mono, span_s(300));
	mobile_wait(&m, 399);
	assert_int_equal(rig_count(&m.rig, FX_SEND), 2);
}

static void drop_by_the_operator(void **state)
{
	(void)state;
	const char *msg = NULL;
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	rig_clear(&m.rig);
	assert_int_equal(m.rig.ops->ctl(m.rig.self, &(struct ctl_cmd){2, (const char *[]){"drop", COA}}, m.rig.now, &msg), ERR_NOTFOUND);
	assert_int_equal(m.rig.ops->ctl(m.rig.self, &(struct ctl_cmd){1, (const char *[]){"join"}}, m.rig.now, &msg), ERR_NOTFOUND);
	assert_int_equal(m.rig.ops->ctl(m.rig.self, &(struct ctl_cmd){2, (const char *[]){"drop", HOA}}, m.rig.now, &msg), ERR_OK);
	assert_true(mobile_removed(&m));
}

/* --- limits ------------------------------------------------------------------------------------------------ */

static int bind_as(uint32_t i, uint16_t seq)
{
	m.hoa.b[14] = (uint8_t)(i >> 8), m.hoa.b[15] = (uint8_t)i;
	m.coa.b[7] = (uint8_t)i; /* another site each */
	mobile_test(&m);
	return mobile_update(&m, (struct bu){.seq = seq, .lifetime_s = 400});
}

static void the_oldest_binding_makes_room(void **state)
{
	(void)state;
	m.conf.bindings_max = 4;
	mobile_start(&m);
	for (uint32_t i = 1; i <= 4; i++)
		assert_int_equal(bind_as(i, 1), BA_ACCEPTED);
	assert_int_equal(bind_as(1, 2), BA_ACCEPTED); /* refreshed: 2 is the oldest now */
	assert_int_equal(bind_as(5, 1), BA_ACCEPTED);
	assert_int_equal(mobile_bound(&m, NULL), 4);
	assert_int_equal(mobile_bound(&m, "2001:db8:1::2"), 0);
	assert_int_equal(mobile_bound(&m, "2001:db8:1::1"), 1);
}

/* What is remembered takes room too, and is not given up for others. */
static void beyond_twice_the_limit_bindings_are_refused(void **state)
{
	(void)state;
	m.conf.bindings_max = 4;
	mobile_start(&m);
	for (uint32_t i = 1; i <= 8; i++)
		assert_int_equal(bind_as(i, 1), BA_ACCEPTED);
	assert_int_equal(bind_as(9, 1), BA_NO_RESOURCES);
	assert_int_equal(m.rig.count.n[R_LIMIT_BINDINGS], 1);
	assert_int_equal(bind_as(8, 2), BA_ACCEPTED); /* whoever is known goes on */
	mobile_wait(&m, 241);
	assert_int_equal(bind_as(9, 1), BA_ACCEPTED);
}

static void one_site_cannot_fill_the_cache(void **state)
{
	(void)state;
	m.conf.site_max = 2;
	mobile_start(&m);
	for (uint8_t i = 1; i <= 3; i++) {
		m.hoa.b[15] = i;
		m.coa.b[15] = i;
		mobile_test(&m);
		assert_int_equal(REGISTER(), i <= 2 ? BA_ACCEPTED : BA_NO_RESOURCES);
	}
	m.coa = rig_addr(COA2);
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	m.hoa.b[15] = 1;
	m.coa = rig_addr(COA);
	mobile_test(&m);
	assert_int_equal(REGISTER(.seq = 2), BA_ACCEPTED); /* within its place */
}

static void nothing_is_left_when_memory_runs_out(void **state)
{
	(void)state;
	for (int fail = 0; fail < 6; fail++) {
		m.hoa.b[15]++;
		m.coa.b[6]++;
		mobile_test(&m);
		rig_clear(&m.rig);
		uint8_t buf[512];
		struct rr_kbm k;
		struct addr6 coa;
		struct bu u = {.seq = 1, .lifetime_s = 400};
		size_t n = mobile_build(&m, &u, buf, sizeof buf, &k, &coa);
		unsigned before = mobile_bound(&m, NULL);
		m.rig.fail_in = fail;
		struct answer a = mobile_send(&m, buf, n);
		bool has_failed = m.rig.fail_in < 0;
		m.rig.fail_in = -1;
		bool is_bound = mobile_bound(&m, NULL) == before + 1;
		assert_true(is_bound || has_failed);
		if (a.is_there)
			assert_int_equal(a.p.mh.ba.status, is_bound ? BA_ACCEPTED : BA_NO_RESOURCES);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_binding_is_made_moved_and_removed), T(a_mobile_at_home_removes_its_binding), T(a_binding_ends_with_its_lifetime),
		T(a_refresh_is_asked_for_before_the_end), T(no_refresh_of_what_is_not_used), T(drop_by_the_operator),
		T(the_oldest_binding_makes_room), T(beyond_twice_the_limit_bindings_are_refused), T(one_site_cannot_fill_the_cache),
		T(nothing_is_left_when_memory_runs_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
