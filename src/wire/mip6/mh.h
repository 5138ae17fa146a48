/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Mobility Header messages and options: RFC 6275 6.1 and 6.2, with RFC 3963 (R flag, prefix option),
 * RFC 4283 (identifier), RFC 4285 (authentication, replay protection), RFC 5094 (vendor), RFC 5380 (M flag), and our content of
 * RFC 5096's experimental message (peer.h).
 *
 * This is the message alone; whole packets, addresses and checksums are in mh_packet.h.
 */
#include "base/mem.h"
#include "base/time.h"
#include "wire/mip6/peer.h"
#include "wire/mip6/rc_opt.h"

enum mh_type { MH_BRR, MH_HOTI, MH_COTI, MH_HOT, MH_COT, MH_BU, MH_BA, MH_BE, MH_PEER = 11 };
const char *mh_type_str(uint8_t type); /* "binding-update"; "unknown" */

enum bu_flags { BU_A = 0x8000, BU_H = 0x4000, BU_L = 0x2000, BU_K = 0x1000, BU_M = 0x0800, BU_R = 0x0400 };
enum ba_flags { BA_K = 0x80, BA_R = 0x40 };

/* Binding acknowledgement status; 128 and above refuse (RFC 6275 6.1.8, RFC 4285 7, RFC 3963 4.2). */
enum ba_status {
	BA_ACCEPTED = 0, BA_ACCEPTED_PREFIX_DISCOVERY = 1,
	BA_REASON_UNSPECIFIED = 128, BA_PROHIBITED = 129, BA_NO_RESOURCES = 130, BA_HOME_REG_UNSUPPORTED = 131, BA_NOT_HOME_SUBNET = 132,
	BA_NOT_HOME_AGENT = 133, BA_DAD_FAILED = 134, BA_SEQ_OUT_OF_WINDOW = 135, BA_HOME_NONCE_EXPIRED = 136, BA_COA_NONCE_EXPIRED = 137,
	BA_NONCES_EXPIRED = 138, BA_REG_TYPE_CHANGE = 139, BA_MR_NOT_PERMITTED = 140, BA_INVALID_PREFIX = 141, BA_NOT_AUTHORISED_PREFIX = 142,
	BA_FORWARDING_FAILED = 143, BA_ID_MISMATCH = 144, BA_MESG_ID_REQUIRED = 145, BA_AUTH_FAIL = 146,
	BA_INVALID_COA = 174,
	BA_GROUP_TAKEN = 200, /* ours, an MMA's: another mobile holds the group; offer another one */
};
const char *ba_status_str(uint8_t status);

enum be_status { BE_UNKNOWN_BINDING = 1, BE_UNKNOWN_TYPE = 2 };

enum mho_type {
	MHO_PAD1 = 0, MHO_PADN = 1, MHO_REFRESH = 2, MHO_ALT_COA = 3, MHO_NONCE = 4, MHO_BIND_AUTH = 5, MHO_PREFIX = 6,
	MHO_MN_ID = 8, MHO_AUTH = 9, MHO_MESG_ID = 10, MHO_VENDOR = 19,
};
enum { MH_AUTH_MN_HA = 1, MH_AUTH_MN_AAA = 2, MH_AUTH_LEN_OCT = 12, MH_MN_ID_NAI = 1, MH_PREFIX_MAX = 4, MH_MAX_OCT = 2048 };

/* RFC 4285's option. off: of the authentication data, from the first byte of the Mobility Header; parse and build fill it. */
struct mh_auth { uint32_t spi; uint16_t off; uint8_t len_oct; };
struct mh_mn_id { uint8_t subtype; uint8_t len_oct; const uint8_t *id; }; /* id points into the parsed packet */

struct mh_opts {
	bool has_refresh, has_alt_coa, has_nonce, has_bind_auth, has_mn_id, has_auth, has_auth_aaa, has_mesg_id;
	uint32_t refresh_s;              /* multiples of 4 */
	struct addr6 alt_coa;
	uint16_t nonce_home, nonce_coa;
	uint16_t bind_auth_off;          /* of the 12-byte authenticator, like mh_auth.off; parse and build fill it */
	struct prefix6 prefix[MH_PREFIX_MAX];
	uint32_t n_prefix;
	struct mh_mn_id mn_id;
	struct mh_auth auth;             /* MN-HA. Build: spi and len_oct are yours (0: 12 bytes) */
	struct mh_auth auth_aaa;         /* MN-AAA; parsed only */
	uint64_t mesg_id;                /* NTP timestamp: mh_ntp_of_wall() */
	struct rc_opts rc;
	uint32_t n_unknown;              /* options and vendor sub-types skipped */
};

struct mh_test { uint16_t nonce; uint64_t cookie, token; }; /* HoTI and CoTI: cookie only */
/* lifetime_s: on the wire in units of 4 s; build rounds down, but what is not zero never becomes zero (a zero lifetime
 * de-registers); above 262140 s it is cut. */
struct mh_bu { uint16_t seq; uint16_t flags; uint32_t lifetime_s; };
struct mh_ba { uint8_t status; uint8_t flags; uint16_t seq; uint32_t lifetime_s; };
struct mh_be { uint8_t status; struct addr6 home_address; };

struct mh {
	uint8_t type;                    /* enum mh_type */
	union {                          /* MH_BRR has no fields */
		struct mh_test test;     /* HOTI, COTI, HOT, COT */
		struct mh_bu bu;
		struct mh_ba ba;
		struct mh_be be;
		struct mh_peer peer;
	};
	struct mh_opts opt;
	uint16_t len_oct;                /* of the whole header; parse fills it */
};

/* r stands at the header's first byte and may hold more behind it. The checksum is not looked at.
 * W_TRUNCATED, W_LENGTH, W_TYPE (type is set: answer with a binding error, status 2; RFC 6275 9.2), W_VERSION (of MH_PEER),
 * W_PAYLOAD_PROTO, W_VALUE (an option's), W_OPTION_ORDER (something behind the authentication option: it would be
 * unauthenticated), W_LIMIT. Unknown options are skipped and counted. */
enum wire_err mh_parse(struct rd *r, struct mh *m);

/* Writes the message with checksum zero, authenticators zero, padding inserted, length set; fills the offsets in m->opt.
 * w turns bad when there is no room. */
void mh_build(struct wr *w, struct mh *m);

/* The input of RFC 4285's MN-HA authenticator (5.1) and of the binding authorisation data (RFC 6275 6.2.7): care-of
 * address, home address (there: the correspondent's), and the header's bytes up to off with the checksum taken as zero.
 * coa: the alternate care-of address when there is one, else the packet's source. Gives the number of pieces. */
enum { MH_AUTH_PIECES = 5 };
size_t mh_auth_input(const struct addr6 *coa, const struct addr6 *hoa, const uint8_t *mh, uint16_t off,
		     struct iov_in piece[static MH_AUTH_PIECES]);

/* NTP's 64-bit format (RFC 4285 6): seconds since 1900 and fractions. */
uint64_t mh_ntp_of_wall(wall_t t);
/* Era 0 or 1, whichever is nearer to `near`. */
wall_t mh_wall_of_ntp(uint64_t ntp, wall_t near);
