/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Tunnels of IPv4 in IPv4: RFC 2003, RFC 2784 with RFC 2890, RFC 2004, RFC 3519. Whatever the form, what lies in front of the packet afterwards is
 *
 *    Ethernet 14 | headers that the form adds | the packet's own header 20 | the rest
 *
 * for minimal encapsulation too, where the two in the middle are the changed header and twelve octets: so a packet goes
 * from any form into any other by one change of length, and one write of what is in front.
 *
 * The outer header may be fragmented unless the inner one says otherwise (RFC 2003 3.1), and carries its traffic class (RFC 6040).
 */
#include "datapath/lib/ip4.h"
#include "datapath/lib/tunnel.h"

struct out4 {
	uint32_t src, dst, opt;     /* opt: GRE's key or sequence number, host order */
	uint32_t encap;
	uint16_t gre, port;         /* DP_ENCAP_GRE: GRE_KEY or GRE_SEQ; DP_ENCAP_UDP: host order */
	uint32_t ifindex;           /* way out if fixed, else 0 */
	struct mac next_hop;
	uint16_t what;              /* enum dp_count: of a packet that went */
	uint32_t nest_src, nest_dst; /* IP-in-IP between these first (RFC 5177 7); nest_dst 0: none */
};

static INLINE uint32_t out4_oct(uint32_t encap)
{
	return encap == DP_ENCAP_IPIP ? IP4_OCT : encap == DP_ENCAP_GRE ? IP4_OCT + GRE_OCT : encap == DP_ENCAP_GRE_PLAIN ? IP4_OCT + GRE_PLAIN_OCT
		: encap == DP_ENCAP_UDP ? IP4_OCT + UDP_OCT + MIP_DATA_OCT : encap == DP_ENCAP_MINIMAL ? MIN_OCT : 0;
}

/* All that the packet gets in front. */
static INLINE uint32_t out4_whole_oct(const struct out4 *o) { return out4_oct(o->encap) + (o->nest_dst ? IP4_OCT : 0); }

/* Minimal encapsulation has no room for a fragment's fields (RFC 2004 3), and nobody segments a packet behind it. */
static INLINE uint32_t out4_form(ctx_t *c, const struct in4 *in, const struct out4 *o)
{
	bool fits = !(in->ip.frag & BE16(IP4_PART)) && in->head_oct == IP4_OCT && !o->nest_dst && !ctx_gso(c);
	return o->encap != DP_ENCAP_MINIMAL || fits ? o->encap : DP_ENCAP_IPIP;
}

/* What may be fragmented needs an identification of its own (RFC 6864 4). */
static INLINE uint16_t out4_id(ctx_t *c, const struct in4 *in)
{
	uint32_t zero = 0;
	struct m_ident *i = in->ip.frag & BE16(IP4_DF) ? NULL : TBL(c, ident, &zero);
	return i ? BE16(__sync_fetch_and_add(&i->next, 1)) : 0;
}

/* RFC 2004 3.1: the packet's own header, changed, and what it was. */
static INLINE bool out4_write_minimal(ctx_t *c, const struct in4 *in, const struct out4 *o)
{
	struct ip4_h *ip = ctx_at(c, ETH_OCT);
	struct min_h *min = ctx_at(c, ETH_OCT + IP4_OCT);
	if (!ctx_has(c, ETH_OCT + IP4_OCT + MIN_OCT))
		return false;
	struct ip4_h h = in4_leaving(in);
	struct min_h m = {.proto = h.proto, .flags = MIN_HAS_SRC, .dst = h.dst, .src = h.src};
	uint32_t first;
	__builtin_memcpy(&first, &m, 4);
	m.sum = (uint16_t)~sum_fold((uint64_t)first + m.dst + m.src);
	h.len = BE16(in->len_oct + MIN_OCT);
	h.proto = PROTO_MINIMAL;
	h.src = o->src;
	h.dst = o->dst;
	h.sum = 0;
	h.sum = ip4_sum(&h);
	*ip = h;
	*min = m;
	return true;
}

static INLINE uint16_t oct16(uint32_t oct) { return BE16(oct > 65535 ? 65535 : oct); }

/* A header around the packet, of len octets with what it is in front of. */
static INLINE struct ip4_h out4_header(ctx_t *c, const struct in4 *in, uint32_t len, uint8_t proto, uint32_t src, uint32_t dst)
{
	struct m_cfg *g = cfg(c);
	struct ip4_h h = {.vihl = 0x45, .tos = in->tos, .len = oct16(len), .id = out4_id(c, in), .frag = in->ip.frag & BE16(IP4_DF),
		.ttl = g ? (uint8_t)g->hop_limit : 64, .proto = proto, .src = src, .dst = dst};
	h.sum = ip4_sum(&h);
	return h;
}

/* With a tunnel in the tunnel the packet's own header lies behind that one's. */
NOINLINE void out4_put_nested(ctx_t *c, const struct in4 *in)
{
	struct ip4_h h = in4_leaving(in);
	ctx_store(c, in->at, &h, IP4_OCT);
}

/* What the tunnel carries, behind its headers, whose place is a constant: the packet's own header, or a tunnel's. */
static INLINE bool out4_write_inner(ctx_t *c, const struct in4 *in, const struct out4 *o, const uint32_t at)
{
	struct ip4_h *ip = ctx_at(c, at);
	if (!ctx_has(c, at + IP4_OCT))
		return false;
	if (o->nest_dst)
		*ip = out4_header(c, in, in->len_oct + IP4_OCT, PROTO_IPIP, o->nest_src, o->nest_dst);
	else
		*ip = in4_leaving(in);
	return true;
}

static INLINE bool out4_write_gre(ctx_t *c, const struct in4 *in, const struct out4 *o)
{
	struct gre_h *gre = ctx_at(c, ETH_OCT + IP4_OCT);
	if (!ctx_has(c, ETH_OCT + IP4_OCT + GRE_OCT))
		return false;
	gre->flags = o->encap == DP_ENCAP_GRE ? BE16(o->gre) : 0;
	gre->proto = BE16(ETHER_IPV4);
	if (o->encap == DP_ENCAP_GRE_PLAIN)
		return out4_write_inner(c, in, o, ETH_OCT + IP4_OCT + GRE_PLAIN_OCT);
	gre->opt = BE32(o->opt);
	return out4_write_inner(c, in, o, ETH_OCT + IP4_OCT + GRE_OCT);
}

/* No checksum (RFC 3519 4.1). */
static INLINE bool out4_write_udp(ctx_t *c, const struct in4 *in, const struct out4 *o)
{
	struct mip_h *mip = ctx_at(c, ETH_OCT + IP4_OCT);
	if (!ctx_has(c, ETH_OCT + IP4_OCT + UDP_OCT + MIP_DATA_OCT))
		return false;
	uint32_t len = in->len_oct + out4_whole_oct(o) - IP4_OCT;
	*mip = (struct mip_h){.udp = {BE16(MIP_PORT), BE16(o->port), oct16(len), 0}, .type = MIP_DATA, .next = PROTO_IPIP};
	return out4_write_inner(c, in, o, ETH_OCT + IP4_OCT + UDP_OCT + MIP_DATA_OCT);
}

static INLINE bool out4_write(ctx_t *c, const struct in4 *in, const struct out4 *o)
{
	if (o->encap == DP_ENCAP_NONE)
		return out4_write_inner(c, in, o, ETH_OCT);
	if (o->encap == DP_ENCAP_MINIMAL)
		return out4_write_minimal(c, in, o);
	uint8_t proto = o->encap == DP_ENCAP_IPIP ? PROTO_IPIP : o->encap == DP_ENCAP_UDP ? NH_UDP : NH_GRE;
	struct ip4_h h = out4_header(c, in, in->len_oct + out4_whole_oct(o), proto, o->src, o->dst);
	struct ip4_h *ip = ctx_at(c, ETH_OCT);
	if (!ctx_has(c, ETH_OCT + IP4_OCT))
		return false;
	*ip = h;
	if (o->encap == DP_ENCAP_IPIP)
		return out4_write_inner(c, in, o, ETH_OCT + IP4_OCT);
	return o->encap == DP_ENCAP_UDP ? out4_write_udp(c, in, o) : out4_write_gre(c, in, o);
}

/* Room in front of the packet for its new headers, from none or from those that it has. */
static INLINE bool out4_room(ctx_t *c, const struct in4 *in, const struct out4 *o)
{
	uint32_t oct = out4_whole_oct(o), have = in->at ? in->at - ETH_OCT : 0;
	int diff = (int)oct - (int)have;
	if (diff && !have && !ctx_grow4(c, diff, o->encap == DP_ENCAP_UDP))
		return false;
	if (diff && have && !ctx_resize(c, diff))
		return false;
	return in->at || ctx_add_eth(c);
}

/* Puts the packet into the tunnel, in a frame between to and from. It lies at in->at then. */
GLOBAL bool out4_put(ctx_t *c, struct in4 *in, const struct out4 *o, const struct way *w)
{
	if (!in || !o || !w)
		return 0;
	if (!out4_room(c, in, o))
		return false;
	in->at = ETH_OCT + out4_whole_oct(o);
	if (o->nest_dst)
		out4_put_nested(c, in);
	struct eth_h *eth = ctx_begin(c);
	if (!ctx_has(c, ETH_OCT))
		return false;
	eth->dst = w->next_hop;
	eth->src = w->mac;
	eth->proto = BE16(ETHER_IPV4);
	return out4_write(c, in, o);
}

/* Hands the packet to the slow path, as it came. */
GLOBAL int slow4(ctx_t *c, const struct in4 *in, const struct out4 *o, enum dp_slow_why why, uint32_t mtu)
{
	if (!in || !o)
		return CTX_PASS;
	struct a6 src = a6_of4(o->src), dst = a6_of4(o->dst);
	struct dp_slow s = {.why = why, .encap = (enum dp_encap)o->encap, .mtu_oct = mtu, .len_oct = in->len_oct, .ifindex = o->ifindex};
	s.has_key = o->encap == DP_ENCAP_GRE && o->gre == GRE_KEY;
	s.has_seq = o->encap == DP_ENCAP_GRE && o->gre == GRE_SEQ;
	s.key = s.has_key ? o->opt : 0;
	s.seq = s.has_seq ? o->opt : 0;
	s.is_local = in->is_local;
	s.was_tunnelled = in->was_tunnelled;
	s.udp_port = o->encap == DP_ENCAP_UDP ? o->port : 0;
	__builtin_memcpy(&s.nest_src, &o->nest_src, 4);
	__builtin_memcpy(&s.nest_dst, &o->nest_dst, 4);
	__builtin_memcpy(&s.src, &src, 16);
	__builtin_memcpy(&s.dst, &dst, 16);
	__builtin_memcpy(&s.next_hop, &o->next_hop, 6);
	punt4_with(c, in->at, DP_PUNT_SLOW, &s, true);
	return ctx_stolen(c);
}

/* As path_mtu. */
NOINLINE uint32_t path4_mtu(ctx_t *c, uint32_t dst, uint32_t mtu)
{
	struct m_cfg *g = cfg(c);
	struct a6 key = a6_of4(dst);
	return g ? path_mtu(c, g, &key, mtu) : mtu;
}

static INLINE int send_way4(ctx_t *c, const struct way *w, int r)
{
	return r == WAY_OK ? ctx_send(c, w->ifindex) : ctx_send_neigh4(c, w);
}

enum { MSS4_MIN = 536 };

/* room: what is left for the whole packet. */
static INLINE void in4_clamp(ctx_t *c, const struct in4 *in, uint32_t room)
{
	uint32_t most = room - IP4_OCT - TCP_OCT;
	if (in->ip.proto == NH_TCP && !(in->ip.frag & BE16(0x1fff)))
		mss_clamp(c, in->at + in->head_oct, most < MSS4_MIN ? MSS4_MIN : most);
}

/* The whole of it, for a tunnel that the routing table knows the way of. */
GLOBAL int tunnel4_routed(ctx_t *c, struct in4 *in, struct out4 *o)
{
	if (!in || !o)
		return 0;
	struct way w = {0};
	if (in->ip.ttl <= 1 && !in->is_local)
		return slow4(c, in, o, DP_SLOW_HOP_LIMIT, 0);
	o->encap = out4_form(c, in, o);
	int r = ctx_route4(c, o->src, o->dst, in->seg_oct + out4_whole_oct(o), &w);
	if (r == WAY_NONE || r == WAY_HOST)
		return ctx_drop(c, DP_DROP_NO_ROUTE);
	w.mtu_oct = path4_mtu(c, o->dst, w.mtu_oct);
	if (r == WAY_TOO_BIG || in->seg_oct + out4_whole_oct(o) > w.mtu_oct)
		return slow4(c, in, o, DP_SLOW_TOO_BIG, w.mtu_oct);
	in4_clamp(c, in, w.mtu_oct - out4_whole_oct(o));
	if (!out4_put(c, in, o, &w))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	count(c, o->what);
	return send_way4(c, &w, r);
}

/* A tunnel that ends here, over a link that is known. */
GLOBAL int tunnel4_link(ctx_t *c, struct in4 *in, struct out4 *o, const struct way *w)
{
	if (!in || !o || !w)
		return 0;
	uint32_t mtu = path4_mtu(c, o->dst, w->mtu_oct);
	o->ifindex = w->ifindex;
	o->next_hop = w->next_hop;
	o->encap = out4_form(c, in, o);
	if (in->ip.ttl <= 1 && !in->is_local)
		return slow4(c, in, o, DP_SLOW_HOP_LIMIT, 0);
	if (in->seg_oct + out4_whole_oct(o) > mtu)
		return slow4(c, in, o, DP_SLOW_TOO_BIG, mtu);
	in4_clamp(c, in, mtu - out4_whole_oct(o));
	if (!out4_put(c, in, o, w))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	count(c, o->what);
	return ctx_send(c, w->ifindex);
}
