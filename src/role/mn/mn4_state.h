/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Mobile IPv4 in the mobile node (RFC 5944), for role/mn's own files only. Included by state.h.
 *
 * The same idea as for IPv6 (state.h), with another cast. Routers and agents tell by ICMP advertisements what a link is
 * (mn4_agent.c): the home link, a site of ours, a foreign agent's, or nothing, where an address that the host has by itself can be
 * the care-of address. mn4_place.c compares that with where the mobile is. There is one registration for all places (mn4_reg.c,
 * core/reg/reg4), with the home agent, that goes through whoever serves the link; the agent of a site of ours answers it through the group
 * and is no more than a foreign agent to the home agent. Agents of sites that were left are told in mn4_leave.c.
 *
 * Which link is used is decided once for both families (choice.c, link.c); each family has its own `active` link, for an agent of one may
 * be heard before one of the other. Addresses and prefixes are IPv4-mapped.
 *
 * RFC 5944 2.4, 3.6, 4.2.1, 4.6, 5.7; RFC 2794, 3024, 3519, 3543 (4.2.2.3 and 4.1), 4721, 5177 (explicit mode); RFC 3376 as a listener of one
 * source-specific group; RFC 1256 as a host.
 */
#include "core/auth/sa4.h"
#include "core/motion/move4.h"
#include "core/reg/reg4.h"
#include "wire/mip4/mip4_packet.h"
#include "wire/mip4/rc4.h"

enum {
	MN4_AGENT_MAX = 16, MN4_LOCAL_MAX = 4, MN4_TUNNEL_MAX = 8, MN4_LISTEN_MAX = 8,
	MN4_REFUSED_S = 60, MN4_UNANSWERED_MAX = 3, MN4_AGENT_PATIENCE_MS = 1000, MN4_DISCOVER_S = 60, MN4_ECHO_TRIES = 3,
	/* RFC 5944 2.4: three at one a second, then doubled up to a minute. */
	MN4_SOLICIT_FAST = 3, MN4_SOLICIT_MAX_S = 64,
};

struct mn;
struct mn_if;

/* Whoever advertises on one of our links. */
struct mn4_agent {
	bool is_used;                /* slot */
	uint32_t ifindex;
	struct lladdr lladdr;
	struct addr6 addr;           /* source of its advertisements */
	struct adv4 adv;             /* the last one */
	bool is_home;
	bool was_left;               /* for another one of the same link, as far as this one's carrier tells */
	mono_t heard, lost_at;       /* rule 1: lost_at */
	mono_t refused_until;        /* zero: not refused */
	uint32_t coa_try;            /* which of its care-of addresses (2.4) */
	uint16_t lifetime_max_s;     /* code 69; 0: none told */
	bool has_challenge;          /* not used yet, of an advertisement or a reply, whichever came last (RFC 4721 3.1) */
	uint8_t challenge[ADV4_CHALLENGE_MAX], challenge_oct;
};

/* An address that the host got by itself. */
struct mn4_local { struct addr6 addr; uint8_t len_bits; /* 0: not known */ };

/* Of struct mn_if. */
struct mn4_if {
	struct mn4_agent *agent;     /* in use on this link; NULL: none heard */
	struct mn4_local local[MN4_LOCAL_MAX];
	uint32_t n_local;
	bool is_suspect;             /* the agent is silent, and was asked */
	bool is_shared;              /* agents of several subnets advertise here: rule 2 says nothing */
	bool is_member;              /* of (group, source), by our reports */
	bool is_held;                /* and by the socket */
	struct addr6 group, source;
	uint32_t reports_left, solicits;
	span_t solicit_wait;
	struct timer t_report, t_solicit, t_silence, t_patience, t_drain;
};

/* An agent of a site that the mobile has a key for. */
struct mn4_mma {
	struct mn *mn;
	struct addr6 addr;           /* none: in IPv6 alone */
	const struct sa_key *key;
	bool is_bound;               /* it relayed a registration that was accepted, and was not left since */
	bool is_asked;               /* it may have: a request went to it, and it was not left since */
	mono_t bound_until;          /* of both */
	bool has_group;
	struct addr6 group;          /* that it feeds, or allocated */
	struct addr6 site_address;   /* outer source of the uplink; none: an address that the mobile has */
	uint32_t uplink_key;
	mono_t refused_until;        /* zero: not refused */
	bool has_revoked;            /* it has told that the home agent ended a registration; revoked_id: when, the last time */
	uint32_t revoked_id;
	struct reg4 leave;           /* de-registration there */
	struct timer t_leave;
};

/* Where the mobile is, or could be. */
struct mn4_spot {
	enum move4_place place;
	struct addr6 agent;          /* foreign agent or MMA; none: the home agent itself is asked */
	struct addr6 coa;            /* at home: the home address */
	struct mn4_mma *mma;         /* MOVE4_SITE */
	struct lladdr router;        /* zero: the kernel resolves it */
	bool is_colocated;           /* D */
};

struct mn4_tunnel { bool is_used; struct addr6 dst, src; enum dp_encap encap; mono_t until; };
struct mn4_listen { bool is_used; struct addr6 addr; mono_t until; };

struct mn4 {
	const struct sa_key *key, *aaa;
	const struct sa_key *fa_key[MN_FA_MAX]; /* of conf.v4.fa */
	struct sa_key derived[MN_SITE_MAX]; /* of conf.mma: of those that name a site */
	struct addr6 home_address;   /* none: to be assigned */
	struct addr6 ha;             /* none: to be discovered */
	struct mn4_agent agent[MN4_AGENT_MAX];
	struct mn4_mma mma[MN_SITE_MAX]; /* as conf.mma */

	enum mn_state state;
	mono_t since;
	bool has_place;              /* false until the first link */
	struct mn4_spot at;
	struct mn4_mma *prev;        /* agent of the site before, where it is still registered; or NULL */
	struct mn_if *active;        /* carries the uplink; NULL: no link */
	struct mn_if *chosen;        /* to become active as soon as its agent is known */
	struct { const struct mn_if *iface; struct lladdr router; } used; /* of the last move */

	struct reg4 reg;             /* with the home agent, through whoever it takes */
	struct timer t_reg, t_joining, t_retry, t_announce, t_retire, t_keepalive;
	struct {                     /* what the next request asks for; refusals change it */
		bool reverse, encapsulating, simultaneous, network, udp;
		uint32_t encap;      /* enum mn_encap4 */
	} want;
	struct {                     /* what was granted with the registration */
		bool reverse, encapsulating;
		enum dp_encap encap;
		struct addr6 replier; /* IP source of the agent's reply (RFC 3024 5.2.2) */
	} got;
	struct {                     /* UDP tunnel (RFC 3519) */
		bool is_on, is_open; /* is_open: an echo waits for its answer */
		span_t interval;
		uint32_t tries;
		uint16_t id, seq;
		bool is_answered;    /* any echo was, since the tunnel is there */
	} udp;
	bool is_discovering;         /* the home agent (3.6.1.2) */
	uint32_t revocation_id;      /* the last one taken */
	bool has_revocation;
	bool net_refused[MN_NETWORK_MAX]; /* RFC 5177 5.1 */
	uint32_t group_try;

	struct mn4_tunnel tunnel[MN4_TUNNEL_MAX];
	struct mn4_listen listen[MN4_LISTEN_MAX];
	struct mn_if *home_if;       /* holds the home address */
	bool is_home_unknown;        /* restarted at home: some interface may hold it */
	bool has_home_route;         /* default route of the home link */
	struct fx_route home_route;
	bool is_on_roam0, is_roam0_default, has_uplink;
	bool is_uplink_home;         /* it goes by the home link, which the mobile is leaving */
	const struct mn_if *uplink_if; /* of has_uplink */
	uint32_t announces_left;
	bool is_restored;
	struct { uint64_t registrations, intra_site, requests, replies, reports, solicits; } n;
};

static inline bool mn4_knows_home(const struct mn4 *v) { return !addr6_is_none(&v->home_address); }
static inline bool mn4_knows_agent(const struct mn4 *v) { return !addr6_is_none(&v->ha); }

/* mn4.c: start, stop, events */
const char *mn4_check(const struct mn *mn);  /* of the configuration: NULL, or a remedy */
void mn4_init(struct mn *mn, struct now now);
void mn4_fini(struct mn *mn);
void mn4_restored(struct mn *mn, struct now now);
void mn4_stop(struct mn *mn, struct now now);
bool mn4_rx(struct mn *mn, const struct rx *rx, struct now now);
void mn4_on_local(struct mn *mn, const struct local_event *ev, struct now now);
void mn4_advise(const struct mn *mn, advise_fn say, void *ctx);

/* mn4_agent.c: agent discovery */
void mn4_agent_on_adv(struct mn_if *ifc, const struct rx *rx, struct now now);
void mn4_agent_forget(struct mn_if *ifc);
void mn4_agent_solicit(struct mn_if *ifc, struct now now);
void mn4_agent_solicit_anew(struct mn_if *ifc, struct now now);  /* the link is a new one */
void mn4_agent_on_solicit(struct mn_if *ifc, struct now now);
void mn4_agent_on_silence(struct mn_if *ifc, struct now now);
/* Another agent of the link, that did not refuse; NULL: there is none. */
struct mn4_agent *mn4_agent_other(const struct mn_if *ifc, struct now now);
bool mn4_agent_is_usable(const struct mn4_agent *a, struct now now);
struct mn4_mma *mn4_mma_find(struct mn *mn, const struct addr6 *addr);

/* mn4_link.c: the part of link.c that is IPv4's */
void mn4_link_on_new(struct mn_if *ifc, struct now now);
void mn4_link_on_no_carrier(struct mn_if *ifc);     /* also of a link that was never up */
void mn4_link_on_down(struct mn_if *ifc, struct now now);
void mn4_link_on_chosen(struct mn_if *ifc, struct now now);
void mn4_link_on_patience(struct mn_if *ifc, struct now now);
/* Does it offer anything? */
bool mn4_link_is_known(const struct mn_if *ifc, struct now now);
/* An address of the host's own that can be a care-of address; NULL: none. */
const struct mn4_local *mn4_link_local(const struct mn_if *ifc);
void mn4_link_drain_others(struct mn *mn, struct now now);

/* mn4_member.c: the group */
void mn4_member_join(struct mn_if *ifc, const struct addr6 *group, const struct addr6 *source, struct now now);
void mn4_member_hold(struct mn_if *ifc);
void mn4_member_leave(struct mn_if *ifc);
void mn4_member_on_report(struct mn_if *ifc, struct now now);
bool mn4_member_rx(struct mn_if *ifc, const struct rx *rx);
/* The group to offer: in the advertised prefix, by a hash of its configured identity or the home address, and the number of the try. */
struct addr6 mn4_group_of(const struct mn *mn, const struct prefix6 *prefix, uint32_t n_try);

/* mn4_spot.c: what a link offers */
bool mn4_spot_of(struct mn *mn, const struct mn_if *ifc, struct now now, struct mn4_spot *s);

/* mn4_place.c: where the mobile is */
void mn4_place_use(struct mn *mn, struct mn_if *ifc, const char *event, struct now now);
void mn4_place_settle(struct mn *mn, const char *event, const char *reason, struct now now);
void mn4_place_on_registered(struct mn *mn, struct now now);
void mn4_place_on_home(struct mn *mn, struct now now);
/* The agent does not take us. False: nothing else is to be had here. */
bool mn4_place_refuse_agent(struct mn *mn, const char *reason, struct now now);
void mn4_place_again(struct mn *mn, const char *event, struct now now); /* the same place, registered anew */
void mn4_place_on_group_taken(struct mn *mn, const struct addr6 *group, struct now now);
void mn4_place_on_joining(struct mn *mn, struct now now);
/* An unauthenticated refusal by an agent that we have a key for. */
void mn4_place_on_hint(struct mn *mn, struct now now);

/* mn4_reg.c: registration with the home agent */
void mn4_reg_ask(struct mn *mn, uint32_t lifetime_s, struct now now);
void mn4_reg_refresh(struct mn *mn, struct now now);
void mn4_reg_again(struct mn *mn, struct now now);  /* what is unanswered goes out at once, from the new link */
void mn4_reg_on_tick(struct mn *mn, struct now now);
void mn4_reg_on_retry(struct mn *mn, struct now now);
void mn4_reg_mended(struct mn *mn, struct now now); /* the request was changed as the refusal asked for */
void mn4_reg_arm(struct mn *mn);
bool mn4_reg_is_bound(const struct mn *mn);         /* the home agent knows the present place */
bool mn4_reg_rx(struct mn *mn, const struct rx *rx, struct now now);

/* mn4_refusal.c: what a refusing code changes */
void mn4_refused(struct mn *mn, const struct mip4_packet *p, struct now now);
void mn4_revoke_rx(struct mn *mn, const struct mip4_packet *p, struct now now);

/* mn4_msg.c: requests as packets */
struct mn4_msg { struct mn4_spot spot; uint64_t id; uint16_t lifetime_s; const struct rc4 *rc; /* or NULL */ };
void mn4_msg_send(struct mn *mn, const struct mn4_msg *q);
void mn4_msg_send_leave(struct mn4_mma *m, const struct reg4_req *req, const struct rc4 *rc);
/* The key that the mobile shares with the agent of a spot; NULL: none. */
const struct sa_key *mn4_msg_key(const struct mn *mn, const struct mn4_spot *s);

/* mn4_leave.c: agents of sites that were left */
void mn4_leave_all(struct mn *mn, struct now now);
void mn4_leave_unneeded(struct mn *mn);             /* at once: requests to an agent that is used again */
void mn4_leave_on_tick(struct mn4_mma *m, struct now now);
bool mn4_leave_rx(struct mn *mn, const struct mip4_packet *p, struct now now);
bool mn4_leave_is_pending(const struct mn4_mma *m);

/* mn4_udp.c: UDP tunnels kept open */
void mn4_udp_on_accepted(struct mn *mn, const struct mip4_packet *p, struct now now);
void mn4_udp_on_timer(struct mn *mn, struct now now);
void mn4_udp_off(struct mn *mn);
bool mn4_udp_rx(struct mn *mn, const struct rx *rx, struct now now);

/* mn4_home.c: coming home */
void mn4_home_enter(struct mn *mn, struct now now);
void mn4_home_announce(struct mn *mn, struct now now);
void mn4_home_on_announce(struct mn *mn, struct now now);
bool mn4_home_rx_arp(struct mn_if *ifc, const struct rx *rx, struct now now);

/* mn4_path.c: what host and datapath are told */
void mn4_path_listen(struct mn *mn, const struct addr6 *addr);  /* messages to it are ours */
void mn4_path_tunnel(struct mn *mn, const struct addr6 *dst, const struct addr6 *src, enum dp_encap encap);
/* Do packets of the networks behind take a tunnel between home address and home agent inside that of agent and home agent (RFC 5177 7)? */
bool mn4_path_is_nested(const struct mn *mn);
/* Takes that tunnel, as far as its ends are known; broadcasts come in one as well (RFC 5944 4.3). */
void mn4_path_nest(struct mn *mn);
/* What an agent that was left tunnels to the home address, until then. */
void mn4_path_forwarded(struct mn *mn, const struct addr6 *agent, mono_t until);
void mn4_path_uplink(struct mn *mn);
/* As it is to the router of the home link ifc, for the time until another place is confirmed. */
void mn4_path_uplink_home(struct mn *mn, const struct mn_if *ifc);
void mn4_path_uplink_del(struct mn *mn);
void mn4_path_roam0(struct mn *mn);
void mn4_path_roam0_default(struct mn *mn);
void mn4_path_roam0_del(struct mn *mn);
void mn4_path_home(struct mn *mn, struct mn_if *ifc);
void mn4_path_home_del(struct mn *mn);
void mn4_path_home_leave(struct mn *mn, struct mn_if *ifc);
void mn4_path_networks(struct mn *mn, bool is_put);
void mn4_path_retire(struct mn *mn, struct now now);
void mn4_path_on_retire(struct mn *mn, struct now now);
void mn4_path_stop(struct mn *mn);

/* mn4_store.c, mn4_show.c */
void mn4_store_put(struct mn *mn, struct now now);
int mn4_store_restore(struct mn *mn, const struct store_rec *rec, struct now now);
void mn4_show(const struct mn *mn, const char *what, struct show *out, struct now now);
