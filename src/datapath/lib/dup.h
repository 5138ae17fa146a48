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
	uint32_t n = s.gso ? (octets + s.gso - 1) / s.gso : 0;
	ctx_loop(n > DUP_SEGMENTS ? DUP_SEGMENTS : n, dup_note_segment, &s);
	return !s.is_new;
}

/* What is known of a packet; flow: a hash of its tunnel's addresses. */
struct dup_packet { uint32_t flow, seq, path, vtf; uint8_t nh; };

static INLINE uint32_t dup_path(uint32_t ifindex, const struct mac *src)
{
	return mix(ifindex ^ src->w[0], (uint32_t)src->w[1] << 16 | src->w[2]);
}

/* inner: offset of the inner IPv6 header. */
NOINLINE bool dup_is(ctx_t *c, uint32_t inner, const struct dup_packet *p)
{
	uint32_t l4[4] = {0};
	struct dup_id id = {.seq = p->seq, .path = p->path, .spread = p->flow};
	ctx_load(c, inner + IP6_OCT, l4, 8);
	uint32_t base = mix(p->flow ^ (p->vtf & BE32(0x000fffff)), l4[0]);
	if (p->nh != NH_TCP) {
		id.tag = p->nh == NH_UDP ? base : mix(base, l4[1]);
		return dup_note(c, &id);
	}
	uint32_t tcp_seq = BE32(l4[1]);
	if (ctx_gso(c)) {
		ctx_load(c, inner + IP6_OCT + 8, l4 + 2, 8);
		uint32_t header = IP6_OCT + ((BE32(l4[3]) >> 28) * 4);
		return dup_note_segments(c, &id, base, tcp_seq, ctx_len(c) - inner - header);
	}
	id.tag = mix(base, tcp_seq);
	id.spread = id.tag;
	return dup_note(c, &id);
}
