/* SPDX-License-Identifier: BSD-2-Clause */
/* Forwarding for a mobile that left its site, by the agent of that site (H-16, H-17, H-18): what it takes to begin, to where, and what is sent
 * after the mobile. */
#include "../kit/mma_peer_kit.h"

#include "wire/mld/mld.h"

/* The usual order: the new agent's word is here before the mobile asks. */
static void a_confirmed_address_is_forwarded_to_at_once(void **state)
{
	(void)state;
	struct mh_packet told;
	struct addr6 coa = register_mobile(&here, NULL), service = A(HERE);
	confirm_there();
	assert_int_equal(rig_count(&here, FX_DP_PUT), 0);
	struct said u = leave(THERE_COA, THERE, 30);
	mono_t from = here.now.mono;
	struct mh_packet p = say(&here, &u);
	assert_int_equal(p.mh.ba.status, BA_ACCEPTED);
	assert_int_equal(p.mh.ba.lifetime_s, 0);
	assert_true(p.mh.opt.rc.has_forward && p.mh.opt.rc.forward.time_s == 30 && p.mh.opt.rc.forward.flags == 0);
	const struct dp_coa *c = last_coa(&here);
	assert_true(addr6_eq(&c->coa, &coa) && addr6_eq(&c->source, &service));
	assert_addr(&c->forward, THERE_COA);
	assert_addr(&c->ha, HA);
	assert_int_equal(c->forward_until.ns - from.ns, 30 * NS_PER_S);
	assert_int_equal(c->expires.ns - from.ns, 30 * NS_PER_S);
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_UPLINK_IN, 1));
	assert_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	assert_int_equal(rig_count(&here, FX_KEEP_SEND), 0); /* make before break: all was delivered */
	assert_true(heard_from(&here, PEER_FORWARDING, &told));
	assert_addr(&told.dst, THERE);
	assert_addr(&told.mh.peer.coa, THERE_COA);
	assert_int_equal(told.mh.peer.time_s, 30);
	rig_clear(&here);
	rig_run(&here, span_ms(29900));
	assert_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	rig_run(&here, span_ms(200));
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	assert_int_equal(bindings_count(&mma(&here)->forwards), 0);
}

/* Break before make: what the mobile has not had is sent after it, once, though it asks again. */
static void the_ring_is_sent_on_once_after_the_change(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	confirm_there();
	for (int i = 0; i < 2; i++) {
		struct said u = leave(THERE_COA, THERE, 10);
		u.mh.opt.rc.forward.flags = RC_FORWARD_GONE;
		u.mh.opt.rc.forward.has_seq = true;
		u.mh.opt.rc.forward.last_seq = 4711;
		struct mh_packet p = say(&here, &u);
		assert_int_equal(p.mh.opt.rc.forward.time_s, 10);
		assert_int_equal(rig_count(&here, FX_KEEP_SEND), i == 0);
		if (i)
			break;
		const struct fx_keep *k = &rig_effect(&here, FX_KEEP_SEND, 0)->keep;
		assert_true(k->has_seq && k->after_seq == 4711);
		assert_addr(&k->dst, THERE_COA);
		assert_addr(&k->src, HERE);
		uint32_t at_put = 0, at_keep = 0; /* nothing falls between the two */
		for (uint32_t n = 0; n < here.fx.n; n++) {
			at_put = here.fx.fx[n].kind == FX_DP_PUT ? n : at_put;
			at_keep = here.fx.fx[n].kind == FX_KEEP_SEND ? n : at_keep;
		}
		assert_true(at_put < at_keep);
	}
}

static void without_a_ring_nothing_is_kept(void **state)
{
	(void)state;
	const char *remedy;
	conf.forward_ring = span_ms(0);
	assert_int_equal(mma_role.reconf(here.self, &conf, here.now, &remedy), ERR_OK);
	register_mobile(&here, NULL);
	assert_false(last_coa(&here)->keep);
	confirm_there();
	struct said u = leave(THERE_COA, THERE, 10);
	u.mh.opt.rc.forward.flags = RC_FORWARD_GONE;
	say(&here, &u);
	assert_int_equal(rig_count(&here, FX_KEEP_SEND), 0);
	assert_addr(&last_coa(&here)->forward, THERE_COA);
}

/* The new agent's word was lost: it is asked, and packets go on to the group meanwhile. */
static void an_unconfirmed_address_is_asked_about(void **state)
{
	(void)state;
	struct mh_packet ask;
	register_mobile(&here, NULL);
	struct said u = leave(THERE_COA, THERE, 30);
	u.mh.opt.rc.forward.flags = RC_FORWARD_GONE;
	struct mh_packet p = say(&here, &u);
	assert_int_equal(p.mh.opt.rc.forward.time_s, 30);
	assert_int_equal(p.mh.opt.rc.forward.flags, RC_FORWARD_WAITS);
	const struct dp_coa *c = last_coa(&here);
	assert_true(addr6_is_any(&c->forward) && c->keep);
	assert_addr(&c->group, GROUP);
	assert_int_equal(rig_count(&here, FX_KEEP_SEND), 0);
	assert_true(heard_from(&here, PEER_ASK, &ask));
	uint32_t transaction = ask.mh.peer.transaction;
	rig_clear(&here);
	rig_run(&here, span_ms(250));
	assert_true(heard_from(&here, PEER_ASK, &ask)); /* again */
	assert_int_equal(ask.mh.peer.transaction, transaction);
	struct agent_says s = agent_says(PEER_CONFIRM, &ask.mh.peer.coa, transaction);
	hear(&s);
	assert_addr(&last_coa(&here)->forward, THERE_COA);
	assert_int_equal(rig_count(&here, FX_KEEP_SEND), 1);
	assert_false(rig_effect(&here, FX_KEEP_SEND, 0)->keep.has_seq);
	assert_true(heard_from(&here, PEER_FORWARDING, &ask));
}

static void a_new_agent_that_says_no_gets_nothing(void **state)
{
	(void)state;
	struct mh_packet ask;
	register_mobile(&here, NULL);
	struct said u = leave(THERE_COA, THERE, 30);
	say(&here, &u);
	assert_true(heard_from(&here, PEER_ASK, &ask));
	struct agent_says s = agent_says(PEER_CONFIRM, &ask.mh.peer.coa, ask.mh.peer.transaction ^ 2);
	s.msg.status = PEER_NOT_HERE;
	hear(&s); /* the answer to something else */
	assert_int_equal(here.count.n[R_PEER_UNEXPECTED], 1);
	assert_int_equal(bindings_count(&mma(&here)->forwards), 1);
	s = agent_says(PEER_CONFIRM, &ask.mh.peer.coa, ask.mh.peer.transaction);
	s.msg.status = PEER_NOT_HERE;
	hear(&s);
	assert_int_equal(here.count.n[R_MMA_FORWARD_DENIED], 1);
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	assert_int_equal(bindings_count(&mma(&here)->forwards), 0);
}

static void a_dead_agent_is_asked_for_a_while(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	struct said u = leave(THERE_COA, THERE, 30);
	say(&here, &u);
	uint64_t before = mma(&here)->peer[0].pair.n_tx;
	rig_run(&here, span_s(10));
	assert_int_equal(mma(&here)->peer[0].pair.n_tx - before, 4);
	assert_int_equal(here.count.n[R_MMA_FORWARD_DENIED], 1);
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
	assert_int_equal(bindings_count(&mma(&here)->forwards), 0);
}

/* Not on the mobile's word alone, and to no address of our own. */
static void other_destinations_are_refused(void **state)
{
	(void)state;
	static const struct { const char *to, *agent; } wrong[] = {
		{"2001:db8:66::66", "2001:db8:66::1"},   /* an agent that is no peer */
		{"2001:db8:66::66", NULL},               /* any address, as if it were home */
		{"2001:db8:2:ff::5", THERE},             /* a care-of address of ours */
		{HERE, THERE},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		register_mobile(&here, NULL);
		struct said u = leave(wrong[i].to, wrong[i].agent, 30);
		struct mh_packet p = say(&here, &u);
		assert_int_equal(p.mh.ba.status, BA_ACCEPTED); /* it may leave, though */
		assert_true(p.mh.opt.rc.has_forward && p.mh.opt.rc.forward.time_s == 0);
		assert_int_equal(here.count.n[R_MMA_FORWARD_TO], i + 1);
		assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
		assert_int_equal(bindings_count(&mma(&here)->forwards), 0);
		assert_int_equal(mma(&here)->n_active, 0);
	}
	register_mobile(&here, NULL); /* another address than the one that was confirmed is asked about */
	confirm_there();
	struct said u = leave("2001:db8:3:ff::78", THERE, 30);
	struct mh_packet p = say(&here, &u);
	assert_int_equal(p.mh.opt.rc.forward.flags, RC_FORWARD_WAITS);
}

static void a_confirmation_does_not_last(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	confirm_there();
	rig_run(&here, span_s(11));
	struct said u = leave(THERE_COA, THERE, 30);
	struct mh_packet p = say(&here, &u);
	assert_int_equal(p.mh.opt.rc.forward.flags, RC_FORWARD_WAITS);
}

/* Its word alone moves nothing, and takes no room for mobiles that are not here. */
static void a_confirmation_alone_changes_nothing(void **state)
{
	(void)state;
	confirm_there();
	assert_int_equal(bindings_count(&mma(&here)->forwards), 0);
	assert_int_equal(here.count.n[R_PEER_UNEXPECTED], 1);
	register_mobile(&here, NULL);
	confirm_there();
	assert_int_equal(rig_count(&here, FX_DP_PUT) + rig_count(&here, FX_DP_DEL) + rig_count(&here, FX_SEND), 0);
	rig_run(&here, span_s(300));
	assert_int_equal(mma(&here)->n_active, 1);
	assert_int_equal(bindings_count(&mma(&here)->forwards), 0);
}

/* Figure 7: to the home address, by tunnel, with nobody's confirmation. */
static void home_needs_no_confirmation(void **state)
{
	(void)state;
	struct mh_packet p;
	register_mobile(&here, NULL);
	struct said u = leave(HOA, NULL, 5);
	u.src = A(HOA);
	p = say(&here, &u);
	assert_int_equal(p.mh.opt.rc.forward.time_s, 5);
	assert_addr(&last_coa(&here)->forward, HOA);
	assert_false(heard_from(&here, PEER_FORWARDING, &p) || heard_from(&here, PEER_ASK, &p));
	rig_clear(&here);
	rig_run(&here, span_s(6));
	assert_non_null(rig_dp(&here, FX_DP_DEL, DP_COA, 0));
}

static void report(enum mld_rec_type type)
{
	uint8_t buf[128];
	struct addr6 src = A("fe80::a"), g = A(GROUP), s = A(HERE);
	size_t n = mld2_state_packet_build(buf, sizeof buf, &src, type, &g, &s);
	rig_clear(&here);
	assert_true(rig_rx(&here, D1, "02:00:00:00:0a:01", buf, n));
}

/* H-17: by multicast while the mobile still listens, by tunnel after. */
static void a_mobile_that_listens_is_served_by_its_group_until_it_leaves(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	report(MLD_ALLOW);
	struct said u = leave(HOA, NULL, 20);
	u.mh.opt.rc.forward.flags = RC_FORWARD_LISTENS;
	say(&here, &u);
	assert_true(addr6_is_any(&last_coa(&here)->forward));
	assert_addr(&last_coa(&here)->group, GROUP);
	report(MLD_BLOCK);
	assert_addr(&last_coa(&here)->forward, HOA);
}

/* The same, but it says when: with the last packet that it had. */
static void a_second_request_ends_the_listening(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	report(MLD_ALLOW);
	struct said u = leave(HOA, NULL, 20);
	u.mh.opt.rc.forward.flags = RC_FORWARD_LISTENS;
	say(&here, &u);
	u = leave(HOA, NULL, 20);
	u.mh.opt.rc.forward.flags = RC_FORWARD_GONE;
	u.mh.opt.rc.forward.has_seq = true;
	say(&here, &u);
	assert_addr(&last_coa(&here)->forward, HOA);
	assert_int_equal(rig_count(&here, FX_KEEP_SEND), 1);
}

static void the_number_of_forwardings_is_limited(void **state)
{
	(void)state;
	const char *remedy;
	conf.forwardings_max = 0;
	assert_int_equal(mma_role.reconf(here.self, &conf, here.now, &remedy), ERR_OK);
	register_mobile(&here, NULL);
	struct said u = leave(HOA, NULL, 60);
	struct mh_packet p = say(&here, &u);
	assert_int_equal(p.mh.opt.rc.forward.time_s, 0);
	assert_int_equal(here.count.n[R_LIMIT_BINDINGS], 1);
	assert_int_equal(mma(&here)->n_active, 0);
}

static void without_memory_a_request_is_answered_all_the_same(void **state)
{
	(void)state;
	bool is_done = false;
	for (int i = 0; i < 20 && !is_done; i++) {
		start(&here, HERE, THERE, "2");
		register_mobile(&here, NULL);
		struct said u = leave(HOA, NULL, 5);
		here.fail_in = i;
		struct mh_packet p = say(&here, &u);
		is_done = here.fail_in >= 0; /* nothing failed any more */
		here.fail_in = -1;
		assert_int_equal(p.mh.ba.status, BA_ACCEPTED);
		assert_int_equal(mma(&here)->n_active, 0);
		assert_int_equal(bindings_count(&mma(&here)->forwards), p.mh.opt.rc.forward.time_s != 0);
		assert_int_equal(is_done, p.mh.opt.rc.forward.time_s != 0);
	}
	assert_true(is_done);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_confirmed_address_is_forwarded_to_at_once), T(the_ring_is_sent_on_once_after_the_change), T(without_a_ring_nothing_is_kept),
		T(an_unconfirmed_address_is_asked_about), T(a_new_agent_that_says_no_gets_nothing), T(a_dead_agent_is_asked_for_a_while),
		T(other_destinations_are_refused), T(a_confirmation_does_not_last), T(a_confirmation_alone_changes_nothing),
		T(home_needs_no_confirmation), T(a_mobile_that_listens_is_served_by_its_group_until_it_leaves),
		T(a_second_request_ends_the_listening), T(the_number_of_forwardings_is_limited),
		T(without_memory_a_request_is_answered_all_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
