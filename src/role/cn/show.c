/* SPDX-License-Identifier: BSD-2-Clause */
/* The correspondent node's state as records. */
#include "role/cn/cn_i.h"

static void show_binding(const struct cn_binding *b, struct show *out, struct now now)
{
	show_begin(out, "binding");
	show_str(out, "role", "cn");
	show_addr6(out, "home_address", &b->key.hoa);
	show_addr6(out, "self", &b->key.self);
	show_str(out, "state", b->is_active ? "active" : "remembered");
	if (b->is_active) {
		show_addr6(out, "coa", &b->coa);
		show_u64(out, "seq", b->seq);
	}
	show_until(out, "expires_s", b->is_active ? b->expires : b->past.until, now.mono);
	show_end(out);
}

static void show_bindings(const struct cn *cn, struct show *out, struct now now)
{
	uint64_t it = 0;
	for (const struct cn_binding *b; (b = cn_cache_next(&cn->cache, &it));)
		show_binding(b, out, now);
}

static void show_status(const struct cn *cn, struct show *out)
{
	show_begin(out, "status");
	show_str(out, "role", "cn");
	show_u64(out, "addresses", cn->n_local);
	show_u64(out, "bindings", cn->cache.n_active);
	show_u64(out, "remembered", table_count(&cn->cache.by_key) - cn->cache.n_active);
	show_u64(out, "tests", cn->n_tests);
	show_u64(out, "accepted", cn->n_accepted);
	show_u64(out, "refused", cn->n_refused);
	show_u64(out, "evicted", cn->n_evicted);
	show_end(out);
}

static void show_addresses(const struct cn *cn, struct show *out)
{
	for (uint32_t i = 0; i < cn->n_local; i++) {
		show_begin(out, "address");
		show_str(out, "role", "cn");
		show_addr6(out, "address", &cn->local[i].addr);
		show_u64(out, "ifindex", cn->local[i].ifindex);
		show_end(out);
	}
}

void cn_show(const void *self, const char *what, struct show *out, struct now now)
{
	const struct cn *cn = self;
	if (strcmp(what, "bindings") == 0)
		show_bindings(cn, out, now);
	if (strcmp(what, "status") == 0)
		show_status(cn, out);
	if (strcmp(what, "interfaces") == 0)
		show_addresses(cn, out);
}
