/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Handing packets to the daemon, each source within its rate. The bucket holds time: a second fills with
 * punt_rate_pps packets' worth. Sources are remembered in a table that forgets the longest unused; two processors that
 * update one bucket at once may lose a decrement, which a limit can bear.
 */
#include "datapath/lib/ctx.h"

static INLINE bool rate_admits(ctx_t *c, const struct m_cfg *g, const struct a6 *src, enum dp_punt why)
{
	if (g->punt_rate_pps == UINT32_MAX)
		return true;
	struct k_rate k = {.src = *src, .why = why};
	int64_t cost = 1000000000 / (g->punt_rate_pps ? g->punt_rate_pps : 1), most = cost * g->punt_burst, now = ctx_now(c);
	if (why == DP_PUNT_RO)
		most = cost = 1000000000;
	struct m_rate *r = TBL(c, rate, &k);
	if (!r) {
		struct m_rate fresh = {.last_ns = now, .credit_ns = most - cost};
		TBL_PUT(c, rate, &k, &fresh);
		return true;
	}
	int64_t credit = r->credit_ns + (now - r->last_ns);
	if (credit > most)
		credit = most;
	r->last_ns = now;
	r->credit_ns = credit < cost ? credit : credit - cost;
	return credit >= cost;
}

/* Sets a handed-up packet's rate against its source's bucket. Source and link-layer source are read here. */
GLOBAL bool punt_admits(ctx_t *c, uint32_t off, enum dp_punt why)
{
	struct m_cfg *g = cfg(c);
	struct a6 src;
	if (!g || !ctx_load(c, off + 8, &src, 16))
		return false;
	if (rate_admits(c, g, &src, why))
		return true;
	count(c, DP_DROP_PUNT_RATE);
	return false;
}

/* off: where the IPv6 header begins. has_slow says whether there is one: a pointer to the stack may not be compared with NULL
 * by a program without CAP_PERFMON. */
GLOBAL bool punt_send(ctx_t *c, uint32_t off, enum dp_punt why, const struct dp_slow *slow, bool has_slow)
{
	if (!slow && has_slow)
		return 0;
	struct punt_head head = {.ifindex = ctx_ifindex(c), .why = why};
	if (off >= ETH_OCT && !ctx_load(c, 6, &head.mac, 6))
		return false;
	if (!ctx_ring(c, off, &head, slow, has_slow, why == DP_PUNT_MH)) {
		count(c, DP_DROP_PUNT_FULL);
		return false;
	}
	count(c, has_slow ? DP_COUNT_SLOW : DP_COUNT_PUNTED);
	return true;
}

/* (Where many are on the stack already, both are called by themselves.) */
GLOBAL bool punt_with(ctx_t *c, uint32_t off, enum dp_punt why, const struct dp_slow *slow, bool has_slow)
{
	if (!slow && has_slow)
		return 0;
	return punt_admits(c, off, why) && punt_send(c, off, why, slow, has_slow);
}

/* A route to optimise: a copy, for each pair of inner addresses one a second. ip: offset of the inner header, behind a tunnel's. */
GLOBAL bool punt_ro(ctx_t *c, const uint32_t ip)
{
	struct m_cfg *g = cfg(c);
	struct k_pair a;
	if (!g || !ctx_load(c, ip + 8, &a, sizeof a))
		return false;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < 4; i++)
		a.src.w[i] ^= a.dst.w[i];
	if (!rate_admits(c, g, &a.src, DP_PUNT_RO))
		return false;
	struct punt_head head = {.ifindex = ctx_ifindex(c), .why = DP_PUNT_RO};
	if (!ctx_load(c, 6, &head.mac, 6) || !ctx_ring(c, ETH_OCT, &head, NULL, false, false))
		return false;
	count(c, DP_COUNT_PUNTED);
	return true;
}

/*
 * A packet for a home address, dst, that has no binding: asked for, if that is in a prefix of DP_UNBOUND. l2: ETH_OCT or 0. The rate is the
 * destination's, so that nobody's scanning keeps another's first packets away; what exceeds it is the host's, who knows nobody there either.
 */
NOINLINE int punt_unbound(ctx_t *c, uint32_t l2, const struct a6 *dst)
{
	struct m_cfg *g = cfg(c);
	struct k_site k = {.plen = 128, .addr = *dst};
	struct m_unbound *u = TBL(c, unbound, &k);
	struct punt_head head = {.ifindex = ctx_ifindex(c), .why = DP_PUNT_UNBOUND};
	if (!u || !g || TBL(c, local, &k.addr) || ctx_gso(c) || ctx_len(c) - l2 > DP_PUNT_SNAP || !rate_admits(c, g, &k.addr, DP_PUNT_UNBOUND))
		return ctx_pass(c);
	if (l2 && !ctx_load(c, 6, &head.mac, 6))
		return ctx_pass(c);
	if (!ctx_ring(c, l2, &head, NULL, false, false)) {
		count(c, DP_DROP_PUNT_FULL);
		return ctx_pass(c);
	}
	count(c, DP_COUNT_PUNTED);
	return u->is_shared ? ctx_pass(c) : ctx_stolen(c);
}

static INLINE bool punt(ctx_t *c, enum dp_punt why) { return punt_with(c, ETH_OCT, why, NULL, false); }
static INLINE bool punt_slow(ctx_t *c, uint32_t off, const struct dp_slow *slow)
{
	return punt_admits(c, off, DP_PUNT_SLOW) && punt_send(c, off, DP_PUNT_SLOW, slow, true);
}
