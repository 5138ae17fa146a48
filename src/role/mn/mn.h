/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Mobile node: what its block of the configuration fills. The engine itself is behind mn_role
 * (core/engine.h); its parts are described at the head of role/mn/state.h.
 */
#include "base/conf.h"
#include "core/engine.h"
#include "role/mn/policy.h"

enum { MN_FA_MAX = 16, MN_NAI_LEN = 256, MN_NETWORK_MAX = 4 };
enum { MN_IF_MAX = 8, MN_SITE_MAX = 16, MN_PREFER_MAX = 32, MN_KEY_NAME_LEN = 64, MN_SITE_NAME_LEN = 64, MN_DIRECT_MAX = 4 };

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

/* mma "2001:db8:2::1" { key = "mn1-foreign" address-v4 = "10.2.0.1" }, or { site = "foreign" }: the key that the home agent lends that
 * site's agent. The title may be the IPv4 address. */
struct mn_conf_mma {
	struct addr6 addr;                 /* ::: in IPv4 alone */
	char key[MN_KEY_NAME_LEN];
	char site[MN_SITE_NAME_LEN];
	struct addr6 address_v4;           /* none: in IPv6 alone */
};

/* router "02:00:00:00:00:01" { location = 80 services = 50 } */
struct mn_conf_prefer {
	struct lladdr router;
	uint32_t location, services;
};

/* foreign-agent "10.3.0.1" { key = "mn1-fa" }: one that shares a key with the mobile (RFC 5944 3.6.1.3 e). */
struct mn_conf_fa {
	struct addr6 addr;
	char key[MN_KEY_NAME_LEN];
};

enum mn_care_of { MN_COA_AUTO, MN_COA_FOREIGN_AGENT, MN_COA_CO_LOCATED };
enum mn_encap4 { MN_ENCAP_IPIP, MN_ENCAP_GRE, MN_ENCAP_MINIMAL };
enum mn_reverse { MN_REVERSE_OPTIONAL, MN_REVERSE_REQUIRED, MN_REVERSE_OFF };
enum mn_delivery { MN_DELIVERY_DIRECT, MN_DELIVERY_ENCAPSULATING };
enum mn_udp_tunnel { MN_UDP_AUTO, MN_UDP_FORCED, MN_UDP_OFF };
enum mn_replay4 { MN_REPLAY_TIMESTAMP, MN_REPLAY_NONCE };

/* Mobile IPv4 (RFC 5944). Addresses and prefixes are IPv4-mapped. */
struct mn4_conf {
	struct addr6 home_address;         /* none: the home agent assigns one to the NAI (RFC 2794) */
	struct addr6 home_agent;           /* none: to be discovered (3.6.1.2) */
	struct prefix6 home_prefix;        /* length 0: no Mobile IPv4 */
	char nai[MN_NAI_LEN];
	char key[MN_KEY_NAME_LEN];         /* empty: the one that both families share */
	char aaa_key[MN_KEY_NAME_LEN];     /* RFC 4721's MN-AAA; empty: none */
	struct mn_conf_fa fa[MN_FA_MAX];
	uint32_t n_fa;
	uint32_t care_of;                  /* enum mn_care_of */
	uint32_t encapsulation;            /* enum mn_encap4 */
	uint32_t reverse_tunnel;           /* enum mn_reverse */
	uint32_t delivery;                 /* enum mn_delivery */
	uint32_t udp_tunnel;               /* enum mn_udp_tunnel */
	uint32_t replay;                   /* enum mn_replay4 */
	span_t keepalive;
	bool simultaneous, broadcast, revocation;
	struct prefix6 network[MN_NETWORK_MAX];
	uint32_t n_network;
};

struct mn_conf {
	struct addr6 home_address, home_agent; /* home_agent ::: to be discovered. home_address ::: no Mobile IPv6 */
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
	struct mn4_conf v4;
};

static inline bool mn_conf_has6(const struct mn_conf *c) { return !addr6_is_any(&c->home_address); }
static inline bool mn_conf_has4(const struct mn_conf *c) { return c->v4.home_prefix.len_bits != 0; }

extern const struct conf_block mn_conf_block;

/* The policy that a configuration describes. */
struct policy mn_conf_policy(const struct mn_conf *c);
