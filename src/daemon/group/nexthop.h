/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A member that stands by keeps the link-layer address of its next hop known.
 *
 * It has no traffic of its own, so the neighbour entry of its router goes with the first flap of its link. The first packet that it forwards as
 * the active member would then wait for a solicitation, which the kernel sends from the virtual address, a moment before it takes packets for
 * that address: the answer is not recognised, and the next solicitation is a second away. So something with a hop limit of one is sent
 * to nobody (100::1 of RFC 6666, 192.0.2.1 of RFC 5737) now and then, and at once when the link comes.
 */
#include <event2/event.h>

struct nexthop;

/* 0 or ERR_NOMEM. */
int nexthop_open(struct nexthop **out, struct event_base *base);
void nexthop_touch(struct nexthop *n); /* NULL: nothing happens */
void nexthop_close(struct nexthop *n);
