/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * IPv4 (RFC 791): the header, a walk to the upper layer as for IPv6, and the one option that signalling
 * needs, the router alert (RFC 2113).
 */
#include <stdbool.h>

#include "base/cursor.h"
#include "wire/err.h"

enum { IP4_HEAD_OCT = 20, IP4_ALERT_OCT = 4 };
/* Protocols that only IPv4 has; the others are in enum next_header. */
enum { PROTO_ICMP4 = 1, PROTO_IGMP = 2, PROTO_MINENC = 55 };

struct ip4_head {
	uint8_t head_len_oct;        /* parse: 20 to 60; build always writes 20 */
	uint8_t tos;
	uint16_t total_len_oct;
	uint16_t id;
	bool is_dont_fragment, has_more;
	uint16_t frag_off_oct;
	uint8_t ttl;
	uint8_t proto;
	struct addr4 src, dst;
};

/* Leaves r behind the options. W_VERSION, W_TRUNCATED, W_LENGTH, W_CHECKSUM. */
enum wire_err ip4_head_parse(struct rd *r, struct ip4_head *h);
/* With the right checksum. */
void ip4_head_build(struct wr *w, const struct ip4_head *h);

struct ip4_walk {
	struct ip4_head ip;
	struct addr6 src, dst;       /* IPv4-mapped */
	bool has_router_alert;
	uint32_t off, len_oct;       /* of the upper-layer message; bytes behind the total length are ignored */
};
/* What ip4_head_parse returns; W_TRUNCATED when the total length is not there, W_OPTION for options whose lengths make no sense,
 * W_FRAGMENT. out is filled as far as it came. */
enum wire_err ip4_walk(const void *pkt, size_t len_oct, struct ip4_walk *out);

/* Packets of our own: a header with DF, total length and checksum left open, with the router alert or without; finish sets both
 * once all of the packet is written, and gives the packet's length: 0 when it did not fit. off: where the header began. */
struct ip4_path {
	struct addr6 src, dst;       /* IPv4-mapped; :: is 0.0.0.0 */
	uint8_t ttl, tos;
	bool router_alert;
	uint16_t id;
};
size_t ip4_begin(struct wr *w, const struct ip4_path *path, uint8_t proto);
size_t ip4_finish(struct wr *w, size_t off);
