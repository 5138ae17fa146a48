/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said to etcd's JSON gateway, in full, and what it says: answers of etcd 3.4, mutilated ones, and everything that is no answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/effect.h"
#include "daemon/etcd/etcd_json.h"
#include "../kit/plain.h"

static struct shared_op op(enum shared_how how, enum shared_expect expect, uint64_t rev, const char *key, const char *val)
{
	return (struct shared_op){how, expect, rev, key, (const uint8_t *)val, (uint16_t)strlen(key), (uint16_t)strlen(val)};
}

static void says(char *body, const char *want)
{
	assert_non_null(body);
	assert_string_equal(body, want);
	free(body);
}

static void transactions(void **state)
{
	(void)state;
	struct effq q;
	effq_init(&q, &plain_heap);
	const struct shared_op one[] = {op(SHARED_DEL, SHARED_SAME, 7, "a", ""), op(SHARED_PUT, SHARED_ABSENT, 0, "b", "v"), op(SHARED_PUT, SHARED_ANY, 0, "head", "")};
	const struct shared_op two[] = {op(SHARED_PUT, SHARED_ABSENT, 0, "c", "w"), op(SHARED_PUT, SHARED_ANY, 0, "head", "")};
	fx_shared(&q, ROLE_MM, 1, one, 3);
	fx_shared(&q, ROLE_MM, 2, two, 2);
	const struct etcd_txn part[] = {{effq_bytes(&q, q.fx[0].shared.off), 3}, {effq_bytes(&q, q.fx[1].shared.off), 2}};
	says(etcd_txn_body("/p/", part, 1),
	     "{\"compare\":[{\"target\":\"MOD\",\"result\":\"EQUAL\",\"key\":\"L3AvYQ==\",\"mod_revision\":\"7\"},"
	     "{\"target\":\"CREATE\",\"result\":\"EQUAL\",\"key\":\"L3AvYg==\",\"create_revision\":\"0\"}],"
	     "\"success\":[{\"request_delete_range\":{\"key\":\"L3AvYQ==\"}},{\"request_put\":{\"key\":\"L3AvYg==\",\"value\":\"dg==\"}},"
	     "{\"request_put\":{\"key\":\"L3AvaGVhZA==\",\"value\":\"\"}}],\"failure\":[{\"request_range\":{\"key\":\"L3AvaGVhZA==\"}}]}");
	/* Two as one: "head" once. */
	char *both = etcd_txn_body("/p/", part, 2);
	assert_non_null(strstr(both, "L3AvYw=="));
	char *head = strstr(both, "\"request_put\":{\"key\":\"L3AvaGVhZA==\"");
	assert_true(head && !strstr(head + 1, "\"request_put\":{\"key\":\"L3AvaGVhZA==\""));
	free(both);
	assert_false(etcd_txn_touch(&part[0], &part[1]));
	assert_true(etcd_txn_touch(&part[0], &part[0]));
	effq_fini(&q);
}

static void reading(void **state)
{
	(void)state;
	says(etcd_range_body("/p/", NULL, 500, 0), "{\"key\":\"L3AvZGV2aWNlLw==\",\"range_end\":\"L3AvZGV2aWNlMA==\",\"limit\":\"500\",\"revision\":\"0\"}");
	says(etcd_range_body("/p/", "/p/device/x", 2, 18446744073709551615u),
	     "{\"key\":\"L3AvZGV2aWNlL3gA\",\"range_end\":\"L3AvZGV2aWNlMA==\",\"limit\":\"2\",\"revision\":\"18446744073709551615\"}");
	says(etcd_watch_body("/p/", 9), "{\"create_request\":{\"key\":\"L3AvZGV2aWNlLw==\",\"range_end\":\"L3AvZGV2aWNlMA==\",\"start_revision\":\"9\"}}");
	says(etcd_head_body("/p/"), "{\"key\":\"L3AvaGVhZA==\"}");
	says(etcd_auth_body("mm\"1", "pass"), "{\"name\":\"mm\\\"1\",\"password\":\"pass\"}");
}

struct got { uint32_t n; struct etcd_kv last; uint8_t val[64]; };

static void take(void *ctx, const struct etcd_kv *kv)
{
	struct got *g = ctx;
	g->n++;
	g->last = *kv;
	if (kv->val)
		memcpy(g->val, kv->val, kv->val_len_oct < sizeof g->val ? kv->val_len_oct : sizeof g->val);
}

static void answers(void **state)
{
	(void)state;
	static const char yes[] = "{\"header\":{\"cluster_id\":\"1\",\"revision\":\"12\"},\"succeeded\":true,\"responses\":[{\"response_put\":{\"header\":{\"revision\":\"12\"}}}]}";
	static const char no[] = "{\"header\":{\"revision\":\"99\"},\"responses\":[{\"response_range\":{\"kvs\":[{\"key\":\"aGVhZA==\",\"mod_revision\":\"11\"}],\"count\":\"1\"}}]}";
	static const char range[] = "{\"header\":{\"revision\":\"20\"},\"kvs\":[{\"key\":\"L3AvYQ==\",\"mod_revision\":\"3\",\"value\":\"dmFs\"},"
				    "{\"key\":\"L3AvYg==\",\"mod_revision\":\"4\"}],\"more\":true,\"count\":\"9\"}";
	struct got g = {0};
	bool took, more;
	uint64_t rev;
	char token[32];

	assert_true(etcd_txn_parse(yes, sizeof yes - 1, &took, &rev) && took && rev == 12);
	assert_true(etcd_txn_parse(no, sizeof no - 1, &took, &rev) && !took && rev == 11);
	assert_true(etcd_range_parse(range, sizeof range - 1, &rev, &more, take, &g) && rev == 20 && more);
	assert_true(g.n == 2 && g.last.rev == 4 && g.last.val && g.last.val_len_oct == 0 && strcmp(g.last.key, "/p/b") == 0);
	assert_true(etcd_auth_parse("{\"header\":{},\"token\":\"abc.7\"}", 29, token, sizeof token));
	assert_string_equal(token, "abc.7");
	assert_false(etcd_auth_parse("{\"token\":\"0123456789012345678901234567890123\"}", 46, token, sizeof token));
	etcd_error_parse("{\"error\":\"etcdserver: no leader\",\"message\":\"etcdserver: no leader\",\"code\":14}", 77, token, sizeof token);
	assert_string_equal(token, "etcdserver: no leader");
	for (size_t n = 0; n < sizeof yes - 1; n++)
		assert_false(etcd_txn_parse(yes, n, &took, &rev));
	for (size_t n = 0; n < sizeof range - 1; n++)
		assert_false(etcd_range_parse(range, n, &rev, &more, take, &g));
}

static void changes(void **state)
{
	(void)state;
	static const char events[] = "{\"result\":{\"header\":{\"revision\":\"31\"},\"events\":[{\"kv\":{\"key\":\"L3AvYQ==\",\"create_revision\":\"2\",\"mod_revision\":\"30\",\"version\":\"1\","
				     "\"value\":\"dmFs\"}},{\"type\":\"DELETE\",\"kv\":{\"key\":\"L3AvYg==\",\"mod_revision\":\"31\"}}]}}";
	static const char old[] = "{\"result\":{\"header\":{\"revision\":\"31\"},\"created\":true,\"canceled\":true,\"compact_revision\":\"28\",\"cancel_reason\":\"compacted\"}}";
	static const char error[] = "{\"error\":{\"grpc_code\":14,\"http_code\":503,\"message\":\"no leader\"}}";
	struct got g = {0};
	struct etcd_watch w;

	assert_true(etcd_watch_parse(events, sizeof events - 1, &w, take, &g));
	assert_true(g.n == 2 && w.rev == 31 && !w.is_created && !w.is_cancelled && g.last.rev == 31 && !g.last.val && memcmp(g.val, "val", 3) == 0);
	assert_true(etcd_watch_parse(old, sizeof old - 1, &w, take, &g));
	assert_true(w.is_created && w.is_cancelled && w.compact_rev == 28 && w.rev == 0 && strcmp(w.why, "compacted") == 0);
	assert_true(etcd_watch_parse(error, sizeof error - 1, &w, take, &g) && w.is_cancelled && strcmp(w.why, "no leader") == 0);
	for (size_t n = 0; n < sizeof events - 1; n++)
		assert_false(etcd_watch_parse(events, n, &w, take, &g));
	assert_int_equal(g.n, 2);
}

/* What another program put there, or what no etcd says. */
static void strangers(void **state)
{
	(void)state;
	static const char *const odd[] = {
		"", "null", "[]", "7", "\"x\"", "{}", "{\"header\":7}", "{\"header\":{\"revision\":[]},\"kvs\":7}", "{\"header\":{},\"kvs\":[7,null,{},{\"key\":7}]}",
		"{\"header\":{},\"kvs\":[{\"key\":\"a\"},{\"key\":\"!!!!\"},{\"key\":\"YQ==\",\"value\":\"Y\"}]}", "{\"header\":{},\"responses\":[{}]}",
		"{\"result\":{\"events\":[7,{\"kv\":7},{\"type\":7,\"kv\":{}}]}}", "{\"result\":[]}", "{\"error\":7}", "{\"token\":7}", "\xff\xfe"};
	struct got g = {0};
	struct etcd_watch w;
	bool a;
	uint64_t rev;
	char text[16], big[8000];

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		(void)etcd_txn_parse(odd[i], strlen(odd[i]), &a, &rev);
		(void)etcd_range_parse(odd[i], strlen(odd[i]), &rev, &a, take, &g);
		(void)etcd_watch_parse(odd[i], strlen(odd[i]), &w, take, &g);
		(void)etcd_auth_parse(odd[i], strlen(odd[i]), text, sizeof text);
		etcd_error_parse(odd[i], strlen(odd[i]), text, sizeof text);
	}
	assert_int_equal(g.n, 0);
	/* Values and keys that are longer than any of ours are passed over. */
	memset(big, 'Q', sizeof big);
	const size_t n = (size_t)snprintf(big, sizeof big, "{\"header\":{},\"kvs\":[{\"key\":\"YQ==\",\"value\":\"");
	big[n] = 'Q';
	memcpy(big + n + 4000, "\"}]}", 4);
	assert_true(etcd_range_parse(big, n + 4004, &rev, &a, take, &g));
	assert_int_equal(g.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(transactions), cmocka_unit_test(reading), cmocka_unit_test(answers), cmocka_unit_test(changes),
					   cmocka_unit_test(strangers)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
