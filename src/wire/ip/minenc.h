/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Minimal encapsulation (RFC 2004): no second IP header; eight or twelve bytes between header and payload keep what the
 * tunnel changed in the header. A fragment cannot travel so (section 3): there is no room to say that it is one.
 */
#include "wire/ip/ip4.h"

enum { MINENC_MAX_OCT = 12 };

struct minenc {
	uint8_t proto;               /* of the original header */
	bool has_src;                /* S */
	struct addr6 dst, src;       /* the original ones; IPv4-mapped */
};
/* Leaves r at the payload. W_TRUNCATED, W_CHECKSUM. Reserved bits are ignored. */
enum wire_err minenc_parse(struct rd *r, struct minenc *m);
void minenc_build(struct wr *w, const struct minenc *m);

/* Whole packets. Wrap: the original packet from src to dst (tunnel ends); the source stays where it is the original one. W_FRAGMENT for
 * a fragment; also ip4_head_parse's, W_LIMIT when it does not fit buf or becomes longer than a packet can be. Unwrap: the
 * original packet again, header checksum made new; W_PROTO, W_FRAGMENT (reassemble first). *out_oct: the result's length. */
enum wire_err minenc_wrap(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst, const void *pkt, size_t len_oct,
			  size_t *out_oct);
enum wire_err minenc_unwrap(void *buf, size_t cap_oct, const void *pkt, size_t len_oct, size_t *out_oct);
