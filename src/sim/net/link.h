/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Frames and the links that carry them. A link is a broadcast segment: a wire between two routers, a
 * LAN, or a radio cell. Interfaces come and go (movement); a frame in the air when its receiver
 * leaves is lost. Faults are properties of the link and may change while the run goes on.
 */
#include "base/addr.h"
#include "sim/sim.h"

enum { FRAME_HEADROOM = 192, FRAME_TAILROOM = 64, ETH_LEN = 14, HOPS_MAX = 64 };

/* What the simulation knows about a packet beside its bytes. It stays with the packet through tunnels. */
struct meta {
	uint32_t origin;        /* number of the node that made it */
	uint16_t hops;          /* links crossed: a loop shows here whatever the headers say */
};

struct frame {
	struct meta meta;
	uint32_t off, len, cap; /* bytes are buf[off .. off + len) */
	uint8_t buf[];
};

static inline uint8_t *frame_data(struct frame *f) { return f->buf + f->off; }
/* A frame with these bytes and room in front of them. The caller frees it. */
struct frame *frame_new(const void *bytes, size_t len, struct meta meta);
struct frame *frame_dup(const struct frame *f);
/* The packet in it (IP, ARP) becomes an Ethernet frame; the headroom is there. */
void frame_push_eth(struct frame *f, const struct lladdr *dst, const struct lladdr *src);

/* On a radio link: an agent's interface that hears this one, and is heard. */
struct ear { struct nic *base; int32_t dbm; bool is_serving; };
enum { EARS_MAX = 8 };

struct nic {
	struct node *node;
	char name[16];
	uint32_t ifindex;
	struct lladdr lladdr;
	uint32_t mtu_oct;
	struct link *link;      /* NULL: no carrier */
	struct link *last;      /* where it was before */
	uint64_t epoch;         /* counts attachments */
	bool was_up;            /* carrier as the node was last told */
	uint32_t arp_ignore, arp_announce; /* as the sysctls */
	int64_t roamed_ns;      /* it changed its cell last without telling the kernel */
	bool has_dhcp;          /* the host asks for a lease here */
	struct addr6 leased, leased_router;
	struct lladdr gate;     /* frames to this one are taken too (DP_IF_GATE); zero: none */
	struct ear ear[EARS_MAX]; /* of a mobile on a radio link (radio.h) */
	uint32_t n_ears;
	uint32_t side;          /* of its link, while that is split: frames stay on their side */
};

enum { LINK_NICS_MAX = 64 };

struct link {
	struct link *next;
	char name[16], site[16];   /* site: empty on the backbone */
	int64_t delay_ns, jitter_ns, reorder_ns;
	uint32_t loss_ppm, dup_ppm, reorder_ppm;
	uint64_t rate_bps;         /* 0: no limit */
	int64_t busy_until_ns;
	struct prefix6 lease;      /* addresses that are given to who asks; length 0: none (dhcp.h) */
	struct addr6 lease_router;
	int64_t hear_every_ns;     /* a radio link: between two measurements; 0: it is none (radio.h) */
	bool is_cut;               /* partition: carrier stays, frames vanish */
	struct nic *nics[LINK_NICS_MAX];
	uint32_t n_nics;
};

struct link *link_new(struct sim *s, const char *name);
struct link *link_find(struct sim *s, const char *name);
void link_attach(struct link *l, struct nic *n);
void link_detach(struct nic *n);
/* Send to all others on the link whose address matches. f is the caller's still. */
void link_tx(struct sim *s, struct nic *from, const struct frame *f);
void links_free(struct sim *s);
