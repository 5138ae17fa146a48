/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * IPv6 and IPv4 at the level a host's kernel needs, written apart from `wire` on purpose: what the engines
 * build is read here by other code. Offsets are RFC 8200's and RFC 791's. IPv4 addresses are mapped ones (::ffff:a.b.c.d).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/addr.h"

enum { IP6_LEN = 40, UDP_LEN = 8, PROTO_ICMP6 = 58, PROTO_UDP = 17, PROTO_MH = 135, PROTO_IP6 = 41, PROTO_GRE = 47 };
enum { IP4_LEN = 20, IP4_LEN_MAX = 60, ARP_LEN = 28, IP4_DF = 0x4000, IP4_MF = 0x2000, IP4_OFFSET = 0x1fff };
enum { PROTO4_ICMP = 1, PROTO4_IGMP = 2, PROTO4_IPIP = 4, PROTO4_MINIMAL = 55 };
enum { ETHERTYPE_IP4 = 0x0800, ETHERTYPE_ARP = 0x0806, ETHERTYPE_IP6 = 0x86dd };
enum { ICMP4_ECHO_REPLY = 0, ICMP4_UNREACHABLE = 3, ICMP4_ECHO = 8, ICMP4_ADV = 9, ICMP4_SOL = 10, ICMP4_TIME = 11 };
enum { ICMP4_NET = 0, ICMP4_HOST = 1, ICMP4_PROTOCOL = 2, ICMP4_PORT = 3, ICMP4_TOO_BIG = 4 }; /* codes of unreachable */
enum { IGMP_TYPE_QUERY = 0x11, IGMP_TYPE_REPORT3 = 0x22 };
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
/* Internet checksum of an upper-layer packet with its pseudo-header; 0 when a correct one is in place. Of either family: what is
 * added for the ffff of two mapped addresses is nothing in the sum's arithmetic. */
uint16_t ip_checksum(const struct addr6 *src, const struct addr6 *dst, uint8_t next, const uint8_t *p, size_t len);

/* The upper-layer protocol behind hop-by-hop, destination options, routing headers; *off is where it starts.
 * -1 when the chain is cut short or fragmented. */
int ip6_upper(const uint8_t *p, size_t len, size_t *off);
/* Value of an option of a destination options header in front of the upper layer (201: home address); NULL if none. */
const uint8_t *ip6_dest_option(const uint8_t *p, size_t len, uint8_t type, size_t want_oct);

static inline struct addr6 ip4_addr(const uint8_t *p) { struct addr6 a = {{[10] = 0xff, [11] = 0xff}}; memcpy(a.b + 12, p, 4); return a; }
static inline struct addr6 ip4_src(const uint8_t *p) { return ip4_addr(p + 12); }
static inline struct addr6 ip4_dst(const uint8_t *p) { return ip4_addr(p + 16); }
static inline bool ip4_is(const uint8_t *p) { return p[0] >> 4 == 4; }
static inline size_t ip4_head_len(const uint8_t *p) { return (p[0] & 0xfu) * 4; }
/* Version 4, header and packet as long as they say. */
static inline bool ip4_is_whole(const uint8_t *p, size_t len)
{
	return len >= IP4_LEN && ip4_is(p) && ip4_head_len(p) >= IP4_LEN && get16(p + 2) >= ip4_head_len(p) && get16(p + 2) <= len;
}
/* Of the bytes alone: an IPv4 header, ICMP, IGMP. */
uint16_t sum_checksum(const uint8_t *p, size_t len);
/* Header without options, with DF and its checksum. */
void ip4_put(uint8_t *p, uint8_t proto, uint8_t ttl, const struct addr6 *src, const struct addr6 *dst, size_t payload_oct);
/* The checksum again, after a change of the header. */
void ip4_resum(uint8_t *p);

/* Of either family. */
static inline struct addr6 ip_src(const uint8_t *p) { return ip4_is(p) ? ip4_src(p) : ip6_src(p); }
static inline struct addr6 ip_dst(const uint8_t *p) { return ip4_is(p) ? ip4_dst(p) : ip6_dst(p); }
static inline bool ip_is_whole(const uint8_t *p, size_t len) { return len && (ip4_is(p) ? ip4_is_whole(p, len) : ip6_is_whole(p, len)); }
static inline uint8_t ip_hops(const uint8_t *p) { return ip4_is(p) ? p[8] : p[7]; }
int ip_upper(const uint8_t *p, size_t len, size_t *off);
static inline bool addr_is_group(const struct addr6 *a) { return addr6_is_multicast(a) || addr6_is_v4multicast(a); }
/* What Ethernet calls it: a packet's first byte tells; ARP begins with a zero. */
static inline uint16_t ethertype_of(const uint8_t *p) { return p[0] >> 4 == 6 ? ETHERTYPE_IP6 : ip4_is(p) ? ETHERTYPE_IP4 : ETHERTYPE_ARP; }
