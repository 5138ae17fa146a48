/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/ip/udp6.h"

#include "wire/ip/csum.h"

enum { HEAD_OCT = 8, LEN_OFF = 4, CSUM_OFF = 6, SRC_OFF = 8, DST_OFF = 24 };

enum wire_err udp6_packet_parse(const void *pkt, size_t len_oct, struct udp6_packet *out)
{
	struct ip6_walk walk;
	enum wire_err err = ip6_walk(pkt, len_oct, &walk);

	if (err)
		return err;
	if (walk.proto != NH_UDP)
		return W_PROTO;
	const uint8_t *udp = (const uint8_t *)pkt + walk.off;
	struct rd r = rd_of(udp, walk.len_oct);
	*out = (struct udp6_packet){.src = walk.ip.src, .dst = walk.ip.dst, .hop_limit = walk.ip.hop_limit};
	out->sport = rd_u16(&r);
	out->dport = rd_u16(&r);
	const uint16_t len = rd_u16(&r);
	const uint16_t csum = rd_u16(&r);
	if (!rd_ok(&r))
		return W_TRUNCATED;
	if (len < HEAD_OCT || len > walk.len_oct)
		return W_LENGTH;
	if (csum == 0 || ip6_csum(ip6_walk_src(&walk), ip6_walk_dst(&walk), NH_UDP, udp, len) != 0)
		return W_CHECKSUM;
	out->data = r.p;
	out->data_len_oct = len - (size_t)HEAD_OCT;
	return W_OK;
}

void udp6_begin(struct wr *w, const struct addr6 *src, const struct addr6 *dst, uint8_t hop_limit, uint16_t sport, uint16_t dport)
{
	ip6_head_build(w, &(struct ip6_head){.next = NH_UDP, .hop_limit = hop_limit, .src = *src, .dst = *dst});
	wr_u16(w, sport);
	wr_u16(w, dport);
	wr_u32(w, 0);
}

size_t udp6_finish(struct wr *w)
{
	struct addr6 src, dst;
	const size_t len = wr_len(w) - IP6_HEAD_OCT;

	if (!wr_ok(w) || wr_len(w) < IP6_HEAD_OCT + HEAD_OCT || len > UINT16_MAX)
		return 0;
	ip6_head_finish(w);
	memcpy(&src, w->base + SRC_OFF, sizeof src);
	memcpy(&dst, w->base + DST_OFF, sizeof dst);
	wr_patch_u16(w, IP6_HEAD_OCT + LEN_OFF, (uint16_t)len);
	wr_patch_u16(w, IP6_HEAD_OCT + CSUM_OFF, 0);
	const uint16_t csum = ip6_csum(&src, &dst, NH_UDP, w->base + IP6_HEAD_OCT, len);
	wr_patch_u16(w, IP6_HEAD_OCT + CSUM_OFF, csum ? csum : 0xffff);
	return wr_len(w);
}
