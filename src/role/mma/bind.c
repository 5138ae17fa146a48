/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is registered: the bindings, and what each puts in the datapath. Their records are record.c's.
 *
 * A binding gives three entries: packets tunnelled to the assigned care-of address go to the group (DP_COA), and
 * the mobile's uplink is taken under its home address and under the assigned one (DP_UPLINK_IN). Each bears its own
 * expiry, so the datapath needs nobody to end it.
 *
 * In IPv4 (H-7) the entry of what comes is the home address's, because all mobiles share our care-of address, and there is one of the uplink.
 * The group is set aside while the home agent is asked: a reservation, in an entry that is otherwise gone. What the home agent tunnels is taken from
 * then on: in IPv4 it hears of us first, and packets may be right behind its answer.
 *
 * The uplink key follows the registration's timestamp. The mobile changes to a new key when the acknowledgement
 * arrives, we when the update does: until then, and for retransmitted updates, the key before goes on.
 */
#include "base/err.h"
#include "role/mma/mma_i.h"

enum {
	KEY_SETTLE_S = 3,           /* updates closer than this are retransmissions */
	RESERVED_S = 12,            /* longer than a home agent has for its answer */
	FADE_S = 5,
};

/* --- datapath ----------------------------------------------------------------------------------------- */

static struct dp_op coa_op(const struct mma *m, const struct mma_binding *mb)
{
	return (struct dp_op){.table = DP_COA, .coa = {
		.coa = *mma_dp_coa(mb), .home_address = mb->b.hoa, .group = mb->group, .source = *mma_self(&m->conf, &mb->b.hoa), .ha = mb->ha,
		.prev = mb->prev, .prev_until = mb->prev_until, .expires = mb->b.expires, .seq_start = mma_member_start(m, mb),
		.wants_ro = mb->b.flags & MMA_ROUTE_OPT, .keep = m->conf.forward_ring.ns != 0, .inject_if = m->inject_ifindex}};
}

/*
 * With a routing daemon nothing goes to a group before it is known where it enters the host's forwarding. Without that an entry would lead past the
 * daemon's tree; and what an agent before this one left in the datapath is right meanwhile.
 */
static void put_coa(struct mma *m, const struct dp_op *op)
{
	if (m->conf.multicast != MMA_PIM || m->inject_ifindex || !addr6_is_any(&op->coa.forward))
		fx_dp_put(m->env->fx, ROLE_MMA, op);
}

/* The mobile left: until packets for it are forwarded they go on to its group. After the time asked for only those with a type 2
 * routing header are taken, of correspondent nodes that still hold a binding. */
void mma_bind_push_forward(struct mma *m, const struct mma_binding *mb, const struct mma_forward *f,
			   void (*how)(struct effq *, enum role_id, const struct dp_op *))
{
	struct dp_op op = coa_op(m, mb);
	const struct mma_binding *holder = table_find(&m->by_group, &f->group);
	op.coa.group = f->group;
	op.coa.wants_ro = false;
	op.coa.expires = mono_before(f->until, f->peers_until) ? f->peers_until : f->until;
	if (f->b.state == FORWARD_ON) {
		op.coa.forward = f->to;
		op.coa.forward_until = op.coa.expires;
	}
	if (f->is_narrowed)
		op.coa.ha = op.coa.prev = addr6_any;
	if (f->b.state != FORWARD_ON && holder && holder != mb)
		how = fx_dp_del; /* the group is another's by now, who must not get these */
	if (how == fx_dp_put)
		put_coa(m, &op);
	else
		how(m->env->fx, ROLE_MMA, &op);
}

/* Without MMA_REVERSE what an IPv4 mobile sends goes by the routing table. */
static struct dp_op uplink_op(const struct mma *m, const struct mma_binding *mb, const struct addr6 *inner_src)
{
	bool is_v4 = addr6_is_v4mapped(&mb->b.hoa);
	const struct addr6 *outer = is_v4 && !addr6_is_none(&mb->b.coa) ? &mb->b.coa : &mb->onlink;
	return (struct dp_op){.table = DP_UPLINK_IN, .uplink_in = {
		.inner_src = *inner_src, .coa = *mma_coa(m, mb), .ha = is_v4 && !(mb->b.flags & MMA_REVERSE) ? addr6_any : mb->ha,
		.gre_key = mb->gre_key, .gre_key_prev = mb->gre_key_prev, .expires = mb->b.expires,
		.bound = mb->b.flags & MMA_UPLINK_BOUND ? *outer : addr6_any,
		.encap = (enum dp_encap)mb->encap, .udp_port = mb->udp_port}};
}

/* An entry without address or group: another mobile's since a split of the redundancy group (member.c). */
bool mma_bind_is_served(const struct mma_binding *mb)
{
	return !addr6_is_none(&mb->group) && (addr6_is_v4mapped(&mb->b.hoa) || !addr6_is_none(&mb->b.coa));
}

void mma_bind_push_uplink(struct mma *m, const struct mma_binding *mb, void (*how)(struct effq *, enum role_id, const struct dp_op *))
{
	struct dp_op op = uplink_op(m, mb, &mb->b.hoa);
	how(m->env->fx, ROLE_MMA, &op);
	if (addr6_is_v4mapped(&mb->b.hoa))
		return;
	op = uplink_op(m, mb, &mb->b.coa);
	how(m->env->fx, ROLE_MMA, &op);
}

static void push(struct mma *m, const struct mma_binding *mb, void (*how)(struct effq *, enum role_id, const struct dp_op *))
{
	struct dp_op op = coa_op(m, mb);
	if (!mma_bind_is_served(mb))
		return;
	if (how == fx_dp_put)
		put_coa(m, &op);
	else
		how(m->env->fx, ROLE_MMA, &op);
	mma_bind_push_uplink(m, mb, how);
}

void mma_bind_push(struct mma *m, const struct mma_binding *mb) { push(m, mb, fx_dp_put); }

void mma_bind_withdraw(struct mma *m, const struct mma_binding *mb)
{
	const struct mma_forward *f = mma_forward_find(m, &mb->b.hoa);
	if (mb->b.state == BINDING_ACTIVE)
		push(m, mb, fx_dp_del);
	else
		mma_bind_unexpect(m, &mb->b.hoa);
	if (f && f->b.state != FORWARD_CONFIRMED)
		mma_bind_push_forward(m, mb, f, fx_dp_del);
}

static void push_forwards(struct mma *m)
{
	uint64_t it = 0;
	for (const struct mma_forward *f; (f = bindings_next(&m->forwards, &it));)
		if (f->b.state != FORWARD_CONFIRMED)
			mma_bind_push_forward(m, binding_find(&m->bindings, &f->b.hoa), f, fx_dp_put);
}

void mma_bind_push_all(struct mma *m)
{
	uint64_t it = 0;
	for (const struct mma_binding *mb; (mb = bindings_next(&m->bindings, &it));)
		if (mb->b.state == BINDING_ACTIVE)
			push(m, mb, fx_dp_put);
	push_forwards(m);
}

void mma_bind_withdraw_all(struct mma *m)
{
	uint64_t it = 0;
	for (const struct mma_binding *mb; (mb = bindings_next(&m->bindings, &it));)
		mma_bind_withdraw(m, mb);
}

/* --- entries ------------------------------------------------------------------------------------------- */

void mma_bind_leave_group(struct mma *m, struct mma_binding *mb)
{
	if (!addr6_is_none(&mb->group))
		table_del(&m->by_group, &mb->group);
	mb->group = addr6_any;
}

void mma_bind_leave_coa(struct mma *m, struct mma_binding *mb)
{
	if (!addr6_is_none(&mb->b.coa))
		table_del(&m->by_coa, &mb->b.coa);
	mb->b.coa = addr6_any;
}

static void remove_entry(struct mma *m, struct mma_binding *mb)
{
	mma_bind_leave_group(m, mb);
	mma_bind_leave_coa(m, mb);
	binding_del(&m->bindings, &mb->b);
}

static void forget(struct mma *m, struct mma_binding *mb)
{
	struct mma_forward *f = mma_forward_find(m, &mb->b.hoa);
	if (f && f->b.state != FORWARD_CONFIRMED)
		mma_bind_push_forward(m, mb, f, fx_dp_del);
	if (f)
		mma_forward_end(m, f);
	fx_store_del(m->env->fx, ROLE_MMA, STORE_BINDING_MMA, &mb->b.hoa, sizeof mb->b.hoa);
	remove_entry(m, mb);
}

/* --- grant and release ---------------------------------------------------------------------------------- */

static span_t rest_of(const struct mma *m)
{
	span_t rest = m->conf.rest.ns ? m->conf.rest : m->conf.lifetime_max;
	/* At least until no timestamp of the last update would be taken as fresh. */
	const span_t fresh = span_ns(mma_member_window(m).ns * 2);
	return rest.ns > fresh.ns ? rest : fresh;
}

/* What it is to be assigned; an IPv4 site may have no pool. */
static bool draw(struct mma *m, const struct addr6 *hoa, struct addr6 *addr)
{
	bool is_v4 = addr6_is_v4mapped(hoa);
	*addr = addr6_any;
	return (is_v4 && !m->conf.site_pool.len_bits) || mma_pool_draw(m, is_v4, addr);
}

int mma_bind_set_coa(struct mma *m, struct mma_binding *mb, const struct addr6 *coa)
{
	mb->b.coa = *coa;
	if (addr6_is_none(coa) || table_add(&m->by_coa, mb) == ERR_OK)
		return ERR_OK;
	mb->b.coa = addr6_any;
	return ERR_NOMEM;
}

/* A new entry with an address of its own, in state BINDING_GONE. */
static int add(struct mma *m, const struct addr6 *hoa, struct mma_binding **out, enum reason *why)
{
	struct addr6 coa;
	*why = R_MMA_STANDBY;
	if (m->is_standby)
		return ERR_FULL;
	*why = R_MMA_POOL_EMPTY;
	if (!draw(m, hoa, &coa))
		return ERR_FULL;
	*why = R_LIMIT_BINDINGS;
	struct mma_binding *mb = binding_add(&m->bindings, hoa);
	if (!mb)
		return ERR_FULL;
	mb->b.state = BINDING_GONE;
	mb->seq_start = rng_u32(m->env->rng) >> 1;
	if (mma_bind_set_coa(m, mb, &coa) != ERR_OK) {
		binding_del(&m->bindings, &mb->b);
		return ERR_NOMEM;
	}
	*out = mb;
	return ERR_OK;
}

/* An entry taken out leaves its room in the table, so that changing the group of an active binding cannot fail. */
int mma_bind_set_group(struct mma *m, struct mma_binding *mb, const struct addr6 *group)
{
	if (addr6_eq(&mb->group, group))
		return ERR_OK;
	mma_bind_leave_group(m, mb);
	mb->group = *group;
	if (table_add(&m->by_group, mb) != ERR_OK) {
		mb->group = addr6_any;
		return ERR_NOMEM;
	}
	mma_forward_yield(m, mb);
	return ERR_OK;
}

/* One that lost its address to another mobile (member.c) gets a new one. */
static int redraw(struct mma *m, struct mma_binding *mb, enum reason *why)
{
	struct addr6 coa;
	if (!addr6_is_none(&mb->b.coa))
		return ERR_OK;
	*why = R_MMA_STANDBY;
	if (m->is_standby)
		return ERR_FULL;
	*why = R_MMA_POOL_EMPTY;
	return draw(m, &mb->b.hoa, &coa) ? mma_bind_set_coa(m, mb, &coa) : ERR_FULL;
}

/* The entry of a mobile with this group in it; one that was added for it goes again when there is no room. */
static int enter_group(struct mma *m, const struct addr6 *hoa, const struct addr6 *group, struct mma_binding **out, enum reason *why)
{
	struct mma_binding *mb = binding_find(&m->bindings, hoa);
	bool is_added = !mb;
	int err = mb ? redraw(m, mb, why) : add(m, hoa, &mb, why);
	if (err)
		return err;
	*out = mb;
	err = mma_bind_set_group(m, mb, group);
	if (!err)
		return ERR_OK;
	*why = R_LIMIT_BINDINGS;
	if (is_added)
		remove_entry(m, mb);
	return err;
}

int mma_bind_reserve(struct mma *m, const struct addr6 *hoa, const struct addr6 *group, enum reason *why, struct now now)
{
	struct mma_binding *mb;
	mono_t until = mono_add(now.mono, span_s(RESERVED_S));
	int err = enter_group(m, hoa, group, &mb, why);
	if (err || mb->b.state == BINDING_ACTIVE)
		return err;
	if (mono_before(mb->rest_until, until))
		mb->rest_until = until;
	binding_due(&m->bindings, &mb->b, until);
	return ERR_OK;
}

static void set_key(struct mma *m, struct mma_binding *mb, const struct mma_grant *g, struct now now)
{
	uint32_t key = sa_uplink_key(g->key, m->env->crypto, &g->hoa, g->stamp);
	if (mb->b.state != BINDING_ACTIVE) {
		mb->gre_key_prev = key;
		mb->key_since = now.mono;
	} else if (!mono_before(now.mono, mono_add(mb->key_since, span_s(KEY_SETTLE_S)))) {
		mb->gre_key_prev = mb->gre_key;
		mb->key_since = now.mono;
	}
	mb->gre_key = key;
}

/* The previous agent counts from when it is first named: a refresh does not prolong it. Only a peer would forward anything. */
static void set_prev(struct mma *m, struct mma_binding *mb, const struct addr6 *named, struct now now)
{
	const struct addr6 *prev = mma_peer_find(m, named) ? named : &addr6_any;
	if (mb->b.state == BINDING_ACTIVE && addr6_eq(&mb->prev, prev))
		return;
	mb->prev = *prev;
	mb->prev_until = addr6_is_any(prev) ? now.mono : mono_add(now.mono, m->conf.forward_max);
}

/* A mobile that is registered here, or that we forward for, has its entry. */
static struct mma_binding *expectant(const struct mma *m, const struct addr6 *hoa)
{
	struct mma_binding *mb = binding_find(&m->bindings, hoa);
	const struct mma_forward *f = mma_forward_find(m, hoa);
	bool has_entry = !mb || mb->b.state == BINDING_ACTIVE || (f && f->b.state != FORWARD_CONFIRMED);
	return has_entry || addr6_is_none(&mb->group) ? NULL : mb;
}

void mma_bind_expect(struct mma *m, const struct addr6 *hoa, const struct addr6 *ha, const struct addr6 *prev, struct now now)
{
	struct mma_binding *mb = expectant(m, hoa);
	if (!mb)
		return;
	mb->ha = *ha;
	mb->is_expected = true;
	set_prev(m, mb, prev, now);
	struct dp_op op = coa_op(m, mb);
	op.coa.expires = mb->b.due;
	put_coa(m, &op);
}

void mma_bind_unexpect(struct mma *m, const struct addr6 *hoa)
{
	struct mma_binding *mb = expectant(m, hoa);
	if (!mb || !mb->is_expected)
		return;
	const struct dp_op op = coa_op(m, mb);
	mb->is_expected = false;
	fx_dp_del(m->env->fx, ROLE_MMA, &op);
}

static void activate(struct mma *m, struct mma_binding *mb, const struct mma_grant *g, struct now now)
{
	bool is_new = mb->b.state != BINDING_ACTIVE;
	set_key(m, mb, g, now);
	set_prev(m, mb, &g->prev, now);
	mb->onlink = g->onlink;
	mb->ha = g->ha;
	mb->encap = g->encap;
	mb->udp_port = g->udp_port;
	mb->b.flags = g->flags;
	mb->b.seq = g->seq;
	mb->b.stamp = g->stamp;
	mb->taken_at = now.mono;
	mb->b.lifetime = (uint16_t)(g->lifetime_s / 4);
	mb->b.state = BINDING_ACTIVE;
	mb->is_expected = false;
	mb->b.expires = mono_add(now.mono, span_s(g->lifetime_s));
	binding_due(&m->bindings, &mb->b, mb->b.expires);
	m->n_active += is_new;
	if (is_new)
		mma_forward_registered(m, mb, now);
	push(m, mb, fx_dp_put);
	mma_record_put(m, mb, now);
	fx_event(m->env->fx, ROLE_MMA, is_new ? EV_INFO : EV_DEBUG, is_new ? "binding-registered" : "binding-refreshed", &mb->b.hoa,
		 "%s: care-of address %s, group %s, for %u s", ADDR46_STR(&mb->b.hoa), ADDR46_STR(mma_coa(m, mb)), ADDR46_STR(&mb->group),
		 g->lifetime_s);
	mma_ro_bound(m, mb, now);
}

int mma_bind_grant(struct mma *m, const struct mma_grant *g, struct mma_binding **out, enum reason *why, struct now now)
{
	int err = enter_group(m, &g->hoa, &g->group, out, why);
	if (!err)
		activate(m, *out, g, now);
	return err;
}

void mma_bind_prev_until(struct mma *m, struct mma_binding *mb, mono_t until, struct now now)
{
	struct dp_op op;
	mb->prev_until = until;
	op = coa_op(m, mb);
	put_coa(m, &op);
	mma_record_put(m, mb, now);
}

/* The address rests until nobody sends to it any more. */
static mono_t rest_until(const struct mma *m, const struct mma_forward *f, struct now now)
{
	mono_t end = mono_add(now.mono, rest_of(m));
	if (f && mono_before(end, f->until))
		end = f->until;
	return f && mono_before(end, f->peers_until) ? f->peers_until : end;
}

void mma_bind_release(struct mma *m, struct mma_binding *mb, const struct mma_forward *f, const char *cause, struct now now)
{
	fx_event(m->env->fx, ROLE_MMA, EV_INFO, "binding-gone", &mb->b.hoa, "%s: care-of address %s: %s", ADDR46_STR(&mb->b.hoa),
		 ADDR46_STR(mma_coa(m, mb)), cause);
	mma_ro_released(m, mb, f != NULL, now);
	if (mma_bind_is_served(mb))
		(f ? mma_bind_push_uplink : push)(m, mb, fx_dp_del);
	mma_bind_leave_group(m, mb);
	mb->b.state = BINDING_GONE;
	m->n_active--;
	mb->rest_until = rest_until(m, f, now);
	binding_due(&m->bindings, &mb->b, mb->rest_until);
	if (!f)
		(mono_reached(mb->b.expires, now.mono) ? mma_record_lapse : mma_record_put)(m, mb, now);
}

void mma_bind_fade(struct mma *m, struct mma_binding *mb, struct now now)
{
	mono_t until = mono_add(now.mono, span_s(FADE_S));
	if (mono_before(mb->b.expires, until))
		return;
	mb->b.expires = until;
	const struct dp_op op = coa_op(m, mb);
	mma_bind_push_uplink(m, mb, fx_dp_del);
	put_coa(m, &op);
	binding_due(&m->bindings, &mb->b, mono_min(until, mono_add(now.mono, span_s(1))));
	mma_record_put(m, mb, now);
}

/* The mobile may have missed it. */
static void fade_due(struct mma *m, struct mma_binding *mb, struct now now)
{
	mma_relay_tell(m, mb, now);
	binding_due(&m->bindings, &mb->b, mono_min(mb->b.expires, mono_add(now.mono, span_s(1))));
}

static void gone_due(struct mma *m, struct mma_binding *mb, struct now now)
{
	mma_bind_unexpect(m, &mb->b.hoa);
	if (mono_reached(mb->rest_until, now.mono)) {
		forget(m, mb);
		return;
	}
	mma_bind_leave_group(m, mb); /* nothing came of it */
	binding_due(&m->bindings, &mb->b, mb->rest_until);
}

void mma_bind_tick(struct mma *m, struct now now)
{
	for (struct mma_binding *mb; (mb = bindings_pop(&m->bindings, now.mono));) {
		if (mb->b.state != BINDING_ACTIVE)
			gone_due(m, mb, now);
		else if (mono_reached(mb->b.expires, now.mono))
			mma_bind_release(m, mb, NULL, "lifetime ended", now);
		else
			fade_due(m, mb, now);
	}
}


/* --- entries from records ---------------------------------------------------------------------------------- */

int mma_bind_enter(struct mma *m, struct mma_binding *mb, const struct mma_record *rec, struct now now)
{
	struct timer timer = mb->b.timer; /* belongs to the table */
	*mb = rec->mb;
	mb->b.timer = timer;
	mb->group = mb->b.coa = addr6_any;
	int err = mma_member_settle(m, mb, &rec->mb);
	if (err) {
		remove_entry(m, mb);
		return err;
	}
	m->n_active += mb->b.state == BINDING_ACTIVE;
	binding_due(&m->bindings, &mb->b, rec->mb.b.due);
	if (mb->b.state == BINDING_GONE && mma_record_forwards(rec, now))
		(void)mma_forward_restore(m, mb, &rec->forward); /* no room: it is dropped, the address rests */
	if (mb->b.state == BINDING_ACTIVE) {
		struct rd relay = rec->relay;
		mma_relay_restore(m, mb, &relay, now);
	}
	return ERR_OK;
}

int mma_bind_restore(struct mma *m, const struct store_rec *in, struct now now)
{
	struct mma_record rec;
	if (!mma_record_read(&rec, in, false, now))
		return ERR_INVAL;
	struct mma_binding *mb = binding_add(&m->bindings, &rec.mb.b.hoa);
	rec.mb.seq_start += MMA_SEQ_LEAP;
	return mb ? mma_bind_enter(m, mb, &rec, now) : ERR_FULL;
}

/* The sequence start has leapt, which is stored at once; a group is told with the next refresh. */
static void resume(struct mma *m, struct mma_binding *mb, struct now now)
{
	push(m, mb, fx_dp_put);
	if (!m->is_grouped)
		mma_record_put(m, mb, now);
	mma_ro_bound(m, mb, now);
}

/* The process before may have died while it asked where to forward to: its entry goes on for as long as that would have lasted. */
static void forget_place(struct mma *m, const struct mma_binding *mb)
{
	const struct dp_op op = coa_op(m, mb);
	fx_dp_del(m->env->fx, ROLE_MMA, &op);
}

void mma_bind_restored(struct mma *m, struct now now)
{
	uint64_t it = 0;
	for (struct mma_binding *mb; (mb = bindings_next(&m->bindings, &it));)
		if (mb->b.state == BINDING_ACTIVE)
			resume(m, mb, now);
		else if (!mma_forward_find(m, &mb->b.hoa))
			forget_place(m, mb);
	push_forwards(m);
}
