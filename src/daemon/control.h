/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The control socket (run-dir/roamd.sock). One JSON object a line in:
 *   {"cmd":"show","what":"bindings"}          -> records, then {"end":true,"error":null}
 *   {"cmd":"ctl","args":["handover","wlan0"]} -> {"end":true,"error":null or a sentence}
 *   {"cmd":"monitor"}                         -> {"event":...} lines until the client leaves
 *
 * A monitor that does not read loses events; it is told how many in "lost" of the next one.
 */
#include "base/show.h"
#include "core/engine.h"
#include "daemon/sock.h"

struct control;

struct control_ops {
	void (*show)(void *ctx, const char *what, struct show *out);
	/* 0 or ERR_*, *msg a sentence or NULL. ERR_AGAIN: control_answer comes, or has come already. */
	int (*ctl)(void *ctx, const struct ctl_cmd *cmd, const char **msg);
	void *ctx;
};

int control_open(struct control **out, struct event_base *base, int priority, const char *path, const struct control_ops *ops);
void control_close(struct control *c);
/* The end of a command whose ctl returned ERR_AGAIN. text: a->len_oct octets. */
void control_answer(struct control *c, const struct fx_answer *a, const char *text);
/* To every monitor. */
void control_event(struct control *c, const struct fx_event *ev, enum role_id role, const char *text, wall_t now);
