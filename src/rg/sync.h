/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Between roles, their redundancy group and whoever drives them.
 *
 * Roles write down their state in records; the group (rg.h) has every member hold the same records. Here the one becomes the other: a
 * record that a role puts goes to the group, and the packets that the role pushed behind it in the same call wait until enough members have
 * it. A record of another member goes to the role's `replica` hook and to the store. Records are stored with their version as a trailer, so that
 * after a restart their age is known.
 *
 * The driver, for each of the group's roles:
 *
 *	mark = sync_mark(s); role's hook; sync_scan(s, role, mark, kind, now);
 *
 * and before effects are carried out, sync_flush. Packets to the group's port go to sync_rx.
 */
#include "rg/rg.h"

struct sync;

struct sync_ops {
	void (*ready)(void *ctx, struct now now);     /* the table is the group's: elections may begin */
	void (*take_over)(void *ctx, struct now now); /* the active member asks this one to be active */
	void *ctx;
};

enum sync_call {
	SYNC_ASKED,        /* a packet or the operator: its answers are sent in whatever state the member is */
	SYNC_UNASKED,      /* all else: what it sends is dropped while the member stands by, but behind a record: a registration's answer may
	                    * come later than the registration, after a search for duplicates */
};

/* conf->role is set here. starts: as for rg_new. NULL: no memory, or conf makes no sense. */
struct sync *sync_new(const struct engine_env *env, const struct rg_conf *conf, const struct sync_ops *ops, uint32_t starts, struct now now);
void sync_free(struct sync *s);
/* A role that has been started; one without a `replica` hook is left out. It stands by from now on. */
void sync_add(struct sync *s, const struct role_ops *ops, void *self, struct now now);
void sync_remove(struct sync *s, const void *self);
bool sync_has(const struct sync *s, const void *self);

/* A record from the store: its version is cut off, and noted when there is a group (s may be NULL). Before the roles see it. */
void sync_restore(struct sync *s, struct store_rec *rec, struct now now);
/* All of them have been given: ask the group. */
void sync_start(struct sync *s, struct now now);
/* A clean stop: the others need not wait for us. */
void sync_stop(struct sync *s, struct now now);

/* May the role take packets? Not before the group's table is there; counted when not. */
bool sync_may_rx(struct sync *s, const void *self);
uint32_t sync_mark(const struct sync *s);
void sync_scan(struct sync *s, const void *self, uint32_t mark, enum sync_call call, struct now now);
/* What has gathered leaves for the group, and what has waited long enough for the network. */
void sync_flush(struct sync *s, struct now now);

/* UDP data that came to the group's port. */
void sync_rx(struct sync *s, const struct addr6 *src, const uint8_t *data, size_t len_oct, struct now now);
void sync_tick(struct sync *s, struct now now);
mono_t sync_expiry(const struct sync *s);

/* What VRRP or HSRP says. */
void sync_activate(struct sync *s, struct now now);
void sync_deactivate(struct sync *s, struct now now);
int sync_set_keys(struct sync *s, const struct rg_conf *conf); /* as rg_set_keys */
bool sync_is_active(const struct sync *s);
bool sync_is_ready(const struct sync *s);
int sync_hand_over(struct sync *s, struct now now);  /* as rg_hand_over */
void sync_show(const struct sync *s, struct show *out, struct now now);
