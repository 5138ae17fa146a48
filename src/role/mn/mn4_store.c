/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a restarted daemon needs of Mobile IPv4: the last identification (never to be used again), an assigned home address and a discovered home
 * agent, until when some binding may exist, and whether the mobile was at home. The mobile registers anew at the first advertisement; until
 * then what its datapath has goes on.
 *
 * Record, network order: version 2, flags, home address (4), home agent (4), last identification (8), clock offset (8), last nonce (4), end
 * of what the home agent may hold (8, ns since 1970; 0: nothing), number of agents of sites that may hold something (1); each: address (4),
 * group (4), end (8). Key: the configured home address, or 0.0.0.0.
 */
#include <string.h>

#include "base/cursor.h"
#include "base/err.h"
#include "role/mn/state.h"

enum { VERSION = 2, F_HOME = 1, RECORD_MAX_OCT = 64 + MN_SITE_MAX * 16 };

static struct addr6 key_of(const struct mn *mn)
{
	const struct addr6 *a = &mn->conf.v4.home_address;
	return addr6_is_none(a) ? addr6_from_v4((struct addr4){{0, 0, 0, 0}}) : *a;
}

/* As wall time, 0 when it is over; for ever is the largest number. */
static int64_t wall_end(mono_t end, struct now now)
{
	if (mono_is_never(end))
		return INT64_MAX;
	return mono_before(now.mono, end) ? now.wall.ns + mono_sub(end, now.mono).ns : 0;
}

static mono_t mono_end(int64_t end, struct now now)
{
	if (end == INT64_MAX)
		return MONO_NEVER;
	return end > now.wall.ns ? mono_add(now.mono, span_ns(end - now.wall.ns)) : (mono_t){0};
}

static void put_agents(struct wr *w, const struct mn *mn, struct now now)
{
	uint8_t n = 0;
	for (uint32_t i = 0; i < mn->conf.n_mma; i++)
		n = (uint8_t)(n + mn->v4.mma[i].is_asked);
	wr_u8(w, n);
	for (uint32_t i = 0; i < mn->conf.n_mma; i++) {
		const struct mn4_mma *m = &mn->v4.mma[i];
		if (!m->is_asked)
			continue;
		wr_v4(w, &m->addr);
		wr_v4(w, &m->group);
		wr_u64(w, (uint64_t)wall_end(m->bound_until, now));
	}
}

static void get_agents(struct rd *r, struct mn *mn, struct now now)
{
	uint8_t n = rd_u8(r);
	for (uint8_t i = 0; i < n; i++) {
		struct addr6 addr = rd_v4(r), group = rd_v4(r);
		mono_t end = mono_end((int64_t)rd_u64(r), now);
		struct mn4_mma *m = rd_ok(r) ? mn4_mma_find(mn, &addr) : NULL;
		if (!m || !mono_before(now.mono, end))
			continue;
		m->is_asked = true;
		m->bound_until = end;
		m->group = group;
		m->has_group = addr6_is_v4multicast(&group);
	}
}

void mn4_store_put(struct mn *mn, struct now now)
{
	const struct mn4 *v = &mn->v4;
	uint8_t buf[RECORD_MAX_OCT];
	struct wr w = wr_of(buf, sizeof buf);
	struct addr6 key = key_of(mn);
	wr_u8(&w, VERSION);
	wr_u8(&w, v->home_if ? F_HOME : 0);
	wr_v4(&w, &v->home_address);
	wr_v4(&w, &v->ha);
	wr_u64(&w, v->reg.stamper.last);
	wr_u64(&w, (uint64_t)v->reg.stamper.offset_ns);
	wr_u32(&w, v->reg.nonce);
	wr_u64(&w, (uint64_t)wall_end(v->reg.held_until, now));
	put_agents(&w, mn, now);
	if (wr_ok(&w))
		fx_store_put(mn_fx(mn), ROLE_MN, STORE_MN4, &key, sizeof key, buf, wr_len(&w));
}

int mn4_store_restore(struct mn *mn, const struct store_rec *rec, struct now now)
{
	struct mn4 *v = &mn->v4;
	struct addr6 key = key_of(mn);
	if (rec->key_len_oct != sizeof key || memcmp(rec->key, &key, sizeof key) != 0)
		return ERR_NOTFOUND;
	struct rd r = rd_of(rec->val, rec->val_len_oct);
	if (rd_u8(&r) != VERSION)
		return ERR_INVAL;
	uint8_t flags = rd_u8(&r);
	struct addr6 home = rd_v4(&r), ha = rd_v4(&r);
	uint64_t last = rd_u64(&r), offset = rd_u64(&r);
	uint32_t nonce = rd_u32(&r);
	int64_t end = (int64_t)rd_u64(&r);
	if (!rd_ok(&r))
		return ERR_INVAL;
	if (!mn4_knows_home(v) && addr6_is_v4unicast(&home))
		v->home_address = home;
	if (!mn4_knows_agent(v) && addr6_is_v4unicast(&ha))
		v->ha = ha;
	v->reg.stamper.last = last;
	v->reg.stamper.offset_ns = (int64_t)offset;
	v->reg.nonce = nonce;
	v->reg.held_until = mono_end(end, now);
	v->is_home_unknown = flags & F_HOME;
	v->is_restored = true;
	get_agents(&r, mn, now);
	return ERR_OK;
}
