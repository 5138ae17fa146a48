/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Records as text. Control characters, which could come from a peer (a site's name), are shown as '?'. Those of one kind
 * become a table whose columns are their keys in the order of first appearance; a kind with a single record becomes a list of
 * keys and values. Records are collected first, because a column is as wide as its widest cell.
 */
#include <jansson.h>
#include <stdio.h>

struct render {
	json_t *kinds;   /* object: kind -> array of records, in order of appearance */
};

int render_init(struct render *r);
void render_fini(struct render *r);
/* Takes the reference. */
void render_add(struct render *r, json_t *record);
void render_print(const struct render *r, FILE *out);
/* One event on one line, as `roamctl monitor` shows it. */
void render_event(const json_t *event, FILE *out);
