/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Redundancy group: members that hold the same table of records, so that any of them can die.
 *
 * The engine knows records by table, key and version; what they mean is their owner's (a home agent, an MMA), behind struct rg_ops. The
 * owner puts a record when it changed (rg_put), the others are told by one multicast datagram that each acknowledges, and what
 * the owner wants to tell a mobile waits until enough of them have it: rg_committed() has reached the number that rg_put gave.
 *
 * Which of two versions of a record counts is the same on every member, whatever came first: the mobile's own order (its
 * authenticated timestamp), then a hybrid logical clock, then the member's identifier. Deleted records are remembered for as long as an
 * older version may still live elsewhere.
 *
 * A member that starts asks for the table before it serves, and again before it becomes active. Differences that no lost datagram
 * explains are found by digests of parts of the table, and mended by sending those parts both ways.
 *
 * Every datagram is authenticated with a key of the group (HMAC-SHA-256, 128 bits) and numbered; a member that comes with another boot epoch
 * than before is believed only once it has echoed a fresh nonce. Requirements.
 */
#include "core/engine.h"
#include "wire/group/group.h"

enum { RG_MEMBER_MAX = 16, RG_KEY_MAX = 4, RG_VALUE_MAX = 512, RG_DATAGRAM_MIN = 700, RG_DATAGRAM_MAX = 8900 };

enum rg_commit {
	RG_COMMIT_ONE,    /* another live member has it; alone: it is stored */
	RG_COMMIT_ASYNC,  /* at once */
	RG_COMMIT_ALL,    /* every live member has it */
};

struct rg_conf {
	enum role_id role;             /* in whose name effects are pushed */
	uint32_t id;                   /* of this member, not 0, unique in the group */
	uint8_t priority;              /* the highest is designated to answer requests */
	struct addr6 self, group;      /* our own address (not the virtual one) and the multicast address: either family */
	uint32_t ifindex;
	uint16_t port;                 /* 0: GRP_PORT */
	span_t hello;                  /* between two hellos */
	uint32_t dead_after;           /* missed hellos */
	span_t again, again_max;       /* until an unacknowledged datagram is sent once more; doubles up to again_max */
	span_t purge;                  /* deleted records are remembered at least so long */
	enum rg_commit commit;
	uint32_t datagram_oct;         /* of UDP data, at most */
	struct { uint8_t id; const struct sa_key *key; } key[RG_KEY_MAX]; /* the first signs, all are believed */
	uint32_t n_key;
};
extern const struct rg_conf rg_conf_default; /* hello 100 ms, 3 missed, 10 ms to 320 ms, purge 10 s, 1,200 octets */

/* A record as it was put, or as another member has it. */
struct rg_rec {
	uint8_t table, key_oct;
	uint8_t key[GRP_KEY_MAX];
	bool is_deleted;
	struct grp_version version;
	mono_t expires;                /* end of its lifetime; MONO_NEVER: none */
	const uint8_t *value;
	uint32_t value_oct;
};

struct rg_ops {
	/* Another member has a newer version: take it. A deleted one may have a value too (what replay protection needs). */
	void (*apply)(void *ctx, const struct rg_rec *rec, struct now now);
	/* The value of a record of ours, into buf of RG_VALUE_MAX octets; false when there is none to tell. */
	bool (*value)(void *ctx, struct rg_rec *rec, uint8_t *buf, struct now now);
	/* The table is the group's now (or there is no group): serve. */
	void (*ready)(void *ctx, struct now now);
	/* After rg_activate: what the others had has come. */
	void (*active)(void *ctx, struct now now);
	/* The active member asks us to take over. May be NULL. */
	void (*take_over)(void *ctx, struct now now);
	void *ctx;
};

struct rg;

/* starts: one more than at the last start (the caller stores it), half of the boot epoch. NULL without memory, or when conf makes no sense. */
struct rg *rg_new(const struct engine_env *env, const struct rg_conf *conf, const struct rg_ops *ops, uint32_t starts, struct now now);
void rg_free(struct rg *g);
/* A clean stop: tells the others not to wait for us. */
void rg_stop(struct rg *g, struct now now);

/* A record from the disk, before rg_start. The owner has taken it already. 0 or ERR_NOMEM. */
int rg_restore(struct rg *g, const struct rg_rec *rec, struct now now);
/* All of them have been given: ask the group. */
void rg_start(struct rg *g, struct now now);

/* How a record of the owner changed. */
enum rg_change {
	RG_PUT,            /* it is new or different: the others are told */
	RG_DELETE,         /* it is gone, and the others are told; rec->expires: when the version before would have ended */
	RG_LAPSE,          /* it ended by itself, as it does everywhere: nobody is told */
};
/*
 * stamp: the mobile's own order, 0 when it has none (then that of the version before counts). rec->version is filled in. Returns
 * the number that rg_committed must reach, which may be reached already. The datagram leaves when it is full, and at
 * rg_flush unless an earlier one is still on its way: then a few milliseconds later at most.
 */
uint64_t rg_put(struct rg *g, enum rg_change how, struct rg_rec *rec, uint64_t stamp, struct now now);
void rg_flush(struct rg *g, struct now now);
uint64_t rg_committed(const struct rg *g);
/* The version that is held of a record; false: none. */
bool rg_version(const struct rg *g, uint8_t table, const uint8_t *key, uint8_t key_oct, struct grp_version *out);

/* Other keys, from now on: the first signs, all are believed. 0, or ERR_INVAL: none, or too many. */
int rg_set_keys(struct rg *g, const struct rg_conf *conf);

/* UDP data from src. */
void rg_rx(struct rg *g, const struct addr6 *src, const uint8_t *data, size_t len_oct, struct now now);
void rg_tick(struct rg *g, struct now now);
mono_t rg_expiry(const struct rg *g);

bool rg_is_ready(const struct rg *g);     /* may registrations be taken? */
/* Becoming active or passive (VRRP, HSRP). ops->active is called, perhaps at once, when the others have been asked. */
void rg_activate(struct rg *g, struct now now);
void rg_deactivate(struct rg *g, struct now now);
uint32_t rg_live(const struct rg *g);     /* other members that live */
/* Ask the best other live member to take over. ERR_NOTFOUND: there is none. */
int rg_hand_over(struct rg *g, struct now now);

void rg_show(const struct rg *g, struct show *out, struct now now);
