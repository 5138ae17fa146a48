/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Mobility management agent: configuration as its rows fill it. The engine is mma_role (core/engine.h).
 */
#include "base/addr.h"
#include "base/conf.h"
#include "base/time.h"

enum { MMA_MOBILE_CONF_MAX = 4096, MMA_LINK_MAX = 31, MMA_UPSTREAM_MAX = 8, MMA_PREFIX_MAX = 16, MMA_FAMILY_PREFIX_MAX = 8,
       MMA_PEER_MAX = 256, MMA_HOME_MAX = 4, MMA_NET_MAX = 4, MMA_SITE_LEN = 64, MMA_KEY_LEN = 32 };

/* mobile "2001:db8:1::100" { key = "mn1" } or mobile "10.1.0.100" { ... }, or a prefix of home addresses that share a key. */
struct mma_mobile_conf {
	struct prefix6 home;           /* /128 for one mobile; IPv4 mapped, as everywhere */
	char key[MMA_KEY_LEN];
	struct addr6 home_agent;       /* only this one may be named; :: any */
	struct prefix6 network[MMA_NET_MAX]; /* a mobile router's (RFC 3963) */
	uint32_t n_network;
};

/* peer "2001:db8:3::1" { key = "mma3" }: another site's agent, with which mobiles are handed over. */
struct mma_peer_conf {
	struct addr6 address;
	char key[MMA_KEY_LEN];
	bool is_home_agent;            /* a home-agent block instead: keys of mobiles in `home` are its to lend */
	struct prefix6 home[MMA_HOME_MAX];
	uint32_t n_home;
};

/* What carries the groups inside the site. FLAT: switches with MLD snooping; the agent does the same as with the proxy. */
enum mma_multicast { MMA_PROXY, MMA_PIM, MMA_FLAT };

struct mma_conf {
	struct addr6 address;          /* service address; ::: nothing in IPv6 */
	struct addr6 address_v4;       /* the same in IPv4, and the care-of address of all its mobiles there; none: nothing in IPv4 */
	char address_if[16];           /* where it lies; "": roam0 */
	uint32_t multicast;            /* enum mma_multicast */
	char source_if[16];            /* MMA_PIM: packets to groups enter the host's multicast forwarding here; "": roam0 */
	char site[MMA_SITE_LEN];
	char upstream[MMA_UPSTREAM_MAX][16];
	uint32_t n_upstream;
	char downstream[MMA_LINK_MAX][16];
	uint32_t n_downstream;
	struct prefix6 coa_prefix;
	struct prefix6 group_prefix, group_prefix_v4;
	struct prefix6 site_pool;      /* IPv4: outer sources of uplink tunnels; length 0: the mobiles' own addresses */
	struct prefix6 access_prefix[MMA_PREFIX_MAX]; /* registrations and uplink tunnels come from these */
	uint32_t n_access_prefix;
	span_t lifetime_max;
	span_t rest;                   /* of a released care-of address; 0: lifetime_max */
	span_t forward_max;            /* packets are forwarded, and a previous agent's are taken, so long */
	span_t forward_ring;           /* what was sent to a group is kept so long for a mobile whose link is gone; 0: nothing is */
	uint32_t forwardings_max;
	span_t time_window;            /* of RFC 4285 timestamps */
	uint32_t bindings_max;
	uint32_t refusal_rate;         /* answers a second and source */
	bool is_sole_querier;
	uint32_t robustness;
	span_t query_interval, query_response;
	uint32_t n_peer;
	struct mma_peer_conf peer[MMA_PEER_MAX];
	uint32_t pending_max;          /* registrations on their way to home agents */
	uint32_t reverse_v4;           /* enum visitor_reverse */
	bool has_revocation;           /* RFC 3543 */
	bool route_optimisation;
	uint32_t ro_per_mobile, ro_all;
	uint32_t ro_rate;              /* procedures begun, a second */
	uint32_t n_mobile;
	struct mma_mobile_conf mobile[MMA_MOBILE_CONF_MAX];
};
