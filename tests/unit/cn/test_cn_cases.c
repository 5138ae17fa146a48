/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cases of the public conformance suites for correspondent nodes that wait for nonces and lifetimes, in virtual time. The others run
 * against the daemon (tests/e2e/test_correspondent.py). doc/conformance.md has the list. H-15, H-17.
 */
#include "../kit/cn_kit.h"

enum what { BIND, REMOVE_AWAY, REMOVE_HOME };

static int say(enum what what, uint16_t seq)
{
	struct bu u = {.seq = seq, .lifetime_s = what == BIND ? 400 : 0};
	if (what == REMOVE_HOME) {
		u.src = ADDR6_STR(&m.hoa);
		u.has_no_hao = true;
		return mobile_update(&m, u);
	}
	return mobile_update(&m, u);
}

/* A test of each address at its own time, then an update. A binding is there before a removal. */
static const struct row {
	const char *id;
	enum what what;
	int64_t home_age_s, coa_age_s; /* of the tokens when they are used */
	int status;
} rows[] = {
	{"CN-4-2-1", BIND, 245, 5, BA_HOME_NONCE_EXPIRED},
	{"CN-4-2-2", REMOVE_AWAY, 245, 5, BA_HOME_NONCE_EXPIRED},
	{"CN-4-2-3", REMOVE_HOME, 245, 5, BA_HOME_NONCE_EXPIRED},
	{"CN-4-3-1", BIND, 5, 245, BA_COA_NONCE_EXPIRED},
	{"CN-4-3-2", REMOVE_AWAY, 5, 245, BA_ACCEPTED},  /* the care-of index of a removal is not looked at */
	{"CN-4-3-3", REMOVE_HOME, 5, 245, BA_ACCEPTED},
	{"CN-4-8-1", BIND, 245, 245, BA_NONCES_EXPIRED},
	{"CN-4-8-2", REMOVE_AWAY, 245, 245, BA_HOME_NONCE_EXPIRED},
	{"CN-4-8-3", REMOVE_HOME, 245, 245, BA_HOME_NONCE_EXPIRED},
	{"CN-4-12-1", BIND, 205, 205, BA_ACCEPTED},  /* MAX_TOKEN_LIFETIME is 210 s */
	{"CN-4-12-2", REMOVE_AWAY, 205, 205, BA_ACCEPTED},
	{"CN-4-12-3", REMOVE_HOME, 205, 205, BA_ACCEPTED},
};

static void run(const struct row *r)
{
	int64_t older = r->home_age_s > r->coa_age_s ? r->home_age_s : r->coa_age_s;
	mobile_test(&m);
	if (r->what != BIND)
		assert_int_equal(say(BIND, 1), BA_ACCEPTED);
	mobile_wait(&m, 31); /* a nonce of its own */
	for (int64_t t = older; t >= 0; t--) {
		if (t == r->home_age_s)
			mobile_test_home(&m);
		if (t == r->coa_age_s)
			mobile_test_coa(&m);
		if (t)
			mobile_wait(&m, 1);
	}
	int status = say(r->what, 2);
	if (status != r->status)
		fail_msg("%s: status %d, not %d", r->id, status, r->status);
	bool should_be = r->what == BIND ? r->status == BA_ACCEPTED : r->status != BA_ACCEPTED;
	if (mobile_bound(&m, HOA) != should_be)
		fail_msg("%s: binding %s", r->id, should_be ? "is missing" : "is there");
}

static void nonces_by_age(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		tear_down(state);
		set_up(state);
		run(&rows[i]);
	}
}

/* CN-4-11: nonces change regularly while tests are asked for, each with a new index, and tokens with them. */
static void nonces_are_made_at_intervals(void **state)
{
	(void)state;
	uint16_t last = 0;
	uint64_t token = 0;
	for (int i = 0; i < 40; i++) {
		mobile_test(&m);
		assert_int_equal(m.home_nonce, m.coa_nonce);
		if (i) {
			assert_int_equal(m.home_nonce, (uint16_t)(last + 1));
			assert_true(m.home_token != token);
		}
		last = m.home_nonce;
		token = m.home_token;
		mobile_wait(&m, 29);
		mobile_test_home(&m);
		assert_int_equal(m.home_nonce, last);
		mobile_wait(&m, 1);
	}
}

/* CN-3-2-3, CN-3-2-4: a refresh request before the end; the update that answers it is taken. */
static void refresh_request_and_its_answer(void **state)
{
	(void)state;
	size_t len;
	struct mh_packet p;
	mobile_test(&m);
	assert_int_equal(say(BIND, 1), BA_ACCEPTED);
	mobile_wait(&m, 371);
	const uint8_t *pkt = rig_sent(&m.rig, 0, &len);
	assert_int_equal(mh_packet_parse(pkt, len, &p), W_OK);
	assert_int_equal(p.mh.type, MH_BRR);
	assert_true(addr6_eq(&p.dst, &m.hoa));
	mobile_test(&m);
	assert_int_equal(say(BIND, 2), BA_ACCEPTED);
	mobile_wait(&m, 100);
	assert_int_equal(mobile_bound(&m, HOA), 1);
}

/* CN-5-2-*: what lifetimes come to, when they end (9.5.2, 9.6). */
static void bindings_end_when_they_say(void **state)
{
	static const uint32_t asked_s[] = {4, 40, 400, 420, 424, 4000, 262140};
	for (size_t i = 0; i < sizeof asked_s / sizeof *asked_s; i++) {
		uint32_t given_s = 0;
		tear_down(state);
		set_up(state);
		mobile_test(&m);
		assert_int_equal(mobile_update_seq(&m, (struct bu){.seq = 1, .lifetime_s = asked_s[i]}, NULL, &given_s), BA_ACCEPTED);
		assert_int_equal(given_s, asked_s[i] < 420 ? asked_s[i] : 420);
		mobile_wait(&m, given_s - 1);
		assert_int_equal(mobile_bound(&m, HOA), 1);
		mobile_wait(&m, 1);
		assert_int_equal(mobile_bound(&m, HOA), 0);
		assert_true(mobile_removed(&m));
	}
}

/* CN-5-4-1 to its end: as long as a nonce counts, the update that was accepted with it does not come again. */
static void replays_until_the_nonce_ends(void **state)
{
	(void)state;
	uint8_t old[512];
	struct rr_kbm k;
	struct addr6 coa;
	mobile_test(&m);
	struct bu u = {.seq = 9, .lifetime_s = 400};
	size_t n = mobile_build(&m, &u, old, sizeof old, &k, &coa);
	assert_int_equal(mobile_send(&m, old, n).p.mh.ba.status, BA_ACCEPTED);
	assert_int_equal(say(REMOVE_AWAY, 10), BA_ACCEPTED);
	for (int t = 0; t < 300; t += 10) {
		int status = mobile_send(&m, old, n).p.mh.ba.status;
		assert_int_equal(status, BA_NONCES_EXPIRED);
		assert_int_equal(mobile_bound(&m, NULL), 0);
		mobile_wait(&m, 10);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nonces_by_age), T(nonces_are_made_at_intervals), T(refresh_request_and_its_answer), T(bindings_end_when_they_say),
		T(replays_until_the_nonce_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
