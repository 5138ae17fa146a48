/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The service manager's side of sd_notify(3), without its library. No effect when nobody asked. */
#include <stdint.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=..." */
void notify_send(const char *state);
/* How often the watchdog wants to hear of us, already halved, in microseconds; 0: not at all. */
uint64_t notify_watchdog_us(void);
