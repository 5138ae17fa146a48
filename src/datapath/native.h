/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The same forwarding logic (lib/) compiled natively, for the simulator and for the differential
 * test. No kernel, no clock, no random source; time is a parameter.
 */
#include "base/mem.h"
#include "base/show.h"
#include "datapath/drop.h"
#include "datapath/punt.h"

struct dpn;

/* The host's routing: way out towards dst. False: the neighbour is not resolved yet (the packet comes out as DPN_ROUTE); false with
 * way->mtu_oct set to 0: no route at all, or to this host itself. */
struct dpn_way { uint32_t ifindex, mtu_oct; struct lladdr next_hop, lladdr; };
typedef bool (*dpn_route_fn)(void *ctx, const struct addr6 *dst, struct dpn_way *way);

struct dpn_conf {
	const struct mem_ops *mem;
	uint32_t roam0_ifindex;
	uint32_t dup_window_ms;      /* 0: 200 */
	uint32_t dup_slots;          /* 0: 16,384 */
	uint32_t punt_rate_pps, punt_burst; /* 0: 100, 200; UINT32_MAX: no limit */
	uint8_t hop_limit;           /* 0: 64 */
	dpn_route_fn route;          /* NULL: tunnel packets come out as DPN_ROUTE */
	void *ctx;
};

int dpn_new(struct dpn **out, const struct dpn_conf *conf);
void dpn_free(struct dpn *d);

/* As dp_apply. */
int dpn_apply(struct dpn *d, bool is_put, const struct dp_op *op, uint32_t owner);
int dpn_pmtu_put(struct dpn *d, const struct addr6 *dst, uint32_t mtu_oct, mono_t until);
int dpn_find(struct dpn *d, struct dp_op *op);

/* As dp_follow; is_new: what was put before counts no more, as after dp_open. */
void dpn_follow(struct dpn *d, mono_t until, bool is_new);

enum dpn_dir {
	DPN_INGRESS,  /* Ethernet frame received on ifindex */
	DPN_EGRESS,   /* IPv6 packet that the host routed into roam0 */
	DPN_OUT,      /* Ethernet frame that the host is about to send through ifindex */
};
enum dpn_verdict {
	DPN_PASS,     /* the host's stack gets the packet (bytes: as it came in, or changed) */
	DPN_LOCAL,    /* IPv6 packet into roam0's ingress: the host's stack delivers or forwards it */
	DPN_SEND,     /* Ethernet frame out of ifindex */
	DPN_ROUTE,    /* IPv6 packet for the host's routing to send (route is NULL or did not know) */
	DPN_PUNT,     /* handed up; a PASS may come beside it */
	DPN_DROP,
};
struct dpn_out {
	enum dpn_verdict verdict;
	enum dp_drop drop;           /* DROP */
	uint32_t ifindex;            /* SEND */
	const uint8_t *bytes;        /* SEND: from the Ethernet header on; others: from the IPv6 header on. Of d, until its next call */
	size_t len_oct;
	struct dp_punted punt;       /* PUNT */
};
/* Gives a packet in; *out is an array of d's, valid until the next call. Returns their number (at least 1). */
uint32_t dpn_input(struct dpn *d, uint32_t ifindex, enum dpn_dir dir, const uint8_t *bytes, size_t len_oct,
		   mono_t now, const struct dpn_out **out);

/* What the keep ring has of coa, oldest first; bytes are valid during the call. */
typedef void (*dpn_keep_fn)(void *ctx, uint32_t seq, mono_t when, const uint8_t *pkt, size_t len_oct);
void dpn_keep_each(struct dpn *d, const struct addr6 *coa, dpn_keep_fn fn, void *ctx);

const uint64_t *dpn_counters(const struct dpn *d); /* DP_COUNT_N of them */
