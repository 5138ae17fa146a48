/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * IPv6 at the level a host's kernel needs, written apart from `wire` on purpose: what the engines
 * build is read here by other code. Offsets are RFC 8200's.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/addr.h"

enum { IP6_LEN = 40, UDP_LEN = 8, PROTO_ICMP6 = 58, PROTO_UDP = 17, PROTO_MH = 135, PROTO_IP6 = 41, PROTO_GRE = 47 };
enum { ICMP_TOO_BIG = 2, ICMP_PARAM_PROBLEM = 4, ICMP_ECHO = 128, ICMP_ECHO_REPLY = 129, ICMP_MLD_QUERY = 130, ICMP_MLD1_REPORT = 131, ICMP_MLD1_DONE = 132,
       ICMP_RS = 133, ICMP_RA = 134, ICMP_NS = 135, ICMP_NA = 136, ICMP_MLD2_REPORT = 143 };

static inline struct addr6 ip6_src(const uint8_t *p) { struct addr6 a; memcpy(&a, p + 8, 16); return a; }
static inline struct addr6 ip6_dst(const uint8_t *p) { struct addr6 a; memcpy(&a, p + 24, 16); return a; }
static inline uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static inline uint32_t get32(const uint8_t *p) { return (uint32_t)get16(p) << 16 | get16(p + 2); }
static inline void put16(uint8_t *p, uint16_t v) { p[0] = (uint8_t)(v >> 8); p[1] = (uint8_t)v; }
static inline void put32(uint8_t *p, uint32_t v) { put16(p, (uint16_t)(v >> 16)); put16(p + 2, (uint16_t)v); }
static inline uint64_t get64(const uint8_t *p) { return (uint64_t)get32(p) << 32 | get32(p + 4); }
static inline void put64(uint8_t *p, uint64_t v) { put32(p, (uint32_t)(v >> 32)); put32(p + 4, (uint32_t)v); }

/* Version 6 and as long as it says. */
static inline bool ip6_is_whole(const uint8_t *p, size_t len)
{
	return len >= IP6_LEN && p[0] >> 4 == 6 && (size_t)IP6_LEN + get16(p + 4) <= len;
}
void ip6_put(uint8_t *p, uint8_t next, uint8_t hop_limit, const struct addr6 *src, const struct addr6 *dst, size_t payload_oct);
/* Internet checksum of an upper-layer packet with the IPv6 pseudo-header; 0 when a correct one is in place. */
uint16_t ip6_checksum(const struct addr6 *src, const struct addr6 *dst, uint8_t next, const uint8_t *p, size_t len);

/* The upper-layer protocol behind hop-by-hop, destination options, routing headers; *off is where it starts.
 * -1 when the chain is cut short or fragmented. */
int ip6_upper(const uint8_t *p, size_t len, size_t *off);
/* Value of an option of a destination options header in front of the upper layer (201: home address); NULL if none. */
const uint8_t *ip6_dest_option(const uint8_t *p, size_t len, uint8_t type, size_t want_oct);
