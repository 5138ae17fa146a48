/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Multicast listener discovery, version 2 (RFC 3810) and 1 (RFC 2710).
 */
#include "wire/ip/icmp6.h"

enum mld_kind { MLD_QUERY, MLD1_REPORT, MLD1_DONE, MLD2_REPORT };
enum mld_rec_type { MLD_IS_IN = 1, MLD_IS_EX, MLD_TO_IN, MLD_TO_EX, MLD_ALLOW, MLD_BLOCK }; /* RFC 3810 5.2.12 */

struct mld_query {
	uint8_t version;                 /* 1 or 2: by the message's length (RFC 3810 8.1) */
	uint32_t max_response_ms;
	struct addr6 group;              /* :: for a general query */
	bool is_suppress;                /* S */
	uint8_t robustness;              /* QRV, 0 to 7 */
	uint32_t interval_s;             /* QQI */
	const struct addr6 *source;      /* n_source addresses, 16 bytes each, no alignment */
	uint16_t n_source;
};
struct mld_rec {
	uint8_t type;                    /* enum mld_rec_type; others are to be ignored (5.2.12) */
	struct addr6 group;
	const struct addr6 *source;      /* points into the packet */
	uint16_t n_source;
};

struct mld_packet {
	struct addr6 src, dst;
	enum mld_kind kind;
	struct mld_query query;          /* MLD_QUERY */
	struct addr6 group;              /* MLD1_REPORT, MLD1_DONE */
	uint16_t n_rec;                  /* MLD2_REPORT; all verified to be whole: mld_rec_next() */
	struct rd recs;
};

/* Checksum, hop limit 1, router alert, link-local source (RFC 3810 5.1.14, 5.2.13; a report from :: is W_SOURCE), whole
 * records. W_PROTO, W_TYPE when it is no such message. */
enum wire_err mld_packet_parse(const void *pkt, size_t len_oct, struct mld_packet *out);
/* Records of a report in order: struct rd it = p.recs; while (mld_rec_next(&it, &rec)) ... */
bool mld_rec_next(struct rd *it, struct mld_rec *rec);

/* Complete packets: hop limit 1, router alert, checksum. 0 when buf is too small. src: a link-local address.
 * A report goes to ff02::16. */
size_t mld2_report_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct mld_rec *rec, uint16_t n_rec);
/* Shorthand: one record with one source. */
size_t mld2_state_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, enum mld_rec_type type, const struct addr6 *group,
			       const struct addr6 *source);
/* To ff02::1 or, when it names a group, to the group. version 1 or 2. */
size_t mld_query_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct mld_query *q);
/* kind: MLD1_REPORT (to the group) or MLD1_DONE (to ff02::2). */
size_t mld1_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, enum mld_kind kind, const struct addr6 *group);

/* Codes of 5.1.3 and 5.1.9: exact up to the linear range, above it the next lower value that has a code. */
uint16_t mld_response_code(uint32_t ms);
uint32_t mld_response_ms(uint16_t code);
uint8_t mld_qqic(uint32_t interval_s);
uint32_t mld_qqi_s(uint8_t code);
