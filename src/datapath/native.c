// SPDX-License-Identifier: BSD-2-Clause
/*
 * The native build: lib/ over buffers, tables in memory. Entries go through the same conversion (entry.h,
 * ifset.h) as on their way to the kernel's maps.
 */
#include "datapath/native.h"

#include "base/err.h"
#include "base/prng.h"
#include "base/table.h"
#include "datapath/ifset.h"
#include "datapath/lib/cast.h"
#include "datapath/lib/path.h"
#include "datapath/lib/path4.h"

enum { HEADROOM = 128, CTX_SENT = 7, RATES_MAX = 4096, KEEP_SLOTS = 512 };

/* A table by prefix, longest first. */
union lpm_val { struct m_net net; struct m_site site; struct m_unbound unbound; struct m_reverse reverse; };
struct lpm_entry { struct prefix6 prefix; union lpm_val val; };
struct lpm { struct lpm_entry *e; uint32_t n; };
struct slot { struct table t; uint32_t key_oct, val_oct; };

struct dpn {
	struct dpn_conf conf;
	struct m_cfg cfg;
	struct m_count counts[DP_COUNT_N];
	struct ifset ifs;
	struct m_dup *dup;
	struct m_seen *seen;
	struct slot tables[T_N];          /* those that are hash tables */
	struct lpm site, net, unbound, reverse;
	struct m_trust trust;
	struct m_keep_at keep_at;
	struct m_ident ident;
	struct m_keep *keep;              /* NULL until an entry asks for it */
	mono_t now;
	struct dpn_out *out;
	uint32_t n_out, cap_out;
	uint8_t *arena;                   /* bytes of the outputs; out[].bytes is an offset until the end */
	uint32_t used, cap_arena;
	int error;
};

/* ---- tables ---- */

static const struct { enum table_id t; uint32_t key_oct, val_oct; } hashes[] = {
	{T_ifidx, 4, sizeof(struct m_ifidx)}, {T_local, 16, sizeof(struct m_local)}, {T_home, 16, sizeof(struct m_home)},
	{T_coa, 16, sizeof(struct m_coa)}, {T_uplink_in, 16, sizeof(struct m_uplink_in)},
	{T_mfc, 32, sizeof(struct m_mfc)}, {T_downlink, 32, sizeof(struct m_downlink)},
	{T_uplink_out, 16, sizeof(struct m_uplink_out)}, {T_cn, 32, sizeof(struct m_cn)}, {T_ro, 32, sizeof(struct m_ro)},
	{T_pmtu, 16, sizeof(struct m_pmtu)}, {T_home_more, 16, sizeof(struct m_home_more)}, {T_visit, 16, sizeof(struct m_visit)},
	{T_guest, 32, sizeof(struct m_guest)}, {T_relay, sizeof(struct k_port), sizeof(struct m_relay)},
	{T_rate, sizeof(struct k_rate), sizeof(struct m_rate)},
};
enum { N_HASHES = sizeof hashes / sizeof *hashes };

/* An entry is its value, padded to 8, and its key behind it. */
static size_t key_at(const struct slot *s) { return (s->val_oct + 7u) & ~7u; }

static void *lpm_find(const struct lpm *l, const void *key)
{
	struct k_site k;
	memcpy(&k, key, sizeof k);
	struct addr6 a = addr6_of(&k.addr);
	for (uint32_t i = 0; i < l->n; i++)
		if (prefix6_contains(&l->e[i].prefix, &a))
			return &l->e[i].val;
	return NULL;
}

void *dpn_lookup(struct dpn *d, enum table_id t, const void *key)
{
	uint32_t i;
	switch (t) {
	case T_cfg: return &d->cfg;
	case T_count: memcpy(&i, key, 4); return i < DP_COUNT_N ? &d->counts[i] : NULL;
	case T_if: memcpy(&i, key, 4); return i < IF_SLOTS ? &d->ifs.slot[i].val : NULL;
	case T_dup: memcpy(&i, key, 4); return i <= d->cfg.dup_mask ? &d->dup[i] : NULL;
	case T_seen: memcpy(&i, key, 4); return i <= d->cfg.dup_mask ? &d->seen[i] : NULL;
	case T_site: return lpm_find(&d->site, key);
	case T_net: return lpm_find(&d->net, key);
	case T_unbound: return lpm_find(&d->unbound, key);
	case T_reverse: return lpm_find(&d->reverse, key);
	case T_trust: return &d->trust;
	case T_keep_at: return &d->keep_at;
	case T_ident: return &d->ident;
	case T_keep: memcpy(&i, key, 4); return d->keep && i < KEEP_SLOTS ? &d->keep[i] : NULL;
	case T_ifidx: case T_local: case T_home: case T_coa: case T_uplink_in: case T_mfc: case T_downlink:
	case T_uplink_out: case T_cn: case T_ro: case T_pmtu: case T_rate: case T_home_more: case T_visit:
	case T_guest: case T_relay: return table_find(&d->tables[t].t, key);
	case T_N: break;
	}
	return NULL;
}

int dpn_update(struct dpn *d, enum table_id t, const void *key, const void *val)
{
	struct slot *s = &d->tables[t];
	uint8_t *e = table_find(&s->t, key);
	if (e) {
		memcpy(e, val, s->val_oct);
		return 0;
	}
	if (t == T_rate && table_count(&s->t) >= RATES_MAX)
		return ERR_FULL;
	e = mem_zget(d->conf.mem, key_at(s) + s->key_oct);
	if (!e)
		return ERR_NOMEM;
	memcpy(e, val, s->val_oct);
	memcpy(e + key_at(s), key, s->key_oct);
	int r = table_add(&s->t, e);
	if (r)
		mem_put(d->conf.mem, e);
	return r;
}

static int dpn_delete(struct dpn *d, enum table_id t, const void *key)
{
	void *e = table_del(&d->tables[t].t, key);
	if (!e)
		return ERR_NOTFOUND;
	mem_put(d->conf.mem, e);
	return 0;
}

static void tables_init(struct dpn *d)
{
	struct prng p;
	prng_seed(&p, 1);
	struct rng rng = prng_rng(&p);
	for (int i = 0; i < N_HASHES; i++) {
		struct slot *s = &d->tables[hashes[i].t];
		s->key_oct = hashes[i].key_oct;
		s->val_oct = hashes[i].val_oct;
		table_init(&s->t, d->conf.mem, &rng, key_at(s), s->key_oct);
	}
}

static void tables_fini(struct dpn *d)
{
	for (int i = 0; i < N_HASHES; i++) {
		struct slot *s = &d->tables[hashes[i].t];
		uint64_t it = 0;
		for (void *e = table_next(&s->t, &it); e; e = table_next(&s->t, &it))
			mem_put(d->conf.mem, e);
		table_fini(&s->t);
	}
}

/* ---- life ---- */

int dpn_new(struct dpn **out, const struct dpn_conf *conf)
{
	struct dpn *d = mem_zget(conf->mem, sizeof *d);
	uint32_t slots = conf->dup_slots ? conf->dup_slots : 16384, buckets = 1;
	if (!d)
		return ERR_NOMEM;
	while (buckets * DUP_WAYS < slots && buckets < 1u << 20)
		buckets *= 2;
	d->conf = *conf;
	d->dup = mem_zget(conf->mem, buckets * sizeof *d->dup);
	d->seen = mem_zget(conf->mem, buckets * sizeof *d->seen);
	if (!d->dup || !d->seen) {
		mem_put(conf->mem, d->dup);
		mem_put(conf->mem, d->seen);
		mem_put(conf->mem, d);
		return ERR_NOMEM;
	}
	d->cfg = (struct m_cfg){.layout = MAP_LAYOUT, .roam0_ifindex = conf->roam0_ifindex, .dup_mask = buckets - 1,
		.dup_window_ticks = (uint32_t)((conf->dup_window_ms ? conf->dup_window_ms : 200) * NS_PER_MS / CTX_TICK_NS),
		.punt_rate_pps = conf->punt_rate_pps ? conf->punt_rate_pps : 100,
		.punt_burst = conf->punt_burst ? conf->punt_burst : 200, .keep_mask = KEEP_SLOTS - 1, .hop_limit = conf->hop_limit ? conf->hop_limit : 64};
	tables_init(d);
	*out = d;
	return 0;
}

void dpn_free(struct dpn *d)
{
	const struct mem_ops *mem = d->conf.mem;
	tables_fini(d);
	mem_put(mem, d->dup);
	mem_put(mem, d->seen);
	mem_put(mem, d->site.e);
	mem_put(mem, d->net.e);
	mem_put(mem, d->unbound.e);
	mem_put(mem, d->reverse.e);
	mem_put(mem, d->keep);
	mem_put(mem, d->out);
	mem_put(mem, d->arena);
	mem_put(mem, d);
}

const uint64_t *dpn_counters(const struct dpn *d) { return &d->counts[0].n; }

/* ---- entries ---- */

static enum table_id table_of(enum dp_table t)
{
	static const enum table_id of[DP_TABLE_N] = {[DP_IF] = T_N, [DP_LOCAL] = T_local, [DP_HOME] = T_home, [DP_COA] = T_coa,
		[DP_UPLINK_IN] = T_uplink_in, [DP_SITE_PREFIX] = T_site, [DP_MFC] = T_mfc, [DP_DOWNLINK_IN] = T_downlink,
		[DP_UPLINK_OUT] = T_uplink_out, [DP_CN] = T_cn, [DP_CN_TRUST] = T_N, [DP_RO_OUT] = T_ro, [DP_NET] = T_net,
		[DP_HOME_MORE] = T_home_more, [DP_VISIT] = T_visit, [DP_GUEST] = T_guest, [DP_RELAY] = T_relay,
		[DP_UNBOUND] = T_unbound, [DP_REVERSE] = T_reverse};
	return of[t];
}

static int apply_if(struct dpn *d, bool is_put, const struct dp_if *e, uint32_t owner)
{
	bool is_change = false;
	uint32_t at = is_put ? ifset_put(&d->ifs, e, owner, &is_change) : ifset_del(&d->ifs, e->ifindex, owner, &is_change);
	struct m_ifidx x = {at};
	if (!at)
		return is_put ? ERR_FULL : ERR_NOTFOUND;
	if (is_put)
		return dpn_update(d, T_ifidx, &e->ifindex, &x);
	return is_change ? dpn_delete(d, T_ifidx, &e->ifindex) : 0;
}

static int apply_lpm(struct dpn *d, struct lpm *l, bool is_put, const struct prefix6 *p, const struct dp_op *op)
{
	union entry_val val;
	uint32_t i = 0;
	while (i < l->n && !prefix6_eq(&l->e[i].prefix, p))
		i++;
	if (!is_put && i == l->n)
		return ERR_NOTFOUND;
	if (!is_put) {
		memmove(&l->e[i], &l->e[i + 1], (--l->n - i) * sizeof *l->e);
		return 0;
	}
	if (i == l->n) {
		struct lpm_entry *more = d->conf.mem->resize(d->conf.mem->ctx, l->e, (l->n + 1) * sizeof *more);
		if (!more)
			return ERR_NOMEM;
		l->e = more;
		l->n++;
		for (; i > 0 && more[i - 1].prefix.len_bits < p->len_bits; i--)
			more[i] = more[i - 1];
	}
	entry_val(op, &val);
	l->e[i] = (struct lpm_entry){.prefix = *p};
	memcpy(&l->e[i].val, &val, entry_shape(op->table)->val_oct);
	d->cfg.features |= entry_features(op);
	return 0;
}

static int keep_begin(struct dpn *d)
{
	if (!d->keep)
		d->keep = mem_zget(d->conf.mem, KEEP_SLOTS * sizeof *d->keep);
	return d->keep ? 0 : ERR_NOMEM;
}

/* What an entry that exists goes on with: sequence numbers. */
static void carry_over(struct dpn *d, const struct dp_op *op, const union entry_key *key, union entry_val *val)
{
	if (op->table == DP_COA)
		entry_coa_keep(&val->coa, dpn_lookup(d, T_coa, key));
	if (op->table == DP_DOWNLINK_IN)
		entry_downlink_keep(&val->downlink, dpn_lookup(d, T_downlink, key));
	if (op->table == DP_GUEST)
		entry_guest_keep(&val->guest, dpn_lookup(d, T_guest, key));
}

static int apply_put(struct dpn *d, const struct dp_op *op, uint32_t owner, const union entry_key *key)
{
	union entry_val val;
	uint64_t fresh;
	entry_val(op, &val);
	if (op->table == DP_LOCAL)
		ifset_local_put(&d->ifs, &op->local, owner, &val.local.flags);
	if (op->table == DP_MFC && !ifset_mfc(&d->ifs, &op->mfc, &val.mfc, &fresh))
		return ERR_FULL;
	if (op->table == DP_MFC)
		val.mfc.epoch = d->cfg.follow_epoch;
	if (op->table == DP_MFC && op->mfc.is_merge && dpn_lookup(d, T_mfc, key))
		ifset_mfc_merge(&val.mfc, dpn_lookup(d, T_mfc, key));
	if (((op->table == DP_COA && op->coa.keep) || op->table == DP_GUEST) && keep_begin(d))
		return ERR_NOMEM;
	carry_over(d, op, key, &val);
	d->cfg.features |= entry_features(op);
	return dpn_update(d, table_of(op->table), key, &val);
}

int dpn_apply(struct dpn *d, bool is_put, const struct dp_op *op, uint32_t owner)
{
	union entry_key key;
	struct m_local l;
	int r = entry_check(op, is_put);
	if (r)
		return r;
	if (op->table == DP_IF)
		return apply_if(d, is_put, &op->iface, owner);
	if (op->table == DP_SITE_PREFIX)
		return apply_lpm(d, &d->site, is_put, &op->site_prefix.prefix, op);
	if (op->table == DP_NET)
		return apply_lpm(d, &d->net, is_put, &op->net.prefix, op);
	if (op->table == DP_UNBOUND)
		return apply_lpm(d, &d->unbound, is_put, &op->unbound.prefix, op);
	if (op->table == DP_REVERSE)
		return apply_lpm(d, &d->reverse, is_put, &op->reverse.prefix, op);
	if (op->table == DP_CN_TRUST) {
		d->cfg.features |= FEAT_CN_TRUST;
		return ifset_trust(&d->ifs, is_put, &op->cn_trust, &d->trust);
	}
	entry_key(op, &key);
	if (is_put)
		return apply_put(d, op, owner, &key);
	if (op->table == DP_LOCAL && ifset_local_del(&d->ifs, &op->local, owner, &l.flags))
		return dpn_update(d, T_local, &key, &l);
	return dpn_delete(d, table_of(op->table), &key);
}

int dpn_find(struct dpn *d, struct dp_op *op)
{
	union entry_key key;
	if (op->table >= DP_TABLE_N || !entry_shape(op->table)->key_oct)
		return ERR_INVAL;
	entry_key(op, &key);
	union entry_val v = {0};
	const void *found = dpn_lookup(d, table_of(op->table), &key);
	if (!found)
		return ERR_NOTFOUND;
	if (op->table == DP_SITE_PREFIX)
		return 0;
	memcpy(&v, found, entry_shape(op->table)->val_oct);
	entry_parse(op, &v);
	if (op->table == DP_MFC)
		ifset_mfc_parse(&d->ifs, &op->mfc, &v.mfc);
	return 0;
}

int dpn_pmtu_put(struct dpn *d, const struct addr6 *dst, uint32_t mtu_oct, mono_t until)
{
	struct a6 key = a6_of(dst);
	struct m_pmtu v = {.until_ns = until.ns, .mtu_oct = entry_pmtu(dst, mtu_oct)};
	d->cfg.features |= FEAT_PMTU;
	return dpn_update(d, T_pmtu, &key, &v);
}

void dpn_follow(struct dpn *d, mono_t until, bool is_new)
{
	d->cfg.follow_until_ns = until.ns;
	d->cfg.follow_epoch += is_new;
}

void dpn_keep_each(struct dpn *d, const struct addr6 *coa, dpn_keep_fn fn, void *ctx)
{
	const struct a6 key = a6_of(coa);
	for (uint32_t i = 0; d->keep && i < KEEP_SLOTS; i++) {
		const struct m_keep *k = &d->keep[(d->keep_at.turns + i) % KEEP_SLOTS];
		if (k->turn && a6_eq(&k->coa, &key))
			fn(ctx, k->seq, (mono_t){k->when_ns}, k->bytes, k->len_oct);
	}
}

/* ---- outputs ---- */

static struct dpn_out *emit(struct dpn *d, enum dpn_verdict v, const uint8_t *bytes, uint32_t n)
{
	const struct mem_ops *mem = d->conf.mem;
	if (d->n_out == d->cap_out) {
		struct dpn_out *more = mem->resize(mem->ctx, d->out, (d->cap_out + 16) * sizeof *more);
		if (!more)
			return NULL;
		d->out = more;
		d->cap_out += 16;
	}
	if (d->used + n > d->cap_arena) {
		uint32_t cap = (d->used + n) * 2 + 4096;
		uint8_t *more = mem->resize(mem->ctx, d->arena, cap);
		if (!more)
			return NULL;
		d->arena = more;
		d->cap_arena = cap;
	}
	struct dpn_out *o = &d->out[d->n_out++];
	*o = (struct dpn_out){.verdict = v, .bytes = (const uint8_t *)(uintptr_t)d->used, .len_oct = n};
	if (n)
		memcpy(d->arena + d->used, bytes, n);
	d->used += n;
	return o;
}

int dpn_emit_send(ctx_t *c, uint32_t ifindex)
{
	struct dpn_out *o = emit(c->d, DPN_SEND, c->begin, ctx_len(c));
	if (o)
		o->ifindex = ifindex;
	return CTX_SENT;
}

static int emit_l3(ctx_t *c, enum dpn_verdict v)
{
	uint32_t head = !c->has_eth ? 0 : ctx_len(c) < ETH_OCT ? ctx_len(c) : ETH_OCT;
	emit(c->d, v, c->begin + head, ctx_len(c) - head);
	return CTX_SENT;
}

int dpn_emit_route(ctx_t *c) { return emit_l3(c, DPN_ROUTE); }
int dpn_emit_host(ctx_t *c) { return emit_l3(c, DPN_LOCAL); }

bool dpn_emit_punt(ctx_t *c, uint32_t off, const struct punt_head *head, const struct dp_slow *slow)
{
	struct dpn_out *o = emit(c->d, DPN_PUNT, c->begin + off, head->snap_oct);
	if (!o)
		return false;
	o->punt = (struct dp_punted){.ifindex = head->ifindex, .why = (enum dp_punt)head->why, .lladdr_src = lladdr_of(&head->mac),
		.len_oct = head->snap_oct};
	if (slow)
		o->punt.slow = *slow;
	return true;
}

int64_t dpn_now(const struct dpn *d) { return d->now.ns; }

int dpn_route(ctx_t *c, const struct a6 *dst, uint32_t len_oct, struct way *w)
{
	struct addr6 a = addr6_of(dst);
	struct dpn_way way = {.mtu_oct = 65535};
	*w = (struct way){.mtu_oct = 65535, .gateway = *dst};
	if (!c->d->conf.route || !c->d->conf.route(c->d->conf.ctx, &a, &way))
		return way.mtu_oct ? WAY_NEIGH : WAY_NONE;
	*w = (struct way){.ifindex = way.ifindex, .mtu_oct = way.mtu_oct, .next_hop = mac_of(&way.next_hop), .mac = mac_of(&way.lladdr),
		.gateway = *dst};
	return len_oct > way.mtu_oct ? WAY_TOO_BIG : WAY_OK;
}

/* ---- in ---- */

/* Which program the kernel's dispatch, by ethertype, would have come to. */
static int path_of(ctx_t *c, enum dpn_dir dir)
{
	uint16_t proto = 0;
	uint8_t version = 0;
	int v;
	if (dir == DPN_EGRESS) {
		ctx_load(c, 0, &version, 1);
		v = version >> 4 == 4 ? path4_egress(c) : path_egress(c);
		return v == PATH_CAST ? cast_egress(c) : v;
	}
	ctx_load(c, 12, &proto, 2);
	bool is4 = proto == BE16(ETHER_IPV4) || proto == BE16(ETHER_ARP);
	if (dir == DPN_OUT)
		return is4 ? CTX_PASS : path_out(c);
	v = is4 ? path4_ingress(c) : path_ingress(c);
	return v == PATH_CAST ? cast_ingress(c) : v;
}

static void run(struct dpn *d, ctx_t *c, enum dpn_dir dir)
{
	int v = path_of(c, dir);
	if (v == CTX_PASS)
		emit_l3(c, DPN_PASS);
	if (v == CTX_DROP) {
		struct dpn_out *o = emit(d, DPN_DROP, c->begin, 0);
		if (o)
			o->drop = c->dropped;
	}
	if (v == CTX_STOLEN && d->n_out == 0) {
		struct dpn_out *o = emit(d, DPN_DROP, c->begin, 0);
		if (o)
			o->drop = DP_DROP_PUNT_RATE;
	}
}

uint32_t dpn_input(struct dpn *d, uint32_t ifindex, enum dpn_dir dir, const uint8_t *bytes, size_t len_oct,
		   mono_t now, const struct dpn_out **out)
{
	/* IP headers are aligned, as the kernel has them (NET_IP_ALIGN). */
	uint32_t room = HEADROOM + (dir != DPN_EGRESS ? 2 : 0);
	uint8_t *buf = mem_get(d->conf.mem, len_oct + room);
	d->now = now;
	d->n_out = d->used = 0;
	*out = NULL;
	if (!buf)
		return 0;
	memcpy(buf + room, bytes, len_oct);
	ctx_t c = {.d = d, .begin = buf + room, .end = buf + room + len_oct, .ifindex = ifindex, .room_oct = room,
		.has_eth = dir != DPN_EGRESS};
	run(d, &c, dir);
	mem_put(d->conf.mem, buf);
	for (uint32_t i = 0; i < d->n_out; i++) {
		d->out[i].bytes = d->arena ? d->arena + (uintptr_t)d->out[i].bytes : NULL; /* none: nothing but drops */
		if (d->out[i].verdict == DPN_PUNT)
			d->out[i].punt.pkt = d->out[i].bytes;
	}
	*out = d->out;
	return d->n_out;
}
