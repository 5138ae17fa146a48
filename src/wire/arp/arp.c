/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/arp/arp.h"

enum { HW_ETHERNET = 1, PROTO_IPV4 = 0x0800, HW_OCT = 6, PROTO_OCT = 4 };

enum wire_err arp_parse(const void *p, size_t len_oct, struct arp *a)
{
	struct rd r = rd_of(p, len_oct);
	uint16_t hw = rd_u16(&r), proto = rd_u16(&r);
	uint8_t hw_oct = rd_u8(&r), proto_oct = rd_u8(&r);
	uint16_t op = rd_u16(&r);
	rd_bytes(&r, &a->sender_ll, sizeof a->sender_ll);
	a->sender = rd_v4(&r);
	rd_bytes(&r, &a->target_ll, sizeof a->target_ll);
	a->target = rd_v4(&r);
	a->op = (uint8_t)op;
	if (!rd_ok(&r))
		return W_TRUNCATED;
	if (hw != HW_ETHERNET || proto != PROTO_IPV4 || hw_oct != HW_OCT || proto_oct != PROTO_OCT || a->sender_ll.b[0] & 1)
		return W_VALUE;
	if (!addr6_is_none(&a->sender) && !addr6_is_v4unicast(&a->sender))
		return W_SOURCE;
	return op == ARP_REQUEST || op == ARP_REPLY ? W_OK : W_TYPE;
}

size_t arp_build(void *buf, size_t cap_oct, const struct arp *a)
{
	struct wr w = wr_of(buf, cap_oct);
	wr_u16(&w, HW_ETHERNET);
	wr_u16(&w, PROTO_IPV4);
	wr_u8(&w, HW_OCT);
	wr_u8(&w, PROTO_OCT);
	wr_u16(&w, a->op);
	wr_bytes(&w, &a->sender_ll, sizeof a->sender_ll);
	wr_v4(&w, &a->sender);
	wr_bytes(&w, &a->target_ll, sizeof a->target_ll);
	wr_v4(&w, &a->target);
	return wr_ok(&w) ? ARP_OCT : 0;
}
