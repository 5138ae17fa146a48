// SPDX-License-Identifier: BSD-2-Clause
/* Names of the datapath's counters. */
#include "datapath/drop.h"

static const char *const drop_names[DP_DROP_N] = {
	"NONE",
#define X(name, text) #name,
	DP_DROPS(X)
#undef X
};

static const char *const drop_texts[DP_DROP_N] = {
	"not dropped",
#define X(name, text) text,
	DP_DROPS(X)
#undef X
};

static const char *const count_names[DP_COUNT_N - DP_DROP_N] = {
#define X(name, text) #name,
	DP_COUNTS(X)
#undef X
};

const char *dp_drop_name(enum dp_drop d) { return d < DP_DROP_N ? drop_names[d] : "?"; }
const char *dp_drop_text(enum dp_drop d) { return d < DP_DROP_N ? drop_texts[d] : "?"; }

const char *dp_count_name(uint32_t i)
{
	return i < DP_DROP_N ? drop_names[i] : i < DP_COUNT_N ? count_names[i - DP_DROP_N] : "?";
}
