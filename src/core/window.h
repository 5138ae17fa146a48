/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Which sequence numbers of a sender have come: the highest one, and 4,096 below it. Numbers begin at 1. */
#include <stdbool.h>
#include <stdint.h>

enum { WINDOW_WORDS = 64 };
struct window { uint64_t top; uint64_t bits[WINDOW_WORDS]; };

/* True: seq is fresh, and counts as having come from now on. *is_old: so far below the top that nobody knows. */
bool window_take(struct window *w, uint64_t seq, bool *is_old);
bool window_has(const struct window *w, uint64_t seq);
