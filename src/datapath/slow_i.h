/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* What the parts of the slow path share: slow.c (encapsulation, fragments), slow_icmp.c (errors), slow_raw.c. */
#include "datapath/reasm.h"
#include "datapath/slow.h"
#include "wire/gre/gre.h"
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
