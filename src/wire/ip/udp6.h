/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* UDP (RFC 768) over IPv6 (RFC 8200 8.1: always with a checksum): whole packets, no extension headers. */
#include "wire/ip/ip6.h"

struct udp6_packet {
	struct addr6 src, dst;
	uint8_t hop_limit;
	uint16_t sport, dport;
	const uint8_t *data;         /* in the packet */
	size_t data_len_oct;
};
/* ip6_walk's errors, W_PROTO, W_TRUNCATED, W_LENGTH, W_CHECKSUM. */
enum wire_err udp6_packet_parse(const void *pkt, size_t len_oct, struct udp6_packet *out);

/* begin writes both headers, the caller the data; finish sets lengths and checksum and gives the packet's length, 0 when it did not
 * fit. w must be at its start. */
void udp6_begin(struct wr *w, const struct addr6 *src, const struct addr6 *dst, uint8_t hop_limit, uint16_t sport, uint16_t dport);
size_t udp6_finish(struct wr *w);
