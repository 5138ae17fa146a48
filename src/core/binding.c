/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/binding.h"

#include "base/err.h"

/* A slab of entries; slabs live until bindings_fini. 128 KiB: large enough that malloc adds nothing, small
 * enough for a table of ten. */
enum { CHUNK_OCT = 128 * 1024, FIRST_CHUNK_OCT = 8 * 1024 };

struct chunk {
	struct chunk *next;
	size_t pad; /* keeps entries aligned to 16 */
};

void bindings_init(struct bindings *bs, const struct mem_ops *mem, const struct rng *rng, size_t entry_oct,
		   uint32_t max)
{
	*bs = (struct bindings){.entry_oct = (uint32_t)(entry_oct + 15) & ~15u, .max = max, .mem = mem};
	table_init(&bs->by_hoa, mem, rng, offsetof(struct binding, hoa), sizeof(struct addr6));
	timers_init(&bs->timers, mem);
}

void bindings_fini(struct bindings *bs)
{
	timers_fini(&bs->timers);
	table_fini(&bs->by_hoa);
	for (struct chunk *c = bs->chunks, *next; c; c = next) {
		next = c->next;
		mem_put(bs->mem, c);
	}
	bs->chunks = bs->free = NULL;
}

void *binding_find(const struct bindings *bs, const struct addr6 *hoa)
{
	return table_find(&bs->by_hoa, hoa);
}

static void give_back(struct bindings *bs, void *entry)
{
	memcpy(entry, &bs->free, sizeof bs->free);
	bs->free = entry;
}

static bool refill(struct bindings *bs)
{
	size_t oct = bs->chunks ? CHUNK_OCT : FIRST_CHUNK_OCT;
	struct chunk *c = mem_get(bs->mem, oct);
	if (!c)
		return false;
	c->next = bs->chunks;
	bs->chunks = c;
	uint8_t *first = (uint8_t *)(c + 1);
	/* From the end, so that entries are handed out in the order of their addresses. */
	for (size_t n = (oct - sizeof *c) / bs->entry_oct; n-- > 0;)
		give_back(bs, first + n * bs->entry_oct);
	return bs->free != NULL;
}

static void *take(struct bindings *bs)
{
	if (!bs->free && !refill(bs))
		return NULL;
	void *e = bs->free;
	memcpy(&bs->free, e, sizeof bs->free);
	memset(e, 0, bs->entry_oct);
	return e;
}

void *binding_add(struct bindings *bs, const struct addr6 *hoa)
{
	uint32_t n = bindings_count(bs);
	if (n >= bs->max || timers_reserve(&bs->timers, n + 1) != ERR_OK)
		return NULL;
	struct binding *b = take(bs);
	if (!b)
		return NULL;
	b->hoa = *hoa;
	b->due = MONO_NEVER;
	if (table_add(&bs->by_hoa, b) != ERR_OK) {
		give_back(bs, b);
		return NULL;
	}
	return b;
}

void binding_del(struct bindings *bs, struct binding *b)
{
	timer_clear(&bs->timers, &b->timer);
	(void)table_del(&bs->by_hoa, &b->hoa);
	give_back(bs, b);
}

void binding_due(struct bindings *bs, struct binding *b, mono_t when)
{
	b->due = when;
	if (!timer_is_set(&b->timer) || mono_before(when, b->timer.when))
		(void)timer_set(&bs->timers, &b->timer, when); /* room was reserved by binding_add */
}

void *bindings_pop(struct bindings *bs, mono_t now)
{
	struct timer *t;

	while ((t = timers_pop(&bs->timers, now))) {
		struct binding *b = container_of(t, struct binding, timer);
		if (mono_reached(b->due, now)) {
			b->due = MONO_NEVER;
			return b;
		}
		(void)timer_set(&bs->timers, t, b->due); /* it was moved on since */
	}
	return NULL;
}
