/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mobile routers of Mobile IPv4 (RFC 5177 6): as for Mobile IPv6 (ha_net.c), which also forwards. A request that names networks gets
 * those that are its own, each with a code of its own, and is refused when none is; one that names none gets all that are configured.
 */
#include "role/ha/ha4_i.h"

static bool is_authorised(const struct ha_mobile_conf *m, const struct prefix6 *p)
{
	for (uint32_t i = 0; i < m->n_network; i++)
		if (m->network[i].len_bits <= p->len_bits && prefix6_contains(&m->network[i], &p->addr))
			return true;
	return false;
}

static uint8_t judge(const struct ha_mobile_conf *m, const struct mip4_net *net, uint32_t n_good)
{
	struct prefix6 p = prefix6_from_v4(addr6_to_v4(&net->addr), net->len_bits);

	if (net->len_bits == 0 || net->len_bits > 32 || !addr6_eq(&p.addr, &net->addr) || !addr6_is_v4unicast(&net->addr))
		return MIP4_NET_INVALID_LEN;
	if (!is_authorised(m, &p))
		return MIP4_NET_UNAUTHORISED;
	return n_good < HA_NET_MAX ? MIP4_NET_OK : MIP4_NET_SETUP_FAILED;
}

uint8_t ha4_net_check(const struct ha *h, struct ha4_rq *rq)
{
	const struct mip4_exts *x = &rq->p->m.ext;
	const struct ha_mobile_conf *m = &h->conf.mobile[rq->mobile->conf];
	uint32_t n_good = 0, n_asked = 0;

	for (uint32_t i = 0; !rq->is_dereg && i < x->n_net; i++) {
		if (x->net[i].sub != MIP4_NET_REQUEST)
			continue;
		n_asked++;
		rq->net_code[i] = judge(m, &x->net[i], n_good);
		n_good += rq->net_code[i] == MIP4_NET_OK;
	}
	if (n_asked && m->n_network == 0)
		return MIP4_HA_NET_DISALLOWED;
	return n_asked && n_good == 0 ? MIP4_HA_NET_ERROR : 0;
}

void ha4_net_grant(struct ha *h, struct ha4_rq *rq)
{
	const struct mip4_exts *x = &rq->p->m.ext;
	struct prefix6 net[HA_NET_MAX];
	uint32_t n = 0;

	if (h->conf.mobile[rq->mobile->conf].n_network == 0)
		return;
	for (uint32_t i = 0; i < x->n_net && n < HA_NET_MAX; i++)
		if (x->net[i].sub == MIP4_NET_REQUEST && rq->net_code[i] == MIP4_NET_OK)
			net[n++] = prefix6_from_v4(addr6_to_v4(&x->net[i].addr), x->net[i].len_bits);
	if (!x->n_net)
		n = ha_net_of_family(&h->conf.mobile[rq->mobile->conf], true, net);
	if (ha_net_set(h, &rq->hoa, net, n))
		return;
	for (uint32_t i = 0; i < x->n_net; i++) /* no memory */
		rq->net_code[i] = rq->net_code[i] == MIP4_NET_OK ? MIP4_NET_SETUP_FAILED : rq->net_code[i];
}
