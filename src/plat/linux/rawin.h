/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Raw sockets for what the datapath leaves to the kernel: IPv4 and IPv6 in IPv6 (4, 41), GRE (47) and
 * Mobility Header (135). Such packets are fragments that the kernel reassembled, or have headers in
 * front that the programs do not follow. That somebody listens also keeps the kernel from answering
 * with Parameter Problem.
 *
 * The kernel hands over the payload alone; the IPv6 header is rebuilt from what it tells beside.
 */
#include <stddef.h>
#include <stdint.h>

enum { RAWIN_N = 4 };

struct rawin { int fd[RAWIN_N]; };

/* proto: the protocol of the payload; pkt: rebuilt packet, from the IPv6 header on. */
typedef void (*rawin_fn)(void *ctx, uint32_t ifindex, uint8_t proto, const uint8_t *pkt, size_t len_oct);

int rawin_open(struct rawin *r); /* 0 or ERR_SYS */
void rawin_close(struct rawin *r);
/* Takes at most max packets from one of the sockets. */
void rawin_read(const struct rawin *r, unsigned which, unsigned max, rawin_fn fn, void *ctx);
