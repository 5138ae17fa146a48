/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Home agent (RFC 6275 10.4): packets for a bound home address go into the tunnel to its
 * care-of address; what comes back through the reverse tunnel must be from the mobile it claims to be
 * (10.4.5). When the agent at the care-of address is this very host, the packet goes on to the group directly.
 */
#include "datapath/lib/group.h"

/* RFC 3963: the home address that an address of a mobile network goes by, or NULL. */
NOINLINE const struct a6 *net_home(ctx_t *c, const struct a6 *addr)
{
	struct k_site k = {.plen = 128, .addr = *addr};
	struct m_net *n = TBL(c, net, &k);
	return n ? &n->home_address : NULL;
}

/* Is addr home_address, or of its mobile network? */
static INLINE bool net_is(ctx_t *c, const struct m_cfg *g, const struct a6 *addr, const struct a6 *home_address)
{
	if (a6_eq(addr, home_address))
		return true;
	const struct a6 *of = g->features & FEAT_NET ? net_home(c, addr) : NULL;
	return of && a6_eq(of, home_address);
}

/* Not a verdict: tunnel headers are off, go on with home_forward. */
enum { HOME_FORWARD = 100 };

/* The entry of an address, if it lives. dst: may point into the packet. */
static INLINE struct m_home *home_find(ctx_t *c, const struct m_cfg *g, const struct a6 *addr)
{
	if (!(g->features & FEAT_HOME))
		return NULL;
	struct m_home *h = TBL(c, home, addr);
	if (!h && (g->features & FEAT_NET)) {
		const struct a6 *of = net_home(c, addr);
		h = of ? TBL(c, home, of) : NULL;
	}
	return h && h->expires_ns > ctx_now(c) ? h : NULL;
}

/* Into the tunnel between these addresses. l2 must be a constant: without CAP_PERFMON the verifier allows no variable offset in a packet. */
static INLINE int home_encap_at(ctx_t *c, const struct m_cfg *g, const uint32_t l2, const struct k_pair *outer, uint32_t what)
{
	struct inner in;
	struct outer o = {.src = &outer->src, .dst = &outer->dst};
	if (!inner_read(c, l2, &in))
		return ctx_drop(c, DP_DROP_MALFORMED);
	in.is_local = l2 == 0;
	if (in.hl <= 1 && !in.is_local)
		return slow(c, &in, &o, DP_SLOW_HOP_LIMIT, 0);
	return tunnel_routed(c, g, l2, &in, &o, 0, what);
}
NOINLINE int home_encap(ctx_t *c, const struct m_cfg *g, const struct k_pair *outer, uint32_t what)
{
	return home_encap_at(c, g, ETH_OCT, outer, what);
}
NOINLINE int home_encap_own(ctx_t *c, const struct m_cfg *g, const struct k_pair *outer)
{
	return home_encap_at(c, g, 0, outer, DP_COUNT_HA_ENCAP);
}
static INLINE const struct k_pair *home_outer(const struct m_home *h) { return (const struct k_pair *)(const void *)&h->ha; }

/* Is what comes for this care-of address sent on to another place? */
static INLINE bool coa_forwards(const struct m_coa *m, int64_t now) { return (m->flags & COA_FORWARD) && m->forward_until_ns > now; }

/* After a mobile that left (have: as for group_tunnel). */
static INLINE int coa_forward(ctx_t *c, const struct m_cfg *g, const uint32_t l2, struct inner *in, const struct m_coa *m, const uint32_t have)
{
	struct outer o = {.src = &m->source, .dst = &m->forward};
	if (in->hl <= 1 && !in->is_local)
		return slow(c, in, &o, DP_SLOW_HOP_LIMIT, 0);
	return tunnel_routed(c, g, l2, in, &o, have, DP_COUNT_MMA_FORWARD);
}

/* Straight into the group: the agent at the care-of address is here. */
static INLINE int home_group_at(ctx_t *c, const struct m_cfg *g, const uint32_t l2, struct m_coa *m)
{
	struct inner in;
	if (!inner_read(c, l2, &in))
		return ctx_drop(c, DP_DROP_MALFORMED);
	in.is_local = l2 == 0;
	return coa_forwards(m, ctx_now(c)) ? coa_forward(c, g, l2, &in, m, 0) : group_tunnel(c, g, l2, &in, m, 0);
}
NOINLINE int home_group(ctx_t *c, const struct m_cfg *g, struct m_coa *m) { return home_group_at(c, g, ETH_OCT, m); }
NOINLINE int home_group_own(ctx_t *c, const struct m_cfg *g, struct m_coa *m) { return home_group_at(c, g, 0, m); }

/* Is it a mobile that the network moves, whose packets go to a group? */
static INLINE bool home_is_cast(const struct m_cfg *g, const struct m_home *h) { return (g->features & FEAT_CAST) && a6_is_group(&h->coa); }

/* The registration with an agent on this host that h's care-of address belongs to, if it is one; or what says how its group is reached. */
static INLINE struct m_coa *home_agent_here(ctx_t *c, const struct m_cfg *g, const struct m_home *h)
{
	if (!(g->features & FEAT_COA))
		return NULL;
	struct m_coa *m = TBL(c, coa, &h->coa);
	if (!m || (!a6_eq(&m->ha, &h->ha) && !home_is_cast(g, h)))
		return NULL;
	int64_t now = ctx_now(c);
	return m->expires_ns > now || coa_forwards(m, now) ? m : NULL;
}

/* Not a verdict: for the programs of cast.h and guest.h. */
enum { PATH_CAST = 107 };

/* A frame for a bound home address; h: its live entry. */
static INLINE int home_tunnel(ctx_t *c, const struct m_cfg *g, const struct m_home *h)
{
	struct m_coa *m = home_agent_here(c, g, h);
	if (home_is_cast(g, h) && (!m || a6_is_v4(&m->group)))
		return m ? PATH_CAST : ctx_drop(c, DP_DROP_NO_GROUP);
	return m ? home_group(c, g, m) : home_encap(c, g, home_outer(h), DP_COUNT_HA_ENCAP);
}

/* The same for a packet that this host routed into roam0. */
static INLINE int home_tunnel_own(ctx_t *c, const struct m_cfg *g, const struct m_home *h)
{
	struct m_coa *m = home_agent_here(c, g, h);
	if (home_is_cast(g, h) && (!m || a6_is_v4(&m->group)))
		return m ? PATH_CAST : ctx_drop(c, DP_DROP_NO_GROUP);
	return m ? home_group_own(c, g, m) : home_encap_own(c, g, home_outer(h));
}

/* Out of a tunnel and on by the routing table; the host's stack knows what to do with everything unusual (errors
 * too). */
GLOBAL int home_route(ctx_t *c, const struct m_cfg *g)
{
	if (!g)
		return CTX_PASS;
	struct inner in;
	struct way w = {0};
	struct eth_h *eth = ctx_begin(c);
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	if (!ctx_has(c, ETH_OCT + IP6_OCT) || !inner_read(c, ETH_OCT, &in))
		return ctx_drop(c, DP_DROP_MALFORMED);
	if (in.hl <= 1 || a6_is_multicast(&ip->dst) || a6_is_linklocal(&ip->dst))
		return ctx_host(c, g->roam0_ifindex);
	int r = ctx_route(c, &ip->src, &ip->dst, in.seg_oct, &w);
	if (r != WAY_OK && r != WAY_NEIGH)
		return ctx_host(c, g->roam0_ifindex);
	eth->dst = w.next_hop;
	eth->src = w.mac;
	ip->hl = in.hl - 1;
	return send_way(c, &w, r);
}

/* A frame whose outermost IPv6 header is what was the inner one: to another mobile, or by the routing table. */
static INLINE int home_forward(ctx_t *c, const struct m_cfg *g)
{
	struct ip6_h *ip;
	if (!ctx_pull(c, ETH_OCT + IP6_OCT))
		return ctx_drop(c, DP_DROP_MALFORMED);
	ip = ctx_at(c, ETH_OCT);
	if (!ctx_has(c, ETH_OCT + IP6_OCT))
		return ctx_drop(c, DP_DROP_MALFORMED);
	struct m_home *h = home_find(c, g, &ip->dst);
	return h ? home_tunnel(c, g, h) : home_route(c, g);
}

/* May the agent at the outer source tunnel for mobiles that the network moves? */
static INLINE bool home_trusts(ctx_t *c, const struct m_cfg *g, const struct a6 *agent)
{
	struct k_site k = {.plen = 128, .addr = *agent};
	return (g->features & FEAT_REVERSE) && TBL(c, reverse, &k);
}

/* A mobile that the network moves and that speaks first: nobody asked for it yet, its agent is one that may tunnel. */
NOINLINE bool home_speaks_first(ctx_t *c, const struct m_cfg *g, const struct a6 *addr, const struct a6 *agent)
{
	struct k_site k = {.plen = 128, .addr = *addr};
	return (g->features & FEAT_UNBOUND) && TBL(c, unbound, &k) && home_trusts(c, g, agent);
}

/* Is the inner source bound to the outer one, or was it until a moment ago? */
static INLINE bool home_allows(ctx_t *c, const struct m_cfg *g, const struct a6 *home_address, const struct a6 *coa,
			       const struct a6 *ha)
{
	struct m_home *h = home_find(c, g, home_address);
	if (h && home_is_cast(g, h))
		return a6_eq(&h->ha, ha) && home_trusts(c, g, coa);
	if (h && a6_eq(&h->coa, coa))
		return a6_eq(&h->ha, ha);
	if (!h && (g->features & FEAT_HOME))
		h = TBL(c, home, home_address); /* over, but packets may be on their way */
	if (h && h->prev_until_ns > ctx_now(c) && a6_eq(&h->prev, coa) && a6_eq(&h->ha, ha))
		return true;
	return (!h || h->expires_ns <= ctx_now(c)) && home_speaks_first(c, g, home_address, coa);
}

/* Takes `have` octets of tunnel headers off; in: the packet inside. HOME_FORWARD or a verdict. */
static INLINE int home_release(ctx_t *c, const struct inner *in, const uint32_t have)
{
	struct ip6_h *inner = ctx_at(c, ETH_OCT + have);
	if (!ctx_has(c, ETH_OCT + have + IP6_OCT))
		return ctx_drop(c, DP_DROP_MALFORMED);
	if (inner->vtf != in->vtf)
		ctx_ecn_mark(c, in->at, in->vtf);
	if (!ctx_resize(c, -(int)have))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	/* The Ethernet header moved along; its protocol was IPv6 and still is. */
	count(c, DP_COUNT_HA_DECAP);
	return HOME_FORWARD;
}

/* IPv6 in IPv6 to a home agent's address of ours. */
GLOBAL int home_reverse(ctx_t *c, const struct m_cfg *g)
{
	if (!g)
		return CTX_PASS;
	struct inner in;
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	if (!ctx_has(c, ETH_OCT + 2 * IP6_OCT) || !inner_read(c, ETH_OCT + IP6_OCT, &in))
		return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	if (!home_allows(c, g, &ip[1].src, &ip->src, &ip->dst))
		return ctx_drop(c, DP_DROP_REVERSE_SOURCE);
	if (!ecn_decap(ip->vtf, &in.vtf))
		return ctx_drop(c, DP_DROP_ECN);
	return home_release(c, &in, IP6_OCT);
}
