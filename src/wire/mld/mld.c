/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/mld/mld.h"

enum { QUERY1_OCT = 20, QUERY2_MIN_OCT = 24, ADDR_OCT = 16, HOP_LIMIT = 1, S_FLAG = 8 }; /* lengths: behind the checksum */

/* Both codes (RFC 3810 5.1.3, 5.1.9): mantissa of `bits`, exponent of 3, implied leading one. */
static uint32_t code_value(uint32_t code, unsigned bits)
{
	uint32_t linear = 1u << (bits + 3);
	if (code < linear)
		return code;
	uint32_t mantissa = code & ((1u << bits) - 1), exponent = code >> bits & 7;
	return (mantissa | 1u << bits) << (exponent + 3);
}

static uint32_t value_code(uint32_t value, unsigned bits)
{
	uint32_t linear = 1u << (bits + 3), exponent = 0;
	if (value < linear)
		return value;
	while (exponent < 7 && value >> (exponent + 3) >= 2u << bits)
		exponent++;
	uint32_t mantissa = value >> (exponent + 3);
	if (mantissa >= 2u << bits)
		mantissa = (2u << bits) - 1;
	return linear | exponent << bits | (mantissa & ((1u << bits) - 1));
}

uint16_t mld_response_code(uint32_t ms) { return (uint16_t)value_code(ms, 12); }
uint32_t mld_response_ms(uint16_t code) { return code_value(code, 12); }
uint8_t mld_qqic(uint32_t interval_s) { return (uint8_t)value_code(interval_s, 4); }
uint32_t mld_qqi_s(uint8_t code) { return code_value(code, 4); }

/* struct addr6 is bytes alone, so an array of them may stand anywhere. */
static const struct addr6 *take_addrs(struct rd *r, uint16_t n)
{
	return (const struct addr6 *)rd_take(r, (size_t)n * ADDR_OCT);
}

static bool is_group(const struct addr6 *a) { return addr6_is_multicast(a); }

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
	if (!addr6_is_any(&q->group) && !is_group(&q->group))
		return W_VALUE;
	if (q->version == 1)
		return W_OK;
	uint8_t flags = rd_u8(r);
	q->is_suppress = flags & S_FLAG;
	q->robustness = flags & 7;
	q->interval_s = mld_qqi_s(rd_u8(r));
	q->n_source = rd_u16(r);
	q->source = take_addrs(r, q->n_source);
	return rd_ok(r) ? W_OK : W_TRUNCATED;
}

static enum wire_err group_parse(struct rd *r, struct mld_packet *p)
{
	rd_skip(r, 4);
	p->group = rd_addr6(r);
	if (!rd_ok(r))
		return W_TRUNCATED;
	return is_group(&p->group) ? W_OK : W_VALUE;
}

static void rec_parse(struct rd *it, struct mld_rec *rec)
{
	rec->type = rd_u8(it);
	uint8_t aux_words = rd_u8(it);
	rec->n_source = rd_u16(it);
	rec->group = rd_addr6(it);
	rec->source = take_addrs(it, rec->n_source);
	rd_skip(it, (size_t)aux_words * 4);
}

bool mld_rec_next(struct rd *it, struct mld_rec *rec)
{
	if (!rd_left(it))
		return false;
	rec_parse(it, rec);
	return rd_ok(it);
}

static enum wire_err report_parse(struct rd *r, struct mld_packet *p)
{
	struct mld_rec rec;
	rd_skip(r, 2);
	p->n_rec = rd_u16(r);
	const uint8_t *first = r->p;
	for (uint16_t i = 0; i < p->n_rec && rd_ok(r); i++) {
		rec_parse(r, &rec);
		if (rd_ok(r) && !is_group(&rec.group))
			return W_VALUE;
	}
	if (!rd_ok(r))
		return W_TRUNCATED;
	p->recs = rd_of(first, (size_t)(r->p - first));
	return W_OK;
}

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
	for (uint16_t i = 0; i < n_rec; i++) {
		wr_u8(&w, rec[i].type);
		wr_u8(&w, 0);
		wr_u16(&w, rec[i].n_source);
		wr_addr6(&w, &rec[i].group);
		wr_bytes(&w, rec[i].source, (size_t)rec[i].n_source * ADDR_OCT);
	}
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
	if (!is_v1) {
		wr_u8(&w, (uint8_t)((q->is_suppress ? S_FLAG : 0) | (q->robustness & 7)));
		wr_u8(&w, mld_qqic(q->interval_s));
		wr_u16(&w, q->n_source);
		wr_bytes(&w, q->source, (size_t)q->n_source * ADDR_OCT);
	}
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
