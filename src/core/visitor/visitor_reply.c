/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies of home agents (RFC 5944 3.7.3, RFC 2794 3, RFC 3519 4.5, RFC 3543 4.2.1, RFC 4721 3.3): found to be one that waits, checked,
 * turned into a visitor or the end of one, and passed on.
 */
#include "core/reg/reg4.h"
#include "core/visitor/visitor_i.h"

static bool is_nai(const struct visitor_request *req, const struct mip4_bytes *nai)
{
	return req->nai_oct == nai->len_oct && memcmp(req->nai, nai->p, nai->len_oct) == 0;
}

/* 3.7.3.1: low half of the identification, home address or (while that is zero) NAI; what a reply says of neither is left to later
 * checks. A home agent that was asked by a broadcast answers from an address of its own, and can only refuse so (3.8.3.2). */
static bool is_answer_to(const struct mip4_packet *p, const struct visitor_pending *pd)
{
	const struct mip4_reply *r = &p->m.reply;
	const struct visitor_request *req = &pd->req;
	bool has_hoa = !addr6_is_none(&req->hoa), has_nai = p->m.ext.has_nai;
	if ((uint32_t)req->id != (uint32_t)r->id || !addr6_eq(&p->dst, &req->relay_src))
		return false;
	if (has_hoa ? !addr6_eq(&req->hoa, &r->hoa) : has_nai && !is_nai(req, &p->m.ext.nai))
		return false;
	if (req->nai_oct && has_nai && !is_nai(req, &p->m.ext.nai))
		return false;
	return addr6_eq(&p->src, &req->ha) || !mip4_code_accepts(r->code);
}

static struct visitor_pending *pending_for(const struct visitors *vs, const struct mip4_packet *p)
{
	uint32_t id_low = (uint32_t)p->m.reply.id;
	for (uint32_t i = 0; i < vs->n_pending; i++)
		if (vs->pending[i].id_low == id_low && is_answer_to(p, vs->pending[i].p))
			return vs->pending[i].p;
	return NULL;
}

/* 3.7.3.1; asked for where the lifetime is not zero (3.7.1) and the request had it (3.5.4). What is there must be right in any case. */
static uint8_t check_auth(const struct visitors *vs, const struct visitor_pending *pd, const struct mip4_packet *p, const struct sa_key *key)
{
	const struct mip4_auth *fh = &p->m.ext.auth[MIP4_FH];
	if (!key || (!fh->n && !(p->m.reply.lifetime_s && pd->has_fh)))
		return VISITOR_PASS;
	return sa4_verify(key, vs->env->crypto, p->msg, fh) ? VISITOR_PASS : MIP4_FA_HA_AUTH;
}

/* What a reply that accepts must have. Its home agent is where reverse tunnels go: no other than the one that was asked. */
static uint8_t check_accepting(const struct mip4_packet *p, const struct visitor_request *req)
{
	const struct mip4_reply *r = &p->m.reply;
	if (!mip4_code_accepts(r->code))
		return VISITOR_PASS;
	if (addr6_is_none(&r->ha))
		return MIP4_FA_NO_HA;
	if (addr6_is_none(&r->hoa))
		return MIP4_FA_NO_HOA;
	if (req->nai_oct && !p->m.ext.has_nai)
		return MIP4_FA_NO_NAI;
	bool is_right = addr6_is_v4unicast(&r->hoa) && addr6_eq(&r->ha, &req->ha) && p->m.ext.relay_oct;
	return is_right ? VISITOR_PASS : MIP4_FA_POOR_REPLY;
}

static uint8_t check_vendor(const struct visitors *vs, const struct mip4_exts *x)
{
	for (uint32_t i = 0; i < x->n_vendor; i++)
		if (x->vendor[i].is_critical && x->vendor[i].off >= x->relay_oct &&
		    !(vs->ops->knows_vendor && vs->ops->knows_vendor(vs->ops->ctx, &x->vendor[i])))
			return MIP4_FA_HA_VENDOR;
	return VISITOR_PASS;
}

/* --- what an accepting reply makes ----------------------------------------------------------------------- */

/* Without the D bit only we can have asked for it: it is said to us wherever it stands. */
static void take_udp(const struct visitors *vs, struct visitor *v, const struct mip4_packet *p)
{
	const struct mip4_exts *x = &p->m.ext;
	v->has_udp = vs->conf->has_udp && !(v->req.flags & MIP4_D) && x->has_udp_reply && x->udp_reply.code < 64;
	v->udp_port = v->has_udp ? p->sport : 0;
	v->keepalive_every = reg4_keepalive(vs->conf->udp_keepalive, v->has_udp ? x->udp_reply.keepalive_s : 0);
}

static void take_revocation(const struct visitors *vs, struct visitor *v, const struct mip4_packet *p, const struct sa_key *key, struct now now)
{
	const struct mip4_exts *x = &p->m.ext;
	v->can_revoke = vs->conf->has_revocation && key && !(v->req.flags & MIP4_D) && x->has_revocation &&
			mip4_is_covered(x, x->revocation.off, MIP4_FH);
	v->has_inform = v->can_revoke && vs->conf->has_inform && x->revocation.inform;
	v->stamp_in = v->can_revoke ? x->revocation.timestamp : 0;
	v->stamp_out = visitors_stamp(now, 0);
	v->revoke_tries = 0;
}

static mono_t expiry_of(const struct visitors *vs, uint16_t granted_s, struct now now)
{
	uint16_t s = granted_s < vs->conf->lifetime_s ? granted_s : vs->conf->lifetime_s;
	return s == MIP4_LIFETIME_INFINITE ? MONO_NEVER : mono_add(now.mono, span_s(s));
}

static bool register_visitor(struct visitors *vs, const struct visitor_request *req, const struct mip4_packet *p, const struct sa_key *key,
			     struct now now)
{
	struct visitor *v = visitors_entry_add(vs, &p->m.reply.hoa);
	if (!v)
		return false;
	struct visitor_request was = v->req;
	bool was_served = v->state == VISITOR_SERVED;
	v->req = *req;
	v->req.hoa = p->m.reply.hoa;
	v->state = VISITOR_SERVED;
	v->lifetime_s = p->m.reply.lifetime_s;
	v->expires = expiry_of(vs, v->lifetime_s, now);
	take_udp(vs, v, p);
	take_revocation(vs, v, p, key, now);
	visitors_arm(vs, v, now);
	vs->n_accepted++;
	vs->ops->accepted(vs->ops->ctx, v, was_served ? &was : NULL, now);
	return true;
}

static void came_to_nothing(struct visitors *vs, const struct visitor_request *req, uint8_t code, struct now now)
{
	if (vs->ops->refused)
		vs->ops->refused(vs->ops->ctx, req, code, now);
}

/* A mobile may end, through us, a registration with another care-of address than ours: that is none of ours. */
static void deregister(struct visitors *vs, const struct visitor_request *req, const struct mip4_packet *p, struct now now)
{
	struct visitor *v = visitors_entry(vs, &p->m.reply.hoa);
	if (req->lifetime_s)
		came_to_nothing(vs, req, p->m.reply.code, now);
	bool is_ours = v && (addr6_eq(&req->coa, &v->req.coa) || addr6_eq(&req->coa, &v->hoa) || req->lifetime_s);
	if (!is_ours)
		return;
	if (v->state == VISITOR_SERVED)
		visitors_end(vs, v, VISITOR_DEREGISTERED, now);
	visitors_remove(vs, v);
}

static bool apply(struct visitors *vs, const struct visitor_request *req, const struct mip4_packet *p, const struct sa_key *key, struct now now)
{
	if (!mip4_code_accepts(p->m.reply.code)) {
		vs->n_denied++;
		reason_count(vs->env, R_VISIT_REFUSED);
		came_to_nothing(vs, req, p->m.reply.code, now);
		return true;
	}
	if (p->m.reply.lifetime_s && req->lifetime_s)
		return register_visitor(vs, req, p, key, now);
	deregister(vs, req, p, now);
	return true;
}

/* RFC 4721 3.3: another challenge than the mobile's; the home agent's code stays, and ours goes beside it. */
static bool is_other_challenge(const struct visitor_pending *pd, const struct mip4_exts *x)
{
	return pd->has_challenge && x->has_challenge &&
	       (x->challenge.len_oct != CHALLENGE_OCT || memcmp(x->challenge.p, pd->challenge, CHALLENGE_OCT) != 0);
}

static void reply_for(struct visitors *vs, struct visitor_pending *pd, const struct mip4_packet *p, uint8_t code, struct now now)
{
	struct visitor_request req = pd->req;
	const struct sa_key *key = vs->ops->home_agent_key(vs->ops->ctx, &p->src);
	bool is_wrong = is_other_challenge(pd, &p->m.ext);
	uint8_t bad = check_auth(vs, pd, p, key);
	bool was_last = !pd->is_superseded;
	code = bad ? bad : code;
	visitors_pending_del(vs, pd);
	if (was_last)
		visitors_pending_settle(vs, &req);
	if (!code)
		code = check_accepting(p, &req);
	if (!code)
		code = check_vendor(vs, &p->m.ext);
	if (!code && is_wrong) {
		reason_count(vs->env, R_VISIT_REPLY_POOR);
		came_to_nothing(vs, &req, MIP4_FA_HA_CHALLENGE, now);
	}
	if (!code && !is_wrong && !apply(vs, &req, p, key, now))
		code = MIP4_FA_NO_RESOURCES;
	if (code)
		visitors_refuse(vs, &req, code, visitors_mobile_key(vs, &req), now);
	else
		visitors_pass_on(vs, &req, p, is_wrong ? MIP4_FA_HA_CHALLENGE : 0);
}

bool visitors_reply_rx(struct visitors *vs, const struct mip4_packet *p, enum wire_err err, struct now now)
{
	struct visitor_pending *pd = pending_for(vs, p);
	if (!pd && vs->env->roles & 1u << ROLE_MN)
		return false; /* it may be this host's own */
	vs->n_replies++;
	uint8_t code = visitors_verdict(err, MIP4_FA_POOR_REPLY);
	if (!pd || code == VISITOR_DISCARD) {
		reason_count(vs->env, pd ? reason_of_wire(err) : R_VISIT_REPLY_UNEXPECTED);
		return true;
	}
	reply_for(vs, pd, p, code, now);
	return true;
}
