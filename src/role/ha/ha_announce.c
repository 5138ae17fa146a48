/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Announcements: that a home address is to be found at our link-layer address (RFC 6275 10.4.1, RFC 5944 4.6).
 *
 * When a member of a redundancy group begins to serve, or a home link comes up, all bound addresses are to be announced at once. That is
 * 64 of them a millisecond, so that a hundred thousand neither fill the queue of a network card nor keep the agent from its
 * registrations for longer than a few packets take: 50 Mbit/s of neighbour advertisements, and done in under two seconds. Multicast is not
 * reliable: they go three times over, a round at least a second after the one before. Whoever is bound meanwhile is announced by its
 * own registration.
 */
#include "role/ha/ha4_i.h"
#include "wire/nd/nd.h"

enum { PACKET_MAX = 128, BURST = 64, BURST_EVERY_MS = 1, ROUND_EVERY_MS = 1000 };

struct addr6 ha_linklocal_of(const struct addr6 *hoa)
{
	static const struct prefix6 fe80 = {.addr = {{0xfe, 0x80}}, .len_bits = 64};
	return prefix6_join(&fe80, hoa);
}

/* For a mobile router the advertisement says so (RFC 3963 6.2). */
void ha_send_na(struct ha *h, const struct binding *b, const struct addr6 *target, const struct addr6 *dst, const struct lladdr *to)
{
	uint8_t pkt[PACKET_MAX];
	const struct ha_link *l = ha_link_of(h, &b->hoa);
	bool is_router = b->flags & HA_ROUTER;
	struct nd_na na = {.target = *target, .is_override = true, .is_solicited = !addr6_is_multicast(dst), .is_router = is_router,
			   .has_tlla = true, .tlla = l->lladdr};
	size_t n = na_packet_build(pkt, sizeof pkt, &h->conf.address, dst, &na);

	fx_send(h->env.fx, ROLE_HA, l->ifindex, to, pkt, n);
}

bool ha_is_link_up(const struct ha *h, const struct binding *b)
{
	const struct ha_link *l = ha_link_of(h, &b->hoa);
	return l && l->is_up;
}

void ha_announce(struct ha *h, const struct binding *b)
{
	if (!ha_is_link_up(h, b) || h->is_standby)
		return;
	if (ha_is_v4(b)) {
		ha4_announce(h, &b->hoa, NULL);
		return;
	}
	ha_send_na(h, b, &b->hoa, &addr6_allnodes, NULL);
	if (b->flags & HA_LINK_LOCAL) {
		struct addr6 ll = ha_linklocal_of(&b->hoa);
		ha_send_na(h, b, &ll, &addr6_allnodes, NULL);
	}
}

/* --- all of them --------------------------------------------------------------------------------------------- */

void ha_announce_stop(struct ha *h)
{
	mem_put(h->env.mem, h->rounds.hoa);
	h->rounds = (struct ha_rounds){.next = MONO_NEVER};
}

/* Those that are announced: the table changes while it goes on. False: no memory. */
static bool gather(struct ha *h, struct ha_rounds *r)
{
	struct binding *b;

	r->hoa = mem_get(h->env.mem, (h->n_active + 1) * sizeof *r->hoa);
	if (!r->hoa)
		return false;
	for (uint64_t it = 0; (b = bindings_next(&h->bindings, &it));)
		if (ha_is_active(b) && (b->flags & HA_INTERCEPTED) && r->n < h->n_active)
			r->hoa[r->n++] = b->hoa;
	return true;
}

static void burst(struct ha *h, struct now now)
{
	struct ha_rounds *r = &h->rounds;

	for (int i = 0; i < BURST && r->at < r->n; i++) {
		const struct binding *b = binding_find(&h->bindings, &r->hoa[r->at++]);
		if (ha_is_active(b) && (b->flags & HA_INTERCEPTED))
			ha_announce(h, b);
	}
	r->next = mono_add(now.mono, span_ms(BURST_EVERY_MS));
	if (r->at < r->n)
		return;
	if (--r->left == 0) {
		ha_announce_stop(h);
		return;
	}
	r->at = 0;
	r->next = mono_max(r->next, mono_add(r->began, span_ms(ROUND_EVERY_MS)));
	r->began = r->next;
}

void ha_announce_all(struct ha *h, struct now now)
{
	ha_announce_stop(h);
	if (h->is_standby || !h->n_active || !h->n_home)
		return;
	if (!gather(h, &h->rounds)) {
		fx_event(h->env.fx, ROLE_HA, EV_ERROR, "not-announced", &addr6_any, "no memory to announce %u home addresses: hosts of the home link "
			 "find them when they ask", h->n_active);
		return;
	}
	h->rounds.left = HA_ANNOUNCEMENTS;
	h->rounds.began = now.mono;
	burst(h, now);
}

void ha_announce_timers(struct ha *h, struct now now)
{
	if (mono_reached(h->rounds.next, now.mono))
		burst(h, now);
}
