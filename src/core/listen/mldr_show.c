/* SPDX-License-Identifier: BSD-2-Clause */
/* Memberships, stations and links as records. */
#include "core/listen/mldr_i.h"

static void show_groups(const struct mldr *m, struct show *out, struct now now)
{
	uint64_t it = 0;
	for (const struct mldr_listener *li; (li = table_next(&m->listeners, &it));) {
		show_begin(out, "group");
		show_str(out, "role", role_str(m->role));
		show_addr6(out, "group", &li->key.channel->key.group);
		show_addr6(out, "source", &li->key.channel->key.source);
		show_str(out, "interface", li->link->conf.name);
		show_addr6(out, "station", &li->key.station->key.addr);
		show_lladdr(out, "lladdr", &li->key.station->key.lladdr);
		show_until(out, "expires_s", li->expiry.when, now.mono);
		show_end(out);
	}
}

static void show_stations(const struct mldr *m, const struct mldr_link *l, struct show *out)
{
	for (const struct mldr_station *st = l->stations; st; st = st->next) {
		show_begin(out, "neighbor");
		show_str(out, "role", role_str(m->role));
		show_addr6(out, "address", &st->key.addr);
		show_lladdr(out, "lladdr", &st->key.lladdr);
		show_str(out, "interface", l->conf.name);
		show_u64(out, "memberships", st->n);
		show_end(out);
	}
}

static void show_link(const struct mldr *m, const struct mldr_link *l, struct show *out, struct now now)
{
	show_begin(out, "multicast-link");
	show_str(out, "role", role_str(m->role));
	show_str(out, "interface", l->conf.name);
	show_flag(out, "querier", l->is_querier);
	show_addr6(out, "querier_address", l->is_querier ? &l->src : &l->other);
	if (timer_is_set(&l->query))
		show_until(out, "next_query_s", l->query.when, now.mono);
	show_u64(out, "stations", l->n_stations);
	show_u64(out, "memberships", l->n_listeners);
	show_end(out);
}

void mldr_show(const struct mldr *m, const char *what, struct show *out, struct now now)
{
	if (strcmp(what, "groups") == 0)
		show_groups(m, out, now);
	for (uint32_t i = 0; i < MLDR_FAMILY_N * MLDR_LINK_MAX; i++) {
		const struct mldr_link *l = m->link[i / MLDR_LINK_MAX][i % MLDR_LINK_MAX];
		if (l && strcmp(what, "neighbors") == 0)
			show_stations(m, l, out);
		if (l && strcmp(what, "interfaces") == 0)
			show_link(m, l, out, now);
	}
}
