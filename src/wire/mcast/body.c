/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/mcast/body.h"

enum { S_FLAG = 8, QRV_MASK = 7, INTERVAL_BITS = 4, WORD_OCT = 4 };

struct addr6 mcast_rd_addr(struct rd *r, enum mcast_addr_oct size) { return size == MCAST_V4_OCT ? rd_v4(r) : rd_addr6(r); }

void mcast_wr_addr(struct wr *w, const struct addr6 *a, enum mcast_addr_oct size)
{
	if (size == MCAST_V4_OCT)
		wr_v4(w, a);
	else
		wr_addr6(w, a);
}

bool mcast_is_group(const struct addr6 *a) { return addr6_is_multicast(a) || addr6_is_v4multicast(a); }

struct addr6 mcast_source(const struct mcast_sources *s, uint16_t i)
{
	struct rd r = rd_of(s->p + (size_t)i * s->addr_oct, s->addr_oct);
	return mcast_rd_addr(&r, s->addr_oct);
}

static struct mcast_sources take(struct rd *r, uint16_t n, enum mcast_addr_oct size)
{
	return (struct mcast_sources){.p = rd_take(r, (size_t)n * size), .n = n, .addr_oct = size};
}

uint32_t mcast_code_value(uint32_t code, unsigned bits)
{
	uint32_t linear = 1u << (bits + 3);
	if (code < linear)
		return code;
	uint32_t mantissa = code & ((1u << bits) - 1), exponent = code >> bits & 7;
	return (mantissa | 1u << bits) << (exponent + 3);
}

uint32_t mcast_value_code(uint32_t value, unsigned bits)
{
	uint32_t linear = 1u << (bits + 3), exponent = 0;
	if (value < linear)
		return value;
	while (exponent < 7 && value >> (exponent + 3) >= 2u << bits)
		exponent++;
	uint32_t mantissa = value >> (exponent + 3);
	if (mantissa >= 2u << bits)
		mantissa = (2u << bits) - 1;
	return linear | exponent << bits | (mantissa & ((1u << bits) - 1));
}

void mcast_tail_parse(struct rd *r, enum mcast_addr_oct size, struct mcast_tail *t)
{
	uint8_t flags = rd_u8(r);
	t->is_suppress = flags & S_FLAG;
	t->robustness = flags & QRV_MASK;
	t->interval_s = mcast_code_value(rd_u8(r), INTERVAL_BITS);
	t->source = take(r, rd_u16(r), size);
}

void mcast_tail_build(struct wr *w, const struct mcast_tail *t)
{
	wr_u8(w, (uint8_t)((t->is_suppress ? S_FLAG : 0) | (t->robustness & QRV_MASK)));
	wr_u8(w, (uint8_t)mcast_value_code(t->interval_s, INTERVAL_BITS));
	wr_u16(w, t->source.n);
	wr_bytes(w, t->source.p, (size_t)t->source.n * t->source.addr_oct);
}

static void rec_parse(struct rd *it, enum mcast_addr_oct size, struct mcast_rec *rec)
{
	rec->type = rd_u8(it);
	uint8_t aux_words = rd_u8(it);
	uint16_t n = rd_u16(it);
	rec->group = mcast_rd_addr(it, size);
	rec->source = take(it, n, size);
	rd_skip(it, (size_t)aux_words * WORD_OCT);
}

bool mcast_rec_next(struct rd *it, enum mcast_addr_oct size, struct mcast_rec *rec)
{
	if (!rd_left(it))
		return false;
	rec_parse(it, size, rec);
	return rd_ok(it);
}

void mcast_rec_build(struct wr *w, const struct mcast_rec *rec)
{
	wr_u8(w, rec->type);
	wr_u8(w, 0);
	wr_u16(w, rec->source.n);
	mcast_wr_addr(w, &rec->group, rec->source.addr_oct);
	wr_bytes(w, rec->source.p, (size_t)rec->source.n * rec->source.addr_oct);
}

enum wire_err mcast_recs_parse(struct rd *r, enum mcast_addr_oct size, uint16_t *n_rec, struct rd *recs)
{
	struct mcast_rec rec;
	rd_skip(r, 2);
	*n_rec = rd_u16(r);
	const uint8_t *first = r->p;
	for (uint16_t i = 0; i < *n_rec && rd_ok(r); i++) {
		rec_parse(r, size, &rec);
		if (rd_ok(r) && !mcast_is_group(&rec.group))
			return W_VALUE;
	}
	if (!rd_ok(r))
		return W_TRUNCATED;
	*recs = rd_of(first, (size_t)(r->p - first));
	return W_OK;
}
