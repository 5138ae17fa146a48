/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Home agent: configuration as its rows fill it. The engine is ha_role (core/engine.h).
 */
#include "base/addr.h"
#include "base/conf.h"
#include "base/time.h"
#include "role/ha/ha_cast.h"

enum { HA_MOBILE_CONF_MAX = 4096, HA_PREFIX_MAX = 8, HA_UPLINK_MAX = 8, HA_NET_MAX = 4, HA_LINK_MAX = 4, HA_KEY_NAME_LEN = 32,
       HA_MMA_MAX = 64, HA_SITE_LEN = 64, HA_FA_MAX = 128, HA_NAI_LEN = 72, HA_POOL_MAX = 4, HA_AREA_MAX = 16, HA_TO_MAX = 4 };

/* mobile "2001:db8:1::100" { key = "mn1" }, or a prefix of home addresses that share a key; of either family. */
struct ha_mobile_conf {
	struct prefix6 home;           /* /128 for one mobile; :: when it is known by its nai alone */
	struct addr6 home_v4;          /* its other one, in a block that is named by an IPv6 address */
	char key[HA_KEY_NAME_LEN], aaa_key[HA_KEY_NAME_LEN];
	char nai[HA_NAI_LEN];          /* RFC 2794 */
	struct prefix6 network[HA_NET_MAX]; /* a mobile router's (RFC 3963) */
	uint32_t n_network;
};

/* mma "2001:db8:2::1" { key = "ha-foreign"  site = "foreign" }: it is told the keys of mobiles that visit its site. */
struct ha_mma_conf {
	struct addr6 address;
	char key[HA_KEY_NAME_LEN];
	char site[HA_SITE_LEN];
};

/* foreign-agent "192.0.2.1" { key = "fa1" } */
struct ha_fa_conf { struct addr6 address; char key[HA_KEY_NAME_LEN]; };

/* link "eth2" { prefix = {"2001:db8:2::/64"} }: a home link besides the first. */
struct ha_link_conf {
	char name[16];
	struct prefix6 prefix[HA_PREFIX_MAX];
	uint32_t n_prefix;
};

enum ha_reverse { HA_REVERSE_OPTIONAL, HA_REVERSE_REQUIRED, HA_REVERSE_OFF };
enum ha_replay4 { HA_REPLAY_TIMESTAMP, HA_REPLAY_NONCE };

/* Mobile IPv4's side. */
struct ha_conf4 {
	struct addr6 address;          /* none: no Mobile IPv4 */
	struct prefix6 pool[HA_POOL_MAX]; /* home addresses to give away */
	uint32_t n_pool;
	struct prefix6 area[HA_AREA_MAX]; /* care-of addresses allowed; none: any */
	uint32_t n_area;
	uint32_t reverse, replay;      /* enum ha_reverse, enum ha_replay4 */
	uint32_t simultaneous;         /* care-of addresses of a mobile at a time, 1 to HA_TO_MAX */
	bool has_gre, has_minimal, has_udp, has_udp_forced, has_broadcast, has_revocation;
	span_t udp_keepalive;
	uint32_t n_fa;
	struct ha_fa_conf fa[HA_FA_MAX];
};

struct ha_conf {
	struct addr6 address;          /* where updates and reverse tunnels arrive; none: no Mobile IPv6 */
	struct ha_conf4 v4;
	struct prefix6 home_prefix[HA_PREFIX_MAX];
	uint32_t n_home_prefix;
	char home_link[16];            /* of home_prefix; "": virtual, no link has them */
	struct ha_link_conf link[HA_LINK_MAX - 1];
	uint32_t n_link;
	uint8_t prefix_link[HA_PREFIX_MAX]; /* ha_conf_take: the link of each of home_prefix, from 1; 0: virtual */
	char uplink[HA_UPLINK_MAX][16];
	uint32_t n_uplink;
	span_t prefix_valid, prefix_preferred; /* lifetimes of the home prefixes, as advertised */
	span_t mpa_min, mpa_max;       /* MinMobPfxAdvInterval, MaxMobPfxAdvInterval; max 0: none unsolicited */
	uint32_t preference;           /* ours among the home agents of the link */
	span_t lifetime_max;
	span_t stamp_window;
	bool is_stamp_required;        /* RFC 4285's timestamp; without it sequence numbers are kept for ever */
	span_t reverse_grace;
	bool has_dad;
	uint32_t dad_transmits;
	span_t dad_retrans;
	bool has_routing_header;       /* of our own packets to mobiles; else they go through the tunnel */
	bool has_refresh_request;      /* send a binding refresh request when an eighth of the lifetime is left */
	uint32_t bindings_max;
	uint32_t rate;                 /* refusals and errors a second and source; 0: no limit */
	span_t lend;                   /* a key that an MMA is told counts so long */
	uint32_t n_mma;
	struct ha_mma_conf mma[HA_MMA_MAX];
	struct ha_cast_conf cast;
	uint32_t n_mobile;
	struct ha_mobile_conf mobile[HA_MOBILE_CONF_MAX];
};
