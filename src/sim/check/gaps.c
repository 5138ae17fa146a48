/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/check/gaps.h"

#include "sim/check/watch.h"
#include "sim/group.h"
#include "sim/net/fwd.h"

/* Where only default routes lead. */
static const struct addr6 far6 = {{0x20, 0x01, 0x0d, 0xb8, 0xff, 0xff, [15] = 1}};
static const struct addr6 far4 = {{[10] = 0xff, [11] = 0xff, [12] = 203, [13] = 0, [14] = 113, [15] = 1}};

/* On a link: for the way without a tunnel, the home link. */
static bool is_attached(const struct node *n, uint32_t ifindex, bool is_home)
{
	const struct nic *nic = node_nic(n, ifindex);
	return nic && nic->link && (!is_home || watch_is_home(nic->link, n));
}

/* Without an entry of an optimised route packets go by the home agent, as they do while the route is tested. And a guest whose record a mobility
 * manager changes begins anew. Members of a redundancy group that were apart may have given one mobile two addresses, of which one goes. */
static bool may_pause(const struct node *n, enum dp_table t)
{
	return t == DP_RO_OUT || t == DP_CN || t == DP_GUEST || t == DP_VISIT || t == DP_RELAY || (t == DP_UPLINK_IN && group_member(n));
}

/* Does what an application sends from this home address leave the host? An address that a process before this one left leads where that thought
 * the mobile was: nothing is promised until the new one has found its place. */
static bool has_way(struct node *n, const struct addr6 *home)
{
	const struct fx_route *r = node_route(n, addr6_is_v4mapped(home) ? &far4 : &far6, 0);
	const struct ifaddr *a = node_addr_find(n, home);
	if (!r || !a || a->is_left)
		return false;
	if (r->ifindex != IFINDEX_ROAM0)
		return is_attached(n, r->ifindex, true);
	const struct dp_op key = {.table = DP_UPLINK_OUT, .uplink_out = {.inner_src = *home}}, *up = fwd_find(n, &key);
	return up && is_attached(n, up->uplink_out.ifindex, false);
}

static uint32_t ways(struct node *n)
{
	uint32_t bits = 0;
	for (uint32_t i = 0; i < n->n_homes; i++)
		if (!addr6_is_none(&n->home[i]) && has_way(n, &n->home[i]))
			bits |= 1u << i;
	return bits;
}

void gaps_begin(struct gaps *g, struct node *n)
{
	g->n_gone = g->lost = 0;
	/* Who stops hands its addresses back to the host, wherever the mobile is just then: one that has come home and not noticed yet had a
	 * way that led nowhere, and has a true one afterwards. */
	g->ways = n->is_mobile && !n->is_stopping ? ways(n) : 0;
}

void gaps_before(struct gaps *g, const struct node *n, const struct effect *e)
{
	if (e->kind == FX_DP_DEL && !may_pause(n, e->dp.table) && g->n_gone < GAPS_GONE_MAX && fwd_has(n, e))
		g->gone[g->n_gone++] = *e;
}

static void check_entry(const struct gaps *g, struct node *n, const struct effect *e)
{
	for (uint32_t i = 0; i < g->n_gone; i++)
		if (g->gone[i].role == e->role && fwd_is_same(&g->gone[i].dp, &e->dp))
			watch_violation(n->sim, "gap: %s takes an entry of table %d out of the datapath and puts it back", n->name, (int)e->dp.table);
}

static void check_ways(struct gaps *g, struct node *n)
{
	const uint32_t now = ways(n);
	g->lost |= g->ways & ~now;
	for (uint32_t i = 0; i < n->n_homes; i++)
		if (g->lost & now & 1u << i)
			watch_violation(n->sim, "gap: for a moment %s cannot send from %s", n->name, ADDR46_STR(&n->home[i]));
	g->lost &= ~now;
}

void gaps_after(struct gaps *g, struct node *n, const struct effect *e)
{
	if (e->kind == FX_DP_PUT)
		check_entry(g, n, e);
	if (n->is_mobile && e->kind != FX_SEND && e->kind != FX_EVENT)
		check_ways(g, n);
}
