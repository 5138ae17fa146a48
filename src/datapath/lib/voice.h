/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Voice itself in a mobile's group (D-11): UDP, as a rule RTP, without a tunnel. At the foreign agent the group becomes the mobile's home address and
 * the port its record's; at the agent that is the group's source a stream is put there (DP_RELAY). Length and addresses' family
 * stay, checksums are carried on.
 */
#include "datapath/lib/guest.h"

/* What the packet is known by: RTP's sequence number, timestamp, source (RFC 3550 5.1). */
struct voice_h { struct udp_h udp; uint16_t vpm, seq; uint32_t time, source; };

/* l3: offset of the transport header, a constant. */
NOINLINE bool voice_dup(ctx_t *c, uint32_t l4, uint32_t flow, uint16_t *seq)
{
	struct voice_h h = {.seq = 0};
	struct mac src = {{0}};
	if (!ctx_load(c, l4, &h, sizeof h))
		ctx_load(c, l4, &h, UDP_OCT);
	ctx_load(c, 6, &src, 6);
	*seq = BE16(h.seq);
	struct dup_id id = {.seq = BE16(h.seq), .spread = flow, .path = dup_path(ctx_ifindex(c), &src)};
	id.tag = mix(mix(flow, h.time), h.source ^ h.vpm);
	return guest_seen(c, &id);
}

/* Another address in the header, at `at`, and in UDP's checksum; n words. */
static INLINE bool voice_readdress(ctx_t *c, const uint32_t at, const uint32_t csum, const struct a6 *to, const uint32_t n)
{
	uint32_t old[4];
	if (!ctx_load(c, at, old, n * 4))
		return false;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < 4; i++)
		if (i < n)
			ctx_csum32(c, csum, old[i], to->w[4 - n + i]);
	ctx_store(c, at, &to->w[4 - n], n * 4);
	return true;
}

static INLINE bool voice_port(ctx_t *c, const uint32_t udp, uint16_t port)
{
	uint16_t old;
	if (!ctx_load(c, udp + 2, &old, 2))
		return false;
	ctx_csum16(c, udp + 6, old, port);
	ctx_store(c, udp + 2, &port, 2);
	return true;
}

/* The address's words of an IPv4 header changed: its checksum, and time to live. */
static INLINE bool voice_head4(ctx_t *c, uint8_t ttl)
{
	struct ip4_h h;
	if (!ctx_load(c, ETH_OCT, &h, IP4_OCT))
		return false;
	if (ttl)
		h.ttl = ttl;
	h.sum = 0;
	h.sum = ip4_sum(&h);
	ctx_store(c, ETH_OCT, &h, IP4_OCT);
	return true;
}

/* A guest's address of that family; false: it has none. */
NOINLINE bool voice_home(const struct m_guest *v, bool is_v4, struct a6 *home)
{
	bool has = false;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < DP_GUEST_HOMES_MAX; i++)
		if (!has && i < v->n_home && a6_is_v4(&v->home[i]) == is_v4) {
			*home = v->home[i];
			has = true;
		}
	return has;
}

NOINLINE bool voice_to_guest6(ctx_t *c, const struct a6 *home, uint16_t port)
{
	const uint32_t udp = ETH_OCT + IP6_OCT;
	return voice_readdress(c, ETH_OCT + 24, udp + 6, home, 4) && voice_port(c, udp, port);
}

NOINLINE bool voice_to_guest4(ctx_t *c, const struct a6 *home, uint16_t port)
{
	const uint32_t udp = ETH_OCT + IP4_OCT;
	return voice_readdress(c, ETH_OCT + 16, udp + 6, home, 1) && voice_port(c, udp, port) && voice_head4(c, 0);
}

/* UDP from the source to the group of guest v. */
NOINLINE int voice_in(ctx_t *c, struct m_guest *v, uint32_t len_oct, bool is_v4)
{
	struct a6 home = {{0}};
	uint16_t seq = 0;
	struct guest_in in = {.at = ETH_OCT, .len_oct = len_oct, .proto = is_v4 ? BE16(ETHER_IPV4) : BE16(ETHER_IPV6)};
	if (!voice_home(v, is_v4, &home))
		return ctx_drop(c, DP_DROP_VOICE);
	if (voice_dup(c, ETH_OCT + (is_v4 ? IP4_OCT : IP6_OCT), v->flow, &seq))
		return ctx_drop(c, DP_DROP_DUPLICATE);
	struct a6 group = a6_of4(0);
	if (!ctx_load(c, ETH_OCT + (is_v4 ? 16 : 24), is_v4 ? &group.w[3] : &group.w[0], is_v4 ? 4 : 16))
		return ctx_drop(c, DP_DROP_MALFORMED);
	if (!(is_v4 ? voice_to_guest4(c, &home, (uint16_t)v->voice_port) : voice_to_guest6(c, &home, (uint16_t)v->voice_port)))
		return ctx_drop(c, DP_DROP_MALFORMED);
	if (!v->is_serving) {
		group_keep(c, in.at, in.len_oct, &group, v->last_seq);
		return ctx_drop(c, DP_DROP_NOT_SERVING);
	}
	count(c, DP_COUNT_GUEST_VOICE);
	return guest_send(c, v, in.proto);
}

/* The links of a group that we are the source of, with the frame's headers as they shall be. */
NOINLINE int voice_replicate(ctx_t *c, const struct m_relay *r, struct m_mfc *to)
{
	struct eth_h *eth = ctx_begin(c);
	if (!ctx_has(c, ETH_OCT))
		return ctx_drop(c, DP_DROP_MALFORMED);
	eth->dst = a6_is_v4(&r->group) ? mac_of_group4(r->group.w[3]) : mac_of_group(&r->group);
	eth->src = eth->dst;
	count(c, DP_COUNT_RELAYED);
	return group46_out(c, &r->group, to, r->inject_ifindex);
}

NOINLINE bool voice_to_group6(ctx_t *c, const struct m_relay *r)
{
	const uint32_t udp = ETH_OCT + IP6_OCT;
	struct m_cfg *g = cfg(c);
	uint8_t hl = g ? (uint8_t)g->hop_limit : 64;
	if (!voice_readdress(c, ETH_OCT + 8, udp + 6, &r->source, 4) || !voice_readdress(c, ETH_OCT + 24, udp + 6, &r->group, 4))
		return false;
	ctx_store(c, ETH_OCT + 7, &hl, 1);
	return voice_port(c, udp, (uint16_t)r->port);
}

NOINLINE bool voice_to_group4(ctx_t *c, const struct m_relay *r)
{
	const uint32_t udp = ETH_OCT + IP4_OCT;
	struct m_cfg *g = cfg(c);
	return voice_readdress(c, ETH_OCT + 12, udp + 6, &r->source, 1) && voice_readdress(c, ETH_OCT + 16, udp + 6, &r->group, 1) &&
	       voice_port(c, udp, (uint16_t)r->port) && voice_head4(c, g ? (uint8_t)g->hop_limit : 64);
}

/* UDP to an address and port of ours with an entry. */
NOINLINE int voice_relay(ctx_t *c, const struct m_relay *r, bool is_v4)
{
	const struct k_pair *pair = (const struct k_pair *)(const void *)&r->source;
	struct m_cfg *g = cfg(c);
	struct m_mfc *to = g ? group_links(c, g, &pair->src, r->inject_ifindex) : NULL;
	if (r->expires_ns <= ctx_now(c))
		return ctx_drop(c, DP_DROP_EXPIRED);
	if (!r->inject_ifindex && !to)
		return ctx_drop(c, DP_DROP_NO_GROUP);
	if (!(is_v4 ? voice_to_group4(c, r) : voice_to_group6(c, r)))
		return ctx_drop(c, DP_DROP_MALFORMED);
	return voice_replicate(c, r, to);
}
