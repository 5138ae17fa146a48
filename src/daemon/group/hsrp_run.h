/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * HSRP on a link: an engine (rg/hsrp.h) for each family that has a virtual address, its socket and its life.
 *
 * With both families, IPv4's engine decides, and IPv6's follows: it preempts, with a priority far above while IPv4's is active.
 */
#include <event2/event.h>

#include "core/auth/sa.h"
#include "core/engine.h"
#include "daemon/conf/conf_group.h"

struct hsrp_run;

struct hsrp_run_ops {
	void (*state)(void *ctx, bool is_active);
	void (*run)(void *ctx);     /* engines have been given something: carry effects out */
	void *ctx;
};

/* key: hsrp_key's, or NULL. role: in whose name effects are pushed. 0, or ERR_* with *remedy (NULL: errno). */
int hsrp_run_open(struct hsrp_run **out, struct event_base *base, int priority, const struct engine_env *env,
		  const struct conf_group *group, const struct sa_key *key, enum role_id role, const struct hsrp_run_ops *ops, const char **remedy);
void hsrp_run_close(struct hsrp_run *h);
/* This member can be active now. */
void hsrp_run_start(struct hsrp_run *h, struct now now);
/* Resigns and ends. */
void hsrp_run_stop(struct hsrp_run *h, struct now now);
/* Become active whatever the priorities, with a coup; and let another one do so. */
void hsrp_run_take_over(struct hsrp_run *h, struct now now);
void hsrp_run_yield(struct hsrp_run *h);

/* Of every link and address of the host. */
void hsrp_run_link(struct hsrp_run *h, const struct link_event *ev, struct now now);
void hsrp_run_local(struct hsrp_run *h, const struct local_event *ev, struct now now);
void hsrp_run_tick(struct hsrp_run *h, struct now now);
mono_t hsrp_run_expiry(const struct hsrp_run *h);
void hsrp_run_show(const struct hsrp_run *h, struct show *out, struct now now);
