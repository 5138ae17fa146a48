/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/jsonw.h"

#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 20, ESCAPE_OCT = 6 };

static char *room(struct jsonw *j, size_t n)
{
	if (j->cap_oct - j->len_oct < n) {
		size_t cap = (j->cap_oct + n) * 2;
		char *more = realloc(j->text, cap);
		if (!more) {
			j->is_lost = true;
			return NULL;
		}
		j->text = more;
		j->cap_oct = cap;
	}
	char *p = j->text + j->len_oct;
	j->len_oct += n;
	return p;
}

static void put(struct jsonw *j, const char *s, size_t n)
{
	char *p = room(j, n);
	if (p)
		memcpy(p, s, n);
}

static void escape(struct jsonw *j, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	const char text[ESCAPE_OCT] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	if (c == '"' || c == '\\')
		put(j, (const char[]){'\\', (char)c}, 2);
	else
		put(j, text, sizeof text);
}

/* Octets above 0x7e are written as if they were Latin-1: whatever a peer sends, the line is valid JSON. */
static void quoted(struct jsonw *j, const char *s, size_t len)
{
	size_t start = 0;

	put(j, "\"", 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c >= ' ' && c != '"' && c != '\\' && c < 0x7f)
			continue;
		put(j, s + start, i - start);
		escape(j, c);
		start = i + 1;
	}
	put(j, s + start, len - start);
	put(j, "\"", 1);
}

static void key_of(struct jsonw *j, const char *key)
{
	if (!j->is_first)
		put(j, ",", 1);
	j->is_first = false;
	quoted(j, key, strlen(key));
	put(j, ":", 1);
}

static void digits(struct jsonw *j, uint64_t v, int at_least)
{
	char text[DIGITS_MAX];
	int n = 0;

	do {
		text[DIGITS_MAX - ++n] = (char)('0' + v % 10);
		v /= 10;
	} while (v || n < at_least);
	put(j, text + DIGITS_MAX - n, (size_t)n);
}

void jsonw_begin(struct jsonw *j)
{
	put(j, "{", 1);
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
	digits(j, val, 1);
}

void jsonw_i64(struct jsonw *j, const char *key, int64_t val)
{
	key_of(j, key);
	if (val < 0)
		put(j, "-", 1);
	digits(j, val < 0 ? 0 - (uint64_t)val : (uint64_t)val, 1);
}

void jsonw_real(struct jsonw *j, const char *key, double val)
{
	const double size = val < 0 ? -val : val;

	if (!(size < 9e12)) {
		jsonw_null(j, key);
		return;
	}
	const uint64_t millionths = (uint64_t)(size * 1e6 + 0.5);
	key_of(j, key);
	if (val < 0)
		put(j, "-", 1);
	digits(j, millionths / 1000000, 1);
	put(j, ".", 1);
	digits(j, millionths % 1000000, 6);
}

void jsonw_flag(struct jsonw *j, const char *key, bool val)
{
	key_of(j, key);
	put(j, val ? "true" : "false", val ? 4 : 5);
}

void jsonw_null(struct jsonw *j, const char *key)
{
	key_of(j, key);
	put(j, "null", 4);
}

void jsonw_end(struct jsonw *j)
{
	put(j, "}\n", 2);
}

static void on_begin(void *ctx, const char *record)
{
	jsonw_begin(ctx);
	jsonw_str(ctx, "record", record);
}

static void on_str(void *ctx, const char *key, const char *val) { jsonw_str(ctx, key, val); }
static void on_u64(void *ctx, const char *key, uint64_t val) { jsonw_u64(ctx, key, val); }
static void on_i64(void *ctx, const char *key, int64_t val) { jsonw_i64(ctx, key, val); }
static void on_flag(void *ctx, const char *key, bool val) { jsonw_flag(ctx, key, val); }
static void on_real(void *ctx, const char *key, double val) { jsonw_real(ctx, key, val); }
static void on_end(void *ctx) { jsonw_end(ctx); }

const struct show_ops jsonw_show_ops = {
	.begin = on_begin, .str = on_str, .u64 = on_u64, .i64 = on_i64, .flag = on_flag, .real = on_real, .end = on_end,
};
