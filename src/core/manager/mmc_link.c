/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client and its managers: signs of life, and trust in each other's epochs.
 *
 * Each hello carries a fresh nonce, and the manager's welcome echoes it: that proves the manager's epoch, within which its numbers
 * count. A manager that does not trust our epoch (it or we began anew) sends a nonce of its own, in a welcome in answer to whatever we
 * sent; we echo it, and what waits is asked at once.
 */
#include "core/manager/mmc_i.h"

static const span_t hello_soonest = {5 * NS_PER_MS}; /* between two, whatever makes us say one */

struct wr mmc_begin(const struct mmc *m, struct mmc_manager *g, enum mm_type type, uint8_t buf[static MM_DATAGRAM_MAX])
{
	struct wr w = wr_of(buf, MM_DATAGRAM_MAX);
	grp_head_build(&w, &(struct grp_head){.type = (uint8_t)type, .from = m->conf.id, .epoch = m->epoch, .seq = ++g->seq});
	return w;
}

void mmc_end(struct mmc *m, struct mmc_manager *g, struct wr *w)
{
	if (mmsig_send(&m->env, m->role, m->key, &g->self, &g->addr, w))
		g->n_tx++;
}

static void put_nonce(struct wr *w, enum mm_field field, const uint8_t *nonce)
{
	struct mm_item f = {.type = (uint16_t)field};
	memcpy(f.nonce, nonce, MM_NONCE_OCT);
	mm_put(w, &f);
}

static void hello_send(struct mmc *m, struct mmc_manager *g, struct now now)
{
	uint8_t buf[MM_DATAGRAM_MAX];
	struct wr w = mmc_begin(m, g, MM_HELLO, buf);

	put_nonce(&w, MMF_CHALLENGE, g->nonce);
	if (g->has_echo)
		put_nonce(&w, MMF_ECHO, g->echo);
	g->has_echo = false;
	mmc_end(m, g, &w);
	g->n_unheard = g->is_open ? 0 : g->n_unheard + (g->n_unheard < 10);
	const int64_t soon = g->is_open ? m->conf.hello.ns : m->conf.retry.ns << (g->n_unheard - 1);
	const uint32_t ms = (uint32_t)span_to_ms(span_ns(soon < m->conf.hello.ns ? soon : m->conf.hello.ns));
	g->hello_at = mono_add(now.mono, span_ms(ms - ms / 8 + rng_below(m->env.rng, ms / 4)));
}

static const struct addr6 *self_for(const struct mmc_conf *c, const struct addr6 *manager)
{
	for (uint32_t i = 0; i < c->n_self; i++)
		if (addr6_is_v4mapped(&c->self[i]) == addr6_is_v4mapped(manager))
			return &c->self[i];
	return NULL;
}

const char *mmc_conf_check(const struct mmc_conf *c)
{
	if (c->n_manager == 0)
		return NULL;
	if (c->id == 0)
		return "an agent that asks managers needs agent-id, the number by which they know it";
	if (!c->key[0])
		return "an agent that asks managers needs manager-key, the name of a key block";
	for (uint32_t i = 0; i < c->n_manager; i++)
		if (addr6_is_none(&c->manager[i]) || !self_for(c, &c->manager[i]))
			return "an agent that asks managers needs manager-source, an address of this host of each family that managers have";
	return NULL;
}

void mmc_link_init(struct mmc *m, struct now now)
{
	m->env.rng->fill(m->env.rng->ctx, &m->epoch, sizeof m->epoch);
	for (uint32_t i = 0; i < m->conf.n_manager; i++) {
		struct mmc_manager *g = &m->manager[i];
		g->addr = m->conf.manager[i];
		g->self = *self_for(&m->conf, &g->addr);
		g->hello_at = g->heard = now.mono;
		m->env.rng->fill(m->env.rng->ctx, g->nonce, sizeof g->nonce);
	}
}

static mono_t silence_end(const struct mmc *m, const struct mmc_manager *g)
{
	return g->is_open ? mono_add(g->heard, span_ns(m->conf.hello.ns * MMC_HELLOS_MISSED + m->conf.retry.ns)) : MONO_NEVER;
}

void mmc_link_tick(struct mmc *m, struct now now)
{
	for (uint32_t i = 0; i < m->conf.n_manager; i++) {
		struct mmc_manager *g = &m->manager[i];
		if (mono_reached(silence_end(m, g), now.mono)) {
			g->is_open = false;
			mmc_on_closed(m, i, now);
		}
		if (mono_reached(g->hello_at, now.mono))
			hello_send(m, g, now);
	}
}

mono_t mmc_link_expiry(const struct mmc *m)
{
	mono_t t = MONO_NEVER;
	for (uint32_t i = 0; i < m->conf.n_manager; i++)
		t = mono_min(t, mono_min(m->manager[i].hello_at, silence_end(m, &m->manager[i])));
	return t;
}

/* A manager asks us to prove our epoch, proves its own, or both. */
static void on_welcome(struct mmc *m, uint32_t which, const struct grp_head *h, struct rd fields, struct now now)
{
	struct mmc_manager *g = &m->manager[which];
	struct mm_item f;
	enum wire_err err;
	bool is_proof = false, has_challenge = false;

	while (mm_next(&fields, &f, &err)) {
		if (f.type == MMF_CHALLENGE) {
			memcpy(g->echo, f.nonce, MM_NONCE_OCT);
			has_challenge = g->has_echo = true;
		} else if (f.type == MMF_ECHO)
			is_proof = mac_equal(f.nonce, g->nonce, MM_NONCE_OCT);
	}
	if (is_proof) {
		const bool is_new = !g->is_trusted || g->epoch != h->epoch;
		if (is_new)
			g->seen = (struct window){0};
		g->is_trusted = true;
		g->epoch = h->epoch;
		g->heard = now.mono;
		m->env.rng->fill(m->env.rng->ctx, g->nonce, sizeof g->nonce);
		const bool was_open = g->is_open;
		g->is_open = !has_challenge;
		if (g->is_open && (is_new || !was_open))
			mmc_on_open(m, which, true, now);
	}
	if (has_challenge)
		g->hello_at = mono_min(g->hello_at, is_proof ? now.mono : mono_add(now.mono, hello_soonest));
}

static bool is_fresh(struct mmc *m, struct mmc_manager *g, const struct grp_head *h, bool *was_here)
{
	bool is_old;

	*was_here = false;
	if (!g->is_trusted || g->epoch != h->epoch) {
		reason_count(&m->env, R_MM_EPOCH);
		return false;
	}
	if (window_take(&g->seen, h->seq, &is_old))
		return true;
	reason_count(&m->env, R_MM_REPLAY);
	*was_here = !is_old;
	return false;
}

static void ack_send(struct mmc *m, struct mmc_manager *g, uint64_t seq)
{
	uint8_t buf[MM_DATAGRAM_MAX];
	struct wr w = mmc_begin(m, g, MM_ACK, buf);

	mm_put(&w, &(struct mm_item){.type = MMF_ACK, .ack = seq});
	mmc_end(m, g, &w);
}

static void rx_authentic(struct mmc *m, uint32_t which, const struct grp_head *h, struct rd fields, struct now now)
{
	struct mmc_manager *g = &m->manager[which];
	bool was_here;

	g->n_rx++;
	if (h->type == MM_WELCOME) {
		on_welcome(m, which, h, fields, now);
		return;
	}
	const bool fresh = is_fresh(m, g, h, &was_here);
	if (fresh)
		g->heard = now.mono;
	if (h->type == MM_CHANGE && (fresh || was_here))
		ack_send(m, g, h->seq); /* our first acknowledgement may be lost */
	if (fresh && h->type == MM_ANSWER) {
		g->n_answers++;
		mmc_on_answer(m, which, fields, now);
	} else if (fresh && h->type == MM_CHANGE) {
		g->n_changes++;
		mmc_on_change(m, which, fields, now);
	} else if (fresh && h->type == MM_TOLD)
		mmc_on_served(m, fields, now);
}

bool mmc_link_rx(struct mmc *m, const struct mmsig_packet *p, struct now now)
{
	struct rd r = rd_of(p->data, p->len_oct);
	struct grp_head h;
	uint32_t which = 0;

	while (which < m->conf.n_manager && !(addr6_eq(&m->manager[which].addr, &p->src) && addr6_eq(&m->manager[which].self, &p->dst)))
		which++;
	enum wire_err err = mm_head_parse(&r, &h);
	if (which == m->conf.n_manager || (!err && (h.to != m->conf.id || !(h.type == MM_WELCOME || h.type == MM_ANSWER || h.type == MM_CHANGE || h.type == MM_TOLD))))
		return false;
	if (!err && !mmsig_is_right(&m->env, m->key, p)) {
		reason_count(&m->env, R_AUTH_BAD);
		return true;
	}
	if (!err)
		err = mm_check(r);
	if (err)
		reason_count(&m->env, reason_of_wire(err));
	else
		rx_authentic(m, which, &h, r, now);
	return true;
}
