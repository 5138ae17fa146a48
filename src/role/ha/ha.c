/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Home agent (RFC 6275 section 10; RFC 4285; RFC 5944 section 3.8).
 *
 * A mobile that is away registers where it can be reached. The home agent stands in for it: it attracts
 * packets for the home address, on a physical home link by proxy neighbour discovery and for a
 * virtual home prefix by being where its route leads, and has the datapath tunnel them to the
 * care-of address, and what comes out of the reverse tunnel go on.
 *
 *	ha_bu      checks of an update          ha_bind   the life of a binding
 *	ha_answer  acknowledgements, errors     ha_nd     the home link
 *	ha_store   records that survive         ha_mobile configuration, keys
 *	ha_disc    other home agents            ha_prefix mobile prefixes
 *	ha_net     mobile routers (RFC 3963)    ha_show   what the operator sees
 *	ha_group   members that hold the same   ha_announce  many home addresses at once
 *	ha_cast    mobiles that the network moves
 *	ha4_*      the same for Mobile IPv4 (RFC 5944); its bindings are in the same table
 *
 * Left out: correspondent node (role cn; without it HoTI and CoTI are answered with a binding error), multicast membership
 * through the tunnel (10.4.3, optional), ESP (it is the kernel's).
 */
#include "base/err.h"
#include "role/ha/ha4_i.h"

/* What a home prefix needs: the anycast address (IPv4: subnet-directed broadcast address, RFC 5944 3.8.2.1) at which its home agents are
 * asked for, and where no link has it, a route.
 * (The datapath takes packets for bound addresses; what the host itself sends there goes through roam0. A physical
 * home link has host routes, a binding each.) */
static void serve(struct ha *h, const struct prefix6 *p, bool is_on)
{
	bool is_v4 = addr6_is_v4mapped(&p->addr);
	struct dp_op op = {.table = DP_LOCAL, .local = {.addr = is_v4 ? ha4_broadcast_of(p) : ha_anycast(p), .flags = DP_LOCAL_MH}};
	struct fx_route r = {.dst = *p, .ifindex = IFINDEX_ROAM0};

	(is_on ? fx_dp_put : fx_dp_del)(h->env.fx, ROLE_HA, &op);
	if (!ha_link_of(h, &p->addr))
		fx_route(h->env.fx, ROLE_HA, is_on ? FX_ROUTE_PUT : FX_ROUTE_DEL, &r);
}

static void serve_all(struct ha *h, bool is_on)
{
	for (uint32_t i = 0; i < h->conf.n_home_prefix; i++)
		serve(h, &h->conf.home_prefix[i], is_on);
}

static void own_address(struct ha *h, bool is_on)
{
	const struct addr6 *own[] = {&h->conf.address, &h->conf.v4.address};

	for (int i = 0; i < 2; i++) {
		struct dp_op op = {.table = DP_LOCAL, .local = {.addr = *own[i], .flags = DP_LOCAL_MH | DP_LOCAL_HA}};
		if (!addr6_is_none(own[i]))
			(is_on ? fx_dp_put : fx_dp_del)(h->env.fx, ROLE_HA, &op);
	}
}

static void name_link(struct ha_link *l, const char *name)
{
	memcpy(l->name, name, sizeof l->name);
}

static void fini(void *self);

static int init(void *self, const struct engine_env *env, const void *conf, struct now now, const char **remedy)
{
	struct ha *h = self;

	*remedy = ha_conf_check(conf);
	if (*remedy)
		return ERR_INVAL;
	memset(h, 0, sizeof *h);
	h->env = *env;
	ha_conf_take(&h->conf, conf);
	bindings_init(&h->bindings, env->mem, env->rng, ha4_is_on(h) ? sizeof(struct ha4) : sizeof(struct binding), h->conf.bindings_max);
	table_init(&h->checks, env->mem, env->rng, offsetof(struct ha_check, hoa), sizeof(struct addr6));
	timers_init(&h->check_timers, env->mem);
	rate_init(&h->rate, env->rng);
	ha_prefix_init(h, now);
	h->rounds.next = MONO_NEVER;
	table_init(&h->routers, env->mem, env->rng, offsetof(struct ha_router, hoa), sizeof(struct addr6));
	if (h->conf.home_link[0])
		name_link(&h->home[h->n_home++], h->conf.home_link);
	for (uint32_t i = 0; i < h->conf.n_link; i++)
		name_link(&h->home[h->n_home++], h->conf.link[i].name);
	for (uint32_t i = 0; i < h->conf.n_uplink; i++)
		name_link(&h->uplink[i], h->conf.uplink[i]);
	ha4_init(h);
	*remedy = ha4_keys_check(h, &h->conf);
	if (!*remedy)
		*remedy = ha_key_load(h, &h->conf);
	if (*remedy)
		return ERR_NOTFOUND;
	ha4_keys_load(h);
	int err = ha_mobiles_load(&h->mobiles, env, &h->conf, remedy);
	if (err)
		return err;
	own_address(h, true);
	serve_all(h, true);
	ha_net_home_routes(h, NULL, FX_ROUTE_PUT);
	err = ha_cast_init(h, now, remedy);
	if (err)
		fini(h);
	return err;
}

static void fini(void *self)
{
	struct ha *h = self;
	struct ha_check *c;

	timers_fini(&h->check_timers); /* touches the timers in the checks */
	for (uint64_t it = 0; (c = table_next(&h->checks, &it));)
		mem_put(h->env.mem, c);
	table_fini(&h->checks);
	ha_announce_stop(h);
	ha_prefix_fini(h);
	ha_net_fini(h);
	ha4_fini(h);
	ha_cast_fini(h);
	bindings_fini(&h->bindings);
	ha_mobiles_free(&h->mobiles, &h->env);
}

static void put_link(struct ha *h, struct ha_link *l, uint32_t flags, uint32_t mtu_oct)
{
	struct dp_op op = {.table = DP_IF, .iface = {.ifindex = l->ifindex, .flags = flags, .lladdr = l->lladdr,
						     .mtu_oct = mtu_oct}};
	if (flags & DP_IF_HOME && ha4_is_on(h) && h->conf.v4.has_broadcast)
		op.iface.flags |= DP_IF_BROADCAST;
	fx_dp_put(h->env.fx, ROLE_HA, &op);
	l->is_put = true;
}

static void del_link(struct ha *h, struct ha_link *l)
{
	struct dp_op op = {.table = DP_IF, .iface = {.ifindex = l->ifindex}};
	if (l->is_put)
		fx_dp_del(h->env.fx, ROLE_HA, &op);
	l->is_put = false;
}

/* Follow one of our links. */
static void follow(struct ha *h, struct ha_link *l, uint32_t flags, const struct link_event *ev)
{
	if (ev->is_gone) {
		del_link(h, l);
		l->ifindex = 0;
		l->is_up = false;
		return;
	}
	l->ifindex = ev->ifindex;
	l->lladdr = ev->lladdr;
	l->is_up = ev->is_up;
	if (l->is_up)
		put_link(h, l, flags, ev->mtu_oct);
}

static void on_home_link(struct ha *h, struct ha_link *l, const struct link_event *ev, struct now now)
{
	bool was_up = l->is_up;

	follow(h, l, DP_IF_HOME, ev);
	if (ev->is_gone) {
		ha_home_link_gone(h, l);
	} else if (l->is_up && !was_up) {
		ha_net_home_routes(h, l, FX_ROUTE_PUT);
		ha_home_link_up(h, l, now);
	}
}

static void on_link(void *self, const struct link_event *ev, struct now now)
{
	struct ha *h = self;

	for (uint32_t i = 0; i < h->conf.n_uplink; i++)
		if (strncmp(h->uplink[i].name, ev->name, sizeof ev->name) == 0)
			follow(h, &h->uplink[i], DP_IF_UPSTREAM, ev);
	for (uint32_t i = 0; i < h->n_home; i++)
		if (strncmp(h->home[i].name, ev->name, sizeof ev->name) == 0)
			on_home_link(h, &h->home[i], ev, now);
	ha_cast_link(h, ev, now);
}

static bool on_rx(void *self, const struct rx *rx, struct now now)
{
	struct ha *h = self;

	if (ha_cast_rx(h, rx, now))
		return true;
	switch (rx->why) {
	case DP_PUNT_NONE:
		return rx_is_v4(rx) ? ha4_rx(h, rx, now) || ha_rx_mh(h, rx, now) : ha_rx_mh(h, rx, now);
	case DP_PUNT_MH:
		return ha_rx_mh(h, rx, now);
	case DP_PUNT_MIP4:
		return ha4_rx(h, rx, now);
	case DP_PUNT_ARP:
		return ha4_rx_arp(h, rx, now);
	case DP_PUNT_BROADCAST:
		return ha4_rx_broadcast(h, rx, now);
	case DP_PUNT_ND:
		return ha_rx_nd(h, rx, now);
	case DP_PUNT_HAO:
		return ha_rx_hao(h, rx, now);
	case DP_PUNT_RA:
		return ha_rx_ra(h, rx, now);
	case DP_PUNT_ICMP_HA:
		return ha_rx_icmp(h, rx, now);
	case DP_PUNT_MLD:
	case DP_PUNT_RS:
	case DP_PUNT_ICMP_ERR:
	case DP_PUNT_SLOW:
	case DP_PUNT_RO:
	case DP_PUNT_IGMP:
	case DP_PUNT_ADV4:
	case DP_PUNT_UNBOUND:
	case DP_PUNT_N:
		break;
	}
	return false;
}

static void tick(void *self, struct now now)
{
	ha_check_timers(self, now);
	ha_binding_timers(self, now);
	ha_prefix_timers(self, now);
	ha4_revocation_tick(self, now);
	ha_announce_timers(self, now);
	ha_cast_tick(self, now);
}

static mono_t expiry(const void *self)
{
	const struct ha *h = self;
	return mono_min(mono_min(mono_min(ha_prefix_expiry(h), h->rounds.next), timers_next(&h->revocation_timers)),
			mono_min(mono_min(bindings_expiry(&h->bindings), timers_next(&h->check_timers)), ha_cast_expiry(h)));
}

static uint16_t port(const void *self) { return ha_cast_port(self); }
static bool follows(const void *self) { return ha_cast_follows(self); }

static void on_mroute(void *self, const struct mroute_event *ev, struct now now)
{
	(void)now;
	ha_cast_mroute(self, ev);
}

static void network_routes(struct ha *h, enum effect_kind kind)
{
	ha_net_home_routes(h, NULL, kind);
	for (uint32_t i = 0; i < h->n_home; i++)
		if (h->home[i].ifindex)
			ha_net_home_routes(h, &h->home[i], kind);
}

static void stop(void *self, struct now now)
{
	struct ha *h = self;
	struct binding *b;

	(void)now;
	for (uint64_t it = 0; (b = bindings_next(&h->bindings, &it));) {
		if (ha_is_active(b) || (b->flags & HA_LINGERS))
			ha_unbind(h, b);
		if (ha_is_active(b)) {
			ha_intercept_end(h, b);
		} else {
			ha_check_cancel(h, &b->hoa);
		}
	}
	ha_cast_stop(h);
	own_address(h, false);
	ha_own_end(h);
	serve_all(h, false);
	network_routes(h, FX_ROUTE_DEL);
	for (uint32_t i = 0; i < h->n_home; i++)
		del_link(h, &h->home[i]);
	for (uint32_t i = 0; i < h->conf.n_uplink; i++)
		del_link(h, &h->uplink[i]);
}

static void on_restored(void *self, struct now now) { ha4_restored(self, now); }

/* The same links, and no prefix on another one. */
static bool has_same_links(const struct ha_conf *a, const struct ha_conf *b)
{
	bool is_same = a->n_link == b->n_link;

	for (uint32_t i = 0; i < a->n_link && is_same; i++)
		is_same = memcmp(a->link[i].name, b->link[i].name, sizeof a->link[i].name) == 0;
	for (uint32_t i = 0; i < a->n_home_prefix; i++)
		for (uint32_t k = 0; k < b->n_home_prefix; k++)
			is_same &= !prefix6_eq(&a->home_prefix[i], &b->home_prefix[k]) || a->prefix_link[i] == b->prefix_link[k];
	return is_same;
}

/* What a running home agent cannot change: its address, links, the size of its table. */
static bool is_same_place(const struct ha_conf *a, const struct ha_conf *b)
{
	return addr6_eq(&a->address, &b->address) && addr6_eq(&a->v4.address, &b->v4.address) &&
	       memcmp(a->home_link, b->home_link, sizeof a->home_link) == 0 && a->n_uplink == b->n_uplink &&
	       memcmp(a->uplink, b->uplink, a->n_uplink * sizeof a->uplink[0]) == 0 && a->bindings_max == b->bindings_max &&
	       has_same_links(a, b) && memcmp(&a->cast, &b->cast, sizeof a->cast) == 0;
}

static bool has_prefix(const struct ha_conf *c, const struct prefix6 *p)
{
	for (uint32_t i = 0; i < c->n_home_prefix; i++)
		if (prefix6_eq(&c->home_prefix[i], p))
			return true;
	return false;
}

/* Is anything else to be told to mobiles (RFC 6275 10.6.2)? */
static bool has_same_prefixes(const struct ha_conf *a, const struct ha_conf *b)
{
	for (uint32_t i = 0; i < a->n_home_prefix; i++)
		if (!has_prefix(b, &a->home_prefix[i]))
			return false;
	return a->n_home_prefix == b->n_home_prefix && a->prefix_valid.ns == b->prefix_valid.ns &&
	       a->prefix_preferred.ns == b->prefix_preferred.ns;
}

static void change_conf(struct ha *h, const struct ha_conf *conf)
{
	for (uint32_t i = 0; i < h->conf.n_home_prefix; i++)
		if (!has_prefix(conf, &h->conf.home_prefix[i]))
			serve(h, &h->conf.home_prefix[i], false);
	network_routes(h, FX_ROUTE_DEL);
	h->conf = *conf;
	ha4_keys_load(h);
	network_routes(h, FX_ROUTE_PUT);
	serve_all(h, true);
}

/* next: as ha_conf_take made it. */
static int change(struct ha *h, const struct ha_conf *next, struct now now, const char **remedy)
{
	struct ha_mobiles mobiles;
	struct binding *b;

	if (!is_same_place(&h->conf, next)) {
		*remedy = "the home agent's address, links, table size and provisioned block change only with a restart";
		return ERR_NOTSUP;
	}
	int err = ha_mobiles_load(&mobiles, &h->env, next, remedy);
	if (err)
		return err;
	*remedy = ha4_keys_check(h, next);
	if (!*remedy)
		*remedy = ha_key_load(h, next);
	if (*remedy) {
		ha_mobiles_free(&mobiles, &h->env);
		return ERR_NOTFOUND;
	}
	ha_mobiles_free(&h->mobiles, &h->env);
	h->mobiles = mobiles;
	ha4_pool_apply(h);
	bool is_same = has_same_prefixes(&h->conf, next);
	for (uint64_t it = 0; (b = bindings_next(&h->bindings, &it));)
		if (!ha_conf_serves(next, &b->hoa))
			ha_drop(h, b, "its home prefix is no longer configured", now); /* while it is known whose link it is on */
	change_conf(h, next);
	for (uint64_t it = 0; (b = bindings_next(&h->bindings, &it));) {
		if (!ha_is_active(b))
			continue;
		if (!ha_mobile_key(h, &b->hoa))
			ha_drop(h, b, "the mobile is no longer configured", now);
		else if (!ha_net_is_still_authorised(h, &b->hoa))
			ha_drop(h, b, "a network of the mobile router is no longer configured", now);
		else
			ha_cap(h, b, now);
	}
	ha_prefix_reconf(h, now);
	if (!is_same)
		ha_prefix_changed(h, now);
	return ERR_OK;
}

static int reconf(void *self, const void *conf, struct now now, const char **remedy)
{
	struct ha *h = self;

	*remedy = ha_conf_check(conf);
	if (*remedy)
		return ERR_INVAL;
	struct ha_conf *next = mem_get(h->env.mem, sizeof *next);
	if (!next)
		return ERR_NOMEM;
	ha_conf_take(next, conf);
	int err = change(h, next, now, remedy);
	mem_put(h->env.mem, next);
	return err;
}

const struct role_ops ha_role = {
	.id = ROLE_HA,
	.name = "ha",
	.conf = &ha_conf_block,
	.size_oct = sizeof(struct ha),
	.init = init,
	.fini = fini,
	.stop = stop,
	.restore = ha_restore,
	.restored = on_restored,
	.reconf = reconf,
	.rx = on_rx,
	.link = on_link,
	.local = ha_local,
	.tick = tick,
	.expiry = expiry,
	.show = ha_show,
	.ctl = ha_ctl,
	.advise = ha4_advise,
	.replica = ha_replica,
	.record = ha_record,
	.active = ha_active,
	.port = port,
	.mroute = on_mroute,
	.follows = follows,
};
