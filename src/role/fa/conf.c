/* SPDX-License-Identifier: BSD-2-Clause */
/* What a foreign agent can be told. */
#include "role/fa/fa_i.h"

#define IF(field) .off = offsetof(struct fa_if_conf, field)
#define FA(field) .off = offsetof(struct fa_conf, field)
#define LIST_OF(type, field, max) .off = offsetof(type, field), .size = (max), .count_off = offsetof(type, n_##field)

static const struct conf_row if_rows[] = {
	{"router-address-v4", CONF_ADDR4, "", .help = "Our address on the link; none: the care-of address that lies in a prefix of it, else the host's.",
	 IF(router_address)},
	{"prefix", CONF_LIST_PREFIX46, "", .help = "Prefixes of the link: packets of others than these, visitors and guests do not pass.",
	 LIST_OF(struct fa_if_conf, prefix, FA_PREFIX_MAX)},
	{"filter", CONF_BOOL, "true", .help = "Drop packets whose source is neither in the prefixes nor a visitor's. Only with prefixes.", IF(is_filtered)},
	{"registration-required", CONF_BOOL, "false", .help = "R bit: mobiles with a care-of address of their own must register through this agent too.",
	 IF(is_required)},
	{"home-agent", CONF_BOOL, "false", .help = "H bit: this node is the home agent of this link as well.", IF(is_home_agent)},
	{"prefix-lengths", CONF_BOOL, "true", .help = "Tell the prefix length of the router's address (RFC 5944 2.1.2).", IF(tells_prefix_len)},
	{"ra-interval", CONF_MS, "1000", 30, 1800000, "ms", "Longest time between advertisements.", IF(adv_interval)},
	{"ra-interval-min", CONF_MS, "0", 0, 1800000, "ms", "Shortest time between them; 0: three quarters of the longest.", IF(adv_interval_min)},
	{"broadcast", CONF_BOOL, "false", .help = "Advertise to 255.255.255.255 instead of 224.0.0.1.", IF(is_broadcast)},
	{"only-solicited", CONF_BOOL, "false", .help = "Advertise only to who solicits.", IF(only_solicited)},
	{"solicitation-rate", CONF_U32, "20", 0, 10000, "1/s", "Solicitations answered, a second and station; 0: no limit.", IF(rate)},
	{"preference", CONF_U32, "0", 0, 2147483647, NULL, "Of this router (RFC 1256 2).", IF(preference)},
	{NULL, CONF_END},
};

static bool is_named(const char *title, size_t cap) { return strlen(title) > 0 && strlen(title) < cap; }

static const char *add_interface(void *parent, const char *title, const void *filled)
{
	struct fa_conf *c = parent;
	const struct fa_if_conf *f = filled;
	if (c->n_interface == FA_IF_MAX)
		return "a foreign agent has at most 16 interfaces";
	if (!is_named(title, sizeof f->name))
		return "an interface name has 1 to 15 characters";
	for (uint32_t i = 0; i < c->n_interface; i++)
		if (strcmp(c->interface[i].name, title) == 0)
			return "this interface has a block already";
	if (f->adv_interval_min.ns > f->adv_interval.ns)
		return "ra-interval-min may not exceed ra-interval (RFC 1256 6.2.1)";
	if (!addr6_is_none(&f->router_address) && !addr6_is_v4unicast(&f->router_address))
		return "router-address-v4 must be a unicast address";
	struct fa_if_conf *to = &c->interface[c->n_interface++];
	*to = *f;
	memset(to->name, 0, sizeof to->name);
	memcpy(to->name, title, strlen(title));
	return NULL;
}

static const struct conf_block if_block = {
	.name = "interface", .title = "interface name", .help = "A link that mobiles visit.",
	.rows = if_rows, .struct_size = sizeof(struct fa_if_conf), .add = add_interface,
};

static const struct conf_row mobile_rows[] = {
	{"key", CONF_STR, NULL, .help = "The key that mobile and foreign agent share.", .off = offsetof(struct fa_mobile_conf, key), .size = FA_KEY_LEN},
	{NULL, CONF_END},
};

static const char *add_mobile(void *parent, const char *title, const void *filled)
{
	static const char by_name[] = "nai:";
	struct fa_conf *c = parent;
	if (c->n_mobile == FA_MOBILE_CONF_MAX)
		return "a foreign agent has keys for at most 4096 mobiles";
	struct fa_mobile_conf *to = &c->mobile[c->n_mobile];
	*to = *(const struct fa_mobile_conf *)filled;
	if (strncmp(title, by_name, sizeof by_name - 1) == 0) {
		const char *nai = title + sizeof by_name - 1;
		if (!is_named(nai, sizeof to->nai))
			return "a network access identifier has 1 to 255 characters";
		memcpy(to->nai, nai, strlen(nai));
	} else if (!addr46_parse(&to->hoa, title) || !addr6_is_v4unicast(&to->hoa))
		return "name a mobile by its IPv4 home address, or as \"nai:user@realm\"";
	c->n_mobile++;
	return NULL;
}

static const struct conf_block mobile_block = {
	.name = "mobile", .title = "home address, or nai:user@realm", .help = "A mobile with which a key is shared: its requests must be authenticated.",
	.rows = mobile_rows, .struct_size = sizeof(struct fa_mobile_conf), .add = add_mobile,
};

static const struct conf_row ha_rows[] = {
	{"key", CONF_STR, NULL, .help = "The key that home agent and foreign agent share.", .off = offsetof(struct fa_ha_conf, key), .size = FA_KEY_LEN},
	{NULL, CONF_END},
};

static const char *add_home_agent(void *parent, const char *title, const void *filled)
{
	struct fa_conf *c = parent;
	if (c->n_home_agent == FA_HOME_AGENT_MAX)
		return "a foreign agent has keys for at most 256 home agents";
	struct fa_ha_conf *to = &c->home_agent[c->n_home_agent];
	*to = *(const struct fa_ha_conf *)filled;
	if (!addr46_parse(&to->address, title) || !addr6_is_v4unicast(&to->address))
		return "name a home agent by its IPv4 address";
	c->n_home_agent++;
	return NULL;
}

static const struct conf_block ha_block = {
	.name = "home-agent", .title = "IPv4 address", .help = "A home agent with which a key is shared: replies must be authenticated, and it may revoke.",
	.rows = ha_rows, .struct_size = sizeof(struct fa_ha_conf), .add = add_home_agent,
};
static const struct conf_block *const subs[] = {&if_block, &mobile_block, &ha_block, &fa_guests_block, NULL};

static const char *const reverse_names[] = {"off", "optional", "required", NULL};
static const char *const udp_names[] = {"off", "on", "forced", NULL};

static const struct conf_row rows[] = {
	{"address-v4", CONF_LIST_ADDR4, "", .help = "Care-of addresses that are offered: the host's own, where tunnels from home agents end. "
	 "None only where there are guests and no visitors.",
	 LIST_OF(struct fa_conf, coa, FA_COA_MAX)},
	{"upstream", CONF_LIST_IFNAME, "", .help = "Interfaces towards home agents.", LIST_OF(struct fa_conf, upstream, FA_UPSTREAM_MAX)},
	{"registration-lifetime", CONF_S, "1800", 1, 65535, "s", "Longest registration; 65535: any.", FA(lifetime)},
	{"visitors-max", CONF_U32, "4096", 1, 1000000, NULL, "Visitors at a time.", FA(visitors_max)},
	{"pending-max", CONF_U32, "64", 1, 65535, NULL, "Requests that wait for home agents at a time.", FA(pending_max)},
	{"pending-time", CONF_MS, "7000", 100, 600000, "ms", "A request waits so long (RFC 5944 3.7.1).", FA(pending)},
	{"request-rate", CONF_U32, "10", 0, 100000, "1/s", "Requests taken, a second and mobile; 0: no limit.", FA(rate)},
	{"gre", CONF_BOOL, "true", .help = "Offer GRE (G bit).", FA(has_gre)},
	{"minimal", CONF_BOOL, "true", .help = "Offer minimal encapsulation (M bit).", FA(has_minimal)},
	{"reverse-tunnel", CONF_ENUM, "optional", .help = "Reverse tunnels to home agents (RFC 3024): off, optional or required.", FA(reverse),
	 .names = reverse_names},
	{"encapsulating-delivery", CONF_BOOL, "true", .help = "Mobiles may choose packet by packet what takes the reverse tunnel (RFC 3024 3.3).", FA(has_delivery)},
	{"co-located", CONF_BOOL, "false", .help = "Relay requests of mobiles with a care-of address of their own.", FA(takes_colocated)},
	{"udp-tunnel", CONF_ENUM, "off", .help = "This agent is behind a NAT: ask home agents for UDP tunnels (RFC 3519); forced: NAT or not.", FA(udp),
	 .names = udp_names},
	{"udp-keepalive", CONF_S, "110", 10, 3600, "s", "A UDP tunnel is kept open so often, or as the home agent says where that is less.", FA(udp_keepalive)},
	{"challenge", CONF_BOOL, "false", .help = "Mobiles must answer a challenge (RFC 4721).", FA(has_challenge)},
	{"challenge-window", CONF_U32, "2", 1, CHALLENGE_WINDOW_MAX, NULL, "How many of the last advertised challenges count.", FA(window)},
	{"revocation", CONF_BOOL, "true", .help = "Offer revocation of registrations (RFC 3543) to home agents with a key.", FA(has_revocation)},
	{"revocation-inform", CONF_BOOL, "true", .help = "Leave it to the home agent whether a mobile is told of a revocation.", FA(has_inform)},
	{"busy", CONF_BOOL, "false", .help = "B bit: no new visitors for now; roamctl busy changes it.", FA(is_busy)},
	{"mma", CONF_ADDR4, "", .help = "Address of the site's mobility management agent, advertised in an extension of ours.", FA(mma)},
	{"group-prefix", CONF_PREFIX4, "232.128.0.0/9", .help = "Where the groups of the site's mobiles lie, as at that agent.", FA(group_prefix)},
	{"site", CONF_STR, "", .help = "Name of the site.", FA(site), .size = FA_SITE_LEN},
	{"home-site", CONF_BOOL, "false", .help = "The home agent is in this site.", FA(is_home_site)},
	{NULL, CONF_END},
};

const struct conf_block fa_conf_block = {
	.name = "fa", .help = "Foreign agent: of Mobile IPv4, and of mobiles without software, which the network moves (guests).",
	.rows = rows, .sub = subs, .struct_size = sizeof(struct fa_conf),
};

static const char *check_links(const struct fa_conf *c)
{
	for (uint32_t i = 0; i < c->n_interface; i++) {
		for (uint32_t k = 0; k < c->n_upstream; k++)
			if (strcmp(c->interface[i].name, c->upstream[k]) == 0)
				return "an upstream interface cannot be a link of visitors as well";
		if (c->interface[i].is_required && !c->takes_colocated)
			return "registration-required asks co-located mobiles to register here: it needs co-located = true";
	}
	return NULL;
}

const char *fa_conf_check(const struct fa_conf *c)
{
	if (c->n_interface == 0)
		return "a foreign agent needs at least one interface block";
	if (c->n_coa == 0 && !c->guests.is_on)
		return "a foreign agent needs a care-of address (address-v4, RFC 5944 3.7.1)";
	for (uint32_t i = 0; i < c->n_coa; i++)
		if (!addr6_is_v4unicast(&c->coa[i]))
			return "each address of address-v4 must be a unicast address";
	if (!addr6_is_none(&c->mma) && !addr6_is_v4unicast(&c->mma))
		return "mma must be a unicast address";
	if (!addr6_is_none(&c->mma) && !(addr6_is_v4multicast(&c->group_prefix.addr) && c->group_prefix.len_bits >= 100))
		return "group-prefix must be a prefix of groups, as group-prefix-v4 of the agent";
	const char *remedy = check_links(c);
	return remedy ? remedy : fa_guests_check(c);
}
