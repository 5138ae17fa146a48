/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Datagrams of agents. Whoever is not configured, or has not the key, costs a look into a table and at most one hash, and changes nothing
 * but a counter.
 *
 * An agent's numbers count within one boot epoch. Another epoch may be a restart, or an old recording: it is believed when the agent
 * gives back a nonce. The nonce is computed from a secret of this start, agent, epoch and address, and from how often the agent has proven
 * an epoch, so that nothing has to be remembered for those who ask, and an old proof is none.
 */
#include "role/mm/mm_i.h"

enum { CHALLENGES_PER_S = 100, CHALLENGES_BURST = 20 };

const char *mm_agents_init(const struct engine_env *env, struct mm_agents *as, const struct mm_conf *c)
{
	const char *wrong = NULL;

	table_init(&as->by_id, env->mem, env->rng, offsetof(struct mm_agent, conf.id), sizeof(uint32_t));
	as->a = mem_zget(env->mem, c->n_agent * sizeof *as->a);
	if (!as->a)
		return "not enough memory";
	for (uint32_t i = 0; i < c->n_agent && !wrong; i++) {
		struct mm_agent *a = &as->a[i];
		a->conf = c->agent[i];
		a->key = env->key(env->ctx, a->conf.key);
		if (!a->key)
			wrong = "an agent names a key that is not configured: add a key block of that name";
		else if (table_add(&as->by_id, a))
			wrong = "not enough memory";
	}
	if (wrong)
		mm_agents_fini(env, as);
	return wrong;
}

void mm_agents_fini(const struct engine_env *env, struct mm_agents *as)
{
	table_fini(&as->by_id);
	mem_put(env->mem, as->a);
	as->a = NULL;
}

struct wr mm_begin(struct mm *m, struct mm_agent *a, enum mm_type type, uint8_t buf[static MM_DATAGRAM_MAX])
{
	struct wr w = wr_of(buf, MM_DATAGRAM_MAX);
	grp_head_build(&w, &(struct grp_head){.type = (uint8_t)type, .from = m->conf.id, .to = a->conf.id, .epoch = m->epoch, .seq = ++a->seq});
	return w;
}

static void end_to(struct mm *m, struct mm_agent *a, struct wr *w, const struct addr6 *self, const struct addr6 *to)
{
	(void)mmsig_send(m->env, ROLE_MM, a->key, self, to, w);
}

void mm_end(struct mm *m, struct mm_agent *a, struct wr *w) { end_to(m, a, w, &a->self, &a->addr); }

/* --- epochs ---------------------------------------------------------------------------------------------- */

static void challenge_of(const struct mm *m, const struct mm_agent *a, uint64_t epoch, const struct addr6 *from, uint8_t out[static 32])
{
	const struct iov_in in[] = {{&a->conf.id, sizeof a->conf.id}, {&epoch, sizeof epoch}, {from, sizeof *from},
				    {&a->n_proofs, sizeof a->n_proofs}};
	(void)m->env->crypto->mac(m->env->crypto->ctx, m->nonces, in, sizeof in / sizeof *in, out);
}

static void put_nonce(struct wr *w, enum mm_field field, const uint8_t *nonce)
{
	struct mm_item f = {.type = (uint16_t)field};
	memcpy(f.nonce, nonce, MM_NONCE_OCT);
	mm_put(w, &f);
}

/* echo: NULL for none. With a challenge when the epoch is not trusted. */
static void welcome(struct mm *m, struct mm_agent *a, const struct grp_head *h, const struct mmsig_packet *p, const uint8_t *echo)
{
	uint8_t buf[MM_DATAGRAM_MAX], nonce[32];
	struct wr w = mm_begin(m, a, MM_WELCOME, buf);

	if (echo)
		put_nonce(&w, MMF_ECHO, echo);
	if (!a->is_trusted || a->epoch != h->epoch) {
		challenge_of(m, a, h->epoch, &p->src, nonce);
		put_nonce(&w, MMF_CHALLENGE, nonce);
	}
	end_to(m, a, &w, &p->dst, &p->src);
}

/* The nonces of a hello; a right proof makes its epoch the agent's. */
static const uint8_t *take_nonces(struct mm *m, struct mm_agent *a, const struct grp_head *h, struct rd fields,
				  const struct mmsig_packet *p, uint8_t echo[static MM_NONCE_OCT])
{
	const uint8_t *has = NULL;
	uint8_t want[32];
	struct mm_item f;
	enum wire_err err;

	while (mm_next(&fields, &f, &err)) {
		if (f.type == MMF_CHALLENGE)
			has = memcpy(echo, f.nonce, MM_NONCE_OCT);
		if (f.type != MMF_ECHO || (a->is_trusted && a->epoch == h->epoch))
			continue;
		challenge_of(m, a, h->epoch, &p->src, want);
		if (!mac_equal(want, f.nonce, MM_NONCE_OCT))
			continue;
		if (a->epoch != h->epoch)
			a->seen = (struct window){0};
		a->is_trusted = true;
		a->epoch = h->epoch;
		a->n_proofs++;
		fx_event(m->env->fx, ROLE_MM, EV_INFO, "agent-epoch", &addr6_any, "agent %u at %s: unproven -> trusted: it has echoed our nonce",
			 a->conf.id, ADDR46_STR(&p->src));
	}
	return has;
}

static bool may_challenge(struct mm *m, const struct mm_agent *a, struct now now)
{
	return rate_take(&m->rate, rate_key(&m->rate, &a->conf.id, sizeof a->conf.id), CHALLENGES_PER_S, CHALLENGES_BURST, now.mono);
}

static void on_hello(struct mm *m, struct mm_agent *a, const struct grp_head *h, struct rd fields, const struct mmsig_packet *p,
		     struct now now)
{
	uint8_t echo[MM_NONCE_OCT];
	bool is_old;

	if (!may_challenge(m, a, now)) {
		reason_count(m->env, R_LIMIT_RATE);
		return;
	}
	const uint8_t *has_echo = take_nonces(m, a, h, fields, p, echo);
	if (a->is_trusted && a->epoch == h->epoch) {
		if (!window_take(&a->seen, h->seq, &is_old)) {
			reason_count(m->env, R_MM_REPLAY);
			return;
		}
		a->addr = p->src;
		a->self = p->dst;
		a->heard = now.mono;
	}
	welcome(m, a, h, p, has_echo);
}

/* --- questions ------------------------------------------------------------------------------------------- */

static bool may_know(const struct mm_agent_conf *c, const struct addr6 *home)
{
	for (uint32_t i = 0; i < c->n_prefix; i++)
		if (!addr6_is_none(home) && prefix6_contains(&c->prefix[i], home))
			return true;
	return c->n_prefix == 0;
}

struct mm_device *mm_lookup(const struct mm *m, const struct mm_agent *a, const struct device_id *id, const struct addr6 *home,
			    struct mm_answer *out)
{
	const uint32_t may = a->conf.may;
	struct mm_device *d = id ? mm_device_by_id(m, id) : mm_device_by_home(m, home);

	*out = (struct mm_answer){.status = MM_NOT_FOUND, .lifetime_s = (uint32_t)span_to_s(m->conf.negative)};
	if ((id && may == MM_MAY_ADDRESS) || (!id && (may == MM_MAY_DEVICE || !may_know(&a->conf, home))) ||
	    (d && id && !may_know(&a->conf, &d->home6) && !may_know(&a->conf, &d->home4))) {
		out->status = MM_DENIED;
		return NULL;
	}
	if (d)
		*out = (struct mm_answer){.status = MM_FOUND, .lifetime_s = (uint32_t)span_to_s(m->conf.lifetime)};
	return d;
}

void mm_put_answer(struct wr *w, const struct mm_answer *ans, const struct mm_device *d)
{
	struct mm_record rec;

	mm_put(w, &(struct mm_item){.type = MMF_ANSWER, .answer = *ans});
	if (!d)
		return;
	mm_device_record(d, &rec);
	mm_put_record(w, &rec);
}

static void count(struct mm *m, struct mm_agent *a, const struct mm_answer *ans)
{
	a->n_found += ans->status == MM_FOUND;
	a->n_unknown += ans->status == MM_NOT_FOUND;
	a->n_denied += ans->status == MM_DENIED;
	m->n_answers++;
	if (ans->status == MM_DENIED)
		reason_count(m->env, R_MM_NOT_ALLOWED);
}

struct asked { struct mm_query query; struct device_id device; struct addr6 home; bool has_query, has_device, has_home; };

static void asked_read(struct rd fields, struct asked *q)
{
	struct mm_item f;
	enum wire_err err;

	*q = (struct asked){.has_query = false};
	while (mm_next(&fields, &f, &err)) {
		if (f.type == MMF_QUERY) {
			q->query = f.query;
			q->has_query = true;
		} else if (f.type == MMF_DEVICE) {
			q->device = f.device;
			q->has_device = true;
		} else if (f.type == MMF_ADDRESS) {
			q->home = f.address;
			q->has_home = true;
		}
	}
}

static void on_query(struct mm *m, struct mm_agent *a, struct rd fields, const struct mmsig_packet *p, struct now now)
{
	uint8_t buf[MM_DATAGRAM_MAX];
	struct mm_answer ans;
	struct asked q;

	asked_read(fields, &q);
	if (!q.has_query || q.has_device == q.has_home || (q.has_device && !device_is_valid(&q.device))) {
		reason_count(m->env, R_MSG_MALFORMED);
		return;
	}
	m->n_queries++;
	a->n_queries++;
	const struct device_id *id = q.has_device ? &q.device : NULL;
	const struct mm_device *d = mm_lookup(m, a, id, &q.home, &ans);
	if (ans.status == MM_NOT_FOUND && m->conf.store.is_used && !m->shared.is_synced) {
		reason_count(m->env, R_MM_NOT_READY); /* another manager may know */
		return;
	}
	ans.transaction = q.query.transaction;
	count(m, a, &ans);
	if (q.query.flags & MM_SUBSCRIBE && ans.status != MM_DENIED && !mm_subscribe(m, a, id, &q.home, span_s(ans.lifetime_s), now)) {
		reason_count(m->env, R_MM_LIMIT);
		ans.lifetime_s = (uint32_t)span_to_s(m->conf.negative); /* nobody will tell: let it ask again soon */
	}
	struct wr w = mm_begin(m, a, MM_ANSWER, buf);
	mm_put_answer(&w, &ans, d);
	end_to(m, a, &w, &p->dst, &p->src);
}

/* --- in ---------------------------------------------------------------------------------------------------- */

/* An authentic datagram of a trusted epoch, for the first time; else what there is to say to that is said. */
static bool is_fresh(struct mm *m, struct mm_agent *a, const struct grp_head *h, const struct mmsig_packet *p, struct now now)
{
	bool is_old;

	if (!a->is_trusted || a->epoch != h->epoch) {
		reason_count(m->env, R_MM_EPOCH);
		if (h->type == MM_QUERY && may_challenge(m, a, now))
			welcome(m, a, h, p, NULL);
		return false;
	}
	if (window_take(&a->seen, h->seq, &is_old))
		return true;
	reason_count(m->env, R_MM_REPLAY);
	return false;
}

static void rx_authentic(struct mm *m, struct mm_agent *a, const struct grp_head *h, struct rd fields, const struct mmsig_packet *p,
			 struct now now)
{
	struct mm_item f;
	enum wire_err err;

	if (h->type == MM_HELLO) {
		on_hello(m, a, h, fields, p, now);
		return;
	}
	if (!is_fresh(m, a, h, p, now))
		return;
	a->addr = p->src;
	a->self = p->dst;
	a->heard = now.mono;
	if (h->type == MM_ACK) {
		while (mm_next(&fields, &f, &err))
			if (f.type == MMF_ACK)
				mm_on_ack(m, a, f.ack);
		return;
	}
	if (!rate_take(&m->rate, ~rate_key(&m->rate, &a->conf.id, sizeof a->conf.id), m->conf.rate, m->conf.rate / 4 + 1, now.mono))
		reason_count(m->env, R_LIMIT_RATE);
	else if (h->type == MM_TELL)
		mm_on_serving(m, a, fields);
	else
		on_query(m, a, fields, p, now);
}

bool mm_rx(void *self, const struct rx *rx, struct now now)
{
	struct mm *m = self;
	struct mmsig_packet p;
	struct grp_head h;

	if (!mmsig_packet_parse(rx, &p))
		return false;
	struct rd r = rd_of(p.data, p.len_oct);
	enum wire_err err = mm_head_parse(&r, &h);
	if (!err && h.type != MM_HELLO && h.type != MM_QUERY && h.type != MM_ACK && h.type != MM_TELL)
		return false;
	struct mm_agent *a = err ? NULL : table_find(&m->agents.by_id, &h.from);
	if (err)
		reason_count(m->env, reason_of_wire(err));
	else if (!a)
		reason_count(m->env, R_MM_AGENT_UNKNOWN);
	else if (!mmsig_is_right(m->env, a->key, &p))
		reason_count(m->env, R_AUTH_BAD);
	else if ((err = mm_check(r)) != W_OK)
		reason_count(m->env, reason_of_wire(err));
	else
		rx_authentic(m, a, &h, r, &p, now);
	return true;
}
