/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Extensions of control messages: for mip4.c. */
#include "wire/mip4/mip4.h"

/* r stands behind the fixed part, start is the message's first byte. */
enum wire_err mip4_exts_parse(struct rd *r, const uint8_t *start, struct mip4 *m);
