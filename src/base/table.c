/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/table.h"

#include <string.h>

#include "base/err.h"

enum { MIN_CAP = 16, DRAIN_STEP = 8 };

static uint64_t rotl(uint64_t v, int n) { return v << n | v >> (64 - n); }

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

/* SipHash-1-3 over the key (Aumasson and Bernstein, 2012). */
static uint64_t hash(const struct table *t, const void *key)
{
	const uint8_t *p = key;
	size_t n = t->key_len_oct;
	uint64_t v[4] = {t->seed[0] ^ 0x736f6d6570736575, t->seed[1] ^ 0x646f72616e646f6d,
			 t->seed[0] ^ 0x6c7967656e657261, t->seed[1] ^ 0x7465646279746573};
	uint64_t m;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&m, p, 8);
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	m = (uint64_t)t->key_len_oct << 56;
	for (size_t i = 0; i < n; i++)
		m |= (uint64_t)p[i] << (8 * i);
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Kept beside each slot, so that most keys need not be looked at, and no entry to be moved. 0 is a free slot's. */
static uint32_t tag_of(const struct table *t, const void *key)
{
	const uint32_t low = (uint32_t)hash(t, key);
	return low ? low : 1;
}

static const void *key_of(const struct table *t, const void *entry)
{
	return (const uint8_t *)entry + t->key_off;
}

/* They lie behind the slots. */
static uint32_t *tags_of(void **slots, uint32_t cap) { return (uint32_t *)(void *)(slots + cap); }

void table_init(struct table *t, const struct mem_ops *mem, const struct rng *rng, size_t key_off,
		size_t key_len_oct)
{
	*t = (struct table){.mem = mem, .key_off = (uint32_t)key_off, .key_len_oct = (uint32_t)key_len_oct};
	rng->fill(rng->ctx, t->seed, sizeof t->seed);
}

void table_fini(struct table *t)
{
	mem_put(t->mem, t->slots);
	mem_put(t->mem, t->old);
	t->slots = t->old = NULL;
	t->cap = t->old_cap = t->n = t->old_n = 0;
}

/* Index of the entry with this key, or of the free slot where it would go. cap > 0 and one slot is free. */
static uint32_t probe(const struct table *t, void **slots, uint32_t cap, const void *key, uint32_t tag)
{
	const uint32_t *tags = tags_of(slots, cap);
	uint32_t i = tag & (cap - 1);
	while (tags[i] && !(tags[i] == tag && memcmp(key_of(t, slots[i]), key, t->key_len_oct) == 0))
		i = (i + 1) & (cap - 1);
	return i;
}

/* Close the gap at i (Knuth 6.4, algorithm R). */
static void shift_back(void **slots, uint32_t cap, uint32_t i)
{
	uint32_t *tags = tags_of(slots, cap), gap = i;
	for (uint32_t j = (i + 1) & (cap - 1); tags[j]; j = (j + 1) & (cap - 1)) {
		uint32_t home = tags[j] & (cap - 1);
		if (((j - home) & (cap - 1)) >= ((j - gap) & (cap - 1))) {
			slots[gap] = slots[j];
			tags[gap] = tags[j];
			gap = j;
		}
	}
	slots[gap] = NULL;
	tags[gap] = 0;
}

/* An entry whose key is not there. */
static void put_new(struct table *t, void *entry, uint32_t tag)
{
	uint32_t *tags = tags_of(t->slots, t->cap), i = tag & (t->cap - 1);
	while (tags[i])
		i = (i + 1) & (t->cap - 1);
	t->slots[i] = entry;
	tags[i] = tag;
	t->n++;
}

/* Move a few entries of the old array. Taking an entry shifts its successors back, so the position
 * stays until its slot is empty. */
static void drain(struct table *t, uint32_t steps)
{
	while (t->old && steps--) {
		while (t->old_pos < t->old_cap && !t->old[t->old_pos])
			t->old_pos++;
		if (t->old_pos == t->old_cap && t->old_n) {
			t->old_pos = 0; /* a shift wrapped an entry behind us */
			continue;
		}
		if (t->old_n) {
			void *e = t->old[t->old_pos];
			const uint32_t tag = tags_of(t->old, t->old_cap)[t->old_pos];
			shift_back(t->old, t->old_cap, t->old_pos);
			t->old_n--;
			put_new(t, e, tag);
		}
		if (t->old_n == 0) {
			mem_put(t->mem, t->old);
			t->old = NULL;
			t->old_cap = t->old_pos = 0;
		}
	}
}

static int grow(struct table *t)
{
	uint32_t cap = t->cap ? t->cap * 2 : MIN_CAP;
	void **slots = mem_zget(t->mem, cap * (sizeof *slots + sizeof(uint32_t)));
	if (!slots)
		return ERR_NOMEM;
	drain(t, UINT32_MAX);
	t->old = t->n ? t->slots : NULL;
	if (!t->old)
		mem_put(t->mem, t->slots);
	t->old_cap = t->old ? t->cap : 0;
	t->old_n = t->n;
	t->old_pos = 0;
	t->slots = slots;
	t->cap = cap;
	t->n = 0;
	return ERR_OK;
}

static void *find(const struct table *t, const void *key, uint32_t tag)
{
	if (!t->cap)
		return NULL;
	void *e = t->slots[probe(t, t->slots, t->cap, key, tag)];
	if (!e && t->old)
		e = t->old[probe(t, t->old, t->old_cap, key, tag)];
	return e;
}

void *table_find(const struct table *t, const void *key) { return t->cap ? find(t, key, tag_of(t, key)) : NULL; }

int table_add(struct table *t, void *entry)
{
	const uint32_t tag = tag_of(t, key_of(t, entry));

	if (find(t, key_of(t, entry), tag))
		return ERR_EXISTS;
	if ((table_count(t) + 1) * 4ull > t->cap * 3ull) {
		int err = grow(t);
		if (err)
			return err;
	}
	drain(t, DRAIN_STEP);
	put_new(t, entry, tag);
	return ERR_OK;
}

static void *take(const struct table *t, void **slots, uint32_t cap, const void *key, uint32_t tag)
{
	uint32_t i = probe(t, slots, cap, key, tag);
	void *e = slots[i];
	if (e)
		shift_back(slots, cap, i);
	return e;
}

void *table_del(struct table *t, const void *key)
{
	if (!t->cap)
		return NULL;
	uint32_t tag = tag_of(t, key);
	void *e = take(t, t->slots, t->cap, key, tag);
	if (e) {
		t->n--;
	} else if (t->old && (e = take(t, t->old, t->old_cap, key, tag))) {
		t->old_n--;
		drain(t, DRAIN_STEP);
	}
	return e;
}

void *table_next(const struct table *t, uint64_t *it)
{
	while (*it < (uint64_t)t->cap + t->old_cap) {
		uint64_t i = (*it)++;
		void *e = i < t->cap ? t->slots[i] : t->old[i - t->cap];
		if (e)
			return e;
	}
	return NULL;
}
