/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Inside the abstract network: the state of a run, and what its files give each other. */
#include "base/prng.h"
#include "core/auth/sa.h"
#include "core/engine.h"
#include "core/reg/reg.h"
#include "sim/net/pkt.h"
#include "sim/sim.h"

enum scale_protocol { SCALE_ROAMCAST, SCALE_MIPV6, SCALE_HMIPV6, SCALE_PROTOCOL_N };
extern const char *const scale_protocol_name[SCALE_PROTOCOL_N];

enum { SCALE_RADIOS = 2 };
enum { UPSTREAM = 1, FIRST_DOWN = 2 };        /* interfaces of agents and routers */
#define SCALE_AIR_NS NS_PER_MS                /* one way over the air */

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
	uint64_t n_undelivered;
	FILE *scenario;
};

static inline uint32_t site_of_cell(const struct scale *c, uint32_t cell) { return cell / (c->conf.routers * c->conf.cells); }
static inline struct now scale_now(const struct scale *c)
{
	return (struct now){{c->sim.t_ns + NS_PER_S}, {1767225600LL * NS_PER_S + c->sim.t_ns}};
}

/* --- addresses: whose is it? ------------------------------------------------------------------------------------- */

static inline struct addr6 addr_of(uint16_t w2, uint16_t w3, uint32_t low)
{
	struct addr6 a = {{0x20, 0x01, 0x0d, 0xb8}};
	put16(a.b + 4, w2);
	put16(a.b + 6, w3);
	put32(a.b + 12, low);
	return a;
}

enum { HOME_W2 = 7, SITE_W2 = 0x100, CELL_W3 = 0x1000, AGENT_W3 = 0xe };

static inline struct addr6 home_agent(void) { return addr_of(HOME_W2, 0xa, 1); }
static inline struct addr6 home_address(uint32_t mobile) { return addr_of(HOME_W2, 0, mobile + 1); }
static inline struct addr6 agent_address(uint32_t site) { return addr_of((uint16_t)(SITE_W2 + site), AGENT_W3, 1); }

/* The number of a mobile and its radio are in the link-layer address, and so in every address made of it. */
static inline struct lladdr mobile_lladdr(uint32_t mobile, uint32_t radio)
{
	struct lladdr l = {{2, (uint8_t)radio}};
	put32(l.b + 2, mobile);
	return l;
}
static inline struct lladdr router_lladdr(uint32_t cell)
{
	struct lladdr l = {{6}};
	put32(l.b + 2, cell);
	return l;
}
static inline bool is_mobile(const struct lladdr *l, uint32_t *mobile, uint32_t *radio)
{
	*mobile = get32(l->b + 2);
	*radio = l->b[1];
	return l->b[0] == 2;
}

/* scale_host.c */
void host_start(struct scale *c, struct host *h, const struct role_ops *ops, uint32_t index, void *conf);
void host_free(struct host *h);
void host_link(struct scale *c, struct host *h, uint32_t ifindex, const char *name, const struct lladdr *l, bool is_up);
void host_rx(struct scale *c, struct host *h, const struct rx *rx);

/* scale_ways.c */
void ways_carry_out(struct scale *c, struct host *h, const struct effect *e);
/* Over the air, from who is in the cell. */
void ways_to_router(struct scale *c, uint32_t cell, const struct lladdr *from, enum dp_punt why, const uint8_t *p, size_t len);

/* scale_kernel.c */
void kernel_changes(struct scale *c, uint32_t mobile, const struct fx_group *g, bool is_join);
/* To a query on the air: of each kernel there that listens, when its time has come, beside the engine's own. */
void kernel_answers(struct scale *c, uint32_t cell, const uint8_t *p, size_t len);

/* scale_move.c */
/* Before the run: somewhere, with the first radio. */
void move_place(struct scale *c, uint32_t mobile);
/* It is switched on then; it moves for the first time when it has stayed for a while, and on and on. */
void move_begin(struct scale *c, uint32_t mobile, int64_t on_ns);

/* scale_world.c */
void scale_world_make(struct scale *c);
void scale_world_free(struct scale *c);

/* scale_load.c */
void load_init(struct scale *c);
void load_fini(struct scale *c);
bool load_is_measured(const struct scale *c);
void load_count(struct scale *c, enum scale_place at, uint32_t index, enum scale_kind k);
/* A packet passes a place: it is looked at and counted. */
void load_packet(struct scale *c, enum scale_place at, uint32_t index, const uint8_t *p, size_t len);
void load_write(const struct scale *c, double wall_s);

/* scale_scenario.c: conf.scenario is written; a few mobiles, as many as the full simulator holds */
void scenario_begin(struct scale *c);
/* The radio is in that cell from now on, or in none (NO_CELL). */
void scenario_move(const struct scale *c, uint32_t mobile, uint32_t radio, uint32_t cell);
void scenario_end(struct scale *c);

/* scale_hmip.c */
void hmip_start(struct scale *c, struct mobile *m);
void hmip_moved(struct scale *c, struct mobile *m, uint32_t from, uint32_t to);
