/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* What an engine has pushed, for the benches: the nth (from 0) of a kind since the queue was emptied, or NULL. */
#include "core/effect.h"

static inline const struct effect *effects_nth(const struct effq *q, enum effect_kind kind, size_t nth)
{
	for (uint32_t i = 0; i < q->n; i++)
		if (q->fx[i].kind == kind && nth-- == 0)
			return &q->fx[i];
	return NULL;
}

/* The same for one table of the datapath; kind FX_DP_PUT or FX_DP_DEL. */
static inline const struct dp_op *effects_dp(const struct effq *q, enum effect_kind kind, enum dp_table table, size_t nth)
{
	for (uint32_t i = 0; i < q->n; i++)
		if (q->fx[i].kind == kind && q->fx[i].dp.table == table && nth-- == 0)
			return &q->fx[i].dp;
	return NULL;
}

static inline size_t effects_count(const struct effq *q, enum effect_kind kind)
{
	size_t n = 0;
	for (uint32_t i = 0; i < q->n; i++)
		n += q->fx[i].kind == kind;
	return n;
}
