/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* A home agent on the bench, and a mobile that sends it updates and reads the answers. */
#include "ha_bench.h"

static const struct addr6 t_ha = {{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 1}}, t_hoa = {{0x20, 1, 0xd, 0xb8, 0, 1, [14] = 1, [15] = 0}},
			  t_coa = {{0x20, 1, 0xd, 0xb8, 0, 2, [15] = 5}}, t_alt = {{0x20, 1, 0xd, 0xb8, 0, 2, [7] = 0xff, [15] = 1}};

/* An update to send; zero means the usual. */
struct update {
	uint32_t lifetime_s;
	bool is_zero_lifetime, has_no_stamp, has_no_auth, has_bad_auth, has_no_hao, has_nonce, has_seq, is_from_home;
	uint16_t seq, flags;            /* 0: A and H */
	uint32_t spi;
	int64_t stamp_off_ms;
	uint64_t stamp;                 /* a given one */
	const struct addr6 *hoa, *coa, *alt, *to;
	const char *net[MH_PREFIX_MAX]; /* mobile network prefixes */
};

static inline void bench_init(struct bench *b, bool has_home_link)
{
	memset(b, 0, sizeof *b);
	kit_init(&b->k);
	(void)kit_add_key(&b->k, "mn1", 256, MAC_HMAC_SHA1, "0123456789abcdef");
	(void)kit_add_key(&b->k, "many", 300, MAC_HMAC_SHA256, "fedcba9876543210");
	b->conf = calloc(1, sizeof *b->conf);
	*b->conf = (struct ha_conf){
		.address = t_ha, .n_home_prefix = 2, .prefix_valid = span_s(86400), .prefix_preferred = span_s(3600),
		.lifetime_max = span_s(600), .stamp_window = span_ms(7000),
		.is_stamp_required = true, .has_dad = true, .dad_transmits = 1, .dad_retrans = span_ms(1000), .bindings_max = 100,
		.n_uplink = 1, .uplink = {"core0"}, .n_mobile = 2, .mobile = {{.home = {t_hoa, 128}, .key = "mn1"}}};
	assert_true(prefix6_parse(&b->conf->home_prefix[0], "2001:db8:1::/64"));
	assert_true(prefix6_parse(&b->conf->home_prefix[1], "2001:db8:1:1::/64"));
	assert_true(prefix6_parse(&b->conf->mobile[1].home, "2001:db8:1:1::/64"));
	strcpy(b->conf->mobile[1].key, "many");
	if (has_home_link)
		strcpy(b->conf->home_link, "home0");
	b->ha = calloc(1, ha_role.size_oct);
	b->seq = 1000;
}

static inline void bench_start(struct bench *b)
{
	const char *remedy = NULL;
	assert_int_equal(ha_role.init(b->ha, &b->k.env, b->conf, b->k.now, &remedy), ERR_OK);
}

/* Starts, and the links come up. */
static inline void bench_start_up(struct bench *b)
{
	bench_start(b);
	bench_link(b, T_UP_IF, "core0", true, false);
	if (b->conf->home_link[0])
		bench_link(b, T_HOME_IF, "home0", true, false);
}

static inline size_t bench_bu(struct bench *b, const struct update *u, uint8_t *pkt, size_t cap)
{
	const struct addr6 *hoa = u->hoa ? u->hoa : &t_hoa, *src = u->is_from_home ? hoa : u->coa ? u->coa : &t_coa;
	const struct sa_key *key = &b->k.key[hoa == &t_hoa || addr6_eq(hoa, &t_hoa) ? 0 : 1];
	struct mh m = {.type = MH_BU};
	struct mh_built built;

	m.bu.seq = u->has_seq ? u->seq : ++b->seq;
	m.bu.flags = u->flags ? u->flags : BU_A | BU_H;
	m.bu.lifetime_s = u->is_zero_lifetime ? 0 : u->lifetime_s ? u->lifetime_s : 400;
	if (u->alt) {
		m.opt.has_alt_coa = true;
		m.opt.alt_coa = *u->alt;
	}
	for (; m.opt.n_prefix < MH_PREFIX_MAX && u->net[m.opt.n_prefix]; m.opt.n_prefix++)
		assert_true(prefix6_parse(&m.opt.prefix[m.opt.n_prefix], u->net[m.opt.n_prefix]));
	m.opt.has_nonce = u->has_nonce;
	m.opt.has_mesg_id = !u->has_no_stamp;
	m.opt.mesg_id = u->stamp ? u->stamp : mh_ntp_of_wall(wall_add(b->k.now.wall, span_ms(u->stamp_off_ms)));
	m.opt.has_auth = !u->has_no_auth;
	m.opt.auth.spi = u->spi ? u->spi : key->spi;
	size_t n = bu_packet_build(pkt, cap, src, u->to ? u->to : &t_ha, u->has_no_hao || u->is_from_home ? NULL : hoa, &m, &built);
	if (u->has_bad_auth)
		mh_packet_finish(&built, pkt);
	else
		sa_sign(key, &crypto_openssl, u->alt ? u->alt : src, hoa, &built, pkt);
	return n;
}

static inline bool bench_reads(struct bench *b, const struct fx_send *sent) { return mh_packet_parse(b->answer_pkt, sent->len_oct, &b->ba) == W_OK; }
/* Reads the first Mobility Header sent. */
static inline void bench_read_answer(struct bench *b) { bench_find_answer(b, bench_reads); }

/* Sends an update, with only its effects in the queue afterwards. The status answered, or -1 for no answer. */
static inline int bench_send(struct bench *b, struct update u)
{
	uint8_t pkt[1280];

	kit_clear(&b->k);
	kit_advance(&b->k, span_ms(1)); /* so that timestamps differ */
	size_t n = bench_bu(b, &u, pkt, sizeof pkt);
	assert_true(bench_rx(b, pkt, n, DP_PUNT_MH, u.is_from_home ? T_HOME_IF : T_UP_IF));
	bench_read_answer(b);
	return b->has_answer && b->ba.mh.type == MH_BA ? b->ba.mh.ba.status : -1;
}

/* Is the answer signed for this care-of address? */
static inline bool bench_is_signed(struct bench *b, const struct addr6 *coa)
{
	return sa_verify(&b->k.key[0], &crypto_openssl, coa, &t_hoa, &b->ba);
}
