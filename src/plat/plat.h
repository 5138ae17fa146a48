/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The door to the outside: clocks, memory and randomness for the engines. What needs
 * a kernel interface lies in plat/linux, one module a concern; the simulator has its own of
 * everything here.
 */
#include "base/mem.h"
#include "base/time.h"

/* CLOCK_MONOTONIC, which is what bpf_ktime_get_ns() counts too, and CLOCK_REALTIME. */
struct now plat_now(void);

/* malloc's memory. */
extern const struct mem_ops plat_mem;

/* The kernel's random bytes, drawn in blocks. */
extern const struct rng plat_rng;
