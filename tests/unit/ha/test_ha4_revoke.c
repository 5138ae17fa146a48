/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registration revocation at the home agent (RFC 3543): agreed upon in a registration, said, repeated and acknowledged in both
 * directions, and what a forger, a replayer or a reflector gets: nothing. Requirement: H-7.
 */
#include "../kit/ha4_kit.h"

#define SEND(...) bench_send(&b, (struct request){__VA_ARGS__})
#define ACCEPTED MIP4_ACCEPTED

static const struct mip4_exts support = {.has_revocation = true, .revocation = {.inform = true, .timestamp = 5000}};
#define BY_AGENT .has_no_flags = true, .coa = &t_fa, .has_fh = true, .fa_ext = support

struct said { int key; enum mip4_auth_kind kind; bool is_ha, inform, has_bad_auth; uint32_t id; const struct addr6 *src, *foreign, *home; };

/* A revocation or an acknowledgement from an agent. */
static void say(struct bench *b, uint8_t type, struct said s)
{
	uint8_t pkt[300];
	struct mip4_built built;
	struct mip4 m = {.type = type, .revoke = {.is_ha = s.is_ha, .inform = s.inform, .hoa = t_hoa, .home = s.home ? *s.home : t_ha,
						  .foreign = s.foreign ? *s.foreign : t_fa, .id = s.id}};
	struct mip4_path path = {.src = s.src ? *s.src : t_fa, .dst = t_ha, .sport = 4000};

	m.ext.auth[s.kind] = sa4_auth(&b->k.key[s.key]);
	size_t n = mip4_packet_build(pkt, sizeof pkt, &path, &m, &built);
	if (!s.has_bad_auth)
		sa4_sign(&b->k.key[s.key], &crypto_openssl, pkt + built.msg_off, &m.ext.auth[s.kind]);
	mip4_packet_finish(&built, pkt);
	(void)bench_send_raw(b, pkt, n, T_UP_IF);
}
#define REVOKE(...) say(&b, MIP4_REVOKE, (struct said){.key = T_KEY_FA, .kind = MIP4_FH, __VA_ARGS__})
#define ACK(...) say(&b, MIP4_REVOKE_ACK, (struct said){.key = T_KEY_FA, .kind = MIP4_FH, __VA_ARGS__})

static bool is_revoked(const struct bench *b) { return kit_dp(&b->k, FX_DP_DEL, DP_HOME, 0); }

static void drop(struct bench *b)
{
	const char *const argv[] = {"drop", "10.1.0.100"}, *msg = NULL;
	struct ctl_cmd cmd = {2, argv};
	kit_clear(&b->k);
	assert_int_equal(ha_role.ctl(b->ha, &cmd, b->k.now, &msg), ERR_OK);
	bench_read_answer(b);
}

static void support_is_agreed_upon(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(BY_AGENT), ACCEPTED);
	const struct mip4_exts *x = &b.re.m.ext;
	assert_true(x->has_revocation && x->revocation.inform);
	assert_true(mip4_is_covered(x, x->revocation.off, MIP4_FH) && !mip4_is_covered(x, x->revocation.off, MIP4_MH));
	assert_int_equal(x->revocation.timestamp, (uint32_t)(mh_ntp_of_wall(b.k.now.wall) >> 32));
	/* Not asked for; asked for without an authentication between the agents; by a mobile behind an agent. */
	assert_int_equal(SEND(.has_no_flags = true, .coa = &t_fa, .has_fh = true), ACCEPTED);
	assert_false(b.re.m.ext.has_revocation);
	assert_int_equal(SEND(.has_no_flags = true, .coa = &t_other_fa, .fa_ext = support), ACCEPTED);
	assert_false(b.re.m.ext.has_revocation);
	assert_int_equal(SEND(.has_no_flags = true, .coa = &t_other_fa, .ext = support), ACCEPTED);
	assert_false(b.re.m.ext.has_revocation);
	/* A co-located mobile, direct. */
	assert_int_equal(SEND(.ext = support), ACCEPTED);
	assert_true(b.re.m.ext.has_revocation);
	bench_fini(&b);

	bench_init(&b, false);
	b.conf->v4.has_revocation = false;
	bench_start(&b);
	assert_int_equal(SEND(BY_AGENT), ACCEPTED);
	assert_false(b.re.m.ext.has_revocation);
	bench_fini(&b);
}

static void ours_is_said_repeated_and_acknowledged(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(BY_AGENT), ACCEPTED);
	uint32_t registered = b.re.m.ext.revocation.timestamp, id;
	drop(&b);
	assert_true(b.has_answer && b.re.m.type == MIP4_REVOKE);
	const struct mip4_revoke *r = &b.re.m.revoke;
	assert_true(r->is_ha && r->inform && addr6_eq(&r->hoa, &t_hoa) && addr6_eq(&r->home, &t_ha) && addr6_eq(&r->foreign, &t_fa));
	assert_true(addr6_eq(&b.re.src, &t_ha) && addr6_eq(&b.re.dst, &t_fa) && b.re.dport == MIP4_PORT);
	assert_true(bench_is_signed(&b, T_KEY_FA, MIP4_FH));
	assert_true((int32_t)(r->id - registered) > 0); /* later than the registration, in the same second too */
	/* Unanswered: again after two seconds, then after four; each time with a new stamp. */
	for (int wait_s = 2; wait_s <= 8; wait_s *= 2) {
		id = b.re.m.revoke.id;
		bench_wait(&b, span_ms(wait_s * 1000 - 500));
		assert_false(b.has_answer);
		bench_wait(&b, span_ms(500));
		assert_true(b.has_answer && b.re.m.type == MIP4_REVOKE);
		assert_true((int32_t)(b.re.m.revoke.id - id) > 0);
		assert_true(bench_is_signed(&b, T_KEY_FA, MIP4_FH));
	}
	id = b.re.m.revoke.id;
	ACK(.id = id - 1);
	ACK(.id = id, .has_bad_auth = true);
	ACK(.id = id, .src = &t_other_fa);
	assert_int_equal(b.k.count.n[R_REVOKE_UNEXPECTED], 2);
	assert_int_equal(b.k.count.n[R_REVOKE_KEY], 1);
	bench_wait(&b, span_s(16));
	assert_true(b.has_answer && b.re.m.type == MIP4_REVOKE);
	ACK(.id = b.re.m.revoke.id, .inform = true);
	assert_string_equal(kit_fx(&b.k, FX_EVENT, 0)->event.code, "revocation-acknowledged");
	bench_wait(&b, span_s(300));
	assert_false(b.has_answer);
	bench_fini(&b);
}

/* 4.2.2.1: not beyond the normal life of the binding, nor for one that has expired; and not for ever. */
static void ours_ends_with_the_binding(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(BY_AGENT, .lifetime_s = 5), ACCEPTED);
	drop(&b);
	assert_true(b.has_answer);
	bench_wait(&b, span_s(4));
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 1);
	bench_wait(&b, span_s(60));
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 0);
	assert_int_equal(SEND(BY_AGENT, .lifetime_s = 5), ACCEPTED);
	bench_wait(&b, span_s(60));
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 0); /* it expired, and the agent knows */
	assert_int_equal(SEND(BY_AGENT, .lifetime_s = 600), ACCEPTED);
	drop(&b);
	bench_wait(&b, span_s(599));
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 5);
	bench_fini(&b);
}

static void who_moves_on_is_revoked_where_it_was(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	b.conf->v4.n_fa = 2;
	b.conf->v4.fa[1] = (struct ha_fa_conf){t_fa2, "fa1"};
	bench_start(&b);
	assert_int_equal(SEND(BY_AGENT), ACCEPTED);
	assert_int_equal(SEND(.has_no_flags = true, .coa = &t_fa2, .has_fh = true), -1);
	/* The first message sent is the revocation, the second the answer. */
	assert_true(b.has_answer && b.re.m.type == MIP4_REVOKE && addr6_eq(&b.re.dst, &t_fa));
	assert_false(b.re.m.revoke.inform); /* it knows */
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 2);
	ACK(.id = b.re.m.revoke.id);
	/* Home by itself: the agent is told. De-registered through the agent: it has seen it. */
	assert_int_equal(SEND(BY_AGENT), ACCEPTED);
	assert_int_equal(SEND(.has_no_flags = true, .is_dereg = true, .src = &t_fa), ACCEPTED);
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 1);
	assert_int_equal(SEND(BY_AGENT), ACCEPTED);
	(void)SEND(.is_dereg = true, .is_from_home = true);
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 2);
	bench_fini(&b);
}

/* The mobile registers again at the agent while ours is still repeated: what it has now is not meant. */
static void a_new_registration_ends_the_repetition(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(BY_AGENT), ACCEPTED);
	drop(&b);
	assert_int_equal(b.re.m.type, MIP4_REVOKE);
	uint32_t said = b.re.m.revoke.id;
	assert_int_equal(SEND(BY_AGENT), ACCEPTED);
	assert_true((int32_t)(b.re.m.ext.revocation.timestamp - said) > 0);
	bench_wait(&b, span_s(100));
	assert_int_equal(kit_n_fx(&b.k, FX_SEND), 0);
	bench_fini(&b);
}

static void co_located_mobiles_are_told_themselves(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(.ext = support), ACCEPTED);
	drop(&b);
	assert_true(b.re.m.type == MIP4_REVOKE && addr6_eq(&b.re.dst, &t_coa) && b.re.m.revoke.inform);
	assert_true(bench_is_signed(&b, T_KEY_MN, MIP4_MH));
	say(&b, MIP4_REVOKE_ACK, (struct said){.key = T_KEY_MN, .kind = MIP4_MH, .id = b.re.m.revoke.id, .src = &t_coa});
	assert_string_equal(kit_fx(&b.k, FX_EVENT, 0)->event.code, "revocation-acknowledged");
	bench_fini(&b);
}

static void theirs_ends_their_care_of_address(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(BY_AGENT, .flags = 0), ACCEPTED);
	REVOKE(.id = 5001, .inform = true);
	assert_true(is_revoked(&b));
	assert_true(b.has_answer && b.re.m.type == MIP4_REVOKE_ACK && b.re.m.revoke.inform && b.re.m.revoke.id == 5001);
	assert_true(addr6_eq(&b.re.dst, &t_fa) && b.re.dport == 4000 && b.re.sport == MIP4_PORT && addr6_eq(&b.re.m.revoke.hoa, &t_hoa));
	assert_true(bench_is_signed(&b, T_KEY_FA, MIP4_FH));
	/* Our acknowledgement was lost: it asks again. The same once more is a replay. */
	REVOKE(.id = 5002);
	assert_true(b.has_answer && b.re.m.revoke.id == 5002 && !b.re.m.revoke.inform);
	REVOKE(.id = 5002);
	assert_false(b.has_answer);
	assert_int_equal(b.k.count.n[R_REVOKE_OLD], 1);
	bench_fini(&b);
}

static void of_several_one_ends(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	bench_start(&b);
	assert_int_equal(SEND(.flags = MIP4_S | MIP4_D), ACCEPTED);
	assert_int_equal(SEND(.flags = MIP4_S, .coa = &t_fa, .has_fh = true, .fa_ext = support), ACCEPTED);
	REVOKE(.id = 6000);
	assert_false(is_revoked(&b));
	assert_true(addr6_eq(&bench_home(&b)->coa, &t_coa));
	assert_int_equal(b.re.m.type, MIP4_REVOKE_ACK);
	bench_fini(&b);
}

static void unheard(struct bench *b, enum reason why, struct said s)
{
	uint64_t before = b->k.count.n[why];
	say(b, MIP4_REVOKE, s);
	assert_int_equal(b->k.fx.n, 0);
	assert_int_equal(b->k.count.n[why], before + 1);
}

static void what_is_not_believed(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b, false);
	b.conf->v4.n_fa = 2;
	b.conf->v4.fa[1] = (struct ha_fa_conf){t_fa2, "fa1"};
	bench_start(&b);
	unheard(&b, R_REVOKE_UNEXPECTED, (struct said){.key = T_KEY_FA, .kind = MIP4_FH, .id = 7000});
	assert_int_equal(SEND(BY_AGENT), ACCEPTED);
	unheard(&b, R_PEER_UNKNOWN, (struct said){.key = T_KEY_FA, .kind = MIP4_FH, .id = 7000, .src = &t_other_fa});
	unheard(&b, R_REVOKE_KEY, (struct said){.key = T_KEY_FA, .kind = MIP4_FH, .id = 7000, .has_bad_auth = true});
	unheard(&b, R_REVOKE_KEY, (struct said){.key = T_KEY_ANY, .kind = MIP4_FH, .id = 7000});
	unheard(&b, R_REVOKE_KEY, (struct said){.key = T_KEY_MN, .kind = MIP4_MH, .id = 7000}); /* a mobile MUST NOT */
	unheard(&b, R_REVOKE_OLD, (struct said){.key = T_KEY_FA, .kind = MIP4_FH, .id = 5000}); /* not behind the registration */
	unheard(&b, R_REVOKE_OLD, (struct said){.key = T_KEY_FA, .kind = MIP4_FH, .id = 7000, .is_ha = true}); /* ours, reflected */
	unheard(&b, R_REVOKE_UNEXPECTED, (struct said){.key = T_KEY_FA, .kind = MIP4_FH, .id = 7000, .src = &t_fa2}); /* another's visitor */
	unheard(&b, R_REVOKE_UNEXPECTED, (struct said){.key = T_KEY_FA, .kind = MIP4_FH, .id = 7000, .foreign = &t_fa2});
	unheard(&b, R_REVOKE_UNEXPECTED, (struct said){.key = T_KEY_FA, .kind = MIP4_FH, .id = 7000, .home = &t_nobody});
	/* Registered again: what was valid for the last registration is old. */
	const struct mip4_exts later = {.has_revocation = true, .revocation = {.timestamp = 8000}};
	assert_int_equal(SEND(.has_no_flags = true, .coa = &t_fa, .has_fh = true, .fa_ext = later), ACCEPTED);
	unheard(&b, R_REVOKE_OLD, (struct said){.key = T_KEY_FA, .kind = MIP4_FH, .id = 7000});
	/* One without the agreement of both cannot be revoked. */
	assert_int_equal(SEND(.has_no_flags = true, .coa = &t_fa, .has_fh = true), ACCEPTED);
	unheard(&b, R_REVOKE_UNEXPECTED, (struct said){.key = T_KEY_FA, .kind = MIP4_FH, .id = 9000});
	bench_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(support_is_agreed_upon),
		cmocka_unit_test(ours_is_said_repeated_and_acknowledged),
		cmocka_unit_test(ours_ends_with_the_binding),
		cmocka_unit_test(who_moves_on_is_revoked_where_it_was),
		cmocka_unit_test(a_new_registration_ends_the_repetition),
		cmocka_unit_test(co_located_mobiles_are_told_themselves),
		cmocka_unit_test(theirs_ends_their_care_of_address),
		cmocka_unit_test(of_several_one_ends),
		cmocka_unit_test(what_is_not_believed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
