/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* ICMP (RFC 792): the frame that agent discovery shares with the rest, and the error messages. */
#include "wire/ip/ip4.h"

enum icmp4_type {
	IC4_ECHO_REPLY = 0, IC4_UNREACHABLE = 3, IC4_REDIRECT = 5, IC4_ECHO_REQUEST = 8, IC4_ROUTER_ADV = 9, IC4_ROUTER_SOL = 10,
	IC4_TIME_EXCEEDED = 11, IC4_PARAM_PROBLEM = 12,
};
enum icmp4_unreachable { IC4_NET = 0, IC4_HOST = 1, IC4_PROTOCOL = 2, IC4_PORT = 3, IC4_TOO_BIG = 4, IC4_PROHIBITED = 13 };

struct icmp4_packet {
	struct ip4_walk ip;
	uint8_t type, code;
	const uint8_t *body;         /* behind the checksum */
	size_t body_len_oct;
};
/* W_PROTO, W_CHECKSUM, W_TRUNCATED, and ip4_walk's. */
enum wire_err icmp4_packet_parse(const void *pkt, size_t len_oct, struct icmp4_packet *out);

/* As icmp6_begin and icmp6_finish. */
struct icmp4_build { size_t ip_off, off; };
struct icmp4_build icmp4_begin(struct wr *w, const struct ip4_path *path, uint8_t type, uint8_t code);
size_t icmp4_finish(struct wr *w, const struct icmp4_build *b);

/* May an error be sent about this packet (RFC 1812 4.3.2.7)? Not about errors, broadcasts and multicasts as far as the address
 * shows them, fragments but the first, or from sources that are no single node. */
bool icmp4_error_is_allowed(const void *pkt, size_t len_oct);
/* An error about pkt from src to pkt's source, quoting what fits in 576 bytes (RFC 1812 4.3.2.3). word: the four bytes behind the
 * checksum (next-hop MTU of IC4_TOO_BIG: RFC 1191 4). 0 when it did not fit, or pkt is no IPv4 packet. */
size_t icmp4_error_build(void *buf, size_t cap_oct, const struct addr6 *src, uint8_t type, uint8_t code, uint32_t word,
			 const void *pkt, size_t len_oct);

/* What an error quotes: enough to know whose packet it was. False when less than its IP header and eight bytes are there; its
 * total length and checksum are not looked at. */
struct icmp4_about { struct addr6 src, dst; uint8_t proto; uint16_t sport, dport; /* of UDP; else the first four bytes */ };
bool icmp4_error_about(const struct icmp4_packet *p, struct icmp4_about *out);
