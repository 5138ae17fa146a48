/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A tunnel packet that came to an address of ours: what form it has, and what lies inside. Nothing is taken off yet, but that minimal
 * encapsulation becomes a plain packet at once, since its header is not in the packet as such.
 */
#include "datapath/lib/tunnel4.h"

/* The packet inside, and what was around it. */
struct tun4 {
	struct in4 in;
	uint32_t src, dst, opt;     /* outer addresses; opt: GRE's key or sequence number, host order */
	uint32_t encap;
	uint16_t gre, port;         /* GRE_KEY, GRE_SEQ or 0; UDP: source port, host order */
	uint8_t tos, proto;
};

/* What open4 says: go on, or that the kernel knows better. */
enum { OPEN4_OK = 0, OPEN4_PASS = 104 };

static INLINE int open4_gre(ctx_t *c, struct tun4 *t, uint32_t *at)
{
	struct gre_h gre;
	const struct gre_h *p = ctx_at(c, ETH_OCT + IP4_OCT);
	if (ctx_has(c, ETH_OCT + IP4_OCT + GRE_OCT))
		gre = *p;
	else if (!ctx_load(c, ETH_OCT + IP4_OCT, &gre, GRE_OCT))
		return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	t->gre = BE16(gre.flags);
	if (t->gre == GRE_CSUM)
		return OPEN4_PASS; /* a raw socket's: checksums are no work for here */
	if (t->gre != 0 && t->gre != GRE_KEY && t->gre != GRE_SEQ)
		return ctx_drop(c, DP_DROP_GRE_FLAGS);
	if (gre.proto != BE16(ETHER_IPV4))
		return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	t->encap = t->gre ? DP_ENCAP_GRE : DP_ENCAP_GRE_PLAIN;
	*at = ETH_OCT + IP4_OCT + (t->gre ? GRE_OCT : GRE_PLAIN_OCT);
	t->opt = BE32(gre.opt);
	return OPEN4_OK;
}

static INLINE int open4_udp(ctx_t *c, struct tun4 *t, uint32_t *at)
{
	struct mip_h mip;
	if (!ctx_load(c, ETH_OCT + IP4_OCT, &mip, sizeof mip) || mip.next != PROTO_IPIP)
		return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	t->encap = DP_ENCAP_UDP;
	t->port = BE16(mip.udp.sport);
	*at = ETH_OCT + IP4_OCT + UDP_OCT + MIP_DATA_OCT;
	return OPEN4_OK;
}

/* RFC 2004 3.1, 3.2: the original header again. */
NOINLINE bool open4_minimal(ctx_t *c)
{
	struct ip4_h h;
	struct min_h m = {0};
	uint32_t first;
	if (!ctx_load(c, ETH_OCT, &h, IP4_OCT) || !ctx_load(c, ETH_OCT + IP4_OCT, &m, MIN_SHORT_OCT))
		return false;
	bool has_src = m.flags & MIN_HAS_SRC;
	uint32_t oct = has_src ? MIN_OCT : MIN_SHORT_OCT, len = BE16(h.len);
	if (has_src && !ctx_load(c, ETH_OCT + IP4_OCT + MIN_SHORT_OCT, &m.src, 4))
		return false;
	__builtin_memcpy(&first, &m, 4);
	if (len < IP4_OCT + oct || sum_fold((uint64_t)first + m.dst + m.src) != 0xffff || !ctx_resize(c, -(int)oct))
		return false;
	h.len = BE16(len - oct);
	h.proto = m.proto;
	h.dst = m.dst;
	h.src = has_src ? m.src : h.src;
	h.sum = 0;
	h.sum = ip4_sum(&h);
	ctx_store(c, ETH_OCT, &h, IP4_OCT);
	return true;
}

/* Reads a frame whose protocol is a tunnel's: OPEN4_OK, OPEN4_PASS, or the verdict for what makes no sense. */
GLOBAL int open4(ctx_t *c, struct tun4 *t)
{
	if (!t)
		return OPEN4_PASS;
	struct ip4_h ip;
	uint32_t at = ETH_OCT + IP4_OCT;
	int v = OPEN4_OK;
	*t = (struct tun4){.encap = DP_ENCAP_IPIP};
	if (!ip4_copy(c, ETH_OCT, &ip))
		return ctx_drop(c, DP_DROP_MALFORMED);
	t->src = ip.src;
	t->dst = ip.dst;
	t->tos = ip.tos;
	t->proto = ip.proto;
	if (ip.proto == NH_GRE)
		v = open4_gre(c, t, &at);
	else if (ip.proto == NH_UDP)
		v = open4_udp(c, t, &at);
	if (v != OPEN4_OK)
		return v;
	if (ip.proto == PROTO_MINIMAL) {
		t->encap = DP_ENCAP_MINIMAL;
		at = ETH_OCT;
		if (!open4_minimal(c))
			return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	}
	if (!in4_read(c, at, &t->in))
		return ctx_drop(c, DP_DROP_TUNNEL_PROTO);
	t->in.was_tunnelled = true;
	return OPEN4_OK;
}

/* Takes the outer header's mark over; false: it says that the packet is lost. */
static INLINE bool open4_ecn(struct tun4 *t)
{
	int e = ecn_out(t->tos, t->in.ip.tos);
	if (e != ECN_LOST)
		t->in.tos = (uint8_t)((t->in.ip.tos & 0xfc) | e);
	return e != ECN_LOST;
}

/* Worth to look at as signalling, or as another tunnel? */
NOINLINE bool in4_may_be_message(ctx_t *c, const struct in4 *in)
{
	uint16_t port;
	if (in->ip.proto != NH_UDP)
		return in->ip.proto == NH_MH || in->ip.proto == PROTO_IPIP;
	return ctx_load(c, in->at + in->head_oct + 2, &port, 2) && port == BE16(MIP_PORT);
}

/* Takes the tunnel's headers off. The hop that this host is has not been counted. */
NOINLINE bool open4_release(ctx_t *c, struct in4 *in)
{
	if (in->at != ETH_OCT && !ctx_resize(c, (int)ETH_OCT - (int)in->at))
		return false;
	in->at = ETH_OCT;
	if (in->tos == in->ip.tos)
		return true;
	struct in4 as_is = *in;
	as_is.is_local = true;
	struct ip4_h h = in4_leaving(&as_is);
	ctx_store(c, ETH_OCT, &h, IP4_OCT);
	return true;
}
