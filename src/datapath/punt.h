/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A packet that the datapath hands up, as user space sees it: from the ring of the BPF
 * programs (loader.h) or from the native build (native.h).
 */
#include <stddef.h>

#include "datapath/dp.h"

/* Why the fast path gave up (DP_PUNT_SLOW). */
enum dp_slow_why {
	DP_SLOW_NONE,
	DP_SLOW_TOO_BIG,     /* does not fit mtu_oct once encapsulated */
	DP_SLOW_FORWARD,     /* a multicast tunnel packet (handed up whole) does not fit mtu_oct, of a next link */
	DP_SLOW_HOP_LIMIT,   /* the inner hop limit is used up: Time Exceeded to the inner source */
	DP_SLOW_LINK_LOCAL,  /* to the link-local address of a mobile that is away (RFC 6275 10.4.2): Destination Unreachable */
	DP_SLOW_FRAGMENT,    /* a fragment (handed up whole) of a tunnel packet to the mobile's group */
	DP_SLOW_COPY,        /* IPv4: for one of several bindings, whose neighbour is not resolved: send it */
};

/*
 * What the fast path was about to do with the packet, enough to do it elsewhere. The packet handed
 * up is the inner one, with no tunnel header, hop limit not yet decremented.
 */
struct dp_slow {
	enum dp_slow_why why;
	enum dp_encap encap;
	bool has_key, has_seq;       /* GRE */
	bool is_local;               /* came out of this host's own stack (roam0): do not decrement */
	bool was_tunnelled;          /* came in a tunnel of ours (HA's tunnel at the MMA, uplink) */
	uint32_t key, seq;           /* host order */
	uint32_t mtu_oct;            /* of the way out, outer header (of DP_ENCAP_NONE there is none) included */
	uint32_t len_oct;            /* real length; the bytes handed up may be fewer (DP_PUNT_SNAP) */
	struct addr6 src, dst;       /* outer; dst is a group: replicate by DP_MFC (dp_find) */
	uint32_t ifindex;            /* way out if fixed (mobile's uplink), else 0 */
	struct lladdr next_hop;      /* with ifindex */
	uint16_t udp_port;           /* DP_ENCAP_UDP: destination port, host order; from our 434 */
	struct addr4 nest_src, nest_dst; /* IPv4: IP-in-IP between these inside the tunnel; nest_dst 0.0.0.0: none */
};

struct dp_punted {
	uint32_t ifindex;            /* it came in through; roam0's for packets out of this host */
	enum dp_punt why;
	struct lladdr lladdr_src;    /* zero from roam0 */
	const uint8_t *pkt;          /* from the IP header on; DP_PUNT_ARP: from the ARP header on */
	size_t len_oct;
	struct dp_slow slow;         /* DP_PUNT_SLOW only, else zero */
};
