/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The home agent's engine alone, on one core: authenticated registrations a second and memory a binding in user
 * space, of Mobile IPv6 or Mobile IPv4. Prints one JSON object. Updates are built and signed outside the measured time; each is of
 * another mobile, and its effects are produced but carried out by nobody.
 *
 *	bench_ha_engine [MOBILES [6|4]]        default 1000000 6
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/prng.h"
#include "core/engine.h"
#include "core/auth/sa4.h"
#include "plat/crypto_openssl.h"
#include "role/ha/ha.h"
#include "wire/mip4/mip4_packet.h"
#include "wire/mip6/mh_packet.h"

enum { BATCH = 1000, PACKET_MAX = 256 };

static void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	if (n == 0) {
		free(old);
		return NULL;
	}
	return realloc(old, n);
}
static const struct mem_ops mem = {resize, NULL};

static struct sa_key key;
static const struct sa_key *find_key(void *ctx, const char *name)
{
	(void)ctx, (void)name;
	return &key;
}
static uint32_t no_link(void *ctx, const char *name)
{
	(void)ctx, (void)name;
	return 0;
}

static const struct addr6 agent = {{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 1}}, coa = {{0x20, 1, 0xd, 0xb8, 0, 2, [15] = 1}};

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct addr6 mobile(uint32_t i)
{
	struct addr6 a = {{0x20, 1, 0xd, 0xb8, 0, 1, 0, 1}};
	for (int b = 0; b < 4; b++)
		a.b[12 + b] = (uint8_t)(i >> (24 - 8 * b));
	return a;
}

static size_t build(uint32_t i, uint16_t seq, struct now now, uint8_t *pkt)
{
	struct mh m = {.type = MH_BU, .bu = {seq, BU_A | BU_H, 400},
		       .opt = {.has_alt_coa = true, .alt_coa = coa, .has_mesg_id = true, .mesg_id = mh_ntp_of_wall(now.wall),
			       .has_auth = true, .auth = {.spi = key.spi}}};
	struct addr6 hoa = mobile(i), src = coa;
	struct mh_built built;

	src.b[14] = (uint8_t)(i >> 8); /* many places */
	src.b[15] = (uint8_t)i;
	size_t n = bu_packet_build(pkt, PACKET_MAX, &src, &agent, &hoa, &m, &built);
	sa_sign(&key, &crypto_openssl, &coa, &hoa, &built, pkt);
	return n;
}

static const struct addr6 agent4 = {{[10] = 0xff, 0xff, 10, 0, 0, 1}};

static size_t build4(uint32_t i, struct now now, uint8_t *pkt)
{
	struct addr6 hoa = {{[10] = 0xff, 0xff, 11}}, care_of = {{[10] = 0xff, 0xff, 192, 0, (uint8_t)(i >> 8 & 127), (uint8_t)(i % 250 + 1)}};
	struct mip4 m = {.type = MIP4_REQUEST, .ext = {.auth = {[MIP4_MH] = sa4_auth(&key)}}};
	struct mip4_path path = {.src = care_of, .dst = agent4};
	struct mip4_built built;

	for (int b = 0; b < 3; b++)
		hoa.b[13 + b] = (uint8_t)((i + 1) >> (16 - 8 * b)); /* not the network's own address */
	m.request = (struct mip4_request){.flags = MIP4_D | MIP4_T, .lifetime_s = 400, .hoa = hoa, .ha = agent4, .coa = care_of, .id = mh_ntp_of_wall(now.wall)};
	size_t n = mip4_packet_build(pkt, PACKET_MAX, &path, &m, &built);
	sa4_sign(&key, &crypto_openssl, pkt + built.msg_off, &m.ext.auth[MIP4_MH]);
	mip4_packet_finish(&built, pkt);
	return n;
}

/* Registers everyone once; gives the time spent in the engine. */
static double run(void *ha, bool is_v4, struct effq *fx, uint32_t n, uint16_t seq, struct now now)
{
	static uint8_t pkt[BATCH][PACKET_MAX];
	static size_t len[BATCH];
	double spent = 0;

	for (uint32_t i = 0; i < n; i += BATCH) {
		uint32_t count = n - i < BATCH ? n - i : BATCH;
		for (uint32_t j = 0; j < count; j++)
			len[j] = is_v4 ? build4(i + j, now, pkt[j]) : build(i + j, seq, now, pkt[j]);
		double from = seconds();
		for (uint32_t j = 0; j < count; j++) {
			struct rx rx = {.why = is_v4 ? DP_PUNT_MIP4 : DP_PUNT_MH, .ifindex = 1, .pkt = pkt[j], .len_oct = len[j]};
			ha_role.rx(ha, &rx, now);
			if (j % 64 == 63)
				effq_reset(fx); /* as a driver does that commits in groups */
		}
		effq_reset(fx);
		spent += seconds() - from;
	}
	return spent;
}

static uint64_t heap_oct(void)
{
	struct mallinfo2 m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
	bool is_v4 = argc > 2 && argv[2][0] == '4';
	struct prng prng;
	struct effq fx;
	static struct counters count;
	static struct ha_conf conf;
	const char *remedy = NULL;
	struct now now = {{NS_PER_S}, {1800000000 * NS_PER_S}};

	prng_seed(&prng, 1);
	struct rng rng = prng_rng(&prng);
	effq_init(&fx, &mem);
	if (sa_key_init(&key, &crypto_openssl, "all", 256, MAC_HMAC_SHA1, "0123456789abcdef", 16))
		return 1;
	conf = (struct ha_conf){.address = agent, .n_home_prefix = 1, .prefix_valid = span_s(86400),
				.prefix_preferred = span_s(86400), .lifetime_max = span_s(3600), .stamp_window = span_ms(7000),
				.is_stamp_required = true, .bindings_max = n, .n_mobile = 1};
	prefix46_parse(&conf.home_prefix[0], is_v4 ? "11.0.0.0/8" : "2001:db8:1::/48");
	if (is_v4) {
		conf.address = addr6_any;
		conf.v4 = (struct ha_conf4){.address = agent4, .simultaneous = 4};
	}
	conf.mobile[0] = (struct ha_mobile_conf){.home = conf.home_prefix[0], .key = "all"};
	struct engine_env env = {.mem = &mem, .rng = &rng, .crypto = &crypto_openssl, .fx = &fx, .count = &count,
				 .ifindex = no_link, .key = find_key};
	void *ha = calloc(1, ha_role.size_oct);
	if (ha_role.init(ha, &env, &conf, now, &remedy)) {
		fprintf(stderr, "bench_ha_engine: %s\n", remedy);
		return 1;
	}
	effq_reset(&fx);

	uint64_t before = heap_oct();
	double first = run(ha, is_v4, &fx, n, 1, now);
	uint64_t used = heap_oct() - before;
	now.mono.ns += NS_PER_S;
	now.wall.ns += NS_PER_S;
	double again = run(ha, is_v4, &fx, n, 2, now);

	uint64_t refused = 0;
	for (int i = 0; i < REASON_N; i++)
		refused += count.n[i];
	printf("{\"mobiles\": %u, \"refused\": %llu, \"first_registrations_per_s\": %.0f, \"refreshes_per_s\": %.0f, "
	       "\"engine_bytes_per_binding\": %.1f}\n", n, (unsigned long long)refused, n / first, n / again, (double)used / n);
	ha_role.fini(ha);
	effq_fini(&fx);
	sa_key_fini(&key, &crypto_openssl);
	free(ha);
	return refused != 0;
}
