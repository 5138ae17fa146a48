/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registration with the home agent (RFC 5944 3.6): asks, verifies replies, and passes on what they mean. When to send is
 * core/reg/reg4's, what a request looks like is mn4_msg.c's, what a refusal changes is mn4_refusal.c's.
 *
 * A reply is believed when it answers the last request, bears the mobile-home authenticator where its code is the home agent's, and the
 * mobile-foreign one where the mobile shares a key with the agent (3.6.2.1). What it changes it changes only behind these checks.
 */
#include <string.h>

#include "role/mn/state.h"

enum { LIFETIME_MAX_S = 65534 };

bool mn4_reg_is_bound(const struct mn *mn) { return reg4_is_bound(&mn->v4.reg) && mn->v4.reg.ask_s; }

void mn4_reg_arm(struct mn *mn) { mn_arm(mn, &mn->v4.t_reg, MN_T4_REG, reg4_expiry(&mn->v4.reg)); }

/* 3.6.1.2: no longer than the agent's advertisement says, or its refusal told. */
static uint16_t lifetime_of(const struct mn *mn, uint32_t lifetime_s)
{
	const struct mn4 *v = &mn->v4;
	const struct mn4_agent *a = v->active && v->at.place == MOVE4_AGENT ? v->active->v4.agent : NULL;
	uint32_t max = LIFETIME_MAX_S;
	if (a && a->adv.is_agent && a->adv.reg_lifetime_s && a->adv.reg_lifetime_s != MIP4_LIFETIME_INFINITE)
		max = a->adv.reg_lifetime_s;
	if (a && a->lifetime_max_s && a->lifetime_max_s < max)
		max = a->lifetime_max_s;
	return (uint16_t)(lifetime_s < max ? lifetime_s : max);
}

/* The agent before, for the new one to confirm that the mobile is there; and the group that the mobile would like. */
static struct rc4 group_request(const struct mn *mn)
{
	const struct mn4 *v = &mn->v4;
	struct rc4 rc = {.has_group_request = true, .group_request = {.group = v->at.mma->group}};
	if (v->prev && v->prev != v->at.mma)
		rc.group_request.prev = v->prev->addr;
	return rc;
}

/* Without a link nothing leaves; the back-off goes on, and mn4_reg_again() sends when there is one. */
static void send(struct mn *mn, const struct reg4_req *req, struct now now)
{
	struct mn4 *v = &mn->v4;
	struct mn4_msg q = {.spot = v->at, .id = req->id, .lifetime_s = req->lifetime_s};
	struct rc4 rc;
	if (!v->active)
		return;
	if (v->at.place == MOVE4_SITE) {
		rc = group_request(mn);
		q.rc = &rc;
		v->at.mma->is_asked = true;
		v->at.mma->bound_until = mono_max(v->at.mma->bound_until, mono_add(now.mono, span_s(req->lifetime_s)));
	}
	mn4_store_put(mn, now);
	mn4_msg_send(mn, &q);
}

static void on_event(struct mn *mn, enum reg4_event ev, const struct reg4_req *req, struct now now)
{
	struct mn4 *v = &mn->v4;
	switch (ev) {
	case REG4_NOTHING:
	case REG4_ACCEPTED: /* by the reply's reader */
	case REG4_REFUSED:
		break;
	case REG4_SEND:
		send(mn, req, now);
		break;
	case REG4_DEREGISTERED:
		mn4_say(mn, EV_INFO, "mn-deregistered", "mn: de-registered at %s", ADDR46_STR(&v->ha));
		mn4_place_on_home(mn, now);
		mn4_store_put(mn, now);
		break;
	case REG4_EXPIRED:
		mn4_say(mn, EV_WARNING, "mn-expired", "mn: IPv4 registration ended without an answer");
		mn4_udp_off(mn);
		if (v->reg.state == REG4_IDLE)
			mn4_place_on_home(mn, now);
		else
			mn4_place_settle(mn, "lifetime", "no answer", now);
		break;
	case REG4_UNEXPECTED:
		reason_count(&mn->env, R_REPLY_UNEXPECTED);
		break;
	}
	mn4_reg_arm(mn);
}

void mn4_reg_ask(struct mn *mn, uint32_t lifetime_s, struct now now)
{
	struct reg4_req req;
	on_event(mn, reg4_start(&mn->v4.reg, lifetime_of(mn, lifetime_s), mn->env.rng, now, &req), &req, now);
}

void mn4_reg_refresh(struct mn *mn, struct now now)
{
	struct reg4_req req;
	on_event(mn, reg4_refresh(&mn->v4.reg, mn->env.rng, now, &req), &req, now);
}

void mn4_reg_mended(struct mn *mn, struct now now)
{
	struct reg4_req req;
	on_event(mn, reg4_again(&mn->v4.reg, mn->env.rng, now, &req), &req, now);
}

void mn4_reg_again(struct mn *mn, struct now now)
{
	struct reg4 *r = &mn->v4.reg;
	bool is_put_off = mn->v4.at.place == MOVE4_HOME && r->state == REG4_STOPPED; /* what was in the way may have been the old link */
	if (!reg4_is_pending(r) && !is_put_off)
		return;
	if (reg4_is_bound(r))
		mn4_reg_refresh(mn, now);
	else
		mn4_reg_ask(mn, r->ask_s, now);
}

void mn4_reg_on_retry(struct mn *mn, struct now now)
{
	struct reg4 *r = &mn->v4.reg;
	if (!mn->v4.active || reg4_is_pending(r) || mn4_reg_is_bound(mn))
		return;
	if (mn->v4.at.place == MOVE4_HOME)
		mn4_reg_ask(mn, 0, now);
	else
		mn4_reg_ask(mn, (uint32_t)span_to_s(mn->conf.lifetime), now);
}

/* A foreign agent that does not answer is done without, where there is another way (2.4). */
static bool is_given_up(struct mn *mn, struct now now)
{
	const struct mn4 *v = &mn->v4;
	return mono_reached(v->reg.resend_at, now.mono) && v->reg.tries == MN4_UNANSWERED_MAX && v->at.place == MOVE4_AGENT && v->active &&
	       mn4_place_refuse_agent(mn, "it does not answer", now);
}

void mn4_reg_on_tick(struct mn *mn, struct now now)
{
	struct reg4_req req;
	enum reg4_event ev;
	if (is_given_up(mn, now))
		return;
	do {
		ev = reg4_tick(&mn->v4.reg, mn->env.rng, now, &req);
		on_event(mn, ev, &req, now);
	} while (ev != REG4_NOTHING);
}

/* --- replies ---------------------------------------------------------------------------------------------------- */

static enum dp_encap granted_encap(const struct mn *mn, const struct mip4_packet *p)
{
	const struct mip4_exts *x = &p->m.ext;
	if (mn->v4.want.udp && x->has_udp_reply && x->udp_reply.code < 64 && mip4_is_covered(x, x->udp_reply.off, MIP4_MH))
		return DP_ENCAP_UDP;
	switch ((enum mn_encap4)mn->v4.want.encap) {
	case MN_ENCAP_IPIP: return DP_ENCAP_IPIP;
	case MN_ENCAP_GRE: return DP_ENCAP_GRE_PLAIN;
	case MN_ENCAP_MINIMAL: return DP_ENCAP_MINIMAL;
	}
	return DP_ENCAP_IPIP;
}

/* The agent's word about the group (doc/wire.md). False: it is none of ours. */
static bool take_group(struct mn *mn, const struct mip4_packet *p, struct now now)
{
	struct mn4_mma *m = mn->v4.at.mma;
	struct rc4 rc;
	if (rc4_parse(&p->m.ext, &rc) != W_OK || !rc.has_group_answer || rc.group_answer.status != RC4_GROUP_OK ||
	    !mip4_is_covered(&p->m.ext, rc.off[RC4_GROUP_ANSWER], MIP4_MF) || !addr6_is_v4multicast(&rc.group_answer.group))
		return false;
	if (!addr6_eq(&m->group, &rc.group_answer.group) && mn->v4.active) {
		m->group = rc.group_answer.group;
		mn4_path_listen(mn, &m->group);
		mn4_path_tunnel(mn, &m->group, &m->addr, DP_ENCAP_GRE);
		mn4_member_join(mn->v4.active, &m->group, &m->addr, now);
		mn4_member_hold(mn->v4.active);
	}
	m->site_address = rc.group_answer.site_address;
	m->is_bound = true;
	m->bound_until = mn->v4.reg.expires;
	m->uplink_key = sa_uplink_key(m->key, mn->env.crypto, &mn->v4.home_address, mn->v4.reg.bound_id);
	return true;
}

/* RFC 2794: the address that the home agent assigned; from now on it is the mobile's. */
static bool take_home_address(struct mn *mn, const struct mip4_packet *p)
{
	struct mn4 *v = &mn->v4;
	if (mn4_knows_home(v))
		return true;
	if (!addr6_is_v4unicast(&p->m.reply.hoa))
		return false;
	v->home_address = p->m.reply.hoa;
	mn4_say(mn, EV_NOTICE, "mn-home-address", "mn: home address %s", ADDR46_STR(&v->home_address));
	mn4_path_listen(mn, &v->home_address);
	mn4_path_networks(mn, true);
	return true;
}

static void note_networks(struct mn *mn, const struct mip4_packet *p)
{
	bool is_served = false;
	for (uint32_t i = 0; i < p->m.ext.n_net; i++)
		is_served |= p->m.ext.net[i].sub != MIP4_NET_REQUEST && p->m.ext.net[i].code == MIP4_NET_OK;
	if (mn->v4.want.network && !is_served)
		mn4_say(mn, EV_ERROR, "mn-network", "mn: the home agent does not serve mobile networks: they are not reachable");
}

static void on_accepted(struct mn *mn, const struct mip4_packet *p, const struct rx *rx, struct now now)
{
	struct mn4 *v = &mn->v4;
	if (!take_home_address(mn, p)) {
		reason_count(&mn->env, R_REPLY_NO_HOME_ADDRESS);
		return;
	}
	if (!mn4_knows_agent(v) && addr6_is_v4unicast(&p->m.reply.ha))
		v->ha = p->m.reply.ha;
	v->got.reverse = v->want.reverse;
	v->got.encapsulating = v->want.encapsulating;
	v->got.encap = granted_encap(mn, p);
	v->got.replier = p->src;
	if (lladdr_is_zero(&v->at.router)) {
		v->at.router = rx->lladdr_src; /* whoever brought the reply knows the way back */
		v->used.router = rx->lladdr_src;
	}
	if (v->at.place == MOVE4_SITE && !take_group(mn, p, now)) {
		reason_count(&mn->env, R_REPLY_NO_GROUP);
		(void)mn4_place_refuse_agent(mn, "it feeds no group", now);
		return;
	}
	note_networks(mn, p);
	mn4_say(mn, EV_INFO, "mn-registered", "mn: home agent %s accepts for %u s (%s)", ADDR46_STR(&v->ha), v->reg.lifetime_s,
		move4_place_str(v->at.place));
	mn4_udp_on_accepted(mn, p, now);
	mn4_place_on_registered(mn, now);
	mn4_store_put(mn, now);
}

/* 3.6.2.1. A refusal for want of a key that we have cannot be authenticated: it is no more than a hint. */
static bool is_authentic(struct mn *mn, const struct mip4_packet *p, struct now now)
{
	struct mn4 *v = &mn->v4;
	const struct mip4_exts *x = &p->m.ext;
	const struct crypto_ops *c = mn->env.crypto;
	const struct sa_key *mf = mn4_msg_key(mn, &v->at);
	if (mf && !x->auth[MIP4_MF].n) {
		reason_count(&mn->env, R_AUTH_MISSING);
		if (!mip4_code_accepts(p->m.reply.code))
			mn4_place_on_hint(mn, now);
		return false;
	}
	bool is_good = (!mf || sa4_verify(mf, c, p->msg, &x->auth[MIP4_MF])) &&
		       (!reg4_is_from_home(p->m.reply.code) || sa4_verify(v->key, c, p->msg, &x->auth[MIP4_MH]));
	if (!is_good) {
		reason_count(&mn->env, reg4_is_from_home(p->m.reply.code) && !x->auth[MIP4_MH].n ? R_AUTH_MISSING : R_AUTH_BAD);
		mn4_say(mn, EV_WARNING, "mn-security", "mn: registration reply (%s) from %s is not authentic", mip4_code_str(p->m.reply.code),
			ADDR46_STR(&p->src));
	}
	return is_good;
}

static bool is_for_us(const struct mn *mn, const struct mip4_packet *p)
{
	const struct mn4 *v = &mn->v4;
	return !mn4_knows_home(v) || addr6_eq(&p->m.reply.hoa, &v->home_address) || addr6_is_none(&p->m.reply.hoa);
}

static void on_reply(struct mn *mn, const struct mip4_packet *p, const struct rx *rx, struct now now)
{
	struct mn4 *v = &mn->v4;
	if (!is_for_us(mn, p)) {
		reason_count(&mn->env, R_MSG_NOT_FOR_US);
		return;
	}
	if (mn4_leave_rx(mn, p, now))
		return;
	if (!v->has_place || !reg4_is_answer(&v->reg, p->m.reply.id)) {
		reason_count(&mn->env, R_REPLY_UNEXPECTED);
		return;
	}
	if (!is_authentic(mn, p, now))
		return;
	v->n.replies++;
	struct reg4_reply a = {.code = p->m.reply.code, .lifetime_s = p->m.reply.lifetime_s, .id = p->m.reply.id};
	struct reg4_req req;
	enum reg4_event ev = reg4_on_reply(&v->reg, &a, mn->env.rng, now, &req);
	mn4_reg_arm(mn);
	if (ev == REG4_ACCEPTED)
		on_accepted(mn, p, rx, now);
	else if (ev == REG4_REFUSED)
		mn4_refused(mn, p, now);
	else
		on_event(mn, ev, &req, now);
	mn4_reg_arm(mn);
}

bool mn4_reg_rx(struct mn *mn, const struct rx *rx, struct now now)
{
	struct mip4_packet p;
	enum wire_err err = mip4_packet_parse(rx->pkt, rx->len_oct, &p);
	if (err == W_PROTO)
		return false;
	if (err != W_OK) {
		reason_count(&mn->env, reason_of_wire(err));
		return true;
	}
	if (p.m.type == MIP4_REPLY)
		on_reply(mn, &p, rx, now);
	else if (p.m.type == MIP4_REVOKE)
		mn4_revoke_rx(mn, &p, now);
	else
		return false; /* a role beside this one may want it */
	return true;
}
