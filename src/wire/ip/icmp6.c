/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/ip/icmp6.h"

enum { HEAD_OCT = 4, ERROR_MAX_OCT = 1280, PARAM_UNKNOWN_OPTION = 2 };

enum wire_err icmp6_packet_parse(const void *pkt, size_t len_oct, struct icmp6_packet *out)
{
	enum wire_err e = ip6_walk(pkt, len_oct, &out->ip);
	if (e)
		return e;
	if (out->ip.proto != NH_ICMP6)
		return out->ip.proto == NH_FRAGMENT ? W_FRAGMENT : W_PROTO;
	const uint8_t *p = (const uint8_t *)pkt + out->ip.off;
	if (out->ip.len_oct < HEAD_OCT)
		return W_TRUNCATED;
	out->type = p[0];
	out->code = p[1];
	out->body = p + HEAD_OCT;
	out->body_len_oct = out->ip.len_oct - HEAD_OCT;
	bool is_right = !ip6_csum(ip6_walk_src(&out->ip), ip6_walk_dst(&out->ip), NH_ICMP6, p, out->ip.len_oct);
	return is_right ? W_OK : W_CHECKSUM;
}

struct icmp6_build icmp6_head_build(struct wr *w, const struct addr6 *src, const struct addr6 *dst, uint8_t type, uint8_t code)
{
	struct icmp6_build b = {wr_len(w), *src, *dst};
	wr_u8(w, type);
	wr_u8(w, code);
	wr_u16(w, 0);
	return b;
}

struct icmp6_build icmp6_begin(struct wr *w, const struct addr6 *src, const struct addr6 *dst, uint8_t hop_limit, uint8_t type, uint8_t code)
{
	ip6_head_build(w, &(struct ip6_head){.next = NH_ICMP6, .hop_limit = hop_limit, .src = *src, .dst = *dst});
	return icmp6_head_build(w, src, dst, type, code);
}

size_t icmp6_finish(struct wr *w, const struct icmp6_build *b)
{
	ip6_head_finish(w);
	if (!wr_ok(w))
		return 0;
	wr_patch_u16(w, b->off + 2, ip6_csum(&b->src, &b->dst, NH_ICMP6, w->base + b->off, wr_len(w) - b->off));
	return wr_len(w);
}

bool icmp6_error_is_allowed(const void *pkt, size_t len_oct, uint8_t type, uint8_t code)
{
	struct ip6_walk ip;
	enum wire_err e = ip6_walk(pkt, len_oct, &ip);
	if (e == W_TRUNCATED || e == W_VERSION)
		return false;
	bool may_be_multicast = type == IC6_TOO_BIG || (type == IC6_PARAM_PROBLEM && code == PARAM_UNKNOWN_OPTION);
	if (addr6_is_any(&ip.ip.src) || addr6_is_multicast(&ip.ip.src) || (addr6_is_multicast(&ip.ip.dst) && !may_be_multicast))
		return false;
	if (e || ip.proto != NH_ICMP6 || ip.len_oct < 1)
		return true;
	uint8_t inner = ((const uint8_t *)pkt)[ip.off];
	return inner >= 128 && inner != IC6_REDIRECT;
}

size_t icmp6_error_build(void *buf, size_t cap_oct, const struct addr6 *src, uint8_t type, uint8_t code, uint32_t word,
			 const void *pkt, size_t len_oct)
{
	struct wr w = wr_of(buf, cap_oct);
	struct rd r = rd_of(pkt, len_oct);
	struct ip6_head about;
	if (ip6_head_parse(&r, &about))
		return 0;
	struct icmp6_build b = icmp6_begin(&w, src, &about.src, 64, type, code);
	wr_u32(&w, word);
	size_t room = ERROR_MAX_OCT - IP6_HEAD_OCT - HEAD_OCT - 4;
	wr_bytes(&w, pkt, len_oct < room ? len_oct : room);
	return icmp6_finish(&w, &b);
}
