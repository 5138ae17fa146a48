/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/ip/ip6.h"

enum wire_err ip6_head_parse(struct rd *r, struct ip6_head *h)
{
	uint32_t first = rd_u32(r);
	h->tclass = (uint8_t)(first >> 20);
	h->flow = first & 0xfffff;
	h->payload_len_oct = rd_u16(r);
	h->next = rd_u8(r);
	h->hop_limit = rd_u8(r);
	h->src = rd_addr6(r);
	h->dst = rd_addr6(r);
	if (!rd_ok(r))
		return W_TRUNCATED;
	return first >> 28 == 6 ? W_OK : W_VERSION;
}

void ip6_head_build(struct wr *w, const struct ip6_head *h)
{
	wr_u32(w, 6u << 28 | (uint32_t)h->tclass << 20 | (h->flow & 0xfffff));
	wr_u16(w, h->payload_len_oct);
	wr_u8(w, h->next);
	wr_u8(w, h->hop_limit);
	wr_addr6(w, &h->src);
	wr_addr6(w, &h->dst);
}

void ip6_head_finish(struct wr *w)
{
	size_t n = wr_len(w);
	if (n < IP6_HEAD_OCT || n - IP6_HEAD_OCT > UINT16_MAX)
		w->bad = true;
	else
		wr_patch_u16(w, 4, (uint16_t)(n - IP6_HEAD_OCT));
}

void ip6_hao_build(struct wr *w, uint8_t next, const struct addr6 *home_address)
{
	static const uint8_t pad_and_option[] = {1, 2, 0, 0, 0xc9, 16}; /* PadN of 4 bytes brings 8n+6 */
	wr_u8(w, next);
	wr_u8(w, 2);
	wr_bytes(w, pad_and_option, sizeof pad_and_option);
	wr_addr6(w, home_address);
}

void ip6_rh2_build(struct wr *w, uint8_t next, const struct addr6 *home_address)
{
	wr_u8(w, next);
	wr_u8(w, 2);
	wr_u8(w, 2); /* routing type */
	wr_u8(w, 1); /* segments left */
	wr_u32(w, 0);
	wr_addr6(w, home_address);
}

void ip6_router_alert_build(struct wr *w, uint8_t next)
{
	static const uint8_t option[] = {5, 2, 0, 0, 1, 0}; /* router alert: MLD; PadN of 2 bytes */
	wr_u8(w, next);
	wr_u8(w, 0);
	wr_bytes(w, option, sizeof option);
}
