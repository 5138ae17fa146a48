/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of mobiles: a list of checks, each of which lets the request pass, refuses it with a code, or discards it
 * without a word; then the relay to the home agent (RFC 5944 3.7.2, RFC 3024 4.2.1, RFC 4721 3.2, RFC 2794 3, RFC 3115 3).
 */
#include "core/visitor/visitor_i.h"
#include "wire/ip/ip6.h"

enum { TTL_NEIGHBOUR = 255, RESERVED_FLAGS = 0x05, RATE_BURST = 5 };

/* A request on its way through the checks. */
struct ask {
	const struct visitor_link *link;
	const struct rx *rx;
	const struct mip4_packet *p;
	const struct mip4 *m;
	enum wire_err err;
	const struct sa_key *key;       /* shared with the mobile; NULL: none */
	struct visitor *v;              /* the mobile's entry if it is served */
	struct visitor_pending *pending;/* of the same mobile */
	struct visitor_request req;
};

static bool is_dereg(const struct ask *a) { return a->req.lifetime_s == 0; }
static bool is_colocated(const struct ask *a) { return a->req.flags & MIP4_D; }

static bool is_offered(const struct visitor_link *link, const struct addr6 *coa)
{
	for (uint32_t i = 0; i < link->n_coa; i++)
		if (addr6_eq(&link->coa[i], coa))
			return true;
	return false;
}

void visitors_request(const struct visitors *vs, struct visitor_request *req, const struct visitor_link *link, const struct rx *rx,
		      const struct mip4_packet *p)
{
	const struct mip4_request *q = &p->m.request;
	bool is_by_name = addr6_is_v4unicast(&p->dst) && vs->ops->is_ours(vs->ops->ctx, &p->dst);
	*req = (struct visitor_request){
		.hoa = q->hoa, .ha = q->ha, .coa = q->coa, .src = p->src, .dst = p->dst,
		.self = is_by_name ? p->dst : link->addr,
		.relay_src = link->n_coa ? link->coa[0] : link->addr,
		.ifindex = rx->ifindex, .lladdr = rx->lladdr_src, .sport = p->sport,
		.flags = q->flags, .lifetime_s = q->lifetime_s, .id = q->id, .has_delivery = p->m.ext.has_delivery,
	};
	if (!(q->flags & MIP4_D) && is_offered(link, &q->coa))
		req->relay_src = q->coa;
	if (p->m.ext.has_nai) {
		req->nai_oct = p->m.ext.nai.len_oct;
		memcpy(req->nai, p->m.ext.nai.p, req->nai_oct);
	}
}

/* --- checks: PASS, DISCARD or a code --------------------------------------------------------------------- */

/* A mobile that is no endpoint of the tunnel has no say in revocation (RFC 3543 4.2.1). */
static uint8_t check_revocation(struct visitors *vs, struct ask *a)
{
	if (!a->m->ext.has_revocation || is_colocated(a))
		return VISITOR_PASS;
	reason_count(vs->env, R_REVOKE_BY_MOBILE);
	return VISITOR_DISCARD;
}

/* RFC 4721 3.2: whether we asked for one or not. */
static uint8_t check_open_challenge(struct visitors *vs, struct ask *a)
{
	const struct mip4_exts *x = &a->m->ext;
	if (!x->has_challenge || mip4_is_covered(x, x->challenge.off, MIP4_MF) || mip4_is_covered(x, x->challenge.off, MIP4_AAA))
		return VISITOR_PASS;
	reason_count(vs->env, R_VISIT_CHALLENGE_OPEN);
	return VISITOR_DISCARD;
}

/* RFC 5944 3.7.2.1: exactly one, and right, when a key is shared. One that we cannot check is no better than a wrong one: its
 * sender expects an answer that only the key's owner can write. */
static uint8_t check_auth(struct visitors *vs, struct ask *a)
{
	const struct mip4_auth *mf = &a->m->ext.auth[MIP4_MF];
	a->key = visitors_mobile_key(vs, &a->req);
	if (!a->key)
		return mf->n || vs->conf->is_key_required ? MIP4_FA_MN_AUTH : VISITOR_PASS;
	return sa4_verify(a->key, vs->env->crypto, a->p->msg, mf) ? VISITOR_PASS : MIP4_FA_MN_AUTH;
}

static uint8_t check_form(struct visitors *vs, struct ask *a)
{
	(void)vs;
	if (a->err || a->req.flags & RESERVED_FLAGS || !a->m->ext.relay_oct)
		return MIP4_FA_POOR_REQUEST;
	return VISITOR_PASS;
}

static uint8_t check_home_agent(struct visitors *vs, struct ask *a)
{
	return addr6_is_v4unicast(&a->req.ha) && !vs->ops->is_ours(vs->ops->ctx, &a->req.ha) ? VISITOR_PASS : MIP4_FA_INVALID_HA;
}

static uint8_t check_home_address(struct visitors *vs, struct ask *a)
{
	if (addr6_is_none(&a->req.hoa))
		return a->req.nai_oct ? VISITOR_PASS : MIP4_FA_HOA_REQUIRED;
	if (!addr6_is_v4unicast(&a->req.hoa) || addr6_eq(&a->req.hoa, &a->req.ha) || vs->ops->is_ours(vs->ops->ctx, &a->req.hoa))
		return MIP4_FA_POOR_REQUEST;
	return VISITOR_PASS;
}

/* Two mobiles with one (private) home address, of two home agents: delivery could not tell them apart. Who holds the mobile's key, or
 * speaks from its link-layer address, may change its home agent. */
static uint8_t check_overlap(struct visitors *vs, struct ask *a)
{
	if (!a->v || a->key || addr6_eq(&a->v->req.ha, &a->req.ha) || lladdr_eq(&a->v->req.lladdr, &a->req.lladdr))
		return VISITOR_PASS;
	reason_count(vs->env, R_VISIT_OVERLAP);
	return MIP4_FA_PROHIBITED;
}

static uint8_t check_care_of(struct visitors *vs, struct ask *a)
{
	if (is_colocated(a) && !vs->conf->takes_colocated) {
		reason_count(vs->env, R_VISIT_COLOCATED);
		return MIP4_FA_PROHIBITED;
	}
	if (is_dereg(a))
		return VISITOR_PASS;
	if (is_colocated(a))
		return addr6_is_v4unicast(&a->req.coa) && !vs->ops->is_ours(vs->ops->ctx, &a->req.coa) ? VISITOR_PASS : MIP4_FA_COA;
	return is_offered(a->link, &a->req.coa) ? VISITOR_PASS : MIP4_FA_COA;
}

static uint8_t check_lifetime(struct visitors *vs, struct ask *a)
{
	return a->req.lifetime_s > vs->conf->lifetime_s ? MIP4_FA_LIFETIME : VISITOR_PASS;
}

/* A co-located mobile opens and makes its tunnels itself. */
static uint8_t check_tunnel(struct visitors *vs, struct ask *a)
{
	uint8_t wants = a->req.flags & (MIP4_M | MIP4_G);
	if (is_dereg(a) || is_colocated(a))
		return VISITOR_PASS;
	if (wants & ~vs->conf->encap)
		return MIP4_FA_ENCAP;
	if (a->req.has_delivery && !vs->conf->has_delivery)
		return MIP4_FA_DELIVERY;
	if (!(a->req.flags & MIP4_T) && vs->conf->reverse == VISITOR_REVERSE_REQUIRED)
		return MIP4_FA_REVERSE_MANDATORY;
	return VISITOR_PASS;
}

/* RFC 3024 4.2.1: only a neighbour can send with 255. */
static uint8_t check_reverse(struct visitors *vs, struct ask *a)
{
	if (!(a->req.flags & MIP4_T))
		return VISITOR_PASS;
	if (!vs->conf->is_remote && a->p->ttl != TTL_NEIGHBOUR)
		return MIP4_FA_TOO_DISTANT;
	bool is_ours = !is_dereg(a) && !is_colocated(a);
	return is_ours && vs->conf->reverse == VISITOR_REVERSE_OFF ? MIP4_FA_NO_REVERSE : VISITOR_PASS;
}

/* RFC 3115 3: only those behind the mobile's own authentication are meant for us. */
static uint8_t check_vendor(struct visitors *vs, struct ask *a)
{
	const struct mip4_exts *x = &a->m->ext;
	for (uint32_t i = 0; i < x->n_vendor; i++)
		if (x->vendor[i].is_critical && x->vendor[i].off >= x->relay_oct &&
		    !(vs->ops->knows_vendor && vs->ops->knows_vendor(vs->ops->ctx, &x->vendor[i])))
			return MIP4_FA_MN_VENDOR;
	return VISITOR_PASS;
}

/* The same request again, but for its identification (RFC 4721 3.2). */
static bool is_again(const struct ask *a, const struct mip4_bytes *challenge)
{
	const struct visitor_pending *pd = a->pending;
	return pd && pd->has_challenge && memcmp(pd->challenge, challenge->p, CHALLENGE_OCT) == 0 && addr6_eq(&pd->req.ha, &a->req.ha) &&
	       addr6_eq(&pd->req.coa, &a->req.coa) && pd->req.flags == a->req.flags && pd->req.lifetime_s == a->req.lifetime_s &&
	       pd->req.has_delivery == a->req.has_delivery && lladdr_eq(&pd->req.lladdr, &a->req.lladdr) &&
	       pd->req.ifindex == a->req.ifindex;
}

static uint8_t check_challenge(struct visitors *vs, struct ask *a)
{
	const struct mip4_exts *x = &a->m->ext;
	if (!vs->conf->needs_challenge)
		return VISITOR_PASS;
	if (!x->has_challenge)
		return MIP4_FA_MISSING_CHALLENGE;
	switch (challenge_check(&vs->challenge, visitors_mobile(vs, &a->req), visitors_station(vs, &a->req.lladdr), x->challenge.p,
				x->challenge.len_oct)) {
	case CHALLENGE_OK: return VISITOR_PASS;
	case CHALLENGE_UNKNOWN: return MIP4_FA_UNKNOWN_CHALLENGE;
	case CHALLENGE_STALE: return is_again(a, &x->challenge) ? VISITOR_PASS : MIP4_FA_STALE_CHALLENGE;
	}
	return MIP4_FA_UNKNOWN_CHALLENGE;
}

static uint8_t check_room(struct visitors *vs, struct ask *a)
{
	bool is_new = !a->v && !is_dereg(a);
	if (is_new && (a->link->is_busy || visitors_count(vs) >= vs->conf->visitors_max))
		return MIP4_FA_NO_RESOURCES;
	bool has_own = a->pending && visitors_is_station(vs, &a->pending->req, &a->req); /* whose place this one can have */
	return !has_own && vs->n_pending >= vs->conf->pending_max ? MIP4_FA_NO_RESOURCES : VISITOR_PASS;
}

static uint8_t (*const checks[])(struct visitors *vs, struct ask *a) = {
	check_revocation, check_open_challenge, check_form, check_auth, check_home_agent, check_home_address, check_overlap,
	check_care_of, check_lifetime, check_tunnel, check_reverse, check_vendor, check_challenge, check_room,
};

static uint8_t check(struct visitors *vs, struct ask *a, struct now now)
{
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		uint8_t code = checks[i](vs, a);
		if (code)
			return code;
	}
	return vs->ops->check ? vs->ops->check(vs->ops->ctx, &a->req, a->m, a->v, now) : VISITOR_PASS;
}

/* --- relay ----------------------------------------------------------------------------------------------- */

/* Ours for the home agent, in their order (RFC 3519 4.5, RFC 3543 3.2). A co-located mobile asks for its UDP tunnel itself. */
static void add_exts(const struct visitors *vs, const struct visitor_request *req, const struct sa_key *key, struct mip4_exts *x, struct now now)
{
	if (vs->conf->has_udp && !(req->flags & MIP4_D) && req->lifetime_s) {
		x->has_udp_request = true;
		x->udp_request.is_forced = vs->conf->is_udp_forced;
		x->udp_request.encap = NH_IPV4; /* whatever M and G say: what the datapath has */
	}
	if (vs->conf->has_revocation && key) {
		x->has_revocation = true;
		x->revocation.inform = vs->conf->has_inform;
		x->revocation.timestamp = visitors_stamp(now, 0);
	}
	if (key)
		x->auth[MIP4_FH] = sa4_auth(key);
}

static uint64_t bytes_of(const struct visitors *vs, const struct mip4_packet *p) { return rate_key(&vs->rate, p->msg, p->m.ext.relay_oct); }

static uint16_t random_id(const struct visitors *vs) { return (uint16_t)(1 + rng_below(vs->env->rng, UINT16_MAX)); }

static void relay(struct visitors *vs, struct visitor_pending *pd, const struct mip4_packet *p, struct now now)
{
	uint8_t buf[VISITOR_BUF_OCT];
	struct mip4 out = {.type = MIP4_REQUEST};
	struct mip4_built built;
	const struct sa_key *key = pd->has_fh ? vs->ops->home_agent_key(vs->ops->ctx, &pd->req.ha) : NULL;
	pd->ip_id = random_id(vs);
	const struct mip4_path path = {
		.src = pd->req.relay_src, .dst = pd->req.ha, .id = pd->ip_id, .relay = p->msg, .relay_oct = p->m.ext.relay_oct,
	};
	add_exts(vs, &pd->req, key, &out.ext, now);
	size_t n = mip4_packet_build(buf, sizeof buf, &path, &out, &built);
	if (!n)
		return; /* cannot be: what came in fits into a frame; the mobile hears 78 */
	if (key)
		sa4_sign(key, vs->env->crypto, buf + built.msg_off, &out.ext.auth[MIP4_FH]);
	mip4_packet_finish(&built, buf);
	fx_send(vs->env->fx, vs->role, 0, NULL, buf, n);
	vs->n_relayed++;
}

static void note_challenge(struct visitors *vs, struct visitor_pending *pd, const struct mip4_exts *x)
{
	if (!vs->conf->needs_challenge || !x->has_challenge || x->challenge.len_oct != CHALLENGE_OCT)
		return;
	pd->has_challenge = true;
	memcpy(pd->challenge, x->challenge.p, CHALLENGE_OCT);
	challenge_use(&vs->challenge, visitors_mobile(vs, &pd->req), visitors_station(vs, &pd->req.lladdr), pd->challenge);
}

/* A newer request waits beside the older: nobody who asks in a mobile's name takes the place of what the mobile asked. */
static void accept(struct visitors *vs, struct ask *a, struct now now)
{
	struct visitor_pending *pd = visitors_pending_room(vs, &a->req) ? visitors_pending_add(vs, &a->req) : NULL;
	if (!pd) {
		visitors_refuse(vs, &a->req, MIP4_FA_NO_RESOURCES, a->key, now);
		return;
	}
	/* RFC 5944 3.5.4: neither for a de-registration nor for a care-of address that is not ours. */
	pd->has_fh = !is_dereg(a) && !is_colocated(a) && vs->ops->home_agent_key(vs->ops->ctx, &a->req.ha);
	pd->bytes = bytes_of(vs, a->p);
	note_challenge(vs, pd, &a->m->ext);
	visitors_pending_arm(vs, pd, now);
	relay(vs, pd, a->p, now);
}

/* Each mobile, and all together, may cost us and its home agent only so much. */
static bool is_too_often(struct visitors *vs, const struct visitor_request *req, struct now now)
{
	uint32_t rate = vs->conf->rate;
	uint64_t key = visitors_mobile(vs, req) ^ visitors_station(vs, &req->lladdr);
	if (!rate || rate_take(&vs->rate, key, rate, rate < RATE_BURST ? RATE_BURST : rate, now.mono))
		return false;
	reason_count(vs->env, R_LIMIT_RATE);
	return true;
}

/* The identification of a request that waits. The very same from the same station goes on once more; all else could only put
 * somebody in the mobile's place, or spoil what the home agent is asked. */
static void repeat(struct visitors *vs, struct visitor_pending *pd, const struct ask *a, struct now now)
{
	if (visitors_is_station(vs, &pd->req, &a->req) && pd->bytes == bytes_of(vs, a->p))
		relay(vs, pd, a->p, now);
	else
		reason_count(vs->env, R_VISIT_REPEATED);
}

bool visitors_request_rx(struct visitors *vs, const struct visitor_link *link, const struct rx *rx, const struct mip4_packet *p,
			 enum wire_err err, struct now now)
{
	struct ask a = {.link = link, .rx = rx, .p = p, .m = &p->m, .err = err};
	bool is_home_agent = vs->env->roles & 1u << ROLE_HA;
	if (!link || (is_home_agent && vs->ops->is_ours(vs->ops->ctx, &p->m.request.ha)))
		return false; /* RFC 5944 3.7.2: as a home agent then */
	uint8_t code = visitors_verdict(err, MIP4_FA_POOR_REQUEST);
	if (code == VISITOR_DISCARD) {
		reason_count(vs->env, reason_of_wire(err));
		return true;
	}
	visitors_request(vs, &a.req, link, rx, p);
	if (is_too_often(vs, &a.req, now))
		return true;
	vs->n_requests++;
	struct visitor_pending *same = visitors_pending_same(vs, &a.req);
	if (same) {
		repeat(vs, same, &a, now);
		return true;
	}
	a.v = visitors_find(vs, &a.req.hoa);
	a.pending = visitors_pending_of(vs, &a.req);
	code = check(vs, &a, now);
	if (code == VISITOR_PASS)
		accept(vs, &a, now);
	else if (code != VISITOR_DISCARD)
		visitors_refuse(vs, &a.req, code, a.key, now);
	return true;
}
