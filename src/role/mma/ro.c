/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Route optimisation by the agent (H-15, figures 5 to 10): it registers the care-of addresses it assigned with
 * correspondent nodes, for mobiles that allow it, so that packets between the two go neither through the home agent nor
 * have to be asked for by the mobile. core/ro does the work; here is when.
 *
 * A correspondent node is asked when a packet of it comes through the home agent's tunnel, or through that of the mobile's
 * previous agent. Either also shows that the home agent has the care-of address: the mobile registers there before it leaves
 * its previous agent, so a home test can be sent. A list taken over from the previous agent shows the same.
 */
#include "base/err.h"
#include "role/mma/mma_i.h"

static struct ro_conf conf_of(const struct mma *m)
{
	struct ro_conf c = ro_conf_default;
	c.per_mobile = m->conf.ro_per_mobile;
	c.entries = m->conf.ro_all;
	c.starts = m->conf.ro_rate;
	return c;
}

void mma_ro_init(struct mma *m)
{
	const struct ro_conf c = conf_of(m);
	ro_init(&m->ro, m->env, ROLE_MMA, &c, NULL);
}

void mma_ro_reconf(struct mma *m)
{
	const struct ro_conf c = conf_of(m);
	ro_reconf(&m->ro, &c);
}

/* is_registered: what is known of the care-of address does not get lost by a refresh. */
static void move(struct mma *m, const struct mma_binding *mb, bool is_registered, struct now now)
{
	const struct ro_path *before = ro_path(&m->ro, &mb->b.hoa);
	bool was = before && before->is_registered && addr6_eq(&before->ha, &mb->ha) && addr6_eq(&before->coa, &mb->b.coa);
	const struct ro_path path = {.coa = mb->b.coa, .ha = mb->ha, .until = mb->b.expires, .is_registered = is_registered || was};
	if (ro_move(&m->ro, &mb->b.hoa, &path, now) != ERR_OK)
		reason_count(m->env, R_RO_LIMIT);
}

void mma_ro_bound(struct mma *m, const struct mma_binding *mb, struct now now)
{
	if (mb->b.flags & MMA_ROUTE_OPT)
		move(m, mb, false, now);
	else
		ro_drop(&m->ro, &mb->b.hoa, true, now);
}

void mma_ro_released(struct mma *m, const struct mma_binding *mb, bool is_handed_on, struct now now)
{
	ro_drop(&m->ro, &mb->b.hoa, !is_handed_on, now);
}

void mma_ro_export(const struct mma *m, const struct addr6 *hoa, struct rc_peers *list, struct now now)
{
	struct ro_peer peer[RC_PEER_MAX];
	uint32_t n = ro_export(&m->ro, hoa, peer, RC_PEER_MAX, now);
	list->n = n;
	for (uint32_t i = 0; i < n; i++)
		list->peer[i] = (struct rc_peer){.cn = peer[i].cn, .seq = peer[i].seq, .left_s = peer[i].left_s};
}

void mma_ro_import(struct mma *m, const struct mma_binding *mb, const struct rc_peers *list, struct now now)
{
	struct ro_peer peer[RC_PEER_MAX];
	if (!(mb->b.flags & MMA_ROUTE_OPT) || !list->n)
		return;
	for (uint32_t i = 0; i < list->n; i++)
		peer[i] = (struct ro_peer){.cn = list->peer[i].cn, .seq = list->peer[i].seq, .left_s = list->peer[i].left_s};
	move(m, mb, true, now);
	ro_import(&m->ro, &mb->b.hoa, peer, list->n, now);
}

static bool on_detour(struct mma *m, const struct ro_detour *d, struct now now)
{
	const struct mma_binding *mb = binding_find(&m->bindings, &d->hoa);
	if (!mb || mb->b.state != BINDING_ACTIVE || !(mb->b.flags & MMA_ROUTE_OPT) || !addr6_eq(&mb->b.coa, &d->to))
		return false;
	bool is_prev = addr6_eq(&mb->prev, &d->from) && mono_before(now.mono, mb->prev_until);
	if (!is_prev && !addr6_eq(&mb->ha, &d->from))
		return false;
	move(m, mb, true, now);
	ro_want(&m->ro, &mb->b.hoa, &d->cn, now);
	return true;
}

bool mma_ro_rx(struct mma *m, const struct rx *rx, struct now now)
{
	struct ro_detour d;
	if (rx->why != DP_PUNT_RO)
		return (rx->why == DP_PUNT_NONE || rx->why == DP_PUNT_MH || rx->why == DP_PUNT_ICMP_ERR) && ro_rx(&m->ro, rx, now);
	return ro_detour_parse(rx, &d) && on_detour(m, &d, now);
}
