/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What keepalived does beside a member's daemon, as far as it shows: the election of RFC 9568 6.4 (an advertisement each interval; who has heard none
 * for three and a little, less with more priority, takes over; whoever hears of more priority yields; a backup does not preempt unless the
 * group says so), the virtual addresses, and the announcement of them. It runs from when the group's table is there until the process
 * ends. Advertisements are packets of the links, to ff02::12.
 */
#include "sim/group.h"

enum { PROTO_VRRP = 112 };

void vrrp_start(struct member *m);
/* say_so: the others are told. */
void vrrp_end(struct member *m, bool say_so);
/* The service was handed over to this one. */
void vrrp_take_over(struct member *m);
/* What follows the IP header of an advertisement. */
void vrrp_rx(struct node *n, const struct nic *in, const uint8_t *p, size_t len);
