/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/reg/reg.h"

#include "wire/mip6/mh.h"

enum { LIFETIME_MAX_S = 65535 * 4, QUICK_MAX = 3, DEREG_TRIES = 5 };

const struct reg_conf reg_conf_default = {
	.first = {1500 * NS_PER_MS},
	.again = {1 * NS_PER_S},
	.max = {32 * NS_PER_S},
	.lifetime_s = 420,
};

const char *reg_state_str(enum reg_state s)
{
	switch (s) {
	case REG_IDLE: return "idle";
	case REG_WAIT: return "waiting";
	case REG_BOUND: return "bound";
	case REG_STOPPED: return "stopped";
	}
	return "?";
}

void reg_init(struct reg *r, const struct reg_conf *conf, uint16_t seq0)
{
	*r = (struct reg){.conf = conf ? *conf : reg_conf_default, .seq = seq0};
	r->expires = r->refresh_at = r->resend_at = MONO_NEVER;
}

static void close_all(struct reg *r)
{
	for (int i = 0; i < REG_OUTSTANDING; i++)
		r->sent[i].is_open = false;
}

/* Nothing more is to be sent; what is registered stays as it is. */
static void rest(struct reg *r, enum reg_state state)
{
	r->state = state;
	r->refresh_at = r->resend_at = MONO_NEVER;
	if (state != REG_BOUND)
		r->expires = MONO_NEVER;
}

void reg_stop(struct reg *r)
{
	close_all(r);
	rest(r, REG_IDLE);
}

mono_t reg_expiry(const struct reg *r)
{
	return mono_min(r->expires, mono_min(r->refresh_at, r->resend_at));
}

/* When the rate limit lets the next update go. */
static mono_t rate_free_at(const struct reg *r)
{
	if (r->n_rate < REG_RATE)
		return (mono_t){INT64_MIN};
	return mono_add(r->rate[r->n_rate % REG_RATE], span_s(1));
}

static enum reg_event transmit(struct reg *r, struct now now, struct reg_bu *bu)
{
	mono_t free_at = rate_free_at(r);
	if (!mono_reached(free_at, now.mono)) {
		r->resend_at = free_at;
		return REG_NOTHING;
	}
	r->rate[r->n_rate++ % REG_RATE] = now.mono;
	r->seq++;
	r->tries++;

	struct reg_sent *s = &r->sent[r->n_sent++ % REG_OUTSTANDING];
	*s = (struct reg_sent){.seq = r->seq, .is_open = true, .is_dereg = r->ask_s == 0,
			       .stamp = stamper_next(&r->stamper, now.wall), .at = now.mono, .coa = r->coa};
	*bu = (struct reg_bu){.coa = r->coa, .seq = r->seq, .lifetime_s = r->ask_s, .stamp = s->stamp,
			      .is_first = r->state != REG_BOUND};

	r->resend_at = mono_add(now.mono, r->backoff);
	r->backoff = span_ns(r->backoff.ns * 2 < r->conf.max.ns ? r->backoff.ns * 2 : r->conf.max.ns);
	return REG_SEND;
}

void reg_unsent(struct reg *r)
{
	r->sent[--r->n_sent % REG_OUTSTANDING].is_open = false;
	r->n_rate--;
	r->seq--;
}

/* A new request: the back-off starts anew (RFC 6275 11.8). */
static enum reg_event ask(struct reg *r, struct now now, struct reg_bu *bu)
{
	r->backoff = r->state == REG_BOUND ? r->conf.again : r->conf.first;
	r->refresh_at = MONO_NEVER;
	r->tries = r->n_quick = 0;
	return transmit(r, now, bu);
}

enum reg_event reg_start(struct reg *r, const struct addr6 *coa, uint32_t lifetime_s, struct now now, struct reg_bu *bu)
{
	r->coa = *coa;
	r->ask_s = lifetime_s < LIFETIME_MAX_S ? lifetime_s & ~3u : LIFETIME_MAX_S;
	if (lifetime_s > 0 && r->ask_s == 0)
		r->ask_s = 4;
	if (r->state != REG_BOUND)
		r->state = REG_WAIT;
	return ask(r, now, bu);
}

enum reg_event reg_refresh(struct reg *r, struct now now, struct reg_bu *bu)
{
	if (r->state == REG_IDLE || r->state == REG_STOPPED || r->ask_s == 0)
		return REG_NOTHING;
	return ask(r, now, bu);
}

static enum reg_event on_lifetime_end(struct reg *r)
{
	r->expires = MONO_NEVER;
	r->refresh_at = MONO_NEVER;
	if (r->ask_s) {
		r->state = REG_WAIT;
		return REG_EXPIRED;
	}
	reg_stop(r);
	return REG_DEREGISTERED;
}

enum reg_event reg_tick(struct reg *r, struct now now, struct reg_bu *bu)
{
	if (mono_reached(r->expires, now.mono))
		return on_lifetime_end(r);
	if (mono_reached(r->refresh_at, now.mono))
		return ask(r, now, bu);
	if (!mono_reached(r->resend_at, now.mono))
		return REG_NOTHING;
	if (r->ask_s == 0 && r->state != REG_BOUND && r->tries >= DEREG_TRIES) {
		reg_stop(r);
		return REG_EXPIRED;
	}
	return transmit(r, now, bu);
}

/* The outstanding update that an acknowledgement answers. Number and timestamp must match, except where the
 * status says that the peer put something of its own there (RFC 6275 11.7.3, RFC 4285 6). */
static struct reg_sent *match(struct reg *r, const struct reg_ba *ba)
{
	for (int i = 0; i < REG_OUTSTANDING; i++) {
		struct reg_sent *s = &r->sent[i];
		if (!s->is_open || (ba->seq != s->seq && ba->status != BA_SEQ_OUT_OF_WINDOW))
			continue;
		if (!ba->has_stamp) {
			/* Without a timestamp an old 135 could not be told from a new one: only the last update counts. */
			if (s->seq == ba->seq || s->seq == r->seq)
				return s;
			continue;
		}
		uint64_t mask = ba->status == BA_ID_MISMATCH ? 0xffffffffu : UINT64_MAX;
		if (((ba->stamp ^ s->stamp) & mask) == 0)
			return s;
	}
	return NULL;
}

/* This one and all sent before it are answered. */
static void close_until(struct reg *r, uint16_t seq)
{
	for (int i = 0; i < REG_OUTSTANDING; i++)
		if (!seq_is_newer(r->sent[i].seq, seq))
			r->sent[i].is_open = false;
}

static enum reg_event on_accepted(struct reg *r, const struct reg_ba *ba, const struct reg_sent *s)
{
	close_until(r, s->seq);
	if (s->is_dereg) {
		reg_stop(r);
		return REG_DEREGISTERED;
	}
	if (ba->lifetime_s == 0) /* granted, but for no time at all */
		return REG_REFUSED;
	r->lifetime_s = ba->lifetime_s < r->ask_s ? ba->lifetime_s : r->ask_s;
	r->is_deprecated = ba->status == BA_ACCEPTED_PREFIX_DISCOVERY;
	r->stamp = s->stamp;
	r->bound_coa = s->coa;
	/* A later update is on its way still: what the peer has of us (its timestamp, from which keys are derived) is known
	 * only once that one is answered, so it is sent again if need be. */
	mono_t again = s->seq == r->seq ? MONO_NEVER : r->resend_at;
	rest(r, REG_BOUND);
	r->resend_at = again;
	/* From the moment of sending: never later than the peer's own end. */
	r->expires = mono_add(s->at, span_s(r->lifetime_s));
	span_t refresh = span_ns((int64_t)r->lifetime_s * NS_PER_S / 5 * 4);
	if (ba->has_refresh_advice && ba->refresh_advice_s > 0 && ba->refresh_advice_s < r->lifetime_s)
		refresh = span_s(ba->refresh_advice_s);
	r->refresh_at = mono_add(s->at, refresh);
	r->n_quick = 0;
	return REG_ACCEPTED;
}

/* The answer says what to do better: once more at once, unless that went on too often. */
static enum reg_event retry(struct reg *r, struct now now, struct reg_bu *bu)
{
	if (r->n_quick++ >= QUICK_MAX)
		return REG_REFUSED;
	return transmit(r, now, bu);
}

static enum reg_event on_refused(struct reg *r, const struct reg_sent *s)
{
	close_until(r, s->seq);
	if (s->is_dereg && r->status == BA_NOT_HOME_AGENT) {
		reg_stop(r);
		return REG_DEREGISTERED;
	}
	if (r->status != BA_DAD_FAILED && r->status != BA_NO_RESOURCES) {
		close_all(r);
		rest(r, REG_STOPPED);
	}
	return REG_REFUSED;
}

enum reg_event reg_on_ba(struct reg *r, const struct reg_ba *ba, struct now now, struct reg_bu *bu)
{
	struct reg_sent *s = match(r, ba);
	if (!s)
		return REG_UNEXPECTED;
	if (!addr6_eq(&s->coa, &r->coa) || s->is_dereg != (r->ask_s == 0)) {
		s->is_open = false; /* answers what we no longer ask for; the newer update follows it */
		return REG_NOTHING;
	}
	r->status = ba->status;
	if (ba->status < 128)
		return on_accepted(r, ba, s);
	if (ba->status == BA_SEQ_OUT_OF_WINDOW) {
		s->is_open = false;
		r->seq = ba->seq;
		return retry(r, now, bu);
	}
	if (ba->status == BA_ID_MISMATCH && ba->has_stamp) {
		s->is_open = false;
		stamper_adjust(&r->stamper, s->stamp, ba->stamp);
		return retry(r, now, bu);
	}
	return on_refused(r, s);
}
