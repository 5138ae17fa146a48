/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What mobiles say in Mobile IPv4 (H-7). A registration request is the relay's (relay.c): to the home agent we are a foreign agent. Two things
 * come before: the group that it names, because every answer goes there, even one to a request that nobody can believe; and the key, if
 * the mobile's home agent is one that lends it.
 *
 * A forwarding request (doc/wire.md) is for us alone. It comes as an ordinary packet from wherever the mobile is now, and is answered to its
 * home address. It is believed by the mobile-foreign authenticator, which must cover the extension, and by its identification: a fresh
 * timestamp, later than that of the last registration. What becomes of the packets is forward.c's, as in IPv6.
 */
#include "base/err.h"
#include "role/mma/mma_i.h"
#include "wire/mip4/rc4.h"

enum { REQUEST_PASS = -1 };

static bool is_ours(const struct mma *m, const struct addr6 *a) { return addr6_eq(a, &m->conf.address_v4); }

/* --- forwarding -------------------------------------------------------------------------------------------- */

struct farewell {
	const struct mip4_packet *p;
	const struct rc4 *ours;
	const struct mma_mobile *mobile;
	struct mma_binding *mb;
	struct visitor_request req;
	enum replay replay;
	struct now now;
};

static int check_key(struct mma *m, struct farewell *f)
{
	const struct mip4_exts *x = &f->p->m.ext;
	f->mobile = mma_mobile_find(m, &f->req.hoa);
	if (!f->mobile)
		return R_BU_UNKNOWN_MOBILE;
	if (!mip4_is_covered(x, f->ours->off[RC4_FORWARD], MIP4_MF))
		return R_AUTH_MISSING;
	return sa4_verify(f->mobile->key, m->env->crypto, f->p->msg, &x->auth[MIP4_MF]) ? REQUEST_PASS : R_AUTH_BAD;
}

static int check_fresh(struct mma *m, struct farewell *f)
{
	f->mb = binding_find(&m->bindings, &f->req.hoa);
	f->replay = mma_member_replay(m, f->req.id, f->mb, f->now);
	switch (f->replay) {
	case REPLAY_FRESH: break;
	case REPLAY_OUTSIDE: return R_REPLAY_TIME;
	case REPLAY_NOT_NEWER: return R_REPLAY_OLD;
	}
	return f->mb && f->mb->b.stamp ? REQUEST_PASS : R_BU_NO_BINDING; /* a group kept for it alone is no registration */
}

static void answer(struct mma *m, const struct farewell *f, uint8_t code, const struct rc_forward *forward)
{
	const struct mma_asked asked = {.is_farewell = true, .forward = forward};
	m->asked = &asked;
	visitors_answer(&m->visitors, &f->req, code, 0, f->mobile->key);
	m->asked = NULL;
}

/* Who cannot be known, or is forged, hears nothing: the answer would go to somebody's home. */
static void refuse(struct mma *m, struct farewell *f, enum reason why)
{
	reason_count(m->env, why);
	m->n_refused++;
	uint64_t key = rate_key(&m->refusals, &f->p->src, sizeof f->p->src);
	if (!rate_take(&m->refusals, key, m->conf.refusal_rate, m->conf.refusal_rate, f->now.mono))
		return;
	fx_event(m->env->fx, ROLE_MMA, EV_NOTICE, "registration-refused", &f->req.hoa, "%s from %s: %s", ADDR46_STR(&f->req.hoa),
		 ADDR46_STR(&f->p->src), reason_text(why));
	if (why != R_REPLAY_TIME && why != R_REPLAY_OLD && why != R_BU_NO_BINDING)
		return;
	f->req.id = mma_member_answer(m, f->req.id, f->replay, f->mb, f->now);
	answer(m, f, why == R_BU_NO_BINDING ? MIP4_FA_UNSPECIFIED : MIP4_HA_ID_MISMATCH, NULL);
}

static void forward(struct mma *m, struct farewell *f)
{
	struct rc_opts said = {0};
	mma_relay_forget(m, &f->req.hoa);
	f->mb->b.stamp = f->req.id;
	f->mb->taken_at = f->now.mono;
	mma_forward_request(m, f->mb, &f->ours->forward, &said, f->now);
	mma_record_put(m, f->mb, f->now);
	m->n_accepted++;
	answer(m, f, MIP4_ACCEPTED, &said.forward);
}

static void on_farewell(struct mma *m, const struct visitor_link *link, const struct rx *rx, const struct mip4_packet *p, const struct rc4 *ours,
			struct now now)
{
	static int (*const checks[])(struct mma *, struct farewell *) = {check_key, check_fresh};
	struct farewell f = {.p = p, .ours = ours, .now = now};
	visitors_request(&m->visitors, &f.req, link, rx, p);
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		int why = checks[i](m, &f);
		if (why != REQUEST_PASS) {
			refuse(m, &f, (enum reason)why);
			return;
		}
	}
	forward(m, &f);
}

/* --- registration ------------------------------------------------------------------------------------------ */

/* Requests come from the site: by a link below, or from an address of it. */
static bool is_from_site(const struct mma *m, const struct rx *rx, const struct addr6 *src)
{
	for (uint32_t i = 0; i < m->n_link; i++)
		if (m->link[i].is_downstream && m->link[i].ifindex && m->link[i].ifindex == rx->ifindex)
			return true;
	for (uint32_t i = 0; i < m->conf.n_access_prefix; i++)
		if (prefix6_contains(&m->conf.access_prefix[i], src))
			return true;
	return m->conf.site_pool.len_bits && prefix6_contains(&m->conf.site_pool, src);
}

static bool on_request(struct mma *m, const struct visitor_link *link, const struct rx *rx, const struct mip4_packet *p, enum wire_err err,
		       struct now now)
{
	const struct mip4_request *q = &p->m.request;
	struct mma_asked asked = {0};
	struct rc4 ours = {0};
	if (!err)
		err = rc4_parse(&p->m.ext, &ours);
	if (!err && ours.has_forward && q->lifetime_s == 0 && is_ours(m, &q->coa)) {
		on_farewell(m, link, rx, p, &ours, now);
		return true;
	}
	if (!is_from_site(m, rx, &p->src)) {
		reason_count(m->env, R_MMA_NOT_ON_SITE);
		return true;
	}
	if (m->is_standby) { /* the home agent's answer would go to the member that serves */
		reason_count(m->env, R_MMA_STANDBY);
		return true;
	}
	if (!err && q->lifetime_s && !mma_mobile_find(m, &q->hoa) && mma_key_ask(m, &q->hoa, &q->ha, now)) {
		reason_count(m->env, R_MMA_KEY_ASKED);
		return true;
	}
	asked.has_group = ours.has_group_request && prefix6_contains(&m->conf.group_prefix_v4, &ours.group_request.group);
	asked.group = ours.group_request.group;
	m->asked = &asked;
	bool was_ours = visitors_rx(&m->visitors, link, rx, p, err, now);
	m->asked = NULL;
	return was_ours;
}

static bool on_control(struct mma *m, const struct rx *rx, struct now now)
{
	struct mip4_packet p;
	const struct visitor_link link = {.ifindex = rx->ifindex, .addr = m->conf.address_v4, .coa = &m->conf.address_v4, .n_coa = 1};
	enum wire_err err = mip4_packet_parse(rx->pkt, rx->len_oct, &p);
	if (err == W_PROTO || !is_ours(m, &p.dst))
		return false;
	if (p.msg && p.m.type == MIP4_REQUEST)
		return on_request(m, &link, rx, &p, err, now);
	return visitors_rx(&m->visitors, &link, rx, &p, err, now);
}

static bool on_peer(struct mma *m, const struct rx *rx, struct now now)
{
	struct mh_packet p;
	enum wire_err err = mh_packet_parse(rx->pkt, rx->len_oct, &p);
	if (err == W_PROTO || !is_ours(m, &p.dst))
		return false;
	if (err)
		reason_count(m->env, reason_of_wire(err));
	else
		mma_peer_rx(m, &p, now);
	return true;
}

bool mma_reg4_rx(struct mma *m, const struct rx *rx, struct now now)
{
	if (rx->why == DP_PUNT_ICMP_ERR)
		return visitors_icmp(&m->visitors, rx, now);
	if (rx->why != DP_PUNT_NONE && rx->why != DP_PUNT_MH && rx->why != DP_PUNT_MIP4)
		return false;
	return on_control(m, rx, now) || on_peer(m, rx, now) || visitors_icmp(&m->visitors, rx, now);
}
