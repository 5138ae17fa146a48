/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/jsonw.h"

#include <stdio.h>
#include <string.h>

static void quoted(struct jsonw *j, const char *s, size_t len)
{
	size_t start = 0;

	evbuffer_add(j->out, "\"", 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c >= ' ' && c != '"' && c != '\\' && c < 0x7f)
			continue;
		evbuffer_add(j->out, s + start, i - start);
		if (c == '"' || c == '\\')
			evbuffer_add_printf(j->out, "\\%c", c);
		else
			evbuffer_add_printf(j->out, "\\u%04x", c);
		start = i + 1;
	}
	evbuffer_add(j->out, s + start, len - start);
	evbuffer_add(j->out, "\"", 1);
}

static void key_of(struct jsonw *j, const char *key)
{
	if (!j->is_first)
		evbuffer_add(j->out, ",", 1);
	j->is_first = false;
	quoted(j, key, strlen(key));
	evbuffer_add(j->out, ":", 1);
}

void jsonw_begin(struct jsonw *j)
{
	evbuffer_add(j->out, "{", 1);
	j->is_first = true;
}

void jsonw_strn(struct jsonw *j, const char *key, const char *val, size_t len)
{
	key_of(j, key);
	quoted(j, val, len);
}

void jsonw_str(struct jsonw *j, const char *key, const char *val)
{
	jsonw_strn(j, key, val, strlen(val));
}

void jsonw_u64(struct jsonw *j, const char *key, uint64_t val)
{
	key_of(j, key);
	evbuffer_add_printf(j->out, "%llu", (unsigned long long)val);
}

void jsonw_real(struct jsonw *j, const char *key, double val)
{
	key_of(j, key);
	evbuffer_add_printf(j->out, "%.6f", val);
}

void jsonw_flag(struct jsonw *j, const char *key, bool val)
{
	key_of(j, key);
	evbuffer_add_printf(j->out, "%s", val ? "true" : "false");
}

void jsonw_null(struct jsonw *j, const char *key)
{
	key_of(j, key);
	evbuffer_add(j->out, "null", 4);
}

void jsonw_end(struct jsonw *j)
{
	evbuffer_add(j->out, "}\n", 2);
}

static void on_begin(void *ctx, const char *record)
{
	jsonw_begin(ctx);
	jsonw_str(ctx, "record", record);
}

static void on_str(void *ctx, const char *key, const char *val) { jsonw_str(ctx, key, val); }
static void on_u64(void *ctx, const char *key, uint64_t val) { jsonw_u64(ctx, key, val); }
static void on_flag(void *ctx, const char *key, bool val) { jsonw_flag(ctx, key, val); }
static void on_real(void *ctx, const char *key, double val) { jsonw_real(ctx, key, val); }
static void on_end(void *ctx) { jsonw_end(ctx); }

static void on_i64(void *ctx, const char *key, int64_t val)
{
	struct jsonw *j = ctx;

	key_of(j, key);
	evbuffer_add_printf(j->out, "%lld", (long long)val);
}

const struct show_ops jsonw_show_ops = {
	.begin = on_begin, .str = on_str, .u64 = on_u64, .i64 = on_i64, .flag = on_flag, .real = on_real, .end = on_end,
};
