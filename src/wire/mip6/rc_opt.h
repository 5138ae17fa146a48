/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Our own options: sub-types of RFC 5094's vendor-specific mobility option.
 * Every byte is in doc/wire.md, and tools/roamcast.lua shows them.
 */
#include "base/cursor.h"
#include "wire/err.h"

/* Private enterprise number: documentation's (RFC 5612), until one is assigned. The only place. */
#define RC_ENTERPRISE 32473u

enum rc_sub { RC_MCOA = 1, RC_ACOA = 2, RC_FORWARD = 3, RC_DEVID = 4, RC_ENCAP = 5, RC_REG = 6, RC_PEERS = 7, RC_KEY = 8, RC_SUB_LAST = RC_KEY };
enum { RC_PREFIX_MAX = 8, RC_DEVID_MAX_OCT = 72, RC_PEER_MAX = 32, RC_PEERS_A_PART = 12, RC_KEY_OCT = 32 };

/* Sub-type 1, update and its acknowledgement: the group at which the mobile receives, and its only source. */
struct rc_mcoa { struct addr6 group, source; };

/* Sub-type 2, acknowledgement: the care-of address that the MMA assigned, and the prefixes of its site. */
struct rc_acoa {
	struct addr6 coa;
	uint32_t lifetime_s;         /* of the assignment; at least the binding's */
	struct prefix6 prefix[RC_PREFIX_MAX];
	uint32_t n_prefix;
};

/* Sub-type 3, de-registration: what the old MMA does with packets that still come. In its answer: what it will do. */
enum rc_forward_flags {
	RC_FORWARD_GONE = 0x02,      /* the old link is gone: send on what the keep ring holds, too */
	RC_FORWARD_LISTENS = 0x04,   /* the mobile still listens to its group: go on there until it leaves, or asks again without this */
	RC_FORWARD_WAITS = 0x08,     /* answer: the new MMA has not confirmed the address yet */
};
struct rc_forward {
	uint8_t flags;               /* enum rc_forward_flags; unknown bits are ignored */
	bool has_seq;                /* last_seq counts; only with the old link gone */
	uint16_t time_s;             /* 0: nothing; at most 60 is honoured. Answer: what is granted */
	uint32_t last_seq;           /* GRE sequence number of the last packet of the old group that the mobile accepted */
	struct addr6 to;             /* care-of address at the new MMA, or the home address */
	struct addr6 agent;          /* the new MMA, who confirms `to`; :: when `to` is the home address */
};

/* Sub-type 4: what the mobile is known by (requirement D-2). */
enum rc_devid_kind { RC_DEVID_MIN = 1, RC_DEVID_ESN, RC_DEVID_IMSI, RC_DEVID_MEID, RC_DEVID_IMEI, RC_DEVID_EUI48, RC_DEVID_EUI64, RC_DEVID_NAI };
struct rc_devid { uint8_t kind; uint8_t len_oct; uint8_t id[RC_DEVID_MAX_OCT]; };

/* Sub-type 5: how packets to the group are wrapped. Absent means RC_ENCAP_GRE. */
enum rc_encap_kind { RC_ENCAP_GRE = 1, RC_ENCAP_IPIP = 2 };
struct rc_encap { uint8_t kind; };

/* Sub-type 6, update: registration parameters. */
enum rc_reg_flags { RC_REG_ROUTE_OPT = 1 /* the MMA may register with correspondent nodes */, RC_REG_UPLINK_BOUND = 2 };
struct rc_reg {
	uint8_t flags;               /* enum rc_reg_flags; unknown bits are ignored */
	struct addr6 ha;
	struct addr6 prev_mma, prev_coa; /* :: when there is none */
};

/* Sub-type 7: correspondent nodes that hold a binding for the mobile's care-of address; in an MMA's answer to a mobile that
 * returned home, and from MMA to MMA. On the wire in parts of at most RC_PEERS_A_PART, an option each. */
struct rc_peer {
	struct addr6 cn;
	uint16_t seq;                /* of the last binding update that it accepted */
	uint32_t left_s;             /* of the binding's lifetime; on the wire in units of 4 s, as a binding update's */
};
struct rc_peers { struct rc_peer peer[RC_PEER_MAX]; uint32_t n; };

/* Sub-type 8, home agent to MMA: the key that the mobile shares with this MMA, masked (core/auth/pair.h). */
enum rc_key_alg { RC_KEY_HMAC_SHA1 = 1, RC_KEY_HMAC_SHA256 = 2 };
struct rc_key {
	uint8_t alg;                 /* of authenticators made with it */
	uint32_t spi;
	uint8_t masked[RC_KEY_OCT];
};

struct rc_opts {
	bool has_mcoa, has_acoa, has_forward, has_devid, has_encap, has_reg, has_peers, has_key;
	struct rc_mcoa mcoa;
	struct rc_acoa acoa;
	struct rc_forward forward;
	struct rc_devid devid;
	struct rc_encap encap;
	struct rc_reg reg;
	struct rc_peers peers;
	struct rc_key key;
};

/* One vendor option's data, r behind the enterprise number (at the sub-type byte). Sub-types not known are skipped:
 * *is_known says. Of a repeated sub-type the first counts; RC_PEERS adds to what is there. W_LENGTH, W_VALUE, W_LIMIT. */
enum wire_err rc_opt_parse(struct rd *r, struct rc_opts *o, bool *is_known);
/* The data of one sub-type, with its sub-type byte, without type, length and enterprise number. part: from 0, less than
 * rc_opt_parts(). */
void rc_opt_build(struct wr *w, enum rc_sub sub, const struct rc_opts *o, uint32_t part);
/* How many options this sub-type takes; 0 when it is absent. */
uint32_t rc_opt_parts(const struct rc_opts *o, enum rc_sub sub);
