/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The initiator of route optimisation on a bench: one mobile (HOA, at COA, with the home agent HA) whose engine speaks to a correspondent
 * node CN made of core/rr's other half, which the test lets answer, refuse or stay silent.
 */
#include "rig.h"

#include "base/err.h"
#include "core/ro/ro.h"
#include "core/ro/rr.h"
#include "plat/crypto_openssl.h"

#define HOA "2001:db8:1::100"
#define HA "2001:db8:1::1"
#define COA "2001:db8:2:ff::7"
#define COA2 "2001:db8:3::5"
#define CN "2001:db8:9::9"

static struct rig rig;
static struct ro ro;
static struct ro_path path;
static struct addr6 hoa, ha, coa, cn;
static bool is_used;
static uint32_t n_asked;

/* --- the other side ------------------------------------------------------------------------------------------- */

static struct {
	struct rr_nonces nonces;
	bool has_binding;
	struct addr6 coa;
	uint16_t seq;
	uint32_t lifetime_s;
	uint32_t grant_s;              /* at most */
} peer;

static inline mono_t used(void *ctx, const struct addr6 *h, const struct addr6 *c)
{
	(void)ctx;
	n_asked++;
	assert_true(addr6_eq(h, &hoa) && addr6_eq(c, &cn));
	return is_used ? rig.now.mono : (mono_t){0};
}

static inline bool give(const uint8_t *pkt, size_t n)
{
	const struct rx rx = {.why = DP_PUNT_MH, .pkt = pkt, .len_oct = n};
	return ro_rx(&ro, &rx, rig.now);
}

static inline bool give_test(uint8_t type, const struct addr6 *src, const struct addr6 *dst, uint64_t cookie, uint64_t token, uint16_t nonce)
{
	uint8_t buf[1280];
	struct mh m = {.type = type, .test = {.nonce = nonce, .cookie = cookie, .token = token}};
	struct mh_built built;
	size_t n = mh_packet_build(buf, sizeof buf, &(struct mh_path){.src = *src, .dst = *dst}, &m, &built);
	mh_packet_finish(&built, buf);
	return give(buf, n);
}

/* The nth message sent of this type, its tunnel taken off. */
static inline bool find(uint8_t type, uint32_t nth, struct mh_packet *p, bool *is_tunnelled)
{
	const struct effect *e;
	for (uint32_t i = 0; (e = rig_effect(&rig, FX_SEND, i)); i++) {
		const uint8_t *pkt = effq_bytes(&rig.fx, e->send.off);
		size_t n = e->send.len_oct;
		bool is_inner = pkt[6] == NH_IPV6;
		if (is_inner) {
			assert_memory_equal(pkt + 8, &path.coa, 16);
			assert_memory_equal(pkt + 24, &ha, 16);
			assert_int_equal(pkt[4] << 8 | pkt[5], n - 40);
			pkt += 40;
			n -= 40;
		}
		assert_int_equal(mh_packet_parse(pkt, n, p), W_OK);
		if (p->mh.type != type || nth-- != 0)
			continue;
		if (is_tunnelled)
			*is_tunnelled = is_inner;
		return true;
	}
	return false;
}

static inline struct mh_packet sent(uint8_t type)
{
	struct mh_packet p;
	assert_true(find(type, 0, &p, NULL));
	return p;
}

static inline uint32_t n_sent(uint8_t type)
{
	struct mh_packet p;
	uint32_t n = 0;
	while (find(type, n, &p, NULL))
		n++;
	return n;
}

static inline bool answer_hoti(void)
{
	struct mh_packet p = sent(MH_HOTI);
	uint16_t i = rr_nonce_now(&peer.nonces, &rig.rng, rig.now.mono);
	return give_test(MH_HOT, &p.dst, &p.src, p.mh.test.cookie, rr_home_token(&peer.nonces, &crypto_openssl, i, &p.src), i);
}

static inline bool answer_coti(void)
{
	struct mh_packet p = sent(MH_COTI);
	uint16_t i = rr_nonce_now(&peer.nonces, &rig.rng, rig.now.mono);
	return give_test(MH_COT, &p.dst, &p.src, p.mh.test.cookie, rr_coa_token(&peer.nonces, &crypto_openssl, i, &p.src), i);
}

/* The key that a correspondent node makes from an update (9.5.1). */
static inline struct rr_kbm key_of(const struct mh_packet *p)
{
	struct rr_kbm k;
	uint64_t home = rr_home_token(&peer.nonces, &crypto_openssl, p->mh.opt.nonce_home, &p->peer);
	uint64_t care = rr_coa_token(&peer.nonces, &crypto_openssl, p->mh.opt.nonce_coa, &p->src);
	rr_kbm(&crypto_openssl, home, p->mh.bu.lifetime_s ? &care : NULL, &k);
	return k;
}

static inline bool give_ba(const struct mh_packet *bu, uint8_t status, uint16_t seq, uint32_t lifetime_s, const struct rr_kbm *k)
{
	uint8_t buf[1280];
	struct mh_built built;
	struct mh m = {.ba = {.status = status, .seq = seq, .lifetime_s = lifetime_s}};
	m.opt.has_bind_auth = k != NULL;
	size_t n = ba_packet_build(buf, sizeof buf, &cn, &bu->src, bu->has_hao ? &bu->hao : NULL, &m, &built);
	if (k)
		rr_sign(k, &crypto_openssl, &bu->src, &cn, &built, buf);
	else
		mh_packet_finish(&built, buf);
	return give(buf, n);
}

static inline bool answer_status(uint8_t status, uint16_t seq)
{
	struct mh_packet p = sent(MH_BU);
	struct rr_kbm k = key_of(&p);
	bool is_bare = status >= 136 && status <= 138;
	rig_clear(&rig);
	return give_ba(&p, status, seq, 0, is_bare ? NULL : &k);
}

/* As a correspondent node does: verify, enter, acknowledge. */
static inline void answer_bu(void)
{
	struct mh_packet p = sent(MH_BU);
	struct rr_kbm k = key_of(&p);
	assert_true(rr_nonce_is_valid(&peer.nonces, p.mh.opt.nonce_home, rig.now.mono));
	assert_true(rr_verify(&k, &crypto_openssl, &p.src, &cn, &p));
	peer.has_binding = p.mh.bu.lifetime_s != 0;
	peer.coa = p.src;
	peer.seq = p.mh.bu.seq;
	peer.lifetime_s = p.mh.bu.lifetime_s < peer.grant_s ? p.mh.bu.lifetime_s : peer.grant_s;
	rig_clear(&rig);
	assert_true(give_ba(&p, BA_ACCEPTED, p.mh.bu.seq, peer.lifetime_s, &k));
}

static inline void give_be(uint8_t status)
{
	uint8_t buf[256];
	size_t n = be_packet_build(buf, sizeof buf, &cn, &path.coa, (enum be_status)status, &hoa);
	assert_true(give(buf, n));
}

/* --- the bench ------------------------------------------------------------------------------------------------- */

static inline void run(span_t d)
{
	mono_t end = mono_add(rig.now.mono, d);
	for (mono_t next; mono_reached(next = ro_expiry(&ro), end); ro_tick(&ro, rig.now))
		if (mono_before(rig.now.mono, next))
			rig.now.mono = next;
	rig.now.mono = end;
}

static inline void want(void) { ro_want(&ro, &hoa, &cn, rig.now); }

static inline uint64_t count(enum reason r) { return rig.count.n[r]; }

/* What the datapath was told last about (hoa, cn): 0 nothing, 1 testing, 2 optimised. */
static inline int route(void)
{
	int now = -1;
	for (uint32_t i = 0; i < rig.fx.n; i++) {
		const struct effect *e = &rig.fx.fx[i];
		if (e->kind == FX_DP_PUT && e->dp.table == DP_RO_OUT)
			now = e->dp.ro_out.is_testing ? 1 : 2;
		if (e->kind == FX_DP_DEL && e->dp.table == DP_RO_OUT)
			now = 0;
	}
	return now;
}

static inline const struct dp_ro_out *entry(void)
{
	const struct dp_ro_out *last = NULL;
	const struct dp_op *op;
	for (uint32_t i = 0; (op = rig_dp(&rig, FX_DP_PUT, DP_RO_OUT, i)); i++)
		last = &op->ro_out;
	assert_non_null(last);
	return last;
}

static inline int setup(void **state)
{
	(void)state;
	rig_init(&rig, 7);
	hoa = rig_addr(HOA);
	ha = rig_addr(HA);
	coa = rig_addr(COA);
	cn = rig_addr(CN);
	memset(&peer, 0, sizeof peer);
	peer.grant_s = 420;
	rr_nonces_init(&peer.nonces, &rig.rng);
	is_used = true;
	n_asked = 0;
	rig.env.ro_used = used;
	ro_init(&ro, &rig.env, ROLE_MMA, NULL, NULL);
	path = (struct ro_path){.coa = coa, .ha = ha, .until = mono_add(rig.now.mono, span_s(3600)), .is_registered = true};
	assert_int_equal(ro_move(&ro, &hoa, &path, rig.now), ERR_OK);
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	ro_fini(&ro);
	rig_fini(&rig);
	return 0;
}

static inline void test_both(void)
{
	want();
	assert_true(answer_hoti());
	assert_true(answer_coti());
	run(span_ms(20));
}

static inline void bind(void)
{
	test_both();
	answer_bu();
	assert_int_equal(route(), 2);
	rig_clear(&rig);
}

static inline void at_home(void)
{
	path = (struct ro_path){.coa = hoa, .until = MONO_NEVER, .is_registered = true};
	ro_move(&ro, &hoa, &path, rig.now);
}
