/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routers of the mobile's links, as their advertisements describe them (RFC 4861 6.3.4, RFC 6275 7, RFC 5380 5).
 * One router of a link is in use. Another one takes its place when it is silent, when the radio
 * says so, or when it advertises the home prefix, which takes precedence (H-8).
 */
#include <string.h>

#include "role/mn/state.h"

static struct mn_router *find(struct mn *mn, uint32_t ifindex, const struct lladdr *ll)
{
	for (uint32_t i = 0; i < MN_ROUTER_MAX; i++) {
		struct mn_router *r = &mn->router[i];
		if (r->is_used && r->ifindex == ifindex && lladdr_eq(&r->lladdr, ll))
			return r;
	}
	return NULL;
}

static bool is_in_use(const struct mn *mn, const struct mn_router *r)
{
	for (uint32_t i = 0; i < mn->n_iface; i++)
		if (mn->iface[i].router == r)
			return true;
	return false;
}

/* A free slot, else that of the one heard longest ago that no link uses. */
static struct mn_router *slot(struct mn *mn)
{
	struct mn_router *oldest = NULL;
	for (uint32_t i = 0; i < MN_ROUTER_MAX; i++) {
		struct mn_router *r = &mn->router[i];
		if (!r->is_used)
			return r;
		if (!is_in_use(mn, r) && (!oldest || mono_before(r->heard, oldest->heard)))
			oldest = r;
	}
	return oldest;
}

void mn_router_forget(struct mn *mn, const struct mn_if *ifc)
{
	for (uint32_t i = 0; i < MN_ROUTER_MAX; i++)
		if (mn->router[i].ifindex == ifc->ifindex)
			mn->router[i].is_used = false;
}

static bool has_home_prefix(const struct mn *mn, const struct mn_router *r)
{
	for (uint32_t i = 0; i < r->ra.n_prefix; i++) {
		const struct nd_prefix *p = &r->ra.prefix[i];
		struct prefix6 home = mn->conf.home_prefix;
		struct prefix6 got = {p->addr, home.len_bits};
		if (p->len_bits == home.len_bits && p->valid_s && prefix6_contains(&home, &got.addr))
			return true;
	}
	return false;
}

struct move_link mn_router_link(struct mn *mn, const struct mn_router *r, struct now now)
{
	struct move_link l = {.has_home_prefix = has_home_prefix(mn, r)};
	if (!mn->conf.use_mma || !r->ra.has_map || !r->ra.has_site || !r->ra.map.valid_s)
		return l;
	const struct mn_peer *p = mn_bul_find(mn, &r->ra.map.addr);
	if (!p || !p->is_mma || mono_before(now.mono, p->refused_until))
		return l;
	l.has_mma = true;
	l.mma = p->addr;
	return l;
}

static bool is_usable(const struct mn *mn, const struct nd_prefix *p)
{
	if (!p->is_auto || p->len_bits != 64 || !p->valid_s || addr6_is_linklocal(&p->addr) || addr6_is_multicast(&p->addr))
		return false;
	return !prefix6_contains(&mn->conf.home_prefix, &p->addr);
}

bool mn_router_coa(struct mn_if *ifc)
{
	const struct nd_ra *ra = &ifc->router->ra;
	uint8_t id[8];
	lladdr_to_eui64(&ifc->lladdr, id);
	if (ifc->coa_try) {
		id[0] &= (uint8_t)~0x02;
		id[7] = (uint8_t)(id[7] + ifc->coa_try);
	}
	for (uint32_t i = 0; i < ra->n_prefix; i++) {
		if (!is_usable(ifc->mn, &ra->prefix[i]))
			continue;
		struct prefix6 p = {ra->prefix[i].addr, 64};
		ifc->coa = addr6_from_eui64(&p, id);
		ifc->coa_until = ra->prefix[i].valid_s == UINT32_MAX ? MONO_NEVER : mono_add(ifc->router->heard, span_s(ra->prefix[i].valid_s));
		ifc->has_coa = true;
		return true;
	}
	ifc->has_coa = false;
	return false;
}

/* The kernel found our care-of address at somebody else: take the next one. */
void mn_on_duplicate(struct mn *mn, const struct addr_event *ev, struct now now)
{
	struct mn_if *ifc = mn_if_find(mn, ev->ifindex);
	if (ev->is_duplicate && addr6_eq(&ev->addr, &mn->conf.home_address))
		mn_say(mn, EV_ERROR, "mn-duplicate", "mn: the home address is in use by another node of the home link");
	if (!ev->is_duplicate || !ifc || !ifc->has_coa || !addr6_eq(&ifc->coa, &ev->addr))
		return;
	mn_say(mn, EV_WARNING, "mn-duplicate", "mn %s: %s is in use on the link, trying another", ifc->name, ADDR6_STR(&ev->addr));
	ifc->coa_try++;
	ifc->has_coa = false;
	if (ifc->router && mn->active == ifc)
		mn_place_use(mn, ifc, "duplicate address", now);
}

/* Should r be the router of its link now? */
static bool is_to_be_used(const struct mn *mn, const struct mn_if *ifc, const struct mn_router *r)
{
	const struct mn_router *cur = ifc->router;
	if (!cur || cur == r || ifc->is_suspect)
		return true;
	if (ifc->has_cell && lladdr_eq(&ifc->cell, &r->lladdr) && !lladdr_eq(&ifc->cell, &cur->lladdr))
		return true;
	return has_home_prefix(mn, r) && !has_home_prefix(mn, cur);
}

static void on_withdrawn(struct mn_if *ifc, struct mn_router *r, struct now now)
{
	if (r && ifc->router != r)
		r->is_used = false;
	else if (r && !ifc->is_suspect)
		mn_link_on_silence(ifc, now);
}

static struct mn_router *learn(struct mn_if *ifc, const struct lladdr *ll, const struct nd_packet *p, struct now now)
{
	struct mn_router *r = find(ifc->mn, ifc->ifindex, ll);
	if (!r)
		r = slot(ifc->mn);
	if (!r)
		return NULL;
	*r = (struct mn_router){.is_used = true, .ifindex = ifc->ifindex, .lladdr = *ll, .addr = p->src, .ra = p->ra,
				.heard = now.mono};
	return r;
}

static void on_router_in_use(struct mn_if *ifc, struct now now)
{
	struct mn *mn = ifc->mn;
	span_t interval = span_ms(ifc->router->ra.has_adv_interval ? ifc->router->ra.adv_interval_ms : 0);
	ifc->is_suspect = false;
	mn_arm(mn, &ifc->t_solicit, MN_T_SOLICIT, MONO_NEVER);
	mn_arm(mn, &ifc->t_silence, MN_T_SILENCE, move_overdue(now.mono, interval, mn->conf.missed_advertisements));
	if (mn->chosen == ifc || mn->active == ifc)
		mn_place_use(mn, ifc, "advertisement", now);
	else if (!mn->active && !mn->chosen)
		mn_link_choose(mn, ifc, "advertisement", now);
}

void mn_router_on_ra(struct mn_if *ifc, const struct rx *rx, struct now now)
{
	struct nd_packet p;
	enum wire_err err = nd_packet_parse(rx->pkt, rx->len_oct, &p);
	if (err != W_OK || p.type != IC6_RA || !ifc->is_up) {
		reason_count(&ifc->mn->env, R_ND_INVALID);
		return;
	}
	struct lladdr ll = !lladdr_is_zero(&rx->lladdr_src) ? rx->lladdr_src : p.ra.slla;
	if (p.ra.lifetime_s == 0) {
		on_withdrawn(ifc, find(ifc->mn, ifc->ifindex, &ll), now);
		return;
	}
	struct mn_router *r = learn(ifc, &ll, &p, now);
	if (!r)
		return;
	mn_choice_on_adv(ifc, &r->lladdr, now);
	if (!is_to_be_used(ifc->mn, ifc, r))
		return;
	ifc->router = r;
	on_router_in_use(ifc, now);
}
