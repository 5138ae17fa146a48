/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers to IPv4 mobiles. We do not know where in the site a mobile is, and its home address is routed to its home: so what we say to
 * it goes to its group, like the packets for it, but in the clear: UDP to port 434 of the group, a frame on each link
 * that has a listener.
 *
 * The mobile's membership report and its request leave together, by different ways: an answer may be ready before the report is here. Then it is
 * held for a moment, and leaves with the group's first listener. A later answer to the same group takes its place.
 */
#include "base/err.h"
#include "role/mma/mma_i.h"

enum { HELD_MAX = 64, HELD_MS = 1000, HELD_OCT = 1500 };

struct mma_held {
	struct addr6 group;
	mono_t until;
	uint16_t len_oct;
	uint8_t pkt[HELD_OCT];
};

/* With a multicast routing daemon: by the interface where our packets to groups enter the host's forwarding. */
static bool put(struct mma *m, const struct addr6 *group, const void *pkt, size_t len_oct)
{
	uint32_t oif[MLDR_LINK_MAX];
	if (m->conf.multicast == MMA_PIM) {
		fx_send_from_host(m->env->fx, ROLE_MMA, m->inject_ifindex, pkt, len_oct);
		return true;
	}
	const struct mldr_channel *ch = mldr_find(&m->mldr, group, &m->conf.address_v4);
	uint32_t n = ch ? mldr_oifs(&m->mldr, ch, oif) : 0;
	for (uint32_t i = 0; i < n; i++)
		fx_send(m->env->fx, ROLE_MMA, oif[i], NULL, pkt, len_oct);
	return n;
}

/* The place of an answer to this group, or a free one. */
static struct mma_held *place(struct mma *m, const struct addr6 *group)
{
	if (!m->held)
		m->held = mem_get(m->env->mem, HELD_MAX * sizeof *m->held);
	for (uint32_t i = 0; m->held && i < m->n_held; i++)
		if (addr6_eq(&m->held[i].group, group))
			return &m->held[i];
	return m->held && m->n_held < HELD_MAX ? &m->held[m->n_held++] : NULL;
}

void mma_answer_send(struct mma *m, const struct addr6 *group, const void *pkt, size_t len_oct, struct now now)
{
	if (put(m, group, pkt, len_oct))
		return;
	struct mma_held *h = len_oct <= HELD_OCT ? place(m, group) : NULL;
	if (!h) {
		reason_count(m->env, R_MMA_UNHEARD);
		return;
	}
	h->group = *group;
	h->until = mono_add(now.mono, span_ms(HELD_MS));
	h->len_oct = (uint16_t)len_oct;
	memcpy(h->pkt, pkt, len_oct);
}

void mma_answer_listened(struct mma *m, const struct addr6 *group)
{
	for (uint32_t i = 0; i < m->n_held; i++)
		if (addr6_eq(&m->held[i].group, group) && put(m, group, m->held[i].pkt, m->held[i].len_oct)) {
			m->held[i] = m->held[--m->n_held];
			return;
		}
}

void mma_answer_tick(struct mma *m, struct now now)
{
	for (uint32_t i = 0; i < m->n_held;) {
		if (!mono_reached(m->held[i].until, now.mono)) {
			i++;
			continue;
		}
		reason_count(m->env, R_MMA_UNHEARD);
		m->held[i] = m->held[--m->n_held];
	}
}

mono_t mma_answer_expiry(const struct mma *m)
{
	mono_t first = MONO_NEVER;
	for (uint32_t i = 0; i < m->n_held; i++)
		first = mono_min(first, m->held[i].until);
	return first;
}

void mma_answer_fini(struct mma *m)
{
	mem_put(m->env->mem, m->held);
	m->held = NULL;
	m->n_held = 0;
}
