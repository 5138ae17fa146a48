/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mobile's own route optimisation (RFC 6275 11.6, 11.7.2), where no agent of a site does it: core/ro with the mobile's path.
 *
 * Away it tells correspondent nodes the on-link care-of address. On a plain link home tests are tunnelled to the home
 * agent; in a site they are packets like any other, which the uplink takes there. At home, and where the site's agent is to
 * act instead, whatever correspondent nodes still hold is ended, and nothing is begun: mobile and agent never act for the same one,
 * because an agent begins only when packets come through the home agent, and those come when the mobile's binding is gone.
 *
 * At home, a packet by the tunnel of an agent that was left says that its sender still holds the old binding (figure 7,
 * step 4); the agent's answer lists them too.
 */
#include "role/mn/state.h"

/* Care-of tests and updates leave by the link that the care-of address belongs to; what comes from the home address goes as
 * packets of the host do. */
static void send(void *ctx, const struct addr6 *hoa, const void *pkt, size_t len_oct)
{
	struct mn *mn = ctx;
	const struct mn_if *ifc = mn->active;
	bool is_from_home = len_oct >= 24 && memcmp((const uint8_t *)pkt + 8, hoa, sizeof *hoa) == 0;
	if (is_from_home)
		fx_send(mn_fx(mn), ROLE_MN, 0, NULL, pkt, len_oct);
	else if (ifc && ifc->router)
		fx_send(mn_fx(mn), ROLE_MN, ifc->ifindex, &ifc->router->lladdr, pkt, len_oct);
}

int mn_ro_init(struct mn *mn)
{
	struct ro_conf c = ro_conf_default;
	const struct ro_ops ops = {.send = send, .ctx = mn};
	c.per_mobile = c.entries = RO_PEERS_MAX;
	ro_init(&mn->ro, &mn->env, ROLE_MN, &c, &ops);
	return 0;
}

void mn_ro_fini(struct mn *mn) { ro_fini(&mn->ro); }

static bool is_wanted(const struct mn *mn) { return mn->conf.route_optimisation != MN_RO_OFF; }

/* Does the link of the last care-of address stay for a while (make before break)? Then what was sent there has time to arrive, and what is
 * sent to it too: half of `drain` for each. */
static span_t in_flight(const struct mn *mn)
{
	const struct ro_path *before = ro_path(&mn->ro, &mn->conf.home_address);
	for (uint32_t i = 0; before && i < MN_COA_MAX; i++) {
		const struct mn_coa *c = &mn->coa[i];
		if (!c->is_used || !addr6_eq(&c->addr, &before->coa) || c->ifindex == mn->active->ifindex)
			continue;
		for (uint32_t k = 0; k < mn->n_iface; k++)
			if (mn->iface[k].ifindex == c->ifindex && mn->iface[k].is_up)
				return span_ns(mn->conf.drain.ns / 2);
	}
	return span_ns(0);
}

/* The path as it is now. False: there is none to speak of. */
static bool path_now(struct mn *mn, bool is_registered, struct ro_path *path)
{
	const struct mn_if *ifc = mn->active;
	*path = (struct ro_path){.until = MONO_NEVER, .is_registered = is_registered, .is_leaving = !mn_ro_is_ours(mn)};
	if (!ifc || !mn->has_place)
		return false;
	path->in_flight = in_flight(mn);
	if (mn->place == MOVE_HOME) {
		path->coa = mn->conf.home_address;
		return true;
	}
	path->coa = ifc->coa;
	path->ha = mn->place == MOVE_PLAIN ? mn_ha(mn)->addr : addr6_any;
	path->until = mn_ha(mn)->reg.expires;
	return ifc->has_coa;
}

/* What is not ours and never was is not begun with. */
static void settle(struct mn *mn, bool is_registered, struct now now)
{
	struct ro_path path;
	bool is_known = ro_path(&mn->ro, &mn->conf.home_address) != NULL;
	if ((!is_wanted(mn) && !is_known) || !path_now(mn, is_registered, &path))
		return;
	if (ro_move(&mn->ro, &mn->conf.home_address, &path, now) != 0)
		reason_count(&mn->env, R_RO_LIMIT);
}

static bool is_settled(const struct mn *mn)
{
	enum mn_state s = mn_place_state(mn);
	return s == MN_HOME || s == MN_SITE || s == MN_PLAIN;
}

void mn_ro_on_moved(struct mn *mn, struct now now) { settle(mn, false, now); }
void mn_ro_on_registered(struct mn *mn, struct now now) { settle(mn, true, now); }
void mn_ro_on_home(struct mn *mn, struct now now) { settle(mn, true, now); }
void mn_ro_on_stayed(struct mn *mn, struct now now) { settle(mn, is_settled(mn), now); }

void mn_ro_take(struct mn *mn, const struct rc_peers *peers, struct now now)
{
	struct ro_peer list[RC_PEER_MAX];
	uint32_t n = peers->n < RC_PEER_MAX ? peers->n : RC_PEER_MAX;
	if (!is_wanted(mn) || !is_settled(mn) || mn->place == MOVE_SITE)
		return; /* in a site its agent has the list, or packets tell it */
	for (uint32_t i = 0; i < n; i++)
		list[i] = (struct ro_peer){.cn = peers->peer[i].cn, .seq = peers->peer[i].seq, .left_s = peers->peer[i].left_s};
	settle(mn, true, now);
	ro_import(&mn->ro, &mn->conf.home_address, list, n, now);
}

static bool on_detour(struct mn *mn, const struct rx *rx, struct now now)
{
	struct ro_detour d;
	if (!is_wanted(mn) || !ro_detour_parse(rx, &d) || !addr6_eq(&d.hoa, &mn->conf.home_address))
		return false;
	if (mn_bul_find(mn, &d.cn))
		return false; /* its agents are no correspondent nodes */
	if (mn->place == MOVE_HOME)
		ro_home(&mn->ro, &d.hoa, &d.cn, now);
	else
		ro_want(&mn->ro, &d.hoa, &d.cn, now);
	return true;
}

bool mn_ro_rx(struct mn *mn, const struct rx *rx, struct now now)
{
	return rx->why == DP_PUNT_RO ? on_detour(mn, rx, now) : ro_rx(&mn->ro, rx, now);
}

void mn_ro_tick(struct mn *mn, struct now now) { ro_tick(&mn->ro, now); }
mono_t mn_ro_expiry(const struct mn *mn) { return ro_expiry(&mn->ro); }

/* A run that goes on with the bindings needs nothing of it; one that takes them back says so where it can. */
void mn_ro_stop(struct mn *mn, struct now now)
{
	if (mn->conf.deregister_on_stop)
		ro_drop(&mn->ro, &mn->conf.home_address, true, now);
	ro_withdraw(&mn->ro);
}
