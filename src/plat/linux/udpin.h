/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * UDP that comes to a port of ours, by unicast or to a group. What goes out is whole packets by send.h, so that the engines fill in
 * every header.
 */
#include "base/addr.h"

typedef void (*udpin_fn)(void *ctx, uint32_t ifindex, const struct addr6 *src, const uint8_t *data, size_t len_oct);

/* A socket of group's family on the port, which gets what comes to this group and no other. The descriptor, or -1 with errno. */
int udpin_open(const struct addr6 *group, uint16_t port);
/* Joins the group on an interface. 0, also when it was joined already, or ERR_SYS. */
int udpin_join(int fd, const struct addr6 *group, uint32_t ifindex);
/* At most max datagrams that are waiting. data is valid during the call. */
void udpin_read(int fd, unsigned max, udpin_fn fn, void *ctx);
