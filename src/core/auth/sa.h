/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Mobility security associations (RFC 4285) and what is derived from their keys.
 *
 * An association is a name, an SPI, an algorithm and a key. The MN-HA authenticator is
 * the first 96 bits of an HMAC over: care-of address, home address, Mobility Header with its checksum
 * taken as zero, up to and including the SPI field of the authentication option. The care-of
 * address is the one of the Alternate Care-of Address option where there is one, else the packet's source;
 * the acknowledgement uses the same address as the update that it answers.
 *
 * HMAC-SHA-1 is what the RFC has; HMAC-SHA-256, truncated alike, is ours, chosen by configuration.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "core/auth/crypto.h"
#include "wire/mip6/mh_packet.h"

enum { SA_NAME_MAX = 32, SA_RAW_MAX = 64, SA_SPI_MIN = 256 };

struct sa_key {
	char name[SA_NAME_MAX];
	uint32_t spi;                /* 256 and up; lower ones are reserved (RFC 4285 5.1) */
	enum mac_alg alg;            /* of the authenticator: HMAC-SHA-1 or HMAC-SHA-256; HMAC-MD5 in Mobile IPv4 alone (sa4.h) */
	uint8_t raw[SA_RAW_MAX];
	uint8_t raw_len_oct;
	struct mac_key *mac;         /* prepared with alg */
	struct mac_key *derive;      /* prepared with HMAC-SHA-256: uplink keys, derived associations */
};

/* Prepare an association. raw is copied. 0, ERR_INVAL (reserved SPI, algorithm that RFC 4285 messages cannot
 * use, empty or overlong key or name) or ERR_NOMEM; on failure there is nothing to release. */
int sa_key_init(struct sa_key *k, const struct crypto_ops *c, const char *name, uint32_t spi, enum mac_alg alg,
		const void *raw, size_t raw_len_oct);
/* For sa_key_init and sa4_key_init: any algorithm. */
int sa_key_prepare(struct sa_key *k, const struct crypto_ops *c, const char *name, uint32_t spi, enum mac_alg alg,
		   const void *raw, size_t raw_len_oct);
/* Not for Mobile IPv6: a role refuses such a key for an IPv6 home address or agent when it starts. */
static inline bool sa_key_is_v4_only(const struct sa_key *k) { return k->alg == MAC_HMAC_MD5; }
/* Releases the prepared states and wipes the key. */
void sa_key_fini(struct sa_key *k, const struct crypto_ops *c);

/* Put the authenticator into a message that mh_packet_build wrote into buf, and finish its checksum. hoa: the
 * mobile's home address; coa: see above. Without an authentication option only the checksum is done. */
void sa_sign(const struct sa_key *k, const struct crypto_ops *c, const struct addr6 *coa, const struct addr6 *hoa,
	     const struct mh_built *built, void *buf);
/* Is the MN-HA authenticator of a received message right? Constant time; false without the option, or when its
 * length or SPI is not this association's. */
bool sa_verify(const struct sa_key *k, const struct crypto_ops *c, const struct addr6 *coa, const struct addr6 *hoa,
	       const struct mh_packet *p);

/* Key for an MMA from the one shared with the home agent: HMAC-SHA-256(key, "mma" | site). */
void sa_derive_mma(const struct sa_key *mn_ha, const struct crypto_ops *c, const char *site, uint8_t out[static 32]);

/* GRE key of the uplink tunnel, host order: the first 32 bits of HMAC-SHA-256(key, "uplink" | home address |
 * timestamp of the accepted update, 8 bytes in network order). Never sent in a message. */
uint32_t sa_uplink_key(const struct sa_key *k, const struct crypto_ops *c, const struct addr6 *hoa, uint64_t stamp);
