/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Access router: which frames are for us there, which sources may send from there (BCP 38; the agent's own address never). */
#include "datapath/lib/ctx.h"

/* A frame to another link-layer address: is it to the gateway that we are here (DP_IF_GATE)? Then it is made ours. */
static INLINE bool filter_takes(ctx_t *c, const struct m_if *f)
{
	struct eth_h *eth = ctx_begin(c);
	if (!(f->flags & DP_IF_GATE) || !ctx_has(c, ETH_OCT) || !mac_eq(&eth->dst, &f->gate))
		return false;
	ctx_take(c);
	return true;
}

/* DP_DROP_NONE, or why the packet may not enter. */
static INLINE enum dp_drop filter_source(const struct m_if *f, const struct a6 *src)
{
	if (!a6_is_any(&f->mma) && a6_eq(src, &f->mma))
		return DP_DROP_FILTER_AGENT;
	if (a6_is_linklocal(src) || a6_is_any(src))
		return DP_DROP_NONE;
#pragma clang loop unroll(full)
	for (uint32_t i = 0; i < DP_IF_PREFIX_MAX && i < f->n_prefix; i++)
		if (a6_in(src, &f->prefix[i]))
			return DP_DROP_NONE;
	return DP_DROP_FILTER_PREFIX;
}
