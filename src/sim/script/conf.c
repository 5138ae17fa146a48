/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/script/conf.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/time.h"
#include "sim/sim.h"

enum { WORD_MAX_OCT = 256, GIVEN_MAX = 64 };

struct lex {
	const char *p;
	uint32_t line;
	char word[WORD_MAX_OCT]; /* the present token: a word, a string's content, or one of { } = , */
	bool is_string, is_end;
	char *err;
};

static bool fail(struct lex *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool fail(struct lex *l, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(l->err, CONF_ERR_LEN, "line %u: ", l->line);
	va_start(ap, fmt);
	vsnprintf(l->err + n, CONF_ERR_LEN - (size_t)n, fmt, ap);
	va_end(ap);
	return false;
}

static void skip_space(struct lex *l)
{
	for (; *l->p; l->p++) {
		if (*l->p == '#')
			while (l->p[1] && l->p[1] != '\n')
				l->p++;
		else if (*l->p == '\n')
			l->line++;
		else if (!isspace((unsigned char)*l->p))
			return;
	}
}

static bool is_punct(char c) { return c && strchr("{}=,", c); }

/* The next token into l->word. */
static void next(struct lex *l)
{
	size_t n = 0;
	skip_space(l);
	l->is_end = !*l->p;
	l->is_string = *l->p == '"';
	if (l->is_string) {
		for (l->p++; *l->p && *l->p != '"'; l->p++)
			if (n + 1 < sizeof l->word)
				l->word[n++] = *l->p;
		if (*l->p)
			l->p++;
	} else if (is_punct(*l->p)) {
		l->word[n++] = *l->p++;
	} else {
		for (; *l->p && *l->p != '"' && !is_punct(*l->p) && !isspace((unsigned char)*l->p); l->p++)
			if (n + 1 < sizeof l->word)
				l->word[n++] = *l->p;
	}
	l->word[n] = 0;
}

static bool is_mark(const struct lex *l, char c) { return !l->is_string && l->word[0] == c && !l->word[1]; }

static bool take_mark(struct lex *l, char c)
{
	if (!is_mark(l, c))
		return fail(l, "'%c' is missing before '%s'", c, l->word);
	next(l);
	return true;
}

static bool to_number(struct lex *l, const struct conf_row *row, const char *text, int64_t *v)
{
	char *end;
	*v = strtoll(text, &end, 0);
	if (!*text || *end)
		return fail(l, "%s: '%s' is no number", row->name, text);
	if ((row->min || row->max) && (*v < row->min || *v > row->max))
		return fail(l, "%s: %s is not within its limits", row->name, text);
	return true;
}

static bool to_enum(struct lex *l, const struct conf_row *row, const char *text, uint32_t *v)
{
	for (*v = 0; row->names[*v]; ++*v)
		if (strcmp(row->names[*v], text) == 0)
			return true;
	return fail(l, "%s: '%s' is none of its values", row->name, text);
}

static bool to_text(struct lex *l, const struct conf_row *row, const char *text, char *out, size_t size)
{
	if (strlen(text) >= size)
		return fail(l, "%s: '%s' is too long", row->name, text);
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static bool to_bool(struct lex *l, const struct conf_row *row, const char *text, bool *v)
{
	*v = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "on") == 0;
	if (*v || strcmp(text, "false") == 0 || strcmp(text, "no") == 0 || strcmp(text, "off") == 0)
		return true;
	return fail(l, "%s: '%s' is neither true nor false", row->name, text);
}

static bool parsed(struct lex *l, const struct conf_row *row, const char *text, bool is_ok)
{
	return is_ok ? true : fail(l, "%s: cannot read '%s'", row->name, text);
}

/* One value; at: where it goes. */
static bool set_value(struct lex *l, const struct conf_row *row, const char *text, uint8_t *at)
{
	int64_t v = 0;
	switch (row->type) {
	case CONF_BOOL:
		return to_bool(l, row, text, (bool *)at);
	case CONF_U32:
		if (!to_number(l, row, text, &v))
			return false;
		*(uint32_t *)at = (uint32_t)v;
		return true;
	case CONF_MS:
	case CONF_S:
		if (!to_number(l, row, text, &v))
			return false;
		*(span_t *)at = row->type == CONF_MS ? span_ms(v) : span_s(v);
		return true;
	case CONF_STR:
	case CONF_PATH:
		return to_text(l, row, text, (char *)at, row->size);
	case CONF_IFNAME:
	case CONF_LIST_IFNAME:
		return to_text(l, row, text, (char *)at, 16);
	case CONF_URL:
	case CONF_LIST_URL:
		return to_text(l, row, text, (char *)at, CONF_URL_OCT);
	case CONF_ADDR6:
	case CONF_LIST_ADDR6:
		return parsed(l, row, text, addr6_parse((struct addr6 *)at, text));
	case CONF_PREFIX6:
	case CONF_LIST_PREFIX6:
		return parsed(l, row, text, prefix6_parse((struct prefix6 *)at, text));
	case CONF_ADDR4:
	case CONF_LIST_ADDR4:
		return parsed(l, row, text, addr46_parse((struct addr6 *)at, text) && addr6_is_v4mapped((struct addr6 *)at));
	case CONF_PREFIX4:
	case CONF_LIST_PREFIX4:
		return parsed(l, row, text, prefix46_parse((struct prefix6 *)at, text) && addr6_is_v4mapped(&((struct prefix6 *)at)->addr));
	case CONF_ADDR46:
	case CONF_LIST_ADDR46:
		return parsed(l, row, text, addr46_parse((struct addr6 *)at, text));
	case CONF_PREFIX46:
	case CONF_LIST_PREFIX46:
		return parsed(l, row, text, prefix46_parse((struct prefix6 *)at, text));
	case CONF_LLADDR:
		return parsed(l, row, text, lladdr_parse((struct lladdr *)at, text));
	case CONF_ENUM:
		return to_enum(l, row, text, (uint32_t *)at);
	case CONF_END:
		break;
	}
	return fail(l, "%s: unknown type", row->name);
}

static size_t element_size(enum conf_type t)
{
	switch (t) {
	case CONF_LIST_ADDR6:
	case CONF_LIST_ADDR4:
	case CONF_LIST_ADDR46: return sizeof(struct addr6);
	case CONF_LIST_PREFIX6:
	case CONF_LIST_PREFIX4:
	case CONF_LIST_PREFIX46: return sizeof(struct prefix6);
	case CONF_LIST_IFNAME: return 16;
	case CONF_LIST_URL: return CONF_URL_OCT;
	case CONF_BOOL:
	case CONF_U32:
	case CONF_MS:
	case CONF_S:
	case CONF_STR:
	case CONF_ADDR6:
	case CONF_PREFIX6:
	case CONF_ADDR4:
	case CONF_PREFIX4:
	case CONF_ADDR46:
	case CONF_PREFIX46:
	case CONF_LLADDR:
	case CONF_ENUM:
	case CONF_IFNAME:
	case CONF_PATH:
	case CONF_URL:
	case CONF_END: break;
	}
	return 0;
}

static bool add_element(struct lex *l, const struct conf_row *row, const char *text, uint8_t *out)
{
	uint32_t *count = (uint32_t *)(out + row->count_off);
	if (*count == row->size)
		return fail(l, "%s: more than %zu", row->name, row->size);
	if (!set_value(l, row, text, out + row->off + *count * element_size(row->type)))
		return false;
	++*count;
	return true;
}

/* name = value, or name = {value, value}; l stands behind the name. */
static bool assign(struct lex *l, const struct conf_row *row, uint8_t *out)
{
	if (!take_mark(l, '='))
		return false;
	if (!element_size(row->type)) {
		bool ok = set_value(l, row, l->word, out + row->off);
		next(l);
		return ok;
	}
	*(uint32_t *)(out + row->count_off) = 0;
	if (!is_mark(l, '{')) {
		bool ok = add_element(l, row, l->word, out);
		next(l);
		return ok;
	}
	for (next(l); !is_mark(l, '}'); next(l)) {
		if (l->is_end)
			return fail(l, "%s: '}' is missing", row->name);
		if (!is_mark(l, ',') && !add_element(l, row, l->word, out))
			return false;
	}
	next(l);
	return true;
}

static bool set_defaults(struct lex *l, const struct conf_row *rows, uint8_t *out)
{
	for (const struct conf_row *r = rows; r->type != CONF_END; r++) {
		if (!r->def || !*r->def)
			continue;
		if (element_size(r->type) ? !add_element(l, r, r->def, out) : !set_value(l, r, r->def, out + r->off))
			return false;
	}
	return true;
}

static const struct conf_row *row_find(const struct conf_row *rows, const char *name)
{
	for (; rows->type != CONF_END; rows++)
		if (strcmp(rows->name, name) == 0)
			return rows;
	return NULL;
}

static const struct conf_block *sub_find(const struct conf_block *b, const char *name)
{
	for (uint32_t i = 0; b->sub && b->sub[i]; i++)
		if (strcmp(b->sub[i]->name, name) == 0)
			return b->sub[i];
	return NULL;
}

static bool fill(struct lex *l, const struct conf_block *b, uint8_t *out);

static bool fill_sub(struct lex *l, const struct conf_block *sub, void *parent)
{
	char title[WORD_MAX_OCT] = "";
	if (sub->title) {
		snprintf(title, sizeof title, "%s", l->word);
		next(l);
	}
	void *part = sim_alloc(sub->struct_size);
	bool ok = fill(l, sub, part);
	const char *remedy = ok && sub->add ? sub->add(parent, title, part) : NULL;
	if (remedy)
		ok = fail(l, "%s: %s", sub->name, remedy);
	free(part);
	return ok;
}

static bool is_missing(struct lex *l, const struct conf_block *b, uint64_t given)
{
	for (uint32_t i = 0; b->rows[i].type != CONF_END; i++)
		if (!b->rows[i].def && !(given >> i & 1))
			return !fail(l, "%s: '%s' must be given", b->name, b->rows[i].name);
	return false;
}

/* l stands at the opening brace. */
static bool fill(struct lex *l, const struct conf_block *b, uint8_t *out)
{
	uint64_t given = 0;
	if (!set_defaults(l, b->rows, out) || !take_mark(l, '{'))
		return false;
	while (!is_mark(l, '}')) {
		if (l->is_end)
			return fail(l, "%s: '}' is missing", b->name);
		const struct conf_row *row = row_find(b->rows, l->word);
		const struct conf_block *sub = row ? NULL : sub_find(b, l->word);
		if (!row && !sub)
			return fail(l, "%s: nothing is called '%s'", b->name, l->word);
		next(l);
		if (row ? !assign(l, row, out) : !fill_sub(l, sub, out))
			return false;
		if (row && row - b->rows < GIVEN_MAX)
			given |= 1ull << (row - b->rows);
	}
	next(l);
	return !is_missing(l, b, given);
}

bool conf_fill(const struct conf_block *block, const char *text, void *out, char err[static CONF_ERR_LEN])
{
	struct lex l = {.p = text, .line = 1, .err = err};
	next(&l);
	if (!fill(&l, block, out))
		return false;
	const char *remedy = block->add ? block->add(NULL, NULL, out) : NULL;
	return remedy ? fail(&l, "%s: %s", block->name, remedy) : true;
}
