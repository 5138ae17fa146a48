/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is in the group. A member is known by its identifier, and lives while its hellos come.
 *
 * Its numbers are believed within one boot epoch. Another epoch than the one that is trusted may be a restart, or an old recording: the
 * member is sent a fresh nonce and trusted when it gives that back, whichever way the epoch moved (a lost disk counts from one
 * again).
 */
#include "rg/rg_i.h"

struct rg_peer *rg_peer_find(struct rg *g, uint32_t id)
{
	for (uint32_t i = 0; i < RG_PEER_MAX; i++)
		if (g->peer[i].id == id)
			return &g->peer[i];
	return NULL;
}

struct rg_peer *rg_peer_take(struct rg *g, uint32_t id)
{
	struct rg_peer *p = rg_peer_find(g, id);

	if (p)
		return p;
	for (uint32_t i = 0; i < RG_PEER_MAX; i++)
		if (g->peer[i].id == 0) {
			g->peer[i] = (struct rg_peer){.id = id, .slot = i};
			return &g->peer[i];
		}
	return NULL;
}

uint32_t rg_live_mask(const struct rg *g)
{
	uint32_t mask = 0;
	for (uint32_t i = 0; i < RG_PEER_MAX; i++)
		if (g->peer[i].id && g->peer[i].is_live)
			mask |= 1u << i;
	return mask;
}

uint32_t rg_live(const struct rg *g)
{
	uint32_t n = 0;
	for (uint32_t mask = rg_live_mask(g); mask; mask &= mask - 1)
		n++;
	return n;
}

static void hello_of(const struct rg *g, struct grp_hello *h)
{
	*h = (struct grp_hello){.state = (uint8_t)((g->state == RG_READY ? GRP_INITIALISED : 0) | (g->is_active ? GRP_ACTIVE : 0) |
						   (g->is_stopping ? GRP_LEAVING : 0)),
				.priority = g->conf.priority, .interval_ms = (uint16_t)span_to_ms(g->conf.hello),
				.n_records = g->n_live_records, .clock = g->clock, .digest = g->root};
}

static void put_nonce(struct wr *w, enum grp_field field, const struct rg_peer *p, const uint8_t *nonce)
{
	struct grp_item f = {.type = (uint16_t)field, .nonce.member = p->id};
	memcpy(f.nonce.nonce, nonce, GRP_NONCE_OCT);
	grp_put(w, &f);
}

void rg_hello_send(struct rg *g, struct now now)
{
	uint8_t buf[RG_DATAGRAM_MAX];
	struct grp_item f = {.type = GRPF_HELLO};
	struct wr w = rg_begin(g, buf, GRP_HELLO, NULL);

	hello_of(g, &f.hello);
	grp_put(&w, &f);
	grp_put(&w, &(struct grp_item){.type = GRPF_AGENT, .agent = {g->conf.id, g->conf.self}});
	for (uint32_t i = 0; i < RG_PEER_MAX; i++) {
		struct rg_peer *p = &g->peer[i];
		if (p->id && p->has_challenge)
			put_nonce(&w, GRPF_CHALLENGE, p, p->challenge);
		if (p->id && p->has_echo)
			put_nonce(&w, GRPF_ECHO, p, p->echo);
		p->has_echo = false;
	}
	(void)rg_end(g, &w, NULL);
	g->seq++;
	g->hello_at = mono_add(now.mono, g->conf.hello);
}

static span_t patience(const struct rg *g, const struct rg_peer *p)
{
	const int64_t ms = p->hello.interval_ms;
	return span_ms((ms > 0 ? ms : span_to_ms(g->conf.hello)) * g->conf.dead_after);
}

static void on_dead(struct rg *g, struct rg_peer *p, const char *why, struct now now)
{
	p->is_live = false;
	p->differs = 0;
	rg_say(g, EV_WARNING, "group-member-lost", "group member %u: live -> dead: %s", p->id, why);
	rg_send_forget(g, p);
	rg_ask_peer_gone(g, p, now);
}

/* It was never away for long: what waits for its acknowledgement still does, so that nobody is told as if we were alone. */
static void on_restart(struct rg *g, struct rg_peer *p, struct now now)
{
	p->is_live = false;
	p->differs = 0;
	rg_say(g, EV_NOTICE, "group-member-restarted", "group member %u: live -> dead: it has begun a new epoch", p->id);
	rg_send_reset(g, p);
	rg_ask_peer_gone(g, p, now);
}

static void on_live(struct rg *g, struct rg_peer *p, struct now now)
{
	p->is_live = true;
	p->differs = 0;
	rg_say(g, EV_NOTICE, "group-member-live", "group member %u: dead -> live: its hello of epoch %llu", p->id, (unsigned long long)p->epoch);
	rg_send_include(g, p, now);
	rg_deleted_send(g, p, now);
}

/* The challenges and echoes in a hello that concern us. */
static bool nonces_of(struct rg *g, struct rg_peer *p, struct rd fields)
{
	struct grp_item f;
	enum wire_err err;
	bool is_proof = false;

	while (grp_next(&fields, &f, &err)) {
		if (f.type == GRPF_CHALLENGE && f.nonce.member == g->conf.id) {
			memcpy(p->echo, f.nonce.nonce, GRP_NONCE_OCT);
			p->has_echo = true;
		}
		if (f.type == GRPF_ECHO && f.nonce.member == g->conf.id && p->has_challenge)
			is_proof = mac_equal(f.nonce.nonce, p->challenge, GRP_NONCE_OCT);
	}
	return is_proof;
}

static void challenge(struct rg *g, struct rg_peer *p, uint64_t epoch)
{
	if (p->has_challenge && p->candidate == epoch)
		return;
	p->candidate = epoch;
	p->has_challenge = true;
	g->env.rng->fill(g->env.rng->ctx, p->challenge, GRP_NONCE_OCT);
}

bool rg_member_prove(struct rg *g, struct rg_peer *p, const struct grp_head *h, struct rd fields, const struct addr6 *src, struct now now)
{
	const bool had_challenge = p->has_challenge && p->candidate == h->epoch;

	if (h->type != GRP_HELLO) {
		reason_count(&g->env, R_RG_EPOCH);
		return false;
	}
	const bool is_proof = nonces_of(g, p, fields) && had_challenge;
	if (!is_proof) {
		challenge(g, p, h->epoch);
		if (!had_challenge || p->has_echo)
			rg_hello_send(g, now);
		return false;
	}
	if (p->is_live)
		on_restart(g, p, now);
	p->is_trusted = true;
	p->epoch = h->epoch;
	p->addr = *src;
	p->has_challenge = false;
	p->to_all = p->to_us = (struct window){0};
	return true;
}

/* What is put in the middle of a storm of registrations is not there yet, or not here: tables differ at every hello without any fault. */
static bool is_changing(const struct rg *g, struct rg_peer *p)
{
	const uint64_t before = p->changes;

	p->changes = g->token + g->n.applied;
	return g->ring.n || p->changes != before;
}

/* A difference that lasts, while nothing is under way, is no datagram that comes later: parts are compared. The lower identifier begins. */
static void compare(struct rg *g, struct rg_peer *p, struct now now)
{
	const bool is_equal = p->hello.digest == g->root && p->hello.n_records == g->n_live_records;
	const bool are_both = g->state == RG_READY && p->hello.state & GRP_INITIALISED;
	const uint32_t weight = is_changing(g, p) ? 1 : RG_DIFFER_BUSY;

	if (is_equal && are_both)
		p->same = now.mono;
	if (is_equal || !are_both) {
		p->differs = 0;
		return;
	}
	p->differs += weight;
	if (p->differs < RG_DIFFER_HELLOS * RG_DIFFER_BUSY || g->conf.id > p->id || p->is_sending)
		return;
	p->differs = 0;
	rg_say(g, EV_NOTICE, "group-tables-differ", "tables differ from member %u's (%u records here, %u there): parts are compared", p->id,
	       g->n_live_records, p->hello.n_records);
	rg_digests_send(g, p, now);
}

void rg_on_hello(struct rg *g, struct rg_peer *p, struct rd fields, struct now now)
{
	struct rd again = fields;
	struct grp_item f;
	enum wire_err err;

	(void)nonces_of(g, p, again);
	p->heard = now.mono;
	while (grp_next(&fields, &f, &err))
		if (f.type == GRPF_HELLO) {
			p->hello = f.hello;
			rg_clock_see(g, f.hello.clock);
		}
	if (p->has_echo)
		rg_hello_send(g, now);
	if (p->hello.state & GRP_LEAVING) {
		if (p->is_live)
			on_dead(g, p, "it said that it leaves", now);
		return;
	}
	if (!p->is_live)
		on_live(g, p, now);
	compare(g, p, now);
}

static mono_t silence_end(const struct rg *g, const struct rg_peer *p) { return mono_add(p->heard, patience(g, p)); }

void rg_member_tick(struct rg *g, struct now now)
{
	for (uint32_t i = 0; i < RG_PEER_MAX; i++) {
		struct rg_peer *p = &g->peer[i];
		if (p->id && p->is_live && mono_reached(silence_end(g, p), now.mono))
			on_dead(g, p, "its hellos stay away", now);
	}
	if (mono_reached(g->hello_at, now.mono))
		rg_hello_send(g, now);
}

mono_t rg_member_expiry(const struct rg *g)
{
	mono_t t = g->hello_at;
	for (uint32_t i = 0; i < RG_PEER_MAX; i++)
		if (g->peer[i].id && g->peer[i].is_live)
			t = mono_min(t, silence_end(g, &g->peer[i]));
	return t;
}

/* Does a answer before b? By state, priority, identifier. */
static bool is_before(uint8_t a_state, uint8_t a_priority, uint32_t a_id, uint8_t b_state, uint8_t b_priority, uint32_t b_id)
{
	if ((a_state ^ b_state) & GRP_INITIALISED)
		return a_state & GRP_INITIALISED;
	return a_priority != b_priority ? a_priority > b_priority : a_id < b_id;
}

struct rg_peer *rg_designated(struct rg *g, uint32_t nth, uint32_t *n_live)
{
	struct rg_peer *found = NULL;
	*n_live = rg_live(g);
	if (*n_live == 0)
		return NULL;
	for (uint32_t i = 0; i < RG_PEER_MAX; i++) {
		struct rg_peer *p = &g->peer[i];
		uint32_t before = 0;
		for (uint32_t k = 0; p->id && p->is_live && k < RG_PEER_MAX; k++) {
			const struct rg_peer *q = &g->peer[k];
			before += q->id && q->is_live && q != p && is_before(q->hello.state, q->hello.priority, q->id, p->hello.state, p->hello.priority, p->id);
		}
		if (p->id && p->is_live && before == nth % *n_live)
			found = p;
	}
	return found;
}

bool rg_is_designated(const struct rg *g, const struct rg_peer *asker, uint32_t attempt)
{
	const uint8_t state = g->state == RG_READY ? GRP_INITIALISED : 0;
	uint32_t before = 0, n = 1;

	for (uint32_t i = 0; i < RG_PEER_MAX; i++) {
		const struct rg_peer *q = &g->peer[i];
		if (!q->id || !q->is_live || q == asker)
			continue;
		n++;
		before += is_before(q->hello.state, q->hello.priority, q->id, state, g->conf.priority, g->conf.id);
	}
	return before == attempt % n;
}
