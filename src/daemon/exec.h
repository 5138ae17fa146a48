/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Carrying out effects. A batch is everything that engines pushed since the last one: first all
 * its records go to the store in one commit, then the rest takes place in the order pushed, with one liberty: so that
 * packets and entries of the datapath can be gathered into few system calls, an entry may take effect before
 * packets (and entries of other tables) that were pushed ahead of it; never after anything pushed behind it.
 *
 * When the commit fails, packets of the role that wanted it are withheld: what a peer is told would survive
 * must. The records stay in the store's batch and go with the next one.
 */
#include "core/effect.h"
#include "datapath/loader.h"
#include "plat/linux/member.h"
#include "plat/linux/rtnl.h"
#include "plat/linux/send.h"
#include "plat/linux/sysctl.h"
#include "store/store.h"

enum { EXEC_OPS_MAX = 256, EXEC_IF_MAX = 64 };

struct exec {
	struct store *store;
	struct sender *sender;
	struct member *member;
	struct rtnl *rtnl;
	struct sysctl *sysctl;
	bool is_setting;             /* change kernel settings of interfaces */
	struct dp *dp;               /* NULL: no datapath */
	int tun_fd;
	uint32_t tun_ifindex;
	void (*attach)(void *ctx, const struct fx_attach *a, const char *ifname);
	void (*keep_send)(void *ctx, const struct fx_keep *k);
	void (*shared)(void *ctx, const struct fx_shared *t, const uint8_t *ops);
	void (*answer)(void *ctx, const struct fx_answer *a, const char *text); /* text is not terminated */
	void (*event)(void *ctx, const struct fx_event *ev, enum role_id role, const char *text);
	void *ctx;
	uint64_t n_batches, n_effects, n_failed;
	struct exec_ops { struct dp_op *op; uint32_t n; enum dp_verb verb; } ops[DP_TABLE_N]; /* entries not yet applied */
	struct exec_ops late;        /* those that wait until what is sent has left */
	struct exec_if { uint32_t ifindex, flags; } owned[EXEC_IF_MAX]; /* interfaces that programs were attached to in this life */
	uint32_t n_owned;
	bool is_forwarding;          /* the namespace forwards: set once */
	void (*begin_v4)(void *ctx); /* called once, at the first thing of IPv4 that an engine wants done */
	bool is_v4, is_forwarding4;
	uint32_t source4;           /* settings_source4 was here last */
};


int exec_init(struct exec *x); /* 0 or ERR_NOMEM; the first members are the caller's, set before */
void exec_fini(struct exec *x);
/* Takes away what interfaces of ours still have from an earlier daemon and nobody asked for again. How many things. */
uint32_t exec_sweep(struct exec *x);
/* Carries out everything in the queue, and empties it. */
void exec_run(struct exec *x, struct effq *q);
