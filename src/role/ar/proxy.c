/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MLD and IGMP proxy (RFC 4605): what mldr knows of the access links becomes forwarding entries here and membership upstream.
 *
 * The kernel reports a membership 8 to 12 ms after it was asked for, most of a handover, and withdraws it when the daemon that
 * asked dies. So there is no socket's membership here. A change goes upstream in a report of our own, at once, and
 * twice or more again, 20 ms apart (not within a second, as RFC 3810 6.1 and RFC 3376 5.1 have it: a lost report is a gap in somebody's stream).
 * We answer the queries; while we are dead nobody does, and the router above keeps sending until its membership time is
 * over. The card's filter is opened as a whole with the interface (DP_IF_UPSTREAM).
 *
 * The upstream interface's own state is merged from the links: a channel is reported if any link has a listener.
 */
#include "base/err.h"
#include "role/ar/ar_i.h"

enum { REPORT_MAX_OCT = 1280, REPEAT_MS = 20 };

struct report {
	struct { struct addr6 group, source; } key;
	struct timer timer;
	uint32_t left;
	uint8_t type; /* enum mld_rec_type */
};

void ar_proxy_init(struct ar *ar)
{
	struct report *r = NULL;
	table_init(&ar->reports, ar->env->mem, ar->env->rng, offsetof(struct report, key), sizeof r->key);
	for (int f = 0; f < MLDR_FAMILY_N; f++)
		ar->up.report_all[f].kind = AR_T_REPORT_ALL;
	ar->up.src[1] = addr6_from_v4((struct addr4){{0}});
}

void ar_proxy_fini(struct ar *ar)
{
	uint64_t it = 0;
	for (struct report *r; (r = table_next(&ar->reports, &it));)
		mem_put(ar->env->mem, r);
	table_fini(&ar->reports);
}

/* --- reports ----------------------------------------------------------------------------------------- */

static uint32_t family_of(const struct addr6 *group) { return addr6_is_v4mapped(group); }

static void flush(struct ar *ar, struct ar_batch *b, uint32_t family)
{
	uint8_t buf[REPORT_MAX_OCT];
	if (b->of[family].n && ar->up.is_up) {
		size_t n = mcast_report_packet_build(buf, sizeof buf, &ar->up.src[family], b->of[family].state, b->of[family].n);
		fx_send(ar->env->fx, ROLE_AR, ar->up.ifindex, NULL, buf, n);
		ar->up.n_reports++;
	}
	b->of[family].n = 0;
}

void ar_proxy_flush(struct ar *ar, struct ar_batch *b)
{
	for (uint32_t f = 0; f < MLDR_FAMILY_N; f++)
		flush(ar, b, f);
}

static void gather(struct ar *ar, struct ar_batch *b, enum mld_rec_type type, const struct addr6 *group, const struct addr6 *source)
{
	uint32_t f = family_of(group);
	if (b->of[f].n == MCAST_STATES_MAX)
		flush(ar, b, f);
	b->of[f].state[b->of[f].n++] = (struct mcast_state){.type = (uint8_t)type, .group = *group, .source = *source};
}

static struct report *report_get(struct ar *ar, const struct addr6 *group, const struct addr6 *source)
{
	struct report key = {.key = {*group, *source}};
	struct report *r = table_find(&ar->reports, &key.key);
	if (r)
		return r;
	r = mem_zget(ar->env->mem, sizeof *r);
	if (!r)
		return NULL;
	r->key = key.key;
	r->timer.kind = AR_T_REPORT;
	if (table_add(&ar->reports, r) == ERR_OK)
		return r;
	mem_put(ar->env->mem, r);
	return NULL;
}

static void report_free(struct ar *ar, struct report *r)
{
	timer_clear(&ar->timers, &r->timer);
	table_del(&ar->reports, &r->key);
	mem_put(ar->env->mem, r);
}

/* `n` times from `delay` on. Without memory the first report has to do, and the querier asks again. */
static void report_later(struct ar *ar, enum mld_rec_type type, const struct addr6 *group, const struct addr6 *source, uint32_t n,
			 mono_t when)
{
	struct report *r = report_get(ar, group, source);
	if (!r)
		return;
	r->type = (uint8_t)type;
	r->left = n;
	if (timer_set(&ar->timers, &r->timer, when) != ERR_OK)
		report_free(ar, r);
}

/* Now, and again soon. The caller flushes. */
static void report_change(struct ar *ar, struct ar_batch *b, bool is_join, const struct mldr_channel *ch, struct now now)
{
	enum mld_rec_type type = is_join ? MLD_ALLOW : MLD_BLOCK;
	gather(ar, b, type, &ch->key.group, &ch->key.source);
	report_later(ar, type, &ch->key.group, &ch->key.source, ar->conf.robustness, mono_add(now.mono, span_ms(REPEAT_MS)));
}

void ar_proxy_report_due(struct ar *ar, struct timer *t, struct ar_batch *b, struct now now)
{
	struct report *r = container_of(t, struct report, timer);
	gather(ar, b, (enum mld_rec_type)r->type, &r->key.group, &r->key.source);
	if (--r->left == 0)
		report_free(ar, r);
	else
		(void)timer_set(&ar->timers, &r->timer, mono_add(now.mono, span_ms(REPEAT_MS))); /* just popped: has room */
}

void ar_proxy_report_all(struct ar *ar, const struct timer *t)
{
	struct ar_batch b;
	uint64_t it = 0;
	ar_batch_begin(&b);
	for (const struct mldr_channel *ch; (ch = mldr_next(&ar->mldr, &it));)
		if (t == &ar->up.report_all[family_of(&ch->key.group)])
			gather(ar, &b, MLD_IS_IN, &ch->key.group, &ch->key.source);
	ar_proxy_flush(ar, &b);
}

/* --- changes below ------------------------------------------------------------------------------------ */

static void put_mfc(struct ar *ar, const struct mldr_channel *ch)
{
	struct dp_op op = {.table = DP_MFC, .mfc = {.group = ch->key.group, .source = ch->key.source, .iif = ar->up.ifindex,
						  .is_merge = ar->mldr.is_learning}};
	_Static_assert((int)DP_OIF_MAX >= (int)MLDR_LINK_MAX, "one entry serves all links");
	if (ch->links) {
		op.mfc.n_oif = mldr_oifs(&ar->mldr, ch, op.mfc.oif);
		fx_dp_put(ar->env->fx, ROLE_AR, &op);
	} else {
		fx_dp_del(ar->env->fx, ROLE_AR, &op);
	}
}

/* The entry first: packets may come right after the report. */
void ar_proxy_change(void *ctx, const struct mldr_channel *ch, uint32_t ifindex, bool is_first, struct now now)
{
	struct ar *ar = ctx;
	struct ar_batch b;
	bool is_only = (ch->links & (ch->links - 1)) == 0, is_join = is_first && is_only, is_leave = ch->links == 0;
	ar_batch_begin(&b);

	if (ifindex)
		fx_event(ar->env->fx, ROLE_AR, EV_DEBUG, is_first ? "listener-first" : "listener-last", NULL, "group %s on interface %u",
			 ADDR46_STR(&ch->key.group), ifindex);
	if (ifindex)
		ar_vouch_change(ar, ch, ifindex, is_first);
	if (!ar->up.is_up)
		return;
	put_mfc(ar, ch);
	if (!is_join && !is_leave)
		return;
	report_change(ar, &b, is_join, ch, now);
	ar_proxy_flush(ar, &b);
}

/* --- the upstream link -------------------------------------------------------------------------------- */

void ar_proxy_up(struct ar *ar, struct now now)
{
	struct ar_batch b;
	uint64_t it = 0;
	ar_batch_begin(&b);
	for (const struct mldr_channel *ch; (ch = mldr_next(&ar->mldr, &it));) {
		put_mfc(ar, ch);
		report_change(ar, &b, true, ch, now);
	}
	ar_proxy_flush(ar, &b);
}

static void withdraw(struct ar *ar, bool is_said)
{
	struct ar_batch b;
	uint64_t it = 0;
	ar_batch_begin(&b);
	for (const struct mldr_channel *ch; (ch = mldr_next(&ar->mldr, &it));) {
		struct dp_op op = {.table = DP_MFC, .mfc = {.group = ch->key.group, .source = ch->key.source}};
		fx_dp_del(ar->env->fx, ROLE_AR, &op);
		if (is_said)
			gather(ar, &b, MLD_BLOCK, &ch->key.group, &ch->key.source);
	}
	ar_proxy_flush(ar, &b);
}

static void forget_reports(struct ar *ar)
{
	uint64_t it = 0;
	for (int f = 0; f < MLDR_FAMILY_N; f++)
		timer_clear(&ar->timers, &ar->up.report_all[f]);
	for (struct report *r; (r = table_next(&ar->reports, &it)); it = 0)
		report_free(ar, r);
}

void ar_proxy_down(struct ar *ar)
{
	forget_reports(ar);
	withdraw(ar, false);
}

void ar_proxy_stop(struct ar *ar)
{
	forget_reports(ar);
	if (ar->up.is_up)
		withdraw(ar, true);
}

/* RFC 3810 6.2, RFC 3376 5.2: one pending answer to a general query, the sooner one. */
static void on_general_query(struct ar *ar, uint32_t family, mono_t when)
{
	struct timer *t = &ar->up.report_all[family];
	if (!timer_is_set(t) || mono_before(when, t->when))
		(void)timer_set(&ar->timers, t, when); /* reserved: cannot fail */
}

static void answer_later(struct ar *ar, const struct addr6 *group, const struct addr6 *source, mono_t when)
{
	struct report key = {.key = {*group, *source}};
	if (mldr_find(&ar->mldr, group, source) && !table_find(&ar->reports, &key.key))
		report_later(ar, MLD_IS_IN, group, source, 1, when);
}

static void on_query(struct ar *ar, const struct mcast_packet *p, struct now now)
{
	const struct mcast_query *q = &p->query;
	mono_t when = mono_add(now.mono, span_ms(rng_below(ar->env->rng, q->max_response_ms)));
	if (!q->is_newest) {
		reason_count(ar->env, R_MLD_NOT_SSM);
		return;
	}
	if (addr6_is_none(&q->group))
		on_general_query(ar, p->is_v4, when);
	else if (q->tail.source.n == 0)
		answer_later(ar, &q->group, p->is_v4 ? &ar->conf.mma_v4 : &ar->conf.mma, when);
	for (uint16_t i = 0; i < q->tail.source.n; i++) {
		struct addr6 source = mcast_source(&q->tail.source, i);
		answer_later(ar, &q->group, &source, when);
	}
}

bool ar_proxy_rx(struct ar *ar, const struct rx *rx, struct now now)
{
	struct mcast_packet p;
	enum wire_err err = mcast_packet_parse(rx->pkt, rx->len_oct, &p);
	if (err == W_PROTO || err == W_TYPE)
		return false;
	if (err != W_OK)
		reason_count(ar->env, R_MLD_INVALID);
	else if (p.kind == MCAST_QUERY)
		on_query(ar, &p, now);
	return true; /* reports of other routers: none of ours */
}
