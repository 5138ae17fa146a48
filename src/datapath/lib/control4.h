/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Which IPv4 and ARP packets are for the daemon. As control.h: functions that look say what is to be done (CONTROL_*).
 */
#include "datapath/lib/control.h"
#include "datapath/lib/visit4.h"

enum { ICMP4_UNREACHABLE = 3, ICMP4_QUENCH = 4, ICMP4_ADVERT = 9, ICMP4_SOLICIT = 10, ICMP4_EXCEEDED = 11, ICMP4_PARAMETER = 12,
	ARP_REQUEST = 1 };
#define GROUP_MOBILE_AGENTS BE32(0xe000000b) /* 224.0.0.11 */

/* Is it UDP to port 434? *type: the message's. */
static INLINE bool control4_is_mip(ctx_t *c, const struct ip4_h *ip, uint8_t *type)
{
	const uint32_t at = ETH_OCT + ip4_head_oct(ip->vihl);
	uint16_t port = 0;
	*type = 0;
	if (ip->proto != NH_UDP || (ip->frag & BE16(IP4_PART)) || !ctx_load(c, at + 2, &port, 2) || port != BE16(MIP_PORT))
		return false;
	ctx_load(c, at + UDP_OCT, type, 1);
	return true;
}

/* A message to an address with these flags? Data in UDP (RFC 3519) is none. */
static INLINE int control4_local(ctx_t *c, const struct ip4_h *ip, uint32_t local_flags)
{
	uint8_t type;
	if (!(local_flags & DP_LOCAL_MH))
		return CONTROL_NONE;
	if (ip->proto == NH_MH && !(ip->frag & BE16(IP4_PART)))
		return CONTROL_PUNT | DP_PUNT_MH;
	return control4_is_mip(c, ip, &type) && type != MIP_DATA ? CONTROL_PUNT | DP_PUNT_MIP4 : CONTROL_NONE;
}

/* A message to whatever address, while a mobile that has none awaits the reply that assigns it (RFC 5944 3.7.2.3): 0.0.0.0 is in DP_LOCAL. */
NOINLINE bool control4_assigns(ctx_t *c, const struct m_cfg *g, const struct ip4_h *ip)
{
	struct a6 none = a6_of4(0);
	uint8_t type;
	struct m_local *l = g->features & FEAT_LOCAL ? TBL(c, local, &none) : NULL;
	return l && (l->flags & DP_LOCAL_MH) && control4_is_mip(c, ip, &type) && type != MIP_DATA;
}

/* An error: is it about a packet that we sent, being dst? at: of the packet in question. */
static INLINE int control4_error(ctx_t *c, const struct m_cfg *g, uint32_t at, uint32_t dst)
{
	struct ip4_h about;
	uint16_t port = 0;
	if (!(g->features & FEAT_LOCAL) || !ctx_load(c, at, &about, sizeof about) || about.src != dst)
		return CONTROL_NONE;
	if (about.proto == NH_UDP && (!ctx_load(c, at + ip4_head_oct(about.vihl), &port, 2) || port != BE16(MIP_PORT)))
		return CONTROL_NONE;
	if (about.proto != NH_UDP && about.proto != PROTO_IPIP && about.proto != NH_GRE && about.proto != PROTO_MINIMAL && about.proto != NH_MH)
		return CONTROL_NONE;
	struct a6 key = a6_of4(dst);
	return TBL(c, local, &key) ? CONTROL_PUNT | DP_PUNT_ICMP_ERR : CONTROL_NONE;
}

NOINLINE int control4_icmp(ctx_t *c, const struct m_cfg *g, const struct m_if *f, const struct ip4_h *ip)
{
	const uint32_t at = ETH_OCT + ip4_head_oct(ip->vihl);
	uint8_t type;
	if ((ip->frag & BE16(IP4_PART)) || !ctx_load(c, at, &type, 1))
		return CONTROL_NONE;
	if (type == ICMP4_ADVERT)
		return f->flags & (DP_IF_MOBILE | DP_IF_HOME | DP_IF_ACCESS) ? CONTROL_COPY | DP_PUNT_ADV4 : CONTROL_NONE;
	if (type == ICMP4_SOLICIT)
		return f->flags & (DP_IF_ACCESS | DP_IF_HOME) ? CONTROL_COPY | DP_PUNT_ADV4 : CONTROL_NONE;
	bool is_error = type == ICMP4_UNREACHABLE || type == ICMP4_QUENCH || type == ICMP4_EXCEEDED || type == ICMP4_PARAMETER;
	return is_error ? control4_error(c, g, at + 8, ip->dst) : CONTROL_NONE;
}

/* A broadcast frame: registration requests of mobiles that look for an agent, replies to those without an address, and what the daemon wants copies of. */
static INLINE int control4_broadcast(ctx_t *c, const struct m_if *f, const struct ip4_h *ip)
{
	uint8_t type;
	if ((f->flags & (DP_IF_ACCESS | DP_IF_HOME | DP_IF_MOBILE)) && control4_is_mip(c, ip, &type))
		return CONTROL_PUNT | DP_PUNT_MIP4;
	return f->flags & DP_IF_BROADCAST ? CONTROL_COPY | DP_PUNT_BROADCAST : CONTROL_NONE;
}

/* To a group, before it is anybody's data. */
static INLINE int control4_group(ctx_t *c, const struct m_cfg *g, const struct m_if *f, const struct ip4_h *ip)
{
	uint8_t type;
	if (ip->proto == PROTO_IGMP)
		return f->flags & (DP_IF_ACCESS | DP_IF_DOWNSTREAM | DP_IF_UPSTREAM | DP_IF_MOBILE) ? CONTROL_COPY | DP_PUNT_IGMP : CONTROL_NONE;
	if (ip->proto == PROTO_ICMP)
		return control4_icmp(c, g, f, ip);
	if (ip->proto != NH_UDP)
		return CONTROL_NONE;
	if (ip->dst == GROUP_MOBILE_AGENTS)
		return f->flags & (DP_IF_ACCESS | DP_IF_HOME) && control4_is_mip(c, ip, &type) ? CONTROL_PUNT | DP_PUNT_MIP4 : CONTROL_NONE;
	struct a6 key = a6_of4(ip->dst);
	struct m_local *l = g->features & FEAT_LOCAL ? TBL(c, local, &key) : NULL;
	return l ? control4_local(c, ip, l->flags) : CONTROL_NONE;
}

/* Is an address that ARP speaks of one that somebody in the daemon answers for, on a link of this kind? */
NOINLINE bool control4_arp_about(ctx_t *c, const struct m_cfg *g, uint32_t flags, uint32_t addr, bool is_request)
{
	struct a6 key = a6_of4(addr);
	struct m_local *l = g->features & FEAT_LOCAL ? TBL(c, local, &key) : NULL;
	if ((flags & DP_IF_HOME) && ((l && l->flags == 0) || home_find(c, g, &key)))
		return true;
	if ((flags & DP_IF_MOBILE) && l && (l->flags & DP_LOCAL_MH))
		return true;
	return (flags & DP_IF_ACCESS) && is_request && ((flags & DP_IF_GATE) || visit4_find(c, g, addr));
}

/* RFC 826; a frame of ARP. */
NOINLINE int control4_arp(ctx_t *c, const struct m_cfg *g, uint32_t flags)
{
	struct { uint16_t hardware, proto; uint8_t hlen, plen; uint16_t op; } h;
	uint32_t sender, target;
	if (!(flags & (DP_IF_HOME | DP_IF_MOBILE | DP_IF_ACCESS)) || !ctx_load(c, ETH_OCT, &h, 8) || !ctx_load(c, ETH_OCT + 14, &sender, 4) ||
	    !ctx_load(c, ETH_OCT + 24, &target, 4))
		return CONTROL_NONE;
	if (h.hardware != BE16(1) || h.proto != BE16(ETHER_IPV4) || h.hlen != 6 || h.plen != 4)
		return CONTROL_NONE;
	bool is_request = h.op == BE16(ARP_REQUEST);
	return control4_arp_about(c, g, flags, sender, is_request) || control4_arp_about(c, g, flags, target, is_request)
		? CONTROL_COPY | DP_PUNT_ARP : CONTROL_NONE;
}

/* The verdict for what a function above said. */
static INLINE int control4_do(ctx_t *c, int what)
{
	if (what & (CONTROL_PUNT | CONTROL_COPY))
		punt4_with(c, ETH_OCT, (enum dp_punt)(what & CONTROL_ARG), NULL, false);
	return what & CONTROL_PUNT ? ctx_stolen(c) : ctx_pass(c);
}
