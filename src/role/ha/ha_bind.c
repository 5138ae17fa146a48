/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a binding (RFC 6275 10.3.1, 10.3.2):
 *
 *	NEW (home link is probed) -> ACTIVE -> GONE -> forgotten
 *
 * In ACTIVE the datapath tunnels and, on a physical home link, we answer for the address. GONE remembers sequence number and
 * timestamp, so that an update that was delayed or recorded cannot bring the binding back: as long as a timestamp
 * could still be taken for fresh, and at least MAX_DELETE_BCE_TIMEOUT; for ever where mobiles
 * may register without timestamps.
 *
 * Bindings of Mobile IPv4 are entries of the same table and live the same life; what differs is in ha4_bind.c.
 *
 * Effects of one update go out in this order: store, datapath, home link, acknowledgement.
 */
#include "base/err.h"
#include "role/ha/ha4_i.h"

void ha_put_home(struct ha *h, struct binding *b, const struct addr6 *prev, struct now now)
{
	if (ha_is_v4(b)) {
		ha4_put(h, ha4_of(b), prev, now);
		return;
	}
	struct dp_op op = {.table = DP_HOME, .home = {.home_address = b->hoa, .coa = b->coa, .ha = h->conf.address,
						      .expires = ha_is_active(b) ? b->expires : (mono_t){0}, /* well past, also by the coarse clock of the programs */
						      /* What this host itself sends goes as a correspondent node's (10.4.2, 9.3.2). */
						      .is_own_routed = h->conf.has_routing_header && ha_is_active(b)}};
	if (prev && h->conf.reverse_grace.ns) {
		op.home.prev = *prev;
		op.home.prev_until = mono_add(now.mono, h->conf.reverse_grace);
	}
	fx_dp_put(h->env.fx, ROLE_HA, &op);
}

static void put_home(struct ha *h, struct binding *b) { ha_put_home(h, b, NULL, (struct now){0}); }

/* What depends on the entry of the home address. */
static void unput_more(struct ha *h, const struct binding *b)
{
	if (ha_is_v4(b))
		ha4_unput_more(h, b);
}

void ha_unbind(struct ha *h, const struct binding *b)
{
	struct dp_op op = {.table = DP_HOME, .home = {.home_address = b->hoa}};
	fx_dp_del(h->env.fx, ROLE_HA, &op);
	unput_more(h, b);
	ha_net_end(h, &b->hoa);
}

bool ha_is_kept_forever(const struct ha *h, const struct binding *b) { return !h->conf.is_stamp_required && !ha_is_v4(b); }

span_t ha_gone_span(const struct ha *h)
{
	span_t keep = span_ns(2 * ha_stamp_window(h).ns), least = span_s(MAX_DELETE_BCE_TIMEOUT_S);
	return keep.ns < least.ns ? least : keep;
}

static mono_t forget_at(const struct ha *h, const struct binding *b, struct now now)
{
	return ha_is_kept_forever(h, b) ? MONO_NEVER : mono_add(now.mono, ha_gone_span(h));
}

void ha_keep_gone(struct ha *h, struct binding *b, struct now now)
{
	binding_due(&h->bindings, b, forget_at(h, b, now));
}

static void become_gone(struct ha *h, struct binding *b, struct now now)
{
	if (ha_is_v4(b))
		ha4_clear(h, ha4_of(b));
	b->state = BINDING_GONE;
	b->flags = 0;
	ha_keep_gone(h, b, now);
}

void ha_enter_gone(struct ha *h, struct binding *b, enum fx_change_how how, struct now now)
{
	if (b->flags & HA_LINGERS)
		ha_unbind(h, b);
	become_gone(h, b, now);
	ha_store_put(h, b, how, now);
}

span_t ha_life_of(const struct binding *b) { return span_s(ha_is_v4(b) ? b->lifetime : b->lifetime * 4); }

void ha_enter_active(struct ha *h, struct binding *b, mono_t expires)
{
	if (b->state != BINDING_ACTIVE)
		h->n_active++;
	b->state = BINDING_ACTIVE;
	b->expires = expires;
	b->flags &= (uint8_t)~HA_REVIVED;
	mono_t due = expires;
	if (h->conf.has_refresh_request && !ha_is_v4(b))
		due.ns -= ha_life_of(b).ns / 8;
	binding_due(&h->bindings, b, due);
}

/* No more than asked for, configured, and left to the prefix (10.3.1). */
static uint32_t grantable_s(const struct ha *h, uint32_t asked_s)
{
	int64_t s = asked_s;

	if (s > span_to_s(h->conf.lifetime_max))
		s = span_to_s(h->conf.lifetime_max);
	if (s > span_to_s(h->conf.prefix_valid))
		s = span_to_s(h->conf.prefix_valid);
	return (uint32_t)s;
}

void ha_grant(struct ha *h, struct binding *b, const struct ha_bu *bu, struct now now)
{
	if (!ha_net_grant(h, bu)) {
		reason_count(&h->env, R_LIMIT_BINDINGS);
		if (b->state != BINDING_ACTIVE)
			ha_enter_gone(h, b, FX_CHANGE_LAPSE, now);
		ha_refuse(h, bu, BA_NO_RESOURCES, now);
		return;
	}
	bool is_new = b->state != BINDING_ACTIVE, has_moved = !addr6_eq(&b->coa, &bu->coa);

	bool was_ll = b->flags & HA_LINK_LOCAL;
	const struct addr6 before = b->coa;
	b->coa = bu->coa;
	b->lifetime = (uint16_t)(grantable_s(h, bu->lifetime_s) / 4);
	b->flags = (uint8_t)((b->flags & ~(HA_LINK_LOCAL | HA_ROUTER | HA_LINGERS)) | (bu->flags & BU_L ? HA_LINK_LOCAL : 0) |
			     (bu->flags & BU_R ? HA_ROUTER : 0));
	ha_enter_active(h, b, mono_add(now.mono, ha_life_of(b)));
	ha_store_put(h, b, FX_CHANGE_PUT, now);
	ha_put_home(h, b, has_moved && !is_new ? &before : NULL, now);
	if (is_new && ha_link_of(h, &b->hoa))
		ha_intercept(h, b, now);
	else if (was_ll != !!(b->flags & HA_LINK_LOCAL))
		ha_intercept_ll(h, b);
	if (is_new || has_moved)
		fx_event(h->env.fx, ROLE_HA, EV_INFO, is_new ? "binding-registered" : "binding-moved", &b->hoa,
			 "care-of address %s, %u s", ADDR6_STR(&b->coa), b->lifetime * 4u);
	h->n_registered++;
	ha_prefix_binding_refreshed(h, &b->hoa, now);
	ha_accept(h, bu, b->lifetime * 4u, now);
}

void ha_deny(struct ha *h, struct binding *b, const struct ha_bu *bu, struct now now)
{
	reason_count(&h->env, R_BU_DAD_FAILED);
	fx_event(h->env.fx, ROLE_HA, EV_WARNING, "duplicate-address", &b->hoa, "home address is in use on the home link");
	ha_enter_gone(h, b, FX_CHANGE_LAPSE, now); /* it was never granted: what others have of it stands */
	ha_refuse(h, bu, BA_DAD_FAILED, now);
}

static void remember(struct binding *b, const struct ha_bu *bu)
{
	b->seq = bu->seq;
	if (bu->has_stamp)
		b->stamp = bu->stamp;
}

void ha_register(struct ha *h, struct ha_bu *bu, struct now now)
{
	struct binding *b = bu->b ? bu->b : binding_add(&h->bindings, &bu->hoa);

	if (!b) {
		reason_count(&h->env, R_LIMIT_BINDINGS);
		ha_refuse(h, bu, BA_NO_RESOURCES, now);
		return;
	}
	remember(b, bu);
	const struct ha_link *l = ha_link_of(h, &b->hoa);
	bool must_check = l && l->is_up && h->conf.has_dad;
	if (ha_is_active(b) || !must_check) {
		ha_grant(h, b, bu, now);
		return;
	}
	b->state = BINDING_NEW;
	binding_due(&h->bindings, b, MONO_NEVER); /* the check has a timer of its own */
	if (ha_check_start(h, b, bu, now) != ERR_OK) {
		reason_count(&h->env, R_LIMIT_BINDINGS);
		ha_enter_gone(h, b, FX_CHANGE_LAPSE, now);
		ha_refuse(h, bu, BA_NO_RESOURCES, now);
	}
}

/* Of a mobile that came home packets are still on their way from where it was: they are taken for a moment. */
static void linger(struct ha *h, struct binding *b, struct now now)
{
	ha_put_home(h, b, ha_is_v4(b) ? &ha4_of(b)->to.at : &b->coa, now);
	b->flags |= HA_LINGERS;
	binding_due(&h->bindings, b, mono_add(now.mono, h->conf.reverse_grace));
}

/* In a group the host may have learned it from the announcements of a member that served: packets for it would go there now, and that member's host may
 * have learned it from ours. */
static void forget_neighbour(struct ha *h, const struct binding *b)
{
	static const struct lladdr none;
	const struct ha_link *l = ha_link_of(h, &b->hoa);
	if (h->has_group && l && l->ifindex)
		fx_neigh(h->env.fx, ROLE_HA, l->ifindex, &b->hoa, &none);
}

/* The entry of one that lingers is replaced, never taken out: packets come all the time. */
void ha_cut(struct ha *h, struct binding *b, enum ha_end how, struct now now)
{
	const bool was_active = b->state == BINDING_ACTIVE, lingers = how == HA_END_BY_MOBILE && h->conf.reverse_grace.ns;
	if (lingers) {
		unput_more(h, b);
		ha_net_linger(h, &b->hoa);
	} else if (was_active || (b->flags & HA_LINGERS)) {
		ha_unbind(h, b);
	}
	if (was_active) {
		h->n_active--;
		ha_prefix_binding_gone(h, &b->hoa);
		ha_intercept_end(h, b);
		forget_neighbour(h, b);
	}
	become_gone(h, b, now);
	if (lingers)
		linger(h, b, now);
}

void ha_end(struct ha *h, struct binding *b, enum ha_end how, const char *code, const char *why, struct now now)
{
	ha_cut(h, b, how, now);
	ha_store_put(h, b, how == HA_END_LAPSE ? FX_CHANGE_LAPSE : FX_CHANGE_DELETE, now);
	fx_event(h->env.fx, ROLE_HA, EV_INFO, code, &b->hoa, "%s", why);
}

void ha_drop(struct ha *h, struct binding *b, const char *why, struct now now)
{
	if (ha_is_active(b)) {
		if (ha_is_v4(b))
			ha4_revoke_all(h, ha4_of(b), now);
		ha_end(h, b, HA_END_BY_US, "binding-dropped", why, now);
		ha4_revocation_timers(h, now);
	} else if (b->state == BINDING_NEW) {
		ha_check_cancel(h, &b->hoa);
		ha_enter_gone(h, b, FX_CHANGE_LAPSE, now);
	}
}

void ha_deregister(struct ha *h, struct ha_bu *bu, struct now now)
{
	struct binding *b = bu->b;

	if (!b && h->has_group) /* another member may have the binding, and be out of reach */
		b = binding_add(&h->bindings, &bu->hoa);
	if (b)
		remember(b, bu);
	if (!ha_is_active(b)) {
		if (b) {
			ha_check_cancel(h, &b->hoa);
			ha_enter_gone(h, b, FX_CHANGE_DELETE, now);
		}
		reason_count(&h->env, R_BU_NO_BINDING);
		ha_refuse(h, bu, BA_NOT_HOME_AGENT, now);
		return;
	}
	ha_end(h, b, HA_END_BY_MOBILE, "binding-deregistered", "by the mobile", now);
	if (bu->is_direct) /* by another interface than that by which it left, perhaps: what comes before its own word would go there */
		fx_neigh(h->env.fx, ROLE_HA, ha_link_of(h, &b->hoa)->ifindex, &b->hoa, &bu->lladdr);
	h->n_deregistered++;
	ha_accept(h, bu, 0, now);
}

void ha_revive(struct ha *h, struct binding *b, enum binding_state state, uint8_t flags, span_t left, struct now now)
{
	span_t granted = ha_life_of(b);

	/* A datapath that outlived the daemon that filled it has entries with ends of their own, whatever happened to the wall clock meanwhile. */
	if (state != BINDING_ACTIVE) {
		ha_unbind(h, b);
		become_gone(h, b, now); /* the record is right as it is */
		return;
	}
	/* Whether a mobile of Mobile IPv4 is known is seen once all records are there: its home address may be a given one. */
	if (left.ns <= 0 || !(ha_is_v4(b) || ha_mobile_key(h, &b->hoa))) {
		ha_unbind(h, b);
		ha_enter_gone(h, b, left.ns <= 0 ? FX_CHANGE_LAPSE : FX_CHANGE_DELETE, now);
		return;
	}
	ha_enter_active(h, b, mono_add(now.mono, left.ns < granted.ns ? left : granted));
	b->flags |= flags | HA_REVIVED;
	/* The datapath is told from the timers, some at a time: there may be a million. */
	binding_due(&h->bindings, b, now.mono);
}

void ha_cap(struct ha *h, struct binding *b, struct now now)
{
	mono_t last = mono_add(now.mono, h->conf.prefix_valid);

	if (ha_is_v4(b) || !mono_before(last, b->expires))
		return;
	b->expires = last;
	binding_due(&h->bindings, b, last);
	put_home(h, b);
	ha_store_put(h, b, FX_CHANGE_PUT, now);
}

static void forget(struct ha *h, struct binding *b)
{
	ha_store_del(h, b);
	binding_del(&h->bindings, b);
}

static void on_active_due(struct ha *h, struct binding *b, struct now now)
{
	if (mono_reached(b->expires, now.mono)) {
		h->n_expired++;
		ha_end(h, b, HA_END_LAPSE, "binding-expired", "lifetime ended without a refresh", now);
		return;
	}
	if (b->flags & HA_REVIVED) {
		put_home(h, b);
		ha_net_again(h, &b->hoa);
	} else if (!ha_is_v4(b) && !h->is_standby) {
		ha_refresh_request(h, b);
	}
	b->flags &= (uint8_t)~HA_REVIVED;
	if (ha_is_v4(b))
		ha4_on_due(h, ha4_of(b), now);
	else
		binding_due(&h->bindings, b, b->expires);
}

static void on_due(struct ha *h, struct binding *b, struct now now)
{
	switch ((enum binding_state)b->state) {
	case BINDING_NEW:
		break; /* its check decides */
	case BINDING_GONE:
		if (!(b->flags & HA_LINGERS)) {
			forget(h, b);
			break;
		}
		ha_unbind(h, b);
		b->flags = 0;
		ha_keep_gone(h, b, now);
		break;
	case BINDING_ACTIVE:
		on_active_due(h, b, now);
		break;
	}
}

void ha_binding_timers(struct ha *h, struct now now)
{
	struct binding *b;

	/* Bounded: after a long silence the driver must get to carry effects out in between. */
	for (int i = 0; i < HA_POP_MAX && (b = bindings_pop(&h->bindings, now.mono)); i++)
		on_due(h, b, now);
}
