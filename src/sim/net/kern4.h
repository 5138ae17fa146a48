/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The IPv4 layer of the simulated kernel: input, forwarding with ICMP errors, local delivery. kern.h is the door to it: functions there
 * take packets of either family. Not simulated: fragmentation and reassembly, redirects, path MTU of sockets.
 */
#include "sim/net/node.h"

/* The filter of the card: link-scope groups, those that were joined, everything on a router. */
bool kern4_accepts(const struct nic *in, const uint8_t *p);
/* A packet (IPv4 header first) enters the stack, past the ingress hook. f is the caller's. */
void kern4_input(struct node *n, uint32_t ifindex, struct frame *f);
/* For this host itself. */
void kern4_local(struct node *n, uint32_t ifindex, struct frame *f);
/* An error about f to its source (RFC 1812 4.3.2.7 says when not). word: the four bytes behind the checksum. */
void kern4_error(struct node *n, const struct frame *f, uint8_t type, uint8_t code, uint32_t word);
bool kern4_is_broadcast(const struct node *n, uint32_t ifindex, const struct addr6 *dst);

extern const struct lladdr lladdr_broadcast;
extern const struct addr6 addr4_broadcast;
