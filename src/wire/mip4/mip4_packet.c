/* SPDX-License-Identifier: BSD-2-Clause */
#include "wire/mip4/mip4_packet.h"

#include "wire/ip/csum.h"
#include "wire/ip/ip6.h"

enum { TTL = 64, UDP_CSUM_OFF = 6 };

enum wire_err mip4_packet_parse(const void *pkt, size_t len_oct, struct mip4_packet *out)
{
	struct udp4_packet udp;
	memset(out, 0, sizeof *out);
	enum wire_err e = udp4_packet_parse(pkt, len_oct, &udp);
	out->src = udp.src;
	out->dst = udp.dst;
	out->ttl = udp.ttl;
	out->sport = udp.sport;
	out->dport = udp.dport;
	out->has_csum = udp.has_csum;
	if (e)
		return e;
	if (udp.sport != MIP4_PORT && udp.dport != MIP4_PORT)
		return W_PROTO;
	out->msg = udp.data;
	struct rd r = rd_of(udp.data, udp.data_len_oct);
	return mip4_parse(&r, &out->m);
}

size_t mip4_packet_build(void *buf, size_t cap_oct, const struct mip4_path *path, struct mip4 *m, struct mip4_built *out)
{
	struct wr w = wr_of(buf, cap_oct);
	struct ip4_path ip = {.src = path->src, .dst = path->dst, .ttl = path->ttl ? path->ttl : TTL, .id = path->id};
	struct udp4_build b = udp4_begin(&w, &ip, path->sport ? path->sport : MIP4_PORT, path->dport ? path->dport : MIP4_PORT);
	size_t start = wr_len(&w);
	if (path->relay) {
		wr_bytes(&w, path->relay, path->relay_oct);
		mip4_exts_build(&w, start, &m->ext);
	} else
		mip4_build(&w, m);
	*out = (struct mip4_built){.len_oct = udp4_finish(&w, &b), .msg_off = (uint16_t)start, .msg_len_oct = (uint16_t)(wr_len(&w) - start)};
	return out->len_oct;
}

void mip4_packet_finish(const struct mip4_built *b, void *buf)
{
	uint8_t *pkt = buf, *udp = pkt + b->msg_off - UDP_HEAD_OCT;
	struct addr6 src = addr6_from_v4(*(const struct addr4 *)(pkt + 12)), dst = addr6_from_v4(*(const struct addr4 *)(pkt + 16));
	udp[UDP_CSUM_OFF] = udp[UDP_CSUM_OFF + 1] = 0;
	uint16_t sum = ip4_csum(&src, &dst, NH_UDP, udp, UDP_HEAD_OCT + b->msg_len_oct);
	sum = sum ? sum : 0xffff;
	udp[UDP_CSUM_OFF] = (uint8_t)(sum >> 8);
	udp[UDP_CSUM_OFF + 1] = (uint8_t)sum;
}
