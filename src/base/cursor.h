/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Bounds-checked reading and writing of network-order bytes.
 *
 * A cursor has a sticky error: after the first access past its end every read
 * gives zero and every write does nothing, so a codec reads straight through and
 * asks once at the end. Nothing is ever laid over received bytes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/addr.h"

struct rd { /* reader */
	const uint8_t *p, *end;
	bool bad;
};

struct wr { /* writer */
	uint8_t *base, *p, *end;
	bool bad;
};

static inline struct rd rd_of(const void *buf, size_t len_oct)
{
	return (struct rd){(const uint8_t *)buf, (const uint8_t *)buf + len_oct, false};
}
static inline size_t rd_left(const struct rd *r) { return r->bad ? 0 : (size_t)(r->end - r->p); }
static inline bool rd_ok(const struct rd *r) { return !r->bad; }

/* The next n bytes, or NULL with the error set. */
static inline const uint8_t *rd_take(struct rd *r, size_t n)
{
	if (r->bad || (size_t)(r->end - r->p) < n) {
		r->bad = true;
		return NULL;
	}
	const uint8_t *p = r->p;
	r->p += n;
	return p;
}
static inline void rd_skip(struct rd *r, size_t n) { (void)rd_take(r, n); }
/* A reader over the next n bytes; bad itself when they are not there. */
static inline struct rd rd_sub(struct rd *r, size_t n)
{
	const uint8_t *p = rd_take(r, n);
	return p ? rd_of(p, n) : (struct rd){NULL, NULL, true};
}
static inline uint8_t rd_u8(struct rd *r)
{
	const uint8_t *p = rd_take(r, 1);
	return p ? p[0] : 0;
}
static inline uint16_t rd_u16(struct rd *r)
{
	const uint8_t *p = rd_take(r, 2);
	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}
static inline uint32_t rd_u32(struct rd *r)
{
	const uint8_t *p = rd_take(r, 4);
	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}
static inline uint64_t rd_u64(struct rd *r)
{
	uint64_t hi = rd_u32(r);
	return hi << 32 | rd_u32(r);
}
static inline void rd_bytes(struct rd *r, void *dst, size_t n)
{
	const uint8_t *p = rd_take(r, n);
	if (p)
		memcpy(dst, p, n);
	else
		memset(dst, 0, n);
}
static inline struct addr6 rd_addr6(struct rd *r)
{
	struct addr6 a;
	rd_bytes(r, &a, sizeof a);
	return a;
}
/* Four bytes as ::ffff:a.b.c.d. */
static inline struct addr6 rd_v4(struct rd *r)
{
	struct addr4 a;
	rd_bytes(r, &a, sizeof a);
	return addr6_from_v4(a);
}

static inline struct wr wr_of(void *buf, size_t len_oct)
{
	return (struct wr){(uint8_t *)buf, (uint8_t *)buf, (uint8_t *)buf + len_oct, false};
}
static inline size_t wr_len(const struct wr *w) { return (size_t)(w->p - w->base); }
static inline bool wr_ok(const struct wr *w) { return !w->bad; }

/* Room for the next n bytes, or NULL with the error set. */
static inline uint8_t *wr_room(struct wr *w, size_t n)
{
	if (w->bad || (size_t)(w->end - w->p) < n) {
		w->bad = true;
		return NULL;
	}
	uint8_t *p = w->p;
	w->p += n;
	return p;
}
static inline void wr_u8(struct wr *w, uint8_t v)
{
	uint8_t *p = wr_room(w, 1);
	if (p)
		p[0] = v;
}
static inline void wr_u16(struct wr *w, uint16_t v)
{
	uint8_t *p = wr_room(w, 2);
	if (p) {
		p[0] = (uint8_t)(v >> 8);
		p[1] = (uint8_t)v;
	}
}
static inline void wr_u32(struct wr *w, uint32_t v)
{
	wr_u16(w, (uint16_t)(v >> 16));
	wr_u16(w, (uint16_t)v);
}
static inline void wr_u64(struct wr *w, uint64_t v)
{
	wr_u32(w, (uint32_t)(v >> 32));
	wr_u32(w, (uint32_t)v);
}
static inline void wr_bytes(struct wr *w, const void *src, size_t n)
{
	uint8_t *p = wr_room(w, n);
	if (p && n)
		memcpy(p, src, n);
}
static inline void wr_zero(struct wr *w, size_t n)
{
	uint8_t *p = wr_room(w, n);
	if (p)
		memset(p, 0, n);
}
static inline void wr_addr6(struct wr *w, const struct addr6 *a) { wr_bytes(w, a, sizeof *a); }
/* The last four bytes of an IPv4-mapped address; :: (never set) is written as 0.0.0.0. Any other address is our bug: bad. */
static inline void wr_v4(struct wr *w, const struct addr6 *a)
{
	if (!addr6_is_v4mapped(a) && !addr6_is_any(a))
		w->bad = true;
	wr_bytes(w, a->b + 12, 4);
}
/* Overwrite two bytes already written, at offset off from the start: lengths, checksums. */
static inline void wr_patch_u16(struct wr *w, size_t off, uint16_t v)
{
	if (w->bad || off + 2 > wr_len(w)) {
		w->bad = true;
		return;
	}
	w->base[off] = (uint8_t)(v >> 8);
	w->base[off + 1] = (uint8_t)v;
}
static inline void wr_patch_u8(struct wr *w, size_t off, uint8_t v)
{
	if (w->bad || off + 1 > wr_len(w)) {
		w->bad = true;
		return;
	}
	w->base[off] = v;
}
