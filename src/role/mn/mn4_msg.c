/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registration requests as packets (RFC 5944 3.6.1): who sends to whom, which bits and extensions, and the order of these. What the home
 * agent shall see stands in front of the mobile-home authenticator and is built first; what only the agent of the link shall see, behind
 * it, in a second step, covered by MN-AAA's and the mobile-foreign authenticator where there are keys for them.
 */
#include <string.h>

#include "role/mn/state.h"

enum { PACKET_MAX_OCT = 1200, TTL_REVERSE = 255, PROTO_IPIP = 4 };

/* RFC 5944 3.6.1.1, dynamic home agent address resolution. */
static struct addr6 home_broadcast(const struct mn *mn)
{
	static const struct addr6 ones = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	return prefix6_join(&mn->conf.v4.home_prefix, &ones);
}

const struct sa_key *mn4_msg_key(const struct mn *mn, const struct mn4_spot *s)
{
	if (s->place == MOVE4_SITE)
		return s->mma->key;
	for (uint32_t i = 0; s->place == MOVE4_AGENT && i < mn->conf.v4.n_fa; i++)
		if (addr6_eq(&mn->conf.v4.fa[i].addr, &s->agent))
			return mn->v4.fa_key[i];
	return NULL;
}

static struct mip4_path path_of(const struct mn *mn, const struct mn4_spot *s)
{
	const struct mn4 *v = &mn->v4;
	struct mip4_path p = {.src = s->is_colocated ? s->coa : v->home_address};
	if (!addr6_is_none(&s->agent))
		p.dst = s->agent;
	else
		p.dst = mn4_knows_agent(v) ? v->ha : home_broadcast(mn);
	p.ttl = v->want.reverse && s->place != MOVE4_HOME ? TTL_REVERSE : 0; /* RFC 3024 4.1.1 */
	return p;
}

/* RFC 5944 3.6.1.2. */
static uint8_t flags_of(const struct mn *mn, const struct mn4_spot *s)
{
	const struct mn4 *v = &mn->v4;
	if (s->place == MOVE4_HOME)
		return 0;
	return (uint8_t)((v->want.simultaneous ? MIP4_S : 0) | (mn->conf.v4.broadcast ? MIP4_B : 0) |
			 (s->is_colocated ? MIP4_D : 0) | (v->want.reverse ? MIP4_T : 0) | (v->want.encap == MN_ENCAP_GRE ? MIP4_G : 0) |
			 (v->want.encap == MN_ENCAP_MINIMAL ? MIP4_M : 0));
}

/* RFC 5177 5: explicit mode; de-registrations name no network. */
static void fill_networks(const struct mn *mn, struct mip4_exts *x)
{
	for (uint32_t i = 0; mn->v4.want.network && i < mn->conf.v4.n_network; i++) {
		const struct prefix6 *p = &mn->conf.v4.network[i];
		if (!mn->v4.net_refused[i])
			x->net[x->n_net++] = (struct mip4_net){.sub = MIP4_NET_REQUEST, .len_bits = (uint8_t)(p->len_bits - 96), .addr = p->addr};
	}
}

/* RFC 3519 4.4, RFC 3543 3.2: only with a co-located address; revocations only of direct ones. */
static void fill_colocated(const struct mn *mn, const struct mn4_msg *q, struct mip4_exts *x)
{
	const struct mn4 *v = &mn->v4;
	bool is_direct = q->spot.place == MOVE4_COLOCATED;
	if (v->want.udp) {
		x->has_udp_request = true;
		x->udp_request.is_forced = mn->conf.v4.udp_tunnel == MN_UDP_FORCED;
		x->udp_request.is_r = !is_direct;
		x->udp_request.encap = v->want.encap != MN_ENCAP_IPIP ? PROTO_IPIP : 0; /* M and G are for tunnels without UDP alone */
	}
	if (is_direct && mn->conf.v4.revocation) {
		x->has_revocation = true;
		x->revocation.timestamp = (uint32_t)(q->id >> 32);
		x->revocation.inform = true;
	}
}

static void fill(const struct mn *mn, const struct mn4_msg *q, struct mip4 *m)
{
	const struct mn4 *v = &mn->v4;
	const struct sa_key *key = v->key;
	*m = (struct mip4){.type = MIP4_REQUEST,
			   .request = {.flags = flags_of(mn, &q->spot), .lifetime_s = q->lifetime_s, .hoa = v->home_address,
				       .ha = mn4_knows_agent(v) ? v->ha : home_broadcast(mn), .coa = q->spot.coa, .id = q->id}};
	if (*mn->conf.v4.nai) {
		m->ext.has_nai = true;
		m->ext.nai = (struct mip4_bytes){.p = (const uint8_t *)mn->conf.v4.nai, .len_oct = (uint8_t)strlen(mn->conf.v4.nai)};
	}
	if (q->lifetime_s)
		fill_networks(mn, &m->ext);
	if (q->spot.is_colocated)
		fill_colocated(mn, q, &m->ext);
	m->ext.auth[MIP4_MH] = sa4_auth(key);
}

/* RFC 4721 3.1: a challenge is worth nothing unless something covers it, and is used once. */
static void fill_challenge(struct mn *mn, const struct mn4_spot *s, const struct sa_key *mf, struct mip4_exts *x)
{
	struct mn4_agent *a = mn->v4.active ? mn->v4.active->v4.agent : NULL;
	if (s->place != MOVE4_AGENT || !a || !a->has_challenge || (!mf && !mn->v4.aaa))
		return;
	x->has_challenge = true;
	x->challenge = (struct mip4_bytes){.p = a->challenge, .len_oct = a->challenge_oct};
	if (mn->v4.aaa)
		x->auth[MIP4_AAA] = sa4_auth(mn->v4.aaa);
	a->has_challenge = false;
}

static bool fill_behind(struct mn *mn, const struct mn4_msg *q, const struct sa_key *mf, struct mip4_exts *x, struct rc4_values *values)
{
	fill_challenge(mn, &q->spot, mf, x);
	bool is_delivery = mn->v4.want.encapsulating && q->spot.place == MOVE4_AGENT && !q->spot.is_colocated;
	x->delivery_off = 0;
	x->has_delivery = is_delivery;
	bool is_any = x->has_challenge || is_delivery || mf || q->rc;
	if (q->rc && !rc4_add(x, q->rc, values))
		return false;
	if (mf)
		x->auth[MIP4_MF] = sa4_auth(mf);
	return is_any;
}

/* Both steps; the packet is complete in buf. 0: it did not fit. */
static size_t build(struct mn *mn, const struct mn4_msg *q, const struct mip4_path *to, uint8_t buf[static PACKET_MAX_OCT])
{
	const struct crypto_ops *c = mn->env.crypto;
	const struct sa_key *mf = mn4_msg_key(mn, &q->spot);
	struct mip4 m, behind = {.type = MIP4_REQUEST};
	struct mip4_built built;
	struct rc4_values values;
	uint8_t first[PACKET_MAX_OCT];
	struct mip4_path path = *to;
	fill(mn, q, &m);
	if (!mip4_packet_build(first, sizeof first, &path, &m, &built))
		return 0;
	sa4_sign(mn->v4.key, c, first + built.msg_off, &m.ext.auth[MIP4_MH]);
	mip4_packet_finish(&built, first);
	memcpy(buf, first, built.len_oct);
	if (!fill_behind(mn, q, mf, &behind.ext, &values))
		return built.len_oct;
	path.relay = first + built.msg_off;
	path.relay_oct = built.msg_len_oct;
	if (!mip4_packet_build(buf, PACKET_MAX_OCT, &path, &behind, &built))
		return 0;
	if (behind.ext.auth[MIP4_AAA].n)
		sa4_sign(mn->v4.aaa, c, buf + built.msg_off, &behind.ext.auth[MIP4_AAA]);
	if (mf)
		sa4_sign(mf, c, buf + built.msg_off, &behind.ext.auth[MIP4_MF]);
	mip4_packet_finish(&built, buf);
	return built.len_oct;
}

static const struct lladdr *next_hop(const struct mn *mn, const struct mn4_spot *s)
{
	static const struct lladdr everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	if (s->place == MOVE4_HOME && !mn4_knows_agent(&mn->v4))
		return &everybody;
	return lladdr_is_zero(&s->router) ? NULL : &s->router;
}

void mn4_msg_send(struct mn *mn, const struct mn4_msg *q)
{
	uint8_t buf[PACKET_MAX_OCT];
	struct mip4_path path = path_of(mn, &q->spot);
	size_t n = build(mn, q, &path, buf);
	if (!n || !mn->v4.active)
		return;
	mn->v4.n.requests++;
	fx_send(mn_fx(mn), ROLE_MN, mn->v4.active->ifindex, next_hop(mn, &q->spot), buf, n);
}

/* From the home address by the host's routes: through the new uplink, or at home without one. */
void mn4_msg_send_leave(struct mn4_mma *m, const struct reg4_req *req, const struct rc4 *rc)
{
	struct mn *mn = m->mn;
	uint8_t buf[PACKET_MAX_OCT];
	struct mn4_msg q = {.spot = {.place = MOVE4_SITE, .agent = m->addr, .coa = m->addr, .mma = m}, .id = req->id, .rc = rc};
	struct mip4_path path = {.src = mn->v4.home_address, .dst = m->addr};
	size_t n = build(mn, &q, &path, buf);
	if (n)
		fx_send(mn_fx(mn), ROLE_MN, 0, NULL, buf, n);
}
