/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/ip/udp4.h"

#include "wire/ip/csum.h"
#include "wire/ip/ip6.h"

enum { LEN_OFF = 4, CSUM_OFF = 6 };

enum wire_err udp4_packet_parse(const void *pkt, size_t len_oct, struct udp4_packet *out)
{
	struct ip4_walk ip;
	memset(out, 0, sizeof *out);
	enum wire_err e = ip4_walk(pkt, len_oct, &ip);
	out->src = ip.src;
	out->dst = ip.dst;
	out->ttl = ip.ip.ttl;
	if (e)
		return e;
	if (ip.ip.proto != NH_UDP)
		return W_PROTO;
	const uint8_t *head = (const uint8_t *)pkt + ip.off;
	struct rd r = rd_of(head, ip.len_oct);
	out->sport = rd_u16(&r);
	out->dport = rd_u16(&r);
	uint16_t udp_oct = rd_u16(&r);
	uint16_t csum = rd_u16(&r);
	out->has_csum = csum != 0;
	if (!rd_ok(&r))
		return W_TRUNCATED;
	if (udp_oct < UDP_HEAD_OCT || udp_oct > ip.len_oct)
		return W_LENGTH;
	out->data = head + UDP_HEAD_OCT;
	out->data_len_oct = udp_oct - UDP_HEAD_OCT;
	if (!out->has_csum || csum == ip4_csum_begun(&ip.src, &ip.dst, NH_UDP, udp_oct))
		return W_OK;
	return ip4_csum(&ip.src, &ip.dst, NH_UDP, head, udp_oct) ? W_CHECKSUM : W_OK;
}

struct udp4_build udp4_begin(struct wr *w, const struct ip4_path *path, uint16_t sport, uint16_t dport)
{
	struct udp4_build b = {.ip_off = ip4_begin(w, path, NH_UDP), .src = path->src, .dst = path->dst};
	b.off = wr_len(w);
	wr_u16(w, sport);
	wr_u16(w, dport);
	wr_u32(w, 0);
	return b;
}

size_t udp4_finish(struct wr *w, const struct udp4_build *b)
{
	size_t len_oct = ip4_finish(w, b->ip_off);
	if (!len_oct)
		return 0;
	size_t udp_oct = wr_len(w) - b->off;
	wr_patch_u16(w, b->off + LEN_OFF, (uint16_t)udp_oct);
	wr_patch_u16(w, b->off + CSUM_OFF, 0);
	uint16_t sum = ip4_csum(&b->src, &b->dst, NH_UDP, w->base + b->off, udp_oct);
	wr_patch_u16(w, b->off + CSUM_OFF, sum ? sum : 0xffff); /* zero would say that there is none */
	return len_oct;
}
