/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/render.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "base/err.h"

enum { CELL_MAX = 512, COLUMN_MAX = 48 };

struct column { const char *key; int width; bool is_number; };
struct layout { struct column col[COLUMN_MAX]; int n; };

int render_init(struct render *r)
{
	r->kinds = json_object();
	return r->kinds ? ERR_OK : ERR_NOMEM;
}

void render_fini(struct render *r) { json_decref(r->kinds); }

void render_add(struct render *r, json_t *record)
{
	const char *kind = json_string_value(json_object_get(record, "record"));
	json_t *list = json_object_get(r->kinds, kind ? kind : "");

	if (!list) {
		list = json_array();
		json_object_set_new(r->kinds, kind ? kind : "", list);
	}
	json_array_append_new(list, record);
}

/* What a peer may have written must not move the operator's cursor: C0 and C1 control characters become '?'. */
static const char *harmless(const char *s, char buf[static CELL_MAX])
{
	size_t n = 0;
	for (; *s && n < CELL_MAX - 1; s++) {
		unsigned char c = (unsigned char)*s;
		bool is_c1 = c == 0xc2 && (unsigned char)s[1] >= 0x80 && (unsigned char)s[1] < 0xa0;
		buf[n++] = c < 0x20 || c == 0x7f || is_c1 ? '?' : (char)c;
		s += is_c1;
	}
	buf[n] = 0;
	return buf;
}

static const char *cell(const json_t *v, char buf[static CELL_MAX])
{
	switch (json_typeof(v)) {
	case JSON_STRING: return harmless(json_string_value(v), buf);
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

static void print_table(json_t *list, FILE *out)
{
	struct layout l = {.n = 0};
	size_t i;
	json_t *record;

	json_array_foreach(list, i, record)
		measure(&l, record);
	print_row(&l, NULL, out);
	json_array_foreach(list, i, record)
		print_row(&l, record, out);
}

void render_print(const struct render *r, FILE *out)
{
	const char *kind;
	json_t *list;
	bool is_first = true;

	json_object_foreach(r->kinds, kind, list) {
		char buf[CELL_MAX];
		fprintf(out, "%s%s\n", is_first ? "" : "\n", harmless(kind, buf));
		if (json_array_size(list) == 1)
			print_single(json_array_get(list, 0), out);
		else
			print_table(list, out);
		is_first = false;
	}
}

static const char *text_of(const json_t *event, const char *key, char buf[static CELL_MAX])
{
	const json_t *v = json_object_get(event, key);
	return json_is_string(v) ? harmless(json_string_value(v), buf) : "-";
}

void render_event(const json_t *event, FILE *out)
{
	double t = json_number_value(json_object_get(event, "time"));
	time_t whole = (time_t)t;
	struct tm tm;
	char clock[16], sev[CELL_MAX], role[CELL_MAX], code[CELL_MAX], text[CELL_MAX];

	localtime_r(&whole, &tm);
	strftime(clock, sizeof clock, "%H:%M:%S", &tm);
	fprintf(out, "%s.%03d %-7s %-3s %-24s %s\n", clock, (int)((t - (double)whole) * 1000), text_of(event, "severity", sev),
		text_of(event, "role", role), text_of(event, "event", code), text_of(event, "text", text));
	json_int_t lost = json_integer_value(json_object_get(event, "lost"));
	if (lost)
		fprintf(out, "(%" JSON_INTEGER_FORMAT " events before this one were lost: this terminal was too slow)\n", lost);
	fflush(out);
}
