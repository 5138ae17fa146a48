/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The binding update list (RFC 6275 11.1, 11.7): builds and authenticates updates, verifies
 * acknowledgements, and passes on what they mean. When to send is core/reg's.
 *
 * An update to a site's agent carries M and our options and is authenticated with the on-link address; one to the
 * home agent carries the care-of address in the Alternate Care-of Address option (11.7.1), or at home comes from the
 * home address itself.
 */
#include <string.h>

#include "role/mn/state.h"
#include "wire/mip6/mh_packet.h"

static void peer_add(struct mn *mn, const struct addr6 *addr, const struct sa_key *key, bool is_mma)
{
	struct mn_peer *p = &mn->peer[mn->n_peer++];
	*p = (struct mn_peer){.mn = mn, .is_mma = is_mma, .addr = *addr, .key = key,
				.retry_at = MONO_NEVER};
	struct reg_conf conf = reg_conf_default;
	conf.lifetime_s = (uint32_t)span_to_s(mn->conf.lifetime);
	if (is_mma)
		conf.first = conf.again; /* no duplicate detection to wait for */
	reg_init(&p->reg, &conf, (uint16_t)rng_u32(mn->env.rng));
}

/* The key of a site, as the home agent derives it too. NULL: no memory; then there is no such peer. */
static const struct sa_key *derive(const struct mn *mn, const struct sa_key *home, const char *site, struct sa_key *out)
{
	uint8_t raw[32];
	sa_derive_mma(home, mn->env.crypto, site, raw);
	return sa_key_init(out, mn->env.crypto, "derived", home->spi, home->alg, raw, sizeof raw) == 0 ? out : NULL;
}

void mn_bul_init(struct mn *mn)
{
	const struct sa_key *home = mn->env.key(mn->env.ctx, mn->conf.key);
	peer_add(mn, &mn->conf.home_agent, home, false);
	for (uint32_t i = 0; i < mn->conf.n_mma; i++) {
		const struct mn_conf_mma *c = &mn->conf.mma[i];
		const struct sa_key *key = c->key[0] ? mn->env.key(mn->env.ctx, c->key) : derive(mn, home, c->site, &mn->derived[i]);
		peer_add(mn, &c->addr, key, true);
	}
}

void mn_bul_fini(struct mn *mn)
{
	for (uint32_t i = 0; i < mn->conf.n_mma; i++)
		sa_key_fini(&mn->derived[i], mn->env.crypto);
}

struct mn_peer *mn_bul_find(struct mn *mn, const struct addr6 *addr)
{
	if (addr6_is_any(addr))
		return NULL; /* a home agent not yet discovered */
	for (uint32_t i = 0; i < mn->n_peer; i++)
		if (mn->peer[i].key && addr6_eq(&mn->peer[i].addr, addr))
			return &mn->peer[i];
	return NULL;
}

bool mn_bul_is_pending(const struct mn_peer *p) { return !mono_is_never(p->reg.resend_at); }

void mn_bul_arm(struct mn_peer *p)
{
	mn_arm(p->mn, &p->t_reg, MN_T_REG, mono_min(reg_expiry(&p->reg), p->retry_at));
}

static uint32_t within(uint32_t lifetime_s, mono_t end, struct now now)
{
	if (mono_is_never(end))
		return lifetime_s;
	int64_t left_s = span_to_s(mono_sub(end, now.mono));
	if (left_s < 4)
		left_s = 4;
	return lifetime_s < (uint64_t)left_s ? lifetime_s : (uint32_t)left_s;
}

/* No longer than the prefixes of home and care-of address live (RFC 6275 11.7.1), and at home not longer than the agent of the
 * site has granted. */
static uint32_t lifetime_of(const struct mn_peer *p, const struct reg_bu *bu, struct now now)
{
	const struct mn *mn = p->mn;
	if (!bu->lifetime_s)
		return 0;
	uint32_t lifetime_s = mn_prefix_limit(mn, bu->lifetime_s, now);
	if (mn->place != MOVE_HOME && mn->active)
		lifetime_s = within(lifetime_s, mn->active->coa_until, now);
	return p->is_mma || mn->place != MOVE_SITE ? lifetime_s : within(lifetime_s, mn->mma->reg.expires, now);
}

static bool is_previous(const struct mn_peer *p, const struct mn_peer *of)
{
	return p && p != of && reg_is_bound(&p->reg) && p->has_acoa;
}

/* The agent of the site before; after a restart any that still holds a binding. */
static const struct mn_peer *previous(const struct mn_peer *of)
{
	const struct mn *mn = of->mn;
	if (is_previous(mn->prev, of))
		return mn->prev;
	for (uint32_t i = 1; i < mn->n_peer; i++)
		if (is_previous(&mn->peer[i], of))
			return &mn->peer[i];
	return NULL;
}

static void fill_mma(const struct mn_peer *p, struct mh *m)
{
	const struct mn *mn = p->mn;
	m->bu.flags = BU_A | BU_M;
	m->opt.rc.has_mcoa = true;
	/* After a restart the group was not known yet when this peer was read back. */
	bool is_known = !p->reg.ask_s && !addr6_is_any(&p->group);
	m->opt.rc.mcoa = (struct rc_mcoa){.group = is_known ? p->group : mn->group, .source = p->addr};
	m->opt.rc.has_reg = true;
	m->opt.rc.reg = (struct rc_reg){.ha = mn_ha(p->mn)->addr};
	if (mn->conf.route_optimisation == MN_RO_AGENT || mn->conf.route_optimisation == MN_RO_AUTO)
		m->opt.rc.reg.flags |= RC_REG_ROUTE_OPT;
	const struct mn_peer *prev = p->reg.ask_s ? previous(p) : NULL;
	if (prev) {
		m->opt.rc.reg.prev_mma = prev->addr;
		m->opt.rc.reg.prev_coa = prev->acoa;
	}
	if (!p->reg.ask_s)
		m->opt.rc.has_forward = mn_leave_forward(p, &m->opt.rc.forward);
}

static void fill_ha(const struct mn_peer *p, const struct reg_bu *bu, bool is_at_home, struct mh *m)
{
	m->bu.flags = BU_A | BU_H | (mn_home_is_ll_bound(p->mn, p->mn->active) ? BU_L : 0);
	if (is_at_home)
		return;
	m->opt.has_alt_coa = true;
	m->opt.alt_coa = bu->coa;
}

static void remember(struct mn_peer *p, uint16_t seq, const struct addr6 *coa)
{
	p->sent[p->n_sent % REG_OUTSTANDING].seq = seq;
	p->sent[p->n_sent % REG_OUTSTANDING].coa = *coa;
	p->n_sent++;
}

/* Without a link nothing leaves; the back-off goes on, and mn_bul_again() sends when there is one. */
static void send(struct mn_peer *p, const struct reg_bu *bu, struct now now)
{
	struct mn *mn = p->mn;
	struct mn_if *ifc = mn->active;
	if (!ifc || !ifc->router) {
		reg_unsent(&p->reg); /* an answer to one before it is then an answer to all that was asked */
		return;
	}
	bool is_at_home = mn->place == MOVE_HOME;
	const struct addr6 *src = is_at_home ? &mn->conf.home_address : &ifc->coa;
	struct mh m = {.type = MH_BU, .bu = {.seq = bu->seq, .lifetime_s = lifetime_of(p, bu, now)}};
	m.opt.has_mesg_id = true;
	m.opt.mesg_id = bu->stamp;
	m.opt.has_auth = true;
	m.opt.auth.spi = p->key->spi;
	if (p->is_mma)
		fill_mma(p, &m);
	else
		fill_ha(p, bu, is_at_home, &m);
	mn_net_fill(mn, p->is_mma, &m, now);

	uint8_t buf[1280];
	struct mh_built built;
	size_t n = bu_packet_build(buf, sizeof buf, src, &p->addr, is_at_home ? NULL : &mn->conf.home_address, &m, &built);
	if (!n)
		return;
	const struct addr6 *coa = m.opt.has_alt_coa ? &m.opt.alt_coa : src;
	sa_sign(p->key, mn->env.crypto, coa, &mn->conf.home_address, &built, buf);
	remember(p, bu->seq, coa);
	p->n_bu++;
	if (p->reg.ask_s)
		p->group = mn->group;
	p->is_uncertain |= !bu->lifetime_s || !addr6_eq(&bu->coa, &p->reg.bound_coa);
	const struct lladdr to = is_at_home && !p->is_mma ? mn_home_agent_ll(mn) : ifc->router->lladdr;
	mn_store_put(mn, now);
	fx_send(mn_fx(mn), ROLE_MN, ifc->ifindex, &to, buf, n);
}

static void on_refused(struct mn_peer *p, struct now now)
{
	struct mn *mn = p->mn;
	const char *why = ba_status_str(p->reg.status);
	reason_count(&mn->env, R_BA_REFUSED);
	if (!p->is_mma && p->reg.ask_s && mn_net_on_refused(p, now))
		return;
	if (!p->is_mma) {
		mn_say(mn, EV_ERROR, "mn-refused", "mn: home agent %s refuses: %s (%u)", ADDR6_STR(&p->addr), why, p->reg.status);
		if (p->reg.state == REG_STOPPED && p->reg.ask_s && mn_agent_next(mn, now))
			return;
		if (p->reg.state == REG_STOPPED)
			p->retry_at = mono_add(now.mono, span_s(MN_REFUSED_S));
		mn_place_settle(mn, "binding acknowledgement", why, now);
		return;
	}
	bool is_mine = mn->place == MOVE_SITE && p == mn->mma && p->reg.ask_s;
	if (p->reg.status == BA_GROUP_TAKEN && is_mine && mn->group_try + 1 < MN_GROUP_TRIES) {
		mn_place_on_group_taken(mn, now);
		return;
	}
	bool was_asked = p->reg.ask_s != 0;
	reg_stop(&p->reg);
	p->is_uncertain = p->has_acoa; /* a refusal changes nothing there: what it had accepted before it still has */
	p->has_acoa = false;
	if (was_asked)
		mn_place_on_refused(mn, p, why, now);
	mn_leave_on_left(p, now);
}

static void on_accepted(struct mn_peer *p, struct now now)
{
	struct mn *mn = p->mn;
	mn_say(mn, EV_INFO, "mn-registered", "mn: %s %s accepts for %u s", p->is_mma ? "agent" : "home agent", ADDR6_STR(&p->addr),
	       p->reg.lifetime_s);
	if (!p->is_mma) {
		mn_place_on_registered(mn, now);
		if (p->reg.is_deprecated || mn->prefixes.is_due)
			mn_prefix_ask(mn, now);
		return;
	}
	p->uplink_key = sa_uplink_key(p->key, mn->env.crypto, &mn->conf.home_address, p->reg.stamp);
	mn_place_on_joined(mn, p, now);
}

/* An agent that assigns nothing is none of ours (design, "With an MMA"): it must not keep a binding. */
static void on_no_assignment(struct mn_peer *p, struct now now)
{
	reason_count(&p->mn->env, R_BA_NO_ASSIGNED_COA);
	mn_bul_ask(p, &p->addr, 0, now);
	mn_place_on_refused(p->mn, p, "it assigned no care-of address", now);
}

static void on_event(struct mn_peer *p, enum reg_event ev, const struct reg_bu *bu, struct now now)
{
	struct mn *mn = p->mn;
	bool is_known = ev == REG_ACCEPTED || ev == REG_DEREGISTERED || ev == REG_EXPIRED || ev == REG_REFUSED;
	if (is_known && !mn_bul_is_pending(p))
		p->is_uncertain = false;
	switch (ev) {
	case REG_NOTHING:
		break;
	case REG_SEND:
		send(p, bu, now);
		break;
	case REG_ACCEPTED:
		if (p->is_mma && !p->has_acoa)
			on_no_assignment(p, now);
		else
			on_accepted(p, now);
		break;
	case REG_DEREGISTERED:
		p->has_acoa = false;
		mn_say(mn, EV_INFO, "mn-deregistered", "mn: de-registered at %s", ADDR6_STR(&p->addr));
		if (p->is_mma)
			mn_leave_on_left(p, now);
		else
			mn_place_on_home(mn, now);
		break;
	case REG_REFUSED:
		on_refused(p, now);
		break;
	case REG_EXPIRED:
		p->has_acoa = false;
		mn_say(mn, EV_WARNING, "mn-expired", "mn: registration at %s ended without an answer", ADDR6_STR(&p->addr));
		mn_place_settle(mn, "lifetime", "no answer", now);
		if (p->is_mma)
			mn_leave_on_left(p, now);
		break;
	case REG_UNEXPECTED:
		reason_count(&mn->env, R_BA_UNEXPECTED);
		break;
	}
	if (is_known)
		mn_store_put(mn, now);
	mn_bul_arm(p);
}

void mn_bul_ask(struct mn_peer *p, const struct addr6 *coa, uint32_t lifetime_s, struct now now)
{
	struct reg_bu bu;
	p->retry_at = MONO_NEVER;
	on_event(p, reg_start(&p->reg, coa, lifetime_s, now, &bu), &bu, now);
}

void mn_bul_refresh(struct mn_peer *p, struct now now)
{
	struct reg_bu bu;
	on_event(p, reg_refresh(&p->reg, now, &bu), &bu, now);
}

void mn_bul_shorten(struct mn_peer *p, mono_t end, struct now now)
{
	if (reg_is_bound(&p->reg) && p->reg.ask_s && mono_before(end, p->reg.expires))
		mn_bul_refresh(p, now);
}

void mn_bul_farewell(struct mn *mn, struct now now)
{
	for (uint32_t i = 0; i < mn->n_peer; i++) {
		struct mn_peer *p = &mn->peer[i];
		const struct addr6 coa = p->reg.coa;
		if (mn_bul_may_hold(p) && p->reg.ask_s)
			mn_bul_ask(p, &coa, 0, now);
	}
}

void mn_bul_hush(struct mn_peer *p)
{
	p->reg.resend_at = p->reg.refresh_at = p->retry_at = MONO_NEVER;
	mn_bul_arm(p);
}

void mn_bul_hold_others(struct mn *mn)
{
	for (uint32_t i = 1; i < mn->n_peer; i++) {
		struct mn_peer *p = &mn->peer[i];
		if ((mn->place == MOVE_SITE && p == mn->mma) || !p->reg.ask_s)
			continue;
		p->reg.resend_at = p->reg.refresh_at = p->retry_at = MONO_NEVER;
		mn_bul_arm(p);
	}
}

void mn_bul_again(struct mn *mn, struct now now)
{
	for (uint32_t i = 0; i < mn->n_peer; i++) {
		struct mn_peer *p = &mn->peer[i];
		struct addr6 coa = p->reg.coa;
		bool is_put_off = mn->place == MOVE_HOME && !mono_is_never(p->retry_at); /* what was in the way may have been the old link */
		if (mn_bul_is_pending(p) || is_put_off)
			mn_bul_ask(p, &coa, p->reg.ask_s, now);
	}
}

/* The home agent's refresh is due, and the site's agent has less time left than the home agent would grant again: then
 * the agent goes first, and its answer brings the home agent's update. Should none come, the latter goes by itself. */
static bool is_agents_turn(struct mn_peer *p, struct now now)
{
	const struct mn *mn = p->mn;
	struct mn_peer *mma = mn->mma;
	if (p->is_mma || mn->place != MOVE_SITE || !mma || !reg_is_bound(&mma->reg) || mn_bul_is_pending(mma) ||
	    !mono_reached(p->reg.refresh_at, now.mono) ||
	    mono_sub(mma->reg.expires, now.mono).ns >= span_s(p->reg.lifetime_s).ns)
		return false;
	p->reg.refresh_at = mono_add(now.mono, span_ns(span_s(p->reg.lifetime_s).ns / 10));
	struct reg_bu bu;
	on_event(mma, reg_refresh(&mma->reg, now, &bu), &bu, now);
	return true;
}

void mn_bul_on_tick(struct mn_peer *p, struct now now)
{
	struct mn *mn = p->mn;
	struct reg_bu bu;
	enum reg_event ev;
	if (is_agents_turn(p, now)) {
		mn_bul_arm(p);
		return;
	}
	if (mono_reached(p->retry_at, now.mono)) {
		struct addr6 coa = p->reg.coa;
		mn_bul_ask(p, &coa, p->reg.ask_s, now);
	}
	if (!p->is_mma && mono_reached(p->reg.resend_at, now.mono))
		mn_agent_on_unanswered(mn, now);
	do {
		ev = reg_tick(&p->reg, now, &bu);
		on_event(p, ev, &bu, now);
	} while (ev != REG_NOTHING);
}

/* With which care-of address was it sent? Status 135 carries another number: then any of the last. */
static bool is_authentic(const struct mn_peer *p, const struct mh_packet *pkt)
{
	const struct mn *mn = p->mn;
	uint32_t n = p->n_sent < REG_OUTSTANDING ? p->n_sent : REG_OUTSTANDING;
	for (uint32_t i = 1; i <= n; i++) {
		uint32_t k = (p->n_sent - i) % REG_OUTSTANDING;
		bool is_answer = p->sent[k].seq == pkt->mh.ba.seq || pkt->mh.ba.status == BA_SEQ_OUT_OF_WINDOW;
		if (is_answer && sa_verify(p->key, mn->env.crypto, &p->sent[k].coa, &mn->conf.home_address, pkt))
			return true;
	}
	return false;
}

/* What an agent that was left says of packets that still come to it. */
static void on_farewell(struct mn_peer *p, const struct mh *m, struct now now)
{
	const struct rc_forward *f = &m->opt.rc.forward;
	if (m->opt.rc.has_forward && f->time_s)
		mn_say(p->mn, EV_INFO, "mn-forwarding", "mn: agent %s sends on to %s for %u s%s", ADDR6_STR(&p->addr), ADDR6_STR(&f->to),
		       f->time_s, f->flags & RC_FORWARD_WAITS ? " once the other agent confirms" : "");
	else if (m->opt.rc.has_forward)
		mn_say(p->mn, EV_NOTICE, "mn-forwarding", "mn: agent %s sends nothing on", ADDR6_STR(&p->addr));
	if (m->opt.rc.has_peers && m->opt.rc.peers.n)
		mn_ro_take(p->mn, &m->opt.rc.peers, now);
}

/* RFC 6275 11.7.3. What an acknowledgement changes, it changes only here, after it was found authentic. */
static void on_ba(struct mn_peer *p, const struct mh_packet *pkt, struct now now)
{
	struct mn *mn = p->mn;
	const struct mh *m = &pkt->mh;
	if (!m->opt.has_auth) {
		reason_count(&mn->env, R_AUTH_MISSING);
		mn_place_on_hint(mn, p, m->ba.status, now);
		return;
	}
	if (!is_authentic(p, pkt)) {
		reason_count(&mn->env, R_AUTH_BAD);
		return;
	}
	p->n_ba++;
	struct reg_ba ba = {
		.status = m->ba.status, .seq = m->ba.seq, .lifetime_s = m->ba.lifetime_s,
		.has_stamp = m->opt.has_mesg_id, .stamp = m->opt.mesg_id,
		.has_refresh_advice = m->opt.has_refresh, .refresh_advice_s = m->opt.refresh_s,
	};
	struct addr6 before = p->acoa;
	bool had = p->has_acoa;
	p->has_acoa = m->opt.rc.has_acoa && addr6_is_routable(&m->opt.rc.acoa.coa);
	p->acoa = m->opt.rc.acoa.coa;
	struct reg_bu bu;
	enum reg_event ev = reg_on_ba(&p->reg, &ba, now, &bu);
	if (ev == REG_ACCEPTED && !p->is_mma)
		mn_net_on_accepted(mn, m->ba.flags & BA_R, now);
	if (ev != REG_ACCEPTED) { /* an old or refusing answer assigns nothing */
		p->has_acoa = had;
		p->acoa = before;
	}
	on_event(p, ev, &bu, now);
	if (ev == REG_DEREGISTERED && p->is_mma)
		on_farewell(p, m, now);
}

/* What is for the mobile but not from its home agent or an agent of a site is for ro.c. */
bool mn_bul_rx(struct mn *mn, const struct rx *rx, struct now now)
{
	struct mh_packet pkt;
	enum wire_err err = mh_packet_parse(rx->pkt, rx->len_oct, &pkt);
	if (err == W_PROTO || !mn_path_is_ours(mn, &pkt.dst))
		return false;
	if (err != W_OK) {
		reason_count(&mn->env, reason_of_wire(err));
		return true;
	}
	struct mn_peer *p = mn_bul_find(mn, &pkt.src);
	if (!p && mn_ro_rx(mn, rx, now))
		return true;
	if (pkt.mh.type == MH_BE || pkt.mh.type == MH_BRR) {
		mn_complaint_rx(mn, p, &pkt, now);
		return true;
	}
	if (pkt.mh.type != MH_BA)
		return false;
	if (!p || !addr6_eq(&pkt.self, &mn->conf.home_address)) {
		reason_count(&mn->env, R_MSG_NOT_FOR_US);
		return true;
	}
	on_ba(p, &pkt, now);
	return true;
}
