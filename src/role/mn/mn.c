/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile node as a role: hooks, timers, start and stop. What it does is told at the head of state.h. */
#include <string.h>

#include "base/err.h"
#include "role/mn/state.h"

void mn_arm(struct mn *mn, struct timer *t, enum mn_timer kind, mono_t when)
{
	t->kind = (uint16_t)kind;
	(void)timer_set(&mn->timers, t, when); /* reserved at init: cannot fail */
}

struct mn_if *mn_if_find(struct mn *mn, uint32_t ifindex)
{
	for (uint32_t i = 0; ifindex && i < mn->n_iface; i++)
		if (mn->iface[i].ifindex == ifindex)
			return &mn->iface[i];
	return NULL;
}

static const char *check6(const struct mn *mn)
{
	const struct mn_conf *c = &mn->conf;
	if (!addr6_is_routable(&c->home_address) || (!addr6_is_any(&c->home_agent) && !addr6_is_routable(&c->home_agent)))
		return "home-address and home-agent must be unicast addresses of global scope";
	if (!prefix6_contains(&c->home_prefix, &c->home_address))
		return "home-address must lie in home-prefix";
	if (c->group_prefix.len_bits != 64 || c->group_prefix.addr.b[0] != 0xff)
		return "group-prefix must be a multicast prefix of 64 bits, as in ff35::/64";
	const struct sa_key *key = mn->env.key(mn->env.ctx, c->key);
	if (!key)
		return "key must name a key block: the one shared with the home agent";
	if (sa_key_is_v4_only(key))
		return "key: HMAC-MD5 is Mobile IPv4's alone: name such a key in key-v4, and another one in key";
	return mn_net_check(c);
}

static const char *check(const struct mn *mn)
{
	const struct mn_conf *c = &mn->conf;
	if (!c->n_iface)
		return "give at least one interface, as in interface \"wlan0\" { }";
	if (!mn_conf_has6(c) && !mn_conf_has4(c))
		return "give home-address, or home-prefix-v4 and home-address-v4, or all of them";
	const char *remedy = mn_conf_has6(c) ? check6(mn) : NULL;
	return remedy ? remedy : mn4_check(mn);
}

static void ifaces_init(struct mn *mn)
{
	mn->n_iface = mn->conf.n_iface;
	for (uint32_t i = 0; i < mn->n_iface; i++) {
		struct mn_if *ifc = &mn->iface[i];
		ifc->mn = mn;
		memcpy(ifc->name, mn->conf.iface[i].name, sizeof ifc->name);
	}
}

static int mn_init(void *self, const struct engine_env *env, const void *conf, struct now now, const char **remedy)
{
	struct mn *mn = self;
	memset(mn, 0, sizeof *mn);
	mn->env = *env;
	mn->conf = *(const struct mn_conf *)conf;
	if (mn_has6(mn) && !mn->conf.home_prefix.len_bits) {
		mn->conf.home_prefix.len_bits = 64;
		memcpy(mn->conf.home_prefix.addr.b, mn->conf.home_address.b, 8);
	}
	*remedy = check(mn);
	if (*remedy)
		return ERR_INVAL;
	mn->policy = mn_conf_policy(&mn->conf);
	timers_init(&mn->timers, env->mem);
	int err = timers_reserve(&mn->timers, (4 + 5) * MN_IF_MAX + MN_PEER_MAX + 7 + MN_SITE_MAX + 6);
	if (err)
		return err;
	ifaces_init(mn);
	mn->since = now.mono;
	mn4_init(mn, now);
	if (!mn_has6(mn))
		return ERR_OK;
	mn_bul_init(mn);
	mn_group_identity(mn);
	err = mn_ro_init(mn);
	if (err) {
		mn_bul_fini(mn);
		mn4_fini(mn);
		timers_fini(&mn->timers);
	}
	return err;
}

static void mn_fini(void *self)
{
	struct mn *mn = self;
	if (mn_has6(mn)) {
		mn_ro_fini(mn);
		mn_bul_fini(mn);
	}
	mn4_fini(mn);
	timers_fini(&mn->timers);
}

/* The home address must be somewhere before any program asks for it. After a restart at home it still
 * lies on the home link: nothing is done until that link speaks. */
static void restored6(struct mn *mn, struct now now)
{
	ro_restored(&mn->ro, false, now);
	mn_path_listen(mn);
	mn_net_start(mn);
	if (mn->has_place && mn->place == MOVE_HOME)
		return;
	mn_path_roam0(mn);
	mn_path_roam0_default(mn);
	if (mn->has_place && mn->place == MOVE_SITE)
		mn_path_tunnel(mn, &mn->group, &mn->mma->addr, DP_ENCAP_GRE);
}

static void mn_restored(void *self, struct now now)
{
	struct mn *mn = self;
	if (mn_has6(mn))
		restored6(mn, now);
	if (mn_has4(mn))
		mn4_restored(mn, now);
}

static void stop6(struct mn *mn, struct now now)
{
	mn_ro_stop(mn, now);
	if (mn->conf.deregister_on_stop)
		mn_bul_farewell(mn, now);
	mn_store_put(mn, now);
	for (uint32_t i = 0; i < mn->n_iface; i++)
		mn_member_leave(&mn->iface[i]);
	mn_net_stop(mn);
	mn_path_stop(mn);
}

static void mn_stop(void *self, struct now now)
{
	struct mn *mn = self;
	if (mn_has4(mn))
		mn4_stop(mn, now);
	if (mn_has6(mn))
		stop6(mn, now);
	mn_net_routes_del(mn);
	for (uint32_t i = 0; i < mn->n_iface; i++)
		if (mn->iface[i].has_dp)
			mn_path_iface_gone(&mn->iface[i]);
}

static int mn_restore(void *self, const struct store_rec *rec, struct now now)
{
	struct mn *mn = self;
	if (rec->table == STORE_MN4)
		return mn_has4(mn) ? mn4_store_restore(mn, rec, now) : ERR_NOTFOUND;
	if (!mn_has6(mn))
		return ERR_NOTFOUND;
	return rec->table == STORE_MN ? mn_store_restore(mn, rec, now) : ro_restore(&mn->ro, rec, now);
}

/* Policy, drain, reports and the like change at once; who the mobile is and whom it talks to needs a restart. */
static int mn_reconf(void *self, const void *conf, struct now now, const char **remedy)
{
	struct mn *mn = self;
	struct mn_conf next = *(const struct mn_conf *)conf;
	(void)now;
	if (!next.home_prefix.len_bits)
		next.home_prefix = mn->conf.home_prefix;
	const struct mn_conf *c = &mn->conf;
	if (!addr6_eq(&next.home_address, &c->home_address) || !addr6_eq(&next.home_agent, &c->home_agent) ||
	    !prefix6_eq(&next.home_prefix, &c->home_prefix) || strcmp(next.key, c->key) != 0 || next.n_iface != c->n_iface ||
	    memcmp(next.iface, c->iface, sizeof next.iface) != 0 || next.n_mma != c->n_mma ||
	    memcmp(next.mma, c->mma, sizeof next.mma) != 0 || next.n_network != c->n_network ||
	    memcmp(next.network, c->network, sizeof next.network) != 0 ||
	    memcmp(next.network_interface, c->network_interface, sizeof next.network_interface) != 0 ||
	    memcmp(&next.v4, &c->v4, sizeof next.v4) != 0 || !prefix6_eq(&next.group_prefix, &c->group_prefix)) {
		*remedy = "addresses, keys, interfaces, networks and agents of the mobile node change with a restart";
		return ERR_NOTSUP;
	}
	mn->conf = next;
	mn->policy = mn_conf_policy(&mn->conf);
	if (mn->has_uplink)
		mn_path_uplink(mn);
	return ERR_OK;
}

static bool rx6(struct mn *mn, const struct rx *rx, struct now now)
{
	struct mn_if *ifc = mn_if_find(mn, rx->ifindex);
	switch (rx->why) {
	case DP_PUNT_RA:
		if (ifc)
			mn_router_on_ra(ifc, rx, now);
		return ifc != NULL;
	case DP_PUNT_MLD:
		return ifc && mn_member_rx(ifc, rx);
	case DP_PUNT_NONE:
	case DP_PUNT_MH:
		return mn_bul_rx(mn, rx, now);
	case DP_PUNT_ICMP_HA:
		return mn_agent_rx(mn, rx, now);
	case DP_PUNT_ICMP_ERR:
		return mn_complaint_on_icmp(mn, rx, now) || mn_ro_rx(mn, rx, now);
	case DP_PUNT_RO:
		return mn_ro_rx(mn, rx, now);
	case DP_PUNT_ND:
		return ifc && mn_home_rx_na(ifc, rx, now);
	case DP_PUNT_RS:
	case DP_PUNT_HAO:
	case DP_PUNT_SLOW:
	case DP_PUNT_MIP4:
	case DP_PUNT_IGMP:
	case DP_PUNT_ADV4:
	case DP_PUNT_ARP:
	case DP_PUNT_BROADCAST:
	case DP_PUNT_UNBOUND:
	case DP_PUNT_N:
		break;
	}
	return false;
}

static bool mn_rx(void *self, const struct rx *rx, struct now now)
{
	struct mn *mn = self;
	if (mn_has4(mn) && mn4_rx(mn, rx, now))
		return true;
	return mn_has6(mn) && rx_is_v6(rx) && rx6(mn, rx, now);
}
static void mn_link(void *self, const struct link_event *ev, struct now now)
{
	mn_net_on_link(self, ev);
	mn_link_on_event(self, ev, now);
}
static void mn_addr(void *self, const struct addr_event *ev, struct now now)
{
	struct mn *mn = self;
	if (mn_has6(mn))
		mn_on_duplicate(mn, ev, now);
}
static void mn_local(void *self, const struct local_event *ev, struct now now)
{
	struct mn *mn = self;
	if (mn_has4(mn))
		mn4_on_local(mn, ev, now);
}
static void mn_signal(void *self, const struct signal_event *ev, struct now now) { mn_choice_on_signal(self, ev, now); }

static void on_drain(struct mn_if *ifc, struct now now)
{
	struct mn *mn = ifc->mn;
	if (ifc == mn->active || ifc == mn->chosen)
		return;
	if (ifc->is_member)
		mn_member_leave(ifc);
	mn_link_release(ifc, now);
}

static void on_drain4(struct mn_if *ifc, struct now now)
{
	struct mn *mn = ifc->mn;
	if (ifc == mn->v4.active || ifc == mn->v4.chosen)
		return;
	mn4_member_leave(ifc);
	mn_link_release(ifc, now);
}

static void on_joining(struct mn *mn, struct now now)
{
	if (mn->state != MN_JOINING)
		return; /* no link now: mn_place_use() waits anew */
	struct mn_peer *p = mn->mma;
	if (mn->active)
		mn_bul_ask(p, &p->addr, 0, now); /* should it have heard us after all */
	mn_place_on_refused(mn, p, "it does not answer", now);
}

static void fire(struct mn *mn, struct timer *t, struct now now)
{
	switch ((enum mn_timer)t->kind) {
	case MN_T_REPORT: mn_member_on_report(container_of(t, struct mn_if, t_report), now); break;
	case MN_T_SOLICIT: mn_link_on_solicit(container_of(t, struct mn_if, t_solicit), now); break;
	case MN_T_SILENCE: mn_link_on_silence(container_of(t, struct mn_if, t_silence), now); break;
	case MN_T_DRAIN: on_drain(container_of(t, struct mn_if, t_drain), now); break;
	case MN_T_REG: mn_bul_on_tick(container_of(t, struct mn_peer, t_reg), now); break;
	case MN_T_RETIRE: mn_path_on_retire(mn, now); break;
	case MN_T_ANNOUNCE: mn_home_on_announce(mn, now); break;
	case MN_T_JOINING: on_joining(mn, now); break;
	case MN_T_ATTACH: mn->is_attaching = false; break;
	case MN_T_HOME: mn_home_on_timer(mn, now); break;
	case MN_T_AGENTS: mn_agent_on_timer(mn, now); break;
	case MN_T_PREFIXES: mn_prefix_on_timer(mn, now); break;
	case MN_T4_REPORT: mn4_member_on_report(container_of(t, struct mn_if, v4.t_report), now); break;
	case MN_T4_SOLICIT: mn4_agent_on_solicit(container_of(t, struct mn_if, v4.t_solicit), now); break;
	case MN_T4_SILENCE: mn4_agent_on_silence(container_of(t, struct mn_if, v4.t_silence), now); break;
	case MN_T4_PATIENCE: mn4_link_on_patience(container_of(t, struct mn_if, v4.t_patience), now); break;
	case MN_T4_DRAIN: on_drain4(container_of(t, struct mn_if, v4.t_drain), now); break;
	case MN_T4_LEAVE: mn4_leave_on_tick(container_of(t, struct mn4_mma, t_leave), now); break;
	case MN_T4_REG: mn4_reg_on_tick(mn, now); break;
	case MN_T4_JOINING: mn4_place_on_joining(mn, now); break;
	case MN_T4_RETRY: mn4_reg_on_retry(mn, now); break;
	case MN_T4_ANNOUNCE: mn4_home_on_announce(mn, now); break;
	case MN_T4_RETIRE: mn4_path_on_retire(mn, now); break;
	case MN_T4_KEEPALIVE: mn4_udp_on_timer(mn, now); break;
	}
}

static void mn_tick(void *self, struct now now)
{
	struct mn *mn = self;
	struct timer *t;
	while ((t = timers_pop(&mn->timers, now.mono)) != NULL)
		fire(mn, t, now);
	if (mn_has6(mn))
		mn_ro_tick(mn, now);
}

static mono_t mn_expiry(const void *self)
{
	const struct mn *mn = self;
	mono_t next = timers_next(&mn->timers);
	return mn_has6(mn) ? mono_min(next, mn_ro_expiry(mn)) : next;
}

static void mn_show_hook(const void *self, const char *what, struct show *out, struct now now) { mn_show(self, what, out, now); }

static void mn_advise(const void *self, advise_fn say, void *ctx)
{
	const struct mn *mn = self;
	if (mn_has4(mn))
		mn4_advise(mn, say, ctx);
}

static int mn_ctl(void *self, const struct ctl_cmd *cmd, struct now now, const char **msg)
{
	return mn_choice_ctl(self, cmd, now, msg);
}

const struct role_ops mn_role = {
	.id = ROLE_MN, .name = "mn", .conf = &mn_conf_block, .size_oct = sizeof(struct mn),
	.init = mn_init, .fini = mn_fini, .stop = mn_stop, .restore = mn_restore, .restored = mn_restored, .reconf = mn_reconf,
	.rx = mn_rx, .link = mn_link, .addr = mn_addr, .signal = mn_signal, .tick = mn_tick, .expiry = mn_expiry,
	.local = mn_local, .show = mn_show_hook, .ctl = mn_ctl, .advise = mn_advise,
};
