/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The slow path: what the programs leave to user space, as functions without system calls.
 *
 * The daemon gives in: every dp_punted with why DP_PUNT_SLOW or DP_PUNT_ICMP_ERR (slow_punt), and every packet that it
 * reads from roam0 (slow_roam0). It carries out what comes out through `emit`, in order:
 *   SLOW_ROUTE  packet: raw socket with header included, the kernel routes it
 *   SLOW_LINK   IPv6 packet: AF_PACKET frame out of ifindex to lladdr
 *   SLOW_GROUP  IPv6 packet to a group: on each link of dp_find(DP_MFC: dst group, src source), to lladdr_of_multicast
 *   SLOW_LOCAL  IPv6 packet for this host's own stack: write to roam0
 *   SLOW_PMTU   dp_pmtu_put(dst, mtu_oct, until)
 *
 * The kernel reassembles fragments of outer packets sent to addresses of its own and gives the whole to raw sockets for protocols
 * 41 and 47 (which strip the IPv6 header: put one of source, destination, protocol and length in front); give these to slow_raw.
 *
 * Where there is no tunnel but a header between (DP_ENCAP_RH2, DP_ENCAP_HAO), the same holds: Packet Too Big down to IPv6's least MTU, then
 * fragments, with that header in each (RFC 6275 6.3, 6.4).
 *
 * Packets of IPv4 come the same ways, and in all forms of its tunnels (slow4.c): the kernel's raw sockets give protocols 4, 47 and 55 with
 * their header, and UDP port 434 tunnel data, with both headers put in front again.
 *
 * RFC 2473 sections 6.6, 7, 8 (tunnel MTU, ICMP relayed to the inner source), RFC 4443 (what an error looks
 * like, and when none may be sent, and its rate limit), RFC 8201 (ageing of path MTU).
 */
#include "base/mem.h"
#include "datapath/punt.h"

struct slow;

enum slow_kind { SLOW_ROUTE, SLOW_LINK, SLOW_GROUP, SLOW_LOCAL, SLOW_PMTU };
struct slow_out {
	enum slow_kind kind;
	uint32_t ifindex;
	struct lladdr lladdr;
	const uint8_t *bytes;
	size_t len_oct;
	struct addr6 dst;            /* PMTU */
	uint32_t mtu_oct;
	mono_t until;
};
typedef void (*slow_emit_fn)(void *ctx, const struct slow_out *o);

struct slow_conf {
	const struct mem_ops *mem;
	uint8_t hop_limit;           /* of outer headers; 0: 64 */
	uint32_t icmp_rate_pps;      /* errors built a second; 0: 100 */
	/* An address of this node for the source of an error sent to dst (::: the kernel chooses: then
	 * the error is not built). in: interface through which the packet came. */
	bool (*source)(void *ctx, uint32_t ifindex, const struct addr6 *dst, struct addr6 *out);
	/* dp_find or dpn_find: for reassembled packets (slow_raw), which are dropped without it. */
	int (*find)(void *ctx, struct dp_op *op);
	/* Packets that the host routed into roam0 and nobody tunnels: answer that the address is unreachable (an agent), or say
	 * nothing (a mobile between two links: its transports shall retry). */
	bool answers_unreachable;
	slow_emit_fn emit;
	void *ctx;
};

/* 0 or ERR_NOMEM. */
int slow_new(struct slow **out, const struct slow_conf *conf);
void slow_free(struct slow *s);

/* DP_PUNT_SLOW: encapsulates and fragments, or tells the inner source what is wrong. DP_PUNT_ICMP_ERR: an error about a tunnel of ours
 * becomes one about the packet inside, and a path MTU. Others are ignored. */
void slow_punt(struct slow *s, const struct dp_punted *p, mono_t now);

/* Makes the checksum that was left to a network card, of TCP or UDP in either family: before a packet of the datapath leaves by a socket,
 * bare. */
void slow_finish_checksum(uint8_t *pkt, size_t len_oct);
/* A packet on its way again as IP-in-IP from src to dst: what the keep ring had. */
void slow_forward(struct slow *s, const struct addr6 *src, const struct addr6 *dst, const uint8_t *pkt, size_t len_oct);

/* A packet read from roam0: no program took it. */
void slow_roam0(struct slow *s, const uint8_t *pkt, size_t len_oct, mono_t now);

/* A whole outer packet from a raw socket: checked as the programs do, decapsulated, passed on. */
void slow_raw(struct slow *s, uint32_t ifindex, const uint8_t *pkt, size_t len_oct, mono_t now);
