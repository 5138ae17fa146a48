/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/motion/agentadv.h"

enum {
	ADV_MAX_OCT = 1280, INITIAL_N = 3, INITIAL_MS = 16000, /* RFC 1256 5.1: MAX_INITIAL_ADVERTISEMENTS, ..._ADVERT_INTERVAL */
	LIFETIME_MAX_S = 9000, LIFETIME_INTERVALS = 3, MS_PER_S = 1000, LINK_FACTOR = 50,
};

void agentadv_init(struct agentadv *a, const struct agentadv_owner *owner, const struct agentadv_conf *conf, void *ctx)
{
	*a = (struct agentadv){.owner = owner, .ctx = ctx, .conf = conf};
	a->timer.kind = owner->timer_kind;
	rate_init(&a->rate, owner->env->rng);
}

uint16_t agentadv_lifetime_s(const struct agentadv_conf *c)
{
	int64_t s = (span_to_ms(c->interval_max) * LIFETIME_INTERVALS + MS_PER_S - 1) / MS_PER_S;
	return (uint16_t)(s < 1 ? 1 : s > LIFETIME_MAX_S ? LIFETIME_MAX_S : s);
}

static span_t interval_min(const struct agentadv_conf *c)
{
	return c->interval_min.ns ? c->interval_min : span_ns(c->interval_max.ns / 4 * 3);
}

static span_t next_interval(struct agentadv *a)
{
	int64_t max = span_to_ms(a->conf->interval_max), min = span_to_ms(interval_min(a->conf));
	int64_t ms = min < max ? min + rng_below(a->owner->env->rng, (uint32_t)(max - min + 1)) : max;
	if (a->initial_left && --a->initial_left && ms > INITIAL_MS)
		ms = INITIAL_MS;
	return span_ms(ms < 1 ? 1 : ms);
}

static void put(struct agentadv *a, const struct addr6 *dst, const struct lladdr *to, struct adv4 *adv)
{
	uint8_t buf[ADV_MAX_OCT];
	size_t n = adv4_packet_build(buf, sizeof buf, &a->src, dst, adv);
	if (!n)
		return;
	fx_send(a->owner->env->fx, a->owner->role, a->ifindex, to, buf, n);
	a->n_sent++;
}

static void send(struct agentadv *a, const struct addr6 *dst, const struct lladdr *to, struct now now)
{
	struct adv4 adv = {0};
	if (!a->owner->fill(a->ctx, &adv, to, now))
		return;
	adv.seq = a->seq;
	if (adv.is_agent)
		a->seq = adv4_seq_next(a->seq);
	put(a, dst, to, &adv);
}

/* A limited broadcast goes to the link's broadcast address, which has no mapping that drivers of effects know for all. */
static void send_all(struct agentadv *a, struct now now)
{
	static const struct addr4 limited = {{255, 255, 255, 255}};
	static const struct lladdr everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	struct addr6 broadcast = addr6_from_v4(limited);
	if (a->conf->is_broadcast)
		send(a, &broadcast, &everybody, now);
	else
		send(a, &adv4_allnodes, NULL, now);
	a->last = now.mono;
}

void agentadv_due(struct agentadv *a, struct now now)
{
	if (!a->is_running)
		return;
	send_all(a, now);
	if (!a->conf->only_solicited || a->initial_left)
		(void)timer_set(a->owner->timers, &a->timer, mono_add(now.mono, next_interval(a))); /* reserved by the owner */
}

void agentadv_start(struct agentadv *a, uint32_t ifindex, const struct addr6 *src, struct now now)
{
	a->ifindex = ifindex;
	a->src = *src;
	a->is_running = true;
	a->initial_left = a->conf->only_solicited ? 0 : INITIAL_N;
	if (a->conf->only_solicited)
		timer_clear(a->owner->timers, &a->timer);
	else
		agentadv_due(a, now);
}

void agentadv_stop(struct agentadv *a)
{
	timer_clear(a->owner->timers, &a->timer);
	a->is_running = false;
}

void agentadv_farewell(struct agentadv *a, struct now now)
{
	struct adv4 adv = {0};
	bool was_running = a->is_running;
	agentadv_stop(a);
	if (!was_running || a->conf->only_solicited || !a->owner->fill(a->ctx, &adv, NULL, now))
		return;
	adv.lifetime_s = 0;
	adv.seq = a->seq;
	a->seq = adv4_seq_next(a->seq);
	put(a, &adv4_allnodes, NULL, &adv);
}

void agentadv_again(struct agentadv *a, struct now now)
{
	mono_t when = mono_max(now.mono, mono_add(a->last, interval_min(a->conf)));
	if (a->is_running && (!timer_is_set(&a->timer) || mono_before(when, a->timer.when)))
		(void)timer_set(a->owner->timers, &a->timer, when);
}

/* The key's first part is the link's own. */
static bool may_answer(struct agentadv *a, const struct rx *rx, struct now now)
{
	uint32_t rate = a->conf->rate;
	uint8_t key[10];
	memcpy(key, &a->ifindex, 4);
	memcpy(key + 4, &rx->lladdr_src, 6);
	return !rate || (rate_take(&a->rate, rate_key(&a->rate, key, sizeof key), rate, rate, now.mono) &&
			 rate_take(&a->rate, rate_key(&a->rate, key, 4), rate * LINK_FACTOR, rate * LINK_FACTOR, now.mono));
}

/* RFC 5944 2.3: the source need not be a neighbour's address. 0.0.0.0 cannot be answered to, so its frame gets the address of all. */
static void answer(struct agentadv *a, const struct rx *rx, const struct adv4_packet *p, struct now now)
{
	const struct lladdr *to = lladdr_is_zero(&rx->lladdr_src) ? NULL : &rx->lladdr_src;
	a->n_solicited++;
	if (!may_answer(a, rx, now)) {
		reason_count(a->owner->env, R_LIMIT_RATE);
		return;
	}
	send(a, addr6_is_v4unicast(&p->src) ? &p->src : &adv4_allnodes, to, now);
}

bool agentadv_rx(struct agentadv *a, const struct rx *rx, struct now now)
{
	struct adv4_packet p;
	if (!a->is_running || !rx_is_v4(rx))
		return false;
	enum wire_err e = adv4_packet_parse(rx->pkt, rx->len_oct, &p);
	if (e == W_PROTO || e == W_TYPE || e == W_VERSION || p.type == IC4_ROUTER_ADV)
		return false;
	if (e) {
		reason_count(a->owner->env, reason_of_wire(e));
		return true;
	}
	answer(a, rx, &p, now);
	return true;
}

void agentadv_disown(struct agentadv *a, const struct addr6 *dst, const struct lladdr *to, bool is_busy, struct now now)
{
	struct adv4 adv = {0};
	if (!a->is_running || !a->owner->fill(a->ctx, &adv, to, now))
		return;
	if (is_busy && adv.flags & ADV4_F)
		adv.flags |= ADV4_B;
	put(a, dst, to, &adv); /* seq is 0 */
}
