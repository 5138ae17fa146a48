/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Versions of records. The values are their owner's; here is which version is held, whether it is deleted, and what each part of
 * the table amounts to.
 *
 * A digest is the exclusive or of a hash of key and version over the live records of a part. Deleted records are left
 * out of it, for members forget them at different times; they travel when a part is sent all the same.
 */
#include "rg/rg_i.h"

enum { LAPSE_SLACK_S = 2 };

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

/* The same on every member, whatever its byte order. */
static uint64_t word_of(const uint8_t *p, uint32_t oct)
{
	uint64_t v = 0;
	for (uint32_t i = 0; i < oct; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

static uint64_t hash(const uint8_t *p, uint32_t oct)
{
	uint64_t h = 0x2545f4914f6cdd1dull;
	uint32_t i = 0;
	for (; i + 8 <= oct; i += 8)
		h = mix(h, word_of(p + i, 8));
	return mix(mix(h, word_of(p + i, oct - i)), oct);
}

static uint64_t digest_of(const struct rg_entry *e) { return mix(mix(mix(e->hash, e->stamp), e->clock), e->member); }

static uint16_t range_of(const struct rg_entry *e) { return (uint16_t)(e->hash >> 40 & (GRP_RANGES - 1)); }

void rg_table_init(struct rg *g)
{
	table_init(&g->entries, g->env.mem, g->env.rng, offsetof(struct rg_entry, key), sizeof((struct rg_entry *)0)->key);
	timers_init(&g->purges, g->env.mem);
}

void rg_table_fini(struct rg *g)
{
	struct rg_entry *e;

	timers_fini(&g->purges); /* touches the entries */
	for (uint64_t it = 0; (e = table_next(&g->entries, &it)) != NULL;)
		mem_put(g->env.mem, e);
	table_fini(&g->entries);
}

static void make_key(uint8_t out[static 2 + GRP_KEY_MAX], uint8_t table, const uint8_t *key, uint8_t key_oct)
{
	memset(out, 0, 2 + GRP_KEY_MAX);
	out[0] = table;
	out[1] = key_oct;
	memcpy(out + 2, key, key_oct);
}

struct rg_entry *rg_entry_find(const struct rg *g, uint8_t table, const uint8_t *key, uint8_t key_oct)
{
	uint8_t k[2 + GRP_KEY_MAX];

	make_key(k, table, key, key_oct);
	return table_find(&g->entries, k);
}

static void hang(struct rg *g, struct rg_entry *e)
{
	struct rg_entry **head = &g->range[range_of(e)];

	e->next = *head;
	e->at = head;
	if (e->next)
		e->next->at = &e->next;
	*head = e;
}

struct rg_entry *rg_entry_take(struct rg *g, uint8_t table, const uint8_t *key, uint8_t key_oct)
{
	struct rg_entry *e = rg_entry_find(g, table, key, key_oct);

	if (e)
		return e;
	if (timers_reserve(&g->purges, table_count(&g->entries) + 1))
		return NULL;
	e = mem_zget(g->env.mem, sizeof *e);
	if (!e)
		return NULL;
	make_key(e->key, table, key, key_oct);
	e->hash = hash(e->key, sizeof e->key);
	e->is_deleted = true;
	if (table_add(&g->entries, e)) {
		mem_put(g->env.mem, e);
		return NULL;
	}
	hang(g, e);
	return e;
}

/* In or out of what is known of its part; a new one, which has no version yet, is not in it. */
static void count_in(struct rg *g, const struct rg_entry *e, bool is_in)
{
	if (e->is_deleted) {
		g->deleted[range_of(e)] += e->is_lapsed || !e->clock ? 0 : is_in ? 1 : -1u;
		return;
	}
	const uint64_t d = digest_of(e);
	g->digest[range_of(e)] ^= d;
	g->root ^= d;
	g->n_live_records += is_in ? 1 : -1u;
}

static void entry_free(struct rg *g, struct rg_entry *e)
{
	count_in(g, e, false);
	table_del(&g->entries, e->key);
	*e->at = e->next;
	if (e->next)
		e->next->at = e->at;
	timer_clear(&g->purges, &e->purge);
	mem_put(g->env.mem, e);
}

void rg_entry_set(struct rg *g, struct rg_entry *e, const struct grp_version *v, bool is_deleted, bool is_lapsed, mono_t forget)
{
	count_in(g, e, false);
	e->stamp = v->stamp;
	e->clock = v->clock;
	e->member = v->member;
	e->is_deleted = is_deleted;
	e->is_lapsed = is_lapsed;
	count_in(g, e, true);
	(void)timer_set(&g->purges, &e->purge, is_deleted ? forget : MONO_NEVER); /* reserved when the entry was made */
}

void rg_entry_version(const struct rg_entry *e, struct grp_version *v)
{
	*v = (struct grp_version){e->stamp, e->clock, e->member};
}

/* Later than all that was seen, and than our own wall clock unless that was set back. */
uint64_t rg_clock_next(struct rg *g, struct now now)
{
	const uint64_t wall = now.wall.ns > 0 ? (uint64_t)now.wall.ns : 0;

	g->clock = g->clock + 1 > wall ? g->clock + 1 : wall;
	return g->clock;
}

void rg_clock_see(struct rg *g, uint64_t clock)
{
	if (clock > g->clock)
		g->clock = clock;
}

static mono_t end_of(uint32_t left_s, struct now now)
{
	return left_s == UINT32_MAX ? MONO_NEVER : mono_add(now.mono, span_s(left_s));
}

mono_t rg_forget_at(const struct rg *g, mono_t end, struct now now)
{
	const mono_t least = mono_add(now.mono, g->conf.purge);
	return mono_is_never(end) ? least : mono_max(least, mono_add(end, g->conf.purge));
}

/* One that ended here by its lifetime, and lives on elsewhere for longer than rounding explains: it was our clock, which a restart reads ends by. */
static bool has_lapsed_wrongly(const struct rg_entry *e, const struct grp_record *r, const struct grp_version *held)
{
	return e->is_lapsed && !(r->flags & GRP_DELETED) && r->left_s > LAPSE_SLACK_S && grp_version_cmp(&r->version, held) == 0;
}

bool rg_merge(struct rg *g, const struct grp_record *r, struct now now)
{
	struct rg_entry *e = rg_entry_take(g, r->table, r->key, r->key_oct);
	struct grp_version held;

	rg_clock_see(g, r->version.clock);
	if (!e) {
		reason_count(&g->env, R_LIMIT_BINDINGS);
		return false;
	}
	rg_entry_version(e, &held);
	if (grp_version_cmp(&r->version, &held) <= 0 && !has_lapsed_wrongly(e, r, &held)) {
		g->n.ignored++;
		return false;
	}
	const bool is_deleted = r->flags & GRP_DELETED;
	const mono_t end = end_of(r->left_s, now);
	rg_entry_set(g, e, &r->version, is_deleted, false, rg_forget_at(g, end, now));
	struct rg_rec rec = {.table = r->table, .key_oct = r->key_oct, .is_deleted = is_deleted, .version = r->version, .expires = end,
			     .value = r->value, .value_oct = r->value_oct};
	memcpy(rec.key, r->key, r->key_oct);
	g->n.applied++;
	g->ops.apply(g->ops.ctx, &rec, now);
	return true;
}

uint32_t rg_left_of(mono_t end, struct now now)
{
	if (mono_is_never(end))
		return UINT32_MAX;
	const int64_t left = (mono_sub(end, now.mono).ns + NS_PER_S - 1) / NS_PER_S;
	return left <= 0 ? 0 : left >= UINT32_MAX ? UINT32_MAX - 1 : (uint32_t)left;
}

void rg_record_of(struct rg *g, const struct rg_entry *e, struct grp_record *r, uint8_t *buf, struct now now)
{
	struct rg_rec rec = {.table = e->key[0], .key_oct = e->key[1], .is_deleted = e->is_deleted, .expires = e->is_deleted ? e->purge.when : MONO_NEVER};

	memcpy(rec.key, e->key + 2, rec.key_oct);
	rg_entry_version(e, &rec.version);
	if (!g->ops.value(g->ops.ctx, &rec, buf, now))
		rec.value_oct = 0;
	*r = (struct grp_record){.table = rec.table, .flags = e->is_deleted ? GRP_DELETED : 0, .key_oct = rec.key_oct,
				 .value_oct = (uint16_t)rec.value_oct, .value = buf, .version = rec.version, .left_s = rg_left_of(rec.expires, now)};
	memcpy(r->key, rec.key, rec.key_oct);
}

static mono_t expires_or(mono_t end, mono_t other) { return mono_is_never(end) ? other : end; }

int rg_restore(struct rg *g, const struct rg_rec *rec, struct now now)
{
	struct rg_entry *e = rg_entry_take(g, rec->table, rec->key, rec->key_oct);

	if (!e)
		return ERR_NOMEM;
	rg_clock_see(g, rec->version.clock);
	rg_entry_set(g, e, &rec->version, rec->is_deleted, false, rg_forget_at(g, expires_or(rec->expires, now.mono), now));
	return ERR_OK;
}

bool rg_version(const struct rg *g, uint8_t table, const uint8_t *key, uint8_t key_oct, struct grp_version *out)
{
	const struct rg_entry *e = rg_entry_find(g, table, key, key_oct);

	if (e)
		rg_entry_version(e, out);
	return e != NULL;
}

void rg_table_tick(struct rg *g, struct now now)
{
	struct timer *t;

	while ((t = timers_pop(&g->purges, now.mono)) != NULL)
		entry_free(g, container_of(t, struct rg_entry, purge));
}
