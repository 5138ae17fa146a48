/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A mobile node of IPv6, of IPv4 or of both on a bench, with a world around it that the test plays:
 *
 *	home link   L_HOME        2001:db8:1::/64         10.1.0.0/24       home agents 2001:db8:1::1 and 10.1.0.1
 *	site A      L_A1, L_A2    2001:db8:2:11::/64 ...  10.2.16.0/24 ...  agent 2001:db8:2::1, 10.2.0.1
 *	site B      L_B1          2001:db8:3:11::/64      10.5.16.0/24      agent 2001:db8:3::1, 10.5.0.1
 *	no agent    L_P1, L_P2    2001:db8:9:1::/64 ...   10.9.1.0/24 ...
 *	agents      L_FA1, L_FA2                          10.3.1.0/24 ...   foreign agents 10.3.1.1, 10.3.2.1, their own care-of addresses
 *
 * The mobile has w0 (ifindex 1) and, where a test wants it, w1 (ifindex 2). What the world says and what the mobile says to it is in
 * mn6_bench.h and mn4_bench.h; a test may include both.
 */
#include <stdio.h>

#include "kit.h"
#include "plain.h"

#include "role/mn/mn.h"
#include "wire/mcast/mcast.h"

enum bench_family { V6 = 1, V4 = 2, BOTH = V6 | V4 };
enum bench_link { L_HOME, L_A1, L_A2, L_B1, L_P1, L_P2, L_FA1, L_FA2, L_N };
enum { W0 = 1, W1 = 2 };
enum { K_HOME, K_A, K_B, K_FA };

struct bench;
/* change: what the test wants otherwise, before the mobile starts; or NULL. */
struct bench_want { enum bench_family family; uint32_t n_if; void (*change)(struct bench *b); };

struct bench {
	struct kit k;
	struct bench_want want;
	struct mn_conf conf;
	void *mn;
	uint16_t seq[L_N];           /* of the advertisements of IPv4 */
};

static inline struct addr6 A(const char *text) { return plain_addr(text); }

static inline void assert_addr(const struct addr6 *got, struct addr6 want)
{
	if (!addr6_eq(got, &want))
		fail_msg("%s, expected %s", ADDR46_STR(got), ADDR46_STR(&want));
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

#define HOA4 A("10.1.0.100")
#define HA4 A("10.1.0.1")
#define MMA4_A A("10.2.0.1")
#define MMA4_B A("10.5.0.1")
#define FA1 A("10.3.1.1")
#define FA2 A("10.3.2.1")
#define OWN A("10.9.1.50")

static inline struct lladdr link_ll(enum bench_link l) { return (struct lladdr){{2, 0, 0, 0, 0xaa, (uint8_t)l}}; }
static inline struct lladdr station_ll(uint32_t ifindex) { return (struct lladdr){{2, 0, 0, 0, 0, (uint8_t)ifindex}}; }

static inline void bench_conf(struct mn_conf *c, const struct bench_want *w)
{
	*c = (struct mn_conf){
		.key = "ha", .n_iface = w->n_if, .iface = {{"w0"}, {"w1"}}, .mma = {{.key = "a"}, {.key = "b"}}, .n_mma = 2, .use_mma = true,
		.lifetime = span_s(600), .drain = span_ms(200), .forward = span_s(10), .reports = 3, .report_interval = span_ms(20),
		.solicit_interval = span_ms(100), .missed_advertisements = 3,
		.threshold_dbm = 70, .floor_dbm = 85, .hysteresis_db = 4, .min_stay = span_ms(1000),
		.signal_age = span_s(2), .ping_pong = span_s(5), .signal_window = 8,
	};
	if (w->family & V6) {
		c->home_address = HOA;
		c->home_agent = HA;
		c->mma[0].addr = MMA_A;
		c->mma[1].addr = MMA_B;
		assert_true(prefix6_parse(&c->group_prefix, "ff35::/64"));
	}
	if (w->family & V4) {
		c->v4 = (struct mn4_conf){.home_address = HOA4, .home_agent = HA4, .keepalive = span_s(110), .revocation = true};
		c->mma[0].address_v4 = MMA4_A;
		c->mma[1].address_v4 = MMA4_B;
		assert_true(prefix46_parse(&c->v4.home_prefix, "10.1.0.0/24"));
	}
}

static inline void bench_start(struct bench *b)
{
	const char *remedy = NULL;
	b->mn = calloc(1, mn_role.size_oct);
	int err = mn_role.init(b->mn, &b->k.env, &b->conf, b->k.now, &remedy);
	if (err)
		fail_msg("init: %s", remedy);
}

static inline void bench_init(struct bench *b, struct bench_want want)
{
	*b = (struct bench){.want = want};
	kit_init(&b->k);
	b->k.link[0] = "w0";
	b->k.link[1] = "w1";
	b->k.n_link = want.n_if;
	kit_add_key(&b->k, "ha", 256, want.family == V6 ? MAC_HMAC_SHA1 : MAC_HMAC_SHA256, "between the mobile and home");
	kit_add_key(&b->k, "a", 257, MAC_HMAC_SHA256, "between the mobile and site A");
	kit_add_key(&b->k, "b", 258, MAC_HMAC_SHA1, "between the mobile and site B");
	kit_add_key(&b->k, "fa", 259, MAC_HMAC_SHA256, "between the mobile and a foreign agent");
	bench_conf(&b->conf, &b->want);
	if (want.change)
		want.change(b);
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

/* Another mobile, with another world: as the one that was there began. */
static inline void bench_again(struct bench *b)
{
	bench_fini(b);
	bench_init(b, b->want);
}

/* For BENCH_TEST: *state is what is wanted first, then the bench. */
static inline int bench_setup(void **state)
{
	const struct bench_want *want = *state;
	struct bench *b = malloc(sizeof *b);
	assert_non_null(b);
	bench_init(b, *want);
	*state = b;
	return 0;
}

static inline int bench_teardown(void **state)
{
	bench_fini(*state);
	free(*state);
	return 0;
}

/* A row for cmocka; behind f the fields of struct bench_want. */
#define BENCH_TEST(f, ...) {#f, f, bench_setup, bench_teardown, &(struct bench_want){__VA_ARGS__}}

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

/* Does the mobile take it? */
static inline bool bench_offer(struct bench *b, uint32_t ifindex, enum dp_punt why, struct lladdr from, const void *pkt, size_t len)
{
	assert_true(len > 0);
	struct rx rx = {.ifindex = ifindex, .why = why, .lladdr_src = from, .pkt = pkt, .len_oct = len};
	return mn_role.rx(b->mn, &rx, b->k.now);
}

static inline void bench_rx(struct bench *b, uint32_t ifindex, enum dp_punt why, struct lladdr from, const void *pkt, size_t len)
{
	assert_true(bench_offer(b, ifindex, why, from, pkt, len));
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

/* The nth membership report, which is of MLDv2 or IGMPv3: its record. */
struct report { uint8_t type; struct addr6 src, group, source; size_t n_source; struct sent s; };
static inline bool bench_report(const struct bench *b, size_t nth, struct report *r)
{
	*r = (struct report){0};
	for (uint32_t at = 0; bench_sent(b, at, &r->s); at = r->s.pos + 1) {
		struct mcast_packet p;
		struct mcast_rec rec;
		if (r->s.fx->send.is_arp || mcast_packet_parse(r->s.pkt, r->s.len, &p) != W_OK || nth--)
			continue;
		assert_int_equal(p.kind, MCAST_REPORT);
		assert_true(mcast_next(&p, &p.recs, &rec));
		r->type = rec.type;
		r->src = p.src;
		r->group = rec.group;
		r->n_source = rec.source.n;
		r->source = rec.source.n ? mcast_source(&rec.source, 0) : addr6_any;
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

static inline void assert_report(const struct bench *b, size_t nth, enum mld_rec_type type, uint32_t ifindex, struct addr6 group, struct addr6 source)
{
	struct report r;
	struct lladdr ll = station_ll(ifindex);
	assert_true(bench_report(b, nth, &r));
	assert_int_equal(r.type, type);
	assert_addr(&r.group, group);
	assert_int_equal(r.n_source, 1);
	assert_addr(&r.source, source);
	assert_int_equal(r.s.fx->send.ifindex, ifindex);
	assert_addr(&r.src, addr6_is_v4mapped(&group) ? A("0.0.0.0") : addr6_linklocal(&ll)); /* RFC 3376 4.2.13: no address of this link */
}

/* The first effect that is not an event for the operator. */
static inline const struct effect *bench_first(const struct bench *b)
{
	for (uint32_t i = 0; i < b->k.fx.n; i++)
		if (b->k.fx.fx[i].kind != FX_EVENT)
			return &b->k.fx.fx[i];
	return NULL;
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

/* --- what outlives the mobile --------------------------------------------------------------------------------- */

/* Killed and started again; what it stored may be given back now, then mn_role.restored(). */
static inline void bench_restart(struct bench *b)
{
	mn_role.fini(b->mn);
	free(b->mn);
	bench_clear(b);
	bench_start(b);
}

/* What the mobile stored last. */
struct kept { enum store_table table; uint32_t key_len, val_len; uint8_t key[32], val[4096]; };
static inline void bench_keep(const struct bench *b, enum store_table table, struct kept *k)
{
	const struct effect *last = NULL, *e;
	for (size_t i = 0; (e = kit_fx(&b->k, FX_STORE_PUT, i)); i++)
		last = e;
	assert_non_null(last);
	assert_int_equal(last->store.table, table);
	assert_true(last->store.key_len_oct <= sizeof k->key && last->store.val_len_oct <= sizeof k->val);
	*k = (struct kept){.table = table, .key_len = last->store.key_len_oct, .val_len = last->store.val_len_oct};
	const uint8_t *p = effq_bytes(&b->k.fx, last->store.off);
	memcpy(k->key, p, k->key_len);
	memcpy(k->val, p + k->key_len, k->val_len);
}

static inline int bench_restore(struct bench *b, const struct kept *k)
{
	struct store_rec rec = {k->table, k->key, k->val, k->key_len, k->val_len};
	return mn_role.restore(b->mn, &rec, b->k.now);
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
