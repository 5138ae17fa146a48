/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/net/arp.h"

#include "sim/net/kern.h"
#include "sim/net/kern4.h"
#include "sim/net/pkt.h"

static const int64_t LOCKTIME_NS = NS_PER_S;
static const struct addr6 none4 = {{[10] = 0xff, [11] = 0xff}};

void arp_say(struct nic *nic, const struct lladdr *to, const struct arp_msg *m)
{
	uint8_t p[ARP_LEN] = {0, 1, 8, 0, 6, 4, 0, (uint8_t)m->op};
	memcpy(p + 8, &m->sender_ll, 6);
	memcpy(p + 14, m->sender.b + 12, 4);
	memcpy(p + 18, &m->target_ll, 6);
	memcpy(p + 24, m->target.b + 12, 4);
	kern_send_link(nic->node, nic, to, p, sizeof p);
}

/* arp_announce 0: the source of the packet that waits if it is ours, else (2: always) an address of the interface, of the host. */
static struct addr6 announced(const struct neigh *e)
{
	const struct nic *nic = node_nic(e->node, e->ifindex);
	for (uint32_t i = 0; !nic->arp_announce && i < e->n_queue; i++) {
		const uint8_t *p = e->queue[i]->buf + e->queue[i]->off;
		struct addr6 src = ip4_src(p);
		const struct ifaddr *a = ip4_is(p) ? node_addr_find(e->node, &src) : NULL;
		if (a && ifaddr_is_usable(a))
			return src;
	}
	const struct addr6 *own = node_source4(e->node, e->ifindex, &e->addr);
	return own ? *own : none4;
}

void arp_solicit(struct neigh *e, struct nic *nic)
{
	struct lladdr to = e->state == NEIGH_PROBE ? e->lladdr : lladdr_broadcast;
	struct arp_msg m = {.op = ARP_OP_REQUEST, .sender_ll = nic->lladdr, .sender = announced(e), .target = e->addr};
	arp_say(nic, &to, &m);
}

void arp_failed(struct neigh *e)
{
	for (uint32_t i = 0; i < e->n_queue; i++)
		kern4_error(e->node, e->queue[i], ICMP4_UNREACHABLE, ICMP4_HOST, 0);
}

/* arp_ignore 0: any address of the host; 1: those of the interface. */
static bool answers_for(const struct node *n, const struct nic *nic, const struct addr6 *target)
{
	for (uint32_t i = 0; i < n->n_addrs; i++)
		if (addr6_eq(&n->addrs[i].addr, target) && ifaddr_is_usable(&n->addrs[i]) &&
		    ((!n->arp_ignore && !nic->arp_ignore) || n->addrs[i].ifindex == nic->ifindex))
			return true;
	return false;
}

static bool arp_read(const uint8_t *p, size_t len, struct arp_msg *m)
{
	static const uint8_t ip_over_ethernet[] = {0, 1, 8, 0, 6, 4};
	if (len < ARP_LEN || memcmp(p, ip_over_ethernet, sizeof ip_over_ethernet) != 0)
		return false;
	m->op = get16(p + 6);
	memcpy(&m->sender_ll, p + 8, 6);
	memcpy(&m->target_ll, p + 18, 6);
	m->sender = ip4_addr(p + 14);
	m->target = ip4_addr(p + 24);
	return m->op == ARP_OP_REQUEST || m->op == ARP_OP_REPLY;
}

static void answer(struct nic *nic, const struct arp_msg *m)
{
	struct arp_msg reply = {ARP_OP_REPLY, nic->lladdr, m->sender_ll, m->target, m->sender};
	arp_say(nic, &m->sender_ll, &reply);
}

/* Not for us, or no question: only what is there is changed. */
static void overheard(struct node *n, struct nic *nic, const struct arp_msg *m, bool is_to_us)
{
	struct neigh *e = neigh_find(n, nic->ifindex, &m->sender);
	bool is_gratuitous = addr6_eq(&m->sender, &m->target) && (m->op == ARP_OP_REQUEST || lladdr_eq(&m->sender_ll, &m->target_ll));
	if (!e)
		return;
	bool is_valid = e->state == NEIGH_REACHABLE || e->state == NEIGH_PROBE;
	bool overrides = is_gratuitous || n->sim->t_ns - e->updated_ns > LOCKTIME_NS;
	if (!is_valid || overrides || lladdr_eq(&e->lladdr, &m->sender_ll))
		neigh_learned(e, &m->sender_ll, m->op == ARP_OP_REPLY && is_to_us);
}

void arp_rx(struct node *n, struct nic *nic, const struct frame *f)
{
	struct arp_msg m;
	if (!arp_read(f->buf + f->off, f->len, &m) || addr6_is_v4multicast(&m.target))
		return;
	if (m.op == ARP_OP_REQUEST && addr6_is_none(&m.sender)) { /* another's duplicate detection (RFC 5227) */
		if (answers_for(n, nic, &m.target))
			answer(nic, &m);
		return;
	}
	if (!addr6_is_v4unicast(&m.sender) || node_addr_find(n, &m.sender))
		return; /* a martian: somebody has an address of ours */
	if (m.op == ARP_OP_REQUEST && answers_for(n, nic, &m.target)) {
		struct neigh *e = neigh_get(n, nic->ifindex, &m.sender);
		if (e->state != NEIGH_REACHABLE || !lladdr_eq(&e->lladdr, &m.sender_ll))
			neigh_learned(e, &m.sender_ll, false);
		answer(nic, &m);
		return;
	}
	overheard(n, nic, &m, lladdr_eq(&m.target_ll, &nic->lladdr));
}
