/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a restarted daemon needs to go on: the identity and group, and for each peer the last sequence number and
 * timestamp (never to be used again), and the binding with its end in wall time.
 *
 * Record, network order: version 1, flags, identity (6), group try (4), place (1), agent's address (16), number of
 * peers (1); each: address (16), sequence number (2), last timestamp (8), clock offset (8), flags, registered care-of address
 * (16), assigned care-of address (16), accepted timestamp (8), lifetime in s (4), end (8, ns since 1970).
 */
#include <string.h>

#include "base/cursor.h"
#include "base/err.h"
#include "role/mn/state.h"

enum { VERSION = 1, F_IDENTITY = 1, F_PLACE = 2, P_BOUND = 1, P_ASSIGNED = 2, P_ASKED = 4 };

static void put_peer(struct wr *w, const struct mn_peer *p, struct now now)
{
	bool is_bound = reg_is_bound(&p->reg) && !mono_is_never(p->reg.expires);
	int64_t left_ns = is_bound ? mono_sub(p->reg.expires, now.mono).ns : 0;
	wr_addr6(w, &p->addr);
	wr_u16(w, p->reg.seq);
	wr_u64(w, p->reg.stamper.last);
	wr_u64(w, (uint64_t)p->reg.stamper.offset_ns);
	bool is_asked = p->is_uncertain || mn_bul_is_pending(p) || p->reg.state == REG_WAIT;
	wr_u8(w, (uint8_t)((is_bound ? P_BOUND : 0) | (p->has_acoa ? P_ASSIGNED : 0) | (is_asked ? P_ASKED : 0)));
	wr_addr6(w, &p->reg.bound_coa);
	wr_addr6(w, &p->acoa);
	wr_u64(w, p->reg.stamp);
	wr_u32(w, p->reg.lifetime_s);
	wr_u64(w, is_bound ? (uint64_t)(now.wall.ns + left_ns) : 0);
}

void mn_store_put(struct mn *mn, struct now now)
{
	uint8_t buf[64 + MN_PEER_MAX * 96];
	struct wr w = wr_of(buf, sizeof buf);
	static const struct addr6 none;
	wr_u8(&w, VERSION);
	wr_u8(&w, (uint8_t)((mn->has_identity ? F_IDENTITY : 0) | (mn->has_place ? F_PLACE : 0)));
	wr_bytes(&w, mn->identity.b, sizeof mn->identity.b);
	wr_u32(&w, mn->group_try);
	wr_u8(&w, (uint8_t)mn->place);
	wr_addr6(&w, mn->mma ? &mn->mma->addr : &none);
	wr_u8(&w, (uint8_t)mn->n_peer);
	for (uint32_t i = 0; i < mn->n_peer; i++)
		put_peer(&w, &mn->peer[i], now);
	if (wr_ok(&w))
		fx_store_put(mn_fx(mn), ROLE_MN, STORE_MN, &mn->conf.home_address, sizeof mn->conf.home_address, buf, wr_len(&w));
}

struct peer_rec {
	struct addr6 addr, bound_coa, acoa;
	uint16_t seq;
	uint64_t last, offset, stamp, end;
	uint32_t lifetime_s;
	uint8_t flags;
};

static struct peer_rec get_peer(struct rd *r)
{
	struct peer_rec v;
	v.addr = rd_addr6(r);
	v.seq = rd_u16(r);
	v.last = rd_u64(r);
	v.offset = rd_u64(r);
	v.flags = rd_u8(r);
	v.bound_coa = rd_addr6(r);
	v.acoa = rd_addr6(r);
	v.stamp = rd_u64(r);
	v.lifetime_s = rd_u32(r);
	v.end = rd_u64(r);
	return v;
}

/* A binding whose end has not come is taken up again, with its refresh at four fifths as ever. */
static void adopt(struct mn_peer *p, const struct peer_rec *v, struct now now)
{
	struct reg *r = &p->reg;
	r->seq = v->seq;
	r->stamper.last = v->last;
	r->stamper.offset_ns = (int64_t)v->offset;
	p->is_uncertain = v->flags & P_ASKED;
	int64_t left_ns = (int64_t)v->end - now.wall.ns;
	if (!(v->flags & P_BOUND) || left_ns <= 0 || left_ns > (int64_t)v->lifetime_s * NS_PER_S)
		return;
	r->state = REG_BOUND;
	r->coa = r->bound_coa = v->bound_coa;
	r->ask_s = r->lifetime_s = v->lifetime_s;
	r->stamp = v->stamp;
	r->expires = mono_add(now.mono, span_ns(left_ns));
	int64_t refresh_ns = left_ns - (int64_t)v->lifetime_s * NS_PER_S / 5;
	r->refresh_at = mono_add(now.mono, span_ns(refresh_ns > 0 ? refresh_ns : 0));
	p->has_acoa = v->flags & P_ASSIGNED;
	p->acoa = v->acoa;
	if (p->is_mma)
		p->uplink_key = sa_uplink_key(p->key, p->mn->env.crypto, &p->mn->conf.home_address, r->stamp);
	p->group = p->mn->group;
	mn_bul_arm(p);
}

static bool is_certain(const struct mn_peer *p) { return reg_is_bound(&p->reg) && !p->is_uncertain; }

/* The place holds only with the registrations that belong to it; else the mobile begins as if it had just come up. */
static void restore_place(struct mn *mn, uint8_t place, const struct addr6 *mma)
{
	const struct mn_peer *ha = mn_ha(mn);
	struct mn_peer *p = mn_bul_find(mn, mma);
	mn->mma = NULL;
	mn->has_place = false;
	mn->place = (enum move_place)place;
	mn->is_home_unknown = place == MOVE_HOME;
	switch (mn->place) {
	case MOVE_HOME:
		mn->has_place = !reg_is_bound(&ha->reg) && !ha->is_uncertain;
		break;
	case MOVE_SITE:
		if (!p || !p->is_mma || !is_certain(p) || !p->has_acoa || !addr6_eq(&ha->reg.bound_coa, &p->acoa))
			break;
		mn->mma = p;
		mn->has_place = is_certain(ha);
		break;
	case MOVE_PLAIN:
		mn->has_place = is_certain(ha);
		break;
	}
	if (!mn->has_place)
		mn->place = MOVE_HOME;
}

int mn_store_restore(struct mn *mn, const struct store_rec *rec, struct now now)
{
	if (rec->table != STORE_MN || rec->key_len_oct != 16 || memcmp(rec->key, &mn->conf.home_address, 16) != 0)
		return ERR_NOTFOUND;
	struct rd r = rd_of(rec->val, rec->val_len_oct);
	if (rd_u8(&r) != VERSION)
		return ERR_INVAL;
	uint8_t flags = rd_u8(&r);
	struct lladdr identity;
	rd_bytes(&r, identity.b, sizeof identity.b);
	uint32_t group_try = rd_u32(&r);
	uint8_t place = rd_u8(&r);
	struct addr6 mma = rd_addr6(&r);
	uint8_t n = rd_u8(&r);
	if (!rd_ok(&r) || place > MOVE_PLAIN)
		return ERR_INVAL;
	if ((flags & F_IDENTITY) && lladdr_is_zero(&mn->conf.identity)) {
		mn->identity = identity;
		mn->has_identity = true;
	}
	mn->group_try = group_try < MN_GROUP_TRIES ? group_try : 0;
	if (mn->has_identity)
		mn->group = mn_group_of(mn, mn->group_try);
	for (uint32_t i = 0; i < n; i++) {
		struct peer_rec v = get_peer(&r);
		if (i == 0 && rd_ok(&r) && !mn_agent_is_known(mn) && addr6_is_routable(&v.addr))
			mn_ha(mn)->addr = v.addr; /* the home agent comes first */
		struct mn_peer *p = rd_ok(&r) ? mn_bul_find(mn, &v.addr) : NULL;
		if (p)
			adopt(p, &v, now);
	}
	if (flags & F_PLACE)
		restore_place(mn, place, &mma);
	mn->is_restored = true;
	return ERR_OK;
}
