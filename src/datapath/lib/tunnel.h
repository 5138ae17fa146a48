/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What every tunnel of ours has in common: how long a packet will be, the outer headers, and what
 * is handed to the slow path when a packet cannot go (RFC 2473).
 *
 * Packets are described by where their inner IPv6 header lies. `l2` is ETH_OCT for a frame from a
 * link and 0 for a packet that the host routed into roam0.
 */
#include "datapath/lib/ecn.h"
#include "datapath/lib/mss.h"
#include "datapath/lib/punt.h"

struct inner {
	uint32_t at;        /* offset of its header */
	uint32_t len_oct;   /* header included; of an offloaded packet the whole */
	uint32_t seg_oct;   /* of the longest packet on the wire: len_oct, or a segment's length */
	uint32_t vtf;       /* as it shall leave (ECN of an outer header taken over) */
	uint8_t nh, hl;
	bool is_local;      /* made by this host: hop limit stays */
	bool was_tunnelled;
};

/* Length of one segment with its headers. */
static INLINE uint32_t segment_oct(ctx_t *c, const struct inner *in, uint32_t gso)
{
	uint8_t offset = 0;
	if (in->nh != NH_TCP)
		return IP6_OCT + 8 + gso;
	ctx_load(c, in->at + IP6_OCT + 12, &offset, 1);
	return IP6_OCT + (uint32_t)(offset >> 4) * 4 + gso;
}

/* Reads the header at `at`. False: not a whole IPv6 packet. Frames may be padded; what lies behind the
 * packet's own length is not part of it. */
static INLINE bool inner_read(ctx_t *c, const uint32_t at, struct inner *in)
{
	struct ip6_h *ip = ctx_at(c, at);
	if (!ctx_has(c, at + IP6_OCT))
		return false;
	uint32_t gso = ctx_gso(c);
	*in = (struct inner){.at = at, .vtf = ip->vtf, .nh = ip->nh, .hl = ip->hl};
	in->len_oct = gso ? ctx_len(c) - at : IP6_OCT + (uint32_t)BE16(ip->plen);
	in->seg_oct = gso ? segment_oct(c, in, gso) : in->len_oct;
	return BE32(in->vtf) >> 28 == 6 && in->len_oct + at <= ctx_len(c);
}

/* An outer header to write, and what lies between it and the inner one. */
struct outer {
	const struct a6 *src, *dst;
	uint16_t gre;       /* GRE_KEY, GRE_SEQ, or 0: IP-in-IP */
	uint32_t gre_opt;   /* host order */
};

enum { IPIP_OCT = IP6_OCT, GRE_TUNNEL_OCT = IP6_OCT + GRE_OCT };

/* Limits a way's MTU to what was learned about the path to dst (RFC 8201). */
GLOBAL uint32_t path_mtu(ctx_t *c, const struct m_cfg *g, const struct a6 *dst, uint32_t mtu)
{
	ctx_keep(c);
	if (!g || !dst)
		return mtu;
	if (!(g->features & FEAT_PMTU))
		return mtu;
	struct a6 key = *dst; /* Linux 6.1 takes no key that a function was given */
	struct m_pmtu *p = TBL(c, pmtu, &key);
	return p && p->mtu_oct < mtu && p->until_ns > ctx_now(c) ? p->mtu_oct : mtu;
}

/* What the slow path has to know to send the inner packet itself. */
static INLINE struct dp_slow slow_of(const struct inner *in, const struct outer *o, enum dp_slow_why why, uint32_t mtu)
{
	struct dp_slow s = {.why = why, .encap = o->gre ? DP_ENCAP_GRE : DP_ENCAP_IPIP, .mtu_oct = mtu, .len_oct = in->len_oct};
	s.has_key = o->gre == GRE_KEY;
	s.has_seq = o->gre == GRE_SEQ;
	s.key = s.has_key ? o->gre_opt : 0;
	s.seq = s.has_seq ? o->gre_opt : 0;
	s.is_local = in->is_local;
	s.was_tunnelled = in->was_tunnelled;
	__builtin_memcpy(&s.src, o->src, 16);
	__builtin_memcpy(&s.dst, o->dst, 16);
	return s;
}

/* Hands the inner packet to the slow path. */
NOINLINE int slow(ctx_t *c, const struct inner *in, const struct outer *o, enum dp_slow_why why, uint32_t mtu)
{
	struct dp_slow s = slow_of(in, o, why, mtu);
	punt_slow(c, in->at, &s);
	return ctx_stolen(c);
}

/* The same for a tunnel whose way out does not come from the routing table. */
static INLINE int slow_by_link(ctx_t *c, const struct inner *in, const struct outer *o, uint32_t mtu, uint32_t ifindex,
			       const struct mac *next_hop)
{
	struct dp_slow s = slow_of(in, o, DP_SLOW_TOO_BIG, mtu);
	s.ifindex = ifindex;
	__builtin_memcpy(&s.next_hop, next_hop, 6);
	punt_slow(c, in->at, &s);
	return ctx_stolen(c);
}

/* Ethernet, outer IPv6, perhaps GRE, and the inner header's changed fields, at the packet's begin. oct: IPIP_OCT or
 * GRE_TUNNEL_OCT. */
static INLINE bool outer_write(ctx_t *c, const struct m_cfg *g, const struct inner *in, const struct outer *o, const uint32_t oct,
			       const struct mac *to, const struct mac *from)
{
	struct eth_h *eth = ctx_begin(c);
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	struct ip6_h *inner = ctx_at(c, ETH_OCT + oct);
	struct gre_h *gre = ctx_at(c, ETH_OCT + IP6_OCT);
	if (!ctx_has(c, ETH_OCT + oct + IP6_OCT))
		return false;
	eth->dst = *to;
	eth->src = *from;
	eth->proto = BE16(ETHER_IPV6);
	uint32_t plen = in->len_oct + oct - IP6_OCT;
	ip->vtf = in->vtf;
	ip->plen = BE16(plen > 65535 ? 65535 : plen);
	ip->nh = oct == IPIP_OCT ? NH_IPV6 : NH_GRE;
	ip->hl = (uint8_t)g->hop_limit;
	ip->src = *o->src;
	ip->dst = *o->dst;
	if (oct != IPIP_OCT) {
		gre->flags = BE16(o->gre);
		gre->proto = BE16(ETHER_IPV6);
		gre->opt = BE32(o->gre_opt);
	}
	inner->vtf = in->vtf;
	if (!in->is_local)
		inner->hl = in->hl - 1;
	return true;
}

/* Room for the outer headers. `have`: octets of tunnel headers that are there already. */
static INLINE bool outer_room(ctx_t *c, uint32_t l2, uint32_t oct, uint32_t have)
{
	int diff = (int)oct - (int)have;
	if (!have && !ctx_grow(c, diff))
		return false;
	if (have && diff && !ctx_resize(c, diff))
		return false;
	return l2 || ctx_add_eth(c);
}

static INLINE int send_way(ctx_t *c, const struct way *w, int r)
{
	return r == WAY_OK ? ctx_send(c, w->ifindex) : ctx_send_neigh(c, w);
}

/* The whole of it, for IP-in-IP that the routing table knows the way of. */
static INLINE int tunnel_routed(ctx_t *c, const struct m_cfg *g, uint32_t l2, struct inner *in, const struct outer *o,
				uint32_t have, enum dp_count what)
{
	struct way w = {0};
	const uint32_t oct = IPIP_OCT;
	int r = ctx_route(c, o->src, o->dst, in->seg_oct + oct, &w);
	if (r == WAY_NONE || r == WAY_HOST)
		return ctx_drop(c, DP_DROP_NO_ROUTE);
	uint32_t mtu = path_mtu(c, g, o->dst, w.mtu_oct);
	if (r == WAY_TOO_BIG || in->seg_oct + oct > mtu)
		return slow(c, in, o, DP_SLOW_TOO_BIG, mtu);
	mss_clamp_for(c, in->nh, in->at, mtu - oct);
	if (!outer_room(c, l2, oct, have) || !outer_write(c, g, in, o, oct, &w.next_hop, &w.mac))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	count(c, what);
	return send_way(c, &w, r);
}
