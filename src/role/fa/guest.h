/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Guests: mobiles without software of ours, which the network moves (D-1, D-5 to D-10). Inside the foreign agent.
 *
 * hear.c decides by signal which stations are near enough and has the manager say who they are (core/manager/mmc), guest.c is in their groups and
 * tells the datapath where they are, serve.c settles with the other agents who delivers and from where on, gate.c is their gateway and lease.c
 * their DHCP server, so that they notice nothing.
 */
#include "base/timer.h"
#include "core/engine.h"
#include "core/manager/mmc.h"
#include "core/motion/signal.h"
#include "wire/dhcp/dhcp4.h"

struct fa;
struct fa_if;

enum { GUEST_CHANNEL_MAX = 2, GUEST_GATEWAY_MAX = 8 };
enum guest_uplink { GUEST_UPLINK_REVERSE, GUEST_UPLINK_ROUTE };

struct guests_conf {
	bool is_on;                    /* there is a guests block */
	uint32_t join_dbm, leave_dbm;  /* as positive numbers: 70 is -70 dBm */
	uint32_t window;               /* samples in an average */
	span_t age;                    /* older samples do not count */
	span_t dwell;                  /* a guest whose signal alone is too weak stays at least so long */
	span_t silence;                /* not heard for so long: gone */
	span_t again;                  /* a stranger is asked about again */
	uint32_t stations_max;
	bool trusts_lladdr;            /* a link-layer address alone says who it is, whatever the record says */
	struct addr6 address;          /* ours of IPv6, where reverse tunnels begin; that of IPv4 is the first care-of address */
	uint32_t uplink;               /* enum guest_uplink */
	span_t replay;                 /* policy serving: what came in the last so long is sent on becoming the serving agent */
	span_t wait;                   /* policy serving: so long the agent before is asked what it has delivered */
	struct lladdr gate;            /* of the gateway on all links; zero: the link's own */
	struct addr6 gate_ll;          /* its link-local address */
	struct addr6 gateway[GUEST_GATEWAY_MAX]; /* home networks' gateways, besides those of records */
	uint32_t n_gateway;
	bool advertises, is_autonomous;
	span_t lease;                  /* of home addresses by DHCP; 0: none are given */
	struct addr6 dns[DHCP4_DNS_MAX];
	uint32_t n_dns;
	struct mmc_conf mmc;
};

/* A station that is heard on a link. */
enum station_state {
	STATION_FAR,                   /* too weak */
	STATION_ASKING,                /* the manager is being asked */
	STATION_STRANGER,              /* nobody whom the manager knows, for now */
	STATION_GUEST,
};
struct station {
	struct station_key { uint32_t ifindex; struct lladdr lladdr; uint8_t zero[2]; } key;
	struct device_id identity;     /* of its session; DEVICE_NONE: its link-layer address has to do */
	struct signal_avg signal;
	enum station_state state;
	bool is_serving;
	mono_t heard, since;           /* last sample; in this state since */
	struct timer timer;
	struct guest *guest;           /* that it is, perhaps as another station; STATION_GUEST only */
};

/* How far packets were delivered, by the numbers of the IPv6 group and of the IPv4 group. */
struct serve_mark { bool has[GUEST_CHANNEL_MAX]; uint32_t seq[GUEST_CHANNEL_MAX]; };

/* Policy `serving`: who delivers. */
struct serve {
	bool is_elsewhere;             /* another agent has said that it serves, since our radio said so */
	bool is_waiting;               /* attached here; the agent before is asked what it has delivered */
	bool is_claiming;              /* the manager has not yet passed on that we serve */
	uint8_t tries;
	struct timer timer;            /* end of the wait; the claim once more; nobody serves elsewhere any more */
	struct serve_mark look, sure;  /* delivered when we looked last; of that, while the radio was surely attached */
	mono_t looked;                 /* 0: sure is younger */
	struct serve_mark told;        /* delivered by whoever served last */
	mono_t told_at;                /* 0: nothing is known */
	bool is_own;                   /* that was us */
};

struct guest {
	struct guest_channel { struct addr6 group, source; } key, channel[GUEST_CHANNEL_MAX];
	uint32_t n_channel;
	struct mm_record rec;
	struct station *at;
	bool is_delivering;
	struct serve serve;
	struct timer timer;            /* its entries are put again, and its advertisement is sent, before they end */
};

/* hear.c */
int fa_hear_init(struct fa *fa, struct now now, const char **remedy);
void fa_hear_fini(struct fa *fa);
void fa_hear_station(void *self, const struct station_event *ev, struct now now);
void fa_hear_due(struct fa *fa, struct timer *t, struct now now);
/* All stations of a link, 0: of all links. */
void fa_hear_forget(struct fa *fa, uint32_t ifindex, struct now now);
struct station *fa_hear_find(const struct fa *fa, uint32_t ifindex, const struct lladdr *lladdr);
const char *station_state_str(enum station_state s);
struct mmc_question fa_hear_question(const struct station *s);

/* guest.c. NULL: no memory, or a record that says nothing of use. */
struct guest *fa_guest_arrive(struct fa *fa, struct station *s, const struct mm_record *rec, struct now now);
/* The station withdraws: the guest goes, or to another station as which it is heard. */
void fa_guest_leave(struct fa *fa, struct station *s, const char *why, struct now now);
/* A station's radio was attached, or let go. */
void fa_guest_serving(struct fa *fa, struct station *s, struct now now);
void fa_guest_due(struct fa *fa, struct timer *t, struct now now);
/* The upstream link is another one. */
void fa_guest_put_all(struct fa *fa, struct now now);
const struct addr6 *fa_guest_name(const struct guest *g); /* what a mobile is called in events */
bool fa_guest_has(const struct guest *g, const struct addr6 *home);

/* Whether it delivers may be another answer now: the datapath is told, and when it begins to, the ring's packets go out first. */
void fa_guest_settle(struct fa *fa, struct guest *g, struct now now);

/* serve.c: who of several agents delivers (policy serving). */
/* The guest's radio was attached here, or is no longer; or the guest goes. The caller settles it. */
void fa_serve_begin(struct fa *fa, struct guest *g, bool has_kept, struct now now);
void fa_serve_end(struct fa *fa, struct guest *g, struct now now);
bool fa_serve_is_here(const struct guest *g);
/* The radio says that it is attached; when: at that time, 0: lately. */
void fa_serve_attached(struct fa *fa, struct guest *g, mono_t when, struct now now);
/* What is known to be delivered in a group, for what the ring holds. False: nothing. */
bool fa_serve_after(const struct guest *g, const struct addr6 *group, struct now now, uint32_t *seq);
void fa_serve_told(struct fa *fa, struct guest *g, const struct mm_serving *said, struct now now);
void fa_serve_due(struct fa *fa, struct timer *t, struct now now);

/* lease.c: an IPv4 broadcast on an access link. True: it was DHCP. */
bool fa_lease_rx(struct fa *fa, struct fa_if *f, const struct rx *rx);

/* gate.c: the mobile's own gateway. */
struct lladdr fa_gate_lladdr(const struct fa *fa, const struct fa_if *f);
void fa_gate_welcome(struct fa *fa, const struct guest *g);
void fa_gate_advertise(struct fa *fa, const struct guest *g);
void fa_gate_arp(struct fa *fa, struct fa_if *f, const struct rx *rx);
/* A neighbour or router solicitation on an access link. True: it was a guest's. */
bool fa_gate_nd(struct fa *fa, struct fa_if *f, const struct rx *rx);
