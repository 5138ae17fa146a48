/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The host's own DHCP client, as far as a mobile sees it: on a link that leases addresses an interface that wants one gets an address and a default
 * route some time after carrier, and loses both with it. The packets of the protocol are not simulated.
 */
#include "sim/net/node.h"

/* "10.2.17.0/24" and the router there; the link leases addresses from now on. */
void dhcp_lease(struct link *l, const struct prefix6 *prefix, const struct addr6 *router);
/* Carrier came or went. */
void dhcp_carrier(struct nic *nic);
/* The radio is in another cell and nobody told: the client finds its router gone some seconds later (RFC 4436). */
void dhcp_roamed(struct nic *nic);
