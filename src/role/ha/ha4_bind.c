/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Care-of addresses of mobiles of Mobile IPv4 (RFC 5944 3.8.2.2): a binding of the table has one, and with the S bit up to
 * `simultaneous`. The newest leads; the others are kept beside it, for few mobiles have any.
 */
#include "base/err.h"
#include "role/ha/ha4_i.h"

static const struct lladdr nobody;

/* --- the datapath -------------------------------------------------------------------------------------------- */

static void put_more(struct ha *h, struct ha4 *b)
{
	struct dp_op op = {.table = DP_HOME_MORE, .home_more = {.home_address = b->b.hoa}};
	uint32_t n = ha_is_active(&b->b) ? ha4_n_to(b) - 1 : 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct ha4_to *to = &b->more->to[i];
		op.home_more.to[i].coa = to->at;
		op.home_more.to[i].encap = to->encap;
		op.home_more.to[i].udp_port = to->udp_port;
		op.home_more.to[i].expires = to->expires;
		op.home_more.to[i].is_nested = !(to->flags & MIP4_D);
	}
	op.home_more.n = n;
	if (n)
		fx_dp_put(h->env.fx, ROLE_HA, &op);
	else if (b->b.flags & HA_MORE)
		fx_dp_del(h->env.fx, ROLE_HA, &op);
	b->b.flags = (uint8_t)((b->b.flags & ~HA_MORE) | (n ? HA_MORE : 0));
}

bool ha4_has_flag(struct ha4 *b, uint8_t flag)
{
	for (uint32_t i = 0; i < ha4_n_to(b); i++)
		if (ha4_to_at(b, i)->flags & flag)
			return true;
	return false;
}

void ha4_put(struct ha *h, struct ha4 *b, const struct addr6 *prev, struct now now)
{
	bool is_active = ha_is_active(&b->b);
	struct dp_op op = {.table = DP_HOME, .home = {.home_address = b->b.hoa, .coa = b->to.at, .ha = h->conf.v4.address,
						      .expires = is_active ? b->to.expires : (mono_t){0}, .encap = b->to.encap,
						      .udp_port = b->to.udp_port, .has_more = is_active && b->more,
						      .is_reverse = ha4_has_flag(b, MIP4_T), .is_nested = !(b->to.flags & MIP4_D)}};

	if (prev && h->conf.reverse_grace.ns) {
		op.home.prev = *prev;
		op.home.prev_until = mono_add(now.mono, h->conf.reverse_grace);
	}
	if (op.home.has_more) /* before it is asked for */
		put_more(h, b);
	fx_dp_put(h->env.fx, ROLE_HA, &op);
	if (!op.home.has_more)
		put_more(h, b);
}

void ha4_unput_more(struct ha *h, const struct binding *b)
{
	struct dp_op more = {.table = DP_HOME_MORE, .home_more = {.home_address = b->hoa}};

	if (b->flags & HA_MORE)
		fx_dp_del(h->env.fx, ROLE_HA, &more);
}

/* --- care-of addresses --------------------------------------------------------------------------------------- */

void ha4_clear(struct ha *h, struct ha4 *b)
{
	ha4_listen(h, b, false);
	mem_put(h->env.mem, b->more);
	b->more = NULL;
}

void ha4_set_due(struct ha *h, struct ha4 *b)
{
	mono_t first = b->to.expires, last = b->to.expires;

	for (uint32_t i = 1; i < ha4_n_to(b); i++) {
		first = mono_min(first, ha4_to_at(b, i)->expires);
		last = mono_max(last, ha4_to_at(b, i)->expires);
	}
	b->b.expires = last;
	b->b.coa = b->to.coa;
	b->b.lifetime = b->to.lifetime_s;
	binding_due(&h->bindings, &b->b, first);
}

static void remove_at(struct ha *h, struct ha4 *b, uint32_t i)
{
	struct ha4_more *m = b->more;

	if (i == 0)
		b->to = m->to[0];
	for (uint32_t k = i ? i : 1; k < m->n; k++)
		m->to[k - 1] = m->to[k];
	if (--m->n == 0) {
		mem_put(h->env.mem, m);
		b->more = NULL;
	}
}

/* Of several one ends. */
static void end_one_of(struct ha *h, struct ha4 *b, uint32_t i, enum ha_end how, const char *code, const char *why, struct now now)
{
	const struct addr6 coa = ha4_to_at(b, i)->coa, at = ha4_to_at(b, i)->at;

	remove_at(h, b, i);
	ha4_set_due(h, b);
	ha4_listen(h, b, ha4_has_flag(b, MIP4_B));
	if (how != HA_END_LAPSE) /* what ends by its lifetime does so wherever the record is read */
		ha_store_put(h, &b->b, FX_CHANGE_PUT, now);
	ha4_put(h, b, &at, now);
	fx_event(h->env.fx, ROLE_HA, EV_INFO, code, &b->b.hoa, "care-of address %s: %s", ADDR46_STR(&coa), why);
}

void ha4_end_one(struct ha *h, struct ha4 *b, uint32_t i, const char *code, const char *why, struct now now)
{
	if (ha4_n_to(b) > 1)
		end_one_of(h, b, i, HA_END_BY_US, code, why, now);
	else
		ha_end(h, &b->b, HA_END_BY_US, code, why, now);
}

void ha4_on_due(struct ha *h, struct ha4 *b, struct now now)
{
	for (uint32_t i = ha4_n_to(b); i-- > 0;)
		if (ha4_n_to(b) > 1 && mono_reached(ha4_to_at(b, i)->expires, now.mono))
			end_one_of(h, b, i, HA_END_LAPSE, "care-of-address-expired", "lifetime ended without a refresh", now);
	ha4_set_due(h, b);
}

static int find_coa(struct ha4 *b, const struct addr6 *coa)
{
	for (uint32_t i = 0; i < ha4_n_to(b); i++)
		if (addr6_eq(&ha4_to_at(b, i)->coa, coa))
			return (int)i;
	return -1;
}

/* --- a request that is valid --------------------------------------------------------------------------------- */

struct ha4 *ha4_remember(struct ha *h, const struct addr6 *hoa, struct now now)
{
	struct ha4 *b = binding_find(&h->bindings, hoa);

	if (b || !(b = binding_add(&h->bindings, hoa)))
		return b;
	b->b.state = BINDING_GONE;
	ha_keep_gone(h, &b->b, now);
	return b;
}

/* Both say so, under an authentication that they share (RFC 3543 3.2, 4.2.1). */
static bool agrees_on_revocation(const struct ha *h, const struct ha4_rq *rq)
{
	const struct mip4_exts *x = &rq->p->m.ext;
	bool is_direct = (rq->q->flags & MIP4_D) && addr6_eq(&rq->p->src, &rq->q->coa);

	if (!x->has_revocation || !h->conf.v4.has_revocation)
		return false;
	return (rq->fa_key && !(rq->q->flags & MIP4_D) && mip4_is_covered(x, x->revocation.off, MIP4_FH)) ||
	       (is_direct && mip4_is_covered(x, x->revocation.off, MIP4_MH));
}

static struct ha4_to care_of(const struct ha *h, const struct ha4_rq *rq, uint16_t lifetime_s)
{
	const struct mip4_request *q = rq->q;
	const struct mip4_exts *x = &rq->p->m.ext;
	struct ha4_to to = {.coa = q->coa, .at = rq->has_udp ? rq->p->src : q->coa, .from = rq->p->src,
			    .id = q->id, .flags = q->flags, .encap = rq->encap, .udp_port = rq->has_udp ? rq->p->sport : 0,
			    .lifetime_s = lifetime_s, .expires = mono_add(rq->now.mono, span_s(lifetime_s))};

	to.has_revocation = agrees_on_revocation(h, rq);
	if (to.has_revocation) {
		to.peer_stamp = x->revocation.timestamp;
		to.wants_inform = x->revocation.inform;
	}
	return to;
}

/* The others stay: to becomes the first of the list. Room was looked for by the checks; false: no memory. */
static bool keep_others(struct ha *h, struct ha4 *b, const struct ha4_to *to)
{
	int at = find_coa(b, &to->coa);

	if (at < 0) {
		if (!b->more && !(b->more = mem_zget(h->env.mem, sizeof *b->more)))
			return false;
		at = (int)++b->more->n;
	}
	for (int i = at; i > 0; i--)
		*ha4_to_at(b, (uint32_t)i) = *ha4_to_at(b, (uint32_t)i - 1);
	b->to = *to;
	return true;
}

/* The others end; who agreed on it is told. */
static void replace_all(struct ha *h, struct ha4 *b, const struct ha4_to *to, struct now now)
{
	for (uint32_t i = 0; ha_is_active(&b->b) && i < ha4_n_to(b); i++)
		if (!addr6_eq(&ha4_to_at(b, i)->coa, &to->coa))
			ha4_revoke(h, b, ha4_to_at(b, i), false, now);
	mem_put(h->env.mem, b->more);
	b->more = NULL;
	b->to = *to;
}

static uint16_t grantable_s(const struct ha *h, uint16_t asked_s)
{
	int64_t most = span_to_s(h->conf.lifetime_max);
	if (most >= MIP4_LIFETIME_INFINITE)
		most = MIP4_LIFETIME_INFINITE - 1;
	return asked_s < most ? asked_s : (uint16_t)most;
}

static void no_room(struct ha *h, struct ha4_rq *rq, struct now now)
{
	reason_count(&h->env, R_LIMIT_BINDINGS);
	ha4_refuse(h, rq, MIP4_HA_NO_RESOURCES, now);
}

static void tell_registered(struct ha *h, const struct ha4 *b, bool is_new)
{
	fx_event(h->env.fx, ROLE_HA, EV_INFO, is_new ? "binding-registered" : "binding-moved", &b->b.hoa, "care-of address %s, %u s%s",
		 ADDR46_STR(&b->to.coa), b->to.lifetime_s, b->more ? ", and others" : "");
}

void ha4_register(struct ha *h, struct ha4_rq *rq, struct now now)
{
	bool has_entry = rq->b;
	struct ha4 *b = rq->b = rq->b ? rq->b : binding_add(&h->bindings, &rq->hoa);
	struct ha4_to to = care_of(h, rq, grantable_s(h, rq->q->lifetime_s));

	if (!b) {
		no_room(h, rq, now);
		return;
	}
	bool is_new = !has_entry || !ha_is_active(&b->b), is_kept = !is_new && (rq->q->flags & MIP4_S) && h->conf.v4.simultaneous > 1;
	bool has_moved = is_new || !addr6_eq(&b->to.at, &to.at);
	const struct addr6 before = b->to.at;

	if (is_kept && !keep_others(h, b, &to)) {
		no_room(h, rq, now);
		return;
	}
	if (!is_kept)
		replace_all(h, b, &to, now);
	ha4_revoke_cancel(h, &b->b.hoa, &to.from);
	if (to.has_revocation)
		b->own_stamp = ha4_stamp(b->own_stamp, now);
	b->b.stamp = rq->q->id;
	b->b.lifetime = to.lifetime_s;
	b->b.flags &= (uint8_t)~HA_LINGERS;
	ha_enter_active(h, &b->b, to.expires);
	ha4_set_due(h, b);
	ha4_listen(h, b, h->conf.v4.has_broadcast && ha4_has_flag(b, MIP4_B));
	ha4_net_grant(h, rq);
	ha4_draw_nonce(h, rq, true, now);
	ha_store_put(h, &b->b, FX_CHANGE_PUT, now);
	ha4_revocation_timers(h, now);
	ha4_put(h, b, has_moved && !is_new ? &before : NULL, now);
	if (is_new && ha_link_of(h, &b->b.hoa))
		ha_intercept(h, &b->b, now);
	if (has_moved)
		tell_registered(h, b, is_new);
	h->n_registered++;
	ha4_accept(h, rq, to.lifetime_s, now);
}

/* The mobile is on the home link, and its own request came over it. */
static const struct ha_link *at_home(const struct ha *h, const struct ha4_rq *rq)
{
	const struct ha_link *l = ha_link_of(h, &rq->hoa);
	bool is_direct = l && rq->rx->ifindex == l->ifindex && addr6_eq(&rq->p->src, &rq->hoa) && !lladdr_eq(&rq->rx->lladdr_src, &nobody);
	return is_direct ? l : NULL;
}

/* Another agent than the one that relayed this does not hear of it otherwise. */
static void tell_agent(struct ha *h, struct ha4_rq *rq, uint32_t i, struct now now)
{
	const struct ha4_to *to = ha4_to_at(rq->b, i);
	if (!addr6_eq(&to->from, &rq->p->src))
		ha4_revoke(h, rq->b, to, false, now);
}

static void end_all(struct ha *h, struct ha4_rq *rq, struct now now)
{
	struct ha4 *b = rq->b;

	for (uint32_t i = 0; i < ha4_n_to(b); i++)
		tell_agent(h, rq, i, now);
	ha_end(h, &b->b, HA_END_BY_MOBILE, "binding-deregistered", "by the mobile", now);
}

static void end_some(struct ha *h, struct ha4_rq *rq, struct now now)
{
	struct ha4 *b = rq->b;
	int at = find_coa(b, &rq->q->coa);

	if (at >= 0)
		tell_agent(h, rq, (uint32_t)at, now);
	if (at < 0) {
		ha_store_put(h, &b->b, FX_CHANGE_PUT, now); /* the identification */
	} else if (ha4_n_to(b) > 1) {
		end_one_of(h, b, (uint32_t)at, HA_END_BY_MOBILE, "care-of-address-deregistered", "by the mobile", now);
	} else {
		ha_end(h, &b->b, HA_END_BY_MOBILE, "binding-deregistered", "by the mobile", now);
	}
}

/* There is nothing to end, but an identification to know again. */
static void remember_gone(struct ha *h, struct ha4 *b, struct now now)
{
	if (!(b->b.flags & HA_LINGERS))
		ha_keep_gone(h, &b->b, now);
	ha_store_put(h, &b->b, FX_CHANGE_DELETE, now);
}

/* Accepted also when there is nothing to end: the mobile wants to be without, and is. */
void ha4_deregister(struct ha *h, struct ha4_rq *rq, struct now now)
{
	const struct ha_link *home = at_home(h, rq);
	struct ha4 *b = rq->b = ha4_remember(h, &rq->hoa, now);

	if (b)
		b->b.stamp = rq->q->id;
	ha4_draw_nonce(h, rq, true, now);
	if (b && ha_is_active(&b->b))
		(rq->is_all ? end_all : end_some)(h, rq, now);
	else if (b)
		remember_gone(h, b, now);
	ha4_revocation_timers(h, now);
	if (home && rq->is_all) {
		/* By another interface than that by which it left, perhaps: what comes before its own word would go there. */
		fx_neigh(h->env.fx, ROLE_HA, home->ifindex, &rq->hoa, &rq->rx->lladdr_src);
		ha_announce_return(h, &rq->hoa, &rq->rx->lladdr_src, now);
	}
	h->n_deregistered++;
	ha4_accept(h, rq, 0, now);
}
