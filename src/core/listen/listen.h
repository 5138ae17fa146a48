/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The host's side of source-specific membership on one link: MLDv2 (RFC 3810 6) and IGMPv3 (RFC 3376 5), for agents that are in many
 * groups at a time. There is no socket's membership (doc/decisions/membership-without-socket.md), so no limit of the host's counts here
 * (net.ipv4.igmp_max_memberships is 20).
 *
 * A change is reported at once, and `robustness` times more, 20 ms apart: the kernel would wait for 8 to 12 ms, which is most of a
 * handover, and the RFCs' second between repetitions would make a lost report a gap in somebody's stream. General queries are answered
 * for all groups together within the time that they leave, those about a group for it alone. IPv4 addresses are mapped.
 */
#include "base/table.h"
#include "base/timer.h"
#include "core/engine.h"

enum { LISTEN_FAMILY_N = 2, LISTEN_ROBUSTNESS = 2 };

struct listen {
	const struct engine_env *env;
	enum role_id role;
	uint32_t ifindex;              /* 0: the link is not there */
	struct addr6 src[LISTEN_FAMILY_N]; /* link-local; IPv4: ours there, or 0.0.0.0 while we have none (RFC 3376 4.2.13) */
	struct table channels;
	struct timers timers;
	struct timer all[LISTEN_FAMILY_N]; /* the answer to a general query */
	uint64_t n_reports;
};

/* 0 or ERR_NOMEM. */
int listen_init(struct listen *l, const struct engine_env *env, enum role_id role);
void listen_fini(struct listen *l);

/* The link is there (again): everything is reported on it. lladdr: ours there. ifindex 0: it is gone. */
void listen_link(struct listen *l, uint32_t ifindex, const struct lladdr *lladdr, struct now now);
/* Our IPv4 address on the link; addr6_any: none. */
void listen_source4(struct listen *l, const struct addr6 *addr);

/* Counts: as many leaves as joins end a membership. 0 or ERR_NOMEM. */
int listen_join(struct listen *l, const struct addr6 *group, const struct addr6 *source, struct now now);
void listen_leave(struct listen *l, const struct addr6 *group, const struct addr6 *source, struct now now);
uint32_t listen_count(const struct listen *l);

/* A packet from the link. True: it was a membership message. */
bool listen_rx(struct listen *l, const struct rx *rx, struct now now);
void listen_tick(struct listen *l, struct now now);
mono_t listen_expiry(const struct listen *l);
