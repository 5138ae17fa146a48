/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A mobile node on a bench, with a world around it of a few routers and its peers, which the test plays:
 *
 *	home link   R_HOME        2001:db8:1::/64          home agent 2001:db8:1::1
 *	site A      R_A1, R_A2    2001:db8:2:11::/64 ...   agent 2001:db8:2::1
 *	site B      R_B1          2001:db8:3:11::/64       agent 2001:db8:3::1
 *	no agent    R_P1, R_P2    2001:db8:9:1::/64 ...
 *
 * The mobile has w0 (ifindex 1) and, where a test wants it, w1 (ifindex 2).
 */
#include <stdio.h>

#include "kit.h"

#include "role/mn/mn.h"
#include "wire/mip6/mh_packet.h"
#include "wire/mld/mld.h"
#include "wire/nd/nd.h"

enum bench_router { R_HOME, R_A1, R_A2, R_B1, R_P1, R_P2, R_N };
enum { W0 = 1, W1 = 2 };

struct bench {
	struct kit k;
	struct mn_conf conf;
	void *mn;
};

static inline struct addr6 A(const char *s)
{
	struct addr6 a;
	assert_true(addr6_parse(&a, s));
	return a;
}

static inline void assert_addr(const struct addr6 *got, struct addr6 want)
{
	if (!addr6_eq(got, &want))
		fail_msg("%s, expected %s", ADDR6_STR(got), ADDR6_STR(&want));
}

#define HOA A("2001:db8:1::100")
#define HA A("2001:db8:1::1")
#define MMA_A A("2001:db8:2::1")
#define MMA_B A("2001:db8:3::1")
#define ACOA_A A("2001:db8:2:ff::5")
#define ACOA_B A("2001:db8:3:ff::6")
#define GROUP A("ff35::ff:fe00:1")           /* of identity 02:00:00:00:00:01, w0's */
#define COA_A1 A("2001:db8:2:11:0:ff:fe00:1") /* of w0 */
#define COA_A2 A("2001:db8:2:12:0:ff:fe00:1")
#define COA_P1 A("2001:db8:9:1:0:ff:fe00:1")
#define COA_P2 A("2001:db8:9:2:0:ff:fe00:1")

static inline struct lladdr router_ll(enum bench_router r) { return (struct lladdr){{2, 0, 0, 0, 0xaa, (uint8_t)r}}; }
static inline struct lladdr station_ll(uint32_t ifindex) { return (struct lladdr){{2, 0, 0, 0, 0, (uint8_t)ifindex}}; }

static inline void bench_start(struct bench *b)
{
	const char *remedy = NULL;
	b->mn = calloc(1, mn_role.size_oct);
	int err = mn_role.init(b->mn, &b->k.env, &b->conf, b->k.now, &remedy);
	if (err)
		fail_msg("init: %s", remedy);
}

static inline void bench_init(struct bench *b, uint32_t n_if)
{
	kit_init(&b->k);
	b->k.link[0] = "w0";
	b->k.link[1] = "w1";
	b->k.n_link = n_if;
	kit_add_key(&b->k, "ha", 256, MAC_HMAC_SHA1, "between the mobile and home");
	kit_add_key(&b->k, "a", 257, MAC_HMAC_SHA256, "between the mobile and site A");
	kit_add_key(&b->k, "b", 258, MAC_HMAC_SHA1, "between the mobile and site B");
	struct mn_conf *c = &b->conf;
	*c = (struct mn_conf){
		.home_address = HOA, .home_agent = HA, .key = "ha", .n_iface = n_if, .iface = {{"w0"}, {"w1"}},
		.mma = {{MMA_A, "a"}, {MMA_B, "b"}}, .n_mma = 2, .use_mma = true,
		.lifetime = span_s(600), .drain = span_ms(200), .forward = span_s(10), .reports = 3, .report_interval = span_ms(20),
		.solicit_interval = span_ms(100), .missed_advertisements = 3,
		.threshold_dbm = 70, .floor_dbm = 85, .hysteresis_db = 4, .min_stay = span_ms(1000),
		.signal_age = span_s(2), .ping_pong = span_s(5), .signal_window = 8,
	};
	assert_true(prefix6_parse(&c->group_prefix, "ff35::/64"));
	bench_start(b);
	mn_role.restored(b->mn, b->k.now);
}

static inline void bench_fini(struct bench *b)
{
	mn_role.fini(b->mn);
	free(b->mn);
	assert_int_equal(b->k.fx.lost, 0);
	kit_fini(&b->k);
}

/* Effects from here on are those of the next steps. */
static inline void bench_clear(struct bench *b) { kit_clear(&b->k); }

/* Lets time pass, timer by timer. */
static inline void bench_run(struct bench *b, span_t d)
{
	int64_t end = b->k.now.mono.ns + d.ns;
	for (int i = 0; i < 10000; i++) {
		mono_t next = mn_role.expiry(b->mn);
		if (next.ns > end)
			break;
		if (next.ns > b->k.now.mono.ns)
			kit_advance(&b->k, span_ns(next.ns - b->k.now.mono.ns));
		mn_role.tick(b->mn, b->k.now);
	}
	kit_advance(&b->k, span_ns(end - b->k.now.mono.ns));
}

static inline void bench_link(struct bench *b, uint32_t ifindex, bool is_up)
{
	struct link_event ev = {.ifindex = ifindex, .is_up = is_up, .lladdr = station_ll(ifindex), .mtu_oct = 1500};
	strcpy(ev.name, ifindex == W0 ? "w0" : "w1");
	mn_role.link(b->mn, &ev, b->k.now);
}

static inline void bench_rx(struct bench *b, uint32_t ifindex, enum dp_punt why, struct lladdr from, const void *pkt, size_t len)
{
	assert_true(len > 0);
	struct rx rx = {.ifindex = ifindex, .why = why, .lladdr_src = from, .pkt = pkt, .len_oct = len};
	assert_true(mn_role.rx(b->mn, &rx, b->k.now));
}

static inline struct nd_ra bench_adv(enum bench_router r)
{
	static const char *const prefix[R_N] = {"2001:db8:1::", "2001:db8:2:11::", "2001:db8:2:12::", "2001:db8:3:11::",
						"2001:db8:9:1::", "2001:db8:9:2::"};
	struct nd_ra ra = {.hop_limit = 64, .lifetime_s = 30, .has_slla = true, .slla = router_ll(r), .n_prefix = 1,
			   .has_adv_interval = true, .adv_interval_ms = 1000};
	ra.prefix[0] = (struct nd_prefix){.addr = A(prefix[r]), .len_bits = 64, .is_onlink = true, .is_auto = true,
					  .valid_s = 3600, .preferred_s = 3600};
	if (r != R_HOME && r != R_P1 && r != R_P2) {
		ra.has_map = ra.has_site = true;
		ra.map = (struct nd_map){.distance = 1, .preference = 15, .valid_s = 60, .addr = r == R_B1 ? MMA_B : MMA_A};
		strcpy(ra.site.name, r == R_B1 ? "b" : "a");
	}
	return ra;
}

static inline void bench_ra_of(struct bench *b, uint32_t ifindex, enum bench_router r, const struct nd_ra *ra)
{
	uint8_t buf[512];
	struct lladdr ll = router_ll(r);
	struct addr6 src = addr6_linklocal(&ll);
	size_t n = ra_packet_build(buf, sizeof buf, &src, &addr6_allnodes, ra);
	bench_rx(b, ifindex, DP_PUNT_RA, ll, buf, n);
}

static inline void bench_ra(struct bench *b, uint32_t ifindex, enum bench_router r)
{
	struct nd_ra ra = bench_adv(r);
	bench_ra_of(b, ifindex, r, &ra);
}

static inline void bench_signal(struct bench *b, uint32_t ifindex, enum bench_router r, int dbm, bool is_attached)
{
	struct signal_event ev = {.ifindex = ifindex, .router = router_ll(r), .dbm = dbm, .bandwidth_kbps = -1,
				  .load_permille = -1, .delay_ms = -1, .cost = -1, .is_attached = is_attached};
	mn_role.signal(b->mn, &ev, b->k.now);
}

/* --- what the mobile sent ------------------------------------------------------------------------------------ */

struct sent { const struct effect *fx; uint32_t pos; const uint8_t *pkt; size_t len; };

static inline bool bench_sent(const struct bench *b, uint32_t from, struct sent *s)
{
	for (uint32_t i = from; i < b->k.fx.n; i++) {
		const struct effect *e = &b->k.fx.fx[i];
		if (e->kind != FX_SEND)
			continue;
		*s = (struct sent){e, i, effq_bytes(&b->k.fx, e->send.off), e->send.len_oct};
		return true;
	}
	return false;
}

struct bu { struct mh_packet p; struct sent s; };

/* The key shared with a peer: the agents have their own, whatever else is a home agent. */
static inline int bench_key_of(const struct addr6 *peer)
{
	struct addr6 a = MMA_A, b = MMA_B;
	return addr6_eq(peer, &a) ? 1 : addr6_eq(peer, &b) ? 2 : 0;
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

/* The nth membership report: its record. */
struct report { struct mld_packet p; struct mld_rec rec; struct sent s; };
static inline bool bench_report(const struct bench *b, size_t nth, struct report *r)
{
	for (uint32_t at = 0; bench_sent(b, at, &r->s); at = r->s.pos + 1) {
		if (mld_packet_parse(r->s.pkt, r->s.len, &r->p) != W_OK || nth--)
			continue;
		struct rd it = r->p.recs;
		assert_true(mld_rec_next(&it, &r->rec));
		return true;
	}
	return false;
}

static inline bool bench_rs(const struct bench *b, struct sent *s)
{
	struct nd_packet p;
	for (uint32_t at = 0; bench_sent(b, at, s); at = s->pos + 1)
		if (nd_packet_parse(s->pkt, s->len, &p) == W_OK && p.type == IC6_RS)
			return true;
	return false;
}

/* Position of the nth effect of a kind, or -1: to compare orders. */
static inline int bench_pos(const struct bench *b, enum effect_kind kind, size_t nth)
{
	const struct effect *e = kit_fx(&b->k, kind, nth);
	return e ? (int)(e - b->k.fx.fx) : -1;
}

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

/* --- the operator's view -------------------------------------------------------------------------------------- */

struct probe { const char *record, *key; char val[64]; bool is_there, is_in; };
static inline void probe_begin(void *c, const char *r) { ((struct probe *)c)->is_in = strcmp(r, ((struct probe *)c)->record) == 0; }
static inline void probe_str(void *c, const char *k, const char *v)
{
	struct probe *p = c;
	if (!p->is_in || strcmp(k, p->key) != 0)
		return;
	strncpy(p->val, v, sizeof p->val - 1);
	p->is_there = true;
}
static inline void probe_u64(void *c, const char *k, uint64_t v)
{
	char buf[24];
	snprintf(buf, sizeof buf, "%llu", (unsigned long long)v);
	probe_str(c, k, buf);
}
static inline void probe_i64(void *c, const char *k, int64_t v) { (void)c, (void)k, (void)v; }
static inline void probe_flag(void *c, const char *k, bool v) { probe_str(c, k, v ? "true" : "false"); }
static inline void probe_real(void *c, const char *k, double v) { (void)c, (void)k, (void)v; }
static inline void probe_end(void *c) { ((struct probe *)c)->is_in = false; }

static inline void bench_shows(struct bench *b, const char *what, const char *record, const char *key, const char *val)
{
	static const struct show_ops ops = {probe_begin, probe_str, probe_u64, probe_i64, probe_flag, probe_real, probe_end};
	struct probe p = {.record = record, .key = key};
	struct show s = {&ops, &p};
	mn_role.show(b->mn, what, &s, b->k.now);
	assert_true(p.is_there);
	assert_string_equal(p.val, val);
}

static inline void bench_state(struct bench *b, const char *state) { bench_shows(b, "mobiles", "mobile", "state", state); }

/* --- shortcuts to where a test begins -------------------------------------------------------------------------- */

static inline void bench_to_site_a(struct bench *b)
{
	struct bu bu;
	bench_link(b, W0, true);
	bench_ra(b, W0, R_A1);
	assert_true(bench_bu(b, 0, &bu));
	bench_clear(b);
	struct addr6 acoa = ACOA_A;
	bench_accept(b, &bu, &acoa);
	assert_true(bench_bu(b, 0, &bu));
	bench_clear(b);
	bench_accept(b, &bu, NULL);
	bench_state(b, "away-site");
	bench_run(b, span_s(1));
	bench_clear(b);
}

static inline void bench_to_plain(struct bench *b)
{
	struct bu bu;
	bench_link(b, W0, true);
	bench_ra(b, W0, R_P1);
	assert_true(bench_bu(b, 0, &bu));
	bench_clear(b);
	bench_accept(b, &bu, NULL);
	bench_state(b, "away-plain");
	bench_run(b, span_s(1));
	bench_clear(b);
}

static inline void bench_to_home(struct bench *b)
{
	bench_link(b, W0, true);
	bench_ra(b, W0, R_HOME);
	bench_state(b, "home");
	bench_run(b, span_ms(500));
	bench_clear(b);
}
