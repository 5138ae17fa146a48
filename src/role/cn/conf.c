/* SPDX-License-Identifier: BSD-2-Clause */
/* What a correspondent node can be told. Nothing need be. */
#include "role/cn/cn_i.h"

#define CN(field) .off = offsetof(struct cn_conf, field)

static const struct conf_row trust_rows[] = {
	{"home", CONF_PREFIX6, NULL, .help = "Home addresses of the mobiles trusted.", .off = offsetof(struct cn_trust_conf, home)},
	{"care-of", CONF_PREFIX6, NULL, .help = "Where their packets come from.", .off = offsetof(struct cn_trust_conf, coa)},
	{NULL, CONF_END},
};

static const char *add_trust(void *parent, const char *title, const void *filled)
{
	struct cn_conf *c = parent;
	const struct cn_trust_conf *t = filled;
	(void)title;
	if (c->n_trust == CN_TRUST_MAX)
		return "at most 8 trust blocks";
	if (addr6_is_multicast(&t->home.addr) || addr6_is_multicast(&t->coa.addr))
		return "home and care-of are unicast prefixes";
	c->trust[c->n_trust++] = *t;
	return NULL;
}

static const struct conf_block trust_block = {
	.name = "trust", .help = "Packets with a Home Address option that are taken without a binding: whoever can send from the "
	"care-of prefix can speak for the home addresses. Only inside one trust domain with ingress filters.",
	.rows = trust_rows, .struct_size = sizeof(struct cn_trust_conf), .add = add_trust,
};
static const struct conf_block *const subs[] = {&trust_block, NULL};

static const struct conf_row rows[] = {
	{"interface", CONF_LIST_IFNAME, "", .help = "Whose addresses mobiles may bind with; none: all interfaces.",
	 .off = offsetof(struct cn_conf, interface), .size = CN_IF_MAX, .count_off = offsetof(struct cn_conf, n_interface)},
	{"lifetime", CONF_S, "420", 4, 420, "s", "Longest lifetime of a binding (RFC 6275 allows 420 s at most).", CN(lifetime_max)},
	{"bindings", CONF_U32, "16384", 1, 1048576, NULL, "Bindings at most, those remembered against replays included.", CN(bindings_max)},
	{"site-bindings", CONF_U32, "4096", 1, 1048576, NULL, "Bindings at most whose care-of addresses share their first 64 bits.", CN(site_max)},
	{"test-rate", CONF_U32, "10", 1, 100000, "1/s", "Tests answered, a second and source.", CN(test_rate)},
	{"total-rate", CONF_U32, "10000", 1, 1000000, "1/s", "Tests answered a second in all.", CN(total_rate)},
	{"refusal-rate", CONF_U32, "10", 1, 100000, "1/s", "Refusals and errors sent, a second and source.", CN(refusal_rate)},
	{NULL, CONF_END},
};

const struct conf_block cn_conf_block = {
	.name = "cn", .help = "Correspondent node: mobiles may bind with this host, which then sends to them directly.",
	.rows = rows, .sub = subs, .struct_size = sizeof(struct cn_conf),
};
