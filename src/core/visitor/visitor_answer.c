/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies to mobiles (RFC 5944 3.7.2.3, 3.7.3.2): our refusals and the home agent's replies go out alike, to the station that asked: its
 * IP address may not be routable here, or not be known to it yet.
 */
#include "core/visitor/visitor_i.h"

enum { ALL_PER_S = 500 };

static const struct { uint8_t code; enum reason reason; } reasons[] = {
	{MIP4_FA_POOR_REQUEST, R_VISIT_POOR_REQUEST}, {MIP4_FA_MN_AUTH, R_VISIT_KEY}, {MIP4_FA_INVALID_HA, R_VISIT_HOME_AGENT},
	{MIP4_FA_HOA_REQUIRED, R_VISIT_HOME_ADDRESS}, {MIP4_FA_COA, R_VISIT_COA}, {MIP4_FA_LIFETIME, R_VISIT_LIFETIME},
	{MIP4_FA_ENCAP, R_VISIT_ENCAP}, {MIP4_FA_DELIVERY, R_VISIT_DELIVERY}, {MIP4_FA_REVERSE_MANDATORY, R_VISIT_REVERSE},
	{MIP4_FA_NO_REVERSE, R_VISIT_REVERSE}, {MIP4_FA_TOO_DISTANT, R_VISIT_DISTANT}, {MIP4_FA_MN_VENDOR, R_VISIT_VENDOR},
	{MIP4_FA_HA_VENDOR, R_VISIT_VENDOR}, {MIP4_FA_MISSING_CHALLENGE, R_VISIT_CHALLENGE_NONE},
	{MIP4_FA_UNKNOWN_CHALLENGE, R_VISIT_CHALLENGE_UNKNOWN}, {MIP4_FA_STALE_CHALLENGE, R_VISIT_CHALLENGE_STALE},
	{MIP4_FA_HA_CHALLENGE, R_VISIT_REPLY_POOR}, {MIP4_FA_NO_RESOURCES, R_VISIT_FULL}, {MIP4_FA_TIMEOUT, R_VISIT_TIMEOUT},
	{MIP4_FA_HOME_NET_UNREACHABLE, R_VISIT_UNREACHABLE}, {MIP4_FA_HA_HOST_UNREACHABLE, R_VISIT_UNREACHABLE},
	{MIP4_FA_HA_PORT_UNREACHABLE, R_VISIT_UNREACHABLE}, {MIP4_FA_HA_UNREACHABLE, R_VISIT_UNREACHABLE},
	{MIP4_FA_POOR_REPLY, R_VISIT_REPLY_POOR}, {MIP4_FA_NO_NAI, R_VISIT_REPLY_POOR}, {MIP4_FA_NO_HA, R_VISIT_REPLY_POOR},
	{MIP4_FA_NO_HOA, R_VISIT_REPLY_POOR}, {MIP4_FA_HA_AUTH, R_VISIT_REPLY_KEY},
};

static enum reason reason_of(uint8_t code)
{
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].code == code)
			return reasons[i].reason;
	return R_VISIT_OWNER;
}

static struct visitor_answer answer_to(const struct visitors *vs, const struct visitor_request *req, const struct addr6 *hoa, struct mip4_exts *x)
{
	static const struct addr4 broadcast = {{255, 255, 255, 255}};
	struct visitor_answer a = {.ext = x, .path = {.src = req->self, .dst = *hoa, .dport = req->sport}};
	if (addr6_is_none(hoa))
		a.path.dst = addr6_from_v4(broadcast);
	if (!vs->conf->is_remote) {
		a.ifindex = req->ifindex;
		a.has_lladdr = !lladdr_is_zero(&req->lladdr);
		a.lladdr = req->lladdr;
	}
	return a;
}

static void put(struct visitors *vs, const struct visitor_request *req, struct visitor_answer *a, struct mip4 *m, const struct sa_key *key)
{
	uint8_t buf[VISITOR_BUF_OCT];
	struct mip4_built built;
	const uint8_t *challenge = vs->conf->needs_challenge ? visitors_challenge(vs, &req->lladdr) : NULL;
	if (challenge) { /* RFC 4721 3.3: in any reply */
		m->ext.has_challenge = true;
		m->ext.challenge = (struct mip4_bytes){.len_oct = CHALLENGE_OCT, .p = challenge};
	}
	if (vs->ops->answer)
		vs->ops->answer(vs->ops->ctx, req, a);
	if (key)
		m->ext.auth[MIP4_MF] = sa4_auth(key);
	size_t n = mip4_packet_build(buf, sizeof buf, &a->path, m, &built);
	if (!n)
		return;
	if (key)
		sa4_sign(key, vs->env->crypto, buf + built.msg_off, &m->ext.auth[MIP4_MF]);
	mip4_packet_finish(&built, buf);
	if (vs->ops->send)
		vs->ops->send(vs->ops->ctx, req, a, buf, n);
	else
		fx_send(vs->env->fx, vs->role, a->ifindex, a->has_lladdr ? &a->lladdr : NULL, buf, n);
}

void visitors_answer(struct visitors *vs, const struct visitor_request *req, uint8_t code, uint16_t lifetime_s, const struct sa_key *key)
{
	struct mip4 m = {.type = MIP4_REPLY, .reply = {.code = code, .lifetime_s = lifetime_s, .hoa = req->hoa, .ha = req->ha, .id = req->id}};
	struct visitor_answer a = answer_to(vs, req, &req->hoa, &m.ext);
	a.code = code;
	a.is_ours = true;
	if (req->nai_oct) { /* without a home address nothing else tells the mobile that it is meant */
		m.ext.has_nai = true;
		m.ext.nai = (struct mip4_bytes){.len_oct = req->nai_oct, .p = req->nai};
	}
	put(vs, req, &a, &m, key);
}

/* RFC 5944 3.7.2, RFC 3024 4.2.1: one a second to one mobile; and all together are bounded. */
static bool may_refuse(struct visitors *vs, const struct visitor_request *req, struct now now)
{
	uint64_t key = ~(visitors_mobile(vs, req) ^ visitors_station(vs, &req->lladdr));
	return rate_take(&vs->rate, key, 1, 1, now.mono) && rate_take(&vs->rate, rate_key(&vs->rate, NULL, 0), ALL_PER_S, ALL_PER_S, now.mono);
}

void visitors_refuse(struct visitors *vs, const struct visitor_request *req, uint8_t code, const struct sa_key *key, struct now now)
{
	reason_count(vs->env, reason_of(code));
	vs->n_refused++;
	if (vs->ops->refused)
		vs->ops->refused(vs->ops->ctx, req, code, now);
	if (may_refuse(vs, req, now))
		visitors_answer(vs, req, code, code == MIP4_FA_LIFETIME ? vs->conf->lifetime_s : req->lifetime_s, key);
	else
		reason_count(vs->env, R_LIMIT_RATE);
}

void visitors_pass_on(struct visitors *vs, const struct visitor_request *req, const struct mip4_packet *p, uint8_t fa_error)
{
	struct mip4 m = {.type = MIP4_REPLY};
	const struct addr6 *hoa = addr6_is_none(&p->m.reply.hoa) ? &req->hoa : &p->m.reply.hoa;
	struct visitor_answer a = answer_to(vs, req, hoa, &m.ext);
	a.code = p->m.reply.code;
	a.path.relay = p->msg;
	a.path.relay_oct = p->m.ext.relay_oct ? p->m.ext.relay_oct : VISITOR_REPLY_OCT;
	if (fa_error) {
		m.ext.has_fa_error = true;
		m.ext.fa_error.status = fa_error;
	}
	put(vs, req, &a, &m, visitors_mobile_key(vs, req));
}
