/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Datagrams between agents and a mobility manager: UDP port 4341, the header and the authenticator of wire/group, types and fields of
 * their own. An agent asks by a mobile's device identifier or by its home address; the manager answers with the record, and tells those
 * who asked when it changes. doc/wire.md has every byte.
 *
 * What each side says has types of its own, so that nobody can send a datagram back to where it came from.
 */
#include "wire/group/group.h"

enum { MM_PORT = 4341, MM_NONCE_OCT = GRP_NONCE_OCT, MM_DATAGRAM_MAX = 640 };

enum mm_type {
	MM_HELLO = 32,     /* agent: I live, in this epoch; a nonce to be echoed, or the manager's echoed */
	MM_WELCOME,        /* manager: the same, in answer */
	MM_QUERY,          /* agent */
	MM_ANSWER,         /* manager */
	MM_CHANGE,         /* manager, unasked: a record that the agent asked for is another one now, or gone; acknowledged */
	MM_ACK,            /* agent */
	MM_TELL,           /* agent: a mobile's radio is attached at it, or was until now; not acknowledged but by what follows */
	MM_TOLD,           /* manager, to the others who asked about the mobile, and to the agent itself: the same */
	MM_TYPE_END
};
const char *mm_type_str(uint8_t type); /* "hello"; "unknown" */

/* Device identifiers, in the binary form of their own standards. */
enum device_kind {
	DEVICE_NONE,
	DEVICE_MIN,        /* mobile identification number: 34 bits in 5 octets, MIN2 (10 bits) before MIN1 (24 bits) */
	DEVICE_ESN,        /* electronic serial number: 4 octets */
	DEVICE_IMSI,       /* 8 octets of digits, four bits each, filled up with fifteens */
	DEVICE_MEID,       /* mobile equipment identifier: 7 octets */
	DEVICE_IMEI,       /* 7 octets of 14 digits, four bits each; the check digit is no part of it */
	DEVICE_EUI48,
	DEVICE_EUI64,
	DEVICE_NAI,        /* network access identifier (RFC 7542): text, its realm in small letters */
	DEVICE_KIND_N
};
enum { DEVICE_OCT_MAX = 253 }; /* an NAI (RFC 7542 2.3) */
struct device_id {
	uint8_t kind;              /* enum device_kind */
	uint8_t len_oct;
	uint8_t b[DEVICE_OCT_MAX];
};

/* What a manager knows of a mobile. Addresses that are not there are :: (or 0.0.0.0, addr6_is_none). */
enum mm_policy { MM_ALL, MM_SERVING }; /* who delivers: every agent in the group, or the serving one */
enum mm_record_flags {
	MM_LLADDR_ENOUGH = 1,      /* a station with the link-layer address is the mobile, without any authentication */
};
struct mm_record {
	struct device_id device;   /* the first of its identifiers */
	uint64_t version;          /* rises with every change */
	uint8_t policy, flags;     /* enum mm_policy, enum mm_record_flags */
	uint16_t voice_port;       /* where the mobile takes voice that was sent to its group itself; 0: nowhere */
	struct addr6 home6, home4; /* home addresses */
	uint8_t home6_plen_bits, home4_plen_bits; /* of their links; of IPv4 from bit 0 (24, not 120); 0: not known */
	struct addr6 group6, group4;
	struct addr6 source6, source4; /* of the groups: the home agent's service address, where reverse tunnels end too */
	struct addr6 gateway6, gateway4; /* the default router that the mobile knows from home */
	struct lladdr gateway_lladdr;
	struct lladdr lladdr;      /* of the mobile; zero: not known */
};

enum mm_field { MMF_CHALLENGE = 32, MMF_ECHO, MMF_QUERY, MMF_DEVICE, MMF_ADDRESS, MMF_ANSWER, MMF_RECORD, MMF_ACK, MMF_SERVING };

enum mm_status {
	MM_FOUND,
	MM_NOT_FOUND,
	MM_DENIED,                 /* this agent may not ask that */
	MM_BUSY,                   /* ask again later, or another manager */
	MM_STATUS_N
};
enum mm_query_flags { MM_SUBSCRIBE = 1 /* tell me of changes for as long as the answer lives */ };
struct mm_query { uint32_t transaction; uint8_t flags; };
struct mm_answer { uint32_t transaction; uint8_t status; uint32_t lifetime_s; };

/* Who serves a mobile, and how far he came, by the GRE sequence numbers of its groups. */
enum mm_serving_flags {
	MM_SERVES = 1,             /* the agent serves it from now on; else it does so no longer */
	MM_HAS_SEQ6 = 2, MM_HAS_SEQ4 = 4,
};
struct mm_serving {
	uint32_t agent;            /* whoever says so; the manager fills it in */
	uint8_t flags;             /* enum mm_serving_flags */
	uint32_t seq6, seq4;       /* all up to these were delivered, in the IPv6 group and in the IPv4 group */
};

struct mm_item {               /* a field that has been read */
	uint16_t type;         /* enum mm_field */
	union {
		uint8_t nonce[MM_NONCE_OCT];
		struct mm_query query;
		struct device_id device;
		struct addr6 address;
		struct mm_answer answer;
		struct mm_record record; /* without its device, which is a field of its own */
		uint64_t ack;      /* sequence number of what has arrived */
		struct mm_serving serving;
	};
};

/* r stands behind the header then, and ends before the authenticator. W_VERSION, W_TYPE, W_TRUNCATED. */
enum wire_err mm_head_parse(struct rd *r, struct grp_head *h);
/* The next field; false at the end, or with *err set. Fields that are not known are skipped. */
bool mm_next(struct rd *r, struct mm_item *f, enum wire_err *err);
/* Reads every field once: is the whole datagram well formed? */
enum wire_err mm_check(struct rd r);
/* Fields behind a header that grp_head_build wrote; grp_end closes it. */
void mm_put(struct wr *w, const struct mm_item *f);
/* A record is two fields: itself and its device. */
void mm_put_record(struct wr *w, const struct mm_record *r);
