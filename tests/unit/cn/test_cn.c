/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Correspondent node: tests, updates, limits, memory against replays, errors, time (RFC 6275 9). Requirements H-15 (a correspondent node
 * accepts the MMA's update) and H-17 (it is told of the home address).
 * What public conformance suites ask for is in test_cn_cases.c.
 */
#include "../kit/cn_kit.h"
#include "wire/ip/icmp6.h"

static struct mobile m;

static int set_up(void **state)
{
	(void)state;
	mobile_init(&m);
	mobile_start(&m);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_fini(&m.rig);
	return 0;
}

#define REGISTER(...) mobile_update(&m, (struct bu){.seq = 1, .lifetime_s = 400, __VA_ARGS__})

/* --- beginning ----------------------------------------------------------------------------------------------- */

static void addresses_of_chosen_links_are_listened_at(void **state)
{
	(void)state;
	m.conf.n_interface = 1;
	memcpy(m.conf.interface[0], "eth1", 5);
	extern const struct role_ops cn_role;
	rig_clear(&m.rig);
	assert_int_equal(rig_start(&m.rig, &cn_role, &m.conf), ERR_OK);
	rig_link(&m.rig, CN_IF, "eth0", "02:00:00:00:00:01", true);
	mobile_local(&m, SELF, false);
	assert_null(rig_dp(&m.rig, FX_DP_PUT, DP_IF, 0));
	assert_null(rig_dp(&m.rig, FX_DP_PUT, DP_LOCAL, 0));
	rig_link(&m.rig, 9, "eth1", "02:00:00:00:00:09", true);
	const struct dp_op *op = rig_dp(&m.rig, FX_DP_PUT, DP_IF, 0);
	assert_int_equal(op->iface.ifindex, 9);
	assert_int_equal(op->iface.flags, 0);
	const struct local_event ev = {.ifindex = 9, .addr = m.self}, ll = {.ifindex = 9, .addr = rig_addr("fe80::1")};
	cn_role.local(m.rig.self, &ev, m.rig.now);
	cn_role.local(m.rig.self, &ll, m.rig.now);
	assert_int_equal(rig_dp(&m.rig, FX_DP_PUT, DP_LOCAL, 0)->local.flags, DP_LOCAL_MH);
	assert_null(rig_dp(&m.rig, FX_DP_PUT, DP_LOCAL, 1)); /* link-local: no */
}

/* A tunnel or loopback: named, the operator is told. */
static void links_without_addresses_are_left_alone(void **state)
{
	(void)state;
	rig_clear(&m.rig);
	rig_link(&m.rig, 1, "lo", "00:00:00:00:00:00", true);
	rig_link(&m.rig, 7, "wg0", "00:00:00:00:00:00", true);
	const struct local_event ev = {.ifindex = 7, .addr = rig_addr("2001:db8:77::1")};
	m.rig.ops->local(m.rig.self, &ev, m.rig.now);
	assert_int_equal(m.rig.fx.n, 0);
	const struct local_event on_lo = {1, rig_addr("2001:db8:77::2"), false}, loopback = {1, rig_addr("::1"), false};
	m.rig.ops->local(m.rig.self, &loopback, m.rig.now);
	m.rig.ops->local(m.rig.self, &on_lo, m.rig.now);
	assert_int_equal(m.rig.fx.n, 1);
	assert_true(addr6_eq(&rig_dp(&m.rig, FX_DP_PUT, DP_LOCAL, 0)->local.addr, &on_lo.addr)); /* it is reached through other links */
	m.conf.n_interface = 1;
	memcpy(m.conf.interface[0], "wg0", 4);
	mobile_start(&m);
	rig_clear(&m.rig);
	rig_link(&m.rig, 7, "wg0", "00:00:00:00:00:00", true);
	assert_int_equal(m.rig.fx.n, 1);
	assert_string_equal(rig_effect(&m.rig, FX_EVENT, 0)->event.code, "interface-left-out");
}

static void an_address_that_goes_takes_its_bindings_along(void **state)
{
	(void)state;
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	rig_clear(&m.rig);
	mobile_local(&m, SELF, true);
	assert_true(mobile_removed(&m));
	assert_non_null(rig_dp(&m.rig, FX_DP_DEL, DP_LOCAL, 0));
	assert_int_equal(mobile_bound(&m, NULL), 0);
	assert_false(mobile_ask(&m, MH_HOTI, &m.hoa, NULL).is_there);
}

/* An address on two interfaces is there until both have lost it. */
static void an_address_twice_goes_once(void **state)
{
	(void)state;
	rig_link(&m.rig, 5, "eth5", "02:00:00:00:00:05", true);
	const struct local_event there = {5, m.self, false}, gone = {5, m.self, true};
	m.rig.ops->local(m.rig.self, &there, m.rig.now);
	rig_clear(&m.rig);
	m.rig.ops->local(m.rig.self, &gone, m.rig.now);
	assert_null(rig_dp(&m.rig, FX_DP_DEL, DP_LOCAL, 0));
	assert_true(mobile_ask(&m, MH_HOTI, &m.hoa, NULL).is_there);
}

static void a_link_that_goes_takes_its_addresses_along(void **state)
{
	(void)state;
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	rig_clear(&m.rig);
	const struct link_event ev = {.ifindex = CN_IF, .name = "eth0", .is_gone = true};
	m.rig.ops->link(m.rig.self, &ev, m.rig.now);
	assert_true(mobile_removed(&m));
	assert_non_null(rig_dp(&m.rig, FX_DP_DEL, DP_IF, 0));
}

/* H-13 literally: two prefixes, given to the datapath and taken back. */
static void trust_is_told_to_the_datapath(void **state)
{
	(void)state;
	const char *remedy = NULL;
	m.conf.n_trust = 1;
	m.conf.trust[0] = (struct cn_trust_conf){rig_prefix("2001:db8:1::/64"), rig_prefix("2001:db8:2::/64")};
	rig_clear(&m.rig);
	assert_int_equal(m.rig.ops->reconf(m.rig.self, &m.conf, m.rig.now, &remedy), ERR_OK);
	const struct dp_op *op = rig_dp(&m.rig, FX_DP_PUT, DP_CN_TRUST, 0);
	assert_true(prefix6_eq(&op->cn_trust.home, &m.conf.trust[0].home) && prefix6_eq(&op->cn_trust.coa, &m.conf.trust[0].coa));
	rig_clear(&m.rig);
	m.rig.ops->stop(m.rig.self, m.rig.now);
	assert_non_null(rig_dp(&m.rig, FX_DP_DEL, DP_CN_TRUST, 0));
	assert_non_null(rig_dp(&m.rig, FX_DP_DEL, DP_LOCAL, 0));
}

static void other_interfaces_need_a_restart(void **state)
{
	(void)state;
	const char *remedy = NULL;
	m.conf.n_interface = 1;
	assert_int_equal(m.rig.ops->reconf(m.rig.self, &m.conf, m.rig.now, &remedy), ERR_NOTSUP);
	assert_non_null(remedy);
}

/* --- tests --------------------------------------------------------------------------------------------------- */

static void tests_are_answered_from_no_memory(void **state)
{
	(void)state;
	(void)mobile_ask(&m, MH_HOTI, &m.hoa, NULL); /* the queue of effects has its room */
	int64_t live = m.rig.n_live;
	struct answer a = mobile_ask(&m, MH_HOTI, &m.hoa, NULL), b = mobile_ask(&m, MH_COTI, &m.coa, NULL);
	assert_int_equal(a.p.mh.type, MH_HOT);
	assert_int_equal(b.p.mh.type, MH_COT);
	assert_true(addr6_eq(&a.p.dst, &m.hoa) && addr6_eq(&b.p.dst, &m.coa) && addr6_eq(&a.p.src, &m.self));
	assert_true(a.p.mh.test.cookie == 0x1122334455667788);
	assert_false(a.p.has_rh2 || b.p.has_rh2);
	assert_true(a.p.mh.test.token != b.p.mh.test.token);
	assert_int_equal(m.rig.n_live, live);
	assert_true(mobile_ask(&m, MH_HOTI, &m.hoa, NULL).p.mh.test.token == a.p.mh.test.token);
}

static void tests_are_limited_by_source_and_in_all(void **state)
{
	(void)state;
	unsigned n = 0;
	for (int i = 0; i < 30; i++)
		n += mobile_ask(&m, MH_COTI, &m.coa, NULL).is_there;
	assert_int_equal(n, m.conf.test_rate);
	assert_int_equal(m.rig.count.n[R_LIMIT_RATE], 30 - n);
	struct addr6 other = rig_addr(COA2);
	assert_true(mobile_ask(&m, MH_COTI, &other, NULL).is_there);
	for (uint32_t i = n = 0; i < 5000; i++) { /* invented sources */
		other.b[15] = (uint8_t)i, other.b[14] = (uint8_t)(i >> 8);
		n += mobile_ask(&m, MH_COTI, &other, NULL).is_there;
	}
	assert_true(n <= m.conf.total_rate);
}

static void requests_from_impossible_sources_are_ignored(void **state)
{
	(void)state;
	static const char *const sources[] = {"::", "::1", "fe80::1", "ff02::1", "ff0e::5", SELF};
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		struct addr6 src = rig_addr(sources[i]);
		assert_false(mobile_ask(&m, MH_HOTI, &src, NULL).is_there);
		assert_false(mobile_ask(&m, MH_COTI, &src, NULL).is_there);
	}
}

/* --- life of a binding ------------------------------------------------------------------------------------------ */

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

/* --- memory against replays ---------------------------------------------------------------------------------------- */

/* An update that was accepted once is not accepted again after the binding has ended, as long as its nonces count; whatever ended it. */
static void an_old_update_does_not_bring_a_binding_back(void **state)
{
	(void)state;
	enum { BY_REMOVAL, BY_TIME, BY_OPERATOR, WAYS };
	for (int way = 0; way < WAYS; way++) {
		uint8_t old[512];
		struct rr_kbm k;
		struct addr6 coa;
		m.hoa.b[15]++;
		mobile_test(&m);
		struct bu u = {.seq = 100, .lifetime_s = 20};
		size_t n = mobile_build(&m, &u, old, sizeof old, &k, &coa);
		assert_int_equal(mobile_send(&m, old, n).p.mh.ba.status, BA_ACCEPTED);
		assert_non_null(mobile_entered(&m));
		if (way == BY_REMOVAL)
			assert_int_equal(mobile_update(&m, (struct bu){.seq = 101}), BA_ACCEPTED);
		else if (way == BY_TIME)
			mobile_wait(&m, 21);
		else {
			const char *argv[] = {"drop", ADDR6_STR(&m.hoa)}, *msg;
			assert_int_equal(m.rig.ops->ctl(m.rig.self, &(struct ctl_cmd){2, argv}, m.rig.now, &msg), ERR_OK);
		}
		assert_int_equal(mobile_bound(&m, NULL), 0);
		enum reason why = way == BY_REMOVAL ? R_RR_NONCES_USED : R_BU_REPLAYED;
		uint64_t before = m.rig.count.n[why];
		struct answer a = mobile_send(&m, old, n);
		assert_int_equal(a.p.mh.ba.status, way == BY_REMOVAL ? BA_NONCES_EXPIRED : BA_SEQ_OUT_OF_WINDOW);
		assert_int_equal(a.p.mh.ba.seq, 100);
		assert_null(mobile_entered(&m));
		assert_int_equal(m.rig.count.n[why], before + 1);
		mobile_wait(&m, 200);
		assert_false(mobile_send(&m, old, n).p.mh.ba.status == BA_ACCEPTED);
		mobile_wait(&m, 45); /* the nonces are gone: 138, and nothing is remembered */
		assert_int_equal(mobile_send(&m, old, n).p.mh.ba.status, BA_NONCES_EXPIRED);
		assert_true(mono_is_never(m.rig.ops->expiry(m.rig.self)));
	}
}

/* A mobile that begins anew with a low number is no replay: number outside the range, or newer nonce. */
static void a_mobile_that_begins_anew_is_let_in(void **state)
{
	(void)state;
	uint16_t seq;
	mobile_test(&m);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 100, .lifetime_s = 400}), BA_ACCEPTED);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 110, .lifetime_s = 8}), BA_ACCEPTED);
	mobile_wait(&m, 9);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 5, .lifetime_s = 8}), BA_ACCEPTED); /* outside 100 to 110 */
	mobile_wait(&m, 9);
	assert_int_equal(mobile_update_seq(&m, (struct bu){.seq = 105, .lifetime_s = 400}, &seq, NULL), BA_SEQ_OUT_OF_WINDOW);
	assert_int_equal(seq, 110);
	mobile_wait(&m, 31);
	mobile_test(&m); /* newer nonces */
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 105, .lifetime_s = 400}), BA_ACCEPTED);
}

/* 9.5.3: after a removal the same nonces make no binding, whatever the number; fresh tests do, at once. One newer token is enough. */
static void after_a_removal_the_nonces_are_used_up(void **state)
{
	(void)state;
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 2}), BA_ACCEPTED);
	assert_int_equal(REGISTER(.seq = 3), BA_NONCES_EXPIRED);
	assert_int_equal(mobile_bound(&m, NULL), 0);
	mobile_test_coa(&m);
	assert_int_equal(REGISTER(.seq = 3), BA_ACCEPTED);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 4}), BA_ACCEPTED);
	mobile_test(&m);
	assert_int_equal(REGISTER(.seq = 0), BA_ACCEPTED);
}

/* Life 1 ends at number 101; life 2 begins at 5 with newer nonces: then 100 is greater than 5, but of life 1. */
static void an_update_of_a_life_before_does_not_pass_for_a_later_one(void **state)
{
	(void)state;
	uint8_t old[512], gone[512];
	struct rr_kbm k;
	struct addr6 coa;
	mobile_test(&m);
	struct bu u = {.seq = 100, .lifetime_s = 400}, end = {.seq = 101};
	size_t n = mobile_build(&m, &u, old, sizeof old, &k, &coa), n_gone = mobile_build(&m, &end, gone, sizeof gone, &k, &coa);
	assert_int_equal(mobile_send(&m, old, n).p.mh.ba.status, BA_ACCEPTED);
	assert_int_equal(mobile_send(&m, gone, n_gone).p.mh.ba.status, BA_ACCEPTED);
	mobile_wait(&m, 31);
	m.coa = rig_addr(COA2);
	mobile_test(&m);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 5, .lifetime_s = 400}), BA_ACCEPTED);
	assert_int_equal(mobile_send(&m, old, n).p.mh.ba.status, BA_NONCES_EXPIRED);
	assert_int_equal(mobile_send(&m, gone, n_gone).p.mh.ba.status, BA_SEQ_OUT_OF_WINDOW);
	assert_int_equal(mobile_bound(&m, HOA), 1);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 6, .lifetime_s = 400}), BA_ACCEPTED);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 120, .lifetime_s = 400}), BA_ACCEPTED);
}

/* A removal whose answer was lost is sent again with the same number: there is nothing to protect. */
static void a_removal_may_be_repeated(void **state)
{
	(void)state;
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 2}), BA_ACCEPTED);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 2}), BA_ACCEPTED);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 3}), BA_ACCEPTED);
}

/* After a sudden end the datapath goes on with a binding that this daemon does not know: a removal ends it there too. */
static void a_removal_reaches_what_a_daemon_before_left(void **state)
{
	(void)state;
	mobile_test_home(&m);
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 2, .src = HOA, .has_no_hao = true}), BA_ACCEPTED);
	const struct dp_op *op = rig_dp(&m.rig, FX_DP_DEL, DP_CN, 0);
	assert_true(addr6_eq(&op->cn.home_address, &m.hoa) && addr6_eq(&op->cn.self, &m.self));
	assert_int_equal(mobile_update(&m, (struct bu){.seq = 3, .src = HOA, .has_no_hao = true, .is_auth_wrong = true}), NOTHING);
	assert_false(mobile_removed(&m));
}

/* Random lives: no update that was accepted is ever accepted again. */
static void no_update_is_accepted_twice(void **state)
{
	(void)state;
	enum { OLD_MAX = 400, ROUNDS = 3000 };
	static struct { uint8_t pkt[256]; size_t n; bool is_delete; } old[OLD_MAX];
	struct prng p;
	unsigned n_old = 0, n_bound = 0;
	prng_seed(&p, 11);
	m.conf.test_rate = m.conf.refusal_rate = 100000;
	m.conf.total_rate = 1000000;
	mobile_start(&m);
	mobile_test(&m);
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t r = prng_u64(&p);
		struct rr_kbm k;
		struct addr6 coa;
		if (r % 8 == 0)
			mobile_wait(&m, (int64_t)(r >> 8) % 40);
		if (r % 5 == 0)
			mobile_test_home(&m);
		if (r % 5 == 1)
			mobile_test_coa(&m);
		if (n_old && r % 3 == 0) { /* replay: a removal may be acknowledged again, but changes nothing */
			unsigned at = (unsigned)(r >> 16) % n_old;
			unsigned before = mobile_bound(&m, NULL);
			struct answer a = mobile_send(&m, old[at].pkt, old[at].n);
			if (!old[at].is_delete)
				assert_true(a.is_there && a.p.mh.ba.status != BA_ACCEPTED);
			assert_int_equal(mobile_bound(&m, NULL), before);
			assert_null(mobile_entered(&m));
			continue;
		}
		struct bu u = {.seq = (uint16_t)(r >> 20) % 64, .lifetime_s = r >> 40 & 1 ? 4 + (uint32_t)(r >> 44) % 100 : 0};
		unsigned at = n_old < OLD_MAX ? n_old : (unsigned)(r >> 50) % OLD_MAX;
		size_t n = mobile_build(&m, &u, old[at].pkt, sizeof old[at].pkt, &k, &coa);
		unsigned before = mobile_bound(&m, NULL);
		struct answer a = mobile_send(&m, old[at].pkt, n);
		old[at].n = n;
		old[at].is_delete = u.lifetime_s == 0;
		if (a.is_there && a.p.mh.ba.status == BA_ACCEPTED && (u.lifetime_s || before)) {
			n_bound += u.lifetime_s != 0;
			n_old += at == n_old;
		} else if (at < n_old)
			old[at] = old[--n_old]; /* that one was not accepted */
	}
	print_message("%u bindings made, %u updates to replay\n", n_bound, n_old);
	assert_true(n_bound > 100);
}

/* --- limits -------------------------------------------------------------------------------------------------------- */

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

/* Whatever is not authentic allocates nothing and changes nothing. */
static void forged_updates_leave_no_trace(void **state)
{
	(void)state;
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	int64_t live = m.rig.n_live;
	for (uint16_t i = 0; i < 50; i++) {
		m.hoa.b[15] = (uint8_t)i;
		assert_int_equal(REGISTER(.seq = (uint16_t)(i + 2), .is_auth_wrong = i & 1, .home_token_xor = !(i & 1)), NOTHING);
		assert_null(mobile_entered(&m));
		assert_false(mobile_removed(&m));
	}
	assert_int_equal(m.rig.n_live, live);
	assert_int_equal(m.rig.count.n[R_AUTH_BAD], 50);
}

static void refusals_are_limited(void **state)
{
	(void)state;
	unsigned n = 0;
	m.conf.refusal_rate = 5;
	mobile_start(&m);
	mobile_test(&m);
	for (int i = 0; i < 40; i++)
		n += REGISTER(.home_index_off = 50) == BA_HOME_NONCE_EXPIRED;
	assert_int_equal(n, 5);
}

/* --- errors ---------------------------------------------------------------------------------------------------------- */

static bool hand_up(enum dp_punt why, const uint8_t *pkt, size_t n)
{
	const struct rx rx = {.ifindex = CN_IF, .why = why, .pkt = pkt, .len_oct = n};
	rig_clear(&m.rig);
	return m.rig.ops->rx(m.rig.self, &rx, m.rig.now);
}

/* An echo request with a Home Address option. */
static size_t with_hao(uint8_t *buf, size_t cap, const struct addr6 *src, const struct addr6 *hao)
{
	struct wr w = wr_of(buf, cap);
	ip6_head_build(&w, &(struct ip6_head){.next = NH_DSTOPTS, .hop_limit = 64, .src = *src, .dst = m.self});
	ip6_hao_build(&w, NH_ICMP6, hao);
	wr_u32(&w, 128u << 24);
	wr_u32(&w, 1);
	ip6_head_finish(&w);
	return wr_len(&w);
}

static struct answer binding_error(void)
{
	struct answer a = {0};
	size_t len;
	if (rig_count(&m.rig, FX_SEND)) {
		const uint8_t *p = rig_sent(&m.rig, 0, &len);
		a.is_there = mh_packet_parse(p, len, &a.p) == W_OK && a.p.mh.type == MH_BE;
	}
	return a;
}

static void an_unbacked_home_address_option_is_answered(void **state)
{
	(void)state;
	uint8_t buf[128];
	size_t n = with_hao(buf, sizeof buf, &m.coa, &m.hoa);
	assert_true(hand_up(DP_PUNT_HAO, buf, n));
	struct answer a = binding_error();
	assert_true(a.is_there);
	assert_int_equal(a.p.mh.be.status, BE_UNKNOWN_BINDING);
	assert_true(addr6_eq(&a.p.mh.be.home_address, &m.hoa) && addr6_eq(&a.p.dst, &m.coa) && addr6_eq(&a.p.src, &m.self));
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	assert_true(hand_up(DP_PUNT_HAO, buf, n)); /* bound while it was on its way */
	assert_false(binding_error().is_there);
}

static void no_binding_error_to_what_is_no_host(void **state)
{
	(void)state;
	static const char *const sources[] = {"::", "fe80::1", "ff02::1", "::1"};
	uint8_t buf[128];
	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		struct addr6 src = rig_addr(sources[i]);
		(void)hand_up(DP_PUNT_HAO, buf, with_hao(buf, sizeof buf, &src, &m.hoa));
		assert_int_equal(rig_count(&m.rig, FX_SEND), 0);
	}
	struct addr6 group = rig_addr("ff0e::5");
	(void)hand_up(DP_PUNT_HAO, buf, with_hao(buf, sizeof buf, &m.coa, &group));
	assert_int_equal(rig_count(&m.rig, FX_SEND), 0);
}

static void binding_errors_are_limited(void **state)
{
	(void)state;
	uint8_t buf[128];
	unsigned sent = 0;
	m.conf.refusal_rate = 3;
	mobile_start(&m);
	size_t n = with_hao(buf, sizeof buf, &m.coa, &m.hoa);
	for (int i = 0; i < 20; i++) {
		(void)hand_up(DP_PUNT_HAO, buf, n);
		sent += binding_error().is_there;
	}
	assert_int_equal(sent, 3);
}

/* Destination Unreachable from a router, about a packet of ours with the routing header; cut_oct of it quoted. */
static size_t unreachable(uint8_t *buf, size_t cap, const struct addr6 *coa, size_t cut_oct)
{
	uint8_t about[256];
	struct addr6 router = rig_addr("2001:db8:ffff::1");
	struct wr a = wr_of(about, sizeof about), w = wr_of(buf, cap);
	ip6_head_build(&a, &(struct ip6_head){.next = NH_ROUTING, .hop_limit = 60, .src = m.self, .dst = *coa});
	ip6_rh2_build(&a, 17, &m.hoa);
	wr_zero(&a, 100);
	ip6_head_finish(&a);
	struct icmp6_build b = icmp6_begin(&w, &router, &m.self, 64, IC6_UNREACHABLE, 0);
	wr_u32(&w, 0);
	wr_bytes(&w, about, wr_len(&a) < cut_oct ? wr_len(&a) : cut_oct);
	return icmp6_finish(&w, &b);
}

/* 9.3.4: persistent errors end a binding; a few at once, or many over a long time, do not. */
static void a_binding_whose_care_of_address_stays_unreachable_ends(void **state)
{
	(void)state;
	uint8_t buf[512];
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	size_t n = unreachable(buf, sizeof buf, &m.coa, 72);
	for (int i = 0; i < 50; i++)
		assert_true(hand_up(DP_PUNT_ICMP_ERR, buf, n));
	assert_int_equal(mobile_bound(&m, HOA), 1); /* a burst */
	mobile_wait(&m, 60);
	for (int i = 0; i < 4; i++) {
		assert_true(hand_up(DP_PUNT_ICMP_ERR, buf, n));
		mobile_wait(&m, 1);
	}
	assert_int_equal(mobile_bound(&m, HOA), 1);
	assert_true(hand_up(DP_PUNT_ICMP_ERR, buf, n));
	assert_true(mobile_removed(&m));
	assert_int_equal(mobile_bound(&m, HOA), 0);
	assert_false(hand_up(DP_PUNT_ICMP_ERR, buf, n));
}

static void errors_about_other_packets_are_nothing_to_us(void **state)
{
	(void)state;
	uint8_t buf[512];
	struct addr6 other = rig_addr(COA2);
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
	size_t n = unreachable(buf, sizeof buf, &other, 200);
	assert_false(hand_up(DP_PUNT_ICMP_ERR, buf, n));
	n = unreachable(buf, sizeof buf, &m.coa, 200);
	for (size_t cut = 0; cut < n; cut++)
		assert_false(hand_up(DP_PUNT_ICMP_ERR, buf, cut));
	for (size_t cut = 0; cut < 72; cut++) {
		n = unreachable(buf, sizeof buf, &m.coa, cut);
		(void)hand_up(DP_PUNT_ICMP_ERR, buf, n);
	}
	assert_int_equal(mobile_bound(&m, HOA), 1);
}

/* --- beside other roles ------------------------------------------------------------------------------------------------ */

static void updates_for_agents_are_left_to_them(void **state)
{
	(void)state;
	uint8_t buf[512];
	struct rr_kbm k;
	struct addr6 coa;
	m.rig.env.roles = 1u << ROLE_CN | 1u << ROLE_HA | 1u << ROLE_MMA;
	static const uint16_t flags[] = {BU_H, BU_M, BU_H | BU_M};
	for (size_t i = 0; i < 3; i++) {
		struct bu u = {.seq = 1, .lifetime_s = 400, .flags = flags[i], .has_no_nonces = true, .has_no_auth = true};
		size_t n = mobile_build(&m, &u, buf, sizeof buf, &k, &coa);
		assert_false(hand_up(DP_PUNT_MH, buf, n));
		assert_int_equal(m.rig.fx.n, 0);
	}
	mobile_test(&m);
	assert_int_equal(REGISTER(), BA_ACCEPTED);
}

static void answers_and_others_addresses_are_left_alone(void **state)
{
	(void)state;
	static const uint8_t types[] = {MH_BRR, MH_HOT, MH_COT, MH_BA, MH_BE};
	for (size_t i = 0; i < sizeof types; i++) {
		struct mh mh = {.type = types[i]};
		struct mh_built b;
		uint8_t buf[256];
		size_t n = mh_packet_build(buf, sizeof buf, &(struct mh_path){.src = m.coa, .dst = m.self}, &mh, &b);
		mh_packet_finish(&b, buf);
		assert_false(hand_up(DP_PUNT_MH, buf, n));
		assert_int_equal(m.rig.fx.n, 0);
	}
	struct addr6 mine = m.self;
	m.self = rig_addr("2001:db8:c::2");
	assert_false(mobile_ask(&m, MH_HOTI, &m.hoa, NULL).is_there);
	m.self = mine;
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

/* Every truncation and every changed byte of a good update: no crash, and no binding but by the good one. */
static void damaged_updates_do_nothing(void **state)
{
	(void)state;
	uint8_t good[512], bad[512];
	struct rr_kbm k;
	struct addr6 coa;
	struct bu u = {.seq = 1, .lifetime_s = 400};
	mobile_test(&m);
	size_t n = mobile_build(&m, &u, good, sizeof good, &k, &coa);
	for (size_t i = 0; i < n; i++) {
		(void)mobile_send(&m, good, i);
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(bad, good, n);
			bad[i] ^= (uint8_t)(1 << bit);
			(void)mobile_send(&m, bad, n);
		}
	}
	assert_int_equal(mobile_bound(&m, HOA), 1); /* flow label, traffic class, hop limit are not the message's */
	assert_int_equal(mobile_bound(&m, NULL), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(addresses_of_chosen_links_are_listened_at), T(links_without_addresses_are_left_alone), T(an_address_that_goes_takes_its_bindings_along), T(an_address_twice_goes_once),
		T(a_link_that_goes_takes_its_addresses_along), T(trust_is_told_to_the_datapath), T(other_interfaces_need_a_restart),
		T(tests_are_answered_from_no_memory), T(tests_are_limited_by_source_and_in_all), T(requests_from_impossible_sources_are_ignored),
		T(a_binding_is_made_moved_and_removed), T(a_mobile_at_home_removes_its_binding), T(a_binding_ends_with_its_lifetime),
		T(a_refresh_is_asked_for_before_the_end), T(no_refresh_of_what_is_not_used), T(an_old_update_does_not_bring_a_binding_back),
		T(a_mobile_that_begins_anew_is_let_in), T(after_a_removal_the_nonces_are_used_up), T(an_update_of_a_life_before_does_not_pass_for_a_later_one),
		T(a_removal_may_be_repeated), T(a_removal_reaches_what_a_daemon_before_left), T(no_update_is_accepted_twice), T(the_oldest_binding_makes_room),
		T(beyond_twice_the_limit_bindings_are_refused), T(one_site_cannot_fill_the_cache), T(nothing_is_left_when_memory_runs_out),
		T(forged_updates_leave_no_trace), T(refusals_are_limited), T(an_unbacked_home_address_option_is_answered),
		T(no_binding_error_to_what_is_no_host), T(binding_errors_are_limited),
		T(a_binding_whose_care_of_address_stays_unreachable_ends), T(errors_about_other_packets_are_nothing_to_us),
		T(updates_for_agents_are_left_to_them), T(answers_and_others_addresses_are_left_alone), T(drop_by_the_operator),
		T(damaged_updates_do_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
