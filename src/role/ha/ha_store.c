/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bindings on stable storage. A record survives a restart of the daemon and of the host, so its end is
 * wall time. Version 1, network order:
 *
 *	key: home address (16)
 *	value: version (1) state (1) flags (1) 0 (1) sequence number (2) lifetime, 4 s (2)
 *	       timestamp (8) end of the binding, ns since 1970 (8) care-of address (16)
 */
#include "base/cursor.h"
#include "base/err.h"
#include "role/ha/ha_i.h"

enum { VERSION = 1, VALUE_OCT = 40 };

void ha_store_put(struct ha *h, const struct binding *b, struct now now)
{
	uint8_t val[VALUE_OCT];
	struct wr w = wr_of(val, sizeof val);
	mono_t end = b->state == BINDING_ACTIVE ? b->expires : now.mono;

	wr_u8(&w, VERSION);
	wr_u8(&w, b->state);
	wr_u8(&w, b->flags & HA_LINK_LOCAL);
	wr_u8(&w, 0);
	wr_u16(&w, b->seq);
	wr_u16(&w, b->lifetime);
	wr_u64(&w, b->stamp);
	wr_u64(&w, (uint64_t)wall_add(now.wall, mono_sub(end, now.mono)).ns);
	wr_addr6(&w, &b->coa);
	fx_store_put(h->env.fx, ROLE_HA, STORE_BINDING_HA, &b->hoa, sizeof b->hoa, val, wr_len(&w));
}

void ha_store_del(struct ha *h, const struct binding *b)
{
	fx_store_del(h->env.fx, ROLE_HA, STORE_BINDING_HA, &b->hoa, sizeof b->hoa);
}

static bool parse(const struct store_rec *rec, struct binding *b, wall_t *end)
{
	struct rd key = rd_of(rec->key, rec->key_len_oct), r = rd_of(rec->val, rec->val_len_oct);

	b->hoa = rd_addr6(&key);
	uint8_t version = rd_u8(&r);
	b->state = rd_u8(&r);
	b->flags = rd_u8(&r) & HA_LINK_LOCAL;
	rd_skip(&r, 1);
	b->seq = rd_u16(&r);
	b->lifetime = rd_u16(&r);
	b->stamp = rd_u64(&r);
	end->ns = (int64_t)rd_u64(&r);
	b->coa = rd_addr6(&r);
	return rd_ok(&key) && rd_ok(&r) && version == VERSION &&
	       (b->state == BINDING_ACTIVE || b->state == BINDING_GONE);
}

int ha_restore(void *self, const struct store_rec *rec, struct now now)
{
	struct ha *h = self;
	struct binding got = {0};
	wall_t end;

	if (rec->table != STORE_BINDING_HA)
		return ERR_OK;
	if (!parse(rec, &got, &end))
		return ERR_INVAL;
	struct binding *b = binding_add(&h->bindings, &got.hoa);
	if (!b)
		return binding_find(&h->bindings, &got.hoa) ? ERR_EXISTS : ERR_FULL;
	b->seq = got.seq;
	b->stamp = got.stamp;
	b->coa = got.coa;
	b->lifetime = got.lifetime;
	ha_revive(h, b, got.state, got.flags, wall_sub(end, now.wall), now);
	return ERR_OK;
}
