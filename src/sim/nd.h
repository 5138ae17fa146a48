/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Neighbour discovery of the simulated kernel (RFC 4861 section 7, RFC 4862 section 5.4): resolution,
 * reachability, duplicate detection. It is real on every link, because proxying home agents, returning
 * mobiles and lost advertisements show their bugs exactly here.
 */
#include "sim/node.h"

/* The link-layer address of a neighbour. False: not known yet; the frame (an IPv6 packet, copied) leaves when it is. */
bool nd_resolve(struct node *n, struct nic *nic, const struct addr6 *to, const struct frame *f, struct lladdr *ll);
/* What is known now, without asking. */
bool nd_peek(struct node *n, struct nic *nic, const struct addr6 *to, struct lladdr *ll);
/* FX_NEIGH. */
void nd_put(struct node *n, const struct fx_neigh *neigh);
/* A neighbour solicitation or advertisement came in; f starts at the IPv6 header. */
void nd_rx(struct node *n, struct nic *nic, struct frame *f);
void nd_addr_added(struct node *n, struct ifaddr *a);
/* Carrier lost: what was known of the link is worth nothing. */
void nd_flush(struct node *n, uint32_t ifindex);
void nd_fini(struct node *n);
