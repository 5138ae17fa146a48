/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/window.h"

static uint64_t *word(struct window *w, uint64_t seq) { return &w->bits[seq / 64 % WINDOW_WORDS]; }
static uint64_t bit(uint64_t seq) { return 1ull << seq % 64; }

bool window_has(const struct window *w, uint64_t seq)
{
	return seq <= w->top && w->bits[seq / 64 % WINDOW_WORDS] & bit(seq);
}

/* Words between the old and the new top are emptied; one word less than there are counts, so that the top's own may fill. */
bool window_take(struct window *w, uint64_t seq, bool *is_old)
{
	*is_old = seq / 64 + WINDOW_WORDS - 1 < w->top / 64;
	if (*is_old || window_has(w, seq))
		return false;
	if (seq > w->top) {
		const uint64_t from = w->top / 64 + 1, to = seq / 64;
		for (uint64_t i = from; i <= to && i < from + WINDOW_WORDS; i++)
			w->bits[i % WINDOW_WORDS] = 0;
		w->top = seq;
	}
	*word(w, seq) |= bit(seq);
	return true;
}
