/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/net/node.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "sim/net/dhcp.h"
#include "sim/net/fwd.h"
#include "sim/net/nat.h"
#include "sim/net/nd.h"
#include "sim/net/neigh.h"
#include "sim/proc.h"

enum { ONLINK_METRIC = 256, ONLINK_METRIC4 = 0, V4_BITS = 96 };

static const int64_t BOOT_WALL_NS = 1767225600LL * NS_PER_S; /* 2026-01-01 */

struct node *node_new(struct sim *s, const char *name)
{
	struct node *n = sim_alloc(sizeof *n), **end = &s->nodes;
	snprintf(n->name, sizeof n->name, "%s", name);
	n->sim = s;
	n->number = s->n_nodes++;
	n->tick_at_ns = INT64_MAX;
	prng_seed(&n->prng, sim_subseed(s, name));
	n->rng = prng_rng(&n->prng);
	/* Machines booted at different times; their wall clocks agree to some milliseconds. */
	n->mono_off_ns = (int64_t)(1 + prng_u64(&n->prng) % 1000) * NS_PER_S;
	n->wall_off_ns = BOOT_WALL_NS + (int64_t)(prng_u64(&n->prng) % 10) * NS_PER_MS;
	n->fwd = fwd_new(n);
	while (*end)
		end = &(*end)->next;
	return *end = n;
}

struct node *node_find(struct sim *s, const char *name)
{
	struct node *n = s->nodes;
	while (n && strcmp(n->name, name) != 0)
		n = n->next;
	return n;
}

struct nic *node_nic_add(struct node *n, const char *name)
{
	if (n->n_nics == NODE_NICS_MAX)
		return NULL;
	struct nic *c = sim_alloc(sizeof *c);
	snprintf(c->name, sizeof c->name, "%s", name);
	c->node = n;
	c->ifindex = IFINDEX_FIRST + n->n_nics;
	c->lladdr = (struct lladdr){{2, 0, 0, 0, (uint8_t)(n->number + 1), (uint8_t)c->ifindex}};
	c->mtu_oct = 1500;
	n->nics[n->n_nics++] = c;
	struct fx_addr ll = {.ifindex = c->ifindex, .addr = addr6_linklocal(&c->lladdr), .plen_bits = 64, .flags = ADDR_NODAD};
	node_addr_add(n, &ll);
	return c;
}

struct nic *node_nic(const struct node *n, uint32_t ifindex)
{
	return ifindex >= IFINDEX_FIRST && ifindex - IFINDEX_FIRST < n->n_nics ? n->nics[ifindex - IFINDEX_FIRST] : NULL;
}

struct nic *node_nic_named(const struct node *n, const char *name)
{
	for (uint32_t i = 0; i < n->n_nics; i++)
		if (strcmp(n->nics[i]->name, name) == 0)
			return n->nics[i];
	return NULL;
}

static struct ifaddr *find_on(struct node *n, uint32_t ifindex, const struct addr6 *addr)
{
	for (uint32_t i = 0; i < n->n_addrs; i++)
		if (n->addrs[i].ifindex == ifindex && addr6_eq(&n->addrs[i].addr, addr))
			return &n->addrs[i];
	return NULL;
}

struct ifaddr *node_addr_find(struct node *n, const struct addr6 *addr)
{
	struct ifaddr *best = NULL;
	for (uint32_t i = 0; i < n->n_addrs; i++) {
		struct ifaddr *a = &n->addrs[i];
		if (addr6_eq(&a->addr, addr) && (!best || ifaddr_is_usable(a)))
			best = a;
	}
	return best;
}

/* The route to the addresses beside ours on the link, as the kernel makes it. */
static struct fx_route onlink_route(const struct fx_addr *a)
{
	struct prefix6 dst = {a->addr, a->plen_bits};
	for (uint32_t bit = a->plen_bits; bit < 128; bit++)
		dst.addr.b[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
	return (struct fx_route){.dst = dst, .ifindex = a->ifindex, .metric = addr6_is_v4mapped(&a->addr) ? ONLINK_METRIC4 : ONLINK_METRIC};
}

static bool is_v4_prefix(const struct prefix6 *p) { return p->len_bits >= V4_BITS && addr6_is_v4mapped(&p->addr); }

/* The kernel made it with an address. */
static bool is_onlink(const struct fx_route *r)
{
	return addr6_is_none(&r->via) && r->metric == (is_v4_prefix(&r->dst) ? ONLINK_METRIC4 : ONLINK_METRIC);
}

int node_addr_add(struct node *n, const struct fx_addr *a)
{
	struct ifaddr *i = find_on(n, a->ifindex, &a->addr);
	if (i) {
		i->flags = a->flags;
		i->is_left = false;
		i->broadcast = a->broadcast;
		return ERR_OK;
	}
	if (n->n_addrs == NODE_ADDRS_MAX)
		return ERR_FULL;
	i = &n->addrs[n->n_addrs++];
	*i = (struct ifaddr){a->addr, a->ifindex, a->plen_bits, a->flags, IFADDR_OK, ++n->addr_epoch, false, a->broadcast};
	if (a->plen_bits < 128) {
		struct fx_route r = onlink_route(a);
		node_route_put(n, &r);
	}
	nd_addr_added(n, i);
	if (i->state == IFADDR_OK)
		proc_local(n, a->ifindex, &a->addr, false);
	return ERR_OK;
}

static void drop_routes4(struct node *n, uint32_t ifindex)
{
	for (uint32_t i = n->n_routes; i-- > 0;)
		if (n->routes[i].r.ifindex == ifindex && is_v4_prefix(&n->routes[i].r.dst)) {
			struct fx_route gone = n->routes[i].r;
			node_route_del(n, &gone);
		}
}

static bool has_v4(const struct node *n, uint32_t ifindex)
{
	for (uint32_t i = 0; i < n->n_addrs; i++)
		if (n->addrs[i].ifindex == ifindex && addr6_is_v4mapped(&n->addrs[i].addr))
			return true;
	return false;
}

void node_addr_del(struct node *n, uint32_t ifindex, const struct addr6 *addr, uint8_t plen_bits)
{
	struct ifaddr *i = find_on(n, ifindex, addr);
	bool is_v4 = addr6_is_v4mapped(addr);
	if (!i || (is_v4 && plen_bits && plen_bits != i->plen_bits))
		return;
	struct fx_addr a = {.ifindex = ifindex, .addr = *addr, .plen_bits = i->plen_bits};
	struct fx_route r = onlink_route(&a);
	*i = n->addrs[--n->n_addrs];
	if (is_v4 && !has_v4(n, ifindex))
		drop_routes4(n, ifindex);
	proc_local(n, a.ifindex, &a.addr, true);
	for (uint32_t j = 0; j < n->n_addrs; j++) {
		struct prefix6 p = {r.dst.addr, a.plen_bits};
		if (n->addrs[j].ifindex == ifindex && n->addrs[j].plen_bits == a.plen_bits && prefix6_contains(&p, &n->addrs[j].addr))
			return; /* the prefix has another address of ours */
	}
	node_route_del(n, &r);
}

static bool same_route(const struct fx_route *a, const struct fx_route *b)
{
	return prefix6_eq(&a->dst, &b->dst) && a->metric == b->metric && a->ifindex == b->ifindex;
}

/* As the kernel replaces: whichever has the same destination and metric. On-link routes of two interfaces live side by side. */
static bool is_replaced_by(const struct fx_route *old, const struct fx_route *r)
{
	return prefix6_eq(&old->dst, &r->dst) && old->metric == r->metric && (!is_onlink(r) || old->ifindex == r->ifindex);
}

void node_route_put(struct node *n, const struct fx_route *r)
{
	for (uint32_t i = 0; i < n->n_routes; i++)
		if (is_replaced_by(&n->routes[i].r, r)) {
			n->routes[i] = (struct route){*r, false, false};
			return;
		}
	if (n->n_routes < NODE_ROUTES_MAX)
		n->routes[n->n_routes++] = (struct route){*r, false, false};
}

bool node_route_put_own(struct node *n, const struct fx_route *r)
{
	for (uint32_t i = 0; is_v4_prefix(&r->dst) && i < n->n_routes; i++)
		if (is_replaced_by(&n->routes[i].r, r) && !n->routes[i].is_own)
			return false;
	node_route_put(n, r);
	for (uint32_t i = 0; i < n->n_routes; i++)
		n->routes[i].is_own |= same_route(&n->routes[i].r, r);
	return true;
}

void node_route_del(struct node *n, const struct fx_route *r)
{
	for (uint32_t i = 0; i < n->n_routes; i++)
		if (same_route(&n->routes[i].r, r)) {
			memmove(&n->routes[i], &n->routes[i + 1], (n->n_routes - i - 1) * sizeof n->routes[0]);
			n->n_routes--;
			return;
		}
}

const struct fx_route *node_route(const struct node *n, const struct addr6 *dst, uint32_t oif)
{
	const struct fx_route *best = NULL;
	for (uint32_t i = 0; i < n->n_routes; i++) {
		const struct fx_route *r = &n->routes[i].r;
		if ((oif && r->ifindex != oif) || is_v4_prefix(&r->dst) != addr6_is_v4mapped(dst) || !prefix6_contains(&r->dst, dst))
			continue;
		if (!best || r->dst.len_bits > best->dst.len_bits ||
		    (r->dst.len_bits == best->dst.len_bits && r->metric < best->metric))
			best = r;
	}
	return best;
}

static bool is_static_addr(const struct node *n, const struct ifaddr *a)
{
	for (uint32_t i = 0; i < n->n_static_addrs; i++)
		if (n->static_addrs[i].ifindex == a->ifindex && addr6_eq(&n->static_addrs[i].addr, &a->addr))
			return true;
	return false;
}

/* The host's own client has it, not the process. */
static bool is_leased(const struct node *n, const struct ifaddr *a)
{
	const struct nic *nic = node_nic(n, a->ifindex);
	return nic && addr6_eq(&nic->leased, &a->addr);
}

static bool is_static_route(const struct node *n, const struct route *r)
{
	for (uint32_t i = 0; i < n->n_static_routes; i++)
		if (same_route(&n->static_routes[i].r, &r->r))
			return true;
	return is_onlink(&r->r); /* goes with its address */
}

void node_mark_left(struct node *n)
{
	for (uint32_t i = 0; i < n->n_addrs; i++)
		n->addrs[i].is_left = !is_static_addr(n, &n->addrs[i]) && !is_leased(n, &n->addrs[i]);
	for (uint32_t i = 0; i < n->n_routes; i++)
		n->routes[i].is_left = n->routes[i].is_own && !is_static_route(n, &n->routes[i]);
}

void node_sweep_left(struct node *n)
{
	for (uint32_t i = n->n_addrs; i-- > 0;)
		if (n->addrs[i].is_left) {
			struct addr6 gone = n->addrs[i].addr;
			node_addr_del(n, n->addrs[i].ifindex, &gone, 0);
		}
	for (uint32_t i = n->n_routes; i-- > 0;)
		if (n->routes[i].is_left) {
			struct fx_route gone = n->routes[i].r;
			node_route_del(n, &gone);
		}
}

const struct addr6 *node_source(const struct node *n)
{
	for (uint32_t i = 0; i < n->n_addrs; i++)
		if (!addr6_is_linklocal(&n->addrs[i].addr) && !addr6_is_v4mapped(&n->addrs[i].addr) && ifaddr_is_usable(&n->addrs[i]))
			return &n->addrs[i].addr;
	return NULL;
}

const struct addr6 *node_source4(const struct node *n, uint32_t ifindex, const struct addr6 *dst)
{
	const struct ifaddr *on_link = NULL, *on_if = NULL, *any = NULL;
	for (uint32_t i = n->n_addrs; i-- > 0;) { /* the first that was given counts */
		const struct ifaddr *a = &n->addrs[i];
		struct prefix6 p = {a->addr, a->plen_bits};
		if (!addr6_is_v4mapped(&a->addr) || !ifaddr_is_usable(a))
			continue;
		any = a;
		if (a->ifindex != ifindex)
			continue;
		on_if = a;
		if (prefix6_contains(&p, dst))
			on_link = a;
	}
	const struct ifaddr *best = on_link ? on_link : on_if ? on_if : any;
	return best ? &best->addr : NULL;
}

bool node_has_home(const struct node *n, const struct addr6 *addr)
{
	for (uint32_t i = 0; i < n->n_homes; i++)
		if (addr6_eq(&n->home[i], addr))
			return true;
	return false;
}

struct node *node_of_home(const struct sim *s, const struct addr6 *home_address)
{
	struct node *n = s->nodes;
	while (n && !node_has_home(n, home_address))
		n = n->next;
	return n;
}

void node_freeze(struct node *n)
{
	n->n_static_addrs = n->n_addrs;
	n->n_static_routes = n->n_routes;
	memcpy(n->static_addrs, n->addrs, sizeof n->addrs);
	memcpy(n->static_routes, n->routes, sizeof n->routes);
}

void node_reset(struct node *n)
{
	n->n_addrs = n->n_static_addrs;
	n->n_routes = n->n_static_routes;
	memcpy(n->addrs, n->static_addrs, sizeof n->addrs);
	memcpy(n->routes, n->static_routes, sizeof n->routes);
	for (uint32_t i = 0; i < n->n_nics; i++) {
		neigh_flush(n, n->nics[i]->ifindex);
		n->nics[i]->leased = addr6_any;
		dhcp_carrier(n->nics[i]); /* asks again when the machine is back, which it is at once */
	}
}

static void store_free(struct node *n)
{
	for (struct store_item *i; (i = n->store);) {
		n->store = i->next;
		free(i);
	}
}

void nodes_free(struct sim *s)
{
	for (struct node *n; (n = s->nodes);) {
		s->nodes = n->next;
		proc_fini(n);
		store_free(n);
		neigh_fini(n);
		fwd_free(n->fwd);
		nat_free(n->nat);
		for (uint32_t i = 0; i < n->n_nics; i++)
			free(n->nics[i]);
		free(n);
	}
}
