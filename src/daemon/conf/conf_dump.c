/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "daemon/conf/conf_table.h"
#include "daemon/conf/conf_value.h"

static void indent(FILE *to, unsigned depth)
{
	while (depth--)
		fputc('\t', to);
}

static void print_quoted(FILE *to, const char *s)
{
	fputc('"', to);
	for (; *s; s++) {
		if (*s == '\n' || *s == '\t')
			fprintf(to, "\\%c", *s == '\n' ? 'n' : 't');
		else
			fprintf(to, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
	}
	fputc('"', to);
}

/* Through the row's type and back: "0x100" becomes 256, an address its shortest form. */
static void print_value(FILE *to, const struct conf_row *r, const char *text)
{
	_Alignas(8) char mem[CONF_VALUE_MAX], canonical[CONF_VALUE_MAX];
	struct conf_err err;

	if (conf_type_size(r) > sizeof mem || conf_value_parse(r, text, mem, 0, &err))
		return;
	conf_value_format(r, mem, canonical, sizeof canonical);
	if (conf_type_is_quoted(conf_type_element(r->type)))
		print_quoted(to, canonical);
	else
		fputs(canonical, to);
}

static void print_default_list(FILE *to, const struct conf_row *r)
{
	char one[CONF_VALUE_MAX];

	for (const char *p = r->def; *p; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");
		snprintf(one, sizeof one, "%.*s", (int)len, p);
		fputs(p == r->def ? "" : ", ", to);
		print_value(to, r, one);
		p += len;
	}
}

static void print_row(FILE *to, const struct conf_row *r, const struct conf_sect *s, unsigned depth)
{
	const struct conf_item *i = s->items;
	const bool is_list = conf_type_is_list(r->type);

	while (i && strcmp(i->name, r->name))
		i = i->next;
	if (!i && (!r->def || !*r->def))
		return;
	indent(to, depth);
	fprintf(to, "%s = %s", r->name, is_list ? "{" : "");
	if (!i && is_list)
		print_default_list(to, r);
	else if (!i)
		print_value(to, r, r->def);
	for (const struct conf_value *v = i ? i->values : NULL; v; v = v->next) {
		fputs(v == i->values ? "" : ", ", to);
		print_value(to, r, v->text);
	}
	fputs(is_list ? "}\n" : "\n", to);
}

static void dump(const struct conf_block *b, const struct conf_sect *s, const char *keyword, FILE *to, unsigned depth)
{
	indent(to, depth);
	fputs(keyword ? keyword : b->name, to);
	if (!keyword && s->title) {
		fputc(' ', to);
		print_quoted(to, s->title);
	}
	fputs(" {\n", to);
	for (const struct conf_row *r = b->rows; r && r->type != CONF_END; r++)
		print_row(to, r, s, depth + 1);
	for (const struct conf_sect *sub = s->subs; sub; sub = sub->next)
		for (size_t i = 0; b->sub && b->sub[i]; i++)
			if (!strcmp(b->sub[i]->name, sub->name))
				dump(b->sub[i], sub, NULL, to, depth + 1);
	indent(to, depth);
	fputs("}\n", to);
}

void conf_dump(const struct conf_block *b, const struct conf_sect *s, const char *keyword, FILE *to)
{
	dump(b, s, keyword, to, 0);
}

static void man_limits(const struct conf_row *r, FILE *to)
{
	const char *unit = r->type == CONF_MS ? "ms" : r->type == CONF_S ? "s" : r->unit;

	if (r->type == CONF_ENUM) {
		for (size_t i = 0; r->names[i]; i++)
			fprintf(to, "%s\n.Cm %s\n", i ? "or" : "One of", r->names[i]);
		fputs(".\n", to);
	} else if (r->min || r->max)
		fprintf(to, "%lld to %lld%s%s.\n", (long long)r->min, (long long)r->max, unit ? " " : "", unit ? unit : "");
	else if (conf_type_is_list(r->type))
		fprintf(to, "At most %zu.\n", r->size);
}

static void man_row(const struct conf_row *r, FILE *to)
{
	fprintf(to, ".It Cm %s No = Ar %s\n", r->name, conf_type_str(r->type));
	if (r->help)
		fprintf(to, "%s%s\n", r->help, r->help[0] && r->help[strlen(r->help) - 1] == '.' ? "" : ".");
	man_limits(r, to);
	if (!r->def)
		fputs("Must be given.\n", to);
	else if (*r->def)
		fprintf(to, "Default: %s.\n", r->def);
}

void conf_dump_man(const struct conf_block *b, const char *keyword, FILE *to)
{
	fprintf(to, ".Ss %s%s%s\n", keyword ? keyword : b->name, b->title ? " " : "", b->title ? b->title : "");
	if (b->help)
		fprintf(to, "%s%s\n", b->help, b->help[0] && b->help[strlen(b->help) - 1] == '.' ? "" : ".");
	const bool has_rows = b->rows && b->rows->type != CONF_END;
	fputs(has_rows ? ".Bl -tag -width Ds\n" : "Takes no values.\n", to);
	for (const struct conf_row *r = b->rows; has_rows && r->type != CONF_END; r++)
		man_row(r, to);
	if (has_rows)
		fputs(".El\n", to);
	for (size_t i = 0; b->sub && b->sub[i]; i++) {
		char inner[128];
		snprintf(inner, sizeof inner, "%s, %s", keyword ? keyword : b->name, b->sub[i]->name);
		conf_dump_man(b->sub[i], inner, to);
	}
}
