/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/net/pkt.h"

enum { EXT_HOP = 0, EXT_ROUTING = 43, EXT_DEST = 60 };

void ip6_put(uint8_t *p, uint8_t next, uint8_t hop_limit, const struct addr6 *src, const struct addr6 *dst, size_t payload_oct)
{
	memset(p, 0, 4);
	p[0] = 0x60;
	put16(p + 4, (uint16_t)payload_oct);
	p[6] = next;
	p[7] = hop_limit;
	memcpy(p + 8, src, 16);
	memcpy(p + 24, dst, 16);
}

static uint32_t sum(uint32_t acc, const uint8_t *p, size_t len)
{
	for (; len > 1; len -= 2, p += 2)
		acc += get16(p);
	return len ? acc + ((uint32_t)p[0] << 8) : acc;
}

uint16_t ip_checksum(const struct addr6 *src, const struct addr6 *dst, uint8_t next, const uint8_t *p, size_t len)
{
	uint32_t acc = sum(sum((uint32_t)len + next, src->b, 16), dst->b, 16);
	acc = sum(acc, p, len);
	while (acc >> 16)
		acc = (acc & 0xffff) + (acc >> 16);
	return (uint16_t)~acc;
}

int ip6_upper(const uint8_t *p, size_t len, size_t *off)
{
	uint8_t next = p[6];
	size_t at = IP6_LEN;
	while (next == EXT_HOP || next == EXT_ROUTING || next == EXT_DEST) {
		if (at + 8 > len || at + 8 + p[at + 1] * 8u > len)
			return -1;
		next = p[at];
		at += 8 + p[at + 1] * 8u;
	}
	*off = at;
	return next;
}

static const uint8_t *find_option(const uint8_t *p, size_t len, uint8_t type, size_t want_oct)
{
	for (size_t i = 0; i < len;) {
		if (p[i] == 0) { /* Pad1 */
			i++;
			continue;
		}
		if (i + 2 > len || i + 2 + p[i + 1] > len)
			return NULL;
		if (p[i] == type && p[i + 1] == want_oct)
			return p + i + 2;
		i += 2u + p[i + 1];
	}
	return NULL;
}

const uint8_t *ip6_dest_option(const uint8_t *p, size_t len, uint8_t type, size_t want_oct)
{
	uint8_t next = p[6];
	size_t at = IP6_LEN;
	while (next == EXT_HOP || next == EXT_ROUTING || next == EXT_DEST) {
		size_t n = at + 8 <= len ? 8 + p[at + 1] * 8u : 0;
		if (!n || at + n > len)
			return NULL;
		const uint8_t *found = next == EXT_DEST ? find_option(p + at + 2, n - 2, type, want_oct) : NULL;
		if (found)
			return found;
		next = p[at];
		at += n;
	}
	return NULL;
}

uint16_t sum_checksum(const uint8_t *p, size_t len)
{
	uint32_t acc = sum(0, p, len);
	while (acc >> 16)
		acc = (acc & 0xffff) + (acc >> 16);
	return (uint16_t)~acc;
}

void ip4_resum(uint8_t *p)
{
	put16(p + 10, 0);
	put16(p + 10, sum_checksum(p, ip4_head_len(p)));
}

void ip4_put(uint8_t *p, uint8_t proto, uint8_t ttl, const struct addr6 *src, const struct addr6 *dst, size_t payload_oct)
{
	memset(p, 0, IP4_LEN);
	p[0] = 0x45;
	put16(p + 2, (uint16_t)(IP4_LEN + payload_oct));
	put16(p + 6, IP4_DF);
	p[8] = ttl;
	p[9] = proto;
	memcpy(p + 12, src->b + 12, 4);
	memcpy(p + 16, dst->b + 12, 4);
	ip4_resum(p);
}

int ip_upper(const uint8_t *p, size_t len, size_t *off)
{
	if (!ip4_is(p))
		return ip6_upper(p, len, off);
	if (get16(p + 6) & (IP4_MF | IP4_OFFSET))
		return -1;
	*off = ip4_head_len(p);
	return p[9];
}
