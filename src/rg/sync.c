/* SPDX-License-Identifier: BSD-2-Clause */
#include "rg/sync.h"

#include <string.h>

#include "base/cursor.h"
#include "base/err.h"
#include "base/table.h"

enum {
	ROLE_MAX = 4,
	HELD_MAX = 65536,        /* packets that wait for the group; more are dropped, and their mobiles ask again */
	LONG_KEY = 0x80,         /* of a record's table in the group: its key is a hash, and the value begins with the whole of it */
	LONG_KEY_MAX = 255,
	TRAILER_OCT = 33,        /* flags (1), end of the lifetime in ns since 1970 (8), stamp (8), clock (8), member (4), mark (4) */
	VALUE_MAX = RG_VALUE_MAX - 1 - LONG_KEY_MAX,
};
static const uint32_t TRAILER_MARK = 0x72677631;

struct held { struct held *next; uint64_t token; enum role_id role; struct fx_send send; uint8_t pkt[]; };

/* A key that is longer than the group's, by the hash that stands for it there. */
struct long_key { uint8_t hash[GRP_KEY_MAX]; uint8_t oct; uint8_t key[]; };

struct sync {
	struct engine_env env;
	struct sync_ops ops;
	struct rg *rg;
	enum role_id role;                       /* the group's effects are pushed in its name */
	struct { const struct role_ops *ops; void *self; } role_of[ROLE_MAX];
	uint32_t n_role;
	bool is_active;
	struct held *first, **last;
	uint32_t n_held;
	uint64_t n_dropped;
	struct table long_keys;
};

/* --- keys ------------------------------------------------------------------------------------------------ */

static struct long_key *long_key_take(struct sync *s, const uint8_t *key, size_t oct)
{
	const struct iov_in in = {key, oct};
	uint8_t hash[20];

	if (oct > LONG_KEY_MAX)
		return NULL;
	s->env.crypto->sha1(s->env.crypto->ctx, &in, 1, hash);
	struct long_key *k = table_find(&s->long_keys, hash);
	if (k)
		return k;
	k = mem_zget(s->env.mem, sizeof *k + oct);
	if (!k)
		return NULL;
	memcpy(k->hash, hash, sizeof k->hash);
	memcpy(k->key, key, oct);
	k->oct = (uint8_t)oct;
	if (table_add(&s->long_keys, k)) {
		mem_put(s->env.mem, k);
		return NULL;
	}
	return k;
}

/* A record of the store as the group knows it. buf of RG_VALUE_MAX octets takes the value of one with a long key. */
static bool to_group(struct sync *s, const struct store_rec *in, uint8_t *buf, struct rg_rec *out)
{
	*out = (struct rg_rec){.table = (uint8_t)in->table, .value = in->val, .value_oct = (uint32_t)in->val_len_oct};
	if (in->key_len_oct <= GRP_KEY_MAX) {
		out->key_oct = (uint8_t)in->key_len_oct;
		memcpy(out->key, in->key, in->key_len_oct);
		return in->val_len_oct <= RG_VALUE_MAX;
	}
	const struct long_key *k = long_key_take(s, in->key, in->key_len_oct);
	struct wr w = wr_of(buf, RG_VALUE_MAX);
	if (!k)
		return false;
	wr_u8(&w, k->oct);
	wr_bytes(&w, k->key, k->oct);
	wr_bytes(&w, in->val, in->val_len_oct);
	out->table |= LONG_KEY;
	out->key_oct = sizeof k->hash;
	memcpy(out->key, k->hash, sizeof k->hash);
	out->value = buf;
	out->value_oct = (uint32_t)wr_len(&w);
	return wr_ok(&w);
}

/* The other way; false: it makes no sense. */
static bool of_group(struct sync *s, const struct rg_rec *in, struct store_rec *out)
{
	*out = (struct store_rec){.table = in->table & ~LONG_KEY, .key = in->key, .key_len_oct = in->key_oct, .val = in->value,
				  .val_len_oct = in->value_oct};
	if (!(in->table & LONG_KEY))
		return true;
	const struct long_key *k = in->key_oct == GRP_KEY_MAX ? table_find(&s->long_keys, in->key) : NULL;
	if (in->value_oct) {
		struct rd r = rd_of(in->value, in->value_oct);
		const size_t oct = rd_u8(&r);
		rd_skip(&r, oct);
		k = rd_ok(&r) && oct > GRP_KEY_MAX ? long_key_take(s, in->value + 1, oct) : NULL;
		if (!k || memcmp(k->hash, in->key, sizeof k->hash) != 0)
			return false;
		out->val = in->value + 1 + oct;
		out->val_len_oct = in->value_oct - 1 - oct;
	}
	if (!k)
		return false;
	out->key = k->key;
	out->key_len_oct = k->oct;
	return true;
}

/* --- the store ------------------------------------------------------------------------------------------- */

static wall_t wall_of(mono_t t, struct now now)
{
	return mono_is_never(t) ? (wall_t){INT64_MAX} : wall_add(now.wall, mono_sub(t, now.mono));
}

static void put_trailer(uint8_t out[static TRAILER_OCT], bool is_deleted, mono_t expires, const struct grp_version *v, struct now now)
{
	struct wr w = wr_of(out, TRAILER_OCT);

	wr_u8(&w, is_deleted);
	wr_u64(&w, (uint64_t)wall_of(expires, now).ns);
	wr_u64(&w, v->stamp);
	wr_u64(&w, v->clock);
	wr_u32(&w, v->member);
	wr_u32(&w, TRAILER_MARK);
}

static bool get_trailer(const uint8_t *p, struct rg_rec *rec, struct now now)
{
	struct rd r = rd_of(p, TRAILER_OCT);
	const int64_t day_ns = 86400 * NS_PER_S;

	rec->is_deleted = rd_u8(&r) & 1;
	const int64_t end = (int64_t)rd_u64(&r);
	rec->version.stamp = rd_u64(&r);
	rec->version.clock = rd_u64(&r);
	rec->version.member = rd_u32(&r);
	const span_t left = wall_sub((wall_t){end}, now.wall); /* a clock that was set makes it no longer than that of MIPv6's longest */
	rec->expires = end == INT64_MAX ? MONO_NEVER : mono_add(now.mono, left.ns < 4 * day_ns ? left : span_ns(4 * day_ns));
	return rd_u32(&r) == TRAILER_MARK;
}

void sync_restore(struct sync *s, struct store_rec *rec, struct now now)
{
	struct rg_rec version = {0}, g;
	uint8_t buf[RG_VALUE_MAX];

	if (rec->val_len_oct < TRAILER_OCT || !get_trailer(rec->val + rec->val_len_oct - TRAILER_OCT, &version, now))
		return;
	rec->val_len_oct -= TRAILER_OCT;
	if (!s)
		return;
	if (version.is_deleted && !rec->val_len_oct && mono_reached(version.expires, now.mono))
		fx_store_del(s->env.fx, s->role, rec->table, rec->key, rec->key_len_oct); /* no role knows it */
	if (!to_group(s, rec, buf, &g))
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
	uint8_t *p = effq_arena(q, oct + TRAILER_OCT, &off);

	if (!p)
		return false;
	memcpy(p, effq_bytes(q, f->off), oct);
	put_trailer(p + oct, g->is_deleted, g->expires, &g->version, now);
	f->off = off;
	f->val_len_oct += TRAILER_OCT;
	return true;
}

static void store_replica(struct sync *s, const struct store_rec *rec, const struct rg_rec *g, struct now now)
{
	uint8_t val[RG_VALUE_MAX + TRAILER_OCT];

	if (rec->val_len_oct)
		memcpy(val, rec->val, rec->val_len_oct);
	put_trailer(val + rec->val_len_oct, g->is_deleted, g->expires, &g->version, now);
	fx_store_put(s->env.fx, s->role, rec->table, rec->key, rec->key_len_oct, val, rec->val_len_oct + TRAILER_OCT);
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
	struct store_rec rec;
	int rc = ERR_NOTFOUND;

	if (!of_group(s, g, &rec)) {
		fx_event(s->env.fx, s->role, EV_WARNING, "group-record-refused", &addr6_any, "a record of group member %u makes no sense", g->version.member);
		return;
	}
	for (uint32_t i = 0; i < s->n_role && rc == ERR_NOTFOUND; i++)
		rc = s->role_of[i].ops->replica(s->role_of[i].self, &rec, &change, now);
	silence(s, mark);
	store_replica(s, &rec, g, now);
	if (rc && !(rc == ERR_NOTFOUND && g->is_deleted))
		fx_event(s->env.fx, s->role, EV_WARNING, "group-record-refused", &addr6_any, "a record of group member %u (table %u) cannot be taken: %s",
			 g->version.member, rec.table, err_str(rc));
}

static bool on_value(void *ctx, struct rg_rec *g, uint8_t *buf, struct now now)
{
	struct sync *s = ctx;
	struct rg_rec key = *g, full;
	struct fx_change change = {.expires = MONO_NEVER};
	uint8_t val[VALUE_MAX];
	struct store_rec rec;

	key.value_oct = 0;
	if (!of_group(s, &key, &rec))
		return false;
	for (uint32_t i = 0; i < s->n_role; i++) {
		if (!s->role_of[i].ops->record(s->role_of[i].self, &rec, val, sizeof val, &change, now))
			continue;
		if (!to_group(s, &rec, buf, &full))
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

	if (!to_group(s, &rec, buf, &g)) {
		reason_count(&s->env, R_LIMIT_BINDINGS);
		return 0;
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

	if (to_group(s, &rec, buf, &g) && rg_version(s->rg, g.table, g.key, g.key_oct, &v)) {
		g.expires = now.mono;
		(void)rg_put(s->rg, RG_LAPSE, &g, 0, now);
	}
}

static void hold(struct sync *s, struct effect *e, uint64_t token)
{
	struct held *h = s->n_held < HELD_MAX ? mem_get(s->env.mem, sizeof *h + e->send.len_oct) : NULL;

	if (h) {
		*h = (struct held){.token = token, .role = e->role, .send = e->send};
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
		struct held *h = s->first;
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
		} else if (e->kind == FX_SEND && is_silent) {
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
	table_init(&s->long_keys, env->mem, env->rng, offsetof(struct long_key, hash), sizeof((struct long_key *)0)->hash);
	mine.ctx = s;
	s->rg = rg_new(env, conf, &mine, starts, now);
	if (s->rg)
		return s;
	mem_put(env->mem, s);
	return NULL;
}

void sync_free(struct sync *s)
{
	struct long_key *k;

	if (!s)
		return;
	for (struct held *h = s->first, *next; h; h = next) {
		next = h->next;
		mem_put(s->env.mem, h);
	}
	for (uint64_t it = 0; (k = table_next(&s->long_keys, &it));)
		mem_put(s->env.mem, k);
	table_fini(&s->long_keys);
	rg_free(s->rg);
	mem_put(s->env.mem, s);
}

void sync_add(struct sync *s, const struct role_ops *ops, void *self, struct now now)
{
	if (!ops->replica || !ops->record || s->n_role == ROLE_MAX)
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
