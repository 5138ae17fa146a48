/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/conf/conf_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

enum { CHUNK_OCT = 16384, DEPTH_MAX = 8 };

struct conf_chunk {
	struct conf_chunk *next;
	size_t used, size;
	_Alignas(16) char data[];
};

enum token { T_END, T_WORD, T_STRING, T_OPEN, T_CLOSE, T_EQUALS, T_COMMA, T_BAD };

struct reader {
	struct conf_tree *tree;
	struct conf_err *err;
	const char *p, *end;
	uint32_t line;
	enum token tok;
	uint32_t tok_line;
	const char *text;       /* of T_WORD and T_STRING, in the tree's memory */
};

int conf_fail(struct conf_err *err, uint32_t line, const char *fmt, ...)
{
	va_list ap;

	err->line = line;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	return ERR_INVAL;
}

static void *take(struct conf_tree *t, size_t n)
{
	n = (n + 15) & ~(size_t)15;
	struct conf_chunk *c = t->chunks;
	if (!c || c->size - c->used < n) {
		size_t size = n > CHUNK_OCT ? n : CHUNK_OCT;
		c = mem_get(t->mem, sizeof *c + size);
		if (!c)
			return NULL;
		*c = (struct conf_chunk){.next = t->chunks, .size = size};
		t->chunks = c;
	}
	void *p = c->data + c->used;
	c->used += n;
	memset(p, 0, n);
	return p;
}

void conf_tree_fini(struct conf_tree *t)
{
	while (t->chunks) {
		struct conf_chunk *c = t->chunks;
		t->chunks = c->next;
		mem_put(t->mem, c);
	}
	memset(&t->root, 0, sizeof t->root);
}

static int no_memory(struct reader *r)
{
	conf_fail(r->err, r->line, "not enough memory to read the file");
	return ERR_NOMEM;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._:/%+@", c));
}

/* False when a comment has no end. */
static bool skip_block_comment(struct reader *r)
{
	for (r->p += 2; r->p + 1 < r->end; r->p++) {
		if (r->p[0] == '*' && r->p[1] == '/') {
			r->p += 2;
			return true;
		}
		r->line += *r->p == '\n';
	}
	return false;
}

static bool skip_blank(struct reader *r)
{
	while (r->p < r->end) {
		bool two = r->p + 1 < r->end;
		if (*r->p == '\n')
			r->line++, r->p++;
		else if (*r->p == ' ' || *r->p == '\t' || *r->p == '\r')
			r->p++;
		else if (*r->p == '#' || (two && r->p[0] == '/' && r->p[1] == '/'))
			while (r->p < r->end && *r->p != '\n')
				r->p++;
		else if (two && r->p[0] == '/' && r->p[1] == '*') {
			if (!skip_block_comment(r))
				return false;
		} else
			break;
	}
	return true;
}

static char unescape(char c)
{
	return c == 'n' ? '\n' : c == 't' ? '\t' : c;
}

static int lex_string(struct reader *r)
{
	const char quote = *r->p++, *start = r->p;
	while (r->p < r->end && *r->p != quote && *r->p != '\n')
		r->p += quote == '"' && *r->p == '\\' && r->p + 1 < r->end && r->p[1] != '\n' ? 2 : 1;
	if (r->p >= r->end || *r->p != quote)
		return conf_fail(r->err, r->line, "a string has no end: put a closing %c on the same line", quote);

	char *out = take(r->tree, (size_t)(r->p - start) + 1), *o = out;
	if (!out)
		return no_memory(r);
	for (const char *s = start; s < r->p; s++) {
		if (quote == '"' && *s == '\\')
			*o++ = unescape(*++s);
		else
			*o++ = *s;
	}
	r->p++;
	r->text = out;
	r->tok = T_STRING;
	return 0;
}

static int lex_word(struct reader *r)
{
	const char *start = r->p;
	while (r->p < r->end && is_word(*r->p))
		r->p++;
	char *out = take(r->tree, (size_t)(r->p - start) + 1);
	if (!out)
		return no_memory(r);
	memcpy(out, start, (size_t)(r->p - start));
	r->text = out;
	r->tok = T_WORD;
	return 0;
}

static int advance(struct reader *r)
{
	if (!skip_blank(r))
		return conf_fail(r->err, r->line, "a comment has no end: close it with */");
	r->tok_line = r->line;
	if (r->p >= r->end) {
		r->tok = T_END;
		return 0;
	}
	if (*r->p == '"' || *r->p == '\'')
		return lex_string(r);
	if (is_word(*r->p))
		return lex_word(r);
	const char c = *r->p++;
	r->tok = c == '{' ? T_OPEN : c == '}' ? T_CLOSE : c == '=' ? T_EQUALS : c == ',' ? T_COMMA : T_BAD;
	if (r->tok == T_BAD)
		return conf_fail(r->err, r->line, "unexpected character '%c': put values with such characters in quotes",
				 c >= ' ' && c < 127 ? c : '?');
	return 0;
}

static int read_value(struct reader *r, struct conf_item *item, struct conf_value ***tail)
{
	if (r->tok != T_WORD && r->tok != T_STRING)
		return conf_fail(r->err, r->tok_line, "\"%s\" needs a value after \"=\": write %s = \"...\"", item->name, item->name);
	struct conf_value *v = take(r->tree, sizeof *v);
	if (!v)
		return no_memory(r);
	*v = (struct conf_value){.text = r->text, .line = r->tok_line};
	**tail = v;
	*tail = &v->next;
	item->n++;
	return advance(r);
}

static int read_list(struct reader *r, struct conf_item *item, struct conf_value ***tail)
{
	item->is_list = true;
	int rc = advance(r);
	while (!rc && r->tok != T_CLOSE) {
		rc = read_value(r, item, tail);
		if (!rc && r->tok == T_COMMA)
			rc = advance(r);
		else if (!rc && r->tok != T_CLOSE)
			return conf_fail(r->err, r->tok_line, "the list \"%s\" needs a comma or a closing brace here", item->name);
	}
	return rc ? rc : advance(r);
}

static int read_item(struct reader *r, struct conf_item *item)
{
	struct conf_value **tail = &item->values;
	int rc = advance(r);
	if (rc)
		return rc;
	return r->tok == T_OPEN ? read_list(r, item, &tail) : read_value(r, item, &tail);
}

static int read_body(struct reader *r, struct conf_sect *s, unsigned depth);

static int read_sect(struct reader *r, struct conf_sect *s, unsigned depth)
{
	if (depth >= DEPTH_MAX)
		return conf_fail(r->err, r->tok_line, "blocks are nested too deeply: at most %d levels", DEPTH_MAX);
	int rc = advance(r);
	if (rc)
		return rc;
	rc = read_body(r, s, depth + 1);
	if (rc)
		return rc;
	if (r->tok != T_CLOSE)
		return conf_fail(r->err, s->line, "the block \"%s\" has no end: close it with }", s->name);
	return advance(r);
}

/* After a name: an item, or a block with or without title. */
static int read_entry(struct reader *r, const char *name, uint32_t line, struct conf_item ***items,
		      struct conf_sect ***subs, unsigned depth)
{
	if (r->tok == T_EQUALS) {
		struct conf_item *item = take(r->tree, sizeof *item);
		if (!item)
			return no_memory(r);
		*item = (struct conf_item){.name = name, .line = line};
		**items = item;
		*items = &item->next;
		return read_item(r, item);
	}
	struct conf_sect *s = take(r->tree, sizeof *s);
	if (!s)
		return no_memory(r);
	*s = (struct conf_sect){.name = name, .line = line};
	if (r->tok == T_STRING || r->tok == T_WORD) {
		s->title = r->text;
		int rc = advance(r);
		if (rc)
			return rc;
	}
	if (r->tok != T_OPEN)
		return conf_fail(r->err, r->tok_line, "after \"%s\" there must be \"= value\" or \"{ ... }\"", name);
	**subs = s;
	*subs = &s->next;
	return read_sect(r, s, depth);
}

/* Entries up to a closing brace or the end of the text. */
static int read_body(struct reader *r, struct conf_sect *s, unsigned depth)
{
	struct conf_item **items = &s->items;
	struct conf_sect **subs = &s->subs;
	int rc = 0;

	while (!rc && r->tok != T_END && r->tok != T_CLOSE) {
		if (r->tok != T_WORD)
			return conf_fail(r->err, r->tok_line, "a name is expected here, such as \"role\" or \"address\"");
		const char *name = r->text;
		uint32_t line = r->tok_line;
		rc = advance(r);
		if (!rc)
			rc = read_entry(r, name, line, &items, &subs, depth);
	}
	return rc;
}

int conf_read(struct conf_tree *t, const struct mem_ops *mem, const char *file, const char *text, size_t len_oct,
	      struct conf_err *err)
{
	struct reader r = {.tree = t, .err = err, .p = text, .end = text + len_oct, .line = 1};

	*t = (struct conf_tree){.mem = mem};
	*err = (struct conf_err){.file = file};
	int rc = advance(&r);
	if (!rc)
		rc = read_body(&r, &t->root, 0);
	if (!rc && r.tok == T_CLOSE)
		rc = conf_fail(err, r.tok_line, "a closing brace without its block: remove it");
	if (rc)
		conf_tree_fini(t);
	return rc;
}
