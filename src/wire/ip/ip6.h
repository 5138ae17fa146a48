/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * IPv6 (RFC 8200): the fixed header, and a walk over the extension headers that stand
 * before the upper-layer message, with what Mobile IPv6 puts there: the Home Address option
 * (RFC 6275 6.3), the type 2 routing header (6.4), and MLD's router alert (RFC 2711).
 */
#include <stdbool.h>

#include "base/cursor.h"
#include "wire/err.h"

enum { IP6_HEAD_OCT = 40 };

enum next_header {
	NH_HOPOPTS = 0, NH_IPV4 = 4, NH_TCP = 6, NH_UDP = 17, NH_IPV6 = 41, NH_ROUTING = 43, NH_FRAGMENT = 44, NH_GRE = 47,
	NH_ESP = 50, NH_AH = 51, NH_ICMP6 = 58, NH_NONE = 59, NH_DSTOPTS = 60, NH_MH = 135,
};

struct ip6_head {
	uint8_t tclass;
	uint32_t flow;               /* 20 bits */
	uint16_t payload_len_oct;    /* what follows the fixed header */
	uint8_t next;                /* enum next_header */
	uint8_t hop_limit;
	struct addr6 src, dst;
};

/* W_VERSION when it is not IPv6, W_TRUNCATED. Does not compare payload_len_oct with what is there. */
enum wire_err ip6_head_parse(struct rd *r, struct ip6_head *h);
void ip6_head_build(struct wr *w, const struct ip6_head *h);
/* Sets the payload length of the packet that w holds from its start, once all of it is written. */
void ip6_head_finish(struct wr *w);

/* What stands before the upper layer. Offsets count from the first byte of the IPv6 header. */
struct ip6_walk {
	struct ip6_head ip;
	uint8_t proto;               /* upper layer, or NH_FRAGMENT, NH_ESP, NH_AH: the walk ends there */
	uint32_t off, len_oct;       /* of the upper-layer message */
	uint32_t bad_off;            /* W_OPTION, W_ROUTING, W_VALUE: the byte that ICMPv6's pointer should name */
	uint8_t bad_action;          /* W_OPTION: the option's two highest bits (RFC 8200 4.2), 1 to 3 */
	bool has_hao;
	struct addr6 hao;
	uint32_t hao_off;            /* of the option's type byte */
	bool has_rh2;
	struct addr6 rh2;
	uint8_t rh2_left;            /* segments left: 1 on the wire, 0 when already processed */
	uint32_t rh2_off;
	bool has_router_alert;
	uint16_t router_alert;       /* 0: MLD */
};

/* Fills out as far as the walk came, also on error. Bytes after the payload length are ignored.
 * W_TRUNCATED, W_VERSION, W_LENGTH, W_OPTION, W_VALUE (a home address or a routing header's address that RFC 6275
 * forbids), W_OPTION_ORDER (Home Address option twice), W_ROUTING (segments left in a header of another type). */
enum wire_err ip6_walk(const void *pkt, size_t len_oct, struct ip6_walk *out);

/* The addresses of the upper layer's pseudo-header: the home address instead of the source when there is a Home
 * Address option, the routing header's home address instead of the destination while segments are left (RFC 6275 6.1.1). */
const struct addr6 *ip6_walk_src(const struct ip6_walk *w);
const struct addr6 *ip6_walk_dst(const struct ip6_walk *w);

/* Extension headers, written where w stands. next: what follows them.
 * Home Address option in a destination options header, 24 bytes, aligned 8n+6 (RFC 6275 6.3). */
void ip6_hao_build(struct wr *w, uint8_t next, const struct addr6 *home_address);
void ip6_rh2_build(struct wr *w, uint8_t next, const struct addr6 *home_address);
/* Hop-by-hop header with MLD's router alert, 8 bytes (RFC 2710 3, RFC 2711). */
void ip6_router_alert_build(struct wr *w, uint8_t next);
