/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes of records: out to the group in datagrams that take as many as fit, in from it. With nobody else there
 * nothing is sent.
 */
#include "rg/rg_i.h"

enum { EMPTY_OCT = GRP_HEAD_OCT + GRP_MAC_OCT };

static void pending_begin(struct rg *g, struct now now)
{
	g->w = rg_begin(g, g->pending, GRP_UPDATE, NULL);
	g->pending_seq = ++g->seq; /* a hello may leave before it, with a number of its own */
	g->pending_by = mono_add(now.mono, span_ns(g->conf.again.ns / 4));
}

/* Those that have not acknowledged the oldest datagram stop the others from being told: they count as lost, and are mended later. */
static void drop_laggards(struct rg *g, struct now now)
{
	const uint32_t late = g->ring.n ? rg_ring_at(&g->ring, 0)->wait : 0;

	for (uint32_t i = 0; i < RG_PEER_MAX; i++)
		if (late & 1u << i) {
			g->peer[i].is_live = false;
			rg_say(g, EV_WARNING, "group-member-lags", "group member %u: live -> dead: it does not acknowledge", g->peer[i].id);
			rg_send_forget(g, &g->peer[i]);
			rg_ask_peer_gone(g, &g->peer[i], now);
		}
}

void rg_update_send(struct rg *g, struct now now)
{
	const uint64_t token = g->pending_token;

	if (!token)
		return;
	g->pending_token = 0;
	const size_t n = rg_end(g, &g->w, NULL);
	g->n.updates++;
	if (g->ring.n >= RG_RING_MAX)
		drop_laggards(g, now);
	const struct rg_msg m = {.seq = g->pending_seq, .token = token, .wait = rg_live_mask(g), .len_oct = (uint16_t)n, .bytes = g->pending};
	if (n && m.wait && !rg_keep(g, &g->ring, RG_RING_MAX, &m, now))
		drop_laggards(g, now);
	rg_commit_advance(g);
}

/* While an earlier datagram is on its way, more may gather for the next one until the acknowledgement is here, or for a moment: the busier the
 * group, the fuller its datagrams (RFC 896 does it for TCP). */
static bool may_wait(const struct rg *g, struct now now)
{
	return g->ring.n_done < g->ring.n && !mono_reached(g->pending_by, now.mono);
}

mono_t rg_update_expiry(const struct rg *g) { return g->pending_token ? g->pending_by : MONO_NEVER; }

void rg_flush(struct rg *g, struct now now)
{
	if (g->pending_token && !may_wait(g, now))
		rg_update_send(g, now);
	for (uint32_t i = 0; i < RG_PEER_MAX; i++)
		if (g->peer[i].id)
			rg_pay(g, &g->peer[i]);
}

static void tell(struct rg *g, const struct rg_rec *rec, struct now now)
{
	struct grp_item f = {.type = GRPF_RECORD};
	struct grp_record *r = &f.record;

	*r = (struct grp_record){.table = rec->table, .flags = rec->is_deleted ? GRP_DELETED : 0, .key_oct = rec->key_oct,
				 .value_oct = (uint16_t)rec->value_oct, .left_s = rg_left_of(rec->expires, now), .version = rec->version, .value = rec->value};
	memcpy(r->key, rec->key, rec->key_oct);
	if (g->pending_token && wr_len(&g->w) + grp_record_oct(r) + GRP_MAC_OCT > g->conf.datagram_oct)
		rg_update_send(g, now);
	if (!g->pending_token)
		pending_begin(g, now);
	grp_put(&g->w, &f);
	g->pending_token = g->token;
}

uint64_t rg_put(struct rg *g, enum rg_change how, struct rg_rec *rec, uint64_t stamp, struct now now)
{
	struct rg_entry *e = rg_entry_take(g, rec->table, rec->key, rec->key_oct);

	if (!e || rec->value_oct > RG_VALUE_MAX) {
		reason_count(&g->env, R_LIMIT_BINDINGS);
		return g->token;
	}
	rec->is_deleted = how != RG_PUT;
	rg_entry_version(e, &rec->version);
	if (how == RG_LAPSE) { /* its version stays: an older one is still refused. What was deleted is remembered as long as it was to be */
		if (!e->is_deleted || !timer_is_set(&e->purge))
			rg_entry_set(g, e, &rec->version, true, true, rg_forget_at(g, now.mono, now));
		return g->token;
	}
	rec->version = (struct grp_version){stamp > e->stamp ? stamp : e->stamp, rg_clock_next(g, now), g->conf.id};
	rg_entry_set(g, e, &rec->version, rec->is_deleted, false, rg_forget_at(g, rec->expires, now));
	g->token++;
	if (rg_live_mask(g))
		tell(g, rec, now);
	else
		rg_commit_advance(g);
	return g->token;
}

uint64_t rg_committed(const struct rg *g) { return g->committed; }
