/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What agent and mobility manager do alike: datagrams of wire/mm with an authenticator, in UDP packets of either family.
 *
 * The authenticator covers both addresses, so that nobody can pass a datagram on as if it came from elsewhere, or was meant for
 * another manager that has the same key.
 */
#include "core/auth/sa.h"
#include "core/engine.h"
#include "wire/mm/mm.h"

struct mmsig_packet {
	struct addr6 src, dst;
	const uint8_t *data;
	size_t len_oct;
};
/* Is this UDP from and to our port? false: it is something else, or broken. */
bool mmsig_packet_parse(const struct rx *rx, struct mmsig_packet *out);
bool mmsig_is_right(const struct engine_env *env, const struct sa_key *key, const struct mmsig_packet *p);
/* Closes a datagram that w holds with its authenticator, and sends it. False: it did not fit. */
bool mmsig_send(const struct engine_env *env, enum role_id role, const struct sa_key *key, const struct addr6 *src, const struct addr6 *dst,
		struct wr *w);
