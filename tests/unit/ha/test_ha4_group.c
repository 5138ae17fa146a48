/* SPDX-License-Identifier: BSD-2-Clause */
/* Two home agents of a redundancy group (Mobile IPv4): care-of addresses, nonces, given addresses, networks and stamps are on both. */
#include "../kit/ha4_kit.h"
#include "../kit/ha_group_kit.h"

enum { MOBILES = 200, TO_OCT = 39, FIRST_END = 37 };
static const size_t end_off[] = {FIRST_END, FIRST_END + TO_OCT, FIRST_END + 2 * TO_OCT, FIRST_END + 3 * TO_OCT};
#define SAME(hoa) g_same(hoa, end_off, 4)
static const struct addr6 t_coa3 = V4(10, 4, 0, 5);
static struct mip4_packet answer;

static struct addr6 mobile(uint32_t i) { return (struct addr6)V4(10, 1, 1, (uint8_t)(i + 2)); }

static uint32_t number(uint32_t i)
{
	struct addr6 a = mobile(i);
	return g_number(&a);
}

static void plain(struct ha_conf *c)
{
	c->reverse_grace = span_s(1);
	c->home_prefix[0] = (struct prefix6){V4(10, 1, 0, 0), 112};
	c->mobile[c->n_mobile] = (struct ha_mobile_conf){.home = {V4(10, 1, 1, 0), 120}};
	strcpy(c->mobile[c->n_mobile++].key, "mn1");
}
static void with_nonces(struct ha_conf *c)
{
	plain(c);
	c->v4.replay = HA_REPLAY_NONCE;
}
static void with_networks(struct ha_conf *c)
{
	plain(c);
	c->mobile[0].n_network = 1;
	c->mobile[0].network[0] = (struct prefix6){V4(10, 50, 0, 0), 112};
}
static void with_pool(struct ha_conf *c)
{
	static const char *const name[] = {"anna@home", "bill@home"};
	plain(c);
	c->v4.n_pool = 1;
	c->v4.pool[0] = (struct prefix6){V4(10, 1, 0, 200), 127};
	for (int i = 0; i < 2; i++) {
		struct ha_mobile_conf *x = &c->mobile[c->n_mobile++];
		*x = (struct ha_mobile_conf){.home = {.len_bits = 128}};
		strcpy(x->key, "mn1");
		strcpy(x->nai, name[i]);
	}
}

static int setup(void **state) { (void)state; g_setup(true, plain, span_s(5)); return 0; }
static int setup_nonces(void **state) { (void)state; g_setup(true, with_nonces, span_s(5)); return 0; }
static int setup_networks(void **state) { (void)state; g_setup(true, with_networks, span_s(5)); return 0; }
static int setup_pool(void **state) { (void)state; g_setup(false, with_pool, span_s(5)); return 0; }
static int teardown(void **state) { (void)state; g_teardown(); return 0; }

/* The code answered, or -1. */
static int code(struct member *x)
{
	bool is_reply = x->answer_oct && mip4_packet_parse(x->answer, x->answer_oct, &answer) == W_OK && answer.m.type == MIP4_REPLY;
	return is_reply ? answer.m.reply.code : -1;
}

/* A mobile's request to a member; its clock is that of the first member's host. */
static int send(struct member *x, struct request u)
{
	uint8_t pkt[1500];
	g_run(1);
	m[0].b.nonce = code(&m[0]) >= 0 ? (uint32_t)(answer.m.reply.id >> 32) : code(&m[1]) >= 0 ? (uint32_t)(answer.m.reply.id >> 32) : 0;
	m[0].answer_oct = m[1].answer_oct = 0;
	size_t n = bench_request(&m[0].b, &u, pkt, sizeof pkt);
	g_rx(x, pkt, n, DP_PUNT_MIP4, u.is_from_home ? T_HOME_IF : T_UP_IF);
	g_run(5);
	return code(x);
}
#define SEND(x, ...) send(x, (struct request){__VA_ARGS__})

static void many_are_the_same_on_both(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < MOBILES; i++) {
		struct addr6 hoa = mobile(i);
		assert_int_equal(SEND(&m[i % 2], .hoa = &hoa, .flags = MIP4_D | (i % 3 ? MIP4_T : 0) | (i % 5 ? 0 : MIP4_G), .lifetime_s = 60), MIP4_ACCEPTED);
		assert_true(SAME(&hoa));
	}
	g_run(3000);
	for (uint32_t i = 0; i < MOBILES; i++) {
		assert_int_equal(m[0].announced[number(i)], 6); /* three times, in both forms */
		assert_int_equal(m[1].announced[number(i)], 0);
	}
	for (uint32_t i = 0; i < MOBILES; i += 2) {
		struct addr6 hoa = mobile(i);
		if (i % 4)
			assert_int_equal(SEND(&m[1], .hoa = &hoa, .coa = &t_coa2), MIP4_ACCEPTED);
		else
			assert_int_equal(SEND(&m[1], .hoa = &hoa, .is_dereg = true), MIP4_ACCEPTED);
		assert_int_equal(SAME(&hoa), i % 4 != 0);
	}
	g_forget();
	g_deactivate(&m[0]);
	g_activate(&m[1]);
	g_run(3000);
	for (uint32_t i = 0; i < MOBILES; i++)
		assert_int_equal(m[1].announced[number(i)], i % 4 ? 6 : 0);
	assert_int_equal(m[0].n_arp, 0);
	g_run(60000);
	for (uint32_t i = 0; i < MOBILES; i++) {
		struct addr6 hoa = mobile(i);
		assert_int_equal(SAME(&hoa), i % 4 == 2); /* those that moved asked for longer */
	}
}

/* Each care-of address ends at its own time, on both, whoever was told of it. */
static void simultaneous_bindings(void **state)
{
	(void)state;
	struct dp_op op = {.table = DP_HOME_MORE, .home_more = {.home_address = t_hoa}};
	assert_int_equal(SEND(&m[0], .flags = MIP4_D | MIP4_S, .lifetime_s = 300), MIP4_ACCEPTED);
	g_run(2000);
	assert_int_equal(SEND(&m[1], .flags = MIP4_D | MIP4_S, .coa = &t_coa2, .lifetime_s = 20), MIP4_ACCEPTED);
	assert_int_equal(SEND(&m[0], .flags = MIP4_D | MIP4_S | MIP4_B, .coa = &t_coa3, .lifetime_s = 100), MIP4_ACCEPTED);
	assert_true(SAME(&t_hoa));
	assert_int_equal(dpn_find(m[1].dp, &op), 0);
	assert_int_equal(op.home_more.n, 2);
	g_forget();
	g_run(22000);
	assert_true(SAME(&t_hoa));
	assert_int_equal(dpn_find(m[1].dp, &op), 0);
	assert_int_equal(op.home_more.n, 1);
	assert_true(m[0].n_updates + m[1].n_updates < 800); /* hellos alone */
	assert_int_equal(SEND(&m[1], .is_dereg = true, .coa = &t_coa3), MIP4_ACCEPTED);
	assert_true(SAME(&t_hoa));
	assert_int_not_equal(dpn_find(m[0].dp, &op), 0);
	g_halt(&m[1]); /* what comes from the disk is the same */
	g_boot(&m[1]);
	g_run(3000);
	assert_true(SAME(&t_hoa));
	assert_int_equal(SEND(&m[1], .is_dereg = true), MIP4_ACCEPTED);
	assert_false(SAME(&t_hoa));
}

/* 5.7.2: the nonce of an answer is good with the other one, once. */
static void nonces(void **state)
{
	(void)state;
	uint8_t first[1500];
	assert_int_equal(SEND(&m[0], .lifetime_s = 100), MIP4_HA_ID_MISMATCH);
	assert_int_equal(SEND(&m[0], .lifetime_s = 100), MIP4_ACCEPTED);
	assert_true(SAME(&t_hoa));
	m[0].b.nonce = (uint32_t)(answer.m.reply.id >> 32);
	size_t n = bench_request(&m[0].b, &(struct request){.lifetime_s = 100}, first, sizeof first);
	assert_int_equal(SEND(&m[1], .coa = &t_coa2), MIP4_ACCEPTED);
	assert_int_equal(SEND(&m[0], .coa = &t_coa2), MIP4_ACCEPTED);
	assert_true(SAME(&t_hoa));
	g_rx(&m[1], first, n, DP_PUNT_MIP4, T_UP_IF); /* recorded */
	g_run(5);
	assert_int_equal(code(&m[1]), MIP4_HA_ID_MISMATCH);
	assert_int_equal(SEND(&m[1], .is_dereg = true), MIP4_ACCEPTED);
	assert_false(SAME(&t_hoa));
}

static void networks(void **state)
{
	(void)state;
	struct dp_op op = {.table = DP_NET, .net = {.prefix = {V4(10, 50, 0, 0), 112}}}, got[2];
	assert_int_equal(SEND(&m[1], .lifetime_s = 30), MIP4_ACCEPTED);
	assert_true(SAME(&t_hoa) && g_same_dp(op, got));
	assert_true(addr6_eq(&got[0].net.home_address, &t_hoa));
	g_run(32000);
	assert_false(SAME(&t_hoa));
	assert_false(g_same_dp(op, got));
}

static struct addr6 given(const char *nai, struct member *x)
{
	assert_int_equal(send(x, (struct request){.nai = nai}), MIP4_ACCEPTED);
	return answer.m.reply.hoa;
}

static void a_given_address_stays_with_its_mobile(void **state)
{
	(void)state;
	struct addr6 anna = given("anna@home", &m[0]), bert = given("bill@home", &m[1]), again = given("anna@home", &m[1]);
	assert_true(addr6_eq(&anna, &again) && !addr6_eq(&anna, &bert));
	assert_true(SAME(&anna) && SAME(&bert));
	m[1].n_disk = 0;
	g_halt(&m[1]);
	g_boot(&m[1]);
	g_run(5000);
	again = given("bill@home", &m[1]);
	assert_true(addr6_eq(&bert, &again) && SAME(&bert));
}

/* Given to two by members that could not hear each other: one of them keeps it, the same one everywhere. */
static void an_address_given_twice(void **state)
{
	(void)state;
	m[0].is_cut = true;
	g_run(1000);
	struct addr6 anna = given("anna@home", &m[0]), bert = given("bill@home", &m[1]);
	assert_true(addr6_eq(&anna, &bert)); /* the search begins at the same place for both names */
	m[0].is_cut = false;
	g_run(3000);
	struct addr6 a[2] = {given("anna@home", &m[0]), given("anna@home", &m[1])};
	assert_true(addr6_eq(&a[0], &anna) && addr6_eq(&a[1], &anna));
	struct addr6 b[2] = {given("bill@home", &m[0]), given("bill@home", &m[1])};
	assert_true(addr6_eq(&b[0], &b[1]) && !addr6_eq(&b[0], &anna));
}

/* RFC 3543: the stamp of a revocation is in the record that goes before it. */
static void revocations(void **state)
{
	(void)state;
	static const struct mip4_exts support = {.has_revocation = true, .revocation = {.inform = true, .timestamp = 5000}};
	struct mip4_packet p;
	assert_int_equal(SEND(&m[0], .has_no_flags = true, .coa = &t_fa, .has_fh = true, .fa_ext = support), MIP4_ACCEPTED);
	assert_true(SAME(&t_hoa));
	g_forget();
	m[1].is_deaf = true;
	g_ctl(&m[0], "drop", &t_hoa);
	g_run(20);
	assert_int_equal(m[0].n_answers, 0); /* the agent is not told before the other has it */
	m[1].is_deaf = false;
	g_run(300);
	assert_int_equal(m[0].n_answers, 1);
	assert_int_equal(mip4_packet_parse(m[0].answer, m[0].answer_oct, &p), W_OK);
	assert_int_equal(p.m.type, MIP4_REVOKE);
	assert_false(SAME(&t_hoa));
	g_forget();
	g_deactivate(&m[0]); /* who stands by does not insist */
	g_activate(&m[1]);
	g_run(60000);
	assert_int_equal(m[0].n_answers, 0);
}

/* Heard by both, passed on by one. */
static void a_broadcast_is_passed_on_once(void **state)
{
	(void)state;
	uint8_t pkt[64] = {0x45, [3] = 28, [8] = 64, [9] = 17, [12] = 10, 1, 0, 9, 10, 1, 255, 255, [25] = 8};
	struct wr w = wr_of(pkt, sizeof pkt);
	struct ip4_head ip = {.total_len_oct = 28, .ttl = 64, .proto = NH_UDP, .src = {{10, 1, 0, 9}}, .dst = {{10, 1, 255, 255}}};
	ip4_head_build(&w, &ip);
	assert_int_equal(SEND(&m[0], .flags = MIP4_D | MIP4_B), MIP4_ACCEPTED);
	g_forget();
	for (int i = 0; i < 2; i++)
		g_rx(&m[i], pkt, 28, DP_PUNT_BROADCAST, T_HOME_IF);
	g_run(5);
	assert_true(m[0].n_answers == 1 && m[1].n_answers == 0);
}

/* To the group's address or to the member's own, from which it answers. */
static void a_member_takes_requests_at_its_own_address(void **state)
{
	(void)state;
	struct addr6 own = V4(10, 1, 0, 3);
	struct local_event ev = {.ifindex = T_HOME_IF, .addr = own, .plen_bits = 112};
	assert_int_equal(SEND(&m[1], .dst = &own), -1);
	ha_role.local(m[1].b.ha, &ev, m[1].b.k.now);
	struct dp_op op = {.table = DP_LOCAL, .local = {.addr = own}};
	g_carry_out(&m[1]);
	assert_int_equal(dpn_find(m[1].dp, &op), 0);
	assert_int_equal(SEND(&m[1], .dst = &own), MIP4_ACCEPTED);
	assert_true(addr6_eq(&answer.src, &own) && addr6_eq(&answer.m.reply.ha, &t_ha));
	assert_int_equal(SEND(&m[1], .dst = &own, .ha = &own), MIP4_ACCEPTED);
	assert_true(addr6_eq(&answer.src, &own) && addr6_eq(&answer.m.reply.ha, &own));
	assert_int_equal(SEND(&m[1], .dst = &own, .ha = &t_nobody), MIP4_HA_UNKNOWN_HA);
	assert_true(SAME(&t_hoa));
	ev.is_gone = true;
	ha_role.local(m[1].b.ha, &ev, m[1].b.k.now);
	assert_int_equal(SEND(&m[1], .dst = &own), -1);
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	uint8_t val[256];
	size_t n = 0;
	struct fx_change change;
	assert_int_equal(SEND(&m[0], .flags = MIP4_D | MIP4_S), MIP4_ACCEPTED);
	assert_true(g_record_of(&m[0], &t_hoa, val, &n, &change));
	struct store_rec rec = {STORE_BINDING_HA, (const uint8_t *)&t_hoa, val, sizeof t_hoa, n};
	for (rec.val_len_oct = 0; rec.val_len_oct < n; rec.val_len_oct++)
		assert_int_equal(ha_role.replica(m[1].b.ha, &rec, &change, m[1].b.k.now), ERR_INVAL);
	rec.val_len_oct = n;
	val[3] = 9; /* care-of addresses */
	assert_int_equal(ha_role.replica(m[1].b.ha, &rec, &change, m[1].b.k.now), ERR_INVAL);
	val[3] = 1;
	val[0] = 1; /* of the other family */
	assert_int_equal(ha_role.replica(m[1].b.ha, &rec, &change, m[1].b.k.now), ERR_INVAL);
	val[0] = 2;
	rec.key = (const uint8_t *)&t_cast;
	assert_int_equal(ha_role.replica(m[1].b.ha, &rec, &change, m[1].b.k.now), ERR_OK); /* .255 is a host of a /16 */
	rec.key = (const uint8_t *)&t_ha;
	assert_int_equal(ha_role.replica(m[1].b.ha, &rec, &change, m[1].b.k.now), ERR_INVAL);
	struct store_rec lease = {STORE_HA_POOL, (const uint8_t *)"anna@home", (const uint8_t *)"\1\12\1\0\1", 9, 5};
	change.how = FX_CHANGE_PUT;
	assert_int_equal(ha_role.replica(m[1].b.ha, &lease, &change, m[1].b.k.now), ERR_INVAL); /* of no pool */
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(many_are_the_same_on_both), T(simultaneous_bindings), cmocka_unit_test_setup_teardown(nonces, setup_nonces, teardown),
		cmocka_unit_test_setup_teardown(networks, setup_networks, teardown),
		cmocka_unit_test_setup_teardown(a_given_address_stays_with_its_mobile, setup_pool, teardown),
		cmocka_unit_test_setup_teardown(an_address_given_twice, setup_pool, teardown),
		T(revocations), T(a_member_takes_requests_at_its_own_address), T(a_broadcast_is_passed_on_once), T(what_makes_no_sense_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
