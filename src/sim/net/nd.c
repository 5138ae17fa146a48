/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/net/nd.h"

#include "sim/net/kern.h"
#include "sim/net/pkt.h"
#include "sim/proc.h"

enum { OPT_SLLAO = 1, OPT_TLLAO = 2, ND_LEN = 24, NA_ROUTER = 0x80, NA_SOLICITED = 0x40, NA_OVERRIDE = 0x20 };
static const int64_t DAD_NS = NS_PER_S;

/* ICMPv6 neighbour message with one link-layer address option (none when ll is NULL). */
static void nd_send(struct node *n, struct nic *nic, uint8_t type, uint8_t flags, const struct addr6 *src,
		    const struct addr6 *dst, const struct lladdr *to, const struct addr6 *target, const struct lladdr *ll)
{
	uint8_t p[IP6_LEN + ND_LEN + 8] = {0}, *icmp = p + IP6_LEN;
	size_t len = ND_LEN + (ll ? 8 : 0);

	icmp[0] = type;
	icmp[4] = flags;
	memcpy(icmp + 8, target, 16);
	if (ll) {
		icmp[24] = type == ICMP_NS ? OPT_SLLAO : OPT_TLLAO;
		icmp[25] = 1;
		memcpy(icmp + 26, ll, 6);
	}
	ip6_put(p, PROTO_ICMP6, 255, src, dst, len);
	put16(icmp + 2, ip_checksum(src, dst, PROTO_ICMP6, icmp, len));
	kern_send_link(n, nic, to, p, IP6_LEN + len);
}

/* A source for solicitations: a usable address of the interface, link-local first (RFC 4861 7.2.2 allows any). */
static struct addr6 pick_source(const struct node *n, uint32_t ifindex)
{
	for (uint32_t i = 0; i < n->n_addrs; i++)
		if (n->addrs[i].ifindex == ifindex && addr6_is_linklocal(&n->addrs[i].addr))
			return n->addrs[i].addr;
	return addr6_any;
}

void nd_solicit(struct neigh *e, struct nic *nic)
{
	struct addr6 src = pick_source(e->node, e->ifindex), dst = addr6_solicited_node(&e->addr);
	struct lladdr to = lladdr_of_multicast(&dst);
	if (e->state == NEIGH_PROBE) {
		dst = e->addr;
		to = e->lladdr;
	}
	nd_send(e->node, nic, ICMP_NS, 0, &src, &dst, &to, &e->addr, &nic->lladdr);
}

void nd_announce(struct nic *nic, const struct addr6 *addr)
{
	static const struct addr6 all_nodes = {{0xff, 2, [15] = 1}};
	const struct lladdr to = lladdr_of_multicast(&all_nodes);
	nd_send(nic->node, nic, ICMP_NA, NA_ROUTER | NA_OVERRIDE, addr, &all_nodes, &to, addr, &nic->lladdr);
}

/* The option's link-layer address; false when it is not there. */
static bool option_ll(const uint8_t *icmp, size_t len, uint8_t type, struct lladdr *ll)
{
	for (size_t at = ND_LEN; at + 8 <= len && icmp[at + 1]; at += icmp[at + 1] * 8u)
		if (icmp[at] == type) {
			memcpy(ll, icmp + at + 2, 6);
			return true;
		}
	return false;
}

static void addr_is_duplicate(struct node *n, struct ifaddr *a)
{
	struct addr_event ev = {a->ifindex, a->addr, true};
	a->state = IFADDR_DUPLICATE;
	sim_trace(n->sim, n->name, "dad: %s is in use", ADDR46_STR(&ev.addr));
	proc_addr(n, &ev);
}

static struct ifaddr *addr_on(struct node *n, uint32_t ifindex, const struct addr6 *target)
{
	for (uint32_t i = 0; i < n->n_addrs; i++)
		if (n->addrs[i].ifindex == ifindex && addr6_eq(&n->addrs[i].addr, target))
			return &n->addrs[i];
	return NULL;
}

static bool is_undecided(const struct ifaddr *a) { return a->state == IFADDR_TENTATIVE || a->state == IFADDR_OPTIMISTIC; }

static void rx_ns(struct node *n, struct nic *nic, const uint8_t *p, const uint8_t *icmp, size_t len)
{
	struct addr6 target, src = ip6_src(p);
	struct lladdr ll;
	memcpy(&target, icmp + 8, 16);
	struct ifaddr *a = addr_on(n, nic->ifindex, &target);
	if (!a || a->state == IFADDR_DUPLICATE)
		return;
	if (addr6_is_any(&src)) { /* another's duplicate detection */
		if (is_undecided(a)) {
			addr_is_duplicate(n, a);
			return;
		}
		struct lladdr all = lladdr_of_multicast(&addr6_allnodes);
		nd_send(n, nic, ICMP_NA, NA_OVERRIDE, &target, &addr6_allnodes, &all, &target, &nic->lladdr);
		return;
	}
	if (a->state == IFADDR_TENTATIVE || !option_ll(icmp, len, OPT_SLLAO, &ll))
		return;
	struct neigh *e = neigh_get(n, nic->ifindex, &src);
	if (e->state != NEIGH_REACHABLE || !lladdr_eq(&e->lladdr, &ll))
		neigh_learned(e, &ll, false);
	uint8_t override = a->state == IFADDR_OPTIMISTIC ? 0 : NA_OVERRIDE; /* RFC 4429 3.3 */
	nd_send(n, nic, ICMP_NA, (uint8_t)(NA_SOLICITED | override | (n->is_router ? NA_ROUTER : 0)), &target, &src, &ll, &target,
		&nic->lladdr);
}

/* RFC 4861 7.2.5. */
static void rx_na(struct node *n, struct nic *nic, const uint8_t *icmp, size_t len)
{
	struct addr6 target;
	struct lladdr ll;
	memcpy(&target, icmp + 8, 16);
	struct ifaddr *a = addr_on(n, nic->ifindex, &target);
	if (a && is_undecided(a)) {
		addr_is_duplicate(n, a);
		return;
	}
	struct neigh *e = neigh_find(n, nic->ifindex, &target);
	if (!e || !option_ll(icmp, len, OPT_TLLAO, &ll) || e->state == NEIGH_FAILED)
		return;
	bool is_same = lladdr_eq(&e->lladdr, &ll), is_new = e->state == NEIGH_INCOMPLETE;
	if (is_new || is_same || (icmp[4] & NA_OVERRIDE))
		neigh_learned(e, &ll, icmp[4] & NA_SOLICITED || (is_same && !is_new));
}

void nd_rx(struct node *n, struct nic *nic, struct frame *f)
{
	const uint8_t *p = frame_data(f), *icmp = p + IP6_LEN;
	size_t len = get16(p + 4);
	if (p[7] != 255 || len < ND_LEN)
		return;
	if (icmp[0] == ICMP_NS)
		rx_ns(n, nic, p, icmp, len);
	else
		rx_na(n, nic, icmp, len);
}

static void dad_done(struct sim *s, void *obj, void *arg, uint64_t epoch)
{
	struct node *n = obj;
	(void)s;
	(void)arg;
	for (uint32_t i = 0; i < n->n_addrs; i++) {
		struct ifaddr *a = &n->addrs[i];
		if (a->epoch != epoch || !is_undecided(a))
			continue;
		struct addr_event ev = {a->ifindex, a->addr, false};
		a->state = IFADDR_OK;
		proc_addr(n, &ev);
		proc_local(n, ev.ifindex, &ev.addr, false);
		return;
	}
}

void nd_addr_added(struct node *n, struct ifaddr *a)
{
	struct nic *nic = node_nic(n, a->ifindex);
	if (!nic || (a->flags & ADDR_NODAD) || addr6_is_v4mapped(&a->addr))
		return;
	a->state = a->flags & ADDR_OPTIMISTIC ? IFADDR_OPTIMISTIC : IFADDR_TENTATIVE;
	struct addr6 target = a->addr, dst = addr6_solicited_node(&target);
	struct lladdr to = lladdr_of_multicast(&dst);
	sim_in(n->sim, DAD_NS, dad_done, n, NULL, a->epoch);
	nd_send(n, nic, ICMP_NS, 0, &addr6_any, &dst, &to, &target, NULL);
}
