/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/mroute.h"

#include <string.h>

#include "base/err.h"

void mroutes_init(struct mroutes *m, const struct engine_env *env, enum role_id role, const struct addr6 *v6, const struct addr6 *v4)
{
	*m = (struct mroutes){.env = env, .role = role, .source = {*v6, *v4}};
	table_init(&m->entries, env->mem, env->rng, offsetof(struct mroute, key), sizeof((struct mroute *)0)->key);
}

void mroutes_fini(struct mroutes *m)
{
	uint64_t it = 0;
	for (struct mroute *r; (r = table_next(&m->entries, &it));)
		mem_put(m->env->mem, r);
	table_fini(&m->entries);
}

static bool is_link(const struct mroutes *m, uint32_t ifindex)
{
	for (uint32_t i = 0; i < m->n_link; i++)
		if (m->link[i] == ifindex)
			return true;
	return false;
}

/* Does the datapath do just what the host would? */
static bool can_do(const struct mroutes *m, const struct mroute *r)
{
	if (!m->iif || r->iif != m->iif || !r->is_plain)
		return false;
	for (uint32_t i = 0; i < r->n_oif; i++)
		if (!is_link(m, r->oif[i]))
			return false;
	return r->n_oif;
}

static void push(struct mroutes *m, const struct mroute *r, void (*how)(struct effq *, enum role_id, const struct dp_op *))
{
	struct dp_op op = {.table = DP_MFC, .mfc = {.group = r->key.group, .source = r->key.source, .n_oif = r->n_oif}};
	memcpy(op.mfc.oif, r->oif, r->n_oif * sizeof *r->oif);
	how(m->env->fx, m->role, &op);
}

static void judge(struct mroutes *m, struct mroute *r, bool is_new)
{
	const bool was = r->is_ours;
	r->is_ours = can_do(m, r);
	if (r->is_ours && (is_new || !was))
		push(m, r, fx_dp_put);
	else if (!r->is_ours && was)
		push(m, r, fx_dp_del);
	if (r->is_ours != was)
		fx_event(m->env->fx, m->role, EV_DEBUG, r->is_ours ? "group-direct" : "group-by-host", NULL, "group %s: %u links, %s",
			 ADDR46_STR(&r->key.group), r->n_oif, r->is_ours ? "sent to from here" : "left to the host's multicast forwarding");
}

static void judge_all(struct mroutes *m)
{
	uint64_t it = 0;
	for (struct mroute *r; (r = table_next(&m->entries, &it));)
		judge(m, r, false);
}

static void forget(struct mroutes *m, struct mroute *r)
{
	if (r->is_ours)
		push(m, r, fx_dp_del);
	table_del(&m->entries, &r->key);
	mem_put(m->env->mem, r);
}

static struct mroute *entry_new(struct mroutes *m, const struct mroute *like)
{
	struct mroute *r = mem_get(m->env->mem, sizeof *r);
	if (!r)
		return NULL;
	*r = *like;
	if (!table_add(&m->entries, r))
		return r;
	mem_put(m->env->mem, r);
	return NULL;
}

/* What cannot be remembered is the host's, as before. */
static void learn(struct mroutes *m, const struct mroute_event *ev)
{
	struct mroute fresh = {.key = {ev->group, ev->source}, .iif = ev->iif, .n_oif = ev->n_oif, .is_plain = ev->is_plain, .is_seen = true};
	memcpy(fresh.oif, ev->oif, ev->n_oif * sizeof *ev->oif);
	struct mroute *r = table_find(&m->entries, &fresh.key);
	if (!r && !(r = entry_new(m, &fresh)))
		return;
	const bool is_other = r->n_oif != fresh.n_oif || memcmp(r->oif, fresh.oif, sizeof r->oif) != 0;
	fresh.is_ours = r->is_ours;
	*r = fresh;
	judge(m, r, is_other);
}

static bool is_ours(const struct mroutes *m, const struct addr6 *source)
{
	return !addr6_is_none(source) && (addr6_eq(source, &m->source[0]) || addr6_eq(source, &m->source[1]));
}

static void begin_listing(struct mroutes *m)
{
	uint64_t it = 0;
	for (struct mroute *r; (r = table_next(&m->entries, &it));)
		r->is_seen = false;
}

/* What the listing did not name is gone. (The table must not change while it is walked.) */
static void end_listing(struct mroutes *m)
{
	struct mroute *gone = NULL, *next;
	uint64_t it = 0;
	for (struct mroute *r; (r = table_next(&m->entries, &it));) {
		if (r->is_seen)
			continue;
		r->next = gone;
		gone = r;
	}
	for (; gone; gone = next) {
		next = gone->next;
		forget(m, gone);
	}
}

void mroutes_event(struct mroutes *m, const struct mroute_event *ev)
{
	struct mroute *r;
	if (ev->what == MROUTE_BEGIN)
		begin_listing(m);
	else if (ev->what == MROUTE_END)
		end_listing(m);
	else if (!is_ours(m, &ev->source))
		return;
	else if (ev->what == MROUTE_NEW)
		learn(m, ev);
	else if ((r = table_find(&m->entries, &(struct mroute){.key = {ev->group, ev->source}}.key)))
		forget(m, r);
}

void mroutes_enter(struct mroutes *m, uint32_t ifindex)
{
	if (m->iif == ifindex)
		return;
	m->iif = ifindex;
	judge_all(m);
}

void mroutes_link(struct mroutes *m, uint32_t ifindex, bool is_there)
{
	uint32_t i = 0;
	if (is_link(m, ifindex) == is_there || (is_there && m->n_link == MROUTES_LINK_MAX))
		return;
	while (i < m->n_link && m->link[i] != ifindex)
		i++;
	if (is_there)
		m->link[m->n_link++] = ifindex;
	else
		m->link[i] = m->link[--m->n_link];
	judge_all(m);
}

void mroutes_withdraw(struct mroutes *m)
{
	mroutes_enter(m, 0);
}

void mroutes_show(const struct mroutes *m, const char *what, struct show *out)
{
	uint64_t it = 0;
	if (strcmp(what, "groups") != 0)
		return;
	for (const struct mroute *r; (r = table_next(&m->entries, &it));) {
		show_begin(out, "routed-group");
		show_str(out, "role", role_str(m->role));
		show_addr6(out, "group", &r->key.group);
		show_addr6(out, "source", &r->key.source);
		show_u64(out, "links", r->n_oif);
		show_str(out, "sent_by", r->is_ours ? "roamd" : "host");
		show_end(out);
	}
}
