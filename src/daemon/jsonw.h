/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Writing JSON objects, one a line, into an event buffer; and records of engines (base/show.h) as such. */
#include <event2/buffer.h>

#include "base/show.h"

struct jsonw {
	struct evbuffer *out;
	bool is_first;           /* no member yet */
};

void jsonw_begin(struct jsonw *j);                      /* { */
void jsonw_str(struct jsonw *j, const char *key, const char *val);
void jsonw_strn(struct jsonw *j, const char *key, const char *val, size_t len_oct);
void jsonw_u64(struct jsonw *j, const char *key, uint64_t val);
void jsonw_real(struct jsonw *j, const char *key, double val);
void jsonw_flag(struct jsonw *j, const char *key, bool val);
void jsonw_null(struct jsonw *j, const char *key);
void jsonw_end(struct jsonw *j);                        /* } and the end of the line */

/* Records: begin("binding") opens {"record":"binding". ctx of the show is a struct jsonw. */
extern const struct show_ops jsonw_show_ops;
