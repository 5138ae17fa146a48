/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The process: everything that engines need put together around one event loop.
 *
 * Whatever happens (a link changes, a packet is handed up, a timer is due, a signal is measured, the operator
 * asks) is given to the engines in its own callback, and what they want done is done before the callback
 * returns: no second turn of the loop lies between cause and packet. Links come first, also while
 * packets are taken; packets, timers and operators take turns.
 */
#include "daemon/conf/conf.h"

struct daemon;

/* Takes the configuration over (empty afterwards). 0, or ERR_* with *err saying what to do. */
int daemon_start(struct daemon **out, struct conf *conf, const char *file, struct conf_err *err);
/* Runs until a signal ends it: SIGTERM and SIGINT (a stop: everything is taken back), SIGUSR1 (a restart: forwarding
 * goes on, state stays). 0 or ERR_SYS. */
int daemon_run(struct daemon *d);
void daemon_free(struct daemon *d);
