/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/mld/mld.h"

#include "wire/mcast/body.h"

enum { QUERY1_OCT = 20, QUERY2_MIN_OCT = 24, HOP_LIMIT = 1, RESPONSE_BITS = 12, INTERVAL_BITS = 4 }; /* lengths: behind the checksum */

uint16_t mld_response_code(uint32_t ms) { return (uint16_t)mcast_value_code(ms, RESPONSE_BITS); }
uint32_t mld_response_ms(uint16_t code) { return mcast_code_value(code, RESPONSE_BITS); }
uint8_t mld_qqic(uint32_t interval_s) { return (uint8_t)mcast_value_code(interval_s, INTERVAL_BITS); }
uint32_t mld_qqi_s(uint8_t code) { return mcast_code_value(code, INTERVAL_BITS); }

static enum wire_err query_parse(struct rd *r, struct mld_packet *p)
{
	struct mld_query *q = &p->query;
	size_t len_oct = rd_left(r);
	if (len_oct != QUERY1_OCT && len_oct < QUERY2_MIN_OCT)
		return len_oct < QUERY1_OCT ? W_TRUNCATED : W_LENGTH;
	q->version = len_oct == QUERY1_OCT ? 1 : 2;
	uint16_t response = rd_u16(r);
	q->max_response_ms = q->version == 1 ? response : mld_response_ms(response);
	rd_skip(r, 2);
	q->group = rd_addr6(r);
	if (!addr6_is_any(&q->group) && !addr6_is_multicast(&q->group))
		return W_VALUE;
	if (q->version == 1)
		return W_OK;
	struct mcast_tail t;
	mcast_tail_parse(r, MCAST_V6_OCT, &t);
	q->is_suppress = t.is_suppress;
	q->robustness = t.robustness;
	q->interval_s = t.interval_s;
	q->n_source = t.source.n;
	q->source = (const struct addr6 *)t.source.p; /* bytes alone, so an array of them may stand anywhere */
	return rd_ok(r) ? W_OK : W_TRUNCATED;
}

static enum wire_err group_parse(struct rd *r, struct mld_packet *p)
{
	rd_skip(r, 4);
	p->group = rd_addr6(r);
	if (!rd_ok(r))
		return W_TRUNCATED;
	return addr6_is_multicast(&p->group) ? W_OK : W_VALUE;
}

bool mld_rec_next(struct rd *it, struct mld_rec *rec)
{
	struct mcast_rec one;
	if (!mcast_rec_next(it, MCAST_V6_OCT, &one))
		return false;
	*rec = (struct mld_rec){.type = one.type, .group = one.group, .source = (const struct addr6 *)one.source.p, .n_source = one.source.n};
	return true;
}

static enum wire_err report_parse(struct rd *r, struct mld_packet *p) { return mcast_recs_parse(r, MCAST_V6_OCT, &p->n_rec, &p->recs); }

static const struct row {
	uint8_t type;
	enum mld_kind kind;
	enum wire_err (*parse)(struct rd *r, struct mld_packet *p);
} rows[] = {
	{IC6_MLD_QUERY, MLD_QUERY, query_parse},
	{IC6_MLD1_REPORT, MLD1_REPORT, group_parse},
	{IC6_MLD1_DONE, MLD1_DONE, group_parse},
	{IC6_MLD2_REPORT, MLD2_REPORT, report_parse},
};

static enum wire_err frame_check(const struct icmp6_packet *p)
{
	if (p->ip.ip.hop_limit != HOP_LIMIT)
		return W_HOP_LIMIT;
	if (!addr6_is_linklocal(&p->ip.ip.src))
		return W_SOURCE;
	return p->ip.has_router_alert ? W_OK : W_OPTION;
}

enum wire_err mld_packet_parse(const void *pkt, size_t len_oct, struct mld_packet *out)
{
	struct icmp6_packet p;
	memset(out, 0, sizeof *out);
	enum wire_err e = icmp6_packet_parse(pkt, len_oct, &p);
	if (e)
		return e;
	out->src = p.ip.ip.src;
	out->dst = p.ip.ip.dst;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].type != p.type)
			continue;
		struct rd r = rd_of(p.body, p.body_len_oct);
		out->kind = rows[i].kind;
		e = frame_check(&p);
		return e ? e : rows[i].parse(&r, out);
	}
	return W_TYPE;
}

static struct icmp6_build begin(struct wr *w, const struct addr6 *src, const struct addr6 *dst, enum icmp6_type type)
{
	ip6_head_build(w, &(struct ip6_head){.next = NH_HOPOPTS, .hop_limit = HOP_LIMIT, .src = *src, .dst = *dst});
	ip6_router_alert_build(w, NH_ICMP6);
	return icmp6_head_build(w, src, dst, (uint8_t)type, 0);
}

size_t mld2_report_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct mld_rec *rec, uint16_t n_rec)
{
	struct wr w = wr_of(buf, cap_oct);
	struct icmp6_build b = begin(&w, src, &addr6_mldv2, IC6_MLD2_REPORT);
	wr_u16(&w, 0);
	wr_u16(&w, n_rec);
	for (uint16_t i = 0; i < n_rec; i++)
		mcast_rec_build(&w, &(struct mcast_rec){rec[i].type, rec[i].group, {(const uint8_t *)rec[i].source, rec[i].n_source, MCAST_V6_OCT}});
	return icmp6_finish(&w, &b);
}

size_t mld2_state_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, enum mld_rec_type type, const struct addr6 *group,
			       const struct addr6 *source)
{
	struct mld_rec rec = {.type = (uint8_t)type, .group = *group, .source = source, .n_source = 1};
	return mld2_report_packet_build(buf, cap_oct, src, &rec, 1);
}

size_t mld_query_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct mld_query *q)
{
	struct wr w = wr_of(buf, cap_oct);
	struct icmp6_build b = begin(&w, src, addr6_is_any(&q->group) ? &addr6_allnodes : &q->group, IC6_MLD_QUERY);
	bool is_v1 = q->version == 1;
	uint32_t v1_ms = q->max_response_ms < UINT16_MAX ? q->max_response_ms : UINT16_MAX;
	wr_u16(&w, is_v1 ? (uint16_t)v1_ms : mld_response_code(q->max_response_ms));
	wr_u16(&w, 0);
	wr_addr6(&w, &q->group);
	if (!is_v1)
		mcast_tail_build(&w, &(struct mcast_tail){q->is_suppress, q->robustness, q->interval_s,
							  {(const uint8_t *)q->source, q->n_source, MCAST_V6_OCT}});
	return icmp6_finish(&w, &b);
}

size_t mld1_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, enum mld_kind kind, const struct addr6 *group)
{
	struct wr w = wr_of(buf, cap_oct);
	bool is_done = kind == MLD1_DONE;
	struct icmp6_build b = begin(&w, src, is_done ? &addr6_allrouters : group, is_done ? IC6_MLD1_DONE : IC6_MLD1_REPORT);
	wr_u32(&w, 0);
	wr_addr6(&w, group);
	return icmp6_finish(&w, &b);
}
