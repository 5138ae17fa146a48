/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/render.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "base/err.h"

enum { CELL_MAX = 256, COLUMN_MAX = 48 };

struct column { const char *key; int width; bool is_number; };
struct layout { struct column col[COLUMN_MAX]; int n; };

int render_init(struct render *r)
{
	r->records = json_array();
	return r->records ? ERR_OK : ERR_NOMEM;
}

void render_fini(struct render *r) { json_decref(r->records); }

void render_add(struct render *r, json_t *record) { json_array_append_new(r->records, record); }

static const char *kind_of(const json_t *record)
{
	const char *k = json_string_value(json_object_get(record, "record"));
	return k ? k : "";
}

static const char *cell(const json_t *v, char buf[static CELL_MAX])
{
	switch (json_typeof(v)) {
	case JSON_STRING: return json_string_value(v);
	case JSON_INTEGER: snprintf(buf, CELL_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(v)); return buf;
	case JSON_REAL: snprintf(buf, CELL_MAX, "%.3f", json_real_value(v)); return buf;
	case JSON_TRUE: return "yes";
	case JSON_FALSE: return "no";
	case JSON_NULL: return "-";
	case JSON_ARRAY:
	case JSON_OBJECT: break;
	}
	return "...";
}

static struct column *column_of(struct layout *l, const char *key)
{
	for (int i = 0; i < l->n; i++)
		if (strcmp(l->col[i].key, key) == 0)
			return &l->col[i];
	if (l->n == COLUMN_MAX)
		return NULL;
	l->col[l->n] = (struct column){key, (int)strlen(key), true};
	return &l->col[l->n++];
}

static void measure(struct layout *l, json_t *record)
{
	const char *key;
	json_t *v;
	char buf[CELL_MAX];

	json_object_foreach(record, key, v) {
		if (strcmp(key, "record") == 0)
			continue;
		struct column *c = column_of(l, key);
		if (!c)
			continue;
		int w = (int)strlen(cell(v, buf));
		if (w > c->width)
			c->width = w;
		c->is_number = c->is_number && json_is_number(v);
	}
}

static void print_row(const struct layout *l, const json_t *record, FILE *out)
{
	char buf[CELL_MAX];
	for (int i = 0; i < l->n; i++) {
		const struct column *c = &l->col[i];
		const json_t *v = record ? json_object_get(record, c->key) : NULL;
		const char *text = !record ? c->key : v ? cell(v, buf) : "-";
		bool last = i == l->n - 1;
		if (c->is_number)
			fprintf(out, "%*s%s", c->width, text, last ? "\n" : "  ");
		else
			fprintf(out, "%-*s%s", last ? 0 : c->width, text, last ? "\n" : "  ");
	}
}

static void print_single(const json_t *record, FILE *out)
{
	const char *key;
	json_t *v;
	char buf[CELL_MAX];
	int width = 0;

	json_object_foreach((json_t *)(uintptr_t)record, key, v)
		if ((int)strlen(key) > width)
			width = (int)strlen(key);
	json_object_foreach((json_t *)(uintptr_t)record, key, v)
		if (strcmp(key, "record") != 0)
			fprintf(out, "  %-*s  %s\n", width, key, cell(v, buf));
}

static void print_kind(const struct render *r, const char *kind, FILE *out)
{
	struct layout l = {.n = 0};
	size_t i, n = 0;
	json_t *rec, *only = NULL;

	json_array_foreach(r->records, i, rec) {
		if (strcmp(kind_of(rec), kind) != 0)
			continue;
		measure(&l, rec);
		only = rec;
		n++;
	}
	fprintf(out, "%s\n", kind);
	if (n == 1) {
		print_single(only, out);
		return;
	}
	print_row(&l, NULL, out);
	json_array_foreach(r->records, i, rec)
		if (strcmp(kind_of(rec), kind) == 0)
			print_row(&l, rec, out);
}

static bool is_first_of_kind(const struct render *r, size_t at)
{
	const char *kind = kind_of(json_array_get(r->records, at));
	for (size_t i = 0; i < at; i++)
		if (strcmp(kind_of(json_array_get(r->records, i)), kind) == 0)
			return false;
	return true;
}

void render_print(const struct render *r, FILE *out)
{
	size_t i;
	json_t *rec;
	bool any = false;

	json_array_foreach(r->records, i, rec) {
		if (!is_first_of_kind(r, i))
			continue;
		if (any)
			fputc('\n', out);
		print_kind(r, kind_of(rec), out);
		any = true;
	}
}

static const char *text_of(const json_t *event, const char *key)
{
	const char *s = json_string_value(json_object_get(event, key));
	return s ? s : "-";
}

void render_event(const json_t *event, FILE *out)
{
	double t = json_number_value(json_object_get(event, "time"));
	time_t whole = (time_t)t;
	struct tm tm;
	char clock[16];

	localtime_r(&whole, &tm);
	strftime(clock, sizeof clock, "%H:%M:%S", &tm);
	fprintf(out, "%s.%03d %-7s %-3s %-24s %s\n", clock, (int)((t - (double)whole) * 1000), text_of(event, "severity"),
		text_of(event, "role"), text_of(event, "event"), text_of(event, "text"));
	fflush(out);
}
