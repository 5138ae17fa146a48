/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The engines of this node: those roles that the configuration names, in its order. Every call here
 * only changes engines and pushes effects; exec.h carries them out.
 */
#include "core/engine.h"
#include "daemon/conf/conf.h"
#include "rg/sync.h"

struct engine {
	const struct role_ops *ops;
	void *self;
};

struct engines {
	struct engine e[ROLE_N];
	uint32_t n;
	struct engine_env env;
	struct effq fx;
	struct counters count;
	struct sync *sync;       /* NULL: no redundancy group */
};

/* Roles that are linked into this program, NULL-terminated. */
const struct role_ops *const *engines_known(void);

/* env: mem, rng, crypto, ifindex, key and ctx are the caller's; fx and count are set here. */
void engines_init(struct engines *es, const struct engine_env *env);
void engines_fini(struct engines *es);

/* Starts the configured roles. 0, or ERR_* with *err filled. */
int engines_start(struct engines *es, const struct conf *c, struct now now, struct conf_err *err);
/* A new configuration: roles that stay are told, roles that went are stopped, new ones started. *is_new is true when a
 * role was started, which then has to hear of the links. A role that refuses keeps its old configuration:
 * ERR_* with *err filled. */
int engines_reconf(struct engines *es, const struct conf *c, struct now now, bool *is_new, struct conf_err *err);
void engines_stop(struct engines *es, struct now now);

/* The roles that can are members of a redundancy group from now on, and stand by. After engines_start, before records are
 * given. 0, ERR_NOMEM, or ERR_INVAL when conf makes no sense. */
int engines_group(struct engines *es, const struct rg_conf *conf, const struct sync_ops *ops, uint32_t starts, struct now now);
/* Before effects are carried out: what has gathered for the group, and what waited for it. */
void engines_flush(struct engines *es, struct now now);

void engines_restore(struct engines *es, const struct store_rec *rec, struct now now);
void engines_restored(struct engines *es, struct now now);
/* False: no role wanted it. */
bool engines_rx(struct engines *es, const struct rx *rx, struct now now);
void engines_link(struct engines *es, const struct link_event *ev, struct now now);
void engines_addr(struct engines *es, const struct addr_event *ev, struct now now);
void engines_local(struct engines *es, const struct local_event *ev, struct now now);
void engines_signal(struct engines *es, const struct signal_event *ev, struct now now);
void engines_station(struct engines *es, const struct station_event *ev, struct now now);
void engines_mroute(struct engines *es, const struct mroute_event *ev, struct now now);
void engines_tick(struct engines *es, struct now now);
mono_t engines_expiry(const struct engines *es);
void engines_show(const struct engines *es, const char *what, struct show *out, struct now now);
/* 0; ERR_NOTFOUND when no role knows the command; or a role's error with *msg. */
int engines_ctl(struct engines *es, const struct ctl_cmd *cmd, struct now now, const char **msg);
/* The store that a role shares with other nodes; NULL: none does. */
const struct shared_conf *engines_shared_conf(const struct engines *es);
void engines_shared(struct engines *es, const struct shared_event *ev, struct now now);
/* The first record of all: one a reason, "engine". */
void engines_show_counters(const struct engines *es, struct show *out);
