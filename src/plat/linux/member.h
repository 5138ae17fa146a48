/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Memberships in groups, as far as the host's side of them goes.
 *
 * Source-specific ones: the engines report, answer queries and leave by messages of their own, and the programs take
 * the packets at the link. What is left to do here is to open the interface's filter for the group's
 * link-layer address. A socket's membership would do that too, but the kernel would leave the group when the
 * daemon dies, and the router would believe it. So the address is added to the interface, where it stays until it
 * is deleted.
 *
 * Any-source ones (solicited-node groups of bound home addresses): the kernel reports for them, so a socket
 * joins. The kernel limits what one socket may join (of IPv4 to 20: net.ipv4.igmp_max_memberships); another is opened when one is full.
 */
#include "core/effect.h"

struct member;

int member_open(struct member **out); /* 0, ERR_NOMEM or ERR_SYS */
/* Any-source memberships end, interfaces' filters stay as they are. */
void member_close(struct member *m);
/* 0 (also when it was joined already), ERR_NOMEM, or ERR_SYS with errno. */
int member_join(struct member *m, const struct fx_group *g);
/* 0, ERR_NOTFOUND, or ERR_SYS. An interface that is gone is no failure. */
int member_leave(struct member *m, const struct fx_group *g);
uint32_t member_count(const struct member *m);
/* Closes the interface's filter for groups that an earlier daemon opened and nobody has joined again. Static
 * addresses 33:33:... and 01:00:5e:... that somebody else added there go too. How many. */
uint32_t member_sweep(struct member *m, uint32_t ifindex);
