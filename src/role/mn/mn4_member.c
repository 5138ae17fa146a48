/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Membership of the mobile's IPv4 group, as a listener of one source-specific group (RFC 3376 5, RFC 4604): member.c's counterpart. Our own
 * report is the first thing on a new link and is repeated; the socket's membership keeps the network interface's filter open.
 */
#include <string.h>

#include "role/mn/state.h"
#include "wire/igmp/igmp.h"

enum { GROUP_BITS = 96 + 9 };

/* FNV-1a: spreads, hides nothing. The agent has the last word on who gets which group. */
static uint32_t hash(uint32_t h, const void *p, size_t n)
{
	const uint8_t *b = p;
	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 16777619u;
	return h;
}

struct addr6 mn4_group_of(const struct mn *mn, const struct prefix6 *prefix, uint32_t n_try)
{
	static const struct addr4 usual = {{232, 128, 0, 0}};
	struct prefix6 p = prefix->len_bits ? *prefix : (struct prefix6){addr6_from_v4(usual), GROUP_BITS};
	uint32_t h = 2166136261u;
	if (mn->conf.privacy || !lladdr_is_zero(&mn->conf.identity)) {
		h = hash(h, &mn->identity, sizeof mn->identity);
	} else {
		h = hash(h, &mn->v4.home_address, sizeof mn->v4.home_address);
		h = hash(h, mn->conf.v4.nai, strlen(mn->conf.v4.nai));
	}
	h = hash(h, &n_try, sizeof n_try);
	h = hash(h, "group", 5);
	struct addr6 id = addr6_from_v4((struct addr4){{(uint8_t)(h >> 24), (uint8_t)(h >> 16), (uint8_t)(h >> 8), (uint8_t)h}});
	return prefix6_join(&p, &id);
}

/* RFC 3376 4.2.13: an address of this link, or 0.0.0.0 while there is none. */
static struct addr6 source(const struct mn_if *ifc)
{
	const struct mn4_local *l = mn4_link_local(ifc);
	return l ? l->addr : addr6_any;
}

static void send_state(struct mn_if *ifc, enum mld_rec_type type)
{
	struct addr6 src = source(ifc);
	uint8_t buf[64];
	size_t n = igmp3_state_packet_build(buf, sizeof buf, &src, type, &ifc->v4.group, &ifc->v4.source);
	if (!n)
		return;
	fx_send(mn_fx(ifc->mn), ROLE_MN, ifc->ifindex, NULL, buf, n);
	ifc->mn->v4.n.reports++;
}

void mn4_member_join(struct mn_if *ifc, const struct addr6 *group, const struct addr6 *src, struct now now)
{
	struct mn4_if *v = &ifc->v4;
	if (v->is_member && !(addr6_eq(&v->group, group) && addr6_eq(&v->source, src)))
		mn4_member_leave(ifc);
	v->group = *group;
	v->source = *src;
	v->is_member = true;
	send_state(ifc, MLD_ALLOW);
	v->reports_left = ifc->mn->conf.reports - 1;
	mn_arm(ifc->mn, &v->t_report, MN_T4_REPORT, v->reports_left ? mono_add(now.mono, ifc->mn->conf.report_interval) : MONO_NEVER);
}

void mn4_member_hold(struct mn_if *ifc)
{
	struct mn4_if *v = &ifc->v4;
	if (!v->is_member || v->is_held)
		return;
	v->is_held = true;
	fx_group(mn_fx(ifc->mn), ROLE_MN, FX_JOIN, ifc->ifindex, &v->group, &v->source);
}

void mn4_member_leave(struct mn_if *ifc)
{
	struct mn4_if *v = &ifc->v4;
	if (!v->is_member)
		return;
	v->is_member = false;
	v->reports_left = 0;
	mn_arm(ifc->mn, &v->t_report, MN_T4_REPORT, MONO_NEVER);
	if (ifc->is_up)
		send_state(ifc, MLD_BLOCK);
	if (v->is_held)
		fx_group(mn_fx(ifc->mn), ROLE_MN, FX_LEAVE, ifc->ifindex, &v->group, &v->source);
	v->is_held = false;
}

void mn4_member_on_report(struct mn_if *ifc, struct now now)
{
	struct mn4_if *v = &ifc->v4;
	if (!v->is_member || !ifc->is_up || !v->reports_left)
		return;
	send_state(ifc, MLD_ALLOW);
	if (--v->reports_left)
		mn_arm(ifc->mn, &v->t_report, MN_T4_REPORT, mono_add(now.mono, ifc->mn->conf.report_interval));
}

static bool asks_for(const struct mn4_if *v, const struct igmp_query *q)
{
	if (addr6_is_none(&q->group))
		return true;
	if (!addr6_eq(&q->group, &v->group))
		return false;
	for (uint16_t i = 0; i < q->n_source; i++) {
		struct addr6 s = igmp_source(q->source, i);
		if (addr6_eq(&s, &v->source))
			return true;
	}
	return q->n_source == 0;
}

/* Answered at once, for this group alone, for the reason that member.c gives. Older queriers hear their own version's report
 * (RFC 3376 7.2.1); which group that is they can tell, which source they cannot. */
bool mn4_member_rx(struct mn_if *ifc, const struct rx *rx)
{
	struct mn4_if *v = &ifc->v4;
	struct igmp_packet p;
	if (igmp_packet_parse(rx->pkt, rx->len_oct, &p) != W_OK) {
		reason_count(&ifc->mn->env, R_IGMP_INVALID);
		return true;
	}
	if (p.kind != IGMP_QUERY || !v->is_member || !ifc->is_up || !asks_for(v, &p.query))
		return true;
	if (p.query.version == 3) {
		send_state(ifc, MLD_IS_IN);
		return true;
	}
	struct addr6 src = source(ifc);
	uint8_t buf[64];
	size_t n = igmp2_packet_build(buf, sizeof buf, &src, p.query.version == 2 ? IGMP2_REPORT : IGMP1_REPORT, &v->group);
	if (n)
		fx_send(mn_fx(ifc->mn), ROLE_MN, ifc->ifindex, NULL, buf, n);
	return true;
}
