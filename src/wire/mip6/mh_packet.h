/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Whole packets that carry a Mobility Header: what engines receive and send. IPv6, but for messages between agents (peer.h), which travel in IPv4
 * as well: protocol 135 between IPv4-mapped addresses, with IPv6's pseudo-header of these.
 *
 * Sending with authentication takes three steps:
 *     n = mh_packet_build(buf, sizeof buf, &path, &mh, &built);       authenticator and checksum zero
 *     mh_built_auth_input(&built, buf, coa, hoa, piece) -> MAC -> mh_built_auth_set(&built, buf, mac)
 *     mh_packet_finish(&built, buf);                                  checksum
 * Without authentication the middle one falls away.
 */
#include "wire/ip/ip6.h"
#include "wire/mip6/mh.h"

struct mh_packet {
	struct addr6 src, dst;           /* of the IPv6 header: on-link or assigned addresses */
	uint8_t hop_limit;
	bool has_hao, has_rh2;
	struct addr6 hao, rh2;
	struct addr6 peer;               /* the home address if there is a Home Address option, else src */
	struct addr6 self;               /* the routing header's home address if there is one, else dst */
	struct mh mh;
	const uint8_t *head;             /* the Mobility Header in the packet; mh.opt's offsets count from here */
};

/* Walks, verifies the checksum (home addresses in the pseudo-header, RFC 6275 6.1.1), parses. out is filled as far
 * as it came: on W_TYPE, src, dst, peer and mh.type are there for the binding error. W_PROTO when there is no Mobility Header.
 * In IPv4: W_TYPE for all but MH_PEER, ip4_walk's. */
enum wire_err mh_packet_parse(const void *pkt, size_t len_oct, struct mh_packet *out);

/* The authenticated bytes of a received message: care-of address (the alternate one when there is one, RFC 4285 5.1), home
 * address (a BU's peer, a BA's self), message. Needs mh.opt.has_auth. For a BA give the care-of address that the update
 * carried. */
size_t mh_packet_auth_input(const struct mh_packet *p, const struct addr6 *coa, const struct addr6 *hoa,
			    struct iov_in piece[static MH_AUTH_PIECES]);
static inline const uint8_t *mh_packet_auth_data(const struct mh_packet *p) { return p->head + p->mh.opt.auth.off; }
/* The care-of address that a binding update asks for: the alternate one or the source. */
const struct addr6 *mh_packet_coa(const struct mh_packet *p);

struct mh_path {
	struct addr6 src, dst;           /* of the IP header, whose version they tell */
	const struct addr6 *hao, *rh2;   /* home addresses; NULL: no such header */
	uint8_t hop_limit;               /* 0: 64 */
};
struct mh_built {
	size_t len_oct;                  /* of the packet */
	uint16_t mh_off, mh_len_oct;
	uint16_t auth_off, auth_len_oct; /* of the authenticator, from the packet's start; len 0: there is none */
	struct addr6 csum_src, csum_dst;
};

/* len_oct of the packet, or 0 when buf is too small. 1280 bytes are always enough. */
size_t mh_packet_build(void *buf, size_t cap_oct, const struct mh_path *path, struct mh *m, struct mh_built *out);
size_t mh_built_auth_input(const struct mh_built *b, const void *buf, const struct addr6 *coa, const struct addr6 *hoa,
			   struct iov_in piece[static MH_AUTH_PIECES]);
/* mac: at least auth_len_oct bytes; the first ones are taken. */
void mh_built_auth_set(const struct mh_built *b, void *buf, const uint8_t *mac);
void mh_packet_finish(const struct mh_built *b, void *buf);

/* Shorthands. bu: from coa to agent, home address in a Home Address option (NULL at home: the source is it). */
size_t bu_packet_build(void *buf, size_t cap_oct, const struct addr6 *coa, const struct addr6 *agent, const struct addr6 *home_address,
		       struct mh *m, struct mh_built *out);
/* ba: from agent to coa with a type 2 routing header for home_address (NULL: to the mobile at home, none). */
size_t ba_packet_build(void *buf, size_t cap_oct, const struct addr6 *agent, const struct addr6 *coa, const struct addr6 *home_address,
		       struct mh *m, struct mh_built *out);
/* be: RFC 6275 9.3.3. Complete, checksum included. */
size_t be_packet_build(void *buf, size_t cap_oct, const struct addr6 *src, const struct addr6 *dst, enum be_status status,
		       const struct addr6 *home_address);
