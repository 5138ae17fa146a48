// SPDX-License-Identifier: BSD-2-Clause
/* Entries to maps, interfaces, counters. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "datapath/lib/hdr.h"
#include "datapath/loader_int.h"

int loader_table_fd(const struct dp *dp, enum dp_table t)
{
	static const int map_of[DP_TABLE_N] = {[DP_IF] = -1, [DP_LOCAL] = MAP_LOCAL, [DP_HOME] = MAP_HOME, [DP_COA] = MAP_COA,
		[DP_UPLINK_IN] = MAP_UPLINK_IN, [DP_SITE_PREFIX] = MAP_SITE, [DP_MFC] = MAP_MFC,
		[DP_DOWNLINK_IN] = MAP_DOWNLINK, [DP_UPLINK_OUT] = MAP_UPLINK_OUT, [DP_CN] = MAP_CN, [DP_CN_TRUST] = -1,
		[DP_RO_OUT] = MAP_RO, [DP_NET] = MAP_NET, [DP_HOME_MORE] = MAP_HOME_MORE, [DP_VISIT] = MAP_VISIT,
		[DP_GUEST] = MAP_GUEST, [DP_RELAY] = MAP_RELAY, [DP_UNBOUND] = MAP_UNBOUND, [DP_REVERSE] = MAP_REVERSE};
	return t < DP_TABLE_N && map_of[t] >= 0 ? dp->map_fd[map_of[t]] : -1;
}

int loader_if_sync(struct dp *dp, uint32_t at)
{
	const struct m_if *v = &dp->ifs.slot[at].val;
	struct m_ifidx x = {at};
	if (bpf_map_update_elem(dp->map_fd[MAP_IF], &at, v, BPF_ANY))
		return ERR_SYS;
	if (v->ifindex && bpf_map_update_elem(dp->map_fd[MAP_IFIDX], &v->ifindex, &x, BPF_ANY))
		return ERR_SYS;
	return 0;
}

/* roam0 has a program of its own there. */
static int attach_out(struct dp *dp, uint32_t ifindex)
{
	return ifindex == dp->cfg.roam0_ifindex ? 0 : attach_put(dp->dir, ifindex, true, dp->prog_out);
}

/* Puts the program for what this host sends on every interface of ours. */
static int attach_out_all(struct dp *dp)
{
	int r = 0;
	for (uint32_t at = 1; at < IF_SLOTS && !r; at++)
		if (dp->ifs.slot[at].owned)
			r = attach_out(dp, dp->ifs.slot[at].val.ifindex);
	return r;
}

static int apply_if(struct dp *dp, enum dp_verb verb, const struct dp_if *e, uint32_t owner)
{
	bool is_change = false;
	uint32_t at = verb == DP_PUT ? ifset_put(&dp->ifs, e, owner, &is_change) : ifset_del(&dp->ifs, e->ifindex, owner, &is_change);
	if (!at)
		return verb == DP_PUT ? ERR_FULL : ERR_NOTFOUND;
	int r = loader_if_sync(dp, at);
	if (r)
		return r;
	if (verb == DP_PUT && dp->cfg.features & FEAT_CN && (r = attach_out(dp, e->ifindex)))
		return r;
	if (verb == DP_PUT && e->flags & DP_IF_GATE && (r = dp_use_cast(dp)))
		return r;
	if (verb == DP_PUT)
		return attach_put(dp->dir, e->ifindex, false, dp->prog_ingress);
	if (!is_change)
		return 0;
	bpf_map_delete_elem(dp->map_fd[MAP_IFIDX], &e->ifindex);
	if (e->ifindex != dp->cfg.roam0_ifindex)
		attach_del(dp->dir, e->ifindex, true);
	attach_del(dp->dir, e->ifindex, false);
	return 0;
}

static int map_error(void)
{
	return errno == E2BIG || errno == ENOSPC ? ERR_FULL : errno == ENOENT ? ERR_NOTFOUND : errno == ENOMEM ? ERR_NOMEM : ERR_SYS;
}


/* What an entry that exists goes on with: sequence numbers. */
static void carry_over(struct dp *dp, const struct dp_op *op, const union entry_key *key, union entry_val *val)
{
	union entry_val old;
	if (op->table != DP_COA && op->table != DP_DOWNLINK_IN && op->table != DP_GUEST)
		return;
	bool has_old = !bpf_map_lookup_elem(loader_table_fd(dp, op->table), key, &old);
	if (op->table == DP_COA)
		entry_coa_keep(&val->coa, has_old ? &old.coa : NULL);
	else if (op->table == DP_GUEST)
		entry_guest_keep(&val->guest, has_old ? &old.guest : NULL);
	else
		entry_downlink_keep(&val->downlink, has_old ? &old.downlink : NULL);
}

static void keep_links(int fd, const union entry_key *key, struct m_mfc *v)
{
	struct m_mfc old;
	if (!bpf_map_lookup_elem(fd, key, &old))
		ifset_mfc_merge(v, &old);
}

static int table_in_use(struct dp *dp, uint32_t feature)
{
	int r = feature & (FEAT_GUEST | FEAT_RELAY | FEAT_UNBOUND | FEAT_CAST) ? dp_use_cast(dp) : 0;
	if (r || (dp->cfg.features & feature) == feature)
		return r;
	bool is_cn = feature & FEAT_CN && !(dp->cfg.features & FEAT_CN);
	dp->cfg.features |= feature;
	r = loader_cfg_sync(dp);
	return r || !is_cn ? r : attach_out_all(dp);
}

/* What the maps' values need beyond entry_val. */
static int complete_val(struct dp *dp, const struct dp_op *op, uint32_t owner, const union entry_key *key, union entry_val *val)
{
	uint64_t fresh = 0;
	int r = 0;
	if (op->table == DP_LOCAL)
		ifset_local_put(&dp->ifs, &op->local, owner, &val->local.flags);
	carry_over(dp, op, key, val);
	if (op->table == DP_MFC && !ifset_mfc(&dp->ifs, &op->mfc, &val->mfc, &fresh))
		return ERR_FULL;
	if (op->table == DP_MFC)
		val->mfc.epoch = dp->cfg.follow_epoch;
	if (op->table == DP_MFC && op->mfc.is_merge)
		keep_links(dp->map_fd[MAP_MFC], key, &val->mfc);
	for (uint32_t at = 1; at < IF_SLOTS && fresh && !r; at++)
		if (fresh >> at & 1)
			r = loader_if_sync(dp, at);
	return r;
}

static int apply_put(struct dp *dp, const struct dp_op *op, uint32_t owner)
{
	union entry_key key;
	union entry_val val;
	entry_key(op, &key);
	entry_val(op, &val);
	int r = complete_val(dp, op, owner, &key, &val);
	if (r)
		return r;
	if (bpf_map_update_elem(loader_table_fd(dp, op->table), &key, &val, BPF_ANY))
		return map_error();
	adopt_keep(dp, op->table, &key);
	return table_in_use(dp, entry_features(op));
}

static int apply_trust(struct dp *dp, enum dp_verb verb, const struct dp_cn_trust *e)
{
	struct m_trust v;
	uint32_t zero = 0;
	int r = ifset_trust(&dp->ifs, verb == DP_PUT, e, &v);
	if (r)
		return r;
	return bpf_map_update_elem(dp->map_fd[MAP_TRUST], &zero, &v, BPF_ANY) ? map_error() : table_in_use(dp, FEAT_CN_TRUST);
}

static int apply_del(struct dp *dp, const struct dp_op *op, uint32_t owner)
{
	union entry_key key;
	struct m_local l;
	int fd = loader_table_fd(dp, op->table);
	entry_key(op, &key);
	if (op->table == DP_LOCAL && ifset_local_del(&dp->ifs, &op->local, owner, &l.flags))
		return bpf_map_update_elem(fd, &key, &l, BPF_ANY) ? map_error() : 0;
	return bpf_map_delete_elem(fd, &key) ? map_error() : 0;
}

int dp_apply(struct dp *dp, enum dp_verb verb, const struct dp_op *op, uint32_t owner)
{
	int r = entry_check(op, verb == DP_PUT);
	if (r)
		return r;
	if (op->table == DP_IF)
		return apply_if(dp, verb, &op->iface, owner);
	if (op->table == DP_CN_TRUST)
		return apply_trust(dp, verb, &op->cn_trust);
	return verb == DP_PUT ? apply_put(dp, op, owner) : apply_del(dp, op, owner);
}

enum { BATCH = 1024 };

/* Bindings of a home agent: nothing but keys and values, so many can go in one call. */
static int put_homes(struct dp *dp, const struct dp_op *ops, uint32_t n)
{
	static struct a6 keys[BATCH];
	static struct m_home vals[BATCH];
	uint32_t features = 0;
	for (uint32_t i = 0; i < n; i++) {
		union entry_key k;
		union entry_val v;
		entry_key(&ops[i], &k);
		entry_val(&ops[i], &v);
		keys[i] = k.addr;
		vals[i] = v.home;
		features |= entry_features(&ops[i]);
	}
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	if (bpf_map_update_batch(dp->map_fd[MAP_HOME], keys, vals, &n, &opts))
		return map_error();
	for (uint32_t i = 0; i < n; i++)
		adopt_keep(dp, DP_HOME, &keys[i]);
	return table_in_use(dp, features);
}

int dp_apply_batch(struct dp *dp, enum dp_verb verb, const struct dp_op *ops, uint32_t n, uint32_t *done)
{
	for (*done = 0; *done < n;) {
		uint32_t step = 1;
		while (verb == DP_PUT && ops[*done].table == DP_HOME && step < BATCH && *done + step < n &&
		       ops[*done + step].table == DP_HOME)
			step++;
		int r = step > 1 ? put_homes(dp, ops + *done, step) : dp_apply(dp, verb, &ops[*done], 0);
		if (r)
			return r;
		*done += step;
	}
	return 0;
}

int dp_find(struct dp *dp, struct dp_op *op)
{
	union entry_key key;
	union entry_val val = {0};
	if (op->table >= DP_TABLE_N || !entry_shape(op->table)->key_oct)
		return ERR_INVAL;
	entry_key(op, &key);
	if (bpf_map_lookup_elem(loader_table_fd(dp, op->table), &key, &val))
		return map_error();
	entry_parse(op, &val);
	if (op->table == DP_MFC)
		ifset_mfc_parse(&dp->ifs, &op->mfc, &val.mfc);
	return 0;
}

/* Of the turns from *from on, or the whole ring when from is NULL; *from is the next turn then. */
static int keep_from(struct dp *dp, const struct addr6 *coa, uint32_t *from, dp_keep_fn fn, void *ctx)
{
	const struct a6 key = a6_of(coa);
	struct m_keep_at next;
	struct m_keep k, again;
	uint32_t zero = 0, n = dp->cfg.keep_mask + 1;
	if (bpf_map_lookup_elem(dp->map_fd[MAP_KEEP_AT], &zero, &next))
		return ERR_SYS;
	uint32_t first = from && next.turns - *from < n ? *from : next.turns - n;
	if (from)
		*from = next.turns;
	for (uint32_t turn = first; turn != next.turns; turn++) {
		uint32_t at = turn & dp->cfg.keep_mask;
		if (bpf_map_lookup_elem(dp->map_fd[MAP_KEEP], &at, &k))
			return ERR_SYS;
		if (k.turn != turn + 1 || !a6_eq(&k.coa, &key))
			continue;
		/* Copied while a program may have written over it. */
		if (!bpf_map_lookup_elem(dp->map_fd[MAP_KEEP], &at, &again) && again.turn == k.turn)
			fn(ctx, k.seq, (mono_t){k.when_ns}, k.bytes, k.len_oct);
	}
	return 0;
}

int dp_keep_each(struct dp *dp, const struct addr6 *coa, dp_keep_fn fn, void *ctx) { return keep_from(dp, coa, NULL, fn, ctx); }

struct give_walk { struct dp_guest *g; dp_give_fn give; void *ctx; };

static void give_one(void *ctx, uint32_t seq, mono_t when, const uint8_t *pkt, size_t len_oct)
{
	struct give_walk *w = ctx;
	if (!w->give(w->ctx, w->g, seq, when, pkt, len_oct))
		return;
	w->g->has_seq = true;
	w->g->last_seq = seq;
}

int dp_guest_serve(struct dp *dp, const struct addr6 *source, const struct addr6 *group, dp_give_fn give, void *ctx)
{
	struct dp_op op = {.table = DP_GUEST, .guest = {.group = *group, .source = *source}};
	struct give_walk w = {&op.guest, give, ctx};
	uint32_t zero = 0;
	struct m_keep_at begin;
	int r = dp_find(dp, &op);
	if (r || op.guest.is_serving)
		return r;
	if (bpf_map_lookup_elem(dp->map_fd[MAP_KEEP_AT], &zero, &begin))
		return ERR_SYS;
	uint32_t at = begin.turns - dp->cfg.keep_mask - 1;
	r = keep_from(dp, group, &at, give_one, &w);
	op.guest.is_serving = true;
	if (!r)
		r = dp_apply(dp, DP_PUT, &op, 0);
	return r ? r : keep_from(dp, group, &at, give_one, &w);
}

int dp_pmtu_put(struct dp *dp, const struct addr6 *dst, uint32_t mtu_oct, mono_t until)
{
	struct a6 key = a6_of(dst);
	struct m_pmtu v = {.until_ns = until.ns, .mtu_oct = entry_pmtu(dst, mtu_oct)};
	if (bpf_map_update_elem(dp->map_fd[MAP_PMTU], &key, &v, BPF_ANY))
		return map_error();
	return table_in_use(dp, FEAT_PMTU);
}

int dp_follow(struct dp *dp, mono_t until)
{
	dp->cfg.follow_until_ns = until.ns;
	return loader_cfg_sync(dp);
}

int dp_counters_read(struct dp *dp, uint64_t *counts, uint32_t n)
{
	int cpus = libbpf_num_possible_cpus();
	if (n != DP_COUNT_N || cpus <= 0)
		return ERR_INVAL;
	struct m_count *each = calloc((size_t)cpus, sizeof *each);
	if (!each)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < n; i++) {
		counts[i] = 0;
		if (bpf_map_lookup_elem(dp->map_fd[MAP_COUNT], &i, each))
			continue;
		for (int c = 0; c < cpus; c++)
			counts[i] += each[c].n;
	}
	free(each);
	return 0;
}

void dp_counters_show(struct dp *dp, struct show *out)
{
	uint64_t counts[DP_COUNT_N];
	if (dp_counters_read(dp, counts, DP_COUNT_N))
		return;
	show_begin(out, "datapath");
	for (uint32_t i = 1; i < DP_COUNT_N; i++) {
		char key[48];
		snprintf(key, sizeof key, "%s%s", i < DP_DROP_N ? "drop-" : "", dp_count_name(i));
		for (char *p = key; *p; p++)
			*p = *p == '_' ? '-' : *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
		show_u64(out, key, counts[i]);
	}
	show_end(out);
}
