/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Neighbour discovery (RFC 4861) as mobility needs it: solicitations and advertisements of routers and
 * neighbours, with RFC 6275's additions (7.1 to 7.4), RFC 5380's MAP option and our marker beside it.
 * Redirects are left out.
 */
#include "wire/ip/icmp6.h"

enum nd_opt_type {
	NDO_SLLA = 1, NDO_TLLA = 2, NDO_PREFIX = 3, NDO_REDIRECTED = 4, NDO_MTU = 5, NDO_ADV_INTERVAL = 7, NDO_HA_INFO = 8, NDO_MAP = 23,
	NDO_ROAMCAST = 253,              /* experimental (RFC 4727 4); ours when it carries our enterprise number */
};
enum { ND_PREFIX_MAX = 8, ND_SITE_MAX = 64 };

struct nd_prefix {
	struct addr6 addr;               /* the prefix; with is_router_addr a whole address of the router */
	uint8_t len_bits;
	bool is_onlink, is_auto, is_router_addr; /* L, A, R */
	uint32_t valid_s, preferred_s;   /* 0xffffffff: infinite */
};
struct nd_map {                          /* RFC 5380 5 */
	uint8_t distance, preference;    /* 4 bits each */
	bool is_router_coa;              /* R: the mobile must form a regional address (we never set it) */
	uint32_t valid_s;
	struct addr6 addr;               /* the MMA's service address: the source of its groups */
};
/* Our marker: the MAP option's address is a Roamcast MMA. */
enum nd_site_flags { ND_SITE_HOME = 1 /* the home agent's site */ };
struct nd_site { uint8_t flags; char name[ND_SITE_MAX]; };

struct nd_rs { bool has_slla; struct lladdr slla; };
struct nd_ra {
	uint8_t hop_limit;
	bool is_managed, is_other, is_home_agent; /* M, O, H */
	uint16_t lifetime_s;             /* 0: not a default router */
	uint32_t reachable_ms, retrans_ms;
	bool has_slla, has_mtu, has_adv_interval, has_ha_info, has_map, has_site;
	struct lladdr slla;
	uint32_t mtu_oct;
	struct nd_prefix prefix[ND_PREFIX_MAX];
	uint32_t n_prefix;
	uint32_t adv_interval_ms;
	uint16_t ha_preference, ha_lifetime_s;
	bool ha_takes_routers;           /* R: it serves mobile routers (RFC 3963 7.3) */
	struct nd_map map;
	struct nd_site site;
};
struct nd_ns { struct addr6 target; bool has_slla; struct lladdr slla; };
struct nd_na { struct addr6 target; bool is_router, is_solicited, is_override; bool has_tlla; struct lladdr tlla; };

struct nd_packet {
	struct addr6 src, dst;
	uint8_t type;                    /* IC6_RS, IC6_RA, IC6_NS, IC6_NA */
	union {
		struct nd_rs rs;
		struct nd_ra ra;
		struct nd_ns ns;
		struct nd_na na;
	};
};

/* All checks of RFC 4861 6.1.1, 6.1.2, 7.1.1 and 7.1.2. W_PROTO, W_TYPE when it is no such message. Unknown options are
 * skipped; of a repeated option the first counts; prefixes beyond ND_PREFIX_MAX are not kept. */
enum wire_err nd_packet_parse(const void *pkt, size_t len_oct, struct nd_packet *out);

/* Complete packets, hop limit 255. 0 when buf is too small. The order of options in an RA is fixed. */
size_t rs_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst, const struct nd_rs *rs);
size_t ra_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst, const struct nd_ra *ra);
size_t ns_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst, const struct nd_ns *ns);
size_t na_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst, const struct nd_na *na);

/* One prefix information option: RA and mobile prefix advertisement share it. The reader stands behind type and length. */
enum wire_err nd_prefix_parse(struct rd *r, struct nd_prefix *p);
void nd_prefix_build(struct wr *w, const struct nd_prefix *p);
