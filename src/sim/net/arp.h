/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Address resolution of the simulated kernel (RFC 826) with Linux's rules where they show: it answers for any address of the host
 * unless arp_ignore says otherwise; a request for us makes an entry of its sender, anything else changes only entries that are
 * there, and not within a second of the last change unless it is gratuitous; the address that it asks as is the source of the packet that
 * waits. There is no duplicate detection (no RFC 5227), and nothing is announced.
 */
#include "sim/net/neigh.h"

/* Asks for the neighbour: who knows it already by unicast. */
void arp_solicit(struct neigh *e, struct nic *nic);
/* Nobody answered: the source of what waited is told, and it is dropped. */
void arp_failed(struct neigh *e);
/* A message with whatever addresses: what an engine's or an attacker's AF_PACKET socket can do. */
struct arp_msg { uint16_t op; struct lladdr sender_ll, target_ll; struct addr6 sender, target; };
enum { ARP_OP_REQUEST = 1, ARP_OP_REPLY = 2 };
void arp_say(struct nic *nic, const struct lladdr *to, const struct arp_msg *m);
/* f starts at the ARP header. */
void arp_rx(struct node *n, struct nic *nic, const struct frame *f);
