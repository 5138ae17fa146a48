/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Inside the access router: its state, and what its files give each other. */
#include "core/listen/mldr.h"
#include "core/motion/agentadv.h"
#include "core/rate.h"
#include "role/ar/ar.h"
#include "wire/mcast/mcast.h"

enum ar_timer { AR_T_ADVERTISE, AR_T_ADVERTISE4, AR_T_VOUCH, AR_T_REPORT_ALL, AR_T_REPORT };

/* An access link. */
struct ar_if {
	struct ar *ar;
	const struct ar_if_conf *conf;
	uint32_t ifindex;              /* 0 while absent */
	bool is_up;
	struct lladdr lladdr;
	struct addr6 src;              /* our link-local address */
	uint32_t mtu_oct;
	uint32_t initial_left;         /* of the first advertisements, which come quicker */
	struct timer advertise;
	mono_t last_ra;                /* to all */
	uint64_t n_ra, n_rs;
	struct agentadv_conf adv4_conf;
	struct agentadv adv4;          /* IPv4's advertisements */
	struct timer vouch;
};

struct ar_upstream {
	uint32_t ifindex;
	bool is_up;
	struct lladdr lladdr;
	struct addr6 src[MLDR_FAMILY_N]; /* link-local; IPv4: ours there, or 0.0.0.0 while we have none (RFC 3376 4.2.13) */
	uint32_t mtu_oct;
	struct timer report_all[MLDR_FAMILY_N]; /* the answer to a general query */
	uint64_t n_reports;
};

struct ar {
	const struct engine_env *env;
	struct ar_conf conf;
	struct ar_if iface[AR_IF_MAX];
	struct ar_upstream up;
	struct mldr mldr;
	struct table reports;          /* struct report, by group and source: what is still to be said upstream */
	struct rate solicitations;
	struct agentadv_owner adv4_owner;
	struct timers timers;
};

/* Records gathered for one report packet of each family. */
struct ar_batch { struct { struct mcast_state state[MCAST_STATES_MAX]; uint16_t n; } of[MLDR_FAMILY_N]; };
static inline void ar_batch_begin(struct ar_batch *b) { b->of[0].n = b->of[1].n = 0; }

/* Is anything done in this family there? */
bool ar_has_v6(const struct ar *ar, const struct ar_if_conf *c);
static inline bool ar_has_v4(const struct ar_if_conf *c) { return !addr6_is_none(&c->router_address_v4); }

extern const struct conf_block ar_conf_block;
/* NULL, or what to mend. */
const char *ar_conf_check(const struct ar_conf *c);

/* adv.c: router advertisements. */
void ar_adv_start(struct ar *ar, struct ar_if *f, struct now now);
void ar_adv_stop(struct ar *ar, struct ar_if *f);
void ar_adv_due(struct ar *ar, struct ar_if *f, struct now now);
/* The last one: this router is going (RFC 4861 6.2.5). */
void ar_adv_farewell(struct ar *ar, struct ar_if *f);
/* True: it was a solicitation. */
bool ar_adv_rx(struct ar *ar, struct ar_if *f, const struct rx *rx, struct now now);

/* adv4.c: ICMP router advertisements, with the MMA's IPv4 address or as the home agent's. */
void ar_adv4_init(struct ar *ar);
void ar_adv4_conf(struct ar_if *f);
void ar_adv4_start(struct ar_if *f, struct now now);

/* vouch.c: stations' memberships in our name, for a multicast routing daemon on this host. */
static inline bool ar_has_vouch(const struct ar *ar, const struct ar_if *f)
{
	return f->conf->has_vouch && !ar->conf.upstream[0] && ar_has_v4(f->conf) && !addr6_is_none(&ar->conf.mma_v4);
}
void ar_vouch_start(struct ar *ar, struct ar_if *f, struct now now);
void ar_vouch_change(struct ar *ar, const struct mldr_channel *ch, uint32_t ifindex, bool is_first);
void ar_vouch_due(struct ar *ar, struct ar_if *f, struct now now);

/* proxy.c: RFC 4605's host side. */
void ar_proxy_init(struct ar *ar);
void ar_proxy_fini(struct ar *ar);
void ar_proxy_change(void *ctx, const struct mldr_channel *ch, uint32_t ifindex, bool is_first, struct now now);
void ar_proxy_up(struct ar *ar, struct now now);
void ar_proxy_down(struct ar *ar);
void ar_proxy_stop(struct ar *ar);
/* True: it was MLD or IGMP from upstream. */
bool ar_proxy_rx(struct ar *ar, const struct rx *rx, struct now now);
/* Sends all that is due. */
void ar_proxy_report_all(struct ar *ar, const struct timer *t);
void ar_proxy_flush(struct ar *ar, struct ar_batch *b);
void ar_proxy_report_due(struct ar *ar, struct timer *t, struct ar_batch *b, struct now now);
