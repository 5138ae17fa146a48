/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/sim.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/net/pkt.h"

static const uint64_t FNV_BASIS = 0xcbf29ce484222325, FNV_PRIME = 0x100000001b3;

static void *resize(void *ctx, void *old, size_t n)
{
	(void)ctx;
	if (n == 0) {
		free(old);
		return NULL;
	}
	return realloc(old, n);
}
const struct mem_ops sim_mem = {resize, NULL};

void *sim_alloc(size_t n)
{
	void *p = calloc(1, n ? n : 1);
	if (!p) {
		fputs("roamsim: out of memory\n", stderr);
		exit(3);
	}
	return p;
}

void sim_init(struct sim *s, uint64_t seed)
{
	*s = (struct sim){.seed = seed, .hash = FNV_BASIS};
	prng_seed(&s->net_rng, sim_subseed(s, "links"));
}

void sim_fini(struct sim *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		free(s->heap[i].arg);
	free(s->heap);
	s->heap = NULL;
	s->n = s->cap = 0;
}

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

void sim_at(struct sim *s, int64_t at_ns, sim_fn fn, void *obj, void *arg, uint64_t tag)
{
	if (s->n == s->cap) {
		uint32_t cap = s->cap ? s->cap * 2 : 1024;
		struct sim_event *heap = sim_alloc(cap * sizeof *heap);
		if (s->n)
			memcpy(heap, s->heap, s->n * sizeof *heap);
		free(s->heap);
		s->heap = heap;
		s->cap = cap;
	}
	struct sim_event e = {at_ns < s->t_ns ? s->t_ns : at_ns, s->order++, fn, obj, arg, tag};
	uint32_t i = s->n++;
	for (; i > 0 && before(&e, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = e;
}

static struct sim_event pop(struct sim *s)
{
	struct sim_event top = s->heap[0], last = s->heap[--s->n];
	uint32_t i = 0;
	for (uint32_t c; (c = 2 * i + 1) < s->n; i = c) {
		if (c + 1 < s->n && before(&s->heap[c + 1], &s->heap[c]))
			c++;
		if (!before(&s->heap[c], &last))
			break;
		s->heap[i] = s->heap[c];
	}
	s->heap[i] = last;
	return top;
}

void sim_run(struct sim *s, int64_t until_ns)
{
	while (s->n && s->heap[0].at_ns <= until_ns) {
		struct sim_event e = pop(s);
		s->t_ns = e.at_ns;
		s->n_events++;
		e.fn(s, e.obj, e.arg, e.tag);
		free(e.arg);
	}
	s->t_ns = until_ns;
}

bool sim_chance(struct sim *s, uint32_t ppm)
{
	return ppm > 0 && sim_below(s, 1000000) < ppm;
}

int64_t sim_below(struct sim *s, int64_t bound)
{
	return bound > 0 ? (int64_t)(prng_u64(&s->net_rng) % (uint64_t)bound) : 0;
}

static uint64_t fnv(uint64_t h, const void *p, size_t n)
{
	const uint8_t *b = p;
	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * FNV_PRIME;
	return h;
}

void sim_hash(struct sim *s, const void *p, size_t n)
{
	s->hash = fnv(s->hash, p, n);
}

void sim_trace(struct sim *s, const char *who, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	sim_hash(s, &s->t_ns, sizeof s->t_ns);
	sim_hash(s, who, strlen(who));
	sim_hash(s, text, strlen(text));
	if (s->trace)
		fprintf(s->trace, "%13.6f %-6s %s\n", (double)s->t_ns / 1e9, who, text);
}

static void trace_arp(struct sim *s, const char *who, const char *link, const uint8_t *p)
{
	struct addr6 sender = ip4_addr(p + 14), target = ip4_addr(p + 24);
	fprintf(s->trace, "%13.6f %-6s %s: arp %s %s is at %s, %s %s\n", (double)s->t_ns / 1e9, who, link, get16(p + 6) == 1 ? "request" : "reply",
		ADDR46_STR(&sender), LLADDR_STR((const struct lladdr *)(p + 8)), get16(p + 6) == 1 ? "where is" : "to", ADDR46_STR(&target));
}

void sim_trace_frame(struct sim *s, const char *who, const char *link, const uint8_t *p, size_t len)
{
	if (ethertype_of(p) == ETHERTYPE_ARP) {
		if (len >= ARP_LEN)
			trace_arp(s, who, link, p);
		return;
	}
	if (len < (ip4_is(p) ? IP4_LEN : IP6_LEN))
		return;
	struct addr6 src = ip_src(p), dst = ip_dst(p);
	fprintf(s->trace, "%13.6f %-6s %s: %s -> %s next %u len %zu\n", (double)s->t_ns / 1e9, who, link, ADDR46_STR(&src),
		ADDR46_STR(&dst), ip4_is(p) ? p[9] : p[6], len);
}

uint64_t sim_subseed(const struct sim *s, const char *name)
{
	return fnv(fnv(FNV_BASIS, &s->seed, sizeof s->seed), name, strlen(name));
}
