/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a refusing code changes (RFC 5944 3.6.2.3, RFC 3024 4.1.2, RFC 4721 3.1, RFC 5177 5.1): the next request asks for less, or
 * for more; or another agent is asked; or it is the operator's turn. And the one message that takes back what was granted: a revocation
 * (RFC 3543 4.2.2.3).
 */
#include <string.h>

#include "role/mn/state.h"

/* Nothing to be changed: it goes on at the back-off, or the operator must do something; the latter is looked at again after a while. */
static void go_on(struct mn *mn, const char *why, struct now now)
{
	struct mn4 *v = &mn->v4;
	if (!reg4_is_pending(&v->reg))
		mn_arm(mn, &v->t_retry, MN_T4_RETRY, mono_add(now.mono, span_s(MN4_REFUSED_S)));
	mn4_place_settle(mn, "registration reply", why, now);
}

static void other_agent(struct mn *mn, const char *why, struct now now)
{
	if (!mn4_place_refuse_agent(mn, why, now))
		go_on(mn, why, now);
}

static void mended(struct mn *mn, bool is_changed, const char *why, struct now now)
{
	if (is_changed)
		mn4_reg_mended(mn, now);
	else
		other_agent(mn, why, now);
}

/* Was set, and is cleared now? */
static bool clear(bool *flag)
{
	bool was = *flag;
	*flag = false;
	return was;
}

static void on_reverse_off(struct mn *mn, const char *why, struct now now)
{
	struct mn4 *v = &mn->v4;
	bool may = mn->conf.v4.reverse_tunnel != MN_REVERSE_REQUIRED && v->at.place != MOVE4_SITE && !mn->conf.v4.n_network;
	if (may)
		v->want.encapsulating = false;
	mended(mn, may && clear(&v->want.reverse), why, now);
}

static void on_reverse_on(struct mn *mn, const char *why, struct now now)
{
	bool is_changed = !mn->v4.want.reverse && mn->conf.v4.reverse_tunnel != MN_REVERSE_OFF;
	mn->v4.want.reverse |= is_changed;
	mended(mn, is_changed, why, now);
}

/* The next of the addresses that it advertises (2.4). */
static void on_bad_coa(struct mn *mn, const char *why, struct now now)
{
	struct mn_if *ifc = mn->v4.active;
	struct mn4_agent *a = ifc ? ifc->v4.agent : NULL;
	if (!a || mn->v4.at.is_colocated || mn->v4.at.place != MOVE4_AGENT || a->coa_try + 1 >= a->adv.n_coa) {
		other_agent(mn, why, now);
		return;
	}
	a->coa_try++;
	mn4_place_use(mn, ifc, "care-of address refused", now);
}

static void on_home_agent(struct mn *mn, const struct mip4_packet *p, const char *why, struct now now)
{
	struct mn4 *v = &mn->v4;
	if (!addr6_is_v4unicast(&p->m.reply.ha) || addr6_eq(&p->m.reply.ha, &v->ha) || !addr6_is_none(&mn->conf.v4.home_agent)) {
		go_on(mn, why, now);
		return;
	}
	v->ha = p->m.reply.ha;
	mn4_say(mn, EV_NOTICE, "mn-home-agent", "mn: home agent %s", ADDR46_STR(&v->ha));
	mn4_place_again(mn, "home agent found", now);
}

static void on_challenge(struct mn *mn, const struct mip4_packet *p, const char *why, struct now now)
{
	struct mn4 *v = &mn->v4;
	struct mn4_agent *a = v->active ? v->active->v4.agent : NULL;
	if (!a || v->at.place != MOVE4_AGENT || (!mn4_msg_key(mn, &v->at) && !v->aaa)) {
		other_agent(mn, why, now);
		return;
	}
	if (p->m.ext.has_challenge && p->m.ext.challenge.len_oct <= sizeof a->challenge) {
		a->has_challenge = true;
		a->challenge_oct = p->m.ext.challenge.len_oct;
		memcpy(a->challenge, p->m.ext.challenge.p, a->challenge_oct);
	}
	if (a->has_challenge)
		mn4_reg_mended(mn, now);
	else
		mn4_agent_solicit(v->active, now); /* its advertisement brings one: mn4_agent.c goes on */
}

static bool is_named(const struct mip4_exts *x, const struct prefix6 *p)
{
	for (uint32_t i = 0; i < x->n_net; i++)
		if (x->net[i].sub != MIP4_NET_REQUEST && x->net[i].code != MIP4_NET_OK && x->net[i].len_bits + 96 == p->len_bits &&
		    addr6_eq(&x->net[i].addr, &p->addr))
			return true;
	return false;
}

/* Those that it names are asked for no more; all, when it names none, or serves none at all (148). */
static void on_network(struct mn *mn, const struct mip4_packet *p, const char *why, struct now now)
{
	struct mn4 *v = &mn->v4;
	bool is_changed = false;
	for (uint32_t i = 0; p->m.reply.code == MIP4_HA_NET_ERROR && i < mn->conf.v4.n_network; i++) {
		if (v->net_refused[i] || !is_named(&p->m.ext, &mn->conf.v4.network[i]))
			continue;
		v->net_refused[i] = is_changed = true;
		mn4_say(mn, EV_ERROR, "mn-network", "mn: the home agent does not take %s", PREFIX46_STR(&mn->conf.v4.network[i]));
	}
	if (!is_changed)
		is_changed = clear(&v->want.network);
	mended(mn, is_changed, why, now);
}

/* The agent holds that group for somebody else, and names another one. */
static bool is_group_taken(struct mn *mn, const struct mip4_packet *p, struct now now)
{
	struct rc4 rc;
	if (mn->v4.at.place != MOVE4_SITE || rc4_parse(&p->m.ext, &rc) != W_OK || !rc.has_group_answer ||
	    rc.group_answer.status != RC4_GROUP_TAKEN || !mip4_is_covered(&p->m.ext, rc.off[RC4_GROUP_ANSWER], MIP4_MF) ||
	    !addr6_is_v4multicast(&rc.group_answer.group) || ++mn->v4.group_try > MN_GROUP_TRIES)
		return false;
	mn4_place_on_group_taken(mn, &rc.group_answer.group, now);
	return true;
}

void mn4_refused(struct mn *mn, const struct mip4_packet *p, struct now now)
{
	struct mn4 *v = &mn->v4;
	const char *why = mip4_code_str(p->m.reply.code);
	bool had_other_encap = v->want.encap != MN_ENCAP_IPIP;
	reason_count(&mn->env, R_REPLY_REFUSED);
	mn4_say(mn, EV_WARNING, "mn-refused", "mn: registration refused: %s (%u)", why, p->m.reply.code);
	if (is_group_taken(mn, p, now))
		return;
	switch (v->reg.act) {
	case REG4_ACCEPT:
	case REG4_LATER:
	case REG4_FINAL:
	case REG4_ID:
	case REG4_LIFETIME: go_on(mn, why, now); break;
	case REG4_AGENT: other_agent(mn, why, now); break;
	case REG4_COA: on_bad_coa(mn, why, now); break;
	case REG4_HOME_AGENT: on_home_agent(mn, p, why, now); break;
	case REG4_ENCAP:
		v->want.encap = MN_ENCAP_IPIP;
		mended(mn, had_other_encap, why, now);
		break;
	case REG4_UDP_ENCAP:
		v->want.encap = MN_ENCAP_IPIP;
		mended(mn, had_other_encap || clear(&v->want.udp), why, now);
		break;
	case REG4_REVERSE_OFF: on_reverse_off(mn, why, now); break;
	case REG4_REVERSE_ON: on_reverse_on(mn, why, now); break;
	case REG4_DELIVERY: mended(mn, clear(&v->want.encapsulating), why, now); break;
	case REG4_CHALLENGE: on_challenge(mn, p, why, now); break;
	case REG4_SIMULTANEOUS:
		if (clear(&v->want.simultaneous))
			mn4_reg_mended(mn, now);
		else
			go_on(mn, why, now);
		break;
	case REG4_NETWORK: on_network(mn, p, why, now); break;
	}
}

/* --- revocation ------------------------------------------------------------------------------------------------ */

static void acknowledge(struct mn *mn, const struct mip4_packet *p)
{
	const struct mn4 *v = &mn->v4;
	struct mip4 m = {.type = MIP4_REVOKE_ACK, .revoke = {.inform = p->m.revoke.inform, .hoa = p->m.revoke.hoa, .id = p->m.revoke.id}};
	struct mip4_path path = {.src = v->at.coa, .dst = p->src, .dport = p->sport};
	struct mip4_built built;
	uint8_t buf[256];
	m.ext.auth[MIP4_MH] = sa4_auth(v->key);
	if (!mip4_packet_build(buf, sizeof buf, &path, &m, &built))
		return;
	sa4_sign(v->key, mn->env.crypto, buf + built.msg_off, &m.ext.auth[MIP4_MH]);
	mip4_packet_finish(&built, buf);
	fx_send(mn_fx(mn), ROLE_MN, v->active->ifindex, lladdr_is_zero(&v->at.router) ? NULL : &v->at.router, buf, built.len_oct);
}

/* Only the home agent revokes, and only a direct co-located binding; an agent tells its visitors by its advertisements. */
static bool is_revocation_good(struct mn *mn, const struct mip4_packet *p)
{
	const struct mn4 *v = &mn->v4;
	const struct mip4_revoke *r = &p->m.revoke;
	if (!v->active || v->at.place != MOVE4_COLOCATED || !r->is_ha || !addr6_eq(&r->hoa, &v->home_address) || !addr6_eq(&r->home, &v->ha) ||
	    !addr6_eq(&r->foreign, &v->at.coa)) {
		reason_count(&mn->env, R_MSG_NOT_FOR_US);
		return false;
	}
	if (!sa4_verify(v->key, mn->env.crypto, p->msg, &p->m.ext.auth[MIP4_MH])) {
		reason_count(&mn->env, p->m.ext.auth[MIP4_MH].n ? R_AUTH_BAD : R_AUTH_MISSING);
		return false;
	}
	if (v->has_revocation && (int32_t)(r->id - v->revocation_id) < 0) {
		reason_count(&mn->env, R_REPLAY_OLD);
		return false;
	}
	return true;
}

/* In a site its agent tells that the home agent ended what it had passed on, with the key that mobile and agent share: the mobile asks again, as it
 * would of a foreign agent that advertises anew (4.1). */
static void on_site_revocation(struct mn *mn, const struct mip4_packet *p, struct now now)
{
	struct mn4 *v = &mn->v4;
	struct mn4_mma *m = v->active && v->at.place == MOVE4_SITE ? v->at.mma : NULL;
	const struct mip4_revoke *r = &p->m.revoke;
	if (!m || !addr6_eq(&p->src, &m->addr) || !addr6_eq(&r->foreign, &m->addr) || !addr6_eq(&r->hoa, &v->home_address) || r->is_ha) {
		reason_count(&mn->env, R_MSG_NOT_FOR_US);
		return;
	}
	if (!sa4_verify(m->key, mn->env.crypto, p->msg, &p->m.ext.auth[MIP4_MF])) {
		reason_count(&mn->env, R_AUTH_BAD);
		return;
	}
	if (m->has_revoked && (int32_t)(r->id - m->revoked_id) <= 0) {
		reason_count(&mn->env, R_REPLAY_OLD);
		return;
	}
	m->has_revoked = true;
	m->revoked_id = r->id;
	if (!mn4_reg_is_bound(mn) || reg4_is_pending(&v->reg))
		return; /* the answer to that will tell */
	mn4_say(mn, EV_WARNING, "mn-revoked", "mn: agent %s: the home agent ended the binding: registering again", ADDR46_STR(&m->addr));
	mn4_reg_refresh(mn, now);
}

void mn4_revoke_rx(struct mn *mn, const struct mip4_packet *p, struct now now)
{
	struct mn4 *v = &mn->v4;
	if (p->m.ext.auth[MIP4_MF].n) {
		on_site_revocation(mn, p, now);
		return;
	}
	if (!is_revocation_good(mn, p))
		return;
	bool is_again = v->has_revocation && v->revocation_id == p->m.revoke.id; /* our acknowledgement was lost */
	v->has_revocation = true;
	v->revocation_id = p->m.revoke.id;
	acknowledge(mn, p);
	if (is_again || !mn4_reg_is_bound(mn))
		return;
	mn4_say(mn, EV_WARNING, "mn-revoked", "mn: the home agent ended the binding");
	reg4_stop(&v->reg);
	v->reg.state = REG4_STOPPED;
	v->reg.expires = MONO_NEVER;
	mn4_reg_arm(mn);
	mn4_udp_off(mn);
	mn4_path_uplink_del(mn);
	go_on(mn, "revoked", now);
}
