/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Return routability (RFC 6275 5.2): how a correspondent node learns that one mobile answers at two addresses, without
 * knowing it beforehand and without remembering that it was asked.
 *
 * The correspondent node sends a keygen token to the home address (Home Test) and another to the care-of address
 * (Care-of Test). Who has both can make the binding management key:
 *
 *     token = first 64 bits of HMAC-SHA1(Kcn, address | nonce | 0 home, 1 care-of)
 *     Kbm   = SHA1(home token | care-of token); to remove a binding, SHA1(home token)
 *     authenticator of update and acknowledgement = first 96 bits of HMAC-SHA1(Kbm, care-of address | correspondent | message)
 *
 * A mobile that ended its binding may not use those nonces again (9.5.3). So that it need not wait for new ones the nonce is retired, as
 * often as that leaves the others their lifetime.
 *
 * A token is made again from its nonce's index when it is needed, so that a test costs no memory.
 * A nonce is made when one is asked for and the newest has served 30 s; it counts for 240 s from then, as the RFC asks. Each has
 * a Kcn of its own. The first index is random: indices of an earlier run of the daemon are most probably unknown to this one, and the mobile is told so.
 *
 * Nothing here allocates. The HMAC is made of the plain SHA-1 (RFC 2104), since a Kbm serves for one or two messages.
 */
#include <stdbool.h>

#include "base/time.h"
#include "core/auth/crypto.h"
#include "wire/mip6/mh_packet.h"

enum {
	RR_ROLL_S = 30,
	RR_RETIRE_BURST = 48,          /* nonces that may be retired before their time at once, */
	RR_RETIRE_S = 4,               /* and one in so many seconds */
	RR_NONCE_N = 128,              /* more than can be made in a nonce's lifetime: 240 / 30 + 48 + 240 / 4 */
	RR_MAX_TOKEN_LIFETIME_S = 210, /* RFC 6275 12: a mobile may use a token so long */
	RR_MAX_NONCE_LIFETIME_S = 240,
	RR_MAX_BINDING_LIFETIME_S = 420,
};

/* --- both sides ------------------------------------------------------------------------------------------ */

struct rr_kbm { uint8_t b[20]; };

/* Tokens as struct mh_test has them. coa_token NULL: the key of a de-registration, and of anything else whose
 * care-of address is the home address (5.2.6, 9.5.1). */
void rr_kbm(const struct crypto_ops *c, uint64_t home_token, const uint64_t *coa_token, struct rr_kbm *out);

/* Fill in the authorization data of a message that mh_packet_build wrote into buf (opt.has_bind_auth), and its checksum. coa: the
 * alternate care-of address where the update has one, else its source; an acknowledgement has the update's. */
void rr_sign(const struct rr_kbm *k, const struct crypto_ops *c, const struct addr6 *coa, const struct addr6 *cn,
	     const struct mh_built *built, void *buf);
/* Is the authorization data of a received message right? Constant time; false when there is none. */
bool rr_verify(const struct rr_kbm *k, const struct crypto_ops *c, const struct addr6 *coa, const struct addr6 *cn,
	       const struct mh_packet *p);
/* What both come to: HMAC-SHA1 over pieces with a key of at most 64 bytes. */
void rr_hmac_sha1(const struct crypto_ops *c, const void *key, size_t key_oct, const struct iov_in *piece, size_t n,
		  uint8_t out[static 20]);

/* --- correspondent node ----------------------------------------------------------------------------------- */

struct rr_nonce {
	uint8_t kcn[20], nonce[8];
	mono_t since;                  /* first used */
	bool is_valid;
};

struct rr_nonces {
	struct rr_nonce ring[RR_NONCE_N]; /* by index */
	uint16_t index;                /* of the newest */
	bool is_retired;               /* the newest shall be given out no more */
	uint32_t n_retire;             /* may be retired yet; refilled since */
	mono_t refilled;
};

void rr_nonces_init(struct rr_nonces *ns, const struct rng *rng);
/* Index of the nonce for a test that is sent now; makes one when it is time. */
uint16_t rr_nonce_now(struct rr_nonces *ns, const struct rng *rng, mono_t now);
/* When the nonce ends; in the past (0) when it is unknown or has expired. */
mono_t rr_nonce_end(const struct rr_nonces *ns, uint16_t index, mono_t now);
static inline bool rr_nonce_is_valid(const struct rr_nonces *ns, uint16_t index, mono_t now)
{
	return rr_nonce_end(ns, index, now).ns != 0;
}
/* Tokens made from now on have a newer nonce than this, unless too many were retired lately. Those of before stay good. */
void rr_nonce_retire(struct rr_nonces *ns, uint16_t index, mono_t now);

/* The token of an address; index must be a valid one. */
uint64_t rr_home_token(const struct rr_nonces *ns, const struct crypto_ops *c, uint16_t index, const struct addr6 *home_address);
uint64_t rr_coa_token(const struct rr_nonces *ns, const struct crypto_ops *c, uint16_t index, const struct addr6 *coa);
