/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The home agent of Mobile IPv4. Each input is a packet, or an ARP message, or a record of the store; its last byte says which and by what
 * way it comes. As it comes nothing in it can be authentic, so nothing is stored or forwarded. Then its message is made a mobile's own (home
 * address, identification, authentication, with a foreign agent's behind it or not), whatever else it says, so that what lies behind the
 * checks is reached: there is one answer, well formed, signed, with a code that a home agent has; limits hold; every record that is
 * written is one that another life reads. And every input is a record that another member of a redundancy group tells of.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/prng.h"
#include "core/engine.h"
#include "core/auth/sa4.h"
#include "fuzz.h"
#include "plat/crypto_openssl.h"
#include "role/ha/ha.h"
#include "wire/mip4/mip4_packet.h"

enum { CAP_OCT = 4096, FIXED_OCT = 24, AUTH_HEAD_OCT = 6, HOME_IF = 1, UP_IF = 2, BINDINGS_MAX = 6 };

static void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	if (n)
		return realloc(old, n);
	free(old);
	return NULL;
}

static struct addr6 v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) { return addr6_from_v4((struct addr4){{a, b, c, d}}); }

static struct addr6 v6(uint8_t i) { return (struct addr6){{0x20, 1, 0xd, 0xb8, 0, 1, [15] = i}}; }

static struct bench {
	struct mem_ops mem;
	struct prng prng;
	struct rng rng;
	struct effq fx;
	struct counters count;
	struct engine_env env;
	struct now now;
	struct ha_conf conf;
	struct sa_key mobile, agent;
	struct addr6 ha, fa;
	void *self, *other;            /* the home agent; another life of it, which reads what this one stores */
	void *member;                  /* of its redundancy group */
	uint64_t stamp;
} b;

static const struct sa_key *find_key(void *ctx, const char *name)
{
	(void)ctx;
	return name[0] == 'm' ? &b.mobile : &b.agent;
}
static uint32_t no_link(void *ctx, const char *name)
{
	(void)ctx, (void)name;
	return 0;
}

static void configure(void)
{
	b.ha = v4(10, 1, 0, 1);
	b.fa = v4(10, 2, 0, 1);
	b.conf = (struct ha_conf){
		.v4 = {.address = b.ha, .simultaneous = 3, .has_gre = true, .has_minimal = true, .has_udp = true, .has_udp_forced = true, .has_broadcast = true,
		       .has_revocation = true, .udp_keepalive = span_s(110), .n_fa = 1, .fa = {{b.fa, "agent"}}, .n_pool = 1, .pool = {{v4(10, 1, 0, 64), 122}}},
		.address = v6(1), .n_home_prefix = 2, .home_prefix = {{v4(10, 1, 0, 0), 120}, {v6(0), 64}}, .home_link = "home0", .prefix_valid = span_s(86400), .prefix_preferred = span_s(3600),
		.lifetime_max = span_s(600), .stamp_window = span_ms(7000), .is_stamp_required = true, .bindings_max = BINDINGS_MAX, .rate = 0,
		.reverse_grace = span_ms(500), .n_mobile = 3, .mobile = {{.home = {v4(10, 1, 0, 0), 120}, .key = "m"}, {.home = {v4(10, 1, 0, 9), 128}, .key = "m",
		       .n_network = 1, .network = {{v4(10, 50, 0, 0), 112}}, .nai = "router@home"}, {.home = {.len_bits = 128}, .key = "m", .nai = "mn@home"}}};
}

static void *start(void)
{
	const char *remedy;
	void *self = calloc(1, ha_role.size_oct);
	struct link_event home = {.ifindex = HOME_IF, .name = "home0", .is_up = true, .lladdr = {{2, 0, 0, 0, 0, 1}}, .mtu_oct = 1500};
	if (!self || ha_role.init(self, &b.env, &b.conf, b.now, &remedy))
		abort();
	ha_role.link(self, &home, b.now);
	return self;
}

static void begin(void)
{
	b.mem = (struct mem_ops){resize, NULL};
	prng_seed(&b.prng, 1);
	b.rng = prng_rng(&b.prng);
	effq_init(&b.fx, &b.mem);
	b.now = (struct now){{1000 * NS_PER_S}, {1800000000 * NS_PER_S}};
	b.env = (struct engine_env){.mem = &b.mem, .rng = &b.rng, .crypto = &crypto_openssl, .fx = &b.fx, .count = &b.count, .ifindex = no_link, .key = find_key};
	configure();
	if (sa_key_init(&b.mobile, &crypto_openssl, "m", 256, MAC_HMAC_SHA1, "mobile and home agent", 21) ||
	    sa_key_init(&b.agent, &crypto_openssl, "agent", 300, MAC_HMAC_SHA256, "foreign and home agent", 22))
		abort();
	b.self = start();
	b.other = start();
	b.member = start();
	effq_reset(&b.fx);
}

static void rx(enum dp_punt why, uint32_t ifindex, const uint8_t *pkt, size_t n)
{
	const struct rx in = {.ifindex = ifindex, .why = why, .lladdr_src = {{2, 0, 0, 0, 0, 9}}, .pkt = pkt, .len_oct = n};
	(void)ha_role.rx(b.self, &in, b.now);
}

static void nothing_changed(void)
{
	for (const struct effect *e; (e = effq_next(&b.fx));)
		if (e->kind == FX_STORE_PUT || e->kind == FX_STORE_DEL || e->kind == FX_DP_PUT || e->kind == FX_DP_DEL || e->kind == FX_ROUTE_PUT)
			abort();
	effq_reset(&b.fx);
}

static void as_it_comes(const uint8_t *pkt, size_t n, uint8_t how)
{
	static const enum dp_punt why[] = {DP_PUNT_MIP4, DP_PUNT_ARP, DP_PUNT_BROADCAST, DP_PUNT_NONE};
	rx(why[how & 3], how & 4 ? HOME_IF : UP_IF, pkt, n);
	nothing_changed();
}

/* A record of the store: refused or not, and nothing breaks. It may only be about addresses that the mobiles below do not have. */
static void as_a_record(const uint8_t *p, size_t n)
{
	struct addr6 key = v4(10, 1, 0, 200);
	struct store_rec rec = {STORE_BINDING_HA, (const uint8_t *)&key, p, sizeof key, n}, lease = {STORE_HA_POOL, p, p, n < 1 ? n : 1, n};
	(void)ha_role.restore(b.other, &rec, b.now);
	(void)ha_role.restore(b.other, &lease, b.now);
	effq_reset(&b.fx);
}

/* A record of another member of the group, which may be wrong or of a later version: refused, or taken whole and then as readable as any.
 * Nothing is sent or stored for it. */
static void as_a_replica(const uint8_t *p, size_t n, uint8_t how)
{
	static const enum fx_change_how changes[] = {FX_CHANGE_PUT, FX_CHANGE_PUT, FX_CHANGE_DELETE, FX_CHANGE_LAPSE};
	const mono_t ends[] = {mono_add(b.now.mono, span_s(100)), MONO_NEVER, {0}, b.now.mono};
	struct addr6 key = how & 1 ? v4(10, 1, 0, (uint8_t)(200 + (how >> 5))) : b.conf.home_prefix[1].addr;
	struct fx_change change = {.how = changes[how >> 1 & 3], .stamp = n, .expires = ends[how >> 3 & 3]};
	uint8_t val[256];

	key.b[15] = (uint8_t)(key.b[15] + (how & 1 ? 0 : how >> 5));
	struct store_rec rec = {STORE_BINDING_HA, (const uint8_t *)&key, p, sizeof key, n}, lease = {STORE_HA_POOL, (const uint8_t *)"mn@home", p, 7, n};
	ha_role.active(b.member, how & 16, b.now);
	effq_reset(&b.fx);
	int err = ha_role.replica(b.member, &rec, &change, b.now);
	(void)ha_role.replica(b.member, &lease, &change, b.now);
	for (const struct effect *e; (e = effq_next(&b.fx));)
		if (e->kind == FX_SEND || e->kind == FX_STORE_PUT || e->kind == FX_STORE_DEL)
			abort();
	effq_reset(&b.fx);
	if (err != ERR_OK && err != ERR_INVAL && err != ERR_FULL)
		abort();
	if (err == ERR_OK && ha_role.record(b.member, &rec, val, sizeof val, &change, b.now) &&
	    ha_role.replica(b.member, &rec, &change, b.now) != ERR_OK)
		abort();
	effq_reset(&b.fx);
}

/* The message of this packet as a mobile's: its first part up to the first authentication, signed anew. */
static size_t make_fit(uint8_t *out, const struct mip4_packet *p, uint8_t how)
{
	uint8_t msg[CAP_OCT];
	struct mip4 tail = {0};
	struct mip4_built built;
	size_t n = p->m.len_oct;

	for (int k = 0; k < MIP4_AUTH_N; k++)
		if (p->m.ext.auth[k].n && p->m.ext.auth[k].off < n + AUTH_HEAD_OCT)
			n = p->m.ext.auth[k].off - AUTH_HEAD_OCT - (k == MIP4_AAA ? 2u : 0u);
	if (n < FIXED_OCT || n > 1200)
		return 0;
	memcpy(msg, p->msg, n);
	struct wr w = wr_of(msg, FIXED_OCT);
	struct addr6 hoa = v4(10, 1, 0, (uint8_t)(how & 8 ? 9 : 10 + (how & 7))), none = v4(0, 0, 0, 0), fa = b.fa;
	wr_u8(&w, MIP4_REQUEST);
	wr_room(&w, 3); /* flags and lifetime are the input's */
	wr_v4(&w, p->m.ext.has_nai && how & 16 ? &none : &hoa);
	wr_v4(&w, &b.ha);
	wr_room(&w, 4);
	wr_u64(&w, b.stamp);
	tail.ext.auth[MIP4_MH] = sa4_auth(&b.mobile);
	if (how & 32)
		tail.ext.auth[MIP4_FH] = sa4_auth(&b.agent);
	struct mip4_path path = {.src = how & 32 ? fa : p->src, .dst = b.ha, .sport = p->sport, .relay = msg, .relay_oct = (uint16_t)n};
	size_t len = mip4_packet_build(out, CAP_OCT, &path, &tail, &built);
	if (!len)
		return 0;
	sa4_sign(&b.mobile, &crypto_openssl, out + built.msg_off, &tail.ext.auth[MIP4_MH]);
	if (how & 32)
		sa4_sign(&b.agent, &crypto_openssl, out + built.msg_off, &tail.ext.auth[MIP4_FH]);
	mip4_packet_finish(&built, out);
	return len;
}

static void check_reply(const struct effect *e, const struct mip4_packet *asked)
{
	struct mip4_packet p;
	const uint8_t *pkt = effq_bytes(&b.fx, e->send.off);
	if (mip4_packet_parse(pkt, e->send.len_oct, &p) != W_OK || p.m.type != MIP4_REPLY)
		return; /* a revocation, perhaps */
	const struct mip4_reply *re = &p.m.reply;
	/* Its own part may have another authentication, or end the parser's walk before ours. */
	bool is_doubtful = !sa4_verify(&b.mobile, &crypto_openssl, asked->msg, &asked->m.ext.auth[MIP4_MH]);
	if ((re->code > 1 && re->code < 128) || (re->code == MIP4_HA_MN_AUTH && !is_doubtful) || re->lifetime_s > asked->m.request.lifetime_s ||
	    (re->code > 1 && re->lifetime_s) || (uint32_t)re->id != (uint32_t)b.stamp || !sa4_verify(&b.mobile, &crypto_openssl, p.msg, &p.m.ext.auth[MIP4_MH]))
		abort();
	if (re->code <= 1 && !addr6_is_v4unicast(&re->hoa))
		abort();
}

static void check_record(const struct effect *e)
{
	const uint8_t *key = effq_bytes(&b.fx, e->store.off);
	struct store_rec rec = {e->store.table, key, key + e->store.key_len_oct, e->store.key_len_oct, e->store.val_len_oct};
	int err = ha_role.restore(b.other, &rec, b.now);
	if (err != ERR_OK && err != ERR_EXISTS && err != ERR_FULL)
		abort();
}

static void check_effects(const struct mip4_packet *asked)
{
	uint32_t replies = 0;
	for (uint32_t i = 0; i < b.fx.n; i++) {
		const struct effect e = b.fx.fx[i]; /* restoring adds to the queue */
		if (e.kind == FX_SEND && !e.send.is_arp) {
			check_reply(&e, asked);
			replies++;
		}
		if (e.kind == FX_DP_PUT && e.dp.table == DP_HOME_MORE && (e.dp.home_more.n == 0 || e.dp.home_more.n > 2))
			abort();
	}
	uint32_t n = b.fx.n;
	for (uint32_t i = 0; i < n; i++)
		if (b.fx.fx[i].kind == FX_STORE_PUT)
			check_record(&b.fx.fx[i]);
	if (replies > 8)
		abort();
	effq_reset(&b.fx);
}

static void pass(span_t d)
{
	b.now.mono = mono_add(b.now.mono, d);
	b.now.wall = wall_add(b.now.wall, d);
	while (mono_reached(ha_role.expiry(b.self), b.now.mono)) {
		ha_role.tick(b.self, b.now);
		effq_reset(&b.fx);
	}
	while (mono_reached(ha_role.expiry(b.member), b.now.mono)) {
		ha_role.tick(b.member, b.now);
		effq_reset(&b.fx);
	}
}

static void made_to_fit(const uint8_t *pkt, size_t n, uint8_t how)
{
	struct mip4_packet p, asked;
	uint8_t out[CAP_OCT];

	(void)mip4_packet_parse(pkt, n, &p);
	if (!p.msg || p.m.type != MIP4_REQUEST)
		return;
	pass(span_ms(how & 64 ? 40000 : 1));
	b.stamp = mh_ntp_of_wall(b.now.wall);
	size_t len = make_fit(out, &p, how);
	if (!len)
		return;
	(void)mip4_packet_parse(out, len, &asked);
	rx(DP_PUNT_MIP4, how & 128 ? HOME_IF : UP_IF, out, len);
	check_effects(&asked);
	rx(DP_PUNT_MIP4, UP_IF, out, len); /* once more: a replay */
	nothing_changed();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!b.self)
		begin();
	uint8_t *pkt = fuzz_copy(data, n), how = n ? data[n - 1] : 0;
	as_it_comes(pkt, n, how);
	as_a_record(pkt, n);
	as_a_replica(pkt, n ? n - 1 : 0, how);
	made_to_fit(pkt, n, how);
	free(pkt);
	return 0;
}
