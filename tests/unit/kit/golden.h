/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The samples (wire_samples.h, wire4_samples.h) in tests: by name, and against the golden bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire_samples.h"

/* Builds the sample of this name among n; its length. */
static inline size_t sample_named(const struct wire_sample *of, size_t n, const char *name, uint8_t pkt[static SAMPLE_CAP_OCT])
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(of[i].name, name) == 0)
			return of[i].build(pkt, SAMPLE_CAP_OCT);
	fail_msg("no sample %s", name);
	return 0;
}

static inline size_t golden_read(const char *name, uint8_t *buf, size_t cap)
{
	char path[512], line[1024];
	snprintf(path, sizeof path, "%s/%s.hex", GOLDEN_DIR, name);
	FILE *f = fopen(path, "r");
	size_t n = 0;
	if (!f)
		fail_msg("%s is missing", path);
	while (fgets(line, sizeof line, f)) {
		unsigned byte;
		int used;
		for (char *p = line; *line != '#' && n < cap && sscanf(p, "%2x%n", &byte, &used) == 1; p += used)
			buf[n++] = (uint8_t)byte;
	}
	fclose(f);
	return n;
}

static inline void golden_compare(const struct wire_sample *s)
{
	uint8_t want[SAMPLE_CAP_OCT], got[SAMPLE_CAP_OCT];
	size_t n_want = golden_read(s->name, want, sizeof want), n = s->build(got, sizeof got);
	if (n != n_want)
		fail_msg("%s: %zu bytes, golden has %zu", s->name, n, n_want);
	for (size_t at = 0; at < n; at++) {
		if (got[at] != want[at])
			fail_msg("%s: byte %zu is %02x, golden has %02x", s->name, at, got[at], want[at]);
	}
}

/* Each output buffer too short: refused, and no byte behind it touched (ASan watches). */
static inline void golden_short(const struct wire_sample *s)
{
	uint8_t big[SAMPLE_CAP_OCT];
	size_t n = s->build(big, sizeof big);
	for (size_t cap = 0; cap < n; cap++) {
		uint8_t *tight = malloc(cap + 1);
		assert_int_equal(s->build(tight, cap), 0);
		free(tight);
	}
}
