/* SPDX-License-Identifier: BSD-2-Clause */
/* What a foreign agent can be told about guests: mobiles that the network moves. */
#include "role/fa/fa_i.h"

#define G(field) .off = offsetof(struct guests_conf, field)

static const char *const uplink_names[] = {"reverse", "route", NULL};

static const struct conf_row rows[] = {
	MMC_CONF_ROWS(struct guests_conf, mmc),
	{"signal-join", CONF_U32, "70", 0, 120, "dBm below 0", "Average signal from which on a station is near: the manager is asked who it is.", G(join_dbm)},
	{"signal-leave", CONF_U32, "80", 0, 120, "dBm below 0", "Average signal below which a guest is withdrawn from its group.", G(leave_dbm)},
	{"signal-window", CONF_U32, "4", 1, SIGNAL_WINDOW_MAX, NULL, "Samples in an average.", G(window)},
	{"signal-age", CONF_MS, "1000", 10, 600000, "ms", "Older samples do not count.", G(age)},
	{"dwell", CONF_MS, "1000", 0, 600000, "ms", "A guest whose signal alone is too weak is kept at least so long.", G(dwell)},
	{"silence", CONF_MS, "3000", 20, 3600000, "ms", "A station of which nothing is heard for so long is gone.", G(silence)},
	{"ask-again", CONF_MS, "5000", 100, 3600000, "ms", "A near station that no manager knows is asked about again.", G(again)},
	{"stations-max", CONF_U32, "4096", 1, 1000000, NULL, "Stations that are remembered at a time.", G(stations_max)},
	{"link-layer-identity", CONF_BOOL, "false", .help = "A station's link-layer address alone says who it is, whatever its record says. "
	 "Otherwise the radio must tell whose session it is, or the record allow it.", G(trusts_lladdr)},
	{"address", CONF_ADDR6, "", .help = "Our IPv6 address, where guests' reverse tunnels begin; those of IPv4 begin at the first care-of address.",
	 G(address)},
	{"uplink", CONF_ENUM, "reverse", .help = "What guests send goes to their home agents in a tunnel (reverse) or where it is sent to (route).",
	 G(uplink), .names = uplink_names},
	{"replay", CONF_MS, "200", 0, 10000, "ms", "Policy serving: what came in the last so long is sent first when a guest's radio is attached.", G(replay)},
	{"serving-wait", CONF_MS, "20", 0, 1000, "ms", "Policy serving: the agent before is waited for so long to tell what it has delivered, so that it "
	 "is not sent twice.", G(wait)},
	{"gateway-lladdr", CONF_LLADDR, "00:00:5e:00:52:13", .help = "Link-layer address of guests' gateway, the same on all links of all agents; "
	 "all zero: that of each link.", G(gate)},
	{"gateway-link-local", CONF_ADDR6, "fe80::200:5eff:fe00:5213", .help = "Its link-local address.", G(gate_ll)},
	{"gateway", CONF_LIST_ADDR46, "", .help = "Further routers of home networks, announced as this gateway to a guest that arrives.",
	 .off = offsetof(struct guests_conf, gateway), .size = GUEST_GATEWAY_MAX, .count_off = offsetof(struct guests_conf, n_gateway)},
	{"advertise", CONF_BOOL, "true", .help = "Send guests router advertisements with the prefix of their home network.", G(advertises)},
	{"autonomous", CONF_BOOL, "false", .help = "With the autonomous flag to all of them, not only to those whose home address is made of their "
	 "link-layer address.", G(is_autonomous)},
	{"dhcp-lease", CONF_S, "3600", 0, 4294967, "s", "A guest that asks all DHCP servers of the link gets its IPv4 home address for so long; 0: no answer.", G(lease)},
	{"dhcp-dns", CONF_LIST_ADDR4, "", .help = "Name servers that it is told of.",
	 .off = offsetof(struct guests_conf, dns), .size = DHCP4_DNS_MAX, .count_off = offsetof(struct guests_conf, n_dns)},
	{NULL, CONF_END},
};

static const char *add_guests(void *parent, const char *title, const void *filled)
{
	struct fa_conf *c = parent;
	(void)title;
	if (c->guests.is_on)
		return "there is a guests block already";
	c->guests = *(const struct guests_conf *)filled;
	c->guests.is_on = true;
	return NULL;
}

const struct conf_block fa_guests_block = {
	.name = "guests", .help = "Mobiles without software, which the network moves: found by signal, known to a mobility manager.",
	.rows = rows, .struct_size = sizeof(struct guests_conf), .add = add_guests,
};

const char *fa_guests_check(const struct fa_conf *c)
{
	const struct guests_conf *g = &c->guests;
	if (!g->is_on)
		return NULL;
	if (g->leave_dbm <= g->join_dbm)
		return "signal-leave must be weaker than signal-join, or guests come and go: write signal-join = 70 and signal-leave = 80";
	if (!c->n_upstream)
		return "guests' groups come by an upstream interface: name it";
	if (g->silence.ns < g->age.ns)
		return "silence must not be shorter than signal-age";
	if (g->gate.b[0] & 1)
		return "gateway-lladdr must not be a group's";
	if (!addr6_is_linklocal(&g->gate_ll))
		return "gateway-link-local must be a link-local address";
	if (!addr6_is_none(&g->address) && !addr6_is_routable(&g->address))
		return "address must be a unicast address of this host";
	if (!g->mmc.n_manager)
		return "guests need a mobility manager that knows them: write manager = {ADDRESS}";
	return mmc_conf_check(&g->mmc);
}
