/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * One entry of a mobile's binding update list (RFC 6275 11.1, 11.7.3, 11.8): registration of
 * one home address with one peer, home agent or MMA alike.
 *
 * It decides when an update is sent, with which sequence number, timestamp and lifetime, and what an
 * answer means. It builds and reads no packet: the owner does, and authenticates every acknowledgement
 * before it hands it in. Each call that can want an update sent says so with REG_SEND, or by filling *bu.
 *
 *	reg_start(register) -> WAIT -> BOUND -> (refresh) BOUND with answers outstanding -> ...
 *	reg_start(lifetime 0) -> IDLE once confirmed, or once the peer's binding has ended by itself
 *
 * At most MAX_UPDATE_RATE (3) updates a second go to the peer; what comes sooner is sent when the
 * rate allows, always with the newest contents.
 */
#include "base/addr.h"
#include "base/time.h"
#include "core/auth/replay.h"

enum reg_state {
	REG_IDLE,     /* nothing registered, nothing asked for */
	REG_WAIT,     /* asked; not (or no longer) registered */
	REG_BOUND,    /* registered; an answer may be outstanding too */
	REG_STOPPED,  /* the peer refused for good; reg_start begins anew */
};
const char *reg_state_str(enum reg_state s);

enum reg_event {
	REG_NOTHING,
	REG_SEND,          /* send the update *bu now */
	REG_ACCEPTED,      /* registered (or refreshed): lifetime_s, stamp, is_deprecated hold */
	REG_DEREGISTERED,  /* the peer confirmed that it has no binding any more */
	REG_REFUSED,       /* status holds; state tells whether it goes on trying (WAIT, BOUND) or not (STOPPED) */
	REG_EXPIRED,       /* the lifetime ended without an answer; WAIT: it goes on trying; IDLE: a de-registration
	                    * of a binding not known to exist was not answered, and is given up */
	REG_UNEXPECTED,    /* an acknowledgement that nothing waits for: ignore and count */
};

struct reg_conf {
	span_t first;          /* InitialBindackTimeoutFirstReg: no binding there yet; default 1.5 s */
	span_t again;          /* INITIAL_BINDACK_TIMEOUT: 1 s */
	span_t max;            /* MAX_BINDACK_TIMEOUT: 32 s */
	uint32_t lifetime_s;   /* asked for, at most 262140 */
};
extern const struct reg_conf reg_conf_default; /* lifetime 420 s */

/* An update to send. */
struct reg_bu {
	struct addr6 coa;      /* binding's care-of address (for de-registration: as given to reg_start) */
	uint16_t seq;
	uint32_t lifetime_s;   /* 0: de-registration */
	uint64_t stamp;
	bool is_first;         /* the peer is not known to hold a binding */
};

/* An acknowledgement, authentic. */
struct reg_ba {
	uint8_t status;
	uint16_t seq;
	uint32_t lifetime_s;
	bool has_stamp;
	uint64_t stamp;
	bool has_refresh_advice;
	uint32_t refresh_advice_s;
};

enum { REG_OUTSTANDING = 4, REG_RATE = 3 };

struct reg_sent { uint16_t seq; bool is_open; bool is_dereg; uint64_t stamp; mono_t at; struct addr6 coa; };

struct reg {
	struct reg_conf conf;
	enum reg_state state;
	struct addr6 coa;           /* asked for last */
	struct addr6 bound_coa;     /* accepted by the peer last */
	uint16_t seq;               /* sent last */
	struct stamper stamper;
	uint32_t ask_s;             /* lifetime asked for, 0: de-registration */
	uint32_t lifetime_s;        /* granted */
	bool is_deprecated;         /* status 1: prefix discovery necessary (RFC 6275 10.6) */
	uint8_t status;             /* of the last answer */
	uint64_t stamp;                /* of the update that was accepted last: derives the uplink key */
	mono_t expires, refresh_at, resend_at;
	span_t backoff;
	struct reg_sent sent[REG_OUTSTANDING];
	uint32_t n_sent;            /* in all: the next slot is n_sent % REG_OUTSTANDING */
	uint32_t tries;             /* of this request */
	uint32_t n_quick;           /* answers that were met with an update at once, since the last good one */
	mono_t rate[REG_RATE];      /* times of the last updates, oldest at n_rate % REG_RATE */
	uint32_t n_rate;
};

/* conf NULL: reg_conf_default. seq0: any, or the stored one of the last run. */
void reg_init(struct reg *r, const struct reg_conf *conf, uint16_t seq0);

/* Register coa for lifetime_s (0: de-register, coa is then the address to name in the update). A running request is
 * replaced. Always REG_SEND with *bu, or REG_NOTHING when the rate limit holds it back until reg_expiry. */
enum reg_event reg_start(struct reg *r, const struct addr6 *coa, uint32_t lifetime_s, struct now now, struct reg_bu *bu);
/* The peer asked for a refresh (BRR), or the owner wants one: same care-of address and lifetime as last. */
enum reg_event reg_refresh(struct reg *r, struct now now, struct reg_bu *bu);
/* The update just given could not leave (no link): nobody will answer it. The back-off goes on as if it had. */
void reg_unsent(struct reg *r);
/* Call again and again until REG_NOTHING. */
enum reg_event reg_tick(struct reg *r, struct now now, struct reg_bu *bu);
mono_t reg_expiry(const struct reg *r);
/* An acknowledgement from the peer, authentic. Statuses 135 and 144 give REG_SEND with *bu mended (a few times in a
 * row, then the back-off goes on); 133 to a de-registration counts as confirmed.
 * Status 134 (duplicate at home) and 130 (resources) leave the request running at its back-off. */
enum reg_event reg_on_ba(struct reg *r, const struct reg_ba *ba, struct now now, struct reg_bu *bu);
/* Forget everything but sequence number and clock: no more updates. */
void reg_stop(struct reg *r);

static inline bool reg_is_bound(const struct reg *r) { return r->state == REG_BOUND; }
