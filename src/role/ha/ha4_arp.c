/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The home link of Mobile IPv4 (RFC 5944 4.6): while a mobile is away we answer requests for its home address, and tell all stations
 * when it leaves that it is at our link-layer address, and when it is back that it is at its own. Both are said three times, a
 * second apart (ha_nd.c has the timers).
 *
 * A mobile that comes home claims its address before it de-registers. That is no conflict: it is counted, and the request decides.
 */
#include "role/ha/ha4_i.h"
#include "wire/arp/arp.h"

static const struct lladdr everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

static void send(struct ha *h, const struct ha_link *l, const struct lladdr *to, const struct arp *a)
{
	uint8_t buf[ARP_OCT];
	size_t n = arp_build(buf, sizeof buf, a);

	fx_send_arp(h->env.fx, ROLE_HA, l->ifindex, to, buf, n);
}

/* In both forms: some hosts learn from requests only, others from answers. */
void ha4_announce(struct ha *h, const struct addr6 *hoa, const struct lladdr *at)
{
	const struct ha_link *l = ha_link_of(h, hoa);

	if (!l || !l->is_up)
		return;
	struct arp request = arp_gratuitous(at ? at : &l->lladdr, hoa, ARP_REQUEST);
	struct arp reply = arp_gratuitous(at ? at : &l->lladdr, hoa, ARP_REPLY);
	send(h, l, &everybody, &request);
	send(h, l, &everybody, &reply);
}

static bool is_defended(const struct ha *h, const struct ha_link *l, const struct addr6 *a)
{
	const struct binding *b = binding_find(&h->bindings, a);
	return !h->is_standby && ha_is_active(b) && (b->flags & HA_INTERCEPTED) && ha_link_of(h, a) == l;
}

bool ha4_rx_arp(struct ha *h, const struct rx *rx, struct now now)
{
	const struct ha_link *l = ha_link_at(h, rx->ifindex);
	struct arp a;

	(void)now;
	if (!l || !ha4_is_on(h))
		return false;
	if (arp_parse(rx->pkt, rx->len_oct, &a) != W_OK) {
		reason_count(&h->env, R_ARP_INVALID);
		return true;
	}
	if (lladdr_eq(&a.sender_ll, &l->lladdr))
		return true; /* our own, looped back */
	if (is_defended(h, l, &a.sender))
		reason_count(&h->env, R_ARP_CLAIM);
	if (a.op != ARP_REQUEST || arp_is_gratuitous(&a) || !is_defended(h, l, &a.target))
		return true;
	struct arp answer = arp_reply(&l->lladdr, &a);
	send(h, l, lladdr_is_zero(&rx->lladdr_src) ? &a.sender_ll : &rx->lladdr_src, &answer);
	return true;
}
