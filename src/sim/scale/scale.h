/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A hundred thousand mobiles for an hour: what signalling costs, where.
 *
 * The engines are the real ones (home agent, agents of sites, access routers, mobiles: role_ops as the daemon drives
 * them), their packets are real, authenticated and parsed. What is between them is not: there is no kernel, no datapath, no neighbour
 * discovery and no data; a packet goes to whom its destination address belongs, after a fixed delay, and none is lost.
 * Mobiles have two radios and move from cell to cell by chance. The kernel's own membership reports are made, for they load access links.
 *
 * Beside Roamcast (SCALE_ROAMCAST) the same movement is run with plain Mobile IPv6 (SCALE_MIPV6: the same mobile and home agent
 * without agents in the sites) and with Hierarchical Mobile IPv6 (SCALE_HMIPV6: RFC 5380 as a model on core/reg's state machine, for there
 * is no such engine here; see scale_hmip.c).
 */
#include "base/prng.h"
#include "core/engine.h"
#include "core/reg/reg.h"
#include "core/auth/sa.h"
#include "sim/sim.h"

enum scale_protocol { SCALE_ROAMCAST, SCALE_MIPV6, SCALE_HMIPV6, SCALE_PROTOCOL_N };
extern const char *const scale_protocol_name[SCALE_PROTOCOL_N];

enum { SCALE_RADIOS = 2 };

struct scale_conf {
	enum scale_protocol protocol;
	uint32_t mobiles, sites, routers, cells;  /* routers a site; cells a router */
	uint32_t warm_s, seconds;                 /* seconds are measured, after warm_s */
	double stay_s;                            /* mean time in a cell; exponential, at least a second more than the overlap */
	uint32_t other_site_percent;              /* of handovers */
	uint32_t lifetime_s;
	uint64_t seed;
	const char *json, *scenario;              /* files to write; NULL: none */
};

/* Where a message is counted. */
enum scale_place { AT_HA, AT_AGENT, AT_LINK, SCALE_PLACE_N };
enum scale_kind {
	K_UPDATE,      /* binding update that a movement caused, de-registrations included */
	K_REFRESH,     /* binding update that only prolongs */
	K_ACK,
	K_PEER,        /* between agents of sites */
	K_JOIN, K_LEAVE, K_ANSWER, K_QUERY, /* membership: reports of a change, answers to queries */
	K_ROUTER,      /* solicitations and advertisements */
	K_OTHER, SCALE_KIND_N
};
extern const char *const scale_kind_name[SCALE_KIND_N];

struct load { uint64_t n[SCALE_KIND_N]; uint16_t *per_s; };

/* An engine with its timer. */
struct host {
	const struct role_ops *ops;
	void *self, *conf;
	uint32_t index;
	int64_t tick_at_ns;
};

struct cell { uint32_t *member, n, cap; struct load load; };   /* member: mobile * SCALE_RADIOS + radio */

struct mobile {
	struct host host;
	uint32_t cell[SCALE_RADIOS];   /* NO_CELL: that radio is off */
	struct fx_group joined[SCALE_RADIOS]; /* the kernel's membership; ifindex 0: none */
	uint8_t radio;                 /* in use */
	bool was_other_site;           /* the last handover */
	int64_t moved_ns;
	struct addr6 told_ha, told_agent; /* what it asked for last, to tell refreshes */
	struct hmip *hmip;
};
#define NO_CELL UINT32_MAX

struct scale {
	struct scale_conf conf;
	struct sim sim;
	struct prng move_rng, net_rng, key_rng;
	struct rng rng;
	struct engine_env env;
	struct effq fx;
	struct counters count;
	struct sa_key key;
	struct host ha, *agent, *router;
	struct mobile *mobile;
	struct cell *cell;
	uint32_t n_cells, n_routers;
	struct load at_ha, *at_agent;
	uint64_t n_handovers[2], n_caused[2][SCALE_PLACE_N]; /* [other site] updates that followed it */
	uint64_t n_undelivered, n_calls;
	FILE *scenario;
};

int scale_main(int argc, char **argv);

/* scale_load.c */
void load_init(struct scale *c);
void load_fini(struct scale *c);
bool load_is_measured(const struct scale *c);
void load_count(struct scale *c, enum scale_place at, uint32_t index, enum scale_kind k);
/* A packet passes a place: it is looked at and counted. mobile: who sends an update, or NO_CELL. */
void load_packet(struct scale *c, enum scale_place at, uint32_t index, const uint8_t *p, size_t len);
void load_write(const struct scale *c, double wall_s);

/* scale_scenario.c: conf.scenario is written; a few mobiles, as many as the full simulator holds */
void scenario_begin(struct scale *c);
void scenario_end(struct scale *c);

/* scale_hmip.c */
void hmip_start(struct scale *c, struct mobile *m);
void hmip_moved(struct scale *c, struct mobile *m, uint32_t from, uint32_t to);
static inline uint32_t site_of_cell(const struct scale *c, uint32_t cell) { return cell / (c->conf.routers * c->conf.cells); }
static inline struct now scale_now(const struct scale *c)
{
	return (struct now){{c->sim.t_ns + NS_PER_S}, {1767225600LL * NS_PER_S + c->sim.t_ns}};
}
