/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Client of an etcd cluster: the driver behind core/shared.h.
 *
 *	job     transactions, a few dozen at a time, each retried at the next member until it is answered or its time is over
 *	read    all records once (range), then every change (watch), from one member; at the next one from where it was left
 *	probe   now and then a read that most members must agree to: is there a majority, and are we behind?
 *
 * A transaction whose answer was lost may be asked for again: what it expects makes that harmless, and the role tells its own work by the
 * record's version.
 */
#include <event2/event.h>

#include "base/show.h"
#include "core/effect.h"
#include "daemon/conf/conf_read.h"

struct etcd;

struct etcd_ops {
	void (*event)(void *ctx, const struct shared_event *ev);
	/* Behind one or several events; transactions may be asked for here. */
	void (*settled)(void *ctx);
	void *ctx;
};

/* Are the files there that conf names? line: of the role's block. 0, or ERR_INVAL with *err filled. */
int etcd_check(const struct shared_conf *conf, uint32_t line, struct conf_err *err);
/* conf stays the caller's and must outlive the client. Nothing is called back before the loop runs. 0, or ERR_* with *err filled. */
int etcd_open(struct etcd **out, struct event_base *base, int priority, const struct shared_conf *conf, const struct etcd_ops *ops,
	      struct conf_err *err);
void etcd_close(struct etcd *e); /* NULL: nothing */
/* Its end is told by SHARED_DONE, always. e NULL: nothing. */
void etcd_transact(struct etcd *e, const struct fx_shared *t, const uint8_t *ops);
void etcd_show(const struct etcd *e, struct show *out);
