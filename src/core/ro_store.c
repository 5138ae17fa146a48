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
#include "core/ro_i.h"

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

static int enter(struct ro *ro, const struct ro_key *key, const struct ro_record *rec)
{
	struct ro_mobile *mo = ro_mobile_find(ro, &key->hoa);
	const struct ro_path path = {.coa = rec->coa, .ha = rec->ha, .is_registered = true};
	if (!mo && ro_mobile_add(ro, &key->hoa, &path) != ERR_OK)
		return ERR_NOMEM;
	mo = ro_mobile_find(ro, &key->hoa);
	if (mo->n_entry >= RO_PEERS_MAX || ro_entry_find(ro, &key->hoa, &key->cn))
		return ERR_FULL;
	return ro_entry_restore(ro, mo, &key->cn, rec);
}

int ro_restore(struct ro *ro, const struct store_rec *rec, struct now now)
{
	struct rd key = rd_of(rec->key, rec->key_len_oct), val = rd_of(rec->val, rec->val_len_oct);
	struct ro_key k;
	struct ro_record r;
	if (rec->table != table_of(ro))
		return ERR_NOTFOUND;
	k.hoa = rd_addr6(&key);
	k.cn = rd_addr6(&key);
	bool is_known = rd_u8(&val) == RECORD_VERSION;
	r.coa = rd_addr6(&val);
	r.ha = rd_addr6(&val);
	r.seq = rd_u16(&val);
	r.bound_until = mono_of(rd_u64(&val), now);
	r.may_hold_until = mono_of(rd_u64(&val), now);
	if (!is_known || !rd_ok(&key) || !rd_ok(&val))
		return ERR_INVAL;
	return enter(ro, &k, &r);
}
