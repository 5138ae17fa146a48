/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Reading the text of a configuration file into a tree, before anyone knows what
 * the names mean. The syntax is libconfuse's:
 *
 *     name = value            name = {value, value}          name += value is not taken
 *     block "title" { ... }   block { ... }
 *     # comment   // comment   / * comment * /
 *
 * A value is a word (letters, digits and -._:/%+@) or a string in double or single quotes
 * (\" \\ \n \t in double quotes). Everything keeps its line. No system call here.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct conf_err {
	const char *file;
	uint32_t line;          /* 0: concerns the whole file */
	char text[400];         /* what is wrong, and what to do: one or two sentences */
};

struct conf_value { const char *text; uint32_t line; struct conf_value *next; };

struct conf_item {              /* name = value(s) */
	const char *name;
	uint32_t line, n;
	bool is_list;           /* written in braces */
	struct conf_value *values;
	struct conf_item *next;
};

struct conf_sect {              /* name "title" { ... } */
	const char *name, *title; /* title NULL: none given */
	uint32_t line;
	struct conf_item *items;  /* in the order of the file */
	struct conf_sect *subs, *next;
};

struct conf_tree {
	struct conf_sect root;
	struct conf_chunk *chunks; /* all memory of the tree */
	const struct mem_ops *mem;
};

/* 0, or ERR_INVAL or ERR_NOMEM with *err filled. The text need not stay; file is kept by pointer in err. */
int conf_read(struct conf_tree *t, const struct mem_ops *mem, const char *file, const char *text, size_t len_oct,
	      struct conf_err *err);
void conf_tree_fini(struct conf_tree *t);

/* Fills *err; returns ERR_INVAL, so that a caller can return it. */
int conf_fail(struct conf_err *err, uint32_t line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
