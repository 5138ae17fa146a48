/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Multicast link-layer addresses that an interface lets in, added by hand: they live with the interface, not with
 * a process. Adding twice is adding once; who shares an address counts for himself.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

/* fd: any socket. 0, or ERR_SYS with errno; an interface without such a filter takes everything: 0. */
int filter_add(int fd, uint32_t ifindex, const struct lladdr *mac);
int filter_del(int fd, uint32_t ifindex, const struct lladdr *mac);
/* Calls for each address of a group (33:33:... of IPv6, 01:00:5e:... of IPv4) added by hand. */
void filter_each(uint32_t ifindex, void (*fn)(void *ctx, uint32_t ifindex, const struct lladdr *mac), void *ctx);
