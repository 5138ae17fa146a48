/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two forms of a record. The group's keys are short: a longer one goes by its hash, and the value begins with the whole key. The store's
 * values end with the version.
 */
#include <string.h>

#include "base/cursor.h"
#include "rg/sync_i.h"

static const uint32_t TRAILER_MARK = 0x72677631; /* "rgv1" */

/* A key that is longer than the group's, by the hash that stands for it there. */
struct long_key { uint8_t hash[GRP_KEY_MAX]; uint8_t oct; uint8_t key[]; };

void sync_keys_init(struct sync *s)
{
	table_init(&s->long_keys, s->env.mem, s->env.rng, offsetof(struct long_key, hash), sizeof((struct long_key *)0)->hash);
}

void sync_keys_fini(struct sync *s)
{
	struct long_key *k;

	for (uint64_t it = 0; (k = table_next(&s->long_keys, &it));)
		mem_put(s->env.mem, k);
	table_fini(&s->long_keys);
}

static struct long_key *long_key_take(struct sync *s, const uint8_t *key, size_t oct)
{
	const struct iov_in in = {key, oct};
	uint8_t hash[20];

	if (oct > SYNC_LONG_KEY_MAX)
		return NULL;
	s->env.crypto->sha1(s->env.crypto->ctx, &in, 1, hash);
	struct long_key *k = table_find(&s->long_keys, hash);
	if (k)
		return k;
	k = mem_zget(s->env.mem, sizeof *k + oct);
	if (!k)
		return NULL;
	memcpy(k->hash, hash, sizeof k->hash);
	memcpy(k->key, key, oct);
	k->oct = (uint8_t)oct;
	if (table_add(&s->long_keys, k)) {
		mem_put(s->env.mem, k);
		return NULL;
	}
	return k;
}

bool sync_to_group(struct sync *s, const struct store_rec *in, uint8_t *buf, struct rg_rec *out)
{
	*out = (struct rg_rec){.table = (uint8_t)in->table, .value = in->val, .value_oct = (uint32_t)in->val_len_oct};
	if (in->key_len_oct <= GRP_KEY_MAX) {
		out->key_oct = (uint8_t)in->key_len_oct;
		memcpy(out->key, in->key, in->key_len_oct);
		return in->val_len_oct <= RG_VALUE_MAX;
	}
	const struct long_key *k = long_key_take(s, in->key, in->key_len_oct);
	struct wr w = wr_of(buf, RG_VALUE_MAX);
	if (!k)
		return false;
	wr_u8(&w, k->oct);
	wr_bytes(&w, k->key, k->oct);
	wr_bytes(&w, in->val, in->val_len_oct);
	out->table |= SYNC_LONG_KEY;
	out->key_oct = sizeof k->hash;
	memcpy(out->key, k->hash, sizeof k->hash);
	out->value = buf;
	out->value_oct = (uint32_t)wr_len(&w);
	return wr_ok(&w);
}

bool sync_of_group(struct sync *s, const struct rg_rec *in, struct store_rec *out)
{
	*out = (struct store_rec){.table = in->table & ~SYNC_LONG_KEY, .key = in->key, .key_len_oct = in->key_oct, .val = in->value,
				  .val_len_oct = in->value_oct};
	if (!(in->table & SYNC_LONG_KEY))
		return true;
	const struct long_key *k = in->key_oct == GRP_KEY_MAX ? table_find(&s->long_keys, in->key) : NULL;
	if (in->value_oct) {
		struct rd r = rd_of(in->value, in->value_oct);
		const size_t oct = rd_u8(&r);
		rd_skip(&r, oct);
		k = rd_ok(&r) && oct > GRP_KEY_MAX ? long_key_take(s, in->value + 1, oct) : NULL;
		if (!k || memcmp(k->hash, in->key, sizeof k->hash) != 0)
			return false;
		out->val = in->value + 1 + oct;
		out->val_len_oct = in->value_oct - 1 - oct;
	}
	if (!k)
		return false;
	out->key = k->key;
	out->key_len_oct = k->oct;
	return true;
}

static wall_t wall_of(mono_t t, struct now now)
{
	return mono_is_never(t) ? (wall_t){INT64_MAX} : wall_add(now.wall, mono_sub(t, now.mono));
}

void sync_put_trailer(uint8_t out[static SYNC_TRAILER_OCT], const struct rg_rec *rec, struct now now)
{
	struct wr w = wr_of(out, SYNC_TRAILER_OCT);

	wr_u8(&w, rec->is_deleted);
	wr_u64(&w, (uint64_t)wall_of(rec->expires, now).ns);
	wr_u64(&w, rec->version.stamp);
	wr_u64(&w, rec->version.clock);
	wr_u32(&w, rec->version.member);
	wr_u32(&w, TRAILER_MARK);
}

bool sync_get_trailer(const uint8_t in[static SYNC_TRAILER_OCT], struct rg_rec *rec, struct now now)
{
	struct rd r = rd_of(in, SYNC_TRAILER_OCT);
	const int64_t day_ns = 86400 * NS_PER_S;

	rec->is_deleted = rd_u8(&r) & 1;
	const int64_t end = (int64_t)rd_u64(&r);
	rec->version.stamp = rd_u64(&r);
	rec->version.clock = rd_u64(&r);
	rec->version.member = rd_u32(&r);
	const span_t left = wall_sub((wall_t){end}, now.wall); /* a clock that was set stretches nothing beyond Mobile IPv6's longest */
	rec->expires = end == INT64_MAX ? MONO_NEVER : mono_add(now.mono, left.ns < 4 * day_ns ? left : span_ns(4 * day_ns));
	return rd_u32(&r) == TRAILER_MARK;
}
