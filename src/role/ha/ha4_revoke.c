/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registration revocation (RFC 3543), with foreign agents that share a key with us, and towards co-located mobiles.
 *
 * Ours say that a binding has ended here: dropped by the operator or a new configuration, or because the mobile is elsewhere. They are
 * repeated, less and less often, until acknowledged or until the binding would have ended by itself. A foreign agent's end one care-of
 * address, its own, and are acknowledged, repeated ones too.
 *
 * Timestamps are NTP's seconds; of one binding each is later than all before it, so that a revocation in the same second as the
 * registration still counts (3.5).
 */
#include "base/err.h"
#include "role/ha/ha4_i.h"
#include "wire/mip6/mh.h"

enum { PACKET_MAX = 256, FIRST_WAIT_S = 2, TRIES_MAX = 6, PENDING_MAX = 65536 };

uint32_t ha4_stamp(uint32_t last, struct now now)
{
	uint32_t s = (uint32_t)(mh_ntp_of_wall(now.wall) >> 32);
	return last && (int32_t)(s - last) <= 0 ? last + 1 : s;
}

static bool is_later(uint32_t stamp, uint32_t last) { return (int32_t)(stamp - last) > 0; }

static void sign_and_send(struct ha *h, const struct addr6 *to, uint16_t port, struct mip4 *m, const struct sa_key *key, enum mip4_auth_kind kind)
{
	uint8_t pkt[PACKET_MAX];
	struct mip4_built built;
	struct mip4_path path = {.src = h->conf.v4.address, .dst = *to, .dport = port};

	m->ext.auth[kind] = sa4_auth(key);
	size_t n = mip4_packet_build(pkt, sizeof pkt, &path, m, &built);
	if (!n)
		return;
	sa4_sign(key, h->env.crypto, pkt + built.msg_off, &m->ext.auth[kind]);
	mip4_packet_finish(&built, pkt);
	fx_send(h->env.fx, ROLE_HA, 0, NULL, pkt, n);
}

/* --- ours ---------------------------------------------------------------------------------------------------- */

static const struct sa_key *key_of(const struct ha *h, const struct ha4_revocation *r)
{
	return r->is_direct ? ha_mobile_key(h, &r->key.hoa) : r->fa_key;
}

static void forget(struct ha *h, struct ha4_revocation *r)
{
	timer_clear(&h->revocation_timers, &r->timer);
	(void)table_del(&h->revocations, &r->key);
	mem_put(h->env.mem, r);
}

static void say(struct ha *h, struct ha4_revocation *r, struct now now)
{
	const struct sa_key *key = key_of(h, r);
	mono_t next = mono_add(now.mono, span_s((int64_t)FIRST_WAIT_S << r->tries));

	if (!key || r->tries++ >= TRIES_MAX || mono_reached(r->until, now.mono)) {
		fx_event(h->env.fx, ROLE_HA, EV_NOTICE, "revocation-unanswered", &r->key.hoa, "%s does not acknowledge", ADDR46_STR(&r->key.to));
		forget(h, r);
		return;
	}
	struct ha4 *b = r->tries > 1 ? binding_find(&h->bindings, &r->key.hoa) : NULL;
	if (r->tries > 1)
		r->stamp = ha4_stamp(b && is_later(b->own_stamp, r->stamp) ? b->own_stamp : r->stamp, now);
	if (b)
		b->own_stamp = r->stamp;
	struct mip4 m = {.type = MIP4_REVOKE, .revoke = {.is_ha = true, .inform = r->inform, .hoa = r->key.hoa, .home = h->conf.v4.address,
							 .foreign = r->coa, .id = r->stamp}};
	sign_and_send(h, &r->key.to, MIP4_PORT, &m, key, r->is_direct ? MIP4_MH : MIP4_FH);
	(void)timer_set(&h->revocation_timers, &r->timer, mono_min(next, r->until));
}

static struct ha4_revocation *entry(struct ha *h, const struct ha4_revocation_key *key)
{
	struct ha4_revocation *r = table_find(&h->revocations, key);

	if (r || table_count(&h->revocations) >= PENDING_MAX)
		return r;
	r = mem_zget(h->env.mem, sizeof *r);
	if (!r)
		return NULL;
	r->key = *key;
	if (timers_reserve(&h->revocation_timers, table_count(&h->revocations) + 1) == ERR_OK && table_add(&h->revocations, r) == ERR_OK)
		return r;
	mem_put(h->env.mem, r);
	return NULL;
}

void ha4_revoke(struct ha *h, struct ha4 *b, const struct ha4_to *to, bool inform, struct now now)
{
	struct ha4_revocation_key key = {b->b.hoa, to->from};

	if (!to->has_revocation || mono_reached(to->expires, now.mono))
		return;
	struct ha4_revocation *r = entry(h, &key);
	if (!r)
		return; /* its lifetime ends it there */
	r->coa = to->coa;
	r->is_direct = to->flags & MIP4_D;
	r->fa_key = r->is_direct ? NULL : ha4_fa_key(h, &to->from) ? ha4_fa_key(h, &to->from) : ha4_fa_key(h, &to->coa);
	r->inform = r->is_direct || (inform && to->wants_inform);
	r->tries = 0;
	r->until = to->expires;
	r->stamp = b->own_stamp = ha4_stamp(b->own_stamp, now);
	(void)timer_set(&h->revocation_timers, &r->timer, now.mono);
}

void ha4_revoke_cancel(struct ha *h, const struct addr6 *hoa, const struct addr6 *from)
{
	struct ha4_revocation_key key = {*hoa, *from};
	struct ha4_revocation *r = table_count(&h->revocations) ? table_find(&h->revocations, &key) : NULL;
	if (r)
		forget(h, r);
}

void ha4_revoke_all(struct ha *h, struct ha4 *b, struct now now)
{
	for (uint32_t i = 0; i < ha4_n_to(b); i++)
		ha4_revoke(h, b, ha4_to_at(b, i), true, now);
}

void ha4_rx_revoke_ack(struct ha *h, const struct mip4_packet *p, struct now now)
{
	struct ha4_revocation_key key = {p->m.revoke.hoa, p->src};
	struct ha4_revocation *r = table_find(&h->revocations, &key);
	const struct sa_key *sa = r ? key_of(h, r) : NULL;

	(void)now;
	if (!r || r->stamp != p->m.revoke.id) {
		reason_count(&h->env, R_REVOKE_UNEXPECTED);
	} else if (!sa || !sa4_verify(sa, h->env.crypto, p->msg, &p->m.ext.auth[r->is_direct ? MIP4_MH : MIP4_FH])) {
		reason_count(&h->env, R_REVOKE_KEY);
	} else {
		fx_event(h->env.fx, ROLE_HA, EV_INFO, "revocation-acknowledged", &r->key.hoa, "by %s%s", ADDR46_STR(&p->src),
			 r->inform && p->m.revoke.inform ? "; the mobile is told" : "");
		forget(h, r);
	}
}

void ha4_revocation_timers(struct ha *h, struct now now)
{
	struct timer *t;

	for (int i = 0; i < HA_POP_MAX && (t = timers_pop(&h->revocation_timers, now.mono)); i++)
		say(h, container_of(t, struct ha4_revocation, timer), now);
}

void ha4_revocation_tick(struct ha *h, struct now now)
{
	struct timer *t;

	if (!h->is_standby) {
		ha4_revocation_timers(h, now);
		return;
	}
	for (int i = 0; i < HA_POP_MAX && (t = timers_pop(&h->revocation_timers, now.mono)); i++)
		forget(h, container_of(t, struct ha4_revocation, timer));
}

void ha4_revocation_keys(struct ha *h)
{
	struct ha4_revocation *r;

	for (uint64_t it = 0; (r = table_next(&h->revocations, &it));)
		if (!r->is_direct)
			r->fa_key = ha4_fa_key(h, &r->key.to) ? ha4_fa_key(h, &r->key.to) : ha4_fa_key(h, &r->coa);
}

void ha4_revocation_fini(struct ha *h)
{
	struct ha4_revocation *r;

	timers_fini(&h->revocation_timers); /* touches the timers in the entries */
	for (uint64_t it = 0; (r = table_next(&h->revocations, &it));)
		mem_put(h->env.mem, r);
	table_fini(&h->revocations);
}

/* --- a foreign agent's --------------------------------------------------------------------------------------- */

static void acknowledge(struct ha *h, const struct mip4_packet *p, const struct sa_key *key, bool inform)
{
	struct mip4 m = {.type = MIP4_REVOKE_ACK, .revoke = {.inform = inform, .hoa = p->m.revoke.hoa, .id = p->m.revoke.id}};
	sign_and_send(h, &p->src, p->sport, &m, key, MIP4_FH);
}

/* The care-of address that this agent may end; -1: none. */
static int revocable(struct ha4 *b, const struct mip4_packet *p)
{
	for (uint32_t i = 0; ha_is_active(&b->b) && i < ha4_n_to(b); i++) {
		const struct ha4_to *to = ha4_to_at(b, i);
		if (to->has_revocation && !(to->flags & MIP4_D) && addr6_eq(&to->coa, &p->m.revoke.foreign) &&
		    (addr6_eq(&to->from, &p->src) || addr6_eq(&to->coa, &p->src)))
			return (int)i;
	}
	return -1;
}

/* Whether it is no replay of an old one, nor one of ours come back (3.5). */
static bool is_fresh(struct ha4 *b, const struct mip4_packet *p, int at)
{
	uint32_t last = at >= 0 ? ha4_to_at(b, (uint32_t)at)->peer_stamp : b->revoked_stamp;
	return !p->m.revoke.is_ha && is_later(p->m.revoke.id, last) && (!b->revoked_stamp || is_later(p->m.revoke.id, b->revoked_stamp));
}

static void take(struct ha *h, struct ha4 *b, int at, const struct mip4_packet *p, const struct sa_key *key, struct now now)
{
	bool inform = p->m.revoke.inform && (at < 0 || ha4_to_at(b, (uint32_t)at)->wants_inform);

	b->revoked_stamp = p->m.revoke.id;
	if (at >= 0)
		ha4_end_one(h, b, (uint32_t)at, "binding-revoked", "by its foreign agent", now);
	else
		ha_store_put(h, &b->b, FX_CHANGE_DELETE, now); /* the stamp */
	acknowledge(h, p, key, inform);
}

void ha4_rx_revoke(struct ha *h, const struct mip4_packet *p, struct now now)
{
	const struct sa_key *key = ha4_fa_key(h, &p->src);
	struct ha4 *b = binding_find(&h->bindings, &p->m.revoke.hoa);
	bool is_ours = b && addr6_eq(&p->m.revoke.home, &h->conf.v4.address);
	int at = is_ours ? revocable(b, p) : -1;

	if (!key)
		reason_count(&h->env, R_PEER_UNKNOWN);
	else if (!sa4_verify(key, h->env.crypto, p->msg, &p->m.ext.auth[MIP4_FH]))
		reason_count(&h->env, R_REVOKE_KEY);
	else if (!is_ours || (at < 0 && !b->revoked_stamp)) /* without a binding: repeated because our acknowledgement was lost, or nothing */
		reason_count(&h->env, R_REVOKE_UNEXPECTED);
	else if (!is_fresh(b, p, at))
		reason_count(&h->env, R_REVOKE_OLD);
	else
		take(h, b, at, p, key, now);
}
