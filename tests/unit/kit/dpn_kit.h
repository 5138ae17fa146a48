/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The natively built datapath with the entries of the test bench (tests/datapath/dpk.h). */
#include "plain.h"

#include "../../datapath/dpk.h"

static inline void dpn_put(void *ctx, const struct dp_op *op) { assert_int_equal(dpn_apply(ctx, true, op, 1), 0); }

/* Of both families; a test adds the others that it wants. */
static inline struct dpn *dpn_bench(mono_t now, dpn_route_fn route)
{
	const struct dpn_conf conf = {.mem = &plain_heap, .roam0_ifindex = IF_ROAM0, .route = route};
	struct dpn *d;
	assert_int_equal(dpn_new(&d, &conf), 0);
	bench_entries(now, dpn_put, d);
	bench_entries4(now, dpn_put, d);
	return d;
}
