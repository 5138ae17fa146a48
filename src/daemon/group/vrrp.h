/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * VRRP by keepalived: its configuration, its life, and what it says.
 *
 * roamd starts keepalived once it could serve, and reads its state from a FIFO. When it dies alone, what it leaves behind is removed and
 * it is started again; when roamd dies, however suddenly, the kernel ends it with SIGTERM, and it yields at once with priority 0.
 *
 * Who is to be active is moved by a file whose number keepalived adds to the priority, at once: a member that is active and is not to be
 * preempted stands above all configured priorities, and one that is asked to take over above that. So no member need know another's
 * priority, and an existing keepalived can follow the same file.
 */
#include <event2/event.h>

#include "base/show.h"
#include "daemon/conf/conf_group.h"

struct vrrp;

struct vrrp_ops {
	void (*state)(void *ctx, bool is_active);
	/* keepalived is gone without having cleaned up: take the virtual addresses away. */
	void (*remains)(void *ctx);
	void *ctx;
};

enum { VRRP_HOLD = 100, VRRP_TOP = 254 }; /* added while active; effective while taking over */

/* dir: where the files go; it exists. 0, or ERR_* with errno. group must outlive it. */
int vrrp_open(struct vrrp **out, struct event_base *base, int priority, const struct conf_group *group, const char *dir,
	      const struct vrrp_ops *ops);
/* Now this member can be active. (External: its state is believed from now on.) */
void vrrp_start(struct vrrp *v);
/* Yields and ends; waits until the addresses are gone, but not long. */
void vrrp_stop(struct vrrp *v);
void vrrp_close(struct vrrp *v);

/* Become active, whatever the priorities; and let another one. */
void vrrp_take_over(struct vrrp *v);
void vrrp_yield(struct vrrp *v);

/* "election" */
void vrrp_show(const struct vrrp *v, struct show *out);
