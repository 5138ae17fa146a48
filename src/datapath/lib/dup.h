/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Duplicates at the mobile. The first path to bring a packet owns it for the window: the same sequence number
 * and fingerprint over another path (interface or link-layer source) is a duplicate, over the same
 * path it is the application's own repetition.
 *
 * The fingerprint must not depend on segmentation. Segments of one offloaded packet all carry its GRE sequence number: for
 * TCP the range of the stream is noted beside it, which grows as segments follow each other on one path; a packet that
 * lies within a range that another path brought is a duplicate. So it does not matter which path carries the offloaded packet
 * whole and which in pieces. For UDP length and checksum are left out, since segmentation writes them.
 *
 * Buckets are queues of five, each under a lock of a few instructions, so that two interfaces served by two
 * processors cannot both be first. What falls out within the window is counted.
 */
#include "datapath/lib/ctx.h"

enum { DUP_TICK_SHIFT = 20 }; /* a tick is 1.05 ms */

/* spread: chooses the bucket, together with seq. start, end: range of a TCP stream, else 0. */
struct dup_id { uint32_t tag, seq, path, spread, start, end; };

static INLINE bool dup_matches(const struct dup_way *w, const struct dup_id *id, uint32_t now, uint32_t window)
{
	return now - w->time < window && w->tag == id->tag && w->seq == id->seq;
}

/* Modulo 2^32, as TCP counts. */
static INLINE bool dup_covers(const struct dup_way *w, const struct dup_id *id)
{
	return id->start - w->start <= w->end - w->start && id->end - w->start <= w->end - w->start;
}

/* Another path has brought it. */
static INLINE bool dup_find(const struct m_dup *b, const struct dup_id *id, uint32_t now, uint32_t window)
{
	bool is_dup = false;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < DUP_WAYS; i++)
		is_dup |= dup_matches(&b->way[i], id, now, window) && b->way[i].path != id->path && dup_covers(&b->way[i], id);
	return is_dup;
}

/* Lets an entry of the same path grow, or finds that it need not. */
static INLINE bool dup_extend(struct m_dup *b, const struct dup_id *id, uint32_t now, uint32_t window)
{
	bool is_done = false;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < DUP_WAYS; i++) {
		struct dup_way *w = &b->way[i];
		if (is_done || !dup_matches(w, id, now, window) || w->path != id->path)
			continue;
		if (w->end == id->start)
			w->end = id->end;
		is_done = dup_covers(w, id);
	}
	return is_done;
}

/* Notes the packet. True: it is a duplicate. */
NOINLINE bool dup_note(ctx_t *c, const struct dup_id *id)
{
	ctx_keep(c);
	struct m_cfg *g = cfg(c);
	if (!g)
		return false;
	uint32_t at = (id->spread + id->seq) & g->dup_mask, now = (uint32_t)(ctx_now(c) >> DUP_TICK_SHIFT) | 1u << 31;
	uint32_t window = (uint32_t)(g->dup_window_ns >> DUP_TICK_SHIFT), evicted_age = window;
	struct m_dup *b = TBL(c, dup, &at);
	if (!b)
		return false;
	dup_lock(b);
	bool is_dup = dup_find(b, id, now, window);
	if (!is_dup && !dup_extend(b, id, now, window)) {
		evicted_age = now - b->way[DUP_WAYS - 1].time;
#pragma clang loop unroll(full)
		for (uint32_t i = DUP_WAYS - 1; i > 0; i--)
			b->way[i] = b->way[i - 1];
		b->way[0] = (struct dup_way){.tag = id->tag, .seq = id->seq, .path = id->path, .time = now, .start = id->start, .end = id->end};
	}
	dup_unlock(b);
	if (evicted_age < window)
		count(c, DP_COUNT_DUP_EVICTED);
	return is_dup;
}

/* What is known of a packet; flow: a hash of its tunnel's addresses; len_oct: of the inner packet. */
struct dup_packet { uint32_t flow, seq, path, vtf, len_oct; uint8_t nh; };

static INLINE uint32_t dup_path(uint32_t ifindex, const struct mac *src)
{
	return mix(ifindex ^ src->w[0], (uint32_t)src->w[1] << 16 | src->w[2]);
}

/* inner: offset of the inner IPv6 header. */
NOINLINE bool dup_is(ctx_t *c, uint32_t inner, const struct dup_packet *p)
{
	uint32_t l4[4] = {0};
	struct dup_id id = {.seq = p->seq, .path = p->path, .spread = p->flow};
	if (p->nh == NH_TCP)
		ctx_load(c, inner + IP6_OCT, l4, 16);
	else
		ctx_load(c, inner + IP6_OCT, l4, 8);
	id.tag = mix(p->flow ^ (p->vtf & BE32(0x000fffff)), l4[0]);
	if (p->nh == NH_TCP) {
		uint32_t header = IP6_OCT + (BE32(l4[3]) >> 28) * 4;
		id.start = BE32(l4[1]);
		id.end = id.start + (p->len_oct > header ? p->len_oct - header : 0);
	} else if (p->nh != NH_UDP) {
		id.tag = mix(id.tag, l4[1]);
	}
	return dup_note(c, &id);
}
