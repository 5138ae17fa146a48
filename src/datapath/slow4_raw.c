// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tunnel packets of IPv4 made whole again, by the kernel (which had their fragments) or by reasm.h: IP-in-IP (RFC 2003), GRE (RFC 2784, RFC 2890),
 * minimal encapsulation (RFC 2004) and UDP (RFC 3519). Also what the programs leave: GRE with a checksum, options in front. The rules are those of
 * the programs; entries are asked for one by one.
 *
 * The order in which a packet's place is looked for: a mobile's tunnel, then by the role of the address that it came to: visitors of a
 * foreign agent, mobiles of a site's agent, what comes up from them, and reverse tunnels to a home agent.
 */
#include "datapath/slow_i.h"

#include <string.h>

#include "base/err.h"
#include "wire/ip/minenc.h"
#include "wire/ip/udp4.h"
#include "wire/mip4/mip4.h"

enum { MIP_DATA_OCT = 4 };

struct whole4 {
	struct addr6 src, dst;           /* outer */
	enum dp_encap encap;             /* GRE: with key or sequence number, else GRE_PLAIN */
	struct gre gre;
	uint16_t sport;                  /* UDP */
	const uint8_t *pkt;              /* the inner packet */
	size_t len_oct;
	struct addr6 inner_src, inner_dst;
	uint32_t ifindex;
	mono_t now;
};

/* To the host's stack, which forwards it too. */
static void release(struct slow *s, const struct whole4 *w) { slow_emit(s, SLOW_LOCAL, w->pkt, w->len_oct); }

static void send_on(struct slow *s, const struct whole4 *w, struct slow4_tunnel *t)
{
	if (!t->mtu_oct)
		t->mtu_oct = slow4_mtu_of(s, &t->dst, w->now);
	slow4_encap(s, t, w->ifindex, w->pkt, w->len_oct, false, w->now);
}

static bool parse(struct slow *s, struct whole4 *w, const uint8_t *pkt, size_t len_oct);

/* --- a mobile ------------------------------------------------------------------------------------------------------ */

static bool is_everybody(const struct addr6 *a)
{
	static const struct addr4 all = {{255, 255, 255, 255}};
	const struct addr4 v4 = addr6_to_v4(a);
	return addr6_is_v4multicast(a) || !memcmp(&v4, &all, sizeof all);
}

static bool is_for_mobile(struct slow *s, const struct whole4 *w)
{
	struct dp_op op = {.table = DP_DOWNLINK_IN, .downlink_in = {.dst = w->dst, .src = w->src}};
	if (!slow_find(s, &op))
		return false;
	const struct dp_downlink_in *d = &op.downlink_in;
	const bool is_grouped = d->encap == DP_ENCAP_GRE;
	const bool is_form = w->encap == d->encap || (!is_grouped && w->encap == DP_ENCAP_IPIP);
	const bool is_mine = slow_is_of(s, &w->inner_dst, &d->home_address) || is_everybody(&w->inner_dst) ||
			     (!addr6_is_none(&d->broadcast) && addr6_eq(&w->inner_dst, &d->broadcast));
	if (is_form && is_mine && (!is_grouped || (w->gre.has_seq && slow_is_first(s, &w->src, w->gre.seq, w->now))))
		release(s, w);
	return true;
}

/* --- a foreign agent ------------------------------------------------------------------------------------------------- */

static bool to_visitor(struct slow *s, const struct whole4 *w)
{
	struct dp_op op = {.table = DP_VISIT};
	if (!slow_find_of(s, &op, &op.visit.home_address, &w->inner_dst))
		return false;
	const struct dp_visit *v = &op.visit;
	if (v->up == DP_VISIT_WAIT || !addr6_eq(&v->ha, &w->src) || !addr6_eq(&v->coa, &w->dst) || mono_reached(v->expires, w->now))
		return false;
	send_on(s, w, &(struct slow4_tunnel){.encap = DP_ENCAP_NONE, .dst = w->inner_dst, .ifindex = v->ifindex, .next_hop = v->lladdr,
					     .mtu_oct = SLOW_MTU_GUESS});
	return true;
}

/* RFC 3024 4.3.2: the visitor's own tunnel to us is opened, and goes on as ours to its home agent. */
static bool from_visitor(struct slow *s, const struct whole4 *w)
{
	struct dp_op op = {.table = DP_VISIT, .visit.home_address = w->src};
	if (w->encap != DP_ENCAP_IPIP || !slow_find(s, &op))
		return false;
	const struct dp_visit *v = &op.visit;
	if (v->up == DP_VISIT_ENCAPSULATED && addr6_eq(&v->coa, &w->dst) && slow_is_of(s, &w->inner_src, &v->home_address) &&
	    w->ifindex == v->ifindex && !mono_reached(v->expires, w->now))
		send_on(s, w, &(struct slow4_tunnel){.src = v->coa, .dst = v->ha, .encap = v->encap, .udp_port = v->udp_port});
	return true;
}

/* --- a site's agent --------------------------------------------------------------------------------------------------- */

/* A group's packet: its sequence number from the half of the space that the programs reach last. */
static void to_group(struct slow *s, const struct dp_coa *e, const uint8_t *pkt, size_t len_oct, uint32_t ifindex, mono_t now)
{
	const struct slow4_tunnel t = {.src = e->source, .dst = e->group, .encap = DP_ENCAP_GRE, .has_seq = true,
		.seq = (e->seq_start ^ 0x80000000u) + s->frag_id++, .mtu_oct = slow4_mtu_of(s, &e->group, now)};
	slow4_encap(s, &t, ifindex, pkt, len_oct, false, now);
}

static bool is_down(struct slow *s, const struct whole4 *w)
{
	struct dp_op op = {.table = DP_COA};
	if (w->encap == DP_ENCAP_GRE || !slow_find_of(s, &op, &op.coa.coa, &w->inner_dst))
		return false;
	const struct dp_coa *e = &op.coa;
	const bool is_forward = !addr6_is_none(&e->forward) && !mono_reached(e->forward_until, w->now);
	const bool from_prev = !addr6_is_none(&e->prev) && addr6_eq(&w->src, &e->prev) && !mono_reached(e->prev_until, w->now);
	if (!addr6_eq(&w->dst, &e->source) || (!addr6_eq(&w->src, &e->ha) && !from_prev))
		return false;
	if (is_forward)
		send_on(s, w, &(struct slow4_tunnel){.src = e->source, .dst = e->forward, .encap = DP_ENCAP_IPIP});
	else if (!mono_reached(e->expires, w->now))
		to_group(s, e, w->pkt, w->len_oct, w->ifindex, w->now);
	return true;
}

static bool is_up(struct slow *s, const struct whole4 *w)
{
	struct dp_op op = {.table = DP_UPLINK_IN};
	struct dp_op site = {.table = DP_SITE_PREFIX, .site_prefix.prefix = {w->src, 128}};
	if (w->encap != DP_ENCAP_GRE || !w->gre.has_key || w->gre.has_seq || !slow_find_of(s, &op, &op.uplink_in.inner_src, &w->inner_src))
		return false;
	const struct dp_uplink_in *u = &op.uplink_in;
	const bool is_bound = !addr6_is_none(&u->bound);
	if (mono_reached(u->expires, w->now) || (w->gre.key != u->gre_key && w->gre.key != u->gre_key_prev) ||
	    (is_bound ? !addr6_eq(&u->bound, &w->src) : !slow_find(s, &site)))
		return true;
	if (addr6_is_none(&u->ha))
		release(s, w);
	else
		send_on(s, w, &(struct slow4_tunnel){.src = u->coa, .dst = u->ha, .encap = u->encap, .udp_port = u->udp_port});
	return true;
}

/* --- a home agent --------------------------------------------------------------------------------------------------- */

static bool is_one_of_more(struct slow *s, const struct dp_home *h, const struct addr6 *src, mono_t now)
{
	struct dp_op op = {.table = DP_HOME_MORE, .home_more.home_address = h->home_address};
	if (!h->has_more || !slow_find(s, &op))
		return false;
	for (uint32_t i = 0; i < op.home_more.n && i < DP_HOME_MORE_MAX; i++)
		if (addr6_eq(&op.home_more.to[i].coa, src) && !mono_reached(op.home_more.to[i].expires, now))
			return true;
	return false;
}

/* A tunnel of the mobile's own in the one that was allowed (RFC 5177 7): what is in it is the mobile's too, or it goes nowhere. Of anything
 * else the host's stack knows what to do. */
static void release_reverse(struct slow *s, const struct whole4 *w)
{
	struct whole4 in = {.now = w->now};
	struct ip4_walk k;

	if (!addr6_eq(&w->inner_dst, &w->dst) || ip4_walk(w->pkt, w->len_oct, &k) || k.ip.proto != NH_IPV4)
		release(s, w);
	else if (parse(s, &in, w->pkt, w->len_oct) && slow_is_of(s, &in.inner_src, &w->inner_src))
		release(s, &in);
}

/* RFC 3024 4.4: only from a care-of address of the mobile, and only when it asked for a reverse tunnel. */
static void reverse(struct slow *s, const struct whole4 *w)
{
	struct dp_op op = {.table = DP_HOME};
	if (w->encap == DP_ENCAP_GRE)
		return;
	if (!slow_find_of(s, &op, &op.home.home_address, &w->inner_src)) {
		if (w->encap == DP_ENCAP_IPIP && slow_speaks_first(s, &w->inner_src, &w->src))
			release(s, w);
		return;
	}
	const struct dp_home *h = &op.home;
	const bool is_bound = !mono_reached(h->expires, w->now) &&
			      (addr6_eq(&h->coa, &w->src) || is_one_of_more(s, h, &w->src, w->now) || slow_is_cast_agent(s, h, &w->src));
	const bool was_bound = !mono_reached(h->prev_until, w->now) && addr6_eq(&h->prev, &w->src);
	if (h->is_reverse && addr6_eq(&h->ha, &w->dst) && (is_bound || was_bound))
		release_reverse(s, w);
}

/* --- */

/* Leaves the inner packet in w. */
static bool open_tunnel(struct slow *s, struct whole4 *w, const struct ip4_walk *k, const uint8_t *pkt, size_t len_oct)
{
	struct rd r = rd_of(pkt + k->off, k->len_oct);
	struct udp4_packet u;

	switch (k->ip.proto) {
	case NH_IPV4:
		w->encap = DP_ENCAP_IPIP;
		break;
	case NH_GRE:
		if (gre_parse(&r, &w->gre) || w->gre.proto != GRE_PROTO_IPV4)
			return false;
		w->encap = w->gre.has_key || w->gre.has_seq ? DP_ENCAP_GRE : DP_ENCAP_GRE_PLAIN;
		break;
	case NH_UDP:
		if (udp4_packet_parse(pkt, len_oct, &u) || u.dport != MIP4_PORT || u.data_len_oct < MIP_DATA_OCT || u.data[0] != MIP4_DATA ||
		    u.data[1] != NH_IPV4)
			return false;
		w->encap = DP_ENCAP_UDP;
		w->sport = u.sport;
		r = rd_of(u.data + MIP_DATA_OCT, u.data_len_oct - MIP_DATA_OCT);
		break;
	case PROTO_MINENC:
		w->encap = DP_ENCAP_MINIMAL;
		w->pkt = s->opened;
		return !minenc_unwrap(s->opened, sizeof s->opened, pkt, len_oct, &w->len_oct);
	default: return false;
	}
	w->pkt = r.p;
	w->len_oct = rd_left(&r);
	return true;
}

static bool parse(struct slow *s, struct whole4 *w, const uint8_t *pkt, size_t len_oct)
{
	struct ip4_walk k;
	struct ip4_head inner;

	if (ip4_walk(pkt, len_oct, &k) || !open_tunnel(s, w, &k, pkt, len_oct))
		return false;
	struct rd r = rd_of(w->pkt, w->len_oct);
	if (ip4_head_parse(&r, &inner) || inner.total_len_oct > w->len_oct)
		return false;
	w->len_oct = inner.total_len_oct;
	w->src = k.src;
	w->dst = k.dst;
	w->inner_src = addr6_from_v4(inner.src);
	w->inner_dst = addr6_from_v4(inner.dst);
	return true;
}

void slow4_raw(struct slow *s, uint32_t ifindex, const uint8_t *pkt, size_t len_oct, mono_t now)
{
	struct whole4 w = {.ifindex = ifindex, .now = now};
	struct dp_op local = {.table = DP_LOCAL};

	if (slow_to_guest(s, pkt, len_oct, now) || !parse(s, &w, pkt, len_oct) || is_for_mobile(s, &w))
		return;
	local.local.addr = w.dst;
	if (!slow_find(s, &local))
		return;
	const uint32_t flags = local.local.flags;
	if (flags & DP_LOCAL_FA && (to_visitor(s, &w) || from_visitor(s, &w)))
		return;
	if (flags & DP_LOCAL_MMA && (is_down(s, &w) || is_up(s, &w)))
		return;
	if (flags & DP_LOCAL_HA)
		reverse(s, &w);
}

bool slow4_to_mobile(struct slow *s, const uint8_t *pkt, size_t len_oct, mono_t now)
{
	struct rd r = rd_of(pkt, len_oct);
	struct ip4_head h;

	if (ip4_head_parse(&r, &h))
		return false;
	struct dp_op visit = {.table = DP_VISIT, .visit.home_address = addr6_from_v4(h.dst)}, coa = {.table = DP_COA, .coa.coa = addr6_from_v4(h.dst)};
	if (slow_find(s, &visit) && visit.visit.up != DP_VISIT_WAIT && !mono_reached(visit.visit.expires, now)) {
		const struct slow_out o = {.kind = SLOW_LINK, .bytes = pkt, .len_oct = len_oct, .ifindex = visit.visit.ifindex, .lladdr = visit.visit.lladdr};
		s->conf.emit(s->conf.ctx, &o);
		return true;
	}
	if (!slow_find(s, &coa) || mono_reached(coa.coa.expires, now))
		return false;
	to_group(s, &coa.coa, pkt, len_oct, 0, now);
	return true;
}
