/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Commands of the timeline that are an attacker's: what somebody can do who sees all that is sent and knows all addresses,
 * but has no key. Each takes the words behind its verb, from i on.
 */
#include "sim/script/script.h"

bool forge_replay(struct script *sc, const struct words *w, uint32_t i);
bool forge_request(struct script *sc, const struct words *w, uint32_t i);
bool forge_inject(struct script *sc, const struct words *w, uint32_t i);
bool forge_report(struct script *sc, const struct words *w, uint32_t i);
/* A registration that somebody else asks for: to an agent, or (is_peer) to a correspondent node. */
struct forged { struct addr6 hoa, coa, to, group; uint32_t lifetime_s; bool is_signed, has_group, is_peer; };
bool forge4_request(struct node *by, const struct forged *f);
bool forge_arp(struct script *sc, const struct words *w, uint32_t i);
