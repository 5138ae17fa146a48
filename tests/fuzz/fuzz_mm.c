/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A mobility manager and the client that asks it, behind a right authenticator, so that what an authentic but broken other side says is reached
 * too; device identifiers as text; records of the store. The input is a row of datagrams, each a length, a type and the fields.
 */
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "core/manager/device.h"
#include "core/manager/mmc.h"
#include "core/manager/mmsig.h"
#include "fuzz.h"
#include "plat/crypto_openssl.h"
#include "role/mm/mm.h"
#include "wire/ip/udp6.h"

enum { CAP = 700 };

static int64_t n_live;
static void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	n_live += (old == NULL) - (n == 0);
	if (n)
		return realloc(old, n);
	free(old);
	return NULL;
}
static const struct mem_ops mem = {resize, NULL};
static const struct addr6 manager = {{0x20, 1, [15] = 1}}, agent = {{0x20, 1, [15] = 2}};
static struct sa_key key;
static const struct sa_key *find_key(void *ctx, const char *name) { (void)ctx, (void)name; return &key; }

static struct effq fx;
static struct now now;
static void *mm;
static struct mmc *client;
static uint64_t seq, epoch;

static void packet(const struct addr6 *src, const struct addr6 *dst, const uint8_t *data, size_t n)
{
	uint8_t pkt[CAP + 60];
	struct wr w = wr_of(pkt, sizeof pkt);
	udp6_begin(&w, src, dst, 64, MM_PORT, MM_PORT);
	wr_bytes(&w, data, n);
	const size_t len = udp6_finish(&w);
	uint8_t *copy = fuzz_copy(pkt, len);
	const struct rx rx = {.pkt = copy, .len_oct = len};
	(void)mm_role.rx(mm, &rx, now);
	(void)mmc_rx(client, &rx, now);
	free(copy);
}

static void give(uint8_t type, const uint8_t *fields, size_t n)
{
	const bool is_manager = type == MM_WELCOME || type == MM_ANSWER || type == MM_CHANGE || type == MM_TOLD;
	const struct addr6 *src = is_manager ? &manager : &agent, *dst = is_manager ? &agent : &manager;
	uint8_t buf[CAP], mac[32];
	struct wr w = wr_of(buf, sizeof buf);
	grp_head_build(&w, &(struct grp_head){.type = type, .from = is_manager ? 1 : 2, .to = is_manager ? 2 : 0, .epoch = epoch, .seq = ++seq});
	wr_bytes(&w, fields, n);
	const struct iov_in in[] = {{"mm", 2}, {src, 16}, {dst, 16}, {buf, wr_len(&w)}};
	(void)crypto_openssl.mac(crypto_openssl.ctx, key.derive, in, 4, mac);
	wr_bytes(&w, mac, GRP_MAC_OCT);
	if (wr_ok(&w))
		packet(src, dst, buf, wr_len(&w));
}

/* Whatever the engines sent, to the other side: so both prove their epochs, and questions are answered. */
static void carry(void)
{
	for (int turn = 0; turn < 8 && fx.n; turn++) {
		struct { uint8_t pkt[CAP + 60]; size_t len_oct; } held[16];
		uint32_t n = 0;
		const struct effect *e;
		while ((e = effq_next(&fx)) != NULL)
			if (e->kind == FX_SEND && n < 16 && e->send.len_oct <= sizeof held[0].pkt) {
				held[n].len_oct = e->send.len_oct;
				memcpy(held[n++].pkt, effq_bytes(&fx, e->send.off), e->send.len_oct);
			}
		effq_reset(&fx);
		for (uint32_t i = 0; i < n; i++) {
			struct mmsig_packet p;
			struct grp_head h;
			const struct rx rx = {.pkt = held[i].pkt, .len_oct = held[i].len_oct};
			if (!mmsig_packet_parse(&rx, &p))
				abort();
			struct rd r = rd_of(p.data, p.len_oct);
			if (mm_head_parse(&r, &h) || mm_check(r))
				abort();
			epoch = h.epoch;
			seq = h.seq + 1000;
			(void)mm_role.rx(mm, &rx, now);
			(void)mmc_rx(client, &rx, now);
		}
		mmc_tick(client, now); /* an echo that is due */
	}
}

static void answer(void *ctx, const struct mmc_question *q, enum mmc_result r, const struct mm_record *rec, struct now at)
{
	(void)ctx, (void)at;
	if ((rec != NULL) != (r == MMC_FOUND))
		abort();
	(void)mmc_hold(client, q, at);
}
static void changed(void *ctx, const struct mmc_question *q, const struct mm_record *rec, struct now at)
{
	(void)ctx, (void)q, (void)at;
	if (rec && rec->policy > MM_SERVING)
		abort();
}

static void served(void *ctx, const struct mmc_question *q, const struct mm_serving *s, struct now at)
{
	(void)ctx, (void)at;
	if (s->agent == 2)
		mmc_serve(client, q, s);
}

static void command(const char *verb, const char *text)
{
	const char *argv[] = {"device", verb, text}, *msg;
	(void)mm_role.ctl(mm, &(struct ctl_cmd){3, argv}, now, &msg);
}

/* What was read prints, and reads the same again. */
static void identifiers(const char *text)
{
	struct device_id id, again;
	for (int kind = DEVICE_MIN; kind < DEVICE_KIND_N; kind++) {
		if (!device_parse_as(&id, (enum device_kind)kind, text, NULL))
			continue;
		if (!device_is_valid(&id) || !device_parse(&again, DEVICE_STR(&id), NULL) || !device_eq(&id, &again))
			abort();
	}
}

static void begin(const struct engine_env *env)
{
	struct mm_conf c = {.id = 1, .devices_max = 100, .subscriptions_max = 100, .lifetime = {600 * NS_PER_S}, .negative = {10 * NS_PER_S},
			    .push_again = {200 * NS_PER_MS}, .n_agent = 1, .n_source = 1};
	struct mmc_conf mc = {.manager = {manager}, .n_manager = 1, .self = {agent}, .n_self = 1, .id = 2, .key = "k", .cache_max = 16, .rate = 1000,
			      .retry = {100 * NS_PER_MS}, .retry_max = {1600 * NS_PER_MS}, .give_up = {5 * NS_PER_S}, .hello = {2 * NS_PER_S},
			      .lifetime_max = {3600 * NS_PER_S}, .negative = {10 * NS_PER_S}};
	static const struct mmc_ops ops = {.answer = answer, .changed = changed, .served = served};
	const char *remedy;
	c.agent[0] = (struct mm_agent_conf){.id = 2, .key = "k"};
	c.source[0] = manager;
	mm = calloc(1, mm_role.size_oct);
	if (!prefix46_parse(&c.group_prefix, "ff38::/64") || !prefix46_parse(&c.group_prefix4, "232.128.0.0/28") || !mm || mm_role.init(mm, env, &c, now, &remedy) ||
	    !(client = mmc_new(env, ROLE_FA, &mc, &ops, now, &remedy)))
		abort();
	command("add", "imsi:310150123456789 home=2001:db8:1::5");
	mmc_tick(client, now);
	carry();
	const struct mm_record *rec;
	const struct addr6 home = {{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 5}};
	const struct mmc_question q = mmc_by_address(&home);
	if (mmc_ask(client, &q, &rec, now) != MMC_WAIT)
		abort();
	carry();
	if (!mmc_find(client, &q))
		abort(); /* what follows reaches trusted epochs */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static bool is_keyed;
	struct prng prng;
	struct counters count = {0};

	now = (struct now){{1000 * NS_PER_S}, {1800000000 * NS_PER_S}};
	n_live = 0;
	if (!is_keyed && sa_key_init(&key, &crypto_openssl, "k", 256, MAC_HMAC_SHA256, "0123456789abcdef", 16))
		abort();
	is_keyed = true;
	prng_seed(&prng, 1);
	const struct rng rng = prng_rng(&prng);
	effq_init(&fx, &mem);
	const struct engine_env env = {.mem = &mem, .rng = &rng, .crypto = &crypto_openssl, .fx = &fx, .count = &count, .key = find_key};
	begin(&env);
	char *text = calloc(1, n + 1);
	memcpy(text, data, n);
	identifiers(text);
	command("put", text);
	free(text);
	packet(&agent, &manager, data, n < CAP ? n : CAP);
	(void)mm_role.restore(mm, &(struct store_rec){STORE_DEVICE, data, data, 0, n}, now);
	for (const uint8_t *p = data, *end = data + n; end - p > 3;) {
		const size_t len = p[0] | (p[1] & 1) << 8, left = (size_t)(end - p - 3), take = len < left ? len : left;
		give((uint8_t)(MM_HELLO + p[2] % (MM_TYPE_END - MM_HELLO)), p + 3, take);
		now.mono.ns += (p[2] >> 5) * 500 * NS_PER_MS;
		mm_role.tick(mm, now);
		mmc_tick(client, now);
		if (!mono_before(now.mono, mm_role.expiry(mm)) || !mono_before(now.mono, mmc_expiry(client)))
			abort();
		effq_reset(&fx);
		p += 3 + take;
	}
	mm_role.fini(mm);
	free(mm);
	mmc_free(client);
	effq_fini(&fx);
	if (n_live)
		abort();
	return 0;
}
