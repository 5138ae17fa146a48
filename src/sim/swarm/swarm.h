/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A swarm run: random movement, restarts, loss, duplication, reordering and partitions for a while, all drawn from
 * the seed; then the faults end, and within a set time every flow must flow again without a loss. The
 * invariants of watch.h hold all along. The scenario's `swarm` lines say what may be shaken:
 *
 *     swarm mobile NODE IF[,IF] LINK[,LINK]...
 *     swarm restart NODE[,NODE]...
 *     swarm link LINK[,LINK]...
 *     swarm group GROUP[,GROUP]... split|unsplit   members die, freeze, are split; clocks up to ten seconds apart, and steps of an hour
 *     swarm guest NODE.IF BASE.IF,BASE.IF...      a mobile without software of ours, among the cells of these agents
 *     swarm record all|one NODE[,NODE] LINE | LINE...   managers are told these in `device`, the last of them in the end
 *     swarm faults FROM TO
 *     swarm settle TIME        after the faults; then nothing more is lost
 *     swarm remains TIME       later still: nothing may be left that no live registration justifies (remains.c)
 *     swarm gone NODE          a mobile that is switched off for good in the end
 *     swarm coda               handovers inside sites without faults: no registration, and nothing lost with two radios
 *     swarm handovers N        a seed with fewer is no test
 */
#include "sim/script/script.h"

/* A line of the scenario. */
bool swarm_line(struct script *sc, const struct words *w);
/* Schedules everything and sets the end. */
bool swarm_plan(struct script *sc);
/* Plans and runs; false: the scenario is wrong. What failed stands in sc as after script_run(). */
bool swarm_run(struct script *sc);
