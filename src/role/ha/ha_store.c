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

/* An address that is still being checked is nothing yet. */
static enum binding_state state_of(const struct binding *b) { return b->state == BINDING_ACTIVE ? BINDING_ACTIVE : BINDING_GONE; }

static size_t build(const struct ha *h, const struct binding *b, uint8_t *val, size_t cap_oct, struct now now)
{
	const struct ha_router *r = ha_is_active(b) ? ha_net_find(h, &b->hoa) : NULL;
	struct wr w = wr_of(val, cap_oct);
	mono_t end = ha_is_active(b) ? b->expires : now.mono;

	wr_u8(&w, VERSION);
	wr_u8(&w, (uint8_t)state_of(b));
	wr_u8(&w, b->flags & (STORED | HA_LINGERS));
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
	return wr_ok(&w) ? wr_len(&w) : 0;
}

/* What the group is told of a binding as it is now (doc/decisions/home-agents-in-a-group.md). */
static struct fx_change change_of(const struct ha *h, const struct binding *b, enum fx_change_how how)
{
	struct fx_change c = {.how = how, .stamp = ha_is_v4(b) && h->conf.v4.replay == HA_REPLAY_NONCE ? 0 : b->stamp, .expires = b->expires};

	if (ha_is_active(b))
		c.how = FX_CHANGE_PUT;
	else if (ha_is_kept_forever(h, b))
		c = (struct fx_change){FX_CHANGE_PUT, b->stamp, MONO_NEVER};
	return c;
}

void ha_store_put(struct ha *h, const struct binding *b, enum fx_change_how how, struct now now)
{
	uint8_t val[HA_RECORD_MAX_OCT];
	struct fx_change change = change_of(h, b, how);
	size_t n = ha_is_v4(b) ? ha4_store_build(h, ha4_of_const(b), val, sizeof val, now) : build(h, b, val, sizeof val, now);

	fx_record_put(h->env.fx, ROLE_HA, STORE_BINDING_HA, &b->hoa, sizeof b->hoa, val, n, &change);
}

bool ha_record(const void *self, struct store_rec *rec, uint8_t *buf, size_t cap_oct, struct fx_change *change, struct now now)
{
	const struct ha *h = self;
	struct addr6 hoa;

	if (rec->table == STORE_HA_POOL)
		return ha4_record_lease(h, rec, buf, cap_oct, change);
	if (rec->table != STORE_BINDING_HA || rec->key_len_oct != sizeof hoa)
		return false;
	memcpy(&hoa, rec->key, sizeof hoa);
	const struct binding *b = binding_find(&h->bindings, &hoa);
	if (!b)
		return false;
	*change = change_of(h, b, FX_CHANGE_DELETE);
	rec->val = buf;
	rec->val_len_oct = ha_is_v4(b) ? ha4_store_build(h, ha4_of_const(b), buf, cap_oct, now) : build(h, b, buf, cap_oct, now);
	return rec->val_len_oct > 0;
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
	b->flags = rd_u8(&r) & (STORED | HA_LINGERS);
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
	ha_revive(h, b, got.b.state, got.b.flags & STORED, wall_sub(got.end, now.wall), now);
	if (ha_is_active(b) && got.n_net && ha_net_set(h, &b->hoa, got.net, got.n_net) && !ha_net_is_still_authorised(h, &b->hoa))
		ha_end(h, b, HA_END_BY_US, "binding-dropped", "a network of the mobile router is no longer configured", now);
	return ERR_OK;
}

/* --- another member's (ha_group.c) --------------------------------------------------------------------------- */

static bool is_takeable(const struct ha *h, const struct record *got)
{
	for (uint32_t i = 0; i < got->n_net; i++)
		if (!ha_net_is_takeable(h, &got->net[i], false))
			return false;
	return !addr6_is_v4mapped(&got->b.hoa) && addr6_is_routable(&got->b.hoa) && !addr6_eq(&got->b.hoa, &h->conf.address) &&
	       (got->b.state == BINDING_GONE || (addr6_is_routable(&got->b.coa) && !addr6_eq(&got->b.coa, &h->conf.address)));
}

int ha_take(struct ha *h, const struct store_rec *rec, const struct fx_change *change, struct now now)
{
	struct record got = {0};
	struct ha_before before;

	if (!parse(rec, &got) || !is_takeable(h, &got))
		return ERR_INVAL;
	struct binding *b = ha_take_begin(h, &got.b.hoa, &before);
	if (!b)
		return ERR_FULL;
	b->seq = got.b.seq;
	b->stamp = got.b.stamp;
	bool is_over = change->how != FX_CHANGE_PUT || got.b.state == BINDING_GONE;
	if (is_over) /* while its care-of address is known */
		ha_take_gone(h, b, got.b.flags & HA_LINGERS, now);
	b->coa = got.b.coa;
	b->lifetime = got.b.lifetime;
	if (is_over)
		return ERR_OK;
	b->flags = (uint8_t)((b->flags & ~(STORED | HA_LINGERS)) | (got.b.flags & STORED));
	ha_enter_active(h, b, mono_min(change->expires, mono_add(now.mono, ha_life_of(b))));
	ha_take_active(h, b, &before, &(struct ha_nets){.n = got.n_net, .net = got.net}, now);
	return ERR_OK;
}
