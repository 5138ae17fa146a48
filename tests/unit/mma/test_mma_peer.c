/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobility management agents of two sites, what they say to each other: taking over a mobile that came, whom to believe, and two that talk. Each
 * refusal is counted and changes nothing. */
#include "../kit/mma_peer_kit.h"

/* --- the new agent -------------------------------------------------------------------------------------------------- */

static void a_registration_is_confirmed_to_the_previous_agent(void **state)
{
	(void)state;
	struct mh_packet p;
	register_mobile(&here, NULL);
	assert_false(heard_from(&here, PEER_CONFIRM, &p));
	struct addr6 coa = register_mobile(&here, THERE);
	assert_true(heard_from(&here, PEER_CONFIRM, &p));
	assert_addr(&p.dst, THERE);
	assert_true(addr6_eq(&p.mh.peer.coa, &coa));
	assert_int_equal(p.mh.peer.transaction, 0);
	register_mobile(&here, "2001:db8:66::1"); /* no peer: nobody is told, and nothing is taken from there */
	assert_false(heard_from(&here, PEER_CONFIRM, &p));
	assert_true(addr6_is_any(&last_coa(&here)->prev));
}

static void questions_are_answered_for_mobiles_that_are_here(void **state)
{
	(void)state;
	struct mh_packet p;
	struct addr6 coa = register_mobile(&here, THERE), other = A("2001:db8:2:ff::5");
	struct agent_says s = agent_says(PEER_ASK, &coa, 77);
	hear(&s);
	assert_true(heard_from(&here, PEER_CONFIRM, &p));
	assert_true(p.mh.peer.status == PEER_OK && p.mh.peer.transaction == 77);
	s = agent_says(PEER_ASK, &other, 78); /* not its address */
	hear(&s);
	assert_true(heard_from(&here, PEER_CONFIRM, &p));
	assert_int_equal(p.mh.peer.status, PEER_NOT_HERE);
	register_mobile(&here, NULL); /* not where it says that it came from */
	s = agent_says(PEER_ASK, &coa, 79);
	hear(&s);
	assert_true(heard_from(&here, PEER_CONFIRM, &p));
	assert_int_equal(p.mh.peer.status, PEER_NOT_HERE);
}

static void the_time_of_the_previous_agent_is_the_one_it_tells(void **state)
{
	(void)state;
	struct mh_packet p;
	struct addr6 coa = register_mobile(&here, THERE);
	rig_run(&here, span_s(50));
	struct agent_says s = agent_says(PEER_FORWARDING, &coa, 5);
	s.msg.time_s = 30;
	hear(&s);
	assert_addr(&last_coa(&here)->prev, THERE);
	assert_int_equal(last_coa(&here)->prev_until.ns - here.now.mono.ns, 32 * NS_PER_S);
	assert_true(heard_from(&here, PEER_FORWARDING_ACK, &p));
	assert_true(p.mh.peer.status == PEER_OK && p.mh.peer.transaction == 5);
	s.stamp = stamp(&here);
	hear(&s); /* repeated: acknowledged, not taken on again */
	assert_true(heard_from(&here, PEER_FORWARDING_ACK, &p));
	assert_int_equal(rig_count(&here, FX_DP_PUT), 0);
	assert_int_equal(mma(&here)->n_taken_over, 1);
	struct said u = leave(HOA, NULL, 0);
	say(&here, &u);
	s = agent_says(PEER_FORWARDING, &coa, 6); /* gone again: stop that */
	hear(&s);
	assert_true(heard_from(&here, PEER_FORWARDING_ACK, &p));
	assert_int_equal(p.mh.peer.status, PEER_NOT_HERE);
}

/* --- whom to believe --------------------------------------------------------------------------------------------- */

static void refused(const struct agent_says *s, enum reason why)
{
	uint64_t before = here.count.n[why];
	uint32_t n = bindings_count(&mma(&here)->forwards);
	hear(s);
	assert_int_equal(here.count.n[why], before + 1);
	assert_int_equal(rig_count(&here, FX_SEND) + rig_count(&here, FX_DP_PUT) + rig_count(&here, FX_STORE_PUT), 0);
	assert_int_equal(bindings_count(&mma(&here)->forwards), n);
}

static void forged_messages_are_refused(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	struct addr6 coa = A(THERE_COA);
	struct agent_says s = agent_says(PEER_CONFIRM, &coa, 0);
	s.src = "2001:db8:66::1";
	refused(&s, R_PEER_UNKNOWN);
	s = agent_says(PEER_CONFIRM, &coa, 0);
	s.is_unsigned = true;
	refused(&s, R_AUTH_MISSING);
	s = agent_says(PEER_CONFIRM, &coa, 0);
	s.key = STRANGER_KEY;
	refused(&s, R_AUTH_BAD);
	s = agent_says(PEER_CONFIRM, &coa, 0);
	s.key = MOBILE_KEY; /* a mobile is no agent */
	refused(&s, R_AUTH_SPI_UNKNOWN);
	s = agent_says(PEER_CONFIRM, &coa, 0);
	s.stamp = 0;
	refused(&s, R_REPLAY_MISSING);
	s = agent_says(PEER_CONFIRM, &coa, 0);
	s.stamp -= (uint64_t)8 << 32;
	refused(&s, R_REPLAY_TIME);
	s = agent_says(PEER_CONFIRM, &coa, 0);
	s.msg.kind = 99;
	refused(&s, R_PEER_UNEXPECTED);
}

/* Messages may overtake each other, but none counts twice. */
static void replayed_messages_are_refused(void **state)
{
	(void)state;
	register_mobile(&here, NULL);
	struct addr6 coa = A(THERE_COA);
	struct agent_says first = agent_says(PEER_CONFIRM, &coa, 0), second = agent_says(PEER_CONFIRM, &coa, 0);
	hear(&second);
	hear(&first);
	assert_int_equal(bindings_count(&mma(&here)->forwards), 1);
	refused(&first, R_REPLAY_OLD);
	refused(&second, R_REPLAY_OLD);
	for (int i = 0; i < 40; i++) {
		struct agent_says s = agent_says(PEER_CONFIRM, &coa, 0);
		hear(&s);
	}
	refused(&first, R_REPLAY_OLD); /* older than all that is remembered */
	assert_int_equal(here.count.n[R_REPLAY_OLD], 3);
}

/* The authenticator holds in one direction: what we sent does not count when it comes back. */
static void our_own_messages_do_not_come_back(void **state)
{
	(void)state;
	uint8_t buf[1280];
	size_t len_oct;
	register_mobile(&here, THERE);
	struct mh_packet p;
	uint32_t i = 0;
	do {
		const uint8_t *sent = rig_sent(&here, i++, &len_oct);
		assert_true(len_oct <= sizeof buf);
		memcpy(buf, sent, len_oct);
	} while (mh_packet_parse(buf, len_oct, &p) != W_OK || p.mh.type != MH_PEER);
	memcpy(buf + 8, &p.dst, 16); /* source and destination change places: the checksum stays right */
	memcpy(buf + 24, &p.src, 16);
	uint64_t before = here.count.n[R_AUTH_BAD];
	assert_true(rig_rx(&here, CORE, "02:00:00:00:22:01", buf, len_oct));
	assert_int_equal(here.count.n[R_AUTH_BAD], before + 1);
}

static void peers_are_reconfigured(void **state)
{
	(void)state;
	const char *remedy;
	register_mobile(&here, NULL);
	struct addr6 coa = A(THERE_COA);
	struct agent_says s = agent_says(PEER_CONFIRM, &coa, 0);
	hear(&s);
	conf.peer[1] = conf.peer[0];
	conf.peer[0] = (struct mma_peer_conf){A("2001:db8:4::1"), "stranger"};
	conf.n_peer = 2;
	assert_int_equal(mma_role.reconf(here.self, &conf, here.now, &remedy), ERR_OK);
	refused(&s, R_REPLAY_OLD); /* what was seen of a peer is remembered */
	struct agent_says t = agent_says(PEER_CONFIRM, &coa, 0);
	hear(&t);
	assert_int_equal(mma(&here)->peer[1].pair.n_rx, 2);
	memcpy(conf.peer[0].key, "none", 5);
	assert_int_equal(mma_role.reconf(here.self, &conf, here.now, &remedy), ERR_INVAL);
	conf.peer[0] = (struct mma_peer_conf){A(HERE), "stranger"};
	assert_int_equal(mma_role.reconf(here.self, &conf, here.now, &remedy), ERR_INVAL);
}

/* --- two agents -------------------------------------------------------------------------------------------------------- */

/* Carries what each says to the other until nobody says anything; gives how many messages. */
static uint32_t talk(void)
{
	static uint8_t buf[64][1280];
	static size_t len_oct[64];
	uint32_t n_all = 0;
	for (int turn = 0; turn < 20; turn++) {
		struct rig *from = turn % 2 ? &there : &here, *to = turn % 2 ? &here : &there;
		uint32_t n = 0;
		const uint8_t *p;
		struct mh_packet m;
		for (uint32_t i = 0; n < 64 && i < rig_count(from, FX_SEND); i++) {
			p = rig_sent(from, i, &len_oct[n]);
			if (mh_packet_parse(p, len_oct[n], &m) == W_OK && m.mh.type == MH_PEER)
				memcpy(buf[n], p, len_oct[n]), n++;
		}
		rig_clear(from);
		for (uint32_t i = 0; i < n; i++) {
			to->now = from->now;
			assert_true(rig_rx(to, CORE, "02:00:00:00:22:01", buf[i], len_oct[i]));
		}
		n_all += n;
	}
	return n_all;
}

static void run_both(span_t d)
{
	rig_run(&here, d);
	there.now = here.now;
	there.ops->tick(there.self, there.now);
	talk();
}

/* Figure 6, make before break, and back again. */
static void two_agents_hand_a_mobile_over_and_back(void **state)
{
	(void)state;
	struct addr6 at_here = register_mobile(&here, NULL);
	struct addr6 at_there = register_mobile(&there, HERE);
	assert_int_equal(talk(), 1); /* confirm */
	struct said u = leave(ADDR6_STR(&at_there), THERE, 30);
	say(&here, &u);
	assert_true(addr6_eq(&last_coa(&here)->forward, &at_there));
	assert_int_equal(talk(), 2); /* forwarding, and its acknowledgement */
	assert_int_equal(mma(&there)->n_taken_over, 1);
	run_both(span_s(2));

	register_mobile(&here, THERE);
	assert_true(addr6_is_any(&last_coa(&here)->forward));
	assert_int_equal(talk(), 1);
	u = leave(ADDR6_STR(&at_here), HERE, 30);
	say(&there, &u);
	assert_true(addr6_eq(&last_coa(&there)->forward, &at_here));
	assert_int_equal(talk(), 2);
	assert_int_equal(mma(&here)->n_active, 1);
	assert_int_equal(mma(&there)->n_active, 0);
}

/* A mobile that asks each agent to forward to the other, and is at neither: no loop. */
static void two_agents_do_not_forward_to_each_other(void **state)
{
	(void)state;
	struct addr6 at_here = register_mobile(&here, THERE);
	struct addr6 at_there = register_mobile(&there, HERE);
	talk();
	register_mobile(&here, THERE);
	talk(); /* both have each other's confirmation */
	struct said u = leave(ADDR6_STR(&at_there), THERE, 60), v = leave(ADDR6_STR(&at_here), HERE, 60);
	say(&here, &u);
	say(&there, &v);
	talk();
	bool is_on_here = bindings_count(&mma(&here)->forwards), is_on_there = bindings_count(&mma(&there)->forwards);
	assert_false(is_on_here && is_on_there);
	run_both(span_s(1));
	assert_int_equal(bindings_count(&mma(&here)->forwards) + bindings_count(&mma(&there)->forwards), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define T2(f) cmocka_unit_test_setup_teardown(f, setup_two, teardown_two)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_registration_is_confirmed_to_the_previous_agent), T(questions_are_answered_for_mobiles_that_are_here),
		T(the_time_of_the_previous_agent_is_the_one_it_tells), T(forged_messages_are_refused), T(replayed_messages_are_refused),
		T(our_own_messages_do_not_come_back), T(peers_are_reconfigured), T2(two_agents_hand_a_mobile_over_and_back),
		T2(two_agents_do_not_forward_to_each_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
