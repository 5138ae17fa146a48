/* SPDX-License-Identifier: BSD-2-Clause */
/* What a mobility management agent can be told. */
#include "role/mma/mma_i.h"

#define MMA(field) .off = offsetof(struct mma_conf, field)
#define LIST_OF(field, max) .off = offsetof(struct mma_conf, field), .size = (max), .count_off = offsetof(struct mma_conf, n_##field)

static const struct conf_row mobile_rows[] = {
	{"key", CONF_STR, NULL, .help = "Name of the key shared with this mobile at this agent.",
	 .off = offsetof(struct mma_mobile_conf, key), .size = MMA_KEY_LEN},
	{"home-agent", CONF_ADDR46, "", .help = "The only home agent that it may name; absent: any.",
	 .off = offsetof(struct mma_mobile_conf, home_agent)},
	{"network", CONF_LIST_PREFIX46, "", .help = "Networks behind it: it is a mobile router (RFC 3963).",
	 .off = offsetof(struct mma_mobile_conf, network), .size = MMA_NET_MAX, .count_off = offsetof(struct mma_mobile_conf, n_network)},
	{NULL, CONF_END},
};

/* What a host can have, in either family. */
static bool is_unicast(const struct addr6 *a) { return addr6_is_routable(a) || addr6_is_v4unicast(a); }

static bool parse_home(struct prefix6 *p, const char *title)
{
	if (prefix46_parse(p, title))
		return true;
	p->len_bits = 128;
	return addr46_parse(&p->addr, title) && is_unicast(&p->addr);
}

static const char *add_mobile(void *parent, const char *title, const void *filled)
{
	struct mma_conf *c = parent;
	struct mma_mobile_conf m = *(const struct mma_mobile_conf *)filled;
	if (c->n_mobile == MMA_MOBILE_CONF_MAX)
		return "at most 4096 mobile blocks: give one a prefix of home addresses that share a key";
	if (!parse_home(&m.home, title))
		return "a mobile is named by its home address, or a prefix of home addresses (2001:db8:1::/64, 10.1.0.0/24)";
	for (uint32_t i = 0; i < c->n_mobile; i++)
		if (prefix6_eq(&c->mobile[i].home, &m.home))
			return "this mobile has a block already";
	c->mobile[c->n_mobile++] = m;
	return NULL;
}

static const struct conf_block mobile_block = {
	.name = "mobile", .title = "home address or prefix of home addresses", .help = "Who may register.",
	.rows = mobile_rows, .struct_size = sizeof(struct mma_mobile_conf), .add = add_mobile,
};

static const struct conf_row peer_rows[] = {
	{"key", CONF_STR, NULL, .help = "Name of the key shared with this agent.", .off = offsetof(struct mma_peer_conf, key), .size = MMA_KEY_LEN},
	{NULL, CONF_END},
};

static const struct conf_row home_agent_rows[] = {
	{"key", CONF_STR, NULL, .help = "Name of the key shared with this home agent; in IPv4 it signs the registrations that are passed on, too.",
	 .off = offsetof(struct mma_peer_conf, key), .size = MMA_KEY_LEN},
	{"home-prefix", CONF_LIST_PREFIX46, "", .help = "Home addresses whose keys it may lend; none: it lends none.", .off = offsetof(struct mma_peer_conf, home),
	 .size = MMA_HOME_MAX, .count_off = offsetof(struct mma_peer_conf, n_home)},
	{NULL, CONF_END},
};

static const char *add_agent(struct mma_conf *c, const char *title, struct mma_peer_conf p)
{
	if (c->n_peer == MMA_PEER_MAX)
		return "at most 256 peer and home-agent blocks";
	if (!addr46_parse(&p.address, title) || !is_unicast(&p.address))
		return "an agent is named by its service address";
	for (uint32_t i = 0; i < c->n_peer; i++)
		if (addr6_eq(&c->peer[i].address, &p.address))
			return "this agent has a block already";
	c->peer[c->n_peer++] = p;
	return NULL;
}

static const char *add_peer(void *parent, const char *title, const void *filled)
{
	return add_agent(parent, title, *(const struct mma_peer_conf *)filled);
}

static const char *add_home_agent(void *parent, const char *title, const void *filled)
{
	struct mma_peer_conf p = *(const struct mma_peer_conf *)filled;
	p.is_home_agent = true;
	return add_agent(parent, title, p);
}

static const struct conf_block peer_block = {
	.name = "peer", .title = "service address", .help = "Another site's agent. Packets of a mobile that moves between the two are forwarded.",
	.rows = peer_rows, .struct_size = sizeof(struct mma_peer_conf), .add = add_peer,
};
static const struct conf_block home_agent_block = {
	.name = "home-agent", .title = "address", .help = "A home agent that we share a key with: it may lend keys of its mobiles, which need no blocks here then.",
	.rows = home_agent_rows, .struct_size = sizeof(struct mma_peer_conf), .add = add_home_agent,
};
static const struct conf_block *const subs[] = {&mobile_block, &peer_block, &home_agent_block, NULL};

static const char *const multicast_names[] = {"proxy", "pim", "flat", NULL};
static const char *const reverse_names[] = {"off", "optional", "required", NULL}; /* enum visitor_reverse */

static const struct conf_row rows[] = {
	{"address", CONF_ADDR6, "", .help = "Service address: mobiles register here, and it is the source of all groups. None: no IPv6.", MMA(address)},
	{"address-v4", CONF_ADDR4, "", .help = "The same in IPv4, and the care-of address of all mobiles there. None: no IPv4.", MMA(address_v4)},
	{"address-interface", CONF_IFNAME, "", .help = "Interface that bears the service addresses; none: roam0.", MMA(address_if)},
	{"multicast-routing", CONF_ENUM, "proxy", .names = multicast_names,
	 .help = "What carries groups in the site: proxy (role ar), pim (a routing daemon here and in the routers), flat (switches with MLD snooping).",
	 MMA(multicast)},
	{"source-interface", CONF_IFNAME, "", .help = "With pim: packets to groups enter this host's multicast forwarding here; none: roam0. "
	 "An end of a veth pair stays up while roamd is restarted.", MMA(source_if)},
	{"site", CONF_STR, "", .help = "Name of the site.", MMA(site), .size = MMA_SITE_LEN},
	{"upstream", CONF_LIST_IFNAME, "", .help = "Interfaces towards the backbone.", LIST_OF(upstream, MMA_UPSTREAM_MAX)},
	{"downstream", CONF_LIST_IFNAME, "", .help = "Interfaces towards the access routers, at most 31. With pim, packets to groups leave by them "
	 "without passing the host's own forwarding.", LIST_OF(downstream, MMA_LINK_MAX)},
	{"coa-prefix", CONF_PREFIX6, "", .help = "Care-of addresses are assigned from it; the backbone routes it here.", MMA(coa_prefix)},
	{"group-prefix", CONF_PREFIX6, "ff35::/64", .help = "Groups of this site's mobiles.", MMA(group_prefix)},
	{"group-prefix-v4", CONF_PREFIX4, "232.128.0.0/9", .help = "The same in IPv4; free ones are allocated from it.", MMA(group_prefix_v4)},
	{"site-address-pool", CONF_PREFIX4, "", .help = "Outer sources of the IPv4 mobiles' uplink tunnels are assigned from it; access routers must let it pass. "
	 "None: the mobiles use addresses that they have.", MMA(site_pool)},
	{"access-prefix", CONF_LIST_PREFIX46, NULL, .help = "Prefixes of the site's access links: registrations and uplink come from them.",
	 LIST_OF(access_prefix, MMA_PREFIX_MAX)},
	{"lifetime", CONF_S, "600", 12, 262140, "s", "Longest lifetime of a binding.", MMA(lifetime_max)},
	{"rest", CONF_S, "0", 0, 262140, "s", "A released care-of address is not given to another for so long; 0: as lifetime.", MMA(rest)},
	{"forward-max", CONF_S, "60", 0, 60, "s", "Packets for a mobile that moved to another site are forwarded at most so long, and taken from its previous agent.",
	 MMA(forward_max)},
	{"forward-ring", CONF_MS, "200", 0, 2000, "ms", "What was sent to a group is kept so long, to be sent on when the mobile's link was gone; 0: nothing is.",
	 MMA(forward_ring)},
	{"forwardings", CONF_U32, "65536", 1, 1048576, NULL, "Mobiles that are forwarded for at a time.", MMA(forwardings_max)},
	{"time-window", CONF_MS, "7000", REPLAY_WINDOW_MIN_MS, 300000, "ms", "How far a timestamp may differ from our clock (RFC 4285 6).",
	 MMA(time_window)},
	{"pending", CONF_U32, "1024", 1, 65536, NULL, "IPv4 registrations on their way to home agents, at most.", MMA(pending_max)},
	{"reverse-tunnel", CONF_ENUM, "optional", .names = reverse_names,
	 .help = "IPv4: what mobiles send goes to their home agents in a tunnel when they ask for it (optional), or always must (required; RFC 3024).",
	 MMA(reverse_v4)},
	{"revocation", CONF_BOOL, "true", .help = "IPv4: offer registration revocation to home agents with a key (RFC 3543).", MMA(has_revocation)},
	{"bindings", CONF_U32, "1048576", 1, 1048576, NULL, "Bindings at most, resting ones included.", MMA(bindings_max)},
	{"refusal-rate", CONF_U32, "10", 1, 100000, "1/s", "Refusals answered, a second and source.", MMA(refusal_rate)},
	{"route-optimisation", CONF_BOOL, "true",
	 .help = "Register with correspondent nodes for mobiles that allow it: their packets then do not go through the home agent.",
	 MMA(route_optimisation)},
	{"correspondents", CONF_U32, "32", 1, RC_PEER_MAX, NULL, "Correspondent nodes registered with, of one mobile at most.", MMA(ro_per_mobile)},
	{"all-correspondents", CONF_U32, "65536", 1, 1048576, NULL, "Correspondent nodes registered with, of all mobiles at most.", MMA(ro_all)},
	{"correspondent-rate", CONF_U32, "200", 1, 100000, "1/s", "Registrations with correspondent nodes begun a second.", MMA(ro_rate)},
	{"only-querier", CONF_BOOL, "false", .help = "No other multicast router is on the downstream links.", MMA(is_sole_querier)},
	{"robustness", CONF_U32, "2", 2, 7, NULL, "How often a message may be lost (RFC 3810 9.1).", MMA(robustness)},
	{"query-interval", CONF_S, "30", 2, 31744, "s", "Time between general queries.", MMA(query_interval)},
	{"query-response", CONF_MS, "2000", 10, 8387584, "ms", "Within this time access routers answer a general query.", MMA(query_response)},
	{NULL, CONF_END},
};

const struct conf_block mma_conf_block = {
	.name = "mma", .help = "Mobility management agent of a site.",
	.rows = rows, .sub = subs, .struct_size = sizeof(struct mma_conf),
};

static const char *check_v6(const struct mma_conf *c)
{
	if (!addr6_is_routable(&c->address))
		return "address must be a unicast routable address";
	if (addr6_is_multicast(&c->coa_prefix.addr) || c->coa_prefix.len_bits == 0 || c->coa_prefix.len_bits > 126)
		return "coa-prefix must be given with address: a unicast prefix of at most 126 bits";
	if (prefix6_contains(&c->coa_prefix, &c->address))
		return "the service address must lie outside coa-prefix: the pool would hand it out";
	if (!addr6_is_multicast(&c->group_prefix.addr) || c->group_prefix.len_bits < 32)
		return "group-prefix must be a source-specific prefix, such as ff35::/64";
	return NULL;
}

static const char *check_v4(const struct mma_conf *c)
{
	static const struct prefix6 ssm = {{{[10] = 0xff, 0xff, 232}}, 104}; /* RFC 4607 */
	if (!addr6_is_v4unicast(&c->address_v4))
		return "address-v4 must be a unicast address";
	if (c->group_prefix_v4.len_bits < ssm.len_bits || !prefix6_contains(&ssm, &c->group_prefix_v4.addr) || c->group_prefix_v4.len_bits > 126)
		return "group-prefix-v4 must lie in the source-specific range, such as 232.128.0.0/9, and have at most 30 bits";
	if (!c->site_pool.len_bits)
		return NULL;
	if (!addr6_is_v4unicast(&c->site_pool.addr) || c->site_pool.len_bits > 126)
		return "site-address-pool must be a unicast prefix of at most 30 bits";
	return prefix6_contains(&c->site_pool, &c->address_v4) ? "address-v4 must lie outside site-address-pool: the pool would hand it out" : NULL;
}

static uint32_t access_prefixes(const struct mma_conf *c, bool is_v4)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < c->n_access_prefix; i++)
		n += addr6_is_v4mapped(&c->access_prefix[i].addr) == is_v4;
	return n;
}

static const char *check_access(const struct mma_conf *c)
{
	for (int is_v4 = 0; is_v4 < 2; is_v4++) {
		uint32_t n = access_prefixes(c, is_v4);
		if (n > MMA_FAMILY_PREFIX_MAX)
			return "access-prefix may have at most 8 prefixes of each family";
		if (!n && (is_v4 ? mma_has_v4(c) : mma_has_v6(c)))
			return "access-prefix must name at least one prefix of each family served: without it no uplink would be accepted";
	}
	return NULL;
}

static const char *check_multicast(const struct mma_conf *c)
{
	if (c->source_if[0] && c->multicast != MMA_PIM)
		return "source-interface needs multicast-routing = \"pim\": otherwise the agent sends to the links itself";
	if (c->query_response.ns >= c->query_interval.ns)
		return "query-response must be shorter than query-interval (RFC 3810 9.3)";
	return NULL;
}

const char *mma_conf_check(const struct mma_conf *c)
{
	const char *remedy = NULL;
	if (!mma_has_v6(c) && !mma_has_v4(c))
		return "address (IPv6), address-v4 or both must be given";
	for (uint32_t i = 0; i < c->n_peer; i++)
		if (addr6_eq(&c->peer[i].address, &c->address) || addr6_eq(&c->peer[i].address, &c->address_v4))
			return "a peer is another agent: this address is our own";
	if (mma_has_v6(c))
		remedy = check_v6(c);
	if (!remedy && mma_has_v4(c))
		remedy = check_v4(c);
	if (!remedy)
		remedy = check_access(c);
	if (!remedy)
		remedy = check_multicast(c);
	return remedy ? remedy : mma_net_conf_check(c);
}
