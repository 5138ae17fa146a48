/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Neighbour discovery of the simulated kernel (RFC 4861 section 7, RFC 4862 section 5.4): resolution,
 * reachability, duplicate detection. It is real on every link, because proxying home agents, returning
 * mobiles and lost advertisements show their bugs exactly here.
 */
#include "sim/net/neigh.h"

/* Asks for the neighbour. */
void nd_solicit(struct neigh *e, struct nic *nic);
/* A neighbour solicitation or advertisement came in; f starts at the IPv6 header. */
void nd_rx(struct node *n, struct nic *nic, struct frame *f);
/* What a router or keepalived says of an address that has moved here: unsolicited, to all nodes, overriding (RFC 4861 7.2.6). */
void nd_announce(struct nic *nic, const struct addr6 *addr);
void nd_addr_added(struct node *n, struct ifaddr *a);
