/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/rate.h"

#include <string.h>

void rate_init(struct rate *r, const struct rng *rng)
{
	memset(r, 0, sizeof *r);
	rng->fill(rng->ctx, &r->secret, sizeof r->secret);
}

/* A final mix after each byte: enough against accident, and the secret against design. */
uint64_t rate_key(const struct rate *r, const void *source, size_t len_oct)
{
	const uint8_t *p = source;
	uint64_t h = r->secret;
	for (size_t i = 0; i < len_oct; i++) {
		h = (h ^ p[i]) * 0x9e3779b97f4a7c15;
		h ^= h >> 29;
	}
	return h ? h : 1;
}

bool rate_take(struct rate *r, uint64_t key, uint32_t per_s, uint32_t burst, mono_t now)
{
	if (per_s == 0)
		return true;
	uint32_t a = (uint32_t)(key >> 32) % RATE_SLOTS, b = a ^ 1, i = a;
	if (r->slot[a].key != key && (r->slot[b].key == key || r->slot[b].full_ns < r->slot[a].full_ns))
		i = b;
	if (r->slot[i].key != key) {
		r->slot[i].key = key;
		r->slot[i].full_ns = now.ns;
	}
	int64_t cost = NS_PER_S / per_s, full = r->slot[i].full_ns > now.ns ? r->slot[i].full_ns : now.ns;
	if (full + cost - now.ns > cost * (burst ? burst : 1))
		return false;
	r->slot[i].full_ns = full + cost;
	return true;
}
