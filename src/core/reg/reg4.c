/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/reg/reg4.h"

#include "wire/mip6/mh.h"

#define LOW_HALF 0xffffffffull

const struct reg4_conf reg4_conf_default = {.first = {NS_PER_S}, .max = {32 * NS_PER_S}};

const char *reg4_state_str(enum reg4_state s)
{
	switch (s) {
	case REG4_IDLE: return "idle";
	case REG4_WAIT: return "wait";
	case REG4_BOUND: return "bound";
	case REG4_STOPPED: return "stopped";
	}
	return "?";
}

/* Codes that the kind of refusal below does not tell. */
static const struct { uint8_t code; enum reg4_act act; } table[] = {
	{MIP4_FA_LIFETIME, REG4_LIFETIME},
	{MIP4_FA_POOR_REPLY, REG4_LATER},
	{MIP4_FA_ENCAP, REG4_ENCAP},
	{MIP4_FA_NO_REVERSE, REG4_REVERSE_OFF},
	{MIP4_FA_REVERSE_MANDATORY, REG4_REVERSE_ON},
	{MIP4_FA_COA, REG4_COA},
	{MIP4_FA_TIMEOUT, REG4_LATER},
	{MIP4_FA_DELIVERY, REG4_DELIVERY},
	{MIP4_FA_HOME_NET_UNREACHABLE, REG4_LATER},
	{MIP4_FA_HA_HOST_UNREACHABLE, REG4_LATER},
	{MIP4_FA_HA_PORT_UNREACHABLE, REG4_LATER},
	{MIP4_FA_HA_UNREACHABLE, REG4_LATER},
	{MIP4_FA_UNKNOWN_CHALLENGE, REG4_CHALLENGE},
	{MIP4_FA_MISSING_CHALLENGE, REG4_CHALLENGE},
	{MIP4_FA_STALE_CHALLENGE, REG4_CHALLENGE},
	{MIP4_FA_HA_CHALLENGE, REG4_CHALLENGE},
	{MIP4_HA_UNSPECIFIED, REG4_LATER},
	{MIP4_HA_NO_RESOURCES, REG4_LATER},
	{MIP4_HA_FA_AUTH, REG4_AGENT},
	{MIP4_HA_ID_MISMATCH, REG4_ID},
	{MIP4_HA_TOO_MANY, REG4_SIMULTANEOUS},
	{MIP4_HA_UNKNOWN_HA, REG4_HOME_AGENT},
	{MIP4_HA_NO_REVERSE, REG4_REVERSE_OFF},
	{MIP4_HA_REVERSE_MANDATORY, REG4_REVERSE_ON},
	{MIP4_HA_ENCAP, REG4_ENCAP},
	{MIP4_HA_FA_VENDOR, REG4_AGENT},
	{MIP4_HA_UDP_ENCAP, REG4_UDP_ENCAP},
	{MIP4_HA_NET_ERROR, REG4_NETWORK},
	{MIP4_HA_NET_DISALLOWED, REG4_NETWORK},
};

bool reg4_is_from_home(uint8_t code) { return mip4_code_accepts(code) || (code >= 128 && code < 192); }

enum reg4_act reg4_act_of(uint8_t code)
{
	if (mip4_code_accepts(code))
		return REG4_ACCEPT;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].code == code)
			return table[i].act;
	return reg4_is_from_home(code) ? REG4_FINAL : REG4_AGENT;
}

void reg4_init(struct reg4 *r, const struct reg4_conf *conf, struct now now)
{
	*r = (struct reg4){.conf = conf ? *conf : reg4_conf_default, .expires = MONO_NEVER, .refresh_at = MONO_NEVER, .resend_at = MONO_NEVER,
			   .n_token = REG4_BURST, .token_at = now.mono};
}

static span_t lifetime_span(uint16_t s) { return s == MIP4_LIFETIME_INFINITE ? span_ns(INT64_MAX) : span_s(s); }

/* 5.7.1: later than all before, and what no clock gives is random: two requests a whole second apart must differ in their low halves. */
static uint64_t stamp(struct reg4 *r, const struct rng *rng, struct now now)
{
	uint64_t before = r->stamper.last, t = stamper_next(&r->stamper, now.wall);
	uint64_t mixed = (t & ~0xffffull) | (rng_u32(rng) & 0xffff);
	if (before && (int64_t)(mixed - before) <= 0)
		return t;
	return r->stamper.last = mixed;
}

/* 5.7.2: the home agent's nonce above one of ours, other than the last. */
static uint64_t nonces(const struct reg4 *r, const struct rng *rng)
{
	uint32_t own = rng_u32(rng);
	if (own == (uint32_t)r->id)
		own++;
	return (uint64_t)r->nonce << 32 | own;
}

static void refill(struct reg4 *r, struct now now)
{
	int64_t n = mono_sub(now.mono, r->token_at).ns / NS_PER_S;
	if (n <= 0)
		return;
	r->token_at = n >= REG4_BURST ? now.mono : mono_add(r->token_at, span_s(n));
	r->n_token = r->n_token + n > REG4_BURST ? REG4_BURST : r->n_token + (uint32_t)n;
}

static span_t longest(const struct reg4 *r)
{
	span_t max = r->ask_s ? lifetime_span(r->ask_s) : r->conf.max;
	return max.ns < r->conf.max.ns ? max : r->conf.max;
}

static enum reg4_event send(struct reg4 *r, bool is_new, const struct rng *rng, struct now now, struct reg4_req *req)
{
	refill(r, now);
	if (!r->n_token) {
		r->resend_at = mono_add(r->token_at, span_s(1));
		return REG4_NOTHING;
	}
	r->n_token--;
	if (!r->conf.is_nonce)
		r->id = stamp(r, rng, now);
	else if (is_new || !r->is_open)
		r->id = nonces(r, rng);
	r->is_open = true;
	r->sent_at = now.mono;
	r->tries++;
	r->resend_at = mono_add(now.mono, r->backoff);
	int64_t next = r->backoff.ns * 2, max = longest(r).ns;
	r->backoff = span_ns(next < max ? next : max > r->conf.first.ns ? max : r->conf.first.ns);
	if (r->ask_s)
		r->held_until = mono_max(r->held_until, mono_add(now.mono, lifetime_span(r->ask_s)));
	*req = (struct reg4_req){.id = r->id, .lifetime_s = r->ask_s};
	return REG4_SEND;
}

static void begin(struct reg4 *r)
{
	r->tries = 0;
	r->backoff = r->conf.first;
	r->refresh_at = MONO_NEVER;
	r->is_open = false;
}

enum reg4_event reg4_start(struct reg4 *r, uint16_t lifetime_s, const struct rng *rng, struct now now, struct reg4_req *req)
{
	begin(r);
	r->state = REG4_WAIT;
	r->ask_s = lifetime_s;
	r->n_quick = 0;
	r->expires = MONO_NEVER;
	return send(r, true, rng, now, req);
}

enum reg4_event reg4_refresh(struct reg4 *r, const struct rng *rng, struct now now, struct reg4_req *req)
{
	begin(r);
	return send(r, true, rng, now, req);
}

enum reg4_event reg4_again(struct reg4 *r, const struct rng *rng, struct now now, struct reg4_req *req)
{
	if (r->state == REG4_STOPPED)
		r->state = REG4_WAIT;
	if (++r->n_quick > REG4_QUICK_MAX) {
		r->resend_at = mono_add(now.mono, r->backoff);
		return REG4_NOTHING;
	}
	r->backoff = r->conf.first;
	return send(r, true, rng, now, req);
}

static enum reg4_event on_expired(struct reg4 *r)
{
	r->expires = MONO_NEVER;
	if (r->state == REG4_BOUND)
		r->state = REG4_WAIT;
	return REG4_EXPIRED;
}

/* A de-registration is given up when nothing can be left to be de-registered. */
static enum reg4_event on_given_up(struct reg4 *r)
{
	reg4_stop(r);
	r->state = REG4_IDLE;
	return REG4_EXPIRED;
}

enum reg4_event reg4_tick(struct reg4 *r, const struct rng *rng, struct now now, struct reg4_req *req)
{
	if (mono_reached(r->expires, now.mono))
		return on_expired(r);
	if (mono_reached(r->resend_at, now.mono)) {
		if (!r->ask_s && r->tries && !reg4_may_hold(r, now))
			return on_given_up(r);
		return send(r, false, rng, now, req);
	}
	if (mono_reached(r->refresh_at, now.mono))
		return reg4_refresh(r, rng, now, req);
	return REG4_NOTHING;
}

mono_t reg4_expiry(const struct reg4 *r) { return mono_min(r->expires, mono_min(r->refresh_at, r->resend_at)); }

bool reg4_is_answer(const struct reg4 *r, uint64_t id) { return r->is_open && (id & LOW_HALF) == (r->id & LOW_HALF); }

/* The lifetime counts from when the request was sent (3.6.2.2). */
static enum reg4_event on_accepted(struct reg4 *r, const struct reg4_reply *a)
{
	r->resend_at = MONO_NEVER;
	r->n_quick = 0;
	if (!r->ask_s) {
		r->state = REG4_IDLE;
		r->held_until = (mono_t){0};
		r->expires = MONO_NEVER;
		return REG4_DEREGISTERED;
	}
	r->state = REG4_BOUND;
	r->lifetime_s = a->lifetime_s < r->ask_s ? a->lifetime_s : r->ask_s;
	r->bound_id = r->id;
	bool is_endless = r->lifetime_s == MIP4_LIFETIME_INFINITE;
	r->expires = is_endless ? MONO_NEVER : mono_add(r->sent_at, span_s(r->lifetime_s));
	r->refresh_at = is_endless ? MONO_NEVER : mono_add(r->sent_at, span_ns((int64_t)r->lifetime_s * NS_PER_S / 5 * 4));
	r->held_until = r->expires;
	return REG4_ACCEPTED;
}

static void wait_longer(struct reg4 *r, struct now now)
{
	r->resend_at = mono_max(mono_add(now.mono, r->conf.first), mono_is_never(r->resend_at) ? now.mono : r->resend_at);
}

enum reg4_event reg4_on_reply(struct reg4 *r, const struct reg4_reply *a, const struct rng *rng, struct now now, struct reg4_req *req)
{
	if (!reg4_is_answer(r, a->id))
		return REG4_UNEXPECTED;
	r->is_open = false;
	r->code = a->code;
	r->act = reg4_act_of(a->code);
	if (r->conf.is_nonce && reg4_is_from_home(a->code))
		r->nonce = (uint32_t)(a->id >> 32);
	if (r->act == REG4_ACCEPT && r->ask_s && !a->lifetime_s)
		r->act = REG4_LATER; /* it was accepted for no time at all */
	if (r->act == REG4_ACCEPT)
		return on_accepted(r, a);
	wait_longer(r, now);
	if (r->act == REG4_ID) {
		if (!r->conf.is_nonce)
			stamper_adjust(&r->stamper, r->id, a->id);
		if (r->n_quick < REG4_QUICK_MAX)
			return reg4_again(r, rng, now, req);
	}
	if (r->act == REG4_LIFETIME && a->lifetime_s && a->lifetime_s < r->ask_s) {
		r->ask_s = a->lifetime_s;
		if (r->n_quick < REG4_QUICK_MAX)
			return reg4_again(r, rng, now, req);
	}
	if (r->act == REG4_FINAL) {
		r->resend_at = MONO_NEVER;
		if (r->state == REG4_WAIT)
			r->state = REG4_STOPPED;
	}
	return REG4_REFUSED;
}

void reg4_stop(struct reg4 *r)
{
	r->resend_at = r->refresh_at = MONO_NEVER;
	r->is_open = false;
}
