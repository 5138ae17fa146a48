/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What of DHCP (RFC 2131, RFC 2132) an agent needs that gives a known mobile its one address: clients' messages are read, a server's are
 * built. Not read: options in the sname and file fields, and whatever else a client may ask for.
 */
#include "base/addr.h"
#include "wire/err.h"

enum { DHCP4_SERVER_PORT = 67, DHCP4_CLIENT_PORT = 68, DHCP4_CLIENT_ID_MAX = 255, DHCP4_DNS_MAX = 3, DHCP4_REPLY_MAX = 576 };

enum dhcp4_type {
	DHCP4_DISCOVER = 1, DHCP4_OFFER, DHCP4_REQUEST, DHCP4_DECLINE, DHCP4_ACK, DHCP4_NAK, DHCP4_RELEASE, DHCP4_INFORM, DHCP4_TYPE_END
};

/* Addresses are IPv4 mapped; not there: addr6_is_none. */
struct dhcp4_request {
	uint8_t type;                  /* enum dhcp4_type */
	uint32_t xid;
	uint16_t secs, flags;
	struct addr6 ciaddr, giaddr;   /* the address that the client has and uses; a relay's */
	struct lladdr chaddr;
	struct addr6 wanted, server;   /* options 50 and 54 */
	uint8_t client_id_oct;         /* option 61; 0: none */
	uint8_t client_id[DHCP4_CLIENT_ID_MAX];
};
enum { DHCP4_BROADCAST = 0x8000 }; /* flags: answer by broadcast */

/* msg: the datagram's data. W_TRUNCATED, W_VALUE: no request of an Ethernet client's, W_TYPE: none of DHCP, W_LENGTH: an option of a wrong one. */
enum wire_err dhcp4_request_parse(const void *msg, size_t len_oct, struct dhcp4_request *q);

struct dhcp4_reply {
	uint8_t type;                  /* OFFER, ACK, NAK */
	struct addr6 yiaddr, server;   /* server: who we are, to the client */
	struct addr6 router;           /* this and what follows not in a NAK */
	uint8_t plen_bits;             /* 0: no mask is told */
	uint32_t lease_s;              /* 0: none is told (the answer to INFORM) */
	struct addr6 dns[DHCP4_DNS_MAX];
	uint32_t n_dns;
};
/* The answer to q. Gives its length, at least that of BOOTP (300), or 0: it does not fit. */
size_t dhcp4_reply_build(void *buf, size_t cap_oct, const struct dhcp4_request *q, const struct dhcp4_reply *r);
