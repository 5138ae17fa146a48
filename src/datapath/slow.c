// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tunnel packets that the programs cannot make: too big for the way out. An inner packet above IPv6's
 * least MTU is refused with Packet Too Big, so its source sends smaller ones; up to that, the outer packet is
 * fragmented (RFC 2473 7.1), which the other end's kernel undoes, or at a mobile's group reasm.h.
 */
#include "datapath/slow_i.h"

#include "base/err.h"

enum { MTU_MIN = 1280, FRAG_OCT = 8, DEFAULT_HOP_LIMIT = 64, DEFAULT_ICMP_PPS = 100 };

int slow_new(struct slow **out, const struct slow_conf *conf)
{
	struct slow *s = mem_zget(conf->mem, sizeof *s);
	if (!s)
		return ERR_NOMEM;
	s->conf = *conf;
	if (!s->conf.hop_limit)
		s->conf.hop_limit = DEFAULT_HOP_LIMIT;
	if (!s->conf.icmp_rate_pps)
		s->conf.icmp_rate_pps = DEFAULT_ICMP_PPS;
	*out = s;
	return 0;
}

void slow_free(struct slow *s)
{
	if (s)
		mem_put(s->conf.mem, s);
}

void slow_emit(struct slow *s, enum slow_kind kind, const uint8_t *bytes, size_t len_oct)
{
	struct slow_out o = {.kind = kind, .bytes = bytes, .len_oct = len_oct};
	s->conf.emit(s->conf.ctx, &o);
}

static void emit_tunnel(struct slow *s, const struct slow_tunnel *t, const uint8_t *bytes, size_t len_oct)
{
	struct slow_out o = {.kind = SLOW_ROUTE, .bytes = bytes, .len_oct = len_oct, .ifindex = t->ifindex, .lladdr = t->next_hop};
	if (t->ifindex)
		o.kind = SLOW_LINK;
	else if (addr6_is_multicast(&t->dst))
		o.kind = SLOW_GROUP;
	s->conf.emit(s->conf.ctx, &o);
}

/* Octets in front of the inner packet. */
static size_t overhead_oct(const struct slow_tunnel *t)
{
	if (t->direct)
		return SLOW_DIRECT_OCT;
	return IP6_HEAD_OCT + (t->has_gre ? 4 + 4u * t->has_key + 4u * t->has_seq : 0);
}

static void build_outer(struct slow *s, struct wr *w, const struct slow_tunnel *t, const struct ip6_head *inner)
{
	struct ip6_head h = {.tclass = inner->tclass, .flow = inner->flow, .next = t->has_gre ? NH_GRE : NH_IPV6,
		.hop_limit = s->conf.hop_limit, .src = t->src, .dst = t->dst};
	ip6_head_build(w, &h);
	if (t->has_gre)
		gre_build(w, &(struct gre){.proto = GRE_PROTO_IPV6, .has_key = t->has_key, .has_seq = t->has_seq,
					  .key = t->key, .seq = t->seq});
}

/* s->buf holds the packet: sends it in fragments (RFC 8200 4.5). Our own header is repeated in each. */
static void send_fragments(struct slow *s, const struct slow_tunnel *t, size_t len_oct)
{
	size_t head = IP6_HEAD_OCT + (t->direct ? SLOW_DIRECT_OCT : 0), next_at = t->direct ? IP6_HEAD_OCT : 6;
	size_t room = (t->mtu_oct - head - FRAG_OCT) & ~(size_t)7, body = len_oct - head;
	uint32_t id = ++s->frag_id;
	for (size_t off = 0; off < body; off += room) {
		size_t n = body - off < room ? body - off : room;
		struct wr w = wr_of(s->part, sizeof s->part);
		wr_bytes(&w, s->buf, head);
		wr_patch_u8(&w, next_at, NH_FRAGMENT);
		wr_u8(&w, s->buf[next_at]);
		wr_u8(&w, 0);
		wr_u16(&w, (uint16_t)(off | (off + n < body)));
		wr_u32(&w, id);
		wr_bytes(&w, s->buf + head + off, n);
		ip6_head_finish(&w);
		if (wr_ok(&w))
			emit_tunnel(s, t, s->part, wr_len(&w));
	}
}

static void emit_sized(struct slow *s, const struct slow_tunnel *t, size_t len_oct)
{
	if (len_oct > t->mtu_oct && t->mtu_oct >= MTU_MIN)
		send_fragments(s, t, len_oct);
	else
		emit_tunnel(s, t, s->buf, len_oct);
}

/*
 * On a link with checksum offload (veth, virtual cards) a packet that was never on a wire carries the sum of its pseudo-header where its
 * checksum belongs, for a card to finish. No card sees what is sent from here inside another packet: so it is finished. A
 * right checksum that happens to have that value is found right again.
 */
static void finish_checksum(uint8_t *pkt, size_t len_oct)
{
	struct ip6_walk k;
	if (ip6_walk(pkt, len_oct, &k) || (k.proto != NH_TCP && k.proto != NH_UDP))
		return;
	const uint32_t field = k.proto == NH_TCP ? 16 : 6;
	if (k.len_oct < field + 2 || k.off + k.len_oct > len_oct)
		return;
	uint8_t *at = pkt + k.off + field;
	const uint8_t tail[8] = {(uint8_t)(k.len_oct >> 24), (uint8_t)(k.len_oct >> 16), (uint8_t)(k.len_oct >> 8), (uint8_t)k.len_oct,
				 0, 0, 0, k.proto};
	uint32_t sum = csum_add(csum_add(csum_add(0, ip6_walk_src(&k), 16), ip6_walk_dst(&k), 16), tail, sizeof tail);
	uint16_t begun = (uint16_t)~csum_fold(sum);
	if (at[0] != begun >> 8 || at[1] != (begun & 0xff))
		return;
	at[0] = at[1] = 0;
	uint16_t whole = ip6_csum(ip6_walk_src(&k), ip6_walk_dst(&k), k.proto, pkt + k.off, k.len_oct);
	if (!whole && k.proto == NH_UDP)
		whole = 0xffff;
	at[0] = (uint8_t)(whole >> 8);
	at[1] = (uint8_t)whole;
}

void slow_finish_checksum(uint8_t *pkt, size_t len_oct)
{
	if (len_oct && pkt[0] >> 4 == 4)
		slow4_finish_checksum(pkt, len_oct);
	else
		finish_checksum(pkt, len_oct);
}

/* No tunnel: a type 2 routing header to the packet's destination, or a Home Address option with its source, goes in between. */
static void send_direct(struct slow *s, const struct slow_tunnel *t, const uint8_t *pkt, size_t len_oct, bool is_local)
{
	static const uint8_t hao[7] = {2, 1, 2, 0, 0, 201, 16}, rh2[7] = {2, 2, 1};
	struct rd r = rd_of(pkt, len_oct);
	struct wr w = wr_of(s->buf, sizeof s->buf);
	struct ip6_head h;
	if (ip6_head_parse(&r, &h) || (h.hop_limit <= 1 && !is_local))
		return;
	bool is_rh2 = t->direct == DP_ENCAP_RH2;
	struct addr6 home_address = is_rh2 ? h.dst : h.src;
	uint8_t next = h.next;
	h.next = is_rh2 ? NH_ROUTING : NH_DSTOPTS;
	h.src = t->src;
	h.dst = t->dst;
	h.hop_limit = is_local ? h.hop_limit : (uint8_t)(h.hop_limit - 1);
	ip6_head_build(&w, &h);
	wr_u8(&w, next);
	wr_bytes(&w, is_rh2 ? rh2 : hao, 7);
	wr_addr6(&w, &home_address);
	wr_bytes(&w, r.p, rd_left(&r));
	ip6_head_finish(&w);
	if (!wr_ok(&w))
		return;
	finish_checksum(s->buf, wr_len(&w));
	emit_sized(s, t, wr_len(&w));
}

void slow_encap(struct slow *s, const struct slow_tunnel *t, const uint8_t *pkt, size_t len_oct, bool is_local)
{
	struct rd r = rd_of(pkt, len_oct);
	struct wr w = wr_of(s->buf, sizeof s->buf);
	struct ip6_head inner;
	if (ip6_head_parse(&r, &inner) || (inner.hop_limit <= 1 && !is_local))
		return;
	build_outer(s, &w, t, &inner);
	size_t at = wr_len(&w);
	wr_bytes(&w, pkt, len_oct);
	if (!is_local)
		wr_patch_u8(&w, at + 7, inner.hop_limit - 1);
	ip6_head_finish(&w);
	if (!wr_ok(&w))
		return;
	finish_checksum(s->buf + at, len_oct);
	emit_sized(s, t, wr_len(&w));
}

static struct slow_tunnel tunnel_of(const struct dp_slow *d)
{
	bool is_direct = d->encap == DP_ENCAP_RH2 || d->encap == DP_ENCAP_HAO;
	return (struct slow_tunnel){.src = d->src, .dst = d->dst, .direct = is_direct ? d->encap : 0,
		.has_gre = d->encap == DP_ENCAP_GRE, .has_key = d->has_key,
		.has_seq = d->has_seq, .key = d->key, .seq = d->seq, .mtu_oct = d->mtu_oct, .ifindex = d->ifindex,
		.next_hop = d->next_hop};
}

/* A tunnel packet that did not fit, or would not: fragments where the inner packet cannot be made smaller. */
static void on_too_big(struct slow *s, const struct dp_punted *p, mono_t now)
{
	struct slow_tunnel t = tunnel_of(&p->slow);
	size_t over = overhead_oct(&t);
	uint32_t mtu = t.mtu_oct > over + MTU_MIN ? t.mtu_oct - (uint32_t)over : MTU_MIN;
	bool is_small = p->slow.len_oct <= MTU_MIN && p->len_oct == p->slow.len_oct;
	if (is_small && t.direct)
		send_direct(s, &t, p->pkt, p->len_oct, p->slow.is_local);
	else if (is_small)
		slow_encap(s, &t, p->pkt, p->len_oct, p->slow.is_local);
	else
		slow_error(s, p->ifindex, p->slow.is_local, IC6_TOO_BIG, 0, mtu, p->pkt, p->len_oct, now);
}

static void on_fragment(struct slow *s, const struct dp_punted *p, mono_t now)
{
	const uint8_t *whole;
	size_t n = reasm_put(&s->reasm, p->pkt, p->len_oct, now, &whole);
	if (n)
		slow_raw(s, p->ifindex, whole, n, now);
}

void slow_punt(struct slow *s, const struct dp_punted *p, mono_t now)
{
	s->now = now;
	if (p->len_oct && p->pkt[0] >> 4 == 4) {
		slow4_punt(s, p, now);
		return;
	}
	if (p->why == DP_PUNT_ICMP_ERR) {
		slow_relay(s, p, now);
		return;
	}
	if (p->why != DP_PUNT_SLOW)
		return;
	switch (p->slow.why) {
	case DP_SLOW_TOO_BIG:
		if (!slow_cast_too_big(s, p, now))
			on_too_big(s, p, now);
		break;
	case DP_SLOW_FORWARD:
		slow_error(s, p->ifindex, false, IC6_TOO_BIG, 0, p->slow.mtu_oct, p->pkt, p->len_oct, now);
		break;
	case DP_SLOW_HOP_LIMIT:
		slow_error(s, p->ifindex, false, IC6_TIME_EXCEEDED, 0, 0, p->pkt, p->len_oct, now);
		break;
	case DP_SLOW_LINK_LOCAL:
		slow_error(s, p->ifindex, false, IC6_UNREACHABLE, IC6_ADDR_UNREACHABLE, 0, p->pkt, p->len_oct, now);
		break;
	case DP_SLOW_FRAGMENT: on_fragment(s, p, now); break;
	case DP_SLOW_COPY:
	case DP_SLOW_NONE: break;
	}
}

void slow_forward(struct slow *s, const struct addr6 *src, const struct addr6 *dst, const uint8_t *pkt, size_t len_oct)
{
	struct slow_tunnel t = {.src = *src, .dst = *dst, .mtu_oct = SLOW_MTU_GUESS};
	const struct slow4_tunnel t4 = {.src = *src, .dst = *dst, .encap = DP_ENCAP_IPIP, .mtu_oct = SLOW_MTU_GUESS};
	if (len_oct && pkt[0] >> 4 == 4)
		slow4_encap(s, &t4, 0, pkt, len_oct, false, s->now);
	else
		slow_encap(s, &t, pkt, len_oct, false);
}

void slow_roam0(struct slow *s, const uint8_t *pkt, size_t len_oct, mono_t now)
{
	struct rd r = rd_of(pkt, len_oct);
	struct ip6_head h;
	if (s->conf.answers_unreachable && len_oct && pkt[0] >> 4 == 4)
		slow4_error(s, 0, false, IC4_UNREACHABLE, IC4_HOST, 0, pkt, len_oct, now);
	if (!s->conf.answers_unreachable || ip6_head_parse(&r, &h) || addr6_is_linklocal(&h.src) || addr6_is_linklocal(&h.dst))
		return;
	slow_error(s, 0, false, IC6_UNREACHABLE, 3, 0, pkt, len_oct, now);
}
