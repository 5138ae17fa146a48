/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Datagrams out, and what becomes of those that have to be acknowledged: each is kept as it was sent and, to a
 * member that does not acknowledge, sent once more by unicast, byte for byte, so that the same number tells a repetition.
 */
#include "rg/rg_i.h"
#include "wire/ip/udp4.h"
#include "wire/ip/udp6.h"

enum { PACKET_OCT = RG_DATAGRAM_MAX + 48, HOP_LIMIT = 255, TTL = 1 };

static void packet_out(struct rg *g, const struct addr6 *dst, const uint8_t *data, size_t len_oct)
{
	uint8_t pkt[PACKET_OCT];
	struct wr w = wr_of(pkt, sizeof pkt);
	const bool is_v4 = addr6_is_v4mapped(dst);
	struct udp4_build b = {0};

	if (is_v4) {
		const struct ip4_path path = {.src = g->conf.self, .dst = *dst, .ttl = HOP_LIMIT};
		b = udp4_begin(&w, &path, g->conf.port, g->conf.port);
	} else
		udp6_begin(&w, &g->conf.self, dst, HOP_LIMIT, g->conf.port, g->conf.port);
	wr_bytes(&w, data, len_oct);
	const size_t n = is_v4 ? udp4_finish(&w, &b) : udp6_finish(&w);
	const bool is_group = addr6_eq(dst, &g->conf.group);
	if (n)
		fx_send(g->env.fx, g->conf.role, is_group ? g->conf.ifindex : 0, NULL, pkt, n);
}

/* The source counts too: nobody can pass a datagram on as if it came from elsewhere. */
static void mac_of(const struct rg *g, const struct sa_key *k, const struct addr6 *src, const uint8_t *data, size_t len_oct, uint8_t out[static 32])
{
	const struct iov_in in[] = {{"rg", 2}, {src, sizeof *src}, {data, len_oct}};
	(void)g->env.crypto->mac(g->env.crypto->ctx, k->derive, in, sizeof in / sizeof *in, out);
}

bool rg_is_signed(const struct rg *g, const struct grp_head *h, const struct addr6 *src, const uint8_t *data, size_t len_oct)
{
	uint8_t mac[32];

	for (uint32_t i = 0; i < g->conf.n_key; i++) {
		if (g->conf.key[i].id != h->key_id)
			continue;
		mac_of(g, g->conf.key[i].key, src, data, grp_covered(len_oct), mac);
		return mac_equal(mac, data + grp_covered(len_oct), GRP_MAC_OCT);
	}
	return false;
}

struct wr rg_begin(struct rg *g, uint8_t *buf, enum grp_type type, const struct rg_peer *to)
{
	struct wr w = wr_of(buf, g->conf.datagram_oct);
	const struct grp_head h = {.type = (uint8_t)type, .key_id = g->conf.key[0].id, .from = g->conf.id, .to = to ? to->id : 0,
				   .epoch = g->epoch, .seq = (to ? to->seq : g->seq) + 1};
	grp_head_build(&w, &h);
	return w;
}

size_t rg_end(struct rg *g, struct wr *w, const struct rg_peer *to)
{
	uint8_t mac[32];
	const size_t covered = wr_len(w);
	uint8_t *at = grp_end(w);

	if (!at)
		return 0;
	mac_of(g, g->conf.key[0].key, &g->conf.self, w->base, covered, mac);
	memcpy(at, mac, GRP_MAC_OCT);
	packet_out(g, to ? &to->addr : &g->conf.group, w->base, wr_len(w));
	return wr_len(w);
}

static bool ring_grow(struct rg *g, struct rg_ring *r, uint32_t max)
{
	const uint32_t cap = r->cap ? r->cap * 2 : 64;
	struct rg_msg *msg;

	if (r->n < r->cap)
		return true;
	if (cap > max || !(msg = mem_get(g->env.mem, cap * sizeof *msg)))
		return false;
	for (uint32_t i = 0; i < r->n; i++)
		msg[i] = *rg_ring_at(r, i);
	mem_put(g->env.mem, r->msg);
	r->msg = msg;
	r->cap = cap;
	r->head = 0;
	return true;
}

static span_t back_off(const struct rg *g, const struct rg_ring *r, uint8_t tries)
{
	const int64_t ns = (g->conf.again.ns + 2 * r->way.ns) << (tries > 10 ? 10 : tries);
	return span_ns(ns < g->conf.again_max.ns ? ns : g->conf.again_max.ns);
}

bool rg_keep(struct rg *g, struct rg_ring *ring, uint32_t max, const struct rg_msg *m, struct now now)
{
	uint8_t *bytes = ring_grow(g, ring, max) ? mem_get(g->env.mem, m->len_oct) : NULL;

	if (!bytes) {
		g->n.dropped++;
		return false;
	}
	memcpy(bytes, m->bytes, m->len_oct);
	struct rg_msg *kept = rg_ring_at(ring, ring->n);
	*kept = *m;
	kept->bytes = bytes;
	kept->sent = now.mono;
	kept->next = mono_add(now.mono, back_off(g, ring, 0));
	ring->soonest = ring->n++ ? mono_min(ring->soonest, kept->next) : kept->next;
	return true;
}

static void ring_pop(struct rg *g, struct rg_ring *r)
{
	mem_put(g->env.mem, rg_ring_at(r, 0)->bytes);
	r->head = (r->head + 1) & (r->cap - 1);
	r->n--;
	r->n_done -= r->n_done > 0;
}

void rg_ring_fini(struct rg *g, struct rg_ring *ring)
{
	while (ring->n)
		ring_pop(g, ring);
	mem_put(g->env.mem, ring->msg);
	*ring = (struct rg_ring){0};
}

/* Is this enough for what the mobile is told? */
static bool is_committed(const struct rg *g, const struct rg_msg *m)
{
	switch (g->conf.commit) {
	case RG_COMMIT_ASYNC: return true;
	case RG_COMMIT_ONE: return m->is_acked || m->wait == 0;
	case RG_COMMIT_ALL: return m->wait == 0;
	}
	return false;
}

void rg_commit_advance(struct rg *g)
{
	for (struct rg_ring *r = &g->ring; r->n_done < r->n; r->n_done++) {
		const struct rg_msg *m = rg_ring_at(r, r->n_done);
		if (!is_committed(g, m))
			return;
		if (m->token > g->committed)
			g->committed = m->token;
	}
	if (g->pending_token == 0)
		g->committed = g->token; /* whatever is not on its way needed nobody */
}

static void sweep(struct rg *g, struct rg_ring *r)
{
	if (r == &g->ring)
		rg_commit_advance(g);
	while (r->n && rg_ring_at(r, 0)->wait == 0)
		ring_pop(g, r);
}

static void send_again(struct rg *g, struct rg_msg *m)
{
	for (uint32_t i = 0; i < RG_PEER_MAX; i++)
		if (m->wait & 1u << i) {
			packet_out(g, &g->peer[i].addr, m->bytes, m->len_oct);
			g->n.again++;
		}
}

static void ring_tick(struct rg *g, struct rg_ring *r, struct now now)
{
	if (!r->n || !mono_reached(r->soonest, now.mono))
		return;
	r->soonest = MONO_NEVER;
	for (uint32_t i = 0; i < r->n; i++) {
		struct rg_msg *m = rg_ring_at(r, i);
		if (!m->wait)
			continue;
		if (mono_reached(m->next, now.mono)) {
			send_again(g, m);
			m->tries += m->tries < UINT8_MAX;
			m->next = mono_add(now.mono, back_off(g, r, m->tries));
		}
		r->soonest = mono_min(r->soonest, m->next);
	}
}

void rg_send_tick(struct rg *g, struct now now)
{
	ring_tick(g, &g->ring, now);
	for (uint32_t i = 0; i < RG_PEER_MAX; i++)
		if (g->peer[i].id)
			ring_tick(g, &g->peer[i].ring, now);
}

static mono_t ring_expiry(const struct rg_ring *r, mono_t t) { return r->n ? mono_min(t, r->soonest) : t; }

mono_t rg_send_expiry(const struct rg *g)
{
	mono_t t = ring_expiry(&g->ring, MONO_NEVER);
	for (uint32_t i = 0; i < RG_PEER_MAX; i++)
		t = ring_expiry(&g->peer[i].ring, t);
	return t;
}

void rg_send_reset(struct rg *g, struct rg_peer *p)
{
	rg_ring_fini(g, &p->ring);
	p->owed_all.n = p->owed_us.n = 0;
	p->is_sending = p->is_last_due = false;
}

void rg_send_forget(struct rg *g, struct rg_peer *p)
{
	for (uint32_t i = 0; i < g->ring.n; i++)
		rg_ring_at(&g->ring, i)->wait &= ~rg_peer_bit(p);
	sweep(g, &g->ring);
	rg_send_reset(g, p);
}

void rg_send_include(struct rg *g, const struct rg_peer *p, struct now now)
{
	for (uint32_t i = 0; i < g->ring.n; i++) {
		struct rg_msg *m = rg_ring_at(&g->ring, i);
		m->wait |= rg_peer_bit(p);
		m->next = now.mono;
	}
	g->ring.soonest = now.mono;
}

/* Ranges are kept in the order in which they were begun; a datagram in order only lengthens the last. */
void rg_owe(struct rg_peer *p, bool is_to_all, uint64_t seq)
{
	struct rg_owed *list = is_to_all ? p->owed_all.range : p->owed_us.range;
	uint32_t *n = is_to_all ? &p->owed_all.n : &p->owed_us.n;

	if (*n && list[*n - 1].first + list[*n - 1].n == seq && list[*n - 1].n < UINT16_MAX) {
		list[*n - 1].n++;
		return;
	}
	if (*n == RG_OWED_MAX) { /* those will be sent to us again */
		memmove(list, list + 1, (RG_OWED_MAX - 1) * sizeof *list);
		(*n)--;
	}
	list[(*n)++] = (struct rg_owed){seq, 1};
}

void rg_pay(struct rg *g, struct rg_peer *p)
{
	uint8_t buf[RG_DATAGRAM_MAX];

	if (p->owed_all.n + p->owed_us.n == 0)
		return;
	struct wr w = rg_begin(g, buf, GRP_ACK, p);
	for (uint32_t i = 0; i < p->owed_all.n; i++)
		grp_put(&w, &(struct grp_item){.type = GRPF_ACK, .ack = {true, p->owed_all.range[i].n, p->owed_all.range[i].first}});
	for (uint32_t i = 0; i < p->owed_us.n; i++)
		grp_put(&w, &(struct grp_item){.type = GRPF_ACK, .ack = {false, p->owed_us.range[i].n, p->owed_us.range[i].first}});
	(void)rg_end(g, &w, p);
	p->seq++;
	p->owed_all.n = p->owed_us.n = 0;
}

/* Numbers rise along a ring: where is the first that is not below seq? */
static uint32_t ring_search(const struct rg_ring *r, uint64_t seq)
{
	uint32_t lo = 0, hi = r->n;
	while (lo < hi) {
		const uint32_t mid = (lo + hi) / 2;
		if (rg_ring_at(r, mid)->seq < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Since it was first sent: which of several an acknowledgement is for is not to be told, so too long a time is believed rather than one too short, which
 * would go on making repetitions. That of one that was lost, or of a member that stood still, is no measure: hence the bound. */
static void measure(const struct rg *g, struct rg_ring *r, const struct rg_msg *m, struct now now)
{
	const int64_t ns = mono_sub(now.mono, m->sent).ns, most = 4 * g->conf.again.ns;
	r->way.ns += ((ns < most ? ns : most) - r->way.ns) / 8;
}

void rg_on_ack(struct rg *g, struct rg_peer *p, const struct grp_ack *a, struct now now)
{
	struct rg_ring *r = a->is_to_all ? &g->ring : &p->ring;

	for (uint32_t i = ring_search(r, a->first); i < r->n; i++) {
		struct rg_msg *m = rg_ring_at(r, i);
		if (m->seq - a->first >= a->n)
			break;
		if (m->seq == a->first)
			measure(g, r, m, now);
		m->is_acked |= (m->wait & rg_peer_bit(p)) != 0;
		m->wait &= ~rg_peer_bit(p);
	}
	sweep(g, r);
	if (!a->is_to_all)
		rg_pump(g, p, now);
}
