/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Inside the relay: what its files give each other. */
#include "base/err.h"
#include "core/visitor/visitor.h"

enum { VISITOR_PASS = 0, VISITOR_DISCARD = 1 }; /* beside the codes of refusals */
enum { VISITOR_REPLY_OCT = 20 }; /* of a reply before its extensions */

/* visitor.c */
bool visitors_reserve(struct visitors *vs);
/* The one of this mobile that was asked last; NULL: none. */
struct visitor_pending *visitors_pending_of(const struct visitors *vs, const struct visitor_request *req);
/* The one of this mobile with this identification. */
struct visitor_pending *visitors_pending_same(const struct visitors *vs, const struct visitor_request *req);
/* Makes room for one more of this mobile: a station's older ones are superseded, and its oldest goes when there are too many. False: there is
 * none, since other stations have taken it. */
bool visitors_pending_room(struct visitors *vs, const struct visitor_request *req);
/* One was answered: what the same station asked before it no longer matters. */
void visitors_pending_settle(struct visitors *vs, const struct visitor_request *req);
bool visitors_is_station(const struct visitors *vs, const struct visitor_request *a, const struct visitor_request *b);
struct visitor_pending *visitors_pending_add(struct visitors *vs, const struct visitor_request *req);
void visitors_pending_arm(struct visitors *vs, struct visitor_pending *pd, struct now now);
void visitors_pending_del(struct visitors *vs, struct visitor_pending *pd);
struct visitor *visitors_entry(const struct visitors *vs, const struct addr6 *hoa); /* in any state */
/* In any state, made if it is not there (REVOKED then: not served before); NULL: no memory. */
struct visitor *visitors_entry_add(struct visitors *vs, const struct addr6 *hoa);
void visitors_arm(struct visitors *vs, struct visitor *v, struct now now);
void visitors_remove(struct visitors *vs, struct visitor *v);
/* The service ends, for this reason; the entry stays. */
void visitors_end(struct visitors *vs, struct visitor *v, enum visitor_end why, struct now now);
const struct sa_key *visitors_mobile_key(const struct visitors *vs, const struct visitor_request *req);
uint64_t visitors_mobile(const struct visitors *vs, const struct visitor_request *req);
uint64_t visitors_station(const struct visitors *vs, const struct lladdr *lladdr);

/* visitor_request.c. False: not for a foreign agent. */
bool visitors_request_rx(struct visitors *vs, const struct visitor_link *link, const struct rx *rx, const struct mip4_packet *p,
			 enum wire_err err, struct now now);

/* visitor_answer.c: replies to mobiles. */
void visitors_refuse(struct visitors *vs, const struct visitor_request *req, uint8_t code, const struct sa_key *key, struct now now);
/* The home agent's reply, with ours behind it; fa_error 0: none (RFC 4636). */
void visitors_pass_on(struct visitors *vs, const struct visitor_request *req, const struct mip4_packet *p, uint8_t fa_error);

/* visitor_reply.c */
bool visitors_reply_rx(struct visitors *vs, const struct mip4_packet *p, enum wire_err err, struct now now);

/* visitor_revoke.c */
bool visitors_revoke_rx(struct visitors *vs, const struct mip4_packet *p, enum wire_err err, struct now now);
bool visitors_ack_rx(struct visitors *vs, const struct mip4_packet *p, enum wire_err err, struct now now);
void visitors_revoke_due(struct visitors *vs, struct visitor *v, struct now now);
void visitors_keepalive(struct visitors *vs, struct visitor *v, struct now now);

/* What follows from the parser's verdict on a message that was read so far: PASS, DISCARD, or the code of a poorly formed one. */
static inline uint8_t visitors_verdict(enum wire_err err, uint8_t poor)
{
	if (err == W_OK)
		return VISITOR_PASS;
	return err == W_LENGTH || err == W_VALUE || err == W_LIMIT || err == W_OPTION_ORDER ? poor : VISITOR_DISCARD;
}
