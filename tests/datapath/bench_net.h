/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A namespace of its own for the programs under test: the interfaces of dpk.h as veth pairs, routes and neighbours
 * of bench_route, a bpffs that nobody else sees. All goes with the process.
 */
#include "datapath/loader_int.h"
#include "dpk.h"

/* So long that a processor that others use too does not let it pass. */
enum { BENCH_WINDOW_MS = 20000 };

/* Exits 77 (skipped) when not allowed. */
void bench_net_up(void);
/* Opens the datapath there and puts bench_entries. */
struct dp *bench_net_open(uint32_t punt_rate_pps);
/* Puts bench_entries_more. */
void bench_net_more(struct dp *dp);

struct run { int verdict; uint32_t ns; uint8_t out[4096]; size_t n; };
/* BPF_PROG_TEST_RUN of the program for frames coming in or (DPN_OUT) going out, `repeat` times; ns of one. */
struct run bench_net_run(struct dp *dp, uint32_t ifindex, enum dpn_dir dir, const struct pk *p, uint32_t repeat);
