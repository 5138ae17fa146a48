/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The messages of IPv6 around a mobile node on a bench (mn_bench.h): routers advertise, home agents and sites' agents answer. */
#include "mn_bench.h"

#include "wire/mip6/mh_packet.h"
#include "wire/nd/nd.h"

static inline struct nd_ra bench_adv(enum bench_link l)
{
	static const char *const prefix[L_N] = {"2001:db8:1::", "2001:db8:2:11::", "2001:db8:2:12::", "2001:db8:3:11::",
						"2001:db8:9:1::", "2001:db8:9:2::"};
	assert_true(l < L_FA1);
	struct nd_ra ra = {.hop_limit = 64, .lifetime_s = 30, .has_slla = true, .slla = link_ll(l), .n_prefix = 1,
			   .has_adv_interval = true, .adv_interval_ms = 1000};
	ra.prefix[0] = (struct nd_prefix){.addr = A(prefix[l]), .len_bits = 64, .is_onlink = true, .is_auto = true,
					  .valid_s = 3600, .preferred_s = 3600};
	if (l >= L_A1 && l <= L_B1) {
		ra.has_map = ra.has_site = true;
		ra.map = (struct nd_map){.distance = 1, .preference = 15, .valid_s = 60, .addr = l == L_B1 ? MMA_B : MMA_A};
		strcpy(ra.site.name, l == L_B1 ? "b" : "a");
	}
	return ra;
}

/* Says nothing of when the next one comes: silence does not mean that the router is gone. */
static inline struct nd_ra bench_adv_quiet(enum bench_link l)
{
	struct nd_ra ra = bench_adv(l);
	ra.has_adv_interval = false;
	return ra;
}

static inline void bench_ra_of(struct bench *b, uint32_t ifindex, enum bench_link l, const struct nd_ra *ra)
{
	uint8_t buf[512];
	struct lladdr ll = link_ll(l);
	struct addr6 src = addr6_linklocal(&ll);
	size_t n = ra_packet_build(buf, sizeof buf, &src, &addr6_allnodes, ra);
	bench_rx(b, ifindex, DP_PUNT_RA, ll, buf, n);
}

static inline void bench_ra(struct bench *b, uint32_t ifindex, enum bench_link l)
{
	struct nd_ra ra = bench_adv(l);
	bench_ra_of(b, ifindex, l, &ra);
}

static inline void bench_ra_quiet(struct bench *b, uint32_t ifindex, enum bench_link l)
{
	struct nd_ra ra = bench_adv_quiet(l);
	bench_ra_of(b, ifindex, l, &ra);
}

/* --- what the mobile sent ------------------------------------------------------------------------------------ */

struct bu { struct mh_packet p; struct sent s; };

/* The key shared with a peer: the agents have their own, whatever else is a home agent. */
static inline int bench_key_of(const struct addr6 *peer)
{
	struct addr6 a = MMA_A, b = MMA_B;
	return addr6_eq(peer, &a) ? K_A : addr6_eq(peer, &b) ? K_B : K_HOME;
}

/* The nth binding update since bench_clear, authentic; false when there is none. */
static inline bool bench_bu(const struct bench *b, size_t nth, struct bu *bu)
{
	for (uint32_t at = 0; bench_sent(b, at, &bu->s); at = bu->s.pos + 1) {
		if (mh_packet_parse(bu->s.pkt, bu->s.len, &bu->p) != W_OK || nth--)
			continue;
		struct addr6 hoa = HOA;
		int key = bench_key_of(&bu->p.dst);
		assert_int_equal(bu->p.mh.type, MH_BU);
		assert_true(bu->p.mh.opt.has_mesg_id);
		assert_true(sa_verify(&b->k.key[key], &crypto_openssl, mh_packet_coa(&bu->p), &hoa, &bu->p));
		assert_true(bu->s.fx->send.has_lladdr); /* always to the router */
		return true;
	}
	return false;
}

static inline size_t bench_n_mh(const struct bench *b)
{
	struct bu bu;
	size_t n = 0;
	while (bench_bu(b, n, &bu))
		n++;
	return n;
}

static inline struct bu bench_nth_bu(const struct bench *b, size_t nth)
{
	struct bu bu = {0};
	assert_true(bench_bu(b, nth, &bu));
	return bu;
}

static inline struct bu bench_only_bu(const struct bench *b)
{
	assert_int_equal(bench_n_mh(b), 1);
	return bench_nth_bu(b, 0);
}

/* The effects from here on are those of its answer. */
static inline struct bu bench_next_bu(struct bench *b)
{
	struct bu bu = bench_nth_bu(b, 0);
	bench_clear(b);
	return bu;
}

/* The nth message of neighbour discovery of a type. */
static inline bool bench_nd(const struct bench *b, uint8_t type, size_t nth, struct nd_packet *p, struct sent *s)
{
	for (uint32_t at = 0; bench_sent(b, at, s); at = s->pos + 1)
		if (nd_packet_parse(s->pkt, s->len, p) == W_OK && p->type == type && nth-- == 0)
			return true;
	return false;
}

static inline bool bench_rs(const struct bench *b, struct sent *s) { return bench_nd(b, IC6_RS, 0, &(struct nd_packet){0}, s); }

/* --- what the peers answer ------------------------------------------------------------------------------------ */

struct answer {
	uint8_t status, flags;
	uint32_t lifetime_s;
	const struct addr6 *acoa;       /* assigned, or NULL */
	bool is_unsigned, has_bad_mac;
	bool has_seq;
	uint16_t seq;                   /* another number than the update's */
};

static inline size_t bench_ba_build(struct bench *b, const struct bu *bu, const struct answer *a, uint8_t buf[static 1280])
{
	struct addr6 hoa = HOA;
	int key = bench_key_of(&bu->p.dst);
	struct mh m = {.type = MH_BA,
		       .ba = {.status = a->status, .flags = a->flags, .seq = a->has_seq ? a->seq : bu->p.mh.bu.seq, .lifetime_s = a->lifetime_s}};
	m.opt.has_auth = !a->is_unsigned;
	m.opt.auth.spi = b->k.key[key].spi;
	m.opt.has_mesg_id = !a->is_unsigned;
	m.opt.mesg_id = bu->p.mh.opt.mesg_id;
	if (a->acoa) {
		m.opt.rc.has_acoa = true;
		m.opt.rc.acoa = (struct rc_acoa){.coa = *a->acoa, .lifetime_s = a->lifetime_s};
	}
	struct mh_built built;
	size_t n = ba_packet_build(buf, 1280, &bu->p.dst, &bu->p.src, bu->p.has_hao ? &hoa : NULL, &m, &built);
	if (a->is_unsigned)
		mh_packet_finish(&built, buf);
	else
		sa_sign(&b->k.key[a->has_bad_mac ? (key + 1) % 3 : key], &crypto_openssl, mh_packet_coa(&bu->p), &hoa, &built, buf);
	return n;
}

static inline void bench_ba(struct bench *b, const struct bu *bu, const struct answer *a)
{
	uint8_t buf[1280];
	size_t n = bench_ba_build(b, bu, a, buf);
	bench_rx(b, bu->s.fx->send.ifindex, DP_PUNT_MH, bu->s.fx->send.lladdr, buf, n);
}

static inline void bench_accept(struct bench *b, const struct bu *bu, const struct addr6 *acoa)
{
	struct answer a = {.lifetime_s = bu->p.mh.bu.lifetime_s, .acoa = acoa};
	bench_ba(b, bu, &a);
}

/* The effects from here on are those of the answer. */
static inline void bench_accept_next(struct bench *b, const struct bu *bu, const struct addr6 *acoa)
{
	bench_clear(b);
	bench_accept(b, bu, acoa);
}

/* --- shortcuts to where a test begins -------------------------------------------------------------------------- */

/* w0 comes up, and a router is heard: the first update, whose answer the next effects are. */
static inline struct bu bench_first_bu(struct bench *b, enum bench_link l)
{
	bench_link(b, W0, true);
	bench_ra(b, W0, l);
	return bench_next_bu(b);
}

static inline void bench_to_site_a(struct bench *b)
{
	struct bu bu = bench_first_bu(b, L_A1);
	struct addr6 acoa = ACOA_A;
	bench_accept(b, &bu, &acoa);
	bu = bench_next_bu(b);
	bench_accept(b, &bu, NULL);
	bench_state(b, "away-site");
	bench_run(b, span_s(1));
	bench_clear(b);
}

static inline void bench_to_plain(struct bench *b)
{
	struct bu bu = bench_first_bu(b, L_P1);
	bench_accept(b, &bu, NULL);
	bench_state(b, "away-plain");
	bench_run(b, span_s(1));
	bench_clear(b);
}

static inline void bench_to_home(struct bench *b)
{
	bench_link(b, W0, true);
	bench_ra(b, W0, L_HOME);
	bench_state(b, "home");
	bench_run(b, span_ms(500));
	bench_clear(b);
}
