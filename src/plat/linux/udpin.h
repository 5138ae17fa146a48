/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * UDP that comes to a port of ours, by unicast or to a group: as data, or as the whole packet that it was, rebuilt from what the kernel
 * tells beside the data. What goes out is whole packets by send.h, so that the engines fill in every header.
 */
#include "base/addr.h"

typedef void (*udpin_fn)(void *ctx, uint32_t ifindex, const struct addr6 *src, const uint8_t *data, size_t len_oct);

/* A socket of group's family on the port, which gets what comes to this group and no other. The descriptor, or -1 with errno. */
int udpin_open(const struct addr6 *group, uint16_t port);
/* Joins the group on an interface. 0, also when it was joined already, or ERR_SYS. */
int udpin_join(int fd, const struct addr6 *group, uint32_t ifindex);
/* At most max datagrams that are waiting. data is valid during the call. */
void udpin_read(int fd, unsigned max, udpin_fn fn, void *ctx);

/* A port of both families, for what engines exchange with each other. */
enum { UDPIN_V6, UDPIN_V4, UDPIN_N };
struct udpin_port { int fd[UDPIN_N]; uint16_t port; };
typedef void (*udpin_packet_fn)(void *ctx, uint32_t ifindex, const uint8_t *pkt, size_t len_oct);

/* A family that the host does not have is left out. 0, or ERR_SYS with errno: somebody else has the port. */
int udpin_port_open(struct udpin_port *u, uint16_t port);
void udpin_port_close(struct udpin_port *u);
/* At most max packets from one of the sockets. ifindex: where it came in. */
void udpin_port_read(const struct udpin_port *u, unsigned which, unsigned max, udpin_packet_fn fn, void *ctx);
