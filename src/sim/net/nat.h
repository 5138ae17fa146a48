/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A translator of addresses and ports (RFC 3022) in a node's forwarding, as Linux masquerades: what leaves through the
 * outside interface gets that interface's address and a port of its own, a mapping for each pair of ends; from outside only the
 * other end may answer, nobody knows the inside addresses, and a mapping that nothing used for a while is gone. UDP, ICMP echo,
 * and ICMP errors about either; other protocols, tunnels among them, are dropped: that is what RFC 3519 is for.
 */
#include "sim/net/node.h"

struct nat;

void nat_set(struct node *n, const struct nic *outside, int64_t timeout_ns);
void nat_free(struct nat *t);
/* Before routing: what comes from outside for a mapping gets its inside address. False: it is for nobody, and dropped. */
bool nat_in(struct node *n, uint32_t ifindex, struct frame *f);
/* After routing: false when the packet cannot be translated and is dropped. */
bool nat_out(struct node *n, const struct nic *out, struct frame *f);
/* Came from outside to the translator's own address. */
bool nat_is_port(const struct node *n, const struct frame *f);
/* As the operator does who restarts the box: all mappings are gone. */
void nat_forget(struct node *n);
/* Is this the outside address of some translator? */
bool nat_has_outside(const struct node *n, const struct addr6 *addr);
