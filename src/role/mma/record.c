/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A binding's record: what survives a restart, and what the other members of a redundancy group are told (core/engine.h).
 *
 *	key   home address
 *	value version, when it was written (wall time in ns, as all times here), state, flags, sequence number, timestamp and when it came, end of the lifetime,
 *	      end of the rest, addresses, uplink keys, first GRE sequence number; forwarding, if it is on; the relay's part in IPv4
 *
 * Its times count from when it was written for whoever reads it at once, a member whose clock may be another; by our own clock for us, who
 * may have been away for long.
 */
#include "base/err.h"
#include "role/mma/mma_i.h"

enum { RECORD_VERSION = 4, RECORD_MAX_OCT = 256 };

static wall_t wall_of(mono_t t, struct now now) { return wall_add(now.wall, mono_sub(t, now.mono)); }

/* Whatever a damaged record says, within a year of now. */
static mono_t mono_of(int64_t wall_ns, struct now now)
{
	const int64_t year_ns = 365 * 86400 * NS_PER_S;
	int64_t d;
	if (__builtin_sub_overflow(wall_ns, now.wall.ns, &d) || d < -year_ns)
		d = -year_ns;
	return mono_add(now.mono, span_ns(d < year_ns ? d : year_ns));
}

/* --- writing ----------------------------------------------------------------------------------------------- */

/* What is not confirmed yet is not stored: the mobile was told to wait for it, no more. */
static void write_forward(struct wr *w, const struct mma_forward *f, struct now now)
{
	bool is_on = f && f->b.state == FORWARD_ON;
	wr_u8(w, is_on);
	if (!is_on)
		return;
	wr_addr6(w, &f->to);
	wr_addr6(w, &f->agent);
	wr_u64(w, (uint64_t)wall_of(f->until, now).ns);
	wr_u64(w, (uint64_t)wall_of(f->peers_until, now).ns);
}

static size_t write_record(const struct mma *m, const struct mma_binding *mb, uint8_t *buf, size_t cap_oct, struct now now)
{
	struct wr w = wr_of(buf, cap_oct);
	wr_u8(&w, RECORD_VERSION);
	wr_u64(&w, (uint64_t)now.wall.ns);
	wr_u8(&w, mb->b.state);
	wr_u8(&w, mb->b.flags);
	wr_u16(&w, mb->b.seq);
	wr_u64(&w, mb->b.stamp);
	wr_u64(&w, (uint64_t)wall_of(mb->taken_at, now).ns);
	wr_u64(&w, (uint64_t)wall_of(mb->b.expires, now).ns);
	wr_u64(&w, (uint64_t)wall_of(mb->b.state == BINDING_ACTIVE ? mb->b.due : mb->rest_until, now).ns);
	wr_addr6(&w, &mb->b.coa);
	wr_addr6(&w, &mb->onlink);
	wr_addr6(&w, &mb->group);
	wr_addr6(&w, &mb->ha);
	wr_addr6(&w, &mb->prev);
	wr_u64(&w, (uint64_t)wall_of(mb->prev_until, now).ns);
	wr_u32(&w, mb->gre_key);
	wr_u32(&w, mb->gre_key_prev);
	wr_u32(&w, mma_member_seq(m, mb));
	write_forward(&w, mma_forward_find(m, &mb->b.hoa), now);
	mma_relay_write(m, mb, &w);
	return wr_ok(&w) ? wr_len(&w) : 0;
}

/* The mobile's own order, where there is one: an IPv4 identification may as well be a nonce. */
static uint64_t order_of(const struct mma *m, const struct mma_binding *mb, struct now now)
{
	bool is_time = !addr6_is_v4mapped(&mb->b.hoa) || replay_check(mb->b.stamp, 0, now.wall, m->conf.time_window) == REPLAY_FRESH;
	return is_time ? mb->b.stamp : 0;
}

/* What has ended is remembered in the group as long as its address rests. */
static struct fx_change change_of(const struct mma *m, const struct mma_binding *mb, struct now now)
{
	bool is_active = mb->b.state == BINDING_ACTIVE;
	return (struct fx_change){.how = is_active ? FX_CHANGE_PUT : FX_CHANGE_DELETE, .stamp = order_of(m, mb, now),
				  .expires = is_active || mono_before(mb->rest_until, mb->b.expires) ? mb->b.expires : mb->rest_until};
}

static void put(struct mma *m, const struct mma_binding *mb, const struct fx_change *change, struct now now)
{
	uint8_t buf[RECORD_MAX_OCT];
	size_t n = write_record(m, mb, buf, sizeof buf, now);
	fx_record_put(m->env->fx, ROLE_MMA, STORE_BINDING_MMA, &mb->b.hoa, sizeof mb->b.hoa, buf, n, change);
}

void mma_record_put(struct mma *m, const struct mma_binding *mb, struct now now)
{
	const struct fx_change change = change_of(m, mb, now);
	put(m, mb, &change, now);
}

void mma_record_lapse(struct mma *m, const struct mma_binding *mb, struct now now)
{
	struct fx_change change = change_of(m, mb, now);
	change.how = FX_CHANGE_LAPSE;
	put(m, mb, &change, now);
}

/* A group that is kept for a mobile which never registered is nobody's record. */
bool mma_record_of(const struct mma *m, struct store_rec *rec, uint8_t *buf, size_t cap_oct, struct fx_change *change, struct now now)
{
	struct addr6 hoa;
	if (rec->table != STORE_BINDING_MMA || rec->key_len_oct != sizeof hoa)
		return false;
	memcpy(&hoa, rec->key, sizeof hoa);
	const struct mma_binding *mb = binding_find(&m->bindings, &hoa);
	if (!mb || (mb->b.state != BINDING_ACTIVE && !mb->b.stamp))
		return false;
	rec->val = buf;
	rec->val_len_oct = write_record(m, mb, buf, cap_oct, now);
	*change = change_of(m, mb, now);
	return rec->val_len_oct;
}

/* --- reading ----------------------------------------------------------------------------------------------- */

static void read_forward(struct mma_forward *f, struct rd *r, struct now now)
{
	f->b.state = FORWARD_ON;
	f->to = rd_addr6(r);
	f->agent = rd_addr6(r);
	f->until = mono_of((int64_t)rd_u64(r), now);
	f->peers_until = mono_of((int64_t)rd_u64(r), now);
}

static void read_binding(struct mma_binding *mb, uint8_t version, struct rd *r, struct now now)
{
	mb->b.state = rd_u8(r);
	mb->b.flags = rd_u8(r);
	mb->b.seq = rd_u16(r);
	mb->b.stamp = rd_u64(r);
	mb->taken_at = version >= 4 ? mono_of((int64_t)rd_u64(r), now) : now.mono;
	mb->b.expires = mono_of((int64_t)rd_u64(r), now);
	mb->b.due = mono_of((int64_t)rd_u64(r), now);
	mb->b.coa = rd_addr6(r);
	mb->onlink = rd_addr6(r);
	mb->group = rd_addr6(r);
	mb->ha = rd_addr6(r);
	mb->prev = rd_addr6(r);
	mb->prev_until = mono_of((int64_t)rd_u64(r), now);
	mb->gre_key = rd_u32(r);
	mb->gre_key_prev = rd_u32(r);
	mb->seq_start = rd_u32(r);
	mb->key_since = now.mono;
	mb->rest_until = mb->b.due;
}

bool mma_record_forwards(const struct mma_record *rec, struct now now)
{
	const struct mma_forward *f = &rec->forward;
	return f->b.state == FORWARD_ON && !(mono_reached(f->until, now.mono) && mono_reached(f->peers_until, now.mono));
}

/* Version 1 knew of no forwarding, those before 4 of no time of writing. */
bool mma_record_read(struct mma_record *rec, const struct store_rec *in, bool is_of_now, struct now now)
{
	struct rd key = rd_of(in->key, in->key_len_oct);
	struct rd *r = &rec->relay;
	*rec = (struct mma_record){.mb.b.hoa = rd_addr6(&key), .relay = rd_of(in->val, in->val_len_oct)};
	uint8_t version = rd_u8(r);
	if (version >= 4) {
		const wall_t written = {(int64_t)rd_u64(r)};
		now.wall = is_of_now ? written : now.wall;
	}
	read_binding(&rec->mb, version, r, now);
	if (version >= 2 && rd_u8(r))
		read_forward(&rec->forward, r, now);
	return version >= 1 && version <= RECORD_VERSION && rd_ok(&key) && rd_ok(r) &&
	       (rec->mb.b.state == BINDING_ACTIVE || rec->mb.b.state == BINDING_GONE);
}
