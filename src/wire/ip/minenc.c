/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/ip/minenc.h"

#include "wire/ip/csum.h"

enum { SHORT_OCT = 8, S_FLAG = 0x80, PROTO_OFF = 9, SRC_OFF = 12, DST_OFF = 16 };

enum wire_err minenc_parse(struct rd *r, struct minenc *m)
{
	const uint8_t *start = r->p;
	m->proto = rd_u8(r);
	m->has_src = rd_u8(r) & S_FLAG;
	rd_skip(r, 2);
	m->dst = rd_v4(r);
	m->src = m->has_src ? rd_v4(r) : addr6_any;
	if (!rd_ok(r))
		return W_TRUNCATED;
	return csum_fold(csum_add(0, start, m->has_src ? MINENC_MAX_OCT : SHORT_OCT)) ? W_CHECKSUM : W_OK;
}

void minenc_build(struct wr *w, const struct minenc *m)
{
	size_t off = wr_len(w);
	wr_u8(w, m->proto);
	wr_u8(w, m->has_src ? S_FLAG : 0);
	wr_u16(w, 0);
	wr_v4(w, &m->dst);
	if (m->has_src)
		wr_v4(w, &m->src);
	if (wr_ok(w))
		wr_patch_u16(w, off + 2, csum_fold(csum_add(0, w->base + off, wr_len(w) - off)));
}

/* The header of pkt with other addresses and protocol, options kept; lengths and checksum come with ip4_finish. */
static void head_build(struct wr *w, const uint8_t *pkt, size_t head_oct, uint8_t proto, const struct addr6 *src, const struct addr6 *dst)
{
	size_t off = wr_len(w);
	wr_bytes(w, pkt, head_oct);
	if (!wr_ok(w))
		return;
	w->base[off + PROTO_OFF] = proto;
	memcpy(w->base + off + SRC_OFF, src->b + 12, 4);
	memcpy(w->base + off + DST_OFF, dst->b + 12, 4);
}

enum wire_err minenc_wrap(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst, const void *pkt, size_t len_oct,
			  size_t *out_oct)
{
	struct wr w = wr_of(buf, cap_oct);
	struct ip4_walk ip;
	enum wire_err e = ip4_walk(pkt, len_oct, &ip);
	if (e)
		return e;
	struct minenc m = {.proto = ip.ip.proto, .has_src = !addr6_eq(src, &ip.src), .src = ip.src, .dst = ip.dst};
	head_build(&w, pkt, ip.off, PROTO_MINENC, src, dst);
	minenc_build(&w, &m);
	wr_bytes(&w, (const uint8_t *)pkt + ip.off, ip.len_oct);
	*out_oct = ip4_finish(&w, 0);
	return *out_oct ? W_OK : W_LIMIT;
}

enum wire_err minenc_unwrap(void *buf, size_t cap_oct, const void *pkt, size_t len_oct, size_t *out_oct)
{
	struct wr w = wr_of(buf, cap_oct);
	struct ip4_walk ip;
	struct minenc m;
	enum wire_err e = ip4_walk(pkt, len_oct, &ip);
	if (e)
		return e;
	if (ip.ip.proto != PROTO_MINENC)
		return W_PROTO;
	struct rd r = rd_of((const uint8_t *)pkt + ip.off, ip.len_oct);
	if ((e = minenc_parse(&r, &m)))
		return e;
	head_build(&w, pkt, ip.off, m.proto, m.has_src ? &m.src : &ip.src, &m.dst);
	wr_bytes(&w, r.p, rd_left(&r));
	*out_oct = ip4_finish(&w, 0);
	return *out_oct ? W_OK : W_LIMIT;
}
