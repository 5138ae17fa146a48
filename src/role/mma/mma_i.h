/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Inside the mobility management agent: its state, and what its files give each other. */
#include "core/binding.h"
#include "core/engine.h"
#include "core/mldr.h"
#include "core/rate.h"
#include "core/sa.h"
#include "role/mma/mma.h"

/* A mobile's registration here. b.coa is the care-of address that we assigned; a binding that is
 * BINDING_GONE keeps it, out of others' hands, until its rest is over. */
enum { MMA_UPLINK_BOUND = 1 /* b.flags: uplink from `onlink` only */ };
struct mma_binding {
	struct binding b;
	struct addr6 onlink;           /* where the last update came from */
	struct addr6 group;            /* :: when gone */
	struct addr6 ha;
	struct addr6 prev;             /* previous agent, whose tunnels are taken until prev_until; :: none */
	mono_t prev_until;
	mono_t key_since;              /* when gre_key_prev was retired */
	uint32_t gre_key, gre_key_prev;
	uint32_t seq_start;
};

struct mma_mobile {
	struct addr6 hoa;              /* key, of those with a /128 */
	const struct mma_mobile_conf *conf;
	const struct sa_key *key;
};

struct mma_link {
	const char *name;
	bool is_downstream;
	uint32_t ifindex;              /* 0 while absent */
	bool is_up;
	struct lladdr lladdr;
};

struct mma {
	const struct engine_env *env;
	struct mma_conf conf;
	struct mma_mobile mobile[MMA_MOBILE_CONF_MAX];
	struct table mobiles;          /* of those with a /128, by home address; the others are searched in turn */
	struct bindings bindings;
	struct table by_coa, by_group;
	struct mldr mldr;
	struct rate refusals;
	struct mma_link link[MMA_LINK_MAX + MMA_UPSTREAM_MAX];
	uint32_t n_link;
	uint32_t n_active;
	uint64_t n_accepted, n_refused;
};

extern const struct conf_block mma_conf_block;
/* NULL, or what to mend. */
const char *mma_conf_check(const struct mma_conf *c);

/* reg.c: what mobiles say. True: it was for us. */
bool mma_reg_rx(struct mma *m, const struct rx *rx, struct now now);

/* bind.c: what is registered. */
struct mma_grant {
	struct addr6 hoa, onlink, group, ha, prev;
	const struct sa_key *key;
	uint64_t stamp;
	uint16_t seq;
	uint32_t lifetime_s;
	bool is_uplink_bound;
};
/* Enter or refresh. 0, ERR_FULL (bindings or pool; *why says), ERR_NOMEM: nothing has changed then. */
int mma_bind_grant(struct mma *m, const struct mma_grant *g, struct mma_binding **out, enum reason *why, struct now now);
/* End an active binding; its address begins to rest. */
void mma_bind_release(struct mma *m, struct mma_binding *mb, const char *cause, struct now now);
void mma_bind_store(struct mma *m, const struct mma_binding *mb, struct now now);
void mma_bind_tick(struct mma *m, struct now now);
/* A stored record. 0, or ERR_INVAL. */
int mma_bind_restore(struct mma *m, const struct store_rec *rec, struct now now);
/* Put the restored bindings in the datapath. */
void mma_bind_restored(struct mma *m, struct now now);
/* Take all bindings out of the datapath; records stay. */
void mma_bind_withdraw_all(struct mma *m);

/* The mobile's block and key, or NULL. */
const struct mma_mobile *mma_mobile_find(const struct mma *m, const struct addr6 *hoa);

/* pool.c: a care-of address that nobody has or lately had. False: there is none. */
bool mma_pool_draw(const struct mma *m, struct addr6 *coa);

/* show.c */
void mma_show(const void *self, const char *what, struct show *out, struct now now);
