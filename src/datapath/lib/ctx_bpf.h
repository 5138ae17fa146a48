/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* ctx.h over the kernel's socket buffer. Helpers and flags of Linux 6.1 only. */

typedef struct __sk_buff ctx_t;

enum { WAY_MTU_GUESS = 1500 };

#ifndef AF_INET
#define AF_INET 2
#endif
#ifndef AF_INET6
#define AF_INET6 10
#endif

/* Keeps a parameter of a NOINLINE function that only the native build uses: callers must go on passing it. */
static INLINE void ctx_keep(ctx_t *c) { asm volatile("" : : "r"(c)); }

/* In assembler, so that the compiler does not keep a pointer to the field itself, which the verifier refuses. */
#define CTX_POINTER(c, field) ({ \
		void *p_; \
		asm volatile("%0 = *(u32 *)(%1 + %2)" : "=r"(p_) : "r"(c), "i"(offsetof(struct __sk_buff, field))); \
		p_; \
	})
static INLINE void *ctx_begin(ctx_t *c) { return CTX_POINTER(c, data); }
static INLINE void *ctx_end(ctx_t *c) { return CTX_POINTER(c, data_end); }
/* The constant as an immediate operand: without CAP_PERFMON the verifier allows nothing else to be added to a packet's pointer. */
static INLINE void *ctx_at(ctx_t *c, const uint32_t off)
{
	void *p = ctx_begin(c);
	asm volatile("%0 += %1" : "+r"(p) : "i"(off));
	return p;
}
static INLINE bool ctx_has(ctx_t *c, const uint32_t n) { return ctx_at(c, n) <= ctx_end(c); }
static INLINE uint32_t ctx_len(ctx_t *c) { return c->len; }
static INLINE uint32_t ctx_gso(ctx_t *c) { return c->gso_size; }
static INLINE uint32_t ctx_ifindex(ctx_t *c) { return c->ifindex; }
static INLINE bool ctx_is_for_others(ctx_t *c) { return c->pkt_type == 3; /* PACKET_OTHERHOST */ }
/* Resolution of a tick is enough for lifetimes and windows, and an order cheaper. */
static INLINE int64_t ctx_now(ctx_t *c) { (void)c; return (int64_t)bpf_ktime_get_coarse_ns(); }

/* A load, where the other is a call. */
static INLINE uint64_t ctx_ticks(ctx_t *c) { (void)c; return bpf_jiffies64(); }

static INLINE bool ctx_pull(ctx_t *c, const uint32_t n)
{
	if (ctx_has(c, n))
		return true;
	return c->len >= n && bpf_skb_pull_data(c, n) == 0;
}

static INLINE bool ctx_reach(ctx_t *c, uint32_t n) { return c->len >= n && bpf_skb_pull_data(c, n) == 0; }

/*
 * The flag marks the packet as IPv6 in IPv6, also when GRE comes between: segmentation of both in
 * software goes by the header that is there, and a packet may turn from one into the other at the next
 * agent without a mark to change. A packet that still has the mark of an earlier tunnel only grows.
 */
static INLINE bool ctx_grow(ctx_t *c, int n)
{
	return bpf_skb_adjust_room(c, n, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_ENCAP_L3_IPV6) == 0 ||
	       bpf_skb_adjust_room(c, n, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO) == 0;
}

/* The same for IPv4 in IPv4. Behind UDP segmentation asks for a mark of that kind. */
static INLINE bool ctx_grow4(ctx_t *c, int n, bool is_udp)
{
	uint64_t mark = BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | (is_udp ? BPF_F_ADJ_ROOM_ENCAP_L4_UDP : 0);
	return bpf_skb_adjust_room(c, n, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO | mark) == 0 ||
	       bpf_skb_adjust_room(c, n, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO) == 0;
}

static INLINE bool ctx_resize(ctx_t *c, int diff)
{
	return bpf_skb_adjust_room(c, diff, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO) == 0;
}

/* Flags of offloading stay: what is inserted or cut are extension headers, which segmentation skips. */
static INLINE bool ctx_insert(ctx_t *c, uint32_t n) { return bpf_skb_adjust_room(c, (int)n, BPF_ADJ_ROOM_NET, BPF_F_ADJ_ROOM_FIXED_GSO) == 0; }
static INLINE bool ctx_cut(ctx_t *c, uint32_t n) { return bpf_skb_adjust_room(c, -(int)n, BPF_ADJ_ROOM_NET, BPF_F_ADJ_ROOM_FIXED_GSO) == 0; }

static INLINE bool ctx_add_eth(ctx_t *c) { return bpf_skb_change_head(c, ETH_OCT, 0) == 0; }

static INLINE bool ctx_load(ctx_t *c, uint32_t off, void *to, uint32_t n) { return bpf_skb_load_bytes(c, off, to, n) == 0; }

static INLINE void ctx_store(ctx_t *c, uint32_t off, const void *from, uint32_t n)
{
	bpf_skb_store_bytes(c, off, from, n, BPF_F_RECOMPUTE_CSUM);
}

static INLINE void ctx_tcp_put16(ctx_t *c, uint32_t csum_off, uint32_t off, uint16_t old, uint16_t val)
{
	bpf_l4_csum_replace(c, csum_off, old, val, 2);
	bpf_skb_store_bytes(c, off, &val, 2, 0);
}

static INLINE void ctx_csum32(ctx_t *c, uint32_t csum_off, uint32_t old, uint32_t val)
{
	bpf_l4_csum_replace(c, csum_off, old, val, BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0 | 4);
}

static INLINE void ctx_csum16(ctx_t *c, uint32_t csum_off, uint16_t old, uint16_t val)
{
	bpf_l4_csum_replace(c, csum_off, old, val, BPF_F_MARK_MANGLED_0 | 2);
}

static INLINE bool ctx_family(ctx_t *c, bool is_v6) { return bpf_skb_change_proto(c, is_v6 ? BE16(ETHER_IPV6) : BE16(0x0800), 0) == 0; }
static INLINE void ctx_take(ctx_t *c) { bpf_skb_change_type(c, 0 /* PACKET_HOST */); }

/* off: of the IPv6 header. */
static INLINE void ctx_ecn_mark(ctx_t *c, uint32_t off, uint32_t vtf)
{
	bpf_skb_store_bytes(c, off, &vtf, 4, BPF_F_RECOMPUTE_CSUM);
}

/*
 * A way once found serves for WAY_AGE_NS: the routing table's answer costs more than all the rest of a program. Routes and
 * neighbours that change are seen that much later. One slot a hash, for each processor.
 */
enum { WAYS = 512, WAY_AGE_NS = 10000000 };
struct m_way { struct a6 src, dst; int64_t when_ns; uint32_t iif, ifindex, mtu_oct; struct mac next_hop, mac; };
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, uint32_t);
	__type(value, struct m_way);
	__uint(max_entries, WAYS);
} t_way SEC(".maps");

static INLINE int way_ask(ctx_t *c, const struct a6 *src, const struct a6 *dst, uint32_t len_oct, struct way *w)
{
	struct bpf_fib_lookup f = {.family = AF_INET6, .ifindex = c->ifindex, .tot_len = (uint16_t)(len_oct > 65535 ? 65535 : len_oct)};
	__builtin_memcpy(f.ipv6_src, src, 16);
	__builtin_memcpy(f.ipv6_dst, dst, 16);
	long r = bpf_fib_lookup(c, &f, sizeof f, 0);
	w->ifindex = f.ifindex;
	w->mtu_oct = f.mtu_result;
	if (r == BPF_FIB_LKUP_RET_FRAG_NEEDED)
		return WAY_TOO_BIG;
	if (r == BPF_FIB_LKUP_RET_NOT_FWDED)
		return WAY_HOST;
	if (r != BPF_FIB_LKUP_RET_SUCCESS && r != BPF_FIB_LKUP_RET_NO_NEIGH)
		return WAY_NONE;
	/* Where there is no neighbour entry yet, Linux 6.1 does not tell the MTU: the field keeps its input. */
	if (r == BPF_FIB_LKUP_RET_NO_NEIGH && w->mtu_oct == (uint16_t)len_oct && len_oct < WAY_MTU_GUESS)
		w->mtu_oct = WAY_MTU_GUESS;
	__builtin_memcpy(&w->gateway, f.ipv6_dst, 16);
	__builtin_memcpy(&w->next_hop, f.dmac, 6);
	__builtin_memcpy(&w->mac, f.smac, 6);
	return r == BPF_FIB_LKUP_RET_NO_NEIGH || mac_is_zero(&w->next_hop) ? WAY_NEIGH : WAY_OK;
}

/* Once a second, for one tick, the kernel's neighbour discovery has its way, so that it goes on confirming a neighbour that
 * only we use. */
static INLINE bool way_is_kernels_turn(int64_t now) { return ((uint64_t)now & 0x3fc00000) == 0; }

GLOBAL int ctx_route(ctx_t *c, const struct a6 *src, const struct a6 *dst, uint32_t len_oct, struct way *w)
{
	if (!src || !dst || !w)
		return 0;
	int64_t now = ctx_now(c);
	uint32_t at = mix(dst->w[3] ^ dst->w[1], src->w[3] ^ dst->w[2]) % WAYS;
	struct m_way *m = bpf_map_lookup_elem(&t_way, &at);
	*w = (struct way){.ifindex = 0};
	if (!m)
		return WAY_NONE;
	if (now - m->when_ns < WAY_AGE_NS && m->iif == c->ifindex && a6_eq(&m->dst, dst) && a6_eq(&m->src, src)) {
		*w = (struct way){.ifindex = m->ifindex, .mtu_oct = m->mtu_oct, .next_hop = m->next_hop, .mac = m->mac};
		return len_oct > m->mtu_oct ? WAY_TOO_BIG : WAY_OK;
	}
	int r = way_ask(c, src, dst, len_oct, w);
	if (r != WAY_OK)
		return r;
	if (way_is_kernels_turn(now))
		return WAY_NEIGH;
	*m = (struct m_way){.src = *src, .dst = *dst, .when_ns = now, .iif = c->ifindex, .ifindex = w->ifindex, .mtu_oct = w->mtu_oct,
		.next_hop = w->next_hop, .mac = w->mac};
	return WAY_OK;
}

static INLINE int way_ask4(ctx_t *c, uint32_t src, uint32_t dst, uint32_t len_oct, struct way *w)
{
	struct bpf_fib_lookup f = {.family = AF_INET, .ifindex = c->ifindex, .tot_len = (uint16_t)(len_oct > 65535 ? 65535 : len_oct),
		.ipv4_src = src, .ipv4_dst = dst};
	long r = bpf_fib_lookup(c, &f, sizeof f, 0);
	w->ifindex = f.ifindex;
	w->mtu_oct = f.mtu_result;
	if (r == BPF_FIB_LKUP_RET_FRAG_NEEDED)
		return WAY_TOO_BIG;
	if (r == BPF_FIB_LKUP_RET_NOT_FWDED)
		return WAY_HOST;
	if (r != BPF_FIB_LKUP_RET_SUCCESS && r != BPF_FIB_LKUP_RET_NO_NEIGH)
		return WAY_NONE;
	if (r == BPF_FIB_LKUP_RET_NO_NEIGH && w->mtu_oct == (uint16_t)len_oct && len_oct < WAY_MTU_GUESS)
		w->mtu_oct = WAY_MTU_GUESS;
	w->gateway = (struct a6){{0, 0, BE32(0xffff), f.ipv4_dst}};
	if (f.family == AF_INET6) /* RFC 8950 */
		__builtin_memcpy(&w->gateway, f.ipv6_dst, 16);
	__builtin_memcpy(&w->next_hop, f.dmac, 6);
	__builtin_memcpy(&w->mac, f.smac, 6);
	return r == BPF_FIB_LKUP_RET_NO_NEIGH || mac_is_zero(&w->next_hop) ? WAY_NEIGH : WAY_OK;
}

/* As ctx_route, in the same slots: the mapped address tells the families apart. */
GLOBAL int ctx_route4(ctx_t *c, uint32_t src, uint32_t dst, uint32_t len_oct, struct way *w)
{
	if (!w)
		return 0;
	uint32_t at = mix(dst, src) % WAYS;
	struct m_way *m = bpf_map_lookup_elem(&t_way, &at);
	*w = (struct way){.ifindex = 0};
	if (!m)
		return WAY_NONE;
	bool is_it = m->dst.w[3] == dst && m->src.w[3] == src && m->dst.w[2] == BE32(0xffff) && !(m->dst.w[0] | m->dst.w[1]);
	if (is_it && ctx_now(c) - m->when_ns < WAY_AGE_NS && m->iif == c->ifindex) {
		*w = (struct way){.ifindex = m->ifindex, .mtu_oct = m->mtu_oct, .next_hop = m->next_hop, .mac = m->mac};
		return len_oct > m->mtu_oct ? WAY_TOO_BIG : WAY_OK;
	}
	int r = way_ask4(c, src, dst, len_oct, w);
	if (r != WAY_OK)
		return r;
	int64_t now = ctx_now(c);
	m = bpf_map_lookup_elem(&t_way, &at); /* again: stack is scarce, and few packets come here */
	if (!m || way_is_kernels_turn(now))
		return WAY_NEIGH;
	*m = (struct m_way){.src = {{0, 0, BE32(0xffff), src}}, .dst = {{0, 0, BE32(0xffff), dst}}, .when_ns = now, .iif = c->ifindex,
		.ifindex = w->ifindex, .mtu_oct = w->mtu_oct, .next_hop = w->next_hop, .mac = w->mac};
	return WAY_OK;
}

static INLINE int ctx_pass(ctx_t *c) { (void)c; return CTX_PASS; }
static INLINE int ctx_stolen(ctx_t *c) { (void)c; return CTX_STOLEN; }
static INLINE void ctx_dropped(ctx_t *c, enum dp_drop why) { (void)c; (void)why; }
static INLINE int ctx_send(ctx_t *c, uint32_t ifindex) { (void)c; return (int)bpf_redirect(ifindex, 0); }
static INLINE void ctx_copy(ctx_t *c, uint32_t ifindex) { bpf_clone_redirect(c, ifindex, 0); }

static INLINE int ctx_send_neigh(ctx_t *c, const struct way *w)
{
	(void)c;
	struct bpf_redir_neigh nh = {.nh_family = AF_INET6};
	__builtin_memcpy(nh.ipv6_nh, &w->gateway, 16);
	return (int)bpf_redirect_neigh(w->ifindex, &nh, sizeof nh, 0);
}

/* The neighbour may be one of IPv6 (RFC 8950). */
static INLINE int ctx_send_neigh4(ctx_t *c, const struct way *w)
{
	if (w->gateway.w[0] | w->gateway.w[1])
		return ctx_send_neigh(c, w);
	struct bpf_redir_neigh nh;
	__builtin_memset(&nh, 0, sizeof nh); /* the whole union: a helper reads it */
	nh.nh_family = AF_INET;
	nh.ipv4_nh = w->gateway.w[3];
	return (int)bpf_redirect_neigh(w->ifindex, &nh, sizeof nh, 0);
}

static INLINE int ctx_send_here(ctx_t *c) { return (int)bpf_redirect_neigh(c->ifindex, NULL, 0, 0); }

/* A multicast frame would be refused by TCP: what comes out of a tunnel is for this host. */
static INLINE int ctx_host(ctx_t *c, uint32_t roam0)
{
	bpf_skb_change_type(c, 0 /* PACKET_HOST */);
	return (int)bpf_redirect(roam0, BPF_F_INGRESS);
}
static INLINE void ctx_copy_host(ctx_t *c, uint32_t ifindex)
{
	bpf_skb_change_type(c, 0 /* PACKET_HOST */);
	bpf_clone_redirect(c, ifindex, BPF_F_INGRESS);
}
static INLINE int ctx_up(ctx_t *c)
{
	bpf_skb_change_type(c, 0 /* PACKET_HOST */);
	return CTX_PASS;
}

static INLINE bool ctx_keep_bytes(ctx_t *c, struct m_keep *k, uint32_t off)
{
	uint32_t n = k->len_oct - 1;
	asm volatile("" : "+r"(n)); /* as below */
	return n < KEEP_OCT && bpf_skb_load_bytes(c, off, k->bytes, n + 1) == 0;
}

enum { RING_SMALL = 384 };

#define RING_PUT(map, size) do { \
		struct { struct punt_rec h; uint8_t data[size]; } *e_ = bpf_ringbuf_reserve(&map, sizeof *e_, 0); \
		if (!e_) \
			return false; \
		e_->h.head = *head; \
		if (has_slow) \
			e_->h.slow = *slow; \
		else \
			__builtin_memset(&e_->h.slow, 0, sizeof e_->h.slow); \
		uint32_t n_ = head->snap_oct - 1; \
		asm volatile("" : "+r"(n_)); /* the compiler must not find a cleverer comparison than the verifier can follow */ \
		if (n_ >= (size) || bpf_skb_load_bytes(c, off, e_->data, n_ + 1)) { \
			bpf_ringbuf_discard(e_, 0); \
			return false; \
		} \
		bpf_ringbuf_submit(e_, 0); \
		return true; \
	} while (0)

/* Signalling has a ring of its own. Two sizes of record, as the size must be known beforehand. */
static INLINE bool ctx_ring(ctx_t *c, uint32_t off, struct punt_head *head, const struct dp_slow *slow, bool has_slow,
			    bool is_message)
{
	uint32_t n = c->len - off;
	head->snap_oct = n > punt_snap(head->why) ? punt_snap(head->why) : n;
	if (is_message && head->snap_oct <= RING_SMALL)
		RING_PUT(ring_mh, RING_SMALL);
	if (is_message)
		RING_PUT(ring_mh, DP_PUNT_SNAP);
	if (head->snap_oct <= RING_SMALL)
		RING_PUT(ring, RING_SMALL);
	RING_PUT(ring, DP_PUNT_SNAP);
}

static INLINE void dup_lock(struct m_dup *b) { bpf_spin_lock(&b->lock); }
static INLINE void dup_unlock(struct m_dup *b) { bpf_spin_unlock(&b->lock); }

/* Instead of a loop whose bound is not constant. */
#define ctx_loop(n, fn, arg) bpf_loop((n), (void *)(fn), (arg), 0)
