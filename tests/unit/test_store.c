/* SPDX-License-Identifier: BSD-2-Clause */
/* The store: what was committed survives the sudden end of the process, what was not does not; folding changes
 * nothing that a reader sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "store/store.h"

static char dir[64];

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/roamcast-store-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	char path[128];
	static const char *const files[] = {"roamd.db", "roamd.db-wal", "roamd.db-shm", "roamd.lock"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		unlink(path);
	}
	return rmdir(dir);
}

static struct store *reopen(struct store *old)
{
	const char *remedy;
	struct store *s;

	store_close(old);
	assert_int_equal(store_open(&s, dir, STORE_SYNC_NORMAL, &remedy), 0);
	return s;
}

struct seen { uint32_t n; char text[4096]; };

static bool note(void *ctx, enum store_table table, const uint8_t *key, size_t key_len, const uint8_t *val, size_t val_len)
{
	struct seen *s = ctx;
	size_t at = strlen(s->text);

	s->n++;
	if (at < sizeof s->text - 64)
		snprintf(s->text + at, sizeof s->text - at, "%d:%.*s=%.*s ", (int)table, (int)key_len, (const char *)key, (int)val_len,
			 (const char *)val);
	return true;
}

/* All records, in the order of the tables and keys (SQLite's own order of this table). */
static const char *all(struct store *s)
{
	static struct seen seen;

	memset(&seen, 0, sizeof seen);
	assert_int_equal(store_each(s, note, &seen), 0);
	return seen.text;
}

static void put(struct store *s, enum store_table t, const char *key, const char *val)
{
	assert_int_equal(store_put(s, t, key, strlen(key), val, strlen(val)), 0);
}

static void the_last_value_wins(void **state)
{
	(void)state;
	struct store *s = reopen(NULL);

	put(s, STORE_BINDING_HA, "a", "1");
	put(s, STORE_BINDING_HA, "b", "2");
	put(s, STORE_MN, "a", "other");
	assert_int_equal(store_commit(s), 0);
	put(s, STORE_BINDING_HA, "a", "3");
	put(s, STORE_BINDING_HA, "c", "");
	assert_int_equal(store_del(s, STORE_BINDING_HA, "b", 1), 0);
	assert_int_equal(store_del(s, STORE_BINDING_HA, "never", 5), 0);
	assert_int_equal(store_commit(s), 0);
	s = reopen(s);
	assert_string_equal(all(s), "1:a=3 1:c= 4:a=other ");
	store_close(s);
}

static void uncommitted_is_lost_committed_is_not(void **state)
{
	(void)state;
	pid_t pid = fork();

	if (pid == 0) {
		struct store *s = reopen(NULL);
		put(s, STORE_COUNTER, "kept", "1");
		if (store_commit(s))
			_exit(1);
		put(s, STORE_COUNTER, "lost", "1");
		_exit(0); /* as a kill would: nothing is closed */
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	struct store *s = reopen(NULL);
	assert_string_equal(all(s), "3:kept=1 ");
	store_close(s);
}

static void folding_in_steps_changes_nothing(void **state)
{
	(void)state;
	struct store *s = reopen(NULL);
	char key[16];
	int rc;

	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof key, "%d", i % 10);
		put(s, STORE_MN, key, i < 90 ? "old" : "new");
		assert_int_equal(store_commit(s), 0);
	}
	assert_int_equal(store_stats(s).journal_rows, 100);
	assert_int_equal(store_fold(s, 7), 1);
	assert_int_equal(store_stats(s).journal_rows, 93);
	s = reopen(s);
	assert_int_equal(store_stats(s).journal_rows, 93);
	while ((rc = store_fold(s, 10)) == 1)
		;
	assert_int_equal(rc, 0);
	assert_int_equal(store_stats(s).journal_rows, 0);
	assert_string_equal(all(s), "4:0=new 4:1=new 4:2=new 4:3=new 4:4=new 4:5=new 4:6=new 4:7=new 4:8=new 4:9=new ");
	store_close(s);
}

static void one_record_is_found(void **state)
{
	(void)state;
	struct store *s = reopen(NULL);
	char val[8];
	size_t n = sizeof val;

	assert_int_equal(store_find(s, STORE_COUNTER, "a", 1, val, &n), ERR_NOTFOUND);
	put(s, STORE_COUNTER, "a", "1");
	put(s, STORE_COUNTER, "a", "22");
	put(s, STORE_MN, "a", "3");
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_find(s, STORE_COUNTER, "a", 1, val, &n), 0);
	assert_int_equal(n, 2);
	assert_memory_equal(val, "22", 2);
	n = 1;
	assert_int_equal(store_find(s, STORE_COUNTER, "a", 1, val, &n), ERR_SYS); /* no room */
	store_close(s);
}

static void a_batch_is_one_row(void **state)
{
	(void)state;
	struct store *s = reopen(NULL);
	char key[16];

	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof key, "%d", i);
		put(s, STORE_BINDING_MMA, key, "0123456789");
	}
	assert_int_equal(store_commit(s), 0);
	assert_int_equal(store_commit(s), 0); /* empty: nothing happens */
	assert_int_equal(store_stats(s).commits, 1);
	assert_int_equal(store_stats(s).records, 1000);
	assert_int_equal(store_stats(s).journal_rows, 1);
	struct seen seen = {0};
	s = reopen(s);
	assert_int_equal(store_each(s, note, &seen), 0);
	assert_int_equal(seen.n, 1000);
	store_close(s);
}

static void a_second_daemon_is_refused(void **state)
{
	(void)state;
	struct store *s = reopen(NULL), *other;
	const char *remedy;

	assert_int_equal(store_open(&other, dir, STORE_SYNC_FULL, &remedy), ERR_SYS);
	assert_null(other);
	assert_non_null(strstr(remedy, "give each daemon its own"));
	store_close(s);
	assert_int_equal(store_open(&s, "/nonexistent", STORE_SYNC_FULL, &remedy), ERR_SYS);
	assert_non_null(strstr(remedy, "create it"));
}

static void damage_is_told(void **state)
{
	(void)state;
	char path[128];
	const char *remedy;
	struct store *s;

	snprintf(path, sizeof path, "%s/roamd.db", dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 1000; i++)
		fputs("this is no database ", f);
	fclose(f);
	assert_int_equal(store_open(&s, dir, STORE_SYNC_NORMAL, &remedy), ERR_SYS);
	assert_non_null(strstr(remedy, "move it away"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_last_value_wins),
		TEST(uncommitted_is_lost_committed_is_not),
		TEST(folding_in_steps_changes_nothing),
		TEST(one_record_is_found),
		TEST(a_batch_is_one_row),
		TEST(a_second_daemon_is_refused),
		TEST(damage_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
