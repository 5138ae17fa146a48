/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/conf/conf_group.h"

#include <string.h>

#define ROW(field) .off = offsetof(struct conf_group, field), .size = sizeof(((struct conf_group *)0)->field)
#define AT(struct_, field) .off = offsetof(struct struct_, field), .size = sizeof(((struct struct_ *)0)->field)

static bool is_group(const struct addr6 *a) { return addr6_is_multicast(a) || addr6_is_v4multicast(a); }

static const char *const commit_names[] = {"one", "async", "all", NULL}; /* as enum rg_commit */
static const char *const protocol_names[] = {"vrrp", "hsrp", "external", NULL};

static const struct conf_row key_rows[] = {
	{"id", CONF_U32, "1", 0, 255, .help = "Number of the key in datagrams: the same at every member, another one for each key",
	 AT(conf_group_key, id)},
	{.type = CONF_END},
};

static const char *key_add(void *parent, const char *title, const void *filled)
{
	struct conf_group *c = parent;
	struct conf_group_key key = *(const struct conf_group_key *)filled;

	if (c->n_key == RG_KEY_MAX)
		return "a group has at most 4 keys: remove those that no member signs with any more";
	if (strlen(title) >= sizeof key.name)
		return "the key's name is too long: use at most 63 characters";
	for (uint32_t i = 0; i < c->n_key; i++)
		if (c->key[i].id == key.id)
			return "two keys of the group have the same id: give each its own, the same at every member";
	memcpy(key.name, title, strlen(title) + 1);
	c->key[c->n_key++] = key;
	return NULL;
}

static const struct conf_block key_block = {
	.name = "key", .title = "name", .help = "A key block's name. Members sign with the first one, and believe all of them", .rows = key_rows,
	.struct_size = sizeof(struct conf_group_key), .add = key_add,
};

static const struct conf_row virtual_rows[] = {
	{"prefix-length", CONF_U32, "0", 0, 128, .unit = "bits", .help = "Of the link's prefix; 0: the address alone, 32 or 128",
	 AT(conf_virtual, plen)},
	{"interface", CONF_IFNAME, "", .help = "Where the address is put, if not on the group's interface", AT(conf_virtual, interface)},
	{.type = CONF_END},
};

static const char *virtual_add(void *parent, const char *title, const void *filled)
{
	struct conf_group *c = parent;
	struct conf_virtual v = *(const struct conf_virtual *)filled;

	if (c->n_virtual == CONF_GROUP_VIRTUAL_MAX)
		return "a group has at most 16 virtual addresses";
	if (!addr46_parse(&v.addr, title) || addr6_is_none(&v.addr) || is_group(&v.addr))
		return "a virtual address's title is the address: write virtual \"2001:db8::1\" { ... }";
	const uint32_t most = addr6_is_v4mapped(&v.addr) ? 32 : 128;
	if (v.plen > most)
		return "an IPv4 address has a prefix length of at most 32 bits";
	if (!v.plen)
		v.plen = most;
	for (uint32_t i = 0; i < c->n_virtual; i++)
		if (addr6_eq(&c->virtual[i].addr, &v.addr))
			return "this virtual address was given already: keep one of them";
	c->virtual[c->n_virtual++] = v;
	return NULL;
}

static const struct conf_block virtual_block = {
	.name = "virtual", .title = "address", .help = "An address that the active member has", .rows = virtual_rows,
	.struct_size = sizeof(struct conf_virtual), .add = virtual_add,
};

static const struct conf_row group_rows[] = {
	{"id", CONF_U32, NULL, 1, UINT32_MAX, .help = "Identifier of this member, unique in the group", ROW(id)},
	{"priority", CONF_U32, "100", 1, CONF_GROUP_PRIORITY_MAX, .help = "The highest that lives is active, and answers who asks for the "
	 "table", ROW(priority)},
	{"interface", CONF_IFNAME, NULL, .help = "Link that the members share", ROW(interface)},
	{"address", CONF_ADDR46, NULL, .help = "This member's own address on it, not a virtual one", ROW(address)},
	{"group", CONF_ADDR46, "", .help = "Multicast address of the members; by default ff12::8000:4340, or 239.255.43.40 when the own "
	 "address is of IPv4", ROW(group)},
	{"port", CONF_U32, "4340", 1, 65535, .help = "UDP port of the members", ROW(port)},
	{"hello", CONF_MS, "100", 10, 10000, .help = "Between two hellos", ROW(hello)},
	{"dead-after", CONF_U32, "3", 2, 100, .unit = "hellos", .help = "A member of whom so many in a row were not heard is dead: nobody "
	 "waits for it",
	 ROW(dead_after)},
	{"commit", CONF_ENUM, "one", .help = "What a mobile's registration waits for: another live member has it (one), nothing (async), every "
	 "live member has it "
	 "(all); alone, it is on stable storage", .names = commit_names, ROW(commit)},
	{"purge", CONF_S, "10", 1, 86400, .help = "Deleted records are remembered at least so long", ROW(purge)},
	{"datagram", CONF_U32, "1200", RG_DATAGRAM_MIN, RG_DATAGRAM_MAX, .unit = "octets", .help = "UDP data of a datagram, at most: what the "
	 "link carries",
	 ROW(datagram_oct)},
	{"protocol", CONF_ENUM, "vrrp", .help = "What elects the active member: VRRP by a keepalived that roamd starts; HSRP by roamd itself; "
	 "or somebody else's keepalived, "
	 "which tells through notify-fifo (external)", .names = protocol_names, ROW(protocol)},
	{"router-id", CONF_U32, "51", 0, 4095, .help = "VRRP's virtual router identifier (1 to 255), HSRP's group", ROW(router_id)},
	{"advertise", CONF_MS, "100", 10, 40000, .help = "Between two advertisements of VRRP (a multiple of 10), or hellos of HSRP",
	 ROW(advertise)},
	{"hold", CONF_MS, "0", 0, 255000, .help = "HSRP: an active router of whom so long nothing was heard is gone; 0: three times "
	 "advertise", ROW(hold)},
	{"hung-after", CONF_MS, "3000", 500, 60000, .help = "VRRP: a roamd that stands still for so long, and half a second, while all else on its host goes on "
	 "loses the active role: its keepalived is ended", ROW(hung_after)},
	{"preempt", CONF_BOOL, "false", .help = "A member of higher priority that comes back takes the active role from one that serves",
	 ROW(is_preempting)},
	{"track", CONF_LIST_IFNAME, "", .help = "Further interfaces without whose carrier this member cannot be active",
	 .off = offsetof(struct conf_group, track),
	 .size = CONF_GROUP_TRACK_MAX, .count_off = offsetof(struct conf_group, n_track)},
	{"hsrp-version", CONF_U32, "2", 1, 2, .help = "Version 1 knows IPv4 alone, groups up to 255, and times in whole seconds",
	 ROW(hsrp_version)},
	{"hsrp-text", CONF_STR, "", .help = "Text of at most 8 characters that HSRP's messages carry; none: \"cisco\", as routers have it by "
	 "default", ROW(hsrp_text)},
	{"hsrp-key", CONF_STR, "", .help = "Name of the key that HSRP's messages are authenticated with (MD5), of at most 55 octets",
	 ROW(hsrp_key)},
	{"hsrp-key-id", CONF_U32, "0", .help = "Its number in them, which other makers' routers have too", ROW(hsrp_key_id)},
	{"notify-fifo", CONF_STR, "", .help = "With protocol external: the FIFO that keepalived's vrrp_notify_fifo names", ROW(fifo)},
	{.type = CONF_END},
};

static const char *check_protocol(const struct conf_group *c)
{
	uint32_t n4 = 0, n6 = 0;

	for (uint32_t i = 0; i < c->n_virtual; i++)
		addr6_is_v4mapped(&c->virtual[i].addr) ? n4++ : n6++;
	switch ((enum conf_protocol)c->protocol) {
	case CONF_PROTOCOL_VRRP:
		if (!c->n_virtual)
			return "protocol vrrp needs a virtual address: add virtual \"...\" { }";
		if (c->router_id < 1 || c->router_id > 255)
			return "VRRP's router-id is 1 to 255";
		if (c->advertise.ns % (10 * NS_PER_MS))
			return "VRRP counts in hundredths of a second: let advertise be a multiple of 10";
		return NULL;
	case CONF_PROTOCOL_HSRP:
		if (n4 > 1 || n6 > 1 || !c->n_virtual)
			return "protocol hsrp needs one virtual address of each family in use: add virtual \"...\" { }, or remove one";
		if (c->hsrp_version == 1 && (n6 || c->router_id > 255 || c->advertise.ns % NS_PER_S || c->hold.ns % NS_PER_S))
			return "HSRP version 1 knows IPv4, router-id up to 255 and times in whole seconds: write hsrp-version = 2, or change them";
		for (uint32_t i = 0; i < c->n_virtual; i++)
			if (c->virtual[i].interface[0] && strcmp(c->virtual[i].interface, c->interface))
				return "HSRP's virtual addresses are on the group's interface: leave interface out, or use protocol vrrp";
		if (c->hold.ns && c->hold.ns <= c->advertise.ns)
			return "hold must be longer than advertise: three times as long is usual";
		return NULL;
	case CONF_PROTOCOL_EXTERNAL:
		return c->fifo[0] ? NULL : "protocol external needs the FIFO that keepalived tells its state through: add notify-fifo = \"...\"";
	}
	return NULL;
}

static const char *group_check(void *parent, const char *title, const void *filled)
{
	const struct conf_group *c = filled;

	(void)parent;
	(void)title;
	if (!c->n_key)
		return "members authenticate each other: add key \"NAME\" { id = 1 }, and a key block of that name to the file";
	if (addr6_is_none(&c->address) || is_group(&c->address))
		return "address is this member's own: a unicast address";
	if (!addr6_is_none(&c->group) && (!is_group(&c->group) || addr6_is_v4mapped(&c->group) != addr6_is_v4mapped(&c->address)))
		return "group must be a multicast address of address's family: leave it out for the usual one";
	for (uint32_t i = 0; i < c->n_virtual; i++)
		if (addr6_eq(&c->virtual[i].addr, &c->address))
			return "address must not be a virtual one: every member has one of its own";
	return check_protocol(c);
}

static const struct conf_block *const group_subs[] = {&key_block, &virtual_block, NULL};

const struct conf_block conf_group_block = {
	.name = "redundancy", .help = "The redundancy group that this node's home agent, MMA and mobility manager belong to: its members hold the same table, "
		"and any of them can go on",
	.rows = group_rows, .sub = group_subs, .struct_size = sizeof(struct conf_group), .add = group_check,
};

struct addr6 conf_group_address(const struct conf_group *c)
{
	struct addr6 a = c->group;

	if (addr6_is_none(&a))
		(void)addr46_parse(&a, addr6_is_v4mapped(&c->address) ? "239.255.43.40" : "ff12::8000:4340");
	return a;
}
