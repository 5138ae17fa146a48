/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Generic routing encapsulation (RFC 2784) with key and sequence number (RFC 2890). */
#include "base/cursor.h"
#include "wire/err.h"

enum { GRE_PROTO_IPV4 = 0x0800, GRE_PROTO_IPV6 = 0x86dd, GRE_MAX_OCT = 16 };

struct gre {
	uint16_t proto;
	bool has_csum, has_key, has_seq;
	uint32_t key, seq;
};

/* Leaves r at the payload. W_TRUNCATED; W_VERSION for a version other than 0 or bits that RFC 2784 2.2 says to
 * discard; W_CHECKSUM when there is one and it is wrong (it covers the payload: r must end where the packet ends). */
enum wire_err gre_parse(struct rd *r, struct gre *g);
/* Never writes a checksum. 4, 8 or 12 bytes. */
void gre_build(struct wr *w, const struct gre *g);
size_t gre_len_oct(const struct gre *g);
