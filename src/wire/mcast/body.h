/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What MLDv2 (RFC 3810) and IGMPv3 (RFC 3376) have in common but for the size of an address: the tail of a query, and the records
 * of a report. For wire/mld and wire/igmp; engines read both through wire/mcast/mcast.h.
 */
#include "base/cursor.h"
#include "wire/err.h"

enum mcast_addr_oct { MCAST_V4_OCT = 4, MCAST_V6_OCT = 16 };

/* As they stand in the packet. */
struct mcast_sources { const uint8_t *p; uint16_t n; enum mcast_addr_oct addr_oct; };
struct addr6 mcast_source(const struct mcast_sources *s, uint16_t i); /* IPv4: mapped */

struct addr6 mcast_rd_addr(struct rd *r, enum mcast_addr_oct size);
void mcast_wr_addr(struct wr *w, const struct addr6 *a, enum mcast_addr_oct size);
bool mcast_is_group(const struct addr6 *a); /* of either family */

/* S flag, robustness, interval, number and sources (RFC 3810 5.1.7 to 5.1.10, RFC 3376 4.1.5 to 4.1.9). */
struct mcast_tail { bool is_suppress; uint8_t robustness; uint32_t interval_s; struct mcast_sources source; };
void mcast_tail_parse(struct rd *r, enum mcast_addr_oct size, struct mcast_tail *t);
void mcast_tail_build(struct wr *w, const struct mcast_tail *t);

struct mcast_rec { uint8_t type; struct addr6 group; struct mcast_sources source; };
/* False at the end, or when the record is not whole. */
bool mcast_rec_next(struct rd *it, enum mcast_addr_oct size, struct mcast_rec *rec);
void mcast_rec_build(struct wr *w, const struct mcast_rec *rec);
/* r stands at the reserved half-word in front of the number of records. Verifies that all are whole and name groups; recs: where they stand. */
enum wire_err mcast_recs_parse(struct rd *r, enum mcast_addr_oct size, uint16_t *n_rec, struct rd *recs);

/* Both codes (RFC 3810 5.1.3, 5.1.9; RFC 3376 4.1.1, 4.1.7): mantissa of `bits`, exponent of 3, implied leading one. To a code: the next
 * lower value that has one. */
uint32_t mcast_code_value(uint32_t code, unsigned bits);
uint32_t mcast_value_code(uint32_t value, unsigned bits);
