/* SPDX-License-Identifier: BSD-2-Clause */
/* Authentication and challenges in the relay of registrations (core/visitor): what it checks, what it adds and what it takes away.
 * RFC 5944 3.5.4, 3.7, RFC 3519, 3543, 4721. H-7, H-10. */
#include "../kit/visitor_kit.h"

/* --- authentication -------------------------------------------------------------------------------------- */

/* 3.7.2.2, 3.7.3.2: what stands behind the mobile's part is ours to take away and to add. */
static void extensions_behind_the_mobiles_part_are_replaced(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	bench_keys(&b);
	struct request q = request_of(&b, 300);
	ask(&b, &q);
	struct mip4_packet p = last(&b);
	assert_int_equal(p.m.ext.auth[MIP4_MF].n, 0);
	assert_true(sa4_verify(b.mh, &crypto_openssl, p.msg, &p.m.ext.auth[MIP4_MH]));
	assert_true(sa4_verify(b.fh, &crypto_openssl, p.msg, &p.m.ext.auth[MIP4_FH]));
	struct request r = reply_of(&b, MIP4_ACCEPTED, 300);
	r.m.ext.has_challenge = true;
	r.m.ext.challenge = (struct mip4_bytes){.len_oct = 4, .p = (const uint8_t *)"none"};
	answer(&b, &r);
	p = last(&b);
	assert_int_equal(p.m.ext.auth[MIP4_FH].n, 0);
	assert_false(p.m.ext.has_challenge);
	assert_true(sa4_verify(b.mh, &crypto_openssl, p.msg, &p.m.ext.auth[MIP4_MH]));
	assert_true(sa4_verify(b.mf, &crypto_openssl, p.msg, &p.m.ext.auth[MIP4_MF]));
	bench_fini(&b);
}

static void mobile_foreign_authentication_is_checked(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	struct request q = request_of(&b, 300);
	q.m.ext.auth[MIP4_MF] = sa4_auth(b.mh); /* none is shared, and it is no key of ours */
	refused(&b, &q, MIP4_FA_MN_AUTH);
	b.conf.is_key_required = true;
	q = request_of(&b, 300);
	refused(&b, &q, MIP4_FA_MN_AUTH);
	b.conf.is_key_required = false;
	bench_keys(&b);
	q = request_of(&b, 300);
	q.m.ext.auth[MIP4_MF].n = 0;
	refused(&b, &q, MIP4_FA_MN_AUTH);
	struct mip4_packet p = last(&b);
	assert_true(sa4_verify(b.mf, &crypto_openssl, p.msg, &p.m.ext.auth[MIP4_MF]));
	q = request_of(&b, 300);
	struct frame f = request_build(&b, &q);
	f.buf[f.n - 1] ^= 1;
	f.buf[26] = f.buf[27] = 0;
	assert_true(bench_rx(&b, &f));
	assert_int_equal(b.refused, MIP4_FA_MN_AUTH);
	assert_int_equal(b.vs.n_relayed, 0);
	bench_run(&b, span_s(2));
	settle(&b, 300);
	bench_fini(&b);
}

static void foreign_home_authentication_is_checked(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	bench_keys(&b);
	for (int i = 0; i < 3; i++) {
		struct request q = request_of(&b, 300);
		ask(&b, &q);
		struct request r = reply_of(&b, MIP4_ACCEPTED, 300);
		if (i == 0)
			r.m.ext.auth[MIP4_FH].n = 0;
		struct frame f = reply_build(&b, &r);
		if (i > 0) {
			f.buf[i == 1 ? f.n - 1 : 28 + 3] ^= 1;
			f.buf[26] = f.buf[27] = 0;
		}
		assert_true(bench_rx(&b, &f));
		assert_int_equal(last(&b).m.reply.code, MIP4_FA_HA_AUTH);
		assert_int_equal(b.vs.n_pending, 0);
		assert_int_equal(b.n_accepted, 0);
		bench_run(&b, span_s(2));
	}
	assert_int_equal(b.rig.count.n[R_VISIT_REPLY_KEY], 3);
	settle(&b, 300);
	struct request q = request_of(&b, 0); /* 3.5.4: only for a lifetime */
	ask(&b, &q);
	assert_int_equal(last(&b).m.ext.auth[MIP4_FH].n, 0);
	struct request r = reply_of(&b, MIP4_ACCEPTED, 0);
	r.m.ext.auth[MIP4_FH].n = 0;
	answer(&b, &r);
	assert_int_equal(b.n_gone, 1);
	bench_fini(&b);
}

/* 3.5.4: not behind a care-of address that is none of ours. */
static void foreign_home_authentication_is_for_our_care_of_address(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	bench_keys(&b);
	b.conf.takes_colocated = true;
	struct request q = request_of(&b, 300);
	q.m.request.coa = q.path.src = rig_addr("10.9.0.50");
	q.m.request.flags = MIP4_D;
	ask(&b, &q);
	assert_int_equal(last(&b).m.ext.auth[MIP4_FH].n, 0);
	struct request r = reply_of(&b, MIP4_ACCEPTED, 300);
	r.m.ext.auth[MIP4_FH].n = 0;
	answer(&b, &r);
	assert_int_equal(b.n_accepted, 1);
	bench_fini(&b);
}

/* RFC 3519 4.5, RFC 3543 3.2: behind the mobile's authentication, and covered by ours. */
static void ours_for_the_home_agent_are_covered(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	bench_keys(&b);
	b.conf.has_udp = b.conf.has_revocation = b.conf.has_inform = true;
	struct request q = request_of(&b, 300);
	ask(&b, &q);
	struct mip4_packet p = last(&b);
	assert_true(p.m.ext.has_udp_request && p.m.ext.has_revocation && p.m.ext.revocation.inform);
	assert_true(p.m.ext.udp_request.off > p.m.ext.auth[MIP4_MH].off && mip4_is_covered(&p.m.ext, p.m.ext.udp_request.off, MIP4_FH));
	assert_true(mip4_is_covered(&p.m.ext, p.m.ext.revocation.off, MIP4_FH));
	assert_true(sa4_verify(b.fh, &crypto_openssl, p.msg, &p.m.ext.auth[MIP4_FH]));
	q = request_of(&b, 0); /* a de-registration has no foreign-home authentication that would cover them */
	ask(&b, &q);
	p = last(&b);
	assert_false(p.m.ext.has_revocation || p.m.ext.has_udp_request);
	q = request_of(&b, 300); /* RFC 3543 4.2.1: it is not the mobile's to say */
	q.m.ext.has_revocation = true;
	struct frame f = request_build(&b, &q);
	ignored(&b, &f, R_REVOKE_BY_MOBILE);
	bench_fini(&b);
}

/* --- challenges (RFC 4721 3.2, 3.3) ---------------------------------------------------------------------- */

static struct request with_challenge(struct bench *b, const uint8_t *value)
{
	struct request q = request_of(b, 300);
	q.m.ext.has_challenge = true;
	q.m.ext.challenge = (struct mip4_bytes){.len_oct = CHALLENGE_OCT, .p = value};
	return q;
}

static void a_challenge_is_good_once(void **state)
{
	(void)state;
	struct bench b;
	uint8_t first[CHALLENGE_OCT], second[CHALLENGE_OCT], third[CHALLENGE_OCT], unknown[CHALLENGE_OCT] = {1};
	bench_init(&b);
	bench_keys(&b);
	b.conf.needs_challenge = true;
	memcpy(first, visitors_challenge(&b.vs, NULL), sizeof first);
	struct request q = request_of(&b, 300);
	refused(&b, &q, MIP4_FA_MISSING_CHALLENGE);
	assert_true(last(&b).m.ext.has_challenge);
	q = with_challenge(&b, unknown);
	refused(&b, &q, MIP4_FA_UNKNOWN_CHALLENGE);
	q = with_challenge(&b, first);
	ask(&b, &q);
	assert_int_equal(last(&b).m.type, MIP4_REQUEST);
	assert_false(last(&b).m.ext.has_challenge); /* it stood behind the mobile's part */
	q = with_challenge(&b, first); /* again, while it waits: relayed again */
	ask(&b, &q);
	assert_int_equal(last(&b).m.type, MIP4_REQUEST);
	struct request r = reply_of(&b, MIP4_ACCEPTED, 300);
	answer(&b, &r);
	struct mip4_packet p = last(&b);
	assert_true(p.m.ext.has_challenge && mip4_is_covered(&p.m.ext, p.m.ext.challenge.off, MIP4_MF));
	memcpy(third, p.m.ext.challenge.p, sizeof third);
	assert_memory_not_equal(third, first, sizeof first);
	q = with_challenge(&b, first);
	refused(&b, &q, MIP4_FA_STALE_CHALLENGE);
	q = with_challenge(&b, third); /* offered in the reply */
	ask(&b, &q);
	assert_int_equal(last(&b).m.type, MIP4_REQUEST);
	memcpy(second, visitors_challenge(&b.vs, NULL), sizeof second);
	(void)visitors_challenge(&b.vs, NULL);
	(void)visitors_challenge(&b.vs, NULL);
	q = with_challenge(&b, second); /* CHALLENGE_WINDOW is 2 */
	refused(&b, &q, MIP4_FA_UNKNOWN_CHALLENGE);
	bench_fini(&b);
}

/* A recorded request from another link-layer address is the mobile's all the same. */
static void a_replay_from_elsewhere_is_stale(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	bench_keys(&b);
	b.conf.needs_challenge = true;
	uint8_t value[CHALLENGE_OCT];
	memcpy(value, visitors_challenge(&b.vs, NULL), sizeof value);
	struct request q = with_challenge(&b, value);
	struct frame f = request_build(&b, &q);
	assert_true(bench_rx(&b, &f));
	struct request r = reply_of(&b, MIP4_ACCEPTED, 300);
	f.lladdr = OTHER;
	ignored(&b, &f, R_VISIT_REPEATED);
	answer(&b, &r);
	assert_true(bench_rx(&b, &f));
	assert_int_equal(b.refused, MIP4_FA_STALE_CHALLENGE);
	bench_fini(&b);
}

static void a_challenge_that_nothing_covers_is_discarded(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	uint8_t value[CHALLENGE_OCT] = {7};
	struct request q = with_challenge(&b, value);
	struct frame f = request_build(&b, &q);
	ignored(&b, &f, R_VISIT_CHALLENGE_OPEN);
	q = with_challenge(&b, value);
	q.m.ext.auth[MIP4_AAA] = (struct mip4_auth){.n = 1, .spi = 2, .len_oct = 16}; /* the home agent's to check: both pass on */
	ask(&b, &q);
	struct mip4_packet p = last(&b);
	assert_int_equal(p.m.type, MIP4_REQUEST);
	assert_true(p.m.ext.has_challenge && p.m.ext.auth[MIP4_AAA].n == 1);
	bench_fini(&b);
}

static void another_challenge_in_the_reply_is_an_error_beside_the_home_agents_code(void **state)
{
	(void)state;
	struct bench b;
	bench_init(&b);
	bench_keys(&b);
	b.conf.needs_challenge = true;
	uint8_t value[CHALLENGE_OCT], wrong[CHALLENGE_OCT] = {9};
	memcpy(value, visitors_challenge(&b.vs, NULL), sizeof value);
	struct request q = with_challenge(&b, value);
	ask(&b, &q);
	struct request r = reply_of(&b, MIP4_ACCEPTED, 300);
	r.m.ext.has_challenge = true;
	r.m.ext.challenge = (struct mip4_bytes){.len_oct = CHALLENGE_OCT, .p = wrong};
	answer(&b, &r);
	struct mip4_packet p = last(&b);
	assert_int_equal(p.m.reply.code, MIP4_ACCEPTED);
	assert_true(p.m.ext.has_fa_error);
	assert_int_equal(p.m.ext.fa_error.status, MIP4_FA_HA_CHALLENGE);
	assert_int_equal(b.n_accepted, 0);
	bench_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extensions_behind_the_mobiles_part_are_replaced),
		cmocka_unit_test(mobile_foreign_authentication_is_checked),
		cmocka_unit_test(foreign_home_authentication_is_checked),
		cmocka_unit_test(foreign_home_authentication_is_for_our_care_of_address),
		cmocka_unit_test(ours_for_the_home_agent_are_covered),
		cmocka_unit_test(a_challenge_is_good_once),
		cmocka_unit_test(a_replay_from_elsewhere_is_stale),
		cmocka_unit_test(a_challenge_that_nothing_covers_is_discarded),
		cmocka_unit_test(another_challenge_in_the_reply_is_an_error_beside_the_home_agents_code),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
