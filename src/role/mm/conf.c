/* SPDX-License-Identifier: BSD-2-Clause */
/* What a mobility manager can be told. */
#include "role/mm/mm.h"

#include <string.h>

#include "wire/mm/mm.h"

#define MM(m) .off = offsetof(struct mm_conf, m)
#define AGENT(m) .off = offsetof(struct mm_agent_conf, m)

static const char *const may_names[] = {"all", "device", "address", NULL};

static const struct conf_row agent_rows[] = {
	{"key", CONF_STR, NULL, .help = "The key that agent and manager share.", AGENT(key), .size = MM_KEY_LEN},
	{"may-ask", CONF_ENUM, "all", .help = "What it may ask by: device identifiers, home addresses, or both.", AGENT(may), .names = may_names},
	{"prefix", CONF_LIST_PREFIX46, "", .help = "It may know of mobiles with home addresses in these; none: of all.", AGENT(prefix),
	 .size = MM_PREFIX_MAX, .count_off = offsetof(struct mm_agent_conf, n_prefix)},
	{NULL, CONF_END},
};

static bool number_parse(const char *s, uint32_t *out)
{
	uint64_t v = 0;
	for (; *s >= '0' && *s <= '9' && v <= UINT32_MAX; s++)
		v = v * 10 + (uint64_t)(*s - '0');
	*out = (uint32_t)v;
	return *s == '\0' && v > 0 && v <= UINT32_MAX;
}

static const char *add_agent(void *parent, const char *title, const void *filled)
{
	struct mm_conf *c = parent;
	uint32_t id;

	if (c->n_agent == MM_AGENT_MAX)
		return "a mobility manager has at most 4096 agents";
	if (!number_parse(title, &id))
		return "name an agent by its number, as its agent-id says: agent \"12\" { key = ... }";
	for (uint32_t i = 0; i < c->n_agent; i++)
		if (c->agent[i].id == id)
			return "this agent has a block already";
	c->agent[c->n_agent] = *(const struct mm_agent_conf *)filled;
	c->agent[c->n_agent++].id = id;
	return NULL;
}

static const struct conf_block agent_block = {
	.name = "agent", .title = "number", .help = "A home agent or foreign agent that may ask.",
	.rows = agent_rows, .struct_size = sizeof(struct mm_agent_conf), .add = add_agent,
};

#define STORE(m) .off = offsetof(struct shared_conf, m)

static const struct conf_row store_rows[] = {
	{"endpoints", CONF_LIST_URL, "", .help = "Members of the cluster, in order of preference: all by https, or all by http.",
	 STORE(endpoint), .size = SHARED_ENDPOINT_MAX, .count_off = offsetof(struct shared_conf, n_endpoint)},
	{"ca", CONF_STR, "", .help = "Certificates (PEM) of those who vouch for the members; none: those of the host.", STORE(ca),
	 .size = SHARED_PATH_OCT},
	{"cert", CONF_STR, "", .help = "This manager's certificate (PEM), for a cluster that asks for one.", STORE(cert), .size = SHARED_PATH_OCT},
	{"key", CONF_STR, "", .help = "Its private key (PEM), readable by its owner alone.", STORE(key), .size = SHARED_PATH_OCT},
	{"user", CONF_STR, "", .help = "This manager's name, for a cluster with authentication enabled.", STORE(user), .size = SHARED_NAME_OCT},
	{"password-file", CONF_STR, "", .help = "File with its password, readable by its owner alone.", STORE(password_file),
	 .size = SHARED_PATH_OCT},
	{"prefix", CONF_STR, "/roamcast/", .help = "Everything is kept below this key; it begins and ends with a slash.", STORE(prefix),
	 .size = SHARED_NAME_OCT},
	{"request-timeout", CONF_MS, "1000", 50, 60000, "ms", "A request without answer goes to the next member after this.", STORE(request)},
	{"give-up", CONF_MS, "5000", 100, 600000, "ms", "A change is refused, and the cluster taken for lost, after this.", STORE(give_up)},
	{"probe", CONF_MS, "1000", 50, 60000, "ms", "How often is asked whether the cluster answers and what its last change is.", STORE(probe)},
	{NULL, CONF_END},
};

static const char *check_tls(const struct shared_conf *s)
{
	uint32_t n_tls = 0;

	for (uint32_t i = 0; i < s->n_endpoint; i++)
		n_tls += strncmp(s->endpoint[i], "https:", 6) == 0;
	if (n_tls != 0 && n_tls != s->n_endpoint)
		return "endpoints are all by https or all by http: what one sends in the clear the others need not hide";
	if (n_tls == 0 && (s->ca[0] || s->cert[0] || s->key[0]))
		return "ca, cert and key are for endpoints by https: write https:// in endpoints, or remove them";
	return (s->cert[0] != 0) == (s->key[0] != 0) ? NULL : "cert and key belong together: name both or none";
}

static const char *add_store(void *parent, const char *title, const void *filled)
{
	struct mm_conf *c = parent;
	const struct shared_conf *s = filled;
	const size_t n = strlen(s->prefix);

	if (c->has_store)
		return "a mobility manager has one store: keep one of the blocks";
	c->has_store = true;
	if (strcmp(title, "sqlite") == 0)
		return s->n_endpoint ? "endpoints are for store \"etcd\": records of store \"sqlite\" lie in the node's state-dir" : NULL;
	if (strcmp(title, "etcd") != 0)
		return "records are kept in store \"sqlite\", this node's own, or in store \"etcd\", which several managers share";
	if (s->n_endpoint == 0)
		return "name the members of the cluster: endpoints = {\"https://192.0.2.1:2379\", ...}";
	if (n < 2 || s->prefix[0] != '/' || s->prefix[n - 1] != '/')
		return "prefix begins and ends with a slash: prefix = \"/roamcast/\"";
	if ((s->user[0] != 0) != (s->password_file[0] != 0))
		return "user and password-file belong together: name both or none";
	c->store = *s;
	c->store.is_used = true;
	return check_tls(s);
}

static const struct conf_block store_block = {
	.name = "store", .title = "kind",
	.help = "Where records are kept: \"sqlite\" (as without this block), or \"etcd\", which several managers share.",
	.rows = store_rows, .struct_size = sizeof(struct shared_conf), .add = add_store,
};
static const struct conf_block *const subs[] = {&store_block, &agent_block, NULL};

static const struct conf_row rows[] = {
	{"manager-id", CONF_U32, "1", 1, UINT32_MAX, NULL, "This manager's number.", MM(id)},
	{"group-prefix", CONF_PREFIX6, "ff38::/64", .help = "Groups of mobiles: this and a EUI-64 made of an identifier.", MM(group_prefix)},
	{"group-prefix-v4", CONF_PREFIX4, "232.128.0.0/9", .help = "Range from which IPv4 groups are given out.", MM(group_prefix4)},
	{"source", CONF_LIST_ADDR46, "",
	 .help = "Home agent's service address, source of the groups of mobiles that name none: one of each family at most.",
	 MM(source), .size = MM_SOURCE_MAX, .count_off = offsetof(struct mm_conf, n_source)},
	{"devices-max", CONF_U32, "2000000", 1, 100000000, NULL, "Mobiles at most.", MM(devices_max)},
	{"subscriptions-max", CONF_U32, "262144", 0, 10000000, NULL,
	 "Questions whose agents are told of changes, at most.", MM(subscriptions_max)},
	{"request-rate", CONF_U32, "20000", 0, 10000000, "1/s", "Questions of one agent that are answered; 0: no limit.", MM(rate)},
	{"answer-lifetime", CONF_S, "600", 1, 604800, "s", "An agent may keep an answer so long, and is told of changes.", MM(lifetime)},
	{"negative-lifetime", CONF_S, "10", 1, 3600, "s", "The same of the answer that a mobile is not known.", MM(negative)},
	{"group-rest", CONF_S, "86400", 0, 31536000, "s", "A group that a device had is given to another one only after this; 0: at once.", MM(rest)},
	{"push-again", CONF_MS, "200", 10, 60000, "ms", "A change that is not acknowledged is told again after this; doubles.", MM(push_again)},
	{NULL, CONF_END},
};

const struct conf_block mm_conf_block = {
	.name = "mm", .help = "Mobility manager: knows the group of each mobile that the network moves.",
	.rows = rows, .sub = subs, .struct_size = sizeof(struct mm_conf),
};

const char *mm_conf_check(const struct mm_conf *c)
{
	if (!addr6_is_multicast(&c->group_prefix.addr) || c->group_prefix.len_bits > 64)
		return "group-prefix must be a prefix of IPv6 groups, of 64 bits at most";
	if (!addr6_is_v4multicast(&c->group_prefix4.addr) || c->group_prefix4.len_bits < 100)
		return "group-prefix-v4 must be a prefix of IPv4 groups";
	for (uint32_t i = 0; i < c->n_source; i++)
		if (!(addr6_is_v4unicast(&c->source[i]) || addr6_is_routable(&c->source[i])))
			return "source must be unicast addresses";
	if (c->n_source == 2 && addr6_is_v4mapped(&c->source[0]) == addr6_is_v4mapped(&c->source[1]))
		return "source names one address of each family at most";
	if (c->n_agent == 0)
		return "a mobility manager needs agents that may ask: agent \"1\" { key = ... }";
	return NULL;
}
