/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Security associations in Mobile IPv4 (RFC 5944 3.5.1, 5.1): the same struct sa_key as for Mobile IPv6, so that one block of the
 * configuration serves a mobile in both families. An authenticator is the whole HMAC over the message up to and including its own
 * SPI field. HMAC-MD5 is the RFC's default and usable here alone; HMAC-SHA-1 and HMAC-SHA-256 serve both families.
 */
#include "core/auth/sa.h"
#include "wire/mip4/mip4.h"

/* As sa_key_init, HMAC-MD5 allowed. */
int sa4_key_init(struct sa_key *k, const struct crypto_ops *c, const char *name, uint32_t spi, enum mac_alg alg, const void *raw,
		 size_t raw_len_oct);
/* To put into mip4_auth before building: {.n = 1, .spi, .len_oct}. */
struct mip4_auth sa4_auth(const struct sa_key *k);
uint16_t sa4_auth_len_oct(enum mac_alg alg); /* 16, 20, 32 */

/* msg: the message's first byte; a: where its authenticator is, as mip4_build filled it with sa4_auth's lengths. Several in one
 * message: in the order in which they stand. The UDP checksum comes after (mip4_packet_finish). */
void sa4_sign(const struct sa_key *k, const struct crypto_ops *c, uint8_t *msg, const struct mip4_auth *a);
/* Is the authenticator of a received message right? Constant time; false when there is none or more than one of the kind, or its
 * SPI or length is not this association's. */
bool sa4_verify(const struct sa_key *k, const struct crypto_ops *c, const uint8_t *msg, const struct mip4_auth *a);
