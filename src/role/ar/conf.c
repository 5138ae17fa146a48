/* SPDX-License-Identifier: BSD-2-Clause */
/* What an access router can be told. */
#include "role/ar/ar_i.h"

#define IF(field) .off = offsetof(struct ar_if_conf, field)
#define AR(field) .off = offsetof(struct ar_conf, field)
#define LIST_OF(type, field, max) .off = offsetof(type, field), .size = (max), .count_off = offsetof(type, n_##field)

static const struct conf_row if_rows[] = {
	{"prefix", CONF_LIST_PREFIX46, "", .help = "Prefixes of the link: those of IPv6 are announced to hosts, and the filter lets both families' pass.",
	 LIST_OF(struct ar_if_conf, prefix, AR_PREFIX_MAX)},
	{"router-address", CONF_ADDR6, "", .help = "Our global address on the link, announced with the R flag.", IF(router_address)},
	{"router-address-v4", CONF_ADDR4, "", .help = "Our IPv4 address on the link, which is advertised there. On the home link: the home agent's. None: no IPv4.",
	 IF(router_address_v4)},
	{"agent-advertisements", CONF_BOOL, "true", .help = "Send ICMP router advertisements with the MMA's IPv4 address (RFC 1256); "
	 "false: another agent on the link does.", IF(has_agent_adv)},
	{"repeat-reports", CONF_BOOL, "false", .help = "Without upstream: repeat the stations' IGMP reports from our own address, for a multicast routing daemon on this "
	 "host that takes none from 0.0.0.0 or from home addresses (FRR's pimd).", IF(has_vouch)},
	{"registration-lifetime", CONF_S, "1800", 1, 65535, "s", "Home link: longest lifetime that the home agent grants in IPv4 (RFC 5944 2.1); 65535: any.",
	 IF(registration_lifetime)},
	{"autonomous", CONF_BOOL, "true", .help = "Hosts may form addresses from the prefixes (A flag).", IF(is_autonomous)},
	{"on-link", CONF_BOOL, "true", .help = "Hosts of the prefixes are neighbours (L flag).", IF(is_onlink)},
	{"prefix-valid", CONF_S, "2592000", 4, 4294967295, "s", "Valid lifetime of the prefixes.", IF(prefix_valid)},
	{"prefix-preferred", CONF_S, "604800", 4, 4294967295, "s", "Preferred lifetime of the prefixes.", IF(prefix_preferred)},
	{"ra-interval", CONF_MS, "1000", 30, 1800000, "ms", "Longest time between periodic advertisements.", IF(ra_interval)},
	{"ra-interval-min", CONF_MS, "0", 0, 1350000, "ms", "Shortest time between them; 0: a third of the longest.",
	 IF(ra_interval_min)},
	{"router-lifetime", CONF_S, "1800", 0, 9000, "s", "How long hosts may use this router by default; 0: not at all.",
	 IF(router_lifetime)},
	{"mtu", CONF_U32, "0", 0, 65535, "octets", "Link MTU to announce; 0: none.", IF(mtu_oct)},
	{"home-link", CONF_BOOL, "false", .help = "The home agent's home link: H flag, and no multicast forwarding.", IF(is_home)},
	{"home-agent-preference", CONF_U32, "0", 0, 65535, NULL, "Preference in the home agent information.", IF(ha_preference)},
	{"home-agent-lifetime", CONF_S, "1800", 1, 65535, "s", "Lifetime in the home agent information.", IF(ha_lifetime)},
	{"map", CONF_BOOL, "true", .help = "Announce the address of the site's mobility management agent.", IF(has_map)},
	{"filter", CONF_BOOL, "true", .help = "Drop packets from hosts whose source lies outside the prefixes, and all that bear the MMA's.",
	 IF(is_filtered)},
	{"only-querier", CONF_BOOL, "true", .help = "No other router is on this link: queries of others are ignored.", IF(is_sole_querier)},
	{"admit", CONF_LIST_PREFIX46, "", .help = "Groups that may be joined here; none: all source-specific ones.",
	 LIST_OF(struct ar_if_conf, admit, AR_ADMIT_MAX)},
	{"solicited-delay", CONF_MS, "0", 0, 500, "ms", "Several routers are here: answer to all, within this random time; 0: at once.",
	 IF(solicited_delay)},
	{"solicitation-rate", CONF_U32, "20", 1, 10000, "1/s", "Solicitations answered, a second and station.", IF(rs_rate)},
	{"report-rate", CONF_U32, "50", 0, 100000, "1/s", "Membership reports accepted, a second and station; 0: no limit.", IF(report_rate)},
	{"groups-per-station", CONF_U32, "16", 1, 65535, NULL, "Memberships of one station.", IF(max_per_station)},
	{"groups", CONF_U32, "4096", 1, 65535, NULL, "Memberships on the link.", IF(max_per_link)},
	{NULL, CONF_END},
};

static const char *add_interface(void *parent, const char *title, const void *filled)
{
	struct ar_conf *c = parent;
	const struct ar_if_conf *f = filled;
	if (c->n_interface == AR_IF_MAX)
		return "an access router has at most 31 interfaces: a forwarding entry holds no more";
	if (strlen(title) == 0 || strlen(title) >= sizeof f->name)
		return "an interface name has 1 to 15 characters";
	for (uint32_t i = 0; i < c->n_interface; i++)
		if (strcmp(c->interface[i].name, title) == 0)
			return "this interface has a block already";
	if (f->ra_interval_min.ns > f->ra_interval.ns * 3 / 4)
		return "ra-interval-min may be at most three quarters of ra-interval (RFC 4861 6.2.1)";
	if (!addr6_is_none(&f->router_address_v4) && !addr6_is_v4unicast(&f->router_address_v4))
		return "router-address-v4 must be a unicast address";
	if (f->prefix_preferred.ns > f->prefix_valid.ns)
		return "prefix-preferred may not exceed prefix-valid (RFC 4861 4.6.2)";
	struct ar_if_conf *to = &c->interface[c->n_interface++];
	*to = *f;
	memset(to->name, 0, sizeof to->name);
	memcpy(to->name, title, strlen(title));
	return NULL;
}

static const struct conf_block if_block = {
	.name = "interface", .title = "interface name", .help = "A link where hosts are.",
	.rows = if_rows, .struct_size = sizeof(struct ar_if_conf), .add = add_interface,
};
static const struct conf_block *const subs[] = {&if_block, NULL};

static const struct conf_row rows[] = {
	{"upstream", CONF_IFNAME, "", .help = "Interface towards the MMA; none: no multicast forwarding.", AR(upstream)},
	{"mma", CONF_ADDR6, "", .help = "Service address of the site's mobility management agent: the only source of groups.", AR(mma)},
	{"mma-v4", CONF_ADDR4, "", .help = "The same in IPv4.", AR(mma_v4)},
	{"group-prefix-v4", CONF_PREFIX4, "232.128.0.0/9", .help = "Where the IPv4 groups of the site's mobiles lie, as at the agent.", AR(group_prefix_v4)},
	{"site", CONF_STR, "", .help = "Name of the site.", AR(site), .size = AR_SITE_LEN},
	{"home-site", CONF_BOOL, "false", .help = "The home agent is in this site.", AR(is_home_site)},
	{"map-lifetime", CONF_S, "1800", 4, 4294967295, "s", "Lifetime of the announced MMA.", AR(map_lifetime)},
	{"robustness", CONF_U32, "2", 2, 7, NULL, "How often a message may be lost (RFC 3810 9.1).", AR(robustness)},
	{"query-interval", CONF_S, "30", 2, 31744, "s", "Time between general queries.", AR(query_interval)},
	{"query-response", CONF_MS, "2000", 10, 8387584, "ms", "Within this time listeners answer a general query.", AR(query_response)},
	{"last-listener-interval", CONF_MS, "1000", 10, 8387584, "ms", "Time between queries after a leave by a stranger.",
	 AR(last_listener_interval)},
	{NULL, CONF_END},
};

const struct conf_block ar_conf_block = {
	.name = "ar", .help = "Access router: advertisements with the MMA's address, and the MLD and IGMP proxy.",
	.rows = rows, .sub = subs, .struct_size = sizeof(struct ar_conf),
};

const char *ar_conf_check(const struct ar_conf *c)
{
	if (c->n_interface == 0)
		return "an access router needs at least one interface block";
	if (c->upstream[0] && addr6_is_none(&c->mma) && addr6_is_none(&c->mma_v4))
		return "with an upstream interface the address of the MMA (mma, mma-v4) must be given";
	if (!addr6_is_none(&c->mma_v4) && !addr6_is_v4unicast(&c->mma_v4))
		return "mma-v4 must be a unicast address";
	if (!addr6_is_none(&c->mma_v4) && !(addr6_is_v4multicast(&c->group_prefix_v4.addr) && c->group_prefix_v4.len_bits >= 100))
		return "group-prefix-v4 must be a prefix of groups, as group-prefix-v4 of the agent";
	if (!addr6_is_any(&c->mma) && !addr6_is_routable(&c->mma))
		return "mma must be a unicast routable address";
	if (c->query_response.ns >= c->query_interval.ns)
		return "query-response must be shorter than query-interval (RFC 3810 9.3)";
	for (uint32_t i = 0; i < c->n_interface; i++)
		if (strcmp(c->interface[i].name, c->upstream) == 0)
			return "the upstream interface cannot be an access interface as well";
	return NULL;
}
