/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registration (requirement H-10): a binding update with M, home address, multicast care-of address and
 * registration parameters comes in; an acknowledgement with the assigned care-of address goes out.
 *
 * The checks stand in one list, in order. Each gives R_OK or the reason why not; a table says what the
 * mobile is told for that reason: nothing, a status that cannot be authenticated for want of a key, or a signed
 * one. A refusal changes no state. Order: form, who it is, authenticator (RFC 4285 5), timestamp (6), sequence number
 * (RFC 6275 9.5.1), then what is asked for; nothing is looked up for a peer before it is known.
 *
 * Updates without M are not an MMA's business and are left to the other roles of the node.
 */
#include "base/err.h"
#include "role/mma/mma_i.h"

struct request {
	const struct mh_packet *p;
	const struct mh_opts *opt;
	const struct addr6 *hoa, *auth_coa;
	const struct mma_mobile *mobile;
	struct mma_binding *mb;        /* or NULL */
	enum replay replay;
	struct now now;
};

enum { R_OK = -1 };

/* --- answers --------------------------------------------------------------------------------------------- */

enum how { SILENT, UNSIGNED, SIGNED };

static const struct refusal { enum reason why; uint8_t status; enum how how; } refusals[] = {
	{R_BU_NO_HOME_ADDRESS, 0, SILENT},
	{R_BU_COA_INVALID, 0, SILENT},
	{R_MMA_KEY_ASKED, 0, SILENT},
	{R_MMA_STANDBY, 0, SILENT},
	{R_BU_UNKNOWN_MOBILE, BA_PROHIBITED, UNSIGNED},
	{R_AUTH_MISSING, 0, SILENT},
	{R_AUTH_SPI_UNKNOWN, BA_PROHIBITED, UNSIGNED},
	{R_AUTH_BAD, BA_AUTH_FAIL, SIGNED},
	{R_REPLAY_MISSING, BA_MESG_ID_REQUIRED, SIGNED},
	{R_REPLAY_TIME, BA_ID_MISMATCH, SIGNED},
	{R_REPLAY_OLD, BA_ID_MISMATCH, SIGNED},
	{R_BU_SEQ_OLD, BA_SEQ_OUT_OF_WINDOW, SIGNED},
	{R_BU_NO_BINDING, BA_NOT_HOME_AGENT, SIGNED},
	{R_BU_ALT_COA, BA_INVALID_COA, SIGNED},
	{R_MMA_NOT_OUR_OPTION, BA_PROHIBITED, SIGNED},
	{R_MMA_NOT_ON_SITE, BA_PROHIBITED, SIGNED},
	{R_MMA_GROUP_FOREIGN, BA_PROHIBITED, SIGNED},
	{R_MMA_HOME_AGENT, BA_PROHIBITED, SIGNED},
	{R_MMA_GROUP_TAKEN, BA_GROUP_TAKEN, SIGNED},
	{R_NET_NOT_PERMITTED, BA_MR_NOT_PERMITTED, SIGNED},
	{R_NET_NOT_AUTHORISED, BA_NOT_AUTHORISED_PREFIX, SIGNED},
	{R_LIMIT_BINDINGS, BA_NO_RESOURCES, SIGNED},
	{R_MMA_POOL_EMPTY, BA_NO_RESOURCES, SIGNED},
};

static const struct refusal *refusal_of(enum reason why)
{
	static const struct refusal unspecified = {.status = BA_REASON_UNSPECIFIED, .how = SIGNED};
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (refusals[i].why == why)
			return &refusals[i];
	return &unspecified;
}

/* Signs with the association if there is one, and sends to where the update came from; the type 2 routing header
 * takes it to the home address (RFC 6275 9.5.4). */
static void answer(struct mma *m, const struct request *rq, struct mh *ba, const struct sa_key *key)
{
	uint8_t buf[1280];
	struct mh_built built;
	const struct mh_opts *in = rq->opt;

	ba->type = MH_BA;
	if (key) {
		ba->opt.has_auth = true;
		ba->opt.auth.spi = key->spi;
		ba->opt.has_mesg_id = in->has_mesg_id;
		ba->opt.mesg_id = mma_member_answer(m, in->mesg_id, rq->replay, rq->mb, rq->now);
	}
	size_t n = ba_packet_build(buf, sizeof buf, &m->conf.address, &rq->p->src, rq->p->has_hao ? rq->hoa : NULL, ba, &built);
	if (key)
		sa_sign(key, m->env->crypto, rq->auth_coa, rq->hoa, &built, buf);
	else
		mh_packet_finish(&built, buf);
	fx_send(m->env->fx, ROLE_MMA, 0, NULL, buf, n);
}

/* Refusing costs an answer and a log line. */
static bool may_refuse(struct mma *m, const struct addr6 *src, struct now now)
{
	uint64_t key = rate_key(&m->refusals, src, sizeof *src);
	if (rate_take(&m->refusals, key, m->conf.refusal_rate, m->conf.refusal_rate, now.mono))
		return true;
	reason_count(m->env, R_LIMIT_RATE);
	return false;
}

static void refuse(struct mma *m, const struct request *rq, enum reason why)
{
	const struct refusal *r = refusal_of(why);
	uint16_t seq = why == R_BU_SEQ_OLD ? rq->mb->b.seq : rq->p->mh.bu.seq;
	struct mh ba = {.ba = {.status = r->status, .seq = seq}};

	reason_count(m->env, why);
	m->n_refused++;
	if (!may_refuse(m, &rq->p->src, rq->now))
		return;
	fx_event(m->env->fx, ROLE_MMA, EV_NOTICE, "registration-refused", rq->hoa, "%s from %s: %s", ADDR6_STR(rq->hoa),
		 ADDR6_STR(&rq->p->src), reason_text(why));
	if (r->how != SILENT)
		answer(m, rq, &ba, r->how == SIGNED ? rq->mobile->key : NULL);
}

static void acknowledge(struct mma *m, const struct request *rq, const struct mma_binding *mb, struct mh *ba, uint32_t lifetime_s)
{
	struct rc_opts *rc = &ba->opt.rc;
	ba->ba = (struct mh_ba){.status = BA_ACCEPTED, .seq = rq->p->mh.bu.seq, .lifetime_s = lifetime_s,
				  .flags = lifetime_s && (rq->p->mh.bu.flags & BU_R) ? BA_R : 0};
	if (lifetime_s) {
		rc->has_mcoa = true;
		rc->mcoa = rq->opt->rc.mcoa;
		rc->has_acoa = true;
		rc->acoa.coa = mb->b.coa;
		rc->acoa.lifetime_s = lifetime_s;
		_Static_assert((int)RC_PREFIX_MAX >= (int)MMA_FAMILY_PREFIX_MAX, "all of the site's prefixes fit");
		for (uint32_t i = 0; i < m->conf.n_access_prefix; i++)
			if (!addr6_is_v4mapped(&m->conf.access_prefix[i].addr))
				rc->acoa.prefix[rc->acoa.n_prefix++] = m->conf.access_prefix[i];
	}
	m->n_accepted++;
	answer(m, rq, ba, rq->mobile->key);
}

/* --- checks ----------------------------------------------------------------------------------------------- */

static bool is_dereg(const struct request *rq) { return rq->p->mh.bu.lifetime_s == 0; }

/* At home a mobile de-registers from its home address itself; all else needs the option (RFC 6275 9.5.1, 11.7.1). */
static int check_form(struct mma *m, struct request *rq)
{
	(void)m;
	if (!addr6_is_routable(&rq->p->src))
		return R_BU_COA_INVALID;
	return rq->p->has_hao || is_dereg(rq) ? R_OK : R_BU_NO_HOME_ADDRESS;
}

static bool is_in_site(const struct mma *m, const struct addr6 *a)
{
	for (uint32_t i = 0; i < m->conf.n_access_prefix; i++)
		if (prefix6_contains(&m->conf.access_prefix[i], a))
			return true;
	return false;
}

static int check_mobile(struct mma *m, struct request *rq)
{
	const struct rc_opts *rc = &rq->opt->rc;
	rq->mobile = mma_mobile_find(m, rq->hoa);
	if (rq->mobile)
		return R_OK;
	/* From the site, or of a mobile whose key we have forgotten. */
	bool is_plausible = is_dereg(rq) ? binding_find(&m->bindings, rq->hoa) != NULL : is_in_site(m, &rq->p->src);
	bool is_asked = rc->has_reg && is_plausible && mma_key_ask(m, rq->hoa, &rc->reg.ha, rq->now);
	return is_asked ? R_MMA_KEY_ASKED : R_BU_UNKNOWN_MOBILE;
}

static int check_auth(struct mma *m, struct request *rq)
{
	const struct sa_key *key = rq->mobile->key;
	if (!rq->opt->has_auth)
		return R_AUTH_MISSING;
	if (rq->opt->auth.spi != key->spi)
		return R_AUTH_SPI_UNKNOWN;
	if (!sa_verify(key, m->env->crypto, rq->auth_coa, rq->hoa, rq->p))
		return R_AUTH_BAD;
	rq->mb = binding_find(&m->bindings, rq->hoa);
	return R_OK;
}

static int check_replay(struct mma *m, struct request *rq)
{
	if (!rq->opt->has_mesg_id)
		return R_REPLAY_MISSING;
	rq->replay = mma_member_replay(m, rq->opt->mesg_id, rq->mb, rq->now);
	switch (rq->replay) {
	case REPLAY_FRESH: break;
	case REPLAY_OUTSIDE: return R_REPLAY_TIME;
	case REPLAY_NOT_NEWER: return R_REPLAY_OLD;
	}
	return rq->mb && !seq_is_newer(rq->p->mh.bu.seq, rq->mb->b.seq) ? R_BU_SEQ_OLD : R_OK;
}

/* We assign the care-of address: an alternate one has no meaning here. */
static int check_place(struct mma *m, struct request *rq)
{
	if (is_dereg(rq))
		return rq->mb ? R_OK : R_BU_NO_BINDING;
	if (!rq->opt->rc.has_mcoa)
		return R_MMA_NOT_OUR_OPTION;
	if (rq->opt->has_alt_coa && !addr6_eq(&rq->opt->alt_coa, &rq->p->src))
		return R_BU_ALT_COA;
	return is_in_site(m, &rq->p->src) ? R_OK : R_MMA_NOT_ON_SITE;
}

static int check_group(struct mma *m, struct request *rq)
{
	const struct rc_mcoa *mcoa = &rq->opt->rc.mcoa;
	if (is_dereg(rq))
		return R_OK;
	if (!prefix6_contains(&m->conf.group_prefix, &mcoa->group) || !addr6_eq(&mcoa->source, &m->conf.address))
		return R_MMA_GROUP_FOREIGN;
	const struct mma_binding *holder = table_find(&m->by_group, &mcoa->group);
	return holder && holder != rq->mb ? R_MMA_GROUP_TAKEN : R_OK;
}

static int check_home_agent(struct mma *m, struct request *rq)
{
	const struct rc_opts *rc = &rq->opt->rc;
	const struct addr6 *only = &rq->mobile->conf->home_agent;
	(void)m;
	if (is_dereg(rq))
		return R_OK;
	if (!rc->has_reg || !addr6_is_routable(&rc->reg.ha) || (!addr6_is_any(only) && !addr6_eq(only, &rc->reg.ha)))
		return R_MMA_HOME_AGENT;
	return R_OK;
}

/* RFC 3963 6.2, as far as it concerns us. */
static int check_network(struct mma *m, struct request *rq)
{
	(void)m;
	if (is_dereg(rq) || !(rq->p->mh.bu.flags & BU_R))
		return R_OK;
	if (!rq->mobile->conf->n_network)
		return R_NET_NOT_PERMITTED;
	for (uint32_t i = 0; i < rq->opt->n_prefix; i++)
		if (!mma_net_allows(rq->mobile, &rq->opt->prefix[i]))
			return R_NET_NOT_AUTHORISED;
	return R_OK;
}

static int (*const checks[])(struct mma *, struct request *) = {
	check_form, check_mobile, check_auth, check_replay, check_place, check_group, check_home_agent, check_network,
};

/* --- what an accepted update does ----------------------------------------------------------------------------- */

static uint32_t granted_s(const struct mma *m, const struct request *rq)
{
	uint32_t max_s = (uint32_t)span_to_s(m->conf.lifetime_max) & ~3u;
	return rq->p->mh.bu.lifetime_s < max_s ? rq->p->mh.bu.lifetime_s : max_s;
}

static void grant(struct mma *m, const struct request *rq)
{
	const struct rc_opts *rc = &rq->opt->rc;
	struct mma_binding *mb;
	struct mh ba = {0};
	enum reason why = R_LIMIT_BINDINGS;
	const struct mma_grant g = {
		.hoa = *rq->hoa, .onlink = rq->p->src, .group = rc->mcoa.group, .ha = rc->reg.ha, .prev = rc->reg.prev_mma,
		.key = rq->mobile->key, .stamp = rq->opt->mesg_id, .seq = rq->p->mh.bu.seq, .lifetime_s = granted_s(m, rq),
		.flags = (rc->reg.flags & RC_REG_UPLINK_BOUND ? MMA_UPLINK_BOUND : 0) | (rc->reg.flags & RC_REG_ROUTE_OPT && m->conf.route_optimisation ? MMA_ROUTE_OPT : 0),
	};
	if (mma_bind_grant(m, &g, &mb, &why, rq->now) != ERR_OK) {
		refuse(m, rq, why);
		return;
	}
	acknowledge(m, rq, mb, &ba, g.lifetime_s);
	mma_forward_confirm(m, mb, rq->now);
}

/* Repeated for want of an acknowledgement it meets a binding that is gone already, and is acknowledged again. */
static void deregister(struct mma *m, const struct request *rq)
{
	struct mma_binding *mb = rq->mb;
	const struct rc_opts *rc = &rq->opt->rc;
	struct mh ba = {0};
	mb->b.seq = rq->p->mh.bu.seq;
	mb->b.stamp = rq->opt->mesg_id;
	mb->taken_at = rq->now.mono;
	mma_forward_request(m, mb, rc->has_forward ? &rc->forward : NULL, &ba.opt.rc, rq->now);
	mma_record_put(m, mb, rq->now);
	acknowledge(m, rq, mb, &ba, 0);
}

static void on_update(struct mma *m, const struct mh_packet *p, struct now now)
{
	struct request rq = {.p = p, .opt = &p->mh.opt, .hoa = &p->peer, .auth_coa = mh_packet_coa(p), .now = now};
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		int why = checks[i](m, &rq);
		if (why != R_OK) {
			refuse(m, &rq, (enum reason)why);
			return;
		}
	}
	if (is_dereg(&rq))
		deregister(m, &rq);
	else
		grant(m, &rq);
}

/* RFC 6275 9.2: a Mobility Header of a type that we do not know. */
static void binding_error(struct mma *m, const struct mh_packet *p, struct now now)
{
	uint8_t buf[1280];
	if (!addr6_is_routable(&p->src) || !may_refuse(m, &p->src, now))
		return;
	size_t n = be_packet_build(buf, sizeof buf, &m->conf.address, &p->src, BE_UNKNOWN_TYPE, p->has_hao ? &p->hao : &addr6_any);
	fx_send(m->env->fx, ROLE_MMA, 0, NULL, buf, n);
}

bool mma_reg_rx(struct mma *m, const struct rx *rx, struct now now)
{
	struct mh_packet p = {0};
	enum wire_err err = mh_packet_parse(rx->pkt, rx->len_oct, &p);
	if (err == W_PROTO || !addr6_eq(&p.dst, &m->conf.address))
		return false;
	if (err != W_OK) {
		reason_count(m->env, reason_of_wire(err));
		if (err == W_TYPE)
			binding_error(m, &p, now);
		return true;
	}
	if (p.mh.type == MH_PEER) {
		mma_peer_rx(m, &p, now);
		return true;
	}
	if (p.mh.type != MH_BU || !(p.mh.bu.flags & BU_M))
		return false;
	on_update(m, &p, now);
	return true;
}
