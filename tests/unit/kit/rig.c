/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#include "effects.h"
#include "plain.h"
#include "plat/crypto_openssl.h"

/* --- memory ------------------------------------------------------------------------------------------- */

static void *resize(void *ctx, void *old, size_t n)
{
	struct rig *r = ctx;
	if (n == 0) {
		r->n_live -= old != NULL;
		free(old);
		return NULL;
	}
	if (r->fail_in >= 0 && r->fail_in-- == 0)
		return NULL;
	r->n_live += old == NULL;
	return realloc(old, n);
}

/* --- engine ---------------------------------------------------------------------------------------------- */

static uint32_t no_ifindex(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return 0;
}

static const struct sa_key *find_key(void *ctx, const char *name)
{
	struct rig *r = ctx;
	for (uint32_t i = 0; i < r->n_key; i++)
		if (strcmp(r->key[i].name, name) == 0)
			return &r->key[i];
	return NULL;
}

void rig_init(struct rig *r, uint64_t seed)
{
	memset(r, 0, sizeof *r);
	r->mem = (struct mem_ops){resize, r};
	r->fail_in = -1;
	prng_seed(&r->prng, seed);
	r->rng = prng_rng(&r->prng);
	effq_init(&r->fx, &r->mem);
	r->env = (struct engine_env){.mem = &r->mem, .rng = &r->rng, .crypto = &crypto_openssl, .fx = &r->fx, .count = &r->count,
		.ifindex = no_ifindex, .key = find_key, .ctx = r};
	r->now = (struct now){{1000 * NS_PER_S}, {1767225600 * NS_PER_S}};
}

static void end(struct rig *r)
{
	if (!r->self)
		return;
	r->ops->fini(r->self);
	mem_put(&r->mem, r->self);
	r->self = NULL;
}

void rig_fini(struct rig *r)
{
	end(r);
	for (uint32_t i = 0; i < r->n_key; i++)
		sa_key_fini(&r->key[i], &crypto_openssl);
	effq_fini(&r->fx);
	assert_int_equal(r->n_live, 0);
}

const struct sa_key *rig_add_key(struct rig *r, const char *name, uint32_t spi, const char *raw)
{
	assert_true(r->n_key < RIG_KEYS);
	struct sa_key *k = &r->key[r->n_key++];
	assert_int_equal(sa_key_init(k, &crypto_openssl, name, spi, MAC_HMAC_SHA1, raw, strlen(raw)), 0);
	return k;
}

int rig_start(struct rig *r, const struct role_ops *ops, const void *conf)
{
	const char *remedy = NULL;
	end(r);
	r->ops = ops;
	r->self = mem_zget(&r->mem, ops->size_oct);
	int err = ops->init(r->self, &r->env, conf, r->now, &remedy);
	if (err && remedy) {
		mem_put(&r->mem, r->self);
		r->self = NULL;
	}
	return err;
}

void rig_link(struct rig *r, uint32_t ifindex, const char *name, const char *lladdr, bool is_up)
{
	struct link_event ev = {.ifindex = ifindex, .is_up = is_up, .lladdr = rig_lladdr(lladdr), .mtu_oct = 1500};
	assert_true(strlen(name) < sizeof ev.name);
	memcpy(ev.name, name, strlen(name));
	r->ops->link(r->self, &ev, r->now);
}

bool rig_rx(struct rig *r, uint32_t ifindex, const char *lladdr, const void *pkt, size_t len_oct)
{
	const struct rx rx = {.ifindex = ifindex, .lladdr_src = rig_lladdr(lladdr), .pkt = pkt, .len_oct = len_oct};
	return r->ops->rx(r->self, &rx, r->now);
}

static void move_clock(struct rig *r, mono_t to)
{
	r->now.wall = wall_add(r->now.wall, mono_sub(to, r->now.mono));
	r->now.mono = to;
}

void rig_run(struct rig *r, span_t d)
{
	mono_t end = mono_add(r->now.mono, d);
	for (mono_t next; mono_reached(next = r->ops->expiry(r->self), end);) {
		if (mono_before(r->now.mono, next))
			move_clock(r, next);
		r->ops->tick(r->self, r->now);
	}
	move_clock(r, end);
}

/* --- effects ---------------------------------------------------------------------------------------------- */

const struct effect *rig_effect(const struct rig *r, enum effect_kind kind, uint32_t nth) { return effects_nth(&r->fx, kind, nth); }
uint32_t rig_count(const struct rig *r, enum effect_kind kind) { return (uint32_t)effects_count(&r->fx, kind); }
const struct dp_op *rig_dp(const struct rig *r, enum effect_kind put_or_del, enum dp_table table, uint32_t nth)
{
	return effects_dp(&r->fx, put_or_del, table, nth);
}

const uint8_t *rig_sent(const struct rig *r, uint32_t nth, size_t *len_oct)
{
	const struct effect *e = rig_effect(r, FX_SEND, nth);
	assert_non_null(e);
	*len_oct = e->send.len_oct;
	return effq_bytes(&r->fx, e->send.off);
}

void rig_clear(struct rig *r) { effq_reset(&r->fx); }

struct addr6 rig_addr(const char *text) { return plain_addr(text); }
struct prefix6 rig_prefix(const char *text) { return plain_prefix(text); }

struct lladdr rig_lladdr(const char *text)
{
	struct lladdr a;
	assert_true(lladdr_parse(&a, text));
	return a;
}
