/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Carries out what engines want done, in the order that core/effect.h promises, and keeps the
 * node's stable storage.
 */
#include "sim/net/node.h"

/* All effects in the queue. Call after every call of an engine: the stores that it pushed are made at once, before
 * anything else leaves. A packet to this very host comes back in meanwhile: what it causes waits for its turn. */
void carry_all(struct node *n);
