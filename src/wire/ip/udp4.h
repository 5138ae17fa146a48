/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* UDP (RFC 768) over IPv4: whole packets. */
#include "wire/ip/ip4.h"

enum { UDP_HEAD_OCT = 8 };

struct udp4_packet {
	struct addr6 src, dst;       /* IPv4-mapped */
	uint8_t ttl;
	uint16_t sport, dport;
	bool has_csum;               /* IPv4 allows none */
	const uint8_t *data;         /* in the packet */
	size_t data_len_oct;
};
/* ip4_walk's errors, W_PROTO, W_TRUNCATED, W_LENGTH, W_CHECKSUM (when there is one; one that was left to a device, ip4_csum_begun, is
 * as good as right). Bytes behind UDP's length are ignored. */
enum wire_err udp4_packet_parse(const void *pkt, size_t len_oct, struct udp4_packet *out);

/* begin writes both headers, the caller the data; finish sets lengths and checksums and gives the packet's length, 0 when it did
 * not fit. May be called again after data changed. */
struct udp4_build { size_t ip_off, off; struct addr6 src, dst; };
struct udp4_build udp4_begin(struct wr *w, const struct ip4_path *path, uint16_t sport, uint16_t dport);
size_t udp4_finish(struct wr *w, const struct udp4_build *b);
