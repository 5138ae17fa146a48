/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdint.h>

/*
 * What the datapath counts: every drop has a number, a stable name and a sentence, and so
 * has every thing that it does. One list for the BPF programs, the native build, the operator.
 */
#define DP_DROPS(X) \
	X(MALFORMED, "header shorter than its own length says, or not of that version") \
	X(HOP_LIMIT, "hop limit exhausted on a multicast packet") \
	X(ECN, "congestion marked on the outer header of a packet that is not ECN capable (RFC 6040)") \
	X(NO_ROUTE, "no route to the other end of the tunnel") \
	X(NO_ROOM, "the kernel gave no room for another header") \
	X(TUNNEL_SOURCE, "tunnel to a care-of address from neither home agent nor previous agent") \
	X(TUNNEL_INNER, "tunnelled packet is not for the home address of that tunnel") \
	X(TUNNEL_PROTO, "tunnel carries something else than a packet of its own family") \
	X(REVERSE_SOURCE, "reverse tunnel whose inner source has no binding with the outer source") \
	X(UPLINK_SOURCE, "uplink tunnel from outside the prefixes of the site") \
	X(UPLINK_KEY, "uplink tunnel with a wrong key") \
	X(UPLINK_UNKNOWN, "uplink tunnel whose inner source is not registered") \
	X(EXPIRED, "the entry that matched had expired") \
	X(NO_GROUP, "nobody listens to the group of this mobile") \
	X(WRONG_IIF, "multicast packet on another link than the one towards its source") \
	X(DUPLICATE, "already received over another path") \
	X(DOWNLINK_IF, "tunnelled packet on an interface that is not to be used") \
	X(GRE_FLAGS, "GRE header without the field that is required, or with one that is not allowed") \
	X(FILTER_PREFIX, "source outside the prefixes of the access link") \
	X(FILTER_AGENT, "packet from an access link with the agent's own source address") \
	X(ROUTING_HEADER, "type 2 routing header that does not name the home address of that care-of address") \
	X(PUNT_RATE, "too many packets for the daemon from one source") \
	X(PUNT_FULL, "no room in the ring to the daemon") \
	X(FORWARD_LOOP, "tunnelled after a mobile already, and back") \
	X(REVERSE_OFF, "reverse tunnel that the registration did not ask for") \
	X(VISIT_LLADDR, "source is a visitor's, link-layer source is not") \
	X(REVERSE_AGENT, "reverse tunnel of a mobile that the network moves, from an agent that may not") \
	X(NOT_SERVING, "kept: another agent serves this guest") \
	X(VOICE, "voice for a guest that has no address of its family")

#define DP_COUNTS(X) \
	X(HA_ENCAP, "packets tunnelled by the home agent") \
	X(HA_DECAP, "packets taken out of reverse tunnels by the home agent") \
	X(MMA_DOWN, "packets passed on to a mobile's group") \
	X(MMA_UP, "packets passed on to a home agent") \
	X(MFC_FORWARD, "multicast packets forwarded") \
	X(MFC_COPIES, "copies sent, one a link") \
	X(MN_DECAP, "packets taken out of tunnels by the mobile") \
	X(MN_ENCAP, "packets tunnelled by the mobile") \
	X(PUNTED, "packets handed to the daemon") \
	X(SLOW, "packets handed to the slow path") \
	X(DUP_EVICTED, "entries of duplicate detection pushed out within the window") \
	X(MSS_CLAMPED, "TCP MSS options lowered") \
	X(MMA_DIRECT, "packets sent straight to a correspondent node by the agent") \
	X(MMA_FORWARD, "packets for a mobile that left, tunnelled after it") \
	X(MN_DIRECT, "packets sent straight to a correspondent node by the mobile") \
	X(RH2_OUT, "packets sent straight to a mobile, with a type 2 routing header") \
	X(RH2_IN, "type 2 routing headers taken off") \
	X(KEPT, "packets noted in the keep ring") \
	X(KEEP_TOO_BIG, "packets too long for the keep ring, or offloaded") \
	X(HAO_SWAPPED, "packets whose Home Address option matched a binding") \
	X(HA_COPIES, "further copies tunnelled for simultaneous bindings") \
	X(FA_DOWN, "packets passed on to a visitor") \
	X(FA_UP, "packets of visitors passed on to their home agents") \
	X(GUEST_DOWN, "packets out of groups given to guests") \
	X(GUEST_VOICE, "voice out of groups given to guests") \
	X(RELAYED, "voice put on a mobile's group") \
	X(MFC_HOST, "packets left to the host's multicast forwarding") \
	X(MFC_TOLD, "copies that the host's multicast forwarding counts and sends nowhere")

enum dp_drop {
	DP_DROP_NONE,
#define X(name, text) DP_DROP_##name,
	DP_DROPS(X)
#undef X
	DP_DROP_N
};

/* Indexes of the counter array: drops first (DP_DROP_* itself), then these. */
enum dp_count {
	DP_COUNT_FIRST = DP_DROP_N - 1,
#define X(name, text) DP_COUNT_##name,
	DP_COUNTS(X)
#undef X
	DP_COUNT_N
};

const char *dp_drop_name(enum dp_drop d);     /* "UPLINK_KEY"; "NONE" */
const char *dp_drop_text(enum dp_drop d);
const char *dp_count_name(uint32_t i);        /* of any index below DP_COUNT_N */
