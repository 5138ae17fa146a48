/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Fills a role's configuration struct from text in roamd.conf's syntax, by the role's own rows
 * (base/conf.h). It does no input or output, so that a scenario carries the very block that a daemon reads.
 *
 *     { address = "2001:db8:1::1"  home-prefix = {"2001:db8:1::/64"}  mobile "2001:db8:1::100" { key = "mn1" } }
 */
#include <stdbool.h>

#include "base/conf.h"

enum { CONF_ERR_LEN = 160 };

/* text: the block with its braces. Fills *out, of block->struct_size. False: err says what and in which line of the text. */
bool conf_fill(const struct conf_block *block, const char *text, void *out, char err[static CONF_ERR_LEN]);
