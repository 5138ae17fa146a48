// SPDX-License-Identifier: BSD-2-Clause
/*
 * ICMPv6 errors: those that we send about packets we cannot forward, and those that routers send us about our
 * tunnels, which become errors about the packet inside (RFC 2473 8) and path MTUs of the tunnel. An MTU learned for a
 * group is the least of its branches; it is believed for ten minutes (RFC 8201 4).
 */
#include "datapath/slow_i.h"

enum { PMTU_AGE_S = 600, MTU_MIN = 1280, MTU4_MIN = 552, ICMP_BURST = 50 };

/* A bucket over all errors (RFC 4443 2.4 f, RFC 1812 4.3.2.8). */
bool slow_may_send(struct slow *s, mono_t now)
{
	int64_t cost = NS_PER_S / s->conf.icmp_rate_pps, most = cost * ICMP_BURST;
	int64_t credit = s->icmp_credit_ns + mono_sub(now, s->icmp_last).ns;
	if (credit > most || s->icmp_last.ns == 0)
		credit = most;
	s->icmp_last = now;
	s->icmp_credit_ns = credit < cost ? credit : credit - cost;
	return credit >= cost;
}

/* As icmp6_error_is_allowed, also for a packet of which only the beginning is there. */
static bool is_allowed(struct slow *s, uint8_t type, uint8_t code, const struct ip6_head *h, const uint8_t *pkt, size_t len_oct)
{
	struct wr w = wr_of(s->buf, sizeof s->buf);
	if (h->payload_len_oct + (size_t)IP6_HEAD_OCT <= len_oct)
		return icmp6_error_is_allowed(pkt, len_oct, type, code);
	wr_bytes(&w, pkt, len_oct);
	ip6_head_finish(&w);
	return wr_ok(&w) && icmp6_error_is_allowed(s->buf, len_oct, type, code);
}

void slow_error(struct slow *s, uint32_t ifindex, bool is_local, uint8_t type, uint8_t code, uint32_t word,
		const uint8_t *pkt, size_t len_oct, mono_t now)
{
	struct rd r = rd_of(pkt, len_oct);
	struct ip6_head h;
	struct addr6 src;
	if (ip6_head_parse(&r, &h) || !is_allowed(s, type, code, &h, pkt, len_oct) || !slow_may_send(s, now))
		return;
	if (!s->conf.source || !s->conf.source(s->conf.ctx, ifindex, &h.src, &src))
		return;
	size_t n = icmp6_error_build(s->part, sizeof s->part, &src, type, code, word, pkt, len_oct);
	struct slow_out o = {.kind = is_local ? SLOW_LOCAL : SLOW_ROUTE, .bytes = s->part, .len_oct = n,
			     .ifindex = addr6_is_linklocal(&h.src) ? ifindex : 0};
	if (n)
		s->conf.emit(s->conf.ctx, &o);
}

/* The entry of dst; else one that has aged, or the one that ages first. */
static struct slow_pmtu *pmtu_entry(struct slow *s, const struct addr6 *dst)
{
	struct slow_pmtu *best = &s->pmtu[0];
	for (int i = 0; i < SLOW_PMTUS; i++) {
		if (addr6_eq(&s->pmtu[i].dst, dst))
			return &s->pmtu[i];
		if (mono_before(s->pmtu[i].until, best->until))
			best = &s->pmtu[i];
	}
	return best;
}

void slow_learn_mtu(struct slow *s, const struct addr6 *dst, uint32_t mtu_oct, mono_t now)
{
	struct slow_pmtu *p = pmtu_entry(s, dst);
	const uint32_t least = addr6_is_v4mapped(dst) ? MTU4_MIN : MTU_MIN, mtu = mtu_oct < least ? least : mtu_oct;
	if (addr6_eq(&p->dst, dst) && !mono_reached(p->until, now) && p->mtu_oct < mtu)
		return;
	*p = (struct slow_pmtu){*dst, mtu, mono_add(now, span_s(PMTU_AGE_S))};
	struct slow_out o = {.kind = SLOW_PMTU, .dst = *dst, .mtu_oct = mtu, .until = p->until};
	s->conf.emit(s->conf.ctx, &o);
}

/* Leaves r at the inner packet of a quoted tunnel packet; false if the quote does not reach it. *over: octets before it. */
static bool enter_tunnel(struct rd *r, struct ip6_head *outer, uint32_t *over)
{
	struct gre g = {0};
	if (ip6_head_parse(r, outer) || (outer->next != NH_IPV6 && outer->next != NH_GRE))
		return false;
	*over = IP6_HEAD_OCT;
	if (outer->next == NH_IPV6)
		return true;
	if (gre_parse(r, &g) || g.has_csum || g.proto != GRE_PROTO_IPV6)
		return false;
	*over += (uint32_t)gre_len_oct(&g);
	return true;
}

enum { DIRECT_AT = IP6_HEAD_OCT, DIRECT_ADDR_AT = DIRECT_AT + 8, DIRECT_END = DIRECT_AT + SLOW_DIRECT_OCT };

/* Is the quote a packet that got a header of ours instead of a tunnel? */
static bool is_direct(const uint8_t *q, size_t n)
{
	if (n < DIRECT_END || q[DIRECT_AT + 1] != 2)
		return false;
	return (q[6] == NH_ROUTING && q[DIRECT_AT + 2] == 2) || (q[6] == NH_DSTOPTS && q[DIRECT_AT + 6] == 201);
}

/* The error as it is about the packet without that header: home address in its place. */
static void relay_direct(struct slow *s, const struct dp_punted *p, uint8_t type, uint32_t word, const uint8_t *q, size_t n, mono_t now)
{
	uint8_t plain[DP_PUNT_SNAP];
	bool is_rh2 = q[6] == NH_ROUTING;
	struct rd r = rd_of(q, n);
	struct wr w = wr_of(plain, sizeof plain);
	struct ip6_head h;
	struct dp_op up = {.table = DP_UPLINK_OUT};
	if (ip6_head_parse(&r, &h) || h.payload_len_oct < SLOW_DIRECT_OCT)
		return;
	if (type == IC6_TOO_BIG)
		slow_learn_mtu(s, &h.dst, word, now);
	h.next = q[DIRECT_AT];
	memcpy(is_rh2 ? &h.dst : &h.src, q + DIRECT_ADDR_AT, 16);
	ip6_head_build(&w, &h);
	wr_patch_u16(&w, 4, (uint16_t)(h.payload_len_oct - SLOW_DIRECT_OCT));
	wr_bytes(&w, q + DIRECT_END, n - DIRECT_END);
	if (!wr_ok(&w) || h.next == NH_MH)
		return;
	/* Where the packet began: here, at a correspondent node and a mobile, or beyond the uplink. */
	up.uplink_out.inner_src = h.src;
	bool is_local = is_rh2 || (s->conf.find && s->conf.find(s->conf.ctx, &up) == 0);
	uint32_t mtu = word > SLOW_DIRECT_OCT + MTU_MIN ? word - SLOW_DIRECT_OCT : MTU_MIN;
	if (type != IC6_TOO_BIG)
		slow_error(s, p->ifindex, is_local, IC6_UNREACHABLE, IC6_ADDR_UNREACHABLE, 0, plain, wr_len(&w), now);
	else if ((uint32_t)h.payload_len_oct - SLOW_DIRECT_OCT + IP6_HEAD_OCT > mtu)
		slow_error(s, p->ifindex, is_local, IC6_TOO_BIG, 0, mtu, plain, wr_len(&w), now);
}

void slow_relay(struct slow *s, const struct dp_punted *p, mono_t now)
{
	struct icmp6_packet e;
	struct ip6_head outer, inner;
	uint32_t over = 0;
	if (icmp6_packet_parse(p->pkt, p->len_oct, &e))
		return;
	struct rd r = rd_of(e.body, e.body_len_oct);
	uint32_t word = rd_u32(&r);
	if (is_direct(r.p, rd_left(&r))) {
		relay_direct(s, p, e.type, word, r.p, rd_left(&r), now);
		return;
	}
	if (!enter_tunnel(&r, &outer, &over))
		return;
	if (e.type == IC6_TOO_BIG)
		slow_learn_mtu(s, &outer.dst, word, now);
	const uint8_t *quoted = r.p;
	size_t quoted_oct = rd_left(&r);
	if (ip6_head_parse(&r, &inner))
		return;
	if (e.type != IC6_TOO_BIG) {
		slow_error(s, p->ifindex, false, IC6_UNREACHABLE, IC6_ADDR_UNREACHABLE, 0, quoted, quoted_oct, now);
		return;
	}
	uint32_t mtu = word > over + MTU_MIN ? word - over : MTU_MIN;
	if ((uint32_t)inner.payload_len_oct + IP6_HEAD_OCT > mtu)
		slow_error(s, p->ifindex, false, IC6_TOO_BIG, 0, mtu, quoted, quoted_oct, now);
}
