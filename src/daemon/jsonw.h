/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Writing JSON objects, one a line, into memory; and records of engines (base/show.h) as such. A home agent may have a
 * million of them to show, and the loop stands still meanwhile: nothing here formats what it can write straight.
 */
#include <stddef.h>

#include "base/show.h"

struct jsonw {
	char *text;              /* what was written; the caller's to empty (len_oct = 0) and in the end to free */
	size_t len_oct, cap_oct;
	bool is_first;           /* no member yet */
	bool is_lost;            /* memory ran out: the text is not whole */
};

void jsonw_begin(struct jsonw *j);                      /* { */
void jsonw_str(struct jsonw *j, const char *key, const char *val);
void jsonw_strn(struct jsonw *j, const char *key, const char *val, size_t len_oct);
void jsonw_u64(struct jsonw *j, const char *key, uint64_t val);
void jsonw_i64(struct jsonw *j, const char *key, int64_t val);
void jsonw_real(struct jsonw *j, const char *key, double val); /* six decimals; beyond 9e12 and not-a-number: null */
void jsonw_flag(struct jsonw *j, const char *key, bool val);
void jsonw_null(struct jsonw *j, const char *key);
void jsonw_end(struct jsonw *j);                        /* } and the end of the line */

/* Records: begin("binding") opens {"record":"binding". ctx of the show is a struct jsonw. */
extern const struct show_ops jsonw_show_ops;
