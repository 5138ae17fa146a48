/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Membership of the mobile's group, as a listener (RFC 3810, RFC 4604).
 *
 * Our own report is the first thing on a new link and is repeated; the socket's membership keeps the network
 * interface's filter open and cancels a withdrawal that the kernel may still have queued for the interface.
 */
#include <string.h>

#include "role/mn/state.h"
#include "wire/mld/mld.h"

/* EUI-64 of the identity; the n-th derived one (design: the group of the n-th offer) differs in its last byte and is
 * marked as locally made. */
struct addr6 mn_group_of(const struct mn *mn, uint32_t n_try)
{
	uint8_t id[8];
	lladdr_to_eui64(&mn->identity, id);
	if (n_try) {
		id[0] &= (uint8_t)~0x02;
		id[7] = (uint8_t)(id[7] + n_try);
	}
	return addr6_from_eui64(&mn->conf.group_prefix, id);
}

/* Fixed once, before the first registration: configured, random, or of the first interface. */
void mn_group_identity(struct mn *mn)
{
	if (mn->has_identity)
		return;
	if (!lladdr_is_zero(&mn->conf.identity)) {
		mn->identity = mn->conf.identity;
	} else if (mn->conf.privacy) {
		mn->env.rng->fill(mn->env.rng->ctx, mn->identity.b, sizeof mn->identity.b);
		mn->identity.b[0] = (uint8_t)((mn->identity.b[0] & 0xfc) | 0x02);
	} else {
		const struct mn_if *ifc = mn->iface[0].ifindex ? &mn->iface[0] : mn_in_use(mn);
		if (!ifc)
			return;
		mn->identity = ifc->lladdr;
	}
	mn->has_identity = true;
	mn->group = mn_group_of(mn, mn->group_try);
}

static void send_state(struct mn_if *ifc, enum mld_rec_type type)
{
	uint8_t buf[256];
	size_t n = mld2_state_packet_build(buf, sizeof buf, &ifc->ll, type, &ifc->group, &ifc->source);
	if (!n)
		return;
	fx_send(mn_fx(ifc->mn), ROLE_MN, ifc->ifindex, NULL, buf, n);
	ifc->mn->n.reports++;
}

static void start_reports(struct mn_if *ifc, struct now now)
{
	send_state(ifc, MLD_ALLOW);
	ifc->reports_left = ifc->mn->conf.reports - 1;
	mn_arm(ifc->mn, &ifc->t_report, MN_T_REPORT,
	       ifc->reports_left ? mono_add(now.mono, ifc->mn->conf.report_interval) : MONO_NEVER);
}

void mn_member_join(struct mn_if *ifc, const struct addr6 *group, const struct addr6 *source, struct now now)
{
	if (ifc->is_member && !(addr6_eq(&ifc->group, group) && addr6_eq(&ifc->source, source)))
		mn_member_leave(ifc);
	ifc->group = *group;
	ifc->source = *source;
	ifc->is_member = true;
	start_reports(ifc, now);
}

void mn_member_hold(struct mn_if *ifc)
{
	if (!ifc->is_member || ifc->is_held)
		return;
	ifc->is_held = true;
	fx_group(mn_fx(ifc->mn), ROLE_MN, FX_JOIN, ifc->ifindex, &ifc->group, &ifc->source);
}

void mn_member_leave(struct mn_if *ifc)
{
	if (!ifc->is_member)
		return;
	ifc->is_member = false;
	ifc->reports_left = 0;
	mn_arm(ifc->mn, &ifc->t_report, MN_T_REPORT, MONO_NEVER);
	if (ifc->is_up)
		send_state(ifc, MLD_BLOCK);
	if (ifc->is_held)
		fx_group(mn_fx(ifc->mn), ROLE_MN, FX_LEAVE, ifc->ifindex, &ifc->group, &ifc->source);
	ifc->is_held = false;
}

void mn_member_on_report(struct mn_if *ifc, struct now now)
{
	if (!ifc->is_member || !ifc->is_up || !ifc->reports_left)
		return;
	send_state(ifc, MLD_ALLOW);
	if (--ifc->reports_left)
		mn_arm(ifc->mn, &ifc->t_report, MN_T_REPORT, mono_add(now.mono, ifc->mn->conf.report_interval));
}

static bool asks_for(const struct mn_if *ifc, const struct mld_query *q)
{
	if (addr6_is_any(&q->group))
		return true;
	if (!addr6_eq(&q->group, &ifc->group))
		return false;
	for (uint16_t i = 0; i < q->n_source; i++)
		if (memcmp((const uint8_t *)q->source + 16 * (size_t)i, &ifc->source, 16) == 0)
			return true;
	return q->n_source == 0;
}

/* Queries are answered at once, for this group alone: the answer is one packet, and waiting for the random
 * time of RFC 3810 6.2 could lose the membership of a mobile that has just arrived. */
bool mn_member_rx(struct mn_if *ifc, const struct rx *rx)
{
	struct mld_packet p;
	enum wire_err err = mld_packet_parse(rx->pkt, rx->len_oct, &p);
	if (err != W_OK) {
		reason_count(&ifc->mn->env, R_MLD_INVALID);
		return true;
	}
	if (p.kind != MLD_QUERY || !ifc->is_member || !ifc->is_up || !asks_for(ifc, &p.query))
		return true;
	if (p.query.version == 2) {
		send_state(ifc, MLD_IS_IN);
		return true;
	}
	uint8_t buf[256];
	size_t n = mld1_packet_build(buf, sizeof buf, &ifc->ll, MLD1_REPORT, &ifc->group);
	if (n)
		fx_send(mn_fx(ifc->mn), ROLE_MN, ifc->ifindex, NULL, buf, n);
	return true;
}
