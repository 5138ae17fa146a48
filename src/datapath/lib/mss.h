/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * TCP's maximum segment size, lowered on SYN packets that enter a tunnel, so that
 * connections never meet the tunnel's MTU. Options are walked as RFC 9293 3.1 lays them out.
 */
#include "datapath/lib/ctx.h"

enum { TCP_SYN = 2, TCP_CSUM_AT = 16, OPT_END = 0, OPT_NOP = 1, OPT_MSS = 2, MSS_MIN = 1220, TCP_OPTS_OCT = 40 };

struct mss_walk { ctx_t *c; uint32_t at, end, tcp, most; };

/* The option at w->at; 1: done. */
NOINLINE long mss_option(uint32_t i, void *arg)
{
	struct mss_walk *w = arg;
	uint8_t o[4];
	(void)i;
	if (w->at + 4 > w->end || !ctx_load(w->c, w->at, o, 4) || o[0] == OPT_END)
		return 1;
	if (o[0] == OPT_NOP || o[0] != OPT_MSS || o[1] != 4) {
		w->at += o[0] == OPT_NOP ? 1 : o[1] < 2 ? TCP_OPTS_OCT : o[1];
		return 0;
	}
	uint32_t mss = (uint32_t)o[2] << 8 | o[3];
	if (mss > w->most) {
		ctx_tcp_put16(w->c, w->tcp + TCP_CSUM_AT, w->at + 2, BE16(mss), BE16(w->most));
		count(w->c, DP_COUNT_MSS_CLAMPED);
	}
	return 1;
}

/* tcp: offset of the TCP header; most: the largest MSS allowed. */
GLOBAL int mss_clamp(ctx_t *c, uint32_t tcp, uint32_t most)
{
	uint8_t h[2];
	if (!ctx_load(c, tcp + 12, h, 2) || !(h[1] & TCP_SYN))
		return 0;
	struct mss_walk w = {.c = c, .at = tcp + TCP_OCT, .end = tcp + (h[0] >> 4) * 4, .tcp = tcp, .most = most};
	ctx_loop(TCP_OPTS_OCT, mss_option, &w);
	return 0;
}

/* nh: next header of the IPv6 header at `ip`; room: MTU for the whole IPv6 packet. */
static INLINE void mss_clamp_for(ctx_t *c, uint8_t nh, uint32_t ip, uint32_t room)
{
	uint32_t most = room - IP6_OCT - TCP_OCT;
	if (nh == NH_TCP)
		mss_clamp(c, ip + IP6_OCT, most < MSS_MIN ? MSS_MIN : most);
}
