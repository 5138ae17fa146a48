/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports: what each record does to the memberships; packets, time, links. */
#include "core/listen/mldr_i.h"

#include <string.h>

#include "base/err.h"

void mldr_init(struct mldr *m, const struct engine_env *env, enum role_id role)
{
	*m = (struct mldr){.env = env, .role = role};
	table_init(&m->channels, env->mem, env->rng, offsetof(struct mldr_channel, key), sizeof ((struct mldr_channel *)0)->key);
	table_init(&m->listeners, env->mem, env->rng, offsetof(struct mldr_listener, key),
		   sizeof ((struct mldr_listener *)0)->key);
	table_init(&m->stations, env->mem, env->rng, offsetof(struct mldr_station, key),
		   sizeof ((struct mldr_station *)0)->key);
	timers_init(&m->timers, env->mem);
	m->is_learning = true;
	m->learned.kind = T_LEARNED;
}

/* RFC 4607: ff3x::/32, of which x up to 2 does not leave a link. */
static bool is_foreign_mld(const struct addr6 *g)
{
	bool is_ssm = g->b[0] == 0xff && g->b[1] >> 4 == 3 && g->b[2] == 0 && g->b[3] == 0;
	return !is_ssm || (g->b[1] & 0xf) <= 2;
}

/* RFC 4607: 232/8. */
static bool is_foreign_igmp(const struct addr6 *g) { return addr6_to_v4(g).b[0] != 232; }

static const struct mldr_family families[MLDR_FAMILY_N] = {
	{.index = 0, .querier_event = "mld-querier", .is_foreign = is_foreign_mld},
	{.index = 1, .querier_event = "igmp-querier", .is_foreign = is_foreign_igmp},
};

const struct mldr_family *mldr_family_of(const struct addr6 *a) { return &families[addr6_is_v4mapped(a)]; }

static struct mldr_link *link_find(const struct mldr *m, const struct mldr_family *f, uint32_t ifindex)
{
	for (uint32_t i = 0; i < MLDR_LINK_MAX; i++)
		if (m->link[f->index][i] && m->link[f->index][i]->ifindex == ifindex)
			return m->link[f->index][i];
	return NULL;
}

const struct mldr_channel *mldr_find(const struct mldr *m, const struct addr6 *group, const struct addr6 *source)
{
	return mldr_channel_find(m, group, source);
}

uint32_t mldr_oifs(const struct mldr *m, const struct mldr_channel *ch, uint32_t oif[static MLDR_LINK_MAX])
{
	struct mldr_link *const *link = m->link[mldr_family_of(&ch->key.group)->index];
	uint32_t n = 0;
	for (uint32_t i = 0; i < MLDR_LINK_MAX; i++)
		if (ch->links & 1u << i)
			oif[n++] = link[i]->ifindex;
	return n;
}

/* --- what a record of a report does ------------------------------------------------------------------- */

struct reporter {
	struct mldr_link *link;
	const struct addr6 *addr;
	const struct lladdr *lladdr;
	struct now now;
};

static bool is_admitted_group(const struct mldr_link *l, const struct addr6 *group)
{
	bool is_asked = false;
	for (uint32_t i = 0; i < l->conf.n_admit; i++) {
		if (prefix6_contains(&l->conf.admit[i], group))
			return true;
		is_asked |= mldr_family_of(&l->conf.admit[i].addr) == l->family;
	}
	return !is_asked;
}

static bool is_admitted_source(const struct mldr_link *l, const struct addr6 *source)
{
	for (uint32_t i = 0; i < l->conf.n_source; i++)
		if (addr6_eq(&l->conf.source[i], source))
			return true;
	return false;
}

/* The new one first, so that the channel never seems to lose its only listener; the old one stays if there is no room. */
static struct mldr_listener *find_or_rename(struct mldr *m, const struct reporter *by, struct mldr_channel *ch)
{
	struct mldr_listener *li = mldr_listener_find(m, by->link, by->addr, by->lladdr, ch);
	struct mldr_listener *old = mldr_listener_nameless(m, by->link, by->addr, by->lladdr, ch);
	if (!old)
		return li;
	const struct addr6 group = ch->key.group, source = ch->key.source;
	if (!li && !mldr_listener_add(m, by->link, by->addr, by->lladdr, &group, &source, by->now))
		return old;
	mldr_listener_del(m, old, by->now);
	return mldr_listener_find(m, by->link, by->addr, by->lladdr, ch);
}

static void join(struct mldr *m, const struct reporter *by, const struct addr6 *group, const struct addr6 *source)
{
	struct mldr_link *l = by->link;
	struct mldr_channel *ch = mldr_channel_find(m, group, source);
	struct mldr_listener *li = find_or_rename(m, by, ch);
	if (!li) {
		if (!mldr_listener_add(m, l, by->addr, by->lladdr, group, source, by->now))
			reason_count(m->env, R_MLD_LIMIT);
		return;
	}
	(void)timer_set(&m->timers, &li->expiry, mono_add(by->now.mono, mldr_membership_time(l)));
	struct mldr_ask *ask = mldr_ask_find(l, ch);
	if (ask)
		ask->is_answered = true;
}

/* A repeated leave finds no channel: nothing to do. One by a stranger finds other listeners: ask them. */
static void leave(struct mldr *m, const struct reporter *by, const struct addr6 *group, const struct addr6 *source)
{
	struct mldr_link *l = by->link;
	struct mldr_channel *ch = mldr_channel_find(m, group, source);
	if (!ch || !(ch->links & 1u << l->index))
		return;
	struct mldr_listener *both[] = {mldr_listener_find(m, l, by->addr, by->lladdr, ch), mldr_listener_nameless(m, l, by->addr, by->lladdr, ch)};
	for (int i = 0; i < 2; i++)
		if (both[i])
			mldr_listener_del(m, both[i], by->now);
	if (both[0] || both[1])
		return;
	reason_count(m->env, R_MLD_NOT_TRACKED);
	mldr_ask(m, l, ch, by->now);
}

static bool has_source(const struct mcast_rec *rec, const struct addr6 *source)
{
	for (uint16_t i = 0; i < rec->source.n; i++) {
		struct addr6 one = mcast_source(&rec->source, i);
		if (addr6_eq(&one, source))
			return true;
	}
	return false;
}

static void each_source(struct mldr *m, const struct reporter *by, const struct mcast_rec *rec,
			void (*act)(struct mldr *, const struct reporter *, const struct addr6 *, const struct addr6 *))
{
	for (uint16_t i = 0; i < rec->source.n; i++) {
		struct addr6 one = mcast_source(&rec->source, i);
		if (is_admitted_source(by->link, &one))
			act(m, by, &rec->group, &one);
		else
			reason_count(m->env, R_MLD_NOT_ADMITTED);
	}
}

/* CHANGE_TO_INCLUDE: the list is all that the station wants of this group (RFC 3810 7.4.2, RFC 3376 6.4.2). */
static void become(struct mldr *m, const struct reporter *by, const struct mcast_rec *rec)
{
	const struct mldr_link_conf *c = &by->link->conf;
	each_source(m, by, rec, join);
	for (uint32_t i = 0; i < c->n_source; i++)
		if (mldr_family_of(&c->source[i]) == by->link->family && !has_source(rec, &c->source[i]))
			leave(m, by, &rec->group, &c->source[i]);
}

static void on_record(struct mldr *m, const struct reporter *by, const struct mcast_rec *rec)
{
	if (by->link->family->is_foreign(&rec->group))
		return;
	if (!is_admitted_group(by->link, &rec->group)) {
		reason_count(m->env, R_MLD_NOT_ADMITTED);
		return;
	}
	switch ((enum mld_rec_type)rec->type) {
	case MLD_IS_IN:
	case MLD_ALLOW:
		each_source(m, by, rec, join);
		return;
	case MLD_TO_IN:
		become(m, by, rec);
		return;
	case MLD_BLOCK:
		each_source(m, by, rec, leave);
		return;
	case MLD_IS_EX:
	case MLD_TO_EX:
		reason_count(m->env, R_MLD_NOT_SSM);
		return;
	}
	reason_count(m->env, R_MLD_INVALID); /* a type of the future */
}

/* --- packets and time -------------------------------------------------------------------------------- */

static void on_report(struct mldr *m, struct mldr_link *l, const struct rx *rx, const struct mcast_packet *p, struct now now)
{
	const struct reporter by = {l, &p->src, &rx->lladdr_src, now};
	uint64_t key = rate_key(&l->rate, &rx->lladdr_src, sizeof rx->lladdr_src);
	struct mcast_rec rec;

	if (!rate_take(&l->rate, key, l->conf.report_rate, l->conf.report_burst, now.mono)) {
		reason_count(m->env, R_LIMIT_RATE);
		return;
	}
	for (struct rd it = p->recs; mcast_next(p, &it, &rec);)
		on_record(m, &by, &rec);
}

/* Older versions know no sources: nothing that they ask for is served here. */
static void on_old(struct mldr *m, const struct mldr_link *l, const struct addr6 *group)
{
	if (!l->family->is_foreign(group))
		reason_count(m->env, R_MLD_NOT_SSM);
}

static void on_packet(struct mldr *m, struct mldr_link *l, const struct rx *rx, const struct mcast_packet *p, struct now now)
{
	switch (p->kind) {
	case MCAST_QUERY:
		mldr_query_rx(m, l, &p->query, &p->src, now);
		return;
	case MCAST_REPORT:
		on_report(m, l, rx, p, now);
		return;
	case MCAST_OLD_REPORT:
	case MCAST_OLD_LEAVE:
		on_old(m, l, &p->group);
		return;
	}
}

bool mldr_rx(struct mldr *m, const struct rx *rx, struct now now)
{
	struct mldr_link *l = link_find(m, &families[rx_is_v4(rx)], rx->ifindex);
	struct mcast_packet p;
	if (!l)
		return false;
	enum wire_err err = mcast_packet_parse(rx->pkt, rx->len_oct, &p);
	if (err == W_PROTO || err == W_TYPE)
		return false;
	if (err == W_OK)
		on_packet(m, l, rx, &p, now);
	else
		reason_count(m->env, R_MLD_INVALID);
	return true;
}

static void learned(struct mldr *m, struct now now)
{
	uint64_t it = 0;
	m->is_learning = false;
	for (const struct mldr_channel *ch; (ch = mldr_next(m, &it));)
		m->change(m->ctx, ch, 0, false, now);
}

static void due(struct mldr *m, struct timer *t, struct now now)
{
	switch ((enum mldr_timer)t->kind) {
	case T_LISTENER:
		mldr_listener_del(m, container_of(t, struct mldr_listener, expiry), now);
		return;
	case T_QUERY:
		mldr_query_due(m, container_of(t, struct mldr_link, query), now);
		return;
	case T_OTHER_QUERIER:
		mldr_other_querier_gone(m, container_of(t, struct mldr_link, other_gone), now);
		return;
	case T_ASK:
		mldr_ask_due(m, container_of(t, struct mldr_ask, timer), now);
		return;
	case T_LEARNED:
		learned(m, now);
		return;
	}
}

void mldr_tick(struct mldr *m, struct now now)
{
	for (struct timer *t; (t = timers_pop(&m->timers, now.mono));)
		due(m, t, now);
}

mono_t mldr_expiry(const struct mldr *m) { return timers_next(&m->timers); }

/* --- links ----------------------------------------------------------------------------------------- */

static int link_new(struct mldr *m, const struct mldr_family *f, uint32_t ifindex, struct mldr_link **out)
{
	struct mldr_link **link = m->link[f->index];
	uint32_t i = 0;
	while (i < MLDR_LINK_MAX && link[i])
		i++;
	if (i == MLDR_LINK_MAX)
		return ERR_FULL;
	struct mldr_link *l = mem_zget(m->env->mem, sizeof *l);
	if (!l)
		return ERR_NOMEM;
	l->family = f;
	l->ifindex = ifindex;
	l->index = i;
	rate_init(&l->rate, m->env->rng);
	link[i] = *out = l;
	return ERR_OK;
}

int mldr_link_up(struct mldr *m, uint32_t ifindex, const struct addr6 *src, const struct mldr_link_conf *conf, struct now now)
{
	const struct mldr_family *f = mldr_family_of(src);
	struct mldr_link *l = link_find(m, f, ifindex);
	if (!l) {
		int err = link_new(m, f, ifindex, &l);
		if (err)
			return err;
	}
	l->conf = *conf;
	l->src = *src;
	if (m->is_learning && !timer_is_set(&m->learned)) {
		span_t wait = span_ns(conf->response_interval.ns + NS_PER_S);
		int err = timer_set(&m->timers, &m->learned, mono_add(now.mono, wait));
		if (err)
			return err;
	}
	mldr_querier_start(m, l, now);
	return ERR_OK;
}

void mldr_link_down(struct mldr *m, uint32_t ifindex, struct now now)
{
	for (uint32_t f = 0; f < MLDR_FAMILY_N; f++) {
		struct mldr_link *l = link_find(m, &families[f], ifindex);
		if (!l)
			continue;
		/* Deleting a station's last membership frees the station, and the list's head moves on. */
		while (l->stations)
			mldr_listener_del(m, l->stations->listeners, now);
		mldr_querier_stop(m, l);
		m->link[f][l->index] = NULL;
		mem_put(m->env->mem, l);
	}
}

static void free_links(struct mldr *m, struct mldr_link **link)
{
	for (uint32_t i = 0; i < MLDR_LINK_MAX; i++)
		if (link[i]) {
			mldr_querier_stop(m, link[i]);
			mem_put(m->env->mem, link[i]);
			link[i] = NULL;
		}
}

static void free_all(struct mldr *m, struct table *t)
{
	uint64_t it = 0;
	for (void *e; (e = table_next(t, &it));)
		mem_put(m->env->mem, e);
	table_fini(t);
}

void mldr_fini(struct mldr *m)
{
	timers_fini(&m->timers); /* first: it touches the timers, which lie in what is freed below */
	for (uint32_t f = 0; f < MLDR_FAMILY_N; f++)
		free_links(m, m->link[f]);
	free_all(m, &m->listeners);
	free_all(m, &m->stations);
	free_all(m, &m->channels);
}
