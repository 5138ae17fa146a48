/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/listen/listen.h"

#include "base/err.h"
#include "wire/mcast/mcast.h"

enum { T_CHANNEL, T_ALL, REPEAT_MS = 20, REPORT_MAX_OCT = 1280 };

/* left: reports of the last change that are still to come. users 0: it was left, and goes with its last report. */
struct channel {
	struct { struct addr6 group, source; } key;
	struct timer timer;
	uint32_t users, left;
	uint8_t type; /* enum mld_rec_type */
};

/* Records gathered for one report packet of each family. */
struct batch { struct { struct mcast_state state[MCAST_STATES_MAX]; uint16_t n; } of[LISTEN_FAMILY_N]; };

static uint32_t family_of(const struct addr6 *group) { return addr6_is_v4mapped(group); }

int listen_init(struct listen *l, const struct engine_env *env, enum role_id role)
{
	struct channel *c = NULL;

	*l = (struct listen){.env = env, .role = role};
	l->src[1] = addr6_from_v4((struct addr4){{0}});
	table_init(&l->channels, env->mem, env->rng, offsetof(struct channel, key), sizeof c->key);
	timers_init(&l->timers, env->mem);
	for (uint32_t f = 0; f < LISTEN_FAMILY_N; f++)
		l->all[f].kind = T_ALL;
	return timers_reserve(&l->timers, LISTEN_FAMILY_N);
}

void listen_fini(struct listen *l)
{
	uint64_t it = 0;
	timers_fini(&l->timers); /* first: it touches the timers of what is freed next */
	for (struct channel *c; (c = table_next(&l->channels, &it));)
		mem_put(l->env->mem, c);
	table_fini(&l->channels);
}

/* --- reports --------------------------------------------------------------------------------------------- */

static void flush(struct listen *l, struct batch *b, uint32_t f)
{
	uint8_t buf[REPORT_MAX_OCT];
	if (b->of[f].n && l->ifindex) {
		size_t n = mcast_report_packet_build(buf, sizeof buf, &l->src[f], b->of[f].state, b->of[f].n);
		fx_send(l->env->fx, l->role, l->ifindex, NULL, buf, n);
		l->n_reports++;
	}
	b->of[f].n = 0;
}

static void begin(struct batch *b)
{
	for (uint32_t f = 0; f < LISTEN_FAMILY_N; f++)
		b->of[f].n = 0;
}

static void flush_all(struct listen *l, struct batch *b)
{
	for (uint32_t f = 0; f < LISTEN_FAMILY_N; f++)
		flush(l, b, f);
}

static void gather(struct listen *l, struct batch *b, const struct channel *c, enum mld_rec_type type)
{
	uint32_t f = family_of(&c->key.group);
	if (b->of[f].n == MCAST_STATES_MAX)
		flush(l, b, f);
	b->of[f].state[b->of[f].n++] = (struct mcast_state){.type = (uint8_t)type, .group = c->key.group, .source = c->key.source};
}

static void forget(struct listen *l, struct channel *c)
{
	timer_clear(&l->timers, &c->timer);
	(void)table_del(&l->channels, &c->key);
	mem_put(l->env->mem, c);
}

/* Said `n` times more, the next time at `when`. */
static void later(struct listen *l, struct channel *c, enum mld_rec_type type, uint32_t n, mono_t when)
{
	c->type = (uint8_t)type;
	c->left = n;
	(void)timer_set(&l->timers, &c->timer, when); /* reserved when it was made: cannot fail */
}

static void change(struct listen *l, struct channel *c, struct batch *b, struct now now)
{
	enum mld_rec_type type = c->users ? MLD_ALLOW : MLD_BLOCK;
	gather(l, b, c, type);
	later(l, c, type, LISTEN_ROBUSTNESS, mono_add(now.mono, span_ms(REPEAT_MS)));
}

static void due(struct listen *l, struct channel *c, struct batch *b, struct now now)
{
	gather(l, b, c, (enum mld_rec_type)c->type);
	if (--c->left)
		later(l, c, (enum mld_rec_type)c->type, c->left, mono_add(now.mono, span_ms(REPEAT_MS)));
	else if (!c->users)
		forget(l, c);
}

static void all_due(struct listen *l, const struct timer *t, struct batch *b)
{
	uint64_t it = 0;
	for (const struct channel *c; (c = table_next(&l->channels, &it));)
		if (c->users && t == &l->all[family_of(&c->key.group)])
			gather(l, b, c, MLD_IS_IN);
}

void listen_tick(struct listen *l, struct now now)
{
	struct batch b;
	begin(&b);
	for (struct timer *t; (t = timers_pop(&l->timers, now.mono));) {
		if (t->kind == T_ALL)
			all_due(l, t, &b);
		else
			due(l, container_of(t, struct channel, timer), &b, now);
	}
	flush_all(l, &b);
}

mono_t listen_expiry(const struct listen *l) { return timers_next(&l->timers); }

/* --- membership ------------------------------------------------------------------------------------------ */

static struct channel *channel_of(const struct listen *l, const struct addr6 *group, const struct addr6 *source)
{
	const struct channel key = {.key = {*group, *source}};
	return table_find(&l->channels, &key.key);
}

static struct channel *channel_new(struct listen *l, const struct addr6 *group, const struct addr6 *source)
{
	if (timers_reserve(&l->timers, LISTEN_FAMILY_N + table_count(&l->channels) + 1) != ERR_OK)
		return NULL;
	struct channel *c = mem_zget(l->env->mem, sizeof *c);
	if (!c)
		return NULL;
	*c = (struct channel){.key = {*group, *source}, .timer.kind = T_CHANNEL};
	if (table_add(&l->channels, c) == ERR_OK)
		return c;
	mem_put(l->env->mem, c);
	return NULL;
}

int listen_join(struct listen *l, const struct addr6 *group, const struct addr6 *source, struct now now)
{
	struct batch b;
	struct channel *c = channel_of(l, group, source);
	if (!c)
		c = channel_new(l, group, source);
	if (!c)
		return ERR_NOMEM;
	if (c->users++)
		return ERR_OK;
	begin(&b);
	change(l, c, &b, now);
	flush_all(l, &b);
	return ERR_OK;
}

void listen_leave(struct listen *l, const struct addr6 *group, const struct addr6 *source, struct now now)
{
	struct batch b;
	struct channel *c = channel_of(l, group, source);
	if (!c || !c->users || --c->users)
		return;
	begin(&b);
	change(l, c, &b, now);
	flush_all(l, &b);
}

uint32_t listen_count(const struct listen *l)
{
	uint64_t it = 0;
	uint32_t n = 0;
	for (const struct channel *c; (c = table_next(&l->channels, &it));)
		n += c->users != 0;
	return n;
}

/* --- the link -------------------------------------------------------------------------------------------- */

static void link_gone(struct listen *l)
{
	uint64_t it = 0;
	for (uint32_t f = 0; f < LISTEN_FAMILY_N; f++)
		timer_clear(&l->timers, &l->all[f]);
	for (struct channel *c; (c = table_next(&l->channels, &it));) {
		timer_clear(&l->timers, &c->timer);
		if (!c->users) {
			forget(l, c);
			it = 0;
		}
	}
	l->ifindex = 0;
}

void listen_link(struct listen *l, uint32_t ifindex, const struct lladdr *lladdr, struct now now)
{
	struct batch b;
	uint64_t it = 0;
	link_gone(l);
	if (!ifindex)
		return;
	l->ifindex = ifindex;
	l->src[0] = addr6_linklocal(lladdr);
	begin(&b);
	for (struct channel *c; (c = table_next(&l->channels, &it));)
		change(l, c, &b, now);
	flush_all(l, &b);
}

void listen_source4(struct listen *l, const struct addr6 *addr)
{
	l->src[1] = addr6_is_none(addr) ? addr6_from_v4((struct addr4){{0}}) : *addr;
}

/* --- queries --------------------------------------------------------------------------------------------- */

/* One pending answer to a general query, the sooner one (RFC 3810 6.2, RFC 3376 5.2). */
static void answer_all(struct listen *l, uint32_t family, mono_t when)
{
	struct timer *t = &l->all[family];
	if (!timer_is_set(t) || mono_before(when, t->when))
		(void)timer_set(&l->timers, t, when); /* reserved: cannot fail */
}

static void answer(struct listen *l, struct channel *c, mono_t when)
{
	if (c && c->users && !timer_is_set(&c->timer))
		later(l, c, MLD_IS_IN, 1, when);
}

/* About the group alone: whichever sources we want of it. */
static void answer_group(struct listen *l, const struct addr6 *group, mono_t when)
{
	uint64_t it = 0;
	for (struct channel *c; (c = table_next(&l->channels, &it));)
		if (addr6_eq(&c->key.group, group))
			answer(l, c, when);
}

static void on_query(struct listen *l, const struct mcast_packet *p, struct now now)
{
	const struct mcast_query *q = &p->query;
	mono_t when = mono_add(now.mono, span_ms(rng_below(l->env->rng, q->max_response_ms)));
	if (!q->is_newest) {
		reason_count(l->env, R_MLD_NOT_SSM);
		return;
	}
	if (addr6_is_none(&q->group))
		answer_all(l, p->is_v4, when);
	else if (q->tail.source.n == 0)
		answer_group(l, &q->group, when);
	for (uint16_t i = 0; i < q->tail.source.n; i++) {
		struct addr6 source = mcast_source(&q->tail.source, i);
		answer(l, channel_of(l, &q->group, &source), when);
	}
}

bool listen_rx(struct listen *l, const struct rx *rx, struct now now)
{
	struct mcast_packet p;
	if (!l->ifindex || rx->ifindex != l->ifindex)
		return false;
	enum wire_err err = mcast_packet_parse(rx->pkt, rx->len_oct, &p);
	if (err == W_PROTO || err == W_TYPE)
		return false;
	if (err != W_OK)
		reason_count(l->env, R_MLD_INVALID);
	else if (p.kind == MCAST_QUERY)
		on_query(l, &p, now);
	return true; /* reports of other hosts: none of ours */
}
