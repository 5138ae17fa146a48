/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/carry.h"

#include <stdlib.h>

#include "sim/cast.h"
#include "sim/check/claims.h"
#include "sim/check/gaps.h"
#include "sim/check/watch.h"
#include "sim/group.h"
#include "sim/net/fwd.h"
#include "sim/net/kern.h"
#include "sim/net/kern4.h"
#include "sim/net/neigh.h"
#include "sim/net/pkt.h"

/* Stable storage. */
static struct store_item **store_find(struct node *n, enum store_table table, const uint8_t *key, size_t len)
{
	struct store_item **i = &n->store;
	while (*i && ((*i)->table != table || (*i)->key_len_oct != len || memcmp((*i)->bytes, key, len) != 0))
		i = &(*i)->next;
	return i;
}

static void store_del(struct node *n, const struct fx_store *st, const uint8_t *key)
{
	struct store_item **i = store_find(n, st->table, key, st->key_len_oct), *gone = *i;
	if (gone) {
		cast_unstored(n, gone);
		*i = gone->next;
		free(gone);
	}
}

static void store_put(struct node *n, const struct fx_store *st, const uint8_t *key)
{
	size_t len = (size_t)st->key_len_oct + st->val_len_oct;
	store_del(n, st, key);
	struct store_item *i = sim_alloc(sizeof *i + len);
	*i = (struct store_item){n->store, st->table, st->key_len_oct, st->val_len_oct};
	memcpy(i->bytes, key, len);
	n->store = i;
	cast_stored(n, i);
}

/* What the network card and the kernel make of a packet that an engine sends. */
static void send(struct node *n, const struct fx_send *s, const uint8_t *packet)
{
	struct nic *nic = node_nic(n, s->ifindex);
	bool is_arp = ethertype_of(packet) == ETHERTYPE_ARP;
	struct addr6 dst = is_arp ? addr4_broadcast : ip_dst(packet);
	bool is_to_many = addr_is_group(&dst) || addr6_eq(&dst, &addr4_broadcast);
	struct lladdr to = s->has_lladdr ? s->lladdr : addr6_is_multicast(&dst) ? lladdr_of_multicast(&dst)
		: addr6_is_v4multicast(&dst) ? lladdr_of_multicast4(&dst) : lladdr_broadcast;

	if (s->ifindex == IFINDEX_ROAM0 && !is_arp) {
		struct frame *f = frame_new(packet, s->len_oct, (struct meta){n->number, 0});
		kern_input(n, IFINDEX_ROAM0, f);
		free(f);
	} else if (nic && (s->has_lladdr || is_to_many)) {
		kern_send_link(n, nic, &to, packet, s->len_oct);
	} else if (!is_arp) {
		kern_send_raw(n, s->ifindex, packet, s->len_oct);
	}
}

static void detach(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	struct nic *nic = obj;
	(void)s;
	(void)arg;
	(void)tag;
	link_detach(nic);
	kern_carrier(nic);
}

static struct link *link_of(struct sim *s, const struct lladdr *router)
{
	for (struct link *l = s->links; l; l = l->next)
		for (uint32_t i = 0; i < l->n_nics; i++)
			if (lladdr_eq(&l->nics[i]->lladdr, router))
				return l;
	return NULL;
}

static void attach(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	struct nic *nic = obj;
	struct link *l = link_of(s, arg);
	(void)tag;
	if (!l)
		return;
	link_attach(l, nic);
	kern_carrier(nic);
}

/* The radio leaves its cell at once and is in the other one some time later. */
static void start_attach(struct node *n, const struct fx_attach *a)
{
	struct nic *nic = node_nic(n, a->ifindex);
	if (!nic)
		return;
	sim_in(n->sim, 0, detach, nic, NULL, 0);
	if (lladdr_is_zero(&a->router))
		return;
	struct lladdr *router = sim_alloc(sizeof *router);
	*router = a->router;
	sim_in(n->sim, n->attach_delay_ns, attach, nic, router, 0);
}

/* What the daemon asks of the kernel on an interface of a mobile. */
static void set_interface(struct node *n, const struct dp_if *iface)
{
	struct nic *nic = node_nic(n, iface->ifindex);
	if (nic && iface->flags & DP_IF_MOBILE) {
		nic->arp_ignore = 1;
		nic->arp_announce = 2;
	}
	if (nic)
		nic->gate = iface->flags & DP_IF_GATE ? iface->gate : (struct lladdr){{0}};
}

static void carry_out(struct node *n, const struct effect *e)
{
	const uint8_t *bytes;
	switch (e->kind) {
	case FX_SEND:
		bytes = effq_bytes(&n->fx, e->send.off);
		claims_send(n, e, bytes);
		send(n, &e->send, bytes);
		break;
	case FX_DP_PUT:
	case FX_DP_DEL:
		fwd_apply(n, e);
		if (e->kind == FX_DP_PUT && e->dp.table == DP_IF)
			set_interface(n, &e->dp.iface);
		claims_dp(n, e);
		break;
	case FX_JOIN:
		kern_join(n, &e->group);
		break;
	case FX_LEAVE:
		kern_leave(n, &e->group);
		break;
	case FX_ADDR_ADD:
		node_addr_add(n, &e->addr);
		break;
	case FX_ADDR_DEL:
		node_addr_del(n, e->addr.ifindex, &e->addr.addr, e->addr.plen_bits);
		break;
	case FX_ROUTE_PUT:
		if (!node_route_put_own(n, &e->route))
			watch_note(n, "route-failed");
		break;
	case FX_ROUTE_DEL:
		node_route_del(n, &e->route);
		break;
	case FX_NEIGH:
		neigh_put(n, &e->neigh);
		break;
	case FX_KEEP_SEND:
		fwd_keep_send(n, &e->keep);
		break;
	case FX_ATTACH:
		start_attach(n, &e->attach);
		break;
	case FX_EVENT:
		watch_event(n, e, (const char *)effq_bytes(&n->fx, e->event.off));
		break;
	case FX_STORE_PUT:
	case FX_STORE_DEL:
		break; /* done before */
	case FX_SHARED: /* no store is shared here */
	case FX_ANSWER:
	case FX_NOTHING:
		break;
	}
}

/* Stores of the batch that an engine has just pushed: first of all, so that nothing of it leaves before they are safe. */
static void commit_stores(struct node *n)
{
	for (; n->fx_stored < n->fx.n; n->fx_stored++) {
		const struct effect *e = &n->fx.fx[n->fx_stored];
		if (e->kind == FX_STORE_PUT)
			store_put(n, &e->store, effq_bytes(&n->fx, e->store.off));
		else if (e->kind == FX_STORE_DEL)
			store_del(n, &e->store, effq_bytes(&n->fx, e->store.off));
	}
}

void carry_all(struct node *n)
{
	group_flush(n);
	commit_stores(n);
	if (n->is_draining)
		return;
	struct gaps gaps;
	n->is_draining = true;
	gaps_begin(&gaps, n);
	for (const struct effect *e; (e = effq_next(&n->fx));) {
		struct effect copy = *e; /* the queue may move */
		gaps_before(&gaps, n, &copy);
		carry_out(n, &copy);
		gaps_after(&gaps, n, &copy);
	}
	n->is_draining = false;
	effq_reset(&n->fx);
	n->fx_stored = 0;
	if (n->fx.lost)
		watch_violation(n->sim, "%s: %llu effects lost", n->name, (unsigned long long)n->fx.lost);
}
