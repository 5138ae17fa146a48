/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Two home agents of a redundancy group, each with the real layer between role and group, the native datapath and a disk; the network
 * between them is this file. Behind ha_kit.h or ha4_kit.h, whose bench is a member here.
 */
#include "datapath/native.h"
#include "rg/sync.h"
#include "wire/arp/arp.h"
#include "wire/ip/udp6.h"
#include "wire/nd/nd.h"

enum { G_MEMBERS = 2, G_MOBILES = 1024, G_ROAM0 = 77 };

struct g_record { uint16_t table; uint8_t key[HA_NAI_LEN], val[512]; size_t key_oct, val_oct; bool is_there; };
struct member {
	struct bench b;                /* its ha is the home agent, its k the surroundings */
	struct sync *sync;
	struct dpn *dp;
	struct g_record *disk;
	uint32_t n_disk;
	bool is_deaf, is_cut;          /* what comes from the other is lost; in both directions */
	/* What has left it for hosts and mobiles, since g_forget. */
	uint32_t n_answers, n_na, n_arp, n_other, n_routes, n_events, n_neigh, n_forgotten, n_most; /* n_most: announcements of the busiest moment */
	uint8_t answer[1500];          /* the last one */
	size_t answer_oct;
	uint8_t announced[G_MOBILES];  /* times, by the last octets of the address */
	uint32_t n_updates;            /* datagrams of the group */
};
static struct member m[G_MEMBERS];
static struct sa_key g_key;

static inline struct member *g_other(const struct member *x) { return x == m ? m + 1 : m; }
static inline uint32_t g_number(const struct addr6 *a) { return (uint32_t)(a->b[14] << 8 | a->b[15]) % G_MOBILES; }

static inline struct addr6 g_addr(const struct member *x)
{
	struct addr6 a;
	(void)addr6_parse(&a, x == m ? "2001:db8:1::a" : "2001:db8:1::b");
	return a;
}

static inline void g_forget(void)
{
	for (struct member *x = m; x < m + G_MEMBERS; x++) {
		x->n_answers = x->n_na = x->n_arp = x->n_other = x->n_routes = x->n_neigh = x->n_forgotten = x->n_events = x->n_most = x->n_updates = 0;
		x->answer_oct = 0;
		memset(x->announced, 0, sizeof x->announced);
	}
}

static inline void g_store(struct member *x, const struct fx_store *f, bool is_put)
{
	const uint8_t *p = effq_bytes(&x->b.k.fx, f->off);
	uint32_t i = 0;

	while (i < x->n_disk && !(x->disk[i].table == f->table && x->disk[i].key_oct == f->key_len_oct && memcmp(x->disk[i].key, p, f->key_len_oct) == 0))
		i++;
	assert_true(i < 2 * G_MOBILES);
	x->n_disk += i == x->n_disk;
	struct g_record *r = &x->disk[i];
	*r = (struct g_record){.table = (uint16_t)f->table, .key_oct = f->key_len_oct, .val_oct = f->val_len_oct, .is_there = is_put};
	memcpy(r->key, p, r->key_oct);
	memcpy(r->val, p + r->key_oct, r->val_oct);
}

/* A packet to the group, or to somebody else. */
static inline void g_send(struct member *x, const struct fx_send *s)
{
	struct member *other = g_other(x);
	const uint8_t *p = effq_bytes(&x->b.k.fx, s->off);
	struct udp6_packet u;
	struct nd_packet nd;
	struct arp arp;

	if (s->is_arp) {
		x->n_arp++;
		if (arp_parse(p, s->len_oct, &arp) == W_OK && arp_is_gratuitous(&arp))
			x->announced[g_number(&arp.sender)]++;
	} else if (p[0] >> 4 == 6 && udp6_packet_parse(p, s->len_oct, &u) == W_OK) {
		x->n_updates++;
		if (!other->is_deaf && !other->is_cut && !x->is_cut && other->sync)
			sync_rx(other->sync, &u.src, u.data, u.data_len_oct, other->b.k.now);
	} else if (p[0] >> 4 == 6 && nd_packet_parse(p, s->len_oct, &nd) == W_OK && nd.type == IC6_NA) {
		x->n_na++;
		if (addr6_is_multicast(&nd.dst) && !addr6_is_linklocal(&nd.na.target))
			x->announced[g_number(&nd.na.target)]++;
	} else if (p[0] >> 4 == 4 || p[6] == NH_MH || p[6] == NH_ROUTING) {
		x->n_answers++;
		x->answer_oct = s->len_oct;
		memcpy(x->answer, p, s->len_oct);
	} else {
		x->n_other++;
	}
}

static inline void g_carry_out(struct member *x)
{
	const struct effect *e;
	const uint32_t said = x->n_na + x->n_arp;

	sync_flush(x->sync, x->b.k.now);
	while ((e = effq_next(&x->b.k.fx))) {
		const struct effect fx = *e;
		if (fx.kind == FX_SEND)
			g_send(x, &fx.send);
		else if (fx.kind == FX_STORE_PUT || fx.kind == FX_STORE_DEL)
			g_store(x, &fx.store, fx.kind == FX_STORE_PUT);
		else if (fx.kind == FX_DP_PUT || fx.kind == FX_DP_DEL)
			(void)dpn_apply(x->dp, fx.kind == FX_DP_PUT, &fx.dp, ROLE_HA);
		else if (fx.kind == FX_ROUTE_PUT || fx.kind == FX_ROUTE_DEL)
			x->n_routes++;
		else if (fx.kind == FX_NEIGH)
			x->n_forgotten += lladdr_is_zero(&fx.neigh.lladdr), x->n_neigh++;
		else if (fx.kind == FX_EVENT)
			x->n_events++;
	}
	effq_reset(&x->b.k.fx);
	if (x->n_na + x->n_arp - said > x->n_most)
		x->n_most = x->n_na + x->n_arp - said;
}

/* Time passes for all, a millisecond at a time. */
static inline void g_run(int64_t ms)
{
	for (int64_t i = 0; i < ms; i++)
		for (struct member *x = m; x < m + G_MEMBERS; x++) {
			kit_advance(&x->b.k, span_ms(1));
			if (!x->sync)
				continue;
			const uint32_t mark = sync_mark(x->sync);
			if (mono_reached(ha_role.expiry(x->b.ha), x->b.k.now.mono))
				ha_role.tick(x->b.ha, x->b.k.now);
			sync_scan(x->sync, x->b.ha, mark, SYNC_UNASKED, x->b.k.now);
			sync_tick(x->sync, x->b.k.now);
			g_carry_out(x);
		}
}

/* A packet of a mobile or host. What leaves waits for g_run. */
static inline void g_rx(struct member *x, const void *pkt, size_t n, enum dp_punt why, uint32_t ifindex)
{
	const uint32_t mark = sync_mark(x->sync);

	assert_true(sync_may_rx(x->sync, x->b.ha));
	(void)bench_rx(&x->b, pkt, n, why, ifindex);
	sync_scan(x->sync, x->b.ha, mark, SYNC_ASKED, x->b.k.now);
	g_carry_out(x);
}

static inline void g_ctl(struct member *x, const char *word, const struct addr6 *hoa)
{
	const char *argv[] = {word, ADDR46_STR(hoa)}, *msg = NULL;
	const struct ctl_cmd cmd = {2, argv};
	const uint32_t mark = sync_mark(x->sync);

	assert_int_equal(ha_role.ctl(x->b.ha, &cmd, x->b.k.now, &msg), ERR_OK);
	sync_scan(x->sync, x->b.ha, mark, SYNC_ASKED, x->b.k.now);
	g_carry_out(x);
}

static inline void g_boot(struct member *x)
{
	struct rg_conf c = rg_conf_default;
	const struct sync_ops ops = {0};
	const struct dpn_conf dp = {.mem = &x->b.k.mem, .roam0_ifindex = G_ROAM0};

	c.role = ROLE_HA;
	c.id = (uint32_t)(x - m) + 1;
	c.self = g_addr(x);
	(void)addr6_parse(&c.group, "ff02::114");
	c.key[0].id = 1;
	c.key[0].key = &g_key;
	c.n_key = 1;
	if (!x->dp)
		assert_int_equal(dpn_new(&x->dp, &dp), 0);
	memset(x->b.ha, 0, ha_role.size_oct);
	bench_start(&x->b);
	x->sync = sync_new(&x->b.k.env, &c, &ops, 1, x->b.k.now);
	assert_non_null(x->sync);
	sync_add(x->sync, &ha_role, x->b.ha, x->b.k.now);
	for (uint32_t i = 0; i < x->n_disk; i++) {
		const struct g_record *r = &x->disk[i];
		struct store_rec rec = {r->table, r->key, r->val, r->key_oct, r->val_oct};
		if (!r->is_there)
			continue;
		const uint32_t mark = sync_mark(x->sync);
		sync_restore(x->sync, &rec, x->b.k.now);
		assert_int_equal(ha_role.restore(x->b.ha, &rec, x->b.k.now), ERR_OK);
		sync_scan(x->sync, x->b.ha, mark, SYNC_UNASKED, x->b.k.now);
	}
	const uint32_t mark = sync_mark(x->sync);
	ha_role.restored(x->b.ha, x->b.k.now);
	sync_scan(x->sync, x->b.ha, mark, SYNC_UNASKED, x->b.k.now);
	if (x->b.conf->home_link[0])
		bench_link(&x->b, T_HOME_IF, "home0", true, false);
	sync_start(x->sync, x->b.k.now);
	g_carry_out(x);
}

/* The daemon is gone; its disk stays, and its datapath. */
static inline void g_kill(struct member *x)
{
	if (!x->sync)
		return;
	sync_free(x->sync);
	x->sync = NULL;
	ha_role.fini(x->b.ha);
	effq_reset(&x->b.k.fx);
}

/* The machine is gone; its disk stays. */
static inline void g_halt(struct member *x)
{
	g_kill(x);
	if (x->dp)
		dpn_free(x->dp);
	x->dp = NULL;
}

static inline void g_activate(struct member *x)
{
	sync_activate(x->sync, x->b.k.now);
	g_carry_out(x);
	g_run(50);
	assert_true(sync_is_active(x->sync));
}

static inline void g_deactivate(struct member *x)
{
	sync_deactivate(x->sync, x->b.k.now);
	g_carry_out(x);
}

/* change: what the test wants of the configuration. The first member is active. Clocks are skew apart. */
static inline void g_setup(bool has_home_link, void (*change)(struct ha_conf *), span_t skew)
{
	assert_int_equal(sa_key_init(&g_key, &crypto_openssl, "group", 256, MAC_HMAC_SHA256, "a key of the group's own", 24), 0);
	memset(m, 0, sizeof m);
	for (struct member *x = m; x < m + G_MEMBERS; x++) {
		bench_init(&x->b, has_home_link);
		prng_seed(&x->b.k.prng, 1 + (uint64_t)(x - m)); /* nonces must differ */
		x->disk = calloc(2 * G_MOBILES, sizeof *x->disk);
		x->b.conf->bindings_max = 2 * G_MOBILES;
		if (change)
			change(x->b.conf);
	}
	m[1].b.k.now.wall.ns += skew.ns;
	for (struct member *x = m; x < m + G_MEMBERS; x++)
		g_boot(x);
	g_run(2000);
	g_activate(&m[0]);
	g_forget();
}

static inline void g_teardown(void)
{
	for (struct member *x = m; x < m + G_MEMBERS; x++) {
		g_halt(x);
		kit_fini(&x->b.k);
		free(x->b.ha);
		free(x->b.conf);
		free(x->disk);
	}
	sa_key_fini(&g_key, &crypto_openssl);
}

/* --- is it the same on both? --------------------------------------------------------------------------------- */

/* The group tells how long a lifetime lasts in seconds, rounded up; and a datagram takes a moment. */
static inline void g_assert_near(mono_t a, mono_t b)
{
	int64_t off_ms = mono_is_never(a) || mono_is_never(b) ? (a.ns != b.ns) * 5000 : span_to_ms(mono_sub(a, b));
	if (off_ms > 1100 || off_ms < -1100)
		fail_msg("ends differ by %lld ms", (long long)off_ms);
}

static inline bool g_record_of(const struct member *x, const struct addr6 *hoa, uint8_t val[static 256], size_t *n, struct fx_change *change)
{
	struct store_rec rec = {.table = STORE_BINDING_HA, .key = (const uint8_t *)hoa, .key_len_oct = sizeof *hoa};

	memset(val, 0, 256);
	if (!ha_role.record(x->b.ha, &rec, val, 256, change, m[0].b.k.now))
		return false;
	*n = rec.val_len_oct;
	return true;
}

/* Both have the entry of a table of the datapath, or neither. */
static inline bool g_same_dp(struct dp_op op, struct dp_op out[static G_MEMBERS])
{
	bool has[G_MEMBERS];

	for (int i = 0; i < G_MEMBERS; i++) {
		memcpy(&out[i], &op, sizeof op);
		has[i] = dpn_find(m[i].dp, &out[i]) == 0;
	}
	assert_int_equal(has[0], has[1]);
	return has[0];
}

static inline bool g_same_home(const struct addr6 *hoa)
{
	struct dp_op op, got[G_MEMBERS];

	memset(&op, 0, sizeof op);
	op.table = DP_HOME;
	op.home.home_address = *hoa;
	if (!g_same_dp(op, got))
		return false;
	const struct dp_home *a = &got[0].home, *b = &got[1].home;
	assert_memory_equal(&a->coa, &b->coa, sizeof a->coa);
	assert_memory_equal(&a->ha, &b->ha, sizeof a->ha);
	assert_int_equal(a->is_own_routed, b->is_own_routed);
	assert_int_equal(a->encap, b->encap);
	assert_int_equal(a->udp_port, b->udp_port);
	assert_int_equal(a->has_more, b->has_more);
	assert_int_equal(a->is_reverse, b->is_reverse);
	g_assert_near(a->expires, b->expires);
	mono_t now = m[0].b.k.now.mono;
	if (mono_before(now, a->prev_until) || mono_before(now, b->prev_until)) { /* the place before, for a moment */
		assert_memory_equal(&a->prev, &b->prev, sizeof a->prev);
		g_assert_near(a->prev_until, b->prev_until);
	}
	return true;
}

static inline void g_same_more(const struct addr6 *hoa)
{
	struct dp_op op, got[G_MEMBERS];

	memset(&op, 0, sizeof op);
	op.table = DP_HOME_MORE;
	op.home_more.home_address = *hoa;
	if (!g_same_dp(op, got))
		return;
	assert_int_equal(got[0].home_more.n, got[1].home_more.n);
	for (uint32_t i = 0; i < got[0].home_more.n; i++) {
		assert_memory_equal(&got[0].home_more.to[i].coa, &got[1].home_more.to[i].coa, sizeof(struct addr6));
		assert_int_equal(got[0].home_more.to[i].encap, got[1].home_more.to[i].encap);
		assert_int_equal(got[0].home_more.to[i].udp_port, got[1].home_more.to[i].udp_port);
		g_assert_near(got[0].home_more.to[i].expires, got[1].home_more.to[i].expires);
	}
}

/* Record, as both would store it with the same clock, and datapath. end_off: where ends (8 octets each) stand in the value, which may
 * differ by a second. True: the binding is active on both. */
static inline bool g_same(const struct addr6 *hoa, const size_t *end_off, size_t n_end)
{
	uint8_t val[G_MEMBERS][256];
	size_t n[G_MEMBERS];
	struct fx_change change[G_MEMBERS];
	bool has[G_MEMBERS];

	for (int i = 0; i < G_MEMBERS; i++)
		has[i] = g_record_of(&m[i], hoa, val[i], &n[i], &change[i]);
	assert_int_equal(has[0], has[1]);
	bool is_bound = g_same_home(hoa);
	g_same_more(hoa);
	if (!has[0])
		return false;
	assert_int_equal(n[0], n[1]);
	for (int i = 0; i < G_MEMBERS; i++)
		for (size_t k = 0; k < n_end; k++)
			memset(val[i] + end_off[k], 0, end_off[k] + 8 <= n[i] ? 8 : 0);
	assert_memory_equal(val[0], val[1], n[0]);
	assert_int_equal(change[0].how, change[1].how);
	assert_true(change[0].stamp == change[1].stamp);
	if (change[0].how == FX_CHANGE_PUT)
		g_assert_near(change[0].expires, change[1].expires);
	return change[0].how == FX_CHANGE_PUT && is_bound;
}
