/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A mobile node of Mobile IPv4 on a bench, with a world around it that the test plays (RFC 5944):
 *
 *	home link   L_HOME       10.1.0.0/24    home agent 10.1.0.1
 *	agents      L_FA1, L_FA2 10.3.1.0/24 ...  foreign agents 10.3.1.1, 10.3.2.1, which are their own care-of addresses
 *	site A      L_A1, L_A2   10.2.16.0/24 ... agent 10.2.0.1
 *	site B      L_B1         10.5.16.0/24   agent 10.5.0.1
 *	no agent    L_PLAIN      10.9.1.0/24    a plain router, or nobody who advertises
 *
 * The mobile has w0 (ifindex 1) and, where a test wants it, w1 (ifindex 2).
 */
#include <stdio.h>

#include "kit.h"

#include "core/auth/sa4.h"
#include "role/mn/mn.h"
#include "wire/arp/arp.h"
#include "wire/igmp/igmp.h"
#include "wire/mip4/adv4.h"
#include "wire/mip4/mip4_packet.h"
#include "wire/mip4/rc4.h"

enum bench_link { L_HOME, L_FA1, L_FA2, L_A1, L_A2, L_B1, L_PLAIN, L_N };
enum { W0 = 1, W1 = 2 };
enum { K_HOME, K_A, K_B, K_FA };

struct bench {
	struct kit k;
	struct mn_conf conf;
	void *mn;
	uint16_t seq[L_N];
};

static inline struct addr6 A(const char *s)
{
	struct addr6 a;
	assert_true(addr46_parse(&a, s));
	return a;
}

static inline void assert_addr(const struct addr6 *got, struct addr6 want)
{
	if (!addr6_eq(got, &want))
		fail_msg("%s, expected %s", ADDR46_STR(got), ADDR46_STR(&want));
}

#define HOA A("10.1.0.100")
#define HA A("10.1.0.1")
#define MMA_A A("10.2.0.1")
#define MMA_B A("10.5.0.1")
#define FA1 A("10.3.1.1")
#define FA2 A("10.3.2.1")
#define OWN A("10.9.1.50")

static inline struct lladdr link_ll(enum bench_link l) { return (struct lladdr){{2, 0, 0, 0, 0xbb, (uint8_t)l}}; }
static inline struct lladdr station_ll(uint32_t ifindex) { return (struct lladdr){{2, 0, 0, 0, 0, (uint8_t)ifindex}}; }

static inline void bench_conf(struct bench *b, uint32_t n_if)
{
	struct mn_conf *c = &b->conf;
	*c = (struct mn_conf){
		.key = "ha", .n_iface = n_if, .iface = {{"w0"}, {"w1"}}, .use_mma = true,
		.mma = {{.address_v4 = MMA_A, .key = "a"}, {.address_v4 = MMA_B, .key = "b"}}, .n_mma = 2,
		.lifetime = span_s(600), .drain = span_ms(200), .forward = span_s(10), .reports = 3, .report_interval = span_ms(20),
		.solicit_interval = span_ms(100), .missed_advertisements = 3,
		.threshold_dbm = 70, .floor_dbm = 85, .hysteresis_db = 4, .min_stay = span_ms(1000),
		.signal_age = span_s(2), .ping_pong = span_s(5), .signal_window = 8,
		.v4 = {.home_address = HOA, .home_agent = HA, .keepalive = span_s(110), .revocation = true},
	};
	assert_true(prefix46_parse(&c->v4.home_prefix, "10.1.0.0/24"));
}

static inline void bench_start(struct bench *b)
{
	const char *remedy = NULL;
	b->mn = calloc(1, mn_role.size_oct);
	int err = mn_role.init(b->mn, &b->k.env, &b->conf, b->k.now, &remedy);
	if (err)
		fail_msg("init: %s", remedy);
	mn_role.restored(b->mn, b->k.now);
}

/* change: what the test wants otherwise, or NULL. */
static inline void bench_init(struct bench *b, uint32_t n_if, void (*change)(struct mn_conf *c))
{
	kit_init(&b->k);
	b->k.link[0] = "w0";
	b->k.link[1] = "w1";
	b->k.n_link = n_if;
	kit_add_key(&b->k, "ha", 256, MAC_HMAC_SHA256, "between the mobile and home");
	kit_add_key(&b->k, "a", 257, MAC_HMAC_SHA256, "between the mobile and site A");
	kit_add_key(&b->k, "b", 258, MAC_HMAC_SHA1, "between the mobile and site B");
	kit_add_key(&b->k, "fa", 259, MAC_HMAC_SHA256, "between the mobile and an agent");
	bench_conf(b, n_if);
	if (change)
		change(&b->conf);
	bench_start(b);
}

static inline void bench_fini(struct bench *b)
{
	mn_role.fini(b->mn);
	free(b->mn);
	assert_int_equal(b->k.fx.lost, 0);
	kit_fini(&b->k);
}

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

static inline void bench_local(struct bench *b, uint32_t ifindex, struct addr6 addr, bool is_gone)
{
	struct local_event ev = {.ifindex = ifindex, .addr = addr, .is_gone = is_gone, .plen_bits = 96 + 24};
	mn_role.local(b->mn, &ev, b->k.now);
}

static inline bool bench_rx(struct bench *b, uint32_t ifindex, enum dp_punt why, struct lladdr from, const void *pkt, size_t len)
{
	assert_true(len > 0);
	struct rx rx = {.ifindex = ifindex, .why = why, .lladdr_src = from, .pkt = pkt, .len_oct = len};
	return mn_role.rx(b->mn, &rx, b->k.now);
}

/* --- advertisements --------------------------------------------------------------------------------------------- */

static inline struct addr6 link_router(enum bench_link l)
{
	static const char *const router[L_N] = {"10.1.0.1", "10.3.1.1", "10.3.2.1", "10.2.16.1", "10.2.17.1", "10.5.16.1", "10.9.1.1"};
	return A(router[l]);
}

static inline struct adv4 bench_adv(struct bench *b, enum bench_link l)
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
		a.mma = (struct adv4_mma){.distance = 1, .preference = 15, .valid_s = 60, .addr = l == L_B1 ? MMA_B : MMA_A};
		strcpy(a.mma.site, l == L_B1 ? "b" : "a");
		assert_true(prefix46_parse(&a.mma.group, "232.128.0.0/9"));
		break;
	case L_PLAIN:
	case L_N: break;
	}
	return a;
}

static inline void bench_adv_of(struct bench *b, uint32_t ifindex, enum bench_link l, const struct adv4 *a)
{
	uint8_t buf[512];
	struct addr6 src = link_router(l);
	size_t n = adv4_packet_build(buf, sizeof buf, &src, &adv4_allnodes, a);
	assert_true(bench_rx(b, ifindex, DP_PUNT_ADV4, link_ll(l), buf, n));
}

static inline void bench_hear(struct bench *b, uint32_t ifindex, enum bench_link l)
{
	struct adv4 a = bench_adv(b, l);
	bench_adv_of(b, ifindex, l, &a);
}

static inline void bench_signal(struct bench *b, uint32_t ifindex, enum bench_link l, int dbm, bool is_attached)
{
	struct signal_event ev = {.ifindex = ifindex, .router = link_ll(l), .dbm = dbm, .bandwidth_kbps = -1,
				  .load_permille = -1, .delay_ms = -1, .cost = -1, .is_attached = is_attached};
	mn_role.signal(b->mn, &ev, b->k.now);
}

/* --- what the mobile sent --------------------------------------------------------------------------------------- */

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

struct report { struct igmp_packet p; struct igmp_rec rec; struct sent s; };
static inline bool bench_report(const struct bench *b, size_t nth, struct report *r)
{
	for (uint32_t at = 0; bench_sent(b, at, &r->s); at = r->s.pos + 1) {
		if (r->s.fx->send.is_arp || igmp_packet_parse(r->s.pkt, r->s.len, &r->p) != W_OK || r->p.kind != IGMP3_REPORT || nth--)
			continue;
		struct rd it = r->p.recs;
		assert_true(igmp_rec_next(&it, &r->rec));
		return true;
	}
	return false;
}

static inline size_t bench_n_reports(const struct bench *b)
{
	struct report r;
	size_t n = 0;
	while (bench_report(b, n, &r))
		n++;
	return n;
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

/* Position of the nth effect of a kind, or -1: to compare orders. */
static inline int bench_pos(const struct bench *b, enum effect_kind kind, size_t nth)
{
	const struct effect *e = kit_fx(&b->k, kind, nth);
	return e ? (int)(e - b->k.fx.fx) : -1;
}

static inline const struct dp_uplink_out *bench_uplink(const struct bench *b, size_t nth)
{
	const struct dp_op *op = kit_dp(&b->k, FX_DP_PUT, DP_UPLINK_OUT, nth);
	return op ? &op->uplink_out : NULL;
}

/* --- what is answered -------------------------------------------------------------------------------------------- */

struct answer {
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

static inline size_t bench_reply_build(struct bench *b, const struct req *r, const struct answer *a, uint8_t out[static 1300])
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

static inline void bench_reply_from(struct bench *b, const struct req *r, const struct answer *a, struct lladdr from)
{
	uint8_t buf[1300];
	size_t n = bench_reply_build(b, r, a, buf);
	(void)bench_rx(b, r->s.fx->send.ifindex ? r->s.fx->send.ifindex : W0, DP_PUNT_MIP4, from, buf, n);
}

/* Effects must not have been cleared since the request: its lladdr says who answers. */
static inline void bench_reply(struct bench *b, const struct req *r, const struct answer *a)
{
	struct lladdr from = r->s.fx->send.has_lladdr ? r->s.fx->send.lladdr : link_ll(L_PLAIN);
	bench_reply_from(b, r, a, from);
}

static inline void bench_accept(struct bench *b, const struct req *r)
{
	struct answer a = {.code = MIP4_ACCEPTED};
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
	struct answer a = {.code = code, .no_mh = code < 128 || code >= 192};
	bench_reply(b, r, &a);
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

static inline void bench_to(struct bench *b, uint32_t ifindex, enum bench_link l)
{
	struct req r;
	bench_link(b, ifindex, true);
	bench_hear(b, ifindex, l);
	if (l == L_HOME) {
		bench_state(b, "home");
	} else {
		assert_true(bench_req(b, 0, &r));
		bench_accept(b, &r);
		bench_state(b, l >= L_A1 && l <= L_B1 ? "away-site" : "away-plain");
	}
	bench_run(b, span_ms(2500));
	bench_clear(b);
}
