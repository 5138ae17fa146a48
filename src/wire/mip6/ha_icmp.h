/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Dynamic home agent address discovery and mobile prefix messages: ICMPv6 types 144 to 147
 * (RFC 6275 6.5 to 6.8; the R flag of 144 and 145 is RFC 3963's).
 */
#include "wire/ip/icmp6.h"
#include "wire/nd/nd.h"

enum { HA_REPLY_MAX = 77 }; /* what fits into the smallest MTU */

struct ha_icmp {
	uint8_t type;                    /* IC6_HA_REQUEST, IC6_HA_REPLY, IC6_MPS, IC6_MPA */
	uint16_t id;
	bool is_mobile_router;           /* R: request and reply */
	bool is_managed, is_other;       /* MPA */
	struct addr6 agent[HA_REPLY_MAX];/* reply */
	uint32_t n_agent;
	struct nd_prefix prefix[ND_PREFIX_MAX]; /* MPA */
	uint32_t n_prefix;
};
struct ha_icmp_packet { struct addr6 src, dst, peer, self; /* as in mh_packet */ bool has_hao, has_rh2; struct ha_icmp msg; };

/* W_PROTO for any other packet, W_TYPE for another ICMPv6 type, W_CHECKSUM, W_CODE, W_TRUNCATED, W_LENGTH. */
enum wire_err ha_icmp_packet_parse(const void *pkt, size_t len_oct, struct ha_icmp_packet *out);
/* A complete packet, hop limit 64. hao and rh2 may be NULL. 0 when buf is too small. */
size_t ha_icmp_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst, const struct addr6 *hao,
			    const struct addr6 *rh2, const struct ha_icmp *msg);
