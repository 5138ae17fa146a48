/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Worlds made by chance: a number gives sites, access routers, correspondent nodes and mobiles, with and without agents, at
 * home and abroad, as a scenario that the swarm shakes. The text is an ordinary scenario: print it, edit it, run it.
 */
#include <stdint.h>

/* The caller frees it. Lines of `swarm` are in it. */
enum world_families { WORLD_MIXED, WORLD_IPV6, WORLD_IPV4, WORLD_DUAL };
char *world_text(uint64_t seed, enum world_families families);
