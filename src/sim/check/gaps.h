/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Virtual time stands still while effects are carried out; in a real host packets pass between any two of them. So what is there before a batch and
 * after it must be there all the time: an entry of the datapath is replaced, not taken out and put back, and a mobile that can send goes on
 * being able to (watch.h: gap).
 */
#include "sim/net/node.h"

enum { GAPS_GONE_MAX = 64 };

struct gaps {
	struct effect gone[GAPS_GONE_MAX]; /* entries taken out in this batch */
	uint32_t n_gone;
	uint32_t ways, lost;               /* bits of home addresses: that could be sent from before it; of them, that cannot be now */
};

void gaps_begin(struct gaps *g, struct node *n);
/* Around one effect. */
void gaps_before(struct gaps *g, const struct node *n, const struct effect *e);
void gaps_after(struct gaps *g, struct node *n, const struct effect *e);
