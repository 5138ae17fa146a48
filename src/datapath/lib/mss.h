/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * TCP's maximum segment size, lowered on SYN packets that enter a tunnel, so that
 * connections never meet the tunnel's MTU. Options are walked as RFC 9293 3.1 lays them out.
 */
#include "datapath/lib/ctx.h"

enum { TCP_SYN = 2, TCP_CSUM_AT = 16, OPT_END = 0, OPT_NOP = 1, OPT_MSS = 2, MSS_MIN = 1220, TCP_OPTS_MAX = 20 };

/* tcp: offset of the TCP header; most: the largest MSS allowed. */
GLOBAL bool mss_clamp(ctx_t *c, uint32_t tcp, uint32_t most)
{
	uint8_t h[2];
	if (!ctx_load(c, tcp + 12, h, 2) || !(h[1] & TCP_SYN))
		return false;
	uint32_t at = tcp + TCP_OCT, end = tcp + (h[0] >> 4) * 4;
	for (int i = 0; i < TCP_OPTS_MAX && at + 4 <= end; i++) {
		uint8_t o[4];
		if (!ctx_load(c, at, o, 4) || o[0] == OPT_END)
			return false;
		if (o[0] == OPT_MSS && o[1] == 4) {
			uint32_t mss = (uint32_t)o[2] << 8 | o[3];
			if (mss <= most)
				return false;
			ctx_tcp_put16(c, tcp + TCP_CSUM_AT, at + 2, BE16(mss), BE16(most));
			count(c, DP_COUNT_MSS_CLAMPED);
			return true;
		}
		at += o[0] == OPT_NOP ? 1 : o[1] < 2 ? 40 : o[1];
	}
	return false;
}

/* nh: next header of the IPv6 header at `ip`; room: MTU for the whole IPv6 packet. */
static INLINE void mss_clamp_for(ctx_t *c, uint8_t nh, uint32_t ip, uint32_t room)
{
	uint32_t most = room - IP6_OCT - TCP_OCT;
	if (nh == NH_TCP)
		mss_clamp(c, ip + IP6_OCT, most < MSS_MIN ? MSS_MIN : most);
}
