/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stddef.h>
/*
 * What lies in the maps: keys and values shared by the BPF programs, the loader and the native
 * build. Addresses are four words in network order, so that neither compiler nor verifier has
 * to assume more alignment than a packet has. No structure has padding.
 *
 * A change here is a change of layout: raise MAP_LAYOUT, and pins of an earlier one are rebuilt.
 */
#include <stdbool.h>
#include <stdint.h>

#include "datapath/drop.h"
#include "datapath/punt.h"

enum { MAP_LAYOUT = 19, IF_SLOTS = 64, DUP_WAYS = 3, IF_HASH = 256, SMALL_TABLE = 4096 };

/* Places in t_prog. */
enum { PROG_INGRESS4, PROG_EGRESS4, PROG_CAST, PROG_CAST_OUT, PROG_INGRESS6, PROG_N };

#define INLINE inline __attribute__((always_inline))
#ifdef __bpf__
#define NOINLINE static __attribute__((noinline))
/*
 * Verified once by itself, whatever it is called with, and not again at each call: that makes the difference between seconds and a tenth of one
 * when a daemon starts. So it takes the packet, numbers and pointers to structures without pointers in them (which it must compare with
 * NULL before use), and returns a number.
 */
#define GLOBAL __attribute__((noinline))
#else
#define NOINLINE static inline
#define GLOBAL static inline
#endif

struct a6 { uint32_t w[4]; };
struct mac { uint16_t w[3]; };

/* Tables that hold something; an empty one costs no lookup. */
enum feature {
	FEAT_LOCAL = 1, FEAT_HOME = 2, FEAT_COA = 4, FEAT_UPLINK_IN = 8, FEAT_MFC = 16, FEAT_DOWNLINK = 32,
	FEAT_UPLINK_OUT = 64, FEAT_PMTU = 128, FEAT_CN = 256, FEAT_CN_TRUST = 512, FEAT_RO = 1024, FEAT_NET = 2048,
	FEAT_DOWN_RH2 = 4096,                            /* DP_DOWNLINK_IN with DP_ENCAP_RH2 */
	FEAT_VISIT = 8192, FEAT_GUEST = 16384, FEAT_RELAY = 32768, FEAT_UNBOUND = 65536, FEAT_REVERSE = 131072,
	FEAT_CAST = 262144,                              /* DP_HOME with a group */
};

struct m_cfg {
	uint32_t layout, features;
	uint32_t roam0_ifindex, dup_mask;     /* buckets of duplicate detection less one */
	uint32_t dup_window_ticks, is_up_link; /* the latter: what comes out of a tunnel goes up on the link that brought it */
	uint32_t punt_rate_pps, punt_burst;
	uint32_t hop_limit, keep_mask;        /* the latter: slots of the keep ring less one */
	uint32_t follow_epoch, pad;           /* dp_follow: of entries that were put by who follows now */
	int64_t follow_until_ns;
};

struct m_prefix { struct a6 net, mask; };
struct m_prefix4 { uint32_t net, mask; };

/* Interfaces: ifindex -> slot (1 to IF_SLOTS - 1) -> this. */
struct m_if {
	uint32_t ifindex, flags, mtu_oct, n_prefix;
	struct mac mac;
	uint16_t n_prefix4;
	struct mac gate;
	uint16_t pad16;
	struct a6 mma;
	struct m_prefix prefix[DP_IF_PREFIX_MAX];         /* of IPv6 */
	uint32_t mma4, pad;
	struct m_prefix4 prefix4[DP_IF_PREFIX_MAX];
};
/* In m_if.flags beside enum dp_if_flags: DP_IF_FILTER is IPv6's part of it, this is IPv4's. */
enum { IF_FILTER4 = 1 << 16 };
struct m_ifidx { uint32_t slot; };

struct m_local { uint32_t flags; };                       /* by address */
enum home_flags { HOME_MORE = 1, HOME_REVERSE = 2, HOME_NESTED = 4 };
struct m_home {                                           /* by home address */
	struct a6 ha, coa, prev;                          /* the first two side by side: a k_pair */
	int64_t expires_ns, prev_until_ns;
	uint32_t is_own_routed;
	uint16_t udp_port;
	uint8_t encap, flags;
};
struct home_to { struct a6 coa; int64_t expires_ns; uint16_t encap, flags; uint32_t udp_port; }; /* flags: HOME_NESTED */
struct m_home_more { uint32_t n, pad; struct home_to to[DP_HOME_MORE_MAX]; }; /* by home address */
enum coa_flags { COA_FORWARD = 1, COA_KEEP = 2, COA_WANTS_RO = 4 };
struct m_coa {                                            /* by care-of address */
	struct a6 home_address, source, group, ha, prev;  /* source and group side by side: a k_pair */
	int64_t prev_until_ns, expires_ns;
	uint32_t seq, flags, inject_ifindex, pad;
	struct a6 forward;                                /* with COA_FORWARD */
	struct a6 coa;                                    /* the key again */
	int64_t forward_until_ns;
};
struct m_uplink_in {                                      /* by inner source */
	struct a6 coa, ha, bound;
	int64_t expires_ns;
	uint32_t key, key_prev;                           /* host order; equal when there is only one */
	uint32_t encap, udp_port;                         /* of the reverse tunnel, IPv4 */
};
struct k_site { uint32_t plen; struct a6 addr; };         /* longest prefix match */
struct m_site { uint32_t pad; };
struct k_pair { struct a6 src, dst; };                    /* as they lie in an IPv6 header */
/* By source, group. Slots are octets of words, the first in the lowest: so that a program without CAP_PERFMON may walk
 * them, to whom the verifier allows no variable index. */
enum { MFC_WORDS = DP_OIF_MAX / 8 };
struct m_mfc {
	uint32_t iif, n;
	uint64_t slots[MFC_WORDS];
	int64_t told_ns;                                  /* when the host's multicast forwarding saw a packet last */
	uint32_t epoch, pad;                              /* m_cfg.follow_epoch when it was put */
};
struct m_downlink {                                       /* by outer source, destination */
	struct a6 home_address;
	uint32_t encap, n_if, ifindex[8];
	uint32_t flow, wants_ro;                          /* flow: a hash of the key */
	uint32_t has_seq, last_seq;                       /* GRE: the last that was accepted */
	uint32_t broadcast4, pad;                         /* network order */
};
struct m_uplink_out {                                     /* by inner source */
	struct a6 src, dst;
	uint32_t ifindex, encap, key, mtu_oct;
	struct mac next_hop, mac;
	uint16_t n_direct, udp_port;
	uint32_t nest4, pad;                              /* IPv4; 0: none */
	struct m_prefix direct[DP_DIRECT_MAX];
};
struct m_cn { struct a6 coa; int64_t expires_ns, used_ns; }; /* by own address, home address; used: as in m_ro */
struct m_trust {                                          /* the only one */
	uint32_t n;
	struct { struct m_prefix home, coa; } pair[DP_CN_TRUST_MAX];
};
struct m_ro {                                             /* by home address, correspondent node */
	struct a6 coa;
	int64_t expires_ns, used_ns;                      /* used: when data last went by it; 0: never */
	uint32_t is_testing, pad;
};
struct m_net { struct a6 home_address; };                 /* by prefix: longest match */
struct m_visit {                                          /* by home address */
	struct a6 coa, ha;                                /* side by side: a k_pair */
	int64_t expires_ns;
	uint32_t ifindex;
	struct mac mac;
	uint16_t udp_port;
	uint16_t up, encap;
};
struct m_guest {                                          /* by source, group */
	struct a6 home[DP_GUEST_HOMES_MAX];
	int64_t expires_ns;
	uint32_t ifindex, in_ifindex;
	struct mac mac, from;                             /* from: zero: the interface's */
	uint32_t n_home, voice_port;                      /* voice_port: network order */
	uint32_t is_serving, flow;                        /* flow: a hash of the key */
	uint32_t has_seq, last_seq;                       /* of what was delivered last */
};
struct k_port { struct a6 addr; uint32_t port; };         /* port: network order */
struct m_relay { struct a6 source, group; int64_t expires_ns; uint32_t port, inject_ifindex; }; /* source and group side by side: a k_pair */
struct m_unbound { uint32_t is_shared; };                 /* by prefix: longest match */
struct m_reverse { uint32_t pad; };                       /* by prefix */
struct m_ident { uint32_t next, pad; };                   /* the only one: identification of the next IPv4 packet that may be fragmented */
struct m_pmtu { int64_t until_ns; uint32_t mtu_oct, pad; }; /* by outer destination */

/* path: 0 when free. start, oct: range of a TCP stream. time: ctx_ticks, the low 16 bits. */
struct dup_way { uint32_t tag, seq, path, start; uint16_t oct, time; };
struct m_dup {
#ifdef __bpf__
	struct bpf_spin_lock lock;
#else
	uint32_t lock;
#endif
	struct dup_way way[DUP_WAYS];                     /* 64 octets with the lock: a cache line */
};

/* The keep ring. A slot is valid when its turn, which counts from 1, is as it was before and after the rest was read; the slot of
 * turn t is (t - 1) & keep_mask. */
enum { KEEP_OCT = 1600 };
struct m_keep_at { uint32_t turns, pad; };
struct m_keep {
	uint32_t turn, seq, len_oct, pad;
	struct a6 coa;
	int64_t when_ns;
	uint8_t bytes[KEEP_OCT];                          /* from the inner header on, before its hop limit is decremented */
};

/* Packets that are not TCP's: tag (24 bits, not zero, with the sequence number in it), path (24 bits), time (16 bits) in a word. */
struct m_seen { uint64_t way[2]; };

struct k_rate { struct a6 src; uint32_t why; };
struct m_rate { int64_t last_ns; int64_t credit_ns; };    /* credit: time saved up, one packet costs 1 s / rate */

struct m_count { uint64_t n; };

/* What goes through the rings in front of the packet's bytes. */
struct punt_head {
	uint32_t ifindex, why, snap_oct;
	struct mac mac;
	uint16_t pad;
};
/* Of a route to optimise the headers suffice. */
static INLINE uint32_t punt_snap(uint32_t why) { return why == DP_PUNT_RO ? 128 : DP_PUNT_SNAP; }
struct punt_rec {
	struct punt_head head;
	struct dp_slow slow;
};
