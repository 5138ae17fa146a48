/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Coming home in IPv4 (H-17, H-21; RFC 5944 2.4.3, 4.6). The order is 4.6's: the home address is put on the home link, so that the kernel answers
 * ARP for it again; a gratuitous ARP tells the neighbours, and is repeated; the de-registration leaves. Away, the address is on roam0
 * and the kernel answers for it on no link; an agent that the mobile registers with may ask by unicast, and is answered.
 */
#include "role/mn/state.h"
#include "wire/arp/arp.h"

enum { ANNOUNCE_MS = 200 }; /* soon: a radio that roams again without a word must not take them along */

static const struct lladdr everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

static void send_arp(struct mn *mn, uint32_t ifindex, const struct lladdr *to, const struct arp *a)
{
	uint8_t buf[ARP_OCT];
	size_t n = arp_build(buf, sizeof buf, a);
	if (n)
		fx_send_arp(mn_fx(mn), ROLE_MN, ifindex, to, buf, n);
}

void mn4_home_on_announce(struct mn *mn, struct now now)
{
	struct mn4 *v = &mn->v4;
	if (!v->has_place || v->at.place != MOVE4_HOME || !v->home_if || !v->announces_left)
		return;
	struct arp a = arp_gratuitous(&v->home_if->lladdr, &v->home_address, ARP_REQUEST);
	send_arp(mn, v->home_if->ifindex, &everybody, &a);
	mn_arm(mn, &v->t_announce, MN_T4_ANNOUNCE, --v->announces_left ? mono_add(now.mono, span_ms(ANNOUNCE_MS)) : MONO_NEVER);
}

void mn4_home_announce(struct mn *mn, struct now now)
{
	mn->v4.announces_left = MN_ANNOUNCE;
	mn4_home_on_announce(mn, now);
}

/* Nothing was registered, or it has ended: then there is nothing to be taken back. */
void mn4_home_enter(struct mn *mn, struct now now)
{
	struct mn4 *v = &mn->v4;
	mn4_member_leave(v->active);
	mn4_path_home(mn, v->active);
	mn4_home_announce(mn, now);
	if (reg4_may_hold(&v->reg, now)) {
		mn4_reg_ask(mn, 0, now);
		return;
	}
	reg4_stop(&v->reg);
	v->reg.state = REG4_IDLE;
	v->reg.ask_s = 0;
	v->reg.expires = MONO_NEVER;
	mn4_reg_arm(mn);
	mn4_place_on_home(mn, now);
}

/* 4.6: away, a request for the home address is answered only to the agent, and only when it came by unicast. That it did is known from the
 * target's link-layer address, which a unicast request has and a broadcast one cannot have. */
bool mn4_home_rx_arp(struct mn_if *ifc, const struct rx *rx, struct now now)
{
	struct mn *mn = ifc->mn;
	const struct mn4 *v = &mn->v4;
	struct arp a;
	(void)now;
	if (arp_parse(rx->pkt, rx->len_oct, &a) != W_OK) {
		reason_count(&mn->env, R_ARP_INVALID);
		return true;
	}
	bool is_away = v->has_place && v->at.place == MOVE4_AGENT && v->active == ifc;
	if (a.op != ARP_REQUEST || !is_away || !addr6_eq(&a.target, &v->home_address) || !lladdr_eq(&a.sender_ll, &v->at.router) ||
	    !lladdr_eq(&a.target_ll, &ifc->lladdr))
		return false;
	struct arp reply = arp_reply(&ifc->lladdr, &a);
	send_arp(mn, ifc->ifindex, &v->at.router, &reply);
	return true;
}
