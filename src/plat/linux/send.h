/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Sending IPv6 and IPv4 packets that are complete from their header on, and ARP messages, many in one system call.
 *
 * With a link-layer address, or to a group or everybody on a given link: a frame through a packet socket; no
 * address of ours need be usable yet. Else through a raw socket, header included: the kernel routes,
 * bound to the link if one is given.
 *
 * What the kernel changes in an IPv4 header on its way through the raw socket: an identification of 0 gets a value, a source 0.0.0.0 the
 * address that it would choose, and length and checksum are made anew, which for a right header gives what was there. In frames nothing
 * is changed.
 *
 * Packets leave in the order queued. Nothing blocks: what the kernel cannot take is counted and dropped.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct sender;

struct sender_stats { uint64_t sent, failed; int last_errno; };

int sender_open(struct sender **out); /* 0, ERR_NOMEM or ERR_SYS */
void sender_close(struct sender *s);

/* Queue a packet; its bytes must stay until the next flush, which happens by itself when the queue is full. */
void sender_send(struct sender *s, uint32_t ifindex, const struct lladdr *lladdr /* or NULL */, const void *pkt, size_t len_oct);
/* The same for IPv4 to a group, by the host's IP stack on this interface: the host's multicast forwarding has it too. */
void sender_from_host(struct sender *s, uint32_t ifindex, const void *pkt, size_t len_oct);
/* The same for an ARP message. */
void sender_arp(struct sender *s, uint32_t ifindex, const struct lladdr *lladdr, const void *arp, size_t len_oct);
void sender_flush(struct sender *s);
/* fn is called before each flush that has something to send. */
void sender_before(struct sender *s, void (*fn)(void *ctx), void *ctx);
struct sender_stats sender_stats(const struct sender *s);
