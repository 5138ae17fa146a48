/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Foreign agent: configuration as its rows fill it. The engine is fa_role (core/engine.h).
 */
#include "base/addr.h"
#include "base/conf.h"
#include "base/time.h"
#include "role/fa/guest.h"

enum { FA_IF_MAX = 16, FA_UPSTREAM_MAX = 8, FA_COA_MAX = 8, FA_PREFIX_MAX = 8, FA_MOBILE_CONF_MAX = 4096, FA_HOME_AGENT_MAX = 256,
       FA_KEY_LEN = 32, FA_NAI_LEN = 256, FA_SITE_LEN = 64 };
enum fa_udp { FA_UDP_OFF, FA_UDP_ON, FA_UDP_FORCED };

struct fa_if_conf {
	char name[16];
	struct addr6 router_address;   /* ours on the link; none: the care-of address of a prefix of it, or what the host has there */
	struct prefix6 prefix[FA_PREFIX_MAX]; /* of the link, of either family; none of a family: no filter, unless guests are served */
	uint32_t n_prefix;
	bool is_filtered;
	bool is_required;              /* R: co-located mobiles must register through us too */
	bool is_home_agent;            /* H: a home agent on this node serves this link */
	bool tells_prefix_len;         /* the prefix-lengths extension (RFC 5944 2.1.2) */
	span_t adv_interval, adv_interval_min;
	bool is_broadcast, only_solicited;
	uint32_t rate;                 /* solicitations answered, a second and station */
	uint32_t preference;           /* of the router (RFC 1256); 0 counts as the default 0 */
};

/* mobile "10.1.0.100" { key = "mn-fa" }, or mobile "nai:user@realm" {...}. */
struct fa_mobile_conf { struct addr6 hoa; char nai[FA_NAI_LEN]; char key[FA_KEY_LEN]; };
/* home-agent "192.0.2.1" { key = "fa-ha" }. */
struct fa_ha_conf { struct addr6 address; char key[FA_KEY_LEN]; };

struct fa_conf {
	struct addr6 coa[FA_COA_MAX];  /* care-of addresses; mobiles take the first */
	uint32_t n_coa;
	char upstream[FA_UPSTREAM_MAX][16];
	uint32_t n_upstream;
	span_t lifetime;               /* 65535 s: infinite */
	uint32_t visitors_max, pending_max, rate;
	span_t pending;
	bool has_gre, has_minimal, has_delivery, takes_colocated;
	uint32_t reverse;              /* enum visitor_reverse */
	uint32_t udp;                  /* enum fa_udp */
	span_t udp_keepalive;
	bool has_challenge;
	uint32_t window;
	bool has_revocation, has_inform;
	bool is_busy;
	struct addr6 mma;              /* of the site, told in our extension; none: no such */
	struct prefix6 group_prefix;
	char site[FA_SITE_LEN];
	bool is_home_site;
	uint32_t n_interface;
	struct fa_if_conf interface[FA_IF_MAX];
	uint32_t n_mobile;
	struct fa_mobile_conf mobile[FA_MOBILE_CONF_MAX];
	uint32_t n_home_agent;
	struct fa_ha_conf home_agent[FA_HOME_AGENT_MAX];
	struct guests_conf guests;
};
