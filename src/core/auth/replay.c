/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/auth/replay.h"

#include "wire/mip6/mh.h"

#define LOW_HALF 0xffffffffull

static int64_t distance_ns(uint64_t stamp, wall_t from)
{
	return wall_sub(mh_wall_of_ntp(stamp, from), from).ns;
}

enum replay replay_check(uint64_t got, uint64_t last, wall_t now, span_t window)
{
	int64_t d = distance_ns(got, now);

	if (d > window.ns || d < -window.ns)
		return REPLAY_OUTSIDE;
	/* Modulo 2^64, so that the end of an era is no special moment. */
	if (last != 0 && (int64_t)(got - last) <= 0)
		return REPLAY_NOT_NEWER;
	return REPLAY_FRESH;
}

uint64_t replay_answer(uint64_t got, enum replay verdict, wall_t now)
{
	if (verdict == REPLAY_FRESH)
		return got;
	return (mh_ntp_of_wall(now) & ~LOW_HALF) | (got & LOW_HALF);
}

uint64_t stamper_next(struct stamper *s, wall_t now)
{
	uint64_t t = mh_ntp_of_wall(wall_add(now, span_ns(s->offset_ns)));

	if (s->last != 0 && (int64_t)(t - s->last) <= 0)
		t = s->last + 1;
	if (t == 0)
		t = 1; /* 0 stands for none */
	s->last = t;
	return t;
}

void stamper_adjust(struct stamper *s, uint64_t sent, uint64_t answer)
{
	/* Whole seconds: the answer's fraction is ours. The one that the peer refused does not count as used. */
	int32_t ahead_s = (int32_t)((uint32_t)(answer >> 32) - (uint32_t)(sent >> 32));

	s->offset_ns += ahead_s * NS_PER_S;
	s->last = 0;
}
