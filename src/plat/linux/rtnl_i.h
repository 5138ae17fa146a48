/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* What rtnl.c (links and events) and rtnl_put.c (addresses and routes) share. */
#include "plat/linux/nl.h"
#include "plat/linux/rtnl.h"

enum { RTNL_PROTO = 82 }; /* mark of what we made: rtm_protocol and IFA_PROTO */

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
};
