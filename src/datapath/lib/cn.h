/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Correspondent node (RFC 6275 9.3). Out: what this host sends to a home address that it has a binding for takes a type 2
 * routing header to the care-of address, and the way there instead of the way home. In: whom a Home Address option is believed.
 */
#include "datapath/lib/home.h"
#include "datapath/lib/ro.h"

enum { ICMP_ND_FIRST = 133, ICMP_ND_LAST = 137 };

/* The binding of home_address for the own address self, if it lives. */
static INLINE struct m_cn *cn_find(ctx_t *c, const struct m_cfg *g, const struct k_pair *self_home)
{
	if (!(g->features & FEAT_CN))
		return NULL;
	struct m_cn *n = TBL(c, cn, self_home);
	return n && n->expires_ns > ctx_now(c) ? n : NULL;
}

/* H-13: believed by configuration. */
NOINLINE bool cn_trusts(ctx_t *c, const struct a6 *home_address, const struct a6 *coa)
{
	uint32_t zero = 0;
	struct m_trust *t = TBL(c, trust, &zero);
	bool is_in = false;
	if (!t)
		return false;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < DP_CN_TRUST_MAX; i++)
		is_in |= i < t->n && a6_in(home_address, &t->pair[i].home) && a6_in(coa, &t->pair[i].coa);
	return is_in;
}

/* Neighbour discovery is of a link: never to be routed (9.3.2). */
static INLINE bool cn_is_nd(ctx_t *c, const uint32_t l2, const struct inner *in)
{
	uint8_t type;
	return in->nh == NH_ICMP6 && ctx_load(c, l2 + IP6_OCT, &type, 1) && type >= ICMP_ND_FIRST && type <= ICMP_ND_LAST;
}

/* Out to the care-of address. The stack's own messages and headers that must stand first are left alone. */
static INLINE int cn_out_at(ctx_t *c, const uint32_t l2, const struct a6 *coa, uint32_t here_oct)
{
	struct inner in;
	struct way w = {0};
	struct ip6_h *ip = ctx_at(c, l2);
	if (!ctx_has(c, l2 + IP6_OCT) || !inner_read(c, l2, &in) || in.nh == NH_MH || in.nh == NH_HOPOPTS || in.nh == NH_ROUTING ||
	    cn_is_nd(c, l2, &in))
		return ctx_pass(c);
	in.is_local = true;
	struct ro_out o = {.addr = {.src = ip->src, .dst = *coa}, .encap = DP_ENCAP_RH2};
	struct a6 home_address = ip->dst;
	int v = ro_way(c, &in, &o, &w, here_oct);
	if (v == WAY_NONE)
		return ctx_drop(c, DP_DROP_NO_ROUTE);
	if (v == WAY_TOO_BIG)
		return ro_slow(c, &in, &o);
	mss_clamp_for(c, in.nh, in.at, o.mtu_oct - RO_OCT);
	if (!ctx_insert(c, RO_OCT) || (!l2 && !ctx_add_eth(c)))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	struct eth_h *eth = ctx_begin(c);
	ip = ctx_at(c, ETH_OCT);
	struct rh2_h *rh = ctx_at(c, ETH_OCT + IP6_OCT);
	if (!ctx_has(c, ETH_OCT + IP6_OCT + RO_OCT))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	eth->dst = w.next_hop;
	eth->src = w.mac;
	eth->proto = BE16(ETHER_IPV6);
	ro_write_ip(ip, &in, NH_ROUTING, &o.addr);
	ro_write_rh2(rh, in.nh, &home_address);
	count(c, DP_COUNT_RH2_OUT);
	return v == WAY_HOST ? ctx_send_here(c) : send_way(c, &w, v);
}
/* mtu_oct: of the link. */
NOINLINE int cn_out(ctx_t *c, const struct a6 *coa, uint32_t mtu_oct) { return cn_out_at(c, ETH_OCT, coa, mtu_oct); }
NOINLINE int cn_out_roam0(ctx_t *c, const struct a6 *coa) { return cn_out_at(c, 0, coa, 0); }
