// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/reasm.h"

#include <string.h>

#include "wire/ip/ip6.h"

enum { PATIENCE_MS = 1000, REMEMBERED_MS = 200, FRAG_OCT = 8, MORE = 1, OFFSET = 0xfff8 };

struct fragment {
	struct ip6_head ip;
	const uint8_t *head, *bytes;
	uint32_t id, off_oct, len_oct;
	uint8_t next;
	bool has_more;
};

static bool parse(struct fragment *f, const uint8_t *pkt, size_t len_oct)
{
	struct rd r = rd_of(pkt, len_oct);
	if (ip6_head_parse(&r, &f->ip) || f->ip.next != NH_FRAGMENT || f->ip.payload_len_oct > rd_left(&r) ||
	    f->ip.payload_len_oct <= FRAG_OCT)
		return false;
	f->next = rd_u8(&r);
	rd_u8(&r);
	uint16_t word = rd_u16(&r);
	f->id = rd_u32(&r);
	f->head = pkt;
	f->bytes = r.p;
	f->off_oct = word & OFFSET;
	f->has_more = word & MORE;
	f->len_oct = f->ip.payload_len_oct - (uint32_t)FRAG_OCT;
	return !f->has_more || f->len_oct % 8 == 0;
}

static void begin(struct reasm_packet *p, const struct fragment *f, mono_t now)
{
	p->src = f->ip.src;
	p->dst = f->ip.dst;
	p->id = f->id;
	p->state = REASM_OPEN;
	p->until = mono_add(now, span_ms(PATIENCE_MS));
	p->n_parts = p->have_oct = p->body_oct = 0;
}

/* The packet that f is of; else a place for it: one that is free, or whose time is over or ends first. */
static struct reasm_packet *packet_of(struct reasm *r, const struct fragment *f, mono_t now)
{
	struct reasm_packet *place = &r->pool[0];
	for (int i = 0; i < REASM_PACKETS; i++) {
		struct reasm_packet *p = &r->pool[i];
		if (p->state != REASM_FREE && mono_reached(p->until, now))
			p->state = REASM_FREE;
		if (p->state != REASM_FREE && p->id == f->id && addr6_eq(&p->src, &f->ip.src) && addr6_eq(&p->dst, &f->ip.dst))
			return p;
		if (place->state != REASM_FREE && (p->state == REASM_FREE || mono_before(p->until, place->until)))
			place = p;
	}
	begin(place, f, now);
	return place;
}

/* Whether it came before, the very same. */
static bool is_known(const struct reasm_packet *p, const struct fragment *f)
{
	for (uint32_t i = 0; i < p->n_parts; i++)
		if (p->part[i].off_oct == f->off_oct && p->part[i].len_oct == f->len_oct)
			return !memcmp(p->bytes + REASM_HEAD_OCT + f->off_oct, f->bytes, f->len_oct) &&
			       (f->has_more || p->body_oct == f->off_oct + f->len_oct);
	return false;
}

/* Has it room, and do its ends agree with all that is there? */
static bool fits(const struct reasm_packet *p, const struct fragment *f)
{
	uint32_t end = f->off_oct + f->len_oct;
	if (end > REASM_OCT || p->n_parts == REASM_PARTS || (p->body_oct && (!f->has_more || end > p->body_oct)))
		return false;
	for (uint32_t i = 0; i < p->n_parts; i++) {
		const struct reasm_part *q = &p->part[i];
		if ((f->off_oct < q->off_oct + q->len_oct && q->off_oct < end) || (!f->has_more && q->off_oct >= end))
			return false;
	}
	return true;
}

static void add(struct reasm_packet *p, const struct fragment *f)
{
	p->part[p->n_parts++] = (struct reasm_part){f->off_oct, f->len_oct};
	p->have_oct += f->len_oct;
	if (!f->has_more)
		p->body_oct = f->off_oct + f->len_oct;
	if (f->off_oct == 0) {
		memcpy(p->bytes, f->head, REASM_HEAD_OCT);
		p->bytes[6] = f->next;
	}
	memcpy(p->bytes + REASM_HEAD_OCT + f->off_oct, f->bytes, f->len_oct);
}

static void close_for(struct reasm_packet *p, mono_t now, int ms)
{
	p->state = REASM_CLOSED;
	p->until = mono_add(now, span_ms(ms));
}

size_t reasm_put(struct reasm *r, const uint8_t *pkt, size_t len_oct, mono_t now, const uint8_t **whole)
{
	struct fragment f;
	if (!parse(&f, pkt, len_oct))
		return 0;
	struct reasm_packet *p = packet_of(r, &f, now);
	if (p->state == REASM_CLOSED || is_known(p, &f))
		return 0;
	if (!fits(p, &f)) {
		close_for(p, now, PATIENCE_MS);
		return 0;
	}
	add(p, &f);
	if (p->have_oct != p->body_oct)
		return 0;
	close_for(p, now, REMEMBERED_MS);
	p->bytes[4] = (uint8_t)(p->body_oct >> 8);
	p->bytes[5] = (uint8_t)p->body_oct;
	*whole = p->bytes;
	return REASM_HEAD_OCT + p->body_oct;
}
