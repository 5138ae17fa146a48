/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/ip/icmp4.h"

#include "wire/ip/csum.h"

enum { HEAD_OCT = 4, ERROR_MAX_OCT = 576, ERROR_TTL = 64, QUOTE_OCT = 8, TOS_INTERNETWORK = 0xc0 };

enum wire_err icmp4_packet_parse(const void *pkt, size_t len_oct, struct icmp4_packet *out)
{
	memset(out, 0, sizeof *out);
	enum wire_err e = ip4_walk(pkt, len_oct, &out->ip);
	if (e)
		return e;
	if (out->ip.ip.proto != PROTO_ICMP4)
		return W_PROTO;
	const uint8_t *p = (const uint8_t *)pkt + out->ip.off;
	if (out->ip.len_oct < HEAD_OCT)
		return W_TRUNCATED;
	out->type = p[0];
	out->code = p[1];
	out->body = p + HEAD_OCT;
	out->body_len_oct = out->ip.len_oct - HEAD_OCT;
	return csum_fold(csum_add(0, p, out->ip.len_oct)) ? W_CHECKSUM : W_OK;
}

struct icmp4_build icmp4_begin(struct wr *w, const struct ip4_path *path, uint8_t type, uint8_t code)
{
	struct icmp4_build b = {.ip_off = ip4_begin(w, path, PROTO_ICMP4)};
	b.off = wr_len(w);
	wr_u8(w, type);
	wr_u8(w, code);
	wr_u16(w, 0);
	return b;
}

size_t icmp4_finish(struct wr *w, const struct icmp4_build *b)
{
	size_t len_oct = ip4_finish(w, b->ip_off);
	if (len_oct)
		wr_patch_u16(w, b->off + 2, csum_fold(csum_add(0, w->base + b->off, wr_len(w) - b->off)));
	return len_oct;
}

static bool is_error(uint8_t type)
{
	return type == IC4_UNREACHABLE || type == 4 /* source quench */ || type == IC4_REDIRECT || type == IC4_TIME_EXCEEDED ||
	       type == IC4_PARAM_PROBLEM;
}

bool icmp4_error_is_allowed(const void *pkt, size_t len_oct)
{
	struct ip4_walk ip;
	enum wire_err e = ip4_walk(pkt, len_oct, &ip);
	if (e == W_TRUNCATED || e == W_VERSION || e == W_LENGTH || e == W_CHECKSUM || ip.ip.frag_off_oct)
		return false;
	if (!addr6_is_v4unicast(&ip.src) || !addr6_is_v4unicast(&ip.dst))
		return false;
	return ip.ip.proto != PROTO_ICMP4 || ip.len_oct < 1 || !is_error(((const uint8_t *)pkt)[ip.off]);
}

size_t icmp4_error_build(void *buf, size_t cap_oct, const struct addr6 *src, uint8_t type, uint8_t code, uint32_t word,
			 const void *pkt, size_t len_oct)
{
	struct wr w = wr_of(buf, cap_oct);
	struct rd r = rd_of(pkt, len_oct);
	struct ip4_head about;
	if (ip4_head_parse(&r, &about))
		return 0;
	struct ip4_path path = {.src = *src, .dst = addr6_from_v4(about.src), .ttl = ERROR_TTL, .tos = TOS_INTERNETWORK};
	struct icmp4_build b = icmp4_begin(&w, &path, type, code);
	size_t room = ERROR_MAX_OCT - IP4_HEAD_OCT - HEAD_OCT - 4;
	size_t whole = about.total_len_oct < len_oct ? about.total_len_oct : len_oct;
	wr_u32(&w, word);
	wr_bytes(&w, pkt, whole < room ? whole : room);
	return icmp4_finish(&w, &b);
}

bool icmp4_error_about(const struct icmp4_packet *p, struct icmp4_about *out)
{
	struct rd r = rd_of(p->body, p->body_len_oct);
	rd_skip(&r, 4);
	uint8_t first = rd_u8(&r);
	size_t head_oct = (first & 15u) * 4;
	rd_skip(&r, 8);
	out->proto = rd_u8(&r);
	rd_skip(&r, 2); /* at byte 9 of the header is the protocol, at 12 the source */
	out->src = rd_v4(&r);
	out->dst = rd_v4(&r);
	if (!is_error(p->type) || first >> 4 != 4 || head_oct < IP4_HEAD_OCT)
		return false;
	rd_skip(&r, head_oct - IP4_HEAD_OCT);
	bool is_enough = rd_left(&r) >= QUOTE_OCT;
	out->sport = rd_u16(&r);
	out->dport = rd_u16(&r);
	return is_enough;
}
