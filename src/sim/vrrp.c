/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/vrrp.h"

#include "sim/net/arp.h"
#include "sim/net/kern.h"
#include "sim/net/kern4.h"
#include "sim/net/nd.h"
#include "sim/net/pkt.h"

enum { ADVERT_OCT = 8, DOWN_ADVERTS = 3, BOOST_TO = 255 };

static const int64_t ANNOUNCE_AGAIN_NS = 5 * NS_PER_S, REFRESH_NS = 10 * NS_PER_S; /* keepalived: vrrp_garp_master_delay, vrrp_garp_master_refresh */
static const struct addr6 all_vrrp = {{0xff, 2, [15] = 0x12}};

static void on_time(struct sim *s, void *obj, void *arg, uint64_t at);

static void arm(struct member *m, int64_t in_ns)
{
	struct sim *s = m->node->sim;
	m->at_ns = s->t_ns + in_ns;
	sim_at(s, m->at_ns, on_time, m, NULL, (uint64_t)m->at_ns);
}

static uint8_t priority(const struct member *m) { return m->boost ? m->boost : m->priority; }

/* The more priority, the sooner. */
static int64_t skew(const struct member *m) { return (256 - priority(m)) * m->group->every_ns / 256; }

static void advertise(struct member *m, uint8_t prio)
{
	uint8_t p[IP6_LEN + ADVERT_OCT] = {0}, *v = p + IP6_LEN;
	const struct addr6 src = addr6_linklocal(&m->nic->lladdr);
	const struct lladdr to = lladdr_of_multicast(&all_vrrp);
	ip6_put(p, PROTO_VRRP, 255, &src, &all_vrrp, ADVERT_OCT);
	v[0] = 0x31;
	v[1] = (uint8_t)m->id; /* not the virtual router's number: who says it */
	v[2] = prio;
	put16(v + 6, ip_checksum(&src, &all_vrrp, PROTO_VRRP, v, ADVERT_OCT));
	kern_send_link(m->node, m->nic, &to, p, sizeof p);
}

static void announce(struct nic *nic, const struct addr6 *a)
{
	const struct arp_msg say = {.op = ARP_OP_REQUEST, .sender_ll = nic->lladdr, .sender = *a, .target = *a};
	if (addr6_is_v4mapped(a))
		arp_say(nic, &lladdr_broadcast, &say);
	else
		nd_announce(nic, a);
}

static struct nic *nic_of_address(const struct member *m, const struct virtual_addr *v)
{
	return *v->nic ? node_nic_named(m->node, v->nic) : m->nic;
}

static void announce_all(struct member *m)
{
	for (uint32_t i = 0; i < m->group->n_addr; i++) {
		struct nic *nic = nic_of_address(m, &m->group->addr[i]);
		if (nic)
			announce(nic, &m->group->addr[i].addr.addr);
	}
}

static void set_addresses(struct member *m, bool is_master)
{
	for (uint32_t i = 0; i < m->group->n_addr; i++) {
		const struct virtual_addr *v = &m->group->addr[i];
		struct nic *nic = nic_of_address(m, v);
		struct fx_addr a = v->addr;
		if (!nic)
			continue;
		a.ifindex = nic->ifindex;
		if (!is_master) {
			node_addr_del(m->node, a.ifindex, &a.addr, a.plen_bits);
			continue;
		}
		node_addr_add(m->node, &a);
		announce(nic, &a.addr);
	}
}

static void become_master(struct member *m)
{
	sim_trace(m->node->sim, m->node->name, "vrrp: backup -> master");
	m->state = VRRP_MASTER;
	advertise(m, priority(m));
	set_addresses(m, true);
	m->announce_ns = m->node->sim->t_ns + ANNOUNCE_AGAIN_NS;
	arm(m, m->group->every_ns);
	group_activate(m, true);
}

static void become_backup(struct member *m)
{
	sim_trace(m->node->sim, m->node->name, "vrrp: master -> backup");
	m->state = VRRP_BACKUP;
	m->boost = 0;
	set_addresses(m, false);
	arm(m, DOWN_ADVERTS * m->group->every_ns + skew(m));
	group_activate(m, false);
}

static void on_time(struct sim *s, void *obj, void *arg, uint64_t at)
{
	struct member *m = obj;
	(void)arg;
	if ((int64_t)at != m->at_ns || m->state == VRRP_OFF)
		return;
	if (m->node->is_frozen) {
		arm(m, NS_PER_MS); /* nothing happens until it thaws */
		return;
	}
	if (m->state == VRRP_BACKUP) {
		become_master(m);
		return;
	}
	advertise(m, priority(m));
	/* A first announcement may be lost; and who thaws hears nothing of a successor that yields at once. */
	if (m->announce_ns <= s->t_ns) {
		announce_all(m);
		m->announce_ns = s->t_ns + REFRESH_NS;
	}
	arm(m, m->group->every_ns);
}

void vrrp_start(struct member *m)
{
	if (m->state != VRRP_OFF)
		return;
	m->state = VRRP_BACKUP;
	m->boost = 0;
	arm(m, DOWN_ADVERTS * m->group->every_ns + skew(m));
}

void vrrp_end(struct member *m, bool say_so)
{
	if (m->state == VRRP_OFF)
		return;
	if (m->state == VRRP_MASTER && say_so)
		advertise(m, 0);
	m->state = VRRP_OFF;
	m->boost = 0;
	set_addresses(m, false);
}

void vrrp_take_over(struct member *m)
{
	m->boost = BOOST_TO;
	if (m->state == VRRP_BACKUP)
		become_master(m);
}

static void rx_as_master(struct member *m, uint8_t prio, uint32_t id)
{
	if (prio > priority(m) || (prio == priority(m) && id < m->id)) {
		become_backup(m);
		return;
	}
	advertise(m, priority(m)); /* so that it yields, and is not believed by the neighbours that it told otherwise */
	if (!prio)
		return;
	announce_all(m);
	m->announce_ns = m->node->sim->t_ns + ANNOUNCE_AGAIN_NS;
}

static void rx_as_backup(struct member *m, uint8_t prio)
{
	if (prio == 0)
		arm(m, skew(m));
	else if (!m->group->is_preempting || prio >= priority(m))
		arm(m, DOWN_ADVERTS * m->group->every_ns + skew(m));
}

void vrrp_rx(struct node *n, const struct nic *in, const uint8_t *p, size_t len)
{
	struct member *m = group_member(n);
	if (!m || m->nic != in || len < ADVERT_OCT || m->state == VRRP_OFF)
		return;
	if (m->state == VRRP_MASTER)
		rx_as_master(m, p[2], p[1]);
	else
		rx_as_backup(m, p[2]);
}
