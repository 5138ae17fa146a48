/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Movement detection of Mobile IPv4 (RFC 5944 2.4; H-8), as pure functions: what agent and router advertisements mean to a mobile.
 * core/motion/movement.h is the same for IPv6.
 */
#include <stdbool.h>

#include "base/time.h"
#include "wire/mip4/adv4.h"

/* Where a mobile is, or registers from. */
enum move4_place {
	MOVE4_HOME,
	MOVE4_SITE,       /* through the MMA of a site of ours */
	MOVE4_AGENT,      /* a foreign agent's care-of address, or a co-located one registered through it (R) */
	MOVE4_COLOCATED,  /* an address of the host's own on the link, registered with the home agent itself */
};
const char *move4_place_str(enum move4_place p);

/* Rule 1 (2.4.2.1): the agent is lost when its advertisement's lifetime ends. */
mono_t move4_lost_at(mono_t heard, const struct adv4 *a);
/* When a router that is heard every third of its lifetime (RFC 1256 4.1: that is the usual interval) is worth asking. */
mono_t move4_overdue(mono_t heard, const struct adv4 *a, uint32_t missed);

/* Rule 2 (2.4.2.2): are two advertisements of one subnet? Known only when both tell their prefix lengths. */
enum move4_subnet { MOVE4_UNKNOWN, MOVE4_SAME, MOVE4_OTHER };
enum move4_subnet move4_subnet(const struct adv4 *cur, const struct adv4 *next);
/* The same from a co-located care-of address whose prefix is known. */
enum move4_subnet move4_subnet_of(const struct prefix6 *cur, const struct adv4 *next);
/* Rule of 2.4.4: did the agent lose what it knew? */
static inline bool move4_is_restart(const struct adv4 *last, const struct adv4 *now)
{
	return last->is_agent && now->is_agent && adv4_seq_is_restart(last->seq, now->seq);
}

/* Is this the home link: the home agent itself advertises (2.4.3), or a router has an address in the home prefix and says that
 * the prefix is this link's? ha: none while it is not known. */
bool move4_is_home(const struct adv4_packet *p, const struct addr6 *ha, const struct prefix6 *home);
