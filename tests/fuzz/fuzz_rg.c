/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Group datagrams: the codec, and a member's engine behind a right authenticator, so that what an authentic but broken member
 * says is reached too. The input is a row of datagrams, each a length, a type and the fields; the other member is proven first.
 */
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "core/auth/sa.h"
#include "fuzz.h"
#include "plat/crypto_openssl.h"
#include "rg/rg.h"
#include "wire/ip/udp6.h"

enum { PEER = 2, CAP = 1400 };

static void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	if (n)
		return realloc(old, n);
	free(old);
	return NULL;
}
static const struct mem_ops mem = {resize, NULL};
static const struct addr6 self = {{0x20, 1, [15] = 1}}, peer = {{0x20, 1, [15] = PEER}}, group = {{0xff, 2, [15] = 0x14}};

/* Reads what it is given. */
static void apply(void *ctx, const struct rg_rec *r, struct now now)
{
	uint32_t sum = 0;
	(void)ctx, (void)now;
	for (uint32_t i = 0; i < r->value_oct; i++)
		sum += r->value[i];
	if (r->key_oct > GRP_KEY_MAX || sum > 255 * r->value_oct)
		abort();
}
static bool value(void *ctx, struct rg_rec *r, uint8_t *buf, struct now now)
{
	(void)ctx, (void)now;
	memset(buf, 7, 20);
	r->value_oct = 20;
	return true;
}
static void nothing(void *ctx, struct now now) { (void)ctx, (void)now; }

static struct sa_key key;
static uint64_t seq;

static void give(struct rg *g, uint8_t type, bool is_to_us, const uint8_t *fields, size_t n, struct now now)
{
	uint8_t buf[CAP], mac[32];
	struct wr w = wr_of(buf, sizeof buf);
	grp_head_build(&w, &(struct grp_head){.type = type, .key_id = 1, .from = PEER, .to = is_to_us, .epoch = 77, .seq = ++seq});
	wr_bytes(&w, fields, n);
	const struct iov_in in[] = {{"rg", 2}, {&peer, sizeof peer}, {buf, wr_len(&w)}};
	(void)crypto_openssl.mac(crypto_openssl.ctx, key.derive, in, 3, mac);
	wr_bytes(&w, mac, GRP_MAC_OCT);
	if (wr_ok(&w))
		rg_rx(g, &peer, buf, wr_len(&w), now);
	rg_flush(g, now);
}

static void echo(struct rg *g, struct grp_item *challenge, struct now now)
{
	uint8_t fields[200];
	struct wr w = wr_of(fields, sizeof fields);
	challenge->type = GRPF_ECHO;
	challenge->nonce.member = 1;
	grp_put(&w, challenge);
	grp_put(&w, &(struct grp_item){.type = GRPF_HELLO, .hello = {GRP_INITIALISED, 100, 100, 0, 0, 0}});
	give(g, GRP_HELLO, false, fields, wr_len(&w), now);
}

/* Finds our challenge in what was sent, and echoes it. */
static void prove(struct rg *g, struct effq *fx, struct now now)
{
	const struct effect *e;
	uint8_t copy[CAP];

	give(g, GRP_HELLO, false, NULL, 0, now);
	while ((e = effq_next(fx)) != NULL) {
		struct udp6_packet u;
		struct grp_head h;
		struct grp_item f;
		enum wire_err err;
		if (e->kind != FX_SEND || e->send.len_oct > sizeof copy)
			continue;
		memcpy(copy, effq_bytes(fx, e->send.off), e->send.len_oct);
		if (udp6_packet_parse(copy, e->send.len_oct, &u))
			abort();
		struct rd r = rd_of(u.data, u.data_len_oct);
		if (grp_head_parse(&r, &h))
			abort();
		while (grp_next(&r, &f, &err))
			if (f.type == GRPF_CHALLENGE) {
				echo(g, &f, now);
				return;
			}
	}
	abort();
}

static void play(struct rg *g, struct effq *fx, const uint8_t *data, size_t n, struct now now)
{
	while (n > 3) {
		const size_t len = data[0] | (data[1] & 3) << 8, take = len < n - 3 ? len : n - 3;
		effq_reset(fx);
		give(g, data[2] & 15, data[2] & 16, data + 3, take, now);
		now.mono.ns += (data[2] >> 5) * 20 * NS_PER_MS;
		rg_tick(g, now);
		if (rg_expiry(g).ns < now.mono.ns)
			abort();
		data += 3 + take;
		n -= 3 + take;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static bool is_keyed;
	struct prng prng;
	struct effq fx;
	struct counters count = {0};
	struct now now = {{1000 * NS_PER_S}, {1800000000 * NS_PER_S}};
	struct rg_conf c = rg_conf_default;
	const struct rg_ops ops = {apply, value, nothing, nothing, nothing, NULL};

	if (!is_keyed && sa_key_init(&key, &crypto_openssl, "g", 256, MAC_HMAC_SHA256, "0123456789abcdef", 16))
		abort();
	is_keyed = true;
	prng_seed(&prng, 1);
	const struct rng rng = prng_rng(&prng);
	effq_init(&fx, &mem);
	const struct engine_env env = {.mem = &mem, .rng = &rng, .crypto = &crypto_openssl, .fx = &fx, .count = &count};
	c.id = 1;
	c.self = self;
	c.group = group;
	c.n_key = 1;
	c.key[0].id = 1;
	c.key[0].key = &key;
	seq = 0;
	struct rg *g = rg_new(&env, &c, &ops, 1, now);
	if (!g)
		abort();
	rg_start(g, now);
	prove(g, &fx, now);
	if (rg_live(g) != 1)
		abort();
	uint8_t *copy = fuzz_copy(data, n);
	rg_rx(g, &peer, copy, n, now); /* as it is: unauthenticated */
	free(copy);
	play(g, &fx, data, n, now);
	rg_free(g);
	effq_fini(&fx);
	return 0;
}
