/* SPDX-License-Identifier: BSD-2-Clause */
/* Security associations and hashes. Requirements H-10 and H-13 rest on them. */
#include "../kit/kit.h"
#include "core/auth/sa.h"

static void from_hex(const char *hex, uint8_t *out)
{
	for (; *hex; hex += 2, out++) {
		char two[3] = {hex[0], hex[1], 0};
		*out = (uint8_t)strtoul(two, NULL, 16);
	}
}

struct vector { enum mac_alg alg; uint8_t fill; size_t key_oct; const char *text; const char *mac; };

static void macs_match_published_vectors(void **state)
{
	(void)state;
	static const struct vector v[] = {
		/* RFC 2202 3, cases 1 and 6; RFC 4231 4.2 and 4.7; RFC 2202 2 case 6 */
		{MAC_HMAC_SHA1, 0x0b, 20, "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"},
		{MAC_HMAC_SHA1, 0xaa, 80, "Test Using Larger Than Block-Size Key - Hash Key First",
		 "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
		{MAC_HMAC_SHA256, 0x0b, 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{MAC_HMAC_SHA256, 0xaa, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
		 "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
		{MAC_HMAC_MD5, 0xaa, 80, "Test Using Larger Than Block-Size Key - Hash Key First", "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd"},
	};
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		uint8_t key[131], want[32], got[32];
		memset(key, v[i].fill, sizeof key);
		from_hex(v[i].mac, want);
		struct mac_key *k = crypto_openssl.mac_key_new(NULL, v[i].alg, key, v[i].key_oct);
		/* In two pieces, and twice: a prepared key is not used up. */
		struct iov_in in[] = {{v[i].text, 3}, {v[i].text + 3, strlen(v[i].text) - 3}};
		for (int twice = 0; twice < 2; twice++) {
			size_t n = crypto_openssl.mac(NULL, k, in, 2, got);
			assert_int_equal(n, strlen(v[i].mac) / 2);
			assert_memory_equal(got, want, n);
		}
		crypto_openssl.mac_key_free(NULL, k);
	}
}

static void sha1_matches_its_vector(void **state)
{
	(void)state;
	uint8_t want[20], got[20];
	from_hex("a9993e364706816aba3e25717850c26c9cd0d89d", want); /* RFC 3174 7.3, "abc" */
	struct iov_in in[] = {{"a", 1}, {"bc", 2}};
	crypto_openssl.sha1(NULL, in, 2, got);
	assert_memory_equal(got, want, 20);
}

static void keys_that_cannot_be_are_refused(void **state)
{
	(void)state;
	struct sa_key k;
	char raw[SA_RAW_MAX + 1] = {0};
	assert_int_equal(sa_key_init(&k, &crypto_openssl, "a", 255, MAC_HMAC_SHA1, "k", 1), ERR_INVAL);
	assert_int_equal(sa_key_init(&k, &crypto_openssl, "a", 256, MAC_HMAC_MD5, "k", 1), ERR_INVAL);
	assert_int_equal(sa_key_init(&k, &crypto_openssl, "a", 256, MAC_HMAC_SHA1, "", 0), ERR_INVAL);
	assert_int_equal(sa_key_init(&k, &crypto_openssl, "a", 256, MAC_HMAC_SHA1, raw, sizeof raw), ERR_INVAL);
	assert_int_equal(sa_key_init(&k, &crypto_openssl, "", 256, MAC_HMAC_SHA1, "k", 1), ERR_INVAL);
	assert_int_equal(sa_key_init(&k, &crypto_openssl, "a-name-of-thirty-two-characters-x", 256, MAC_HMAC_SHA1, "k", 1), ERR_INVAL);
}

static const struct addr6 coa = {{0x20, 1, 0xd, 0xb8, 2, [15] = 5}}, agent = {{0x20, 1, 0xd, 0xb8, 1, [15] = 1}},
			  hoa = {{0x20, 1, 0xd, 0xb8, 1, [15] = 100}};

static size_t signed_bu(const struct sa_key *k, const struct addr6 *alt, uint8_t *pkt, size_t cap)
{
	struct mh m = {.type = MH_BU, .bu = {7, BU_A | BU_H, 60}, .opt = {.has_auth = true, .auth = {.spi = k->spi}}};
	struct mh_built built;
	if (alt) {
		m.opt.has_alt_coa = true;
		m.opt.alt_coa = *alt;
	}
	size_t n = bu_packet_build(pkt, cap, &coa, &agent, &hoa, &m, &built);
	sa_sign(k, &crypto_openssl, alt ? alt : &coa, &hoa, &built, pkt);
	return n;
}

static bool verifies(const struct sa_key *k, const uint8_t *pkt, size_t n)
{
	struct mh_packet p;
	return mh_packet_parse(pkt, n, &p) == W_OK && sa_verify(k, &crypto_openssl, mh_packet_coa(&p), &p.peer, &p);
}

/* RFC 4285 5.1, computed here by hand: care-of address | home address | header to the SPI, checksum zero. */
static void authenticator_covers_what_the_rfc_says(void **state)
{
	(void)state;
	struct kit kit;
	kit_init(&kit);
	const struct sa_key *k = kit_add_key(&kit, "mn1", 256, MAC_HMAC_SHA1, "0123456789abcdef");
	uint8_t pkt[512], text[512], mac[32];
	size_t n = signed_bu(k, NULL, pkt, sizeof pkt);
	struct mh_packet p;
	assert_int_equal(mh_packet_parse(pkt, n, &p), W_OK);
	size_t off = p.mh.opt.auth.off;
	memcpy(text, &coa, 16);
	memcpy(text + 16, &hoa, 16);
	memcpy(text + 32, p.head, off);
	text[32 + 4] = text[32 + 5] = 0;
	struct mac_key *raw = crypto_openssl.mac_key_new(NULL, MAC_HMAC_SHA1, "0123456789abcdef", 16);
	crypto_openssl.mac(NULL, raw, (struct iov_in[]){{text, 32 + off}}, 1, mac);
	assert_memory_equal(mac, p.head + off, 12);
	crypto_openssl.mac_key_free(NULL, raw);
	kit_fini(&kit);
}

static void every_changed_byte_is_noticed(void **state)
{
	(void)state;
	struct kit kit;
	kit_init(&kit);
	const enum mac_alg algs[] = {MAC_HMAC_SHA1, MAC_HMAC_SHA256};
	for (int a = 0; a < 2; a++) {
		const struct sa_key *k = kit_add_key(&kit, a ? "b" : "a", 256, algs[a], "0123456789abcdef");
		for (int with_alt = 0; with_alt < 2; with_alt++) {
			struct addr6 alt = coa;
			alt.b[15] = 9;
			uint8_t pkt[512];
			size_t n = signed_bu(k, with_alt ? &alt : NULL, pkt, sizeof pkt);
			assert_true(verifies(k, pkt, n));
			struct mh_packet p;
			assert_int_equal(mh_packet_parse(pkt, n, &p), W_OK);
			/* Past the parser (the checksum would notice first): flip each byte of the header. */
			uint8_t *head = pkt + (p.head - pkt);
			for (size_t i = 0; i < p.mh.opt.auth.off + 12u; i++) {
				head[i] ^= 1;
				bool is_checksum = i == 4 || i == 5;
				assert_int_equal(sa_verify(k, &crypto_openssl, mh_packet_coa(&p), &p.peer, &p), is_checksum);
				head[i] ^= 1;
			}
			assert_false(sa_verify(k, &crypto_openssl, &hoa, &hoa, &p));
			assert_false(sa_verify(k, &crypto_openssl, mh_packet_coa(&p), &coa, &p));
		}
	}
	assert_false(sa_verify(&kit.key[0], &crypto_openssl, &coa, &hoa, &(struct mh_packet){0}));
	kit_fini(&kit);
}

static void derived_keys_differ_by_what_they_are_derived_from(void **state)
{
	(void)state;
	struct kit kit;
	kit_init(&kit);
	const struct sa_key *k = kit_add_key(&kit, "mn1", 256, MAC_HMAC_SHA1, "0123456789abcdef");
	uint8_t a[32], b[32], want[32];
	sa_derive_mma(k, &crypto_openssl, "foreign", a);
	sa_derive_mma(k, &crypto_openssl, "home", b);
	assert_memory_not_equal(a, b, 32);
	/* printf mmaforeign | openssl dgst -sha256 -hmac 0123456789abcdef */
	from_hex("6d5ad97ad9b5ffe34c1f9b321ee17c9aa9b38ef038a840eca27fb4f835794a81", want);
	assert_memory_equal(a, want, 32);
	/* the same by Python's hmac module */
	assert_int_equal(sa_uplink_key(k, &crypto_openssl, &hoa, 0x0102030405060708), 0xb8440993);
	assert_int_not_equal(sa_uplink_key(k, &crypto_openssl, &hoa, 1), sa_uplink_key(k, &crypto_openssl, &hoa, 2));
	assert_int_not_equal(sa_uplink_key(k, &crypto_openssl, &hoa, 1), sa_uplink_key(k, &crypto_openssl, &coa, 1));
	kit_fini(&kit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(macs_match_published_vectors), cmocka_unit_test(sha1_matches_its_vector),
		cmocka_unit_test(keys_that_cannot_be_are_refused), cmocka_unit_test(authenticator_covers_what_the_rfc_says),
		cmocka_unit_test(every_changed_byte_is_noticed), cmocka_unit_test(derived_keys_differ_by_what_they_are_derived_from),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
