/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A thread that moves SQLite's write-ahead log into the database when it is told that the log has
 * grown. It never blocks a writer (a passive checkpoint), and shares nothing with the loop but a flag.
 */
struct checkpoint;

struct checkpoint *checkpoint_start(const char *path); /* NULL on failure; path is copied */
void checkpoint_wake(struct checkpoint *c);
void checkpoint_stop(struct checkpoint *c);            /* waits for a checkpoint under way; NULL is fine */
