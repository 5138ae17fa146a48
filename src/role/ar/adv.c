/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Router advertisements (RFC 4861 6.2), with RFC 6275's intervals from 30 ms and, on a home link, its home agent
 * information, RFC 5380's MAP option and our marker.
 *
 * A solicitation is answered at once, by unicast, to the station whose frame it was: the random delay of
 * RFC 4861 6.2.6 is there for links with many routers, and would be most of a handover. Each station has a limit, and all
 * of a link together have one.
 */
#include "role/ar/ar_i.h"
#include "wire/nd/nd.h"

enum {
	RA_MAX_OCT = 1280,
	INITIAL_N = 3,          /* RFC 4861 10: MAX_INITIAL_RTR_ADVERTISEMENTS */
	INITIAL_MS = 16000,     /* MAX_INITIAL_RTR_ADVERT_INTERVAL */
	INTERVAL_MIN_MS = 30,   /* RFC 6275 7.5 */
	BETWEEN_MS = 3000,      /* MIN_DELAY_BETWEEN_RAS */
	RS_BURST_S = 1, RS_LINK_FACTOR = 50,
};

static void add_prefix(const struct ar_if_conf *c, const struct prefix6 *p, struct nd_ra *ra)
{
	bool is_ours = !addr6_is_any(&c->router_address) && prefix6_contains(p, &c->router_address);
	ra->prefix[ra->n_prefix++] = (struct nd_prefix){
		.addr = is_ours ? c->router_address : p->addr,
		.len_bits = p->len_bits,
		.is_onlink = c->is_onlink,
		.is_auto = c->is_autonomous,
		.is_router_addr = is_ours,
		.valid_s = (uint32_t)span_to_s(c->prefix_valid),
		.preferred_s = (uint32_t)span_to_s(c->prefix_preferred),
	};
}

static void add_home(const struct ar_if_conf *c, struct nd_ra *ra)
{
	ra->is_home_agent = true;
	ra->has_ha_info = true;
	ra->ha_preference = (uint16_t)c->ha_preference;
	ra->ha_lifetime_s = (uint16_t)span_to_s(c->ha_lifetime);
}

static void add_site(const struct ar_conf *c, struct nd_ra *ra)
{
	ra->has_map = true;
	ra->map = (struct nd_map){
		.distance = 1,
		.preference = 15,
		.valid_s = (uint32_t)span_to_s(c->map_lifetime),
		.addr = c->mma,
	};
	ra->has_site = true;
	ra->site.flags = c->is_home_site ? ND_SITE_HOME : 0;
	_Static_assert(sizeof ra->site.name >= sizeof c->site, "a site's name fits into its option");
	memcpy(ra->site.name, c->site, sizeof c->site);
}

static void send(struct ar *ar, struct ar_if *f, const struct addr6 *dst, const struct lladdr *to, bool is_last)
{
	const struct ar_if_conf *c = f->conf;
	uint8_t buf[RA_MAX_OCT];
	struct nd_ra ra = {
		.hop_limit = 64,
		.lifetime_s = is_last ? 0 : (uint16_t)span_to_s(c->router_lifetime),
		.has_slla = true, .slla = f->lladdr,
		.has_mtu = c->mtu_oct != 0, .mtu_oct = c->mtu_oct,
		.has_adv_interval = true, .adv_interval_ms = (uint32_t)span_to_ms(c->ra_interval),
	};
	for (uint32_t i = 0; i < c->n_prefix; i++)
		if (!addr6_is_v4mapped(&c->prefix[i].addr))
			add_prefix(c, &c->prefix[i], &ra);
	if (c->is_home)
		add_home(c, &ra);
	if (c->has_map && !addr6_is_any(&ar->conf.mma))
		add_site(&ar->conf, &ra);
	size_t n = ra_packet_build(buf, sizeof buf, &f->src, dst, &ra);
	fx_send(ar->env->fx, ROLE_AR, f->ifindex, to, buf, n);
	f->n_ra++;
}

static span_t next_interval(const struct ar *ar, struct ar_if *f)
{
	int64_t max = span_to_ms(f->conf->ra_interval), min = span_to_ms(f->conf->ra_interval_min);
	if (min == 0)
		min = max / 3;
	if (min < INTERVAL_MIN_MS)
		min = INTERVAL_MIN_MS;
	int64_t ms = min < max ? min + rng_below(ar->env->rng, (uint32_t)(max - min + 1)) : max;
	if (f->initial_left && --f->initial_left && ms > INITIAL_MS)
		ms = INITIAL_MS;
	return span_ms(ms);
}

void ar_adv_due(struct ar *ar, struct ar_if *f, struct now now)
{
	send(ar, f, &addr6_allnodes, NULL, false);
	f->last_ra = now.mono;
	(void)timer_set(&ar->timers, &f->advertise, mono_add(now.mono, next_interval(ar, f))); /* reserved: cannot fail */
}

void ar_adv_start(struct ar *ar, struct ar_if *f, struct now now)
{
	f->advertise.kind = AR_T_ADVERTISE;
	f->initial_left = INITIAL_N;
	ar_adv_due(ar, f, now);
}

void ar_adv_stop(struct ar *ar, struct ar_if *f) { timer_clear(&ar->timers, &f->advertise); }

void ar_adv_farewell(struct ar *ar, struct ar_if *f)
{
	bool is_running = timer_is_set(&f->advertise);
	ar_adv_stop(ar, f);
	if (f->is_up && is_running)
		send(ar, f, &addr6_allnodes, NULL, true);
}

/* RFC 4861 6.2.6: bring the next one to all forward, but not nearer to the last than its least interval. */
static void hasten(struct ar *ar, struct ar_if *f, struct now now)
{
	int64_t between_ms = span_to_ms(f->conf->ra_interval) / 3 < BETWEEN_MS ? span_to_ms(f->conf->ra_interval) / 3 : BETWEEN_MS;
	uint32_t wait_ms = rng_below(ar->env->rng, (uint32_t)span_to_ms(f->conf->solicited_delay) + 1);
	mono_t when = mono_max(mono_add(now.mono, span_ms(wait_ms)), mono_add(f->last_ra, span_ms(between_ms)));
	if (mono_before(when, f->advertise.when))
		(void)timer_set(&ar->timers, &f->advertise, when); /* armed already: cannot fail */
}

/* The frame's source gets the answer, whatever the option claims: nobody can have it sent to another. */
static void answer(struct ar *ar, struct ar_if *f, const struct rx *rx, const struct nd_packet *p, struct now now)
{
	const struct lladdr *to = lladdr_is_zero(&rx->lladdr_src) ? NULL : &rx->lladdr_src;
	uint32_t rate = f->conf->rs_rate;
	uint8_t key[10]; /* link and station; its first part is the link's own */

	memcpy(key, &f->ifindex, 4);
	memcpy(key + 4, &rx->lladdr_src, 6);
	if (!rate_take(&ar->solicitations, rate_key(&ar->solicitations, key, sizeof key), rate, rate * RS_BURST_S, now.mono) ||
	    !rate_take(&ar->solicitations, rate_key(&ar->solicitations, key, 4), rate * RS_LINK_FACTOR,
		       rate * RS_LINK_FACTOR * RS_BURST_S, now.mono)) {
		reason_count(ar->env, R_LIMIT_RATE);
		return;
	}
	if (f->conf->solicited_delay.ns) {
		hasten(ar, f, now);
		return;
	}
	send(ar, f, addr6_is_any(&p->src) ? &addr6_allnodes : &p->src, to, false);
}

bool ar_adv_rx(struct ar *ar, struct ar_if *f, const struct rx *rx, struct now now)
{
	struct nd_packet p;
	enum wire_err err = nd_packet_parse(rx->pkt, rx->len_oct, &p);
	if (err == W_PROTO || err == W_TYPE)
		return false;
	if (err != W_OK) {
		reason_count(ar->env, R_ND_INVALID);
		return true;
	}
	if (p.type != IC6_RS || !timer_is_set(&f->advertise)) /* a link of IPv4 alone */
		return false;
	f->n_rs++;
	answer(ar, f, rx, &p, now);
	return true;
}
