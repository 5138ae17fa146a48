/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Managers and clients in virtual time on a network that loses, repeats and records packets: manager n is 2001:db8::n (and 192.0.2.n),
 * client n is 2001:db8::10n with agent number n.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/prng.h"
#include "core/manager/mmc.h"
#include "core/manager/mmsig.h"
#include "plat/crypto_openssl.h"
#include "role/mm/mm.h"
#include "wire/ip/udp6.h"

enum { KIT_MANAGERS = 2, KIT_CLIENTS = 2, KIT_NODES = KIT_MANAGERS + KIT_CLIENTS, KIT_AIR = 4096, KIT_STORE = 64, KIT_TOLD = 64, KIT_DELAY_MS = 1 };

struct kit_told { struct mmc_question q; enum mmc_result r; bool has_rec, is_change; struct mm_record rec; mono_t when; };
struct kit_packet { uint8_t bytes[800]; size_t len_oct; struct addr6 src, dst; mono_t at; };

struct kit_node {
	struct effq fx;
	struct counters count;
	struct engine_env env;
	struct addr6 addr;
	bool is_up;
	void *self;                    /* a manager's engine */
	struct mmc *client;
	struct kit_told told[KIT_TOLD];
	uint32_t n_told, n_served;
	struct mm_serving served;
	struct mmc_question served_q;
	struct { enum store_table table; uint8_t key[32], val[600]; size_t key_oct, val_oct; } rec[KIT_STORE]; /* a manager's store */
	uint32_t n_rec;
};

static struct kit {
	struct kit_node node[KIT_NODES];
	struct kit_packet *air;
	uint32_t n_air, n_sent;
	uint32_t loss_permille, twice_permille;
	bool is_cut[KIT_NODES][KIT_NODES];
	struct prng prng;
	struct rng rng;
	struct now now;
	struct sa_key key[KIT_CLIENTS + 1]; /* the last is a wrong one */
	struct mm_conf mm_conf;
	struct mmc_conf mmc_conf;
	int64_t n_live;
	void (*shared)(struct kit_node *n, const struct effect *e); /* a store that managers share: FX_SHARED, FX_ANSWER */
	struct kit_packet last_to[KIT_NODES]; /* the last packet that each got, for repetition */
} *kit;

static inline void *kit_resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	kit->n_live += (old == NULL) - (n == 0);
	if (n)
		return realloc(old, n);
	free(old);
	return NULL;
}
static const struct mem_ops kit_mem = {kit_resize, NULL};

static inline const struct sa_key *kit_key(void *ctx, const char *name)
{
	(void)ctx;
	for (uint32_t i = 0; i <= KIT_CLIENTS; i++)
		if (strcmp(kit->key[i].name, name) == 0)
			return &kit->key[i];
	return NULL;
}

static inline struct kit_node *kit_manager(uint32_t n) { return &kit->node[n]; }
static inline struct kit_node *kit_client(uint32_t n) { return &kit->node[KIT_MANAGERS + n]; }

static inline void kit_tell(struct kit_node *n, const struct mmc_question *q, enum mmc_result r, const struct mm_record *rec, bool is_change, struct now now)
{
	assert_true(n->n_told < KIT_TOLD);
	n->told[n->n_told++] = (struct kit_told){*q, r, rec != NULL, is_change, rec ? *rec : (struct mm_record){.version = 0}, now.mono};
}
static inline void kit_answer(void *ctx, const struct mmc_question *q, enum mmc_result r, const struct mm_record *rec, struct now now)
{
	kit_tell(ctx, q, r, rec, false, now);
}
static inline void kit_changed(void *ctx, const struct mmc_question *q, const struct mm_record *rec, struct now now)
{
	kit_tell(ctx, q, rec ? MMC_FOUND : MMC_UNKNOWN, rec, true, now);
}

static inline void kit_served(void *ctx, const struct mmc_question *q, const struct mm_serving *s, struct now now)
{
	struct kit_node *n = ctx;
	(void)now;
	n->n_served++;
	n->served = *s;
	n->served_q = *q;
}

static inline void kit_store(struct kit_node *n, const struct effect *e)
{
	const uint8_t *key = effq_bytes(&n->fx, e->store.off), *val = key + e->store.key_len_oct;
	uint32_t i = 0;
	while (i < n->n_rec && !(n->rec[i].key_oct == e->store.key_len_oct && memcmp(n->rec[i].key, key, n->rec[i].key_oct) == 0))
		i++;
	if (e->kind == FX_STORE_DEL) {
		if (i < n->n_rec)
			n->rec[i] = n->rec[--n->n_rec];
		return;
	}
	assert_true(i < KIT_STORE && e->store.val_len_oct <= sizeof n->rec[i].val);
	n->n_rec += i == n->n_rec;
	n->rec[i].table = e->store.table;
	n->rec[i].key_oct = e->store.key_len_oct;
	n->rec[i].val_oct = e->store.val_len_oct;
	memcpy(n->rec[i].key, key, n->rec[i].key_oct);
	memcpy(n->rec[i].val, val, n->rec[i].val_oct);
}

static inline void kit_send(const struct kit_node *n, const struct effect *e)
{
	struct rx rx = {.pkt = effq_bytes(&n->fx, e->send.off), .len_oct = e->send.len_oct};
	struct mmsig_packet p;
	assert_true(mmsig_packet_parse(&rx, &p));
	kit->n_sent++;
	for (uint32_t twice = 0; twice < 2; twice++) {
		if (prng_u64(&kit->prng) % 1000 < kit->loss_permille || (twice && prng_u64(&kit->prng) % 1000 >= kit->twice_permille))
			continue;
		assert_true(kit->n_air < KIT_AIR && rx.len_oct <= sizeof kit->air[0].bytes);
		struct kit_packet *a = &kit->air[kit->n_air++];
		*a = (struct kit_packet){.len_oct = rx.len_oct, .src = p.src, .dst = p.dst};
		a->at = mono_add(kit->now.mono, span_ns(KIT_DELAY_MS * NS_PER_MS + (int64_t)(prng_u64(&kit->prng) % (KIT_DELAY_MS * NS_PER_MS))));
		memcpy(a->bytes, rx.pkt, rx.len_oct);
	}
}

static inline void kit_effects(struct kit_node *n)
{
	const struct effect *e;
	while ((e = effq_next(&n->fx)) != NULL) {
		if (e->kind == FX_STORE_PUT || e->kind == FX_STORE_DEL)
			kit_store(n, e);
		else if (e->kind == FX_SEND)
			kit_send(n, e);
		else if (kit->shared && (e->kind == FX_SHARED || e->kind == FX_ANSWER))
			kit->shared(n, e);
	}
	effq_reset(&n->fx);
}

static inline void kit_give(struct kit_node *n, const uint8_t *pkt, size_t len_oct)
{
	const struct rx rx = {.pkt = pkt, .len_oct = len_oct};
	if (n->self)
		(void)mm_role.rx(n->self, &rx, kit->now);
	if (n->client)
		(void)mmc_rx(n->client, &rx, kit->now);
	kit_effects(n);
}

static inline uint32_t kit_node_of(const struct addr6 *a)
{
	uint32_t i = 0;
	while (i < KIT_NODES && !addr6_eq(&kit->node[i].addr, a))
		i++;
	return i;
}

static inline void kit_deliver(uint32_t i)
{
	const struct kit_packet p = kit->air[i];
	const uint32_t to = kit_node_of(&p.dst), from = kit_node_of(&p.src);
	kit->air[i] = kit->air[--kit->n_air];
	if (to == KIT_NODES || !kit->node[to].is_up || (from < KIT_NODES && kit->is_cut[from][to]))
		return;
	kit->last_to[to] = p;
	kit_give(&kit->node[to], p.bytes, p.len_oct);
}

static inline mono_t kit_expiry(const struct kit_node *n)
{
	if (!n->is_up)
		return MONO_NEVER;
	return mono_min(n->self ? mm_role.expiry(n->self) : MONO_NEVER, n->client ? mmc_expiry(n->client) : MONO_NEVER);
}

/* Let time pass. */
static inline void kit_run(int64_t ms)
{
	const mono_t end = mono_add(kit->now.mono, span_ms(ms));
	for (;;) {
		mono_t next = end;
		uint32_t air = kit->n_air, node = KIT_NODES;
		for (uint32_t i = 0; i < kit->n_air; i++)
			if (mono_before(kit->air[i].at, next) || kit->air[i].at.ns == next.ns)
				next = kit->air[air = i].at;
		for (uint32_t i = 0; i < KIT_NODES; i++)
			if (mono_before(kit_expiry(&kit->node[i]), next))
				next = kit_expiry(&kit->node[node = i]);
		if (next.ns > kit->now.mono.ns) {
			kit->now.wall.ns += next.ns - kit->now.mono.ns;
			kit->now.mono = next;
		}
		if (node < KIT_NODES) {
			struct kit_node *n = &kit->node[node];
			if (n->self)
				mm_role.tick(n->self, kit->now);
			if (n->client)
				mmc_tick(n->client, kit->now);
			kit_effects(n);
		} else if (air < kit->n_air)
			kit_deliver(air);
		else
			return;
	}
}

static inline void kit_manager_start(uint32_t i)
{
	struct kit_node *n = kit_manager(i);
	const char *remedy = NULL;
	n->self = calloc(1, mm_role.size_oct);
	if (mm_role.init(n->self, &n->env, &kit->mm_conf, kit->now, &remedy))
		fail_msg("%s", remedy);
	for (uint32_t k = 0; k < n->n_rec; k++) {
		const struct store_rec rec = {n->rec[k].table, n->rec[k].key, n->rec[k].val, n->rec[k].key_oct, n->rec[k].val_oct};
		assert_int_equal(mm_role.restore(n->self, &rec, kit->now), 0);
	}
	n->is_up = true;
	kit_effects(n);
}

static inline void kit_manager_kill(uint32_t i)
{
	struct kit_node *n = kit_manager(i);
	if (n->self)
		mm_role.fini(n->self);
	free(n->self);
	n->self = NULL;
	n->is_up = false;
}

static inline void kit_client_start(uint32_t i)
{
	struct kit_node *n = kit_client(i);
	const struct mmc_ops ops = {.answer = kit_answer, .changed = kit_changed, .served = kit_served, .ctx = n};
	const char *remedy = NULL;
	struct mmc_conf c = kit->mmc_conf;
	c.id = i + 1;
	c.self[0] = n->addr;
	snprintf(c.key, sizeof c.key, "agent%u", i + 1);
	n->client = mmc_new(&n->env, ROLE_FA, &c, &ops, kit->now, &remedy);
	if (!n->client)
		fail_msg("%s", remedy ? remedy : "no memory");
	n->is_up = true;
}

static inline void kit_client_kill(uint32_t i)
{
	mmc_free(kit_client(i)->client);
	kit_client(i)->client = NULL;
	kit_client(i)->is_up = false;
}

static inline int kit_word(uint32_t manager, const char *verb, const char *line)
{
	const char *argv[] = {"device", verb, line}, *msg = NULL;
	const int rc = mm_role.ctl(kit_manager(manager)->self, &(struct ctl_cmd){3, argv}, kit->now, &msg);
	kit_effects(kit_manager(manager));
	return rc;
}

static inline struct mmc_question kit_by(const char *text)
{
	struct mmc_question q = {.device.kind = DEVICE_NONE};
	if (!device_parse(&q.device, text, NULL))
		assert_true(addr46_parse(&q.address, text));
	return q;
}

static inline enum mmc_result kit_ask(uint32_t client, const char *text, const struct mm_record **rec)
{
	const struct mmc_question q = kit_by(text);
	const enum mmc_result r = mmc_ask(kit_client(client)->client, &q, rec, kit->now);
	kit_effects(kit_client(client));
	return r;
}

static inline bool kit_hold(uint32_t client, const char *text)
{
	const struct mmc_question q = kit_by(text);
	return mmc_hold(kit_client(client)->client, &q, kit->now);
}

static inline void kit_init(uint64_t seed)
{
	kit = calloc(1, sizeof *kit);
	kit->air = calloc(KIT_AIR, sizeof *kit->air);
	prng_seed(&kit->prng, seed);
	kit->rng = prng_rng(&kit->prng);
	kit->now = (struct now){{1000 * NS_PER_S}, {1800000000 * NS_PER_S}};
	static const char *const names[] = {"agent1", "agent2", "wrong"};
	for (uint32_t i = 0; i <= KIT_CLIENTS; i++)
		assert_int_equal(sa_key_init(&kit->key[i], &crypto_openssl, names[i], 256 + i, MAC_HMAC_SHA256, names[i], 6 - i / 2), 0);
	for (uint32_t i = 0; i < KIT_NODES; i++) {
		struct kit_node *n = &kit->node[i];
		char text[64];
		effq_init(&n->fx, &kit_mem);
		n->env = (struct engine_env){.mem = &kit_mem, .rng = &kit->rng, .crypto = &crypto_openssl, .fx = &n->fx, .count = &n->count, .key = kit_key};
		snprintf(text, sizeof text, i < KIT_MANAGERS ? "2001:db8::%u" : "2001:db8::10%u", i < KIT_MANAGERS ? i + 1 : i - KIT_MANAGERS + 1);
		assert_true(addr46_parse(&n->addr, text));
	}
	struct mm_conf *c = &kit->mm_conf;
	*c = (struct mm_conf){.id = 1, .devices_max = 1000, .subscriptions_max = 1000, .rate = 0, .lifetime = {600 * NS_PER_S},
			      .negative = {10 * NS_PER_S}, .push_again = {200 * NS_PER_MS}, .n_agent = 2, .n_source = 2};
	assert_true(prefix46_parse(&c->group_prefix, "ff38::/64") && prefix46_parse(&c->group_prefix4, "232.128.0.0/28"));
	assert_true(addr46_parse(&c->source[0], "2001:db8::ffff") && addr46_parse(&c->source[1], "192.0.2.254"));
	c->agent[0] = (struct mm_agent_conf){.id = 1, .key = "agent1"};
	c->agent[1] = (struct mm_agent_conf){.id = 2, .key = "agent2"};
	kit->mmc_conf = (struct mmc_conf){.manager = {kit->node[0].addr, kit->node[1].addr}, .n_manager = 2, .n_self = 1, .cache_max = 64, .rate = 1000,
		.retry = {100 * NS_PER_MS}, .retry_max = {1600 * NS_PER_MS}, .give_up = {5 * NS_PER_S}, .hello = {2 * NS_PER_S},
		.lifetime_max = {3600 * NS_PER_S}, .negative = {10 * NS_PER_S}};
}

static inline void kit_fini(void)
{
	for (uint32_t i = 0; i < KIT_MANAGERS; i++)
		kit_manager_kill(i);
	for (uint32_t i = 0; i < KIT_CLIENTS; i++)
		kit_client_kill(i);
	for (uint32_t i = 0; i < KIT_NODES; i++)
		effq_fini(&kit->node[i].fx);
	for (uint32_t i = 0; i <= KIT_CLIENTS; i++)
		sa_key_fini(&kit->key[i], &crypto_openssl);
	assert_int_equal(kit->n_live, 0);
	free(kit->air);
	free(kit);
	kit = NULL;
}
