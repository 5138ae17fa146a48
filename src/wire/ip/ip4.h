/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* IPv4's header (RFC 791), without a meaning for its options. */
#include <stdbool.h>

#include "base/cursor.h"
#include "wire/err.h"

enum { IP4_HEAD_OCT = 20 };

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
