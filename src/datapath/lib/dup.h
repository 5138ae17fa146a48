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
 * For TCP buckets are queues of three, in a cache line, each under a lock of a few instructions, so that two interfaces served by two
 * processors cannot both be first. For all else a packet is one word, and who exchanges it first is first: no lock, which cost as
 * much as all the rest. What falls out within the window is counted.
 */
#include "datapath/lib/ctx.h"

/* spread: chooses the bucket, together with seq. start, oct: range of a TCP stream, else 0. */
struct dup_id { uint32_t tag, seq, path, spread, start; uint16_t oct; };

/* Noted at `time`, is a packet still remembered now? Another processor, which looked at its clock after us, may have noted it in what is our future. */
enum { DUP_AHEAD_TICKS = 64 };
static INLINE bool dup_is_recent(uint16_t now, uint16_t time, uint16_t window)
{
	return (uint16_t)(now - time + DUP_AHEAD_TICKS) < (uint32_t)window + DUP_AHEAD_TICKS;
}

static INLINE bool dup_matches(const struct dup_way *w, const struct dup_id *id, uint16_t now, uint16_t window)
{
	return w->tag == id->tag && w->seq == id->seq && dup_is_recent(now, w->time, window);
}

/* Modulo 2^32, as TCP counts. */
static INLINE bool dup_covers(const struct dup_way *w, const struct dup_id *id)
{
	uint32_t first = id->start - w->start;
	return first <= w->oct && first + id->oct <= w->oct;
}

/* Another path has brought it. */
static INLINE bool dup_find(const struct m_dup *b, const struct dup_id *id, uint16_t now, uint16_t window)
{
	bool is_dup = false;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < DUP_WAYS; i++)
		is_dup |= dup_matches(&b->way[i], id, now, window) && b->way[i].path != id->path && dup_covers(&b->way[i], id);
	return is_dup;
}

/* Lets an entry of the same path grow, or finds that it need not. */
static INLINE bool dup_extend(struct m_dup *b, const struct dup_id *id, uint16_t now, uint16_t window)
{
	bool is_done = false;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < DUP_WAYS; i++) {
		struct dup_way *w = &b->way[i];
		if (is_done || w->path != id->path || !dup_matches(w, id, now, window))
			continue;
		uint32_t grown = (uint32_t)w->oct + id->oct;
		if (w->start + w->oct == id->start && grown <= 65535)
			w->oct = (uint16_t)grown;
		is_done = dup_covers(w, id);
	}
	return is_done;
}

/* Notes the packet. True: it is a duplicate. */
static INLINE bool dup_note(ctx_t *c, const struct dup_id *id)
{
	struct m_cfg *g = cfg(c);
	if (!g)
		return false;
	uint32_t at = (id->spread + id->seq) & g->dup_mask;
	uint16_t now = (uint16_t)ctx_ticks(c), window = (uint16_t)g->dup_window_ticks;
	struct m_dup *b = TBL(c, dup, &at);
	if (!b)
		return false;
	bool is_evicting = false;
	dup_lock(b);
	bool is_dup = dup_find(b, id, now, window);
	if (!is_dup && !dup_extend(b, id, now, window)) {
		const struct dup_way *last = &b->way[DUP_WAYS - 1];
		is_evicting = last->path && (uint16_t)(now - last->time) < window;
#pragma clang loop unroll(full)
		for (uint32_t i = DUP_WAYS - 1; i > 0; i--)
			b->way[i] = b->way[i - 1];
		b->way[0] = (struct dup_way){.tag = id->tag, .seq = id->seq, .path = id->path, .start = id->start, .oct = id->oct, .time = now};
	}
	dup_unlock(b);
	if (is_evicting)
		count(c, DP_COUNT_DUP_EVICTED);
	return is_dup;
}

/* Word of a packet that is not TCP's. */
static INLINE uint64_t seen_word(const struct dup_id *id, uint16_t now)
{
	uint32_t tag = mix(id->tag, id->seq) | 0x100;
	return (uint64_t)(tag >> 8) << 40 | (uint64_t)(id->path >> 8) << 16 | now;
}

/* Is the word another one's, or so old that it is nobody's? */
static INLINE bool seen_differs(uint64_t w, uint64_t mine, uint16_t window)
{
	return (w ^ mine) >> 40 || !dup_is_recent((uint16_t)mine, (uint16_t)w, window);
}

static INLINE bool seen_by_other(uint64_t w, uint64_t mine) { return ((w ^ mine) >> 16 & 0xffffff) != 0; }

/* As dup_note. The newest word is first; it moves on when another takes its place. */
static INLINE bool seen_note_by(ctx_t *c, const struct m_cfg *g, const struct dup_id *id)
{
	uint32_t at = (id->spread + id->seq) & g->dup_mask;
	struct m_seen *b = TBL(c, seen, &at);
	if (!b)
		return false;
	uint16_t window = (uint16_t)g->dup_window_ticks;
	uint64_t mine = seen_word(id, (uint16_t)ctx_ticks(c)), first = b->way[0], second = b->way[1];
	if (!seen_differs(first, mine, window))
		return seen_by_other(first, mine);
	if (!seen_differs(second, mine, window))
		return seen_by_other(second, mine);
	uint64_t was = __sync_val_compare_and_swap(&b->way[0], first, mine);
	if (was != first)
		return !seen_differs(was, mine, window) && seen_by_other(was, mine);
	b->way[1] = first;
	if (second && (uint16_t)((uint16_t)mine - (uint16_t)second) < window)
		count(c, DP_COUNT_DUP_EVICTED);
	return false;
}

static INLINE bool seen_note(ctx_t *c, const struct dup_id *id)
{
	struct m_cfg *g = cfg(c);
	return g && seen_note_by(c, g, id);
}

/* What is known of a packet; flow: a hash of its tunnel's addresses; len_oct: of the inner packet. */
struct dup_packet { uint32_t flow, seq, path, vtf, len_oct; uint8_t nh; };

static INLINE uint32_t dup_path(uint32_t ifindex, const struct mac *src)
{
	return mix(ifindex ^ src->w[0], (uint32_t)src->w[1] << 16 | src->w[2]) | 1;
}

/* The first 16 octets behind the inner header of a GRE tunnel, or as many as there are. */
struct l4 { uint32_t w[4]; };
static INLINE struct l4 dup_l4(ctx_t *c)
{
	const uint32_t off = ETH_OCT + 2 * IP6_OCT + GRE_OCT;
	const struct l4 *at = ctx_at(c, off);
	struct l4 l = {{0}};
	if (ctx_has(c, off + sizeof l))
		return *at;
	if (!ctx_load(c, off, &l, sizeof l))
		ctx_load(c, off, &l, 8);
	return l;
}

NOINLINE bool dup_is(ctx_t *c, const struct dup_packet *p)
{
	struct l4 l = dup_l4(c);
	struct dup_id id = {.seq = p->seq, .path = p->path, .spread = p->flow};
	id.tag = mix(p->flow ^ (p->vtf & BE32(0x000fffff)), l.w[0]);
	if (p->nh == NH_TCP) {
		uint32_t header = IP6_OCT + (BE32(l.w[3]) >> 28) * 4;
		id.start = BE32(l.w[1]);
		id.oct = p->len_oct > header ? (uint16_t)(p->len_oct - header) : 0;
	} else if (p->nh != NH_UDP) {
		id.tag = mix(id.tag, l.w[1]);
	}
	return p->nh == NH_TCP ? dup_note(c, &id) : seen_note(c, &id);
}
