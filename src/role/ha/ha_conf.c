/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a home agent can be told. A mobile has one block for both families: its title is a home address of either, a prefix of home
 * addresses that share a key, or "nai:user@realm" for one that gets its IPv4 address from address-pool.
 */
#include "base/err.h"
#include "role/ha/ha_i.h"

#define AT(field) .off = offsetof(struct ha_conf, field)
#define LIST(field, max) .off = offsetof(struct ha_conf, field), .size = (max), .count_off = offsetof(struct ha_conf, n_##field)

static const struct conf_row mobile_rows[] = {
	{"key", CONF_STR, NULL, .help = "Name of the key shared with the mobile.", .off = offsetof(struct ha_mobile_conf, key),
	 .size = HA_KEY_NAME_LEN},
	{"home-address-v4", CONF_ADDR4, "", .help = "Its IPv4 home address, in a block that is named by an IPv6 address.",
	 .off = offsetof(struct ha_mobile_conf, home_v4)},
	{"nai", CONF_STR, "", .help = "Its network access identifier (RFC 2794), by which Mobile IPv4 may know it before its home address.",
	 .off = offsetof(struct ha_mobile_conf, nai), .size = HA_NAI_LEN},
	{"aaa-key", CONF_STR, "", .help = "Name of the key of MN-AAA authentication (RFC 4721), checked here when a request has it.",
	 .off = offsetof(struct ha_mobile_conf, aaa_key), .size = HA_KEY_NAME_LEN},
	{"network", CONF_LIST_PREFIX46, "", .help = "Networks behind it: it is a mobile router (RFC 3963, RFC 5177).",
	 .off = offsetof(struct ha_mobile_conf, network), .size = HA_NET_MAX, .count_off = offsetof(struct ha_mobile_conf, n_network)},
	{NULL, CONF_END},
};

static const char NAI_TITLE[] = "nai:";

static bool is_by_nai(const char *title) { return strncmp(title, NAI_TITLE, sizeof NAI_TITLE - 1) == 0; }

/* The title of a block: what the mobile is known by. NULL, or what to mend. */
static const char *parse_title(const char *title, struct ha_mobile_conf *m)
{
	m->home = (struct prefix6){.len_bits = 128};
	if (!is_by_nai(title))
		return addr46_parse(&m->home.addr, title) || prefix46_parse(&m->home, title) ? NULL :
		       "a mobile's title is its home address, a prefix of home addresses, or \"nai:user@realm\"";
	title += sizeof NAI_TITLE - 1;
	if (m->nai[0])
		return "a mobile whose title is its NAI needs no row nai";
	if (!*title || strlen(title) >= HA_NAI_LEN)
		return "an NAI has 1 to 71 characters";
	memcpy(m->nai, title, strlen(title));
	return NULL;
}

static bool is_same_mobile(const struct ha_mobile_conf *a, const struct ha_mobile_conf *b)
{
	return (!addr6_is_any(&a->home.addr) && prefix6_eq(&a->home, &b->home)) || (a->nai[0] && strcmp(a->nai, b->nai) == 0) ||
	       (!addr6_is_none(&a->home_v4) && (addr6_eq(&a->home_v4, &b->home_v4) || addr6_eq(&a->home_v4, &b->home.addr))) ||
	       (!addr6_is_none(&b->home_v4) && addr6_eq(&b->home_v4, &a->home.addr));
}

static const char *add_mobile(void *parent, const char *title, const void *filled)
{
	struct ha_conf *c = parent;
	struct ha_mobile_conf m = *(const struct ha_mobile_conf *)filled;

	if (c->n_mobile == HA_MOBILE_CONF_MAX)
		return "a home agent has at most 4096 mobile blocks: give mobiles that share a key a prefix";
	const char *remedy = parse_title(title, &m);
	if (remedy)
		return remedy;
	if (m.home.len_bits != 128 && (m.nai[0] || !addr6_is_none(&m.home_v4)))
		return "nai and home-address-v4 are of one mobile, not of a prefix of home addresses";
	if (!addr6_is_none(&m.home_v4) && addr6_is_v4mapped(&m.home.addr))
		return "home-address-v4 is for a block that is named by an IPv6 address";
	for (uint32_t i = 0; i < c->n_mobile; i++)
		if (is_same_mobile(&c->mobile[i], &m))
			return "this mobile has a block already";
	c->mobile[c->n_mobile++] = m;
	return NULL;
}

static const struct conf_block mobile_block = {
	.name = "mobile", .title = "home address, or prefix of home addresses", .help = "A mobile that may register.",
	.rows = mobile_rows, .struct_size = sizeof(struct ha_mobile_conf), .add = add_mobile,
};
static const struct conf_row mma_rows[] = {
	{"key", CONF_STR, NULL, .help = "Name of the key shared with this agent.", .off = offsetof(struct ha_mma_conf, key), .size = HA_KEY_NAME_LEN},
	{"site", CONF_STR, NULL, .help = "Its site: mobiles' keys there are derived with this name.", .off = offsetof(struct ha_mma_conf, site),
	 .size = HA_SITE_LEN},
	{NULL, CONF_END},
};

static const char *add_mma(void *parent, const char *title, const void *filled)
{
	struct ha_conf *c = parent;
	struct ha_mma_conf m = *(const struct ha_mma_conf *)filled;

	if (c->n_mma == HA_MMA_MAX)
		return "at most 64 mma blocks";
	if (!addr46_parse(&m.address, title) || !(addr6_is_routable(&m.address) || addr6_is_v4unicast(&m.address)))
		return "an agent is named by its service address";
	for (uint32_t i = 0; i < c->n_mma; i++)
		if (addr6_eq(&c->mma[i].address, &m.address))
			return "this agent has a block already";
	c->mma[c->n_mma++] = m;
	return NULL;
}

static const struct conf_block mma_block = {
	.name = "mma", .title = "service address", .help = "A site's agent that is trusted with derived keys of our mobiles.",
	.rows = mma_rows, .struct_size = sizeof(struct ha_mma_conf), .add = add_mma,
};

static const struct conf_row fa_rows[] = {
	{"key", CONF_STR, NULL, .help = "Name of the key shared with this foreign agent.", .off = offsetof(struct ha_fa_conf, key), .size = HA_KEY_NAME_LEN},
	{NULL, CONF_END},
};

static const char *add_fa(void *parent, const char *title, const void *filled)
{
	struct ha_conf *c = parent;
	struct ha_fa_conf f = *(const struct ha_fa_conf *)filled;

	if (c->v4.n_fa == HA_FA_MAX)
		return "at most 128 foreign-agent blocks";
	if (!addr46_parse(&f.address, title) || !addr6_is_v4unicast(&f.address))
		return "a foreign agent is named by the IPv4 address from which it sends";
	for (uint32_t i = 0; i < c->v4.n_fa; i++)
		if (addr6_eq(&c->v4.fa[i].address, &f.address))
			return "this foreign agent has a block already";
	c->v4.fa[c->v4.n_fa++] = f;
	return NULL;
}

static const struct conf_block fa_block = {
	.name = "foreign-agent", .title = "IPv4 address",
	.help = "A foreign agent that shares a key with us: what it relays must bear its authentication (RFC 5944 3.8.2.1).",
	.rows = fa_rows, .struct_size = sizeof(struct ha_fa_conf), .add = add_fa,
};

static const struct conf_row link_rows[] = {
	{"prefix", CONF_LIST_PREFIX46, NULL, .help = "Prefixes of home addresses on this link.",
	 .off = offsetof(struct ha_link_conf, prefix), .size = HA_PREFIX_MAX, .count_off = offsetof(struct ha_link_conf, n_prefix)},
	{NULL, CONF_END},
};

static const char *add_link(void *parent, const char *title, const void *filled)
{
	struct ha_conf *c = parent;
	struct ha_link_conf l = *(const struct ha_link_conf *)filled;

	if (c->n_link == HA_LINK_MAX - 1)
		return "a home agent has at most four home links";
	if (!*title || strlen(title) >= sizeof l.name)
		return "an interface name has 1 to 15 characters";
	memset(l.name, 0, sizeof l.name);
	memcpy(l.name, title, strlen(title));
	c->link[c->n_link++] = l;
	return NULL;
}

static const struct conf_block link_block = {
	.name = "link", .title = "interface name", .help = "A home link besides the one of home-link.",
	.rows = link_rows, .struct_size = sizeof(struct ha_link_conf), .add = add_link,
};
static const struct conf_block *const subs[] = {&mobile_block, &mma_block, &fa_block, &link_block, &ha_cast_block, NULL};

static const char *const reverse_names[] = {"optional", "required", "off", NULL}, *const replay_names[] = {"timestamp", "nonce", NULL};

static const struct conf_row rows[] = {
	{"address", CONF_ADDR6, "", .help = "Address at which mobiles register and reverse tunnels end; without it no Mobile IPv6.", AT(address)},
	{"address-v4", CONF_ADDR4, "", .help = "The same for Mobile IPv4 (RFC 5944); without it none.", AT(v4.address)},
	{"home-prefix", CONF_LIST_PREFIX46, NULL, .help = "Prefixes of home addresses.", LIST(home_prefix, HA_PREFIX_MAX)},
	{"home-link", CONF_IFNAME, "", .help = "Interface on the home link; none: the prefixes are virtual.", AT(home_link)},
	{"uplink", CONF_LIST_IFNAME, "", .help = "Interfaces towards the rest of the network.", LIST(uplink, HA_UPLINK_MAX)},
	{"prefix-valid", CONF_S, "2592000", 4, 4294967295, "s", "Valid lifetime of the home prefixes; no binding lasts longer.",
	 AT(prefix_valid)},
	{"prefix-preferred", CONF_S, "604800", 4, 4294967295, "s", "Preferred lifetime of the home prefixes.", AT(prefix_preferred)},
	{"prefix-advertisement-min", CONF_S, "600", 0, 86400, "s", "Least time until mobiles are told of changed prefixes (MinMobPfxAdvInterval).",
	 AT(mpa_min)},
	{"prefix-advertisement-max", CONF_S, "86400", 0, 2592000, "s",
	 "Mobiles are told the prefixes this often (MaxMobPfxAdvInterval); 0: only when they ask.", AT(mpa_max)},
	{"preference", CONF_U32, "0", 0, 65535, NULL, "Ours among the home agents of the link; the greatest is listed first.", AT(preference)},
	{"lifetime", CONF_S, "3600", 4, 262140, "s", "Longest lifetime granted to a binding.", AT(lifetime_max)},
	{"timestamp-window", CONF_MS, "7000", 3001, 600000, "ms", "How far a mobile's clock may be off.", AT(stamp_window)},
	{"timestamp", CONF_BOOL, "true", .help = "Updates must bear a timestamp (RFC 4285 6).", AT(is_stamp_required)},
	{"reverse-grace", CONF_MS, "1000", 0, 10000, "ms",
	 "Reverse tunnels from the care-of address before are taken so long after a move; 0: not at all (RFC 6275 10.4.5 to the letter).",
	 AT(reverse_grace)},
	{"duplicate-detection", CONF_BOOL, "true", .help = "Probe the home link before a home address is taken over.", AT(has_dad)},
	{"duplicate-detection-probes", CONF_U32, "1", 1, 10, NULL, "Probes sent (DupAddrDetectTransmits).", AT(dad_transmits)},
	{"duplicate-detection-time", CONF_MS, "1000", 1, 10000, "ms", "Wait after each probe (RetransTimer).", AT(dad_retrans)},
	{"refresh-request", CONF_BOOL, "true", .help = "Ask the mobile to refresh when an eighth of its lifetime is left.",
	 AT(has_refresh_request)},
	{"lend", CONF_S, "3600", 4, 65535, "s", "A mobile's derived key counts so long at an MMA that was told it.", AT(lend)},
	{"routing-header", CONF_BOOL, "true", .help = "Our own packets to mobiles take a type 2 routing header, not the tunnel (RFC 6275 10.4.2).",
	 AT(has_routing_header)},
	{"reverse-tunnel", CONF_ENUM, "optional", .help = "Reverse tunnels in Mobile IPv4 (RFC 3024): required refuses mobiles that do not ask for one.",
	 AT(v4.reverse), .names = reverse_names},
	{"gre", CONF_BOOL, "true", .help = "GRE encapsulation for mobiles that ask for it (Mobile IPv4).", AT(v4.has_gre)},
	{"minimal", CONF_BOOL, "true", .help = "Minimal encapsulation (RFC 2004) for mobiles that ask for it (Mobile IPv4).", AT(v4.has_minimal)},
	{"udp-tunnel", CONF_BOOL, "true", .help = "UDP tunnels through address translators (RFC 3519).", AT(v4.has_udp)},
	{"udp-forced", CONF_BOOL, "true", .help = "UDP tunnels also where no translator is seen, when the mobile insists.", AT(v4.has_udp_forced)},
	{"udp-keepalive", CONF_S, "110", 0, 65535, "s", "Silence after which the other end keeps its translator awake; 0: its own default.", AT(v4.udp_keepalive)},
	{"simultaneous", CONF_U32, "4", 1, HA_TO_MAX, NULL, "Care-of addresses of a mobile at a time (Mobile IPv4's S bit); 1: simultaneous bindings are not supported.",
	 AT(v4.simultaneous)},
	{"replay-v4", CONF_ENUM, "timestamp", .help = "Identification of requests in Mobile IPv4 (RFC 5944 5.7).", AT(v4.replay), .names = replay_names},
	{"broadcast", CONF_BOOL, "true", .help = "Broadcasts of the home link go to mobiles that ask for them (Mobile IPv4's B bit).", AT(v4.has_broadcast)},
	{"revocation", CONF_BOOL, "true", .help = "Tell foreign agents of bindings that end here, and hear of theirs (RFC 3543); needs a foreign-agent block with a key.",
	 AT(v4.has_revocation)},
	{"address-pool", CONF_LIST_PREFIX4, "", .help = "Home addresses for mobiles that are known by their NAI alone.", .off = offsetof(struct ha_conf, v4.pool),
	 .size = HA_POOL_MAX, .count_off = offsetof(struct ha_conf, v4.n_pool)},
	{"care-of-prefix", CONF_LIST_PREFIX4, "", .help = "Care-of addresses from which mobiles may register (code 129 elsewhere); none: any.",
	 .off = offsetof(struct ha_conf, v4.area), .size = HA_AREA_MAX, .count_off = offsetof(struct ha_conf, v4.n_area)},
	{"bindings", CONF_U32, "1048576", 1, 16777216, NULL, "Bindings at most.", AT(bindings_max)},
	{"rate", CONF_U32, "20", 0, 1000000, "1/s", "Refusals and errors sent, a second and source; 0: no limit.", AT(rate)},
	{NULL, CONF_END},
};

static const char *check_all(void *parent, const char *title, const void *filled)
{
	(void)parent, (void)title;
	return ha_conf_check(filled);
}

const struct conf_block ha_conf_block = {
	.name = "ha", .help = "Home agent (RFC 6275 section 10, RFC 5944 section 3.8).",
	.rows = rows, .sub = subs, .struct_size = sizeof(struct ha_conf), .add = check_all,
};

bool ha_conf_serves(const struct ha_conf *c, const struct addr6 *a)
{
	for (uint32_t i = 0; i < c->n_home_prefix; i++)
		if (prefix6_contains(&c->home_prefix[i], a))
			return true;
	for (uint32_t i = 0; i < c->n_link; i++)
		for (uint32_t k = 0; k < c->link[i].n_prefix; k++)
			if (prefix6_contains(&c->link[i].prefix[k], a))
				return true;
	return false;
}

void ha_conf_take(struct ha_conf *to, const struct ha_conf *from)
{
	uint8_t first = from->home_link[0] ? 1 : 0;

	*to = *from;
	memset(to->prefix_link, 0, sizeof to->prefix_link);
	memset(to->prefix_link, first, to->n_home_prefix);
	for (uint32_t i = 0; i < from->n_link; i++)
		for (uint32_t k = 0; k < from->link[i].n_prefix && to->n_home_prefix < HA_PREFIX_MAX; k++) {
			to->prefix_link[to->n_home_prefix] = (uint8_t)(1 + first + i);
			to->home_prefix[to->n_home_prefix++] = from->link[i].prefix[k];
		}
}

static const char *links_check(const struct ha_conf *c)
{
	uint32_t n = c->n_home_prefix;

	for (uint32_t i = 0; i < c->n_link; i++) {
		n += c->link[i].n_prefix;
		if (strcmp(c->link[i].name, c->home_link) == 0)
			return "a link block is for a home link besides the one of home-link";
		for (uint32_t k = 0; k < c->n_uplink; k++)
			if (strcmp(c->uplink[k], c->link[i].name) == 0)
				return "a home link is an uplink already: name it once";
		for (uint32_t k = 0; k < i; k++)
			if (strcmp(c->link[k].name, c->link[i].name) == 0)
				return "a home link has a block already";
	}
	return n > HA_PREFIX_MAX ? "a home agent has at most eight home prefixes on all of its links" : NULL;
}

static const char *prefixes_check(const struct ha_conf *c, const struct prefix6 *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (addr6_is_none(addr6_is_v4mapped(&p[i].addr) ? &c->v4.address : &c->address))
			return "home-prefix has one of a family in which the home agent has no address";
	return NULL;
}

static const char *home_check(const struct ha_conf *c, const struct addr6 *hoa, bool is_single)
{
	if (!ha_conf_serves(c, hoa))
		return "a mobile's home address lies outside home-prefix";
	if (is_single && (addr6_eq(hoa, &c->address) || addr6_eq(hoa, &c->v4.address)))
		return "a mobile's home address cannot be the home agent's own";
	return NULL;
}

static const char *mobile_check(const struct ha_conf *c, const struct ha_mobile_conf *m)
{
	const char *remedy = NULL;

	if (addr6_is_any(&m->home.addr)) {
		if (c->v4.n_pool == 0 && addr6_is_none(&m->home_v4))
			return "a mobile that is known by its NAI alone needs address-pool, or a row home-address-v4";
	} else {
		remedy = home_check(c, &m->home.addr, m->home.len_bits == 128);
	}
	return remedy || addr6_is_none(&m->home_v4) ? remedy : home_check(c, &m->home_v4, true);
}

static const char *conf4_check(const struct ha_conf *c)
{
	if (!addr6_is_none(&c->v4.address) && !addr6_is_v4unicast(&c->v4.address))
		return "address-v4 must be a unicast address";
	for (uint32_t i = 0; i < c->v4.n_pool; i++)
		if (!ha_conf_serves(c, &c->v4.pool[i].addr))
			return "address-pool lies outside home-prefix";
	return c->v4.n_fa && addr6_is_none(&c->v4.address) ? "foreign-agent blocks need address-v4" : NULL;
}

const char *ha_conf_check(const struct ha_conf *c)
{
	bool is_v4 = !addr6_is_none(&c->v4.address);

	if (!addr6_is_routable(&c->address) && !(is_v4 && addr6_is_any(&c->address)))
		return addr6_is_any(&c->address) ? "a home agent needs address (Mobile IPv6), address-v4 (Mobile IPv4), or both" :
						   "address must be a unicast routable address";
	if (c->n_home_prefix == 0)
		return "home-prefix must name at least one prefix";
	if (c->prefix_preferred.ns > c->prefix_valid.ns)
		return "prefix-preferred may not exceed prefix-valid";
	for (uint32_t i = 0; i < c->n_uplink; i++)
		if (strcmp(c->uplink[i], c->home_link) == 0)
			return "the home link is an uplink already: name it in home-link only";
	const char *remedy = prefixes_check(c, c->home_prefix, c->n_home_prefix);
	for (uint32_t i = 0; i < c->n_link && !remedy; i++)
		remedy = prefixes_check(c, c->link[i].prefix, c->link[i].n_prefix);
	for (uint32_t i = 0; i < c->n_mobile && !remedy; i++)
		remedy = mobile_check(c, &c->mobile[i]);
	if (!remedy)
		remedy = conf4_check(c);
	if (!remedy)
		remedy = links_check(c);
	if (!remedy)
		remedy = ha_cast_conf_check(c);
	return remedy ? remedy : ha_net_conf_check(c);
}
