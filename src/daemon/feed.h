/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The feed socket (run-dir/feed.sock): a radio driver, or the lab in its place, tells of signals and is
 * asked to attach. Lines, words separated by blanks:
 *   driver -> roamd:  signal IF ROUTER-LLADDR DBM [bandwidth=KBPS] [load=PERMILLE] [delay=MS] [cost=N] [attached]
 *   roamd -> driver:  attach IF ROUTER-LLADDR      detach IF      error SENTENCE
 */
#include "core/engine.h"
#include "daemon/sock.h"

struct feed;

struct feed_ops {
	uint32_t (*ifindex)(void *ctx, const char *name);
	void (*signal)(void *ctx, const struct signal_event *ev);
	void *ctx;
};

int feed_open(struct feed **out, struct event_base *base, int priority, const char *path, const struct feed_ops *ops);
void feed_close(struct feed *f);
/* To every driver. How many there are. */
uint32_t feed_attach(struct feed *f, const char *ifname, const struct lladdr *router);

/* One line, changed while it is read. NULL, or what is wrong with it. ifname points into the line. */
const char *feed_parse(char *line, struct signal_event *ev, const char **ifname);
