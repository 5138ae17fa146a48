/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Agent discovery: ICMP router advertisements and solicitations (RFC 1256) with RFC 5944's extensions (2.1, 2.2), the challenge of
 * RFC 4721 2, and an extension of ours that names the site's MMA (doc/wire.md), in RFC 3115's normal form: who does not know it skips it.
 */
#include "wire/ip/icmp4.h"

enum adv4_ext_type { ADV4X_PAD = 0, ADV4X_AGENT = 16, ADV4X_PREFIX_LEN = 19, ADV4X_CHALLENGE = 24, ADV4X_NVSE = 134 };
enum { ADV4_ROUTER_MAX = 8, ADV4_COA_MAX = 8, ADV4_CHALLENGE_MAX = 64, ADV4_SITE_MAX = 64, ADV4_CODE_NOT_ROUTER = 16 };
enum adv4_flags {
	ADV4_R = 0x8000, ADV4_B = 0x4000, ADV4_H = 0x2000, ADV4_F = 0x1000, ADV4_M = 0x0800, ADV4_G = 0x0400, ADV4_T = 0x0100, ADV4_U = 0x0080,
	ADV4_X = 0x0040, ADV4_I = 0x0020,
};
/* Numbers of our vendor extensions in Mobile IPv4 (RFC 3115's Vendor-NVSE-Type), with RC_ENTERPRISE. */
enum adv4_vendor_type { ADV4_VENDOR_MMA = 1 };
enum adv4_mma_flags { ADV4_MMA_HOME = 1 /* the home agent's site */ };

struct adv4_router { struct addr6 addr; int32_t preference; uint8_t len_bits; /* with has_prefix_len: 0 to 32 */ };
struct adv4_mma {
	uint8_t flags;                   /* enum adv4_mma_flags */
	uint8_t distance, preference;    /* 4 bits each, as in RFC 5380's MAP option */
	uint32_t valid_s;
	struct addr6 addr;               /* the source of the site's groups, and the mobile's foreign agent */
	struct prefix6 group;            /* where the groups of the site lie; length 0 (:: too): not told */
	char site[ADV4_SITE_MAX];
};
struct adv4 {
	uint8_t code;                    /* 0, or 16: does not route common traffic */
	uint16_t lifetime_s;             /* of the advertisement */
	struct adv4_router router[ADV4_ROUTER_MAX];
	uint32_t n_router;
	bool is_agent, has_prefix_len, has_challenge, has_mma; /* is_agent: the mobility agent extension is there */
	uint16_t seq, reg_lifetime_s;    /* 0xffff: infinite */
	uint16_t flags;                  /* enum adv4_flags */
	struct addr6 coa[ADV4_COA_MAX];
	uint32_t n_coa;
	uint8_t challenge[ADV4_CHALLENGE_MAX], challenge_oct;
	struct adv4_mma mma;
	uint32_t n_unknown;              /* skippable extensions skipped */
};

struct adv4_packet {
	struct addr6 src, dst;
	uint8_t ttl;
	uint8_t type;                    /* IC4_ROUTER_ADV, IC4_ROUTER_SOL */
	struct adv4 adv;
};

/* W_PROTO, W_TYPE when it is no such message. W_CHECKSUM, W_TRUNCATED, W_LENGTH; W_CODE (neither 0 nor 16); W_HOP_LIMIT: an agent's
 * advertisement whose TTL is not 1 (RFC 5944 2.1). A plain router's solicitation may have another one than an agent answers (2.2): it is
 * told in ttl, not refused. W_OPTION: an unknown extension of 0 to 127. W_VALUE: F without a care-of address, B or R without F,
 * neither H nor F (2.1.1), a prefix length above 32. What goes beyond our maxima is not kept; a challenge longer than that is none. */
enum wire_err adv4_packet_parse(const void *pkt, size_t len_oct, struct adv4_packet *out);

/* Complete packets, TTL 1. dst: 224.0.0.1, 255.255.255.255, or the mobile's address. An odd length gets the one-byte padding.
 * 0 when buf is too small. */
size_t adv4_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst, const struct adv4 *a);
size_t sol4_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst);

extern const struct addr6 adv4_allnodes, adv4_allrouters; /* 224.0.0.1, 224.0.0.2 */

/* RFC 5944 2.3.2: after 0xffff comes 256, so that a lower number tells that the agent began anew. */
static inline uint16_t adv4_seq_next(uint16_t seq) { return seq == UINT16_MAX ? 256 : (uint16_t)(seq + 1); }
/* Did the agent begin anew between the two (2.4.3)? */
static inline bool adv4_seq_is_restart(uint16_t last, uint16_t now) { return now < last && now < 256; }
