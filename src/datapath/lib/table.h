/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The tables, behind two macros: TBL(c, name, key) is a pointer to the value or NULL,
 * TBL_PUT(c, name, key, val) stores. In BPF they are maps, natively struct dpn has them.
 */
#include "datapath/lib/hdr.h"

/* X(name, type, key, value, entries, flags): entries marked BINDINGS are set by the loader. */
#define BINDINGS 1048576
#define TABLES(X) \
	X(cfg, ARRAY, uint32_t, struct m_cfg, 1, 0) \
	X(count, PERCPU_ARRAY, uint32_t, struct m_count, DP_COUNT_N, 0) \
	X(ifidx, HASH, uint32_t, struct m_ifidx, IF_HASH, 0) \
	X(if, ARRAY, uint32_t, struct m_if, IF_SLOTS, 0) \
	X(local, HASH, struct a6, struct m_local, SMALL_TABLE, BPF_F_NO_PREALLOC) \
	X(home, HASH, struct a6, struct m_home, BINDINGS, BPF_F_NO_PREALLOC) \
	X(coa, HASH, struct a6, struct m_coa, BINDINGS, BPF_F_NO_PREALLOC) \
	X(uplink_in, HASH, struct a6, struct m_uplink_in, BINDINGS, BPF_F_NO_PREALLOC) \
	X(site, LPM_TRIE, struct k_site, struct m_site, SMALL_TABLE, BPF_F_NO_PREALLOC) \
	X(mfc, HASH, struct k_pair, struct m_mfc, BINDINGS, BPF_F_NO_PREALLOC) \
	X(downlink, HASH, struct k_pair, struct m_downlink, SMALL_TABLE, BPF_F_NO_PREALLOC) \
	X(uplink_out, HASH, struct a6, struct m_uplink_out, SMALL_TABLE, BPF_F_NO_PREALLOC) \
	X(cn, HASH, struct k_pair, struct m_cn, BINDINGS, BPF_F_NO_PREALLOC) \
	X(trust, ARRAY, uint32_t, struct m_trust, 1, 0) \
	X(ro, HASH, struct k_pair, struct m_ro, BINDINGS, BPF_F_NO_PREALLOC) \
	X(net, LPM_TRIE, struct k_site, struct m_net, BINDINGS, BPF_F_NO_PREALLOC) \
	X(home_more, HASH, struct a6, struct m_home_more, BINDINGS, BPF_F_NO_PREALLOC) \
	X(visit, HASH, struct a6, struct m_visit, BINDINGS, BPF_F_NO_PREALLOC) \
	X(guest, HASH, struct k_pair, struct m_guest, BINDINGS, BPF_F_NO_PREALLOC) \
	X(relay, HASH, struct k_port, struct m_relay, SMALL_TABLE, BPF_F_NO_PREALLOC) \
	X(unbound, LPM_TRIE, struct k_site, struct m_unbound, SMALL_TABLE, BPF_F_NO_PREALLOC) \
	X(reverse, LPM_TRIE, struct k_site, struct m_reverse, SMALL_TABLE, BPF_F_NO_PREALLOC) \
	X(ident, ARRAY, uint32_t, struct m_ident, 1, 0) \
	X(keep_at, ARRAY, uint32_t, struct m_keep_at, 1, 0) \
	X(keep, ARRAY, uint32_t, struct m_keep, 4096, 0) \
	X(pmtu, HASH, struct a6, struct m_pmtu, BINDINGS, BPF_F_NO_PREALLOC) \
	X(dup, ARRAY, uint32_t, struct m_dup, 65536, BPF_F_MMAPABLE /* for the alignment */) \
	X(seen, ARRAY, uint32_t, struct m_seen, 65536, 0) \
	X(rate, LRU_HASH, struct k_rate, struct m_rate, 16384, 0)

#ifdef __bpf__

#define X(n, t, k, v, e, f) \
	struct { \
		__uint(type, BPF_MAP_TYPE_##t); \
		__type(key, k); \
		__type(value, v); \
		__uint(max_entries, e); \
		__uint(map_flags, f); \
	} t_##n SEC(".maps");
TABLES(X)
#undef X
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4194304); } ring_mh SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4194304); } ring SEC(".maps");

#define TBL(c, name, key) ((void)(c), (struct m_##name *)bpf_map_lookup_elem(&t_##name, (key)))
#define TBL_PUT(c, name, key, val) ((void)(c), bpf_map_update_elem(&t_##name, (key), (val), BPF_ANY))

#else

enum table_id {
#define X(n, t, k, v, e, f) T_##n,
	TABLES(X)
#undef X
	T_N
};
struct dpn;
void *dpn_lookup(struct dpn *d, enum table_id t, const void *key);
int dpn_update(struct dpn *d, enum table_id t, const void *key, const void *val);
#define TBL(c, name, key) ((struct m_##name *)dpn_lookup((c)->d, T_##name, (key)))
#define TBL_PUT(c, name, key, val) dpn_update((c)->d, T_##name, (key), (val))

#endif
