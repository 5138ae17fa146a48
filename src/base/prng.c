/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/prng.h"

#include <string.h>

static uint64_t rotl(uint64_t v, int n) { return v << n | v >> (64 - n); }

void prng_seed(struct prng *p, uint64_t seed)
{
	for (int i = 0; i < 4; i++) { /* splitmix64 */
		uint64_t z = seed += 0x9e3779b97f4a7c15;
		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		p->s[i] = z ^ z >> 31;
	}
}

uint64_t prng_u64(struct prng *p)
{
	uint64_t *s = p->s, r = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return r;
}

static void fill(void *ctx, void *dst, size_t len_oct)
{
	uint8_t *d = dst;
	while (len_oct > 0) {
		uint64_t v = prng_u64(ctx);
		size_t n = len_oct < 8 ? len_oct : 8;
		memcpy(d, &v, n);
		d += n;
		len_oct -= n;
	}
}

struct rng prng_rng(struct prng *p) { return (struct rng){fill, p}; }
