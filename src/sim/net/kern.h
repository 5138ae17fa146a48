/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The simulated kernel: input, forwarding, output, local delivery of IPv6; of IPv4 where kern4.h leads. The datapath
 * (fwd.h) sits where traffic control sits: at the ingress of every interface that has programs and at the
 * egress of roam0. There is no multicast forwarding here: in `proxy` mode it is all the datapath's.
 */
#include "sim/net/node.h"

/* A frame came over the link. */
void kern_rx(struct sim *s, struct nic *in, struct frame *f);
/* A packet (IP header first, or ARP's) enters the stack, past the ingress hook. f is the caller's. */
void kern_input(struct node *n, uint32_t ifindex, struct frame *f);
/* What an AF_PACKET socket does: straight to the link. */
void kern_send_link(struct node *n, struct nic *nic, const struct lladdr *to, const uint8_t *packet, size_t len);
/* A raw socket with the header included; ifindex 0: the routing table chooses. False: no route. */
bool kern_send_raw(struct node *n, uint32_t ifindex, const uint8_t *packet, size_t len);
/* To a neighbour on an interface, or into roam0, by this route. */
void kern_output(struct node *n, struct frame *f, const struct fx_route *r);
/* A packet of the datapath for the routing table; it keeps what is known of it. */
bool kern_route(struct node *n, const uint8_t *packet, size_t len, struct meta meta);
/* The neighbour is known now: out. */
void kern_out_resolved(struct node *n, struct nic *nic, const struct lladdr *to, struct frame *f);
/* A datagram of an application bound to src. False when src is no usable address of the host, or there is no route. */
bool kern_send_udp(struct node *n, const struct addr6 *src, const struct addr6 *dst, uint16_t port, const void *data, size_t len);

/* A report as the kernel has it (RFC 3810 5.2), for a driver with another kernel. Its own reports of a change leave so late. */
enum mld_record { REC_IS_INCLUDE = 1, REC_ALLOW = 5, REC_BLOCK = 6 };
enum { KERN_REPORT_LEN = 92 };
#define KERN_LATE_NS (8 * NS_PER_MS)
#define KERN_LATE_SPREAD_NS (4 * NS_PER_MS)
void kern_report_build(uint8_t p[static KERN_REPORT_LEN], const struct addr6 *src, const struct fx_group *g, enum mld_record type);

/* Socket membership, with the reports that the kernel sends itself (8 to 12 ms late, as measured). */
void kern_join(struct node *n, const struct fx_group *g);
void kern_leave(struct node *n, const struct fx_group *g);
/* One state change report, from whatever address. */
void kern_report(struct nic *nic, const struct addr6 *src, const struct fx_group *g, bool is_join);
void kern_query(struct node *n, uint32_t ifindex, const uint8_t *icmp, size_t len);
void kern4_query(struct node *n, uint32_t ifindex, const uint8_t *igmp, size_t len);

/* A datagram for this host, from its UDP header on. */
void kern_udp(struct node *n, uint32_t ifindex, const struct frame *f, const uint8_t *udp, size_t len);
/* Carrier came or went: tell the kernel, then the process. */
void kern_carrier(struct nic *nic);
