/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Route optimisation over a restart of the daemon: a record for each correspondent node that acknowledged, so that its binding is renewed in
 * time, handed on when the mobile leaves, and never outlives it in the datapath. Written at each acknowledgement.
 *
 *	key   home address, correspondent node
 *	value version (1), care-of address, home agent (of the path), sequence number (2), end of the binding, and until when it may hold
 *	      one (8 each, wall time in ns)
 *
 * Tokens are not kept. A record makes an entry at once, and a mobile with the path of then; ro_move sets the path of now.
 */
#include "core/ro/ro_i.h"

#include "base/err.h"

enum { RECORD_VERSION = 1, RECORD_MAX_OCT = 64, LONGEST_S = 2 * RO_LIFETIME_MAX_S };

static enum store_table table_of(const struct ro *ro) { return ro->role == ROLE_MN ? STORE_RO_MN : STORE_RO_MMA; }

static uint64_t wall_of(mono_t t, struct now now) { return (uint64_t)wall_add(now.wall, mono_sub(t, now.mono)).ns; }

/* Whatever a damaged record says, not later than any binding lasts. */
static mono_t mono_of(uint64_t wall_ns, struct now now)
{
	int64_t d;
	if (__builtin_sub_overflow((int64_t)wall_ns, now.wall.ns, &d) || d < 0 || d > LONGEST_S * NS_PER_S)
		d = 0;
	return mono_add(now.mono, span_ns(d));
}

void ro_store(struct ro *ro, struct ro_entry *e, struct now now)
{
	uint8_t buf[RECORD_MAX_OCT];
	struct wr w = wr_of(buf, sizeof buf);
	wr_u8(&w, RECORD_VERSION);
	wr_addr6(&w, &e->bound_coa);
	wr_addr6(&w, &e->mobile->path.ha);
	wr_u16(&w, e->seq);
	wr_u64(&w, wall_of(e->bound_until, now));
	wr_u64(&w, wall_of(e->may_hold_until, now));
	e->is_stored = true;
	fx_store_put(ro->env->fx, ro->role, table_of(ro), &e->key, sizeof e->key, buf, wr_len(&w));
}

void ro_unstore(struct ro *ro, struct ro_entry *e)
{
	if (e->is_stored)
		fx_store_del(ro->env->fx, ro->role, table_of(ro), &e->key, sizeof e->key);
	e->is_stored = false;
}

struct record { struct ro_key key; struct addr6 coa, ha; uint16_t seq; mono_t bound_until, may_hold_until; };

static int enter(struct ro *ro, const struct record *rec)
{
	const struct ro_path path = {.coa = rec->coa, .ha = rec->ha, .is_registered = true};
	if (!ro_mobile_find(ro, &rec->key.hoa) && ro_mobile_add(ro, &rec->key.hoa, &path) != ERR_OK)
		return ERR_NOMEM;
	struct ro_mobile *mo = ro_mobile_find(ro, &rec->key.hoa);
	if (mo->n_entry >= RO_PEERS_MAX || ro_entry_find(ro, &rec->key.hoa, &rec->key.cn))
		return ERR_FULL;
	struct ro_entry *e = ro_entry_add(ro, mo, &rec->key.cn);
	if (!e)
		return ERR_NOMEM;
	e->is_stored = e->has_sent = e->has_dp = true; /* what the run before put may be there */
	e->is_bound = true;
	e->seq = rec->seq;
	e->bound_coa = rec->coa;
	e->bound_until = rec->bound_until;
	e->may_hold_until = mono_max(rec->may_hold_until, rec->bound_until);
	return ERR_OK;
}

int ro_restore(struct ro *ro, const struct store_rec *rec, struct now now)
{
	struct rd key = rd_of(rec->key, rec->key_len_oct), val = rd_of(rec->val, rec->val_len_oct);
	struct record r;
	if (rec->table != table_of(ro))
		return ERR_NOTFOUND;
	r.key.hoa = rd_addr6(&key);
	r.key.cn = rd_addr6(&key);
	bool is_known = rd_u8(&val) == RECORD_VERSION;
	r.coa = rd_addr6(&val);
	r.ha = rd_addr6(&val);
	r.seq = rd_u16(&val);
	r.bound_until = mono_of(rd_u64(&val), now);
	r.may_hold_until = mono_of(rd_u64(&val), now);
	return is_known && rd_ok(&key) && rd_ok(&val) ? enter(ro, &r) : ERR_INVAL;
}

/* A third of what is left before the end: the time at which it was acknowledged is not known any more. */
static void resume(struct ro *ro, struct ro_entry *e, struct now now)
{
	int64_t left_ns = mono_sub(e->bound_until, now.mono).ns;
	e->bound_at = now.mono;
	e->refresh_at = left_ns > 0 && e->is_bound ? mono_add(now.mono, span_ns(left_ns / 3 * 2)) : MONO_NEVER;
	ro_put_dp(ro, e, now);
	ro_arm(ro, e);
}

static struct ro_mobile *pathless(const struct ro *ro)
{
	uint64_t it = 0;
	for (struct ro_mobile *mo; (mo = table_next(&ro->mobiles, &it));)
		if (mo->path.until.ns == 0)
			return mo;
	return NULL;
}

void ro_restored(struct ro *ro, bool is_all_known, struct now now)
{
	uint64_t it = 0;
	for (struct ro_mobile *mo; is_all_known && (mo = pathless(ro));)
		ro_drop(ro, &mo->hoa, false, now);
	for (struct ro_entry *e; (e = table_next(&ro->entries, &it));)
		if (e->phase == RO_REST && mono_is_never(e->start_at))
			resume(ro, e, now);
}
