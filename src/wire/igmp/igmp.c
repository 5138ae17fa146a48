/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/igmp/igmp.h"

#include "wire/ip/csum.h"
#include "wire/mcast/body.h"

enum {
	TTL = 1, SHORT_OCT = 8, QUERY3_MIN_OCT = 12, CSUM_OFF = 2, UNIT_MS = 100, V1_RESPONSE_MS = 10000,
	TYPE_QUERY = 0x11, TYPE_REPORT1 = 0x12, TYPE_REPORT2 = 0x16, TYPE_LEAVE = 0x17, TYPE_REPORT3 = 0x22,
};
static const struct addr6 all_nodes = {{[10] = 0xff, 0xff, 224, 0, 0, 1}}, all_routers = {{[10] = 0xff, 0xff, 224, 0, 0, 2}},
			  reports = {{[10] = 0xff, 0xff, 224, 0, 0, 22}};

uint8_t igmp_response_code(uint32_t ms) { return mld_qqic(ms / UNIT_MS); } /* the same code (4.1.1, 4.1.7) */
uint32_t igmp_response_ms(uint8_t code) { return mld_qqi_s(code) * UNIT_MS; }

/* Each parser stands behind the type byte. */
static enum wire_err query_parse(struct rd *r, struct igmp_packet *p)
{
	struct igmp_query *q = &p->query;
	size_t len_oct = rd_left(r) + 1;
	uint8_t code = rd_u8(r);
	if (len_oct != SHORT_OCT && len_oct < QUERY3_MIN_OCT)
		return W_LENGTH;
	rd_skip(r, 2);
	q->group = rd_v4(r);
	if (!addr6_is_none(&q->group) && !addr6_is_v4multicast(&q->group))
		return W_VALUE;
	if (len_oct == SHORT_OCT) {
		q->version = code ? 2 : 1;
		q->max_response_ms = code ? code * (uint32_t)UNIT_MS : V1_RESPONSE_MS;
		return W_OK;
	}
	q->version = 3;
	q->max_response_ms = igmp_response_ms(code);
	struct mcast_tail t;
	mcast_tail_parse(r, MCAST_V4_OCT, &t);
	q->is_suppress = t.is_suppress;
	q->robustness = t.robustness;
	q->interval_s = t.interval_s;
	q->n_source = t.source.n;
	q->source = (const struct addr4 *)t.source.p; /* bytes alone, so an array of them may stand anywhere */
	return rd_ok(r) ? W_OK : W_TRUNCATED;
}

static enum wire_err group_parse(struct rd *r, struct igmp_packet *p)
{
	rd_skip(r, 3);
	p->group = rd_v4(r);
	return addr6_is_v4multicast(&p->group) ? W_OK : W_VALUE;
}

bool igmp_rec_next(struct rd *it, struct igmp_rec *rec)
{
	struct mcast_rec one;
	if (!mcast_rec_next(it, MCAST_V4_OCT, &one))
		return false;
	*rec = (struct igmp_rec){.type = one.type, .group = one.group, .source = (const struct addr4 *)one.source.p, .n_source = one.source.n};
	return true;
}

/* A byte of no meaning and the checksum stand in front of what both families have. */
static enum wire_err report_parse(struct rd *r, struct igmp_packet *p)
{
	rd_skip(r, 3);
	return mcast_recs_parse(r, MCAST_V4_OCT, &p->n_rec, &p->recs);
}

static const struct row {
	uint8_t type;
	enum igmp_kind kind;
	bool has_ttl, has_alert; /* demanded */
	enum wire_err (*parse)(struct rd *r, struct igmp_packet *p);
} rows[] = {
	{TYPE_QUERY, IGMP_QUERY, true, false /* by version */, query_parse},
	{TYPE_REPORT1, IGMP1_REPORT, false, false, group_parse},
	{TYPE_REPORT2, IGMP2_REPORT, true, false, group_parse},
	{TYPE_LEAVE, IGMP2_LEAVE, true, true, group_parse},
	{TYPE_REPORT3, IGMP3_REPORT, true, true, report_parse},
};

static enum wire_err frame_check(const struct ip4_walk *ip, const struct row *row, const struct igmp_packet *p)
{
	if (row->has_ttl && ip->ip.ttl != TTL)
		return W_HOP_LIMIT;
	if (!addr6_is_none(&ip->src) && !addr6_is_v4unicast(&ip->src))
		return W_SOURCE;
	bool needs_alert = row->has_alert || (row->kind == IGMP_QUERY && p->query.version > 1);
	return needs_alert && !ip->has_router_alert ? W_OPTION : W_OK;
}

enum wire_err igmp_packet_parse(const void *pkt, size_t len_oct, struct igmp_packet *out)
{
	struct ip4_walk ip;
	memset(out, 0, sizeof *out);
	enum wire_err e = ip4_walk(pkt, len_oct, &ip);
	if (e)
		return e;
	if (ip.ip.proto != PROTO_IGMP)
		return W_PROTO;
	out->src = ip.src;
	out->dst = ip.dst;
	const uint8_t *p = (const uint8_t *)pkt + ip.off;
	if (ip.len_oct < SHORT_OCT)
		return W_TRUNCATED;
	if (csum_fold(csum_add(0, p, ip.len_oct)))
		return W_CHECKSUM;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].type != p[0])
			continue;
		struct rd r = rd_of(p + 1, ip.len_oct - 1);
		out->kind = rows[i].kind;
		e = rows[i].parse(&r, out);
		enum wire_err frame = frame_check(&ip, &rows[i], out);
		return frame ? frame : e;
	}
	return W_TYPE;
}

struct build { size_t ip_off, off; };

static struct build begin(struct wr *w, const struct addr6 *src, const struct addr6 *dst, uint8_t type, uint8_t code, bool has_alert)
{
	struct ip4_path path = {.src = *src, .dst = *dst, .ttl = TTL, .tos = 0xc0, .router_alert = has_alert};
	struct build b = {.ip_off = ip4_begin(w, &path, PROTO_IGMP)};
	b.off = wr_len(w);
	wr_u8(w, type);
	wr_u8(w, code);
	wr_u16(w, 0);
	return b;
}

static size_t finish(struct wr *w, const struct build *b)
{
	size_t len_oct = ip4_finish(w, b->ip_off);
	if (len_oct)
		wr_patch_u16(w, b->off + CSUM_OFF, csum_fold(csum_add(0, w->base + b->off, wr_len(w) - b->off)));
	return len_oct;
}

size_t igmp3_report_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct igmp_rec *rec, uint16_t n_rec)
{
	struct wr w = wr_of(buf, cap_oct);
	struct build b = begin(&w, src, &reports, TYPE_REPORT3, 0, true);
	wr_u16(&w, 0);
	wr_u16(&w, n_rec);
	for (uint16_t i = 0; i < n_rec; i++)
		mcast_rec_build(&w, &(struct mcast_rec){rec[i].type, rec[i].group, {(const uint8_t *)rec[i].source, rec[i].n_source, MCAST_V4_OCT}});
	return finish(&w, &b);
}

size_t igmp3_state_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, enum mld_rec_type type, const struct addr6 *group,
				const struct addr6 *source)
{
	struct addr4 one = addr6_to_v4(source);
	struct igmp_rec rec = {.type = (uint8_t)type, .group = *group, .source = &one, .n_source = 1};
	return igmp3_report_packet_build(buf, cap_oct, src, &rec, 1);
}

static uint8_t query_code(const struct igmp_query *q)
{
	if (q->version == 1)
		return 0;
	if (q->version == 3)
		return igmp_response_code(q->max_response_ms);
	uint32_t code = q->max_response_ms / UNIT_MS;
	return code < 1 ? 1 : code > UINT8_MAX ? UINT8_MAX : (uint8_t)code; /* zero would be version 1 */
}

size_t igmp_query_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct igmp_query *q)
{
	struct wr w = wr_of(buf, cap_oct);
	const struct addr6 *dst = addr6_is_none(&q->group) ? &all_nodes : &q->group;
	struct build b = begin(&w, src, dst, TYPE_QUERY, query_code(q), q->version > 1);
	wr_v4(&w, &q->group);
	if (q->version == 3)
		mcast_tail_build(&w, &(struct mcast_tail){q->is_suppress, q->robustness, q->interval_s,
							  {(const uint8_t *)q->source, q->n_source, MCAST_V4_OCT}});
	return finish(&w, &b);
}

size_t igmp2_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, enum igmp_kind kind, const struct addr6 *group)
{
	struct wr w = wr_of(buf, cap_oct);
	bool is_leave = kind == IGMP2_LEAVE;
	uint8_t type = kind == IGMP1_REPORT ? TYPE_REPORT1 : is_leave ? TYPE_LEAVE : TYPE_REPORT2;
	struct build b = begin(&w, src, is_leave ? &all_routers : group, type, 0, kind != IGMP1_REPORT);
	wr_v4(&w, group);
	return finish(&w, &b);
}
