/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Two agents that share a key, and their messages to each other (wire/mip6/peer.h): MMA and MMA, MMA and home agent.
 *
 * A message counts when it comes from the other's address, its authenticator matches the pair's key, its timestamp is
 * within the window, and that timestamp has not been seen. Timestamps need not rise: two messages may overtake each other on their way. The last
 * ones are remembered, and what is older than all of these is refused.
 *
 * A mobile's key travels masked (RC_KEY): by HMAC-SHA-256(pair's key, "key" | source | destination | home address | timestamp), which is
 * another one for each message.
 */
#include "core/auth/replay.h"
#include "core/auth/sa.h"
#include "core/engine.h"

enum { PAIR_SEEN = 32, PAIR_OK = -1 };

struct pair {
	struct addr6 address;          /* the other's */
	const struct sa_key *key;
	struct stamper out;
	uint64_t seen[PAIR_SEEN];
	uint32_t n_seen;               /* places of seen in use */
	uint64_t n_rx, n_tx;
};

/* May this message be believed? PAIR_OK, or the reason why not (enum reason): nothing has changed then. p NULL: no such pair. */
int pair_check(struct pair *p, const struct engine_env *env, const struct mh_packet *m, span_t window, struct now now);

/* Sign and send m->peer with the options in m->opt.rc, of which a key is masked here. */
void pair_send(struct pair *p, const struct engine_env *env, enum role_id role, const struct addr6 *self, struct mh *m, struct now now);

/* The key in a message that was believed. */
void pair_unmask(const struct pair *p, const struct engine_env *env, const struct mh_packet *m, uint8_t out[static RC_KEY_OCT]);
