/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The headers that the programs read and write, with no more alignment than they have in a packet. */
#include "datapath/lib/types.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BE16(x) ((uint16_t)__builtin_bswap16((uint16_t)(x)))
#define BE32(x) ((uint32_t)__builtin_bswap32((uint32_t)(x)))
#else
#define BE16(x) ((uint16_t)(x))
#define BE32(x) ((uint32_t)(x))
#endif

enum {
	ETH_OCT = 14, IP6_OCT = 40, GRE_OCT = 8, TCP_OCT = 20,
	ETHER_IPV6 = 0x86dd,
	NH_HOPOPTS = 0, NH_TCP = 6, NH_UDP = 17, NH_IPV6 = 41, NH_ROUTING = 43, NH_FRAGMENT = 44, NH_GRE = 47,
	NH_ICMP6 = 58, NH_DSTOPTS = 60, NH_MH = 135,
	GRE_KEY = 0x2000, GRE_SEQ = 0x1000,     /* RFC 2890, first 16 bits in host order */
	OPT_HAO = 201,                          /* RFC 6275 6.3 */
	RH_TYPE2 = 2,                           /* RFC 6275 6.4 */
	IP6_MTU_MIN = 1280,
	IP4_MTU_LEAST = 552,                    /* RFC 791 has 68; no link of today, and who says so wants to do harm */
};

struct eth_h { struct mac dst, src; uint16_t proto; };
struct ip6_h { uint32_t vtf; uint16_t plen; uint8_t nh, hl; struct a6 src, dst; };
/* Between an IPv6 header and what follows: both 24 octets long (RFC 6275 6.3, 6.4). */
enum { RO_OCT = 24 };
struct rh2_h { uint8_t nh, len, type, left; uint32_t reserved; struct a6 addr; };
struct hao_h { uint8_t nh, len, pad[4], type, olen; struct a6 addr; };
struct gre_h { uint16_t flags, proto; uint32_t opt; };   /* with exactly one of key and sequence number */

static INLINE bool a6_eq(const struct a6 *a, const struct a6 *b)
{
	return a->w[0] == b->w[0] && a->w[1] == b->w[1] && a->w[2] == b->w[2] && a->w[3] == b->w[3];
}
static INLINE bool a6_is_any(const struct a6 *a) { return !(a->w[0] | a->w[1] | a->w[2] | a->w[3]); }
static INLINE bool a6_is_multicast(const struct a6 *a) { return (a->w[0] & BE32(0xff000000)) == BE32(0xff000000); }
static INLINE bool a6_is_linklocal(const struct a6 *a) { return (a->w[0] & BE32(0xffc00000)) == BE32(0xfe800000); }
/* Multicast of at most link scope: never forwarded. */
static INLINE bool a6_is_link_multicast(const struct a6 *a) { return ((BE32(a->w[0]) >> 16) & 15) <= 2; }
static INLINE bool a6_in(const struct a6 *a, const struct m_prefix *p)
{
	return ((a->w[0] & p->mask.w[0]) == p->net.w[0]) && ((a->w[1] & p->mask.w[1]) == p->net.w[1]) &&
	       ((a->w[2] & p->mask.w[2]) == p->net.w[2]) && ((a->w[3] & p->mask.w[3]) == p->net.w[3]);
}
static INLINE bool a6_is_v4(const struct a6 *a) { return !(a->w[0] | a->w[1]) && a->w[2] == BE32(0xffff); }
/* Of either family. */
static INLINE bool a6_is_group(const struct a6 *a)
{
	return a6_is_multicast(a) || (a6_is_v4(a) && (a->w[3] & BE32(0xf0000000)) == BE32(0xe0000000));
}
static INLINE bool mac_is_zero(const struct mac *m) { return !(m->w[0] | m->w[1] | m->w[2]); }
static INLINE bool mac_eq(const struct mac *a, const struct mac *b) { return a->w[0] == b->w[0] && a->w[1] == b->w[1] && a->w[2] == b->w[2]; }

static INLINE uint32_t mix(uint32_t h, uint32_t w)
{
	uint64_t x = ((uint64_t)h << 32 | w) * 0x9e3779b97f4a7c15ull;
	return (uint32_t)(x >> 32) ^ (uint32_t)x;
}
static INLINE uint32_t mix_a6(uint32_t h, const struct a6 *a)
{
	return mix(mix(mix(mix(h, a->w[0]), a->w[1]), a->w[2]), a->w[3]);
}

/* Traffic class of a version/traffic class/flow label word, and putting one there. */
static INLINE uint8_t vtf_class(uint32_t vtf) { return (uint8_t)(BE32(vtf) >> 20); }
static INLINE uint32_t vtf_with_class(uint32_t vtf, uint8_t tc) { return (vtf & BE32(0xf00fffff)) | BE32((uint32_t)tc << 20); }
