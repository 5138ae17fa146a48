/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registration replies (RFC 5944 3.8.3): addresses and ports are the request's, turned round; the identification tells the mobile how to
 * resynchronise (5.7); mobile-home authentication always, foreign-home where a key is shared.
 *
 * What concerns the foreign agent alone (its UDP tunnel, revocation) stands behind the mobile's authentication, where a mobile that never
 * asked for it does not look (3.8.3.3).
 *
 * An answer to the home address goes straight onto the home link, whatever binding there is (3.8.3.1).
 */
#include "role/ha/ha4_i.h"

enum { PACKET_MAX = 1500 };

static const struct lladdr nobody;

/* Nonces (5.7.2): every answer to an authentic request has a new one. The one of the last answer that accepted counts until it is
 * used: so nobody can make it stale with recorded requests. */
void ha4_draw_nonce(struct ha *h, struct ha4_rq *rq, bool is_accepted, struct now now)
{
	if (h->conf.v4.replay == HA_REPLAY_TIMESTAMP || rq->has_nonce)
		return;
	struct ha4 *b = rq->b || !rq->is_owner ? rq->b : ha4_remember(h, &rq->hoa, now);
	rq->nonce = rng_u32(h->env.rng);
	rq->has_nonce = true;
	rq->b = b;
	if (!b)
		return;
	b->nonce = rq->nonce;
	b->nonce_kept = is_accepted || !b->has_nonce ? rq->nonce : b->nonce_kept;
	b->has_nonce = true;
}

static uint64_t identification(struct ha *h, struct ha4_rq *rq, bool is_accepted, struct now now)
{
	if (h->conf.v4.replay == HA_REPLAY_TIMESTAMP)
		return ha_replay_answer(h, rq->q->id, rq->verdict, rq->b ? &rq->b->b : NULL, now);
	if (!rq->is_authentic)
		return rq->q->id;
	ha4_draw_nonce(h, rq, is_accepted, now);
	return (uint64_t)rq->nonce << 32 | (rq->q->id & UINT32_MAX);
}

static void add_networks(const struct ha4_rq *rq, const struct ha *h, bool is_accepted, struct mip4_exts *x)
{
	const struct mip4_exts *asked = &rq->p->m.ext;
	const struct ha_router *r = is_accepted && !asked->n_net && !rq->is_dereg ? ha_net_find(h, &rq->hoa) : NULL;

	for (uint32_t i = 0; !rq->is_dereg && i < asked->n_net; i++)
		if (asked->net[i].sub == MIP4_NET_REQUEST && x->n_net < MIP4_NET_MAX) {
			x->net[x->n_net] = asked->net[i];
			x->net[x->n_net].sub = MIP4_NET_EXPLICIT;
			x->net[x->n_net++].code = rq->net_code[i];
		}
	for (uint32_t i = 0; r && i < r->n_net && x->n_net < MIP4_NET_MAX; i++)
		x->net[x->n_net++] = (struct mip4_net){.sub = MIP4_NET_IMPLICIT, .len_bits = (uint8_t)(r->net[i].len_bits - 96), .addr = r->net[i].addr};
}

/* Who understands the request's extension gets an answer to it, consistently (RFC 3519 4.6). */
static void add_udp(const struct ha *h, const struct ha4_rq *rq, bool is_accepted, struct mip4_exts *x)
{
	const struct mip4_exts *asked = &rq->p->m.ext;

	if (!asked->has_udp_request || !is_accepted || rq->is_dereg)
		return;
	x->has_udp_reply = true;
	x->udp_reply.code = rq->has_udp ? 0 : 64;
	x->udp_reply.is_forced = rq->has_udp && asked->udp_request.is_forced && !rq->is_nat;
	x->udp_reply.keepalive_s = rq->has_udp ? (uint16_t)span_to_s(h->conf.v4.udp_keepalive) : 0;
}

/* Agreed upon for this binding: by what the binding says (RFC 3543 4.2.1). */
static void add_revocation(const struct ha4_rq *rq, bool is_accepted, struct mip4_exts *x)
{
	const struct ha4 *b = rq->b;

	if (!is_accepted || rq->is_dereg || !b || !b->to.has_revocation)
		return;
	x->has_revocation = true;
	x->revocation.timestamp = b->own_stamp;
	x->revocation.inform = b->to.wants_inform;
}

/* x: what the mobile reads; behind: what only its foreign agent does. */
static void add_extensions(struct ha *h, const struct ha4_rq *rq, bool is_accepted, struct mip4_exts *x, struct mip4_exts *behind)
{
	const struct mip4_exts *asked = &rq->p->m.ext;
	struct mip4_exts *whose = rq->q->flags & MIP4_D ? x : behind;

	x->has_nai = asked->has_nai;
	x->nai = asked->nai;
	add_networks(rq, h, is_accepted, x);
	add_udp(h, rq, is_accepted, whose);
	add_revocation(rq, is_accepted, whose);
	x->auth[MIP4_MH] = sa4_auth(rq->mobile->key);
	behind->has_challenge = asked->has_challenge; /* RFC 4721 3.4 */
	behind->challenge = asked->challenge;
	if (rq->fa_key)
		behind->auth[MIP4_FH] = sa4_auth(rq->fa_key);
}

/* The whole packet, signed; its length, or 0. */
static size_t build(struct ha *h, const struct ha4_rq *rq, uint8_t *out, struct mip4_path *path, struct mip4 *m, struct mip4 *behind)
{
	uint8_t own[PACKET_MAX];
	struct mip4_built built, whole;

	if (!mip4_packet_build(own, sizeof own, path, m, &built))
		return 0;
	sa4_sign(rq->mobile->key, h->env.crypto, own + built.msg_off, &m->ext.auth[MIP4_MH]);
	path->relay = own + built.msg_off;
	path->relay_oct = built.msg_len_oct;
	size_t n = mip4_packet_build(out, PACKET_MAX, path, behind, &whole);
	if (n && rq->fa_key)
		sa4_sign(rq->fa_key, h->env.crypto, out + whole.msg_off, &behind->ext.auth[MIP4_FH]);
	if (n)
		mip4_packet_finish(&whole, out);
	return n;
}

static void transmit(struct ha *h, const struct ha4_rq *rq, const uint8_t *pkt, size_t n)
{
	const struct addr6 *to = &rq->p->src;
	const struct ha_link *at = ha_link_at(h, rq->rx->ifindex), *home = addr6_eq(to, &rq->hoa) ? ha_link_of(h, to) : NULL;
	bool has_lladdr = at && !lladdr_eq(&rq->rx->lladdr_src, &nobody);

	if (addr6_is_none(to) && has_lladdr)
		fx_send(h->env.fx, ROLE_HA, at->ifindex, &rq->rx->lladdr_src, pkt, n);
	else if (home && home->ifindex)
		fx_send(h->env.fx, ROLE_HA, home->ifindex, at == home && has_lladdr ? &rq->rx->lladdr_src : NULL, pkt, n);
	else
		fx_send(h->env.fx, ROLE_HA, 0, NULL, pkt, n);
}

static void send_reply(struct ha *h, struct ha4_rq *rq, uint8_t code, uint16_t lifetime_s, struct now now)
{
	static const struct addr6 everybody = {{[10] = 0xff, 0xff, 255, 255, 255, 255}};
	bool is_accepted = mip4_code_accepts(code);
	uint8_t pkt[PACKET_MAX];
	struct mip4 behind = {.type = MIP4_REPLY}, m = {.type = MIP4_REPLY, .reply = {.code = code, .lifetime_s = lifetime_s, .hoa = rq->hoa,
								     .ha = is_accepted ? rq->q->ha : h->conf.v4.address}};
	struct mip4_path path = {.src = ha_is_own(h, &rq->p->dst) ? rq->p->dst : h->conf.v4.address, .dst = rq->p->src, .sport = rq->p->dport, .dport = rq->p->sport};

	m.reply.id = identification(h, rq, is_accepted, now);
	if (addr6_is_none(&path.dst))
		path.dst = everybody;
	add_extensions(h, rq, is_accepted, &m.ext, &behind.ext);
	size_t n = build(h, rq, pkt, &path, &m, &behind);
	if (n)
		transmit(h, rq, pkt, n);
}

void ha4_accept(struct ha *h, struct ha4_rq *rq, uint16_t lifetime_s, struct now now)
{
	send_reply(h, rq, h->conf.v4.simultaneous > 1 ? MIP4_ACCEPTED : MIP4_ACCEPTED_NO_SIMULTANEOUS, lifetime_s, now);
}

void ha4_refuse(struct ha *h, struct ha4_rq *rq, uint8_t code, struct now now)
{
	h->n_refused++;
	/* What only the mobile itself can have asked for does not count for the foreign agent that relayed it. */
	if (ha_may_answer(h, rq->is_authentic ? &rq->hoa : &rq->p->src, now))
		send_reply(h, rq, code, 0, now);
}
