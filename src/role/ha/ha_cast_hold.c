/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * First packets to a mobile that the network moves, while its manager is asked. Strangers make them: so places are given out once, at the start,
 * and one home address has a few of them only.
 */
#include "base/err.h"
#include "role/ha/ha_cast_i.h"

int cast_hold_init(struct ha_cast *c)
{
	c->held = mem_zget(c->h->env.mem, c->conf->held_max * sizeof *c->held);
	c->queue = mem_zget(c->h->env.mem, c->conf->held_max * sizeof *c->queue);
	return c->held && c->queue ? ERR_OK : ERR_NOMEM;
}

void cast_hold_fini(struct ha_cast *c)
{
	mem_put(c->h->env.mem, c->held);
	mem_put(c->h->env.mem, c->queue);
}

/* Queue i is done with. */
static void give_back(struct ha_cast *c, uint32_t i)
{
	c->held[c->queue[i]].len_oct = 0;
	memmove(&c->queue[i], &c->queue[i + 1], (--c->n_queue - i) * sizeof *c->queue);
}

static struct cast_held *free_place(struct ha_cast *c, const struct addr6 *hoa)
{
	uint32_t at = 0, n = 0;
	for (uint32_t i = 0; i < c->n_queue; i++)
		n += addr6_eq(&c->held[c->queue[i]].hoa, hoa);
	if (c->n_queue == c->conf->held_max || n == CAST_HELD_EACH)
		return NULL;
	while (c->held[at].len_oct)
		at++;
	c->queue[c->n_queue++] = at;
	return &c->held[at];
}

void cast_hold(struct ha_cast *c, const struct addr6 *hoa, const struct rx *rx, struct now now)
{
	struct cast_held *p = rx->len_oct <= DP_PUNT_SNAP ? free_place(c, hoa) : NULL;
	if (!p) {
		c->n_full++;
		return;
	}
	p->hoa = *hoa;
	p->until = mono_add(now.mono, c->conf->hold);
	p->len_oct = (uint32_t)rx->len_oct;
	memcpy(p->bytes, rx->pkt, rx->len_oct);
	c->n_held++;
}

/* By the routing table, which leads to roam0: the datapath has the way to the group there. */
void cast_hold_end(struct ha_cast *c, const struct addr6 *hoa, bool is_sent)
{
	for (uint32_t i = 0; i < c->n_queue;) {
		const struct cast_held *p = &c->held[c->queue[i]];
		if (!addr6_eq(&p->hoa, hoa)) {
			i++;
			continue;
		}
		if (is_sent)
			fx_send(c->h->env.fx, ROLE_HA, 0, NULL, p->bytes, p->len_oct);
		c->n_sent += is_sent;
		give_back(c, i);
	}
}

/* All wait equally long, so the oldest is the first that is due. */
void cast_hold_tick(struct ha_cast *c, struct now now)
{
	while (c->n_queue && mono_reached(c->held[c->queue[0]].until, now.mono))
		give_back(c, 0);
}

mono_t cast_hold_expiry(const struct ha_cast *c) { return c->n_queue ? c->held[c->queue[0]].until : MONO_NEVER; }
