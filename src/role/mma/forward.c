/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handing a mobile over between sites (H-16 to H-18, figures 6 to 8).
 *
 * The old agent. The mobile de-registers and says where to: the care-of address at its new agent, or its home
 * address. Nobody's packets go anywhere on the mobile's word alone: the new agent, a peer with whom we share a key, has to confirm that
 * the mobile is registered there with that address. Usually it has done so already (CONFIRM leaves as soon as it accepts a
 * registration that names us), else it is asked:
 *
 *	CONFIRMED --mobile asks--> ON                       packets: group until ON, then tunnel
 *	     (nothing) --mobile asks--> ASKING --CONFIRM--> ON
 *	                                  +--no, or silence--> end: dropped
 *	a mobile that still listens to its group: LISTENED in between, until it has left or asks again
 *
 * With ON the datapath changes over at once, the new agent is told (FORWARDING, with the correspondent nodes that know our care-of
 * address) until it acknowledges, and what was sent to the group since the mobile lost its link is sent after it from the
 * keep ring: what it says it has had is not sent twice. An acknowledgement that says no ends it: so a loop of agents that
 * forward to each other ends within a round trip, because none of them has the mobile.
 *
 * Forwarding ends after the time asked for (at most 60 s); packets with a type 2 routing header are taken on to the end of the
 * last correspondent node's binding. A mobile that comes back ends it.
 *
 * The new agent. It takes tunnelled packets of the agent that the mobile named as its previous one, if that is a peer, for a
 * time that FORWARDING sets anew; and it tells the correspondent nodes.
 */
#include "base/err.h"
#include "role/mma/mma_i.h"

enum {
	TIME_MAX_S = 60,               /* design.md */
	ASK_FIRST_MS = 200, ASK_LAST_MS = 3200,
	TELL_FIRST_MS = 500, TELL_LAST_MS = 8000,
	CONFIRMED_S = 10,              /* a mobile that has registered there asks by then; later we ask again */
	TAKE_MAX_S = 450,              /* a binding at a correspondent node lasts 420 s at most (RFC 6275 12) */
	SLACK_S = 2,                   /* for packets on their way when the old agent stops */
};

static mono_t later(mono_t a, mono_t b) { return mono_before(a, b) ? b : a; }

struct mma_forward *mma_forward_find(const struct mma *m, const struct addr6 *hoa) { return binding_find(&m->forwards, hoa); }

void mma_forward_init(struct mma *m)
{
	bindings_init(&m->forwards, m->env->mem, m->env->rng, sizeof(struct mma_forward), m->conf.forwardings_max);
}

void mma_forward_fini(struct mma *m)
{
	uint64_t it = 0;
	for (struct mma_forward *f; (f = bindings_next(&m->forwards, &it));)
		if (f->peers)
			mem_put(m->env->mem, f->peers);
	bindings_fini(&m->forwards);
}

static bool is_to_group(uint8_t state) { return state == FORWARD_ASKING || state == FORWARD_LISTENED; }

static void enter(struct mma *m, struct mma_forward *f, enum mma_forward_state s)
{
	m->n_to_group -= is_to_group(f->b.state);
	m->n_to_group += is_to_group((uint8_t)s);
	f->b.state = (uint8_t)s;
}

static void drop_peers(struct mma *m, struct mma_forward *f)
{
	if (f->peers)
		mem_put(m->env->mem, f->peers);
	f->peers = NULL;
}

/* Forget it; what the datapath has of it is the caller's. */
void mma_forward_end(struct mma *m, struct mma_forward *f)
{
	drop_peers(m, f);
	enter(m, f, FORWARD_CONFIRMED);
	binding_del(&m->forwards, &f->b);
}

static void stop(struct mma *m, struct mma_forward *f, enum event_sev sev, const char *code, const char *cause, struct now now)
{
	struct mma_binding *mb = binding_find(&m->bindings, &f->b.hoa);
	fx_event(m->env->fx, ROLE_MMA, sev, code, &f->b.hoa, "%s: packets for %s to %s: %s", ADDR46_STR(&f->b.hoa), ADDR46_STR(&f->b.coa),
		 ADDR46_STR(&f->to), cause);
	bool is_over = mono_reached(later(f->until, f->peers_until), now.mono); /* then the record says so by itself */
	if (f->b.state != FORWARD_CONFIRMED && mb)
		mma_bind_push_forward(m, mb, f, fx_dp_del);
	mma_forward_end(m, f);
	if (mb && !is_over)
		mma_record_put(m, mb, now);
}

static void deny(struct mma *m, struct mma_forward *f, const char *cause, struct now now)
{
	reason_count(m->env, R_MMA_FORWARD_DENIED);
	stop(m, f, EV_NOTICE, "forwarding-denied", cause, now);
}

static void schedule(struct mma *m, struct mma_forward *f)
{
	mono_t due = later(f->until, f->peers_until);
	if (f->b.state == FORWARD_LISTENED || (f->b.state == FORWARD_ON && !f->is_narrowed))
		due = mono_min(due, f->until);
	binding_due(&m->forwards, &f->b, mono_min(due, f->resend));
}

/* --- the old agent: what it tells the new one ------------------------------------------------------------- */

static uint16_t whole_s(span_t d)
{
	int64_t s = (d.ns + NS_PER_S - 1) / NS_PER_S;
	return (uint16_t)(s < 0 ? 0 : s < UINT16_MAX ? s : UINT16_MAX);
}

/* Say it, and again after twice the time if nothing comes back. */
static void tell(struct mma *m, struct mma_forward *f, enum mh_peer_kind kind, struct now now)
{
	struct mma_peer *peer = mma_peer_find(m, &f->agent);
	struct mh_peer msg = {.kind = (uint8_t)kind, .transaction = f->transaction, .home_address = f->b.hoa, .coa = f->to,
			      .time_s = whole_s(mono_sub(later(f->until, f->peers_until), now.mono))};
	if (peer)
		mma_peer_send(m, peer, &msg, kind == PEER_FORWARDING ? f->peers : NULL, now);
	f->resend = mono_add(now.mono, f->backoff);
	f->backoff.ns *= 2;
	if (f->backoff.ns > TELL_LAST_MS * NS_PER_MS)
		f->backoff.ns = TELL_LAST_MS * NS_PER_MS;
}

static void send_ring(struct mma *m, struct mma_forward *f)
{
	const struct fx_keep k = {.coa = addr6_is_v4mapped(&f->b.hoa) ? f->b.hoa : f->b.coa, .has_seq = f->has_seq, .after_seq = f->last_seq,
				  .src = *mma_self(&m->conf, &f->b.hoa), .dst = f->to, .window = m->conf.forward_ring};
	if (!f->is_gone || f->is_ring_sent || !m->conf.forward_ring.ns)
		return;
	f->is_ring_sent = true;
	fx_keep_send(m->env->fx, ROLE_MMA, &k);
}

static void change_over(struct mma *m, const struct mma_binding *mb, struct mma_forward *f, struct now now)
{
	enter(m, f, FORWARD_ON);
	mma_bind_push_forward(m, mb, f, fx_dp_put);
	send_ring(m, f);
	fx_event(m->env->fx, ROLE_MMA, EV_INFO, "forwarding", &f->b.hoa, "%s: packets for %s go to %s for %u s", ADDR46_STR(&f->b.hoa),
		 ADDR46_STR(&f->b.coa), ADDR46_STR(&f->to), whole_s(mono_sub(f->until, now.mono)));
}

/* Is anybody there who would lose packets by the change? Nobody is known where routers, not we, ask for listeners. */
static bool is_listened(const struct mma *m, const struct mma_forward *f)
{
	return !f->is_gone && mldr_find(&m->mldr, &f->group, mma_self(&m->conf, &f->b.hoa));
}

static void confirmed(struct mma *m, const struct mma_binding *mb, struct mma_forward *f, bool listens, struct now now)
{
	m->n_forwarded++;
	f->resend = MONO_NEVER;
	if (listens && is_listened(m, f)) {
		enter(m, f, FORWARD_LISTENED);
		mma_bind_push_forward(m, mb, f, fx_dp_put);
	} else
		change_over(m, mb, f, now);
	if (!addr6_is_any(&f->agent)) {
		f->backoff = span_ms(TELL_FIRST_MS);
		mma_record_put(m, mb, now); /* before anybody is told */
		tell(m, f, PEER_FORWARDING, now);
	}
}

void mma_forward_unlistened(struct mma *m, const struct addr6 *group, struct now now)
{
	uint64_t it = 0;
	for (struct mma_forward *f; m->n_to_group && (f = bindings_next(&m->forwards, &it));) {
		if (f->b.state != FORWARD_LISTENED || !addr6_eq(&f->group, group))
			continue;
		struct mma_binding *mb = binding_find(&m->bindings, &f->b.hoa);
		change_over(m, mb, f, now);
		mma_record_put(m, mb, now);
		schedule(m, f);
	}
}

void mma_forward_yield(struct mma *m, const struct mma_binding *holder)
{
	uint64_t it = 0;
	for (const struct mma_forward *f; m->n_to_group && (f = bindings_next(&m->forwards, &it));) {
		const struct mma_binding *mb = binding_find(&m->bindings, &f->b.hoa);
		if (is_to_group(f->b.state) && mb && mb != holder && addr6_eq(&f->group, &holder->group))
			mma_bind_push_forward(m, mb, f, fx_dp_put);
	}
}

/* --- the old agent: what the mobile asks --------------------------------------------------------------------- */

static uint16_t granted_s(const struct mma *m, uint16_t asked_s)
{
	int64_t max_s = span_to_s(m->conf.forward_max) < TIME_MAX_S ? span_to_s(m->conf.forward_max) : TIME_MAX_S;
	return asked_s < max_s ? asked_s : (uint16_t)max_s;
}

/* To its home address, or to a peer's care-of address; never back to an address of our own. An IPv4 peer is its mobiles' care-of address. */
static bool is_allowed(struct mma *m, const struct mma_binding *mb, const struct rc_forward *rq)
{
	if (addr6_is_none(&rq->agent))
		return addr6_eq(&rq->to, &mb->b.hoa);
	if (addr6_is_v4mapped(&mb->b.hoa))
		return mma_peer_find(m, &rq->agent) && addr6_is_v4mapped(&rq->agent) && addr6_eq(&rq->to, &rq->agent);
	return mma_peer_find(m, &rq->agent) && addr6_is_routable(&rq->to) && !prefix6_contains(&m->conf.coa_prefix, &rq->to) &&
	       !addr6_eq(&rq->to, &m->conf.address);
}

/* Those that know our care-of address: for the new agent, or the mobile. */
static void keep_peers(struct mma *m, struct mma_forward *f, struct now now)
{
	struct rc_peers list = {0};
	mma_ro_export(m, &f->b.hoa, &list, now);
	drop_peers(m, f);
	f->peers_until = now.mono;
	if (!list.n || !(f->peers = mem_get(m->env->mem, sizeof *f->peers)))
		return;
	*f->peers = list;
	for (uint32_t i = 0; i < list.n; i++)
		f->peers_until = later(f->peers_until, mono_add(now.mono, span_s(list.peer[i].left_s)));
}

/* A request for something else than is under way, or the first one. */
static void begin(struct mma *m, struct mma_binding *mb, struct mma_forward *f, const struct rc_forward *rq, struct now now)
{
	bool is_told = f->b.state == FORWARD_CONFIRMED && !addr6_is_any(&f->agent) && addr6_eq(&f->to, &rq->to) && addr6_eq(&f->agent, &rq->agent);
	f->to = rq->to;
	f->agent = rq->agent;
	f->until = mono_add(now.mono, span_s(granted_s(m, rq->time_s)));
	f->transaction = rng_u32(m->env->rng) | 1;
	f->is_narrowed = false;
	if (mb->b.state == BINDING_ACTIVE) {
		f->group = mb->group;
		f->is_ring_sent = false;
		keep_peers(m, f, now);
		mma_bind_release(m, mb, f, "de-registered", now);
	}
	if (is_told || addr6_is_any(&rq->agent)) {
		confirmed(m, mb, f, rq->flags & RC_FORWARD_LISTENS, now);
		return;
	}
	enter(m, f, FORWARD_ASKING);
	mma_bind_push_forward(m, mb, f, fx_dp_put);
	f->backoff = span_ms(ASK_FIRST_MS);
	mma_record_put(m, mb, now);
	tell(m, f, PEER_ASK, now);
}

/* The same again: for want of an answer, or because the mobile has stopped listening. */
static void go_on(struct mma *m, struct mma_binding *mb, struct mma_forward *f, const struct rc_forward *rq, struct now now)
{
	if (f->b.state == FORWARD_LISTENED && !(rq->flags & RC_FORWARD_LISTENS))
		change_over(m, mb, f, now);
	else if (f->b.state == FORWARD_ON)
		send_ring(m, f);
}

static bool is_under_way(const struct mma_forward *f, const struct rc_forward *rq)
{
	return f && f->b.state != FORWARD_CONFIRMED && addr6_eq(&f->to, &rq->to) && addr6_eq(&f->agent, &rq->agent);
}

/* NULL: it will not be forwarded. */
static struct mma_forward *accept(struct mma *m, struct mma_binding *mb, const struct rc_forward *rq, struct now now)
{
	struct mma_forward *f = mma_forward_find(m, &mb->b.hoa);
	if (mb->b.state != BINDING_ACTIVE && (!f || f->b.state == FORWARD_CONFIRMED))
		return NULL; /* it ended before, and what came since is lost */
	if (!granted_s(m, rq->time_s))
		return NULL;
	if (!is_allowed(m, mb, rq)) {
		reason_count(m->env, R_MMA_FORWARD_TO);
		return NULL;
	}
	if (!f && !(f = binding_add(&m->forwards, &mb->b.hoa))) {
		reason_count(m->env, R_LIMIT_BINDINGS);
		return NULL;
	}
	f->b.coa = *mma_coa(m, mb);
	f->is_gone = rq->flags & RC_FORWARD_GONE || rq->has_seq;
	f->has_seq = rq->has_seq;
	f->last_seq = rq->last_seq;
	if (is_under_way(f, rq))
		go_on(m, mb, f, rq, now);
	else
		begin(m, mb, f, rq, now);
	schedule(m, f);
	return f;
}

void mma_forward_request(struct mma *m, struct mma_binding *mb, const struct rc_forward *rq, struct rc_opts *answer, struct now now)
{
	struct mma_forward *f = rq ? accept(m, mb, rq, now) : NULL;
	answer->has_forward = rq != NULL;
	if (f) {
		answer->forward = (struct rc_forward){.time_s = granted_s(m, rq->time_s), .to = rq->to, .agent = rq->agent,
						      .flags = f->b.state == FORWARD_ASKING ? RC_FORWARD_WAITS : 0};
		answer->has_peers = addr6_is_any(&f->agent) && f->peers;
		if (answer->has_peers)
			answer->peers = *f->peers;
		return;
	}
	if (rq)
		answer->forward = (struct rc_forward){.to = rq->to, .agent = rq->agent};
	f = mma_forward_find(m, &mb->b.hoa);
	if (f)
		stop(m, f, EV_INFO, "forwarding-ended", "the mobile asks for none", now);
	if (mb->b.state == BINDING_ACTIVE)
		mma_bind_release(m, mb, NULL, "de-registered", now);
}

bool mma_forward_drop(struct mma *m, const struct mma_binding *mb, struct now now)
{
	struct mma_forward *f = mma_forward_find(m, &mb->b.hoa);
	if (f)
		stop(m, f, EV_INFO, "forwarding-ended", "dropped by the operator", now);
	return f;
}

/* --- the old agent: what it hears from the new one -------------------------------------------------------------- */

/* Unasked: kept until the mobile says the same. Only for mobiles that are here, so that nobody fills the table. */
static void remember(struct mma *m, const struct mma_peer *peer, const struct mh_peer *msg, const struct mma_binding *mb, struct now now)
{
	struct mma_forward *f = mma_forward_find(m, &mb->b.hoa);
	if (!f && !(f = binding_add(&m->forwards, &mb->b.hoa)))
		return;
	f->to = msg->coa;
	f->agent = peer->pair.address;
	f->resend = MONO_NEVER;
	binding_due(&m->forwards, &f->b, mono_add(now.mono, span_s(CONFIRMED_S)));
}

static void on_confirm(struct mma *m, struct mma_peer *peer, const struct mh_peer *msg, struct now now)
{
	struct mma_forward *f = mma_forward_find(m, &msg->home_address);
	struct mma_binding *mb = binding_find(&m->bindings, &msg->home_address);
	bool is_asked = f && mb && f->b.state == FORWARD_ASKING && addr6_eq(&f->agent, &peer->pair.address) && addr6_eq(&f->to, &msg->coa);
	if (is_asked && msg->status == PEER_OK) {
		confirmed(m, mb, f, false, now);
		mma_record_put(m, mb, now);
		schedule(m, f);
	} else if (is_asked && msg->transaction == f->transaction)
		deny(m, f, "the new agent does not know the mobile", now);
	else if (msg->status == PEER_OK && !msg->transaction && mb && mb->b.state == BINDING_ACTIVE)
		remember(m, peer, msg, mb, now);
	else
		reason_count(m->env, R_PEER_UNEXPECTED);
}

static void on_ack(struct mma *m, struct mma_peer *peer, const struct mh_peer *msg, struct now now)
{
	struct mma_forward *f = mma_forward_find(m, &msg->home_address);
	if (!f || f->b.state < FORWARD_LISTENED || !addr6_eq(&f->agent, &peer->pair.address) || f->transaction != msg->transaction)
		reason_count(m->env, R_PEER_UNEXPECTED);
	else if (msg->status != PEER_OK)
		deny(m, f, "the new agent does not have the mobile", now);
	else {
		f->resend = MONO_NEVER;
		drop_peers(m, f);
		schedule(m, f);
	}
}

/* --- the new agent -------------------------------------------------------------------------------------------- */

/* A mobile that is here, with this care-of address, and came from there. */
static struct mma_binding *taken_over(const struct mma *m, const struct mma_peer *peer, const struct mh_peer *msg)
{
	struct mma_binding *mb = binding_find(&m->bindings, &msg->home_address);
	bool is_here = mb && mb->b.state == BINDING_ACTIVE && addr6_eq(mma_coa(m, mb), &msg->coa) && addr6_eq(&mb->prev, &peer->pair.address);
	return is_here ? mb : NULL;
}

static void reply(struct mma *m, struct mma_peer *peer, const struct mh_peer *msg, enum mh_peer_kind kind, bool is_here, struct now now)
{
	const struct mh_peer out = {.kind = (uint8_t)kind, .transaction = msg->transaction, .home_address = msg->home_address, .coa = msg->coa,
				    .time_s = msg->time_s, .status = is_here ? PEER_OK : PEER_NOT_HERE};
	mma_peer_send(m, peer, &out, NULL, now);
}

static void on_forwarding(struct mma *m, struct mma_peer *peer, const struct mh_packet *p, struct now now)
{
	const struct mh_peer *msg = &p->mh.peer;
	struct mma_binding *mb = taken_over(m, peer, msg);
	if (mb && mb->taken != msg->transaction) {
		uint16_t time_s = msg->time_s < TAKE_MAX_S ? msg->time_s : TAKE_MAX_S;
		m->n_taken_over++;
		mb->taken = msg->transaction;
		mma_bind_prev_until(m, mb, mono_add(now.mono, span_s(time_s + SLACK_S)), now);
		fx_event(m->env->fx, ROLE_MMA, EV_INFO, "taken-over", &mb->b.hoa, "%s: %s forwards for %u s, %u correspondent nodes",
			 ADDR46_STR(&mb->b.hoa), ADDR46_STR(&peer->pair.address), time_s, p->mh.opt.rc.peers.n);
		mma_ro_import(m, mb, &p->mh.opt.rc.peers, now);
	}
	reply(m, peer, msg, PEER_FORWARDING_ACK, mb, now);
}

void mma_forward_confirm(struct mma *m, const struct mma_binding *mb, struct now now)
{
	struct mma_peer *peer = addr6_is_any(&mb->prev) ? NULL : mma_peer_find(m, &mb->prev);
	const struct mh_peer msg = {.kind = PEER_CONFIRM, .home_address = mb->b.hoa, .coa = *mma_coa(m, mb)};
	if (peer && mono_before(now.mono, mb->prev_until))
		mma_peer_send(m, peer, &msg, NULL, now);
}

void mma_forward_registered(struct mma *m, const struct mma_binding *mb, struct now now)
{
	struct mma_forward *f = mma_forward_find(m, &mb->b.hoa);
	(void)now;
	if (!f)
		return;
	if (f->b.state != FORWARD_CONFIRMED)
		fx_event(m->env->fx, ROLE_MMA, EV_INFO, "forwarding-ended", &f->b.hoa, "%s: back here, nothing goes to %s any more",
			 ADDR46_STR(&f->b.hoa), ADDR46_STR(&f->to));
	mma_forward_end(m, f);
}

void mma_forward_rx(struct mma *m, struct mma_peer *peer, const struct mh_packet *p, struct now now)
{
	const struct mh_peer *msg = &p->mh.peer;
	switch (msg->kind) {
	case PEER_CONFIRM: on_confirm(m, peer, msg, now); break;
	case PEER_ASK: reply(m, peer, msg, PEER_CONFIRM, taken_over(m, peer, msg), now); break;
	case PEER_FORWARDING: on_forwarding(m, peer, p, now); break;
	case PEER_FORWARDING_ACK: on_ack(m, peer, msg, now); break;
	default: reason_count(m->env, R_PEER_UNEXPECTED); /* a later version's */
	}
}

/* --- time -------------------------------------------------------------------------------------------------------- */

static void on_time_asking(struct mma *m, struct mma_forward *f, struct now now)
{
	if (f->backoff.ns > ASK_LAST_MS * NS_PER_MS || mono_reached(f->until, now.mono)) {
		deny(m, f, "the new agent does not answer", now);
		return;
	}
	tell(m, f, PEER_ASK, now);
	schedule(m, f);
}

static void on_time(struct mma *m, struct mma_forward *f, struct now now)
{
	struct mma_binding *mb = binding_find(&m->bindings, &f->b.hoa);
	if (!mb || mono_reached(later(f->until, f->peers_until), now.mono)) {
		stop(m, f, EV_INFO, "forwarding-ended", "its time is over", now);
		return;
	}
	if (mono_reached(f->resend, now.mono))
		tell(m, f, PEER_FORWARDING, now);
	if (mono_reached(f->until, now.mono) && !f->is_narrowed) {
		f->is_narrowed = true;
		enter(m, f, FORWARD_ON);
		mma_bind_push_forward(m, mb, f, fx_dp_put);
	}
	schedule(m, f);
}

void mma_forward_tick(struct mma *m, struct now now)
{
	for (struct mma_forward *f; (f = bindings_pop(&m->forwards, now.mono));)
		switch ((enum mma_forward_state)f->b.state) {
		case FORWARD_CONFIRMED: mma_forward_end(m, f); break;
		case FORWARD_ASKING: on_time_asking(m, f, now); break;
		case FORWARD_LISTENED: case FORWARD_ON: on_time(m, f, now); break;
		}
}

int mma_forward_restore(struct mma *m, const struct mma_binding *mb, const struct mma_forward *rec)
{
	struct mma_forward *f = binding_add(&m->forwards, &mb->b.hoa);
	if (!f)
		return ERR_FULL;
	f->b.coa = *mma_coa(m, mb);
	f->b.state = FORWARD_ON;
	f->to = rec->to;
	f->agent = rec->agent;
	f->until = rec->until;
	f->peers_until = rec->peers_until;
	f->resend = MONO_NEVER;
	schedule(m, f);
	return ERR_OK;
}
