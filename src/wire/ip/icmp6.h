/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * ICMPv6 (RFC 4443): types, the frame that neighbour discovery, MLD and the home agent messages
 * share, and the error messages.
 */
#include "wire/ip/csum.h"
#include "wire/ip/ip6.h"

enum icmp6_type {
	IC6_UNREACHABLE = 1, IC6_TOO_BIG = 2, IC6_TIME_EXCEEDED = 3, IC6_PARAM_PROBLEM = 4,
	IC6_ECHO_REQUEST = 128, IC6_ECHO_REPLY = 129,
	IC6_MLD_QUERY = 130, IC6_MLD1_REPORT = 131, IC6_MLD1_DONE = 132,
	IC6_RS = 133, IC6_RA = 134, IC6_NS = 135, IC6_NA = 136, IC6_REDIRECT = 137,
	IC6_MLD2_REPORT = 143,
	IC6_HA_REQUEST = 144, IC6_HA_REPLY = 145, IC6_MPS = 146, IC6_MPA = 147,
};

/* A whole packet with an ICMPv6 message: walked, checksum verified. */
struct icmp6_packet {
	struct ip6_walk ip;
	uint8_t type, code;
	const uint8_t *body;         /* behind the checksum */
	size_t body_len_oct;
};
/* W_PROTO, W_CHECKSUM, and ip6_walk's. */
enum wire_err icmp6_packet_parse(const void *pkt, size_t len_oct, struct icmp6_packet *out);

/* Build: begin writes the IPv6 header and type, code, zero checksum; the caller writes the body;
 * finish sets lengths and checksum and gives the packet's length, 0 when it did not fit. Extension headers: write the
 * IPv6 header with ip6_head_build and them by yourself, then icmp6_head_build. */
struct icmp6_build { size_t off; struct addr6 src, dst; /* of the pseudo-header */ };
struct icmp6_build icmp6_begin(struct wr *w, const struct addr6 *src, const struct addr6 *dst, uint8_t hop_limit, uint8_t type, uint8_t code);
struct icmp6_build icmp6_head_build(struct wr *w, const struct addr6 *src, const struct addr6 *dst, uint8_t type, uint8_t code);
size_t icmp6_finish(struct wr *w, const struct icmp6_build *b);

/* May an error be sent about this packet (RFC 4443 2.4 e)? Not about errors, multicasts (too big and unknown
 * options excepted), or from sources that are no single node. */
bool icmp6_error_is_allowed(const void *pkt, size_t len_oct, uint8_t type, uint8_t code);
/* An error about pkt from src to pkt's source, quoting what fits in 1280 bytes. word: MTU or pointer. 0 when it did not fit. */
size_t icmp6_error_build(void *buf, size_t cap_oct, const struct addr6 *src, uint8_t type, uint8_t code, uint32_t word,
			 const void *pkt, size_t len_oct);
