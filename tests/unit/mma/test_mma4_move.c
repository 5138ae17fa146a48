/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MMA over Mobile IPv4 between sites (H-7 with H-16, H-17, H-18): the forwarding request of a mobile that left, agents that confirm to each other over
 * IPv4, packets that follow, keys that the home agent lends. Two engines that talk.
 */
#include "../kit/mma4_kit.h"

static struct site4 here, there;

static int setup(void **state)
{
	(void)state;
	site4_keys(&here, 4);
	site4_conf(&here, HERE, THERE, "10.2.16.0/24");
	site4_start(&here);
	site4_keys(&there, 5);
	site4_conf(&there, THERE, HERE, NULL);
	site4_start(&there);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_fini(&here.rig);
	rig_fini(&there.rig);
	return 0;
}

/* What one agent sends to the other arrives; how many. */
static uint32_t carry(struct site4 *from, struct site4 *to)
{
	uint8_t copy[16][1280];
	size_t len[16];
	uint32_t n = 0;
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(&from->rig, FX_SEND, i)) && n < 16; i++) {
		struct mh_packet p;
		const uint8_t *b = effq_bytes(&from->rig.fx, e->send.off);
		if (mh_packet_parse(b, e->send.len_oct, &p) != W_OK || !addr6_eq(&p.dst, &to->self))
			continue;
		assert_int_equal(b[9], NH_MH); /* IPv4's protocol field */
		memcpy(copy[n], b, e->send.len_oct);
		len[n++] = e->send.len_oct;
	}
	rig_clear(&from->rig);
	for (uint32_t i = 0; i < n; i++)
		assert_true(rig_rx(&to->rig, CORE, "02:00:00:00:22:01", copy[i], len[i]));
	return n;
}

static void leave_for(struct site4 *s, const char *to, const char *agent, uint16_t time_s, struct ask4 a)
{
	const struct rc_forward f = {.time_s = time_s, .to = A(to), .agent = agent ? A(agent) : addr6_any, .flags = RC_FORWARD_GONE};
	a.is_dereg = true;
	a.forward = &f;
	a.ifindex = CORE;
	ask4_send(s, &a);
}

static const struct dp_coa *last_coa(struct site4 *s)
{
	const struct dp_op *op, *last = NULL;
	for (uint32_t i = 0; (op = rig_dp(&s->rig, FX_DP_PUT, DP_COA, i)); i++)
		last = op;
	return last ? &last->coa : NULL;
}

static void packets_follow_to_the_next_agent(void **state)
{
	(void)state;
	struct rc4 ours;
	struct addr6 hoa = A(HOA), next = A(THERE), self = A(HERE);
	register4(&here, (struct ask4){0});
	register4(&there, (struct ask4){.prev = HERE});
	const struct dp_coa *taken = last_coa(&there);
	assert_true(addr6_eq(&taken->prev, &self)); /* its tunnels are taken from now on */
	rig_clear(&here.rig);
	assert_int_equal(carry(&there, &here), 1); /* CONFIRM, at once */
	leave_for(&here, THERE, THERE, 10, (struct ask4){0});
	const struct dp_coa *c = last_coa(&here);
	assert_true(addr6_eq(&c->coa, &hoa) && addr6_eq(&c->forward, &next) && addr6_eq(&c->source, &self));
	assert_int_equal(span_to_s(mono_sub(c->forward_until, here.rig.now.mono)), 10);
	const struct effect *k = rig_effect(&here.rig, FX_KEEP_SEND, 0); /* and what the ring holds */
	assert_true(k && addr6_eq(&k->keep.coa, &hoa) && addr6_eq(&k->keep.src, &self) && addr6_eq(&k->keep.dst, &next));
	assert_non_null(rig_dp(&here.rig, FX_DP_DEL, DP_UPLINK_IN, 0));
	struct mip4_packet p = answer4(&here, HOA, &ours);
	assert_true(p.m.reply.code == MIP4_ACCEPTED && !p.m.reply.lifetime_s && ours.has_forward && ours.forward.time_s == 10 &&
		    !(ours.forward.flags & RC_FORWARD_WAITS));
	assert_false(sent4(&here, HA, 0, &p, NULL)); /* nothing is relayed */
	assert_int_equal(carry(&here, &there), 1);    /* FORWARDING */
	assert_int_equal(mma_of(&there)->n_taken_over, 1);
	assert_int_equal(carry(&there, &here), 1);    /* its acknowledgement */
	rig_run(&here.rig, span_s(9));
	assert_int_equal(carry(&here, &there), 0); /* nothing is repeated */
	rig_run(&here.rig, span_s(2));
	assert_non_null(rig_dp(&here.rig, FX_DP_DEL, DP_COA, 0));
}

static void an_agent_that_has_not_spoken_is_asked(void **state)
{
	(void)state;
	struct rc4 ours;
	register4(&here, (struct ask4){0});
	register4(&there, (struct ask4){.prev = HERE});
	rig_clear(&there.rig); /* the CONFIRM is lost */
	leave_for(&here, THERE, THERE, 10, (struct ask4){0});
	struct mip4_packet p = answer4(&here, HOA, &ours);
	assert_true(p.m.reply.code == MIP4_ACCEPTED && ours.forward.flags & RC_FORWARD_WAITS);
	assert_true(addr6_is_none(&last_coa(&here)->forward)); /* on to the group meanwhile */
	assert_int_equal(carry(&here, &there), 1);  /* ASK */
	assert_int_equal(carry(&there, &here), 1);  /* CONFIRM */
	struct addr6 next = A(THERE);
	assert_true(addr6_eq(&last_coa(&here)->forward, &next));
}

static void an_agent_that_does_not_have_the_mobile_gets_nothing(void **state)
{
	(void)state;
	register4(&here, (struct ask4){0});
	leave_for(&here, THERE, THERE, 10, (struct ask4){0});
	assert_int_equal(carry(&here, &there), 1);
	assert_int_equal(carry(&there, &here), 1);
	assert_int_equal(count4(&here, R_MMA_FORWARD_DENIED), 1);
	assert_non_null(rig_dp(&here.rig, FX_DP_DEL, DP_COA, 0));
}

static void homewards_packets_go_to_the_home_address(void **state)
{
	(void)state;
	struct rc4 ours;
	struct addr6 hoa = A(HOA);
	register4(&here, (struct ask4){0});
	leave_for(&here, HOA, NULL, 10, (struct ask4){0});
	assert_true(addr6_eq(&last_coa(&here)->forward, &hoa));
	assert_int_equal(answer4(&here, HOA, &ours).m.reply.code, MIP4_ACCEPTED);
	assert_null(bound4(&here, HOA));
}

static void without_a_wish_packets_end(void **state)
{
	(void)state;
	struct rc4 ours;
	register4(&here, (struct ask4){0});
	leave_for(&here, HOA, NULL, 0, (struct ask4){0});
	assert_int_equal(answer4(&here, HOA, &ours).m.reply.code, MIP4_ACCEPTED);
	assert_non_null(rig_dp(&here.rig, FX_DP_DEL, DP_COA, 0));
	assert_null(mma_forward_find(mma_of(&here), &(struct addr6[]){A(HOA)}[0]));
}

static void only_to_a_peer_and_only_as_its_own(void **state)
{
	(void)state;
	static const struct { const char *to, *agent; } wrong[] = {{"203.0.113.66", "203.0.113.66"}, {"203.0.113.66", THERE}, {HERE, HERE}, {HOA2, NULL}, {THERE, NULL}};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		register4(&here, (struct ask4){0});
		leave_for(&here, wrong[i].to, wrong[i].agent, 10, (struct ask4){0});
		assert_int_equal(count4(&here, R_MMA_FORWARD_TO), i + 1);
		const struct dp_coa *c = last_coa(&here);
		assert_true(!c || addr6_is_none(&c->forward));
		assert_null(bound4(&here, HOA)); /* it left, whatever it wants */
	}
}

/* A mobile that is gone in the eyes of its home agent has a moment to ask. */
static void a_revoked_mobile_may_still_ask(void **state)
{
	(void)state;
	uint8_t buf[512];
	struct mip4_built b;
	register4(&here, (struct ask4){0});
	struct mip4 m = {.type = MIP4_REVOKE, .revoke = {.is_ha = true, .hoa = A(HOA), .home = A(HA), .foreign = A(HERE), .id = 2},
			 .ext.auth[MIP4_FH] = sa4_auth(&here.rig.key[K_HOME])};
	size_t n = mip4_packet_build(buf, sizeof buf, &(struct mip4_path){.src = A(HA), .dst = A(HERE)}, &m, &b);
	sa4_sign(&here.rig.key[K_HOME], &crypto_openssl, buf + b.msg_off, &m.ext.auth[MIP4_FH]);
	mip4_packet_finish(&b, buf);
	assert_true(rig_rx(&here.rig, CORE, "02:00:00:00:22:01", buf, n));
	rig_run(&here.rig, span_s(2));
	leave_for(&here, HOA, NULL, 10, (struct ask4){0});
	struct addr6 hoa = A(HOA);
	assert_true(addr6_eq(&last_coa(&here)->forward, &hoa));
}

/* --- who may ask ---------------------------------------------------------------------------------------------------- */

static void forged_requests_are_silent_and_change_nothing(void **state)
{
	(void)state;
	static const struct { struct ask4 ask; enum reason why; } rows[] = {
		{{.has_bad_mf = true}, R_AUTH_BAD}, {{.has_no_mf = true}, R_AUTH_MISSING}, {{.key = K_PAIR}, R_AUTH_BAD}, {{.hoa = "192.0.2.7"}, R_BU_UNKNOWN_MOBILE}};
	register4(&here, (struct ask4){0});
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint32_t before = count4(&here, rows[i].why);
		leave_for(&here, HOA, NULL, 10, rows[i].ask);
		assert_int_equal(count4(&here, rows[i].why), before + 1);
		assert_int_equal(rig_count(&here.rig, FX_SEND), 0);
		assert_non_null(bound4(&here, HOA));
	}
}

static void old_and_untimely_requests_are_answered_with_our_clock(void **state)
{
	(void)state;
	struct rc4 ours;
	struct ask4 first = {0};
	ask4_send(&here, &first);
	struct mip4_packet rq = relayed4(&here);
	home4_reply(&here, &rq, (struct home4){0});
	const uint64_t ids[] = {first.id, first.id - 1, first.id + (10ull << 32), first.id - (10ull << 32)};
	const enum reason why[] = {R_REPLAY_OLD, R_REPLAY_OLD, R_REPLAY_TIME, R_REPLAY_TIME};
	for (size_t i = 0; i < 4; i++) {
		uint32_t before = count4(&here, why[i]);
		leave_for(&here, HOA, NULL, 10, (struct ask4){.id = ids[i]});
		struct mip4_packet p = answer4(&here, HOA, &ours);
		assert_true(p.m.reply.code == MIP4_HA_ID_MISMATCH && (uint32_t)p.m.reply.id == (uint32_t)ids[i] && !ours.has_forward);
		assert_int_equal(count4(&here, why[i]), before + 1);
		assert_non_null(bound4(&here, HOA));
	}
}

static void a_repeated_request_is_answered_again(void **state)
{
	(void)state;
	struct rc4 ours;
	register4(&here, (struct ask4){0});
	for (int i = 0; i < 3; i++) {
		leave_for(&here, HOA, NULL, 10, (struct ask4){0});
		assert_int_equal(answer4(&here, HOA, &ours).m.reply.code, MIP4_ACCEPTED);
		assert_int_equal(ours.forward.time_s, 10);
	}
	assert_int_equal(rig_count(&here.rig, FX_KEEP_SEND), 0); /* the ring went with the first */
}

static void who_is_not_here_is_told_so(void **state)
{
	(void)state;
	struct rc4 ours;
	leave_for(&here, HOA, NULL, 10, (struct ask4){0});
	assert_int_equal(answer4(&here, HOA, &ours).m.reply.code, MIP4_FA_UNSPECIFIED);
	assert_int_equal(count4(&here, R_BU_NO_BINDING), 1);
	assert_int_equal(bindings_count(&mma_of(&here)->bindings), 0);
	struct ask4 a = {0}; /* asks for a group, and is not yet registered */
	ask4_send(&here, &a);
	leave_for(&here, HOA, NULL, 10, (struct ask4){0});
	assert_int_equal(answer4(&here, HOA, &ours).m.reply.code, MIP4_FA_UNSPECIFIED);
}

static void a_mobile_that_comes_back_ends_the_forwarding(void **state)
{
	(void)state;
	register4(&here, (struct ask4){0});
	struct addr6 site = bound4(&here, HOA)->b.coa;
	leave_for(&here, HOA, NULL, 10, (struct ask4){0});
	rig_run(&here.rig, span_s(1));
	struct ask4 back = {0};
	ask4_send(&here, &back);
	assert_null(last_coa(&here)); /* packets go on to where it was until the home agent has answered */
	struct mip4_packet rq = relayed4(&here);
	home4_reply(&here, &rq, (struct home4){0});
	assert_true(addr6_is_none(&last_coa(&here)->forward));
	assert_true(addr6_eq(&bound4(&here, HOA)->b.coa, &site)); /* the address that rested was kept for it */
}

/* It went home, its group was given away, and then it asks for the next agent, which has to confirm. */
static void nothing_goes_to_a_group_that_is_anothers_now(void **state)
{
	(void)state;
	register4(&here, (struct ask4){0});
	leave_for(&here, HOA, NULL, 10, (struct ask4){0});
	register4(&here, (struct ask4){.hoa = HOA2}); /* the same candidate: it is free */
	assert_non_null(bound4(&here, HOA2));
	leave_for(&here, THERE, THERE, 10, (struct ask4){0});
	assert_null(last_coa(&here));
	struct addr6 hoa = A(HOA);
	assert_true(addr6_eq(&rig_dp(&here.rig, FX_DP_DEL, DP_COA, 0)->coa.coa, &hoa));
}

/* --- the agents ---------------------------------------------------------------------------------------------------------- */

static void strangers_and_damaged_messages_of_agents_are_counted(void **state)
{
	(void)state;
	uint8_t buf[512];
	struct mh_built b;
	struct addr6 hoa = A(HOA);
	register4(&here, (struct ask4){0});
	struct mh m = {.type = MH_PEER, .peer = {.kind = PEER_CONFIRM, .home_address = hoa, .coa = A(THERE)},
		       .opt = {.has_auth = true, .auth.spi = 5001, .has_mesg_id = true, .mesg_id = site4_stamp(&here)}};
	const struct mh_path path = {.src = A(THERE), .dst = A(HERE)};
	size_t n = mh_packet_build(buf, sizeof buf, &path, &m, &b);
	sa_sign(&here.rig.key[K_PAIR], &crypto_openssl, &path.src, &path.dst, &b, buf);
	uint8_t bad[512];
	for (size_t i = 0; i < n; i++) {
		(void)rig_rx(&here.rig, CORE, "02:00:00:00:22:01", buf, i);
		memcpy(bad, buf, n);
		bad[i] ^= 0x10;
		(void)rig_rx(&here.rig, CORE, "02:00:00:00:22:01", bad, n);
		assert_null(mma_forward_find(mma_of(&here), &hoa));
	}
	assert_true(rig_rx(&here.rig, CORE, "02:00:00:00:22:01", buf, n));
	assert_non_null(mma_forward_find(mma_of(&here), &hoa));
	assert_true(rig_rx(&here.rig, CORE, "02:00:00:00:22:01", buf, n));
	assert_int_equal(count4(&here, R_REPLAY_OLD), 1);
	m.type = MH_BU; /* nothing else of Mobile IPv6 comes over IPv4 */
	m.bu = (struct mh_bu){.seq = 1, .flags = BU_A | BU_M, .lifetime_s = 400};
	n = mh_packet_build(buf, sizeof buf, &path, &m, &b);
	sa_sign(&here.rig.key[K_PAIR], &crypto_openssl, &path.src, &path.dst, &b, buf);
	assert_true(rig_rx(&here.rig, CORE, "02:00:00:00:22:01", buf, n));
	assert_int_equal(count4(&here, R_MSG_TYPE_UNKNOWN), 1);
}

/* --- keys that the home agent lends ---------------------------------------------------------------------------------------- */

static void a_key_is_lent_over_ipv4(void **state)
{
	(void)state;
	uint8_t buf[512];
	struct addr6 ha = A(HA), self = A(HERE);
	here.conf.n_mobile = 0;
	here.conf.peer[1].home[here.conf.peer[1].n_home++] = rig_prefix("192.0.2.0/24");
	site4_start(&here);
	struct ask4 a = {0};
	ask4_send(&here, &a);
	assert_int_equal(count4(&here, R_MMA_KEY_ASKED), 1);
	struct mh_packet ask;
	size_t n;
	const uint8_t *b = rig_sent(&here.rig, 0, &n);
	assert_int_equal(mh_packet_parse(b, n, &ask), W_OK);
	assert_true(ask.mh.peer.kind == PEER_KEY_ASK && addr6_eq(&ask.dst, &ha) && addr6_eq(&ask.src, &self));
	struct pair pair = {.address = self, .key = &here.rig.key[K_HOME]}; /* the home agent's end */
	struct mh m = {.peer = {.kind = PEER_KEY, .transaction = ask.mh.peer.transaction, .home_address = A(HOA), .time_s = 600}};
	m.opt.rc.has_key = true;
	m.opt.rc.key = (struct rc_key){.alg = RC_KEY_HMAC_SHA1, .spi = 300};
	sa_derive_mma(&here.rig.key[K_OTHER], &crypto_openssl, "site", m.opt.rc.key.masked);
	rig_clear(&here.rig);
	pair_send(&pair, &here.rig.env, ROLE_HA, &ha, &m, here.rig.now);
	b = rig_sent(&here.rig, 0, &n);
	memcpy(buf, b, n);
	assert_true(rig_rx(&here.rig, CORE, "02:00:00:00:22:01", buf, n));
	uint8_t raw[32];
	sa_derive_mma(&here.rig.key[K_OTHER], &crypto_openssl, "site", raw);
	sa_key_fini(&here.rig.key[K_MOBILE], &crypto_openssl);
	assert_int_equal(sa_key_init(&here.rig.key[K_MOBILE], &crypto_openssl, "mn", 300, MAC_HMAC_SHA1, raw, sizeof raw), 0);
	register4(&here, (struct ask4){0}); /* the mobile asks again */
	assert_non_null(bound4(&here, HOA));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(packets_follow_to_the_next_agent), T(an_agent_that_has_not_spoken_is_asked), T(an_agent_that_does_not_have_the_mobile_gets_nothing),
		T(homewards_packets_go_to_the_home_address), T(without_a_wish_packets_end), T(only_to_a_peer_and_only_as_its_own),
		T(a_revoked_mobile_may_still_ask), T(forged_requests_are_silent_and_change_nothing),
		T(old_and_untimely_requests_are_answered_with_our_clock), T(a_repeated_request_is_answered_again), T(who_is_not_here_is_told_so),
		T(a_mobile_that_comes_back_ends_the_forwarding), T(nothing_goes_to_a_group_that_is_anothers_now), T(strangers_and_damaged_messages_of_agents_are_counted), T(a_key_is_lent_over_ipv4),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
