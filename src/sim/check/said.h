/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What was said: every Mobility Header message and every Mobile IPv4 control message, when it first went out to a link, and every
 * membership report of a mobile. Expectations count these, lists of steps are compared with the figures', and claims.h finds
 * in them who asked for what.
 */
#include "core/effect.h"
#include "sim/net/node.h"

struct said {
	struct said *next;
	int64_t t_ns;
	bool is_v4;                  /* Mobile IPv4 */
	uint8_t type;                /* of the Mobility Header, or enum mip4_type */
	struct addr6 src, dst;       /* of the IP header */
	struct addr6 peer, self;     /* home addresses in their place. Mobile IPv4: of a request or revocation, of an answer; 0.0.0.0 when it asks for one */
	uint64_t seq;                /* Mobile IPv4: identification */
	uint8_t code;                /* of an answer */
	uint8_t flags;               /* of a Mobile IPv4 request */
	uint32_t lifetime_s;
	struct addr6 ha;             /* of a Mobile IPv4 request */
	struct addr6 coa, group;     /* of an update or a request */
	int64_t acked_ns;            /* an answer that accepts it reached the mobile; 0: none */
	uint32_t granted_s;          /* by it */
	bool is_refresh;             /* only prolongs, and it was time to, or answers one that does */
	uint32_t origin;             /* node number */
	enum role_id role;           /* of the engine that sent it; ROLE_NONE: seen on a link */
	size_t len_oct;
	uint8_t packet[];
};

/* A message as the lists of the figures have it: who says what to whom. */
struct step { struct step *next; int64_t t_ns; const struct node *from, *to; const char *what; };

/* What a packet says; NULL when it is neither kind of message. The caller frees it. */
struct said *said_parse(struct sim *s, const uint8_t *p, size_t len);
bool said_is_ask(const struct said *m);      /* binding update, registration request */
bool said_is_answer(const struct said *m);   /* binding acknowledgement, registration reply */
bool said_accepts(const struct said *m);     /* an answer */
bool said_answers(const struct said *answer, const struct said *ask); /* by number; addresses are the caller's business */
/* The same care-of address; of an agent that was asked for a group, the same group. */
bool said_asks_same(const struct said *a, const struct said *b);

/* A message goes out to a link for the first time. */
void said_on_link(struct sim *s, const struct nic *from, const struct frame *f, const uint8_t *p, size_t len);
void said_step(struct sim *s, const struct node *from, const struct node *to, const char *what);
void said_free(struct sim *s);

const struct node *said_owner(const struct sim *s, const struct addr6 *a); /* the node with this address; NULL */
