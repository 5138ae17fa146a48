/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The address resolution protocol (RFC 826) for IPv4 over Ethernet, with probes and announcements (RFC 5227) and the
 * gratuitous messages by which a home agent takes and gives back a home address (RFC 5944 4.6). The message alone: what follows
 * the Ethernet header.
 */
#include "base/cursor.h"
#include "wire/err.h"

enum { ARP_REQUEST = 1, ARP_REPLY = 2, ARP_OCT = 28, ARP_ETHERTYPE = 0x0806 };

struct arp {
	uint8_t op;                  /* ARP_REQUEST, ARP_REPLY */
	struct lladdr sender_ll, target_ll;
	struct addr6 sender, target; /* IPv4-mapped */
};

/* Bytes behind the message (Ethernet's padding) are ignored. W_TRUNCATED; W_VALUE: not IPv4 over Ethernet, or a group as the sender's
 * link-layer address; W_SOURCE: a sender that is no unicast address nor 0.0.0.0 (a probe's); W_TYPE: another operation. */
enum wire_err arp_parse(const void *p, size_t len_oct, struct arp *a);
/* Gives ARP_OCT, or 0 when it did not fit. */
size_t arp_build(void *buf, size_t cap_oct, const struct arp *a);

/* Shorthands. An announcement: a gratuitous request, or a reply for hosts that only listen to these (RFC 5944 4.6: either). */
static inline struct arp arp_request(const struct lladdr *ll, const struct addr6 *own, const struct addr6 *asked)
{
	return (struct arp){.op = ARP_REQUEST, .sender_ll = *ll, .sender = *own, .target = *asked};
}
static inline struct arp arp_reply(const struct lladdr *ll, const struct arp *to)
{
	return (struct arp){.op = ARP_REPLY, .sender_ll = *ll, .sender = to->target, .target_ll = to->sender_ll, .target = to->sender};
}
static inline struct arp arp_gratuitous(const struct lladdr *ll, const struct addr6 *own, uint8_t op)
{
	return (struct arp){.op = op, .sender_ll = *ll, .sender = *own, .target_ll = op == ARP_REPLY ? *ll : (struct lladdr){{0}}, .target = *own};
}
static inline struct arp arp_probe(const struct lladdr *ll, const struct addr6 *wanted)
{
	return (struct arp){.op = ARP_REQUEST, .sender_ll = *ll, .target = *wanted};
}
static inline bool arp_is_gratuitous(const struct arp *a) { return addr6_eq(&a->sender, &a->target); }
static inline bool arp_is_probe(const struct arp *a) { return a->op == ARP_REQUEST && addr6_is_none(&a->sender); }
