/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The four messages: fields, the checks of RFC 4861, whole packets. Options are in nd_opt.c.
 */
#include "wire/nd/nd.h"

#include "wire/nd/nd_opt.h"

enum {
	HOP_LIMIT = 255,
	RA_M = 0x80, RA_O = 0x40, RA_H = 0x20,
	NA_R = 0x80, NA_S = 0x40, NA_O = 0x20,
};

static bool is_solicited_node(const struct addr6 *dst, const struct addr6 *target)
{
	struct addr6 want = addr6_solicited_node(target);
	return addr6_eq(dst, &want);
}

static enum wire_err rs_parse(struct rd *r, struct nd_packet *p)
{
	rd_skip(r, 4);
	if (!rd_ok(r))
		return W_TRUNCATED;
	enum wire_err e = nd_opts_parse(r, p);
	return e ? e : p->rs.has_slla && addr6_is_any(&p->src) ? W_SOURCE : W_OK;
}

static enum wire_err ra_parse(struct rd *r, struct nd_packet *p)
{
	struct nd_ra *ra = &p->ra;
	ra->hop_limit = rd_u8(r);
	uint8_t flags = rd_u8(r);
	ra->is_managed = flags & RA_M;
	ra->is_other = flags & RA_O;
	ra->is_home_agent = flags & RA_H;
	ra->lifetime_s = rd_u16(r);
	ra->reachable_ms = rd_u32(r);
	ra->retrans_ms = rd_u32(r);
	if (!rd_ok(r))
		return W_TRUNCATED;
	return addr6_is_linklocal(&p->src) ? nd_opts_parse(r, p) : W_SOURCE;
}

static enum wire_err ns_parse(struct rd *r, struct nd_packet *p)
{
	rd_skip(r, 4);
	p->ns.target = rd_addr6(r);
	if (!rd_ok(r))
		return W_TRUNCATED;
	if (addr6_is_multicast(&p->ns.target))
		return W_VALUE;
	enum wire_err e = nd_opts_parse(r, p);
	if (e || !addr6_is_any(&p->src))
		return e;
	if (p->ns.has_slla)
		return W_SOURCE;
	return is_solicited_node(&p->dst, &p->ns.target) ? W_OK : W_DESTINATION;
}

static enum wire_err na_parse(struct rd *r, struct nd_packet *p)
{
	uint8_t flags = rd_u8(r);
	p->na.is_router = flags & NA_R;
	p->na.is_solicited = flags & NA_S;
	p->na.is_override = flags & NA_O;
	rd_skip(r, 3);
	p->na.target = rd_addr6(r);
	if (!rd_ok(r))
		return W_TRUNCATED;
	if (addr6_is_multicast(&p->na.target) || (p->na.is_solicited && addr6_is_multicast(&p->dst)))
		return W_VALUE;
	return nd_opts_parse(r, p);
}

static enum wire_err (*const parsers[])(struct rd *r, struct nd_packet *p) = {rs_parse, ra_parse, ns_parse, na_parse};

enum wire_err nd_packet_parse(const void *pkt, size_t len_oct, struct nd_packet *out)
{
	struct icmp6_packet p;
	memset(out, 0, sizeof *out);
	enum wire_err e = icmp6_packet_parse(pkt, len_oct, &p);
	if (e)
		return e;
	out->src = p.ip.ip.src;
	out->dst = p.ip.ip.dst;
	out->type = p.type;
	if (p.type < IC6_RS || p.type > IC6_NA)
		return W_TYPE;
	if (p.ip.ip.hop_limit != HOP_LIMIT)
		return W_HOP_LIMIT;
	if (p.code)
		return W_CODE;
	struct rd r = rd_of(p.body, p.body_len_oct);
	return parsers[p.type - IC6_RS](&r, out);
}

size_t rs_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst, const struct nd_rs *rs)
{
	struct wr w = wr_of(buf, cap_oct);
	struct icmp6_build b = icmp6_begin(&w, src, dst, HOP_LIMIT, IC6_RS, 0);
	wr_u32(&w, 0);
	if (rs->has_slla)
		nd_lladdr_build(&w, NDO_SLLA, &rs->slla);
	return icmp6_finish(&w, &b);
}

size_t ra_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst, const struct nd_ra *ra)
{
	struct wr w = wr_of(buf, cap_oct);
	struct icmp6_build b = icmp6_begin(&w, src, dst, HOP_LIMIT, IC6_RA, 0);
	wr_u8(&w, ra->hop_limit);
	wr_u8(&w, (uint8_t)((ra->is_managed ? RA_M : 0) | (ra->is_other ? RA_O : 0) | (ra->is_home_agent ? RA_H : 0)));
	wr_u16(&w, ra->lifetime_s);
	wr_u32(&w, ra->reachable_ms);
	wr_u32(&w, ra->retrans_ms);
	nd_ra_opts_build(&w, ra);
	return icmp6_finish(&w, &b);
}

size_t ns_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst, const struct nd_ns *ns)
{
	struct wr w = wr_of(buf, cap_oct);
	struct icmp6_build b = icmp6_begin(&w, src, dst, HOP_LIMIT, IC6_NS, 0);
	wr_u32(&w, 0);
	wr_addr6(&w, &ns->target);
	if (ns->has_slla)
		nd_lladdr_build(&w, NDO_SLLA, &ns->slla);
	return icmp6_finish(&w, &b);
}

size_t na_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst, const struct nd_na *na)
{
	struct wr w = wr_of(buf, cap_oct);
	struct icmp6_build b = icmp6_begin(&w, src, dst, HOP_LIMIT, IC6_NA, 0);
	wr_u8(&w, (uint8_t)((na->is_router ? NA_R : 0) | (na->is_solicited ? NA_S : 0) | (na->is_override ? NA_O : 0)));
	wr_zero(&w, 3);
	wr_addr6(&w, &na->target);
	if (na->has_tlla)
		nd_lladdr_build(&w, NDO_TLLA, &na->tlla);
	return icmp6_finish(&w, &b);
}
