/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Interfaces and local addresses that several roles share: who wants which flags, and the
 * small numbers (slots) under which the programs know interfaces. Shared by loader and native build.
 */
#include "datapath/entry.h"

enum { OWNERS = 16 };

struct ifset_if { bool is_used; struct m_if val; uint32_t flags[OWNERS]; uint16_t owned; };
struct ifset_local { struct addr6 addr; uint32_t flags[OWNERS]; uint16_t owned; };
struct ifset {
	struct ifset_if slot[IF_SLOTS];      /* 0 stays free */
	struct ifset_local local[256];       /* beyond these, owners are not told apart */
	uint32_t n_local;
	struct dp_cn_trust trust[DP_CN_TRUST_MAX];
	uint32_t n_trust;
};

/* The slot of an interface, or 0. */
uint32_t ifset_slot(const struct ifset *s, uint32_t ifindex);
/* Takes op (DP_IF) of an owner in; the slot, or 0 when all are used. *is_new: the interface was not there. */
uint32_t ifset_put(struct ifset *s, const struct dp_if *e, uint32_t owner, bool *is_new);
/* Takes it out; the slot if there is such an interface, else 0. *is_gone: nobody owns it any more. */
uint32_t ifset_del(struct ifset *s, uint32_t ifindex, uint32_t owner, bool *is_gone);

/* The flags of a local address with this owner's put or withdrawn. False: nobody owns it any more. */
bool ifset_local_put(struct ifset *s, const struct dp_local *e, uint32_t owner, uint32_t *flags);
bool ifset_local_del(struct ifset *s, const struct dp_local *e, uint32_t owner, uint32_t *flags);

/* The set of DP_CN_TRUST with e put or deleted. 0, ERR_NOTFOUND or ERR_FULL. */
int ifset_trust(struct ifset *s, bool is_put, const struct dp_cn_trust *e, struct m_trust *v);

/* Links of a multicast entry: to slots and back. An interface that nobody has put yet gets a slot; *fresh has
 * the bits of such slots. False: no slot left. */
bool ifset_mfc(struct ifset *s, const struct dp_mfc *e, struct m_mfc *v, uint64_t *fresh);
/* Adds the old entry's links. */
void ifset_mfc_merge(struct m_mfc *v, const struct m_mfc *old);
void ifset_mfc_parse(const struct ifset *s, struct dp_mfc *e, const struct m_mfc *v);
