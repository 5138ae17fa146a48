/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Multicast inside the site: packets to a mobile's group are replicated to the links that
 * have listeners, at the agent where they begin and at every router of the tree.
 */
#include "datapath/lib/tunnel.h"

enum {
	DP_INJECT_MTU = 1500,          /* until a router of the tree says otherwise */
	GROUP_TELL_NS = 1000000000,    /* a routing daemon asks every few dozen seconds whether anything has come */
};

static INLINE struct m_if *if_of_slot(ctx_t *c, uint32_t slot)
{
	return slot < IF_SLOTS ? TBL(c, if, &slot) : NULL;
}

static INLINE struct m_if *if_of_index(ctx_t *c, uint32_t ifindex)
{
	struct m_if *f = if_of_slot(c, ifindex % IF_SLOTS);
	if (f && f->ifindex == ifindex)
		return f;
	struct m_ifidx *x = TBL(c, ifidx, &ifindex);
	return x ? if_of_slot(c, x->slot) : NULL;
}

/* The slot of m's link i, a constant; 0: no more links. */
static INLINE uint32_t mfc_slot(const struct m_mfc *m, const uint32_t i) { return m->slots[i / 8] >> i % 8 * 8 & 0xff; }

/* The least MTU of the links of m. */
static INLINE uint32_t group_mtu(ctx_t *c, const struct m_mfc *m)
{
	uint32_t mtu = 65535;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < DP_OIF_MAX; i++) {
		uint32_t slot = mfc_slot(m, i);
		struct m_if *f = slot ? if_of_slot(c, slot) : NULL;
		if (!f)
			break;
		if (f->mtu_oct && f->mtu_oct < mtu)
			mtu = f->mtu_oct;
	}
	return mtu;
}

/* Gives the frame slot's source address; sends a copy to *last, if there is one, before. */
static INLINE bool group_next(ctx_t *c, uint32_t slot, uint32_t *last)
{
	struct m_if *f = if_of_slot(c, slot);
	if (!f)
		return false;
	if (*last)
		ctx_copy(c, *last);
	struct eth_h *eth = ctx_begin(c);
	if (!ctx_has(c, ETH_OCT))
		return false;
	eth->src = f->mac;
	*last = f->ifindex;
	return true;
}

/* Sends the frame to every link of m; the last copy is the packet itself. */
static INLINE int group_replicate(ctx_t *c, const struct m_mfc *m)
{
	uint32_t last = 0;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < DP_OIF_MAX; i++) {
		uint32_t slot = mfc_slot(m, i);
		if (!slot || !group_next(c, slot, &last))
			break;
	}
	count_add(c, DP_COUNT_MFC_COPIES, m->n);
	return ctx_send(c, last);
}

/*
 * The links that packets of a group go to which begin here; pair: its source and group. Where they enter the host's multicast forwarding (inject_if),
 * only while user space follows what that does. NULL: nobody listens, or it is the host's to know.
 */
static INLINE struct m_mfc *group_links(ctx_t *c, const struct m_cfg *g, const struct a6 *pair, uint32_t inject_if)
{
	struct m_mfc *to = TBL(c, mfc, pair);
	if (!to || !to->n)
		return NULL;
	bool is_followed = to->epoch == g->follow_epoch && g->follow_until_ns > ctx_now(c);
	return !inject_if || is_followed ? to : NULL;
}

/* Is the host's multicast forwarding to see one again? */
static INLINE bool group_is_told(ctx_t *c, struct m_mfc *to, uint32_t inject_if)
{
	int64_t now = ctx_now(c);
	if (!inject_if || now - to->told_ns < GROUP_TELL_NS)
		return false;
	to->told_ns = now;
	count(c, DP_COUNT_MFC_TOLD);
	return true;
}

static INLINE int group_host(ctx_t *c, uint32_t inject_if)
{
	count(c, DP_COUNT_MFC_HOST);
	return ctx_host(c, inject_if);
}

/*
 * A routing daemon forgets a group of which its kernel forwards nothing. So that it counts, a copy enters there with no hop left: that is
 * looked at behind the counters, and the copy goes nowhere. Nothing is doubled so, and no packet overtakes another.
 */
GLOBAL int group_tell(ctx_t *c, uint32_t inject_if)
{
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	if (!ctx_has(c, ETH_OCT + IP6_OCT))
		return 0;
	uint8_t hl = ip->hl;
	ip->hl = 1;
	ctx_copy_host(c, inject_if);
	ip = ctx_at(c, ETH_OCT);
	if (ctx_has(c, ETH_OCT + IP6_OCT))
		ip->hl = hl;
	return 0;
}

/* The frame of IPv6, ready, on its way into its group: to its links, or into the host's multicast forwarding. */
static INLINE int group_out(ctx_t *c, struct m_mfc *to, uint32_t inject_if)
{
	if (!to)
		return group_host(c, inject_if);
	if (group_is_told(c, to, inject_if))
		group_tell(c, inject_if);
	return group_replicate(c, to);
}

/* The source is to hear of it (RFC 4443 3.2 allows that for multicast). */
GLOBAL int group_too_big(ctx_t *c, const struct inner *in, uint32_t mtu)
{
	if (!in)
		return 0;
	struct dp_slow s = {.why = DP_SLOW_FORWARD, .mtu_oct = mtu, .len_oct = in->len_oct};
	punt_slow(c, ETH_OCT, &s);
	return ctx_stolen(c);
}

/* A multicast packet that came in on a link (RFC 4605 forwarding): hop limit less one. */
NOINLINE int group_forward(ctx_t *c, struct m_mfc *m)
{
	struct inner in;
	if (m->iif != ctx_ifindex(c))
		return ctx_drop(c, DP_DROP_WRONG_IIF);
	if (!inner_read(c, ETH_OCT, &in))
		return ctx_drop(c, DP_DROP_MALFORMED);
	if (in.hl <= 1)
		return ctx_drop(c, DP_DROP_HOP_LIMIT);
	uint32_t mtu = group_mtu(c, m);
	if (in.len_oct > mtu && !ctx_gso(c))
		return group_too_big(c, &in, mtu);
	struct ip6_h *ip = ctx_at(c, ETH_OCT);
	if (!ctx_has(c, ETH_OCT + IP6_OCT))
		return ctx_drop(c, DP_DROP_MALFORMED);
	ip->hl = in.hl - 1;
	count(c, DP_COUNT_MFC_FORWARD);
	return group_replicate(c, m);
}

static INLINE struct mac mac_of_group(const struct a6 *group)
{
	uint32_t low = group->w[3];
	struct mac m = {.w = {BE16(0x3333), (uint16_t)low, (uint16_t)(low >> 16)}};
	return m;
}

/* Notes the packet, len_oct octets at `at`, for the moment when its mobile turns out to be gone, or here. */
NOINLINE int group_keep(ctx_t *c, uint32_t at, uint32_t len_oct, const struct a6 *coa, uint32_t seq)
{
	struct m_cfg *g = cfg(c);
	uint32_t zero = 0, slot;
	struct m_keep_at *next = TBL(c, keep_at, &zero);
	if (!g || !next)
		return 0;
	if (len_oct > KEEP_OCT || ctx_gso(c)) {
		count(c, DP_COUNT_KEEP_TOO_BIG);
		return 0;
	}
	uint32_t turn = __sync_fetch_and_add(&next->turns, 1);
	slot = turn & g->keep_mask;
	struct m_keep *k = TBL(c, keep, &slot);
	if (!k)
		return 0;
	k->turn = 0;
	k->seq = seq;
	k->len_oct = len_oct;
	k->coa = *coa;
	k->when_ns = ctx_now(c);
	if (!ctx_keep_bytes(c, k, at))
		return 0;
	__sync_lock_test_and_set(&k->turn, turn + 1); /* behind all the rest */
	count(c, DP_COUNT_KEPT);
	return 0;
}

/* From the agent to a mobile's group: to the links that have listeners, or into the host's own multicast forwarding, which a routing
 * daemon fills (the branches' MTUs are not known then: routers of the tree report them). in: the inner packet; have: octets of
 * the tunnel that it came in. */
static INLINE int group_tunnel(ctx_t *c, const struct m_cfg *g, uint32_t l2, struct inner *in, struct m_coa *m, uint32_t have)
{
	struct outer o = {.src = &m->source, .dst = &m->group, .gre = GRE_SEQ};
	struct m_mfc *to = group_links(c, g, &m->source, m->inject_ifindex);
	bool is_heard = m->inject_ifindex || to;
	if (is_heard || (m->flags & COA_KEEP))
		o.gre_opt = __sync_fetch_and_add(&m->seq, 1);
	if (m->flags & COA_KEEP)
		group_keep(c, in->at, in->len_oct, &m->coa, o.gre_opt); /* also what nobody hears: its mobile may be on its way to another site */
	if (!is_heard)
		return ctx_drop(c, DP_DROP_NO_GROUP);
	if (in->hl <= 1 && !in->is_local)
		return slow(c, in, &o, DP_SLOW_HOP_LIMIT, 0);
	uint32_t mtu = path_mtu(c, g, &m->group, to ? group_mtu(c, to) : DP_INJECT_MTU);
	if (in->seg_oct + GRE_TUNNEL_OCT > mtu)
		return slow(c, in, &o, DP_SLOW_TOO_BIG, mtu);
	mss_clamp_for(c, in->nh, in->at, mtu - GRE_TUNNEL_OCT);
	struct mac dst = mac_of_group(&m->group);
	if (!outer_room(c, l2, GRE_TUNNEL_OCT, have) || !outer_write(c, g, in, &o, GRE_TUNNEL_OCT, &dst, &dst))
		return ctx_drop(c, DP_DROP_NO_ROOM);
	count(c, DP_COUNT_MMA_DOWN);
	return group_out(c, to, m->inject_ifindex);
}
