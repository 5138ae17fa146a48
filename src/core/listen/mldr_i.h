/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Inside mldr: what mldr.c (reports, links), mldr_member.c (who listens) and mldr_query.c (asking) share. */
#include "core/listen/mldr.h"
#include "core/rate.h"
#include "wire/mcast/mcast.h"

enum mldr_timer { T_LISTENER, T_QUERY, T_OTHER_QUERIER, T_ASK, T_LEARNED };

struct mldr_station {
	struct { uint32_t ifindex; struct addr6 addr; struct lladdr lladdr; uint8_t pad[2]; } key;
	struct mldr_station *next, *prev;       /* of the link */
	struct mldr_listener *listeners;
	uint32_t n;
};

struct mldr_listener {
	struct { struct mldr_station *station; struct mldr_channel *channel; } key;
	struct mldr_listener *next, *prev;      /* of the station */
	struct mldr_link *link;
	struct timer expiry;
};

/* Queries for one channel, after a leave by a stranger. */
struct mldr_ask {
	struct mldr_ask *next;
	struct mldr_link *link;
	struct mldr_channel *channel;
	struct timer timer;
	uint32_t left;
	bool is_answered;
};

/* What differs between the two. */
struct mldr_family {
	uint32_t index;                         /* in mldr.link */
	const char *querier_event;
	/* Any-source multicast, and what does not leave a link: no business of ours, and hosts and routers talk of it all day. */
	bool (*is_foreign)(const struct addr6 *group);
};
const struct mldr_family *mldr_family_of(const struct addr6 *a);

struct mldr_link {
	struct mldr_link_conf conf;
	const struct mldr_family *family;
	uint32_t ifindex, index;
	struct addr6 src;
	struct mldr_station *stations;
	uint32_t n_stations, n_listeners;
	struct rate rate;
	/* Querier. robustness and interval are the elected querier's. */
	bool is_querier;
	struct addr6 other;
	uint32_t robustness, startup_left;
	span_t interval;
	struct timer query, other_gone;
	struct mldr_ask *asks;
	uint32_t n_asks;
};

static inline span_t mldr_membership_time(const struct mldr_link *l)
{
	return span_ns(l->robustness * l->interval.ns + l->conf.response_interval.ns); /* RFC 3810 9.4 */
}

/* mldr_query.c */
void mldr_querier_start(struct mldr *m, struct mldr_link *l, struct now now);
void mldr_querier_stop(struct mldr *m, struct mldr_link *l);
void mldr_query_due(struct mldr *m, struct mldr_link *l, struct now now);
void mldr_other_querier_gone(struct mldr *m, struct mldr_link *l, struct now now);
void mldr_query_rx(struct mldr *m, struct mldr_link *l, const struct mcast_query *q, const struct addr6 *src,
		   struct now now);
/* Ask who listens; the others' time shrinks until they answer. */
void mldr_ask(struct mldr *m, struct mldr_link *l, struct mldr_channel *ch, struct now now);
void mldr_ask_due(struct mldr *m, struct mldr_ask *ask, struct now now);
void mldr_ask_cancel(struct mldr *m, struct mldr_link *l, const struct mldr_channel *ch);
struct mldr_ask *mldr_ask_find(const struct mldr_link *l, const struct mldr_channel *ch);

/* mldr_member.c */
struct mldr_channel *mldr_channel_find(const struct mldr *m, const struct addr6 *group, const struct addr6 *source);
/* The station's membership, or NULL; ch may be NULL. */
struct mldr_listener *mldr_listener_find(const struct mldr *m, const struct mldr_link *l, const struct addr6 *addr,
					 const struct lladdr *lladdr, struct mldr_channel *ch);
/* A membership that does not exist yet. False at a limit or without memory: nothing has changed then. */
bool mldr_listener_add(struct mldr *m, struct mldr_link *l, const struct addr6 *addr, const struct lladdr *lladdr,
		       const struct addr6 *group, const struct addr6 *source, struct now now);
/* What the station joined before it had this address (from 0.0.0.0), or NULL. */
struct mldr_listener *mldr_listener_nameless(const struct mldr *m, const struct mldr_link *l, const struct addr6 *addr,
					     const struct lladdr *lladdr, struct mldr_channel *ch);
/* Frees also the station and the channel when this was their last. */
void mldr_listener_del(struct mldr *m, struct mldr_listener *li, struct now now);
/* No listener of the channel on the link lasts longer than until, unless it answers. */
void mldr_shorten(struct mldr *m, struct mldr_link *l, struct mldr_channel *ch, mono_t until);
