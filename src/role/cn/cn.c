/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Correspondent node (RFC 6275 8.1, 8.2, 9): a host with which mobiles bind, so that it sends to them where they are. Any
 * mobile may, without an association: it proves by return routability that it receives at both addresses.
 *
 *   rr.c     tests: keygen tokens
 *   bu.c     binding updates: checks and answers
 *   cache.c  bindings: limits, datapath, refresh, what is remembered against replays
 *   error.c  binding errors, ICMP both ways
 *
 * The host's own addresses are told by the driver (role_ops.local); each that may be bound with gets its Mobility Header messages
 * handed up, by the datapath, since the kernel would refuse the Home Address option in front of them. Other roles of the node get what is
 * theirs: updates with H where a home agent runs, with M where an MMA does, and everything that is no request to a correspondent node.
 *
 * Bindings are not stored. After a restart no token of before counts, mobiles hear a Binding Error or their next update's
 * answer, and begin anew; until then the datapath goes on with what it has.
 */
#include "base/err.h"
#include "role/cn/cn_i.h"

/* --- addresses of ours -------------------------------------------------------------------------------------------- */

bool cn_is_local(const struct cn *cn, const struct addr6 *a)
{
	for (uint32_t i = 0; i < cn->n_local; i++)
		if (addr6_eq(&cn->local[i].addr, a))
			return true;
	return false;
}

static struct cn_local *local_find(struct cn *cn, const struct addr6 *a, uint32_t ifindex)
{
	for (uint32_t i = 0; i < cn->n_local; i++)
		if (cn->local[i].ifindex == ifindex && addr6_eq(&cn->local[i].addr, a))
			return &cn->local[i];
	return NULL;
}

static void push_local(struct cn *cn, const struct addr6 *a, bool is_put)
{
	const struct dp_op op = {.table = DP_LOCAL, .local = {.addr = *a, .flags = DP_LOCAL_MH}};
	(is_put ? fx_dp_put : fx_dp_del)(cn->env->fx, ROLE_CN, &op);
}

static void local_gone(struct cn *cn, struct cn_local *l, struct now now)
{
	const struct addr6 addr = l->addr;
	*l = cn->local[--cn->n_local];
	if (cn_is_local(cn, &addr))
		return; /* on another interface */
	push_local(cn, &addr, false);
	cn_cache_end_all(cn, &addr, "this host no longer has the address", now);
}

static const struct cn_link *link_find(const struct cn *cn, uint32_t ifindex)
{
	for (uint32_t i = 0; i < cn->n_link; i++)
		if (cn->link[i].ifindex == ifindex)
			return &cn->link[i];
	return NULL;
}

static void cn_on_local(void *self, const struct local_event *ev, struct now now)
{
	struct cn *cn = self;
	struct cn_local *l = local_find(cn, &ev->addr, ev->ifindex);

	if (ev->is_gone && l)
		local_gone(cn, l, now);
	if (ev->is_gone || l || !link_find(cn, ev->ifindex) || !addr6_is_routable(&ev->addr))
		return;
	if (cn->n_local == CN_LOCAL_MAX) {
		fx_event(cn->env->fx, ROLE_CN, EV_WARNING, "address-left-out", NULL, "%s: mobiles can bind with %d addresses at most: name interfaces",
			 ADDR6_STR(&ev->addr), CN_LOCAL_MAX);
		return;
	}
	cn->local[cn->n_local++] = (struct cn_local){ev->addr, ev->ifindex};
	push_local(cn, &ev->addr, true);
}

/* --- links --------------------------------------------------------------------------------------------------------- */

static bool is_named(const struct cn *cn, const char *name)
{
	for (uint32_t i = 0; i < cn->conf.n_interface; i++)
		if (strcmp(cn->conf.interface[i], name) == 0)
			return true;
	return false;
}

static bool is_loopback(const struct link_event *ev) { return strcmp(ev->name, "lo") == 0; }

/* Only what has link-layer addresses: the programs find the IPv6 header behind an Ethernet header. They are not needed on the loopback
 * interface: packets for its addresses come in elsewhere. */
static bool is_wanted(const struct cn *cn, const struct link_event *ev)
{
	if (lladdr_is_zero(&ev->lladdr) && !is_loopback(ev)) {
		if (is_named(cn, ev->name))
			fx_event(cn->env->fx, ROLE_CN, EV_WARNING, "interface-left-out", NULL, "%s has no link-layer address: mobiles cannot bind with its addresses",
				 ev->name);
		return false;
	}
	return is_named(cn, ev->name) || (cn->conf.n_interface == 0 && strcmp(ev->name, "roam0") != 0);
}

static void link_gone(struct cn *cn, uint32_t ifindex, struct now now)
{
	const struct dp_op op = {.table = DP_IF, .iface.ifindex = ifindex};
	for (uint32_t i = cn->n_local; i-- > 0;)
		if (cn->local[i].ifindex == ifindex)
			local_gone(cn, &cn->local[i], now);
	for (uint32_t i = cn->n_link; i-- > 0;)
		if (cn->link[i].ifindex == ifindex)
			cn->link[i] = cn->link[--cn->n_link];
	fx_dp_del(cn->env->fx, ROLE_CN, &op);
}

/* No flags: the programs run there, and nothing else about the interface changes; a host stays a host. */
static void cn_on_link(void *self, const struct link_event *ev, struct now now)
{
	struct cn *cn = self;
	const struct dp_op op = {.table = DP_IF, .iface = {.ifindex = ev->ifindex, .lladdr = ev->lladdr, .mtu_oct = ev->mtu_oct}};
	const struct cn_link *known = link_find(cn, ev->ifindex);

	if (ev->is_gone && known)
		link_gone(cn, ev->ifindex, now);
	if (ev->is_gone || !is_wanted(cn, ev))
		return;
	if (!known && cn->n_link < CN_LOCAL_MAX)
		cn->link[cn->n_link++] = (struct cn_link){ev->ifindex};
	if (ev->is_up && !is_loopback(ev))
		fx_dp_put(cn->env->fx, ROLE_CN, &op);
}

/* --- beginning and end ----------------------------------------------------------------------------------------------- */

static void push_trust(struct cn *cn, bool is_put)
{
	for (uint32_t i = 0; i < cn->conf.n_trust; i++) {
		const struct dp_op op = {.table = DP_CN_TRUST, .cn_trust = {cn->conf.trust[i].home, cn->conf.trust[i].coa}};
		(is_put ? fx_dp_put : fx_dp_del)(cn->env->fx, ROLE_CN, &op);
	}
}

static int cn_init(void *self, const struct engine_env *env, const void *conf, struct now now, const char **remedy)
{
	struct cn *cn = self;
	(void)now;
	(void)remedy;
	memset(cn, 0, sizeof *cn);
	cn->env = env;
	cn->conf = *(const struct cn_conf *)conf;
	rr_nonces_init(&cn->nonces, env->rng);
	cn_cache_init(&cn->cache, env);
	rate_init(&cn->tests, env->rng);
	rate_init(&cn->refusals, env->rng);
	push_trust(cn, true);
	return ERR_OK;
}

static void cn_fini(void *self)
{
	struct cn *cn = self;
	cn_cache_fini(&cn->cache);
	memset(&cn->nonces, 0, sizeof cn->nonces);
}

static void cn_stop(void *self, struct now now)
{
	struct cn *cn = self;
	cn_cache_end_all(cn, NULL, "the daemon stops", now);
	push_trust(cn, false);
	while (cn->n_link)
		link_gone(cn, cn->link[0].ifindex, now);
}

static int cn_reconf(void *self, const void *conf, struct now now, const char **remedy)
{
	struct cn *cn = self;
	const struct cn_conf *c = conf;
	(void)now;
	if (c->n_interface != cn->conf.n_interface || memcmp(c->interface, cn->conf.interface, sizeof c->interface) != 0) {
		*remedy = "another set of interfaces needs a restart of the daemon";
		return ERR_NOTSUP;
	}
	push_trust(cn, false);
	cn->conf = *c;
	push_trust(cn, true);
	return ERR_OK;
}

/* --- events ---------------------------------------------------------------------------------------------------------- */

static bool has_role(const struct cn *cn, enum role_id r) { return cn->env->roles >> r & 1; }

/* Whose update is it, where agents run beside us? */
static bool is_agents(const struct cn *cn, const struct mh_packet *p)
{
	uint16_t flags = p->mh.bu.flags;
	return ((flags & BU_H) && has_role(cn, ROLE_HA)) || ((flags & BU_M) && has_role(cn, ROLE_MMA));
}

static bool rx_mh(struct cn *cn, const struct rx *rx, struct now now)
{
	struct mh_packet p = {0};
	enum wire_err err = mh_packet_parse(rx->pkt, rx->len_oct, &p);

	if (err == W_PROTO || !cn_is_local(cn, &p.dst) || p.has_rh2)
		return false;
	if (err != W_OK && (has_role(cn, ROLE_HA) || has_role(cn, ROLE_MMA)))
		return false; /* they know more types, and answer as we would */
	if (err != W_OK)
		cn_error_rx_mh(cn, rx, &p, err, now);
	else if (p.mh.type == MH_HOTI || p.mh.type == MH_COTI)
		cn_rr_rx(cn, &p, now);
	else if (p.mh.type == MH_BU && !is_agents(cn, &p))
		cn_bu_rx(cn, &p, now);
	else
		return false;
	return true;
}

static bool cn_rx(void *self, const struct rx *rx, struct now now)
{
	struct cn *cn = self;
	if (rx->why == DP_PUNT_MH || rx->why == DP_PUNT_NONE)
		return rx_mh(cn, rx, now);
	if (rx->why == DP_PUNT_HAO)
		return cn_error_rx_hao(cn, rx, now);
	return rx->why == DP_PUNT_ICMP_ERR && cn_error_rx_icmp(cn, rx, now);
}

static void cn_tick(void *self, struct now now) { cn_cache_tick(self, now); }

static mono_t cn_expiry(const void *self) { return cn_cache_expiry(&((const struct cn *)self)->cache); }

/* drop HOME-ADDRESS: with all addresses of ours. */
static int cn_ctl(void *self, const struct ctl_cmd *cmd, struct now now, const char **msg)
{
	struct cn *cn = self;
	struct addr6 hoa;
	int found = ERR_NOTFOUND;
	if (cmd->argc != 2 || strcmp(cmd->argv[0], "drop") != 0 || !addr6_parse(&hoa, cmd->argv[1]))
		return ERR_NOTFOUND;
	for (uint32_t i = 0; i < cn->n_local; i++) {
		struct cn_binding *b = cn_cache_find(&cn->cache, &hoa, &cn->local[i].addr);
		if (b && b->is_active) {
			cn_cache_end(cn, b, "dropped by the operator", now);
			found = ERR_OK;
		}
	}
	*msg = NULL;
	return found;
}

const struct role_ops cn_role = {
	.id = ROLE_CN, .name = "cn", .conf = &cn_conf_block, .size_oct = sizeof(struct cn),
	.init = cn_init, .fini = cn_fini, .stop = cn_stop, .reconf = cn_reconf, .rx = cn_rx, .link = cn_on_link, .local = cn_on_local,
	.tick = cn_tick, .expiry = cn_expiry, .show = cn_show, .ctl = cn_ctl,
};
