/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a home agent can be told, and the mobiles that it serves: each with the key of its security association, singly
 * or as a prefix of home addresses that share one.
 */
#include "base/err.h"
#include "role/ha/ha_i.h"

#define AT(field) .off = offsetof(struct ha_conf, field)
#define LIST(field, max) .off = offsetof(struct ha_conf, field), .size = (max), .count_off = offsetof(struct ha_conf, n_##field)

static const struct conf_row mobile_rows[] = {
	{"key", CONF_STR, NULL, .help = "Name of the key shared with the mobile.", .off = offsetof(struct ha_mobile_conf, key),
	 .size = HA_KEY_NAME_LEN},
	{"network", CONF_LIST_PREFIX6, "", .help = "Networks behind it: it is a mobile router (RFC 3963).",
	 .off = offsetof(struct ha_mobile_conf, network), .size = HA_NET_MAX, .count_off = offsetof(struct ha_mobile_conf, n_network)},
	{NULL, CONF_END},
};

static bool parse_home(const char *title, struct prefix6 *out)
{
	out->len_bits = 128;
	return addr6_parse(&out->addr, title) || prefix6_parse(out, title);
}

static const char *add_mobile(void *parent, const char *title, const void *filled)
{
	struct ha_conf *c = parent;
	struct ha_mobile_conf m = *(const struct ha_mobile_conf *)filled;

	if (c->n_mobile == HA_MOBILE_CONF_MAX)
		return "a home agent has at most 4096 mobile blocks: give mobiles that share a key a prefix";
	if (!parse_home(title, &m.home))
		return "a mobile's title is its home address, or a prefix of home addresses";
	for (uint32_t i = 0; i < c->n_mobile; i++)
		if (prefix6_eq(&c->mobile[i].home, &m.home))
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
	if (!addr6_parse(&m.address, title) || !addr6_is_routable(&m.address))
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

static const struct conf_row link_rows[] = {
	{"prefix", CONF_LIST_PREFIX6, NULL, .help = "Prefixes of home addresses on this link.",
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
static const struct conf_block *const subs[] = {&mobile_block, &mma_block, &link_block, NULL};

static const struct conf_row rows[] = {
	{"address", CONF_ADDR6, NULL, .help = "Address at which mobiles register and reverse tunnels end.", AT(address)},
	{"home-prefix", CONF_LIST_PREFIX6, NULL, .help = "Prefixes of home addresses.", LIST(home_prefix, HA_PREFIX_MAX)},
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
	{"bindings", CONF_U32, "1048576", 1, 16777216, NULL, "Bindings at most.", AT(bindings_max)},
	{"rate", CONF_U32, "20", 0, 1000000, "1/s", "Refusals and errors sent, a second and source; 0: no limit.", AT(rate)},
	{NULL, CONF_END},
};

const struct conf_block ha_conf_block = {
	.name = "ha", .help = "Home agent (RFC 6275 section 10).",
	.rows = rows, .sub = subs, .struct_size = sizeof(struct ha_conf),
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

const struct ha_link *ha_link_of(const struct ha *h, const struct addr6 *a)
{
	uint32_t best = HA_PREFIX_MAX;

	for (uint32_t i = 0; i < h->conf.n_home_prefix; i++)
		if (prefix6_contains(&h->conf.home_prefix[i], a) &&
		    (best == HA_PREFIX_MAX || h->conf.home_prefix[i].len_bits > h->conf.home_prefix[best].len_bits))
			best = i;
	return best < HA_PREFIX_MAX && h->conf.prefix_link[best] ? &h->home[h->conf.prefix_link[best] - 1] : NULL;
}

const struct ha_link *ha_link_at(const struct ha *h, uint32_t ifindex)
{
	for (uint32_t i = 0; i < h->n_home && ifindex; i++)
		if (h->home[i].ifindex == ifindex)
			return &h->home[i];
	return NULL;
}

const char *ha_conf_check(const struct ha_conf *c)
{
	if (!addr6_is_routable(&c->address))
		return "address must be a unicast routable address";
	if (c->n_home_prefix == 0)
		return "home-prefix must name at least one prefix";
	if (c->prefix_preferred.ns > c->prefix_valid.ns)
		return "prefix-preferred may not exceed prefix-valid";
	for (uint32_t i = 0; i < c->n_uplink; i++)
		if (strcmp(c->uplink[i], c->home_link) == 0)
			return "the home link is an uplink already: name it in home-link only";
	for (uint32_t i = 0; i < c->n_mobile; i++) {
		if (!ha_conf_serves(c, &c->mobile[i].home.addr))
			return "a mobile's home address lies outside home-prefix";
		if (addr6_eq(&c->mobile[i].home.addr, &c->address) && c->mobile[i].home.len_bits == 128)
			return "a mobile's home address cannot be the home agent's own";
	}
	const char *remedy = links_check(c);
	return remedy ? remedy : ha_net_conf_check(c);
}

bool ha_serves(const struct ha *h, const struct addr6 *a)
{
	return ha_conf_serves(&h->conf, a);
}

/* Prefixes before single addresses, longer before shorter. */
static bool goes_before(const struct ha_mobile *a, const struct ha_mobile *b)
{
	if ((a->home.len_bits == 128) != (b->home.len_bits == 128))
		return b->home.len_bits == 128;
	return a->home.len_bits > b->home.len_bits;
}

static int add_one(struct ha_mobiles *ms, const struct engine_env *env, const struct ha_mobile_conf *c, uint32_t at,
		   const char **remedy)
{
	struct ha_mobile m = {.hoa = c->home.addr, .home = c->home, .key = env->key(env->ctx, c->key), .conf = at};

	if (!m.key) {
		*remedy = "a mobile's key is not defined: add a key block of that name";
		return ERR_NOTFOUND;
	}
	uint32_t i = ms->n++;
	for (; i > 0 && goes_before(&m, &ms->list[i - 1]); i--)
		ms->list[i] = ms->list[i - 1];
	ms->list[i] = m;
	ms->n_prefix += m.home.len_bits != 128;
	ms->has_network |= c->n_network > 0;
	return ERR_OK;
}

static int load(struct ha_mobiles *ms, const struct engine_env *env, const struct ha_conf *conf, const char **remedy)
{
	int err = ms->list ? ERR_OK : ERR_NOMEM;

	for (uint32_t i = 0; i < conf->n_mobile && !err; i++)
		err = add_one(ms, env, &conf->mobile[i], i, remedy);
	for (uint32_t i = ms->n_prefix; i < ms->n && !err; i++)
		err = table_add(&ms->by_hoa, &ms->list[i]);
	return err;
}

int ha_mobiles_load(struct ha_mobiles *ms, const struct engine_env *env, const struct ha_conf *conf, const char **remedy)
{
	*ms = (struct ha_mobiles){.list = mem_zget(env->mem, (conf->n_mobile + 1) * sizeof *ms->list)};
	table_init(&ms->by_hoa, env->mem, env->rng, offsetof(struct ha_mobile, hoa), sizeof(struct addr6));
	int err = load(ms, env, conf, remedy);
	if (err)
		ha_mobiles_free(ms, env);
	return err;
}

void ha_mobiles_free(struct ha_mobiles *ms, const struct engine_env *env)
{
	table_fini(&ms->by_hoa);
	mem_put(env->mem, ms->list);
	ms->list = NULL;
}

const struct ha_mobile *ha_mobile_find(const struct ha *h, const struct addr6 *hoa)
{
	const struct ha_mobiles *ms = &h->mobiles;
	const struct ha_mobile *m = table_find(&ms->by_hoa, hoa);

	if (m)
		return m;
	for (uint32_t i = 0; i < ms->n_prefix; i++)
		if (prefix6_contains(&ms->list[i].home, hoa))
			return &ms->list[i];
	return NULL;
}

const struct sa_key *ha_mobile_key(const struct ha *h, const struct addr6 *hoa)
{
	const struct ha_mobile *m = ha_mobile_find(h, hoa);
	return m ? m->key : NULL;
}
