/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MMA over Mobile IPv4 (H-7): registration through it as a foreign agent, a group for each mobile (H-4, H-10), answers through the group, what is in
 * the datapath (H-1, H-3), refusals, ends, restart. What happens between sites is in test_mma4_move.c.
 */
#include "../kit/mma4_kit.h"

static struct site4 s;

static int setup(void **state)
{
	(void)state;
	site4_keys(&s, 4);
	site4_conf(&s, HERE, THERE, "10.2.16.0/24");
	site4_start(&s);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_fini(&s.rig);
	return 0;
}

/* --- registration ------------------------------------------------------------------------------------------------ */

static void a_request_goes_to_the_home_agent_as_a_foreign_agents(void **state)
{
	(void)state;
	struct rc4 ours;
	struct ask4 a = {0};
	ask4_send(&s, &a);
	struct mip4_packet p = relayed4(&s);
	assert_string_equal(ADDR46_STR(&p.src), HERE);
	assert_string_equal(ADDR46_STR(&p.m.request.coa), HERE); /* the agent's address is the care-of address */
	assert_int_equal(rc4_parse(&p.m.ext, &ours), W_OK);
	assert_false(ours.has_group_request); /* the home agent never hears of a group */
	assert_true(sa4_verify(&s.rig.key[K_OTHER], &crypto_openssl, p.msg, &p.m.ext.auth[MIP4_MH]));
	assert_true(sa4_verify(&s.rig.key[K_HOME], &crypto_openssl, p.msg, &p.m.ext.auth[MIP4_FH]));
	assert_int_equal(p.m.ext.auth[MIP4_MF].n, 0);
	assert_null(bound4(&s, HOA)); /* nothing yet */
	assert_null(rig_dp(&s.rig, FX_DP_PUT, DP_UPLINK_IN, 0));
}

/* Packets come right behind the home agent's answer, before we have dealt with it: end to end one was lost at each registration. */
static void what_the_home_agent_tunnels_is_expected(void **state)
{
	(void)state;
	struct addr6 hoa = A(HOA), group = A(GROUP), ha = A(HA), prev = A(THERE);
	struct ask4 a = {.prev = THERE};
	ask4_send(&s, &a);
	const struct dp_coa *c = &rig_dp(&s.rig, FX_DP_PUT, DP_COA, 0)->coa;
	assert_true(addr6_eq(&c->coa, &hoa) && addr6_eq(&c->group, &group) && addr6_eq(&c->ha, &ha) && addr6_eq(&c->prev, &prev));
	int64_t left_s = span_to_s(mono_sub(c->expires, s.rig.now.mono));
	assert_true(left_s >= 7 && left_s <= 15); /* as long as the answer may take, no longer */
	struct mip4_packet rq = relayed4(&s);
	home4_reply(&s, &rq, (struct home4){.code = MIP4_HA_PROHIBITED});
	assert_true(addr6_eq(&rig_dp(&s.rig, FX_DP_DEL, DP_COA, 0)->coa.coa, &hoa));
	rig_run(&s.rig, span_s(2));
	ask4_send(&s, &(struct ask4){0});
	assert_non_null(rig_dp(&s.rig, FX_DP_PUT, DP_COA, 0));
	rig_clear(&s.rig);
	rig_run(&s.rig, span_s(13)); /* it never answers */
	assert_non_null(rig_dp(&s.rig, FX_DP_DEL, DP_COA, 0));
	register4(&s, (struct ask4){0});
	struct ask4 again = {0};
	ask4_send(&s, &again); /* a refresh: the entry is there, and stays as it is until the answer */
	assert_null(rig_dp(&s.rig, FX_DP_PUT, DP_COA, 0));
	rq = relayed4(&s);
	home4_reply(&s, &rq, (struct home4){.code = MIP4_HA_PROHIBITED});
	assert_null(rig_dp(&s.rig, FX_DP_DEL, DP_COA, 0));
	assert_non_null(bound4(&s, HOA));
}

static void an_accepted_mobile_is_sent_to_at_its_group(void **state)
{
	(void)state;
	struct rc4 ours;
	struct addr6 hoa = A(HOA), group = A(GROUP), ha = A(HA), self = A(HERE);
	site4_listen(&s, D1, GROUP, MLD_ALLOW);
	struct ask4 a = {0};
	ask4_send(&s, &a);
	struct mip4_packet rq = relayed4(&s);
	home4_reply(&s, &rq, (struct home4){.lifetime_s = 300});
	const struct dp_coa *c = &rig_dp(&s.rig, FX_DP_PUT, DP_COA, 0)->coa;
	assert_true(addr6_eq(&c->coa, &hoa) && addr6_eq(&c->home_address, &hoa) && addr6_eq(&c->group, &group) && addr6_eq(&c->source, &self) &&
		    addr6_eq(&c->ha, &ha) && !c->wants_ro && c->keep);
	const struct dp_uplink_in *u = &rig_dp(&s.rig, FX_DP_PUT, DP_UPLINK_IN, 0)->uplink_in;
	assert_null(rig_dp(&s.rig, FX_DP_PUT, DP_UPLINK_IN, 1));
	assert_true(addr6_eq(&u->inner_src, &hoa) && addr6_eq(&u->coa, &self) && addr6_eq(&u->ha, &ha) && u->encap == DP_ENCAP_IPIP && addr6_is_none(&u->bound));
	assert_int_equal(u->gre_key, sa_uplink_key(&s.rig.key[K_MOBILE], &crypto_openssl, &hoa, a.id));
	uint32_t ifindex;
	struct mip4_packet p = answer4(&s, GROUP, &ours);
	(void)sent4(&s, GROUP, 0, &p, &ifindex);
	assert_int_equal(ifindex, D1);
	assert_false(sent4(&s, GROUP, 1, &(struct mip4_packet){0}, NULL));
	p = answer4(&s, GROUP, &ours);
	assert_true(p.m.reply.code == 0 && p.m.reply.lifetime_s == 300 && p.m.reply.id == a.id);
	assert_true(sa4_verify(&s.rig.key[K_OTHER], &crypto_openssl, p.msg, &p.m.ext.auth[MIP4_MH])); /* the home agent's own bytes */
	assert_true(ours.has_group_answer && ours.group_answer.status == RC4_GROUP_OK && addr6_eq(&ours.group_answer.group, &group));
	assert_true(prefix6_contains(&s.conf.site_pool, &ours.group_answer.site_address));
	assert_int_equal(ours.group_answer.n_prefix, 1);
	assert_true(mip4_is_covered(&p.m.ext, ours.off[RC4_GROUP_ANSWER], MIP4_MF));
	assert_non_null(rig_effect(&s.rig, FX_STORE_PUT, 0));
}

/* RFC 5944 3.6.1: T, M and G choose the tunnels to and from the home agent. */
static void bits_choose_the_tunnels(void **state)
{
	(void)state;
	static const struct { uint8_t flags; enum dp_encap encap; } rows[] = {{0, DP_ENCAP_IPIP}, {MIP4_G, DP_ENCAP_GRE_PLAIN}, {MIP4_M, DP_ENCAP_MINIMAL}};
	for (size_t i = 0; i < 3; i++) {
		register4(&s, (struct ask4){.flags = rows[i].flags});
		const struct dp_op *u = rig_dp(&s.rig, FX_DP_PUT, DP_UPLINK_IN, 0);
		assert_int_equal(u->uplink_in.encap, rows[i].encap);
	}
	register4(&s, (struct ask4){.has_no_t = true});
	assert_true(addr6_is_none(&rig_dp(&s.rig, FX_DP_PUT, DP_UPLINK_IN, 0)->uplink_in.ha));
	register4(&s, (struct ask4){.own_flags = RC_REG_UPLINK_BOUND});
	assert_true(prefix6_contains(&s.conf.site_pool, &rig_dp(&s.rig, FX_DP_PUT, DP_UPLINK_IN, 0)->uplink_in.bound));
}

static void a_refresh_keeps_group_and_address_and_changes_the_key(void **state)
{
	(void)state;
	register4(&s, (struct ask4){0});
	const struct mma_binding *mb = bound4(&s, HOA);
	struct addr6 site = mb->b.coa;
	uint32_t key = mb->gre_key;
	rig_run(&s.rig, span_s(10));
	register4(&s, (struct ask4){0});
	assert_true(addr6_eq(&mb->b.coa, &site) && mb->gre_key != key && mb->gre_key_prev == key);
	assert_int_equal(mma_of(&s)->n_active, 1);
}

/* --- groups ------------------------------------------------------------------------------------------------------ */

static void a_taken_candidate_is_answered_with_a_free_group(void **state)
{
	(void)state;
	struct rc4 ours;
	register4(&s, (struct ask4){0});
	site4_listen(&s, D2, GROUP, MLD_ALLOW);
	struct ask4 a = {.hoa = HOA2};
	ask4_send(&s, &a);
	assert_false(sent4(&s, HA, 0, &(struct mip4_packet){0}, NULL));
	struct mip4_packet p = answer4(&s, GROUP, &ours); /* where it listens */
	assert_true(p.m.reply.code == MIP4_FA_UNSPECIFIED && ours.group_answer.status == RC4_GROUP_TAKEN);
	char offered[ADDR_STRLEN];
	addr46_str(&ours.group_answer.group, offered);
	assert_string_not_equal(offered, GROUP);
	assert_true(prefix6_contains(&s.conf.group_prefix_v4, &ours.group_answer.group));
	/* It is kept for this mobile: nobody else gets it meanwhile. */
	struct ask4 thief = {.hoa = "192.0.2.102", .group = offered};
	ask4_send(&s, &thief);
	assert_false(sent4(&s, HA, 0, &(struct mip4_packet){0}, NULL));
	a = (struct ask4){.hoa = HOA2, .group = offered};
	register4(&s, a);
	assert_non_null(bound4(&s, HOA2));
	assert_int_equal(count4(&s, R_MMA_GROUP_TAKEN), 2);
}

/* Two requests for one group, both under way: the second is offered another one before the home agent has answered the first. */
static void a_group_never_goes_to_two(void **state)
{
	(void)state;
	struct rc4 ours;
	site4_listen(&s, D1, GROUP, MLD_ALLOW);
	struct ask4 a = {0}, b = {.hoa = HOA2};
	ask4_send(&s, &a);
	struct mip4_packet rq = relayed4(&s);
	ask4_send(&s, &b);
	assert_int_equal(answer4(&s, GROUP, &ours).m.reply.code, MIP4_FA_UNSPECIFIED);
	home4_reply(&s, &rq, (struct home4){0});
	assert_non_null(bound4(&s, HOA));
	assert_null(bound4(&s, HOA2));
}

static void a_mobile_keeps_the_group_that_it_has(void **state)
{
	(void)state;
	struct rc4 ours;
	register4(&s, (struct ask4){0});
	site4_listen(&s, D1, GROUP2, MLD_ALLOW);
	struct ask4 a = {.group = GROUP2};
	ask4_send(&s, &a);
	(void)answer4(&s, GROUP2, &ours);
	assert_string_equal(ADDR46_STR(&ours.group_answer.group), GROUP);
	assert_non_null(bound4(&s, HOA));
}

static void a_reservation_ends_when_nothing_comes_of_it(void **state)
{
	(void)state;
	struct ask4 a = {0};
	ask4_send(&s, &a);
	rig_run(&s.rig, span_s(8)); /* RFC 5944 3.7.1: code 78 */
	struct mip4_packet p;
	assert_false(sent4(&s, GROUP, 0, &p, NULL)); /* nobody listens: it is held, then dropped */
	rig_run(&s.rig, span_s(5));
	assert_int_equal(count4(&s, R_MMA_UNHEARD), 1);
	assert_int_equal(bindings_count(&mma_of(&s)->bindings), 0);
	assert_int_equal(table_count(&mma_of(&s)->by_group), 0);
	assert_int_equal(table_count(&mma_of(&s)->by_coa), 0);
	register4(&s, (struct ask4){.hoa = HOA2}); /* free for another one */
	assert_non_null(bound4(&s, HOA2));
}

static void no_free_group_is_a_refusal(void **state)
{
	(void)state;
	struct rc4 ours;
	s.conf.group_prefix_v4 = rig_prefix("232.128.1.0/30"); /* two that can be given */
	site4_start(&s);
	register4(&s, (struct ask4){.group = "232.128.1.1"});
	register4(&s, (struct ask4){.hoa = HOA2, .group = "232.128.1.2"});
	site4_listen(&s, D1, "232.128.1.1", MLD_ALLOW);
	struct ask4 a = {.hoa = "192.0.2.102", .group = "232.128.1.1"};
	ask4_send(&s, &a);
	assert_int_equal(answer4(&s, "232.128.1.1", &ours).m.reply.code, MIP4_FA_NO_RESOURCES);
	assert_int_equal(ours.group_answer.status, RC4_GROUP_NONE);
	assert_int_equal(count4(&s, R_MMA_GROUP_NONE), 1);
}

/* A group of another range cannot be heard here: an on-link source is answered by unicast, a home address not at all. */
static void a_candidate_of_elsewhere_is_answered_where_the_mobile_is(void **state)
{
	(void)state;
	struct rc4 ours;
	struct ask4 a = {.group = "232.1.1.1", .src = "10.2.1.50"};
	ask4_send(&s, &a);
	(void)answer4(&s, "10.2.1.50", &ours);
	assert_true(ours.group_answer.status == RC4_GROUP_TAKEN && prefix6_contains(&s.conf.group_prefix_v4, &ours.group_answer.group));
	rig_run(&s.rig, span_s(2));
	struct ask4 b = {.hoa = HOA2, .group = "232.1.1.1"};
	ask4_send(&s, &b);
	assert_int_equal(rig_count(&s.rig, FX_SEND), 0);
	assert_int_equal(count4(&s, R_MMA_UNHEARD), 1);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

/* Request and membership report take different ways: whichever is first. */
static void an_answer_waits_for_the_first_listener(void **state)
{
	(void)state;
	struct rc4 ours;
	register4(&s, (struct ask4){0});
	struct mip4_packet p;
	assert_false(sent4(&s, GROUP, 0, &p, NULL));
	rig_run(&s.rig, span_ms(900));
	rig_clear(&s.rig);
	site4_listen(&s, D2, GROUP, MLD_ALLOW);
	assert_int_equal(answer4(&s, GROUP, &ours).m.reply.code, MIP4_ACCEPTED);
	rig_clear(&s.rig);
	site4_listen(&s, D1, GROUP, MLD_ALLOW); /* once */
	assert_false(sent4(&s, GROUP, 0, &p, NULL));
}

static void an_answer_goes_to_each_link_that_listens(void **state)
{
	(void)state;
	struct mip4_packet p;
	site4_listen(&s, D1, GROUP, MLD_ALLOW);
	site4_listen(&s, D2, GROUP, MLD_ALLOW);
	register4(&s, (struct ask4){0});
	assert_true(sent4(&s, GROUP, 0, &p, NULL) && sent4(&s, GROUP, 1, &p, NULL) && !sent4(&s, GROUP, 2, &p, NULL));
}

static void held_answers_are_bounded(void **state)
{
	(void)state;
	char hoa[32], group[32];
	for (int i = 0; i < 15; i++)
		for (int k = 0; k < 8; k++) {
			snprintf(hoa, sizeof hoa, "192.0.2.%d", 96 + i);
			snprintf(group, sizeof group, "232.129.%d.1", i * 8 + k);
			struct ask4 a = {.hoa = hoa, .group = group, .has_bad_mf = true};
			ask4_send(&s, &a);
			rig_run(&s.rig, span_ms(1));
		}
	assert_true(mma_of(&s)->n_held <= 64);
	rig_run(&s.rig, span_s(2));
	assert_int_equal(mma_of(&s)->n_held, 0);
	assert_int_equal(bindings_count(&mma_of(&s)->bindings), 0); /* nothing is kept of what is not believed */
}

static void with_a_routing_daemon_answers_enter_its_forwarding(void **state)
{
	(void)state;
	uint32_t ifindex;
	struct mip4_packet p;
	s.conf.multicast = MMA_PIM;
	memcpy(s.conf.source_if, "src0", 5);
	site4_start(&s);
	rig_link(&s.rig, 9, "src0", "02:00:00:00:00:09", true);
	register4(&s, (struct ask4){0});
	assert_true(sent4(&s, GROUP, 0, &p, &ifindex));
	assert_int_equal(ifindex, 9);
	assert_true(rig_effect(&s.rig, FX_SEND, 0)->send.is_from_host);
	assert_int_equal(rig_dp(&s.rig, FX_DP_PUT, DP_COA, 0)->coa.inject_if, 9);
}

/* End to end a restart lost a packet in four times: between binding and interface it went past the routing daemon's tree. */
static void with_a_routing_daemon_nothing_goes_before_its_way_is_known(void **state)
{
	(void)state;
	s.conf.multicast = MMA_PIM;
	memcpy(s.conf.source_if, "src0", 5);
	site4_start(&s);
	register4(&s, (struct ask4){0});
	assert_null(rig_dp(&s.rig, FX_DP_PUT, DP_COA, 0));
	assert_non_null(rig_dp(&s.rig, FX_DP_PUT, DP_UPLINK_IN, 0));
	rig_link(&s.rig, 9, "src0", "02:00:00:00:00:09", true);
	assert_int_equal(rig_dp(&s.rig, FX_DP_PUT, DP_COA, 0)->coa.inject_if, 9);
}

/* Where all links of an entry are ours the datapath is told of them; a link that is gone is none of ours. */
static void what_a_routing_daemon_does_is_followed(void **state)
{
	(void)state;
	struct mroute_event ev = {.what = MROUTE_NEW, .source = s.self, .group = A(GROUP), .iif = 9, .oif = {D1, D2}, .n_oif = 2, .is_plain = true};
	struct link_event off = {.ifindex = D2, .name = "d2", .is_gone = true};
	assert_false(mma_role.follows(s.rig.self));
	s.conf.multicast = MMA_PIM;
	memcpy(s.conf.source_if, "src0", 5);
	site4_start(&s);
	assert_true(mma_role.follows(s.rig.self));
	mma_role.mroute(s.rig.self, &ev, s.rig.now);
	assert_null(rig_dp(&s.rig, FX_DP_PUT, DP_MFC, 0));
	rig_link(&s.rig, 9, "src0", "02:00:00:00:00:09", true);
	assert_int_equal(rig_dp(&s.rig, FX_DP_PUT, DP_MFC, 0)->mfc.n_oif, 2);
	mma_role.link(s.rig.self, &off, s.rig.now);
	assert_true(addr6_eq(&rig_dp(&s.rig, FX_DP_DEL, DP_MFC, 0)->mfc.group, &ev.group));
	rig_clear(&s.rig);
	rig_link(&s.rig, D2, "d2", "02:00:00:00:00:04", true);
	assert_non_null(rig_dp(&s.rig, FX_DP_PUT, DP_MFC, 0));
	rig_clear(&s.rig);
	mma_role.stop(s.rig.self, s.rig.now);
	assert_non_null(rig_dp(&s.rig, FX_DP_DEL, DP_MFC, 0));
}

/* --- refusals ------------------------------------------------------------------------------------------------------ */

static const struct refusal { const char *name; struct ask4 ask; uint8_t code; enum reason why; } refusals[] = {
	{"wrong authenticator", {.has_bad_mf = true}, MIP4_FA_MN_AUTH, R_VISIT_KEY},
	{"no authenticator", {.has_no_mf = true}, MIP4_FA_MN_AUTH, R_VISIT_KEY},
	{"another's key", {.key = K_PAIR}, MIP4_FA_MN_AUTH, R_VISIT_KEY},
	{"another home agent than the block allows", {.ha = "192.0.2.2"}, MIP4_FA_PROHIBITED, R_MMA_HOME_AGENT},
	{"too long a lifetime", {.lifetime_s = 601}, MIP4_FA_LIFETIME, R_VISIT_LIFETIME},
	{"care-of address of another", {.coa = "198.51.100.77"}, MIP4_FA_COA, R_VISIT_COA},
	{"co-located", {.flags = MIP4_D}, MIP4_FA_PROHIBITED, R_VISIT_COLOCATED},
	{"home agent that is us", {.ha = HERE}, MIP4_FA_INVALID_HA, R_VISIT_HOME_AGENT},
	{"nothing for the home agent", {.has_no_mh = true}, MIP4_FA_POOR_REQUEST, R_VISIT_POOR_REQUEST},
};

static void each_refusal_has_its_code_and_changes_nothing(void **state)
{
	(void)state;
	struct mip4_packet p;
	site4_listen(&s, D1, GROUP, MLD_ALLOW);
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		struct ask4 a = refusals[i].ask;
		uint32_t before = count4(&s, refusals[i].why);
		ask4_send(&s, &a);
		if (!sent4(&s, GROUP, 0, &p, NULL) || p.m.reply.code != refusals[i].code || count4(&s, refusals[i].why) != before + 1)
			fail_msg("%s: code %u", refusals[i].name, p.m.reply.code);
		assert_int_equal(bindings_count(&mma_of(&s)->bindings), 0);
		assert_false(sent4(&s, HA, 0, &p, NULL));
		rig_run(&s.rig, span_s(2));
	}
}

static void a_mobile_without_a_key_hears_so_in_its_group(void **state)
{
	(void)state;
	struct mip4_packet p;
	site4_listen(&s, D1, GROUP, MLD_ALLOW);
	struct ask4 a = {.hoa = "192.0.2.7"};
	ask4_send(&s, &a);
	assert_true(sent4(&s, GROUP, 0, &p, NULL) && p.m.reply.code == MIP4_FA_MN_AUTH && p.m.ext.auth[MIP4_MF].n == 0);
}

/* What the extension says counts only under the mobile-foreign authenticator. */
static void a_request_without_a_group_is_no_mobile_of_ours(void **state)
{
	(void)state;
	struct ask4 a = {.is_group_open = true, .src = "10.2.1.50"};
	ask4_send(&s, &a);
	struct mip4_packet p;
	assert_true(sent4(&s, "10.2.1.50", 0, &p, NULL) && p.m.reply.code == MIP4_FA_PROHIBITED);
	assert_int_equal(count4(&s, R_MMA_NOT_OUR_OPTION), 1);
}

static void requests_from_outside_the_site_are_dropped(void **state)
{
	(void)state;
	struct ask4 a = {.ifindex = CORE};
	ask4_send(&s, &a);
	assert_int_equal(rig_count(&s.rig, FX_SEND), 0);
	assert_int_equal(count4(&s, R_MMA_NOT_ON_SITE), 1);
	a = (struct ask4){.ifindex = CORE, .src = "10.2.1.50"}; /* the site may have several ways in */
	ask4_send(&s, &a);
	(void)relayed4(&s);
}

static void what_the_home_agent_refuses_is_passed_on(void **state)
{
	(void)state;
	struct rc4 ours;
	site4_listen(&s, D1, GROUP, MLD_ALLOW);
	struct ask4 a = {0};
	ask4_send(&s, &a);
	struct mip4_packet rq = relayed4(&s);
	home4_reply(&s, &rq, (struct home4){.code = MIP4_HA_ID_MISMATCH});
	struct mip4_packet p = answer4(&s, GROUP, &ours);
	assert_true(p.m.reply.code == MIP4_HA_ID_MISMATCH && !ours.has_group_answer);
	assert_null(bound4(&s, HOA));
	assert_null(rig_dp(&s.rig, FX_DP_PUT, DP_COA, 0));
	assert_non_null(rig_dp(&s.rig, FX_DP_DEL, DP_COA, 0));
}

static void forged_and_late_replies_change_nothing(void **state)
{
	(void)state;
	struct ask4 a = {0};
	ask4_send(&s, &a);
	struct mip4_packet rq = relayed4(&s);
	home4_reply(&s, &rq, (struct home4){.id = rq.m.request.id + 1});
	home4_reply(&s, &rq, (struct home4){.src = "192.0.2.66"});
	assert_null(bound4(&s, HOA));
	home4_reply(&s, &rq, (struct home4){.is_unsigned = true}); /* we share a key with this home agent */
	assert_null(bound4(&s, HOA));
	home4_reply(&s, &rq, (struct home4){0}); /* too late: nothing waits any more */
	assert_null(bound4(&s, HOA));
	assert_true(count4(&s, R_VISIT_REPLY_UNEXPECTED) >= 2);
}

static void no_damaged_request_is_believed(void **state)
{
	(void)state;
	uint8_t buf[1024], bad[1024];
	struct ask4 a = {0};
	size_t n = ask4_build(&s, &a, buf, sizeof buf);
	for (size_t i = 0; i <= n; i++) { /* each truncation, and each byte wrong with the UDP checksum off */
		(void)rig_rx(&s.rig, D1, MAC1, buf, i < n ? i : 0);
		memcpy(bad, buf, n);
		bad[26] = bad[27] = 0;
		if (i < n)
			bad[i] ^= 0x81;
		if (i < 28)
			continue;
		if (i < n)
			(void)rig_rx(&s.rig, D1, MAC1, bad, n);
		rig_run(&s.rig, span_ms(300));
	}
	assert_int_equal(bindings_count(&mma_of(&s)->bindings), 0);
	assert_int_equal(mma_of(&s)->visitors.n_pending, 0);
}

/* --- ends ----------------------------------------------------------------------------------------------------------- */

static void a_lifetime_ends_and_the_address_rests(void **state)
{
	(void)state;
	register4(&s, (struct ask4){.lifetime_s = 30});
	struct addr6 site = bound4(&s, HOA)->b.coa;
	rig_clear(&s.rig);
	rig_run(&s.rig, span_s(30));
	assert_null(bound4(&s, HOA));
	assert_true(rig_dp(&s.rig, FX_DP_DEL, DP_COA, 0) && rig_dp(&s.rig, FX_DP_DEL, DP_UPLINK_IN, 0));
	assert_int_equal(table_count(&mma_of(&s)->by_group), 0);
	assert_non_null(table_find(&mma_of(&s)->by_coa, &site));
	rig_run(&s.rig, span_s(20));
	assert_int_equal(bindings_count(&mma_of(&s)->bindings), 0);
	assert_int_equal(visitors_count(&mma_of(&s)->visitors), 0);
}

static void a_deregistration_through_us_ends_it(void **state)
{
	(void)state;
	register4(&s, (struct ask4){0});
	struct ask4 a = {.is_dereg = true};
	ask4_send(&s, &a);
	struct mip4_packet rq = relayed4(&s);
	home4_reply(&s, &rq, (struct home4){0});
	assert_null(bound4(&s, HOA));
	assert_non_null(rig_dp(&s.rig, FX_DP_DEL, DP_COA, 0));
}

static void revoke(uint32_t stamp)
{
	uint8_t buf[512];
	struct mip4_built b;
	struct mip4 m = {.type = MIP4_REVOKE, .revoke = {.is_ha = true, .hoa = A(HOA), .home = A(HA), .foreign = A(HERE), .id = stamp},
			 .ext.auth[MIP4_FH] = sa4_auth(&s.rig.key[K_HOME])};
	size_t n = mip4_packet_build(buf, sizeof buf, &(struct mip4_path){.src = A(HA), .dst = A(HERE)}, &m, &b);
	sa4_sign(&s.rig.key[K_HOME], &crypto_openssl, buf + b.msg_off, &m.ext.auth[MIP4_FH]);
	mip4_packet_finish(&b, buf);
	rig_clear(&s.rig);
	(void)rig_rx(&s.rig, CORE, "02:00:00:00:22:01", buf, n);
}

/* RFC 3543: nothing is taken from the mobile any more; what is on its way is delivered, until it asks for forwarding or 5 s are over. */
static void a_revocation_fades_the_binding(void **state)
{
	(void)state;
	struct mip4_packet p;
	register4(&s, (struct ask4){0});
	revoke(2);
	assert_true(sent4(&s, HA, 0, &p, NULL) && p.m.type == MIP4_REVOKE_ACK);
	assert_non_null(rig_dp(&s.rig, FX_DP_DEL, DP_UPLINK_IN, 0));
	const struct dp_op *op = rig_dp(&s.rig, FX_DP_PUT, DP_COA, 0);
	assert_int_equal(span_to_s(mono_sub(op->coa.expires, s.rig.now.mono)), 5);
	rig_run(&s.rig, span_s(5));
	assert_null(bound4(&s, HOA));
}

static void the_operator_drops_a_binding_and_the_home_agent_hears(void **state)
{
	(void)state;
	struct mip4_packet p;
	const char *argv[] = {"drop", HOA}, *msg;
	const struct ctl_cmd cmd = {2, argv};
	register4(&s, (struct ask4){0});
	rig_clear(&s.rig);
	assert_int_equal(mma_role.ctl(s.rig.self, &cmd, s.rig.now, &msg), ERR_OK);
	assert_true(sent4(&s, HA, 0, &p, NULL) && p.m.type == MIP4_REVOKE);
	assert_null(bound4(&s, HOA));
	assert_int_equal(mma_role.ctl(s.rig.self, &cmd, s.rig.now, &msg), ERR_NOTFOUND);
}

/* --- the site -------------------------------------------------------------------------------------------------------- */

/* H-11: a join on another link, and no message to anybody. */
static void a_handover_inside_the_site_is_a_join(void **state)
{
	(void)state;
	register4(&s, (struct ask4){0});
	rig_clear(&s.rig);
	site4_listen(&s, D1, GROUP, MLD_ALLOW);
	rig_clear(&s.rig);
	site4_listen(&s, D2, GROUP, MLD_ALLOW);
	const struct dp_op *op = rig_dp(&s.rig, FX_DP_PUT, DP_MFC, 0);
	assert_int_equal(op->mfc.n_oif, 2);
	site4_listen(&s, D1, GROUP, MLD_BLOCK);
	op = rig_dp(&s.rig, FX_DP_PUT, DP_MFC, 1);
	assert_true(op->mfc.n_oif == 1 && op->mfc.oif[0] == D2);
	assert_int_equal(rig_count(&s.rig, FX_SEND), 0);
}

static void what_the_site_is_is_declared(void **state)
{
	(void)state;
	struct addr6 self = A(HERE);
	assert_int_equal(rig_start(&s.rig, &mma_role, &s.conf), ERR_OK);
	const struct dp_op *op = rig_dp(&s.rig, FX_DP_PUT, DP_LOCAL, 0);
	assert_true(addr6_eq(&op->local.addr, &self) && op->local.flags == (DP_LOCAL_MH | DP_LOCAL_MMA) && !rig_dp(&s.rig, FX_DP_PUT, DP_LOCAL, 1));
	assert_true(prefix6_eq(&rig_dp(&s.rig, FX_DP_PUT, DP_SITE_PREFIX, 1)->site_prefix.prefix, &s.conf.site_pool));
	const struct effect *e = rig_effect(&s.rig, FX_ADDR_ADD, 0);
	assert_true(addr6_eq(&e->addr.addr, &self) && e->addr.plen_bits == 128 && !rig_effect(&s.rig, FX_ADDR_ADD, 1));
	e = rig_effect(&s.rig, FX_ROUTE_PUT, 0);
	assert_true(prefix6_eq(&e->route.dst, &s.conf.site_pool) && e->route.ifindex == IFINDEX_ROAM0);
	rig_clear(&s.rig);
	rig_link(&s.rig, D1, "d1", "02:00:00:00:00:03", true);
	for (uint32_t i = 0; (e = rig_effect(&s.rig, FX_SEND, i)); i++) /* queries, of IPv4 alone, from the service address */
		assert_int_equal(effq_bytes(&s.rig.fx, e->send.off)[0] >> 4, 4);
	assert_true(rig_count(&s.rig, FX_SEND) > 0);
}

static void a_site_of_both_families_asks_both(void **state)
{
	(void)state;
	s.conf.address = A("2001:db8:2::1");
	s.conf.coa_prefix = rig_prefix("2001:db8:2:ff::/64");
	s.conf.access_prefix[s.conf.n_access_prefix++] = rig_prefix("2001:db8:2:10::/60");
	assert_int_equal(rig_start(&s.rig, &mma_role, &s.conf), ERR_OK);
	assert_non_null(rig_dp(&s.rig, FX_DP_PUT, DP_LOCAL, 1));
	rig_clear(&s.rig);
	rig_link(&s.rig, D1, "d1", "02:00:00:00:00:03", true);
	uint32_t n[7] = {0};
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(&s.rig, FX_SEND, i)); i++)
		n[effq_bytes(&s.rig.fx, e->send.off)[0] >> 4]++;
	assert_true(n[4] > 0 && n[4] == n[6]);
	register4(&s, (struct ask4){0});
	assert_non_null(bound4(&s, HOA));
}

/* --- restart ---------------------------------------------------------------------------------------------------------- */

static void records_bring_everything_back(void **state)
{
	(void)state;
	struct mip4_packet p;
	uint8_t key[16], val[512];
	register4(&s, (struct ask4){.flags = MIP4_G});
	const struct effect *e = NULL, *last = NULL;
	for (uint32_t i = 0; (e = rig_effect(&s.rig, FX_STORE_PUT, i)); i++)
		last = e;
	assert_non_null(last);
	size_t n = last->store.val_len_oct;
	assert_true(n <= sizeof val);
	memcpy(key, effq_bytes(&s.rig.fx, last->store.off), 16);
	memcpy(val, effq_bytes(&s.rig.fx, last->store.off) + 16, n);
	struct mma_binding was = *bound4(&s, HOA);
	site4_start(&s);
	const struct store_rec rec = {STORE_BINDING_MMA, key, val, 16, n};
	assert_int_equal(mma_role.restore(s.rig.self, &rec, s.rig.now), ERR_OK);
	mma_role.restored(s.rig.self, s.rig.now);
	const struct mma_binding *mb = bound4(&s, HOA);
	assert_true(addr6_eq(&mb->group, &was.group) && addr6_eq(&mb->b.coa, &was.b.coa) && mb->gre_key == was.gre_key && mb->b.stamp == was.b.stamp);
	assert_non_null(rig_dp(&s.rig, FX_DP_PUT, DP_COA, 0));
	assert_int_equal(rig_dp(&s.rig, FX_DP_PUT, DP_UPLINK_IN, 0)->uplink_in.encap, DP_ENCAP_GRE_PLAIN);
	struct ask4 a = {.hoa = HOA2}; /* the group is not free */
	ask4_send(&s, &a);
	assert_false(sent4(&s, HA, 0, &p, NULL));
	revoke(2); /* and the home agent is understood */
	assert_true(sent4(&s, HA, 0, &p, NULL) && p.m.type == MIP4_REVOKE_ACK);
	/* Every shorter record: refused or taken, nothing read past it. */
	for (size_t i = 0; i < n; i++) {
		uint8_t *tight = malloc(i + 1);
		memcpy(tight, val, i);
		const struct store_rec cut = {STORE_BINDING_MMA, key, tight, 16, i};
		site4_start(&s);
		(void)mma_role.restore(s.rig.self, &cut, s.rig.now);
		mma_role.restored(s.rig.self, s.rig.now);
		free(tight);
	}
}

static void without_memory_nothing_is_half_done(void **state)
{
	(void)state;
	for (int i = 0; i < 60; i++) {
		struct ask4 a = {0};
		uint8_t buf[1024];
		struct mip4_packet p;
		site4_start(&s);
		size_t n = ask4_build(&s, &a, buf, sizeof buf);
		s.rig.fail_in = i;
		(void)rig_rx(&s.rig, D1, MAC1, buf, n);
		bool is_relayed = sent4(&s, HA, 0, &p, NULL);
		if (is_relayed)
			home4_reply(&s, &p, (struct home4){0});
		bool is_done = s.rig.fail_in >= 0;
		s.rig.fail_in = -1;
		rig_run(&s.rig, span_s(1));
		assert_int_equal(mma_of(&s)->n_active, bound4(&s, HOA) != NULL);
		if (is_done) {
			assert_non_null(bound4(&s, HOA));
			return;
		}
	}
	fail_msg("a registration takes more than 60 allocations");
}

static void wrong_configurations_are_refused_with_a_remedy(void **state)
{
	(void)state;
	assert_null(mma_conf_check(&s.conf));
	s.conf.address_v4 = addr6_any;
	assert_string_equal(mma_conf_check(&s.conf), "address (IPv6), address-v4 or both must be given");
	s.conf.address_v4 = A("224.0.0.9");
	assert_non_null(strstr(mma_conf_check(&s.conf), "address-v4"));
	s.conf.address_v4 = A("10.2.16.7");
	assert_non_null(strstr(mma_conf_check(&s.conf), "outside site-address-pool"));
	s.conf.address_v4 = A(HERE);
	s.conf.group_prefix_v4 = rig_prefix("239.0.0.0/8");
	assert_non_null(strstr(mma_conf_check(&s.conf), "group-prefix-v4"));
	s.conf.group_prefix_v4 = rig_prefix("232.128.0.0/9");
	s.conf.access_prefix[0] = rig_prefix("2001:db8::/64");
	assert_non_null(strstr(mma_conf_check(&s.conf), "each family"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_request_goes_to_the_home_agent_as_a_foreign_agents), T(what_the_home_agent_tunnels_is_expected), T(an_accepted_mobile_is_sent_to_at_its_group), T(bits_choose_the_tunnels),
		T(a_refresh_keeps_group_and_address_and_changes_the_key), T(a_taken_candidate_is_answered_with_a_free_group), T(a_group_never_goes_to_two),
		T(a_mobile_keeps_the_group_that_it_has), T(a_reservation_ends_when_nothing_comes_of_it), T(no_free_group_is_a_refusal),
		T(a_candidate_of_elsewhere_is_answered_where_the_mobile_is), T(an_answer_waits_for_the_first_listener),
		T(an_answer_goes_to_each_link_that_listens), T(held_answers_are_bounded), T(with_a_routing_daemon_answers_enter_its_forwarding),
		T(what_a_routing_daemon_does_is_followed), T(with_a_routing_daemon_nothing_goes_before_its_way_is_known),
		T(each_refusal_has_its_code_and_changes_nothing), T(a_mobile_without_a_key_hears_so_in_its_group),
		T(a_request_without_a_group_is_no_mobile_of_ours), T(requests_from_outside_the_site_are_dropped), T(what_the_home_agent_refuses_is_passed_on),
		T(forged_and_late_replies_change_nothing), T(no_damaged_request_is_believed), T(a_lifetime_ends_and_the_address_rests),
		T(a_deregistration_through_us_ends_it), T(a_revocation_fades_the_binding), T(the_operator_drops_a_binding_and_the_home_agent_hears),
		T(a_handover_inside_the_site_is_a_join), T(what_the_site_is_is_declared), T(a_site_of_both_families_asks_both),
		T(records_bring_everything_back), T(without_memory_nothing_is_half_done), T(wrong_configurations_are_refused_with_a_remedy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
