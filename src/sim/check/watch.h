/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The observer. It sees every frame on every link as a capture would, every effect, every delivery, and
 * keeps what expectations ask for. Whatever the scenario, these must hold, and a breach fails the run:
 *
 *   wrong-host    a packet reached an application of another host than the one it was sent to
 *   binding       the datapath got a binding that the mobile did not ask for, or an older request's after a newer's
 *   loop          a packet crossed too many links, or ran out of hops
 *   multicast     multicast wider than a link, or a report about it, was seen outside a site or in another site
 *   effects       an effect was lost
 *   stray         a datagram was delivered that nobody sent for it
 *   promise       an agent that restarted does not hold a binding that it had acknowledged
 *   h-11          an update that nothing but a handover inside a site can have caused
 *   arp           a mobile away from home spoke for its home address to a whole link
 *   group         an agent gave one group to two mobiles
 *   group         two members of a redundancy group serve though they can hear each other; or it does not become quiet (groupcheck.c)
 *   group, guest, way, forget, gateway   of mobiles that the network moves: cast.h, radio.h
 *   gap           what is there before and after effects of one moment is not there between them (gaps.h)
 *   corrupt       a delivered datagram is not what was sent
 */
#include "core/effect.h"
#include "datapath/drop.h"
#include "sim/check/said.h"
#include "sim/net/flow.h"
#include "sim/net/node.h"

struct tally { struct tally *next; const struct node *node; char name[48]; uint64_t n; int64_t last_ns; };

struct watch {
	struct sim *sim;
	struct flow *flows;
	struct said *said, **said_end, *last_said; /* seen on links, in order */
	struct said *asked;            /* what mobiles' engines sent, newest first */
	struct step *steps, **steps_end; /* messages, joins and leaves of mobiles, when first sent */
	struct tally *events, *drops;  /* operator's events by code; packets that the kernel dropped, by reason */
	struct tally *icmp;            /* ICMPv6 messages that reached a kernel, by type; ICMP ones as v4:TYPE and v4:TYPE/CODE */
	uint64_t n_mld_reports, n_mld_queries, n_igmp_reports, n_igmp_queries, n_ra, n_frames;
	uint64_t n_handovers, n_intra; /* of mobiles; n_intra: inside an area (a site, the home link) */
	uint64_t n_violations;
	char first_violation[256];
	struct accepted *accepted;
	struct cast *cast;
};

void watch_init(struct sim *s, struct watch *w);
void watch_fini(struct watch *w);

void watch_violation(struct sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* An interface came to a link, or is about to leave it. */
void watch_attach(struct nic *nic);
void watch_detach(struct nic *nic);
/* The home link of a mobile: a router there has an address beside the home address. */
bool watch_is_home(const struct link *l, const struct node *mobile);
void watch_tx(struct sim *s, const struct nic *from, const struct frame *f);
void watch_event(struct node *n, const struct effect *e, const char *text);
void watch_dp_drop(struct node *n, enum dp_drop why, const struct frame *f);
/* What the driver, not an engine, tells the operator. */
void watch_note(struct node *n, const char *code);
void watch_kernel_drop(struct node *n, const char *why);
void watch_icmp(struct node *n, uint8_t type);
void watch_icmp4(struct node *n, uint8_t type, uint8_t code);
void watch_hop_limit(struct node *n, const struct frame *f);
void watch_not_ours(struct node *n, const struct frame *f);
/* A datagram reached a socket. */
void watch_rx_udp(struct node *n, const struct frame *f, const uint8_t *udp, size_t len);

uint64_t watch_tally(const struct tally *t, const struct node *n, const char *name);
