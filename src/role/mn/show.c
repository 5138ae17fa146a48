/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile node for the operator. */
#include <string.h>

#include "role/mn/state.h"

static void show_mobile(const struct mn *mn, struct show *s, struct now now)
{
	show_begin(s, "mobile");
	show_addr6(s, "home-address", &mn->conf.home_address);
	show_addr6(s, "home-agent", &mn->peer[0].addr);
	show_str(s, "state", mn_state_str(mn->state));
	show_real(s, "for-s", (double)mono_sub(now.mono, mn->since).ns / 1e9);
	show_str(s, "interface", mn->active ? mn->active->name : "");
	if (mn->active && mn->active->router)
		show_lladdr(s, "router", &mn->active->router->lladdr);
	if (mn->active && mn->active->has_coa && mn->place != MOVE_HOME)
		show_addr6(s, "on-link-address", &mn->active->coa);
	if (mn->mma) {
		show_addr6(s, "mma", &mn->mma->addr);
		if (mn->mma->has_acoa)
			show_addr6(s, "care-of-address", &mn->mma->acoa);
	}
	if (mn->has_identity)
		show_addr6(s, "group", &mn->group);
	show_u64(s, "handovers", mn->n.handovers);
	show_u64(s, "intra-site", mn->n.intra_site);
	show_u64(s, "ping-pongs", mn->n.ping_pongs);
	show_end(s);
}

static void show_status(const struct mn *mn, struct show *s)
{
	show_begin(s, "mobile-node");
	show_str(s, "state", mn_state_str(mn->state));
	show_flag(s, "adopted", mn->is_restored);
	show_u64(s, "handovers", mn->n.handovers);
	show_u64(s, "intra-site", mn->n.intra_site);
	show_u64(s, "registrations", mn->n.registrations);
	show_u64(s, "ping-pongs", mn->n.ping_pongs);
	show_u64(s, "membership-reports", mn->n.reports);
	show_u64(s, "router-solicitations", mn->n.solicits);
	show_u64(s, "lost-links", mn->n.lost_links);
	show_end(s);
}

static void show_router(const struct mn *mn, const struct mn_router *r, struct show *s, struct now now)
{
	int32_t mean;
	bool is_used = false;
	for (uint32_t i = 0; i < mn->n_iface; i++)
		is_used |= mn->iface[i].router == r;
	show_begin(s, "router");
	show_lladdr(s, "link-layer-address", &r->lladdr);
	show_addr6(s, "address", &r->addr);
	show_u64(s, "ifindex", r->ifindex);
	show_flag(s, "in-use", is_used);
	if (r->ra.n_prefix)
		show_prefix6(s, "prefix", &(struct prefix6){r->ra.prefix[0].addr, r->ra.prefix[0].len_bits});
	if (r->ra.has_map)
		show_addr6(s, "mma", &r->ra.map.addr);
	if (r->ra.has_site)
		show_str(s, "site", r->ra.site.name);
	if (r->ra.has_adv_interval)
		show_u64(s, "interval-ms", r->ra.adv_interval_ms);
	show_real(s, "heard-s", (double)mono_sub(now.mono, r->heard).ns / 1e9);
	if (mn_choice_mean(mn, &r->lladdr, now, &mean))
		show_real(s, "signal-dbm", mean / 100.0);
	show_end(s);
}

static void show_routers(const struct mn *mn, struct show *s, struct now now)
{
	for (uint32_t i = 0; i < MN_ROUTER_MAX; i++)
		if (mn->router[i].is_used)
			show_router(mn, &mn->router[i], s, now);
}

static void show_cells(const struct mn *mn, struct show *s, struct now now)
{
	static const char *const names[FACTOR_N] = {"bandwidth-kbps", "load-permille", "delay-ms", "cost", "location", "services"};
	for (uint32_t i = 0; i < MN_CELL_MAX; i++) {
		const struct mn_cell *c = &mn->cell[i];
		int32_t mean;
		if (!c->is_used)
			continue;
		show_begin(s, "cell");
		show_lladdr(s, "link-layer-address", &c->lladdr);
		if (mn_choice_mean(mn, &c->lladdr, now, &mean))
			show_real(s, "signal-dbm", mean / 100.0);
		show_real(s, "heard-s", (double)mono_sub(now.mono, c->heard).ns / 1e9);
		for (int f = 0; f < FACTOR_N; f++)
			if (c->factor[f] >= 0)
				show_i64(s, names[f], c->factor[f]);
		show_end(s);
	}
}

static const char *use_of(const struct mn *mn, const struct mn_if *ifc)
{
	if (!ifc->ifindex)
		return "absent";
	if (!ifc->is_up)
		return "down";
	if (mn_is_in_use(mn, ifc))
		return "active";
	if (mn_is_wanted(mn, ifc))
		return "chosen";
	return timer_is_set(&ifc->t_drain) || timer_is_set(&ifc->v4.t_drain) ? "draining" : "idle";
}

static void show_interfaces(const struct mn *mn, struct show *s)
{
	for (uint32_t i = 0; i < mn->n_iface; i++) {
		const struct mn_if *ifc = &mn->iface[i];
		show_begin(s, "mobile-interface");
		show_str(s, "name", ifc->name);
		show_u64(s, "ifindex", ifc->ifindex);
		show_str(s, "use", use_of(mn, ifc));
		show_lladdr(s, "link-layer-address", &ifc->lladdr);
		if (ifc->has_cell)
			show_lladdr(s, "cell", &ifc->cell);
		if (ifc->router)
			show_lladdr(s, "router", &ifc->router->lladdr);
		if (ifc->has_coa)
			show_addr6(s, "on-link-address", &ifc->coa);
		if (ifc->v4.agent)
			show_addr6(s, "agent", &ifc->v4.agent->addr);
		if (ifc->v4.n_local)
			show_addr6(s, "address-v4", &ifc->v4.local[0].addr);
		show_flag(s, "member", ifc->is_member || ifc->v4.is_member);
		show_end(s);
	}
}

static void show_bindings(const struct mn *mn, struct show *s, struct now now)
{
	for (uint32_t i = 0; i < mn->n_peer; i++) {
		const struct mn_peer *p = &mn->peer[i];
		if (p->reg.state == REG_IDLE && !p->n_bu)
			continue;
		show_begin(s, "binding-update");
		show_addr6(s, "peer", &p->addr);
		show_str(s, "kind", p->is_mma ? "mma" : "home-agent");
		show_addr6(s, "home-address", &mn->conf.home_address);
		show_addr6(s, "care-of-address", p->is_mma ? &p->acoa : &p->reg.bound_coa);
		show_str(s, "state", reg_state_str(p->reg.state));
		show_flag(s, "pending", mn_bul_is_pending(p));
		show_u64(s, "sequence", p->reg.seq);
		show_u64(s, "lifetime-s", p->reg.lifetime_s);
		show_until(s, "expires-s", p->reg.expires, now.mono);
		show_until(s, "refresh-s", p->reg.refresh_at, now.mono);
		show_u64(s, "status", p->reg.status);
		show_u64(s, "updates", p->n_bu);
		show_u64(s, "acknowledgements", p->n_ba);
		show_end(s);
	}
}

static void show_groups(const struct mn *mn, struct show *s)
{
	for (uint32_t i = 0; i < mn->n_iface; i++) {
		const struct mn_if *ifc = &mn->iface[i];
		if (!ifc->is_member)
			continue;
		show_begin(s, "group");
		show_addr6(s, "group", &ifc->group);
		show_addr6(s, "source", &ifc->source);
		show_str(s, "interface", ifc->name);
		show_end(s);
	}
}

static void show6(const struct mn *mn, const char *what, struct show *out, struct now now)
{
	if (strcmp(what, "mobiles") == 0)
		show_mobile(mn, out, now);
	else if (strcmp(what, "status") == 0)
		show_status(mn, out);
	else if (strcmp(what, "routers") == 0)
		show_routers(mn, out, now);
	else if (strcmp(what, "bindings") == 0) {
		show_bindings(mn, out, now);
		ro_show(&mn->ro, NULL, out, now);
	} else if (strcmp(what, "groups") == 0)
		show_groups(mn, out);
}

void mn_show(const struct mn *mn, const char *what, struct show *out, struct now now)
{
	if (mn_has6(mn))
		show6(mn, what, out, now);
	if (mn_has4(mn))
		mn4_show(mn, what, out, now);
	if (strcmp(what, "neighbors") == 0)
		show_cells(mn, out, now);
	else if (strcmp(what, "interfaces") == 0)
		show_interfaces(mn, out);
}
