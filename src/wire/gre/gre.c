/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/gre/gre.h"

#include "wire/ip/csum.h"

/* First 16 bits: C, K and S as RFC 2890 has them; RFC 1701's bits that RFC 2784 2.3 has a receiver discard
 * unless it implements them; the version; the rest is ignored. */
enum { F_CSUM = 0x8000, F_KEY = 0x2000, F_SEQ = 0x1000, F_REFUSED = 0x4000 | 0x0800 | 0x0400, F_VERSION = 0x0007 };

enum wire_err gre_parse(struct rd *r, struct gre *g)
{
	const uint8_t *start = r->p;
	size_t len_oct = rd_left(r);
	uint16_t flags = rd_u16(r);
	*g = (struct gre){.proto = rd_u16(r), .has_csum = flags & F_CSUM, .has_key = flags & F_KEY, .has_seq = flags & F_SEQ};
	if (!rd_ok(r))
		return W_TRUNCATED;
	if (flags & (F_REFUSED | F_VERSION))
		return W_VERSION;
	if (g->has_csum)
		rd_skip(r, 4);
	if (g->has_key)
		g->key = rd_u32(r);
	if (g->has_seq)
		g->seq = rd_u32(r);
	if (!rd_ok(r))
		return W_TRUNCATED;
	return g->has_csum && csum_fold(csum_add(0, start, len_oct)) ? W_CHECKSUM : W_OK;
}

size_t gre_len_oct(const struct gre *g) { return 4 + (size_t)4 * g->has_key + (size_t)4 * g->has_seq; }

void gre_build(struct wr *w, const struct gre *g)
{
	wr_u16(w, (uint16_t)((g->has_key ? F_KEY : 0) | (g->has_seq ? F_SEQ : 0)));
	wr_u16(w, g->proto);
	if (g->has_key)
		wr_u32(w, g->key);
	if (g->has_seq)
		wr_u32(w, g->seq);
}
