/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "base/err.h"
#include "rg/sync_i.h"

struct sync_held { struct sync_held *next; uint64_t token; enum role_id role; struct fx_send send; uint8_t pkt[]; };

/* --- the store ------------------------------------------------------------------------------------------- */

void sync_restore(struct sync *s, struct store_rec *rec, struct now now)
{
	struct rg_rec version = {0}, g;
	uint8_t buf[RG_VALUE_MAX];

	if (rec->val_len_oct < SYNC_TRAILER_OCT || !sync_get_trailer(rec->val + rec->val_len_oct - SYNC_TRAILER_OCT, &version, now))
		return;
	rec->val_len_oct -= SYNC_TRAILER_OCT;
	if (!s)
		return;
	if (version.is_deleted && !rec->val_len_oct && mono_reached(version.expires, now.mono))
		fx_store_del(s->env.fx, s->role, rec->table, rec->key, rec->key_len_oct); /* no role knows it */
	if (!sync_to_group(s, rec, buf, &g))
		return;
	g.is_deleted = version.is_deleted;
	g.version = version.version;
	g.expires = version.expires;
	(void)rg_restore(s->rg, &g, now);
}

/* Value and version of a record, behind its key, in the arena. */
static bool store_with(struct effq *q, struct fx_store *f, const struct rg_rec *g, struct now now)
{
	const uint32_t oct = (uint32_t)f->key_len_oct + f->val_len_oct;
	uint32_t off;
	uint8_t *p = effq_arena(q, oct + SYNC_TRAILER_OCT, &off);

	if (!p)
		return false;
	memcpy(p, effq_bytes(q, f->off), oct);
	sync_put_trailer(p + oct, g, now);
	f->off = off;
	f->val_len_oct += SYNC_TRAILER_OCT;
	return true;
}

static void store_replica(struct sync *s, const struct store_rec *rec, const struct rg_rec *g, struct now now)
{
	uint8_t val[RG_VALUE_MAX + SYNC_TRAILER_OCT];

	if (rec->val_len_oct)
		memcpy(val, rec->val, rec->val_len_oct);
	sync_put_trailer(val + rec->val_len_oct, g, now);
	fx_store_put(s->env.fx, s->role, rec->table, rec->key, rec->key_len_oct, val, rec->val_len_oct + SYNC_TRAILER_OCT);
}

/* --- from the group -------------------------------------------------------------------------------------- */

/* What a replica pushed beyond its leave is taken out. */
static void silence(struct sync *s, uint32_t mark)
{
	struct effq *q = s->env.fx;

	for (uint32_t i = mark; i < q->n; i++)
		if (q->fx[i].kind == FX_SEND || q->fx[i].kind == FX_STORE_PUT || q->fx[i].kind == FX_STORE_DEL)
			q->fx[i].kind = FX_NOTHING;
}

static void on_apply(void *ctx, const struct rg_rec *g, struct now now)
{
	struct sync *s = ctx;
	const struct fx_change change = {.how = g->is_deleted ? FX_CHANGE_DELETE : FX_CHANGE_PUT, .stamp = g->version.stamp, .expires = g->expires};
	const uint32_t mark = s->env.fx->n;
	struct store_rec rec, own;
	struct fx_change as_own;
	uint8_t val[SYNC_VALUE_MAX];
	bool is_own = false;
	int rc = ERR_NOTFOUND;

	if (!sync_of_group(s, g, &rec)) {
		fx_event(s->env.fx, s->role, EV_WARNING, "group-record-refused", &addr6_any, "a record of group member %u makes no sense", g->version.member);
		return;
	}
	own = rec;
	for (uint32_t i = 0; i < s->n_role && rc == ERR_NOTFOUND; i++) {
		rc = s->role_of[i].ops->replica(s->role_of[i].self, &rec, &change, now);
		if (!rc) /* wall times of what came are of another clock than ours, by which it would be read */
			is_own = s->role_of[i].ops->record(s->role_of[i].self, &own, val, sizeof val, &as_own, now);
	}
	silence(s, mark);
	store_replica(s, is_own ? &own : &rec, g, now);
	if (rc && !(rc == ERR_NOTFOUND && g->is_deleted))
		fx_event(s->env.fx, s->role, EV_WARNING, "group-record-refused", &addr6_any, "a record of group member %u (table %u) cannot be taken: %s",
			 g->version.member, rec.table, err_str(rc));
}

static bool on_value(void *ctx, struct rg_rec *g, uint8_t *buf, struct now now)
{
	struct sync *s = ctx;
	struct rg_rec key = *g, full;
	struct fx_change change = {.expires = MONO_NEVER};
	uint8_t val[SYNC_VALUE_MAX];
	struct store_rec rec;

	key.value_oct = 0;
	if (!sync_of_group(s, &key, &rec))
		return false;
	for (uint32_t i = 0; i < s->n_role; i++) {
		if (!s->role_of[i].ops->record(s->role_of[i].self, &rec, val, sizeof val, &change, now))
			continue;
		if (!sync_to_group(s, &rec, buf, &full))
			return false;
		if (full.value != buf)
			memcpy(buf, full.value, full.value_oct);
		g->value = buf;
		g->value_oct = full.value_oct;
		if (!g->is_deleted)
			g->expires = change.expires;
		return true;
	}
	return false;
}

static void on_ready(void *ctx, struct now now)
{
	struct sync *s = ctx;
	if (s->ops.ready)
		s->ops.ready(s->ops.ctx, now);
}

static void tell_roles(struct sync *s, bool is_active, struct now now)
{
	s->is_active = is_active;
	for (uint32_t i = 0; i < s->n_role; i++) {
		const uint32_t mark = sync_mark(s);
		if (s->role_of[i].ops->active)
			s->role_of[i].ops->active(s->role_of[i].self, is_active, now);
		sync_scan(s, s->role_of[i].self, mark, SYNC_UNASKED, now);
	}
}

static void on_active(void *ctx, struct now now) { tell_roles(ctx, true, now); }

static void on_take_over(void *ctx, struct now now)
{
	struct sync *s = ctx;
	if (s->ops.take_over)
		s->ops.take_over(s->ops.ctx, now);
}

/* --- to the group ---------------------------------------------------------------------------------------- */

/* The number that the group must reach before anybody is told of the record; 0: it is not shared. */
static uint64_t share(struct sync *s, struct fx_store *f, struct now now)
{
	static const enum rg_change how[] = {[FX_CHANGE_PUT] = RG_PUT, [FX_CHANGE_DELETE] = RG_DELETE, [FX_CHANGE_LAPSE] = RG_LAPSE};
	struct effq *q = s->env.fx;
	const uint8_t *key = effq_bytes(q, f->off);
	const struct store_rec rec = {f->table, key, key + f->key_len_oct, f->key_len_oct, f->val_len_oct};
	uint8_t buf[RG_VALUE_MAX];
	struct rg_rec g;

	if (!sync_to_group(s, &rec, buf, &g)) {
		reason_count(&s->env, R_LIMIT_BINDINGS);
		return 0;
	}
	if (g.value_oct && g.value != buf) { /* a datagram that leaves because it is full makes the arena move */
		memcpy(buf, g.value, g.value_oct);
		g.value = buf;
	}
	g.expires = f->change.expires;
	const uint64_t token = rg_put(s->rg, how[f->change.how], &g, f->change.stamp, now);
	(void)store_with(q, f, &g, now); /* without memory it is stored without a version: the group then asks for it anew */
	return f->change.how == FX_CHANGE_LAPSE ? 0 : token;
}

/* A record that its role forgets. */
static void forget(struct sync *s, const struct fx_store *f, struct now now)
{
	const struct store_rec rec = {.table = f->table, .key = effq_bytes(s->env.fx, f->off), .key_len_oct = f->key_len_oct};
	uint8_t buf[RG_VALUE_MAX];
	struct grp_version v;
	struct rg_rec g;

	if (sync_to_group(s, &rec, buf, &g) && rg_version(s->rg, g.table, g.key, g.key_oct, &v)) {
		g.expires = now.mono;
		(void)rg_put(s->rg, RG_LAPSE, &g, 0, now);
	}
}

static void hold(struct sync *s, struct effect *e, uint64_t token)
{
	struct sync_held *h = s->n_held < SYNC_HELD_MAX ? mem_get(s->env.mem, sizeof *h + e->send.len_oct) : NULL;

	if (h) {
		*h = (struct sync_held){.token = token, .role = e->role, .send = e->send};
		memcpy(h->pkt, effq_bytes(s->env.fx, e->send.off), e->send.len_oct);
		*s->last = h;
		s->last = &h->next;
		s->n_held++;
	} else {
		s->n_dropped++;
	}
	e->kind = FX_NOTHING;
}

static void release(struct sync *s)
{
	const uint64_t reached = rg_committed(s->rg);
	struct effq *q = s->env.fx;

	while (s->first && s->first->token <= reached) {
		struct sync_held *h = s->first;
		const uint32_t before = q->n;
		s->first = h->next;
		if (!s->first)
			s->last = &s->first;
		s->n_held--;
		fx_send(q, h->role, h->send.ifindex, h->send.has_lladdr ? &h->send.lladdr : NULL, h->pkt, h->send.len_oct);
		if (q->n != before) {
			q->fx[before].send.is_arp = h->send.is_arp;
			q->fx[before].send.is_from_host = h->send.is_from_host;
		}
		mem_put(s->env.mem, h);
	}
}

uint32_t sync_mark(const struct sync *s) { return s->env.fx->n; }

void sync_scan(struct sync *s, const void *self, uint32_t mark, enum sync_call call, struct now now)
{
	const bool is_silent = call == SYNC_UNASKED && !s->is_active;
	const uint32_t end = s->env.fx->n;
	uint64_t token = 0;

	if (!sync_has(s, self))
		return;
	for (uint32_t i = mark; i < end; i++) {
		struct effect *e = &s->env.fx->fx[i];
		struct fx_store f = e->store; /* the group pushes effects too: e may move */
		if (e->kind == FX_STORE_PUT && f.change.how != FX_CHANGE_NONE) {
			const uint64_t t = share(s, &f, now);
			token = t ? t : token;
			s->env.fx->fx[i].store = f;
		} else if (e->kind == FX_STORE_DEL) {
			forget(s, &f, now);
		} else if (e->kind == FX_SEND && is_silent && !token && !e->send.is_of_standby) { /* behind a record: an answer that took its time */
			e->kind = FX_NOTHING;
		} else if (e->kind == FX_SEND && token > rg_committed(s->rg)) {
			hold(s, e, token);
		}
	}
}

void sync_flush(struct sync *s, struct now now)
{
	rg_flush(s->rg, now);
	release(s);
}

/* --- life ------------------------------------------------------------------------------------------------ */

struct sync *sync_new(const struct engine_env *env, const struct rg_conf *conf, const struct sync_ops *ops, uint32_t starts, struct now now)
{
	const struct rg_ops rg_ops = {on_apply, on_value, on_ready, on_active, on_take_over, NULL};
	struct sync *s = mem_zget(env->mem, sizeof *s);
	struct rg_ops mine = rg_ops;

	if (!s)
		return NULL;
	s->env = *env;
	s->ops = *ops;
	s->role = conf->role;
	s->last = &s->first;
	sync_keys_init(s);
	mine.ctx = s;
	s->rg = rg_new(env, conf, &mine, starts, now);
	if (s->rg)
		return s;
	mem_put(env->mem, s);
	return NULL;
}

void sync_free(struct sync *s)
{
	if (!s)
		return;
	for (struct sync_held *h = s->first, *next; h; h = next) {
		next = h->next;
		mem_put(s->env.mem, h);
	}
	sync_keys_fini(s);
	rg_free(s->rg);
	mem_put(s->env.mem, s);
}

void sync_add(struct sync *s, const struct role_ops *ops, void *self, struct now now)
{
	if (!ops->replica || !ops->record || s->n_role == SYNC_ROLE_MAX)
		return;
	s->role_of[s->n_role].ops = ops;
	s->role_of[s->n_role++].self = self;
	const uint32_t mark = sync_mark(s);
	if (ops->active)
		ops->active(self, s->is_active, now);
	sync_scan(s, self, mark, SYNC_UNASKED, now);
}

void sync_remove(struct sync *s, const void *self)
{
	for (uint32_t i = 0; i < s->n_role; i++)
		if (s->role_of[i].self == self)
			s->role_of[i] = s->role_of[--s->n_role];
}

bool sync_has(const struct sync *s, const void *self)
{
	for (uint32_t i = 0; i < s->n_role; i++)
		if (s->role_of[i].self == self)
			return true;
	return false;
}

void sync_start(struct sync *s, struct now now) { rg_start(s->rg, now); }

void sync_stop(struct sync *s, struct now now)
{
	rg_stop(s->rg, now);
	release(s);
}

bool sync_may_rx(struct sync *s, const void *self)
{
	if (!sync_has(s, self) || rg_is_ready(s->rg))
		return true;
	reason_count(&s->env, R_RG_NOT_READY);
	return false;
}

void sync_rx(struct sync *s, const struct addr6 *src, const uint8_t *data, size_t len_oct, struct now now)
{
	rg_rx(s->rg, src, data, len_oct, now);
}

void sync_tick(struct sync *s, struct now now) { rg_tick(s->rg, now); }
mono_t sync_expiry(const struct sync *s) { return rg_expiry(s->rg); }
void sync_activate(struct sync *s, struct now now) { rg_activate(s->rg, now); }

void sync_deactivate(struct sync *s, struct now now)
{
	rg_deactivate(s->rg, now);
	if (s->is_active)
		tell_roles(s, false, now);
}

int sync_set_keys(struct sync *s, const struct rg_conf *conf) { return rg_set_keys(s->rg, conf); }
bool sync_is_active(const struct sync *s) { return s->is_active; }
bool sync_is_ready(const struct sync *s) { return rg_is_ready(s->rg); }
int sync_hand_over(struct sync *s, struct now now) { return rg_hand_over(s->rg, now); }

void sync_show(const struct sync *s, struct show *out, struct now now)
{
	rg_show(s->rg, out, now);
	show_begin(out, "held");
	show_u64(out, "packets", s->n_held);
	show_u64(out, "dropped", s->n_dropped);
	show_end(out);
}
