// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tunnel packets that arrived in fragments and were put together by the kernel, or by reasm.h. The rules are those of the
 * programs (lib/home.h, agent.h, mobile.h); entries are asked for one by one.
 */
#include "base/err.h"
#include "datapath/slow_i.h"

enum { SEEN_MS = 200 };

struct whole {
	struct ip6_head outer, inner;
	struct gre gre;
	bool has_gre;
	const uint8_t *pkt;      /* the inner packet */
	size_t len_oct;
	mono_t now;
};

bool slow_find(struct slow *s, struct dp_op *op) { return s->conf.find && s->conf.find(s->conf.ctx, op) == ERR_OK; }

/* To the host's stack, which forwards it too. */
static void release(struct slow *s, const struct whole *w) { slow_emit(s, SLOW_LOCAL, w->pkt, w->len_oct); }

/* Is a home address, or of the mobile network that moves with it (RFC 3963)? */
bool slow_is_of(struct slow *s, const struct addr6 *a, const struct addr6 *home_address)
{
	struct dp_op op = {.table = DP_NET, .net.prefix = {*a, 128}};
	return addr6_eq(a, home_address) || (slow_find(s, &op) && addr6_eq(&op.net.home_address, home_address));
}

/* The entry by an inner source, or by the home address that its mobile network goes by. */
bool slow_find_of(struct slow *s, struct dp_op *op, struct addr6 *key, const struct addr6 *src)
{
	struct dp_op net = {.table = DP_NET, .net.prefix = {*src, 128}};
	*key = *src;
	if (slow_find(s, op))
		return true;
	if (!slow_find(s, &net))
		return false;
	*key = net.net.home_address;
	return slow_find(s, op);
}

/* A group's packet: its sequence number from the half of the space that the programs reach last. */
static void to_group(struct slow *s, const struct whole *w, const struct dp_coa *e)
{
	struct slow_tunnel t = {.src = e->source, .dst = e->group, .has_gre = true, .has_seq = true,
		.seq = (e->seq_start ^ 0x80000000u) + s->frag_id++, .mtu_oct = SLOW_MTU_GUESS};
	slow_encap(s, &t, w->pkt, w->len_oct, false);
}

static bool is_down(struct slow *s, const struct whole *w)
{
	struct dp_op op = {.table = DP_COA, .coa.coa = w->outer.dst};
	if (w->has_gre || !slow_find(s, &op))
		return false;
	const struct dp_coa *e = &op.coa;
	bool is_forward = !addr6_is_any(&e->forward) && !mono_reached(e->forward_until, w->now);
	bool from_prev = addr6_eq(&w->outer.src, &e->prev) && !mono_reached(e->prev_until, w->now);
	bool is_allowed = (addr6_eq(&w->outer.src, &e->ha) || from_prev) && slow_is_of(s, &w->inner.dst, &e->home_address);
	if (is_allowed && is_forward)
		slow_forward(s, &e->source, &e->forward, w->pkt, w->len_oct);
	else if (is_allowed && !mono_reached(e->expires, w->now))
		to_group(s, w, e);
	return true;
}

static void up(struct slow *s, const struct whole *w)
{
	struct dp_op op = {.table = DP_UPLINK_IN};
	struct dp_op site = {.table = DP_SITE_PREFIX, .site_prefix.prefix = {w->outer.src, 128}};
	if (!slow_find_of(s, &op, &op.uplink_in.inner_src, &w->inner.src) || mono_reached(op.uplink_in.expires, w->now))
		return;
	const struct dp_uplink_in *u = &op.uplink_in;
	bool is_bound = !addr6_is_any(&u->bound);
	if (w->has_gre && (!w->gre.has_key || w->gre.has_seq || (w->gre.key != u->gre_key && w->gre.key != u->gre_key_prev)))
		return;
	if (is_bound ? !addr6_eq(&u->bound, &w->outer.src) : !w->has_gre || !slow_find(s, &site))
		return;
	struct slow_tunnel t = {.src = u->coa, .dst = u->ha, .mtu_oct = SLOW_MTU_GUESS};
	slow_encap(s, &t, w->pkt, w->len_oct, false);
}

static void reverse(struct slow *s, const struct whole *w)
{
	struct dp_op op = {.table = DP_HOME};
	if (w->has_gre)
		return;
	if (!slow_find_of(s, &op, &op.home.home_address, &w->inner.src)) {
		if (slow_speaks_first(s, &w->inner.src, &w->outer.src))
			release(s, w);
		return;
	}
	if (!addr6_eq(&op.home.ha, &w->outer.dst))
		return;
	bool is_bound = !mono_reached(op.home.expires, w->now) &&
			(addr6_eq(&op.home.coa, &w->outer.src) || slow_is_cast_agent(s, &op.home, &w->outer.src));
	bool was_bound = !mono_reached(op.home.prev_until, w->now) && addr6_eq(&op.home.prev, &w->outer.src);
	if (is_bound || was_bound)
		release(s, w);
}

/* Two links may have brought the same fragments; so rare a packet needs no path, only its number. */
bool slow_is_first(struct slow *s, const struct addr6 *src, uint32_t seq, mono_t now)
{
	for (int i = 0; i < SLOW_SEEN; i++)
		if (s->seen[i].seq == seq && addr6_eq(&s->seen[i].src, src) && mono_sub(now, s->seen[i].when).ns < SEEN_MS * NS_PER_MS)
			return false;
	s->seen[s->n_seen++ % SLOW_SEEN] = (struct slow_seen){*src, seq, now};
	return true;
}

static bool is_for_mobile(struct slow *s, const struct whole *w)
{
	struct dp_op op = {.table = DP_DOWNLINK_IN, .downlink_in = {.dst = w->outer.dst, .src = w->outer.src}};
	if (!slow_find(s, &op))
		return false;
	bool is_gre = op.downlink_in.encap == DP_ENCAP_GRE;
	bool is_expected = is_gre == w->has_gre && (!is_gre || (w->gre.has_seq && slow_is_first(s, &w->outer.src, w->gre.seq, w->now)));
	if (is_expected && slow_is_of(s, &w->inner.dst, &op.downlink_in.home_address))
		release(s, w);
	return true;
}

static bool parse(struct whole *w, const uint8_t *pkt, size_t len_oct)
{
	struct rd r = rd_of(pkt, len_oct);
	if (ip6_head_parse(&r, &w->outer) || (w->outer.next != NH_IPV6 && w->outer.next != NH_GRE))
		return false;
	w->has_gre = w->outer.next == NH_GRE;
	if (w->has_gre && (gre_parse(&r, &w->gre) || w->gre.proto != GRE_PROTO_IPV6))
		return false;
	w->pkt = r.p;
	w->len_oct = rd_left(&r);
	return !ip6_head_parse(&r, &w->inner) && (size_t)w->inner.payload_len_oct + IP6_HEAD_OCT == w->len_oct;
}

void slow_raw(struct slow *s, uint32_t ifindex, const uint8_t *pkt, size_t len_oct, mono_t now)
{
	struct whole w = {.now = now};
	struct dp_op local = {.table = DP_LOCAL};
	s->now = now;
	if (len_oct && pkt[0] >> 4 == 4) {
		slow4_raw(s, ifindex, pkt, len_oct, now);
		return;
	}
	if (slow_to_guest(s, pkt, len_oct, now) || !parse(&w, pkt, len_oct) || is_for_mobile(s, &w) || is_down(s, &w))
		return;
	local.local.addr = w.outer.dst;
	if (!slow_find(s, &local))
		return;
	if (local.local.flags & DP_LOCAL_HA && !w.has_gre)
		reverse(s, &w);
	else if (local.local.flags & DP_LOCAL_MMA)
		up(s, &w);
}
