/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Mobility management agent. Down: a tunnel to an assigned care-of address is accepted from the mobile's
 * home agent, or for a time from its previous agent, and goes on to the mobile's group; so does a packet of a correspondent node
 * with a type 2 routing header; for a time after the mobile left, both go after it instead. Up: a GRE tunnel with the
 * derived key, from anywhere in the site, goes on to the home agent from the assigned care-of address, or straight to a
 * correspondent node that knows it. All change the headers in place.
 */
#include "datapath/lib/home.h"
#include "datapath/lib/ro.h"

NOINLINE int agent_down(ctx_t *c, const struct m_cfg *g, struct m_coa *m)
{
	struct inner in;
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	int64_t now = ctx_now(c);
	if (!ctx_has(c, ETH_OCT + 2 * IP6_OCT) || !inner_read(c, ETH_OCT + IP6_OCT, &in))
		return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	bool is_forward = coa_forwards(m, now);
	if (m->expires_ns <= now && !is_forward)
		return ctx_drop(c, DP_DROP_EXPIRED);
	if (!a6_eq(&ip->src, &m->ha) && (!a6_eq(&ip->src, &m->prev) || m->prev_until_ns <= now || a6_is_any(&m->prev)))
		return ctx_drop(c, DP_DROP_TUNNEL_SOURCE);
	if (!net_is(c, g, &ip[1].dst, &m->home_address))
		return ctx_drop(c, DP_DROP_TUNNEL_INNER);
	if (!ecn_decap(ip->vtf, &in.vtf))
		return ctx_drop(c, DP_DROP_ECN);
	in.was_tunnelled = true;
	if (ro_is_hot(c, g, &in, &ip[1]))
		return ro_punt_hot(c, in.at);
	if (is_forward && in.nh == NH_IPV6 && a6_eq(&ip[1].src, &m->source))
		return ctx_drop(c, DP_DROP_FORWARD_LOOP); /* the home agent sends back here what we sent to the home address */
	if (is_forward)
		return coa_forward(c, g, ETH_OCT, &in, m, IP6_OCT);
	if (m->flags & COA_WANTS_RO)
		punt_ro(c, ETH_OCT + IP6_OCT);
	return group_tunnel(c, g, ETH_OCT, &in, m, IP6_OCT);
}

/* To an assigned care-of address with a type 2 routing header; is_message: it carries a Mobility Header, which is ours unless the
 * home agent sent it. HOME_FORWARD: the header is off. */
NOINLINE int agent_down_rh2(ctx_t *c, const struct m_coa *m, bool is_message)
{
	struct a6 src, home_address;
	uint8_t nh;
	int64_t now = ctx_now(c);
	if (m->expires_ns <= now && !coa_forwards(m, now))
		return ctx_drop(c, DP_DROP_EXPIRED);
	if (!ctx_load(c, ETH_OCT + 8, &src, 16) || !ro_read_rh2(c, ETH_OCT + IP6_OCT, &home_address, &nh) ||
	    !a6_eq(&home_address, &m->home_address))
		return ctx_drop(c, DP_DROP_ROUTING_HEADER);
	if (is_message && !a6_eq(&src, &m->ha)) {
		punt(c, DP_PUNT_MH);
		return ctx_stolen(c);
	}
	return ro_consume(c, &home_address, nh) ? HOME_FORWARD : ctx_drop(c, DP_DROP_NO_ROOM);
}

/* May this outer source send uplink for u? */
static INLINE bool agent_admits(ctx_t *c, const struct m_uplink_in *u, const struct a6 *src, bool has_key)
{
	struct k_site k = {.plen = 128, .addr = *src};
	if (!a6_is_any(&u->bound))
		return a6_eq(&u->bound, src);
	return has_key && TBL(c, site, &k);
}

/* Not a verdict: may go without a tunnel, see agent_direct. (Not at once: stack is scarce in BPF.) */
enum { AGENT_DIRECT = 101 };

/* Does the correspondent node take this directly? Not if it is this host, or one whose packets we tunnel; nor by an entry that was left over from
 * an earlier registration. */
NOINLINE bool agent_is_direct(ctx_t *c, const struct m_cfg *g, const struct ip6_h *inner, const struct m_uplink_in *u)
{
	if (inner->nh == NH_MH || inner->nh == NH_HOPOPTS)
		return false;
	struct m_ro *r = ro_find(c, (const struct k_pair *)(const void *)&inner->src);
	return r && !r->is_testing && a6_eq(&r->coa, &u->coa) && !home_find(c, g, &inner->dst) && !TBL(c, local, &inner->dst);
}

/* have: octets from the outer to the inner header; key: NULL for IP-in-IP. HOME_FORWARD, AGENT_DIRECT or a verdict. */
static INLINE int agent_up(ctx_t *c, const struct m_cfg *g, const uint32_t have, const uint32_t *key)
{
	struct inner in;
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	struct ip6_h *inner = ctx_at(c, ETH_OCT + have);
	if (!ctx_has(c, ETH_OCT + have + IP6_OCT) || !inner_read(c, ETH_OCT + have, &in))
		return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	struct m_uplink_in *u = TBL(c, uplink_in, &inner->src);
	if (!u && (g->features & FEAT_NET)) {
		const struct a6 *of = net_home(c, &inner->src);
		u = of ? TBL(c, uplink_in, of) : NULL;
	}
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
	if ((g->features & FEAT_RO) && agent_is_direct(c, g, inner, u))
		return AGENT_DIRECT;
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

/* Up without a tunnel: what is left of it, and the header, become a header with the Home Address option. */
static INLINE int agent_direct_at(ctx_t *c, const uint32_t have)
{
	struct inner in;
	struct way w = {0};
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	struct ip6_h *inner = ctx_at(c, ETH_OCT + have);
	if (!ctx_has(c, ETH_OCT + have + IP6_OCT) || !inner_read(c, ETH_OCT + have, &in) || !ecn_decap(ip->vtf, &in.vtf))
		return ctx_drop(c, DP_DROP_MALFORMED);
	struct m_ro *r = ro_find(c, (const struct k_pair *)(const void *)&inner->src);
	if (!r)
		return ctx_drop(c, DP_DROP_EXPIRED);
	in.was_tunnelled = true;
	r->used_ns = ctx_now(c);
	struct a6 home_address = inner->src;
	struct ro_out o = {.addr = {.src = r->coa, .dst = inner->dst}, .encap = DP_ENCAP_HAO};
	int v = ro_way(c, &in, &o, &w, 0);
	if (v == WAY_NONE)
		return ctx_drop(c, DP_DROP_NO_ROUTE);
	if (v == WAY_TOO_BIG)
		return ro_slow(c, &in, &o);
	mss_clamp_for(c, in.nh, in.at, o.mtu_oct - RO_OCT);
	if (!ctx_resize(c, (int)RO_OCT - (int)have))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	struct eth_h *eth = ctx_begin(c);
	ip = ctx_at(c, ETH_OCT);
	struct hao_h *hao = ctx_at(c, ETH_OCT + IP6_OCT);
	if (!ctx_has(c, ETH_OCT + IP6_OCT + RO_OCT))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	eth->dst = w.next_hop;
	eth->src = w.mac;
	ro_write_ip(ip, &in, NH_DSTOPTS, &o.addr);
	ro_write_hao(hao, in.nh, &home_address);
	count(c, DP_COUNT_MMA_DIRECT);
	return send_way(c, &w, v);
}
NOINLINE int agent_direct_gre(ctx_t *c) { return agent_direct_at(c, IP6_OCT + GRE_OCT); }
NOINLINE int agent_direct_ipip(ctx_t *c) { return agent_direct_at(c, IP6_OCT); }

/* A frame for which agent_up said AGENT_DIRECT. */
static INLINE int agent_direct(ctx_t *c)
{
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	if (!ctx_has(c, ETH_OCT + IP6_OCT))
		return ctx_drop(c, DP_DROP_MALFORMED);
	return ip->nh == NH_GRE ? agent_direct_gre(c) : agent_direct_ipip(c);
}
