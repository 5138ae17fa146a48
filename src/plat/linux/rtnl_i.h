/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* What rtnl.c (links and events), rtnl_put.c (addresses and routes) and rtnl_mark.c (what an earlier daemon left) share. */
#include <string.h>
#include <sys/socket.h>

#include "base/table.h"
#include "plat/linux/nl.h"
#include "plat/linux/rtnl.h"

/* The mark of what we made: rtm_protocol, and of addresses the attribute IFA_PROTO (Linux 5.18), which older headers lack. */
enum { RTNL_PROTO = 82, RTNL_ADDR_PROTO = 11 };

/* An address as netlink wants it: mapped ones are four bytes of AF_INET. */
static inline uint8_t rtnl_family(const struct addr6 *a) { return addr6_is_v4mapped(a) ? AF_INET : AF_INET6; }
static inline uint8_t rtnl_plen(const struct addr6 *a, uint8_t len_bits) { return (uint8_t)(len_bits - (addr6_is_v4mapped(a) ? 96 : 0)); }
static inline void rtnl_put_addr(struct nlmsghdr *n, uint16_t attr, const struct addr6 *a)
{
	if (addr6_is_v4mapped(a))
		mnl_attr_put(n, attr, 4, a->b + 12);
	else
		mnl_attr_put(n, attr, sizeof *a, a);
}
/* 0.0.0.0 or :: of a family. */
static inline struct addr6 rtnl_any(uint8_t family) { return family == AF_INET ? addr6_from_v4((struct addr4){{0}}) : addr6_any; }
/* From an attribute of a message of that family; leaves *a when its length is wrong. */
static inline void rtnl_get_addr(const struct nlattr *attr, uint8_t family, struct addr6 *a)
{
	const size_t len = mnl_attr_get_payload_len(attr);
	if (family == AF_INET && len == 4)
		memcpy(a->b + 12, mnl_attr_get_payload(attr), 4);
	else if (family == AF_INET6 && len == sizeof *a)
		memcpy(a, mnl_attr_get_payload(attr), sizeof *a);
}

struct rtnl_known {
	struct link_event ev;
	uint32_t downs;          /* kernel's count of lost carriers */
	bool is_seen;            /* by the dump under way */
};

struct rtnl_stale {
	bool is_route;
	struct fx_addr addr;
	struct fx_route route;
};

struct rtnl {
	struct mnl_socket *events, *ask;
	struct rtnl_cb cb;
	struct rtnl_known *links;
	uint32_t n_links, cap_links;
	struct rtnl_stale *stale;
	uint32_t n_stale, cap_stale;
	struct table routes4;    /* IPv4 routes that are ours: struct rtnl_route4 */
};

struct rtnl_route4 { struct { struct prefix6 dst; uint32_t metric; } key; };

/* rtnl_mark.c: forget that something was left over. */
void rtnl_unstale(struct rtnl *r, bool is_route, const struct fx_addr *a, const struct fx_route *route);
/* rtnl_put.c: this IPv4 route is ours. 0 or ERR_NOMEM. */
int rtnl_route4_note(struct rtnl *r, const struct fx_route *route);
