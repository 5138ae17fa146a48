/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The datapath of one node: the natively compiled programs (datapath/native.h) in the places where
 * traffic control has them, and the slow path of the daemon behind them. What is put stays when the
 * process dies, as pinned maps do.
 */
#include "datapath/native.h"
#include "sim/net/node.h"

struct fwd *fwd_new(struct node *n);
void fwd_free(struct fwd *d);

/* True: the frame (Ethernet) was taken; false: the stack goes on with it, its bytes as they are now. */
bool fwd_ingress(struct node *n, uint32_t ifindex, struct frame *f);
/* The stack is about to send the frame (Ethernet) through nic. True: the programs did, or what became of it; false: go on. */
bool fwd_out(struct node *n, struct nic *nic, struct frame *f);
/* A packet that the stack routed into roam0. */
void fwd_roam0(struct node *n, struct frame *f);

/* FX_KEEP_SEND. */
void fwd_keep_send(struct node *n, const struct fx_keep *k);
mono_t fwd_ro_used(const struct node *n, const struct addr6 *home_address, const struct addr6 *cn);
mono_t fwd_cn_used(const struct node *n, const struct addr6 *home_address, const struct addr6 *self);
bool fwd_last_seq(const struct node *n, const struct addr6 *group, const struct addr6 *source, uint32_t *seq);

void fwd_apply(struct node *n, const struct effect *e);
/* The process starts: entries put from now on are kept; after fwd_adopt_done all that was not put again is gone, bindings excepted. */
void fwd_adopt(struct node *n);
void fwd_adopt_done(struct node *n);
/* A packet from a raw socket that no role wanted: outer fragments, tunnels that did not meet the programs. */
void fwd_raw(struct node *n, uint32_t ifindex, const uint8_t *p, size_t len);
/* The machine itself restarts: nothing is left. */
void fwd_reset(struct node *n);

/* Has the role of this effect put an entry with its key? */
bool fwd_has(const struct node *n, const struct effect *e);
bool fwd_is_same(const struct dp_op *a, const struct dp_op *b); /* table and key */
/* The entry that was put with this key, or NULL. */
const struct dp_op *fwd_find(const struct node *n, const struct dp_op *key);
/* Entries, one after the other: start with *it = 0. */
const struct dp_op *fwd_next(const struct node *n, uint32_t *it);
/* An entry of fwd_next(): the process that runs has put it, not one before. */
bool fwd_is_fresh(const struct dp_op *op);
uint64_t fwd_count(const struct node *n, uint32_t index);
