/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The router's side of multicast membership: MLDv2 (RFC 3810) and IGMPv3 (RFC 3376) for
 * source-specific groups (RFC 4604), used by the access router on its access links and by the
 * mobility management agent on its downstream links. One machine serves both families: what differs is a row of
 * data (struct mldr_family), and a link that has both is two, each with its querier. IPv4 addresses are mapped.
 *
 * A router that restarts knows no listener. It is learning until the answers to its first queries are in.
 *
 * Every listener is tracked: the key of a membership is the station (IP address and
 * link-layer address) with its group and source. In IPv4 a station may speak before it has an address (0.0.0.0,
 * RFC 3376 4.2.13): once it has one, what it joined without is taken for the same station's. So a leave by the last listener is acted on at
 * once, without asking; and a leave by a station that never joined removes nothing: it is answered with
 * a query, which the real listeners answer.
 *
 * What it does not do: any-source multicast. A report in exclude mode or of MLDv1, IGMPv1 or IGMPv2 for a group of the
 * source-specific range is counted and ignored (RFC 4604 2.2.3, 2.2.4), so is every source but those configured.
 * Groups of any other range and of link-local scope are none of its business, and not counted.
 *
 * A router may stand by for another one that has its place on the same links (a redundancy group): it asks once when it
 * comes, takes no part in elections, and tracks listeners by the reports that all routers hear; when it takes over it asks at once.
 *
 * A link that has no querier other than this router by the operator's word (is_sole) does not yield to a lower
 * address, so a forged query cannot silence it; elsewhere the election is RFC 3810 7.6.2's, which is RFC 3376 6.6.2's too.
 */
#include "base/table.h"
#include "base/timer.h"
#include "core/engine.h"

enum {
	MLDR_FAMILY_N = 2,
	MLDR_LINK_MAX = 31,   /* what one entry of the forwarding cache can serve */
	MLDR_ADMIT_MAX = 8,
	MLDR_SOURCE_MAX = 4,
};

struct mldr_link_conf {
	char name[16];                         /* for the operator */
	struct prefix6 admit[MLDR_ADMIT_MAX];  /* groups allowed here; none of a family: its source-specific ranges ff3x::/32, 232/8 */
	uint32_t n_admit;
	struct addr6 source[MLDR_SOURCE_MAX];  /* sources allowed; all others are refused */
	uint32_t n_source;
	bool is_sole;
	uint32_t robustness;                   /* 2..7 */
	span_t query_interval, response_interval;
	span_t last_listener_interval;         /* between the queries after a stranger's leave */
	uint32_t max_per_station, max_per_link;/* memberships */
	uint32_t report_rate, report_burst;    /* of one station, reports a second; 0: no limit */
};

/* A group and source with listeners somewhere. */
struct mldr_channel {
	struct { struct addr6 group, source; } key;
	uint32_t links;                        /* bit i: link i of the group's family has listeners */
	uint16_t n_on[MLDR_LINK_MAX];          /* listeners on link i */
	uint32_t mark;                         /* the owner's */
};

struct mldr_link;

struct mldr {
	const struct engine_env *env;
	enum role_id role;
	/* The owner's. The first listener of a channel appeared on a link, or the last one there is gone; ch->links tells
	 * how it is now. Must not call back into this module but to find and to list. */
	void (*change)(void *ctx, const struct mldr_channel *ch, uint32_t ifindex, bool is_first, struct now now);
	void *ctx;
	/* Until the answers to the first queries are in, who listens is not known: entries of an earlier life must not lose
	 * links. Then change is called for each channel, with interface 0. */
	bool is_learning;
	bool is_standby;                       /* another router asks on these links, and this one listens to what it is answered */
	struct timer learned;
	struct mldr_link *link[MLDR_FAMILY_N][MLDR_LINK_MAX];
	struct table channels, listeners, stations;
	struct timers timers;
};

void mldr_init(struct mldr *m, const struct engine_env *env, enum role_id role);
/* Releases memory; calls back nothing. */
void mldr_fini(struct mldr *m);

/* A link came up (or its configuration changed): queries start, of the family of src: the router's link-local or its IPv4
 * address there. conf is copied. 0, ERR_FULL beyond MLDR_LINK_MAX links, ERR_NOMEM. */
int mldr_link_up(struct mldr *m, uint32_t ifindex, const struct addr6 *src, const struct mldr_link_conf *conf,
		 struct now now);
/* Forgets the link's listeners, in both families; change is called for each channel that had some. No error if not up. */
void mldr_link_down(struct mldr *m, uint32_t ifindex, struct now now);

/* Only listen, on all links, those that come up later too. Or ask from now on, and at once. */
void mldr_stand_by(struct mldr *m);
void mldr_take_over(struct mldr *m, struct now now);

/* A packet that may be MLD or IGMP from one of the links. True: it was (acted on or counted). */
bool mldr_rx(struct mldr *m, const struct rx *rx, struct now now);
void mldr_tick(struct mldr *m, struct now now);
mono_t mldr_expiry(const struct mldr *m);

/* The channel, or NULL when it has no listener. */
const struct mldr_channel *mldr_find(const struct mldr *m, const struct addr6 *group, const struct addr6 *source);
/* Links with listeners, as interface numbers; returns how many. */
uint32_t mldr_oifs(const struct mldr *m, const struct mldr_channel *ch, uint32_t oif[static MLDR_LINK_MAX]);
/* Every channel once, in no particular order; start with *it = 0. */
static inline struct mldr_channel *mldr_next(const struct mldr *m, uint64_t *it) { return table_next(&m->channels, it); }

/* "groups": a record a membership; "neighbors": one a station; "interfaces": one a link. */
void mldr_show(const struct mldr *m, const char *what, struct show *out, struct now now);
