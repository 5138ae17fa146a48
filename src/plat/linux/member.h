/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Memberships in source-specific groups by sockets, so that interfaces (and switches that ask
 * for it) let the packets in. The kernel limits what one socket may join; another is opened when one is full.
 */
#include "core/effect.h"

struct member;

int member_open(struct member **out); /* 0 or ERR_NOMEM */
/* Leaves everything. */
void member_close(struct member *m);
/* 0 (also when it was joined already), ERR_NOMEM, or ERR_SYS with errno. */
int member_join(struct member *m, const struct fx_group *g);
/* 0, ERR_NOTFOUND, or ERR_SYS. */
int member_leave(struct member *m, const struct fx_group *g);
uint32_t member_count(const struct member *m);
