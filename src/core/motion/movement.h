/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Movement detection (RFC 6275 11.5.1; H-8): what an advertisement means to a mobile, as pure functions.
 *
 * An advertisement names the router, its prefixes and, in our sites, the address of the site's
 * mobility management agent. The home prefix takes precedence over the agent's address; the same
 * agent is a move inside the site; another agent is a move between sites; none is plain Mobile IPv6.
 */
#include <stdbool.h>

#include "base/addr.h"
#include "base/time.h"

enum move_place { MOVE_HOME, MOVE_SITE, MOVE_PLAIN };
const char *move_place_str(enum move_place p);

/* What a link says of itself. */
struct move_link {
	bool has_home_prefix;     /* the home prefix is on-link here */
	bool has_mma;             /* a MAP option with our marker, and the mobile can and may use that agent */
	struct addr6 mma;
};
enum move_place move_place_of(const struct move_link *link);

enum move_kind {
	MOVE_NONE,                /* still where it was */
	MOVE_INTRA_SITE,          /* another subnet, same agent: one join, no message */
	MOVE_REGISTER,            /* another place: messages */
};
const char *move_kind_str(enum move_kind k);

/* From where the mobile is registered (mma: :: when not at an agent) to a link. is_same_link: the
 * very router and care-of address that are in use. */
enum move_kind move_kind_of(enum move_place from, const struct addr6 *from_mma, const struct move_link *to,
			    bool is_same_link);

/* When a router that advertises every `interval` (0: not told) is overdue: after `missed` intervals
 * (RFC 6275 11.5.1); MONO_NEVER when the interval is not known. */
mono_t move_overdue(mono_t heard, span_t interval, uint32_t missed);
