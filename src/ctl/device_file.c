/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of devices: CSV (RFC 4180, names in the first line) and JSON, to lines of words. */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/device.h"

enum { LINE_OCT = 4096, COLUMNS_MAX = 32, NAME_OCT = 32, FIELD_OCT = 300 };

struct line { char text[LINE_OCT]; size_t n; char length4[8], length6[8]; bool is_long; };

static void append(struct line *l, const char *a, const char *b, const char *c)
{
	const int n = snprintf(l->text + l->n, sizeof l->text - l->n, "%s%s%s%s", l->n ? " " : "", a, b, c);
	l->is_long |= n < 0 || (size_t)n >= sizeof l->text - l->n;
	l->n = l->is_long ? l->n : l->n + (size_t)n;
}

/* "home_v4" and "Home V4" are "home". suffix: '4', '6' or 0. */
static void plain_name(const char *name, char out[static NAME_OCT], char *suffix)
{
	size_t n = 0;
	for (; *name && n < NAME_OCT - 1; name++)
		out[n++] = *name == '_' || *name == ' ' ? '-' : (char)tolower((unsigned char)*name);
	out[n] = '\0';
	*suffix = n > 3 && out[n - 3] == '-' && out[n - 2] == 'v' ? out[n - 1] : 0;
	if (*suffix)
		out[n - 3] = '\0';
}

static bool is_kind(const char *name)
{
	static const char *const kinds[] = {"min", "esn", "imsi", "meid", "imei", "eui48", "eui64", "nai"};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i], name) == 0)
			return true;
	return false;
}

/* What a manager shows of a device beside what it was told. */
static bool is_shown_only(const char *name) { return strcmp(name, "record") == 0 || strcmp(name, "version") == 0; }

static void take(struct line *l, const char *name, const char *value)
{
	char plain[NAME_OCT], suffix, *end;

	if (!*value)
		return;
	plain_name(name, plain, &suffix);
	if (strcmp(plain, "home-v4-length") == 0)
		snprintf(l->length4, sizeof l->length4, "/%.3s", value);
	else if (strcmp(plain, "home-v6-length") == 0)
		snprintf(l->length6, sizeof l->length6, "/%.3s", value);
	else if (is_shown_only(plain))
		return;
	else if (is_kind(plain))
		append(l, plain, ":", value);
	else if (strncmp(plain, "id", 2) == 0 && (plain[2] == '\0' || (strtoul(plain + 2, &end, 10) && !*end)))
		append(l, value, "", "");
	else if (strcmp(plain, "lladdr-enough") == 0)
		append(l, plain, "=", strcmp(value, "true") == 0 || strcmp(value, "yes") == 0 ? "yes" : "no");
	else if (strcmp(plain, "home") == 0 && suffix && !strchr(value, '/'))
		append(l, suffix == '4' ? "home4" : "home6", "=", value); /* its length may come behind it */
	else
		append(l, plain, "=", value);
}

/* home4=A with a length beside it becomes home=A/length. */
static void join_home(struct line *l, const char *mark, const char *length)
{
	char *at = strstr(l->text, mark), rest[LINE_OCT];
	if (!at || (at != l->text && at[-1] != ' '))
		return;
	char *end = at + strcspn(at, " ");
	snprintf(rest, sizeof rest, "%s", end);
	memmove(at + 4, at + 5, (size_t)(end - at - 5)); /* the family's digit goes */
	const int n = snprintf(end - 1, sizeof l->text - (size_t)(end - 1 - l->text), "%s%s", length, rest);
	l->is_long |= n < 0 || (size_t)n >= sizeof l->text - (size_t)(end - 1 - l->text);
}

static int give(struct line *l, const char *name, unsigned place, device_line_fn fn, void *ctx)
{
	join_home(l, "home4=", l->length4);
	join_home(l, "home6=", l->length6);
	if (l->is_long) {
		fprintf(stderr, "roamctl: %s:%u: a device of more than %d characters\n", name, place, LINE_OCT);
		return -1;
	}
	return l->n ? fn(ctx, l->text, place) : 0;
}

/* --- CSV --------------------------------------------------------------------------------------------------- */

/* The next field; *last: it ends its line. False at the end of the file. */
static bool csv_field(FILE *f, char out[static FIELD_OCT], bool *last, bool *is_long)
{
	size_t n = 0;
	bool is_quoted = false, has_any = false;
	int c;

	while ((c = getc(f)) != EOF) {
		has_any = true;
		if (c == '"' && is_quoted && (c = getc(f)) != '"') {
			ungetc(c, f);
			is_quoted = false;
			continue;
		}
		if (c == '"' && n == 0 && !is_quoted) {
			is_quoted = true;
			continue;
		}
		if (!is_quoted && (c == ',' || c == '\n'))
			break;
		if (c == '\r')
			continue;
		*is_long |= n == FIELD_OCT - 1;
		n += n < FIELD_OCT - 1;
		out[n - 1] = (char)c;
	}
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	*last = c != ',';
	return has_any;
}

static int read_csv(FILE *f, const char *name, device_line_fn fn, void *ctx)
{
	static char names[COLUMNS_MAX][FIELD_OCT];
	char field[FIELD_OCT];
	unsigned n = 0, place = 1;
	bool last = false, is_long = false;

	while (n < COLUMNS_MAX && !last && csv_field(f, names[n], &last, &is_long))
		n++;
	if (n == 0 || !last || is_long) {
		fprintf(stderr, "roamctl: %s: the first line names up to %d columns\n", name, COLUMNS_MAX);
		return -1;
	}
	for (;;) {
		struct line l = {.n = 0};
		last = false;
		place++;
		for (unsigned i = 0; !last; i++) {
			if (!csv_field(f, field, &last, &is_long))
				return 0;
			if (is_long || (i >= n && *field)) {
				fprintf(stderr, "roamctl: %s:%u: %s\n", name, place, is_long ? "a field is too long" : "more fields than columns");
				return -1;
			}
			if (i < n)
				take(&l, names[i], field + strspn(field, " "));
		}
		if (give(&l, name, place, fn, ctx))
			return -1;
	}
}

/* --- JSON -------------------------------------------------------------------------------------------------- */

static int give_object(const json_t *obj, const char *name, unsigned place, device_line_fn fn, void *ctx)
{
	struct line l = {.n = 0};
	const char *key;
	json_t *v;
	char number[32];

	json_object_foreach((json_t *)(uintptr_t)obj, key, v) {
		const char *text = json_string_value(v);
		if (json_is_integer(v))
			snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		if (json_is_null(v))
			continue;
		take(&l, key, text ? text : json_is_integer(v) ? number : json_is_true(v) ? "true" : "false");
	}
	return give(&l, name, place, fn, ctx);
}

static int read_json(FILE *f, const char *name, device_line_fn fn, void *ctx)
{
	json_error_t error;
	unsigned place = 0;
	int rc = 0, c;

	while (!rc) {
		while ((c = getc(f)) != EOF && isspace(c))
			;
		if (c == EOF)
			return 0;
		ungetc(c, f);
		json_t *v = json_loadf(f, JSON_DISABLE_EOF_CHECK, &error);
		if (!v) {
			fprintf(stderr, "roamctl: %s: object %u: %s\n", name, place + 1, error.text);
			return -1;
		}
		size_t i;
		json_t *each;
		if (json_is_array(v)) {
			json_array_foreach(v, i, each)
				if (!rc)
					rc = give_object(each, name, ++place, fn, ctx);
		} else
			rc = give_object(v, name, ++place, fn, ctx);
		json_decref(v);
	}
	return rc;
}

int device_file_read(FILE *f, const char *name, device_line_fn fn, void *ctx)
{
	int c;

	while ((c = getc(f)) != EOF && isspace(c))
		;
	if (c == EOF)
		return 0;
	ungetc(c, f);
	return c == '[' || c == '{' ? read_json(f, name, fn, ctx) : read_csv(f, name, fn, ctx);
}
