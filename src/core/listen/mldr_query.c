/* SPDX-License-Identifier: BSD-2-Clause */
/* The querier: general queries, election, and the question after a stranger's leave. */
#include "core/listen/mldr_i.h"

#include "base/err.h"

enum { QUERY_MAX_OCT = 128, ASK_MAX = 64, TAKE_OVER_RESPONSE_MS = 200 };

static size_t build(const struct mldr_link *l, const struct addr6 *src, const struct mldr_channel *ch, span_t response, bool is_suppress,
		    uint8_t buf[static QUERY_MAX_OCT])
{
	struct mcast_ask q = {
		.max_response_ms = (uint32_t)span_to_ms(response),
		.is_suppress = is_suppress,
		.robustness = (uint8_t)l->robustness,
		.interval_s = (uint32_t)span_to_s(l->interval),
	};
	if (ch) {
		q.group = ch->key.group;
		q.source = ch->key.source;
	}
	return mcast_query_packet_build(buf, QUERY_MAX_OCT, src, &q);
}

static void send(struct mldr *m, struct mldr_link *l, const struct mldr_channel *ch, span_t response, bool is_suppress)
{
	uint8_t buf[QUERY_MAX_OCT];
	size_t n = build(l, &l->src, ch, response, is_suppress, buf);
	fx_send(m->env->fx, m->role, l->ifindex, NULL, buf, n);
}

/* Who has just come and stands by asks once, as somebody who is elected nowhere: the highest link-local address, or 0.0.0.0. */
static void ask_modestly(struct mldr *m, struct mldr_link *l)
{
	static const struct addr6 highest = {{0xfe, 0x80, [8 ... 15] = 0xff}}, none4 = {{[10] = 0xff, [11] = 0xff}};
	uint8_t buf[QUERY_MAX_OCT];
	size_t n = build(l, addr6_is_v4mapped(&l->src) ? &none4 : &highest, NULL, l->conf.response_interval, true, buf);
	fx_send_of_standby(m->env->fx, m->role, l->ifindex, buf, n);
}

/* --- general queries and election (RFC 3810 7.6.2, 9.6, 9.7; RFC 3376 6.6.2, 8.6, 8.7) ------------------------------------------- */

static void become_querier(struct mldr *m, struct mldr_link *l, struct now now)
{
	l->is_querier = true;
	l->other = addr6_any;
	l->robustness = l->conf.robustness;
	l->interval = l->conf.query_interval;
	timer_clear(&m->timers, &l->other_gone);
	mldr_query_due(m, l, now);
}

void mldr_querier_start(struct mldr *m, struct mldr_link *l, struct now now)
{
	l->query.kind = T_QUERY;
	l->other_gone.kind = T_OTHER_QUERIER;
	l->startup_left = l->conf.robustness;
	l->robustness = l->conf.robustness;
	l->interval = l->conf.query_interval;
	if (m->is_standby)
		ask_modestly(m, l);
	else
		become_querier(m, l, now);
}

void mldr_query_due(struct mldr *m, struct mldr_link *l, struct now now)
{
	span_t next = l->interval;
	if (!l->is_querier)
		return;
	send(m, l, NULL, l->conf.response_interval, false);
	if (l->startup_left && --l->startup_left)
		next = span_ns(next.ns / 4);
	(void)timer_set(&m->timers, &l->query, mono_add(now.mono, next)); /* no memory: silent until the next link event */
}

void mldr_other_querier_gone(struct mldr *m, struct mldr_link *l, struct now now)
{
	become_querier(m, l, now);
	fx_event(m->env->fx, m->role, EV_NOTICE, l->family->querier_event, NULL, "querier on %s: other querier is silent", l->conf.name);
}

/* The elected querier's robustness and interval are the link's (RFC 3810 9.1, 9.2); zero means that it says none. */
static void yield(struct mldr *m, struct mldr_link *l, const struct mcast_query *q, const struct addr6 *src, struct now now)
{
	if (l->is_querier)
		fx_event(m->env->fx, m->role, EV_NOTICE, l->family->querier_event, NULL, "querier on %s: yields to %s", l->conf.name,
			 ADDR46_STR(src));
	l->is_querier = false;
	l->other = *src;
	timer_clear(&m->timers, &l->query);
	l->robustness = q->tail.robustness ? q->tail.robustness : l->conf.robustness;
	l->interval = q->tail.interval_s ? span_s(q->tail.interval_s) : l->conf.query_interval;
	span_t present = span_ns(l->robustness * l->interval.ns + l->conf.response_interval.ns / 2);
	(void)timer_set(&m->timers, &l->other_gone, mono_add(now.mono, present));
}

/* A query about a group by the elected querier: listeners that do not answer it are gone here too (7.6.1). */
static void follow(struct mldr *m, struct mldr_link *l, const struct mcast_query *q, struct now now)
{
	span_t wait = span_ms((int64_t)q->max_response_ms * l->robustness);
	for (uint16_t i = 0; i < q->tail.source.n; i++) {
		struct addr6 source = mcast_source(&q->tail.source, i);
		struct mldr_channel *ch = mldr_channel_find(m, &q->group, &source);
		if (ch)
			mldr_shorten(m, l, ch, mono_add(now.mono, wait));
	}
}

void mldr_query_rx(struct mldr *m, struct mldr_link *l, const struct mcast_query *q, const struct addr6 *src, struct now now)
{
	if (m->is_standby) { /* in IPv4 the active member's source is ours too */
		if (q->is_newest && !q->tail.is_suppress)
			follow(m, l, q, now);
		return;
	}
	if (addr6_eq(src, &l->src))
		return;
	if (l->conf.is_sole) {
		reason_count(m->env, R_MLD_FOREIGN_QUERY);
		return;
	}
	if (addr6_is_none(src) || addr6_cmp(src, &l->src) > 0) /* 0.0.0.0: a switch that asks for itself (RFC 4541 2.1.1) */
		return;
	if (q->is_newest)
		yield(m, l, q, src, now);
	if (addr6_eq(src, &l->other) && !q->tail.is_suppress)
		follow(m, l, q, now);
}

/* --- after a stranger's leave ---------------------------------------------------------------------- */

struct mldr_ask *mldr_ask_find(const struct mldr_link *l, const struct mldr_channel *ch)
{
	for (struct mldr_ask *a = l->asks; a; a = a->next)
		if (a->channel == ch)
			return a;
	return NULL;
}

static void ask_free(struct mldr *m, struct mldr_link *l, struct mldr_ask *ask)
{
	struct mldr_ask **at = &l->asks;
	while (*at != ask)
		at = &(*at)->next;
	*at = ask->next;
	l->n_asks--;
	timer_clear(&m->timers, &ask->timer);
	mem_put(m->env->mem, ask);
}

void mldr_ask_cancel(struct mldr *m, struct mldr_link *l, const struct mldr_channel *ch)
{
	struct mldr_ask *ask = mldr_ask_find(l, ch);
	if (ask)
		ask_free(m, l, ask);
}

/* The S flag keeps other routers from shortening what an answer has just lengthened (RFC 3810 7.6.3.2). After
 * the last query the object lives on for one more interval, and meanwhile no new stranger can start another. */
void mldr_ask_due(struct mldr *m, struct mldr_ask *ask, struct now now)
{
	struct mldr_link *l = ask->link;
	span_t wait = l->conf.last_listener_interval;
	if (ask->left == 0) {
		ask_free(m, l, ask);
		return;
	}
	ask->left--;
	send(m, l, ask->channel, wait, ask->is_answered);
	if (timer_set(&m->timers, &ask->timer, mono_add(now.mono, wait)) != ERR_OK)
		ask_free(m, l, ask);
}

void mldr_ask(struct mldr *m, struct mldr_link *l, struct mldr_channel *ch, struct now now)
{
	if (!l->is_querier || mldr_ask_find(l, ch))
		return;
	struct mldr_ask *ask = l->n_asks < ASK_MAX ? mem_zget(m->env->mem, sizeof *ask) : NULL;
	if (!ask) {
		reason_count(m->env, R_MLD_LIMIT);
		return;
	}
	*ask = (struct mldr_ask){.next = l->asks, .link = l, .channel = ch, .timer.kind = T_ASK, .left = l->robustness};
	l->asks = ask;
	l->n_asks++;
	span_t wait = span_ns((l->robustness + 1) * l->conf.last_listener_interval.ns);
	mldr_shorten(m, l, ch, mono_add(now.mono, wait));
	mldr_ask_due(m, ask, now);
}

static void each_link(struct mldr *m, void (*fn)(struct mldr *, struct mldr_link *, struct now), struct now now)
{
	for (uint32_t f = 0; f < MLDR_FAMILY_N; f++)
		for (uint32_t i = 0; i < MLDR_LINK_MAX; i++)
			if (m->link[f][i])
				fn(m, m->link[f][i], now);
}

static void fall_silent(struct mldr *m, struct mldr_link *l, struct now now)
{
	(void)now;
	mldr_querier_stop(m, l);
	l->is_querier = false;
}

void mldr_stand_by(struct mldr *m)
{
	m->is_standby = true;
	each_link(m, fall_silent, (struct now){0});
}

/* Whom it does not know yet it wants to know soon. */
static void take_over(struct mldr *m, struct mldr_link *l, struct now now)
{
	const span_t patient = l->conf.response_interval;
	if (patient.ns > TAKE_OVER_RESPONSE_MS * NS_PER_MS)
		l->conf.response_interval = span_ms(TAKE_OVER_RESPONSE_MS);
	mldr_querier_start(m, l, now);
	l->conf.response_interval = patient;
}

void mldr_take_over(struct mldr *m, struct now now)
{
	m->is_standby = false;
	each_link(m, take_over, now);
}

void mldr_querier_stop(struct mldr *m, struct mldr_link *l)
{
	while (l->asks)
		ask_free(m, l, l->asks);
	timer_clear(&m->timers, &l->query);
	timer_clear(&m->timers, &l->other_gone);
}
