/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal: journal(seq, batch), one row a commit, where batch is records back to back:
 * kind (1 put, 0 delete), table, key length, value length (16 bits each), key, value. The table:
 * record(tab, key, val). Folding applies rows in order and deletes them, in one transaction.
 *
 * SQLite runs in write-ahead mode. Moving the log into the database is the work of a thread with its
 * own connection (checkpoint.c), so that its fsync never holds up a commit.
 */
#include "store/store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/err.h"
#include "store/checkpoint.h"

enum { SCHEMA = 1, HEAD_OCT = 6, PATH_OCT = 512, WAL_PAGES = 1000 };

struct store {
	sqlite3 *db;
	sqlite3_stmt *append, *rows, *forget, *put, *del, *each, *find;
	struct checkpoint *checkpoint;
	int lock_fd;
	uint8_t *batch;
	size_t batch_len, batch_cap;
	uint32_t batch_records;
	int wal_told;            /* pages in the log when the thread was last woken */
	struct store_stats stats;
};

static const char schema_sql[] =
	"CREATE TABLE IF NOT EXISTS journal(seq INTEGER PRIMARY KEY, batch BLOB NOT NULL);"
	"CREATE TABLE IF NOT EXISTS record(tab INTEGER, key BLOB, val BLOB NOT NULL, PRIMARY KEY(tab, key)) WITHOUT ROWID;"
	"PRAGMA user_version = 1;";

static bool exec(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* Runs a statement that gives no rows, and makes it ready for the next time. */
static bool run(sqlite3_stmt *st)
{
	int rc = sqlite3_step(st);
	sqlite3_reset(st);
	return rc == SQLITE_DONE;
}

static int64_t query_int(sqlite3 *db, const char *sql, int64_t otherwise)
{
	sqlite3_stmt *st;
	int64_t v = otherwise;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		return otherwise;
	if (sqlite3_step(st) == SQLITE_ROW)
		v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return v;
}

static bool prepare(struct store *s)
{
	const struct { sqlite3_stmt **st; const char *sql; } all[] = {
		{&s->append, "INSERT INTO journal(batch) VALUES(?1)"},
		{&s->rows, "SELECT seq, batch FROM journal ORDER BY seq"},
		{&s->forget, "DELETE FROM journal WHERE seq <= ?1"},
		{&s->put, "INSERT INTO record(tab, key, val) VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET val = ?3"},
		{&s->del, "DELETE FROM record WHERE tab = ?1 AND key = ?2"},
		{&s->each, "SELECT tab, key, val FROM record"},
		{&s->find, "SELECT val FROM record WHERE tab = ?1 AND key = ?2"},
	};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (sqlite3_prepare_v3(s->db, all[i].sql, -1, SQLITE_PREPARE_PERSISTENT, all[i].st, NULL) != SQLITE_OK)
			return false;
	return true;
}

/* NULL or a remedy. */
static const char *open_db(struct store *s, const char *path, enum store_sync sync)
{
	if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return "the file roamd.db in state-dir cannot be opened: check that the directory is writable";
	sqlite3_busy_timeout(s->db, 1000);
	if (!exec(s->db, "PRAGMA journal_mode = WAL") ||
	    !exec(s->db, sync == STORE_SYNC_FULL ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL") ||
	    !exec(s->db, "PRAGMA journal_size_limit = 67108864"))
		return "the file roamd.db in state-dir is damaged or no database: move it away; mobiles register again";
	if (query_int(s->db, "PRAGMA user_version", -1) > SCHEMA)
		return "the file roamd.db in state-dir was written by a newer roamd: run that one, or move the file away";
	if (!exec(s->db, schema_sql) || !prepare(s))
		return "the file roamd.db in state-dir cannot be used: move it away; mobiles register again";
	s->stats.journal_rows = (uint64_t)query_int(s->db, "SELECT count(*) FROM journal", 0);
	return NULL;
}

static const char *lock(struct store *s, const char *dir)
{
	char path[PATH_OCT];

	snprintf(path, sizeof path, "%s/roamd.lock", dir);
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return "state-dir does not exist or is not writable: create it for root";
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB))
		return "another roamd uses this state-dir: give each daemon its own";
	return NULL;
}

static int on_wal(void *ctx, sqlite3 *db, const char *name, int n_pages)
{
	struct store *s = ctx;

	(void)db;
	(void)name;
	/* Once a log's worth of pages: while commits follow each other, the log grows on and cannot begin anew. */
	if (n_pages < s->wal_told)
		s->wal_told = 0;
	if (n_pages - s->wal_told >= WAL_PAGES) {
		s->wal_told = n_pages;
		checkpoint_wake(s->checkpoint);
	}
	return SQLITE_OK;
}

int store_open(struct store **out, const char *dir, enum store_sync sync, const char **remedy)
{
	char path[PATH_OCT];
	struct store *s = calloc(1, sizeof *s);

	*out = NULL;
	*remedy = "not enough memory";
	if (!s)
		return ERR_NOMEM;
	snprintf(path, sizeof path, "%s/roamd.db", dir);
	*remedy = lock(s, dir);
	if (!*remedy)
		*remedy = open_db(s, path, sync);
	if (!*remedy && !(s->checkpoint = checkpoint_start(path)))
		*remedy = "the thread that tidies the store cannot be started: raise the limit of processes";
	if (*remedy) {
		store_close(s);
		return ERR_SYS;
	}
	sqlite3_wal_hook(s->db, on_wal, s);
	*out = s;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	checkpoint_stop(s->checkpoint);
	sqlite3_stmt *all[] = {s->append, s->rows, s->forget, s->put, s->del, s->each, s->find};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		sqlite3_finalize(all[i]);
	sqlite3_close(s->db);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s->batch);
	free(s);
}

static int append(struct store *s, bool is_put, enum store_table table, const void *key, size_t key_len, const void *val,
		  size_t val_len)
{
	const size_t len = HEAD_OCT + key_len + val_len;

	if (!s->batch || s->batch_cap - s->batch_len < len) {
		size_t cap = (s->batch_cap + len) * 2;
		uint8_t *more = realloc(s->batch, cap);
		if (!more)
			return ERR_NOMEM;
		s->batch = more;
		s->batch_cap = cap;
	}
	struct wr w = wr_of(s->batch + s->batch_len, len);
	wr_u8(&w, is_put);
	wr_u8(&w, (uint8_t)table);
	wr_u16(&w, (uint16_t)key_len);
	wr_u16(&w, (uint16_t)val_len);
	wr_bytes(&w, key, key_len);
	wr_bytes(&w, val, val_len);
	s->batch_len += len;
	s->batch_records++;
	return 0;
}

int store_put(struct store *s, enum store_table table, const void *key, size_t key_len, const void *val, size_t val_len)
{
	return append(s, true, table, key, key_len, val, val_len);
}

int store_del(struct store *s, enum store_table table, const void *key, size_t key_len)
{
	return append(s, false, table, key, key_len, NULL, 0);
}

int store_commit(struct store *s)
{
	if (!s->batch_len)
		return 0;
	sqlite3_bind_blob64(s->append, 1, s->batch, s->batch_len, SQLITE_STATIC);
	if (!run(s->append)) {
		s->stats.failed_commits++;
		return ERR_SYS;
	}
	s->stats.commits++;
	s->stats.records += s->batch_records;
	s->stats.journal_rows++;
	s->batch_len = 0;
	s->batch_records = 0;
	return 0;
}

static bool apply(struct store *s, bool is_put, int table, const uint8_t *key, size_t key_len, const uint8_t *val, size_t val_len)
{
	sqlite3_stmt *st = is_put ? s->put : s->del;

	sqlite3_bind_int(st, 1, table);
	sqlite3_bind_blob(st, 2, key, (int)key_len, SQLITE_STATIC);
	if (is_put)
		sqlite3_bind_blob(st, 3, val ? (const void *)val : "", (int)val_len, SQLITE_STATIC);
	return run(st);
}

/* Records applied, or -1. */
static int64_t apply_row(struct store *s, const uint8_t *batch, size_t len)
{
	struct rd r = rd_of(batch, len);
	int64_t n = 0;

	while (rd_left(&r)) {
		bool is_put = rd_u8(&r);
		int table = rd_u8(&r);
		uint16_t key_len = rd_u16(&r), val_len = rd_u16(&r);
		const uint8_t *key = rd_take(&r, key_len), *val = rd_take(&r, val_len);
		if (!rd_ok(&r) || !apply(s, is_put, table, key, key_len, val, val_len))
			return -1;
		n++;
	}
	return n;
}

/* Rows in order until max_records are applied. The last row's number, 0 when there was none, -1 on failure. */
static int64_t apply_rows(struct store *s, uint32_t max_records, uint64_t *n_rows)
{
	int64_t seq = 0, n = 0;
	int rc;

	while (n < max_records && (rc = sqlite3_step(s->rows)) == SQLITE_ROW) {
		int64_t done = apply_row(s, sqlite3_column_blob(s->rows, 1), (size_t)sqlite3_column_bytes(s->rows, 1));
		if (done < 0) {
			seq = -1;
			break;
		}
		seq = sqlite3_column_int64(s->rows, 0);
		n += done;
		++*n_rows;
	}
	sqlite3_reset(s->rows);
	return seq;
}

int store_fold(struct store *s, uint32_t max_records)
{
	uint64_t n_rows = 0;

	if (!s->stats.journal_rows)
		return 0;
	if (!exec(s->db, "BEGIN IMMEDIATE"))
		return ERR_SYS;
	int64_t seq = apply_rows(s, max_records, &n_rows);
	sqlite3_bind_int64(s->forget, 1, seq);
	if (seq < 0 || !run(s->forget) || !exec(s->db, "COMMIT")) {
		exec(s->db, "ROLLBACK");
		return ERR_SYS;
	}
	s->stats.journal_rows -= n_rows;
	return s->stats.journal_rows > 0;
}

static int fold_all(struct store *s)
{
	int rc = 1;

	while (rc == 1)
		rc = store_fold(s, 100000);
	return rc;
}

int store_find(struct store *s, enum store_table table, const void *key, size_t key_len, void *val, size_t *val_len)
{
	int rc = fold_all(s);

	if (rc)
		return rc;
	sqlite3_bind_int(s->find, 1, (int)table);
	sqlite3_bind_blob(s->find, 2, key, (int)key_len, SQLITE_STATIC);
	rc = sqlite3_step(s->find);
	if (rc == SQLITE_ROW) {
		const size_t n = (size_t)sqlite3_column_bytes(s->find, 0);
		if (n && n <= *val_len)
			memcpy(val, sqlite3_column_blob(s->find, 0), n);
		rc = n <= *val_len ? 0 : ERR_SYS;
		*val_len = n;
	} else {
		rc = rc == SQLITE_DONE ? ERR_NOTFOUND : ERR_SYS;
	}
	sqlite3_reset(s->find);
	return rc;
}

int store_each(struct store *s, bool (*fn)(void *ctx, enum store_table table, const uint8_t *key, size_t key_len,
					   const uint8_t *val, size_t val_len), void *ctx)
{
	int rc = fold_all(s);

	if (rc)
		return rc;
	while ((rc = sqlite3_step(s->each)) == SQLITE_ROW)
		if (!fn(ctx, (enum store_table)sqlite3_column_int(s->each, 0), sqlite3_column_blob(s->each, 1),
			(size_t)sqlite3_column_bytes(s->each, 1), sqlite3_column_blob(s->each, 2),
			(size_t)sqlite3_column_bytes(s->each, 2)))
			break;
	sqlite3_reset(s->each);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : ERR_SYS;
}

struct store_stats store_stats(const struct store *s)
{
	return s->stats;
}
