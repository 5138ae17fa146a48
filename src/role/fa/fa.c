/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Foreign agent (RFC 5944): advertises itself on the links that mobiles visit (adv.c, core/motion/agentadv), relays their registrations
 * (core/visitor), and ends the tunnels of those whom their home agents accepted (visit.c).
 *
 * Its care-of addresses and its address on each link are the host's own; it configures none. Mobiles that are visited need no route
 * and no ARP entry in the host: the datapath knows their link-layer addresses from their requests.
 *
 * Beside them it serves guests of either family (guest.h): mobiles that know nothing of this, found by their signal.
 *
 * Left out: mobility of the agent itself, hierarchies of agents (RFC 4857).
 */
#include "base/err.h"
#include "role/fa/fa_i.h"
#include "wire/ip/ip6.h"

static const struct addr6 agents = {{[10] = 0xff, 0xff, 224, 0, 0, 11}}; /* all mobility agents (RFC 5944 2.3) */
static const struct addr6 limited = {{[10] = 0xff, 0xff, 255, 255, 255, 255}};

/* --- configuration --------------------------------------------------------------------------------------- */

static struct visitor_conf visitor_conf_of(const struct fa_conf *c)
{
	return (struct visitor_conf){
		.lifetime_s = (uint16_t)span_to_s(c->lifetime), .visitors_max = c->visitors_max, .pending_max = c->pending_max, .pending = c->pending,
		.encap = (uint8_t)((c->has_minimal ? MIP4_M : 0) | (c->has_gre ? MIP4_G : 0)),
		.reverse = (enum visitor_reverse)c->reverse, .has_delivery = c->has_delivery && c->reverse != VISITOR_REVERSE_OFF,
		.takes_colocated = c->takes_colocated, .has_udp = c->udp != FA_UDP_OFF, .is_udp_forced = c->udp == FA_UDP_FORCED,
		.udp_keepalive = c->udp_keepalive,
		.has_revocation = c->has_revocation, .has_inform = c->has_inform, .needs_challenge = c->has_challenge, .rate = c->rate,
	};
}

static void use_conf(struct fa *fa, const struct fa_conf *c)
{
	fa->conf = *c;
	fa->vconf = visitor_conf_of(c);
	fa->is_busy = c->is_busy;
	for (uint32_t i = 0; i < c->n_interface; i++) {
		struct fa_if *f = &fa->iface[i];
		f->fa = fa;
		f->conf = &fa->conf.interface[i];
		f->adv_conf = (struct agentadv_conf){.interval_max = f->conf->adv_interval, .interval_min = f->conf->adv_interval_min,
			.is_broadcast = f->conf->is_broadcast, .only_solicited = f->conf->only_solicited, .rate = f->conf->rate};
	}
	for (uint32_t i = 0; i < c->n_upstream; i++)
		fa->up[i].name = fa->conf.upstream[i];
}

static bool is_ours(void *ctx, const struct addr6 *a)
{
	const struct fa *fa = ctx;
	for (uint32_t i = 0; i < fa->conf.n_coa; i++)
		if (addr6_eq(&fa->conf.coa[i], a))
			return true;
	for (uint32_t i = 0; i < fa->conf.n_interface; i++)
		if (addr6_eq(&fa->iface[i].addr, a))
			return true;
	for (uint32_t i = 0; i < fa->n_local; i++)
		if (addr6_eq(&fa->local[i].addr, a))
			return true;
	return false;
}

/* An address at which signalling and tunnels end. */
static void push_local(struct fa *fa, const struct addr6 *a, bool is_on)
{
	const struct dp_op op = {.table = DP_LOCAL, .local = {.addr = *a, .flags = DP_LOCAL_MH | DP_LOCAL_FA}};
	(is_on ? fx_dp_put : fx_dp_del)(fa->env->fx, ROLE_FA, &op);
}

static void push_care_of(struct fa *fa, bool is_on)
{
	for (uint32_t i = 0; i < fa->conf.n_coa; i++)
		push_local(fa, &fa->conf.coa[i], is_on);
}

static int fa_init(void *self, const struct engine_env *env, const void *conf, struct now now, const char **remedy)
{
	struct fa *fa = self;
	memset(fa, 0, sizeof *fa);
	fa->env = env;
	*remedy = fa_conf_check(conf);
	if (*remedy)
		return ERR_INVAL;
	use_conf(fa, conf);
	table_init(&fa->keys, env->mem, env->rng, offsetof(struct fa_mobile, hoa), sizeof(struct addr6));
	*remedy = fa_keys_load(fa, &fa->conf);
	if (*remedy) {
		table_fini(&fa->keys);
		return ERR_INVAL;
	}
	timers_init(&fa->timers, env->mem);
	int rc = fa_hear_init(fa, now, remedy);
	if (rc != ERR_OK) {
		fa_hear_fini(fa);
		table_fini(&fa->keys);
		return rc;
	}
	fa->ops = (struct visitor_ops){.mobile_key = fa_mobile_key, .home_agent_key = fa_home_agent_key, .is_ours = is_ours, .check = fa_visit_check,
		.accepted = fa_visit_accepted, .gone = fa_visit_gone, .tell = fa_visit_tell, .refused = fa_visit_refused, .ctx = fa};
	(void)visitors_init(&fa->visitors, env, ROLE_FA, &fa->vconf, &fa->ops, fa->conf.window);
	fa->adv_owner = (struct agentadv_owner){.env = env, .role = ROLE_FA, .timers = &fa->timers, .timer_kind = FA_T_ADVERTISE, .fill = fa_adv_fill};
	for (uint32_t i = 0; i < fa->conf.n_interface; i++)
		agentadv_init(&fa->iface[i].adv, &fa->adv_owner, &fa->iface[i].adv_conf, &fa->iface[i]);
	if (timers_reserve(&fa->timers, FA_IF_MAX) != ERR_OK)
		return ERR_NOMEM;
	push_care_of(fa, true);
	return ERR_OK;
}

static void fa_fini(void *self)
{
	struct fa *fa = self;
	timers_fini(&fa->timers);
	fa_hear_fini(fa);
	visitors_fini(&fa->visitors);
	table_fini(&fa->keys);
}

/* --- links ----------------------------------------------------------------------------------------------- */

/* Where guests are, only known sources may send, of both families: an address that nobody has stands for a prefix where the link has none. */
static void close_families(struct dp_if *i)
{
	bool has[2] = {false, false};
	for (uint32_t k = 0; k < i->n_prefix; k++)
		has[addr6_is_v4mapped(&i->prefix[k].addr)] = true;
	for (int v4 = 0; v4 < 2 && (i->flags & DP_IF_FILTER); v4++)
		if (!has[v4] && i->n_prefix < DP_IF_PREFIX_MAX)
			i->prefix[i->n_prefix++] = (struct prefix6){v4 ? addr6_from_v4((struct addr4){{0}}) : addr6_any, 128};
}

static struct dp_op dp_if_of(const struct fa *fa, const struct fa_if *f)
{
	struct dp_op op = {.table = DP_IF, .iface = {.ifindex = f->ifindex, .flags = DP_IF_ACCESS, .lladdr = f->lladdr, .mtu_oct = f->mtu_oct,
						     .mma4 = fa->conf.mma, .n_prefix = f->conf->n_prefix}};
	_Static_assert((int)FA_PREFIX_MAX <= (int)DP_IF_PREFIX_MAX, "the filter holds all prefixes of a link");
	memcpy(op.iface.prefix, f->conf->prefix, sizeof f->conf->prefix);
	if (f->conf->is_filtered && f->conf->n_prefix)
		op.iface.flags |= DP_IF_FILTER;
	if (fa->conf.guests.is_on) {
		op.iface.flags |= DP_IF_GATE;
		op.iface.gate = fa->conf.guests.gate;
		op.iface.flags |= fa->conf.guests.lease.ns ? DP_IF_BROADCAST : 0;
		close_families(&op.iface);
	}
	return op;
}

/* Ours on this link: as configured; else a care-of address of the link; else what the host has there. */
static struct addr6 addr_on(const struct fa *fa, const struct fa_if *f)
{
	if (!addr6_is_none(&f->conf->router_address))
		return f->conf->router_address;
	for (uint32_t i = 0; i < fa->conf.n_coa; i++)
		for (uint32_t k = 0; k < f->conf->n_prefix; k++)
			if (prefix6_contains(&f->conf->prefix[k], &fa->conf.coa[i]))
				return fa->conf.coa[i];
	for (uint32_t i = 0; i < fa->n_local; i++)
		if (fa->local[i].ifindex == f->ifindex)
			return fa->local[i].addr;
	return addr6_any;
}

static bool is_care_of(const struct fa *fa, const struct addr6 *a)
{
	for (uint32_t i = 0; i < fa->conf.n_coa; i++)
		if (addr6_eq(&fa->conf.coa[i], a))
			return true;
	return false;
}

static void quiet(struct fa *fa, struct fa_if *f)
{
	agentadv_stop(&f->adv);
	if (!addr6_is_none(&f->addr) && !is_care_of(fa, &f->addr))
		push_local(fa, &f->addr, false);
	f->addr = addr6_any;
}

/* The link is up: speak as soon as there is an address to speak from. */
static void speak(struct fa *fa, struct fa_if *f, struct now now)
{
	struct addr6 addr = addr_on(fa, f);
	if (!f->is_up || (addr6_eq(&addr, &f->addr) && f->adv.is_running == (fa->conf.n_coa != 0)))
		return;
	quiet(fa, f);
	f->addr = addr;
	if (addr6_is_none(&addr))
		return;
	push_local(fa, &addr, true);
	if (fa->conf.n_coa)
		agentadv_start(&f->adv, f->ifindex, &addr, now);
}

static void access_up(struct fa *fa, struct fa_if *f, struct now now)
{
	struct dp_op op = dp_if_of(fa, f);
	fx_dp_put(fa->env->fx, ROLE_FA, &op);
	fx_group(fa->env->fx, ROLE_FA, FX_JOIN, f->ifindex, &agents, &addr6_any);
	fx_group(fa->env->fx, ROLE_FA, FX_JOIN, f->ifindex, &adv4_allrouters, &addr6_any);
	speak(fa, f, now);
}

static void access_gone(struct fa *fa, struct fa_if *f)
{
	struct dp_op op = dp_if_of(fa, f);
	if (!f->ifindex)
		return;
	fx_group(fa->env->fx, ROLE_FA, FX_LEAVE, f->ifindex, &agents, &addr6_any);
	fx_group(fa->env->fx, ROLE_FA, FX_LEAVE, f->ifindex, &adv4_allrouters, &addr6_any);
	fx_dp_del(fa->env->fx, ROLE_FA, &op);
	f->ifindex = 0;
}

static void on_access_link(struct fa *fa, struct fa_if *f, const struct link_event *ev, struct now now)
{
	bool was_up = f->is_up, is_other = f->ifindex != ev->ifindex || !lladdr_eq(&f->lladdr, &ev->lladdr) || f->mtu_oct != ev->mtu_oct;
	uint32_t was = f->ifindex;
	f->is_up = ev->is_up && !ev->is_gone;
	if (was_up && !f->is_up) {
		quiet(fa, f);
		fa_hear_forget(fa, was, now);
	}
	if (ev->is_gone) {
		if (f->ifindex)
			fa_visit_unlink(fa, f);
		access_gone(fa, f);
		return;
	}
	f->ifindex = ev->ifindex;
	f->lladdr = ev->lladdr;
	f->mtu_oct = ev->mtu_oct;
	if (was && was != f->ifindex)
		quiet(fa, f);
	if (f->is_up && (!was_up || is_other))
		access_up(fa, f, now);
	if (was != f->ifindex)
		fa_visit_link(fa, f, was);
}

/* Guests' groups come by the first of them. */
static void listen_upstream(struct fa *fa, const struct fa_upstream *up, const struct link_event *ev, struct now now)
{
	uint32_t ifindex = ev->is_up && !ev->is_gone ? ev->ifindex : 0;
	if (up != &fa->up[0] || !fa->conf.guests.is_on || fa->listen.ifindex == ifindex)
		return;
	listen_link(&fa->listen, ifindex, &ev->lladdr, now);
	for (uint32_t i = 0; i < fa->n_local; i++)
		if (fa->local[i].ifindex == ifindex)
			listen_source4(&fa->listen, &fa->local[i].addr);
	fa_guest_put_all(fa, now);
}

static void on_upstream_link(struct fa *fa, struct fa_upstream *up, const struct link_event *ev, struct now now)
{
	const struct dp_op op = {.table = DP_IF, .iface = {.ifindex = ev->ifindex, .flags = DP_IF_UPSTREAM, .lladdr = ev->lladdr, .mtu_oct = ev->mtu_oct}};
	up->ifindex = ev->is_gone ? 0 : ev->ifindex;
	if (ev->is_gone)
		fx_dp_del(fa->env->fx, ROLE_FA, &op);
	else if (ev->is_up)
		fx_dp_put(fa->env->fx, ROLE_FA, &op);
	listen_upstream(fa, up, ev, now);
}

static void fa_link(void *self, const struct link_event *ev, struct now now)
{
	struct fa *fa = self;
	for (uint32_t i = 0; i < fa->conf.n_upstream; i++)
		if (strcmp(ev->name, fa->up[i].name) == 0)
			on_upstream_link(fa, &fa->up[i], ev, now);
	for (uint32_t i = 0; i < fa->conf.n_interface; i++)
		if (strcmp(ev->name, fa->iface[i].conf->name) == 0)
			on_access_link(fa, &fa->iface[i], ev, now);
}

static void fa_local(void *self, const struct local_event *ev, struct now now)
{
	struct fa *fa = self;
	uint32_t at = 0;
	if (!addr6_is_v4unicast(&ev->addr))
		return;
	while (at < fa->n_local && !(fa->local[at].ifindex == ev->ifindex && addr6_eq(&fa->local[at].addr, &ev->addr)))
		at++;
	if (ev->is_gone && at < fa->n_local) {
		memmove(&fa->local[at], &fa->local[at + 1], (fa->n_local - at - 1) * sizeof fa->local[0]);
		fa->n_local--;
	} else if (!ev->is_gone && at == fa->n_local && at < FA_LOCAL_MAX)
		fa->local[fa->n_local++] = (struct fa_local){ev->ifindex, ev->addr};
	if (fa->listen.ifindex && ev->ifindex == fa->listen.ifindex)
		listen_source4(&fa->listen, ev->is_gone ? &addr6_any : &ev->addr);
	for (uint32_t i = 0; i < fa->conf.n_interface; i++)
		if (fa->iface[i].ifindex == ev->ifindex)
			speak(fa, &fa->iface[i], now);
}

/* --- packets and time ------------------------------------------------------------------------------------ */

static bool is_to_broadcast(const struct fa_if *f, const struct addr6 *dst)
{
	if (addr6_eq(dst, &limited) || addr6_eq(dst, &agents))
		return true;
	for (uint32_t i = 0; f && i < f->conf->n_prefix; i++) {
		const struct prefix6 *p = &f->conf->prefix[i];
		if (p->len_bits < 127 && prefix6_contains(p, dst)) {
			struct addr6 last = prefix6_join(p, &limited);
			return addr6_eq(dst, &last);
		}
	}
	return false;
}

static bool rx_control(struct fa *fa, struct fa_if *f, const struct rx *rx, struct now now)
{
	struct mip4_packet p;
	enum wire_err e = mip4_packet_parse(rx->pkt, rx->len_oct, &p);
	struct visitor_link link = {.ifindex = rx->ifindex, .coa = fa->conf.coa, .n_coa = fa->conf.n_coa};
	if (e == W_PROTO || (!is_ours(fa, &p.dst) && !(f && is_to_broadcast(f, &p.dst))))
		return false;
	if (f) {
		link.addr = f->addr;
		link.is_busy = fa->is_busy;
	}
	return visitors_rx(&fa->visitors, f && f->adv.is_running ? &link : NULL, rx, &p, e, now);
}

static void rx_arp(struct fa *fa, struct fa_if *f, const struct rx *rx)
{
	if (!f)
		return;
	fa_visit_arp(fa, f, rx);
	if (fa->conf.guests.is_on)
		fa_gate_arp(fa, f, rx);
}

static bool rx_of_guests(struct fa *fa, struct fa_if *f, const struct rx *rx, struct now now)
{
	if (!fa->conf.guests.is_on)
		return false;
	if (f && rx->why == DP_PUNT_BROADCAST)
		return fa_lease_rx(fa, f, rx);
	return mmc_rx(fa->mmc, rx, now) || listen_rx(&fa->listen, rx, now) || (f && rx_is_v6(rx) && fa_gate_nd(fa, f, rx));
}

static bool fa_rx(void *self, const struct rx *rx, struct now now)
{
	struct fa *fa = self;
	struct fa_if *f = fa_if_at(fa, rx->ifindex);
	if (rx->why == DP_PUNT_ARP) {
		rx_arp(fa, f, rx);
		return false; /* the home agent's too, if there is one */
	}
	if (rx_of_guests(fa, f, rx, now))
		return true;
	if (!rx_is_v4(rx) || rx->len_oct < IP4_HEAD_OCT)
		return false;
	if (rx->pkt[9] == NH_UDP)
		return rx_control(fa, f, rx, now);
	if (rx->pkt[9] != PROTO_ICMP4)
		return false;
	return (f && agentadv_rx(&f->adv, rx, now)) || visitors_icmp(&fa->visitors, rx, now);
}

static void fa_tick(void *self, struct now now)
{
	struct fa *fa = self;
	visitors_tick(&fa->visitors, now);
	for (struct timer *t; (t = timers_pop(&fa->timers, now.mono));) {
		if (t->kind == FA_T_STATION)
			fa_hear_due(fa, t, now);
		else if (t->kind == FA_T_GUEST)
			fa_guest_due(fa, t, now);
		else if (t->kind == FA_T_SERVE)
			fa_serve_due(fa, t, now);
		else
			agentadv_due(container_of(t, struct agentadv, timer), now);
	}
	listen_tick(&fa->listen, now);
	if (fa->mmc)
		mmc_tick(fa->mmc, now);
}

static mono_t fa_expiry(const void *self)
{
	const struct fa *fa = self;
	mono_t next = mono_min(timers_next(&fa->timers), visitors_expiry(&fa->visitors));
	next = mono_min(next, listen_expiry(&fa->listen));
	return fa->mmc ? mono_min(next, mmc_expiry(fa->mmc)) : next;
}

static uint16_t fa_port(const void *self)
{
	const struct fa *fa = self;
	return fa->mmc ? mmc_port(fa->mmc) : 0;
}

static int fa_restore(void *self, const struct store_rec *rec, struct now now)
{
	return rec->table == STORE_VISIT ? fa_visit_restore(self, rec, now) : ERR_OK;
}

static void fa_stop(void *self, struct now now)
{
	struct fa *fa = self;
	visitors_stop(&fa->visitors, now);
	fa_hear_forget(fa, 0, now);
	for (uint32_t i = 0; i < fa->conf.n_interface; i++) {
		struct fa_if *f = &fa->iface[i];
		agentadv_farewell(&f->adv, now);
		quiet(fa, f);
		access_gone(fa, f);
	}
	for (uint32_t i = 0; i < fa->conf.n_upstream; i++) {
		const struct dp_op op = {.table = DP_IF, .iface.ifindex = fa->up[i].ifindex};
		if (fa->up[i].ifindex)
			fx_dp_del(fa->env->fx, ROLE_FA, &op);
	}
	push_care_of(fa, false);
}

/* --- new configuration ----------------------------------------------------------------------------------- */

static bool is_same_shape(const struct fa_conf *a, const struct fa_conf *b)
{
	bool is_same = a->n_interface == b->n_interface && a->n_upstream == b->n_upstream && a->n_coa == b->n_coa && a->window == b->window &&
		       memcmp(a->coa, b->coa, a->n_coa * sizeof a->coa[0]) == 0 && a->guests.is_on == b->guests.is_on &&
		       memcmp(&a->guests.mmc, &b->guests.mmc, sizeof a->guests.mmc) == 0;
	for (uint32_t i = 0; is_same && i < a->n_interface; i++)
		is_same = strcmp(a->interface[i].name, b->interface[i].name) == 0;
	for (uint32_t i = 0; is_same && i < a->n_upstream; i++)
		is_same = strcmp(a->upstream[i], b->upstream[i]) == 0;
	return is_same;
}

static const char *check_new(struct fa *fa, const struct fa_conf *c)
{
	const char *remedy = fa_conf_check(c);
	for (uint32_t i = 0; !remedy && i < c->n_mobile; i++)
		if (!fa->env->key(fa->env->ctx, c->mobile[i].key))
			remedy = "a mobile names a key that is not configured: add a key block of that name";
	for (uint32_t i = 0; !remedy && i < c->n_home_agent; i++)
		if (!fa->env->key(fa->env->ctx, c->home_agent[i].key))
			remedy = "a home agent names a key that is not configured: add a key block of that name";
	return remedy;
}

/* Everything but addresses and which interfaces there are; visitors stay. */
static int fa_reconf(void *self, const void *conf, struct now now, const char **remedy)
{
	struct fa *fa = self;
	*remedy = check_new(fa, conf);
	if (*remedy)
		return ERR_INVAL;
	if (!is_same_shape(&fa->conf, conf)) {
		*remedy = "other care-of addresses, interfaces, managers or a challenge window need a restart of the daemon";
		return ERR_NOTSUP;
	}
	use_conf(fa, conf);
	table_fini(&fa->keys);
	table_init(&fa->keys, fa->env->mem, fa->env->rng, offsetof(struct fa_mobile, hoa), sizeof(struct addr6));
	*remedy = fa_keys_load(fa, &fa->conf);
	for (uint32_t i = 0; i < fa->conf.n_interface; i++) {
		if (!fa->iface[i].is_up)
			continue;
		access_up(fa, &fa->iface[i], now);
		agentadv_again(&fa->iface[i].adv, now);
	}
	return *remedy ? ERR_NOMEM : ERR_OK;
}

const struct role_ops fa_role = {
	.id = ROLE_FA, .name = "fa", .conf = &fa_conf_block, .size_oct = sizeof(struct fa),
	.init = fa_init, .fini = fa_fini, .stop = fa_stop, .restore = fa_restore, .reconf = fa_reconf, .rx = fa_rx, .link = fa_link,
	.local = fa_local, .station = fa_hear_station, .port = fa_port, .tick = fa_tick, .expiry = fa_expiry, .show = fa_show, .ctl = fa_ctl, .advise = fa_advise,
};
