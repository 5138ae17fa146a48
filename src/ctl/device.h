/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The mobility manager's devices: one a line of words ("imsi:... home=10.1.0.5/24"), or a file of them.
 *
 * A file is CSV with a line of column names, or JSON: an array of objects, or objects one behind the other. Names are kinds of
 * identifiers (imsi, eui48, nai ...; id, id2 ... with the kind in the value) and settings (home, group, source ...); what `device list
 * --json` prints can be read again. Records go to the daemon in batches, each batch one commit.
 */
#include <stdio.h>

#include "ctl/client.h"

/* argv[0] is the word behind "device". Exit status; says what is wrong on stderr. */
int device_command(const char *socket, int as_json, int argc, char **argv);

/* Takes a record as a line of words, with its place in the file; false stops. */
typedef int (*device_line_fn)(void *ctx, const char *line, unsigned place);
/* 0, or -1 with what is wrong on stderr. name: for messages. */
int device_file_read(FILE *f, const char *name, device_line_fn fn, void *ctx);
