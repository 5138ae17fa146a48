/* SPDX-License-Identifier: BSD-2-Clause */
/* Two home agents of a redundancy group (Mobile IPv6): what one of them knows and forwards, the other one does too. */
#include "../kit/ha_kit.h"
#include "../kit/ha_group_kit.h"

enum { MOBILES = 1000, END_OFF = 16 };
static const size_t end_off[] = {END_OFF};
static const struct addr6 t_coa2 = {{0x20, 1, 0xd, 0xb8, 0, 3, [15] = 5}};

static struct addr6 mobile(uint32_t i) { return (struct addr6){{0x20, 1, 0xd, 0xb8, 0, 1, 0, 1, [14] = (uint8_t)(i >> 8), [15] = (uint8_t)i}}; }

static void no_dad(struct ha_conf *c)
{
	c->has_dad = false;
	c->reverse_grace = span_s(1);
}
static void with_routers(struct ha_conf *c)
{
	no_dad(c);
	c->mobile[0].n_network = 2;
	assert_true(prefix6_parse(&c->mobile[0].network[0], "2001:db8:100::/48"));
	assert_true(prefix6_parse(&c->mobile[0].network[1], "2001:db8:200::/48"));
}
static void without_stamps(struct ha_conf *c)
{
	no_dad(c);
	c->is_stamp_required = false;
}

static int setup(void **state) { (void)state; g_setup(true, no_dad, span_s(5)); return 0; }
static int setup_dad(void **state) { (void)state; g_setup(true, NULL, span_s(5)); return 0; }
static int setup_routers(void **state) { (void)state; g_setup(true, with_routers, span_s(0)); return 0; }
static int setup_no_stamps(void **state) { (void)state; g_setup(true, without_stamps, span_s(0)); return 0; }
static int teardown(void **state) { (void)state; g_teardown(); return 0; }

/* A mobile's update to a member. The mobile's clock is that of the first member's host. */
static void send(struct member *x, struct update u)
{
	uint8_t pkt[1280];
	size_t n = bench_bu(&m[0].b, &u, pkt, sizeof pkt);
	g_rx(x, pkt, n, DP_PUNT_MH, u.is_from_home ? T_HOME_IF : T_UP_IF);
}

/* The status that left last, or -1. */
static int status(struct member *x)
{
	struct mh_packet p;
	return x->answer_oct && mh_packet_parse(x->answer, x->answer_oct, &p) == W_OK && p.mh.type == MH_BA ? p.mh.ba.status : -1;
}

static void all_register(struct update u)
{
	for (uint32_t i = 0; i < MOBILES; i++) {
		struct addr6 hoa = mobile(i);
		u.hoa = &hoa;
		send(&m[i % 2], u);
		if (i % 100 == 99)
			g_run(1);
	}
	g_run(50);
}

static uint32_t n_same(void)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < MOBILES; i++) {
		struct addr6 hoa = mobile(i);
		n += g_same(&hoa, end_off, 1);
	}
	return n;
}

/* with either member, whether it serves or stands by. */
static void a_thousand_are_the_same_on_both(void **state)
{
	(void)state;
	all_register((struct update){0});
	assert_int_equal(m[0].n_answers, MOBILES / 2);
	assert_int_equal(m[1].n_answers, MOBILES / 2);
	assert_int_equal(n_same(), MOBILES);
	g_run(1000);
	all_register((struct update){.coa = &t_coa2, .flags = BU_A | BU_H | BU_L}); /* each has moved */
	assert_int_equal(n_same(), MOBILES);
	g_run(1500);
	all_register((struct update){.coa = &t_coa2, .lifetime_s = 40}); /* and is refreshed, without L */
	assert_int_equal(n_same(), MOBILES);
	g_forget();
	g_run(38000);
	assert_int_equal(n_same(), MOBILES);
	uint32_t told = m[0].n_updates + m[1].n_updates;
	g_run(3000);
	assert_int_equal(n_same(), 0); /* they ended by themselves, on both */
	assert_true(m[0].n_updates + m[1].n_updates - told < 100); /* hellos */
	for (uint32_t i = 0; i < MOBILES; i++) { /* for the replay window they are known, and then no more */
		struct addr6 hoa = mobile(i);
		uint8_t val[256];
		size_t n = 0;
		struct fx_change change;
		assert_true(g_record_of(&m[1], &hoa, val, &n, &change));
	}
	g_run(38000);
	for (uint32_t i = 0; i < m[1].n_disk; i++)
		assert_false(m[1].disk[i].is_there);
}

/* sent to the one that stands by; what is on its way in the reverse tunnel is taken by the other for a moment. */
static void a_deregistration_is_the_same_on_both(void **state)
{
	(void)state;
	struct addr6 hoa = mobile(7);
	all_register((struct update){0});
	for (uint32_t i = 0; i < MOBILES; i += 2) {
		struct addr6 a = mobile(i + 1);
		send(&m[i / 2 % 2], (struct update){.hoa = &a, .is_zero_lifetime = true});
	}
	g_run(5);
	assert_int_equal(n_same(), MOBILES / 2);
	struct dp_op op = {.table = DP_HOME, .home = {.home_address = hoa}};
	assert_int_equal(dpn_find(m[0].dp, &op), 0);
	assert_true(addr6_eq(&op.home.prev, &t_coa) && mono_reached(op.home.expires, m[0].b.k.now.mono));
	g_run(1100);
	assert_int_equal(n_same(), MOBILES / 2);
	assert_int_not_equal(dpn_find(m[0].dp, &op), 0);
	assert_int_not_equal(dpn_find(m[1].dp, &op), 0);
}

static void an_old_update_counts_for_nobody(void **state)
{
	(void)state;
	uint8_t first[1280];
	struct addr6 hoa = mobile(1);
	size_t n = bench_bu(&m[0].b, &(struct update){.hoa = &hoa}, first, sizeof first);
	g_rx(&m[0], first, n, DP_PUNT_MH, T_UP_IF);
	g_run(10);
	send(&m[0], (struct update){.hoa = &hoa, .is_zero_lifetime = true});
	g_run(10);
	assert_int_equal(status(&m[0]), BA_ACCEPTED);
	g_rx(&m[1], first, n, DP_PUNT_MH, T_UP_IF); /* recorded, sent again to the other */
	g_run(10);
	assert_int_equal(status(&m[1]), BA_ID_MISMATCH);
	assert_false(g_same(&hoa, end_off, 1));
}

/* */
static void a_deregistration_without_a_binding(void **state)
{
	(void)state;
	struct addr6 hoa = mobile(1);
	struct fx_change change;
	uint8_t val[256];
	size_t n = 0;
	send(&m[1], (struct update){.hoa = &hoa, .is_zero_lifetime = true});
	g_run(10);
	assert_int_equal(status(&m[1]), BA_NOT_HOME_AGENT);
	for (int i = 0; i < 2; i++) {
		assert_true(g_record_of(&m[i], &hoa, val, &n, &change));
		assert_int_equal(change.how, FX_CHANGE_DELETE);
	}
	g_run(36000);
	assert_false(g_record_of(&m[0], &hoa, val, &n, &change));
	assert_false(g_record_of(&m[1], &hoa, val, &n, &change));
}

static void the_operator_ends_it_everywhere(void **state)
{
	(void)state;
	struct addr6 hoa = mobile(1);
	send(&m[0], (struct update){.hoa = &hoa});
	g_run(10);
	assert_true(g_same(&hoa, end_off, 1));
	g_ctl(&m[1], "drop", &hoa);
	g_run(10);
	assert_false(g_same(&hoa, end_off, 1));
}

/* 10.3.1: the lifetime of a prefix is cut, and that of the bindings with it. */
static void a_cut_prefix_cuts_everywhere(void **state)
{
	(void)state;
	struct addr6 hoa = mobile(1);
	const char *remedy;
	send(&m[0], (struct update){.hoa = &hoa});
	g_run(10);
	m[1].b.conf->prefix_valid = m[1].b.conf->prefix_preferred = span_s(100);
	const uint32_t mark = sync_mark(m[1].sync);
	assert_int_equal(ha_role.reconf(m[1].b.ha, m[1].b.conf, m[1].b.k.now, &remedy), ERR_OK);
	sync_scan(m[1].sync, m[1].b.ha, mark, SYNC_UNASKED, m[1].b.k.now);
	g_run(10);
	assert_true(g_same(&hoa, end_off, 1));
	g_run(101000);
	assert_false(g_same(&hoa, end_off, 1));
}

static void networks_move_on_both(void **state)
{
	(void)state;
	struct dp_op op = {.table = DP_NET};
	assert_true(prefix6_parse(&op.net.prefix, "2001:db8:100::/48"));
	struct dp_op other = op, got[2];
	assert_true(prefix6_parse(&other.net.prefix, "2001:db8:200::/48"));
	g_forget();
	send(&m[0], (struct update){.flags = BU_A | BU_H | BU_R});
	g_run(10);
	assert_true(g_same(&t_hoa, end_off, 1));
	assert_true(g_same_dp(op, got) && g_same_dp(other, got));
	assert_true(addr6_eq(&got[1].net.home_address, &t_hoa));
	assert_true(m[0].n_routes == 3 && m[1].n_routes == 3); /* the host's own, and its networks' */
	send(&m[1], (struct update){.flags = BU_A | BU_H | BU_R, .net = {"2001:db8:100::/48"}});
	g_run(10);
	assert_true(g_same(&t_hoa, end_off, 1));
	assert_true(g_same_dp(op, got));
	assert_false(g_same_dp(other, got));
	g_forget();
	send(&m[0], (struct update){.is_from_home = true});
	g_run(10);
	assert_true(m[0].n_neigh == 2 && m[1].n_neigh == 1 && m[1].n_forgotten == 1); /* it is not where the other announced it any more */
	assert_true(g_same_dp(op, got)); /* what is on its way from there is taken */
	assert_false(g_same(&t_hoa, end_off, 1));
	g_run(10000);
	assert_false(g_same_dp(op, got));
}

/* --- duplicate detection ------------------------------------------------------------------------------------- */

static void a_checked_address_is_recorded_before_it_is_granted(void **state)
{
	(void)state;
	for (struct member *x = m; x < m + 2; x++) { /* also by the one that stands by */
		struct addr6 hoa = mobile((uint32_t)(x - m));
		send(x, (struct update){.hoa = &hoa});
		g_run(900);
		assert_int_equal(x->n_answers, 0);
		g_other(x)->is_deaf = true;
		g_run(150);
		assert_int_equal(x->n_answers, 0); /* unique; but the other does not have it */
		g_other(x)->is_deaf = false;
		g_run(700);
		assert_int_equal(x->n_answers, 1);
		assert_int_equal(status(x), BA_ACCEPTED);
		assert_true(g_same(&hoa, end_off, 1));
		g_forget();
	}
}

/* The members do not hear each other, but both hear the home link: what one defends for the mobile is no duplicate to the other. */
static void another_member_is_no_duplicate(void **state)
{
	(void)state;
	uint8_t na[128];
	struct addr6 hoa = mobile(1);
	struct nd_na claim = {.target = hoa, .is_override = true, .has_tlla = true, .tlla = {{2, 0, 0, 0, 0, 2}}};
	struct rx rx = {.ifindex = T_HOME_IF, .why = DP_PUNT_ND, .lladdr_src = claim.tlla, .pkt = na};
	send(&m[0], (struct update){.hoa = &hoa});
	rx.len_oct = na_packet_build(na, sizeof na, &t_ha, &addr6_allnodes, &claim);
	(void)ha_role.rx(m[0].b.ha, &rx, m[0].b.k.now);
	g_run(1100);
	assert_int_equal(status(&m[0]), BA_ACCEPTED);
	struct addr6 other = mobile(2);
	claim.target = other;
	send(&m[0], (struct update){.hoa = &other});
	rx.len_oct = na_packet_build(na, sizeof na, &other, &addr6_allnodes, &claim);
	const uint32_t mark = sync_mark(m[0].sync);
	(void)ha_role.rx(m[0].b.ha, &rx, m[0].b.k.now);
	sync_scan(m[0].sync, m[0].b.ha, mark, SYNC_ASKED, m[0].b.k.now);
	g_run(1100);
	assert_int_equal(status(&m[0]), BA_DAD_FAILED);
}

static void another_members_record_ends_our_check(void **state)
{
	(void)state;
	struct addr6 hoa = mobile(1);
	send(&m[0], (struct update){.hoa = &hoa, .coa = &t_coa2});
	g_run(500);
	send(&m[1], (struct update){.hoa = &hoa});
	g_run(510);
	assert_int_equal(m[0].n_answers, 1); /* its check was over first */
	g_run(2000);
	assert_int_equal(m[1].n_answers, 0); /* the mobile asks again */
	assert_true(g_same(&hoa, end_off, 1));
}

/* --- who serves -------------------------------------------------------------------------------------------------- */

static void solicit(struct member *x, const struct addr6 *target)
{
	uint8_t pkt[128];
	struct nd_ns ns = {.target = *target, .has_slla = true, .slla = t_mn_ll};
	struct addr6 src = {{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 0x99}}, group = addr6_solicited_node(target);
	size_t n = ns_packet_build(pkt, sizeof pkt, &src, &group, &ns);
	g_rx(x, pkt, n, DP_PUNT_ND, T_HOME_IF);
}

static struct addr6 at_home(uint32_t i) { return (struct addr6){{0x20, 1, 0xd, 0xb8, 0, 1, 0, 1, [14] = (uint8_t)(i >> 8), [15] = (uint8_t)i}}; }

static void all_are_announced_by_the_successor(void **state)
{
	(void)state;
	struct addr6 hoa = at_home(3);
	all_register((struct update){.flags = BU_A | BU_H});
	g_run(4000);
	assert_int_equal(m[1].n_na, 0);
	for (uint32_t i = 0; i < MOBILES; i++)
		assert_int_equal(m[0].announced[i], 3); /* also those that registered with the other one */
	g_forget();
	solicit(&m[0], &hoa);
	solicit(&m[1], &hoa);
	assert_true(m[0].n_na == 1 && m[1].n_na == 0);
	g_forget();
	g_deactivate(&m[0]);
	sync_activate(m[1].sync, m[1].b.k.now);
	g_carry_out(&m[1]);
	g_run(60); /* a thousand, 64 a millisecond */
	for (uint32_t i = 0; i < MOBILES; i++)
		assert_int_equal(m[1].announced[i], 1);
	assert_true(m[1].n_most <= 128); /* the first with the moment after it */
	assert_int_equal(n_same(), MOBILES); /* and forwarded before that */
	g_run(4000);
	for (uint32_t i = 0; i < MOBILES; i++)
		assert_int_equal(m[1].announced[i], 3);
	assert_int_equal(m[0].n_na, 0);
	solicit(&m[0], &hoa);
	solicit(&m[1], &hoa);
	assert_true(m[0].n_na == 0 && m[1].n_na == 3 * MOBILES + 1);
	g_forget();
	g_deactivate(&m[1]); /* handed back while half are told */
	g_activate(&m[0]);
	g_run(4000);
	assert_true(m[0].n_na == 3 * MOBILES && m[1].n_na == 0);
}

static void a_home_link_that_comes_up_does_not_make_a_standby_speak(void **state)
{
	(void)state;
	struct addr6 hoa = at_home(3);
	send(&m[0], (struct update){.hoa = &hoa});
	g_run(4000);
	g_forget();
	for (struct member *x = m; x < m + 2; x++) {
		bench_link(&x->b, T_HOME_IF, "home0", false, false);
		bench_link(&x->b, T_HOME_IF, "home0", true, false);
		g_carry_out(x);
	}
	g_run(4000);
	assert_true(m[0].n_na == 3 && m[1].n_na == 0);
}

/* Its clock is half a minute behind the one that the mobile agreed with, and the mobile cannot go back. */
static void a_successor_with_another_clock_believes_the_mobile(void **state)
{
	(void)state;
	struct addr6 hoa = mobile(1), other = mobile(2);
	m[1].b.k.now.wall.ns -= 35 * NS_PER_S;
	send(&m[0], (struct update){.hoa = &hoa});
	g_run(100000);
	g_halt(&m[0]);
	kit_advance(&m[0].b.k, span_s(1));
	g_run(1000);
	send(&m[1], (struct update){.hoa = &hoa, .coa = &t_coa2});
	g_run(10);
	assert_int_equal(status(&m[1]), BA_ACCEPTED);
	send(&m[1], (struct update){.hoa = &hoa, .stamp_off_ms = -8000});
	g_run(10);
	assert_int_equal(status(&m[1]), BA_ID_MISMATCH); /* older than the last */
	send(&m[1], (struct update){.hoa = &hoa, .stamp_off_ms = 20000});
	g_run(10);
	assert_int_equal(status(&m[1]), BA_ID_MISMATCH);
	send(&m[1], (struct update){.hoa = &other}); /* of whom nothing is known */
	g_run(10);
	assert_int_equal(status(&m[1]), BA_ID_MISMATCH);
	send(&m[1], (struct update){.hoa = &hoa, .is_zero_lifetime = true}); /* also of one that is home */
	g_run(5000);
	assert_int_equal(status(&m[1]), BA_ACCEPTED);
	send(&m[1], (struct update){.hoa = &hoa, .coa = &t_coa2});
	g_run(10);
	assert_int_equal(status(&m[1]), BA_ACCEPTED);
	send(&m[1], (struct update){.hoa = &hoa, .stamp_off_ms = 20000});
	g_run(10);
	struct mh_packet p; /* what it is told is not what it could not go back to */
	assert_int_equal(mh_packet_parse(m[1].answer, m[1].answer_oct, &p), W_OK);
	assert_true(p.mh.ba.status == BA_ID_MISMATCH && wall_sub(mh_wall_of_ntp(p.mh.opt.mesg_id, m[0].b.k.now.wall), m[0].b.k.now.wall).ns > -2 * NS_PER_S);
}

/* To the group's address or to the member's own, from which it answers. */
static void a_member_takes_updates_at_its_own_address(void **state)
{
	(void)state;
	struct mh_packet p;
	struct addr6 hoa = mobile(1), own = g_addr(&m[1]);
	struct local_event ev = {.ifindex = T_HOME_IF, .addr = own, .plen_bits = 64};
	struct dp_op op = {.table = DP_LOCAL, .local = {.addr = own}};
	send(&m[1], (struct update){.hoa = &hoa, .to = &own});
	g_run(10);
	assert_int_equal(status(&m[1]), -1);
	ha_role.local(m[1].b.ha, &ev, m[1].b.k.now);
	g_carry_out(&m[1]);
	assert_int_equal(dpn_find(m[1].dp, &op), 0);
	send(&m[1], (struct update){.hoa = &hoa, .to = &own});
	g_run(10);
	assert_int_equal(status(&m[1]), BA_ACCEPTED);
	assert_int_equal(mh_packet_parse(m[1].answer, m[1].answer_oct, &p), W_OK);
	assert_true(addr6_eq(&p.src, &own));
	assert_true(g_same(&hoa, end_off, 1));
}

/* --- restarts ---------------------------------------------------------------------------------------------------- */

static void a_member_comes_back_with_its_disk(void **state)
{
	(void)state;
	struct addr6 gone = mobile(1), moved = mobile(2);
	all_register((struct update){0});
	send(&m[0], (struct update){.hoa = &gone, .is_zero_lifetime = true});
	g_run(1500);
	g_halt(&m[1]);
	g_run(1000);
	send(&m[0], (struct update){.hoa = &moved, .coa = &t_coa2});
	g_boot(&m[1]);
	g_forget();
	g_run(3000);
	assert_int_equal(n_same(), MOBILES - 1);
	assert_true(m[0].n_events < 20); /* nobody told of a thousand that had not changed */
	m[1].n_disk = 0;
	g_halt(&m[1]);
	g_boot(&m[1]);
	g_run(5000);
	assert_int_equal(n_same(), MOBILES - 1);
}

/* The daemon dies, the datapath lives, and the clock is an hour ahead when another daemon reads the disk. */
static void what_lapses_by_a_wrong_clock_comes_back(void **state)
{
	(void)state;
	struct addr6 hoa = mobile(1);
	struct dp_op op = {.table = DP_HOME, .home = {.home_address = hoa}};
	send(&m[0], (struct update){.hoa = &hoa});
	g_run(10);
	assert_int_equal(dpn_find(m[1].dp, &op), 0);
	g_kill(&m[1]);
	m[1].b.k.now.wall.ns += 3600 * NS_PER_S;
	g_boot(&m[1]);
	assert_int_not_equal(dpn_find(m[1].dp, &op), 0);
	g_run(3000); /* the other knows better */
	assert_true(g_same(&hoa, end_off, 1));
	g_run(401000);
	assert_false(g_same(&hoa, end_off, 1)); /* and it does end */
}

static void divided_members_agree_again(void **state)
{
	(void)state;
	struct addr6 away = mobile(1), home = mobile(2), lost = mobile(3);
	for (uint32_t i = 1; i <= 3; i++) {
		struct addr6 a = mobile(i);
		send(&m[0], (struct update){.hoa = &a});
	}
	g_run(100);
	m[0].is_cut = true;
	g_run(1000);
	send(&m[0], (struct update){.hoa = &away});
	g_run(10);
	send(&m[1], (struct update){.hoa = &away, .coa = &t_coa2}); /* later */
	send(&m[1], (struct update){.hoa = &home, .is_zero_lifetime = true});
	send(&m[0], (struct update){.hoa = &lost, .is_zero_lifetime = true});
	g_run(20000);
	m[0].is_cut = false;
	g_run(3000);
	assert_true(g_same(&away, end_off, 1));
	assert_false(g_same_home(&home)); /* the side that ended it has forgotten it already, and the group has not */
	assert_false(g_same_home(&lost));
	struct dp_op op = {.table = DP_HOME, .home = {.home_address = away}};
	assert_int_equal(dpn_find(m[0].dp, &op), 0);
	assert_true(addr6_eq(&op.home.coa, &t_coa2));
}

/* Where sequence numbers are all there is, they are kept for good, by members that come later too. */
static void sequence_numbers_reach_a_new_member(void **state)
{
	(void)state;
	struct addr6 hoa = mobile(1);
	send(&m[0], (struct update){.hoa = &hoa, .has_no_stamp = true, .has_seq = true, .seq = 40000});
	g_run(10);
	send(&m[0], (struct update){.hoa = &hoa, .has_no_stamp = true, .is_zero_lifetime = true, .has_seq = true, .seq = 40001});
	g_run(1000000);
	m[1].n_disk = 0;
	g_halt(&m[1]);
	g_boot(&m[1]);
	g_run(5000);
	send(&m[1], (struct update){.hoa = &hoa, .has_no_stamp = true, .has_seq = true, .seq = 40001});
	g_run(10);
	assert_int_equal(status(&m[1]), BA_SEQ_OUT_OF_WINDOW);
}

/* --- records that make no sense ---------------------------------------------------------------------------------- */

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	uint8_t val[256];
	struct fx_change change;
	size_t n = 0;
	struct addr6 hoa = mobile(1), foreign = {{0x20, 2, [15] = 1}};
	send(&m[0], (struct update){.hoa = &hoa});
	g_run(10);
	assert_true(g_record_of(&m[0], &hoa, val, &n, &change));
	struct store_rec rec = {STORE_BINDING_HA, (const uint8_t *)&hoa, val, sizeof hoa, n};
	struct now now = m[1].b.k.now;
	for (rec.val_len_oct = 0; rec.val_len_oct < n; rec.val_len_oct++)
		assert_int_equal(ha_role.replica(m[1].b.ha, &rec, &change, now), ERR_INVAL);
	rec.val_len_oct = n;
	val[0] = 9; /* of a later version */
	assert_int_equal(ha_role.replica(m[1].b.ha, &rec, &change, now), ERR_INVAL);
	val[0] = 1;
	rec.key = (const uint8_t *)&foreign;
	assert_int_equal(ha_role.replica(m[1].b.ha, &rec, &change, now), ERR_INVAL);
	rec.key = (const uint8_t *)&t_ha;
	assert_int_equal(ha_role.replica(m[1].b.ha, &rec, &change, now), ERR_INVAL);
	rec.key = (const uint8_t *)&hoa;
	rec.key_len_oct--;
	assert_int_equal(ha_role.replica(m[1].b.ha, &rec, &change, now), ERR_INVAL);
	rec.key_len_oct++;
	memcpy(val + END_OFF + 8, &t_ha, sizeof t_ha); /* a care-of address that is ours */
	assert_int_equal(ha_role.replica(m[1].b.ha, &rec, &change, now), ERR_INVAL);
	rec.table = STORE_MN;
	assert_int_equal(ha_role.replica(m[1].b.ha, &rec, &change, now), ERR_NOTFOUND);
	rec = (struct store_rec){STORE_BINDING_HA, (const uint8_t *)&hoa, val, sizeof hoa, 0};
	change.how = FX_CHANGE_DELETE; /* deleted, and nobody knows the value any more */
	assert_int_equal(ha_role.replica(m[1].b.ha, &rec, &change, now), ERR_OK);
	struct dp_op op = {.table = DP_HOME, .home = {.home_address = hoa}};
	g_carry_out(&m[1]);
	assert_int_not_equal(dpn_find(m[1].dp, &op), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define TD(f) cmocka_unit_test_setup_teardown(f, setup_dad, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_thousand_are_the_same_on_both), T(a_deregistration_is_the_same_on_both), T(an_old_update_counts_for_nobody),
		T(a_deregistration_without_a_binding), T(the_operator_ends_it_everywhere), T(a_cut_prefix_cuts_everywhere),
		cmocka_unit_test_setup_teardown(networks_move_on_both, setup_routers, teardown),
		TD(a_checked_address_is_recorded_before_it_is_granted), TD(another_member_is_no_duplicate), TD(another_members_record_ends_our_check),
		T(all_are_announced_by_the_successor), T(a_home_link_that_comes_up_does_not_make_a_standby_speak),
		T(a_successor_with_another_clock_believes_the_mobile), T(a_member_takes_updates_at_its_own_address),
		T(a_member_comes_back_with_its_disk), T(what_lapses_by_a_wrong_clock_comes_back), T(divided_members_agree_again),
		cmocka_unit_test_setup_teardown(sequence_numbers_reach_a_new_member, setup_no_stamps, teardown),
		T(what_makes_no_sense_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
