/* SPDX-License-Identifier: BSD-2-Clause */
/* What a home agent can be told of mobiles that the network moves. */
#include "role/ha/ha_i.h"

#define AT(field) .off = offsetof(struct ha_cast_conf, field)
#define LIST(field, max) .off = offsetof(struct ha_cast_conf, field), .size = (max), .count_off = offsetof(struct ha_cast_conf, n_##field)

static const char *const multicast_names[] = {"proxy", "pim", "flat", NULL};

static const struct conf_row rows[] = {
	{"prefix", CONF_LIST_PREFIX46, NULL, .help = "Home addresses of such mobiles, in virtual home prefixes: managers are asked for those without binding.",
	 LIST(prefix, HA_CAST_PREFIX_MAX)},
	{"foreign-agents", CONF_LIST_PREFIX46, "", .help = "Agents, or their networks, whose reverse tunnels are taken for such mobiles; none: nobody's.",
	 LIST(agent, HA_CAST_AGENT_MAX)},
	{"downstream", CONF_LIST_IFNAME, "", .help = "Interfaces towards the foreign agents, at most 31: their groups go there.",
	 LIST(downstream, HA_CAST_LINK_MAX)},
	{"multicast-routing", CONF_ENUM, "proxy", .names = multicast_names,
	 .help = "What carries groups: proxy (role ar, or the foreign agents' own links), pim (a routing daemon here and in the routers), "
	 "flat (switches with MLD snooping).",
	 AT(multicast)},
	{"source-interface", CONF_IFNAME, "", .help = "With pim: packets to groups enter this host's multicast forwarding here; none: roam0.", AT(source_if)},
	{"only-querier", CONF_BOOL, "false", .help = "No other multicast router is on the downstream links.", AT(is_sole_querier)},
	{"robustness", CONF_U32, "2", 2, 7, NULL, "Robustness variable of MLD and IGMP.", AT(robustness)},
	{"query-interval", CONF_S, "125", 1, 3600, "s", "Between two queries downstream.", AT(query_interval)},
	{"query-response", CONF_MS, "10000", 100, 3600000, "ms", "Listeners answer within this.", AT(query_response)},
	{"held", CONF_U32, "256", 1, 65536, NULL, "First packets that wait for a manager's answer, all mobiles together; 2 kB each.", AT(held_max)},
	{"hold", CONF_MS, "1000", 1, 60000, "ms", "So long they wait.", AT(hold)},
	MMC_CONF_ROWS(struct ha_cast_conf, mm),
	{NULL, CONF_END},
};

static const char *add_cast(void *parent, const char *title, const void *filled)
{
	struct ha_conf *c = parent;
	(void)title;
	if (c->cast.is_on)
		return "a home agent has one provisioned block";
	c->cast = *(const struct ha_cast_conf *)filled;
	c->cast.is_on = true;
	return NULL;
}

const struct conf_block ha_cast_block = {
	.name = "provisioned", .help = "Mobiles that the network moves: they register nothing, a mobility manager knows their groups.",
	.rows = rows, .struct_size = sizeof(struct ha_cast_conf), .add = add_cast,
};

static bool is_virtual(const struct ha_conf *c, const struct prefix6 *p)
{
	for (uint32_t i = 0; i < c->n_home_prefix; i++)
		if (prefix6_contains(&c->home_prefix[i], &p->addr) && c->home_prefix[i].len_bits <= p->len_bits)
			return !c->home_link[0];
	return false;
}

const char *ha_cast_conf_check(const struct ha_conf *c)
{
	const struct ha_cast_conf *k = &c->cast;
	if (!k->is_on)
		return NULL;
	if (k->mm.n_manager == 0)
		return "provisioned needs manager: the mobility managers that know the mobiles";
	if (k->source_if[0] && k->multicast != HA_CAST_PIM)
		return "source-interface needs multicast-routing = \"pim\": otherwise the agent sends to the links itself";
	if (k->multicast != HA_CAST_PIM && k->n_downstream == 0)
		return "provisioned needs downstream: the interfaces towards the foreign agents";
	for (uint32_t i = 0; i < k->n_prefix; i++)
		if (!is_virtual(c, &k->prefix[i]))
			return "provisioned prefixes lie in virtual home prefixes: in home-prefix, without home-link";
	return mmc_conf_check(&k->mm);
}
