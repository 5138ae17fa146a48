/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The only door to a packet. ctx_t is the kernel's socket buffer in BPF and a buffer
 * of struct dpn natively; everything else in lib/ is the same source for both.
 *
 *   ctx_begin, ctx_end      first byte, one past the last that can be reached through pointers
 *   ctx_at(c, off), ctx_has(c, n)   pointer to a constant offset; are the first n bytes reachable?
 *   ctx_pull(c, n)          make the first n bytes reachable (pointers become invalid); ctx_reach: n is not a constant
 *   ctx_len, ctx_gso        real length; size of a segment's payload if the packet is offloaded, else 0
 *   ctx_now, ctx_ticks      monotonic nanoseconds; the kernel's ticks, which are cheaper
 *   ctx_grow(c, n)          n bytes of room between Ethernet and IPv6 header for a tunnel's headers; ctx_grow4: of IPv4
 *   ctx_resize(c, d)        the same place, d more or fewer bytes, the packet stays as tunnelled as it was
 *   ctx_insert(c, n), ctx_cut(c, n)   n bytes of room behind the IPv6 header; n bytes there away
 *   ctx_add_eth(c)          room for an Ethernet header in front of a packet that has none
 *   ctx_load, ctx_store, ctx_tcp_put16   bytes at any offset; a 16-bit field covered by TCP's checksum
 *   ctx_keep_bytes(c, k, off)        k->len_oct bytes from off on into a slot of the keep ring
 *   ctx_csum16, ctx_csum32  a word covered by UDP's checksum (32: of an address), which is at csum_off, changes; 0 stays 0
 *   ctx_family(c, is_v6)    the IP header becomes 20 octets longer, or shorter, and the packet one of the other family
 *   ctx_take                a frame to another link-layer address than the interface's is for us all the same
 *   ctx_ecn_mark            a traffic class, with care for a checksum that hardware computed over the packet
 *   ctx_route, ctx_route4   way out towards an address
 *   ctx_send, ctx_send_neigh (ctx_send_neigh4), ctx_send_here, ctx_copy, ctx_host, ctx_up   out of an interface; so, resolving the neighbour; out
 *                           of the interface that it was about to leave through, resolving way and neighbour; a copy now; into
 *                           the host's stack through roam0; so, on this link. All but ctx_copy end the program's work
 *   ctx_copy_host(c, i)     a copy now into the host's stack, as received on interface i
 *   ctx_loop(n, fn, arg)    fn(0, arg) to fn(n - 1, arg), until one does not return 0
 *   ctx_pass, ctx_drop, ctx_stolen   verdicts
 *   ctx_ring                packet from off on to user space, with *head, and *slow if has_slow; signalling has a ring of its own; false
 *                           when the ring is full
 */
#include "datapath/lib/table.h"

enum { CTX_PASS = -1, CTX_DROP = 2, CTX_STOLEN = 4 }; /* as in linux/pkt_cls.h */

enum { CTX_TICK_NS = 4000000 }; /* natively; a kernel says itself: clock_getres(CLOCK_MONOTONIC_COARSE) */

/* Way out. */
struct way {
	uint32_t ifindex, mtu_oct;
	struct mac next_hop, mac;
	struct a6 gateway;          /* WAY_NEIGH: whom to resolve */
};
enum way_result { WAY_OK, WAY_NEIGH, WAY_TOO_BIG, WAY_HOST, WAY_NONE };

#ifdef __bpf__
#include "datapath/lib/ctx_bpf.h"
#else
#include "datapath/lib/ctx_native.h"
#endif

static INLINE void count_add(ctx_t *c, uint32_t what, uint32_t n)
{
	struct m_count *m = TBL(c, count, &what);
	if (m)
		m->n += n;
}
static INLINE void count(ctx_t *c, uint32_t what) { count_add(c, what, 1); }

static INLINE int ctx_drop(ctx_t *c, enum dp_drop why)
{
	count(c, why);
	ctx_dropped(c, why);
	return CTX_DROP;
}

static INLINE struct m_cfg *cfg(ctx_t *c)
{
	uint32_t zero = 0;
	return TBL(c, cfg, &zero);
}
