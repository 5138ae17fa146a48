/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * One registration of Mobile IPv4 as a mobile keeps it (RFC 5944 3.6, 5.7): IPv4's counterpart of core/reg/reg.h, and of its shape.
 *
 * It decides when a request is sent, with which identification and lifetime, and what a reply's code asks for. It builds and reads
 * no packet, and knows no agent: the owner does, verifies each reply's authenticators before it hands it in, and changes
 * the request where the code says that a changed one may be accepted.
 *
 *	reg4_start(lifetime) -> WAIT -> BOUND -> (refresh) BOUND with a reply outstanding -> ...
 *	reg4_start(0) -> IDLE once confirmed, or once whatever the peer may hold has ended by itself
 *
 * A request goes out again after 1 s, then twice as long each time, no later than its own lifetime; with a new identification where these are
 * timestamps, unchanged where they are nonces (3.6.3). On average one request a second leaves (2.4.2), with room for a few
 * in a row that something new called for.
 */
#include "base/mem.h"
#include "base/time.h"
#include "core/auth/replay.h"
#include "wire/mip4/mip4.h"

/* What a reply's code asks the mobile to do. */
enum reg4_act {
	REG4_ACCEPT,
	REG4_LATER,          /* the same again, at its back-off */
	REG4_FINAL,          /* nothing but the operator helps */
	REG4_AGENT,          /* not by this agent: another one, or another kind of care-of address */
	REG4_COA,            /* another care-of address of this agent (2.4) */
	REG4_LIFETIME,       /* a shorter lifetime, told in the reply */
	REG4_ID,             /* another identification: the reply tells clock or nonce (5.7) */
	REG4_HOME_AGENT,     /* the home agent that the reply names (3.6.2.3) */
	REG4_ENCAP,          /* plain IP in IP */
	REG4_UDP_ENCAP,      /* plain IP in UDP */
	REG4_REVERSE_OFF,    /* without a reverse tunnel */
	REG4_REVERSE_ON,     /* with one */
	REG4_DELIVERY,       /* direct delivery */
	REG4_CHALLENGE,      /* with a challenge, or a newer one (RFC 4721) */
	REG4_SIMULTANEOUS,   /* without S */
	REG4_NETWORK,        /* with fewer mobile networks, or none (RFC 5177 5.1) */
};
enum reg4_act reg4_act_of(uint8_t code);
/* Did the home agent give this code, so that a reply without its authenticator must not be believed (3.6.2.1 b)? */
bool reg4_is_from_home(uint8_t code);

/* How often a tunnel in UDP is kept open: as the operator has it (own), who knows the translators here, or as the home agent says in its reply where that is
 * less (told_s; 0: it leaves it to us); never less than 10 s (RFC 3519 3.2, 4.9, 4.10). */
enum { REG4_KEEPALIVE_MIN_S = 10 };
static inline span_t reg4_keepalive(span_t own, uint16_t told_s)
{
	const span_t told = span_s(told_s ? told_s : UINT16_MAX), min = span_s(REG4_KEEPALIVE_MIN_S);
	const int64_t ns = own.ns < told.ns ? own.ns : told.ns;
	return span_ns(ns > min.ns ? ns : min.ns);
}

enum reg4_state { REG4_IDLE, REG4_WAIT, REG4_BOUND, REG4_STOPPED };
const char *reg4_state_str(enum reg4_state s);

enum reg4_event {
	REG4_NOTHING,
	REG4_SEND,           /* send the request *req now */
	REG4_ACCEPTED,       /* registered or refreshed: lifetime_s, bound_id hold */
	REG4_DEREGISTERED,   /* confirmed */
	REG4_REFUSED,        /* code and act hold. The request goes on at its back-off (WAIT, BOUND) unless STOPPED; reg4_again() sends a mended one */
	REG4_EXPIRED,        /* the lifetime ended without a reply; it goes on trying. IDLE: a de-registration that nobody answered is given up */
	REG4_UNEXPECTED,     /* a reply that nothing waits for: ignore and count */
};

struct reg4_conf {
	span_t first, max;   /* wait for a reply: 1 s at least (3.6.3); doubled up to max or the lifetime */
	bool is_nonce;
};
extern const struct reg4_conf reg4_conf_default;

enum { REG4_BURST = 3, REG4_QUICK_MAX = 4 };

struct reg4_req { uint64_t id; uint16_t lifetime_s; };
/* What matters here of a reply that was found authentic. */
struct reg4_reply { uint8_t code; uint16_t lifetime_s; uint64_t id; };

struct reg4 {
	struct reg4_conf conf;
	enum reg4_state state;
	uint16_t ask_s;              /* 0: de-registration; 0xffff: for ever */
	uint16_t lifetime_s;         /* granted */
	uint8_t code;                /* of the last reply */
	enum reg4_act act;
	struct stamper stamper;
	uint32_t nonce;              /* the home agent's last one */
	uint64_t id, bound_id;       /* sent last; accepted last */
	bool is_open;                /* the last request has no reply yet */
	mono_t sent_at, expires, refresh_at, resend_at;
	mono_t held_until;           /* the peer may hold some binding until then */
	span_t backoff;
	uint32_t tries;              /* of this request */
	uint32_t n_quick;            /* mended at once, since the last good reply */
	uint32_t n_token;
	mono_t token_at;             /* when the count was right */
};

/* conf NULL: the default. */
void reg4_init(struct reg4 *r, const struct reg4_conf *conf, struct now now);
/* Register anew (another place, or other contents), or with 0 de-register. REG4_SEND with *req, or REG4_NOTHING when the rate
 * holds it back until reg4_expiry. */
enum reg4_event reg4_start(struct reg4 *r, uint16_t lifetime_s, const struct rng *rng, struct now now, struct reg4_req *req);
/* The same once more, before its time: the binding stays what it is until the reply. */
enum reg4_event reg4_refresh(struct reg4 *r, const struct rng *rng, struct now now, struct reg4_req *req);
/* The request was changed as the reply's code asked for: at once, but only a few times in a row; then at the back-off. */
enum reg4_event reg4_again(struct reg4 *r, const struct rng *rng, struct now now, struct reg4_req *req);
/* Call again and again until REG4_NOTHING. */
enum reg4_event reg4_tick(struct reg4 *r, const struct rng *rng, struct now now, struct reg4_req *req);
mono_t reg4_expiry(const struct reg4 *r);
/* Is this a reply to the last request: the low half of the identification is the same (3.6.2.1). */
bool reg4_is_answer(const struct reg4 *r, uint64_t id);
/* Codes 69 and 133 are dealt with here: REG4_SEND. */
enum reg4_event reg4_on_reply(struct reg4 *r, const struct reg4_reply *a, const struct rng *rng, struct now now, struct reg4_req *req);
/* Whatever was asked is asked no more; the clock and what the peer may hold stay. */
void reg4_stop(struct reg4 *r);

static inline bool reg4_is_bound(const struct reg4 *r) { return r->state == REG4_BOUND; }
static inline bool reg4_is_pending(const struct reg4 *r) { return !mono_is_never(r->resend_at); }
static inline bool reg4_may_hold(const struct reg4 *r, struct now now) { return mono_before(now.mono, r->held_until); }
