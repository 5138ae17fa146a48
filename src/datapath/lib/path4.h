/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The programs for IPv4 and ARP: as path.h. What has options, is in fragments or has a wrong checksum is never one of our tunnels: if it is for this
 * host, its stack sees to it, and gives tunnels of others' making to the slow path's raw sockets.
 */
#include "datapath/lib/agent4.h"
#include "datapath/lib/control4.h"
#include "datapath/lib/filter.h"
#include "datapath/lib/mobile4.h"

static INLINE bool path4_is_broadcast(const struct eth_h *eth) { return (eth->dst.w[0] & eth->dst.w[1] & eth->dst.w[2]) == 0xffff; }

/* A message of Mobile IPv4 to an address of ours, or to mma. */
NOINLINE bool path4_is_signalling(ctx_t *c, const struct m_cfg *g, const struct ip4_h *ip, uint32_t mma)
{
	struct a6 key = a6_of4(ip->dst);
	uint8_t type;
	if (!control4_is_mip(c, ip, &type) || type == MIP_DATA)
		return false;
	struct m_local *l = g->features & FEAT_LOCAL ? TBL(c, local, &key) : NULL;
	return (mma && mma == ip->dst) || (l && (l->flags & DP_LOCAL_MH));
}

/* Which sources an access link has: as filter_source, and what hosts have to send before they have an address of the link, or a
 * visitor has that keeps another. What never leaves the link is its own business. */
NOINLINE enum dp_drop path4_filter(ctx_t *c, const struct m_cfg *g, const struct m_if *f, const struct ip4_h *ip)
{
	if (!ip->src)
		return DP_DROP_NONE;
	if (f->mma4 == ip->src)
		return DP_DROP_FILTER_AGENT;
	if (a4_is_link_multicast(ip->dst) || a4_is_broadcast(ip->dst) || ip->proto == PROTO_IGMP)
		return DP_DROP_NONE;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < DP_IF_PREFIX_MAX; i++)
		if (i < f->n_prefix4 && (ip->src & f->prefix4[i].mask) == f->prefix4[i].net)
			return DP_DROP_NONE;
	if (path4_is_signalling(c, g, ip, f->mma4))
		return DP_DROP_NONE;
	return visit4_from(c, g, ip->src) ? DP_DROP_NONE : DP_DROP_FILTER_PREFIX;
}

static INLINE bool path4_is_tunnel(ctx_t *c, const struct ip4_h *ip)
{
	uint8_t type;
	if (ip->vihl != 0x45 || (ip->frag & BE16(IP4_PART)))
		return false;
	if (ip->proto == PROTO_IPIP || ip->proto == NH_GRE || ip->proto == PROTO_MINIMAL)
		return true;
	return control4_is_mip(c, ip, &type) && type == MIP_DATA;
}

/* A visitor of ours whose home agent we are too tunnels to it, by its own link: path4_is_forged has looked at the frame. */
NOINLINE bool path4_is_visitors(ctx_t *c, const struct m_cfg *g, const struct tun4 *t)
{
	struct m_visit *v = visit4_from(c, g, t->src);
	return v && v->up == DP_VISIT_REVERSE && v->ifindex == ctx_ifindex(c) && a4_of(&v->ha) == t->dst;
}

/* A tunnel to an address of ours with these flags: whose is it? Both ends of what is inside may be mobiles of ours. */
NOINLINE int path4_tunnel(ctx_t *c, const struct m_cfg *g, uint32_t flags)
{
	struct tun4 t = {0};
	int v = open4(c, &t);
	if (v != OPEN4_OK)
		return v == OPEN4_PASS ? ctx_pass(c) : v;
	if ((flags & DP_LOCAL_MMA) && t.gre)
		return agent4_up(c, g, &t);
	struct m_visit *to = flags & DP_LOCAL_FA ? visit4_find(c, g, t.in.ip.dst) : NULL;
	if (to && a4_of(&to->ha) == t.src)
		return visit4_down(c, &t, to);
	struct m_visit *from = flags & DP_LOCAL_FA && t.src == t.in.ip.src ? visit4_from(c, g, t.src) : NULL;
	if (from)
		return visit4_up_tunnel(c, g, &t, from);
	if ((flags & DP_LOCAL_HA) && path4_is_visitors(c, g, &t))
		return home4_nested(c, g, &t);
	struct m_coa *m = flags & DP_LOCAL_MMA ? coa4_find(c, g, t.in.ip.dst) : NULL;
	if (m)
		return agent4_down(c, g, &t, m);
	if (flags & DP_LOCAL_HA)
		return home4_reverse(c, g, &t);
	if (to)
		return visit4_down(c, &t, to); /* says why not */
	return flags & DP_LOCAL_MMA ? agent4_up(c, g, &t) : ctx_drop(c, DP_DROP_TUNNEL_INNER);
}

/* The mobile's entry for a packet between these addresses. */
NOINLINE struct m_downlink *path4_downlink(ctx_t *c, const struct ip4_h *ip)
{
	struct k_pair k = pair_of4(ip->src, ip->dst);
	return TBL(c, downlink, &k);
}

NOINLINE struct m_mfc *path4_mfc(ctx_t *c, const struct ip4_h *ip)
{
	struct k_pair k = pair_of4(ip->src, ip->dst);
	return TBL(c, mfc, &k);
}

NOINLINE bool path4_guest(ctx_t *c, const struct ip4_h *ip)
{
	struct k_pair k = pair_of4(ip->src, ip->dst);
	return TBL(c, guest, &k) != NULL;
}

/* As path_is_relay. */
NOINLINE bool path4_is_relay(ctx_t *c, const struct ip4_h *ip)
{
	uint16_t port;
	if (ip->proto != NH_UDP || ip->vihl != 0x45 || (ip->frag & BE16(IP4_PART)) || !ctx_load(c, ETH_OCT + IP4_OCT + 2, &port, 2))
		return false;
	struct k_port k = {a6_of4(ip->dst), port};
	return TBL(c, relay, &k) != NULL;
}

NOINLINE int path4_multicast(ctx_t *c, const struct m_cfg *g, const struct m_if *f, const struct ip4_h *ip)
{
	int what = control4_group(c, g, f, ip);
	if (what != CONTROL_NONE)
		return control4_do(c, what);
	if ((f->flags & DP_IF_MOBILE) && (g->features & FEAT_DOWNLINK)) {
		struct m_downlink *d = path4_downlink(c, ip);
		if (d)
			return mobile4_in(c, g, d, ip);
	}
	if ((g->features & FEAT_GUEST) && path4_guest(c, ip))
		return PATH_CAST;
	if ((g->features & FEAT_MFC) && !a4_is_link_multicast(ip->dst)) {
		struct m_mfc *m = path4_mfc(c, ip);
		if (m)
			return group4_forward(c, m);
	}
	return ctx_pass(c);
}

/* Not a verdict: a tunnel to an address with these DP_LOCAL_* flags, see path4_tunnel. (Not at once: stack is scarce in BPF.) */
enum { PATH4_TUNNEL = 0x200, PATH4_FLAGS = 0x0f };

/* To an address of this host's, with these flags. */
static INLINE int path4_local(ctx_t *c, const struct m_cfg *g, const struct m_if *f, const struct ip4_h *ip, uint32_t flags)
{
	if (path4_is_tunnel(c, ip)) {
		if (flags & (DP_LOCAL_HA | DP_LOCAL_MMA | DP_LOCAL_FA))
			return PATH4_TUNNEL | (int)(flags & PATH4_FLAGS);
		return ctx_pass(c);
	}
	int what = control4_local(c, ip, flags);
	if (what == CONTROL_NONE && ip->proto == PROTO_ICMP)
		what = control4_icmp(c, g, f, ip);
	return control4_do(c, what);
}

static INLINE int path4_unicast(ctx_t *c, const struct m_cfg *g, const struct m_if *f, const struct ip4_h *ip)
{
	struct a6 dst = a6_of4(ip->dst);
	if ((f->flags & DP_IF_MOBILE) && (g->features & FEAT_DOWNLINK)) {
		struct m_downlink *d = path4_is_tunnel(c, ip) ? path4_downlink(c, ip) : NULL;
		if (d)
			return mobile4_in(c, g, d, ip);
	}
	if ((g->features & FEAT_RELAY) && path4_is_relay(c, ip))
		return PATH_CAST;
	struct m_local *l = g->features & FEAT_LOCAL ? TBL(c, local, &dst) : NULL;
	if (l && l->flags)
		return path4_local(c, g, f, ip, l->flags);
	if ((f->flags & DP_IF_MOBILE) && control4_assigns(c, g, ip))
		return control4_do(c, CONTROL_PUNT | DP_PUNT_MIP4);
	if (ip->proto == PROTO_ICMP) {
		int what = control4_icmp(c, g, f, ip);
		if (what != CONTROL_NONE)
			return control4_do(c, what);
	}
	if (f->flags & DP_IF_ACCESS) {
		struct m_visit *v = visit4_from(c, g, ip->src);
		if (v)
			return visit4_up(c, g, v);
	}
	struct m_home *h = home_find(c, g, &dst);
	if (!h && (g->features & FEAT_UNBOUND))
		return punt_unbound(c, ETH_OCT, &dst);
	return h ? home4_tunnel(c, g, ETH_OCT, h) : ctx_pass(c);
}

/* Out of a tunnel came IP-in-IP, to an address that is perhaps ours. PATH4_PLAIN: it is somebody else's. */
enum { PATH4_PLAIN = 0x400 };
NOINLINE int path4_nested(ctx_t *c, const struct m_cfg *g, const struct ip4_h *ip, bool is_mobile)
{
	struct a6 dst = a6_of4(ip->dst);
	struct m_downlink *d = is_mobile ? path4_downlink(c, ip) : NULL;
	struct m_local *l = !is_mobile && (g->features & FEAT_LOCAL) ? TBL(c, local, &dst) : NULL;
	struct tun4 t = {0};
	if ((!d && !(l && (l->flags & DP_LOCAL_HA))) || ip->vihl != 0x45 || (ip->frag & BE16(IP4_PART)))
		return PATH4_PLAIN;
	int v = open4(c, &t);
	if (v != OPEN4_OK)
		return PATH4_PLAIN;
	return d ? mobile4_nested(c, g, &t, d) : home4_nested(c, g, &t);
}

/* Out of a tunnel: perhaps a message to this host. verdict of what it is otherwise: to the host, at a mobile; onwards, at an agent. */
NOINLINE int path4_again(ctx_t *c, const struct m_cfg *g, bool is_mobile)
{
	struct in4 in = {0};
	if (!in4_read(c, ETH_OCT, &in))
		return ctx_drop(c, DP_DROP_MALFORMED);
	if (in.ip.proto == PROTO_IPIP) {
		int v = path4_nested(c, g, &in.ip, is_mobile);
		if (v != PATH4_PLAIN && v != HOME4_FORWARD)
			return v;
	} else if (in4_may_be_message(c, &in)) {
		struct a6 key = a6_of4(in.ip.dst);
		struct m_local *l = g->features & FEAT_LOCAL ? TBL(c, local, &key) : NULL;
		int what = l ? control4_local(c, &in.ip, l->flags) : CONTROL_NONE;
		if (what != CONTROL_NONE)
			return control4_do(c, what);
	}
	return is_mobile ? mobile_deliver(c, g) : home4_forward(c, g);
}

/* A visitor's source with another station's link-layer source? Not a message to us: a visitor with two interfaces comes back with the
 * other, and the home agent tells who it is. */
NOINLINE bool path4_is_forged(ctx_t *c, const struct m_cfg *g, const struct ip4_h *ip)
{
	struct mac mac;
	struct m_visit *v = visit4_from(c, g, ip->src);
	if (!v || !ctx_load(c, 6, &mac, 6) || mac_eq(&mac, &v->mac))
		return false;
	return !path4_is_signalling(c, g, ip, 0);
}

NOINLINE int path4_ip(ctx_t *c, const struct m_cfg *g, const struct m_if *f)
{
	struct ip4_h ip;
	struct eth_h *eth;
	if (!ip4_copy(c, ETH_OCT, &ip))
		return ctx_pass(c);
	eth = ctx_begin(c);
	if (!ctx_has(c, ETH_OCT) || ip.vihl >> 4 != 4 || ip.vihl < 0x45 || (ip.vihl == 0x45 && ip4_fold(&ip) != 0xffff))
		return ctx_pass(c);
	bool is_broadcast = path4_is_broadcast(eth);
	if (f->flags & IF_FILTER4) {
		enum dp_drop why = path4_filter(c, g, f, &ip);
		if (why)
			return ctx_drop(c, why);
	}
	if ((f->flags & DP_IF_ACCESS) && (g->features & FEAT_VISIT) && path4_is_forged(c, g, &ip))
		return ctx_drop(c, DP_DROP_VISIT_LLADDR);
	if (is_broadcast)
		return control4_do(c, control4_broadcast(c, f, &ip));
	return a4_is_multicast(ip.dst) ? path4_multicast(c, g, f, &ip) : path4_unicast(c, g, f, &ip);
}

static INLINE int path4_ingress(ctx_t *c)
{
	struct m_cfg *g = cfg(c);
	struct m_if *f = if_of_index(c, ctx_ifindex(c));
	if (!g || !f || (ctx_is_for_others(c) && !filter_takes(c, f)))
		return ctx_pass(c);
	struct eth_h *eth = ctx_begin(c);
	if (!ctx_has(c, ETH_OCT))
		return ctx_pass(c);
	if (eth->proto == BE16(ETHER_ARP))
		return control4_do(c, control4_arp(c, g, f->flags));
	int v = eth->proto == BE16(ETHER_IPV4) ? path4_ip(c, g, f) : ctx_pass(c);
	if (v > 0 && (v & PATH4_TUNNEL))
		v = path4_tunnel(c, g, (uint32_t)v & PATH4_FLAGS);
	if (v == MOBILE4_AGAIN || v == HOME4_FORWARD || v == VISIT4_HOME)
		return path4_again(c, g, v == MOBILE4_AGAIN);
	return v;
}

static INLINE int path4_egress(ctx_t *c)
{
	struct m_cfg *g = cfg(c);
	struct ip4_h ip;
	if (!g || !ctx_load(c, 0, &ip, IP4_OCT) || ip.vihl >> 4 != 4)
		return ctx_pass(c);
	if (g->features & FEAT_UPLINK_OUT) {
		struct a6 src = a6_of4(ip.src);
		struct m_uplink_out *u = TBL(c, uplink_out, &src);
		uint32_t home = 0;
		if (!u && (g->features & FEAT_NET)) {
			const struct a6 *of = net_home(c, &src);
			home = of ? a4_of(of) : 0;
			u = of ? TBL(c, uplink_out, of) : NULL;
		}
		if (u)
			return mobile4_out(c, u, home);
	}
	struct a6 dst = a6_of4(ip.dst);
	struct m_home *h = home_find(c, g, &dst);
	if (!h && (g->features & FEAT_UNBOUND))
		return punt_unbound(c, 0, &dst);
	return h ? home4_tunnel(c, g, 0, h) : ctx_pass(c);
}
