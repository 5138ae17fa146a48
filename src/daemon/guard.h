/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What ends keepalived when roamd stands still (stopped, or stuck in a call) and cannot do so itself: a small process beside it that
 * roamd gives a sign of life through a pipe. keepalived then yields, and another member, whose roamd lives, has the address.
 *
 * The process is this very program, started under another name.
 */
#include <event2/event.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/time.h"

struct guard;

/* patience: how long no sign of life may be missing. 0, or ERR_*. */
int guard_open(struct guard **out, struct event_base *base, int priority, span_t patience);
void guard_close(struct guard *g);
/* From now on it answers for this process, until guard_end. */
void guard_begin(struct guard *g, pid_t ward);
void guard_end(struct guard *g);
/* A child of roamd's has ended: was it this one? It is started again. */
void guard_on_child(struct guard *g);

/* In the process itself, before anything else of main. False: this is no guard. */
bool guard_is_called(const char *name);
int guard_main(int argc, char **argv);
