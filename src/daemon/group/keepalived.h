/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* keepalived's process: vrrp.h decides when there is one. */
#include <stdbool.h>
#include <sys/types.h>

#define KEEPALIVED_PID_FILE "keepalived.pid"
#define KEEPALIVED_VRRP_PID_FILE "vrrp.pid"

bool keepalived_is_installed(void);
/* Starts it with the configuration in dir, its files there, its words to the descriptor out. It leads a process group of its own, and is ended by SIGTERM
 * when the calling thread ends, however suddenly. Its process, or -1 with errno. */
pid_t keepalived_spawn(const char *dir, int out);
