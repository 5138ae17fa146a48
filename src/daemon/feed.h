/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The feed socket (run-dir/feed.sock): a radio driver, or the lab in its place, tells of signals and is
 * asked to attach. Lines, words separated by blanks:
 *   driver -> roamd:  signal IF ROUTER-LLADDR DBM [bandwidth=KBPS] [load=PERMILLE] [delay=MS] [cost=N] [attached]
 *                     hear IF STATION-LLADDR DBM [serving] [identity=KIND:VALUE]
 *                     lost IF STATION-LLADDR
 *   roamd -> driver:  attach IF ROUTER-LLADDR      detach IF      error SENTENCE
 *
 * signal is what a mobile hears of its routers; hear and lost are what an agent's radio hears of stations, and that it hears one no
 * longer. serving: the station is attached to this radio. identity: whose authenticated session it is (the identity of 802.1X, say).
 */
#include "core/engine.h"
#include "daemon/sock.h"

struct feed;

struct feed_ops {
	uint32_t (*ifindex)(void *ctx, const char *name);
	void (*signal)(void *ctx, const struct signal_event *ev);
	void (*station)(void *ctx, const struct station_event *ev);
	void *ctx;
};

int feed_open(struct feed **out, struct event_base *base, int priority, const char *path, const struct feed_ops *ops);
void feed_close(struct feed *f);
/* To every driver. How many there are. */
uint32_t feed_attach(struct feed *f, const char *ifname, const struct lladdr *router);

enum feed_kind { FEED_SIGNAL, FEED_STATION };
struct feed_event {
	enum feed_kind kind;
	const char *ifname;         /* in the line; ifindex of what follows is for the caller to find */
	union {
		struct signal_event signal;
		struct station_event station;
	};
};
/* One line, changed while it is read. NULL, or what is wrong with it. */
const char *feed_parse(char *line, struct feed_event *ev);
