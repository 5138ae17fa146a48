// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tunnel packets of IPv4 that the programs cannot make: too big for the way out. Whether that may be mended is the sender's to say: with
 * "don't fragment" it is told (RFC 2003 5.1: the MTU of the tunnel less the tunnel's header), without it the packet goes on in fragments.
 *
 * It is the inner packet that is fragmented, each part then a packet of the tunnel in its own right: nobody has to put tunnel packets together
 * (RFC 2003 5.1), and a translator of addresses in the way sees ports in all of them (RFC 3519 4.8, a MUST). A part cannot travel in minimal
 * encapsulation (RFC 2004 1), so it goes in IP-in-IP. Packets to a group are the exception: each has a number by which a
 * mobile with two links knows what it has already, so the tunnel packet is fragmented, and the mobile has reasm.h.
 *
 * The outer header has the inner one's type of service and "don't fragment" (RFC 2003 3.1).
 */
#include "datapath/slow_i.h"

#include <string.h>

#include "base/err.h"
#include "wire/ip/minenc.h"
#include "wire/ip/udp4.h"
#include "wire/mip4/mip4.h"

enum { MTU4_LEAST = 68, MIP_DATA_OCT = 4, OPT_COPIED = 0x80, OPT_END = 0, OPT_NOP = 1, TTL_AT = 8, SUM_AT = 10 };

uint32_t slow4_mtu_of(struct slow *s, const struct addr6 *dst, mono_t now)
{
	for (int i = 0; i < SLOW_PMTUS; i++)
		if (addr6_eq(&s->pmtu[i].dst, dst) && !mono_reached(s->pmtu[i].until, now) && s->pmtu[i].mtu_oct < SLOW_MTU_GUESS)
			return s->pmtu[i].mtu_oct;
	return SLOW_MTU_GUESS;
}

static uint16_t next_id(struct slow *s)
{
	if (!++s->ip4_id)
		s->ip4_id = 1; /* a raw socket would take 0 for "choose one" */
	return s->ip4_id;
}

static void emit(struct slow *s, const struct slow4_tunnel *t, const uint8_t *bytes, size_t len_oct)
{
	struct slow_out o = {.kind = SLOW_ROUTE, .bytes = bytes, .len_oct = len_oct, .ifindex = t->ifindex, .lladdr = t->next_hop};
	if (t->ifindex)
		o.kind = SLOW_LINK;
	else if (addr6_is_v4multicast(&t->dst))
		o.kind = SLOW_GROUP;
	if (len_oct)
		s->conf.emit(s->conf.ctx, &o);
}

/* Octets that the outermost tunnel adds to a packet from src. */
static uint32_t outer_oct(const struct slow4_tunnel *t, struct addr4 src)
{
	const struct addr4 own = addr6_to_v4(&t->src);

	switch (t->encap) {
	case DP_ENCAP_GRE: return IP4_HEAD_OCT + 4 + 4u * t->has_key + 4u * t->has_seq;
	case DP_ENCAP_GRE_PLAIN: return IP4_HEAD_OCT + 4;
	case DP_ENCAP_IPIP: return IP4_HEAD_OCT;
	case DP_ENCAP_MINIMAL: return memcmp(&own, &src, sizeof own) ? MINENC_MAX_OCT : MINENC_MAX_OCT - 4u;
	case DP_ENCAP_UDP: return IP4_HEAD_OCT + UDP_HEAD_OCT + MIP_DATA_OCT;
	case DP_ENCAP_NONE:
	case DP_ENCAP_RH2:
	case DP_ENCAP_HAO: break;
	}
	return 0;
}

static uint32_t overhead_oct(const struct slow4_tunnel *t, struct addr4 src) { return outer_oct(t, src) + (t->has_nest ? IP4_HEAD_OCT : 0); }

static uint8_t proto_of(enum dp_encap encap)
{
	switch (encap) {
	case DP_ENCAP_GRE:
	case DP_ENCAP_GRE_PLAIN: return NH_GRE;
	case DP_ENCAP_UDP: return NH_UDP;
	case DP_ENCAP_MINIMAL:
	case DP_ENCAP_IPIP:
	case DP_ENCAP_NONE:
	case DP_ENCAP_RH2:
	case DP_ENCAP_HAO: break;
	}
	return NH_IPV4;
}

/* What stands between outer header and inner packet. */
static void build_between(struct wr *w, const struct slow4_tunnel *t, uint16_t inner_oct)
{
	const bool is_gre = t->encap == DP_ENCAP_GRE;

	inner_oct = (uint16_t)(inner_oct + (t->has_nest ? IP4_HEAD_OCT : 0));
	if (is_gre || t->encap == DP_ENCAP_GRE_PLAIN)
		gre_build(w, &(struct gre){.proto = GRE_PROTO_IPV4, .has_key = is_gre && t->has_key, .has_seq = is_gre && t->has_seq,
					  .key = t->key, .seq = t->seq});
	if (t->encap != DP_ENCAP_UDP)
		return;
	wr_u16(w, MIP4_PORT);
	wr_u16(w, t->udp_port);
	wr_u16(w, (uint16_t)(UDP_HEAD_OCT + MIP_DATA_OCT + inner_oct));
	wr_u16(w, 0); /* no checksum: the inner packet has its own */
	wr_u8(w, MIP4_DATA);
	wr_u8(w, NH_IPV4);
	wr_u16(w, 0);
}

/* RFC 5177 7: the tunnel inside the tunnel. */
static void build_nest(struct slow *s, struct wr *w, const struct slow4_tunnel *t, const struct ip4_head *inner)
{
	const struct ip4_head h = {.tos = inner->tos, .is_dont_fragment = inner->is_dont_fragment, .id = next_id(s), .ttl = s->conf.hop_limit,
		.proto = NH_IPV4, .src = t->nest_src, .dst = t->nest_dst, .total_len_oct = (uint16_t)(inner->total_len_oct + IP4_HEAD_OCT)};
	ip4_head_build(w, &h);
}

/* The tunnel packet around a packet of at most what fits, in s->buf. Its length, or 0. */
static size_t wrap(struct slow *s, const struct slow4_tunnel *t, const uint8_t *pkt, const struct ip4_head *inner)
{
	struct wr w = wr_of(s->buf, sizeof s->buf);
	size_t n = 0;

	if (t->encap == DP_ENCAP_MINIMAL && !minenc_wrap(s->buf, sizeof s->buf, &t->src, &t->dst, pkt, inner->total_len_oct, &n))
		return n;
	const uint32_t between = t->encap == DP_ENCAP_MINIMAL ? 0 : overhead_oct(t, inner->src) - IP4_HEAD_OCT;
	const uint32_t total = IP4_HEAD_OCT + between + inner->total_len_oct;
	struct ip4_head outer = {.tos = inner->tos, .is_dont_fragment = inner->is_dont_fragment, .id = next_id(s), .ttl = s->conf.hop_limit,
				 .proto = proto_of(t->encap), .src = addr6_to_v4(&t->src), .dst = addr6_to_v4(&t->dst)};
	if (total > UINT16_MAX)
		return 0;
	outer.total_len_oct = (uint16_t)total;
	ip4_head_build(&w, &outer);
	build_between(&w, t, inner->total_len_oct);
	if (t->has_nest)
		build_nest(s, &w, t, inner);
	wr_bytes(&w, pkt, inner->total_len_oct);
	return wr_ok(&w) ? wr_len(&w) : 0;
}

/* Those options of a header that each fragment has (RFC 791 3.1), filled up to whole words. */
static void copy_options(struct wr *w, const uint8_t *opt, size_t len_oct)
{
	const size_t start = wr_len(w);

	for (size_t i = 0; i < len_oct && opt[i] != OPT_END;) {
		const size_t n = opt[i] == OPT_NOP ? 1 : i + 1 < len_oct ? opt[i + 1] : 0;
		if (n == 0 || (n == 1 && opt[i] != OPT_NOP) || i + n > len_oct)
			break;
		if (opt[i] & OPT_COPIED)
			wr_bytes(w, opt + i, n);
		i += n;
	}
	while ((wr_len(w) - start) % 4)
		wr_u8(w, OPT_END);
}

/* One fragment of pkt into s->part: n octets of its body from off on. Gives its length. */
static size_t build_part(struct slow *s, const uint8_t *pkt, const struct ip4_head *h, size_t off, size_t n)
{
	const size_t body = h->total_len_oct - (size_t)h->head_len_oct, at = h->frag_off_oct + off;
	const bool has_more = h->has_more || off + n < body;
	struct wr w = wr_of(s->part, sizeof s->part);

	wr_bytes(&w, pkt, off ? IP4_HEAD_OCT : h->head_len_oct);
	if (off)
		copy_options(&w, pkt + IP4_HEAD_OCT, h->head_len_oct - (size_t)IP4_HEAD_OCT);
	const size_t head = wr_len(&w);
	wr_patch_u8(&w, 0, (uint8_t)(4 << 4 | head / 4));
	wr_patch_u16(&w, 6, (uint16_t)(has_more << 13 | at / 8));
	wr_bytes(&w, pkt + h->head_len_oct + off, n);
	return ip4_finish(&w, 0);
}

/* Calls for each fragment of pkt, none longer than mtu; they stand in s->part one after the other. */
static void each_part(struct slow *s, const uint8_t *pkt, const struct ip4_head *h, uint32_t mtu_oct, slow4_part_fn fn,
		      const struct slow4_tunnel *t)
{
	const size_t body = h->total_len_oct - (size_t)h->head_len_oct;
	const size_t room = mtu_oct > h->head_len_oct ? (mtu_oct - h->head_len_oct) & ~(size_t)7 : 0;

	for (size_t off = 0; room && off < body; off += room) {
		const size_t n = build_part(s, pkt, h, off, body - off < room ? body - off : room);
		if (n)
			fn(s, t, s->part, n);
	}
}

static void emit_part(struct slow *s, const struct slow4_tunnel *t, const uint8_t *part, size_t len_oct) { emit(s, t, part, len_oct); }

static void wrap_part(struct slow *s, const struct slow4_tunnel *t, const uint8_t *part, size_t len_oct)
{
	struct rd r = rd_of(part, len_oct);
	struct ip4_head h;
	if (!ip4_head_parse(&r, &h))
		emit(s, t, s->buf, wrap(s, t, part, &h));
}

/* As for IPv6 (slow.c): the sum of the pseudo-header alone stands where a network card was to put the checksum. */
void slow4_finish_checksum(uint8_t *pkt, size_t len_oct)
{
	struct ip4_walk k;
	if (ip4_walk(pkt, len_oct, &k) || (k.ip.proto != NH_TCP && k.ip.proto != NH_UDP))
		return;
	const uint32_t field = k.ip.proto == NH_TCP ? 16 : 6;
	if (k.len_oct < field + 2)
		return;
	uint8_t *at = pkt + k.off + field;
	const uint8_t tail[4] = {0, k.ip.proto, (uint8_t)(k.len_oct >> 8), (uint8_t)k.len_oct};
	const uint32_t sum = csum_add(csum_add(csum_add(0, &k.ip.src, 4), &k.ip.dst, 4), tail, sizeof tail);
	const uint16_t begun = (uint16_t)~csum_fold(sum);
	if (at[0] != begun >> 8 || at[1] != (begun & 0xff))
		return;
	at[0] = at[1] = 0;
	uint16_t whole = ip4_csum(&k.src, &k.dst, k.ip.proto, pkt + k.off, k.len_oct);
	if (!whole && k.ip.proto == NH_UDP)
		whole = 0xffff;
	at[0] = (uint8_t)(whole >> 8);
	at[1] = (uint8_t)whole;
}

/* The packet as it goes on, in s->plain: one hop less unless it is ours. False: it goes nowhere. */
static bool prepare(struct slow *s, const uint8_t *pkt, size_t len_oct, bool is_local, struct ip4_head *h)
{
	struct rd r = rd_of(pkt, len_oct);
	if (ip4_head_parse(&r, h) || h->total_len_oct > len_oct || (h->ttl <= 1 && !is_local))
		return false;
	memcpy(s->plain, pkt, h->total_len_oct);
	if (!is_local) {
		s->plain[TTL_AT] = --h->ttl;
		s->plain[SUM_AT] = s->plain[SUM_AT + 1] = 0;
		const uint16_t sum = csum_fold(csum_add(0, s->plain, h->head_len_oct));
		s->plain[SUM_AT] = (uint8_t)(sum >> 8);
		s->plain[SUM_AT + 1] = (uint8_t)sum;
	}
	slow4_finish_checksum(s->plain, h->total_len_oct);
	return true;
}

static void send_grouped(struct slow *s, const struct slow4_tunnel *t, const struct ip4_head *inner, uint32_t mtu)
{
	struct ip4_head h;
	const size_t n = wrap(s, t, s->plain, inner);
	struct rd r = rd_of(s->buf, n);

	if (n <= mtu)
		emit(s, t, s->buf, n);
	else if (!ip4_head_parse(&r, &h))
		each_part(s, s->buf, &h, mtu, emit_part, t);
}

/* The part of a cut packet, wrapped, must fit too; minimal encapsulation becomes IP-in-IP. */
static void send_cut(struct slow *s, const struct slow4_tunnel *t, const struct ip4_head *h, uint32_t mtu)
{
	struct slow4_tunnel as = *t;

	as.encap = t->encap == DP_ENCAP_MINIMAL ? DP_ENCAP_IPIP : t->encap;
	const uint32_t over = overhead_oct(&as, h->src);
	each_part(s, s->plain, h, mtu > over ? mtu - over : 0, as.encap == DP_ENCAP_NONE ? emit_part : wrap_part, &as);
}

void slow4_encap(struct slow *s, const struct slow4_tunnel *t, uint32_t ifindex, const uint8_t *pkt, size_t len_oct, bool is_local, mono_t now)
{
	const uint32_t mtu = t->mtu_oct >= MTU4_LEAST ? t->mtu_oct : SLOW_MTU_GUESS;
	struct slow4_tunnel as = *t;
	struct ip4_head h;

	if (!prepare(s, pkt, len_oct, is_local, &h))
		return;
	if (t->encap == DP_ENCAP_MINIMAL && (h.has_more || h.frag_off_oct || t->has_nest))
		as.encap = DP_ENCAP_IPIP;
	const uint32_t over = overhead_oct(&as, h.src);
	if (h.total_len_oct + over > mtu && h.is_dont_fragment)
		slow4_error(s, ifindex, is_local, IC4_UNREACHABLE, IC4_TOO_BIG, mtu - over, pkt, len_oct, now);
	else if (as.encap == DP_ENCAP_GRE && as.has_seq)
		send_grouped(s, &as, &h, mtu);
	else if (h.total_len_oct + over > mtu || as.encap == DP_ENCAP_NONE)
		send_cut(s, &as, &h, mtu);
	else
		emit(s, &as, s->buf, wrap(s, &as, s->plain, &h));
}

void slow4_cut(struct slow *s, const uint8_t *pkt, size_t len_oct, bool is_local, uint32_t mtu_oct, slow4_part_fn fn, const struct slow4_tunnel *t)
{
	struct ip4_head h;

	if (prepare(s, pkt, len_oct, is_local, &h))
		each_part(s, s->plain, &h, mtu_oct, fn, t);
}

static struct slow4_tunnel tunnel_of(const struct dp_slow *d)
{
	static const struct addr4 none;
	return (struct slow4_tunnel){.src = d->src, .dst = d->dst, .encap = d->encap, .has_key = d->has_key, .has_seq = d->has_seq, .key = d->key,
		.seq = d->seq, .mtu_oct = d->mtu_oct, .udp_port = d->udp_port, .ifindex = d->ifindex, .next_hop = d->next_hop,
		.has_nest = memcmp(&d->nest_dst, &none, sizeof none) != 0, .nest_src = d->nest_src, .nest_dst = d->nest_dst};
}

/* A tunnel packet that did not fit. Of one that was handed up cut short only the source can make less. */
static void on_too_big(struct slow *s, const struct dp_punted *p, mono_t now)
{
	const struct slow4_tunnel t = tunnel_of(&p->slow);
	struct rd r = rd_of(p->pkt, p->len_oct);
	struct ip4_head h;

	if (p->len_oct >= p->slow.len_oct) {
		slow4_encap(s, &t, p->ifindex, p->pkt, p->len_oct, p->slow.is_local, now);
		return;
	}
	if (ip4_head_parse(&r, &h) || !h.is_dont_fragment)
		return;
	const uint32_t over = overhead_oct(&t, h.src);
	if (t.mtu_oct > over + MTU4_LEAST)
		slow4_error(s, p->ifindex, p->slow.is_local, IC4_UNREACHABLE, IC4_TOO_BIG, t.mtu_oct - over, p->pkt, p->len_oct, now);
}

/* A packet of a group that does not fit a next link. */
static void on_forward(struct slow *s, const struct dp_punted *p, mono_t now)
{
	struct slow4_tunnel t = {.encap = DP_ENCAP_NONE};
	struct ip4_head h;

	if (!prepare(s, p->pkt, p->len_oct, false, &h))
		return;
	t.dst = addr6_from_v4(h.dst);
	if (h.is_dont_fragment)
		slow4_group_error(s, p->ifindex, p->slow.mtu_oct, p->pkt, p->len_oct, now);
	else
		each_part(s, s->plain, &h, p->slow.mtu_oct, emit_part, &t);
}

static void on_fragment(struct slow *s, const struct dp_punted *p, mono_t now)
{
	const uint8_t *whole;
	const size_t n = reasm_put(&s->reasm, p->pkt, p->len_oct, now, &whole);
	if (n)
		slow4_raw(s, p->ifindex, whole, n, now);
}

void slow4_punt(struct slow *s, const struct dp_punted *p, mono_t now)
{
	if (p->why == DP_PUNT_ICMP_ERR)
		slow4_relay(s, p, now);
	if (p->why != DP_PUNT_SLOW)
		return;
	switch (p->slow.why) {
	case DP_SLOW_TOO_BIG:
	case DP_SLOW_COPY:
		if (!slow_cast_too_big(s, p, now))
			on_too_big(s, p, now);
		break;
	case DP_SLOW_FORWARD: on_forward(s, p, now); break;
	case DP_SLOW_HOP_LIMIT:
		slow4_error(s, p->ifindex, false, IC4_TIME_EXCEEDED, 0, 0, p->pkt, p->len_oct, now);
		break;
	case DP_SLOW_FRAGMENT: on_fragment(s, p, now); break;
	case DP_SLOW_LINK_LOCAL:
	case DP_SLOW_NONE: break;
	}
}
