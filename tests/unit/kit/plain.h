/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* What any test may need, with or without an engine: addresses and prefixes of either family from text, and memory from the heap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/mem.h"

static inline struct addr6 plain_addr(const char *text)
{
	struct addr6 a;
	assert_true(addr46_parse(&a, text));
	return a;
}

static inline struct prefix6 plain_prefix(const char *text)
{
	struct prefix6 p;
	assert_true(prefix46_parse(&p, text));
	return p;
}

static inline void *plain_resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	if (n)
		return realloc(old, n);
	free(old);
	return NULL;
}
static const struct mem_ops plain_heap = {plain_resize, NULL};
