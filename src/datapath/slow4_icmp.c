// SPDX-License-Identifier: BSD-2-Clause
/*
 * ICMP errors of IPv4: those that we send about packets that we cannot forward, and those that routers send us about our tunnels. What they say
 * about the tunnel becomes an error about the packet inside, as RFC 2003 section 4 has it, and the path MTU of the tunnel is remembered
 * (section 5.1's soft state) also when a router quoted too little to tell whose packet it was.
 */
#include "datapath/slow_i.h"

#include <string.h>

#include "base/err.h"
#include "wire/ip/minenc.h"
#include "wire/ip/udp4.h"
#include "wire/mip4/mip4.h"

enum { MIP_DATA_OCT = 4, NOTHING = 255 };

/* To the source of the packet that an error is about: over the air when it is a mobile that we serve, else by the routing table. That leads
 * to this host too: through roam0 its stack would refuse a packet from an address of its own, which is what an error here has. */
static void emit_error(struct slow *s, bool is_local, size_t len_oct, mono_t now)
{
	const struct slow_out o = {.kind = SLOW_ROUTE, .bytes = s->part, .len_oct = len_oct};

	if (!len_oct || (!is_local && slow4_to_mobile(s, s->part, len_oct, now)))
		return;
	s->conf.emit(s->conf.ctx, &o);
}

/* icmp4_error_is_allowed, also for a packet of which only the beginning is there. */
static bool is_allowed(struct slow *s, const struct ip4_head *h, const uint8_t *pkt, size_t len_oct)
{
	struct wr w = wr_of(s->part, sizeof s->part);

	if (h->total_len_oct <= len_oct)
		return icmp4_error_is_allowed(pkt, len_oct);
	wr_bytes(&w, pkt, len_oct);
	return ip4_finish(&w, 0) && icmp4_error_is_allowed(s->part, len_oct);
}

void slow4_error(struct slow *s, uint32_t ifindex, bool is_local, uint8_t type, uint8_t code, uint32_t word, const uint8_t *pkt, size_t len_oct,
		 mono_t now)
{
	struct rd r = rd_of(pkt, len_oct);
	struct ip4_head h;
	struct addr6 src;

	if (ip4_head_parse(&r, &h) || !is_allowed(s, &h, pkt, len_oct) || !slow_may_send(s, now))
		return;
	const struct addr6 to = addr6_from_v4(h.src);
	if (!s->conf.source || !s->conf.source(s->conf.ctx, ifindex, &to, &src) || addr6_is_none(&src))
		return;
	emit_error(s, is_local, icmp4_error_build(s->part, sizeof s->part, &src, type, code, word, pkt, len_oct), now);
}

/*
 * RFC 1812 4.3.2.7 allows no error about a packet to a group, because a source could be told by thousands. A mobile's group has one source,
 * an agent of ours, and it has to know what fits; the limit of errors a second holds.
 */
void slow4_group_error(struct slow *s, uint32_t ifindex, uint32_t mtu_oct, const uint8_t *pkt, size_t len_oct, mono_t now)
{
	struct rd r = rd_of(pkt, len_oct);
	struct ip4_head h;
	struct addr6 src;

	if (ip4_head_parse(&r, &h) || h.frag_off_oct)
		return;
	const struct addr6 to = addr6_from_v4(h.src);
	if (!addr6_is_v4unicast(&to) || !slow_may_send(s, now) || !s->conf.source || !s->conf.source(s->conf.ctx, ifindex, &to, &src))
		return;
	emit_error(s, false, icmp4_error_build(s->part, sizeof s->part, &src, IC4_UNREACHABLE, IC4_TOO_BIG, mtu_oct, pkt, len_oct), now);
}

/* A router from before RFC 1191 tells no MTU: the next lower one that links had then (its section 7). */
static uint32_t plateau(uint32_t len_oct)
{
	static const uint16_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508};
	for (size_t i = 0; i < sizeof plateaus / sizeof plateaus[0]; i++)
		if (plateaus[i] < len_oct)
			return plateaus[i];
	return 296;
}

/* RFC 2003 4: the code of the Destination Unreachable that the inner source gets. NOTHING: none. */
static uint8_t passed_on_as(const struct icmp4_packet *e, uint8_t outer_proto)
{
	if (e->type == IC4_TIME_EXCEEDED)
		return IC4_HOST;
	if (e->type != IC4_UNREACHABLE)
		return NOTHING; /* source quench, redirect; a parameter problem, since we insert no options */
	switch (e->code) {
	case IC4_NET:
	case 6:                          /* network unknown */
	case 9:                          /* network prohibited */
	case 11: return IC4_NET;         /* network and type of service */
	case IC4_HOST:
	case IC4_PROTOCOL:
	case 7:
	case 8:
	case 10:
	case 12:
	case IC4_PROHIBITED: return IC4_HOST;
	case IC4_PORT: return outer_proto == NH_UDP ? IC4_HOST : NOTHING;
	default: return NOTHING;         /* 5: source route failed is ours to handle */
	}
}

struct quote {
	struct ip4_head outer;
	const uint8_t *inner;            /* what is there of the packet inside, from its header on; NULL: nothing that tells its source */
	size_t inner_oct;
	uint32_t over_oct;               /* what the tunnel added */
};

/* Minimal encapsulation keeps no header: it is made again from the outer one, as far as that tells. */
static void restore_minimal(struct slow *s, struct rd *r, const uint8_t *outer_bytes, struct quote *q)
{
	struct wr w = wr_of(s->opened, sizeof s->opened);
	const struct addr6 own = addr6_from_v4(q->outer.src);
	struct minenc m;

	if (minenc_parse(r, &m))
		return;
	q->over_oct = m.has_src ? MINENC_MAX_OCT : MINENC_MAX_OCT - 4;
	if (q->outer.total_len_oct < q->outer.head_len_oct + q->over_oct)
		return;
	wr_bytes(&w, outer_bytes, q->outer.head_len_oct);
	struct addr4 src = addr6_to_v4(m.has_src ? &m.src : &own), dst = addr6_to_v4(&m.dst);
	memcpy(s->opened + 12, &src, 4);
	memcpy(s->opened + 16, &dst, 4);
	wr_patch_u8(&w, 9, m.proto);
	wr_bytes(&w, r->p, rd_left(r));
	q->inner_oct = ip4_finish(&w, 0);
	q->inner = q->inner_oct ? s->opened : NULL;
	/* The length that it had, not that of the quote. */
	wr_patch_u16(&w, 2, (uint16_t)(q->outer.total_len_oct - q->over_oct));
	wr_patch_u16(&w, 10, 0);
	wr_patch_u16(&w, 10, csum_fold(csum_add(0, s->opened, q->outer.head_len_oct)));
}

/* False when this is no tunnel packet of ours. */
static bool enter(struct slow *s, const struct icmp4_packet *e, struct quote *q)
{
	struct rd r = rd_of(e->body, e->body_len_oct);
	struct gre g;

	rd_skip(&r, 4);
	const uint8_t *outer_bytes = r.p;
	*q = (struct quote){0};
	enum wire_err bad = ip4_head_parse(&r, &q->outer);
	if (bad && bad != W_CHECKSUM) /* routers on the way changed the time to live, some of them not the sum */
		return false;
	q->over_oct = IP4_HEAD_OCT;
	switch (q->outer.proto) {
	case NH_IPV4: break;
	case NH_GRE:
		bad = gre_parse(&r, &g);
		if (bad)
			return bad == W_TRUNCATED;
		if (g.proto != GRE_PROTO_IPV4)
			return false;
		q->over_oct += (uint32_t)gre_len_oct(&g);
		break;
	case NH_UDP:
		q->over_oct += UDP_HEAD_OCT + MIP_DATA_OCT;
		rd_skip(&r, UDP_HEAD_OCT);
		if (!rd_ok(&r) || (rd_left(&r) && rd_u8(&r) != MIP4_DATA))
			return false; /* signalling: the engines' */
		rd_skip(&r, MIP_DATA_OCT - 1);
		break;
	case PROTO_MINENC:
		q->over_oct = MINENC_MAX_OCT;
		restore_minimal(s, &r, outer_bytes, q);
		return true;
	default: return false;
	}
	if (rd_ok(&r) && rd_left(&r) >= IP4_HEAD_OCT) {
		q->inner = r.p;
		q->inner_oct = rd_left(&r);
	}
	return true;
}

/* A tunnel inside the tunnel, from the same end (RFC 5177 7): whose the packet is, is told one header further. */
static void enter_nested(struct quote *q)
{
	struct rd r;
	struct ip4_head h;

	if (!q->inner)
		return;
	r = rd_of(q->inner, q->inner_oct);
	if (ip4_head_parse(&r, &h) || h.proto != NH_IPV4 || memcmp(&h.src, &q->outer.src, sizeof h.src) != 0)
		return;
	q->over_oct += h.head_len_oct;
	q->inner = rd_left(&r) >= IP4_HEAD_OCT ? r.p : NULL;
	q->inner_oct = rd_left(&r);
}

static void relay_too_big(struct slow *s, const struct dp_punted *p, const struct icmp4_packet *e, const struct quote *q, mono_t now)
{
	const struct addr6 dst = addr6_from_v4(q->outer.dst);
	const uint32_t told = (uint32_t)e->body[2] << 8 | e->body[3], mtu = told ? told : plateau(q->outer.total_len_oct);
	struct ip4_head inner;

	slow_learn_mtu(s, &dst, mtu, now);
	if (!q->inner)
		return;
	struct rd r = rd_of(q->inner, q->inner_oct);
	if (ip4_head_parse(&r, &inner) || mtu <= q->over_oct || inner.total_len_oct <= mtu - q->over_oct || !inner.is_dont_fragment)
		return; /* without "don't fragment" the source can do nothing: the next packets are cut here */
	slow4_error(s, p->ifindex, false, IC4_UNREACHABLE, IC4_TOO_BIG, mtu - q->over_oct, q->inner, q->inner_oct, now);
}

void slow4_relay(struct slow *s, const struct dp_punted *p, mono_t now)
{
	struct icmp4_packet e;
	struct quote q;

	if (icmp4_packet_parse(p->pkt, p->len_oct, &e) || e.body_len_oct < 4 || !enter(s, &e, &q))
		return;
	enter_nested(&q);
	if (e.type == IC4_UNREACHABLE && e.code == IC4_TOO_BIG) {
		relay_too_big(s, p, &e, &q, now);
		return;
	}
	const uint8_t code = passed_on_as(&e, q.outer.proto);
	if (code != NOTHING && q.inner)
		slow4_error(s, p->ifindex, false, IC4_UNREACHABLE, code, 0, q.inner, q.inner_oct, now);
}
