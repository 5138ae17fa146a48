/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* A home agent of Mobile IPv4 on the bench, with a mobile and foreign agents that send it requests and read the answers. */
#include "core/auth/sa4.h"
#include "ha_bench.h"
#include "wire/arp/arp.h"
#include "wire/ip/ip6.h"

#define V4(a, b, c, d) {{[10] = 0xff, 0xff, (a), (b), (c), (d)}}
static const struct addr6 t_ha = V4(10, 1, 0, 1), t_hoa = V4(10, 1, 0, 100), t_coa = V4(10, 2, 0, 5), t_coa2 = V4(10, 3, 0, 5),
			  t_fa = V4(10, 2, 0, 1), t_fa2 = V4(10, 3, 0, 1), t_other_fa = V4(10, 4, 0, 1), t_zero = V4(0, 0, 0, 0),
			  t_cast = V4(10, 1, 0, 255), t_nobody = V4(10, 9, 9, 9);
static const struct lladdr t_all_ll = {{255, 255, 255, 255, 255, 255}};
enum { T_KEY_MN = 0, T_KEY_FA = 1, T_KEY_AAA = 2, T_KEY_ANY = 3, T_NO_KEY = -1 };

/* A request to send; zero means the usual: co-located, from the care-of address. */
struct request {
	uint8_t flags;                  /* 0: D; use bit 0x100 of more_flags for none at all */
	bool has_no_flags, is_dereg, has_no_auth, has_bad_auth, is_from_home, has_bad_fh, has_fh, has_fh_unknown, is_twice, has_bad_aaa;
	uint16_t lifetime_s;
	const struct addr6 *hoa, *ha, *coa, *src, *dst;
	const char *nai;
	uint16_t sport;
	uint32_t spi;
	int64_t stamp_off_ms;
	uint64_t id;                    /* a given one */
	int key;                        /* 0: the mobile's */
	struct mip4_exts ext, fa_ext;   /* fa_ext: behind the mobile's authentication */
	bool has_aaa;
};

static inline void bench_init(struct bench *b, bool has_home_link)
{
	memset(b, 0, sizeof *b);
	kit_init(&b->k);
	(void)kit_add_key(&b->k, "mn1", 256, MAC_HMAC_SHA1, "0123456789abcdef");
	(void)kit_add_key(&b->k, "fa1", 300, MAC_HMAC_SHA256, "fedcba9876543210");
	(void)kit_add_key(&b->k, "aaa", 400, MAC_HMAC_SHA256, "aaaaaaaaaaaaaaaa");
	(void)kit_add_key(&b->k, "any", 500, MAC_HMAC_SHA1, "bbbbbbbbbbbbbbbb");
	b->conf = calloc(1, sizeof *b->conf);
	*b->conf = (struct ha_conf){
		.v4 = {.address = t_ha, .simultaneous = 4, .has_gre = true, .has_minimal = true, .has_udp = true, .has_udp_forced = true,
		       .has_broadcast = true, .has_revocation = true, .udp_keepalive = span_s(110), .n_fa = 1,
		       .fa = {{t_fa, "fa1"}}},
		.n_home_prefix = 1, .home_prefix = {{V4(10, 1, 0, 0), 120}}, .prefix_valid = span_s(86400), .prefix_preferred = span_s(3600),
		.lifetime_max = span_s(600), .stamp_window = span_ms(7000), .is_stamp_required = true, .bindings_max = 100,
		.n_uplink = 1, .uplink = {"core0"}, .n_mobile = 1, .mobile = {{.home = {t_hoa, 128}, .key = "mn1", .nai = "mn1@home"}}};
	if (has_home_link)
		strcpy(b->conf->home_link, "home0");
	b->ha = calloc(1, ha_role.size_oct);
}

static inline struct ha_mobile_conf *bench_mobile(struct bench *b, const struct addr6 *hoa, uint8_t len_bits, const char *key)
{
	struct ha_mobile_conf *m = &b->conf->mobile[b->conf->n_mobile++];
	*m = (struct ha_mobile_conf){.home = {hoa ? *hoa : addr6_any, len_bits}};
	strcpy(m->key, key);
	return m;
}

static inline void bench_start(struct bench *b)
{
	const char *remedy = NULL;
	int err = ha_role.init(b->ha, &b->k.env, b->conf, b->k.now, &remedy);
	if (err)
		fail_msg("%s", remedy);
	if (b->conf->home_link[0])
		bench_link(b, T_HOME_IF, "home0", true, false);
	bench_link(b, T_UP_IF, "core0", true, false);
}

/* The daemon dies and starts again: what was stored comes back. */
struct bench_store { uint8_t key[16][64], val[16][512]; size_t key_len[16], val_len[16]; enum store_table table[16]; size_t n; };

static inline void bench_store_note(struct bench_store *s, const struct bench *b)
{
	const struct effect *fx;

	for (uint32_t i = 0; i < b->k.fx.n; i++) {
		fx = &b->k.fx.fx[i];
		if (fx->kind != FX_STORE_PUT && fx->kind != FX_STORE_DEL)
			continue;
		const uint8_t *p = effq_bytes(&b->k.fx, fx->store.off);
		size_t at = 0;
		while (at < s->n && (s->table[at] != fx->store.table || s->key_len[at] != fx->store.key_len_oct || memcmp(s->key[at], p, s->key_len[at])))
			at++;
		assert_true(at < 16);
		s->n += at == s->n;
		s->table[at] = fx->kind == FX_STORE_PUT ? fx->store.table : 0;
		s->key_len[at] = fx->store.key_len_oct;
		s->val_len[at] = fx->store.val_len_oct;
		memcpy(s->key[at], p, s->key_len[at]);
		memcpy(s->val[at], p + s->key_len[at], s->val_len[at]);
	}
}

static inline void bench_restart(struct bench *b, const struct bench_store *s)
{
	ha_role.fini(b->ha);
	memset(b->ha, 0, ha_role.size_oct);
	kit_clear(&b->k);
	bench_start(b);
	for (size_t i = 0; i < s->n; i++) {
		struct store_rec rec = {s->table[i], s->key[i], s->val[i], s->key_len[i], s->val_len[i]};
		if (s->table[i])
			assert_int_equal(ha_role.restore(b->ha, &rec, b->k.now), ERR_OK);
	}
	ha_role.restored(b->ha, b->k.now);
}

static inline const struct addr6 *request_hoa(const struct request *u) { return u->hoa ? u->hoa : u->nai ? &t_zero : &t_hoa; }

static inline size_t bench_request(struct bench *b, const struct request *u, uint8_t *pkt, size_t cap)
{
	const struct addr6 *hoa = request_hoa(u), *coa = u->coa ? u->coa : u->is_dereg ? hoa : &t_coa;
	const struct sa_key *key = &b->k.key[u->key];
	struct mip4 m = {.type = MIP4_REQUEST, .request = {.flags = u->has_no_flags ? 0 : u->flags ? u->flags : MIP4_D, .hoa = *hoa,
							   .ha = u->ha ? *u->ha : t_ha, .coa = *coa}, .ext = u->ext};
	struct mip4_path path = {.src = u->src ? *u->src : u->is_from_home ? *hoa : addr6_is_none(coa) ? t_coa : *coa, .dst = u->dst ? *u->dst : t_ha, .sport = u->sport};
	struct mip4_built built, again;
	uint8_t first[1500];

	m.request.lifetime_s = u->is_dereg ? 0 : u->lifetime_s ? u->lifetime_s : 300;
	m.request.id = u->id ? u->id : mh_ntp_of_wall(wall_add(b->k.now.wall, span_ms(u->stamp_off_ms)));
	if (b->conf->v4.replay == HA_REPLAY_NONCE && !u->id)
		m.request.id = (uint64_t)b->nonce << 32 | (uint32_t)m.request.id;
	if (u->nai) {
		m.ext.has_nai = true;
		m.ext.nai = (struct mip4_bytes){.p = (const uint8_t *)u->nai, .len_oct = (uint8_t)strlen(u->nai)};
	}
	if (!u->has_no_auth)
		m.ext.auth[MIP4_MH] = sa4_auth(key);
	if (u->spi)
		m.ext.auth[MIP4_MH].spi = u->spi;
	if (u->has_aaa)
		m.ext.auth[MIP4_AAA] = sa4_auth(&b->k.key[T_KEY_AAA]);
	size_t n = mip4_packet_build(first, sizeof first, &path, &m, &built);
	assert_true(n);
	if (!u->has_no_auth && !u->has_bad_auth)
		sa4_sign(key, &crypto_openssl, first + built.msg_off, &m.ext.auth[MIP4_MH]);
	if (u->has_aaa && !u->has_bad_aaa)
		sa4_sign(&b->k.key[T_KEY_AAA], &crypto_openssl, first + built.msg_off, &m.ext.auth[MIP4_AAA]);
	/* What a foreign agent does: the message as it came, and its own extensions behind it. */
	struct mip4 fa = {.ext = u->fa_ext};
	if (u->has_fh || u->has_fh_unknown)
		fa.ext.auth[MIP4_FH] = sa4_auth(&b->k.key[u->has_fh_unknown ? T_KEY_ANY : T_KEY_FA]);
	path.relay = first + built.msg_off;
	path.relay_oct = (uint16_t)built.msg_len_oct;
	n = mip4_packet_build(pkt, cap, &path, &fa, &again);
	if (u->has_fh && !u->has_bad_fh)
		sa4_sign(&b->k.key[T_KEY_FA], &crypto_openssl, pkt + again.msg_off, &fa.ext.auth[MIP4_FH]);
	mip4_packet_finish(&again, pkt);
	return n;
}

static inline bool bench_reads(struct bench *b, const struct fx_send *sent)
{
	return !sent->is_arp && mip4_packet_parse(b->answer_pkt, sent->len_oct, &b->re) == W_OK && b->re.m.type != MIP4_DATA;
}

/* Reads the first message of port 434 that was sent. */
static inline void bench_read_answer(struct bench *b)
{
	bench_find_answer(b, bench_reads);
	if (b->has_answer && b->re.m.type == MIP4_REPLY)
		b->nonce = (uint32_t)(b->re.m.reply.id >> 32);
}

/* Sends bytes, with only their effects in the queue afterwards. The code answered, or -1 for none. */
static inline int bench_send_raw(struct bench *b, const void *pkt, size_t n, uint32_t ifindex)
{
	kit_clear(&b->k);
	(void)bench_rx(b, pkt, n, DP_PUNT_MIP4, ifindex);
	bench_read_answer(b);
	return b->has_answer && b->re.m.type == MIP4_REPLY ? b->re.m.reply.code : -1;
}

static inline int bench_send(struct bench *b, struct request u)
{
	kit_advance(&b->k, span_ms(1)); /* so that timestamps differ */
	b->sent_oct = bench_request(b, &u, b->sent, sizeof b->sent);
	return bench_send_raw(b, b->sent, b->sent_oct, u.is_from_home ? T_HOME_IF : T_UP_IF);
}

static inline bool bench_is_signed(const struct bench *b, int key, enum mip4_auth_kind kind)
{
	return sa4_verify(&b->k.key[key], &crypto_openssl, b->re.msg, &b->re.m.ext.auth[kind]);
}

/* The entry of the datapath as it was put last since the last message, or NULL. */
static inline const struct dp_home *bench_home(const struct bench *b)
{
	const struct dp_op *op = NULL, *next;
	for (size_t i = 0; (next = kit_dp(&b->k, FX_DP_PUT, DP_HOME, i)); i++)
		op = next;
	return op ? &op->home : NULL;
}

/* The nth ARP message sent. */
static inline bool bench_arp(const struct bench *b, size_t nth, struct arp *a, const struct effect **sent)
{
	const struct effect *fx;
	for (size_t i = 0; (fx = kit_fx(&b->k, FX_SEND, i)); i++)
		if (fx->send.is_arp && nth-- == 0) {
			*sent = fx;
			return arp_parse(effq_bytes(&b->k.fx, fx->send.off), fx->send.len_oct, a) == W_OK;
		}
	return false;
}
