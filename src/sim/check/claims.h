/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What bindings claim, held against what was said: nobody is bound where it did not ask to be, no group carries two mobiles, what was
 * promised is kept across a restart, and a handover inside a site is silent (watch.h: binding, group, promise, h-11).
 */
#include "core/engine.h"
#include "sim/check/said.h"
#include "sim/net/node.h"

/* A packet for the process. */
void claims_proc_rx(struct node *n, const struct rx *rx);
void claims_send(struct node *n, const struct effect *e, const uint8_t *packet);
void claims_dp(struct node *n, const struct effect *e);
/* A process has restored what it had stored, two seconds ago. */
void claims_restored(struct node *n);
/* Has its datapath what was asked for? */
bool claims_holds(const struct node *n, const struct said *ask);
/* For a member of a redundancy group: registrations that it, or another member in the group's name, has acknowledged and that it has not; and
 * such that were ended and live. A line of the trace each when is_told. */
uint32_t claims_broken(struct node *n, bool is_told);
void claims_free(struct sim *s);
