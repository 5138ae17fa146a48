/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/mip6/ha_icmp.h"

enum { HOP_LIMIT = 64, R_FLAG = 0x8000, M_FLAG = 0x8000, O_FLAG = 0x4000 };

static enum wire_err agents_parse(struct rd *r, struct ha_icmp *m)
{
	if (rd_left(r) % 16)
		return W_LENGTH;
	while (rd_left(r) && m->n_agent < HA_REPLY_MAX)
		m->agent[m->n_agent++] = rd_addr6(r);
	return W_OK;
}

/* Options other than prefix information are ignored (RFC 6275 6.8). */
static enum wire_err prefixes_parse(struct rd *r, struct ha_icmp *m)
{
	while (rd_left(r)) {
		uint8_t type = rd_u8(r), units = rd_u8(r);
		struct rd data = rd_sub(r, units ? (size_t)units * 8 - 2 : SIZE_MAX);
		if (!rd_ok(&data))
			return W_LENGTH;
		if (type != NDO_PREFIX || m->n_prefix == ND_PREFIX_MAX)
			continue;
		enum wire_err e = nd_prefix_parse(&data, &m->prefix[m->n_prefix++]);
		if (e)
			return e;
	}
	return W_OK;
}

static enum wire_err body_parse(struct rd *r, struct ha_icmp *m)
{
	m->id = rd_u16(r);
	uint16_t flags = rd_u16(r);
	if (!rd_ok(r))
		return W_TRUNCATED;
	if (m->type == IC6_HA_REQUEST || m->type == IC6_HA_REPLY)
		m->is_mobile_router = flags & R_FLAG;
	if (m->type == IC6_HA_REPLY)
		return agents_parse(r, m);
	if (m->type != IC6_MPA)
		return W_OK;
	m->is_managed = flags & M_FLAG;
	m->is_other = flags & O_FLAG;
	return prefixes_parse(r, m);
}

enum wire_err ha_icmp_packet_parse(const void *pkt, size_t len_oct, struct ha_icmp_packet *out)
{
	struct icmp6_packet p;
	memset(out, 0, sizeof *out);
	enum wire_err e = icmp6_packet_parse(pkt, len_oct, &p);
	if (e)
		return e;
	out->src = p.ip.ip.src;
	out->dst = p.ip.ip.dst;
	out->has_hao = p.ip.has_hao;
	out->has_rh2 = p.ip.has_rh2;
	out->peer = *ip6_walk_src(&p.ip);
	out->self = *ip6_walk_dst(&p.ip);
	out->msg.type = p.type;
	if (p.type < IC6_HA_REQUEST || p.type > IC6_MPA)
		return W_TYPE;
	if (p.code)
		return W_CODE;
	struct rd r = rd_of(p.body, p.body_len_oct);
	return body_parse(&r, &out->msg);
}

static void body_build(struct wr *w, const struct ha_icmp *m)
{
	bool is_discovery = m->type == IC6_HA_REQUEST || m->type == IC6_HA_REPLY;
	wr_u16(w, m->id);
	if (is_discovery)
		wr_u16(w, m->is_mobile_router ? R_FLAG : 0);
	else
		wr_u16(w, (uint16_t)((m->is_managed ? M_FLAG : 0) | (m->is_other ? O_FLAG : 0)));
	for (uint32_t i = 0; i < m->n_agent && m->type == IC6_HA_REPLY; i++)
		wr_addr6(w, &m->agent[i]);
	for (uint32_t i = 0; i < m->n_prefix && m->type == IC6_MPA; i++)
		nd_prefix_build(w, &m->prefix[i]);
}

size_t ha_icmp_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst, const struct addr6 *hao,
			    const struct addr6 *rh2, const struct ha_icmp *msg)
{
	struct wr w = wr_of(buf, cap_oct);
	uint8_t after_rh2 = hao ? NH_DSTOPTS : NH_ICMP6;
	ip6_head_build(&w, &(struct ip6_head){.next = rh2 ? NH_ROUTING : after_rh2, .hop_limit = HOP_LIMIT, .src = *src, .dst = *dst});
	if (rh2)
		ip6_rh2_build(&w, after_rh2, rh2);
	if (hao)
		ip6_hao_build(&w, NH_ICMP6, hao);
	struct icmp6_build b = icmp6_head_build(&w, hao ? hao : src, rh2 ? rh2 : dst, msg->type, 0);
	body_build(&w, msg);
	return icmp6_finish(&w, &b);
}
