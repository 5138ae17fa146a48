/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent as a member of a redundancy group: two or more of a site have one service address, one pool, and the same bindings.
 *
 * A member that stands by holds everything that the active one holds, datapath included: bindings from the group's records, and who listens
 * to which group from the reports that it hears itself on the downstream links. It gives nothing: no address of the pool, no
 * group. So a takeover costs the time until its neighbours know it, and no (S,G) changes.
 *
 * Two members that cannot hear each other both serve, and may give one address or IPv4 group to two mobiles. When they hear each other
 * again every member decides alike: a registered mobile keeps it before one that left, else the lower home address. The other's entry stays
 * without it, takes nothing from the datapath, and gets a new one when its mobile refreshes.
 *
 * GRE sequence numbers go on above what the records say (decisions/mma-in-a-group.md): the datapath's entries of a member that stands by
 * begin MMA_SEQ_LEAP later, and a member that has been active and stands by again moves its own on as far as the others may have gone.
 */
#include "base/err.h"
#include "role/mma/mma_i.h"

enum { CLOCKS_APART_S = 10 };  /* of members, at most */

/* --- sequence numbers -------------------------------------------------------------------------------------- */

uint32_t mma_member_start(const struct mma *m, const struct mma_binding *mb)
{
	return m->is_grouped ? mb->seq_start + MMA_SEQ_LEAP : mb->seq_start;
}

uint32_t mma_member_seq(const struct mma *m, const struct mma_binding *mb)
{
	return m->is_standby ? mb->seq_start : mma_member_start(m, mb);
}

/* The others, who know where we began, may have gone on from a leap behind that. */
static void leap_ahead(struct mma *m)
{
	uint64_t it = 0;
	for (struct mma_binding *mb; (mb = bindings_next(&m->bindings, &it));)
		mb->seq_start += 2 * MMA_SEQ_LEAP;
	mma_bind_push_all(m);
}

/* --- time ---------------------------------------------------------------------------------------------------- */

/* What the mobile's own clock says now, by its last timestamp; ours when there is none. */
static wall_t clock_of(const struct mma *m, const struct mma_binding *mb, struct now now)
{
	if (!m->is_grouped || !mb || !mb->b.stamp)
		return now.wall;
	return wall_add(mh_wall_of_ntp(mb->b.stamp, now.wall), mono_sub(now.mono, mb->taken_at));
}

span_t mma_member_window(const struct mma *m)
{
	return m->is_grouped ? span_ns(m->conf.time_window.ns + CLOCKS_APART_S * NS_PER_S) : m->conf.time_window;
}

enum replay mma_member_replay(const struct mma *m, uint64_t got, const struct mma_binding *mb, struct now now)
{
	const span_t window = mma_member_window(m);
	const uint64_t last = mb ? mb->b.stamp : 0;
	const enum replay verdict = replay_check(got, last, now.wall, window);
	return verdict == REPLAY_OUTSIDE ? replay_check(got, last, clock_of(m, mb, now), window) : verdict;
}

uint64_t mma_member_answer(const struct mma *m, uint64_t got, enum replay verdict, const struct mma_binding *mb, struct now now)
{
	const wall_t its = clock_of(m, mb, now);
	return replay_answer(got, verdict, its.ns > now.wall.ns ? its : now.wall);
}

/* --- two mobiles with one address -------------------------------------------------------------------------- */

static bool gives_way(const struct mma_binding *a, const struct mma_binding *b)
{
	if ((a->b.state == BINDING_ACTIVE) != (b->b.state == BINDING_ACTIVE))
		return b->b.state == BINDING_ACTIVE;
	return addr6_cmp(&a->b.hoa, &b->b.hoa) > 0;
}

static void tell_conflict(struct mma *m, const struct mma_binding *loser, const struct mma_binding *keeper, const struct addr6 *what)
{
	fx_event(m->env->fx, ROLE_MMA, EV_WARNING, "address-conflict", &loser->b.hoa, "%s: %s was given to %s too, which keeps it",
		 ADDR46_STR(&loser->b.hoa), ADDR46_STR(what), ADDR46_STR(&keeper->b.hoa));
}

/* What the datapath has of it goes before it loses the address or the group. */
static void lose(struct mma *m, struct mma_binding *loser, bool is_group)
{
	mma_bind_withdraw(m, loser);
	if (is_group)
		mma_bind_leave_group(m, loser);
	else
		mma_bind_leave_coa(m, loser);
}

/* False: another mobile keeps it. */
static bool claim(struct mma *m, const struct mma_binding *mb, const struct table *taken, const struct addr6 *what)
{
	struct mma_binding *other = addr6_is_none(what) ? NULL : table_find(taken, what);
	if (!other || other == mb)
		return true;
	if (gives_way(mb, other)) {
		tell_conflict(m, mb, other, what);
		return false;
	}
	tell_conflict(m, other, mb, what);
	lose(m, other, taken == &m->by_group);
	return true;
}

/* Address and group of an entry that has neither, as the record says. */
int mma_member_settle(struct mma *m, struct mma_binding *mb, const struct mma_binding *rec)
{
	int err = ERR_OK;
	if (claim(m, mb, &m->by_coa, &rec->b.coa))
		err = mma_bind_set_coa(m, mb, &rec->b.coa);
	if (!err && rec->b.state == BINDING_ACTIVE && claim(m, mb, &m->by_group, &rec->group))
		err = mma_bind_set_group(m, mb, &rec->group);
	return err;
}

/* --- records of the others --------------------------------------------------------------------------------- */

/* What the datapath has of the entry that the newer record has not. What both have stays, so that nothing is lost in between. */
static void retire(struct mma *m, struct mma_binding *mb, const struct mma_record *rec, struct now now)
{
	bool is_same = addr6_eq(mma_dp_coa(mb), mma_dp_coa(&rec->mb)), is_active = rec->mb.b.state == BINDING_ACTIVE;
	struct mma_forward *f = mma_forward_find(m, &mb->b.hoa);
	bool has_entry = mb->b.state == BINDING_ACTIVE ? mma_bind_is_served(mb) : mb->is_expected || (f && f->b.state == FORWARD_ON);
	bool stays = is_same && has_entry && (is_active || mma_record_forwards(rec, now));
	if (!stays)
		mma_bind_withdraw(m, mb);
	else if (mb->b.state == BINDING_ACTIVE && !is_active)
		mma_bind_push_uplink(m, mb, fx_dp_del);
	if (f)
		mma_forward_end(m, f);
	m->n_active -= mb->b.state == BINDING_ACTIVE;
	mma_bind_leave_group(m, mb);
	mma_bind_leave_coa(m, mb);
}

static void serve(struct mma *m, struct mma_binding *mb, struct now now)
{
	const struct mma_forward *f = mma_forward_find(m, &mb->b.hoa);
	if (mb->b.state == BINDING_ACTIVE) {
		mma_bind_push(m, mb);
		mma_ro_bound(m, mb, now);
		return;
	}
	mma_ro_released(m, mb, true, now);
	if (f)
		mma_bind_push_forward(m, mb, f, fx_dp_put);
}

static int take(struct mma *m, const struct mma_record *rec, struct now now)
{
	struct mma_binding *mb = binding_find(&m->bindings, &rec->mb.b.hoa);
	if (mb)
		retire(m, mb, rec, now);
	else if (!(mb = binding_add(&m->bindings, &rec->mb.b.hoa)))
		return ERR_FULL;
	mma_relay_forget(m, &rec->mb.b.hoa);
	int err = mma_bind_enter(m, mb, rec, now);
	if (err)
		return err;
	serve(m, mb, now);
	fx_event(m->env->fx, ROLE_MMA, EV_DEBUG, "binding-shared", &mb->b.hoa, "%s: %s at another member of the group", ADDR46_STR(&mb->b.hoa),
		 mb->b.state == BINDING_ACTIVE ? "registered" : "gone");
	return ERR_OK;
}

/* A member that has forgotten all but that it ended. */
static int end(struct mma *m, const struct store_rec *rec, struct now now)
{
	struct addr6 hoa;
	if (rec->key_len_oct != sizeof hoa)
		return ERR_INVAL;
	memcpy(&hoa, rec->key, sizeof hoa);
	struct mma_binding *mb = binding_find(&m->bindings, &hoa);
	if (!mb)
		return ERR_NOTFOUND;
	mma_relay_forget(m, &hoa);
	if (mb->b.state == BINDING_ACTIVE)
		mma_bind_release(m, mb, NULL, "ended at another member of the group", now);
	return ERR_OK;
}

int mma_member_replica(struct mma *m, const struct store_rec *rec, const struct fx_change *change, struct now now)
{
	struct mma_record r;
	if (change->how == FX_CHANGE_DELETE && !rec->val_len_oct)
		return end(m, rec, now);
	return mma_record_read(&r, rec, true, now) ? take(m, &r, now) : ERR_INVAL;
}

/* --- to serve, or to stand by ------------------------------------------------------------------------------ */

static void join(struct mma *m)
{
	m->is_grouped = true;
	mma_push_addresses(m, FX_ADDR_DEL); /* VRRP or HSRP has the service address from now on */
}

static void stand_by(struct mma *m)
{
	m->is_standby = true;
	mldr_stand_by(&m->mldr);
}

static void depose(struct mma *m)
{
	stand_by(m);
	leap_ahead(m);
	fx_event(m->env->fx, ROLE_MMA, EV_NOTICE, "mma-state", NULL, "active -> standby: another member serves, or none");
}

void mma_member_active(struct mma *m, bool is_active, struct now now)
{
	if (!m->is_grouped) {
		join(m);
		if (!is_active)
			stand_by(m);
	} else if (is_active && m->is_standby) {
		m->is_standby = false;
		mldr_take_over(&m->mldr, now);
		fx_event(m->env->fx, ROLE_MMA, EV_NOTICE, "mma-state", NULL, "standby -> active: %u bindings", m->n_active);
	} else if (!is_active && !m->is_standby) {
		depose(m);
	}
}
