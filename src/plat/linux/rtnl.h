/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * rtnetlink: the links of this namespace and what happens to them; addresses and routes that
 * engines ask for.
 *
 * What is made here carries a mark of ours (protocol 82 of addresses and routes), so that
 * a clean stop, or the next daemon after a sudden end, knows what to take away.
 *
 * Addresses of IPv4 are mapped ones. The kernel detects no duplicates there: whoever wants to know probes by ARP first. A route of IPv4 is put only
 * where none of somebody else's has its destination and metric: ERR_SYS with EEXIST else.
 *
 * A link that lost its carrier and got it back before anybody looked is reported as down, then up: the kernel
 * counts both.
 */
#include "core/engine.h"

struct rtnl;

struct rtnl_cb {
	void (*link)(void *ctx, const struct link_event *ev);
	void (*addr)(void *ctx, const struct addr_event *ev);
	void (*local)(void *ctx, const struct local_event *ev);
	void *ctx;
};

/* Subscribes at once; nothing is reported before rtnl_dump. 0, ERR_NOMEM or ERR_SYS. */
int rtnl_open(struct rtnl **out, const struct rtnl_cb *cb);
void rtnl_close(struct rtnl *r);

/* Readable when something happened. */
int rtnl_fd(const struct rtnl *r);
/* Reports everything that is waiting; when the kernel had to drop something, dumps again. */
void rtnl_read(struct rtnl *r);
/* Reports every link (changed ones only, after the first time), then every address as local. 0 or ERR_SYS. */
int rtnl_dump(struct rtnl *r);

/* The known link of that name or index, or NULL. Valid until the next rtnl_read. */
const struct link_event *rtnl_link(const struct rtnl *r, const char *name);
const struct link_event *rtnl_link_at(const struct rtnl *r, uint32_t ifindex);

/* For listing: the known links one after the other; NULL after the last. */
const struct link_event *rtnl_link_nth(const struct rtnl *r, uint32_t i);

/* Reports every known link again, and every address, for an engine that is new. */
void rtnl_report(struct rtnl *r);

/* Index right now, asked of the kernel; 0 when there is none. */
uint32_t rtnl_ifindex(struct rtnl *r, const char *name);

/* 0 or ERR_SYS with errno. Adding what is there, and deleting what is not, succeed. */
int rtnl_addr_add(struct rtnl *r, const struct fx_addr *a);
int rtnl_addr_del(struct rtnl *r, const struct fx_addr *a);
int rtnl_route_put(struct rtnl *r, const struct fx_route *route);
int rtnl_route_del(struct rtnl *r, const struct fx_route *route);
int rtnl_neigh_put(struct rtnl *r, const struct fx_neigh *neigh);
int rtnl_set_up(struct rtnl *r, uint32_t ifindex, uint32_t mtu_oct);
int rtnl_link_del(struct rtnl *r, uint32_t ifindex);

/* Notes every address and route with our mark as stale; adding one again clears it; the sweep removes
 * what is still stale and returns how many. A stop is a mark and a sweep with nothing between. */
void rtnl_mark(struct rtnl *r);
uint32_t rtnl_sweep(struct rtnl *r);
