/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/ip/ip4.h"

#include "wire/ip/csum.h"

enum wire_err ip4_head_parse(struct rd *r, struct ip4_head *h)
{
	const uint8_t *start = r->p;
	uint8_t first = rd_u8(r);
	h->head_len_oct = (uint8_t)((first & 15) * 4);
	h->tos = rd_u8(r);
	h->total_len_oct = rd_u16(r);
	h->id = rd_u16(r);
	uint16_t frag = rd_u16(r);
	h->is_dont_fragment = frag & 0x4000;
	h->has_more = frag & 0x2000;
	h->frag_off_oct = (uint16_t)((frag & 0x1fff) * 8);
	h->ttl = rd_u8(r);
	h->proto = rd_u8(r);
	rd_skip(r, 2);
	rd_bytes(r, &h->src, sizeof h->src);
	rd_bytes(r, &h->dst, sizeof h->dst);
	if (!rd_ok(r))
		return W_TRUNCATED;
	if (first >> 4 != 4)
		return W_VERSION;
	if (h->head_len_oct < IP4_HEAD_OCT || h->total_len_oct < h->head_len_oct)
		return W_LENGTH;
	rd_skip(r, h->head_len_oct - IP4_HEAD_OCT);
	if (!rd_ok(r))
		return W_TRUNCATED;
	return csum_fold(csum_add(0, start, h->head_len_oct)) ? W_CHECKSUM : W_OK;
}

void ip4_head_build(struct wr *w, const struct ip4_head *h)
{
	size_t off = wr_len(w);
	wr_u8(w, 4 << 4 | IP4_HEAD_OCT / 4);
	wr_u8(w, h->tos);
	wr_u16(w, h->total_len_oct);
	wr_u16(w, h->id);
	wr_u16(w, (uint16_t)(h->is_dont_fragment << 14 | h->has_more << 13 | h->frag_off_oct / 8));
	wr_u8(w, h->ttl);
	wr_u8(w, h->proto);
	wr_u16(w, 0);
	wr_bytes(w, &h->src, sizeof h->src);
	wr_bytes(w, &h->dst, sizeof h->dst);
	if (wr_ok(w))
		wr_patch_u16(w, off + 10, csum_fold(csum_add(0, w->base + off, IP4_HEAD_OCT)));
}
