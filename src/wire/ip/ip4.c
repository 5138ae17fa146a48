/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/ip/ip4.h"

#include "wire/ip/csum.h"

enum { OPT_END = 0, OPT_NOP = 1, OPT_ALERT = 148 };

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

/* RFC 791 3.1: end of list, no operation, or type and length. */
static enum wire_err options(struct rd *r, struct ip4_walk *out)
{
	while (rd_left(r)) {
		uint8_t type = rd_u8(r);
		if (type == OPT_END)
			return W_OK;
		if (type == OPT_NOP)
			continue;
		uint8_t len_oct = rd_u8(r);
		if (len_oct < 2)
			return W_OPTION;
		rd_skip(r, len_oct - 2u);
		if (!rd_ok(r))
			return W_OPTION;
		out->has_router_alert |= type == OPT_ALERT && len_oct == IP4_ALERT_OCT;
	}
	return W_OK;
}

enum wire_err ip4_walk(const void *pkt, size_t len_oct, struct ip4_walk *out)
{
	struct rd r = rd_of(pkt, len_oct);
	memset(out, 0, sizeof *out);
	enum wire_err e = ip4_head_parse(&r, &out->ip);
	out->src = addr6_from_v4(out->ip.src);
	out->dst = addr6_from_v4(out->ip.dst);
	if (e)
		return e;
	if (out->ip.total_len_oct > len_oct)
		return W_TRUNCATED;
	out->off = out->ip.head_len_oct;
	out->len_oct = out->ip.total_len_oct - out->off;
	struct rd opts = rd_of((const uint8_t *)pkt + IP4_HEAD_OCT, out->off - IP4_HEAD_OCT);
	if ((e = options(&opts, out)))
		return e;
	return out->ip.has_more || out->ip.frag_off_oct ? W_FRAGMENT : W_OK;
}

size_t ip4_begin(struct wr *w, const struct ip4_path *path, uint8_t proto)
{
	size_t off = wr_len(w);
	unsigned head_oct = IP4_HEAD_OCT + (path->router_alert ? IP4_ALERT_OCT : 0);
	wr_u8(w, (uint8_t)(4 << 4 | head_oct / 4));
	wr_u8(w, path->tos);
	wr_u16(w, 0);
	wr_u16(w, path->id);
	wr_u16(w, 0x4000);
	wr_u8(w, path->ttl);
	wr_u8(w, proto);
	wr_u16(w, 0);
	wr_v4(w, &path->src);
	wr_v4(w, &path->dst);
	if (path->router_alert)
		wr_u32(w, (uint32_t)OPT_ALERT << 24 | IP4_ALERT_OCT << 16);
	return off;
}

size_t ip4_finish(struct wr *w, size_t off)
{
	size_t len_oct = wr_len(w) - off;
	if (!wr_ok(w) || len_oct > UINT16_MAX)
		return 0;
	uint8_t *head = w->base + off;
	wr_patch_u16(w, off + 2, (uint16_t)len_oct);
	wr_patch_u16(w, off + 10, 0);
	wr_patch_u16(w, off + 10, csum_fold(csum_add(0, head, (head[0] & 15u) * 4)));
	return len_oct;
}
