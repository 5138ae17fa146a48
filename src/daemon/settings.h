/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the kernel must and must not do by itself on the interfaces of roles: doc/operations.md has the list with the reasons. Nothing
 * is changed when the configuration says so (node { sysctl = false }), and everything is put back by a clean stop.
 */
#include "daemon/exec.h"

void settings_interface(struct exec *x, const struct dp_if *iface, enum role_id role);
/* What is of IPv4: only once an engine has begun with it. */
void settings_interface4(struct exec *x, uint32_t ifindex, uint32_t flags);
void settings_roam0_4(struct exec *x);
/* The interface where packets to groups enter the host's multicast forwarding (a routing daemon's). */
void settings_source4(struct exec *x, uint32_t ifindex);
