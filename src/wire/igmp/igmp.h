/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * IGMP, versions 3 (RFC 3376), 2 (RFC 2236) and 1: IPv4's counterpart of wire/mld/mld.h and of its shape, so that one engine
 * serves both. Groups and sources are IPv4-mapped; record types are those of enum mld_rec_type, which have the same numbers.
 */
#include "wire/ip/ip4.h"
#include "wire/mld/mld.h"

enum igmp_kind { IGMP_QUERY, IGMP1_REPORT, IGMP2_REPORT, IGMP2_LEAVE, IGMP3_REPORT };

struct igmp_query {
	uint8_t version;                 /* 1, 2 or 3: by length and code (RFC 3376 7.1) */
	uint32_t max_response_ms;        /* multiples of 100; version 1: 10 s, whatever is told */
	struct addr6 group;              /* 0.0.0.0 (mapped; build: :: as well) for a general query */
	bool is_suppress;
	uint8_t robustness;
	uint32_t interval_s;
	const struct addr4 *source;      /* as it stands in the packet: igmp_source() */
	uint16_t n_source;
};
struct igmp_rec {
	uint8_t type;                    /* enum mld_rec_type; others are to be ignored (4.2.12) */
	struct addr6 group;
	const struct addr4 *source;
	uint16_t n_source;
};
static inline struct addr6 igmp_source(const struct addr4 *source, uint16_t i) { return addr6_from_v4(source[i]); }

struct igmp_packet {
	struct addr6 src, dst;
	enum igmp_kind kind;
	struct igmp_query query;         /* IGMP_QUERY */
	struct addr6 group;              /* IGMP1_REPORT, IGMP2_REPORT, IGMP2_LEAVE */
	uint16_t n_rec;                  /* IGMP3_REPORT; all verified to be whole: igmp_rec_next() */
	struct rd recs;
};

/* Checksum; TTL 1 (not asked of version 1's reports, which had no such rule); the router alert in messages that nobody should believe
 * without (all but version 1's and version 2's reports: RFC 3376 4, RFC 2236 9); a source that is no group; whole records. A report's
 * source may be 0.0.0.0 (RFC 3376 4.2.13). W_PROTO, W_TYPE when it is no such message; W_CHECKSUM, W_HOP_LIMIT, W_OPTION, W_SOURCE,
 * W_VALUE, W_LENGTH, W_TRUNCATED. */
enum wire_err igmp_packet_parse(const void *pkt, size_t len_oct, struct igmp_packet *out);
bool igmp_rec_next(struct rd *it, struct igmp_rec *rec);

/* Complete packets: TTL 1, router alert (but in version 1), checksum. 0 when buf is too small. A version 3 report goes to 224.0.0.22. */
size_t igmp3_report_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct igmp_rec *rec, uint16_t n_rec);
/* Shorthand: one record with one source. */
size_t igmp3_state_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, enum mld_rec_type type, const struct addr6 *group,
				const struct addr6 *source);
/* To 224.0.0.1 or, when it names a group, to the group. */
size_t igmp_query_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct igmp_query *q);
/* kind: a version 1 or 2 report (to the group), or a leave (to 224.0.0.2). */
size_t igmp2_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, enum igmp_kind kind, const struct addr6 *group);

/* RFC 3376 4.1.1: exact up to 12.7 s, above it the next lower value that has a code. The querier's interval: mld_qqic(), mld_qqi_s(). */
uint8_t igmp_response_code(uint32_t ms);
uint32_t igmp_response_ms(uint8_t code);
