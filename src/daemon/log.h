/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The log: one line an event, key=value, to stderr; with journald at the other end each line begins
 * with its priority, else with the time. Lines are collected and written at the end of a batch.
 *
 * Writing never blocks the loop: what a slow reader of stderr leaves no room for is dropped and
 * counted, and an event that repeats more than 50 times within a second is summed up.
 */
#include "core/effect.h"

void log_open(const char *node, enum event_sev least);
void log_level(enum event_sev least);
void log_event(enum event_sev sev, enum role_id role, const char *code, const struct addr6 *mobile /* or NULL */,
	       const char *text, size_t len_oct);
/* The daemon's own. */
void log_note(enum event_sev sev, const char *code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void log_flush(void);
uint64_t log_dropped(void);
const char *event_sev_str(enum event_sev sev); /* "notice" */
