// SPDX-License-Identifier: BSD-2-Clause
/* What the programs hand up: both rings behind one descriptor, signalling first. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "base/err.h"
#include "datapath/loader_int.h"

static int ring_one(void *ctx, void *data, size_t n)
{
	struct dp *dp = ctx;
	const struct punt_rec *rec = data;
	if (n < sizeof *rec || rec->head.snap_oct > n - sizeof *rec || !dp->punt.fn)
		return 0;
	struct dp_punted p = {.ifindex = rec->head.ifindex, .why = (enum dp_punt)rec->head.why,
		.lladdr_src = lladdr_of(&rec->head.mac), .pkt = (const uint8_t *)(rec + 1), .len_oct = rec->head.snap_oct,
		.slow = rec->slow};
	dp->punt.fn(dp->punt.ctx, &p);
	return 0;
}

int ring_open(struct dp *dp)
{
	dp->ring = ring_buffer__new(dp->map_fd[MAP_RING_MH], ring_one, dp, NULL);
	if (!dp->ring)
		return ERR_SYS;
	return ring_buffer__add(dp->ring, dp->map_fd[MAP_RING], ring_one, dp) ? ERR_SYS : 0;
}

int dp_punt_fd(const struct dp *dp) { return ring_buffer__epoll_fd(dp->ring); }

int dp_punt_read(struct dp *dp, dp_punt_fn fn, void *ctx)
{
	dp->punt.fn = fn;
	dp->punt.ctx = ctx;
	int r = ring_buffer__consume(dp->ring);
	return r < 0 ? ERR_SYS : r;
}
