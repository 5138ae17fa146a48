/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Datagrams between the members of a redundancy group: UDP, a fixed header, type-length-value fields, an authenticator at the end.
 * Agents and mobility managers use the same header and authenticator (wire/mm). doc/wire.md has every byte.
 *
 * The codec knows no key. A sender builds the fields, grp_end leaves room for the authenticator and says what it covers; a
 * receiver parses the header, has the authenticator checked (grp_covered), and only then walks the fields.
 */
#include "base/cursor.h"
#include "wire/err.h"

enum { GRP_VERSION = 1, GRP_HEAD_OCT = 28, GRP_MAC_OCT = 16, GRP_NONCE_OCT = 16, GRP_KEY_MAX = 16, GRP_PORT = 4340 };

enum grp_type {
	GRP_HELLO = 1,     /* to all, now and then: who is there, in what state, what its table amounts to */
	GRP_UPDATE,        /* records; acknowledged */
	GRP_ACK,
	GRP_REQUEST,       /* a table is asked for */
	GRP_PAGE,          /* a part of it; acknowledged */
	GRP_MEMBERS,       /* the list of agents of the group; acknowledged */
	GRP_DIGESTS,       /* what parts of the table amount to */
	GRP_HAND_OVER,     /* the active member asks this one to take over; acknowledged */
	GRP_TYPE_N
};
const char *grp_type_str(uint8_t type); /* "hello"; "unknown" */

struct grp_head {
	uint8_t type;
	uint8_t key_id;
	uint32_t from, to;         /* members' identifiers; to 0: everybody */
	uint64_t epoch;            /* of the sender: another one at each start of its daemon */
	uint64_t seq;              /* of the sender, to everybody and to each member counted apart, from 1 */
};

enum grp_field {
	GRPF_HELLO = 1, GRPF_CHALLENGE, GRPF_ECHO, GRPF_AGENT, GRPF_RECORD, GRPF_ACK, GRPF_REQUEST, GRPF_PAGE, GRPF_DIGEST,
};

enum grp_state {               /* flags of a member */
	GRP_INITIALISED = 1,   /* its table is the group's */
	GRP_ACTIVE = 2,        /* it holds the virtual address */
	GRP_LEAVING = 4,       /* a clean stop: do not wait for it */
};
struct grp_hello {
	uint8_t state;             /* enum grp_state */
	uint8_t priority;          /* who is designated to answer requests: the highest, then the lowest identifier */
	uint16_t interval_ms;      /* between its hellos */
	uint32_t n_records;        /* live ones */
	uint64_t clock;            /* hybrid logical clock, ns since 1970 */
	uint64_t digest;           /* of all live records */
};
/* CHALLENGE: prove that you live in this epoch, by echoing this. ECHO: so I do. */
struct grp_nonce { uint32_t member; uint8_t nonce[GRP_NONCE_OCT]; };
struct grp_agent { uint32_t member; struct addr6 addr; }; /* a home agent of the group, by its own address */

enum grp_record_flags { GRP_DELETED = 1 };
struct grp_version { uint64_t stamp, clock; uint32_t member; };
struct grp_record {
	uint8_t table, flags, key_oct;
	uint16_t value_oct;        /* 0 with GRP_DELETED and nothing to say */
	uint32_t left_s;           /* lifetime that is left; 0: none, or no end with ~0 */
	struct grp_version version;
	uint8_t key[GRP_KEY_MAX];
	const uint8_t *value;
};
/* Sequence numbers first to first + n - 1 have arrived. */
struct grp_ack { bool is_to_all; uint16_t n; uint64_t first; };
enum { GRP_RANGES = 4096 };    /* parts of the table, by a hash of the key */
struct grp_request {
	uint32_t transaction;
	uint16_t range;            /* the first that is wanted */
	uint8_t attempt;           /* from 0: the designated member, then the next ... */
	uint8_t is_before_service; /* about to become active: what differs is enough */
	uint64_t digest;           /* of what it has */
};
enum grp_page_flags { GRP_PAGE_END = 1 /* of the range */, GRP_PAGE_LAST = 2 /* of the table */, GRP_PAGE_NOT_INITIALISED = 4, GRP_PAGE_SAME = 8 };
struct grp_page { uint32_t transaction; uint16_t range; uint8_t flags; };
struct grp_digest { uint16_t range; uint64_t digest; };

struct grp_item {              /* a field that has been read */
	uint16_t type;         /* enum grp_field */
	union {
		struct grp_hello hello;
		struct grp_nonce nonce;
		struct grp_agent agent;
		struct grp_record record;
		struct grp_ack ack;
		struct grp_request request;
		struct grp_page page;
		struct grp_digest digest;
	};
};

/* A header with whatever type (wire/mm has its own). r stands behind it then, and ends before the authenticator. W_VERSION, W_TRUNCATED. */
enum wire_err grp_head_take(struct rd *r, struct grp_head *h);
/* The same; W_TYPE when it is none of a group's. */
enum wire_err grp_head_parse(struct rd *r, struct grp_head *h);
/* Length that the authenticator, which follows, covers. */
static inline size_t grp_covered(size_t len_oct) { return len_oct - GRP_MAC_OCT; }

/* The next field; false at the end, or with *err set. Fields that are not known are skipped. */
bool grp_next(struct rd *r, struct grp_item *f, enum wire_err *err);
/* Reads every field once: is the whole datagram well formed? Nothing of one that is not may be used. */
enum wire_err grp_check(struct rd r);

void grp_head_build(struct wr *w, const struct grp_head *h);
void grp_put(struct wr *w, const struct grp_item *f);
/* Octets that grp_put takes for a record. */
static inline size_t grp_record_oct(const struct grp_record *r) { return 4 + 32 + r->key_oct + r->value_oct; }
/* Room for the authenticator; where it goes, or NULL when it all did not fit. */
uint8_t *grp_end(struct wr *w);

/* The order of versions: the mobile's own, then the clock's, then the member's (<0, 0, >0). */
int grp_version_cmp(const struct grp_version *a, const struct grp_version *b);
