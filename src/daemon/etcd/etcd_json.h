/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What is said to etcd and what it says, by its JSON gateway (/v3/...). Keys and values travel in base64, numbers of 64 bits as text, and
 * what is zero or false is left out.
 */
#include "core/shared.h"

/* Bodies of requests; the caller frees them; NULL: no memory. prefix: of every key. */
/* As fx_shared_next reads them. */
struct etcd_txn { const uint8_t *ops; uint32_t n_ops; };
/* Transactions that touch no key in common, as one. When something is not as expected, the key "head" is read instead. */
char *etcd_txn_body(const char *prefix, const struct etcd_txn *parts, uint32_t n_parts);
/* Have they a key in common? "head", which each of them writes and none asks about, does not count. */
bool etcd_txn_touch(const struct etcd_txn *a, const struct etcd_txn *b);
/* Records behind after (NULL: from the first on), as they were at rev (0: now). */
char *etcd_range_body(const char *prefix, const char *after, uint32_t limit, uint64_t rev);
char *etcd_head_body(const char *prefix);
/* Changes of records from rev on. */
char *etcd_watch_body(const char *prefix, uint64_t rev);
char *etcd_auth_body(const char *user, const char *password);

struct etcd_kv {
	char key[SHARED_KEY_OCT + SHARED_NAME_OCT]; /* with the prefix */
	size_t key_len_oct;
	const uint8_t *val;            /* NULL: deleted. Lent */
	size_t val_len_oct;
	uint64_t rev;
};
typedef void (*etcd_kv_fn)(void *ctx, const struct etcd_kv *kv);

/* False: this is no such answer. */
/* rev: of the transaction; of one that did not take place that of "head". */
bool etcd_txn_parse(const char *text, size_t len_oct, bool *took_place, uint64_t *rev);
bool etcd_range_parse(const char *text, size_t len_oct, uint64_t *rev, bool *has_more, etcd_kv_fn fn, void *ctx);
bool etcd_auth_parse(const char *text, size_t len_oct, char *token, size_t cap_oct);

struct etcd_watch {
	bool is_created, is_cancelled;
	uint64_t compact_rev;          /* what was asked for is forgotten: nothing before this is there */
	uint64_t rev;                  /* of the last change in it; 0: none */
	char why[160];
};
bool etcd_watch_parse(const char *text, size_t len_oct, struct etcd_watch *out, etcd_kv_fn fn, void *ctx);
/* What an answer that is none says for itself; "" when nothing. */
void etcd_error_parse(const char *text, size_t len_oct, char *why, size_t cap_oct);
