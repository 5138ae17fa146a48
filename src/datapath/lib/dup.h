/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Duplicates at the mobile. The first path to bring a packet owns it for the window: the same sequence number
 * and fingerprint over another path (interface or link-layer source) is a duplicate, over the same
 * path it is the application's own repetition.
 *
 * The fingerprint tells segments of one offloaded packet apart, which all carry its GRE sequence number: for TCP the
 * ports and the sequence number. An offloaded packet counts as all of its segments, so it does not matter which
 * path carries it whole and which in pieces. UDP's length and checksum are left out, since segmentation
 * writes them.
 *
 * Buckets of seven, each under a lock of a few instructions, so that two interfaces served by two
 * processors cannot both be first. A full bucket gives up its oldest entry, counted when that was within
 * the window.
 */
#include "datapath/lib/ctx.h"

enum { DUP_SEGMENTS = 256, DUP_TICK_SHIFT = 20 }; /* a tick is 1.05 ms */

struct dup_id { uint32_t tag, seq, path, spread; };

static INLINE uint32_t mix(uint32_t h, uint32_t w)
{
	uint64_t x = ((uint64_t)h << 32 | w) * 0x9e3779b97f4a7c15ull;
	return (uint32_t)(x >> 32) ^ (uint32_t)x;
}

static INLINE uint32_t mix_a6(uint32_t h, const struct a6 *a)
{
	return mix(mix(mix(mix(h, a->w[0]), a->w[1]), a->w[2]), a->w[3]);
}

/* Notes the packet. True: it is a duplicate. A bucket is a queue, the newest first. */
NOINLINE bool dup_note(ctx_t *c, const struct dup_id *id)
{
	ctx_keep(c);
	struct m_cfg *g = cfg(c);
	if (!g)
		return false;
	uint32_t at = (id->spread + id->seq) & g->dup_mask, now = (uint32_t)(ctx_now(c) >> DUP_TICK_SHIFT) | 1u << 31;
	uint32_t window = (uint32_t)(g->dup_window_ns >> DUP_TICK_SHIFT), found = 0, evicted_age;
	struct m_dup *b = TBL(c, dup, &at);
	if (!b)
		return false;
	dup_lock(b);
	evicted_age = now - b->way[DUP_WAYS - 1].time;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < DUP_WAYS; i++) {
		struct dup_way *w = &b->way[i];
		if (now - w->time < window && w->tag == id->tag && w->seq == id->seq)
			found = w->path == id->path ? 1 : 2;
	}
	if (!found) {
#pragma clang loop unroll(full)
		for (uint32_t i = DUP_WAYS - 1; i > 0; i--)
			b->way[i] = b->way[i - 1];
		b->way[0] = (struct dup_way){.tag = id->tag, .seq = id->seq, .path = id->path, .time = now};
	}
	dup_unlock(b);
	if (!found && evicted_age < window)
		count(c, DP_COUNT_DUP_EVICTED);
	return found == 2;
}

struct dup_segments { ctx_t *c; struct dup_id id; uint32_t base, tcp_seq, gso; bool is_new; };

/* One segment of an offloaded packet; goes on (0). */
NOINLINE long dup_note_segment(uint32_t i, void *arg)
{
	struct dup_segments *s = arg;
	struct dup_id id = s->id;
	id.tag = mix(s->base, s->tcp_seq + i * s->gso);
	id.spread = id.tag;
	if (!dup_note(s->c, &id))
		s->is_new = true;
	return 0;
}

/* All segments of an offloaded TCP packet: a duplicate only if every one is. */
static INLINE bool dup_note_segments(ctx_t *c, const struct dup_id *id, uint32_t base, uint32_t tcp_seq, uint32_t octets)
{
	struct dup_segments s = {.c = c, .id = *id, .base = base, .tcp_seq = tcp_seq, .gso = ctx_gso(c)};
	uint32_t n = (octets + s.gso - 1) / s.gso;
	ctx_loop(n > DUP_SEGMENTS ? DUP_SEGMENTS : n, dup_note_segment, &s);
	return !s.is_new;
}

/* inner: offset of the inner IPv6 header; seq: the tunnel's sequence number. */
NOINLINE bool dup_is(ctx_t *c, uint32_t inner, uint32_t seq)
{
	struct { struct mac src; uint16_t proto; } eth;
	struct { struct k_pair addr; uint32_t gre[2]; uint32_t vtf; uint16_t plen; uint8_t nh, hl; } h;
	uint32_t l4[4] = {0};
	if (!ctx_load(c, 6, &eth, sizeof eth) || !ctx_load(c, ETH_OCT + 8, &h.addr, sizeof h.addr) ||
	    !ctx_load(c, inner, &h.vtf, 8))
		return false;
	ctx_load(c, inner + IP6_OCT, l4, 8);
	struct dup_id id = {.seq = seq};
	id.path = mix(mix(ctx_ifindex(c), (uint32_t)eth.src.w[0] << 16 | eth.src.w[1]), eth.src.w[2]);
	uint32_t flow = mix_a6(mix_a6(0, &h.addr.src), &h.addr.dst);
	uint32_t base = mix(mix(flow, h.vtf & BE32(0x000fffff)), l4[0]);
	if (h.nh != NH_TCP) {
		id.tag = h.nh == NH_UDP ? base : mix(base, l4[1]);
		id.spread = flow;
		return dup_note(c, &id);
	}
	ctx_load(c, inner + IP6_OCT + 8, l4 + 2, 8);
	uint32_t header = IP6_OCT + ((BE32(l4[3]) >> 28) * 4), tcp_seq = BE32(l4[1]);
	if (ctx_gso(c))
		return dup_note_segments(c, &id, base, tcp_seq, ctx_len(c) - inner - header);
	id.tag = mix(base, tcp_seq);
	id.spread = id.tag;
	return dup_note(c, &id);
}
