/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What must hold of mobiles that the network moves. Managers' records are read from their disks, by other code than wrote them; what agents do is
 * held against them and against what their radios heard:
 *
 *   group     two devices have one group, on whatever managers' disks, or one had it too shortly before
 *   guest     an agent serves whom no manager has told it of, or another's link-layer address
 *   forget    an agent keeps an entry of a station that it has not heard for longer than it may, or listens to a group for nobody
 *   way       a home agent sends a home address to a group that no manager gave it
 */
#include "core/effect.h"
#include "sim/net/node.h"

struct cast;

/* A datagram between agent and manager, as it went out to its first link: of wire/mm's type, to this address; the first or the last of them. NULL: none. */
struct cast_datagram { struct cast_datagram *next; uint8_t type; struct addr6 to; size_t len_oct; uint8_t packet[]; };
const struct cast_datagram *cast_datagram(const struct sim *s, uint8_t type, const struct addr6 *to, bool is_first);
void cast_on_link(struct sim *s, const uint8_t *p, size_t len);

void cast_free(struct sim *s);
/* A record on a node's disk is there, is about to go. */
void cast_stored(struct node *n, const struct store_item *i);
void cast_unstored(struct node *n, const struct store_item *i);
/* The process of an agent is told that it hears this station, or has lost it. */
void cast_heard(const struct nic *base, const struct nic *mobile, bool is_gone);
/* An entry is put. True: it is of a mobile that the network moves, and has been judged. */
bool cast_dp(struct node *n, const struct dp_op *op);
/* It reports that it listens to a group, wider than a link. */
void cast_reported(const struct node *n, const struct addr6 *group);
/* The scenario begins. */
void cast_start(struct sim *s);

/* Has this station's mobile a living entry there? */
bool cast_serves(const struct nic *base, const struct nic *mobile);
/* Does a manager say now that this home address goes to this group? */
bool cast_is_recorded(const struct sim *s, const struct addr6 *home, const struct addr6 *group);
/* Is the node a living guest's agent for this group? */
bool cast_has_guest(const struct node *n, const struct addr6 *group);
/* When all is quiet: is the mobile of this entry (DP_GUEST, or DP_VISIT of such a one) heard here? */
bool cast_is_justified(const struct node *n, const struct dp_op *op);
/* A host without software of ours that has this address, or NULL. */
const struct node *cast_mobile(const struct sim *s, const struct addr6 *home);
