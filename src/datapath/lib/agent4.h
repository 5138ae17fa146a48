/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Mobility management agent over IPv4. To home agents it is a foreign agent, whose one address is every mobile's care-of address: so what comes down is known by
 * the inner destination. Otherwise as agent.h: down to the mobile's group, or after a mobile that left; up, GRE with
 * the derived key goes on to the home agent, or, where no reverse tunnel was asked for, by the routing table.
 */
#include "datapath/lib/home4.h"

/* m: entry of the inner destination. */
NOINLINE int agent4_down(ctx_t *c, const struct m_cfg *g, struct tun4 *t, struct m_coa *m)
{
	int64_t now = ctx_now(c);
	bool is_forward = coa_forwards(m, now);
	if (m->expires_ns <= now && !is_forward)
		return ctx_drop(c, DP_DROP_EXPIRED);
	bool is_prev = a4_of(&m->prev) && a4_of(&m->prev) == t->src && m->prev_until_ns > now;
	if (a4_of(&m->ha) != t->src && !is_prev)
		return ctx_drop(c, DP_DROP_TUNNEL_SOURCE);
	if (!open4_ecn(t))
		return ctx_drop(c, DP_DROP_ECN);
	if (is_forward && t->in.ip.proto == PROTO_IPIP && t->in.ip.src == a4_of(&m->source))
		return ctx_drop(c, DP_DROP_FORWARD_LOOP);
	return is_forward ? coa4_forward(c, &t->in, m) : group4_tunnel(c, g, &t->in, m);
}

/* May src send uplink for u? */
static INLINE bool agent4_admits(ctx_t *c, const struct m_uplink_in *u, uint32_t src, bool has_key)
{
	struct k_site k = {.plen = 128, .addr = a6_of4(src)};
	if (a4_of(&u->bound))
		return a4_of(&u->bound) == src;
	return has_key && TBL(c, site, &k);
}

/* The registration that the inner source goes by. */
static INLINE struct m_uplink_in *agent4_uplink(ctx_t *c, const struct m_cfg *g, uint32_t addr)
{
	struct a6 key = a6_of4(addr);
	struct m_uplink_in *u = TBL(c, uplink_in, &key);
	if (!u && (g->features & FEAT_NET)) {
		const struct a6 *of = net_home(c, &key);
		u = of ? TBL(c, uplink_in, of) : NULL;
	}
	return u;
}

/* An uplink tunnel that may be one: DP_DROP_NONE, or why not. */
static INLINE enum dp_drop agent4_refuses(ctx_t *c, const struct m_uplink_in *u, struct tun4 *t)
{
	bool has_key = t->gre == GRE_KEY;
	if (u->expires_ns <= ctx_now(c))
		return DP_DROP_EXPIRED;
	if (has_key && t->opt != u->key && t->opt != u->key_prev)
		return DP_DROP_UPLINK_KEY;
	if (!agent4_admits(c, u, t->src, has_key))
		return DP_DROP_UPLINK_SOURCE;
	return open4_ecn(t) ? DP_DROP_NONE : DP_DROP_ECN;
}

/* GRE with a key, or where an outer source is bound to it another form, to an agent's address of ours. */
NOINLINE int agent4_up(ctx_t *c, const struct m_cfg *g, struct tun4 *t)
{
	struct m_uplink_in *u = agent4_uplink(c, g, t->in.ip.src);
	if (!u)
		return ctx_drop(c, DP_DROP_UPLINK_UNKNOWN);
	if (t->gre == GRE_SEQ)
		return ctx_drop(c, DP_DROP_GRE_FLAGS);
	enum dp_drop why = agent4_refuses(c, u, t);
	if (why)
		return ctx_drop(c, why);
	struct out4 o = {.src = a4_of(&u->coa), .dst = a4_of(&u->ha), .encap = u->encap, .port = (uint16_t)u->udp_port,
		.what = DP_COUNT_MMA_UP};
	if (t->in.ip.ttl <= 1)
		return slow4(c, &t->in, &o, DP_SLOW_HOP_LIMIT, 0);
	if (!o.dst)
		return home4_release(c, &t->in);
	struct m_local *l = g->features & FEAT_HOME ? TBL(c, local, &u->ha) : NULL;
	if (!l || !(l->flags & DP_LOCAL_HA))
		return tunnel4_routed(c, &t->in, &o);
	struct k_pair outer = {u->coa, u->ha};
	why = home4_refuses(c, g, t->in.ip.src, &outer, HOME4_ANY);
	return why ? ctx_drop(c, why) : home4_release(c, &t->in);
}
