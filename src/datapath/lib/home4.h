/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Home agent over IPv4 (RFC 5944 4.2, 4.3): packets for a bound home address go into a tunnel to its care-of address, and a copy
 * to each further one (simultaneous bindings); what comes back through a reverse tunnel (RFC 3024) must be from the care-of address of
 * the mobile that it claims to be from. Agents on this very host get packets without a tunnel.
 */
#include "datapath/lib/group4.h"
#include "datapath/lib/home.h"
#include "datapath/lib/visit4.h"

/* Not a verdict: tunnel headers are off, go on with home4_forward. */
enum { HOME4_FORWARD = 103 };

/* Further care-of addresses of the home address that addr goes by. */
NOINLINE struct m_home_more *home4_more(ctx_t *c, const struct m_cfg *g, uint32_t addr)
{
	struct a6 key = a6_of4(addr);
	struct m_home_more *more = TBL(c, home_more, &key);
	if (!more && (g->features & FEAT_NET)) {
		const struct a6 *of = net_home(c, &key);
		more = of ? TBL(c, home_more, of) : NULL;
	}
	return more;
}

/* A packet for the network behind a mobile whose care-of address is an agent's: that knows the home address only. */
NOINLINE void home4_nest(ctx_t *c, const struct in4 *in, struct out4 *o, uint32_t flags)
{
	struct a6 key = a6_of4(in->ip.dst);
	if (!(flags & HOME_NESTED) || TBL(c, home, &key))
		return;
	const struct a6 *of = net_home(c, &key);
	o->nest_src = o->src;
	o->nest_dst = of ? a4_of(of) : 0;
}

/* A copy for a further care-of address. The packet stays what it is, its place changes. */
NOINLINE int home4_copy(ctx_t *c, struct in4 *in, const struct home_to *to, uint32_t ha)
{
	struct out4 o = {.src = ha, .dst = a4_of(&to->coa), .encap = to->encap, .port = (uint16_t)to->udp_port};
	struct way w = {0};
	if (to->expires_ns <= ctx_now(c))
		return 0;
	home4_nest(c, in, &o, to->flags);
	o.encap = out4_form(c, in, &o);
	uint32_t oct = in->seg_oct + out4_whole_oct(&o);
	int r = ctx_route4(c, o.src, o.dst, oct, &w);
	uint32_t mtu = path4_mtu(c, o.dst, w.mtu_oct);
	if (r == WAY_NONE || r == WAY_HOST) {
		count(c, DP_DROP_NO_ROUTE);
		return 0;
	}
	if (r == WAY_NEIGH && !mac_is_zero(&w.next_hop))
		r = WAY_OK; /* the kernel's turn to confirm it: that needs no more than the packets */
	if (r != WAY_OK || oct > mtu) {
		ctx_store(c, in->at, &in->ip, IP4_OCT); /* as it was before an earlier copy */
		return slow4(c, in, &o, r == WAY_NEIGH && oct <= mtu ? DP_SLOW_COPY : DP_SLOW_TOO_BIG, mtu);
	}
	if (!out4_put(c, in, &o, &w)) {
		count(c, DP_DROP_NO_ROOM);
		return 0;
	}
	count(c, DP_COUNT_HA_COPIES);
	ctx_copy(c, w.ifindex);
	return 0;
}

/* (Not from home4_encap: stack is scarce in BPF.) */
static INLINE void home4_copies(ctx_t *c, const struct m_cfg *g, struct in4 *in, const struct m_home *h)
{
	struct m_home_more *more;
	if (!(h->flags & HOME_MORE) || (in->ip.ttl <= 1 && !in->is_local) || !(more = home4_more(c, g, in->ip.dst)))
		return;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < DP_HOME_MORE_MAX; i++)
		if (i < more->n)
			home4_copy(c, in, &more->to[i], a4_of(&h->ha));
	ctx_store(c, in->at, &in->ip, IP4_OCT);
}

/* Into the tunnel to another host. */
NOINLINE int home4_encap(ctx_t *c, struct in4 *in, const struct m_home *h)
{
	struct out4 o = {.src = a4_of(&h->ha), .dst = a4_of(&h->coa), .encap = h->encap, .port = h->udp_port,
		.what = DP_COUNT_HA_ENCAP};
	home4_nest(c, in, &o, h->flags);
	return tunnel4_routed(c, in, &o);
}

/* After a mobile that left. */
NOINLINE int coa4_forward(ctx_t *c, struct in4 *in, const struct m_coa *m)
{
	struct out4 o = {.src = a4_of(&m->source), .dst = a4_of(&m->forward), .encap = DP_ENCAP_IPIP, .what = DP_COUNT_MMA_FORWARD};
	return tunnel4_routed(c, in, &o);
}

/* The registration with an MMA on this host that addr goes by. */
NOINLINE struct m_coa *coa4_find(ctx_t *c, const struct m_cfg *g, uint32_t addr)
{
	struct a6 key = a6_of4(addr);
	struct m_coa *m = g->features & FEAT_COA ? TBL(c, coa, &key) : NULL;
	if (!m && (g->features & FEAT_COA) && (g->features & FEAT_NET)) {
		const struct a6 *of = net_home(c, &key);
		m = of ? TBL(c, coa, of) : NULL;
	}
	return m;
}

/* The same, where it is the one that h's care-of address means, and has something to do. */
static INLINE struct m_coa *home4_agent_here(ctx_t *c, const struct m_cfg *g, const struct m_home *h, uint32_t addr)
{
	struct m_coa *m = coa4_find(c, g, addr);
	if (!m || !a6_eq(&m->ha, &h->ha) || !a6_eq(&m->source, &h->coa))
		return NULL;
	int64_t now = ctx_now(c);
	return m->expires_ns > now || coa_forwards(m, now) ? m : NULL;
}

/* Is it a tunnel packet to the mobile around another to it? */
NOINLINE bool home4_is_around(ctx_t *c, const struct in4 *in)
{
	uint32_t at = in->at + in->head_oct, dst = 0, gre = 0;
	if (in->ip.frag & BE16(0x1fff))
		return false;
	if (in->ip.proto == PROTO_IPIP)
		ctx_load(c, at + 16, &dst, 4);
	else if (in->ip.proto == PROTO_MINIMAL)
		ctx_load(c, at + 4, &dst, 4);
	else if (in->ip.proto == NH_GRE && ctx_load(c, at, &gre, 4) && gre == BE32(ETHER_IPV4))
		ctx_load(c, at + GRE_PLAIN_OCT + 16, &dst, 4);
	return dst == in->ip.dst;
}

/* How a tunnel came: 0, or in UDP, from which port; or it does not matter. */
#define HOME4_ANY 0xffffffffu

/* How a packet came: enum dp_encap, and the port of UDP. */
static INLINE uint32_t home4_form(uint32_t encap, uint32_t port) { return encap << 16 | (encap == DP_ENCAP_UDP ? port : 0); }

/* Is that the form agreed on (RFC 3024 4.3.2, RFC 3519 3.3, 4.3)? What minimal encapsulation cannot carry comes in IP-in-IP. */
static INLINE bool home4_is_form(uint32_t encap, uint32_t port, uint32_t form)
{
	return form == HOME4_ANY || form == home4_form(encap, port) || (encap == DP_ENCAP_MINIMAL && form == home4_form(DP_ENCAP_IPIP, 0));
}

/* One of the further bindings. */
NOINLINE bool home4_has(ctx_t *c, const struct m_cfg *g, uint32_t addr, uint32_t coa, uint32_t form)
{
	struct m_home_more *more = home4_more(c, g, addr);
	int64_t now = ctx_now(c);
	bool is_in = false;
	if (!more)
		return false;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < DP_HOME_MORE_MAX; i++)
		is_in |= i < more->n && more->to[i].expires_ns > now && a4_of(&more->to[i].coa) == coa &&
			 home4_is_form(more->to[i].encap, more->to[i].udp_port, form);
	return is_in;
}

/* One that came from a care-of address would go round for ever (RFC 5944 4.2.3). */
static INLINE bool home4_is_loop(ctx_t *c, const struct m_cfg *g, const struct in4 *in, const struct m_home *h)
{
	bool is_tunnel = in->ip.proto == PROTO_IPIP || in->ip.proto == NH_GRE || in->ip.proto == PROTO_MINIMAL;
	if (!is_tunnel || (a4_of(&h->coa) != in->ip.src && !((h->flags & HOME_MORE) && home4_has(c, g, in->ip.dst, in->ip.src, HOME4_ANY))))
		return false;
	return home4_is_around(c, in);
}

/* A packet for a bound home address; l2: ETH_OCT or 0, h: its live entry. */
NOINLINE int home4_tunnel(ctx_t *c, const struct m_cfg *g, uint32_t l2, const struct m_home *h)
{
	struct in4 in = {0};
	if (!in4_read(c, l2, &in))
		return ctx_drop(c, DP_DROP_MALFORMED);
	if (home_is_cast(g, h)) {
		struct m_coa *to = home_agent_here(c, g, h);
		if (!to)
			return ctx_drop(c, DP_DROP_NO_GROUP);
		return a6_is_v4(&to->group) ? group4_tunnel(c, g, &in, to) : PATH_CAST;
	}
	if (home4_is_loop(c, g, &in, h))
		return ctx_drop(c, DP_DROP_FORWARD_LOOP);
	struct m_local *here = g->features & (FEAT_COA | FEAT_VISIT) ? TBL(c, local, &h->coa) : NULL;
	if (!here) {
		home4_copies(c, g, &in, h);
		return home4_encap(c, &in, h);
	}
	struct m_coa *m = home4_agent_here(c, g, h, in.ip.dst);
	if (m)
		return coa_forwards(m, ctx_now(c)) ? coa4_forward(c, &in, m) : group4_tunnel(c, g, &in, m);
	struct m_visit *v = visit4_find(c, g, in.ip.dst);
	if (v && a6_eq(&v->coa, &h->coa)) {
		struct out4 o = {.src = a4_of(&h->ha)};
		home4_nest(c, &in, &o, h->flags);
		return visit4_deliver(c, &in, v, &o);
	}
	home4_copies(c, g, &in, h);
	return home4_encap(c, &in, h);
}

static INLINE struct m_home *home4_find(ctx_t *c, const struct m_cfg *g, uint32_t addr)
{
	struct a6 key = a6_of4(addr);
	return home_find(c, g, &key);
}

/* Out of a tunnel and on by the routing table; the host's stack knows what to do with everything unusual. */
NOINLINE int home4_route(ctx_t *c, const struct m_cfg *g)
{
	struct in4 in = {0};
	struct way w = {0};
	if (!in4_read(c, ETH_OCT, &in))
		return ctx_drop(c, DP_DROP_MALFORMED);
	if (in.ip.ttl <= 1 || in.head_oct != IP4_OCT || a4_is_multicast(in.ip.dst) || a4_is_broadcast(in.ip.dst))
		return ctx_host(c, g->roam0_ifindex);
	int r = ctx_route4(c, in.ip.src, in.ip.dst, in.seg_oct, &w);
	if (r != WAY_OK && r != WAY_NEIGH)
		return ctx_host(c, g->roam0_ifindex);
	struct eth_h *eth = ctx_begin(c);
	struct ip4_h *ip = ctx_at(c, ETH_OCT);
	if (!ctx_has(c, ETH_OCT + IP4_OCT))
		return ctx_drop(c, DP_DROP_MALFORMED);
	eth->dst = w.next_hop;
	eth->src = w.mac;
	ip4_hop(ip);
	return send_way4(c, &w, r);
}

/* A tunnel from a mobile's home address to its home agent, which came inside another from where it is, or from a visitor whose frames are known:
 * it is from the home address or from a network of the mobile's (RFC 5177 7). */
NOINLINE int home4_nested(ctx_t *c, const struct m_cfg *g, struct tun4 *t)
{
	struct a6 hoa = a6_of4(t->src), inner = a6_of4(t->in.ip.src);
	struct m_home *h = TBL(c, home, &hoa); /* over or not: the tunnel around, or the visit, told that */
	if (!h || a4_of(&h->ha) != t->dst || !net_is(c, g, &inner, &hoa))
		return ctx_drop(c, DP_DROP_REVERSE_SOURCE);
	if (!(h->flags & HOME_REVERSE))
		return ctx_drop(c, DP_DROP_REVERSE_OFF);
	if (!open4_ecn(t))
		return ctx_drop(c, DP_DROP_ECN);
	return open4_release(c, &t->in) ? HOME4_FORWARD : ctx_drop(c, DP_DROP_NO_ROOM);
}

/* A frame whose tunnel is off: to another mobile, or by the routing table. */
static INLINE int home4_forward(ctx_t *c, const struct m_cfg *g)
{
	uint32_t dst;
	if (!ctx_load(c, ETH_OCT + 16, &dst, 4))
		return ctx_drop(c, DP_DROP_MALFORMED);
	struct m_home *h = home4_find(c, g, dst);
	return h ? home4_tunnel(c, g, ETH_OCT, h) : home4_route(c, g);
}

/* May addr send so, from outer's source through outer's destination? DP_DROP_NONE, or why not. */
NOINLINE enum dp_drop home4_refuses(ctx_t *c, const struct m_cfg *g, uint32_t addr, const struct k_pair *outer, uint32_t form)
{
	struct m_home *h = home4_find(c, g, addr);
	int64_t now = ctx_now(c);
	if (!h && (g->features & FEAT_HOME)) {
		struct a6 key = a6_of4(addr);
		h = TBL(c, home, &key); /* over, but packets may be on their way */
	}
	if (!h || h->expires_ns <= now) {
		struct a6 src = a6_of4(addr);
		if (form == home4_form(DP_ENCAP_IPIP, 0) && home_speaks_first(c, g, &src, &outer->src))
			return DP_DROP_NONE;
	}
	if (!h || !a6_eq(&h->ha, &outer->dst))
		return DP_DROP_REVERSE_SOURCE;
	if (home_is_cast(g, h))
		return h->expires_ns <= now || !(h->flags & HOME_REVERSE) || !home4_is_form(h->encap, h->udp_port, form) ? DP_DROP_REVERSE_SOURCE
			: home_trusts(c, g, &outer->src) ? DP_DROP_NONE : DP_DROP_REVERSE_AGENT;
	bool is_coa = h->expires_ns > now && a6_eq(&h->coa, &outer->src) && home4_is_form(h->encap, h->udp_port, form);
	bool was_coa = h->prev_until_ns > now && a6_eq(&h->prev, &outer->src);
	if (!is_coa && !was_coa && !((h->flags & HOME_MORE) && home4_has(c, g, addr, a4_of(&outer->src), form)))
		return DP_DROP_REVERSE_SOURCE;
	return h->flags & HOME_REVERSE ? DP_DROP_NONE : DP_DROP_REVERSE_OFF;
}

/* Takes the tunnel off and counts it. */
static INLINE int home4_release(ctx_t *c, struct in4 *in)
{
	if (!open4_release(c, in))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	count(c, DP_COUNT_HA_DECAP);
	return HOME4_FORWARD;
}

/* A tunnel to a home agent's address of ours. */
NOINLINE int home4_reverse(ctx_t *c, const struct m_cfg *g, struct tun4 *t)
{
	struct k_pair outer = pair_of4(t->src, t->dst);
	enum dp_drop why = home4_refuses(c, g, t->in.ip.src, &outer, home4_form(t->encap, t->port));
	if (why)
		return ctx_drop(c, why);
	if (!open4_ecn(t))
		return ctx_drop(c, DP_DROP_ECN);
	return home4_release(c, &t->in);
}
