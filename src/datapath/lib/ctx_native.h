/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* ctx.h over a buffer of struct dpn (native.c). */
#include <string.h>

struct dpn;
typedef struct ctx {
	struct dpn *d;
	uint8_t *begin, *end;
	uint32_t ifindex, room_oct;      /* octets in front of begin that may be taken */
	bool has_eth;
	enum dp_drop dropped;
} ctx_t;

/* native.c */
int64_t dpn_now(const struct dpn *d);
int dpn_route(ctx_t *c, const struct a6 *dst, uint32_t len_oct, struct way *w);
int dpn_emit_send(ctx_t *c, uint32_t ifindex);
int dpn_emit_route(ctx_t *c);
int dpn_emit_host(ctx_t *c);
bool dpn_emit_punt(ctx_t *c, uint32_t off, const struct punt_head *head, const struct dp_slow *slow);

static INLINE void ctx_keep(ctx_t *c) { (void)c; }
static INLINE void *ctx_begin(ctx_t *c) { return c->begin; }
static INLINE void *ctx_end(ctx_t *c) { return c->end; }
static INLINE void *ctx_at(ctx_t *c, uint32_t off) { return c->begin + off; }
static INLINE bool ctx_has(ctx_t *c, uint32_t n) { return n <= (size_t)(c->end - c->begin); }
static INLINE uint32_t ctx_len(ctx_t *c) { return (uint32_t)(c->end - c->begin); }
static INLINE uint32_t ctx_gso(ctx_t *c) { (void)c; return 0; }
static INLINE uint32_t ctx_ifindex(ctx_t *c) { return c->ifindex; }
static INLINE bool ctx_is_for_others(ctx_t *c) { (void)c; return false; }
static INLINE int64_t ctx_now(ctx_t *c) { return dpn_now(c->d); }
static INLINE uint64_t ctx_ticks(ctx_t *c) { return (uint64_t)(dpn_now(c->d) / CTX_TICK_NS); }
static INLINE bool ctx_pull(ctx_t *c, uint32_t n) { return n <= ctx_len(c); }
static INLINE bool ctx_reach(ctx_t *c, uint32_t n) { return n <= ctx_len(c); }

/* diff octets more or fewer behind the Ethernet header, if there is one. */
static INLINE bool ctx_resize(ctx_t *c, int diff)
{
	uint32_t head = c->has_eth ? ETH_OCT : 0;
	if (diff > 0 ? (uint32_t)diff > c->room_oct : (uint32_t)-diff + head > ctx_len(c))
		return false;
	memmove(c->begin - diff, c->begin, head);
	c->begin -= diff;
	c->room_oct -= (uint32_t)diff;
	if (diff > 0)
		memset(c->begin + head, 0, (size_t)diff);
	return true;
}

static INLINE bool ctx_insert(ctx_t *c, uint32_t n)
{
	uint32_t head = (c->has_eth ? ETH_OCT : 0) + IP6_OCT;
	if (n > c->room_oct || head > ctx_len(c))
		return false;
	memmove(c->begin - n, c->begin, head);
	c->begin -= n;
	c->room_oct -= n;
	memset(c->begin + head, 0, n);
	return true;
}

static INLINE bool ctx_cut(ctx_t *c, uint32_t n)
{
	uint32_t head = (c->has_eth ? ETH_OCT : 0) + IP6_OCT;
	if (head + n > ctx_len(c))
		return false;
	memmove(c->begin + n, c->begin, head);
	c->begin += n;
	c->room_oct += n;
	return true;
}

static INLINE bool ctx_grow(ctx_t *c, int n) { return ctx_resize(c, n); }
static INLINE bool ctx_grow4(ctx_t *c, int n, bool is_udp) { (void)is_udp; return ctx_resize(c, n); }

static INLINE bool ctx_add_eth(ctx_t *c)
{
	if (c->room_oct < ETH_OCT)
		return false;
	c->begin -= ETH_OCT;
	c->room_oct -= ETH_OCT;
	c->has_eth = true;
	memset(c->begin, 0, ETH_OCT);
	return true;
}

static INLINE bool ctx_load(ctx_t *c, uint32_t off, void *to, uint32_t n)
{
	if (off > ctx_len(c) || n > ctx_len(c) - off)
		return false;
	memcpy(to, c->begin + off, n);
	return true;
}

static INLINE void ctx_store(ctx_t *c, uint32_t off, const void *from, uint32_t n)
{
	if (off <= ctx_len(c) && n <= ctx_len(c) - off)
		memcpy(c->begin + off, from, n);
}

static INLINE bool ctx_keep_bytes(ctx_t *c, struct m_keep *k, uint32_t off)
{
	return k->len_oct <= KEEP_OCT && ctx_load(c, off, k->bytes, k->len_oct);
}

static INLINE void ctx_ecn_mark(ctx_t *c, uint32_t off, uint32_t vtf) { ctx_store(c, off, &vtf, 4); }

/* RFC 1624, equation 3. */
static INLINE void ctx_tcp_put16(ctx_t *c, uint32_t csum_off, uint32_t off, uint16_t old, uint16_t val)
{
	uint16_t sum;
	if (!ctx_load(c, csum_off, &sum, 2))
		return;
	uint32_t s = (uint16_t)~sum + (uint32_t)(uint16_t)~old + val;
	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	sum = (uint16_t)~s;
	ctx_store(c, csum_off, &sum, 2);
	ctx_store(c, off, &val, 2);
}

/* RFC 1624, equation 3; in UDP 0 says that there is none. */
static INLINE void ctx_csum32(ctx_t *c, uint32_t csum_off, uint32_t old, uint32_t val)
{
	uint16_t sum;
	if (!ctx_load(c, csum_off, &sum, 2) || !sum)
		return;
	uint64_t s = (uint64_t)(uint16_t)~sum + (uint16_t)~(old >> 16) + (uint16_t)~old + (val >> 16) + (uint16_t)val;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	sum = (uint16_t)~s;
	if (!sum)
		sum = 0xffff;
	ctx_store(c, csum_off, &sum, 2);
}
static INLINE void ctx_csum16(ctx_t *c, uint32_t csum_off, uint16_t old, uint16_t val) { ctx_csum32(c, csum_off, old, val); }

static INLINE bool ctx_family(ctx_t *c, bool is_v6) { return ctx_resize(c, is_v6 ? 20 : -20); }
static INLINE void ctx_take(ctx_t *c) { (void)c; }

static INLINE int ctx_route(ctx_t *c, const struct a6 *src, const struct a6 *dst, uint32_t len_oct, struct way *w)
{
	(void)src;
	return dpn_route(c, dst, len_oct, w);
}

static INLINE int ctx_route4(ctx_t *c, uint32_t src, uint32_t dst, uint32_t len_oct, struct way *w)
{
	struct a6 a = {{0, 0, BE32(0xffff), dst}};
	(void)src;
	return dpn_route(c, &a, len_oct, w);
}

static INLINE int ctx_pass(ctx_t *c) { (void)c; return CTX_PASS; }
static INLINE int ctx_stolen(ctx_t *c) { (void)c; return CTX_STOLEN; }
static INLINE void ctx_dropped(ctx_t *c, enum dp_drop why) { c->dropped = why; }
static INLINE int ctx_send(ctx_t *c, uint32_t ifindex) { return dpn_emit_send(c, ifindex); }
static INLINE void ctx_copy(ctx_t *c, uint32_t ifindex) { (void)dpn_emit_send(c, ifindex); }
static INLINE int ctx_send_neigh(ctx_t *c, const struct way *w) { (void)w; return dpn_emit_route(c); }
static INLINE int ctx_send_neigh4(ctx_t *c, const struct way *w) { return ctx_send_neigh(c, w); }
static INLINE int ctx_send_here(ctx_t *c) { return dpn_emit_route(c); }
static INLINE int ctx_host(ctx_t *c, uint32_t roam0) { (void)roam0; return dpn_emit_host(c); }
static INLINE void ctx_copy_host(ctx_t *c, uint32_t ifindex) { (void)ifindex; (void)dpn_emit_host(c); }
static INLINE int ctx_up(ctx_t *c) { return dpn_emit_host(c); }

static INLINE bool ctx_ring(ctx_t *c, uint32_t off, struct punt_head *head, const struct dp_slow *slow, bool has_slow,
			    bool is_message)
{
	(void)is_message;
	uint32_t n = ctx_len(c) - off;
	head->snap_oct = n > punt_snap(head->why) ? punt_snap(head->why) : n;
	return dpn_emit_punt(c, off, head, has_slow ? slow : NULL);
}

static INLINE void dup_lock(struct m_dup *b) { b->lock = 1; }
static INLINE void dup_unlock(struct m_dup *b) { b->lock = 0; }

static INLINE void ctx_loop(uint32_t n, long (*fn)(uint32_t i, void *arg), void *arg)
{
	for (uint32_t i = 0; i < n && !fn(i, arg); i++)
		;
}
