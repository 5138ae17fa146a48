/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The relay of Mobile IPv4 registrations: what a foreign agent does (RFC 5944 3.7), and an MMA towards the home agent.
 *
 * A request that passes the checks becomes a pending one and goes on to the home agent: the mobile's own bytes up to its last
 * authorization-enabling extension unchanged, and ours behind them (UDP tunnel request, revocation support, foreign-home
 * authentication). The reply that matches (home address or NAI, the low half of the identification, the home agent) goes back the same
 * way with ours behind it (challenge, mobile-foreign authentication), and if it accepts the mobile becomes a visitor until
 * its lifetime ends, it de-registers, or either side revokes it (RFC 3543).
 *
 * What a visitor means for data, where an answer goes in the end, and what else may be asked for, is the owner's: struct visitor_ops.
 * All codes 64 to 109 and 194 come from here. Requests are refused at most once a second to one mobile (3.7.2).
 */
#include "base/table.h"
#include "base/timer.h"
#include "core/auth/challenge.h"
#include "core/auth/sa4.h"
#include "core/engine.h"
#include "core/rate.h"
#include "wire/mip4/adv4.h"
#include "wire/mip4/mip4_packet.h"

enum { VISITOR_OWN_OCT = 96, VISITOR_NAI_MAX = 255, VISITOR_BUF_OCT = 2048 };
enum visitor_reverse { VISITOR_REVERSE_OFF, VISITOR_REVERSE_OPTIONAL, VISITOR_REVERSE_REQUIRED };

struct visitor_conf {
	uint16_t lifetime_s;           /* the longest; MIP4_LIFETIME_INFINITE: any */
	uint32_t visitors_max, pending_max;
	span_t pending;                /* a request is given up so long after it was relayed: code 78 (3.7.1: 7 s) */
	uint8_t encap;                 /* MIP4_M and MIP4_G where we can; IP-in-IP always */
	enum visitor_reverse reverse;
	bool has_delivery;             /* encapsulating delivery style (RFC 3024 3.3) */
	bool takes_colocated;          /* requests with the D bit are relayed */
	bool is_remote;                /* mobiles are not neighbours (an MMA's): no TTL check, link-layer addresses mean nothing */
	bool is_key_required;          /* a mobile without a key is refused: 67 */
	bool has_udp, is_udp_forced;   /* ask home agents for UDP tunnels (RFC 3519 4.5) */
	span_t udp_keepalive;          /* which are kept open so often, see reg4_keepalive() */
	bool has_revocation;           /* offer it to home agents that share a key with us (RFC 3543) */
	bool has_inform;               /* leave it to the home agent whether the mobile is told (its I bit) */
	bool needs_challenge;          /* requests must bring one of ours (RFC 4721); visitors.challenge */
	uint32_t rate;                 /* requests relayed, a second and mobile */
};

/* The link on which a request arrived, as the owner sees it. */
struct visitor_link {
	uint32_t ifindex;
	struct addr6 addr;             /* ours there: answers leave from it unless the request was sent to another of ours */
	const struct addr6 *coa;       /* what we offer there; the first is the source of what is relayed for co-located mobiles */
	uint32_t n_coa;
	bool is_busy;                  /* nobody new is taken: 66 */
};

/* What is known of a mobile's request: of the pending one, and of the one that was accepted last. */
struct visitor_request {
	struct addr6 hoa, ha, coa;     /* hoa: 0.0.0.0 while the home agent has still to give one (RFC 2794) */
	struct addr6 src, dst;         /* of the IP header */
	struct addr6 self;             /* ours, from which answers leave */
	struct addr6 relay_src;        /* ours, from which it went to the home agent */
	uint32_t ifindex;
	struct lladdr lladdr;          /* of the mobile */
	uint16_t sport;
	uint8_t flags;                 /* enum mip4_flags */
	uint16_t lifetime_s;           /* asked for */
	uint64_t id;
	bool has_delivery;             /* encapsulating delivery style */
	uint8_t nai_oct;
	uint8_t nai[VISITOR_NAI_MAX];
	_Alignas(8) uint8_t own[VISITOR_OWN_OCT]; /* the owner's: zero at first, filled in its check */
};

struct visitor_pending {
	struct visitor_request req;
	struct timer timer;
	uint8_t challenge[CHALLENGE_OCT]; /* that it brought, if has_challenge */
	bool has_challenge;
	bool is_superseded;            /* the same station has asked again since: nobody is told when this one ends */
	uint64_t bytes;                /* a hash of what was passed on */
	bool has_fh;                   /* foreign-home authentication went with it, and must come with the reply */
	uint16_t ip_id;                /* of the packet to the home agent: an ICMP error quotes it */
	uint32_t slot;                 /* in visitors.pending */
};

enum visitor_state { VISITOR_SERVED, VISITOR_REVOKING /* by us, not yet acknowledged */, VISITOR_REVOKED /* by the home agent; asks are still answered */ };
struct visitor {
	struct addr6 hoa;              /* key */
	enum visitor_state state;
	struct visitor_request req;    /* the accepted one; req.ha is the reply's home agent */
	uint16_t lifetime_s;           /* granted, as the reply says */
	mono_t expires;                /* MONO_NEVER: infinite */
	struct timer timer, keepalive;
	bool has_udp;                  /* the home agent takes (and sends) UDP tunnels to us */
	uint16_t udp_port;             /* of the home agent, host order */
	span_t keepalive_every;
	bool can_revoke, has_inform;   /* negotiated (RFC 3543) */
	uint32_t stamp_in, stamp_out;  /* the last timestamp of the home agent, and of ours to it */
	uint32_t revoke_tries;
};

enum visitor_end { VISITOR_EXPIRED, VISITOR_DEREGISTERED, VISITOR_BY_HOME_AGENT /* revoked */, VISITOR_BY_US };
const char *visitor_end_str(enum visitor_end e);

/* A reply about to be sent to a mobile, our own or a relayed one. The owner may change all of it but m. */
struct visitor_answer {
	struct mip4_path path;         /* path.relay: set for a relayed one */
	uint32_t ifindex;
	bool has_lladdr;
	struct lladdr lladdr;
	uint8_t code;                  /* to read */
	bool is_ours;                  /* not the home agent's */
	struct mip4_exts *ext;         /* that will be written; vendor extensions may be added, and n_vendor with them */
};

struct visitor_ops {
	/* Keys; NULL: none is shared. nai may be NULL. */
	const struct sa_key *(*mobile_key)(void *ctx, const struct addr6 *hoa, const struct mip4_bytes *nai);
	const struct sa_key *(*home_agent_key)(void *ctx, const struct addr6 *ha);
	/* Is this an address of an interface of ours? */
	bool (*is_ours)(void *ctx, const struct addr6 *a);
	/* The owner's own checks, after all of ours (mobile-foreign authentication has been verified, if a key is shared) and before anything
	 * is kept; 0 or the code of the refusal. v: the mobile's entry, NULL: it is new. req->own is
	 * the owner's to fill. m's extensions are the mobile's: what its mobile-foreign authenticator covers is told by mip4_is_covered.
	 * May be NULL. */
	uint8_t (*check)(void *ctx, struct visitor_request *req, const struct mip4 *m, const struct visitor *v, struct now now);
	/* Does the owner understand this critical vendor extension (RFC 3115)? NULL: none. */
	bool (*knows_vendor)(void *ctx, const struct mip4_vendor *v);
	/* What goes to a mobile. May be NULL. req: of the request that it answers. */
	void (*answer)(void *ctx, const struct visitor_request *req, struct visitor_answer *a);
	/* Sends it, complete. NULL: by FX_SEND as a says. */
	void (*send)(void *ctx, const struct visitor_request *req, const struct visitor_answer *a, const void *pkt, size_t len_oct);
	/* The home agent accepted: was is the entry before (care-of address, link ... may differ), NULL: it is new. Called before the reply
	 * leaves. */
	void (*accepted)(void *ctx, struct visitor *v, const struct visitor_request *was, struct now now);
	/* No service any more. The entry goes, or stays for acknowledgements. */
	void (*gone)(void *ctx, struct visitor *v, enum visitor_end why, struct now now);
	/* The mobile is to be told that its registration was revoked (RFC 3543 4.1). May be NULL. */
	void (*tell)(void *ctx, struct visitor *v, struct now now);
	/* A request of a mobile came to nothing: refused here or by the home agent, not answered (78; also at a stop), or accepted with
	 * lifetime 0 where it asked for more. May be NULL. */
	void (*refused)(void *ctx, const struct visitor_request *req, uint8_t code, struct now now);
	void *ctx;
};

enum visitor_timer { VISITOR_T_PENDING = 0x100, VISITOR_T_EXPIRES, VISITOR_T_KEEPALIVE };

struct visitor_slot { uint32_t id_low, hoa4; struct visitor_pending *p; };
struct visitors {
	const struct engine_env *env;
	enum role_id role;
	const struct visitor_conf *conf; /* may change under us */
	const struct visitor_ops *ops;
	struct table by_hoa;           /* struct visitor */
	struct visitor_slot *pending;  /* dense; n of cap */
	uint32_t n_pending, cap_pending;
	struct timers timers;
	struct rate rate;              /* of requests, and of refusals */
	struct challenge challenge;
	uint64_t n_requests, n_relayed, n_refused, n_replies, n_accepted, n_denied, n_timeouts, n_revoked;
};

/* 0 or ERR_NOMEM. window: CHALLENGE_WINDOW (RFC 4721 9). */
int visitors_init(struct visitors *vs, const struct engine_env *env, enum role_id role, const struct visitor_conf *conf,
		  const struct visitor_ops *ops, uint32_t window);
void visitors_fini(struct visitors *vs);
void visitors_tick(struct visitors *vs, struct now now);
mono_t visitors_expiry(const struct visitors *vs);

/* A packet that mip4_packet_parse has read (err is what it said), addressed to us, to 224.0.0.11 or to a broadcast address. link: where it came
 * from, if mobiles are there; NULL: it is from elsewhere, and no request. True: it was for a foreign agent. */
bool visitors_rx(struct visitors *vs, const struct visitor_link *link, const struct rx *rx, const struct mip4_packet *p,
		 enum wire_err err, struct now now);
/* An ICMP error (the packet, from its IP header on). True: it was about a request that we relayed: codes 80, 81, 82, 88. */
bool visitors_icmp(struct visitors *vs, const struct rx *rx, struct now now);

struct visitor *visitors_find(const struct visitors *vs, const struct addr6 *hoa); /* served ones */
struct visitor *visitors_next(const struct visitors *vs, uint64_t *it);            /* any state; as table_next */
/* Does a request for this home address wait for its home agent? */
bool visitors_is_pending(const struct visitors *vs, const struct addr6 *hoa);
/* Served ones and those still to be acknowledged. */
uint32_t visitors_count(const struct visitors *vs);
/* Ends the service of one, and tells its home agent if that was negotiated (RFC 3543 4.2.3). gone() is called with VISITOR_BY_US. */
void visitors_revoke(struct visitors *vs, struct visitor *v, struct now now);
/* The entry goes at once: no gone(), no message to anybody. */
void visitors_forget(struct visitors *vs, struct visitor *v);
/* An entry that was stored, served as before: all of like but its timers. No hook is called. NULL: no memory, or it is there. */
struct visitor *visitors_restore(struct visitors *vs, const struct visitor *like, struct now now);
/* Clean stop: every visitor and pending request ends; revocations are sent once. */
void visitors_stop(struct visitors *vs, struct now now);
/* The timestamp of a revocation (RFC 3543 3.5): NTP's seconds, and later than last unless that is 0. */
uint32_t visitors_stamp(struct now now, uint32_t last);
/* Shortens or lengthens a visitor's service, without any message. */
void visitors_set_expiry(struct visitors *vs, struct visitor *v, mono_t when);

/* A reply of ours to a request that the owner deals with by itself (req is filled from it by visitors_request): code, lifetime, the
 * owner's extensions through ops->answer, mobile-foreign authentication with key (NULL: none). Not limited. */
void visitors_request(const struct visitors *vs, struct visitor_request *req, const struct visitor_link *link, const struct rx *rx,
		      const struct mip4_packet *p);
void visitors_answer(struct visitors *vs, const struct visitor_request *req, uint8_t code, uint16_t lifetime_s, const struct sa_key *key);
/* The challenge for an advertisement: to all, or to this station. NULL: none are in use. */
const uint8_t *visitors_challenge(struct visitors *vs, const struct lladdr *to);

/* Records "visitor" and "pending" for `roamctl show visitors`. */
void visitors_show(const struct visitors *vs, struct show *out, struct now now);
