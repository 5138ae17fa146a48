/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table on its way: all of it to a member that asks, parts of it where digests differ.
 *
 * A part is sent whole, in as many datagrams as it takes, each acknowledged; the next parts follow as fast as acknowledgements come. A
 * member that asks goes on, when the one that answers dies, with the next one from the first part that it does not have. Live updates
 * need no care: versions decide, whichever comes first.
 */
#include "rg/rg_i.h"

static bool wants(const struct rg_peer *p, uint32_t range) { return p->want[range / 64] >> range % 64 & 1; }

static void want(struct rg_peer *p, uint32_t range)
{
	if (!wants(p, range))
		p->n_want++;
	p->want[range / 64] |= 1ull << range % 64;
}

static void done(struct rg_peer *p, uint32_t range)
{
	p->want[range / 64] &= ~(1ull << range % 64);
	p->n_want--;
}

/* A datagram to a peer that it has to acknowledge. */
static void send_kept(struct rg *g, struct rg_peer *p, struct wr *w, struct now now)
{
	const size_t n = rg_end(g, w, p);

	p->seq++;
	const struct rg_msg m = {.seq = p->seq, .wait = rg_peer_bit(p), .len_oct = (uint16_t)n, .bytes = w->base};
	if (n)
		(void)rg_keep(g, &p->ring, RG_UNICAST_MAX, &m, now);
}

static struct wr page_begin(struct rg *g, uint8_t *buf, struct rg_peer *p, uint16_t range, uint8_t flags)
{
	struct wr w = rg_begin(g, buf, GRP_PAGE, p);
	grp_put(&w, &(struct grp_item){.type = GRPF_PAGE, .page = {p->transaction, range, flags}});
	return w;
}

/* Flags of the page stand in its field, which comes first: at the end of the header, the field's head, and six octets. */
enum { FLAGS_OFF = GRP_HEAD_OCT + 4 + 6 };

static void send_range(struct rg *g, struct rg_peer *p, uint16_t range, struct now now)
{
	uint8_t buf[RG_DATAGRAM_MAX], value[RG_VALUE_MAX];
	struct wr w = page_begin(g, buf, p, range, 0);

	for (const struct rg_entry *e = g->range[range]; e; e = e->next) {
		struct grp_item f = {.type = GRPF_RECORD};
		rg_record_of(g, e, &f.record, value, now);
		if (!e->is_deleted && f.record.value_oct == 0)
			continue; /* its owner has just lost it */
		if (wr_len(&w) + grp_record_oct(&f.record) + GRP_MAC_OCT > g->conf.datagram_oct) {
			send_kept(g, p, &w, now);
			w = page_begin(g, buf, p, range, 0);
		}
		grp_put(&w, &f);
	}
	done(p, range);
	wr_patch_u8(&w, FLAGS_OFF, GRP_PAGE_END);
	send_kept(g, p, &w, now);
	g->n.pages++;
}

static void send_short_page(struct rg *g, struct rg_peer *p, uint32_t transaction, uint8_t flags, struct now now)
{
	uint8_t buf[RG_DATAGRAM_MAX];

	p->transaction = transaction;
	struct wr w = page_begin(g, buf, p, 0, flags);
	send_kept(g, p, &w, now);
}

void rg_pump(struct rg *g, struct rg_peer *p, struct now now)
{
	while (p->is_sending && p->n_want && p->ring.n < RG_UNICAST_BUSY) {
		while (!wants(p, p->at_range))
			p->at_range = (uint16_t)((p->at_range + 1) % GRP_RANGES);
		send_range(g, p, p->at_range, now);
	}
	if (p->n_want)
		return;
	p->is_last_due |= p->is_sending;
	p->is_sending = false;
	if (p->is_last_due && p->ring.n == 0) {
		p->is_last_due = false;
		send_short_page(g, p, p->transaction, GRP_PAGE_LAST, now);
	}
}

static void sending_start(struct rg *g, struct rg_peer *p, uint32_t transaction, uint16_t from, struct now now)
{
	memset(p->want, 0, sizeof p->want);
	p->n_want = 0;
	for (uint32_t i = from; i < GRP_RANGES; i++)
		want(p, i);
	p->transaction = transaction;
	p->at_range = from;
	p->is_sending = true;
	rg_pump(g, p, now);
}

/* The parts with deleted records: who was away may not have heard of a deletion, and digests do not tell. False: there are none. */
static bool want_deleted(struct rg *g, struct rg_peer *p)
{
	for (uint32_t i = 0; i < GRP_RANGES; i++)
		if (g->deleted[i])
			want(p, i);
	return p->n_want != 0;
}

void rg_deleted_send(struct rg *g, struct rg_peer *p, struct now now)
{
	if (g->state != RG_READY || p->is_sending || !rg_is_designated(g, p, 0) || !want_deleted(g, p))
		return;
	p->transaction = 0;
	p->is_sending = true;
	rg_pump(g, p, now);
}

/* To a member whose live records are ours. Before it becomes active nothing may take long, and it was here all the time. */
static void send_same(struct rg *g, struct rg_peer *p, const struct grp_request *q, struct now now)
{
	if (q->is_before_service || !want_deleted(g, p)) {
		send_short_page(g, p, q->transaction, GRP_PAGE_SAME | GRP_PAGE_LAST, now);
		return;
	}
	p->transaction = q->transaction;
	p->is_sending = true;
	rg_pump(g, p, now);
}

static void send_members(struct rg *g, struct rg_peer *to, struct now now)
{
	uint8_t buf[RG_DATAGRAM_MAX];
	struct wr w = rg_begin(g, buf, GRP_MEMBERS, to);

	grp_put(&w, &(struct grp_item){.type = GRPF_AGENT, .agent = {g->conf.id, g->conf.self}});
	for (uint32_t i = 0; i < RG_PEER_MAX; i++)
		if (g->peer[i].id && g->peer[i].is_trusted)
			grp_put(&w, &(struct grp_item){.type = GRPF_AGENT, .agent = {g->peer[i].id, g->peer[i].addr}});
	send_kept(g, to, &w, now);
}

void rg_on_request(struct rg *g, struct rg_peer *p, struct rd fields, struct now now)
{
	struct grp_item f;
	enum wire_err err;

	while (grp_next(&fields, &f, &err)) {
		if (f.type != GRPF_REQUEST)
			continue;
		const struct grp_request *q = &f.request;
		if (g->state != RG_READY) {
			send_short_page(g, p, q->transaction, GRP_PAGE_NOT_INITIALISED, now); /* R-11; from everybody that is so */
			continue;
		}
		if (!rg_is_designated(g, p, q->attempt) || (p->is_sending && p->transaction == q->transaction))
			continue;
		send_members(g, p, now);
		if (q->digest == g->root && q->range == 0)
			send_same(g, p, q, now);
		else
			sending_start(g, p, q->transaction, q->range, now);
	}
}

/* --- the asking side --- */

static void ask(struct rg *g, struct now now)
{
	uint8_t buf[RG_DATAGRAM_MAX];
	struct wr w = rg_begin(g, buf, GRP_REQUEST, NULL);
	uint32_t n_live;
	const struct rg_peer *p = rg_designated(g, g->attempt, &n_live);

	g->asked_of = p ? p->id : 0;
	grp_put(&w, &(struct grp_item){.type = GRPF_REQUEST, .request = {.transaction = g->transaction, .range = g->next_range,
		.attempt = (uint8_t)g->attempt, .is_before_service = g->is_activating, .digest = g->root}});
	(void)rg_end(g, &w, NULL);
	g->seq++;
	g->tries++;
	g->ask_at = mono_add(now.mono, span_ns(g->conf.again.ns * 4));
}

static void finish(struct rg *g, const char *how, struct now now)
{
	const bool was_ready = g->state == RG_READY, was_activating = g->is_activating;

	g->state = RG_READY;
	g->is_activating = false;
	g->ask_at = MONO_NEVER;
	rg_say(g, EV_INFO, "group-table", "table of %u records: %s", g->n_live_records, how);
	if (!was_ready) {
		rg_hello_send(g, now);
		g->ops.ready(g->ops.ctx, now);
	}
	if (was_activating)
		g->ops.active(g->ops.ctx, now);
}

void rg_ask_start(struct rg *g, struct now now)
{
	g->transaction = rng_u32(g->env.rng) | 1; /* never 0: that is a repair */
	g->attempt = g->tries = 0;
	g->next_range = 0;
	g->not_initialised = 0;
	if (rg_live_mask(g) == 0) {
		finish(g, "there is nobody else to ask", now);
		return;
	}
	if (g->state == RG_LISTENING)
		g->state = RG_ASKING;
	ask(g, now);
}

static bool is_asking(const struct rg *g) { return !mono_is_never(g->ask_at); }

/* Some of the last parts may not be whole. */
static void resume(struct rg *g)
{
	g->next_range = g->next_range > RG_RESUME_BACK ? (uint16_t)(g->next_range - RG_RESUME_BACK) : 0;
}

static void ask_next(struct rg *g, struct now now)
{
	g->attempt++;
	g->tries = 0;
	resume(g);
	ask(g, now);
}

void rg_ask_peer_gone(struct rg *g, const struct rg_peer *p, struct now now)
{
	g->not_initialised &= ~rg_peer_bit(p);
	if (!is_asking(g))
		return;
	if (rg_live_mask(g) == 0)
		finish(g, "those that could be asked are gone", now);
	else if (p->id == g->asked_of) {
		g->attempt = g->tries = 0; /* the order of designation is another one now */
		resume(g);
		ask(g, now);
	}
}

void rg_ask_tick(struct rg *g, struct now now)
{
	if (g->state == RG_LISTENING && g->is_started && mono_reached(g->state_until, now.mono))
		rg_ask_start(g, now);
	if (g->is_activating && mono_reached(g->active_by, now.mono) && g->state == RG_READY)
		finish(g, "nobody answered in time; what was committed is here", now);
	if (!is_asking(g) || !mono_reached(g->ask_at, now.mono))
		return;
	if (g->tries < RG_ASK_TRIES)
		ask(g, now);
	else
		ask_next(g, now);
}

mono_t rg_ask_expiry(const struct rg *g)
{
	mono_t t = g->state == RG_LISTENING && g->is_started ? mono_min(g->state_until, g->ask_at) : g->ask_at;
	return g->is_activating && g->state == RG_READY ? mono_min(t, g->active_by) : t;
}

static void on_not_initialised(struct rg *g, const struct rg_peer *p, struct now now)
{
	g->not_initialised |= rg_peer_bit(p);
	if ((rg_live_mask(g) & ~g->not_initialised) == 0)
		finish(g, "nobody has more: what the disk had counts", now);
}

static void take_page(struct rg *g, struct rg_peer *p, const struct grp_page *page, struct now now)
{
	if (page->transaction != g->transaction || !is_asking(g))
		return;
	if (page->flags & GRP_PAGE_NOT_INITIALISED) {
		on_not_initialised(g, p, now);
		return;
	}
	g->tries = 0;
	g->ask_at = mono_add(now.mono, span_ns(g->conf.again_max.ns * 2));
	if (page->flags & GRP_PAGE_END && page->range >= g->next_range && page->range + 1 < GRP_RANGES)
		g->next_range = page->range + 1;
	if (page->flags & GRP_PAGE_LAST)
		finish(g, page->flags & GRP_PAGE_SAME ? "it is the same as the others'" : "the others' has come", now);
}

void rg_on_page(struct rg *g, struct rg_peer *p, struct rd fields, struct now now)
{
	struct grp_page page = {0};
	struct grp_item f;
	enum wire_err err;
	bool has_page = false;

	while (grp_next(&fields, &f, &err)) {
		if (f.type == GRPF_PAGE) {
			page = f.page;
			has_page = true;
		} else if (f.type == GRPF_RECORD)
			g->n.repaired += rg_merge(g, &f.record, now) && page.transaction == 0;
	}
	if (has_page)
		take_page(g, p, &page, now);
}

/* --- digests --- */

void rg_digests_send(struct rg *g, struct rg_peer *p, struct now now)
{
	uint8_t buf[RG_DATAGRAM_MAX];
	struct wr w = rg_begin(g, buf, GRP_DIGESTS, p);

	for (uint32_t i = 0; i < GRP_RANGES; i++) {
		if (wr_len(&w) + 4 + 10 + GRP_MAC_OCT > g->conf.datagram_oct) {
			send_kept(g, p, &w, now);
			w = rg_begin(g, buf, GRP_DIGESTS, p);
		}
		grp_put(&w, &(struct grp_item){.type = GRPF_DIGEST, .digest = {(uint16_t)i, g->digest[i]}});
	}
	send_kept(g, p, &w, now);
}

/* Parts that differ are sent. The lower identifier always begins; the other says which ones, so that it sends them too. */
void rg_on_digests(struct rg *g, struct rg_peer *p, struct rd fields, struct now now)
{
	uint8_t buf[RG_DATAGRAM_MAX];
	struct wr w = rg_begin(g, buf, GRP_DIGESTS, p);
	const bool is_answer = g->conf.id < p->id;
	struct grp_item f;
	enum wire_err err;
	uint32_t n = 0;

	if (g->state != RG_READY)
		return;
	while (grp_next(&fields, &f, &err)) {
		if (f.type != GRPF_DIGEST || f.digest.digest == g->digest[f.digest.range])
			continue;
		n++;
		want(p, f.digest.range);
		if (!is_answer)
			grp_put(&w, &(struct grp_item){.type = GRPF_DIGEST, .digest = {f.digest.range, g->digest[f.digest.range]}});
	}
	if (n == 0)
		return;
	if (!is_answer)
		send_kept(g, p, &w, now);
	if (!p->is_sending)
		p->transaction = 0;
	p->is_sending = true;
	rg_pump(g, p, now);
}
