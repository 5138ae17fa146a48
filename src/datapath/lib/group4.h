/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Multicast inside the site over IPv4: as group.h, whose tables and replication it uses. */
#include "datapath/lib/group.h"
#include "datapath/lib/open4.h"

/* The source is to hear of it, or the packet to go in pieces. */
GLOBAL int group4_too_big(ctx_t *c, const struct in4 *in, uint32_t mtu)
{
	if (!in)
		return 0;
	struct dp_slow s = {.why = DP_SLOW_FORWARD, .mtu_oct = mtu, .len_oct = in->len_oct};
	punt4_with(c, ETH_OCT, DP_PUNT_SLOW, &s, true);
	return ctx_stolen(c);
}

/* A packet to a group that came in on a link (RFC 4605 forwarding): one hop less. */
NOINLINE int group4_forward(ctx_t *c, struct m_mfc *m)
{
	struct in4 in = {0};
	if (m->iif != ctx_ifindex(c))
		return ctx_drop(c, DP_DROP_WRONG_IIF);
	if (!in4_read(c, ETH_OCT, &in))
		return ctx_drop(c, DP_DROP_MALFORMED);
	if (in.ip.ttl <= 1)
		return ctx_drop(c, DP_DROP_HOP_LIMIT);
	uint32_t mtu = group_mtu(c, m);
	if (in.len_oct > mtu && !ctx_gso(c))
		return group4_too_big(c, &in, mtu);
	struct ip4_h *ip = ctx_at(c, ETH_OCT);
	if (!ctx_has(c, ETH_OCT + IP4_OCT))
		return ctx_drop(c, DP_DROP_MALFORMED);
	ip4_hop(ip);
	count(c, DP_COUNT_MFC_FORWARD);
	return group_replicate(c, m);
}

/* As group_tell. */
GLOBAL int group4_tell(ctx_t *c, uint32_t inject_if)
{
	struct ip4_h *ip = ctx_at(c, ETH_OCT);
	if (!ctx_has(c, ETH_OCT + IP4_OCT))
		return 0;
	uint8_t ttl = ip->ttl;
	uint16_t sum = ip->sum;
	ip->ttl = 1;
	ip->sum = sum_change(sum, BE16((uint32_t)ttl << 8), BE16(1u << 8));
	ctx_copy_host(c, inject_if);
	ip = ctx_at(c, ETH_OCT);
	if (!ctx_has(c, ETH_OCT + IP4_OCT))
		return 0;
	ip->ttl = ttl;
	ip->sum = sum;
	return 0;
}

/* As group_out. */
static INLINE int group4_out(ctx_t *c, struct m_mfc *to, uint32_t inject_if)
{
	if (!to)
		return group_host(c, inject_if);
	if (group_is_told(c, to, inject_if))
		group4_tell(c, inject_if);
	return group_replicate(c, to);
}

/* As group_out, of either family. */
static INLINE int group46_out(ctx_t *c, const struct a6 *group, struct m_mfc *to, uint32_t inject_if)
{
	if (!to)
		return group_host(c, inject_if);
	if (group_is_told(c, to, inject_if))
		(void)(a6_is_v4(group) ? group4_tell(c, inject_if) : group_tell(c, inject_if));
	return group_replicate(c, to);
}

/* RFC 1112 6.4. */
static INLINE struct mac mac_of_group4(uint32_t group)
{
	uint32_t low = BE32(group) & 0x7fffff;
	return (struct mac){.w = {BE16(0x0100), BE16(0x5e00 | low >> 16), BE16(low)}};
}

/* From the agent to a mobile's group, or into the host's own multicast forwarding: as group_tunnel. */
NOINLINE int group4_tunnel(ctx_t *c, const struct m_cfg *g, struct in4 *in, struct m_coa *m)
{
	struct out4 o = {.src = a4_of(&m->source), .dst = a4_of(&m->group), .encap = DP_ENCAP_GRE, .gre = GRE_SEQ};
	struct m_mfc *to = group_links(c, g, &m->source, m->inject_ifindex);
	bool is_heard = m->inject_ifindex || to;
	if (is_heard || (m->flags & COA_KEEP))
		o.opt = __sync_fetch_and_add(&m->seq, 1);
	if (m->flags & COA_KEEP)
		group_keep(c, in->at, in->len_oct, &m->coa, o.opt);
	if (!is_heard)
		return ctx_drop(c, DP_DROP_NO_GROUP);
	if (in->ip.ttl <= 1 && !in->is_local)
		return slow4(c, in, &o, DP_SLOW_HOP_LIMIT, 0);
	uint32_t mtu = path_mtu(c, g, &m->group, to ? group_mtu(c, to) : DP_INJECT_MTU);
	if (in->seg_oct + IP4_OCT + GRE_OCT > mtu)
		return slow4(c, in, &o, DP_SLOW_TOO_BIG, mtu);
	in4_clamp(c, in, mtu - IP4_OCT - GRE_OCT);
	struct way w = {.next_hop = mac_of_group4(o.dst), .mac = mac_of_group4(o.dst)};
	if (!out4_put(c, in, &o, &w))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	count(c, DP_COUNT_MMA_DOWN);
	return group4_out(c, to, m->inject_ifindex);
}
