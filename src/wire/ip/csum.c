/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/ip/csum.h"

uint32_t csum_add(uint32_t sum, const void *p, size_t len_oct)
{
	const uint8_t *b = p;
	uint64_t s = sum;
	size_t i = 0;
	for (; i + 1 < len_oct; i += 2)
		s += (uint32_t)(b[i] << 8 | b[i + 1]);
	if (i < len_oct)
		s += (uint32_t)(b[i] << 8);
	while (s >> 32)
		s = (s & 0xffffffffu) + (s >> 32);
	return (uint32_t)s;
}

uint16_t csum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint16_t ip6_csum(const struct addr6 *src, const struct addr6 *dst, uint8_t proto, const void *p, size_t len_oct)
{
	const uint8_t tail[8] = {(uint8_t)(len_oct >> 24), (uint8_t)(len_oct >> 16), (uint8_t)(len_oct >> 8), (uint8_t)len_oct,
				 0, 0, 0, proto};
	uint32_t sum = csum_add(0, src, sizeof *src);
	sum = csum_add(sum, dst, sizeof *dst);
	sum = csum_add(sum, tail, sizeof tail);
	return csum_fold(csum_add(sum, p, len_oct));
}

static uint32_t pseudo4(const struct addr6 *src, const struct addr6 *dst, uint8_t proto, size_t len_oct)
{
	const uint8_t tail[4] = {0, proto, (uint8_t)(len_oct >> 8), (uint8_t)len_oct};
	uint32_t sum = csum_add(0, src->b + 12, 4);
	sum = csum_add(sum, dst->b + 12, 4);
	return csum_add(sum, tail, sizeof tail);
}

uint16_t ip4_csum(const struct addr6 *src, const struct addr6 *dst, uint8_t proto, const void *p, size_t len_oct)
{
	return csum_fold(csum_add(pseudo4(src, dst, proto, len_oct), p, len_oct));
}

uint16_t ip4_csum_begun(const struct addr6 *src, const struct addr6 *dst, uint8_t proto, size_t len_oct)
{
	return (uint16_t)~csum_fold(pseudo4(src, dst, proto, len_oct));
}
