/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/err.h"
#include "sim/net/fwd.h"

#include <stdlib.h>

#include "datapath/slow.h"
#include "sim/check/watch.h"
#include "sim/net/kern.h"
#include "sim/net/neigh.h"
#include "sim/net/pkt.h"
#include "sim/proc.h"

enum { OUT_MAX = 64 };

struct entry { struct dp_op op; uint32_t owner; bool is_fresh; };

struct fwd {
	struct dpn *dpn;
	struct slow *slow;
	struct entry *entries;
	uint32_t n, cap;
	uint32_t n_cn;               /* correspondent node's entries: without any, nothing that leaves is looked at */
	struct meta meta;            /* of the packet that the slow path works on */
};

/* What dpn_route_fn asks: the next hop, when the neighbour is known. */
static bool way_to(void *ctx, const struct addr6 *dst, struct dpn_way *way)
{
	struct node *n = ctx;
	const struct fx_route *r = node_addr_find(n, dst) ? NULL : node_route(n, dst, 0);
	struct nic *nic = r ? node_nic(n, r->ifindex) : NULL;
	if (!nic || !neigh_peek(n, nic, addr6_is_none(&r->via) ? dst : &r->via, &way->next_hop))
		return false;
	way->ifindex = nic->ifindex;
	way->mtu_oct = nic->mtu_oct;
	way->lladdr = nic->lladdr;
	return true;
}

static void link_out(struct node *n, uint32_t ifindex, const struct lladdr *to, const uint8_t *p, size_t len)
{
	struct nic *nic = node_nic(n, ifindex);
	if (!nic)
		return;
	struct frame *f = frame_new(p, len, n->fwd->meta);
	kern_out_resolved(n, nic, to, f);
	free(f);
}

static void group_out(struct node *n, const uint8_t *p, size_t len)
{
	struct dp_op op = {.table = DP_MFC, .mfc = {.group = ip_dst(p), .source = ip_src(p)}};
	struct lladdr to = ip4_is(p) ? lladdr_of_multicast4(&op.mfc.group) : lladdr_of_multicast(&op.mfc.group);
	const struct dp_op *have = fwd_find(n, &op);
	for (uint32_t i = 0; have && i < have->mfc.n_oif; i++)
		link_out(n, have->mfc.oif[i], &to, p, len);
}

static void stack_in(struct node *n, const uint8_t *p, size_t len, struct meta meta)
{
	struct frame *f = frame_new(p, len, meta);
	kern_input(n, IFINDEX_ROAM0, f);
	free(f);
}

static void on_slow_out(void *ctx, const struct slow_out *o)
{
	struct node *n = ctx;
	switch (o->kind) {
	case SLOW_ROUTE:
		kern_route(n, o->bytes, o->len_oct, n->fwd->meta);
		break;
	case SLOW_LINK:
		link_out(n, o->ifindex, &o->lladdr, o->bytes, o->len_oct);
		break;
	case SLOW_GROUP:
		group_out(n, o->bytes, o->len_oct);
		break;
	case SLOW_LOCAL:
		stack_in(n, o->bytes, o->len_oct, n->fwd->meta);
		break;
	case SLOW_PMTU:
		dpn_pmtu_put(n->fwd->dpn, &o->dst, o->mtu_oct, o->until);
		break;
	}
}

static bool own_source(void *ctx, uint32_t ifindex, const struct addr6 *dst, struct addr6 *out)
{
	const struct addr6 *src = addr6_is_v4mapped(dst) ? node_source4(ctx, ifindex, dst) : node_source(ctx);
	if (src)
		*out = *src;
	return src != NULL;
}

static int own_entry(void *ctx, struct dp_op *op) { return dpn_find(((struct node *)ctx)->fwd->dpn, op); }

static void start(struct node *n, struct fwd *d)
{
	struct dpn_conf conf = {.mem = &sim_mem, .roam0_ifindex = IFINDEX_ROAM0, .dup_slots = 4096, .route = way_to, .ctx = n};
	struct slow_conf slow = {.mem = &sim_mem, .source = own_source, .find = own_entry, .emit = on_slow_out, .ctx = n};
	if (dpn_new(&d->dpn, &conf) != ERR_OK || slow_new(&d->slow, &slow) != ERR_OK) {
		fputs("roamsim: no datapath\n", stderr);
		exit(3);
	}
}

struct fwd *fwd_new(struct node *n)
{
	struct fwd *d = sim_alloc(sizeof *d);
	start(n, d);
	return d;
}

static void stop(struct fwd *d)
{
	dpn_free(d->dpn);
	slow_free(d->slow);
	d->n = d->n_cn = 0;
}

void fwd_free(struct fwd *d)
{
	stop(d);
	free(d->entries);
	free(d);
}

void fwd_reset(struct node *n)
{
	stop(n->fwd);
	start(n, n->fwd);
}

static void punted(struct node *n, const struct dp_punted *p)
{
	if (!n->is_running)
		return;
	struct rx rx = {p->ifindex, p->why, p->lladdr_src, p->pkt, p->len_oct};
	if (p->why == DP_PUNT_ICMP_ERR && proc_rx(n, &rx))
		return;
	if (p->why == DP_PUNT_SLOW || p->why == DP_PUNT_ICMP_ERR)
		slow_punt(n->fwd->slow, p, node_now(n).mono);
	else
		proc_rx(n, &rx);
}

/* One result, its bytes copied: what follows may give the datapath another packet. */
static void carry_out(struct node *n, const struct dpn_out *o, struct frame *f)
{
	struct nic *nic = node_nic(n, o->ifindex);
	switch (o->verdict) {
	case DPN_PASS:
		break; /* the caller's */
	case DPN_LOCAL:
		kern_input(n, IFINDEX_ROAM0, f);
		break;
	case DPN_SEND:
		if (nic)
			link_tx(n->sim, nic, f);
		break;
	case DPN_ROUTE:
		kern_route(n, frame_data(f), f->len, f->meta);
		break;
	case DPN_PUNT:
		punted(n, &o->punt);
		break;
	case DPN_DROP:
		watch_dp_drop(n, o->drop, f);
		break;
	}
}

struct result { struct dpn_out out; struct frame *f; };

static uint32_t run(struct node *n, uint32_t ifindex, enum dpn_dir dir, const struct frame *in, struct result res[static OUT_MAX])
{
	const struct dpn_out *out;
	uint32_t count = dpn_input(n->fwd->dpn, ifindex, dir, in->buf + in->off, in->len, node_now(n).mono, &out);
	if (count > OUT_MAX)
		count = OUT_MAX;
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *bytes = out[i].verdict == DPN_PUNT ? out[i].punt.pkt : out[i].bytes;
		size_t len = out[i].verdict == DPN_PUNT ? out[i].punt.len_oct : out[i].len_oct;
		res[i].out = out[i];
		res[i].f = bytes ? frame_new(bytes, len, in->meta) : frame_dup(in);
		if (out[i].verdict == DPN_PUNT)
			res[i].out.punt.pkt = frame_data(res[i].f);
	}
	return count;
}

/* Gives the frame to the programs; the result to pass on, or NULL. The caller frees it. */
static struct frame *through(struct node *n, uint32_t ifindex, enum dpn_dir dir, const struct frame *f)
{
	struct result res[OUT_MAX];
	struct frame *pass = NULL;
	uint32_t count = run(n, ifindex, dir, f, res);

	n->fwd->meta = f->meta;
	for (uint32_t i = 0; i < count; i++) {
		carry_out(n, &res[i].out, res[i].f);
		if (res[i].out.verdict == DPN_PASS && !pass)
			pass = res[i].f;
		else
			free(res[i].f);
	}
	n->fwd->meta = (struct meta){n->number, 0};
	return pass;
}

bool fwd_ingress(struct node *n, uint32_t ifindex, struct frame *f)
{
	struct dp_op key = {.table = DP_IF, .iface.ifindex = ifindex};
	if (!fwd_find(n, &key))
		return false; /* no program there */
	struct frame *pass = through(n, ifindex, DPN_INGRESS, f);
	if (!pass)
		return true;
	kern_input(n, ifindex, pass);
	free(pass);
	return true;
}

bool fwd_out(struct node *n, struct nic *nic, struct frame *f)
{
	struct dp_op key = {.table = DP_IF, .iface.ifindex = nic->ifindex};
	if (!n->fwd->n_cn || !fwd_find(n, &key))
		return false;
	struct meta before = n->fwd->meta; /* of the packet that is worked on */
	struct frame *pass = through(n, nic->ifindex, DPN_OUT, f);
	n->fwd->meta = before;
	free(pass); /* not changed; f still has its Ethernet header */
	return !pass;
}

void fwd_roam0(struct node *n, struct frame *f)
{
	struct frame *pass = through(n, IFINDEX_ROAM0, DPN_EGRESS, f);
	if (!pass)
		return;
	if (n->is_running) { /* out of the TUN, into the daemon */
		n->fwd->meta = pass->meta;
		slow_roam0(n->fwd->slow, frame_data(pass), pass->len, node_now(n).mono);
	}
	free(pass);
}

struct keep_walk { struct node *n; const struct fx_keep *k; };

static void keep_one(void *ctx, uint32_t seq, mono_t when, const uint8_t *pkt, size_t len)
{
	const struct keep_walk *w = ctx;
	if (fx_keep_wants(w->k, seq, when, node_now(w->n).mono))
		slow_forward(w->n->fwd->slow, &w->k->src, &w->k->dst, pkt, len);
}

/* To a guest: dp_guest_serve does as much. */
static void give_one(void *ctx, uint32_t seq, mono_t when, const uint8_t *pkt, size_t len)
{
	const struct keep_walk *w = ctx;
	struct dp_op op = {.table = DP_GUEST, .guest = {.group = w->k->coa, .source = w->k->src}};
	if (dpn_find(w->n->fwd->dpn, &op) || op.guest.is_serving || !fx_keep_wants_for_guest(w->k, seq, when, node_now(w->n).mono, pkt, len))
		return;
	link_out(w->n, op.guest.ifindex, &op.guest.lladdr, pkt, len);
}

static void guest_serve(struct node *n, const struct fx_keep *k)
{
	struct dp_op op = {.table = DP_GUEST, .guest = {.group = k->coa, .source = k->src}};
	dpn_keep_each(n->fwd->dpn, &k->coa, give_one, &(struct keep_walk){n, k});
	if (dpn_find(n->fwd->dpn, &op))
		return;
	op.guest.is_serving = true;
	dpn_apply(n->fwd->dpn, true, &op, 0);
}

void fwd_keep_send(struct node *n, const struct fx_keep *k)
{
	struct keep_walk w = {n, k};
	if (addr6_is_multicast(&k->coa) || addr6_is_v4multicast(&k->coa)) {
		guest_serve(n, k);
		return;
	}
	dpn_keep_each(n->fwd->dpn, &k->coa, keep_one, &w);
}

bool fwd_last_seq(const struct node *n, const struct addr6 *group, const struct addr6 *source, uint32_t *seq)
{
	struct dp_op op = {.table = DP_DOWNLINK_IN, .downlink_in = {.dst = *group, .src = *source}};
	struct dp_op guest = {.table = DP_GUEST, .guest = {.group = *group, .source = *source}};
	if (!dpn_find(n->fwd->dpn, &op)) {
		*seq = op.downlink_in.last_seq;
		return op.downlink_in.has_seq;
	}
	if (dpn_find(n->fwd->dpn, &guest))
		return false;
	*seq = guest.guest.last_seq;
	return guest.guest.has_seq;
}

mono_t fwd_ro_used(const struct node *n, const struct addr6 *home_address, const struct addr6 *cn)
{
	struct dp_op op = {.table = DP_RO_OUT, .ro_out = {.home_address = *home_address, .cn = *cn}};
	return dpn_find(n->fwd->dpn, &op) ? (mono_t){0} : op.ro_out.used;
}

mono_t fwd_cn_used(const struct node *n, const struct addr6 *home_address, const struct addr6 *self)
{
	struct dp_op op = {.table = DP_CN, .cn = {.home_address = *home_address, .self = *self}};
	return dpn_find(n->fwd->dpn, &op) ? (mono_t){0} : op.cn.used;
}

void fwd_raw(struct node *n, uint32_t ifindex, const uint8_t *p, size_t len)
{
	slow_raw(n->fwd->slow, ifindex, p, len, node_now(n).mono);
}

bool fwd_is_same(const struct dp_op *a, const struct dp_op *b)
{
	if (a->table != b->table)
		return false;
	switch (a->table) {
	case DP_IF: return a->iface.ifindex == b->iface.ifindex;
	case DP_LOCAL: return addr6_eq(&a->local.addr, &b->local.addr);
	case DP_HOME: return addr6_eq(&a->home.home_address, &b->home.home_address);
	case DP_COA: return addr6_eq(&a->coa.coa, &b->coa.coa);
	case DP_UPLINK_IN: return addr6_eq(&a->uplink_in.inner_src, &b->uplink_in.inner_src);
	case DP_SITE_PREFIX: return prefix6_eq(&a->site_prefix.prefix, &b->site_prefix.prefix);
	case DP_MFC: return addr6_eq(&a->mfc.group, &b->mfc.group) && addr6_eq(&a->mfc.source, &b->mfc.source);
	case DP_DOWNLINK_IN: return addr6_eq(&a->downlink_in.dst, &b->downlink_in.dst) && addr6_eq(&a->downlink_in.src, &b->downlink_in.src);
	case DP_UPLINK_OUT: return addr6_eq(&a->uplink_out.inner_src, &b->uplink_out.inner_src);
	case DP_CN: return addr6_eq(&a->cn.home_address, &b->cn.home_address) && addr6_eq(&a->cn.self, &b->cn.self);
	case DP_CN_TRUST: return prefix6_eq(&a->cn_trust.home, &b->cn_trust.home) && prefix6_eq(&a->cn_trust.coa, &b->cn_trust.coa);
	case DP_RO_OUT: return addr6_eq(&a->ro_out.home_address, &b->ro_out.home_address) && addr6_eq(&a->ro_out.cn, &b->ro_out.cn);
	case DP_NET: return prefix6_eq(&a->net.prefix, &b->net.prefix);
	case DP_HOME_MORE: return addr6_eq(&a->home_more.home_address, &b->home_more.home_address);
	case DP_VISIT: return addr6_eq(&a->visit.home_address, &b->visit.home_address);
	case DP_GUEST: return addr6_eq(&a->guest.group, &b->guest.group) && addr6_eq(&a->guest.source, &b->guest.source);
	case DP_RELAY: return addr6_eq(&a->relay.addr, &b->relay.addr) && a->relay.port == b->relay.port;
	case DP_UNBOUND: return prefix6_eq(&a->unbound.prefix, &b->unbound.prefix);
	case DP_REVERSE: return prefix6_eq(&a->reverse.prefix, &b->reverse.prefix);
	case DP_TABLE_N: break;
	}
	return false;
}

static struct entry *entry_find(const struct fwd *d, const struct dp_op *op, int64_t owner)
{
	for (uint32_t i = 0; i < d->n; i++)
		if (fwd_is_same(&d->entries[i].op, op) && (owner < 0 || d->entries[i].owner == owner))
			return &d->entries[i];
	return NULL;
}

bool fwd_has(const struct node *n, const struct effect *e) { return entry_find(n->fwd, &e->dp, e->role) != NULL; }

const struct dp_op *fwd_find(const struct node *n, const struct dp_op *key)
{
	struct entry *e = entry_find(n->fwd, key, -1);
	return e ? &e->op : NULL;
}

const struct dp_op *fwd_next(const struct node *n, uint32_t *it)
{
	return *it < n->fwd->n ? &n->fwd->entries[(*it)++].op : NULL;
}

static struct entry *entry_add(struct fwd *d)
{
	if (d->n == d->cap) {
		uint32_t cap = d->cap ? d->cap * 2 : 64;
		struct entry *more = sim_alloc(cap * sizeof *more);
		if (d->n)
			memcpy(more, d->entries, d->n * sizeof *more);
		free(d->entries);
		d->entries = more;
		d->cap = cap;
	}
	return &d->entries[d->n++];
}

void fwd_apply(struct node *n, const struct effect *e)
{
	struct fwd *d = n->fwd;
	uint32_t owner = e->role;
	bool is_put = e->kind == FX_DP_PUT;
	struct entry *have = entry_find(d, &e->dp, owner);
	int err = dpn_apply(d->dpn, is_put, &e->dp, owner);

	if (err != ERR_OK && (is_put || err != ERR_NOTFOUND))
		watch_violation(n->sim, "%s: datapath refuses an entry of table %d: %s", n->name, (int)e->dp.table, err_str(err));
	if (is_put) {
		if (!have) {
			have = entry_add(d);
			d->n_cn += e->dp.table == DP_CN;
		}
		*have = (struct entry){e->dp, owner, true};
	} else if (have) {
		d->n_cn -= e->dp.table == DP_CN;
		*have = d->entries[--d->n];
	}
}

void fwd_adopt(struct node *n)
{
	for (uint32_t i = 0; i < n->fwd->n; i++)
		n->fwd->entries[i].is_fresh = false;
}

void fwd_adopt_done(struct node *n)
{
	struct fwd *d = n->fwd;
	for (uint32_t i = d->n; i-- > 0;) {
		struct entry *e = &d->entries[i];
		enum dp_table t = e->op.table;
		const bool is_binding = t == DP_HOME && !addr_is_group(&e->op.home.coa);
		if (e->is_fresh || is_binding || t == DP_HOME_MORE || t == DP_VISIT || t == DP_COA || t == DP_UPLINK_IN || t == DP_CN || t == DP_RO_OUT ||
		    t == DP_GUEST || t == DP_RELAY)
			continue;
		dpn_apply(d->dpn, false, &e->op, e->owner);
		*e = d->entries[--d->n];
	}
}

bool fwd_is_fresh(const struct dp_op *op)
{
	const struct entry *e = (const struct entry *)((const char *)op - offsetof(struct entry, op));
	return e->is_fresh;
}

uint64_t fwd_count(const struct node *n, uint32_t index)
{
	return dpn_counters(n->fwd->dpn)[index];
}
