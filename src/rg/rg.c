/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The redundancy group's engine: its life, and what comes in.
 *
 *	rg_member  who is there, epochs     rg_table  versions, digests
 *	rg_send    datagrams, acknowledged  rg_update changes
 *	rg_page    the table, whole or in parts
 */
#include <string.h>

#include "rg/rg_i.h"

#include <stdio.h>

const struct rg_conf rg_conf_default = {
	.priority = 100, .port = GRP_PORT, .hello = {100 * NS_PER_MS}, .dead_after = 3, .again = {10 * NS_PER_MS}, .again_max = {320 * NS_PER_MS},
	.purge = {10 * NS_PER_S}, .datagram_oct = 1200,
};

static bool is_sound(const struct rg_conf *c)
{
	return c->id && c->n_key && c->n_key <= RG_KEY_MAX && c->hello.ns > 0 && c->again.ns > 0 && c->datagram_oct >= RG_DATAGRAM_MIN &&
	       c->datagram_oct <= RG_DATAGRAM_MAX && addr6_is_v4mapped(&c->self) == addr6_is_v4mapped(&c->group);
}

struct rg *rg_new(const struct engine_env *env, const struct rg_conf *conf, const struct rg_ops *ops, uint32_t starts, struct now now)
{
	struct rg *g = is_sound(conf) ? mem_zget(env->mem, sizeof *g) : NULL;

	if (!g)
		return NULL;
	g->env = *env;
	g->conf = *conf;
	if (!g->conf.port)
		g->conf.port = GRP_PORT;
	g->ops = *ops;
	g->epoch = (uint64_t)starts << 32 | rng_u32(env->rng); /* a lost disk counts from one again: still another epoch */
	g->ticked = g->hello_at = now.mono;
	g->ask_at = g->active_by = g->state_until = MONO_NEVER;
	rg_table_init(g);
	return g;
}

int rg_set_keys(struct rg *g, const struct rg_conf *conf)
{
	if (!conf->n_key || conf->n_key > RG_KEY_MAX)
		return ERR_INVAL;
	memcpy(g->conf.key, conf->key, sizeof g->conf.key);
	g->conf.n_key = conf->n_key;
	return 0;
}

void rg_free(struct rg *g)
{
	if (!g)
		return;
	for (uint32_t i = 0; i < RG_PEER_MAX; i++)
		rg_ring_fini(g, &g->peer[i].ring);
	rg_ring_fini(g, &g->ring);
	rg_table_fini(g);
	mem_put(g->env.mem, g);
}

/* Long enough for a member that lives to be heard, and proven: two of its hellos. */
static void listen_on(struct rg *g, struct now now)
{
	g->state_until = mono_add(now.mono, span_ns(g->conf.hello.ns * (g->conf.dead_after + 1)));
}

void rg_start(struct rg *g, struct now now)
{
	g->is_started = true;
	listen_on(g, now);
	rg_hello_send(g, now);
}

void rg_stop(struct rg *g, struct now now)
{
	rg_update_send(g, now);
	rg_flush(g, now);
	g->is_stopping = true;
	g->is_active = false;
	rg_hello_send(g, now);
}

static void rx_records(struct rg *g, struct rd fields, struct now now)
{
	struct grp_item f;
	enum wire_err err;

	while (grp_next(&fields, &f, &err))
		if (f.type == GRPF_RECORD)
			(void)rg_merge(g, &f.record, now);
}

static void rx_acks(struct rg *g, struct rg_peer *p, struct rd fields, struct now now)
{
	struct grp_item f;
	enum wire_err err;

	while (grp_next(&fields, &f, &err))
		if (f.type == GRPF_ACK)
			rg_on_ack(g, p, &f.ack, now);
}

/* the list of agents; who has not been heard is only noted. */
static void rx_members(struct rg *g, struct rd fields)
{
	struct grp_item f;
	enum wire_err err;

	while (grp_next(&fields, &f, &err)) {
		if (f.type != GRPF_AGENT || f.agent.member == g->conf.id || f.agent.member == 0)
			continue;
		struct rg_peer *p = rg_peer_take(g, f.agent.member);
		if (p && !p->is_trusted)
			p->addr = f.agent.addr;
	}
}

static bool is_acknowledged(uint8_t type)
{
	return type == GRP_UPDATE || type == GRP_PAGE || type == GRP_MEMBERS || type == GRP_DIGESTS || type == GRP_HAND_OVER;
}

static void rx_trusted(struct rg *g, struct rg_peer *p, const struct grp_head *h, struct rd fields, struct now now)
{
	switch ((enum grp_type)h->type) {
	case GRP_HELLO: rg_on_hello(g, p, fields, now); break;
	case GRP_UPDATE: rx_records(g, fields, now); break;
	case GRP_ACK: rx_acks(g, p, fields, now); break;
	case GRP_REQUEST: rg_on_request(g, p, fields, now); break;
	case GRP_PAGE: rg_on_page(g, p, fields, now); break;
	case GRP_MEMBERS: rx_members(g, fields); break;
	case GRP_DIGESTS: rg_on_digests(g, p, fields, now); break;
	case GRP_HAND_OVER:
		if (g->ops.take_over)
			g->ops.take_over(g->ops.ctx, now);
		break;
	case GRP_TYPE_N: break;
	}
}

/* A datagram whose authenticator is right, from another member. */
static void rx_authentic(struct rg *g, const struct addr6 *src, const struct grp_head *h, struct rd fields, struct now now)
{
	struct rg_peer *p = rg_peer_take(g, h->from);
	bool is_old;

	if (!p) {
		reason_count(&g->env, R_RG_LIMIT);
		return;
	}
	if ((!p->is_trusted || p->epoch != h->epoch) && !rg_member_prove(g, p, h, fields, src, now))
		return;
	p->addr = *src;
	if (!window_take(h->to ? &p->to_us : &p->to_all, h->seq, &is_old)) {
		reason_count(&g->env, R_RG_REPLAY);
		if (!is_old && is_acknowledged(h->type))
			rg_owe(p, h->to == 0, h->seq); /* our acknowledgement was lost */
		return;
	}
	if (is_acknowledged(h->type))
		rg_owe(p, h->to == 0, h->seq);
	rx_trusted(g, p, h, fields, now);
}

void rg_rx(struct rg *g, const struct addr6 *src, const uint8_t *data, size_t len_oct, struct now now)
{
	struct rd r = rd_of(data, len_oct);
	struct grp_head h;
	enum wire_err err = grp_head_parse(&r, &h);

	if (err) {
		reason_count(&g->env, reason_of_wire(err));
		return;
	}
	if (h.to != 0 && h.to != g->conf.id) {
		reason_count(&g->env, R_MSG_NOT_FOR_US);
		return;
	}
	if (!rg_is_signed(g, &h, src, data, len_oct)) {
		reason_count(&g->env, R_AUTH_BAD);
		return;
	}
	err = grp_check(r);
	if (err || h.from == 0) {
		reason_count(&g->env, err ? reason_of_wire(err) : R_MSG_MALFORMED);
		return;
	}
	if (h.from == g->conf.id) {
		if (h.epoch != g->epoch || !addr6_eq(src, &g->conf.self)) /* not our own, come back */
			reason_count(&g->env, R_RG_IDENTIFIER);
		return;
	}
	rx_authentic(g, src, &h, r, now);
}

/* After a long silence of our own (a frozen machine) the others' is no sign: they get the time to be heard. So they do when a start took so long that
 * the time to listen went by deaf. */
static void after_freeze(struct rg *g, struct now now)
{
	const span_t gap = mono_sub(now.mono, g->ticked);

	g->ticked = now.mono;
	const bool was_frozen = gap.ns > g->conf.hello.ns * g->conf.dead_after, is_listening = g->state == RG_LISTENING && g->is_started;
	const bool is_late = mono_sub(now.mono, g->state_until).ns > g->conf.hello.ns;
	if (is_listening && (is_late || (was_frozen && !g->has_listened_anew))) {
		g->has_listened_anew = true; /* once: a member that has nothing else to do ticks as rarely */
		listen_on(g, now);
		return;
	}
	if (!was_frozen)
		return;
	for (uint32_t i = 0; i < RG_PEER_MAX; i++)
		if (g->peer[i].is_live)
			g->peer[i].heard = now.mono;
	rg_say(g, EV_WARNING, "group-was-frozen", "this member stood still for %lld ms", (long long)span_to_ms(gap));
}

void rg_tick(struct rg *g, struct now now)
{
	after_freeze(g, now);
	rg_member_tick(g, now);
	rg_ask_tick(g, now);
	rg_send_tick(g, now);
	rg_table_tick(g, now);
	rg_flush(g, now);
}

mono_t rg_expiry(const struct rg *g)
{
	mono_t t = mono_min(rg_member_expiry(g), rg_ask_expiry(g));
	t = mono_min(t, mono_min(rg_send_expiry(g), timers_next(&g->purges)));
	return mono_min(t, rg_update_expiry(g));
}

bool rg_is_ready(const struct rg *g) { return g->state == RG_READY; }

void rg_activate(struct rg *g, struct now now)
{
	if (g->is_active)
		return;
	g->is_active = g->is_activating = true;
	g->active_by = mono_add(now.mono, span_ns(g->conf.again.ns * 2));
	rg_hello_send(g, now);
	if (g->state == RG_READY)
		rg_ask_start(g, now);
}

void rg_deactivate(struct rg *g, struct now now)
{
	g->is_active = g->is_activating = false;
	rg_hello_send(g, now);
}

int rg_hand_over(struct rg *g, struct now now)
{
	uint8_t buf[RG_DATAGRAM_MAX];
	uint32_t n;
	struct rg_peer *p = rg_designated(g, 0, &n);

	if (!p || !(p->hello.state & GRP_INITIALISED))
		return ERR_NOTFOUND;
	rg_update_send(g, now);
	struct wr w = rg_begin(g, buf, GRP_HAND_OVER, p);
	const size_t len = rg_end(g, &w, p);
	p->seq++;
	const struct rg_msg m = {.seq = p->seq, .wait = rg_peer_bit(p), .len_oct = (uint16_t)len, .bytes = buf};
	return len && rg_keep(g, &p->ring, RG_UNICAST_MAX, &m, now) ? ERR_OK : ERR_NOMEM;
}

static const char *state_str(enum rg_state s)
{
	switch (s) {
	case RG_LISTENING: return "listening";
	case RG_ASKING: return "asking";
	case RG_READY: return "ready";
	}
	return "unknown";
}

/* In hexadecimal: a number in JSON has 63 bits. */
static void show_digest(struct show *out, uint64_t digest)
{
	char text[17];

	snprintf(text, sizeof text, "%016llx", (unsigned long long)digest);
	show_str(out, "digest", text);
}

static void show_peer(const struct rg_peer *p, struct show *out, struct now now)
{
	show_begin(out, "member");
	show_u64(out, "id", p->id);
	show_str(out, "address", ADDR46_STR(&p->addr));
	show_str(out, "state", !p->is_trusted ? "unproven" : !p->is_live ? "dead" : p->hello.state & GRP_INITIALISED ? "ready" : "starting");
	show_flag(out, "active", p->is_live && p->hello.state & GRP_ACTIVE);
	show_u64(out, "epoch", p->epoch);
	show_u64(out, "records", p->hello.n_records);
	show_digest(out, p->hello.digest);
	show_u64(out, "unacknowledged", p->ring.n);
	if (p->is_trusted)
		show_real(out, "heard-ago", (double)(now.mono.ns - p->heard.ns) / 1e9);
	if (p->same.ns)
		show_real(out, "synchronised-ago", (double)(now.mono.ns - p->same.ns) / 1e9);
	show_end(out);
}

void rg_show(const struct rg *g, struct show *out, struct now now)
{
	show_begin(out, "group");
	show_u64(out, "id", g->conf.id);
	show_str(out, "address", ADDR46_STR(&g->conf.self));
	show_str(out, "state", state_str(g->state));
	show_flag(out, "active", g->is_active);
	show_u64(out, "epoch", g->epoch);
	show_u64(out, "live", rg_live(g));
	show_u64(out, "records", g->n_live_records);
	show_u64(out, "deleted", table_count(&g->entries) - g->n_live_records);
	show_digest(out, g->root);
	show_u64(out, "uncommitted", g->token - g->committed);
	show_u64(out, "updates", g->n.updates);
	show_u64(out, "pages", g->n.pages);
	show_u64(out, "sent-again", g->n.again);
	show_u64(out, "applied", g->n.applied);
	show_u64(out, "ignored", g->n.ignored);
	show_u64(out, "repaired", g->n.repaired);
	show_end(out);
	for (uint32_t i = 0; i < RG_PEER_MAX; i++)
		if (g->peer[i].id)
			show_peer(&g->peer[i], out, now);
}
