/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP router advertisements (RFC 1256), which core/motion/agentadv sends: to all in their interval, to who solicits at once by unicast.
 *
 * On an access link the router is no agent: there is no mobility agent extension, so a plain mobile of RFC 5944 takes it for a router, and
 * one of ours reads the MMA's address in our extension (doc/wire.md). On the home link the router has the home agent: the extension with H,
 * and the home agent's address is the router's.
 */
#include "role/ar/ar_i.h"

enum { MMA_DISTANCE = 1, MMA_PREFERENCE = 15, MAPPED_BITS = 96, V4_BITS = 32 };

/* Of the prefix that the router's address lies in; 32 when the operator names none. */
static uint8_t prefix_len(const struct ar_if_conf *c)
{
	for (uint32_t i = 0; i < c->n_prefix; i++)
		if (prefix6_contains(&c->prefix[i], &c->router_address_v4))
			return (uint8_t)(c->prefix[i].len_bits - MAPPED_BITS);
	return V4_BITS;
}

static void add_site(const struct ar_conf *c, struct adv4 *adv)
{
	adv->has_mma = true;
	adv->mma = (struct adv4_mma){
		.flags = c->is_home_site ? ADV4_MMA_HOME : 0,
		.distance = MMA_DISTANCE, .preference = MMA_PREFERENCE,
		.valid_s = (uint32_t)span_to_s(c->map_lifetime),
		.addr = c->mma_v4,
		.group = c->group_prefix_v4,
	};
	_Static_assert(sizeof adv->mma.site >= sizeof c->site, "a site's name fits into its extension");
	memcpy(adv->mma.site, c->site, sizeof c->site);
}

static bool fill(void *ctx, struct adv4 *adv, const struct lladdr *to, struct now now)
{
	const struct ar_if *f = ctx;
	const struct ar_if_conf *c = f->conf;
	(void)to;
	(void)now;
	adv->lifetime_s = agentadv_lifetime_s(&f->adv4_conf);
	adv->n_router = 1;
	adv->router[0] = (struct adv4_router){.addr = c->router_address_v4, .len_bits = prefix_len(c)};
	adv->has_prefix_len = adv->router[0].len_bits < V4_BITS;
	if (c->is_home) {
		adv->is_agent = true;
		adv->flags = ADV4_H;
		adv->reg_lifetime_s = (uint16_t)span_to_s(c->registration_lifetime);
	}
	if (c->has_map && !addr6_is_none(&f->ar->conf.mma_v4))
		add_site(&f->ar->conf, adv);
	return true;
}

void ar_adv4_init(struct ar *ar)
{
	ar->adv4_owner = (struct agentadv_owner){.env = ar->env, .role = ROLE_AR, .timers = &ar->timers, .timer_kind = AR_T_ADVERTISE4, .fill = fill};
	for (uint32_t i = 0; i < AR_IF_MAX; i++)
		agentadv_init(&ar->iface[i].adv4, &ar->adv4_owner, &ar->iface[i].adv4_conf, &ar->iface[i]);
}

void ar_adv4_conf(struct ar_if *f)
{
	f->adv4_conf = (struct agentadv_conf){.interval_max = f->conf->ra_interval, .interval_min = f->conf->ra_interval_min, .rate = f->conf->rs_rate};
}

void ar_adv4_start(struct ar_if *f, struct now now)
{
	if (ar_has_v4(f->conf) && f->conf->has_agent_adv)
		agentadv_start(&f->adv4, f->ifindex, &f->conf->router_address_v4, now);
}
