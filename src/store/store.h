/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Records that survive a restart: (table, key) -> value.
 *
 * Writing is appending. All records of one commit become one row of a journal, in one SQLite
 * transaction; that is what a registration waits for. Later, when there is time, the journal
 * is folded into the table of records, a few rows a step. At start the rest is folded
 * first, so reading sees one value a key.
 *
 * One process at a time: the file is locked while open.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/effect.h"

/* What a commit promises once store_commit has returned. */
enum store_sync {
	STORE_SYNC_NORMAL, /* survives the end of the process, however sudden; a power loss may take back the last commits */
	STORE_SYNC_FULL,   /* survives a power loss: one fsync a commit */
};

struct store;

/* Opens or creates dir/roamd.db. 0, ERR_NOMEM, or ERR_SYS and *remedy a sentence. */
int store_open(struct store **s, const char *dir, enum store_sync sync, const char **remedy);
/* Folds nothing, closes. What was not committed is lost. */
void store_close(struct store *s);

/* Into the batch; nothing is written before store_commit. 0 or ERR_NOMEM. */
int store_put(struct store *s, enum store_table table, const void *key, size_t key_len_oct,
	      const void *val, size_t val_len_oct);
int store_del(struct store *s, enum store_table table, const void *key, size_t key_len_oct);
/* The batch in one transaction; 0 at once when it is empty. ERR_SYS: nothing of it was written, and the
 * batch is kept: call again later. */
int store_commit(struct store *s);

/* Folds journal rows until about max_records records are folded. 1: more is left, 0: none, or ERR_SYS. */
int store_fold(struct store *s, uint32_t max_records);
/* Folds everything, then calls back for each record, in no promised order; a false stops.
 * 0 or ERR_SYS. */
int store_each(struct store *s, bool (*fn)(void *ctx, enum store_table table, const uint8_t *key, size_t key_len_oct,
					   const uint8_t *val, size_t val_len_oct), void *ctx);

/* One record's value as of the last commit: *val_len_oct is the room in val, then its length. 0, ERR_NOTFOUND, or ERR_SYS. Folds everything. */
int store_find(struct store *s, enum store_table table, const void *key, size_t key_len_oct, void *val, size_t *val_len_oct);

struct store_stats {
	uint64_t commits, records;     /* since open */
	uint64_t journal_rows;         /* not folded yet */
	uint64_t failed_commits;
};
struct store_stats store_stats(const struct store *s);
