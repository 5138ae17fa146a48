/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The binding cache (RFC 6275 9.1, 9.6): one entry for each pair of home address and address of ours.
 *
 * An entry lives from an accepted update to the end of its lifetime, to its removal or to its eviction. After that it is
 * remembered as long as the nonces that authorised it count, so that no update of its life is accepted
 * again (5.2.8): the numbers of that life, and of lives before, are one range. A mobile that begins anew with a number
 * outside that range, or with a nonce that is newer, is no replay, whatever its number (9.5.1 wants any number accepted where there is no entry). When
 * the mobile itself ended the binding, the same nonces make none again even with another number (9.5.3); the nonce is retired, so that
 * its next tests give it newer ones.
 *
 * Only an authentic update creates an entry. When the cache is full the binding that was updated longest ago makes room; what is remembered
 * takes room as well and is never given up early, so beyond twice the limit new bindings are refused.
 */
#include "base/err.h"
#include "role/cn/cn_i.h"

enum { REFRESH_PART = 8, REFRESH_MIN_S = 2, REFRESH_MAX_S = 30, REFRESH_N = 2, USED_PART = 4 };

void cn_cache_init(struct cn_cache *c, const struct engine_env *env)
{
	*c = (struct cn_cache){.mem = env->mem};
	table_init(&c->by_key, env->mem, env->rng, offsetof(struct cn_binding, key), sizeof(struct cn_key));
	table_init(&c->sites, env->mem, env->rng, offsetof(struct cn_site, prefix), sizeof(((struct cn_site *)0)->prefix));
	timers_init(&c->timers, env->mem);
}

void cn_cache_fini(struct cn_cache *c)
{
	uint64_t it = 0;
	timers_fini(&c->timers); /* before the entries, in which they lie */
	for (void *b; (b = table_next(&c->by_key, &it));)
		mem_put(c->mem, b);
	it = 0;
	for (void *s; (s = table_next(&c->sites, &it));)
		mem_put(c->mem, s);
	table_fini(&c->by_key);
	table_fini(&c->sites);
}

struct cn_binding *cn_cache_find(const struct cn_cache *c, const struct addr6 *hoa, const struct addr6 *self)
{
	const struct cn_key key = {*hoa, *self};
	return table_find(&c->by_key, &key);
}

struct cn_binding *cn_cache_next(const struct cn_cache *c, uint64_t *it) { return table_next(&c->by_key, it); }

/* --- numbers that may not come again ---------------------------------------------------------------------------- */

static uint16_t ahead(uint16_t of, uint16_t from) { return (uint16_t)(of - from); }

/* Is index a the newer one? Only nonces of the last 240 s are compared. */
static bool is_newer_nonce(uint16_t a, uint16_t b)
{
	uint16_t d = ahead(a, b);
	return d && d < 0x8000;
}

enum cn_old cn_cache_is_old(const struct cn_binding *b, const struct cn_grant *g, bool is_delete, mono_t now)
{
	const struct cn_past *p = &b->past;
	bool has_new_coa = !is_delete && is_newer_nonce(g->nonce_coa, p->nonce_coa);
	if (mono_reached(p->until, now) || is_newer_nonce(g->nonce_home, p->nonce_home) || has_new_coa)
		return CN_NOT_OLD;
	if (p->is_removed && !is_delete)
		return CN_OLD_NONCES;
	return ahead(g->seq, p->lo) <= ahead(p->hi, p->lo) ? CN_OLD_SEQ : CN_NOT_OLD;
}

/* The shortest range that covers both, on a circle of 2^16. */
static void cover(struct cn_past *p, uint16_t lo, uint16_t hi)
{
	uint32_t from_p = (uint32_t)ahead(lo, p->lo) + ahead(hi, lo), from_new = (uint32_t)ahead(p->lo, lo) + ahead(p->hi, p->lo);
	uint32_t len_p = ahead(p->hi, p->lo), len_new = ahead(hi, lo);
	from_p = from_p > len_p ? from_p : len_p;
	from_new = from_new > len_new ? from_new : len_new;
	uint16_t begin = from_p <= from_new ? p->lo : lo;
	uint32_t len = from_p <= from_new ? from_p : from_new;
	p->lo = begin;
	p->hi = (uint16_t)(begin + (len < UINT16_MAX ? len : UINT16_MAX));
}

/* What was accepted in this life joins what is remembered of those before. */
static void remember(struct cn_binding *b, mono_t now)
{
	struct cn_past *p = &b->past;
	if (mono_reached(p->until, now)) {
		*p = (struct cn_past){b->nonce_end, false, b->first_seq, b->seq, b->nonce_home, b->nonce_coa};
		return;
	}
	cover(p, b->first_seq, b->seq);
	p->until = mono_max(p->until, b->nonce_end);
	if (is_newer_nonce(b->nonce_home, p->nonce_home))
		p->nonce_home = b->nonce_home;
	if (is_newer_nonce(b->nonce_coa, p->nonce_coa))
		p->nonce_coa = b->nonce_coa;
}

/* --- order and places ------------------------------------------------------------------------------------------- */

static void list_out(struct cn_cache *c, struct cn_binding *b)
{
	*(b->older ? &b->older->newer : &c->oldest) = b->newer;
	*(b->newer ? &b->newer->older : &c->newest) = b->older;
	b->older = b->newer = NULL;
}

static void list_in(struct cn_cache *c, struct cn_binding *b)
{
	b->older = c->newest;
	*(c->newest ? &c->newest->newer : &c->oldest) = b;
	c->newest = b;
}

static void site_leave(struct cn_cache *c, struct cn_binding *b)
{
	struct cn_site *s = b->site;
	b->site = NULL;
	if (s && --s->n == 0) {
		table_del(&c->sites, s->prefix);
		mem_put(c->mem, s);
	}
}

/* The place of a care-of address, made when there is none; NULL: memory is out. */
static struct cn_site *site_get(struct cn_cache *c, const struct addr6 *coa)
{
	struct cn_site *s = table_find(&c->sites, coa->b);
	if (s || !(s = mem_zget(c->mem, sizeof *s)))
		return s;
	memcpy(s->prefix, coa->b, sizeof s->prefix);
	if (table_add(&c->sites, s) == ERR_OK)
		return s;
	mem_put(c->mem, s);
	return NULL;
}

static void site_drop_if_empty(struct cn_cache *c, struct cn_site *s)
{
	if (s->n == 0) {
		table_del(&c->sites, s->prefix);
		mem_put(c->mem, s);
	}
}

/* --- datapath and time ------------------------------------------------------------------------------------------ */

static void push(struct cn *cn, const struct cn_binding *b, bool is_put)
{
	const struct dp_op op = {.table = DP_CN, .cn = {.home_address = b->key.hoa, .self = b->key.self, .coa = b->coa, .expires = b->expires}};
	(is_put ? fx_dp_put : fx_dp_del)(cn->env->fx, ROLE_CN, &op);
}

/* Refresh requests go out an eighth of the lifetime before the end, and once more half way from there (9.5.5). */
static mono_t refresh_at(const struct cn_binding *b)
{
	uint32_t before_s = b->lifetime_s / REFRESH_PART;
	if (before_s > REFRESH_MAX_S)
		before_s = REFRESH_MAX_S;
	if (before_s < REFRESH_MIN_S || b->n_asked >= REFRESH_N)
		return MONO_NEVER;
	return mono_add(b->expires, span_ms(-(int64_t)(before_s * 1000) >> b->n_asked));
}

/* Entries have room in the heap since they exist: this cannot fail. */
static void arm(struct cn_cache *c, struct cn_binding *b)
{
	(void)timer_set(&c->timers, &b->timer, b->is_active ? mono_min(refresh_at(b), b->expires) : b->past.until);
}

/* --- life and end ------------------------------------------------------------------------------------------------ */

static struct cn_binding *entry_new(struct cn_cache *c, const struct cn_key *key)
{
	struct cn_binding *b = mem_zget(c->mem, sizeof *b);
	if (!b)
		return NULL;
	b->key = *key;
	if (timers_reserve(&c->timers, table_count(&c->by_key) + 1) == ERR_OK && table_add(&c->by_key, b) == ERR_OK)
		return b;
	mem_put(c->mem, b);
	return NULL;
}

static void entry_free(struct cn_cache *c, struct cn_binding *b)
{
	timer_clear(&c->timers, &b->timer);
	table_del(&c->by_key, &b->key);
	mem_put(c->mem, b);
}

static void deactivate(struct cn *cn, struct cn_binding *b, const char *cause)
{
	push(cn, b, false);
	b->is_active = false;
	cn->cache.n_active--;
	list_out(&cn->cache, b);
	site_leave(&cn->cache, b);
	fx_event(cn->env->fx, ROLE_CN, EV_INFO, "binding-ended", &b->key.hoa, "%s with %s: %s", ADDR6_STR(&b->key.hoa),
		 ADDR6_STR(&b->key.self), cause);
}

static void rest_or_free(struct cn *cn, struct cn_binding *b, mono_t now)
{
	if (mono_reached(b->past.until, now))
		entry_free(&cn->cache, b);
	else
		arm(&cn->cache, b);
}

void cn_cache_end(struct cn *cn, struct cn_binding *b, const char *cause, struct now now)
{
	if (!b->is_active)
		return;
	deactivate(cn, b, cause);
	remember(b, now.mono);
	rest_or_free(cn, b, now.mono);
}

static void note_used(const struct cn *cn, struct cn_binding *b, const struct cn_grant *g, bool has_coa, mono_t now)
{
	b->seq = g->seq;
	b->nonce_end = mono_max(b->nonce_end, rr_nonce_end(&cn->nonces, g->nonce_home, now));
	if (is_newer_nonce(g->nonce_home, b->nonce_home))
		b->nonce_home = g->nonce_home;
	if (has_coa && is_newer_nonce(g->nonce_coa, b->nonce_coa))
		b->nonce_coa = g->nonce_coa;
}

void cn_cache_purge(struct cn *cn, const struct cn_key *key)
{
	const struct cn_binding nothing = {.key = *key};
	push(cn, &nothing, false);
}

/* A removal that meets no binding is of no life: its number joins those remembered. */
void cn_cache_unbind(struct cn *cn, struct cn_binding *b, const struct cn_grant *g, struct now now)
{
	if (!b->is_active) {
		b->first_seq = g->seq;
		b->nonce_home = g->nonce_home;
		b->nonce_coa = b->past.nonce_coa;
	}
	note_used(cn, b, g, false, now.mono);
	rr_nonce_retire(&cn->nonces, b->nonce_home, now.mono);
	rr_nonce_retire(&cn->nonces, b->nonce_coa, now.mono);
	if (b->is_active)
		deactivate(cn, b, "removed by the mobile");
	remember(b, now.mono);
	b->past.is_removed = true;
	rest_or_free(cn, b, now.mono);
}

/* Room for one more active entry: by eviction, unless too much is remembered. */
static int make_room(struct cn *cn, bool is_new_entry, struct now now)
{
	struct cn_cache *c = &cn->cache;
	if (is_new_entry && table_count(&c->by_key) >= 2 * cn->conf.bindings_max)
		return ERR_FULL;
	if (c->n_active >= cn->conf.bindings_max) {
		cn->n_evicted++;
		cn_cache_end(cn, c->oldest, "room was needed", now);
	}
	return ERR_OK;
}

static void begin_life(struct cn *cn, struct cn_binding *b, const struct cn_grant *g)
{
	b->is_active = true;
	b->first_seq = g->seq;
	b->nonce_home = g->nonce_home;
	b->nonce_coa = g->nonce_coa;
	b->nonce_end = (mono_t){0};
	cn->cache.n_active++;
}

static void enter(struct cn *cn, struct cn_binding *b, const struct cn_grant *g, struct cn_site *site, struct now now)
{
	struct cn_cache *c = &cn->cache;
	bool is_first = !b->is_active, is_other = is_first || !addr6_eq(&b->coa, &g->coa);

	if (is_first)
		begin_life(cn, b, g);
	else
		list_out(c, b);
	note_used(cn, b, g, true, now.mono);
	b->coa = g->coa;
	b->lifetime_s = g->lifetime_s;
	b->expires = mono_add(now.mono, span_s(g->lifetime_s));
	b->n_asked = b->n_unreachable = 0;
	site->n++;
	site_leave(c, b);
	b->site = site;
	list_in(c, b);
	push(cn, b, true);
	arm(c, b);
	if (is_other)
		fx_event(cn->env->fx, ROLE_CN, EV_INFO, is_first ? "binding-made" : "binding-moved", &b->key.hoa, "%s with %s is at %s for %u s",
			 ADDR6_STR(&b->key.hoa), ADDR6_STR(&b->key.self), ADDR6_STR(&b->coa), g->lifetime_s);
}

int cn_cache_bind(struct cn *cn, const struct cn_key *key, const struct cn_grant *g, struct now now)
{
	struct cn_cache *c = &cn->cache;
	struct cn_binding *b = table_find(&c->by_key, key);
	struct cn_site *site = site_get(c, &g->coa);
	int err = !site ? ERR_NOMEM : site->n >= cn->conf.site_max && !(b && b->site == site) ? ERR_FULL : ERR_OK;

	if (site)
		site->n++; /* it stays while others are evicted */
	if (!err && !(b && b->is_active))
		err = make_room(cn, !b, now);
	if (!err && !b && !(b = entry_new(c, key)))
		err = ERR_NOMEM;
	if (!err)
		enter(cn, b, g, site, now);
	if (site) {
		site->n--;
		site_drop_if_empty(c, site);
	}
	return err;
}

void cn_cache_end_all(struct cn *cn, const struct addr6 *self, const char *cause, struct now now)
{
	for (struct cn_binding *b = cn->cache.oldest, *next; b; b = next) {
		next = b->newer;
		if (!self || addr6_eq(&b->key.self, self))
			cn_cache_end(cn, b, cause, now);
	}
}

/* --- time -------------------------------------------------------------------------------------------------------- */

/* Did packets of ours take the binding lately? */
static bool is_used(const struct cn *cn, const struct cn_binding *b, mono_t now)
{
	const struct engine_env *env = cn->env;
	mono_t since = mono_add(now, span_s(-(int64_t)(b->lifetime_s / USED_PART)));
	return !env->cn_used || mono_before(since, env->cn_used(env->ctx, &b->key.hoa, &b->key.self));
}

/* To the home address, and not by the binding: it may be the last thing that still works (9.5.5). */
static void ask_refresh(struct cn *cn, const struct cn_binding *b)
{
	uint8_t buf[64];
	struct mh m = {.type = MH_BRR};
	struct mh_built built;

	size_t n = mh_packet_build(buf, sizeof buf, &(struct mh_path){.src = b->key.self, .dst = b->key.hoa}, &m, &built);
	mh_packet_finish(&built, buf);
	fx_send(cn->env->fx, ROLE_CN, 0, NULL, buf, n);
}

static void on_refresh_time(struct cn *cn, struct cn_binding *b, mono_t now)
{
	if (is_used(cn, b, now))
		ask_refresh(cn, b);
	b->n_asked++;
	arm(&cn->cache, b);
}

void cn_cache_tick(struct cn *cn, struct now now)
{
	for (struct timer *t; (t = timers_pop(&cn->cache.timers, now.mono));) {
		struct cn_binding *b = container_of(t, struct cn_binding, timer);
		if (!b->is_active)
			entry_free(&cn->cache, b);
		else if (mono_reached(b->expires, now.mono))
			cn_cache_end(cn, b, "its lifetime is over", now);
		else
			on_refresh_time(cn, b, now.mono);
	}
}
