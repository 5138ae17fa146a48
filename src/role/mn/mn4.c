/* SPDX-License-Identifier: BSD-2-Clause */
/* Mobile IPv4 in the mobile node: start, stop, and which file an event is for. */
#include <string.h>

#include "role/mn/state.h"

static const struct sa_key *key_named(const struct mn *mn, const char *name) { return *name ? mn->env.key(mn->env.ctx, name) : NULL; }

static const struct sa_key *home_key(const struct mn *mn) { return key_named(mn, *mn->conf.v4.key ? mn->conf.v4.key : mn->conf.key); }

static const char *check_agents(const struct mn *mn)
{
	for (uint32_t i = 0; i < mn->conf.v4.n_fa; i++)
		if (!key_named(mn, mn->conf.v4.fa[i].key))
			return "a foreign-agent block must name a key block";
	for (uint32_t i = 0; i < mn->conf.n_mma; i++)
		if (!addr6_is_none(&mn->conf.mma[i].address_v4) && !addr6_is_v4unicast(&mn->conf.mma[i].address_v4))
			return "address-v4 of an mma block must be a unicast address";
	return NULL;
}

const char *mn4_check(const struct mn *mn)
{
	const struct mn4_conf *c = &mn->conf.v4;
	bool is_named = *c->nai != 0, has_home = !addr6_is_none(&c->home_address);
	if (!mn_has4(mn))
		return has_home || is_named ? "give home-prefix-v4, the IPv4 prefix of the home link" : NULL;
	if (!has_home && !is_named)
		return "give home-address-v4, or nai for the home agent to assign one";
	if (has_home && (!addr6_is_v4unicast(&c->home_address) || !prefix6_contains(&c->home_prefix, &c->home_address)))
		return "home-address-v4 must be a unicast address of home-prefix-v4";
	if (!addr6_is_none(&c->home_agent) && !addr6_is_v4unicast(&c->home_agent))
		return "home-agent-v4 must be a unicast address";
	if (!home_key(mn))
		return "key or key-v4 must name a key block: the one shared with the home agent";
	if (*c->aaa_key && !key_named(mn, c->aaa_key))
		return "aaa-key must name a key block";
	return check_agents(mn);
}

/* The key of a site, as the home agent derives it too. NULL: no memory; then there is no such agent. */
static const struct sa_key *derive(const struct mn *mn, const struct sa_key *home, const char *site, struct sa_key *out)
{
	uint8_t raw[32];
	sa_derive_mma(home, mn->env.crypto, site, raw);
	return sa4_key_init(out, mn->env.crypto, "derived", home->spi, home->alg, raw, sizeof raw) == 0 ? out : NULL;
}

static void mmas_init(struct mn *mn)
{
	for (uint32_t i = 0; i < mn->conf.n_mma; i++) {
		const struct mn_conf_mma *c = &mn->conf.mma[i];
		struct mn4_mma *m = &mn->v4.mma[i];
		*m = (struct mn4_mma){.mn = mn, .addr = c->address_v4};
		if (!addr6_is_none(&c->address_v4))
			m->key = *c->key ? key_named(mn, c->key) : derive(mn, mn->v4.key, c->site, &mn->v4.derived[i]);
	}
}

void mn4_init(struct mn *mn, struct now now)
{
	struct mn4 *v = &mn->v4;
	const struct reg4_conf conf = {.first = reg4_conf_default.first, .max = reg4_conf_default.max,
				       .is_nonce = mn->conf.v4.replay == MN_REPLAY_NONCE};
	if (!mn_has4(mn))
		return;
	v->key = home_key(mn);
	v->aaa = key_named(mn, mn->conf.v4.aaa_key);
	for (uint32_t i = 0; i < mn->conf.v4.n_fa; i++)
		v->fa_key[i] = key_named(mn, mn->conf.v4.fa[i].key);
	v->home_address = mn->conf.v4.home_address;
	v->ha = mn->conf.v4.home_agent;
	v->since = now.mono;
	reg4_init(&v->reg, &conf, now);
	mmas_init(mn);
	for (uint32_t i = 0; i < mn->conf.n_mma; i++)
		reg4_init(&v->mma[i].leave, NULL, now);
}

void mn4_fini(struct mn *mn)
{
	for (uint32_t i = 0; i < mn->conf.n_mma; i++)
		if (mn->v4.mma[i].key == &mn->v4.derived[i])
			sa_key_fini(&mn->v4.derived[i], mn->env.crypto);
}

/* As for IPv6: the home address must be somewhere before any program asks for it; one of a run before this one that was at home
 * stays there until that link speaks. Without an address yet, replies to any address are ours. */
void mn4_restored(struct mn *mn, struct now now)
{
	struct mn4 *v = &mn->v4;
	struct addr6 nobody = addr6_from_v4((struct addr4){{0, 0, 0, 0}});
	(void)now;
	mn4_path_listen(mn, mn4_knows_home(v) ? &v->home_address : &nobody);
	if (mn4_knows_home(v))
		mn4_path_networks(mn, true);
	if (v->is_home_unknown)
		return;
	mn4_path_roam0(mn);
	mn4_path_roam0_default(mn);
}

void mn4_stop(struct mn *mn, struct now now)
{
	struct mn4 *v = &mn->v4;
	if (mn->conf.deregister_on_stop && v->has_place && mn4_reg_is_bound(mn))
		mn4_reg_ask(mn, 0, now);
	mn4_store_put(mn, now);
	for (uint32_t i = 0; i < mn->n_iface; i++)
		mn4_member_leave(&mn->iface[i]);
	mn4_path_stop(mn);
}

static bool rx_mip4(struct mn *mn, const struct rx *rx, struct now now) { return mn4_udp_rx(mn, rx, now) || mn4_reg_rx(mn, rx, now); }

bool mn4_rx(struct mn *mn, const struct rx *rx, struct now now)
{
	struct mn_if *ifc = mn_if_find(mn, rx->ifindex);
	switch (rx->why) {
	case DP_PUNT_ADV4:
		if (ifc)
			mn4_agent_on_adv(ifc, rx, now);
		return ifc != NULL;
	case DP_PUNT_IGMP:
		return ifc && mn4_member_rx(ifc, rx);
	case DP_PUNT_ARP:
		return ifc && mn4_home_rx_arp(ifc, rx, now);
	case DP_PUNT_MIP4:
		return rx_mip4(mn, rx, now);
	case DP_PUNT_NONE:
		return rx_is_v4(rx) && rx_mip4(mn, rx, now);
	case DP_PUNT_MH:
	case DP_PUNT_MLD:
	case DP_PUNT_RS:
	case DP_PUNT_RA:
	case DP_PUNT_ND:
	case DP_PUNT_HAO:
	case DP_PUNT_ICMP_HA:
	case DP_PUNT_ICMP_ERR:
	case DP_PUNT_SLOW:
	case DP_PUNT_RO:
	case DP_PUNT_BROADCAST:
	case DP_PUNT_UNBOUND:
	case DP_PUNT_N:
		break;
	}
	return false;
}

void mn4_advise(const struct mn *mn, advise_fn say, void *ctx)
{
	const struct mn4_conf *c = &mn->conf.v4;
	if (c->reverse_tunnel == MN_REVERSE_OFF)
		say(ctx, "mn: without a reverse tunnel networks that filter sources drop what the mobile sends: write reverse-tunnel = \"required\"");
	if (c->replay == MN_REPLAY_NONCE)
		say(ctx, "mn: nonces protect against replay only as far as the home agent remembers the last one: write replay-v4 = \"timestamp\"");
	if (addr6_is_none(&c->home_agent))
		say(ctx, "mn: the home agent is taken from the first refusal that names one: write home-agent-v4");
}
