/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/radio.h"

#include <string.h>

#include "sim/cast.h"
#include "sim/check/watch.h"
#include "sim/net/node.h"
#include "sim/net/pkt.h"
#include "sim/proc.h"

const struct ear *radio_ear(const struct nic *mobile, const struct nic *base)
{
	for (uint32_t i = 0; i < mobile->n_ears; i++)
		if (mobile->ear[i].base == base)
			return &mobile->ear[i];
	return NULL;
}

bool radio_reaches(const struct nic *a, const struct nic *b)
{
	return !a->link->hear_every_ns || radio_ear(a, b) || radio_ear(b, a);
}

static void tell(const struct nic *mobile, const struct ear *e, bool is_gone)
{
	const struct station_event ev = {.ifindex = e->base->ifindex, .station = mobile->lladdr, .dbm = e->dbm, .is_gone = is_gone,
					 .is_serving = e->is_serving && !is_gone};
	struct node *agent = e->base->node;
	if (e->base->link != mobile->link || !agent->is_running || agent->is_frozen)
		return;
	cast_heard(e->base, mobile, is_gone);
	proc_station(agent, &ev);
}

void radio_set(struct nic *mobile, const struct ear *ears, uint32_t n, bool is_silent)
{
	struct ear was[EARS_MAX];
	const uint32_t n_was = mobile->n_ears;
	memcpy(was, mobile->ear, sizeof was);
	memcpy(mobile->ear, ears, n * sizeof *ears);
	mobile->n_ears = n;
	mobile->node->sim->watch->n_handovers += n > 0;
	for (uint32_t i = 0; i < n_was; i++)
		if (!radio_ear(mobile, was[i].base) && !is_silent)
			tell(mobile, &was[i], true);
	for (uint32_t i = 0; i < n; i++)
		tell(mobile, &mobile->ear[i], false);
}

static void on_measure(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	struct link *l = obj;
	(void)arg;
	(void)tag;
	for (uint32_t i = 0; i < l->n_nics; i++)
		for (uint32_t k = 0; k < l->nics[i]->n_ears; k++)
			tell(l->nics[i], &l->nics[i]->ear[k], false);
	sim_in(s, l->hear_every_ns, on_measure, l, NULL, 0);
}

void radios_start(struct sim *s)
{
	for (struct link *l = s->links; l; l = l->next)
		if (l->hear_every_ns)
			sim_in(s, l->hear_every_ns, on_measure, l, NULL, 0);
}

/* --- what must not be heard -------------------------------------------------------------------------------- */

static struct nic *nic_with(const struct link *l, const uint8_t *mac)
{
	for (uint32_t i = 0; i < l->n_nics; i++)
		if (memcmp(&l->nics[i]->lladdr, mac, 6) == 0)
			return l->nics[i];
	return NULL;
}

/* Of an ARP message or a neighbour advertisement: the address that it speaks for. False: it is neither. */
static bool spoken_for(const uint8_t *p, size_t len, struct addr6 *out)
{
	if (ethertype_of(p) == ETHERTYPE_ARP && len >= ARP_LEN)
		*out = ip4_addr(p + 14);
	else if (!ip4_is(p) && len >= IP6_LEN + 24 && p[6] == PROTO_ICMP6 && p[IP6_LEN] == ICMP_NA)
		memcpy(out, p + IP6_LEN + 8, sizeof *out);
	else
		return false;
	return true;
}

void radio_check(const struct nic *from, const struct frame *f)
{
	const uint8_t *mac = f->buf + f->off, *p = mac + ETH_LEN;
	const struct nic *to = from->link->hear_every_ns && !(mac[0] & 1) ? nic_with(from->link, mac) : NULL;
	const size_t len = f->len - ETH_LEN;
	struct addr6 a;
	if (!to || to->node->is_router || !from->node->is_router)
		return;
	if (spoken_for(p, len, &a)) {
		if (!node_addr_find(from->node, &a) && !cast_serves(from, to))
			watch_violation(from->node->sim, "gateway: %s speaks for %s to %s, which it does not serve", from->node->name, ADDR46_STR(&a), to->node->name);
		return;
	}
	if (!ip_is_whole(p, len))
		return;
	a = ip_dst(p);
	if (!addr_is_group(&a) && !node_addr_find(to->node, &a))
		watch_violation(from->node->sim, "wrong-host: %s sends what is for %s to %s", from->node->name, ADDR46_STR(&a), to->node->name);
}
