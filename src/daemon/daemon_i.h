/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* What the parts of the process share: daemon.c (start and end), loop.c (what happens), report.c (what is shown). */
#include <event2/event.h>

#include "daemon/conf/conf.h"
#include "daemon/control.h"
#include "daemon/daemon.h"
#include "daemon/engines.h"
#include "daemon/etcd/etcd.h"
#include "daemon/exec.h"
#include "daemon/feed.h"
#include "daemon/follow.h"
#include "daemon/group/group.h"
#include "daemon/keys.h"
#include "datapath/slow.h"
#include "plat/linux/nl80211.h"
#include "plat/linux/rawin.h"
#include "plat/linux/rawin4.h"
#include "plat/linux/udpin.h"

/* Links first. All else takes turns: while a flood of packets lasts, timers, the watchdog and the operator get theirs. */
enum loop_priority { PRIO_LINK, PRIO_TURN, PRIO_N };
enum { EVENTS_MAX = 32, PORTS_MAX = 4 };

struct daemon {
	struct conf conf;
	const char *file;
	struct event_base *base;
	struct event *events[EVENTS_MAX], *fold, *watchdog;
	uint32_t n_events;

	struct engines engines;
	struct keyring keys;
	struct exec exec;
	struct store *store;
	struct dp *dp;
	struct slow *slow;
	struct rtnl *rtnl;
	struct rawin rawin;
	struct rawin4 rawin4;        /* open once IPv4 is used */
	struct udpin_port port[PORTS_MAX]; /* UDP ports that roles asked for */
	uint32_t n_ports;
	struct nl80211 *nl80211;     /* NULL: not configured */
	struct control *control;
	struct feed *feed;
	struct group *group;         /* NULL: none */
	struct etcd *etcd;           /* NULL: no store is shared */
	struct follow *follow;       /* NULL: no role wants it */
	int tun_fd;
	int timer_fd;

	mono_t armed;                /* what the timer is set to */
	mono_t started;
	uint64_t watchdog_us;
	uint64_t n_rx, n_rx_unclaimed, folded_commits;
	uint32_t n_since_run;        /* packets given to engines since effects were last carried out */
	bool is_kept;                /* leave everything for the next daemon */
};

/* Carry out what engines pushed; tick those that are due; arm the timer. */
void loop_run(struct daemon *d);
/* Registers the callbacks. 0 or ERR_*. */
int loop_open(struct daemon *d);
void loop_close(struct daemon *d);
/* Open the UDP ports that roles want and that are not open yet. */
void loop_open_ports(struct daemon *d);
/* An engine begins with IPv4. */
void loop_begin_v4(void *ctx);
/* Callbacks that the modules get: ctx is the daemon. */
void loop_on_link(void *ctx, const struct link_event *ev);
void loop_on_addr(void *ctx, const struct addr_event *ev);
void loop_on_local(void *ctx, const struct local_event *ev);
void loop_on_signal(void *ctx, const struct signal_event *ev);
void loop_on_station(void *ctx, const struct station_event *ev);
void loop_on_slow(void *ctx, const struct slow_out *o);

/* SIGHUP: read the file again. NULL or what is wrong, logged already. */
const char *daemon_reload(struct daemon *d);

/* The control server's two. */
void report_show(void *ctx, const char *what, struct show *out);
int report_ctl(void *ctx, const struct ctl_cmd *cmd, const char **msg);
