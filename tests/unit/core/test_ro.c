/* SPDX-License-Identifier: BSD-2-Clause */
/* The initiator of route optimisation (RFC 6275 11.6, 11.7.2, 11.7.3, 11.8; H-15, H-16, H-17) as exchanges of packets with a
 * correspondent node made of core/rr's other half: order, loss, forgery, every answer, moves, the way home, limits. */
#include "../kit/rig.h"

#include "base/err.h"
#include "core/ro/ro.h"
#include "core/ro/rr.h"
#include "plat/crypto_openssl.h"
#include "wire/ip/icmp6.h"

#define HOA "2001:db8:1::100"
#define HA "2001:db8:1::1"
#define COA "2001:db8:2:ff::7"
#define COA2 "2001:db8:3::5"
#define CN "2001:db8:9::9"

static struct rig rig;
static struct ro ro;
static struct ro_path path;
static struct addr6 hoa, ha, coa, cn;
static bool is_used;
static uint32_t n_asked;

/* --- the other side ------------------------------------------------------------------------------------------- */

static struct {
	struct rr_nonces nonces;
	bool has_binding;
	struct addr6 coa;
	uint16_t seq;
	uint32_t lifetime_s;
	uint32_t grant_s;              /* at most */
} peer;

static mono_t used(void *ctx, const struct addr6 *h, const struct addr6 *c)
{
	(void)ctx;
	n_asked++;
	assert_true(addr6_eq(h, &hoa) && addr6_eq(c, &cn));
	return is_used ? rig.now.mono : (mono_t){0};
}

static bool give(const uint8_t *pkt, size_t n)
{
	const struct rx rx = {.why = DP_PUNT_MH, .pkt = pkt, .len_oct = n};
	return ro_rx(&ro, &rx, rig.now);
}

static bool give_test(uint8_t type, const struct addr6 *src, const struct addr6 *dst, uint64_t cookie, uint64_t token, uint16_t nonce)
{
	uint8_t buf[1280];
	struct mh m = {.type = type, .test = {.nonce = nonce, .cookie = cookie, .token = token}};
	struct mh_built built;
	size_t n = mh_packet_build(buf, sizeof buf, &(struct mh_path){.src = *src, .dst = *dst}, &m, &built);
	mh_packet_finish(&built, buf);
	return give(buf, n);
}

/* The nth message sent of this type, its tunnel taken off. */
static bool find(uint8_t type, uint32_t nth, struct mh_packet *p, bool *is_tunnelled)
{
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(&rig, FX_SEND, i)); i++) {
		const uint8_t *pkt = effq_bytes(&rig.fx, e->send.off);
		size_t n = e->send.len_oct;
		bool is_inner = pkt[6] == NH_IPV6;
		if (is_inner) {
			assert_memory_equal(pkt + 8, &path.coa, 16);
			assert_memory_equal(pkt + 24, &ha, 16);
			assert_int_equal(pkt[4] << 8 | pkt[5], n - 40);
			pkt += 40;
			n -= 40;
		}
		assert_int_equal(mh_packet_parse(pkt, n, p), W_OK);
		if (p->mh.type != type || nth-- != 0)
			continue;
		if (is_tunnelled)
			*is_tunnelled = is_inner;
		return true;
	}
	return false;
}

static struct mh_packet sent(uint8_t type)
{
	struct mh_packet p;
	assert_true(find(type, 0, &p, NULL));
	return p;
}

static uint32_t n_sent(uint8_t type)
{
	struct mh_packet p;
	uint32_t n = 0;
	while (find(type, n, &p, NULL))
		n++;
	return n;
}

static bool answer_hoti(void)
{
	struct mh_packet p = sent(MH_HOTI);
	uint16_t i = rr_nonce_now(&peer.nonces, &rig.rng, rig.now.mono);
	return give_test(MH_HOT, &p.dst, &p.src, p.mh.test.cookie, rr_home_token(&peer.nonces, &crypto_openssl, i, &p.src), i);
}

static bool answer_coti(void)
{
	struct mh_packet p = sent(MH_COTI);
	uint16_t i = rr_nonce_now(&peer.nonces, &rig.rng, rig.now.mono);
	return give_test(MH_COT, &p.dst, &p.src, p.mh.test.cookie, rr_coa_token(&peer.nonces, &crypto_openssl, i, &p.src), i);
}

/* The key that a correspondent node makes from an update (9.5.1). */
static struct rr_kbm key_of(const struct mh_packet *p)
{
	struct rr_kbm k;
	uint64_t home = rr_home_token(&peer.nonces, &crypto_openssl, p->mh.opt.nonce_home, &p->peer);
	uint64_t care = rr_coa_token(&peer.nonces, &crypto_openssl, p->mh.opt.nonce_coa, &p->src);
	rr_kbm(&crypto_openssl, home, p->mh.bu.lifetime_s ? &care : NULL, &k);
	return k;
}

static bool give_ba(const struct mh_packet *bu, uint8_t status, uint16_t seq, uint32_t lifetime_s, const struct rr_kbm *k)
{
	uint8_t buf[1280];
	struct mh_built built;
	struct mh m = {.ba = {.status = status, .seq = seq, .lifetime_s = lifetime_s}};
	m.opt.has_bind_auth = k != NULL;
	size_t n = ba_packet_build(buf, sizeof buf, &cn, &bu->src, bu->has_hao ? &bu->hao : NULL, &m, &built);
	if (k)
		rr_sign(k, &crypto_openssl, &bu->src, &cn, &built, buf);
	else
		mh_packet_finish(&built, buf);
	return give(buf, n);
}

static bool answer_status(uint8_t status, uint16_t seq)
{
	struct mh_packet p = sent(MH_BU);
	struct rr_kbm k = key_of(&p);
	bool is_bare = status >= 136 && status <= 138;
	rig_clear(&rig);
	return give_ba(&p, status, seq, 0, is_bare ? NULL : &k);
}

/* As a correspondent node does: verify, enter, acknowledge. */
static void answer_bu(void)
{
	struct mh_packet p = sent(MH_BU);
	struct rr_kbm k = key_of(&p);
	assert_true(rr_nonce_is_valid(&peer.nonces, p.mh.opt.nonce_home, rig.now.mono));
	assert_true(rr_verify(&k, &crypto_openssl, &p.src, &cn, &p));
	peer.has_binding = p.mh.bu.lifetime_s != 0;
	peer.coa = p.src;
	peer.seq = p.mh.bu.seq;
	peer.lifetime_s = p.mh.bu.lifetime_s < peer.grant_s ? p.mh.bu.lifetime_s : peer.grant_s;
	rig_clear(&rig);
	assert_true(give_ba(&p, BA_ACCEPTED, p.mh.bu.seq, peer.lifetime_s, &k));
}

static void give_be(uint8_t status)
{
	uint8_t buf[256];
	size_t n = be_packet_build(buf, sizeof buf, &cn, &path.coa, (enum be_status)status, &hoa);
	assert_true(give(buf, n));
}

static void give_brr(const struct addr6 *src)
{
	uint8_t buf[256];
	struct mh m = {.type = MH_BRR};
	struct mh_built built;
	size_t n = mh_packet_build(buf, sizeof buf, &(struct mh_path){.src = *src, .dst = path.coa, .rh2 = &hoa}, &m, &built);
	mh_packet_finish(&built, buf);
	give(buf, n);
}

/* --- the bench ------------------------------------------------------------------------------------------------- */

static void run(span_t d)
{
	mono_t end = mono_add(rig.now.mono, d);
	for (mono_t next; mono_reached(next = ro_expiry(&ro), end); ro_tick(&ro, rig.now))
		if (mono_before(rig.now.mono, next))
			rig.now.mono = next;
	rig.now.mono = end;
}

static void want(void) { ro_want(&ro, &hoa, &cn, rig.now); }

static uint64_t count(enum reason r) { return rig.count.n[r]; }

/* What the datapath was told last about (hoa, cn): 0 nothing, 1 testing, 2 optimised. */
static int route(void)
{
	int now = -1;
	for (uint32_t i = 0; i < rig.fx.n; i++) {
		const struct effect *e = &rig.fx.fx[i];
		if (e->kind == FX_DP_PUT && e->dp.table == DP_RO_OUT)
			now = e->dp.ro_out.is_testing ? 1 : 2;
		if (e->kind == FX_DP_DEL && e->dp.table == DP_RO_OUT)
			now = 0;
	}
	return now;
}

static const struct dp_ro_out *entry(void)
{
	const struct dp_ro_out *last = NULL;
	const struct dp_op *op;
	for (uint32_t i = 0; (op = rig_dp(&rig, FX_DP_PUT, DP_RO_OUT, i)); i++)
		last = &op->ro_out;
	assert_non_null(last);
	return last;
}

static int setup(void **state)
{
	(void)state;
	rig_init(&rig, 7);
	hoa = rig_addr(HOA);
	ha = rig_addr(HA);
	coa = rig_addr(COA);
	cn = rig_addr(CN);
	memset(&peer, 0, sizeof peer);
	peer.grant_s = 420;
	rr_nonces_init(&peer.nonces, &rig.rng);
	is_used = true;
	n_asked = 0;
	rig.env.ro_used = used;
	ro_init(&ro, &rig.env, ROLE_MMA, NULL, NULL);
	path = (struct ro_path){.coa = coa, .ha = ha, .until = mono_add(rig.now.mono, span_s(3600)), .is_registered = true};
	assert_int_equal(ro_move(&ro, &hoa, &path, rig.now), ERR_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ro_fini(&ro);
	rig_fini(&rig);
	return 0;
}

static void test_both(void)
{
	want();
	assert_true(answer_hoti());
	assert_true(answer_coti());
	run(span_ms(20));
}

static void bind(void)
{
	test_both();
	answer_bu();
	assert_int_equal(route(), 2);
	rig_clear(&rig);
}

/* --- coming up ---------------------------------------------------------------------------------------------------- */

static void both_tests_leave_at_once_the_home_test_through_the_home_agent(void **state)
{
	(void)state;
	struct mh_packet p;
	bool is_tunnelled;
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 2);
	assert_true(find(MH_HOTI, 0, &p, &is_tunnelled));
	assert_true(is_tunnelled && addr6_eq(&p.src, &hoa) && addr6_eq(&p.dst, &cn) && !p.has_hao);
	uint64_t cookie = p.mh.test.cookie;
	assert_true(find(MH_COTI, 0, &p, &is_tunnelled));
	assert_true(!is_tunnelled && addr6_eq(&p.src, &coa) && addr6_eq(&p.dst, &cn) && !p.has_hao);
	assert_true(cookie != p.mh.test.cookie);
	assert_int_equal(route(), 1);
	assert_int_equal(rig.fx.fx[0].kind, FX_DP_PUT); /* the answer shall find it */
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 2);
}

static void an_update_follows_both_tests_in_either_order(void **state)
{
	bool is_home_first = *state == NULL;
	want();
	assert_true(is_home_first ? answer_hoti() : answer_coti());
	assert_int_equal(n_sent(MH_BU), 0);
	assert_true(is_home_first ? answer_coti() : answer_hoti());
	struct mh_packet p = sent(MH_BU);
	assert_true(addr6_eq(&p.src, &coa) && addr6_eq(&p.dst, &cn) && p.has_hao && addr6_eq(&p.hao, &hoa));
	assert_int_equal(p.mh.bu.flags, BU_A);
	assert_int_equal(p.mh.bu.lifetime_s, 420);
	assert_true(p.mh.opt.has_nonce && p.mh.opt.has_bind_auth && !p.mh.opt.has_alt_coa);
	assert_int_equal(route(), 1);
	answer_bu();
	assert_int_equal(route(), 2);
	assert_true(addr6_eq(&entry()->coa, &coa));
	assert_int_equal(mono_sub(entry()->expires, rig.now.mono).ns, span_s(420).ns);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

static void the_other_order(void **state)
{
	(void)state;
	static int other;
	void *p = &other;
	an_update_follows_both_tests_in_either_order(&p);
}

static void a_binding_never_outlasts_the_registration(void **state)
{
	(void)state;
	path.until = mono_add(rig.now.mono, span_s(101));
	ro_move(&ro, &hoa, &path, rig.now);
	test_both();
	assert_int_equal(sent(MH_BU).mh.bu.lifetime_s, 100);
}

static void a_shorter_grant_counts(void **state)
{
	(void)state;
	peer.grant_s = 60;
	test_both();
	mono_t asked = rig.now.mono;
	answer_bu();
	assert_true(mono_reached(entry()->expires, mono_add(asked, span_s(60))));
}

/* RFC 6275 11.4.2: a registration that ends sooner than before shortens what correspondent nodes hold. */
static void a_shortened_registration_shortens_bindings(void **state)
{
	(void)state;
	ro_move(&ro, &hoa, &path, rig.now);
	test_both();
	answer_bu();
	assert_int_equal(route(), 2);
	rig_clear(&rig);
	path.until = mono_add(rig.now.mono, span_s(41));
	ro_move(&ro, &hoa, &path, rig.now); /* the tokens are fresh still */
	assert_int_equal(sent(MH_BU).mh.bu.lifetime_s, 40);
	assert_int_equal(route(), 2); /* and is used meanwhile */
	answer_bu();
	rig_clear(&rig);
	ro_move(&ro, &hoa, &path, rig.now);
	assert_int_equal(rig.fx.n, 0); /* once */
}

static void nothing_is_asked_until_the_home_agent_has_accepted(void **state)
{
	(void)state;
	path.is_registered = false;
	ro_move(&ro, &hoa, &path, rig.now);
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

/* --- loss ------------------------------------------------------------------------------------------------------------ */

static void what_is_not_answered_is_sent_again_with_new_cookies_and_given_up(void **state)
{
	(void)state;
	static const int at_s[] = {1, 2, 4};
	struct mh_packet first, again;
	want();
	first = sent(MH_HOTI);
	for (int i = 0; i < 3; i++) {
		rig_clear(&rig);
		run(span_ms(at_s[i] * 1000 - 1));
		assert_int_equal(rig_count(&rig, FX_SEND), 0);
		run(span_ms(1));
		assert_int_equal(n_sent(MH_HOTI), 1);
		assert_int_equal(n_sent(MH_COTI), 1);
		again = sent(MH_HOTI);
		assert_true(again.mh.test.cookie != first.mh.test.cookie);
	}
	rig_clear(&rig);
	run(span_s(8));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	assert_int_equal(route(), 0);
	assert_int_equal(count(R_RO_FAILED), 1);
	want(); /* held off */
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	run(span_s(60));
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 2);
	rig_clear(&rig);
	run(span_s(16 + 61)); /* the second hold is twice as long */
	want();
	assert_int_equal(n_sent(MH_HOTI), 3);
}

static void only_the_missing_test_is_sent_again(void **state)
{
	(void)state;
	want();
	answer_coti();
	rig_clear(&rig);
	run(span_s(1));
	assert_int_equal(n_sent(MH_HOTI), 1);
	assert_int_equal(n_sent(MH_COTI), 0);
	answer_hoti();
	assert_int_equal(n_sent(MH_BU), 1);
}

static void an_update_is_sent_again_with_another_number(void **state)
{
	(void)state;
	test_both();
	uint16_t seq = sent(MH_BU).mh.bu.seq;
	struct mh_packet first = sent(MH_BU);
	rig_clear(&rig);
	run(span_s(1));
	assert_int_equal(sent(MH_BU).mh.bu.seq, (uint16_t)(seq + 1));
	/* The answer to the first one counts too. */
	struct rr_kbm k = key_of(&first);
	give_ba(&first, BA_ACCEPTED, seq, 420, &k);
	assert_int_equal(route(), 2);
	assert_true(mono_before(entry()->expires, mono_add(rig.now.mono, span_s(420)))); /* counted from the first */
	rig_clear(&rig);
	run(span_s(30));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

static void an_update_without_answer_leaves_the_way_through_the_home_agent(void **state)
{
	(void)state;
	struct ro_peer list[4];
	test_both();
	rig_clear(&rig);
	run(span_s(15));
	assert_int_equal(n_sent(MH_BU), 3);
	assert_int_equal(route(), 0);
	assert_int_equal(ro_export(&ro, &hoa, list, 4, rig.now), 1); /* it may hold the binding all the same */
}

/* --- forgery, late and double answers ----------------------------------------------------------------------------------- */

static void tests_that_were_not_asked_for_change_nothing(void **state)
{
	(void)state;
	struct addr6 other = rig_addr("2001:db8:9::bad");
	assert_false(give_test(MH_HOT, &cn, &hoa, 1, 2, 3)); /* nobody knows this node */
	want();
	uint64_t home = sent(MH_HOTI).mh.test.cookie, care = sent(MH_COTI).mh.test.cookie;
	give_test(MH_HOT, &cn, &hoa, home + 1, 5, 6);
	give_test(MH_COT, &cn, &coa, care + 1, 5, 6);
	assert_int_equal(count(R_RO_COOKIE), 2);
	give_test(MH_HOT, &other, &hoa, home, 5, 6);     /* from elsewhere */
	give_test(MH_COT, &other, &coa, care, 5, 6);
	give_test(MH_HOT, &cn, &coa, home, 5, 6);        /* to elsewhere */
	give_test(MH_COT, &cn, &hoa, care, 5, 6);
	give_test(MH_HOT, &cn, &hoa, care, 5, 6);        /* each other's cookies */
	give_test(MH_COT, &cn, &coa, home, 5, 6);
	assert_int_equal(n_sent(MH_BU), 0);
	assert_int_equal(ro.n.bound, 0);
	assert_true(answer_hoti());
	assert_true(answer_coti());
	answer_bu();
	assert_int_equal(route(), 2);
}

static void a_late_or_double_test_changes_nothing(void **state)
{
	(void)state;
	want();
	uint64_t old = sent(MH_HOTI).mh.test.cookie;
	rig_clear(&rig);
	run(span_s(1));
	give_test(MH_HOT, &cn, &hoa, old, 5, 6);
	assert_int_equal(count(R_RO_COOKIE), 1);
	uint64_t cookie = sent(MH_HOTI).mh.test.cookie;
	answer_hoti();
	give_test(MH_HOT, &cn, &hoa, cookie, 5, 6); /* the same once more, with another token */
	assert_int_equal(count(R_RO_UNEXPECTED), 1);
	answer_coti();
	answer_bu(); /* verifies with the first token */
	give_test(MH_HOT, &cn, &hoa, cookie, 5, 6);
	assert_int_equal(count(R_RO_UNEXPECTED), 2);
	assert_int_equal(route(), 2);
}

static void an_acknowledgement_must_be_authentic_and_answer_something(void **state)
{
	(void)state;
	test_both();
	struct mh_packet bu = sent(MH_BU);
	struct rr_kbm good = key_of(&bu), bad = good;
	bad.b[3] ^= 1;
	rig_clear(&rig);
	give_ba(&bu, BA_ACCEPTED, bu.mh.bu.seq, 420, &bad);
	assert_int_equal(count(R_AUTH_BAD), 1);
	give_ba(&bu, BA_ACCEPTED, bu.mh.bu.seq, 420, NULL);
	assert_int_equal(count(R_AUTH_MISSING), 1);
	give_ba(&bu, BA_PROHIBITED, bu.mh.bu.seq, 0, NULL);
	assert_int_equal(count(R_AUTH_MISSING), 2);
	give_ba(&bu, BA_ACCEPTED, (uint16_t)(bu.mh.bu.seq + 1), 420, &good);
	give_ba(&bu, BA_ACCEPTED, (uint16_t)(bu.mh.bu.seq - 1), 420, &good);
	give_ba(&bu, BA_NONCES_EXPIRED, (uint16_t)(bu.mh.bu.seq - 1), 0, NULL);
	assert_int_equal(count(R_BA_UNEXPECTED), 3);
	give_ba(&bu, BA_SEQ_OUT_OF_WINDOW, 77, 0, &bad);
	assert_int_equal(rig.fx.n, 0);
	give_ba(&bu, BA_ACCEPTED, bu.mh.bu.seq, 420, &good);
	assert_int_equal(route(), 2);
	give_ba(&bu, BA_PROHIBITED, bu.mh.bu.seq, 0, &good); /* replayed or late */
	assert_int_equal(route(), 2);
}

/* --- refusals ------------------------------------------------------------------------------------------------------------ */

static void another_number_is_taken_at_once_but_not_for_ever(void **state)
{
	(void)state;
	test_both();
	answer_status(BA_SEQ_OUT_OF_WINDOW, 30000);
	assert_int_equal(sent(MH_BU).mh.bu.seq, 30001);
	answer_status(BA_SEQ_OUT_OF_WINDOW, 40000);
	assert_int_equal(sent(MH_BU).mh.bu.seq, 40001);
	answer_status(BA_SEQ_OUT_OF_WINDOW, 50000); /* the fourth within a second: not more than three (11.8) */
	assert_int_equal(n_sent(MH_BU), 0);
	run(span_s(1));
	assert_int_equal(sent(MH_BU).mh.bu.seq, 50001);
	answer_bu();
	assert_int_equal(route(), 2);
}

static void expired_nonces_are_fetched_anew(void **state)
{
	(void)state;
	test_both();
	uint16_t seq = sent(MH_BU).mh.bu.seq;
	answer_status(BA_HOME_NONCE_EXPIRED, seq);
	assert_int_equal(n_sent(MH_HOTI), 1);
	assert_int_equal(n_sent(MH_COTI), 0);
	answer_hoti();
	answer_status(BA_COA_NONCE_EXPIRED, (uint16_t)(seq + 1));
	assert_int_equal(n_sent(MH_HOTI), 0);
	assert_int_equal(n_sent(MH_COTI), 1);
	answer_coti();
	answer_status(BA_NONCES_EXPIRED, (uint16_t)(seq + 2));
	assert_int_equal(n_sent(MH_HOTI), 1);
	assert_int_equal(n_sent(MH_COTI), 1);
	answer_hoti();
	answer_coti();
	run(span_s(1));
	answer_status(BA_NONCES_EXPIRED, (uint16_t)(seq + 3));
	assert_int_equal(rig_count(&rig, FX_SEND), 0); /* enough */
	assert_int_equal(count(R_RO_FAILED), 1);
}

static void a_refusal_is_respected_for_long(void **state)
{
	(void)state;
	struct ro_peer list[4];
	test_both();
	answer_status(BA_PROHIBITED, sent(MH_BU).mh.bu.seq);
	assert_int_equal(route(), 0);
	assert_int_equal(ro_export(&ro, &hoa, list, 4, rig.now), 0);
	for (int i = 0; i < 15; i++) {
		run(span_s(60));
		want();
	}
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	run(span_s(61));
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 2);
}

static void a_node_without_mobile_ipv6_is_left_alone(void **state)
{
	(void)state;
	want();
	rig_clear(&rig);
	give_be(BE_UNKNOWN_TYPE);
	assert_int_equal(route(), 0);
	run(span_s(600));
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

static bool give_icmp(const struct addr6 *src, uint8_t type, uint8_t code, const uint8_t *about, size_t n)
{
	uint8_t buf[1280];
	size_t len = icmp6_error_build(buf, sizeof buf, src, type, code, 6, about, n);
	assert_true(len > 0);
	const struct rx rx = {.why = DP_PUNT_ICMP_ERR, .pkt = buf, .len_oct = len};
	return ro_rx(&ro, &rx, rig.now);
}

static void parameter_problem_about_our_test_stops_it_a_forged_one_does_not(void **state)
{
	(void)state;
	size_t n = 0;
	uint8_t coti[128], forged[128];
	want();
	for (uint32_t i = 0; i < 2; i++) {
		const uint8_t *p = rig_sent(&rig, i, &n);
		if (p[6] == NH_MH)
			memcpy(coti, p, n);
	}
	n = 56;
	memcpy(forged, coti, n);
	forged[50] ^= 1; /* the cookie */
	rig_clear(&rig);
	assert_true(give_icmp(&cn, IC6_PARAM_PROBLEM, 1, forged, n));
	assert_true(give_icmp(&ha, IC6_PARAM_PROBLEM, 1, coti, n)); /* not the node itself */
	assert_true(give_icmp(&cn, IC6_PARAM_PROBLEM, 2, coti, n));
	assert_int_equal(rig.fx.n, 0);
	assert_true(give_icmp(&cn, IC6_PARAM_PROBLEM, 1, coti, n));
	assert_int_equal(route(), 0);
	assert_int_equal(ro.n.refused, 1);
}

static void unreachable_ends_the_attempt(void **state)
{
	(void)state;
	size_t n;
	uint8_t coti[128];
	want();
	const uint8_t *p = rig_sent(&rig, 1, &n);
	memcpy(coti, p, n);
	rig_clear(&rig);
	assert_true(give_icmp(&ha, IC6_UNREACHABLE, 0, coti, n));
	assert_int_equal(route(), 0);
	assert_int_equal(ro.n.failed, 1);
}

/* --- going on --------------------------------------------------------------------------------------------------------------- */

static void a_used_binding_is_refreshed_with_new_tokens_before_it_ends(void **state)
{
	(void)state;
	bind();
	run(span_s(340));
	assert_int_equal(rig.fx.n, 0);
	run(span_s(40));
	assert_int_equal(n_sent(MH_HOTI) > 0 && n_sent(MH_COTI) > 0, true);
	assert_int_not_equal(route(), 0); /* and goes on meanwhile */
	assert_int_not_equal(route(), 1);
	ro_want(&ro, &hoa, &cn, rig.now);
	assert_true(ro_expiry(&ro).ns < INT64_MAX);
}

static void a_refresh_is_acknowledged_without_a_gap(void **state)
{
	(void)state;
	bind();
	mono_t end = mono_add(rig.now.mono, span_s(420));
	while (!rig_count(&rig, FX_SEND))
		run(span_ms(500));
	assert_true(mono_before(rig.now.mono, end));
	assert_int_equal(route(), 2);
	answer_hoti();
	answer_coti();
	answer_bu();
	assert_int_equal(route(), 2);
	assert_true(mono_before(end, entry()->expires));
	assert_int_equal(ro.n.bound, 1);
}

static void an_unused_binding_ends_and_packets_go_through_the_home_agent_in_time(void **state)
{
	(void)state;
	bind();
	is_used = false;
	run(span_s(419));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	assert_true(n_asked > 0);
	run(span_s(2));
	assert_int_equal(route(), 0);
	run(span_s(60));
	assert_int_equal(table_count(&ro.entries), 0);
	rig_clear(&rig);
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 2);
}

static void use_after_the_first_look_still_refreshes(void **state)
{
	(void)state;
	bind();
	is_used = false;
	run(span_s(390));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	is_used = true;
	run(span_s(25));
	assert_true(rig_count(&rig, FX_SEND) >= 2);
}

static void a_refresh_request_starts_a_test_only_for_who_holds_a_binding(void **state)
{
	(void)state;
	struct addr6 other = rig_addr("2001:db8:9::bad");
	give_brr(&cn);
	bind();
	give_brr(&cn); /* just bound */
	give_brr(&other);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	run(span_s(250));
	give_brr(&cn);
	assert_int_equal(n_sent(MH_HOTI), 1);
	assert_int_equal(n_sent(MH_COTI), 1);
	give_brr(&cn);
	assert_int_equal(n_sent(MH_HOTI), 1);
}

static void a_lost_binding_is_made_again_meanwhile_through_the_home_agent(void **state)
{
	(void)state;
	bind();
	run(span_s(50));
	give_be(BE_UNKNOWN_BINDING);
	assert_int_equal(route(), 1); /* not optimised any more */
	assert_int_equal(n_sent(MH_HOTI), 1); /* its nonces are void too */
	assert_int_equal(n_sent(MH_COTI), 1);
	give_be(BE_UNKNOWN_BINDING);
	assert_int_equal(rig_count(&rig, FX_SEND), 2);
	answer_hoti();
	answer_coti();
	answer_bu();
	assert_int_equal(route(), 2);
	rig_clear(&rig);
	give_be(BE_UNKNOWN_BINDING); /* again, at once: that is no way to go on */
	assert_int_equal(route(), 0);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	assert_int_equal(count(R_BE_RECEIVED), 3);
}

static void packets_by_the_detour_make_an_old_binding_doubtful(void **state)
{
	(void)state;
	bind();
	want(); /* they were under way */
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	run(span_s(11));
	want();
	assert_int_equal(n_sent(MH_BU), 1); /* the tokens are fresh */
	answer_bu();
	rig_clear(&rig);
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

/* --- moving ------------------------------------------------------------------------------------------------------------------- */

static void after_a_move_the_home_token_serves_again(void **state)
{
	(void)state;
	bind();
	run(span_s(20));
	path.coa = rig_addr(COA2);
	path.is_registered = false;
	ro_move(&ro, &hoa, &path, rig.now);
	assert_int_equal(route(), 1); /* through the home agent until it knows */
	assert_int_equal(n_sent(MH_HOTI), 0);
	assert_int_equal(n_sent(MH_COTI), 1);
	answer_coti();
	assert_int_equal(n_sent(MH_BU), 0); /* not before the home agent */
	path.is_registered = true;
	ro_move(&ro, &hoa, &path, rig.now);
	struct mh_packet bu = sent(MH_BU);
	assert_true(addr6_eq(&bu.src, &path.coa));
	assert_int_equal(bu.mh.bu.seq, (uint16_t)(peer.seq + 1));
	answer_bu();
	assert_int_equal(route(), 2);
	assert_true(addr6_eq(&entry()->coa, &path.coa));
}

static void after_a_late_move_both_tests_are_done(void **state)
{
	(void)state;
	bind();
	run(span_s(200));
	path.coa = rig_addr(COA2);
	ro_move(&ro, &hoa, &path, rig.now);
	assert_int_equal(n_sent(MH_HOTI), 1);
	assert_int_equal(n_sent(MH_COTI), 1);
}

static void an_answer_for_the_old_place_does_not_count(void **state)
{
	(void)state;
	test_both();
	struct mh_packet bu = sent(MH_BU);
	struct rr_kbm k = key_of(&bu);
	rig_clear(&rig);
	path.coa = rig_addr(COA2);
	ro_move(&ro, &hoa, &path, rig.now);
	uint64_t cookie = sent(MH_COTI).mh.test.cookie;
	give_ba(&bu, BA_ACCEPTED, bu.mh.bu.seq, 420, &k);
	assert_int_equal(route(), 1);
	give_test(MH_COT, &cn, &coa, cookie, 1, 2); /* to the old address */
	assert_int_equal(n_sent(MH_BU), 0);
	answer_coti();
	answer_bu();
	assert_true(addr6_eq(&peer.coa, &path.coa));
}

static void at_home(void)
{
	path = (struct ro_path){.coa = hoa, .until = MONO_NEVER, .is_registered = true};
	ro_move(&ro, &hoa, &path, rig.now);
}

static void at_home_bindings_are_ended_with_a_home_test_alone(void **state)
{
	(void)state;
	struct mh_packet p;
	bool is_tunnelled;
	bind();
	run(span_s(300)); /* no fresh token */
	at_home();
	assert_int_equal(route(), 0);
	assert_true(find(MH_HOTI, 0, &p, &is_tunnelled));
	assert_true(!is_tunnelled && addr6_eq(&p.src, &hoa));
	assert_int_equal(n_sent(MH_COTI), 0);
	answer_hoti();
	p = sent(MH_BU);
	assert_true(addr6_eq(&p.src, &hoa) && !p.has_hao);
	assert_int_equal(p.mh.bu.lifetime_s, 0);
	assert_int_equal(p.mh.opt.nonce_coa, 0);
	answer_bu();
	assert_false(peer.has_binding);
	rig_clear(&rig);
	ro_home(&ro, &hoa, &cn, rig.now); /* by packets still under way */
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	run(span_s(4));
	assert_int_equal(table_count(&ro.entries), 0);
}

static void at_home_a_packet_by_the_old_agent_ends_a_binding_not_known_of(void **state)
{
	(void)state;
	at_home();
	want(); /* has no meaning here */
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	ro_home(&ro, &hoa, &cn, rig.now);
	answer_hoti();
	answer_status(BA_SEQ_OUT_OF_WINDOW, 9000);
	assert_int_equal(sent(MH_BU).mh.bu.seq, 9001);
	answer_bu();
	assert_int_equal(table_count(&ro.entries), 1);
}

static void data_under_way_arrives_before_the_binding_ends(void **state)
{
	(void)state;
	bind();
	path = (struct ro_path){.coa = hoa, .until = MONO_NEVER, .is_registered = true, .in_flight = span_ms(100)};
	ro_move(&ro, &hoa, &path, rig.now);
	assert_int_equal(route(), 0);
	run(span_ms(99));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	run(span_ms(1));
	assert_int_equal(sent(MH_BU).mh.bu.lifetime_s, 0);
	answer_bu();
	assert_false(peer.has_binding);
}

static void a_list_that_comes_during_the_tests_gives_the_number(void **state)
{
	(void)state;
	struct ro_peer list[1] = {{cn, 500, 300}};
	want();
	ro_import(&ro, &hoa, list, 1, rig.now);
	assert_int_equal(rig_count(&rig, FX_SEND), 2);
	answer_hoti();
	answer_coti();
	assert_int_equal(sent(MH_BU).mh.bu.seq, 501);
	list[0].seq = 7;
	ro_import(&ro, &hoa, list, 1, rig.now);
	rig_clear(&rig);
	run(span_s(1));
	assert_int_equal(sent(MH_BU).mh.bu.seq, 502);
}

/* A packet by the old agent was quicker than its list. */
static void a_late_list_does_not_end_a_binding_twice(void **state)
{
	(void)state;
	struct ro_peer list[1] = {{cn, 5, 300}};
	at_home();
	ro_home(&ro, &hoa, &cn, rig.now);
	answer_hoti();
	answer_bu();
	ro_import(&ro, &hoa, list, 1, rig.now);
	rig_clear(&rig);
	run(span_s(10));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	assert_int_equal(table_count(&ro.entries), 0);
}

static void leaving_bindings_to_another_ends_them(void **state)
{
	(void)state;
	bind();
	path.is_leaving = true;
	path.coa = rig_addr(COA2);
	ro_move(&ro, &hoa, &path, rig.now);
	struct mh_packet p = sent(MH_BU); /* the home token is fresh: nothing else is needed */
	assert_int_equal(p.mh.bu.lifetime_s, 0);
	assert_true(p.has_hao && addr6_eq(&p.src, &path.coa));
	answer_bu();
	assert_false(peer.has_binding);
	run(span_s(10));
	want();
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

static void a_dropped_mobile_says_farewell_where_it_can(void **state)
{
	(void)state;
	bind();
	ro_drop(&ro, &hoa, true, rig.now);
	struct mh_packet p = sent(MH_BU);
	assert_int_equal(p.mh.bu.lifetime_s, 0);
	assert_int_equal(p.mh.bu.flags, 0);
	struct rr_kbm k = key_of(&p);
	assert_true(rr_verify(&k, &crypto_openssl, &p.src, &cn, &p));
	assert_int_equal(route(), 0);
	assert_null(ro_path(&ro, &hoa));
	assert_true(mono_is_never(ro_expiry(&ro)));
}

static void a_dropped_mobile_is_silent_when_told_so(void **state)
{
	(void)state;
	bind();
	ro_drop(&ro, &hoa, false, rig.now);
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	assert_int_equal(route(), 0);
}

/* --- lists ----------------------------------------------------------------------------------------------------------------------- */

static void a_list_goes_on_from_its_numbers(void **state)
{
	(void)state;
	struct ro_peer list[RO_PEERS_MAX];
	bind();
	run(span_s(100));
	assert_int_equal(ro_export(&ro, &hoa, list, RO_PEERS_MAX, rig.now), 1);
	assert_true(addr6_eq(&list[0].cn, &cn));
	assert_int_equal(list[0].seq, peer.seq);
	assert_in_range(list[0].left_s, 319, 321);
	ro_drop(&ro, &hoa, false, rig.now);
	rig_clear(&rig);

	path.coa = rig_addr(COA2); /* another agent */
	ro_move(&ro, &hoa, &path, rig.now);
	ro_import(&ro, &hoa, list, 1, rig.now);
	answer_hoti();
	answer_coti();
	assert_int_equal(sent(MH_BU).mh.bu.seq, (uint16_t)(peer.seq + 1));
	answer_bu();
	assert_int_equal(route(), 2);
	ro_import(&ro, &hoa, list, 1, rig.now); /* the same list once more */
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
}

static void a_list_that_does_not_answer_stays_a_list(void **state)
{
	(void)state;
	struct ro_peer list[1] = {{cn, 5, 300}}, out[2];
	ro_import(&ro, &hoa, list, 1, rig.now);
	run(span_s(20));
	assert_int_equal(ro_export(&ro, &hoa, out, 2, rig.now), 1);
	assert_int_equal(out[0].seq, 5);
	rig_clear(&rig);
	run(span_s(60));
	assert_int_equal(n_sent(MH_HOTI) > 0, true); /* asked again by itself */
	run(span_s(300));
	assert_int_equal(ro_export(&ro, &hoa, out, 2, rig.now), 0);
}

static void a_long_list_takes_its_turn(void **state)
{
	(void)state;
	struct ro_conf c = ro_conf_default;
	struct ro_peer list[20];
	c.starts = 5;
	ro_reconf(&ro, &c);
	for (uint32_t i = 0; i < 20; i++) {
		list[i] = (struct ro_peer){cn, (uint16_t)i, 300};
		list[i].cn.b[15] = (uint8_t)(0x20 + i);
	}
	ro_import(&ro, &hoa, list, 20, rig.now);
	assert_int_equal(n_sent(MH_COTI), 5);
	run(span_ms(900));
	assert_in_range(n_sent(MH_COTI), 8, 10);
	assert_int_equal(table_count(&ro.entries), 20);
}

/* The records in the queue of effects, given to an initiator that knows nothing. */
static void restart_with(const struct ro_path *p, span_t later)
{
	struct { uint8_t key[32], val[64]; size_t val_len; } rec[4];
	uint32_t n = 0;
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(&rig, FX_STORE_PUT, i)); i++, n++) {
		assert_true(n < 4 && e->store.table == STORE_RO_MMA && e->store.key_len_oct == 32);
		memcpy(rec[n].key, effq_bytes(&rig.fx, e->store.off), 32);
		rec[n].val_len = e->store.val_len_oct;
		memcpy(rec[n].val, effq_bytes(&rig.fx, e->store.off + 32), rec[n].val_len);
	}
	ro_fini(&ro);
	rig_clear(&rig);
	rig.now.mono = mono_add(rig.now.mono, later);
	rig.now.wall = wall_add(rig.now.wall, later);
	ro_init(&ro, &rig.env, ROLE_MMA, NULL, NULL);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(ro_restore(&ro, &(struct store_rec){STORE_RO_MMA, rec[i].key, rec[i].val, 32, rec[i].val_len}, rig.now), ERR_OK);
	if (p)
		ro_move(&ro, &hoa, p, rig.now);
	ro_restored(&ro, true, rig.now);
}

static void a_restart_goes_on_with_what_was_bound(void **state)
{
	(void)state;
	struct ro_peer list[4];
	test_both();
	answer_bu();
	struct ro_path here = {.coa = coa, .ha = ha, .until = mono_add(rig.now.mono, span_s(3600))};
	restart_with(&here, span_s(120));
	assert_int_equal(rig_count(&rig, FX_SEND), 0);
	assert_int_equal(route(), 2);
	assert_true(addr6_eq(&entry()->coa, &coa));
	assert_in_range(mono_sub(entry()->expires, rig.now.mono).ns, span_s(299).ns, span_s(300).ns);
	assert_int_equal(ro_export(&ro, &hoa, list, 4, rig.now), 1);
	assert_int_equal(list[0].seq, peer.seq);
	rig_clear(&rig);
	ro_move(&ro, &hoa, &path, rig.now); /* the home agent's packets say that it is registered */
	while (!rig_count(&rig, FX_SEND))
		run(span_s(1));
	answer_hoti();
	answer_coti();
	assert_int_equal(sent(MH_BU).mh.bu.seq, (uint16_t)(peer.seq + 1));
	answer_bu();
	assert_int_equal(route(), 2);
}

static void a_restart_without_the_mobile_leaves_nothing(void **state)
{
	(void)state;
	test_both();
	answer_bu();
	restart_with(NULL, span_s(1));
	assert_int_equal(route(), 0);
	assert_int_equal(rig_count(&rig, FX_STORE_DEL), 1);
	assert_int_equal(table_count(&ro.entries), 0);
}

static void a_restart_elsewhere_tells_who_was_bound(void **state)
{
	(void)state;
	test_both();
	answer_bu();
	path.coa = rig_addr(COA2);
	restart_with(&path, span_s(1));
	assert_int_equal(route(), 1);
	assert_int_equal(n_sent(MH_HOTI), 1);
	assert_int_equal(n_sent(MH_COTI), 1);
}

static void records_end_with_their_bindings(void **state)
{
	(void)state;
	bind();
	at_home(); /* the home token is fresh */
	answer_bu();
	assert_int_equal(rig_count(&rig, FX_STORE_DEL), 1);
}

static void damaged_records_are_refused(void **state)
{
	(void)state;
	uint8_t key[32], val[64];
	for (int i = 0; i < 2000; i++) {
		rig.rng.fill(rig.rng.ctx, key, sizeof key);
		rig.rng.fill(rig.rng.ctx, val, sizeof val);
		val[0] = i & 1;
		struct store_rec r = {STORE_RO_MMA, key, val, (size_t)(i % 33), (size_t)(i % 65)};
		int err = ro_restore(&ro, &r, rig.now);
		assert_true(err != ERR_OK || (r.key_len_oct == 32 && r.val_len_oct >= 51 && val[0] == 1));
	}
	assert_int_equal(ro_restore(&ro, &(struct store_rec){STORE_MN, key, val, 32, 64}, rig.now), ERR_NOTFOUND);
	ro_restored(&ro, true, rig.now);
	assert_int_equal(table_count(&ro.entries), 0);
}

/* --- limits ------------------------------------------------------------------------------------------------------------------------ */

static void limits_hold(void **state)
{
	(void)state;
	struct ro_conf c = ro_conf_default;
	struct addr6 a = cn;
	c.per_mobile = 4;
	c.starts = 1000;
	ro_reconf(&ro, &c);
	for (uint8_t i = 0; i < 10; i++) {
		a.b[15] = (uint8_t)(0x20 + i);
		ro_want(&ro, &hoa, &a, rig.now);
	}
	assert_int_equal(table_count(&ro.entries), 4);
	assert_int_equal(count(R_RO_LIMIT), 6);
	run(span_s(16)); /* they fail, and make room */
	a.b[15] = 0x50;
	ro_want(&ro, &hoa, &a, rig.now);
	assert_int_equal(table_count(&ro.entries), 4);
	assert_int_equal(count(R_RO_LIMIT), 6);
	c.entries = 4;
	ro_reconf(&ro, &c);
	struct addr6 second = rig_addr("2001:db8:1::200");
	struct ro_path p2 = path;
	p2.coa = rig_addr("2001:db8:2:ff::8");
	ro_move(&ro, &second, &p2, rig.now);
	ro_want(&ro, &second, &a, rig.now);
	assert_int_equal(count(R_RO_LIMIT), 7);
}

static void too_many_starts_a_second_leave_nothing_behind(void **state)
{
	(void)state;
	struct ro_conf c = ro_conf_default;
	struct addr6 a = cn;
	c.starts = 3;
	ro_reconf(&ro, &c);
	for (uint8_t i = 0; i < 10; i++) {
		a.b[15] = (uint8_t)(0x20 + i);
		ro_want(&ro, &hoa, &a, rig.now);
	}
	assert_int_equal(table_count(&ro.entries), 3);
	assert_int_equal(rig_count(&rig, FX_SEND), 6);
}

static void nonsense_is_not_begun_with(void **state)
{
	(void)state;
	static const char *const no[] = {HOA, HA, COA, "fe80::1", "ff02::1", "::", "::1"};
	for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
		struct addr6 a = rig_addr(no[i]);
		ro_want(&ro, &hoa, &a, rig.now);
	}
	struct addr6 unknown = rig_addr("2001:db8:1::999");
	ro_want(&ro, &unknown, &cn, rig.now);
	assert_int_equal(rig.fx.n, 0);
}

static void an_idle_binding_makes_room(void **state)
{
	(void)state;
	struct ro_conf c = ro_conf_default;
	struct addr6 a = rig_addr("2001:db8:9::20");
	c.per_mobile = 1;
	ro_reconf(&ro, &c);
	bind();
	ro_want(&ro, &hoa, &a, rig.now);
	assert_int_equal(n_sent(MH_COTI), 0);
	is_used = false;
	ro_want(&ro, &hoa, &a, rig.now);
	assert_int_equal(n_sent(MH_COTI), 1);
	assert_int_equal(sent(MH_BU).mh.bu.lifetime_s, 0);
}

static void without_memory_nothing_is_begun(void **state)
{
	(void)state;
	struct addr6 second = rig_addr("2001:db8:1::200");
	for (int i = 0; i < 6; i++) {
		rig.fail_in = i;
		(void)ro_move(&ro, &second, &path, rig.now);
		rig.fail_in = i;
		ro_want(&ro, &hoa, &cn, rig.now);
		rig.fail_in = -1;
		ro_drop(&ro, &second, false, rig.now);
		ro_drop(&ro, &hoa, false, rig.now);
		ro_move(&ro, &hoa, &path, rig.now);
	}
}

static void garbage_changes_nothing(void **state)
{
	(void)state;
	uint8_t buf[200];
	bind();
	for (int i = 0; i < 20000; i++) {
		rig.rng.fill(rig.rng.ctx, buf, sizeof buf);
		buf[0] = 0x60;
		buf[6] = i & 1 ? NH_MH : NH_ICMP6;
		memcpy(buf + 8, &cn, 16);
		memcpy(buf + 24, &coa, 16);
		const struct rx rx = {.why = i & 1 ? DP_PUNT_MH : DP_PUNT_ICMP_ERR, .pkt = buf, .len_oct = (size_t)(i % 200)};
		ro_rx(&ro, &rx, rig.now);
	}
	assert_int_equal(rig.fx.n, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(both_tests_leave_at_once_the_home_test_through_the_home_agent),
		T(an_update_follows_both_tests_in_either_order),
		T(the_other_order),
		T(a_binding_never_outlasts_the_registration), T(a_shortened_registration_shortens_bindings),
		T(a_shorter_grant_counts),
		T(nothing_is_asked_until_the_home_agent_has_accepted),
		T(what_is_not_answered_is_sent_again_with_new_cookies_and_given_up),
		T(only_the_missing_test_is_sent_again),
		T(an_update_is_sent_again_with_another_number),
		T(an_update_without_answer_leaves_the_way_through_the_home_agent),
		T(tests_that_were_not_asked_for_change_nothing),
		T(a_late_or_double_test_changes_nothing),
		T(an_acknowledgement_must_be_authentic_and_answer_something),
		T(another_number_is_taken_at_once_but_not_for_ever),
		T(expired_nonces_are_fetched_anew),
		T(a_refusal_is_respected_for_long),
		T(a_node_without_mobile_ipv6_is_left_alone),
		T(parameter_problem_about_our_test_stops_it_a_forged_one_does_not),
		T(unreachable_ends_the_attempt),
		T(a_used_binding_is_refreshed_with_new_tokens_before_it_ends),
		T(a_refresh_is_acknowledged_without_a_gap),
		T(an_unused_binding_ends_and_packets_go_through_the_home_agent_in_time),
		T(use_after_the_first_look_still_refreshes),
		T(a_refresh_request_starts_a_test_only_for_who_holds_a_binding),
		T(a_lost_binding_is_made_again_meanwhile_through_the_home_agent),
		T(packets_by_the_detour_make_an_old_binding_doubtful),
		T(after_a_move_the_home_token_serves_again),
		T(after_a_late_move_both_tests_are_done),
		T(an_answer_for_the_old_place_does_not_count),
		T(at_home_bindings_are_ended_with_a_home_test_alone),
		T(at_home_a_packet_by_the_old_agent_ends_a_binding_not_known_of),
		T(data_under_way_arrives_before_the_binding_ends),
		T(a_list_that_comes_during_the_tests_gives_the_number),
		T(a_late_list_does_not_end_a_binding_twice),
		T(leaving_bindings_to_another_ends_them),
		T(a_dropped_mobile_says_farewell_where_it_can),
		T(a_dropped_mobile_is_silent_when_told_so),
		T(a_list_goes_on_from_its_numbers),
		T(a_list_that_does_not_answer_stays_a_list),
		T(a_long_list_takes_its_turn),
		T(a_restart_goes_on_with_what_was_bound),
		T(a_restart_without_the_mobile_leaves_nothing),
		T(a_restart_elsewhere_tells_who_was_bound),
		T(records_end_with_their_bindings),
		T(damaged_records_are_refused),
		T(limits_hold),
		T(too_many_starts_a_second_leave_nothing_behind),
		T(nonsense_is_not_begun_with),
		T(an_idle_binding_makes_room),
		T(without_memory_nothing_is_begun),
		T(garbage_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
