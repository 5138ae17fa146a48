/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a multicast routing daemon on this host serves the access links (no upstream here), and takes IGMP reports from on-link sources alone: a
 * mobile away from home has no address of the link, and reports from 0.0.0.0, which RFC 3376 4.2.13 would have every router take. FRR's
 * pimd takes none such. So the link's listeners are tracked here as where we are the proxy, and what changes is said once more from our own
 * address, by the host's stack, so that the daemon beside us hears it: at once, and again each query interval.
 */
#include "role/ar/ar_i.h"

enum { REPORT_MAX_OCT = 1280 };

static void say(struct ar *ar, const struct ar_if *f, const struct mcast_state *s, uint16_t n)
{
	uint8_t buf[REPORT_MAX_OCT];
	if (n)
		fx_send_from_host(ar->env->fx, ROLE_AR, f->ifindex, buf, mcast_report_packet_build(buf, sizeof buf, &f->conf->router_address_v4, s, n));
}

void ar_vouch_change(struct ar *ar, const struct mldr_channel *ch, uint32_t ifindex, bool is_first)
{
	const struct mcast_state s = {.type = is_first ? MLD_ALLOW : MLD_BLOCK, .group = ch->key.group, .source = ch->key.source};
	for (uint32_t i = 0; i < ar->conf.n_interface && addr6_is_v4mapped(&ch->key.group); i++)
		if (ar->iface[i].is_up && ar->iface[i].ifindex == ifindex && ar_has_vouch(ar, &ar->iface[i]))
			say(ar, &ar->iface[i], &s, 1);
}

static bool is_on(const struct ar *ar, const struct mldr_channel *ch, uint32_t ifindex)
{
	uint32_t oif[MLDR_LINK_MAX], n = mldr_oifs(&ar->mldr, ch, oif);
	for (uint32_t i = 0; i < n; i++)
		if (oif[i] == ifindex)
			return true;
	return false;
}

void ar_vouch_due(struct ar *ar, struct ar_if *f, struct now now)
{
	struct mcast_state s[MCAST_STATES_MAX];
	uint16_t n = 0;
	uint64_t it = 0;
	for (const struct mldr_channel *ch; (ch = mldr_next(&ar->mldr, &it));) {
		if (!addr6_is_v4mapped(&ch->key.group) || !is_on(ar, ch, f->ifindex))
			continue;
		s[n++] = (struct mcast_state){.type = MLD_IS_IN, .group = ch->key.group, .source = ch->key.source};
		if (n == MCAST_STATES_MAX) {
			say(ar, f, s, n);
			n = 0;
		}
	}
	say(ar, f, s, n);
	(void)timer_set(&ar->timers, &f->vouch, mono_add(now.mono, ar->conf.query_interval)); /* reserved: cannot fail */
}

void ar_vouch_start(struct ar *ar, struct ar_if *f, struct now now)
{
	f->vouch.kind = AR_T_VOUCH;
	ar_vouch_due(ar, f, now);
}
