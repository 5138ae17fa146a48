/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Groups of mobiles (D-3). That of IPv6 follows from the first identifier, so that whoever knows it can tell the group; should two
 * devices fall on the same one, the later gets a substitute, which its record then has. Those of IPv4 are given out one by one: the
 * range is too small for a hash. Which are taken is known by the tables of all devices, so none is given twice; and
 * what a device had rests before another gets it (rest.c).
 */
#include "role/mm/mm_i.h"

enum { SUBSTITUTES = 64 };

bool mm_group6(struct mm *m, const struct device_id *id, struct addr6 *out)
{
	uint8_t eui64[8];

	for (uint32_t nth = 0; nth < SUBSTITUTES; nth++) {
		device_eui64(id, m->env->crypto, nth, eui64);
		*out = addr6_from_eui64(&m->conf.group_prefix, eui64);
		if (!table_find(&m->group6, out) && !mm_rests(m, out, id))
			return true;
	}
	return false;
}

static struct addr6 nth_group4(const struct mm *m, uint32_t n)
{
	struct addr6 a = m->conf.group_prefix4.addr;
	for (uint32_t i = 0; i < 4; i++)
		a.b[15 - i] |= (uint8_t)(n >> 8 * i);
	return a;
}

/* From where the last one was found: with a range that is not nearly full, the next is free. */
bool mm_group4(struct mm *m, const struct device_id *id, struct addr6 *out)
{
	const uint32_t n = 1u << (128 - m->conf.group_prefix4.len_bits); /* 2^28 at most */

	for (uint32_t i = 0; i < n && table_count(&m->group4) < n; i++) {
		*out = nth_group4(m, m->next_group++ % n);
		if (!table_find(&m->group4, out) && !mm_rests(m, out, id))
			return true;
	}
	return false;
}
