/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Mobile node: what its block of the configuration fills. The engine itself is behind mn_role
 * (core/engine.h); its parts are described at the head of role/mn/state.h.
 */
#include "base/conf.h"
#include "core/engine.h"
#include "role/mn/policy.h"

enum { MN_IF_MAX = 8, MN_SITE_MAX = 16, MN_PREFER_MAX = 32, MN_KEY_NAME_LEN = 64, MN_SITE_NAME_LEN = 64, MN_DIRECT_MAX = 4 };

enum { MN_NETWORK_MAX = 4 };
enum mn_net_mode { MN_NET_EXPLICIT, MN_NET_IMPLICIT };
enum mn_dad { MN_DAD_NONE, MN_DAD_OPTIMISTIC };

/* Who tells correspondent nodes where the mobile is: nobody, the agent of the site (H-15), the mobile itself (RFC 6275
 * 11.6), or the agent where there is one and else the mobile. */
enum mn_ro { MN_RO_OFF, MN_RO_AGENT, MN_RO_OWN, MN_RO_AUTO };

/* How packets leave away from home: all in a tunnel, or those to `direct` as H-13 has it, from the on-link address. */
enum mn_uplink { MN_UPLINK_TUNNEL, MN_UPLINK_LITERAL };

/* interface "wlan0" { } */
struct mn_conf_if {
	char name[16];
};

/* mma "2001:db8:2::1" { key = "mn1-foreign" }, or { site = "foreign" }: the key that the home agent lends that site's agent. */
struct mn_conf_mma {
	struct addr6 addr;
	char key[MN_KEY_NAME_LEN];
	char site[MN_SITE_NAME_LEN];
};

/* router "02:00:00:00:00:01" { location = 80 services = 50 } */
struct mn_conf_prefer {
	struct lladdr router;
	uint32_t location, services;
};

struct mn_conf {
	struct addr6 home_address, home_agent; /* home_agent ::: to be discovered */
	struct prefix6 home_prefix;        /* absent: /64 of the home address */
	char key[MN_KEY_NAME_LEN];
	struct mn_conf_if iface[MN_IF_MAX];
	uint32_t n_iface;
	struct mn_conf_mma mma[MN_SITE_MAX];
	uint32_t n_mma;
	struct mn_conf_prefer prefer[MN_PREFER_MAX];
	uint32_t n_prefer;
	bool use_mma;
	struct lladdr identity;            /* zero: of the first interface */
	bool privacy;                      /* random identity instead */
	struct prefix6 group_prefix;
	uint32_t dad;                      /* enum mn_dad, for on-link care-of addresses */
	span_t lifetime;                   /* asked for */
	span_t drain;                      /* the old link is kept so long after a handover */
	span_t forward;                    /* the agent of a site that was left sends on what still comes */
	uint32_t route_optimisation;       /* enum mn_ro */
	uint32_t uplink;                   /* enum mn_uplink */
	struct prefix6 direct[MN_DIRECT_MAX];
	uint32_t n_direct;
	struct prefix6 network[MN_NETWORK_MAX]; /* a mobile router's (RFC 3963) */
	uint32_t n_network;
	char network_interface[16];
	uint32_t network_mode;             /* enum mn_net_mode */
	bool deregister_on_stop;
	uint32_t reports;                  /* membership reports on a new link, the first at once */
	span_t report_interval, solicit_interval;
	uint32_t missed_advertisements;
	/* signal and policy */
	uint32_t threshold_dbm, floor_dbm; /* as positive numbers: 70 is -70 dBm */
	uint32_t hysteresis_db;
	span_t min_stay, signal_age, ping_pong;
	uint32_t signal_window;
	uint32_t weight_db[FACTOR_N];
};

extern const struct conf_block mn_conf_block;

/* The policy that a configuration describes. */
struct policy mn_conf_policy(const struct mn_conf *c);
