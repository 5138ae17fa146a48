/* SPDX-License-Identifier: BSD-2-Clause */
/* The correspondent node's engine: packets handed up for any reason. As they come none can be authentic, so none makes or ends a binding. Then
 * updates among them are signed with right tokens, and whatever they ask for, limits hold and the datapath is told the truth. */
#include <stdio.h>
#include <stdlib.h>

#include "base/prng.h"
#include "core/engine.h"
#include "core/ro/rr.h"
#include "fuzz.h"
#include "plat/crypto_openssl.h"
#include "role/cn/cn_i.h"

extern const struct role_ops cn_role;

static void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	if (n)
		return realloc(old, n);
	free(old);
	return NULL;
}

enum { ENTERED_MAX = 16 };

static struct node {
	struct mem_ops mem;
	struct prng prng;
	struct rng rng;
	struct effq fx;
	struct counters count;
	struct engine_env env;
	struct now now;
	struct cn *cn;
	struct cn_key entered[ENTERED_MAX]; /* in the datapath */
	uint32_t n_entered;
} node;

/* The addresses to which the samples go. */
static const char *const selves[] = {"2001:db8:c::2", "2001:db8:1::1", "2001:db8:2::1"};

static void begin(void)
{
	static struct cn_conf conf = {.lifetime_max = {420 * NS_PER_S}, .bindings_max = 8, .site_max = 8, .test_rate = 1000, .total_rate = 1000,
				      .refusal_rate = 1000};
	const char *remedy;
	const struct link_event up = {.ifindex = 2, .name = "eth0", .is_up = true, .mtu_oct = 1500};
	node.mem = (struct mem_ops){resize, NULL};
	prng_seed(&node.prng, 1);
	node.rng = prng_rng(&node.prng);
	effq_init(&node.fx, &node.mem);
	node.env = (struct engine_env){.mem = &node.mem, .rng = &node.rng, .crypto = &crypto_openssl, .fx = &node.fx, .count = &node.count};
	node.now = (struct now){{1000 * NS_PER_S}, {1800000000 * NS_PER_S}};
	node.cn = calloc(1, cn_role.size_oct);
	if (!node.cn || cn_role.init(node.cn, &node.env, &conf, node.now, &remedy))
		abort();
	cn_role.link(node.cn, &up, node.now);
	for (size_t i = 0; i < sizeof selves / sizeof *selves; i++) {
		struct local_event ev = {.ifindex = 2};
		(void)addr6_parse(&ev.addr, selves[i]);
		cn_role.local(node.cn, &ev, node.now);
	}
	effq_reset(&node.fx);
}

static uint32_t entered_find(const struct dp_cn *e)
{
	uint32_t i = 0;
	while (i < node.n_entered && memcmp(&node.entered[i], e, sizeof(struct cn_key)) != 0)
		i++;
	return i;
}

/* What the datapath holds, from what it is told. */
static void carry_out(bool is_authentic)
{
	for (const struct effect *e; (e = effq_next(&node.fx));) {
		if (e->kind != FX_DP_PUT && e->kind != FX_DP_DEL)
			continue;
		uint32_t i = entered_find(&e->dp.cn);
		if (!is_authentic || e->dp.table != DP_CN || i == ENTERED_MAX)
			abort();
		if (e->kind == FX_DP_PUT)
			memcpy(&node.entered[i], &e->dp.cn, sizeof(struct cn_key));
		node.n_entered += e->kind == FX_DP_PUT && i == node.n_entered;
		if (e->kind == FX_DP_DEL && i < node.n_entered)
			node.entered[i] = node.entered[--node.n_entered];
	}
	effq_reset(&node.fx);
}

static void hand_up(enum dp_punt why, const uint8_t *pkt, size_t n)
{
	const struct rx rx = {.ifindex = 2, .why = why, .pkt = pkt, .len_oct = n};
	(void)cn_role.rx(node.cn, &rx, node.now);
	carry_out(false);
}

static void let_time_pass(int64_t ms)
{
	node.now.mono.ns += ms * NS_PER_MS;
	if (mono_reached(cn_role.expiry(node.cn), node.now.mono))
		cn_role.tick(node.cn, node.now);
	carry_out(true);
}

/* Tokens of now, or of up to three nonces before, as the update's lowest index bits want it. */
static void sign(uint8_t *pkt, const struct mh_packet *p)
{
	const struct crypto_ops *c = &crypto_openssl;
	struct rr_nonces *ns = &node.cn->nonces;
	uint16_t now = rr_nonce_now(ns, &node.rng, node.now.mono);
	uint16_t home = (uint16_t)(now - p->mh.opt.nonce_home % 4), coa = (uint16_t)(now - p->mh.opt.nonce_coa % 4);
	uint64_t home_token = rr_home_token(ns, c, home, &p->peer), coa_token = rr_coa_token(ns, c, coa, mh_packet_coa(p));
	bool is_delete = p->mh.bu.lifetime_s == 0 || addr6_eq(mh_packet_coa(p), &p->peer);
	struct rr_kbm k;
	struct mh_built b = {.mh_off = (uint16_t)(p->head - pkt), .mh_len_oct = p->mh.len_oct, .auth_len_oct = MH_AUTH_LEN_OCT,
			     .auth_off = (uint16_t)(p->head - pkt + p->mh.opt.bind_auth_off), .csum_src = p->peer, .csum_dst = p->self};
	for (uint8_t *o = pkt + b.mh_off + 12, *end = pkt + b.auth_off - 2; o < end;) {
		if (o[0] == MHO_NONCE && end - o >= 6) {
			o[2] = (uint8_t)(home >> 8), o[3] = (uint8_t)home, o[4] = (uint8_t)(coa >> 8), o[5] = (uint8_t)coa;
			break;
		}
		o += o[0] == MHO_PAD1 || end - o < 2 ? 1 : 2 + o[1];
	}
	rr_kbm(c, home_token, is_delete ? NULL : &coa_token, &k);
	rr_sign(&k, c, mh_packet_coa(p), &p->dst, &b, pkt);
}

static void authentic(uint8_t *pkt, size_t n)
{
	struct mh_packet p;
	if (mh_packet_parse(pkt, n, &p) != W_OK || p.mh.type != MH_BU || !p.mh.opt.has_bind_auth || !p.mh.opt.has_nonce)
		return;
	sign(pkt, &p);
	const struct rx rx = {.ifindex = 2, .why = DP_PUNT_MH, .pkt = pkt, .len_oct = n};
	(void)cn_role.rx(node.cn, &rx, node.now);
	carry_out(true);
	if (node.n_entered != node.cn->cache.n_active || node.n_entered > node.cn->conf.bindings_max)
		abort();
	if (table_count(&node.cn->cache.by_key) > 2 * node.cn->conf.bindings_max)
		abort();
	let_time_pass(p.mh.bu.seq % 8192);
	if (node.n_entered != node.cn->cache.n_active)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const enum dp_punt whys[] = {DP_PUNT_MH, DP_PUNT_NONE, DP_PUNT_HAO, DP_PUNT_ICMP_ERR};
	if (!node.cn)
		begin();
	uint8_t *pkt = fuzz_copy(data, n);
	hand_up(DP_PUNT_MH, pkt, n);
	fuzz_mend(pkt, n);
	for (size_t i = 0; i < sizeof whys / sizeof *whys; i++)
		hand_up(whys[i], pkt, n);
	authentic(pkt, n);
	let_time_pass(1);
	free(pkt);
	return 0;
}
