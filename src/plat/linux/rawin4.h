/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Sockets for what of IPv4 the datapath leaves to the kernel: raw ones for IP-in-IP (4), GRE (47), minimal encapsulation (55)
 * and Mobility Header (135), and UDP port 434. Such packets are fragments that the kernel reassembled, have options in front, or came
 * over an interface that is none of ours. That somebody listens also keeps the kernel from answering that protocol or port are unreachable.
 *
 * A raw socket gives the header as the kernel has it after reassembly; of UDP both headers are rebuilt from what the kernel tells
 * beside the data (no options, identification 0).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RAWIN4_N = 5, RAWIN4_PORT = 434 };

struct rawin4 { int fd[RAWIN4_N]; };

/* proto: of the payload, 17 for UDP; pkt: the packet from its IPv4 header on. */
typedef void (*rawin4_fn)(void *ctx, uint32_t ifindex, uint8_t proto, const uint8_t *pkt, size_t len_oct);

#define RAWIN4_NONE {{-1, -1, -1, -1, -1}}
/* 0, or ERR_SYS with errno: no raw socket. *has_udp: false, with errno in *udp_errno, when port 434 cannot be had: then what of it comes
 * in fragments is lost, the rest works. */
int rawin4_open(struct rawin4 *r, bool *has_udp, int *udp_errno);
void rawin4_close(struct rawin4 *r);
/* Takes at most max packets from one of the sockets. */
void rawin4_read(const struct rawin4 *r, unsigned which, unsigned max, rawin4_fn fn, void *ctx);
