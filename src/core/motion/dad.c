/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/motion/dad.h"

#include "wire/nd/nd.h"

static void probe(struct dad *d, struct effq *fx, enum role_id role, uint32_t ifindex, struct now now)
{
	uint8_t pkt[128];
	struct nd_ns ns = {.target = d->target};
	struct addr6 dst = addr6_solicited_node(&d->target);
	size_t n = ns_packet_build(pkt, sizeof pkt, &addr6_any, &dst, &ns);

	fx_send(fx, role, ifindex, NULL, pkt, n);
	d->transmits_left--;
	d->next = mono_add(now.mono, d->retrans);
}

void dad_start(struct dad *d, struct effq *fx, enum role_id role, uint32_t ifindex, const struct addr6 *target,
	       uint8_t transmits, span_t retrans, struct now now)
{
	*d = (struct dad){.target = *target, .transmits_left = transmits ? transmits : 1, .retrans = retrans};
	probe(d, fx, role, ifindex, now);
}

enum dad_verdict dad_tick(struct dad *d, struct effq *fx, enum role_id role, uint32_t ifindex, struct now now)
{
	if (!mono_reached(d->next, now.mono))
		return DAD_RUNNING;
	if (d->transmits_left == 0)
		return DAD_UNIQUE;
	probe(d, fx, role, ifindex, now);
	return DAD_RUNNING;
}
