/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * From a tree of text to configuration structs, by the tables of base/conf.h, and from
 * the same tables the dump and the rows of the manual. Used by the daemon and, for its
 * scenarios, by the simulator.
 */
#include <stdio.h>

#include "base/conf.h"
#include "daemon/conf/conf_read.h"

/* Fills out (block->struct_size bytes, zeroed here) from the section: defaults, values, limits, sub-blocks,
 * and last block->add. parent: the enclosing struct, NULL for an outermost block. 0, ERR_INVAL or ERR_NOMEM with *err
 * filled; after an error of an outermost block its fini has been called. */
int conf_fill(const struct conf_block *block, const struct conf_sect *sect, void *parent, void *out,
	      const struct mem_ops *mem, struct conf_err *err);

/* The section as a file would have it, defaults written out, values in canonical form. keyword: "role ha"
 * where it differs from the block's name; NULL: the name. The section must have passed conf_fill. */
void conf_dump(const struct conf_block *block, const struct conf_sect *sect, const char *keyword, FILE *to);

/* The block's rows as an mdoc(7) list. */
void conf_dump_man(const struct conf_block *block, const char *keyword, FILE *to);
