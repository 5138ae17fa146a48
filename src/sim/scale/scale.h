/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A hundred thousand mobiles for an hour: what signalling costs, where.
 *
 * The engines are the real ones (home agent, agents of sites, access routers, mobiles: role_ops as the daemon drives
 * them), their packets are real, authenticated and parsed. What is between them is not: there is no kernel, no datapath, no neighbour
 * discovery and no data; a packet goes to whom its destination address belongs, after a fixed delay, and none is lost.
 * Mobiles have two radios and move from cell to cell by chance. The kernel's own membership reports are made, for they load access links.
 *
 * Beside Roamcast (SCALE_ROAMCAST) the same movement is run with plain Mobile IPv6 (SCALE_MIPV6: the same mobile and home agent
 * without agents in the sites) and with Hierarchical Mobile IPv6 (SCALE_HMIPV6: RFC 5380 as a model on core/reg's state machine, for there
 * is no such engine here; see scale_hmip.c).
 */
int scale_main(int argc, char **argv);
