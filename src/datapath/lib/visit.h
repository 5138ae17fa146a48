/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Foreign agent, IPv6: what a mobile that the network moves sends. From its home address it may send from its own link-layer address alone; it
 * goes by the routing table or into a tunnel to its home agent. (What it gets is guest.h's; IPv4 is visit4.h's.)
 */
#include "datapath/lib/home.h"

/* The visitor that has this source, if its time is not over. */
static INLINE struct m_visit *visit_from(ctx_t *c, const struct m_cfg *g, const struct a6 *src)
{
	struct m_visit *v = g->features & FEAT_VISIT ? TBL(c, visit, src) : NULL;
	return v && v->expires_ns > ctx_now(c) ? v : NULL;
}

static INLINE bool visit_is_forged(ctx_t *c, const struct m_visit *v)
{
	struct eth_h *eth = ctx_begin(c);
	return !ctx_has(c, ETH_OCT) || !mac_eq(&eth->src, &v->mac);
}

/* To somebody else than this host. HOME_FORWARD: its home agent is this host, which takes it without a tunnel. */
static INLINE int visit_up(ctx_t *c, const struct m_cfg *g, const struct m_visit *v)
{
	if (g->features & FEAT_HOME) {
		struct m_local *l = TBL(c, local, &v->ha);
		if (l && (l->flags & DP_LOCAL_HA)) {
			count(c, DP_COUNT_FA_UP);
			return HOME_FORWARD;
		}
	}
	return home_encap(c, g, (const struct k_pair *)(const void *)&v->coa, DP_COUNT_FA_UP);
}
