/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/auth/sa.h"

#include "base/err.h"

int sa_key_init(struct sa_key *k, const struct crypto_ops *c, const char *name, uint32_t spi, enum mac_alg alg,
		const void *raw, size_t raw_len_oct)
{
	if (alg == MAC_HMAC_MD5) {
		*k = (struct sa_key){.spi = spi};
		return ERR_INVAL;
	}
	return sa_key_prepare(k, c, name, spi, alg, raw, raw_len_oct);
}

int sa_key_prepare(struct sa_key *k, const struct crypto_ops *c, const char *name, uint32_t spi, enum mac_alg alg,
		   const void *raw, size_t raw_len_oct)
{
	*k = (struct sa_key){.spi = spi, .alg = alg, .raw_len_oct = (uint8_t)raw_len_oct};
	size_t name_len = strlen(name);
	if (spi < SA_SPI_MIN || raw_len_oct == 0 || raw_len_oct > SA_RAW_MAX ||
	    name_len == 0 || name_len >= SA_NAME_MAX)
		return ERR_INVAL;
	memcpy(k->name, name, name_len);
	memcpy(k->raw, raw, raw_len_oct);
	k->mac = c->mac_key_new(c->ctx, alg, raw, raw_len_oct);
	k->derive = c->mac_key_new(c->ctx, MAC_HMAC_SHA256, raw, raw_len_oct);
	if (k->mac && k->derive)
		return ERR_OK;
	sa_key_fini(k, c);
	return ERR_NOMEM;
}

void sa_key_fini(struct sa_key *k, const struct crypto_ops *c)
{
	if (k->mac)
		c->mac_key_free(c->ctx, k->mac);
	if (k->derive)
		c->mac_key_free(c->ctx, k->derive);
	memset(k, 0, sizeof *k);
	__asm__ volatile("" : : "r"(k) : "memory"); /* the wipe must stay */
}

void sa_sign(const struct sa_key *k, const struct crypto_ops *c, const struct addr6 *coa, const struct addr6 *hoa,
	     const struct mh_built *built, void *buf)
{
	if (built->auth_len_oct) {
		struct iov_in piece[MH_AUTH_PIECES];
		uint8_t mac[32];

		size_t n = mh_built_auth_input(built, buf, coa, hoa, piece);
		(void)c->mac(c->ctx, k->mac, piece, n, mac);
		mh_built_auth_set(built, buf, mac);
	}
	mh_packet_finish(built, buf);
}

bool sa_verify(const struct sa_key *k, const struct crypto_ops *c, const struct addr6 *coa, const struct addr6 *hoa,
	       const struct mh_packet *p)
{
	struct iov_in piece[MH_AUTH_PIECES];
	uint8_t mac[32];

	if (k->alg == MAC_HMAC_MD5 || !p->mh.opt.has_auth || p->mh.opt.auth.spi != k->spi || p->mh.opt.auth.len_oct != MH_AUTH_LEN_OCT)
		return false;
	size_t n = mh_packet_auth_input(p, coa, hoa, piece);
	(void)c->mac(c->ctx, k->mac, piece, n, mac);
	return mac_equal(mac, mh_packet_auth_data(p), MH_AUTH_LEN_OCT);
}

void sa_derive_mma(const struct sa_key *mn_ha, const struct crypto_ops *c, const char *site, uint8_t out[static 32])
{
	struct iov_in piece[] = {{"mma", 3}, {site, strlen(site)}};
	(void)c->mac(c->ctx, mn_ha->derive, piece, 2, out);
}

uint32_t sa_uplink_key(const struct sa_key *k, const struct crypto_ops *c, const struct addr6 *hoa, uint64_t stamp)
{
	uint8_t be[8], out[32];

	for (int i = 0; i < 8; i++)
		be[i] = (uint8_t)(stamp >> (56 - 8 * i));
	struct iov_in piece[] = {{"uplink", 6}, {hoa, sizeof *hoa}, {be, sizeof be}};
	(void)c->mac(c->ctx, k->derive, piece, 3, out);
	return (uint32_t)out[0] << 24 | (uint32_t)out[1] << 16 | (uint32_t)out[2] << 8 | out[3];
}
