/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the operator sees: "status", "agents", "device ID-or-ADDRESS", and "devices N", a page of devices from the Nth on with the
 * number of the next page behind it.
 */
#include "role/mm/mm_i.h"

enum { PAGE = 500 };

static void show_present(struct show *out, const char *key, const struct addr6 *a)
{
	if (!addr6_is_none(a))
		show_addr6(out, key, a);
}

static void show_device(const struct mm_device *d, struct show *out)
{
	struct mm_draft draft;

	mm_device_draft(d, &draft);
	show_begin(out, "device");
	show_str(out, "id", DEVICE_STR(&draft.id[0]));
	for (uint32_t i = 1; i < draft.n_id; i++) {
		static const char *const names[MM_IDS_MAX] = {"", "id2", "id3", "id4", "id5", "id6", "id7", "id8"};
		show_str(out, names[i], DEVICE_STR(&draft.id[i]));
	}
	show_present(out, "home_v6", &d->home6);
	if (d->home6_plen_bits)
		show_u64(out, "home_v6_length", d->home6_plen_bits);
	show_present(out, "home_v4", &d->home4);
	if (d->home4_plen_bits)
		show_u64(out, "home_v4_length", d->home4_plen_bits);
	show_present(out, "group_v6", &d->group6);
	show_present(out, "source_v6", &d->source6);
	show_present(out, "group_v4", &d->group4);
	show_present(out, "source_v4", &d->source4);
	show_present(out, "gateway_v6", &d->gateway6);
	show_present(out, "gateway_v4", &d->gateway4);
	if (!lladdr_is_zero(&d->gateway_lladdr))
		show_lladdr(out, "gateway_lladdr", &d->gateway_lladdr);
	if (!lladdr_is_zero(&d->lladdr))
		show_lladdr(out, "lladdr", &d->lladdr);
	show_str(out, "policy", d->policy == MM_SERVING ? "serving" : "all");
	show_flag(out, "lladdr_enough", d->flags & MM_LLADDR_ENOUGH);
	show_u64(out, "voice_port", d->voice_port);
	show_u64(out, "version", d->version);
	show_end(out);
}

static void show_one(const struct mm *m, const char *word, struct show *out)
{
	struct device_id id;
	struct addr6 home;
	const struct mm_device *d = NULL;

	if (device_parse(&id, word, NULL))
		d = mm_device_by_id(m, &id);
	else if (addr46_parse(&home, word))
		d = mm_device_by_home(m, &home);
	if (d)
		show_device(d, out);
}

static void show_page(const struct mm *m, const char *word, struct show *out)
{
	uint32_t at = 0;

	for (; *word >= '0' && *word <= '9' && at < UINT32_MAX / 10 - 9; word++)
		at = at * 10 + (uint32_t)(*word - '0');
	const uint32_t stop = at + PAGE < m->n_devices ? at + PAGE : m->n_devices;
	for (; at < stop; at++)
		show_device(m->list[at], out);
	if (at < m->n_devices) {
		show_begin(out, "next");
		show_u64(out, "page", at);
		show_end(out);
	}
}

static void show_shared(const struct mm_shared *s, struct show *out)
{
	show_str(out, "store", !s->is_up ? "down" : s->is_begun || !s->is_synced ? "being read" : "followed");
	show_u64(out, "store_revision", s->rev);
	show_u64(out, "store_records", s->n_records);
	show_u64(out, "store_transactions", s->n_transactions);
	show_u64(out, "store_conflicts", s->n_conflicts);
	show_u64(out, "store_open", table_count(&s->changes));
	show_u64(out, "store_refused", s->n_refused);
}

static void show_status(const struct mm *m, struct show *out)
{
	show_begin(out, "status");
	show_str(out, "role", "mm");
	show_u64(out, "devices", m->n_devices);
	show_u64(out, "identifiers", table_count(&m->idents));
	show_u64(out, "groups_v6", table_count(&m->group6));
	show_u64(out, "groups_v4", table_count(&m->group4));
	show_u64(out, "groups_resting", table_count(&m->resting));
	show_u64(out, "questions", m->n_queries);
	show_u64(out, "answers", m->n_answers);
	show_u64(out, "subscriptions", m->n_subs);
	show_u64(out, "changes_told", m->n_changes);
	show_u64(out, "changes_waiting", table_count(&m->pushes));
	if (m->conf.store.is_used)
		show_shared(&m->shared, out);
	show_end(out);
}

static void show_agent(const struct mm_agent *a, struct show *out, struct now now)
{
	static const char *const may[] = {"all", "device", "address"};

	show_begin(out, "agent");
	show_u64(out, "id", a->conf.id);
	show_str(out, "state", a->is_trusted ? "trusted" : "unproven");
	show_present(out, "address", &a->addr);
	show_str(out, "may_ask", may[a->conf.may]);
	show_u64(out, "questions", a->n_queries);
	show_u64(out, "found", a->n_found);
	show_u64(out, "unknown", a->n_unknown);
	show_u64(out, "denied", a->n_denied);
	show_u64(out, "subscriptions", a->n_subs);
	show_u64(out, "told", a->n_pushed);
	show_u64(out, "acknowledged", a->n_acked);
	show_u64(out, "given_up", a->n_lost);
	if (a->is_trusted)
		show_real(out, "heard_ago", (double)(now.mono.ns - a->heard.ns) / 1e9);
	show_end(out);
}

void mm_show(const void *self, const char *what, struct show *out, struct now now)
{
	const struct mm *m = self;

	if (strcmp(what, "status") == 0)
		show_status(m, out);
	for (uint32_t i = 0; strcmp(what, "agents") == 0 && i < m->conf.n_agent; i++)
		show_agent(&m->agents.a[i], out, now);
	if (strncmp(what, "device ", 7) == 0)
		show_one(m, what + 7, out);
	if (strncmp(what, "devices", 7) == 0)
		show_page(m, what[7] == ' ' ? what + 8 : "", out);
}
