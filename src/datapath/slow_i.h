/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* What the parts of the slow path share: slow.c (encapsulation, fragments), slow_icmp.c (errors), slow_raw.c (reassembled tunnels), and
 * the same for IPv4: slow4.c, slow4_icmp.c, slow4_raw.c. */
#include "datapath/reasm.h"
#include "datapath/slow.h"
#include "wire/gre/gre.h"
#include "wire/ip/icmp4.h"
#include "wire/ip/icmp6.h"

enum { IC6_ADDR_UNREACHABLE = 3 };
enum { SLOW_DIRECT_OCT = 24, SLOW_MTU_GUESS = 1500, SLOW_PMTUS = 512, SLOW_SEEN = 64, SLOW_PACKET_OCT = 65536 + 64 };

struct slow_pmtu { struct addr6 dst; uint32_t mtu_oct; mono_t until; };

struct slow_seen { struct addr6 src; uint32_t seq; mono_t when; };

struct slow {
	struct slow_conf conf;
	uint32_t frag_id;
	mono_t icmp_last;
	int64_t icmp_credit_ns;
	struct slow_pmtu pmtu[SLOW_PMTUS];
	struct slow_seen seen[SLOW_SEEN];  /* reassembled packets given to the host */
	uint32_t n_seen;
	struct reasm reasm;                /* a mobile's: what came to its group in fragments */
	mono_t now;                        /* of the last call that told it */
	uint16_t ip4_id;                   /* of the next IPv4 packet that may be fragmented */
	uint8_t plain[SLOW_PACKET_OCT];    /* IPv4: the inner packet as it goes on */
	uint8_t opened[SLOW_PACKET_OCT];   /* IPv4: what came in minimal encapsulation, made whole again */
	uint8_t buf[SLOW_PACKET_OCT];      /* a tunnel packet */
	uint8_t part[SLOW_PACKET_OCT];     /* a fragment of it, or an error */
};

/* A tunnel to put a packet into. */
struct slow_tunnel {
	struct addr6 src, dst;
	enum dp_encap direct;              /* DP_ENCAP_RH2 or DP_ENCAP_HAO: no tunnel but that header; else 0 */
	bool has_gre, has_key, has_seq;
	uint32_t key, seq, mtu_oct;
	uint32_t ifindex;                  /* 0: by the routing table, or the group's links */
	struct lladdr next_hop;
};

void slow_emit(struct slow *s, enum slow_kind kind, const uint8_t *bytes, size_t len_oct);
/* Encapsulates the packet; fragments the outer one where it does not fit. is_local: hop limit stays. */
void slow_encap(struct slow *s, const struct slow_tunnel *t, const uint8_t *pkt, size_t len_oct, bool is_local);
/* slow_icmp.c: an error about pkt to its source, if one may be sent now. */
void slow_error(struct slow *s, uint32_t ifindex, bool is_local, uint8_t type, uint8_t code, uint32_t word,
		const uint8_t *pkt, size_t len_oct, mono_t now);
/* An error about a tunnel packet of ours. */
void slow_relay(struct slow *s, const struct dp_punted *p, mono_t now);
void slow_learn_mtu(struct slow *s, const struct addr6 *dst, uint32_t mtu_oct, mono_t now);

/* --- IPv4 --- */

/* A tunnel, or the way of a packet that goes on as it is (DP_ENCAP_NONE: then ifindex and next_hop are set). */
struct slow4_tunnel {
	struct addr6 src, dst;             /* IPv4-mapped */
	enum dp_encap encap;
	bool has_key, has_seq;             /* DP_ENCAP_GRE */
	uint32_t key, seq, mtu_oct;        /* mtu_oct: of the way out, outer header included */
	uint16_t udp_port;
	uint32_t ifindex;
	struct lladdr next_hop;
	bool has_nest;                     /* IP-in-IP between these inside the tunnel */
	struct addr4 nest_src, nest_dst;
};

/* slow4.c. For tunnels whose way out is not known; what was learned of it counts. */
uint32_t slow4_mtu_of(struct slow *s, const struct addr6 *dst, mono_t now);
/* Encapsulates the packet. One that does not fit is fragmented, or refused when it may not be: the source is told. */
void slow4_finish_checksum(uint8_t *pkt, size_t len_oct);
void slow4_encap(struct slow *s, const struct slow4_tunnel *t, uint32_t ifindex, const uint8_t *pkt, size_t len_oct, bool is_local, mono_t now);
void slow4_punt(struct slow *s, const struct dp_punted *p, mono_t now);
/* slow4_icmp.c: an error about pkt to its source, if one may be sent now. */
void slow4_error(struct slow *s, uint32_t ifindex, bool is_local, uint8_t type, uint8_t code, uint32_t word, const uint8_t *pkt, size_t len_oct,
		 mono_t now);
/* The same about a packet to a group, which only its source that is an agent of ours understands. */
void slow4_group_error(struct slow *s, uint32_t ifindex, uint32_t mtu_oct, const uint8_t *pkt, size_t len_oct, mono_t now);
void slow4_relay(struct slow *s, const struct dp_punted *p, mono_t now);
/* slow4_raw.c: a tunnel packet made whole; and the way back to whoever lives behind us, for errors. */
void slow4_raw(struct slow *s, uint32_t ifindex, const uint8_t *pkt, size_t len_oct, mono_t now);
bool slow4_to_mobile(struct slow *s, const uint8_t *pkt, size_t len_oct, mono_t now);
/* slow4.c. Calls fn for each fragment of the packet (or for all of it) as it goes on, none longer than mtu_oct. */
typedef void (*slow4_part_fn)(struct slow *s, const struct slow4_tunnel *t, const uint8_t *part, size_t len_oct);
void slow4_cut(struct slow *s, const uint8_t *pkt, size_t len_oct, bool is_local, uint32_t mtu_oct, slow4_part_fn fn, const struct slow4_tunnel *t);
/* slow_cast.c: a tunnel packet made whole, to a guest's group? Then it is given to the guest, or was nothing for it. */
bool slow_to_guest(struct slow *s, const uint8_t *pkt, size_t len_oct, mono_t now);
/* May the agent tunnel back for a mobile that the network moves? False also for any other mobile. */
bool slow_speaks_first(struct slow *s, const struct addr6 *home_address, const struct addr6 *agent); /* as home_speaks_first */
bool slow_is_cast_agent(struct slow *s, const struct dp_home *h, const struct addr6 *agent);
/* A packet that does not fit a group of the other family; false: it is of the same. */
bool slow_cast_too_big(struct slow *s, const struct dp_punted *p, mono_t now);
/* slow_icmp.c */
bool slow_may_send(struct slow *s, mono_t now);
/* slow_raw.c: did a tunnel packet with this number come a moment ago? Notes that it has. */
bool slow_is_first(struct slow *s, const struct addr6 *src, uint32_t seq, mono_t now);
bool slow_find(struct slow *s, struct dp_op *op);
bool slow_is_of(struct slow *s, const struct addr6 *a, const struct addr6 *home_address);
/* The entry by an inner source, or by the home address that its mobile network goes by. key: where in op. */
bool slow_find_of(struct slow *s, struct dp_op *op, struct addr6 *key, const struct addr6 *src);
