/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Mobile node over IPv4. In: GRE from the agent's group, or any form from the home agent to a co-located care-of address; duplicates of the former are
 * removed. Out: a tunnel over the link in use to the agent or the home agent, or, by a foreign agent or at home, the packet as it is
 * to the router's link-layer address.
 */
#include "datapath/lib/mobile.h"
#include "datapath/lib/open4.h"

/* As dup_is. Identifications are left out, since segmentation counts them up; parts of one packet have sequence numbers of their own. */
NOINLINE bool mobile4_dup(ctx_t *c, const struct in4 *in, uint32_t flow, uint32_t seq, uint32_t path)
{
	struct l4 l = {{0}};
	uint32_t at = in->at + in->head_oct;
	struct dup_id id = {.seq = seq, .path = path, .spread = flow};
	bool is_part = in->ip.frag & BE16(IP4_PART);
	if (!ctx_load(c, at, &l, sizeof l))
		ctx_load(c, at, &l, 8);
	id.tag = mix(flow ^ in->ip.proto, l.w[0]);
	if (in->ip.proto == NH_TCP && !is_part) {
		uint32_t header = (uint32_t)in->head_oct + (BE32(l.w[3]) >> 28) * 4;
		id.start = BE32(l.w[1]);
		id.oct = in->len_oct > header ? (uint16_t)(in->len_oct - header) : 0;
		return dup_note(c, &id);
	}
	if (in->ip.proto != NH_UDP)
		id.tag = mix(id.tag, l.w[1]);
	return seen_note(c, &id);
}

/* Is what is inside for this mobile? Broadcasts come to a co-located care-of address as they were (RFC 5944 4.3). */
static INLINE bool mobile4_is_for(ctx_t *c, const struct m_cfg *g, const struct m_downlink *d, uint32_t dst)
{
	struct a6 key = a6_of4(dst);
	bool is_wide = a4_is_broadcast(dst) || a4_is_multicast(dst) || (d->broadcast4 && dst == d->broadcast4);
	return is_wide || net_is(c, g, &key, &d->home_address);
}

/* Does the tunnel have the entry's form? In UDP exactly that, from the home agent's port (RFC 3519 3.3, 4.3). */
static INLINE bool mobile4_is_form(const struct m_downlink *d, const struct tun4 *t)
{
	if (d->encap == DP_ENCAP_GRE)
		return t->gre == GRE_SEQ;
	if (d->encap == DP_ENCAP_UDP)
		return t->encap == DP_ENCAP_UDP && t->port == MIP_PORT;
	return t->encap == d->encap || t->encap == DP_ENCAP_IPIP;
}

/* Not a verdict: the tunnel is off, but it may be a message, see path4_again. */
enum { MOBILE4_AGAIN = 106 };

/* The home agent's answer to a keepalive (RFC 3519 4.9): whether the NAT in between still knows us is the daemon's to see. */
NOINLINE bool mobile4_is_alive(ctx_t *c, const struct tun4 *t)
{
	uint8_t type;
	return t->in.ip.proto == PROTO_ICMP && t->in.ip.src == t->src && ctx_load(c, t->in.at + t->in.head_oct, &type, 1) && type == 0;
}

NOINLINE int mobile4_release(ctx_t *c, const struct m_cfg *g, struct tun4 *t, struct m_downlink *d)
{
	if (!mobile4_is_form(d, t))
		return ctx_drop(c, t->proto == NH_GRE ? DP_DROP_GRE_FLAGS : DP_DROP_TUNNEL_PROTO);
	if (!mobile4_is_for(c, g, d, t->in.ip.dst))
		return ctx_drop(c, DP_DROP_TUNNEL_INNER);
	if (!open4_ecn(t))
		return ctx_drop(c, DP_DROP_ECN);
	if (t->gre == GRE_SEQ) {
		struct eth_h *eth = ctx_begin(c);
		if (!ctx_has(c, ETH_OCT))
			return ctx_drop(c, DP_DROP_MALFORMED);
		if (mobile4_dup(c, &t->in, d->flow, t->opt, dup_path(ctx_ifindex(c), &eth->src)))
			return ctx_drop(c, DP_DROP_DUPLICATE);
		mobile_note_seq(d, t->opt);
	}
	bool is_alive = t->encap == DP_ENCAP_UDP && mobile4_is_alive(c, t);
	bool may_be_message = in4_may_be_message(c, &t->in);
	if (!open4_release(c, &t->in))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	count(c, DP_COUNT_MN_DECAP);
	if (is_alive)
		punt4_with(c, ETH_OCT, DP_PUNT_MIP4, NULL, false);
	return may_be_message ? MOBILE4_AGAIN : mobile_deliver(c, g);
}

/* A tunnel from the home agent to the home address that came inside another to where the mobile is: for its networks (RFC 5177 7), or a
 * broadcast. d: its entry. */
NOINLINE int mobile4_nested(ctx_t *c, const struct m_cfg *g, struct tun4 *t, const struct m_downlink *d)
{
	if (t->encap != DP_ENCAP_IPIP || !mobile4_is_for(c, g, d, t->in.ip.dst))
		return ctx_drop(c, DP_DROP_TUNNEL_INNER);
	if (!open4_ecn(t))
		return ctx_drop(c, DP_DROP_ECN);
	return open4_release(c, &t->in) ? mobile_deliver(c, g) : ctx_drop(c, DP_DROP_NO_ROOM);
}

NOINLINE int mobile4_fragment(ctx_t *c)
{
	struct dp_slow s = {.why = DP_SLOW_FRAGMENT, .len_oct = ctx_len(c) - ETH_OCT};
	punt4_with(c, ETH_OCT, DP_PUNT_SLOW, &s, true);
	return ctx_stolen(c);
}

/* d: entry of the frame's outer source and destination. */
NOINLINE int mobile4_in(ctx_t *c, const struct m_cfg *g, struct m_downlink *d, const struct ip4_h *ip)
{
	struct tun4 t = {0};
	if (!mobile_may_use(d, ctx_ifindex(c)))
		return ctx_drop(c, DP_DROP_DOWNLINK_IF);
	if (ip->frag & BE16(IP4_PART))
		return d->encap == DP_ENCAP_GRE ? mobile4_fragment(c) : ctx_pass(c); /* the kernel puts together what is for its own address */
	int v = open4(c, &t);
	return v == OPEN4_OK ? mobile4_release(c, g, &t, d) : v == OPEN4_PASS ? ctx_pass(c) : v;
}

/* A packet that the host routed into roam0; u: entry of its source, of: the home address that its network goes by, 0 if that is its source. */
NOINLINE int mobile4_out(ctx_t *c, const struct m_uplink_out *u, uint32_t of)
{
	struct in4 in = {0};
	struct out4 o = {.src = a4_of(&u->src), .dst = a4_of(&u->dst), .encap = u->encap, .gre = GRE_KEY, .opt = u->key, .port = u->udp_port,
		.what = DP_COUNT_MN_ENCAP};
	struct way w = {.ifindex = u->ifindex, .mtu_oct = u->mtu_oct, .next_hop = u->next_hop, .mac = u->mac};
	if (!in4_read(c, 0, &in))
		return ctx_drop(c, DP_DROP_MALFORMED);
	if (of && u->nest4 && u->encap == DP_ENCAP_NONE) { /* by the agent as it is: that tunnel is the outer one */
		o.src = of;
		o.dst = u->nest4;
		o.encap = DP_ENCAP_IPIP;
	} else if (of) {
		o.nest_src = of;
		o.nest_dst = u->nest4;
	}
	return tunnel4_link(c, &in, &o, &w);
}
