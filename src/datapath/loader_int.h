/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* What the parts of the loader share: load.c (pins), loader.c (entries), attach.c (interfaces), ring.c (punts), adopt.c (restart). */
#include <bpf/libbpf.h>

#include "datapath/ifset.h"
#include "datapath/lib/types.h"
#include "datapath/loader.h"

enum map_id {
	MAP_CFG, MAP_COUNT, MAP_IFIDX, MAP_IF, MAP_LOCAL, MAP_HOME, MAP_COA, MAP_UPLINK_IN, MAP_SITE, MAP_MFC,
	MAP_DOWNLINK, MAP_UPLINK_OUT, MAP_CN, MAP_TRUST, MAP_RO, MAP_NET, MAP_HOME_MORE, MAP_VISIT,
	MAP_GUEST, MAP_RELAY, MAP_UNBOUND, MAP_REVERSE, MAP_IDENT, MAP_PROG, MAP_KEEP_AT, MAP_KEEP, MAP_PMTU, MAP_DUP, MAP_SEEN, MAP_RATE,
	MAP_RING_MH, MAP_RING, MAP_N
};
extern const char *const map_names[MAP_N];

/* Keys that were there when an earlier daemon's maps were adopted, sorted; kept[i]: put again since. */
struct snapshot { uint8_t *keys, *kept; uint32_t n, key_oct; };

struct dp {
	struct dp_conf conf;
	char dir[128];
	struct roamcast_bpf *skel, *skel4, *skel_cast; /* skel4: the programs of IPv4, skel_cast: of mobiles that the network moves, once used */
	int map_fd[MAP_N];
	int prog_ingress, prog_egress, prog_out;
	struct m_cfg cfg;
	struct ifset ifs;
	struct ring_buffer *ring[2];     /* signalling; the rest */
	int ring_fd;                     /* readable when either is */
	struct { dp_punt_fn fn; void *ctx; uint32_t left; } punt;
	bool is_adopted;
	struct snapshot snap[DP_TABLE_N];
};

/* The map of a table; -1 for DP_IF. */
int loader_table_fd(const struct dp *dp, enum dp_table t);
void loader_log(const struct dp_conf *conf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* While true, libbpf's complaints are not logged. */
void loader_expects_errors(bool yes);
/* Writes dp->cfg to its map. */
int loader_cfg_sync(struct dp *dp);
/* Writes slot `at` of the interface set to the maps. */
int loader_if_sync(struct dp *dp, uint32_t at);

/* attach.c: puts a program on an interface and notes it in dir, so that it can be found without any map; takes it off. */
int attach_put(const char *dir, uint32_t ifindex, bool is_egress, int prog_fd);
int attach_del(const char *dir, uint32_t ifindex, bool is_egress);
void attach_del_all(const char *dir);
/* Calls fn for each note. */
void attach_each(const char *dir, void (*fn)(void *ctx, uint32_t ifindex, bool is_egress), void *ctx);

/* ring.c */
int ring_open(struct dp *dp);
void ring_close(struct dp *dp);

/* adopt.c */
int adopt_snapshot(struct dp *dp);
void adopt_keep(struct dp *dp, enum dp_table t, const void *key);
void adopt_free(struct dp *dp);
