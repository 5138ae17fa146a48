/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the groups of mobiles that the network moves have listeners: the home agent is the router of its links downstream, as an MMA is of
 * its own. With `pim` a routing daemon knows, and packets enter the host's multicast forwarding.
 */
#include "base/err.h"
#include "role/ha/ha_cast_i.h"

static void on_change(void *ctx, const struct mldr_channel *ch, uint32_t ifindex, bool is_first, struct now now)
{
	struct ha_cast *c = ctx;
	struct dp_op op = {.table = DP_MFC, .mfc = {.group = ch->key.group, .source = ch->key.source, .is_merge = c->mldr.is_learning}};

	(void)now;
	if (ifindex)
		fx_event(c->h->env.fx, ROLE_HA, EV_DEBUG, is_first ? "listener-first" : "listener-last", NULL, "group %s on interface %u",
			 ADDR46_STR(&ch->key.group), ifindex);
	op.mfc.n_oif = mldr_oifs(&c->mldr, ch, op.mfc.oif);
	(op.mfc.n_oif ? fx_dp_put : fx_dp_del)(c->h->env.fx, ROLE_HA, &op);
}

static void enter_at(struct ha_cast *c, uint32_t ifindex)
{
	c->inject_ifindex = ifindex;
	mroutes_enter(&c->mroutes, ifindex);
}

void cast_tree_init(struct ha_cast *c)
{
	mldr_init(&c->mldr, &c->h->env, ROLE_HA);
	c->mldr.change = on_change;
	c->mldr.ctx = c;
	mroutes_init(&c->mroutes, &c->h->env, ROLE_HA, cast_own(c->h, false), cast_own(c->h, true));
	for (uint32_t i = 0; i < c->conf->n_downstream; i++)
		c->link[i].name = c->conf->downstream[i];
	if (c->conf->multicast == HA_CAST_PIM && !c->conf->source_if[0])
		enter_at(c, IFINDEX_ROAM0);
}

/* Queries come from the link-local address; in IPv4 from the service address, which we have in any case. */
static void ask_link(struct ha_cast *c, const struct cast_link *l, struct now now)
{
	const struct ha_conf *conf = &c->h->conf;
	struct mldr_link_conf lc = {.source = {conf->address, conf->v4.address}, .n_source = 2, .is_sole = c->conf->is_sole_querier,
		.robustness = c->conf->robustness, .query_interval = c->conf->query_interval, .response_interval = c->conf->query_response,
		.last_listener_interval = span_s(1), .max_per_station = conf->bindings_max, .max_per_link = conf->bindings_max};
	const struct addr6 ll = addr6_linklocal(&l->lladdr), *src[] = {&ll, &conf->v4.address};
	memcpy(lc.name, l->name, sizeof lc.name);
	for (int i = 0; i < 2; i++) {
		if (addr6_is_none(cast_own(c->h, i == 1)))
			continue;
		int err = mldr_link_up(&c->mldr, l->ifindex, src[i], &lc, now);
		if (err)
			fx_event(c->h->env.fx, ROLE_HA, EV_ERROR, "multicast-off", NULL, "no multicast on %s: %s", l->name, err_str(err));
	}
}

static void follow(struct ha_cast *c, struct cast_link *l, const struct link_event *ev, struct now now)
{
	const bool is_up = ev->is_up && !ev->is_gone, was_up = l->is_up, is_asked = c->conf->multicast != HA_CAST_PIM;
	const bool is_other = l->ifindex != ev->ifindex || !lladdr_eq(&l->lladdr, &ev->lladdr);
	const struct dp_op op = {.table = DP_IF, .iface = {.ifindex = ev->ifindex, .lladdr = ev->lladdr, .mtu_oct = ev->mtu_oct,
		.flags = DP_IF_DOWNSTREAM | DP_IF_UPSTREAM}};

	if (was_up && is_asked && (!is_up || is_other))
		mldr_link_down(&c->mldr, l->ifindex, now);
	l->is_up = is_up;
	l->ifindex = ev->is_gone ? 0 : ev->ifindex;
	l->lladdr = ev->lladdr;
	if (ev->is_gone) {
		mroutes_link(&c->mroutes, ev->ifindex, false);
		fx_dp_del(c->h->env.fx, ROLE_HA, &op);
	}
	if (!is_up)
		return;
	fx_dp_put(c->h->env.fx, ROLE_HA, &op); /* the MTU may be another */
	mroutes_link(&c->mroutes, ev->ifindex, !lladdr_is_zero(&ev->lladdr));
	if (is_asked && (!was_up || is_other))
		ask_link(c, l, now);
}

void cast_tree_link(struct ha_cast *c, const struct link_event *ev, struct now now)
{
	if (c->conf->multicast == HA_CAST_PIM && c->conf->source_if[0] && strcmp(ev->name, c->conf->source_if) == 0)
		enter_at(c, ev->is_gone ? 0 : ev->ifindex);
	for (uint32_t i = 0; i < c->conf->n_downstream; i++)
		if (strcmp(ev->name, c->link[i].name) == 0)
			follow(c, &c->link[i], ev, now);
}

void cast_tree_stop(struct ha_cast *c)
{
	uint64_t it = 0;
	mroutes_withdraw(&c->mroutes);
	for (const struct mldr_channel *ch; (ch = mldr_next(&c->mldr, &it));) {
		const struct dp_op op = {.table = DP_MFC, .mfc = {.group = ch->key.group, .source = ch->key.source}};
		fx_dp_del(c->h->env.fx, ROLE_HA, &op);
	}
	for (uint32_t i = 0; i < c->conf->n_downstream; i++) {
		const struct dp_op op = {.table = DP_IF, .iface.ifindex = c->link[i].ifindex};
		if (c->link[i].ifindex)
			fx_dp_del(c->h->env.fx, ROLE_HA, &op);
	}
}
