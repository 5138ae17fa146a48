/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access router: tells mobiles where they are (adv.c, adv4.c), and brings the groups that they join to their
 * links (core/listen/mldr below, proxy.c above). It knows nothing of bindings; a handover inside the
 * site is for it a membership that appears on one link and goes from another.
 *
 * On the home link the role only advertises: a mobile there is an ordinary host (H-21).
 *
 * Both families at once, or one: in IPv4 (H-7) all is there that is there in IPv6, by ICMP router advertisements and IGMP.
 */
#include "base/err.h"
#include "role/ar/ar_i.h"

static void use_conf(struct ar *ar, const struct ar_conf *conf)
{
	ar->conf = *conf;
	for (uint32_t i = 0; i < conf->n_interface; i++) {
		ar->iface[i].ar = ar;
		ar->iface[i].conf = &ar->conf.interface[i];
		ar_adv4_conf(&ar->iface[i]);
	}
}

static int ar_init(void *self, const struct engine_env *env, const void *conf, struct now now, const char **remedy)
{
	struct ar *ar = self;
	(void)now;
	*remedy = ar_conf_check(conf);
	if (*remedy)
		return ERR_INVAL;
	memset(ar, 0, sizeof *ar);
	ar->env = env;
	use_conf(ar, conf);
	timers_init(&ar->timers, env->mem);
	if (timers_reserve(&ar->timers, 3 * AR_IF_MAX + MLDR_FAMILY_N) != ERR_OK)
		return ERR_NOMEM;
	rate_init(&ar->solicitations, env->rng);
	mldr_init(&ar->mldr, env, ROLE_AR);
	ar->mldr.change = ar_proxy_change;
	ar->mldr.ctx = ar;
	ar_proxy_init(ar);
	ar_adv4_init(ar);
	return ERR_OK;
}

static void ar_fini(void *self)
{
	struct ar *ar = self;
	timers_fini(&ar->timers); /* first: it touches the timers of what is freed next */
	ar_proxy_fini(ar);
	mldr_fini(&ar->mldr);
}

/* --- links ------------------------------------------------------------------------------------------- */

/* A link with an IPv4 address alone is none of IPv6's. */
bool ar_has_v6(const struct ar *ar, const struct ar_if_conf *c)
{
	bool has_prefix = false;
	for (uint32_t i = 0; i < c->n_prefix; i++)
		has_prefix |= !addr6_is_v4mapped(&c->prefix[i].addr);
	return has_prefix || !ar_has_v4(c) || !addr6_is_none(&c->router_address) || !addr6_is_none(&ar->conf.mma);
}

static bool has_multicast(const struct ar *ar, const struct ar_if *f)
{
	return !f->conf->is_home && ar->conf.upstream[0] != '\0';
}

static struct dp_op dp_if_of(const struct ar *ar, const struct ar_if *f)
{
	const struct ar_if_conf *c = f->conf;
	struct dp_op op = {.table = DP_IF, .iface = {.ifindex = f->ifindex, .lladdr = f->lladdr, .mtu_oct = f->mtu_oct}};

	_Static_assert((int)AR_PREFIX_MAX <= (int)DP_IF_PREFIX_MAX, "the filter holds all prefixes of a link");
	op.iface.flags = c->is_home ? DP_IF_HOME : DP_IF_ACCESS;
	if (!c->is_home && c->is_filtered)
		op.iface.flags |= DP_IF_FILTER;
	op.iface.mma = ar->conf.mma;
	op.iface.mma4 = ar->conf.mma_v4;
	op.iface.n_prefix = c->n_prefix;
	memcpy(op.iface.prefix, c->prefix, sizeof c->prefix);
	return op;
}

static struct mldr_link_conf mldr_conf_of(const struct ar *ar, const struct ar_if_conf *c)
{
	struct mldr_link_conf m = {
		.n_admit = c->n_admit,
		.source = {ar->conf.mma, ar->conf.mma_v4}, .n_source = 2,
		.is_sole = c->is_sole_querier,
		.robustness = ar->conf.robustness,
		.query_interval = ar->conf.query_interval,
		.response_interval = ar->conf.query_response,
		.last_listener_interval = ar->conf.last_listener_interval,
		.max_per_station = c->max_per_station,
		.max_per_link = c->max_per_link,
		.report_rate = c->report_rate,
		.report_burst = c->report_rate * 2,
	};
	_Static_assert(sizeof m.admit == sizeof c->admit && sizeof m.name == sizeof c->name, "copied whole");
	memcpy(m.admit, c->admit, sizeof m.admit);
	memcpy(m.name, c->name, sizeof m.name);
	return m;
}

/* The kernel may have formed another link-local address, or none: ours must exist, for hosts send to it. */
static void add_linklocal(struct ar *ar, const struct ar_if *f)
{
	const struct fx_addr a = {.ifindex = f->ifindex, .addr = f->src, .plen_bits = 64, .flags = ADDR_NODAD};
	fx_addr(ar->env->fx, ROLE_AR, FX_ADDR_ADD, &a);
}

static void multicast_up(struct ar *ar, const struct ar_if *f, const struct addr6 *src, struct now now)
{
	const struct mldr_link_conf m = mldr_conf_of(ar, f->conf);
	int err = mldr_link_up(&ar->mldr, f->ifindex, src, &m, now);
	if (err)
		fx_event(ar->env->fx, ROLE_AR, EV_ERROR, "multicast-off", NULL, "no multicast on %s: %s", f->conf->name, err_str(err));
}

static void access_up(struct ar *ar, struct ar_if *f, struct now now)
{
	bool is_v6 = ar_has_v6(ar, f->conf);
	struct dp_op op = dp_if_of(ar, f);
	fx_dp_put(ar->env->fx, ROLE_AR, &op);
	if (is_v6) {
		add_linklocal(ar, f);
		ar_adv_start(ar, f, now);
	}
	ar_adv4_start(f, now);
	if (ar_has_vouch(ar, f)) {
		multicast_up(ar, f, &f->conf->router_address_v4, now);
		ar_vouch_start(ar, f, now);
	}
	if (!has_multicast(ar, f))
		return;
	if (is_v6 && !addr6_is_none(&ar->conf.mma))
		multicast_up(ar, f, &f->src, now);
	if (ar_has_v4(f->conf) && !addr6_is_none(&ar->conf.mma_v4))
		multicast_up(ar, f, &f->conf->router_address_v4, now);
}

static void access_down(struct ar *ar, struct ar_if *f, struct now now)
{
	ar_adv_stop(ar, f);
	agentadv_stop(&f->adv4);
	timer_clear(&ar->timers, &f->vouch);
	mldr_link_down(&ar->mldr, f->ifindex, now);
}

static void access_gone(struct ar *ar, struct ar_if *f)
{
	struct dp_op op = dp_if_of(ar, f);
	fx_dp_del(ar->env->fx, ROLE_AR, &op);
	f->ifindex = 0;
}

static void on_access_link(struct ar *ar, struct ar_if *f, const struct link_event *ev, struct now now)
{
	bool was_up = f->is_up, is_other = f->ifindex != ev->ifindex || !lladdr_eq(&f->lladdr, &ev->lladdr);
	bool has_new_mtu = f->mtu_oct != ev->mtu_oct;
	f->is_up = ev->is_up && !ev->is_gone;
	if (was_up && (!f->is_up || is_other))
		access_down(ar, f, now);
	if (ev->is_gone) {
		access_gone(ar, f);
		return;
	}
	f->ifindex = ev->ifindex;
	f->lladdr = ev->lladdr;
	f->src = addr6_linklocal(&ev->lladdr);
	f->mtu_oct = ev->mtu_oct;
	if (f->is_up && (!was_up || is_other)) {
		access_up(ar, f, now);
	} else if (f->is_up && has_new_mtu) {
		struct dp_op op = dp_if_of(ar, f);
		fx_dp_put(ar->env->fx, ROLE_AR, &op);
	}
}

static void on_upstream_link(struct ar *ar, const struct link_event *ev, struct now now)
{
	struct ar_upstream *up = &ar->up;
	struct dp_op op = {.table = DP_IF, .iface = {.ifindex = ev->ifindex, .flags = DP_IF_UPSTREAM, .lladdr = ev->lladdr,
						     .mtu_oct = ev->mtu_oct}};
	bool was_up = up->is_up, is_other = up->ifindex != ev->ifindex || !lladdr_eq(&up->lladdr, &ev->lladdr);

	if (was_up && (!ev->is_up || ev->is_gone || is_other))
		ar_proxy_down(ar);
	up->is_up = ev->is_up && !ev->is_gone;
	up->ifindex = ev->is_gone ? 0 : ev->ifindex;
	up->lladdr = ev->lladdr;
	up->src[0] = addr6_linklocal(&ev->lladdr);
	up->mtu_oct = ev->mtu_oct;
	if (ev->is_gone)
		fx_dp_del(ar->env->fx, ROLE_AR, &op);
	else if (up->is_up)
		fx_dp_put(ar->env->fx, ROLE_AR, &op);
	if (up->is_up && (!was_up || is_other))
		ar_proxy_up(ar, now);
}

/* What our reports upstream come from. */
static void ar_local(void *self, const struct local_event *ev, struct now now)
{
	struct ar *ar = self;
	struct addr6 *src = &ar->up.src[1];
	(void)now;
	if (!ar->up.ifindex || ev->ifindex != ar->up.ifindex || !addr6_is_v4unicast(&ev->addr))
		return;
	if (!ev->is_gone)
		*src = ev->addr;
	else if (addr6_eq(src, &ev->addr))
		*src = addr6_from_v4((struct addr4){{0}});
}

static void ar_link(void *self, const struct link_event *ev, struct now now)
{
	struct ar *ar = self;
	if (ar->conf.upstream[0] && strcmp(ev->name, ar->conf.upstream) == 0)
		on_upstream_link(ar, ev, now);
	for (uint32_t i = 0; i < ar->conf.n_interface; i++)
		if (strcmp(ev->name, ar->iface[i].conf->name) == 0)
			on_access_link(ar, &ar->iface[i], ev, now);
}

/* --- packets and time ----------------------------------------------------------------------------------- */

static bool ar_rx(void *self, const struct rx *rx, struct now now)
{
	struct ar *ar = self;
	if (!rx_is_v4(rx) && !rx_is_v6(rx)) /* ARP */
		return false;
	if (ar->up.is_up && rx->ifindex == ar->up.ifindex)
		return ar_proxy_rx(ar, rx, now);
	for (uint32_t i = 0; i < ar->conf.n_interface; i++) {
		struct ar_if *f = &ar->iface[i];
		if (f->is_up && f->ifindex == rx->ifindex)
			return mldr_rx(&ar->mldr, rx, now) || (rx_is_v4(rx) ? agentadv_rx(&f->adv4, rx, now) : ar_adv_rx(ar, f, rx, now));
	}
	return false;
}

static void due(struct ar *ar, struct timer *t, struct ar_batch *b, struct now now)
{
	switch ((enum ar_timer)t->kind) {
	case AR_T_ADVERTISE:
		ar_adv_due(ar, container_of(t, struct ar_if, advertise), now);
		return;
	case AR_T_ADVERTISE4:
		agentadv_due(container_of(t, struct agentadv, timer), now);
		return;
	case AR_T_VOUCH:
		ar_vouch_due(ar, container_of(t, struct ar_if, vouch), now);
		return;
	case AR_T_REPORT_ALL:
		ar_proxy_report_all(ar, t);
		return;
	case AR_T_REPORT:
		ar_proxy_report_due(ar, t, b, now);
		return;
	}
}

static void ar_tick(void *self, struct now now)
{
	struct ar *ar = self;
	struct ar_batch b;
	ar_batch_begin(&b);
	mldr_tick(&ar->mldr, now);
	for (struct timer *t; (t = timers_pop(&ar->timers, now.mono));)
		due(ar, t, &b, now);
	ar_proxy_flush(ar, &b);
}

static mono_t ar_expiry(const void *self)
{
	const struct ar *ar = self;
	return mono_min(timers_next(&ar->timers), mldr_expiry(&ar->mldr));
}

static void ar_stop(void *self, struct now now)
{
	struct ar *ar = self;
	ar_proxy_stop(ar);
	for (uint32_t i = 0; i < ar->conf.n_interface; i++) {
		struct ar_if *f = &ar->iface[i];
		ar_adv_farewell(ar, f);
		agentadv_farewell(&f->adv4, now);
		if (f->ifindex)
			access_gone(ar, f);
	}
	if (ar->up.ifindex) {
		struct dp_op op = {.table = DP_IF, .iface.ifindex = ar->up.ifindex};
		fx_dp_del(ar->env->fx, ROLE_AR, &op);
	}
}

/* --- for the operator ------------------------------------------------------------------------------------ */

static bool is_same_shape(const struct ar_conf *a, const struct ar_conf *b)
{
	if (strcmp(a->upstream, b->upstream) != 0 || !addr6_eq(&a->mma, &b->mma) || !addr6_eq(&a->mma_v4, &b->mma_v4) || a->n_interface != b->n_interface)
		return false;
	for (uint32_t i = 0; i < a->n_interface; i++)
		if (strcmp(a->interface[i].name, b->interface[i].name) != 0 || a->interface[i].is_home != b->interface[i].is_home ||
		    !addr6_eq(&a->interface[i].router_address_v4, &b->interface[i].router_address_v4))
			return false;
	return true;
}

/* Everything but which interfaces there are; listeners stay. */
static int ar_reconf(void *self, const void *conf, struct now now, const char **remedy)
{
	struct ar *ar = self;
	*remedy = ar_conf_check(conf);
	if (*remedy)
		return ERR_INVAL;
	if (!is_same_shape(&ar->conf, conf)) {
		*remedy = "another set of interfaces, upstream or MMA needs a restart of the daemon";
		return ERR_NOTSUP;
	}
	use_conf(ar, conf);
	for (uint32_t i = 0; i < ar->conf.n_interface; i++)
		if (ar->iface[i].is_up)
			access_up(ar, &ar->iface[i], now);
	return ERR_OK;
}

static void show_interface(const struct ar *ar, const struct ar_if *f, struct show *out, struct now now)
{
	show_begin(out, "interface");
	show_str(out, "role", "ar");
	show_str(out, "name", f->conf->name);
	show_str(out, "kind", f->conf->is_home ? "home" : "access");
	show_flag(out, "up", f->is_up);
	show_lladdr(out, "lladdr", &f->lladdr);
	for (uint32_t i = 0; i < f->conf->n_prefix; i++)
		show_prefix6(out, "prefix", &f->conf->prefix[i]);
	show_flag(out, "multicast", has_multicast(ar, f));
	show_u64(out, "solicitations", f->n_rs + f->adv4.n_solicited);
	show_u64(out, "advertisements", f->n_ra + f->adv4.n_sent);
	if (timer_is_set(&f->advertise))
		show_until(out, "next_advertisement_s", f->advertise.when, now.mono);
	show_end(out);
}

static void show_upstream(const struct ar *ar, struct show *out)
{
	show_begin(out, "interface");
	show_str(out, "role", "ar");
	show_str(out, "name", ar->conf.upstream);
	show_str(out, "kind", "upstream");
	show_flag(out, "up", ar->up.is_up);
	show_lladdr(out, "lladdr", &ar->up.lladdr);
	show_u64(out, "reports", ar->up.n_reports);
	show_end(out);
}

static void show_status(const struct ar *ar, struct show *out)
{
	show_begin(out, "status");
	show_str(out, "role", "ar");
	show_str(out, "site", ar->conf.site);
	show_addr6(out, "mma", &ar->conf.mma);
	if (!addr6_is_none(&ar->conf.mma_v4))
		show_addr6(out, "mma_v4", &ar->conf.mma_v4);
	show_u64(out, "groups", table_count(&ar->mldr.channels));
	show_u64(out, "stations", table_count(&ar->mldr.stations));
	show_u64(out, "memberships", table_count(&ar->mldr.listeners));
	show_end(out);
}

static void ar_show(const void *self, const char *what, struct show *out, struct now now)
{
	const struct ar *ar = self;
	if (strcmp(what, "status") == 0)
		show_status(ar, out);
	if (strcmp(what, "interfaces") == 0) {
		for (uint32_t i = 0; i < ar->conf.n_interface; i++)
			show_interface(ar, &ar->iface[i], out, now);
		if (ar->conf.upstream[0])
			show_upstream(ar, out);
	}
	mldr_show(&ar->mldr, what, out, now);
}

const struct role_ops ar_role = {
	.id = ROLE_AR, .name = "ar", .conf = &ar_conf_block, .size_oct = sizeof(struct ar),
	.init = ar_init, .fini = ar_fini, .stop = ar_stop, .reconf = ar_reconf,
	.rx = ar_rx, .link = ar_link, .local = ar_local, .tick = ar_tick, .expiry = ar_expiry, .show = ar_show,
};
