/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Authenticators of Mobile IPv4, and sessions of another implementation (recorded for this project): each registration message is
 * parsed, authenticated (SPI 256, HMAC-MD5), and built again byte for byte, signed by us. H-7, H-10.
 */
#include "../kit/kit.h"
#include "core/auth/sa4.h"
#include "wire/arp/arp.h"
#include "wire/ip/csum.h"
#include "wire/mip4/mip4_packet.h"
#include "../kit/wire_pcap.h"

#define KEY "1234567812345678"
static const struct crypto_ops *const ops = &crypto_openssl;

static void key_of(struct sa_key *k, enum mac_alg alg, uint32_t spi) { assert_int_equal(sa4_key_init(k, ops, "mn", spi, alg, KEY, 16), ERR_OK); }

struct seen { struct sa_key *key; unsigned requests, replies, rebuilt, authenticated, deregistered, forged; };

static void rebuild(struct seen *s, const uint8_t *pkt, size_t n, const struct mip4_packet *p)
{
	uint8_t again[256];
	struct mip4 m = p->m;
	struct mip4_built b;
	struct mip4_path path = {.src = p->src, .dst = p->dst, .sport = p->sport, .dport = p->dport, .ttl = p->ttl, .id = (uint16_t)(pkt[4] << 8 | pkt[5])};
	assert_int_equal(mip4_packet_build(again, sizeof again, &path, &m, &b), n);
	sa4_sign(s->key, ops, again + b.msg_off, &m.ext.auth[MIP4_MH]);
	mip4_packet_finish(&b, again);
	/* The recorder stood before the network card: the checksum is as the kernel leaves it to the card, the sum of the pseudo-header alone. */
	uint32_t pseudo = csum_add(csum_add(0, pkt + 12, 8), (const uint8_t[]){0, 17, pkt[24], pkt[25]}, 4);
	uint16_t left = (uint16_t)~csum_fold(pseudo);
	if (pkt[26] == left >> 8 && pkt[27] == (left & 0xff))
		memcpy(again + 26, pkt + 26, 2);
	assert_memory_equal(again, pkt, n);
	s->rebuilt++;
}

static void each(void *ctx, const uint8_t *pkt, size_t n)
{
	struct seen *s = ctx;
	struct mip4_packet p;
	uint8_t copy[256];
	if (n > sizeof copy || n < 28 || pkt[9] != 17)
		return;
	memcpy(copy, pkt, n);
	enum wire_err e = mip4_packet_parse(copy, n, &p);
	if (e == W_CHECKSUM) { /* left to the network card when it was recorded */
		copy[26] = copy[27] = 0;
		e = mip4_packet_parse(copy, n, &p);
	}
	if (e == W_PROTO)
		return;
	assert_int_equal(e, W_OK);
	s->requests += p.m.type == MIP4_REQUEST;
	s->replies += p.m.type == MIP4_REPLY;
	s->deregistered += p.m.type == MIP4_REQUEST && p.m.request.lifetime_s == 0;
	s->authenticated += sa4_verify(s->key, ops, p.msg, &p.m.ext.auth[MIP4_MH]);
	rebuild(s, pkt, n, &p);
	for (size_t i = 0; i < p.m.len_oct; i++) {
		uint8_t *at = copy + (p.msg - copy) + i;
		*at ^= 1;
		bool is_spi = i >= p.m.ext.auth[MIP4_MH].off - 4u && i < p.m.ext.auth[MIP4_MH].off;
		s->forged += !is_spi && sa4_verify(s->key, ops, p.msg, &p.m.ext.auth[MIP4_MH]);
		*at ^= 1;
	}
}

static void recorded_sessions_authenticate_and_build_again(void **state)
{
	(void)state;
	static const char *const sessions[] = {GOLDEN_DIR "/mipv4-session.pcap", GOLDEN_DIR "/mipv4-session-core.pcap"};
	struct sa_key key;
	key_of(&key, MAC_HMAC_MD5, 256);
	for (size_t i = 0; i < 2; i++) {
		struct seen s = {.key = &key};
		int frames = pcap_each_ip4(sessions[i], each, &s);
		print_message("%s: %d frames, %u requests, %u replies, %u authenticated, %u built again\n", strrchr(sessions[i], '/') + 1, frames,
			      s.requests, s.replies, s.authenticated, s.rebuilt);
		assert_true(frames > 700);
		assert_int_equal(s.requests, 3);
		assert_int_equal(s.replies, 3);
		assert_int_equal(s.deregistered, 1);
		assert_int_equal(s.authenticated, 6);
		assert_int_equal(s.rebuilt, 6);
		assert_int_equal(s.forged, 0);
	}
	sa_key_fini(&key, ops);
}

static void on_arp(void *ctx, const uint8_t *p, size_t n)
{
	struct arp a;
	uint8_t again[ARP_OCT];
	unsigned *seen = ctx;
	assert_int_equal(arp_parse(p, n, &a), W_OK);
	assert_int_equal(arp_build(again, sizeof again, &a), ARP_OCT);
	assert_memory_equal(again, p, ARP_OCT);
	++*seen;
}

static void recorded_arp_builds_again(void **state)
{
	(void)state;
	unsigned seen = 0;
	(void)pcap_each_arp(GOLDEN_DIR "/mipv4-session.pcap", on_arp, &seen);
	assert_int_equal(seen, 8);
}

/* A key of each algorithm: signed, verified, and no changed byte goes unnoticed; another kind's and a second one are no proof. */
static void every_algorithm_signs_and_verifies(void **state)
{
	(void)state;
	static const enum mac_alg algs[] = {MAC_HMAC_MD5, MAC_HMAC_SHA1, MAC_HMAC_SHA256};
	for (size_t i = 0; i < 3; i++) {
		struct sa_key k, fa;
		uint8_t buf[256];
		struct mip4_built b;
		struct mip4_packet p;
		struct addr6 ha = addr6_any, coa = addr6_any, hoa = addr6_any;
		assert_true(addr46_parse(&ha, "192.0.2.1") && addr46_parse(&coa, "198.51.100.7") && addr46_parse(&hoa, "192.0.2.9"));
		key_of(&k, algs[i], 256);
		key_of(&fa, MAC_HMAC_SHA256, 4096);
		struct mip4 m = {.type = MIP4_REPLY, .reply = {MIP4_ACCEPTED, 60, hoa, ha, 5}};
		m.ext.auth[MIP4_MH] = sa4_auth(&k);
		m.ext.auth[MIP4_FH] = sa4_auth(&fa);
		size_t n = mip4_packet_build(buf, sizeof buf, &(struct mip4_path){.src = ha, .dst = coa}, &m, &b);
		sa4_sign(&k, ops, buf + b.msg_off, &m.ext.auth[MIP4_MH]);
		sa4_sign(&fa, ops, buf + b.msg_off, &m.ext.auth[MIP4_FH]);
		mip4_packet_finish(&b, buf);
		assert_int_equal(mip4_packet_parse(buf, n, &p), W_OK);
		const struct mip4_auth *mh = &p.m.ext.auth[MIP4_MH], *fh = &p.m.ext.auth[MIP4_FH];
		assert_true(sa4_verify(&k, ops, p.msg, mh) && sa4_verify(&fa, ops, p.msg, fh));
		assert_false(sa4_verify(&k, ops, p.msg, fh) || sa4_verify(&fa, ops, p.msg, mh) || sa4_verify(&k, ops, p.msg, &p.m.ext.auth[MIP4_MF]));
		struct mip4_auth twice = *mh;
		twice.n = 2;
		assert_false(sa4_verify(&k, ops, p.msg, &twice));
		for (size_t at = 0; at < p.m.len_oct; at++) { /* mobile-home covers itself, foreign-home all */
			buf[b.msg_off + at] ^= 0x10;
			assert_int_equal(sa4_verify(&k, ops, p.msg, mh), at >= (size_t)mh->off + mh->len_oct);
			assert_false(sa4_verify(&fa, ops, p.msg, fh));
			buf[b.msg_off + at] ^= 0x10;
		}
		sa_key_fini(&k, ops);
		sa_key_fini(&fa, ops);
	}
}

static void reserved_indices_and_the_other_familys_messages_are_refused(void **state)
{
	(void)state;
	struct sa_key k;
	assert_int_equal(sa4_key_init(&k, ops, "mn", 255, MAC_HMAC_MD5, KEY, 16), ERR_INVAL);
	assert_int_equal(sa4_key_init(&k, ops, "mn", 256, MAC_HMAC_MD5, KEY, 0), ERR_INVAL);
	assert_int_equal(sa_key_init(&k, ops, "mn", 256, MAC_HMAC_MD5, KEY, 16), ERR_INVAL); /* RFC 4285 has no such algorithm */
	key_of(&k, MAC_HMAC_MD5, 256);
	struct mh_packet p = {.mh.opt = {.has_auth = true, .auth = {.spi = 256, .len_oct = MH_AUTH_LEN_OCT}}};
	assert_false(sa_verify(&k, ops, &addr6_any, &addr6_any, &p));
	sa_key_fini(&k, ops);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_sessions_authenticate_and_build_again),
		cmocka_unit_test(recorded_arp_builds_again),
		cmocka_unit_test(every_algorithm_signs_and_verifies),
		cmocka_unit_test(reserved_indices_and_the_other_familys_messages_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
