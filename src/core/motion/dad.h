/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Duplicate address detection on behalf of a mobile (RFC 6275 10.3.1 and 10.4.1, RFC 4862 5.4): a home
 * agent probes the home link before it takes an address over.
 *
 * One probe covers one address: it sends a neighbour solicitation from ::, waits, and any sign
 * of the address in use ends it. Packets go out through the effect queue.
 */
#include "base/addr.h"
#include "base/time.h"
#include "core/effect.h"

enum dad_verdict { DAD_RUNNING, DAD_UNIQUE, DAD_DUPLICATE };

struct dad {
	struct addr6 target;
	mono_t next;            /* next transmission or the verdict */
	uint8_t transmits_left;
	span_t retrans;
};

/* Sends the first probe. transmits: DupAddrDetectTransmits, 1 or more. */
void dad_start(struct dad *d, struct effq *fx, enum role_id role, uint32_t ifindex, const struct addr6 *target,
	       uint8_t transmits, span_t retrans, struct now now);
/* At d->next: sends again, or says DAD_UNIQUE. */
enum dad_verdict dad_tick(struct dad *d, struct effq *fx, enum role_id role, uint32_t ifindex, struct now now);
