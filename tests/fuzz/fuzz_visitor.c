/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The relay of registrations (core/visitor). Each input is a packet. As it comes, from either side, nothing in it can be authentic, so it
 * makes and ends no visitor. Then its message is made to fit (addresses, identification, foreign-home authentication), whatever its
 * extensions say, so that what lies behind the checks is reached: limits hold, what is passed on is what came, and all that is sent is well formed.
 */
#include <stdlib.h>

#include "base/prng.h"
#include "core/visitor/visitor.h"
#include "fuzz.h"
#include "plat/crypto_openssl.h"
#include "wire/ip/ip6.h"

enum { CAP_OCT = 4096, REQUEST_OCT = 24, REPLY_OCT = 20, MSG_OFF = 28, PENDING_MAX = 8, VISITORS_MAX = 16, ACCESS = 7, UP = 8 };

static void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	if (n)
		return realloc(old, n);
	free(old);
	return NULL;
}

static struct addr6 v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) { return addr6_from_v4((struct addr4){{a, b, c, d}}); }

static struct bench {
	struct mem_ops mem;
	struct prng prng;
	struct rng rng;
	struct effq fx;
	struct counters count;
	struct engine_env env;
	struct now now;
	struct visitors vs;
	struct visitor_conf conf;
	struct visitor_ops ops;
	struct visitor_link link;
	struct addr6 coa, ha;
	struct sa_key fh;
	uint64_t n_accepted, n_gone, n_authentic;
} b;

static const struct sa_key *mobile_key(void *ctx, const struct addr6 *hoa, const struct mip4_bytes *nai)
{
	(void)ctx, (void)hoa, (void)nai;
	return NULL;
}
static const struct sa_key *home_agent_key(void *ctx, const struct addr6 *ha)
{
	(void)ctx;
	return addr6_eq(ha, &b.ha) ? &b.fh : NULL;
}
static bool is_ours(void *ctx, const struct addr6 *a)
{
	(void)ctx;
	return addr6_eq(a, &b.coa) || addr6_eq(a, &b.link.addr);
}
static void accepted(void *ctx, struct visitor *v, const struct visitor_request *was, struct now now)
{
	(void)ctx, (void)was, (void)now;
	if (!addr6_is_v4unicast(&v->hoa) || v->state != VISITOR_SERVED)
		abort();
	b.n_accepted++;
}
static void gone(void *ctx, struct visitor *v, enum visitor_end why, struct now now)
{
	(void)ctx, (void)v, (void)now;
	b.n_gone += why != VISITOR_EXPIRED;
}

static void begin(void)
{
	b.mem = (struct mem_ops){resize, NULL};
	prng_seed(&b.prng, 1);
	b.rng = prng_rng(&b.prng);
	effq_init(&b.fx, &b.mem);
	b.env = (struct engine_env){.mem = &b.mem, .rng = &b.rng, .crypto = &crypto_openssl, .fx = &b.fx, .count = &b.count};
	b.now = (struct now){{1000 * NS_PER_S}, {1800000000 * NS_PER_S}};
	b.coa = v4(192, 0, 2, 9);
	b.ha = v4(192, 0, 2, 1);
	b.conf = (struct visitor_conf){.lifetime_s = 1800, .visitors_max = VISITORS_MAX, .pending_max = PENDING_MAX, .pending = span_s(7),
		.encap = MIP4_M | MIP4_G, .reverse = VISITOR_REVERSE_OPTIONAL, .has_delivery = true, .takes_colocated = true, .has_udp = true,
		.has_revocation = true, .has_inform = true};
	b.link = (struct visitor_link){.ifindex = ACCESS, .addr = v4(10, 9, 0, 1), .coa = &b.coa, .n_coa = 1};
	b.ops = (struct visitor_ops){.mobile_key = mobile_key, .home_agent_key = home_agent_key, .is_ours = is_ours, .accepted = accepted, .gone = gone};
	if (sa_key_init(&b.fh, &crypto_openssl, "fh", 400, MAC_HMAC_SHA256, "foreign and home agent", 22) ||
	    visitors_init(&b.vs, &b.env, ROLE_FA, &b.conf, &b.ops, 2))
		abort();
}

static void rx(uint32_t ifindex, const uint8_t *pkt, size_t n)
{
	struct mip4_packet p;
	const struct rx in = {.ifindex = ifindex, .lladdr_src = {{2, 0, 0, 0, 0, n ? pkt[n - 1] & 3 : 0}}, .pkt = pkt, .len_oct = n};
	enum wire_err e = mip4_packet_parse(pkt, n, &p);
	(void)visitors_rx(&b.vs, ifindex == ACCESS ? &b.link : NULL, &in, &p, e, b.now);
	(void)visitors_icmp(&b.vs, &in, b.now);
}

/* All that was sent is well formed; what was relayed last is copied. relayed: of the request that came in, or NULL. */
static size_t sent(uint8_t *copy, const uint8_t *msg, size_t msg_oct)
{
	size_t n = 0;
	for (const struct effect *e; (e = effq_next(&b.fx));) {
		struct mip4_packet p;
		if (e->kind != FX_SEND)
			continue;
		const uint8_t *pkt = effq_bytes(&b.fx, e->send.off);
		enum wire_err err = mip4_packet_parse(pkt, e->send.len_oct, &p);
		if (err && err != W_OPTION_ORDER && err != W_VALUE && err != W_LIMIT) /* the mobile's own part is its affair */
			abort();
		if (p.m.type != MIP4_REQUEST)
			continue;
		if (!addr6_eq(&p.src, &b.coa) || (msg && (p.m.ext.relay_oct > msg_oct || memcmp(p.msg, msg, p.m.ext.relay_oct))))
			abort();
		n = e->send.len_oct;
		memcpy(copy, pkt, n);
	}
	effq_reset(&b.fx);
	if (b.vs.n_pending > PENDING_MAX || visitors_count(&b.vs) > VISITORS_MAX + PENDING_MAX)
		abort();
	return n;
}

/* From src to dst a message of a fixed part and extensions, the foreign-home authenticator made right where one of the right length ends it. */
static size_t wrap(uint8_t *out, const struct addr6 *src, const struct addr6 *dst, const uint8_t *msg, size_t n, uint8_t ttl)
{
	struct mip4 none = {.type = MIP4_REPLY};
	struct mip4_built built;
	struct mip4_packet p;
	const struct mip4_path path = {.src = *src, .dst = *dst, .ttl = ttl, .relay = msg, .relay_oct = (uint16_t)n};
	bool is_to_sign = msg[0] != MIP4_REQUEST;
	if (is_to_sign)
		none.ext.auth[MIP4_FH] = sa4_auth(&b.fh);
	size_t len = mip4_packet_build(out, CAP_OCT, &path, &none, &built);
	if (!len)
		return 0;
	if (is_to_sign)
		sa4_sign(&b.fh, &crypto_openssl, out + built.msg_off, &none.ext.auth[MIP4_FH]);
	mip4_packet_finish(&built, out);
	b.n_authentic += mip4_packet_parse(out, len, &p) == W_OK && is_to_sign;
	return len;
}

static void store(uint8_t *at, const struct addr6 *a) { memcpy(at, a->b + 12, 4); }

/* The input's message as a request that fits, and the reply that its extensions make. */
static void registration(const uint8_t *msg, size_t n)
{
	static uint8_t ask[CAP_OCT], out[CAP_OCT], relayed[CAP_OCT];
	struct addr6 hoa = v4(10, 1, 0, (uint8_t)(100 + msg[n - 1] % 32));
	memcpy(ask, msg, n);
	ask[0] = MIP4_REQUEST;
	ask[1] &= 0xfa;
	store(ask + 4, &hoa);
	store(ask + 8, &b.ha);
	store(ask + 12, ask[1] & MIP4_D ? &hoa : &b.coa);
	size_t len = wrap(out, &hoa, &b.link.addr, ask, n, 255);
	rx(ACCESS, out, len);
	size_t sent_oct = sent(relayed, ask, n);
	if (!sent_oct)
		return;
	uint8_t *reply = out + CAP_OCT / 2;
	reply[0] = MIP4_REPLY;
	reply[1] = msg[1] & 0x80 ? msg[1] : msg[1] & 1;
	memcpy(reply + 2, ask + 2, 2);
	store(reply + 4, &hoa);
	store(reply + 8, &b.ha);
	memcpy(reply + 12, ask + 16, 8);
	if (n - REQUEST_OCT > CAP_OCT / 4)
		return;
	memcpy(reply + REPLY_OCT, msg + REQUEST_OCT, n - REQUEST_OCT);
	static uint8_t answer[CAP_OCT];
	len = wrap(answer, &b.ha, &b.coa, reply, n - REQUEST_OCT + REPLY_OCT, 64);
	rx(UP, answer, len);
	(void)sent(relayed, NULL, 0);
}

/* The same of a revocation or an acknowledgement, of a visitor that is there. */
static void revocation(const uint8_t *msg, size_t n)
{
	static uint8_t ask[CAP_OCT], out[CAP_OCT], copy[CAP_OCT];
	uint64_t it = 0;
	const struct visitor *v = visitors_next(&b.vs, &it);
	if (!v || n < REQUEST_OCT)
		return;
	memcpy(ask, msg, n);
	ask[0] = msg[0] & 1 ? MIP4_REVOKE : MIP4_REVOKE_ACK;
	store(ask + 4, &v->hoa);
	if (ask[0] == MIP4_REVOKE) {
		store(ask + 8, &v->req.ha);
		store(ask + 12, &v->req.coa);
	}
	rx(UP, out, wrap(out, &b.ha, &b.coa, ask, n, 64));
	(void)sent(copy, NULL, 0);
}

static void as_it_comes(const uint8_t *pkt, size_t n)
{
	static uint8_t copy[CAP_OCT];
	uint64_t accepted_before = b.n_accepted, gone_before = b.n_gone;
	rx(ACCESS, pkt, n);
	rx(UP, pkt, n);
	(void)sent(copy, NULL, 0);
	if (b.n_accepted != accepted_before || b.n_gone != gone_before)
		abort();
}

static void pass_time(uint8_t ticks)
{
	b.now.mono.ns += ticks * NS_PER_S / 4;
	b.now.wall.ns += ticks * NS_PER_S / 4;
	visitors_tick(&b.vs, b.now);
	static uint8_t copy[CAP_OCT];
	(void)sent(copy, NULL, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!b.coa.b[15])
		begin();
	if (n < MSG_OFF + REQUEST_OCT || n > CAP_OCT / 4)
		return 0;
	uint8_t *pkt = fuzz_copy(data, n);
	as_it_comes(pkt, n);
	registration(pkt + MSG_OFF, n - MSG_OFF);
	revocation(pkt + MSG_OFF, n - MSG_OFF);
	uint64_t it = 0;
	struct visitor *v = visitors_next(&b.vs, &it);
	if (v && pkt[n - 1] % 16 == 3)
		visitors_revoke(&b.vs, v, b.now);
	pass_time(pkt[n - 1] % 8);
	free(pkt);
	return 0;
}
