/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/mcast/mcast.h"

#include "wire/igmp/igmp.h"

enum { IGMP_VERSION = 3, MLD_VERSION = 2, IGMP_UNIT_MS = 100 };

static enum wire_err of_igmp(const void *pkt, size_t len_oct, struct mcast_packet *out)
{
	static const enum mcast_kind kinds[] = {[IGMP_QUERY] = MCAST_QUERY, [IGMP1_REPORT] = MCAST_OLD_REPORT, [IGMP2_REPORT] = MCAST_OLD_REPORT,
						[IGMP2_LEAVE] = MCAST_OLD_LEAVE, [IGMP3_REPORT] = MCAST_REPORT};
	struct igmp_packet p;
	enum wire_err e = igmp_packet_parse(pkt, len_oct, &p);
	const struct igmp_query *q = &p.query;
	*out = (struct mcast_packet){.src = p.src, .is_v4 = true, .kind = kinds[p.kind], .group = p.group, .recs = p.recs};
	out->query = (struct mcast_query){.is_newest = q->version == IGMP_VERSION, .max_response_ms = q->max_response_ms, .group = q->group,
		.tail = {q->is_suppress, q->robustness, q->interval_s, {(const uint8_t *)q->source, q->n_source, MCAST_V4_OCT}}};
	return e;
}

static enum wire_err of_mld(const void *pkt, size_t len_oct, struct mcast_packet *out)
{
	static const enum mcast_kind kinds[] = {[MLD_QUERY] = MCAST_QUERY, [MLD1_REPORT] = MCAST_OLD_REPORT, [MLD1_DONE] = MCAST_OLD_LEAVE,
						[MLD2_REPORT] = MCAST_REPORT};
	struct mld_packet p;
	enum wire_err e = mld_packet_parse(pkt, len_oct, &p);
	const struct mld_query *q = &p.query;
	*out = (struct mcast_packet){.src = p.src, .kind = kinds[p.kind], .group = p.group, .recs = p.recs};
	out->query = (struct mcast_query){.is_newest = q->version == MLD_VERSION, .max_response_ms = q->max_response_ms, .group = q->group,
		.tail = {q->is_suppress, q->robustness, q->interval_s, {(const uint8_t *)q->source, q->n_source, MCAST_V6_OCT}}};
	return e;
}

enum wire_err mcast_packet_parse(const void *pkt, size_t len_oct, struct mcast_packet *out)
{
	bool is_v4 = len_oct && *(const uint8_t *)pkt >> 4 == 4;
	return is_v4 ? of_igmp(pkt, len_oct, out) : of_mld(pkt, len_oct, out);
}

/* IGMP counts tenths of a second, and none at all would mean that listeners answer without delay. */
static size_t igmp_query(void *buf, size_t cap_oct, const struct addr6 *src, const struct mcast_ask *a)
{
	const struct addr4 source = addr6_to_v4(&a->source);
	struct igmp_query q = {.version = IGMP_VERSION, .max_response_ms = a->max_response_ms < IGMP_UNIT_MS ? IGMP_UNIT_MS : a->max_response_ms,
		.group = a->group, .is_suppress = a->is_suppress, .robustness = a->robustness, .interval_s = a->interval_s,
		.source = &source, .n_source = !addr6_is_none(&a->source)};
	return igmp_query_packet_build(buf, cap_oct, src, &q);
}

static size_t mld_query(void *buf, size_t cap_oct, const struct addr6 *src, const struct mcast_ask *a)
{
	struct mld_query q = {.version = MLD_VERSION, .max_response_ms = a->max_response_ms, .group = a->group, .is_suppress = a->is_suppress,
		.robustness = a->robustness, .interval_s = a->interval_s, .source = &a->source, .n_source = !addr6_is_none(&a->source)};
	return mld_query_packet_build(buf, cap_oct, src, &q);
}

size_t mcast_query_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct mcast_ask *q)
{
	return addr6_is_v4mapped(src) ? igmp_query(buf, cap_oct, src, q) : mld_query(buf, cap_oct, src, q);
}

static size_t igmp_report(void *buf, size_t cap_oct, const struct addr6 *src, const struct mcast_state *s, uint16_t n)
{
	struct igmp_rec rec[MCAST_STATES_MAX];
	struct addr4 source[MCAST_STATES_MAX];
	for (uint16_t i = 0; i < n; i++) {
		source[i] = addr6_to_v4(&s[i].source);
		rec[i] = (struct igmp_rec){.type = s[i].type, .group = s[i].group, .source = &source[i], .n_source = 1};
	}
	return igmp3_report_packet_build(buf, cap_oct, src, rec, n);
}

static size_t mld_report(void *buf, size_t cap_oct, const struct addr6 *src, const struct mcast_state *s, uint16_t n)
{
	struct mld_rec rec[MCAST_STATES_MAX];
	for (uint16_t i = 0; i < n; i++)
		rec[i] = (struct mld_rec){.type = s[i].type, .group = s[i].group, .source = &s[i].source, .n_source = 1};
	return mld2_report_packet_build(buf, cap_oct, src, rec, n);
}

size_t mcast_report_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct mcast_state *s, uint16_t n)
{
	if (n > MCAST_STATES_MAX)
		return 0;
	return addr6_is_v4mapped(src) ? igmp_report(buf, cap_oct, src, s, n) : mld_report(buf, cap_oct, src, s, n);
}
