/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The home link's prefixes, as mobiles away from home learn them (RFC 6275 10.6): on solicitation at once; without
 * one when something changed, and once in a while.
 *
 * The list is made of the configured home prefixes, and of those that other home agents advertise on the home
 * link. It is always sent whole, as it is when it is sent. An advertisement that waits to be sent, or to be acknowledged by a
 * solicitation, is an entry of `advs`; most mobiles have none. The daily advertisement would give each an entry for
 * good: instead, the mobiles fall into 64 slices by a hash of their address, and a slice is scheduled at a time.
 *
 * M and O stay clear: there is no DHCPv6 through the tunnel (10.4.4).
 */
#include "base/err.h"
#include "role/ha/ha_i.h"
#include "wire/mip6/ha_icmp.h"

enum { PACKET_MAX = 1280, SLICES = 64, LIFETIME_SLACK_S = 10, NEWS_SLACK_S = 60 };
/* RFC 6275 12. */
enum { PREFIX_ADV_RETRIES = 3, PREFIX_ADV_TIMEOUT_S = 3 };

/* --- the list -------------------------------------------------------------------------------------------- */

/* The prefix that our own address is of carries it whole (RFC 6275 7.2). */
static struct nd_prefix configured(const struct ha *h, const struct prefix6 *p)
{
	bool is_ours = prefix6_contains(p, &h->conf.address);

	return (struct nd_prefix){
		.addr = is_ours ? h->conf.address : p->addr, .len_bits = p->len_bits, .is_router_addr = is_ours,
		.is_onlink = ha_link_of(h, &p->addr) != NULL, .is_auto = p->len_bits == 64,
		.valid_s = (uint32_t)span_to_s(h->conf.prefix_valid), .preferred_s = (uint32_t)span_to_s(h->conf.prefix_preferred),
	};
}

static uint32_t left_s(uint32_t told_s, mono_t heard, struct now now)
{
	int64_t gone_s = span_to_s(mono_sub(now.mono, heard));
	if (told_s == UINT32_MAX)
		return told_s;
	return gone_s < told_s ? (uint32_t)(told_s - gone_s) : 0;
}

/* Learned from others: what is left of the lifetimes. */
static void add_learned(const struct ha *h, const struct ha_link *on, struct ha_icmp *adv, struct now now)
{
	for (uint32_t i = 0; i < HA_PREFIX_MAX && adv->n_prefix < ND_PREFIX_MAX; i++) {
		const struct ha_learned *l = &h->learned[i];
		struct nd_prefix p = l->adv;
		p.valid_s = left_s(p.valid_s, l->heard, now);
		p.preferred_s = left_s(p.preferred_s, l->heard, now);
		p.is_router_addr = false; /* another's address */
		if (p.valid_s && l->link == on)
			adv->prefix[adv->n_prefix++] = p;
	}
}

static void send(struct ha *h, const struct addr6 *coa, const struct addr6 *hoa, uint16_t id, struct now now)
{
	uint8_t pkt[PACKET_MAX];
	struct ha_icmp adv = {.type = IC6_MPA, .id = id};
	const struct ha_link *l = ha_link_of(h, hoa);

	for (uint32_t i = 0; i < h->conf.n_home_prefix; i++)
		if (!addr6_is_v4mapped(&h->conf.home_prefix[i].addr) && ha_link_of(h, &h->conf.home_prefix[i].addr) == l)
			adv.prefix[adv.n_prefix++] = configured(h, &h->conf.home_prefix[i]);
	add_learned(h, l, &adv, now);
	size_t n = ha_icmp_packet_build(pkt, sizeof pkt, &h->conf.address, coa, NULL, hoa, &adv);
	if (n)
		fx_send(h->env.fx, ROLE_HA, 0, NULL, pkt, n);
}

/* --- advertisements nobody asked for ------------------------------------------------------------------------ */

static bool is_unsolicited_on(const struct ha *h) { return h->conf.mpa_max.ns > 0; }

static void adv_free(struct ha *h, struct ha_adv *a)
{
	timer_clear(&h->adv_timers, &a->timer);
	(void)table_del(&h->advs, &a->hoa);
	mem_put(h->env.mem, a);
}

static mono_t next_sweep(const struct ha *h, struct now now)
{
	return is_unsolicited_on(h) ? mono_add(now.mono, span_ns(h->conf.mpa_max.ns / SLICES)) : MONO_NEVER;
}

void ha_prefix_init(struct ha *h, struct now now)
{
	table_init(&h->advs, h->env.mem, h->env.rng, offsetof(struct ha_adv, hoa), sizeof(struct addr6));
	timers_init(&h->adv_timers, h->env.mem);
	h->sweep_at = next_sweep(h, now);
}

mono_t ha_prefix_expiry(const struct ha *h) { return mono_min(h->sweep_at, timers_next(&h->adv_timers)); }

void ha_prefix_fini(struct ha *h)
{
	struct ha_adv *a;

	timers_fini(&h->adv_timers); /* touches the timers in the entries */
	for (uint64_t it = 0; (a = table_next(&h->advs, &it));)
		mem_put(h->env.mem, a);
	table_fini(&h->advs);
}

static span_t between(struct ha *h, span_t least, span_t most)
{
	int64_t range_ms = span_to_ms(most) - span_to_ms(least);
	if (range_ms < 0)
		range_ms = -range_ms;
	uint64_t draw = (uint64_t)rng_u32(h->env.rng) << 32 | rng_u32(h->env.rng);
	return span_ms(span_to_ms(least) + (range_ms ? (int64_t)(draw % (uint64_t)range_ms) : 0));
}

/* RAND_ADV_DELAY */
static span_t change_delay(struct ha *h)
{
	span_t max = h->conf.mpa_max.ns < h->conf.prefix_preferred.ns ? h->conf.mpa_max : h->conf.prefix_preferred;
	return between(h, h->conf.mpa_min, max);
}

/* One that waits to be sent keeps its time; one that was sent and not acknowledged begins anew. */
static void schedule(struct ha *h, const struct addr6 *hoa, span_t delay, struct now now)
{
	struct ha_adv *a = table_find(&h->advs, hoa);

	if ((a && a->tries == 0) || addr6_is_v4mapped(hoa) || h->is_standby)
		return;
	if (!a) {
		a = mem_zget(h->env.mem, sizeof *a);
		if (!a)
			return;
		a->hoa = *hoa;
		if (timers_reserve(&h->adv_timers, table_count(&h->advs) + 1) != ERR_OK || table_add(&h->advs, a) != ERR_OK) {
			mem_put(h->env.mem, a);
			return;
		}
	}
	a->tries = 0;
	(void)timer_set(&h->adv_timers, &a->timer, mono_add(now.mono, delay));
}

void ha_prefix_reconf(struct ha *h, struct now now)
{
	h->sweep_at = is_unsolicited_on(h) ? mono_min(h->sweep_at, next_sweep(h, now)) : MONO_NEVER;
}

void ha_prefix_changed(struct ha *h, struct now now)
{
	struct binding *b;

	if (!is_unsolicited_on(h))
		return;
	h->news_until = mono_add(mono_add(now.mono, span_s(NEWS_SLACK_S)), span_ns(h->conf.mpa_min.ns + h->conf.mpa_max.ns));
	for (uint64_t it = 0; (b = bindings_next(&h->bindings, &it));)
		if (ha_is_active(b))
			schedule(h, &b->hoa, change_delay(h), now);
}

/* Which of them have been told was known to the member before us alone. */
void ha_prefix_active(struct ha *h, struct now now)
{
	if (mono_before(now.mono, h->news_until))
		ha_prefix_changed(h, now);
}

void ha_prefix_binding_gone(struct ha *h, const struct addr6 *hoa)
{
	struct ha_adv *a = table_find(&h->advs, hoa);
	if (a)
		adv_free(h, a);
}

void ha_prefix_binding_refreshed(struct ha *h, const struct addr6 *hoa, struct now now)
{
	struct ha_adv *a = table_find(&h->advs, hoa);
	if (!a || timer_is_set(&a->timer))
		return;
	a->tries = 0; /* given up: it may be reached now */
	(void)timer_set(&h->adv_timers, &a->timer, now.mono);
}

static void on_adv_due(struct ha *h, struct ha_adv *a, struct now now)
{
	const struct binding *b = binding_find(&h->bindings, &a->hoa);

	if (!ha_is_active(b) || h->is_standby) {
		adv_free(h, a);
		return;
	}
	if (a->tries == 0)
		a->id = (uint16_t)rng_u32(h->env.rng);
	if (a->tries > PREFIX_ADV_RETRIES)
		return; /* until it registers again */
	send(h, &b->coa, &a->hoa, a->id, now);
	span_t wait = span_s((int64_t)PREFIX_ADV_TIMEOUT_S << a->tries++);
	(void)timer_set(&h->adv_timers, &a->timer, mono_add(now.mono, wait));
}

/* The next slice of the mobiles is told once in MaxMobPfxAdvInterval. */
static void sweep(struct ha *h, struct now now)
{
	span_t slice = span_ns(h->conf.mpa_max.ns / SLICES);
	struct binding *b;

	for (uint64_t it = 0; (b = bindings_next(&h->bindings, &it));)
		if (ha_is_active(b) && rate_key(&h->rate, &b->hoa, sizeof b->hoa) % SLICES == h->sweep_slice)
			schedule(h, &b->hoa, between(h, span_ns(0), slice), now);
	h->sweep_slice = (h->sweep_slice + 1) % SLICES;
	h->sweep_at = next_sweep(h, now);
}

void ha_prefix_timers(struct ha *h, struct now now)
{
	struct timer *t;

	if (mono_reached(h->sweep_at, now.mono))
		sweep(h, now);
	for (int i = 0; i < HA_POP_MAX && (t = timers_pop(&h->adv_timers, now.mono)); i++)
		on_adv_due(h, container_of(t, struct ha_adv, timer), now);
}

/* --- what is heard --------------------------------------------------------------------------------------------- */

static bool is_configured(const struct ha *h, const struct prefix6 *p)
{
	for (uint32_t i = 0; i < h->conf.n_home_prefix; i++)
		if (prefix6_eq(&h->conf.home_prefix[i], p))
			return true;
	return false;
}

static struct prefix6 prefix_of(const struct nd_prefix *p)
{
	struct prefix6 out = {.addr = p->addr, .len_bits = p->len_bits};
	struct addr6 zero = {0};
	out.addr = prefix6_join(&out, &zero);
	return out;
}

static struct ha_learned *learned_find(struct ha *h, const struct ha_link *on, const struct prefix6 *p, struct now now)
{
	struct ha_learned *free = NULL;

	for (uint32_t i = 0; i < HA_PREFIX_MAX; i++) {
		struct ha_learned *l = &h->learned[i];
		if (l->link == on && prefix6_eq(&l->prefix, p))
			return l;
		if (!free && !left_s(l->adv.valid_s, l->heard, now))
			free = l;
	}
	return free;
}

/* Another value, and not just less of the same because time went on. */
static bool has_changed(uint32_t was_s, uint32_t was_left_s, uint32_t is_s)
{
	uint32_t off_s = is_s > was_left_s ? is_s - was_left_s : was_left_s - is_s;
	return is_s != was_s && off_s > LIFETIME_SLACK_S;
}

static bool learn_one(struct ha *h, const struct ha_link *on, const struct nd_prefix *heard, struct now now)
{
	struct prefix6 p = prefix_of(heard);
	struct ha_learned *l = learned_find(h, on, &p, now);

	if (!addr6_is_routable(&p.addr) || is_configured(h, &p) || !l)
		return false;
	uint32_t valid_s = left_s(l->adv.valid_s, l->heard, now), preferred_s = left_s(l->adv.preferred_s, l->heard, now);
	bool is_new = l->link != on || !prefix6_eq(&l->prefix, &p) || !valid_s;
	bool is_other = is_new ? heard->valid_s > 0
			       : has_changed(l->adv.valid_s, valid_s, heard->valid_s) ||
				 has_changed(l->adv.preferred_s, preferred_s, heard->preferred_s) ||
				 l->adv.is_onlink != heard->is_onlink || l->adv.is_auto != heard->is_auto;
	*l = (struct ha_learned){.link = on, .prefix = p, .adv = *heard, .heard = now.mono};
	l->adv.addr = p.addr;
	return is_other;
}

void ha_prefix_learn(struct ha *h, const struct ha_link *l, const struct nd_ra *ra, struct now now)
{
	bool is_other = false;

	for (uint32_t i = 0; i < ra->n_prefix && ra->is_home_agent; i++)
		is_other |= learn_one(h, l, &ra->prefix[i], now);
	if (is_other)
		ha_prefix_changed(h, now);
}

void ha_prefix_solicited(struct ha *h, const struct ha_icmp_packet *p, struct now now)
{
	const struct binding *b = binding_find(&h->bindings, &p->peer);

	if (!p->has_hao || !ha_is_active(b) || !addr6_eq(&b->coa, &p->src)) {
		reason_count(&h->env, R_HAO_UNKNOWN);
		if (p->has_hao)
			ha_binding_error(h, &p->src, BE_UNKNOWN_BINDING, &p->peer, now);
		return;
	}
	struct ha_adv *a = table_find(&h->advs, &p->peer);
	if (a)
		adv_free(h, a); /* acknowledged; and the answer tells all that was to be told */
	if (ha_may_answer(h, &p->src, now))
		send(h, &p->src, &p->peer, p->msg.id, now);
}
