/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* A seedable generator for the simulator and for tests (xoshiro256**, Blackman and Vigna).
 * Never for keys. */
#include "base/mem.h"

struct prng { uint64_t s[4]; };

void prng_seed(struct prng *p, uint64_t seed);
uint64_t prng_u64(struct prng *p);
/* As a struct rng; p must outlive it. */
struct rng prng_rng(struct prng *p);
