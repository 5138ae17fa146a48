/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The messages of Mobile IPv4 (RFC 5944) around a mobile node on a bench (mn_bench.h): agents and routers advertise, they and the home
 * agent answer. */
#include "mn_bench.h"

#include "core/auth/sa4.h"
#include "wire/arp/arp.h"
#include "wire/igmp/igmp.h"
#include "wire/mip4/adv4.h"
#include "wire/mip4/mip4_packet.h"
#include "wire/mip4/rc4.h"

/* --- what a mobile may be otherwise: for BENCH_TEST ---------------------------------------------------------------- */

static inline void bench_with_own(struct bench *b) { b->conf.v4.care_of = MN_COA_CO_LOCATED; }
static inline void bench_with_fa_key(struct bench *b)
{
	b->conf.v4.fa[0] = (struct mn_conf_fa){FA1, "fa"};
	b->conf.v4.n_fa = 1;
}

static inline void bench_local(struct bench *b, uint32_t ifindex, struct addr6 addr, bool is_gone)
{
	struct local_event ev = {.ifindex = ifindex, .addr = addr, .is_gone = is_gone, .plen_bits = 96 + 24};
	mn_role.local(b->mn, &ev, b->k.now);
}

/* --- advertisements --------------------------------------------------------------------------------------------- */

static inline struct addr6 link_router(enum bench_link l)
{
	static const char *const router[L_N] = {"10.1.0.1", "10.2.16.1", "10.2.17.1", "10.5.16.1", "10.9.1.1", "10.9.2.1", "10.3.1.1", "10.3.2.1"};
	return A(router[l]);
}

static inline struct adv4 bench_adv4(struct bench *b, enum bench_link l)
{
	struct adv4 a = {.lifetime_s = 9, .n_router = 1, .router = {{link_router(l), 0, 24}}, .has_prefix_len = true, .reg_lifetime_s = 1800};
	a.seq = b->seq[l];
	b->seq[l] = adv4_seq_next(b->seq[l]);
	switch (l) {
	case L_HOME:
		a.is_agent = true;
		a.flags = ADV4_H;
		break;
	case L_FA1:
	case L_FA2:
		a.is_agent = true;
		a.flags = ADV4_F | ADV4_T;
		a.n_coa = 1;
		a.coa[0] = link_router(l);
		break;
	case L_A1:
	case L_A2:
	case L_B1:
		a.has_mma = true;
		a.mma = (struct adv4_mma){.distance = 1, .preference = 15, .valid_s = 60, .addr = l == L_B1 ? MMA4_B : MMA4_A};
		strcpy(a.mma.site, l == L_B1 ? "b" : "a");
		assert_true(prefix46_parse(&a.mma.group, "232.128.0.0/9"));
		break;
	case L_P1:
	case L_P2:
	case L_N: break;
	}
	return a;
}

static inline void bench_adv4_of(struct bench *b, uint32_t ifindex, enum bench_link l, const struct adv4 *a)
{
	uint8_t buf[512];
	struct addr6 src = link_router(l);
	size_t n = adv4_packet_build(buf, sizeof buf, &src, &adv4_allnodes, a);
	bench_rx(b, ifindex, DP_PUNT_ADV4, link_ll(l), buf, n);
}

static inline void bench_hear(struct bench *b, uint32_t ifindex, enum bench_link l)
{
	struct adv4 a = bench_adv4(b, l);
	bench_adv4_of(b, ifindex, l, &a);
}

/* --- what the mobile sent --------------------------------------------------------------------------------------- */

struct req { struct mip4_packet p; struct rc4 rc; struct sent s; uint8_t pkt[1300]; };

/* The nth registration request since bench_clear, authentic towards home. The packet is copied: it outlives bench_clear. */
static inline bool bench_req(const struct bench *b, size_t nth, struct req *r)
{
	for (uint32_t at = 0; bench_sent(b, at, &r->s); at = r->s.pos + 1) {
		if (r->s.fx->send.is_arp || mip4_packet_parse(r->s.pkt, r->s.len, &r->p) != W_OK || r->p.m.type != MIP4_REQUEST || nth--)
			continue;
		memcpy(r->pkt, r->s.pkt, r->s.len);
		assert_int_equal(mip4_packet_parse(r->pkt, r->s.len, &r->p), W_OK);
		assert_int_equal(rc4_parse(&r->p.m.ext, &r->rc), W_OK);
		assert_int_equal(r->p.sport, 434);
		assert_int_equal(r->p.dport, 434);
		assert_true(sa4_verify(&b->k.key[K_HOME], &crypto_openssl, r->p.msg, &r->p.m.ext.auth[MIP4_MH]));
		return true;
	}
	return false;
}

static inline size_t bench_n_req(const struct bench *b)
{
	struct req r;
	size_t n = 0;
	while (bench_req(b, n, &r))
		n++;
	return n;
}

/* The most recent one, which is the one that can be answered. */
static inline void bench_last_req(const struct bench *b, struct req *r)
{
	size_t n = bench_n_req(b);
	assert_true(n > 0 && bench_req(b, n - 1, r));
}

static inline bool bench_sol(const struct bench *b, size_t nth, struct sent *s)
{
	struct adv4_packet p;
	for (uint32_t at = 0; bench_sent(b, at, s); at = s->pos + 1)
		if (!s->fx->send.is_arp && adv4_packet_parse(s->pkt, s->len, &p) == W_OK && p.type == IC4_ROUTER_SOL && !nth--)
			return true;
	return false;
}

static inline size_t bench_n_sol(const struct bench *b)
{
	struct sent s;
	size_t n = 0;
	while (bench_sol(b, n, &s))
		n++;
	return n;
}

static inline bool bench_arp(const struct bench *b, size_t nth, struct arp *a, struct sent *s)
{
	for (uint32_t at = 0; bench_sent(b, at, s); at = s->pos + 1)
		if (s->fx->send.is_arp && arp_parse(s->pkt, s->len, a) == W_OK && !nth--)
			return true;
	return false;
}

/* --- what is answered -------------------------------------------------------------------------------------------- */

struct answer4 {
	uint8_t code;
	uint16_t lifetime_s;
	bool has_lifetime;               /* else what was asked for */
	bool no_mh, bad_mh, no_mf, bad_mf;
	uint64_t id;                     /* 0: the request's */
	struct addr6 hoa, ha, dst, src;  /* none: the request's; dst: the home address */
	const struct rc4 *rc;            /* behind the mobile-home authenticator */
	const struct mip4_exts *front;   /* extensions in front of it */
	const struct mip4_exts *behind;
};

/* Which key the mobile-foreign authenticator needs: of the agents of sites, and where the test says so. */
static inline int bench_mf(const struct req *r)
{
	if (!r->p.m.ext.auth[MIP4_MF].n)
		return -1;
	return r->p.m.ext.auth[MIP4_MF].spi == 257 ? K_A : r->p.m.ext.auth[MIP4_MF].spi == 258 ? K_B : K_FA;
}

static inline size_t bench_reply_build(struct bench *b, const struct req *r, const struct answer4 *a, uint8_t out[static 1300])
{
	const struct sa_key *mh = &b->k.key[a->bad_mh ? K_FA : K_HOME];
	int mf = bench_mf(r);
	struct mip4 m = {.type = MIP4_REPLY,
			 .reply = {.code = a->code, .lifetime_s = a->has_lifetime ? a->lifetime_s : r->p.m.request.lifetime_s,
				   .hoa = addr6_is_none(&a->hoa) ? r->p.m.request.hoa : a->hoa,
				   .ha = addr6_is_none(&a->ha) ? r->p.m.request.ha : a->ha, .id = a->id ? a->id : r->p.m.request.id}};
	struct mip4_path path = {.src = addr6_is_none(&a->src) ? r->p.dst : a->src,
				 .dst = addr6_is_none(&a->dst) ? r->p.src : a->dst, .dport = r->p.sport};
	struct mip4_built built;
	struct rc4_values values;
	uint8_t first[1300];
	if (a->front)
		m.ext = *a->front;
	if (!a->no_mh)
		m.ext.auth[MIP4_MH] = sa4_auth(mh);
	size_t n = mip4_packet_build(first, sizeof first, &path, &m, &built);
	assert_true(n > 0);
	if (!a->no_mh)
		sa4_sign(mh, &crypto_openssl, first + built.msg_off, &m.ext.auth[MIP4_MH]);
	mip4_packet_finish(&built, first);
	memcpy(out, first, n);
	if (!a->rc && !a->behind && (mf < 0 || a->no_mf))
		return n;
	struct mip4 more = {.type = MIP4_REPLY};
	path.relay = first + built.msg_off;
	path.relay_oct = built.msg_len_oct;
	if (a->behind)
		more.ext = *a->behind;
	if (a->rc)
		assert_true(rc4_add(&more.ext, a->rc, &values));
	const struct sa_key *k = mf >= 0 ? &b->k.key[a->bad_mf ? K_HOME : mf] : NULL;
	if (k && !a->no_mf)
		more.ext.auth[MIP4_MF] = sa4_auth(k);
	n = mip4_packet_build(out, 1300, &path, &more, &built);
	assert_true(n > 0);
	if (k && !a->no_mf)
		sa4_sign(k, &crypto_openssl, out + built.msg_off, &more.ext.auth[MIP4_MF]);
	mip4_packet_finish(&built, out);
	return n;
}

static inline void bench_reply_from(struct bench *b, const struct req *r, const struct answer4 *a, struct lladdr from)
{
	uint8_t buf[1300];
	size_t n = bench_reply_build(b, r, a, buf);
	(void)bench_offer(b, r->s.fx->send.ifindex ? r->s.fx->send.ifindex : W0, DP_PUNT_MIP4, from, buf, n);
}

/* Effects must not have been cleared since the request: its lladdr says who answers. */
static inline void bench_reply(struct bench *b, const struct req *r, const struct answer4 *a)
{
	struct lladdr from = r->s.fx->send.has_lladdr ? r->s.fx->send.lladdr : link_ll(L_P1);
	bench_reply_from(b, r, a, from);
}

static inline void bench_accept4(struct bench *b, const struct req *r)
{
	struct answer4 a = {.code = MIP4_ACCEPTED};
	struct rc4 rc = {.has_group_answer = true};
	if (r->rc.has_group_request) {
		rc.group_answer = (struct rc4_group_answer){.status = RC4_GROUP_OK, .group = r->rc.group_request.group, .site_address = A("10.2.255.7")};
		a.rc = &rc;
		a.dst = r->rc.group_request.group;
	}
	bench_reply(b, r, &a);
}

static inline void bench_refuse(struct bench *b, const struct req *r, uint8_t code)
{
	struct answer4 a = {.code = code, .no_mh = code < 128 || code >= 192};
	bench_reply(b, r, &a);
}

/* --- shortcuts to where a test begins -------------------------------------------------------------------------- */

static inline void bench_to(struct bench *b, uint32_t ifindex, enum bench_link l)
{
	struct req r;
	bench_link(b, ifindex, true);
	bench_hear(b, ifindex, l);
	if (l == L_HOME) {
		bench_state(b, "home");
	} else {
		assert_true(bench_req(b, 0, &r));
		bench_accept4(b, &r);
		bench_state(b, l >= L_A1 && l <= L_B1 ? "away-site" : "away-plain");
	}
	bench_run(b, span_ms(2500));
	bench_clear(b);
}
