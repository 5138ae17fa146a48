/* SPDX-License-Identifier: BSD-2-Clause */
#include "rg_world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "plat/crypto_openssl.h"
#include "wire/ip/udp6.h"

enum { TABLE = 1, KEY_OCT = 4, BYTES_MAX = 16384, FRAME_NS = 50000 };
#define FROZEN_LOOK_NS (50 * NS_PER_MS)
#define WALL_0 (1800000000 * NS_PER_S)

static void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	if (n)
		return realloc(old, n);
	free(old);
	return NULL;
}

static struct addr6 addr_of(uint32_t id)
{
	struct addr6 a;
	(void)addr6_parse(&a, "2001:db8::");
	a.b[15] = (uint8_t)id;
	return a;
}

static struct addr6 group_addr(void)
{
	struct addr6 a;
	(void)addr6_parse(&a, "ff02::114");
	return a;
}

struct now world_now(const struct world *w, const struct w_member *m)
{
	return (struct now){{w->now_ns}, {WALL_0 + w->now_ns + m->skew_ns}};
}

/* --- the network --- */

static void heap_push(struct world *w, struct w_packet p)
{
	assert(w->n_packets < W_PACKETS);
	uint32_t i = w->n_packets++;
	for (; i && w->packet[(i - 1) / 2].at_ns > p.at_ns; i = (i - 1) / 2)
		w->packet[i] = w->packet[(i - 1) / 2];
	w->packet[i] = p;
}

static struct w_packet heap_pop(struct world *w)
{
	struct w_packet top = w->packet[0], last = w->packet[--w->n_packets];
	uint32_t i = 0, c;
	while ((c = 2 * i + 1) < w->n_packets) {
		c += c + 1 < w->n_packets && w->packet[c + 1].at_ns < w->packet[c].at_ns;
		if (w->packet[c].at_ns >= last.at_ns)
			break;
		w->packet[i] = w->packet[c];
		i = c;
	}
	w->packet[i] = last;
	return top;
}

static void carry(struct world *w, uint32_t from, uint32_t to, const uint8_t *bytes, size_t n)
{
	const uint32_t copies = 1 + (rng_below(&w->rng, 1000) < w->dup_permille);
	if (rng_below(&w->rng, 1000) < w->loss_permille)
		return;
	for (uint32_t i = 0; i < copies; i++) {
		struct w_packet p = {.at_ns = w->now_ns + w->delay_ns + (w->jitter_ns ? rng_below(&w->rng, (uint32_t)w->jitter_ns) : 0), .from = from, .to = to,
				     .len_oct = (uint32_t)n, .bytes = malloc(n)};
		memcpy(p.bytes, bytes, n);
		heap_push(w, p);
	}
}

static void send_packet(struct world *w, uint32_t from, const uint8_t *pkt, size_t n)
{
	struct addr6 dst;
	memcpy(&dst, pkt + 24, sizeof dst);
	w->n_sent++;
	for (uint32_t to = 1; to <= w->n; to++)
		if (to != from && (addr6_is_multicast(&dst) || dst.b[15] == to))
			carry(w, from, to, pkt, n);
}

void world_inject(struct world *w, uint32_t to, const struct addr6 *src, const uint8_t *data, size_t len_oct)
{
	struct w_member *m = &w->member[to];
	if (m->is_up)
		rg_rx(m->rg, src, data, len_oct, world_now(w, m));
}

/* --- members --- */

static void be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}
static uint32_t of_be32(const uint8_t *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]; }

static void keep(struct w_member *m, uint32_t mobile, struct w_toy toy)
{
	m->ram.toy[mobile] = toy;
	m->had[mobile] = toy.stamp > m->had[mobile] ? toy.stamp : m->had[mobile];
	m->disk.toy[mobile] = toy; /* at once: effects' order promises that before anything is sent */
}

static void on_apply(void *ctx, const struct rg_rec *r, struct now now)
{
	struct w_member *m = ctx;
	const uint32_t mobile = of_be32(r->key);
	uint64_t stamp = 0;
	(void)now;
	assert(mobile < W_MOBILES);
	if (r->value_oct == 8)
		memcpy(&stamp, r->value, 8);
	keep(m, mobile, (struct w_toy){true, r->is_deleted, r->version, stamp, mono_is_never(r->expires) ? INT64_MAX : r->expires.ns});
}

static bool on_value(void *ctx, struct rg_rec *r, uint8_t *buf, struct now now)
{
	struct w_member *m = ctx;
	const struct w_toy *t = &m->ram.toy[of_be32(r->key)];
	(void)now;
	if (!t->is_there)
		return false;
	memcpy(buf, &t->stamp, 8);
	r->value_oct = 8;
	if (!r->is_deleted)
		r->expires.ns = t->end_ns;
	return true;
}

static void on_ready(void *ctx, struct now now)
{
	struct w_member *m = ctx;
	(void)now;
	m->is_ready = true;
	m->n_ready++;
}
static void on_active(void *ctx, struct now now)
{
	struct w_member *m = ctx;
	(void)now;
	m->is_active = true;
}
static void on_take_over(void *ctx, struct now now)
{
	struct w_member *m = ctx;
	(void)now;
	m->n_taken_over++;
}

static void told(struct world *w, struct w_member *m, uint32_t i)
{
	struct w_mobile *mob = &w->mobile[m->waiting[i].mobile];
	const uint32_t live = rg_live(m->rg);
	uint32_t holders = 0;

	for (uint32_t k = 1; k <= w->n; k++)
		holders += k != m->id && w->member[k].had[m->waiting[i].mobile] >= m->waiting[i].stamp;
	w->n_unshared += holders < (w->commit == RG_COMMIT_ALL ? live : live > 0);
	w->n_told++;
	if (m->waiting[i].stamp <= mob->told)
		return;
	mob->told = m->waiting[i].stamp;
	mob->told_deleted = m->waiting[i].is_delete;
	mob->told_end_ns = m->waiting[i].end_ns;
}

/* Everything that a driver does after a call. */
static void after(struct world *w, struct w_member *m)
{
	const struct effect *e;
	uint32_t n = 0;

	rg_flush(m->rg, world_now(w, m));
	while ((e = effq_next(&m->fx)) != NULL)
		if (e->kind == FX_SEND)
			send_packet(w, m->id, effq_bytes(&m->fx, e->send.off), e->send.len_oct);
	effq_reset(&m->fx);
	for (uint32_t i = 0; i < m->n_waiting; i++)
		if (m->waiting[i].token <= rg_committed(m->rg))
			told(w, m, i);
		else
			m->waiting[n++] = m->waiting[i];
	m->n_waiting = n;
	m->expiry_ns = rg_expiry(m->rg).ns;
}

static struct rg_rec rec_of(uint32_t mobile, const struct w_toy *t, uint8_t value[static 8])
{
	struct rg_rec r = {.table = TABLE, .key_oct = KEY_OCT, .is_deleted = t->is_deleted, .version = t->version, .expires = {t->end_ns}, .value = value, .value_oct = 8};
	be32(r.key, mobile);
	memcpy(value, &t->stamp, 8);
	return r;
}

void world_boot(struct world *w, uint32_t id)
{
	struct w_member *m = &w->member[id];
	const struct rg_ops ops = {on_apply, on_value, on_ready, on_active, on_take_over, m};
	struct rg_conf c = rg_conf_default;
	uint8_t value[8];

	c.role = ROLE_HA;
	c.id = id;
	c.self = addr_of(id);
	c.group = group_addr();
	c.ifindex = 1;
	c.commit = w->commit;
	c.n_key = 1;
	c.key[0].id = 1;
	c.key[0].key = w->key;
	m->w = w;
	m->id = id;
	m->is_up = true;
	m->is_frozen = m->is_ready = m->is_active = false;
	m->ram = m->disk;
	m->starts++;
	m->n_waiting = 0;
	effq_init(&m->fx, &w->mem);
	struct engine_env env = w->env;
	env.fx = &m->fx;
	env.count = &m->count;
	m->rg = rg_new(&env, &c, &ops, m->starts, world_now(w, m));
	assert(m->rg);
	for (uint32_t i = 0; i < W_MOBILES; i++)
		if (m->ram.toy[i].is_there) {
			struct rg_rec r = rec_of(i, &m->ram.toy[i], value);
			(void)rg_restore(m->rg, &r, world_now(w, m));
		}
	rg_start(m->rg, world_now(w, m));
	after(w, m);
}

void world_kill(struct world *w, uint32_t id)
{
	struct w_member *m = &w->member[id];
	if (!m->is_up)
		return;
	rg_free(m->rg);
	effq_fini(&m->fx);
	m->is_up = m->is_active = m->is_ready = false;
	m->rg = NULL;
}

void world_wipe(struct world *w, uint32_t id)
{
	world_kill(w, id);
	memset(&w->member[id].disk, 0, sizeof w->member[id].disk);
	w->member[id].starts = 0;
	for (uint32_t k = 0; k < w->n_mobiles; k++) {
		bool is_held = false;
		for (uint32_t i = 1; i <= w->n; i++) {
			const struct w_toy *t = &w->member[i].disk.toy[k];
			is_held |= t->is_there && t->stamp >= w->mobile[k].told;
		}
		if (!is_held)
			w->mobile[k].told = 0;
	}
}

void world_freeze(struct world *w, uint32_t id, bool is_frozen) { w->member[id].is_frozen = is_frozen; }

bool world_register(struct world *w, uint32_t member, uint32_t mobile, bool is_delete)
{
	struct w_member *m = &w->member[member];
	struct w_mobile *mob = &w->mobile[mobile];
	uint8_t value[8];

	if (!m->is_up || m->is_frozen || !m->is_ready || m->n_waiting == W_WAITING)
		return false;
	mob->stamp++;
	struct w_toy t = m->ram.toy[mobile];
	if (t.is_there && t.stamp >= mob->stamp)
		return false; /* a replay, to that member: cannot be */
	t = (struct w_toy){true, is_delete, {0}, mob->stamp, w->now_ns + w->lifetime_ns};
	struct rg_rec r = rec_of(mobile, &t, value);
	const uint64_t token = rg_put(m->rg, is_delete ? RG_DELETE : RG_PUT, &r, mob->stamp, world_now(w, m));
	t.version = r.version;
	keep(m, mobile, t);
	m->waiting[m->n_waiting].token = token;
	m->waiting[m->n_waiting].stamp = mob->stamp;
	m->waiting[m->n_waiting].mobile = mobile;
	m->waiting[m->n_waiting].is_delete = is_delete;
	m->waiting[m->n_waiting++].end_ns = t.end_ns;
	after(w, m);
	return true;
}

/* Bindings end by themselves, at every member. */
static void lapse(struct world *w, struct w_member *m)
{
	uint8_t value[8];
	for (uint32_t i = 0; i < w->n_mobiles; i++) {
		struct w_toy t = m->ram.toy[i];
		if (!t.is_there || t.is_deleted || t.end_ns > w->now_ns)
			continue;
		t.is_deleted = true;
		struct rg_rec r = rec_of(i, &t, value);
		(void)rg_put(m->rg, RG_LAPSE, &r, t.stamp, world_now(w, m));
		keep(m, i, t);
	}
}

static void deliver(struct world *w, const struct w_packet *p)
{
	struct w_member *m = &w->member[p->to];
	struct udp6_packet u;

	if (w->spy)
		w->spy(w->spy_ctx, p);
	if (!m->is_up || w->side[p->from] != w->side[p->to] || udp6_packet_parse(p->bytes, p->len_oct, &u) != W_OK)
		return;
	rg_rx(m->rg, &u.src, u.data, u.data_len_oct, world_now(w, m));
	after(w, m);
}

static int64_t next_event(const struct world *w, uint32_t *who)
{
	int64_t t = w->n_packets ? w->packet[0].at_ns : INT64_MAX;
	*who = 0;
	for (uint32_t i = 1; i <= w->n; i++) {
		const struct w_member *m = &w->member[i];
		if (!m->is_up || m->is_frozen)
			continue;
		if (m->expiry_ns < t) {
			t = m->expiry_ns;
			*who = i;
		}
	}
	return t;
}

/* What reaches a frozen machine waits in its sockets. */
static void step(struct world *w, uint32_t who)
{
	if (who) {
		struct w_member *m = &w->member[who];
		lapse(w, m);
		rg_tick(m->rg, world_now(w, m));
		after(w, m);
		return;
	}
	struct w_packet p = heap_pop(w);
	if (w->member[p.to].is_frozen) {
		p.at_ns = w->now_ns + FROZEN_LOOK_NS;
		heap_push(w, p);
		return;
	}
	deliver(w, &p);
	free(p.bytes);
}

bool world_run(struct world *w, int64_t ns, bool (*until)(const struct world *w))
{
	const int64_t end = w->now_ns + ns;

	for (uint32_t i = 1; i <= w->n; i++) /* a test may have spoken to it meanwhile */
		w->member[i].expiry_ns = w->member[i].is_up ? rg_expiry(w->member[i].rg).ns : INT64_MAX;
	for (;;) {
		uint32_t who;
		if (until && until(w))
			return true;
		const int64_t t = next_event(w, &who);
		if (t > end)
			break;
		if (t > w->now_ns)
			w->now_ns = t;
		step(w, who);
	}
	w->now_ns = end;
	return false;
}

void world_init(struct world *w, uint32_t n, uint64_t seed, struct sa_key *key)
{
	memset(w, 0, sizeof *w);
	w->n = n;
	w->n_mobiles = W_MOBILES;
	w->now_ns = 1000 * NS_PER_S;
	w->mem = (struct mem_ops){resize, NULL};
	prng_seed(&w->prng, seed);
	w->rng = prng_rng(&w->prng);
	w->key = key;
	w->env = (struct engine_env){.mem = &w->mem, .rng = &w->rng, .crypto = &crypto_openssl};
	w->delay_ns = FRAME_NS;
	w->lifetime_ns = 3600 * NS_PER_S;
}

void world_fini(struct world *w)
{
	for (uint32_t i = 1; i <= w->n; i++)
		world_kill(w, i);
	while (w->n_packets)
		free(heap_pop(w).bytes);
}

uint32_t world_up(const struct world *w)
{
	uint32_t n = 0;
	for (uint32_t i = 1; i <= w->n; i++)
		n += w->member[i].is_up;
	return n;
}

bool world_all_ready(const struct world *w)
{
	for (uint32_t i = 1; i <= w->n; i++)
		if (w->member[i].is_up && !w->member[i].is_ready)
			return false;
	return true;
}

static bool is_live(const struct w_toy *t, int64_t now_ns) { return t->is_there && !t->is_deleted && t->end_ns > now_ns; }

bool world_is_equal(const struct world *w)
{
	const struct w_member *first = NULL;
	for (uint32_t i = 1; i <= w->n; i++) {
		const struct w_member *m = &w->member[i];
		if (!m->is_up)
			continue;
		if (!first)
			first = m;
		for (uint32_t k = 0; k < w->n_mobiles; k++) {
			const struct w_toy *a = &first->ram.toy[k], *b = &m->ram.toy[k];
			if (is_live(a, w->now_ns) != is_live(b, w->now_ns) || (is_live(a, w->now_ns) && grp_version_cmp(&a->version, &b->version)))
				return false;
		}
	}
	return true;
}

/* The newest that any member has of a mobile; never NULL. */
static const struct w_toy *newest(const struct world *w, uint32_t mobile)
{
	static const struct w_toy none;
	const struct w_toy *best = &none;
	for (uint32_t i = 1; i <= w->n; i++) {
		const struct w_toy *t = &w->member[i].ram.toy[mobile];
		if (w->member[i].is_up && t->is_there && (!best->is_there || t->stamp > best->stamp))
			best = t;
	}
	return best;
}

/* A request that was never answered may have taken effect: a member that has forgotten a later deletion has lost nothing. */
static bool is_superseded(const struct world *w, uint32_t mobile)
{
	const struct w_toy *t = newest(w, mobile);
	return t->is_deleted && t->stamp > w->mobile[mobile].told;
}

const char *world_fault(const struct world *w, char buf[static 160])
{
	for (uint32_t i = 1; i <= w->n; i++) {
		const struct w_member *m = &w->member[i];
		for (uint32_t k = 0; m->is_up && k < w->n_mobiles; k++) {
			const struct w_mobile *mob = &w->mobile[k];
			const struct w_toy *t = &m->ram.toy[k];
			const bool is_in_force = mob->told && !mob->told_deleted && mob->told_end_ns > w->now_ns;
			if (is_in_force && (!t->is_there || t->stamp < mob->told) && !is_superseded(w, k))
				snprintf(buf, 160, "member %u lost the registration of mobile %u: stamp %llu was acknowledged, it has %llu", i, k,
					 (unsigned long long)mob->told, (unsigned long long)(t->is_there ? t->stamp : 0));
			else if (mob->told && mob->told_deleted && is_live(t, w->now_ns) && t->stamp <= mob->told)
				snprintf(buf, 160, "at member %u mobile %u came back to life: %llu was deleted, %llu lives", i, k,
					 (unsigned long long)mob->told, (unsigned long long)t->stamp);
			else
				continue;
			return buf;
		}
	}
	return NULL;
}
