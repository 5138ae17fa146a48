// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the programs hand up: both rings behind one descriptor. Each gives a limited number of records in
 * its turn, so that a flood in one (registrations) holds up neither the other (memberships, advertisements) nor the
 * rest of the daemon.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/err.h"
#include "datapath/loader_int.h"

enum { TURN = 1024 };

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
	return --dp->punt.left ? 0 : -ECANCELED; /* this one is taken all the same */
}

static int ring_add(struct dp *dp, int which, int map_fd)
{
	struct epoll_event ev = {.events = EPOLLIN};

	dp->ring[which] = ring_buffer__new(map_fd, ring_one, dp, NULL);
	if (!dp->ring[which] || epoll_ctl(dp->ring_fd, EPOLL_CTL_ADD, ring_buffer__epoll_fd(dp->ring[which]), &ev))
		return ERR_SYS;
	return 0;
}

int ring_open(struct dp *dp)
{
	dp->ring_fd = epoll_create1(EPOLL_CLOEXEC);
	if (dp->ring_fd < 0 || ring_add(dp, 0, dp->map_fd[MAP_RING_MH]))
		return ERR_SYS;
	return ring_add(dp, 1, dp->map_fd[MAP_RING]);
}

void ring_close(struct dp *dp)
{
	for (int i = 0; i < 2; i++)
		ring_buffer__free(dp->ring[i]);
	if (dp->ring_fd > 0)
		close(dp->ring_fd);
}

int dp_punt_fd(const struct dp *dp) { return dp->ring_fd; }

int dp_punt_read(struct dp *dp, dp_punt_fn fn, void *ctx)
{
	int n = 0;

	dp->punt.fn = fn;
	dp->punt.ctx = ctx;
	for (int i = 0; i < 2; i++) {
		dp->punt.left = TURN;
		int r = ring_buffer__consume(dp->ring[i]);
		if (r < 0 && r != -ECANCELED)
			return ERR_SYS;
		n += (int)(TURN - dp->punt.left);
	}
	return n;
}
