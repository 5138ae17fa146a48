/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Mobiles that the network moves, what is neither path.h's nor path4.h's: from the home agent to a group of the other family than the packet's, out
 * of groups to guests (guest.h), voice (voice.h). Where packet and group are of one family, the home agent does as an MMA does (group.h, group4.h).
 */
#include "datapath/lib/home4.h"
#include "datapath/lib/voice.h"

enum { CAST46_OCT = IP6_OCT + GRE_OCT /* IPv4 in IPv6 */, CAST64_OCT = IP4_OCT + GRE_OCT };

/* A packet on its way to a group of the other family, and how it goes there. */
struct cast_way { struct m_mfc *to; uint32_t at, len_oct, seq, mtu_oct; bool is_local, is_over; };

/* The links of m's group, a number for the packet; 0, or a verdict. */
NOINLINE int cast_begin(ctx_t *c, struct m_coa *m, struct cast_way *w)
{
	struct m_cfg *g = cfg(c);
	if (!g)
		return ctx_drop(c, DP_DROP_NO_GROUP);
	w->to = group_links(c, g, &m->source, m->inject_ifindex);
	bool is_heard = m->inject_ifindex || w->to;
	if (is_heard || (m->flags & COA_KEEP))
		w->seq = __sync_fetch_and_add(&m->seq, 1);
	if (m->flags & COA_KEEP)
		group_keep(c, w->at, w->len_oct, &m->coa, w->seq);
	if (!is_heard)
		return ctx_drop(c, DP_DROP_NO_GROUP);
	w->mtu_oct = path_mtu(c, g, &m->group, w->to ? group_mtu(c, w->to) : DP_INJECT_MTU);
	return 0;
}

/* Hop limit used up, or too long: what the slow path has to know. */
NOINLINE int cast_slow(ctx_t *c, const struct m_coa *m, const struct cast_way *w, bool is_v4)
{
	struct dp_slow s = {.why = w->is_over ? DP_SLOW_HOP_LIMIT : DP_SLOW_TOO_BIG, .encap = DP_ENCAP_GRE, .has_seq = true, .seq = w->seq,
		.mtu_oct = w->mtu_oct, .len_oct = w->len_oct, .is_local = w->is_local};
	__builtin_memcpy(&s.src, &m->source, 16);
	__builtin_memcpy(&s.dst, &m->group, 16);
	if (is_v4)
		punt4_with(c, w->at, DP_PUNT_SLOW, &s, true);
	else
		punt_slow(c, w->at, &s);
	return ctx_stolen(c);
}

NOINLINE int cast_replicate(ctx_t *c, const struct m_coa *m, struct m_mfc *to)
{
	count(c, DP_COUNT_MMA_DOWN);
	return group46_out(c, &m->group, to, m->inject_ifindex);
}

/* Ethernet, IPv6, GRE, and the packet's own header. */
NOINLINE bool cast_write46(ctx_t *c, const struct in4 *in, const struct m_coa *m, uint32_t seq)
{
	struct m_cfg *g = cfg(c);
	struct eth_h *eth = ctx_begin(c);
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	struct gre_h *gre = ctx_at(c, ETH_OCT + IP6_OCT);
	struct ip4_h *inner = ctx_at(c, ETH_OCT + CAST46_OCT);
	if (!ctx_has(c, ETH_OCT + CAST46_OCT + IP4_OCT))
		return false;
	uint32_t plen = in->len_oct + GRE_OCT;
	eth->dst = mac_of_group(&m->group);
	eth->src = eth->dst;
	eth->proto = BE16(ETHER_IPV6);
	ip->vtf = BE32(6u << 28 | (uint32_t)in->tos << 20);
	ip->plen = BE16(plen > 65535 ? 65535 : plen);
	ip->nh = NH_GRE;
	ip->hl = g ? (uint8_t)g->hop_limit : 64;
	ip->src = m->source;
	ip->dst = m->group;
	*gre = (struct gre_h){BE16(GRE_SEQ), BE16(ETHER_IPV4), BE32(seq)};
	*inner = in4_leaving(in);
	return true;
}

/* An IPv4 packet at l2 into a group of IPv6. */
NOINLINE int cast_46(ctx_t *c, struct m_coa *m, uint32_t l2)
{
	struct in4 in = {0};
	if (!in4_read(c, l2, &in))
		return ctx_drop(c, DP_DROP_MALFORMED);
	struct cast_way w = {.at = in.at, .len_oct = in.len_oct, .is_local = in.is_local, .is_over = in.ip.ttl <= 1 && !in.is_local};
	int v = cast_begin(c, m, &w);
	if (v)
		return v;
	if (w.is_over || in.seg_oct + CAST46_OCT > w.mtu_oct)
		return cast_slow(c, m, &w, true);
	in4_clamp(c, &in, w.mtu_oct - CAST46_OCT);
	if (!ctx_grow(c, CAST46_OCT) || (!l2 && !ctx_add_eth(c)) || !cast_write46(c, &in, m, w.seq))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	return cast_replicate(c, m, w.to);
}

/* Ethernet, IPv4, GRE, and what changes of the packet's own header. The outer packet is not to be fragmented: who does tells of it. */
NOINLINE bool cast_write64(ctx_t *c, const struct inner *in, const struct m_coa *m, uint32_t seq)
{
	struct m_cfg *g = cfg(c);
	struct eth_h *eth = ctx_begin(c);
	struct ip4_h *ip = ctx_at(c, ETH_OCT);
	struct gre_h *gre = ctx_at(c, ETH_OCT + IP4_OCT);
	struct ip6_h *inner = ctx_at(c, ETH_OCT + CAST64_OCT);
	if (!ctx_has(c, ETH_OCT + CAST64_OCT + IP6_OCT))
		return false;
	uint32_t len = in->len_oct + CAST64_OCT;
	struct ip4_h h = {.vihl = 0x45, .tos = vtf_class(in->vtf), .len = BE16(len > 65535 ? 65535 : len), .frag = BE16(IP4_DF),
		.ttl = g ? (uint8_t)g->hop_limit : 64, .proto = NH_GRE, .src = m->source.w[3], .dst = m->group.w[3]};
	h.sum = ip4_sum(&h);
	eth->dst = mac_of_group4(m->group.w[3]);
	eth->src = eth->dst;
	eth->proto = BE16(ETHER_IPV4);
	*ip = h;
	*gre = (struct gre_h){BE16(GRE_SEQ), BE16(ETHER_IPV6), BE32(seq)};
	if (!in->is_local)
		inner->hl = in->hl - 1;
	return true;
}

/* An IPv6 packet at l2, a constant, into a group of IPv4. */
static INLINE int cast_64_at(ctx_t *c, struct m_coa *m, const uint32_t l2)
{
	struct inner in;
	if (!inner_read(c, l2, &in))
		return ctx_drop(c, DP_DROP_MALFORMED);
	in.is_local = l2 == 0;
	struct cast_way w = {.at = in.at, .len_oct = in.len_oct, .is_local = in.is_local, .is_over = in.hl <= 1 && !in.is_local};
	int v = cast_begin(c, m, &w);
	if (v)
		return v;
	if (w.is_over || in.seg_oct + CAST64_OCT > w.mtu_oct)
		return cast_slow(c, m, &w, false);
	mss_clamp_for(c, in.nh, in.at, w.mtu_oct - CAST64_OCT);
	if (!ctx_grow4(c, CAST64_OCT, false) || (!l2 && !ctx_add_eth(c)) || !cast_write64(c, &in, m, w.seq))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	return cast_replicate(c, m, w.to);
}
NOINLINE int cast_64(ctx_t *c, struct m_coa *m) { return cast_64_at(c, m, ETH_OCT); }
NOINLINE int cast_64_own(ctx_t *c, struct m_coa *m) { return cast_64_at(c, m, 0); }

/* The entry of the group that dst's packets go to. */
NOINLINE struct m_coa *cast_find(ctx_t *c, const struct a6 *dst)
{
	struct m_cfg *g = cfg(c);
	struct m_home *h = g ? home_find(c, g, dst) : NULL;
	return h ? home_agent_here(c, g, h) : NULL;
}

static INLINE int cast_in6(ctx_t *c)
{
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	if (!ctx_pull(c, ETH_OCT + IP6_OCT))
		return ctx_drop(c, DP_DROP_MALFORMED);
	ip = ctx_at(c, ETH_OCT);
	if (!ctx_has(c, ETH_OCT + IP6_OCT))
		return ctx_drop(c, DP_DROP_MALFORMED);
	struct m_guest *v = TBL(c, guest, &ip->src);
	if (v) {
		struct guest_in in;
		uint8_t tos = vtf_class(ip->vtf), nh = ip->nh;
		uint32_t len = IP6_OCT + (uint32_t)BE16(ip->plen);
		if (v->expires_ns <= ctx_now(c))
			return ctx_drop(c, DP_DROP_EXPIRED);
		if (!guest_may_come(c, v))
			return ctx_drop(c, DP_DROP_WRONG_IIF);
		if (nh == NH_FRAGMENT)
			return guest_fragment(c, false);
		if (nh == NH_UDP)
			return v->voice_port && !ctx_gso(c) ? voice_in(c, v, len, false) : ctx_pass(c);
		enum dp_drop why = nh == NH_GRE ? guest_gre(c, ETH_OCT + IP6_OCT, &in) : DP_DROP_TUNNEL_PROTO;
		return why ? ctx_drop(c, why) : guest_tunnel(c, v, &in, tos, false);
	}
	struct a6 dst = ip->dst;
	struct k_port k = {.addr = dst};
	uint16_t port = 0;
	if (ip->nh == NH_UDP && ctx_load(c, ETH_OCT + IP6_OCT + 2, &port, 2)) {
		k.port = port;
		struct m_relay *r = TBL(c, relay, &k);
		if (r)
			return voice_relay(c, r, false);
	}
	struct m_coa *m = cast_find(c, &dst);
	return m ? cast_64(c, m) : ctx_drop(c, DP_DROP_NO_GROUP);
}

static INLINE int cast_in4(ctx_t *c)
{
	struct ip4_h ip;
	uint16_t port = 0;
	if (!ip4_copy(c, ETH_OCT, &ip))
		return ctx_drop(c, DP_DROP_MALFORMED);
	struct k_pair pair = pair_of4(ip.src, ip.dst);
	struct m_guest *v = TBL(c, guest, &pair);
	if (v) {
		struct guest_in in;
		if (v->expires_ns <= ctx_now(c))
			return ctx_drop(c, DP_DROP_EXPIRED);
		if (!guest_may_come(c, v))
			return ctx_drop(c, DP_DROP_WRONG_IIF);
		if (ip.frag & BE16(IP4_PART))
			return guest_fragment(c, true);
		if (ip.vihl != 0x45)
			return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
		if (ip.proto == NH_UDP)
			return v->voice_port && !ctx_gso(c) ? voice_in(c, v, BE16(ip.len), true) : ctx_pass(c);
		enum dp_drop why = ip.proto == NH_GRE ? guest_gre(c, ETH_OCT + IP4_OCT, &in) : DP_DROP_TUNNEL_PROTO;
		return why ? ctx_drop(c, why) : guest_tunnel(c, v, &in, ip.tos, true);
	}
	if (ip.proto == NH_UDP && ip.vihl == 0x45 && ctx_load(c, ETH_OCT + IP4_OCT + 2, &port, 2)) {
		struct k_port k = {pair.dst, port};
		struct m_relay *r = TBL(c, relay, &k);
		if (r)
			return voice_relay(c, r, true);
	}
	struct m_coa *m = cast_find(c, &pair.dst);
	return m ? cast_46(c, m, ETH_OCT) : ctx_drop(c, DP_DROP_NO_GROUP);
}

/* A frame for which a program before said PATH_CAST. */
static INLINE int cast_ingress(ctx_t *c)
{
	struct eth_h *eth = ctx_begin(c);
	if (!ctx_has(c, ETH_OCT))
		return ctx_pass(c);
	return eth->proto == BE16(ETHER_IPV6) ? cast_in6(c) : cast_in4(c);
}

/* A packet that the host routed into roam0, and a program before said PATH_CAST. */
static INLINE int cast_egress(ctx_t *c)
{
	uint8_t version = 0;
	struct a6 dst = a6_of4(0);
	if (!ctx_load(c, 0, &version, 1))
		return ctx_drop(c, DP_DROP_MALFORMED);
	bool is_v4 = version >> 4 == 4;
	if (!ctx_load(c, is_v4 ? 16 : 24, is_v4 ? &dst.w[3] : &dst.w[0], is_v4 ? 4 : 16))
		return ctx_drop(c, DP_DROP_MALFORMED);
	struct m_coa *m = cast_find(c, &dst);
	if (!m)
		return ctx_drop(c, DP_DROP_NO_GROUP);
	return is_v4 ? cast_46(c, m, 0) : cast_64_own(c, m);
}
