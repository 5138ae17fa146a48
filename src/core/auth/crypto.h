/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Keyed hashes as a parameter: the daemon gives OpenSSL's, the simulator the same. A key is
 * prepared once (inner and outer hash states), because a home agent checks every registration with it.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

enum mac_alg { MAC_HMAC_SHA1, MAC_HMAC_SHA256, MAC_HMAC_MD5 };

struct mac_key; /* opaque, owned by the provider */

struct crypto_ops {
	/* NULL on failure. key is not kept. */
	struct mac_key *(*mac_key_new)(void *ctx, enum mac_alg alg, const void *key, size_t len_oct);
	void (*mac_key_free)(void *ctx, struct mac_key *k);
	/* out: 20, 32 or 16 bytes by algorithm. Returns the length. */
	size_t (*mac)(void *ctx, const struct mac_key *k, const struct iov_in *in, size_t n_in, uint8_t out[static 32]);
	size_t (*sha1)(void *ctx, const struct iov_in *in, size_t n_in, uint8_t out[static 20]);
	size_t (*md5)(void *ctx, const struct iov_in *in, size_t n_in, uint8_t out[static 16]); /* for HSRP, which knows nothing better */
	void *ctx;
};

/* Constant time. */
static inline int mac_equal(const void *a, const void *b, size_t n)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t d = 0;
	for (size_t i = 0; i < n; i++)
		d |= (uint8_t)(x[i] ^ y[i]);
	return d == 0;
}
