/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The node's redundancy group in the daemon: the socket of its datagrams, the counter of its starts, and the election of the active
 * member by VRRP or HSRP, which begins only once the group's table is there.
 */
#include "daemon/conf/conf.h"

struct daemon;
struct group;

/* After the roles have been started, before records are given to them. Nothing happens without a redundancy block. 0, or ERR_* with *err
 * filled. */
int group_open(struct daemon *d, struct conf_err *err);
void group_close(struct group *g);

/* A new configuration: keys change at once; of all else is said that it needs a restart. g may be NULL. */
void group_reconf(struct group *g, const struct conf *fresh);

/* The daemon is to end. True: another member takes the active role over first, and the loop is broken when it has, or after a
 * second. */
bool group_leave(struct group *g);
/* Elections are over for this member; another one that lives is active. */
void group_stop(struct group *g);

/* All of these take NULL, and do nothing then. */
void group_on_link(struct group *g, const struct link_event *ev);
void group_on_local(struct group *g, const struct local_event *ev);
void group_tick(struct group *g, struct now now);
mono_t group_expiry(const struct group *g);

void group_show(struct group *g, struct show *out, struct now now);
/* {"group", "hand-over"} */
int group_ctl(struct group *g, const struct ctl_cmd *cmd, const char **msg);
