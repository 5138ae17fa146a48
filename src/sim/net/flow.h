/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Traffic: a source that sends numbered datagrams at a constant rate, and the record of what became of
 * each. Losses, copies, reordering and gaps are counted at the receiver, never told by an engine.
 */
#include "sim/net/node.h"

struct flow_packet {
	int64_t sent_ns, got_ns;
	uint32_t copies;
	bool is_late;                /* overtaken by a later one */
	uint64_t via;                /* nodes that sent it on, a bit each by number */
};

struct flow {
	struct flow *next;
	char name[16];
	uint32_t id;
	struct node *from, *to;
	struct addr6 src, dst;
	int64_t interval_ns, stop_ns;
	size_t size_oct;             /* of the UDP payload; at least FLOW_SIZE_MIN */
	struct flow_packet *packet;
	uint32_t n, cap, highest;    /* highest number received, plus one */
};

enum { FLOW_SIZE_MIN = 32, FLOW_SIZE_MAX = 1452, FLOW_PORT = 40000 };

struct flow *flow_new(struct sim *s, const char *name);
void flow_start(struct flow *f, int64_t start_ns);
void flows_free(struct sim *s);
struct flow *flow_find(struct sim *s, const char *name);

/* What became of the packets sent from a to b (b excluded). */
struct flow_stats {
	uint64_t sent, received, lost, doubled, reordered;
	double gap_ms;               /* longest time without a packet, between the first and the last received in the window */
};
struct flow_stats flow_stats(const struct flow *f, int64_t a_ns, int64_t b_ns);

/* A node puts a packet on a link, perhaps one of a flow in whatever tunnel: its way is noted. */
void flow_seen(struct node *n, const uint8_t *packet, size_t len);
/* Of the packets sent from a to b, those that the node sent on. */
uint64_t flow_via(const struct flow *f, const struct node *n, int64_t a_ns, int64_t b_ns);

/* A datagram's payload arrived at node n: NULL when all is well, else what is wrong. False in *is_ours: none of our flows. */
const char *flow_rx(struct node *n, const uint8_t *data, size_t len, bool *is_ours);
