/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A mobile that speaks to a correspondent node, for its tests: it asks for tests, keeps the tokens, and sends updates of which each
 * part can be made wrong.
 */
#include "base/err.h"
#include "core/ro/rr.h"
#include "plat/crypto_openssl.h"
#include "rig.h"
#include "role/cn/cn.h"

#define SELF "2001:db8:c::1"
#define HOA "2001:db8:1::100"
#define COA "2001:db8:2::200"
#define COA2 "2001:db8:3::200"

enum { CN_IF = 2 };

struct mobile {
	struct rig rig;
	struct cn_conf conf;
	struct addr6 self, hoa, coa;
	uint64_t home_token, coa_token;
	uint16_t home_nonce, coa_nonce;
};

/* What is said in an update; zero: as it should be. */
struct bu {
	uint16_t seq;
	uint32_t lifetime_s;
	uint16_t flags;                /* BU_A unless is_quiet */
	bool is_quiet;                 /* no A */
	const char *src, *hao, *alt;   /* addresses; NULL: the care-of address, the home address, no option */
	bool has_no_hao;
	bool has_no_nonces, has_no_auth;
	int16_t home_index_off, coa_index_off; /* added to the nonce indices */
	uint64_t home_token_xor, coa_token_xor;
	bool is_key_of_both;           /* sign with both tokens whatever the lifetime */
	bool is_auth_wrong;
};

struct answer { bool is_there; struct mh_packet p; };

static inline void mobile_local(struct mobile *m, const char *addr, bool is_gone)
{
	const struct local_event ev = {.ifindex = CN_IF, .addr = rig_addr(addr), .is_gone = is_gone};
	m->rig.ops->local(m->rig.self, &ev, m->rig.now);
}

static inline void mobile_init(struct mobile *m)
{
	memset(m, 0, sizeof *m);
	rig_init(&m->rig, 7);
	m->conf = (struct cn_conf){.lifetime_max = span_s(420), .bindings_max = 16, .site_max = 16, .test_rate = 10, .total_rate = 2000,
				   .refusal_rate = 100};
	m->self = rig_addr(SELF);
	m->hoa = rig_addr(HOA);
	m->coa = rig_addr(COA);
}

static inline void mobile_start(struct mobile *m)
{
	extern const struct role_ops cn_role;
	assert_int_equal(rig_start(&m->rig, &cn_role, &m->conf), ERR_OK);
	rig_link(&m->rig, CN_IF, "eth0", "02:00:00:00:00:01", true);
	mobile_local(m, SELF, false);
}

/* A packet into the engine; its answer, if there is one Mobility Header sent. Other effects stay in the queue. */
static inline struct answer mobile_send(struct mobile *m, const void *pkt, size_t n)
{
	struct answer a = {0};
	size_t len;
	rig_clear(&m->rig);
	(void)rig_rx(&m->rig, CN_IF, "02:00:00:00:00:02", pkt, n);
	if (rig_count(&m->rig, FX_SEND)) {
		const uint8_t *got = rig_sent(&m->rig, 0, &len);
		a.is_there = mh_packet_parse(got, len, &a.p) == W_OK;
	}
	return a;
}

static inline struct answer mobile_ask(struct mobile *m, uint8_t type, const struct addr6 *src, const struct addr6 *hao)
{
	struct mh mh = {.type = type, .test.cookie = 0x1122334455667788};
	struct mh_built b;
	uint8_t buf[128];
	size_t n = mh_packet_build(buf, sizeof buf, &(struct mh_path){.src = *src, .dst = m->self, .hao = hao}, &mh, &b);
	mh_packet_finish(&b, buf);
	return mobile_send(m, buf, n);
}

static inline void mobile_test_home(struct mobile *m)
{
	struct answer a = mobile_ask(m, MH_HOTI, &m->hoa, NULL);
	assert_true(a.is_there && a.p.mh.type == MH_HOT);
	m->home_token = a.p.mh.test.token;
	m->home_nonce = a.p.mh.test.nonce;
}

static inline void mobile_test_coa(struct mobile *m)
{
	struct answer a = mobile_ask(m, MH_COTI, &m->coa, NULL);
	assert_true(a.is_there && a.p.mh.type == MH_COT);
	m->coa_token = a.p.mh.test.token;
	m->coa_nonce = a.p.mh.test.nonce;
}

static inline void mobile_test(struct mobile *m)
{
	mobile_test_home(m);
	mobile_test_coa(m);
}

static inline void mobile_kbm(const struct mobile *m, const struct bu *u, const struct addr6 *coa, struct rr_kbm *k)
{
	bool is_delete = u->lifetime_s == 0 || addr6_eq(coa, &m->hoa);
	uint64_t home = m->home_token ^ u->home_token_xor, care_of = m->coa_token ^ u->coa_token_xor;
	rr_kbm(&crypto_openssl, home, is_delete && !u->is_key_of_both ? NULL : &care_of, k);
}

/* The update's bytes, and the key and care-of address that its answer is signed with. */
static inline size_t mobile_build(struct mobile *m, const struct bu *u, uint8_t *buf, size_t cap, struct rr_kbm *k, struct addr6 *coa)
{
	struct addr6 src = u->src ? rig_addr(u->src) : m->coa, hao = u->hao ? rig_addr(u->hao) : m->hoa;
	struct mh mh = {.bu = {.seq = u->seq, .flags = u->flags | (u->is_quiet ? 0 : BU_A), .lifetime_s = u->lifetime_s}};
	struct mh_built b;

	mh.opt.has_nonce = !u->has_no_nonces;
	mh.opt.nonce_home = (uint16_t)(m->home_nonce + u->home_index_off);
	mh.opt.nonce_coa = (uint16_t)(m->coa_nonce + u->coa_index_off);
	mh.opt.has_bind_auth = !u->has_no_auth;
	mh.opt.has_alt_coa = u->alt != NULL;
	if (u->alt)
		mh.opt.alt_coa = rig_addr(u->alt);
	*coa = u->alt ? mh.opt.alt_coa : src;
	size_t n = bu_packet_build(buf, cap, &src, &m->self, u->has_no_hao ? NULL : &hao, &mh, &b);
	mobile_kbm(m, u, coa, k);
	rr_sign(k, &crypto_openssl, coa, &m->self, &b, buf);
	if (u->is_auth_wrong) {
		buf[b.auth_off] ^= 1;
		mh_packet_finish(&b, buf);
	}
	return n;
}

enum { NOTHING = -1 };

/* Status of the acknowledgement, whose authenticator must be right unless it says that nonces expired or H is not served; NOTHING. */
static inline int mobile_update_seq(struct mobile *m, struct bu u, uint16_t *seq, uint32_t *lifetime_s)
{
	uint8_t buf[512];
	struct rr_kbm k;
	struct addr6 coa;
	size_t n = mobile_build(m, &u, buf, sizeof buf, &k, &coa);
	struct answer a = mobile_send(m, buf, n);

	if (!a.is_there)
		return NOTHING;
	const struct mh_ba *ba = &a.p.mh.ba;
	bool is_unsigned = ba->status >= BA_HOME_NONCE_EXPIRED && ba->status <= BA_REG_TYPE_CHANGE;
	assert_int_equal(a.p.mh.type, MH_BA);
	assert_true(addr6_eq(&a.p.src, &m->self));
	assert_int_equal(a.p.has_rh2, !u.has_no_hao);
	assert_int_equal(a.p.mh.opt.has_bind_auth, !is_unsigned && ba->status != BA_HOME_REG_UNSUPPORTED);
	if (a.p.mh.opt.has_bind_auth)
		assert_true(rr_verify(&k, &crypto_openssl, &coa, &m->self, &a.p));
	if (seq)
		*seq = ba->seq;
	if (lifetime_s)
		*lifetime_s = ba->lifetime_s;
	return ba->status;
}

static inline int mobile_update(struct mobile *m, struct bu u) { return mobile_update_seq(m, u, NULL, NULL); }

/* What the last packet did to the datapath: the care-of address entered, or NULL. */
static inline const struct dp_cn *mobile_entered(struct mobile *m)
{
	const struct dp_op *op = rig_dp(&m->rig, FX_DP_PUT, DP_CN, 0);
	return op ? &op->cn : NULL;
}

static inline bool mobile_removed(struct mobile *m) { return rig_dp(&m->rig, FX_DP_DEL, DP_CN, 0) != NULL; }

static inline void mobile_wait(struct mobile *m, int64_t s)
{
	rig_clear(&m->rig);
	rig_run(&m->rig, span_s(s));
}

/* Is the home address bound (active), as the operator sees it? */
struct seen { bool in_it, is_active, is_hoa; unsigned n; const char *hoa; };
static inline void seen_begin(void *ctx, const char *record)
{
	struct seen *s = ctx;
	s->in_it = strcmp(record, "binding") == 0;
	s->is_active = s->is_hoa = false;
}
static inline void seen_str(void *ctx, const char *k, const char *v)
{
	struct seen *s = ctx;
	if (strcmp(k, "home_address") == 0)
		s->is_hoa = !s->hoa || strcmp(v, s->hoa) == 0;
	if (strcmp(k, "state") == 0)
		s->is_active = strcmp(v, "active") == 0;
}
static inline void seen_u64(void *ctx, const char *k, uint64_t v) { (void)ctx, (void)k, (void)v; }
static inline void seen_real(void *ctx, const char *k, double v) { (void)ctx, (void)k, (void)v; }
static inline void seen_end(void *ctx)
{
	struct seen *s = ctx;
	s->n += s->in_it && s->is_active && s->is_hoa;
}
static inline unsigned mobile_bound(struct mobile *m, const char *hoa)
{
	static const struct show_ops ops = {.begin = seen_begin, .str = seen_str, .u64 = seen_u64, .real = seen_real, .end = seen_end};
	struct seen s = {.hoa = hoa};
	struct show out = {&ops, &s};
	m->rig.ops->show(m->rig.self, "bindings", &out, m->rig.now);
	return s.n;
}

/* --- a mobile for each test ---------------------------------------------------------------------------------- */

static struct mobile m;

static inline int set_up(void **state)
{
	(void)state;
	mobile_init(&m);
	mobile_start(&m);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	rig_fini(&m.rig);
	return 0;
}

#define REGISTER(...) mobile_update(&m, (struct bu){.seq = 1, .lifetime_s = 400, __VA_ARGS__})
