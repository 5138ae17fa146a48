/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A UDP port of the host's, of both families, for what engines exchange with each other. They send whole packets themselves; here
 * is only listened, and what comes is made a whole packet again from what the kernel tells beside the data.
 */
#include <stddef.h>
#include <stdint.h>

enum { PORTIN_V6, PORTIN_V4, PORTIN_N };

struct portin { int fd[PORTIN_N]; uint16_t port; };
#define PORTIN_NONE {{-1, -1}, 0}

typedef void (*portin_fn)(void *ctx, uint32_t ifindex, const uint8_t *pkt, size_t len_oct);

/* A family that the host does not have is left out. 0, or ERR_SYS with errno: somebody else has the port. */
int portin_open(struct portin *u, uint16_t port);
void portin_close(struct portin *u);
/* At most max packets from one of the sockets. ifindex: where it came in. */
void portin_read(const struct portin *u, unsigned which, unsigned max, portin_fn fn, void *ctx);
