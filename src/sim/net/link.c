/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/net/link.h"

#include <stdlib.h>
#include <string.h>

#include "sim/check/watch.h"
#include "sim/net/kern.h"
#include "sim/net/node.h"
#include "sim/net/pkt.h"
#include "sim/radio.h"

struct frame *frame_new(const void *bytes, size_t len, struct meta meta)
{
	size_t cap = FRAME_HEADROOM + len + FRAME_TAILROOM;
	struct frame *f = sim_alloc(sizeof *f + cap);
	*f = (struct frame){.meta = meta, .off = FRAME_HEADROOM, .len = (uint32_t)len, .cap = (uint32_t)cap};
	memcpy(frame_data(f), bytes, len);
	return f;
}

struct frame *frame_dup(const struct frame *f)
{
	return frame_new(f->buf + f->off, f->len, f->meta);
}

void frame_push_eth(struct frame *f, const struct lladdr *dst, const struct lladdr *src)
{
	uint16_t type = ethertype_of(frame_data(f));
	f->off -= ETH_LEN;
	f->len += ETH_LEN;
	uint8_t *p = frame_data(f);
	memcpy(p, dst, 6);
	memcpy(p + 6, src, 6);
	put16(p + 12, type);
}

struct link *link_new(struct sim *s, const char *name)
{
	struct link *l = sim_alloc(sizeof *l), **end = &s->links;
	snprintf(l->name, sizeof l->name, "%s", name);
	while (*end)
		end = &(*end)->next;
	return *end = l;
}

struct link *link_find(struct sim *s, const char *name)
{
	struct link *l = s->links;
	while (l && strcmp(l->name, name) != 0)
		l = l->next;
	return l;
}

void link_attach(struct link *l, struct nic *n)
{
	link_detach(n);
	if (l->n_nics == LINK_NICS_MAX)
		return;
	l->nics[l->n_nics++] = n;
	n->link = l;
	n->side = 0;
	n->epoch++;
	watch_attach(n);
	n->last = l;
}

void link_detach(struct nic *n)
{
	struct link *l = n->link;
	uint32_t i = 0;
	if (!l)
		return;
	watch_detach(n);
	while (l->nics[i] != n)
		i++;
	memmove(&l->nics[i], &l->nics[i + 1], (l->n_nics - i - 1) * sizeof *l->nics);
	l->n_nics--;
	n->link = NULL;
	n->epoch++;
}

static void arrive(struct sim *s, void *obj, void *arg, uint64_t epoch)
{
	struct nic *to = obj;
	if (to->epoch == epoch) /* else it has left meanwhile */
		kern_rx(s, to, arg);
}

/* Not before the link is free, and not before the delay; a reordered frame takes its time. */
static int64_t arrival_time(struct sim *s, struct link *l, int64_t sent_ns)
{
	int64_t t = sent_ns + l->delay_ns;
	if (l->jitter_ns)
		t += sim_below(s, l->jitter_ns);
	if (sim_chance(s, l->reorder_ppm))
		t += sim_below(s, l->reorder_ns) + 1;
	return t;
}

static void deliver(struct sim *s, struct link *l, struct nic *to, const struct frame *f, int64_t sent_ns)
{
	uint32_t copies = sim_chance(s, l->loss_ppm) ? 0 : sim_chance(s, l->dup_ppm) ? 2 : 1;
	while (copies--) {
		struct frame *c = frame_dup(f);
		c->meta.hops++;
		sim_at(s, arrival_time(s, l, sent_ns), arrive, to, c, to->epoch);
	}
}

static bool is_for(const uint8_t *mac, const struct nic *to)
{
	return (mac[0] & 1) || memcmp(mac, &to->lladdr, 6) == 0 || memcmp(mac, &to->gate, 6) == 0;
}

/* When the last bit has left, on a link with a rate. */
static int64_t depart_time(struct sim *s, struct link *l, uint32_t len)
{
	if (!l->rate_bps)
		return s->t_ns;
	int64_t start = l->busy_until_ns > s->t_ns ? l->busy_until_ns : s->t_ns;
	l->busy_until_ns = start + (int64_t)(len * 8ull * NS_PER_S / l->rate_bps);
	return l->busy_until_ns;
}

void link_tx(struct sim *s, struct nic *from, const struct frame *f)
{
	struct link *l = from->link;
	const uint8_t *mac = f->buf + f->off;

	if (!l || from->node->is_frozen)
		return;
	watch_tx(s, from, f);
	radio_check(from, f);
	if (l->is_cut || f->meta.hops >= HOPS_MAX)
		return;
	int64_t sent = depart_time(s, l, f->len);
	for (uint32_t i = 0; i < l->n_nics; i++) {
		struct nic *to = l->nics[i];
		if (to != from && to->side == from->side && is_for(mac, to) && radio_reaches(from, to))
			deliver(s, l, to, f, sent);
	}
}

void links_free(struct sim *s)
{
	for (struct link *l; (l = s->links);) {
		s->links = l->next;
		free(l);
	}
}
