/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/net/neigh.h"

#include <stdlib.h>

#include "sim/net/arp.h"
#include "sim/net/kern.h"
#include "sim/net/nd.h"
#include "sim/net/pkt.h"

enum { TRIES_MAX = 3 };
static const int64_t RETRANS_NS = NS_PER_S, REACHABLE_NS = 30 * NS_PER_S;

struct neigh *neigh_find(const struct node *n, uint32_t ifindex, const struct addr6 *addr)
{
	struct neigh *e = n->neighs;
	while (e && (e->ifindex != ifindex || !addr6_eq(&e->addr, addr)))
		e = e->next;
	return e;
}

struct neigh *neigh_get(struct node *n, uint32_t ifindex, const struct addr6 *addr)
{
	struct neigh *e = neigh_find(n, ifindex, addr);
	if (e)
		return e;
	e = sim_alloc(sizeof *e);
	*e = (struct neigh){.next = n->neighs, .node = n, .ifindex = ifindex, .addr = *addr};
	return n->neighs = e;
}

static void solicit(struct neigh *e, struct nic *nic)
{
	if (addr6_is_v4mapped(&e->addr))
		arp_solicit(e, nic);
	else
		nd_solicit(e, nic);
}

static void drop_queue(struct neigh *e)
{
	while (e->n_queue)
		free(e->queue[--e->n_queue]);
}

static void on_timer(struct sim *s, void *obj, void *arg, uint64_t epoch)
{
	struct neigh *e = obj;
	struct nic *nic = node_nic(e->node, e->ifindex);
	(void)arg;
	if (epoch != e->timer_epoch || (e->state != NEIGH_INCOMPLETE && e->state != NEIGH_PROBE))
		return;
	if (e->tries >= TRIES_MAX) {
		e->state = NEIGH_FAILED;
		if (addr6_is_v4mapped(&e->addr))
			arp_failed(e);
		drop_queue(e);
		return;
	}
	e->tries++;
	sim_in(s, RETRANS_NS, on_timer, e, NULL, e->timer_epoch);
	solicit(e, nic);
}

static void start(struct neigh *e, enum neigh_state state)
{
	e->state = state;
	e->tries = 0;
	on_timer(e->node->sim, e, NULL, ++e->timer_epoch);
}

bool neigh_resolve(struct node *n, struct nic *nic, const struct addr6 *to, const struct frame *f, struct lladdr *ll)
{
	struct neigh *e = neigh_get(n, nic->ifindex, to);
	bool is_known = e->state == NEIGH_REACHABLE || e->state == NEIGH_PROBE;

	if (e->state == NEIGH_REACHABLE && n->sim->t_ns - e->confirmed_ns > REACHABLE_NS)
		start(e, NEIGH_PROBE);
	if (is_known) {
		*ll = e->lladdr;
		return true;
	}
	if (e->n_queue == NEIGH_QUEUE_MAX) {
		free(e->queue[0]);
		memmove(&e->queue[0], &e->queue[1], (NEIGH_QUEUE_MAX - 1) * sizeof e->queue[0]);
		e->n_queue--;
	}
	e->queue[e->n_queue++] = frame_dup(f);
	if (e->state == NEIGH_FAILED)
		start(e, NEIGH_INCOMPLETE);
	return false;
}

bool neigh_peek(struct node *n, struct nic *nic, const struct addr6 *to, struct lladdr *ll)
{
	struct neigh *e = neigh_find(n, nic->ifindex, to);
	/* One that is due for a check goes the long way, where the check is made. */
	if (!e || e->state != NEIGH_REACHABLE || n->sim->t_ns - e->confirmed_ns > REACHABLE_NS)
		return false;
	*ll = e->lladdr;
	return true;
}

void neigh_learned(struct neigh *e, const struct lladdr *ll, bool is_confirmed)
{
	struct nic *nic = node_nic(e->node, e->ifindex);
	struct frame *queue[NEIGH_QUEUE_MAX];
	uint32_t n = e->n_queue;

	e->lladdr = *ll;
	e->state = NEIGH_REACHABLE;
	e->updated_ns = e->node->sim->t_ns;
	/* Learned from the neighbour's own question only: asked back at the next use, as STALE is. */
	e->confirmed_ns = is_confirmed ? e->node->sim->t_ns : e->node->sim->t_ns - REACHABLE_NS;
	e->timer_epoch++;
	memcpy(queue, e->queue, sizeof queue);
	e->n_queue = 0;
	for (uint32_t i = 0; i < n; i++) {
		kern_out_resolved(e->node, nic, ll, queue[i]);
		free(queue[i]);
	}
}

static void forget(struct neigh *e)
{
	e->state = NEIGH_FAILED;
	e->timer_epoch++;
	drop_queue(e);
}

void neigh_put(struct node *n, const struct fx_neigh *neigh)
{
	struct neigh *e = lladdr_is_zero(&neigh->lladdr) ? n->neighs : NULL;

	while (e && !(e->ifindex == neigh->ifindex && addr6_eq(&e->addr, &neigh->addr)))
		e = e->next;
	if (e)
		forget(e);
	else if (!lladdr_is_zero(&neigh->lladdr) && node_nic(n, neigh->ifindex))
		neigh_learned(neigh_get(n, neigh->ifindex, &neigh->addr), &neigh->lladdr, false);
}

void neigh_flush(struct node *n, uint32_t ifindex)
{
	for (struct neigh *e = n->neighs; e; e = e->next)
		if (e->ifindex == ifindex)
			forget(e);
}

void neigh_fini(struct node *n)
{
	for (struct neigh *e; (e = n->neighs);) {
		n->neighs = e->next;
		drop_queue(e);
		free(e);
	}
}
