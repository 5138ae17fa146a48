/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in while src/datapath/slow.c is not in the tree: every packet for the slow path is dropped. Goes away with it. */
#include "datapath/slow.h"

int slow_new(struct slow **out, const struct slow_conf *conf)
{
	(void)conf;
	*out = NULL;
	return 0;
}

void slow_free(struct slow *s) { (void)s; }

void slow_punt(struct slow *s, const struct dp_punted *p, mono_t now)
{
	(void)s;
	(void)p;
	(void)now;
}

void slow_roam0(struct slow *s, const uint8_t *pkt, size_t len_oct, mono_t now)
{
	(void)s;
	(void)pkt;
	(void)len_oct;
	(void)now;
}

void slow_raw(struct slow *s, uint32_t ifindex, const uint8_t *pkt, size_t len_oct, mono_t now)
{
	(void)ifindex;
	slow_roam0(s, pkt, len_oct, now);
}
