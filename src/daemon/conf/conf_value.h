/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* One value of a configuration row: text to memory and back. */
#include "base/conf.h"
#include "daemon/conf/conf_read.h"

enum { CONF_VALUE_MAX = 512 }; /* octets of one value in canonical form, the end included */

bool conf_type_is_list(enum conf_type t);
/* Of a list's elements; the type itself when it is none. */
enum conf_type conf_type_element(enum conf_type t);
/* Bytes of one element in the configuration struct. */
size_t conf_type_size(const struct conf_row *row);
/* "address", "milliseconds": for messages and the manual. */
const char *conf_type_str(enum conf_type t);

/* 0, or ERR_INVAL with *err filled for that line: what the value must be. */
int conf_value_parse(const struct conf_row *row, const char *text, void *dst, uint32_t line, struct conf_err *err);
/* The canonical text of a value, such that parsing it gives the same value. Returns buf. */
char *conf_value_format(const struct conf_row *row, const void *src, char *buf, size_t size_oct);
/* Does the text need quotes in a file? Numbers and booleans do not. */
bool conf_type_is_quoted(enum conf_type t);
