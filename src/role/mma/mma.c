/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mobility management agent of a site: between sites it is where mobiles are to be found (their care-of addresses are
 * ours), inside the site it sends to their groups and does not know where they are.
 *
 *   reg.c   registration: checks and answers
 *   reg4.c, relay.c, answer4.c  the same in Mobile IPv4 (H-7), where to home agents we are a foreign agent
 *   bind.c  bindings: datapath, store
 *   forward.c  mobiles that left for another site, or came from one; peer.c  the agents there
 *   pool.c  care-of addresses
 *   mldr    (core) which downstream links have listeners: the forwarding entry of each group
 *
 * The service address is the source of all groups and lies on roam0 unless configured otherwise. The pool is
 * routed to roam0 too: a packet for an address that nobody has ends there, instead of going back to where it came from.
 * Either family alone or both: bindings, forwardings, groups and links are the same tables, IPv4 addresses mapped.
 * No membership is ever reported here, so no join leaves the site (H-23).
 *
 * Left out so far: redundancy.
 */
#include "base/err.h"
#include "role/mma/mma_i.h"

/* --- mobiles ---------------------------------------------------------------------------------------------- */

const struct mma_mobile *mma_mobile_find(const struct mma *m, const struct addr6 *hoa)
{
	const struct mma_mobile *best = table_find(&m->mobiles, hoa);
	for (uint32_t i = 0; !best && i < m->conf.n_mobile; i++)
		if (m->mobile[i].conf->home.len_bits < 128 && prefix6_contains(&m->mobile[i].conf->home, hoa))
			best = &m->mobile[i];
	return best ? best : mma_key_find(m, hoa);
}

/* Is there a key for each mobile of this configuration? */
static const char *check_keys(const struct mma *m, const struct mma_conf *c)
{
	for (uint32_t i = 0; i < c->n_mobile; i++) {
		const struct sa_key *key = m->env->key(m->env->ctx, c->mobile[i].key);
		if (!key)
			return "a mobile names a key that is not configured: add a key block of that name";
		if (sa_key_is_v4_only(key) && !addr6_is_v4mapped(&c->mobile[i].home.addr))
			return "a key with hmac-md5 serves IPv4 home addresses alone: give the mobile one with hmac-sha256";
	}
	return mma_peer_check(m, c);
}

static int load_mobiles(struct mma *m)
{
	table_fini(&m->mobiles);
	table_init(&m->mobiles, m->env->mem, m->env->rng, offsetof(struct mma_mobile, hoa), sizeof(struct addr6));
	for (uint32_t i = 0; i < m->conf.n_mobile; i++) {
		struct mma_mobile *mo = &m->mobile[i];
		mo->conf = &m->conf.mobile[i];
		mo->hoa = mo->conf->home.addr;
		mo->key = m->env->key(m->env->ctx, mo->conf->key);
		if (mo->conf->home.len_bits == 128 && table_add(&m->mobiles, mo) != ERR_OK)
			return ERR_NOMEM;
	}
	return ERR_OK;
}

/* --- what is there as long as the role runs ------------------------------------------------------------------ */

typedef void dp_push(struct effq *, enum role_id, const struct dp_op *);

static void push_local(struct mma *m, dp_push *how, const struct addr6 *address)
{
	const struct dp_op op = {.table = DP_LOCAL, .local = {.addr = *address, .flags = DP_LOCAL_MH | DP_LOCAL_MMA}};
	if (!addr6_is_none(address))
		how(m->env->fx, ROLE_MMA, &op);
}

static void push_site_prefix(struct mma *m, dp_push *how, const struct prefix6 *prefix)
{
	const struct dp_op op = {.table = DP_SITE_PREFIX, .site_prefix.prefix = *prefix};
	if (prefix->len_bits)
		how(m->env->fx, ROLE_MMA, &op);
}

static void push_site(struct mma *m, dp_push *how)
{
	push_local(m, how, &m->conf.address);
	push_local(m, how, &m->conf.address_v4);
	for (uint32_t i = 0; i < m->conf.n_access_prefix; i++)
		push_site_prefix(m, how, &m->conf.access_prefix[i]);
	push_site_prefix(m, how, &m->conf.site_pool);
	mma_net_push(m, how);
}

static void push_address(struct mma *m, enum effect_kind add_or_del, uint32_t ifindex)
{
	const struct addr6 *both[] = {&m->conf.address, &m->conf.address_v4};
	for (int i = 0; i < 2; i++) {
		const struct fx_addr a = {.ifindex = ifindex, .addr = *both[i], .plen_bits = 128, .flags = ADDR_NODAD};
		if (!addr6_is_none(both[i]))
			fx_addr(m->env->fx, ROLE_MMA, add_or_del, &a);
	}
}

void mma_push_addresses(struct mma *m, enum effect_kind add_or_del)
{
	uint32_t ifindex = m->conf.address_if[0] ? m->env->ifindex(m->env->ctx, m->conf.address_if) : IFINDEX_ROAM0;
	if (ifindex)
		push_address(m, add_or_del, ifindex);
}

static void push_pool_routes(struct mma *m, enum effect_kind put_or_del)
{
	const struct prefix6 *pool[] = {mma_has_v6(&m->conf) ? &m->conf.coa_prefix : NULL, mma_has_v4(&m->conf) ? &m->conf.site_pool : NULL};
	for (int i = 0; i < 2; i++) {
		if (!pool[i] || !pool[i]->len_bits)
			continue;
		const struct fx_route r = {.dst = *pool[i], .ifindex = IFINDEX_ROAM0, .metric = 1024};
		fx_route(m->env->fx, ROLE_MMA, put_or_del, &r);
	}
}

static void on_change(void *ctx, const struct mldr_channel *ch, uint32_t ifindex, bool is_first, struct now now)
{
	struct mma *m = ctx;
	struct dp_op op = {.table = DP_MFC, .mfc = {.group = ch->key.group, .source = ch->key.source,
						  .is_merge = m->mldr.is_learning}};
	if (ifindex)
		fx_event(m->env->fx, ROLE_MMA, EV_DEBUG, is_first ? "listener-first" : "listener-last", NULL, "group %s on interface %u",
			 ADDR46_STR(&ch->key.group), ifindex);
	op.mfc.n_oif = mldr_oifs(&m->mldr, ch, op.mfc.oif);
	if (op.mfc.n_oif) {
		fx_dp_put(m->env->fx, ROLE_MMA, &op);
		mma_answer_listened(m, &ch->key.group);
	} else {
		fx_dp_del(m->env->fx, ROLE_MMA, &op);
		mma_forward_unlistened(m, &ch->key.group, now);
	}
}

static void enter_at(struct mma *m, uint32_t ifindex)
{
	m->inject_ifindex = ifindex;
	mroutes_enter(&m->mroutes, ifindex);
}

static void name_links(struct mma *m)
{
	for (uint32_t i = 0; i < m->conf.n_upstream; i++)
		m->link[m->n_link++] = (struct mma_link){.name = m->conf.upstream[i]};
	for (uint32_t i = 0; i < m->conf.n_downstream; i++)
		m->link[m->n_link++] = (struct mma_link){.name = m->conf.downstream[i], .is_downstream = true};
}

static int mma_init(void *self, const struct engine_env *env, const void *conf, struct now now, const char **remedy)
{
	struct mma *m = self;
	(void)now;
	memset(m, 0, sizeof *m);
	m->env = env;
	*remedy = mma_conf_check(conf);
	if (!*remedy)
		*remedy = check_keys(m, conf);
	if (*remedy)
		return ERR_INVAL;
	m->conf = *(const struct mma_conf *)conf;
	bindings_init(&m->bindings, env->mem, env->rng, sizeof(struct mma_binding), m->conf.bindings_max);
	table_init(&m->by_coa, env->mem, env->rng, offsetof(struct mma_binding, b.coa), sizeof(struct addr6));
	table_init(&m->by_group, env->mem, env->rng, offsetof(struct mma_binding, group), sizeof(struct addr6));
	table_init(&m->mobiles, env->mem, env->rng, offsetof(struct mma_mobile, hoa), sizeof(struct addr6));
	mma_forward_init(m);
	mma_key_init(m);
	mma_ro_init(m);
	rate_init(&m->refusals, env->rng);
	rate_init(&m->peer_rate, env->rng);
	mma_peer_load(m);
	mldr_init(&m->mldr, env, ROLE_MMA);
	m->mldr.change = on_change;
	m->mldr.ctx = m;
	mroutes_init(&m->mroutes, env, ROLE_MMA, &m->conf.address, &m->conf.address_v4);
	name_links(m);
	if (m->conf.multicast == MMA_PIM && !m->conf.source_if[0])
		enter_at(m, IFINDEX_ROAM0);
	if (load_mobiles(m) != ERR_OK || mma_relay_init(m) != ERR_OK)
		return ERR_NOMEM;
	if (!m->conf.address_if[0])
		push_address(m, FX_ADDR_ADD, IFINDEX_ROAM0);
	push_pool_routes(m, FX_ROUTE_PUT);
	push_site(m, fx_dp_put);
	return ERR_OK;
}

static void mma_fini(void *self)
{
	struct mma *m = self;
	mldr_fini(&m->mldr);
	mroutes_fini(&m->mroutes);
	visitors_fini(&m->visitors);
	mma_answer_fini(m);
	table_fini(&m->mobiles);
	table_fini(&m->by_coa);
	table_fini(&m->by_group);
	mma_forward_fini(m);
	mma_key_fini(m);
	ro_fini(&m->ro);
	bindings_fini(&m->bindings);
}

/* --- links ------------------------------------------------------------------------------------------------- */

static void family_up(struct mma *m, const struct mma_link *l, const struct addr6 *src, const struct mldr_link_conf *c, struct now now)
{
	int err = mldr_link_up(&m->mldr, l->ifindex, src, c, now);
	if (err)
		fx_event(m->env->fx, ROLE_MMA, EV_ERROR, "multicast-off", NULL, "no multicast on %s: %s", l->name, err_str(err));
}

/* Queries come from the link-local address; in IPv4 from the service address, which we have in any case. */
static void link_multicast(struct mma *m, const struct mma_link *l, struct now now)
{
	struct mldr_link_conf c = {
		.admit = {m->conf.group_prefix, m->conf.group_prefix_v4}, .n_admit = 2,
		.source = {m->conf.address, m->conf.address_v4}, .n_source = 2,
		.is_sole = m->conf.is_sole_querier,
		.robustness = m->conf.robustness,
		.query_interval = m->conf.query_interval,
		.response_interval = m->conf.query_response,
		.last_listener_interval = span_s(1),
		.max_per_station = m->conf.bindings_max,
		.max_per_link = m->conf.bindings_max,
	};
	struct addr6 src = addr6_linklocal(&l->lladdr);
	memcpy(c.name, l->name, sizeof c.name);
	if (mma_has_v6(&m->conf))
		family_up(m, l, &src, &c, now);
	if (mma_has_v4(&m->conf))
		family_up(m, l, &m->conf.address_v4, &c, now);
}

static void on_link(struct mma *m, struct mma_link *l, const struct link_event *ev, struct now now)
{
	bool is_up = ev->is_up && !ev->is_gone, was_up = l->is_up;
	bool is_other = l->ifindex != ev->ifindex || !lladdr_eq(&l->lladdr, &ev->lladdr);
	struct dp_op op = {.table = DP_IF, .iface = {.ifindex = ev->ifindex, .lladdr = ev->lladdr, .mtu_oct = ev->mtu_oct,
						     .flags = l->is_downstream ? DP_IF_DOWNSTREAM : DP_IF_UPSTREAM}};

	if (was_up && l->is_downstream && m->conf.multicast != MMA_PIM && (!is_up || is_other))
		mldr_link_down(&m->mldr, l->ifindex, now);
	l->is_up = is_up;
	l->ifindex = ev->is_gone ? 0 : ev->ifindex;
	l->lladdr = ev->lladdr;
	if (ev->is_gone) {
		mroutes_link(&m->mroutes, ev->ifindex, false);
		fx_dp_del(m->env->fx, ROLE_MMA, &op);
	}
	if (!is_up)
		return;
	fx_dp_put(m->env->fx, ROLE_MMA, &op); /* the MTU may be another */
	mroutes_link(&m->mroutes, ev->ifindex, l->is_downstream && !lladdr_is_zero(&ev->lladdr));
	if (l->is_downstream && m->conf.multicast != MMA_PIM && (!was_up || is_other))
		link_multicast(m, l, now);
}

/* With PIM: where packets to groups enter the host's multicast forwarding. Bindings know the interface by its index. */
static void on_source_link(struct mma *m, const struct link_event *ev)
{
	uint32_t ifindex = ev->is_gone ? 0 : ev->ifindex;
	if (m->conf.multicast != MMA_PIM || !m->conf.source_if[0] || strcmp(ev->name, m->conf.source_if) != 0 ||
	    m->inject_ifindex == ifindex)
		return;
	enter_at(m, ifindex);
	mma_bind_push_all(m);
}

static void mma_link(void *self, const struct link_event *ev, struct now now)
{
	struct mma *m = self;
	on_source_link(m, ev);
	if (!m->is_grouped && m->conf.address_if[0] && strcmp(ev->name, m->conf.address_if) == 0 && ev->is_up)
		push_address(m, FX_ADDR_ADD, ev->ifindex);
	for (uint32_t i = 0; i < m->n_link; i++)
		if (strcmp(ev->name, m->link[i].name) == 0)
			on_link(m, &m->link[i], ev, now);
}

/* The routing daemon's tree, where it begins. */
static void mma_mroute(void *self, const struct mroute_event *ev, struct now now)
{
	struct mma *m = self;
	(void)now;
	mroutes_event(&m->mroutes, ev);
}

static bool mma_follows(const void *self) { return ((const struct mma *)self)->conf.multicast == MMA_PIM; }

/* --- events -------------------------------------------------------------------------------------------------- */

static bool mma_rx(void *self, const struct rx *rx, struct now now)
{
	struct mma *m = self;
	m->at = now;
	if (rx_is_v4(rx))
		return (mma_has_v4(&m->conf) && mma_reg4_rx(m, rx, now)) || mldr_rx(&m->mldr, rx, now);
	if (!rx_is_v6(rx) || !mma_has_v6(&m->conf))
		return false;
	return mma_reg_rx(m, rx, now) || mma_ro_rx(m, rx, now) || mldr_rx(&m->mldr, rx, now);
}

static void mma_tick(void *self, struct now now)
{
	struct mma *m = self;
	m->at = now;
	mma_forward_tick(m, now); /* before the addresses whose rest is over go */
	visitors_tick(&m->visitors, now); /* before bindings: each ends its own */
	mma_bind_tick(m, now);
	mma_key_tick(m, now);
	ro_tick(&m->ro, now);
	mldr_tick(&m->mldr, now);
	mma_answer_tick(m, now);
}

static mono_t mma_expiry(const void *self)
{
	const struct mma *m = self;
	mono_t mobiles = mono_min(bindings_expiry(&m->bindings), bindings_expiry(&m->forwards));
	mobiles = mono_min(mobiles, bindings_expiry(&m->lent));
	mobiles = mono_min(mobiles, mono_min(visitors_expiry(&m->visitors), mma_answer_expiry(m)));
	return mono_min(mono_min(mobiles, ro_expiry(&m->ro)), mldr_expiry(&m->mldr));
}

static int mma_restore(void *self, const struct store_rec *rec, struct now now)
{
	struct mma *m = self;
	return rec->table == STORE_BINDING_MMA ? mma_bind_restore(m, rec, now) : ro_restore(&m->ro, rec, now);
}

static int mma_replica(void *self, const struct store_rec *rec, const struct fx_change *change, struct now now)
{
	struct mma *m = self;
	m->at = now;
	return rec->table == STORE_BINDING_MMA ? mma_member_replica(m, rec, change, now) : ERR_NOTFOUND;
}

static bool mma_record(const void *self, struct store_rec *rec, uint8_t *buf, size_t cap_oct, struct fx_change *change, struct now now)
{
	return mma_record_of(self, rec, buf, cap_oct, change, now);
}

static void mma_active(void *self, bool is_active, struct now now)
{
	struct mma *m = self;
	m->at = now;
	mma_member_active(m, is_active, now);
}

static void mma_restored(void *self, struct now now)
{
	struct mma *m = self;
	mma_bind_restored(m, now);
	ro_restored(&m->ro, true, now);
}

static void withdraw_groups(struct mma *m)
{
	uint64_t it = 0;
	for (const struct mldr_channel *ch; (ch = mldr_next(&m->mldr, &it));) {
		struct dp_op op = {.table = DP_MFC, .mfc = {.group = ch->key.group, .source = ch->key.source}};
		fx_dp_del(m->env->fx, ROLE_MMA, &op);
	}
}

static void mma_stop(void *self, struct now now)
{
	struct mma *m = self;
	(void)now;
	ro_withdraw(&m->ro);
	mma_bind_withdraw_all(m);
	withdraw_groups(m);
	mroutes_withdraw(&m->mroutes);
	push_site(m, fx_dp_del);
	push_pool_routes(m, FX_ROUTE_DEL);
	if (!m->is_grouped)
		mma_push_addresses(m, FX_ADDR_DEL);
	for (uint32_t i = 0; i < m->n_link; i++) {
		struct dp_op op = {.table = DP_IF, .iface.ifindex = m->link[i].ifindex};
		if (m->link[i].ifindex)
			fx_dp_del(m->env->fx, ROLE_MMA, &op);
	}
}

/* --- the operator --------------------------------------------------------------------------------------------- */

static bool is_same_shape(const struct mma_conf *a, const struct mma_conf *b)
{
	return addr6_eq(&a->address, &b->address) && addr6_eq(&a->address_v4, &b->address_v4) && strcmp(a->address_if, b->address_if) == 0 &&
	       a->multicast == b->multicast && strcmp(a->source_if, b->source_if) == 0 &&
	       prefix6_eq(&a->coa_prefix, &b->coa_prefix) && prefix6_eq(&a->group_prefix, &b->group_prefix) &&
	       prefix6_eq(&a->group_prefix_v4, &b->group_prefix_v4) && prefix6_eq(&a->site_pool, &b->site_pool) && a->pending_max == b->pending_max &&
	       a->n_upstream == b->n_upstream && memcmp(a->upstream, b->upstream, sizeof a->upstream) == 0 &&
	       a->n_downstream == b->n_downstream && memcmp(a->downstream, b->downstream, sizeof a->downstream) == 0;
}

/* Mobiles, keys, limits and access prefixes may change; bindings stay until they are refreshed or end. */
/* Only those that the new configuration lacks: packets come through the others meanwhile. */
static void forget_prefixes(struct mma *m, const struct mma_conf *next)
{
	for (uint32_t i = 0; i < m->conf.n_access_prefix; i++) {
		const struct dp_op op = {.table = DP_SITE_PREFIX, .site_prefix.prefix = m->conf.access_prefix[i]};
		bool stays = false;
		for (uint32_t j = 0; j < next->n_access_prefix; j++)
			stays |= prefix6_eq(&next->access_prefix[j], &op.site_prefix.prefix);
		if (!stays)
			fx_dp_del(m->env->fx, ROLE_MMA, &op);
	}
}

static int mma_reconf(void *self, const void *conf, struct now now, const char **remedy)
{
	struct mma *m = self;
	(void)now;
	*remedy = mma_conf_check(conf);
	if (!*remedy)
		*remedy = check_keys(m, conf);
	if (*remedy)
		return ERR_INVAL;
	if (!is_same_shape(&m->conf, conf)) {
		*remedy = "another address, pool, group prefix or set of interfaces needs a restart of the daemon";
		return ERR_NOTSUP;
	}
	forget_prefixes(m, conf);
	if (memcmp(m->conf.mobile, ((const struct mma_conf *)conf)->mobile, sizeof m->conf.mobile) != 0)
		mma_net_push(m, fx_dp_del);
	m->conf = *(const struct mma_conf *)conf;
	m->bindings.max = m->conf.bindings_max;
	m->forwards.max = m->conf.forwardings_max;
	mma_peer_load(m);
	push_site(m, fx_dp_put);
	mma_ro_reconf(m);
	mma_relay_conf(m);
	return load_mobiles(m);
}

/* drop HOME-ADDRESS: its binding, or the forwarding of its packets */
static int mma_ctl(void *self, const struct ctl_cmd *cmd, struct now now, const char **msg)
{
	struct mma *m = self;
	struct addr6 hoa;
	if (cmd->argc < 1 || strcmp(cmd->argv[0], "drop") != 0)
		return ERR_NOTFOUND;
	*msg = "usage: drop HOME-ADDRESS";
	if (cmd->argc != 2 || !addr46_parse(&hoa, cmd->argv[1]))
		return ERR_INVAL;
	struct mma_binding *mb = binding_find(&m->bindings, &hoa);
	bool is_done = mma_relay_revoke(m, &hoa, now); /* which ends the binding */
	if (!is_done && mb && mb->b.state == BINDING_ACTIVE)
		mma_bind_release(m, mb, NULL, "dropped by the operator", now);
	else if (!is_done && (!mb || !mma_forward_drop(m, mb, now)))
		return ERR_NOTFOUND;
	*msg = NULL;
	return ERR_OK;
}

const struct role_ops mma_role = {
	.id = ROLE_MMA, .name = "mma", .conf = &mma_conf_block, .size_oct = sizeof(struct mma),
	.init = mma_init, .fini = mma_fini, .stop = mma_stop, .restore = mma_restore, .restored = mma_restored,
	.reconf = mma_reconf, .rx = mma_rx, .link = mma_link, .tick = mma_tick, .expiry = mma_expiry, .show = mma_show, .ctl = mma_ctl,
	.mroute = mma_mroute, .follows = mma_follows,
	.replica = mma_replica, .record = mma_record, .active = mma_active,
};
