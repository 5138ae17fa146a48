/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Records for the operator. Engines describe their state through these calls; text,
 * JSON and metrics are renderers of the same records, elsewhere.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/time.h"

struct show_ops {
	void (*begin)(void *ctx, const char *record);              /* "binding" */
	void (*str)(void *ctx, const char *key, const char *val);
	void (*u64)(void *ctx, const char *key, uint64_t val);
	void (*i64)(void *ctx, const char *key, int64_t val);
	void (*flag)(void *ctx, const char *key, bool val);
	void (*real)(void *ctx, const char *key, double val);
	void (*end)(void *ctx);
};

struct show {
	const struct show_ops *ops;
	void *ctx;
};

static inline void show_begin(struct show *s, const char *record) { s->ops->begin(s->ctx, record); }
static inline void show_end(struct show *s) { s->ops->end(s->ctx); }
static inline void show_str(struct show *s, const char *k, const char *v) { s->ops->str(s->ctx, k, v); }
static inline void show_u64(struct show *s, const char *k, uint64_t v) { s->ops->u64(s->ctx, k, v); }
static inline void show_i64(struct show *s, const char *k, int64_t v) { s->ops->i64(s->ctx, k, v); }
static inline void show_flag(struct show *s, const char *k, bool v) { s->ops->flag(s->ctx, k, v); }
static inline void show_real(struct show *s, const char *k, double v) { s->ops->real(s->ctx, k, v); }
static inline void show_addr6(struct show *s, const char *k, const struct addr6 *a) { s->ops->str(s->ctx, k, ADDR46_STR(a)); }
static inline void show_prefix6(struct show *s, const char *k, const struct prefix6 *p) { s->ops->str(s->ctx, k, PREFIX46_STR(p)); }
static inline void show_lladdr(struct show *s, const char *k, const struct lladdr *a) { s->ops->str(s->ctx, k, LLADDR_STR(a)); }
/* Seconds from now until t, as a number with three decimals; absent when never. */
static inline void show_until(struct show *s, const char *k, mono_t t, mono_t now)
{
	if (!mono_is_never(t))
		s->ops->real(s->ctx, k, (double)(t.ns - now.ns) / 1e9);
}
