/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Foreign agent of mobiles that the network moves (DP_GUEST): what comes out of a mobile's group goes to its link-layer address, bare. Tunnel
 * and packet may each be of either family. An agent that hears the mobile but is not the one that serves it notes packets in the keep ring.
 *
 * A program of its own (PROG_CAST), which path.h and path4.h come to with PATH_CAST: a verification of its own, where guests are.
 */
#include "datapath/lib/dup.h"
#include "datapath/lib/group4.h"
#include "datapath/lib/home.h"

/* The packet inside; l4: where its transport header begins. */
struct guest_in { uint32_t at, len_oct, l4, tag, seq; uint16_t proto /* network order */; uint8_t nh, tos; bool is_part; };

static INLINE bool guest_may_come(ctx_t *c, const struct m_guest *v)
{
	uint32_t in = ctx_ifindex(c);
	struct m_if *f = if_of_index(c, in);
	return v->in_ifindex ? v->in_ifindex == in : f && !(f->flags & DP_IF_ACCESS);
}

/* The GRE header at `at`, a constant: DP_DROP_NONE, or what is wrong with it. */
static INLINE enum dp_drop guest_gre(ctx_t *c, const uint32_t at, struct guest_in *in)
{
	struct gre_h gre;
	if (!ctx_load(c, at, &gre, GRE_OCT))
		return DP_DROP_TUNNEL_PROTO;
	if (gre.flags != BE16(GRE_SEQ))
		return DP_DROP_GRE_FLAGS;
	*in = (struct guest_in){.at = at + GRE_OCT, .seq = BE32(gre.opt), .proto = gre.proto};
	return gre.proto == BE16(ETHER_IPV6) || gre.proto == BE16(ETHER_IPV4) ? DP_DROP_NONE : DP_DROP_TUNNEL_PROTO;
}

/* Reads the packet inside; dst: whom it is for. False: not a whole one. */
NOINLINE bool guest_read6(ctx_t *c, struct guest_in *in, struct a6 *dst)
{
	struct ip6_h ip;
	if (!ctx_reach(c, in->at + IP6_OCT) || !ctx_load(c, in->at, &ip, IP6_OCT) || BE32(ip.vtf) >> 28 != 6)
		return false;
	*dst = ip.dst;
	in->tos = vtf_class(ip.vtf);
	in->nh = ip.nh;
	in->tag = ip.vtf & BE32(0x000fffff);
	in->l4 = in->at + IP6_OCT;
	in->len_oct = ctx_gso(c) ? ctx_len(c) - in->at : IP6_OCT + (uint32_t)BE16(ip.plen);
	return in->len_oct + in->at <= ctx_len(c);
}

NOINLINE bool guest_read4(ctx_t *c, struct guest_in *in, struct a6 *dst)
{
	struct in4 p = {0};
	if (!in4_read(c, in->at, &p))
		return false;
	*dst = a6_of4(p.ip.dst);
	in->tos = p.ip.tos;
	in->nh = p.ip.proto;
	in->tag = p.ip.proto;
	in->l4 = in->at + p.head_oct;
	in->len_oct = p.len_oct;
	in->is_part = p.ip.frag & BE16(IP4_PART);
	return true;
}

/* Is dst one of the guest's home addresses, or of a network of one? */
NOINLINE bool guest_is_for(ctx_t *c, const struct m_guest *v, const struct a6 *dst)
{
	struct m_cfg *g = cfg(c);
	const struct a6 *of = g && (g->features & FEAT_NET) ? net_home(c, dst) : NULL;
	struct a6 home = of ? *of : *dst;
	bool is_it = false;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < DP_GUEST_HOMES_MAX; i++)
		is_it |= i < v->n_home && (a6_eq(&v->home[i], dst) || a6_eq(&v->home[i], &home));
	return is_it;
}

/* Apart, so that the verifier finds no pointer where a compiler keeps a number. */
NOINLINE bool guest_seen(ctx_t *c, const struct dup_id *id) { return seen_note(c, id); }
NOINLINE bool guest_stream(ctx_t *c, const struct dup_id *id) { return dup_note(c, id); }

/* As dup_is and mobile4_dup. */
NOINLINE bool guest_dup(ctx_t *c, const struct guest_in *in, uint32_t flow)
{
	struct l4 l = {{0}};
	struct mac src = {{0}};
	struct dup_id id = {.seq = in->seq, .spread = flow};
	if (!ctx_load(c, in->l4, &l, sizeof l))
		ctx_load(c, in->l4, &l, 8);
	ctx_load(c, 6, &src, 6);
	id.path = dup_path(ctx_ifindex(c), &src);
	id.tag = mix(flow ^ in->tag, l.w[0]);
	if (in->nh == NH_TCP && !in->is_part) {
		uint32_t header = in->l4 - in->at + (BE32(l.w[3]) >> 28) * 4;
		id.start = BE32(l.w[1]);
		id.oct = in->len_oct > header ? (uint16_t)(in->len_oct - header) : 0;
		return guest_stream(c, &id);
	}
	if (in->nh != NH_UDP)
		id.tag = mix(id.tag, l.w[1]);
	return guest_seen(c, &id);
}

/* The outer header's mark onto the inner header. False: it says that the packet is lost. */
NOINLINE bool guest_ecn(ctx_t *c, const struct guest_in *in, uint8_t outer_tos)
{
	int e = ecn_out(outer_tos, in->tos);
	uint32_t vtf;
	struct ip4_h h;
	if (e == ECN_LOST)
		return false;
	uint8_t tos = (uint8_t)((in->tos & 0xfc) | e);
	if (tos == in->tos)
		return true;
	if (in->proto == BE16(ETHER_IPV6)) {
		if (!ctx_load(c, in->at, &vtf, 4))
			return false;
		ctx_ecn_mark(c, in->at, vtf_with_class(vtf, tos));
		return true;
	}
	if (!ctx_load(c, in->at, &h, IP4_OCT))
		return false;
	h.sum = sum_change(h.sum, BE16((uint32_t)h.vihl << 8 | h.tos), BE16((uint32_t)h.vihl << 8 | tos));
	h.tos = tos;
	ctx_store(c, in->at, &h, IP4_OCT);
	return true;
}

/* What lies in front of the packet off: is_v4: what its tunnel was of. */
NOINLINE bool guest_release(ctx_t *c, const struct guest_in *in, bool is_v4)
{
	bool stays_v4 = in->proto == BE16(ETHER_IPV4);
	uint32_t have = in->at - ETH_OCT;
	if (is_v4 == stays_v4)
		return ctx_resize(c, -(int)have);
	/* The change of family takes twenty octets of it, or brings them. */
	if (stays_v4)
		return ctx_resize(c, 20 - (int)have) && ctx_family(c, false);
	return ctx_family(c, true) && ctx_resize(c, -20 - (int)have);
}

/* A packet, which begins behind its Ethernet header, as a frame to the guest. */
NOINLINE int guest_send(ctx_t *c, const struct m_guest *v, uint16_t proto)
{
	struct m_if *f = if_of_index(c, v->ifindex);
	struct eth_h *eth = ctx_begin(c);
	if (!f || !ctx_has(c, ETH_OCT))
		return ctx_drop(c, DP_DROP_NO_ROUTE);
	eth->dst = v->mac;
	eth->src = v->from;
	if (mac_is_zero(&v->from))
		eth->src = f->mac;
	eth->proto = proto;
	return ctx_send(c, v->ifindex);
}

/* Notes the packet for the moment when we serve the guest; its key is the group, at `group` in the frame. */
NOINLINE int guest_hold(ctx_t *c, const struct guest_in *in, bool is_v4)
{
	struct a6 group = a6_of4(0);
	if (ctx_load(c, ETH_OCT + (is_v4 ? 16 : 24), is_v4 ? &group.w[3] : &group.w[0], is_v4 ? 4 : 16))
		group_keep(c, in->at, in->len_oct, &group, in->seq);
	return ctx_drop(c, DP_DROP_NOT_SERVING);
}

static INLINE void guest_note_seq(struct m_guest *v, uint32_t seq)
{
	int32_t ahead = (int32_t)(seq - v->last_seq);
	if (v->has_seq && ahead <= 0 && ahead > -4096)
		return;
	v->last_seq = seq;
	v->has_seq = 1;
}

/* in: of a tunnel with outer_tos, of IPv4 or IPv6. */
NOINLINE int guest_tunnel(ctx_t *c, struct m_guest *v, struct guest_in *in, uint8_t outer_tos, bool is_v4)
{
	struct a6 dst = {{0}};
	if (!(in->proto == BE16(ETHER_IPV6) ? guest_read6(c, in, &dst) : guest_read4(c, in, &dst)))
		return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	if (!guest_is_for(c, v, &dst))
		return ctx_drop(c, DP_DROP_TUNNEL_INNER);
	if (guest_dup(c, in, v->flow))
		return ctx_drop(c, DP_DROP_DUPLICATE);
	if (!guest_ecn(c, in, outer_tos))
		return ctx_drop(c, DP_DROP_ECN);
	if (!v->is_serving)
		return guest_hold(c, in, is_v4);
	guest_note_seq(v, in->seq);
	if (!guest_release(c, in, is_v4))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	count(c, DP_COUNT_GUEST_DOWN);
	return guest_send(c, v, in->proto);
}

/* Parts of a tunnel packet: put together in the slow path. */
NOINLINE int guest_fragment(ctx_t *c, bool is_v4)
{
	struct dp_slow s = {.why = DP_SLOW_FRAGMENT, .len_oct = ctx_len(c) - ETH_OCT};
	if (is_v4)
		punt4_with(c, ETH_OCT, DP_PUNT_SLOW, &s, true);
	else
		punt_slow(c, ETH_OCT, &s);
	return ctx_stolen(c);
}
