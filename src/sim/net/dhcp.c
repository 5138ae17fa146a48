/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/net/dhcp.h"

enum { FIRST_HOST = 128, METRIC = 1024 };
static const int64_t EXCHANGE_NS = 30 * NS_PER_MS, NOTICE_NS = 2 * NS_PER_S;

void dhcp_lease(struct link *l, const struct prefix6 *prefix, const struct addr6 *router)
{
	l->lease = *prefix;
	l->lease_router = *router;
}

/* The same node gets the same address of a link each time. */
static struct fx_addr leased(const struct nic *nic)
{
	struct fx_addr a = {.ifindex = nic->ifindex, .addr = nic->link->lease.addr, .plen_bits = nic->link->lease.len_bits, .flags = ADDR_NODAD};
	a.addr.b[15] = (uint8_t)(a.addr.b[15] | (FIRST_HOST + (nic->node->number * 2 + nic->ifindex % 2) % (256 - FIRST_HOST)));
	return a;
}

static struct fx_route default_route(const struct nic *nic, const struct addr6 *router)
{
	static const struct prefix6 all4 = {{{[10] = 0xff, [11] = 0xff}}, 96};
	return (struct fx_route){.dst = all4, .ifindex = nic->ifindex, .via = *router, .metric = METRIC + nic->ifindex};
}

static void on_ack(struct sim *s, void *obj, void *arg, uint64_t epoch)
{
	struct nic *nic = obj;
	(void)s;
	(void)arg;
	if (nic->epoch != epoch || !nic->link->lease.len_bits)
		return;
	struct fx_addr a = leased(nic);
	struct fx_route r = default_route(nic, &nic->link->lease_router);
	nic->leased = a.addr;
	nic->leased_router = nic->link->lease_router;
	node_addr_add(nic->node, &a);
	node_route_put(nic->node, &r);
}

void dhcp_carrier(struct nic *nic)
{
	if (!nic->has_dhcp)
		return;
	if (!addr6_is_none(&nic->leased)) {
		struct fx_route r = default_route(nic, &nic->leased_router);
		struct addr6 gone = nic->leased;
		nic->leased = addr6_any;
		node_route_del(nic->node, &r);
		node_addr_del(nic->node, nic->ifindex, &gone, 0);
	}
	if (nic->link)
		sim_in(nic->node->sim, EXCHANGE_NS, on_ack, nic, NULL, nic->epoch);
}

static void on_notice(struct sim *s, void *obj, void *arg, uint64_t epoch)
{
	struct nic *nic = obj;
	(void)s;
	(void)arg;
	if (nic->epoch == epoch)
		dhcp_carrier(nic);
}

void dhcp_roamed(struct nic *nic)
{
	sim_in(nic->node->sim, NOTICE_NS, on_notice, nic, NULL, nic->epoch);
}
