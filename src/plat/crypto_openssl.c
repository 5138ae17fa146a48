/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keyed hashes by OpenSSL's libcrypto.
 *
 * A home agent verifies and signs with a few keys, 100,000 times a second. HMAC (RFC 2104) hashes a
 * padded key before the text, twice; a prepared key holds both hash states behind that step. OpenSSL's
 * plain hash contexts are structs that an assignment copies, whereas its EVP contexts are allocated at
 * each copy; OpenSSL 3 calls the plain ones deprecated, but has them with the same vector code. Hence the macro.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "plat/crypto_openssl.h"

#include <openssl/crypto.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_OCT = 64 }; /* of all three hashes */

union state {
	SHA_CTX sha1;
	SHA256_CTX sha256;
	MD5_CTX md5;
};

struct hash {
	size_t out_oct;
	void (*init)(union state *s);
	void (*update)(union state *s, const void *p, size_t n);
	void (*final)(union state *s, uint8_t *out);
};

struct mac_key {
	const struct hash *hash;
	union state inner, outer;
};

static void sha1_init(union state *s) { SHA1_Init(&s->sha1); }
static void sha1_update(union state *s, const void *p, size_t n) { SHA1_Update(&s->sha1, p, n); }
static void sha1_final(union state *s, uint8_t *out) { SHA1_Final(out, &s->sha1); }
static void sha256_init(union state *s) { SHA256_Init(&s->sha256); }
static void sha256_update(union state *s, const void *p, size_t n) { SHA256_Update(&s->sha256, p, n); }
static void sha256_final(union state *s, uint8_t *out) { SHA256_Final(out, &s->sha256); }
static void md5_init(union state *s) { MD5_Init(&s->md5); }
static void md5_update(union state *s, const void *p, size_t n) { MD5_Update(&s->md5, p, n); }
static void md5_final(union state *s, uint8_t *out) { MD5_Final(out, &s->md5); }

static const struct hash hashes[] = {
	[MAC_HMAC_SHA1] = {SHA_DIGEST_LENGTH, sha1_init, sha1_update, sha1_final},
	[MAC_HMAC_SHA256] = {SHA256_DIGEST_LENGTH, sha256_init, sha256_update, sha256_final},
	[MAC_HMAC_MD5] = {MD5_DIGEST_LENGTH, md5_init, md5_update, md5_final},
};

/* The state after one block of the key, padded with zeros, each byte xor-ed with pad. */
static void absorb_key(const struct hash *h, union state *s, const uint8_t key[static BLOCK_OCT], uint8_t pad)
{
	uint8_t block[BLOCK_OCT];

	for (size_t i = 0; i < BLOCK_OCT; i++)
		block[i] = key[i] ^ pad;
	h->init(s);
	h->update(s, block, sizeof block);
	OPENSSL_cleanse(block, sizeof block);
}

static struct mac_key *key_new(void *ctx, enum mac_alg alg, const void *key, size_t len_oct)
{
	(void)ctx;
	uint8_t block[BLOCK_OCT] = {0};
	struct mac_key *k = calloc(1, sizeof *k);

	if (!k)
		return NULL;
	k->hash = &hashes[alg];
	if (len_oct > BLOCK_OCT) {
		k->hash->init(&k->inner);
		k->hash->update(&k->inner, key, len_oct);
		k->hash->final(&k->inner, block);
	} else if (len_oct) {
		memcpy(block, key, len_oct);
	}
	absorb_key(k->hash, &k->inner, block, 0x36);
	absorb_key(k->hash, &k->outer, block, 0x5c);
	OPENSSL_cleanse(block, sizeof block);
	return k;
}

static void key_free(void *ctx, struct mac_key *k)
{
	(void)ctx;
	if (k)
		OPENSSL_cleanse(k, sizeof *k);
	free(k);
}

static size_t mac(void *ctx, const struct mac_key *k, const struct iov_in *in, size_t n_in, uint8_t out[static 32])
{
	(void)ctx;
	union state s = k->inner;
	uint8_t digest[32];

	for (size_t i = 0; i < n_in; i++)
		k->hash->update(&s, in[i].p, in[i].len_oct);
	k->hash->final(&s, digest);
	s = k->outer;
	k->hash->update(&s, digest, k->hash->out_oct);
	k->hash->final(&s, out);
	return k->hash->out_oct;
}

static size_t plain(const struct hash *h, const struct iov_in *in, size_t n_in, uint8_t *out)
{
	union state s;

	h->init(&s);
	for (size_t i = 0; i < n_in; i++)
		h->update(&s, in[i].p, in[i].len_oct);
	h->final(&s, out);
	return h->out_oct;
}

static size_t sha1(void *ctx, const struct iov_in *in, size_t n_in, uint8_t out[static 20])
{
	(void)ctx;
	return plain(&hashes[MAC_HMAC_SHA1], in, n_in, out);
}

static size_t md5(void *ctx, const struct iov_in *in, size_t n_in, uint8_t out[static 16])
{
	(void)ctx;
	return plain(&hashes[MAC_HMAC_MD5], in, n_in, out);
}

const struct crypto_ops crypto_openssl = {
	.mac_key_new = key_new,
	.mac_key_free = key_free,
	.mac = mac,
	.sha1 = sha1,
	.md5 = md5,
};
