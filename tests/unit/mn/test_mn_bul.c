/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile node's registrations: refusals, losses, forgeries, replays, refreshes and restarts (H-10; RFC 6275 11.7, 11.8). */
#include "../kit/mn6_bench.h"

static void assert_goes_plain(struct bench *b)
{
	struct bu bu = bench_next_bu(b);
	assert_addr(&bu.p.dst, HA);
	assert_addr(&bu.p.mh.opt.alt_coa, COA_A1);
	bench_accept(b, &bu, NULL);
	bench_state(b, "away-plain");
	bench_clear(b);
}

static void an_old_sequence_number_is_mended(void **state)
{
	struct bench *b = *state;
	struct bu bu = bench_first_bu(b, L_A1), again;
	struct answer a = {.status = BA_SEQ_OUT_OF_WINDOW, .has_seq = true, .seq = (uint16_t)(bu.p.mh.bu.seq + 700)};
	bench_ba(b, &bu, &a);
	again = bench_next_bu(b); /* at once, from the number carried */
	assert_int_equal(again.p.mh.bu.seq, (uint16_t)(bu.p.mh.bu.seq + 701));
	assert_true(again.p.mh.opt.mesg_id > bu.p.mh.opt.mesg_id);
	struct addr6 acoa = ACOA_A;
	bench_accept(b, &again, &acoa);
	bench_state(b, "registering");
}

static void refused_by_the_agent_it_goes_plain(void **state)
{
	struct bench *b = *state;
	struct bu bu = bench_first_bu(b, L_A1);
	struct answer a = {.status = BA_PROHIBITED};
	bench_ba(b, &bu, &a);
	assert_int_equal(b->k.count.n[R_BA_REFUSED], 1);
	assert_int_equal(kit_n_fx(&b->k, FX_LEAVE), 1);
	assert_goes_plain(b);
	/* not asked again for a minute, then with the next advertisement */
	for (int i = 0; i < 58; i++) {
		bench_run(b, span_s(1));
		bench_ra(b, W0, L_A1);
	}
	assert_int_equal(bench_n_mh(b), 0);
	bench_run(b, span_s(3));
	bench_ra(b, W0, L_A1);
	bu = bench_next_bu(b);
	assert_addr(&bu.p.dst, MMA_A);
}

/* An agent without a key for us cannot sign: its word is a hint, not a refusal. */
static void an_unsigned_refusal_only_shortens_the_wait(void **state)
{
	struct bench *b = *state;
	struct bu bu = bench_first_bu(b, L_A1);
	struct answer a = {.status = BA_PROHIBITED, .is_unsigned = true};
	bench_ba(b, &bu, &a);
	assert_int_equal(b->k.count.n[R_AUTH_MISSING], 1);
	bench_state(b, "joining");
	assert_int_equal(bench_n_mh(b), 0);
	bench_run(b, span_ms(900));
	bench_clear(b);
	bench_run(b, span_ms(200));
	bench_state(b, "registering");
	struct bu dereg = {0};
	assert_true(bench_bu(b, 0, &dereg));
	assert_addr(&dereg.p.dst, MMA_A);
	assert_int_equal(dereg.p.mh.bu.lifetime_s, 0);
}

static void a_silent_agent(void **state)
{
	struct bench *b = *state;
	struct bu first = bench_first_bu(b, L_A1), bu = {0};
	bench_ra_quiet(b, W0, L_A1);
	bench_run(b, span_ms(5900));
	/* 1, 3 s after the first: new number, newer timestamp each time */
	uint16_t seq = first.p.mh.bu.seq;
	uint64_t stamp = first.p.mh.opt.mesg_id;
	assert_int_equal(bench_n_mh(b), 2);
	for (size_t i = 0; bench_bu(b, i, &bu); i++) {
		assert_int_equal(bu.p.mh.bu.seq, (uint16_t)(seq + 1));
		assert_true(bu.p.mh.opt.mesg_id > stamp);
		seq = bu.p.mh.bu.seq;
		stamp = bu.p.mh.opt.mesg_id;
	}
	bench_clear(b);
	bench_run(b, span_ms(200));
	assert_true(bench_bu(b, 1, &bu)); /* after the withdrawal there */
	assert_addr(&bu.p.dst, HA);
	bench_accept(b, &bu, NULL);
	bench_state(b, "away-plain");
}

static void no_care_of_address_no_agent(void **state)
{
	struct bench *b = *state;
	struct bu bu = bench_first_bu(b, L_A1);
	bench_accept(b, &bu, NULL);
	assert_int_equal(b->k.count.n[R_BA_NO_ASSIGNED_COA], 1);
	assert_int_equal(bench_n_mh(b), 2);
	assert_true(bench_bu(b, 0, &bu)); /* it must not keep the binding */
	assert_addr(&bu.p.dst, MMA_A);
	assert_int_equal(bu.p.mh.bu.lifetime_s, 0);
	assert_true(bench_bu(b, 1, &bu));
	assert_addr(&bu.p.dst, HA);
	assert_addr(&bu.p.mh.opt.alt_coa, COA_A1);
}

/* H-4: unique in the site. */
static void a_taken_group_is_replaced(void **state)
{
	struct bench *b = *state;
	struct bu bu = bench_first_bu(b, L_A1), again;
	struct answer a = {.status = BA_GROUP_TAKEN};
	bench_ba(b, &bu, &a);
	assert_int_equal(b->k.count.n[R_MMA_GROUP_TAKEN], 1);
	struct report r = {0};
	assert_true(bench_report(b, 0, &r));
	assert_int_equal(r.type, MLD_BLOCK);
	assert_addr(&r.group, GROUP);
	assert_true(bench_report(b, 1, &r));
	assert_int_equal(r.type, MLD_ALLOW);
	struct addr6 next = r.group;
	again = bench_next_bu(b);
	assert_addr(&again.p.mh.opt.rc.mcoa.group, next);
	assert_false(addr6_eq(&next, &(struct addr6){0}));
	assert_false(addr6_eq(&again.p.mh.opt.rc.mcoa.group, &bu.p.mh.opt.rc.mcoa.group));
	assert_addr(&again.p.dst, MMA_A);
	struct addr6 acoa = ACOA_A;
	bench_accept(b, &again, &acoa);
	bench_state(b, "registering");
	bench_shows(b, "groups", "group", "group", ADDR6_STR(&next));
}

/* All groups taken: in the end it gives up. */
static void all_groups_taken(void **state)
{
	struct bench *b = *state;
	struct bu bu = bench_first_bu(b, L_A1);
	struct answer a = {.status = BA_GROUP_TAKEN};
	int n = 0;
	for (; n < 20 && addr6_eq(&bu.p.dst, &(struct addr6[]){MMA_A}[0]); n++) {
		bench_ba(b, &bu, &a);
		if (!bench_bu(b, 0, &bu))
			bench_run(b, span_s(1)); /* no more than three updates a second */
		bu = bench_next_bu(b);
	}
	assert_int_equal(n, 8);
	assert_addr(&bu.p.dst, HA);
}

static void refused_at_home_it_tries_again_later(void **state)
{
	struct bench *b = *state;
	struct bu bu = {0};
	bench_link(b, W0, true);
	bench_ra_quiet(b, W0, L_P1);
	bu = bench_next_bu(b);
	struct answer a = {.status = BA_NOT_HOME_AGENT};
	bench_ba(b, &bu, &a);
	bench_state(b, "registering");
	assert_int_equal(b->k.count.n[R_BA_REFUSED], 1);
	bench_run(b, span_s(59));
	assert_int_equal(bench_n_mh(b), 0);
	bench_run(b, span_s(2));
	bu = bench_next_bu(b);
	bench_accept(b, &bu, NULL);
	bench_state(b, "away-plain");
}

static void forged_and_replayed_answers(void **state)
{
	struct bench *b = *state;
	struct bu bu = bench_first_bu(b, L_A1);
	struct addr6 acoa = ACOA_A;
	struct answer good = {.lifetime_s = 600, .acoa = &acoa}, bad = good;
	bad.has_bad_mac = true;
	bench_ba(b, &bu, &bad);
	assert_int_equal(b->k.count.n[R_AUTH_BAD], 1);
	bench_state(b, "joining");

	uint8_t buf[1280];
	size_t n = bench_ba_build(b, &bu, &good, buf);
	struct rx rx = {.ifindex = W0, .why = DP_PUNT_MH, .lladdr_src = link_ll(L_A1), .pkt = buf, .len_oct = n};
	buf[n - 3] ^= 0x40; /* a bit of the authenticator: the checksum tells first */
	assert_true(mn_role.rx(b->mn, &rx, b->k.now));
	assert_int_equal(b->k.count.n[R_MSG_CHECKSUM], 1);
	buf[n - 3] ^= 0x40;
	bench_state(b, "joining");

	assert_true(mn_role.rx(b->mn, &rx, b->k.now));
	bench_state(b, "registering");
	bench_clear(b);
	assert_true(mn_role.rx(b->mn, &rx, b->k.now)); /* the same once more */
	assert_int_equal(b->k.count.n[R_BA_UNEXPECTED], 1);
	assert_int_equal(kit_n_fx(&b->k, FX_SEND), 0);
	assert_int_equal(kit_n_fx(&b->k, FX_DP_PUT), 0);
	assert_int_equal(kit_n_fx(&b->k, FX_STORE_PUT), 0);

	/* for another home address, from a stranger, to an address that is none of ours */
	struct bu other = bu;
	other.p.dst = A("2001:db8:66::1");
	n = bench_ba_build(b, &other, &good, buf);
	rx.len_oct = n;
	assert_true(mn_role.rx(b->mn, &rx, b->k.now));
	assert_int_equal(b->k.count.n[R_MSG_NOT_FOR_US], 1);
	other = bu;
	other.p.src = A("2001:db8:66::2");
	rx.len_oct = bench_ba_build(b, &other, &good, buf);
	assert_false(mn_role.rx(b->mn, &rx, b->k.now));
}

static void truncated_answers(void **state)
{
	struct bench *b = *state;
	struct bu bu = bench_first_bu(b, L_A1);
	struct addr6 acoa = ACOA_A;
	struct answer good = {.lifetime_s = 600, .acoa = &acoa};
	uint8_t buf[1280];
	size_t n = bench_ba_build(b, &bu, &good, buf);
	struct rx rx = {.ifindex = W0, .why = DP_PUNT_MH, .pkt = buf};
	for (rx.len_oct = 0; rx.len_oct < n; rx.len_oct++)
		(void)mn_role.rx(b->mn, &rx, b->k.now);
	bench_state(b, "joining");
	assert_int_equal(kit_n_fx(&b->k, FX_SEND), 0);
}

/* Agent first, then home; nothing at home outlives what the agent granted. */
static void refreshes_in_order(void **state)
{
	struct bench *b = *state;
	struct bu bu = bench_first_bu(b, L_A1);
	struct addr6 acoa = ACOA_A;
	bench_ra_quiet(b, W0, L_A1);
	struct answer a = {.lifetime_s = 100, .acoa = &acoa};
	bench_ba(b, &bu, &a);
	bu = bench_next_bu(b);
	assert_true(bu.p.mh.bu.lifetime_s <= 100);
	bench_accept(b, &bu, NULL);
	bench_clear(b);
	bench_run(b, span_s(79));
	assert_int_equal(bench_n_mh(b), 0);
	bench_run(b, span_s(2));
	assert_true(bench_bu(b, 0, &bu));
	assert_addr(&bu.p.dst, MMA_A);
	uint64_t stamp = bu.p.mh.opt.mesg_id;
	bench_clear(b);
	bench_ba(b, &bu, &a);
	struct addr6 hoa = HOA;
	assert_int_equal(kit_dp(&b->k, FX_DP_PUT, DP_UPLINK_OUT, 0)->uplink_out.gre_key,
			 sa_uplink_key(&b->k.key[1], &crypto_openssl, &hoa, stamp));
	bu = bench_next_bu(b);
	assert_addr(&bu.p.dst, HA);
	bench_accept(b, &bu, NULL);
	bench_state(b, "away-site");
	assert_int_equal(kit_n_fx(&b->k, FX_ADDR_DEL), 0);
}

/* On to another site before the home agent answered: it must not be sent back to the care-of address left. */
static void an_update_out_of_date_is_not_repeated(void **state)
{
	struct bench *b = *state;
	struct bu bu = bench_first_bu(b, L_A1), old = {0};
	struct addr6 acoa_a = ACOA_A, acoa_b = ACOA_B;
	bench_accept(b, &bu, &acoa_a);
	old = bench_next_bu(b);
	bench_link(b, W1, true);
	bench_clear(b);
	bench_ra(b, W1, L_B1);
	bu = bench_next_bu(b);
	assert_addr(&bu.p.dst, MMA_B);
	bench_run(b, span_ms(1900));
	assert_int_equal(bench_n_mh(b), 1); /* the home agent's would have been due after 1.5 s */
	bu = bench_next_bu(b);
	assert_addr(&bu.p.dst, MMA_B);
	bench_accept(b, &old, NULL); /* late: changes nothing here */
	bench_state(b, "joining");
	assert_int_equal(kit_n_fx(&b->k, FX_SEND), 0);
	assert_int_equal(kit_n_fx(&b->k, FX_LEAVE), 0);
	bench_accept(b, &bu, &acoa_b);
	bu = bench_next_bu(b);
	assert_addr(&bu.p.mh.opt.alt_coa, ACOA_B);
	bench_accept(b, &bu, NULL);
	bench_state(b, "away-site");
	bu = bench_next_bu(b);
	assert_addr(&bu.p.dst, MMA_A);
	assert_int_equal(bu.p.mh.bu.lifetime_s, 0);
}

/* A refresh unanswered when the mobile moves inside the site goes out anew from the new link, once. */
static void a_pending_refresh_moves_along(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	struct bu bu = {0};
	bench_ra_quiet(b, W0, L_A1);
	bench_run(b, span_s(480));
	bu = bench_next_bu(b);
	bench_link(b, W0, false);
	bench_link(b, W0, true);
	assert_int_equal(bench_n_mh(b), 0);
	bench_ra(b, W0, L_A2);
	assert_int_equal(bench_n_mh(b), 2);
	assert_true(bench_bu(b, 0, &bu));
	assert_addr(&bu.p.dst, HA);
	assert_addr(&bu.p.src, COA_A2);
	assert_addr(&bu.p.mh.opt.alt_coa, ACOA_A);
	assert_true(bench_bu(b, 1, &bu));
	assert_addr(&bu.p.dst, MMA_A);
	assert_addr(&bu.p.src, COA_A2);
	struct addr6 acoa = ACOA_A;
	bench_accept(b, &bu, &acoa);
	bench_state(b, "away-site");
}

static void lifetime_over_without_an_answer(void **state)
{
	struct bench *b = *state;
	bench_to_site_a(b);
	bench_ra_quiet(b, W0, L_A1);
	bench_run(b, span_s(590));
	bench_state(b, "away-site");
	bench_run(b, span_s(20));
	bench_state(b, "joining");
}

static void restart(struct bench *b, span_t away)
{
	struct kept k;
	bench_keep(b, STORE_MN, &k);
	kit_advance(&b->k, away);
	bench_restart(b);
	const uint32_t whole = k.val_len;
	assert_true(whole > 0);
	for (k.val_len = 0; k.val_len < whole; k.val_len++)
		(void)bench_restore(b, &k); /* damaged records do no harm */
	assert_int_equal(bench_restore(b, &k), 0);
	mn_role.restored(b->mn, b->k.now);
}

/* Killed in a site, it goes on there without a message; what it sends later is newer than all before. */
static void a_restart_adopts(void **state)
{
	struct bench *b = *state;
	struct bu bu = bench_first_bu(b, L_A1);
	struct addr6 acoa = ACOA_A, hoa = HOA;
	uint64_t stamp = bu.p.mh.opt.mesg_id;
	bench_accept(b, &bu, &acoa);
	bu = bench_next_bu(b);
	bench_accept(b, &bu, NULL);
	uint16_t seq = bu.p.mh.bu.seq;
	restart(b, span_s(10));
	assert_addr(&kit_dp(&b->k, FX_DP_PUT, DP_DOWNLINK_IN, 0)->downlink_in.dst, GROUP);
	bench_clear(b);
	bench_link(b, W0, true);
	struct report r = {0};
	assert_true(bench_report(b, 0, &r));
	bench_ra_quiet(b, W0, L_A2);
	bench_state(b, "away-site");
	assert_int_equal(bench_n_mh(b), 0);
	assert_int_equal(kit_dp(&b->k, FX_DP_PUT, DP_UPLINK_OUT, 0)->uplink_out.gre_key,
			 sa_uplink_key(&b->k.key[1], &crypto_openssl, &hoa, stamp));
	bench_clear(b);
	bench_run(b, span_s(471)); /* refresh due at 480 */
	bu = bench_next_bu(b);
	assert_addr(&bu.p.dst, MMA_A);
	assert_true(bu.p.mh.opt.mesg_id > stamp);
	bench_accept(b, &bu, &acoa);
	bu = bench_next_bu(b);
	assert_addr(&bu.p.dst, HA);
	assert_int_equal(bu.p.mh.bu.seq, (uint16_t)(seq + 1));
}

/* A random identity is no trace of the hardware, and stays the same over restarts (H-4: unchanged). */
static void a_private_group_survives_a_restart(void **state)
{
	struct bench *b = *state;
	b->conf.privacy = true;
	bench_restart(b);
	bench_clear(b);
	bench_link(b, W0, true);
	bench_ra(b, W0, L_A1);
	struct bu bu = {0}, again = {0};
	assert_true(bench_bu(b, 0, &bu));
	assert_memory_equal(bu.p.mh.opt.rc.mcoa.group.b, A("ff35::").b, 8);
	assert_memory_not_equal(bu.p.mh.opt.rc.mcoa.group.b + 8, GROUP.b + 8, 8);
	restart(b, span_s(1));
	bench_clear(b);
	bench_link(b, W0, true);
	bench_ra(b, W0, L_A1);
	assert_true(bench_bu(b, 0, &again));
	assert_memory_equal(again.p.mh.opt.rc.mcoa.group.b, bu.p.mh.opt.rc.mcoa.group.b, 16);
}

/* Killed before the home agent's answer came: it may have bound us all the same. */
static void a_restart_at_home_with_an_answer_lost(void **state)
{
	struct bench *b = *state;
	struct bu bu = bench_first_bu(b, L_A1);
	struct addr6 acoa = ACOA_A;
	bench_accept(b, &bu, &acoa);
	restart(b, span_s(1));
	bench_clear(b);
	bench_link(b, W0, true);
	bench_ra(b, W0, L_HOME);
	bench_state(b, "returning");
	bu = bench_next_bu(b);
	assert_addr(&bu.p.dst, HA);
	assert_addr(&bu.p.src, HOA);
	assert_int_equal(bu.p.mh.bu.lifetime_s, 0);
	struct answer a = {.status = BA_NOT_HOME_AGENT}; /* or it had not */
	bench_ba(b, &bu, &a);
	bench_state(b, "home");
	assert_true(bench_bu(b, 0, &bu));
	assert_addr(&bu.p.dst, MMA_A);
	assert_int_equal(bu.p.mh.bu.lifetime_s, 0);
}

/* The clock was set back meanwhile: timestamps still only grow. */
static void a_restart_with_the_clock_set_back(void **state)
{
	struct bench *b = *state;
	struct bu bu = bench_first_bu(b, L_A1);
	struct addr6 acoa = ACOA_A;
	uint64_t stamp = bu.p.mh.opt.mesg_id;
	bench_accept(b, &bu, &acoa);
	b->k.now.wall.ns -= 3600 * NS_PER_S;
	restart(b, span_s(1));
	bench_clear(b);
	bench_link(b, W0, true);
	bench_ra(b, W0, L_A1);
	bu = bench_next_bu(b); /* a lifetime that cannot be is not believed: it registers anew */
	assert_addr(&bu.p.dst, MMA_A);
	assert_true(bu.p.mh.opt.mesg_id > stamp);
}

static void without_a_key_it_goes_plain(void **state)
{
	struct bench *b = *state;
	strcpy(b->conf.mma[0].key, "missing");
	bench_restart(b);
	bench_clear(b);
	bench_link(b, W0, true);
	bench_ra(b, W0, L_A1);
	assert_goes_plain(b);
}

static void told_so_it_goes_plain(void **state)
{
	struct bench *b = *state;
	b->conf.use_mma = false;
	bench_restart(b);
	bench_clear(b);
	bench_link(b, W0, true);
	bench_ra(b, W0, L_A1);
	assert_goes_plain(b);
}

/* A mobile that is refused by its home agent's duplicate detection goes on asking (RFC 6275 11.7.3, status 134). */
static void home_address_in_use(void **state)
{
	struct bench *b = *state;
	struct bu bu = {0};
	bench_link(b, W0, true);
	bench_ra(b, W0, L_P1);
	bu = bench_next_bu(b);
	struct answer a = {.status = BA_DAD_FAILED};
	bench_ba(b, &bu, &a);
	bench_state(b, "registering");
	bench_clear(b);
	bench_run(b, span_ms(1600));
	assert_int_equal(bench_n_mh(b), 1);
}

static void configurations_that_cannot_work(void **state)
{
	struct bench *b = *state;
	const char *remedy;
	struct mn_conf c = b->conf;
	void *mn = calloc(1, mn_role.size_oct);
	c.n_iface = 0;
	assert_int_equal(mn_role.init(mn, &b->k.env, &c, b->k.now, &remedy), ERR_INVAL);
	assert_non_null(strstr(remedy, "interface"));
	c = b->conf;
	strcpy(c.key, "missing");
	assert_int_equal(mn_role.init(mn, &b->k.env, &c, b->k.now, &remedy), ERR_INVAL);
	assert_non_null(strstr(remedy, "key"));
	c = b->conf;
	c.group_prefix.len_bits = 32;
	assert_int_equal(mn_role.init(mn, &b->k.env, &c, b->k.now, &remedy), ERR_INVAL);
	c = b->conf;
	c.home_prefix = (struct prefix6){A("2001:db8:7::"), 64};
	assert_int_equal(mn_role.init(mn, &b->k.env, &c, b->k.now, &remedy), ERR_INVAL);
	free(mn);
	/* reload: policy yes, identity no */
	c = b->conf;
	c.threshold_dbm = 60;
	assert_int_equal(mn_role.reconf(b->mn, &c, b->k.now, &remedy), 0);
	c.home_agent = A("2001:db8:1::9");
	assert_int_equal(mn_role.reconf(b->mn, &c, b->k.now, &remedy), ERR_NOTSUP);
}

#define T(f) BENCH_TEST(f, V6, 2)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_old_sequence_number_is_mended), T(refused_by_the_agent_it_goes_plain),
		T(an_unsigned_refusal_only_shortens_the_wait), T(a_silent_agent), T(no_care_of_address_no_agent),
		T(a_taken_group_is_replaced), T(all_groups_taken), T(refused_at_home_it_tries_again_later),
		T(forged_and_replayed_answers), T(truncated_answers), T(refreshes_in_order), T(an_update_out_of_date_is_not_repeated), T(a_pending_refresh_moves_along),
		T(lifetime_over_without_an_answer), T(a_restart_adopts), T(a_private_group_survives_a_restart), T(a_restart_at_home_with_an_answer_lost), T(a_restart_with_the_clock_set_back),
		T(without_a_key_it_goes_plain), T(told_so_it_goes_plain), T(home_address_in_use),
		T(configurations_that_cannot_work),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
