/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The BPF datapath of one network namespace: loads and pins programs and maps, turns
 * entries (dp.h) into map updates, attaches programs to interfaces, reads what is punted.
 *
 * Everything lives on when the daemon dies: programs hang on the interfaces (tc), maps are pinned in
 * bpf_dir. dp_open adopts what it finds there, unless the layout of the maps has changed; then
 * it starts afresh. The order after a restart is: dp_open, the engines put what they restored,
 * dp_adopt_done removes what nobody has put again.
 *
 * Run in the namespace that it serves. Not thread safe. All int functions: 0 or ERR_* (base/err.h).
 */
#include "base/show.h"
#include "datapath/drop.h"
#include "datapath/punt.h"

struct dp;

struct dp_conf {
	const char *bpf_dir;         /* directory on a bpffs, made if absent; an own one for each daemon */
	uint32_t roam0_ifindex;      /* the persistent TUN (IFF_TUN|IFF_NO_PI, no vnet header), up */
	bool is_up_link;             /* mobile: packets enter the host on the link that brought them, not through roam0 */
	uint32_t dup_window_ms;      /* duplicate detection; 0: 200 */
	uint32_t dup_slots;          /* entries of duplicate detection; 0: 196,608. One suffices where no mobile node is */
	uint32_t keep_slots;         /* packets in the keep ring, 1,664 octets each; 0: one, which is none. For an MMA */
	uint32_t max_bindings;       /* of each binding table; 0: 1,048,576 */
	uint32_t punt_rate_pps;      /* packets handed up a second and source; 0: 100; UINT32_MAX: no limit */
	uint32_t punt_burst;         /* 0: 200 */
	uint32_t ring_oct;           /* of each ring buffer, a power of two; 0: 4 MiB */
	uint8_t hop_limit;           /* of outer headers; 0: 64 */
	void (*log)(void *ctx, const char *line); /* sentences about failures; may be NULL */
	void *log_ctx;
};

/* ERR_NOTSUP: this kernel refuses the programs; ERR_INVAL: bpf_dir is not on a bpffs; ERR_SYS: errno tells. */
int dp_open(struct dp **out, const struct dp_conf *conf);

/* Loads the programs of IPv4 too: before the first entry with an IPv4 address, and before any IPv4 packet is wanted. What an earlier daemon loaded goes on
 * until then. Errors as dp_open's. */
int dp_use_ip4(struct dp *dp);

/* The same for mobiles that the network moves. The first entry that has to do with them (DP_GUEST, DP_RELAY, DP_UNBOUND, DP_HOME with a group, DP_IF with
 * DP_IF_GATE) does it itself. */
int dp_use_cast(struct dp *dp);

/* Were pins of an earlier daemon adopted? */
bool dp_is_adopted(const struct dp *dp);

/* After a restart: remove entries (and detach interfaces) left by the earlier daemon and not put since
 * dp_open. Bindings (DP_HOME, DP_HOME_MORE, DP_VISIT, DP_GUEST, DP_RELAY, DP_COA, DP_UPLINK_IN, DP_CN, DP_RO_OUT) are left to their expiry,
 * but for ways to groups (DP_HOME whose coa is one); DP_CN_TRUST is empty after dp_open. */
int dp_adopt_done(struct dp *dp);

enum dp_verb { DP_PUT, DP_DEL };

/* DP_PUT replaces; DP_DEL of what is not there is ERR_NOTFOUND. ERR_FULL: table is full.
 * DP_IF: put attaches, and ORs nothing itself: `roles` that share an interface are told apart by owner;
 * the flags of all owners of an interface are ORed; prefixes and agents are taken, a family at a time, from the owner with
 * DP_IF_FILTER that gave some last. Owner is any small number (enum role_id) below 16. */
int dp_apply(struct dp *dp, enum dp_verb verb, const struct dp_op *op, uint32_t owner);

/* Many of one table at once, faster; stops at the first error; *done says how many were applied. */
int dp_apply_batch(struct dp *dp, enum dp_verb verb, const struct dp_op *ops, uint32_t n, uint32_t *done);

/* Fills *op from its table and key fields (the slow path asks for DP_MFC's links; tests for anything).
 * ERR_NOTFOUND. DP_SITE_PREFIX: is there a prefix around this one? */
int dp_find(struct dp *dp, struct dp_op *op);

/* What the keep ring has of coa, oldest first; bytes are valid during the call. */
typedef void (*dp_keep_fn)(void *ctx, uint32_t seq, mono_t when, const uint8_t *pkt, size_t len_oct);
int dp_keep_each(struct dp *dp, const struct addr6 *coa, dp_keep_fn fn, void *ctx);

/* The guest of (source, group): what the ring has of its goes to give, in order, and it is served from then on (FX_KEEP_SEND). What comes
 * between the first look into the ring and the moment from which the programs deliver is given too. give: did the guest get it?
 * ERR_NOTFOUND: no such guest. */
typedef bool (*dp_give_fn)(void *ctx, const struct dp_guest *g, uint32_t seq, mono_t when, const uint8_t *pkt, size_t len_oct);
int dp_guest_serve(struct dp *dp, const struct addr6 *source, const struct addr6 *group, dp_give_fn give, void *ctx);

/* A learned path MTU towards the outer destination dst (or group), at least 1280 (IPv4: 552), aged at `until`. */
int dp_pmtu_put(struct dp *dp, const struct addr6 *dst, uint32_t mtu_oct, mono_t until);

/*
 * Where packets to a group would enter the host's multicast forwarding (dp_coa's inject_if), links of DP_MFC are used only until then, and only
 * those put since dp_open. Whoever tells what that forwarding does (role_ops.mroute) renews it as long as all of that has been carried out; if
 * he dies, the host is asked again.
 */
int dp_follow(struct dp *dp, mono_t until);

/* Readable when something was punted (epoll, libevent: EV_READ|EV_PERSIST). */
int dp_punt_fd(const struct dp *dp);
typedef void (*dp_punt_fn)(void *ctx, const struct dp_punted *p);
/* Takes what is there, at most 1,024 packets of each ring; the descriptor stays readable when there are more. Returns how
 * many, or ERR_*. */
int dp_punt_read(struct dp *dp, dp_punt_fn fn, void *ctx);

/* One record "datapath" with a member a counter, by the names of drop.h in lower case with a dash: "drop-uplink-key". */
void dp_counters_show(struct dp *dp, struct show *out);
/* n must be DP_COUNT_N. */
int dp_counters_read(struct dp *dp, uint64_t *counts, uint32_t n);

enum dp_close { DP_CLOSE_KEEP, DP_CLOSE_REMOVE };
/* KEEP: forwarding goes on (restart). REMOVE: programs detached, pins removed (stop). Frees dp. */
void dp_close(struct dp *dp, enum dp_close how);

/* Clean up after a daemon that is gone, without loading anything. */
int dp_remove(const char *bpf_dir);
