/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Mobile node. In: tunnels from the agent's group (or, plainly, from the home agent to an on-link care-of
 * address) end here, duplicates are removed, the packet enters the host through roam0. Out: what the host sends from
 * the home address leaves roam0 in a tunnel over the link that is in use, straight to the router.
 */
#include "datapath/lib/dup.h"
#include "datapath/lib/tunnel.h"

static INLINE bool mobile_may_use(const struct m_downlink *d, uint32_t ifindex)
{
	bool is_listed = d->n_if == 0;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < 8; i++)
		is_listed |= i < d->n_if && d->ifindex[i] == ifindex;
	return is_listed;
}

/* Takes `have` octets of tunnel headers off and gives the packet to the host. seq: NULL where the tunnel has none. */
static INLINE int mobile_release(ctx_t *c, const struct m_cfg *g, const struct m_downlink *d, const uint32_t have,
				 const uint32_t *seq)
{
	struct inner in;
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	struct ip6_h *inner = ctx_at(c, ETH_OCT + have);
	if (!ctx_has(c, ETH_OCT + have + IP6_OCT) || !inner_read(c, ETH_OCT + have, &in))
		return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	if (!a6_eq(&inner->dst, &d->home_address))
		return ctx_drop(c, DP_DROP_TUNNEL_INNER);
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
	}
	if (vtf != in.vtf)
		ctx_ecn_mark(c, in.at, vtf);
	if (!ctx_resize(c, -(int)have))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	count(c, DP_COUNT_MN_DECAP);
	return g->is_up_link ? ctx_up(c) : ctx_host(c, g->roam0_ifindex);
}

/* A part of a tunnel packet to the group, which the kernel does not put together: the host is no member (reasm.h). */
NOINLINE int mobile_fragment(ctx_t *c)
{
	struct dp_slow s = {.why = DP_SLOW_FRAGMENT, .len_oct = ctx_len(c) - ETH_OCT};
	punt_slow(c, ETH_OCT, &s);
	return ctx_stolen(c);
}

/* d: entry of the frame's outer source and destination; nh: its next header. */
NOINLINE int mobile_in(ctx_t *c, const struct m_cfg *g, const struct m_downlink *d, uint8_t nh)
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

/* A packet that the host routed into roam0; u: entry of its source. */
static INLINE int mobile_out(ctx_t *c, const struct m_cfg *g, struct m_uplink_out *u)
{
	return u->encap == DP_ENCAP_GRE ? mobile_encap_gre(c, g, u) : mobile_encap_ipip(c, g, u);
}
