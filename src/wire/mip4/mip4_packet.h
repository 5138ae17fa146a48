/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Whole IPv4 packets that carry a Mobile IPv4 control message: what engines receive and send.
 *
 * Sending with authentication takes three steps:
 *     n = mip4_packet_build(buf, sizeof buf, &path, &m, &built);      authenticators zero
 *     sa4_sign(key, crypto, buf + built.msg_off, &m.ext.auth[kind]);  core/auth/sa4.h; in the order MH, AAA, MF, FH: the later cover the earlier
 *     mip4_packet_finish(&built, buf);                                checksum
 * Without authentication the middle one falls away.
 */
#include "wire/ip/udp4.h"
#include "wire/mip4/mip4.h"

struct mip4_packet {
	struct addr6 src, dst;           /* of the IP header */
	uint8_t ttl;
	uint16_t sport, dport;
	bool has_csum;                   /* of UDP */
	struct mip4 m;
	const uint8_t *msg;              /* the message in the packet; m's offsets count from here */
};
/* W_PROTO when neither port is 434; udp4_packet_parse's and mip4_parse's errors. out is filled as far as it came. A checksum of zero is
 * taken: RFC 5944 asks for discarding wrong ones that are not zero (3.6.2.1, 3.7.2.1, 3.7.3.1, 3.8.2.1). */
enum wire_err mip4_packet_parse(const void *pkt, size_t len_oct, struct mip4_packet *out);

struct mip4_path {
	struct addr6 src, dst;
	uint16_t sport, dport;           /* 0: 434 */
	uint8_t ttl;                     /* 0: 64. A mobile's request that asks for reverse tunnelling: 255 (RFC 3024 3.2) */
	uint16_t id;                     /* of the IP header: our packets have DF, so 0 will do (RFC 6864) */
	const uint8_t *relay;            /* not NULL: the message's first relay_oct bytes as they came, and only m->ext is built behind them */
	uint16_t relay_oct;
};
struct mip4_built { size_t len_oct; uint16_t msg_off, msg_len_oct; };

/* len_oct of the packet, or 0 when buf is too small. */
size_t mip4_packet_build(void *buf, size_t cap_oct, const struct mip4_path *path, struct mip4 *m, struct mip4_built *out);
void mip4_packet_finish(const struct mip4_built *b, void *buf);
