/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Mobile IPv4's control messages (UDP port 434) and their extensions: RFC 5944 3.3 to 3.5, with RFC 2794 (NAI), RFC 3024 (delivery
 * style), RFC 3115 (vendor extensions), RFC 3519 (UDP tunnels), RFC 3543 (revocation), RFC 4636 (foreign agent's error), RFC 4721
 * (challenge, MN-AAA) and RFC 5177 (mobile networks).
 *
 * This is the UDP payload alone; whole packets are in mip4_packet.h, agent discovery in adv4.h. Addresses are IPv4-mapped.
 *
 * An authenticator covers all that stands before it in the message, so each extension keeps where it stood (off), and
 * mip4_is_covered() tells whether one protects the other. A foreign agent passes a message on by keeping the first relay_oct
 * bytes as they are and building its own extensions behind them: mip4_exts_build().
 */
#include "base/cursor.h"
#include "base/mem.h"
#include "wire/err.h"

enum mip4_type { MIP4_REQUEST = 1, MIP4_REPLY = 3, MIP4_DATA = 4, MIP4_REVOKE = 7, MIP4_REVOKE_ACK = 15 };
const char *mip4_type_str(uint8_t type); /* "registration-request"; "unknown" */

enum { MIP4_PORT = 434, MIP4_LIFETIME_INFINITE = 0xffff, MIP4_SPI_MIN = 256 /* lower ones are reserved; 2, 3: RFC 4721 8 */ };
enum mip4_flags { MIP4_S = 0x80, MIP4_B = 0x40, MIP4_D = 0x20, MIP4_M = 0x10, MIP4_G = 0x08, MIP4_T = 0x02 };

/* Codes of the reply: 0 to 8 accept, 64 to 127 and 192 to 255 are a foreign agent's refusal, 128 to 191 a home agent's. */
#define MIP4_CODES(X) \
	X(ACCEPTED, 0, "accepted") \
	X(ACCEPTED_NO_SIMULTANEOUS, 1, "accepted, but simultaneous bindings unsupported") \
	X(FA_UNSPECIFIED, 64, "foreign agent: reason unspecified") \
	X(FA_PROHIBITED, 65, "foreign agent: administratively prohibited") \
	X(FA_NO_RESOURCES, 66, "foreign agent: insufficient resources") \
	X(FA_MN_AUTH, 67, "foreign agent: mobile node failed authentication") \
	X(FA_HA_AUTH, 68, "foreign agent: home agent failed authentication") \
	X(FA_LIFETIME, 69, "foreign agent: requested lifetime too long") \
	X(FA_POOR_REQUEST, 70, "foreign agent: poorly formed request") \
	X(FA_POOR_REPLY, 71, "foreign agent: poorly formed reply") \
	X(FA_ENCAP, 72, "foreign agent: requested encapsulation unavailable") \
	X(FA_RESERVED, 73, "foreign agent: reserved and unavailable") \
	X(FA_NO_REVERSE, 74, "foreign agent: requested reverse tunnel unavailable") \
	X(FA_REVERSE_MANDATORY, 75, "foreign agent: reverse tunnel is mandatory") \
	X(FA_TOO_DISTANT, 76, "foreign agent: mobile node too distant") \
	X(FA_COA, 77, "foreign agent: invalid care-of address") \
	X(FA_TIMEOUT, 78, "foreign agent: registration timeout") \
	X(FA_DELIVERY, 79, "foreign agent: delivery style not supported") \
	X(FA_HOME_NET_UNREACHABLE, 80, "home network unreachable") \
	X(FA_HA_HOST_UNREACHABLE, 81, "home agent host unreachable") \
	X(FA_HA_PORT_UNREACHABLE, 82, "home agent port unreachable") \
	X(FA_HA_UNREACHABLE, 88, "home agent unreachable") \
	X(FA_HOA_REQUIRED, 96, "foreign agent: non-zero home address required") \
	X(FA_NO_NAI, 97, "foreign agent: reply without NAI") \
	X(FA_NO_HA, 98, "foreign agent: reply without home agent") \
	X(FA_NO_HOA, 99, "foreign agent: reply without home address") \
	X(FA_MN_VENDOR, 100, "foreign agent: unknown critical vendor extension of the mobile node") \
	X(FA_HA_VENDOR, 101, "foreign agent: unknown critical vendor extension of the home agent") \
	X(FA_UNKNOWN_CHALLENGE, 104, "foreign agent: unknown challenge") \
	X(FA_MISSING_CHALLENGE, 105, "foreign agent: missing challenge") \
	X(FA_STALE_CHALLENGE, 106, "foreign agent: stale challenge") \
	X(FA_AAA_AUTH, 108, "foreign agent: MN-AAA authentication failed") \
	X(FA_HA_CHALLENGE, 109, "foreign agent: home agent returned another challenge") \
	X(HA_UNSPECIFIED, 128, "home agent: reason unspecified") \
	X(HA_PROHIBITED, 129, "home agent: administratively prohibited") \
	X(HA_NO_RESOURCES, 130, "home agent: insufficient resources") \
	X(HA_MN_AUTH, 131, "home agent: mobile node failed authentication") \
	X(HA_FA_AUTH, 132, "home agent: foreign agent failed authentication") \
	X(HA_ID_MISMATCH, 133, "home agent: identification mismatch") \
	X(HA_POOR_REQUEST, 134, "home agent: poorly formed request") \
	X(HA_TOO_MANY, 135, "home agent: too many simultaneous bindings") \
	X(HA_UNKNOWN_HA, 136, "home agent: unknown home agent address") \
	X(HA_NO_REVERSE, 137, "home agent: requested reverse tunnel unavailable") \
	X(HA_REVERSE_MANDATORY, 138, "home agent: reverse tunnel is mandatory") \
	X(HA_ENCAP, 139, "home agent: requested encapsulation unavailable") \
	X(HA_MN_VENDOR, 140, "home agent: unknown critical vendor extension of the mobile node") \
	X(HA_FA_VENDOR, 141, "home agent: unknown critical vendor extension of the foreign agent") \
	X(HA_UDP_ENCAP, 142, "home agent: requested UDP tunnel encapsulation unavailable") \
	X(HA_AAA_AUTH, 144, "home agent: MN-AAA authentication failed") \
	X(HA_NET_ERROR, 147, "home agent: mobile network prefix operation error") \
	X(HA_NET_DISALLOWED, 148, "home agent: mobile router operation is not permitted") \
	X(FA_INVALID_HA, 194, "foreign agent: invalid home agent address")
enum mip4_code {
#define X(name, value, text) MIP4_##name = (value),
	MIP4_CODES(X)
#undef X
};
const char *mip4_code_str(uint8_t code); /* "home agent: insufficient resources"; "unknown" */
static inline bool mip4_code_accepts(uint8_t code) { return code < 64; }

enum mip4_ext_type {
	MIP4X_PAD = 0, MIP4X_MH_AUTH = 32, MIP4X_MF_AUTH = 33, MIP4X_FH_AUTH = 34, MIP4X_GEN_AUTH = 36, MIP4X_CVSE = 38, MIP4X_UDP_REPLY = 44,
	MIP4X_FA_ERROR = 45, MIP4X_DELIVERY = 130, MIP4X_NAI = 131, MIP4X_CHALLENGE = 132, MIP4X_NVSE = 134, MIP4X_REVOCATION = 137,
	MIP4X_UDP_REQUEST = 144, MIP4X_NETWORK = 148,
};
enum { MIP4_VENDOR_MAX = 4, MIP4_NET_MAX = 8, MIP4_AUTH_MAX_OCT = 64 };

/* Mobile-home, mobile-foreign, foreign-home, mobile-AAA. */
enum mip4_auth_kind { MIP4_MH, MIP4_MF, MIP4_FH, MIP4_AAA, MIP4_AUTH_N };
/* off: of the authenticator, from the message's first byte: all before it is what it covers. Build: n (1), spi and len_oct are
 * yours; off is filled, the authenticator zero. A message with n > 1 must not be believed (RFC 5944 3.7.2.1, 3.8.2.1): the
 * first one is kept. */
struct mip4_auth { uint8_t n; uint32_t spi; uint16_t off, len_oct; };

struct mip4_bytes { uint16_t off; uint8_t len_oct; const uint8_t *p; }; /* p points into the parsed message */
struct mip4_vendor {                     /* RFC 3115. What type means is the enterprise's affair */
	bool is_critical;                /* 38; else 134. Not known by the engine: codes 100, 101, 140, 141; else skipped */
	uint32_t enterprise;
	uint16_t type;
	uint16_t off, len_oct;           /* len_oct: of value */
	const uint8_t *value;
};
enum mip4_net_sub { MIP4_NET_REQUEST, MIP4_NET_EXPLICIT, MIP4_NET_IMPLICIT };
enum mip4_net_code { MIP4_NET_OK, MIP4_NET_INVALID_LEN, MIP4_NET_UNAUTHORISED, MIP4_NET_SETUP_FAILED };
struct mip4_net { uint8_t sub, code; uint8_t len_bits; struct addr6 addr; uint16_t off; }; /* len_bits: 0 to 32; more is code 1's case */

struct mip4_exts {
	struct mip4_auth auth[MIP4_AUTH_N];
	bool has_nai, has_challenge, has_delivery, has_revocation, has_udp_request, has_udp_reply, has_fa_error;
	struct mip4_bytes nai, challenge;
	uint16_t delivery_off;           /* encapsulating delivery style */
	struct { bool inform; uint32_t timestamp; uint16_t off; } revocation;
	struct { bool is_forced, is_r; uint8_t encap; uint16_t off; } udp_request; /* encap: 0, 4, 47, 55 */
	struct { uint8_t code; bool is_forced; uint16_t keepalive_s; uint16_t off; } udp_reply;
	struct { uint8_t status; uint16_t off; } fa_error;
	struct mip4_net net[MIP4_NET_MAX];
	uint32_t n_net;
	struct mip4_vendor vendor[MIP4_VENDOR_MAX];
	uint32_t n_vendor;
	uint32_t n_unknown;              /* skipped: unknown ones of 128 to 255, and normal vendor extensions beyond MIP4_VENDOR_MAX */
	uint16_t relay_oct;              /* up to the end of the last authorization-enabling extension (mobile-home, MN-AAA); 0: there is none */
};

/* id: timestamp (NTP: mh_ntp_of_wall() of wire/mip6/mh.h) or nonces. */
struct mip4_request { uint8_t flags; uint16_t lifetime_s; struct addr6 hoa, ha, coa; uint64_t id; };
struct mip4_reply { uint8_t code; uint16_t lifetime_s; struct addr6 hoa, ha; uint64_t id; };
struct mip4_revoke { bool is_ha, inform; struct addr6 hoa, home, foreign; uint32_t id; }; /* A, I; the acknowledgement: I, hoa, id */

struct mip4 {
	uint8_t type;                    /* enum mip4_type */
	union {
		struct mip4_request request;
		struct mip4_reply reply;
		struct mip4_revoke revoke; /* MIP4_REVOKE, MIP4_REVOKE_ACK */
		struct { uint8_t next; } data; /* MIP4_DATA: protocol of what follows these four bytes */
	};
	struct mip4_exts ext;
	uint16_t len_oct;                /* of the message; MIP4_DATA: of its header */
};

/* r stands at the message's first byte and ends where UDP's data end.
 *
 * Discard: W_TRUNCATED (fixed part), W_TYPE, W_OPTION (an unknown extension of 0 to 127: silently, RFC 5944 1.8).
 * Poorly formed, and m is filled with all that makes sense, for an answer (codes 70, 71, 134): W_LENGTH (an extension's), W_VALUE, W_LIMIT,
 * W_OPTION_ORDER: something behind an authenticator that has to end the message, or an extension on the wrong side of one.
 * Of a repeated extension the first counts. */
enum wire_err mip4_parse(struct rd *r, struct mip4 *m);

/* Writes the message, authenticators zero; fills offsets, len_oct and relay_oct. w turns bad when there is no room. Extensions come in
 * the order that the RFCs ask for: NAI, mobile networks, UDP tunnel, revocation, vendor, mobile-home, challenge, delivery style,
 * foreign agent's error, MN-AAA, mobile-foreign, foreign-home. */
void mip4_build(struct wr *w, struct mip4 *m);
/* Only the extensions, behind a message that begins at start in w: what a foreign agent adds to the bytes that it passes on. */
void mip4_exts_build(struct wr *w, size_t start, struct mip4_exts *x);

/* Does the authenticator of this kind cover what stood at off? */
static inline bool mip4_is_covered(const struct mip4_exts *x, uint16_t off, enum mip4_auth_kind kind)
{
	return x->auth[kind].n == 1 && off < x->auth[kind].off;
}
/* The request's encapsulation by its bits: IP in IP 4, minimal 55, GRE 47. */
uint8_t mip4_encap(uint8_t flags);
