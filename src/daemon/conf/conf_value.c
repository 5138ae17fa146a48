/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/conf/conf_value.h"

#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/time.h"

enum { IFNAME_OCT = 16 };

#define LIST_CASES \
	case CONF_LIST_ADDR6: case CONF_LIST_PREFIX6: case CONF_LIST_ADDR4: case CONF_LIST_PREFIX4: case CONF_LIST_ADDR46: \
	case CONF_LIST_PREFIX46: case CONF_LIST_IFNAME: case CONF_LIST_URL:

static const struct { enum conf_type list, element; const char *name; } lists[] = {
	{CONF_LIST_ADDR6, CONF_ADDR6, "list of IPv6 addresses"},
	{CONF_LIST_PREFIX6, CONF_PREFIX6, "list of IPv6 prefixes"},
	{CONF_LIST_ADDR4, CONF_ADDR4, "list of IPv4 addresses"},
	{CONF_LIST_PREFIX4, CONF_PREFIX4, "list of IPv4 prefixes"},
	{CONF_LIST_ADDR46, CONF_ADDR46, "list of addresses"},
	{CONF_LIST_PREFIX46, CONF_PREFIX46, "list of prefixes"},
	{CONF_LIST_IFNAME, CONF_IFNAME, "list of interfaces"},
	{CONF_LIST_URL, CONF_URL, "list of URLs"},
};
enum { LISTS_N = sizeof lists / sizeof lists[0] };

bool conf_type_is_list(enum conf_type t)
{
	return conf_type_element(t) != t;
}

enum conf_type conf_type_element(enum conf_type t)
{
	for (int i = 0; i < LISTS_N; i++)
		if (lists[i].list == t)
			return lists[i].element;
	return t;
}

size_t conf_type_size(const struct conf_row *row)
{
	switch (conf_type_element(row->type)) {
	case CONF_BOOL: return sizeof(bool);
	case CONF_U32:
	case CONF_ENUM: return sizeof(uint32_t);
	case CONF_MS:
	case CONF_S: return sizeof(span_t);
	case CONF_STR:
	case CONF_PATH: return row->size;
	case CONF_ADDR6:
	case CONF_ADDR4:
	case CONF_ADDR46: return sizeof(struct addr6);
	case CONF_PREFIX6:
	case CONF_PREFIX4:
	case CONF_PREFIX46: return sizeof(struct prefix6);
	case CONF_LLADDR: return sizeof(struct lladdr);
	case CONF_IFNAME: return IFNAME_OCT;
	case CONF_URL: return CONF_URL_OCT;
	LIST_CASES
	case CONF_END: break;
	}
	return 0;
}

const char *conf_type_str(enum conf_type t)
{
	switch (t) {
	case CONF_BOOL: return "true or false";
	case CONF_U32: return "number";
	case CONF_MS: return "milliseconds";
	case CONF_S: return "seconds";
	case CONF_STR: return "text";
	case CONF_ADDR6: return "IPv6 address";
	case CONF_PREFIX6: return "IPv6 prefix";
	case CONF_ADDR4: return "IPv4 address";
	case CONF_PREFIX4: return "IPv4 prefix";
	case CONF_ADDR46: return "address";
	case CONF_PREFIX46: return "prefix";
	case CONF_LLADDR: return "link-layer address";
	case CONF_ENUM: return "one of";
	case CONF_IFNAME: return "interface";
	case CONF_PATH: return "path";
	case CONF_URL: return "URL";
	LIST_CASES
	case CONF_END: break;
	}
	for (int i = 0; i < LISTS_N; i++)
		if (lists[i].list == t)
			return lists[i].name;
	return "?";
}

bool conf_type_is_quoted(enum conf_type t)
{
	return t != CONF_BOOL && t != CONF_U32 && t != CONF_MS && t != CONF_S;
}

/* Decimal or 0x hexadecimal, whole text, optional minus; false on anything else or overflow. */
static bool number(const char *s, int64_t *out)
{
	bool negative = *s == '-';
	int base = 10;
	int64_t v = 0;

	s += negative;
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		base = 16, s += 2;
	if (!*s)
		return false;
	for (; *s; s++) {
		int d = *s >= '0' && *s <= '9' ? *s - '0' : base == 16 && (*s | 32) >= 'a' && (*s | 32) <= 'f' ? (*s | 32) - 'a' + 10 : 99;
		if (d >= base || __builtin_mul_overflow(v, (int64_t)base, &v) || __builtin_add_overflow(v, (int64_t)d, &v))
			return false;
	}
	*out = negative ? -v : v;
	return true;
}

static int parse_number(const struct conf_row *row, const char *text, void *dst, uint32_t line, struct conf_err *err)
{
	const char *unit = row->type == CONF_MS ? "ms" : row->type == CONF_S ? "s" : row->unit ? row->unit : "";
	const bool is_limited = row->min || row->max;
	int64_t v, lo = is_limited ? row->min : 0, hi = is_limited ? row->max : row->type == CONF_U32 ? UINT32_MAX : INT64_MAX / NS_PER_S;

	if (!number(text, &v))
		return conf_fail(err, line, "\"%s\" must be a whole number%s%s, not \"%s\": write %s = %lld", row->name, *unit ? " of " : "",
				 unit, text, row->name, (long long)lo);
	if (v < lo || v > hi)
		return conf_fail(err, line, "\"%s\" is %lld, outside %lld to %lld%s%s: choose a value in that range", row->name,
				 (long long)v, (long long)lo, (long long)hi, *unit ? " " : "", unit);
	if (row->type == CONF_U32)
		*(uint32_t *)dst = (uint32_t)v;
	else
		*(span_t *)dst = row->type == CONF_MS ? span_ms(v) : span_s(v);
	return 0;
}

static int parse_bool(const struct conf_row *row, const char *text, void *dst, uint32_t line, struct conf_err *err)
{
	static const char *const yes[] = {"true", "yes", "on"}, *const no[] = {"false", "no", "off"};

	for (size_t i = 0; i < 3; i++) {
		if (!strcmp(text, yes[i]) || !strcmp(text, no[i])) {
			*(bool *)dst = !strcmp(text, yes[i]);
			return 0;
		}
	}
	return conf_fail(err, line, "\"%s\" is a switch: write %s = true or %s = false", row->name, row->name, row->name);
}

static int parse_enum(const struct conf_row *row, const char *text, void *dst, uint32_t line, struct conf_err *err)
{
	char all[200] = "";
	size_t n = 0;

	for (uint32_t i = 0; row->names[i]; i++) {
		if (!strcmp(text, row->names[i])) {
			*(uint32_t *)dst = i;
			return 0;
		}
		if (n < sizeof all)
			n += (size_t)snprintf(all + n, sizeof all - n, "%s\"%s\"", i ? ", " : "", row->names[i]);
	}
	return conf_fail(err, line, "\"%s\" cannot be \"%s\": choose one of %s", row->name, text, all);
}

static int parse_text(const struct conf_row *row, const char *text, char *dst, size_t size, uint32_t line, struct conf_err *err)
{
	size_t n = strlen(text);

	if (n >= size)
		return conf_fail(err, line, "\"%s\" has %zu characters: use at most %zu", row->name, n, size - 1);
	memset(dst, 0, size);
	memcpy(dst, text, n);
	return 0;
}

static int parse_ifname(const struct conf_row *row, const char *text, char *dst, uint32_t line, struct conf_err *err)
{
	if (!*text || strpbrk(text, "/ \t%:"))
		return conf_fail(err, line, "\"%s\": \"%s\" is no interface name: give one such as \"eth0\"", row->name, text);
	return parse_text(row, text, dst, IFNAME_OCT, line, err);
}

/* Host and port behind the scheme: an IPv6 address stands in brackets. */
static bool is_authority(const char *s)
{
	const bool is_bracketed = *s == '[';
	const size_t host = is_bracketed ? strcspn(s, "]") + 1 : strcspn(s, ":/");
	int64_t port;

	if (host <= (is_bracketed ? 2u : 0u) || strpbrk(s, " /?#@\"") || s[host] != ':')
		return false;
	return number(s + host + 1, &port) && port > 0 && port < 65536;
}

static int parse_url(const struct conf_row *row, const char *text, char *dst, uint32_t line, struct conf_err *err)
{
	const size_t scheme = strncmp(text, "https://", 8) == 0 ? 8 : strncmp(text, "http://", 7) == 0 ? 7 : 0;

	if (!scheme || !is_authority(text + scheme))
		return conf_fail(err, line, "\"%s\": \"%s\" is no URL of a server: give one such as \"https://192.0.2.1:2379\" or "
				 "\"https://[2001:db8::1]:2379\"", row->name, text);
	return parse_text(row, text, dst, CONF_URL_OCT, line, err);
}

static int parse_addr(const struct conf_row *row, enum conf_type t, const char *text, struct addr6 *dst, uint32_t line, struct conf_err *err)
{
	const bool ok = t == CONF_ADDR6 ? addr6_parse(dst, text) : addr46_parse(dst, text);

	if (ok && (t == CONF_ADDR46 || addr6_is_v4mapped(dst) == (t == CONF_ADDR4)))
		return 0;
	return conf_fail(err, line, "\"%s\": \"%s\" is no %s: give one such as \"%s\"", row->name, text, conf_type_str(t),
			 t == CONF_ADDR4 ? "192.0.2.1" : "2001:db8::1");
}

static int parse_prefix(const struct conf_row *row, enum conf_type t, const char *text, struct prefix6 *dst, uint32_t line,
			struct conf_err *err)
{
	const bool ok = t == CONF_PREFIX6 ? prefix6_parse(dst, text) : prefix46_parse(dst, text);

	if (ok && (t == CONF_PREFIX46 || addr6_is_v4mapped(&dst->addr) == (t == CONF_PREFIX4)))
		return 0;
	return conf_fail(err, line, "\"%s\": \"%s\" is no %s: give one such as \"%s\", with zeros after the prefix length", row->name, text,
			 conf_type_str(t), t == CONF_PREFIX4 ? "192.0.2.0/24" : "2001:db8:1::/64");
}

static int parse_lladdr(const struct conf_row *row, const char *text, void *dst, uint32_t line, struct conf_err *err)
{
	if (lladdr_parse(dst, text))
		return 0;
	return conf_fail(err, line, "\"%s\": \"%s\" is no link-layer address: give one such as \"02:00:00:00:00:01\"", row->name, text);
}

int conf_value_parse(const struct conf_row *row, const char *text, void *dst, uint32_t line, struct conf_err *err)
{
	const enum conf_type t = conf_type_element(row->type);

	switch (t) {
	case CONF_BOOL: return parse_bool(row, text, dst, line, err);
	case CONF_U32:
	case CONF_MS:
	case CONF_S: return parse_number(row, text, dst, line, err);
	case CONF_STR:
	case CONF_PATH: return parse_text(row, text, dst, row->size, line, err);
	case CONF_ENUM: return parse_enum(row, text, dst, line, err);
	case CONF_IFNAME: return parse_ifname(row, text, dst, line, err);
	case CONF_URL: return parse_url(row, text, dst, line, err);
	case CONF_ADDR6:
	case CONF_ADDR4:
	case CONF_ADDR46: return parse_addr(row, t, text, dst, line, err);
	case CONF_PREFIX6:
	case CONF_PREFIX4:
	case CONF_PREFIX46: return parse_prefix(row, t, text, dst, line, err);
	case CONF_LLADDR: return parse_lladdr(row, text, dst, line, err);
	LIST_CASES
	case CONF_END: break;
	}
	return conf_fail(err, line, "\"%s\" has a type that this version does not know", row->name);
}

char *conf_value_format(const struct conf_row *row, const void *src, char *buf, size_t size)
{
	switch (conf_type_element(row->type)) {
	case CONF_BOOL: snprintf(buf, size, "%s", *(const bool *)src ? "true" : "false"); break;
	case CONF_U32: snprintf(buf, size, "%u", *(const uint32_t *)src); break;
	case CONF_MS: snprintf(buf, size, "%lld", (long long)span_to_ms(*(const span_t *)src)); break;
	case CONF_S: snprintf(buf, size, "%lld", (long long)span_to_s(*(const span_t *)src)); break;
	case CONF_STR:
	case CONF_PATH:
	case CONF_URL:
	case CONF_IFNAME: snprintf(buf, size, "%s", (const char *)src); break;
	case CONF_ENUM: snprintf(buf, size, "%s", row->names[*(const uint32_t *)src]); break;
	case CONF_ADDR6: snprintf(buf, size, "%s", ADDR6_STR((const struct addr6 *)src)); break;
	case CONF_PREFIX6: snprintf(buf, size, "%s", PREFIX6_STR((const struct prefix6 *)src)); break;
	case CONF_ADDR4:
	case CONF_ADDR46: snprintf(buf, size, "%s", ADDR46_STR((const struct addr6 *)src)); break;
	case CONF_PREFIX4:
	case CONF_PREFIX46: snprintf(buf, size, "%s", PREFIX46_STR((const struct prefix6 *)src)); break;
	case CONF_LLADDR: snprintf(buf, size, "%s", LLADDR_STR((const struct lladdr *)src)); break;
	LIST_CASES
	case CONF_END: buf[0] = '\0'; break;
	}
	return buf;
}
