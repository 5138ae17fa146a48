/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Access router: configuration as its rows fill it. The engine is ar_role (core/engine.h).
 */
#include "base/addr.h"
#include "base/conf.h"
#include "base/time.h"

enum { AR_IF_MAX = 31, AR_PREFIX_MAX = 8, AR_ADMIT_MAX = 8, AR_SITE_LEN = 64 };

/* interface "acc0" { ... } */
struct ar_if_conf {
	char name[16];
	struct prefix6 prefix[AR_PREFIX_MAX];
	uint32_t n_prefix;
	struct addr6 router_address;   /* ours on the link, for the R flag; ::: none */
	struct addr6 router_address_v4;/* ours on the link: advertised (RFC 1256), and IGMP queries come from it; none: nothing in IPv4 */
	bool has_agent_adv;            /* ICMP router advertisements */
	bool has_vouch;                /* repeat IGMP reports from our address, for a multicast routing daemon on this host */
	span_t registration_lifetime;  /* home link: in the mobility agent extension; 65535: infinite */
	bool is_autonomous, is_onlink; /* A and L flags */
	span_t prefix_valid, prefix_preferred;
	span_t ra_interval, ra_interval_min; /* longest and shortest time between periodic advertisements; min 0: a third */
	span_t router_lifetime;
	uint32_t mtu_oct;              /* announced; 0: none */
	bool is_home;                  /* home link: H flag and home agent information, no multicast forwarding */
	uint32_t ha_preference;
	span_t ha_lifetime;
	bool has_map;                  /* MAP option with the MMA's address */
	bool is_filtered;              /* drop sources outside the prefixes */
	bool is_sole_querier;
	struct prefix6 admit[AR_ADMIT_MAX];
	uint32_t n_admit;
	span_t solicited_delay;        /* several routers here: answer by multicast within this random time; 0: at once, by unicast */
	uint32_t rs_rate;              /* answers a second and station */
	uint32_t report_rate;
	uint32_t max_per_station, max_per_link;
};

struct ar_conf {
	char upstream[16];
	struct addr6 mma;              /* service address of the site's MMA: what the MAP option says; ::: no multicast in IPv6 here */
	struct addr6 mma_v4;           /* the same in IPv4, in an extension of agent advertisements */
	struct prefix6 group_prefix_v4;/* where the site's IPv4 groups lie */
	char site[AR_SITE_LEN];
	bool is_home_site;             /* the site has the home agent */
	span_t map_lifetime;
	uint32_t robustness;
	span_t query_interval, query_response, last_listener_interval;
	struct ar_if_conf interface[AR_IF_MAX];
	uint32_t n_interface;
};
