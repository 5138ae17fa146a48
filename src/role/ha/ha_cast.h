/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Configuration of mobiles that the network moves, at their home agent: its block `provisioned`. */
#include "core/manager/mmc.h"

enum { HA_CAST_LINK_MAX = 31, HA_CAST_PREFIX_MAX = 8, HA_CAST_AGENT_MAX = 64 };

enum ha_cast_multicast { HA_CAST_PROXY, HA_CAST_PIM, HA_CAST_FLAT };

struct ha_cast_conf {
	bool is_on;
	struct mmc_conf mm;
	struct prefix6 prefix[HA_CAST_PREFIX_MAX]; /* home addresses of such mobiles: in virtual home prefixes */
	uint32_t n_prefix;
	struct prefix6 agent[HA_CAST_AGENT_MAX];   /* foreign agents that may tunnel back */
	uint32_t n_agent;
	char downstream[HA_CAST_LINK_MAX][16];
	uint32_t n_downstream;
	uint32_t multicast;                        /* enum ha_cast_multicast */
	char source_if[16];                        /* HA_CAST_PIM: packets to groups enter the host's multicast forwarding here; "": roam0 */
	bool is_sole_querier;
	uint32_t robustness;
	span_t query_interval, query_response;
	uint32_t held_max;                         /* packets that wait for an answer */
	span_t hold;                               /* so long */
};

extern const struct conf_block ha_cast_block;
