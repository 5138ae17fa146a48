/* SPDX-License-Identifier: BSD-2-Clause */
/* Who listens: stations, channels, and the memberships between them. */
#include "core/listen/mldr_i.h"

#include "base/err.h"

struct mldr_channel *mldr_channel_find(const struct mldr *m, const struct addr6 *group, const struct addr6 *source)
{
	struct mldr_channel key = {.key = {*group, *source}};
	return table_find(&m->channels, &key.key);
}

static void set_key(struct mldr_station *st, uint32_t ifindex, const struct addr6 *addr, const struct lladdr *lladdr)
{
	memset(&st->key, 0, sizeof st->key);
	st->key.ifindex = ifindex;
	st->key.addr = *addr;
	st->key.lladdr = *lladdr;
}

static struct mldr_station *station_find(const struct mldr *m, const struct mldr_link *l, const struct addr6 *addr,
					 const struct lladdr *lladdr)
{
	struct mldr_station key;
	set_key(&key, l->ifindex, addr, lladdr);
	return table_find(&m->stations, &key.key);
}

static struct mldr_station *station_new(struct mldr *m, struct mldr_link *l, const struct addr6 *addr,
					const struct lladdr *lladdr)
{
	struct mldr_station *st = mem_zget(m->env->mem, sizeof *st);
	if (!st)
		return NULL;
	set_key(st, l->ifindex, addr, lladdr);
	if (table_add(&m->stations, st) != ERR_OK) {
		mem_put(m->env->mem, st);
		return NULL;
	}
	st->next = l->stations;
	if (st->next)
		st->next->prev = st;
	l->stations = st;
	l->n_stations++;
	return st;
}

static void station_drop_idle(struct mldr *m, struct mldr_link *l, struct mldr_station *st)
{
	if (st->n)
		return;
	table_del(&m->stations, &st->key);
	if (st->next)
		st->next->prev = st->prev;
	*(st->prev ? &st->prev->next : &l->stations) = st->next;
	l->n_stations--;
	mem_put(m->env->mem, st);
}

static struct mldr_channel *channel_get(struct mldr *m, const struct addr6 *group, const struct addr6 *source)
{
	struct mldr_channel *ch = mldr_channel_find(m, group, source);
	if (ch)
		return ch;
	ch = mem_zget(m->env->mem, sizeof *ch);
	if (!ch)
		return NULL;
	ch->key.group = *group;
	ch->key.source = *source;
	if (table_add(&m->channels, ch) == ERR_OK)
		return ch;
	mem_put(m->env->mem, ch);
	return NULL;
}

static void channel_drop_idle(struct mldr *m, struct mldr_channel *ch)
{
	if (ch->links)
		return;
	table_del(&m->channels, &ch->key);
	mem_put(m->env->mem, ch);
}

static struct mldr_listener *find(const struct mldr *m, struct mldr_station *st, struct mldr_channel *ch)
{
	struct mldr_listener key = {.key = {st, ch}};
	return st && ch ? table_find(&m->listeners, &key.key) : NULL;
}

struct mldr_listener *mldr_listener_find(const struct mldr *m, const struct mldr_link *l, const struct addr6 *addr,
					 const struct lladdr *lladdr, struct mldr_channel *ch)
{
	return ch ? find(m, station_find(m, l, addr, lladdr), ch) : NULL;
}

/* Into the station's list and the tables. False when memory is out: nothing has changed then. */
static struct mldr_listener *listener_new(struct mldr *m, struct mldr_link *l, struct mldr_station *st,
					  struct mldr_channel *ch, struct now now)
{
	struct mldr_listener *li = mem_zget(m->env->mem, sizeof *li);
	if (!li)
		return NULL;
	li->key.station = st;
	li->key.channel = ch;
	li->link = l;
	li->expiry.kind = T_LISTENER;
	if (timer_set(&m->timers, &li->expiry, mono_add(now.mono, mldr_membership_time(l))) != ERR_OK) {
		mem_put(m->env->mem, li);
		return NULL;
	}
	if (table_add(&m->listeners, li) != ERR_OK) {
		timer_clear(&m->timers, &li->expiry);
		mem_put(m->env->mem, li);
		return NULL;
	}
	li->next = st->listeners;
	if (li->next)
		li->next->prev = li;
	st->listeners = li;
	st->n++;
	l->n_listeners++;
	return li;
}

static void count_in(struct mldr *m, struct mldr_link *l, struct mldr_channel *ch, struct now now)
{
	if (ch->n_on[l->index]++)
		return;
	ch->links |= 1u << l->index;
	m->change(m->ctx, ch, l->ifindex, true, now);
}

struct mldr_listener *mldr_listener_nameless(const struct mldr *m, const struct mldr_link *l, const struct addr6 *addr,
					     const struct lladdr *lladdr, struct mldr_channel *ch)
{
	static const struct addr6 nobody = {{[10] = 0xff, 0xff}}; /* 0.0.0.0 */
	return addr6_is_v4mapped(addr) && !addr6_eq(addr, &nobody) ? mldr_listener_find(m, l, &nobody, lladdr, ch) : NULL;
}

bool mldr_listener_add(struct mldr *m, struct mldr_link *l, const struct addr6 *addr, const struct lladdr *lladdr,
		       const struct addr6 *group, const struct addr6 *source, struct now now)
{
	struct mldr_station *st = station_find(m, l, addr, lladdr);
	if (l->n_listeners >= l->conf.max_per_link || (st && st->n >= l->conf.max_per_station))
		return false;
	if (!st)
		st = station_new(m, l, addr, lladdr);
	struct mldr_channel *ch = st ? channel_get(m, group, source) : NULL;
	if (ch && ch->n_on[l->index] < UINT16_MAX && listener_new(m, l, st, ch, now)) {
		count_in(m, l, ch, now);
		return true;
	}
	if (ch)
		channel_drop_idle(m, ch);
	if (st)
		station_drop_idle(m, l, st);
	return false;
}

void mldr_listener_del(struct mldr *m, struct mldr_listener *li, struct now now)
{
	struct mldr_station *st = li->key.station;
	struct mldr_channel *ch = li->key.channel;
	struct mldr_link *l = li->link;

	table_del(&m->listeners, &li->key);
	timer_clear(&m->timers, &li->expiry);
	if (li->next)
		li->next->prev = li->prev;
	*(li->prev ? &li->prev->next : &st->listeners) = li->next;
	mem_put(m->env->mem, li);
	st->n--;
	l->n_listeners--;
	station_drop_idle(m, l, st);
	if (--ch->n_on[l->index] == 0) {
		ch->links &= ~(1u << l->index);
		mldr_ask_cancel(m, l, ch);
		m->change(m->ctx, ch, l->ifindex, false, now);
		channel_drop_idle(m, ch);
	}
}

void mldr_shorten(struct mldr *m, struct mldr_link *l, struct mldr_channel *ch, mono_t until)
{
	for (struct mldr_station *st = l->stations; st; st = st->next) {
		struct mldr_listener *li = find(m, st, ch);
		if (li && mono_before(until, li->expiry.when))
			(void)timer_set(&m->timers, &li->expiry, until); /* armed already: cannot fail */
	}
}
