/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bindings on stable storage. A record survives a restart of the daemon and of the host, so its end is
 * wall time. Version 1, network order (version 2, of Mobile IPv4, is in ha4_store.c):
 *
 *	key: home address (16)
 *	value: version (1) state (1) flags (1) n (1) sequence number (2) lifetime, 4 s (2)
 *	       timestamp (8) end of the binding, ns since 1970 (8) care-of address (16)
 *	       n times, of a mobile router: prefix length (1) prefix (16)
 */
#include "base/cursor.h"
#include "base/err.h"
#include "role/ha/ha4_i.h"

enum { VERSION = 1, VALUE_MAX_OCT = 40 + HA_NET_MAX * 17, STORED = HA_LINK_LOCAL | HA_ROUTER };

void ha_store_put(struct ha *h, const struct binding *b, struct now now)
{
	if (ha_is_v4(b)) {
		ha4_store_put(h, ha4_of_const(b), now);
		return;
	}
	uint8_t val[VALUE_MAX_OCT];
	const struct ha_router *r = b->state == BINDING_ACTIVE ? ha_net_find(h, &b->hoa) : NULL;
	struct wr w = wr_of(val, sizeof val);
	mono_t end = b->state == BINDING_ACTIVE ? b->expires : now.mono;

	wr_u8(&w, VERSION);
	wr_u8(&w, b->state);
	wr_u8(&w, b->flags & STORED);
	wr_u8(&w, r ? (uint8_t)r->n_net : 0);
	wr_u16(&w, b->seq);
	wr_u16(&w, b->lifetime);
	wr_u64(&w, b->stamp);
	wr_u64(&w, (uint64_t)wall_add(now.wall, mono_sub(end, now.mono)).ns);
	wr_addr6(&w, &b->coa);
	for (uint32_t i = 0; r && i < r->n_net; i++) {
		wr_u8(&w, r->net[i].len_bits);
		wr_addr6(&w, &r->net[i].addr);
	}
	fx_store_put(h->env.fx, ROLE_HA, STORE_BINDING_HA, &b->hoa, sizeof b->hoa, val, wr_len(&w));
}

void ha_store_del(struct ha *h, const struct binding *b)
{
	fx_store_del(h->env.fx, ROLE_HA, STORE_BINDING_HA, &b->hoa, sizeof b->hoa);
}

struct record { struct binding b; wall_t end; struct prefix6 net[HA_NET_MAX]; uint32_t n_net; };

static void parse_nets(struct rd *r, struct record *rec, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct prefix6 p = {.len_bits = rd_u8(r)};
		p.addr = rd_addr6(r);
		if (rd_ok(r) && p.len_bits <= 128 && rec->n_net < HA_NET_MAX)
			rec->net[rec->n_net++] = p;
	}
}

static bool parse(const struct store_rec *rec, struct record *out)
{
	struct rd key = rd_of(rec->key, rec->key_len_oct), r = rd_of(rec->val, rec->val_len_oct);
	struct binding *b = &out->b;

	b->hoa = rd_addr6(&key);
	uint8_t version = rd_u8(&r);
	b->state = rd_u8(&r);
	b->flags = rd_u8(&r) & STORED;
	uint32_t n_net = rd_u8(&r);
	b->seq = rd_u16(&r);
	b->lifetime = rd_u16(&r);
	b->stamp = rd_u64(&r);
	out->end.ns = (int64_t)rd_u64(&r);
	b->coa = rd_addr6(&r);
	parse_nets(&r, out, n_net);
	return rd_ok(&key) && rd_ok(&r) && version == VERSION && out->end.ns >= 0 &&
	       (b->state == BINDING_ACTIVE || b->state == BINDING_GONE);
}

int ha_restore(void *self, const struct store_rec *rec, struct now now)
{
	struct ha *h = self;
	struct record got = {0};

	if (rec->table == STORE_HA_POOL)
		return ha4_restore_lease(h, rec);
	if (rec->table != STORE_BINDING_HA)
		return ERR_OK;
	if (rec->val_len_oct && rec->val[0] == HA4_STORE_VERSION)
		return ha4_restore(h, rec, now);
	if (!parse(rec, &got))
		return ERR_INVAL;
	struct binding *b = binding_add(&h->bindings, &got.b.hoa);
	if (!b)
		return binding_find(&h->bindings, &got.b.hoa) ? ERR_EXISTS : ERR_FULL;
	b->seq = got.b.seq;
	b->stamp = got.b.stamp;
	b->coa = got.b.coa;
	b->lifetime = got.b.lifetime;
	ha_revive(h, b, got.b.state, got.b.flags, wall_sub(got.end, now.wall), now);
	if (ha_is_active(b) && got.n_net && ha_net_set(h, &b->hoa, got.net, got.n_net) && !ha_net_is_still_authorised(h, &b->hoa))
		ha_end(h, b, "binding-dropped", "a network of the mobile router is no longer configured", now);
	return ERR_OK;
}
