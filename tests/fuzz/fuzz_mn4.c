/* SPDX-License-Identifier: BSD-2-Clause */
/* The mobile node's engine in IPv4: packets handed up for any reason. As they come no reply among them can be authentic, so none is
 * believed, whatever advertisements do. Then replies among them are built anew as answers to the last request, with right authenticators, and
 * whatever they say, the engine holds together: one place, an end of each binding, no effect lost. */
#include <stdio.h>
#include <stdlib.h>

#include "base/prng.h"
#include "fuzz.h"
#include "plat/crypto_openssl.h"
#include "role/mn/state.h"

static void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	if (n)
		return realloc(old, n);
	free(old);
	return NULL;
}

static struct node {
	struct mem_ops mem;
	struct prng prng;
	struct rng rng;
	struct effq fx;
	struct counters count;
	struct engine_env env;
	struct now now;
	struct sa_key key[3];
	struct mn *mn;
} node;

static const struct sa_key *key_named(void *ctx, const char *name)
{
	(void)ctx;
	for (size_t i = 0; i < 3; i++)
		if (strcmp(node.key[i].name, name) == 0)
			return &node.key[i];
	return NULL;
}

static struct addr6 addr(const char *s)
{
	struct addr6 a = {{0}};
	if (!addr46_parse(&a, s))
		abort();
	return a;
}

static void link_event(bool is_up)
{
	const struct link_event ev = {.ifindex = 2, .name = "w0", .is_up = is_up, .lladdr = {{2, 0, 0, 0, 0, 2}}, .mtu_oct = 1500};
	mn_role.link(node.mn, &ev, node.now);
}

/* The addresses are those of the samples, so that these are for this mobile. */
static void begin(void)
{
	static struct mn_conf conf = {.key = "ha", .n_iface = 1, .iface = {{"w0"}}, .use_mma = true, .n_mma = 1, .mma = {{.key = "mma"}},
				      .lifetime = {600 * NS_PER_S}, .drain = {NS_PER_S / 5}, .forward = {10 * NS_PER_S}, .reports = 3,
				      .report_interval = {20 * NS_PER_MS}, .missed_advertisements = 3, .signal_window = 8,
				      .v4 = {.keepalive = {110 * NS_PER_S}, .revocation = true, .n_fa = 1, .fa = {{.key = "fa"}}}};
	const char *remedy;
	static const char *const names[] = {"ha", "mma", "fa"};
	node.mem = (struct mem_ops){resize, NULL};
	prng_seed(&node.prng, 1);
	node.rng = prng_rng(&node.prng);
	effq_init(&node.fx, &node.mem);
	for (uint32_t i = 0; i < 3; i++)
		if (sa4_key_init(&node.key[i], &crypto_openssl, names[i], 256 + i, MAC_HMAC_MD5, "1234567812345678", 16))
			abort();
	node.env = (struct engine_env){.mem = &node.mem, .rng = &node.rng, .crypto = &crypto_openssl, .fx = &node.fx, .count = &node.count,
				       .key = key_named};
	node.now = (struct now){{1000 * NS_PER_S}, {1800000000 * NS_PER_S}};
	conf.v4.home_address = addr("10.1.0.100");
	conf.v4.home_agent = addr("10.1.0.1");
	conf.mma[0].address_v4 = addr("10.2.0.1");
	conf.v4.fa[0].addr = addr("10.3.0.1");
	if (!prefix46_parse(&conf.v4.home_prefix, "10.1.0.0/24"))
		abort();
	node.mn = calloc(1, mn_role.size_oct);
	if (!node.mn || mn_role.init(node.mn, &node.env, &conf, node.now, &remedy))
		abort();
	mn_role.restored(node.mn, node.now);
	link_event(true);
	const struct local_event own = {.ifindex = 2, .addr = addr("10.9.1.50"), .plen_bits = 120};
	mn_role.local(node.mn, &own, node.now);
	effq_reset(&node.fx);
}

static void check(void)
{
	const struct mn4 *v = &node.mn->v4;
	if (node.fx.lost || (v->active && v->active != &node.mn->iface[0]))
		abort();
	if (mn4_reg_is_bound(node.mn) && (v->at.place == MOVE4_HOME || (v->at.place == MOVE4_SITE && !v->at.mma)))
		abort();
	if (mn4_reg_is_bound(node.mn) && v->reg.lifetime_s != MIP4_LIFETIME_INFINITE && mono_is_never(v->reg.expires))
		abort();
	if (v->home_if && v->is_roam0_default && v->state == MN_HOME)
		abort();
	effq_reset(&node.fx);
}

static void hand_up(enum dp_punt why, struct lladdr from, const uint8_t *pkt, size_t n)
{
	const struct rx rx = {.ifindex = 2, .why = why, .lladdr_src = from, .pkt = pkt, .len_oct = n};
	(void)mn_role.rx(node.mn, &rx, node.now);
	check();
}

static void let_time_pass(int64_t ms)
{
	node.now.mono.ns += ms * NS_PER_MS;
	node.now.wall.ns += ms * NS_PER_MS;
	for (int i = 0; i < 1000 && mono_reached(mn_role.expiry(node.mn), node.now.mono); i++)
		mn_role.tick(node.mn, node.now);
	if (mono_reached(mn_role.expiry(node.mn), node.now.mono))
		abort(); /* it turns on the spot */
	check();
}

/* IPv4 header, and UDP's, ICMP's or IGMP's checksum made right. */
static void mend4(uint8_t *pkt, size_t n)
{
	struct ip4_walk w;
	if (n < 20 || pkt[0] >> 4 != 4 || (size_t)(pkt[0] & 15) * 4 > n || (pkt[0] & 15) < 5)
		return;
	pkt[10] = pkt[11] = 0;
	uint16_t sum = csum_fold(csum_add(0, pkt, (size_t)(pkt[0] & 15) * 4));
	pkt[10] = (uint8_t)(sum >> 8), pkt[11] = (uint8_t)sum;
	if (ip4_walk(pkt, n, &w) != W_OK || w.len_oct < 8)
		return;
	uint8_t *m = pkt + w.off;
	if (w.ip.proto == NH_UDP) {
		m[6] = m[7] = 0;
	} else if (w.ip.proto == PROTO_ICMP4 || w.ip.proto == PROTO_IGMP) {
		m[2] = m[3] = 0;
		sum = csum_fold(csum_add(0, m, w.len_oct));
		m[2] = (uint8_t)(sum >> 8), m[3] = (uint8_t)sum;
	}
}

/* What it says, as an answer to the last request. */
static void authentic(const uint8_t *pkt, size_t n, struct lladdr from)
{
	struct mip4_packet p;
	struct mn4 *v = &node.mn->v4;
	const struct sa_key *mf = v->has_place ? mn4_msg_key(node.mn, &v->at) : NULL;
	if (mip4_packet_parse(pkt, n, &p) != W_OK || p.m.type != MIP4_REPLY)
		return;
	struct mip4_path path = {.src = p.src, .dst = v->home_address};
	struct mip4_built built;
	uint8_t buf[2100];
	p.m.reply.id = (p.m.reply.id & ~0xffffffffull) | (uint32_t)v->reg.id;
	p.m.reply.hoa = v->home_address;
	memset(p.m.ext.auth, 0, sizeof p.m.ext.auth);
	p.m.ext.auth[MIP4_MH] = sa4_auth(v->key);
	if (mf)
		p.m.ext.auth[MIP4_MF] = sa4_auth(mf);
	n = mip4_packet_build(buf, sizeof buf, &path, &p.m, &built);
	if (!n)
		return;
	sa4_sign(v->key, &crypto_openssl, buf + built.msg_off, &p.m.ext.auth[MIP4_MH]);
	if (mf)
		sa4_sign(mf, &crypto_openssl, buf + built.msg_off, &p.m.ext.auth[MIP4_MF]);
	mip4_packet_finish(&built, buf);
	hand_up(DP_PUNT_MIP4, from, buf, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const enum dp_punt whys[] = {DP_PUNT_MIP4, DP_PUNT_ADV4, DP_PUNT_IGMP, DP_PUNT_ARP, DP_PUNT_NONE, DP_PUNT_ICMP_ERR, DP_PUNT_BROADCAST};
	const struct lladdr from = {{2, 0, 0, 0, 9, n ? data[n - 1] & 3 : 0}};
	if (!node.mn)
		begin();
	uint8_t *pkt = fuzz_copy(data, n);
	uint64_t believed = node.mn->v4.n.replies;
	for (int mended = 0; mended < 2 && n; mended++) {
		for (size_t i = 0; i < sizeof whys / sizeof *whys; i++)
			hand_up(whys[i], from, pkt, n);
		mend4(pkt, n);
	}
	uint8_t code = n > 29 ? pkt[29] : 0;
	if (node.mn->v4.n.replies != believed && (code < 64 || (code >= 128 && code < 192)))
		abort(); /* an agent's refusal needs no authentication where there is no key */
	authentic(pkt, n, from);
	let_time_pass(n % 64 ? 20 : 5000);
	if (n % 97 == 0) {
		link_event(false);
		check();
		link_event(true);
	}
	free(pkt);
	return 0;
}
