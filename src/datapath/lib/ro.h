/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Without a tunnel between a mobile and its correspondent node (RFC 6275 6.3, 6.4, 9.3): towards the mobile a
 * type 2 routing header, from it a Home Address option, 24 octets each behind the IPv6 header. Here is what agent, mobile
 * and correspondent node share. Checksums of the transport are over the home address: headers come and go without touching them.
 */
#include "datapath/lib/tunnel.h"

enum { MH_TYPE_AT = 2, MH_HOT = 3 };

/* The entry for data of a pair of addresses as they lie in a header, if it lives. */
static INLINE struct m_ro *ro_find(ctx_t *c, const struct k_pair *pair)
{
	struct m_ro *r = TBL(c, ro, pair);
	return r && r->expires_ns > ctx_now(c) ? r : NULL;
}

/* Is the packet inside a tunnel, in, a home test for an entry of ours? ip: its header. */
static INLINE bool ro_is_hot(ctx_t *c, const struct m_cfg *g, const struct inner *in, const struct ip6_h *ip)
{
	uint8_t type;
	if (!(g->features & FEAT_RO) || in->nh != NH_MH || !ctx_load(c, in->at + IP6_OCT + MH_TYPE_AT, &type, 1) || type != MH_HOT)
		return false;
	struct k_pair back = {.src = ip->dst, .dst = ip->src};
	return ro_find(c, &back) != NULL;
}

/* To whoever optimises the route: the message without its tunnel. */
static INLINE int ro_punt_hot(ctx_t *c, uint32_t at)
{
	punt_with(c, at, DP_PUNT_MH, NULL, false);
	return ctx_stolen(c);
}

/* Where a packet goes instead: outer addresses; way out if fixed (as struct dp_slow has it). */
struct ro_out { struct k_pair addr; uint32_t mtu_oct, ifindex; struct mac next_hop; uint16_t encap; };

/* The way there, by the routing table; here_oct: MTU of the link that the packet is about to leave through anyhow, 0 if there is none: a
 * host that forwards nothing gets no answer from the table (WAY_HOST then). WAY_TOO_BIG is for ro_slow. */
NOINLINE int ro_way(ctx_t *c, const struct inner *in, struct ro_out *o, struct way *w, uint32_t here_oct)
{
	struct m_cfg *g = cfg(c);
	uint32_t oct = in->seg_oct + RO_OCT;
	int v = ctx_route(c, &o->addr.src, &o->addr.dst, oct, w);
	if (v == WAY_NONE || v == WAY_HOST) {
		if (!here_oct)
			return WAY_NONE;
		w->mtu_oct = here_oct;
		v = WAY_HOST;
	}
	o->mtu_oct = g ? path_mtu(c, g, &o->addr.dst, w->mtu_oct) : w->mtu_oct;
	return oct > o->mtu_oct ? WAY_TOO_BIG : v;
}

/* Too long with the header: the slow path tells the source, or fragments. encap: DP_ENCAP_RH2 or DP_ENCAP_HAO. */
NOINLINE int ro_slow(ctx_t *c, const struct inner *in, const struct ro_out *o)
{
	struct dp_slow s = {.why = DP_SLOW_TOO_BIG, .encap = (enum dp_encap)o->encap, .mtu_oct = o->mtu_oct, .len_oct = in->len_oct};
	s.is_local = in->is_local;
	s.was_tunnelled = in->was_tunnelled;
	__builtin_memcpy(&s.src, &o->addr.src, 16);
	__builtin_memcpy(&s.dst, &o->addr.dst, 16);
	s.ifindex = o->ifindex;
	__builtin_memcpy(&s.next_hop, &o->next_hop, 6);
	punt_slow(c, in->at, &s);
	return ctx_stolen(c);
}

static INLINE void ro_write_ip(struct ip6_h *ip, const struct inner *in, uint8_t nh, const struct k_pair *addr)
{
	uint32_t plen = in->len_oct + RO_OCT - IP6_OCT;
	ip->vtf = in->vtf;
	ip->plen = BE16(plen > 65535 ? 65535 : plen);
	ip->nh = nh;
	ip->hl = in->is_local ? in->hl : (uint8_t)(in->hl - 1);
	ip->src = addr->src;
	ip->dst = addr->dst;
}

static INLINE void ro_write_hao(struct hao_h *h, uint8_t nh, const struct a6 *home_address)
{
	*h = (struct hao_h){.nh = nh, .len = 2, .pad = {1, 2, 0, 0}, .type = OPT_HAO, .olen = 16, .addr = *home_address};
}

static INLINE void ro_write_rh2(struct rh2_h *h, uint8_t nh, const struct a6 *home_address)
{
	*h = (struct rh2_h){.nh = nh, .len = 2, .type = RH_TYPE2, .left = 1, .addr = *home_address};
}

/* Header of type 2 at a constant offset: the address in it, copied, and what comes next. False: none such, or it is done with. */
static INLINE bool ro_read_rh2(ctx_t *c, uint32_t at, struct a6 *home_address, uint8_t *nh)
{
	struct rh2_h h;
	if (!ctx_load(c, at, &h, sizeof h) || h.len != 2 || h.type != RH_TYPE2 || h.left != 1)
		return false;
	*home_address = h.addr;
	*nh = h.nh;
	return true;
}

/* Takes a type 2 routing header off: the packet is to home_address then. nh: what follows it. */
GLOBAL bool ro_consume(ctx_t *c, const struct a6 *home_address, uint8_t nh)
{
	if (!home_address)
		return 0;
	struct { uint16_t plen; uint8_t nh, hl; } head;
	if (!ctx_load(c, ETH_OCT + 4, &head, 4))
		return false;
	head.plen = BE16(BE16(head.plen) - RO_OCT);
	head.nh = nh;
	if (!ctx_cut(c, RO_OCT))
		return false;
	ctx_store(c, ETH_OCT + 4, &head, 4);
	ctx_store(c, ETH_OCT + 24, home_address, 16);
	count(c, DP_COUNT_RH2_IN);
	return true;
}
