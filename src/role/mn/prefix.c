/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prefixes of the home link, learnt from afar (RFC 6275 11.4.2, 11.4.3).
 *
 * The home agent is asked when it says so in an acknowledgement (status 1), when it advertises without having been asked, and
 * before the home prefix's lifetime is over. An advertisement counts when it comes from the home agent
 * that has our binding, to the home address by a type 2 routing header, with the number of our last solicitation, and only
 * once. The home address does not change by itself: what the operator must know is said, and no binding is asked for longer
 * than the prefix lives.
 */
#include "role/mn/state.h"
#include "wire/mip6/ha_icmp.h"

enum { FIRST_S = 3, LAST_S = 32, TRIES = 6, INFINITE = UINT32_MAX };

/* In a site the home agent knows the address that the site's agent assigned: a solicitation from the one on the link would be
 * a stranger's to it. */
static bool may_ask(const struct mn *mn)
{
	return mn->active && mn->active->router && mn->place == MOVE_PLAIN && reg_is_bound(&mn->peer[0].reg);
}

static void send(struct mn *mn, struct now now)
{
	struct mn_prefixes *x = &mn->prefixes;
	const struct mn_if *ifc = mn->active;
	struct ha_icmp msg = {.type = IC6_MPS, .id = x->id};
	uint8_t buf[256];
	x->tries++;
	mn_arm(mn, &x->t_ask, MN_T_PREFIXES, mono_add(now.mono, x->wait));
	x->wait = span_ns(x->wait.ns * 2 < LAST_S * NS_PER_S ? x->wait.ns * 2 : LAST_S * NS_PER_S);
	if (!may_ask(mn))
		return;
	size_t n = ha_icmp_packet_build(buf, sizeof buf, &ifc->coa, &mn_ha(mn)->addr, &mn->conf.home_address, NULL, &msg);
	if (n)
		fx_send(mn_fx(mn), ROLE_MN, ifc->ifindex, &ifc->router->lladdr, buf, n);
}

void mn_prefix_ask(struct mn *mn, struct now now)
{
	struct mn_prefixes *x = &mn->prefixes;
	x->is_due = !may_ask(mn);
	if (x->is_open || x->is_due)
		return;
	x->is_open = true;
	x->id = (uint16_t)rng_u32(mn->env.rng);
	x->tries = 0;
	x->wait = span_s(FIRST_S);
	send(mn, now);
}

void mn_prefix_on_timer(struct mn *mn, struct now now)
{
	struct mn_prefixes *x = &mn->prefixes;
	if (!x->is_open) {
		mn_prefix_ask(mn, now);
		return;
	}
	if (x->tries < TRIES) {
		send(mn, now);
		return;
	}
	x->is_open = false;
	mn_say(mn, EV_WARNING, "mn-no-prefixes", "mn: home agent %s does not answer about its prefixes", ADDR6_STR(&mn_ha(mn)->addr));
}

static mono_t end_of(uint32_t lifetime_s, struct now now)
{
	return lifetime_s == INFINITE ? MONO_NEVER : mono_add(now.mono, span_s(lifetime_s));
}

static bool is_home(const struct mn *mn, const struct nd_prefix *p)
{
	return p->len_bits == mn->conf.home_prefix.len_bits && prefix6_contains(&mn->conf.home_prefix, &p->addr);
}

static bool is_known(const struct mn_prefixes *x, const struct nd_prefix *p)
{
	for (uint32_t i = 0; i < x->n; i++)
		if (x->prefix[i].len_bits == p->len_bits && addr6_eq(&x->prefix[i].addr, &p->addr))
			return true;
	return false;
}

static void say(struct mn *mn, const struct nd_prefix *p)
{
	struct prefix6 is = {p->addr, p->len_bits};
	if (is_home(mn, p) && !p->preferred_s)
		mn_say(mn, EV_WARNING, "mn-home-prefix", "mn: the home prefix ends in %u s: the home address has no future", p->valid_s);
	else if (!is_home(mn, p) && p->valid_s && !is_known(&mn->prefixes, p))
		mn_say(mn, EV_NOTICE, "mn-home-prefix", "mn: the home link has the prefix %s too", PREFIX6_STR(&is));
}

/* Asked again when a fifth of the home prefix's life is left (11.4.2), or half of what no update would survive. */
static void learn(struct mn *mn, const struct ha_icmp *m, struct now now)
{
	struct mn_prefixes *x = &mn->prefixes;
	for (uint32_t i = 0; i < m->n_prefix; i++) {
		const struct nd_prefix *p = &m->prefix[i];
		say(mn, p);
		if (!is_home(mn, p))
			continue;
		x->has_end = true;
		x->end = end_of(p->valid_s, now);
		mn_bul_shorten(mn_ha(mn), x->end, now); /* and with it those at correspondent nodes */
		if (p->valid_s && p->valid_s != INFINITE)
			mn_arm(mn, &x->t_ask, MN_T_PREFIXES, mono_add(now.mono, span_ns((int64_t)p->valid_s * NS_PER_S / 5 * 4)));
	}
	memcpy(x->prefix, m->prefix, sizeof x->prefix);
	x->n = m->n_prefix;
	x->heard = now.mono;
}

void mn_prefix_on_advert(struct mn *mn, const struct ha_icmp_packet *p, struct now now)
{
	struct mn_prefixes *x = &mn->prefixes;
	const struct mn_peer *ha = mn_ha(mn);
	if (!addr6_eq(&p->src, &ha->addr) || !p->has_rh2 || !addr6_eq(&p->self, &mn->conf.home_address)) {
		reason_count(&mn->env, R_MPA_INVALID);
		return;
	}
	if (!x->is_open || p->msg.id != x->id) {
		reason_count(&mn->env, R_MPA_UNSOLICITED);
		mn_prefix_ask(mn, now);
		return;
	}
	x->is_open = false;
	mn_arm(mn, &x->t_ask, MN_T_PREFIXES, MONO_NEVER);
	learn(mn, &p->msg, now);
}

uint32_t mn_prefix_limit(const struct mn *mn, uint32_t lifetime_s, struct now now)
{
	const struct mn_prefixes *x = &mn->prefixes;
	if (!x->has_end || mono_is_never(x->end))
		return lifetime_s;
	int64_t left_s = span_to_s(mono_sub(x->end, now.mono));
	if (left_s < 4)
		left_s = 4;
	return lifetime_s < (uint64_t)left_s ? lifetime_s : (uint32_t)left_s;
}
