/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Signals of real radios, from nl80211 over generic netlink: the station that we are attached to
 * (asked for every period), and every cell of a finished scan. It starts no scan of its own: whoever manages the radio does. An interface that is
 * an access point tells of the stations that are associated with it, which are heard (D-6), and when one goes. Which of both a station is
 * the kernel does not say here: both are told, and the role that owns the interface takes what is its.
 */
#include "core/engine.h"
#include "plat/linux/nl.h"

struct nl80211;

struct nl80211_cb {
	void (*signal)(void *ctx, const struct signal_event *ev);
	void (*station)(void *ctx, const struct station_event *ev);
	void *ctx;
};

/* 0, ERR_NOTSUP (this kernel has no nl80211), ERR_NOMEM or ERR_SYS. */
int nl80211_open(struct nl80211 **out, const struct nl80211_cb *cb);
void nl80211_close(struct nl80211 *n);
/* Readable when something was reported. */
int nl80211_fd(const struct nl80211 *n);
void nl80211_read(struct nl80211 *n);
/* Asks about the stations of an interface: call each period for those that may be radios (others refuse, without
 * harm). Does not wait: the answers come through nl80211_read. */
void nl80211_poll(struct nl80211 *n, uint32_t ifindex);

/* One NL80211_CMD_NEW_STATION message, or one of a scan's results (NL80211_CMD_NEW_SCAN_RESULTS). False: it has no signal.
 * Needs no socket: tested with bytes. */
bool nl80211_parse(const struct nlmsghdr *msg, struct signal_event *ev);
/* NL80211_CMD_NEW_STATION with a signal, or NL80211_CMD_DEL_STATION, as an access point has it. */
bool nl80211_parse_station(const struct nlmsghdr *msg, struct station_event *ev);
