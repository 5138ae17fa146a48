/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What an engine wants done. Engines push effects into a queue; whoever drives
 * them (daemon or simulator) takes them out in order and carries them out.
 *
 * Order is a promise: effects of one batch take place in the order pushed, and
 * every FX_STORE_* of a batch is on stable storage before any FX_SEND of that batch leaves
 * (a registration is acknowledged only once it would survive).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/mem.h"
#include "base/time.h"
#include "core/shared.h"
#include "datapath/dp.h"

enum role_id { ROLE_NONE, ROLE_HA, ROLE_MMA, ROLE_AR, ROLE_MN, ROLE_CN, ROLE_FA, ROLE_MM, ROLE_N };
const char *role_str(enum role_id r);

enum effect_kind {
	FX_SEND,        /* a packet */
	FX_DP_PUT,      /* an entry of the datapath */
	FX_DP_DEL,
	FX_JOIN,        /* let a group in through the interface's filter; source none (addr6_is_none): a socket's membership, and the kernel
	                 * reports it */
	FX_LEAVE,
	FX_ADDR_ADD,    /* address on an interface */
	FX_ADDR_DEL,
	FX_ROUTE_PUT,
	FX_ROUTE_DEL,
	FX_NEIGH,       /* the host's neighbour cache: this address has that link-layer address now, to be verified at the next use;
	                 * zero: what the cache knows of it is no longer so */
	FX_KEEP_SEND,   /* forward what the keep ring holds of a care-of address, or give it to a guest */
	FX_ATTACH,      /* mobile node: ask the radio of an interface for another router/cell */
	FX_STORE_PUT,   /* record to stable storage */
	FX_STORE_DEL,
	FX_SHARED,      /* a transaction with the store that several nodes share */
	FX_ANSWER,      /* what became of an operator's command that had to wait */
	FX_EVENT,       /* tell the operator */
	FX_NOTHING,     /* was one of the others, and has been taken out (rg/sync.h) */
};

/* ifindex 0 in these structs: let the routing table choose. Addresses of IPv4 are mapped ones everywhere, prefix lengths those of mapped
 * prefixes (96 + n); :: and 0.0.0.0 both mean none. */
struct fx_send {
	uint32_t ifindex;
	bool has_lladdr;          /* false with ifindex set: multicast gets its mapped address, unicast is resolved by the kernel */
	bool is_arp;              /* the bytes are an ARP message; ifindex and lladdr are set */
	bool is_from_host;        /* IPv4 to a group: by the host's IP stack, whose multicast forwarding takes it as sent by a host on ifindex */
	bool is_of_standby;       /* leaves even while this member of a redundancy group stands by (rg/sync.h) */
	struct lladdr lladdr;     /* destination */
	uint32_t off, len_oct;    /* IPv6 or IPv4 packet, from its header on, in the queue's arena: effq_bytes() */
};

#define IFINDEX_ROAM0 0xffffffffu /* stands for roam0 wherever an ifindex is expected */

struct fx_group { uint32_t ifindex; struct addr6 group, source; };

enum addr_flags {
	ADDR_NODAD = 1,       /* usable at once, no duplicate detection by the kernel */
	ADDR_OPTIMISTIC = 2,  /* RFC 4429 */
	ADDR_HOME = 4,        /* is a home address: is taken from one interface as soon as another has it */
};
struct fx_addr {
	uint32_t ifindex;
	struct addr6 addr;
	uint8_t plen_bits;
	uint8_t flags;            /* enum addr_flags */
	struct addr6 broadcast;   /* IPv4, unless none: packets to it are for this host too, as long as it has the address */
	span_t preferred, valid;  /* 0: forever */
};
struct fx_route {
	struct prefix6 dst;
	uint32_t ifindex;
	struct addr6 via;         /* :: for none */
	struct addr6 src;         /* preferred source; :: for none */
	uint32_t metric;
};
struct fx_neigh { uint32_t ifindex; struct addr6 addr; struct lladdr lladdr; };
struct fx_attach { uint32_t ifindex; struct lladdr router; /* zero: detach */ };


/* From the packets that were sent to the group of coa (dp_coa.keep) within the last `window`, those behind after_seq, or all that are
 * there, leave as IP-in-IP from src to dst in their order. coa a group: what was kept of it goes to the guest of (source src, group coa),
 * bare, as DP_GUEST has it, which is_serving from then on (push the entry so behind it: nothing is lost and the order stays); dst does
 * not count. */
struct fx_keep {
	struct addr6 coa;
	bool has_seq;
	uint32_t after_seq;       /* GRE sequence number; counts only with has_seq */
	struct addr6 src, dst;
	span_t window;            /* 0: whatever is there */
};
/* Is this one of them? */
bool fx_keep_wants(const struct fx_keep *k, uint32_t seq, mono_t when, mono_t now);
/* The same of a packet kept for a guest. Voice, which comes from the group's source itself, has no number: all of the window is wanted. */
bool fx_keep_wants_for_guest(const struct fx_keep *k, uint32_t seq, mono_t when, mono_t now, const uint8_t *pkt, size_t len_oct);

enum store_table { STORE_BINDING_HA = 1, STORE_BINDING_MMA, STORE_COUNTER, STORE_MN, STORE_RO_MMA, STORE_RO_MN, STORE_VISIT, STORE_MN4,
	STORE_HA_POOL, STORE_DEVICE, STORE_DEVICE_COPY /* of what lies in a store that is shared */,
	STORE_MM_REST };

/* How a record that a redundancy group shares has changed (rg/sync.h). */
enum fx_change_how {
	FX_CHANGE_NONE,   /* the record is this node's alone */
	FX_CHANGE_PUT,    /* new or different */
	FX_CHANGE_DELETE, /* its mobile or the operator ended it. The value is what replay protection goes on needing */
	FX_CHANGE_LAPSE,  /* it ended by its lifetime, as it does on every member: nobody is told */
};
struct fx_change {
	enum fx_change_how how;
	uint64_t stamp;           /* the mobile's own authenticated order; 0: it has none */
	mono_t expires;           /* end of the lifetime; of a deleted one: of the lifetime before. MONO_NEVER: none */
};
struct fx_store {
	enum store_table table;
	uint16_t key_len_oct, val_len_oct;
	uint32_t off;             /* key then value, in the arena */
	struct fx_change change;
};

struct fx_shared {
	uint64_t token;           /* comes back with SHARED_DONE */
	uint32_t n_ops, off, len_oct; /* in the arena: fx_shared_next reads them */
};
struct fx_answer {
	uint64_t command;         /* ctl_cmd.answer */
	uint32_t off, len_oct;    /* what is wrong; none: it was done */
};

enum event_sev { EV_DEBUG, EV_INFO, EV_NOTICE, EV_WARNING, EV_ERROR };
struct fx_event {
	enum event_sev sev;
	const char *code;         /* static text, kebab-case: "binding-registered"; stable, scripts match it */
	struct addr6 mobile;      /* home address the event concerns; :: for none: `roamctl trace` filters by it */
	uint32_t off, len_oct;    /* the sentence, in the arena, no newline */
};

struct effect {
	enum effect_kind kind;
	enum role_id role;        /* who asked */
	union {
		struct fx_send send;
		struct dp_op dp;          /* FX_DP_PUT, FX_DP_DEL */
		struct fx_group group;
		struct fx_addr addr;
		struct fx_route route;
		struct fx_neigh neigh;
		struct fx_attach attach;
		struct fx_keep keep;
		struct fx_store store;
		struct fx_shared shared;
		struct fx_answer answer;
		struct fx_event event;
	};
};

struct effq {
	struct effect *fx;
	uint32_t n, cap, next;    /* next: the first not yet taken */
	uint8_t *arena;           /* packets, records, texts */
	uint32_t arena_len, arena_cap;
	uint64_t lost;            /* effects dropped for want of memory: shown, and an alarm */
	const struct mem_ops *mem;
};

void effq_init(struct effq *q, const struct mem_ops *mem);
void effq_fini(struct effq *q);

/* Room for n bytes in the arena; *off is its place. Valid until the next arena call. */
uint8_t *effq_arena(struct effq *q, uint32_t n, uint32_t *off);

/* Shorthands used by engines. */
void fx_send(struct effq *q, enum role_id role, uint32_t ifindex, const struct lladdr *lladdr /* or NULL */,
	     const void *packet, size_t len_oct);
/* arp: ARP_OCT bytes as arp_build writes them, in a frame to lladdr (ff:ff:ff:ff:ff:ff: all stations of the link). */
void fx_send_arp(struct effq *q, enum role_id role, uint32_t ifindex, const struct lladdr *lladdr, const void *arp, size_t len_oct);
void fx_send_from_host(struct effq *q, enum role_id role, uint32_t ifindex, const void *packet, size_t len_oct);
/* To a group; what a member that stands by says unasked all the same. */
void fx_send_of_standby(struct effq *q, enum role_id role, uint32_t ifindex, const void *packet, size_t len_oct);
void fx_dp_put(struct effq *q, enum role_id role, const struct dp_op *op);
void fx_dp_del(struct effq *q, enum role_id role, const struct dp_op *op);
void fx_group(struct effq *q, enum role_id role, enum effect_kind join_or_leave, uint32_t ifindex,
	      const struct addr6 *group, const struct addr6 *source);
void fx_addr(struct effq *q, enum role_id role, enum effect_kind add_or_del, const struct fx_addr *a);
void fx_route(struct effq *q, enum role_id role, enum effect_kind put_or_del, const struct fx_route *r);
void fx_neigh(struct effq *q, enum role_id role, uint32_t ifindex, const struct addr6 *addr, const struct lladdr *lladdr);
void fx_attach(struct effq *q, enum role_id role, uint32_t ifindex, const struct lladdr *router);
void fx_keep_send(struct effq *q, enum role_id role, const struct fx_keep *k);
void fx_store_put(struct effq *q, enum role_id role, enum store_table table, const void *key, size_t key_len,
		  const void *val, size_t val_len);
/* A record that is shared where there is a redundancy group. What depends on it is pushed behind it, in the same call of the role:
 * packets are held until the group has it. fx_store_del of such a record forgets it like a lapse. */
void fx_record_put(struct effq *q, enum role_id role, enum store_table table, const void *key, size_t key_len,
		   const void *val, size_t val_len, const struct fx_change *change);
void fx_store_del(struct effq *q, enum role_id role, enum store_table table, const void *key, size_t key_len);
void fx_shared(struct effq *q, enum role_id role, uint64_t token, const struct shared_op *ops, uint32_t n_ops);
/* Reads the next one at *at; keys and values lie in the arena. */
struct shared_op fx_shared_next(const uint8_t **at);
void fx_answer(struct effq *q, enum role_id role, uint64_t command, const char *wrong /* or NULL */);
void fx_event(struct effq *q, enum role_id role, enum event_sev sev, const char *code, const struct addr6 *mobile,
	      const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* The driver: the next effect in order, or NULL. Bytes: effq_bytes(q, off). When all are taken,
 * effq_reset makes the queue empty and its arena reusable. */
const struct effect *effq_next(struct effq *q);
static inline const uint8_t *effq_bytes(const struct effq *q, uint32_t off) { return q->arena + off; }
void effq_reset(struct effq *q);
