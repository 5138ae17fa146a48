/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Sending of ICMP router advertisements with what Mobile IPv4 adds (RFC 1256, RFC 5944 2.1 to 2.3): one struct a link. What an
 * advertisement says is the owner's affair (fill); when and to whom is decided here:
 *
 *	- to all (224.0.0.1 or 255.255.255.255) at random times between interval_min and interval_max, the first three at most
 *	  16 s apart (RFC 1256 6.2.4);
 *	- to a station that solicits: at once, by unicast, to the source of its frame whatever its IP source is (RFC 5944 2.3);
 *	  each station has a limit, and all of a link together have one;
 *	- sequence numbers from 0, 256 after 0xffff (2.3.2), in all that leave by this link. Only in what has the mobility agent extension.
 *
 * The owner embeds it, gives it its timers, and calls agentadv_due when the timer comes up.
 */
#include "base/timer.h"
#include "core/engine.h"
#include "core/rate.h"
#include "wire/mip4/adv4.h"

struct agentadv_conf {
	span_t interval_max, interval_min; /* min 0: three quarters of max (RFC 1256 6.2.1) */
	bool is_broadcast;             /* to 255.255.255.255 instead of 224.0.0.1 */
	bool only_solicited;           /* nothing to all unless agentadv_again asks for it (RFC 5944 2.3) */
	uint32_t rate;                 /* solicitations answered, a second and station; 0: no limit */
};

struct agentadv_owner {
	const struct engine_env *env;
	enum role_id role;
	struct timers *timers;         /* with room reserved for one timer a link */
	uint16_t timer_kind;
	/* Fill adv (it is zero) for link ctx: lifetime, routers, flags, ...; seq is set afterwards. to: the station that it is for;
	 * NULL: all. False: nothing can be said now, and nothing is sent. */
	bool (*fill)(void *ctx, struct adv4 *adv, const struct lladdr *to, struct now now);
};

struct agentadv {
	const struct agentadv_owner *owner;
	void *ctx;                     /* of fill */
	const struct agentadv_conf *conf; /* may change under us */
	uint32_t ifindex;
	struct addr6 src;              /* ours on the link (RFC 5944 2.1: IP source) */
	bool is_running;
	uint16_t seq;                  /* of the next */
	uint32_t initial_left;
	mono_t last;                   /* to all */
	struct timer timer;            /* container_of(t, struct agentadv, timer) */
	struct rate rate;
	uint64_t n_sent, n_solicited;
};

/* Once. seq begins at 0. */
void agentadv_init(struct agentadv *a, const struct agentadv_owner *owner, const struct agentadv_conf *conf, void *ctx);
/* The link is there (again), or src is another: advertises now. The sequence goes on where it was. */
void agentadv_start(struct agentadv *a, uint32_t ifindex, const struct addr6 *src, struct now now);
/* The link is gone. */
void agentadv_stop(struct agentadv *a);
/* A clean end: the last advertisement, lifetime 0 (RFC 1256 6.2.3). */
void agentadv_farewell(struct agentadv *a, struct now now);
/* The timer came up. */
void agentadv_due(struct agentadv *a, struct now now);
/* What it says has changed: bring the next one to all forward, but not nearer to the last than interval_min. */
void agentadv_again(struct agentadv *a, struct now now);
/* A packet from this link. True: it was a solicitation (answered, refused or counted as wrong); an advertisement of another is not. */
bool agentadv_rx(struct agentadv *a, const struct rx *rx, struct now now);
/* To one station with sequence number 0, whatever the count is: its registration is gone (RFC 3543 4.1). is_busy: B as well. */
void agentadv_disown(struct agentadv *a, const struct addr6 *dst, const struct lladdr *to, bool is_busy, struct now now);
/* Seconds for the Lifetime field of an advertisement: three intervals (RFC 1256 6.2.1), at least 1, at most 9000. */
uint16_t agentadv_lifetime_s(const struct agentadv_conf *c);
