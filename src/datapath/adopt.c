// SPDX-License-Identifier: BSD-2-Clause
/*
 * After a restart: what an earlier daemon left. The keys of the tables without expiry are noted when its maps
 * are adopted; those that the engines do not put again are removed by dp_adopt_done. So are a home agent's ways to groups: nobody stores them, and
 * while they are there no packet makes the agent ask for a mobile of which it is told no changes.
 */
#include <bpf/bpf.h>
#include <stdlib.h>

#include "base/err.h"
#include "datapath/loader_int.h"

static const enum dp_table swept[] = {DP_LOCAL, DP_SITE_PREFIX, DP_MFC, DP_DOWNLINK_IN, DP_UPLINK_OUT, DP_NET,
	DP_UNBOUND, DP_REVERSE, DP_HOME};
enum { N_SWEPT = sizeof swept / sizeof *swept };

static int cmp_key(const void *a, const void *b, void *oct) { return memcmp(a, b, *(uint32_t *)oct); }

/* Bindings are restored from the store or end by their lifetimes. */
static bool is_noted(enum dp_table t, int fd, const union entry_key *key)
{
	union entry_val val;
	struct dp_op op = {.table = t};
	if (t != DP_HOME)
		return true;
	if (bpf_map_lookup_elem(fd, key, &val))
		return false;
	entry_parse(&op, &val);
	return addr6_is_multicast(&op.home.coa) || addr6_is_v4multicast(&op.home.coa);
}

static int snapshot_table(struct dp *dp, enum dp_table t)
{
	struct snapshot *s = &dp->snap[t];
	union entry_key key;
	uint32_t cap = 0;
	int fd = loader_table_fd(dp, t);
	s->key_oct = entry_shape(t)->key_oct;
	for (int r = bpf_map_get_next_key(fd, NULL, &key); r == 0; r = bpf_map_get_next_key(fd, &key, &key)) {
		if (!is_noted(t, fd, &key))
			continue;
		if (s->n == cap) {
			cap = cap ? cap * 2 : 64;
			uint8_t *more = realloc(s->keys, (size_t)cap * s->key_oct);
			if (!more)
				return ERR_NOMEM;
			s->keys = more;
		}
		memcpy(s->keys + (size_t)s->n++ * s->key_oct, &key, s->key_oct);
	}
	if (!s->n)
		return 0;
	qsort_r(s->keys, s->n, s->key_oct, cmp_key, &s->key_oct);
	s->kept = calloc(s->n, 1);
	return s->kept ? 0 : ERR_NOMEM;
}

int adopt_snapshot(struct dp *dp)
{
	int r = 0;
	for (int i = 0; i < N_SWEPT && !r; i++)
		r = snapshot_table(dp, swept[i]);
	return r;
}

void adopt_keep(struct dp *dp, enum dp_table t, const void *key)
{
	struct snapshot *s = &dp->snap[t];
	uint32_t lo = 0, hi = s->n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int c = memcmp(s->keys + (size_t)mid * s->key_oct, key, s->key_oct);
		if (c == 0) {
			s->kept[mid] = 1;
			return;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
}

void adopt_free(struct dp *dp)
{
	for (int i = 0; i < N_SWEPT; i++) {
		struct snapshot *s = &dp->snap[swept[i]];
		free(s->keys);
		free(s->kept);
		*s = (struct snapshot){0};
	}
}

static void sweep_if(void *ctx, uint32_t ifindex, bool is_egress)
{
	struct dp *dp = ctx;
	uint32_t at = ifset_slot(&dp->ifs, ifindex);
	if (ifindex == dp->conf.roam0_ifindex || (at && dp->ifs.slot[at].owned))
		return;
	attach_del(dp->dir, ifindex, is_egress);
	if (!at)
		return;
	dp->ifs.slot[at] = (struct ifset_if){0};
	loader_if_sync(dp, at);
	bpf_map_delete_elem(dp->map_fd[MAP_IFIDX], &ifindex);
}

int dp_adopt_done(struct dp *dp)
{
	for (int i = 0; i < N_SWEPT; i++) {
		const struct snapshot *s = &dp->snap[swept[i]];
		int fd = loader_table_fd(dp, swept[i]);
		for (uint32_t k = 0; k < s->n; k++)
			if (!s->kept[k])
				bpf_map_delete_elem(fd, s->keys + (size_t)k * s->key_oct);
	}
	adopt_free(dp);
	attach_each(dp->dir, sweep_if, dp);
	return 0;
}
