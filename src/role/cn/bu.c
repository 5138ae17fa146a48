/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Binding Updates to a correspondent node (RFC 6275 9.5.1 to 9.5.4).
 *
 * The checks stand in one list, in order; a table says what the mobile is told for each: nothing, a status
 * without authentication (its nonces are unknown, so there is no key), or a signed one. A refusal changes no state.
 * The binding cache is asked only once the authenticator has proved that the sender receives at home address and care-of address;
 * before that it serves only to find circles, and updates for a home agent.
 *
 * Lifetime zero removes a binding; so does a care-of address that is the home address, whatever the lifetime (RFC 3775 9.5.1 says
 * so; RFC 6275 leaves it out, but a binding to the home address itself would serve nobody). The key of both is made of the home token alone.
 */
#include "base/err.h"
#include "core/auth/replay.h"
#include "role/cn/cn_i.h"

enum { R_OK = -1, LIFETIME_UNIT_S = 4, CIRCLE_MAX = 8 };

struct request {
	const struct mh_packet *p;
	struct cn_key key;
	struct cn_grant g;             /* what is asked for */
	bool is_delete;
	struct rr_kbm kbm;
	struct cn_binding *b;          /* active or remembered, or NULL */
	struct now now;
};

static bool is_active(const struct cn_binding *b) { return b && b->is_active; }

/* --- answers --------------------------------------------------------------------------------------------- */

enum how { SILENT, UNSIGNED, SIGNED };

static const struct refusal { enum reason why; uint8_t status; enum how how; } refusals[] = {
	{R_BU_NOT_A_HOME_AGENT, BA_HOME_REG_UNSUPPORTED, UNSIGNED},
	{R_BU_TYPE_CHANGE, BA_REG_TYPE_CHANGE, UNSIGNED},
	{R_RR_NONCE_HOME, BA_HOME_NONCE_EXPIRED, UNSIGNED},
	{R_RR_NONCE_COA, BA_COA_NONCE_EXPIRED, UNSIGNED},
	{R_RR_NONCES, BA_NONCES_EXPIRED, UNSIGNED},
	{R_RR_NONCES_USED, BA_NONCES_EXPIRED, UNSIGNED},
	{R_BU_SEQ_OLD, BA_SEQ_OUT_OF_WINDOW, SIGNED},
	{R_BU_REPLAYED, BA_SEQ_OUT_OF_WINDOW, SIGNED},
	{R_LIMIT_BINDINGS, BA_NO_RESOURCES, SIGNED},
}; /* all others: silent */

static const struct refusal *refusal_of(enum reason why)
{
	static const struct refusal silent = {.how = SILENT};
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (refusals[i].why == why)
			return &refusals[i];
	return &silent;
}

/* To where the update came from, whatever the binding cache says, with the type 2 routing header when it had a Home Address
 * option (9.5.4). */
static void answer(struct cn *cn, const struct request *rq, struct mh_ba ba, bool is_signed)
{
	uint8_t buf[256];
	struct mh m = {.ba = ba, .opt.has_bind_auth = is_signed};
	struct mh_built built;
	const struct mh_packet *p = rq->p;

	size_t n = ba_packet_build(buf, sizeof buf, &p->dst, &p->src, p->has_hao ? &p->hao : NULL, &m, &built);
	rr_sign(&rq->kbm, cn->env->crypto, &rq->g.coa, &p->dst, &built, buf);
	fx_send(cn->env->fx, ROLE_CN, 0, NULL, buf, n);
}

/* The number to go on from: in a life that has ended, the highest. */
static uint16_t last_seq(const struct request *rq, enum reason why)
{
	if (why == R_BU_SEQ_OLD)
		return rq->b->seq;
	return why == R_BU_REPLAYED ? rq->b->past.hi : rq->g.seq;
}

static void refuse(struct cn *cn, const struct request *rq, enum reason why)
{
	const struct refusal *r = refusal_of(why);

	reason_count(cn->env, why);
	cn->n_refused++;
	if (r->how == SILENT || !cn_may_refuse(cn, &rq->p->src, rq->now))
		return;
	fx_event(cn->env->fx, ROLE_CN, EV_INFO, "binding-refused", &rq->key.hoa, "%s from %s: %s", ADDR6_STR(&rq->key.hoa),
		 ADDR6_STR(&rq->p->src), reason_text(why));
	answer(cn, rq, (struct mh_ba){.status = r->status, .seq = last_seq(rq, why)}, r->how == SIGNED);
}

/* --- checks ----------------------------------------------------------------------------------------------- */

static int check_addresses(struct cn *cn, struct request *rq)
{
	if (!addr6_is_routable(&rq->p->src))
		return R_BU_COA_INVALID;
	if (!addr6_is_routable(&rq->key.hoa) || cn_is_local(cn, &rq->key.hoa))
		return R_BU_NO_HOME_ADDRESS;
	return addr6_is_routable(&rq->g.coa) && !cn_is_local(cn, &rq->g.coa) ? R_OK : R_BU_COA_INVALID;
}

/* A home agent does not run here. No key exists with which these answers could be signed: such updates rely on IPsec. */
static int check_registration_type(struct cn *cn, struct request *rq)
{
	if (!(rq->p->mh.bu.flags & BU_H))
		return R_OK;
	if (rq->p->mh.opt.has_nonce)
		return R_MSG_MALFORMED;
	return is_active(cn_cache_find(&cn->cache, &rq->key.hoa, &rq->key.self)) ? R_BU_TYPE_CHANGE : R_BU_NOT_A_HOME_AGENT;
}

/* That nothing stands behind the authorization data is the codec's affair. */
static int check_options(struct cn *cn, struct request *rq)
{
	const struct mh_opts *o = &rq->p->mh.opt;
	(void)cn;
	if (!o->has_nonce)
		return R_RR_NONCE_MISSING;
	return o->has_bind_auth ? R_OK : R_AUTH_MISSING;
}

/* A care-of address that is a home address bound elsewhere, and at last to this one, would be a circle (6.1.7). */
static int check_circle(struct cn *cn, struct request *rq)
{
	const struct addr6 *at = &rq->g.coa;
	for (int i = 0; !rq->is_delete && i < CIRCLE_MAX; i++) {
		const struct cn_binding *b = cn_cache_find(&cn->cache, at, &rq->key.self);
		if (!is_active(b))
			return R_OK;
		if (addr6_eq(&b->coa, &rq->key.hoa))
			return R_BU_CIRCLE;
		at = &b->coa;
	}
	return rq->is_delete ? R_OK : R_BU_CIRCLE;
}

static int check_nonces(struct cn *cn, struct request *rq)
{
	bool has_home = rr_nonce_is_valid(&cn->nonces, rq->g.nonce_home, rq->now.mono);
	bool has_coa = rq->is_delete || rr_nonce_is_valid(&cn->nonces, rq->g.nonce_coa, rq->now.mono);
	if (has_home)
		return has_coa ? R_OK : R_RR_NONCE_COA;
	return has_coa ? R_RR_NONCE_HOME : R_RR_NONCES;
}

static int check_auth(struct cn *cn, struct request *rq)
{
	const struct crypto_ops *c = cn->env->crypto;
	uint64_t home = rr_home_token(&cn->nonces, c, rq->g.nonce_home, &rq->key.hoa), coa = 0;
	if (!rq->is_delete)
		coa = rr_coa_token(&cn->nonces, c, rq->g.nonce_coa, &rq->g.coa);
	rr_kbm(c, home, rq->is_delete ? NULL : &coa, &rq->kbm);
	if (!rr_verify(&rq->kbm, c, &rq->g.coa, &rq->p->dst, rq->p))
		return R_AUTH_BAD;
	rq->b = cn_cache_find(&cn->cache, &rq->key.hoa, &rq->key.self);
	return R_OK;
}

/* To remove what is not there harms nobody: the number is compared only with those of a binding. */
static int check_sequence(struct cn *cn, struct request *rq)
{
	(void)cn;
	if (is_active(rq->b) && !seq_is_newer(rq->g.seq, rq->b->seq))
		return R_BU_SEQ_OLD;
	if (!rq->b || (rq->is_delete && !is_active(rq->b)))
		return R_OK;
	switch (cn_cache_is_old(rq->b, &rq->g, rq->is_delete, rq->now.mono)) {
	case CN_NOT_OLD: break;
	case CN_OLD_SEQ: return R_BU_REPLAYED;
	case CN_OLD_NONCES: return R_RR_NONCES_USED;
	}
	return R_OK;
}

static int (*const checks[])(struct cn *, struct request *) = {
	check_addresses, check_registration_type, check_options, check_circle, check_nonces, check_auth, check_sequence,
};

/* --- what an accepted update does ----------------------------------------------------------------------------- */

static uint32_t granted_s(const struct cn *cn, uint32_t asked_s)
{
	uint32_t max_s = (uint32_t)span_to_s(cn->conf.lifetime_max) / LIFETIME_UNIT_S * LIFETIME_UNIT_S;
	return asked_s < max_s ? asked_s : max_s;
}

/* An accepted update is answered only on demand (9.5.4). */
static void acknowledge(struct cn *cn, const struct request *rq, uint32_t lifetime_s)
{
	cn->n_accepted++;
	if (rq->p->mh.bu.flags & BU_A)
		answer(cn, rq, (struct mh_ba){.status = BA_ACCEPTED, .seq = rq->g.seq, .lifetime_s = lifetime_s}, true);
}

static void process(struct cn *cn, struct request *rq)
{
	if (rq->is_delete) {
		if (!is_active(rq->b))
			cn_cache_purge(cn, &rq->key);
		if (rq->b)
			cn_cache_unbind(cn, rq->b, &rq->g, rq->now);
		acknowledge(cn, rq, 0);
	} else if (cn_cache_bind(cn, &rq->key, &rq->g, rq->now) == ERR_OK)
		acknowledge(cn, rq, rq->g.lifetime_s);
	else
		refuse(cn, rq, R_LIMIT_BINDINGS);
}

void cn_bu_rx(struct cn *cn, const struct mh_packet *p, struct now now)
{
	struct request rq = {
		.p = p, .key = {p->peer, p->dst}, .now = now,
		.g = {.coa = *mh_packet_coa(p), .seq = p->mh.bu.seq, .nonce_home = p->mh.opt.nonce_home,
		      .nonce_coa = p->mh.opt.nonce_coa, .lifetime_s = granted_s(cn, p->mh.bu.lifetime_s)},
	};
	rq.is_delete = p->mh.bu.lifetime_s == 0 || addr6_eq(&rq.g.coa, &rq.key.hoa);
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		int why = checks[i](cn, &rq);
		if (why != R_OK) {
			refuse(cn, &rq, (enum reason)why);
			return;
		}
	}
	process(cn, &rq);
}
