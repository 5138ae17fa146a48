/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* For fuzzers: the input in a block of its own length, so that AddressSanitizer sees one byte too far, and its checksum
 * made right, so that what lies behind it is reached. */
#include <stdlib.h>

#include "wire/ip/csum.h"
#include "wire/ip/ip6.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static inline uint8_t *fuzz_copy(const uint8_t *data, size_t n)
{
	uint8_t *p = malloc(n ? n : 1);
	if (!p)
		abort();
	memcpy(p, data, n);
	return p;
}

static inline void fuzz_mend(uint8_t *pkt, size_t n)
{
	struct ip6_walk ip;
	if (ip6_walk(pkt, n, &ip) || (ip.proto != NH_MH && ip.proto != NH_ICMP6))
		return;
	size_t off = ip.off + (ip.proto == NH_MH ? 4 : 2), len_oct = ip.len_oct;
	if (len_oct < 8)
		return;
	if (ip.proto == NH_MH && 8 + (size_t)pkt[ip.off + 1] * 8 <= len_oct)
		len_oct = 8 + (size_t)pkt[ip.off + 1] * 8;
	pkt[off] = pkt[off + 1] = 0;
	uint16_t sum = ip6_csum(ip6_walk_src(&ip), ip6_walk_dst(&ip), ip.proto, pkt + ip.off, len_oct);
	pkt[off] = (uint8_t)(sum >> 8);
	pkt[off + 1] = (uint8_t)sum;
}
