/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What agents say to each other, MMA to MMA and MMA to home agent: the body of Mobility Header type 11 (RFC 5096, for experiments), whose content is the
 * experiment's own. Ours begins with a version, a kind and the enterprise number; options follow as in any Mobility Header: correspondent
 * nodes (rc_opt.h, sub-type 7), timestamp and authentication (RFC 4285) with the key that the two agents share.
 *
 * The authenticator's addresses are those of the IPv6 header, source then destination, so that a message counts in one direction
 * only. Every byte is in doc/wire.md.
 */
#include "base/cursor.h"
#include "wire/err.h"

enum { MH_PEER_VERSION = 1, MH_PEER_OCT = 46 }; /* of the body, behind the six bytes that all Mobility Headers have */

enum mh_peer_kind {
	PEER_CONFIRM = 1,    /* new MMA: the home address is registered here, with this care-of address (or is not: status) */
	PEER_ASK,            /* old MMA: is it? Answered by PEER_CONFIRM with the same transaction */
	PEER_FORWARDING,     /* old MMA: packets for the mobile come to you from now on, for time_s; these correspondent nodes know me */
	PEER_FORWARDING_ACK, /* new MMA: thank you; or no (status): stop */
	PEER_KEY_ASK,        /* MMA to home agent: a mobile that names you registers here, and I have no key */
	PEER_KEY,            /* home agent to MMA: this one (rc_opt.h, sub-type 8), for time_s; or none (status) */
};
const char *mh_peer_kind_str(uint8_t kind); /* "confirm"; "unknown" */

enum mh_peer_status {
	PEER_OK = 0,
	PEER_NOT_HERE = 1,   /* no such registration, or with another care-of address */
};

struct mh_peer {
	uint8_t version, kind;       /* enum mh_peer_kind; parse takes any: what it does not know, an agent ignores */
	uint32_t enterprise;
	uint32_t transaction;        /* an answer bears its question's; 0 in what answers nothing and asks nothing */
	struct addr6 home_address;
	struct addr6 coa;            /* at the new MMA */
	uint16_t time_s;
	uint8_t status;              /* enum mh_peer_status */
};

/* r stands behind the header's six common bytes and holds at least MH_PEER_OCT. */
void mh_peer_parse(struct rd *r, struct mh_peer *p);
/* version and enterprise are written as ours, whatever p says. */
void mh_peer_build(struct wr *w, const struct mh_peer *p);
/* RFC 5096 allots one type to all experiments: is this one ours? */
bool mh_peer_is_ours(const struct mh_peer *p);
