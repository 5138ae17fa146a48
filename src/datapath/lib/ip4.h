/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * IPv4's headers, their checksums, and a packet inside a tunnel. Tables are keyed by mapped addresses
 * (doc/decisions/ipv4-mapped.md); headers have four octets.
 *
 * A header's checksum is carried on as it changes (RFC 1624) and never made new over what was received: one that was wrong stays wrong and whoever
 * looks next drops the packet.
 */
#include "datapath/lib/ecn.h"
#include "datapath/lib/punt.h"

enum {
	IP4_OCT = 20, IP4_HEAD_MAX = 60, ARP_OCT = 28,
	ETHER_IPV4 = 0x0800, ETHER_ARP = 0x0806,
	PROTO_ICMP = 1, PROTO_IGMP = 2, PROTO_IPIP = 4, PROTO_MINIMAL = 55,
	IP4_DF = 0x4000, IP4_PART = 0x3fff,     /* more fragments, or an offset */
	UDP_OCT = 8, MIP_PORT = 434, MIP_DATA_OCT = 4,
	MIP_DATA = 4,                           /* RFC 3519 3.1: what carries a packet, among Mobile IPv4's messages */
	MIN_OCT = 12, MIN_SHORT_OCT = 8, MIN_HAS_SRC = 0x80, /* RFC 2004 3.1 */
	GRE_PLAIN_OCT = 4, GRE_CSUM = 0x8000,   /* RFC 2784 */
};

struct ip4_h { uint8_t vihl, tos; uint16_t len, id, frag; uint8_t ttl, proto; uint16_t sum; uint32_t src, dst; };
struct udp_h { uint16_t sport, dport, len, sum; };
struct mip_h { struct udp_h udp; uint8_t type, next; uint16_t reserved; };
struct min_h { uint8_t proto, flags; uint16_t sum; uint32_t dst, src; };

static INLINE struct a6 a6_of4(uint32_t a) { return (struct a6){{0, 0, BE32(0xffff), a}}; }
static INLINE struct k_pair pair_of4(uint32_t src, uint32_t dst) { return (struct k_pair){a6_of4(src), a6_of4(dst)}; }
/* Of a mapped address. None (::) has 0.0.0.0 there. */
static INLINE uint32_t a4_of(const struct a6 *a) { return a->w[3]; }

static INLINE bool a4_is_multicast(uint32_t a) { return (a & BE32(0xf0000000)) == BE32(0xe0000000); }
static INLINE bool a4_is_link_multicast(uint32_t a) { return (a & BE32(0xffffff00)) == BE32(0xe0000000); }
static INLINE bool a4_is_broadcast(uint32_t a) { return a == UINT32_MAX; }

/* One's complement sum of words in network order, folded. */
static INLINE uint32_t sum_fold(uint64_t s)
{
	s = (s & 0xffffffff) + (s >> 32);
	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	return (uint32_t)((s & 0xffff) + (s >> 16));
}
static INLINE uint32_t ip4_fold(const struct ip4_h *h)
{
	uint32_t w[5];
	__builtin_memcpy(w, h, sizeof w);
	return sum_fold((uint64_t)w[0] + w[1] + w[2] + w[3] + w[4]);
}
static INLINE uint16_t ip4_sum(const struct ip4_h *h) { return (uint16_t)~ip4_fold(h); } /* with sum 0 */

/* A 16-bit field of a summed header from old to val. */
static INLINE uint16_t sum_change(uint16_t sum, uint16_t old, uint16_t val)
{
	return (uint16_t)~sum_fold((uint64_t)(uint16_t)~sum + (uint16_t)~old + val);
}

static INLINE uint32_t ip4_head_oct(uint8_t vihl) { return (uint32_t)(vihl & 15) * 4; }

/* One hop less, where the header lies. */
static INLINE void ip4_hop(struct ip4_h *ip)
{
	uint16_t was = BE16((uint32_t)ip->ttl << 8 | ip->proto);
	ip->ttl--;
	ip->sum = sum_change(ip->sum, was, BE16((uint32_t)ip->ttl << 8 | ip->proto));
}

/* The packet that travels: alone, or in a tunnel. */
struct in4 {
	struct ip4_h ip;    /* as it came, without options */
	uint32_t at;        /* where it lies: ETH_OCT and what there is of a tunnel's headers, or 0 in a packet from roam0 */
	uint32_t len_oct;   /* header included; of an offloaded packet the whole */
	uint32_t seg_oct;   /* of the longest packet on the wire */
	uint8_t head_oct;
	uint8_t tos;        /* as it shall leave (ECN of an outer header taken over) */
	bool is_local;      /* made by this host: time to live stays */
	bool was_tunnelled;
};

/* Length of one segment with its headers. */
static INLINE uint32_t in4_segment_oct(ctx_t *c, const struct in4 *in, uint32_t gso)
{
	uint8_t offset = 0;
	if (in->ip.proto != NH_TCP)
		return (uint32_t)in->head_oct + UDP_OCT + gso;
	ctx_load(c, in->at + in->head_oct + 12, &offset, 1);
	return (uint32_t)in->head_oct + (uint32_t)(offset >> 4) * 4 + gso;
}

/* A header at one of the places where tunnels have it, by pointer, which is half the work of a copy by the kernel. */
#define IP4_COPY_FROM(place) \
	if (at == (place)) { \
		const struct ip4_h *p_ = ctx_at(c, (place)); \
		if (ctx_has(c, (place) + IP4_OCT)) { \
			*ip = *p_; \
			return true; \
		} \
	}
static INLINE bool ip4_copy(ctx_t *c, uint32_t at, struct ip4_h *ip)
{
	IP4_COPY_FROM(0)
	IP4_COPY_FROM(ETH_OCT)
	IP4_COPY_FROM(ETH_OCT + IP4_OCT)
	IP4_COPY_FROM(ETH_OCT + IP4_OCT + GRE_OCT)
	return ctx_reach(c, at + IP4_OCT) && ctx_load(c, at, ip, IP4_OCT);
}

/* Reads the header at `at`, and sees to it that pointers reach it. False: not a whole IPv4 packet. */
GLOBAL bool in4_read(ctx_t *c, uint32_t at, struct in4 *in)
{
	if (!in)
		return 0;
	uint32_t gso = ctx_gso(c);
	if (!ip4_copy(c, at, &in->ip))
		return false;
	in->at = at;
	in->head_oct = (uint8_t)ip4_head_oct(in->ip.vihl);
	in->tos = in->ip.tos;
	in->is_local = at == 0;
	in->was_tunnelled = false;
	in->len_oct = gso ? ctx_len(c) - at : BE16(in->ip.len);
	in->seg_oct = gso ? in4_segment_oct(c, in, gso) : in->len_oct;
	return in->ip.vihl >> 4 == 4 && in->head_oct >= IP4_OCT && in->len_oct >= in->head_oct && in->len_oct + at <= ctx_len(c);
}

/* The header as it leaves: traffic class, and one hop less unless it is this host's own. */
static INLINE struct ip4_h in4_leaving(const struct in4 *in)
{
	struct ip4_h h = in->ip;
	h.tos = in->tos;
	h.sum = sum_change(h.sum, BE16((uint32_t)h.vihl << 8 | in->ip.tos), BE16((uint32_t)h.vihl << 8 | h.tos));
	if (!in->is_local)
		ip4_hop(&h);
	return h;
}

/* Is the source of the packet, IPv4's or ARP's at off, within its rate? (Apart from what follows: stack is scarce in BPF.) */
GLOBAL bool punt4_admits(ctx_t *c, uint32_t off, enum dp_punt why)
{
	struct m_cfg *g = cfg(c);
	struct a6 src = a6_of4(0);
	if (!g || !ctx_load(c, off + (why == DP_PUNT_ARP ? 14 : 12), &src.w[3], 4))
		return false;
	if (rate_admits(c, g, &src, why))
		return true;
	count(c, DP_DROP_PUNT_RATE);
	return false;
}

GLOBAL bool punt4_send(ctx_t *c, uint32_t off, enum dp_punt why, const struct dp_slow *slow, bool has_slow)
{
	if (!slow && has_slow)
		return 0;
	struct punt_head head = {.ifindex = ctx_ifindex(c), .why = why};
	if (off >= ETH_OCT && !ctx_load(c, 6, &head.mac, 6))
		return false;
	if (!ctx_ring(c, off, &head, slow, has_slow, why == DP_PUNT_MH || why == DP_PUNT_MIP4)) {
		count(c, DP_DROP_PUNT_FULL);
		return false;
	}
	count(c, has_slow ? DP_COUNT_SLOW : DP_COUNT_PUNTED);
	return true;
}

/* Hands up a packet: as punt_with, whose off is IPv4's header or ARP's. */
static INLINE bool punt4_with(ctx_t *c, uint32_t off, enum dp_punt why, const struct dp_slow *slow, bool has_slow)
{
	return punt4_admits(c, off, why) && punt4_send(c, off, why, slow, has_slow);
}
