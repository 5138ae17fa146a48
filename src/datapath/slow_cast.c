// SPDX-License-Identifier: BSD-2-Clause
/*
 * Mobiles that the network moves, in the slow path: what came to a guest's group in fragments, and packets that do not fit a group of the other family
 * than theirs.
 */
#include "datapath/slow_i.h"

#include "base/err.h"

enum { OVER46_OCT = IP6_HEAD_OCT + 8, OVER64_OCT = 20 + 8, MTU6_MIN = 1280 };

/* Outer addresses, number, and the packet inside; of either family each. */
struct cast_whole { struct addr6 src, dst, inner_dst; struct gre gre; const uint8_t *pkt; size_t len_oct; };

static bool parse_outer(struct rd *r, const uint8_t *pkt, size_t len_oct, struct cast_whole *w)
{
	struct ip6_head h6;
	struct ip4_head h4;
	*r = rd_of(pkt, len_oct);
	if (len_oct && pkt[0] >> 4 == 4) {
		if (ip4_head_parse(r, &h4) || h4.proto != NH_GRE || h4.total_len_oct > len_oct)
			return false;
		w->src = addr6_from_v4(h4.src);
		w->dst = addr6_from_v4(h4.dst);
		*r = rd_of(pkt + h4.head_len_oct, h4.total_len_oct - (size_t)h4.head_len_oct);
		return true;
	}
	if (ip6_head_parse(r, &h6) || h6.next != NH_GRE)
		return false;
	w->src = h6.src;
	w->dst = h6.dst;
	return true;
}

static bool parse_inner(struct rd r, struct cast_whole *w)
{
	struct ip6_head h6;
	struct ip4_head h4;
	if (gre_parse(&r, &w->gre) || !w->gre.has_seq || w->gre.has_key)
		return false;
	w->pkt = r.p;
	w->len_oct = rd_left(&r);
	if (w->gre.proto == GRE_PROTO_IPV4) {
		if (ip4_head_parse(&r, &h4) || h4.total_len_oct > w->len_oct)
			return false;
		w->len_oct = h4.total_len_oct;
		w->inner_dst = addr6_from_v4(h4.dst);
		return true;
	}
	if (w->gre.proto != GRE_PROTO_IPV6 || ip6_head_parse(&r, &h6) || (size_t)h6.payload_len_oct + IP6_HEAD_OCT != w->len_oct)
		return false;
	w->inner_dst = h6.dst;
	return true;
}

bool slow_to_guest(struct slow *s, const uint8_t *pkt, size_t len_oct, mono_t now)
{
	struct cast_whole w;
	struct rd r;
	struct dp_op op = {.table = DP_GUEST};
	if (!parse_outer(&r, pkt, len_oct, &w))
		return false;
	op.guest.source = w.src;
	op.guest.group = w.dst;
	if (!slow_find(s, &op))
		return false;
	const struct dp_guest *g = &op.guest;
	bool is_for = false;
	if (!parse_inner(r, &w))
		return true;
	for (uint32_t i = 0; i < g->n_home; i++)
		is_for |= slow_is_of(s, &w.inner_dst, &g->home_address[i]);
	if (!is_for || !g->is_serving || mono_reached(g->expires, now) || !slow_is_first(s, &w.src, w.gre.seq, now))
		return true;
	const struct slow_out o = {.kind = SLOW_LINK, .ifindex = g->ifindex, .lladdr = g->lladdr, .bytes = w.pkt, .len_oct = w.len_oct};
	s->conf.emit(s->conf.ctx, &o);
	return true;
}

bool slow_is_cast_agent(struct slow *s, const struct dp_home *h, const struct addr6 *agent)
{
	struct dp_op op = {.table = DP_REVERSE, .reverse.prefix = {*agent, 128}};
	return (addr6_is_multicast(&h->coa) || addr6_is_v4multicast(&h->coa)) && slow_find(s, &op);
}

bool slow_speaks_first(struct slow *s, const struct addr6 *home_address, const struct addr6 *agent)
{
	struct dp_op unbound = {.table = DP_UNBOUND, .unbound.prefix = {*home_address, 128}}, op = {.table = DP_REVERSE, .reverse.prefix = {*agent, 128}};
	return slow_find(s, &unbound) && slow_find(s, &op);
}

/* A piece of an IPv4 packet into a group of IPv6. Numbers are from the half of the space that the programs reach last. */
static void wrap46(struct slow *s, const struct slow4_tunnel *t, const uint8_t *part, size_t len_oct)
{
	struct wr w = wr_of(s->buf, sizeof s->buf);
	const struct ip6_head h = {.tclass = part[1], .next = NH_GRE, .hop_limit = s->conf.hop_limit, .src = t->src, .dst = t->dst};
	ip6_head_build(&w, &h);
	gre_build(&w, &(struct gre){.proto = GRE_PROTO_IPV4, .has_seq = true, .seq = (t->seq ^ 0x80000000u) + s->frag_id++});
	wr_bytes(&w, part, len_oct);
	ip6_head_finish(&w);
	if (wr_ok(&w))
		slow_emit(s, SLOW_GROUP, s->buf, wr_len(&w));
}

static void too_big46(struct slow *s, const struct dp_punted *p, mono_t now)
{
	const struct slow4_tunnel t = {.src = p->slow.src, .dst = p->slow.dst, .encap = DP_ENCAP_GRE, .has_seq = true, .seq = p->slow.seq};
	const uint32_t mtu = p->slow.mtu_oct > MTU6_MIN ? p->slow.mtu_oct - OVER46_OCT : MTU6_MIN - OVER46_OCT;
	struct rd r = rd_of(p->pkt, p->len_oct);
	struct ip4_head h;
	if (ip4_head_parse(&r, &h))
		return;
	if (h.is_dont_fragment)
		slow4_error(s, p->ifindex, p->slow.is_local, IC4_UNREACHABLE, IC4_TOO_BIG, mtu, p->pkt, p->len_oct, now);
	else if (p->len_oct >= p->slow.len_oct)
		slow4_cut(s, p->pkt, p->len_oct, p->slow.is_local, mtu, wrap46, &t);
}

bool slow_cast_too_big(struct slow *s, const struct dp_punted *p, mono_t now)
{
	const bool is_v4 = p->len_oct && p->pkt[0] >> 4 == 4;
	if (addr6_is_v4mapped(&p->slow.dst) == is_v4)
		return false;
	if (is_v4) {
		too_big46(s, p, now);
		return true;
	}
	/* Groups of IPv4 over links that cannot carry IPv6's least MTU and a tunnel are none. */
	const uint32_t mtu = p->slow.mtu_oct > MTU6_MIN + OVER64_OCT ? p->slow.mtu_oct - OVER64_OCT : MTU6_MIN;
	slow_error(s, p->ifindex, p->slow.is_local, IC6_TOO_BIG, 0, mtu, p->pkt, p->len_oct, now);
	return true;
}
