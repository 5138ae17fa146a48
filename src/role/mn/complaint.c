/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What others say of our updates without proof of who they are: binding errors (RFC 6275 11.3.6), refresh requests (11.7.4), ICMPv6
 * errors (11.3.5). Only what is said by, or about an unanswered update to, a peer of the list is heard at all, and the most it can do
 * is an update a little early, a wait cut short, or a home agent left alone for a while.
 */
#include "role/mn/state.h"
#include "wire/mip6/mh_packet.h"

/* Nothing authenticates these: they bring no more than an update a little early, and not more than one a second. */
static void refresh(struct mn_peer *p, struct now now)
{
	const struct reg *r = &p->reg;
	const struct reg_sent *last = &r->sent[(r->n_sent - 1) % REG_OUTSTANDING];
	if (r->n_sent && mono_before(now.mono, mono_add(last->at, span_s(1)))) {
		reason_count(&p->mn->env, R_LIMIT_RATE);
		return;
	}
	mn_bul_refresh(p, now);
}

/* Binding errors (RFC 6275 11.3.6) and refresh requests (11.7.4), from peers in the list only. */
void mn_complaint_rx(struct mn *mn, struct mn_peer *p, const struct mh_packet *pkt, struct now now)
{
	bool is_error = pkt->mh.type == MH_BE;
	reason_count(&mn->env, is_error ? R_BE_RECEIVED : R_BRR_RECEIVED);
	if (!p || !p->reg.ask_s || (p->reg.state != REG_BOUND && p->reg.state != REG_WAIT))
		return;
	if (is_error && !addr6_eq(&pkt->mh.be.home_address, &mn->conf.home_address) && !addr6_is_any(&pkt->mh.be.home_address))
		return;
	if (is_error && pkt->mh.be.status == BE_UNKNOWN_TYPE) {
		mn_say(mn, EV_WARNING, "mn-binding-error", "mn: %s does not know Mobility Header messages of ours", ADDR6_STR(&p->addr));
		mn_place_on_hint(mn, p, BA_REASON_UNSPECIFIED, now);
		return;
	}
	refresh(p, now);
}

/* The peer to which the packet inside an ICMPv6 error was an update of ours that waits for its answer; NULL: it was none. */
static struct mn_peer *complained_about(struct mn *mn, const struct icmp6_packet *e)
{
	enum { UNUSED_OCT = 4, SEQ_OFF = 6 };
	struct ip6_walk w;
	if (e->body_len_oct < UNUSED_OCT)
		return NULL;
	const uint8_t *pkt = e->body + UNUSED_OCT;
	enum wire_err err = ip6_walk(pkt, e->body_len_oct - UNUSED_OCT, &w);
	if ((err != W_OK && err != W_TRUNCATED) || w.proto != NH_MH || w.len_oct < SEQ_OFF + 2 || pkt[w.off + 2] != MH_BU ||
	    !mn_path_is_ours(mn, &w.ip.src))
		return NULL;
	struct mn_peer *p = mn_bul_find(mn, &w.ip.dst);
	uint16_t seq = (uint16_t)(pkt[w.off + SEQ_OFF] << 8 | pkt[w.off + SEQ_OFF + 1]);
	return p && mn_bul_is_pending(p) && p->reg.seq == seq ? p : NULL;
}

/* RFC 6275 11.3.5: a node that does not know the Mobility Header is left alone for a while; an unreachable agent of a site is not
 * waited for long. */
bool mn_complaint_on_icmp(struct mn *mn, const struct rx *rx, struct now now)
{
	struct icmp6_packet e;
	if (icmp6_packet_parse(rx->pkt, rx->len_oct, &e) != W_OK)
		return false;
	bool is_unknown = e.type == IC6_PARAM_PROBLEM && e.code == 1;
	struct mn_peer *p = is_unknown || e.type == IC6_UNREACHABLE ? complained_about(mn, &e) : NULL;
	if (!p)
		return false;
	reason_count(&mn->env, R_ICMP_ABOUT_UPDATE);
	if (p->is_mma) {
		mn_place_on_hint(mn, p, BA_REASON_UNSPECIFIED, now);
	} else if (is_unknown) {
		mn_say(mn, EV_WARNING, "mn-no-home-agent", "mn: %s does not know the Mobility Header", ADDR6_STR(&p->addr));
		if (p->reg.ask_s && mn_agent_next(mn, now))
			return true;
		p->reg.resend_at = MONO_NEVER;
		p->retry_at = mono_add(now.mono, span_s(MN_REFUSED_S));
		mn_bul_arm(p);
	}
	return true;
}
