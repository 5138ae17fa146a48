/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Congestion marks through tunnels (RFC 6040, normal mode). In: the whole traffic class goes out on the
 * outer header. Out: the inner header gets the more severe mark; a mark that the sender did not
 * allow for means that the packet should have been dropped.
 */
#include "datapath/lib/hdr.h"

enum { ECN_NOT = 0, ECN_ECT1 = 1, ECN_ECT0 = 2, ECN_CE = 3, ECN_LOST = -1 };

/* The inner mark after decapsulation, or ECN_LOST (RFC 6040 figure 4). */
static INLINE int ecn_out(uint8_t outer_class, uint8_t inner_class)
{
	uint8_t outer = outer_class & 3, inner = inner_class & 3;
	if (outer == ECN_CE)
		return inner == ECN_NOT ? ECN_LOST : ECN_CE;
	if (outer == ECN_ECT1 && inner == ECN_ECT0)
		return ECN_ECT1;
	return inner;
}

/* What the inner word becomes; false: drop. */
static INLINE bool ecn_decap(uint32_t outer_vtf, uint32_t *inner_vtf)
{
	uint8_t tc = vtf_class(*inner_vtf);
	int e = ecn_out(vtf_class(outer_vtf), tc);
	if (e == ECN_LOST)
		return false;
	*inner_vtf = vtf_with_class(*inner_vtf, (uint8_t)((tc & 0xfc) | e));
	return true;
}
