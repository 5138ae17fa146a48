/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The shape of every role: a sans-IO engine behind one descriptor of hooks.
 *
 * The driver calls in with an event and the time; the engine changes its state and
 * pushes effects; the driver carries them out. An engine makes no system call, reads no clock,
 * and allocates only through env->mem.
 */
#include "base/conf.h"
#include "base/show.h"
#include "core/auth/crypto.h"
#include "core/effect.h"
#include "core/reason.h"

struct counters { uint64_t n[REASON_N]; };

struct engine_env {
	const struct mem_ops *mem;
	const struct rng *rng;
	const struct crypto_ops *crypto;
	struct effq *fx;            /* shared by the engines of one node */
	struct counters *count;     /* by reason: reason_count(env, R) */
	/* Interface by configured name; 0 when absent (it may appear later: then the link hook is called). */
	uint32_t (*ifindex)(void *ctx, const char *name);
	/* A configured key by name (see core/auth/sa.h); NULL if there is none. Valid while the engine lives. */
	const struct sa_key *(*key)(void *ctx, const char *name);
	/* The last GRE sequence number accepted in tunnels from source to group (DP_DOWNLINK_IN, or delivered: DP_GUEST); false when there was
	 * none. May be NULL. */
	bool (*last_seq)(void *ctx, const struct addr6 *group, const struct addr6 *source, uint32_t *seq);
	/* When data last went by an optimised route (DP_RO_OUT); 0: not since it was put, or there is none. May be NULL. */
	mono_t (*ro_used)(void *ctx, const struct addr6 *home_address, const struct addr6 *cn);
	/* The same of a correspondent node's binding (DP_CN). May be NULL. */
	mono_t (*cn_used)(void *ctx, const struct addr6 *home_address, const struct addr6 *self);
	void *ctx;
	uint32_t roles;             /* that this node plays: 1 << enum role_id */
};

static inline void reason_count(const struct engine_env *env, enum reason r) { env->count->n[r]++; }

/* A packet handed up by the datapath or a socket. pkt starts at the IPv6 or IPv4 header (rx_is_v4 tells; both are false
 * for an ARP message, DP_PUNT_ARP), and is complete and reassembled; the link-layer source is there when it came through the datapath. */
struct rx {
	uint32_t ifindex;
	enum dp_punt why;          /* datapath/dp.h: which rule handed it up */
	struct lladdr lladdr_src;
	const uint8_t *pkt;
	size_t len_oct;
};
static inline bool rx_is_v4(const struct rx *rx) { return rx->len_oct && rx->pkt[0] >> 4 == 4; }
static inline bool rx_is_v6(const struct rx *rx) { return rx->len_oct && rx->pkt[0] >> 4 == 6; }

/* State of a link, at start for each interface and on every change. */
struct link_event {
	uint32_t ifindex;
	char name[16];
	bool is_up;                /* administratively up and with carrier */
	bool is_gone;
	struct lladdr lladdr;
	uint32_t mtu_oct;
};

/* The kernel finished duplicate detection for an address of ours, or found one. */
/* IPv4 addresses: the kernel detects no duplicates, so one is reported as good at once. */
struct addr_event { uint32_t ifindex; struct addr6 addr; bool is_duplicate; };

/* The host has an address that it may use, or has it no longer. At start, all that are there. */
struct local_event {
	uint32_t ifindex;
	struct addr6 addr;
	bool is_gone;
	uint8_t plen_bits;         /* of its prefix (IPv4: of the mapped one); 0: not known */
};

/* A measurement of a router's (cell's) signal. Other factors of H-9 come with it, -1 when unknown. */
struct signal_event {
	uint32_t ifindex;          /* the interface that measured */
	struct lladdr router;      /* BSSID or the router's link-layer address */
	int32_t dbm;
	int32_t bandwidth_kbps, load_permille, delay_ms, cost;
	bool is_attached;          /* the interface is attached to this one now */
};

/* A station that an agent's radio hears on one of its links (D-5, D-6): perhaps a mobile that has no software of ours. */
enum { STATION_IDENTITY_LEN = 192 };
struct station_event {
	uint32_t ifindex;
	struct lladdr station;
	int32_t dbm;
	bool is_gone;              /* the radio has lost it; dbm does not count */
	bool is_serving;           /* its radio is attached here: what it sends comes by this link */
	mono_t when;               /* is_serving: when this was so; else: when the radio was attached here last; 0: it does not say */
	char identity[STATION_IDENTITY_LEN]; /* "nai:user@realm" as core/manager/device.h writes it, of its authenticated session; "": none is known */
};

/* What the host's own multicast forwarding does with packets of source to group; only role_ops.follows are told. Every listing is complete:
 * what is not in it is there no more. One comes at start, and another when something may have been missed. */
struct mroute_event {
	enum mroute_what { MROUTE_NEW, MROUTE_GONE, MROUTE_BEGIN, MROUTE_END } what; /* the latter two: of a listing; nothing else counts */
	struct addr6 source, group;
	uint32_t iif;              /* packets come in here; 0: nowhere */
	uint32_t oif[DP_OIF_MAX], n_oif;
	bool is_plain;             /* out of oif whatever their hop limit */
};

/* A record from the store, at start. */
struct store_rec { enum store_table table; const uint8_t *key, *val; size_t key_len_oct, val_len_oct; };

/* Operator's command, words already split: {"handover", "wlan0", "02:..."}. */
/* answer: names it in an FX_ANSWER, for those whose end has to be waited for; 0: nobody waits. */
struct ctl_cmd { uint32_t argc; const char *const *argv; uint64_t answer; };

/* Takes a sentence about what of a configuration is weak by the roles' defaults or the operator's choice. It names the
 * stronger setting: "no challenge is asked for: write challenge = true". */
typedef void (*advise_fn)(void *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

struct role_ops {
	enum role_id id;
	const char *name;                    /* "ha" */
	const struct conf_block *conf;       /* its block in roamd.conf */
	size_t size_oct;                     /* of the engine's state */
	/* conf: the struct that conf's rows filled. 0 or ERR_*; on error *remedy is a sentence. */
	int (*init)(void *self, const struct engine_env *env, const void *conf, struct now now, const char **remedy);
	/* Releases memory. Pushes no effects. */
	void (*fini)(void *self);
	/* A clean stop: push the effects that take everything back. */
	void (*stop)(void *self, struct now now);
	int (*restore)(void *self, const struct store_rec *rec, struct now now);
	/* All records of the store have been given. */
	void (*restored)(void *self, struct now now);
	/* New configuration (SIGHUP), same shape. 0, or ERR_NOTSUP when only a restart can do it. */
	int (*reconf)(void *self, const void *conf, struct now now, const char **remedy);
	bool (*rx)(void *self, const struct rx *rx, struct now now);   /* true: was for this role */
	void (*link)(void *self, const struct link_event *ev, struct now now);
	void (*addr)(void *self, const struct addr_event *ev, struct now now);
	void (*local)(void *self, const struct local_event *ev, struct now now);
	void (*signal)(void *self, const struct signal_event *ev, struct now now);
	void (*station)(void *self, const struct station_event *ev, struct now now);
	void (*mroute)(void *self, const struct mroute_event *ev, struct now now);
	void (*tick)(void *self, struct now now);
	mono_t (*expiry)(const void *self);
	/* what: "bindings", "mobiles", "groups", "neighbors", "routers", "interfaces", "status"; ignore others. */
	void (*show)(const void *self, const char *what, struct show *out, struct now now);
	/* 0, ERR_NOTFOUND when the command is not this role's, ERR_AGAIN when FX_ANSWER comes later, or another error with *msg a
	 * sentence. */
	int (*ctl)(void *self, const struct ctl_cmd *cmd, struct now now, const char **msg);
	/* A UDP port of the host's whose datagrams come to rx as whole packets, headers rebuilt (DP_PUNT_NONE); 0: none. */
	uint16_t (*port)(const void *self);
	/* Does the role want to hear of the host's multicast forwarding (mroute)? Asked once, after init. */
	bool (*follows)(const void *self);
	/* For `roamd -t`, after init: calls say once for each weak setting. Keys with weak algorithms are the daemon's to tell. */
	void (*advise)(const void *self, advise_fn say, void *ctx);

	/* In a redundancy group (rg/sync.h); NULL: the role shares nothing. */
	/* Another member has this newer version of a record: take it as it is, datapath included. It is stored by the caller; packets
	 * and store effects are not for here. change->expires counts, not what the value says of wall time; the clocks may differ.
	 * A deleted record (FX_CHANGE_DELETE) may be unknown here, and its value empty. ERR_NOTFOUND: not this role's table. */
	int (*replica)(void *self, const struct store_rec *rec, const struct fx_change *change, struct now now);
	/* The value of a record of this role as it would be stored now, into buf of cap_oct octets: rec comes with table and key, goes with
	 * the value. False: there is no such record. */
	bool (*record)(const void *self, struct store_rec *rec, uint8_t *buf, size_t cap_oct, struct fx_change *change, struct now now);
	/* Serve (announce, intercept, speak without being asked), or stand by. In a group, false comes right behind init; without one
	 * neither ever comes, and the role serves. */
	void (*active)(void *self, bool is_active, struct now now);

	/* The store that the role shares with other nodes, NULL: none; its place stays, its times may change with reconf. What happens there. */
	const struct shared_conf *(*shared_conf)(const void *self);
	void (*shared)(void *self, const struct shared_event *ev, struct now now);
};

/* Any hook but init, fini, rx, tick and expiry may be NULL. */
extern const struct role_ops ha_role, mma_role, ar_role, mn_role, cn_role, fa_role, mm_role;
