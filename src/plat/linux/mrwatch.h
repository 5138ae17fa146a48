/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The kernel's own multicast forwarding cache, as some routing daemon fills it: rtnetlink announces each entry that is made, changed or
 * removed, of both families, to whoever listens. Addresses of IPv4 are mapped ones.
 *
 * Two things it does not announce: that an interface leaves the multicast forwarding (its index is told again when the daemon, who
 * did that, changes the entries), and packets that are counted.
 */
#include "core/engine.h"

struct mrwatch;
typedef void (*mrwatch_fn)(void *ctx, const struct mroute_event *ev);

/* Subscribes; nothing is reported before the first mrwatch_read. 0, ERR_NOMEM or ERR_SYS. */
int mrwatch_open(struct mrwatch **out, mrwatch_fn fn, void *ctx);
void mrwatch_close(struct mrwatch *w);
/* Readable when something happened. */
int mrwatch_fd(const struct mrwatch *w);
/* Reports what is waiting; the first time, and when the kernel had to drop something, everything that is there. 0: what was reported is how it is; or
 * ERR_SYS: it is not known, the next call tries again. */
int mrwatch_read(struct mrwatch *w);
/* The next call of mrwatch_read reports everything. */
void mrwatch_again(struct mrwatch *w);
