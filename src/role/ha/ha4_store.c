/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bindings of Mobile IPv4 on stable storage, in the same table as those of Mobile IPv6. Version 2, network order:
 *
 *	key: home address, mapped (16)
 *	value: version (1) state (1) flags (1) n care-of addresses (1) n networks (1) has nonce (1) identification (8) nonces (4, 4)
 *	       stamps of RFC 3543: sent last, of the last revocation taken (4, 4)
 *	       n times, the newest first: flags of the request (1) encapsulation (1) revocation agreed (1) lifetime, s (2)
 *	               port of the tunnel (2) end, ns since 1970 (8) identification (8) stamp of RFC 3543 (4)
 *	               care-of address (4) where the tunnel ends (4) source of the request (4)
 *	       n times: prefix length (1) prefix (4)
 *
 * and home addresses that were given away (STORE_HA_POOL): key: the NAI; value: version 1 (1) home address (4).
 */
#include "base/cursor.h"
#include "base/err.h"
#include "role/ha/ha4_i.h"

enum { TO_OCT = 39, NET_OCT = 5, HEAD_OCT = 30, VALUE_MAX_OCT = HEAD_OCT + HA_TO_MAX * TO_OCT + HA_NET_MAX * NET_OCT, LEASE_VERSION = 1,
       AGREED = 1, INFORM = 2, STORED = HA_ROUTER };
_Static_assert((int)VALUE_MAX_OCT <= (int)HA_RECORD_MAX_OCT, "the longest record fits");

static void write_to(struct wr *w, const struct ha4_to *to, struct now now)
{
	wr_u8(w, to->flags);
	wr_u8(w, to->encap);
	wr_u8(w, (uint8_t)((to->has_revocation ? AGREED : 0) | (to->wants_inform ? INFORM : 0)));
	wr_u16(w, to->lifetime_s);
	wr_u16(w, to->udp_port);
	wr_u64(w, (uint64_t)wall_add(now.wall, mono_sub(to->expires, now.mono)).ns);
	wr_u64(w, to->id);
	wr_u32(w, to->peer_stamp);
	wr_v4(w, &to->coa);
	wr_v4(w, &to->at);
	wr_v4(w, &to->from);
}

size_t ha4_store_build(const struct ha *h, const struct ha4 *b, uint8_t *val, size_t cap_oct, struct now now)
{
	bool is_active = ha_is_active(&b->b);
	const struct ha_router *r = is_active ? ha_net_find(h, &b->b.hoa) : NULL;
	struct wr w = wr_of(val, cap_oct);

	wr_u8(&w, HA4_STORE_VERSION);
	wr_u8(&w, is_active ? BINDING_ACTIVE : BINDING_GONE);
	wr_u8(&w, b->b.flags & (STORED | HA_LINGERS));
	wr_u8(&w, is_active ? (uint8_t)ha4_n_to(b) : 0);
	wr_u8(&w, r ? (uint8_t)r->n_net : 0);
	wr_u8(&w, b->has_nonce);
	wr_u64(&w, b->b.stamp);
	wr_u32(&w, b->nonce);
	wr_u32(&w, b->nonce_kept);
	wr_u32(&w, b->own_stamp);
	wr_u32(&w, b->revoked_stamp);
	for (uint32_t i = 0; is_active && i < ha4_n_to(b); i++)
		write_to(&w, i ? &b->more->to[i - 1] : &b->to, now);
	for (uint32_t i = 0; r && i < r->n_net; i++) {
		wr_u8(&w, (uint8_t)(r->net[i].len_bits - 96));
		wr_v4(&w, &r->net[i].addr);
	}
	return wr_ok(&w) ? wr_len(&w) : 0;
}

/* A clock that was set back cannot stretch what was granted; before 1970 nothing was. */
static mono_t end_of(wall_t end, uint16_t lifetime_s, struct now now)
{
	if (end.ns < 0)
		return now.mono;
	span_t left = wall_sub(end, now.wall), granted = span_s(lifetime_s);
	return mono_add(now.mono, left.ns < granted.ns ? left : granted);
}

static wall_t read_to(struct rd *r, struct ha4_to *to)
{
	to->flags = rd_u8(r);
	to->encap = rd_u8(r);
	uint8_t agreed = rd_u8(r);
	to->has_revocation = agreed & AGREED;
	to->wants_inform = agreed & INFORM;
	to->lifetime_s = rd_u16(r);
	to->udp_port = rd_u16(r);
	wall_t end = {(int64_t)rd_u64(r)};
	to->id = rd_u64(r);
	to->peer_stamp = rd_u32(r);
	to->coa = rd_v4(r);
	to->at = rd_v4(r);
	to->from = rd_v4(r);
	return end;
}

struct record { struct ha4 b; uint32_t n_to, n_net; struct ha4_to to[HA_TO_MAX]; wall_t end[HA_TO_MAX]; struct prefix6 net[HA_NET_MAX]; };

static bool is_encap_ours(uint8_t encap)
{
	return encap == DP_ENCAP_IPIP || encap == DP_ENCAP_GRE_PLAIN || encap == DP_ENCAP_MINIMAL || encap == DP_ENCAP_UDP;
}

static bool parse(const struct store_rec *rec, struct record *out)
{
	struct rd key = rd_of(rec->key, rec->key_len_oct), r = rd_of(rec->val, rec->val_len_oct);
	struct binding *b = &out->b.b;

	b->hoa = rd_addr6(&key);
	uint8_t version = rd_u8(&r);
	b->state = rd_u8(&r);
	b->flags = rd_u8(&r) & (STORED | HA_LINGERS);
	out->n_to = rd_u8(&r);
	out->n_net = rd_u8(&r);
	out->b.has_nonce = rd_u8(&r);
	b->stamp = rd_u64(&r);
	out->b.nonce = rd_u32(&r);
	out->b.nonce_kept = rd_u32(&r);
	out->b.own_stamp = rd_u32(&r);
	out->b.revoked_stamp = rd_u32(&r);
	if (out->n_to > HA_TO_MAX || out->n_net > HA_NET_MAX)
		return false;
	for (uint32_t i = 0; i < out->n_to; i++) {
		out->end[i] = read_to(&r, &out->to[i]);
		if (!is_encap_ours(out->to[i].encap))
			return false;
	}
	for (uint32_t i = 0; i < out->n_net; i++) {
		out->net[i].len_bits = (uint8_t)(rd_u8(&r) + 96);
		out->net[i].addr = rd_v4(&r);
		if (out->net[i].len_bits > 128)
			return false;
	}
	return rd_ok(&key) && rd_ok(&r) && version == HA4_STORE_VERSION && addr6_is_v4unicast(&b->hoa) &&
	       ((b->state == BINDING_ACTIVE && out->n_to) || (b->state == BINDING_GONE && !out->n_to));
}

static bool take_others(struct ha *h, struct ha4 *b, const struct record *rec)
{
	struct ha4_more *more = NULL;

	if (rec->n_to > 1 && !(more = mem_zget(h->env.mem, sizeof *more)))
		return false;
	mem_put(h->env.mem, b->more);
	b->more = more;
	if (!more)
		return true;
	more->n = rec->n_to - 1;
	memcpy(more->to, rec->to + 1, more->n * sizeof *more->to);
	return true;
}

/* Care-of addresses and what replay protection needs. False: no memory; then nothing has changed. */
static bool fill(struct ha *h, struct ha4 *b, const struct record *rec)
{
	if (!take_others(h, b, rec))
		return false;
	b->b.stamp = rec->b.b.stamp;
	b->has_nonce = rec->b.has_nonce;
	b->nonce = rec->b.nonce;
	b->nonce_kept = rec->b.nonce_kept;
	b->own_stamp = rec->b.own_stamp;
	b->revoked_stamp = rec->b.revoked_stamp;
	if (rec->n_to) { /* else its last one, for what is still on its way from there */
		b->to = rec->to[0];
		b->b.lifetime = b->to.lifetime_s;
	}
	return true;
}

int ha4_restore(struct ha *h, const struct store_rec *rec, struct now now)
{
	struct record got = {0};

	if (!ha4_is_on(h))
		return ERR_OK; /* kept for the day on which it is on again */
	if (!parse(rec, &got))
		return ERR_INVAL;
	struct ha4 *b = binding_add(&h->bindings, &got.b.b.hoa);
	if (!b)
		return binding_find(&h->bindings, &got.b.b.hoa) ? ERR_EXISTS : ERR_FULL;
	mono_t last = now.mono;
	for (uint32_t i = 0; i < got.n_to; i++) {
		got.to[i].expires = end_of(got.end[i], got.to[i].lifetime_s, now);
		last = mono_max(last, got.to[i].expires);
	}
	if (!fill(h, b, &got))
		return ERR_NOMEM;
	ha_revive(h, &b->b, got.b.b.state, got.b.b.flags & STORED, mono_sub(last, now.mono), now);
	if (!ha_is_active(&b->b))
		return ERR_OK;
	ha4_set_due(h, b);
	binding_due(&h->bindings, &b->b, now.mono); /* the datapath is told from the timers */
	if (got.n_net)
		(void)ha_net_set(h, &b->b.hoa, got.net, got.n_net);
	return ERR_OK;
}

/* --- another member's (ha_group.c) --------------------------------------------------------------------------- */

/* Wall time is another member's: only that one end is so much before the other counts. The last one is `expires`. */
static void place_ends(struct record *got, mono_t expires, struct now now)
{
	wall_t last = {0};

	for (uint32_t i = 0; i < got->n_to; i++)
		last.ns = got->end[i].ns > last.ns ? got->end[i].ns : last.ns;
	for (uint32_t i = 0; i < got->n_to; i++) {
		span_t before = wall_sub(last, got->end[i].ns > 0 ? got->end[i] : (wall_t){0});
		mono_t end = mono_is_never(expires) ? expires : mono_add(expires, span_ns(-before.ns));
		got->to[i].expires = mono_min(end, mono_add(now.mono, span_s(got->to[i].lifetime_s)));
	}
}

static bool is_takeable(const struct ha *h, const struct record *got)
{
	for (uint32_t i = 0; i < got->n_net; i++)
		if (!ha_net_is_takeable(h, &got->net[i], true))
			return false;
	for (uint32_t i = 0; i < got->n_to; i++)
		if (!addr6_is_v4unicast(&got->to[i].at) || addr6_eq(&got->to[i].at, &h->conf.v4.address))
			return false;
	return ha4_is_host_address(h, &got->b.b.hoa);
}

int ha4_take(struct ha *h, const struct store_rec *rec, const struct fx_change *change, struct now now)
{
	struct record got = {0};
	struct ha_before before;

	if (!parse(rec, &got) || !is_takeable(h, &got))
		return ERR_INVAL;
	struct ha4 *b = ha4_of(ha_take_begin(h, &got.b.b.hoa, &before));
	if (!b)
		return ERR_FULL;
	bool is_over = change->how != FX_CHANGE_PUT || got.b.b.state == BINDING_GONE;
	place_ends(&got, change->expires, now);
	if (is_over)
		got.n_to = 0;
	if (is_over && ha_is_active(&b->b)) /* while its care-of addresses are known */
		ha_take_gone(h, &b->b, got.b.b.flags & HA_LINGERS, now);
	if (!fill(h, b, &got)) {
		if (!ha_is_active(&b->b))
			ha_take_gone(h, &b->b, false, now);
		return ERR_NOMEM;
	}
	if (is_over) {
		ha_take_gone(h, &b->b, false, now);
		return ERR_OK;
	}
	b->b.flags = (uint8_t)((b->b.flags & ~(STORED | HA_LINGERS)) | (got.b.b.flags & STORED));
	ha_enter_active(h, &b->b, b->to.expires);
	ha4_set_due(h, b);
	ha4_listen(h, b, h->conf.v4.has_broadcast && ha4_has_flag(b, MIP4_B));
	ha_take_active(h, &b->b, &before, &(struct ha_nets){.n = got.n_net, .net = got.net}, now);
	return ERR_OK;
}

/* --- all records are there ------------------------------------------------------------------------------------- */

void ha4_restored(struct ha *h, struct now now)
{
	struct binding *b;

	if (!ha4_is_on(h))
		return;
	ha4_pool_apply(h);
	for (uint64_t it = 0; (b = bindings_next(&h->bindings, &it));) {
		if (!ha_is_v4(b) || !ha_is_active(b))
			continue;
		if (!ha_mobile_key(h, &b->hoa))
			ha_end(h, b, HA_END_BY_US, "binding-dropped", "the mobile is no longer configured", now);
		else if (!ha_net_is_still_authorised(h, &b->hoa))
			ha_end(h, b, HA_END_BY_US, "binding-dropped", "a network of the mobile router is no longer configured", now);
		else
			ha4_listen(h, ha4_of(b), h->conf.v4.has_broadcast && ha4_has_flag(ha4_of(b), MIP4_B));
	}
}

/* --- home addresses given away -------------------------------------------------------------------------------- */

static const struct fx_change lease_change = {.how = FX_CHANGE_PUT, .expires = {INT64_MAX}}; /* MONO_NEVER */

static size_t lease_build(const struct ha4_lease *l, uint8_t *val, size_t cap_oct)
{
	struct wr w = wr_of(val, cap_oct);

	wr_u8(&w, LEASE_VERSION);
	wr_v4(&w, &l->hoa);
	return wr_ok(&w) ? wr_len(&w) : 0;
}

void ha4_store_lease(struct ha *h, const struct ha4_lease *l)
{
	uint8_t val[8];
	size_t n = lease_build(l, val, sizeof val);

	fx_record_put(h->env.fx, ROLE_HA, STORE_HA_POOL, l->nai, strlen(l->nai), val, n, &lease_change);
}

static bool lease_parse(const struct store_rec *rec, struct ha4_lease *out)
{
	struct rd r = rd_of(rec->val, rec->val_len_oct);
	uint8_t version = rd_u8(&r);

	*out = (struct ha4_lease){.hoa = rd_v4(&r)};
	if (!rd_ok(&r) || version != LEASE_VERSION || rec->key_len_oct == 0 || rec->key_len_oct >= sizeof out->nai || memchr(rec->key, 0, rec->key_len_oct))
		return false;
	memcpy(out->nai, rec->key, rec->key_len_oct);
	return true;
}

int ha4_restore_lease(struct ha *h, const struct store_rec *rec)
{
	struct ha4_lease l;
	return lease_parse(rec, &l) ? ha4_pool_add(h, l.nai, &l.hoa) : ERR_INVAL;
}

bool ha4_record_lease(const struct ha *h, struct store_rec *rec, uint8_t *buf, size_t cap_oct, struct fx_change *change)
{
	char nai[HA_NAI_LEN] = {0};

	if (rec->key_len_oct >= sizeof nai)
		return false;
	memcpy(nai, rec->key, rec->key_len_oct);
	const struct ha4_lease *l = table_find(&h->leases, nai);
	if (!l)
		return false;
	*change = lease_change;
	rec->val = buf;
	rec->val_len_oct = lease_build(l, buf, cap_oct);
	return rec->val_len_oct > 0;
}

int ha4_take_lease(struct ha *h, const struct store_rec *rec, const struct fx_change *change)
{
	struct ha4_lease l;

	if (change->how != FX_CHANGE_PUT)
		return ERR_OK; /* nobody takes one back */
	return lease_parse(rec, &l) ? ha4_pool_put(h, &l) : ERR_INVAL;
}
