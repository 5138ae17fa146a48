/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/conf/conf_table.h"

#include <string.h>

#include "base/err.h"
#include "daemon/conf/conf_value.h"

struct fill {
	const struct mem_ops *mem;
	struct conf_err *err;
};

static const struct conf_row *row_find(const struct conf_block *b, const char *name)
{
	for (const struct conf_row *r = b->rows; r && r->type != CONF_END; r++)
		if (!strcmp(r->name, name))
			return r;
	return NULL;
}

static const struct conf_block *sub_find(const struct conf_block *b, const char *name)
{
	for (size_t i = 0; b->sub && b->sub[i]; i++)
		if (!strcmp(b->sub[i]->name, name))
			return b->sub[i];
	return NULL;
}

static const struct conf_item *item_find(const struct conf_sect *s, const char *name)
{
	for (const struct conf_item *i = s->items; i; i = i->next)
		if (!strcmp(i->name, name))
			return i;
	return NULL;
}

/* Edit distance, for short names; gives up at long ones. */
static unsigned distance(const char *a, const char *b)
{
	enum { MAX = 40 };
	unsigned row[MAX + 1];
	size_t n = strlen(b);

	if (n > MAX)
		return MAX;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; *a; a++, i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			unsigned change = diagonal + (*a != b[j - 1]);
			diagonal = row[j];
			unsigned best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
			row[j] = change < best ? change : best;
		}
	}
	return row[n];
}

/* The name of the block that is nearest to a wrong one; NULL when none resembles it. */
static const char *nearest(const struct conf_block *b, const char *name)
{
	const char *best = NULL;
	unsigned least = 4;

	for (const struct conf_row *r = b->rows; r && r->type != CONF_END; r++)
		if (distance(name, r->name) < least)
			least = distance(name, r->name), best = r->name;
	for (size_t i = 0; b->sub && b->sub[i]; i++)
		if (distance(name, b->sub[i]->name) < least)
			least = distance(name, b->sub[i]->name), best = b->sub[i]->name;
	return best;
}

static int unknown(const struct conf_block *b, const char *name, uint32_t line, struct conf_err *err)
{
	const char *best = nearest(b, name);

	if (best)
		return conf_fail(err, line, "\"%s\" is not known in \"%s\": did you mean \"%s\"?", name, b->name, best);
	return conf_fail(err, line, "\"%s\" is not known in \"%s\": remove it, or see roamd.conf(5)", name, b->name);
}

static int check_items(const struct conf_block *b, const struct conf_sect *s, struct conf_err *err)
{
	for (const struct conf_item *i = s->items; i; i = i->next) {
		if (!row_find(b, i->name)) {
			if (sub_find(b, i->name))
				return conf_fail(err, i->line, "\"%s\" is a block, not a value: write %s { ... }", i->name, i->name);
			return unknown(b, i->name, i->line, err);
		}
		const struct conf_item *first = item_find(s, i->name);
		if (first != i)
			return conf_fail(err, i->line, "\"%s\" was given in line %u already: keep one of them", i->name, first->line);
	}
	return 0;
}

static int fill_list(const struct conf_row *r, const struct conf_item *i, char *out, struct conf_err *err)
{
	const size_t size = conf_type_size(r);
	uint32_t n = 0;

	if (i->n > r->size)
		return conf_fail(err, i->line, "\"%s\" has %u elements: at most %zu are allowed", r->name, i->n, r->size);
	for (const struct conf_value *v = i->values; v; v = v->next) {
		int rc = conf_value_parse(r, v->text, out + r->off + n++ * size, v->line, err);
		if (rc)
			return rc;
	}
	*(uint32_t *)(void *)(out + r->count_off) = n;
	return 0;
}

/* A list's default is its elements, separated by one blank each. */
static int fill_list_default(const struct conf_row *r, char *out, uint32_t line, struct conf_err *err)
{
	char one[CONF_VALUE_MAX];
	uint32_t n = 0;

	for (const char *p = r->def; *p; n++) {
		size_t len = strcspn(p, " ");
		if (n >= r->size || len >= sizeof one)
			return conf_fail(err, line, "the default of \"%s\" does not fit: this is a fault of the program", r->name);
		memcpy(one, p, len);
		one[len] = '\0';
		int rc = conf_value_parse(r, one, out + r->off + n * conf_type_size(r), line, err);
		if (rc)
			return rc;
		p += len + (p[len] == ' ');
	}
	*(uint32_t *)(void *)(out + r->count_off) = n;
	return 0;
}

static int fill_default(const struct conf_block *b, const struct conf_row *r, const struct conf_sect *s, char *out,
			struct conf_err *err)
{
	if (!r->def)
		return conf_fail(err, s->line, "\"%s%s%s\" needs \"%s\" (%s): add %s = ...", b->name, b->title ? " " : "",
				 b->title ? s->title : "", r->name, r->help ? r->help : conf_type_str(r->type), r->name);
	if (!*r->def)
		return 0;
	if (conf_type_is_list(r->type))
		return fill_list_default(r, out, s->line, err);
	return conf_value_parse(r, r->def, out + r->off, s->line, err);
}

static int fill_row(const struct conf_block *b, const struct conf_row *r, const struct conf_sect *s, char *out,
		    struct conf_err *err)
{
	const struct conf_item *i = item_find(s, r->name);

	if (!i)
		return fill_default(b, r, s, out, err);
	if (conf_type_is_list(r->type))
		return fill_list(r, i, out, err);
	if (i->is_list)
		return conf_fail(err, i->line, "\"%s\" takes one value: write %s = %s without braces", r->name, r->name,
				 i->values ? i->values->text : "...");
	return conf_value_parse(r, i->values->text, out + r->off, i->values->line, err);
}

static int check_title(const struct conf_block *b, const struct conf_sect *s, struct conf_err *err)
{
	if (b->title && (!s->title || !*s->title))
		return conf_fail(err, s->line, "\"%s\" needs a title, the %s: write %s \"...\" { ... }", b->name, b->title, b->name);
	if (!b->title && s->title)
		return conf_fail(err, s->line, "\"%s\" takes no title: write %s { ... }", b->name, b->name);
	return 0;
}

static int fill_struct(const struct fill *f, const struct conf_block *b, const struct conf_sect *s, void *parent, void *out);

static int fill_sub(const struct fill *f, const struct conf_block *b, const struct conf_sect *s, void *out)
{
	const struct conf_block *sub = sub_find(b, s->name);

	if (!sub && row_find(b, s->name))
		return conf_fail(f->err, s->line, "\"%s\" is a value, not a block: write %s = ...", s->name, s->name);
	if (!sub)
		return unknown(b, s->name, s->line, f->err);
	int rc = check_title(sub, s, f->err);
	if (rc)
		return rc;
	void *filled = mem_zget(f->mem, sub->struct_size ? sub->struct_size : 1);
	if (!filled) {
		conf_fail(f->err, s->line, "not enough memory for the configuration");
		return ERR_NOMEM;
	}
	rc = fill_struct(f, sub, s, out, filled);
	mem_put(f->mem, filled);
	return rc;
}

static int fill_struct(const struct fill *f, const struct conf_block *b, const struct conf_sect *s, void *parent, void *out)
{
	int rc = check_items(b, s, f->err);

	for (const struct conf_row *r = b->rows; !rc && r && r->type != CONF_END; r++)
		rc = fill_row(b, r, s, out, f->err);
	for (const struct conf_sect *sub = s->subs; !rc && sub; sub = sub->next)
		rc = fill_sub(f, b, sub, out);
	if (rc || !b->add)
		return rc;
	const char *remedy = b->add(parent, parent ? s->title : NULL, out);
	return remedy ? conf_fail(f->err, s->line, "%s", remedy) : 0;
}

int conf_fill(const struct conf_block *b, const struct conf_sect *s, void *parent, void *out, const struct mem_ops *mem,
	      struct conf_err *err)
{
	const struct fill f = {mem, err};

	memset(out, 0, b->struct_size);
	int rc = fill_struct(&f, b, s, parent, out);
	if (rc && !parent && b->fini)
		b->fini(out);
	return rc;
}
