/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A virtual machine: interfaces, what its kernel keeps (addresses, routes, neighbours), stable storage,
 * two clocks, and the process that plays the roles. The process may die and start again; the rest
 * outlives it, the datapath too.
 */
#include "core/engine.h"
#include "sim/net/link.h"

enum { NODE_HOMES_MAX = 2, NODE_CLAIMS_MAX = 32 };
enum { NODE_NICS_MAX = 16, NODE_ADDRS_MAX = 64, NODE_ROUTES_MAX = 64, NODE_ROLES_MAX = 6, NODE_KEYS_MAX = 64,
       IFINDEX_FIRST = 2 };
#define IFINDEX_NONE 0xfffffffeu /* of a route that says: unreachable */

enum ifaddr_state { IFADDR_TENTATIVE, IFADDR_OPTIMISTIC, IFADDR_OK, IFADDR_DUPLICATE };
struct ifaddr {
	struct addr6 addr;
	uint32_t ifindex;
	uint8_t plen_bits, flags;    /* enum addr_flags */
	enum ifaddr_state state;
	uint64_t epoch;
	bool is_left;                /* of the process before this one */
	struct addr6 broadcast;      /* IPv4: fx_addr's */
};

struct route { struct fx_route r; bool is_left, is_own; /* own: the process made it */ };

struct store_item {
	struct store_item *next;
	enum store_table table;
	size_t key_len_oct, val_len_oct;
	uint8_t bytes[];
};

struct role_inst {
	const struct role_ops *ops;
	char *conf_text;             /* as in the scenario: parsed again at every start */
	void *conf, *self;
};

struct node_key { char name[32]; struct sa_key *sa; };

struct neigh;
struct fwd;

struct node {
	struct node *next;
	struct sim *sim;
	char name[16], site[16];
	uint32_t number;
	bool is_router;              /* the kernel forwards */

	struct nic *nics[NODE_NICS_MAX];
	uint32_t n_nics;
	struct ifaddr addrs[NODE_ADDRS_MAX];
	uint32_t n_addrs;
	uint64_t addr_epoch;
	struct ifaddr static_addrs[NODE_ADDRS_MAX];   /* as the scenario gave them */
	struct route static_routes[NODE_ROUTES_MAX];
	uint32_t n_static_addrs, n_static_routes;
	struct route routes[NODE_ROUTES_MAX];
	uint32_t n_routes;
	struct neigh *neighs;
	struct fx_group groups[NODE_ADDRS_MAX];
	uint32_t n_groups;
	struct fwd *fwd;

	struct store_item *store;
	struct addr6 home[NODE_HOMES_MAX]; /* of a mobile: home addresses of its families, as long as they are known */
	uint32_t n_homes;
	bool is_mobile;
	struct addr6 claimed[NODE_CLAIMS_MAX]; /* addresses of others that it has claimed by ARP */
	uint32_t n_claimed;
	uint32_t arp_ignore;         /* as the sysctl: 0 answers for all addresses of the host, 1 for those of the interface */
	struct nat *nat;             /* NULL: none */
	struct link *at;             /* where it attached last */
	int64_t told_ns;             /* a refusal, an error or a request to refresh reached it last */
	int64_t area_ns;             /* a mobile came last from one area (home link, site) into another */
	int64_t handover_ns;         /* it moved last inside one */
	int64_t mono_off_ns, wall_off_ns;
	int64_t attach_delay_ns;     /* FX_ATTACH: how long the radio takes */

	bool is_running;
	bool is_frozen;              /* the machine: it hears, says and does nothing until it thaws */
	int64_t restarted_ns;        /* the process last started or ended */
	uint64_t generation;         /* counts starts of the process */
	struct role_inst roles[NODE_ROLES_MAX];
	uint32_t n_roles;
	struct node_key keys[NODE_KEYS_MAX];
	uint32_t n_keys;
	struct engine_env env;
	struct effq fx;
	struct counters count;
	struct prng prng;
	struct rng rng;
	uint32_t fx_stored;          /* effects whose stores are done */
	bool is_draining;
	bool is_stopping;            /* its process ends in good order just now */
	int64_t tick_at_ns;          /* the tick event under way; INT64_MAX: none */
	int64_t last_tick_ns;
	uint32_t n_spins;            /* ticks without progress of time */
	char conf_err[160];
};

struct node *node_new(struct sim *s, const char *name);
struct node *node_find(struct sim *s, const char *name);
struct nic *node_nic_add(struct node *n, const char *name);
struct nic *node_nic(const struct node *n, uint32_t ifindex);         /* NULL: roam0 or none */
struct nic *node_nic_named(const struct node *n, const char *name);
/* What the machine forgets when it loses power: all but its static configuration, marked by node_freeze. */
void node_freeze(struct node *n);
void node_reset(struct node *n);
/* As the daemon does with what an earlier one left: mark at the start, sweep what nobody asked for again later. */
void node_mark_left(struct node *n);
void node_sweep_left(struct node *n);
/* An IPv6 address to answer from; NULL when there is none but link-local ones. */
const struct addr6 *node_source(const struct node *n);
/* An IPv4 address to speak to dst from over this interface: one of its subnet, of the interface, of the host; NULL. */
const struct addr6 *node_source4(const struct node *n, uint32_t ifindex, const struct addr6 *dst);
bool node_has_home(const struct node *n, const struct addr6 *addr);
/* The mobile with this home address, or NULL. */
struct node *node_of_home(const struct sim *s, const struct addr6 *home_address);
void nodes_free(struct sim *s);

static inline struct now node_now(const struct node *n)
{
	return (struct now){{n->sim->t_ns + n->mono_off_ns}, {n->sim->t_ns + n->wall_off_ns}};
}

/* Addresses. An address with duplicate detection takes a second until it is usable. */
int node_addr_add(struct node *n, const struct fx_addr *a);
/* plen_bits: 0 for whatever it is. An IPv4 address with another prefix length is another address, and with the last one of an interface all
 * IPv4 routes through it go. */
void node_addr_del(struct node *n, uint32_t ifindex, const struct addr6 *addr, uint8_t plen_bits);
struct ifaddr *node_addr_find(struct node *n, const struct addr6 *addr);
static inline bool ifaddr_is_usable(const struct ifaddr *a) { return a->state == IFADDR_OK || a->state == IFADDR_OPTIMISTIC; }
void node_route_put(struct node *n, const struct fx_route *r);
/* As an engine's: an IPv4 route does not take the place of somebody else's. False: it would. */
bool node_route_put_own(struct node *n, const struct fx_route *r);
void node_route_del(struct node *n, const struct fx_route *r);
/* Longest prefix, then least metric, then the older; NULL: unreachable. oif 0: any interface. */
const struct fx_route *node_route(const struct node *n, const struct addr6 *dst, uint32_t oif);
