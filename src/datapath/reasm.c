// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/reasm.h"

#include <string.h>

#include "wire/ip/ip4.h"
#include "wire/ip/ip6.h"

enum { PATIENCE_MS = 1000, REMEMBERED_MS = 200, FRAG_OCT = 8, MORE = 1, OFFSET = 0xfff8 };

struct fragment {
	struct addr6 src, dst;
	const uint8_t *head, *bytes;
	uint32_t id, off_oct, len_oct, head_oct;
	uint8_t next;                       /* IPv6: of the packet made whole */
	bool has_more;
};

static bool parse6(struct fragment *f, const uint8_t *pkt, size_t len_oct)
{
	struct rd r = rd_of(pkt, len_oct);
	struct ip6_head ip;
	if (ip6_head_parse(&r, &ip) || ip.next != NH_FRAGMENT || ip.payload_len_oct > rd_left(&r) || ip.payload_len_oct <= FRAG_OCT)
		return false;
	f->next = rd_u8(&r);
	rd_u8(&r);
	uint16_t word = rd_u16(&r);
	f->id = rd_u32(&r);
	f->src = ip.src;
	f->dst = ip.dst;
	f->bytes = r.p;
	f->off_oct = word & OFFSET;
	f->has_more = word & MORE;
	f->len_oct = ip.payload_len_oct - (uint32_t)FRAG_OCT;
	f->head_oct = IP6_HEAD_OCT;
	return true;
}

static bool parse4(struct fragment *f, const uint8_t *pkt, size_t len_oct)
{
	struct rd r = rd_of(pkt, len_oct);
	struct ip4_head ip;
	if (ip4_head_parse(&r, &ip) || ip.total_len_oct > len_oct || ip.total_len_oct == ip.head_len_oct)
		return false;
	f->id = (uint32_t)ip.proto << 16 | ip.id;
	f->src = addr6_from_v4(ip.src);
	f->dst = addr6_from_v4(ip.dst);
	f->bytes = r.p;
	f->off_oct = ip.frag_off_oct;
	f->has_more = ip.has_more;
	f->len_oct = ip.total_len_oct - (uint32_t)ip.head_len_oct;
	f->head_oct = ip.head_len_oct;
	return true;
}

static bool parse(struct fragment *f, const uint8_t *pkt, size_t len_oct)
{
	*f = (struct fragment){.head = pkt};
	bool is_one = len_oct && pkt[0] >> 4 == 4 ? parse4(f, pkt, len_oct) : parse6(f, pkt, len_oct);
	return is_one && (!f->has_more || f->len_oct % 8 == 0);
}

static void begin(struct reasm_packet *p, const struct fragment *f, mono_t now)
{
	p->src = f->src;
	p->dst = f->dst;
	p->id = f->id;
	p->state = REASM_OPEN;
	p->until = mono_add(now, span_ms(PATIENCE_MS));
	p->n_parts = p->have_oct = p->body_oct = p->head_oct = 0;
}

/* The packet that f is of; else a place for it: one that is free, or whose time is over or ends first. */
static struct reasm_packet *packet_of(struct reasm *r, const struct fragment *f, mono_t now)
{
	struct reasm_packet *place = &r->pool[0];
	for (int i = 0; i < REASM_PACKETS; i++) {
		struct reasm_packet *p = &r->pool[i];
		if (p->state != REASM_FREE && mono_reached(p->until, now))
			p->state = REASM_FREE;
		if (p->state != REASM_FREE && p->id == f->id && addr6_eq(&p->src, &f->src) && addr6_eq(&p->dst, &f->dst))
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
		uint8_t *head = p->bytes + REASM_HEAD_OCT - f->head_oct;
		p->head_oct = f->head_oct;
		memcpy(head, f->head, f->head_oct);
		if (f->head_oct == IP6_HEAD_OCT && head[0] >> 4 == 6)
			head[6] = f->next;
	}
	memcpy(p->bytes + REASM_HEAD_OCT + f->off_oct, f->bytes, f->len_oct);
}

static void close_for(struct reasm_packet *p, mono_t now, int ms)
{
	p->state = REASM_CLOSED;
	p->until = mono_add(now, span_ms(ms));
}

/* The header of the whole: its lengths, and of IPv4 no fragment any more, with the right sum. */
static const uint8_t *finish(struct reasm_packet *p)
{
	uint8_t *head = p->bytes + REASM_HEAD_OCT - p->head_oct;
	struct wr w = wr_of(head, p->head_oct + p->body_oct);

	(void)wr_room(&w, p->head_oct + p->body_oct); /* is there already */
	if (head[0] >> 4 == 4) {
		wr_patch_u16(&w, 6, 0);
		(void)ip4_finish(&w, 0);
	} else
		wr_patch_u16(&w, 4, (uint16_t)p->body_oct);
	return head;
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
	*whole = finish(p);
	return p->head_oct + p->body_oct;
}
