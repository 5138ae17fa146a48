/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Mobile node. In: tunnels from the agent's group (or, plainly, from the home agent to an on-link care-of
 * address) end here, duplicates are removed, the packet enters the host through roam0. Out: what the host sends from
 * the home address leaves roam0 in a tunnel over the link that is in use, straight to the router. To and from correspondent nodes that
 * have a binding there is no tunnel: type 2 routing header in, Home Address option out.
 */
#include "datapath/lib/control.h"
#include "datapath/lib/dup.h"
#include "datapath/lib/home.h"
#include "datapath/lib/ro.h"

enum { SEQ_BEHIND_MAX = 4096 };

static INLINE bool mobile_may_use(const struct m_downlink *d, uint32_t ifindex)
{
	bool is_listed = d->n_if == 0;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < 8; i++)
		is_listed |= i < d->n_if && d->ifindex[i] == ifindex;
	return is_listed;
}

/* The last number accepted: a little before the last is another path's, far from it a new count. */
static INLINE void mobile_note_seq(struct m_downlink *d, uint32_t seq)
{
	int32_t ahead = (int32_t)(seq - d->last_seq);
	if (d->has_seq && ahead <= 0 && ahead > -SEQ_BEHIND_MAX)
		return;
	d->last_seq = seq;
	d->has_seq = 1;
}

/* Not a verdict: what was around the packet is off, but it has a destination options header, see path_again. */
enum { MOBILE_AGAIN = 102 };

static INLINE int mobile_deliver(ctx_t *c, const struct m_cfg *g) { return g->is_up_link ? ctx_up(c) : ctx_host(c, g->roam0_ifindex); }

/* Takes `have` octets of tunnel headers off and gives the packet to the host. seq: NULL where the tunnel has none. */
static INLINE int mobile_release(ctx_t *c, const struct m_cfg *g, struct m_downlink *d, const uint32_t have,
				 const uint32_t *seq)
{
	struct inner in;
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	struct ip6_h *inner = ctx_at(c, ETH_OCT + have);
	if (!ctx_has(c, ETH_OCT + have + IP6_OCT) || !inner_read(c, ETH_OCT + have, &in))
		return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	if (!net_is(c, g, &inner->dst, &d->home_address))
		return ctx_drop(c, DP_DROP_TUNNEL_INNER);
	if (ro_is_hot(c, g, &in, inner))
		return ro_punt_hot(c, in.at);
	uint32_t vtf = in.vtf;
	if (!ecn_decap(ip->vtf, &vtf))
		return ctx_drop(c, DP_DROP_ECN);
	if (seq) {
		struct eth_h *eth = ctx_begin(c);
		struct dup_packet p = {.flow = d->flow, .seq = *seq, .vtf = in.vtf, .len_oct = in.len_oct, .nh = in.nh};
		if (!ctx_has(c, ETH_OCT))
			return ctx_drop(c, DP_DROP_MALFORMED);
		p.path = dup_path(ctx_ifindex(c), &eth->src);
		if (dup_is(c, &p))
			return ctx_drop(c, DP_DROP_DUPLICATE);
		mobile_note_seq(d, *seq);
	}
	if (d->wants_ro)
		punt_ro(c, ETH_OCT + have);
	if (vtf != in.vtf)
		ctx_ecn_mark(c, in.at, vtf);
	if (!ctx_resize(c, -(int)have))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	count(c, DP_COUNT_MN_DECAP);
	return in.nh == NH_DSTOPTS ? MOBILE_AGAIN : mobile_deliver(c, g);
}

/* Not a verdict: something about the packet is not as with most, see mobile_in. */
enum { MOBILE_SLOWLY = 110 };

/* A frame for us from a link of the mobile, where nothing else has to be looked at. */
static INLINE bool mobile_is_link(ctx_t *c, const struct m_cfg *g)
{
	const struct m_if *f = if_of_slot(c, ctx_ifindex(c) % IF_SLOTS);
	return (g->features & FEAT_DOWNLINK) && f && f->ifindex == ctx_ifindex(c) &&
	       (f->flags & (DP_IF_MOBILE | DP_IF_ACCESS | DP_IF_FILTER)) == DP_IF_MOBILE && !ctx_is_for_others(c);
}

/*
 * What path.h comes to for most packets that a mobile receives: out of a group's tunnel, whole, not offloaded, not TCP, for the home address. All in one
 * function, the first of the program: where a kernel guards returns (SRSO, Retbleed), calls cost as much as the work. Until it is
 * sure of the packet it changes nothing. The native build does without; that both come to the same is compared (tests/datapath).
 */
static INLINE int mobile_quick(ctx_t *c)
{
	const struct m_cfg *g = cfg(c);
	if (!g || !mobile_is_link(c, g))
		return MOBILE_SLOWLY;
	const uint32_t at = ETH_OCT + GRE_TUNNEL_OCT, l4 = at + IP6_OCT;
	const struct eth_h *eth = ctx_begin(c);
	const struct ip6_h *ip = ctx_at(c, ETH_OCT), *inner = ctx_at(c, at);
	const struct gre_h *gre = ctx_at(c, ETH_OCT + IP6_OCT);
	const uint32_t *w = ctx_at(c, l4);
	if (!ctx_has(c, l4 + 8) || ctx_gso(c) || eth->proto != BE16(ETHER_IPV6) || ip->nh != NH_GRE || !a6_is_multicast(&ip->dst) ||
	    gre->flags != BE16(GRE_SEQ) || gre->proto != BE16(ETHER_IPV6))
		return MOBILE_SLOWLY;
	uint32_t vtf = inner->vtf;
	uint8_t nh = inner->nh;
	if (nh == NH_TCP || nh == NH_MH || nh == NH_DSTOPTS || BE32(vtf) >> 28 != 6 || l4 + BE16(inner->plen) > ctx_len(c) ||
	    !ecn_decap(ip->vtf, &vtf) || vtf != inner->vtf)
		return MOBILE_SLOWLY;
	struct m_downlink *d = TBL(c, downlink, &ip->src);
	if (!d || d->encap != DP_ENCAP_GRE || d->wants_ro || !a6_eq(&inner->dst, &d->home_address) || !mobile_may_use(d, ctx_ifindex(c)))
		return MOBILE_SLOWLY;
	struct dup_id id = {.seq = BE32(gre->opt), .path = dup_path(ctx_ifindex(c), &eth->src), .spread = d->flow};
	id.tag = mix(d->flow ^ (vtf & BE32(0x000fffff)), w[0]);
	if (nh != NH_UDP)
		id.tag = mix(id.tag, w[1]);
	if (seen_note_by(c, g, &id))
		return ctx_drop(c, DP_DROP_DUPLICATE);
	mobile_note_seq(d, id.seq);
	if (!ctx_resize(c, -(int)GRE_TUNNEL_OCT))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	count(c, DP_COUNT_MN_DECAP);
	return mobile_deliver(c, g);
}

/* A part of a tunnel packet to the group, which the kernel does not put together: the host is no member (reasm.h). */
NOINLINE int mobile_fragment(ctx_t *c)
{
	struct dp_slow s = {.why = DP_SLOW_FRAGMENT, .len_oct = ctx_len(c) - ETH_OCT};
	punt_slow(c, ETH_OCT, &s);
	return ctx_stolen(c);
}

/* d: entry of the frame's outer source and destination; nh: its next header. */
NOINLINE int mobile_in(ctx_t *c, const struct m_cfg *g, struct m_downlink *d, uint8_t nh)
{
	if (!mobile_may_use(d, ctx_ifindex(c)))
		return ctx_drop(c, DP_DROP_DOWNLINK_IF);
	if (d->encap == DP_ENCAP_IPIP)
		return nh == NH_IPV6 && ctx_pull(c, ETH_OCT + 2 * IP6_OCT) ? mobile_release(c, g, d, IP6_OCT, NULL)
									  : ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	if (nh == NH_FRAGMENT)
		return mobile_fragment(c);
	if (nh != NH_GRE || !ctx_pull(c, ETH_OCT + 2 * IP6_OCT + GRE_OCT))
		return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	struct gre_h *gre = ctx_at(c, ETH_OCT + IP6_OCT);
	if (!ctx_has(c, ETH_OCT + IP6_OCT + GRE_OCT))
		return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	if (gre->flags != BE16(GRE_SEQ) || gre->proto != BE16(ETHER_IPV6))
		return ctx_drop(c, DP_DROP_GRE_FLAGS);
	uint32_t seq = BE32(gre->opt);
	return mobile_release(c, g, d, IP6_OCT + GRE_OCT, &seq);
}

/* To an on-link care-of address with a type 2 routing header. CONTROL_NONE: not data, let others see to it. */
GLOBAL int mobile_in_rh2(ctx_t *c, const struct m_cfg *g, const struct m_downlink *d)
{
	if (!g || !d)
		return CTX_PASS;
	struct a6 home_address;
	uint8_t nh, type;
	if (!ro_read_rh2(c, ETH_OCT + IP6_OCT, &home_address, &nh) || nh == NH_MH)
		return 0;
	if (nh == NH_ICMP6 && ctx_load(c, ETH_OCT + IP6_OCT + RO_OCT, &type, 1) && type >= ICMP_HA_FIRST && type <= ICMP_HA_LAST)
		return 0;
	if (!mobile_may_use(d, ctx_ifindex(c)))
		return ctx_drop(c, DP_DROP_DOWNLINK_IF);
	if (!a6_eq(&home_address, &d->home_address))
		return ctx_drop(c, DP_DROP_ROUTING_HEADER);
	if (!ro_consume(c, &home_address, nh))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	return nh == NH_DSTOPTS ? MOBILE_AGAIN : mobile_deliver(c, g);
}

/* Without a tunnel, from coa to whom the packet is for. */
NOINLINE int mobile_direct(ctx_t *c, const struct m_cfg *g, struct m_uplink_out *u, const struct a6 *coa)
{
	struct inner in;
	struct ip6_h *ip = ctx_begin(c);
	if (!ctx_has(c, IP6_OCT) || !inner_read(c, 0, &in))
		return ctx_drop(c, DP_DROP_MALFORMED);
	in.is_local = true;
	struct a6 home_address = ip->src;
	struct ro_out o = {.addr = {.src = *coa, .dst = ip->dst}, .ifindex = u->ifindex, .next_hop = u->next_hop, .encap = DP_ENCAP_HAO};
	o.mtu_oct = path_mtu(c, g, &o.addr.dst, u->mtu_oct);
	if (in.seg_oct + RO_OCT > o.mtu_oct)
		return ro_slow(c, &in, &o);
	mss_clamp_for(c, in.nh, 0, o.mtu_oct - RO_OCT);
	if (!ctx_insert(c, RO_OCT) || !ctx_add_eth(c))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	struct eth_h *eth = ctx_begin(c);
	ip = ctx_at(c, ETH_OCT);
	struct hao_h *hao = ctx_at(c, ETH_OCT + IP6_OCT);
	if (!ctx_has(c, ETH_OCT + IP6_OCT + RO_OCT))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	eth->dst = u->next_hop;
	eth->src = u->mac;
	eth->proto = BE16(ETHER_IPV6);
	ro_write_ip(ip, &in, NH_DSTOPTS, &o.addr);
	ro_write_hao(hao, in.nh, &home_address);
	count(c, DP_COUNT_MN_DIRECT);
	return ctx_send(c, u->ifindex);
}

/* Into the tunnel over the link in use; gre: GRE_KEY or 0, a constant. */
static INLINE int mobile_encap(ctx_t *c, const struct m_cfg *g, struct m_uplink_out *u, const uint16_t gre)
{
	struct inner in;
	struct outer o = {.src = &u->src, .dst = &u->dst, .gre = gre, .gre_opt = u->key};
	if (!inner_read(c, 0, &in))
		return ctx_drop(c, DP_DROP_MALFORMED);
	in.is_local = true;
	const uint32_t oct = gre ? GRE_TUNNEL_OCT : IPIP_OCT;
	uint32_t mtu = path_mtu(c, g, &u->dst, u->mtu_oct);
	if (in.seg_oct + oct > mtu)
		return slow_by_link(c, &in, &o, mtu, u->ifindex, &u->next_hop);
	mss_clamp_for(c, in.nh, 0, mtu - oct);
	if (!outer_room(c, 0, oct, 0) || !outer_write(c, g, &in, &o, oct, &u->next_hop, &u->mac))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	count(c, DP_COUNT_MN_ENCAP);
	return ctx_send(c, u->ifindex);
}
NOINLINE int mobile_encap_gre(ctx_t *c, const struct m_cfg *g, struct m_uplink_out *u) { return mobile_encap(c, g, u, GRE_KEY); }
NOINLINE int mobile_encap_ipip(ctx_t *c, const struct m_cfg *g, struct m_uplink_out *u) { return mobile_encap(c, g, u, 0); }

/* H-13: is dst one that takes no tunnel? */
NOINLINE bool mobile_is_direct(const struct m_uplink_out *u, const struct a6 *dst)
{
	bool is_in = false;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < DP_DIRECT_MAX; i++)
		is_in |= i < u->n_direct && a6_in(dst, &u->direct[i]);
	return is_in;
}

/* A packet that the host routed into roam0; u: entry of its source. ip: its header. */
static INLINE int mobile_out(ctx_t *c, const struct m_cfg *g, struct m_uplink_out *u, const struct ip6_h *ip)
{
	bool is_data = ip->nh != NH_MH && ip->nh != NH_HOPOPTS;
	if (is_data && u->n_direct && mobile_is_direct(u, &ip->dst))
		return mobile_direct(c, g, u, &u->src);
	if (is_data && (g->features & FEAT_RO)) {
		struct m_ro *r = ro_find(c, (const struct k_pair *)(const void *)&ip->src);
		if (r && !r->is_testing && a6_eq(&r->coa, &u->src)) { /* not one from before a move */
			r->used_ns = ctx_now(c);
			return mobile_direct(c, g, u, &r->coa);
		}
	}
	return u->encap == DP_ENCAP_GRE ? mobile_encap_gre(c, g, u) : mobile_encap_ipip(c, g, u);
}
