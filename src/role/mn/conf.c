/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>
#include <string.h>

#include "role/mn/mn.h"

#define AT(member) .off = offsetof(struct mn_conf, member)
#define WEIGHT(factor) .off = offsetof(struct mn_conf, weight_db) + sizeof(uint32_t) * (factor)

static const char *const dad_names[] = {"none", "optimistic", NULL};
static const char *const ro_names[] = {"off", "agent", "own", "auto", NULL};
static const char *const net_names[] = {"explicit", "implicit", NULL};
static const char *const uplink_names[] = {"tunnel", "literal", NULL};
static const char *const care_of_names[] = {"auto", "foreign-agent", "co-located", NULL};
static const char *const encap4_names[] = {"ipip", "gre", "minimal", NULL};
static const char *const reverse_names[] = {"optional", "required", "off", NULL};
static const char *const delivery_names[] = {"direct", "encapsulating", NULL};
static const char *const udp_names[] = {"auto", "forced", "off", NULL};
static const char *const replay_names[] = {"timestamp", "nonce", NULL};

static const struct conf_row rows[] = {
	{"home-address", CONF_ADDR6, "", .help = "The address that never changes; absent: Mobile IPv4 alone.", AT(home_address)},
	{"home-prefix", CONF_PREFIX6, "", .help = "Prefix of the home link; absent: /64 of the home address.",
	 AT(home_prefix)},
	{"home-agent", CONF_ADDR6, "", .help = "Address of the home agent; absent: discovered (RFC 6275 11.4.1).", AT(home_agent)},
	{"key", CONF_STR, NULL, .help = "Name of the key shared with the home agent.", AT(key), .size = MN_KEY_NAME_LEN},
	{"use-mma", CONF_BOOL, "true", .help = "Register with the agent of a site that has one; false: plain Mobile IPv6.",
	 AT(use_mma)},
	{"identity", CONF_LLADDR, "", .help = "EUI-48 that the multicast group is made of; absent: of the first interface.",
	 AT(identity)},
	{"privacy", CONF_BOOL, "false", .help = "Make the group of a random identity, kept in the store.", AT(privacy)},
	{"group-prefix", CONF_PREFIX6, "ff35::/64", .help = "Prefix of the multicast group.", AT(group_prefix)},
	{"dad", CONF_ENUM, "none", .help = "Duplicate detection of care-of addresses: none, or optimistic (RFC 4429).",
	 AT(dad), .names = dad_names},
	{"lifetime", CONF_S, "600", 12, 262140, "s", "Lifetime of bindings to ask for.", AT(lifetime)},
	{"drain", CONF_MS, "200", 0, 10000, "ms", "How long the old link is kept after a handover.", AT(drain)},
	{"network", CONF_LIST_PREFIX6, "", .help = "Networks behind the mobile: it is a mobile router (RFC 3963).",
	 .off = offsetof(struct mn_conf, network), .size = MN_NETWORK_MAX, .count_off = offsetof(struct mn_conf, n_network)},
	{"network-interface", CONF_IFNAME, "", .help = "Where these networks are; absent: the host's routes say.", AT(network_interface)},
	{"network-mode", CONF_ENUM, "explicit", .help = "Name the networks to the home agent, or let it know them: explicit or implicit.",
	 AT(network_mode), .names = net_names},
	{"forward", CONF_S, "10", 0, 60, "s", "How long the agent of a site that was left sends on what still comes.", AT(forward)},
	{"route-optimisation", CONF_ENUM, "off",
	 .help = "Who registers with correspondent nodes: off, agent (the site's), own (the mobile), auto (the agent, else the mobile).",
	 AT(route_optimisation), .names = ro_names},
	{"uplink", CONF_ENUM, "tunnel",
	 .help = "tunnel, or literal: to destinations in direct from the on-link address with a Home Address option.",
	 AT(uplink), .names = uplink_names},
	{"direct", CONF_LIST_PREFIX6, "", .help = "Destinations of uplink literal: hosts that trust our Home Address option.",
	 AT(direct), .size = MN_DIRECT_MAX, .count_off = offsetof(struct mn_conf, n_direct)},
	{"deregister-on-stop", CONF_BOOL, "false", .help = "A clean stop takes the bindings back; false: the next start goes on with them.",
	 AT(deregister_on_stop)},
	{"reports", CONF_U32, "3", 1, 10, NULL, "Membership reports on a new link, the first one at once.", AT(reports)},
	{"report-interval", CONF_MS, "20", 1, 1000, "ms", "Time between these reports.", AT(report_interval)},
	{"solicit-interval", CONF_MS, "100", 10, 4000, "ms",
	 "First wait for an answer to a router solicitation; doubled up to 4 s.", AT(solicit_interval)},
	{"missed-advertisements", CONF_U32, "3", 1, 10, NULL, "A router is asked after so many intervals of silence.",
	 AT(missed_advertisements)},
	{"threshold", CONF_U32, "70", 0, 120, "dBm below 0",
	 "Average signal below which a better router is looked for; 0: always.", AT(threshold_dbm)},
	{"floor", CONF_U32, "85", 0, 120, "dBm below 0", "Below this, min-stay does not hold a handover back.",
	 AT(floor_dbm)},
	{"hysteresis", CONF_U32, "4", 0, 60, "dB", "How much better another router must be.", AT(hysteresis_db)},
	{"min-stay", CONF_MS, "1000", 0, 600000, "ms", "Time between two handovers for better signal.", AT(min_stay)},
	{"signal-age", CONF_MS, "2000", 10, 600000, "ms", "Older samples do not count.", AT(signal_age)},
	{"signal-window", CONF_U32, "8", 1, 32, NULL, "Samples in an average.", AT(signal_window)},
	{"ping-pong", CONF_MS, "5000", 0, 600000, "ms", "A return to the last router within this time is counted as one.",
	 AT(ping_pong)},
	{"weight-bandwidth", CONF_U32, "0", 0, 60, "dB", "Worth of 1 Gbit/s over 1 Mbit/s.", WEIGHT(FACTOR_BANDWIDTH)},
	{"weight-load", CONF_U32, "0", 0, 60, "dB", "Worth of an idle router over a full one.", WEIGHT(FACTOR_LOAD)},
	{"weight-delay", CONF_U32, "0", 0, 60, "dB", "Worth of no delay over 100 ms.", WEIGHT(FACTOR_DELAY)},
	{"weight-cost", CONF_U32, "0", 0, 60, "dB", "Worth of cost 0 over cost 100.", WEIGHT(FACTOR_COST)},
	{"weight-location", CONF_U32, "0", 0, 60, "dB", "Worth of location 100 over 0.", WEIGHT(FACTOR_LOCATION)},
	{"weight-services", CONF_U32, "0", 0, 60, "dB", "Worth of services 100 over 0.", WEIGHT(FACTOR_SERVICES)},
	{"home-address-v4", CONF_ADDR4, "", .help = "The IPv4 address that never changes; absent: assigned by the home agent to nai.",
	 AT(v4.home_address)},
	{"home-prefix-v4", CONF_PREFIX4, "", .help = "IPv4 prefix of the home link; absent: Mobile IPv6 alone.", AT(v4.home_prefix)},
	{"home-agent-v4", CONF_ADDR4, "", .help = "IPv4 address of the home agent; absent: discovered (RFC 5944 3.6.1.2).",
	 AT(v4.home_agent)},
	{"nai", CONF_STR, "", .help = "Network access identifier (RFC 2794): user@realm.", AT(v4.nai), .size = MN_NAI_LEN},
	{"key-v4", CONF_STR, "", .help = "In place of key for Mobile IPv4: name of the key shared with the home agent.",
	 AT(v4.key), .size = MN_KEY_NAME_LEN},
	{"aaa-key", CONF_STR, "", .help = "Name of the key shared with the visited network's AAA (RFC 4721 MN-AAA).",
	 AT(v4.aaa_key), .size = MN_KEY_NAME_LEN},
	{"care-of", CONF_ENUM, "auto",
	 .help = "Register through foreign-agent, with an address of the host's own on the link (co-located), or auto: an agent where there is one.",
	 AT(v4.care_of), .names = care_of_names},
	{"encapsulation", CONF_ENUM, "ipip", .help = "IPv4 tunnels to ask for: ipip, gre or minimal; ipip where these are not to be had.",
	 AT(v4.encapsulation), .names = encap4_names},
	{"reverse-tunnel", CONF_ENUM, "optional",
	 .help = "What the mobile sends in IPv4 takes the tunnel too (RFC 3024): optional (where it is granted), required, off.",
	 AT(v4.reverse_tunnel), .names = reverse_names},
	{"delivery", CONF_ENUM, "direct", .help = "To the foreign agent, with a reverse tunnel: direct or encapsulating (RFC 3024 5).",
	 AT(v4.delivery), .names = delivery_names},
	{"udp-tunnel", CONF_ENUM, "auto", .help = "Tunnels in UDP (RFC 3519): auto (where the home agent sees a NAT), forced, off.",
	 AT(v4.udp_tunnel), .names = udp_names},
	{"udp-keepalive", CONF_S, "110", 10, 3600, "s", "A UDP tunnel is kept open so often, or as the home agent says where that is less.",
	 AT(v4.keepalive)},
	{"replay-v4", CONF_ENUM, "timestamp", .help = "Protection against replay that home agent and mobile agreed on: timestamp or nonce.",
	 AT(v4.replay), .names = replay_names},
	{"simultaneous", CONF_BOOL, "false", .help = "Ask the home agent to keep the old IPv4 binding during a handover (S).",
	 AT(v4.simultaneous)},
	{"broadcast", CONF_BOOL, "false", .help = "Ask for copies of the home link's IPv4 broadcasts (B).", AT(v4.broadcast)},
	{"revocation", CONF_BOOL, "true", .help = "Let the home agent tell that it ended a co-located binding (RFC 3543).",
	 AT(v4.revocation)},
	{"network-v4", CONF_LIST_PREFIX4, "", .help = "IPv4 networks behind the mobile: it is a mobile router (RFC 5177).",
	 .off = offsetof(struct mn_conf, v4.network), .size = MN_NETWORK_MAX, .count_off = offsetof(struct mn_conf, v4.n_network)},
	{.type = CONF_END},
};

static const struct conf_row no_rows[] = {{.type = CONF_END}};

static const char *add_if(void *parent, const char *title, const void *filled)
{
	struct mn_conf *c = parent;
	(void)filled;
	if (c->n_iface == MN_IF_MAX)
		return "give at most 8 interfaces";
	if (!*title || strlen(title) >= sizeof c->iface[0].name)
		return "an interface name has 1 to 15 characters";
	memset(&c->iface[c->n_iface], 0, sizeof c->iface[0]);
	memcpy(c->iface[c->n_iface++].name, title, strlen(title));
	return NULL;
}

static const struct conf_block if_block = {
	.name = "interface", .title = "name", .help = "An interface that the mobile may use.",
	.rows = no_rows, .struct_size = sizeof(struct mn_conf_if), .add = add_if,
};

static const struct conf_row mma_rows[] = {
	{"key", CONF_STR, "", .help = "Name of the key shared with this agent.",
	 .off = offsetof(struct mn_conf_mma, key), .size = MN_KEY_NAME_LEN},
	{"address-v4", CONF_ADDR4, "", .help = "Its IPv4 address, where it serves both families; absent: the title's family alone.",
	 .off = offsetof(struct mn_conf_mma, address_v4)},
	{"site", CONF_STR, "", .help = "In place of a key: name of its site; the key is derived, and the home agent lends it to the agent.",
	 .off = offsetof(struct mn_conf_mma, site), .size = MN_SITE_NAME_LEN},
	{.type = CONF_END},
};

static const char *add_mma(void *parent, const char *title, const void *filled)
{
	struct mn_conf *c = parent;
	struct mn_conf_mma m = *(const struct mn_conf_mma *)filled;
	if (c->n_mma == MN_SITE_MAX)
		return "give at most 16 mobility management agents";
	if (!addr46_parse(&m.addr, title) || !(addr6_is_routable(&m.addr) || addr6_is_v4unicast(&m.addr)))
		return "the title of an mma block is its service address, as in mma \"2001:db8:2::1\" { ... }";
	if (addr6_is_v4mapped(&m.addr)) {
		m.address_v4 = m.addr;
		m.addr = addr6_any;
	}
	if (!m.key[0] == !m.site[0])
		return "an mma block names a key, or the site whose key is derived";
	c->mma[c->n_mma++] = m;
	return NULL;
}

static const struct conf_block mma_block = {
	.name = "mma", .title = "service address", .help = "A site's agent that the mobile shares a key with.",
	.rows = mma_rows, .struct_size = sizeof(struct mn_conf_mma), .add = add_mma,
};

static const struct conf_row fa_rows[] = {
	{"key", CONF_STR, NULL, .help = "Name of the key shared with this agent.",
	 .off = offsetof(struct mn_conf_fa, key), .size = MN_KEY_NAME_LEN},
	{.type = CONF_END},
};

static const char *add_fa(void *parent, const char *title, const void *filled)
{
	struct mn4_conf *c = &((struct mn_conf *)parent)->v4;
	struct mn_conf_fa f = *(const struct mn_conf_fa *)filled;
	if (c->n_fa == MN_FA_MAX)
		return "give at most 16 foreign agents";
	if (!addr46_parse(&f.addr, title) || !addr6_is_v4unicast(&f.addr))
		return "the title of a foreign-agent block is the address that it advertises from, as in foreign-agent \"10.3.0.1\" { ... }";
	c->fa[c->n_fa++] = f;
	return NULL;
}

static const struct conf_block fa_block = {
	.name = "foreign-agent", .title = "IPv4 address", .help = "A foreign agent that the mobile shares a key with.",
	.rows = fa_rows, .struct_size = sizeof(struct mn_conf_fa), .add = add_fa,
};

static const struct conf_row prefer_rows[] = {
	{"location", CONF_U32, "50", 0, 100, NULL, "How well the router lies, 0 to 100.",
	 .off = offsetof(struct mn_conf_prefer, location)},
	{"services", CONF_U32, "50", 0, 100, NULL, "What the router's network offers, 0 to 100.",
	 .off = offsetof(struct mn_conf_prefer, services)},
	{.type = CONF_END},
};

static const char *add_prefer(void *parent, const char *title, const void *filled)
{
	struct mn_conf *c = parent;
	struct mn_conf_prefer p = *(const struct mn_conf_prefer *)filled;
	if (c->n_prefer == MN_PREFER_MAX)
		return "give at most 32 routers";
	if (!lladdr_parse(&p.router, title))
		return "the title of a router block is its link-layer address, as in router \"02:00:00:00:00:01\" { ... }";
	c->prefer[c->n_prefer++] = p;
	return NULL;
}

static const struct conf_block prefer_block = {
	.name = "router", .title = "link-layer address", .help = "What is known of a router besides its signal.",
	.rows = prefer_rows, .struct_size = sizeof(struct mn_conf_prefer), .add = add_prefer,
};

static const struct conf_block *const subs[] = {&if_block, &mma_block, &fa_block, &prefer_block, NULL};

const struct conf_block mn_conf_block = {
	.name = "mn", .help = "Mobile node.", .rows = rows, .sub = subs, .struct_size = sizeof(struct mn_conf),
};

struct policy mn_conf_policy(const struct mn_conf *c)
{
	struct policy p = {
		.threshold_cdbm = -100 * (int32_t)c->threshold_dbm,
		.floor_cdbm = -100 * (int32_t)c->floor_dbm,
		.hysteresis_cdb = 100 * (int32_t)c->hysteresis_db,
		.min_stay = c->min_stay,
	};
	memcpy(p.weight_db, c->weight_db, sizeof p.weight_db);
	return p;
}
