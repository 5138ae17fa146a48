/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Foreign agent (RFC 5944 4.2.2, RFC 3024): a tunnel from a visitor's home agent ends here and the packet goes to the visitor's link-layer
 * address; what a visitor sends goes into a reverse tunnel if the registration asked for one. Who uses a visitor's address
 * from another link-layer address is not the visitor.
 */
#include "datapath/lib/group.h"
#include "datapath/lib/home.h"
#include "datapath/lib/open4.h"

/* The visitor that addr goes by, if its registration lives. */
NOINLINE struct m_visit *visit4_find(ctx_t *c, const struct m_cfg *g, uint32_t addr)
{
	if (!(g->features & FEAT_VISIT))
		return NULL;
	struct a6 key = a6_of4(addr);
	struct m_visit *v = TBL(c, visit, &key);
	if (!v && (g->features & FEAT_NET)) {
		const struct a6 *of = net_home(c, &key);
		v = of ? TBL(c, visit, of) : NULL;
	}
	return v && v->expires_ns > ctx_now(c) ? v : NULL;
}

/* The same by what it sends: one whose home agent has not yet said yes is none. */
static INLINE struct m_visit *visit4_from(ctx_t *c, const struct m_cfg *g, uint32_t addr)
{
	struct m_visit *v = visit4_find(c, g, addr);
	return v && v->up != DP_VISIT_WAIT ? v : NULL;
}

/* The packet, which may still be in its tunnel, as a frame to the visitor; with to->nest_dst, in IP-in-IP. */
NOINLINE int visit4_deliver(ctx_t *c, struct in4 *in, const struct m_visit *v, const struct out4 *to)
{
	struct m_if *f = if_of_index(c, v->ifindex);
	struct out4 o = {.src = to->nest_src, .dst = to->nest_dst, .encap = to->nest_dst ? DP_ENCAP_IPIP : DP_ENCAP_NONE,
		.what = DP_COUNT_FA_DOWN};
	if (!f)
		return ctx_drop(c, DP_DROP_NO_ROUTE);
	struct way w = {.ifindex = v->ifindex, .mtu_oct = f->mtu_oct ? f->mtu_oct : 1500, .next_hop = v->mac, .mac = f->mac};
	return tunnel4_link(c, in, &o, &w);
}

/* A tunnel to a care-of address of ours, v: of the inner destination. */
NOINLINE int visit4_down(ctx_t *c, struct tun4 *t, const struct m_visit *v)
{
	if (a4_of(&v->ha) != t->src || a4_of(&v->coa) != t->dst)
		return ctx_drop(c, DP_DROP_TUNNEL_SOURCE);
	if (v->up == DP_VISIT_WAIT)
		return t->encap == DP_ENCAP_MINIMAL ? ctx_drop(c, DP_DROP_TUNNEL_INNER) /* opened already */ : ctx_pass(c);
	if ((v->encap == DP_ENCAP_UDP) != (t->encap == DP_ENCAP_UDP) || (t->encap == DP_ENCAP_UDP && t->port != v->udp_port))
		return ctx_drop(c, DP_DROP_TUNNEL_PROTO); /* RFC 3519 3.3, 4.3 */
	if (!open4_ecn(t))
		return ctx_drop(c, DP_DROP_ECN);
	struct out4 bare = {0};
	return visit4_deliver(c, &t->in, v, &bare);
}

/* Not a verdict: to the visitor's home agent, which is this host. */
enum { VISIT4_HOME = 105 };

/* Into the reverse tunnel. */
NOINLINE int visit4_reverse(ctx_t *c, const struct m_cfg *g, struct in4 *in, const struct m_visit *v)
{
	struct out4 o = {.src = a4_of(&v->coa), .dst = a4_of(&v->ha), .encap = v->encap, .port = v->udp_port,
		.what = DP_COUNT_FA_UP};
	if (g->features & FEAT_HOME) {
		struct m_local *l = TBL(c, local, &v->ha);
		if (l && (l->flags & DP_LOCAL_HA)) {
			count(c, DP_COUNT_FA_UP);
			return open4_release(c, in) ? VISIT4_HOME : ctx_drop(c, DP_DROP_NO_ROOM);
		}
	}
	return tunnel4_routed(c, in, &o);
}

/* Encapsulated delivery (RFC 3024 4.3): a tunnel from a visitor, v, to any address of the agent's. */
NOINLINE int visit4_up_tunnel(ctx_t *c, const struct m_cfg *g, struct tun4 *t, const struct m_visit *v)
{
	if (v->up != DP_VISIT_ENCAPSULATED || t->src != t->in.ip.src || t->encap == DP_ENCAP_GRE)
		return ctx_drop(c, DP_DROP_TUNNEL_INNER);
	if (!open4_ecn(t))
		return ctx_drop(c, DP_DROP_ECN);
	return visit4_reverse(c, g, &t->in, v);
}

/* What a visitor sends as it is, to somebody else than this host. Broadcasts and groups would need encapsulated delivery (RFC 3024 4.2). */
NOINLINE int visit4_up(ctx_t *c, const struct m_cfg *g, const struct m_visit *v)
{
	struct in4 in = {0};
	if (v->up != DP_VISIT_REVERSE)
		return ctx_pass(c);
	if (!in4_read(c, ETH_OCT, &in))
		return ctx_drop(c, DP_DROP_MALFORMED);
	if (a4_is_broadcast(in.ip.dst) || a4_is_multicast(in.ip.dst))
		return ctx_pass(c);
	return visit4_reverse(c, g, &in, v);
}
