/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Mobility management agent. Down: a tunnel to an assigned care-of address is accepted from the mobile's
 * home agent, or for a time from its previous agent, and goes on to the mobile's group. Up: a GRE tunnel with the
 * derived key, from anywhere in the site, goes on to the home agent from the assigned care-of address. Both
 * change the headers in place.
 */
#include "datapath/lib/home.h"

NOINLINE int agent_down(ctx_t *c, const struct m_cfg *g, struct m_coa *m)
{
	struct inner in;
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	int64_t now = ctx_now(c);
	if (!ctx_has(c, ETH_OCT + 2 * IP6_OCT) || !inner_read(c, ETH_OCT + IP6_OCT, &in))
		return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	if (m->expires_ns <= now)
		return ctx_drop(c, DP_DROP_EXPIRED);
	if (!a6_eq(&ip->src, &m->ha) && (!a6_eq(&ip->src, &m->prev) || m->prev_until_ns <= now || a6_is_any(&m->prev)))
		return ctx_drop(c, DP_DROP_TUNNEL_SOURCE);
	if (!a6_eq(&ip[1].dst, &m->home_address))
		return ctx_drop(c, DP_DROP_TUNNEL_INNER);
	if (!ecn_decap(ip->vtf, &in.vtf))
		return ctx_drop(c, DP_DROP_ECN);
	in.was_tunnelled = true;
	return group_tunnel(c, g, ETH_OCT, &in, m, IP6_OCT);
}

/* May this outer source send uplink for u? */
static INLINE bool agent_admits(ctx_t *c, const struct m_uplink_in *u, const struct a6 *src, bool has_key)
{
	struct k_site k = {.plen = 128, .addr = *src};
	if (!a6_is_any(&u->bound))
		return a6_eq(&u->bound, src);
	return has_key && TBL(c, site, &k);
}

/* have: octets from the outer to the inner header; key: NULL for IP-in-IP. HOME_FORWARD or a verdict. */
static INLINE int agent_up(ctx_t *c, const struct m_cfg *g, const uint32_t have, const uint32_t *key)
{
	struct inner in;
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	struct ip6_h *inner = ctx_at(c, ETH_OCT + have);
	if (!ctx_has(c, ETH_OCT + have + IP6_OCT) || !inner_read(c, ETH_OCT + have, &in))
		return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	struct m_uplink_in *u = TBL(c, uplink_in, &inner->src);
	if (!u)
		return ctx_drop(c, DP_DROP_UPLINK_UNKNOWN);
	if (u->expires_ns <= ctx_now(c))
		return ctx_drop(c, DP_DROP_EXPIRED);
	if (key && *key != u->key && *key != u->key_prev)
		return ctx_drop(c, DP_DROP_UPLINK_KEY);
	if (!agent_admits(c, u, &ip->src, key != NULL))
		return ctx_drop(c, DP_DROP_UPLINK_SOURCE);
	if (!ecn_decap(ip->vtf, &in.vtf))
		return ctx_drop(c, DP_DROP_ECN);
	in.was_tunnelled = true;
	struct outer o = {.src = &u->coa, .dst = &u->ha};
	if (in.hl <= 1)
		return slow(c, &in, &o, DP_SLOW_HOP_LIMIT, 0);
	if (g->features & FEAT_HOME) {
		struct m_local *l = TBL(c, local, &u->ha);
		if (l && (l->flags & DP_LOCAL_HA))
			return home_allows(c, g, &inner->src, &u->coa, &u->ha) ? home_release(c, &in, have)
										: ctx_drop(c, DP_DROP_REVERSE_SOURCE);
	}
	return tunnel_routed(c, g, ETH_OCT, &in, &o, have, DP_COUNT_MMA_UP);
}

/* IPv6 in IPv6 to an agent's address of ours. */
NOINLINE int agent_up_ipip(ctx_t *c, const struct m_cfg *g) { return agent_up(c, g, IP6_OCT, NULL); }

/* GRE to it. */
NOINLINE int agent_up_gre(ctx_t *c, const struct m_cfg *g)
{
	if (!ctx_pull(c, ETH_OCT + IP6_OCT + GRE_OCT + IP6_OCT))
		return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	struct gre_h *gre = ctx_at(c, ETH_OCT + IP6_OCT);
	if (!ctx_has(c, ETH_OCT + IP6_OCT + GRE_OCT))
		return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	if (gre->flags != BE16(GRE_KEY) || gre->proto != BE16(ETHER_IPV6))
		return ctx_drop(c, DP_DROP_GRE_FLAGS);
	uint32_t key = BE32(gre->opt);
	return agent_up(c, g, IP6_OCT + GRE_OCT, &key);
}
