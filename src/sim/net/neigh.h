/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The neighbour table of the simulated kernel, of both families: who is known, who is asked for, what waits for the answer.
 * How one asks and what an answer proves is nd.h's affair (IPv6) and arp.h's (IPv4).
 */
#include "sim/net/node.h"

enum { NEIGH_QUEUE_MAX = 100 };
enum neigh_state { NEIGH_FAILED, NEIGH_INCOMPLETE, NEIGH_REACHABLE, NEIGH_PROBE };

struct neigh {
	struct neigh *next;
	struct node *node;
	uint32_t ifindex;
	struct addr6 addr;
	enum neigh_state state;
	struct lladdr lladdr;
	int64_t confirmed_ns, updated_ns;
	uint32_t tries;
	uint64_t timer_epoch;
	struct frame *queue[NEIGH_QUEUE_MAX];
	uint32_t n_queue;
};

struct neigh *neigh_find(const struct node *n, uint32_t ifindex, const struct addr6 *addr);
struct neigh *neigh_get(struct node *n, uint32_t ifindex, const struct addr6 *addr); /* made when there is none */

/* The link-layer address of a neighbour. False: not known yet; the frame (an IP packet, copied) leaves when it is. */
bool neigh_resolve(struct node *n, struct nic *nic, const struct addr6 *to, const struct frame *f, struct lladdr *ll);
/* What is known now, without asking. */
bool neigh_peek(struct node *n, struct nic *nic, const struct addr6 *to, struct lladdr *ll);
/* Its link-layer address became known; is_confirmed: by an answer to a question of ours. What waits leaves. */
void neigh_learned(struct neigh *e, const struct lladdr *ll, bool is_confirmed);
/* FX_NEIGH. */
void neigh_put(struct node *n, const struct fx_neigh *neigh);
/* Carrier lost: what was known of the link is worth nothing. */
void neigh_flush(struct node *n, uint32_t ifindex);
void neigh_fini(struct node *n);
