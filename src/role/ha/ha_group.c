/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A home agent that is a member of a redundancy group (rg/sync.h): requirements.
 *
 * Every member has all bindings, its datapath filled with them, and answers whatever registration comes to it, to the group's address or to
 * one of its own, from that address. (Tunnels are the group's: from its address, whoever forwards.) What another member
 * writes down is taken here as it is: the order of versions was decided before. The member that serves adds what can be done by
 * one alone: it answers and announces for home addresses on a home link, relays broadcasts, and tells mobiles of prefixes. On a
 * member that stands by all the rest of that is prepared too, so that taking over is no more than to begin to speak.
 *
 * Clocks of members may differ by ten seconds, and a mobile sets its own by the one that refuses it. So the window is that much wider, and a
 * timestamp that is too far from our clock is still good when it is near to what the mobile's own clock must show by now: by the last
 * timestamp that was taken from it, and the time since. Otherwise a mobile would be refused by a successor whose clock is behind, and could
 * not go back: its last timestamp is ahead of all that this clock lets through. For the same reason it is never told a time before that.
 */
#include "base/err.h"
#include "role/ha/ha4_i.h"
#include "wire/mip6/mh.h"

/* --- records of other members -------------------------------------------------------------------------------- */

static struct addr6 place_of(struct binding *b) { return ha_is_v4(b) ? ha4_of(b)->to.at : b->coa; }

struct binding *ha_take_begin(struct ha *h, const struct addr6 *hoa, struct ha_before *before)
{
	struct binding *b = binding_find(&h->bindings, hoa);

	if (b && b->state == BINDING_NEW)
		ha_check_cancel(h, hoa);
	if (!b && !(b = binding_add(&h->bindings, hoa)))
		return NULL;
	if (b->state == BINDING_NEW)
		b->state = BINDING_GONE; /* whoever takes it on says how long it is kept */
	*before = (struct ha_before){.is_active = ha_is_active(b), .has_ll = b->flags & HA_LINK_LOCAL, .at = place_of(b)};
	return b;
}

void ha_take_active(struct ha *h, struct binding *b, const struct ha_before *before, const struct ha_nets *nets, struct now now)
{
	struct addr6 at = place_of(b);
	bool has_moved = before->is_active && !addr6_eq(&before->at, &at);

	if (!nets->n)
		ha_net_end(h, &b->hoa);
	else if (!ha_net_set(h, &b->hoa, nets->net, nets->n))
		reason_count(&h->env, R_LIMIT_BINDINGS);
	ha_put_home(h, b, has_moved ? &before->at : NULL, now);
	if (ha_link_of(h, &b->hoa))
		ha_intercept_taken(h, b, before->has_ll, now);
	ha_prefix_binding_refreshed(h, &b->hoa, now);
}

void ha_take_gone(struct ha *h, struct binding *b, bool lingers, struct now now)
{
	if (ha_is_active(b))
		ha_cut(h, b, lingers ? HA_END_BY_MOBILE : HA_END_BY_US, now);
	else if (!(b->flags & HA_LINGERS))
		ha_keep_gone(h, b, now);
}

/* Nobody has its value any more. The entry, if there is one, keeps its own sequence number. */
static int take_end(struct ha *h, const struct addr6 *hoa, const struct fx_change *change, struct now now)
{
	struct binding *b = binding_find(&h->bindings, hoa);

	if (!b)
		return ERR_OK;
	if (b->state == BINDING_NEW) {
		ha_check_cancel(h, hoa);
		b->state = BINDING_GONE;
	}
	if (change->stamp)
		b->stamp = change->stamp;
	ha_take_gone(h, b, false, now);
	return ERR_OK;
}

int ha_replica(void *self, const struct store_rec *rec, const struct fx_change *change, struct now now)
{
	struct ha *h = self;
	struct addr6 hoa;

	if (rec->table != STORE_BINDING_HA && rec->table != STORE_HA_POOL)
		return ERR_NOTFOUND;
	h->has_group = true;
	h->n_taken++;
	if (rec->table == STORE_HA_POOL)
		return ha4_take_lease(h, rec, change);
	if (rec->key_len_oct != sizeof hoa)
		return ERR_INVAL;
	memcpy(&hoa, rec->key, sizeof hoa);
	if (!ha_serves(h, &hoa) || (addr6_is_v4mapped(&hoa) && !ha4_is_on(h)))
		return ERR_INVAL; /* the members' configurations differ */
	if (change->how != FX_CHANGE_PUT && !rec->val_len_oct)
		return take_end(h, &hoa, change, now);
	return addr6_is_v4mapped(&hoa) ? ha4_take(h, rec, change, now) : ha_take(h, rec, change, now);
}

/* --- addresses ------------------------------------------------------------------------------------------------- */

static void hear_at(struct ha *h, const struct addr6 *a, bool is_on)
{
	struct dp_op op = {.table = DP_LOCAL, .local = {.addr = *a, .flags = DP_LOCAL_MH}};
	if (h->has_group)
		(is_on ? fx_dp_put : fx_dp_del)(h->env.fx, ROLE_HA, &op);
}

/* On a host with other agents registrations to its addresses are theirs. */
bool ha_is_own(const struct ha *h, const struct addr6 *a)
{
	if (h->env.roles & (1u << ROLE_MMA | 1u << ROLE_FA))
		return false;
	for (uint32_t i = 0; h->has_group && i < h->n_own; i++)
		if (addr6_eq(&h->own[i], a))
			return true;
	return false;
}

static bool is_of_group(const struct ha *h, const struct addr6 *a)
{
	return addr6_eq(a, &h->conf.address) || addr6_eq(a, &h->conf.v4.address);
}

void ha_local(void *self, const struct local_event *ev, struct now now)
{
	struct ha *h = self;
	uint32_t i = 0;

	(void)now;
	while (i < h->n_own && !addr6_eq(&h->own[i], &ev->addr))
		i++;
	if (ev->is_gone && i < h->n_own) {
		hear_at(h, &ev->addr, false);
		h->own[i] = h->own[--h->n_own];
	} else if (!ev->is_gone && i == h->n_own && i < HA_OWN_MAX && !is_of_group(h, &ev->addr) &&
		   (addr6_is_v4mapped(&ev->addr) ? ha4_is_on(h) && addr6_is_v4unicast(&ev->addr) : addr6_is_routable(&ev->addr))) {
		h->own[h->n_own++] = ev->addr;
		hear_at(h, &ev->addr, true);
	}
}

void ha_own_end(struct ha *h)
{
	for (uint32_t i = 0; i < h->n_own; i++)
		hear_at(h, &h->own[i], false);
}

/* --- who serves ------------------------------------------------------------------------------------------------ */

void ha_active(void *self, bool is_active, struct now now)
{
	struct ha *h = self;

	bool is_first = !h->has_group;
	h->has_group = true;
	for (uint32_t i = 0; is_first && i < h->n_own; i++)
		hear_at(h, &h->own[i], true);
	if (h->is_standby == !is_active)
		return;
	h->is_standby = !is_active;
	ha_cast_active(h, is_active, now);
	if (!is_active) {
		ha_announce_stop(h); /* the member that serves now announces for itself */
		return;
	}
	ha_announce_all(h, now);
	ha_prefix_active(h, now);
}

/* --- timestamps ------------------------------------------------------------------------------------------------- */

/* When the last timestamp of a binding was taken, here or by another member. False: not known any more. */
static bool taken_at(const struct ha *h, const struct binding *b, mono_t *at)
{
	if (ha_is_active(b)) {
		const struct ha4_to *to = ha_is_v4(b) ? &ha4_of_const(b)->to : NULL;
		*at = to ? mono_add(to->expires, span_ns(-span_s(to->lifetime_s).ns)) : mono_add(b->expires, span_ns(-ha_life_of(b).ns));
		return true;
	}
	span_t rest = b->flags & HA_LINGERS ? h->conf.reverse_grace : ha_gone_span(h);
	*at = mono_add(b->due, span_ns(-rest.ns));
	return b->state == BINDING_GONE && !mono_is_never(b->due);
}

/* What the mobile's own clock shows now; false: nothing is known of it. */
static bool clock_of(const struct ha *h, const struct binding *b, struct now now, wall_t *out)
{
	mono_t taken;

	if (!h->has_group || !b || !b->stamp || (ha_is_v4(b) && h->conf.v4.replay == HA_REPLAY_NONCE) || !taken_at(h, b, &taken))
		return false;
	uint64_t stamp = ha_is_v4(b) && ha_is_active(b) ? ha4_of_const(b)->to.id : b->stamp;
	*out = wall_add(mh_wall_of_ntp(stamp, now.wall), mono_sub(now.mono, taken));
	return true;
}

span_t ha_stamp_window(const struct ha *h)
{
	return h->has_group ? span_ns(h->conf.stamp_window.ns + span_s(HA_CLOCKS_APART_S).ns) : h->conf.stamp_window;
}

enum replay ha_replay_check(const struct ha *h, uint64_t got, const struct binding *b, struct now now)
{
	enum replay verdict = replay_check(got, b ? b->stamp : 0, now.wall, ha_stamp_window(h));
	wall_t its;

	if (verdict != REPLAY_OUTSIDE || !clock_of(h, b, now, &its))
		return verdict;
	return replay_check(got, b->stamp, its, h->conf.stamp_window);
}

uint64_t ha_replay_answer(const struct ha *h, uint64_t got, enum replay verdict, const struct binding *b, struct now now)
{
	wall_t its;

	if (!clock_of(h, b, now, &its) || its.ns < now.wall.ns)
		its = now.wall;
	return replay_answer(got, verdict, its);
}
