/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Between roles and group, the inside; only files sync*.c include it. */
#include "base/table.h"
#include "rg/sync.h"

enum {
	SYNC_ROLE_MAX = 4,
	SYNC_HELD_MAX = 65536,        /* packets that wait for the group; more are dropped, and their mobiles ask again */
	SYNC_LONG_KEY = 0x80,         /* of a record's table in the group: its key is a hash, and the value begins with the whole of it */
	SYNC_LONG_KEY_MAX = 255,
	SYNC_VALUE_MAX = RG_VALUE_MAX - 1 - SYNC_LONG_KEY_MAX,
	SYNC_TRAILER_OCT = 33,        /* flags (1), end of the lifetime in ns since 1970 (8), stamp (8), clock (8), member (4), mark (4) */
};

struct sync_held;

struct sync {
	struct engine_env env;
	struct sync_ops ops;
	struct rg *rg;
	enum role_id role;            /* the group's effects are pushed in its name */
	struct { const struct role_ops *ops; void *self; } role_of[SYNC_ROLE_MAX];
	uint32_t n_role;
	bool is_active;
	struct sync_held *first, **last;
	uint32_t n_held;
	uint64_t n_dropped;
	struct table long_keys;
};

/* sync_record.c: a record as the store has it, and as the group has it. */
void sync_keys_init(struct sync *s);
void sync_keys_fini(struct sync *s);
/* False: it does not fit. buf of RG_VALUE_MAX octets takes the value of one with a long key. */
bool sync_to_group(struct sync *s, const struct store_rec *in, uint8_t *buf, struct rg_rec *out);
/* False: it makes no sense. */
bool sync_of_group(struct sync *s, const struct rg_rec *in, struct store_rec *out);
/* The version behind a stored value. False: there is none. */
void sync_put_trailer(uint8_t out[static SYNC_TRAILER_OCT], const struct rg_rec *rec, struct now now);
bool sync_get_trailer(const uint8_t in[static SYNC_TRAILER_OCT], struct rg_rec *rec, struct now now);
