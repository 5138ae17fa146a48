/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is left when all is quiet. Nothing is asked of an engine: whatever lies in a datapath, among a kernel's addresses,
 * routes and memberships, or in a store must be justified, step by step, by where mobiles are attached:
 *
 *   home agent's tunnel      <- its care-of address is an address of the mobile, or assigned to it by an agent, or that of a foreign agent
 *                               that it visits, or of a translator
 *   foreign agent's visitor  <- the home agent's tunnel leads there, and the mobile is on the link
 *   agent's care-of address  <- the home agent's tunnel leads there, and the mobile listens to the group
 *   way to a mobile's group  <- a manager has the record; its agents' entries <- the mobile is heard there
 *   agent's uplink entry     <- a care-of address of the same mobile
 *   forwarding of a group    <- on each outgoing link a listener, or a router that forwards it further
 *   mobile's tunnels         <- the agent at the other end has the binding
 *   mobile's addresses       <- the home address once; others: a router of that prefix is on the link
 *   a router's addresses, routes and memberships <- configured, or there before the faults, or a group it forwards
 *   records of bindings      <- the tunnel is there
 */
#include "sim/cast.h"
#include "sim/net/fwd.h"
#include "sim/net/nat.h"
#include "sim/net/pkt.h"
#include "sim/script/script.h"

struct finding { struct sim *s; uint32_t n; };

static void find(struct finding *f, const struct node *n, const char *what, const struct addr6 *a)
{
	f->n++;
	watch_violation(f->s, "remains: %s: %s %s", n->name, what, ADDR46_STR(a));
}

static bool is_alive(const struct node *n, mono_t expires) { return mono_before(node_now(n).mono, expires); }

static bool is_listening(const struct node *n, const struct addr6 *group, const struct link *on)
{
	for (uint32_t i = 0; i < n->n_groups; i++) {
		const struct nic *nic = node_nic(n, n->groups[i].ifindex);
		if (addr6_eq(&n->groups[i].group, group) && nic && nic->link && (!on || nic->link == on))
			return true;
	}
	return false;
}

/* The first entry of any node that says yes. */
typedef bool (*entry_fn)(const struct node *n, const struct dp_op *op, const void *want);
static const struct node *holder(const struct sim *s, enum dp_table table, entry_fn fn, const void *want)
{
	for (const struct node *n = s->nodes; n; n = n->next) {
		uint32_t it = 0;
		for (const struct dp_op *op; (op = fwd_next(n, &it));)
			if (op->table == table && fn(n, op, want))
				return n;
	}
	return NULL;
}

struct want { const struct addr6 *hoa, *coa, *group, *agent; const struct link *in; };

static bool is_tunnel(const struct node *n, const struct dp_op *op, const void *want)
{
	const struct want *w = want;
	return addr6_eq(&op->home.home_address, w->hoa) && (!w->coa || addr6_eq(&op->home.coa, w->coa)) && is_alive(n, op->home.expires) &&
	       (!w->agent || addr6_eq(&op->home.ha, w->agent));
}

/* Mobiles of a site share their agent's IPv4 address. */
static const struct addr6 *coa_of(const struct dp_coa *c) { return addr6_is_v4mapped(&c->coa) ? &c->source : &c->coa; }

static bool is_assigned(const struct node *n, const struct dp_op *op, const void *want)
{
	const struct want *w = want;
	return addr6_eq(&op->coa.home_address, w->hoa) && is_alive(n, op->coa.expires) && (!w->coa || addr6_eq(coa_of(&op->coa), w->coa)) &&
	       (!w->group || addr6_eq(&op->coa.group, w->group)) && (!w->agent || addr6_eq(&op->coa.source, w->agent));
}

static bool is_visited(const struct node *n, const struct dp_op *op, const void *want)
{
	const struct want *w = want;
	return addr6_eq(&op->visit.home_address, w->hoa) && is_alive(n, op->visit.expires) && (!w->coa || addr6_eq(&op->visit.coa, w->coa)) &&
	       (!w->agent || addr6_eq(&op->visit.ha, w->agent));
}

static bool is_one_of_several(const struct node *n, const struct dp_op *op, const void *want)
{
	const struct want *w = want;
	bool is_it = false;
	for (uint32_t i = 0; i < op->home_more.n; i++)
		is_it |= is_alive(n, op->home_more.to[i].expires) && addr6_eq(&op->home_more.to[i].coa, w->coa);
	return is_it && addr6_eq(&op->home_more.home_address, w->hoa);
}

/* A home agent sends what is for the home address there. */
static bool is_bound(const struct sim *s, const struct want *w)
{
	return holder(s, DP_HOME, is_tunnel, w) || (w->coa && holder(s, DP_HOME_MORE, is_one_of_several, w));
}

static bool forwards(const struct node *n, const struct dp_op *op, const void *want)
{
	const struct want *w = want;
	const struct nic *in = node_nic(n, op->mfc.iif);
	return addr6_eq(&op->mfc.group, w->group) && in && in->link == w->in && op->mfc.n_oif;
}

static bool has_address(const struct node *n, const struct addr6 *a)
{
	for (uint32_t i = 0; i < n->n_addrs; i++)
		if (addr6_eq(&n->addrs[i].addr, a))
			return true;
	return false;
}

static bool is_outside(const struct sim *s, const struct addr6 *coa)
{
	for (const struct node *n = s->nodes; n; n = n->next)
		if (nat_has_outside(n, coa))
			return true;
	return false;
}

static void check_tunnel_to(struct finding *f, const struct node *n, const struct addr6 *hoa, const struct addr6 *coa)
{
	const struct node *m = node_of_home(f->s, hoa);
	const struct want w = {.hoa = hoa, .coa = coa};
	if (!m || !(has_address(m, coa) || holder(f->s, DP_COA, is_assigned, &w) || holder(f->s, DP_VISIT, is_visited, &w) || is_outside(f->s, coa)))
		find(f, n, "a tunnel to a care-of address that is nobody's, of", hoa);
}

static void check_cast(struct finding *f, const struct node *n, const struct addr6 *hoa, const struct addr6 *group)
{
	if (!cast_is_recorded(f->s, hoa, group))
		find(f, n, "a way to a group that no manager gives, of", hoa);
}

static void check_tunnel(struct finding *f, const struct node *n, const struct dp_op *op)
{
	if (!is_alive(n, op->home.expires))
		return;
	if (addr_is_group(&op->home.coa))
		check_cast(f, n, &op->home.home_address, &op->home.coa);
	else
		check_tunnel_to(f, n, &op->home.home_address, &op->home.coa);
}

static void check_tunnels(struct finding *f, const struct node *n, const struct dp_op *op)
{
	for (uint32_t i = 0; i < op->home_more.n; i++)
		if (is_alive(n, op->home_more.to[i].expires))
			check_tunnel_to(f, n, &op->home_more.home_address, &op->home_more.to[i].coa);
}

static bool is_on(const struct node *m, const struct link *l)
{
	for (uint32_t i = 0; i < m->n_nics; i++)
		if (m->nics[i]->link == l)
			return true;
	return false;
}

static void check_guest(struct finding *f, const struct node *n, const struct dp_op *op)
{
	if (!cast_is_justified(n, op))
		find(f, n, "a guest who is elsewhere,", op->table == DP_GUEST ? &op->guest.home_address[0] : &op->visit.home_address);
}

static void check_visit(struct finding *f, const struct node *n, const struct dp_op *op)
{
	const struct dp_visit *v = &op->visit;
	const struct node *m = node_of_home(f->s, &v->home_address);
	const struct nic *nic = node_nic(n, v->ifindex);
	if (!is_alive(n, v->expires) || v->up == DP_VISIT_WAIT)
		return;
	if (cast_mobile(f->s, &v->home_address)) {
		check_guest(f, n, op);
		return;
	}
	if (!is_bound(f->s, &(struct want){.hoa = &v->home_address, .coa = &v->coa, .agent = &v->ha}))
		find(f, n, "a visitor that no home agent sends here,", &v->home_address);
	else if (!m || !nic || !nic->link || !is_on(m, nic->link))
		find(f, n, "a visitor that is elsewhere,", &v->home_address);
}

static void check_assigned(struct finding *f, const struct node *n, const struct dp_op *op)
{
	const struct dp_coa *c = &op->coa;
	const struct node *m = node_of_home(f->s, &c->home_address);
	if (!is_alive(n, c->expires))
		return;
	if (addr_is_group(&c->coa)) {
		if (fwd_is_fresh(op)) /* of a process before, nothing leads there any more */
			check_cast(f, n, &c->home_address, &c->coa);
	} else if (!m || !is_bound(f->s, &(struct want){.hoa = &c->home_address, .coa = coa_of(c)}))
		find(f, n, "a care-of address that no home agent uses, of", &c->home_address);
	else if (!is_listening(m, &c->group, NULL))
		find(f, n, "a group that the mobile does not listen to, of", &c->home_address);
}

static bool is_of_network(const struct node *n, const struct addr6 *a)
{
	uint32_t it = 0;
	for (const struct dp_op *op; (op = fwd_next(n, &it));)
		if (op->table == DP_NET && prefix6_contains(&op->net.prefix, a))
			return true;
	return false;
}

static void check_uplink(struct finding *f, const struct node *n, const struct dp_op *op)
{
	const struct dp_uplink_in *u = &op->uplink_in;
	uint32_t it = 0;
	bool is_justified = !is_alive(n, u->expires);
	for (const struct dp_op *c; !is_justified && (c = fwd_next(n, &it));)
		is_justified = c->table == DP_COA && addr6_eq(coa_of(&c->coa), &u->coa) && is_alive(n, c->coa.expires) &&
			       (!addr6_is_v4mapped(&u->coa) || addr6_eq(&c->coa.home_address, &u->inner_src) || is_of_network(n, &u->inner_src));
	if (!is_justified)
		find(f, n, "an uplink without a care-of address, of", &u->inner_src);
}

static void check_forwarding(struct finding *f, const struct node *n, const struct dp_op *op)
{
	const struct dp_mfc *m = &op->mfc;
	if (!m->n_oif && m->iif)
		find(f, n, "a group forwarded nowhere,", &m->group);
	for (uint32_t i = 0; i < m->n_oif; i++) {
		const struct nic *nic = node_nic(n, m->oif[i]);
		const struct link *l = nic ? nic->link : NULL;
		bool is_heard = l && holder(f->s, DP_MFC, forwards, &(struct want){.group = &m->group, .in = l});
		for (uint32_t j = 0; l && j < l->n_nics && !is_heard; j++)
			is_heard = cast_has_guest(l->nics[j]->node, &m->group) || (!l->nics[j]->node->is_router && is_listening(l->nics[j]->node, &m->group, l));
		if (!is_heard)
			find(f, n, "a group forwarded to a link where nobody listens,", &m->group);
	}
}

static void check_downlink(struct finding *f, const struct node *n, const struct dp_op *op)
{
	const struct dp_downlink_in *d = &op->downlink_in;
	const struct want away = {.hoa = &d->home_address, .group = &d->dst, .agent = &d->src},
			  plain = {.hoa = &d->home_address, .coa = &d->dst, .agent = &d->src};
	bool is_plain = d->encap != DP_ENCAP_GRE && d->encap != DP_ENCAP_RH2, is_nested = addr6_eq(&d->dst, &d->home_address);
	const struct want behind_nat = {.hoa = &d->home_address, .agent = &d->src};
	if (addr_is_group(&d->dst) ? !holder(f->s, DP_COA, is_assigned, &away)
	    : is_plain && !is_bound(f->s, d->encap == DP_ENCAP_UDP || is_nested ? &behind_nat : &plain))
		find(f, n, "a tunnel in that no agent feeds,", &d->dst);
}

static void check_uplink_out(struct finding *f, const struct node *n, const struct dp_op *op)
{
	const struct dp_uplink_out *u = &op->uplink_out;
	const struct nic *nic = node_nic(n, u->ifindex);
	const struct want site = {.hoa = &u->inner_src, .agent = &u->dst}, plain = {.hoa = &u->inner_src, .coa = &u->src, .agent = &u->dst};
	const struct want any = {.hoa = &u->inner_src}, behind_nat = {.hoa = &u->inner_src, .agent = &u->dst};
	bool is_visitor = addr6_is_v4mapped(&u->inner_src) && (u->encap == DP_ENCAP_NONE || u->encap == DP_ENCAP_IPIP) && holder(f->s, DP_VISIT, is_visited, &any);
	if (!nic || !nic->link)
		find(f, n, "a tunnel out over a link that is gone, of", &u->inner_src);
	else if (node_has_home(n, &u->inner_src) && u->encap != DP_ENCAP_NONE && !is_visitor && !holder(f->s, DP_COA, is_assigned, &site) &&
		 !is_bound(f->s, u->encap == DP_ENCAP_UDP ? &behind_nat : &plain))
		find(f, n, "a tunnel out that no agent takes, of", &u->inner_src);
}

/* What is over is no longer forwarded, but who put it must not let it fill the tables for ever. (What a process before left
 * is as good as absent: datapath/dp.h.) */
static void check_over(struct finding *f, const struct node *n, const struct dp_op *op)
{
	static const int64_t PATIENCE_NS = 20 * NS_PER_S;
	mono_t expires = op->table == DP_HOME ? op->home.expires : op->table == DP_COA ? op->coa.expires
		: op->table == DP_UPLINK_IN ? op->uplink_in.expires : op->table == DP_CN ? op->cn.expires
		: op->table == DP_VISIT ? op->visit.expires : op->table == DP_GUEST ? op->guest.expires
		: op->table == DP_RO_OUT ? op->ro_out.expires : MONO_NEVER;
	mono_t keep = op->table == DP_COA ? op->coa.forward_until : op->table == DP_HOME ? op->home.prev_until : expires;
	expires = mono_before(expires, keep) ? keep : expires;
	if (fwd_is_fresh(op) && !mono_is_never(expires) && mono_before(expires, (mono_t){node_now(n).mono.ns - PATIENCE_NS}))
		find(f, n, "an entry of the datapath past its time, of", op->table == DP_HOME ? &op->home.home_address
			: op->table == DP_COA ? &op->coa.home_address : op->table == DP_UPLINK_IN ? &op->uplink_in.inner_src
			: op->table == DP_GUEST ? &op->guest.home_address[0] : op->table == DP_CN ? &op->cn.home_address
			: op->table == DP_VISIT ? &op->visit.home_address : &op->ro_out.home_address);
}

static void check_datapath(struct finding *f, const struct node *n)
{
	static void (*const check[DP_TABLE_N])(struct finding *, const struct node *, const struct dp_op *) = {
		[DP_HOME] = check_tunnel, [DP_COA] = check_assigned, [DP_UPLINK_IN] = check_uplink, [DP_MFC] = check_forwarding,
		[DP_DOWNLINK_IN] = check_downlink, [DP_UPLINK_OUT] = check_uplink_out, [DP_HOME_MORE] = check_tunnels, [DP_VISIT] = check_visit,
		[DP_GUEST] = check_guest,
	};
	uint32_t it = 0;
	for (const struct dp_op *op; (op = fwd_next(n, &it));) {
		check_over(f, n, op);
		if (check[op->table])
			check[op->table](f, n, op);
	}
}

static bool is_static_addr(const struct node *n, const struct ifaddr *a)
{
	for (uint32_t i = 0; i < n->n_static_addrs; i++)
		if (n->static_addrs[i].ifindex == a->ifindex && addr6_eq(&n->static_addrs[i].addr, &a->addr))
			return true;
	return false;
}

/* Some router on the link has an address of the same prefix. */
static bool is_of_link(const struct link *l, const struct ifaddr *a)
{
	const struct prefix6 p = {a->addr, addr6_is_v4mapped(&a->addr) ? a->plen_bits : 64};
	for (uint32_t i = 0; l && i < l->n_nics; i++) {
		const struct node *r = l->nics[i]->node;
		for (uint32_t j = 0; r->is_router && j < r->n_addrs; j++)
			if (r->addrs[j].ifindex == l->nics[i]->ifindex && prefix6_contains(&p, &r->addrs[j].addr))
				return true;
	}
	return false;
}

/* A home address, a lease, an address of the scenario, or one that the link gives. */
static bool has_reason(const struct node *n, const struct ifaddr *a)
{
	const struct nic *nic = node_nic(n, a->ifindex);
	bool is_leased = nic && addr6_eq(&nic->leased, &a->addr);
	return node_has_home(n, &a->addr) || is_leased || is_static_addr(n, a) || addr6_is_linklocal(&a->addr) || (nic && is_of_link(nic->link, a));
}

static bool is_link_scope(const struct addr6 *g)
{
	return addr6_is_v4mapped(g) ? g->b[12] == 224 && !g->b[13] && !g->b[14] : (g->b[1] & 0xf) <= 2;
}

static bool is_fed(const struct sim *s, const struct node *n, const struct addr6 *group)
{
	for (uint32_t j = 0; j < n->n_homes; j++)
		if (holder(s, DP_COA, is_assigned, &(struct want){.hoa = &n->home[j], .group = group}))
			return true;
	return false;
}

static void check_mobile(struct finding *f, const struct node *n)
{
	uint32_t n_home[NODE_HOMES_MAX] = {0};
	for (uint32_t i = 0; i < n->n_addrs; i++) {
		const struct ifaddr *a = &n->addrs[i];
		for (uint32_t j = 0; j < n->n_homes; j++)
			n_home[j] += addr6_eq(&a->addr, &n->home[j]);
		if (!has_reason(n, a))
			find(f, n, "an address that is of no link,", &a->addr);
	}
	for (uint32_t j = 0; j < n->n_homes; j++)
		if (n_home[j] != 1 && n->is_running)
			find(f, n, n_home[j] ? "more than one time" : "nowhere any more:", &n->home[j]);
	for (uint32_t i = 0; i < n->n_groups; i++) {
		const struct nic *nic = node_nic(n, n->groups[i].ifindex);
		if (is_link_scope(&n->groups[i].group))
			continue;
		if (!nic || !nic->link || !is_fed(f->s, n, &n->groups[i].group))
			find(f, n, "a membership that no agent feeds,", &n->groups[i].group);
	}
	for (uint32_t i = 0; i < n->n_routes; i++) {
		const struct nic *nic = node_nic(n, n->routes[i].r.ifindex);
		if (nic && !nic->link && !n->routes[i].r.dst.len_bits)
			find(f, n, "a default route over a link that is gone,", &n->routes[i].r.via);
	}
}

static void check_router(struct finding *f, const struct node *n)
{
	for (uint32_t i = 0; i < n->n_addrs; i++)
		if (!is_static_addr(n, &n->addrs[i]) && node_of_home(f->s, &n->addrs[i].addr))
			find(f, n, "a mobile's address,", &n->addrs[i].addr);
	for (uint32_t i = 0; i < n->n_groups; i++) {
		const struct nic *nic = node_nic(n, n->groups[i].ifindex);
		bool is_wide = !is_link_scope(&n->groups[i].group);
		if (is_wide && (!nic || !holder(f->s, DP_MFC, forwards, &(struct want){.group = &n->groups[i].group, .in = nic->link})))
			find(f, n, "a membership for nothing,", &n->groups[i].group);
	}
}

static void check_store(struct finding *f, const struct node *n)
{
	struct addr6 hoa;
	for (const struct store_item *i = n->store; i; i = i->next) {
		if ((i->table != STORE_BINDING_HA && i->table != STORE_BINDING_MMA) || i->key_len_oct != sizeof hoa)
			continue;
		memcpy(&hoa, i->bytes, sizeof hoa);
		const struct want w = {.hoa = &hoa};
		if (!(i->table == STORE_BINDING_HA ? holder(f->s, DP_HOME, is_tunnel, &w) : holder(f->s, DP_COA, is_assigned, &w)))
			find(f, n, i->table == STORE_BINDING_HA ? "a stored binding of" : "a stored registration of", &hoa);
	}
}

uint32_t remains_left(struct sim *s)
{
	struct finding f = {.s = s};
	for (const struct node *n = s->nodes; n; n = n->next) {
		uint32_t it = 0;
		for (const struct dp_op *op; (op = fwd_next(n, &it));)
			if (op->table == DP_COA && !is_alive(n, op->coa.forward_until)) {
				const struct node *m = node_of_home(s, &op->coa.home_address);
				if (!m || m->is_running) /* who is switched off tells nobody */
					check_assigned(&f, n, op);
			}
	}
	return f.n;
}

uint32_t remains(struct sim *s)
{
	struct finding f = {.s = s};
	for (const struct node *n = s->nodes; n; n = n->next) {
		check_datapath(&f, n);
		check_store(&f, n);
		if (n->is_mobile)
			check_mobile(&f, n);
		else
			check_router(&f, n);
	}
	return f.n;
}
