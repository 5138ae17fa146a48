/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/net/flow.h"

#include <stdlib.h>

#include "sim/check/watch.h"
#include "sim/net/kern.h"
#include "sim/net/kern4.h"
#include "sim/net/pkt.h"

static const uint32_t MAGIC = 0x726f616d;

struct flow *flow_new(struct sim *s, const char *name)
{
	struct flow *f = sim_alloc(sizeof *f), **end = &s->watch->flows;
	snprintf(f->name, sizeof f->name, "%s", name);
	while (*end) {
		f->id++;
		end = &(*end)->next;
	}
	return *end = f;
}

struct flow *flow_find(struct sim *s, const char *name)
{
	struct flow *f = s->watch->flows;
	while (f && strcmp(f->name, name) != 0)
		f = f->next;
	return f;
}

static uint8_t filler(const struct flow *f, uint32_t seq, size_t i)
{
	return (uint8_t)(seq * 31 + f->id * 7 + i);
}

static struct flow_packet *record(struct flow *f)
{
	if (f->n == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 1024;
		f->packet = realloc(f->packet, f->cap * sizeof *f->packet);
		if (!f->packet)
			exit(3);
	}
	f->packet[f->n] = (struct flow_packet){.got_ns = -1};
	return &f->packet[f->n++];
}

static void send_one(struct sim *s, void *obj, void *arg, uint64_t tag)
{
	struct flow *f = obj;
	uint8_t data[FLOW_SIZE_MAX];
	(void)arg;
	(void)tag;
	if (s->t_ns >= f->stop_ns)
		return;
	uint32_t seq = f->n;
	record(f)->sent_ns = s->t_ns;
	put32(data, MAGIC);
	put32(data + 4, f->id);
	put32(data + 8, seq);
	for (size_t i = 12; i < f->size_oct; i++)
		data[i] = filler(f, seq, i);
	sim_in(s, f->interval_ns, send_one, f, NULL, 0);
	kern_send_udp(f->from, &f->src, &f->dst, (uint16_t)(FLOW_PORT + f->id), data, f->size_oct);
}

void flow_start(struct flow *f, int64_t start_ns)
{
	sim_at(f->from->sim, start_ns, send_one, f, NULL, 0);
}

/* The payload ends where the packet ends, however many headers stand before it. */
void flow_seen(struct node *n, const uint8_t *packet, size_t len)
{
	for (struct flow *f = n->sim->watch->flows; f && n->number < 64; f = f->next) {
		const uint8_t *data = packet + len - f->size_oct;
		if (f->from == n || len < IP4_LEN + UDP_LEN + f->size_oct || get32(data) != MAGIC || get32(data + 4) != f->id)
			continue;
		if (get32(data + 8) < f->n)
			f->packet[get32(data + 8)].via |= 1ull << n->number;
		return;
	}
}

uint64_t flow_via(const struct flow *f, const struct node *n, int64_t a_ns, int64_t b_ns)
{
	uint64_t count = 0;
	for (uint32_t i = 0; i < f->n; i++)
		count += f->packet[i].sent_ns >= a_ns && f->packet[i].sent_ns < b_ns && (f->packet[i].via >> n->number & 1);
	return count;
}

static struct flow *flow_by_id(struct sim *s, uint32_t id)
{
	struct flow *f = s->watch->flows;
	while (f && f->id != id)
		f = f->next;
	return f;
}

static bool is_intact(const struct flow *f, uint32_t seq, const uint8_t *data, size_t len)
{
	bool same = len == f->size_oct;
	for (size_t i = 12; same && i < len; i++)
		same = data[i] == filler(f, seq, i);
	return same;
}

/* A broadcast of a subnet of n's? */
static bool is_for_all_of(const struct node *n, const struct addr6 *dst)
{
	for (uint32_t i = 0; i < n->n_addrs; i++)
		if (kern4_is_broadcast(n, n->addrs[i].ifindex, dst))
			return true;
	return false;
}

const char *flow_rx(struct node *n, const uint8_t *data, size_t len, bool *is_ours)
{
	*is_ours = len >= FLOW_SIZE_MIN && get32(data) == MAGIC;
	if (!*is_ours)
		return NULL;
	struct flow *f = flow_by_id(n->sim, get32(data + 4));
	uint32_t seq = get32(data + 8);
	if (!f || seq >= f->n || !is_intact(f, seq, data, len))
		return "corrupt: a datagram that was never sent like this";
	if (f->to != n && is_for_all_of(n, &f->dst))
		return NULL;
	if (f->to != n) /* one that is relayed reaches the relay itself while that has no orders */
		return node_addr_find(n, &f->dst) && !node_addr_find(f->to, &f->dst) ? NULL : "wrong-host: a datagram for another";
	struct flow_packet *p = &f->packet[seq];
	if (p->copies++ == 0) {
		p->got_ns = n->sim->t_ns;
		p->is_late = seq < f->highest;
	}
	if (seq >= f->highest)
		f->highest = seq + 1;
	return NULL;
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static double longest_gap_ms(int64_t *got, uint64_t n)
{
	int64_t gap = 0;
	qsort(got, n, sizeof *got, by_time);
	for (uint64_t i = 1; i < n; i++)
		if (got[i] - got[i - 1] > gap)
			gap = got[i] - got[i - 1];
	return (double)gap / 1e6;
}

struct flow_stats flow_stats(const struct flow *f, int64_t a_ns, int64_t b_ns)
{
	struct flow_stats st = {0};
	int64_t *got = sim_alloc((f->n + 1) * sizeof *got);
	for (uint32_t i = 0; i < f->n; i++) {
		const struct flow_packet *p = &f->packet[i];
		if (p->sent_ns < a_ns || p->sent_ns >= b_ns)
			continue;
		st.sent++;
		st.lost += p->copies == 0;
		st.doubled += p->copies > 1;
		st.reordered += p->is_late;
		if (p->copies)
			got[st.received++] = p->got_ns;
	}
	st.gap_ms = longest_gap_ms(got, st.received);
	free(got);
	return st;
}

void flows_free(struct sim *s)
{
	for (struct flow *f; (f = s->watch->flows);) {
		s->watch->flows = f->next;
		free(f->packet);
		free(f);
	}
}
