/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MMA as a foreign agent (H-7): core/visitor relays registrations to home agents, and asks here what is ours to say. So a home agent of any
 * make will do, and knows nothing of groups.
 *
 *	request, authenticated  -> check: a group is set aside for the mobile; another one than it offered: refused with that one. From now on
 *	                           tunnels of its home agent are delivered: the home agent sends them as soon as it has answered
 *	the home agent accepts  -> accepted: a binding (bind.c), with the identification as its timestamp
 *	whatever is answered    -> answer: our extension; send: through the group (answer4.c)
 *	expired, de-registered, revoked -> gone; revoked: the mobile is told (tell)
 *
 * A mobile that has a group here keeps it. The group is a candidate's to have until the home agent has answered: two requests for one group
 * that are under way at the same time cannot both get it (decisions/offered-groups.md).
 */
#include "base/err.h"
#include "role/mma/mma_i.h"
#include "wire/ip/ip6.h"
#include "wire/mip4/rc4.h"

enum { PENDING_S = 7 /* RFC 5944 3.7.1 */, RATE = 5, TOLD_LIFETIME_MAX_S = MIP4_LIFETIME_INFINITE - 1 };

/* What we remember of a request while the home agent has it, in visitor_request.own. */
struct own {
	struct addr6 candidate;        /* where answers go */
	struct addr6 group, prev;      /* the group set aside */
	bool is_known, is_offered;     /* is_offered: another one than the candidate */
	uint8_t status, flags;         /* enum rc4_group_status, enum rc_reg_flags */
};
_Static_assert(sizeof(struct own) <= VISITOR_OWN_OCT, "fits into the relay's room for us");

static struct own own_of(const struct visitor_request *req)
{
	struct own o;
	memcpy(&o, req->own, sizeof o);
	return o;
}

/* --- keys -------------------------------------------------------------------------------------------------- */

static const struct sa_key *mobile_key(void *ctx, const struct addr6 *hoa, const struct mip4_bytes *nai)
{
	const struct mma_mobile *mo = mma_mobile_find(ctx, hoa);
	(void)nai;
	return mo ? mo->key : NULL;
}

static const struct sa_key *home_agent_key(void *ctx, const struct addr6 *ha)
{
	struct mma_peer *peer = mma_peer_find_home_agent(ctx, ha);
	return peer ? peer->pair.key : NULL;
}

static bool is_ours(void *ctx, const struct addr6 *a)
{
	const struct mma *m = ctx;
	return addr6_eq(a, &m->conf.address_v4) || (m->conf.site_pool.len_bits && prefix6_contains(&m->conf.site_pool, a));
}

/* --- groups ------------------------------------------------------------------------------------------------ */

/* Which group the mobile can have: the one that it has, its candidate, or a free one. False: there is none. */
static bool choose(const struct mma *m, const struct addr6 *hoa, const struct addr6 *candidate, struct addr6 *group)
{
	const struct mma_binding *mb = binding_find(&m->bindings, hoa);
	*group = *candidate;
	if (mb && !addr6_is_none(&mb->group))
		*group = mb->group;
	else if (!prefix6_contains(&m->conf.group_prefix_v4, candidate) || table_find(&m->by_group, candidate))
		return mma_pool_draw_group(m, group);
	return true;
}

static uint8_t no_room(struct mma *m, struct own *o, enum reason why)
{
	reason_count(m->env, why);
	o->status = RC4_GROUP_NONE;
	o->group = addr6_any;
	return MIP4_FA_NO_RESOURCES;
}

static uint8_t take_group(struct mma *m, const struct addr6 *hoa, struct own *o, struct now now)
{
	enum reason why;
	if (!choose(m, hoa, &o->candidate, &o->group))
		return no_room(m, o, R_MMA_GROUP_NONE);
	if (mma_bind_reserve(m, hoa, &o->group, &why, now) != ERR_OK)
		return no_room(m, o, why);
	if (addr6_eq(&o->group, &o->candidate))
		return 0;
	reason_count(m->env, R_MMA_GROUP_TAKEN);
	o->status = RC4_GROUP_TAKEN;
	return MIP4_FA_UNSPECIFIED;
}

/* RFC 5944 leaves the home agent to the mobile; a block may name the only one. */
static bool may_use(const struct mma *m, const struct visitor_request *req)
{
	const struct mma_mobile *mo = mma_mobile_find(m, &req->hoa);
	return mo && (addr6_is_none(&mo->conf->home_agent) || addr6_eq(&mo->conf->home_agent, &req->ha));
}

/* A de-registration through us takes nothing of ours: it needs no group. */
static uint8_t check(void *ctx, struct visitor_request *req, const struct mip4 *msg, const struct visitor *v, struct now now)
{
	struct mma *m = ctx;
	struct rc4 ours;
	(void)v;
	if (addr6_is_none(&req->hoa))
		return MIP4_FA_HOA_REQUIRED;
	if (!may_use(m, req)) {
		reason_count(m->env, R_MMA_HOME_AGENT);
		return MIP4_FA_PROHIBITED;
	}
	if (rc4_parse(&msg->ext, &ours) || !ours.has_group_request || !mip4_is_covered(&msg->ext, ours.off[RC4_GROUP_REQUEST], MIP4_MF)) {
		reason_count(m->env, R_MMA_NOT_OUR_OPTION);
		return MIP4_FA_PROHIBITED;
	}
	struct own o = {.is_known = true, .candidate = ours.group_request.group, .prev = ours.group_request.prev, .flags = ours.group_request.flags};
	uint8_t code = req->lifetime_s ? take_group(m, &req->hoa, &o, now) : 0;
	if (!code && req->lifetime_s)
		mma_bind_expect(m, &req->hoa, &req->ha, &o.prev, now);
	memcpy(req->own, &o, sizeof o);
	return code;
}

/* --- answers ----------------------------------------------------------------------------------------------- */

static void add_group(const struct mma *m, const struct visitor_request *req, const struct own *o, struct rc4 *ours)
{
	const struct mma_binding *mb = binding_find(&m->bindings, &req->hoa);
	struct rc4_group_answer *a = &ours->group_answer;
	ours->has_group_answer = true;
	*a = (struct rc4_group_answer){.status = o->status, .group = o->group};
	_Static_assert((int)RC4_PREFIX_MAX >= (int)MMA_FAMILY_PREFIX_MAX, "all of the site's prefixes fit");
	if (o->status != RC4_GROUP_OK)
		return;
	if (!mb || mb->b.state != BINDING_ACTIVE || !addr6_eq(&mb->group, &o->group)) { /* no room after all */
		*a = (struct rc4_group_answer){.status = RC4_GROUP_NONE};
		return;
	}
	a->site_address = mb->b.coa;
	for (uint32_t i = 0; i < m->conf.n_access_prefix; i++)
		if (addr6_is_v4mapped(&m->conf.access_prefix[i].addr))
			a->prefix[a->n_prefix++] = m->conf.access_prefix[i];
}

static bool is_group_here(const struct mma *m, const struct addr6 *group) { return prefix6_contains(&m->conf.group_prefix_v4, group); }

/* The candidate group; when it is none of this site's, an on-link address that the mobile may have spoken from; else nowhere. */
static struct addr6 place_of(const struct mma *m, const struct visitor_request *req, const struct own *o)
{
	const struct addr6 *group = o->is_known ? &o->candidate : m->asked && m->asked->has_group ? &m->asked->group : NULL;
	if (group && is_group_here(m, group))
		return *group;
	for (uint32_t i = 0; i < m->conf.n_access_prefix; i++)
		if (prefix6_contains(&m->conf.access_prefix[i], &req->src))
			return req->src;
	return addr6_any;
}

/* The extension speaks of a registration that was accepted, or of another group; else the code says all. */
static void answer(void *ctx, const struct visitor_request *req, struct visitor_answer *a)
{
	struct mma *m = ctx;
	const struct own o = own_of(req);
	struct rc4 ours = {0};
	a->path.dport = 0;
	if (m->asked && m->asked->is_farewell) {
		ours.has_forward = m->asked->forward;
		if (ours.has_forward)
			ours.forward = *m->asked->forward;
	} else {
		a->path.dst = place_of(m, req, &o);
		if (o.is_known && (o.status != RC4_GROUP_OK || (mip4_code_accepts(a->code) && req->lifetime_s)))
			add_group(m, req, &o, &ours);
	}
	(void)rc4_add(a->ext, &ours, &m->values); /* there is room: nothing else of vendors' is in it */
}

static void send(void *ctx, const struct visitor_request *req, const struct visitor_answer *a, const void *pkt, size_t len_oct)
{
	struct mma *m = ctx;
	(void)req;
	if (addr6_is_none(&a->path.dst))
		reason_count(m->env, R_MMA_UNHEARD);
	else if (addr6_is_v4multicast(&a->path.dst))
		mma_answer_send(m, &a->path.dst, pkt, len_oct, m->at);
	else
		fx_send(m->env->fx, ROLE_MMA, 0, NULL, pkt, len_oct);
}

/* --- what becomes of it ------------------------------------------------------------------------------------ */

static enum dp_encap encap_of(const struct visitor *v)
{
	if (v->has_udp)
		return DP_ENCAP_UDP;
	switch (mip4_encap(v->req.flags)) {
	case PROTO_MINENC: return DP_ENCAP_MINIMAL;
	case NH_GRE: return DP_ENCAP_GRE_PLAIN;
	}
	return DP_ENCAP_IPIP;
}

static void accepted(void *ctx, struct visitor *v, const struct visitor_request *was, struct now now)
{
	struct mma *m = ctx;
	const struct own o = own_of(&v->req);
	struct mma_binding *mb;
	enum reason why = R_LIMIT_BINDINGS;
	const struct mma_grant g = {
		.hoa = v->hoa, .onlink = v->req.src, .group = o.group, .ha = v->req.ha, .prev = o.prev, .key = mobile_key(m, &v->hoa, NULL), .stamp = v->req.id,
		.lifetime_s = v->lifetime_s < m->visitor_conf.lifetime_s ? v->lifetime_s : m->visitor_conf.lifetime_s,
		.flags = (o.flags & RC_REG_UPLINK_BOUND ? MMA_UPLINK_BOUND : 0) | (v->req.flags & MIP4_T ? MMA_REVERSE : 0),
		.encap = (uint8_t)encap_of(v), .udp_port = v->udp_port,
	};
	(void)was;
	if (!g.key || mma_bind_grant(m, &g, &mb, &why, now) != ERR_OK) {
		reason_count(m->env, why);
		visitors_set_expiry(&m->visitors, v, now.mono); /* it ends at the next tick */
		return;
	}
	m->n_accepted++;
	mma_forward_confirm(m, mb, now);
}

static void gone(void *ctx, struct visitor *v, enum visitor_end why, struct now now)
{
	struct mma *m = ctx;
	struct mma_binding *mb = binding_find(&m->bindings, &v->hoa);
	if (!mb || mb->b.state != BINDING_ACTIVE)
		return;
	if (why == VISITOR_BY_HOME_AGENT)
		mma_bind_fade(m, mb, now);
	else
		mma_bind_release(m, mb, NULL, visitor_end_str(why), now);
}

/* To the mobile, through its group: what it registered is gone. Who has no key of ours cannot say so; a copy of it is known by its timestamp. A
 * foreign agent would advertise anew (RFC 3543 4.1), but advertisements do not leave a link. */
static void say_revoked(struct mma *m, const struct addr6 *hoa, const struct addr6 *ha, const struct addr6 *group, struct now now)
{
	const struct sa_key *key = mobile_key(m, hoa, NULL);
	struct mip4 msg = {.type = MIP4_REVOKE, .revoke = {.hoa = *hoa, .home = *ha, .foreign = m->conf.address_v4, .id = visitors_stamp(now, 0)}};
	const struct mip4_path path = {.src = m->conf.address_v4, .dst = *group};
	struct mip4_built built;
	uint8_t pkt[256];

	if (!key || !addr6_is_v4multicast(group))
		return;
	msg.ext.auth[MIP4_MF] = sa4_auth(key);
	size_t n = mip4_packet_build(pkt, sizeof pkt, &path, &msg, &built);
	if (!n)
		return;
	sa4_sign(key, m->env->crypto, pkt + built.msg_off, &msg.ext.auth[MIP4_MF]);
	mip4_packet_finish(&built, pkt);
	mma_answer_send(m, group, pkt, n, now);
}

void mma_relay_tell(struct mma *m, const struct mma_binding *mb, struct now now) { say_revoked(m, &mb->b.hoa, &mb->ha, &mb->group, now); }

static void tell(void *ctx, struct visitor *v, struct now now)
{
	const struct own o = own_of(&v->req);
	say_revoked(ctx, &v->hoa, &v->req.ha, &o.group, now);
}

static void refused(void *ctx, const struct visitor_request *req, uint8_t code, struct now now)
{
	struct mma *m = ctx;
	uint64_t key = rate_key(&m->refusals, &req->hoa, sizeof req->hoa);
	m->n_refused++;
	if (own_of(req).is_known)
		mma_bind_unexpect(m, &req->hoa);
	if (rate_take(&m->refusals, key, m->conf.refusal_rate, m->conf.refusal_rate, now.mono))
		fx_event(m->env->fx, ROLE_MMA, EV_NOTICE, "registration-refused", &req->hoa, "%s from %s: %s (%u)", ADDR46_STR(&req->hoa),
			 ADDR46_STR(&req->src), mip4_code_str(code), code);
}

static bool knows_vendor(void *ctx, const struct mip4_vendor *v)
{
	(void)ctx;
	return v->enterprise == RC_ENTERPRISE && v->type >= RC4_GROUP_REQUEST && v->type <= RC4_FORWARD;
}

/* --- for the rest of the agent ----------------------------------------------------------------------------- */

void mma_relay_conf(struct mma *m)
{
	int64_t lifetime_s = span_to_s(m->conf.lifetime_max);
	m->visitor_conf = (struct visitor_conf){
		.lifetime_s = (uint16_t)(lifetime_s < TOLD_LIFETIME_MAX_S ? lifetime_s : TOLD_LIFETIME_MAX_S), .visitors_max = m->conf.bindings_max,
		.pending_max = m->conf.pending_max, .pending = span_s(PENDING_S), .encap = MIP4_M | MIP4_G, .reverse = (enum visitor_reverse)m->conf.reverse_v4,
		.is_remote = true, .is_key_required = true, .has_revocation = m->conf.has_revocation, .rate = RATE,
	};
}

int mma_relay_init(struct mma *m)
{
	mma_relay_conf(m);
	m->visitor_ops = (struct visitor_ops){
		.mobile_key = mobile_key, .home_agent_key = home_agent_key, .is_ours = is_ours, .check = check, .knows_vendor = knows_vendor, .answer = answer,
		.send = send, .accepted = accepted, .gone = gone, .tell = tell, .refused = refused, .ctx = m,
	};
	return visitors_init(&m->visitors, m->env, ROLE_MMA, &m->visitor_conf, &m->visitor_ops, 0);
}

void mma_relay_forget(struct mma *m, const struct addr6 *hoa)
{
	struct visitor *v = visitors_find(&m->visitors, hoa);
	if (v)
		visitors_forget(&m->visitors, v);
}

bool mma_relay_revoke(struct mma *m, const struct addr6 *hoa, struct now now)
{
	struct visitor *v = visitors_find(&m->visitors, hoa);
	if (v)
		visitors_revoke(&m->visitors, v, now);
	return v;
}

/* --- store ------------------------------------------------------------------------------------------------- */

enum { CAN_REVOKE = 1, HAS_INFORM = 2 };

/* Enough for a revocation to be understood after a restart; only of IPv4 mobiles that are here. */
void mma_relay_write(const struct mma *m, const struct mma_binding *mb, struct wr *w)
{
	const struct visitor *v = addr6_is_v4mapped(&mb->b.hoa) && mb->b.state == BINDING_ACTIVE ? visitors_find(&m->visitors, &mb->b.hoa) : NULL;
	if (!v)
		return;
	wr_u8(w, mb->encap);
	wr_u16(w, mb->udp_port);
	wr_u8(w, (uint8_t)((v->can_revoke ? CAN_REVOKE : 0) | (v->has_inform ? HAS_INFORM : 0)));
	wr_u8(w, v->req.flags);
	wr_u16(w, v->lifetime_s);
	wr_u32(w, v->stamp_in);
	wr_u32(w, v->stamp_out);
}

static struct visitor_request request_of(const struct mma *m, const struct mma_binding *mb)
{
	const struct own o = {.is_known = true, .candidate = mb->group, .group = mb->group, .prev = mb->prev};
	struct visitor_request req = {.hoa = mb->b.hoa, .ha = mb->ha, .coa = m->conf.address_v4, .src = mb->onlink, .dst = m->conf.address_v4,
		.self = m->conf.address_v4, .relay_src = m->conf.address_v4, .sport = MIP4_PORT, .id = mb->b.stamp};
	memcpy(req.own, &o, sizeof o);
	return req;
}

void mma_relay_restore(struct mma *m, struct mma_binding *mb, struct rd *r, struct now now)
{
	if (!addr6_is_v4mapped(&mb->b.hoa) || mb->b.state != BINDING_ACTIVE)
		return;
	mb->encap = DP_ENCAP_IPIP; /* a registration that was revoked and fades was stored without the rest */
	if (!rd_left(r))
		return;
	struct visitor v = {.hoa = mb->b.hoa, .req = request_of(m, mb), .expires = mb->b.expires};
	mb->encap = rd_u8(r);
	mb->udp_port = rd_u16(r);
	uint8_t flags = rd_u8(r);
	v.can_revoke = flags & CAN_REVOKE;
	v.has_inform = flags & HAS_INFORM;
	v.req.flags = rd_u8(r);
	v.lifetime_s = v.req.lifetime_s = rd_u16(r);
	v.stamp_in = rd_u32(r);
	v.stamp_out = rd_u32(r);
	if (!rd_ok(r) || mb->encap > DP_ENCAP_UDP)
		mb->encap = DP_ENCAP_IPIP;
	else
		(void)visitors_restore(&m->visitors, &v, now); /* no room: data goes on, a revocation is not understood */
}
