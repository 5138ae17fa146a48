/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The programs: what happens to a frame received on an interface of ours, to one that this host is about to send
 * there (a correspondent node only), and to a packet that the host routed into roam0. Everything that is not for us passes.
 */
#include "datapath/lib/agent.h"
#include "datapath/lib/control.h"
#include "datapath/lib/filter.h"
#include "datapath/lib/mobile.h"
#include "datapath/lib/visit.h"

static INLINE struct m_if *if_of(ctx_t *c) { return if_of_index(c, ctx_ifindex(c)); }

/* The link-local address of a mobile that is away, which we defend: told to the sender, never tunnelled (RFC 6275 10.4.2). */
GLOBAL int path_linklocal(ctx_t *c, const struct m_cfg *g, const struct a6 *dst)
{
	if (!g || !dst)
		return 0;
	struct a6 key = *dst; /* as in path_mtu */
	struct m_local *l = g->features & FEAT_LOCAL ? TBL(c, local, &key) : NULL;
	struct dp_slow s = {.why = DP_SLOW_LINK_LOCAL, .len_oct = ctx_len(c) - ETH_OCT};
	if (!l || l->flags != 0)
		return ctx_pass(c);
	punt_slow(c, ETH_OCT, &s);
	return ctx_stolen(c);
}

/* For a bound home address? Link-local sources stay on their link. */
static INLINE int path_home(ctx_t *c, const struct m_cfg *g, const struct m_if *f, const struct ip6_h *ip)
{
	if ((f->flags & DP_IF_HOME) && a6_is_linklocal(&ip->dst))
		return path_linklocal(c, g, &ip->dst);
	struct m_home *h = home_find(c, g, &ip->dst);
	if (a6_is_linklocal(&ip->src))
		return ctx_pass(c);
	if (!h && (g->features & FEAT_UNBOUND))
		return punt_unbound(c, ETH_OCT, &ip->dst);
	return h ? home_tunnel(c, g, h) : ctx_pass(c);
}

static INLINE int path_multicast(ctx_t *c, const struct m_cfg *g, const struct m_if *f, const struct ip6_h *ip)
{
	if (ip->nh == NH_ICMP6 || ip->nh == NH_HOPOPTS) {
		uint32_t icmp = ETH_OCT + IP6_OCT + (ip->nh == NH_HOPOPTS ? 8 : 0);
		uint8_t h[2];
		if (ip->nh == NH_HOPOPTS && (!ctx_load(c, ETH_OCT + IP6_OCT, h, 2) || h[0] != NH_ICMP6 || h[1] != 0))
			return ctx_pass(c);
		int v = control_icmp(c, g, f->flags, icmp);
		return v == CONTROL_NONE ? ctx_pass(c) : control_do(c, g, v);
	}
	if ((f->flags & DP_IF_MOBILE) && (g->features & FEAT_DOWNLINK)) {
		struct m_downlink *d = TBL(c, downlink, &ip->src);
		if (d)
			return mobile_in(c, g, d, ip->nh);
	}
	if ((g->features & FEAT_GUEST) && TBL(c, guest, &ip->src))
		return PATH_CAST;
	if ((g->features & FEAT_MFC) && !a6_is_link_multicast(&ip->dst)) {
		struct m_mfc *m = TBL(c, mfc, &ip->src);
		if (m)
			return group_forward(c, m);
	}
	return ctx_pass(c);
}

/* IPv6 in IPv6: for an assigned care-of address, an agent of ours, this mobile; or anything else's. */
static INLINE int path_ipip(ctx_t *c, const struct m_cfg *g, const struct m_if *f, struct ip6_h *ip)
{
	if (g->features & FEAT_COA) {
		struct m_coa *m = TBL(c, coa, &ip->dst);
		if (m)
			return agent_down(c, g, m);
	}
	if (g->features & FEAT_LOCAL) {
		struct m_local *l = TBL(c, local, &ip->dst);
		if (l && (l->flags & DP_LOCAL_HA))
			return home_reverse(c, g);
		if (l && (l->flags & DP_LOCAL_MMA))
			return agent_up_ipip(c, g);
	}
	if ((f->flags & DP_IF_MOBILE) && (g->features & FEAT_DOWNLINK)) {
		struct m_downlink *d = TBL(c, downlink, &ip->src);
		if (d)
			return mobile_in(c, g, d, ip->nh);
	}
	return path_home(c, g, f, ip);
}

/* Something else than a tunnel to an assigned care-of address. */
static INLINE int path_coa(ctx_t *c, const struct m_cfg *g, struct m_coa *m, uint8_t nh)
{
	bool is_message = control_is_message(c, nh);
	if (nh == NH_ROUTING) {
		int v = agent_down_rh2(c, m, is_message);
		return v == HOME_FORWARD ? home_group(c, g, m) : v;
	}
	if (!is_message)
		return ctx_pass(c);
	punt(c, DP_PUNT_MH);
	return ctx_stolen(c);
}

/* UDP to an address and a port of ours that is a way into a mobile's group. */
NOINLINE bool path_is_relay(ctx_t *c)
{
	struct k_port k;
	uint16_t port;
	if (!ctx_load(c, ETH_OCT + 24, &k.addr, 16) || !ctx_load(c, ETH_OCT + IP6_OCT + 2, &port, 2))
		return false;
	k.port = port;
	return TBL(c, relay, &k) != NULL;
}

/* Not a verdict: a visitor's, but nothing for a tunnel. */
enum { PATH_VISITOR = 108 };

/* A frame from an access link: CONTROL_NONE if no visitor sends it, PATH_VISITOR, or what was done with it. */
NOINLINE int path_visit(ctx_t *c, const struct m_cfg *g)
{
	uint8_t type = 0;
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	if (!ctx_has(c, ETH_OCT + IP6_OCT))
		return CONTROL_NONE;
	struct m_visit *v = visit_from(c, g, &ip->src);
	if (!v)
		return CONTROL_NONE;
	if (visit_is_forged(c, v))
		return ctx_drop(c, DP_DROP_VISIT_LLADDR);
	if (v->up != DP_VISIT_REVERSE || a6_is_multicast(&ip->dst) || a6_is_linklocal(&ip->dst) || TBL(c, local, &ip->dst))
		return PATH_VISITOR;
	bool is_nd = ip->nh == NH_ICMP6 && (!ctx_load(c, ETH_OCT + IP6_OCT, &type, 1) || (type >= ICMP_RS && type <= ICMP_REDIRECT));
	return is_nd ? PATH_VISITOR : visit_up(c, g, v);
}

static INLINE int path_unicast(ctx_t *c, const struct m_cfg *g, const struct m_if *f, struct ip6_h *ip)
{
	int v = CONTROL_NONE;
	if (ip->nh == NH_UDP && (g->features & FEAT_RELAY) && path_is_relay(c))
		return PATH_CAST;
	if (ip->nh == NH_IPV6) {
		if (!ctx_pull(c, ETH_OCT + 2 * IP6_OCT))
			return ctx_drop(c, DP_DROP_MALFORMED);
		ip = ctx_at(c, ETH_OCT);
		return ctx_has(c, ETH_OCT + 2 * IP6_OCT) ? path_ipip(c, g, f, ip) : ctx_drop(c, DP_DROP_MALFORMED);
	}
	if (ip->nh == NH_ICMP6) {
		v = control_icmp(c, g, f->flags, ETH_OCT + IP6_OCT);
	} else if (ip->nh == NH_GRE || ip->nh == NH_MH || ip->nh == NH_DSTOPTS || ip->nh == NH_ROUTING) {
		struct m_local *l = g->features & FEAT_LOCAL ? TBL(c, local, &ip->dst) : NULL;
		if (l && ip->nh == NH_GRE && (l->flags & DP_LOCAL_MMA))
			return agent_up_gre(c, g);
		if (ip->nh == NH_ROUTING && (g->features & FEAT_DOWN_RH2)) {
			struct k_pair k = {.dst = ip->dst};
			struct m_downlink *d = TBL(c, downlink, &k);
			int r = d ? mobile_in_rh2(c, g, d) : CONTROL_NONE;
			if (r != CONTROL_NONE)
				return r;
			ip = ctx_at(c, ETH_OCT);
			if (!ctx_has(c, ETH_OCT + IP6_OCT))
				return ctx_pass(c);
		}
		if (!l && ip->nh != NH_GRE && (g->features & FEAT_COA)) {
			struct m_coa *m = TBL(c, coa, &ip->dst);
			if (m)
				return path_coa(c, g, m, ip->nh);
		}
		if (l && ip->nh != NH_GRE && (l->flags & DP_LOCAL_MH))
			v = control_ext(c, g, ip->nh);
		if (l && v == CONTROL_NONE)
			return ctx_pass(c);
	}
	if (v != CONTROL_NONE)
		return control_do(c, g, v);
	ip = ctx_at(c, ETH_OCT);
	return ctx_has(c, ETH_OCT + IP6_OCT) ? path_home(c, g, f, ip) : ctx_pass(c);
}

/* At a mobile that is a correspondent node too, and away: the message or the Home Address option that came in a tunnel. */
NOINLINE int path_again(ctx_t *c, const struct m_cfg *g)
{
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	if (!ctx_has(c, ETH_OCT + IP6_OCT))
		return ctx_drop(c, DP_DROP_MALFORMED);
	struct m_local *l = g->features & FEAT_LOCAL ? TBL(c, local, &ip->dst) : NULL;
	int what = l && (l->flags & DP_LOCAL_MH) ? control_ext(c, g, ip->nh) : CONTROL_NONE;
	int v = what != CONTROL_NONE ? control_do(c, g, what) : ctx_pass(c);
	return v == CTX_PASS ? mobile_deliver(c, g) : v;
}

static INLINE int path_ingress(ctx_t *c)
{
	struct m_cfg *g = cfg(c);
	struct m_if *f = if_of(c);
	if (!g || !f || !ctx_pull(c, ETH_OCT + IP6_OCT) || (ctx_is_for_others(c) && !filter_takes(c, f)))
		return ctx_pass(c);
	struct eth_h *eth = ctx_begin(c);
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	if (!ctx_has(c, ETH_OCT + IP6_OCT) || eth->proto != BE16(ETHER_IPV6))
		return ctx_pass(c);
	int v = (f->flags & DP_IF_ACCESS) && (g->features & FEAT_VISIT) ? path_visit(c, g) : CONTROL_NONE;
	if (v != CONTROL_NONE && v != PATH_VISITOR)
		return v == HOME_FORWARD ? home_forward(c, g) : v;
	ip = ctx_at(c, ETH_OCT);
	if (!ctx_has(c, ETH_OCT + IP6_OCT))
		return ctx_pass(c);
	if ((f->flags & DP_IF_FILTER) && v == CONTROL_NONE) {
		enum dp_drop why = filter_source(f, &ip->src);
		if (why)
			return ctx_drop(c, why);
	}
	v = a6_is_multicast(&ip->dst) ? path_multicast(c, g, f, ip) : path_unicast(c, g, f, ip);
	if (v == MOBILE_AGAIN)
		return path_again(c, g);
	return v == HOME_FORWARD ? home_forward(c, g) : v == AGENT_DIRECT ? agent_direct(c) : v;
}

static INLINE int path_egress(ctx_t *c)
{
	struct m_cfg *g = cfg(c);
	if (!g || !ctx_pull(c, IP6_OCT))
		return ctx_pass(c);
	struct ip6_h *ip = ctx_begin(c);
	if (!ctx_has(c, IP6_OCT) || BE32(ip->vtf) >> 28 != 6)
		return ctx_pass(c);
	if (g->features & FEAT_UPLINK_OUT) {
		struct m_uplink_out *u = TBL(c, uplink_out, &ip->src);
		if (!u && (g->features & FEAT_NET)) {
			const struct a6 *of = net_home(c, &ip->src);
			u = of ? TBL(c, uplink_out, of) : NULL;
		}
		if (u)
			return mobile_out(c, g, u, ip);
	}
	struct m_cn *n = cn_find(c, g, (const struct k_pair *)(const void *)&ip->src);
	if (n) {
		n->used_ns = ctx_now(c);
		return cn_out_roam0(c, &n->coa);
	}
	struct m_home *h = home_find(c, g, &ip->dst);
	if (h && h->is_own_routed && a6_eq(&h->ha, &ip->src))
		return cn_out_roam0(c, &h->coa);
	if (!h && (g->features & FEAT_UNBOUND))
		return punt_unbound(c, 0, &ip->dst);
	return h ? home_tunnel_own(c, g, h) : ctx_pass(c);
}

static INLINE int path_out(ctx_t *c)
{
	struct m_cfg *g = cfg(c);
	if (!g || !(g->features & FEAT_CN) || !ctx_pull(c, ETH_OCT + IP6_OCT))
		return ctx_pass(c);
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	if (!ctx_has(c, ETH_OCT + IP6_OCT) || BE32(ip->vtf) >> 28 != 6)
		return ctx_pass(c);
	struct m_cn *n = cn_find(c, g, (const struct k_pair *)(const void *)&ip->src);
	struct m_if *f = n ? if_of(c) : NULL;
	if (!f)
		return ctx_pass(c);
	n->used_ns = ctx_now(c);
	return cn_out(c, &n->coa, f->mtu_oct);
}
