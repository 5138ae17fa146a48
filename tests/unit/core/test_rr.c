/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Return routability (RFC 6275 5.2, 6.2.7): keys against RFC 2202 and against values computed with Python's hmac, authenticators
 * against recorded sessions of another implementation, nonces against the RFC's lifetimes. H-15, H-17.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/prng.h"
#include "core/ro/rr.h"
#include "plat/crypto_openssl.h"
#include "../kit/plain.h"
#include "../kit/wire_pcap.h"

static const struct crypto_ops *const ops = &crypto_openssl;

static mono_t at_s(int64_t s) { return (mono_t){(1000 + s) * NS_PER_S}; }

/* RFC 2202 section 3, test cases 1 and 2. */
static void hmac_is_that_of_rfc_2202(void **state)
{
	(void)state;
	static const uint8_t want1[] = {0xb6, 0x17, 0x31, 0x86, 0x55, 0x05, 0x72, 0x64, 0xe2, 0x8b,
					0xc0, 0xb6, 0xfb, 0x37, 0x8c, 0x8e, 0xf1, 0x46, 0xbe, 0x00};
	static const uint8_t want2[] = {0xef, 0xfc, 0xdf, 0x6a, 0xe5, 0xeb, 0x2f, 0xa2, 0xd2, 0x74,
					0x16, 0xd5, 0xf1, 0x84, 0xdf, 0x9c, 0x25, 0x9a, 0x7c, 0x79};
	uint8_t key[20], out[20];
	memset(key, 0x0b, sizeof key);
	rr_hmac_sha1(ops, key, sizeof key, (struct iov_in[]){{"Hi ", 3}, {"There", 5}}, 2, out);
	assert_memory_equal(out, want1, 20);
	rr_hmac_sha1(ops, "Jefe", 4, (struct iov_in[]){{"what do ya want for nothing?", 28}}, 1, out);
	assert_memory_equal(out, want2, 20);
}

/* Kcn 00 01 .. 13, nonce 80 .. 87; the right side from Python. */
static void tokens_and_key_are_those_of_another_implementation(void **state)
{
	(void)state;
	static const uint8_t kbm_both[] = {0x45, 0xc4, 0x3f, 0x0d, 0x83, 0x5d, 0x1b, 0x7b, 0x01, 0x9e, 0x82, 0xf8, 0xa5, 0x21, 0x84, 0xa8, 0xb7, 0x03, 0x94, 0x26};
	static const uint8_t kbm_home[] = {0x52, 0x37, 0xb5, 0x98, 0xcc, 0x46, 0xe6, 0xa2, 0x79, 0x0b, 0x86, 0x0b, 0x1b, 0x5a, 0x6a, 0x8f, 0x1b, 0x77, 0x57, 0x5f};
	struct rr_nonces ns = {.index = 5};
	struct rr_nonce *n = &ns.ring[5];
	struct addr6 hoa = plain_addr("2001:db8:1::100"), coa = plain_addr("2001:db8:2::200");
	struct rr_kbm k;
	*n = (struct rr_nonce){.since = at_s(0), .is_valid = true};
	for (uint8_t i = 0; i < 20; i++)
		n->kcn[i] = i;
	for (uint8_t i = 0; i < 8; i++)
		n->nonce[i] = 0x80 + i;
	uint64_t home = rr_home_token(&ns, ops, 5, &hoa), care_of = rr_coa_token(&ns, ops, 5, &coa);
	assert_true(home == 0xe86b447fa76e7430);
	assert_true(care_of == 0x4b270f7a55643610);
	rr_kbm(ops, home, &care_of, &k);
	assert_memory_equal(k.b, kbm_both, 20);
	rr_kbm(ops, home, NULL, &k);
	assert_memory_equal(k.b, kbm_home, 20);
}

static void home_and_coa_tokens_of_one_address_differ(void **state)
{
	(void)state;
	struct prng p;
	prng_seed(&p, 1);
	struct rng rng = prng_rng(&p);
	struct rr_nonces ns;
	struct addr6 a = plain_addr("2001:db8::1"), b = plain_addr("2001:db8::2");
	rr_nonces_init(&ns, &rng);
	uint16_t i = rr_nonce_now(&ns, &rng, at_s(0)), j = rr_nonce_now(&ns, &rng, at_s(RR_ROLL_S));
	assert_int_not_equal(i, j);
	assert_true(rr_home_token(&ns, ops, i, &a) != rr_coa_token(&ns, ops, i, &a));
	assert_true(rr_home_token(&ns, ops, i, &a) != rr_home_token(&ns, ops, i, &b));
	assert_true(rr_home_token(&ns, ops, i, &a) != rr_home_token(&ns, ops, j, &a));
	assert_memory_not_equal(ns.ring[i % RR_NONCE_N].kcn, ns.ring[j % RR_NONCE_N].kcn, 20); /* 5.2.7: Kcn changes with the nonce */
}

/* 5.2.7: MAX_NONCE_LIFETIME after the first use and no longer; a new one only when the newest has served 30 s. */
static void a_nonce_lives_240_seconds(void **state)
{
	(void)state;
	struct prng p;
	prng_seed(&p, 2);
	struct rng rng = prng_rng(&p);
	struct rr_nonces ns;
	rr_nonces_init(&ns, &rng);
	assert_false(rr_nonce_is_valid(&ns, ns.index, at_s(0))); /* none is there before the first test */
	uint16_t first = rr_nonce_now(&ns, &rng, at_s(0));
	assert_int_equal(rr_nonce_now(&ns, &rng, at_s(29)), first);
	for (int s = 30; s < 600; s += 10) {
		uint16_t i = rr_nonce_now(&ns, &rng, at_s(s));
		assert_int_equal(i, (uint16_t)(first + s / 30));
		assert_true(rr_nonce_is_valid(&ns, i, at_s(s)));
		assert_true(rr_nonce_is_valid(&ns, i, at_s(s + RR_MAX_TOKEN_LIFETIME_S))); /* a token sent now serves the mobile its time */
		assert_int_equal(rr_nonce_is_valid(&ns, first, at_s(s)), s < 240);
		assert_false(rr_nonce_is_valid(&ns, (uint16_t)(i + 1), at_s(s)));
		assert_false(rr_nonce_is_valid(&ns, (uint16_t)(i - 8), at_s(s)));
	}
}

/* Asked for seldom, nonces are made seldom; the old one ends all the same. */
static void a_quiet_node_makes_none(void **state)
{
	(void)state;
	struct prng p;
	prng_seed(&p, 3);
	struct rng rng = prng_rng(&p);
	struct rr_nonces ns;
	rr_nonces_init(&ns, &rng);
	uint16_t a = rr_nonce_now(&ns, &rng, at_s(0)), b = rr_nonce_now(&ns, &rng, at_s(100));
	assert_int_equal(b, (uint16_t)(a + 1));
	assert_true(rr_nonce_end(&ns, a, at_s(100)).ns == at_s(240).ns);
	assert_true(rr_nonce_is_valid(&ns, a, at_s(239)));
	assert_false(rr_nonce_is_valid(&ns, a, at_s(240)));
	assert_true(rr_nonce_is_valid(&ns, b, at_s(339)));
	assert_false(rr_nonce_is_valid(&ns, b, at_s(340)));
}

static void indices_wrap(void **state)
{
	(void)state;
	struct prng p;
	prng_seed(&p, 4);
	struct rng rng = prng_rng(&p);
	struct rr_nonces ns = {.index = 0xfffd};
	uint16_t i = 0;
	for (int n = 0; n < 5; n++)
		i = rr_nonce_now(&ns, &rng, at_s(30 * n));
	assert_int_equal(i, 2);
	for (uint16_t k = 0xfffe; k != 3; k++)
		assert_true(rr_nonce_is_valid(&ns, k, at_s(130)));
}

/* 9.5.3: the next token is of a newer nonce, those given out before stay good; and nobody can make nonces die early this way. */
static void a_retired_nonce_is_given_out_no_more(void **state)
{
	(void)state;
	struct prng p;
	prng_seed(&p, 5);
	struct rng rng = prng_rng(&p);
	struct rr_nonces ns;
	rr_nonces_init(&ns, &rng);
	uint16_t a = rr_nonce_now(&ns, &rng, at_s(0));
	rr_nonce_retire(&ns, (uint16_t)(a - 1), at_s(1));
	assert_int_equal(rr_nonce_now(&ns, &rng, at_s(1)), a); /* that was another one */
	rr_nonce_retire(&ns, a, at_s(1));
	assert_int_equal(rr_nonce_now(&ns, &rng, at_s(1)), (uint16_t)(a + 1));
	assert_true(rr_nonce_is_valid(&ns, a, at_s(239)));
	for (int64_t s = 2; s < 1000; s++) { /* somebody does nothing else */
		uint16_t now = 0;
		for (int i = 0; i < 100; i++) {
			now = rr_nonce_now(&ns, &rng, at_s(s));
			rr_nonce_retire(&ns, now, at_s(s));
		}
		for (uint16_t k = (uint16_t)(now - RR_NONCE_N + 1); k != now; k++) {
			const struct rr_nonce *n = &ns.ring[k % RR_NONCE_N];
			bool is_young = n->is_valid && n->since.ns + 240 * NS_PER_S > at_s(s).ns;
			assert_int_equal(rr_nonce_is_valid(&ns, k, at_s(s)), is_young);
		}
		/* the slot that is taken next holds a nonce that counts no more */
		const struct rr_nonce *next = &ns.ring[(uint16_t)(now + 1) % RR_NONCE_N];
		assert_true(!next->is_valid || next->since.ns + 240 * NS_PER_S <= at_s(s).ns);
	}
}

static void a_signed_message_verifies_and_a_changed_one_does_not(void **state)
{
	(void)state;
	struct addr6 hoa = plain_addr("2001:db8:1::100"), coa = plain_addr("2001:db8:2::200"), cn = plain_addr("2001:db8:3::1");
	struct mh m = {.bu = {.seq = 7, .flags = BU_A, .lifetime_s = 420}, .opt = {.has_nonce = true, .nonce_home = 1, .nonce_coa = 2,
		       .has_bind_auth = true}};
	struct mh_built built;
	struct mh_packet got;
	struct rr_kbm k = {{1, 2, 3}}, other = {{1, 2, 4}};
	uint8_t buf[256];
	size_t n = bu_packet_build(buf, sizeof buf, &coa, &cn, &hoa, &m, &built);
	rr_sign(&k, ops, &coa, &cn, &built, buf);
	assert_int_equal(mh_packet_parse(buf, n, &got), W_OK);
	assert_true(rr_verify(&k, ops, &coa, &cn, &got));
	assert_false(rr_verify(&other, ops, &coa, &cn, &got));
	assert_false(rr_verify(&k, ops, &hoa, &cn, &got));
	assert_false(rr_verify(&k, ops, &coa, &hoa, &got));
	for (size_t i = built.mh_off; i < n; i++) {
		bool is_checksum = i == built.mh_off + 4u || i == built.mh_off + 5u;
		buf[i] ^= 1;
		assert_int_equal(rr_verify(&k, ops, &coa, &cn, &got), is_checksum);
		buf[i] ^= 1;
	}
	got.mh.opt.has_bind_auth = false;
	assert_false(rr_verify(&k, ops, &coa, &cn, &got));
}

/* --- recorded sessions ------------------------------------------------------------------------------------- */

struct seen { uint64_t home, coa; bool has_home, has_coa; unsigned updates, acks; };

static void on_mh(struct seen *s, const struct mh_packet *p)
{
	if (p->mh.type == MH_HOT)
		s->home = p->mh.test.token, s->has_home = true;
	if (p->mh.type == MH_COT)
		s->coa = p->mh.test.token, s->has_coa = true;
	if (!p->mh.opt.has_bind_auth || !s->has_home || !s->has_coa)
		return;
	struct rr_kbm k;
	bool is_update = p->mh.type == MH_BU;
	rr_kbm(ops, s->home, (is_update ? p->mh.bu.lifetime_s : p->mh.ba.lifetime_s) ? &s->coa : NULL, &k);
	assert_true(rr_verify(&k, ops, is_update ? mh_packet_coa(p) : &p->dst, is_update ? &p->dst : &p->src, p));
	*(is_update ? &s->updates : &s->acks) += 1;
}

static void each(void *ctx, const uint8_t *pkt, size_t n)
{
	struct ip6_walk ip;
	struct mh_packet mh;
	assert_int_equal(ip6_walk(pkt, n, &ip), W_OK);
	if (ip.proto == NH_IPV6)
		each(ctx, pkt + ip.off, ip.len_oct);
	else if (ip.proto == NH_MH && mh_packet_parse(pkt, n, &mh) == W_OK)
		on_mh(ctx, &mh);
}

static void authenticators_of_recorded_updates_follow_from_recorded_tokens(void **state)
{
	(void)state;
	static const char *const files[] = {GOLDEN_DIR "/umip-session.pcap", GOLDEN_DIR "/umip-session-core.pcap",
					    GOLDEN_DIR "/umip-session-dhaad.pcap"};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct seen s = {0};
		assert_true(pcap_each_ip6(files[i], each, &s) > 100);
		print_message("%s: %u updates, %u acknowledgements\n", files[i], s.updates, s.acks);
		assert_true(s.updates >= 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hmac_is_that_of_rfc_2202),
		cmocka_unit_test(tokens_and_key_are_those_of_another_implementation),
		cmocka_unit_test(home_and_coa_tokens_of_one_address_differ),
		cmocka_unit_test(a_nonce_lives_240_seconds),
		cmocka_unit_test(a_quiet_node_makes_none),
		cmocka_unit_test(indices_wrap),
		cmocka_unit_test(a_retired_nonce_is_given_out_no_more),
		cmocka_unit_test(a_signed_message_verifies_and_a_changed_one_does_not),
		cmocka_unit_test(authenticators_of_recorded_updates_follow_from_recorded_tokens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
