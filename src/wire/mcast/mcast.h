/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Group membership messages of both families in one form, for engines that serve both: MLD (wire/mld/mld.h) and IGMP (wire/igmp/igmp.h).
 * Addresses of IPv4 are mapped, record types are those of enum mld_rec_type. The newest version is MLDv2 and IGMPv3; of older
 * ones only what they say is kept, not which one it is.
 */
#include "wire/mcast/body.h"
#include "wire/mld/mld.h"

enum mcast_kind { MCAST_QUERY, MCAST_REPORT, MCAST_OLD_REPORT, MCAST_OLD_LEAVE };

struct mcast_query {
	bool is_newest;              /* else robustness, interval, sources are not told */
	uint32_t max_response_ms;
	struct addr6 group;          /* none (addr6_is_none): a general query */
	struct mcast_tail tail;
};
struct mcast_packet {
	struct addr6 src;            /* IPv4: perhaps 0.0.0.0 (RFC 3376 4.2.13) */
	bool is_v4;
	enum mcast_kind kind;
	struct mcast_query query;    /* MCAST_QUERY */
	struct addr6 group;          /* MCAST_OLD_* */
	struct rd recs;              /* MCAST_REPORT: mcast_next() */
};
/* By the version of the IP header; errors as mld_packet_parse's and igmp_packet_parse's. */
enum wire_err mcast_packet_parse(const void *pkt, size_t len_oct, struct mcast_packet *out);
/* Records in order: struct rd it = p.recs; while (mcast_next(&p, &it, &rec)) ... */
static inline bool mcast_next(const struct mcast_packet *p, struct rd *it, struct mcast_rec *rec)
{
	return mcast_rec_next(it, p->is_v4 ? MCAST_V4_OCT : MCAST_V6_OCT, rec);
}

/* Complete packets of the newest version, as mld.h and igmp.h have them; 0 when buf is too small. The family is that of src. */
struct mcast_ask { struct addr6 group, source; uint32_t max_response_ms, interval_s; uint8_t robustness; bool is_suppress; };
/* group none: general; source none: about the group alone. */
size_t mcast_query_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct mcast_ask *q);
/* A report of records with one source each; at most MCAST_STATES_MAX. */
enum { MCAST_STATES_MAX = 32 };
struct mcast_state { uint8_t type; struct addr6 group, source; };
size_t mcast_report_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct mcast_state *s, uint16_t n);
