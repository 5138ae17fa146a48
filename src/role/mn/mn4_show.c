/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobile IPv4 in the mobile node, for the operator: one record more of each kind, beside IPv6's. */
#include <string.h>

#include "role/mn/state.h"

static void show_mobile(const struct mn *mn, struct show *s, struct now now)
{
	const struct mn4 *v = &mn->v4;
	show_begin(s, "mobile");
	show_addr6(s, "home-address", &v->home_address);
	show_addr6(s, "home-agent", &v->ha);
	show_str(s, "state", mn_state_str(v->state));
	show_real(s, "for-s", (double)mono_sub(now.mono, v->since).ns / 1e9);
	show_str(s, "interface", v->active ? v->active->name : "");
	if (v->active && v->has_place) {
		show_str(s, "care-of", move4_place_str(v->at.place));
		show_lladdr(s, "router", &v->at.router);
		if (v->at.place != MOVE4_HOME)
			show_addr6(s, "care-of-address", &v->at.coa);
		if (v->at.place == MOVE4_AGENT)
			show_addr6(s, "foreign-agent", &v->at.agent);
		if (v->at.place == MOVE4_SITE) {
			show_addr6(s, "mma", &v->at.mma->addr);
			show_addr6(s, "group", &v->at.mma->group);
		}
	}
	show_flag(s, "udp-tunnel", v->udp.is_on);
	show_u64(s, "handovers", mn->n.handovers);
	show_u64(s, "intra-site", v->n.intra_site);
	show_end(s);
}

static void show_status(const struct mn *mn, struct show *s)
{
	const struct mn4 *v = &mn->v4;
	show_begin(s, "mobile-node-v4");
	show_str(s, "state", mn_state_str(v->state));
	show_flag(s, "adopted", v->is_restored);
	show_u64(s, "intra-site", v->n.intra_site);
	show_u64(s, "registrations", v->n.registrations);
	show_u64(s, "requests", v->n.requests);
	show_u64(s, "replies", v->n.replies);
	show_u64(s, "membership-reports", v->n.reports);
	show_u64(s, "agent-solicitations", v->n.solicits);
	show_end(s);
}

static void show_agent(const struct mn *mn, const struct mn4_agent *a, struct show *s, struct now now)
{
	bool is_used = false;
	for (uint32_t i = 0; i < mn->n_iface; i++)
		is_used |= mn->iface[i].v4.agent == a;
	show_begin(s, "router");
	show_lladdr(s, "link-layer-address", &a->lladdr);
	show_addr6(s, "address", &a->addr);
	show_u64(s, "ifindex", a->ifindex);
	show_flag(s, "in-use", is_used);
	show_flag(s, "home-link", a->is_home);
	show_flag(s, "agent", a->adv.is_agent);
	if (a->adv.is_agent)
		show_u64(s, "sequence", a->adv.seq);
	if (a->adv.n_coa)
		show_addr6(s, "care-of-address", &a->adv.coa[a->coa_try % a->adv.n_coa]);
	if (a->adv.has_mma) {
		show_addr6(s, "mma", &a->adv.mma.addr);
		show_str(s, "site", a->adv.mma.site);
	}
	show_real(s, "heard-s", (double)mono_sub(now.mono, a->heard).ns / 1e9);
	show_real(s, "lost-s", (double)mono_sub(a->lost_at, now.mono).ns / 1e9);
	show_end(s);
}

static void show_registration(const struct mn *mn, struct show *s, struct now now)
{
	const struct mn4 *v = &mn->v4;
	if (v->reg.state == REG4_IDLE && !v->n.requests)
		return;
	show_begin(s, "registration");
	show_addr6(s, "peer", &v->ha);
	show_str(s, "kind", "home-agent");
	show_addr6(s, "home-address", &v->home_address);
	show_addr6(s, "care-of-address", &v->at.coa);
	show_str(s, "care-of", move4_place_str(v->at.place));
	show_str(s, "state", reg4_state_str(v->reg.state));
	show_flag(s, "pending", reg4_is_pending(&v->reg));
	show_flag(s, "reverse-tunnel", v->got.reverse);
	show_u64(s, "lifetime-s", v->reg.lifetime_s);
	show_until(s, "expires-s", v->reg.expires, now.mono);
	show_until(s, "refresh-s", v->reg.refresh_at, now.mono);
	show_u64(s, "code", v->reg.code);
	show_str(s, "says", mip4_code_str(v->reg.code));
	show_end(s);
}

static void show_groups(const struct mn *mn, struct show *s)
{
	for (uint32_t i = 0; i < mn->n_iface; i++) {
		const struct mn_if *ifc = &mn->iface[i];
		if (!ifc->v4.is_member)
			continue;
		show_begin(s, "group");
		show_addr6(s, "group", &ifc->v4.group);
		show_addr6(s, "source", &ifc->v4.source);
		show_str(s, "interface", ifc->name);
		show_end(s);
	}
}

void mn4_show(const struct mn *mn, const char *what, struct show *out, struct now now)
{
	if (strcmp(what, "mobiles") == 0)
		show_mobile(mn, out, now);
	else if (strcmp(what, "status") == 0)
		show_status(mn, out);
	else if (strcmp(what, "routers") == 0) {
		for (uint32_t i = 0; i < MN4_AGENT_MAX; i++)
			if (mn->v4.agent[i].is_used)
				show_agent(mn, &mn->v4.agent[i], out, now);
	} else if (strcmp(what, "bindings") == 0)
		show_registration(mn, out, now);
	else if (strcmp(what, "groups") == 0)
		show_groups(mn, out);
}
