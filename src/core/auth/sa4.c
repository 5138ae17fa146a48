/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/auth/sa4.h"

uint16_t sa4_auth_len_oct(enum mac_alg alg)
{
	switch (alg) {
	case MAC_HMAC_SHA1: return 20;
	case MAC_HMAC_SHA256: return 32;
	case MAC_HMAC_MD5: return 16;
	}
	return 0;
}

int sa4_key_init(struct sa_key *k, const struct crypto_ops *c, const char *name, uint32_t spi, enum mac_alg alg, const void *raw,
		 size_t raw_len_oct)
{
	return sa_key_prepare(k, c, name, spi, alg, raw, raw_len_oct);
}

struct mip4_auth sa4_auth(const struct sa_key *k)
{
	return (struct mip4_auth){.n = 1, .spi = k->spi, .len_oct = sa4_auth_len_oct(k->alg)};
}

void sa4_sign(const struct sa_key *k, const struct crypto_ops *c, uint8_t *msg, const struct mip4_auth *a)
{
	uint8_t mac[32];
	(void)c->mac(c->ctx, k->mac, &(struct iov_in){msg, a->off}, 1, mac);
	memcpy(msg + a->off, mac, a->len_oct < sizeof mac ? a->len_oct : sizeof mac);
}

bool sa4_verify(const struct sa_key *k, const struct crypto_ops *c, const uint8_t *msg, const struct mip4_auth *a)
{
	uint8_t mac[32];
	if (a->n != 1 || a->spi != k->spi || a->spi < SA_SPI_MIN || a->len_oct != sa4_auth_len_oct(k->alg))
		return false;
	(void)c->mac(c->ctx, k->mac, &(struct iov_in){msg, a->off}, 1, mac);
	return mac_equal(mac, msg + a->off, a->len_oct);
}
