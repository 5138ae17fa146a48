/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The home link (RFC 6275 10.3.1, 10.4.1): duplicate detection before a binding is granted, then proxy neighbour
 * discovery for as long as it lasts.
 *
 * For a bound address we announce our link-layer address, answer every solicitation, multicast or unicast, and
 * defend it against others who claim it. With the L flag the same holds for the mobile's link-local address. All that is
 * heard here was punted by the datapath, which knows bound addresses by DP_HOME and those being checked
 * by DP_LOCAL entries without flags. (Two bound addresses with the same last 24 bits share a solicited-node group: when one
 * goes home, a network card that filters multicast may keep solicitations for the other from us until it refreshes.)
 */
#include "base/err.h"
#include "role/ha/ha4_i.h"
#include "wire/nd/nd.h"

enum { PACKET_MAX = 128 };
#define RETRANS_TIMER_MS 1000 /* RFC 4861 10 */

/* Have the datapath hand up discovery messages about an address; or no longer. */
static void watch(struct ha *h, const struct addr6 *a, bool is_on)
{
	struct dp_op op = {.table = DP_LOCAL, .local = {.addr = *a}};
	if (is_on)
		fx_dp_put(h->env.fx, ROLE_HA, &op);
	else
		fx_dp_del(h->env.fx, ROLE_HA, &op);
}

static void join(struct ha *h, struct binding *b, bool is_on)
{
	struct addr6 group = addr6_solicited_node(&b->hoa);

	if (is_on == !!(b->flags & HA_JOINED) || ha_is_v4(b))
		return;
	b->flags ^= HA_JOINED;
	fx_group(h->env.fx, ROLE_HA, is_on ? FX_JOIN : FX_LEAVE, ha_link_of(h, &b->hoa)->ifindex, &group, &addr6_any);
}

static void host_route(struct ha *h, const struct binding *b, enum effect_kind kind)
{
	struct fx_route r = {.dst = {b->hoa, 128}, .ifindex = IFINDEX_ROAM0};
	fx_route(h->env.fx, ROLE_HA, kind, &r);
}

static void check_free(struct ha *h, struct ha_check *c)
{
	timer_clear(&h->check_timers, &c->timer);
	(void)table_del(&h->checks, &c->hoa);
	mem_put(h->env.mem, c);
}

static struct ha_check *check_new(struct ha *h, const struct addr6 *hoa)
{
	struct ha_check *c = mem_zget(h->env.mem, sizeof *c);
	if (!c)
		return NULL;
	c->hoa = *hoa;
	if (timers_reserve(&h->check_timers, table_count(&h->checks) + 1) == ERR_OK && table_add(&h->checks, c) == ERR_OK)
		return c;
	mem_put(h->env.mem, c);
	return NULL;
}

struct ha_check *ha_check_find(const struct ha *h, const struct addr6 *hoa)
{
	struct ha_check *c = table_find(&h->checks, hoa);
	return c && c->announcements_left == 0 ? c : NULL;
}

/* No more questions about it: whether they are over or were called off. */
static void unwatch(struct ha *h, const struct ha_check *c)
{
	watch(h, &c->hoa, false);
	if (c->has_ll)
		watch(h, &c->dad_ll.target, false);
}

void ha_check_cancel(struct ha *h, const struct addr6 *hoa)
{
	struct ha_check *c = table_find(&h->checks, hoa);
	if (!c)
		return;
	if (c->announcements_left == 0) {
		struct binding *b = binding_find(&h->bindings, hoa);
		unwatch(h, c);
		if (b)
			join(h, b, false);
	}
	check_free(h, c);
}

int ha_check_start(struct ha *h, const struct binding *b, const struct ha_bu *bu, struct now now)
{
	struct ha_check *c = ha_check_find(h, &b->hoa);
	struct effq *fx = h->env.fx;
	uint8_t n = (uint8_t)h->conf.dad_transmits;
	uint32_t ifindex = ha_link_of(h, &b->hoa)->ifindex;

	if (c) { /* sent again while we look: the newest is answered */
		c->bu = *bu;
		return ERR_OK;
	}
	c = check_new(h, &b->hoa);
	if (!c)
		return ERR_NOMEM;
	c->bu = *bu;
	watch(h, &b->hoa, true);
	join(h, binding_find(&h->bindings, &b->hoa), true);
	dad_start(&c->dad, fx, ROLE_HA, ifindex, &b->hoa, n, h->conf.dad_retrans, now);
	if (bu->flags & BU_L) {
		struct addr6 ll = ha_linklocal_of(&b->hoa);
		c->has_ll = true;
		watch(h, &ll, true);
		dad_start(&c->dad_ll, fx, ROLE_HA, ifindex, &ll, n, h->conf.dad_retrans, now);
	}
	(void)timer_set(&h->check_timers, &c->timer, c->dad.next);
	return ERR_OK;
}

static void check_failed(struct ha *h, struct ha_check *c, struct now now)
{
	struct binding *b = binding_find(&h->bindings, &c->hoa);
	struct ha_bu bu = c->bu;

	ha_check_cancel(h, &b->hoa);
	ha_deny(h, b, &bu, now);
}

/* Both probes run in step: the same start, number and wait. */
static void check_tick(struct ha *h, struct ha_check *c, struct now now)
{
	uint32_t ifindex = ha_link_of(h, &c->hoa)->ifindex;
	enum dad_verdict v = dad_tick(&c->dad, h->env.fx, ROLE_HA, ifindex, now);

	if (c->has_ll)
		(void)dad_tick(&c->dad_ll, h->env.fx, ROLE_HA, ifindex, now);
	if (v == DAD_RUNNING) {
		(void)timer_set(&h->check_timers, &c->timer, c->dad.next);
		return;
	}
	struct binding *b = binding_find(&h->bindings, &c->hoa);
	struct ha_bu bu = c->bu;
	unwatch(h, c);
	check_free(h, c);
	ha_grant(h, b, &bu, now);
}

/* Multicast is not reliable: say it a few times (MAX_NEIGHBOR_ADVERTISEMENT). */
static void announce_again(struct ha *h, struct ha_check *c, struct now now)
{
	struct binding *b = binding_find(&h->bindings, &c->hoa);

	if (c->is_return && !h->is_standby)
		ha4_announce(h, &c->hoa, &c->lladdr);
	else if (b && (b->flags & HA_INTERCEPTED))
		ha_announce(h, b);
	if (--c->announcements_left == 0 || h->is_standby)
		check_free(h, c);
	else
		(void)timer_set(&h->check_timers, &c->timer, mono_add(now.mono, span_ms(RETRANS_TIMER_MS)));
}

void ha_check_timers(struct ha *h, struct now now)
{
	struct timer *t;

	for (int i = 0; i < HA_POP_MAX && (t = timers_pop(&h->check_timers, now.mono)); i++) {
		struct ha_check *c = container_of(t, struct ha_check, timer);
		if (c->announcements_left)
			announce_again(h, c, now);
		else
			check_tick(h, c, now);
	}
}

/* Everything but the answers and announcements, which are for the member of a group that serves. */
static void take_over(struct ha *h, struct binding *b)
{
	b->flags |= HA_INTERCEPTED;
	join(h, b, true);
	host_route(h, b, FX_ROUTE_PUT);
	if (b->flags & HA_LINK_LOCAL) {
		struct addr6 ll = ha_linklocal_of(&b->hoa);
		watch(h, &ll, true);
	}
}

/* n times, the first one at `first`. */
static struct ha_check *announce_later(struct ha *h, const struct addr6 *hoa, uint8_t n, mono_t first)
{
	struct ha_check *c = check_new(h, hoa);
	if (!c)
		return NULL; /* solicitations are answered all the same */
	c->announcements_left = n;
	(void)timer_set(&h->check_timers, &c->timer, first);
	return c;
}

static mono_t next_announcement(struct now now) { return mono_add(now.mono, span_ms(RETRANS_TIMER_MS)); }

void ha_intercept(struct ha *h, struct binding *b, struct now now)
{
	if (!ha_is_link_up(h, b))
		return; /* ha_home_link_up does it */
	ha_check_cancel(h, &b->hoa);
	take_over(h, b);
	if (h->is_standby)
		return;
	ha_announce(h, b);
	(void)announce_later(h, &b->hoa, HA_ANNOUNCEMENTS - 1, next_announcement(now));
}

void ha_intercept_taken(struct ha *h, struct binding *b, bool had_ll, struct now now)
{
	bool was_intercepted = b->flags & HA_INTERCEPTED, has_ll = b->flags & HA_LINK_LOCAL;
	struct addr6 ll = ha_linklocal_of(&b->hoa);

	if (!ha_is_link_up(h, b) || (was_intercepted && had_ll == has_ll))
		return;
	if (!was_intercepted)
		take_over(h, b);
	else
		watch(h, &ll, has_ll);
	ha_check_cancel(h, &b->hoa);
	if (!h->is_standby)
		(void)announce_later(h, &b->hoa, HA_ANNOUNCEMENTS, now.mono);
}

void ha_announce_return(struct ha *h, const struct addr6 *hoa, const struct lladdr *at, struct now now)
{
	ha_check_cancel(h, hoa);
	ha4_announce(h, hoa, at);
	struct ha_check *c = announce_later(h, hoa, HA_ANNOUNCEMENTS - 1, next_announcement(now));
	if (!c)
		return;
	c->is_return = true;
	c->lladdr = *at;
}

void ha_intercept_ll(struct ha *h, const struct binding *b)
{
	struct addr6 ll = ha_linklocal_of(&b->hoa);

	if (!(b->flags & HA_INTERCEPTED))
		return;
	watch(h, &ll, b->flags & HA_LINK_LOCAL);
	if ((b->flags & HA_LINK_LOCAL) && ha_is_link_up(h, b) && !h->is_standby)
		ha_send_na(h, b, &ll, &addr6_allnodes, NULL);
}

void ha_intercept_end(struct ha *h, struct binding *b)
{
	ha_check_cancel(h, &b->hoa);
	if (!(b->flags & HA_INTERCEPTED))
		return;
	join(h, b, false);
	host_route(h, b, FX_ROUTE_DEL);
	if (b->flags & HA_LINK_LOCAL) {
		struct addr6 ll = ha_linklocal_of(&b->hoa);
		watch(h, &ll, false);
	}
	b->flags &= (uint8_t)~HA_INTERCEPTED;
}

void ha_home_link_up(struct ha *h, const struct ha_link *l, struct now now)
{
	struct binding *b;

	for (uint64_t it = 0; (b = bindings_next(&h->bindings, &it));)
		if (ha_is_active(b) && ha_link_of(h, &b->hoa) == l && !(b->flags & HA_INTERCEPTED))
			take_over(h, b);
	ha_announce_all(h, now);
}

void ha_home_link_gone(struct ha *h, const struct ha_link *l)
{
	struct binding *b;

	for (uint64_t it = 0; (b = bindings_next(&h->bindings, &it));)
		if (ha_link_of(h, &b->hoa) == l)
			b->flags &= (uint8_t)~(HA_INTERCEPTED | HA_JOINED);
}

/* Calls back for the home address behind a target: itself, or any whose link-local address it is. */
static struct addr6 candidate(const struct ha *h, const struct addr6 *target, uint32_t i)
{
	return addr6_is_linklocal(target) ? prefix6_join(&h->conf.home_prefix[i], target) : *target;
}

static struct binding *defended(const struct ha *h, const struct ha_link *l, const struct addr6 *target)
{
	bool is_ll = addr6_is_linklocal(target);

	for (uint32_t i = 0; i < (is_ll ? h->conf.n_home_prefix : 1) && !h->is_standby; i++) {
		struct addr6 hoa = candidate(h, target, i);
		struct binding *b = binding_find(&h->bindings, &hoa);
		if (b && ha_link_of(h, &hoa) == l && (b->flags & HA_INTERCEPTED) && (!is_ll || (b->flags & HA_LINK_LOCAL)))
			return b;
	}
	return NULL;
}

static struct ha_check *checked(const struct ha *h, const struct ha_link *l, const struct addr6 *target)
{
	bool is_ll = addr6_is_linklocal(target);

	for (uint32_t i = 0; i < (is_ll ? h->conf.n_home_prefix : 1); i++) {
		struct addr6 hoa = candidate(h, target, i);
		struct ha_check *c = ha_check_find(h, &hoa);
		if (c && ha_link_of(h, &hoa) == l && (!is_ll || c->has_ll))
			return c;
	}
	return NULL;
}

static void on_ns(struct ha *h, const struct ha_link *l, const struct rx *rx, const struct nd_packet *p, struct now now)
{
	bool is_probe = addr6_is_any(&p->src);
	struct ha_check *c = checked(h, l, &p->ns.target);

	if (c) {
		if (is_probe) /* someone else is about to take it (RFC 4862 5.4.3) */
			check_failed(h, c, now);
		return;
	}
	const struct binding *b = defended(h, l, &p->ns.target);
	if (!b)
		return;
	if (is_probe)
		ha_send_na(h, b, &p->ns.target, &addr6_allnodes, NULL);
	else
		ha_send_na(h, b, &p->ns.target, &p->src,
			lladdr_is_zero(&rx->lladdr_src) ? (p->ns.has_slla ? &p->ns.slla : NULL) : &rx->lladdr_src);
}

static void on_na(struct ha *h, const struct ha_link *l, const struct nd_packet *p, struct now now)
{
	struct ha_check *c = checked(h, l, &p->na.target);
	struct binding *b;

	if (c && h->has_group && addr6_eq(&p->src, &h->conf.address))
		return; /* another member, which we do not hear, answers for the mobile that asks us now */
	if (c) {
		check_failed(h, c, now);
	} else if ((b = defended(h, l, &p->na.target))) {
		reason_count(&h->env, R_ND_CONFLICT);
		/* Once a second and address: two who insist must not flood the link. */
		if (rate_take(&h->rate, rate_key(&h->rate, &b->hoa, sizeof b->hoa), 1, 1, now.mono)) {
			fx_event(h->env.fx, ROLE_HA, EV_WARNING, "address-conflict", &b->hoa,
				 "%s is claimed by another node on the home link", ADDR6_STR(&p->na.target));
			ha_announce(h, b);
		}
	}
}

bool ha_rx_nd(struct ha *h, const struct rx *rx, struct now now)
{
	struct nd_packet p;

	const struct ha_link *l = ha_link_at(h, rx->ifindex);
	if (!l)
		return false;
	enum wire_err err = nd_packet_parse(rx->pkt, rx->len_oct, &p);
	if (err != W_OK) {
		reason_count(&h->env, R_ND_INVALID);
		return true;
	}
	if (lladdr_eq(&rx->lladdr_src, &l->lladdr))
		return true; /* our own, looped back */
	if (p.type == IC6_NS)
		on_ns(h, l, rx, &p, now);
	else if (p.type == IC6_NA)
		on_na(h, l, &p, now);
	return true;
}
