/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A resizable hash table of pointers to entries that the caller owns; the key is a
 * run of bytes at a fixed offset in the entry. Open addressing, linear probing,
 * deletion by shifting back, growth in small steps: while a resize is under way both arrays
 * are searched and every insertion moves a few entries, so that no single one is slow.
 * The hash is SipHash-like keyed by a seed from the rng, so that peers cannot choose collisions.
 */
#include <stdbool.h>

#include "base/mem.h"

struct table {
	void **slots, **old;          /* old: being drained. Behind each array the hashes of its entries' keys, 32 bits each */
	uint32_t cap, old_cap;        /* powers of two */
	uint32_t n, old_n, old_pos;
	uint32_t key_off, key_len_oct;
	uint64_t seed[2];
	const struct mem_ops *mem;
};

void table_init(struct table *t, const struct mem_ops *mem, const struct rng *rng,
		size_t key_off, size_t key_len_oct);
/* Frees the arrays, not the entries. */
void table_fini(struct table *t);

void *table_find(const struct table *t, const void *key);
/* 0, ERR_EXISTS or ERR_NOMEM. */
int table_add(struct table *t, void *entry);
/* Removes and returns the entry, or NULL. */
void *table_del(struct table *t, const void *key);
static inline uint32_t table_count(const struct table *t) { return t->n + t->old_n; }

/* Visits every entry once, in no particular order; start with *it = 0; NULL at the end. The
 * table must not change meanwhile. */
void *table_next(const struct table *t, uint64_t *it);
