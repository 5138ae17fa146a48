/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/etcd/etcd_json.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/effect.h"

enum { KEY_OCT = SHARED_KEY_OCT + SHARED_NAME_OCT, BYTES_MAX = 1024, TEXT_MAX = (BYTES_MAX + 2) / 3 * 4 + 1 };

/* --- bodies ---------------------------------------------------------------------------------------------------- */

static json_t *base64(const void *bytes, size_t n)
{
	char text[TEXT_MAX];

	if (n > BYTES_MAX)
		return NULL;
	EVP_EncodeBlock((unsigned char *)text, bytes, (int)n);
	return json_string(text);
}

static json_t *key_of(const char *prefix, const char *key, size_t len)
{
	char whole[KEY_OCT];
	const int n = snprintf(whole, sizeof whole, "%s%.*s", prefix, (int)len, key);

	return n > 0 && (size_t)n < sizeof whole ? base64(whole, (size_t)n) : NULL;
}

static json_t *number(uint64_t v)
{
	char text[24];
	snprintf(text, sizeof text, "%llu", (unsigned long long)v);
	return json_string(text);
}

/* Takes what it is given, NULL too. */
static char *text_of(json_t *body)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	return text;
}

static json_t *compare_of(const char *prefix, const struct shared_op *o)
{
	if (o->expect == SHARED_ABSENT)
		return json_pack("{s:s, s:s, s:o, s:s}", "target", "CREATE", "result", "EQUAL", "key", key_of(prefix, o->key, o->key_len_oct),
				 "create_revision", "0");
	return json_pack("{s:s, s:s, s:o, s:o}", "target", "MOD", "result", "EQUAL", "key", key_of(prefix, o->key, o->key_len_oct), "mod_revision",
			 number(o->rev));
}

static json_t *success_of(const char *prefix, const struct shared_op *o)
{
	if (o->how == SHARED_DEL)
		return json_pack("{s:{s:o}}", "request_delete_range", "key", key_of(prefix, o->key, o->key_len_oct));
	return json_pack("{s:{s:o, s:o}}", "request_put", "key", key_of(prefix, o->key, o->key_len_oct), "value", base64(o->val, o->val_len_oct));
}

static json_t *head_of(const char *prefix) { return json_pack("{s:o}", "key", key_of(prefix, "head", 4)); }

static bool is_head(const struct shared_op *o) { return o->key_len_oct == 4 && memcmp(o->key, "head", 4) == 0; }

bool etcd_txn_touch(const struct etcd_txn *a, const struct etcd_txn *b)
{
	const uint8_t *at = a->ops;

	for (uint32_t i = 0; i < a->n_ops; i++) {
		const struct shared_op x = fx_shared_next(&at);
		const uint8_t *bt = b->ops;
		for (uint32_t k = 0; k < b->n_ops; k++) {
			const struct shared_op y = fx_shared_next(&bt);
			if (x.key_len_oct == y.key_len_oct && !is_head(&x) && memcmp(x.key, y.key, x.key_len_oct) == 0)
				return true;
		}
	}
	return false;
}

char *etcd_txn_body(const char *prefix, const struct etcd_txn *parts, uint32_t n_parts)
{
	json_t *compare = json_array(), *success = json_array();
	bool ok = compare && success, has_head = false;

	for (uint32_t p = 0; p < n_parts; p++) {
		const uint8_t *at = parts[p].ops;
		for (uint32_t i = 0; i < parts[p].n_ops; i++) {
			const struct shared_op o = fx_shared_next(&at);
			if (o.expect != SHARED_ANY)
				ok &= json_array_append_new(compare, compare_of(prefix, &o)) == 0;
			if (!is_head(&o) || !has_head)
				ok &= json_array_append_new(success, success_of(prefix, &o)) == 0;
			has_head |= is_head(&o);
		}
	}
	json_t *body = json_pack("{s:o, s:o, s:[{s:o}]}", "compare", compare, "success", success, "failure", "request_range", head_of(prefix));
	if (ok)
		return text_of(body);
	json_decref(body);
	return NULL;
}

char *etcd_range_body(const char *prefix, const char *after, uint32_t limit, uint64_t rev)
{
	static const char records[] = SHARED_RECORDS;
	char end[sizeof records];
	/* The key next to one is that and a zero octet. */
	json_t *from = after ? base64(after, strlen(after) + 1) : key_of(prefix, records, sizeof records - 1);

	memcpy(end, records, sizeof records);
	end[sizeof records - 2]++;
	return text_of(json_pack("{s:o, s:o, s:o, s:o}", "key", from, "range_end", key_of(prefix, end, sizeof records - 1), "limit", number(limit),
				 "revision", number(rev)));
}

char *etcd_head_body(const char *prefix) { return text_of(head_of(prefix)); }

char *etcd_watch_body(const char *prefix, uint64_t rev)
{
	static const char records[] = SHARED_RECORDS;
	char end[sizeof records];

	memcpy(end, records, sizeof records);
	end[sizeof records - 2]++;
	return text_of(json_pack("{s:{s:o, s:o, s:o}}", "create_request", "key", key_of(prefix, records, sizeof records - 1), "range_end",
				 key_of(prefix, end, sizeof records - 1), "start_revision", number(rev)));
}

char *etcd_auth_body(const char *user, const char *password)
{
	return text_of(json_pack("{s:s, s:s}", "name", user, "password", password));
}

/* --- answers --------------------------------------------------------------------------------------------------- */

static uint64_t number_of(const json_t *obj, const char *name)
{
	const json_t *v = json_object_get(obj, name);
	return json_is_string(v) ? strtoull(json_string_value(v), NULL, 10) : (uint64_t)json_integer_value(v);
}

static uint64_t header_rev(const json_t *obj) { return number_of(json_object_get(obj, "header"), "revision"); }

/* How many octets; -1: it is none, or longer than cap. */
static int unbase64(const json_t *text, uint8_t *out, size_t cap)
{
	uint8_t buf[TEXT_MAX];
	const char *s = json_string_value(text);
	const size_t n = s ? strlen(s) : 0;

	if (n == 0)
		return 0;
	if (n % 4 || n >= sizeof buf)
		return -1;
	const int len = EVP_DecodeBlock(buf, (const unsigned char *)s, (int)n) - (s[n - 1] == '=') - (s[n - 2] == '=');
	if (len < 0 || (size_t)len > cap)
		return -1;
	memcpy(out, buf, (size_t)len);
	return len;
}

static void give_kv(const json_t *obj, bool is_deleted, etcd_kv_fn fn, void *ctx)
{
	uint8_t val[BYTES_MAX];
	struct etcd_kv kv = {.rev = number_of(obj, "mod_revision")};
	const int key_len = unbase64(json_object_get(obj, "key"), (uint8_t *)kv.key, sizeof kv.key - 1);
	const int val_len = unbase64(json_object_get(obj, "value"), val, sizeof val);

	if (key_len <= 0 || val_len < 0)
		return; /* nothing that we put there */
	kv.key_len_oct = (size_t)key_len;
	kv.val = is_deleted ? NULL : val;
	kv.val_len_oct = is_deleted ? 0 : (size_t)val_len;
	fn(ctx, &kv);
}

bool etcd_txn_parse(const char *text, size_t len, bool *took_place, uint64_t *rev)
{
	json_t *obj = json_loadb(text, len, 0, NULL);
	const bool is_one = json_is_object(json_object_get(obj, "header"));

	*took_place = json_is_true(json_object_get(obj, "succeeded"));
	*rev = header_rev(obj);
	if (is_one && !*took_place) {
		const json_t *range = json_object_get(json_array_get(json_object_get(obj, "responses"), 0), "response_range");
		*rev = number_of(json_array_get(json_object_get(range, "kvs"), 0), "mod_revision");
	}
	json_decref(obj);
	return is_one;
}

bool etcd_range_parse(const char *text, size_t len, uint64_t *rev, bool *has_more, etcd_kv_fn fn, void *ctx)
{
	json_t *obj = json_loadb(text, len, 0, NULL), *kv;
	const bool is_one = json_is_object(json_object_get(obj, "header"));
	size_t i;

	*rev = header_rev(obj);
	*has_more = json_is_true(json_object_get(obj, "more"));
	json_array_foreach(json_object_get(obj, "kvs"), i, kv)
		give_kv(kv, false, fn, ctx);
	json_decref(obj);
	return is_one;
}

bool etcd_auth_parse(const char *text, size_t len, char *token, size_t cap)
{
	json_t *obj = json_loadb(text, len, 0, NULL);
	const char *s = json_string_value(json_object_get(obj, "token"));
	const bool is_one = s && strlen(s) < cap;

	if (is_one)
		snprintf(token, cap, "%s", s);
	json_decref(obj);
	return is_one;
}

static void why_of(const json_t *obj, char *why, size_t cap)
{
	const json_t *error = json_object_get(obj, "error");
	const char *s = json_string_value(json_object_get(json_is_object(error) ? error : obj, "message"));

	if (!s && json_is_string(error))
		s = json_string_value(error);
	snprintf(why, cap, "%s", s ? s : "");
}

static void give_events(const json_t *events, struct etcd_watch *out, etcd_kv_fn fn, void *ctx)
{
	json_t *ev;
	size_t i;

	json_array_foreach(events, i, ev) {
		const char *type = json_string_value(json_object_get(ev, "type"));
		const json_t *kv = json_object_get(ev, "kv");
		const uint64_t rev = number_of(kv, "mod_revision");
		out->rev = rev > out->rev ? rev : out->rev;
		give_kv(kv, type && strcmp(type, "DELETE") == 0, fn, ctx);
	}
}

bool etcd_watch_parse(const char *text, size_t len, struct etcd_watch *out, etcd_kv_fn fn, void *ctx)
{
	json_t *obj = json_loadb(text, len, 0, NULL);
	const json_t *result = json_object_get(obj, "result");
	const char *why = json_string_value(json_object_get(result, "cancel_reason"));

	*out = (struct etcd_watch){.is_created = json_is_true(json_object_get(result, "created")),
				   .is_cancelled = json_is_true(json_object_get(result, "canceled")) || json_object_get(obj, "error"),
				   .compact_rev = number_of(result, "compact_revision")};
	if (result)
		snprintf(out->why, sizeof out->why, "%s", why ? why : "");
	else
		why_of(obj, out->why, sizeof out->why);
	give_events(json_object_get(result, "events"), out, fn, ctx);
	const bool is_one = json_is_object(obj);
	json_decref(obj);
	return is_one;
}

void etcd_error_parse(const char *text, size_t len, char *why, size_t cap)
{
	json_t *obj = json_loadb(text, len, 0, NULL);

	why_of(obj, why, cap);
	json_decref(obj);
}
