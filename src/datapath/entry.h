/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Entries as engines speak of them (dp.h) to keys and values as they lie in the maps (lib/types.h), and
 * back. Shared by the loader and the native build; pure functions.
 */
#include "datapath/dp.h"
#include "datapath/lib/types.h"

union entry_key { struct a6 addr; struct k_pair pair; struct k_site site; struct k_port port; uint32_t ifindex; };
union entry_val {
	struct m_local local; struct m_home home; struct m_coa coa; struct m_uplink_in uplink_in; struct m_site site;
	struct m_mfc mfc; struct m_downlink downlink; struct m_uplink_out uplink_out; struct m_cn cn; struct m_ro ro; struct m_net net;
	struct m_home_more home_more; struct m_visit visit; struct m_guest guest; struct m_relay relay; struct m_unbound unbound;
	struct m_reverse reverse;
};

/* Octets of the table's key and value; FEAT_* that says it is in use. Not for DP_IF and DP_CN_TRUST, which are no maps by key. */
struct entry_shape { uint32_t key_oct, val_oct, feature; };
const struct entry_shape *entry_shape(enum dp_table t);
/* All of FEAT_* that this entry takes. */
uint32_t entry_features(const struct dp_op *op);

void entry_key(const struct dp_op *op, union entry_key *key);
/* Mask and network, to compare words with. */
struct m_prefix entry_prefix(const struct prefix6 *p);
/* DP_MFC's links are left to ifset_mfc. */
void entry_val(const struct dp_op *op, union entry_val *val);
/* Fills the non-key fields of op. */
void entry_parse(struct dp_op *op, const union entry_val *val);

/* A mobile that stays in its group keeps its sequence numbers rising, past those given out meanwhile; a tunnel that stays the last that
 * it brought. old: may be NULL. */
void entry_coa_keep(struct m_coa *v, const struct m_coa *old);
void entry_downlink_keep(struct m_downlink *v, const struct m_downlink *old);
void entry_guest_keep(struct m_guest *v, const struct m_guest *old);

/* A path MTU that somebody told us, but no less than a path can have, or should be believed to have. */
uint32_t entry_pmtu(const struct addr6 *dst, uint32_t mtu_oct);

/* May this be put, or deleted (the key alone counts)? 0 or ERR_INVAL. */
int entry_check(const struct dp_op *op, bool is_put);

static inline struct a6 a6_of(const struct addr6 *a) { struct a6 r; __builtin_memcpy(&r, a, 16); return r; }
static inline struct addr6 addr6_of(const struct a6 *a) { struct addr6 r; __builtin_memcpy(&r, a, 16); return r; }
static inline struct mac mac_of(const struct lladdr *l) { struct mac r; __builtin_memcpy(&r, l, 6); return r; }
static inline struct lladdr lladdr_of(const struct mac *m) { struct lladdr r; __builtin_memcpy(&r, m, 6); return r; }
