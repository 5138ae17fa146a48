/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The mobile node's engine, for its own files only.
 *
 * The idea. An interface whose link came up solicits and, when the mobile is registered with a site's
 * agent, reports its group there before anything else (member.c, link.c). Its router's
 * advertisement says what the link is (router.c): the home link, the same site, another one, or
 * a foreign link without an agent. `place.c` compares that with where the mobile is and does what is needed: nothing but
 * a new uplink inside a site; else registrations, which the binding update list carries out (bul.c). What the
 * host and its datapath must know is said in path.c alone: addresses, routes, tunnels. Which router to use is
 * decided by policy.c from the averages that choice.c keeps, or by whoever brings a link up when nothing measures.
 *
 * Leaving a site, with what its agent is to send on, is leave.c; coming home, home.c; which home agent there is and what it says
 * of the home link, agent.c and prefix.c; correspondent nodes, ro.c; a network that moves along, net.c.
 *
 * With a second interface the old link stays until the new one is in use, and a while longer (`drain`).
 *
 * Mobile IPv4 is beside all that, in files of its own: mn4_state.h.
 *
 * RFC 6275 section 11, RFC 4861 6.3 (all of it: the kernel's own processing is off), RFC 3810 (as a listener of one
 * source-specific group), RFC 4285. Left out: multiple home addresses.
 */
#include "base/timer.h"
#include "core/auth/sa.h"
#include "core/engine.h"
#include "core/motion/movement.h"
#include "core/motion/signal.h"
#include "core/reg/reg.h"
#include "core/ro/ro.h"
#include "role/mn/mn.h"
#include "wire/mip6/mh.h"
#include "wire/nd/nd.h"

enum {
	MN_ROUTER_MAX = 16, MN_CELL_MAX = 32, MN_PEER_MAX = 1 + MN_SITE_MAX, MN_COA_MAX = 16, MN_TUNNEL_MAX = 16,
	MN_AGENT_MAX = 32, MN_GROUP_TRIES = 8, MN_SOLICIT_LOST = 3, MN_ANNOUNCE = 3,
	MN_METRIC_ROAM0 = 64, MN_METRIC_HOME = 128,
	MN_REFUSED_S = 60, MN_JOIN_PATIENCE_S = 6, MN_HINT_PATIENCE_S = 1, MN_ATTACH_PATIENCE_S = 2, MN_LOST_PATIENCE_S = 1,
	MN_LEAVE_PATIENCE_S = 3,
};

/* What the mobile is, derived from its links and its binding update list (place.c). */
enum mn_state {
	MN_NOWHERE,      /* no usable link; bindings stay */
	MN_HOME,         /* an ordinary host (H-21) */
	MN_RETURNING,    /* on the home link, the home agent has not yet confirmed */
	MN_JOINING,      /* in a site, its agent has not yet answered */
	MN_REGISTERING,  /* away, the home agent has not yet answered */
	MN_SITE,         /* away, registered with the site's agent and at home */
	MN_PLAIN,        /* away, plain Mobile IPv6 */
};
const char *mn_state_str(enum mn_state s);

enum mn_timer {
	MN_T_REPORT, MN_T_SOLICIT, MN_T_SILENCE, MN_T_DRAIN,     /* of an interface */
	MN_T_REG,                                                /* of a peer */
	MN_T_RETIRE, MN_T_ANNOUNCE, MN_T_JOINING, MN_T_ATTACH, MN_T_AGENTS, MN_T_PREFIXES, MN_T_HOME, /* of the mobile */
	/* Of IPv4: of an interface, of an agent of a site, of the mobile. */
	MN_T4_REPORT, MN_T4_SOLICIT, MN_T4_SILENCE, MN_T4_PATIENCE, MN_T4_DRAIN,
	MN_T4_LEAVE,
	MN_T4_REG, MN_T4_JOINING, MN_T4_RETRY, MN_T4_ANNOUNCE, MN_T4_RETIRE, MN_T4_KEEPALIVE,
};

#include "role/mn/mn4_state.h"

/* A router that advertises on one of our links. */
struct mn_router {
	bool is_used;                /* slot */
	uint32_t ifindex;
	struct lladdr lladdr;
	struct addr6 addr;           /* link-local */
	struct nd_ra ra;             /* the last one */
	mono_t heard;
};

/* What a radio measures: a cell or a router, by link-layer address. Kept while links come and go. */
struct mn_cell {
	bool is_used;
	struct lladdr lladdr;
	struct signal_avg signal;
	int32_t factor[FACTOR_N];
	mono_t heard;
};

struct mn;

struct mn_if {
	struct mn *mn;
	char name[16];
	uint32_t ifindex;            /* 0: not there */
	bool is_up, has_dp;
	struct lladdr lladdr;
	struct addr6 ll;
	uint32_t mtu_oct;
	bool has_cell;
	struct lladdr cell;          /* the radio says that it is attached to it */
	struct mn_router *router;    /* in use on this link; NULL: not yet heard */
	bool has_coa;
	struct addr6 coa;
	mono_t coa_until;            /* end of its prefix, as advertised last */
	uint8_t coa_try;             /* after a duplicate: the next interface identifier */
	bool is_suspect;             /* the router is silent, and was asked */
	bool is_member;              /* of (group, source), by our reports */
	bool is_held;                /* and by the socket */
	struct addr6 group, source;
	uint32_t reports_left, solicits;
	span_t solicit_wait;
	struct timer t_report, t_solicit, t_silence, t_drain;
	struct mn4_if v4;
};

/* The home agent, and each agent of a site that the mobile has a key for. */
struct mn_peer {
	struct mn *mn;
	bool is_mma;
	struct addr6 addr;
	const struct sa_key *key;
	struct reg reg;              /* of an MMA: coa is the MMA's own address, for it does not hold the on-link one */
	struct timer t_reg;
	struct { uint16_t seq; struct addr6 coa; } sent[REG_OUTSTANDING]; /* what authenticates the answer */
	uint32_t n_sent;
	bool is_uncertain;           /* asked for something else than what it confirmed last: it may hold either */
	bool has_acoa;
	struct addr6 acoa;           /* assigned care-of address */
	struct addr6 group;          /* registered with it */
	uint32_t uplink_key;
	mono_t refused_until;        /* zero: not refused */
	mono_t retry_at;             /* after a refusal for good */
	uint64_t n_bu, n_ba;
};

/* Home agents that the home link named (agent.c). */
struct mn_agents {
	struct addr6 addr[MN_AGENT_MAX];
	uint32_t n, next;            /* next: to be tried when the present one fails */
	bool is_asking;
	uint16_t id;
	uint32_t tries;
	span_t wait;
	struct timer t_ask;
};

/* Prefixes of the home link (prefix.c). */
struct mn_prefixes {
	struct nd_prefix prefix[ND_PREFIX_MAX]; /* of the last advertisement */
	uint32_t n;
	mono_t heard, end;           /* end: of the home prefix, where known */
	bool has_end;
	bool is_due;                 /* to be asked as soon as that is possible */
	bool is_open;                /* a solicitation waits for its answer */
	uint16_t id;
	uint32_t tries;
	span_t wait;
	struct timer t_ask;
};

/* Addresses and tunnels outlive their use by `drain`. */
struct mn_coa { bool is_used; uint32_t ifindex; struct addr6 addr; mono_t until; };
struct mn_tunnel { bool is_used; struct addr6 dst, src; enum dp_encap encap; mono_t until; };

struct mn {
	struct engine_env env;
	struct mn_conf conf;
	struct policy policy;
	struct timers timers;
	struct mn_if iface[MN_IF_MAX];
	uint32_t n_iface;
	struct mn_router router[MN_ROUTER_MAX];
	struct mn_cell cell[MN_CELL_MAX];
	struct mn_peer peer[MN_PEER_MAX]; /* 0: home agent */
	uint32_t n_peer;
	struct sa_key derived[MN_SITE_MAX]; /* of conf.mma: of those that name a site */
	struct mn_coa coa[MN_COA_MAX];
	struct mn_tunnel tunnel[MN_TUNNEL_MAX];
	struct ro ro;
	struct mn_agents agents;
	struct mn_prefixes prefixes;

	enum mn_state state;
	mono_t since;
	bool has_place;              /* false until the first link */
	enum move_place place;       /* where the mobile is, or is going to be registered */
	struct mn_peer *mma;         /* at MOVE_SITE */
	struct mn_peer *prev;        /* agent of the site before, where it is still registered; or NULL */
	struct mn_if *active;        /* carries the uplink; NULL: no link */
	struct mn_if *chosen;        /* to become active as soon as its router is known */
	struct { const struct mn_if *iface; struct lladdr router; struct addr6 coa; } used; /* of the last move */
	struct mn_if *home_if;       /* holds the home address */
	struct {                     /* on the home link (home.c) */
		const struct mn_if *ifc;
		bool has_ll, is_checked;
		struct lladdr ll;        /* the home agent's */
		struct timer t_ask;
	} home;
	bool is_home_unknown;        /* restarted at home: some interface may hold it */
	bool has_home_route;         /* default route of the home link; stays until the home agent has answered */
	struct fx_route home_route;
	bool is_on_roam0, is_roam0_default, has_uplink;
	const struct mn_if *uplink_if; /* of has_uplink */
	uint32_t announces_left;

	struct lladdr identity;      /* the group is made of it */
	bool has_identity;
	uint32_t group_try;
	struct addr6 group;

	bool is_attaching;           /* asked a radio for another cell */
	struct mn_if *attach_if;
	mono_t handover_at, lost_at;
	bool has_last_router;
	struct lladdr last_router, before_last; /* for ping-pongs */
	mono_t left_before_last;

	struct {
		uint32_t ifindex;    /* of network-interface, 0 while absent */
		bool is_other_mode;  /* than the configured one: the home agent refused that */
		mono_t refused_until;/* both were refused */
	} net;

	struct timer t_retire, t_announce, t_joining, t_attach;
	bool is_restored;
	struct { uint64_t handovers, intra_site, registrations, ping_pongs, reports, solicits, lost_links; } n;
	struct mn4 v4;
};

/* A mobile has one of the families, or both: then each has its own place, and what concerns the link is decided once. */
static inline bool mn_has6(const struct mn *mn) { return mn_conf_has6(&mn->conf); }
static inline bool mn_has4(const struct mn *mn) { return mn_conf_has4(&mn->conf); }
static inline const struct addr6 *mn_name(const struct mn *mn) { return mn_has6(mn) ? &mn->conf.home_address : &mn->v4.home_address; }
/* The link of the mobile: while the families are on two of them, IPv6's. NULL: none. */
static inline struct mn_if *mn_in_use(const struct mn *mn) { return mn->active ? mn->active : mn->v4.active; }
static inline bool mn_is_in_use(const struct mn *mn, const struct mn_if *ifc) { return mn->active == ifc || mn->v4.active == ifc; }
static inline bool mn_is_wanted(const struct mn *mn, const struct mn_if *ifc)
{
	return mn_is_in_use(mn, ifc) || mn->chosen == ifc || mn->v4.chosen == ifc;
}

/* mn.c */
void mn_arm(struct mn *mn, struct timer *t, enum mn_timer kind, mono_t when);
struct mn_if *mn_if_find(struct mn *mn, uint32_t ifindex);
static inline struct effq *mn_fx(struct mn *mn) { return mn->env.fx; }
#define mn_say(mn, sev, code, ...) fx_event(mn_fx(mn), ROLE_MN, sev, code, mn_name(mn), __VA_ARGS__)
#define mn4_say(mn, sev, code, ...) fx_event(mn_fx(mn), ROLE_MN, sev, code, &(mn)->v4.home_address, __VA_ARGS__)

/* link.c: interfaces come and go */
void mn_link_on_event(struct mn *mn, const struct link_event *ev, struct now now);
/* The link below changed without losing its carrier (a radio roamed). */
void mn_link_on_roam(struct mn_if *ifc, struct now now);
void mn_link_on_solicit(struct mn_if *ifc, struct now now);
void mn_link_on_silence(struct mn_if *ifc, struct now now);
/* Make this link the mobile's, for both families: report at once when that helps, and move when its router is known. */
void mn_link_choose(struct mn *mn, struct mn_if *ifc, const char *why, struct now now);
/* The sockets' memberships there, once what is urgent has been sent. */
void mn_link_hold(struct mn_if *ifc);
/* Neither family needs it any more: where we steer the radio, it is detached. */
void mn_link_release(struct mn_if *ifc, struct now now);
/* The present link can be used no more, by one of the families or by both. */
enum mn_families { MN_FAMILY_6 = 1, MN_FAMILY_4 = 2, MN_FAMILIES = 3 };
void mn_link_fall_back(struct mn_if *lost, enum mn_families who, const char *event, struct now now);
void mn_link_solicit(struct mn_if *ifc, struct now now);

/* router.c: advertisements */
void mn_router_on_ra(struct mn_if *ifc, const struct rx *rx, struct now now);
void mn_router_forget(struct mn *mn, const struct mn_if *ifc);
struct move_link mn_router_link(struct mn *mn, const struct mn_router *r, struct now now);
/* Forms the care-of address of the link; false when its prefixes do not allow any. */
bool mn_router_coa(struct mn_if *ifc);
void mn_on_duplicate(struct mn *mn, const struct addr_event *ev, struct now now);

/* member.c: the group */
struct addr6 mn_group_of(const struct mn *mn, uint32_t n_try);
void mn_group_identity(struct mn *mn);
/* Reports at once, also when it is a member already: the link may be another one. */
void mn_member_join(struct mn_if *ifc, const struct addr6 *group, const struct addr6 *source, struct now now);
/* The socket's membership, once what is urgent has been sent. */
void mn_member_hold(struct mn_if *ifc);
void mn_member_leave(struct mn_if *ifc);
void mn_member_on_report(struct mn_if *ifc, struct now now);
bool mn_member_rx(struct mn_if *ifc, const struct rx *rx);

/* place.c: where the mobile is */
void mn_place_use(struct mn *mn, struct mn_if *ifc, const char *event, struct now now);
void mn_place_lost(struct mn *mn, const char *event, struct now now);
enum mn_state mn_place_state(const struct mn *mn);
/* State from what is; says so when it changed. */
void mn_place_settle(struct mn *mn, const char *event, const char *reason, struct now now);
void mn_place_on_joined(struct mn *mn, struct mn_peer *p, struct now now);       /* agent accepted */
void mn_place_on_registered(struct mn *mn, struct now now);                      /* home agent accepted */
void mn_place_on_home(struct mn *mn, struct now now);                            /* home agent de-registered */
void mn_place_on_refused(struct mn *mn, struct mn_peer *p, const char *reason, struct now now);
/* The agent says that another mobile has our group: offer the next one. */
void mn_place_on_group_taken(struct mn *mn, struct now now);
/* An answer without authentication, as an agent gives that has no key for us: changes nothing, but shortens the wait. */
void mn_place_on_hint(struct mn *mn, const struct mn_peer *p, uint8_t status, struct now now);
/* The home agent is known now, or is another one: what waits for it goes on. */
void mn_place_again(struct mn *mn, bool is_new_agent, struct now now);

/* home.c: coming home */
void mn_home_enter(struct mn *mn, struct now now);
void mn_home_on_timer(struct mn *mn, struct now now);
/* The home agent answers about its link-layer address. */
bool mn_home_rx_na(struct mn_if *ifc, const struct rx *rx, struct now now);
struct lladdr mn_home_agent_ll(const struct mn *mn);           /* on the active link, which is the home link */
void mn_home_announce(struct mn *mn, struct now now);
void mn_home_on_announce(struct mn *mn, struct now now);
/* The link-local address comes home with us: it is made of the same identifier (RFC 6275 11.7.1, L). */
bool mn_home_is_ll_bound(const struct mn *mn, const struct mn_if *ifc);

/* leave.c: agents of sites that were left */
/* Does any link still receive what this agent sends to the group? */
bool mn_leave_is_heard(const struct mn_peer *p);
/* Is the agent of this address being de-registered, and has not answered? */
bool mn_leave_is_pending(const struct mn *mn, const struct addr6 *agent);
/* What a de-registration asks for as things stand: false for nothing. */
bool mn_leave_forward(const struct mn_peer *p, struct rc_forward *f);
void mn_leave_unheard(struct mn *mn, struct now now); /* the new agent has accepted: those that no link hears */
void mn_leave_all(struct mn *mn, struct now now);     /* the new place is confirmed: all, and the old links */
void mn_leave_on_left(struct mn_peer *p, struct now now); /* it has answered, or is given up */

/* bul.c: registrations */
void mn_bul_init(struct mn *mn);
void mn_bul_fini(struct mn *mn);
void mn_bul_ask(struct mn_peer *p, const struct addr6 *coa, uint32_t lifetime_s, struct now now);
/* Agents of sites that were left would refuse an update from elsewhere: they are asked nothing until they are de-registered. */
void mn_bul_hold_others(struct mn *mn);
void mn_bul_again(struct mn *mn, struct now now);  /* what is unanswered goes out at once, from the new link */
void mn_bul_farewell(struct mn *mn, struct now now); /* de-registers everywhere; a stop does not wait for answers */
/* The binding must end by then: asked for anew, when it would last longer. */
void mn_bul_shorten(struct mn_peer *p, mono_t end, struct now now);
void mn_bul_hush(struct mn_peer *p);                /* what was asked is out of date: until asked anew, nothing is sent */
void mn_bul_on_tick(struct mn_peer *p, struct now now);
bool mn_bul_rx(struct mn *mn, const struct rx *rx, struct now now);
void mn_bul_refresh(struct mn_peer *p, struct now now); /* the same once more, now */
void mn_bul_arm(struct mn_peer *p);
static inline struct mn_peer *mn_ha(struct mn *mn) { return &mn->peer[0]; }
struct mn_peer *mn_bul_find(struct mn *mn, const struct addr6 *addr);
bool mn_bul_is_pending(const struct mn_peer *p);
static inline bool mn_bul_may_hold(const struct mn_peer *p)
{
	return p->reg.state == REG_BOUND || p->reg.state == REG_WAIT || p->is_uncertain;
}

/* complaint.c: what is said of our updates without proof */
/* A binding error or refresh request; p: of its source, or NULL. */
void mn_complaint_rx(struct mn *mn, struct mn_peer *p, const struct mh_packet *pkt, struct now now);
/* An ICMPv6 error; true when it was about an update of ours to a home agent or an agent of a site. */
bool mn_complaint_on_icmp(struct mn *mn, const struct rx *rx, struct now now);

/* agent.c: which home agent */
bool mn_agent_is_known(const struct mn *mn);
void mn_agent_discover(struct mn *mn, struct now now);
void mn_agent_on_timer(struct mn *mn, struct now now);
/* The present one refuses: true when another one is tried. */
bool mn_agent_next(struct mn *mn, struct now now);
/* An update to the home agent goes out again: was that often enough? */
void mn_agent_on_unanswered(struct mn *mn, struct now now);
bool mn_agent_rx(struct mn *mn, const struct rx *rx, struct now now);

/* prefix.c: prefixes of the home link */
struct ha_icmp_packet;
void mn_prefix_ask(struct mn *mn, struct now now);
void mn_prefix_on_timer(struct mn *mn, struct now now);
void mn_prefix_on_advert(struct mn *mn, const struct ha_icmp_packet *p, struct now now);
/* No binding outlives the home prefix. */
uint32_t mn_prefix_limit(const struct mn *mn, uint32_t lifetime_s, struct now now);

/* net.c: a network behind the mobile */
bool mn_net_is_router(const struct mn *mn);
const char *mn_net_check(const struct mn_conf *c);
void mn_net_start(struct mn *mn);
void mn_net_stop(struct mn *mn);
void mn_net_routes_del(struct mn *mn);             /* of both families */
void mn_net_on_link(struct mn *mn, const struct link_event *ev);
void mn_net_fill(struct mn *mn, bool is_mma, struct mh *m, struct now now);
void mn_net_on_accepted(struct mn *mn, bool is_served, struct now now);
/* The home agent refused: true when it, or another one, is asked differently. */
bool mn_net_on_refused(struct mn_peer *p, struct now now);

/* path.c: what host and datapath are told */
void mn_path_iface(struct mn_if *ifc);
void mn_path_iface_gone(struct mn_if *ifc);
void mn_path_coa(struct mn_if *ifc);               /* add the interface's care-of address */
void mn_path_tunnel(struct mn *mn, const struct addr6 *dst, const struct addr6 *src, enum dp_encap encap);
/* From correspondent nodes that know the care-of address of the active link (type 2 routing header), where the mobile acts. */
void mn_path_direct(struct mn *mn);
/* What an agent that was left tunnels to the home address, until then. */
void mn_path_forwarded(struct mn *mn, const struct addr6 *agent, mono_t until);
void mn_path_uplink(struct mn *mn);                /* through the active link */
/* The new place is asked for but not yet confirmed: by the old link while that is up, for the home agent takes the new way only when it has
 * the update; else by the new one. */
void mn_path_uplink_soon(struct mn *mn);
void mn_path_uplink_del(struct mn *mn);
void mn_path_roam0(struct mn *mn);                 /* the home address lies on roam0 */
void mn_path_roam0_default(struct mn *mn);         /* and everything is sent through it, nothing by the home link */
void mn_path_roam0_del(struct mn *mn);
void mn_path_home(struct mn *mn, struct mn_if *ifc); /* the home address lies on the home link */
void mn_path_home_del(struct mn *mn);               /* the address; the route goes with mn_path_roam0_default */
bool mn_path_is_ours(const struct mn *mn, const struct addr6 *dst); /* home address, or a care-of address */
void mn_path_listen(struct mn *mn);                 /* signalling to the home address is ours */
void mn_path_retire(struct mn *mn, struct now now);/* what is not current goes after `drain` */
void mn_path_on_retire(struct mn *mn, struct now now);
void mn_path_stop(struct mn *mn);

/* choice.c: signals and handover requests */
void mn_choice_on_signal(struct mn *mn, const struct signal_event *ev, struct now now);
void mn_choice_on_adv(struct mn_if *ifc, const struct lladdr *router, struct now now); /* an advertisement of either family */
bool mn_choice_has_signal(const struct mn *mn, struct now now);
bool mn_choice_attach(struct mn *mn, struct mn_if *ifc, const struct lladdr *router, struct now now);
void mn_choice_moved(struct mn *mn, const struct lladdr *router, struct now now);
const struct lladdr *mn_choice_cell_of(const struct mn_if *ifc);
bool mn_choice_mean(const struct mn *mn, const struct lladdr *ll, struct now now, int32_t *centi_dbm);
int mn_choice_ctl(struct mn *mn, const struct ctl_cmd *cmd, struct now now, const char **msg);

/* store.c: what a restart needs */
void mn_store_put(struct mn *mn, struct now now);
int mn_store_restore(struct mn *mn, const struct store_rec *rec, struct now now);

/* ro.c: correspondent nodes that the mobile registers with itself (RFC 6275 11.6, 11.7.2). Nothing of it is called before
 * mn_ro_init or after mn_ro_fini. */
int mn_ro_init(struct mn *mn);
void mn_ro_fini(struct mn *mn);
/* May the mobile, rather than the agent of the site, act for correspondent nodes where it is now? */
static inline bool mn_ro_is_ours(const struct mn *mn)
{
	return mn->conf.route_optimisation == MN_RO_OWN ||
	       (mn->conf.route_optimisation == MN_RO_AUTO && mn->place != MOVE_SITE);
}
/* The home agent has accepted the care-of address (of the link, or the agent's); also after each refresh. */
void mn_ro_on_registered(struct mn *mn, struct now now);
/* The mobile has begun to register from another place: what it told correspondent nodes holds no more. */
void mn_ro_on_moved(struct mn *mn, struct now now);
/* The same site or home link by another link. */
void mn_ro_on_stayed(struct mn *mn, struct now now);
/* At home and de-registered there. */
void mn_ro_on_home(struct mn *mn, struct now now);
/* At home or on a plain link: correspondent nodes that hold a binding to the care-of address of an agent that was left; theirs to be told. */
void mn_ro_take(struct mn *mn, const struct rc_peers *peers, struct now now);
/* DP_PUNT_RO, and Mobility Header packets to the home address or one of our care-of addresses, checksum verified, from a
 * source that is neither the home agent nor an agent of a site. True: it was ours. */
bool mn_ro_rx(struct mn *mn, const struct rx *rx, struct now now);
void mn_ro_tick(struct mn *mn, struct now now);
mono_t mn_ro_expiry(const struct mn *mn);
void mn_ro_stop(struct mn *mn, struct now now);

/* show.c */
void mn_show(const struct mn *mn, const char *what, struct show *out, struct now now);
